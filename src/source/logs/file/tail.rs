//! Follows one log by its path: through growth, rotation by rename, and rotation by truncation.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::reader::{Found, Id, Position, Reader};
use super::rotated;
use crate::logs::format::own::Own;
use crate::logs::segment::{Given, Segment, SegmentBuilder};
use crate::logs::split::Splitter;
use crate::logs::stamp::Zone;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::source::logs::access;

/// Bytes read from one file before another has its turn.
const PIECE: usize = 256 * 1024;
/// How long the writer may go on with a file that was rotated away.
const LATE: SignedDuration = SignedDuration::from_secs(5);
/// How long a line may wait for its end.
const HOLD: SignedDuration = SignedDuration::from_secs(2);
/// Rotated files that are read at once.
const FEEDS: usize = 8;

/// Takes finished segments; breaks when nobody wants them any more.
pub(super) type Sink<'a> = dyn FnMut(Segment) -> ControlFlow<()> + 'a;

/// How much of the past to show at the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past {
    pub(super) lines: usize,
    pub(super) bytes: u64,
}

/// Where a tail begins.
#[derive(Clone, Debug)]
pub(super) enum Begin {
    /// With the last lines, those of rotated files included.
    Past(Past),
    /// At the start: the file is new.
    Start,
    /// Where it was left under another name.
    After(Position),
}

/// What a turn came to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Turn {
    /// Something was read.
    pub(super) active: bool,
    /// There is more to read at once.
    pub(super) more: bool,
}

/// One open file and the line that it is in.
#[derive(Debug)]
struct Feed {
    reader: Reader,
    splitter: Splitter,
    /// When bytes last came.
    fed: Timestamp,
    /// Bytes not shown since the file turned binary.
    binary: Option<u64>,
}

impl Feed {
    fn new(reader: Reader, now: Timestamp) -> Self {
        Self { reader, splitter: Splitter::default(), fed: now, binary: None }
    }

    /// Reads a piece.
    fn pump(
        &mut self,
        builder: &mut SegmentBuilder,
        buffer: &mut Vec<u8>,
        now: Timestamp,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<(), io::Result<Found>> {
        let at_start = self.reader.offset() == 0;
        let found = match self.reader.read(buffer, PIECE) {
            Ok(found) => found,
            Err(error) => return ControlFlow::Continue(Err(error)),
        };
        if let Found::Bytes { .. } = found {
            self.fed = now;
            self.take(buffer, at_start, builder, now, sink)?;
        }
        ControlFlow::Continue(Ok(found))
    }

    /// Makes lines of bytes, unless they are no text.
    fn take(
        &mut self,
        mut bytes: &[u8],
        at_start: bool,
        builder: &mut SegmentBuilder,
        now: Timestamp,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        if at_start {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            // A writer that does not append leaves a hole in front when the file is cut under it.
            let hole = bytes.iter().take_while(|&&b| b == 0).count();
            if hole > 0 {
                builder.note(&format!("{hole} NUL bytes at the start of the file are not shown"), now);
                bytes = bytes.get(hole..).unwrap_or_default();
            }
        }
        if is_binary(bytes) {
            if self.binary.is_none() {
                let at = self.reader.offset() - bytes.len() as u64;
                builder.note(&format!("binary data from byte {at} on, not shown"), now);
            }
            *self.binary.get_or_insert(self.splitter.discard()) += bytes.len() as u64;
            return ControlFlow::Continue(());
        }
        if let Some(skipped) = self.binary.take() {
            builder.note(&format!("text again; {skipped} bytes of binary data were not shown"), now);
        }
        while let Some(line) = self.splitter.next(&mut bytes) {
            builder.push(line, Given::default(), now);
            if builder.is_full() {
                seal(builder, sink)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Lets go of a line whose end has not come for long.
    fn flush(&mut self, builder: &mut SegmentBuilder, now: Timestamp) {
        if self.splitter.is_pending() && now.duration_since(self.fed) >= HOLD {
            self.finish(builder, now);
        }
    }

    fn finish(&mut self, builder: &mut SegmentBuilder, now: Timestamp) {
        if let Some(line) = self.splitter.finish() {
            builder.push(line, Given::default(), now);
        }
    }
}

/// Whether this is no text: one byte in 20 is a control character that no log has. Compressed data
/// has one in 11, in whatever encoding a text is it has none, and UTF-16 is half zeros.
fn is_binary(bytes: &[u8]) -> bool {
    // 0x01 and 0x1c to 0x1f part fields; the others are blanks, ends of lines, backspace, escape.
    let strange = |b: &&u8| matches!(b, 0 | 2..=7 | 0x0b | 0x0e..=0x1a | 0x7f);
    let count = bytes.iter().filter(strange).count();
    count >= 16 && count * 20 > bytes.len()
}

fn seal(builder: &mut SegmentBuilder, sink: &mut Sink<'_>) -> ControlFlow<()> {
    builder.seal().map_or(ControlFlow::Continue(()), sink)
}

/// Follows what is at one path.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    builder: SegmentBuilder,
    /// Until the path could be opened for the first time.
    begin: Option<Begin>,
    /// What was at the path when it was last looked at.
    live: Option<Feed>,
    /// Files that were at the path before, oldest first: read to their end before the live one.
    late: Vec<Feed>,
    /// Files that were closed but not deleted: one that comes back is not read again.
    closed: VecDeque<Position>,
    trouble: Option<Failure>,
}

impl Tail {
    /// Will follow `path`, in which stamps without a zone are of `zone`.
    pub(super) fn new(path: PathBuf, zone: Zone, formats: Arc<[Own]>, begin: Begin) -> Self {
        let name = RawText::from_bytes(path.as_os_str().as_encoded_bytes());
        let builder = SegmentBuilder::new(name, zone).knowing(formats);
        Self {
            path,
            builder,
            begin: Some(begin),
            live: None,
            late: Vec::new(),
            closed: VecDeque::new(),
            trouble: None,
        }
    }

    /// What is wrong with it now.
    pub(super) fn trouble(&self) -> Option<Failure> {
        let binary = self.live.as_ref().and_then(|feed| feed.binary);
        self.trouble.clone().or_else(|| {
            let skipped = binary?;
            let mut what = self.path.as_os_str().as_encoded_bytes().to_vec();
            what.extend_from_slice(format!(": binary data, {skipped} bytes not shown").as_bytes());
            Some(Failure::new(FailureKind::Unreadable, RawText::from_bytes(&what)))
        })
    }

    /// Whether a file is open.
    pub(super) fn is_reading(&self) -> bool {
        self.live.is_some()
    }

    /// Whether it has this file open.
    pub(super) fn has_open(&self, id: Id) -> bool {
        self.late.iter().chain(&self.live).any(|feed| feed.reader.id() == id)
    }

    /// Files that it read and closed while they still had a name.
    pub(super) fn closed(&self) -> impl Iterator<Item = &Position> {
        self.closed.iter()
    }

    /// Whether nothing is at the path any more, and what was there has been read and closed.
    pub(super) fn is_over(&self) -> bool {
        self.begin.is_none() && self.live.is_none() && self.late.is_empty()
    }

    /// Opens the path for the first time.
    fn open_first(&mut self, begin: Begin, now: Timestamp, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let opened = Reader::open(&self.path).and_then(|mut reader| match &begin {
            Begin::Start => Ok((reader, Vec::new())),
            Begin::After(position) => {
                reader.go_on_from(position);
                Ok((reader, Vec::new()))
            }
            Begin::Past(past) => {
                let (text, end) = rotated::last_lines(reader.file(), past.lines, past.bytes)?;
                reader.skip_to(end)?;
                Ok((reader, text))
            }
        });
        let (reader, text) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                // A file that comes later is new; one that may be read later has a past.
                let missing = error.kind() == io::ErrorKind::NotFound;
                self.begin = Some(if missing { Begin::Start } else { begin });
                self.trouble = Some(access::failure("open", &self.path, &error));
                return ControlFlow::Continue(());
            }
        };
        if let Begin::Past(past) = begin {
            self.read_rotated(past, &text, now, sink)?;
        }
        let mut feed = Feed::new(reader, now);
        let whole = feed.reader.offset() == text.len() as u64;
        feed.take(&text, whole, &mut self.builder, now, sink)?;
        self.live = Some(feed);
        self.trouble = None;
        seal(&mut self.builder, sink)
    }

    /// Reads what came since the last turn, at most a piece of each file.
    pub(super) fn turn(
        &mut self,
        buffer: &mut Vec<u8>,
        now: Timestamp,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<(), Turn> {
        match self.begin.take() {
            Some(begin) => self.open_first(begin, now, sink)?,
            None => self.look(now),
        }
        let mut turn = Turn::default();
        let mut cut = None;
        for (at, feed) in self.late.iter_mut().chain(&mut self.live).enumerate() {
            match feed.pump(&mut self.builder, buffer, now, sink)? {
                Ok(Found::Nothing) => feed.flush(&mut self.builder, now),
                Ok(Found::Bytes { more }) => {
                    turn = Turn { active: true, more };
                    if more {
                        break; // what came later waits
                    }
                }
                Ok(Found::Cut) => {
                    cut = Some(at);
                    turn = Turn { active: true, more: true };
                    break;
                }
                Err(error) => self.trouble = Some(access::failure("read", &self.path, &error)),
            }
        }
        if let Some(at) = cut {
            self.go_on_after_cut(at, now);
        }
        self.let_go(now);
        seal(&mut self.builder, sink)?;
        ControlFlow::Continue(turn)
    }

    /// Sees whether another file is at the path.
    fn look(&mut self, now: Timestamp) {
        let meta = match fs::metadata(&self.path) {
            Ok(meta) => meta,
            Err(error) => {
                self.trouble = Some(access::failure("open", &self.path, &error));
                if error.kind() == io::ErrorKind::NotFound {
                    // Its writer may still have it open: read on for a while.
                    self.late.extend(self.live.take().map(|feed| Feed { fed: now, ..feed }));
                }
                return;
            }
        };
        let known = self.live.as_ref().map(|feed| feed.reader.id());
        if known == Some(Id::of(&meta)) {
            self.trouble = None;
            return;
        }
        let mut reader = match Reader::open(&self.path) {
            Ok(reader) => reader,
            Err(error) => {
                self.trouble = Some(access::failure("open", &self.path, &error));
                return;
            }
        };
        self.trouble = None;
        if let Some(back) = self.late.iter().position(|feed| feed.reader.id() == reader.id()) {
            let back = self.late.remove(back);
            self.late.extend(self.live.replace(back));
            return;
        }
        if let Some(left) = self.closed.iter().rev().find(|position| position.id == reader.id()) {
            reader.go_on_from(left);
        }
        let before = self.live.take().map(|feed| Feed { fed: now, ..feed });
        let last = before.as_ref().or(self.late.last()).map(|feed| feed.reader.id());
        self.late.extend(before);
        if let Some(last) = last {
            let missed = missed(&self.path, last, reader.id());
            self.late.extend(missed.into_iter().map(|reader| Feed::new(reader, now)));
        }
        self.live = Some(Feed::new(reader, now));
    }

    /// A file was cut: what was written before and not read yet may be in its copy.
    fn go_on_after_cut(&mut self, at: usize, now: Timestamp) {
        let Some(feed) = self.late.iter_mut().chain(&mut self.live).nth(at) else { return };
        let copy = rotated::siblings(&self.path).iter().filter(|copy| !copy.packed).find_map(|copy| {
            let mut reader =
                Reader::open(&copy.path).ok().filter(|reader| reader.id() != feed.reader.id())?;
            (feed.reader.offset() > 0 && reader.go_on_from(&feed.reader.position())).then_some(reader)
        });
        if let Some(reader) = copy {
            let splitter = std::mem::take(&mut feed.splitter);
            feed.reader.rewind();
            let missed = missed(&self.path, reader.id(), feed.reader.id());
            let copy = Feed { splitter, ..Feed::new(reader, now) };
            let feeds = std::iter::once(copy).chain(missed.into_iter().map(|reader| Feed::new(reader, now)));
            let at = at.min(self.late.len());
            self.late.splice(at..at, feeds);
        } else {
            feed.finish(&mut self.builder, now);
            self.builder.note("the file was cut and is read from its start", now);
            feed.reader.rewind();
        }
    }

    /// Closes files that were rotated away and have been quiet. The last one stays open while
    /// nothing is at the path, unless it was deleted: its writer may not know.
    fn let_go(&mut self, now: Timestamp) {
        let many = self.late.len().saturating_sub(FEEDS);
        let last = if self.live.is_none() { self.late.len() } else { 0 };
        let mut at = 0;
        let Self { late, closed, builder, .. } = self;
        late.retain_mut(|feed| {
            at += 1;
            let quiet = now.duration_since(feed.fed) >= LATE;
            let keep = at > many && (!quiet || (at == last && !feed.reader.is_deleted()));
            if !keep {
                feed.finish(builder, now);
                if at == last {
                    builder.note("the file is gone; this is the last of it", now);
                }
                if !feed.reader.is_deleted() {
                    closed.push_back(feed.reader.position());
                }
                closed.drain(..closed.len().saturating_sub(FEEDS));
            }
            keep
        });
    }

    /// Gives the last lines of rotated files, as many as `text` leaves room for.
    fn read_rotated(
        &mut self,
        past: Past,
        text: &[u8],
        now: Timestamp,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let mut lines = past.lines.saturating_sub(memchr::memchr_iter(b'\n', text).count());
        let mut bytes = past.bytes.saturating_sub(text.len() as u64);
        let mut texts = Vec::new();
        for file in rotated::siblings(&self.path) {
            if lines == 0 || bytes == 0 {
                break;
            }
            match rotated::last_lines_of(&file, lines, bytes) {
                Ok(text) => {
                    lines = lines.saturating_sub(memchr::memchr_iter(b'\n', &text).count());
                    bytes = bytes.saturating_sub(text.len() as u64);
                    texts.push(text);
                }
                Err(error) => {
                    let why = format!("history ends here: {}: {error}", file.path.display());
                    self.builder.note(&why, now);
                    break;
                }
            }
        }
        for text in texts.iter().rev() {
            let mut rest = text.as_slice();
            let mut splitter = Splitter::default();
            while let Some(line) = splitter.next(&mut rest) {
                self.builder.push(line, Given::default(), now);
                if self.builder.is_full() {
                    seal(&mut self.builder, sink)?;
                }
            }
            if let Some(line) = splitter.finish() {
                self.builder.push(line, Given::default(), now);
            }
        }
        ControlFlow::Continue(())
    }
}

/// Files that came and were rotated away between two looks: newer than `last`, older than `live`.
fn missed(path: &Path, last: Id, live: Id) -> Vec<Reader> {
    let siblings = rotated::siblings(path);
    let Some(end) = siblings.iter().position(|file| file.id == last) else { return Vec::new() };
    siblings
        .iter()
        .take(end.min(FEEDS))
        .filter(|file| !file.packed && file.id != live)
        .filter_map(|file| Reader::open(&file.path).ok())
        .rev()
        .collect()
}
