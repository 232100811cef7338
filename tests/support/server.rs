//! A server on this machine that answers what a test tells it to, byte by byte if need be.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// The first line and the headers, as sent.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

impl Heard {
    /// `GET /path?query`.
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// One thing that the server does with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes so many times.
    Repeat(Vec<u8>, usize),
    /// Sends these bytes again and again, with a pause before each, until the client goes.
    Drip(Vec<u8>, Duration),
    /// Sends nothing and keeps the connection.
    Hang,
    /// Resets the connection.
    Reset,
    /// Closes the connection.
    Close,
}

/// What is done for one request. After the last step the connection waits for the next request.
pub(crate) type Reply = Vec<Step>;

/// A whole answer with this status line, such as `200 OK`, headers and body.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    vec![Step::Send(bytes)]
}

/// An answer of JSON.
pub(crate) fn json(body: impl AsRef<[u8]>) -> Reply {
    answer("200 OK", &[("content-type", "application/json")], body)
}

/// The server. It ends when it is dropped.
pub(crate) struct Server {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answerer = dyn Fn(&Heard) -> Reply + Send + Sync;

/// What the connections of a server share.
struct Shared {
    heard: Arc<Mutex<Vec<Heard>>>,
    reply: Box<Answerer>,
}

impl Server {
    /// A server that answers each request by `reply`.
    pub(crate) async fn start(reply: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(None, Box::new(reply)).await
    }

    /// The same over TLS.
    pub(crate) async fn start_tls(
        config: ServerConfig,
        reply: impl Fn(&Heard) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(Some(TlsAcceptor::from(Arc::new(config))), Box::new(reply)).await
    }

    async fn listen(tls: Option<TlsAcceptor>, reply: Box<Answerer>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of this machine");
        let port = listener.local_addr().expect("it is bound").port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let heard = Arc::default();
        let shared = Arc::new(Shared { heard: Arc::clone(&heard), reply });
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, shared) = (tls.clone(), Arc::clone(&shared));
                connections.spawn(async move {
                    match tls {
                        None => serve_tcp(stream, &shared).await,
                        Some(tls) => {
                            // A handshake that fails is what some tests are about.
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &shared).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url: format!("{scheme}://127.0.0.1:{port}"), heard, task }
    }

    /// A server on a Unix socket.
    pub(crate) fn start_unix(path: &Path, reply: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(path).expect("a socket can be made here");
        let heard = Arc::default();
        let shared = Arc::new(Shared { heard: Arc::clone(&heard), reply: Box::new(reply) });
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                connections.spawn(async move { serve(stream, &shared).await });
            }
        });
        Self { url: format!("unix:{}", path.display()), heard, task }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a server with a port")
    }

    /// All requests so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Shared {
    fn reply(&self, heard: &Heard) -> Reply {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard.clone());
        (self.reply)(heard)
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) {
    while let Some(heard) = hear(&mut stream).await {
        for step in shared.reply(&heard) {
            if !perform(&mut stream, step).await {
                // An end that is told, where there is a way to: TLS has one.
                drop(stream.shutdown().await);
                return;
            }
        }
    }
}

async fn serve_tcp(mut stream: TcpStream, shared: &Shared) {
    while let Some(heard) = hear(&mut stream).await {
        for step in shared.reply(&heard) {
            if matches!(step, Step::Reset) {
                // No time to linger: the other side sees a reset and not an end.
                stream.set_zero_linger().expect("a TCP socket");
                return;
            }
            if !perform(&mut stream, step).await {
                return;
            }
        }
    }
}

/// A port of this machine that refuses, as long as the socket is kept.
pub(crate) fn closed_port() -> (TcpSocket, u16) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port of this machine");
    let port = socket.local_addr().expect("it is bound").port();
    (socket, port)
}

/// Reads one request.
pub(crate) async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Option<Heard> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
        // Not HTTP, such as TLS.
        bytes.first().filter(|byte| byte.is_ascii_uppercase())?;
    }
    let mut heard = Heard { head: String::from_utf8(bytes).ok()?, body: String::new() };
    let length: usize = heard.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    heard.body = String::from_utf8_lossy(&body).into_owned();
    Some(heard)
}

/// Does one step; false if the connection is over.
pub(crate) async fn perform(stream: &mut (impl AsyncWrite + Unpin), step: Step) -> bool {
    match step {
        Step::Send(bytes) => stream.write_all(&bytes).await.is_ok(),
        Step::Repeat(bytes, times) => {
            for _ in 0..times {
                if stream.write_all(&bytes).await.is_err() {
                    return false;
                }
            }
            true
        }
        Step::Drip(bytes, pause) => loop {
            tokio::time::sleep(pause).await;
            if stream.write_all(&bytes).await.is_err() {
                return false;
            }
        },
        Step::Hang => std::future::pending().await,
        Step::Reset | Step::Close => false,
    }
}
