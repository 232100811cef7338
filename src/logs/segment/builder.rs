//! Puts the lines of a stream or of a piece of a file into segments.

use std::sync::Arc;

use jiff::Timestamp;

use super::{AHEAD, CONTINUES, LEVEL, NOTE, Odd, STDERR, Segment, TIMED};
use super::{arrived, by_time, reach, tally};
use crate::logs::format::own::Own;
use crate::logs::format::{Format, Formats, Reader};
use crate::logs::level::Level;
use crate::logs::piece::without_end;
use crate::logs::split::{LINE_LIMIT, Line};
use crate::logs::stamp::Zone;
use crate::model::text::RawText;

/// Lines of a batch: a full one is sealed (or after 50 ms, which the worker's clock says).
pub(super) const BATCH_LINES: usize = 512;
/// Bytes of a batch, for streams of long lines.
pub(super) const BATCH_BYTES: usize = 256 * 1024;
/// A line without a time takes that of the line before it, unless it came so much later.
const SAME: i64 = 5000;
/// A line that is further behind those before it is late; less is how threads write.
const LATE: i64 = 1000;

/// What a source knows of a line that the line itself may not say.
#[derive(Clone, Copy, Default, Debug)]
pub struct Given {
    /// Instead of the level in the line.
    pub level: Option<Level>,
    /// The level if the line does not say one.
    pub or_level: Option<Level>,
    /// Instead of the time in the line.
    pub time: Option<Timestamp>,
    /// The line came from a command's standard error.
    pub stderr: bool,
    /// The line goes on with the record before it.
    pub continues: bool,
    /// The line begins a record, whatever is before it.
    pub begins: bool,
}

/// Builds the segments of one stream, one after the other.
#[derive(Debug)]
pub struct SegmentBuilder {
    stream: RawText,
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    marks: Vec<u8>,
    times: Vec<i64>,
    odd: Vec<(u32, Odd)>,
    arrivals: Vec<(u32, i64)>,
    cuts: Vec<(u32, u64)>,
    levels: [u32; Level::ALL.len()],
    lost: u64,
    /// Effective time and arrival of the last line that says a time.
    said: Option<(i64, i64)>,
    /// Arrivals are nothing to go by.
    in_file: bool,
    /// They are when the file was last written to.
    lain: bool,
    /// The highest effective time so far.
    newest: i64,
    /// Level of the record that a line may go on with; `None` before the first.
    record: Option<Level>,
}

impl SegmentBuilder {
    /// A builder for a stream whose stamps without a zone are of `zone`.
    pub fn new(stream: RawText, zone: Zone) -> Self {
        Self {
            stream,
            reader: Reader::live(zone),
            bytes: Vec::new(),
            ends: Vec::new(),
            marks: Vec::new(),
            times: Vec::new(),
            odd: Vec::new(),
            arrivals: Vec::new(),
            cuts: Vec::new(),
            levels: [0; Level::ALL.len()],
            lost: 0,
            said: None,
            in_file: false,
            lain: false,
            newest: i64::MIN,
            record: None,
        }
    }

    /// The same, which reads the person's own formats too.
    #[must_use]
    pub fn knowing(mut self, own: Arc<[Own]>) -> Self {
        self.reader = self.reader.knowing(own);
        self
    }

    /// The same, for lines that lay in a file: each comes when that was last written to.
    #[must_use]
    pub fn lain(mut self) -> Self {
        self.lain = true;
        self
    }

    /// The same, for lines of which it is known what they are written in.
    #[must_use]
    pub(in crate::logs) fn of_formats(mut self, formats: &Formats, zone: &Zone) -> Self {
        self.reader = Reader::new(formats.clone(), zone.clone());
        self
    }

    /// The lines of a piece of a file, which has lain there for long: `modified` is after all that
    /// stands in it. A line without a time takes that of the line before it however long that is
    /// ago, and one ahead of `modified` too; those before the first that says one take its.
    pub fn of_file(
        stream: RawText,
        zone: &Zone,
        formats: &Formats,
        bytes: &[u8],
        modified: Timestamp,
    ) -> Option<Segment> {
        Self::of_file_after(None, stream, zone, formats, bytes, modified)
    }

    /// The same; those before the first that says a time take that `before` them, where it is known.
    pub fn of_file_after(
        before: Option<i64>,
        stream: RawText,
        zone: &Zone,
        formats: &Formats,
        bytes: &[u8],
        modified: Timestamp,
    ) -> Option<Segment> {
        let mut builder = Self::new(stream, zone.clone()).of_formats(formats, zone).lain();
        builder.in_file = true;
        let latest = modified.as_millisecond();
        let lines = || {
            let mut rest = bytes;
            std::iter::from_fn(move || {
                let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |lf| lf + 1);
                let (line, later) = rest.split_at_checked(end).filter(|(line, _)| !line.is_empty())?;
                rest = later;
                Some(without_end(line))
            })
        };
        let mut zone = zone.clone();
        let first = || {
            lines().find_map(|line| {
                formats.head(line, latest, &mut zone).time.filter(|time| *time <= latest + AHEAD)
            })
        };
        builder.said = Some((before.or_else(first).unwrap_or(latest), latest));
        for line in lines() {
            builder.push(Line::from(line), Given::default(), modified);
        }
        builder.seal()
    }

    /// Adds a line that came at `now`. Seal before adding to a full builder.
    pub fn push(&mut self, line: Line<'_>, given: Given, now: Timestamp) {
        let arrival = now.as_millisecond();
        let entry = self.reader.read(line.bytes, arrival);
        let head = entry.head;
        let time = given.time.map(Timestamp::as_millisecond).or(head.time);
        let said = Some(head.level).filter(|level| *level != Level::Unknown);
        let mut level = given.level.or(said).or(given.or_level).unwrap_or_default();
        let mut mark = if given.stderr { STDERR } else { 0 };
        if let Some(record) = self.record
            && (given.continues
                || !(entry.starts || given.begins || given.level.is_some() || given.time.is_some()))
        {
            // The journal's export has a line for each field.
            if record != Level::Unknown || head.format != Format::Journal {
                level = record;
            }
            mark |= CONTINUES;
        }
        self.record = Some(level);
        self.add(line, mark | level as u8, time, arrival);
    }

    /// Adds a line of midwatch's own about the stream.
    pub fn note(&mut self, text: &str, now: Timestamp) {
        self.add(Line::from(text.as_bytes()), NOTE, None, now.as_millisecond());
    }

    /// Counts lines as dropped; nothing is added that says so.
    pub fn miss(&mut self, lines: u64) {
        self.lost += lines;
    }

    /// Says that `lines` lines had to be dropped here.
    pub fn lose(&mut self, lines: u64, now: Timestamp) {
        self.miss(lines);
        let noun = if lines == 1 { "line" } else { "lines" };
        self.note(&format!("{lines} {noun} dropped here: they came faster than they could be taken"), now);
    }

    /// Whether it is time to seal, by lines or bytes.
    pub fn is_full(&self) -> bool {
        self.ends.len() >= BATCH_LINES || self.bytes.len() >= BATCH_BYTES
    }

    /// Whether there is nothing to seal.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The lines so far as a segment, if there are any; the builder goes on with the next.
    pub fn seal(&mut self) -> Option<Segment> {
        if self.is_empty() {
            return None;
        }
        // Exact copies, and the builder keeps its room for the next batch.
        let segment = Segment {
            source: RawText::default(),
            stream: self.stream.clone(),
            bytes: self.bytes.as_slice().into(),
            ends: self.ends.as_slice().into(),
            marks: self.marks.as_slice().into(),
            order: by_time(&self.times),
            reach: reach(&self.times),
            times: self.times.as_slice().into(),
            odd: self.odd.as_slice().into(),
            arrivals: self.arrivals.as_slice().into(),
            cuts: self.cuts.as_slice().into(),
            unread: 0,
            levels: self.levels,
            tally: Arc::new(tally(&self.times, &self.marks)),
            escapes: memchr::memchr(0x1b, &self.bytes).is_some(),
            lain: self.lain,
            lost: self.lost,
            formats: self.reader.formats().clone(),
        };
        self.bytes.clear();
        self.ends.clear();
        self.marks.clear();
        self.times.clear();
        self.odd.clear();
        self.arrivals.clear();
        self.cuts.clear();
        self.levels = [0; Level::ALL.len()];
        self.lost = 0;
        Some(segment)
    }

    fn add(&mut self, line: Line<'_>, mut mark: u8, said: Option<i64>, arrival: i64) {
        let index = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let time = match (said, self.said) {
            (Some(said), before) if said > arrival + AHEAD => {
                self.odd.push((index, Odd::Ahead(said)));
                before.filter(|_| self.in_file).map_or(arrival, |(before, _)| before)
            }
            (Some(said), _) => said,
            (None, Some((before, came))) if mark & CONTINUES != 0 || arrival - came <= SAME => before,
            (None, _) => arrival,
        };
        if said.is_some() {
            mark |= TIMED;
            self.said = Some((time, arrival));
            if said == Some(time) && time < self.newest.saturating_sub(LATE) {
                self.odd.push((index, Odd::Late(self.newest - time)));
            }
        }
        self.newest = self.newest.max(time);
        let kept = line.bytes.get(..LINE_LIMIT).unwrap_or(line.bytes);
        self.bytes.extend_from_slice(kept);
        self.bytes.push(b'\n');
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.marks.push(mark);
        self.times.push(time);
        arrived(&mut self.arrivals, index, arrival);
        let cut = line.cut + (line.bytes.len() - kept.len()) as u64;
        if cut > 0 {
            self.cuts.push((index, cut));
        }
        if let Some(count) = self.levels.get_mut(usize::from(mark & LEVEL)) {
            *count += 1;
        }
    }
}
