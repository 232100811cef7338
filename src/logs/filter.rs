//! The language in which a person says which lines to see, and its evaluation.
//!
//! | written | means |
//! |---|---|
//! | `timeout db` | both words, anywhere; a word without capitals in any case |
//! | `"no route"` | the phrase; a space, `-`, `/` or `"` in it is text (`\"` for a quote) |
//! | `/5\d\d$/` | the regular expression, case as written |
//! | `level>=warn` | that level or above; `level=warn` that one only |
//! | `stream:nginx` | the stream's name has it |
//! | `source:app` | the lines of the source of that name |
//! | `-x` | not `x`, whichever of these `x` is |

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

use super::buffer::LineRef;
use super::level::Level;
use super::segment::Segment;
use super::sgr;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// Memory that one compiled expression and its cache may take, in bytes each.
const REGEX_SIZE: usize = 1 << 20;

/// A filter that could not be understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterError {
    /// Where, in characters, from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub what: SafeText,
}

/// Which lines to see. The default sees all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug)]
struct Term {
    wanted: bool,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    AtLeast(Level),
    Is(Level),
    Stream(Pattern),
    /// The source of this name said it.
    Source(RawText),
    /// The stream is one of these.
    Among(Arc<BTreeSet<RawText>>),
    Text(Pattern),
}

#[derive(Clone, Debug)]
enum Pattern {
    /// As written.
    Literal(Box<Finder<'static>>),
    /// A literal in any case.
    Folded(Regex),
    /// The person's own expression.
    Regex(Regex),
}

impl Pattern {
    fn literal(text: &str) -> Result<Self, SafeText> {
        if text.chars().any(char::is_uppercase) || !text.chars().any(char::is_alphabetic) {
            return Ok(Self::Literal(Box::new(Finder::new(text).into_owned())));
        }
        compile(RegexBuilder::new(&regex::escape(text)).case_insensitive(true)).map(Self::Folded)
    }

    fn is_match(&self, text: &[u8]) -> bool {
        match self {
            Self::Literal(finder) => finder.find(text).is_some(),
            Self::Folded(regex) | Self::Regex(regex) => regex.is_match(text),
        }
    }

    fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        match self {
            Self::Literal(finder) => finder.find(text).map(|at| at..at + finder.needle().len()),
            Self::Folded(regex) | Self::Regex(regex) => regex.find(text).map(|found| found.range()),
        }
    }
}

impl Filter {
    /// Reads a filter as written.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut terms = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start();
            if rest.is_empty() {
                break;
            }
            // In characters, as the person counts.
            let column = text.chars().count() - rest.chars().count() + 1;
            let (term, tail) = term(rest).map_err(|what| FilterError { column, what })?;
            terms.push(term);
            rest = tail;
        }
        Ok(Self::of(terms))
    }

    /// The same filter for lines of this level or above only.
    #[must_use]
    pub fn at_least(mut self, level: Level) -> Self {
        self.terms.push(Term { wanted: true, test: Test::AtLeast(level) });
        Self::of(self.terms)
    }

    /// The same filter without the lines of these streams.
    #[must_use]
    pub fn without(mut self, streams: BTreeSet<RawText>) -> Self {
        self.terms.push(Term { wanted: false, test: Test::Among(Arc::new(streams)) });
        Self::of(self.terms)
    }

    /// Whether it sees every line.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it sees this line. Colour sequences in the line are not looked at.
    pub fn matches(&self, line: &LineRef<'_>) -> bool {
        self.sees(line.segment, line.line, |_, _| false)
    }

    /// Where the filter's words are in `text`, a line without colour sequences or what was made
    /// of it for the screen: byte ranges in order that do not touch, for highlighting.
    pub fn hits(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut hits = Vec::new();
        for pattern in self.terms.iter().filter_map(|term| match &term.test {
            Test::Text(pattern) if term.wanted => Some(pattern),
            _ => None,
        }) {
            let mut from = 0;
            while let Some(found) = text.get(from..).and_then(|rest| pattern.find(rest)) {
                if !found.is_empty() {
                    hits.push(found.start + from..found.end + from);
                }
                from += found.end.max(found.start + 1);
            }
        }
        hits.sort_unstable_by_key(|hit| hit.start);
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(hits.len());
        for hit in hits {
            match joined.last_mut() {
                Some(last) if hit.start <= last.end => last.end = last.end.max(hit.end),
                _ => joined.push(hit),
            }
        }
        joined
    }

    /// Calls `hit` for each of the segment's `lines` that the filter sees, in order.
    pub(super) fn scan(&self, segment: &Segment, lines: Range<u32>, mut hit: impl FnMut(u32)) {
        if !self.may_see(segment) {
            return;
        }
        let is_stream = |test: &Test| matches!(test, Test::Stream(_)); // known from the segment
        let Some((at, lead)) = self.lead().filter(|_| !segment.has_escapes()) else {
            lines.filter(|&line| self.sees(segment, line, |_, test| is_stream(test))).for_each(hit);
            return;
        };
        let known = |term, test: &Test| term == at || is_stream(test);
        // One search over all lines at once: far faster than line by line when hits are rare.
        let origin = segment.start(lines.start);
        let bytes = segment.span(lines.start, lines.end);
        let mut from = 0;
        while let Some(found) = bytes.get(from..).and_then(|rest| lead.find(rest)) {
            let line = segment.line_at(origin + from + found.start);
            if self.sees(segment, line, known) {
                hit(line);
            }
            from = segment.start(line + 1) - origin;
        }
    }

    /// Cheap tests first.
    fn of(mut terms: Vec<Term>) -> Self {
        terms.sort_by_key(|term| match &term.test {
            Test::AtLeast(_) | Test::Is(_) => 0,
            Test::Stream(_) | Test::Among(_) | Test::Source(_) => 1,
            Test::Text(Pattern::Literal(_)) => 2,
            Test::Text(Pattern::Folded(_)) => 3,
            Test::Text(Pattern::Regex(_)) => 4,
        });
        Self { terms }
    }

    /// A literal that every line seen must have, and which term it is.
    fn lead(&self) -> Option<(usize, &Pattern)> {
        self.terms.iter().enumerate().find_map(|(at, term)| match &term.test {
            Test::Text(pattern @ (Pattern::Literal(_) | Pattern::Folded(_))) if term.wanted => {
                Some((at, pattern))
            }
            _ => None,
        })
    }

    /// Whether stream and levels allow for any line.
    fn may_see(&self, segment: &Segment) -> bool {
        self.terms.iter().all(|term| match &term.test {
            Test::Stream(pattern) => pattern.is_match(segment.stream().as_bytes()) == term.wanted,
            Test::Among(streams) => streams.contains(segment.stream()) == term.wanted,
            Test::AtLeast(level) if term.wanted => segment.reaches(*level),
            _ => true,
        })
    }

    /// Whether a line passes the terms that are not `known` to hold.
    fn sees(&self, segment: &Segment, line: u32, known: impl Fn(usize, &Test) -> bool) -> bool {
        let mut plain = None;
        self.terms.iter().enumerate().filter(|(at, term)| !known(*at, &term.test)).all(|(_, term)| {
            term.wanted
                == match &term.test {
                    Test::AtLeast(level) => segment.level(line) >= *level,
                    Test::Is(level) => segment.level(line) == *level,
                    Test::Stream(pattern) => pattern.is_match(segment.stream().as_bytes()),
                    Test::Source(name) => segment.source() == name,
                    Test::Among(streams) => streams.contains(segment.stream()),
                    Test::Text(pattern) if !segment.has_escapes() => pattern.is_match(segment.line(line)),
                    Test::Text(pattern) => {
                        pattern.is_match(plain.get_or_insert_with(|| sgr::strip(segment.line(line))))
                    }
                }
        })
    }
}

/// Reads one term off the front of `text`, which is not empty and begins with no space.
fn term(text: &str) -> Result<(Term, &str), SafeText> {
    let negated =
        text.strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with(char::is_whitespace));
    let wanted = negated.is_none();
    let text = negated.unwrap_or(text);
    if let Some(rest) = text.strip_prefix('"') {
        let (phrase, rest) = quoted(rest)?;
        return Ok((Term { wanted, test: Test::Text(Pattern::literal(&phrase)?) }, rest));
    }
    if let Some(rest) = text.strip_prefix('/') {
        let (expression, rest) = slashed(rest)?;
        let regex = compile(&mut RegexBuilder::new(expression))?;
        return Ok((Term { wanted, test: Test::Text(Pattern::Regex(regex)) }, rest));
    }
    if let Some(rest) = text.strip_prefix("stream:") {
        let (name, rest) = name(rest)?;
        if name.is_empty() {
            return Err(safe!("stream: wants a name, such as stream:nginx"));
        }
        return Ok((Term { wanted, test: Test::Stream(Pattern::literal(&name)?) }, rest));
    }
    if let Some(rest) = text.strip_prefix("source:") {
        let (name, rest) = name(rest)?;
        if name.is_empty() {
            return Err(safe!("source: wants the name of a source, such as source:app"));
        }
        return Ok((Term { wanted, test: Test::Source(name.into()) }, rest));
    }
    let (bare, rest) = word(text);
    let asks = if let Some(name) = bare.strip_prefix("level>=") {
        Test::AtLeast(level(name)?)
    } else if let Some(name) = bare.strip_prefix("level=") {
        Test::Is(level(name)?)
    } else {
        Test::Text(Pattern::literal(&bare)?)
    };
    Ok((Term { wanted, test: asks }, rest))
}

/// A word, or what stands between quotes.
fn name(text: &str) -> Result<(String, &str), SafeText> {
    match text.strip_prefix('"') {
        Some(rest) => quoted(rest),
        None => Ok(word(text)),
    }
}

fn word(text: &str) -> (String, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word.to_owned(), rest)
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
    Level::parse(name.as_bytes()).ok_or_else(|| {
        safe!("no level \"{}\": use trace, debug, info, warn, error or fatal", clean(&RawText::from(name)))
    })
}

fn compile(builder: &mut RegexBuilder) -> Result<Regex, SafeText> {
    builder.size_limit(REGEX_SIZE).dfa_size_limit(REGEX_SIZE).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => safe!("the regular expression is too large"),
        error => {
            // The last line says it; those before draw the expression and point into it.
            let text = error.to_string();
            let last = text.lines().next_back().unwrap_or_default();
            let reason = last.strip_prefix("error: ").unwrap_or(last);
            safe!("regular expression: {}", clean(&RawText::from(reason)))
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    fn segment(lines: &[&[u8]]) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(RawText::from("web/nginx"), Zone::default());
        for line in lines {
            builder.push(Line::from(*line), Given::default(), Timestamp::UNIX_EPOCH);
        }
        Arc::new(builder.seal().unwrap())
    }

    fn seen(filter: &Filter, segment: &Arc<Segment>) -> Vec<u32> {
        let mut found = Vec::new();
        filter.scan(segment, 0..segment.lines(), |line| found.push(line));
        let one_by_one = (0..segment.lines())
            .filter(|&line| filter.matches(&LineRef { seq: 0, segment, line }))
            .collect::<Vec<_>>();
        assert_eq!(found, one_by_one);
        found
    }

    fn sees(filter: &str, line: &str) -> bool {
        !seen(&Filter::parse(filter).unwrap(), &segment(&[line.as_bytes()])).is_empty()
    }

    #[test]
    fn each_form_sees_what_it_says() {
        for (filter, yes, no) in [
            ("timeout db", "DB Timeout", "timeout"),
            ("Timeout", "a Timeout", "a timeout"),
            ("\"no route\"", "error: No route to host", "no such route"),
            ("\"say \\\"hi\\\"\"", "say \"hi\"", "say hi"),
            ("\"-x\"", "a -X b", "a x b"),
            ("/5\\d\\d$/", "status 503", "503 status"),
            ("/a b/ c", "c a b", "a b"),
            ("/a\\/b/", "a/b", "a\\b"),
            ("-health", "GET /", "GET /Health"),
            ("-/^GET/", "POST", "GET /"),
            ("-\"a b\" a", "a", "a b"),
            ("level>=warn", "ERROR x", "INFO x"),
            ("level>=warn", "WARN x", "level?"),
            ("level=warn", "WARN x", "ERROR x"),
            ("-level>=warn", "INFO x", "ERROR x"),
            ("stream:NGINX -a", "b", "b"),
            ("stream:nginx -a", "b", "a"),
            ("-stream:nginx", "", "x"),
            ("stream:\"web/nginx\" b", "b", "a"),
            ("-", "a-b", "ab"),
            ("503", "503", "504"),
            ("\u{e9}t\u{e9}", "\u{c9}T\u{c9}", "ete"),
            ("warn", "\x1b[33mWA\x1b[0mRN", "\x1b[33mWA-\x1b[0mRN"),
        ] {
            let expected = !filter.contains("NGINX") && !filter.starts_with("-stream");
            assert_eq!(sees(filter, yes), expected, "{filter} on {yes}");
            assert!(!sees(filter, no), "{filter} on {no}");
        }
        let none = |name: &str| Filter::default().without(BTreeSet::from([name.into()]));
        assert_eq!(seen(&none("web/nginx"), &segment(&[b"x"])), [] as [u32; 0]);
        assert_eq!(seen(&none("nginx"), &segment(&[b"x"])), [0]);
        assert!(Filter::parse("  ").unwrap().is_empty());
        assert!(sees("", "anything"));
    }

    #[test]
    fn errors_point_at_the_column() {
        for (filter, column, what) in [
            ("ok \"open", 4, "quote is not closed"),
            ("\u{e9}\u{e9} \"\"", 4, "nothing between the quotes"),
            ("a -/b", 3, "no closing /"),
            ("/var/log", 1, "put it in quotes"),
            ("/(/", 1, "unclosed group"),
            ("//", 1, "nothing between the slashes"),
            ("x level>=loud", 3, "no level \"loud\""),
            ("stream:", 1, "wants a name"),
            ("/(a{1000}){1000}/", 1, "too large"),
        ] {
            let error = Filter::parse(filter).unwrap_err();
            assert_eq!(error.column, column, "{filter}");
            assert!(error.what.as_str().contains(what), "{filter}: {}", error.what.as_str());
        }
    }

    #[test]
    fn hits_are_joined_and_excluded_words_are_none() {
        let hits = |filter: &str, text: &str| Filter::parse(filter).unwrap().hits(text.as_bytes());
        assert_eq!(hits("ab bc -d", "abc d AB"), [0..3, 6..8]);
        assert_eq!(hits("/x*/", "axxaxa"), [1..3, 4..5]);
        assert!(hits("level>=warn stream:a", "warn a").is_empty());
        assert_eq!(hits("aa", "aaaa aa"), [0..4, 5..7]);
    }

    #[test]
    fn a_minimum_level_is_one_more_term() {
        let filter = Filter::parse("x").unwrap().at_least(Level::Error);
        assert_eq!(seen(&filter, &segment(&[b"ERROR x", b"ERROR y", b"INFO x"])), [0]);
    }

    /// What the words mean, said plainly.
    fn naive(filter: &str, line: &str, level: Level) -> bool {
        filter.split_whitespace().all(|word| {
            let (wanted, word) = match word.strip_prefix('-') {
                Some(rest) if !rest.is_empty() => (false, rest),
                _ => (true, word),
            };
            let found = if let Some(name) = word.strip_prefix("level>=") {
                level >= Level::parse(name.as_bytes()).unwrap()
            } else if word.chars().any(char::is_uppercase) {
                line.contains(word)
            } else {
                line.to_lowercase().contains(&word.to_lowercase())
            };
            found == wanted
        })
    }

    proptest! {
        #[test]
        fn words_and_excludes_agree_with_the_plain_definition(
            filter in "(-?([ab]{1,2}|[AB]|level>=(warn|error)|-) ){1,3}",
            lines in proptest::collection::vec("([abAB ]{0,6}|ERROR a|WARN b|\\PC{0,4}a)", 1..8),
            coloured in any::<bool>(),
        ) {
            let colour = |line: &str| {
                if coloured { line.replace('a', "\x1b[1ma\x1b[m") } else { line.to_owned() }
            };
            let raw: Vec<String> = lines.iter().map(|line| colour(line)).collect();
            let segment = segment(&raw.iter().map(String::as_bytes).collect::<Vec<_>>());
            let parsed = Filter::parse(&filter).unwrap();
            let expected: Vec<u32> = (0..segment.lines())
                .filter(|&i| naive(&filter, &lines[i as usize], segment.level(i)))
                .collect();
            prop_assert_eq!(seen(&parsed, &segment), expected);
        }

        #[test]
        fn any_text_is_a_filter_or_an_error_in_it(text in "\\PC{0,30}") {
            if let Err(error) = Filter::parse(&text) {
                prop_assert!((1..=text.chars().count()).contains(&error.column));
            }
        }

        #[test]
        fn any_bytes_can_be_looked_through(
            lines in proptest::collection::vec(proptest::collection::vec(any::<u8>().prop_filter("LF", |b| *b != b'\n'), 0..20), 1..6),
            needle in "[a-z0-9\\x1b]{1,2}",
        ) {
            let segment = segment(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
            seen(&Filter::parse(&format!("\"{needle}\"")).unwrap(), &segment);
        }
    }
}
