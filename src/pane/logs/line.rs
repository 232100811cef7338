//! A line that stays in hand whatever the buffer gives up, and walks over the lines in force.

use std::sync::Arc;

use jiff::Timestamp;

use crate::logs::around::Around;
use crate::logs::buffer::LineRef;
use crate::logs::key::Key;
use crate::logs::level::Level;
use crate::logs::merge::Merged;
use crate::logs::segment::{Odd, Segment};
use crate::model::text::RawText;

/// One line, held.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Where it stands among all lines.
    pub(super) key: Key,
    pub(super) segment: Arc<Segment>,
    /// Which line of the segment.
    pub(super) index: u32,
    /// Whether the filter sees it, or it stands around one that it sees.
    pub(super) is_hit: bool,
}

impl From<LineRef<'_>> for Line {
    fn from(line: LineRef<'_>) -> Self {
        Self { key: line.key, segment: Arc::clone(line.segment), index: line.line, is_hit: true }
    }
}

impl Line {
    pub(super) fn bytes(&self) -> &[u8] {
        self.segment.line(self.index)
    }

    pub(super) fn level(&self) -> Level {
        self.segment.level(self.index)
    }

    /// Whether another one of this key looks the same: the last line of a file may have grown.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        let look = |line: &Self| (line.is_hit, line.level(), line.continues());
        look(self) == look(other)
            && (Arc::ptr_eq(&self.segment, &other.segment) || self.bytes() == other.bytes())
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

    /// The time by which it is ordered.
    pub(super) fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.key.time).unwrap_or_default()
    }

    /// Whether the time by which it is ordered is nobody's word: neither it nor its record says one, and
    /// nobody saw it come.
    pub(super) fn lacks_time(&self) -> bool {
        self.segment.has_lain()
            && !self.continues()
            && !self.is_note()
            && self.segment.time(self.index).is_none()
    }

    /// Whether it was written by a wrong clock, or came late.
    pub(super) fn odd(&self) -> Option<Odd> {
        self.segment.odd(self.index)
    }
}

/// The lines in force, and those in hand.
pub(super) struct Lines<'a> {
    pub(super) merged: Merged<'a>,
    /// Lines in hand, in order: they stay in place when the buffer gives them up.
    pub(super) held: &'a [Line],
    /// What may stand around those in force, and how much of it does.
    pub(super) around: Option<(Merged<'a>, usize)>,
}

impl<'a> Lines<'a> {
    /// Lines from this place on, in order.
    pub(super) fn forward(&self, from: Key) -> impl Iterator<Item = Line> + use<'a> {
        let first = self.held.partition_point(|line| line.key < from);
        let held = self.held.iter().skip(first).cloned();
        joined(self.walk(from, true), held, |held, other| held < other)
    }

    /// Lines before this place, the last first.
    pub(super) fn backward(&self, below: Key) -> impl Iterator<Item = Line> + use<'a> {
        let end = self.held.partition_point(|line| line.key < below);
        let held = self.held.iter().take(end).rev().cloned();
        joined(self.walk(below, false), held, |held, other| held > other)
    }

    fn walk(&self, from: Key, down: bool) -> Box<dyn Iterator<Item = Line> + 'a> {
        let merged = self.merged;
        match self.around {
            Some((all, lines)) => {
                let around = Around::new(merged, all, lines, from, down);
                Box::new(around.map(|(line, is_hit)| Line { is_hit, ..line.into() }))
            }
            None if down => Box::new(merged.forward(from).map(Line::from)),
            None => Box::new(merged.backward(from).map(Line::from)),
        }
    }

    /// The line at this place, or the next one, or the last one before it.
    pub(super) fn nearest(&self, key: Key) -> Option<Line> {
        self.forward(key).next().or_else(|| self.backward(key).next())
    }
}

/// Two walks in one direction as one; a line that both have comes once.
fn joined(
    lines: impl Iterator<Item = Line>,
    held: impl Iterator<Item = Line>,
    comes_first: impl Fn(Key, Key) -> bool,
) -> impl Iterator<Item = Line> {
    let (mut lines, mut held) = (lines.peekable(), held.peekable());
    std::iter::from_fn(move || match (lines.peek(), held.peek()) {
        (Some(line), Some(in_hand)) if line.key == in_hand.key => {
            held.next();
            lines.next()
        }
        (Some(line), Some(in_hand)) if comes_first(in_hand.key, line.key) => held.next(),
        (None, Some(_)) => held.next(),
        _ => lines.next(),
    })
}
