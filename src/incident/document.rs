//! A document as a tree: what every writer can write. All text in it is safe.

use crate::model::text::{RawText, SafeText, clean};

/// A document.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Document {
    /// What programs read of it: names and values, before the text.
    pub front: Vec<(SafeText, SafeText)>,
    /// What people read.
    pub blocks: Vec<Block>,
}

impl Document {
    /// The same with other texts; `change` is told whether a text is meant as it stands.
    #[must_use]
    pub fn mapped(&self, change: &mut impl FnMut(&SafeText, bool) -> SafeText) -> Self {
        let line = |line: &Line, change: &mut dyn FnMut(&SafeText, bool) -> SafeText| -> Line {
            line.iter().map(|inline| inline.mapped(change)).collect()
        };
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Heading(level, text) => Block::Heading(*level, line(text, change)),
            Block::Paragraph(text) => Block::Paragraph(line(text, change)),
            Block::List(items) => {
                let item = |item: &Item| Item { done: item.done, line: line(&item.line, change) };
                Block::List(items.iter().map(item).collect())
            }
            Block::Table { head, rows } => {
                let head = head.iter().map(|cell| line(cell, change)).collect();
                let rows = rows.iter().map(|row| row.iter().map(|cell| line(cell, change)).collect());
                Block::Table { head, rows: rows.collect() }
            }
            Block::Code { language, lines } => Block::Code {
                language: language.clone(),
                lines: lines.iter().map(|line| change(line, true)).collect(),
            },
        });
        Self { front: self.front.clone(), blocks: blocks.collect() }
    }
}

/// A part that stands by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Block {
    /// A heading, from 1.
    Heading(u8, Line),
    /// Text.
    Paragraph(Line),
    /// Items without numbers.
    List(Vec<Item>),
    /// A table; each row has as many cells as its head, or the rest is empty.
    Table {
        /// What its columns are.
        head: Vec<Line>,
        /// Its rows.
        rows: Vec<Vec<Line>>,
    },
    /// Lines as they are.
    Code {
        /// What they are written in.
        language: SafeText,
        /// The lines.
        lines: Vec<SafeText>,
    },
}

/// An item of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Whether it is done, if it is a task.
    pub done: Option<bool>,
    /// What it says.
    pub line: Line,
}

/// Text in one line.
pub type Line = Vec<Inline>;

/// A piece of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inline {
    /// Text.
    Text(SafeText),
    /// Text that stands out.
    Bold(SafeText),
    /// What is meant as it stands, such as a command.
    Code(SafeText),
    /// A place that a browser shows.
    Link {
        /// What is shown.
        text: SafeText,
        /// Where it leads.
        to: SafeText,
    },
}

impl Inline {
    fn mapped(&self, change: &mut dyn FnMut(&SafeText, bool) -> SafeText) -> Self {
        match self {
            Self::Text(text) => Self::Text(change(text, false)),
            Self::Bold(text) => Self::Bold(change(text, false)),
            Self::Code(text) => Self::Code(change(text, true)),
            Self::Link { text, to } => Self::Link { text: change(text, false), to: change(to, true) },
        }
    }

    /// Its text, without a link's place.
    pub fn text(&self) -> &SafeText {
        match self {
            Self::Text(text) | Self::Bold(text) | Self::Code(text) | Self::Link { text, .. } => text,
        }
    }
}

/// A part of text that is safe already.
pub(super) fn part(text: &str) -> SafeText {
    clean(&RawText::from(text))
}

/// Text as a line: the addresses in it are links.
pub fn line(text: &SafeText) -> Line {
    let mut line = Line::new();
    let mut before = String::new();
    for word in text.as_str().split_inclusive(' ') {
        let start = ["https://", "http://"].iter().filter_map(|scheme| word.find(scheme)).min();
        let Some((front, rest)) = start.and_then(|start| word.split_at_checked(start)) else {
            before.push_str(word);
            continue;
        };
        let end = rest.find(|c: char| c.is_whitespace() || "<>\"'|`".contains(c)).unwrap_or(rest.len());
        let address = closed(rest.get(..end).unwrap_or(rest));
        before.push_str(front);
        if address.ends_with("://") {
            before.push_str(rest);
            continue;
        }
        if !before.is_empty() {
            line.push(Inline::Text(part(&std::mem::take(&mut before))));
        }
        line.push(Inline::Link { text: part(address), to: part(address) });
        before.push_str(rest.get(address.len()..).unwrap_or_default());
    }
    if !before.is_empty() {
        line.push(Inline::Text(part(&before)));
    }
    line
}

/// An address without what ends the sentence around it. What is opened in it is closed in it too.
fn closed(address: &str) -> &str {
    let mut address = address;
    loop {
        let signs = address.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let count = |sign: char| signs.matches(sign).count();
        let shorter = signs.strip_suffix(')').filter(|_| count(')') > count('('));
        match shorter {
            Some(shorter) => address = shorter,
            None => return signs,
        }
    }
}

/// What a line says, without its form.
pub fn said(line: &[Inline]) -> SafeText {
    line.iter().map(Inline::text).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_links_and_the_text_around_them_stays() {
        let link = |to: &'static str| Inline::Link { text: to.into(), to: to.into() };
        let text = |text: &'static str| Inline::Text(text.into());
        assert_eq!(
            line(&"see (https://a.example/x?y=1), then http://b.".into()),
            [text("see ("), link("https://a.example/x?y=1"), text("), then "), link("http://b"), text(".")]
        );
        assert_eq!(line(&"a https:// b".into()), [text("a https:// b")]);
        assert_eq!(
            line(&"(http://w/Disk_(full).)".into()),
            [text("("), link("http://w/Disk_(full)"), text(".)")]
        );
        assert_eq!(line(&"".into()), []);
        let given = SafeText::from("x https://a.example/<b>|c d");
        assert_eq!(said(&line(&given)), given, "nothing is lost");
    }
}
