//! Records of streams as they come: each is shown once it is whole, or once nothing more seems to come.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::format::Formats;
use super::level::Level;
use super::query::{Query, Subject};
use super::segment::Segment;
use super::sgr;
use crate::model::text::RawText;

/// A record that goes on for longer is taken in parts of this many bytes.
const LONGEST: usize = 1 << 20;

/// A line with those that go on with it.
#[derive(Debug)]
pub struct Record {
    stream: RawText,
    source: RawText,
    /// Its lines, without the last LF.
    bytes: Vec<u8>,
    plain: OnceCell<Option<Vec<u8>>>,
    level: Level,
    said: Option<Timestamp>,
    effective: i64,
    came: Timestamp,
    formats: Formats,
}

impl Record {
    fn begin(segment: &Segment, line: u32) -> Self {
        Self {
            stream: segment.stream().clone(),
            source: segment.source().clone(),
            bytes: segment.line(line).to_vec(),
            plain: OnceCell::new(),
            level: segment.level(line),
            said: segment.time(line),
            effective: segment.effective(line),
            came: segment.arrival(line),
            formats: segment.formats().clone(),
        }
    }

    /// The stream that it is of.
    pub fn stream(&self) -> &RawText {
        &self.stream
    }

    /// The source that said it.
    pub fn source(&self) -> &RawText {
        &self.source
    }

    /// Its lines as they came, without the end of the last.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How severe it is.
    pub fn level(&self) -> Level {
        self.level
    }

    /// When it was written, if it says so.
    pub fn time(&self) -> Option<Timestamp> {
        self.said
    }

    /// When its first line came, within a second.
    pub fn came(&self) -> Timestamp {
        self.came
    }
}

impl Subject for Record {
    fn text(&self) -> &[u8] {
        let plain = self.plain.get_or_init(|| match sgr::strip(&self.bytes) {
            Cow::Owned(plain) => Some(plain),
            Cow::Borrowed(_) => None,
        });
        plain.as_ref().unwrap_or(&self.bytes)
    }

    fn level(&self) -> Level {
        self.level
    }

    fn time(&self) -> Option<i64> {
        Some(self.effective)
    }

    fn formats(&self) -> &Formats {
        &self.formats
    }

    fn stream(&self) -> &[u8] {
        self.stream.as_bytes()
    }

    fn source(&self) -> &[u8] {
        self.source.as_bytes()
    }
}

/// Puts the lines of streams together to records, and shows those that a query sees.
#[derive(Debug)]
pub struct Live {
    query: Query,
    streams: HashMap<RawText, Last>,
}

/// The last record of a stream.
#[derive(Debug)]
struct Last {
    /// What came of it since it was last shown or passed over.
    open: Option<Record>,
    /// Whether the query saw what was shown of it: then what goes on with it is shown too.
    seen: bool,
}

impl Live {
    /// Shows what the query sees.
    pub fn new(query: Query) -> Self {
        Self { query, streams: HashMap::new() }
    }

    /// Takes lines; calls `show` with the records that are whole now, and `note` with what midwatch itself
    /// says of the stream.
    pub fn take(
        &mut self,
        segment: &Arc<Segment>,
        mut show: impl FnMut(&Record),
        mut note: impl FnMut(&RawText, &[u8]),
    ) {
        for line in 0..segment.lines() {
            if segment.is_note(line) {
                note(segment.stream(), segment.line(line));
                continue;
            }
            let known = self.streams.get_mut(segment.stream());
            let goes_on = segment.continues(line);
            match known {
                Some(Last { open: Some(open), .. }) if goes_on && open.bytes.len() < LONGEST => {
                    open.bytes.push(b'\n');
                    open.bytes.extend_from_slice(segment.line(line));
                }
                Some(last) => {
                    last.end(&self.query, &mut show);
                    last.seen &= goes_on;
                    last.open = Some(Record::begin(segment, line));
                }
                None => {
                    let last = Last { open: Some(Record::begin(segment, line)), seen: false };
                    self.streams.insert(segment.stream().clone(), last);
                }
            }
        }
    }

    /// Whether a record waits for lines that may go on with it.
    pub fn waits(&self) -> bool {
        self.streams.values().any(|last| last.open.is_some())
    }

    /// Takes it that all records are whole. What still comes of one is shown if that was.
    pub fn rest(&mut self, mut show: impl FnMut(&Record)) {
        let mut open: Vec<_> = self.streams.values_mut().filter(|last| last.open.is_some()).collect();
        open.sort_by(|a, b| a.open.as_ref().map(|r| &r.stream).cmp(&b.open.as_ref().map(|r| &r.stream)));
        for last in open {
            last.end(&self.query, &mut show);
        }
    }
}

impl Last {
    fn end(&mut self, query: &Query, show: &mut impl FnMut(&Record)) {
        let Some(record) = self.open.take() else { return };
        self.seen |= query.sees(&record);
        if self.seen {
            show(&record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    struct Stream(SegmentBuilder);

    impl Stream {
        fn new(name: &'static str) -> Self {
            Self(SegmentBuilder::new(name.into(), Zone::default()))
        }

        fn says(&mut self, lines: &[&str]) -> Arc<Segment> {
            for line in lines {
                match line.strip_prefix("note: ") {
                    Some(note) => self.0.note(note, Timestamp::UNIX_EPOCH),
                    None => self.0.push(Line::from(line.as_bytes()), Given::default(), Timestamp::UNIX_EPOCH),
                }
            }
            Arc::new(self.0.seal().unwrap())
        }
    }

    fn text(record: &Record) -> String {
        String::from_utf8(record.bytes().to_vec()).unwrap()
    }

    fn live(query: &str) -> Live {
        Live::new(Query::parse(query, Timestamp::UNIX_EPOCH).unwrap())
    }

    fn taken(live: &mut Live, segment: &Arc<Segment>) -> Vec<String> {
        let (mut shown, mut notes) = (Vec::new(), Vec::new());
        live.take(segment, |record| shown.push(text(record)), |_, note| notes.push(note.to_vec()));
        shown.extend(notes.into_iter().map(|note| format!("note: {}", String::from_utf8(note).unwrap())));
        shown
    }

    fn rest(live: &mut Live) -> Vec<String> {
        let mut shown = Vec::new();
        live.rest(|record| shown.push(text(record)));
        shown
    }

    const ERROR: &str = "2026-11-22T03:12:01Z ERROR broke";
    const INFO: &str = "2026-11-22T03:12:02Z INFO went on";

    #[test]
    fn a_record_is_shown_whole_wherever_its_segments_end() {
        let (mut live, mut app) = (live("foo.java"), Stream::new("app"));
        assert_eq!(taken(&mut live, &app.says(&[ERROR])), [""; 0]);
        assert!(live.waits());
        assert_eq!(taken(&mut live, &app.says(&["\tat Foo.java:1"])), [""; 0]);
        assert_eq!(
            taken(&mut live, &app.says(&["\tat Bar.java:2", INFO])),
            [format!("{ERROR}\n\tat Foo.java:1\n\tat Bar.java:2")]
        );
        assert_eq!(rest(&mut live), [""; 0]);
        assert!(!live.waits());
    }

    #[test]
    fn what_comes_late_of_a_record_is_shown_with_it_or_not_at_all() {
        let (mut live, mut app) = (live("level>=error"), Stream::new("app"));
        let mut other = Stream::new("other");
        taken(&mut live, &app.says(&[ERROR]));
        taken(&mut live, &other.says(&[INFO]));
        assert_eq!(rest(&mut live), [ERROR]);
        taken(&mut live, &app.says(&["\tat Foo.java:1"]));
        taken(&mut live, &other.says(&["\tat ERROR.java:1"]));
        assert_eq!(rest(&mut live), ["\tat Foo.java:1"]);
        // The next record is judged by itself.
        taken(&mut live, &app.says(&[INFO]));
        assert_eq!(rest(&mut live), [""; 0]);
    }

    #[test]
    fn one_that_never_ends_is_taken_in_parts_and_nothing_of_it_is_lost() {
        let (mut live, mut app) = (live("broke"), Stream::new("app"));
        let more = format!("\tat {}", "x".repeat(10_000));
        let (mut shown, mut longest) = (0, 0);
        let mut show = |record: &Record| {
            shown += record.bytes().len() + 1;
            longest = longest.max(record.bytes().len());
        };
        live.take(&app.says(&[ERROR]), &mut show, |_, _| ());
        for _ in 0..400 {
            live.take(&app.says(&[&more]), &mut show, |_, _| ());
        }
        live.rest(show);
        assert_eq!(shown, ERROR.len() + 1 + 400 * (more.len() + 1));
        assert!(longest < LONGEST + 20_000, "{longest}");
    }

    #[test]
    fn what_midwatch_says_itself_is_no_record() {
        let (mut live, mut app) = (live(""), Stream::new("app"));
        let said = taken(&mut live, &app.says(&[ERROR, "note: 3 lines dropped here", INFO]));
        assert_eq!(said, [ERROR, "note: 3 lines dropped here"]);
        assert_eq!(rest(&mut live), [INFO]);
    }

    #[test]
    fn colours_are_shown_and_not_searched() {
        let (mut live, mut app) = (live("/^one two$/"), Stream::new("app"));
        taken(&mut live, &app.says(&["one \u{1b}[31mtwo\u{1b}[0m"]));
        assert_eq!(rest(&mut live), ["one \u{1b}[31mtwo\u{1b}[0m"]);
    }
}
