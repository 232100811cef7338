//! Texts at URLs, asked of a server on this machine.

#![expect(clippy::disallowed_methods, reason = "a test writes its sample files directly")]

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use super::*;
use crate::config::credentials::{CredentialTable, Format, Source};
use crate::net::credential::Vault;
use crate::net::server::{Server, answer};

fn net() -> Net {
    Net::new(Vault::new(&[], [], Arc::new(crate::net::now)))
}

async fn person(url: &str) -> Result<Page, Failure> {
    read(&net(), &[], url, Author::Person, 1000).await
}

fn text(failure: &Failure) -> &str {
    failure.what.as_str().unwrap()
}

#[tokio::test]
async fn a_text_is_had_with_its_query_and_nothing_of_ours_is_sent() {
    let server = Server::start(|_| answer("200 OK", &[("content-type", "text/plain")], "# Steps\n")).await;
    let page = person(&format!("{}/a%20b/x.md?raw=1&x=%26#there", server.url())).await.unwrap();
    assert_eq!(page, Page { text: b"# Steps\n".to_vec(), is_html: false });
    let heard = server.heard();
    assert_eq!(heard.first().unwrap().line(), "GET /a%20b/x.md?raw=1&x=%26");
    for name in ["authorization", "cookie", "referer"] {
        assert_eq!(heard.first().unwrap().header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_page_for_a_browser_is_told_as_such_whatever_it_calls_itself() {
    for (media, body) in [("text/html; charset=utf-8", "hello"), ("text/plain", "<!DOCTYPE html><p>hello")] {
        let server = Server::start(move |_| answer("200 OK", &[("content-type", media)], body)).await;
        assert!(person(&server.url()).await.unwrap().is_html, "{media}");
    }
}

#[tokio::test]
async fn what_cannot_be_had_is_a_failure_with_what_to_do() {
    let server = Server::start(|_| answer("404 Not Found", &[], "no such page")).await;
    let failure = person(&format!("{}/x.md", server.url())).await.unwrap_err();
    assert!(text(&failure).contains("404") && text(&failure).contains("/x.md"), "{failure:?}");
    let server = Server::start(|_| answer("200 OK", &[], "x".repeat(1001))).await;
    let failure = person(&server.url()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::TooLarge);
    assert!(text(&failure).contains("the answer is too large: more than 1000 bytes"), "{failure:?}");
    let advice = failure.advice.unwrap();
    assert_eq!(advice.as_str(), Some("open its link in a browser: 1000 bytes at most are read here"));
    for (url, why) in [
        ("ftp://wiki.example/x", "`ftp:` is not followed"),
        ("file:///etc/passwd", "`file:` is not followed"),
        ("https://kim:pw@wiki.example/x", "there is a user in the URL"),
        ("http://wiki.example/x", "plain http"),
        ("HighErrorRate", "it is no URL"),
    ] {
        let failure = person(url).await.unwrap_err();
        assert!(text(&failure).contains(why), "{url}: {failure:?}");
        assert!(!text(&failure).contains("pw"));
    }
}

#[tokio::test]
async fn an_alert_does_not_send_us_to_this_machine_unless_the_place_is_configured() {
    let server = Server::start(|_| answer("200 OK", &[], "# Steps")).await;
    let url = format!("{}/x.md", server.url());
    let refused = read(&net(), &[], &url, Author::Stranger, 1000).await.unwrap_err();
    assert!(text(&refused).contains("on this machine"), "{refused:?}");
    let metadata = "http://169.254.169.254/latest/meta-data";
    let refused = read(&net(), &[], metadata, Author::Stranger, 1000).await.unwrap_err();
    assert!(text(&refused).contains("on this machine"), "{refused:?}");
    assert!(server.heard().is_empty());
    let site = Endpoint::at(&server.url()).unwrap();
    let page = read(&net(), &[site], &url, Author::Stranger, 1000).await.unwrap();
    assert_eq!(page.text, b"# Steps");
}

#[tokio::test]
async fn a_credential_is_shown_below_the_configured_address_and_nowhere_else() {
    let server = Server::start(|_| answer("200 OK", &[], "the token is canary-7")).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "canary-7").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let table = CredentialTable {
        name: "wiki".to_owned(),
        source: Source::File(path),
        format: Format::Line,
        user: None,
        login: None,
        trusted_groups: Vec::new(),
    };
    let mut site = Endpoint::at(&format!("{}/ops/books", server.url())).unwrap();
    site.credential = Some("wiki".to_owned());
    let net = Net::new(Vault::new(&[table], [&site], Arc::new(crate::net::now)));
    let sites = [site];
    let ask = async |path: &str| {
        read(&net, &sites, &format!("{}{path}", server.url()), Author::Person, 1000).await.unwrap()
    };
    let page = ask("/ops/books/a.md").await;
    assert_eq!(page.text, b"the token is ********", "what comes back of it is no text to show");
    for path in ["/ops/bookshelf/a.md", "/ops/a.md", "/ops/books/../admin"] {
        ask(path).await;
    }
    let shown: Vec<_> = server
        .heard()
        .iter()
        .map(|heard| (heard.line().to_owned(), heard.header("authorization").is_some()))
        .collect();
    assert_eq!(
        shown,
        [
            ("GET /ops/books/a.md".to_owned(), true),
            ("GET /ops/bookshelf/a.md".to_owned(), false),
            ("GET /ops/a.md".to_owned(), false),
            ("GET /ops/admin".to_owned(), false),
        ]
    );
}

#[tokio::test]
async fn a_redirect_takes_no_credential_along_and_leads_nowhere_inside_from_outside() {
    let other = Server::start(|_| answer("200 OK", &[], "elsewhere")).await;
    let to = format!("{}/x.md", other.url());
    let server = Server::start(move |_| answer("302 Found", &[("location", to.as_str())], "")).await;
    // Both are on this machine, so the way is not refused; nothing of ours goes along.
    let page = person(&format!("{}/x.md", server.url())).await.unwrap();
    assert_eq!(page.text, b"elsewhere");
    assert_eq!(other.heard().first().unwrap().header("authorization"), None);
}

#[tokio::test]
async fn a_strangers_name_for_this_machine_is_refused_at_the_dial_and_where_a_redirect_leads() {
    let there = Server::start(|_| answer("200 OK", &[], "# Steps")).await;
    let to = format!("{}/x.md", there.url());
    let here = Server::start(move |_| answer("302 Found", &[("location", to.as_str())], "")).await;
    let ask = async |url: &str, name: Option<&str>, reach| {
        // The name is given its address here, so that nothing is asked.
        let endpoint = Endpoint { server_name: name.map(str::to_owned), ..Endpoint::at(url).unwrap() };
        let client = Client::reaching(endpoint, Auth::Bearer, &net(), reach);
        client.send(&Request::get("/x.md").accept("*/*").leaving(), Class::Person).await
    };
    let name = Some("wiki.example.com");
    let refused = ask(&there.url(), name, Reach::NotHere).await.unwrap_err();
    assert!(text(&refused).contains("127.0.0.1 is on this machine or its wire"), "{refused:?}");
    assert!(refused.advice.is_some_and(|advice| advice.as_str().unwrap().contains("[[runbooks.site]]")));
    // An address is not looked up, so that only where it leads is refused.
    let refused = ask(&here.url(), None, Reach::NotHere).await.unwrap_err();
    assert!(text(&refused).contains("which is on this machine or its wire"), "{refused:?}");
    assert_eq!((here.heard().len(), there.heard().len()), (1, 0));
    assert_eq!(ask(&there.url(), name, Reach::All).await.unwrap().body, b"# Steps");
    assert_eq!(ask(&here.url(), None, Reach::All).await.unwrap().body, b"# Steps");
}

/// A server that sends to this place.
async fn sends_to(place: String) -> Server {
    Server::start(move |_| answer("302 Found", &[("location", place.as_str())], "")).await
}

#[tokio::test]
async fn a_redirect_to_a_name_of_this_machine_or_its_wire_is_refused_where_it_is_dialled() {
    let there = Server::start(|_| answer("200 OK", &[], "# Steps")).await;
    let port = Url::parse(&there.url()).unwrap().port().unwrap();
    let ask = async |name: &str, reach| {
        let here = sends_to(format!("http://{name}:{port}/x.md")).await;
        let client = Client::reaching(Endpoint::at(&here.url()).unwrap(), Auth::Bearer, &net(), reach);
        let asked = client.send(&Request::get("/x.md").accept("*/*").leaving(), Class::Person).await;
        assert_eq!(here.heard().len(), 1);
        asked
    };
    for name in ["rebound.example.com", "metadata.example.com", "both.example.com"] {
        let refused = ask(name, Reach::NotHere).await.unwrap_err();
        assert!(text(&refused).contains(&format!("{name} is on this machine or its wire")), "{refused:?}");
        let advice = refused.advice.unwrap();
        assert!(advice.as_str().unwrap().contains("[[runbooks.site]]"), "{advice:?}");
    }
    assert!(there.heard().is_empty());
    // That name does lead there: who was named by the person may.
    assert_eq!(ask("rebound.example.com", Reach::All).await.unwrap().body, b"# Steps");
    assert_eq!(there.heard().len(), 1);
}

#[tokio::test]
async fn a_server_of_the_internet_sends_to_no_name_inside_the_network() {
    let ask = async |name: &str| {
        let here = sends_to(format!("https://{name}/x.md")).await;
        // It is dialled on this machine, and its name has an address of the internet.
        let mut url = Url::parse(&here.url()).unwrap();
        url.set_host(Some("rebound.example.com")).unwrap();
        let server_name = Some("public.example.com".to_owned());
        let endpoint = Endpoint { server_name, ..Endpoint::at(url.as_str()).unwrap() };
        let client = Client::reaching(endpoint, Auth::Bearer, &net(), Reach::All);
        let refused = client.send(&Request::get("/x.md").accept("*/*").leaving(), Class::Person).await;
        assert_eq!(here.heard().len(), 1);
        refused.unwrap_err()
    };
    for name in ["rebound.example.com", "metadata.example.com", "both.example.com", "wiki.example.com"] {
        let refused = ask(name).await;
        assert!(text(&refused).contains(&format!("{name} is inside this network")), "{refused:?}");
    }
}
