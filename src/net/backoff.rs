//! How long to wait before the next try: longer each time, and by chance, so that many
//! consoles do not come back at one moment.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// No wait is shorter, whatever chance says.
const LEAST: Duration = Duration::from_millis(200);
/// The first wait is at most this long, each next one at most twice the one before.
const FIRST: Duration = Duration::from_secs(1);
/// No wait is longer.
const MOST: Duration = Duration::from_secs(60);

/// Waits with full jitter: each is anything up to a bound that doubles.
///
/// Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Clone, Default, Debug)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
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
        let bound = FIRST.saturating_mul(1 << self.tries.min(16)).min(MOST);
        self.tries = self.tries.saturating_add(1);
        let millis = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        LEAST.max(Duration::from_millis(chance % (millis + 1)))
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
    fn waits_differ() {
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| Backoff { tries: 6 }.wait()).collect();
        assert!(waits.len() > 10, "{waits:?}");
    }
}
