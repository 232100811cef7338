//! Lines by level in bars of one length, side by side, over any stretch of time: from what is known of
//! each part, so that it costs the same however many lines there are.
//!
//! The tally of a part gives its bars exactly where its slots are not longer than a bar. Where they are,
//! its lines are counted one by one, a slice at a time; those of a file that are not here are spread
//! evenly over their slot, and such a bar says that it is an estimate.

use std::collections::{BTreeMap, BTreeSet};

use super::buffer::Buffer;
use super::part::Part;
use super::search::Search;
use super::segment::Segment;
use super::tally::{Count, Step, Tally};

/// Lines that are counted one by one between two looks at the keys, in whole parts: less than 1 ms.
const SLICE: usize = 50_000;
/// Bars of parts whose lines were counted that are kept, in all: 1.5 MiB. More stay estimates.
const KEPT: usize = 1 << 16;
/// Of the lines that are first or last one in so many may be left out, so that one of 1970 does not put
/// all others into one bar.
const STRAYS: u64 = 1000;
/// Of so many lines one may be left out at each end.
const MANY: u64 = 100;
/// And only where all others are in one of so many bars.
const CROWDED: usize = 16;

/// Which bars.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Grid {
    /// How long each is.
    pub step: Step,
    /// The number of the first one.
    pub first: i64,
    /// How many.
    pub bars: usize,
}

impl Grid {
    /// The shortest bars of which at most `most` have both times and all between them.
    pub fn over(reach: (i64, i64), most: usize) -> Self {
        let step = Step::over(reach, i64::try_from(most).unwrap_or(i64::MAX));
        let first = step.number(reach.0);
        let bars = usize::try_from(step.number(reach.1) - first).unwrap_or(0) + 1;
        Self { step, first, bars }
    }

    /// Which bar a time is in.
    pub fn bar(&self, time: i64) -> Option<usize> {
        self.place(self.step.number(time))
    }

    /// When a bar begins; the one after the last begins at the end.
    pub fn start(&self, bar: usize) -> i64 {
        self.step.start(self.first.saturating_add(i64::try_from(bar).unwrap_or(i64::MAX)))
    }

    fn place(&self, number: i64) -> Option<usize> {
        usize::try_from(number - self.first).ok().filter(|bar| *bar < self.bars)
    }
}

/// One bar.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bar {
    /// Every line.
    pub all: Count,
    /// What the search has found of them.
    pub found: Count,
    /// Some of its lines may be of a bar beside it.
    pub is_estimate: bool,
}

impl Bar {
    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.all.add(other.all);
        self.found.add(other.found);
        self.is_estimate |= other.is_estimate;
    }
}

/// Numbers of bars, ascending, and what is in them.
type Bars = Vec<(i64, Count)>;

/// A part whose lines were counted one by one.
#[derive(Debug)]
struct Counted {
    /// How many hits it had then.
    hits: usize,
    all: Bars,
    found: Bars,
}

/// What decides how the bars are: parts, hits, bars, and how many lines were counted one by one.
type MadeOf = ((u64, u64), Option<usize>, Grid, usize);

/// The bars over all lines: of which parts, and how many at most.
type OverAll = ((u64, u64), usize, Grid);

/// The bars over a stretch of time, kept up with what comes and what is evicted.
#[derive(Debug, Default)]
pub struct Histogram {
    grid: Grid,
    bars: Vec<Bar>,
    /// By parts, for bars of the grid's length.
    counted: BTreeMap<u64, Counted>,
    /// Parts whose slots are too long, in the grid.
    rough: BTreeSet<u64>,
    /// Lines that are in no bar.
    outside: u64,
    /// The bars over all lines, and what they were found for.
    over: Option<OverAll>,
    made_of: Option<MadeOf>,
    /// Lines that were counted one by one so far.
    looked: usize,
}

impl Histogram {
    /// The first and the last time of all lines of these streams, if there are any.
    pub fn reach(buffer: &Buffer, in_scope: impl Fn(u32) -> bool) -> Option<(i64, i64)> {
        let parts = buffer.parts().filter(|part| in_scope(part.stream));
        parts.map(|part| part.reach).reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    /// The bars over all lines of these streams, at most `most`, if there are any. A few that stand far
    /// from all others are outside.
    pub fn over_all(&mut self, buffer: &Buffer, in_scope: impl Fn(u32) -> bool, most: usize) -> Option<Grid> {
        let revision = buffer.revision();
        if self.over.is_none_or(|(known, bars, _)| (known, bars) != (revision, most)) {
            self.over = Self::crowd(buffer, in_scope, most).map(|grid| (revision, most, grid));
        }
        self.over.map(|(.., grid)| grid)
    }

    fn crowd(buffer: &Buffer, in_scope: impl Fn(u32) -> bool, most: usize) -> Option<Grid> {
        let mut reach = Self::reach(buffer, &in_scope)?;
        loop {
            let grid = Grid::over(reach, most);
            let mut lines = vec![0_u64; grid.bars];
            let (mut all, mut tight) = (0, (reach.1, reach.0));
            for part in buffer.parts().filter(|part| in_scope(part.stream)) {
                all += u64::from(part.lines);
                for (number, count) in part.tally.slots() {
                    let time = part.tally.step().start(*number).max(part.reach.0);
                    if let Some(bar) = grid.bar(time).and_then(|bar| lines.get_mut(bar)) {
                        *bar += count.lines();
                        let end = part.tally.step().start(*number + 1).min(part.reach.1.saturating_add(1));
                        tight = (tight.0.min(time), tight.1.max(end - 1));
                    }
                }
            }
            // Of a few lines one is not yet far from all others.
            let strays = (all / STRAYS / 2).max(u64::from(all >= MANY));
            let skipped = |lines: &mut dyn Iterator<Item = &u64>| {
                let mut sum = 0;
                lines
                    .take_while(|lines| {
                        sum += **lines;
                        sum <= strays
                    })
                    .count()
            };
            let (first, last) = (skipped(&mut lines.iter()), skipped(&mut lines.iter().rev()));
            let crowd = grid.bars.saturating_sub(first + last);
            if crowd == 0 || crowd > grid.bars / CROWDED {
                // As far as there are lines.
                return Some(Grid::over((tight.0.max(reach.0), tight.1.min(reach.1)), most));
            }
            // Slots may reach into the bars beside them.
            let (from, to) = (first.saturating_sub(1), (first + crowd + 1).min(grid.bars));
            reach = (reach.0.max(grid.start(from)), reach.1.min(grid.start(to).saturating_sub(1)));
        }
    }

    /// Forgets all: the search is another one, or the streams are others.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes what is there of these streams into the bars of `grid`, and counts one slice of the lines
    /// that have to be counted one by one. `true` when there are more of them.
    pub fn look(
        &mut self,
        buffer: &Buffer,
        search: Option<&Search>,
        in_scope: impl Fn(u32) -> bool,
        grid: Grid,
    ) -> bool {
        if grid.step != self.grid.step {
            self.counted.clear();
        }
        self.make(buffer, search, &in_scope, grid);
        let more = self.count(buffer, search);
        self.make(buffer, search, &in_scope, grid);
        more
    }

    /// Which bars there are.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// The bars, oldest first.
    pub fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// How many lines were counted one by one so far.
    #[cfg(test)]
    pub(crate) fn counted_lines(&self) -> usize {
        self.looked
    }

    /// How many lines are in no bar.
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// Makes the bars anew if they would be others.
    fn make(
        &mut self,
        buffer: &Buffer,
        search: Option<&Search>,
        in_scope: &impl Fn(u32) -> bool,
        grid: Grid,
    ) {
        let made_of = Some((buffer.revision(), search.map(Search::len), grid, self.looked));
        if self.made_of == made_of {
            return;
        }
        (self.made_of, self.grid) = (made_of, grid);
        self.bars.clear();
        self.bars.resize(grid.bars, Bar::default());
        self.rough.clear();
        let (from, to) = (grid.start(0), grid.start(grid.bars));
        let is_seen = |part: &&Part| in_scope(part.stream) && part.reach.0 < to && part.reach.1 >= from;
        for part in buffer.parts().filter(is_seen) {
            let found = search.and_then(|search| search.tally(part.id));
            let is_rough = |tally: &Tally| tally.step() > grid.step;
            if is_rough(&part.tally) || found.is_some_and(is_rough) {
                self.rough.insert(part.id);
            }
            let hits = search.map_or(0, |search| search.hits(part.id).len());
            if let Some(counted) = self.counted.get(&part.id).filter(|counted| counted.hits == hits) {
                put(&mut self.bars, grid, &counted.all, |bar| &mut bar.all);
                put(&mut self.bars, grid, &counted.found, |bar| &mut bar.found);
                continue;
            }
            self.spread(part, &part.tally, |bar| &mut bar.all);
            if let Some(found) = found {
                self.spread(part, found, |bar| &mut bar.found);
            }
        }
        let all: u64 =
            buffer.parts().filter(|part| in_scope(part.stream)).map(|part| u64::from(part.lines)).sum();
        self.outside = all.saturating_sub(self.bars.iter().map(|bar| bar.all.lines()).sum());
        let rough = &self.rough;
        self.counted.retain(|id, _| rough.contains(id));
    }

    /// Puts slots into bars; of one that is longer than a bar each bar gets its share.
    fn spread(&mut self, part: &Part, tally: &Tally, which: impl Fn(&mut Bar) -> &mut Count) {
        let grid = self.grid;
        for (number, count) in tally.slots() {
            let start = tally.step().start(*number);
            let end = start.saturating_add(tally.step().millis());
            // The part says when its first and its last line were.
            let (start, end) = (start.max(part.reach.0), end.min(part.reach.1.saturating_add(1)));
            let (first, last) = (grid.step.number(start), grid.step.number(end.saturating_sub(1)));
            let bars =
                first.max(grid.first)..=last.min(grid.first + i64::try_from(grid.bars).unwrap_or(0) - 1);
            for number in bars {
                let Some(bar) = grid.place(number).and_then(|bar| self.bars.get_mut(bar)) else { continue };
                let before = count.share(grid.step.start(number).saturating_sub(start), end - start);
                let through = count.share(grid.step.start(number + 1).saturating_sub(start), end - start);
                let share = through.without(before);
                which(bar).add(share);
                bar.is_estimate |= first < last;
            }
        }
    }

    /// Counts the lines of parts whose slots are too long, one slice of them. `true` if more are left.
    fn count(&mut self, buffer: &Buffer, search: Option<&Search>) -> bool {
        let mut rest = SLICE;
        let mut kept: usize = self.counted.values().map(Counted::len).sum();
        let step = self.grid.step;
        for part in buffer.parts().filter(|part| self.rough.contains(&part.id)) {
            let Some(segment) = &part.segment else { continue };
            let hits = search.map_or(&[][..], |search| search.hits(part.id));
            if kept > KEPT || self.counted.get(&part.id).is_some_and(|known| known.hits == hits.len()) {
                continue;
            }
            if rest == 0 {
                return true;
            }
            let lines = segment.lines() as usize + hits.len();
            rest = rest.saturating_sub(lines);
            self.looked += lines;
            let counted = Counted {
                hits: hits.len(),
                all: by_bars(segment, 0..segment.lines(), step),
                found: by_bars(segment, hits.iter().copied(), step),
            };
            kept += counted.len();
            self.counted.insert(part.id, counted);
        }
        false
    }
}

impl Counted {
    fn len(&self) -> usize {
        self.all.len() + self.found.len()
    }
}

/// The lines at these places, which ascend by time, in bars.
fn by_bars(segment: &Segment, places: impl Iterator<Item = u32>, step: Step) -> Bars {
    let mut bars: Bars = Vec::new();
    let (mut from, mut to) = (0, 0);
    for line in places.map(|place| segment.at(place)) {
        let time = segment.effective(line);
        if !(from..to).contains(&time) {
            let number = step.number(time);
            (from, to) = (step.start(number), step.start(number + 1));
            bars.push((number, Count::default()));
        }
        if let Some((_, count)) = bars.last_mut() {
            count.count(segment.grade(line));
        }
    }
    bars
}

/// Adds what is in these bars.
fn put(bars: &mut [Bar], grid: Grid, counted: &Bars, which: impl Fn(&mut Bar) -> &mut Count) {
    let from = counted.partition_point(|(number, _)| *number < grid.first);
    for (number, count) in counted.iter().skip(from) {
        let Some(bar) = grid.place(*number).and_then(|bar| bars.get_mut(bar)) else { break };
        which(bar).add(*count);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::format::Formats;
    use crate::logs::key::Key;
    use crate::logs::merge::{Merged, Wanted};
    use crate::logs::query::Query;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;
    use crate::model::text::RawText;

    /// A full hour.
    const START: i64 = 1_794_999_600_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(START + millis).unwrap()
    }

    fn segment(stream: &str, lines: &[(i64, &str)]) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(RawText::from(stream), Zone::default());
        for (millis, text) in lines {
            let given = Given { time: Some(at(*millis)), ..Given::default() };
            builder.push(Line::from(text.as_bytes()), given, at(100_000_000));
        }
        Arc::new(builder.seal().unwrap())
    }

    fn query(text: &str) -> Query {
        Query::parse(text, Timestamp::UNIX_EPOCH).unwrap()
    }

    /// Every line of the buffer, counted one by one.
    fn naive(buffer: &Buffer, query: Option<&Query>, grid: Grid) -> Vec<Bar> {
        let mut bars = vec![Bar::default(); grid.bars];
        let wanted = Wanted::default();
        for line in (Merged { buffer, search: None, wanted: &wanted }).forward(Key::FIRST) {
            let Some(bar) = grid.bar(line.key.time).and_then(|bar| bars.get_mut(bar)) else { continue };
            let grade = line.segment.grade(line.line);
            bar.all.count(grade);
            if query.is_some_and(|query| query.matches(&line)) {
                bar.found.count(grade);
            }
        }
        bars
    }

    fn lines(bars: &[Bar]) -> u64 {
        bars.iter().map(|bar| bar.all.lines()).sum()
    }

    #[test]
    fn a_line_that_goes_on_with_an_error_is_not_another_one() {
        let mut buffer = Buffer::default();
        let mut builder = SegmentBuilder::new(RawText::from("a"), Zone::default());
        for text in ["ERROR broke", "  at Foo.java:1", "  at Foo.java:2", "WARN odd", "INFO well"] {
            builder.push(Line::from(text.as_bytes()), Given::default(), at(0));
        }
        buffer.push(Arc::new(builder.seal().unwrap()));
        let mut histogram = Histogram::default();
        let grid = Grid::over(Histogram::reach(&buffer, |_| true).unwrap(), 50);
        assert!(!histogram.look(&buffer, None, |_| true, grid));
        let [bar] = histogram.bars() else { panic!("{:?}", histogram.bars()) };
        assert_eq!((bar.all.lines(), bar.all.errors, bar.all.warnings), (5, 1, 1));
    }

    #[test]
    fn streams_out_of_scope_are_not_counted() {
        let mut buffer = Buffer::default();
        buffer.push(segment("a", &[(0, "one"), (10, "two")]));
        buffer.push(segment("b", &[(5000, "three")]));
        let reach = Histogram::reach(&buffer, |stream| stream == 1).unwrap();
        assert_eq!(reach, (START + 5000, START + 5000));
        let mut histogram = Histogram::default();
        histogram.look(&buffer, None, |stream| stream == 1, Grid::over(reach, 9));
        assert_eq!(lines(histogram.bars()), 1);
    }

    #[test]
    fn a_piece_of_a_file_keeps_its_bars_when_its_lines_are_let_go() {
        let name = RawText::from("f");
        let mut buffer = Buffer::new(4 << 20);
        buffer.open(&name, &name, 9, false);
        for piece in 0..9_u32 {
            let line = |n: i64| {
                let level = if n == 1000 { "ERROR" } else { "INFO" };
                let time = at(i64::from(piece) * 60_000 + n * 30);
                format!("{time:.3} {level} {}\n", "x".repeat(200))
            };
            let text = (0..2000).map(line).collect::<Vec<_>>().concat();
            let segment = SegmentBuilder::of_file(
                name.clone(),
                &Zone::default(),
                &Formats::default(),
                text.as_bytes(),
                at(9_000_000),
            );
            buffer.put(u64::from(piece), &Arc::new(segment.unwrap()), false);
            buffer.forget_read();
        }
        assert!(buffer.parts().any(|part| part.segment.is_none()), "lines were let go");
        let mut histogram = Histogram::default();
        let reach = Histogram::reach(&buffer, |_| true).unwrap();
        let grid = Grid::over(reach, 20);
        assert_eq!((grid.step.millis(), grid.bars), (30_000, 18));
        while histogram.look(&buffer, None, |_| true, grid) {}
        assert!(histogram.bars().iter().all(|bar| bar.all.lines() == 1000 && !bar.is_estimate));
        let errors: Vec<_> = histogram.bars().iter().map(|bar| bar.all.errors).collect();
        assert_eq!(errors, [0, 1].repeat(9), "though the lines of most of them are not here");
        // Bars that are shorter than the slots: lines that are not here are spread, and it is said.
        let near = Grid { step: Step::over((0, 9999), 100), first: reach.0 / 100, bars: 5400 };
        while histogram.look(&buffer, None, |_| true, near) {}
        assert_eq!((near.step.millis(), lines(histogram.bars())), (100, 18_000));
        let [first, .., last] = histogram.bars() else { panic!() };
        assert_eq!(
            (first.is_estimate, last.is_estimate),
            (false, true),
            "the last piece was given first to go"
        );
    }

    #[test]
    fn a_few_lines_far_away_do_not_put_all_others_into_one_bar() {
        let mut buffer = Buffer::default();
        let lines =
            |from: i64, count: i64| (0..count).map(|n| (from + n * 500, "INFO x")).collect::<Vec<_>>();
        for batch in 0..10 {
            buffer.push(segment("a", &lines(batch * 100_000, 200)));
        }
        let year = 365 * 86_400_000;
        buffer.push(segment("b", &[(-50 * year, "of 1976")]));
        let over = |buffer: &Buffer| Histogram::default().over_all(buffer, |_| true, 100).unwrap();
        let grid = over(&buffer);
        assert!(grid.step.millis() <= 30_000 && grid.bar(START).is_some(), "{grid:?}");
        assert!(grid.bar(START + 999_500).is_some());
        let mut histogram = Histogram::default();
        while histogram.look(&buffer, None, |_| true, grid) {}
        assert_eq!(histogram.outside(), 1);
        assert_eq!(super::tests::lines(histogram.bars()), 2000);
        // More than a few are no strays, and where all others show well nothing is left out.
        buffer.push(segment("b", &lines(-50 * year, 20)));
        assert_eq!(over(&buffer), Grid::over(Histogram::reach(&buffer, |_| true).unwrap(), 100));
        let only_a = |stream| stream == 0;
        let reach = Histogram::reach(&buffer, only_a).unwrap();
        assert_eq!(Histogram::default().over_all(&buffer, only_a, 100), Some(Grid::over(reach, 100)));
        assert_eq!(Histogram::default().over_all(&Buffer::default(), |_| true, 100), None);
    }

    #[test]
    fn hits_come_into_the_bars_as_they_are_found() {
        let mut buffer = Buffer::default();
        for second in 0..20 {
            let text = if second % 5 == 0 { "ERROR odd one" } else { "INFO plain" };
            buffer.push(segment("a", &[(second * 1000, text), (second * 1000 + 1, "INFO plain")]));
        }
        let query = query("odd");
        let mut search = Search::new(query.clone());
        let mut histogram = Histogram::default();
        let grid = Grid::over(Histogram::reach(&buffer, |_| true).unwrap(), 20);
        let mut before = 0;
        loop {
            let more = search.step(&buffer, 7);
            histogram.look(&buffer, Some(&search), |_| true, grid);
            let found = histogram.bars().iter().map(|bar| bar.found.lines()).sum::<u64>();
            assert!(found >= before && found == search.len() as u64);
            before = found;
            if !more {
                break;
            }
        }
        assert_eq!(histogram.bars(), naive(&buffer, Some(&query), grid));
    }

    proptest! {
        #[test]
        fn the_bars_are_what_counting_every_line_gives(
            batches in proptest::collection::vec(
                (0_u8..3, proptest::collection::vec(
                    (prop_oneof![9 => 0_i64..100_000, 1 => 0_i64..90_000_000], "(ERROR|WARN|INFO|  at) [ab]{0,40}"), 1..40),
                 0_u32..9),
                1..30),
            filter in proptest::option::of("[ab]{1,2}|level>=warn|-b"),
            budget in 3000_usize..60_000,
            most in 1_usize..150,
            near in (0_i64..100_000, 1_i64..5000),
        ) {
            let mut buffer = Buffer::new(budget);
            let query = filter.as_deref().map(query);
            let mut search = query.clone().map(Search::new);
            let mut histogram = Histogram::default();
            let mut all = 0;
            for (stream, lines, step) in batches {
                let lines: Vec<_> = lines.iter().map(|(time, text)| (*time, text.as_str())).collect();
                all += lines.len() as u64;
                buffer.push(segment(&format!("s{stream}"), &lines));
                if step == 8 && let Some(job) = buffer.sealable() {
                    buffer.install(job.run().unwrap());
                }
                if let Some(search) = &mut search {
                    search.step(&buffer, step * 9 + 1);
                }
                let reach = Histogram::reach(&buffer, |_| true);
                prop_assert_eq!(reach.is_some(), buffer.lines() > 0);
                let grid = Grid::over(reach.unwrap_or_default(), most);
                prop_assert!(grid.bars <= most);
                histogram.look(&buffer, search.as_ref(), |_| true, grid);
                // Estimates or not, no line is counted twice and none is lost.
                prop_assert_eq!(super::tests::lines(histogram.bars()), buffer.lines());
                prop_assert_eq!(buffer.lines() + buffer.evicted(), all);
                let found: u64 = histogram.bars().iter().map(|bar| bar.found.lines()).sum();
                prop_assert_eq!(found, search.as_ref().map_or(0, |search| search.len() as u64));
            }
            if let Some(search) = &mut search {
                while search.step(&buffer, 1000) {}
            }
            let reach = Histogram::reach(&buffer, |_| true).unwrap_or_default();
            let near = Grid::over((START + near.0, START + near.0 + near.1), most);
            for grid in [Grid::over(reach, most), near] {
                while histogram.look(&buffer, search.as_ref(), |_| true, grid) {}
                prop_assert_eq!(histogram.bars(), naive(&buffer, query.as_ref(), grid));
            }
        }
    }
}
