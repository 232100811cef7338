//! Where a networked source is reached, and how: the keys that all such kinds share.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;
use url::{Host, Url};

use super::origin::ConfigError;
use super::table::Table;
use super::units::Period;

/// What `insecure_skip_verify` has to say, so that nobody copies it without reading it.
const UNDERSTOOD: &str = "I understand";

/// Headers that the connection itself needs; a configured one would break or deceive it.
const RESERVED: &[&str] = &[
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "accept-encoding",
    "range",
    "proxy-authorization",
];

/// The keys as written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// Its address: `https://host/path`, `http://127.0.0.1:9090` or `unix:/run/docker.sock`.
    url: Option<String>,
    /// Several addresses of one service, instead of `url`; the first that works is asked.
    #[serde(default)]
    urls: Vec<String>,
    /// The `[[credential]]` that it is asked with.
    credential: Option<String>,
    /// How the credential is shown, if not in the kind's usual way: `bearer`, `basic` or `header:NAME`.
    auth: Option<String>,
    /// Headers sent with every request. A value may be `credential:NAME`, `env:NAME` or `file:/path`.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// `none`, `env` (the default: the variables `HTTPS_PROXY`, `NO_PROXY` and so on) or the proxy's
    /// `http://`, `https://` or `socks5h://` address. This machine itself is always asked directly.
    proxy: Option<String>,
    /// A file of certificates (PEM) of authorities to trust beside those of this machine.
    ca: Option<PathBuf>,
    /// Trusts the authorities in `ca` only.
    #[serde(default)]
    ca_only: bool,
    /// A file with the certificate (PEM) that we show.
    client_cert: Option<PathBuf>,
    /// A file with its private key, if `client_cert` does not hold it.
    client_key: Option<PathBuf>,
    /// The name that the server is asked for, if it is not the host in `url`; for tunnels.
    server_name: Option<String>,
    /// `I understand`: does not check the server's certificate. Credentials are sent only if
    /// `pin_sha256` says which key it has.
    insecure_skip_verify: Option<String>,
    /// The SHA-256 of the only public key that the server may have (its `SubjectPublicKeyInfo`, as in RFC
    /// 7469), in base64 or hexadecimal. It stays the same when a certificate is renewed for the same key.
    pin_sha256: Option<String>,
    /// Allows `http://` to another machine: everybody on the way can read what is sent.
    #[serde(default)]
    allow_plaintext: bool,
    /// The `[[tunnel]]` that leads there.
    via: Option<String>,
    /// How long an answer may take, over all of `urls`; 30 s if not said, 10 s of them until it begins.
    timeout: Option<Period>,
}

/// One address of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// The URL that paths are appended to. It has no query, no fragment and no user.
    pub url: Url,
    /// The Unix socket to use instead of the host in `url`.
    pub socket: Option<PathBuf>,
}

impl Address {
    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        self.socket.is_some() || is_loopback(&self.url)
    }

    /// Whether everybody on the way can read what is asked and answered.
    pub fn is_readable(&self) -> bool {
        self.url.scheme() == "http" && !self.is_local()
    }

    /// As the person wrote it, for messages.
    pub fn shown(&self) -> String {
        match &self.socket {
            Some(path) => format!("unix:{}", path.display()),
            None => self.url.as_str().trim_end_matches('/').to_owned(),
        }
    }
}

/// Whether a URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical().is_loopback(),
        None => false,
    }
}

/// How a credential is shown to the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Presented {
    /// `Authorization: Bearer ...`
    Bearer,
    /// `Authorization: Basic ...`
    Basic,
    /// As the value of this header.
    Header(String),
}

/// Where the value of a header comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HeaderValue {
    /// As written.
    Text(String),
    /// From the `[[credential]]` of this name.
    Credential(String),
    /// From this variable of the environment.
    Variable(String),
    /// From this file, which only its owner may read.
    File(PathBuf),
}

/// Through what the endpoint is reached.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum ProxyChoice {
    /// Directly.
    None,
    /// As the variables of the environment say.
    #[default]
    Environment,
    /// Through this one.
    Url(Url),
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Environment => f.write_str("Environment"),
            Self::Url(url) => write!(f, "Url({})", shown_proxy(url)),
        }
    }
}

/// A proxy for messages, without its user and password.
pub fn shown_proxy(proxy: &Url) -> String {
    let port = proxy.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}", proxy.scheme(), proxy.host_str().unwrap_or_default())
}

/// Where a source is reached and how, with nothing wrong in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Endpoint {
    /// Where; at least one.
    pub addresses: Vec<Address>,
    /// The name of a `[[credential]]`.
    pub credential: Option<String>,
    /// How the credential is shown, if not as usual for the kind.
    pub auth: Option<Presented>,
    /// Headers of every request.
    pub headers: Vec<(String, HeaderValue)>,
    /// Through what.
    pub proxy: ProxyChoice,
    /// Authorities to trust.
    pub ca: Option<PathBuf>,
    /// Only those.
    pub ca_only: bool,
    /// The certificate that we show, and the file of its key.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    /// The name that the server is asked for, if it is not the URL's host.
    pub server_name: Option<String>,
    /// The server's certificate is not checked.
    pub insecure: bool,
    /// The SHA-256 of the only public key that the server may have.
    pub pin: Option<[u8; 32]>,
    /// Plain http to another machine is allowed.
    pub allow_plaintext: bool,
    /// The name of a `[[tunnel]]`.
    pub via: Option<String>,
    /// How long an answer may take.
    pub timeout: Option<Duration>,
}

impl Endpoint {
    /// What others on the way could do, because it is allowed here: nothing of it may be forgotten.
    pub fn exposed(&self) -> Vec<&'static str> {
        let plain = self.addresses.iter().any(Address::is_readable);
        [
            (plain, "everybody on the way can read what is asked and answered (plain http)"),
            (
                self.insecure && self.pin.is_none(),
                "anybody on the way could pose as the server (its certificate is not checked)",
            ),
        ]
        .into_iter()
        .filter_map(|(is_so, what)| is_so.then_some(what))
        .collect()
    }

    /// The names of the `[[credential]]` tables that it needs.
    pub fn credentials(&self) -> impl Iterator<Item = &str> {
        let headers = self.headers.iter().filter_map(|(_, value)| match value {
            HeaderValue::Credential(name) => Some(name.as_str()),
            _ => None,
        });
        self.credential.as_deref().into_iter().chain(headers)
    }

    /// An endpoint with this address alone; `None` if it is none.
    pub fn at(url: &str) -> Option<Self> {
        Some(Self {
            addresses: vec![address(url, None).ok()?],
            credential: None,
            auth: None,
            headers: Vec::new(),
            proxy: ProxyChoice::default(),
            ca: None,
            ca_only: false,
            client_cert: None,
            server_name: None,
            insecure: false,
            pin: None,
            allow_plaintext: false,
            via: None,
            timeout: None,
        })
    }
}

/// Reads the keys of one source. `usual` is the kind's own address, if it has one.
pub(super) fn read(
    table: &Table,
    usual: Option<&'static str>,
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Option<Endpoint> {
    let keys = match table.parse::<Keys>() {
        Ok(keys) => keys,
        Err(found) => {
            errors.extend(found);
            return None;
        }
    };
    let before = errors.len();
    let mut wrong =
        |key: &'static str, what: String| errors.push(table.error(key, format!("`{key}`: {what}")));

    let written: Vec<(&'static str, &str)> = match (&keys.url, keys.urls.as_slice()) {
        (Some(_), [_, ..]) => {
            wrong("urls", "there is `url` too; write one of them".to_owned());
            Vec::new()
        }
        (Some(url), []) => vec![("url", url.as_str())],
        (None, []) => {
            let Some(url) = usual else {
                let error = ConfigError::new(&table.origin, "`url` is missing");
                errors.push(error.help("write url = \"https://...\""));
                return None;
            };
            vec![("url", url)]
        }
        (None, urls) => urls.iter().map(|url| ("urls", url.as_str())).collect(),
    };
    let mut addresses = Vec::new();
    for (key, url) in written {
        match address(url, home) {
            Ok(address) => addresses.push((key, address)),
            Err(what) => wrong(key, what),
        }
    }
    for (key, address) in &addresses {
        if address.is_readable() && !keys.allow_plaintext {
            let what = "everybody on the way can read http; write https, or allow_plaintext = true";
            wrong(key, what.to_owned());
        }
    }

    let auth = keys.auth.as_deref().and_then(|text| presented(text).map_err(|what| wrong("auth", what)).ok());
    let mut headers = Vec::new();
    for (name, value) in keys.headers {
        match header(&name, &value, home) {
            Ok(value) => headers.push((name, value)),
            Err(what) => wrong("headers", what),
        }
    }
    let proxy = match keys.proxy.as_deref() {
        None | Some("env") => ProxyChoice::Environment,
        Some("none") => ProxyChoice::None,
        Some(url) => proxy(url).map_or_else(
            |what| {
                wrong("proxy", what);
                ProxyChoice::None
            },
            ProxyChoice::Url,
        ),
    };
    let mut file = |key: &'static str, path: Option<PathBuf>| {
        path.and_then(|path| absolute(&path, home).map_err(|what| wrong(key, what)).ok())
    };
    let ca = file("ca", keys.ca);
    let client_cert = file("client_cert", keys.client_cert);
    let client_key = file("client_key", keys.client_key);
    if keys.ca_only && ca.is_none() {
        wrong("ca_only", "it needs `ca`: the only authorities to trust".to_owned());
    }
    if client_key.is_some() && client_cert.is_none() {
        wrong("client_key", "it needs `client_cert`: the certificate of this key".to_owned());
    }
    let server_name = keys.server_name.filter(|name| {
        let good = Host::parse(name).is_ok_and(|host| matches!(host, Host::Domain(_)));
        if !good {
            wrong("server_name", format!("`{name}` is no host name"));
        }
        good
    });
    let pin = keys.pin_sha256.as_deref().and_then(|text| {
        let pin = fingerprint(text);
        if pin.is_none() {
            wrong("pin_sha256", "44 characters of base64 or 64 hexadecimal digits are needed".to_owned());
        }
        pin
    });
    let insecure = keys.insecure_skip_verify.is_some();
    if keys.insecure_skip_verify.is_some_and(|said| said != UNDERSTOOD) {
        let what = format!(
            "anybody on the way could pose as the server; to do it all the same write \"{UNDERSTOOD}\""
        );
        wrong("insecure_skip_verify", what);
    }
    let secret =
        keys.credential.is_some() || headers.iter().any(|(_, value)| !matches!(value, HeaderValue::Text(_)));
    if insecure && secret && keys.pin_sha256.is_none() {
        let what = "a credential is not sent to a server that nobody checks; add pin_sha256, or better `ca`";
        wrong("insecure_skip_verify", what.to_owned());
    }
    if keys.timeout.is_some_and(|Period(timeout)| timeout.is_zero()) {
        wrong("timeout", "0 leaves no time for an answer".to_owned());
    }
    (errors.len() == before).then(|| Endpoint {
        addresses: addresses.into_iter().map(|(_, address)| address).collect(),
        credential: keys.credential,
        auth,
        headers,
        proxy,
        ca,
        ca_only: keys.ca_only,
        client_cert: client_cert.map(|cert| (cert.clone(), client_key.unwrap_or(cert))),
        server_name,
        insecure,
        pin,
        allow_plaintext: keys.allow_plaintext,
        via: keys.via,
        timeout: keys.timeout.map(|Period(timeout)| timeout),
    })
}

fn address(text: &str, home: Option<&Path>) -> Result<Address, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        let socket = absolute(Path::new(path), home)?;
        let url = Url::parse("http://localhost/").map_err(|error| error.to_string())?;
        return Ok(Address { url, socket: Some(socket) });
    }
    let url = Url::parse(text).map_err(|error| format!("`{text}` is no URL ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}:` is not known; write https:, http: or unix:/path", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user is not written here; name a [[credential]] with `user`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("`?` and `#` are for the source to write; give the address before them".to_owned());
    }
    Ok(Address { url, socket: None })
}

fn proxy(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("`{text}` is neither `none` nor `env` nor a URL ({error})"))?;
    match url.scheme() {
        "http" | "https" | "socks5h" if url.has_host() => Ok(url),
        "socks5" => Err("write socks5h, so that names are looked up by the proxy".to_owned()),
        scheme => Err(format!("`{scheme}:` is not known; write http, https or socks5h")),
    }
}

fn presented(text: &str) -> Result<Presented, String> {
    match (text, text.strip_prefix("header:")) {
        ("bearer", _) => Ok(Presented::Bearer),
        ("basic", _) => Ok(Presented::Basic),
        (_, Some(name)) => header_name(name).map(|()| Presented::Header(name.to_owned())),
        _ => Err(format!("`{text}` is not a choice; one of bearer, basic, header:NAME")),
    }
}

fn header(name: &str, value: &str, home: Option<&Path>) -> Result<HeaderValue, String> {
    header_name(name)?;
    let (scheme, rest) = value.split_once(':').unwrap_or(("", ""));
    match scheme {
        "credential" => Ok(HeaderValue::Credential(rest.to_owned())),
        "env" => Ok(HeaderValue::Variable(rest.to_owned())),
        "file" => absolute(Path::new(rest), home).map(HeaderValue::File),
        "exec" | "op" | "vault-file" | "keyring" => {
            Err(format!("`{name}`: write credential:NAME, and how it is to be had in a [[credential]]"))
        }
        _ if value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) => {
            Ok(HeaderValue::Text(value.to_owned()))
        }
        _ => Err(format!("`{name}`: a header holds plain ASCII text in one line")),
    }
}

fn header_name(name: &str) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > 64 || !name.bytes().all(token) {
        return Err(format!("`{name}` is no name of a header"));
    }
    if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return Err(format!("`{name}` is written by the connection itself"));
    }
    Ok(())
}

fn absolute(path: &Path, home: Option<&Path>) -> Result<PathBuf, String> {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => Ok(home.join(rest)),
        _ if path.is_absolute() => Ok(path.to_owned()),
        _ => Err(format!("`{}`: a path from / or ~/ is needed", path.display())),
    }
}

/// A SHA-256 as RFC 7469 and curl (`sha256//`) write it, or in hexadecimal, with or without colons.
fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let bare = text.strip_prefix("sha256/").map_or(text, |rest| rest.trim_start_matches('/'));
    if let Some(bytes) = STANDARD.decode(bare).ok().and_then(|bytes| bytes.try_into().ok()) {
        return Some(bytes);
    }
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b':' | b' '))
        .map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::of_text;
    use super::super::sources::{Kind, SourceTable};
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Own {
        #[serde(rename = "project")]
        _project: Option<String>,
    }

    const KINDS: &[Kind] = &[
        Kind::of::<Own>("ci").networked(),
        Kind::of::<Own>("hub").networked_at("https://api.hub.example"),
        Kind::of::<Own>("file"),
    ];

    fn sources(kind: &str, keys: &str) -> Result<Vec<SourceTable>, Vec<String>> {
        let text = format!("[[source]]\nname = \"a\"\nkind = \"{kind}\"\n{keys}");
        let lines = |errors: Vec<ConfigError>| {
            errors.iter().flat_map(ConfigError::lines).map(|line| line.as_str().to_owned()).collect()
        };
        of_text(&"c".into(), &text, KINDS, None).map(|(sources, _)| sources).map_err(lines)
    }

    fn endpoint(keys: &str) -> Endpoint {
        sources("ci", keys).unwrap().remove(0).endpoint.unwrap()
    }

    /// What is said of `keys`, first line first, without its place.
    fn said(keys: &str) -> Vec<String> {
        let lines = sources("ci", keys).unwrap_err();
        lines.iter().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
    }

    #[test]
    fn all_keys_are_read_beside_those_of_the_kind() {
        let read = endpoint(
            r#"
            project = "shop"
            urls = ["https://ci-1.example/api", "https://ci-2.example:8443"]
            credential = "ci"
            auth = "header:X-Auth-Token"
            headers = { "X-Scope-OrgID" = "shop", "X-Api-Key" = "credential:key", "X-Var-Token" = "env:CI", "X-File-Token" = "file:/run/x" }
            proxy = "socks5h://127.0.0.1:1080"
            ca = "/etc/ssl/own.pem"
            ca_only = true
            client_cert = "/etc/ssl/me.pem"
            server_name = "ci.example"
            insecure_skip_verify = "I understand"
            pin_sha256 = "00:FF:00:ff:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01"
            via = "bastion"
            timeout = "90s"
            "#,
        );
        let shown: Vec<String> = read.addresses.iter().map(Address::shown).collect();
        assert_eq!(shown, ["https://ci-1.example/api", "https://ci-2.example:8443"]);
        assert_eq!(read.auth, Some(Presented::Header("X-Auth-Token".to_owned())));
        let of =
            |name: &str| read.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        assert_eq!(of("X-Scope-OrgID"), Some(HeaderValue::Text("shop".to_owned())));
        assert_eq!(of("X-Api-Key"), Some(HeaderValue::Credential("key".to_owned())));
        assert_eq!(of("X-Var-Token"), Some(HeaderValue::Variable("CI".to_owned())));
        assert_eq!(of("X-File-Token"), Some(HeaderValue::File("/run/x".into())));
        assert_eq!(
            read.client_cert,
            Some(("/etc/ssl/me.pem".into(), "/etc/ssl/me.pem".into())),
            "a file of both"
        );
        let pin = read.pin.unwrap();
        assert_eq!((&pin[..4], pin[31]), ([0, 255, 0, 255].as_slice(), 1));
        // The example of RFC 7469, as it is written there and for curl.
        let base64 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
        for text in [base64.to_owned(), format!("sha256//{base64}")] {
            let pin = endpoint(&format!("url = 'https://x'\npin_sha256 = '{text}'")).pin.unwrap();
            assert_eq!((pin[0], pin[31]), (0x2c, 0x24), "{text}");
        }
        assert_eq!(read.timeout, Some(Duration::from_secs(90)));
        assert_eq!(endpoint("url = 'unix:/run/docker.sock'").addresses[0].shown(), "unix:/run/docker.sock");
    }

    #[test]
    fn a_kind_may_have_an_address_of_its_own_or_none_at_all() {
        let mut hub = sources("hub", "").unwrap();
        assert_eq!(hub.remove(0).endpoint.unwrap().addresses[0].shown(), "https://api.hub.example");
        let mut own = sources("hub", "url = 'https://hub.own.example'").unwrap();
        assert_eq!(own.remove(0).endpoint.unwrap().addresses[0].shown(), "https://hub.own.example");
        assert_eq!(sources("file", "").unwrap().remove(0).endpoint, None);
        assert_eq!(said("")[..2], ["`url` is missing", "write url = \"https://...\""]);
        let lines = sources("file", "url = 'https://x'").unwrap_err();
        assert!(lines[0].contains("has no `url`"), "{lines:?}");
        let lines = sources("ci", "url = 'https://x'\nproxi = 'env'").unwrap_err();
        assert!(lines[0].contains("has no `proxi` (did you mean `proxy`?)"), "{lines:?}");
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_allowed() {
        for here in [
            "http://127.0.0.1:9090",
            "http://localhost",
            "http://[::1]:1",
            "http://prometheus.localhost",
            "unix:/run/x",
        ] {
            assert!(endpoint(&format!("url = '{here}'")).addresses[0].is_local(), "{here}");
        }
        for there in [
            "http://10.0.0.1",
            "http://localhost.evil.test",
            "http://127.0.0.1.nip.io",
            "http://notlocalhost",
        ] {
            assert!(
                said(&format!("url = '{there}'"))[0].contains("everybody on the way can read http"),
                "{there}"
            );
            endpoint(&format!("url = '{there}'\nallow_plaintext = true"));
            assert!(
                !said(&format!("url = '{there}'\nvia = 'bastion'")).is_empty(),
                "a tunnel begins on this machine"
            );
        }
    }

    #[test]
    fn each_mistake_is_told_with_what_to_write() {
        let at = |key: &str| said(&format!("url = 'https://x'\n{key}")).remove(0);
        for (keys, what) in [
            ("urls = ['https://y']", "`urls`: there is `url` too"),
            ("auth = 'digest'", "`auth`: `digest` is not a choice; one of bearer, basic, header:NAME"),
            ("auth = 'header:a b'", "`auth`: `a b` is no name of a header"),
            ("headers = { Host = 'x' }", "`headers`: `Host` is written by the connection itself"),
            ("headers = { X = \"a\\nb\" }", "`headers`: `X`: a header holds plain ASCII text in one line"),
            ("headers = { X-Token = 'exec:/bin/x' }", "`headers`: `X-Token`: write credential:NAME"),
            ("proxy = 'socks5://p'", "`proxy`: write socks5h, so that names are looked up by the proxy"),
            ("proxy = 'ftp://p'", "`proxy`: `ftp:` is not known"),
            ("proxy = 'off'", "`proxy`: `off` is neither `none` nor `env` nor a URL"),
            ("ca = 'own.pem'", "`ca`: `own.pem`: a path from / or ~/ is needed"),
            ("ca_only = true", "`ca_only`: it needs `ca`"),
            ("client_key = '/k'", "`client_key`: it needs `client_cert`"),
            ("server_name = '10.0.0.1'", "`server_name`: `10.0.0.1` is no host name"),
            ("server_name = 'a b'", "`server_name`: `a b` is no host name"),
            (
                "insecure_skip_verify = 'yes'",
                "`insecure_skip_verify`: anybody on the way could pose as the server",
            ),
            (
                "insecure_skip_verify = 'I understand'\ncredential = 'ci'",
                "`insecure_skip_verify`: a credential is not sent",
            ),
            (
                "insecure_skip_verify = 'I understand'\nheaders = { X-Token = 'env:T' }",
                "`insecure_skip_verify`: a credential is not sent",
            ),
            (
                "pin_sha256 = 'abc'",
                "`pin_sha256`: 44 characters of base64 or 64 hexadecimal digits are needed",
            ),
            ("timeout = '0s'", "`timeout`: 0 leaves no time for an answer"),
        ] {
            let said = at(keys);
            assert!(said.starts_with(what), "{keys}: {said}");
        }
        for (url, what) in [
            ("ci.example", "`url`: `ci.example` is no URL"),
            ("ftp://ci.example", "`url`: `ftp:` is not known; write https:, http: or unix:/path"),
            (
                "https://kim@ci.example",
                "`url`: a user is not written here; name a [[credential]] with `user`",
            ),
            ("https://ci.example/?a=b", "`url`: `?` and `#` are for the source to write"),
            ("unix:docker.sock", "`url`: `docker.sock`: a path from / or ~/ is needed"),
        ] {
            let said = said(&format!("url = '{url}'")).remove(0);
            assert!(said.starts_with(what), "{url}: {said}");
        }
    }
}
