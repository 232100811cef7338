//! What time it is: the real time, or a recording's.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Where `now` comes from. Everything above the runtime gets it as an argument.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The system's time.
    Real,
    /// A recording's time: it was `start` at `from` and runs `speed` times as fast.
    Replay {
        /// The first moment of what is replayed.
        start: Timestamp,
        /// When the replay began.
        from: Instant,
        /// 1.0 is as it happened.
        speed: f64,
    },
}

impl Clock {
    /// A clock that begins at `start` now. A speed that is no positive number counts as 1.
    pub fn replay(start: Timestamp, speed: f64) -> Self {
        let speed = if speed.is_finite() && speed > 0.0 { speed } else { 1.0 };
        Self::Replay { start, from: Instant::now(), speed }
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "this is the runtime's clock")]
    pub fn now(&self) -> Timestamp {
        match *self {
            Self::Real => Timestamp::now(),
            Self::Replay { start, from, speed } => {
                let passed = SignedDuration::try_from_secs_f64(from.elapsed().as_secs_f64() * speed);
                passed.ok().and_then(|passed| start.checked_add(passed).ok()).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// How long to wait, really, until this clock shows `at`; zero when it is past.
    pub fn until(&self, at: Timestamp) -> Duration {
        let ahead = Duration::try_from(at.duration_since(self.now())).unwrap_or_default();
        match *self {
            Self::Real => ahead,
            Self::Replay { speed, .. } => {
                Duration::try_from_secs_f64(ahead.as_secs_f64() / speed).unwrap_or(Duration::MAX)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_runs_at_its_speed_and_waits_accordingly() {
        let start: Timestamp = "2026-03-01T03:11:00Z".parse().unwrap();
        let from = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        let clock = Clock::Replay { start, from, speed: 60.0 };
        let passed = clock.now().duration_since(start);
        assert!((600..660).contains(&passed.as_secs()), "{passed:?}");
        let wait = clock.until(clock.now() + SignedDuration::from_mins(10));
        assert!((9.9..=10.0).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!(clock.until(start), Duration::ZERO);
    }

    #[test]
    fn a_nonsensical_speed_counts_as_one_and_the_end_of_time_is_no_panic() {
        let start: Timestamp = "2026-03-01T03:11:00Z".parse().unwrap();
        for speed in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(Clock::replay(start, speed), Clock::Replay { speed: 1.0, .. }));
        }
        assert!(Clock::replay(Timestamp::MAX, 1e300).now() >= start);
        assert!(Clock::replay(Timestamp::MIN, 1e-300).until(Timestamp::MAX) > Duration::from_secs(1));
    }
}
