//! Patterns of the lines in the buffer, mined by a worker: what it is to do, and how far that is.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::buffer::Buffer;
use super::level::Level;
use super::pattern::book::{Book, Found};
use super::query::Query;
use super::segment::Segment;
use super::sgr;
use crate::model::text::RawText;

/// Lines of one job: a tenth of a second, or a little more.
const JOB: u64 = 40_000;

/// Which lines are shown.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    /// The filter as written.
    pub written: &'a str,
    /// The same, read.
    pub words: &'a Query,
    /// The lowest level.
    pub minimum: Level,
    /// Streams that are out of scope.
    pub hidden: &'a BTreeSet<RawText>,
}

/// What is mined: the lines that a query sees, into one book, whoever has them.
#[derive(Clone)]
pub struct Order {
    /// A later order has a higher one, and takes its place.
    pub number: u64,
    query: Arc<Query>,
    book: Arc<Mutex<Book>>,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("number", &self.number).finish_non_exhaustive()
    }
}

impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && Arc::ptr_eq(&self.book, &other.book)
    }
}

impl Eq for Order {}

impl Order {
    /// An order to mine the lines that this query sees.
    pub fn new(number: u64, query: Query) -> Self {
        Self { number, query: Arc::new(query), book: Arc::default() }
    }

    /// Which lines.
    pub fn query(&self) -> &Arc<Query> {
        &self.query
    }

    /// Takes what begins in these lines of a segment, but nothing of midwatch's own. Of a record that goes
    /// on in the next segment the query sees what is in this one.
    pub fn take(&self, segment: &Segment, lines: Range<u32>) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let records = segment.next_record(lines.start)..segment.next_record(lines.end);
        self.query.scan(segment, records, |record| {
            let line = record.start;
            if segment.continues(line) || segment.is_note(line) {
                return;
            }
            let bytes = segment.line(line);
            let (time, level) = (segment.effective(line), segment.level(line));
            let said = segment.formats().said(bytes);
            if segment.has_escapes() {
                book.take(&sgr::strip(bytes), said.of(bytes), time, level);
            } else {
                book.take(bytes, said.of(bytes), time, level);
            }
        });
    }

    /// What was found until now.
    pub fn found(&self) -> Arc<Found> {
        Arc::new(self.book.lock().unwrap_or_else(PoisonError::into_inner).found())
    }
}

/// Lines for a worker to mine.
#[derive(Clone, Debug)]
pub struct MineJob {
    order: Order,
    parts: Vec<(Arc<Segment>, Range<u32>)>,
}

impl PartialEq for MineJob {
    fn eq(&self, other: &Self) -> bool {
        let parts = self.parts.iter().zip(&other.parts);
        self.order == other.order
            && self.parts.len() == other.parts.len()
            && parts.into_iter().all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1)
    }
}

impl Eq for MineJob {}

/// What a worker has mined.
#[derive(Clone, Debug)]
pub struct Mined {
    /// The number of the order.
    pub number: u64,
    /// All that was found until now.
    pub found: Arc<Found>,
}

impl MineJob {
    /// Mines the lines.
    pub fn run(self) -> Mined {
        for (segment, lines) in self.parts {
            self.order.take(&segment, lines);
        }
        Mined { number: self.order.number, found: self.order.found() }
    }
}

/// How far the lines of streams in the buffer were given out. Those of files are their source's to mine.
#[derive(Debug, Default)]
pub struct Progress {
    /// The number of the next line of each stream.
    next: Vec<u64>,
    /// Lines that were given up before they were given out.
    missed: u64,
    /// How many had come when all were.
    done_at: Option<u64>,
}

impl Progress {
    /// The next lines, oldest first, if there are any.
    pub fn job(&mut self, order: &Order, buffer: &Buffer) -> Option<MineJob> {
        let mut left = JOB;
        let mut lines = Vec::new();
        for part in buffer.parts() {
            let (Some(segment), None) = (&part.segment, part.piece) else { continue };
            if left == 0 {
                break;
            }
            let stream = part.stream as usize;
            if self.next.len() <= stream {
                self.next.resize(stream + 1, 0);
            }
            let Some(next) = self.next.get_mut(stream) else { continue };
            // What was there before the first look is not missed.
            if *next > 0 {
                self.missed += part.first.saturating_sub(*next);
            }
            let from = part.first.max(*next);
            let to = part.end().min(from.saturating_add(left));
            if from >= to {
                continue;
            }
            left -= to - from;
            *next = to;
            let place = |line: u64| u32::try_from(line - part.first).unwrap_or(u32::MAX);
            lines.push((Arc::clone(segment), place(from)..place(to)));
        }
        self.done_at = (left > 0).then(|| buffer.received());
        (!lines.is_empty()).then(|| MineJob { order: order.clone(), parts: lines })
    }

    /// Whether lines have come that were not given out. Costs nothing.
    pub fn has_more(&self, buffer: &Buffer) -> bool {
        self.done_at != Some(buffer.received())
    }

    /// Whether all lines that were here at the last look were given out.
    pub fn is_done(&self) -> bool {
        self.done_at.is_some()
    }

    /// How many lines were given out of those that are here, and how many are here.
    pub fn share(&self, buffer: &Buffer) -> (u64, u64) {
        buffer.parts().filter(|part| part.piece.is_none()).fold((0, 0), |(done, all), part| {
            let next = self.next.get(part.stream as usize).copied().unwrap_or_default();
            (done + next.clamp(part.first, part.end()) - part.first, all + u64::from(part.lines))
        })
    }

    /// Lines that were given up to stay within the budget before they could be looked at.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    fn segment(stream: &str, lines: &[String]) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(RawText::from(stream), Zone::default());
        for line in lines {
            builder.push(Line::from(line.as_bytes()), Given::default(), Timestamp::UNIX_EPOCH);
        }
        Arc::new(builder.seal().unwrap())
    }

    fn lines(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("took {i} ms")).collect()
    }

    #[test]
    fn what_a_query_sees_is_mined_and_a_record_counts_once() {
        let query = Query::parse("-health", Timestamp::UNIX_EPOCH).unwrap();
        let order = Order::new(1, query);
        let mut buffer = Buffer::default();
        let text = [
            "2026-11-22T03:12:00Z \u{1b}[31mERROR\u{1b}[0m it broke",
            "  at some.Place(Place.java:12)",
            "2026-11-22T03:12:01Z INFO health is good",
            "2026-11-22T03:12:02Z \u{1b}[31mERROR\u{1b}[0m it broke",
        ];
        buffer.push(segment("a", &text.map(str::to_owned)));
        let mined = Progress::default().job(&order, &buffer).unwrap().run();
        let [row] = &mined.found.rows[..] else { panic!("{:?}", mined.found) };
        assert_eq!((&*row.text, row.count, row.level, mined.found.lines), ("it broke", 2, Level::Error, 2));
    }

    proptest! {
        #[test]
        fn every_line_is_mined_once_whatever_is_put_together_or_given_up(
            batches in proptest::collection::vec((0_u8..3, 1_usize..40, 0_u8..4), 1..60),
            budget in 6000_usize..40_000,
        ) {
            let mut buffer = Buffer::new(budget);
            let order = Order::new(1, Query::default());
            let mut progress = Progress::default();
            let mut came = 0;
            for (stream, count, step) in batches {
                buffer.push(segment(&format!("s{stream}"), &lines(count)));
                came += count as u64;
                if step == 1 {
                    while let Some(job) = progress.job(&order, &buffer) {
                        job.run();
                    }
                    prop_assert!(!progress.has_more(&buffer));
                    let (done, all) = progress.share(&buffer);
                    prop_assert_eq!(done, all);
                }
                if step == 2 && let Some(job) = buffer.sealable() {
                    buffer.install(job.run().unwrap());
                }
            }
            while let Some(job) = progress.job(&order, &buffer) {
                job.run();
            }
            let found = order.found();
            // Of streams that began later all that went before their first look is unknown.
            prop_assert!(found.lines + progress.missed() <= came);
            prop_assert!(found.lines >= buffer.lines());
            if buffer.evicted() == 0 {
                prop_assert_eq!(found.lines, came);
            }
        }
    }
}
