//! Reads lines in their order: which begin a record, and what they come to be written in.

use std::sync::Arc;

use super::own::Own;
use super::parts::Parts;
use super::{After, Entry, Format, Formats, SAMPLE, WRAPS, plain, trace};
use crate::logs::stamp::Zone;

/// Reads the lines of a file or a stream one after the other.
#[derive(Clone, Debug)]
pub struct Reader {
    formats: Formats,
    parts: Parts,
    zone: Zone,
    before: After,
    /// Whether what the lines are written in is still found out.
    learns: bool,
    heads: u32,
    others: u32,
    /// Lines that were read while it learns, and the person's own formats that were seen.
    lines: u64,
    seen: u32,
}

impl Reader {
    /// For lines of which it is known what they are written in.
    pub fn new(formats: Formats, zone: Zone) -> Self {
        Self {
            formats,
            parts: Parts::default(),
            zone,
            before: After::Start,
            learns: false,
            heads: 0,
            others: 0,
            lines: 0,
            seen: 0,
        }
    }

    /// For lines as they come, which may change.
    pub fn live(zone: Zone) -> Self {
        Self { learns: true, ..Self::new(Formats::default(), zone) }
    }

    /// The same with the person's own formats, which go before the others.
    #[must_use]
    pub fn knowing(mut self, own: Arc<[Own]>) -> Self {
        self.formats =
            Formats { stamped: self.formats.stamped, export: self.formats.export, ..Formats::with(own) };
        self
    }

    /// What it has found out.
    pub fn formats(&self) -> &Formats {
        &self.formats
    }

    /// What the lines are written in, of which no more come.
    pub(super) fn found(self) -> Formats {
        Formats { tried: self.seen, ..self.formats }
    }

    /// Reads the next line. `now` is in milliseconds since 1970.
    pub fn read(&mut self, line: &[u8], now: i64) -> Entry {
        self.read_plain(&plain(line), now)
    }

    /// The same for a line that has no colours.
    pub fn read_plain(&mut self, line: &[u8], now: i64) -> Entry {
        self.parts.clear();
        self.formats.split(line, &mut self.parts);
        if self.learns {
            self.learn(line);
        }
        let Self { formats, parts, zone, .. } = self;
        let (starts, before) = formats.after_parts(line, parts, self.before);
        self.before = before;
        Entry { starts, head: formats.head_of(line, parts, now, zone, WRAPS) }
    }

    /// Whether the next line begins a record, for those who need nothing else of it.
    pub fn follows(&mut self, line: &[u8]) -> bool {
        let (starts, before) = self.formats.after(line, self.before);
        self.before = before;
        starts
    }

    fn learn(&mut self, line: &[u8]) {
        let format = self.parts.format;
        if !self.formats.own.is_empty() {
            self.learn_own(line, format);
        }
        if format.is_text() {
            self.heads += 1;
        } else if format != Format::Plain || trace::is_other(line) {
            self.others += 1;
        }
        // What was long ago counts less and less.
        if self.heads + self.others > 256 {
            self.heads /= 2;
            self.others /= 2;
        }
        self.formats.stamped = self.heads > 0 && self.heads >= self.others;
        self.formats.export |= line.starts_with(b"__CURSOR=");
    }

    /// Of the person's own formats those are tried that were seen; now and then all are.
    fn learn_own(&mut self, line: &[u8], found: Format) {
        self.lines += 1;
        if let Format::Own(place) = found {
            self.seen |= 1 << place;
        } else if self.lines.is_multiple_of(64) {
            let of =
                |place: &u8| self.formats.own.get(usize::from(*place)).is_some_and(|own| own.is_of(line));
            self.seen |= (0..32_u8).find(of).map_or(0, |place| 1 << place);
        }
        if self.lines >= SAMPLE as u64 {
            self.formats.tried = self.seen;
        }
    }
}
