//! The HTTP layer against servers and networks that are broken, hostile or lead elsewhere: each gives its
//! own failure, in bounded time and memory, and no secret goes where it does not belong.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot be set up has failed")]

#[path = "support/authority.rs"]
mod authority;
#[path = "support/faults.rs"]
mod faults;
#[path = "faults/proxies.rs"]
mod proxies;
#[path = "faults/redirects.rs"]
mod redirects;
#[path = "support/server.rs"]
mod server;
#[path = "faults/streams.rs"]
mod streams;
#[path = "faults/tls.rs"]
mod tls;
#[path = "faults/vendors.rs"]
mod vendors;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use midwatch::config::credentials::{CredentialTable, Format, Source};
use midwatch::config::endpoint::Endpoint;
use midwatch::model::health::{Failure, FailureKind};
use midwatch::net::Net;
use midwatch::net::client::{Auth, Class, Client};
use midwatch::net::credential::Vault;
use midwatch::net::exchange::{Request, Response};
use midwatch::net::proxy::Proxies;
use tempfile::NamedTempFile;

/// What must not be found where it does not belong.
const CANARY: &str = "canary-7f3a91";

#[expect(clippy::disallowed_methods, reason = "certificates and servers live in the real time")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// A client of this endpoint that has the credential `ci`, whose secret is the canary.
fn with_secret(mut endpoint: Endpoint, usual: Auth, proxies: Proxies) -> (Client, NamedTempFile) {
    let mut file = NamedTempFile::new().unwrap();
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o600)).unwrap();
    file.write_all(CANARY.as_bytes()).unwrap();
    endpoint.credential = Some("ci".to_owned());
    let table = CredentialTable {
        name: "ci".to_owned(),
        source: Source::File(file.path().to_owned()),
        format: Format::Line,
        user: None,
        login: None,
        trusted_groups: Vec::new(),
    };
    let net = Net::with_proxies(Vault::new(&[table], [&endpoint], Arc::new(now)), proxies);
    (Client::new(endpoint, usual, &net), file)
}

fn client(endpoint: Endpoint) -> Client {
    let vault = Vault::new(&[], [&endpoint], Arc::new(now));
    Client::new(endpoint, Auth::None, &Net::with_proxies(vault, Proxies::default()))
}

async fn get(client: &Client, path: &str) -> Result<Response, Failure> {
    client.send(&Request::get(path), Class::Person).await
}

fn text(failure: &Failure) -> &str {
    failure.what.as_str().unwrap()
}

fn advice(failure: &Failure) -> &str {
    failure.advice.as_ref().unwrap().as_str().unwrap()
}

const GOOD: &[u8] =
    br#"[{"name": "checkout", "state": "firing", "labels": {"severity": "page", "team": "shop"}}]"#;

async fn read(client: &Client) -> Result<Response, Failure> {
    let response = get(client, "/api/alerts").await?;
    response.json::<Vec<serde_json::Value>>()?;
    Ok(response)
}

async fn meets(name: &str) -> Result<Response, Failure> {
    let fault = faults::all().into_iter().find(|fault| fault.name == name).unwrap();
    let stage = fault.stage(Arc::new(|_| Some(GOOD.to_vec()))).await;
    read(&client(stage.endpoint.clone())).await
}

#[tokio::test]
async fn a_server_that_says_wait_says_until_when() {
    for (name, seconds) in [
        ("429 with seconds", 30),
        ("429 with a date", 30),
        ("403 with nothing left", 60),
        ("403 for the secondary limit", 60),
    ] {
        let failure = meets(name).await.unwrap_err();
        let wait = failure.next_try.unwrap().duration_since(now()).as_secs();
        assert!((seconds - 2..=seconds).contains(&wait), "{name}: {wait}");
    }
}

#[tokio::test]
async fn a_server_that_said_wait_is_not_asked_again() {
    let server =
        server::Server::start(|_| server::answer("429 Too Many Requests", &[("retry-after", "600")], ""))
            .await;
    let client = client(Endpoint::at(&server.url()).unwrap());
    for path in ["/a", "/b", "/c"] {
        let failure = get(&client, path).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Throttled, "{failure:?}");
        assert!(failure.next_try.is_some(), "{failure:?}");
    }
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_clock_that_is_off_is_measured() {
    for (name, minutes) in [("a clock 10 min ahead", 10), ("a clock 10 min behind", -10)] {
        let ahead = meets(name).await.unwrap().clock_ahead().unwrap();
        assert!((ahead.as_secs() - minutes * 60).abs() <= 3, "{name}: {ahead:?}");
    }
}

#[tokio::test]
async fn a_server_that_repeats_our_secret_is_not_quoted_with_it() {
    // Cut after 200 characters it would be half there; and JSON can write each letter as its number.
    let (long, escaped) = ("x".repeat(193), CANARY.replace("can", "\\u0063an"));
    let said = |words: &str| format!("{{\"message\": \"{words}\"}}");
    for (status, body, shown) in [
        ("401 Unauthorized", said(&format!("unknown token {CANARY}")), "unknown token [secret]"),
        ("403 Forbidden", said(&format!("unknown token {escaped}")), "unknown token [secret]"),
        ("500 Internal Server Error", said(&format!("{long}{CANARY}")), "x[secret..."),
        // In an answer it is stars, so that nothing moves, whichever way it is written.
        ("200 OK", format!("unknown token {CANARY}"), "no JSON: unknown token *************"),
        ("200 OK", format!("{long}{CANARY}"), "x*******..."),
        ("200 OK", format!("[\"{escaped}\"]"), "invalid type: string \"***"),
    ] {
        let server = server::Server::start(move |_| server::answer(status, &[], &body)).await;
        let endpoint = Endpoint::at(&server.url()).unwrap();
        let (client, _file) = with_secret(endpoint, Auth::Header("X-Token"), Proxies::default());
        let request = Request::get("/api").query("token", CANARY);
        let failure = match client.send(&request, Class::Poll).await {
            Ok(response) => response.json::<Vec<u64>>().unwrap_err(),
            Err(failure) => failure,
        };
        assert!(text(&failure).contains(shown), "{failure:?}");
        assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_limit_that_is_over_in_a_second_is_waited_for() {
    let limits =
        [("content-type", "application/json"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "0.3")];
    let server = server::Server::start(move |_| server::answer("200 OK", &limits, "[]")).await;
    let client = client(Endpoint::at(&server.url()).unwrap());
    let begun = Instant::now();
    for class in [Class::Person, Class::Poll, Class::Person] {
        client.send(&Request::get("/"), class).await.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
}
