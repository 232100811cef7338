//! Reads a template, or a pad, into a document: a part of Markdown, and in a template `{{name}}` where
//! something of the record stands.
//!
//! ```text
//! {{title}}                within a line: text
//! {{timeline}}             alone in its line: whatever it is, a table too
//! {{impact|what was felt}} what stands there while nothing is known; "none" where nothing is said
//! <!-- ... -->             is for who changes the template
//! ```

use std::borrow::Cow;
use std::iter::Peekable;
use std::slice::Iter;

use super::document::{Block, Document, Inline, Item, Line, line, part, said};
use crate::config::secret::{STANDS, lines_without_secrets};
use crate::model::text::{RawText, SafeText, clean_block};
use crate::safe;

/// So many names of one template are replaced: each may be a timeline of megabytes.
const MOST_NAMES: usize = 200;

/// What a name stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Text in a line.
    Line(Line),
    /// Parts that stand by themselves.
    Blocks(Vec<Block>),
}

impl Value {
    fn is_empty(&self) -> bool {
        match self {
            Self::Line(line) => said(line).as_str().trim().is_empty(),
            Self::Blocks(blocks) => blocks.is_empty(),
        }
    }
}

/// What is wrong with a template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The line, from 1.
    pub line: u32,
    /// What it is.
    pub what: SafeText,
}

/// What a name stands for; nothing for a name that there is not.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// A template with all names replaced.
pub fn fill(template: &[SafeText], lookup: Lookup<'_>) -> (Document, Vec<Mistake>) {
    let mut reader = Reader { lookup: Some(lookup), mistakes: Vec::new(), at: 0, named: 0 };
    let document = reader.document(template);
    (document, reader.mistakes)
}

/// What somebody wrote freely, below a heading of this level, without what looks like a secret. Each line stays
/// one; names in braces are text.
pub fn free(text: &RawText, level: u8) -> Vec<Block> {
    let mut reader = Reader { lookup: None, mistakes: Vec::new(), at: 0, named: 0 };
    let mut blocks = reader.document(&clean_block(&without_secrets(text).0)).blocks;
    for block in &mut blocks {
        if let Block::Heading(own, _) = block {
            *own = own.saturating_add(level).min(6);
        }
    }
    blocks
}

/// A text without what looks like a secret in it, and how often that was.
pub fn without_secrets(text: &RawText) -> (RawText, usize) {
    let written = String::from_utf8_lossy(text.as_bytes());
    match lines_without_secrets(&written) {
        Cow::Borrowed(_) => (text.clone(), 0),
        Cow::Owned(left) => {
            let count = |text: &str| text.matches(STANDS).count();
            let hidden = count(&left) - count(&written);
            (left.into(), hidden)
        }
    }
}

struct Reader<'a> {
    lookup: Option<Lookup<'a>>,
    mistakes: Vec<Mistake>,
    at: u32,
    /// Names that were replaced.
    named: usize,
}

type Rest<'a> = Peekable<Iter<'a, SafeText>>;

impl Reader<'_> {
    fn next<'a>(&mut self, rest: &mut Rest<'a>) -> Option<&'a str> {
        self.at += 1;
        rest.next().map(SafeText::as_str)
    }

    fn wrong(&mut self, what: SafeText) {
        self.mistakes.push(Mistake { line: self.at, what });
    }

    fn document(&mut self, lines: &[SafeText]) -> Document {
        let mut rest = lines.iter().peekable();
        let mut document = Document::default();
        if self.lookup.is_some() && rest.peek().is_some_and(|first| first.as_str().trim() == "---") {
            document.front = self.front(&mut rest);
        }
        while let Some(text) = self.next(&mut rest) {
            let text = text.trim_end();
            if let Some(fence) = fence(text) {
                document.blocks.push(self.code(fence, text, &mut rest));
            } else {
                self.block(text.trim_start(), &mut rest, &mut document.blocks);
            }
        }
        document
    }

    fn front(&mut self, rest: &mut Rest<'_>) -> Vec<(SafeText, SafeText)> {
        let mut front = Vec::new();
        self.next(rest);
        let begun = self.at;
        while let Some(text) = self.next(rest) {
            let text = text.trim();
            if text == "---" {
                return front;
            }
            match text.split_once(':') {
                Some((name, value)) => {
                    let value = self.line(value.trim().trim_matches('"'));
                    front.push((part(name.trim()), said(&value)));
                }
                None if text.is_empty() => {}
                None => self.wrong("this is not `name: value`".into()),
            }
        }
        self.at = begun;
        self.wrong("the part between `---` does not end".into());
        front
    }

    fn code(&mut self, fence: usize, first: &str, rest: &mut Rest<'_>) -> Block {
        let language = part(first.trim_start().trim_start_matches('`').trim());
        let (begun, mut lines) = (self.at, Vec::new());
        for text in rest.by_ref() {
            self.at += 1;
            let end = text.as_str().trim();
            if end.len() >= fence && end.chars().all(|c| c == '`') {
                return Block::Code { language, lines };
            }
            lines.push(text.clone());
        }
        if self.lookup.is_some() {
            let end = std::mem::replace(&mut self.at, begun);
            self.wrong("what begins here with ``` does not end".into());
            self.at = end;
        }
        Block::Code { language, lines }
    }

    fn block(&mut self, text: &str, rest: &mut Rest<'_>, blocks: &mut Vec<Block>) {
        if text.is_empty() {
            return;
        }
        if self.lookup.is_some() && text.starts_with("<!--") {
            let (begun, mut text) = (self.at, Some(text));
            while text.is_some_and(|text| !text.contains("-->")) {
                text = self.next(rest);
            }
            if text.is_none() {
                self.at = begun;
                self.wrong("what begins here with <!-- does not end".into());
            }
            return;
        }
        let marks = text.bytes().take_while(|byte| *byte == b'#').count();
        if let (1..=6, Some(title)) = (marks, text.get(marks..).and_then(|title| title.strip_prefix(' '))) {
            let level = u8::try_from(marks).unwrap_or(6);
            blocks.push(Block::Heading(level, self.line(title.trim())));
            return;
        }
        if let Some(text) = item(text) {
            let item = self.item(text);
            match blocks.last_mut() {
                Some(Block::List(items)) => items.push(item),
                _ => blocks.push(Block::List(vec![item])),
            }
            return;
        }
        if text.starts_with('|') && rest.peek().is_some_and(|next| is_rule(next.as_str())) {
            let head = self.cells(text);
            self.next(rest);
            let mut rows = Vec::new();
            while rest.peek().is_some_and(|next| next.as_str().trim_start().starts_with('|')) {
                if let Some(row) = self.next(rest) {
                    rows.push(self.cells(row.trim()));
                }
            }
            blocks.push(Block::Table { head, rows });
            return;
        }
        if let Some(slot) = self.lookup.and_then(|_| alone(text)) {
            match self.value(slot) {
                Value::Line(line) => blocks.push(Block::Paragraph(line)),
                Value::Blocks(all) => blocks.extend(all),
            }
            return;
        }
        let mut line = self.line(text);
        // The lines of a template are wrapped for who changes it; those of a pad are meant.
        while self.lookup.is_some() && rest.peek().is_some_and(|next| goes_on(next.as_str())) {
            if let Some(next) = self.next(rest) {
                line.push(Inline::Text(" ".into()));
                line.extend(self.line(next.trim()));
            }
        }
        blocks.push(Block::Paragraph(line));
    }

    fn item(&mut self, text: &str) -> Item {
        let task = [("[ ] ", false), ("[x] ", true), ("[X] ", true)];
        let task = task.iter().find_map(|(mark, done)| Some((text.strip_prefix(mark)?, *done)));
        let (text, done) = task.map_or((text, None), |(text, done)| (text, Some(done)));
        Item { done, line: self.line(text.trim()) }
    }

    fn cells(&mut self, row: &str) -> Vec<Line> {
        let row = row.strip_prefix('|').unwrap_or(row);
        let row = row.strip_suffix('|').filter(|row| !row.ends_with('\\')).unwrap_or(row);
        let (mut cells, mut cell) = (Vec::new(), String::new());
        let mut letters = row.chars().peekable();
        // A bar in braces tells what stands there instead.
        let mut depth = 0_usize;
        while let Some(c) = letters.next() {
            match (c, letters.peek()) {
                ('\\', Some('|')) => {
                    cell.push('|');
                    letters.next();
                }
                ('{', _) => {
                    depth += 1;
                    cell.push(c);
                }
                ('}', _) => {
                    depth = depth.saturating_sub(1);
                    cell.push(c);
                }
                ('|', _) if depth == 0 => cells.push(std::mem::take(&mut cell)),
                _ => cell.push(c),
            }
        }
        cells.push(cell);
        cells.iter().map(|cell| self.line(cell.trim())).collect()
    }

    /// What a name stands for, or what is said instead.
    fn value(&mut self, slot: &str) -> Value {
        let (name, fallback) = slot.split_once('|').unwrap_or((slot, "none"));
        let (name, fallback) = (name.trim(), fallback.trim());
        self.named += 1;
        if self.named > MOST_NAMES {
            if self.named == MOST_NAMES + 1 {
                self.wrong(safe!(
                    "a template has {} names at most; this and what follows stand as they are",
                    MOST_NAMES
                ));
            }
            return Value::Line(vec![Inline::Text(part(&["{{", slot, "}}"].concat()))]);
        }
        match self.lookup.and_then(|lookup| lookup(name)) {
            Some(value) if !value.is_empty() => value,
            Some(_) => Value::Line(line(&part(fallback))),
            None => {
                self.wrong(safe!("there is no {}", part(&["{{", name, "}}"].concat())));
                Value::Line(vec![Inline::Text(part(&["{{", slot, "}}"].concat()))])
            }
        }
    }

    /// A line's pieces.
    fn line(&mut self, text: &str) -> Line {
        let mut pieces = Line::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let Some((piece, behind)) = self.piece(rest) else {
                let (first, behind) = match first {
                    // A sign that a backslash stands before means itself.
                    '\\' => {
                        let after = rest.get(1..).unwrap_or_default();
                        let sign = after.chars().next().filter(char::is_ascii_punctuation);
                        sign.map_or(('\\', after), |sign| (sign, after.get(1..).unwrap_or_default()))
                    }
                    _ => (first, rest.get(first.len_utf8()..).unwrap_or_default()),
                };
                plain.push(first);
                rest = behind;
                continue;
            };
            if !plain.is_empty() {
                pieces.extend(line(&part(&std::mem::take(&mut plain))));
            }
            pieces.extend(piece);
            rest = behind;
        }
        if !plain.is_empty() {
            pieces.extend(line(&part(&plain)));
        }
        pieces
    }

    /// What begins here and is no plain text, and what is behind it.
    fn piece<'a>(&mut self, text: &'a str) -> Option<(Line, &'a str)> {
        if let Some(slot) = text.strip_prefix("{{").filter(|_| self.lookup.is_some()) {
            let Some((slot, behind)) = slot.split_once("}}") else {
                self.wrong("what begins with {{ does not end in its line".into());
                return None;
            };
            let value = match self.value(slot) {
                Value::Line(line) => line,
                Value::Blocks(_) => {
                    let slot = part(&["{{", slot.trim(), "}}"].concat());
                    self.wrong(safe!("{} has lines of its own: put it alone into one", slot));
                    Line::new()
                }
            };
            return Some((value, behind));
        }
        if let Some((bold, behind)) = between(text, "**") {
            let bold = said(&self.line(bold));
            return Some((vec![Inline::Bold(bold)], behind));
        }
        if text.starts_with('`') {
            let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
            let (code, behind) = between(text, text.get(..ticks)?)?;
            return Some((vec![Inline::Code(part(code.trim()))], behind));
        }
        if let Some(link) = text.strip_prefix('[') {
            let (shown, rest) = link.split_once("](")?;
            let (to, behind) = rest.split_once(')')?;
            if shown.contains('[') || to.contains(char::is_whitespace) {
                return None;
            }
            let (text, to) = (said(&self.line(shown)), said(&self.line(to)));
            return Some((vec![Inline::Link { text, to }], behind));
        }
        None
    }
}

/// How many backticks begin a block of code, if they do.
fn fence(text: &str) -> Option<usize> {
    let text = text.trim_start();
    let ticks = text.bytes().take_while(|byte| *byte == b'`').count();
    let language = text.get(ticks..).unwrap_or_default();
    (ticks >= 3 && !language.contains('`')).then_some(ticks)
}

fn item(text: &str) -> Option<&str> {
    ["- ", "* "].iter().find_map(|mark| text.strip_prefix(mark))
}

/// The line below a table's head.
fn is_rule(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('|') && text.contains('-') && text.chars().all(|c| "|-: ".contains(c))
}

/// What is in the braces of a line that has nothing else.
fn alone(text: &str) -> Option<&str> {
    let slot = text.strip_prefix("{{")?.strip_suffix("}}")?;
    (!slot.contains("{{") && !slot.contains("}}")).then_some(slot)
}

/// Whether a line goes on with the text of the one before it.
fn goes_on(text: &str) -> bool {
    let text = text.trim();
    let begins = |mark: &&str| text.starts_with(*mark);
    !text.is_empty()
        && !["#", "|", "<!--"].iter().any(begins)
        && item(text).is_none()
        && fence(text).is_none()
        && alone(text).is_none()
}

/// What stands between two of these marks, and what is behind them.
fn between<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let (inner, behind) = text.strip_prefix(mark)?.split_once(mark)?;
    (!inner.trim().is_empty()).then_some((inner, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<SafeText> {
        text.lines().map(part).collect()
    }

    fn lookup(name: &str) -> Option<Value> {
        let text = |text: &'static str| Value::Line(line(&text.into()));
        Some(match name {
            "title" => text("a *b* {{impact}} <c>"),
            "impact" => text(""),
            "rows" => {
                Value::Blocks(vec![Block::Heading(2, line(&"x".into())), Block::Paragraph(line(&"y".into()))])
            }
            "none" => Value::Blocks(Vec::new()),
            _ => return None,
        })
    }

    fn text(text: &'static str) -> Line {
        vec![Inline::Text(text.into())]
    }

    #[test]
    fn names_are_replaced_once_and_what_is_not_known_says_so() {
        let template = "---\nid: \"{{title}}\"\n---\n<!-- for you:\n{{nothing}} -->\n# {{title}}\n\
                        wrapped **bold {{impact}}**\nhere {{impact|felt?}}\n\n{{rows}}\n{{none}}\n{{impact|to be said}}\n";
        let (document, mistakes) = fill(&lines(template), &lookup);
        assert_eq!(mistakes, []);
        assert_eq!(document.front, [("id".into(), "a *b* {{impact}} <c>".into())]);
        let paragraph = vec![
            Inline::Text("wrapped ".into()),
            Inline::Bold("bold none".into()),
            Inline::Text(" ".into()),
            Inline::Text("here ".into()),
            Inline::Text("felt?".into()),
        ];
        assert_eq!(
            document.blocks,
            [
                Block::Heading(1, text("a *b* {{impact}} <c>")),
                Block::Paragraph(paragraph),
                Block::Heading(2, text("x")),
                Block::Paragraph(text("y")),
                Block::Paragraph(text("none")),
                Block::Paragraph(text("to be said")),
            ]
        );
    }

    #[test]
    fn lists_tables_and_code_are_read_and_names_in_code_stay() {
        let template = "- [ ] one\n- [x] two\n* three\n\n| a | b\\|c |\n|---|---|\n| {{impact|x}} | y |\n\n\
                        ```sh\nls | {{title}}\n```\nsee [it](https://a.example) `x|y` \\*z\n";
        let (document, mistakes) = fill(&lines(template), &lookup);
        assert_eq!(mistakes, []);
        let item = |done, says| Item { done, line: text(says) };
        let link = Inline::Link { text: "it".into(), to: "https://a.example".into() };
        assert_eq!(
            document.blocks,
            [
                Block::List(vec![item(Some(false), "one"), item(Some(true), "two"), item(None, "three")]),
                Block::Table { head: vec![text("a"), text("b|c")], rows: vec![vec![text("x"), text("y")]] },
                Block::Code { language: "sh".into(), lines: vec!["ls | {{title}}".into()] },
                Block::Paragraph(vec![
                    Inline::Text("see ".into()),
                    link,
                    Inline::Text(" ".into()),
                    Inline::Code("x|y".into()),
                    Inline::Text(" *z".into()),
                ]),
            ]
        );
    }

    #[test]
    fn mistakes_have_their_line() {
        let template = "# {{titel}}\n\ntext {{rows}}\n{{title\n```\nx";
        let (_, mistakes) = fill(&lines(template), &lookup);
        let told: Vec<_> = mistakes.iter().map(|one| (one.line, one.what.as_str())).collect();
        assert_eq!(
            told,
            [
                (1, "there is no {{titel}}"),
                (3, "{{rows}} has lines of its own: put it alone into one"),
                (4, "what begins with {{ does not end in its line"),
                (5, "what begins here with ``` does not end"),
            ]
        );
        let (_, mistakes) = fill(&lines("---\nid: x\n"), &lookup);
        assert_eq!(mistakes.len(), 1);
    }

    #[test]
    fn a_pad_stays_as_it_was_written() {
        let pad = "# Plan\n1. first\n2. second {{title}}\n<!-- kept -->\n```\nopen";
        assert_eq!(
            free(&pad.into(), 2),
            [
                Block::Heading(3, text("Plan")),
                Block::Paragraph(text("1. first")),
                Block::Paragraph(text("2. second {{title}}")),
                Block::Paragraph(text("<!-- kept -->")),
                Block::Code { language: "".into(), lines: vec!["open".into()] },
            ]
        );
        // But for what goes to nobody. Put together here, so that no scanner takes this file for a leak.
        let (token, key) = (format!("ghp_{}", "a1B2c3D4e5".repeat(3)), "PRIVATE KEY-----");
        let pad = format!("with {token}\n```\n-----BEGIN RSA {key}\nMIIE\n-----END RSA {key}\nend");
        assert_eq!(
            free(&pad.as_str().into(), 2),
            [
                Block::Paragraph(text("with [secret]")),
                Block::Code { language: "".into(), lines: vec!["[secret]".into(), "end".into()] },
            ]
        );
        assert_eq!(without_secrets(&pad.as_str().into()).1, 2);
    }

    #[test]
    fn a_template_of_ten_thousand_timelines_is_no_document_of_ten_thousand() {
        let (document, mistakes) = fill(&lines(&"{{title}}\n\n".repeat(10_000)), &lookup);
        let filled = document.blocks.iter().filter(
            |block| !matches!(block, Block::Paragraph(line) if said(line).as_str().contains("{{title}}")),
        );
        assert_eq!((filled.count(), mistakes.len()), (MOST_NAMES, 1));
        assert!(mistakes[0].what.as_str().contains("200 names at most"), "{mistakes:?}");
    }
}
