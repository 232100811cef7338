//! Which lines are in sight: a window of rows that stands on the keys of lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::logs::choice::Choice;
use crate::logs::key::Key;
use crate::logs::query::Query;
use crate::pane::logs::line::{Line, Lines};
use crate::pane::logs::row::{Row, Shape};

/// The rows in sight.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Oldest first; the last one may be cut at the bottom.
    pub(super) rows: Vec<Arc<Row>>,
    /// Rows of the screen that the first line has above the window.
    pub(super) skip: usize,
}

impl Window {
    /// The lines in it.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.rows.iter().map(|row| row.line.clone()).collect()
    }

    /// The first line that is in sight from its first row on.
    pub(super) fn top(&self) -> Option<Key> {
        self.rows.get(usize::from(self.skip > 0)).or(self.rows.first()).map(|row| row.line.key)
    }

    /// The last line.
    pub(super) fn last(&self) -> Option<Key> {
        self.rows.last().map(|row| row.line.key)
    }

    /// How many lines are above this one.
    pub(super) fn place_of(&self, key: Key) -> usize {
        self.rows.partition_point(|row| row.line.key < key)
    }
}

/// Makes windows, and makes no row again that was in the window before.
pub(super) struct Maker<'a> {
    pub(super) lines: Lines<'a>,
    pub(super) shape: Shape,
    /// What is shown of a line.
    pub(super) fields: &'a Choice,
    /// Whose hits are marked.
    pub(super) filter: Option<&'a Query>,
    /// Rows of this shape and filter.
    pub(super) known: BTreeMap<Key, Arc<Row>>,
}

impl Maker<'_> {
    /// The window whose bottom row is the last one.
    pub(super) fn ending(&mut self) -> Window {
        let mut window = Window::default();
        self.fill_up(&mut window, Key::END);
        window
    }

    /// The window that shows the line `cursor`, with the line `top` first if both fit.
    pub(super) fn around(&mut self, cursor: Key, top: Key) -> Window {
        let height = usize::from(self.shape.height);
        let Some(cursor) = self.lines.nearest(cursor).map(|line| line.key) else { return Window::default() };
        let (mut rows, mut used) = self.fill_down(top.min(cursor));
        let through: usize =
            rows.iter().take_while(|row| row.line.key <= cursor).map(|row| row.height()).sum();
        let reached = rows.last().is_some_and(|row| row.line.key >= cursor);
        let first = rows.first().map(|row| row.line.key);
        if first != Some(cursor) && (!reached || through > height) {
            let top = self.top_for(cursor);
            (rows, used) = self.fill_down(top);
        }
        let mut window = Window { rows, skip: 0 };
        if used < height {
            // The end of the stream: it stands at the bottom.
            let end = window.rows.first().map_or(Key::END, |row| row.line.key);
            self.fill_up(&mut window, end);
        }
        window
    }

    /// The first line of a window at whose bottom the line `cursor` is in full.
    fn top_for(&mut self, cursor: Key) -> Key {
        let (mut top, mut used) = (cursor, 0);
        for line in self.lines.backward(cursor.next()) {
            let row = self.row(line);
            used += row.height();
            if used > usize::from(self.shape.height) {
                break;
            }
            top = row.line.key;
        }
        top
    }

    fn fill_down(&mut self, top: Key) -> (Vec<Arc<Row>>, usize) {
        let (mut rows, mut used) = (Vec::new(), 0);
        for line in self.lines.forward(top) {
            if used >= usize::from(self.shape.height) {
                break;
            }
            let row = self.row(line);
            used += row.height();
            rows.push(row);
        }
        (rows, used)
    }

    /// Puts lines before `end` on top of a window until it is full.
    fn fill_up(&mut self, window: &mut Window, end: Key) {
        let height = usize::from(self.shape.height);
        let mut used: usize = window.rows.iter().map(|row| row.height()).sum();
        let mut above = Vec::new();
        for line in self.lines.backward(end) {
            if used >= height {
                break;
            }
            let row = self.row(line);
            used += row.height();
            above.push(row);
        }
        above.reverse();
        above.append(&mut window.rows);
        // Of a single line that is higher than the window the beginning is shown.
        window.skip = if above.len() > 1 { used.saturating_sub(height) } else { 0 };
        window.rows = above;
    }

    fn row(&mut self, line: Line) -> Arc<Row> {
        let (shape, filter) = (self.shape, self.filter);
        // What stood around a hit may be one now, and what had no end may have more.
        if let Some(row) = self.known.get(&line.key).filter(|row| row.line.looks_like(&line)) {
            return Arc::clone(row);
        }
        let row = Arc::new(Row::new(line, shape, self.fields, filter));
        self.known.insert(row.line.key, Arc::clone(&row));
        row
    }
}
