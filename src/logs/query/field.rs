//! Fields of a line: those of its format, `name=value` wherever it stands, and what is asked of them.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use memchr::memmem;

use super::Compare;
use super::text::Pattern;
use crate::logs::format::{self, Formats};

/// Units of time, in nanoseconds.
const UNITS: &[(&str, f64)] =
    &[("ns", 1.0), ("us", 1e3), ("\u{b5}s", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];

/// What is asked of a field.
#[derive(Clone, Debug)]
pub(super) struct Field {
    name: String,
    ask: Ask,
}

#[derive(Clone, Debug)]
enum Ask {
    Is(String),
    Has(Pattern),
    Number(Compare, Amount),
}

/// A number, or a length of time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Amount {
    number: f64,
    timed: bool,
}

impl Amount {
    fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.trim();
        let digits = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits)?;
        let number: f64 = number.parse().ok()?;
        if unit.is_empty() {
            return Some(Self { number, timed: false });
        }
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        Some(Self { number: number * scale, timed: true })
    }
}

impl Field {
    pub(super) fn is(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), ask: Ask::Is(value.to_owned()) }
    }

    pub(super) fn has(name: &str, pattern: Pattern) -> Self {
        Self { name: name.to_owned(), ask: Ask::Has(pattern) }
    }

    /// `None` when the value is no number.
    pub(super) fn number(name: &str, compare: Compare, value: &str) -> Option<Self> {
        Some(Self { name: name.to_owned(), ask: Ask::Number(compare, Amount::read(value.as_bytes())?) })
    }

    /// Something that every line has in which this holds, if it can be told.
    pub(super) fn lead(&self) -> Option<Pattern> {
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let last = self.name.rsplit('.').next().unwrap_or(&self.name);
        let named = !format::is_unnamed(&self.name);
        match &self.ask {
            Ask::Is(value) if plain(value) && (value.len() >= last.len() || !named) => {
                Some(Pattern::literal(value))
            }
            _ if named && plain(last) => Some(Pattern::literal(last)),
            _ => None,
        }
    }

    /// Whether any field of this name in `text`, a line or a record, is as asked.
    pub(super) fn holds(&self, text: &[u8], formats: &Formats) -> bool {
        let is_json = text.trim_ascii_start().first() == Some(&b'{');
        if !is_json {
            if pairs(text, self.name.as_bytes(), |value| self.accepts(value)) {
                return true;
            }
            // A line of pairs has been looked at.
            if !formats.has_own()
                && !format::is_unnamed(&self.name)
                && memmem::find(text, self.name.as_bytes()).is_none()
            {
                return false;
            }
        }
        let mut holds = false;
        let _ = formats.fields(text, &mut |name, value| {
            holds |= name == self.name.as_bytes() && self.accepts(value);
            if holds { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        holds
    }

    fn accepts(&self, value: &[u8]) -> bool {
        match &self.ask {
            Ask::Is(text) => value == text.as_bytes(),
            Ask::Has(pattern) => pattern.is_in(value),
            Ask::Number(compare, wanted) => Amount::read(value).is_some_and(|found| {
                found.timed == wanted.timed
                    && found.number.partial_cmp(&wanted.number).is_some_and(|order| compare.holds(order))
            }),
        }
    }
}

impl Compare {
    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Is => order.is_eq(),
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
        }
    }
}

/// Whether `accepts` takes the value of any `name=value` in `text`: as it stands, and without what
/// closes a sentence or a bracket after it.
fn pairs(text: &[u8], name: &[u8], accepts: impl Fn(&[u8]) -> bool) -> bool {
    memmem::find_iter(text, name).any(|at| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        if before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@')) {
            return false;
        }
        let Some(value) = text.get(at + name.len()..).and_then(|rest| rest.strip_prefix(b"=")) else {
            return false;
        };
        if let Some(quoted) = value.strip_prefix(b"\"") {
            return accepts(&unquoted(quoted));
        }
        let end = value.iter().position(|b| b.is_ascii_whitespace() || *b == b'"').unwrap_or(value.len());
        let value = value.get(..end).unwrap_or_default();
        let closed = value.iter().rposition(|b| !b",;)]}.".contains(b)).map_or(0, |last| last + 1);
        accepts(value) || (closed < value.len() && accepts(value.get(..closed).unwrap_or_default()))
    })
}

/// What stands before the closing quote, without its backslashes.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    let mut rest = text.iter();
    while let Some(&b) = rest.next() {
        match b {
            b'"' => break,
            b'\\' => value.extend(rest.next()),
            b => value.push(b),
        }
    }
    value
}
