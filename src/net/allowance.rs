//! The time that one request may still take, over all addresses, tries and redirects.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::failure::Trip;
use crate::model::health::Failure;

/// An answer has to begin in this time,
const HEADERS: Duration = Duration::from_secs(10);
/// and to end in this. A configured time bounds both.
const TOTAL: Duration = Duration::from_secs(30);

/// What is left. Only waiting for the server counts: a helper, a tunnel and a disk have times of their own.
pub(super) struct Allowance {
    total: Duration,
    left: Duration,
    begins: Duration,
    /// Addresses that may still be tried after this one.
    others: u32,
}

impl Allowance {
    /// All of it, for so many addresses.
    pub(super) fn new(configured: Option<Duration>, addresses: usize) -> Self {
        let total = configured.unwrap_or(TOTAL);
        let others = u32::try_from(addresses.saturating_sub(1)).unwrap_or(u32::MAX);
        Self { total, left: total, begins: Self::begins(configured), others }
    }

    /// How long an answer may take to begin.
    pub(super) fn begins(configured: Option<Duration>) -> Duration {
        configured.unwrap_or(HEADERS)
    }

    /// Whether nothing is left.
    pub(super) fn is_over(&self) -> bool {
        self.left.is_zero()
    }

    /// The next address is tried.
    pub(super) fn next_address(&mut self) {
        self.others = self.others.saturating_sub(1);
    }

    /// Waits for an answer to begin. An address that is dead leaves time for the others.
    pub(super) async fn begin<T>(
        &mut self,
        trip: &Trip,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let share = self.left / self.others.saturating_add(1);
        self.spend(self.begins.min(share), trip, work).await
    }

    /// Waits for an answer to go on.
    pub(super) async fn go_on<T>(
        &mut self,
        trip: &Trip,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        self.spend(self.left, trip, work).await
    }

    async fn spend<T>(
        &mut self,
        most: Duration,
        trip: &Trip,
        work: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let done = timeout(most, work).await;
        self.left = self.left.saturating_sub(begun.elapsed());
        done.map_err(|_| trip.timed_out(if self.left.is_zero() { self.total } else { most }))
    }
}
