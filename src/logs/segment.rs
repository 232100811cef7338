//! A sealed batch of lines of one stream, and its builder: what a source's worker makes.

mod builder;
mod records;

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::format::Formats;
use super::level::Level;
use super::tally::{Grade, Tally};
use crate::model::text::RawText;

pub use builder::{Given, SegmentBuilder};

/// Arrivals closer than this are one entry of the column.
const ARRIVAL_STEP: i64 = 1000;
/// A line that is further ahead of its arrival was written by a wrong clock: it takes its arrival.
pub(super) const AHEAD: i64 = 5000;

/// Level, in the low three bits of a line's mark.
const LEVEL: u8 = 0b0000_0111;
const CONTINUES: u8 = 0b0000_1000;
const STDERR: u8 = 0b0001_0000;
const NOTE: u8 = 0b0010_0000;
const TIMED: u8 = 0b0100_0000;

/// What is odd about the time of a line, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Odd {
    /// It says a time more than 5 s after its arrival: this one.
    Ahead(i64),
    /// It was written so long before lines that came before it in its stream.
    Late(i64),
}

/// An immutable batch of lines of one stream. A thread shares it as `Arc<Segment>`.
#[derive(Debug)]
pub struct Segment {
    source: RawText,
    stream: RawText,
    /// The lines, each with its LF.
    bytes: Box<[u8]>,
    /// Where each line ends in `bytes`, after its LF.
    ends: Box<[u32]>,
    marks: Box<[u8]>,
    /// The effective time of each line, in milliseconds since 1970.
    times: Box<[i64]>,
    odd: Box<[(u32, Odd)]>,
    /// The lines by effective time; `None` when they stand so.
    order: Option<Box<[u32]>>,
    /// The lowest and the highest effective time.
    reach: (i64, i64),
    /// First line and time of arrival of each batch that was put together here.
    arrivals: Box<[(u32, i64)]>,
    /// Lines that were longer than what is kept, and by how many bytes.
    cuts: Box<[(u32, u64)]>,
    /// How many of those bytes were not even read.
    unread: u64,
    levels: [u32; Level::ALL.len()],
    /// Its lines by time.
    tally: Arc<Tally>,
    escapes: bool,
    lain: bool,
    lost: u64,
    formats: Formats,
}

impl Segment {
    /// The same lines as said by this source.
    #[must_use]
    pub fn said_by(self, source: RawText) -> Self {
        Self { source, ..self }
    }

    /// The same lines, their text changed by `blot`, which keeps its length and every line's end.
    #[must_use]
    pub fn blotted(mut self, blot: impl Fn(&mut [u8])) -> Self {
        blot(&mut self.bytes);
        // By itself a line that was cut shows that it ends so.
        for (line, _) in &self.cuts {
            let place = self.start(*line)..self.end(*line).saturating_sub(1);
            self.bytes.get_mut(place).into_iter().for_each(&blot);
        }
        self
    }

    /// The source that said them; empty until the outlet has put its name there.
    pub fn source(&self) -> &RawText {
        &self.source
    }

    /// The stream that the lines are of.
    pub fn stream(&self) -> &RawText {
        &self.stream
    }

    /// Number of lines.
    pub fn lines(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// Bytes of memory that live as long as this does.
    pub fn size(&self) -> usize {
        // Seven heap blocks and the `Arc`, at 16 bytes of allocator each.
        const BLOCKS: usize = 8 * 16;
        size_of::<Self>()
            + BLOCKS
            + self.bytes.len()
            + self.ends.len() * (size_of::<u32>() + size_of::<u8>() + size_of::<i64>())
            + (self.cuts.len() + self.arrivals.len()) * size_of::<(u32, u64)>()
            + self.odd.len() * size_of::<(u32, Odd)>()
            + self.order.as_ref().map_or(0, |order| order.len() * size_of::<u32>())
    }

    /// Bytes of the lines.
    pub(super) fn text(&self) -> usize {
        self.bytes.len()
    }

    /// The same lines, all of this time, in milliseconds since 1970.
    #[must_use]
    pub fn dated(mut self, time: i64) -> Self {
        self.times.fill(time);
        (self.reach, self.order) = ((time, time), None);
        self.tally = Arc::new(tally(&self.times, &self.marks));
        self
    }

    /// The lowest effective time of a line, if any line says one.
    pub fn first_said(&self) -> Option<i64> {
        self.marks.iter().any(|mark| mark & TIMED != 0).then_some(self.reach.0)
    }

    /// Whether any line has an ESC: such lines are searched with colour removed.
    pub fn has_escapes(&self) -> bool {
        self.escapes
    }

    /// What the lines are written in.
    pub fn formats(&self) -> &Formats {
        &self.formats
    }

    /// Lines that the source had to drop just before these.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The same lines, of the last of which so many bytes more were not even read.
    #[must_use]
    pub fn cut_more(mut self, bytes: u64) -> Self {
        let last = self.lines().saturating_sub(1);
        if let Some((_, cut)) = self.cuts.last_mut().filter(|(line, _)| *line == last) {
            *cut += bytes;
            self.unread += bytes;
        }
        self
    }

    /// Bytes that were cut off and that nobody has looked at.
    pub(super) fn unread(&self) -> u64 {
        self.unread
    }

    /// The records in which lines were cut, each once.
    pub fn cut_records(&self) -> impl Iterator<Item = Range<u32>> {
        let mut end = 0;
        self.cuts.iter().filter_map(move |(line, _)| {
            let record = (*line >= end).then(|| self.record_start(*line)..self.next_record(line + 1))?;
            end = record.end;
            Some(record)
        })
    }

    /// Bytes that were cut off lines longer than 64 KiB.
    pub fn cut(&self) -> u64 {
        self.cuts.iter().map(|(_, bytes)| bytes).sum()
    }

    /// The bytes of a line, without its end. Empty for a line that does not exist.
    pub fn line(&self, line: u32) -> &[u8] {
        let end = self.end(line);
        self.bytes.get(self.start(line)..end.saturating_sub(1)).unwrap_or_default()
    }

    /// The level of a line; a line that continues another has that one's.
    pub fn level(&self, line: u32) -> Level {
        Level::from_bits(self.mark(line) & LEVEL)
    }

    /// Whether a command wrote the line to its standard error.
    pub fn is_stderr(&self, line: u32) -> bool {
        self.mark(line) & STDERR != 0
    }

    /// Whether the line is not the stream's but midwatch's about it (lines dropped, file rotated).
    pub fn is_note(&self, line: u32) -> bool {
        self.mark(line) & NOTE != 0
    }

    /// Whether the line says a time, be it a wrong one.
    pub(super) fn is_timed(&self, line: u32) -> bool {
        self.mark(line) & TIMED != 0
    }

    /// When the line says that it was written.
    pub fn time(&self, line: u32) -> Option<Timestamp> {
        let millis = match self.odd(line) {
            Some(Odd::Ahead(said)) => said,
            _ if !self.is_timed(line) => return None,
            _ => self.effective(line),
        };
        Timestamp::from_millisecond(millis).ok()
    }

    /// The time by which the line is ordered, in milliseconds since 1970: the one that it says; of a
    /// line that says none, that of the line before it, or else its arrival, which also a line has
    /// that says one more than 5 s after it.
    pub fn effective(&self, line: u32) -> i64 {
        self.times.get(line as usize).copied().unwrap_or(self.reach.1)
    }

    /// What is odd about the time of the line.
    pub fn odd(&self, line: u32) -> Option<Odd> {
        let at = self.odd.binary_search_by_key(&line, |(at, _)| *at).ok()?;
        self.odd.get(at).map(|(_, odd)| *odd)
    }

    /// How many lines are late, and how many ahead.
    pub fn odds(&self) -> (usize, usize) {
        let late = self.odd.iter().filter(|(_, odd)| matches!(odd, Odd::Late(_))).count();
        (late, self.odd.len() - late)
    }

    /// The lowest and the highest effective time.
    pub(super) fn reach(&self) -> (i64, i64) {
        self.reach
    }

    /// The line that stands at this place by effective time.
    pub(super) fn at(&self, place: u32) -> u32 {
        self.order.as_ref().map_or(place, |order| order.get(place as usize).copied().unwrap_or(u32::MAX))
    }

    /// Where this line stands by effective time.
    pub(super) fn place(&self, line: u32) -> u32 {
        let Some(order) = &self.order else { return line };
        let key = (self.effective(line), line);
        let place = order.partition_point(|&other| (self.effective(other), other) < key);
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Whether lines stand by effective time.
    pub(super) fn is_in_order(&self) -> bool {
        self.order.is_none()
    }

    /// Whether the lines lay in a file: they came when that was last written to, which says little of them.
    pub fn has_lain(&self) -> bool {
        self.lain
    }

    /// When the line came, within a second.
    pub fn arrival(&self, line: u32) -> Timestamp {
        Timestamp::from_millisecond(self.arrival_millis(line)).unwrap_or_default()
    }

    /// Bytes that were cut off this line.
    pub fn cut_of(&self, line: u32) -> u64 {
        self.cuts
            .binary_search_by_key(&line, |(at, _)| *at)
            .ok()
            .and_then(|found| self.cuts.get(found))
            .map_or(0, |(_, bytes)| *bytes)
    }

    /// Puts batches of one stream together, in order.
    pub(super) fn concat(parts: &[Arc<Self>]) -> Option<Self> {
        let first = parts.first()?;
        let total = |size: fn(&Self) -> usize| parts.iter().map(|part| size(part)).sum::<usize>();
        let mut bytes = Vec::with_capacity(total(|s| s.bytes.len()));
        let mut ends = Vec::with_capacity(total(|s| s.ends.len()));
        let mut marks = Vec::with_capacity(ends.capacity());
        let mut times = Vec::with_capacity(ends.capacity());
        let mut arrivals = Vec::new();
        let mut cuts = Vec::new();
        let mut odd = Vec::new();
        let mut levels = [0; Level::ALL.len()];
        let mut tally = Tally::default();
        for part in parts {
            tally.add(&part.tally);
            let offset = u32::try_from(bytes.len()).ok()?;
            let lines = u32::try_from(ends.len()).ok()?;
            bytes.extend_from_slice(&part.bytes);
            ends.extend(part.ends.iter().map(|end| end + offset));
            marks.extend_from_slice(&part.marks);
            times.extend_from_slice(&part.times);
            cuts.extend(part.cuts.iter().map(|(line, cut)| (line + lines, *cut)));
            odd.extend(part.odd.iter().map(|(line, odd)| (line + lines, *odd)));
            for (line, at) in &part.arrivals {
                arrived(&mut arrivals, line + lines, *at);
            }
            for (sum, count) in levels.iter_mut().zip(&part.levels) {
                *sum += count;
            }
        }
        Some(Self {
            source: first.source.clone(),
            stream: first.stream.clone(),
            bytes: bytes.into(),
            ends: ends.into(),
            marks: marks.into(),
            order: by_time(&times),
            reach: reach(&times),
            times: times.into(),
            odd: odd.into(),
            arrivals: arrivals.into(),
            cuts: cuts.into(),
            unread: parts.iter().map(|part| part.unread).sum(),
            levels,
            tally: Arc::new(tally.sealed()),
            escapes: parts.iter().any(|part| part.escapes),
            lain: first.lain,
            lost: parts.iter().map(|part| part.lost).sum(),
            formats: first.formats.clone(),
        })
    }

    /// The bytes of lines `from..to`, each with its LF.
    pub(super) fn span(&self, from: u32, to: u32) -> &[u8] {
        self.bytes.get(self.start(from)..self.start(to)).unwrap_or_default()
    }

    /// The line that the byte at `offset` is in.
    pub(super) fn line_at(&self, offset: usize) -> u32 {
        let line = self.ends.partition_point(|&end| end as usize <= offset);
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// Where a line begins.
    pub(super) fn start(&self, line: u32) -> usize {
        line.checked_sub(1).map_or(0, |before| self.end(before))
    }

    /// Its lines by time.
    pub(super) fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// How many lines are of each level.
    pub(super) fn levels(&self) -> &[u32; Level::ALL.len()] {
        &self.levels
    }

    /// Whether any line is of this level or above.
    pub(super) fn reaches(&self, level: Level) -> bool {
        self.levels.iter().skip(level as usize).any(|&count| count > 0)
    }

    pub(super) fn arrival_millis(&self, line: u32) -> i64 {
        let entry = self.arrivals.partition_point(|(first, _)| *first <= line).saturating_sub(1);
        self.arrivals.get(entry).map_or(0, |(_, at)| *at)
    }

    fn end(&self, line: u32) -> usize {
        self.ends.get(line as usize).map_or(self.bytes.len(), |&end| end as usize)
    }

    fn mark(&self, line: u32) -> u8 {
        self.marks.get(line as usize).copied().unwrap_or_default()
    }
}

/// The lines by time; `None` when they stand so.
fn by_time(times: &[i64]) -> Option<Box<[u32]>> {
    if times.is_sorted() {
        return None;
    }
    let mut order: Vec<u32> = (0..u32::try_from(times.len()).unwrap_or(u32::MAX)).collect();
    order.sort_by_key(|&line| times.get(line as usize).copied());
    Some(order.into())
}

fn tally(times: &[i64], marks: &[u8]) -> Tally {
    let grade = |mark: u8| Grade::new(Level::from_bits(mark & LEVEL), mark & CONTINUES != 0);
    Tally::of(times.iter().copied().zip(marks.iter().map(|mark| grade(*mark))))
}

fn reach(times: &[i64]) -> (i64, i64) {
    let lowest = times.iter().copied().min().unwrap_or_default();
    (lowest, times.iter().copied().max().unwrap_or_default())
}

fn arrived(arrivals: &mut Vec<(u32, i64)>, line: u32, at: i64) {
    if !arrivals.last().is_some_and(|(_, last)| (0..ARRIVAL_STEP).contains(&(at - last))) {
        arrivals.push((line, at));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::builder::{BATCH_BYTES, BATCH_LINES};
    use super::*;
    use crate::logs::split::{LINE_LIMIT, Line};
    use crate::logs::stamp::Zone;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn built(lines: &[&str]) -> Segment {
        let mut builder = SegmentBuilder::new(RawText::from("app"), Zone::default());
        for line in lines {
            builder.push(Line::from(line.as_bytes()), Given::default(), at(0));
        }
        builder.seal().unwrap()
    }

    #[test]
    fn lines_keep_their_bytes_levels_and_times() {
        let segment = built(&["2026-11-22T03:12:01Z ERROR broke", "", "\x1b[31mred\x1b[0m WARN"]);
        assert_eq!(segment.lines(), 3);
        assert_eq!(segment.line(0), b"2026-11-22T03:12:01Z ERROR broke");
        assert_eq!(segment.line(1), b"");
        assert_eq!(segment.line(3), b"");
        assert_eq!(segment.time(0).unwrap().to_string(), "2026-11-22T03:12:01Z");
        assert_eq!(segment.time(1), None);
        assert_eq!([0, 1, 2].map(|i| segment.level(i)), [Level::Error, Level::Error, Level::Warn]);
        assert_eq!([0, 1, 2].map(|i| segment.continues(i)), [false, true, false]);
        assert!(segment.has_escapes());
        assert!(segment.reaches(Level::Error) && !segment.reaches(Level::Fatal));
        assert_eq!(segment.arrival(2), at(0));
    }

    #[test]
    fn an_indented_line_goes_on_with_the_record_before_it_even_in_the_next_segment() {
        let mut builder = SegmentBuilder::new(RawText::from("app"), Zone::default());
        let push = |b: &mut SegmentBuilder, line: &str| {
            b.push(Line::from(line.as_bytes()), Given::default(), at(0));
        };
        push(&mut builder, "  indented before anything");
        push(&mut builder, "ERROR broke");
        push(&mut builder, "\tat Foo.java:1");
        let first = builder.seal().unwrap();
        push(&mut builder, "    INFO is a word of the trace");
        push(&mut builder, "  2026-11-22T03:12:01Z INFO a record after all");
        let second = builder.seal().unwrap();
        assert_eq!([0, 1, 2].map(|i| first.level(i)), [Level::Unknown, Level::Error, Level::Error]);
        assert_eq!([0, 1, 2].map(|i| first.continues(i)), [false, false, true]);
        assert_eq!((second.level(0), second.continues(0)), (Level::Error, true));
        assert_eq!((second.level(1), second.continues(1)), (Level::Info, false));
    }

    #[test]
    fn what_the_source_knows_wins() {
        let mut builder = SegmentBuilder::new(RawText::from("app"), Zone::default());
        let given = Given { level: Some(Level::Warn), time: Some(at(7)), stderr: true, ..Given::default() };
        builder.push(Line::from(&b"2026-11-22T03:12:01Z ERROR x"[..]), given, at(9));
        builder.lose(1204, at(9));
        let segment = builder.seal().unwrap();
        assert_eq!((segment.level(0), segment.time(0)), (Level::Warn, Some(at(7))));
        assert!(segment.is_stderr(0) && !segment.is_note(0) && segment.is_note(1));
        assert!(segment.line(1).starts_with(b"1204 lines dropped"));
        assert_eq!(segment.lost(), 1204);
        assert!(builder.seal().is_none());

        let or_info = Given { or_level: Some(Level::Info), ..Given::default() };
        builder.push(Line::from(&b"ERROR x"[..]), or_info, at(9));
        builder.push(Line::from(&b"x"[..]), or_info, at(9));
        builder.push(Line::from(&b"WARN"[..]), Given { continues: true, ..Given::default() }, at(9));
        let segment = builder.seal().unwrap();
        assert_eq!([0, 1, 2].map(|i| segment.level(i)), [Level::Error, Level::Info, Level::Info]);
        assert_eq!([1, 2].map(|i| segment.continues(i)), [false, true]);
    }

    #[test]
    fn a_batch_is_full_by_lines_or_by_bytes() {
        let mut builder = SegmentBuilder::new(RawText::from("app"), Zone::default());
        for line in 0..BATCH_LINES {
            assert!(!builder.is_full(), "{line}");
            builder.push(Line::from(&b"x"[..]), Given::default(), at(0));
        }
        assert!(builder.is_full());
        builder.seal();
        assert!(!builder.is_full());
        for _ in 0..BATCH_BYTES / LINE_LIMIT {
            builder.push(Line::from(&vec![b'x'; LINE_LIMIT + 5][..]), Given::default(), at(0));
        }
        assert!(builder.is_full());
        let segment = builder.seal().unwrap();
        assert_eq!((segment.line(1).len(), segment.cut_of(1), segment.cut_of(9)), (LINE_LIMIT, 5, 0));
        assert_eq!(segment.cut(), 5 * u64::from(segment.lines()));
    }

    #[test]
    fn arrivals_are_kept_to_the_second() {
        let mut builder = SegmentBuilder::new(RawText::from("app"), Zone::default());
        for second in [0, 0, 5, 3, 3] {
            builder.push(Line::from(&b"x"[..]), Given::default(), at(second));
        }
        let segment = builder.seal().unwrap();
        assert_eq!([0, 1, 2, 3, 4].map(|i| segment.arrival(i)), [0, 0, 5, 3, 3].map(at));
        assert_eq!(segment.arrivals.len(), 3);
    }

    proptest! {
        #[test]
        fn putting_together_changes_nothing(
            batches in proptest::collection::vec(
                proptest::collection::vec(("[ -~\x1b]{0,20}|ERROR x|WARN y", 0_i64..9, 0_u64..3), 1..6), 1..6),
        ) {
            let mut builder = SegmentBuilder::new(RawText::from("app"), Zone::default());
            let mut parts = Vec::new();
            for batch in &batches {
                for (line, second, cut) in batch {
                    builder.push(Line { bytes: line.as_bytes(), cut: *cut }, Given::default(), at(*second));
                }
                parts.push(Arc::new(builder.seal().unwrap()));
            }
            let whole = Segment::concat(&parts).unwrap();
            let mut line = 0;
            for part in &parts {
                for index in 0..part.lines() {
                    prop_assert_eq!(whole.line(line), part.line(index));
                    prop_assert_eq!(whole.mark(line), part.mark(index));
                    prop_assert_eq!(whole.time(line), part.time(index));
                    prop_assert_eq!(whole.effective(line), part.effective(index));
                    prop_assert_eq!(whole.odd(line), part.odd(index));
                    prop_assert_eq!(whole.at(whole.place(line)), line);
                    prop_assert_eq!(whole.cut_of(line), part.cut_of(index));
                    prop_assert_eq!(whole.arrival(line), part.arrival(index));
                    prop_assert_eq!(whole.line_at(whole.start(line)), line);
                    line += 1;
                }
            }
            prop_assert_eq!(whole.lines(), line);
            prop_assert_eq!(whole.escapes, parts.iter().any(|p| p.escapes));
            prop_assert!(whole.size() <= parts.iter().map(|p| p.size()).sum::<usize>());
        }
    }
}
