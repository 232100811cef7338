//! Whose word an entry is, where journals say different things under the name of one.
//!
//! Who may write in a shared directory may write a journal of any name there, with the session, the number and the
//! time of what somebody else wrote. The journal that is named by the session of an entry has the word, and among
//! several of those that of who owns the one with the lowest number: that one was there first.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::safe_name;
use crate::model::note::{Entry, merge};
use crate::model::text::{RawText, SafeText};
use crate::safe;
use crate::store::error::path_text;
use crate::store::files::Files;

/// What tells an entry from others, see [`Entry::key`].
type Key = (RawText, u64, Timestamp);

/// How much the word of a journal counts for an entry: the least counts most.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Rank {
    /// It is the session's own, with this number.
    Own(u32, PathBuf),
    /// It has the session in its name, and another owner.
    Named(u32, PathBuf),
    /// It is another one.
    Other(PathBuf),
}

/// What the journals of one directory say, each entry once.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Who owns the journal of a session with the lowest number: that number, when it was made, its path, its user.
    owners: HashMap<String, First>,
    found: HashMap<Key, (Rank, Entry)>,
    /// How many entries of each journal were not taken.
    aside: BTreeMap<PathBuf, usize>,
}

/// The number of a journal, when it was made, where it is and whose.
type First = (u32, Option<Timestamp>, PathBuf, u32);

impl Words {
    /// Of a directory that has these files.
    pub(super) fn of(files: &impl Files, names: &[PathBuf]) -> Self {
        let mut owners: HashMap<String, First> = HashMap::new();
        for path in names {
            let Some((session, number)) = named(path) else { continue };
            let Ok(Some(stamp)) = files.stamp(path) else { continue };
            let this = (number, stamp.made(), path.clone(), stamp.user());
            match owners.get_mut(session) {
                Some(first) if *first <= this => {}
                Some(first) => *first = this,
                None => drop(owners.insert(session.to_owned(), this)),
            }
        }
        Self { owners, ..Self::default() }
    }

    /// Takes what stands in a journal of this user.
    pub(super) fn take(&mut self, path: &Path, user: Option<u32>, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            let rank = self.rank(path, user, &entry);
            let Some((best, known)) = self.found.get_mut(&entry.key()) else {
                self.found.insert(entry.key(), (rank, entry));
                continue;
            };
            let is_better = rank < *best;
            if *known != entry {
                let loser = if is_better { best.path() } else { path };
                *self.aside.entry(loser.to_owned()).or_default() += 1;
            }
            if is_better {
                (*best, *known) = (rank, entry);
            }
        }
    }

    fn rank(&self, path: &Path, user: Option<u32>, entry: &Entry) -> Rank {
        match named(path).filter(|(session, _)| *session == safe_name(&entry.session)) {
            Some((session, number)) => {
                let is_first = self.owners.get(session).is_none_or(|first| Some(first.3) == user);
                if is_first {
                    Rank::Own(number, path.to_owned())
                } else {
                    Rank::Named(number, path.to_owned())
                }
            }
            None => Rank::Other(path.to_owned()),
        }
    }

    /// Leaves out what is known already, and counts what says something else.
    pub(super) fn without(&mut self, known: &[Entry]) {
        if self.found.is_empty() {
            return;
        }
        for own in known {
            if let Some((rank, _)) = self.found.remove(&own.key()).filter(|(_, entry)| entry != own) {
                *self.aside.entry(rank.path().to_owned()).or_default() += 1;
            }
        }
    }

    /// The entries in order; what was not taken is told.
    pub(super) fn finish(self, notices: &mut Vec<SafeText>) -> Vec<Entry> {
        notices.extend(self.aside.iter().map(|(path, count)| {
            safe!(
                "{} entries in {} say other things under names of entries that are there: not taken",
                count,
                path_text(path)
            )
        }));
        merge(self.found.into_values().map(|(_, entry)| entry).collect())
    }
}

impl Rank {
    fn path(&self) -> &Path {
        match self {
            Self::Own(_, path) | Self::Named(_, path) | Self::Other(path) => path,
        }
    }
}

/// The session and the number in a journal's name, `<person>.<host>.<session>.<n>.journal`.
fn named(path: &Path) -> Option<(&str, u32)> {
    let mut parts = path.file_name()?.to_str()?.split('.');
    let (_person, _host, session) = (parts.next()?, parts.next()?, parts.next()?);
    let number = parts.next()?.parse().ok()?;
    (parts.next() == Some("journal") && parts.next().is_none()).then_some((session, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::note::What;
    use crate::store::files::Disk;
    use crate::store::journal::Journal;
    use crate::store::notes::ear::Ear;
    use crate::store::notes::entries::read;

    fn entry(seq: u64, text: &str) -> Entry {
        let at = "2026-03-14T03:12:00Z".parse().unwrap();
        let (person, session, text) = ("kim".into(), "s.1".into(), text.into());
        Entry { at, recorded: at, person, what: What::Note, text, session, seq }
    }

    fn put(dir: &Path, name: &str, entries: &[Entry]) -> PathBuf {
        let records: Vec<_> = entries.iter().map(|one| serde_json::to_vec(one).unwrap()).collect();
        let path = dir.join(name);
        Journal::create(&Disk, &path, &records).unwrap().close(&Disk);
        path
    }

    /// What is read of a directory, and what is told of it.
    fn texts(dir: &Path) -> (Vec<String>, Vec<String>) {
        let mut notices = Vec::new();
        let found = read(&Disk, dir, None, &mut notices);
        let texts = found.iter().map(|one| one.text.as_str().unwrap().to_owned()).collect();
        (texts, notices.iter().map(|one| one.as_str().to_owned()).collect())
    }

    #[test]
    fn what_a_session_wrote_is_not_replaced_by_a_journal_of_another_name() {
        // Also one that stands earlier in time, and is smaller or larger than hers.
        let earlier = Entry { at: "2026-03-14T03:00:00Z".parse().unwrap(), ..entry(2, "x") };
        for name in ["aaa.000.journal", "zzz.000.journal", "mal.bastion.other.000.journal", "x.journal"] {
            for more in ["", "and so much more of it, and more"] {
                let dir = tempfile::tempdir().unwrap();
                let own = [entry(1, "of kim"), entry(2, "of kim too")];
                put(dir.path(), "kim.bastion.s_1.000.journal", &own);
                let forged = [entry(1, &format!("forged{more}")), earlier.clone(), entry(7, "new")];
                put(dir.path(), name, &forged);
                let (texts, told) = texts(dir.path());
                assert_eq!(texts, ["of kim", "of kim too", "new"], "{name}");
                let [told] = &told[..] else { panic!("{told:?}") };
                assert!(told.starts_with("2 entries in ") && told.contains(name), "{told}");
                assert!(told.ends_with(": not taken"), "{told}");
            }
        }
    }

    #[test]
    fn what_was_brought_elsewhere_word_for_word_is_nothing_to_tell() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "kim.bastion.s_1.000.journal", &[entry(1, "of kim")]);
        put(dir.path(), "lee.bastion.s_2.000.journal", &[entry(1, "of kim")]);
        assert_eq!(texts(dir.path()), (vec!["of kim".to_owned()], Vec::new()));
    }

    #[test]
    fn of_two_that_bear_the_session_who_owns_its_first_journal_has_the_word() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "kim.bastion.s_1.000.journal", &[entry(1, "first")]);
        put(dir.path(), "kim.bastion.s_1.004.journal", &[entry(2, "of kim")]);
        let forged = put(dir.path(), "ada.bastion.s_1.001.journal", &[entry(2, "forged")]);
        if std::os::unix::fs::chown(&forged, Some(12_345), None).is_err() {
            // Only root can give a file away; elsewhere there is nothing to try.
            return;
        }
        let (found, told) = texts(dir.path());
        assert_eq!(found, ["first", "of kim"]);
        assert!(told.len() == 1 && told[0].contains("ada.bastion.s_1.001.journal"), "{told:?}");
        // With the number of the first, made later.
        std::fs::rename(&forged, dir.path().join("ada.bastion.s_1.000.journal")).unwrap();
        assert_eq!(texts(dir.path()).0, ["first", "of kim"]);
    }

    #[test]
    fn what_is_heard_at_once_is_told_apart_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut ear = Ear::default();
        put(dir.path(), "kim.bastion.s_1.000.journal", &[entry(1, "of kim")]);
        put(dir.path(), "aaa.000.journal", &[entry(1, "f")]);
        let (words, _) = ear.hear(&Disk, dir.path(), &mut 1_000_000, |_| false);
        let mut notices = Vec::new();
        assert_eq!(words.finish(&mut notices), [entry(1, "of kim")]);
        assert_eq!(notices.len(), 1, "{notices:?}");
        // What is known stays.
        put(dir.path(), "bbb.000.journal", &[entry(1, "f")]);
        let (mut words, _) = ear.hear(&Disk, dir.path(), &mut 1_000_000, |_| false);
        words.without(&[entry(1, "of kim")]);
        notices.clear();
        assert_eq!(words.finish(&mut notices), []);
        assert!(notices[0].as_str().contains("bbb.000.journal"), "{notices:?}");
    }
}
