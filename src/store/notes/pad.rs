//! The pad on disk: a plain file that is always whole, and a journal of what was typed since.
//!
//! The journal starts with the whole text, so that recovery needs nothing else; it knows which
//! `pad.md` it was made from, so that a change by another program is seen and kept.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::entries::MOST_FILES;
use super::found::{Found, OldPad, read_pad};
use super::left::{self, aside};
use super::padlog::{Print, Record, print};
use super::{PAD, brought};
use crate::model::note::{MOST_PAD, NoteReply};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;
use crate::store::atomic;
use crate::store::error::{StoreError, path_text, reason};
use crate::store::files::{Files, Stamp};
use crate::store::journal::{self, Journal};
use crate::store::lock::{self, Lock, Taken};

/// After a snapshot a journal longer than this is replaced by a short one.
const LONG_JOURNAL: u64 = 256 * 1024;
/// Without any snapshot it is replaced from here on.
const MOST_JOURNAL: u64 = journal::MOST_READ / 4;

#[derive(Debug)]
enum Access {
    /// Nobody turned to it here: it was not looked at.
    Untaken,
    /// Ours; the lock is kept for as long as this is.
    Held(Option<Lock>),
    /// Another console's.
    Other(RawText),
}

/// The pad, its file and its journal.
#[derive(Debug)]
pub(super) struct Pad {
    dir: PathBuf,
    stem: String,
    holder: RawText,
    access: Access,
    text: String,
    /// The number of the last accepted text, if it is not acknowledged yet.
    unsaved: Option<u64>,
    /// The text as the journal has it.
    journalled: String,
    journal: Option<Journal>,
    /// What `pad.md` holds as far as we know, and whether the journal says the same.
    disk: Option<Print>,
    disk_noted: bool,
    stamp: Option<Stamp>,
    /// A text that we tried to put into `pad.md` and that may be there.
    tried: Option<Print>,
    number: u64,
    /// Where the text of another program is that became the pad's, until nobody can have typed beside it.
    adopted: Option<PathBuf>,
    /// How its files stood when the text of another console was read.
    seen: Vec<(PathBuf, Stamp)>,
    /// Why `pad.md`, which is there, could not be read when the text was to be had from it: then there is none.
    unread: Option<SafeText>,
}

impl Pad {
    /// The pad of a folder, which nobody turned to here yet: it is left to others.
    pub(super) fn untaken(dir: &Path, stem: String, holder: RawText) -> Self {
        Self {
            dir: dir.to_owned(),
            stem,
            holder,
            access: Access::Untaken,
            text: String::new(),
            unsaved: None,
            journalled: String::new(),
            journal: None,
            disk: None,
            disk_noted: false,
            stamp: None,
            tried: None,
            number: 0,
            adopted: None,
            seen: Vec::new(),
            unread: None,
        }
    }

    /// Takes the pad if nobody has it, and recovers its text; else reads it. Once is enough.
    pub(super) fn turn(&mut self, files: &impl Files, now: Timestamp, notices: &mut Vec<SafeText>) {
        if !self.is_turned_to() {
            self.enter(files, now, notices);
        }
    }

    /// Whether somebody turned to it here.
    pub(super) fn is_turned_to(&self) -> bool {
        !matches!(self.access, Access::Untaken)
    }

    fn file(&self) -> PathBuf {
        self.dir.join(PAD)
    }

    /// The text as it was last given or found.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Who else has it.
    pub(super) fn held_by(&self) -> Option<&RawText> {
        match &self.access {
            Access::Other(who) => Some(who),
            Access::Held(_) | Access::Untaken => None,
        }
    }

    /// Why its file, which is there, cannot be read: nothing of it is known then.
    pub(super) fn unread(&self) -> Option<&SafeText> {
        self.unread.as_ref()
    }

    /// The number of its text, if that is not acknowledged yet.
    pub(super) fn unsaved(&self) -> Option<u64> {
        self.unsaved
    }

    /// Leaves it to others once its text is on the disk. Gives what another program has made of it meanwhile: then it
    /// is left the next time.
    pub(super) fn give_up(&mut self, files: &impl Files, now: Timestamp) -> Option<NoteReply> {
        let is_durable = self.unsaved.is_none() && self.text == self.journalled && !self.is_homeless();
        if !self.is_turned_to() || !is_durable {
            return None;
        }
        // Where pad.md cannot be written, its journal says it to who takes it next.
        let changed = self.snapshot(files, now).ok().flatten();
        if changed.is_none() {
            let mut left = Self::untaken(&self.dir, self.stem.clone(), self.holder.clone());
            left.number = self.number;
            left.unread.clone_from(&self.unread);
            std::mem::replace(self, left).close(files);
        }
        changed
    }

    /// While another console has the pad: takes it if it is free now. True if it is ours since, or somebody else's.
    /// While it is ours and could not be read: reads it. True if that could be done.
    pub(super) fn take_over(
        &mut self,
        files: &impl Files,
        now: Timestamp,
        notices: &mut Vec<SafeText>,
    ) -> bool {
        let Some(before) = self.held_by().cloned() else {
            let is_wanted = self.is_turned_to() && self.unread.is_some();
            if is_wanted {
                self.recover(files, now, notices);
            }
            return is_wanted && self.unread.is_none();
        };
        self.ask(files, notices);
        if let Some(who) = self.held_by() {
            return *who != before;
        }
        self.recover(files, now, notices);
        true
    }

    /// While another console has the pad: reads it if its files are not as they were. True if it says something else.
    pub(super) fn read_on(&mut self, files: &impl Files) -> bool {
        if self.held_by().is_none() {
            return false;
        }
        let there = self.standing(files);
        if there == self.seen {
            return false;
        }
        // What is wrong with them was told when somebody turned to it; what changes meanwhile is read the next time.
        let Ok(found) = Found::read(files, &self.dir, None, &mut Vec::new()) else { return false };
        self.seen = there;
        let is_news = self.unread.take().is_some() || found.text != self.text;
        self.journalled.clone_from(&found.text);
        self.text = found.text;
        is_news
    }

    /// How the files stand that the text is read from.
    fn standing(&self, files: &impl Files) -> Vec<(PathBuf, Stamp)> {
        let mut paths = files.list(&self.dir, MOST_FILES).unwrap_or_default();
        paths.retain(|path| path.ends_with(PAD) || path.extension().is_some_and(|e| e == "padlog"));
        let stamp = |path: PathBuf| files.stamp(&path).ok().flatten().map(|stamp| (path, stamp));
        paths.into_iter().filter_map(stamp).collect()
    }

    fn enter(&mut self, files: &impl Files, now: Timestamp, notices: &mut Vec<SafeText>) {
        self.ask(files, notices);
        self.recover(files, now, notices);
    }

    /// Asks for the lock of the pad.
    fn ask(&mut self, files: &impl Files, notices: &mut Vec<SafeText>) {
        self.access = match lock::take_shared(files, &self.dir.join("pad.lock"), &self.holder) {
            Taken::Mine(lock) => Access::Held(Some(lock)),
            Taken::Held(who) => Access::Other(who),
            Taken::Unsure(e) => {
                // Each console has its own journal and looks at pad.md before it writes, so two
                // writers here lose nothing; they only find each other's text later.
                notices
                    .push(safe!("the pad cannot be locked here ({}); others may write it too", reason(&e)));
                Access::Held(None)
            }
        };
    }

    /// Reads its text; where it is ours, begins our journal with that.
    fn recover(&mut self, files: &impl Files, now: Timestamp, notices: &mut Vec<SafeText>) {
        if self.held_by().is_some() {
            self.seen = self.standing(files);
        }
        let alone = matches!(self.access, Access::Held(Some(_)));
        let found = match Found::read(files, &self.dir, Some(now), notices) {
            Ok(found) => found,
            Err(e) => {
                self.unread = self.in_the_way(files);
                // That is told for as long as it lasts.
                notices.extend(self.unread.is_none().then(|| e.sentence()));
                return;
            }
        };
        self.unread = None;
        self.text.clone_from(&found.text);
        // What was found is on the disk already; there is nothing to save until something is typed.
        self.journalled.clone_from(&found.text);
        (self.disk, self.stamp, self.number) = (found.disk, found.stamp, found.number);
        if self.held_by().is_some() {
            return;
        }
        if let Some(theirs) = &found.aside {
            match self.keep_aside(files, theirs, "outside", now) {
                Ok(path) => notices.push(safe!(
                    "pad.md was changed by another program; that version is in {}",
                    path_text(&path)
                )),
                Err(e) => {
                    // Not ours to overwrite then: it stays a change that was not seen yet.
                    (self.disk, self.stamp) = (found.journal_disk, None);
                    notices.push(e.sentence());
                }
            }
        }
        if let Err(e) = self.renew(files) {
            notices.push(e.sentence());
            return;
        }
        if alone {
            self.clear(files, &found.journals, now, notices);
        }
    }

    /// Why what stands where `pad.md` belongs cannot be read, if anything does. What was in the way for a moment only is
    /// no reason.
    fn in_the_way(&self, files: &impl Files) -> Option<SafeText> {
        let path = self.file();
        files.stamp(&path).ok().flatten()?;
        read_pad(files, &path).err().map(|e| e.sentence())
    }

    /// While it is ours and could not be read: keeps a text beside it. Says where.
    pub(super) fn keep_beside(
        &self,
        files: &impl Files,
        text: &RawText,
        now: Timestamp,
    ) -> Option<Result<SafeText, StoreError>> {
        self.unread.as_ref().filter(|_| self.held_by().is_none() && !text.is_empty())?;
        let kept = self.keep_aside(files, text.as_bytes(), "left", now);
        Some(kept.map(|path| safe!("what was typed in the pad is in {}", path_text(&path))))
    }

    /// Removes journals of the dead that our own has replaced; what one of them alone has is kept.
    fn clear(&self, files: &impl Files, journals: &[OldPad], now: Timestamp, notices: &mut Vec<SafeText>) {
        for old in journals.iter().filter(|old| !old.live) {
            if !old.known {
                match self.keep_aside(files, old.text.as_bytes(), "left", now) {
                    Ok(path) => {
                        notices.push(safe!(
                            "an older console left another text of the pad: {}",
                            path_text(&path)
                        ));
                    }
                    Err(e) => {
                        notices.push(e.sentence());
                        continue;
                    }
                }
            }
            // One that stays is read and found known again at the next start.
            drop(files.remove(&old.path));
        }
    }

    fn keep_aside(
        &self,
        files: &impl Files,
        bytes: &[u8],
        what: &str,
        now: Timestamp,
    ) -> Result<PathBuf, StoreError> {
        aside(files, &self.dir, bytes, what, now)
    }

    /// Takes a new text to be saved, or says why it cannot be.
    pub(super) fn accept(&mut self, number: u64, text: &RawText) -> Result<(), SafeText> {
        match &self.access {
            Access::Held(_) => {
                if let Some(why) = &self.unread {
                    return Err(why.clone());
                }
            }
            Access::Other(who) => {
                return Err(safe!("{} has the pad; it can only be read here", clean(who)));
            }
            Access::Untaken => return Err(SafeText::literal("the pad was not opened here")),
        }
        let Some(text) = text.as_str() else {
            return Err(SafeText::literal("the pad takes UTF-8 text only"));
        };
        if text.len() > MOST_PAD {
            return Err(safe!("the pad holds {} bytes at most; this text has {}", MOST_PAD, text.len()));
        }
        // Typed before that text was seen, maybe: then it is kept.
        self.adopted = self.adopted.take().filter(|_| text == self.text);
        text.clone_into(&mut self.text);
        self.unsaved = Some(number);
        Ok(())
    }

    /// Saves the text; gives its number if it is on the disk now and was not acknowledged before.
    pub(super) fn flush(&mut self, files: &impl Files) -> Result<Option<u64>, StoreError> {
        if self.is_idle() || self.held_by().is_some() {
            return Ok(None);
        }
        let mut records = Vec::new();
        if !self.disk_noted {
            records.push(Record::Disk(self.disk));
        }
        if self.text != self.journalled {
            records.push(Record::between(&self.journalled, &self.text));
        }
        let is_good = |j: &&mut Journal| j.is_trusted() && j.len() < MOST_JOURNAL && j.is_whole();
        match self.journal.as_mut().filter(is_good) {
            Some(_) if records.is_empty() => {}
            Some(journal) => {
                let payloads = payloads(&records);
                match payloads.and_then(|p| journal.append(files, &p)) {
                    Ok(()) => {
                        self.disk_noted = true;
                        self.journalled.clone_from(&self.text);
                    }
                    // A full disk stays full; a journal that lost a write is given up for a new one.
                    Err(e) if journal.is_trusted() => {
                        return Err(StoreError::new("write", journal.path(), e));
                    }
                    Err(_) => self.renew(files)?,
                }
            }
            None => {
                self.see_gone(files);
                self.renew(files)?;
            }
        }
        Ok(self.unsaved.take())
    }

    /// Where the journal was removed, a `pad.md` that is missing too went with it: nobody emptied the pad.
    fn see_gone(&mut self, files: &impl Files) {
        if self.is_homeless() && files.stamp(&self.file()).is_ok_and(|stamp| stamp.is_none()) {
            (self.disk, self.stamp) = (None, None);
        }
    }

    /// Its journal is no longer where it was.
    pub(super) fn is_homeless(&self) -> bool {
        self.journal.as_ref().is_some_and(|j| !j.is_whole())
    }

    /// There is no journal and nothing that needs one.
    fn is_idle(&self) -> bool {
        self.journal.is_none() && self.unsaved.is_none() && self.text == self.journalled
    }

    /// Starts a new journal that holds everything, and drops ours from before.
    fn renew(&mut self, files: &impl Files) -> Result<(), StoreError> {
        let path = self.dir.join(format!("pad.{:08}.{}.padlog", self.number, self.stem));
        let records = [Record::Disk(self.disk), Record::Text(self.text.clone())];
        let made = payloads(&records).and_then(|p| Journal::create(files, &path, &p));
        // A number is used once, whatever came of it.
        self.number += 1;
        let journal = made.map_err(|e| StoreError::new("write", &path, e))?;
        if let Some(old) = self.journal.replace(journal) {
            drop(files.remove(old.path()));
        }
        self.disk_noted = true;
        self.journalled.clone_from(&self.text);
        Ok(())
    }

    /// Brings `pad.md` up to date, unless another program changed it: that text is kept beside it
    /// first and told, and `pad.md` is written the next time. Where nothing was typed since the
    /// last snapshot, the other program's text becomes ours.
    pub(super) fn snapshot(
        &mut self,
        files: &impl Files,
        now: Timestamp,
    ) -> Result<Option<NoteReply>, StoreError> {
        if self.is_idle() || self.held_by().is_some() {
            return Ok(None);
        }
        self.let_go(files);
        if let Some(changed) = self.look_outside(files, now)? {
            self.flush(files)?;
            return Ok(Some(changed));
        }
        if self.is_in_file() && self.is_ours(files) {
            return Ok(None);
        }
        let own = print(self.text.as_bytes());
        self.tried = Some(own);
        let stamp = atomic::write(files, &self.file(), self.text.as_bytes())?;
        (self.disk, self.stamp, self.tried, self.disk_noted) = (Some(own), Some(stamp), None, false);
        if self.journal.as_ref().is_none_or(|j| j.len() > LONG_JOURNAL) {
            self.renew(files)?;
        } else {
            self.flush(files)?;
        }
        Ok(None)
    }

    /// Takes away what another program wrote, once it is the pad and in its journal.
    fn let_go(&mut self, files: &impl Files) {
        let is_durable = self.text == self.journalled && !self.is_homeless();
        if let Some(path) = self.adopted.take_if(|_| is_durable) {
            // One that stays harms nothing.
            drop(files.remove(&path));
        }
    }

    /// In a shared directory who has the pad owns its file, so that their editor can write it and the others can
    /// read it.
    fn is_ours(&self, files: &impl Files) -> bool {
        match (files.share(), &self.stamp) {
            (Some(share), Some(stamp)) => share.is_right(stamp),
            _ => true,
        }
    }

    /// `pad.md` holds the text, as far as we know.
    fn is_in_file(&self) -> bool {
        self.disk == Some(print(self.text.as_bytes())) || (self.disk.is_none() && self.text.is_empty())
    }

    /// Sees a change of `pad.md` that was not ours, and keeps what is there aside.
    fn look_outside(&mut self, files: &impl Files, now: Timestamp) -> Result<Option<NoteReply>, StoreError> {
        let path = self.file();
        let failed = |e| StoreError::new("read", &path, e);
        let stamp = files.stamp(&path).map_err(failed)?;
        if stamp == self.stamp {
            return Ok(None);
        }
        let theirs = read_pad(files, &path)?;
        // The name may be ours from a snapshot that failed at its last step, or another program's:
        // what rests on it must not be gone after a power loss.
        files.sync_dir(&self.dir).map_err(failed)?;
        let there = theirs.as_deref().map(print);
        let own = Some(print(self.text.as_bytes()));
        let strange = there != self.disk && there != own && (there.is_none() || there != self.tried);
        let unedited = self.is_in_file();
        let aside = match &theirs {
            Some(bytes) if strange => Some(self.keep_aside(files, bytes, "outside", now)?),
            _ => None,
        };
        self.disk_noted &= self.disk == there;
        (self.disk, self.stamp) = (there, stamp);
        if !strange {
            return Ok(None);
        }
        if let Some(path) = aside.as_ref().filter(|_| !unedited) {
            return Ok(Some(NoteReply::PadKept(RawText::from_bytes(path.as_os_str().as_bytes()))));
        }
        if unedited {
            let theirs = theirs.unwrap_or_default();
            self.text = String::from_utf8_lossy(&theirs).into_owned();
            self.adopted = aside.filter(|_| self.text.as_bytes() == theirs);
            return Ok(Some(NoteReply::PadChanged(RawText::from(self.text.as_str()))));
        }
        // It was deleted while we have newer text: ours is written the next time.
        Ok(None)
    }

    /// Keeps the text beside the pad before another takes its place. Says where.
    pub(super) fn make_way(
        &self,
        files: &impl Files,
        now: Timestamp,
    ) -> Result<Option<SafeText>, StoreError> {
        if self.text.is_empty() || self.held_by().is_some() {
            return Ok(None);
        }
        let path = self.keep_aside(files, self.text.as_bytes(), "left", now)?;
        Ok(Some(safe!("the pad that was here before is in {}", path_text(&path))))
    }

    /// Keeps a text of elsewhere: as the pad where there is none, else beside it. Says where, if it is new here.
    pub(super) fn merge(
        &mut self,
        files: &impl Files,
        text: &RawText,
        now: Timestamp,
    ) -> Result<Option<PathBuf>, StoreError> {
        let mut notices = Vec::new();
        let found = Found::read(files, &self.dir, None, &mut notices)?;
        if text.is_empty() || found.text.as_bytes() == text.as_bytes() {
            return Ok(None);
        }
        if found.text.is_empty() {
            self.turn(files, now, &mut notices);
            if self.text.is_empty() && self.accept(0, text).is_ok() {
                self.flush(files)?;
                self.snapshot(files, now)?;
                return Ok(Some(self.file()));
            }
        }
        let Some(path) = brought::place(files, &self.dir, text.as_bytes())? else { return Ok(None) };
        atomic::write(files, &path, text.as_bytes()).map(|_| Some(path))
    }

    /// Writes the text beside the pad of another directory, for a console that ends.
    pub(super) fn rescue(&self, files: &impl Files, dir: &Path, now: Timestamp) -> Result<(), StoreError> {
        aside(files, dir, self.text.as_bytes(), "left", now).map(drop)
    }

    /// Keeps here, beside the pad, the texts of it that consoles that have ended left in another
    /// directory, and removes them there.
    pub(super) fn take_in(
        &self,
        files: &impl Files,
        dir: &Path,
        now: Timestamp,
        notices: &mut Vec<SafeText>,
    ) -> Result<(), StoreError> {
        left::take_in(files, dir, (&self.dir, &self.text), &self.holder, now, notices)
    }

    /// Leaves no journal where `pad.md` says it all. In a shared directory those of others stay, so ours stays as
    /// the newest.
    pub(super) fn close(mut self, files: &impl Files) {
        self.let_go(files);
        let all_there = self.is_in_file() && files.share().is_none();
        if let Some(journal) = self.journal {
            if all_there {
                drop(files.remove(journal.path()));
            } else {
                journal.close(files);
            }
        }
    }
}

fn payloads(records: &[Record]) -> io::Result<Vec<Vec<u8>>> {
    records.iter().map(|r| serde_json::to_vec(r).map_err(io::Error::from)).collect()
}
