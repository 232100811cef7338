//! What a pattern does since a moment that it did not before: it is new, surges, or has gone quiet.

use super::book::{Found, Row};

/// Lines that a surge has at least.
const SURGE: u64 = 5;
/// So many times as often as before is a surge.
const TIMES: u128 = 3;
/// Bars from the first line to the last of what is said to come again and again.
const LIVED: usize = 10;
/// A silence that would come about by chance more often than this says nothing.
const CHANCE: f64 = 0.05;

/// What a pattern does since a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Its first line was written since then.
    New,
    /// It comes so many times as often as before.
    Surging(u64),
    /// It came again and again, and has said nothing for so many milliseconds.
    Quiet(i64),
    /// It goes on as before, or came too rarely to tell.
    Same,
}

/// What changed since `moment`, seen at `now`, both in milliseconds since 1970. `None` where nothing
/// is known of the time before that moment.
///
/// A first line is compared with the moment itself; how often lines came, with the beginning of the
/// bar that the moment is in. A silence counts from whenever it began.
pub fn change(row: &Row, found: &Found, moment: i64, now: i64) -> Option<Change> {
    let begin = found.times.map(|(first, _)| first).filter(|first| *first < moment)?;
    if row.times.0 >= moment {
        return Some(Change::New);
    }
    let width = found.width.max(1);
    let bar = moment.div_euclid(width);
    let split = usize::try_from(bar.saturating_sub(found.first_bar)).unwrap_or_default();
    let (before, after) = row.bars.split_at_checked(split).unwrap_or((&row.bars, &[]));
    let sum = |bars: &[u32]| bars.iter().copied().map(u64::from).sum::<u64>();
    let (was, is) = (sum(before), sum(after));
    // Milliseconds on both sides.
    let edge = bar.saturating_mul(width);
    let past = edge.saturating_sub(begin).max(1).unsigned_abs();
    let since = now.saturating_sub(edge).max(1).unsigned_abs();
    let (had, has) = (u128::from(was) * u128::from(since), u128::from(is) * u128::from(past));
    if is >= SURGE && has >= TIMES * had {
        // That had no line in a whole bar before: its first one is in the bar of the moment.
        let times = has.checked_div(had).unwrap_or(u128::from(is));
        return Some(Change::Surging(u64::try_from(times).unwrap_or(u64::MAX)));
    }
    let silence = now.saturating_sub(row.times.1);
    if is_silence(&row.bars, silence.div_euclid(width)) {
        return Some(Change::Quiet(silence));
    }
    Some(Change::Same)
}

/// Whether so many bars without a line are more than chance. Of the bars from its first line to its
/// last a share has lines: if it went on like that, would it be silent for so long?
fn is_silence(bars: &[u32], silent: i64) -> bool {
    let has = |bar: &u32| *bar > 0;
    let (Some(first), Some(last)) = (bars.iter().position(has), bars.iter().rposition(has)) else {
        return false;
    };
    let lived = bars.get(first..=last).unwrap_or_default();
    let with = u32::try_from(lived.iter().filter(|bar| has(bar)).count()).unwrap_or(u32::MAX);
    let all = u32::try_from(lived.len()).unwrap_or(u32::MAX);
    // Two bars, or a burst, tell nothing of what comes again, and lines are now and then late by one.
    let without = 1.0 - f64::from(with) / f64::from(all + 1);
    with > 2
        && lived.len() >= LIVED
        && silent > 2
        && without.powi(i32::try_from(silent).unwrap_or(i32::MAX)) < CHANCE
}

#[cfg(test)]
mod tests {
    use super::super::book::Book;
    use super::*;
    use crate::logs::level::Level;

    /// What a pattern of lines at these seconds does since second `moment`, at second `now`, beside
    /// one that comes each second from 0 on.
    fn of(seconds: &[i64], moment: i64, now: i64) -> Option<Change> {
        let mut book = Book::default();
        for second in 0..now {
            book.take(b"steady as it goes", b"steady as it goes", second * 1000, Level::Info);
        }
        for second in seconds {
            book.take(b"looked at", b"looked at", second * 1000, Level::Info);
        }
        let found = book.found();
        let row = found.rows.iter().find(|row| &*row.text == "looked at").unwrap();
        let steady = found.rows.iter().find(|row| &*row.text != "looked at").unwrap();
        if moment > 0 {
            assert_eq!(change(steady, &found, moment * 1000, now * 1000), Some(Change::Same));
        }
        change(row, &found, moment * 1000, now * 1000)
    }

    #[test]
    fn what_was_first_written_since_then_is_new() {
        assert_eq!(of(&[60], 60, 70), Some(Change::New));
        assert_eq!(of(&[59, 60, 61], 60, 70), Some(Change::Same));
        // Nothing is known of the time before.
        assert_eq!(of(&[60], 0, 70), None);
    }

    #[test]
    fn what_comes_far_more_often_surges() {
        assert_eq!(
            of(&[10, 20, 30, 40, 50, 61, 62, 63, 64, 65, 66, 67, 68, 69], 60, 70),
            Some(Change::Surging(10))
        );
        // Four lines are none, nor is twice as often.
        assert_eq!(of(&[10, 61, 62, 63, 64], 60, 70), Some(Change::Same));
        let twice: Vec<i64> = (0..60).step_by(2).chain(60..70).collect();
        assert_eq!(of(&twice, 60, 70), Some(Change::Same));
    }

    #[test]
    fn what_came_again_and_again_and_no_more_is_quiet() {
        let often: Vec<i64> = (0..60).step_by(3).collect();
        assert_eq!(of(&often, 60, 80), Some(Change::Quiet(23_000)));
        // So soon it may still come, and what came twice is none that comes again.
        assert_eq!(of(&often, 60, 62), Some(Change::Same));
        assert_eq!(of(&[10, 11], 60, 120), Some(Change::Same));
        // A burst once in a while is not missed before its time.
        assert_eq!(of(&[0, 20, 40], 60, 70), Some(Change::Same));
    }
}
