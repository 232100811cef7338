//! The timeline's entries on disk: one journal per console, read together at the start.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::file_time;
use super::whose::Words;
use crate::model::note::{Entry, merge};
use crate::model::text::{RawText, SafeText};
use crate::safe;
use crate::store::error::{StoreError, path_text};
use crate::store::files::Files;
use crate::store::journal::{self, Journal};

/// One entry's text, bytes.
const MOST_TEXT: usize = 64 * 1024;
/// One entry as it is written, bytes: more than its text and its evidence can become.
pub(super) const MOST_RECORD: usize = 1024 * 1024;
/// Entries that wait in memory for a disk that takes them.
const MOST_WAITING: usize = 10_000;
/// Names looked at in the directory, and bytes of journals read, at the start.
pub(super) const MOST_FILES: usize = 20_000;
pub(super) const MOST_READ: u64 = 64 * 1024 * 1024;
/// A journal is followed by another from here on, so that each can be read back.
const MOST_JOURNAL: u64 = journal::MOST_READ / 4;

/// The entries that this console knows, and the journal that it writes.
#[derive(Debug)]
pub(super) struct Entries {
    dir: PathBuf,
    stem: String,
    /// This console: only its own entries are acknowledged to it.
    session: RawText,
    /// The last journal's number; a new one never takes an old one's name.
    number: u32,
    journal: Option<Journal>,
    waiting: Vec<Entry>,
    all: Vec<Entry>,
    /// Numbers of what is on the disk and was not acknowledged yet.
    saved: Vec<u64>,
}

impl Entries {
    /// Reads all journals in `dir` and starts our own, so that there is room for it even when the
    /// disk fills up later.
    pub(super) fn open(
        files: &impl Files,
        dir: &Path,
        stem: String,
        session: &RawText,
        now: Timestamp,
        notices: &mut Vec<SafeText>,
    ) -> Self {
        Self::open_within(files, dir, stem, session, MOST_READ, now, notices)
    }

    fn open_within(
        files: &impl Files,
        dir: &Path,
        stem: String,
        session: &RawText,
        most: u64,
        now: Timestamp,
        notices: &mut Vec<SafeText>,
    ) -> Self {
        let all = read_within(files, dir, most, Some(now), notices);
        let mut entries = Self {
            dir: dir.to_owned(),
            stem,
            session: session.clone(),
            number: 0,
            journal: None,
            waiting: Vec::new(),
            all,
            saved: Vec::new(),
        };
        if let Err(e) = entries.renew(files, &[]) {
            notices.push(e.sentence());
        }
        entries
    }

    /// Everything known, in order, what is not saved too.
    pub(super) fn all(&self) -> &[Entry] {
        &self.all
    }

    /// How many entries are only in memory.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Knows only what this console wrote and is not saved, from here on; gives all that it knew.
    pub(super) fn only_own(&mut self) -> Vec<Entry> {
        self.waiting.retain(|entry| entry.session == self.session);
        std::mem::replace(&mut self.all, self.waiting.clone())
    }

    /// Whether a journal is one of this console's.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix(&self.stem).is_some_and(|rest| rest.starts_with('.'))
    }

    /// Takes what other consoles have written; gives what of it is new.
    pub(super) fn hear(&mut self, heard: Vec<Entry>) -> Vec<Entry> {
        if heard.is_empty() {
            return heard;
        }
        let known: HashSet<_> = self.all.iter().map(Entry::key).collect();
        let news: Vec<Entry> = heard.into_iter().filter(|entry| !known.contains(&entry.key())).collect();
        if !news.is_empty() {
            self.all = merge(std::mem::take(&mut self.all).into_iter().chain(news.iter().cloned()).collect());
        }
        news
    }

    /// Takes entries of elsewhere that are not here yet. Gives how many, and how many are here with other words:
    /// those stay.
    pub(super) fn merge(&mut self, files: &impl Files, entries: Vec<Entry>) -> (usize, usize) {
        let (new, other) = self.unknown(files, entries);
        let count = new.len();
        self.take(new);
        (count, other)
    }

    /// Those of these entries that are in no journal here, each once; and how many others are here with other words.
    pub(super) fn unknown(&self, files: &impl Files, entries: Vec<Entry>) -> (Vec<Entry>, usize) {
        let known: HashMap<_, &Entry> = self.all.iter().map(|entry| (entry.key(), entry)).collect();
        let (mut left, mut other) = (HashMap::new(), 0);
        for entry in entries {
            match known.get(&entry.key()) {
                Some(own) => other += usize::from(**own != entry),
                None => drop(left.entry(entry.key()).or_insert(entry)),
            }
        }
        // Of a long record not all was read, and others may have written since: one journal after the other is
        // looked at for what is left. One that cannot be read was told when it was opened.
        for path in journals(files, &self.dir) {
            if left.is_empty() {
                break;
            }
            let records = journal::peek(files, &path).unwrap_or_default();
            for own in records.iter().filter_map(|record| parse(record)) {
                other += usize::from(left.remove(&own.key()).is_some_and(|theirs| theirs != own));
            }
        }
        (merge(left.into_values().collect()), other)
    }

    fn take(&mut self, new: Vec<Entry>) {
        self.waiting.extend(new.iter().cloned());
        self.all = merge(std::mem::take(&mut self.all).into_iter().chain(new).collect());
    }

    /// There is no journal to write to.
    pub(super) fn is_homeless(&self) -> bool {
        self.journal.is_none()
    }

    /// Takes an entry to be saved, or says why it cannot be.
    pub(super) fn accept(&mut self, entry: Entry) -> Result<(), SafeText> {
        let size = entry.text.as_bytes().len();
        if size > MOST_TEXT {
            return Err(safe!("an entry has {} bytes at most; this one has {}", MOST_TEXT, size));
        }
        if serde_json::to_vec(&entry).is_ok_and(|record| record.len() > MOST_RECORD) {
            return Err(safe!("an entry with what it shows has {} bytes at most", MOST_RECORD));
        }
        if self.waiting.len() >= MOST_WAITING {
            return Err(safe!("{} entries wait for the disk already; this one was not taken", MOST_WAITING));
        }
        let place =
            self.all.partition_point(|e| (e.at, &e.session, e.seq) <= (entry.at, &entry.session, entry.seq));
        self.all.insert(place, entry.clone());
        self.waiting.push(entry);
        Ok(())
    }

    /// Sees whether another program removed or changed our journal. What is known here and is in no
    /// journal any more then waits to be written anew; gives how much that is.
    pub(super) fn look_after(&mut self, files: &impl Files) -> usize {
        if self.journal.as_ref().is_none_or(|j| j.is_empty() || j.is_whole()) {
            return 0;
        }
        self.journal = None;
        let mut there = on_disk(files, &self.dir, &self.all);
        there.extend(self.waiting.iter().map(Entry::key));
        let before = self.waiting.len();
        self.waiting.extend(self.all.iter().filter(|e| !there.contains(&e.key())).cloned());
        self.waiting.len() - before
    }

    /// Writes what waits into another directory, for a console that ends.
    pub(super) fn rescue(&self, files: &impl Files, dir: &Path) -> Result<(), StoreError> {
        let mut other = Self {
            dir: dir.to_owned(),
            stem: self.stem.clone(),
            session: self.session.clone(),
            number: 0,
            journal: None,
            waiting: self.waiting.clone(),
            all: Vec::new(),
            saved: Vec::new(),
        };
        other.flush(files)?;
        other.close(files);
        Ok(())
    }

    /// Saves here what consoles that have ended left in another directory, and removes it there when
    /// it is on the disk. Gives how many entries are new here.
    pub(super) fn take_in(
        &mut self,
        files: &impl Files,
        dir: &Path,
        now: Timestamp,
        notices: &mut Vec<SafeText>,
    ) -> Result<usize, StoreError> {
        let names = files.list(dir, MOST_FILES).map_err(|e| StoreError::new("read", dir, e))?;
        let (mut done, mut left) = (Vec::new(), Vec::new());
        for path in names.into_iter().filter(|p| p.extension().is_some_and(|e| e == "journal")) {
            let old = match journal::read_old(files, &path, &file_time(now)) {
                Ok(old) => old,
                Err(e) => {
                    notices.push(StoreError::new("read", &path, e).sentence());
                    continue;
                }
            };
            notices.extend(old.notices(&path));
            if old.live && !old.far {
                continue;
            }
            let read: Vec<Entry> = old.records.iter().filter_map(|record| parse(record)).collect();
            // What this version cannot read, and what is damaged, or torn and not kept beside it, stays there.
            let is_whole = read.len() == old.records.len() && old.damaged.is_empty();
            if !old.live && is_whole && !matches!(old.torn, Some((_, None))) {
                done.push(path);
            }
            left.extend(read);
        }
        let (count, _) = self.merge(files, left);
        let flushed = self.flush(files);
        if flushed.is_err() {
            // They are where they were, and the next start tries again: not to be written a third time.
            self.waiting.retain(|e| e.session == self.session);
        }
        self.saved = flushed?;
        for path in done {
            // One that stays is known here at the next start.
            drop(files.remove(&path));
        }
        Ok(count)
    }

    /// Saves what waits; gives the numbers of what is on the disk now.
    pub(super) fn flush(&mut self, files: &impl Files) -> Result<Vec<u64>, StoreError> {
        while !self.waiting.is_empty() {
            let (mut payloads, mut bytes) = (Vec::new(), 0);
            for entry in &self.waiting {
                let payload = serde_json::to_vec(entry)
                    .map_err(|e| StoreError::new("write", &self.dir, io::Error::from(e)))?;
                bytes += payload.len() as u64;
                payloads.push(payload);
                if bytes >= MOST_JOURNAL {
                    break;
                }
            }
            self.write(files, &payloads)?;
            let written = self.waiting.drain(..payloads.len()).filter(|e| e.session == self.session);
            self.saved.extend(written.map(|e| e.seq));
        }
        Ok(std::mem::take(&mut self.saved))
    }

    fn write(&mut self, files: &impl Files, payloads: &[Vec<u8>]) -> Result<(), StoreError> {
        let Some(journal) = self.journal.as_mut().filter(|j| j.is_trusted() && j.len() < MOST_JOURNAL) else {
            return self.renew(files, payloads);
        };
        match journal.append(files, payloads) {
            Ok(()) => Ok(()),
            // A full disk stays full; a journal that lost a write is given up for a new one.
            Err(e) if journal.is_trusted() => Err(StoreError::new("write", journal.path(), e)),
            Err(_) => {
                // What else was in it is looked for too: it may be gone since we looked.
                self.look_after(files);
                self.renew(files, payloads)
            }
        }
    }

    fn renew(&mut self, files: &impl Files, payloads: &[Vec<u8>]) -> Result<(), StoreError> {
        loop {
            let path = self.dir.join(format!("{}.{:03}.journal", self.stem, self.number));
            self.number += 1;
            match Journal::create(files, &path, payloads) {
                Ok(journal) => {
                    self.journal = Some(journal);
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(StoreError::new("write", &path, e)),
            }
        }
    }

    /// Leaves no empty journal and no room kept ahead.
    pub(super) fn close(self, files: &impl Files) {
        if let Some(journal) = self.journal {
            if journal.is_empty() {
                drop(files.remove(journal.path()));
            } else {
                journal.close(files);
            }
        }
    }
}

/// The entry that a record is; nothing where this version cannot read it, or nobody writes one so long.
pub(super) fn parse(record: &[u8]) -> Option<Entry> {
    if record.len() <= MOST_RECORD { serde_json::from_slice(record).ok() } else { None }
}

/// Which of these entries are in a journal now, in the same words. What cannot be read is not there.
fn on_disk(files: &impl Files, dir: &Path, known: &[Entry]) -> HashSet<(RawText, u64, Timestamp)> {
    let known: HashMap<_, &Entry> = known.iter().map(|entry| (entry.key(), entry)).collect();
    let all = journals(files, dir);
    let records = all.filter_map(|path| journal::peek(files, &path).ok()).flatten();
    let found = records.filter_map(|record| parse(&record)).map(|entry| (entry.key(), entry));
    found.filter(|(key, entry)| known.get(key) == Some(&entry)).map(|(key, _)| key).collect()
}

fn journals(files: &impl Files, dir: &Path) -> impl Iterator<Item = PathBuf> {
    let names = files.list(dir, MOST_FILES).unwrap_or_default();
    names.into_iter().filter(|path| path.extension().is_some_and(|e| e == "journal"))
}

/// The journals among these files with their sizes. What leaves no room for others is then what is large, and not
/// what has a name that comes late.
pub(super) fn smallest_first(files: &impl Files, names: Vec<PathBuf>) -> Vec<(u64, PathBuf)> {
    let journals = names.into_iter().filter(|path| path.extension().is_some_and(|e| e == "journal"));
    let size = |path: &PathBuf| files.stamp(path).ok().flatten().map_or(0, |stamp| stamp.size());
    let mut all: Vec<_> = journals.map(|path| (size(&path), path)).collect();
    all.sort();
    all
}

/// Reads the entries of all consoles. What cannot be read is a notice each. Without a time nothing is
/// mended or tidied up: a journal is read as it is.
pub(super) fn read(
    files: &impl Files,
    dir: &Path,
    now: Option<Timestamp>,
    notices: &mut Vec<SafeText>,
) -> Vec<Entry> {
    read_within(files, dir, MOST_READ, now, notices)
}

fn read_within(
    files: &impl Files,
    dir: &Path,
    most: u64,
    now: Option<Timestamp>,
    notices: &mut Vec<SafeText>,
) -> Vec<Entry> {
    let names = match files.list(dir, MOST_FILES) {
        Ok(names) => names,
        Err(e) => {
            notices.push(StoreError::new("read", dir, e).sentence());
            return Vec::new();
        }
    };
    if names.len() == MOST_FILES {
        notices.push(safe!("{} holds more than {} files; not all were read", path_text(dir), MOST_FILES));
    }
    let mut words = Words::of(files, &names);
    let (mut bytes, mut unread) = (0, 0_usize);
    for (size, path) in &smallest_first(files, names) {
        // One that is too long by itself says so when it is read.
        if *size <= journal::MOST_READ && bytes + size > most {
            unread += 1;
            continue;
        }
        let old = match journal::read(files, path, now.map(file_time).as_deref()) {
            Ok(old) => old,
            Err(e) => {
                notices.push(StoreError::new("read", path, e).sentence());
                continue;
            }
        };
        let stamp = files.stamp(path).ok().flatten();
        notices.extend(files.share().and_then(|share| share.wrong_with(path, stamp.as_ref()?)));
        notices.extend(old.notices(path));
        if old.is_spent() {
            drop(files.remove(path));
        }
        bytes += size;
        let entries: Vec<_> = old.records.iter().filter_map(|record| parse(record)).collect();
        let foreign = old.records.len() - entries.len();
        words.take(path, stamp.map(|stamp| stamp.user()), entries);
        if foreign > 0 {
            notices.push(safe!(
                "{} entries in {} are of another version, or damaged, and are not shown",
                foreign,
                path_text(path)
            ));
        }
    }
    if unread > 0 {
        notices.push(safe!("{} journals in {} were too much to read", unread, path_text(dir)));
    }
    words.finish(notices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::note::What;
    use crate::store::files::Disk;

    fn now() -> Timestamp {
        "2026-03-14T03:12:00Z".parse().unwrap()
    }

    fn entry(seq: u64, text: &str) -> Entry {
        let (person, session) = ("kim".into(), "theirs".into());
        Entry { at: now(), recorded: now(), person, what: What::Note, text: text.into(), session, seq }
    }

    /// A console that reads no more than the first journal there, and what is smaller.
    fn short(dir: &Path, name: &str) -> Entries {
        let first = Disk.stamp(&dir.join("a.000.journal")).unwrap().unwrap().size();
        Entries::open_within(&Disk, dir, name.to_owned(), &name.into(), 2 * first - 1, now(), &mut Vec::new())
    }

    /// Two journals with entries 1 to 3 and 4 to 6.
    fn record(dir: &Path) {
        for (name, seqs) in [("a", 1..=3), ("b", 4..=6)] {
            let records: Vec<_> =
                seqs.map(|seq| serde_json::to_vec(&entry(seq, "of theirs")).unwrap()).collect();
            let path = dir.join(format!("{name}.000.journal"));
            Journal::create(&Disk, &path, &records).unwrap().close(&Disk);
        }
    }

    /// The numbers of the entries in journals of this name.
    fn written(dir: &Path, name: &str) -> Vec<u64> {
        let mut names = Disk.list(dir, MOST_FILES).unwrap();
        names.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with(name));
        let records = names.iter().flat_map(|path| journal::peek(&Disk, path).unwrap());
        records.map(|record| parse(&record).unwrap().seq).collect()
    }

    fn merged(dir: &Path, name: &str, bundle: Vec<Entry>) -> (usize, usize) {
        let mut entries = short(dir, name);
        assert!(
            entries.all().iter().all(|one| !(4..=6).contains(&one.seq)),
            "the second journal is not read"
        );
        let counts = entries.merge(&Disk, bundle);
        entries.flush(&Disk).unwrap();
        entries.close(&Disk);
        counts
    }

    #[test]
    fn what_no_clock_tells_is_told_as_damaged_and_nothing_is_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let of = |recorded: &str| Entry { recorded: recorded.parse().unwrap(), ..entry(1, recorded) };
        let last = "8999-12-31T23:59:59.999999999Z";
        let all = [last, "9000-01-01T00:00:00Z", "9999-01-01T00:00:00Z", "2026-01-01T00:00:00Z"];
        let records: Vec<_> = all.iter().map(|one| serde_json::to_vec(&of(one)).unwrap()).collect();
        let path = dir.path().join("mal.000.journal");
        Journal::create(&Disk, &path, &records).unwrap().close(&Disk);
        let before = std::fs::read(&path).unwrap();
        let mut notices = Vec::new();
        let found = read(&Disk, dir.path(), Some(now()), &mut notices);
        assert_eq!(found.iter().map(|one| one.recorded).max(), Some(last.parse().unwrap()));
        let [told] = notices.as_slice() else { panic!("{notices:?}") };
        assert!(told.as_str().starts_with("2 entries in "), "{told:?}");
        assert_eq!((found.len(), std::fs::read(&path).unwrap() == before), (2, true));
    }

    #[test]
    fn large_journals_leave_room_for_the_small_ones_whatever_their_names_are() {
        let dir = tempfile::tempdir().unwrap();
        let large = "x".repeat(20_000);
        for (name, text) in [("0", &large), ("1", &large), ("2", &large), ("kim", &"of kim".to_owned())] {
            let record = serde_json::to_vec(&entry(name.len() as u64, text)).unwrap();
            let path = dir.path().join(format!("{name}.000.journal"));
            Journal::create(&Disk, &path, &[record]).unwrap().close(&Disk);
        }
        for now in [None, Some(now())] {
            let mut notices = Vec::new();
            let found = read_within(&Disk, dir.path(), 50_000, now, &mut notices);
            assert!(found.iter().any(|one| one.text == "of kim".into()), "{notices:?}");
            let [told] = notices.as_slice() else { panic!("{notices:?}") };
            assert!(told.as_str().starts_with("1 journals in "), "{told:?}");
            assert!(told.as_str().ends_with(" were too much to read"), "{told:?}");
        }
    }

    #[test]
    fn what_is_in_journals_that_were_too_much_to_read_is_not_merged_again() {
        let dir = tempfile::tempdir().unwrap();
        record(dir.path());
        let bundle = |seqs: std::ops::RangeInclusive<u64>| -> Vec<Entry> {
            seqs.map(|seq| entry(seq, "of theirs")).collect()
        };
        assert_eq!(merged(dir.path(), "m1", bundle(1..=6)), (0, 0));
        assert_eq!(written(dir.path(), "m1"), [0_u64; 0], "all of it was here");
        assert_eq!(merged(dir.path(), "m2", bundle(1..=7)), (1, 0));
        assert_eq!(written(dir.path(), "m2"), [7]);
        assert_eq!(merged(dir.path(), "m3", bundle(1..=7)), (0, 0));
        assert_eq!(written(dir.path(), "m3"), [0_u64; 0]);
        // Other words for what was not read: those here stay, and it is told.
        let forged = vec![entry(2, "forged"), entry(5, "forged"), entry(8, "new"), entry(8, "new")];
        assert_eq!(merged(dir.path(), "m4", forged), (1, 2));
        assert_eq!(written(dir.path(), "m4"), [8]);
    }

    #[test]
    fn what_is_in_journals_that_were_too_much_to_read_is_not_taken_over_again() {
        let top = tempfile::tempdir().unwrap();
        let (dir, left) = (top.path().join("notes"), top.path().join("left"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::create_dir(&left).unwrap();
        record(&dir);
        let records: Vec<_> =
            (2..=7).map(|seq| serde_json::to_vec(&entry(seq, "of theirs")).unwrap()).collect();
        Journal::create(&Disk, &left.join("c.000.journal"), &records).unwrap().close(&Disk);
        let mut entries = short(&dir, "m1");
        assert_eq!(entries.take_in(&Disk, &left, now(), &mut Vec::new()).unwrap(), 1);
        entries.close(&Disk);
        assert_eq!(written(&dir, "m1"), [7]);
        assert_eq!(Disk.list(&left, 10).unwrap().len(), 0, "it is all here");
    }
}
