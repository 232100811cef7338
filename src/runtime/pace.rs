//! When to draw: a key at once, news at a rate that a person and a link can follow.

use std::time::Duration;

/// Frames caused by news alone are at least this far apart: nobody reads faster.
const NEWS: Duration = Duration::from_millis(100);
/// The same on a slow link.
const NEWS_SLOW: Duration = Duration::from_millis(200);
/// Bytes a second that frames caused by news alone may cost in the long run.
const BYTES_PER_SECOND: f64 = 8_000.0;
/// Bytes that they may be ahead: about two full panes.
const AHEAD: f64 = 4_000.0;

/// Decides when the next frame is due. Times are any monotonic count.
#[derive(Debug)]
pub struct Pace {
    pending: Pending,
    last: Option<Duration>,
    /// Bytes of news frames not yet paid for, as of `last`.
    debt: f64,
    slow: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Pending {
    Nothing,
    News,
    Key,
}

impl Default for Pace {
    fn default() -> Self {
        Self { pending: Pending::Key, last: None, debt: 0.0, slow: false }
    }
}

impl Pace {
    /// Something changed that nobody waits for.
    pub fn news(&mut self) {
        self.pending = self.pending.max(Pending::News);
    }

    /// A person did something and waits for what it does.
    pub fn key(&mut self) {
        self.pending = Pending::Key;
    }

    /// When the next frame is due; `None` when nothing changed.
    pub fn due(&self) -> Option<Duration> {
        match (self.pending, self.last) {
            (Pending::Nothing, _) => None,
            (Pending::Key, _) | (Pending::News, None) => Some(Duration::ZERO),
            (Pending::News, Some(last)) => {
                let apart = if self.slow { NEWS_SLOW } else { NEWS };
                let pay = Duration::from_secs_f64((self.debt - AHEAD).max(0.0) / BYTES_PER_SECOND);
                Some(last + apart.max(pay))
            }
        }
    }

    /// A frame of so many bytes was drawn; `slow` when the one before had to wait for its reader.
    pub fn drawn(&mut self, bytes: usize, at: Duration, slow: bool) {
        let passed = at.saturating_sub(self.last.unwrap_or_default());
        self.debt = (self.debt - passed.as_secs_f64() * BYTES_PER_SECOND).max(0.0);
        // What a key cost is not charged to the news, or scrolling would stop the clock.
        if self.pending == Pending::News {
            self.debt += f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
        (self.pending, self.last, self.slow) = (Pending::Nothing, Some(at), slow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// News at every millisecond of ten seconds: how many frames and bytes come of it.
    fn flood(bytes: usize, slow: bool) -> (usize, usize) {
        let mut pace = Pace::default();
        pace.drawn(5_000, Duration::ZERO, slow);
        let mut frames = 0;
        for at in (1..=10_000).map(Duration::from_millis) {
            pace.news();
            if pace.due().is_some_and(|due| due <= at) {
                pace.drawn(bytes, at, slow);
                frames += 1;
            }
        }
        (frames, frames * bytes)
    }

    #[test]
    fn news_alone_is_drawn_ten_times_a_second_and_five_on_a_slow_link() {
        assert_eq!(flood(200, false).0, 100);
        assert_eq!(flood(200, true).0, 50);
    }

    #[test]
    fn large_frames_come_less_often_so_that_bytes_stay_in_their_budget() {
        for size in [1_500, 6_000, 20_000] {
            let (frames, bytes) = flood(size, false);
            assert!(bytes <= 10 * 8_000 + 4_000 + size, "{size}: {bytes}");
            assert!(frames >= 4, "{size}: {frames}");
        }
    }

    #[test]
    fn a_key_is_drawn_at_once_and_costs_the_news_nothing() {
        let mut pace = Pace::default();
        assert_eq!(pace.due(), Some(Duration::ZERO), "the first frame");
        let at = Duration::from_secs(1);
        pace.drawn(50_000, at, false);
        assert_eq!(pace.due(), None);
        pace.news();
        assert_eq!(pace.due(), Some(at + NEWS));
        pace.key();
        assert_eq!(pace.due(), Some(Duration::ZERO));
        pace.news();
        assert_eq!(pace.due(), Some(Duration::ZERO), "news does not make a key wait");
    }
}
