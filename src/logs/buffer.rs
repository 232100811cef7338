//! All streams in the order that their lines came, within one byte budget.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Weak};

use super::level::Level;
use super::rate::Rates;
use super::segment::Segment;
use crate::model::text::RawText;

/// The budget unless the person sets one: 256 MiB.
pub const DEFAULT_BUDGET: usize = 256 << 20;
/// What stays however much of it readers pin, in bytes.
const FLOOR: usize = 1 << 20;
/// So many batches are worth putting together.
const FAN_IN: usize = 8;
/// What they may come to, in bytes.
const SEALED: usize = 1 << 20;
/// Segments from this size on stay as they are.
const LARGE: usize = 256 << 10;
/// Index memory of one run: its place and its node's share, its entry in the stream.
const RUN_SIZE: usize = 2 * size_of::<(u64, Place)>() + size_of::<u64>();

/// One line of the buffer.
#[derive(Clone, Copy, Debug)]
pub struct LineRef<'a> {
    /// Number in order of arrival over all streams; never used twice.
    pub seq: u64,
    /// The segment that it is in. A reader that must keep the line clones this.
    pub segment: &'a Arc<Segment>,
    /// Which line of the segment.
    pub line: u32,
}

impl<'a> LineRef<'a> {
    /// The line without its end.
    pub fn bytes(&self) -> &'a [u8] {
        self.segment.line(self.line)
    }

    /// Its level.
    pub fn level(&self) -> Level {
        self.segment.level(self.line)
    }
}

/// What came of a stream. `received == held + evicted`; dropped lines never came in.
#[derive(Clone, Debug)]
pub struct StreamStats {
    /// The stream's name.
    pub name: RawText,
    /// The source that began it.
    pub source: RawText,
    /// Lines that came in.
    pub received: u64,
    /// Lines that are here.
    pub held: u64,
    /// Lines given up to stay within the budget.
    pub evicted: u64,
    /// Lines that the source or a full queue dropped before they came in.
    pub dropped: u64,
    /// Bytes cut off lines that were too long.
    pub cut: u64,
    /// Memory that its lines take.
    pub bytes: usize,
}

/// Lines of one segment that are neighbours in the order of arrival.
#[derive(Clone, Debug)]
struct Place {
    segment: Arc<Segment>,
    line: u32,
    lines: u32,
}

#[derive(Debug)]
struct Held {
    segment: Arc<Segment>,
    /// First numbers of its runs, in order: keys of the index.
    runs: Vec<u64>,
}

impl Held {
    fn size(&self) -> usize {
        self.segment.size() + size_of::<Self>() + self.runs.len() * RUN_SIZE
    }
}

#[derive(Debug)]
struct Stream {
    stats: StreamStats,
    held: VecDeque<Held>,
}

/// Batches of one stream to be put together, which a worker may do.
#[derive(Clone, Debug)]
pub struct SealJob {
    stream: usize,
    parts: Vec<Arc<Segment>>,
}

impl PartialEq for SealJob {
    /// Jobs are the same when they are about the same segments, not about equal ones.
    fn eq(&self, other: &Self) -> bool {
        self.stream == other.stream
            && self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(|(one, another)| Arc::ptr_eq(one, another))
    }
}

impl Eq for SealJob {}

/// A done [`SealJob`], for [`Buffer::install`].
#[derive(Clone, Debug)]
pub struct Sealed {
    job: SealJob,
    whole: Arc<Segment>,
}

impl SealJob {
    /// Copies the batches into one segment of at most 1 MiB.
    pub fn run(self) -> Option<Sealed> {
        let whole = Arc::new(Segment::concat(&self.parts)?);
        Some(Sealed { job: self, whole })
    }
}

/// The lines of all streams.
#[derive(Debug)]
pub struct Buffer {
    budget: usize,
    streams: Vec<Stream>,
    by_name: HashMap<RawText, usize>,
    index: BTreeMap<u64, Place>,
    next_seq: u64,
    lines: u64,
    /// Of segments that are here.
    used: usize,
    /// Segments that were evicted while a reader held them, with their sizes.
    pinned: Vec<(Weak<Segment>, usize)>,
    /// One past the highest number ever evicted.
    evicted_below: u64,
    evicted: u64,
    rates: Rates,
}

impl Buffer {
    /// An empty buffer that keeps to `budget` bytes, its index included.
    pub fn new(budget: usize) -> Self {
        Self {
            budget,
            streams: Vec::new(),
            by_name: HashMap::new(),
            index: BTreeMap::new(),
            next_seq: 0,
            lines: 0,
            used: 0,
            pinned: Vec::new(),
            evicted_below: 0,
            evicted: 0,
            rates: Rates::default(),
        }
    }

    /// Takes a segment; its lines get the next numbers, which are returned. What is over the
    /// budget is evicted: the oldest segment of the stream that holds most.
    pub fn push(&mut self, segment: Arc<Segment>) -> Range<u64> {
        let stream = self.stream(segment.stream(), segment.source());
        let first = self.next_seq;
        let lines = segment.lines();
        self.next_seq += u64::from(lines);
        self.lines += u64::from(lines);
        for line in 0..lines {
            let counted = if segment.continues(line) { Level::Unknown } else { segment.level(line) };
            self.rates.count(segment.effective_millis(line).div_euclid(1000), counted);
        }
        if let Some(stats) = self.streams.get_mut(stream).map(|s| &mut s.stats) {
            stats.received += u64::from(lines);
            stats.held += u64::from(lines);
            stats.dropped += segment.lost();
            stats.cut += segment.cut();
        }
        if lines > 0 {
            self.index.insert(first, Place { segment: Arc::clone(&segment), line: 0, lines });
            self.add(stream, None, Held { segment, runs: vec![first] });
            self.evict();
        }
        first..self.next_seq
    }

    /// Counts lines of a stream that were dropped on their way here.
    pub fn count_dropped(&mut self, stream: &RawText, lines: u64) {
        let stream = self.stream(stream, &RawText::default());
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.stats.dropped += lines;
        }
    }

    /// The line of a number, unless it was evicted or has not come.
    pub fn line(&self, seq: u64) -> Option<LineRef<'_>> {
        let (first, place) = self.index.range(..=seq).next_back()?;
        let offset = u32::try_from(seq - first).ok().filter(|&offset| offset < place.lines)?;
        Some(LineRef { seq, segment: &place.segment, line: place.line + offset })
    }

    /// Lines from number `from` on, oldest first.
    pub fn forward(&self, from: u64) -> impl Iterator<Item = LineRef<'_>> {
        self.runs_from(from).flat_map(move |run| run.lines(from..u64::MAX))
    }

    /// Lines below number `below`, newest first.
    pub fn backward(&self, below: u64) -> impl Iterator<Item = LineRef<'_>> {
        self.index
            .range(..below)
            .rev()
            .flat_map(move |(first, place)| Run { first: *first, place }.lines(0..below).rev())
    }

    /// The first line after number `after` of this level or above that begins a record.
    pub fn next_at_least(&self, level: Level, after: u64) -> Option<LineRef<'_>> {
        let from = after.saturating_add(1);
        self.runs_from(from)
            .filter(|run| run.place.segment.reaches(level))
            .flat_map(|run| run.lines(from..u64::MAX))
            .find(|line| begins_at_least(line, level))
    }

    /// The last line before number `before` of this level or above that begins a record.
    pub fn previous_at_least(&self, level: Level, before: u64) -> Option<LineRef<'_>> {
        self.index
            .range(..before)
            .rev()
            .filter(|(_, place)| place.segment.reaches(level))
            .flat_map(|(first, place)| Run { first: *first, place }.lines(0..before).rev())
            .find(|line| begins_at_least(line, level))
    }

    /// The lowest number that may be here, and one past the highest.
    pub fn bounds(&self) -> Range<u64> {
        self.index.keys().next().copied().unwrap_or(self.next_seq)..self.next_seq
    }

    /// How many lines are here.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Memory in use: segments, index, and what readers hold of evicted segments.
    pub fn used(&self) -> usize {
        self.used + self.pinned()
    }

    /// Memory of evicted segments that readers still hold: a paused view that lags behind.
    pub fn pinned(&self) -> usize {
        self.pinned.iter().filter(|(held, _)| held.strong_count() > 0).map(|(_, size)| size).sum()
    }

    /// The budget, in bytes.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// What came of each stream, in the order in which they first appeared.
    pub fn streams(&self) -> impl Iterator<Item = &StreamStats> {
        self.streams.iter().map(|stream| &stream.stats)
    }

    /// Lines by second and level.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Small batches worth putting together, if there are any. Give the result to
    /// [`Buffer::install`].
    ///
    /// No batch is more than half of the result: whatever the rate at which lines come, each is
    /// copied a handful of times on its way into a segment of up to 1 MiB.
    pub fn sealable(&self) -> Option<SealJob> {
        self.streams.iter().enumerate().find_map(|(stream, Stream { held, .. })| {
            let (mut total, mut largest, mut count) = (0, 0, 0);
            for (before, part) in held.iter().rev().enumerate() {
                let size = part.segment.size();
                total += size;
                largest = largest.max(size);
                if size >= LARGE || total > SEALED {
                    break;
                }
                if before + 1 >= FAN_IN && largest * 2 <= total {
                    count = before + 1;
                }
            }
            let parts = held.range(held.len() - count..).map(|held| Arc::clone(&held.segment)).collect();
            (count > 0).then_some(SealJob { stream, parts })
        })
    }

    /// Puts a sealed segment in the place of its batches. `false`, and nothing changes, if some
    /// of them were evicted meanwhile.
    pub fn install(&mut self, sealed: Sealed) -> bool {
        let Sealed { job: SealJob { stream, parts }, whole } = sealed;
        let Some(held) = self.streams.get(stream).map(|s| &s.held) else { return false };
        let Some(first) = parts.first() else { return false };
        let Some(at) = held.iter().position(|held| Arc::ptr_eq(&held.segment, first)) else { return false };
        if !parts.iter().zip(held.range(at..)).all(|(part, held)| Arc::ptr_eq(part, &held.segment))
            || held.len() < at + parts.len()
        {
            return false;
        }
        let count = parts.len();
        drop(parts);
        let mut runs: Vec<(u64, Place)> = Vec::new();
        let mut line = 0;
        for _ in 0..count {
            for (first, place) in self.take(stream, at) {
                let place = Place { segment: Arc::clone(&whole), line, lines: place.lines };
                line += place.lines;
                match runs.last_mut() {
                    Some((last, joined)) if *last + u64::from(joined.lines) == first => {
                        joined.lines += place.lines;
                    }
                    _ => runs.push((first, place)),
                }
            }
        }
        let held = Held { segment: whole, runs: runs.iter().map(|(first, _)| *first).collect() };
        self.index.extend(runs);
        self.add(stream, Some(at), held);
        true
    }

    /// Lines evicted so far, of all streams.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// One past the highest number that was ever evicted: from here on nothing is missing.
    pub(super) fn evicted_below(&self) -> u64 {
        self.evicted_below
    }

    /// The runs that have a line from number `from` on.
    pub(super) fn runs_from(&self, from: u64) -> impl Iterator<Item = Run<'_>> {
        let start = self.index.range(..=from).next_back().map_or(from, |(first, _)| *first);
        self.index.range(start..).map(|(first, place)| Run { first: *first, place })
    }

    /// The newest run that has a line below number `below`.
    pub(super) fn run_below(&self, below: u64) -> Option<Run<'_>> {
        self.index.range(..below).next_back().map(|(first, place)| Run { first: *first, place })
    }

    fn stream(&mut self, name: &RawText, source: &RawText) -> usize {
        if let Some(stream) = self.by_name.get(name) {
            return *stream;
        }
        let stats = StreamStats {
            name: name.clone(),
            source: source.clone(),
            received: 0,
            held: 0,
            evicted: 0,
            dropped: 0,
            cut: 0,
            bytes: 0,
        };
        self.streams.push(Stream { stats, held: VecDeque::new() });
        self.by_name.insert(name.clone(), self.streams.len() - 1);
        self.streams.len() - 1
    }

    fn add(&mut self, stream: usize, at: Option<usize>, held: Held) {
        let Some(stream) = self.streams.get_mut(stream) else { return };
        stream.stats.bytes += held.size();
        self.used += held.size();
        stream.held.insert(at.unwrap_or(stream.held.len()), held);
    }

    /// Takes a segment out of stream and index; returns its runs. Its memory stays counted while
    /// a reader holds it.
    fn take(&mut self, stream: usize, at: usize) -> Vec<(u64, Place)> {
        let Some(held) = self.streams.get_mut(stream).and_then(|s| {
            let held = s.held.remove(at)?;
            s.stats.bytes -= held.size();
            Some(held)
        }) else {
            return Vec::new();
        };
        self.used -= held.size();
        let runs = held.runs.iter().filter_map(|first| Some((*first, self.index.remove(first)?))).collect();
        // Here, in the runs just taken, and in a reader's hands?
        if Arc::strong_count(&held.segment) > 1 + held.runs.len() {
            self.pinned.retain(|(held, _)| held.strong_count() > 0);
            self.pinned.push((Arc::downgrade(&held.segment), held.segment.size()));
        }
        runs
    }

    fn evict(&mut self) {
        let floor = FLOOR.min(self.budget / 2);
        // Held by readers: not lost by evicting, so it must not empty the rest.
        let pinned = self.pinned();
        while self.used + pinned > self.budget && self.used > floor {
            let most = self.streams.iter().enumerate().max_by_key(|(_, s)| s.stats.bytes).map(|(at, _)| at);
            let Some(stream) = most else { return };
            let runs = self.take(stream, 0);
            let lines: u64 = runs.iter().map(|(_, place)| u64::from(place.lines)).sum();
            if lines == 0 {
                return;
            }
            for (first, place) in runs {
                self.evicted_below = self.evicted_below.max(first + u64::from(place.lines));
            }
            self.lines -= lines;
            self.evicted += lines;
            if let Some(stats) = self.streams.get_mut(stream).map(|s| &mut s.stats) {
                stats.held -= lines;
                stats.evicted += lines;
            }
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new(DEFAULT_BUDGET)
    }
}

fn begins_at_least(line: &LineRef<'_>, level: Level) -> bool {
    line.level() >= level && !line.segment.continues(line.line)
}

/// A run of the index, for those that walk it.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) first: u64,
    place: &'a Place,
}

impl<'a> Run<'a> {
    pub(super) fn segment(&self) -> &'a Arc<Segment> {
        &self.place.segment
    }

    /// The number after its last line's.
    pub(super) fn end(&self) -> u64 {
        self.first + u64::from(self.place.lines)
    }

    /// The segment's lines whose numbers are in `seqs`.
    pub(super) fn within(&self, seqs: &Range<u64>) -> Range<u32> {
        let offset = |seq: u64| {
            let offset = seq.clamp(self.first, self.end()) - self.first;
            self.place.line + u32::try_from(offset).unwrap_or(self.place.lines)
        };
        offset(seqs.start)..offset(seqs.end)
    }

    /// The number of a line of the segment.
    pub(super) fn seq(&self, line: u32) -> u64 {
        self.first + u64::from(line - self.place.line)
    }

    fn lines(self, seqs: Range<u64>) -> impl DoubleEndedIterator<Item = LineRef<'a>> {
        self.within(&seqs).map(move |line| LineRef {
            seq: self.seq(line),
            segment: &self.place.segment,
            line,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    fn segment<S: AsRef<str>>(stream: &str, lines: &[S]) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(RawText::from(stream), Zone::default());
        for line in lines {
            builder.push(Line::from(line.as_ref().as_bytes()), Given::default(), at(0));
        }
        Arc::new(builder.seal().unwrap())
    }

    fn texts<'a>(lines: impl Iterator<Item = LineRef<'a>>) -> Vec<(u64, String)> {
        lines.map(|l| (l.seq, String::from_utf8_lossy(l.bytes()).into_owned())).collect()
    }

    fn stats(buffer: &Buffer, name: &str) -> StreamStats {
        buffer.streams().find(|s| s.name == RawText::from(name)).unwrap().clone()
    }

    #[test]
    fn streams_share_one_order() {
        let mut buffer = Buffer::default();
        assert_eq!(buffer.push(segment("a", &["a0", "a1"])), 0..2);
        assert_eq!(buffer.push(segment("b", &["b0"])), 2..3);
        assert_eq!(buffer.push(segment("a", &["a2"])), 3..4);
        let all = [(0, "a0".into()), (1, "a1".into()), (2, "b0".into()), (3, "a2".into())];
        assert_eq!(texts(buffer.forward(0)), all);
        assert_eq!(texts(buffer.forward(1)), all[1..]);
        assert_eq!(texts(buffer.backward(2)), [all[1].clone(), all[0].clone()]);
        assert_eq!(buffer.line(2).unwrap().bytes(), b"b0");
        assert!(buffer.line(4).is_none());
        assert_eq!((buffer.lines(), buffer.bounds()), (4, 0..4));
    }

    #[test]
    fn errors_are_found_both_ways_without_their_traces() {
        let mut buffer = Buffer::default();
        buffer.push(segment("a", &["ERROR one", "  at trace", "INFO x"]));
        buffer.push(segment("b", &["INFO y"]));
        buffer.push(segment("a", &["FATAL two"]));
        let seq = |line: Option<LineRef<'_>>| line.map(|l| l.seq);
        assert_eq!(seq(buffer.next_at_least(Level::Error, 0)), Some(4));
        assert_eq!(seq(buffer.next_at_least(Level::Error, 4)), None);
        assert_eq!(seq(buffer.previous_at_least(Level::Error, 4)), Some(0));
        assert_eq!(seq(buffer.previous_at_least(Level::Error, 0)), None);
        let counts = buffer.rates().bars(at(1), 1, 1)[0];
        assert_eq!((counts[Level::Error as usize], counts.iter().sum::<u32>()), (1, 5));
    }

    #[test]
    fn the_loudest_stream_pays_and_the_quiet_one_keeps_its_lines() {
        let mut buffer = Buffer::new(8 << 20);
        let quiet: Vec<String> = (0..2000).map(|i| format!("quiet {i} {}", "q".repeat(400))).collect();
        for batch in quiet.chunks(500) {
            buffer.push(segment("quiet", batch));
        }
        let loud: Vec<String> = (0..500).map(|i| format!("loud {i} {}", "l".repeat(100))).collect();
        for _ in 0..500 {
            buffer.push(segment("loud", &loud));
            assert!(buffer.used() <= buffer.budget());
        }
        let (quiet, loud) = (stats(&buffer, "quiet"), stats(&buffer, "loud"));
        assert_eq!((quiet.held, quiet.evicted), (2000, 0));
        assert_eq!((loud.received, loud.held + loud.evicted), (250_000, 250_000));
        assert!(loud.evicted > 0 && loud.bytes > 6 << 20, "{loud:?}");
        assert_eq!(buffer.lines(), quiet.held + loud.held);
        assert_eq!(buffer.bounds().start, 0);
        assert!(buffer.line(2000).is_none(), "the first loud line is gone");
        assert_eq!(buffer.forward(2000).next().unwrap().bytes(), loud_first());
    }

    fn loud_first() -> Vec<u8> {
        format!("loud 0 {}", "l".repeat(100)).into_bytes()
    }

    #[test]
    fn what_a_reader_pins_counts_until_it_lets_go() {
        let mut buffer = Buffer::new(4 << 20);
        let lines: Vec<String> = (0..500).map(|_| "x".repeat(500)).collect();
        buffer.push(segment("a", &lines));
        let pin = Arc::clone(buffer.line(0).unwrap().segment);
        for _ in 0..40 {
            buffer.push(segment("a", &lines));
        }
        assert!(buffer.line(0).is_none());
        assert_eq!(buffer.pinned(), pin.size());
        assert!(buffer.used() <= buffer.budget());
        assert_eq!(pin.line(0).len(), 500);
        drop(pin);
        assert_eq!(buffer.pinned(), 0);
    }

    #[test]
    fn drops_are_counted_by_stream_wherever_they_happened() {
        let mut buffer = Buffer::default();
        let mut builder = SegmentBuilder::new(RawText::from("a"), Zone::default());
        builder.lose(7, at(0));
        buffer.push(Arc::new(builder.seal().unwrap()));
        buffer.count_dropped(&RawText::from("a"), 5);
        buffer.count_dropped(&RawText::from("b"), 1);
        assert_eq!((stats(&buffer, "a").dropped, stats(&buffer, "b").dropped), (12, 1));
        assert_eq!(stats(&buffer, "b").received, 0);
    }

    fn seal_all(buffer: &mut Buffer) -> u64 {
        let mut copied = 0;
        while let Some(job) = buffer.sealable() {
            let sealed = job.run().unwrap();
            copied += u64::from(sealed.whole.lines());
            assert!(buffer.install(sealed));
        }
        copied
    }

    #[test]
    fn small_batches_grow_into_large_segments_at_a_bounded_price() {
        let mut buffer = Buffer::default();
        let mut copied = 0;
        for line in 0..20_000 {
            buffer.push(segment("a", &[format!("line {line} {}", "x".repeat(80))]));
            copied += seal_all(&mut buffer);
        }
        assert!(buffer.streams[0].held.len() < 60, "{}", buffer.streams[0].held.len());
        assert!(buffer.index.len() < 60, "one run for each segment");
        assert!(copied < 20_000 * 8, "{copied}");
        assert!(buffer.used() < 20_000 * 120, "{}", buffer.used());
        assert_eq!(buffer.line(12_345).unwrap().bytes()[..10], *b"line 12345");
    }

    #[test]
    fn a_seal_that_comes_too_late_changes_nothing() {
        let mut buffer = Buffer::new(1 << 20);
        for _ in 0..8 {
            buffer.push(segment("a", &["x".repeat(1000)]));
        }
        let sealed = buffer.sealable().unwrap().run().unwrap();
        for _ in 0..4 {
            buffer.push(segment("a", &vec!["y".repeat(1000); 400]));
        }
        let before = texts(buffer.forward(0));
        assert!(!buffer.install(sealed));
        assert_eq!(texts(buffer.forward(0)), before);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push(u8, Vec<String>),
        Seal,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let push = (0_u8..3, proptest::collection::vec("[a-c]{0,30}|(ERROR|WARN) [a-c]{100}", 1..5));
        let step = prop_oneof![5 => push.prop_map(|(s, lines)| Step::Push(s, lines)), 1 => Just(Step::Seal)];
        proptest::collection::vec(step, 1..120)
    }

    proptest! {
        #[test]
        fn every_line_is_here_once_as_it_came_or_counted_as_evicted(steps in steps(), budget in 4000_usize..40_000) {
            let mut buffer = Buffer::new(budget);
            let mut all: Vec<(String, String)> = Vec::new();
            for step in steps {
                match step {
                    Step::Push(stream, lines) => {
                        let stream = format!("s{stream}");
                        let seqs = buffer.push(segment(&stream, &lines));
                        prop_assert_eq!(seqs.start, all.len() as u64);
                        all.extend(lines.into_iter().map(|line| (stream.clone(), line)));
                        prop_assert_eq!(seqs.end, all.len() as u64);
                    }
                    Step::Seal => { seal_all(&mut buffer); }
                }
                prop_assert!(buffer.used() <= budget.max(budget / 2 + 2000), "{} of {}", buffer.used(), budget);
            }
            let forward = texts(buffer.forward(0));
            let mut backward = texts(buffer.backward(u64::MAX));
            backward.reverse();
            prop_assert_eq!(&forward, &backward);
            prop_assert_eq!(forward.len() as u64, buffer.lines());
            let by_seq: Vec<u64> = (0..all.len() as u64).filter(|&seq| buffer.line(seq).is_some()).collect();
            prop_assert_eq!(forward.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), by_seq);
            for line in buffer.forward(0) {
                let (stream, text) = &all[usize::try_from(line.seq).unwrap()];
                prop_assert_eq!(line.segment.stream(), &RawText::from(stream.as_str()));
                prop_assert_eq!(line.bytes(), text.as_bytes());
            }
            for stats in buffer.streams() {
                let name = stats.name.as_str().unwrap();
                prop_assert_eq!(stats.received, all.iter().filter(|(s, _)| s == name).count() as u64);
                let held = buffer.forward(0).filter(|l| *l.segment.stream() == stats.name).count() as u64;
                prop_assert_eq!(stats.held, held);
                prop_assert_eq!(stats.held + stats.evicted, stats.received);
            }
            prop_assert_eq!(buffer.evicted(), all.len() as u64 - buffer.lines());
            let size: usize = buffer.streams.iter().flat_map(|s| &s.held).map(Held::size).sum();
            prop_assert_eq!(buffer.used(), size);
            for (at, line) in buffer.forward(0).enumerate() {
                let next = buffer.next_at_least(Level::Warn, line.seq).map(|l| l.seq);
                let naive = buffer.forward(0).skip(at + 1).find(|l| begins_at_least(l, Level::Warn));
                prop_assert_eq!(next, naive.map(|l| l.seq));
            }
        }
    }
}
