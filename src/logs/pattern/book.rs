//! How the lines of patterns lie in time: what is asked of patterns beside their number.
//!
//! All patterns share one row of bars. When the time that was seen no longer fits, each two bars
//! become one: so a minute and a year take the same memory.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use super::{AsIs, Id, MOST, OTHER, Patterns};
use crate::logs::level::Level;

/// Bars in which the lines of a pattern are counted.
pub const BARS: usize = 128;
/// The same, as bars are counted.
const WRAP: i64 = 128;
/// The width of a bar at first, in milliseconds.
const NARROWEST: i64 = 1000;

/// Patterns, and when their lines were written.
pub struct Book {
    patterns: Patterns,
    seen: HashMap<Id, Seen, BuildHasherDefault<AsIs>>,
    width: i64,
    /// The first and the last bar in use, counted from 1970.
    reach: Option<(i64, i64)>,
    times: Option<(i64, i64)>,
    lines: u64,
    /// What became another one since this was last asked.
    merged: Vec<(Id, Id)>,
}

/// What is counted of one pattern: a bar stands at its number modulo [`BARS`].
struct Seen {
    bars: Box<[u32; BARS]>,
    levels: [u32; Level::ALL.len()],
}

/// What was found, as it stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Found {
    /// Patterns, in the order of their ids; no two have one text.
    pub rows: Vec<Row>,
    /// Lines that were looked at: those that begin a record.
    pub lines: u64,
    /// Those of no pattern that is held.
    pub other: u64,
    /// Patterns that were given up because there were too many.
    pub evicted: u64,
    /// The earliest and the latest time of a line, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// The width of a bar, in milliseconds.
    pub width: i64,
    /// The first bar, counted from 1970; all rows have the same.
    pub first_bar: i64,
    /// Ids that became others since it was last asked, and which.
    pub merged: Vec<(Id, Id)>,
}

/// One pattern.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Its number; the same as long as the miner lives.
    pub id: Id,
    /// What its lines say, as [`super::written::Written`] reads it.
    pub text: Arc<str>,
    /// The first line that was seen, cut if it is long.
    pub example: Arc<[u8]>,
    /// How severe its lines are, most of them.
    pub level: Level,
    /// Lines.
    pub count: u64,
    /// The earliest and the latest line, in milliseconds since 1970.
    pub times: (i64, i64),
    /// Lines by time, from the first bar to the last.
    pub bars: Box<[u32]>,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            patterns: Patterns::new(false),
            seen: HashMap::default(),
            width: NARROWEST,
            reach: None,
            times: None,
            lines: 0,
            merged: Vec::new(),
        }
    }
}

impl Book {
    /// Takes a line that says this, written at `time` in milliseconds since 1970. A blank one says nothing.
    pub fn take(&mut self, line: &[u8], said: &[u8], time: i64, level: Level) {
        if line.trim_ascii().is_empty() {
            return;
        }
        self.lines += 1;
        self.times = Some(self.times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        let bar = self.reach(time);
        let id = self.patterns.take(line, said, Some(time));
        if id == OTHER {
            return;
        }
        if self.seen.len() > 2 * MOST {
            self.settle();
        }
        let seen = self.seen.entry(id).or_insert_with(|| Seen { bars: Box::new([0; BARS]), levels: [0; 7] });
        if let Some(count) = seen.bars.get_mut(place(bar)) {
            *count = count.saturating_add(1);
        }
        if let Some(count) = seen.levels.get_mut(level as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// The bar of a time, which is in reach from then on.
    fn reach(&mut self, time: i64) -> i64 {
        loop {
            let bar = time.div_euclid(self.width);
            let (first, last) = self.reach.unwrap_or((bar, bar));
            let (first, last) = (first.min(bar), last.max(bar));
            if last - first < WRAP {
                self.reach = Some((first, last));
                return bar;
            }
            self.fold();
        }
    }

    /// Makes each two bars one.
    fn fold(&mut self) {
        let Some((first, last)) = self.reach else { return };
        for seen in self.seen.values_mut() {
            let mut bars = Box::new([0_u32; BARS]);
            for bar in first..=last {
                let count = seen.bars.get(place(bar)).copied().unwrap_or_default();
                if let Some(sum) = bars.get_mut(place(bar.div_euclid(2))) {
                    *sum = sum.saturating_add(count);
                }
            }
            seen.bars = bars;
        }
        self.width = self.width.saturating_mul(2);
        self.reach = Some((first.div_euclid(2), last.div_euclid(2)));
    }

    /// Puts together what was counted of patterns that became one, and lets go of those that went.
    fn settle(&mut self) {
        let patterns = &self.patterns;
        let gone: Vec<Id> = self.seen.keys().copied().filter(|id| patterns.resolve(*id) != *id).collect();
        for id in gone {
            let into = self.patterns.resolve(id);
            let Some(own) = self.seen.remove(&id) else { continue };
            if into == OTHER {
                continue;
            }
            self.merged.push((id, into));
            match self.seen.entry(into) {
                std::collections::hash_map::Entry::Vacant(entry) => drop(entry.insert(own)),
                std::collections::hash_map::Entry::Occupied(mut entry) => {
                    let sum = entry.get_mut();
                    add(&mut *sum.bars, &*own.bars);
                    add(&mut sum.levels, &own.levels);
                }
            }
        }
    }

    /// What was found until now.
    pub fn found(&mut self) -> Found {
        self.settle();
        let (first, last) = self.reach.unwrap_or_default();
        let mut rows: Vec<Row> = Vec::with_capacity(self.seen.len());
        for (id, seen) in &self.seen {
            let Some(pattern) = self.patterns.get(*id) else { continue };
            let bars = (first..=last).map(|bar| seen.bars.get(place(bar)).copied().unwrap_or_default());
            rows.push(Row {
                id: *id,
                text: pattern.text().into(),
                example: Arc::from(&*pattern.example),
                level: most(&seen.levels),
                count: pattern.count,
                times: pattern.times.unwrap_or_default(),
                bars: bars.collect(),
            });
        }
        // Those that read the same are the same to a person and to a query.
        rows.sort_unstable_by(|one, other| (&one.text, one.id).cmp(&(&other.text, other.id)));
        rows.dedup_by(|other, one| {
            let same = one.text == other.text;
            if same {
                one.count += other.count;
                one.times = (one.times.0.min(other.times.0), one.times.1.max(other.times.1));
                one.level = one.level.max(other.level);
                add(&mut one.bars, &other.bars);
            }
            same
        });
        rows.sort_unstable_by_key(|row| row.id);
        let (other, evicted) = self.patterns.rest();
        Found {
            rows,
            lines: self.lines,
            other,
            evicted,
            times: self.times,
            width: self.width,
            first_bar: first,
            merged: std::mem::take(&mut self.merged),
        }
    }
}

fn place(bar: i64) -> usize {
    usize::try_from(bar.rem_euclid(WRAP)).unwrap_or_default()
}

fn add(sums: &mut [u32], counts: &[u32]) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.saturating_add(*count);
    }
}

/// The level of most lines; of two the more severe.
fn most(levels: &[u32; Level::ALL.len()]) -> Level {
    let counted = Level::ALL.iter().zip(levels).max_by_key(|(level, count)| (**count, **level));
    counted.map_or(Level::Unknown, |(level, _)| *level)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take(book: &mut Book, line: &[u8], time: i64, level: Level) {
        book.take(line, line, time, level);
    }

    fn row<'a>(found: &'a Found, text: &str) -> &'a Row {
        found.rows.iter().find(|row| &*row.text == text).unwrap_or_else(|| panic!("no {text}: {found:?}"))
    }

    #[test]
    fn a_pattern_has_its_lines_level_and_example() {
        let mut book = Book::default();
        for (time, level) in [(5_000, Level::Info), (1_000, Level::Error), (9_000, Level::Error)] {
            take(&mut book, format!("took {time} ms").as_bytes(), time, level);
        }
        take(&mut book, b"  \t", 3, Level::Unknown);
        take(&mut book, b"another", 2_000, Level::Unknown);
        let found = book.found();
        assert_eq!(
            (found.lines, found.times, found.width, found.first_bar),
            (4, Some((1000, 9000)), 1000, 1)
        );
        let took = row(&found, "took <time>");
        assert_eq!((took.count, took.times, took.level), (3, (1000, 9000), Level::Error));
        assert_eq!((&*took.example, &*took.bars), (&b"took 5000 ms"[..], &[1, 0, 0, 0, 1, 0, 0, 0, 1][..]));
    }

    #[test]
    fn what_became_one_pattern_is_counted_as_one_and_says_so() {
        let mut book = Book::default();
        let names = ["anna", "bert", "carl", "dora", "emil", "fred", "gina", "hugo"];
        for name in &names[..2] {
            take(&mut book, format!("{name} has left the building").as_bytes(), 0, Level::Info);
        }
        let before = book.found();
        assert_eq!(before.rows.len(), 2);
        for name in &names[2..] {
            take(&mut book, format!("{name} has left the building").as_bytes(), 0, Level::Info);
        }
        let after = book.found();
        let whole = row(&after, "<*> has left the building");
        assert_eq!((whole.count, whole.bars[0], after.rows.len()), (8, 8, 1));
        assert_eq!(whole.id, before.rows[0].id, "the older keeps its number");
        assert!(after.merged.contains(&(before.rows[1].id, whole.id)));
    }

    proptest! {
        #[test]
        fn every_line_is_in_a_bar_near_its_time(
            lines in proptest::collection::vec((0_usize..4, -10_000_000_000_i64..10_000_000_000), 1..80),
        ) {
            let mut book = Book::default();
            let texts = ["one", "two lines", "three = 3", "a b c d"];
            for (text, time) in &lines {
                take(&mut book, texts[*text].as_bytes(), *time, Level::Info);
            }
            let found = book.found();
            prop_assert!(found.rows.iter().all(|row| row.bars.len() <= BARS));
            for row in &found.rows {
                prop_assert_eq!(row.bars.iter().map(|bar| u64::from(*bar)).sum::<u64>(), row.count);
                let filled = row.bars.iter().enumerate().filter(|(_, bar)| **bar > 0);
                let bars: Vec<i64> = filled.map(|(at, _)| found.first_bar + i64::try_from(at).unwrap()).collect();
                let ends = (row.times.0.div_euclid(found.width), row.times.1.div_euclid(found.width));
                prop_assert_eq!((bars[0], *bars.last().unwrap()), ends);
            }
            prop_assert_eq!(found.rows.iter().map(|row| row.count).sum::<u64>(), lines.len() as u64);
        }
    }
}
