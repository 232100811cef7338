//! Follows one log by its path: through growth, rotation by rename, and rotation by truncation.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use super::feed::{Feed, Left, Sink, seal};
use super::reader::{Found, Id, Position, Reader};
use super::rotated;
use crate::logs::format::own::Own;
use crate::logs::segment::{Given, SegmentBuilder};
use crate::logs::split::Splitter;
use crate::logs::stamp::Zone;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::source::logs::access;

/// How long the writer may go on with a file that was rotated away.
const LATE: SignedDuration = SignedDuration::from_secs(5);
/// Rotated files that are open at once.
const FEEDS: usize = 8;
/// Rotated files that wait for being opened.
const WAITING: usize = 1024;
/// How often a rotated file is looked for: it may be renamed meanwhile.
const TRIES: usize = 3;

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

/// A rotated file that is opened when others before it are read.
#[derive(Debug)]
struct Waiting {
    position: Position,
    /// Bytes not read when it was last seen.
    rest: u64,
    splitter: Splitter,
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
    /// Files that came after those and before the live one, which is not read before they are.
    waiting: VecDeque<Waiting>,
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
            waiting: VecDeque::new(),
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

    /// The file at the path, if that is all there is to look at: nothing is wrong with it, and none from
    /// before it is read still.
    pub(super) fn alone(&self) -> Option<&Reader> {
        let alone = self.trouble.is_none() && self.late.is_empty() && self.waiting.is_empty();
        self.live.as_ref().filter(|_| alone).map(|feed| &feed.reader)
    }

    #[cfg(test)]
    pub(super) fn open_files(&self) -> usize {
        self.late.len() + usize::from(self.live.is_some())
    }

    /// Whether it has this file open, or will open it.
    pub(super) fn has_open(&self, id: Id) -> bool {
        self.late.iter().chain(&self.live).any(|feed| feed.reader.id() == id)
            || self.waiting.iter().any(|waiting| waiting.position.id == id)
    }

    /// Files that it read and closed while they still had a name.
    pub(super) fn closed(&self) -> impl Iterator<Item = &Position> {
        self.closed.iter()
    }

    /// Whether nothing is at the path any more, and what was there has been read and closed.
    pub(super) fn is_over(&self) -> bool {
        self.begin.is_none() && self.live.is_none() && self.late.is_empty() && self.waiting.is_empty()
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
        self.open_waiting(now);
        let mut turn = Turn::default();
        let mut cut = None;
        self.late.iter_mut().for_each(|feed| feed.left = Left::More);
        let live = self.live.as_mut().filter(|_| self.waiting.is_empty());
        for (at, feed) in self.late.iter_mut().chain(live).enumerate() {
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
        // One has become free.
        turn.more |= !self.waiting.is_empty() && self.late.len() < FEEDS;
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
                    self.retire(now);
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
        let back = self.waiting.iter().position(|waiting| waiting.position.id == reader.id());
        let live = if let Some(back) = back.and_then(|back| self.waiting.remove(back)) {
            reader.go_on_from(&back.position);
            Feed { splitter: back.splitter, ..Feed::new(reader, now) }
        } else {
            if let Some(left) = self.closed.iter().rev().find(|position| position.id == reader.id()) {
                reader.go_on_from(left);
            }
            Feed::new(reader, now)
        };
        let last = self.live.as_ref().or(self.late.last());
        let last = match self.waiting.back().filter(|_| self.live.is_none()) {
            Some(waiting) => Some((waiting.position.id, None)),
            None => last.map(|feed| (feed.reader.id(), feed.reader.changed_if_deleted())),
        };
        self.retire(now);
        if let Some((last, deleted)) = last {
            let missed = self.missed(last, deleted, live.reader.id());
            self.waiting.extend(missed);
        }
        self.live = Some(live);
    }

    /// Puts the live file behind those that were rotated away before it.
    fn retire(&mut self, now: Timestamp) {
        let Some(feed) = self.live.take() else { return };
        if self.waiting.is_empty() {
            self.late.push(Feed { fed: now, ..feed });
        } else {
            self.waiting.push_back(park(feed));
        }
    }

    /// Opens files that wait, in their order and as many as may be open.
    fn open_waiting(&mut self, now: Timestamp) {
        let (mut files, mut bytes) = (0, 0);
        while self.waiting.len() > WAITING {
            files += 1;
            bytes += self.waiting.pop_back().map_or(0, |waiting| waiting.rest);
        }
        let mut siblings = Vec::new();
        while self.late.len() < FEEDS
            && let Some(waiting) = self.waiting.pop_front()
        {
            let id = waiting.position.id;
            let opened = (0..=TRIES).find_map(|attempt| {
                if attempt > 0 {
                    siblings = rotated::siblings(&self.path);
                }
                let file = siblings.iter().find(|file| file.id == id)?;
                Reader::open(&file.path).ok().filter(|reader| reader.id() == id)
            });
            let same = opened.map(|mut reader| (reader.go_on_from(&waiting.position), reader));
            if !same.as_ref().is_some_and(|(same, _)| *same) && waiting.rest > 0 {
                files += 1;
                bytes += waiting.rest;
            }
            let Some((same, reader)) = same else { continue };
            let splitter = if same { waiting.splitter } else { Splitter::default() };
            self.late.push(Feed { splitter, ..Feed::new(reader, now) });
        }
        if files > 0 {
            let what = format!("rotated files gone before their turn: {files}, {bytes} bytes not shown");
            self.builder.note(&what, now);
        }
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
            let binary = feed.binary.take();
            feed.reader.rewind();
            let id = feed.reader.id();
            let missed = self.missed(reader.id(), None, id);
            let copy = Feed { splitter, binary, ..Feed::new(reader, now) };
            let at = at.min(self.late.len());
            if !missed.is_empty() {
                // They come between the copy and what was cut.
                let after = self.late.split_off(at).into_iter().map(park);
                let waiting = std::mem::take(&mut self.waiting);
                self.waiting = missed.into_iter().chain(after).chain(waiting).collect();
            }
            self.late.insert(at, copy);
        } else {
            feed.finish(&mut self.builder, now);
            self.builder.note("the file was cut and is read from its start", now);
            feed.reader.rewind();
        }
    }

    /// Closes files that were rotated away, were read to their end and have been quiet, or make
    /// room for others. The last one stays open while nothing is at the path, unless it was
    /// deleted: its writer may not know.
    fn let_go(&mut self, now: Timestamp) {
        let many = (self.late.len() + self.waiting.len()).saturating_sub(FEEDS);
        let is_last = self.live.is_none() && self.waiting.is_empty();
        let last = if is_last { self.late.len() } else { 0 };
        let mut at = 0;
        let Self { late, closed, builder, .. } = self;
        late.retain_mut(|feed| {
            at += 1;
            let quiet = now.duration_since(feed.fed) >= LATE && (at != last || feed.reader.is_deleted());
            let close = match feed.left {
                Left::More => false,
                Left::Nothing => quiet || (at <= many && at != last),
                Left::Unreadable(_) => quiet,
            };
            if close {
                feed.finish(builder, now);
                if let Left::Unreadable(why) = feed.left {
                    let rest = feed.reader.rest();
                    builder.note(&format!("{rest} bytes of a rotated file could not be read: {why}"), now);
                }
                if at == last {
                    builder.note("the file is gone; this is the last of it", now);
                }
                if !feed.reader.is_deleted() {
                    closed.push_back(feed.reader.position());
                }
                closed.drain(..closed.len().saturating_sub(FEEDS));
            }
            !close
        });
        while self.late.len() > FEEDS
            && let Some(feed) = self.late.pop()
        {
            self.waiting.push_front(park(feed));
        }
    }

    /// Files that came and were rotated away between two looks, oldest first: newer than `last`,
    /// older than `live`. If `last` was `deleted`, which has no place among them any more, newer
    /// than its last change.
    fn missed(&self, last: Id, deleted: Option<SystemTime>, live: Id) -> Vec<Waiting> {
        let siblings = rotated::siblings(&self.path);
        let place = siblings.iter().position(|file| file.id == last);
        let end = place.or_else(|| {
            let deleted = deleted?;
            Some(siblings.iter().take_while(|file| file.changed > deleted).count())
        });
        let newer = siblings.iter().take(end.unwrap_or_default());
        newer
            .filter(|file| !file.packed && file.id != live && !self.has_open(file.id))
            .map(|file| {
                let closed = self.closed.iter().rev().find(|position| position.id == file.id);
                let rest = if closed.is_some() { 0 } else { file.length };
                let position = closed.cloned().unwrap_or(Position::start(file.id));
                Waiting { position, rest, splitter: Splitter::default() }
            })
            .rev()
            .collect()
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

/// Closes a file until its turn comes.
fn park(feed: Feed) -> Waiting {
    Waiting { position: feed.reader.position(), rest: feed.reader.rest(), splitter: feed.splitter }
}
