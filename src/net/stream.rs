//! Answers without an end.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::credential::Mask;
use super::failure::Trip;
use super::link::Head;
use crate::model::health::{Failure, FailureKind};

/// A stream that says nothing for so long is taken for dead, unless its server is known to be quiet.
const IDLE: Duration = Duration::from_secs(60);
/// In each such time there is at least one byte a second: less is a connection held open for nothing.
const WINDOW: Duration = Duration::from_secs(60);
const LEAST: usize = 60;

/// An open answer.
pub struct Stream {
    head: Head,
    /// How long it may say nothing, if not as usual.
    quiet: Option<Duration>,
    /// Since when the next piece is waited for; a wait that was dropped goes on.
    asked: Option<Instant>,
    /// How long was waited in this window, and what came. The time that the reader takes is not counted.
    waited: Duration,
    bytes: usize,
}

impl Stream {
    /// The answer that begins so.
    ///
    /// Errors when it is packed: what comes has to be readable when it comes.
    pub(super) fn new(head: Head, quiet: Option<Duration>) -> Result<Self, Failure> {
        let packed =
            head.header("content-encoding").is_some_and(|form| !form.eq_ignore_ascii_case("identity"));
        if packed {
            let what = "the answer is packed, which was not asked for";
            return Err(head.trip.failure(FailureKind::Unreadable, what));
        }
        Ok(Self { head, quiet, asked: None, waited: Duration::ZERO, bytes: 0 })
    }

    /// The status that it began with.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// A header that it began with; the name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// What nothing of it may say.
    pub(super) fn mask(&self) -> &Mask {
        &self.head.trip.mask
    }

    /// What comes next; `None` at its end. Dropping the wait loses nothing.
    ///
    /// Errors are timeouts where it stays silent for 60 s or gives less than a byte a second, unless the
    /// request allows more, and whatever breaks the connection.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let idle = self.quiet.unwrap_or(IDLE);
        let asked = *self.asked.get_or_insert_with(Instant::now);
        let chunk = timeout_at(asked + idle, self.head.rest.chunk()).await;
        let trip = &self.head.trip;
        let piece = chunk
            .map_err(|_| dead(trip, &format!("nothing came for {} s", idle.as_secs())))?
            .map_err(|error| trip.mask.failure(trip.of_error(error)))?;
        self.asked = None;
        self.waited = self.waited.saturating_add(asked.elapsed());
        let Some(piece) = piece else { return Ok(None) };
        self.bytes = self.bytes.saturating_add(piece.len());
        if self.waited >= WINDOW {
            if self.quiet.is_none() && self.bytes < LEAST {
                let what = format!("only {} bytes came in {} s", self.bytes, self.waited.as_secs());
                return Err(dead(trip, &what));
            }
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
        Ok(Some(piece.into()))
    }
}

fn dead(trip: &Trip, what: &str) -> Failure {
    trip.failure(FailureKind::TimedOut, what).because(format!("{} does not answer", trip.host))
}
