//! Seals the lines of a running program into segments, none older than 50 ms.

use std::time::Duration;

use tokio::time::Instant;

use crate::logs::segment::{Given, SegmentBuilder};
use crate::logs::split::Line;
use crate::logs::stamp::Zone;
use crate::source::outlet::Outlet;

/// A line waits this long for company.
const AGE: Duration = Duration::from_millis(50);

/// Lines on their way to the loop. While the loop is behind, adding one waits.
pub(super) struct Batch {
    builder: SegmentBuilder,
    outlet: Outlet,
    since: Option<Instant>,
}

impl Batch {
    /// The stream is named as the source is.
    pub(super) fn new(outlet: Outlet, zone: Zone) -> Self {
        let builder = SegmentBuilder::new(outlet.source().clone(), zone).knowing(outlet.formats());
        Self { builder, outlet, since: None }
    }

    /// Adds a line.
    pub(super) async fn push(&mut self, line: Line<'_>, given: Given) {
        self.builder.push(line, given, self.outlet.now());
        self.added().await;
    }

    /// Adds a line of midwatch's own.
    pub(super) async fn note(&mut self, text: &str) {
        self.builder.note(text, self.outlet.now());
        self.added().await;
    }

    /// Hands over what there is.
    pub(super) async fn seal(&mut self) {
        self.since = None;
        if let Some(segment) = self.builder.seal() {
            self.outlet.segment(segment).await;
        }
    }

    /// Waits until the lines are old enough to be sealed; for ever if there are none.
    pub(super) async fn due(&self) {
        match self.since {
            Some(since) => tokio::time::sleep_until(since + AGE).await,
            None => std::future::pending().await,
        }
    }

    async fn added(&mut self) {
        if self.builder.is_full() {
            self.seal().await;
        } else if self.since.is_none() {
            self.since = Some(Instant::now());
        }
    }
}
