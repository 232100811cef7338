//! GitHub's Markdown: pipe tables, tasks, fences; no HTML; nothing of the text calls a person or is an order.

use super::{Markup, address, cells, is_within_word, uncalled};
use crate::incident::document::{Block, Inline};
use crate::model::text::SafeText;

pub(super) struct Gfm;

impl Markup for Gfm {
    fn front(&self, front: &[(SafeText, SafeText)]) -> Vec<String> {
        if front.is_empty() {
            return Vec::new();
        }
        // Who reads it as YAML gets the sign itself; who pastes it as text calls nobody.
        let quoted =
            |text: &SafeText| text.as_str().replace('\\', "\\\\").replace('"', "\\\"").replace('@', "\\x40");
        let pair = |(name, value): &(SafeText, SafeText)| format!("{}: \"{}\"", name.as_str(), quoted(value));
        let marks = || std::iter::once("---".to_owned());
        marks().chain(front.iter().map(pair)).chain(marks()).collect()
    }

    fn block(&self, block: &Block) -> Vec<String> {
        match block {
            Block::Heading(level, text) => {
                let marks = "#".repeat(usize::from((*level).clamp(1, 6)));
                vec![format!("{marks} {}", line(text, false))]
            }
            Block::Paragraph(text) => vec![line(text, false)],
            Block::List(items) => {
                let task = |done: Option<bool>| match done {
                    Some(true) => "[x] ",
                    Some(false) => "[ ] ",
                    None => "",
                };
                let item = |item: &crate::incident::document::Item| {
                    format!("- {}{}", task(item.done), line(&item.line, false))
                };
                items.iter().map(item).collect()
            }
            Block::Table { head, rows } => {
                let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
                let mut lines = vec![
                    row(head.iter().map(|cell| line(cell, true)).collect()),
                    row(vec!["---".to_owned(); head.len()]),
                ];
                lines.extend(
                    rows.iter().map(|one| row(cells(one, head).map(|cell| line(cell, true)).collect())),
                );
                lines
            }
            Block::Code { language, lines } => {
                let longest = lines.iter().map(|line| longest_run(line.as_str())).max().unwrap_or(0);
                let fence = "`".repeat(longest.max(2) + 1);
                let is_word = |c: &char| c.is_ascii_alphanumeric() || "_+-".contains(*c);
                let language: String = language.as_str().chars().filter(is_word).collect();
                let mut all = vec![format!("{fence}{language}")];
                all.extend(lines.iter().map(|line| line.as_str().to_owned()));
                all.push(fence);
                all
            }
        }
    }
}

/// The most backticks in a row.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn line(line: &[Inline], in_cell: bool) -> String {
    let mut written = String::new();
    for inline in line {
        let is_first = written.trim_start().is_empty() && !in_cell;
        match inline {
            Inline::Text(text) => written.push_str(&escaped(text.as_str(), is_first)),
            Inline::Bold(text) => {
                let text = text.as_str().trim();
                if !text.is_empty() {
                    written.push_str(&["**", &escaped(text, false), "**"].concat());
                }
            }
            // Behind a backslash of the text that of the pipe would be one of the text too.
            Inline::Code(text) if in_cell && text.as_str().contains('|') => {
                written.push_str(&escaped(text.as_str(), false));
            }
            Inline::Code(text) => written.push_str(&code(text.as_str())),
            Inline::Link { text, to } => match address(to) {
                Some(address) if text == to => written.push_str(&["<", &address, ">"].concat()),
                Some(to) => {
                    written.push_str(&["[", &escaped(text.as_str(), false), "](", &to, ")"].concat());
                }
                None => written.push_str(&escaped(text.as_str(), is_first)),
            },
        }
    }
    written.trim().to_owned()
}

fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return text.to_owned();
    }
    let ticks = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    [&ticks, pad, text, pad, &ticks].concat()
}

/// Text that means nothing but itself.
fn escaped(text: &str, at_start: bool) -> String {
    let mut written = String::with_capacity(text.len() + 8);
    let mut before = None;
    // What stands at the start of a line may make it an item.
    let mut is_start = at_start;
    let mut is_number = at_start;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied();
        let marks = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '#' => true,
            '_' => !is_within_word(before, after),
            '&' => after.is_some_and(|after| after.is_ascii_alphanumeric() || after == '#'),
            // At the start of a line GitLab carries out `/close`.
            '-' | '+' | '=' | '/' => is_start,
            '.' | ')' => is_number && before.is_some_and(|before| before.is_ascii_digit()),
            _ => false,
        };
        if marks {
            written.push('\\');
        }
        written.push(uncalled(before, c));
        if c != ' ' || before.is_some_and(|before| before != ' ') {
            is_start = false;
        }
        is_number =
            is_number && (c.is_ascii_digit() || (c == ' ' && before.is_none_or(|before| before == ' ')));
        before = Some(c);
    }
    written
}
