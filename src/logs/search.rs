//! Which records of the buffer a query sees, found a slice at a time so that a key comes first.
//!
//! A record is seen as one: all its lines are hits, or none is. Within a part the query is looked for in
//! many lines at once, and the record is made around what is found. A record of a stream may go on in the
//! parts after the one in which it begins: then it is judged whole, and again with each part that comes.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use super::archive::Judged;
use super::buffer::Buffer;
use super::part::Part;
use super::query::{Held, Query};
use super::segment::Segment;
use super::tally::Tally;
use crate::model::text::RawText;

/// A record in several parts is looked at so far to each side of one of them, in bytes: then what is
/// before or after is another.
const LONGEST: usize = 1 << 20;

/// A query's hits in the buffer, kept up with what comes and what is evicted.
#[derive(Debug)]
pub struct Search {
    query: Query,
    parts: BTreeMap<u64, Looked>,
    /// What the buffer was when the parts were taken from it.
    revision: Option<(u64, u64)>,
    hits: usize,
    records: usize,
}

/// What was found in one part.
#[derive(Debug)]
struct Looked {
    /// Places by effective time, ascending.
    hits: Vec<u32>,
    /// Those of them with which a record begins.
    heads: Vec<u32>,
    /// The hits by time.
    tally: Tally,
    /// Lines before this one have not been looked at: a part is looked at from its end.
    left: u32,
    lines: u32,
    /// Places are the numbers of the lines.
    in_order: bool,
}

impl Search {
    /// A search that has looked at nothing yet.
    pub fn new(query: Query) -> Self {
        Self { query, parts: BTreeMap::new(), revision: None, hits: 0, records: 0 }
    }

    /// Looks at up to about `lines` lines, the latest first. `true` when there is more to look at.
    ///
    /// 10,000 lines take about 2 ms with an expression that matches most lines, far less with
    /// a word that is rare.
    pub fn step(&mut self, buffer: &Buffer, lines: u32) -> bool {
        self.take_over(buffer);
        let mut open: Vec<&Part> = buffer.parts().filter(|part| self.can_look(part)).collect();
        open.sort_unstable_by_key(|part| Reverse((part.reach.1, part.id)));
        let mut rest = lines.max(1);
        for part in open {
            rest = self.look(buffer, part, rest);
            if rest == 0 {
                break;
            }
        }
        self.can_step(buffer)
    }

    /// Looks at all lines of the part of this id, as long as they are here.
    pub fn look_at(&mut self, buffer: &Buffer, part: u64) {
        self.take_over(buffer);
        if let Some(part) = buffer.parts().find(|known| known.id == part && self.can_look(known)) {
            self.look(buffer, part, u32::MAX);
        }
    }

    /// Takes it that these pieces of a file have nothing that is looked for.
    pub fn rule_out(&mut self, buffer: &Buffer, stream: &RawText, pieces: &[u64]) {
        self.take_over(buffer);
        let is_ruled_out = |part: &&Part| {
            part.piece.is_some_and(|piece| pieces.contains(&piece)) && buffer.is_of(part.stream, stream)
        };
        for part in buffer.parts().filter(is_ruled_out) {
            if let Some(looked) = self.parts.get_mut(&part.id) {
                looked.left = 0;
                // What ends where a line is cut looked like the end of the line.
                (self.hits, self.records) =
                    (self.hits - looked.hits.len(), self.records - looked.heads.len());
                looked.hits.clear();
                looked.heads.clear();
                looked.tally = Tally::default();
            }
        }
    }

    /// Takes it that these records of a piece of a file, in which lines are cut, are hits or are not. One that
    /// goes on in another piece stays what its lines as they are here make it.
    pub fn settle_cut(&mut self, buffer: &Buffer, stream: &RawText, piece: u64, records: &[Judged]) {
        let is_it = |part: &&Part| part.piece == Some(piece) && buffer.is_of(part.stream, stream);
        let Some(part) = buffer.parts().find(is_it) else { return };
        self.look_at(buffer, part.id);
        for Judged { lines, sees } in records {
            let is_whole = (lines.start > 0 || before(buffer, part).is_none())
                && (lines.end < part.lines || after(buffer, part).is_none());
            if is_whole && lines.end <= part.lines {
                self.settle(part, lines.clone(), *sees, true);
            }
        }
    }

    /// Whether there is more to look at that is here.
    pub fn can_step(&self, buffer: &Buffer) -> bool {
        self.revision != Some(buffer.revision()) || buffer.parts().any(|part| self.can_look(part))
    }

    fn can_look(&self, part: &Part) -> bool {
        part.segment.is_some() && self.parts.get(&part.id).is_some_and(|looked| looked.left > 0)
    }

    /// Looks at about `lines` lines of a part, and at whole records; how many are left of them.
    fn look(&mut self, buffer: &Buffer, part: &Part, lines: u32) -> u32 {
        let (Some(looked), Some(segment)) = (self.parts.get_mut(&part.id), &part.segment) else {
            return lines;
        };
        let left = looked.left;
        let from = segment.record_start(left.saturating_sub(lines));
        // What is not of this part alone is judged whole.
        let begins_before = from == 0 && before(buffer, part).is_some();
        let goes_on = left == part.lines && after(buffer, part).is_some();
        let last = segment.record_start(part.lines.saturating_sub(1));
        let own =
            if begins_before { segment.next_record(0) } else { from }..if goes_on { last } else { left };
        let (mut found, mut heads) = (Vec::new(), Vec::new());
        self.query.scan(segment, own, |record| {
            heads.push(segment.place(record.start));
            found.extend(record.map(|line| segment.place(line)));
        });
        self.hits += found.len();
        self.records += heads.len();
        let hits = found.iter().map(|place| segment.at(*place));
        looked.tally.extend(hits.map(|line| (segment.effective(line), segment.grade(line))));
        found.append(&mut looked.hits);
        heads.append(&mut looked.heads);
        if !looked.in_order {
            found.sort_unstable();
            heads.sort_unstable();
        }
        (looked.hits, looked.heads, looked.left) = (found, heads, from);
        if goes_on {
            self.judge(buffer, part, last);
        }
        if begins_before {
            self.judge(buffer, part, 0);
        }
        lines.saturating_sub(left - from)
    }

    /// Judges the record that is in several parts, of which this line of a part is.
    fn judge(&mut self, buffer: &Buffer, part: &Part, line: u32) {
        let record = record_of(buffer, part, line);
        let lines = record.iter().filter_map(|(part, lines)| Some((part.segment.as_deref()?, lines.clone())));
        let held: Vec<(&Segment, Range<u32>)> = lines.collect();
        let Some((first, rest)) = held.split_first() else { return };
        let sees = self.query.sees(&Held::new(first.clone(), rest));
        for (number, (part, lines)) in record.into_iter().enumerate() {
            self.settle(part, lines, sees, number == 0);
        }
    }

    /// Takes it that these lines of a part are hits, or none is, and whether a record begins with them.
    fn settle(&mut self, part: &Part, lines: Range<u32>, sees: bool, begins: bool) {
        let (Some(looked), Some(segment)) = (self.parts.get_mut(&part.id), &part.segment) else { return };
        let head = segment.place(lines.start);
        let mut places: Vec<u32> = lines.map(|line| segment.place(line)).collect();
        places.sort_unstable();
        let before = (looked.hits.len(), looked.heads.len());
        looked.heads.retain(|place| places.binary_search(place).is_err());
        if sees && begins {
            let at = looked.heads.partition_point(|place| *place < head);
            looked.heads.insert(at, head);
        }
        self.records = self.records + looked.heads.len() - before.1;
        let known = looked.hits.iter().filter(|place| places.binary_search(place).is_ok()).count();
        if known == if sees { places.len() } else { 0 } {
            return;
        }
        looked.hits.retain(|place| places.binary_search(place).is_err());
        if sees {
            looked.hits.append(&mut places);
            looked.hits.sort_unstable();
        }
        self.hits = self.hits + looked.hits.len() - before.0;
        let hits = looked.hits.iter().map(|place| segment.at(*place));
        looked.tally = Tally::of(hits.map(|line| (segment.effective(line), segment.grade(line))));
    }

    /// Whether every line of the buffer has been looked at.
    pub fn is_done(&self, buffer: &Buffer) -> bool {
        self.revision == Some(buffer.revision()) && self.parts.values().all(|looked| looked.left == 0)
    }

    /// What it looks for.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// How many lines it has found so far.
    pub fn len(&self) -> usize {
        self.hits
    }

    /// How many records it has found so far.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Whether it has found none so far.
    pub fn is_empty(&self) -> bool {
        self.hits == 0
    }

    /// What it has found in a part: places by effective time, ascending.
    pub(super) fn hits(&self, part: u64) -> &[u32] {
        self.parts.get(&part).map_or(&[], |looked| &looked.hits)
    }

    /// With which of them a record begins.
    pub(super) fn heads(&self, part: u64) -> &[u32] {
        self.parts.get(&part).map_or(&[], |looked| &looked.heads)
    }

    /// What it has found in a part, by time.
    pub(super) fn tally(&self, part: u64) -> Option<&Tally> {
        self.parts.get(&part).map(|looked| &looked.tally)
    }

    /// Lets go of parts that are gone and takes up those that are new.
    fn take_over(&mut self, buffer: &Buffer) {
        if self.revision == Some(buffer.revision()) {
            return;
        }
        self.revision = Some(buffer.revision());
        let mut before = std::mem::take(&mut self.parts);
        for part in buffer.parts() {
            let known = before.remove(&part.id).or_else(|| joined(part, &before));
            let looked = known.unwrap_or_else(|| Looked {
                hits: Vec::new(),
                heads: Vec::new(),
                tally: Tally::default(),
                left: part.lines,
                lines: part.lines,
                in_order: part.in_order,
            });
            self.parts.insert(part.id, looked);
        }
        self.hits = self.parts.values().map(|looked| looked.hits.len()).sum();
        self.records = self.parts.values().map(|looked| looked.heads.len()).sum();
    }
}

/// What is known of a part by those that it was put together from; `None` if it has to be looked at.
fn joined(part: &Part, known: &BTreeMap<u64, Looked>) -> Option<Looked> {
    let in_order = part.in_order && !part.made_of.is_empty();
    let (hits, heads) = (Vec::new(), Vec::new());
    let mut whole = Looked { hits, heads, tally: Tally::default(), left: 0, lines: 0, in_order };
    for id in &part.made_of {
        let looked = known.get(id).filter(|looked| in_order && looked.in_order && looked.left == 0)?;
        whole.hits.extend(looked.hits.iter().map(|place| place + whole.lines));
        whole.heads.extend(looked.heads.iter().map(|place| place + whole.lines));
        whole.tally.add(&looked.tally);
        whole.lines += looked.lines;
    }
    in_order.then_some(whole)
}

/// The part before this one, in which the record begins that this one begins with.
fn before<'a>(buffer: &'a Buffer, part: &Part) -> Option<&'a Part> {
    let before = buffer.part_with(part.stream, part.first.checked_sub(1)?)?;
    is_cut(before, part).then_some(before)
}

/// The part after this one, which begins with the rest of this one's last record.
fn after<'a>(buffer: &'a Buffer, part: &Part) -> Option<&'a Part> {
    let after = buffer.part_with(part.stream, part.end())?;
    is_cut(part, after).then_some(after)
}

fn is_cut(one: &Part, next: &Part) -> bool {
    let (Some(before), Some(after)) = (&one.segment, &next.segment) else { return false };
    !after.begins(0) && !before.is_note(one.lines.saturating_sub(1))
}

/// The record that this line of a part is of: its lines in each part that has some.
fn record_of<'a>(buffer: &'a Buffer, part: &'a Part, line: u32) -> Vec<(&'a Part, Range<u32>)> {
    let lines = |part: &Part, line: u32| {
        part.segment.as_ref().map(|of| of.record_start(line)..of.next_record(line + 1)).unwrap_or_default()
    };
    let size = |part: &Part, lines: &Range<u32>| {
        part.segment.as_ref().map_or(0, |segment| segment.span(lines.start, lines.end).len())
    };
    let here = lines(part, line);
    let (mut first, mut back, mut far) = (here.clone(), Vec::new(), 0);
    let mut at = part;
    while first.start == 0
        && far < LONGEST
        && let Some(one) = before(buffer, at)
    {
        (at, first) = (one, lines(one, one.lines.saturating_sub(1)));
        far += size(one, &first);
        back.push((one, first.clone()));
    }
    let mut record: Vec<_> = back.into_iter().rev().collect();
    record.push((part, here.clone()));
    let (mut at, mut last, mut far) = (part, here, 0);
    while last.end == at.lines
        && far < LONGEST
        && let Some(next) = after(buffer, at)
    {
        (at, last) = (next, lines(next, 0));
        far += size(next, &last);
        record.push((next, last.clone()));
    }
    record
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
    use crate::logs::record::{Text, Unit};
    use crate::logs::segment::{Given, Segment, SegmentBuilder};
    use crate::logs::split::{LINE_LIMIT, Line};
    use crate::logs::stamp::Zone;

    fn query(text: &str) -> Query {
        Query::parse(text, Timestamp::UNIX_EPOCH).unwrap()
    }

    fn segment(stream: &str, lines: &[String]) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(RawText::from(stream), Zone::default());
        for line in lines {
            builder.push(
                Line::from(line.as_bytes()),
                Given::default(),
                "2026-11-22T03:13:00Z".parse().unwrap(),
            );
        }
        Arc::new(builder.seal().unwrap())
    }

    fn hits(search: &Search, buffer: &Buffer) -> Vec<String> {
        let wanted = Wanted::default();
        let lines = Merged { buffer, search: Some(search), wanted: &wanted }.forward(Key::FIRST);
        lines.map(|line| String::from_utf8_lossy(line.bytes()).into_owned()).collect()
    }

    #[test]
    fn the_latest_hits_come_first_and_what_came_since_is_looked_at() {
        let mut buffer = Buffer::default();
        let lines: Vec<String> = (0..100).map(|i| format!("n{}", i % 10)).collect();
        buffer.push(segment("a", &lines));
        let mut search = Search::new(query("n9"));
        assert!(search.step(&buffer, 15));
        assert_eq!(search.len(), 2);
        buffer.push(segment("a", &lines));
        assert!(!search.is_done(&buffer));
        while search.step(&buffer, 7) {}
        assert_eq!((search.len(), hits(&search, &buffer).len()), (20, 20));
        assert!(search.is_done(&buffer));
    }

    /// A stream that is searched as it comes.
    struct Stream {
        builder: SegmentBuilder,
        buffer: Buffer,
        search: Search,
    }

    impl Stream {
        fn new(filter: &str) -> Self {
            let builder = SegmentBuilder::new(RawText::from("app"), Zone::default());
            Self { builder, buffer: Buffer::default(), search: Search::new(query(filter)) }
        }

        /// Takes lines as one segment, and gives all hits and how many records they are.
        fn says(&mut self, lines: &[&str]) -> (Vec<String>, usize) {
            for line in lines {
                match line.strip_prefix("note: ") {
                    Some(note) => self.builder.note(note, NOW.parse().unwrap()),
                    None => {
                        self.builder.push(
                            Line::from(line.as_bytes()),
                            Given::default(),
                            NOW.parse().unwrap(),
                        );
                    }
                }
            }
            self.buffer.push(Arc::new(self.builder.seal().unwrap()));
            while self.search.step(&self.buffer, 2) {}
            let found = hits(&self.search, &self.buffer);
            assert_eq!(found.len(), self.search.len());
            (found, self.search.records())
        }
    }

    const NOW: &str = "2026-11-22T03:13:00Z";
    const ORDER: &str = "2026-11-22T03:12:01Z ERROR order failed";
    const CAUSE: &str = "java.lang.RuntimeException: no";
    const FRAME: &str = "\tat Shop.java:1";
    const INFO: &str = "2026-11-22T03:12:02Z INFO went on";

    #[test]
    fn a_record_is_a_hit_as_one_however_late_its_lines_come() {
        let mut found = Stream::new("order RuntimeException");
        assert_eq!(found.says(&[INFO, ORDER]), (vec![], 0));
        assert_eq!(found.says(&[CAUSE]), (vec![ORDER.into(), CAUSE.into()], 1), "now it is one");
        assert_eq!(found.says(&[FRAME]).0, [ORDER, CAUSE, FRAME]);
        assert_eq!(
            found.says(&[FRAME, INFO, CAUSE]),
            (vec![ORDER.into(), CAUSE.into(), FRAME.into(), FRAME.into()], 1)
        );

        let mut left_out = Stream::new("-RuntimeException level>=error");
        assert_eq!(left_out.says(&[ORDER]), (vec![ORDER.into()], 1));
        assert_eq!(left_out.says(&[CAUSE, FRAME, INFO]), (vec![], 0), "all of it is left out");
        assert_eq!(left_out.says(&[ORDER, FRAME]), (vec![ORDER.into(), FRAME.into()], 1));
    }

    #[test]
    fn what_midwatch_says_ends_a_record_and_is_found_by_itself() {
        let mut stream = Stream::new("order Shop");
        assert_eq!(stream.says(&[ORDER, "note: 3 lines dropped here", FRAME]), (vec![], 0));
        let mut notes = Stream::new("dropped");
        assert_eq!(
            notes.says(&[ORDER, "note: 3 lines dropped here"]),
            (vec!["3 lines dropped here".into()], 1)
        );
        assert_eq!(notes.says(&[FRAME]), (vec!["3 lines dropped here".into()], 1));
    }

    #[test]
    fn what_is_left_of_a_record_whose_beginning_was_given_up_is_one() {
        let (mut buffer, mut search) = (Buffer::new(100_000), Search::new(query("-quiet RuntimeException")));
        let mut builder = SegmentBuilder::new(RawText::from("app"), Zone::default());
        let mut push = |buffer: &mut Buffer, line: &str| {
            builder.push(Line::from(line.as_bytes()), Given::default(), NOW.parse().unwrap());
            buffer.push(Arc::new(builder.seal().unwrap()));
        };
        push(&mut buffer, "2026-11-22T03:12:01Z ERROR quiet");
        push(&mut buffer, CAUSE);
        while search.step(&buffer, 9) {}
        assert_eq!(search.len(), 0);
        let filler = format!("\t{}", "x".repeat(60_000));
        push(&mut buffer, &filler);
        push(&mut buffer, &filler);
        assert!(buffer.evicted() > 0);
        push(&mut buffer, CAUSE);
        while search.step(&buffer, 9) {}
        assert_eq!((hits(&search, &buffer).last().unwrap().as_str(), search.records()), (CAUSE, 1));
    }

    #[test]
    fn what_is_cut_off_a_line_of_a_file_is_found_where_its_source_looks() {
        let lines = format!("one\n{}needle\n{}\n", "x".repeat(LINE_LIMIT), "y".repeat(LINE_LIMIT + 1));
        let make = |piece: u64, buffer: &mut Buffer| {
            let (formats, zone) = (Formats::default(), Zone::default());
            let segment = SegmentBuilder::of_file(
                "app".into(),
                &zone,
                &formats,
                lines.as_bytes(),
                Timestamp::UNIX_EPOCH,
            );
            buffer.put(piece, &Arc::new(segment.unwrap()), true);
        };
        let judged = |line: u32, sees| Judged { lines: line..line + 1, sees };
        let mut buffer = Buffer::default();
        buffer.open(&"app".into(), &"source".into(), 2, false);
        make(0, &mut buffer);
        let mut search = Search::new(query("needle"));
        while search.step(&buffer, 9) {}
        assert_eq!(search.len(), 0);
        search.settle_cut(&buffer, &"app".into(), 0, &[judged(1, true), judged(2, false)]);
        assert_eq!((search.len(), search.records(), search.is_done(&buffer)), (1, 1, true));
        assert!(hits(&search, &buffer)[0].starts_with("xxx"));

        let mut end = Search::new(query("/y$/"));
        make(1, &mut buffer);
        while end.step(&buffer, 9) {}
        assert_eq!(end.len(), 2, "as far as the lines are here");
        end.rule_out(&buffer, &"app".into(), &[1]);
        end.settle_cut(&buffer, &"app".into(), 0, &[judged(1, false), judged(2, false)]);
        assert_eq!((end.len(), end.records()), (0, 0));
        let stats = buffer.streams().next().unwrap();
        assert_eq!((stats.cut, stats.unsearched), (14, 0));
    }

    proptest! {
        #[test]
        fn the_console_finds_what_the_command_line_finds(
            lines in proptest::collection::vec("(2026-11-22T03:12:0[0-9]Z )?((ERROR|WARN) )?[abA]{0,3}( a=[ab])?|  at [ab]{1,2}|Caused by: [ab]|\x1b\\[31m[ab]\x1b\\[0m b|", 1..40),
            cuts in proptest::collection::vec((1_usize..7, 0_u32..4), 40),
            end in prop_oneof![Just("\n"), Just("\r\n")],
            filter in "(-?([ab]{1,2}|A|/\\^[ab]/|/b\\$/|\"a b\"|level>=(error|warn)|a!?=[ab]|stream:app|Caused|(from|to):2026-11-22T03:12:0[3-6]) ){0,3}(\\| -?([ab]b|/a/|level=error))?",
        ) {
            let Ok(filter) = Query::parse(&filter, Timestamp::UNIX_EPOCH) else { return Ok(()) };
            let bytes = lines.iter().flat_map(|line| [line.as_bytes(), end.as_bytes()].concat()).collect::<Vec<u8>>();
            let (formats, zone) = (Formats::detect(&bytes, &Arc::default()), Zone::default());
            let now: Timestamp = NOW.parse().unwrap();
            let text = Text { bytes: &bytes, stream: b"app", formats: &formats, zone: &zone, now, before: None };
            // A line before which none says a time is of its arrival in a stream, in a file of the first after it.
            let expected = |before: i64| {
                let (mut expected, mut records) = (Vec::new(), 0);
                Text { before: Some(before), ..text }.search(&filter, Unit::Record, |range, _| {
                    records += 1;
                    let ends = |range: Range<usize>| memchr::memchr_iter(b'\n', &bytes[range]).count() as u64;
                    let (first, more) = (ends(0..range.start), ends(range));
                    expected.extend(first..=first + more);
                }, |_| panic!("the time before is known"));
                (expected, records)
            };
            let found = |search: &Search, buffer: &Buffer| {
                let wanted = Wanted::default();
                let lines = Merged { buffer, search: Some(search), wanted: &wanted }.forward(Key::FIRST);
                let mut lines: Vec<u64> = lines.map(|line| line.key.seq).collect();
                lines.sort_unstable();
                (lines, search.records())
            };

            let mut builder = SegmentBuilder::new("app".into(), zone.clone()).of_formats(&formats, &zone);
            let (mut buffer, mut search) = (Buffer::default(), Search::new(filter.clone()));
            let mut rest = &lines[..];
            for (each, step) in cuts {
                let (now_come, later) = rest.split_at(each.min(rest.len()));
                rest = later;
                for line in now_come {
                    builder.push(Line::from(line.as_bytes()), Given::default(), now);
                }
                builder.seal().into_iter().for_each(|segment| buffer.push(Arc::new(segment)));
                if step > 0 {
                    search.step(&buffer, step);
                }
                if step == 3 && let Some(job) = buffer.sealable() {
                    buffer.install(job.run().unwrap());
                }
            }
            while search.step(&buffer, 3) {}
            prop_assert_eq!(found(&search, &buffer), expected(now.as_millisecond()));

            let (mut buffer, mut search) = (Buffer::default(), Search::new(filter.clone()));
            buffer.open(&"app".into(), &"source".into(), 1, false);
            let whole = SegmentBuilder::of_file("app".into(), &zone, &formats, &bytes, now).unwrap();
            buffer.put(0, &Arc::new(whole), true);
            while search.step(&buffer, 3) {}
            prop_assert_eq!(found(&search, &buffer), expected(text.first_time().unwrap_or(now.as_millisecond())));
        }

        #[test]
        fn it_agrees_with_looking_at_every_line(
            batches in proptest::collection::vec((0_u8..3, proptest::collection::vec("(2026-11-22T03:12:0[0-9]Z )?([ab]{0,3}|WARN [ab]{90})", 1..6), 0_u32..9), 1..60),
            filter in "(-?[ab]{1,2}|level>=warn|stream:s1|/a\\$/)( -?[ab])?",
            budget in 3000_usize..20_000,
        ) {
            let mut buffer = Buffer::new(budget);
            let filter = query(&filter);
            let mut search = Search::new(filter.clone());
            for (stream, lines, step) in batches {
                buffer.push(segment(&format!("s{stream}"), &lines));
                if step > 0 {
                    search.step(&buffer, step);
                }
                if step == 8 && let Some(job) = buffer.sealable() {
                    buffer.install(job.run().unwrap());
                }
                prop_assert!(step == 0 || step == 8 || hits(&search, &buffer).len() == search.len());
            }
            while search.step(&buffer, 3) {}
            let wanted = Wanted::default();
            let all = Merged { buffer: &buffer, search: None, wanted: &wanted };
            let naive: Vec<Key> = all.forward(Key::FIRST).filter(|l| filter.matches(l)).map(|l| l.key).collect();
            let found = Merged { buffer: &buffer, search: Some(&search), wanted: &wanted };
            prop_assert_eq!(found.forward(Key::FIRST).map(|l| l.key).collect::<Vec<_>>(), naive);
            prop_assert_eq!(found.count(), search.len() as u64);
        }
    }
}
