//! The thread that writes: what is not kept waits and is tried again, and both turns are told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::queue::Todo;
use super::{Keeping, Place, Work, last_state};
use crate::app::session::Session as LastState;
use crate::model::keeping::Kept;
use crate::model::note::{Folder, NoteCommand, NoteReply};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::transition::Transition;
use crate::pane::effect::Msg;
use crate::runtime::clock::Clock;
use crate::runtime::masked::Masking;
use crate::safe;
use crate::source::recording::format::Item;
use crate::store::files::Disk;
use crate::store::history::{self, Found, History};
use crate::store::notes::{Folders, Session};
use crate::store::recording::Recording;
use crate::store::team::Team;
use crate::store::{dirs, last};

/// While something is not saved it is tried again this often.
const AGAIN: Duration = Duration::from_secs(3);
/// What other consoles write is looked for this often while there is an incident that is not over, a team,
/// or a claim of before: within a second it is seen. While there is none no thread wakes for it; a new one is
/// looked for whenever there is something else to do, once a minute at least while anything changes.
const HEAR: Duration = Duration::from_millis(900);
/// What happened waits for the disk up to this number of events; then the oldest go.
const WAITING: usize = 5000;
/// Entries that are held while there is no directory at all.
const HELD: usize = 10_000;
/// So many events are written at once.
const BATCH: usize = 64;

/// The thread's own things.
pub(super) struct Desk {
    notes: Option<Folders<Disk>>,
    fallbacks: Vec<PathBuf>,
    history: Option<History<Disk>>,
    /// What happened and is not in the history yet, and how much of it had to go.
    waiting: VecDeque<Transition>,
    lost: usize,
    /// Events that there was no room for on the way here.
    missed: Arc<AtomicUsize>,
    last: Option<PathBuf>,
    /// The last state that the disk refused.
    unkept: Option<Box<LastState>>,
    /// Why nothing is written, where that is a fault, and what was to be written.
    missing: Option<SafeText>,
    held: Vec<(Folder, NoteCommand)>,
    /// The directory that could not be used at the start, and the one in memory that is used meanwhile.
    wanted: Option<PathBuf>,
    meanwhile: Option<PathBuf>,
    team: Option<Team>,
    session: Session,
    takes_notes: bool,
    recording: Option<Recording>,
    masking: Masking,
    clock: Clock,
    answers: mpsc::Sender<Msg>,
    /// The folders that have something that is not saved.
    unsaved: BTreeSet<Folder>,
    /// What was told as not kept, and why.
    told: BTreeMap<Kept, SafeText>,
}

impl Desk {
    pub(super) fn open(
        keeping: Keeping,
        clock: Clock,
        answers: mpsc::Sender<Msg>,
        missed: Arc<AtomicUsize>,
    ) -> Self {
        let directory = keeping.place.directory();
        let now = clock.now();
        let writers = directory.filter(|_| keeping.takes_notes);
        let open = |state| Folders::open_shared(Disk, state, keeping.team.clone(), &keeping.session, now);
        let notes = writers.map(open);
        let (mut notes, opened) = notes.unzip();
        let lasts = matches!(keeping.place, Place::Directory(_));
        let taken = notes.as_mut().filter(|_| lasts).map(|notes| notes.take_in(&keeping.fallbacks, now));
        let id = &keeping.session.id;
        // A recording has a time of its own, in which nothing happens to what we have here.
        let lasting = directory.filter(|_| matches!(clock, Clock::Real));
        let history = lasting.map(|state| History::open(Disk, &state.join("history"), id, now));
        let (history, found) = history.unzip();
        let last = directory.map(last_state);
        let nowhere = || (keeping.place == Place::Nowhere).then(|| vec![(Folder::Shift, NoteReply::Unkept)]);
        let opened = opened.or_else(nowhere).unwrap_or_default();
        let meanwhile = directory.filter(|_| !lasts).map(Path::to_owned);
        let (lapse, missing, wanted) = match keeping.place {
            Place::Directory(_) | Place::Nowhere => (None, None, None),
            Place::Memory { why, wanted, .. } => (Some((Kept::PastReboot, why)), None, wanted),
            Place::Missing { why, wanted } => (Some((Kept::Anything, why.clone())), Some(why), wanted),
        };
        let mut desk = Self {
            notes,
            fallbacks: keeping.fallbacks,
            history,
            waiting: VecDeque::new(),
            lost: 0,
            missed,
            last,
            unkept: None,
            missing,
            held: Vec::new(),
            wanted,
            meanwhile,
            team: keeping.team,
            session: keeping.session,
            takes_notes: keeping.takes_notes,
            recording: keeping.recording,
            masking: keeping.masking,
            clock,
            answers,
            unsaved: BTreeSet::new(),
            told: BTreeMap::new(),
        };
        for (folder, opened) in opened.into_iter().chain(taken.unwrap_or_default()) {
            desk.answer(folder, opened);
        }
        if let Some(Found { transitions, notices, refused }) = found {
            desk.tell(Msg::History(transitions));
            for notice in notices {
                desk.tell(Msg::Trouble(notice));
            }
            desk.kept(Kept::History, refused);
        }
        if let Some((what, why)) = lapse {
            desk.kept(what, Some(why));
        }
        desk.kept_shared();
        desk
    }

    pub(super) fn work(mut self, todo: &Todo) {
        let (mut again, mut hear) = (Instant::now() + AGAIN, Instant::now() + HEAR);
        loop {
            let is_behind = !self.unsaved.is_empty()
                || !self.waiting.is_empty()
                || self.unkept.is_some()
                || self.wanted.is_some()
                || self.told.contains_key(&Kept::History)
                || self.told.contains_key(&Kept::Shared);
            let is_shared = self.notes.as_ref().is_some_and(Folders::is_shared);
            let next = [is_behind.then_some(again), is_shared.then_some(hear)];
            match todo.next(next.into_iter().flatten().min()) {
                Ok(Work::Note(folder, command)) => {
                    let command = self.masking.of(command);
                    self.note(&folder, command);
                }
                Ok(Work::PadFile(folder, done)) => {
                    let file = self.notes.as_ref().map(|notes| notes.pad_file(&folder));
                    let _late = done.send(file);
                }
                // A pad comes with its text, as a note.
                Err(RecvTimeoutError::Timeout) | Ok(Work::Begin | Work::Pad(_)) => {}
                Ok(Work::Happened(transitions)) => self.happened(transitions),
                Ok(Work::Last(state)) => self.keep_last(state),
                Ok(Work::Record(item)) => self.record(&item),
                Ok(Work::Flush(done)) => {
                    self.sync_recording();
                    // Nobody listens any more when the deadline was missed.
                    let _late = done.send(self.rescue());
                }
                Ok(Work::Close(done)) => {
                    self.sync_recording();
                    let history = self.keep();
                    let now = self.clock.now();
                    self.history.take().into_iter().for_each(|history| history.close(now));
                    let left = self.rescue().map_or(Ok(()), Err);
                    let notes = self.notes.take().map_or(Ok(()), |notes| notes.close(self.clock.now()));
                    let notes = left.and(notes.map_err(|error| error.sentence()));
                    let _late = done.send(notes.and(history));
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if Instant::now() >= hear {
                hear = Instant::now() + HEAR;
                self.hear();
            }
            if !is_behind {
                again = Instant::now() + AGAIN;
            } else if Instant::now() >= again {
                again = Instant::now() + AGAIN;
                self.again();
            }
        }
    }

    /// Tells what other consoles have written.
    fn hear(&mut self) {
        let now = self.clock.now();
        let heard = self.notes.as_mut().map(|notes| notes.hear(now)).unwrap_or_default();
        for (folder, reply) in heard {
            self.answer(folder, reply);
        }
    }

    /// Tries again what is not kept.
    fn again(&mut self) {
        for folder in std::mem::take(&mut self.unsaved) {
            self.note(&folder, NoteCommand::Rest);
        }
        self.leave();
        self.go_home();
        self.rejoin();
        // Told as it is told: the next turn tries again.
        let _told = self.keep();
        if let Some(state) = self.unkept.take() {
            self.keep_last(state);
        }
    }

    /// Goes to the directory that is wanted as soon as that can be used, with what was written meanwhile.
    fn go_home(&mut self) {
        let Some(home) = self.wanted.take() else { return };
        if dirs::prepare(&home).is_err() {
            self.wanted = Some(home);
            return;
        }
        let now = self.clock.now();
        if self.takes_notes {
            let team = self.team.clone();
            let (mut notes, opened) = Folders::open_shared(Disk, &home, team, &self.session, now);
            let before = self.notes.take();
            for (folder, reply) in opened {
                match reply {
                    NoteReply::Opened { notices, .. } => {
                        for notice in &notices {
                            self.tell(Msg::Trouble(clean(notice)));
                        }
                    }
                    read => self.answer(folder, read),
                }
            }
            let places: Vec<_> = self.meanwhile.iter().chain(&self.fallbacks).cloned().collect();
            let replies = notes.adopt(before, &places, now);
            let failed = replies.iter().filter(|(_, reply)| matches!(reply, NoteReply::NotSaved(_)));
            self.unsaved = failed.map(|(folder, _)| folder.clone()).collect();
            for (folder, reply) in replies {
                self.answer(folder, reply);
            }
            self.notes = Some(notes);
        }
        if matches!(self.clock, Clock::Real) {
            let (mut history, found) = History::open(Disk, &home.join("history"), &self.session.id, now);
            if let (Some(before), Some(dir)) = (self.history.take(), &self.meanwhile) {
                before.close(now);
                // What is there twice is told once.
                let told = history::peek(&Disk, &dir.join("history")).transitions;
                self.waiting.extend(told);
            }
            drop(history.append(&[]));
            self.history = Some(history);
            self.tell(Msg::History(found.transitions));
            found.notices.into_iter().for_each(|notice| self.tell(Msg::Trouble(notice)));
        }
        self.last = Some(last_state(&home));
        (self.missing, self.meanwhile) = (None, None);
        self.kept(Kept::Anything, None);
        self.kept(Kept::PastReboot, None);
        for (folder, command) in std::mem::take(&mut self.held) {
            let way = match (&command, &mut self.notes) {
                (NoteCommand::Pad(_, text), Some(notes)) => notes.make_way(&folder, text, now),
                _ => Ok(None),
            };
            match way {
                Ok(moved) => {
                    if let Some(moved) = moved {
                        self.tell(Msg::Trouble(moved));
                    }
                    self.note(&folder, command);
                }
                // It stays not saved, as it was told, until more is typed.
                Err(error) => self.tell(Msg::Trouble(error.sentence())),
            }
        }
    }

    /// Goes to the person's own directory where something could not be saved in that of the team.
    fn leave(&mut self) {
        if self.unsaved.is_empty() {
            return;
        }
        let now = self.clock.now();
        for (folder, reply) in self.notes.as_mut().map(|notes| notes.leave(now)).unwrap_or_default() {
            self.unsaved.remove(&folder);
            if matches!(reply, NoteReply::NotSaved(_)) {
                self.unsaved.insert(folder.clone());
            }
            self.answer(folder, reply);
        }
        self.kept_shared();
    }

    /// Goes to the directory of the team as soon as that can be used.
    fn rejoin(&mut self) {
        let now = self.clock.now();
        let told = self.notes.as_mut().map(|notes| notes.rejoin(now)).unwrap_or_default();
        for (folder, reply) in told {
            self.answer(folder, reply);
        }
        self.kept_shared();
    }

    fn kept_shared(&mut self) {
        let why = self.notes.as_ref().and_then(Folders::apart).cloned();
        self.kept(Kept::Shared, why);
    }

    fn rescue(&mut self) -> Option<SafeText> {
        self.notes.as_mut()?.rescue(&self.fallbacks, self.clock.now())
    }

    fn note(&mut self, folder: &Folder, command: NoteCommand) {
        let Some(notes) = &mut self.notes else {
            if self.wanted.is_some() {
                self.hold(folder, command.clone());
            }
            if self.missing.is_none() && *folder != Folder::Shift {
                // The shift's was told at the start.
                self.answer(folder.clone(), NoteReply::Unkept);
            }
            let reply = match (&self.missing, command) {
                (Some(why), _) => NoteReply::NotSaved(RawText::from(why.as_str())),
                (None, NoteCommand::Entry(entry)) => NoteReply::EntrySaved(entry.seq),
                (None, NoteCommand::Pad(number, _)) => NoteReply::PadSaved(number),
                (None, NoteCommand::Open | NoteCommand::Rest) => return,
                (None, NoteCommand::WriteTo(..)) => NoteReply::NotSaved("nothing is written here".into()),
            };
            self.answer(folder.clone(), reply);
            return;
        };
        let replies = notes.handle(folder, command, self.clock.now());
        // What was told once may still not be saved.
        if notes.is_behind(folder) || replies.iter().any(|reply| matches!(reply, NoteReply::NotSaved(_))) {
            self.unsaved.insert(folder.clone());
        } else {
            self.unsaved.remove(folder);
        }
        for reply in replies {
            self.answer(folder.clone(), reply);
        }
    }

    /// Has what cannot be written anywhere at hand for the directory that is wanted.
    fn hold(&mut self, folder: &Folder, command: NoteCommand) {
        match &command {
            NoteCommand::Pad(..) => {
                let is_replaced = |held: &(Folder, NoteCommand)| {
                    held.0 == *folder && matches!(held.1, NoteCommand::Pad(..))
                };
                self.held.retain(|held| !is_replaced(held));
            }
            NoteCommand::Entry(_) if self.held.len() < HELD => {}
            // More than anybody types; it was told as not saved.
            NoteCommand::Entry(_) | NoteCommand::Open | NoteCommand::Rest | NoteCommand::WriteTo(..) => {
                return;
            }
        }
        self.held.push((folder.clone(), command));
    }

    fn happened(&mut self, happened: Vec<Transition>) {
        if self.history.is_none() {
            return;
        }
        self.waiting.extend(happened);
        let over = self.waiting.len().saturating_sub(WAITING);
        self.waiting.drain(..over);
        self.lost += over;
        let _told = self.keep();
    }

    /// Writes what has happened. What the disk refuses waits; the error says how much is not written.
    fn keep(&mut self) -> Result<(), SafeText> {
        let Some(history) = &mut self.history else { return Ok(()) };
        if self.waiting.is_empty() && self.told.contains_key(&Kept::History) {
            // Nothing has happened, and the directory may have been mended.
            history.append(&[])?;
        }
        while !self.waiting.is_empty() {
            let batch: Vec<_> = self.waiting.iter().take(BATCH).cloned().collect();
            if let Err(why) = history.append(&batch) {
                self.kept(Kept::History, Some(why.clone()));
                return Err(safe!("the history lacks {}: {}", events(self.waiting.len()), why));
            }
            self.waiting.drain(..batch.len());
        }
        let missed = self.missed.swap(0, Ordering::Relaxed);
        if missed > 0 {
            // The app was told by who had no room.
            self.tell(Msg::Keeping(Kept::History, None));
        }
        self.kept(Kept::History, None);
        let lost = std::mem::take(&mut self.lost) + missed;
        if lost > 0 {
            self.tell(Msg::Trouble(safe!("The history is kept again; it lacks {}.", events(lost))));
        }
        Ok(())
    }

    fn keep_last(&mut self, state: Box<LastState>) {
        let now = self.clock.now();
        self.history.iter_mut().for_each(|history| history.beat(now));
        let Some(path) = &self.last else { return };
        let why = last::save(path, &state).err().map(|error| error.sentence());
        self.unkept = why.is_some().then_some(state);
        self.kept(Kept::LastState, why);
    }

    fn record(&mut self, item: &Item) {
        let Some(recording) = &mut self.recording else { return };
        if let Err(error) = recording.write(item) {
            self.recording = None;
            self.kept(Kept::Recording, Some(error.sentence()));
        }
    }

    fn sync_recording(&mut self) {
        if let Some(Err(error)) = self.recording.as_mut().map(Recording::flush) {
            self.recording = None;
            self.kept(Kept::Recording, Some(error.sentence()));
        }
    }

    /// Tells why something is not kept, or that it is, when that is news.
    fn kept(&mut self, what: Kept, why: Option<SafeText>) {
        if self.told.get(&what) == why.as_ref() {
            return;
        }
        match &why {
            Some(why) => self.told.insert(what, why.clone()),
            None => self.told.remove(&what),
        };
        self.tell(Msg::Keeping(what, why));
    }

    fn answer(&mut self, folder: Folder, reply: NoteReply) {
        self.tell(Msg::Note(folder, reply));
    }

    fn tell(&self, msg: Msg) {
        // When the loop has ended there is nobody to tell.
        let _ended = self.answers.blocking_send(msg);
    }
}

fn events(count: usize) -> SafeText {
    if count == 1 { "1 event".into() } else { safe!("{} events", count) }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::super::tests::{fired, keeping};
    use super::*;
    use crate::model::note::{Entry, What};
    use crate::model::terms::{Declared, IncidentId, Sev};
    use crate::store::notes::Shelf;

    #[test]
    fn a_directory_that_is_mended_is_gone_to_with_what_was_written_meanwhile() {
        let top = tempfile::tempdir().unwrap();
        let (home, memory) = (top.path().join("home"), top.path().join("memory"));
        let mode = |mode| std::fs::set_permissions(&home, Permissions::from_mode(mode)).unwrap();
        for has_memory in [true, false] {
            std::fs::create_dir_all(home.join("notes")).unwrap();
            for path in [&home, &home.join("notes")] {
                std::fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
            }
            crate::store::atomic::write(&Disk, &home.join("notes/pad.md"), b"of last week").unwrap();
            mode(0o777);
            let (why, wanted) = (dirs::prepare(&home).unwrap_err(), Some(home.clone()));
            let place = if has_memory {
                Place::Memory { dir: memory.clone(), why, wanted }
            } else {
                Place::Missing { why, wanted }
            };
            let (answers, mut told) = mpsc::channel(64);
            let mut desk = Desk::open(keeping(place), Clock::Real, answers, Arc::default());
            let now = Clock::Real.now();
            let entry = Entry {
                at: now,
                recorded: now,
                person: "kim".into(),
                session: "1-1".into(),
                seq: 1,
                text: "it began".into(),
                what: What::Note,
            };
            desk.note(&Folder::Shift, NoteCommand::Entry(entry.clone()));
            desk.note(&Folder::Shift, NoteCommand::Pad(1, "typed".into()));
            desk.happened(fired("A"));
            desk.go_home();
            assert!(desk.wanted.is_some(), "as long as anybody can write there");
            mode(0o700);
            desk.go_home();
            let _told = desk.keep();
            assert!(desk.told.is_empty() && desk.wanted.is_none(), "{:?}", desk.told);
            let mut replies = Vec::new();
            while let Ok(msg) = told.try_recv() {
                replies.push(msg);
            }
            let is_saved = |reply: &Msg| matches!(reply, Msg::Note(_, NoteReply::EntrySaved(1)));
            assert!(replies.iter().any(is_saved), "{replies:?}");
            desk.notes.take().unwrap().close(now).unwrap();
            desk.history.take().unwrap().close(now);
            assert_eq!(std::fs::read_to_string(home.join("notes/pad.md")).unwrap(), "typed");
            let names = std::fs::read_dir(home.join("notes")).unwrap().map(|entry| entry.unwrap().path());
            let beside: Vec<_> = names.filter(|path| path.to_string_lossy().contains("pad.left-")).collect();
            let texts: Vec<_> = beside.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
            assert_eq!(texts, ["of last week"]);
            let session = Session { id: "2-1".into(), ..desk.session.clone() };
            let (_, opened) = Folders::open(Disk, &home, &session, now);
            let [(Folder::Shift, NoteReply::Opened { entries, .. })] = opened.as_slice() else {
                panic!("{opened:?}")
            };
            assert_eq!(*entries, [entry]);
            let kept = history::peek(&Disk, &home.join("history")).transitions;
            assert_eq!(kept.len(), usize::from(has_memory), "without any directory nothing is kept of it");
            std::fs::remove_dir_all(&home).unwrap();
        }
    }

    #[test]
    fn that_incidents_are_not_shared_is_told_until_they_are() {
        let top = tempfile::tempdir().unwrap();
        let dir = top.path().join("team");
        std::fs::create_dir(&dir).unwrap();
        let group = std::fs::metadata(&dir).unwrap().gid().to_string().into();
        let place = Place::Directory(top.path().join("home"));
        let (answers, _told) = mpsc::channel(64);
        let team = Some(Team { dir: dir.clone(), group });
        let mut desk = Desk::open(Keeping { team, ..keeping(place) }, Clock::Real, answers, Arc::default());
        assert!(desk.told[&Kept::Shared].as_str().contains("run: chmod 2770"), "{:?}", desk.told);
        desk.again();
        assert!(desk.told.contains_key(&Kept::Shared));
        std::fs::set_permissions(&dir, Permissions::from_mode(0o2770)).unwrap();
        desk.again();
        assert!(desk.told.is_empty(), "{:?}", desk.told);
    }

    #[test]
    fn an_entry_that_the_directory_of_a_team_refuses_is_saved_in_ones_own_until_it_takes_it() {
        let top = tempfile::tempdir().unwrap();
        let (dir, away, home) = (top.path().join("team"), top.path().join("away"), top.path().join("home"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::set_permissions(&dir, Permissions::from_mode(0o2770)).unwrap();
        let group = std::fs::metadata(&dir).unwrap().gid().to_string().into();
        let team = Team { dir: dir.clone(), group };
        let (answers, mut told) = mpsc::channel(64);
        let keeping = Keeping { team: Some(team.clone()), ..keeping(Place::Directory(home.clone())) };
        let mut desk = Desk::open(keeping, Clock::Real, answers, Arc::default());
        let incident = Folder::Incident(IncidentId::try_from("INC-20260314-0312-db".to_owned()).unwrap());
        let now = Clock::Real.now();
        let write = |desk: &mut Desk, seq| {
            let what = match seq {
                1 => What::Declared(Box::new(Declared::new("db is slow", Sev::SECOND))),
                _ => What::Note,
            };
            let (person, session) = ("kim".into(), "1-1".into());
            let entry = Entry { at: now, recorded: now, person, session, seq, text: "".into(), what };
            desk.note(&incident, NoteCommand::Entry(entry));
        };
        let mut replies = || {
            let mut all = Vec::new();
            while let Ok(msg) = told.try_recv() {
                all.push(msg);
            }
            all
        };
        let is_saved = |all: &[Msg], number| {
            let is_it = |msg: &Msg| matches!(msg, Msg::Note(_, NoteReply::EntrySaved(seq)) if *seq == number);
            all.iter().any(is_it)
        };
        let shared = |all: &[Msg]| {
            let is_apart = |msg: &Msg| match msg {
                Msg::Keeping(Kept::Shared, why) => Some(why.is_none()),
                _ => None,
            };
            all.iter().filter_map(is_apart).collect::<Vec<_>>()
        };
        let count = |shelf: Shelf<Disk>| shelf.entries(&incident, &mut Vec::new()).len();
        write(&mut desk, 1);
        assert!(is_saved(&replies(), 1));
        std::fs::rename(&dir, &away).unwrap();
        crate::store::atomic::write(&Disk, &dir, b"in the way").unwrap();
        write(&mut desk, 2);
        let said = replies();
        assert!(!is_saved(&said, 2) && shared(&said).is_empty() && !desk.unsaved.is_empty(), "{said:?}");

        desk.again();
        let said = replies();
        assert!(is_saved(&said, 2) && shared(&said) == [false], "{said:?}");
        assert!(desk.unsaved.is_empty());
        assert_eq!(count(Shelf::of(Disk, home.join("unshared"))), 2, "what was there is not seen meanwhile");
        write(&mut desk, 3);
        assert!(is_saved(&replies(), 3));
        desk.again();
        assert_eq!(shared(&replies()), [false; 0], "told once");

        std::fs::remove_file(&dir).unwrap();
        std::fs::rename(&away, &dir).unwrap();
        desk.again();
        let said = replies();
        assert!(shared(&said) == [true] && desk.told.is_empty(), "{said:?}");
        assert_eq!(count(Shelf::of_team(Disk, team.open().unwrap())), 3);
    }

    #[test]
    fn what_is_mended_is_seen_though_nothing_happens() {
        let dir = tempfile::tempdir().unwrap();
        let history = dir.path().join("history");
        std::fs::create_dir(&history).unwrap();
        std::fs::set_permissions(&history, Permissions::from_mode(0o777)).unwrap();
        std::fs::create_dir(dir.path().join("last.json")).unwrap();
        let place = Place::Directory(dir.path().to_owned());
        let (answers, _told) = mpsc::channel(64);
        let mut desk = Desk::open(keeping(place), Clock::Real, answers, Arc::default());
        let json = serde_json::json!({"world": {"sources": {}}, "view": {}});
        desk.keep_last(Box::new(serde_json::from_value(json).unwrap()));
        assert_eq!(desk.told.keys().copied().collect::<Vec<_>>(), [Kept::History, Kept::LastState]);
        std::fs::set_permissions(&history, Permissions::from_mode(0o700)).unwrap();
        std::fs::remove_dir(dir.path().join("last.json")).unwrap();
        desk.again();
        assert!(desk.told.is_empty(), "{:?}", desk.told);
    }
}
