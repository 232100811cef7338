//! All streams, each in parts of its lines, within one byte budget.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use super::key::Key;
use super::level::Level;
use super::part::Part;
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
/// What is kept of the lines of files, in bytes; or a quarter of the budget.
const READ: usize = 32 << 20;

/// One line of the buffer.
#[derive(Clone, Copy, Debug)]
pub struct LineRef<'a> {
    /// Where it stands among all lines.
    pub key: Key,
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
    /// Lines of a file that is read anew, since it was replaced or cut. They count as not received.
    pub gone: u64,
    /// Lines that the source or a full queue dropped before they came in.
    pub dropped: u64,
    /// Bytes cut off lines that were too long.
    pub cut: u64,
    /// How many of them no search looks at.
    pub unsearched: u64,
    /// Lines that came after lines written more than a second later.
    pub late: u64,
    /// Lines that say a time more than 5 s after they came.
    pub ahead: u64,
    /// Memory that its lines take.
    pub bytes: usize,
}

#[derive(Debug)]
struct Stream {
    stats: StreamStats,
    /// By the numbers of their lines.
    parts: VecDeque<Part>,
    /// How many pieces its file has, if it is one, and how many of them are not known yet.
    pieces: Option<u64>,
    unknown: u64,
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
    next_part: u64,
    lines: u64,
    received: u64,
    /// Of parts that are here.
    used: usize,
    /// Parts of files whose lines are here: stream, id, size. The first goes first.
    read: VecDeque<(usize, u64, usize)>,
    /// Segments that were evicted while a reader held them, with their sizes.
    pinned: Vec<(Weak<Segment>, usize)>,
    rates: Rates,
}

impl Buffer {
    /// An empty buffer that keeps to `budget` bytes.
    pub fn new(budget: usize) -> Self {
        Self {
            budget,
            streams: Vec::new(),
            by_name: HashMap::new(),
            next_part: 0,
            lines: 0,
            received: 0,
            used: 0,
            read: VecDeque::new(),
            pinned: Vec::new(),
            rates: Rates::default(),
        }
    }

    /// Takes a segment. What is over the budget is evicted: the oldest part of the stream that
    /// holds most.
    pub fn push(&mut self, segment: Arc<Segment>) {
        let index = self.stream(segment.stream(), segment.source());
        let lines = segment.lines();
        let count = u64::from(lines);
        self.received += count;
        self.count(&segment);
        let Some(stream) = self.streams.get_mut(index) else { return };
        let first = stream.stats.received;
        let (late, ahead) = segment.odds();
        stream.stats.received += count;
        stream.stats.dropped += segment.lost();
        stream.stats.cut += segment.cut();
        stream.stats.unsearched += segment.cut();
        stream.stats.late += late as u64;
        stream.stats.ahead += ahead as u64;
        if lines > 0 {
            let (id, end) = (self.next_part, stream.parts.len());
            self.add(index, end, Part::new(id, index, first, segment));
            self.evict();
        }
    }

    /// Begins a stream that is a file of so many pieces. Of one that was there before all goes: how many
    /// lines those are. They count as `lost` if no piece has them again.
    pub fn open(&mut self, stream: &RawText, source: &RawText, pieces: u64, lost: bool) -> u64 {
        let index = self.stream(stream, source);
        let mut gone = 0;
        while let Some(part) = self.take(index, 0) {
            gone += u64::from(part.lines);
            self.forget(index, &part);
        }
        if let Some(stream) = self.streams.get_mut(index) {
            (stream.pieces, stream.unknown) = (Some(pieces), pieces);
            stream.stats.gone += if lost { gone } else { 0 };
        }
        gone
    }

    /// Says that a file has grown to so many pieces.
    pub fn grow(&mut self, stream: &RawText, pieces: u64) {
        let known = self.by_name.get(stream).and_then(|index| self.streams.get_mut(*index));
        if let Some(known) = known {
            known.pieces = Some(pieces);
        }
    }

    /// Says how many pieces of a file are not known yet.
    pub fn learn(&mut self, stream: &RawText, unknown: u64) {
        let known = self.by_name.get(stream).and_then(|index| self.streams.get_mut(*index));
        if let Some(known) = known {
            known.unknown = unknown;
        }
    }

    /// Takes the lines of a piece of a file, and says which part they are. They stay until
    /// [`Buffer::forget_read`], and then only if they were `asked` for or there is room.
    pub fn put(&mut self, piece: u64, segment: &Arc<Segment>, asked: bool) -> Option<u64> {
        let index = *self.by_name.get(segment.stream())?;
        let first = piece << 32;
        let parts = &mut self.streams.get_mut(index)?.parts;
        let at = parts.partition_point(|part| part.first < first);
        let known = parts.get(at).filter(|part| part.piece == Some(piece));
        let id = match known {
            Some(part) if part.holds(segment) => {
                let id = part.id;
                self.unread(id);
                let part = self.streams.get_mut(index)?.parts.get_mut(at)?;
                self.used += segment.size();
                part.segment = Some(Arc::clone(segment));
                self.streams.get_mut(index)?.stats.bytes += segment.size();
                id
            }
            known => {
                if known.is_some() {
                    // It has grown: its lines are counted anew.
                    let before = self.take(index, at)?;
                    self.forget(index, &before);
                }
                let id = self.next_part;
                let part = Part::new(id, index, first, Arc::clone(segment));
                let part = Part { unsearched: segment.unread(), ..part };
                let stats = &mut self.streams.get_mut(index)?.stats;
                stats.received += u64::from(part.lines);
                stats.late += part.late;
                stats.ahead += part.ahead;
                stats.cut += part.cut;
                stats.unsearched += part.unsearched;
                self.received += u64::from(part.lines);
                self.add(index, at, Part { piece: Some(piece), ..part });
                id
            }
        };
        let entry = (index, id, segment.size());
        if asked {
            self.read.push_back(entry);
        } else {
            self.read.push_front(entry);
        }
        Some(id)
    }

    /// Lets go of lines of files until the others have room.
    pub fn forget_read(&mut self) {
        let most = READ.min(self.budget / 4);
        while self.read.iter().map(|(_, _, size)| size).sum::<usize>() > most
            && let Some((_, id, _)) = self.read.front()
        {
            self.unread(*id);
        }
    }

    /// How many pieces of files are known, and how many there are.
    pub fn known_pieces(&self) -> (u64, u64) {
        self.streams.iter().fold((0, 0), |(known, all), stream| match stream.pieces {
            Some(pieces) => (known + pieces.saturating_sub(stream.unknown), all + pieces),
            None => (known, all),
        })
    }

    /// The sources of streams that are files.
    pub fn files(&self) -> impl Iterator<Item = &RawText> {
        self.streams.iter().filter(|stream| stream.pieces.is_some()).map(|stream| &stream.stats.source)
    }

    /// Whether the stream of this number has this name.
    pub(super) fn is_of(&self, stream: u32, name: &RawText) -> bool {
        self.by_name.get(name).is_some_and(|index| *index == stream as usize)
    }

    /// The source of a stream.
    pub fn source_of(&self, stream: u32) -> Option<&RawText> {
        self.streams.get(stream as usize).map(|stream| &stream.stats.source)
    }

    /// Counts lines of a stream that were dropped on their way here.
    pub fn count_dropped(&mut self, stream: &RawText, lines: u64) {
        let stream = self.stream(stream, &RawText::default());
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.stats.dropped += lines;
        }
    }

    /// How many lines are here.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// How many records begin in the lines that are here.
    pub fn records(&self) -> u64 {
        self.parts().map(|part| u64::from(part.records)).sum()
    }

    /// How many lines ever came in.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The number that the next line of each stream will have.
    pub fn ends(&self) -> Vec<u64> {
        let end = |stream: &Stream| stream.parts.back().map_or(stream.stats.received, Part::end);
        self.streams.iter().map(end).collect()
    }

    /// Memory in use: parts, and what readers hold of evicted ones.
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

    /// Another one whenever the parts are others.
    pub fn revision(&self) -> (u64, u64) {
        (self.next_part, self.evicted())
    }

    /// The parts of all streams.
    pub(super) fn parts(&self) -> impl DoubleEndedIterator<Item = &Part> {
        self.streams.iter().flat_map(|stream| &stream.parts)
    }

    /// The part that has the line of this number of a stream.
    pub(super) fn part_with(&self, stream: u32, line: u64) -> Option<&Part> {
        let parts = &self.streams.get(stream as usize)?.parts;
        let after = parts.partition_point(|part| part.first <= line);
        parts.get(after.checked_sub(1)?).filter(|part| line < part.end())
    }

    /// Small batches worth putting together, if there are any. Give the result to
    /// [`Buffer::install`].
    ///
    /// No batch is more than half of the result: whatever the rate at which lines come, each is
    /// copied a handful of times on its way into a segment of up to 1 MiB.
    pub fn sealable(&self) -> Option<SealJob> {
        let live = self.streams.iter().enumerate().filter(|(_, stream)| stream.pieces.is_none());
        live.into_iter().find_map(|(stream, Stream { parts, .. })| {
            let (mut total, mut largest, mut count) = (0, 0, 0);
            for (before, part) in parts.iter().rev().enumerate() {
                let size = part.size();
                total += size;
                largest = largest.max(size);
                if size >= LARGE || total > SEALED {
                    break;
                }
                if before + 1 >= FAN_IN && largest * 2 <= total {
                    count = before + 1;
                }
            }
            let parts = parts.range(parts.len() - count..).filter_map(|part| part.segment.clone()).collect();
            (count > 0).then_some(SealJob { stream, parts })
        })
    }

    /// Puts a sealed segment in the place of its batches. `false`, and nothing changes, if some
    /// of them were evicted meanwhile.
    pub fn install(&mut self, sealed: Sealed) -> bool {
        let Sealed { job: SealJob { stream, parts: batches }, whole } = sealed;
        let Some(parts) = self.streams.get(stream).map(|s| &s.parts) else { return false };
        let Some(first) = batches.first() else { return false };
        let is =
            |part: &Part, batch| part.segment.as_ref().is_some_and(|segment| Arc::ptr_eq(segment, batch));
        let Some(at) = parts.iter().position(|part| is(part, first)) else { return false };
        let count = batches.len();
        if parts.len() < at + count
            || !batches.iter().zip(parts.range(at..)).all(|(batch, part)| is(part, batch))
        {
            return false;
        }
        drop(batches);
        let taken: Vec<Part> = (0..count).filter_map(|_| self.take(stream, at)).collect();
        let first = taken.first().map_or(0, |part| part.first);
        let part = Part::new(self.next_part, stream, first, whole);
        self.add(stream, at, Part { made_of: taken.iter().map(|part| part.id).collect(), ..part });
        true
    }

    /// Lines evicted so far, of all streams.
    pub fn evicted(&self) -> u64 {
        self.received - self.lines
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
            gone: 0,
            dropped: 0,
            cut: 0,
            unsearched: 0,
            late: 0,
            ahead: 0,
            bytes: 0,
        };
        self.streams.push(Stream { stats, parts: VecDeque::new(), pieces: None, unknown: 0 });
        self.by_name.insert(name.clone(), self.streams.len() - 1);
        self.streams.len() - 1
    }

    fn add(&mut self, index: usize, at: usize, part: Part) {
        let Some(stream) = self.streams.get_mut(index) else { return };
        self.next_part += 1;
        let lines = u64::from(part.lines);
        self.lines += lines;
        self.used += part.size();
        stream.stats.held += lines;
        stream.stats.bytes += part.size();
        stream.parts.insert(at, part);
    }

    /// Counts the lines of a segment into the rates.
    fn count(&mut self, segment: &Segment) {
        for line in 0..segment.lines() {
            let counted = if segment.continues(line) { Level::Unknown } else { segment.level(line) };
            self.rates.count(segment.effective(line).div_euclid(1000), counted);
        }
    }

    /// Takes a part out. Its memory stays counted while a reader holds it.
    fn take(&mut self, stream: usize, at: usize) -> Option<Part> {
        let id = self.streams.get(stream)?.parts.get(at)?.id;
        self.read.retain(|(_, read, _)| *read != id);
        let stream = self.streams.get_mut(stream)?;
        let part = stream.parts.remove(at)?;
        let lines = u64::from(part.lines);
        stream.stats.held -= lines;
        stream.stats.bytes -= part.size();
        self.lines -= lines;
        self.used -= part.size();
        if let Some(segment) = &part.segment {
            self.pin(segment);
        }
        Some(part)
    }

    /// Counts what a reader holds of a segment that is let go.
    fn pin(&mut self, segment: &Arc<Segment>) {
        if Arc::strong_count(segment) > 1 {
            self.pinned.retain(|(held, _)| held.strong_count() > 0);
            self.pinned.push((Arc::downgrade(segment), segment.size()));
        }
    }

    /// Lets go of the lines of a part of a file.
    fn unread(&mut self, id: u64) {
        let Some(at) = self.read.iter().position(|(_, read, _)| *read == id) else { return };
        let Some((stream, ..)) = self.read.remove(at) else { return };
        let Some(stream) = self.streams.get_mut(stream) else { return };
        let part = stream.parts.iter_mut().find(|part| part.id == id);
        if let Some(segment) = part.and_then(|part| part.segment.take()) {
            self.used -= segment.size();
            stream.stats.bytes -= segment.size();
            self.pin(&segment);
        }
    }

    /// Counts a part as if it had never come.
    fn forget(&mut self, stream: usize, part: &Part) {
        self.received -= u64::from(part.lines);
        if let Some(stats) = self.streams.get_mut(stream).map(|s| &mut s.stats) {
            stats.received -= u64::from(part.lines);
            stats.late -= part.late;
            stats.ahead -= part.ahead;
            stats.cut -= part.cut;
            stats.unsearched -= part.unsearched;
        }
    }

    /// Counts a part as evicted.
    fn give_up(&mut self, stream: usize, part: &Part) {
        if let Some(stats) = self.streams.get_mut(stream).map(|s| &mut s.stats) {
            stats.evicted += u64::from(part.lines);
        }
    }

    fn evict(&mut self) {
        let floor = FLOOR.min(self.budget / 2);
        // Held by readers: not lost by evicting, so it must not empty the rest.
        let pinned = self.pinned();
        while self.used + pinned > self.budget && self.used > floor {
            // What is known of a file is little, and its lines are bounded by themselves.
            let live = self.streams.iter().enumerate().filter(|(_, stream)| stream.pieces.is_none());
            let most = live.max_by_key(|(_, s)| s.stats.bytes).map(|(at, _)| at);
            let Some(stream) = most else { return };
            let Some(part) = self.take(stream, 0) else { return };
            self.give_up(stream, &part);
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new(DEFAULT_BUDGET)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::logs::merge::{Merged, Wanted};
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

    /// The lines in order, with their streams.
    fn texts(buffer: &Buffer) -> Vec<(String, String)> {
        let wanted = Wanted::default();
        let lines = Merged { buffer, search: None, wanted: &wanted }.forward(Key::FIRST);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        lines.map(|line| (text(line.segment.stream().as_bytes()), text(line.bytes()))).collect()
    }

    fn stats(buffer: &Buffer, name: &str) -> StreamStats {
        buffer.streams().find(|s| s.name == RawText::from(name)).unwrap().clone()
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
    }

    #[test]
    fn what_a_reader_pins_counts_until_it_lets_go() {
        let mut buffer = Buffer::new(4 << 20);
        let lines: Vec<String> = (0..500).map(|_| "x".repeat(500)).collect();
        buffer.push(segment("a", &lines));
        let pin = buffer.parts().next().unwrap().segment.clone().unwrap();
        for _ in 0..40 {
            buffer.push(segment("a", &lines));
        }
        assert!(stats(&buffer, "a").evicted > 0);
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
        assert!(buffer.parts().count() < 60, "{}", buffer.parts().count());
        assert!(copied < 20_000 * 8, "{copied}");
        assert!(buffer.used() < 20_000 * 120, "{}", buffer.used());
        assert!(texts(&buffer)[12_345].1.starts_with("line 12345"));
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
        let before = texts(&buffer);
        assert!(!buffer.install(sealed));
        assert_eq!(texts(&buffer), before);
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
            let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Push(stream, lines) => {
                        let stream = format!("s{stream}");
                        buffer.push(segment(&stream, &lines));
                        all.entry(stream).or_default().extend(lines);
                    }
                    Step::Seal => { seal_all(&mut buffer); }
                }
                prop_assert!(buffer.used() <= budget.max(budget / 2 + 2000), "{} of {}", buffer.used(), budget);
            }
            let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for part in buffer.parts() {
                let segment = part.segment.as_ref().unwrap();
                let name = segment.stream().as_str().unwrap();
                let lines = held.entry(name.to_owned()).or_default();
                for line in 0..segment.lines() {
                    prop_assert_eq!(part.first + u64::from(line), stats(&buffer, name).evicted + lines.len() as u64);
                    lines.push(String::from_utf8_lossy(segment.line(line)).into_owned());
                }
            }
            for stats in buffer.streams() {
                let name = stats.name.as_str().unwrap();
                let here = held.remove(name).unwrap_or_default();
                prop_assert_eq!(stats.received, all[name].len() as u64);
                prop_assert_eq!(stats.held, here.len() as u64);
                prop_assert_eq!(stats.held + stats.evicted, stats.received);
                prop_assert!(all[name].ends_with(&here), "what is given up is the oldest");
            }
            prop_assert_eq!(buffer.received(), all.values().map(Vec::len).sum::<usize>() as u64);
            prop_assert_eq!(buffer.evicted(), buffer.received() - buffer.lines());
            let size: usize = buffer.parts().map(Part::size).sum();
            prop_assert_eq!(buffer.used(), size);
            prop_assert_eq!(texts(&buffer).len() as u64, buffer.lines());
        }
    }
}
