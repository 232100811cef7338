//! Sources that are asked again and again: a vendor's sans-I/O part, and the task that runs it.
//!
//! A vendor says what to ask and what an answer means; it does no I/O and knows no clock, so it is
//! tested on pages, captured or after the vendor's description. When, how often, with which budget and what after a failure is decided
//! here, once for all vendors; everything below a request is the room `net`.

mod detail;
mod driver;
mod listen;
mod round;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use detail::unknown;
pub(in crate::source) use round::of_part;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, Gives, Snapshot};
use crate::net::client::{Class, Client};
use crate::net::events::{Event, EventStream};
use crate::net::exchange::{Request, Response};
use crate::source::Source;
use crate::source::outlet::Outlet;

/// What a vendor's endpoint is asked and how its answers are read.
///
/// A *round* begins with [`Vendor::round`], goes on with what [`Vendor::accept`] asks for besides, and
/// ends with [`Vendor::snapshot`]. Rounds of one source never overlap.
pub trait Vendor: Send + Sync + 'static {
    /// What is known between rounds: the last good rows of each part.
    type State: Default + Send + 'static;
    /// What a request is for.
    type Tag: Clone + Send + Sync + 'static;

    /// What it gives.
    const GIVES: &'static [Gives];
    /// How often it is asked if nothing is configured.
    const EVERY: Duration;

    /// The first requests of a round. `backfill` is set in the first round and after a gap: what
    /// happened since then is wanted too, where the vendor keeps it.
    fn round(
        &self,
        state: &mut Self::State,
        now: Timestamp,
        backfill: Option<Timestamp>,
    ) -> Vec<Ask<Self::Tag>>;

    /// Takes an answer.
    ///
    /// Errors when it cannot be read.
    fn accept(
        &self,
        state: &mut Self::State,
        ask: &Ask<Self::Tag>,
        response: &Response,
        now: Timestamp,
    ) -> Result<Took<Self::Tag>, Failure>;

    /// The answer to a conditional request is the one from before. Returns what has to be asked
    /// besides.
    fn unchanged(&self, _state: &mut Self::State, _ask: &Ask<Self::Tag>) -> Vec<Ask<Self::Tag>> {
        Vec::new()
    }

    /// Adds to what went wrong with a request what only the vendor knows, such as the permission that
    /// a credential needs.
    fn explain(&self, _ask: &Ask<Self::Tag>, failure: Failure) -> Failure {
        failure
    }

    /// What is not shown although every answer was good, such as the rest of a list that is too long.
    fn left_out(&self, _state: &Self::State) -> Vec<Failure> {
        Vec::new()
    }

    /// What says by itself when it is worth looking: an answer of events that has no end. While it is
    /// heard, rounds are rarer.
    fn events(&self) -> Option<Request> {
        None
    }

    /// Whether this event means that there is something new to see.
    fn is_news(&self, _state: &Self::State, _event: &Event) -> bool {
        true
    }

    /// What all answers together say.
    fn snapshot(&self, state: &mut Self::State, now: Timestamp) -> Snapshot;

    /// How a detail is fetched; `None` where there is none of that name.
    fn detail(&self, _state: &Self::State, _key: &DetailKey) -> Option<Ask<Self::Tag>> {
        None
    }

    /// Takes an answer to what a detail asked for.
    ///
    /// Errors when it cannot be read.
    fn accept_detail(
        &self,
        _state: &mut Self::State,
        key: &DetailKey,
        _ask: &Ask<Self::Tag>,
        _response: &Response,
    ) -> Result<Fetched<Self::Tag>, Failure> {
        Err(unknown(key))
    }
}

/// A request, and what its answer is for.
#[derive(Clone, Debug)]
pub struct Ask<T> {
    /// What is sent.
    pub request: Request,
    /// What it is for.
    pub tag: T,
    /// The part of the source that is missing if this fails: `repo shop/checkout`. Without one, the
    /// whole source fails.
    pub part: Option<RawText>,
    /// Whether every one of the source's `urls` is asked, or the first that works.
    pub every_peer: bool,
    /// Which of `urls` this is asked of, once every one is.
    pub peer: usize,
    /// Whether an unchanged answer need not be sent again (`ETag`).
    pub conditional: bool,
}

impl<T> Ask<T> {
    /// Asks the first of `urls` that works; the source fails if this does.
    pub fn new(tag: T, request: Request) -> Self {
        Self { request, tag, part: None, every_peer: false, peer: 0, conditional: false }
    }

    /// Only this part fails if this does.
    #[must_use]
    pub fn part(mut self, part: impl Into<RawText>) -> Self {
        self.part = Some(part.into());
        self
    }

    /// Asks every one of `urls`; it works if one of them does.
    #[must_use]
    pub fn of_every_peer(mut self) -> Self {
        self.every_peer = true;
        self
    }

    /// An unchanged answer need not be sent again: what it said is still known.
    #[must_use]
    pub fn conditional(self) -> Self {
        self.conditional_if(true)
    }

    /// The same, where it is known.
    #[must_use]
    pub fn conditional_if(mut self, is_known: bool) -> Self {
        self.conditional = is_known;
        self
    }
}

/// What an answer led to.
#[derive(Clone, Debug)]
pub struct Took<T> {
    /// What has to be asked besides: the next page, the jobs of a run.
    pub more: Vec<Ask<T>>,
    /// What of it could not be read, while the rest could.
    pub trouble: Option<Failure>,
}

impl<T> Default for Took<T> {
    fn default() -> Self {
        Self { more: Vec::new(), trouble: None }
    }
}

/// What an answer made of a detail.
#[derive(Clone, Debug)]
pub enum Fetched<T> {
    /// This is asked next.
    More(Ask<T>),
    /// It is whole.
    Done(Detail),
    /// It grows: this much is there, and it is asked for again after so long.
    Growing(Detail, Duration, Ask<T>),
}

/// An answer on its way.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send + 'a>>;

/// Events that are on their way.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Events>, Failure>> + Send + 'a>>;

/// The next event; `None` at the end.
pub type NextEvent<'a> = Pin<Box<dyn Future<Output = Result<Option<Event>, Failure>> + Send + 'a>>;

/// An open answer of events.
pub trait Events: Send {
    /// What comes next. Dropping the wait loses nothing.
    fn next(&mut self) -> NextEvent<'_>;
}

impl Events for EventStream {
    fn next(&mut self) -> NextEvent<'_> {
        Box::pin(self.next())
    }
}

/// What carries requests to the source's endpoint.
pub trait Transport: Send + Sync {
    /// How many peers there are (`urls`).
    fn peers(&self) -> usize;

    /// How long one answer may take to begin.
    fn patience(&self) -> Duration;

    /// What keeps requests from being sent, if anything does.
    fn held_up(&self) -> Option<Failure> {
        None
    }

    /// Sends a request to one peer, or to the first that works.
    fn send<'a>(&'a self, peer: Option<usize>, request: &'a Request, class: Class) -> Answer<'a>;

    /// Opens an answer of events.
    fn open<'a>(&'a self, request: &'a Request) -> Opening<'a>;

    /// Waits until what was used to log in has changed.
    fn renewed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl Transport for Client {
    fn peers(&self) -> usize {
        self.endpoints()
    }

    fn patience(&self) -> Duration {
        self.patience()
    }

    fn held_up(&self) -> Option<Failure> {
        self.held_up()
    }

    fn send<'a>(&'a self, peer: Option<usize>, request: &'a Request, class: Class) -> Answer<'a> {
        Box::pin(async move {
            match peer {
                Some(peer) => self.send_to(peer, request, class).await,
                None => self.send(request, class).await,
            }
        })
    }

    fn open<'a>(&'a self, request: &'a Request) -> Opening<'a> {
        Box::pin(async move {
            let stream = self.open(request, Class::Poll).await?;
            if stream.status() == 204 {
                // By the standard: do not come back.
                let what = format!("GET {}: 204 No Content: it gives no events", request.path);
                return Err(Failure::new(FailureKind::NotFound, what));
            }
            Ok(Box::new(EventStream::new(stream)) as Box<dyn Events>)
        })
    }

    fn renewed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.renewed())
    }
}

/// A vendor's source that is configured.
pub struct Poll<V> {
    vendor: V,
    transport: Box<dyn Transport>,
    every: Duration,
}

impl<V: Vendor> Poll<V> {
    /// A source that asks every so often.
    pub fn new(vendor: V, transport: impl Transport + 'static, every: Duration) -> Self {
        Self { vendor, transport: Box::new(transport), every }
    }
}

impl<V: Vendor> Source for Poll<V> {
    fn gives(&self) -> &'static [Gives] {
        V::GIVES
    }

    fn held_up(&self) -> Option<Failure> {
        self.transport.held_up()
    }

    fn run(self: Arc<Self>, outlet: Outlet) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(driver::drive(self, outlet))
    }
}
