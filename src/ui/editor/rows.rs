//! Where the text of an editor stands on the screen: each line cleaned, and wrapped to rows.

use unicode_segmentation::UnicodeSegmentation;

use crate::model::text::{RawText, SafeText, clean_block};

/// A row of the screen: the line of the text, and the row in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) row: usize,
}

/// Lines of a text at one width. Nothing is laid out before it is asked for.
pub(super) struct Rows<'a> {
    lines: &'a [String],
    width: usize,
    ascii: bool,
}

impl<'a> Rows<'a> {
    /// One column stays free for the cursor behind a full row.
    pub(super) fn new(lines: &'a [String], width: u16, ascii: bool) -> Self {
        Self { lines, width: usize::from(width).saturating_sub(1).max(1), ascii }
    }

    /// The rows of a line; at least one.
    pub(super) fn of(&self, line: usize) -> Vec<SafeText> {
        self.shown(self.text(line)).wrap(self.width)
    }

    /// Where a character of a line stands: its row, and the column there.
    pub(super) fn place(&self, (line, column): (usize, usize)) -> (Place, usize) {
        let text = self.text(line);
        let at = text.char_indices().nth(column).map_or(text.len(), |(at, _)| at);
        let mut left = self.shown(text.get(..at).unwrap_or(text)).width();
        let rows = self.of(line);
        let last = rows.len() - 1;
        for (row, text) in rows.iter().enumerate() {
            let width = text.width();
            if left < width || row == last {
                return (Place { line, row }, left);
            }
            left -= width;
        }
        (Place { line, row: last }, left)
    }

    /// The line and the character that stands in a row at this column, or before it.
    pub(super) fn at(&self, place: Place, column: usize) -> (usize, usize) {
        let rows = self.of(place.line);
        let before: usize = rows.iter().take(place.row).map(SafeText::width).sum();
        let width = rows.get(place.row).map_or(0, SafeText::width);
        // The end of a row that is not the last one is the start of the next.
        let most = if place.row + 1 < rows.len() { width.saturating_sub(1) } else { width };
        let wanted = before + column.min(most);
        let text = self.text(place.line);
        let ends: Vec<usize> = text.grapheme_indices(true).map(|(at, g)| at + g.len()).collect();
        let fits = |end: &usize| self.shown(text.get(..*end).unwrap_or_default()).width() <= wanted;
        let count = ends.partition_point(fits);
        let bytes = count.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or(0);
        (place.line, text.get(..bytes).unwrap_or_default().chars().count())
    }

    /// The place so many rows below, or above; stops at the ends.
    pub(super) fn walk(&self, from: Place, by: isize) -> Place {
        let mut here = from;
        let mut left = by.unsigned_abs();
        let mut rows = self.of(here.line).len();
        here.row = here.row.min(rows - 1);
        while left > 0 {
            if by > 0 {
                let step = (rows - 1 - here.row).min(left);
                here.row += step;
                left -= step;
                if left == 0 || here.line + 1 >= self.lines.len() {
                    break;
                }
                (here.line, here.row) = (here.line + 1, 0);
                rows = self.of(here.line).len();
            } else {
                let step = here.row.min(left);
                here.row -= step;
                left -= step;
                if left == 0 || here.line == 0 {
                    break;
                }
                here.line -= 1;
                rows = self.of(here.line).len();
                here.row = rows - 1;
            }
            left -= 1;
        }
        here
    }

    /// The first row in sight so that the cursor is in sight, as near to `top` as that allows.
    pub(super) fn top(&self, top: Place, cursor: Place, height: usize) -> Place {
        let above = isize::try_from(height.saturating_sub(1)).unwrap_or(0);
        let earliest = self.walk(cursor, -above);
        top.clamp(earliest, cursor)
    }

    fn text(&self, line: usize) -> &'a str {
        self.lines.get(line).map_or("", String::as_str)
    }

    fn shown(&self, line: &str) -> SafeText {
        let text = clean_block(&RawText::from(line)).into_iter().next().unwrap_or_default();
        if self.ascii { text.ascii() } else { text }
    }
}
