//! The lines in force as they were at one moment, for a worker that writes them elsewhere. Those of files
//! that are not here are had while it writes, a piece at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::io;
use std::sync::Arc;

use super::key::Key;
use super::merge::Merged;
use super::part::Part;
use super::segment::Segment;
use crate::model::text::RawText;

/// What is held of pieces that were had, in bytes. Where lines are so far out of order that more would have to
/// be, some are had again.
const HELD: usize = 64 << 20;

/// Lines that are held until they have been written.
#[derive(Debug)]
pub struct Extract {
    /// By where they begin.
    parts: Vec<Share>,
    /// Lines on each side of a hit that are written too.
    around: usize,
    /// The sources of streams that are files.
    files: BTreeMap<u32, RawText>,
    held: usize,
}

/// What is in force of a part.
#[derive(Debug)]
struct Share {
    part: Part,
    /// Places of the lines in force by effective time, ascending; without it, every line is.
    hits: Option<Box<[u32]>>,
}

impl Share {
    /// How many lines of it are in force.
    fn lines(&self) -> u32 {
        self.hits.as_ref().map_or(self.part.lines, |hits| u32::try_from(hits.len()).unwrap_or(u32::MAX))
    }
}

/// A part whose lines are not here.
#[derive(Clone, Copy, Debug)]
pub struct Unread<'a> {
    /// Which part.
    pub part: usize,
    /// The source of the file that it is of.
    pub source: &'a RawText,
    /// Which piece of it.
    pub piece: u64,
    /// Bytes of its lines.
    pub bytes: usize,
}

/// What has been written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Written {
    /// How many lines.
    pub lines: u64,
    /// Their bytes, with the end of each.
    pub bytes: u64,
    /// Bytes that they had more, in lines too long to be kept.
    pub cut: u64,
    /// Lines in force that could not be had.
    pub missing: u64,
    /// Pieces of files that could not be had.
    pub pieces: u64,
}

impl Extract {
    /// The lines in force with those around them, without those of hidden streams.
    pub fn of(merged: &Merged<'_>, around: usize, hidden: &BTreeSet<RawText>) -> Self {
        let around = if merged.search.is_some() { around } else { 0 };
        let shown = |part: &&Part| !hidden.iter().any(|name| merged.buffer.is_of(part.stream, name));
        let parts = merged.buffer.parts().filter(shown);
        let shares = parts.map(|part| {
            let hits = merged.search.map(|search| search.hits(part.id).into());
            Share { part: part.clone(), hits }
        });
        let mut parts: Vec<_> = shares.filter(|share| around > 0 || share.lines() > 0).collect();
        parts.sort_unstable_by_key(|share| share.part.lowest());
        let stream = |share: &Share| share.part.piece.map(|_| share.part.stream);
        let streams: BTreeSet<u32> = parts.iter().filter_map(stream).collect();
        let source = |stream: u32| Some((stream, merged.buffer.source_of(stream)?.clone()));
        Self { parts, around, files: streams.into_iter().filter_map(source).collect(), held: HELD }
    }

    /// How many parts it is of.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// The parts whose lines are not here, about in the order in which they are had.
    pub fn unread(&self) -> impl Iterator<Item = Unread<'_>> {
        let unread = self.parts.iter().enumerate().filter(|(_, share)| share.part.segment.is_none());
        unread.filter_map(|(part, share)| {
            let (source, piece) = (self.files.get(&share.part.stream)?, share.part.piece?);
            Some(Unread { part, source, piece, bytes: share.part.text })
        })
    }

    /// Gives the lines in order, each without its end, until `put` or `get` fails. `get` is asked for the
    /// lines of parts that are not here; `None` where they cannot be had.
    pub fn write(
        &self,
        get: impl FnMut(usize) -> io::Result<Option<Arc<Segment>>>,
        mut put: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Written> {
        let mut walk = Walk::new(self, get);
        let mut written = Written::default();
        let mut put = |Found { segment, line, .. }: Found| {
            let bytes = segment.line(line);
            written.lines += 1;
            written.bytes += bytes.len() as u64 + 1;
            written.cut += segment.cut_of(line);
            put(bytes)
        };
        let (mut before, mut left) = (VecDeque::with_capacity(self.around), 0);
        while let Some(found) = walk.next()? {
            if found.is_hit {
                before.drain(..).try_for_each(&mut put)?;
                put(found)?;
                left = self.around;
            } else if left > 0 {
                put(found)?;
                left -= 1;
            } else {
                if before.len() == self.around {
                    before.pop_front();
                }
                before.push_back(found);
            }
            if left == 0 && walk.ahead == 0 {
                break;
            }
        }
        (written.missing, written.pieces) = (walk.missing, walk.pieces);
        Ok(written)
    }
}

/// A walk over the lines in force, or over all where some around them are written too.
struct Walk<'a, G> {
    extract: &'a Extract,
    get: G,
    /// Where it comes to each part next, at the earliest, and which of its lines that is.
    heads: BinaryHeap<Reverse<(Key, usize, u32)>>,
    open: BTreeMap<usize, Open>,
    /// Lines in force of each part that it has not come to, and of all.
    left: Vec<u32>,
    ahead: u64,
    missing: u64,
    pieces: u64,
}

/// A part whose lines are here.
struct Open {
    segment: Arc<Segment>,
    /// Where the walk comes to it next.
    next: Key,
}

/// A line that the walk has come to.
struct Found {
    segment: Arc<Segment>,
    line: u32,
    is_hit: bool,
}

impl<'a, G: FnMut(usize) -> io::Result<Option<Arc<Segment>>>> Walk<'a, G> {
    fn new(extract: &'a Extract, get: G) -> Self {
        let heads = extract.parts.iter().enumerate();
        Self {
            extract,
            get,
            heads: heads.map(|(index, share)| Reverse((share.part.lowest(), index, 0))).collect(),
            open: BTreeMap::new(),
            left: extract.parts.iter().map(Share::lines).collect(),
            ahead: extract.parts.iter().map(|share| u64::from(share.lines())).sum(),
            missing: 0,
            pieces: 0,
        }
    }

    fn next(&mut self) -> io::Result<Option<Found>> {
        while let Some(Reverse((key, index, at))) = self.heads.peek().copied() {
            let Some(share) = self.extract.parts.get(index) else { break };
            if !self.open.contains_key(&index) && !self.open(index, &share.part)? {
                self.heads.pop();
                self.pieces += 1;
                let missing = self.left.get_mut(index).map_or(0, |left| u64::from(std::mem::take(left)));
                self.missing += missing;
                self.ahead -= missing;
                continue;
            }
            let every = self.extract.around > 0;
            let Some(open) = self.open.get_mut(&index) else { break };
            let Some((here, found)) = open.line(share, at, every) else {
                self.heads.pop();
                self.open.remove(&index);
                continue;
            };
            let is_here = here == key;
            open.next = if is_here { here.next() } else { here };
            if let Some(mut head) = self.heads.peek_mut() {
                *head = Reverse((open.next, index, at + u32::from(is_here)));
            }
            if is_here {
                if let Some(left) = self.left.get_mut(index).filter(|left| found.is_hit && **left > 0) {
                    *left -= 1;
                    self.ahead -= 1;
                }
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Has the lines of a part here; false when they cannot be had.
    fn open(&mut self, index: usize, part: &Part) -> io::Result<bool> {
        let segment = match &part.segment {
            Some(segment) => Arc::clone(segment),
            None => match (self.get)(index)?.filter(|lines| part.holds(lines)) {
                Some(segment) => segment,
                None => return Ok(false),
            },
        };
        self.open.insert(index, Open { segment, next: Key::FIRST });
        self.let_go();
        Ok(true)
    }

    /// Lets go of what is needed last, until the rest has room.
    fn let_go(&mut self) {
        loop {
            let was_had = |index: usize| {
                self.extract.parts.get(index).is_some_and(|share| share.part.segment.is_none())
            };
            let had = || self.open.iter().filter(|(index, _)| was_had(**index));
            if had().map(|(_, open)| open.segment.size()).sum::<usize>() <= self.extract.held {
                return;
            }
            // What was just opened is needed now.
            let last = had().max_by_key(|(_, open)| open.next).filter(|(_, open)| open.next > Key::FIRST);
            let Some(index) = last.map(|(index, _)| *index) else { return };
            self.open.remove(&index);
        }
    }
}

impl Open {
    /// One of its lines, if there are so many, and where it stands.
    fn line(&self, Share { part, hits }: &Share, at: u32, every: bool) -> Option<(Key, Found)> {
        let place = match hits {
            Some(hits) if !every => *hits.get(at as usize)?,
            _ => Some(at).filter(|at| *at < part.lines)?,
        };
        let line = self.segment.at(place);
        let key = Key {
            time: self.segment.effective(line),
            stream: part.stream,
            seq: part.first + u64::from(line),
        };
        let is_hit = !every || hits.as_ref().is_none_or(|hits| hits.binary_search(&place).is_ok());
        Some((key, Found { segment: Arc::clone(&self.segment), line, is_hit }))
    }
}

/// Compared as what it is made of: the same moment of the same buffer.
impl PartialEq for Extract {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, another): (&Share, &Share)| {
            (one.part.id, &one.hits) == (another.part.id, &another.hits)
                && match (&one.part.segment, &another.part.segment) {
                    (Some(one), Some(another)) => Arc::ptr_eq(one, another),
                    (one, another) => one.is_none() && another.is_none(),
                }
        };
        self.parts.len() == other.parts.len()
            && self.parts.iter().zip(&other.parts).all(same)
            && self.around == other.around
    }
}

impl Eq for Extract {}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::buffer::Buffer;
    use crate::logs::merge::Wanted;
    use crate::logs::query::Query;
    use crate::logs::search::Search;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    /// What is written where some parts can be had when asked for, and what was asked for.
    fn had(extract: &Extract, kept: &BTreeMap<usize, Arc<Segment>>) -> (Vec<String>, Written, Vec<usize>) {
        let (mut lines, mut asked) = (Vec::new(), Vec::new());
        let get = |part| {
            asked.push(part);
            Ok(kept.get(&part).cloned())
        };
        let written = extract.write(get, |line| {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
            Ok(())
        });
        let written = written.unwrap();
        assert_eq!(written.lines, lines.len() as u64);
        assert_eq!(written.bytes, lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>());
        (lines, written, asked)
    }

    fn written(extract: &Extract) -> Vec<String> {
        had(extract, &BTreeMap::new()).0
    }

    /// Lets go of the lines of these parts, which can then be had.
    fn let_go(extract: &mut Extract, parts: impl Iterator<Item = usize>) -> BTreeMap<usize, Arc<Segment>> {
        parts.filter_map(|part| Some((part, extract.parts.get_mut(part)?.part.segment.take()?))).collect()
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn segment(stream: &str, lines: impl IntoIterator<Item = (i64, String)>) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(stream.into(), Zone::default());
        for (time, line) in lines {
            let given = Given { time: Some(second(time)), ..Given::default() };
            builder.push(Line::from(line.as_bytes()), given, second(time));
        }
        Arc::new(builder.seal().unwrap())
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_is_in_force_and_what_is_around_it(
            batches in proptest::collection::vec((0_u8..3, proptest::collection::vec((0_i64..50, "[ab]{1,3}"), 1..9)), 1..12),
            filter in "(-?[ab]{1,2})?",
            around in 0_usize..4,
            gone in proptest::collection::vec(any::<bool>(), 12),
            room in 0_usize..4000,
        ) {
            let mut buffer = Buffer::default();
            for (stream, lines) in &batches {
                buffer.push(segment(&format!("s{stream}"), lines.iter().cloned()));
            }
            let query = Query::parse(&filter, Timestamp::UNIX_EPOCH).unwrap();
            let mut search = (!query.is_empty()).then(|| Search::new(query.clone()));
            while search.as_mut().is_some_and(|search| search.step(&buffer, 1000)) {}
            let wanted = Wanted::default();
            let merged = Merged { buffer: &buffer, search: search.as_ref(), wanted: &wanted };
            let hidden = BTreeSet::from(["s2".into()]);
            let mut extract = Extract::of(&merged, around, &hidden);
            let all: Vec<_> = Merged { search: None, ..merged }
                .forward(Key::FIRST)
                .filter(|line| line.segment.stream() != &"s2".into())
                .map(|line| (String::from_utf8(line.bytes().to_vec()).unwrap(), query.matches(&line)))
                .collect();
            let around = if search.is_some() { around } else { 0 };
            let near = |at: usize| {
                all[at.saturating_sub(around)..all.len().min(at + around + 1)].iter().any(|(_, is_hit)| *is_hit)
            };
            let expected: Vec<_> = (0..all.len()).filter(|at| near(*at)).map(|at| all[at].0.clone()).collect();
            prop_assert_eq!(written(&extract), expected.clone());
            // The same with whatever of it has to be had, however little may be held.
            let kept = let_go(&mut extract, (0..gone.len()).filter(|part| gone[*part]));
            extract.held = room;
            let (lines, result, _) = had(&extract, &kept);
            prop_assert_eq!(&lines, &expected);
            prop_assert_eq!((result.missing, result.pieces, result.cut), (0, 0, 0));
            // What cannot be had is counted.
            let missing: u64 = kept.keys().map(|part| u64::from(extract.parts[*part].lines())).sum();
            if around == 0 {
                let (lines, result, _) = had(&extract, &BTreeMap::new());
                prop_assert_eq!((result.missing, result.pieces), (missing, kept.len() as u64));
                prop_assert_eq!(lines.len() as u64 + missing, expected.len() as u64);
            }
        }
    }

    /// An extract of parts that all have to be had, of ten lines each.
    fn of_file(time: impl Fn(i64) -> i64) -> (Extract, BTreeMap<usize, Arc<Segment>>, Vec<String>) {
        let mut buffer = Buffer::default();
        for piece in 0..100 {
            let lines = (0..10).map(|line| (time(piece * 10 + line), format!("line {}", piece * 10 + line)));
            buffer.push(segment("a", lines));
        }
        let wanted = Wanted::default();
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        let mut extract = Extract::of(&merged, 0, &BTreeSet::new());
        let expected = written(&extract);
        let kept = let_go(&mut extract, 0..100);
        assert_eq!(kept.len(), 100);
        // About three of them.
        extract.held = kept[&0].size() * 3;
        (extract, kept, expected)
    }

    #[test]
    fn each_part_is_had_once_where_lines_are_in_order_or_without_a_time() {
        for (what, time) in [("in order", (|n| n) as fn(i64) -> i64), ("without a time", |_| 7)] {
            let (extract, kept, expected) = of_file(time);
            let (lines, _, asked) = had(&extract, &kept);
            assert_eq!(lines, expected, "{what}");
            assert!(asked.iter().copied().eq(0..100), "{what}: {asked:?}");
        }
    }

    #[test]
    fn a_line_of_long_ago_in_each_part_costs_a_second_look_and_not_all_memory() {
        let (extract, kept, expected) = of_file(|n| if n % 10 == 5 { 1 } else { 1000 + n });
        let (lines, _, asked) = had(&extract, &kept);
        assert_eq!(lines, expected);
        assert!((100..=200).contains(&asked.len()), "{}", asked.len());
    }

    #[test]
    fn lines_of_another_file_are_not_taken_for_those_that_were_there() {
        let (extract, mut kept, expected) = of_file(|n| n);
        let other = segment("a", (0..10).map(|n| (501 + n, format!("line {}", 501 + n))));
        kept.insert(50, other);
        let (lines, result, _) = had(&extract, &kept);
        assert_eq!((result.missing, result.pieces), (10, 1));
        assert_eq!(lines, [&expected[..500], &expected[510..]].concat());
    }

    #[test]
    fn what_is_given_up_meanwhile_is_still_written_and_the_first_failure_ends_it() {
        let mut buffer = Buffer::default();
        buffer.push(segment("a", ["one", "two", "three"].map(|line| (1, line.to_owned()))));
        let wanted = Wanted::default();
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        let extract = Extract::of(&merged, 0, &BTreeSet::new());
        drop(buffer);
        assert_eq!(written(&extract), ["one", "two", "three"]);
        let mut left = 2;
        let put = |_: &[u8]| {
            left -= 1;
            if left > 0 { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
        };
        let failed = extract.write(|_| Ok(None), put);
        assert_eq!((failed.unwrap_err().kind(), left), (io::ErrorKind::StorageFull, 0));
    }
}
