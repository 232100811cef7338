//! Asks an endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

pub use super::exchange::{Auth, Class};

use super::address::Reach;
use super::allowance::Allowance;
use super::body::Body;
use super::budget::{Came, Payer, Told, Verdict};
use super::credential::{Credential, Mask};
use super::events::MEDIA;
use super::exchange::{Method, Request, Response};
use super::failure::{self, Trip};
use super::link::{Head, Link, Way};
use super::shown;
use super::stream::Stream;
use super::{AS_CREDENTIAL, AS_USER, Net, now};
use crate::config::endpoint::Endpoint;
use crate::model::health::{Failure, FailureKind};

/// What a server says about an error is read for so long.
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
    /// Large answers of one source are read one after the other: several at once would be too much.
    large: Arc<Semaphore>,
}

/// Which address is asked, and what came of those before it.
struct Turns {
    index: usize,
    /// Addresses that were not asked yet.
    others: usize,
    time: Allowance,
    /// What the first of them failed with.
    failed: Option<Failure>,
}

impl Client {
    /// A client of this endpoint; `usual` is how its vendor wants a credential. Connects to nothing yet.
    pub fn new(endpoint: Endpoint, usual: Auth, net: &Net) -> Self {
        Self::reaching(endpoint, usual, net, Reach::All)
    }

    /// The same, where names may not have every address.
    pub(super) fn reaching(endpoint: Endpoint, usual: Auth, net: &Net, reach: Reach) -> Self {
        let link = |address| Link::new(&endpoint, address, net.proxies(), reach);
        let links = endpoint.addresses.iter().map(link).collect();
        Self(Arc::new(Inner {
            endpoint,
            usual,
            net: net.clone(),
            links,
            healthy: AtomicUsize::new(0),
            large: Arc::new(Semaphore::new(1)),
        }))
    }

    /// How many addresses the service has.
    pub fn endpoints(&self) -> usize {
        self.0.links.len()
    }

    /// How long one answer may take to begin.
    pub fn patience(&self) -> Duration {
        Allowance::begins(self.0.endpoint.timeout)
    }

    /// What keeps requests from being sent, if they wait for a credential.
    pub fn held_up(&self) -> Option<Failure> {
        let names = shown::names(&self.0.endpoint);
        names.iter().find_map(|name| self.0.net.vault().unanswered(name))
    }

    /// After an answer that the credential is not accepted: waits until it is worth another try.
    pub async fn renewed(&self) {
        let names = shown::names(&self.0.endpoint);
        if names.is_empty() {
            // There is nothing that could change while we run.
            return std::future::pending().await;
        }
        let origins: Vec<_> = self.0.links.iter().map(|link| link.origin.clone()).collect();
        for name in &names {
            self.0.net.vault().changed(name, &origins).await;
        }
    }

    /// Asks the first address that works, beginning with the one that worked last.
    pub async fn send(&self, request: &Request, class: Class) -> Result<Response, Failure> {
        let mut turns = self.0.turns();
        loop {
            let answer = self.0.exchange(turns.index, request, class, &mut turns.time).await;
            if let Some(settled) = self.0.settled(&mut turns, request.method, answer) {
                return settled;
            }
        }
    }

    /// Asks the address of this index.
    pub async fn send_to(&self, index: usize, request: &Request, class: Class) -> Result<Response, Failure> {
        let time = &mut Allowance::new(self.0.endpoint.timeout, 1);
        let answer = self.0.exchange(index, request, class, time).await;
        answer.map_err(|failure| self.0.mask().failure(failure))
    }

    /// Opens an answer that has no end, such as lines that are followed.
    pub async fn open(&self, request: &Request, class: Class) -> Result<Stream, Failure> {
        let mut turns = self.0.turns();
        loop {
            let answer = self.0.stream(turns.index, request, class, &mut turns.time).await;
            if let Some(settled) = self.0.settled(&mut turns, request.method, answer) {
                return settled;
            }
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

fn is_answer(status: u16, request: &Request) -> bool {
    let unchanged = status == 304 && request.validator.is_some();
    (200..300).contains(&status) || unchanged || request.also.contains(&status)
}

const LOGIN_PAGE: &str = "this is mostly a login page: look whether the credential is there and has not expired, and whether `url` is the address of the API";

impl Inner {
    fn mask(&self) -> &Mask {
        self.net.vault().mask()
    }

    fn link(&self, index: usize, request: &Request) -> Result<(&Link, Trip), Failure> {
        let link = self.links.get(index);
        let link = link.ok_or_else(|| Failure::new(FailureKind::Missing, "no such address is configured"))?;
        Ok((link, link.trip(request, self.mask())))
    }

    /// The addresses one after the other, beginning with the one that worked last. All of them together
    /// have the time of one.
    fn turns(&self) -> Turns {
        let (count, index) = (self.links.len(), self.healthy.load(Ordering::Relaxed));
        let time = Allowance::new(self.endpoint.timeout, count);
        Turns { index, others: count.saturating_sub(1), time, failed: None }
    }

    /// What came of a turn, if the next address is not asked.
    fn settled<T>(
        &self,
        turns: &mut Turns,
        method: Method,
        answer: Result<T, Failure>,
    ) -> Option<Result<T, Failure>> {
        let answer = match answer {
            Err(failure) if elsewhere(failure.kind, method) => {
                let next = (turns.index + 1) % self.links.len().max(1);
                // The next request begins there: this one may take all the time again.
                self.healthy.store(next, Ordering::Relaxed);
                let failure = turns.failed.get_or_insert(failure);
                if turns.others > 0 && !turns.time.is_over() {
                    (turns.index, turns.others) = (next, turns.others - 1);
                    turns.time.next_address();
                    return None;
                }
                Err(failure.clone())
            }
            answer => {
                self.healthy.store(turns.index, Ordering::Relaxed);
                answer
            }
        };
        Some(answer.map_err(|failure| self.mask().failure(failure)))
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
        time: &mut Allowance,
        packed: bool,
    ) -> Result<(Head, Option<Failure>), Failure> {
        let Some(tunnel) = &self.endpoint.via else {
            return self.ask(link, trip, request, time, packed).await;
        };
        self.net.tunnels().ready(tunnel, link.near.as_ref()).await?;
        let answer = self.ask(link, trip, request, time, packed).await;
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
        time: &mut Allowance,
        packed: bool,
    ) -> Result<(Head, Option<Failure>), Failure> {
        let way = Way { endpoint: &self.endpoint, proxies: self.net.proxies(), packed };
        let show = || shown::to(&link.origin, &self.endpoint, self.usual, self.net.vault());
        let shown = show().await?;
        let head = link.begin(&way, trip, request, &shown, time).await?;
        if head.status != 401 || head.away || shown.credentials.is_empty() {
            return Ok((head, None));
        }
        if let Err(refusal) = self.refused(link, &shown.credentials).await {
            return Ok((head, Some(refusal)));
        }
        let shown = show().await?;
        let head = link.begin(&way, trip, request, &shown, time).await?;
        let refusal =
            if head.status == 401 { self.refused(link, &shown.credentials).await.err() } else { None };
        Ok((head, refusal))
    }

    /// The server refused these: asks for others, once.
    ///
    /// Errors when one of them has no other.
    async fn refused(&self, link: &Link, credentials: &[Credential]) -> Result<(), Failure> {
        for credential in credentials {
            self.net.vault().rejected(credential, &link.origin).await?;
        }
        Ok(())
    }

    /// Sends the request until an answer begins that is no error. Only one that is read whole may be packed.
    async fn answered(
        &self,
        link: &Link,
        trip: &Trip,
        request: &Request,
        class: Class,
        time: &mut Allowance,
        packed: bool,
    ) -> Result<Head, Failure> {
        self.admit(link, trip, request, class).await?;
        let (head, refusal) = self.begin(link, trip, request, time, packed).await?;
        if !is_answer(head.status, request) {
            return Err(self.refusal(link, request, head, refusal).await);
        }
        let came = if head.status == 304 { Came::Unchanged } else { Came::Answered };
        self.learn(link, request, &head, came);
        Ok(head)
    }

    async fn stream(
        &self,
        index: usize,
        request: &Request,
        class: Class,
        time: &mut Allowance,
    ) -> Result<Stream, Failure> {
        let (link, trip) = self.link(index, request)?;
        let head = self.answered(link, &trip, request, class, time, false).await?;
        if request.accept == MEDIA || head.is_html() {
            let media = head.header("content-type").unwrap_or_default();
            let is_it = media
                .split(';')
                .next()
                .is_some_and(|media| media.trim().eq_ignore_ascii_case(request.accept));
            if !is_it && head.status != 204 {
                return Err(unexpected(&head.trip, request, media));
            }
        }
        Stream::new(head, request.quiet)
    }

    async fn exchange(
        &self,
        index: usize,
        request: &Request,
        class: Class,
        time: &mut Allowance,
    ) -> Result<Response, Failure> {
        let (link, trip) = self.link(index, request)?;
        let head = self.answered(link, &trip, request, class, time, true).await?;
        self.taken_in(link, head, request, time).await.map_err(|failure| request.lost(failure))
    }

    /// Reads what an answer brings.
    async fn taken_in(
        &self,
        link: &Link,
        mut head: Head,
        request: &Request,
        time: &mut Allowance,
    ) -> Result<Response, Failure> {
        let trip = &head.trip;
        let received = now();
        let tail = if head.status == 200 { request.tail } else { None };
        let mut body = Body::new(trip, head.header("content-encoding"), request.most, tail)?;
        let length = head.header("content-length").and_then(|length| length.parse::<u64>().ok());
        let mut turn = None;
        while let Some(piece) =
            time.go_on(trip, head.rest.chunk()).await?.map_err(|error| trip.of_error(error))?
        {
            body.push(trip, &piece)?;
            if turn.is_none() && body.is_large() {
                turn = time.go_on(trip, Arc::clone(&self.large).acquire_owned()).await?.ok().map(Arc::new);
                body.make_room(length);
            }
        }
        let (bytes, skipped) = body.finish(trip)?;
        let page = !bytes.is_empty() && (head.is_html() || failure::looks_like_html(&bytes));
        if request.wants_json() && (200..300).contains(&head.status) && page {
            return Err(unexpected(trip, request, "text/html"));
        }
        let Head { status, headers, trip, ends, spoken, .. } = head;
        let response = Response::new(&link.base, request, status, headers, bytes);
        Ok(response
            .received(received)
            .shown_until(ends)
            .spoken_in(Some(spoken))
            .part(trip, skipped)
            .turn(turn))
    }

    fn learn(&self, link: &Link, request: &Request, head: &Head, came: Came) -> Told {
        let told = Told::of(|name| head.header(name), now());
        // What another place says is not about the endpoint's budget.
        if !head.away {
            self.net.budgets().learn(&self.payer(link), &request.path, &told, came, Instant::now());
        }
        told
    }

    /// The failure of an answer that is none, with the server's own words.
    async fn refusal(
        &self,
        link: &Link,
        request: &Request,
        mut head: Head,
        credential: Option<Failure>,
    ) -> Failure {
        let words = failure::words(&error_body(&mut head).await, self.mask());
        // GitHub says 403, "secondary rate limit" or "API rate limit exceeded", where others say 429.
        let limited = words
            .as_ref()
            .and_then(|words| words.as_str())
            .is_some_and(|words| words.to_ascii_lowercase().contains("rate limit"));
        let told = Told::of(|name| head.header(name), now());
        let throttled = head.status == 429 || (head.status == 403 && (limited || told.is_spent()));
        let told = self.learn(link, request, &head, if throttled { Came::Refused } else { Came::Answered });
        let trip = &head.trip;
        let mut failure = trip.of_status(head.status, head.reason, words);
        if throttled {
            failure.kind = FailureKind::Throttled;
            failure.advice = None;
            failure = failure.because(format!("{} takes no more requests for now", trip.host));
            return again_in(failure, told.wait());
        }
        if head.away && matches!(head.status, 401 | 403) {
            // It was shown no credential: the link that leads there is not good, or not any more.
            failure.kind = FailureKind::Forbidden;
            return failure.advise("look at it again: such links are only good for a short time");
        }
        if let Some(credential) = credential {
            // The server's words, and what is wrong with the credential: that is the cause.
            return Failure { what: failure.what, ..credential };
        }
        if head.status == 401 && shown::names(&self.endpoint).is_empty() {
            let is_basic = |(name, value): &(String, String)| {
                let scheme = value.as_bytes().get(..5).unwrap_or_default();
                name == "www-authenticate" && scheme.eq_ignore_ascii_case(b"basic")
            };
            let advice = if head.headers.iter().any(is_basic) {
                format!("it wants a user and a password (HTTP Basic): {AS_USER}")
            } else {
                format!("it wants to know who asks: {AS_CREDENTIAL}")
            };
            return failure.advise(advice);
        }
        if matches!(head.status, 408 | 500..) {
            // A server that failed may have done it before, and a gateway that gave up knows nothing of it.
            failure = request.lost(failure);
        }
        match told.retry_after() {
            Some(wait) if head.status == 503 => again_in(failure, wait),
            _ => failure,
        }
    }
}

/// The failure of an answer of this media type where another one was wanted.
fn unexpected(trip: &Trip, request: &Request, media: &str) -> Failure {
    let what = match media {
        page if page.contains("html") => "a page for a browser".to_owned(),
        "" => "none".to_owned(),
        other => failure::brief(other, &trip.mask),
    };
    let wanted = if request.wants_json() { "JSON" } else { request.accept };
    let failure =
        trip.failure(FailureKind::Unreadable, format!("unexpected content type: {what}, not {wanted}"));
    failure.advise(LOGIN_PAGE)
}

/// What came of the body of an error; an error in it is none.
async fn error_body(head: &mut Head) -> Vec<u8> {
    let trip = &head.trip;
    let Ok(mut body) = Body::new(trip, head.header("content-encoding"), Some(failure::MOST), None) else {
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
mod http2;
#[cfg(test)]
mod tests;
