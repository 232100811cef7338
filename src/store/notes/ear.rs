//! What other consoles write into a folder while this one looks at it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use super::entries::{MOST_FILES, MOST_READ, parse, smallest_first};
use super::whose::Words;
use crate::model::note::Entry;
use crate::model::text::SafeText;
use crate::safe;
use crate::store::error::path_text;
use crate::store::files::Files;
use crate::store::journal;

/// How far the journals of a folder were heard.
#[derive(Debug)]
pub(super) struct Ear {
    journals: BTreeMap<PathBuf, Heard>,
    /// Bytes that were read of them, each once, as far as they stayed as they were.
    read: u64,
    /// Bytes that are read of them at most, for as long as this console runs.
    most: u64,
    /// Whether it was told that there is more.
    is_told: bool,
    keys: RandomState,
}

/// So much before the place up to where a journal was heard tells it from another one, bytes.
const TAIL: u64 = 4096;
/// Bytes that are no record are looked at again with each that comes, up to so many of them.
const FEW: u64 = 64 * 1024;

/// How far one journal was heard.
#[derive(Debug, Default)]
struct Heard {
    /// Its size when it was looked at last.
    size: u64,
    /// Up to where its records are known: behind the last whole one, or how long it was at the start.
    read: u64,
    /// Up to where its bytes were counted.
    counted: u64,
    /// Tells what stands before `read` from anything else; nothing where it was read at the start.
    tail: Option<u64>,
    /// How long it is when what stands behind `read` can be a whole record.
    wants: u64,
}

/// Tells whether somebody has written into a folder since. It is small: of the many that are over, this is all that
/// is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Glance(u64);

impl Default for Ear {
    fn default() -> Self {
        Self { journals: BTreeMap::new(), read: 0, most: MOST_READ, is_told: false, keys: RandomState::new() }
    }
}

impl Ear {
    /// Of a folder whose journals are read now: only what comes later is heard.
    pub(super) fn from_now(files: &impl Files, dir: &Path) -> Self {
        let mut ear = Self::default();
        ear.start(files, dir);
        ear
    }

    fn start(&mut self, files: &impl Files, dir: &Path) {
        for (size, path) in smallest_first(files, files.list(dir, MOST_FILES).unwrap_or_default()) {
            // As they are read.
            let read = if size <= journal::MOST_READ && self.read + size <= self.most { size } else { 0 };
            self.read += read;
            self.journals.insert(path, Heard { size, read, counted: read, ..Heard::default() });
        }
    }

    /// How its journals stand, as far as they were heard.
    pub(super) fn glance(&self) -> Glance {
        let mut hasher = DefaultHasher::new();
        self.journals.iter().for_each(|(path, heard)| (path, heard.size).hash(&mut hasher));
        Glance(hasher.finish())
    }

    /// Whether it has come upon no journal yet.
    pub(super) fn is_new(&self) -> bool {
        self.journals.is_empty()
    }

    /// Bytes of its journals that were read here.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The entries that were written since it was asked last. What was put in place of what was read counts as new.
    /// `own` tells the journals of this console, `room` how much of all folders may still be read. Once it says that
    /// there is more than is read.
    pub(super) fn hear(
        &mut self,
        files: &impl Files,
        dir: &Path,
        room: &mut u64,
        own: impl Fn(&Path) -> bool,
    ) -> (Words, Option<SafeText>) {
        let all = files.list(dir, MOST_FILES).unwrap_or_default();
        let names = all.iter().filter(|path| !own(path)).cloned().collect();
        let (mut heard, mut unread) = (Vec::new(), 0_usize);
        for (size, path) in smallest_first(files, names) {
            let before = self.journals.entry(path.clone()).or_default();
            // One that is too long by itself, or cannot be read, is told at the next start; it is looked at again
            // when it grows.
            if !before.is_news(size) || size > journal::MOST_READ {
                continue;
            }
            let left = self.most.saturating_sub(self.read).min(*room);
            match before.look(files, &path, &self.keys, left) {
                Ok(Some((new, counted))) => {
                    heard.push((path, new));
                    self.read += counted;
                    *room = room.saturating_sub(counted);
                }
                Ok(None) => unread += 1,
                Err(_) => {}
            }
        }
        let is_news = unread > 0 && !self.is_told;
        self.is_told |= is_news;
        let told = is_news.then(|| {
            safe!(
                "{} journals in {} were too much to read; what is written into them is not heard here",
                unread,
                path_text(dir)
            )
        });
        heard.retain(|(_, new)| !new.is_empty());
        // Most often there is nothing, and then nothing is looked at.
        let mut words = if heard.is_empty() { Words::default() } else { Words::of(files, &all) };
        for (path, new) in heard {
            let user = files.stamp(&path).ok().flatten().map(|stamp| stamp.user());
            words.take(&path, user, new);
        }
        (words, told)
    }
}

impl Heard {
    /// Whether there may be something new in a journal that has this size now.
    fn is_news(&mut self, size: u64) -> bool {
        let before = std::mem::replace(&mut self.size, size);
        if size < before {
            // What comes in place of what was there counts anew.
            self.counted = self.counted.min(self.read);
            self.wants = 0;
        }
        before != size && (size < self.read || size >= self.wants)
    }

    /// The entries that are new in a journal, and how many of its bytes were not counted before; nothing where those
    /// are more than are left.
    fn look(
        &mut self,
        files: &impl Files,
        path: &Path,
        keys: &RandomState,
        left: u64,
    ) -> io::Result<Option<(Vec<Entry>, u64)>> {
        if self.size.saturating_sub(self.counted) > left {
            return Ok(None);
        }
        // Only what is behind is read, where what stands before it is what it was.
        let back = self.read.min(TAIL);
        let from = if self.tail.is_some() && self.size >= self.read { self.read - back } else { 0 };
        let mut part = files.read_from(path, from, journal::MOST_READ)?;
        let (known, _) = part.split_at_checked(place(back)).unwrap_or_default();
        let goes_on = from + back == self.read && self.tail.is_some_and(|tail| tail == keys.hash_one(known));
        let (start, begin) = if goes_on { (from, self.read) } else { (0, 0) };
        if start < from {
            part = files.read(path, journal::MOST_READ)?;
        }
        let length = start + part.len() as u64;
        // What was read at the start is taken to be as it was: it was not looked at here.
        let is_old = self.tail.is_none() && length >= self.read;
        let before = if goes_on || is_old { self.read } else { 0 };
        let counted = if goes_on { self.counted.max(before) } else { before };
        let new = length.saturating_sub(counted);
        if new > left {
            return Ok(None);
        }
        let behind = part.get(place(begin - start)..).unwrap_or_default();
        let records = journal::records(behind, begin == 0);
        let end = begin + records.last().map_or(0, |(end, _)| *end as u64);
        let is_new = |end: &usize| begin + *end as u64 > before;
        let entries = records.iter().filter(|(end, _)| is_new(end)).filter_map(|(_, record)| parse(record));
        let entries = entries.collect();
        let tail = part.get(place(end.saturating_sub(TAIL).max(start) - start)..place(end - start));
        self.tail = Some(keys.hash_one(tail.unwrap_or_default()));
        let rest = part.get(place(end - start)..).unwrap_or_default();
        let few = rest.len() as u64;
        let next = journal::length_of(rest).filter(|next| end > 0 && *next > few);
        // A length may be damaged: what stands behind it is not waited for until so much has come.
        let soon = if few < FEW { few + 1 } else { 2 * few };
        self.wants = end + next.map_or(soon, |next| next.min(2 * few.max(FEW)));
        (self.read, self.counted) = (end, counted.max(length));
        Ok(Some((entries, new)))
    }
}

fn place(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::model::note::What;
    use crate::store::files::Disk;
    use crate::store::files::faulty::Faulty;
    use crate::store::journal::Journal;

    fn record(session: &str, seq: u64) -> Vec<u8> {
        let at = "2026-03-14T03:12:00Z".parse().unwrap();
        let (person, text) = ("kim".into(), "x".repeat(1000).as_str().into());
        let session = session.into();
        let entry = Entry { at, recorded: at, person, what: What::Note, text, session, seq };
        serde_json::to_vec(&entry).unwrap()
    }

    /// What an ear hears: the numbers of entries.
    fn heard(ear: &mut Ear, files: &Faulty, dir: &Path) -> Vec<u64> {
        let (entries, told) = ear.hear(&files, dir, &mut 1_000_000, |_| false);
        assert_eq!(told, None);
        entries.finish(&mut Vec::new()).iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn of_a_journal_that_grows_only_what_is_new_is_read_and_given() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kim.000.journal");
        let records: Vec<_> = (0..300).map(|seq| record("kim", seq)).collect();
        let mut journal = Journal::create(&Disk, &path, &records).unwrap();
        let files = Faulty::default();
        let mut ear = Ear::default();
        ear.start(&&files, dir.path());
        journal.append(&Disk, &[record("kim", 300)]).unwrap();
        assert_eq!(heard(&mut ear, &files, dir.path()), [300]);
        let before = files.bytes.get();
        for seq in 301..310 {
            journal.append(&Disk, &[record("kim", seq)]).unwrap();
            assert_eq!(heard(&mut ear, &files, dir.path()), [seq]);
            assert_eq!(heard(&mut ear, &files, dir.path()), [0_u64; 0]);
        }
        assert!(files.bytes.get() - before < 100_000, "{} bytes were read", files.bytes.get() - before);
        // A record comes in two parts, and each costs what it is.
        journal.append(&Disk, &[record("kim", 310)]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for (end, seqs) in [(whole.len() - 500, vec![]), (whole.len() - 1, vec![]), (whole.len(), vec![310])]
        {
            std::fs::File::create(&path).unwrap().write_all(&whole[..end]).unwrap();
            assert_eq!(heard(&mut ear, &files, dir.path()), seqs);
        }
        // Bytes that are no record are not read again and again.
        let (mut other, before) =
            (std::fs::File::options().append(true).open(&path).unwrap(), files.bytes.get());
        other.write_all(&vec![b'x'; 200_000]).unwrap();
        for _ in 0..100 {
            other.write_all(b"x").unwrap();
            assert_eq!(heard(&mut ear, &files, dir.path()), [0_u64; 0]);
        }
        assert!(files.bytes.get() - before < 1_000_000, "{} bytes were read", files.bytes.get() - before);
        // Another file in its place is all new, and what follows there is heard.
        std::fs::remove_file(&path).unwrap();
        let mut journal = Journal::create(&Disk, &path, &[record("mal", 1), record("mal", 2)]).unwrap();
        assert_eq!(heard(&mut ear, &files, dir.path()), [1, 2]);
        journal.append(&Disk, &[record("mal", 3)]).unwrap();
        assert_eq!(heard(&mut ear, &files, dir.path()), [3]);
    }

    #[test]
    fn a_record_that_was_torn_at_the_start_is_heard_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kim.000.journal");
        let records: Vec<_> = (0..3).map(|seq| record("kim", seq)).collect();
        Journal::create(&Disk, &path, &records).unwrap().close(&Disk);
        let whole = std::fs::read(&path).unwrap();
        let put = |end: usize| std::fs::File::create(&path).unwrap().write_all(&whole[..end]).unwrap();
        put(whole.len() - 500);
        let (files, mut ear) = (Faulty::default(), Ear::default());
        ear.start(&&files, dir.path());
        put(whole.len());
        assert_eq!(heard(&mut ear, &files, dir.path()), [2]);
        assert_eq!(heard(&mut ear, &files, dir.path()), [0_u64; 0]);
    }

    #[test]
    fn what_is_written_behind_a_damaged_place_is_heard() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kim.000.journal");
        let records: Vec<_> = (0..3).map(|seq| record("kim", seq)).collect();
        let mut journal = Journal::create(&Disk, &path, &records).unwrap();
        let (files, mut ear) = (Faulty::default(), Ear::default());
        ear.start(&&files, dir.path());
        journal.append(&Disk, &[record("kim", 3)]).unwrap();
        assert_eq!(heard(&mut ear, &files, dir.path()), [3]);
        // Of the last record somebody breaks the length, so that it would go far beyond the end.
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        bytes[whole.len() - record("kim", 3).len() - 8 + 2] = 0x3f;
        std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
        for seq in 4..10 {
            journal.append(&Disk, &[record("kim", seq)]).unwrap();
            let new = heard(&mut ear, &files, dir.path());
            assert!(new.contains(&seq), "{seq}: {new:?}");
        }
        // One that begins while nobody knows what stands there.
        let mut ear = Ear::default();
        ear.start(&&files, dir.path());
        let mut other = std::fs::File::options().append(true).open(&path).unwrap();
        other.write_all(&[0xff, 0xff, 0x3f, 0, b'x']).unwrap();
        assert_eq!(heard(&mut ear, &files, dir.path()), [0_u64; 0]);
        let (mut seq, mut missed) = (10, 0);
        while missed < 200_000 {
            let mut framed = Vec::new();
            journal::frame(&record("kim", seq), &mut framed).unwrap();
            other.write_all(&framed).unwrap();
            missed += framed.len();
            seq += 1;
            if heard(&mut ear, &files, dir.path()).contains(&(seq - 1)) {
                return;
            }
        }
        panic!("{seq} records were written and none was heard");
    }

    #[test]
    fn of_one_folder_no_more_is_heard_than_is_read_and_that_is_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, seqs: std::ops::Range<u64>| {
            let path = dir.path().join(format!("{name}.000.journal"));
            drop(std::fs::remove_file(&path));
            let records: Vec<_> = seqs.map(|seq| record(name, seq)).collect();
            Journal::create(&Disk, &path, &records).unwrap().close(&Disk);
        };
        put("kim", 0..2);
        let mut ear = Ear { most: 13_000, ..Ear::default() };
        ear.start(&Disk, dir.path());
        let mut room = 100_000;
        let mut hear = || {
            let (entries, told) =
                ear.hear(&Disk, dir.path(), &mut room, |path| path.ends_with("own.000.journal"));
            (entries.finish(&mut Vec::new()).len(), told)
        };
        assert_eq!(hear(), (0, None));
        // What grows counts once, however often it is read.
        for end in 3..6 {
            put("kim", 0..end);
            assert_eq!(hear(), (1, None), "{end}");
        }
        put("own", 0..50);
        assert_eq!(hear(), (0, None));
        put("mal", 0..4);
        put("mal2", 0..4);
        let (count, told) = hear();
        let told = told.unwrap();
        assert_eq!(count, 4);
        assert!(
            told.as_str().starts_with("1 journals in ") && told.as_str().contains("too much to read"),
            "{told:?}"
        );
        assert_eq!(hear(), (0, None));
        // What takes the place of what was heard is new, and no way around it.
        put("mal", 10..15);
        assert_eq!(hear(), (0, None));
        put("kim", 0..7);
        assert_eq!(hear(), (2, None), "there is room for it");
    }
}
