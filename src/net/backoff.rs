//! How long to wait before the next try: longer each time, and by chance, so that many
//! consoles do not come back at one moment.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// No wait is shorter, whatever chance says.
const LEAST: Duration = Duration::from_millis(200);
/// The first wait is at most this long where there is no interval, each next one at most twice the
/// one before.
const FIRST: Duration = Duration::from_secs(1);
/// No wait is longer.
const MOST: Duration = Duration::from_secs(60);

/// Waits by chance, below a bound that doubles.
///
/// Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    least: Least,
    tries: u32,
}

/// How short a wait may be.
#[derive(Clone, Copy, Debug)]
enum Least {
    /// Anything ("full jitter").
    Any,
    /// Half of the bound ("equal jitter").
    Half,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: FIRST, least: Least::Any, tries: 0 }
    }
}

impl Backoff {
    /// For what is asked at an interval: when it fails it is not asked more often than when it works.
    pub fn at_interval(every: Duration) -> Self {
        Self { first: every.max(FIRST), least: Least::Half, tries: 0 }
    }

    /// The next wait.
    pub fn wait(&mut self) -> Duration {
        // The standard library's hash keys are random; a number more needs no crate.
        self.of_chance(RandomState::new().hash_one(self.tries))
    }

    /// It works again: the next wait is a short one.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    fn of_chance(&mut self, chance: u64) -> Duration {
        let bound = self.first.saturating_mul(1 << self.tries.min(16)).min(MOST);
        self.tries = self.tries.saturating_add(1);
        let least = match self.least {
            Least::Any => Duration::ZERO,
            Least::Half => bound / 2,
        };
        let millis = u64::try_from(bound.saturating_sub(least).as_millis()).unwrap_or(u64::MAX);
        LEAST.max(least + Duration::from_millis(chance % (millis + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_a_minute_and_starts_over() {
        let mut backoff = Backoff::default();
        // The largest remainder of each bound, in milliseconds.
        for bound in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] {
            assert_eq!(backoff.clone().of_chance(bound), Duration::from_millis(bound));
            assert_eq!(backoff.of_chance(bound + 1), LEAST, "0 of {bound}");
        }
        backoff.reset();
        assert_eq!(backoff.of_chance(1000), FIRST);
        backoff.tries = u32::MAX;
        assert!(backoff.wait() <= MOST);
    }

    #[test]
    fn at_an_interval_each_wait_is_at_least_half_of_its_bound() {
        let mut backoff = Backoff::at_interval(Duration::from_secs(16));
        for half in [8000, 16_000, 30_000, 30_000] {
            assert_eq!(backoff.clone().of_chance(half + 1), Duration::from_millis(half), "0 of {half}");
            assert_eq!(backoff.of_chance(half), Duration::from_millis(2 * half));
        }
        backoff.reset();
        assert_eq!(backoff.of_chance(0), Duration::from_secs(8));
        assert_eq!(Backoff::at_interval(Duration::from_secs(300)).of_chance(30_000), MOST);
        assert_eq!(Backoff::at_interval(Duration::ZERO).of_chance(0), FIRST / 2);
    }

    #[test]
    fn waits_differ() {
        let waits: std::collections::BTreeSet<_> =
            (0..20).map(|_| Backoff { tries: 6, ..Backoff::default() }.wait()).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }
}
