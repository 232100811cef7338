//! Answers without an end.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::failure::Trip;
use super::link::Head;
use crate::model::health::{Failure, FailureKind};

/// A stream that says nothing for so long is taken for dead.
const IDLE: Duration = Duration::from_secs(60);
/// In each such time there is at least one byte a second: less is a connection held open for nothing.
const WINDOW: Duration = Duration::from_secs(60);
const LEAST: usize = 60;

/// An open answer.
pub struct Stream {
    trip: Trip,
    head: Head,
    since: Instant,
    bytes: usize,
}

impl Stream {
    pub(super) fn new(trip: Trip, head: Head) -> Self {
        Self { trip, head, since: Instant::now(), bytes: 0 }
    }

    /// The status that it began with.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// A header that it began with; the name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// What comes next; `None` at its end. Dropping the wait loses nothing.
    ///
    /// A stream that stays silent for 60 s, or gives less than a byte a second, has timed out.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let silent =
            || self.trip.failure(FailureKind::TimedOut, format!("nothing came for {} s", IDLE.as_secs()));
        let piece = timeout(IDLE, self.head.rest.chunk()).await.map_err(|_| silent())?;
        let piece = piece.map_err(|error| self.trip.of_error(error))?;
        let piece = piece.map(Vec::from);
        self.bytes = self.bytes.saturating_add(piece.as_ref().map_or(0, Vec::len));
        if self.since.elapsed() >= WINDOW {
            if self.bytes < LEAST && piece.is_some() {
                let what = format!("only {} bytes came in {} s", self.bytes, self.since.elapsed().as_secs());
                return Err(self.trip.failure(FailureKind::TimedOut, what));
            }
            (self.since, self.bytes) = (Instant::now(), 0);
        }
        Ok(piece)
    }
}
