//! Text with a structure: headings, paragraphs, lists, tables, code, quotes, links and steps. It is laid out to
//! rows of a width; what it was made of, Markdown or a card, is of no concern here.

use crate::config::theme::Meaning;
use crate::model::text::SafeText;
use crate::safe;

/// Columns that text keeps however deep it stands in lists and quotes.
const LEAST: usize = 16;
/// Of a table in which a column would get less, each row is told cell by cell.
const LEAST_CELL: usize = 6;
/// Columns between two columns of a table.
const BETWEEN: usize = 2;

/// What a block is, which decides how it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A heading of this level, 1 to 6.
    Heading(u8),
    /// Running text.
    Text,
    /// What is less important: where something comes from, or what a browser would draw.
    Aside,
    /// A line of the code block of this number.
    Code(usize),
    /// A row of the table of this number.
    Row(usize),
    /// The heads of the table of this number.
    Head(usize),
    /// A line across.
    Rule,
    /// Nothing, between two others.
    Gap,
    /// What went wrong.
    Wrong,
}

/// A part of a document: a paragraph, a line of code, a row of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// What it is.
    pub kind: Kind,
    /// What stands before its first row, such as `- `.
    pub first: SafeText,
    /// What stands before its other rows; as wide as that.
    pub rest: SafeText,
    /// What it says; of a row of a table the cells.
    pub cells: Vec<SafeText>,
    /// The addresses that it leads to.
    pub links: Vec<SafeText>,
    /// The step that it begins, which has a box.
    pub begins: Option<usize>,
    /// The innermost step that it is in.
    pub step: Option<usize>,
}

impl Block {
    /// A block outside of lists and quotes.
    pub fn new(kind: Kind, text: impl Into<SafeText>) -> Self {
        Self {
            kind,
            first: SafeText::default(),
            rest: SafeText::default(),
            cells: vec![text.into()],
            links: Vec::new(),
            begins: None,
            step: None,
        }
    }

    /// With an address that it leads to.
    #[must_use]
    pub fn leading(mut self, link: SafeText) -> Self {
        self.links.push(link);
        self
    }

    /// What it says, in one line.
    pub fn text(&self) -> SafeText {
        let mut text = SafeText::default();
        for (index, cell) in self.cells.iter().enumerate() {
            text.push(&SafeText::literal(if index > 0 { "  " } else { "" }));
            text.push(cell);
        }
        text
    }

    /// The meaning that draws it.
    pub fn meaning(&self) -> Meaning {
        match self.kind {
            Kind::Heading(_) | Kind::Head(_) => Meaning::Title,
            Kind::Text | Kind::Row(_) | Kind::Code(_) => Meaning::Text,
            Kind::Aside | Kind::Rule | Kind::Gap => Meaning::Muted,
            Kind::Wrong => Meaning::Critical,
        }
    }
}

/// Something to do, which can be ticked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What is to be done, in one line.
    pub text: SafeText,
    /// Whether the document itself says that it is done.
    pub is_done: bool,
}

/// A text with a structure.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Document {
    /// Its parts, in order.
    pub blocks: Vec<Block>,
    /// What there is to do in it.
    pub steps: Vec<Step>,
}

/// A row as it is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The block that it is of.
    pub block: usize,
    /// What stands in it.
    pub text: SafeText,
    /// The column at which the box of this step stands.
    pub tick: Option<(usize, usize)>,
}

/// A box that is not ticked. One that is has the same width.
pub const OPEN: &str = "[ ] ";
/// A box that is ticked.
pub const DONE: &str = "[x] ";

impl Document {
    /// Adds a block.
    pub fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// Adds a heading, with a gap before it if something stands there.
    pub fn heading(&mut self, level: u8, text: impl Into<SafeText>) {
        if !self.blocks.is_empty() {
            self.push(Block::new(Kind::Gap, ""));
        }
        self.push(Block::new(Kind::Heading(level), text));
    }

    /// The lines of the code block that a block is of; none if it is of none.
    pub fn code(&self, block: usize) -> Vec<SafeText> {
        let Some(kind @ Kind::Code(_)) = self.blocks.get(block).map(|block| block.kind) else {
            return Vec::new();
        };
        self.blocks.iter().filter(|block| block.kind == kind).map(Block::text).collect()
    }

    /// The rows of a width, of the blocks that are shown. An ASCII terminal spells characters above ASCII, which
    /// takes more room.
    pub fn lay_out(&self, width: usize, ascii: bool, is_shown: impl Fn(&Block) -> bool) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut tables = Tables::default();
        for (index, block) in self.blocks.iter().enumerate().filter(|(_, block)| is_shown(block)) {
            let spelt = |text: &SafeText| if ascii { text.ascii() } else { text.clone() };
            let tick = block.begins.map(|step| (block.first.width(), step));
            let mut first = spelt(&block.first);
            let mut rest = spelt(&block.rest);
            if tick.is_some() {
                first.push(&SafeText::literal(OPEN));
                rest.push(&SafeText::literal("    "));
            }
            let room = width.saturating_sub(first.width()).max(LEAST);
            let cells: Vec<SafeText> = block.cells.iter().map(spelt).collect();
            let lines = match block.kind {
                Kind::Row(table) | Kind::Head(table) => {
                    let widths = tables.widths(self, table, room, ascii);
                    table_row(&cells, widths, room, matches!(block.kind, Kind::Head(_)))
                }
                Kind::Rule => vec![dashes(room.min(40))],
                _ => block.cells.iter().flat_map(|cell| spelt(cell).wrap(room)).collect(),
            };
            for (number, line) in lines.into_iter().enumerate() {
                let mut text = if number == 0 { first.clone() } else { rest.clone() };
                text.push(&line);
                rows.push(Row { block: index, text, tick: tick.filter(|_| number == 0) });
            }
        }
        rows
    }
}

/// The widths of the columns of tables, each found once for a layout.
#[derive(Default)]
struct Tables {
    known: Vec<(usize, Vec<usize>)>,
}

impl Tables {
    fn widths(&mut self, document: &Document, table: usize, room: usize, ascii: bool) -> &[usize] {
        let at = self.known.iter().rposition(|(known, _)| *known == table).unwrap_or_else(|| {
            let mut widths: Vec<usize> = Vec::new();
            let is_of = |kind| matches!(kind, Kind::Row(of) | Kind::Head(of) if of == table);
            for block in document.blocks.iter().filter(|block| is_of(block.kind)) {
                widths.resize(widths.len().max(block.cells.len()), 1);
                for (width, cell) in widths.iter_mut().zip(&block.cells) {
                    *width = (*width).max(if ascii { cell.ascii().width() } else { cell.width() });
                }
            }
            self.known.push((table, shared(widths, room)));
            self.known.len() - 1
        });
        self.known.get(at).map_or(&[], |(_, widths)| widths)
    }
}

/// The widths that columns get where so much room is: the widest give first.
fn shared(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    let between = widths.len().saturating_sub(1) * BETWEEN;
    let room = room.saturating_sub(between);
    while widths.iter().sum::<usize>() > room {
        let widest = widths.iter().copied().max().unwrap_or(0);
        if widest <= LEAST_CELL {
            break;
        }
        let next = widths.iter().copied().filter(|width| *width < widest).max().unwrap_or(0);
        let many = widths.iter().filter(|width| **width == widest).count();
        let over = widths.iter().sum::<usize>() - room;
        // All of the widest become as wide as the next ones, or as little narrower as is enough.
        let narrower = widest.saturating_sub(over.div_ceil(many)).max(next).max(LEAST_CELL).min(widest - 1);
        widths.iter_mut().filter(|width| **width == widest).for_each(|width| *width = narrower);
    }
    widths
}

/// The lines of a row of a table.
fn table_row(cells: &[SafeText], widths: &[usize], room: usize, is_head: bool) -> Vec<SafeText> {
    let total = widths.iter().sum::<usize>() + widths.len().saturating_sub(1) * BETWEEN;
    if total > room {
        // Too many columns for the screen.
        let mut lines: Vec<SafeText> =
            cells.iter().filter(|cell| !cell.is_empty()).flat_map(|cell| cell.wrap(room)).collect();
        lines.push(dashes(room.min(8)));
        return lines;
    }
    let wrapped: Vec<Vec<SafeText>> =
        cells.iter().zip(widths).map(|(cell, width)| cell.wrap(*width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(1);
    let mut lines: Vec<SafeText> = (0..height)
        .map(|row| {
            let mut line = SafeText::default();
            let mut column = 0;
            for (lines, width) in wrapped.iter().zip(widths) {
                if let Some(text) = lines.get(row) {
                    line.push(&blanks(column - line.width().min(column)));
                    // The space at which it was wrapped would push the next column away.
                    line.push(&text.columns(0, *width));
                }
                column += width + BETWEEN;
            }
            line
        })
        .collect();
    if is_head {
        let mut line = SafeText::default();
        for (index, width) in widths.iter().enumerate() {
            line.push(&if index > 0 { blanks(BETWEEN) } else { SafeText::default() });
            line.push(&dashes(*width));
        }
        lines.push(line);
    }
    lines
}

fn blanks(count: usize) -> SafeText {
    (0..count).map(|_| SafeText::literal(" ")).collect()
}

fn dashes(count: usize) -> SafeText {
    (0..count).map(|_| SafeText::literal("-")).collect()
}

/// `name` and what it is, in one line.
pub fn named(name: &'static str, text: &SafeText) -> SafeText {
    safe!("{}{}{}", SafeText::literal(name), blanks(14_usize.saturating_sub(name.len()).max(1)), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(document: &Document, width: usize) -> Vec<String> {
        let rows = document.lay_out(width, false, |_| true);
        rows.iter().map(|row| row.text.as_str().trim_end().to_owned()).collect()
    }

    fn table(rows: &[&[&'static str]]) -> Document {
        let mut document = Document::default();
        for (index, cells) in rows.iter().enumerate() {
            let kind = if index == 0 { Kind::Head(0) } else { Kind::Row(0) };
            let cells = cells.iter().map(|cell| SafeText::literal(cell)).collect();
            document.push(Block { cells, ..Block::new(kind, "") });
        }
        document
    }

    #[test]
    fn columns_of_a_table_are_as_wide_as_they_need_and_the_widest_give_room_first() {
        let document = table(&[
            &["pool", "what to do when it is full"],
            &["payments", "raise the limit and tell the owner"],
            &["db", "wait"],
        ]);
        let wide = drawn(&document, 60);
        assert_eq!(
            wide,
            [
                "pool      what to do when it is full",
                "--------  ----------------------------------",
                "payments  raise the limit and tell the owner",
                "db        wait",
            ]
        );
        let narrow = drawn(&document, 30);
        assert_eq!(narrow.first().map(String::as_str), Some("pool      what to do when it"));
        assert!(narrow.iter().all(|line| line.len() <= 30), "{narrow:#?}");
        assert!(narrow.contains(&"          tell the owner".to_owned()), "{narrow:#?}");
    }

    #[test]
    fn a_table_of_more_columns_than_the_screen_has_room_for_is_told_cell_by_cell() {
        let cells: Vec<&'static str> = vec!["a long cell"; 12];
        let lines = drawn(&table(&[&cells, &cells]), 40);
        assert_eq!(lines.iter().filter(|line| *line == "a long cell").count(), 24, "{lines:#?}");
    }

    #[test]
    fn rows_wrap_behind_what_stands_before_them_and_steps_have_a_box() {
        let mut document = Document::default();
        document.push(Block {
            first: "1. ".into(),
            rest: "   ".into(),
            begins: Some(0),
            step: Some(0),
            ..Block::new(Kind::Text, "look at the pool of payments and count")
        });
        assert_eq!(drawn(&document, 30), ["1. [ ] look at the pool of", "       payments and count"]);
        let rows = document.lay_out(30, false, |_| true);
        assert_eq!(rows[0].tick, Some((3, 0)));
        assert_eq!(rows[1].tick, None);
    }

    #[test]
    fn text_stays_readable_however_deep_it_stands() {
        let block = Block {
            first: SafeText::literal("                                                  "),
            ..Block::new(Kind::Text, "some words that are wrapped")
        };
        let document = Document { blocks: vec![block], steps: Vec::new() };
        assert!(document.lay_out(20, false, |_| true).len() < 5);
        assert!(!document.lay_out(0, false, |_| true).is_empty());
    }
}
