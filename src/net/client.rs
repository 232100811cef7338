//! Asks an endpoint.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::zeroize::Zeroizing;
use tokio::time::timeout;

use super::Net;
use super::body::Body;
use super::credential::{Credential, name_in_vault};
use super::exchange::{Method, Request, Response, TOTAL, shown};
use super::failure;
use super::origin::Origin;
use super::transport;
use crate::config::endpoint::{Address, Endpoint, HeaderValue as Configured, Presented};
use crate::model::health::{Failure, FailureKind};

/// An answer has to begin in this time.
const HEADERS: Duration = Duration::from_secs(10);
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
/// The most bytes of an answer's headers.
const HEADER_BYTES: usize = 64 << 10;

/// How a kind of source presents a credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Auth {
    /// `Authorization: Bearer SECRET`.
    Bearer,
    /// `Authorization: Basic`, with the credential's user.
    Basic,
    /// The secret as the value of this header.
    Header(&'static str),
    /// `Authorization`, with this before the secret, such as `GenieKey ` or `Token token=`.
    Scheme(&'static str),
    /// Not at all.
    None,
}

/// For whom a request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// For nobody in particular: a source looks by itself.
    Poll,
    /// For a person who waits.
    Person,
}

/// The way to one endpoint. Clones share connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    usual: Auth,
    net: Net,
    pools: Vec<OnceLock<reqwest::Client>>,
    healthy: AtomicUsize,
}

impl Client {
    /// A client of this endpoint; `usual` is how its vendor wants a credential. Connects to nothing yet.
    pub fn new(endpoint: Endpoint, usual: Auth, net: &Net) -> Self {
        let pools = endpoint.addresses.iter().map(|_| OnceLock::new()).collect();
        let net = net.clone();
        Self(Arc::new(Inner { endpoint, usual, net, pools, healthy: AtomicUsize::new(0) }))
    }

    /// How many addresses the service has.
    pub fn endpoints(&self) -> usize {
        self.0.endpoint.addresses.len()
    }

    /// Asks the first address that works, beginning with the one that worked last.
    pub async fn send(&self, request: &Request, class: Class) -> Result<Response, Failure> {
        let count = self.endpoints();
        let first = self.0.healthy.load(Ordering::Relaxed);
        let mut failed = None;
        for index in (0..count).map(|step| (first + step) % count) {
            match self.send_to(index, request, class).await {
                Err(failure) if elsewhere(failure.kind, request.method) => failed = failed.or(Some(failure)),
                answer => {
                    self.0.healthy.store(index, Ordering::Relaxed);
                    return answer;
                }
            }
        }
        Err(failed.unwrap_or_else(|| Failure::new(FailureKind::Missing, "no address is configured")))
    }

    /// Asks the address of this index.
    pub async fn send_to(&self, index: usize, request: &Request, class: Class) -> Result<Response, Failure> {
        let inner = &*self.0;
        let _ = class;
        let (Some(address), Some(pool)) = (inner.endpoint.addresses.get(index), inner.pools.get(index))
        else {
            return Err(Failure::new(FailureKind::Missing, "no such address is configured"));
        };
        let total = inner.endpoint.timeout.unwrap_or(TOTAL);
        let shown = shown(request, &address.url);
        let late = |_| timed_out(&shown, total);
        timeout(total, inner.exchange(address, pool, request, &shown)).await.map_err(late)?
    }

    /// After an answer that the credential is not accepted: waits until it is worth another try.
    pub async fn renewed(&self) {
        let names = self.0.credentials();
        if names.is_empty() {
            // There is nothing that could change while we run.
            return std::future::pending().await;
        }
        for name in &names {
            self.0.net.vault().changed(name).await;
        }
    }
}

/// Whether another address of the same service may do better.
fn elsewhere(kind: FailureKind, method: Method) -> bool {
    match kind {
        FailureKind::Unresolved | FailureKind::Refused | FailureKind::Tls | FailureKind::Proxy => true,
        FailureKind::Broken | FailureKind::TimedOut | FailureKind::Server => method == Method::Get,
        _ => false,
    }
}

fn timed_out(shown: &str, after: Duration) -> Failure {
    let what = format!("{shown}: no answer in {} s", after.as_secs_f64());
    Failure::new(FailureKind::TimedOut, what)
}

impl Inner {
    async fn exchange(
        &self,
        address: &Address,
        pool: &OnceLock<reqwest::Client>,
        request: &Request,
        shown: &str,
    ) -> Result<Response, Failure> {
        let client = if let Some(client) = pool.get() {
            client
        } else {
            let built = transport::build(address.socket.as_deref())?;
            pool.get_or_init(|| built)
        };
        let (mut answer, shown_with) = self.ask(client, address, request, shown).await?;
        let mut refusal = None;
        if answer.status() == UNAUTHORIZED && !shown_with.is_empty() {
            refusal = self.refused(&shown_with).await.err();
            if refusal.is_none() {
                let (again, shown_with) = self.ask(client, address, request, shown).await?;
                if again.status() == UNAUTHORIZED {
                    refusal = self.refused(&shown_with).await.err();
                }
                answer = again;
            }
        }
        let headers = read_headers(shown, answer.headers())?;
        let status = answer.status();
        let header =
            |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let ahead = header("date").and_then(|date| clock_ahead(date, super::now()));

        let tail = if status.as_u16() == 200 { request.tail } else { None };
        let mut body = Body::new(shown, header("content-encoding"), request.most, tail)?;
        while let Some(piece) = answer.chunk().await.map_err(|error| failure::of_error(shown, error))? {
            body.push(shown, &piece)?;
        }
        let (bytes, skipped) = body.finish(shown)?;
        let code = status.as_u16();
        if !(status.is_success() || code == 304 || request.also.contains(&code)) {
            let failure = failure::of_status(shown, code, status.canonical_reason().unwrap_or(""), &bytes);
            // The server's words, and what is wrong with the credential: that is the cause.
            return Err(match refusal {
                Some(refusal) => Failure { what: failure.what, ..refusal },
                None => failure,
            });
        }
        let from = header("content-range").filter(|_| code == 206).and_then(range_start).unwrap_or(skipped);
        if request.wants_json() && status.is_success() && failure::looks_like_html(&bytes) {
            let what = format!("{shown}: unexpected content type: a page for a browser, not JSON");
            return Err(Failure::new(FailureKind::Unreadable, what).advise(LOGIN_PAGE));
        }
        Ok(Response::new(&address.url, request, code, headers, bytes).at(from, ahead))
    }

    /// Sends the request once; gives the beginning of the answer, and the credentials that were shown.
    async fn ask(
        &self,
        client: &reqwest::Client,
        address: &Address,
        request: &Request,
        shown: &str,
    ) -> Result<(reqwest::Response, Vec<Credential>), Failure> {
        let url = request.url(&address.url)?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut headers = own_headers(request)?;
        let credentials = self.add_secrets(&mut headers, &Origin::of(address)).await?;
        let mut building = client.request(method, url).headers(headers);
        if let Some(body) = &request.body {
            building = building.body(body.to_string());
        }
        let begins = self.endpoint.timeout.unwrap_or(HEADERS);
        let answer = timeout(begins, building.send()).await.map_err(|_| timed_out(shown, begins))?;
        Ok((answer.map_err(|error| failure::of_error(shown, error))?, credentials))
    }

    /// The server refused these: asks for others, once.
    ///
    /// Errors when one of them has no other.
    async fn refused(&self, credentials: &[Credential]) -> Result<(), Failure> {
        for credential in credentials {
            self.net.vault().rejected(credential).await?;
        }
        Ok(())
    }

    /// The names of the credentials that are shown, as the vault knows them.
    fn credentials(&self) -> Vec<String> {
        let headers = self.endpoint.headers.iter().filter_map(|(_, value)| name_in_vault(value));
        self.endpoint.credential.iter().cloned().chain(headers.map(Cow::into_owned)).collect()
    }

    /// Adds the configured headers and the credential, as far as `origin` may see them.
    async fn add_secrets(
        &self,
        headers: &mut HeaderMap,
        origin: &Origin,
    ) -> Result<Vec<Credential>, Failure> {
        let mut used = Vec::new();
        for (name, value) in &self.endpoint.headers {
            let value = match (value, self.net.vault().of_header(value).await?) {
                (Configured::Text(text), _) => sensitive(name, text)?,
                (_, Some(credential)) => {
                    let value = sensitive(name, credential.secret_for(origin)?)?;
                    used.push(credential);
                    value
                }
                (_, None) => continue,
            };
            headers.insert(name_of(name)?, value);
        }
        if let Some(name) = &self.endpoint.credential {
            let credential = self.net.vault().get(name).await?;
            if let Some((header, value)) = self.presented(&credential, origin)? {
                headers.insert(header, value);
                used.push(credential);
            }
        }
        Ok(used)
    }

    fn presented(
        &self,
        credential: &Credential,
        origin: &Origin,
    ) -> Result<Option<(HeaderName, HeaderValue)>, Failure> {
        let secret = credential.secret_for(origin)?;
        let basic = || {
            let user = credential.user().unwrap_or_default();
            format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))
        };
        let (header, text) = match (&self.endpoint.auth, self.usual) {
            (Some(Presented::Header(header)), _) => (header.as_str(), secret.to_owned()),
            (Some(Presented::Basic), _) | (None, Auth::Basic) => ("authorization", basic()),
            (None, Auth::Bearer) if credential.user().is_some() => ("authorization", basic()),
            (Some(Presented::Bearer), _) | (None, Auth::Bearer) => {
                ("authorization", format!("Bearer {secret}"))
            }
            (None, Auth::Header(header)) => (header, secret.to_owned()),
            (None, Auth::Scheme(before)) => ("authorization", format!("{before}{secret}")),
            (None, Auth::None) => return Ok(None),
        };
        let value = sensitive(&format!("credential {}", credential.name()), &Zeroizing::new(text))?;
        Ok(Some((name_of(header)?, value)))
    }
}

const LOGIN_PAGE: &str = "this is mostly a login page: look whether the credential is there and has not expired, and whether `url` is the address of the API";

fn name_of(name: &str) -> Result<HeaderName, Failure> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Failure::new(FailureKind::Unreadable, format!("`{name}` is no name of a header")))
}

fn sensitive(what: &str, secret: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(secret).map_err(|_| {
        let what = format!("{what}: it holds a line end or another character that a header cannot hold");
        Failure::new(FailureKind::Unreadable, what).advise("look at what the file or the helper gives")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The headers that are no secret.
fn own_headers(request: &Request) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let mut set = |name: &str, value: &str| -> Result<(), Failure> {
        let value = HeaderValue::from_str(value).map_err(|_| {
            let what = format!("header {name}: it would hold a character that a header cannot hold");
            Failure::new(FailureKind::Unreadable, what)
        })?;
        headers.insert(name_of(name)?, value);
        Ok(())
    };
    set("accept", request.accept)?;
    let range = match (request.range_from, request.tail) {
        (Some(first), _) => Some(format!("bytes={first}-")),
        (None, Some(last)) => Some(format!("bytes=-{last}")),
        (None, None) => None,
    };
    // A range counts bytes of what is sent: packed, it would count those of the packed form.
    set("accept-encoding", if range.is_some() { "identity" } else { "gzip" })?;
    if let Some(range) = range {
        set("range", &range)?;
    }
    if request.body.is_some() {
        set("content-type", "application/json")?;
    }
    if let Some(validator) = &request.validator {
        set("if-none-match", validator)?;
    }
    for (name, value) in &request.headers {
        set(name, value)?;
    }
    Ok(headers)
}

fn read_headers(shown: &str, map: &HeaderMap) -> Result<Vec<(String, String)>, Failure> {
    let bytes: usize = map.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > HEADER_BYTES {
        let what = format!("{shown}: the answer's headers are too large: {} KiB", bytes >> 10);
        return Err(Failure::new(FailureKind::TooLarge, what));
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(map.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect())
}

/// How far the clock of a `Date` header is ahead of `now`.
fn clock_ahead(date: &str, now: jiff::Timestamp) -> Option<jiff::SignedDuration> {
    let there = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    Some(there.duration_since(now))
}

/// The first byte of `bytes 100-199/1000`.
fn range_start(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

#[cfg(test)]
mod tests;
