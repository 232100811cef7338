//! How many lines came, second by second and by level, over the last quarter of an hour.

use jiff::Timestamp;

use super::level::Level;

/// Seconds that are kept.
const SECONDS: u16 = 15 * 60;

/// Lines by level, indexed by [`Level`].
pub type Counts = [u32; Level::ALL.len()];

/// Counters of a fixed size: one for each level and second.
#[derive(Debug)]
pub struct Rates {
    counts: Box<[Counts]>,
    /// The newest second counted, since 1970.
    newest: i64,
}

impl Default for Rates {
    fn default() -> Self {
        Self { counts: vec![Counts::default(); usize::from(SECONDS)].into(), newest: i64::MIN / 2 }
    }
}

impl Rates {
    /// Lines in `bars` bars of `width` seconds each, oldest first; the last one ends with the
    /// second before `now`, which is not over.
    pub fn bars(&self, now: Timestamp, width: u32, bars: u32) -> Vec<Counts> {
        let end = now.as_second();
        (0..i64::from(bars))
            .rev()
            .map(|back| {
                let last = end - back * i64::from(width);
                let mut sum = Counts::default();
                for second in last - i64::from(width)..last {
                    for (sum, count) in sum.iter_mut().zip(self.at(second)) {
                        *sum = sum.saturating_add(count);
                    }
                }
                sum
            })
            .collect()
    }

    /// The newest second in which a line was counted, since 1970; far in the past before the first.
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// Counts a line of `second`; one older than what is kept is not counted.
    pub(super) fn count(&mut self, second: i64, level: Level) {
        if second > self.newest {
            let skipped = (second - self.newest).min(i64::from(SECONDS));
            for stale in second - skipped + 1..=second {
                if let Some(counts) = slot(stale).and_then(|at| self.counts.get_mut(at)) {
                    *counts = Counts::default();
                }
            }
            self.newest = second;
        } else if second <= self.newest - i64::from(SECONDS) {
            return;
        }
        let counts = slot(second).and_then(|at| self.counts.get_mut(at));
        if let Some(count) = counts.and_then(|counts| counts.get_mut(level as usize)) {
            *count = count.saturating_add(1);
        }
    }

    fn at(&self, second: i64) -> Counts {
        if second > self.newest || second <= self.newest - i64::from(SECONDS) {
            return Counts::default();
        }
        slot(second).and_then(|at| self.counts.get(at)).copied().unwrap_or_default()
    }
}

fn slot(second: i64) -> Option<usize> {
    usize::try_from(second.rem_euclid(i64::from(SECONDS))).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn bars_end_before_now() {
        let mut rates = Rates::default();
        for (second, level) in
            [(100, Level::Error), (101, Level::Info), (101, Level::Info), (110, Level::Info)]
        {
            rates.count(second, level);
        }
        let bars = rates.bars(at(110), 5, 2);
        assert_eq!(bars.len(), 2);
        assert_eq!((bars[0][Level::Error as usize], bars[0][Level::Info as usize]), (1, 2));
        assert_eq!(bars[1], Counts::default());
        assert_eq!(rates.bars(at(111), 1, 1)[0][Level::Info as usize], 1);
    }

    proptest! {
        #[test]
        fn it_counts_as_a_map_would(seconds in proptest::collection::vec(5000_i64..8000, 1..60)) {
            let mut rates = Rates::default();
            let mut naive: BTreeMap<i64, u32> = BTreeMap::new();
            let mut newest = i64::MIN;
            for second in seconds {
                newest = newest.max(second);
                if second > newest - i64::from(SECONDS) {
                    *naive.entry(second).or_default() += 1;
                }
                rates.count(second, Level::Warn);
            }
            naive.retain(|second, _| *second > newest - i64::from(SECONDS));
            let bars = rates.bars(at(8001), 1, 3001);
            for (second, bar) in (5000..).zip(bars) {
                prop_assert_eq!(bar[Level::Warn as usize], naive.get(&second).copied().unwrap_or(0), "{}", second);
            }
        }
    }
}
