//! The client against a server on loopback that does what each test says.

#![expect(clippy::disallowed_methods, reason = "a test writes its sample files directly")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::config::argv::Argv;
use crate::config::credentials::{CredentialTable, Format, Source};
use crate::config::tunnels::{Ready, TunnelTable};
use crate::net::authority::Authority;
use crate::net::credential::Vault;
use crate::net::exchange::segment;
use crate::net::proxy::Proxies;
use crate::net::tunnel::Tunnels;

use crate::net::server::{Server, Step, answer, closed_port, json as json_answer};

use crate::config::endpoint;

/// A folder with a file for each of these secrets, `a`, `b` and so on.
fn secrets(secrets: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, secret) in ["a", "b"].iter().zip(secrets) {
        let path = folder.path().join(name);
        std::fs::write(&path, secret).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    folder
}

/// The credential `ci`, which is in this file.
fn ci(path: PathBuf) -> CredentialTable {
    CredentialTable {
        name: "ci".to_owned(),
        source: Source::File(path),
        format: Format::Line,
        user: None,
        login: None,
        trusted_groups: Vec::new(),
    }
}

fn net(endpoint: &Endpoint, credentials: &[CredentialTable]) -> Net {
    Net::new(Vault::new(credentials, [endpoint], Arc::new(crate::net::now)))
}

fn of(endpoint: Endpoint) -> Client {
    let net = net(&endpoint, &[]);
    Client::new(endpoint, Auth::Bearer, &net)
}

fn client(url: &str) -> Client {
    of(Endpoint::at(url).unwrap())
}

async fn ask(server: &Server, request: &Request) -> Result<Response, Failure> {
    client(&server.url()).send(request, Class::Poll).await
}

fn text(failure: &Failure) -> &str {
    failure.what.as_str().unwrap()
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_meant_and_its_answer_read() {
    let server = Server::start(|_| {
        answer("200 OK", &[("content-type", "application/json"), ("ETag", "\"7\"")], "{\"a\": [1, 2]}")
    })
    .await;
    let request = Request::post(format!("/api/{}", segment("a/b ?#%")), json!({"q": 1}))
        .query("name", "a&b=c")
        .header("X-Vendor", "7");
    let mut endpoint = Endpoint::at(&format!("{}/base/", server.url())).unwrap();
    let files = secrets(&["canary-1", "canary-2\n"]);
    endpoint.credential = Some("ci".to_owned());
    endpoint.headers = vec![
        ("X-Scope-OrgID".to_owned(), endpoint::HeaderValue::Text("shop".to_owned())),
        ("X-Api-Key".to_owned(), endpoint::HeaderValue::File(files.path().join("b"))),
    ];
    let net = net(&endpoint, &[ci(files.path().join("a"))]);
    let client = Client::new(endpoint, Auth::Bearer, &net);
    let response = client.send(&request, Class::Person).await.unwrap();
    let heard = &server.heard()[0];
    assert_eq!(heard.line(), "POST /base/api/a%2Fb%20%3F%23%25?name=a%26b%3Dc");
    assert_eq!(heard.body, "{\"q\":1}");
    for (name, value) in [
        ("authorization", "Bearer canary-1"),
        ("x-api-key", "canary-2"),
        ("x-scope-orgid", "shop"),
        ("x-vendor", "7"),
        ("accept", "application/json"),
        ("accept-encoding", "gzip"),
        ("content-type", "application/json"),
        ("user-agent", concat!("midwatch/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(heard.header(name), Some(value), "{name}");
    }
    assert_eq!(response.header("etag"), Some("\"7\""));
    assert_eq!(response.json::<serde_json::Value>().unwrap(), json!({"a": [1, 2]}));
}

#[tokio::test]
async fn a_path_that_would_climb_is_not_sent() {
    let server = Server::start(|_| json_answer("{}")).await;
    for path in ["/projects/../../admin", "/a/%2e%2e/b", "/a/./b"] {
        assert_eq!(ask(&server, &Request::get(path)).await.unwrap_err().kind, FailureKind::Unreadable);
    }
    assert_eq!(server.heard().len(), 0);
}

#[tokio::test]
async fn a_status_is_a_failure_of_its_kind_with_the_servers_own_words() {
    for (status, body, kind, words) in [
        (
            "401 Unauthorized",
            "{\"message\":\"Bad credentials\"}",
            FailureKind::Unauthorized,
            "401 Unauthorized: Bad credentials",
        ),
        (
            "403 Forbidden",
            "{\"error\":{\"message\":\"no scope\"}}",
            FailureKind::Forbidden,
            "403 Forbidden: no scope",
        ),
        (
            "404 Not Found",
            "<html><head><TITLE>Not here</TITLE>",
            FailureKind::NotFound,
            "404 Not Found: Not here",
        ),
        (
            "429 Too Many Requests",
            "Retry later\n",
            FailureKind::Throttled,
            "429 Too Many Requests: Retry later",
        ),
        ("500 Internal Server Error", "", FailureKind::Server, "500 Internal Server Error"),
        (
            "422 Unprocessable Entity",
            "{\"errors\":[{\"detail\":\"bad range\"}]}",
            FailureKind::Unreadable,
            "422 Unprocessable Entity: bad range",
        ),
    ] {
        let server = Server::start(move |_| answer(status, &[], body)).await;
        let failure = ask(&server, &Request::get("/x").query("token", "canary")).await.unwrap_err();
        assert_eq!(failure.kind, kind);
        assert_eq!(text(&failure), format!("GET {}/x: {words}", server.url()));
    }
    let server = Server::start(|_| answer("404 Not Found", &[], "none")).await;
    assert_eq!(ask(&server, &Request::get("/x").also(&[404])).await.unwrap().status, 404);
}

#[tokio::test]
async fn no_listener_is_refused_and_no_name_is_dns() {
    let (_kept, port) = closed_port();
    let failure =
        client(&format!("http://127.0.0.1:{port}")).send(&Request::get("/"), Class::Poll).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure:?}");
    // A label of 64 characters is no name: the answer is known without asking anybody.
    let failure = client(&format!("http://{}.example", "a".repeat(64)))
        .send(&Request::get("/"), Class::Poll)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unresolved, "{failure:?}");
}

#[tokio::test]
async fn the_first_address_that_works_is_asked_and_kept() {
    let (_kept, port) = closed_port();
    let dead = format!("http://127.0.0.1:{port}");
    let server = Server::start(|_| json_answer("{}")).await;
    let mut endpoint = Endpoint::at(&dead).unwrap();
    endpoint.addresses.extend(Endpoint::at(&server.url()).unwrap().addresses);
    let client = of(endpoint);
    assert_eq!(client.endpoints(), 2);
    for _ in 0..2 {
        client.send(&Request::get("/"), Class::Poll).await.unwrap();
    }
    assert_eq!(
        client.send_to(0, &Request::get("/"), Class::Poll).await.unwrap_err().kind,
        FailureKind::Refused
    );
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn dead_addresses_leave_time_for_the_others_and_are_not_asked_first_again() {
    let silent = Server::start(|_| vec![Step::Hang]).await;
    let good = Server::start(|_| json_answer("{}")).await;
    let mut endpoint = Endpoint::at(&silent.url()).unwrap();
    let address = |url: &str| Endpoint::at(url).unwrap().addresses.remove(0);
    endpoint.addresses.push(address(&format!("{}/second", silent.url())));
    endpoint.timeout = Some(Duration::from_millis(900));
    let dead = of(endpoint.clone());
    let begun = Instant::now();
    let failure = dead.send(&Request::get("/"), Class::Poll).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert!(begun.elapsed() < Duration::from_millis(1300), "{:?}", begun.elapsed());
    assert_eq!(silent.heard().len(), 2, "both were asked");

    endpoint.addresses.push(address(&good.url()));
    let client = of(endpoint);
    for asked in 1..=2 {
        client.send(&Request::get("/"), Class::Poll).await.unwrap();
        assert_eq!((silent.heard().len(), good.heard().len()), (4, asked));
    }
}

#[tokio::test]
async fn the_time_of_a_request_does_not_bound_the_helper_of_its_credential() {
    let server = Server::start(|_| json_answer("{}")).await;
    let mut endpoint = Endpoint::at(&server.url()).unwrap();
    endpoint.credential = Some("ci".to_owned());
    endpoint.timeout = Some(Duration::from_millis(100));
    let arguments = vec!["-c".to_owned(), "sleep 0.4; echo canary".to_owned()];
    let helper = Argv { program: "/bin/sh".to_owned(), arguments };
    let table = CredentialTable { source: Source::Helper(helper, Vec::new()), ..ci(PathBuf::new()) };
    let net = net(&endpoint, &[table]);
    Client::new(endpoint, Auth::Bearer, &net).send(&Request::get("/"), Class::Poll).await.unwrap();
    assert_eq!(server.heard()[0].header("authorization"), Some("Bearer canary"));
}

#[tokio::test]
async fn a_cut_answer_and_a_reset_are_broken() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":".to_vec();
    for last in [Step::Close, Step::Reset] {
        let steps = vec![Step::Send(cut.clone()), last];
        let server = Server::start(move |_| steps.clone()).await;
        let failure = ask(&server, &Request::get("/")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Broken, "{failure:?}");
    }
}

#[tokio::test]
async fn the_configured_time_bounds_the_whole_answer() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec();
    let server = Server::start(move |_| {
        vec![Step::Send(head.clone()), Step::Drip(b" ".to_vec(), Duration::from_millis(20))]
    })
    .await;
    let mut endpoint = Endpoint::at(&server.url()).unwrap();
    endpoint.timeout = Some(Duration::from_millis(200));
    let client = of(endpoint);
    let failure = client.send(&Request::get("/"), Class::Poll).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert_eq!(text(&failure), format!("GET {}/: no answer in 0.2 s", server.url()));
}

/// A server that wants this token, and the client of a credential that is in a file.
async fn guarded(wanted: &'static str) -> (Server, tempfile::TempDir, Client) {
    let server = Server::start(move |heard| {
        if heard.header("authorization") == Some(&format!("Bearer {wanted}")) {
            json_answer("{}")
        } else {
            answer("401 Unauthorized", &[], "{\"message\": \"token expired\"}")
        }
    })
    .await;
    let files = secrets(&["old"]);
    let mut endpoint = Endpoint::at(&server.url()).unwrap();
    endpoint.credential = Some("ci".to_owned());
    let net = net(&endpoint, &[ci(files.path().join("a"))]);
    (server, files, Client::new(endpoint, Auth::Bearer, &net))
}

#[tokio::test]
async fn a_refused_credential_is_looked_for_again_once_and_the_request_sent_again() {
    let (server, files, client) = guarded("new").await;
    client.0.net.vault().get("ci", &client.0.links[0].origin).await.unwrap();
    std::fs::write(files.path().join("a"), "new").unwrap();
    assert_eq!(client.send(&Request::get("/x"), Class::Poll).await.unwrap().status, 200);
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn a_credential_that_stays_refused_is_not_sent_again() {
    let (server, _files, client) = guarded("new").await;
    let failure = client.send(&Request::get("/x"), Class::Poll).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unauthorized);
    assert!(text(&failure).ends_with("401 Unauthorized: token expired"), "{failure:?}");
    assert_eq!(failure.cause, Some("credential ci: refused by the server".into()));
    let failure = client.send(&Request::get("/x"), Class::Person).await.unwrap_err();
    assert_eq!(text(&failure), "credential ci: refused by the server");
    assert_eq!(server.heard().len(), 1, "it would lock the account");
}

#[tokio::test]
async fn large_answers_are_read_one_after_the_other_and_so_are_the_ends_of_logs() {
    let large = vec![b'x'; 3 << 20];
    let server = Server::start(move |_| answer("200 OK", &[("content-type", "text/plain")], &large)).await;
    let client = client(&server.url());
    for request in [Request::get("/log").accept("text/plain").last_bytes(2 << 20), Request::get("/list")] {
        let held = client.send(&request, Class::Poll).await.unwrap();
        assert!(held.body.len() >= 2 << 20);
        assert_eq!(client.0.large.available_permits(), 0, "the next one waits until this is done with");
        drop(held);
        assert_eq!(client.0.large.available_permits(), 1);
    }
}

#[tokio::test]
async fn who_shares_a_refused_credential_tells_of_its_own_fault_and_folds_only_if_refused_too() {
    let refuses = Server::start(|_| answer("401 Unauthorized", &[], "no")).await;
    let refuses_too = Server::start(|_| answer("401 Unauthorized", &[], "nor here")).await;
    let unknown = Authority::new("shop authority").server(&["127.0.0.1"], (2020, 2090));
    let unknown = Server::start_tls(unknown, |_| json_answer("{}")).await;
    let files = secrets(&["old", &Authority::new("another").pem()]);
    let endpoints = [&refuses, &refuses_too, &unknown, &refuses].map(|server| {
        let mut endpoint = Endpoint::at(&server.url()).unwrap();
        endpoint.credential = Some("ci".to_owned());
        (endpoint.ca, endpoint.ca_only) = (Some(files.path().join("b")), true);
        endpoint
    });
    let vault = Vault::new(&[ci(files.path().join("a"))], &endpoints, Arc::new(now));
    let net = Net::with_proxies(vault, Proxies::default());
    let mut failures = Vec::new();
    for endpoint in endpoints {
        let client = Client::new(endpoint, Auth::Bearer, &net);
        for _ in 0..2 {
            failures.push(client.send(&Request::get("/x"), Class::Poll).await.unwrap_err());
        }
    }
    let causes: Vec<_> =
        failures.iter().map(|failure| failure.cause.as_ref().unwrap().as_str().unwrap()).collect();
    let (fault, own) =
        ("credential ci: refused by the server", "the authority shop authority is not trusted");
    assert_eq!(causes, [fault, fault, fault, fault, own, own, fault, fault]);
    let asked = [&refuses, &refuses_too].map(|server| server.heard().len());
    assert_eq!(asked, [1, 1], "one time each, and the source that shares the server not at all");
}

fn tunnelled(url: &str, argv: &[&str], ready: Ready) -> Client {
    let [program, arguments @ ..] = argv else { panic!("a program is needed") };
    let arguments = arguments.iter().map(|&word| word.to_owned()).collect();
    let argv = Argv { program: (*program).to_owned(), arguments };
    let tunnels = Tunnels::new(&[TunnelTable { name: "bastion".to_owned(), argv, ready }]);
    let mut endpoint = Endpoint::at(url).unwrap();
    endpoint.via = Some("bastion".to_owned());
    let vault = Vault::new(&[], [&endpoint], Arc::new(crate::net::now));
    let net = Net::with(vault, Proxies::of(|_| None), tunnels);
    Client::new(endpoint, Auth::None, &net)
}

#[tokio::test]
async fn a_request_waits_for_its_tunnel_and_fails_with_it() {
    let server = Server::start(|_| json_answer("{}")).await;
    let port = url::Url::parse(&server.url()).unwrap().port().unwrap();
    let client = tunnelled(&server.url(), &["/bin/false"], Ready::Port(port));
    assert_eq!(client.send(&Request::get("/x"), Class::Poll).await.unwrap().status, 200);

    // The near end is here, and what answers is not: it does not choose what we reach from here.
    let other = Server::start(|_| json_answer("{}")).await;
    let away = other.url();
    let far = Server::start(move |_| answer("302 Found", &[("location", &away)], "")).await;
    let client = tunnelled(&far.url(), &["/bin/false"], Ready::Port(far.port()));
    let failure = client.send(&Request::get("/x").leaving(), Class::Poll).await.unwrap_err();
    assert!(text(&failure).ends_with("it leads to http://127.0.0.1, which is not encrypted"), "{failure:?}");
    assert_eq!(other.heard().len(), 0);

    let (_kept, port) = closed_port();
    let script = "echo Permission denied >&2; exit 255";
    let client =
        tunnelled(&format!("http://127.0.0.1:{port}"), &["/bin/sh", "-c", script], Ready::Port(port));
    let failure = client.send(&Request::get("/x"), Class::Poll).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tunnel);
    assert_eq!(text(&failure), "tunnel bastion: /bin/sh: exit status 255: Permission denied");
    assert_eq!(failure.cause, Some("tunnel bastion".into()));
}
