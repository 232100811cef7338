//! Lines and records in a piece of a file, found from the hits of a query outward.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use jiff::Timestamp;

use super::ends::Ends;
use super::format::{Format, Formats, Head, Reader};
use super::level::Level;
use super::piece::{line_before, without_end};
use super::query::{Query, Subject};
use super::segment::AHEAD;
use super::sgr;
use super::stamp::Zone;

/// What is searched: a piece of a file, or all of it.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// Whole records, each line with its LF but perhaps the last.
    pub bytes: &'a [u8],
    /// What the lines are of: a file's name.
    pub stream: &'a [u8],
    /// What the lines are written in.
    pub formats: &'a Formats,
    /// The zone of stamps that name none.
    pub zone: &'a Zone,
    /// Settles the year of stamps that have none; what says a later time says none.
    pub now: Timestamp,
    /// The time of what stands before it, in milliseconds since 1970, if that is known.
    pub before: Option<i64>,
}

/// What is counted and shown as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Each line by itself, as grep does, colour sequences and the CR of a CR LF and all.
    Line,
    /// A line with those that go on with it.
    Record,
}

/// Whether lines need nothing of their record, so that a file can be cut at each.
pub fn is_of_lines(query: &Query, unit: Unit) -> bool {
    unit == Unit::Line && !query.asks_of_record()
}

impl<'a> Text<'a> {
    /// Calls `each` with the lines or records that the query sees, without their last LF, in order. Where it
    /// asks for a time, and neither a record nor one before it says any, `unknown` gets that record.
    pub fn search(
        &self,
        query: &Query,
        unit: Unit,
        mut each: impl FnMut(Range<usize>, &Found<'_>),
        mut unknown: impl FnMut(Range<usize>),
    ) {
        if unit == Unit::Line {
            return self.look(query, unit, each, unknown);
        }
        let ends = Ends::of(self.bytes);
        let text = Text { bytes: &ends.bytes, ..*self };
        let each = |range, found: &Found<'_>| each(ends.stood(range), found);
        text.look(query, unit, each, |range| unknown(ends.stood(range)));
    }

    fn look(
        &self,
        query: &Query,
        unit: Unit,
        mut each: impl FnMut(Range<usize>, &Found<'_>),
        mut unknown: impl FnMut(Range<usize>),
    ) {
        let asks_of_time = query.asks_of_time();
        // The time in force at a place: that of the last line before it that says one.
        let (mut known, mut time) = (0, self.before);
        // A line has level and time of its record.
        let by_record = unit == Unit::Line && query.asks_of_record();
        // Lines are counted as grep does, which looks at the bytes that there are.
        let coloured = (unit == Unit::Record || by_record) && memchr::memchr(0x1b, self.bytes).is_some();
        let mut at = 0;
        while at < self.bytes.len() {
            let next = if coloured { Some((at, false)) } else { query.next(self.formats, self.bytes, at) };
            let Some((hit, certain)) = next else { break };
            let line = self.line(hit);
            let range = match unit {
                Unit::Line => line,
                Unit::Record => self.record(line, at),
            };
            let head_at = if by_record { self.record(range.clone(), 0).start } else { range.start };
            let bytes = self.bytes.get(range.clone()).unwrap_or_default();
            let mut found = Found::new(*self, bytes, head_at, coloured);
            if asks_of_time && found.said().is_none() {
                time = self.last_time(known..head_at).or(time);
                known = head_at;
                if time.is_none() {
                    let record = if by_record { self.record(range, 0) } else { range };
                    at = record.end + 1;
                    unknown(record);
                    continue;
                }
                found.time_before = time;
            }
            if certain || query.sees(&found) {
                each(range.clone(), &found);
            }
            at = range.end + 1;
        }
    }

    /// Whether its first line says a time.
    pub fn begins_with_time(&self) -> bool {
        self.head(self.get(self.line(0))).time.is_some()
    }

    /// The first time that a line says.
    pub fn first_time(&self) -> Option<i64> {
        let mut at = 0;
        while at < self.bytes.len() {
            let line = self.line(at);
            at = line.end + 1;
            if let Some(time) = self.head(self.get(line)).time {
                return Some(time);
            }
        }
        None
    }

    /// The last time that a line says which begins in this range.
    pub fn last_time(&self, range: Range<usize>) -> Option<i64> {
        let mut at = range.end;
        while at > range.start {
            let line = self.line(at - 1);
            at = line.start;
            if let Some(time) = self.head(self.get(line)).time {
                return Some(time);
            }
        }
        None
    }

    /// What a line says of itself. A time that is ahead of all is none.
    fn head(&self, line: &[u8]) -> Head {
        let now = self.now.as_millisecond();
        let head = self.formats.head(line, now, &mut self.zone.clone());
        Head { time: head.time.filter(|time| *time <= now.saturating_add(AHEAD)), ..head }
    }

    /// The line that the byte `at` is in, without its LF.
    fn line(&self, at: usize) -> Range<usize> {
        let (before, after) = self.bytes.split_at_checked(at).unwrap_or((self.bytes, &[]));
        let start = memchr::memrchr(b'\n', before).map_or(0, |lf| lf + 1);
        start..memchr::memchr(b'\n', after).map_or(self.bytes.len(), |lf| at + lf)
    }

    /// The record that a line is of, which begins at `floor` or later, where one begins.
    fn record(&self, line: Range<usize>, floor: usize) -> Range<usize> {
        // Back to where one begins for certain, and forward from there.
        let mut start = line.start;
        while start > floor && !self.begins(start, floor) {
            start = self.line(start - 1).start;
        }
        let mut reader = Reader::new(self.formats.clone(), Zone::default());
        let mut record = start..start;
        let mut next = self.line(start);
        loop {
            if reader.follows(self.get(next.clone())) && next.start > start {
                if next.start > line.start {
                    break;
                }
                record.start = next.start;
            }
            record.end = next.end;
            if next.end + 1 >= self.bytes.len() {
                break;
            }
            next = self.line(next.end + 1);
        }
        record
    }

    /// Whether a record begins with the line at `start`, as far as the lines from `floor` on tell.
    fn begins(&self, start: usize, floor: usize) -> bool {
        let line = self.get(self.line(start));
        if self.formats.begins(None, line) {
            return true;
        }
        let before = line_before(self.bytes.get(floor..start).unwrap_or_default(), start - floor);
        before.is_some_and(|before| {
            let before = self.bytes.get(floor + before.start..floor + before.end).unwrap_or_default();
            self.formats.begins(Some(without_end(before)), line)
        })
    }

    fn get(&self, range: Range<usize>) -> &'a [u8] {
        let bytes = self.bytes.get(range).unwrap_or_default();
        bytes.strip_suffix(b"\r").unwrap_or(bytes)
    }
}

/// A line or record that was found.
pub struct Found<'a> {
    text: Text<'a>,
    bytes: &'a [u8],
    /// The line that level and time stand in.
    first: &'a [u8],
    coloured: bool,
    plain: OnceCell<Cow<'a, [u8]>>,
    head: OnceCell<Head>,
    /// The time of what stands before it, for one that says none.
    time_before: Option<i64>,
}

impl<'a> Found<'a> {
    fn new(text: Text<'a>, bytes: &'a [u8], head_at: usize, coloured: bool) -> Self {
        let first = text.get(text.line(head_at));
        Self {
            text,
            bytes,
            first,
            coloured,
            plain: OnceCell::new(),
            head: OnceCell::new(),
            time_before: None,
        }
    }

    /// As it stands in the file, without the end of its last line; of a record each line ends in LF.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How severe it is.
    pub fn level(&self) -> Level {
        self.head().level
    }

    /// When it was written, if it says so.
    pub fn time(&self) -> Option<Timestamp> {
        self.head().time.and_then(|millis| Timestamp::from_millisecond(millis).ok())
    }

    /// The time that it says, unless that is ahead of all.
    fn said(&self) -> Option<i64> {
        self.head().time.filter(|time| *time <= self.text.now.as_millisecond().saturating_add(AHEAD))
    }

    fn head(&self) -> &Head {
        self.head.get_or_init(|| {
            let Text { formats, zone, now, .. } = self.text;
            let (now, mut zone) = (now.as_millisecond(), zone.clone());
            let mut head = formats.head(self.first, now, &mut zone);
            if head.format == Format::Journal {
                // Its export has a line for each field.
                for line in self.bytes.split(|b| *b == b'\n').skip(1) {
                    let more = formats.head(line, now, &mut zone);
                    head.level = head.level.max(more.level);
                    head.time = head.time.or(more.time);
                }
            }
            head
        })
    }
}

impl Subject for Found<'_> {
    fn text(&self) -> &[u8] {
        self.plain.get_or_init(|| if self.coloured { sgr::strip(self.bytes) } else { self.bytes.into() })
    }

    fn level(&self) -> Level {
        self.level()
    }

    fn time(&self) -> Option<i64> {
        self.said().or(self.time_before)
    }

    fn formats(&self) -> &Formats {
        self.text.formats
    }

    fn stream(&self) -> &[u8] {
        self.text.stream
    }

    fn source(&self) -> &[u8] {
        self.text.stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
2026-11-22T03:12:01Z ERROR broke status=503
\tat Foo.java:1
\tat Bar.java:2 status=200
2026-11-22T03:12:02Z INFO Foo went on
  2026-11-22T03:12:03Z WARN indented
plain";

    fn found(query: &str, unit: Unit) -> Vec<&'static str> {
        let query = Query::parse(query, "2026-11-22T04:00:00Z".parse().unwrap()).unwrap();
        let zone = Zone::default();
        let now = "2026-11-22T04:00:00Z".parse().unwrap();
        let formats = Formats::default();
        let text = Text {
            bytes: TEXT.as_bytes(),
            stream: b"app.log",
            formats: &formats,
            zone: &zone,
            now,
            before: None,
        };
        let mut found = Vec::new();
        text.search(
            &query,
            unit,
            |range, hit| {
                assert_eq!(hit.bytes(), &TEXT.as_bytes()[range.clone()]);
                found.push(TEXT.get(range).unwrap());
            },
            |_| (),
        );
        found
    }

    fn fronts(query: &str, unit: Unit) -> Vec<String> {
        let front = |text: &str| text.trim_start().chars().take(26).collect::<String>();
        found(query, unit).into_iter().map(front).collect()
    }

    #[test]
    fn a_record_is_found_by_any_of_its_lines() {
        for query in
            ["foo.java", "Bar.java broke", "/Bar/", "broke status=200", "level>=error", "-went -warn -plain"]
        {
            let found = found(query, Unit::Record);
            assert_eq!(found.len(), 1, "{query}");
            assert!(
                found[0].starts_with("2026-11-22T03:12:01Z ERROR") && found[0].ends_with("status=200"),
                "{query}"
            );
        }
        assert_eq!(found("", Unit::Record).len(), 4);
        assert_eq!(found("foo", Unit::Record).len(), 2);
    }

    #[test]
    fn a_record_without_a_time_has_that_of_what_is_before_it() {
        let text = "first\n2026-11-22T03:12:01Z a\nTraceback (most recent call last):\n  x\n{\"time\":null,\"level\":\"info\"}\n2099-01-01T00:00:00Z wrong\n2026-11-22T03:12:09Z b\n{\"time\":null}\n";
        let seen = |query: &str, unit: Unit, before: Option<i64>| {
            let now: Timestamp = "2026-11-22T04:00:00Z".parse().unwrap();
            let (formats, zone) = (Formats::default(), Zone::default());
            let text =
                Text { bytes: text.as_bytes(), stream: b"f", formats: &formats, zone: &zone, now, before };
            let (mut seen, mut unknown) = (Vec::new(), Vec::new());
            let query = Query::parse(query, now).unwrap();
            text.search(
                &query,
                unit,
                |_, found| seen.push(found.bytes().to_vec()),
                |range| unknown.push(range),
            );
            assert_eq!(
                (text.first_time(), text.last_time(0..text.bytes.len())),
                (Some(1_795_317_121_000), Some(1_795_317_129_000))
            );
            (seen.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect::<Vec<_>>(), unknown)
        };
        let (found, unknown) = seen("from:03:12:00 to:03:12:05", Unit::Record, None);
        assert_eq!((found.len(), &unknown[..]), (4, std::slice::from_ref(&(0..5))), "{found:?}");
        assert!(found[3].ends_with("wrong"), "{found:?}");
        assert_eq!(seen("from:03:12:09", Unit::Record, None).0.len(), 2);
        let early = Some(1_795_317_120_000);
        assert_eq!(seen("to:03:12:01 f", Unit::Record, early), (vec!["first".into()], vec![]));
        assert_eq!(seen("from:03:12:01 to:03:12:02", Unit::Line, early).0.len(), 5);
        assert_eq!(seen("first", Unit::Record, None), (vec!["first".into()], vec![]));
    }

    #[test]
    fn a_line_of_grep_has_its_cr_and_one_of_a_record_has_none() {
        let text = "a x\r\n  b x\r\na\r\n\r\nx\r";
        let count = |query: &str, unit: Unit| {
            let now = "2026-11-22T04:00:00Z".parse().unwrap();
            let (formats, zone, query) =
                (Formats::default(), Zone::default(), Query::parse(query, now).unwrap());
            let text = Text {
                bytes: text.as_bytes(),
                stream: b"f",
                formats: &formats,
                zone: &zone,
                now,
                before: None,
            };
            let mut count = 0;
            text.search(&query, unit, |_, _| count += 1, |_| ());
            count
        };
        // As ripgrep counts: `rg -c 'x$'` and so on, for -x `rg -vc x`.
        for (query, lines) in [
            ("/x$/", 0),
            ("/x\\r$/", 3),
            ("/^$/", 0),
            ("-/x$/", 5),
            ("-/x\\r/", 2),
            ("level=error | /x$/", 0),
        ] {
            assert_eq!(count(query, Unit::Line), lines, "{query}");
        }
        for (query, records) in [("/a x$/", 1), ("/b x$/", 1), ("/x$/", 2), ("/\\r/", 0), ("-/x$/", 1)] {
            assert_eq!(count(query, Unit::Record), records, "{query}");
        }
    }

    #[test]
    fn lines_are_counted_one_by_one_with_the_level_of_their_record() {
        assert_eq!(fronts("status", Unit::Line).len(), 2);
        assert_eq!(fronts("level>=error", Unit::Line).len(), 3);
        assert_eq!(fronts("from:03:12:02 to:03:12:03", Unit::Line), ["2026-11-22T03:12:02Z INFO "]);
        assert_eq!(fronts("level>=error -foo", Unit::Line).len(), 2);
        assert_eq!(fronts("", Unit::Line).len(), 6);
        assert_eq!(fronts("/$/", Unit::Line).len(), 6);
        assert_eq!(fronts("plain | indented", Unit::Line), ["2026-11-22T03:12:03Z WARN ", "plain"]);
        assert!(fronts("stream:other", Unit::Line).is_empty());
        assert_eq!(fronts("stream:app plain", Unit::Line), ["plain"]);
    }
}
