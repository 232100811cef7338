//! Lines and records in a piece of a file, found from the hits of a query outward.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use jiff::Timestamp;

use super::format::{Format, Formats, Head, Reader};
use super::level::Level;
use super::piece::{line_before, without_end};
use super::query::{Query, Subject};
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
    /// Settles the year of stamps that have none.
    pub now: Timestamp,
}

/// What is counted and shown as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Each line by itself, as grep does, colour sequences and all.
    Line,
    /// A line with those that go on with it.
    Record,
}

/// Whether lines need nothing of their record, so that a file can be cut at each.
pub fn is_of_lines(query: &Query, unit: Unit) -> bool {
    unit == Unit::Line && !query.asks_of_record()
}

impl<'a> Text<'a> {
    /// Calls `each` with the lines or records that the query sees, without their last LF, in order.
    pub fn search(&self, query: &Query, unit: Unit, mut each: impl FnMut(Range<usize>, &Found<'a>)) {
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
            let found = Found::new(*self, range.clone(), head_at, coloured);
            if certain || query.sees(&found) {
                each(range.clone(), &found);
            }
            at = range.end + 1;
        }
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
}

impl<'a> Found<'a> {
    fn new(text: Text<'a>, range: Range<usize>, head_at: usize, coloured: bool) -> Self {
        let first = text.get(text.line(head_at));
        let bytes = text.get(range);
        Self { text, bytes, first, coloured, plain: OnceCell::new(), head: OnceCell::new() }
    }

    /// As it stands in the file, without the end of its last line.
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
        self.head().time
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
        let text = Text { bytes: TEXT.as_bytes(), stream: b"app.log", formats: &formats, zone: &zone, now };
        let mut found = Vec::new();
        text.search(&query, unit, |range, hit| {
            assert_eq!(hit.bytes(), &TEXT.as_bytes()[range.clone()]);
            found.push(TEXT.get(range).unwrap());
        });
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
