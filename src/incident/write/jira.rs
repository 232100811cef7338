//! The wiki markup of Jira and Confluence.

use super::{Markup, address, cells, is_within_word};
use crate::incident::document::{Block, Inline, Item};
use crate::model::text::SafeText;

pub(super) struct Jira;

impl Markup for Jira {
    fn block(&self, block: &Block) -> Vec<String> {
        match block {
            Block::Heading(level, text) => vec![format!("h{}. {}", (*level).clamp(1, 6), line(text))],
            Block::Paragraph(text) => vec![line(text)],
            Block::List(items) => items.iter().map(item).collect(),
            Block::Table { head, rows } => {
                // An empty cell would make two bars, which is a title.
                let cell = |cell: &[Inline]| {
                    let text = line(cell);
                    if text.is_empty() { " ".to_owned() } else { text }
                };
                let titles: Vec<String> = head.iter().map(|title| cell(title)).collect();
                let mut lines = vec![format!("||{}||", titles.join("||"))];
                lines.extend(rows.iter().map(|row| {
                    let cells: Vec<String> = cells(row, head).map(cell).collect();
                    format!("|{}|", cells.join("|"))
                }));
                lines
            }
            Block::Code { lines, .. } => fenced(lines),
        }
    }
}

/// Lines as they are. What would end them is told apart by a space.
fn fenced(lines: &[SafeText]) -> Vec<String> {
    let has = |mark: &str| lines.iter().any(|line| line.as_str().contains(mark));
    let word = if has("{code") && !has("{noformat") { "noformat" } else { "code" };
    let (end, apart) = ([["{", word].concat()], ["{ ", word].concat());
    let mark = || std::iter::once(["{", word, "}"].concat());
    let line =
        |line: &SafeText| end.iter().fold(line.as_str().to_owned(), |line, end| line.replace(end, &apart));
    mark().chain(lines.iter().map(line)).chain(mark()).collect()
}

fn item(item: &Item) -> String {
    let task = match item.done {
        Some(true) => "\\[x\\] ",
        Some(false) => "\\[ \\] ",
        None => "",
    };
    format!("* {task}{}", line(&item.line))
}

fn line(line: &[Inline]) -> String {
    let mut written = String::new();
    for inline in line {
        let at_start = written.is_empty();
        match inline {
            Inline::Text(text) => written.push_str(&escaped(text.as_str(), at_start)),
            Inline::Bold(text) => {
                let text = text.as_str().trim();
                if !text.is_empty() {
                    written.push_str(&["*", &escaped(text, false), "*"].concat());
                }
            }
            Inline::Code(text) if text.as_str().trim().is_empty() => written.push_str(text.as_str()),
            Inline::Code(text) => {
                written.push_str(&["{{", &escaped(text.as_str().trim(), false), "}}"].concat());
            }
            Inline::Link { text, to } => match address(to) {
                Some(address) if text == to => written.push_str(&["[", &address, "]"].concat()),
                Some(to) => {
                    written.push_str(&["[", &escaped(text.as_str(), false), "|", &to, "]"].concat());
                }
                None => written.push_str(&escaped(text.as_str(), at_start)),
            },
        }
    }
    written.trim().to_owned()
}

/// Text that means nothing but itself.
fn escaped(text: &str, at_start: bool) -> String {
    let text = if at_start { text.trim_start() } else { text };
    let mut written = String::with_capacity(text.len() + 8);
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied();
        let marks = match c {
            '\\' | '{' | '}' | '[' | ']' | '|' | '*' | '^' | '~' | '!' | '#' => true,
            '_' | '+' => !is_within_word(before, after),
            // At the start an item or a rule, before a word struck out, twice a dash.
            '-' => !is_within_word(before, after) && after != Some(' ') || (at_start && before.is_none()),
            '?' => before == Some('?') || after == Some('?'),
            // `h1. ` and `bq. ` begin a heading and a quotation.
            '.' => at_start && matches!(written.as_str(), "bq" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6"),
            _ => false,
        };
        if marks {
            written.push('\\');
        }
        written.push(c);
        before = Some(c);
    }
    written
}
