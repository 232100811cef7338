//! Answers without an end, and parts of answers.

use super::server::{Server, Step, answer};
use super::*;
use midwatch::net::events::{EventStream, MEDIA};

fn head() -> Step {
    Step::Send(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n".to_vec())
}

async fn follow(server: &Server) -> midwatch::net::stream::Stream {
    let client = client(Endpoint::at(&server.url()).unwrap());
    client.open(&Request::get("/follow").accept("text/plain"), Class::Person).await.unwrap()
}

#[tokio::test]
async fn a_stream_gives_what_comes_and_says_its_end() {
    let server = Server::start(|_| {
        vec![head(), Step::Send(b"one\n".to_vec()), Step::Send(b"two\n".to_vec()), Step::Close]
    })
    .await;
    let mut stream = follow(&server).await;
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await.unwrap() {
        all.extend(piece);
    }
    assert_eq!(all, b"one\ntwo\n");
    assert_eq!((stream.status(), stream.header("content-type")), (200, Some("text/plain")));
}

#[tokio::test]
async fn a_stream_that_is_refused_says_why() {
    let server = Server::start(|_| answer("403 Forbidden", &[], "pods/log is forbidden")).await;
    let client = client(Endpoint::at(&server.url()).unwrap());
    let failure = client.open(&Request::get("/follow"), Class::Person).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Forbidden);
    assert!(text(&failure).ends_with("403 Forbidden: pods/log is forbidden"));
}

#[tokio::test]
async fn a_stream_that_is_silent_for_a_minute_is_over() {
    let server = Server::start(|_| vec![head(), Step::Hang]).await;
    let mut stream = follow(&server).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let failure = stream.next().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert_eq!(begun.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn a_stream_that_drips_is_over_after_a_minute() {
    let drip = Step::Drip(b".".to_vec(), Duration::from_secs(20));
    let server = Server::start(move |_| vec![head(), drip.clone()]).await;
    let mut stream = follow(&server).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let failure = loop {
        match stream.next().await {
            Ok(piece) => assert_eq!(piece.as_deref(), Some(b".".as_slice())),
            Err(failure) => break failure,
        }
    };
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert!(text(&failure).contains("only"), "{failure:?}");
    assert!((60..=80).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_wait_that_is_dropped_again_and_again_ends_all_the_same() {
    let server = Server::start(|_| vec![head(), Step::Hang]).await;
    let mut stream = follow(&server).await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let failure = loop {
        // As a task does that waits for other things too.
        if let Ok(said) = tokio::time::timeout(Duration::from_secs(25), stream.next()).await {
            break said.unwrap_err();
        }
    };
    assert_eq!((failure.kind, begun.elapsed().as_secs()), (FailureKind::TimedOut, 60));
}

/// The events of Buildbot, which writes line by line and has no keep-alive.
fn events(after: Step) -> Vec<Step> {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let lines = [
        "event: handshake\n",
        "data: 9bca\n",
        "\n",
        "event: event\n",
        "data: {\"key\": [\"builds\"]}\n",
        "\n",
    ];
    let chunk = |line: &str| Step::Send(format!("{:x}\r\n{line}\r\n", line.len()).into_bytes());
    [Step::Send(head.to_vec())].into_iter().chain(lines.map(chunk)).chain([after]).collect()
}

async fn listen(server: &Server) -> Result<EventStream, Failure> {
    let request = Request::get("/sse/listen/builds").accept(MEDIA).quiet(Duration::from_secs(900));
    let client = client(Endpoint::at(&server.url()).unwrap());
    client.open(&request, Class::Poll).await.map(EventStream::new)
}

#[tokio::test]
async fn a_server_without_keep_alive_may_be_silent_and_slow_as_long_as_was_said() {
    let word = b"1d\r\nevent: event\ndata: {\"n\": 1}\n\n\r\n".to_vec();
    let drips = Step::Drip(word, Duration::from_secs(890));
    for (after, more) in [(drips, 3), (Step::Hang, 0)] {
        let server = Server::start(move |_| events(after.clone())).await;
        let mut stream = listen(&server).await.unwrap();
        assert_eq!(server.heard()[0].header("accept-encoding"), Some("identity"), "packed, events come late");
        for name in ["handshake", "event"] {
            assert_eq!(stream.next().await.unwrap().unwrap().name, name.into());
        }
        tokio::time::pause();
        for _ in 0..more {
            assert_eq!(stream.next().await.unwrap().unwrap().data, "{\"n\": 1}".into());
        }
        if more == 0 {
            let begun = tokio::time::Instant::now();
            let failure = stream.next().await.unwrap_err();
            assert_eq!((failure.kind, begun.elapsed().as_secs()), (FailureKind::TimedOut, 900));
            assert!(text(&failure).ends_with("nothing came for 900 s"), "{failure:?}");
        }
        tokio::time::resume();
    }
    let server = Server::start(|_| events(Step::Close)).await;
    let mut stream = listen(&server).await.unwrap();
    for _ in 0..2 {
        stream.next().await.unwrap();
    }
    assert_eq!(stream.next().await.unwrap_err().kind, FailureKind::Broken, "it never ends by itself");
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_told() {
    for (headers, body, said) in [
        (
            &[("content-type", "text/html; charset=utf-8")],
            "<html>",
            "a page for a browser, not text/event-stream",
        ),
        (
            &[("content-type", "text/plain")],
            "ok",
            "unexpected content type: text/plain, not text/event-stream",
        ),
        (&[("x-none", "")], "ok", "unexpected content type: none, not text/event-stream"),
    ] {
        let server = Server::start(move |_| answer("200 OK", headers, body)).await;
        let failure = listen(&server).await.err().unwrap();
        assert_eq!(failure.kind, FailureKind::Unreadable);
        assert!(text(&failure).ends_with(said), "{failure:?}");
    }
    let packed = [("content-type", "text/event-stream"), ("content-encoding", "gzip")];
    let server = Server::start(move |_| answer("200 OK", &packed, "x")).await;
    assert!(text(&listen(&server).await.err().unwrap()).ends_with("packed, which was not asked for"));
}

#[tokio::test]
async fn a_stream_is_opened_at_the_first_address_that_works() {
    let (_kept, port) = super::server::closed_port();
    let server = Server::start(|_| events(Step::Hang)).await;
    let mut endpoint = Endpoint::at(&format!("http://127.0.0.1:{port}")).unwrap();
    endpoint.addresses.extend(Endpoint::at(&server.url()).unwrap().addresses);
    let request = Request::get("/sse").accept(MEDIA);
    let mut stream = EventStream::new(client(endpoint).open(&request, Class::Poll).await.unwrap());
    assert_eq!(stream.next().await.unwrap().unwrap().data, "9bca".into());
}

#[tokio::test]
async fn a_cut_stream_is_broken() {
    let cut = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo".to_vec();
    let server = Server::start(move |_| vec![Step::Send(cut.clone()), Step::Close]).await;
    let mut stream = follow(&server).await;
    let mut all = Vec::new();
    let failure = loop {
        match stream.next().await {
            Ok(piece) => all.extend(piece.unwrap()),
            Err(failure) => break failure,
        }
    };
    assert!(all.starts_with(b"hello"));
    assert_eq!(failure.kind, FailureKind::Broken);
}

#[tokio::test]
async fn the_end_of_a_long_answer_is_had_from_servers_with_and_without_ranges() {
    let whole: Vec<u8> = (0..300_000).map(|n| b'a' + u8::try_from(n % 26).unwrap()).collect();
    let last = whole[whole.len() - 1000..].to_vec();
    let (all, part) = (whole.clone(), last.clone());
    let server = Server::start(move |heard| match heard.line() {
        "GET /ranges" => {
            answer("206 Partial Content", &[("content-range", "bytes 299000-299999/300000")], &part)
        }
        _ => answer("200 OK", &[], &all),
    })
    .await;
    let client = client(Endpoint::at(&server.url()).unwrap());
    for path in ["/ranges", "/none"] {
        let request = Request::get(path).accept("text/plain").last_bytes(1000);
        let response = client.send(&request, Class::Person).await.unwrap();
        assert_eq!((response.from, &response.body), (299_000, &last), "{path}");
    }
    // More than is read in one turn with others, of a server that does not say how much.
    let long = Server::start(|_| vec![head(), Step::Repeat(vec![b'x'; 1 << 16], 64), Step::Close]).await;
    let client_of_long = super::client(Endpoint::at(&long.url()).unwrap());
    let request = Request::get("/log").accept("text/plain").last_bytes(2 << 20);
    let response = client_of_long.send(&request, Class::Person).await.unwrap();
    assert_eq!((response.from, response.body.len()), (2 << 20, 2 << 20));
    for heard in server.heard() {
        assert_eq!(
            (heard.header("range"), heard.header("accept-encoding")),
            (Some("bytes=-1000"), Some("identity"))
        );
    }
    let request = Request::get("/x").accept("text/plain").from_byte(5).also(&[416]);
    client.send(&request, Class::Person).await.unwrap();
    assert_eq!(server.heard()[2].header("range"), Some("bytes=5-"));
}
