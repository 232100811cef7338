//! The folders of one console: the shift's notes, and each incident's.
//!
//! The shift's is open from the start. An incident's is read then, and opened when somebody turns to it
//! or writes in it: a console makes no journal and takes no pad where it only looks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::ear::Ear;
use super::{Session, Writer, raw};
use crate::model::incident::{Incident, IncidentId};
use crate::model::note::{Folder, NoteCommand, NoteReply};
use crate::model::text::{RawText, SafeText};
use crate::safe;
use crate::store::dirs;
use crate::store::error::{StoreError, path_text};
use crate::store::files::Files;

/// Incidents that are read at the start, the newest first.
const MOST_INCIDENTS: usize = 5_000;

/// What an answer is of, and the answer.
pub type Told = Vec<(Folder, NoteReply)>;

/// Writes the notes of one console, in the caller's thread, as [`Writer`] does for one folder.
#[derive(Debug)]
pub struct Folders<F> {
    files: F,
    state: PathBuf,
    session: Session,
    open: BTreeMap<Folder, Writer<F>>,
    /// The incidents that are not open here and not over: others may write in them.
    heard: BTreeMap<IncidentId, Ear>,
    /// The incidents that are over, or that nobody declared.
    left: BTreeSet<IncidentId>,
}

impl<F: Files + Clone> Folders<F> {
    /// Opens the shift's notes below a state directory, and reads the incidents there.
    pub fn open(files: F, state: &Path, session: &Session, now: Timestamp) -> (Self, Told) {
        let (shift, opened) = Writer::open(files.clone(), state, &Folder::Shift, session, now);
        let mut folders = Self {
            files,
            state: state.to_owned(),
            session: session.clone(),
            open: BTreeMap::from([(Folder::Shift, shift)]),
            heard: BTreeMap::new(),
            left: BTreeSet::new(),
        };
        let mut notices = Vec::new();
        let mut told = folders.read(now, &mut notices);
        let mut opened = opened;
        if let NoteReply::Opened { notices: all, .. } = &mut opened {
            all.extend(notices.iter().map(raw));
        }
        told.insert(0, (Folder::Shift, opened));
        (folders, told)
    }

    /// Reads what the incidents have.
    fn read(&mut self, now: Timestamp, notices: &mut Vec<SafeText>) -> Told {
        let mut ids = incidents(&self.files, &self.state, notices);
        let left_out = ids.len().saturating_sub(MOST_INCIDENTS);
        if left_out > 0 {
            notices.push(safe!("{} incidents that are older were not read", left_out));
            self.left.extend(ids.drain(..left_out));
        }
        ids.into_iter().map(|id| self.read_one(id, now, notices)).collect()
    }

    fn read_one(
        &mut self,
        id: IncidentId,
        now: Timestamp,
        notices: &mut Vec<SafeText>,
    ) -> (Folder, NoteReply) {
        let folder = Folder::Incident(id.clone());
        let dir = self.state.join(folder.path());
        // Looked at before: what is written meanwhile is heard.
        let ear = Ear::from_now(&self.files, &dir);
        let entries = super::entries::read(&self.files, &dir, Some(now), notices);
        if Incident::of(&id, &entries).is_none_or(|incident| incident.status.is_over()) {
            self.left.insert(id);
        } else {
            self.heard.insert(id, ear);
        }
        (folder, NoteReply::Read(entries))
    }

    /// Whether there is an incident in which others may write.
    pub fn has_incidents(&self) -> bool {
        !self.heard.is_empty() || self.open.len() > 1
    }

    /// What other consoles have written since it was asked last, into incidents that are not over and into
    /// new ones.
    pub fn hear(&mut self, now: Timestamp) -> Told {
        let mut told = Told::new();
        let known = |id: &IncidentId| {
            self.heard.contains_key(id)
                || self.left.contains(id)
                || self.open.contains_key(&Folder::Incident(id.clone()))
        };
        // What is wrong with them was told at the start, or will be at the next one.
        let new: Vec<IncidentId> = incidents(&self.files, &self.state, &mut Vec::new())
            .into_iter()
            .filter(|id| !known(id))
            .collect();
        for id in new {
            let (folder, reply) = self.read_one(id.clone(), now, &mut Vec::new());
            if reply == NoteReply::Read(Vec::new()) {
                // Its first entry is still being written.
                self.left.remove(&id);
            } else {
                told.push((folder, reply));
            }
        }
        for (id, ear) in &mut self.heard {
            let folder = Folder::Incident(id.clone());
            let entries = ear.hear(&self.files, &self.state.join(folder.path()), |_| false);
            if !entries.is_empty() {
                told.push((folder, NoteReply::Read(entries)));
            }
        }
        for (folder, writer) in &mut self.open {
            told.extend(writer.hear().map(|reply| (folder.clone(), reply)));
        }
        told
    }

    /// Does one command in one folder and says what came of it. An incident's folder that is not open
    /// yet is opened first.
    pub fn handle(&mut self, folder: &Folder, command: NoteCommand, now: Timestamp) -> Vec<NoteReply> {
        let mut replies = Vec::new();
        if !self.open.contains_key(folder) {
            if command == NoteCommand::Rest {
                return replies;
            }
            let (writer, opened) = Writer::open(self.files.clone(), &self.state, folder, &self.session, now);
            self.open.insert(folder.clone(), writer);
            if let Some(id) = folder.incident() {
                self.heard.remove(id);
            }
            replies.push(opened);
        }
        if command != NoteCommand::Open
            && let Some(writer) = self.open.get_mut(folder)
        {
            replies.extend(writer.handle(command, now));
        }
        replies
    }

    /// The folders that are written in.
    pub fn folders(&self) -> Vec<Folder> {
        self.open.keys().cloned().collect()
    }

    /// Takes what this console wrote elsewhere until now, and what lies in these directories, which is
    /// removed there.
    pub fn adopt(&mut self, before: Option<Self>, places: &[PathBuf], now: Timestamp) -> Told {
        let mut told = Vec::new();
        let mut written: BTreeMap<Folder, Option<Writer<F>>> =
            self.folders().into_iter().map(|folder| (folder, None)).collect();
        for (folder, writer) in before.into_iter().flat_map(|before| before.open) {
            written.insert(folder, Some(writer));
        }
        for (folder, before) in written {
            told.extend(
                self.handle(&folder, NoteCommand::Open, now).into_iter().map(|r| (folder.clone(), r)),
            );
            if let Some(writer) = self.open.get_mut(&folder) {
                let replies = writer.adopt(before, places, now);
                told.extend(replies.into_iter().map(|reply| (folder.clone(), reply)));
            }
        }
        told.extend(self.take_in(places, now));
        told
    }

    /// Keeps a pad beside itself before a text takes its place that was not made from it. Says where.
    pub fn make_way(
        &mut self,
        folder: &Folder,
        text: &RawText,
        now: Timestamp,
    ) -> Result<Option<SafeText>, StoreError> {
        self.open.get_mut(folder).map_or(Ok(None), |writer| writer.make_way(text, now))
    }

    /// Takes over what consoles left below these directories while none that lasts could be written.
    pub fn take_in(&mut self, places: &[PathBuf], now: Timestamp) -> Told {
        let mut told = Vec::new();
        let mut notices = Vec::new();
        let own = places.iter().filter(|place| dirs::is_own(place) && dirs::is_own(&place.join("incidents")));
        for id in own.flat_map(|place| incidents(&self.files, place, &mut notices)).collect::<Vec<_>>() {
            let folder = Folder::Incident(id);
            let replies = self.handle(&folder, NoteCommand::Open, now);
            told.extend(replies.into_iter().map(|reply| (folder.clone(), reply)));
        }
        for (folder, writer) in &mut self.open {
            told.extend(writer.take_in(places, now).map(|reply| (folder.clone(), reply)));
        }
        told
    }

    /// At the end: saves, and writes what cannot be saved here below the first of these directories
    /// that takes it. Gives why, and where it is; `None`: everything is saved.
    pub fn rescue(&mut self, places: &[PathBuf], now: Timestamp) -> Option<SafeText> {
        let mut told: Option<SafeText> = None;
        for writer in self.open.values_mut() {
            if let Some(left) = writer.rescue(places, now) {
                match &mut told {
                    Some(told) => told.push(&safe!("; {}", left)),
                    None => told = Some(left),
                }
            }
        }
        told
    }

    /// The last thing before the end, as [`Writer::close`]; the first error says what is lost.
    pub fn close(self, now: Timestamp) -> Result<(), StoreError> {
        self.open.into_values().map(|writer| writer.close(now)).fold(Ok(()), Result::and)
    }
}

/// The incidents that have a folder below a state directory, the oldest first.
pub(super) fn incidents(files: &impl Files, state: &Path, notices: &mut Vec<SafeText>) -> Vec<IncidentId> {
    let dir = state.join("incidents");
    if matches!(files.stamp(&dir), Ok(None)) {
        return Vec::new();
    }
    let paths = match files.list(&dir, usize::MAX) {
        Ok(paths) => paths,
        Err(e) => {
            notices.push(StoreError::new("read", &dir, e).sentence());
            return Vec::new();
        }
    };
    let mut ids = Vec::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        match name.and_then(|name| IncidentId::try_from(name).ok()) {
            Some(id) => ids.push(id),
            None => notices.push(safe!("{} is no folder of an incident and was not read", path_text(&path))),
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::incident::{Declared, Sev};
    use crate::model::note::{Entry, What};
    use crate::store::files::Disk;

    fn now() -> Timestamp {
        "2026-03-14T03:12:00Z".parse().unwrap()
    }

    fn session(id: &str) -> Session {
        Session { person: "kim".into(), host: "bastion".into(), id: id.into(), since: now() }
    }

    fn incident() -> Folder {
        Folder::Incident(IncidentId::try_from("INC-20260314-0312-db".to_owned()).unwrap())
    }

    fn entry(session: &str, seq: u64, what: What) -> NoteCommand {
        let (person, text) = ("kim".into(), "".into());
        let entry = Entry { at: now(), recorded: now(), person, what, text, session: session.into(), seq };
        NoteCommand::Entry(entry)
    }

    fn declared() -> What {
        What::Declared(Box::new(Declared::new("db is slow", Sev::SECOND)))
    }

    fn read(told: &Told) -> Vec<(String, usize)> {
        let count = |(folder, reply): &(Folder, NoteReply)| match reply {
            NoteReply::Read(entries) => (folder.path().to_string_lossy().into_owned(), entries.len()),
            NoteReply::Opened { entries, notices, .. } => {
                assert_eq!(notices, &[] as &[RawText]);
                (folder.path().to_string_lossy().into_owned(), entries.len())
            }
            other => panic!("{other:?}"),
        };
        told.iter().map(count).collect()
    }

    #[test]
    fn an_incident_is_read_at_the_next_start_and_opened_when_somebody_writes() {
        let state = tempfile::tempdir().unwrap();
        let (mut folders, told) = Folders::open(Disk, state.path(), &session("a"), now());
        assert_eq!(read(&told), [("notes".to_owned(), 0)]);
        let replies = folders.handle(&incident(), entry("a", 1, declared()), now());
        assert!(matches!(&replies[..], [NoteReply::Opened { .. }, NoteReply::EntrySaved(1)]), "{replies:?}");
        assert_eq!(
            folders.handle(&incident(), NoteCommand::Pad(1, "text".into()), now()),
            [NoteReply::PadSaved(1)]
        );
        drop(folders); // as SIGKILL leaves it

        let (mut folders, told) = Folders::open(Disk, state.path(), &session("b"), now());
        assert_eq!(read(&told), [("notes".to_owned(), 0), ("incidents/INC-20260314-0312-db".to_owned(), 1)]);
        let [_, (Folder::Incident(id), NoteReply::Read(entries))] = &told[..] else { panic!("{told:?}") };
        assert_eq!(Incident::of(id, entries).unwrap().title, "db is slow".into());
        // Who only looks leaves nothing behind.
        let dir = state.path().join(incident().path());
        let names = || Disk.list(&dir, 100).unwrap();
        let before = names();
        assert_eq!(folders.handle(&incident(), NoteCommand::Rest, now()), []);
        assert_eq!(names(), before);
        let opened = folders.handle(&incident(), NoteCommand::Open, now());
        let [NoteReply::Opened { pad, held_by: None, .. }] = &opened[..] else { panic!("{opened:?}") };
        assert_eq!(*pad, "text".into());
        folders.close(now()).unwrap();
    }

    #[test]
    fn two_consoles_hear_each_other_in_an_incident_and_in_a_new_one() {
        let state = tempfile::tempdir().unwrap();
        let open = |id: &str| Folders::open(Disk, state.path(), &session(id), now()).0;
        let (mut a, mut b, mut c) = (open("a"), open("b"), open("c"));
        a.handle(&incident(), entry("a", 1, declared()), now());
        assert_eq!(a.hear(now()), [], "its own");
        for one in [&mut b, &mut c] {
            assert_eq!(read(&one.hear(now())), [("incidents/INC-20260314-0312-db".to_owned(), 1)]);
            assert_eq!(one.hear(now()), [], "once");
        }
        b.handle(&incident(), entry("b", 1, What::Note), now());
        // To who writes there only what is new, to who looks the journals that grew.
        assert_eq!(read(&a.hear(now())), [("incidents/INC-20260314-0312-db".to_owned(), 1)]);
        assert_eq!(read(&c.hear(now())), [("incidents/INC-20260314-0312-db".to_owned(), 1)]);
        let closed = What::Status(crate::model::incident::Status::Closed);
        a.handle(&incident(), entry("a", 2, closed), now());
        assert_eq!(read(&c.hear(now())), [("incidents/INC-20260314-0312-db".to_owned(), 2)]);
        assert_eq!(open("d").hear(now()), [], "it is over");
    }

    #[test]
    fn what_is_no_incident_is_named_and_left_alone() {
        let state = tempfile::tempdir().unwrap();
        let stray = state.path().join("incidents/of last year");
        std::fs::create_dir_all(&stray).unwrap();
        let (_, told) = Folders::open(Disk, state.path(), &session("a"), now());
        let [(Folder::Shift, NoteReply::Opened { notices, .. })] = &told[..] else { panic!("{told:?}") };
        assert!(
            notices[0].as_str().unwrap().contains("of last year is no folder of an incident"),
            "{notices:?}"
        );
        assert!(stray.is_dir());
    }

    #[test]
    fn what_was_written_in_memory_comes_to_the_disk_with_its_folder() {
        let top = tempfile::tempdir().unwrap();
        let (home, memory) = (top.path().join("home"), top.path().join("memory"));
        let (mut before, _) = Folders::open(Disk, &memory, &session("a"), now());
        before.handle(&incident(), entry("a", 1, declared()), now());
        let (mut folders, _) = Folders::open(Disk, &home, &session("a"), now());
        let told = folders.adopt(Some(before), std::slice::from_ref(&memory), now());
        let saved = |(folder, reply): &(Folder, NoteReply)| {
            *folder == incident() && *reply == NoteReply::EntrySaved(1)
        };
        assert!(told.iter().any(saved), "{told:?}");
        // And of a console that has ended.
        let (mut dead, _) = Folders::open(Disk, &memory, &session("b"), now());
        dead.handle(&incident(), entry("b", 1, What::Note), now());
        drop(dead);
        folders.take_in(std::slice::from_ref(&memory), now());
        folders.close(now()).unwrap();
        let (_, told) = Folders::open(Disk, &home, &session("c"), now());
        assert_eq!(read(&told), [("notes".to_owned(), 0), ("incidents/INC-20260314-0312-db".to_owned(), 2)]);
    }
}
