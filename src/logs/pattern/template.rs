//! The template of a pattern: its tokens, and the text to show for them.

use super::slot::{sum_of, term};
use super::token::{Token, WILD};
use super::value::Kind;

/// Text with places for values.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) tokens: Box<[Token]>,
    /// Places that were found to be values by what other lines have there.
    pub(super) mask: u64,
    /// What the tokens point into.
    text: Box<[u8]>,
}

impl Template {
    pub(super) fn new(tokens: &[Token], text: &[u8]) -> Self {
        let end = tokens.last().map_or(0, |token| usize::from(token.to));
        Self { tokens: tokens.into(), mask: 0, text: text.get(..end).unwrap_or(text).into() }
    }

    /// Makes the tokens at these places values.
    pub(super) fn make_values(&mut self, places: u64) {
        for (at, token) in self.tokens.iter_mut().enumerate() {
            if places & 1 << at != 0 {
                token.hash = WILD;
                token.kind = Kind::Any;
            }
        }
        self.mask |= places;
    }

    /// Whether all lines of another, of as many tokens, are of this one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.tokens.iter().zip(&other.tokens).enumerate().all(|(at, (own, other))| {
            own.hash == other.hash || (self.mask & 1 << at != 0 && other.kind != Kind::Sign)
        })
    }

    /// The sum by which lines of just this shape are found.
    pub(super) fn sum(&self) -> u64 {
        sum_of(&self.tokens)
    }

    /// The sum of it with values side by side made one.
    pub(super) fn joined_sum(&self) -> u64 {
        let mut sum = 0_u64;
        let mut at = 0;
        let mut before = Kind::Sign;
        for token in &self.tokens {
            if token.kind.is_value() && before.is_value() {
                continue;
            }
            before = token.kind;
            sum = sum.wrapping_add(term(at, token.hash));
            at += 1;
        }
        sum
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut before = None;
        for (at, token) in self.tokens.iter().enumerate() {
            if token.kind.is_value() {
                // Words are shown as so many.
                let is_word = at > 0 && self.mask >> (at - 1) & 3 == 3;
                if before.is_some_and(Kind::is_value) && !is_word {
                    // Several are shown as one.
                    let shown = text.rfind('<').unwrap_or(text.len());
                    text.truncate(shown);
                    text.push_str(Kind::Any.name());
                    continue;
                }
                if token.spaced && !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(token.kind.name());
            } else {
                if token.spaced && !text.is_empty() {
                    text.push(' ');
                }
                let part = self.text.get(usize::from(token.from)..usize::from(token.to));
                text.push_str(&String::from_utf8_lossy(part.unwrap_or_default()));
            }
            before = Some(token.kind);
        }
        text
    }
}
