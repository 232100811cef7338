//! The one language in which a person says which lines to see: in the pane and on the command line.
//!
//! | written | means |
//! |---|---|
//! | `timeout db` | both words, anywhere; a word without capitals in any case |
//! | `"no route"` | the phrase; a space, `-`, `/` or `"` in it is text (`\"` for a quote) |
//! | `/5\d\d$/` | the regular expression, case as written |
//! | `level>=warn` | that level or above; also `=`, `!=`, `>`, `<`, `<=`; `level=unknown`: none is said |
//! | `status=503` | a field of that value: of the line's format, of JSON, or `name=value` anywhere; `!=`: no such field |
//! | `path~/^.api/` | a field that matches |
//! | `took>=100ms` | a field above a number or a length of time; also `>`, `<`, `<=` |
//! | `stream:nginx` | the stream's name has it |
//! | `source:app` | the lines of the source of that name |
//! | `pattern:"took <num> ms"` | the pattern of the line is this one, as `midwatch logs patterns` and `P` show it |
//! | `since:15m` | written in the last 15 minutes, counted from when this is read |
//! | `from:03:12` `to:03:20` | written at that time (UTC) or later, or before it |
//! | `-x` | not `x`, whichever of these `x` is |
//! | `a b \| c` | both `a` and `b`, or `c` |

mod field;
mod held;
mod hint;
pub mod moment;
mod parse;
mod text;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use self::field::Field;
pub(super) use self::held::Held;
use self::text::Pattern;
#[cfg(test)]
use super::buffer::LineRef;
use super::ends::Ends;
use super::format::Formats;
use super::level::Level;
use super::pattern::written::Written;
use super::segment::Segment;
use crate::model::text::{RawText, SafeText};

/// A query that could not be understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueryError {
    /// Where, in characters, from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub what: SafeText,
}

/// Which lines to see. The default sees all.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// All terms of one of these must hold. None of them is empty.
    any: Vec<Vec<Term>>,
    lead: Option<Lead>,
}

#[derive(Clone, Debug)]
struct Term {
    wanted: bool,
    test: Test,
    /// As the person wrote it; empty for what the pane adds.
    written: String,
}

#[derive(Clone, Debug)]
enum Test {
    Level(Compare, Level),
    Stream(Pattern),
    /// The source of this name said it.
    Source(RawText),
    /// The stream is one of these.
    Among(Arc<BTreeSet<RawText>>),
    /// Written then or later, in milliseconds since 1970.
    From(i64),
    /// Written before.
    Until(i64),
    Text(Pattern),
    Field(Field),
    /// The line is of this pattern.
    Written(Written),
}

/// How a value is to stand to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Compare {
    Is,
    AtLeast,
    Above,
    AtMost,
    Below,
}

/// What every text has that the query sees, so that most lines are never looked at one by one.
#[derive(Clone, Debug)]
struct Lead {
    pattern: Pattern,
    /// What has it is seen: nothing else is asked.
    settles: bool,
    /// It is of a field, whose name may not be in a line of the person's own formats.
    named: bool,
}

/// A line or a record, as far as a query looks at it.
pub(super) trait Subject {
    /// What it says, without colour sequences.
    fn text(&self) -> &[u8];
    /// How severe it is.
    fn level(&self) -> Level;
    /// When it was written, in milliseconds since 1970.
    fn time(&self) -> Option<i64>;
    /// What it is written in.
    fn formats(&self) -> &Formats;
    /// The stream that it is of.
    fn stream(&self) -> &[u8];
    /// The source that said it.
    fn source(&self) -> &[u8];
}

impl fmt::Display for Query {
    /// As it was written; read again it means the same, but for times that are counted from now.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, all) in self.any.iter().enumerate() {
            if i > 0 {
                f.write_str(" | ")?;
            }
            f.write_str(&written(all))?;
        }
        Ok(())
    }
}

impl Query {
    /// Reads a query as written. Times in it are counted from `now`.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, QueryError> {
        parse::parse(text, now).map(Self::of)
    }

    /// The same query for lines of this level or above only.
    #[must_use]
    pub fn at_least(self, level: Level) -> Self {
        self.and(true, &Test::Level(Compare::AtLeast, level))
    }

    /// The same query without the lines of these streams.
    #[must_use]
    pub fn without(self, streams: BTreeSet<RawText>) -> Self {
        self.and(false, &Test::Among(Arc::new(streams)))
    }

    /// The same query without what it says of patterns.
    #[must_use]
    pub fn without_patterns(&self) -> Self {
        let mut any = self.any.clone();
        for all in &mut any {
            all.retain(|term| !matches!(term.test, Test::Written(_)));
        }
        // Where nothing else is asked everything is seen.
        Self::of(if any.iter().any(Vec::is_empty) { Vec::new() } else { any })
    }

    /// The patterns whose lines it does not see.
    pub fn excluded_patterns(&self) -> impl Iterator<Item = &Written> {
        self.any.iter().flatten().filter(|term| !term.wanted).filter_map(|term| match &term.test {
            Test::Written(pattern) => Some(pattern),
            _ => None,
        })
    }

    /// The query as written, with one more term that must hold.
    pub fn narrowed(&self, term: &str) -> String {
        let alternatives: Vec<_> = self.any.iter().map(|all| format!("{} {term}", written(all))).collect();
        if alternatives.is_empty() { term.to_owned() } else { alternatives.join(" | ") }
    }

    fn and(mut self, wanted: bool, test: &Test) -> Self {
        if self.any.is_empty() {
            self.any.push(Vec::new());
        }
        for all in &mut self.any {
            all.push(Term { wanted, test: test.clone(), written: String::new() });
        }
        Self::of(self.any)
    }

    /// Whether it sees every line.
    pub fn is_empty(&self) -> bool {
        self.any.is_empty()
    }

    /// Whether it sees the record that this line is of, as far as that is in its segment.
    #[cfg(test)]
    pub(crate) fn matches(&self, line: &LineRef<'_>) -> bool {
        let segment = line.segment;
        let record = segment.record_start(line.line)..segment.next_record(line.line + 1);
        self.sees(&Held::new((segment, record), &[]))
    }

    /// Where the words of the query are in `text`, a line without colour sequences or what was made
    /// of it for the screen: byte ranges in order that do not touch, for highlighting.
    pub fn hits(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut hits = Vec::new();
        for pattern in self.any.iter().flatten().filter_map(|term| match &term.test {
            Test::Text(pattern) if term.wanted => Some(pattern),
            _ => None,
        }) {
            let mut from = 0;
            while let Some(found) = pattern.find(text, from) {
                from = found.end.max(found.start + 1);
                if !found.is_empty() {
                    hits.push(found);
                }
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

    /// Calls `hit` for each record in the segment's `lines` that the query sees, in order. No record goes
    /// over the end of `lines`. Colour sequences are not looked at.
    pub(super) fn scan(&self, segment: &Segment, lines: Range<u32>, mut hit: impl FnMut(Range<u32>)) {
        if lines.is_empty() || !self.may_see(segment) {
            return;
        }
        let sees = |record: &Range<u32>| self.sees(&Held::new((segment, record.clone()), &[]));
        let end_of = |line: u32| segment.next_record(line + 1).min(lines.end);
        let Some(lead) = self.lead_in(segment.formats()).filter(|_| !segment.has_escapes()) else {
            let mut record = lines.start..end_of(lines.start);
            while !record.is_empty() {
                if sees(&record) {
                    hit(record.clone());
                }
                record = record.end..end_of(record.end).max(record.end);
            }
            return;
        };
        // One search over all lines at once: far faster than one by one when hits are rare.
        let origin = segment.start(lines.start);
        let bytes = segment.span(lines.start, lines.end);
        let mut from = 0;
        while let Some(found) = lead.pattern.find(bytes, from).filter(|found| found.start < bytes.len()) {
            let line = segment.line_at(origin + found.start);
            let record = segment.record_start(line).max(lines.start)..end_of(line);
            from = segment.start(record.end) - origin;
            if lead.settles || sees(&record) {
                hit(record);
            }
        }
    }

    /// Whether it sees a line or record.
    pub(super) fn sees(&self, subject: &impl Subject) -> bool {
        self.any.is_empty() || self.any.iter().any(|all| all.iter().all(|term| term.holds(subject)))
    }

    /// Whether any record may be seen in `text`: no line of it is read.
    pub fn may_be_in(&self, formats: &Formats, text: &[u8]) -> bool {
        memchr::memchr(0x1b, text).is_some() || self.next(formats, &Ends::of(text).bytes, 0).is_some()
    }

    /// Where what is seen may begin in `text`, from `at` on: `None` when nothing there is seen. And
    /// whether it is seen for certain. Without a lead each line may be.
    pub(super) fn next(&self, formats: &Formats, text: &[u8], at: usize) -> Option<(usize, bool)> {
        match self.lead_in(formats) {
            Some(lead) => lead.pattern.find(text, at).map(|found| (found.start, lead.settles)),
            None => Some((at, self.any.is_empty())),
        }
        // The end of the last line is of it, if no LF is.
        .filter(|(start, _)| *start < text.len() || !text.ends_with(b"\n"))
    }

    fn lead_in(&self, formats: &Formats) -> Option<&Lead> {
        self.lead.as_ref().filter(|lead| !(lead.named && formats.has_own()))
    }

    /// Whether it asks for a level or a time, which a line has from its record.
    pub(super) fn asks_of_record(&self) -> bool {
        let of_record = |term: &Term| matches!(term.test, Test::Level(..) | Test::From(_) | Test::Until(_));
        self.any.iter().flatten().any(of_record)
    }

    /// Whether it asks for a time, which a record without one has from the one before it.
    pub fn asks_of_time(&self) -> bool {
        let of_time = |term: &Term| matches!(term.test, Test::From(_) | Test::Until(_));
        self.any.iter().flatten().any(of_time)
    }

    /// Cheap tests first.
    fn of(mut any: Vec<Vec<Term>>) -> Self {
        for all in &mut any {
            all.sort_by_key(|term| match &term.test {
                Test::Level(..) | Test::From(_) | Test::Until(_) => (0, 0),
                Test::Stream(_) | Test::Among(_) | Test::Source(_) => (1, 0),
                Test::Text(pattern) => (2 + pattern.rank().0, pattern.rank().1),
                Test::Field(_) => (5, 0),
                Test::Written(_) => (6, 0),
            });
        }
        let lead = lead(&any);
        Self { any, lead }
    }

    /// Whether stream and levels allow for any line.
    fn may_see(&self, segment: &Segment) -> bool {
        let may = |term: &Term| match &term.test {
            Test::Stream(pattern) => pattern.is_in(segment.stream().as_bytes()) == term.wanted,
            Test::Among(streams) => streams.contains(segment.stream()) == term.wanted,
            Test::Level(Compare::AtLeast, level) if term.wanted => segment.reaches(*level),
            _ => true,
        };
        self.any.is_empty() || self.any.iter().any(|all| all.iter().all(may))
    }
}

impl Term {
    fn holds(&self, subject: &impl Subject) -> bool {
        self.wanted
            == match &self.test {
                Test::Level(compare, level) => compare.holds(subject.level().cmp(level)),
                Test::Stream(pattern) => pattern.is_in(subject.stream()),
                Test::Source(name) => subject.source() == name.as_bytes(),
                Test::Among(streams) => streams.iter().any(|name| name.as_bytes() == subject.stream()),
                Test::From(from) => subject.time().is_some_and(|time| time >= *from),
                Test::Until(until) => subject.time().is_some_and(|time| time < *until),
                Test::Text(pattern) => pattern.is_in(subject.text()),
                Test::Field(field) => field.holds(subject.text(), subject.formats()),
                Test::Written(pattern) => pattern.has(subject.text(), subject.formats()),
            }
    }
}

fn written(all: &[Term]) -> String {
    all.iter().map(|term| term.written.as_str()).collect::<Vec<_>>().join(" ")
}

/// The best of each alternative, together.
fn lead(any: &[Vec<Term>]) -> Option<Lead> {
    if any.is_empty() {
        return None;
    }
    let mut leads = Vec::new();
    for all in any {
        let candidates = all.iter().filter(|term| term.wanted).filter_map(|term| match &term.test {
            Test::Text(pattern) => Some(pattern.clone()),
            Test::Field(field) => field.lead(),
            Test::Written(pattern) => pattern.lead().map(Pattern::literal),
            _ => None,
        });
        leads.push(candidates.min_by_key(Pattern::rank)?);
    }
    let settles = any.iter().all(|all| match all.as_slice() {
        [only] => matches!(only.test, Test::Text(_)),
        _ => false,
    });
    let pattern = Pattern::any(&leads.iter().collect::<Vec<_>>())?;
    let named = any.iter().flatten().any(|term| matches!(term.test, Test::Field(_)));
    Some(Lead { pattern, settles, named })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::logs::key::Key;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    fn query(text: &str) -> Result<Query, QueryError> {
        Query::parse(text, Timestamp::UNIX_EPOCH)
    }

    fn segment(lines: &[&[u8]]) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new(RawText::from("web/nginx"), Zone::default());
        for line in lines {
            // Each is a record.
            let given = Given { begins: true, ..Given::default() };
            builder.push(Line::from(*line), given, Timestamp::UNIX_EPOCH);
        }
        Arc::new(builder.seal().unwrap())
    }

    fn seen(filter: &Query, segment: &Arc<Segment>) -> Vec<u32> {
        let mut found = Vec::new();
        filter.scan(segment, 0..segment.lines(), |record| found.extend(record));
        let one_by_one = (0..segment.lines())
            .filter(|&line| filter.matches(&LineRef { key: Key::FIRST, segment, line }))
            .collect::<Vec<_>>();
        assert_eq!(found, one_by_one);
        found
    }

    fn sees(filter: &str, line: &str) -> bool {
        !seen(&query(filter).unwrap(), &segment(&[line.as_bytes()])).is_empty()
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
            ("level=unknown", "level?", "INFO x"),
            ("level!=Unknown", "TRACE x", "x"),
            ("level>unknown", "TRACE x", "x"),
            ("stream:NGINX -a", "b", "b"),
            ("stream:nginx -a", "b", "a"),
            ("-stream:nginx", "", "x"),
            ("stream:\"web/nginx\" b", "b", "a"),
            ("-", "a-b", "ab"),
            ("503", "503", "504"),
            ("pattern:\"lost <addr>: <num> of <num>\"", "lost 10.0.0.1: 3 of 7", "lost 10.0.0.1: 3 in 7"),
            ("-pattern:\"took <time>\" took", "took long", "took 5 ms"),
            ("\u{e9}t\u{e9}", "\u{c9}T\u{c9}", "ete"),
            ("warn", "\x1b[33mWA\x1b[0mRN", "\x1b[33mWA-\x1b[0mRN"),
        ] {
            let expected = !filter.contains("NGINX") && !filter.starts_with("-stream");
            assert_eq!(sees(filter, yes), expected, "{filter} on {yes}");
            assert!(!sees(filter, no), "{filter} on {no}");
        }
        let none = |name: &str| Query::default().without(BTreeSet::from([name.into()]));
        assert_eq!(seen(&none("web/nginx"), &segment(&[b"x"])), [] as [u32; 0]);
        assert_eq!(seen(&none("nginx"), &segment(&[b"x"])), [0]);
        assert!(query("  ").unwrap().is_empty());
        assert!(sees("", "anything"));
    }

    #[test]
    fn a_comparison_that_is_none_is_a_word_whatever_comes_after_it() {
        let read = query("05>\" x \"(y\"").unwrap();
        assert_eq!(query(&read.to_string()).unwrap().to_string(), read.to_string());
        assert!(sees("05>\" x", "05>\" x") && sees("a>=\"5\" x", "x a=6") && !sees("a>=\"5\"", "a=4"));
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
            ("a pattern:", 3, "wants a pattern"),
            ("/(a{1000}){1000}/", 1, "too large"),
        ] {
            let error = query(filter).unwrap_err();
            assert_eq!(error.column, column, "{filter}");
            assert!(error.what.as_str().contains(what), "{filter}: {}", error.what.as_str());
        }
    }

    #[test]
    fn hits_are_joined_and_excluded_words_are_none() {
        let hits = |filter: &str, text: &str| query(filter).unwrap().hits(text.as_bytes());
        assert_eq!(hits("ab bc -d", "abc d AB"), [0..3, 6..8]);
        assert_eq!(hits("/x*/", "axxaxa"), [1..3, 4..5]);
        assert!(hits("level>=warn stream:a", "warn a").is_empty());
        assert_eq!(hits("aa", "aaaa aa"), [0..4, 5..7]);
    }

    #[test]
    fn a_minimum_level_is_one_more_term() {
        let filter = query("x").unwrap().at_least(Level::Error);
        assert_eq!(seen(&filter, &segment(&[b"ERROR x", b"ERROR y", b"INFO x"])), [0]);
    }

    #[test]
    fn a_pattern_is_one_term_more_in_each_alternative_and_goes_again() {
        let narrowed = query("a \"b | c\" | level>=warn").unwrap().narrowed("pattern:\"took <time>\"");
        assert_eq!(narrowed, "\"b | c\" a pattern:\"took <time>\" | level>=warn pattern:\"took <time>\"");
        let again = query(&narrowed).unwrap();
        assert_eq!(again.to_string(), narrowed);
        assert_eq!(again.without_patterns().to_string(), "\"b | c\" a | level>=warn");
        assert_eq!(query("").unwrap().narrowed("-pattern:x"), "-pattern:x");
        assert!(query("a | -pattern:x").unwrap().without_patterns().is_empty());
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
            let parsed = query(&filter).unwrap();
            let expected: Vec<u32> = (0..segment.lines())
                .filter(|&i| naive(&filter, &lines[i as usize], segment.level(i)))
                .collect();
            prop_assert_eq!(seen(&parsed, &segment), expected);
        }

        #[test]
        fn any_text_is_a_filter_or_an_error_in_it(text in "\\PC{0,30}|([ab1<>~ |\\t\"/=:!-]| \\|[ \\t]){0,12}") {
            match query(&text) {
                Err(error) => prop_assert!((1..=text.chars().count()).contains(&error.column)),
                Ok(read) => {
                    let written = read.to_string();
                    prop_assert_eq!(query(&written).map(|again| again.to_string()), Ok(written));
                }
            }
        }

        #[test]
        fn any_bytes_can_be_looked_through(
            lines in proptest::collection::vec(proptest::collection::vec(any::<u8>().prop_filter("LF", |b| *b != b'\n'), 0..20), 1..6),
            needle in "[a-z0-9\\x1b]{1,2}",
        ) {
            let segment = segment(&lines.iter().map(Vec::as_slice).collect::<Vec<_>>());
            seen(&query(&format!("\"{needle}\"")).unwrap(), &segment);
        }
    }
}
