//! What answers at an address: asked by paths that each product has for itself.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use crate::config::endpoint::{Endpoint, is_loopback};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::{RawText, SafeText};
use crate::net::Net;
use crate::net::client::Client;
use crate::net::exchange::{Auth, Class, Request, Response};
use crate::safe;
use crate::source::written::{SourceText, list, quoted};

/// Parts of the path of an address that may belong to where the product lies.
const DEEPEST: usize = 4;
/// No such answer is longer.
const MOST: usize = 4 << 20;

/// What most servers say to plain http where they speak TLS, with words about it.
const BAD: u16 = 400;

/// A product that is recognised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Product {
    /// Prometheus Alertmanager.
    Alertmanager,
    /// Prometheus, or what answers as it does.
    Prometheus,
    /// GitHub, or GitHub Enterprise Server.
    GitHub,
    /// GitLab.
    GitLab,
    /// Buildbot.
    Buildbot,
}

impl Product {
    /// Those that are asked for, in this order.
    const ASKED: &[Self] =
        &[Self::Alertmanager, Self::Prometheus, Self::GitLab, Self::GitHub, Self::Buildbot];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alertmanager => "Alertmanager",
            Self::Prometheus => "Prometheus",
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Buildbot => "Buildbot",
        }
    }

    /// The kind of source for it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Prometheus => "prometheus",
            Self::GitHub => "github-actions",
            Self::GitLab => "gitlab-ci",
            Self::Buildbot => "buildbot",
        }
    }

    /// What a token has to be allowed, where the product has tokens.
    pub fn scope(self) -> Option<&'static str> {
        match self {
            Self::GitHub => Some("a fine-grained token with Actions: read for these repositories"),
            Self::GitLab => Some("a token with the scope read_api"),
            Self::Alertmanager | Self::Prometheus | Self::Buildbot => None,
        }
    }

    /// What tells it from everything else.
    fn question(self) -> Request {
        match self {
            Self::Alertmanager => Request::get("/api/v2/status").also(&[BAD]),
            Self::Prometheus => Request::get("/api/v1/status/buildinfo").also(&[BAD]),
            // Without a token it says who it is in a header of the refusal.
            Self::GitLab => Request::get("/api/v4/version").also(&[BAD, 401, 403]),
            Self::GitHub => Request::get("/api/v3/meta").also(&[BAD, 401, 403]),
            Self::Buildbot => Request::get("/api/v2/builders").query("limit", "1").also(&[BAD]),
        }
        .most(MOST)
    }

    /// What it says of itself; `None` if this is another product's answer.
    fn answered(self, response: &Response) -> Option<Said> {
        let has = |header| response.header(header).is_some();
        match self {
            Self::Alertmanager => {
                let status: AlertmanagerStatus = response.json().ok()?;
                Some(Said { version: Some(status.version_info.version) })
            }
            Self::Prometheus => {
                let info: BuildInfo = response.json().ok()?;
                (info.status == "success").then_some(Said { version: Some(info.data.version) })
            }
            Self::GitLab => {
                let version = response.json::<GitLabVersion>().ok().map(|answer| answer.version);
                (version.is_some() || has("x-gitlab-meta")).then_some(Said { version })
            }
            Self::GitHub => {
                let version = response.json::<GitHubMeta>().ok().and_then(|meta| meta.installed_version);
                has("x-github-request-id").then_some(Said { version })
            }
            Self::Buildbot => response.json::<Builders>().ok().map(|_| Said { version: None }),
        }
    }
}

/// What a product says of itself.
struct Said {
    version: Option<RawText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertmanagerStatus {
    version_info: Version,
    #[serde(rename = "cluster")]
    _cluster: serde::de::IgnoredAny,
}

#[derive(Deserialize)]
struct Version {
    version: RawText,
}

#[derive(Deserialize)]
struct BuildInfo {
    status: String,
    data: Version,
}

#[derive(Deserialize)]
struct GitLabVersion {
    version: RawText,
    #[serde(rename = "revision")]
    _revision: String,
}

#[derive(Deserialize)]
struct GitHubMeta {
    installed_version: Option<RawText>,
}

#[derive(Deserialize)]
struct Builders {
    #[serde(rename = "builders")]
    _builders: Vec<serde::de::IgnoredAny>,
    #[serde(rename = "meta")]
    _meta: serde_json::Map<String, serde_json::Value>,
}

/// What an address is asked with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct With<'a> {
    /// The name of a `[[credential]]`.
    pub credential: Option<&'a str>,
    /// A file of authorities to trust beside those of this machine.
    pub ca: Option<&'a str>,
    /// Whether the credential has no user: it is a token.
    pub is_token: bool,
}

/// What was recognised, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recognised {
    /// Which product.
    pub product: Product,
    /// Its version, if it said one.
    pub version: Option<RawText>,
    /// Where it lies, for the key `url`; none for a service that has one address in the world.
    pub base: Option<Url>,
    /// The repository or project that the address leads to.
    pub repository: Option<String>,
}

impl Recognised {
    /// The `[[source]]` table for it. Errors with what the address has to lead to.
    pub fn source(&self, with: With<'_>) -> Result<SourceText, SafeText> {
        let product = self.product;
        let mut keys = Vec::new();
        let (list_key, example) = match product {
            Product::GitHub => (Some("repos"), "OWNER/NAME"),
            Product::GitLab => (Some("projects"), "GROUP/NAME"),
            Product::Alertmanager | Product::Prometheus | Product::Buildbot => (None, ""),
        };
        if let Some(key) = list_key {
            let Some(repository) = self.repository.clone() else {
                let (name, example) = (SafeText::literal(product.name()), SafeText::literal(example));
                return Err(safe!(
                    "{} shows runs of what it is told: give the address of {} there",
                    name,
                    example
                ));
            };
            keys.push(list(key, &[repository]));
        }
        if let Some(base) = self.base.as_ref().filter(|base| base.host_str() != Some("gitlab.com")) {
            let base = base.as_str().trim_end_matches('/');
            // Where GitHub Enterprise Server has its API.
            let path = if product == Product::GitHub { "/api/v3" } else { "" };
            keys.push(format!("url = {}", quoted(&format!("{base}{path}"))));
        }
        if self.base.as_ref().is_some_and(is_open) {
            keys.push("allow_plaintext = true      # everybody on the way can read what is sent".to_owned());
        }
        keys.extend(with.credential.map(|name| format!("credential = {}", quoted(name))));
        if with.is_token && matches!(product, Product::Alertmanager | Product::Buildbot) {
            // They have none themselves: what stands before them takes it as it did here.
            keys.push("auth = \"bearer\"".to_owned());
        }
        keys.extend(with.ca.map(|path| format!("ca = {}", quoted(path))));
        let name = match product {
            Product::GitHub => "github",
            Product::GitLab => "gitlab",
            product => product.kind(),
        };
        Ok(SourceText::new(name, product.kind(), keys))
    }
}

/// Whether what is sent there can be read on the way.
pub fn is_open(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
}

/// The places where a product may lie whose page has this address, the shortest first.
pub fn places(url: &Url) -> Vec<Url> {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let parts: Vec<String> = url.path_segments().into_iter().flatten().map(str::to_owned).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let mut places = Vec::new();
    for depth in 0..=parts.len().min(DEEPEST) {
        base.set_path(&parts.get(..depth).unwrap_or_default().join("/"));
        places.push(base.clone());
    }
    places
}

/// GitHub itself, which needs not be asked who it is.
pub fn by_name(url: &Url) -> Option<Recognised> {
    let host = url.host_str()?;
    matches!(host, "github.com" | "www.github.com" | "api.github.com").then(|| Recognised {
        product: Product::GitHub,
        version: None,
        base: None,
        repository: repository(Product::GitHub, url, 0),
    })
}

/// How an address is asked: as its person wrote it, also by plain http.
pub fn endpoint(place: &Url, with: With<'_>) -> Option<Endpoint> {
    let mut endpoint = Endpoint::at(place.as_str())?;
    endpoint.credential = with.credential.map(str::to_owned);
    endpoint.ca = with.ca.map(PathBuf::from);
    endpoint.allow_plaintext = true;
    Some(endpoint)
}

/// Asks what lies at an address, with a credential of `net` if one is named.
///
/// Errors with why nobody could be asked, or that nobody known answered.
pub async fn recognise(url: &Url, with: With<'_>, net: &Net) -> Result<Recognised, Failure> {
    match ask(url, with, net).await {
        Err((failure, true)) if url.scheme() == "http" => Err(match encrypted(url, net).await {
            Some(url) => failure.advise(format!("it speaks TLS on this port: give it as {}", shown(&url))),
            None => failure,
        }),
        found => found.map_err(|(failure, _)| failure),
    }
}

/// The same address by https, if its port speaks TLS.
async fn encrypted(url: &Url, net: &Net) -> Option<Url> {
    let mut encrypted = url.clone();
    let port = url.port_or_known_default();
    encrypted.set_scheme("https").ok()?;
    encrypted.set_port(port).ok()?;
    let place = places(&encrypted).into_iter().next()?;
    let mut endpoint = endpoint(&place, With::default())?;
    // Whose certificate it has does not matter here: nothing is shown, and nothing of the answer is used.
    endpoint.insecure = true;
    match Client::new(endpoint, Auth::None, net).send(&Request::get("/"), Class::Person).await {
        Err(failure) if !is_an_answer(failure.kind) && !is_refusal(failure.kind) => None,
        _ => Some(encrypted),
    }
}

/// Errors with why nobody known answered, and whether it looks as if the scheme were wrong.
async fn ask(url: &Url, with: With<'_>, net: &Net) -> Result<Recognised, (Failure, bool)> {
    let (mut refused, mut said, mut odd) = (None, None, false);
    for place in places(url) {
        let Some(endpoint) = endpoint(&place, with) else { continue };
        let client = Client::new(endpoint, Auth::Bearer, net);
        for product in Product::ASKED {
            match client.send(&product.question(), Class::Person).await {
                Ok(response) => {
                    if response.status == BAD {
                        odd = true;
                        said = said.or_else(|| response.words().map(|words| (response.status, words)));
                    }
                    if let Some(Said { version }) = product.answered(&response) {
                        let depth =
                            place.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
                        let repository = repository(*product, url, depth.count());
                        return Ok(Recognised { product: *product, version, base: Some(place), repository });
                    }
                }
                // Another path may be there all the same.
                Err(failure) if is_an_answer(failure.kind) => odd |= failure.kind == FailureKind::Unreadable,
                Err(failure) if is_refusal(failure.kind) => {
                    refused.get_or_insert(failure);
                }
                Err(failure) => {
                    let broken = failure.kind == FailureKind::Broken;
                    return Err((failure, broken));
                }
            }
        }
    }
    let failure = refused.unwrap_or_else(|| {
        let known: Vec<_> = Product::ASKED.iter().map(|product| product.name()).collect();
        let mut what = format!("what answers at {} is none of {}", shown(url), known.join(", ")).into_bytes();
        if let Some((status, words)) = said {
            what.extend_from_slice(format!("; it says {status}: ").as_bytes());
            what.extend_from_slice(words.as_bytes());
        }
        Failure::new(FailureKind::NotFound, what)
            .advise("give the address at which a browser shows it, or write a [[source]] by hand")
    });
    Err((failure, odd))
}

/// Whether it wants to know who asks.
fn is_refusal(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Unauthorized | FailureKind::Forbidden)
}

/// Whether somebody answered, only not what was asked for.
fn is_an_answer(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::NotFound | FailureKind::Unreadable | FailureKind::Server | FailureKind::TooLarge
    )
}

/// An address for a message: without query and fragment.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// The repository that the address of a page leads to, where the product lies so deep.
fn repository(product: Product, url: &Url, depth: usize) -> Option<String> {
    let parts: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .skip(depth)
        .map(|part| part.trim_end_matches(".git"))
        .collect();
    match product {
        Product::GitHub => {
            // The API has them below `repos`.
            let parts = parts.strip_prefix(&["repos"]).unwrap_or(&parts);
            let [owner, name, ..] = parts else { return None };
            (!matches!(*owner, "orgs" | "api" | "settings")).then(|| format!("{owner}/{name}"))
        }
        Product::GitLab => {
            let own = parts.split(|part| *part == "-").next()?;
            (own.len() >= 2 && !matches!(own.first(), Some(&"groups" | &"api"))).then(|| own.join("/"))
        }
        Product::Alertmanager | Product::Prometheus | Product::Buildbot => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::net::authority::Authority;
    use crate::net::credential::Vault;
    use crate::net::server::{Server, answer, hear, json};

    type Headers = &'static [(&'static str, &'static str)];

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn net() -> Net {
        Net::new(Vault::new(&[], [], Arc::new(|| jiff::Timestamp::UNIX_EPOCH)))
    }

    async fn ask(address: &str) -> Result<Recognised, Failure> {
        recognise(&url(address), With::default(), &net()).await
    }

    /// A server that answers one path, in the vendor's own words.
    async fn serving(
        path: &'static str,
        headers: Headers,
        status: &'static str,
        body: &'static str,
    ) -> Server {
        Server::start(move |heard| {
            if heard.line().split(['?']).next() == Some(&format!("GET {path}")) {
                let json = [("content-type", "application/json")];
                answer(status, &[&json[..], headers].concat(), body)
            } else {
                answer("404 Not Found", &[("content-type", "text/plain")], "404 page not found\n")
            }
        })
        .await
    }

    #[tokio::test]
    async fn products_are_told_by_what_only_they_say() {
        let alertmanager = r#"{"cluster":{"name":"01J","peers":[],"status":"ready"},"config":{"original":"route: {}\n"},"uptime":"2026-11-20T08:00:00.000Z","versionInfo":{"branch":"HEAD","buildDate":"20250115","buildUser":"root@b","goVersion":"go1.23","revision":"e5ed8","version":"0.28.0"}}"#;
        let prometheus = r#"{"status":"success","data":{"version":"2.53.0","revision":"4c35b","branch":"HEAD","buildUser":"root@a","buildDate":"20240616","goVersion":"go1.22.4"}}"#;
        let builders = r#"{"builders":[{"builderid":1,"description":null,"masterids":[1],"name":"test","tags":[]}],"meta":{"total":7}}"#;
        let meta: Headers = &[("X-Gitlab-Meta", r#"{"correlation_id":"01K37","version":"1"}"#)];
        let request_id: Headers = &[("X-GitHub-Request-Id", "A1:B2")];
        let cases: [(_, Headers, _, _, _, Option<&str>); 6] = [
            ("/api/v2/status", &[], "200 OK", alertmanager, Product::Alertmanager, Some("0.28.0")),
            ("/api/v1/status/buildinfo", &[], "200 OK", prometheus, Product::Prometheus, Some("2.53.0")),
            (
                "/api/v4/version",
                meta,
                "401 Unauthorized",
                r#"{"message":"401 Unauthorized"}"#,
                Product::GitLab,
                None,
            ),
            (
                "/api/v4/version",
                &[],
                "200 OK",
                r#"{"version":"17.5.1-ee","revision":"a1b2"}"#,
                Product::GitLab,
                Some("17.5.1-ee"),
            ),
            (
                "/api/v3/meta",
                request_id,
                "200 OK",
                r#"{"verifiable_password_authentication":true,"installed_version":"3.14.2"}"#,
                Product::GitHub,
                Some("3.14.2"),
            ),
            ("/api/v2/builders", &[], "200 OK", builders, Product::Buildbot, None),
        ];
        for (path, headers, status, body, product, version) in cases {
            let server = serving(path, headers, status, body).await;
            let found = ask(&server.url()).await.unwrap();
            assert_eq!((found.product, found.version), (product, version.map(RawText::from)), "{path}");
            assert_eq!(found.base.unwrap().as_str(), format!("{}/", server.url()));
        }
    }

    #[tokio::test]
    async fn an_own_authority_is_named_by_a_file_and_stands_in_the_table() {
        let authority = Authority::new("shop authority");
        let body = r#"{"status":"success","data":{"version":"3.0.1"}}"#;
        let server =
            Server::start_tls(authority.server(&["127.0.0.1"], (2020, 2090)), move |_| json(body)).await;
        let failure = ask(&server.url()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Tls, "{failure:?}");
        assert!(failure.advice.unwrap().as_str().unwrap().contains(crate::net::AS_CA));

        let mut ca = tempfile::NamedTempFile::new().unwrap();
        ca.write_all(authority.pem().as_bytes()).unwrap();
        let with = With { ca: ca.path().to_str(), ..With::default() };
        let found = recognise(&url(&server.url()), with, &net()).await.unwrap();
        assert_eq!(found.product, Product::Prometheus);
        let table = found.source(with).unwrap().text(&mut std::collections::BTreeSet::new());
        assert!(table.ends_with(&format!("ca = {}\n", quoted(ca.path().to_str().unwrap()))), "{table}");
    }

    /// A server that speaks TLS, and to who does not says so as Go's does.
    async fn encrypting() -> (String, tokio::task::JoinHandle<()>) {
        let config = Authority::new("shop authority").server(&["127.0.0.1"], (2020, 2090));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut first = [0];
                stream.peek(&mut first).await.unwrap();
                if first == [0x16] {
                    let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                    hear(&mut stream).await;
                    stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                } else {
                    hear(&mut stream).await;
                    // net/http/server.go, and what goes to the log of everybody who mistypes it.
                    let said =
                        b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
                    stream.write_all(said).await.unwrap();
                }
            }
        });
        (address, task)
    }

    #[tokio::test]
    async fn plain_http_where_tls_is_spoken_is_told_in_the_servers_words_and_with_https() {
        let (address, task) = encrypting().await;
        let failure = ask(&format!("http://{address}/graph")).await.unwrap_err();
        let said = failure.what.as_str().unwrap();
        assert!(said.ends_with("; it says 400: Client sent an HTTP request to an HTTPS server."), "{said}");
        let advice = format!("it speaks TLS on this port: give it as https://{address}/graph");
        assert_eq!(failure.advice, Some(advice.into()));
        task.abort();

        // One that is odd by plain http, and no better by TLS.
        let odd = Server::start(|_| answer("400 Bad Request", &[], "wrong Host\nand more")).await;
        let failure = ask(&odd.url()).await.unwrap_err();
        assert!(failure.what.as_str().unwrap().ends_with("; it says 400: wrong Host"), "{failure:?}");
        assert!(!failure.advice.unwrap().as_str().unwrap().contains("TLS"));
    }

    #[tokio::test]
    async fn the_place_is_found_from_the_address_of_a_page() {
        let body = r#"{"status":"success","data":{"version":"3.0.1"}}"#;
        let server = serving("/monitoring/prom/api/v1/status/buildinfo", &[], "200 OK", body).await;
        let found = ask(&format!("{}/monitoring/prom/query?g0.expr=up#x", server.url())).await.unwrap();
        assert_eq!(found.base.unwrap().as_str(), format!("{}/monitoring/prom", server.url()));

        let meta: Headers = &[("X-Gitlab-Meta", "{}")];
        let server = serving("/git/api/v4/version", meta, "401 Unauthorized", "{}").await;
        let found = ask(&format!("{}/git/team/apps/web/-/pipelines/7", server.url())).await.unwrap();
        assert_eq!(found.repository.as_deref(), Some("team/apps/web"));
    }

    #[tokio::test]
    async fn who_is_not_known_or_does_not_answer_is_told_as_it_is() {
        let page =
            Server::start(|_| answer("200 OK", &[("content-type", "text/html")], "<html>hello</html>")).await;
        let failure = ask(&page.url()).await.unwrap_err();
        let told = "is none of Alertmanager, Prometheus, GitLab, GitHub, Buildbot";
        assert!(failure.what.as_str().unwrap().ends_with(told), "{failure:?}");
        assert_eq!(page.heard().len(), Product::ASKED.len());

        let odd = Server::start(|_| json("{\"status\":\"success\",\"data\":[]}")).await;
        assert_eq!(ask(&odd.url()).await.unwrap_err().kind, FailureKind::NotFound);

        let locked = Server::start(|_| answer("401 Unauthorized", &[], "who are you")).await;
        assert_eq!(ask(&locked.url()).await.unwrap_err().kind, FailureKind::Unauthorized);

        let (_socket, port) = crate::net::server::closed_port();
        assert_eq!(ask(&format!("http://127.0.0.1:{port}")).await.unwrap_err().kind, FailureKind::Refused);
    }

    #[test]
    fn github_is_known_by_its_name_and_pages_lead_to_repositories() {
        let repository = |text| by_name(&url(text)).and_then(|found| found.repository);
        assert_eq!(repository("https://github.com/shop/web/actions/runs/7").as_deref(), Some("shop/web"));
        assert_eq!(repository("https://github.com/shop/web.git").as_deref(), Some("shop/web"));
        assert_eq!(repository("https://api.github.com/repos/shop/web").as_deref(), Some("shop/web"));
        assert_eq!(repository("https://github.com/shop"), None);
        assert_eq!(repository("https://github.com/orgs/shop/repositories"), None);
        assert_eq!(by_name(&url("https://github.com.evil.test/a/b")), None);
        let gitlab = |text| super::repository(Product::GitLab, &url(text), 0);
        assert_eq!(gitlab("https://gitlab.com/group/sub/web/-/jobs"), Some("group/sub/web".into()));
        assert_eq!(gitlab("https://gitlab.com/group"), None);
    }

    #[test]
    fn what_is_found_becomes_a_table() {
        let found = |product, base: Option<&str>, repository: Option<&str>| Recognised {
            product,
            version: None,
            base: base.map(url),
            repository: repository.map(str::to_owned),
        };
        let table = |found: Recognised, credential| {
            found
                .source(With { credential, ..With::default() })
                .map(|source| source.text(&mut std::collections::BTreeSet::new()))
        };
        let text = table(found(Product::Alertmanager, Some("http://am:9093/x"), None), None).unwrap();
        let expected = "[[source]]\nname = \"alertmanager\"\nkind = \"alertmanager\"\nurl = \"http://am:9093/x\"\n\
                        allow_plaintext = true      # everybody on the way can read what is sent\n";
        assert_eq!(text, expected);
        let text = table(found(Product::GitHub, None, Some("shop/web")), Some("ci")).unwrap();
        assert!(text.ends_with("repos = [\"shop/web\"]\ncredential = \"ci\"\n"), "{text}");
        let text =
            table(found(Product::GitHub, Some("https://ghe.example.com/"), Some("a/b")), None).unwrap();
        assert!(text.ends_with("url = \"https://ghe.example.com/api/v3\"\n"), "{text}");
        let refused = table(found(Product::GitLab, Some("https://gitlab.com/"), None), None).unwrap_err();
        assert!(refused.as_str().contains("GROUP/NAME"), "{refused:?}");
    }

    #[test]
    fn places_are_few_however_long_the_path_is() {
        let found = places(&url("https://h/a/b//c/d/e/f?x#y"));
        let paths: Vec<_> = found.iter().map(Url::path).collect();
        assert_eq!(paths, ["/", "/a", "/a/b", "/a/b/c", "/a/b/c/d"]);
    }
}
