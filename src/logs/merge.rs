//! The lines of all streams by time, without ever putting them all in order: a walk looks at the
//! parts that reach the place where it is.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use super::buffer::{Buffer, LineRef};
use super::key::Key;
use super::level::Level;
use super::part::Part;
use super::search::Search;
use super::segment::Segment;

/// Pieces of files that somebody looked for and that are not here: stream and number.
#[derive(Debug, Default)]
pub struct Wanted(RefCell<BTreeSet<(u32, u64)>>);

impl Wanted {
    /// What was looked for since last asked.
    pub fn take(&self) -> BTreeSet<(u32, u64)> {
        self.0.take()
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    fn add(&self, part: &Part) {
        self.0.borrow_mut().extend(part.piece.map(|piece| (part.stream, piece)));
    }
}

/// The lines in force: all of a buffer, or what a search has found there. A walk that comes to lines
/// of a file that are not here ends, and they are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Merged<'a> {
    /// Where the lines are.
    pub buffer: &'a Buffer,
    /// What is walked by; without it, every line.
    pub search: Option<&'a Search>,
    /// Takes what is not here.
    pub wanted: &'a Wanted,
}

impl<'a> Merged<'a> {
    /// The lines from this place on, in order.
    pub fn forward(&self, from: Key) -> impl Iterator<Item = LineRef<'a>> + use<'a> {
        forward_over(self.spans().filter(|span| span.last() >= from).collect(), from, self.wanted)
    }

    /// The lines before this place, the last first.
    pub fn backward(&self, below: Key) -> impl Iterator<Item = LineRef<'a>> + use<'a> {
        backward_over(self.spans().filter(|span| span.first() < below).collect(), below, self.wanted)
    }

    /// Not before the last line, and near it, however little of it is here.
    pub fn end(&self) -> Key {
        self.spans().map(|span| span.last()).max().unwrap_or(Key::FIRST)
    }

    /// How many lines are in force.
    pub fn count(&self) -> u64 {
        self.spans().map(|span| u64::from(span.len())).sum()
    }

    /// How many of them stand at this place or after it.
    pub fn count_from(&self, from: Key) -> u64 {
        self.spans().map(|span| u64::from(span.len() - self.lower(&span, from).unwrap_or(0))).sum()
    }

    /// How many records a search has found, and how many of them begin at this place or after it.
    pub fn records_from(&self, from: Key) -> Option<(u64, u64)> {
        let search = self.search?;
        let records = self.spans_of(move |part| Some(search.heads(part)));
        Some(records.fold((0, 0), |(all, below), span| {
            let rest = span.len() - self.lower(&span, from).unwrap_or(0);
            (all + u64::from(span.len()), below + u64::from(rest))
        }))
    }

    /// The first line after this place that is of the level or above and begins a record. What is
    /// wanted then may have one before it.
    pub fn next_at_least(&self, level: Level, after: Key) -> Option<LineRef<'a>> {
        let spans = self.spans().filter(|span| span.part.reaches(level));
        let mut spans: Vec<_> = spans.filter(|span| span.last() > after).collect();
        spans.sort_unstable_by_key(Span::first);
        let mut best: Option<LineRef<'a>> = None;
        for span in spans {
            if best.is_some_and(|best| best.key < span.first()) {
                break;
            }
            let from = self.lower(&span, after.next())?;
            let mut lines = (from..span.len()).map_while(|at| self.line(&span, at));
            let found = lines.find(|line| begins_at_least(line, level));
            if found.is_none() && span.segment.is_none() {
                return None;
            }
            best = best.into_iter().chain(found).min_by_key(|line| line.key);
        }
        best
    }

    /// The last line before this place that is of the level or above and begins a record. What is
    /// wanted then may have one after it.
    pub fn previous_at_least(&self, level: Level, before: Key) -> Option<LineRef<'a>> {
        let spans = self.spans().filter(|span| span.part.reaches(level));
        let mut spans: Vec<_> = spans.filter(|span| span.first() < before).collect();
        spans.sort_unstable_by_key(|span| Reverse(span.last()));
        let mut best: Option<LineRef<'a>> = None;
        for span in spans {
            if best.is_some_and(|best| best.key > span.last()) {
                break;
            }
            let below = self.lower(&span, before)?;
            let mut lines = (0..below).rev().map_while(|at| self.line(&span, at));
            let found = lines.find(|line| begins_at_least(line, level));
            if found.is_none() && span.segment.is_none() {
                return None;
            }
            best = best.into_iter().chain(found).max_by_key(|line| line.key);
        }
        best
    }

    /// The lines that came in after `told`, which has for each stream how many had; the last first.
    pub fn since<'t>(&self, told: &'t [u64]) -> impl Iterator<Item = LineRef<'a>> + use<'a, 't> {
        let from = |stream: u32| told.get(stream as usize).copied().unwrap_or_default();
        let spans = self.spans().filter(|span| span.part.end() > from(span.part.stream));
        backward_over(spans.collect(), Key::END, self.wanted)
            .filter(move |line| line.key.seq >= from(line.key.stream))
    }

    fn spans(&self) -> impl Iterator<Item = Span<'a>> + use<'a> {
        let search = self.search;
        self.spans_of(move |part| search.map(|search| search.hits(part)))
    }

    fn spans_of<H>(&self, hits: H) -> impl Iterator<Item = Span<'a>> + use<'a, H>
    where
        H: Fn(u64) -> Option<&'a [u32]>,
    {
        self.buffer.parts().filter_map(move |part| {
            let hits = hits(part.id);
            let span = Span { part, segment: part.segment.as_ref(), hits };
            (span.len() > 0).then_some(span)
        })
    }

    fn lower(&self, span: &Span<'a>, key: Key) -> Option<u32> {
        let lower = span.lower(key);
        if lower.is_none() {
            self.wanted.add(span.part);
        }
        lower
    }

    fn line(&self, span: &Span<'a>, at: u32) -> Option<LineRef<'a>> {
        let line = span.line(at);
        if line.is_none() {
            self.wanted.add(span.part);
        }
        line
    }
}

/// The lines of the spans from this place on. A span is looked into when the walk comes to where it
/// may begin.
fn forward_over<'a>(
    spans: Vec<Span<'a>>,
    from: Key,
    wanted: &'a Wanted,
) -> impl Iterator<Item = LineRef<'a>> + use<'a> {
    let heads = spans.iter().enumerate().map(|(index, span)| Reverse((span.first().max(from), index, None)));
    let mut heads: BinaryHeap<Reverse<(Key, usize, Option<u32>)>> = heads.collect();
    std::iter::from_fn(move || {
        loop {
            let Reverse((_, index, at)) = heads.pop()?;
            let span = spans.get(index)?;
            if span.segment.is_none() {
                wanted.add(span.part);
                heads.clear();
                return None;
            }
            let next = at.map_or_else(|| span.lower(from), |at| at.checked_add(1))?;
            if let Some(line) = span.line(next) {
                heads.push(Reverse((line.key, index, Some(next))));
            }
            if let Some(at) = at {
                return span.line(at);
            }
        }
    })
}

/// The lines of the spans before this place, the last first.
fn backward_over<'a>(
    spans: Vec<Span<'a>>,
    below: Key,
    wanted: &'a Wanted,
) -> impl Iterator<Item = LineRef<'a>> + use<'a> {
    let heads = spans.iter().enumerate().map(|(index, span)| (span.last().min(below), index, None));
    let mut heads: BinaryHeap<(Key, usize, Option<u32>)> = heads.collect();
    std::iter::from_fn(move || {
        loop {
            let (_, index, at) = heads.pop()?;
            let span = spans.get(index)?;
            if span.segment.is_none() {
                wanted.add(span.part);
                heads.clear();
                return None;
            }
            let end = at.map_or_else(|| span.lower(below), Some)?;
            if let Some((next, line)) = end.checked_sub(1).and_then(|next| Some((next, span.line(next)?))) {
                heads.push((line.key, index, Some(next)));
            }
            if let Some(at) = at {
                return span.line(at);
            }
        }
    })
}

fn begins_at_least(line: &LineRef<'_>, level: Level) -> bool {
    line.level() >= level && !line.segment.continues(line.line)
}

/// The lines in force of one part, in order.
struct Span<'a> {
    part: &'a Part,
    segment: Option<&'a Arc<Segment>>,
    /// Places of lines by effective time, ascending; without it, every line.
    hits: Option<&'a [u32]>,
}

impl<'a> Span<'a> {
    fn len(&self) -> u32 {
        self.hits.map_or(self.part.lines, |hits| u32::try_from(hits.len()).unwrap_or(u32::MAX))
    }

    /// A line, if there are so many and they are here.
    fn line(&self, index: u32) -> Option<LineRef<'a>> {
        let segment = self.segment.filter(|_| index < self.len())?;
        let place = self.hits.map_or(Some(index), |hits| hits.get(index as usize).copied())?;
        let line = segment.at(place);
        let seq = self.part.first + u64::from(line);
        let key = Key { time: segment.effective(line), stream: self.part.stream, seq };
        Some(LineRef { key, segment, line })
    }

    /// Not after its first line.
    fn first(&self) -> Key {
        self.part.lowest()
    }

    /// Not before its last line.
    fn last(&self) -> Key {
        self.part.highest()
    }

    /// How many of its lines stand before this place; `None` if that cannot be told without them.
    fn lower(&self, key: Key) -> Option<u32> {
        if key <= self.first() {
            return Some(0);
        }
        if key > self.last() {
            return Some(self.len());
        }
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = u32::midpoint(low, high);
            if self.line(middle)?.key < key { low = middle + 1 } else { high = middle }
        }
        Some(low)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::format::Formats;
    use crate::logs::query::Query;
    use crate::logs::segment::{Given, Odd, Segment, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;
    use crate::model::text::RawText;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    /// A line: the second it says, if it says one, and its text.
    type Said<'a> = (Option<i64>, &'a str);

    fn segment(stream: &str, lines: &[Said<'_>], came: i64) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(RawText::from(stream), Zone::default());
        push(&mut builder, lines, came)
    }

    fn push(builder: &mut SegmentBuilder, lines: &[Said<'_>], came: i64) -> Arc<Segment> {
        for (second, text) in lines {
            let given = Given { time: second.map(at), ..Given::default() };
            builder.push(Line::from(text.as_bytes()), given, at(came));
        }
        Arc::new(builder.seal().unwrap())
    }

    fn texts<'a>(lines: impl Iterator<Item = LineRef<'a>>) -> Vec<String> {
        lines.map(|line| String::from_utf8_lossy(line.bytes()).into_owned()).collect()
    }

    #[test]
    fn streams_stand_together_by_time_and_records_stay_whole() {
        let mut buffer = Buffer::default();
        buffer.push(segment("a", &[(Some(1), "a1"), (None, "  more of a1"), (Some(4), "a4")], 10));
        buffer.push(segment("b", &[(Some(2), "b2"), (Some(3), "b3"), (Some(5), "b5")], 10));
        let wanted = Wanted::default();
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        let all = ["a1", "  more of a1", "b2", "b3", "a4", "b5"];
        assert_eq!(texts(merged.forward(Key::FIRST)), all);
        assert_eq!(texts(merged.forward(Key::at(at(3).as_millisecond()))), all[3..]);
        let mut back = texts(merged.backward(Key::at(at(3).as_millisecond())));
        back.reverse();
        assert_eq!(back, all[..3]);
        assert_eq!((merged.count(), merged.count_from(Key::at(at(2).as_millisecond()))), (6, 4));
    }

    #[test]
    fn a_late_line_is_put_in_its_place_and_a_wrong_clock_does_not_own_the_end() {
        let mut buffer = Buffer::default();
        let mut builder = SegmentBuilder::new(RawText::from("a"), Zone::default());
        buffer.push(push(&mut builder, &[(Some(1), "one"), (Some(4), "four"), (Some(9000), "tomorrow")], 5));
        buffer.push(push(&mut builder, &[(Some(2), "two"), (None, "of two"), (Some(6), "six")], 7));
        let wanted = Wanted::default();
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        let lines: Vec<_> = merged.forward(Key::FIRST).collect();
        let odd = |line: &LineRef<'_>| line.segment.odd(line.line);
        assert_eq!(texts(lines.iter().copied()), ["one", "two", "of two", "four", "tomorrow", "six"]);
        let odds: Vec<_> = lines.iter().map(odd).collect();
        let ahead = Odd::Ahead(at(9000).as_millisecond());
        assert_eq!(odds, [None, Some(Odd::Late(3000)), None, None, Some(ahead), None]);
        assert_eq!(lines[4].segment.time(lines[4].line), Some(at(9000)), "what it says is not forgotten");
        let stats = buffer.streams().next().unwrap();
        assert_eq!((stats.late, stats.ahead), (1, 1));
    }

    #[test]
    fn a_stream_without_times_stands_as_it_came() {
        let mut buffer = Buffer::default();
        let mut builder = SegmentBuilder::new(RawText::from("plain"), Zone::default());
        buffer.push(push(&mut builder, &[(Some(1), "begins"), (None, "its detail")], 2));
        buffer.push(segment("other", &[(Some(30), "between")], 30));
        buffer.push(push(&mut builder, &[(None, "much later")], 60));
        let wanted = Wanted::default();
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        assert_eq!(texts(merged.forward(Key::FIRST)), ["begins", "its detail", "between", "much later"]);
    }

    #[test]
    fn errors_are_found_both_ways_without_their_traces() {
        let mut buffer = Buffer::default();
        let lines =
            [(Some(1), "ERROR one"), (None, "  at trace"), (Some(3), "INFO x"), (Some(7), "FATAL two")];
        buffer.push(segment("a", &lines, 9));
        buffer.push(segment("b", &[(Some(2), "INFO y"), (Some(5), "ERROR z")], 9));
        let wanted = Wanted::default();
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        let text = |line: Option<LineRef<'_>>| texts(line.into_iter()).pop();
        let from = |second| Key::at(at(second).as_millisecond());
        let next = |key| merged.next_at_least(Level::Error, key);
        assert_eq!(text(next(Key::FIRST)).unwrap(), "ERROR one");
        assert_eq!(text(next(from(2))).unwrap(), "ERROR z");
        assert_eq!(text(next(next(from(2)).unwrap().key)).unwrap(), "FATAL two");
        assert_eq!(text(next(from(8))), None);
        let previous = |key| merged.previous_at_least(Level::Error, key);
        assert_eq!(text(previous(Key::END)).unwrap(), "FATAL two");
        assert_eq!(text(previous(from(5))).unwrap(), "ERROR one");
        assert_eq!(text(previous(previous(from(5)).unwrap().key)), None);
        let counts = buffer.rates().bars(at(8), 8, 1)[0];
        assert_eq!((counts[Level::Error as usize], counts.iter().sum::<u32>()), (2, 6));
    }

    fn of_file(text: &str, modified: Timestamp) -> Option<Arc<Segment>> {
        let zone = Zone::default();
        SegmentBuilder::of_file("f".into(), &zone, &Formats::default(), text.as_bytes(), modified)
            .map(Arc::new)
    }

    /// The pieces of a file, cut as it is read, and their lines.
    fn pieces(text: &str, each: usize) -> Vec<(u64, Arc<Segment>)> {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let piece = |(index, lines): (usize, &[&str])| {
            let bytes = lines.concat();
            (index as u64, of_file(&bytes, at(0)).unwrap())
        };
        lines.chunks(each).enumerate().map(piece).collect()
    }

    #[test]
    fn a_file_is_known_without_its_lines_and_a_walk_says_which_it_lacks() {
        let line = |n: u32| {
            let level = if n % 20 == 5 { "ERROR" } else { "INFO" };
            format!("2026-11-18T00:00:{n:02}Z {level} {n}\n")
        };
        let text = (0..60).map(line).collect::<Vec<_>>().concat();
        let mut buffer = Buffer::new(4000);
        buffer.open(&"f".into(), &"source".into(), 6, false);
        let pieces = pieces(&text, 10);
        for (index, lines) in pieces.iter().rev() {
            buffer.put(*index, lines, false).unwrap();
            buffer.forget_read();
            buffer.learn(&"f".into(), *index);
        }
        assert_eq!((buffer.lines(), buffer.known_pieces()), (60, (6, 6)));
        assert!(buffer.used() < 8000, "{}", buffer.used());
        let wanted = Wanted::default();
        let read = |buffer: &Buffer| {
            texts(Merged { buffer, search: None, wanted: &wanted }.forward(Key::FIRST)).len()
        };
        assert_eq!(read(&buffer), 0);
        let mut asked = Vec::new();
        // Each look brings the next piece; the last was kept.
        for _ in 0..6 {
            read(&buffer);
            for (_, piece) in wanted.take() {
                asked.push(piece);
                buffer.put(piece, &pieces[usize::try_from(piece).unwrap()].1, true);
            }
        }
        assert_eq!((asked.as_slice(), read(&buffer)), ([0, 1, 2, 3, 4].as_slice(), 60));
        buffer.forget_read();
        assert_eq!(buffer.lines(), 60, "what it is stays known");
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        let middle = Key::at("2026-11-18T00:00:30Z".parse::<Timestamp>().unwrap().as_millisecond());
        assert_eq!(merged.count_from(middle), 30);
        assert_eq!(wanted.take().len(), 0, "it is where two pieces meet");
        assert!(merged.next_at_least(Level::Error, Key::FIRST).is_none());
        assert_eq!(wanted.take(), [(0, 0)].into(), "nothing is told of what was not read");
    }

    #[test]
    fn a_last_line_that_was_not_whole_is_replaced_and_nothing_is_counted_twice() {
        let mut buffer = Buffer::default();
        buffer.open(&"f".into(), &"source".into(), 1, false);
        let mut search = Search::new(Query::parse("whole", at(0)).unwrap());
        let begin = "2026-11-18T00:00:09Z x\n2026-11-18T00:00:01Z late, ";
        for text in [begin.to_owned(), format!("{begin}now whole\n"), format!("{begin}now whole\nmore\n")] {
            let part = buffer.put(0, &of_file(&text, at(0)).unwrap(), true).unwrap();
            search.look_at(&buffer, part);
            let lines = text.lines().count() as u64;
            let stats = buffer.streams().next().unwrap();
            assert_eq!((stats.received, stats.held, stats.late, stats.evicted), (lines, lines, 1, 0));
            assert_eq!(search.len(), usize::from(text.contains("whole")), "{text}");
        }
    }

    #[test]
    fn lines_of_a_file_go_by_it_alone() {
        let text = "starts\n2026-11-18T00:00:02Z a\n  of a\n2099-01-01T00:00:00Z wrong\nplain\n2026-11-18T00:00:01Z b\n";
        let (_, lines) = &pieces(text, 99)[0];
        let second = |line| lines.effective(line) / 1000 % 60;
        assert_eq!([0, 1, 2, 3, 4, 5].map(second), [2, 2, 2, 2, 2, 1]);
        assert!(matches!(lines.odd(3), Some(Odd::Ahead(_))), "a wrong clock owns no end");
        let undated = of_file("one\ntwo", at(7)).unwrap();
        assert_eq!([0, 1].map(|line| undated.effective(line)), [at(7).as_millisecond(); 2]);
        assert_eq!(undated.line(1), b"two");
    }

    proptest! {
        #[test]
        fn a_file_in_any_pieces_in_any_order_is_the_same(
            lines in proptest::collection::vec("(2026-11-18T00:00:[0-5][0-9]Z )?(ERROR )?[ab]{1,3}|  at [ab]", 1..40),
            each in 1_usize..9,
            order in any::<u64>(),
            filter in "([ab]|level>=error)?",
        ) {
            // A line without a time has that of the one before it, so cuts are where a time is.
            let dated = |line: &String| line.starts_with('2');
            let lines: Vec<_> = lines.into_iter().skip_while(|line| !dated(line)).collect();
            let text = lines.join("\n");
            let mut groups: Vec<String> = Vec::new();
            for line in text.split_inclusive('\n') {
                match groups.last_mut().filter(|group| !line.starts_with('2') || group.lines().count() < each) {
                    Some(group) => group.push_str(line),
                    None => groups.push(line.to_owned()),
                }
            }
            let segment = |text: &str| of_file(text, at(0));
            let build = |pieces: &[(u64, Arc<Segment>)]| {
                let mut buffer = Buffer::default();
                buffer.open(&"f".into(), &"source".into(), pieces.len() as u64, false);
                let mut search = Search::new(Query::parse(&filter, at(0)).unwrap());
                for (index, lines) in pieces {
                    let part = buffer.put(*index, lines, true).unwrap();
                    search.look_at(&buffer, part);
                }
                let wanted = Wanted::default();
                let merged = Merged { buffer: &buffer, search: Some(&search), wanted: &wanted };
                (texts(merged.forward(Key::FIRST)), merged.count(), buffer.lines(), search.is_done(&buffer))
            };
            let mut pieces: Vec<(u64, Arc<Segment>)> =
                (0..).zip(&groups).filter_map(|(index, group)| Some((index, segment(group)?))).collect();
            pieces.sort_by_key(|(index, _)| order.rotate_left(u32::try_from(*index % 64).unwrap()));
            let whole: Vec<_> = segment(&text).into_iter().map(|lines| (0, lines)).collect();
            prop_assert_eq!(build(&pieces), build(&whole));
        }
    }

    proptest! {
        #[test]
        fn every_walk_is_a_part_of_the_one_order(
            batches in proptest::collection::vec(
                (0_usize..3, proptest::collection::vec((proptest::option::of(0_i64..40), "(ERROR )?[ab]{1,2}"), 1..8)), 1..20),
            seals in proptest::collection::vec(any::<bool>(), 20),
            places in proptest::collection::vec((0_i64..41, 0_u32..3, 0_u64..20), 6),
            filter in "([ab]|level>=error)?",
        ) {
            let mut buffer = Buffer::default();
            let mut builders: Vec<_> =
                (0..3).map(|n| SegmentBuilder::new(RawText::from(format!("s{n}")), Zone::default())).collect();
            let mut told = Vec::new();
            for (at, (stream, lines)) in batches.iter().enumerate() {
                if at == batches.len() / 2 {
                    told = buffer.ends();
                }
                let lines: Vec<_> = lines.iter().map(|(second, text)| (*second, text.as_str())).collect();
                buffer.push(push(&mut builders[*stream], &lines, 40));
                if seals[at] && let Some(job) = buffer.sealable() {
                    buffer.install(job.run().unwrap());
                }
            }
            let mut search = Search::new(Query::parse(&filter, at(0)).unwrap());
            while search.step(&buffer, 5) {}
            let wanted = Wanted::default();
            let merged = Merged { buffer: &buffer, search: Some(&search), wanted: &wanted };
            // The order, made the way that no walk makes it.
            let mut all: Vec<Key> = Vec::new();
            for part in buffer.parts() {
                let segment = part.segment.as_ref().unwrap();
                for line in 0..segment.lines() {
                    let key = Key { time: segment.effective(line), stream: part.stream, seq: part.first + u64::from(line) };
                    if Query::parse(&filter, at(0)).unwrap().matches(&LineRef { key, segment, line }) {
                        all.push(key);
                    }
                }
            }
            all.sort_unstable();
            prop_assert!(all.windows(2).all(|two| two[0] < two[1]), "each key is one line's");
            prop_assert_eq!(merged.count(), all.len() as u64);
            let fresh: Vec<Key> = all.iter().rev().copied().filter(|key| key.seq >= told.get(key.stream as usize).copied().unwrap_or(0)).collect();
            prop_assert_eq!(merged.since(&told).map(|line| line.key).collect::<Vec<_>>(), fresh);
            for (second, stream, seq) in places {
                let place = Key { time: at(second).as_millisecond(), stream, seq };
                let (before, from) = all.split_at(all.partition_point(|key| *key < place));
                prop_assert_eq!(&merged.forward(place).map(|line| line.key).collect::<Vec<_>>(), from);
                let mut back: Vec<_> = merged.backward(place).map(|line| line.key).collect();
                back.reverse();
                prop_assert_eq!(&back, before);
                prop_assert_eq!(merged.count_from(place), from.len() as u64);
                let errors: Vec<_> = merged.forward(Key::FIRST).filter(|line| begins_at_least(line, Level::Error)).map(|line| line.key).collect();
                let next = errors.iter().copied().find(|key| *key > place);
                prop_assert_eq!(merged.next_at_least(Level::Error, place).map(|line| line.key), next);
                let previous = errors.iter().copied().rev().find(|key| *key < place);
                prop_assert_eq!(merged.previous_at_least(Level::Error, place).map(|line| line.key), previous);
            }
        }
    }
}
