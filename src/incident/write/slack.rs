//! Slack's mrkdwn: bold lines for headings, no tables; nothing of the text may name a channel or a person.

use super::{Markup, address, cells, uncalled};
use crate::incident::document::{Block, Inline, Item};

pub(super) struct Slack;

impl Markup for Slack {
    fn block(&self, block: &Block) -> Vec<String> {
        match block {
            Block::Heading(_, text) => {
                let said: String = text.iter().map(|inline| inline.text().as_str()).collect();
                vec![bold(&said)]
            }
            Block::Paragraph(text) => vec![line(text)],
            Block::List(items) => items.iter().map(item).collect(),
            Block::Table { head, rows } => {
                // Where one cell ends and the next begins must not be for the text to say.
                let cell = |cell: &[Inline]| pieces(cell).replace('|', CELL_BAR);
                let titles = head.iter().map(|title| {
                    let said: String = title.iter().map(|inline| inline.text().as_str()).collect();
                    bold(&said.replace('|', CELL_BAR))
                });
                let mut lines = vec![titles.collect::<Vec<_>>().join(" | ")];
                lines.extend(rows.iter().map(|row| {
                    let cells: Vec<String> =
                        cells(row, head).map(|inlines| in_cell(inlines, &cell)).collect();
                    format!("\u{2022} {}", cells.join(" | "))
                }));
                lines
            }
            Block::Code { lines, .. } => {
                let fence = || std::iter::once("```".to_owned());
                let line = |line: &crate::model::text::SafeText| escaped(line.as_str());
                fence().chain(lines.iter().map(line)).chain(fence()).collect()
            }
        }
    }
}

/// What stands for a bar within a cell.
const CELL_BAR: &str = "\u{a6}";

/// A cell; the bar within a link is Slack's own.
fn in_cell(inlines: &[Inline], cell: &impl Fn(&[Inline]) -> String) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Link { to, .. } if address(to).is_some() => pieces(std::slice::from_ref(inline)),
            _ => cell(std::slice::from_ref(inline)),
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

fn item(item: &Item) -> String {
    let task = match item.done {
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
        None => "",
    };
    format!("\u{2022} {task}{}", line(&item.line))
}

fn line(line: &[Inline]) -> String {
    pieces(line).trim().to_owned()
}

fn pieces(line: &[Inline]) -> String {
    let mut written = String::new();
    for inline in line {
        match inline {
            Inline::Text(text) => written.push_str(&quiet(text.as_str())),
            Inline::Bold(text) => written.push_str(&bold(text.as_str())),
            Inline::Code(text) => {
                let text = escaped(&text.as_str().replace('`', "'"));
                written.push_str(&if text.trim().is_empty() { text } else { ["`", &text, "`"].concat() });
            }
            Inline::Link { text, to } => match address(to) {
                Some(address) if text == to => {
                    written.push_str(&["<", &address.replace('&', "&amp;"), ">"].concat());
                }
                Some(to) => {
                    let text = quiet(text.as_str()).replace('|', CELL_BAR);
                    written.push_str(&["<", &to.replace('&', "&amp;"), "|", &text, ">"].concat());
                }
                None => written.push_str(&quiet(text.as_str())),
            },
        }
    }
    written
}

fn bold(text: &str) -> String {
    let text = quiet(text.trim());
    if text.is_empty() || text.contains('*') { text } else { ["*", &text, "*"].concat() }
}

/// Text outside of code. A message that a person pastes calls whom it names, also without Slack's own markup.
fn quiet(text: &str) -> String {
    let mut before = None;
    let uncalled = |c| uncalled(before.replace(c), c);
    escaped(&text.chars().map(uncalled).collect::<String>())
}

/// What Slack would obey, as text. A fence within text would take in all that follows.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace("```", "'''")
}
