//! Text for mail and terminals: columns instead of tables.

use super::{Markup, address, cells};
use crate::incident::document::{Block, Inline, Item, part};

pub(super) struct Plain;

/// The widest column that others stand behind.
const WIDEST: usize = 60;

impl Markup for Plain {
    fn block(&self, block: &Block) -> Vec<String> {
        match block {
            Block::Heading(level, text) => {
                let text = line(text);
                let mark = match level {
                    1 => "=",
                    2 => "-",
                    _ => "",
                };
                let under = mark.repeat(part(&text).width());
                if under.is_empty() { vec![text] } else { vec![text, under] }
            }
            Block::Paragraph(text) => vec![line(text)],
            Block::List(items) => items.iter().map(item).collect(),
            Block::Table { head, rows } => table(head, rows),
            Block::Code { lines, .. } => lines.iter().map(|line| format!("    {}", line.as_str())).collect(),
        }
    }
}

fn item(item: &Item) -> String {
    let task = match item.done {
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
        None => "",
    };
    format!("- {task}{}", line(&item.line))
}

fn line(line: &[Inline]) -> String {
    let mut written = String::new();
    for inline in line {
        written.push_str(inline.text().as_str());
        if let Inline::Link { text, to } = inline
            && text != to
            && let Some(to) = address(to)
        {
            written.push_str(&[" (", &to, ")"].concat());
        }
    }
    written.trim().to_owned()
}

/// Columns with two spaces between them; within a cell there is never more than one.
fn table(head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>]) -> Vec<String> {
    let cell = |cell: &[Inline]| line(cell).split_whitespace().collect::<Vec<_>>().join(" ");
    let first = head.iter().map(|title| cell(title).to_uppercase()).collect::<Vec<_>>();
    let rows = rows.iter().map(|row| cells(row, head).map(cell).collect::<Vec<_>>());
    let all: Vec<Vec<String>> = std::iter::once(first).chain(rows).collect();
    let width = |text: &String| part(text).width();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| all.iter().filter_map(|row| row.get(column)).map(width).max().unwrap_or(0).min(WIDEST))
        .collect();
    let row = |row: &Vec<String>| {
        let mut line = String::new();
        for (text, wide) in row.iter().zip(&widths) {
            // Nothing in a cell is told as nothing, so that what follows stays in its own column.
            let text = if text.is_empty() { "-" } else { text };
            line.push_str(text);
            line.push_str(&" ".repeat(wide.saturating_sub(part(text).width()) + 2));
        }
        line.trim_end().to_owned()
    };
    all.iter().map(row).collect()
}
