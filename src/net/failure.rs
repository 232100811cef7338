//! What went wrong, as the person reads it: a kind, the server's own words, and what to do.

use std::error::Error;
use std::io;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::address::Barred;
use super::credential::Mask;
use super::tls::Distrust;
use super::transport::CONNECT;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;

/// The server's own words are cut after so many characters.
const WORDS: usize = 200;
/// They are looked for in so many bytes.
pub(super) const MOST: usize = 64 << 10;

/// One request on its way, for messages.
#[derive(Clone)]
pub(super) struct Trip {
    /// `GET https://host/path`.
    pub(super) shown: String,
    /// `host:port`, which other sources may share.
    pub(super) host: String,
    /// The proxy.
    pub(super) proxy: Option<String>,
    /// What no message may say.
    pub(super) mask: Mask,
}

impl Trip {
    /// The same request, which the endpoint sent on to another place.
    pub(super) fn sent_on(self, to: &Url, proxy: Option<String>) -> Self {
        let host = to.host_str().unwrap_or_default();
        let host = format!("{host}:{}", to.port_or_known_default().unwrap_or_default());
        Self { shown: format!("{}, sent on to {host}", self.shown), host, proxy, ..self }
    }

    /// A failure of this request.
    pub(super) fn failure(&self, kind: FailureKind, what: impl AsRef<[u8]>) -> Failure {
        let mut text = self.shown.clone().into_bytes();
        text.extend_from_slice(b": ");
        text.extend_from_slice(what.as_ref());
        Failure::new(kind, RawText::from(text))
    }

    /// No answer, or not a whole one, in this time.
    pub(super) fn timed_out(&self, after: Duration) -> Failure {
        let what = format!("no answer in {} s", after.as_secs_f64());
        self.failure(FailureKind::TimedOut, what).because(format!("{} does not answer", self.host))
    }

    /// The failure that a status is. `words` are the server's own.
    pub(super) fn of_status(&self, status: u16, reason: &str, words: Option<RawText>) -> Failure {
        let kind = match status {
            401 => FailureKind::Unauthorized,
            403 => FailureKind::Forbidden,
            404 | 410 => FailureKind::NotFound,
            407 => FailureKind::Proxy,
            408 => FailureKind::TimedOut,
            413 => FailureKind::TooLarge,
            429 => FailureKind::Throttled,
            500.. => FailureKind::Server,
            _ => FailureKind::Unreadable,
        };
        let mut what = format!("{status} {reason}").trim_end().to_owned().into_bytes();
        if let Some(words) = words {
            what.extend_from_slice(b": ");
            what.extend_from_slice(words.as_bytes());
        }
        let failure = self.failure(kind, what);
        match kind {
            FailureKind::Unauthorized => {
                failure.advise("look whether the credential is right and has not expired")
            }
            FailureKind::Forbidden => {
                failure.advise("ask for the permission, or use a credential that has it")
            }
            FailureKind::NotFound => failure.advise(
                "look whether `url` is the address of the API, and at the names in the configuration; servers also say this of what the credential may not see",
            ),
            FailureKind::Proxy => self.of_proxy(failure, PROXY_LOGIN),
            _ => failure,
        }
    }

    fn of_proxy(&self, failure: Failure, advice: &str) -> Failure {
        let proxy = self.proxy.as_deref().unwrap_or("in between");
        failure.advise(advice).because(format!("the proxy {proxy}"))
    }

    /// The failure of an exchange that got no whole answer.
    pub(super) fn of_error(&self, error: reqwest::Error) -> Failure {
        // Its message would have the query.
        let error = error.without_url();
        let found = Found::of(&error);
        if let Some(Distrust { what, advice, cause }) = found.distrust {
            let mut failure = self.failure(FailureKind::Tls, what);
            failure.advice = advice.as_deref().map(RawText::from);
            failure.cause = cause.as_deref().map(RawText::from);
            return failure;
        }
        if let Some(tls) = found.tls {
            return self.of_tls(tls);
        }
        if let Some(barred) = found.barred {
            let failure = self.failure(FailureKind::Unreadable, format!("{barred}, {}", barred.who()));
            return match barred.advice() {
                Some(advice) => failure.advise(advice),
                None => failure,
            };
        }
        if let Some(proxy) = self.proxy.as_deref().filter(|_| error.is_connect()) {
            let what = match found.io {
                _ if error.is_timeout() => {
                    format!("the proxy {proxy} does not connect in {} s", CONNECT.as_secs())
                }
                _ if error.is_dns() => format!("the name of the proxy {proxy} has no address"),
                Some(io::ErrorKind::ConnectionRefused) => format!("the proxy {proxy} refused the connection"),
                _ => format!("the proxy {proxy} does not connect to {}: {}", self.host, found.deepest),
            };
            let advice = if found.deepest.contains("authorization") { PROXY_LOGIN } else { PROXY };
            return self.of_proxy(self.failure(FailureKind::Proxy, what), advice);
        }
        let unreachable = |failure: Failure| failure.because(format!("{} does not answer", self.host));
        if error.is_dns() {
            return self.of_name(&found.deepest);
        }
        if error.is_timeout() {
            let what = format!("no connection to {} in {} s", self.host, CONNECT.as_secs());
            return unreachable(self.failure(FailureKind::TimedOut, what)).advise(NO_WAY);
        }
        match found.io {
            Some(io::ErrorKind::ConnectionRefused) => {
                let what = format!("{} refused the connection: nothing listens there", self.host);
                return unreachable(self.failure(FailureKind::Refused, what))
                    .advise("look whether it runs, and at the port in `url`");
            }
            Some(io::ErrorKind::NotFound) => {
                return self
                    .failure(FailureKind::Missing, "there is no such socket")
                    .advise("look whether it runs, and at the path in `url`");
            }
            Some(io::ErrorKind::PermissionDenied) => {
                return self
                    .failure(FailureKind::Denied, "permission denied")
                    .advise("look at who may use it: `ls -l` of the socket and its folder");
            }
            Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
                let what = format!("no way to {}: {}", self.host, found.deepest);
                return unreachable(self.failure(FailureKind::Broken, what)).advise(NO_WAY);
            }
            _ => {}
        }
        match found.http {
            Some(Http::HeadTooLarge) => {
                self.failure(FailureKind::TooLarge, "the answer's headers are too large")
            }
            Some(Http::Not) => self
                .failure(FailureKind::Unreadable, format!("the answer is not HTTP: {}", found.deepest))
                .advise("look at scheme and port in `url`"),
            Some(Http::Breaks) => {
                let what = format!("the answer breaks HTTP/2: {}", found.deepest);
                self.failure(FailureKind::Unreadable, what)
            }
            Some(Http::BreaksHead) => {
                let what = format!("the answer's headers are too large, or break HTTP/2: {}", found.deepest);
                self.failure(FailureKind::TooLarge, what)
            }
            Some(Http::GivenUp) => {
                let what = format!("the server gave the answer up: {}", found.deepest);
                self.failure(FailureKind::Broken, what)
            }
            Some(Http::Incomplete) => {
                self.failure(FailureKind::Broken, "the connection ended before the answer did")
            }
            None => self.failure(FailureKind::Broken, found.deepest),
        }
    }

    fn of_name(&self, deepest: &str) -> Failure {
        let name = self.host.rsplit_once(':').map_or(self.host.as_str(), |(name, _)| name);
        // EAI_AGAIN: it is not the name, nobody can be asked.
        if deepest.contains("emporary failure") || deepest.contains("Try again") {
            return self
                .failure(FailureKind::Unresolved, format!("nobody could be asked for the address of {name}"))
                .advise("look at /etc/resolv.conf and at the network")
                .because("no name server answers");
        }
        self.failure(FailureKind::Unresolved, format!("the name {name} has no address")).advise(
            "look at the host in `url`; a name of the company's network may need its VPN or its name server",
        )
    }

    fn of_tls(&self, error: &rustls::Error) -> Failure {
        use rustls::{AlertDescription as Alert, Error as Tls, InvalidMessage};
        let (what, advice) = match error {
            Tls::InvalidMessage(InvalidMessage::InvalidContentType) => (
                "it does not speak TLS on this port".to_owned(),
                Some("look at the port in `url`, and whether it should be http"),
            ),
            Tls::AlertReceived(
                Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::CertificateRevoked
                | Alert::UnsupportedCertificate
                | Alert::UnknownCA
                | Alert::AccessDenied,
            ) => (
                format!("the server did not accept our certificate ({error})"),
                Some(
                    "look at `client_cert` and `client_key`: there, not expired, and of the right authority",
                ),
            ),
            Tls::AlertReceived(Alert::ProtocolVersion | Alert::InsufficientSecurity)
            | Tls::PeerIncompatible(_) => (
                format!("the server has no TLS that is still safe: 1.2 or 1.3 is needed ({error})"),
                Some("have TLS 1.2 turned on there"),
            ),
            Tls::AlertReceived(Alert::UnrecognisedName) => (
                "the server does not know this name".to_owned(),
                Some("look at the host in `url`, or write `server_name`"),
            ),
            Tls::InvalidCertificate(_) => (format!("the server's certificate is not good: {error}"), None),
            _ => (format!("TLS failed: {error}"), None),
        };
        let failure = self.failure(FailureKind::Tls, what);
        match advice {
            Some(advice) => failure.advise(advice),
            None => failure,
        }
    }
}

const NO_WAY: &str = "look whether a VPN, a tunnel or a proxy leads there, and what a firewall lets through";
const PROXY: &str =
    "look at the proxy, and whether it lets us through; `proxy` and NO_PROXY say what goes through it";
const PROXY_LOGIN: &str = "look at the user and password in the proxy's address";

/// What an error is made of, from its outside to its cause.
#[derive(Default)]
struct Found<'a> {
    deepest: String,
    io: Option<io::ErrorKind>,
    tls: Option<&'a rustls::Error>,
    distrust: Option<&'a Distrust>,
    barred: Option<&'a Barred>,
    http: Option<Http>,
}

/// What is wrong with an answer as HTTP.
#[derive(Clone, Copy)]
enum Http {
    HeadTooLarge,
    Not,
    Incomplete,
    /// Something in it may not be so in HTTP/2.
    Breaks,
    /// The library says the same of headers that are too long and of those that are malformed.
    BreaksHead,
    /// The server reset it, or went away.
    GivenUp,
}

impl Http {
    fn of_frames(error: &h2::Error) -> Option<Self> {
        match error.reason() {
            // So the library ends headers that are too long.
            Some(h2::Reason::ENHANCE_YOUR_CALM | h2::Reason::COMPRESSION_ERROR) if error.is_library() => {
                Some(Self::HeadTooLarge)
            }
            Some(h2::Reason::PROTOCOL_ERROR) if error.is_library() && error.is_reset() => {
                Some(Self::BreaksHead)
            }
            Some(_) if error.is_library() => Some(Self::Breaks),
            Some(_) if error.is_remote() => Some(Self::GivenUp),
            _ => None,
        }
    }
}

impl<'a> Found<'a> {
    fn of(error: &'a (dyn Error + 'static)) -> Self {
        let mut found = Self::default();
        let mut next = Some(error);
        while let Some(error) = next {
            found.deepest = error.to_string();
            found.look(error);
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                // An I/O error that wraps another gives its cause's cause, and not its cause.
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        found
    }

    fn look(&mut self, error: &'a (dyn Error + 'static)) {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            self.io = Some(error.kind());
            if error.kind() == io::ErrorKind::UnexpectedEof {
                self.http = self.http.or(Some(Http::Incomplete));
            }
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            self.tls = Some(error);
            if let rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) = error {
                self.distrust = other.0.downcast_ref();
            }
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            let found = match error {
                // hyper tells this apart for servers only.
                _ if error.is_parse() && error.to_string().contains("too large") => Some(Http::HeadTooLarge),
                _ if error.is_parse() => Some(Http::Not),
                _ if error.is_incomplete_message() => Some(Http::Incomplete),
                _ => None,
            };
            self.http = self.http.or(found);
        }
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            self.http = self.http.or(Http::of_frames(error));
        }
        self.barred = self.barred.or(error.downcast_ref());
    }
}

/// What a server says about its refusal: the usual members of a JSON error, or the first line of text.
/// Without what `mask` knows.
pub(super) fn words(body: &[u8], mask: &Mask) -> Option<RawText> {
    // What matters is said at the beginning.
    let body = body.get(..MOST).unwrap_or(body);
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(json) => said(&json)?,
        Err(_) if looks_like_html(body) => title(body)?,
        Err(_) => {
            String::from_utf8_lossy(body).lines().map(str::trim).find(|line| !line.is_empty())?.to_owned()
        }
    };
    let text = brief(text.trim(), mask);
    (!text.is_empty()).then(|| text.into())
}

/// The first characters of a text, without what `mask` knows: also a secret that would be cut in two.
pub(super) fn brief(text: &str, mask: &Mask) -> String {
    let text = mask.text(text);
    let mut characters = text.chars();
    let mut brief: String = characters.by_ref().take(WORDS).collect();
    if characters.next().is_some() {
        brief.push_str("...");
    }
    brief
}

fn said(json: &Value) -> Option<String> {
    let usual =
        ["message", "error_description", "detail", "error", "errors", "errorMessages", "reason", "title"];
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.iter().find_map(said),
        Value::Object(members) => usual.iter().find_map(|name| said(members.get(*name)?)),
        _ => None,
    }
}

/// Whether a body is a page for a browser.
pub(super) fn looks_like_html(body: &[u8]) -> bool {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    begins(b"<!doctype html") || begins(b"<html") || begins(b"<head")
}

fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let start = from + lower.get(from..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    text.get(start..end).map(str::to_owned)
}
