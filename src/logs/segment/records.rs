//! Which lines of a segment are one record.

use super::{CONTINUES, NOTE, Segment};
use crate::logs::tally::Grade;

impl Segment {
    /// Whether the line goes on with the record before it: a stack trace, an indented detail.
    pub fn continues(&self, line: u32) -> bool {
        self.mark(line) & CONTINUES != 0
    }

    /// What the line counts as in a tally.
    pub(in crate::logs) fn grade(&self, line: u32) -> Grade {
        Grade::new(self.level(line), self.continues(line))
    }

    /// Whether a record begins with this line, as far as this segment tells. What midwatch says itself is
    /// one, and ends the one before.
    pub(in crate::logs) fn begins(&self, line: u32) -> bool {
        !self.continues(line) || line.checked_sub(1).is_some_and(|before| self.is_note(before))
    }

    /// The first line from here on with which a record begins.
    pub(in crate::logs) fn next_record(&self, line: u32) -> u32 {
        (line..self.lines()).find(|line| self.begins(*line)).unwrap_or(self.lines())
    }

    /// The line with which the record begins that this one is of; the first, where that is not here.
    pub(in crate::logs) fn record_start(&self, line: u32) -> u32 {
        (0..=line).rev().find(|line| self.begins(*line)).unwrap_or_default()
    }

    /// How many records begin here, without what midwatch says itself.
    pub(in crate::logs) fn records(&self) -> u32 {
        let begun = self.marks.iter().filter(|mark| *mark & (CONTINUES | NOTE) == 0).count();
        u32::try_from(begun).unwrap_or(u32::MAX)
    }
}
