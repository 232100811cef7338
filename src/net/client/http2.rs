//! HTTP/2, which is spoken where a server offers it (ALPN): the same bounds, and failures with names.
//!
//! The server writes frames (RFC 9113) as bytes, so that it can do what no library would.

use std::io::Write as _;

use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::net::authority::Authority;
use crate::net::credential::Vault;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const INTERNAL_ERROR: [u8; 4] = [0, 0, 0, 2];

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// `name: value` as HPACK has it without any table (RFC 7541, 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        // An integer of a prefix of 7 bits (5.1).
        let mut rest = text.len();
        if rest < 127 {
            bytes.push(u8::try_from(rest).unwrap());
        } else {
            bytes.push(127);
            rest -= 127;
            while rest >= 128 {
                bytes.push(u8::try_from(rest % 128).unwrap() | 128);
                rest /= 128;
            }
            bytes.push(u8::try_from(rest).unwrap());
        }
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// `:status: 200` from the static table, and that JSON follows.
fn ok() -> Vec<u8> {
    [vec![0x88], field("content-type", "application/json")].concat()
}

/// A server that speaks HTTP/2, and answers each request by these bytes. `more` is sent again and again.
struct Speaks {
    url: String,
    ca: NamedTempFile,
    task: JoinHandle<()>,
}

impl Drop for Speaks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn speaks(
    answer: impl Fn(u32) -> Vec<u8> + Send + 'static,
    more: Option<fn(u32) -> Vec<u8>>,
) -> Speaks {
    let authority = Authority::new("test authority");
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(authority.pem().as_bytes()).unwrap();
    let mut config = authority.server(&["127.0.0.1"], (2020, 2090));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
            let mut preface = [0; 24];
            stream.read_exact(&mut preface).await.unwrap();
            assert!(preface.starts_with(b"PRI * HTTP/2.0"));
            stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
            while let Some((kind, flags, id)) = heard(&mut stream).await {
                match (kind, flags) {
                    (SETTINGS, 0) => stream.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap(),
                    (HEADERS, _) => {
                        let mut sent = stream.write_all(&answer(id)).await;
                        while let (Some(more), Ok(())) = (more, &sent) {
                            sent = stream.write_all(&more(id)).await;
                        }
                    }
                    _ => {}
                }
            }
        }
    });
    Speaks { url, ca, task }
}

/// The kind, flags and stream of the next frame.
async fn heard(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Option<(u8, u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, flags, id @ ..] = head;
    let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap()];
    stream.read_exact(&mut payload).await.ok()?;
    Some((kind, flags, u32::from_be_bytes(id)))
}

async fn asked(server: &Speaks, request: &Request) -> Result<Response, Failure> {
    let mut endpoint = Endpoint::at(&server.url).unwrap();
    (endpoint.ca, endpoint.ca_only) = (Some(server.ca.path().to_owned()), true);
    endpoint.timeout = Some(Duration::from_secs(20));
    let net = Net::new(Vault::new(&[], [&endpoint], Arc::new(now)));
    Client::new(endpoint, Auth::None, &net).send(request, Class::Poll).await
}

#[tokio::test]
async fn it_is_spoken_where_it_is_offered_and_its_answers_are_read_like_any() {
    let large = "x".repeat(40 << 10);
    let server = speaks(
        move |id| {
            let head = [ok(), field("x-large", &large)].concat();
            let (first, rest) = head.split_at(16 << 10);
            let mut bytes = frame(HEADERS, 0, id, first);
            let parts = rest.chunks(16 << 10);
            let last = parts.len() - 1;
            for (n, part) in parts.enumerate() {
                bytes.extend(frame(CONTINUATION, if n == last { END_HEADERS } else { 0 }, id, part));
            }
            bytes.extend(frame(DATA, 0, id, b"[1,"));
            bytes.extend(frame(DATA, END_STREAM, id, b"2]"));
            // A server that stops takes no new requests, and still answers what it has taken.
            bytes.extend(frame(GOAWAY, 0, 0, &[id.to_be_bytes(), [0; 4]].concat()));
            bytes
        },
        None,
    )
    .await;
    let response = asked(&server, &Request::get("/x")).await.unwrap();
    assert_eq!(response.json::<Vec<u8>>().unwrap(), [1, 2]);
    assert_eq!(response.header("x-large").map(str::len), Some(40 << 10), "as many bytes as over HTTP/1.1");
    assert_eq!(response.spoken(), Some("HTTP/2 over TLS 1.3"));
}

/// What comes of an answer.
async fn fails(
    answer: impl Fn(u32) -> Vec<u8> + Send + 'static,
    more: Option<fn(u32) -> Vec<u8>>,
    request: &Request,
) -> (FailureKind, String) {
    let server = speaks(answer, more).await;
    let failure = asked(&server, request).await.unwrap_err();
    let text = failure.what.as_str().unwrap().to_owned();
    let (_, what) = text.split_once("/x: ").unwrap();
    (failure.kind, what.to_owned())
}

#[tokio::test]
async fn headers_without_an_end_are_too_large() {
    let get = Request::get("/x");
    // Well-formed fields, more and more of them.
    let failure = fails(
        |id| frame(HEADERS, 0, id, &ok()),
        Some(|id| frame(CONTINUATION, 0, id, &field("x-more", &"y".repeat(8000)))),
        &get,
    )
    .await;
    assert_eq!(failure, (FailureKind::TooLarge, "the answer's headers are too large".to_owned()));
    // More than is taken, and then an end.
    let failure = fails(
        |id| {
            let more = (0..5).map(|_| frame(CONTINUATION, 0, id, &field("x-more", &"y".repeat(16_000))));
            let begun = std::iter::once(frame(HEADERS, 0, id, &ok())).chain(more);
            begun.chain([frame(CONTINUATION, END_HEADERS, id, &[])]).collect::<Vec<_>>().concat()
        },
        None,
        &get,
    )
    .await;
    assert_eq!(failure.0, FailureKind::TooLarge, "{failure:?}");
    assert!(failure.1.starts_with("the answer's headers are too large, or break HTTP/2: "), "{failure:?}");
    // Frames with nothing in them (CVE-2024-27316).
    let failure =
        fails(|id| frame(HEADERS, 0, id, &ok()), Some(|id| frame(CONTINUATION, 0, id, &[])), &get).await;
    assert_eq!(failure, (FailureKind::TooLarge, "the answer's headers are too large".to_owned()));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_given_up() {
    let get = Request::get("/x").most(1 << 20);
    let head = |id| frame(HEADERS, END_HEADERS, id, &ok());
    // What may come without another word of ours (RFC 9113, 6.9.2) is more than is taken.
    let failure =
        fails(move |id| [head(id), frame(DATA, 0, id, &[b' '; 16 << 10]).repeat(100)].concat(), None, &get)
            .await;
    assert_eq!(failure, (FailureKind::TooLarge, "the answer is too large: more than 1 MiB".to_owned()));
    // One that waits for no word of ours: whichever bound it meets first.
    let failure = fails(head, Some(|id| frame(DATA, 0, id, &[b' '; 16 << 10])), &Request::get("/x")).await;
    assert!(matches!(failure.0, FailureKind::TooLarge | FailureKind::Unreadable), "{failure:?}");
}

#[tokio::test]
async fn an_answer_that_is_given_up_by_the_server_is_broken_and_not_whole() {
    let get = Request::get("/x");
    let begun = |id| [frame(HEADERS, END_HEADERS, id, &ok()), frame(DATA, 0, id, b"[1")].concat();
    let failure =
        fails(move |id| [begun(id), frame(RST_STREAM, 0, id, &INTERNAL_ERROR)].concat(), None, &get).await;
    assert_eq!(failure.0, FailureKind::Broken, "{failure:?}");
    assert!(failure.1.starts_with("the server gave the answer up: "), "{failure:?}");
    let away = [[0; 4], INTERNAL_ERROR].concat();
    let failure = fails(move |id| [begun(id), frame(GOAWAY, 0, 0, &away)].concat(), None, &get).await;
    assert_eq!(failure.0, FailureKind::Broken, "{failure:?}");
    assert!(failure.1.starts_with("the server gave the answer up: "), "{failure:?}");
    // What is no frame of this kind of answer.
    let failure = fails(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]".to_vec(), None, &get).await;
    assert_eq!(failure.0, FailureKind::Unreadable, "{failure:?}");
}
