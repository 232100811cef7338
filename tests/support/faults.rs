//! What servers and networks do to a client, each with the failure that it has to become.
//!
//! A test of an adapter stages each fault over its own good answers: `fault.stage(good).await`, asks
//! `stage.endpoint`, and expects `fault.kind` ([`None`]: it has to cope).

use std::any::Any;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use midwatch::config::endpoint::Endpoint;
use midwatch::model::health::FailureKind as Kind;

use crate::authority::Authority;
use crate::server::{Heard, Reply, Server, Step, answer, closed_port};

/// One thing that goes wrong.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// What it has to become; `None` where the answer is good all the same.
    pub(crate) kind: Option<Kind>,
    how: How,
}

enum How {
    /// The server answers like this; it is handed the good answer.
    Answers(fn(&[u8]) -> Reply),
    /// The first answer is like this; the next ones are good.
    AnswersFirst(fn(&[u8]) -> Reply),
    /// It sends us to another one.
    SendsAway,
    /// Nothing listens.
    Refuses,
    /// The host has no address.
    HasNoName,
    /// The certificate is valid for these years, and its authority is known or not.
    HasCertificate { years: (i32, i32), known: bool },
}

/// The good body for a request; `None` where there is nothing.
pub(crate) type Good = Arc<dyn Fn(&Heard) -> Option<Vec<u8>> + Send + Sync>;

/// A fault that waits to be met.
pub(crate) struct Stage {
    /// Where.
    pub(crate) endpoint: Endpoint,
    /// Where a redirect leads, if one does.
    pub(crate) elsewhere: Option<Server>,
    /// Servers, sockets and files, as long as they are needed.
    _kept: Vec<Box<dyn Any + Send>>,
}

impl Fault {
    pub(crate) async fn stage(&self, good: Good) -> Stage {
        let mut kept: Vec<Box<dyn Any + Send>> = Vec::new();
        let (mut ca, mut elsewhere) = (None, None);
        let copes = self.kind.is_none();
        let url = match self.how {
            How::Answers(reply) | How::AnswersFirst(reply) => {
                let (only_first, answered) =
                    (matches!(self.how, How::AnswersFirst(_)), AtomicBool::new(false));
                let server = Server::start(move |heard| match good(heard) {
                    Some(body) if answered.swap(only_first, Ordering::Relaxed) => json(&body, &[]),
                    Some(body) => reply(&body),
                    None if copes => answer("404 Not Found", &[], ""),
                    None => reply(b"{}"),
                })
                .await;
                let url = server.url();
                kept.push(Box::new(server));
                url
            }
            How::SendsAway => {
                let other = Server::start(|_| json(b"[]", &[])).await;
                let location = format!("{}/login", other.url());
                elsewhere = Some(other);
                let server =
                    Server::start(move |_| answer("302 Found", &[("location", &location)], "")).await;
                let url = server.url();
                kept.push(Box::new(server));
                url
            }
            How::Refuses => {
                let (socket, port) = closed_port();
                kept.push(Box::new(socket));
                format!("http://127.0.0.1:{port}")
            }
            // A label of 64 characters is no name: the answer is known without asking anybody.
            How::HasNoName => format!("http://{}.example", "a".repeat(64)),
            How::HasCertificate { years, known } => {
                let (authority, other) =
                    (Authority::new("test authority"), Authority::new("another authority"));
                let trusted = tempfile::NamedTempFile::new().expect("a file");
                let pem = if known { authority.pem() } else { other.pem() };
                trusted.as_file().write_all(pem.as_bytes()).expect("room for a file");
                ca = Some(trusted.path().to_owned());
                let server = Server::start_tls(authority.server(&["127.0.0.1"], years), move |heard| {
                    match good(heard) {
                        Some(body) => json(&body, &[]),
                        None => answer("404 Not Found", &[], ""),
                    }
                })
                .await;
                let url = server.url();
                kept.extend([Box::new(server) as Box<dyn Any + Send>, Box::new(trusted)]);
                url
            }
        };
        let mut endpoint = Endpoint::at(&url).expect("an address");
        let seconds = if self.kind == Some(Kind::TimedOut) { 0.7 } else { 10.0 };
        endpoint.timeout = Some(Duration::from_secs_f64(seconds));
        (endpoint.ca_only, endpoint.ca) = (ca.is_some(), ca);
        Stage { endpoint, elsewhere, _kept: kept }
    }
}

fn json(body: &[u8], headers: &[(&str, &str)]) -> Reply {
    answer("200 OK", &[&[("content-type", "application/json")], headers].concat(), body)
}

fn error(status: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    answer(status, &[&[("content-type", "application/json")], headers].concat(), body)
}

fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
    vec![Step::Send(bytes.into())]
}

fn gzip(chunks: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    for chunk in chunks {
        packer.write_all(&chunk).expect("memory");
    }
    packer.finish().expect("memory")
}

/// The good answer with a `Date` that is off by so many minutes.
fn dated(good: &[u8], minutes: i64) -> Reply {
    #[expect(clippy::disallowed_methods, reason = "a server's clock that is off from the real one")]
    let there = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes);
    let date = there.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    json(good, &[("date", &date)])
}

/// The good answer with so many spaces after it, which are not held here.
fn padded(good: &[u8], spaces: usize) -> Reply {
    const PIECE: usize = 64 << 10;
    let length = good.len() + spaces;
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    vec![Step::Send([head.as_bytes(), good].concat()), Step::Repeat(vec![b' '; PIECE], spaces / PIECE)]
}

fn half(good: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        good.len()
    );
    let (half, _) = good.split_at(good.len() / 2);
    [head.as_bytes(), half].concat()
}

const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";

/// All of them.
pub(crate) fn all() -> Vec<Fault> {
    [
        refusals(),
        odd_bodies(),
        broken_exchanges(),
        too_much(),
        too_slow(),
        elsewhere(),
        good_ones(),
        connections(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn answers(name: &'static str, kind: Option<Kind>, reply: fn(&[u8]) -> Reply) -> Fault {
    Fault { name, kind, how: How::Answers(reply) }
}

/// The server says no.
fn refusals() -> Vec<Fault> {
    vec![
        answers("401", Some(Kind::Unauthorized), |_| {
            error("401 Unauthorized", &[], r#"{"message":"Bad credentials"}"#)
        }),
        answers("403", Some(Kind::Forbidden), |_| {
            error("403 Forbidden", &[], r#"{"error":"insufficient_scope"}"#)
        }),
        answers("403 with nothing left", Some(Kind::Throttled), |_| {
            error(
                "403 Forbidden",
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "60")],
                r#"{"message":"API rate limit exceeded for user ID 1."}"#,
            )
        }),
        answers("403 for the secondary limit", Some(Kind::Throttled), |_| {
            error(
                "403 Forbidden",
                &[("x-ratelimit-remaining", "4000")],
                r#"{"message":"You have exceeded a secondary rate limit."}"#,
            )
        }),
        answers("404", Some(Kind::NotFound), |_| {
            error("404 Not Found", &[], r#"{"message":"404 Project Not Found"}"#)
        }),
        answers("429 with seconds", Some(Kind::Throttled), |_| {
            error("429 Too Many Requests", &[("retry-after", "30")], "Retry later\n")
        }),
        answers("429 with a date", Some(Kind::Throttled), |_| {
            error(
                "429 Too Many Requests",
                &[
                    ("date", "Sun, 01 Mar 2026 03:00:00 GMT"),
                    ("retry-after", "Sun, 01 Mar 2026 03:00:30 GMT"),
                ],
                "",
            )
        }),
        answers("500", Some(Kind::Server), |_| {
            error("500 Internal Server Error", &[], "upstream connect error")
        }),
        answers("503 with a page", Some(Kind::Server), |_| {
            answer(
                "503 Service Unavailable",
                &[("content-type", "text/html")],
                "<html><head><title>Down for maintenance</title></head></html>",
            )
        }),
    ]
}

/// The server says something else than it should.
fn odd_bodies() -> Vec<Fault> {
    vec![
        answers("login page", Some(Kind::Unreadable), |_| {
            answer(
                "200 OK",
                &[("content-type", "text/html; charset=utf-8")],
                "<!DOCTYPE html><html><head><title>Sign in</title></head></html>",
            )
        }),
        answers("login page, called JSON", Some(Kind::Unreadable), |_| {
            json(b"\n <!doctype HTML><title>Sign in</title>", &[])
        }),
        answers("203 with a page", Some(Kind::Unreadable), |_| {
            answer(
                "203 Non-Authoritative Information",
                &[("content-type", "text/html")],
                "<html>Azure DevOps Services | Sign In</html>",
            )
        }),
        answers("plain text error", Some(Kind::Unreadable), |_| {
            answer("200 OK", &[("content-type", "text/plain")], "no healthy upstream")
        }),
        answers("empty", Some(Kind::Unreadable), |_| {
            answer("200 OK", &[("content-type", "application/json")], "")
        }),
        answers("UTF-16", Some(Kind::Unreadable), |_| json(b"\xff\xfe[\0]\0", &[])),
        answers("missing members", Some(Kind::Unreadable), |good| {
            let bare = if good.starts_with(b"[") { "[{}]" } else { "{}" };
            json(bare.as_bytes(), &[])
        }),
        answers("invalid UTF-8", Some(Kind::Unreadable), |_| json(b"[\"\xc3\x28\xff\"]", &[])),
        answers("depth of 100,000", Some(Kind::Unreadable), |_| json("[".repeat(100_000).as_bytes(), &[])),
    ]
}

/// The exchange breaks.
fn broken_exchanges() -> Vec<Fault> {
    vec![
        answers("cut body", Some(Kind::Broken), |good| vec![Step::Send(half(good)), Step::Close]),
        answers("reset in the body", Some(Kind::Broken), |good| vec![Step::Send(half(good)), Step::Reset]),
        answers("reset at once", Some(Kind::Broken), |_| vec![Step::Reset]),
        answers("closed at once", Some(Kind::Broken), |_| vec![Step::Close]),
        answers("cut gzip", Some(Kind::Broken), |good| {
            let packed = gzip(std::iter::once(good.to_vec()));
            let (half, _) = packed.split_at(packed.len() - 9);
            json(half, &[("content-encoding", "gzip")])
        }),
        answers("no gzip", Some(Kind::Unreadable), |good| json(good, &[("content-encoding", "gzip")])),
        answers("packed otherwise", Some(Kind::Unreadable), |good| json(good, &[("content-encoding", "br")])),
    ]
}

/// More than anybody needs.
fn too_much() -> Vec<Fault> {
    vec![
        answers("gzip bomb", Some(Kind::TooLarge), |_| {
            static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip((0..40).map(|_| vec![b' '; 1 << 20])));
            json(&BOMB, &[("content-encoding", "gzip")])
        }),
        answers("17 MiB", Some(Kind::TooLarge), |_| padded(b"", 17 << 20)),
        answers("a body without an end", Some(Kind::TooLarge), |_| {
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            vec![Step::Send(CHUNKED.into()), Step::Drip(chunk.into_bytes(), Duration::ZERO)]
        }),
        answers("headers of 80 KiB", Some(Kind::TooLarge), |good| {
            let long = "x".repeat(1600);
            let headers: Vec<(&str, &str)> = (0..50).map(|_| ("x-long", long.as_str())).collect();
            json(good, &headers)
        }),
        answers("101 headers", Some(Kind::TooLarge), |good| json(good, &[("x-one-more", "x"); 101])),
        answers("headers without an end", Some(Kind::TooLarge), |_| {
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\n".into()),
                Step::Drip(b"x-more: x\r\n".repeat(100), Duration::ZERO),
            ]
        }),
        answers("one header without an end", Some(Kind::TooLarge), |_| {
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\nx-long: ".into()),
                Step::Drip(vec![b'x'; 0x4000], Duration::ZERO),
            ]
        }),
        answers("chunk extensions without an end", Some(Kind::Broken), |_| {
            vec![
                Step::Send(format!("{CHUNKED}5").into_bytes()),
                Step::Drip(vec![b';'; 0x4000], Duration::ZERO),
            ]
        }),
    ]
}

/// Less than anybody can wait for.
fn too_slow() -> Vec<Fault> {
    vec![
        answers("a byte each 200 ms", Some(Kind::TimedOut), |_| {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
            vec![Step::Send(head), Step::Drip(b" ".to_vec(), Duration::from_millis(200))]
        }),
        answers("a byte of the headers each 200 ms", Some(Kind::TimedOut), |_| {
            vec![
                Step::Send(b"HTTP/1.1 200 OK\r\nx: ".to_vec()),
                Step::Drip(b"x".to_vec(), Duration::from_millis(200)),
            ]
        }),
        answers("silence", Some(Kind::TimedOut), |_| vec![Step::Hang]),
    ]
}

/// The server leads elsewhere, or answers another question.
fn elsewhere() -> Vec<Fault> {
    vec![
        Fault { name: "redirect to another host", kind: Some(Kind::Unreadable), how: How::SendsAway },
        answers("redirects in a circle", Some(Kind::Unreadable), |_| {
            answer("302 Found", &[("location", "/again")], "")
        }),
        answers("something else than HTTP", Some(Kind::Unreadable), |_| raw("SSH-2.0-OpenSSH_9.2p1\r\n\r\n")),
        answers("304 that nobody asked for", Some(Kind::Unreadable), |_| answer("304 Not Modified", &[], "")),
    ]
}

/// Unusual, and good.
fn good_ones() -> Vec<Fault> {
    vec![
        Fault { name: "a line of 10 MB", kind: None, how: How::AnswersFirst(|good| padded(good, 10 << 20)) },
        answers("a byte order mark", None, |good| json(&[b"\xef\xbb\xbf", good].concat(), &[])),
        answers("gzip", None, |good| {
            json(&gzip(std::iter::once(good.to_vec())), &[("content-encoding", "gzip")])
        }),
        answers("a clock 10 min ahead", None, |good| dated(good, 10)),
        answers("a clock 10 min behind", None, |good| dated(good, -10)),
    ]
}

/// It does not come to an exchange.
fn connections() -> Vec<Fault> {
    vec![
        Fault { name: "refused", kind: Some(Kind::Refused), how: How::Refuses },
        Fault { name: "no such host", kind: Some(Kind::Unresolved), how: How::HasNoName },
        Fault {
            name: "certificate expired",
            kind: Some(Kind::Tls),
            how: How::HasCertificate { years: (2020, 2021), known: true },
        },
        Fault {
            name: "certificate not valid yet",
            kind: Some(Kind::Tls),
            how: How::HasCertificate { years: (2090, 2091), known: true },
        },
        Fault {
            name: "unknown authority",
            kind: Some(Kind::Tls),
            how: How::HasCertificate { years: (2020, 2090), known: false },
        },
        Fault {
            name: "good certificate",
            kind: None,
            how: How::HasCertificate { years: (2020, 2090), known: true },
        },
    ]
}
