//! Marked lines: they are held, so that what was marked can be copied whatever the buffer gives up.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::logs::key::Key;
use crate::pane::logs::line::{Line, Lines};

/// Lines that can be marked at once.
pub(super) const MOST: usize = 10_000;

/// The marked lines, and the range that is being marked.
#[derive(Debug, Default)]
pub(super) struct Marks {
    lines: BTreeMap<Key, Line>,
    range_from: Option<Key>,
}

impl Marks {
    /// Marks a line, or takes its mark away; false if there is no room for it.
    pub(super) fn toggle(&mut self, line: Line) -> bool {
        if self.lines.remove(&line.key).is_some() {
            return true;
        }
        let room = self.lines.len() < MOST;
        if room {
            self.lines.insert(line.key, line);
        }
        room
    }

    /// Begins a range at the cursor or ends it there; false if it did not fit as a whole.
    pub(super) fn toggle_range(&mut self, cursor: Key, lines: &Lines<'_>) -> bool {
        let Some(range) = self.range(cursor) else {
            self.range_from = Some(cursor);
            return true;
        };
        self.range_from = None;
        for line in lines.forward(*range.start()).take_while(|line| range.contains(&line.key)) {
            if self.lines.len() >= MOST {
                return self.lines.contains_key(range.end());
            }
            self.lines.insert(line.key, line);
        }
        true
    }

    /// Whether a line is marked, the range up to the cursor included.
    pub(super) fn contains(&self, key: Key, cursor: Option<Key>) -> bool {
        self.lines.contains_key(&key)
            || cursor.and_then(|cursor| self.range(cursor)).is_some_and(|range| range.contains(&key))
    }

    /// Whether a range is being marked.
    pub(super) fn in_range(&self) -> bool {
        self.range_from.is_some()
    }

    /// The marked lines in order.
    pub(super) fn lines(&self) -> impl ExactSizeIterator<Item = &Line> {
        self.lines.values()
    }

    /// Takes all marks away; false if there were none.
    pub(super) fn clear(&mut self) -> bool {
        let some = self.range_from.take().is_some() || !self.lines.is_empty();
        self.lines.clear();
        some
    }

    fn range(&self, cursor: Key) -> Option<RangeInclusive<Key>> {
        self.range_from.map(|from| from.min(cursor)..=from.max(cursor))
    }
}
