//! Reads a query as written.

use jiff::Timestamp;

use super::field::Field;
use super::moment::{length_of, moment};
use super::text::Pattern;
use super::{Compare, QueryError, Term, Test};
use crate::logs::level::Level;
use crate::logs::pattern::written::Written;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// What stands between a field and a value: whether it is wanted then, and how they compare.
const OPERATORS: &[(&str, bool, Compare)] = &[
    ("!=", false, Compare::Is),
    (">=", true, Compare::AtLeast),
    ("<=", true, Compare::AtMost),
    ("=", true, Compare::Is),
    (">", true, Compare::Above),
    ("<", true, Compare::Below),
];

/// The terms, those that must all hold together.
pub(super) fn parse(text: &str, now: Timestamp) -> Result<Vec<Vec<Term>>, QueryError> {
    let mut any: Vec<Vec<Term>> = vec![Vec::new()];
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        // In characters, as the person counts.
        let column = text.chars().count() - rest.chars().count() + 1;
        let wrong = |what| QueryError { column, what };
        let both_sides = || wrong(safe!("| wants something on both sides; put it in quotes to look for it"));
        let all = any.last_mut().ok_or_else(both_sides)?;
        let stands_alone = |after: &&str| after.is_empty() || after.starts_with(char::is_whitespace);
        if let Some(after) = rest.strip_prefix('|').filter(stands_alone) {
            if all.is_empty() || after.trim_start().is_empty() {
                return Err(both_sides());
            }
            any.push(Vec::new());
            rest = after;
        } else if rest.is_empty() {
            any.retain(|all| !all.is_empty());
            return Ok(any);
        } else {
            let (wanted, asks, after) = term(rest, now).map_err(wrong)?;
            let written = rest.get(..rest.len() - after.len()).unwrap_or(rest).trim_end().to_owned();
            all.push(Term { wanted, test: asks, written });
            rest = after;
        }
    }
}

/// Reads one term off the front of `text`, which is not empty and begins with no space: whether it
/// is wanted, what it asks, and what is after it.
fn term(text: &str, now: Timestamp) -> Result<(bool, Test, &str), SafeText> {
    let negated =
        text.strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with(char::is_whitespace));
    let wanted = negated.is_none();
    let text = negated.unwrap_or(text);
    if let Some(rest) = text.strip_prefix('"') {
        let (phrase, rest) = quoted(rest)?;
        return Ok((wanted, Test::Text(Pattern::smart(&phrase)?), rest));
    }
    if let Some(rest) = text.strip_prefix('/') {
        let (expression, rest) = slashed(rest)?;
        return Ok((wanted, Test::Text(Pattern::regex(expression)?), rest));
    }
    if let Some((asks, rest)) = labelled(text, now)? {
        return Ok((wanted, asks, rest));
    }
    if let Some((is_wanted, asks, rest)) = compared(text)? {
        return Ok((wanted == is_wanted, asks, rest));
    }
    let (bare, rest) = word(text);
    Ok((wanted, Test::Text(Pattern::smart(bare)?), rest))
}

/// `stream:`, `source:`, `pattern:`, `since:`, `from:`, `to:`.
fn labelled(text: &str, now: Timestamp) -> Result<Option<(Test, &str)>, SafeText> {
    let Some((label, rest)) = text.split_once(':') else { return Ok(None) };
    let moment_of = |value: &str, example: &'static str| {
        let example = SafeText::literal(example);
        moment(value, now).ok_or_else(|| {
            let value = clean(&RawText::from(value));
            safe!("no time \"{}\": write {}", value, example)
        })
    };
    let (value, rest) = match label {
        "stream" | "source" | "pattern" | "since" | "from" | "to" => name(rest)?,
        _ => return Ok(None),
    };
    let asks = match (label, value.as_str()) {
        ("stream", "") => return Err(safe!("stream: wants a name, such as stream:nginx")),
        ("source", "") => return Err(safe!("source: wants the name of a source, such as source:app")),
        ("stream", value) => Test::Stream(Pattern::smart(value)?),
        ("pattern", value) => {
            let pattern = Written::new(value);
            if pattern.is_empty() {
                return Err(safe!("pattern: wants a pattern in quotes, such as pattern:\"took <num> ms\""));
            }
            Test::Written(pattern)
        }
        ("source", value) => Test::Source(value.into()),
        ("since", value) if length_of(value).is_some() => {
            Test::From(moment_of(&format!("-{value}"), "since:15m")?)
        }
        ("since", value) => Test::From(moment_of(value, "since:15m, since:2h or since:03:12")?),
        ("from", value) => Test::From(moment_of(value, "from:03:12, from:2026-11-22T03:12 or from:-15m")?),
        (_, value) => Test::Until(moment_of(value, "to:03:20, to:2026-11-22T03:20 or to:-5m")?),
    };
    Ok(Some((asks, rest)))
}

/// `level>=warn`, `field=value`, `field!="a b"`, `field~/re/`, `field>=100ms`: whether it is wanted, too.
fn compared(text: &str) -> Result<Option<(bool, Test, &str)>, SafeText> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@')))
        .filter(|end| *end > 0);
    let Some((field, rest)) = end.and_then(|end| text.split_at_checked(end)) else { return Ok(None) };
    if let Some(expression) = rest.strip_prefix("~/") {
        let (expression, rest) = slashed(expression)?;
        return Ok(Some((true, Test::Field(Field::has(field, Pattern::regex(expression)?)), rest)));
    }
    let operator = OPERATORS.iter().find_map(|(sign, wanted, compare)| {
        rest.strip_prefix(sign).map(|rest| (*sign, *wanted, *compare, rest))
    });
    let Some((sign, wanted, compare, rest)) = operator else { return Ok(None) };
    let (value, after) = match compare {
        Compare::Is => name(rest)?,
        _ if field == "level" => name(rest)?,
        // No number has a space: what is none is a word, whatever comes after it.
        _ => {
            let (value, after) = word(rest);
            let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            (inner.unwrap_or(value).to_owned(), after)
        }
    };
    if field == "level" {
        return Ok(Some((wanted, Test::Level(compare, level(&value)?), after)));
    }
    if value.is_empty() {
        let field = clean(&RawText::from(field));
        return Err(safe!(
            "{}{} wants a value; put it in quotes to look for the text",
            field,
            SafeText::literal(sign)
        ));
    }
    Ok(match compare {
        Compare::Is => Some((wanted, Test::Field(Field::is(field, &value)), after)),
        // What is no number was meant as text: `a->b`.
        compare => Field::number(field, compare, &value).map(|field| (wanted, Test::Field(field), after)),
    })
}

/// A word, or what stands between quotes.
fn name(text: &str) -> Result<(String, &str), SafeText> {
    match text.strip_prefix('"') {
        Some(rest) => quoted(rest),
        None => Ok(word(text)).map(|(word, rest)| (word.to_owned(), rest)),
    }
}

fn word(text: &str) -> (&str, &str) {
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

/// What stands before the closing quote, and what is after it.
fn quoted(text: &str) -> Result<(String, &str), SafeText> {
    let mut phrase = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' if phrase.is_empty() => return Err(safe!("nothing between the quotes")),
            '"' => return Ok((phrase, rest.as_str())),
            '\\' if rest.as_str().starts_with(['"', '\\']) => phrase.extend(rest.next()),
            c => phrase.push(c),
        }
    }
    Err(safe!("the quote is not closed"))
}

/// What stands before the closing slash, which a space or the end follows.
fn slashed(text: &str) -> Result<(&str, &str), SafeText> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '/' && !escaped {
            let (Some(expression), Some(rest)) = (text.get(..at), text.get(at + 1..)) else { break };
            if rest.is_empty() || rest.starts_with(char::is_whitespace) {
                return if expression.is_empty() {
                    Err(safe!("nothing between the slashes"))
                } else {
                    Ok((expression, rest))
                };
            }
        }
        escaped = c == '\\' && !escaped;
    }
    Err(safe!("the regular expression has no closing / (to look for a path, put it in quotes)"))
}

fn level(name: &str) -> Result<Level, SafeText> {
    // No record says that of itself; it is what is shown of one that says none.
    if name.eq_ignore_ascii_case(Level::Unknown.name()) {
        return Ok(Level::Unknown);
    }
    Level::parse(name.as_bytes()).ok_or_else(|| {
        let name = clean(&RawText::from(name));
        safe!("no level \"{}\": use trace, debug, info, warn, error, fatal, or unknown for none", name)
    })
}
