//! Ways to an endpoint that are no direct connection: proxies and sockets.

use midwatch::config::endpoint::{HeaderValue, ProxyChoice};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::authority::Authority;
use super::server::{Server, answer, closed_port, json};
use super::*;

fn through(proxy: &str, url: &str) -> Endpoint {
    let mut endpoint = Endpoint::at(url).unwrap();
    endpoint.proxy = ProxyChoice::Url(proxy.parse().unwrap());
    endpoint.timeout = Some(Duration::from_secs(5));
    endpoint
}

#[tokio::test]
async fn plain_http_through_a_proxy_goes_without_a_credential_or_not_at_all() {
    let proxy = Server::start(|_| json("[]")).await;
    let endpoint = through(&proxy.url(), "http://metrics.example:9090");
    get(&client(endpoint.clone()), "/api").await.unwrap();
    assert_eq!(proxy.heard()[0].line(), "GET http://metrics.example:9090/api");
    // Who a tenant is may be known on the way, as the path is.
    let mut tenant = endpoint.clone();
    tenant.headers = vec![("X-Scope-OrgID".to_owned(), HeaderValue::Text("shop".to_owned()))];
    get(&client(tenant), "/api").await.unwrap();
    assert_eq!(proxy.heard()[1].header("x-scope-orgid"), Some("shop"));
    let (client, _file) = with_secret(endpoint, Auth::Bearer, Proxies::default());
    let failure = get(&client, "/api").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Proxy);
    assert_eq!(proxy.heard().len(), 2, "nothing was sent");
}

#[tokio::test]
async fn the_environment_names_the_proxy_and_what_goes_without() {
    let proxy = Server::start(|_| json("[]")).await;
    let url = proxy.url();
    let proxies = Proxies::of(|name| match name {
        "http_proxy" => Some(url.clone()),
        "NO_PROXY" => Some("10.0.0.0/8,.internal".to_owned()),
        _ => None,
    });
    let vault = || Vault::new(&[], [], Arc::new(now));
    let ask = async |url: &str| {
        let mut endpoint = Endpoint::at(url).unwrap();
        endpoint.timeout = Some(Duration::from_millis(300));
        let client = Client::new(endpoint, Auth::None, &Net::with_proxies(vault(), proxies.clone()));
        get(&client, "/").await
    };
    ask("http://a.example").await.unwrap();
    assert_eq!(proxy.heard().len(), 1);
    let local = Server::start(|_| json("[]")).await;
    ask(&local.url()).await.unwrap();
    assert_eq!((proxy.heard().len(), local.heard().len()), (1, 1), "this machine is asked directly");
    ask(&format!("http://{}.internal", "a".repeat(64))).await.unwrap_err();
    assert_eq!(proxy.heard().len(), 1, "and so are exceptions");
}

#[tokio::test]
async fn a_proxy_that_fails_is_the_cause() {
    let (_kept, port) = closed_port();
    let failure = get(&client(through(&format!("http://127.0.0.1:{port}"), "https://ci.example")), "/")
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Proxy);
    assert_eq!(failure.cause, Some(format!("the proxy http://127.0.0.1:{port}").into()));
    assert!(text(&failure).contains("refused the connection"), "{failure:?}");

    for (status, said) in
        [("407 Proxy Authentication Required", "user and password"), ("403 Forbidden", "lets us through")]
    {
        let proxy = Server::start(move |_| answer(status, &[], "no")).await;
        for url in ["https://ci.example", "http://ci.example"] {
            let endpoint = through(&proxy.url().replace("://", "://kim:canary-pw@"), url);
            let failure = get(&client(endpoint), "/").await.unwrap_err();
            if url.starts_with("https") || status.starts_with("407") {
                assert_eq!(failure.kind, FailureKind::Proxy, "{failure:?}");
                assert!(advice(&failure).contains(said), "{failure:?}");
            }
            assert!(!format!("{failure:?}").contains("canary-pw"), "{failure:?}");
        }
        let connect = &proxy.heard()[0];
        assert_eq!(connect.line(), "CONNECT ci.example:443");
        assert!(connect.header("proxy-authorization").is_some());
    }
}

#[tokio::test]
async fn a_tunnel_through_a_proxy_shows_it_nothing_and_checks_the_server() {
    let authority = Authority::new("test authority");
    let server = Server::start_tls(authority.server(&["ci.example"], (2020, 2090)), |_| json("[]")).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let port = server.port();
    let seen = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let heard = server::hear(&mut near).await.unwrap();
        near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
        heard
    });
    let mut ca = NamedTempFile::new().unwrap();
    ca.write_all(authority.pem().as_bytes()).unwrap();
    let mut endpoint = through(&proxy, "https://ci.example");
    endpoint.ca = Some(ca.path().to_owned());
    let (client, _file) = with_secret(endpoint, Auth::Bearer, Proxies::default());
    get(&client, "/").await.unwrap();
    drop(client);
    let heard = seen.await.unwrap();
    assert_eq!(heard.line(), "CONNECT ci.example:443");
    assert!(!heard.head.contains(CANARY));
    assert!(server.heard()[0].header("authorization").is_some());
}

#[tokio::test]
async fn socks_looks_names_up_at_the_other_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("socks5h://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        // RFC 1928: the greeting, then CONNECT to a name of so many bytes.
        let mut greeting = [0; 2];
        near.read_exact(&mut greeting).await.unwrap();
        let mut methods = vec![0; greeting[1].into()];
        near.read_exact(&mut methods).await.unwrap();
        near.write_all(&[5, 0]).await.unwrap();
        let mut request = [0; 5];
        near.read_exact(&mut request).await.unwrap();
        assert_eq!(request[..4], [5, 1, 0, 3], "CONNECT to a name");
        let mut name = vec![0; usize::from(request[4]) + 2];
        near.read_exact(&mut name).await.unwrap();
        near.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        server::hear(&mut near).await.unwrap();
        near.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await.unwrap();
        name
    });
    // A name that nobody could look up here.
    let host = format!("{}.internal", "a".repeat(64));
    get(&client(through(&proxy, &format!("http://{host}:9090"))), "/").await.unwrap();
    let name = asked.await.unwrap();
    assert_eq!(&name[..host.len()], host.as_bytes());
    assert_eq!(name[host.len()..], 9090_u16.to_be_bytes());
}

#[tokio::test]
async fn a_server_name_and_a_proxy_exclude_each_other() {
    let mut endpoint = through("http://127.0.0.1:1", "https://10.0.0.1");
    endpoint.server_name = Some("ci.example".to_owned());
    let failure = get(&client(endpoint), "/").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Proxy);
    assert!(advice(&failure).contains("none"));
}

#[tokio::test]
async fn a_unix_socket_is_asked_with_its_credential() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    let server = Server::start_unix(&path, |_| json("[]"));
    let mut endpoint = Endpoint::at(&server.url()).unwrap();
    endpoint.proxy = ProxyChoice::Url("http://127.0.0.1:1".parse().unwrap());
    let (with_secret, _file) = with_secret(endpoint, Auth::Bearer, Proxies::default());
    get(&with_secret, "/v1.44/info").await.unwrap();
    assert_eq!(server.heard()[0].line(), "GET /v1.44/info");
    assert_eq!(server.heard()[0].header("host"), Some("localhost"));
    let dead = folder.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    for (url, kind) in [
        (format!("unix:{}", dead.display()), FailureKind::Refused),
        ("unix:/no/such.sock".to_owned(), FailureKind::Missing),
    ] {
        let failure = get(&client(Endpoint::at(&url).unwrap()), "/info").await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(text(&failure).starts_with(&format!("GET {url}/info: ")), "{failure:?}");
    }
}
