//! A line that stays in hand whatever the buffer gives up, and walks over the lines in force.

use std::sync::Arc;

use jiff::Timestamp;

use crate::logs::buffer::{Buffer, LineRef};
use crate::logs::level::Level;
use crate::logs::search::Search;
use crate::logs::segment::Segment;
use crate::model::text::RawText;

/// One line, held.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its number.
    pub(super) seq: u64,
    pub(super) segment: Arc<Segment>,
    /// Which line of the segment.
    pub(super) index: u32,
}

impl From<LineRef<'_>> for Line {
    fn from(line: LineRef<'_>) -> Self {
        Self { seq: line.seq, segment: Arc::clone(line.segment), index: line.line }
    }
}

impl Line {
    pub(super) fn bytes(&self) -> &[u8] {
        self.segment.line(self.index)
    }

    pub(super) fn level(&self) -> Level {
        self.segment.level(self.index)
    }

    /// Whether it goes on with the record before it.
    pub(super) fn continues(&self) -> bool {
        self.segment.continues(self.index)
    }

    /// Whether it is midwatch's own line about the stream.
    pub(super) fn is_note(&self) -> bool {
        self.segment.is_note(self.index)
    }

    pub(super) fn stream(&self) -> &RawText {
        self.segment.stream()
    }

    /// When it was written, or else when it came.
    pub(super) fn time(&self) -> Timestamp {
        self.segment.time(self.index).unwrap_or_else(|| self.segment.arrival(self.index))
    }
}

/// The lines in force: all of the buffer or the hits of a search, and those in hand.
pub(super) struct Lines<'a> {
    pub(super) buffer: &'a Buffer,
    /// The hits to walk by; without it, every line.
    pub(super) search: Option<&'a Search>,
    /// Lines in hand, by number: they stay in place when the buffer gives them up.
    pub(super) held: &'a [Line],
}

impl<'a> Lines<'a> {
    /// Lines from number `from` on, oldest first.
    pub(super) fn forward(&self, from: u64) -> impl Iterator<Item = Line> + use<'a> {
        let (buffer, held) = (self.buffer, self.held);
        let all = self.search.is_none().then(|| buffer.forward(from));
        let hits = self.search.map(|search| {
            (search.rank(from)..search.len()).filter_map(move |hit| buffer.line(search.get(hit)?))
        });
        let lines = all.into_iter().flatten().chain(hits.into_iter().flatten()).map(Line::from);
        let first = held.partition_point(|line| line.seq < from);
        merged(lines, held.iter().skip(first).cloned(), |held, other| held < other)
    }

    /// Lines below number `below`, newest first.
    pub(super) fn backward(&self, below: u64) -> impl Iterator<Item = Line> + use<'a> {
        let (buffer, held) = (self.buffer, self.held);
        let all = self.search.is_none().then(|| buffer.backward(below));
        let hits = self
            .search
            .map(|search| (0..search.rank(below)).rev().filter_map(move |hit| buffer.line(search.get(hit)?)));
        let lines = all.into_iter().flatten().chain(hits.into_iter().flatten()).map(Line::from);
        let end = held.partition_point(|line| line.seq < below);
        merged(lines, held.iter().take(end).rev().cloned(), |held, other| held > other)
    }

    /// The line of this number, or the next one, or the last one before it.
    pub(super) fn nearest(&self, seq: u64) -> Option<Line> {
        self.forward(seq).next().or_else(|| self.backward(seq).next())
    }

    /// How many lines there are from number `from` on, those in hand not counted.
    pub(super) fn count_from(&self, from: u64) -> u64 {
        match self.search {
            Some(search) => (search.len() - search.rank(from)) as u64,
            None => self.buffer.bounds().end.saturating_sub(from),
        }
    }

    /// The next line after number `after` of level error or worse that begins a record.
    pub(super) fn next_error(&self, after: u64) -> Option<Line> {
        let Some(search) = self.search else {
            return self.buffer.next_at_least(Level::Error, after).map(Line::from);
        };
        // Errors and hits leap over each other: the rarer of the two decides the cost.
        let mut after = after;
        loop {
            let error = self.buffer.next_at_least(Level::Error, after)?;
            let hit = search.get(search.rank(error.seq))?;
            if hit == error.seq {
                return Some(error.into());
            }
            after = hit - 1;
        }
    }

    /// The last line before number `before` of level error or worse that begins a record.
    pub(super) fn previous_error(&self, before: u64) -> Option<Line> {
        let Some(search) = self.search else {
            return self.buffer.previous_at_least(Level::Error, before).map(Line::from);
        };
        let mut before = before;
        loop {
            let error = self.buffer.previous_at_least(Level::Error, before)?;
            let hit = search.get(search.rank(error.seq + 1).checked_sub(1)?)?;
            if hit == error.seq {
                return Some(error.into());
            }
            before = hit + 1;
        }
    }
}

/// Two walks in one direction as one; a line that both have comes once.
fn merged(
    lines: impl Iterator<Item = Line>,
    held: impl Iterator<Item = Line>,
    comes_first: impl Fn(u64, u64) -> bool,
) -> impl Iterator<Item = Line> {
    let (mut lines, mut held) = (lines.peekable(), held.peekable());
    std::iter::from_fn(move || match (lines.peek(), held.peek()) {
        (Some(line), Some(in_hand)) if line.seq == in_hand.seq => {
            held.next();
            lines.next()
        }
        (Some(line), Some(in_hand)) if comes_first(in_hand.seq, line.seq) => held.next(),
        (None, Some(_)) => held.next(),
        _ => lines.next(),
    })
}
