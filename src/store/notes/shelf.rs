//! What is written below a state directory, for who only reads: nothing is made, locked or mended, and
//! consoles may write meanwhile.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::brought;
use super::entries::MOST_FILES;
use super::found::Found;
use super::places::{Places, incidents};
use crate::model::incident::Incident;
use crate::model::note::{Entry, Folder, MOST_PAD, merge};
use crate::model::terms::IncidentId;
use crate::model::text::{RawText, SafeText};
use crate::safe;
use crate::store::error::StoreError;
use crate::store::files::{Files, Stamp};
use crate::store::journal;
use crate::store::share::Share;
use crate::store::team::{Shared, Team};

/// The notes of a state directory.
#[derive(Debug)]
pub struct Shelf<F> {
    /// The person's own directory, and that of their team, or what stands for it.
    places: Vec<(PathBuf, Shared<F>)>,
    apart: Option<SafeText>,
}

impl<F: Files + Clone> Shelf<F> {
    /// Those below this state directory, which may be missing.
    pub fn of(files: F, state: impl Into<PathBuf>) -> Self {
        Self::shared(files, state, None)
    }

    /// Those below this state directory and in the directory of a team.
    pub fn shared(files: F, state: impl Into<PathBuf>, team: Option<Team>) -> Self {
        let places = Places::new(files, &state.into(), team);
        let apart = places.apart().cloned();
        Self { places: places.all(), apart }
    }

    /// Only those in the directory of a team.
    pub fn of_team(files: F, share: Share) -> Self {
        let place = (share.root().to_owned(), Shared::of(files, share));
        Self { places: vec![place], apart: None }
    }

    /// What is wrong with what is written there, as far as reading tells it, each once.
    pub fn wrong(&self) -> Vec<SafeText> {
        let mut found = Vec::new();
        for (base, files) in &self.places {
            let (dir, share) = (base.join("incidents"), files.share());
            if !matches!(files.stamp(&dir), Ok(None)) {
                found.extend(share.and_then(|share| share.check_folder(&dir).err()));
            }
        }
        let ids = self.ids(&mut found);
        for folder in std::iter::once(Folder::Team).chain(ids.into_iter().map(Folder::Incident)) {
            self.entries(&folder, &mut found);
            self.pads(&folder, &mut found);
            for (dir, files) in self.dirs(&folder, &mut Vec::new()) {
                // One that cannot be read was told now.
                let names = files.list(&dir, MOST_FILES).unwrap_or_default();
                found.extend(names.iter().flat_map(|path| wrong_with(files, path)));
            }
        }
        let mut seen = HashSet::<String>::new();
        found.retain(|one| seen.insert(one.as_str().to_owned()));
        found
    }

    /// Why what a team wrote cannot be seen.
    pub fn apart(&self) -> Option<&SafeText> {
        self.apart.as_ref()
    }

    /// The incidents that have a folder, the oldest first.
    pub fn ids(&self, notices: &mut Vec<SafeText>) -> Vec<IncidentId> {
        let all = self.places.iter();
        let ids: BTreeSet<_> = all.flat_map(|(base, files)| incidents(files, base, notices)).collect();
        ids.into_iter().collect()
    }

    /// What is known of each incident, with its entries, the newest first. A folder in which nothing
    /// declares one has none.
    pub fn incidents<'a>(
        &'a self,
        notices: &'a mut Vec<SafeText>,
    ) -> impl Iterator<Item = (Incident, Vec<Entry>)> + 'a {
        let mut ids = self.ids(notices).into_iter().rev();
        std::iter::from_fn(move || {
            ids.find_map(|id| {
                let entries = self.entries(&Folder::Incident(id.clone()), notices);
                Incident::of(&id, &entries).map(|incident| (incident, entries))
            })
        })
    }

    /// The entries in a folder, in order of time, session and seq.
    pub fn entries(&self, folder: &Folder, notices: &mut Vec<SafeText>) -> Vec<Entry> {
        let mut all: Vec<Entry> = Vec::new();
        for (dir, files) in self.dirs(folder, notices) {
            // One's own directory, where nobody else writes, comes first.
            let known: HashSet<_> = all.iter().map(Entry::key).collect();
            let there = super::entries::read(files, &dir, None, notices);
            all.extend(there.into_iter().filter(|entry| !known.contains(&entry.key())));
        }
        merge(all)
    }

    /// All texts of a folder's pad: the pad, and what was brought beside it from elsewhere.
    pub fn pads(&self, folder: &Folder, notices: &mut Vec<SafeText>) -> Vec<RawText> {
        let mut pads = vec![self.pad(folder, notices)];
        for (dir, files) in self.dirs(folder, &mut Vec::new()) {
            for path in brought::all(files, &dir).into_iter().flatten() {
                match files.read(&path, MOST_PAD as u64) {
                    Ok(bytes) => pads.push(RawText::from_bytes(&bytes)),
                    Err(e) => notices.push(StoreError::new("read", &path, e).sentence()),
                }
            }
        }
        pads.retain(|pad| !pad.is_empty());
        pads
    }

    /// Where something of a folder is.
    fn dirs(&self, folder: &Folder, notices: &mut Vec<SafeText>) -> Vec<(PathBuf, &Shared<F>)> {
        let mut dirs = Vec::new();
        for (base, files) in &self.places {
            let dir = base.join(folder.path());
            if matches!(files.stamp(&dir), Ok(None)) {
                continue;
            }
            match files.share().map_or(Ok(()), |share| share.check_folder(&dir)) {
                Ok(()) => dirs.push((dir, files)),
                Err(why) => notices.push(safe!("{}; it was not read", why)),
            }
        }
        dirs
    }

    /// The text of a folder's pad.
    pub fn pad(&self, folder: &Folder, notices: &mut Vec<SafeText>) -> RawText {
        let known = self.pad_or_why(folder, notices);
        known.unwrap_or_else(|why| {
            notices.push(why);
            RawText::default()
        })
    }

    /// The text of a folder's pad, or why nobody can tell it.
    pub fn pad_or_why(&self, folder: &Folder, notices: &mut Vec<SafeText>) -> Result<RawText, SafeText> {
        let mut unread = Ok(RawText::default());
        for (dir, files) in self.dirs(folder, notices).into_iter().rev() {
            match Found::read(files, &dir, None, notices) {
                Ok(found) if found.text.is_empty() => {}
                Ok(found) => {
                    notices.extend(unread.err());
                    return Ok(found.text.into());
                }
                Err(error) => unread = Err(error.sentence()),
            }
        }
        unread
    }
}

/// What is wrong with one file besides what reading its entries or its text tells.
fn wrong_with(files: &impl Files, path: &Path) -> Vec<SafeText> {
    let is = |kinds: &[&str]| path.extension().is_some_and(|kind| kinds.iter().any(|one| kind == *one));
    // One that cannot be read was told.
    let old = if is(&["journal", "padlog"]) { journal::read(files, path, None).ok() } else { None };
    let torn = old.map(|old| old.notices(path)).unwrap_or_default();
    let stamp = files.stamp(path).ok().flatten().filter(Stamp::is_file);
    let stamp = stamp.filter(|_| is(&["journal", "padlog", "md", "lock"]));
    let share = files.share().and_then(|share| share.wrong_with(path, &stamp?));
    torn.into_iter().chain(share).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write as _;

    use jiff::Timestamp;

    use super::*;
    use crate::model::note::{NoteCommand, What};
    use crate::model::terms::{Declared, Sev};
    use crate::store::files::Disk;
    use crate::store::journal::Journal;
    use crate::store::notes::{Folders, Session};

    fn now() -> Timestamp {
        "2026-03-14T03:12:00Z".parse().unwrap()
    }

    fn incident() -> Folder {
        Folder::Incident(IncidentId::try_from("INC-20260314-0312-db".to_owned()).unwrap())
    }

    fn entry(seq: u64, what: What, text: &str) -> NoteCommand {
        let (person, session) = ("kim".into(), "a".into());
        NoteCommand::Entry(Entry {
            at: now(),
            recorded: now(),
            person,
            what,
            text: text.into(),
            session,
            seq,
        })
    }

    /// Every file below with its bytes.
    fn all(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut found, mut folders) = (BTreeMap::new(), vec![dir.to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    found.insert(path, bytes);
                }
            }
        }
        found
    }

    #[test]
    fn what_a_running_console_wrote_is_read_and_nothing_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        let session = Session { person: "kim".into(), host: "bastion".into(), id: "a".into(), since: now() };
        let (mut console, _) = Folders::open(Disk, dir.path(), &session, now());
        let declared = What::Declared(Box::new(Declared::new("db: slow", Sev::SECOND)));
        console.handle(&incident(), entry(1, declared, ""), now());
        console.handle(&incident(), entry(2, What::Note, "looked"), now());
        console.handle(&Folder::Shift, entry(3, What::Note, "quiet"), now());
        console.handle(&incident(), NoteCommand::Pad(1, "typed\n".into()), now());
        // A console that died in the middle of a record, and one that left an empty journal.
        let folder = dir.path().join(incident().path());
        let torn = folder.join("lee.bastion.b.000.journal");
        std::fs::File::create(&torn).unwrap().write_all(b"mwjrnl1\n\x05\0\0").unwrap();
        std::fs::File::create(folder.join("lee.bastion.c.000.journal")).unwrap();
        let before = all(dir.path());

        let shelf = Shelf::of(Disk, dir.path());
        let mut notices = Vec::new();
        let known: Vec<_> = shelf.incidents(&mut notices).collect();
        let [told] = &notices[..] else { panic!("{notices:?}") };
        assert!(told.as_str().ends_with("b.000.journal ends in 3 torn bytes; what is before them was read"));
        notices.clear();
        let titles: Vec<_> = known.iter().map(|(known, entries)| (&known.title, entries.len())).collect();
        assert_eq!(titles, [(&"db: slow".into(), 2)]);
        assert_eq!(shelf.pad(&incident(), &mut notices), "typed\n".into());
        assert_eq!(shelf.entries(&Folder::Shift, &mut notices).len(), 1);
        assert_eq!(notices, []);
        assert!(all(dir.path()) == before, "something was written");
        // And it goes on writing.
        let saved = console.handle(&incident(), entry(4, What::Note, "more"), now());
        assert!(saved.contains(&crate::model::note::NoteReply::EntrySaved(4)), "{saved:?}");
        assert_eq!(shelf.entries(&incident(), &mut Vec::new()).len(), 3);
        console.close(now()).unwrap();
        assert_eq!(shelf.pad(&incident(), &mut notices), "typed\n".into(), "a pad.md is read too");
    }

    #[test]
    fn what_was_written_before_there_were_patterns_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(incident().path());
        std::fs::create_dir_all(&folder).unwrap();
        let common = r#""at":"2026-03-14T03:12:00Z","recorded":"2026-03-14T03:12:00Z","person":"kim""#;
        let declared = r#""what":{"declared":{"title":"db: slow","severity":2,"service":"db"}}"#;
        let seen = r#""what":{"evidence":{"from":"logs db","window":["2026-03-14T03:11:00Z","2026-03-14T03:12:00Z"],"lines":["lost 10.0.0.1:80"],"left_out":0}}"#;
        let record = |seq: u64, what: &str| {
            format!(r#"{{{common},"text":"","session":"a","seq":{seq},{what}}}"#).into_bytes()
        };
        let path = folder.join("kim.bastion.a.000.journal");
        drop(Journal::create(&Disk, &path, &[record(1, declared), record(2, seen)]).unwrap());

        let mut notices = Vec::new();
        let known: Vec<_> = Shelf::of(Disk, dir.path()).incidents(&mut notices).collect();
        assert_eq!(notices, []);
        let [(known, entries)] = known.as_slice() else { panic!("{}", known.len()) };
        assert_eq!((known.title.as_str(), known.patterns.len()), (Some("db: slow"), 0));
        // And what has no pattern is written as it was, so that a version of before reads it too.
        let written: Vec<_> = entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        assert!(written.iter().any(|one| one.contains(seen)), "{written:?}");
        assert!(!written.concat().contains("patterns"), "{written:?}");
    }

    #[test]
    fn without_a_directory_there_is_nothing_and_none_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::of(Disk, dir.path().join("none"));
        let mut notices = Vec::new();
        assert_eq!(shelf.incidents(&mut notices).count(), 0);
        assert_eq!(shelf.entries(&Folder::Shift, &mut notices), []);
        assert!(shelf.pad(&Folder::Shift, &mut notices).is_empty());
        assert_eq!((notices, all(dir.path()).len()), (Vec::new(), 0));
    }
}
