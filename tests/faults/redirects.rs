//! Redirects: what is secret stays with the endpoint, whatever the redirect looks like.

use midwatch::config::endpoint::HeaderValue;
use midwatch::net::exchange::Method;
use serde_json::json;

use super::server::{Heard, Server, Step, answer};
use super::*;

/// Every header in which vendors, proxies and browsers carry what identifies us.
const HEADERS: &[&str] = &[
    "Cookie",
    "Cookie2",
    "WWW-Authenticate",
    "PRIVATE-TOKEN",
    "JOB-TOKEN",
    "Circle-Token",
    "X-Api-Key",
    "DD-API-KEY",
    "DD-APPLICATION-KEY",
    "X-Vault-Token",
    "X-Auth-Token",
    "X-Scope-OrgID",
];

const STATUSES: &[&str] = &[
    "301 Moved Permanently",
    "302 Found",
    "303 See Other",
    "307 Temporary Redirect",
    "308 Permanent Redirect",
];

fn endpoint(url: &str) -> Endpoint {
    let mut endpoint = Endpoint::at(url).unwrap();
    let canary = || HeaderValue::Text(CANARY.to_owned());
    endpoint.headers = HEADERS.iter().map(|name| ((*name).to_owned(), canary())).collect();
    endpoint.timeout = Some(Duration::from_secs(5));
    endpoint
}

/// A request that has the canary wherever a request can have something.
fn request(method: Method) -> Request {
    let request = match method {
        Method::Get => Request::get("/logs"),
        Method::Post => Request::post("/logs", json!({ "token": CANARY })),
    };
    let mut request = request.query("token", CANARY).header("X-Vendor", CANARY).leaving();
    request.validator = Some(format!("\"{CANARY}\""));
    request
}

fn leads_to(status: &'static str, location: String) -> impl Fn(&Heard) -> Vec<Step> + Send + Sync {
    move |_| answer(status, &[("location", &location)], CANARY)
}

fn has_no_secret(heard: &[Heard], what: &str) {
    for request in heard {
        let all = format!("{}{}", request.head, request.body);
        assert!(!all.contains(CANARY), "{what}: {all}");
        assert!(request.head.starts_with("GET "), "{what}: {all}");
        for name in ["authorization", "referer", "cookie", "if-none-match", "content-type", "content-length"]
        {
            assert_eq!(request.header(name), None, "{what}: {all}");
        }
    }
}

async fn other() -> Server {
    Server::start(|_| answer("200 OK", &[("content-type", "application/json")], "[1]")).await
}

#[tokio::test]
async fn another_place_gets_the_request_bare_or_not_at_all() {
    for status in STATUSES {
        for method in [Method::Get, Method::Post] {
            for usual in [Auth::Bearer, Auth::Basic, Auth::Header("PRIVATE-TOKEN"), Auth::Scheme("GenieKey ")]
            {
                let there = other().await;
                let here = Server::start(leads_to(status, format!("{}/blob?sig=1", there.url()))).await;
                let (client, _file) = with_secret(endpoint(&here.url()), usual, Proxies::default());
                let found = client.send(&request(method), Class::Person).await;
                let what = format!("{status} {method:?} {usual:?}");
                assert!(here.heard()[0].head.contains(CANARY), "{what}: the endpoint itself gets it");
                has_no_secret(&there.heard(), &what);
                let keeps_its_method = status.starts_with("307") || status.starts_with("308");
                if method == Method::Post && keeps_its_method {
                    assert_eq!(found.unwrap_err().kind, FailureKind::Unreadable, "{what}");
                    assert_eq!(there.heard().len(), 0, "{what}");
                } else {
                    assert_eq!(found.unwrap().body, b"[1]", "{what}");
                    assert_eq!(there.heard()[0].line(), "GET /blob?sig=1", "{what}");
                }
            }
        }
    }
}

/// Where the answer to this location was had, or what was said instead of going there.
async fn led_by(location: &str) -> Result<(), String> {
    let here = Server::start(leads_to("302 Found", location.to_owned())).await;
    let (client, _file) = with_secret(endpoint(&here.url()), Auth::Bearer, Proxies::default());
    let found = client.send(&request(Method::Get), Class::Person).await;
    let first = here.heard().into_iter().next().unwrap();
    assert!(first.head.contains(CANARY), "the endpoint itself gets it");
    found.map(drop).map_err(|failure| text(&failure).to_owned())
}

#[tokio::test]
async fn the_same_place_written_otherwise_is_another_place() {
    const USER: &str = "to an address with a user in it";
    let there = other().await;
    let port = there.port();
    for (location, refused) in [
        // Another port is another origin; so are other names of this machine.
        (format!("http://127.0.0.1:{port}/x"), None),
        (format!("HTTP://127.1:{port}/x"), None),
        (format!("HTTP://LOCALHOST:{port}/x"), None),
        (format!("http://[::ffff:127.0.0.1]:{port}/x"), None),
        (format!("//127.0.0.1:{port}/x"), None),
        (format!("\\\\127.0.0.1:{port}/x"), None),
        (format!("http:\\\\127.0.0.1:{port}\\x"), None),
        // These look like the endpoint and are not.
        (format!("http://HERE@127.0.0.1:{port}/x"), Some(USER)),
        (format!("http://HERE%2f@127.0.0.1:{port}/x"), Some(USER)),
        (format!("http://kim:pw@127.0.0.1:{port}/x"), Some(USER)),
        (format!("http://HERE.:{port}/x"), None),
    ] {
        let location = location.replace("HERE", "127.0.0.1");
        let before = there.heard().len();
        match (led_by(&location).await, refused) {
            (Ok(()), None) => assert_eq!(there.heard()[before..].len(), 1, "{location}"),
            (Err(said), Some(why)) if said.contains(why) => assert_eq!(there.heard().len(), before),
            (found, _) => panic!("{location}: {found:?}"),
        }
    }
    has_no_secret(&there.heard(), "written otherwise");
}

#[tokio::test]
async fn a_torn_location_leaks_nothing() {
    const NONE: &str = "to something that is no address";
    let there = other().await;
    let port = there.port();
    for (torn, went) in [
        // The header ends there, and another one begins, of the answer and not of our request.
        ("\r\nX-Smuggled: ", Ok("GET /")),
        ("%0d%0aX-Smuggled: ", Err(NONE)),
        ("%0d%0aX-Smuggled:", Ok("GET /%0d%0aX-Smuggled:x")),
        ("\u{a0}", Ok("GET /%C2%A0x")),
        ("\t", Err(NONE)),
        ("\r", Err("the answer is not HTTP")),
        ("\n ", Err("the answer is not HTTP")),
        ("\0", Err("the answer is not HTTP")),
    ] {
        let before = there.heard().len();
        let found = led_by(&format!("http://127.0.0.1:{port}/{torn}x")).await;
        let heard = there.heard().split_off(before);
        match (found, went) {
            (Ok(()), Ok(line)) => assert_eq!(heard[0].line(), line),
            (Err(said), Err(why)) if said.contains(why) => assert_eq!(heard.len(), 0),
            (found, _) => panic!("{torn:?}: {found:?}"),
        }
        has_no_secret(&heard, torn);
        assert!(heard.iter().all(|request| request.header("x-smuggled").is_none()), "{torn:?}");
    }
}

#[tokio::test]
async fn from_https_to_http_is_another_place() {
    let there = other().await;
    let authority = authority::Authority::new("test authority");
    let config = authority.server(&["127.0.0.1"], (2020, 2090));
    let here = Server::start_tls(config, leads_to("302 Found", format!("{}/x", there.url()))).await;
    let mut endpoint = endpoint(&here.url());
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(authority.pem().as_bytes()).unwrap();
    endpoint.ca = Some(ca.path().to_owned());
    let (client, _file) = with_secret(endpoint, Auth::Bearer, Proxies::default());
    client.send(&request(Method::Get), Class::Person).await.unwrap();
    has_no_secret(&there.heard(), "http");
}

#[tokio::test]
async fn back_from_elsewhere_the_request_stays_bare() {
    let home = Arc::new(std::sync::OnceLock::<String>::new());
    let back = Arc::clone(&home);
    let there = Server::start(move |_| {
        answer("302 Found", &[("location", &format!("{}/again", back.get().unwrap()))], "")
    })
    .await;
    let away = there.url();
    let here = Server::start(move |heard| {
        if heard.line().contains("/again") {
            answer("200 OK", &[], "[2]")
        } else {
            answer("302 Found", &[("location", &away)], "")
        }
    })
    .await;
    home.set(here.url()).unwrap();
    let (client, _file) = with_secret(endpoint(&here.url()), Auth::Bearer, Proxies::default());
    assert_eq!(client.send(&request(Method::Get), Class::Person).await.unwrap().body, b"[2]");
    has_no_secret(&there.heard(), "away");
    has_no_secret(&here.heard()[1..], "back");
}

#[tokio::test]
async fn within_the_endpoint_a_redirect_keeps_what_was_asked() {
    for (status, line, body) in [
        ("301 Moved Permanently", "GET /v4/logs?a=b", ""),
        ("303 See Other", "GET /v4/logs?a=b", ""),
        ("307 Temporary Redirect", "POST /v4/logs?a=b", "{\"q\":1}"),
        ("308 Permanent Redirect", "POST /v4/logs?a=b", "{\"q\":1}"),
    ] {
        let here = Server::start(move |heard| {
            if heard.line().contains("/v4") {
                answer("200 OK", &[], "[3]")
            } else {
                answer(status, &[("location", "/v4/logs?a=b#c")], "")
            }
        })
        .await;
        let (client, _file) = with_secret(endpoint(&here.url()), Auth::Bearer, Proxies::default());
        client.send(&Request::post("/v3/logs", json!({"q": 1})), Class::Person).await.unwrap();
        let second = &here.heard()[1];
        assert_eq!((second.line(), second.body.as_str()), (line, body), "{status}");
        assert_eq!(second.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    }
}

#[tokio::test]
async fn who_may_not_leave_is_told_where_it_would_have_gone() {
    let there = other().await;
    let here = Server::start(leads_to("302 Found", format!("{}/login?return={CANARY}", there.url()))).await;
    let (client, _file) = with_secret(endpoint(&here.url()), Auth::Bearer, Proxies::default());
    let failure = get(&client, "/logs").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreadable);
    assert!(
        text(&failure).ends_with("/logs: 302 Found: it leads to http://127.0.0.1, which is another place"),
        "{failure:?}"
    );
    assert!(!text(&failure).contains(CANARY));
    assert!(advice(&failure).contains("login page"));
    assert_eq!(there.heard().len(), 0);
}

#[tokio::test]
async fn a_401_elsewhere_is_not_a_401_of_the_credential() {
    let there = Server::start(|_| answer("401 Unauthorized", &[], "signature expired")).await;
    let here = Server::start(leads_to("302 Found", there.url())).await;
    let (client, _file) = with_secret(endpoint(&here.url()), Auth::Bearer, Proxies::default());
    let failure = client.send(&request(Method::Get), Class::Person).await.unwrap_err();
    assert_eq!((here.heard().len(), there.heard().len()), (1, 1), "nothing is asked again");
    assert_eq!((failure.kind, &failure.cause), (FailureKind::Forbidden, &None), "{failure:?}");
}

#[tokio::test]
async fn what_goes_wrong_elsewhere_is_told_of_that_place_and_bounds_no_request_to_the_endpoint() {
    for (reply, kind, said) in [
        (
            answer("429 Too Many Requests", &[("retry-after", "600")], ""),
            FailureKind::Throttled,
            "takes no more requests",
        ),
        (vec![Step::Hang], FailureKind::TimedOut, "does not answer"),
    ] {
        let there = Server::start(move |_| reply.clone()).await;
        let here = Server::start(leads_to("302 Found", there.url())).await;
        let mut endpoint = endpoint(&here.url());
        endpoint.timeout = Some(Duration::from_millis(300));
        let (client, _file) = with_secret(endpoint, Auth::Bearer, Proxies::default());
        for asked in 1..=2 {
            let failure = client.send(&request(Method::Get), Class::Person).await.unwrap_err();
            assert_eq!(failure.kind, kind, "{failure:?}");
            let sent_on = format!("{}/logs, sent on to 127.0.0.1:{}: ", here.url(), there.port());
            assert!(text(&failure).contains(&sent_on), "{failure:?}");
            let cause = failure.cause.as_ref().unwrap().as_str().unwrap();
            assert!(cause.starts_with(&format!("127.0.0.1:{} {said}", there.port())), "{cause}");
            assert_eq!(here.heard().len(), asked, "the endpoint has room for more");
        }
    }
}
