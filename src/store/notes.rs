//! The record of one console on disk: its entries and the pad, durable before they show as saved. Each
//! incident has a folder of its own; what is written without one is in the shift's.
//!
//! [`Folders`] is the interface of who writes, [`write_down`] of who writes a few entries and ends, [`Shelf`] of who
//! only reads, [`Bundle`] of what is carried from one machine to another: nobody else knows where anything is or in which form.
//!
//! ```text
//! notes/                                  the shift's folder
//! team/                                   what a team tells each other without an incident
//! incidents/<id>/                         an incident's, of the same form:
//! <person>.<host>.<session>.<n>.journal   entries; each console appends to its own
//! pad.md                                  the pad, plain text, always whole
//! pad.<n>.<host>.<session>.padlog         what the pad's holder typed since
//! pad.from-<what it says>.md              a pad that was brought from elsewhere
//! pad.lock                                held by the console that may write the pad
//! pad.holder                              who that is, in a shared directory
//! <person>.<host>.<session>.here          touched while somebody looks at it
//! ```

mod brought;
mod bundle;
mod ear;
mod entries;
mod folders;
mod found;
mod here;
mod left;
mod once;
mod pad;
mod padlog;
mod places;
mod shelf;
mod stray;
mod whose;

pub use bundle::{Bundle, Merged};
pub use folders::{Folders, Told};
pub use once::write_down;
pub use shelf::Shelf;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::io::Errno;

use self::ear::Ear;
use self::entries::Entries;
use self::pad::Pad;
use super::atomic;
use super::dirs;
use super::error::{StoreError, path_text};
use super::files::Files;
use super::team;
use crate::model::note::{Entry, Folder, NoteCommand, NoteReply};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// The name of the pad's file in its folder.
pub const PAD: &str = "pad.md";

/// The console that writes.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who is at the keys.
    pub person: RawText,
    /// The host it runs on.
    pub host: RawText,
    /// Tells it from every other console; no two may have the same.
    pub id: RawText,
    /// When it started.
    pub since: Timestamp,
}

/// Writes the notes of one console. It does no more than it is told, in the caller's thread: the
/// runtime gives it a thread of its own and sends `Rest` when nobody typed for a while and, so
/// that it tries again, each few seconds while something is not saved.
#[derive(Debug)]
pub struct Writer<F> {
    files: F,
    dir: PathBuf,
    /// Where it is below a state directory.
    below: PathBuf,
    entries: Entries,
    pad: Pad,
    /// What others write beside it.
    ear: Ear,
    /// The pads that were brought from elsewhere, as it was told last.
    beside: Vec<PathBuf>,
    /// Why the pad cannot be read, as it was told last.
    unread: Option<SafeText>,
    /// Entries that another program took from the disk and that are not written anew yet.
    gone: usize,
    /// What is told when somebody turns to it.
    notices: Vec<SafeText>,
    /// Somebody who had turned to it has turned to another one since.
    is_left: bool,
    /// Why not all could be saved when it rested last. Nobody asked for that: it is told once.
    failed: Option<SafeText>,
}

impl<F: Files> Writer<F> {
    /// Opens a folder of the state directory, makes it where it is missing. A directory that cannot be
    /// used is a notice, not an error: the text is then kept in memory and each command answers why.
    pub fn open(
        files: F,
        state: &Path,
        folder: &Folder,
        session: &Session,
        now: Timestamp,
    ) -> (Self, NoteReply) {
        let below = folder.path();
        Self::open_in(files, &state.join(&below), below, session, now)
    }

    fn open_in(files: F, dir: &Path, below: PathBuf, session: &Session, now: Timestamp) -> (Self, NoteReply) {
        let mut writer = Self::begin(files, dir, below, session, now);
        let opened = writer.turn(now);
        (writer, opened)
    }

    /// Gets ready to write entries. The pad is left to who turns to it: a console that only writes down what
    /// happens must not keep it from anybody.
    fn begin(files: F, dir: &Path, below: PathBuf, session: &Session, now: Timestamp) -> Self {
        let mut notices: Vec<SafeText> = team::prepare(&files, dir).err().into_iter().collect();
        let stem = format!("{}.{}", safe_name(&session.host), safe_name(&session.id));
        let own = format!("{}.{stem}", safe_name(&session.person));
        let ear = Ear::from_now(&files, dir);
        let entries = Entries::open(&files, dir, own, &session.id, now, &mut notices);
        let holder = safe!(
            "{}@{} since {}",
            clean(&session.person),
            clean(&session.host),
            clean(&RawText::from(session.since.strftime("%H:%M:%SZ on %F").to_string()))
        );
        let pad = Pad::untaken(dir, stem, raw(&holder));
        Self {
            files,
            dir: dir.to_owned(),
            below,
            entries,
            pad,
            ear,
            beside: Vec::new(),
            unread: None,
            gone: 0,
            notices,
            is_left: false,
            failed: None,
        }
    }

    /// Somebody turns to it: the pad is taken if nobody has it.
    fn turn(&mut self, now: Timestamp) -> NoteReply {
        let mut notices = std::mem::take(&mut self.notices);
        self.pad.turn(&self.files, now, &mut notices);
        self.opened(notices)
    }

    fn opened(&mut self, notices: Vec<SafeText>) -> NoteReply {
        let entries = self.entries.all().to_vec();
        if !self.pad.is_turned_to() {
            self.notices.extend(notices);
            return NoteReply::Read(entries);
        }
        NoteReply::Opened {
            entries,
            pad: RawText::from(self.pad.text()),
            held_by: self.pad.held_by().cloned(),
            notices: notices.iter().map(raw).collect(),
        }
    }

    /// Whether something could not be saved when it was looked at last: it has to be tried again.
    pub fn is_behind(&self) -> bool {
        self.failed.is_some()
    }

    /// Does one command and says what came of it, and of anything that had failed before.
    pub fn handle(&mut self, command: NoteCommand, now: Timestamp) -> Vec<NoteReply> {
        let mut replies = Vec::new();
        let mut problem = None;
        let rest = command == NoteCommand::Rest;
        match command {
            NoteCommand::Open => {
                replies.push(self.turn(now));
                replies.extend(self.look_beside());
            }
            NoteCommand::Entry(entry) => problem = self.entries.accept(entry).err(),
            NoteCommand::Pad(number, text) => {
                if !self.pad.is_turned_to() {
                    replies.push(self.turn(now));
                    replies.extend(self.look_beside());
                }
                match self.pad.keep_beside(&self.files, &text, now) {
                    Some(Ok(kept)) => replies.extend([NoteReply::PadSaved(number), self.opened(vec![kept])]),
                    Some(Err(e)) => problem = Some(e.sentence()),
                    None => problem = self.pad.accept(number, &text).err(),
                }
            }
            NoteCommand::Rest => {
                let mut notices = Vec::new();
                if self.pad.take_over(&self.files, now, &mut notices) {
                    replies.push(self.opened(notices));
                }
                replies.extend(self.read_on());
            }
            NoteCommand::WriteTo(path, document) => {
                return vec![match self.write_to(&path, document.as_ref()) {
                    Ok(()) => NoteReply::Written(path),
                    Err(e) => NoteReply::NotSaved(raw(&e.sentence())),
                }];
            }
        }
        let gone = self.look_after();
        match self.entries.flush(&self.files) {
            Ok(saved) => {
                let gone = std::mem::take(&mut self.gone) + gone;
                if gone > 0 {
                    replies.push(NoteReply::Restored(gone, raw(&path_text(&self.dir))));
                }
                replies.extend(saved.into_iter().map(NoteReply::EntrySaved));
            }
            Err(e) => {
                let waiting = self.entries.waiting();
                self.gone += gone;
                problem = Some(safe!("{}; entries only in memory: {}", e.sentence(), waiting));
            }
        }
        match self.pad.flush(&self.files) {
            Ok(saved) => replies.extend(saved.map(NoteReply::PadSaved)),
            Err(e) => problem = Some(safe!("{}; the pad is only in memory", e.sentence())),
        }
        if rest {
            match self.pad.snapshot(&self.files, now) {
                Ok(None) => {}
                Ok(Some(changed)) => replies.push(changed),
                Err(e) => {
                    problem = problem.or(Some(safe!("{}; what was typed is in its journal", e.sentence())));
                }
            }
            let before = std::mem::replace(&mut self.failed, problem.clone());
            problem = problem.filter(|why| before.as_ref() != Some(why));
        }
        replies.extend(problem.map(|p| NoteReply::NotSaved(raw(&p))));
        replies.extend(self.look_unread());
        replies
    }

    /// What other consoles have written since it was asked last, and what was brought from elsewhere. `room` is how
    /// much of all folders may still be read, bytes.
    pub fn hear(&mut self, room: &mut u64) -> Vec<NoteReply> {
        let own = |path: &Path| self.entries.is_own(path);
        let (mut words, unheard) = self.ear.hear(&self.files, &self.dir, room, own);
        words.without(self.entries.all());
        let mut notices: Vec<SafeText> = unheard.into_iter().collect();
        let news = self.entries.hear(words.finish(&mut notices));
        let read = (!news.is_empty()).then_some(NoteReply::Read(news));
        let beside = if self.pad.is_turned_to() { self.look_beside() } else { None };
        let unheard = notices.iter().map(|why| NoteReply::Unheard(raw(why)));
        let all = read.into_iter().chain(unheard).chain(self.read_on()).chain(beside);
        all.chain(self.look_unread()).collect()
    }

    /// Leaves the pad to others where somebody turned away from it, once its text is on the disk.
    fn give_up(&mut self, now: Timestamp) -> Option<NoteReply> {
        if self.is_left { self.pad.give_up(&self.files, now) } else { None }
    }

    /// What the console that has the pad has made of it since it was looked at last.
    fn read_on(&mut self) -> Option<NoteReply> {
        self.pad.read_on(&self.files).then(|| NoteReply::Opened {
            entries: Vec::new(),
            pad: RawText::from(self.pad.text()),
            held_by: self.pad.held_by().cloned(),
            notices: Vec::new(),
        })
    }

    /// Why the pad cannot be read, or that it can, if it was not told so.
    fn look_unread(&mut self) -> Option<NoteReply> {
        let why = self.pad.unread().cloned();
        if why == self.unread {
            return None;
        }
        self.unread.clone_from(&why);
        Some(NoteReply::PadUnread(why.as_ref().map(raw)))
    }

    /// Which pads of elsewhere lie beside this one, if it was not told so.
    fn look_beside(&mut self) -> Option<NoteReply> {
        // A directory that cannot be read now takes nothing back that was told.
        let there = brought::told(&self.files, &self.dir).ok()?;
        if there == self.beside {
            return None;
        }
        self.beside = there;
        let path = |path: &PathBuf| RawText::from_bytes(path.as_os_str().as_bytes());
        Some(NoteReply::Beside(self.beside.iter().map(path).collect()))
    }

    /// Takes what this console wrote elsewhere until now: entries, and the pad if there is anything in it.
    /// A pad that is here already is kept beside it then. Removes it in these directories.
    pub fn adopt(&mut self, before: Option<Self>, places: &[PathBuf], now: Timestamp) -> Vec<NoteReply> {
        let mut notices = Vec::new();
        if let Some(before) = before {
            // What was told of the directory until now holds no longer.
            self.beside.clone_from(&before.beside);
            self.unread.clone_from(&before.unread);
            let (news, _) = self.entries.unknown(&self.files, before.entries.all().to_vec());
            for entry in news {
                notices.extend(self.entries.accept(entry).err());
            }
            let text = RawText::from(before.pad.text());
            match self.make_way(&text, now) {
                Ok(moved) => {
                    notices.extend(moved);
                    if !text.is_empty() && text != self.pad.text().into() {
                        // Where it waits for the disk, that it is saved is told of that text.
                        let number = before.pad.unsaved().unwrap_or_default();
                        match self.pad.keep_beside(&self.files, &text, now) {
                            Some(kept) => notices.push(kept.unwrap_or_else(|e| e.sentence())),
                            None => notices.extend(self.pad.accept(number, &text).err()),
                        }
                    }
                }
                // Then ours is what stands beside it.
                Err(e) => notices.push(e.sentence()),
            }
            // Its locks go: what it wrote can be taken over. What it could not write is here already.
            drop(before.close(now));
        }
        let mut replies = vec![self.opened(notices)];
        if self.pad.is_turned_to() {
            replies.extend(self.look_beside());
        }
        replies.extend(self.take_in(places, now));
        replies.extend(self.handle(NoteCommand::Rest, now));
        replies
    }

    /// Takes entries of elsewhere; gives how many are new here, and how many are here with other words.
    fn merge(&mut self, entries: Vec<Entry>) -> Result<(usize, usize), StoreError> {
        let merged = self.entries.merge(&self.files, entries);
        self.entries.flush(&self.files)?;
        Ok(merged)
    }

    /// Keeps the pad beside itself before a text takes its place that was not made from it. Says where.
    pub fn make_way(&mut self, text: &RawText, now: Timestamp) -> Result<Option<SafeText>, StoreError> {
        let is_same = text.is_empty() || *text == self.pad.text().into();
        if is_same { Ok(None) } else { self.pad.make_way(&self.files, now) }
    }

    /// Takes over what consoles left below these directories while none that lasts could be written.
    /// Gives what is known then, if anything was there.
    pub fn take_in(&mut self, places: &[PathBuf], now: Timestamp) -> Option<NoteReply> {
        let mut notices = Vec::new();
        for place in places {
            let dir = place.join(&self.below);
            if !dirs::is_own(place) || !dirs::is_own(&dir) {
                continue;
            }
            match self.entries.take_in(&self.files, &dir, now, &mut notices) {
                Ok(0) => {}
                Ok(count) => notices.push(safe!(
                    "{} in {} until now: kept on the disk from here on",
                    written(count, false),
                    path_text(&dir)
                )),
                Err(e) => {
                    notices.push(safe!("{}; the notes in {} stay there", e.sentence(), path_text(&dir)));
                }
            }
            if let Err(e) = self.pad.take_in(&self.files, &dir, now, &mut notices) {
                notices.push(safe!("{}; the pad in {} stays there", e.sentence(), path_text(&dir)));
            }
        }
        (!notices.is_empty()).then(|| self.opened(notices))
    }

    /// At the end: saves, and writes what cannot be saved here below a directory that lasts, or the first of those
    /// in memory that takes it. Gives why, and where it is; `None`: everything is saved.
    pub fn rescue(&mut self, lasting: Option<&Path>, memory: &[PathBuf], now: Timestamp) -> Option<SafeText> {
        self.look_after();
        let entries = self.entries.flush(&self.files).err();
        let pad = self.pad.flush(&self.files).err();
        let with_pad = pad.is_some();
        let why = entries.or(pad)?.sentence();
        let what = written(self.entries.waiting(), with_pad);
        let places = lasting
            .into_iter()
            .map(|place| (place, ""))
            .chain(memory.iter().map(|place| (place.as_path(), ", which is lost on reboot")));
        for (place, lasts) in places {
            let dir = place.join(&self.below);
            let ready = dirs::prepare(place).and_then(|()| dirs::prepare(&dir));
            let put = || {
                self.entries.rescue(&self.files, &dir)?;
                if with_pad { self.pad.rescue(&self.files, &dir, now) } else { Ok(()) }
            };
            if ready.is_ok() && put().is_ok() {
                return Some(safe!(
                    "{}; {} in {}{}; the next start takes that over",
                    why,
                    what,
                    path_text(&dir),
                    SafeText::literal(lasts)
                ));
            }
        }
        Some(safe!("{}; {} lost: no other directory could be written", why, what))
    }

    /// Sees whether the files are still there. Gives how many entries are in none any more.
    fn look_after(&mut self) -> usize {
        let gone = self.entries.look_after(&self.files);
        if self.entries.is_homeless() || self.pad.is_homeless() {
            // The directory may have come back or been removed; where it cannot be used, saving says so.
            drop(team::prepare(&self.files, &self.dir));
        }
        gone
    }

    /// The last thing before the end: saves what is left and gives back what was kept ahead. The
    /// error says what is lost.
    pub fn close(mut self, now: Timestamp) -> Result<(), StoreError> {
        self.look_after();
        let entries = self.entries.flush(&self.files).map(|_| ());
        let pad = self.pad.flush(&self.files).and_then(|_| self.pad.snapshot(&self.files, now)).map(|_| ());
        self.entries.close(&self.files);
        self.pad.close(&self.files);
        entries.and(pad)
    }

    /// Writes entries and pad to a new file, for a disk or a home that fails.
    fn write_to(&self, path: &RawText, document: Option<&RawText>) -> Result<(), StoreError> {
        let path = Path::new(OsStr::from_bytes(path.as_bytes()));
        let failed = |e| StoreError::new("write", path, e);
        if self.files.stamp(path).map_err(failed)?.is_some() {
            return Err(failed(Errno::EXIST.into()));
        }
        if let Some(document) = document {
            return atomic::write(&self.files, path, document.as_bytes()).map(|_| ());
        }
        let mut text = "# Entries\n\n".to_owned();
        for Entry { at, person, text: line, .. } in self.entries.all() {
            let when = at.strftime("%F %H:%M:%SZ");
            for part in
                ["- ", &when.to_string(), " ", clean(person).as_str(), ": ", clean(line).as_str(), "\n"]
            {
                text.push_str(part);
            }
        }
        text.push_str("\n# Pad\n\n");
        text.push_str(self.pad.unread().map_or(self.pad.text(), SafeText::as_str));
        atomic::write(&self.files, path, text.as_bytes()).map(|_| ())
    }
}

/// "1 note is", "2 notes and the pad are".
fn written(notes: usize, pad: bool) -> SafeText {
    match (notes, pad) {
        (0, _) => "the pad is".into(),
        (1, false) => "1 note is".into(),
        (1, true) => "1 note and the pad are".into(),
        (_, false) => safe!("{} notes are", notes),
        (_, true) => safe!("{} notes and the pad are", notes),
    }
}

fn raw(text: &SafeText) -> RawText {
    RawText::from(text.as_str())
}

/// A name's letters, digits, `_` and `-`, at most 40; the rest becomes `_`. `.` parts the names.
fn safe_name(name: &RawText) -> String {
    let kept =
        |b: &u8| if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-') { char::from(*b) } else { '_' };
    let name: String = name.as_bytes().iter().take(40).map(kept).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// A time for a file name.
pub(super) fn file_time(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%S%3fZ").to_string()
}

#[cfg(test)]
mod tests;
