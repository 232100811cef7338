//! Patterns that are known again in another session: by their text, since all else of a pattern is made of it.
//!
//! Of a few lines alone a miner cannot tell which words are values, and of many it can. So two patterns
//! are the same here if they say the same but for words that only one of them has found to be values.

use std::cell::Cell;

use super::Patterns;
use super::written::{Part, Written};
use crate::logs::segment::Segment;
use crate::model::evidence::{PATTERN, PATTERNS};
use crate::model::text::RawText;

/// Letters that a pattern has to have: one of values and signs only is of any line.
const LETTERS: usize = 3;
/// Steps of one comparison, so that nothing that was written in a record can make it long.
const STEPS: u32 = 5000;
/// Signs that stand between words whatever is beside them.
const SIGNS: &str = "=:,;()[]{}<>|\"'";

/// The patterns of these records, of each its first line: those of most of them first, as many as are kept.
pub fn patterns<'a>(lines: impl IntoIterator<Item = (&'a Segment, u32)>) -> Vec<RawText> {
    let mut miner = Patterns::new(false);
    for (segment, index) in lines {
        let line = segment.line(index);
        // What midwatch wrote about the stream is nothing that a program says.
        if !segment.is_note(index) && !line.trim_ascii().is_empty() {
            miner.take(line, segment.formats().said(line).of(line), None);
        }
    }
    let mut kept: Vec<RawText> = Vec::new();
    for text in miner.top().into_iter().map(super::Pattern::text) {
        let is_good = text.len() <= PATTERN && letters(&Written::new(&text)) >= LETTERS;
        let text = RawText::from(text.as_str());
        if is_good && kept.len() < PATTERNS && !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}

/// Whether two patterns, each by its text, are the same as far as one can tell.
pub fn is_same(one: &RawText, other: &RawText) -> bool {
    let (Some(one), Some(other)) = (one.as_str(), other.as_str()) else { return false };
    if one.len() > PATTERN || other.len() > PATTERN {
        return false;
    }
    // In one order, whichever was asked for: a comparison that is given up is given up from both sides.
    let (one, other) = (Written::new(one.min(other)), Written::new(one.max(other)));
    let left = Cell::new(STEPS);
    letters(&one).min(letters(&other)) >= LETTERS
        && (one == other || like(&pieces(&one), &pieces(&other), (0, 0), &left))
}

fn letters(pattern: &Written) -> usize {
    let count = |part: &Part| match part {
        Part::Text(text) => text.chars().filter(|letter| letter.is_alphabetic()).count(),
        Part::Value | Part::Any(_) => 0,
    };
    pattern.parts.iter().map(count).sum()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Word(&'a str),
    Sign(&'a str),
    Value,
    /// Values side by side.
    Many,
}

fn pieces(pattern: &Written) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    for part in &pattern.parts {
        match part {
            Part::Value => all.push(Piece::Value),
            Part::Any(_) => all.push(Piece::Many),
            Part::Text(text) => {
                for run in text.split_inclusive(|sign| SIGNS.contains(sign)) {
                    let word = run.trim_end_matches(|sign| SIGNS.contains(sign));
                    let (word, sign) = run.split_at(word.len());
                    all.extend((!word.is_empty()).then_some(Piece::Word(word)));
                    all.extend((!sign.is_empty()).then_some(Piece::Sign(sign)));
                }
            }
        }
    }
    all
}

/// Whether the pieces are the same from here on, with so many words the same before them, and so many that are
/// a value in one of both: never more than those that are the same.
fn like(one: &[Piece<'_>], other: &[Piece<'_>], (same, named): (usize, usize), left: &Cell<u32>) -> bool {
    let Some(steps) = left.get().checked_sub(1) else { return false };
    left.set(steps);
    let (Some((first, rest)), Some((its, others))) = (one.split_first(), other.split_first()) else {
        return one.is_empty() && other.is_empty() && same > 0 && named <= same;
    };
    match (first, its) {
        (Piece::Word(a), Piece::Word(b)) => a == b && like(rest, others, (same + 1, named), left),
        (Piece::Sign(_), _) | (_, Piece::Sign(_)) => first == its && like(rest, others, (same, named), left),
        _ => {
            let is_name = matches!(first, Piece::Word(_)) || matches!(its, Piece::Word(_));
            let counts = (same, named + usize::from(is_name));
            like(rest, others, counts, left)
                || (*its == Piece::Many && like(rest, other, counts, left))
                || (*first == Piece::Many && like(one, others, counts, left))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::text;
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let (one, other) = (RawText::from(one), RawText::from(other));
        assert_eq!(is_same(&one, &other), is_same(&other, &one), "the order says nothing");
        is_same(&one, &other)
    }

    #[test]
    fn what_one_line_says_is_of_the_pattern_that_many_lines_have() {
        for (pattern, line) in [
            ("lost <addr> after <num> of <num>", "2026-11-22T03:12:02Z INFO lost 10.0.0.1:80 after 3 of 7"),
            ("<*> has left the building", "anna has left the building"),
            ("timeout for user=<*>, retry <num>", "timeout for user=anna, retry 3"),
            ("took <*> or <time>", "took 12.5ms, 30 s or <1 sec"),
            ("pool <*> is full", "pool checkout is full"),
        ] {
            assert!(same(pattern, &text(line)), "{pattern}: {}", text(line));
        }
        for (pattern, line) in [
            ("lost <addr> after <num> of <num>", "found 10.0.0.1:80 after 3 of 7"),
            ("<*> has left the building", "anna has left"),
            ("<*> <*> <*> full", "the pool is full"),
            ("<*>", "anything"),
            ("<*> <num>", "<*> <num>"),
            ("", ""),
            ("GET <path> 503", "GET /cart/7 200"),
            ("<num> ab", "abc ab"),
        ] {
            assert!(!same(pattern, &text(line)), "{pattern}: {}", text(line));
        }
        assert!(same("GET <path> 503", "GET <path> 503"));
    }

    #[test]
    fn a_pattern_that_is_too_long_is_not_kept_and_not_compared() {
        let long = "a ".repeat(PATTERN);
        assert!(!same(&long, &long));
    }

    proptest! {
        #[test]
        fn any_two_texts_are_compared(one in "(<\\*>|<num>|[a-c=]| ){0,120}", other in "(<\\*>|<num>|[a-c=]| ){0,120}") {
            same(&one, &other);
        }
    }
}
