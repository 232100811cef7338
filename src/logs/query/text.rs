//! Words, phrases and expressions: what is looked for in the text of a line.

use std::ops::Range;

use memchr::memmem::Finder;
use regex_automata::{Input, meta};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// Memory that one compiled expression and its cache may take, in bytes each.
const REGEX_SIZE: usize = 1 << 20;
/// How deep an expression may be nested.
const NESTING: u32 = 100;

/// What is looked for. It never matches over the end of a line, so that many lines can be looked
/// through at once.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    search: Search,
    /// What it says, for a pattern that is put together of several.
    hir: Hir,
}

#[derive(Clone, Debug)]
enum Search {
    /// As written.
    Literal(Box<Finder<'static>>),
    Regex(Box<meta::Regex>),
}

impl Pattern {
    /// A word or phrase: in any case, unless it has a capital.
    pub(super) fn smart(text: &str) -> Result<Self, SafeText> {
        if text.chars().any(char::is_uppercase) || !text.chars().any(char::is_alphabetic) {
            return Ok(Self::literal(text));
        }
        Self::of(parse(&regex_syntax::escape(text), true)?)
    }

    /// Exactly this.
    pub(super) fn literal(text: &str) -> Self {
        let search = Search::Literal(Box::new(Finder::new(text).into_owned()));
        Self { search, hir: Hir::literal(text.as_bytes()) }
    }

    /// A regular expression, case as written.
    pub(super) fn regex(expression: &str) -> Result<Self, SafeText> {
        Self::of(parse(expression, false)?)
    }

    /// What any of these finds.
    pub(super) fn any(patterns: &[&Self]) -> Option<Self> {
        match patterns {
            [one] => Some((*one).clone()),
            many => Self::of(Hir::alternation(many.iter().map(|pattern| pattern.hir.clone()).collect())).ok(),
        }
    }

    fn of(hir: Hir) -> Result<Self, SafeText> {
        let config = meta::Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(REGEX_SIZE))
            .onepass_size_limit(Some(REGEX_SIZE))
            .hybrid_cache_capacity(REGEX_SIZE);
        let built = meta::Builder::new().configure(config).build_from_hir(&hir);
        let regex = built.map_err(|_| safe!("the regular expression is too large"))?;
        Ok(Self { search: Search::Regex(Box::new(regex)), hir })
    }

    /// How dear it is to look for, and how much it leaves: the least is the best to begin with.
    pub(super) fn rank(&self) -> (u8, usize) {
        match &self.search {
            Search::Literal(finder) => (0, usize::MAX - finder.needle().len()),
            Search::Regex(_) => {
                let literal = self.hir.properties().is_alternation_literal();
                let least = self.hir.properties().minimum_len().unwrap_or_default();
                (if literal { 1 } else { 2 }, usize::MAX - least)
            }
        }
    }

    /// Whether it is in `text`.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        match &self.search {
            Search::Literal(finder) => finder.find(text).is_some(),
            Search::Regex(regex) => regex.is_match(text),
        }
    }

    /// Where it is in `text` first, from `at` on.
    pub(super) fn find(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        match &self.search {
            Search::Literal(finder) => {
                let found = finder.find(text.get(at..)?)? + at;
                Some(found..found + finder.needle().len())
            }
            Search::Regex(regex) => {
                let input = (at <= text.len()).then(|| Input::new(text).range(at..))?;
                regex.find(input).map(|found| found.range())
            }
        }
    }
}

fn parse(expression: &str, fold: bool) -> Result<Hir, SafeText> {
    let mut parser = ParserBuilder::new();
    let parsed = parser
        .utf8(false)
        .multi_line(true)
        .case_insensitive(fold)
        .nest_limit(NESTING)
        .build()
        .parse(expression);
    let hir = parsed.map_err(|error| {
        // The last line says it; those before draw the expression and point into it.
        let text = error.to_string();
        let last = text.lines().next_back().unwrap_or_default();
        let reason = last.strip_prefix("error: ").unwrap_or(last);
        safe!("regular expression: {}", clean(&RawText::from(reason)))
    })?;
    within_line(hir)
}

/// The same without what could go over the end of a line.
fn within_line(hir: Hir) -> Result<Hir, SafeText> {
    Ok(match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => {
            return Err(safe!("regular expression: lines are looked at one by one, so no \\n can match"));
        }
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(Class::Unicode(mut class)) => {
            let end = regex_syntax::hir::ClassUnicodeRange::new('\n', '\n');
            class.difference(&regex_syntax::hir::ClassUnicode::new([end]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(mut class)) => {
            let end = regex_syntax::hir::ClassBytesRange::new(b'\n', b'\n');
            class.difference(&regex_syntax::hir::ClassBytes::new([end]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(Look::Start) => Hir::look(Look::StartLF),
        HirKind::Look(Look::End) => Hir::look(Look::EndLF),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Repetition(mut repetition) => {
            repetition.sub = Box::new(within_line(*repetition.sub)?);
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => within_line(*capture.sub)?,
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(within_line).collect::<Result<_, _>>()?),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.into_iter().map(within_line).collect::<Result<_, _>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(expression: &str, text: &str) -> bool {
        Pattern::regex(expression).unwrap().is_in(text.as_bytes())
    }

    #[test]
    fn nothing_matches_over_the_end_of_a_line() {
        for (expression, one, two) in [
            ("a\\sb", "a b", "a\nb"),
            ("a[^x]b", "a b", "a\nb"),
            ("(?s)a.b", "a b", "a\nb"),
            ("a\\W+b", "a - b", "a\nb"),
        ] {
            assert!(matches(expression, one) && !matches(expression, two), "{expression}");
        }
        assert!(matches("^b$", "a\nb\nc") && matches("\\Ab\\z", "a\nb\nc"));
        assert!(Pattern::regex("a\nb").unwrap_err().as_str().contains("one by one"));
    }

    #[test]
    fn several_are_looked_for_at_once() {
        let [word, phrase, regex] =
            [Pattern::smart("word"), Ok(Pattern::literal("A phrase")), Pattern::regex("\\d{3}")]
                .map(Result::unwrap);
        let any = Pattern::any(&[&word, &phrase, &regex]).unwrap();
        for text in ["a WORD", "A phrase", "x 503"] {
            assert!(any.is_in(text.as_bytes()), "{text}");
        }
        assert!(!any.is_in(b"a phrase, 50"));
        assert!(phrase.rank() < word.rank() && word.rank() < regex.rank());
    }

    proptest! {
        #[test]
        fn many_lines_at_once_are_as_one_by_one(
            expression in "\\^?[abc.]{0,3}(\\[\\^a\\]|\\\\s|b\\*|\\\\b)?[ab]{0,2}\\$?",
            lines in proptest::collection::vec("[abc ]{0,6}", 1..8),
        ) {
            let pattern = Pattern::regex(&expression).unwrap();
            let text = lines.join("\n");
            let mut found = Vec::new();
            let mut at = 0;
            while let Some(hit) = pattern.find(text.as_bytes(), at) {
                let line = text.as_bytes().iter().take(hit.start).filter(|b| **b == b'\n').count();
                found.push(line);
                match text.as_bytes().iter().skip(hit.start).position(|b| *b == b'\n') {
                    Some(end) => at = hit.start + end + 1,
                    None => break,
                }
            }
            let plain = regex::bytes::RegexBuilder::new(&expression).build().unwrap();
            let expected: Vec<usize> =
                (0..lines.len()).filter(|i| plain.is_match(lines[*i].as_bytes())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
