//! Asks an endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::{Instant, sleep, timeout};

pub use super::exchange::{Auth, Class};

use super::body::Body;
use super::budget::{Came, Payer, Told, Verdict};
use super::credential::Credential;
use super::exchange::{Method, Request, Response};
use super::failure::{self, Trip};
use super::link::{Head, Link, Way};
use super::shown;
use super::stream::Stream;
use super::{Net, now};
use crate::config::endpoint::Endpoint;
use crate::model::health::{Failure, FailureKind};

/// An answer has to begin in this time,
const HEADERS: Duration = Duration::from_secs(10);
/// and to end in this. A configured time bounds both.
const TOTAL: Duration = Duration::from_secs(30);
/// What a server says about an error is read up to here, and for so long.
const ERROR_BYTES: usize = 64 << 10;
const ERROR_TIME: Duration = Duration::from_secs(5);
/// Polling waits so long for its share of the budget; if it takes longer it fails and comes again.
const PATIENCE: Duration = Duration::from_secs(20);
/// A person is told sooner.
const PATIENCE_OF_A_PERSON: Duration = Duration::from_secs(3);

/// The way to one endpoint. Clones share connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    usual: Auth,
    net: Net,
    links: Vec<Link>,
    healthy: AtomicUsize,
}

impl Client {
    /// A client of this endpoint; `usual` is how its vendor wants a credential. Connects to nothing yet.
    pub fn new(endpoint: Endpoint, usual: Auth, net: &Net) -> Self {
        let links =
            endpoint.addresses.iter().map(|address| Link::new(&endpoint, address, net.proxies())).collect();
        Self(Arc::new(Inner { endpoint, usual, net: net.clone(), links, healthy: AtomicUsize::new(0) }))
    }

    /// How many addresses the service has.
    pub fn endpoints(&self) -> usize {
        self.0.links.len()
    }

    /// After an answer that the credential is not accepted: waits until it is worth another try.
    pub async fn renewed(&self) {
        let names = shown::names(&self.0.endpoint);
        if names.is_empty() {
            // There is nothing that could change while we run.
            return std::future::pending().await;
        }
        for name in &names {
            self.0.net.vault().changed(name).await;
        }
    }

    /// Asks the first address that works, beginning with the one that worked last.
    pub async fn send(&self, request: &Request, class: Class) -> Result<Response, Failure> {
        let (count, first) = (self.endpoints(), self.0.healthy.load(Ordering::Relaxed));
        let mut failed = None;
        for index in (0..count).map(|step| (first + step) % count) {
            match self.send_to(index, request, class).await {
                Err(failure) if count > 1 && elsewhere(failure.kind, request.method) => {
                    failed = failed.or(Some(failure));
                }
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
        let (link, trip) = inner.link(index, request)?;
        inner.admit(link, &trip, request, class).await?;
        let total = inner.endpoint.timeout.unwrap_or(TOTAL);
        let whole = inner.exchange(link, &trip, request);
        timeout(total, whole).await.map_err(|_| trip.timed_out(total))?
    }

    /// Opens an answer that has no end, such as lines that are followed.
    pub async fn open(&self, request: &Request) -> Result<Stream, Failure> {
        let inner = &*self.0;
        let index = inner.healthy.load(Ordering::Relaxed);
        let (link, trip) = inner.link(index, request)?;
        inner.admit(link, &trip, request, Class::Person).await?;
        let (head, refusal) = inner.begin(link, &trip, request).await?;
        if !is_answer(head.status, request) {
            return Err(inner.refusal(link, &trip, request, head, refusal).await);
        }
        Ok(Stream::new(trip, head))
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

fn is_answer(status: u16, request: &Request) -> bool {
    let unchanged = status == 304 && request.validator.is_some();
    (200..300).contains(&status) || unchanged || request.also.contains(&status)
}

const LOGIN_PAGE: &str = "this is mostly a login page: look whether the credential is there and has not expired, and whether `url` is the address of the API";

impl Inner {
    fn link(&self, index: usize, request: &Request) -> Result<(&Link, Trip), Failure> {
        let link = self.links.get(index);
        let link = link.ok_or_else(|| Failure::new(FailureKind::Missing, "no such address is configured"))?;
        Ok((link, link.trip(request)))
    }

    fn payer(&self, link: &Link) -> Payer {
        let credential = self.endpoint.credential.clone().unwrap_or_default();
        Payer { host: link.base.origin().ascii_serialization(), credential }
    }

    /// Waits for this request's share of what the server allows.
    async fn admit(&self, link: &Link, trip: &Trip, request: &Request, class: Class) -> Result<(), Failure> {
        let patience = if class == Class::Poll { PATIENCE } else { PATIENCE_OF_A_PERSON };
        let (payer, until) = (self.payer(link), Instant::now() + patience);
        loop {
            let (wait, why) = match self.net.budgets().ask(&payer, &request.path, class, Instant::now()) {
                Verdict::Go => return Ok(()),
                Verdict::Later(wait) | Verdict::Never(wait) if Instant::now() + wait <= until => {
                    sleep(wait).await;
                    continue;
                }
                Verdict::Later(wait) => {
                    (wait, "not asked: the other half of the server's budget is kept for you")
                }
                Verdict::Never(wait) => (wait, "not asked: the server takes no more requests for now"),
            };
            return Err(again_in(trip.failure(FailureKind::Throttled, why), wait));
        }
    }

    /// Sends the request until an answer begins, through the tunnel if there is one.
    async fn begin(
        &self,
        link: &Link,
        trip: &Trip,
        request: &Request,
    ) -> Result<(Head, Option<Failure>), Failure> {
        let Some(tunnel) = &self.endpoint.via else { return self.ask(link, trip, request).await };
        self.net.tunnels().ready(tunnel).await?;
        let answer = self.ask(link, trip, request).await;
        let broken = |kind| {
            use FailureKind::{Broken, Refused, TimedOut, Tls};
            matches!(kind, Broken | Refused | TimedOut | Tls)
        };
        match answer {
            Err(failure) if broken(failure.kind) => {
                Err(self.net.tunnels().why_down(tunnel).await.unwrap_or(failure))
            }
            answer => answer,
        }
    }

    /// Sends the request, once more with another credential if it was not accepted. Gives what is wrong
    /// with the credential too, if that is it.
    async fn ask(
        &self,
        link: &Link,
        trip: &Trip,
        request: &Request,
    ) -> Result<(Head, Option<Failure>), Failure> {
        let begins = self.endpoint.timeout.unwrap_or(HEADERS);
        let way = Way { endpoint: &self.endpoint, proxies: self.net.proxies(), begins };
        let show = || shown::to(&link.origin, &self.endpoint, self.usual, self.net.vault());
        let shown = show().await?;
        let head = link.begin(&way, trip, request, &shown.headers).await?;
        if head.status != 401 || head.away || shown.credentials.is_empty() {
            return Ok((head, None));
        }
        if let Err(refusal) = self.refused(&shown.credentials).await {
            return Ok((head, Some(refusal)));
        }
        let shown = show().await?;
        let head = link.begin(&way, trip, request, &shown.headers).await?;
        let refusal = if head.status == 401 { self.refused(&shown.credentials).await.err() } else { None };
        Ok((head, refusal))
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

    async fn exchange(&self, link: &Link, trip: &Trip, request: &Request) -> Result<Response, Failure> {
        let (mut head, refusal) = self.begin(link, trip, request).await?;
        if !is_answer(head.status, request) {
            return Err(self.refusal(link, trip, request, head, refusal).await);
        }
        let came = if head.status == 304 { Came::Unchanged } else { Came::Answered };
        self.learn(link, request, &head, came);
        let received = now();
        let tail = if head.status == 200 { request.tail } else { None };
        let mut body = Body::new(trip, head.header("content-encoding"), request.most, tail)?;
        while let Some(piece) = head.rest.chunk().await.map_err(|error| trip.of_error(error))? {
            body.push(trip, &piece)?;
        }
        let (bytes, skipped) = body.finish(trip)?;
        let said_html = head.header("content-type").is_some_and(|media| media.contains("html"));
        let page = !bytes.is_empty() && (said_html || failure::looks_like_html(&bytes));
        if request.wants_json() && (200..300).contains(&head.status) && page {
            let what = "unexpected content type: a page for a browser, not JSON";
            return Err(trip.failure(FailureKind::Unreadable, what).advise(LOGIN_PAGE));
        }
        let response = Response::new(&link.base, request, head.status, head.headers, bytes);
        Ok(response.received(received).part(&trip.shown, skipped))
    }

    fn learn(&self, link: &Link, request: &Request, head: &Head, came: Came) -> Told {
        let told = Told::of(|name| head.header(name), now());
        self.net.budgets().learn(&self.payer(link), &request.path, &told, came, Instant::now());
        told
    }

    /// The failure of an answer that is none, with the server's own words.
    async fn refusal(
        &self,
        link: &Link,
        trip: &Trip,
        request: &Request,
        mut head: Head,
        credential: Option<Failure>,
    ) -> Failure {
        let body = error_body(trip, &mut head).await;
        let masked = self.net.vault().mask_bytes(&body);
        let words = failure::words(&masked);
        // GitHub says 403, "secondary rate limit" or "API rate limit exceeded", where others say 429.
        let limited = words
            .as_ref()
            .and_then(|words| words.as_str())
            .is_some_and(|words| words.to_ascii_lowercase().contains("rate limit"));
        let told = Told::of(|name| head.header(name), now());
        let throttled = head.status == 429 || (head.status == 403 && (limited || told.is_spent()));
        let told = self.learn(link, request, &head, if throttled { Came::Refused } else { Came::Answered });
        let mut failure = trip.of_status(head.status, head.reason, words);
        if throttled {
            failure.kind = FailureKind::Throttled;
            failure.advice = None;
            failure = failure.because(format!("{} takes no more requests for now", trip.host));
            return again_in(failure, told.wait());
        }
        if let Some(credential) = credential {
            // The server's words, and what is wrong with the credential: that is the cause.
            return Failure { what: failure.what, ..credential };
        }
        if head.status == 401 && shown::names(&self.endpoint).is_empty() {
            return failure.advise("it wants to know who asks: name a [[credential]] as `credential`");
        }
        match told.retry_after() {
            Some(wait) if head.status == 503 => again_in(failure, wait),
            _ => failure,
        }
    }
}

/// What came of the body of an error; an error in it is none.
async fn error_body(trip: &Trip, head: &mut Head) -> Vec<u8> {
    let Ok(mut body) = Body::new(trip, head.header("content-encoding"), Some(ERROR_BYTES), None) else {
        return Vec::new();
    };
    let read = async {
        while let Ok(Some(piece)) = head.rest.chunk().await {
            if body.push(trip, &piece).is_err() {
                break;
            }
        }
    };
    // What came in time is enough.
    let _ = timeout(ERROR_TIME, read).await;
    body.so_far()
}

/// A failure that ends by itself after `wait`.
fn again_in(failure: Failure, wait: Duration) -> Failure {
    let at = SignedDuration::try_from(wait).ok().and_then(|wait| now().checked_add(wait).ok());
    match at {
        Some(at) => failure.again_at(at),
        None => failure,
    }
}

#[cfg(test)]
mod tests;
