//! Lines of one stream as the buffer keeps them: what is known of them, and the lines while they are here.

use std::sync::Arc;

use super::key::Key;
use super::level::Level;
use super::segment::Segment;
use super::tally::Tally;

/// Lines of one stream that came, or stand in a file, one after the other.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Never used twice, ascending in the order in which parts were made.
    pub(super) id: u64,
    /// Which stream it is of, in the order in which they first appeared.
    pub(super) stream: u32,
    /// The number of its first line within the stream.
    pub(super) first: u64,
    pub(super) lines: u32,
    /// How many records begin in it.
    pub(super) records: u32,
    /// The lowest and the highest effective time.
    pub(super) reach: (i64, i64),
    pub(super) in_order: bool,
    pub(super) levels: [u32; Level::ALL.len()],
    /// Its lines by time.
    pub(super) tally: Arc<Tally>,
    /// Bytes of its lines.
    pub(super) text: usize,
    pub(super) late: u64,
    pub(super) ahead: u64,
    pub(super) cut: u64,
    /// How many of them no search looks at: of a file only what was not even read.
    pub(super) unsearched: u64,
    /// The lines; those of a file are here only while somebody looks at them.
    pub(super) segment: Option<Arc<Segment>>,
    /// Which piece of a file it is.
    pub(super) piece: Option<u64>,
    /// The parts that it was put together from, in order.
    pub(super) made_of: Box<[u64]>,
}

impl Part {
    pub(super) fn new(id: u64, stream: usize, first: u64, segment: Arc<Segment>) -> Self {
        let (late, ahead) = segment.odds();
        Self {
            id,
            stream: u32::try_from(stream).unwrap_or(u32::MAX),
            first,
            lines: segment.lines(),
            records: segment.records(),
            reach: segment.reach(),
            in_order: segment.is_in_order(),
            levels: *segment.levels(),
            tally: Arc::clone(segment.tally()),
            text: segment.text(),
            late: late as u64,
            ahead: ahead as u64,
            cut: segment.cut(),
            unsearched: segment.cut(),
            segment: Some(segment),
            piece: None,
            made_of: Box::default(),
        }
    }

    /// Bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.segment.as_ref().map_or(0, |segment| segment.size())
            + size_of::<Self>()
            + size_of::<Tally>()
            + self.tally.size()
            + size_of_val(&*self.made_of)
    }

    /// Not after its first line: every line has this time or a later one, and this number or a higher one.
    pub(super) fn lowest(&self) -> Key {
        Key { time: self.reach.0, stream: self.stream, seq: self.first }
    }

    /// Not before its last line.
    pub(super) fn highest(&self) -> Key {
        Key { time: self.reach.1, stream: self.stream, seq: self.end().saturating_sub(1) }
    }

    /// Whether these are its lines, as far as can be told without them.
    pub(super) fn holds(&self, lines: &Segment) -> bool {
        (self.lines, self.text, self.reach) == (lines.lines(), lines.text(), lines.reach())
    }

    /// One past the number of its last line.
    pub(super) fn end(&self) -> u64 {
        self.first + u64::from(self.lines)
    }

    /// Whether any line is of this level or above.
    pub(super) fn reaches(&self, level: Level) -> bool {
        self.levels.iter().skip(level as usize).any(|&count| count > 0)
    }
}
