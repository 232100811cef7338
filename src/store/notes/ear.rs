//! What other consoles write into a folder while this one looks at it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};

use super::entries::{MOST_FILES, MOST_READ, parse, smallest_first};
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

/// How far one journal was heard.
#[derive(Debug, Default)]
struct Heard {
    /// Its size when it was looked at last.
    size: u64,
    /// Bytes of it that were read.
    read: u64,
    /// Tells those from others; nothing where they were read at the start.
    print: Option<u64>,
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
            self.journals.insert(path, Heard { size, read, print: None });
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

    /// The entries of journals that have grown since, those of before too: a journal is read whole. `own`
    /// tells the journals of this console. Once it says that there is more than is read.
    pub(super) fn hear(
        &mut self,
        files: &impl Files,
        dir: &Path,
        own: impl Fn(&Path) -> bool,
    ) -> (Vec<Entry>, Option<SafeText>) {
        let mut names = files.list(dir, MOST_FILES).unwrap_or_default();
        names.retain(|path| !own(path));
        let (mut entries, mut unread) = (Vec::new(), 0_usize);
        for (size, path) in smallest_first(files, names) {
            let before = self.journals.entry(path.clone()).or_default();
            let has_grown = before.size != size;
            before.size = size;
            // One that is too long by itself, or cannot be read, is told at the next start; it is looked at again
            // when it grows.
            if !has_grown || size > journal::MOST_READ {
                continue;
            }
            if self.read + size.saturating_sub(before.read) > self.most {
                unread += 1;
                continue;
            }
            let Ok(bytes) = files.read(&path, journal::MOST_READ) else { continue };
            let (length, known) = (bytes.len() as u64, usize::try_from(before.read).unwrap_or(usize::MAX));
            // What was put in place of what was read counts as new.
            let is_as_before = bytes
                .get(..known)
                .is_some_and(|part| before.print.is_none_or(|print| print == self.keys.hash_one(part)));
            let new = if is_as_before { length - before.read } else { length };
            if self.read + new > self.most {
                unread += 1;
                continue;
            }
            self.read += new;
            (before.read, before.print) = (length, Some(self.keys.hash_one(bytes.as_slice())));
            let records = journal::replay(&bytes).map(|replay| replay.records).unwrap_or_default();
            entries.extend(records.iter().filter_map(|record| parse(record)));
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
        (entries, told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::note::What;
    use crate::store::files::Disk;
    use crate::store::journal::Journal;

    fn record(session: &str, seq: u64) -> Vec<u8> {
        let at = "2026-03-14T03:12:00Z".parse().unwrap();
        let (person, text) = ("kim".into(), "x".repeat(1000).as_str().into());
        let session = session.into();
        let entry = Entry { at, recorded: at, person, what: What::Note, text, session, seq };
        serde_json::to_vec(&entry).unwrap()
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
        let mut hear = || {
            let (entries, told) = ear.hear(&Disk, dir.path(), |path| path.ends_with("own.000.journal"));
            (entries.len(), told)
        };
        assert_eq!(hear(), (0, None));
        // What grows counts once, however often it is read.
        for end in 3..6 {
            put("kim", 0..end);
            assert_eq!(hear(), (usize::try_from(end).unwrap(), None));
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
        assert_eq!(hear(), (7, None), "there is room for it");
    }
}
