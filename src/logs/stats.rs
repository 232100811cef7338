//! What a file of lines comes to: how many, of which levels, from when to when.

use jiff::Timestamp;

use super::format::{Format, Formats, Head, Reader};
use super::level::Level;
use super::piece::{Piece, without_end};
use super::stamp::Zone;

/// Counts over lines, which add up whatever pieces they come in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Lines as a person counts them: the last one may have no end.
    pub lines: u64,
    /// Entries: a line and those that go on with it.
    pub records: u64,
    /// Bytes, ends of lines included.
    pub bytes: u64,
    /// Bytes of lines that are too long and were not looked at.
    pub cut: u64,
    /// Records by level, in the order of [`Level::ALL`].
    pub levels: [u64; Level::ALL.len()],
    /// Records by format, in the order of [`Format::index`].
    pub formats: Vec<u64>,
    /// Earliest time of a record, in milliseconds since 1970.
    first: Option<i64>,
    last: Option<i64>,
}

impl Stats {
    /// Counts the lines of a piece of whole records. Stamps without a zone are of `zone`; `now` settles
    /// their year.
    pub fn of(piece: &Piece<'_>, formats: &Formats, zone: &Zone, now: Timestamp) -> Self {
        let now = now.as_millisecond();
        let mut stats =
            Self { bytes: piece.bytes.len() as u64 + piece.cut, cut: piece.cut, ..Self::default() };
        let mut reader = Reader::new(formats.clone(), zone.clone());
        let coloured = memchr::memchr(0x1b, piece.bytes).is_some();
        let mut record = Head::default();
        // Most lines are of the format of the one before.
        let mut run = (Format::Plain, 0);
        let mut rest = piece.bytes;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest.get(..end).unwrap_or_default();
            rest = rest.get(end + 1..).unwrap_or_default();
            stats.lines += 1;
            let line = without_end(line);
            let entry = if coloured { reader.read(line, now) } else { reader.read_plain(line, now) };
            if entry.starts {
                if stats.lines > 1 {
                    stats.record(record, &mut run);
                }
                record = entry.head;
            } else if entry.head.format == Format::Journal {
                // Its export has a line for each field.
                record.level = record.level.max(entry.head.level);
                record.time = record.time.or(entry.head.time);
            }
        }
        if stats.lines > 0 {
            stats.record(record, &mut run);
            stats.count(run);
        }
        stats
    }

    fn record(&mut self, head: Head, run: &mut (Format, u64)) {
        self.records += 1;
        if let Some(count) = self.levels.get_mut(head.level as usize) {
            *count += 1;
        }
        if head.format != run.0 {
            self.count(std::mem::replace(run, (head.format, 0)));
        }
        run.1 += 1;
        self.see(head.time, head.time);
    }

    fn count(&mut self, (format, records): (Format, u64)) {
        self.formats.resize(Format::MOST, 0);
        if let Some(count) = self.formats.get_mut(format.index()) {
            *count += records;
        }
    }

    /// Adds what another piece comes to.
    pub fn add(&mut self, other: &Self) {
        self.lines += other.lines;
        self.records += other.records;
        self.bytes += other.bytes;
        self.cut += other.cut;
        for (sum, count) in self.levels.iter_mut().zip(other.levels) {
            *sum += count;
        }
        self.formats.resize(Format::MOST, 0);
        for (sum, count) in self.formats.iter_mut().zip(&other.formats) {
            *sum += count;
        }
        self.see(other.first, other.last);
    }

    /// The earliest time of a record.
    pub fn first(&self) -> Option<Timestamp> {
        self.first.and_then(|millis| Timestamp::from_millisecond(millis).ok())
    }

    /// The latest time of a record.
    pub fn last(&self) -> Option<Timestamp> {
        self.last.and_then(|millis| Timestamp::from_millisecond(millis).ok())
    }

    fn see(&mut self, first: Option<i64>, last: Option<i64>) {
        self.first = [self.first, first].into_iter().flatten().min();
        self.last = [self.last, last].into_iter().flatten().max();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats_in(text: &str, formats: &Formats) -> Stats {
        let piece = Piece { offset: 0, bytes: text.as_bytes(), cut: 0, ended_early: false };
        Stats::of(&piece, formats, &Zone::default(), "2026-11-22T04:00:00Z".parse().unwrap())
    }

    fn stats(text: &str) -> Stats {
        stats_in(text, &Formats::detect(text.as_bytes(), &std::sync::Arc::default()))
    }

    #[test]
    fn lines_that_go_on_with_a_record_are_of_it() {
        let text = "\
2026-11-22T03:12:02Z ERROR broke
\tat Foo.java:1

2026-11-22T03:12:01Z INFO went on";
        let found = stats(text);
        assert_eq!((found.lines, found.records, found.bytes), (4, 2, text.len() as u64));
        let count = |level: Level| found.levels[level as usize];
        assert_eq!([Level::Error, Level::Info, Level::Unknown].map(count), [1, 1, 0]);
        assert_eq!(found.formats[Format::Dated.index()], 2);
        let times = [found.first(), found.last()].map(|at| at.unwrap().to_string());
        assert_eq!(times, ["2026-11-22T03:12:01Z", "2026-11-22T03:12:02Z"]);
    }

    #[test]
    fn pieces_add_up_to_the_whole() {
        let text = "a\n  b\n2026-11-22T03:12:02Z WARN c\n\nERROR d\n\te\nx.yError: z\n2026-11-22T03:12:01Z f";
        let formats = Formats::detect(text.as_bytes(), &std::sync::Arc::default());
        for (at, _) in text.match_indices('\n') {
            let (front, rest) = text.split_at(at + 1);
            let before = front.lines().rev().find(|line| !line.is_empty()).map(str::as_bytes);
            if formats.begins(before, rest.lines().next().unwrap().as_bytes()) {
                let mut sum = stats_in(front, &formats);
                sum.add(&stats_in(rest, &formats));
                assert_eq!(sum, stats(text), "{at}");
            }
        }
        assert_eq!((stats("").lines, stats("").first()), (0, None));
    }
}
