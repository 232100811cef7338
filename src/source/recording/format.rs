//! The recording file: a header line, then one JSON object a line for each thing the loop took in.
//!
//! ```json
//! {"recording":1,"start":"2026-11-20T02:40:00Z","sources":[{"name":"ci","kind":"jenkins","every":"PT15S","gives":["runs"]}]}
//! {"update":{"source":"ci","at":"2026-11-20T02:40:15Z","news":{"alive":{"troubles":[]}}}}
//! {"lines":{"at":"2026-11-20T02:40:15.2Z","stream":"web","lines":["a line",{"text":"one","level":"warn"}]}}
//! ```
//!
//! Text that is not UTF-8 is `{"base64":"..."}`. An item belongs to the version that it was added
//! in: a reader refuses what it does not know instead of playing half a night.

use std::collections::BTreeSet;
use std::io::{self, BufRead};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::logs::level::Level;
use crate::logs::segment::{Given, Segment, SegmentBuilder};
use crate::logs::split::Line;
use crate::logs::stamp::Zone;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{Gives, Update};
use crate::model::world::SourceInfo;
use crate::source::outlet::Report;

/// The version of the format that is written, and the newest that is read.
const VERSION: u32 = 1;
/// Bytes of one line of the file. A whole batch of log lines is 256 KiB before JSON escapes it,
/// and a snapshot of a large alerting system a few MiB.
const LONGEST: usize = 32 * 1024 * 1024;

/// The first line of a recording.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the format.
    recording: u32,
    /// When the recording began.
    pub start: Timestamp,
    /// The sources that speak in it.
    pub sources: Vec<RecordedSource>,
}

/// A source as the recording knew it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedSource {
    /// Its name in the configuration.
    pub name: RawText,
    /// Its kind.
    pub kind: RawText,
    /// The environment it belonged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<RawText>,
    /// How often it should answer; none for a stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SignedDuration>,
    /// What it gave.
    pub gives: Vec<Gives>,
}

impl Header {
    /// The header of a recording that begins at `start`.
    pub fn new<'a>(start: Timestamp, sources: impl IntoIterator<Item = &'a SourceInfo>) -> Self {
        let recorded = |info: &SourceInfo| RecordedSource {
            name: info.name.clone(),
            kind: info.kind.clone(),
            environment: info.environment.clone(),
            every: info.interval,
            gives: info.gives.to_vec(),
        };
        Self::of(start, sources.into_iter().map(recorded).collect())
    }

    /// The header of a recording of these sources.
    pub(super) fn of(start: Timestamp, sources: Vec<RecordedSource>) -> Self {
        Self { recording: VERSION, start, sources }
    }
}

impl RecordedSource {
    /// What the World is told about it.
    pub(super) fn info(&self) -> SourceInfo {
        SourceInfo {
            name: self.name.clone(),
            kind: self.kind.clone(),
            environment: self.environment.clone(),
            interval: self.every,
            gives: self.gives(),
            reads: Vec::new(),
            exposed: Vec::new(),
        }
    }

    /// What it gave, each once.
    pub(super) fn gives(&self) -> &'static [Gives] {
        use Gives::{Alerts, Logs, Metrics, Runs};
        let has = |what| self.gives.contains(&what);
        match (has(Runs), has(Alerts), has(Logs), has(Metrics)) {
            (false, false, false, false) => &[],
            (true, false, false, false) => &[Runs],
            (false, true, false, false) => &[Alerts],
            (false, false, true, false) => &[Logs],
            (true, true, false, false) => &[Runs, Alerts],
            (true, false, true, false) => &[Runs, Logs],
            (false, true, true, false) => &[Alerts, Logs],
            (true, true, true, false) => &[Runs, Alerts, Logs],
            (false, false, false, true) => &[Metrics],
            (true, false, false, true) => &[Runs, Metrics],
            (false, true, false, true) => &[Alerts, Metrics],
            (false, false, true, true) => &[Logs, Metrics],
            (true, true, false, true) => &[Runs, Alerts, Metrics],
            (true, false, true, true) => &[Runs, Logs, Metrics],
            (false, true, true, true) => &[Alerts, Logs, Metrics],
            (true, true, true, true) => &[Runs, Alerts, Logs, Metrics],
        }
    }
}

/// One thing that the loop took in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// What a source said.
    Update(Update),
    /// Lines of a log stream.
    Lines(Lines),
}

/// Lines of one log stream, taken in together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// When they came.
    pub at: Timestamp,
    /// The source that said them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub source: RawText,
    /// The stream that they are of.
    pub stream: RawText,
    /// Lines that the source had to drop among these.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lost: u64,
    /// The lines, oldest first.
    pub lines: Vec<RecordedLine>,
}

/// One line: its text alone, or with what the text does not say.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordedLine {
    /// Everything known of the line is in it, or in the line that it continues.
    Plain(RawText),
    /// The source knew more.
    Told(Told),
}

/// A line with what its source knew.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    text: RawText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    stderr: bool,
    /// The source said that the line goes on with the record before it.
    #[serde(default, skip_serializing_if = "is_default")]
    continues: bool,
    /// The line is midwatch's own about the stream.
    #[serde(default, skip_serializing_if = "is_default")]
    note: bool,
    /// Bytes that were cut off the line's end.
    #[serde(default, skip_serializing_if = "is_default")]
    cut: u64,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Item {
    /// What the loop took in, as a recording keeps it; `None` of a file, which is there to be read.
    pub fn of(report: &Report) -> Option<Self> {
        match report {
            Report::Update(update) => Some(Self::Update(update.clone())),
            Report::Segment(segment) => Some(Self::Lines(Lines::of(segment))),
            Report::File(_) => None,
        }
    }

    /// When it was said.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Update(update) => update.at,
            Self::Lines(lines) => lines.at,
        }
    }
}

impl Lines {
    fn of(segment: &Segment) -> Self {
        Self {
            at: segment.arrival(0),
            source: segment.source().clone(),
            stream: segment.stream().clone(),
            lost: segment.lost(),
            lines: (0..segment.lines()).map(|line| RecordedLine::of(segment, line)).collect(),
        }
    }

    /// Adds the lines to a segment again. `builder` is the stream's own: an indented line goes on
    /// with the last record of the segment before.
    pub(super) fn push_to(&self, builder: &mut SegmentBuilder) {
        for line in &self.lines {
            match line {
                RecordedLine::Plain(text) => {
                    let given = Given { begins: !is_indented(text.as_bytes()), ..Given::default() };
                    builder.push(Line::from(text.as_bytes()), given, self.at);
                }
                RecordedLine::Told(told) if told.note => {
                    builder.note(&String::from_utf8_lossy(told.text.as_bytes()), self.at);
                }
                RecordedLine::Told(told) => {
                    let Told { level, time, stderr, continues, .. } = *told;
                    let begins = !continues && !is_indented(told.text.as_bytes());
                    let given = Given { level, time, stderr, continues, begins, or_level: None };
                    builder.push(Line { bytes: told.text.as_bytes(), cut: told.cut }, given, self.at);
                }
            }
        }
        builder.miss(self.lost);
    }
}

impl RecordedLine {
    fn of(segment: &Segment, line: u32) -> Self {
        let text = RawText::from_bytes(segment.line(line));
        let (stderr, note, cut) = (segment.is_stderr(line), segment.is_note(line), segment.cut_of(line));
        let level = (!note && !reads_the_same(segment, line)).then(|| segment.level(line));
        if level.is_none() && !stderr && !note && cut == 0 {
            return Self::Plain(text);
        }
        let time = level.and_then(|_| segment.time(line));
        let continues = level.is_some() && segment.continues(line);
        Self::Told(Told { text, level, time, stderr, continues, note, cut })
    }
}

/// Whether a reader of the line's text alone, after the lines before it, comes to the same.
fn reads_the_same(segment: &Segment, line: u32) -> bool {
    if segment.continues(line) {
        return segment.time(line).is_none() && is_indented(segment.line(line));
    }
    let mut builder = SegmentBuilder::new(RawText::default(), Zone::default());
    builder.push(Line::from(segment.line(line)), Given::default(), segment.arrival(line));
    let Some(alone) = builder.seal() else { return false };
    // An indented line without a time would be taken to continue the one before.
    let would_continue = alone.time(0).is_none() && is_indented(segment.line(line));
    !would_continue && alone.level(0) == segment.level(line) && alone.time(0) == segment.time(line)
}

fn is_indented(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// Reads a recording, one item at a time. An incomplete last line is what a crash leaves behind:
/// it is left out and counted. Any other fault ends the reading and names its line.
pub(super) struct Reader<R> {
    file: RawText,
    from: R,
    header: Header,
    known: BTreeSet<RawText>,
    number: u64,
    line: Vec<u8>,
    torn: usize,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header. `file` is named in errors.
    pub(super) fn new(file: RawText, from: R) -> Result<Self, Failure> {
        let header = Header::of(Timestamp::UNIX_EPOCH, Vec::new());
        let known = BTreeSet::new();
        let mut reader = Self { file, from, header, known, number: 0, line: Vec::new(), torn: 0 };
        if !reader.read_line()? {
            return Err(reader.unreadable("the file is empty: no recording"));
        }
        reader.header = reader.parse_header()?;
        if reader.header.sources.is_empty() {
            return Err(reader.unreadable("it names no source"));
        }
        for source in &reader.header.sources {
            if !reader.known.insert(source.name.clone()) {
                return Err(reader.unreadable("two sources of one name"));
            }
        }
        Ok(reader)
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// What was left out at the end, if anything: its place and bytes.
    pub(super) fn torn(&self) -> Option<Failure> {
        let what = format!("the last line is incomplete: {} bytes left out", self.torn);
        (self.torn > 0).then(|| self.unreadable(&what))
    }

    /// The next item; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Item>, Failure> {
        if !self.read_line()? {
            return Ok(None);
        }
        let item = match serde_json::from_slice(self.line.trim_ascii_end()) {
            Ok(item) => item,
            // Only the last line of a file can be without its end.
            Err(_) if self.line.last() != Some(&b'\n') => {
                self.torn = self.line.len();
                return Ok(None);
            }
            Err(error) => return Err(self.bad_json(&error)),
        };
        if let Item::Update(update) = &item
            && !self.known.contains(&update.source)
        {
            return Err(self.unreadable("a source that line 1 does not name"));
        }
        Ok(Some(item))
    }

    fn parse_header(&self) -> Result<Header, Failure> {
        #[derive(Deserialize)]
        struct Version {
            recording: u32,
        }
        let Ok(Version { recording }) = serde_json::from_slice(self.line.trim_ascii_end()) else {
            return Err(self.unreadable("this is not the first line of a recording"));
        };
        if recording != VERSION {
            let what = format!("a recording of version {recording}; this midwatch reads version {VERSION}");
            return Err(self.unreadable(&what));
        }
        serde_json::from_slice(self.line.trim_ascii_end()).map_err(|error| self.bad_json(&error))
    }

    /// Reads a line with its end into `self.line`; `false` at the end of the file.
    fn read_line(&mut self) -> Result<bool, Failure> {
        self.line.clear();
        self.number += 1;
        loop {
            let piece = match self.from.fill_buf() {
                Ok(piece) => piece,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.fault(FailureKind::Io, None, &error.to_string())),
            };
            if piece.is_empty() {
                return Ok(!self.line.is_empty());
            }
            let end = memchr::memchr(b'\n', piece).map(|at| at + 1);
            let taken = end.unwrap_or(piece.len());
            self.line.extend(piece.iter().take(taken));
            self.from.consume(taken);
            if self.line.len() > LONGEST {
                return Err(self.unreadable(&format!("a line of more than {} MiB", LONGEST >> 20)));
            }
            if end.is_some() {
                return Ok(true);
            }
        }
    }

    fn bad_json(&self, error: &serde_json::Error) -> Failure {
        let text = error.to_string();
        // serde_json counts lines within the one line that it was given.
        let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(why, _)| why);
        self.fault(FailureKind::Unreadable, Some(error.column()), why)
    }

    fn unreadable(&self, why: &str) -> Failure {
        self.fault(FailureKind::Unreadable, None, why)
    }

    fn fault(&self, kind: FailureKind, column: Option<usize>, why: &str) -> Failure {
        let column = column.map(|column| format!(":{column}")).unwrap_or_default();
        let place = format!(":{}{column}: {why}", self.number);
        let what = RawText::from_bytes(&[self.file.as_bytes(), place.as_bytes()].concat());
        Failure { cause: Some(what.clone()), ..Failure::new(kind, what) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::update::News;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + second).unwrap()
    }

    const HEADER: &str = r#"{"recording":1,"start":"2026-11-20T02:40:00Z","sources":[{"name":"ci","kind":"jenkins","every":"PT15S","gives":["runs"]}]}"#;
    const ALIVE: &str = r#"{"update":{"source":"ci","at":"2026-11-20T02:40:15Z","news":{"alive":{}}}}"#;

    fn read(text: &[u8]) -> Result<(Vec<Item>, Option<Failure>), Failure> {
        let mut reader = Reader::new("night.rec".into(), text)?;
        let mut items = Vec::new();
        while let Some(item) = reader.next()? {
            items.push(item);
        }
        let torn = reader.torn();
        Ok((items, torn))
    }

    fn refusal(text: &str) -> String {
        let failure = read(text.as_bytes()).unwrap_err();
        failure.what.as_str().unwrap().to_owned()
    }

    #[test]
    fn a_recording_is_read_back() {
        let (items, torn) = read(format!("{HEADER}\n{ALIVE}\n").as_bytes()).unwrap();
        let Item::Update(update) = &items[0] else { panic!() };
        assert_eq!((items.len(), torn), (1, None));
        assert_eq!(update.news, News::Alive { troubles: Vec::new() });
        let header: Header = serde_json::from_str(HEADER).unwrap();
        let infos: Vec<_> = header.sources.iter().map(RecordedSource::info).collect();
        assert_eq!(infos[0].interval, Some(SignedDuration::from_secs(15)));
        assert_eq!(infos[0].gives, &[Gives::Runs]);
        assert_eq!(Header::new(header.start, &infos), header);
    }

    #[test]
    fn a_torn_last_line_is_left_out_and_counted_and_a_whole_one_without_its_end_is_kept() {
        for cut in 1..ALIVE.len() {
            let text = format!("{HEADER}\n{ALIVE}\n{}", ALIVE.get(..cut).unwrap());
            let (items, torn) = read(text.as_bytes()).unwrap();
            let said = torn.unwrap().what;
            let expected = format!("night.rec:3: the last line is incomplete: {cut} bytes left out");
            assert_eq!((items.len(), said.as_str().unwrap()), (1, expected.as_str()));
        }
        let (items, torn) = read(format!("{HEADER}\n{ALIVE}\n{ALIVE}").as_bytes()).unwrap();
        assert_eq!((items.len(), torn), (2, None));
    }

    #[test]
    fn every_other_fault_names_its_line() {
        assert_eq!(refusal(""), "night.rec:1: the file is empty: no recording");
        assert_eq!(refusal("hello\n"), "night.rec:1: this is not the first line of a recording");
        let newer = HEADER.replace(":1,", ":2,");
        assert!(refusal(&newer).ends_with("version 2; this midwatch reads version 1"));
        let nobody = r#"{"recording":1,"start":"2026-11-20T02:40:00Z","sources":[]}"#;
        assert_eq!(refusal(nobody), "night.rec:1: it names no source");
        let twice = HEADER.replace("[{", r#"[{"name":"ci","kind":"file","gives":[]},{"#);
        assert_eq!(refusal(&twice), "night.rec:1: two sources of one name");
        let stranger = ALIVE.replace("\"ci\"", "\"cd\"");
        let text = format!("{HEADER}\n{ALIVE}\n{stranger}\n");
        assert_eq!(refusal(&text), "night.rec:3: a source that line 1 does not name");
        let torn_within = format!("{HEADER}\n{}\n{ALIVE}\n", ALIVE.get(..40).unwrap());
        assert!(refusal(&torn_within).starts_with("night.rec:2:4"), "{}", refusal(&torn_within));
        let unknown = ALIVE.replace("alive", "alife");
        let said = refusal(&format!("{HEADER}\n{unknown}\n"));
        assert!(said.starts_with("night.rec:2:") && said.contains("`alife`"), "{said}");
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        use std::io::Read as _;
        let endless =
            std::io::BufReader::new(HEADER.as_bytes().chain(&b"\n"[..]).chain(std::io::repeat(b'x')));
        let failure = Reader::new("night.rec".into(), endless).unwrap().next().unwrap_err();
        assert_eq!(failure.what, "night.rec:2: a line of more than 32 MiB".into());
    }

    /// Everything that a segment says of each of its lines.
    fn told(segment: &Segment) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
        let line = |n| {
            let marks = (segment.continues(n), segment.is_stderr(n), segment.is_note(n), segment.cut_of(n));
            (RawText::from_bytes(segment.line(n)), segment.level(n), segment.time(n), marks)
        };
        (0..segment.lines()).map(line).collect()
    }

    /// What comes of a segment that is recorded, written, read and played.
    fn again(segment: Segment, builder: &mut SegmentBuilder) -> Segment {
        let item = Item::of(&Report::Segment(std::sync::Arc::new(segment))).unwrap();
        let text = serde_json::to_vec(&item).unwrap();
        let Item::Lines(lines) = serde_json::from_slice(&text).unwrap() else { panic!() };
        lines.push_to(builder);
        builder.seal().unwrap()
    }

    #[derive(Clone, Debug)]
    enum Came {
        Line(Vec<u8>, Given),
        Lost(u64),
    }

    fn came() -> impl Strategy<Value = Came> {
        let text = prop_oneof![
            proptest::collection::vec(any::<u8>().prop_filter("ends a line", |b| *b != b'\n'), 0..20),
            prop_oneof![
                Just("2026-11-20T03:11:40Z ERROR broke"),
                Just("\tat com.example.Client(Client.java:1)"),
                Just("java.lang.Error: broke"),
                Just("  2026-11-20T03:11:40Z INFO indented"),
                Just("{\"level\":\"warn\",\"msg\":\"json\"}"),
                Just(""),
            ]
            .prop_map(|text| text.as_bytes().to_vec()),
        ];
        let level = || proptest::option::of(proptest::sample::select(&Level::ALL[..]));
        let time = proptest::option::of((0_i64..1000).prop_map(at));
        let given = (level(), level(), time, any::<bool>(), any::<[bool; 2]>()).prop_map(
            |(level, or_level, time, stderr, [continues, begins])| Given {
                level,
                or_level,
                time,
                stderr,
                continues,
                begins,
            },
        );
        prop_oneof![
            9 => (text, given).prop_map(|(text, given)| Came::Line(text, given)),
            1 => (1_u64..99).prop_map(Came::Lost),
        ]
    }

    proptest! {
        #[test]
        fn lines_come_back_as_they_came(
            segments in proptest::collection::vec(proptest::collection::vec(came(), 1..6), 1..4),
        ) {
            let mut source = SegmentBuilder::new("app".into(), Zone::default());
            let mut player = SegmentBuilder::new("app".into(), Zone::default());
            for lines in segments {
                for line in lines {
                    match line {
                        Came::Line(text, given) => source.push(Line::from(text.as_slice()), given, at(0)),
                        Came::Lost(lines) => source.lose(lines, at(0)),
                    }
                }
                let segment = source.seal().unwrap();
                let (before, lost) = (told(&segment), segment.lost());
                let played = again(segment, &mut player);
                prop_assert_eq!(told(&played), before);
                prop_assert_eq!((played.lost(), played.arrival(0)), (lost, at(0)));
            }
        }
    }

    #[test]
    fn a_line_that_says_all_itself_is_recorded_as_text_alone() {
        let mut builder = SegmentBuilder::new("app".into(), Zone::default());
        for text in ["2026-11-20T03:11:40Z ERROR broke", "\tat Client.java:1", "WARN plain"] {
            builder.push(Line::from(text.as_bytes()), Given::default(), at(0));
        }
        let long = vec![b'x'; 70_000];
        builder.push(Line::from(long.as_slice()), Given::default(), at(0));
        let lines = Lines::of(&builder.seal().unwrap()).lines;
        assert!(lines[..3].iter().all(|line| matches!(line, RecordedLine::Plain(_))), "{lines:?}");
        assert!(matches!(&lines[3], RecordedLine::Told(told) if told.cut == 70_000 - 65_536));
    }
}
