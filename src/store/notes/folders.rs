//! The folders of one console: the shift's notes, each incident's, and what a team tells each other besides.
//!
//! The shift's is open from the start. The others are read then, and opened when somebody turns to one or an
//! entry is written there: a console makes no journal where it only looks. The pad is taken by who turns to it,
//! and by nothing else: what happens is written down by every console that sees it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::ear::{Ear, Glance};
use super::here::Here;
use super::places::{Places, has_notes, incidents};
use super::{PAD, Session, Writer, raw};
use crate::model::incident::{Incident, IncidentId};
use crate::model::note::{Folder, NoteCommand, NoteReply};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;
use crate::store::dirs;
use crate::store::error::StoreError;
use crate::store::files::Files;
use crate::store::team::{Shared, Team};

/// Incidents that are read at the start, the newest first.
const MOST_INCIDENTS: usize = 5_000;
/// Bytes of journals that are read at the start, and that are known of the folders that are not over, all together.
const MOST_READ: u64 = 256 * 1024 * 1024;
/// One that takes more than this part of it is long.
const LONG: u64 = 16;
/// Incidents that are named where they are left out.
const MOST_NAMED: usize = 5;
/// Incidents that are over and are looked at again in one turn: the newest of them always, and so many of the others
/// in rotation. A thousand so cost no more than a few, and who opens one again is heard.
const NEWEST: usize = 4;
const OTHERS: usize = 12;

/// What an answer is of, and the answer.
pub type Told = Vec<(Folder, NoteReply)>;

/// What came of looking at a folder.
enum Looked {
    /// What it has.
    At((Folder, NoteReply)),
    /// There is no room for it.
    TooLong(Folder),
    /// It is not there, or must not be looked into.
    Nothing,
}

/// Writes the notes of one console, in the caller's thread, as [`Writer`] does for one folder.
#[derive(Debug)]
pub struct Folders<F> {
    places: Places<F>,
    session: Session,
    open: BTreeMap<Folder, Writer<Shared<F>>>,
    /// The folders that are not open here and in which others may write.
    heard: BTreeMap<Folder, Ear>,
    /// The incidents that are over, or that nobody declared, and how they stood when they were read; nothing for
    /// those that were not.
    left: BTreeMap<IncidentId, Option<Glance>>,
    /// How many of them were looked at again in this rotation.
    turn: usize,
    /// Who looks at what.
    here: Here,
    /// Bytes of journals that are read at most.
    most: u64,
}

impl<F: Files + Clone> Folders<F> {
    /// Opens the shift's notes below a state directory, and reads the incidents there.
    pub fn open(files: F, state: &Path, session: &Session, now: Timestamp) -> (Self, Told) {
        Self::open_shared(files, state, None, session, now)
    }

    /// Opens the shift's notes below a state directory, and reads the incidents there and in the directory of a
    /// team.
    pub fn open_shared(
        files: F,
        state: &Path,
        team: Option<Team>,
        session: &Session,
        now: Timestamp,
    ) -> (Self, Told) {
        Self::open_within(files, state, team, session, MOST_READ, now)
    }

    fn open_within(
        files: F,
        state: &Path,
        team: Option<Team>,
        session: &Session,
        most: u64,
        now: Timestamp,
    ) -> (Self, Told) {
        let places = Places::new(files, state, team);
        let (shift, opened) = Writer::open(places.private(), state, &Folder::Shift, session, now);
        let mut folders = Self {
            places,
            session: session.clone(),
            open: BTreeMap::from([(Folder::Shift, shift)]),
            heard: BTreeMap::new(),
            left: BTreeMap::new(),
            turn: 0,
            here: Here::new(session),
            most,
        };
        let mut notices = Vec::new();
        let mut told = folders.read(now, &mut notices);
        if folders.places.has_team() && folders.apart().is_none() {
            let unshared = folders.places.unshared();
            told.extend(folders.take_in(&[unshared], now));
        }
        let mut opened = opened;
        if let NoteReply::Opened { notices: all, .. } = &mut opened {
            all.extend(notices.iter().map(raw));
        }
        let unread = folders.open.get_mut(&Folder::Shift).and_then(Writer::look_unread);
        let shift = std::iter::once(opened).chain(unread).map(|reply| (Folder::Shift, reply));
        told.splice(0..0, shift);
        (folders, told)
    }

    /// Why the record is not where the team has it; nothing if it is, or there is no team.
    pub fn apart(&self) -> Option<&SafeText> {
        self.places.apart()
    }

    /// Where the file of a folder's pad is.
    pub fn pad_file(&self, folder: &Folder) -> PathBuf {
        self.places.of(folder).0.join(folder.path()).join(PAD)
    }

    /// Goes to the person's own directory if the team's cannot be used any more, with what could not be written there.
    pub fn leave(&mut self, now: Timestamp) -> Told {
        if !self.places.leave() {
            return Told::new();
        }
        let moved = |folder: &&Folder| self.places.is_of_team(folder);
        let folders: Vec<Folder> = self.open.keys().filter(moved).cloned().collect();
        let mut told = Told::new();
        for folder in folders {
            let Some(mut before) = self.open.remove(&folder) else { continue };
            // What others wrote there is there again with the directory; what is not is written then.
            let known = before.entries.only_own();
            told.extend(self.adopt_one(&folder, Some(before), &[], now));
            if let Some(writer) = self.open.get_mut(&folder) {
                writer.entries.hear(known);
            }
        }
        told
    }

    /// Goes to the team's directory if it can be used now, with what was written meanwhile.
    pub fn rejoin(&mut self, now: Timestamp) -> Told {
        if !self.places.rejoin() {
            return Told::new();
        }
        let meanwhile = [self.places.unshared()];
        let moved = |folder: &&Folder| self.places.is_of_team(folder);
        let folders: Vec<Folder> = self.open.keys().filter(moved).cloned().collect();
        let mut told = Told::new();
        for folder in folders {
            let before = self.open.remove(&folder);
            told.extend(self.adopt_one(&folder, before, &meanwhile, now));
        }
        self.heard.clear();
        self.left.clear();
        let mut notices = Vec::new();
        told.extend(self.read(now, &mut notices));
        told.extend(notices.iter().map(|why| (Folder::Shift, NoteReply::Unheard(raw(why)))));
        told.extend(self.take_in(&meanwhile, now));
        told
    }

    /// Reads what the incidents have, and what is told outside of them.
    fn read(&mut self, now: Timestamp, notices: &mut Vec<SafeText>) -> Told {
        let mut ids = self.places.incidents(notices);
        let left_out = ids.len().saturating_sub(MOST_INCIDENTS);
        if left_out > 0 {
            notices.push(safe!("{} incidents that are older were not read", left_out));
            self.left.extend(ids.drain(..left_out).map(|id| (id, None)));
        }
        // Without a team it is in one's own directory, for one's other consoles and the next start.
        let folders = ids.into_iter().map(Folder::Incident).chain(std::iter::once(Folder::Team));
        let all: Vec<_> = folders.filter(|folder| !self.open.contains_key(folder)).collect();
        let (mut told, mut room) = (Told::new(), self.room());
        // The newest first, but the long ones last: a few that somebody made long do not crowd out all others.
        let mut left: Vec<Folder> = all.into_iter().rev().collect();
        for most in [self.most / LONG, self.most] {
            for folder in std::mem::take(&mut left) {
                match self.read_one(folder, (&mut room, most), now, notices) {
                    Looked::At(reply) => told.push(reply),
                    Looked::TooLong(folder) => left.push(folder),
                    Looked::Nothing => {}
                }
            }
        }
        told.sort_by(|(one, _), (other, _)| one.cmp(other));
        let id_of = |folder: &Folder| folder.incident().map(|id| clean(&id.as_str().into()));
        let left: Vec<SafeText> = left.iter().filter_map(id_of).collect();
        if let Some(first) = left.first().cloned() {
            let mut names = first;
            left.iter().take(MOST_NAMED).skip(1).for_each(|name| names.push(&safe!(", {}", name)));
            if left.len() > MOST_NAMED {
                names.push(&safe!(" and {} more", left.len() - MOST_NAMED));
            }
            let most = self.most >> 20;
            notices.push(safe!(
                "{} incidents were not read, for with those that were they are more than {} MiB: {}",
                left.len(),
                most,
                names
            ));
        }
        told
    }

    /// How much may still be read, bytes.
    fn room(&self) -> u64 {
        let heard = self.heard.values().map(Ear::read);
        let open = self.open.values().map(|writer| writer.ear.read());
        self.most.saturating_sub(heard.chain(open).sum())
    }

    /// Reads what a folder has.
    fn read_one(
        &mut self,
        folder: Folder,
        (room, most): (&mut u64, u64),
        now: Timestamp,
        notices: &mut Vec<SafeText>,
    ) -> Looked {
        let (base, files) = self.places.of(&folder);
        let dir = base.join(folder.path());
        if matches!(files.stamp(&dir), Ok(None)) {
            // What others will write there is heard.
            self.heard.insert(folder, Ear::default());
            return Looked::Nothing;
        }
        let looked = files.share().map_or(Ok(()), |share| share.check_folder(&dir));
        if let Err(why) = looked {
            notices.push(safe!("{}; it was not read", why));
            // It is read as soon as it may be.
            self.left.extend(folder.incident().map(|id| (id.clone(), Some(Glance::default()))));
            return Looked::Nothing;
        }
        // Looked at before: what is written meanwhile is heard.
        let ear = Ear::from_now(&files, &dir);
        if ear.read() > most.min(*room) {
            // It is read when somebody writes in it and there is room again, or turns to it.
            self.left.extend(folder.incident().map(|id| (id.clone(), Some(ear.glance()))));
            return Looked::TooLong(folder);
        }
        *room -= ear.read();
        // It may have been left before.
        folder.incident().map(|id| self.left.remove(id));
        let entries = super::entries::read(&files, &dir, Some(now), notices);
        let is_over = |id| Incident::of(id, &entries).is_none_or(|incident| incident.status.is_over());
        match folder.incident().filter(|id| is_over(id)) {
            Some(id) => drop(self.left.insert(id.clone(), Some(ear.glance()))),
            None => drop(self.heard.insert(folder.clone(), ear)),
        }
        Looked::At((folder, NoteReply::Read(entries)))
    }

    /// Whether others may write what one has to see soon: where there is a team, in an incident, or where
    /// somebody has told something outside of them before.
    pub fn is_shared(&self) -> bool {
        let is_used = |(folder, ear): (&Folder, &Ear)| *folder != Folder::Team || !ear.is_new();
        self.places.has_team() || self.open.len() > 1 || self.heard.iter().any(is_used)
    }

    /// What other consoles have written since it was asked last, into incidents that are not over, into
    /// new ones and outside of them; soon also into those that were over. And who looks at the one that somebody turned to here.
    pub fn hear(&mut self, now: Timestamp) -> Told {
        let mut told = Told::new();
        // What is wrong with them was told at the start, or will be at the next one.
        let all = self.places.incidents(&mut Vec::new());
        for id in all {
            let folder = Folder::Incident(id.clone());
            let is_known = self.left.contains_key(&id) || self.heard.contains_key(&folder);
            if is_known || self.open.contains_key(&folder) {
                continue;
            }
            let heard = self.read_again(folder, now);
            // Of one whose first entry is still being written there is nothing to tell.
            told.extend(heard.filter(|(_, reply)| *reply != NoteReply::Read(Vec::new())));
        }
        told.extend(self.look_again(now));
        let mut room = self.room();
        for (folder, ear) in &mut self.heard {
            let (base, files) = self.places.of(folder);
            let (words, unheard) = ear.hear(&files, &base.join(folder.path()), &mut room, |_| false);
            let mut notices: Vec<SafeText> = unheard.into_iter().collect();
            let entries = words.finish(&mut notices);
            let read = (!entries.is_empty()).then_some(NoteReply::Read(entries));
            let unheard = notices.iter().map(|why| NoteReply::Unheard(raw(why)));
            told.extend(read.into_iter().chain(unheard).map(|reply| (folder.clone(), reply)));
        }
        for (folder, writer) in &mut self.open {
            let left = writer.give_up(now);
            told.extend(left.into_iter().chain(writer.hear(&mut room)).map(|reply| (folder.clone(), reply)));
        }
        if let Some(folder) = self.here.folder().cloned() {
            let (base, files) = self.places.of(&folder);
            let others = self.here.look(&files, &base.join(folder.path()), now);
            told.extend(others.map(|others| (folder, NoteReply::Here(others))));
        }
        told
    }

    /// Looks at some of the incidents that are over, and reads those that somebody has written into.
    fn look_again(&mut self, now: Timestamp) -> Told {
        let mut all = self.left.keys().rev();
        let mut due: Vec<IncidentId> = all.by_ref().take(NEWEST).cloned().collect();
        let count = OTHERS.min(all.len());
        self.turn = self.turn.checked_rem(all.len()).unwrap_or_default();
        due.extend(all.cycle().skip(self.turn).take(count).cloned());
        self.turn += count;
        due.into_iter().filter_map(|id| self.look_again_at(&id, now)).collect()
    }

    /// Reads one that was not read, or not as it is now. What is wrong with it was told, or will be at the next start.
    fn read_again(&mut self, folder: Folder, now: Timestamp) -> Option<(Folder, NoteReply)> {
        match self.read_one(folder, (&mut self.room(), self.most), now, &mut Vec::new()) {
            Looked::At(reply) => Some(reply),
            Looked::TooLong(_) | Looked::Nothing => None,
        }
    }

    fn look_again_at(&mut self, id: &IncidentId, now: Timestamp) -> Option<(Folder, NoteReply)> {
        let folder = Folder::Incident(id.clone());
        let (base, files) = self.places.of(&folder);
        let dir = base.join(folder.path());
        files.share().map_or(Ok(()), |share| share.check_folder(&dir)).ok()?;
        let glance = Ear::from_now(&files, &dir).glance();
        let before = self.left.insert(id.clone(), Some(glance)).flatten();
        // Of one that was too old to be read, what comes from here on is heard.
        if before.is_none_or(|before| before == glance) {
            return None;
        }
        self.left.remove(id);
        let heard = self.read_again(folder, now);
        // One that nobody declared was told when it was come upon.
        heard.filter(|(_, reply)| match reply {
            NoteReply::Read(entries) => Incident::of(id, entries).is_some(),
            _ => false,
        })
    }

    /// Does one command in one folder and says what came of it. An incident's folder that is not open
    /// yet is opened first.
    pub fn handle(&mut self, folder: &Folder, command: NoteCommand, now: Timestamp) -> Vec<NoteReply> {
        if command == NoteCommand::Rest && !self.open.contains_key(folder) {
            return Vec::new();
        }
        let mut replies: Vec<_> = self.begin(folder, now).into_iter().collect();
        if command == NoteCommand::Open {
            // What the folder has is told with the pad.
            replies.clear();
            self.here.turn(folder.incident().map(|_| folder.clone()));
            for (other, writer) in &mut self.open {
                writer.is_left = other != folder && other.incident().is_some();
            }
        }
        replies
            .extend(self.open.get_mut(folder).map(|writer| writer.handle(command, now)).unwrap_or_default());
        replies
    }

    /// Opens a folder to write entries in it, and says what it has; nothing if it is open.
    fn begin(&mut self, folder: &Folder, now: Timestamp) -> Option<NoteReply> {
        if self.open.contains_key(folder) {
            return None;
        }
        let below = folder.path();
        let (base, files) = self.places.of(folder);
        let writer = Writer::begin(files, &base.join(&below), below, &self.session, now);
        let entries = writer.entries.all().to_vec();
        self.open.insert(folder.clone(), writer);
        self.heard.remove(folder);
        folder.incident().map(|id| self.left.remove(id));
        (!entries.is_empty()).then_some(NoteReply::Read(entries))
    }

    /// Whether something of a folder could not be saved when it was looked at last.
    pub fn is_behind(&self, folder: &Folder) -> bool {
        self.open.get(folder).is_some_and(Writer::is_behind)
    }

    /// The folders that are written in.
    pub fn folders(&self) -> Vec<Folder> {
        self.open.keys().cloned().collect()
    }

    /// Takes what this console wrote elsewhere until now, and what lies in these directories, which is
    /// removed there.
    pub fn adopt(&mut self, before: Option<Self>, places: &[PathBuf], now: Timestamp) -> Told {
        let mut told = Vec::new();
        let mut written: BTreeMap<Folder, Option<Writer<Shared<F>>>> =
            self.folders().into_iter().map(|folder| (folder, None)).collect();
        if let Some(before) = before {
            for (folder, mut writer) in before.open {
                if before.places.of(&folder).0 == self.places.of(&folder).0 {
                    // It is where it was: it goes on, with what was taken over there meanwhile.
                    written.remove(&folder);
                    if let Some(twin) = self.open.remove(&folder) {
                        writer.entries.hear(twin.entries.all().to_vec());
                        // What it could not save lies where it was found.
                        drop(twin.close(now));
                    }
                    self.open.insert(folder, writer);
                } else {
                    written.insert(folder, Some(writer));
                }
            }
        }
        for (folder, before) in written {
            told.extend(self.adopt_one(&folder, before, places, now));
        }
        told.extend(self.take_in(places, now));
        told
    }

    fn adopt_one(
        &mut self,
        folder: &Folder,
        before: Option<Writer<Shared<F>>>,
        places: &[PathBuf],
        now: Timestamp,
    ) -> Told {
        let mut replies: Vec<_> = self.begin(folder, now).into_iter().collect();
        if let Some(writer) = self.open.get_mut(folder) {
            if before.as_ref().is_some_and(|before| before.pad.is_turned_to()) {
                replies.push(writer.turn(now));
            }
            replies.extend(writer.adopt(before, places, now));
        }
        replies.into_iter().map(|reply| (folder.clone(), reply)).collect()
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
        let is_own = |dir: &PathBuf| dirs::is_own(dir);
        let places: Vec<PathBuf> = places.iter().filter(|place| is_own(place)).cloned().collect();
        let mut folders: Vec<Folder> = Vec::new();
        for place in &places {
            if is_own(&place.join("incidents")) {
                let ids = incidents(&self.places.private(), place, &mut notices);
                folders.extend(ids.into_iter().map(Folder::Incident));
            }
            if is_own(&place.join(Folder::Team.path())) {
                folders.push(Folder::Team);
            }
        }
        // Of one in which nothing was written no folder is made here.
        let files = self.places.private();
        folders.retain(|folder| places.iter().any(|place| has_notes(&files, &place.join(folder.path()))));
        for folder in folders {
            told.extend(self.begin(&folder, now).map(|reply| (folder.clone(), reply)));
        }
        for (folder, writer) in &mut self.open {
            told.extend(writer.take_in(&places, now).map(|reply| (folder.clone(), reply)));
        }
        told
    }

    /// At the end: saves, and writes what cannot be saved here below the first of these directories
    /// that takes it; what is a team's below the person's own. Gives why, and where it is; `None`: everything is
    /// saved.
    pub fn rescue(&mut self, places: &[PathBuf], now: Timestamp) -> Option<SafeText> {
        let mut told: Option<SafeText> = None;
        let unshared = self.places.unshared();
        for writer in self.open.values_mut() {
            let own = writer.files.share().map(|_| unshared.as_path());
            if let Some(left) = writer.rescue(own, places, now) {
                match &mut told {
                    Some(told) => told.push(&safe!("; {}", left)),
                    None => told = Some(left),
                }
            }
        }
        told
    }

    /// The last thing before the end, as [`Writer::close`]; the first error says what is lost.
    pub fn close(mut self, now: Timestamp) -> Result<(), StoreError> {
        self.here.leave(&self.places.private());
        self.open.into_values().map(|writer| writer.close(now)).fold(Ok(()), Result::and)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::incident::{Declared, Sev, Status};
    use crate::model::note::{Entry, What};
    use crate::store::files::Disk;
    use crate::store::notes::tests::of_team;

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
        assert_eq!(replies, [NoteReply::EntrySaved(1)]);
        let replies = folders.handle(&incident(), NoteCommand::Pad(1, "text".into()), now());
        assert!(matches!(&replies[..], [NoteReply::Opened { .. }, NoteReply::PadSaved(1)]), "{replies:?}");
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
    fn a_console_that_only_writes_down_what_happens_leaves_the_pad_to_who_turns_to_it() {
        let state = tempfile::tempdir().unwrap();
        let open = |id: &str| Folders::open(Disk, state.path(), &session(id), now()).0;
        let mut lead = open("a");
        lead.handle(&incident(), entry("a", 1, declared()), now());
        lead.handle(&incident(), NoteCommand::Open, now());
        lead.handle(&incident(), NoteCommand::Pad(1, "of the lead".into()), now());
        let mut onlooker = open("b");
        let happened = What::Happened { mark: "fired:am:1".into(), also: Vec::new() };
        onlooker.handle(&incident(), entry("b", 1, happened.clone()), now());
        drop(lead);
        // It goes on writing, resting and hearing, and takes nothing.
        onlooker.handle(&incident(), entry("b", 2, happened), now());
        onlooker.handle(&incident(), NoteCommand::Rest, now());
        let mut lead = open("c");
        let opened = lead.handle(&incident(), NoteCommand::Open, now());
        let [NoteReply::Opened { pad, held_by, .. }] = &opened[..] else { panic!("{opened:?}") };
        assert_eq!((pad, held_by), (&"of the lead".into(), &None));
        let opened = onlooker.handle(&incident(), NoteCommand::Open, now());
        let [NoteReply::Opened { held_by: Some(_), .. }] = &opened[..] else { panic!("{opened:?}") };
    }

    #[test]
    fn what_is_told_outside_an_incident_is_there_after_a_restart_and_heard_by_ones_other_console() {
        let state = tempfile::tempdir().unwrap();
        let open = |id: &str| Folders::open(Disk, state.path(), &session(id), now());
        let claim = || What::Claim { of: Vec::new(), held: true };
        let ((mut a, _), (mut b, _)) = (open("a"), open("b"));
        assert!(!a.is_shared(), "no thread wakes for what nobody has used yet");
        a.handle(&Folder::Team, entry("a", 1, claim()), now());
        assert_eq!(read(&b.hear(now())), [("team".to_owned(), 1)]);
        assert_eq!(b.hear(now()), [], "once");
        assert!(a.is_shared() && b.is_shared());
        drop((a, b)); // as SIGKILL leaves them

        let (mut c, told) = open("c");
        assert_eq!(read(&told), [("notes".to_owned(), 0), ("team".to_owned(), 1)]);
        assert_eq!(c.hear(now()), [], "it was told at the start");
        let (mut d, _) = open("d");
        d.handle(&Folder::Team, entry("d", 1, claim()), now());
        assert_eq!(read(&c.hear(now())), [("team".to_owned(), 1)]);
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
        // To who writes there and to who looks only what is new.
        assert_eq!(read(&a.hear(now())), [("incidents/INC-20260314-0312-db".to_owned(), 1)]);
        assert_eq!(read(&c.hear(now())), [("incidents/INC-20260314-0312-db".to_owned(), 1)]);
        a.handle(&incident(), entry("a", 2, status(Status::Closed)), now());
        assert_eq!(read(&c.hear(now())), [("incidents/INC-20260314-0312-db".to_owned(), 1)]);
        assert_eq!(open("d").hear(now()), [], "it is over");
    }

    fn status(status: Status) -> What {
        What::Status(status)
    }

    #[test]
    fn an_incident_that_was_over_at_the_start_is_heard_again_when_somebody_opens_it_again() {
        let state = tempfile::tempdir().unwrap();
        let open = |id: &str| Folders::open(Disk, state.path(), &session(id), now()).0;
        let mut a = open("a");
        a.handle(&incident(), entry("a", 1, declared()), now());
        a.handle(&incident(), entry("a", 2, status(Status::Closed)), now());
        let mut b = open("b");
        assert_eq!(b.hear(now()), []);
        a.handle(&incident(), entry("a", 3, status(Status::Active)), now());
        let path = "incidents/INC-20260314-0312-db".to_owned();
        assert_eq!(read(&b.hear(now())), [(path.clone(), 3)], "with all that is in it");
        assert_eq!(b.hear(now()), [], "once");
        a.handle(&incident(), entry("a", 4, What::Note), now());
        assert_eq!(read(&b.hear(now())), [(path.clone(), 1)], "it is heard as any other that is open");
        // One that goes on being over is told too, as it is known by what is in it.
        let mut c = open("c");
        a.handle(&incident(), entry("a", 5, status(Status::Closed)), now());
        let mut d = open("d");
        a.handle(&incident(), entry("a", 6, What::Note), now());
        assert_eq!(read(&d.hear(now())), [(path.clone(), 6)]);
        assert_eq!(d.hear(now()), []);
        assert_eq!(read(&c.hear(now())), [(path, 2)]);
        // Who has it open hears it there, once.
        d.handle(&incident(), NoteCommand::Open, now());
        a.handle(&incident(), entry("a", 7, What::Note), now());
        assert_eq!(read(&d.hear(now())[..1].to_vec())[0].1, 1);
    }

    #[test]
    fn an_incident_that_was_still_being_made_at_the_start_is_heard() {
        let state = tempfile::tempdir().unwrap();
        let (early, late) = (incident().path(), Path::new("incidents/INC-20260314-0313-web"));
        std::fs::create_dir_all(state.path().join(&early)).unwrap();
        let mut b = Folders::open(Disk, state.path(), &session("b"), now()).0;
        std::fs::create_dir_all(state.path().join(late)).unwrap();
        assert_eq!(b.hear(now()), []);
        let mut a = Folders::open(Disk, state.path(), &session("a"), now()).0;
        a.handle(&incident(), entry("a", 1, declared()), now());
        assert_eq!(read(&b.hear(now())), [(early.to_str().unwrap().to_owned(), 1)]);
        let web = Folder::Incident(IncidentId::try_from("INC-20260314-0313-web".to_owned()).unwrap());
        a.handle(&web, entry("a", 2, declared()), now());
        assert_eq!(read(&b.hear(now())), [(late.to_str().unwrap().to_owned(), 1)]);
    }

    #[test]
    fn of_many_that_are_over_each_is_looked_at_soon_and_few_at_once() {
        let state = tempfile::tempdir().unwrap();
        let folder = |number: usize| {
            let id = format!("INC-20260314-{number:04}-db");
            Folder::Incident(IncidentId::try_from(id).unwrap())
        };
        let mut a = Folders::open(Disk, state.path(), &session("a"), now()).0;
        for number in 0..40 {
            a.handle(&folder(number), entry("a", 1, declared()), now());
            a.handle(&folder(number), entry("a", 2, status(Status::Closed)), now());
        }
        let mut b = Folders::open(Disk, state.path(), &session("b"), now()).0;
        for number in 0..40 {
            a.handle(&folder(number), entry("a", 3, status(Status::Active)), now());
        }
        let heard = |told: &Told| -> Vec<Folder> { told.iter().map(|(folder, _)| folder.clone()).collect() };
        let newest_first = |from: usize, to: usize| (from..=to).rev().map(folder).collect::<Vec<_>>();
        assert_eq!(heard(&b.hear(now())), newest_first(24, 39));
        let mut all: Vec<_> = std::iter::repeat_with(|| heard(&b.hear(now()))).take(4).flatten().collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 24, "{all:?}");
    }

    /// Lets a directory be used so.
    fn mode(path: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn while_the_directory_of_a_team_cannot_be_used_its_incidents_wait_in_ones_own() {
        let top = tempfile::tempdir().unwrap();
        let team = of_team(top.path());
        let open = |home: &str, id: &str| {
            Folders::open_shared(Disk, &top.path().join(home), Some(team.clone()), &session(id), now())
        };
        mode(&team.dir, 0o2777);
        let (mut ada, _) = open("ada", "a");
        let why = ada.apart().unwrap().as_str().to_owned();
        assert!(why.starts_with("others than the group can use "), "{why}");
        ada.handle(&incident(), entry("a", 1, declared()), now());
        ada.handle(&incident(), NoteCommand::Open, now());
        assert_eq!(
            ada.handle(&incident(), NoteCommand::Pad(1, "typed".into()), now()),
            [NoteReply::PadSaved(1)]
        );
        let apart = top.path().join("ada/unshared").join(incident().path());
        assert_eq!(ada.pad_file(&incident()), apart.join("pad.md"));
        assert_eq!(ada.rejoin(now()), [], "as long as it is so");
        // Another one dies there.
        let (mut kim, _) = open("kim", "k");
        kim.handle(&incident(), entry("k", 1, What::Note), now());
        drop(kim);

        mode(&team.dir, 0o2770);
        let told = ada.rejoin(now());
        assert_eq!(ada.apart(), None, "{told:?}");
        let there = team.dir.join(incident().path());
        assert_eq!(ada.pad_file(&incident()), there.join("pad.md"));
        let left = Disk.list(&apart, 100).unwrap();
        assert!(left.iter().all(|path| path.ends_with("pad.lock")), "{left:?}");
        let (mut kim, told) = open("kim", "l");
        let found = told.iter().filter_map(|(folder, reply)| match reply {
            NoteReply::Read(entries) if *folder == incident() => Some(entries.len()),
            _ => None,
        });
        assert_eq!(found.max(), Some(2), "{told:?}");
        let opened = kim.handle(&incident(), NoteCommand::Open, now());
        let [NoteReply::Opened { entries, pad, held_by: Some(_), .. }] = &opened[..] else {
            panic!("{opened:?}")
        };
        assert_eq!((entries.len(), pad), (2, &"typed".into()));
        assert_eq!(read(&ada.hear(now())[..1].to_vec()), [("incidents/INC-20260314-0312-db".to_owned(), 1)]);
        let shelf = crate::store::notes::Shelf::shared(Disk, top.path().join("eve"), Some(team.clone()));
        assert_eq!(shelf.entries(&incident(), &mut Vec::new()).len(), 2);
        assert_eq!(shelf.pad(&incident(), &mut Vec::new()), "typed".into());
    }

    #[test]
    fn of_a_folder_in_which_nothing_was_written_none_is_made_for_the_team() {
        let top = tempfile::tempdir().unwrap();
        let (team, home) = (of_team(top.path()), top.path().join("home"));
        let left = home.join("unshared").join(incident().path());
        std::fs::create_dir_all(&left).unwrap();
        for dir in left.ancestors().take(4) {
            mode(dir, 0o700);
        }
        for name in ["pad.lock", "kim.vm.1-1.here"] {
            Disk.create(&left.join(name)).unwrap();
        }
        let (_, told) = Folders::open_shared(Disk, &home, Some(team.clone()), &session("a"), now());
        assert!(!team.dir.join(incident().path()).exists(), "{told:?}");
    }

    #[test]
    fn what_the_directory_of_a_team_refuses_under_a_console_goes_to_ones_own_until_it_is_back() {
        let top = tempfile::tempdir().unwrap();
        let (team, home, away) = (of_team(top.path()), top.path().join("home"), top.path().join("away"));
        let (mut kim, _) = Folders::open_shared(Disk, &home, Some(team.clone()), &session("a"), now());
        kim.handle(&incident(), entry("a", 1, declared()), now());
        kim.handle(&incident(), NoteCommand::Open, now());
        kim.handle(&incident(), NoteCommand::Pad(1, "first".into()), now());
        assert_eq!(kim.leave(now()), [], "as long as it can be used");
        std::fs::rename(&team.dir, &away).unwrap();
        let replies = kim.handle(&incident(), entry("a", 2, What::Note), now());
        assert!(matches!(&replies[..], [.., NoteReply::NotSaved(_)]), "{replies:?}");
        let replies = kim.handle(&incident(), NoteCommand::Pad(2, "first, second".into()), now());
        assert!(matches!(&replies[..], [.., NoteReply::NotSaved(_)]), "{replies:?}");

        let told = kim.leave(now());
        for saved in [NoteReply::EntrySaved(2), NoteReply::PadSaved(2)] {
            assert!(told.contains(&(incident(), saved)), "{told:?}");
        }
        assert!(kim.apart().unwrap().as_str().contains("does not exist"), "{:?}", kim.apart());
        let apart = home.join("unshared").join(incident().path());
        assert_eq!(kim.pad_file(&incident()), apart.join("pad.md"));
        let own = crate::store::journal::peek(&Disk, &apart.join("kim.bastion.a.000.journal")).unwrap();
        assert_eq!(own.len(), 2, "what it wrote, as long as nobody can see what was saved");
        let replies = kim.handle(&incident(), entry("a", 3, What::Note), now());
        assert_eq!(replies, [NoteReply::EntrySaved(3)]);

        std::fs::rename(&away, &team.dir).unwrap();
        kim.rejoin(now());
        assert_eq!(kim.apart(), None);
        let shelf = crate::store::notes::Shelf::of_team(Disk, team.open().unwrap());
        assert_eq!(shelf.entries(&incident(), &mut Vec::new()).len(), 3);
        assert_eq!(shelf.pad(&incident(), &mut Vec::new()), "first, second".into());
    }

    #[test]
    fn who_turns_to_another_incident_leaves_the_pad_to_others() {
        let state = tempfile::tempdir().unwrap();
        let open = |id: &str| Folders::open(Disk, state.path(), &session(id), now()).0;
        let other = Folder::Incident(IncidentId::try_from("INC-20260314-0400-web".to_owned()).unwrap());
        let (mut a, mut b) = (open("a"), open("b"));
        a.handle(&incident(), entry("a", 1, declared()), now());
        a.handle(&incident(), NoteCommand::Open, now());
        a.handle(&incident(), NoteCommand::Pad(1, "by a".into()), now());
        a.hear(now());
        let opened = |folders: &mut Folders<Disk>| {
            let replies = folders.handle(&incident(), NoteCommand::Open, now());
            let [.., NoteReply::Opened { pad, held_by, .. }] = &replies[..] else { panic!("{replies:?}") };
            (pad.as_str().unwrap().to_owned(), held_by.is_some())
        };
        assert_eq!(opened(&mut b), ("by a".to_owned(), true));
        a.handle(&other, NoteCommand::Open, now());
        // What was typed last comes late.
        let late = a.handle(&incident(), NoteCommand::Pad(2, "by a, late".into()), now());
        assert_eq!(late, [NoteReply::PadSaved(2)]);
        a.hear(now());
        let replies = b.handle(&incident(), NoteCommand::Rest, now());
        let [NoteReply::Opened { pad, held_by: None, .. }] = &replies[..] else { panic!("{replies:?}") };
        assert_eq!(*pad, "by a, late".into());
        assert_eq!(
            b.handle(&incident(), NoteCommand::Pad(1, "by b".into()), now()),
            [NoteReply::PadSaved(1)]
        );
        // Who comes back reads it, and does not take it.
        assert_eq!(opened(&mut a), ("by b".to_owned(), true));
        a.handle(&other, NoteCommand::Open, now());
        a.hear(now());
        drop(b);
        assert_eq!(opened(&mut a), ("by b".to_owned(), false));
    }

    #[test]
    fn a_link_that_takes_the_place_of_an_incidents_folder_leads_nowhere() {
        let top = tempfile::tempdir().unwrap();
        let (team, home) = (of_team(top.path()), top.path().join("home"));
        let elsewhere = top.path().join("elsewhere");
        let other = Folder::Incident(IncidentId::try_from("INC-20260314-0400-web".to_owned()).unwrap());
        let (mut kim, _) = Folders::open_shared(Disk, &home, Some(team.clone()), &session("a"), now());
        for (seq, folder, is_turned) in [(1, incident(), true), (2, other, false)] {
            kim.handle(&folder, entry("a", seq, declared()), now());
            if is_turned {
                kim.handle(&folder, NoteCommand::Open, now());
                kim.handle(&folder, NoteCommand::Pad(1, "first".into()), now());
            }
            let dir = team.dir.join(folder.path());
            std::fs::create_dir(&elsewhere).unwrap();
            mode(&elsewhere, 0o2770);
            std::fs::rename(&dir, top.path().join(format!("away{seq}"))).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &dir).unwrap();
            let commands =
                [entry("a", seq + 10, What::Note), NoteCommand::Pad(2, "second".into()), NoteCommand::Rest];
            for command in commands {
                let replies = kim.handle(&folder, command, now());
                let is_saved =
                    |reply: &NoteReply| matches!(reply, NoteReply::EntrySaved(_) | NoteReply::PadSaved(_));
                assert!(!replies.iter().any(is_saved), "{replies:?}");
            }
            let NoteCommand::Entry(more) = entry("a", seq + 20, What::Note) else { panic!() };
            let replies = kim.handle(&folder, NoteCommand::Entry(more), now());
            let [.., NoteReply::NotSaved(why)] = &replies[..] else { panic!("{replies:?}") };
            assert!(why.as_str().unwrap().contains("is no directory"), "{why:?}");
            assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
            std::fs::remove_dir(&elsewhere).unwrap();
        }
    }

    #[test]
    fn what_was_written_for_the_team_stays_when_ones_own_directory_comes_back() {
        let top = tempfile::tempdir().unwrap();
        let (team, home, memory) = (of_team(top.path()), top.path().join("home"), top.path().join("memory"));
        let open =
            |base: &Path, id: &str| Folders::open_shared(Disk, base, Some(team.clone()), &session(id), now());
        // A console that died while the directory of the team could not be used.
        mode(&team.dir, 0o2777);
        let (mut dead, _) = open(&home, "d");
        dead.handle(&incident(), entry("d", 1, What::Note), now());
        drop(dead);
        mode(&team.dir, 0o2770);
        // The home is away, the team is there: incidents are written where they belong.
        let (mut before, _) = open(&memory, "a");
        before.handle(&incident(), entry("a", 1, declared()), now());
        let there = team.dir.join(incident().path());
        let own = there.join("kim.bastion.a.000.journal");
        let (mut folders, told) = open(&home, "a");
        assert!(own.exists(), "{told:?}");
        folders.adopt(Some(before), std::slice::from_ref(&memory), now());
        let replies = folders.handle(&incident(), entry("a", 2, What::Note), now());
        assert_eq!(replies, [NoteReply::EntrySaved(2)], "nothing has to be written anew");
        folders.close(now()).unwrap();
        let records = crate::store::journal::peek(&Disk, &own).unwrap().len();
        assert_eq!((records, Disk.list(&there, 100).unwrap().len()), (2, 2), "and what was taken over");
        let shelf = crate::store::notes::Shelf::shared(Disk, &home, Some(team.clone()));
        assert_eq!(shelf.entries(&incident(), &mut Vec::new()).len(), 3);
    }

    #[test]
    fn incidents_of_before_stay_ones_own_and_a_link_among_those_of_the_team_leads_nowhere() {
        let top = tempfile::tempdir().unwrap();
        let (team, home) = (of_team(top.path()), top.path().join("home"));
        let (mut before, _) = Folders::open(Disk, &home, &session("a"), now());
        before.handle(&incident(), entry("a", 1, declared()), now());
        before.close(now()).unwrap();
        let elsewhere = top.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::create_dir(team.dir.join("incidents")).unwrap();
        mode(&team.dir.join("incidents"), 0o2770);
        std::os::unix::fs::symlink(&elsewhere, team.dir.join("incidents/INC-9")).unwrap();
        let (mut folders, told) = Folders::open_shared(Disk, &home, Some(team.clone()), &session("b"), now());
        let [(Folder::Shift, NoteReply::Opened { notices, .. }), (known, NoteReply::Read(entries))] =
            &told[..]
        else {
            panic!("{told:?}")
        };
        assert_eq!((known, entries.len()), (&incident(), 1));
        assert!(
            notices[0].as_str().unwrap().ends_with("INC-9 is no directory; it was not read"),
            "{notices:?}"
        );
        folders.handle(&incident(), entry("b", 1, What::Note), now());
        assert!(!team.dir.join(incident().path()).exists());
        assert_eq!(folders.hear(now()), []);
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
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

    #[test]
    fn of_all_incidents_together_a_console_reads_so_much_and_says_which_it_left_out() {
        let state = tempfile::tempdir().unwrap();
        let folder = |number: usize| {
            Folder::Incident(IncidentId::try_from(format!("INC-20260314-{number:04}-db")).unwrap())
        };
        let long = |seq: u64| {
            let NoteCommand::Entry(entry) = entry("a", seq, What::Note) else { panic!() };
            NoteCommand::Entry(Entry { text: "x".repeat(15_000).as_str().into(), ..entry })
        };
        let (mut a, _) = Folders::open(Disk, state.path(), &session("a"), now());
        for number in 1..=4 {
            a.handle(&folder(number), entry("a", 1, declared()), now());
            a.handle(&folder(number), long(2), now());
        }
        let (mut b, told) = Folders::open_within(Disk, state.path(), None, &session("b"), 50_000, now());
        let heard = |told: &Told| -> Vec<Folder> { told.iter().map(|(folder, _)| folder.clone()).collect() };
        assert_eq!(heard(&told), [Folder::Shift, folder(2), folder(3), folder(4)], "the newest");
        let (_, NoteReply::Opened { notices, .. }) = &told[0] else { panic!("{told:?}") };
        let [notice] = &notices[..] else { panic!("{notices:?}") };
        assert_eq!(
            notice.as_str().unwrap(),
            "1 incidents were not read, for with those that were they are more than 0 MiB: INC-20260314-0001-db"
        );
        // What is heard counts too, and it is told once for each.
        a.handle(&folder(4), long(3), now());
        a.handle(&folder(3), entry("a", 3, What::Note), now());
        let replies = b.hear(now());
        assert_eq!(heard(&replies), [folder(3), folder(4)], "{replies:?}");
        assert!(matches!(&replies[1].1, NoteReply::Unheard(_)), "{replies:?}");
        assert_eq!(b.hear(now()), []);
        // One that was left out and is turned to is read all the same.
        let opened = b.handle(&folder(1), NoteCommand::Open, now());
        let [NoteReply::Opened { entries, .. }] = &opened[..] else { panic!("{opened:?}") };
        assert_eq!(entries.len(), 2);
        // A short one is read whatever is newer and long.
        a.handle(&folder(0), entry("a", 1, declared()), now());
        let size = |of: &Folder| Ear::from_now(&Disk, &state.path().join(of.path())).read();
        let most = size(&folder(4)) + size(&folder(0)) / 2;
        let (_, told) = Folders::open_within(Disk, state.path(), None, &session("c"), most, now());
        assert_eq!(heard(&told), [Folder::Shift, folder(0), folder(3)]);
    }
}
