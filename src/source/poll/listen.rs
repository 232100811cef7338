//! Listens to what a source's server says by itself, between the rounds.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::round::of_part;
use super::{Events, Opening, Transport};
use crate::model::health::{Failure, FailureKind};
use crate::net::backoff::Backoff;
use crate::net::events::Event;
use crate::net::exchange::Request;

/// Who only asks once, as `check` and `status` do, is gone before a stream is opened.
const AT_FIRST: Duration = Duration::from_secs(1);
/// A stream that ends sooner did not work.
const STEADY: Duration = Duration::from_secs(10);
/// So many tries that failed follow each other soon, if what they failed with may pass by itself.
const TRIES: u32 = 5;
/// After these, and after what does not pass by itself, one is tried this rarely.
const RARELY: Duration = Duration::from_secs(300);

/// What the driver has to know.
#[derive(Debug)]
pub(super) enum Said {
    /// Something may have been missed, or there is something to tell: a look is due.
    Look,
    /// The server said this.
    Event(Event),
    /// It has ended and is opened again: as long as it is not, nothing is heard.
    Ended,
}

/// One stream of events, opened again and again.
pub(super) struct Listener<'a> {
    transport: &'a dyn Transport,
    request: &'a Request,
    state: State<'a>,
    backoff: Backoff,
    /// Tries in a row that failed.
    tries: u32,
    heard: bool,
    trouble: Option<Failure>,
}

enum State<'a> {
    /// It is opened then.
    Waiting(Instant),
    Opening(Opening<'a>),
    /// It is open; until this moment it is not known whether it lasts.
    Open(Box<dyn Events>, Option<Instant>),
}

impl<'a> Listener<'a> {
    /// A listener to what this request is answered with. Opens nothing yet.
    pub(super) fn new(transport: &'a dyn Transport, request: &'a Request) -> Self {
        let state = State::Waiting(Instant::now() + AT_FIRST);
        Self { transport, request, state, backoff: Backoff::default(), tries: 0, heard: false, trouble: None }
    }

    /// Whether what happens is told. A stream that is open and gives nothing, not even its beginning,
    /// may be held back by a proxy.
    pub(super) fn is_heard(&self) -> bool {
        self.heard
    }

    /// Why nothing is heard, if that is no passing thing, and how often is asked instead.
    pub(super) fn trouble(&self, every: Duration) -> Option<Failure> {
        let failure = of_part(&"events".into(), self.trouble.clone()?);
        let seconds = every.as_secs();
        let every = match seconds {
            120.. if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
            _ => format!("{seconds} s"),
        };
        let what = [failure.what.as_bytes(), format!(": asked every {every} instead").as_bytes()].concat();
        Some(Failure { what: what.into(), next_try: None, ..failure })
    }

    /// What comes next. Dropping the wait loses nothing.
    pub(super) async fn next(&mut self) -> Said {
        loop {
            match &mut self.state {
                State::Waiting(until) => {
                    sleep_until(*until).await;
                    self.state = State::Opening(self.transport.open(self.request));
                }
                State::Opening(opening) => match opening.await {
                    Ok(events) => {
                        self.state = State::Open(events, Some(Instant::now() + STEADY));
                        // Nobody heard what happened before.
                        return Said::Look;
                    }
                    Err(failure) => {
                        if self.failed(failure) {
                            return Said::Look;
                        }
                    }
                },
                State::Open(events, unsteady) => {
                    let until = *unsteady;
                    let Some(event) = within(until, events.next()).await else {
                        (*unsteady, self.tries) = (None, 0);
                        self.backoff.reset();
                        if self.trouble.take().is_some() {
                            return Said::Look;
                        }
                        continue;
                    };
                    let is_steady = until.is_none_or(|until| Instant::now() >= until);
                    match event {
                        Ok(Some(event)) => {
                            self.heard = true;
                            return Said::Event(event);
                        }
                        // It had nothing to say: that is no fault.
                        Err(failure) if is_steady && failure.kind == FailureKind::TimedOut => {
                            self.state = State::Waiting(Instant::now());
                        }
                        // What lies between us may end what lasts too long, or the server starts anew.
                        Ok(None) | Err(_) if is_steady => {
                            self.heard = false;
                            self.state = State::Waiting(Instant::now() + self.backoff.wait());
                            return Said::Ended;
                        }
                        Err(failure) => {
                            if self.failed(failure) {
                                return Said::Look;
                            }
                        }
                        Ok(None) => {
                            let what = "the server ended them as soon as they began";
                            if self.failed(Failure::new(FailureKind::Ended, what)) {
                                return Said::Look;
                            }
                        }
                    }
                }
            }
        }
    }

    /// It does not work. Returns whether that is new.
    fn failed(&mut self, failure: Failure) -> bool {
        use FailureKind::{Broken, Ended, Refused, Server, TimedOut, Tunnel, Unresolved};
        let passes =
            matches!(failure.kind, Broken | Ended | Refused | Server | TimedOut | Tunnel | Unresolved);
        self.tries = self.tries.saturating_add(1);
        let wait = if passes && self.tries < TRIES { self.backoff.wait() } else { RARELY };
        self.state = State::Waiting(Instant::now() + wait);
        let is_known = self.trouble.as_ref().is_some_and(|known| known.what == failure.what);
        self.trouble = Some(failure);
        std::mem::take(&mut self.heard) || !is_known
    }
}

/// What comes until then, if there is an end to waiting.
async fn within<T>(until: Option<Instant>, next: impl Future<Output = T>) -> Option<T> {
    match until {
        Some(until) => timeout_at(until, next).await.ok(),
        None => Some(next.await),
    }
}
