//! Certificates: whom we trust, what we show, and what the person is told.

use std::path::Path;

use midwatch::config::endpoint::HeaderValue;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::authority::{Authority, Leaf};
use super::server::{Server, json};
use super::*;

const YEARS: (i32, i32) = (2020, 2090);

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

async fn serves(leaf: &Leaf, clients: Option<&Authority>) -> Server {
    Server::start_tls(leaf.server(clients), |_| json("[]")).await
}

fn trusting(server: &Server, ca: &Path) -> Endpoint {
    let mut endpoint = Endpoint::at(&server.url()).unwrap();
    endpoint.ca = Some(ca.to_owned());
    endpoint
}

async fn fails(endpoint: Endpoint) -> Failure {
    let failure = get(&client(endpoint), "/").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tls, "{failure:?}");
    failure
}

#[tokio::test]
async fn an_authority_is_trusted_beside_those_of_the_machine_or_alone() {
    let authority = Authority::new("test authority");
    let server = serves(&authority.leaf(&["127.0.0.1"], YEARS), None).await;
    let ca = file(&authority.pem());
    for only in [true, false] {
        let mut endpoint = trusting(&server, ca.path());
        endpoint.ca_only = only;
        get(&client(endpoint), "/").await.unwrap();
    }
}

#[tokio::test]
async fn an_expired_certificate_is_told_with_names_dates_and_the_clock() {
    let authority = Authority::new("test authority");
    let server = serves(&authority.leaf(&["127.0.0.1"], (2020, 2021)), None).await;
    let ca = file(&authority.pem());
    let failure = fails(trusting(&server, ca.path())).await;
    let said = text(&failure);
    assert!(said.contains("the certificate of 127.0.0.1 (127.0.0.1, from test authority) expired on 2021-01-01T00:00:00Z; the clock here says 2"), "{said}");
    assert!(advice(&failure).contains("renewed"), "{failure:?}");
}

#[tokio::test]
async fn the_end_of_a_good_certificate_is_known_before_it_comes() {
    let authority = Authority::new("test authority");
    let server = serves(&authority.leaf(&["127.0.0.1"], YEARS), None).await;
    let ca = file(&authority.pem());
    let response = get(&client(trusting(&server, ca.path())), "/").await.unwrap();
    assert_eq!(response.certificate_ends(), Some("2090-01-01T00:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn an_unknown_authority_is_named_and_folds() {
    let (authority, other) = (Authority::new("test authority"), Authority::new("other"));
    let server = serves(&authority.leaf(&["127.0.0.1"], YEARS), None).await;
    let ca = file(&other.pem());
    let mut endpoint = trusting(&server, ca.path());
    endpoint.ca_only = true;
    let failure = fails(endpoint).await;
    let said = text(&failure);
    assert!(said.contains("an authority that is not trusted: test authority"), "{said}");
    assert!(said.ends_with(&format!("trusted are those in {}", ca.path().display())), "{said}");
    assert_eq!(failure.cause, Some("the authority test authority is not trusted".into()));
    assert!(advice(&failure).contains("`ca`"));
}

#[tokio::test]
async fn another_name_is_told_and_can_be_asked_for() {
    let authority = Authority::new("test authority");
    let server = serves(&authority.leaf(&["api.example.com", "api.example.net"], YEARS), None).await;
    let ca = file(&authority.pem());
    let mut endpoint = trusting(&server, ca.path());
    let failure = fails(endpoint.clone()).await;
    let names = "is for api.example.com, api.example.net and not for 127.0.0.1";
    assert!(text(&failure).ends_with(names), "{failure:?}");
    // As through a tunnel: dialled here, asked by its own name.
    endpoint.server_name = Some("api.example.com".to_owned());
    get(&client(endpoint), "/x").await.unwrap();
    let host = server.heard()[0].header("host").unwrap().to_owned();
    assert_eq!(host, format!("api.example.com:{}", server.port()));
}

#[tokio::test]
async fn a_certificate_of_ours_is_shown_and_read_again_when_it_changes() {
    let authority = Authority::new("test authority");
    let server = serves(&authority.leaf(&["127.0.0.1"], YEARS), Some(&authority)).await;
    let ca = file(&authority.pem());
    let mut endpoint = trusting(&server, ca.path());
    let failure = get(&client(endpoint.clone()), "/").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tls, "{failure:?}");
    assert!(text(&failure).contains("did not accept our certificate"), "{failure:?}");

    let folder = tempfile::tempdir().unwrap();
    let [cert, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
    let put = |leaf: &Leaf| {
        for (path, text) in [(&cert, leaf.pem()), (&key, leaf.key_pem())] {
            let mut file = NamedTempFile::new_in(folder.path()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.persist(path).unwrap();
        }
    };
    endpoint.client_cert = Some((cert.clone(), key.clone()));
    put(&Authority::new("stranger").leaf(&["kim"], YEARS));
    let client = client(endpoint);
    assert_eq!(get(&client, "/").await.unwrap_err().kind, FailureKind::Tls);
    put(&authority.leaf(&["kim, and a longer name"], YEARS));
    // Files are looked at every 10 s.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    get(&client, "/").await.unwrap();

    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open =
        get(&super::client(Endpoint { client_cert: Some((cert, key)), ..trusting(&server, ca.path()) }), "/")
            .await;
    assert_eq!(open.unwrap_err().kind, FailureKind::Denied, "a key that others can read");
}

#[tokio::test]
async fn without_a_check_only_the_pinned_certificate_gets_a_credential() {
    let authority = Authority::new("test authority");
    let leaf = authority.leaf(&["other.example"], YEARS);
    let server = serves(&leaf, None).await;
    let mut endpoint = Endpoint::at(&server.url()).unwrap();
    endpoint.insecure = true;
    endpoint.headers = vec![("X-Scope-OrgID".to_owned(), HeaderValue::Text("shop".to_owned()))];
    let (client, _file) = with_secret(endpoint.clone(), Auth::Bearer, Proxies::default());
    get(&client, "/").await.unwrap();
    assert_eq!(server.heard()[0].header("x-scope-orgid"), Some("shop"), "no secret");
    assert_eq!(server.heard()[0].header("authorization"), None, "anybody could be there");

    let pin = |der: &[u8]| ring::digest::digest(&ring::digest::SHA256, der).as_ref().try_into().ok();
    endpoint.pin = pin(&leaf.public_key());
    let (client, _file) = with_secret(endpoint.clone(), Auth::Bearer, Proxies::default());
    get(&client, "/").await.unwrap();
    assert!(server.heard()[1].header("authorization").is_some());

    // The pin of the whole certificate is told apart: it would end with it.
    for (wrong, told) in [
        (Some([7; 32]), "another key than `pin_sha256` says: "),
        (pin(leaf.der()), "that of its key is needed: "),
    ] {
        endpoint.pin = wrong;
        let (client, _file) = with_secret(endpoint.clone(), Auth::Bearer, Proxies::default());
        let failure = get(&client, "/").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Tls);
        assert!(text(&failure).contains(told), "{failure:?}");
    }
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn a_file_that_is_no_certificate_is_named() {
    // As web servers do with what is no HTTP: they answer at once.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        }
    });
    let mut endpoint = Endpoint::at(&url).unwrap();
    let empty = file("");
    for (ca, why) in [
        (Path::new("/no/such.pem"), "open /no/such.pem: "),
        (empty.path(), "there is no certificate (PEM) in it"),
    ] {
        endpoint.ca = Some(ca.to_owned());
        let failure = fails(endpoint.clone()).await;
        assert!(text(&failure).contains(why), "{failure:?}");
    }
    endpoint.ca = None;
    endpoint.insecure = true;
    let failure = fails(endpoint).await;
    assert!(text(&failure).ends_with("it does not speak TLS on this port"), "{failure:?}");
}

#[tokio::test]
async fn plain_http_to_a_tls_port_is_told() {
    let authority = Authority::new("test authority");
    let server = serves(&authority.leaf(&["127.0.0.1"], YEARS), None).await;
    let endpoint = Endpoint::at(&server.url().replace("https:", "http:")).unwrap();
    let failure = get(&client(endpoint), "/").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreadable);
    assert!(text(&failure).contains("the answer is not HTTP"), "{failure:?}");
    assert_eq!(advice(&failure), "look at scheme and port in `url`");
}
