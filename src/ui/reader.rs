//! A document to read: a cursor on one of its rows, a filter, and what stands under the cursor.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::model::text::{RawText, SafeText};
use crate::ui::canvas::Canvas;
use crate::ui::document::{Block, DONE, Document, Kind, OPEN, Row};
use crate::ui::list::List;
use crate::ui::style::Styles;
use crate::ui::table::Marking;

/// A document, laid out for a width.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    document: Document,
    /// The rows by block and place in it, so that the cursor stays where it was when the width changes.
    list: List<(usize, usize), Row>,
    width: usize,
    ascii: bool,
}

impl Reader {
    /// A reader of this document; where it stands is not known yet.
    pub fn new(document: Document) -> Self {
        let mut reader = Self { document, width: 80, ..Self::default() };
        reader.lay_out();
        reader
    }

    /// Reads another version of the document; the cursor stays where it is.
    pub fn put(&mut self, document: Document) {
        if self.document != document {
            self.document = document;
            self.lay_out();
        }
    }

    /// What is read.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Its rows.
    pub fn list(&self) -> &List<(usize, usize), Row> {
        &self.list
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect, ascii: bool) {
        self.list.set_height(usize::from(area.height));
        let width = usize::from(area.width.saturating_sub(1));
        if (width, ascii) != (self.width, self.ascii) {
            (self.width, self.ascii) = (width, ascii);
            self.lay_out();
        }
    }

    /// Moves the cursor; false if the command is not for that. Rows are not marked: a mark ticks a step.
    pub fn run(&mut self, id: Id) -> bool {
        !matches!(id, Id::Mark | Id::Range) && self.list.run(id)
    }

    /// Moves the cursor to the last row, as far as there are any.
    pub fn go_to_end(&mut self) {
        self.list.go(usize::MAX);
    }

    /// Shows the parts of the document that have these words; an empty text shows all.
    pub fn filter(&mut self, text: &str) {
        self.list.set_filter(text);
        self.lay_out();
    }

    /// Takes the filter back; false if there is none.
    pub fn back(&mut self) -> bool {
        let is_taken = self.list.back();
        self.lay_out();
        is_taken
    }

    /// The part of the document under the cursor.
    pub fn block(&self) -> Option<&Block> {
        self.document.blocks.get(self.list.selected()?.0)
    }

    /// The step under the cursor.
    pub fn step(&self) -> Option<usize> {
        self.block()?.step
    }

    /// What is copied where the cursor stands: a whole block of code, or what the part says.
    pub fn copied(&self) -> (&'static str, Vec<SafeText>) {
        let Some((block, part)) = self.list.selected().map(|(block, _)| *block).zip(self.block()) else {
            return ("line", Vec::new());
        };
        let code = self.document.code(block);
        if code.is_empty() { ("line", vec![part.text()]) } else { ("code", code) }
    }

    /// Draws what is in sight. `is_done` tells of a step whether it is ticked.
    pub fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        area: Rect,
        styles: &Styles,
        marking: Marking,
        is_done: impl Fn(usize) -> bool,
    ) {
        let width = usize::from(area.width.saturating_sub(1));
        // One that is read aloud has a width of its own.
        let other = (width != self.width).then(|| {
            let mut other = self.clone();
            other.fit(area, canvas.is_ascii());
            other
        });
        let list = other.as_ref().map_or(&self.list, |other| &other.list);
        for (y, id) in (area.top()..area.bottom()).zip(list.shown()) {
            let Some(row) = list.row_of(id) else { continue };
            let is_selected = marking.focused && list.selected() == Some(id);
            let block = self.document.blocks.get(row.block);
            let ticked = block.and_then(|block| block.step).is_some_and(&is_done);
            let meaning = if ticked { Meaning::Muted } else { block.map_or(Meaning::Text, Block::meaning) };
            if is_selected {
                canvas.text(area.x, y, 1, &SafeText::literal(">"), marking.mark);
            }
            let x = area.x.saturating_add(1);
            canvas.text(x, y, area.width.saturating_sub(1), &row.text, styles.of(meaning));
            if let Some((column, step)) = row.tick {
                let (sign, meaning) = if is_done(step) { (DONE, Meaning::Ok) } else { (OPEN, Meaning::Text) };
                let column = u16::try_from(column).unwrap_or(u16::MAX);
                let room = area.width.saturating_sub(1).saturating_sub(column);
                canvas.text(x.saturating_add(column), y, room, &SafeText::literal(sign), styles.of(meaning));
            }
            if is_selected {
                let row = Rect { y, height: 1, ..area };
                canvas.restyle(row, marking.selected);
                canvas.stand_on(row);
            }
        }
    }

    fn lay_out(&mut self) {
        let words = crate::model::words::Words::new(self.list.filter());
        let is_shown = |block: &Block| {
            words.is_empty()
                || (block.kind != Kind::Gap && words.match_any([&RawText::from(block.text().as_str())]))
        };
        let rows = self.document.lay_out(self.width, self.ascii, is_shown);
        let mut numbered = Vec::with_capacity(rows.len());
        let mut last = (usize::MAX, 0);
        for row in rows {
            last = if last.0 == row.block { (row.block, last.1 + 1) } else { (row.block, 0) };
            numbered.push((last, row));
        }
        // The list counts what the filter hides.
        let shown = numbered.len();
        let all = if words.is_empty() {
            shown
        } else {
            self.document.lay_out(self.width, self.ascii, |_| true).len()
        };
        let mut counted = vec![(); all];
        self.list.sift(&mut counted, |_, ()| true);
        self.list.take(numbered, Timestamp::MIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::markdown::parse;

    fn reader(text: &str) -> Reader {
        let mut reader = Reader::new(parse(&text.into()));
        reader.fit(Rect::new(0, 0, 41, 10), false);
        reader
    }

    fn selected(reader: &Reader) -> String {
        reader.list().selected_row().unwrap().text.as_str().trim().to_owned()
    }

    #[test]
    fn a_block_of_code_is_copied_whole_and_other_parts_unwrapped() {
        let text = "One long paragraph that does not fit into one row of forty columns.\n\n```sh\nkubectl get pods -n checkout --sort-by=.status.startTime\nkubectl top pods\n```\n";
        let mut reader = reader(text);
        assert_eq!(
            reader.copied().1,
            ["One long paragraph that does not fit into one row of forty columns.".into()]
        );
        reader.go_to_end();
        let (what, lines) = reader.copied();
        assert_eq!(what, "code");
        assert_eq!(
            lines,
            ["kubectl get pods -n checkout --sort-by=.status.startTime".into(), "kubectl top pods".into()]
        );
    }

    #[test]
    fn the_cursor_stays_on_its_part_when_the_width_changes() {
        let mut reader = reader("words and words and words and words and words\n\nsecond\n\nthird");
        while selected(&reader) != "second" {
            assert!(reader.run(Id::Down));
        }
        reader.fit(Rect::new(0, 0, 17, 10), false);
        assert_eq!(selected(&reader), "second");
    }

    #[test]
    fn a_filter_shows_the_parts_that_have_the_words_and_counts_the_others() {
        let mut reader = reader("# One\n\nfull pool\n\n- pool of db\n- disk\n");
        reader.filter("pool");
        assert_eq!(reader.list().counts(), (2, 5));
        assert!(reader.back() && !reader.back());
        assert_eq!(reader.list().counts(), (5, 5));
    }
}
