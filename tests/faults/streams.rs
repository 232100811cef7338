//! Answers without an end, and parts of answers.

use super::server::{Server, Step, answer};
use super::*;

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
