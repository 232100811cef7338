//! A pattern as it is written: which lines are of it can be told without a miner, so that a query can
//! name one and means the same in every file and every run.

use std::cell::{Cell, RefCell};

use super::token::{Token, Tokens};
use super::value::Kind;
use super::{WORDS_BESIDE, cut};
use crate::logs::format::Formats;

/// What is shown for a value of one kind.
const VALUES: [Kind; 7] =
    [Kind::Number, Kind::Id, Kind::Address, Kind::Path, Kind::Text, Kind::Time, Kind::Size];

/// Steps of one comparison, so that no line and no pattern can make it long.
const STEPS: u32 = 5000;

thread_local! {
    /// Kept from line to line, so that no line allocates.
    static TOKENS: RefCell<Tokens> = RefCell::default();
}

/// A pattern, read from its text. A line in which `<*>` stands itself is not told from one with a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    pub(super) parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Part {
    /// What the program wrote, without white space.
    Text(String),
    /// A value of one kind.
    Value,
    /// Values side by side, and at most so many words that other lines have others for.
    Any(usize),
}

impl Written {
    /// Reads what [`super::Pattern::text`] gives.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        for word in text.split_ascii_whitespace() {
            let mut rest = word;
            while !rest.is_empty() {
                let found = rest.char_indices().find_map(|(at, sign)| {
                    let after = rest.get(at..).filter(|_| sign == '<')?;
                    placeholder(after).map(|(part, length)| (at, part, length))
                });
                let Some((at, part, length)) = found else {
                    parts.push(Part::Text(rest.to_owned()));
                    break;
                };
                if let Some(before) = rest.get(..at).filter(|before| !before.is_empty()) {
                    parts.push(Part::Text(before.to_owned()));
                }
                match (parts.last_mut(), part) {
                    (Some(Part::Any(words)), _) => *words += 1,
                    (Some(last @ Part::Value), _) => *last = Part::Any(2),
                    (_, part) => parts.push(part),
                }
                rest = rest.get(at + length..).unwrap_or_default();
            }
        }
        Self { parts }
    }

    /// Whether it says nothing, so that no line is of it.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The longest word that every line of it has.
    pub fn lead(&self) -> Option<&str> {
        let words = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))),
            Part::Value | Part::Any(_) => None,
        });
        words.flatten().filter(|word| !word.is_empty()).max_by_key(|word| word.len())
    }

    /// Whether a line is of it. Of a record of several lines the first one tells.
    pub fn has(&self, record: &[u8], formats: &Formats) -> bool {
        let line = record.get(..memchr::memchr(b'\n', record).unwrap_or(record.len())).unwrap_or(record);
        let said = formats.said(line);
        TOKENS.with_borrow_mut(|tokens| {
            let text = cut(tokens, said.of(line));
            let words = tokens.list.iter().filter(|token| is_word(token)).count();
            let line = Line { text, tokens: &tokens.list, words, left: Cell::new(STEPS) };
            !self.is_empty() && line.fits(0, &self.parts, 0, false)
        })
    }
}

/// The placeholder that `text` begins with, and its length.
fn placeholder(text: &str) -> Option<(Part, usize)> {
    if text.starts_with(Kind::Any.name()) {
        return Some((Part::Any(1), Kind::Any.name().len()));
    }
    let kind = VALUES.into_iter().find(|kind| text.starts_with(kind.name()))?;
    Some((Part::Value, kind.name().len()))
}

fn is_word(token: &Token) -> bool {
    matches!(token.kind, Kind::Word | Kind::Soft)
}

/// A line that is compared.
struct Line<'a> {
    text: &'a [u8],
    tokens: &'a [Token],
    words: usize,
    /// Steps that may be taken.
    left: Cell<u32>,
}

impl Line<'_> {
    /// Whether the tokens from `at` on are what the parts say, of the first of which `done` bytes are
    /// behind. `named`: a name has been taken for a value.
    fn fits(&self, at: usize, parts: &[Part], done: usize, named: bool) -> bool {
        let Some((part, rest)) = parts.split_first() else { return at == self.tokens.len() };
        let Some(token) = self.tokens.get(at) else { return false };
        let Some(left) = self.left.get().checked_sub(1) else { return false };
        self.left.set(left);
        match part {
            Part::Text(_) => {
                if token.kind.is_value() {
                    return false;
                }
                let raw = self.text.get(usize::from(token.from)..usize::from(token.to)).unwrap_or_default();
                // A key of JSON may have white space in it.
                let (mut parts, mut done) = (parts, done);
                for (number, word) in String::from_utf8_lossy(raw).split_ascii_whitespace().enumerate() {
                    let Some((Part::Text(text), rest)) = parts.split_first() else { return false };
                    let left = text.get(done..).filter(|_| number == 0 || done == 0);
                    let Some(left) = left.and_then(|left| left.strip_prefix(word)) else { return false };
                    (parts, done) = if left.is_empty() { (rest, 0) } else { (parts, done + word.len()) };
                }
                self.fits(at + 1, parts, done, named)
            }
            Part::Value if token.kind.is_value() => self.run(at, rest, 0, named),
            // As the miner does: one name may stand for the value.
            Part::Value => {
                let may = token.kind == Kind::Soft || (token.kind == Kind::Word && self.words > WORDS_BESIDE);
                may && !named && self.fits(at + 1, rest, 0, true)
            }
            Part::Any(words) => self.run(at, rest, *words, named),
        }
    }

    /// The same behind one value or more, of which so many are words.
    fn run(&self, at: usize, rest: &[Part], words: usize, named: bool) -> bool {
        let Some(token) = self.tokens.get(at).filter(|token| token.kind != Kind::Sign) else { return false };
        let Some(words) = words.checked_sub(usize::from(is_word(token))) else { return false };
        self.fits(at + 1, rest, 0, named) || self.run(at + 1, rest, words, named)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Patterns;
    use super::super::tests::take;
    use super::*;

    fn has(pattern: &str, line: &str) -> bool {
        Written::new(pattern).has(line.as_bytes(), &Formats::default())
    }

    #[test]
    fn a_line_is_of_what_it_says() {
        for (pattern, line) in [
            ("took <num> ms in <path>", "2026-11-22T03:12:02Z INFO took 5 ms in /a"),
            ("took <time> in <path>", "I1122 03:12:02.123456    812 pool.go:12] took 12 ms in /a/b"),
            ("a<*> b<*> d<*>", r#"{"a":1,"b":{"c":2},"d":"x"}"#),
            ("lost <addr>, after <num> of <num>", r#"{"msg":"lost 10.0.0.1:80, after 3 of 7","n":1}"#),
            ("the <*> has left", "the dog has left\n  and more"),
            ("a=<num> b = <num>", "x a = 5 b=7"),
            ("user name<*>", r#"{"user name":"kim"}"#),
            ("a <*>", r#"{"a "a"#),
        ] {
            let own = super::super::tests::text(line.lines().next().unwrap());
            assert!(has(&own, line), "{own} is not of {line}");
            assert_eq!(
                has(pattern, line),
                !line.starts_with('x') && !pattern.contains("ms"),
                "{pattern}: {line}"
            );
        }
        assert!(!has("the <*> has left", "the dog has left us"));
        assert!(!has("the <*> has left", "the dog, has left"));
        assert!(!has("took <num> of <num>", "gave 1 of 2"));
        assert!(!has("", "x") && !has("", ""));
    }

    #[test]
    fn its_longest_word_is_looked_for_first() {
        assert_eq!(Written::new("took <num> from upstream=<*>;").lead(), Some("upstream"));
        assert_eq!(Written::new("<*> (<num>)").lead(), None);
    }

    proptest! {
        #[test]
        fn a_line_alone_is_of_its_own_pattern(line in "([a-c]{1,3}|[0-9]{1,3}|[=\\[\\](){}<>\",:;|*\\\\/\u{e9}-]| ){0,20}") {
            // What is written cannot be told from a value.
            prop_assume!(!line.contains(Kind::Any.name()));
            let mut patterns = Patterns::new(false);
            take(&mut patterns, &line, None);
            let text = patterns.top()[0].text();
            prop_assert!(text.trim().is_empty() || has(&text, &line), "{:?} is not of {:?}", text, line);
        }

        #[test]
        fn any_text_is_read_and_any_line_compared(text in "\\PC{0,40}", line in proptest::collection::vec(any::<u8>(), 0..60)) {
            Written::new(&text).has(&line, &Formats::default());
        }
    }
}
