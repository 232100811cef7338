//! The thread that writes: notes, the last state, a recording. Nothing else waits for the disk.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::clock::Clock;
use crate::app::session::Session as LastState;
use crate::model::keeping::Kept;
use crate::model::note::{NoteCommand, NoteReply};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::transition::Transition;
use crate::pane::effect::Msg;
use crate::safe;
use crate::source::recording::format::Item;
use crate::store::files::Disk;
use crate::store::history::{self, Found, History};
use crate::store::notes::{Session, Writer};
use crate::store::recording::Recording;
use crate::store::{dirs, last};

/// Work that may wait. What is typed while the disk hangs for longer is told as not saved.
const QUEUE: usize = 1024;
/// While something is not saved it is tried again this often.
const AGAIN: Duration = Duration::from_secs(3);
/// How long a way out waits for the disk.
const FLUSH: Duration = Duration::from_secs(2);

/// What happened waits for the disk up to this number of events; then the oldest go.
const WAITING: usize = 5000;
/// Entries that are held while there is no directory at all.
const HELD: usize = 10_000;
/// So many events are written at once.
const BATCH: usize = 64;

/// Where notes and the last state go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Into this directory.
    Directory(PathBuf),
    /// Into one that does not last, until the one that is wanted can be used.
    Memory {
        /// Where.
        dir: PathBuf,
        /// Why not where it is wanted.
        why: SafeText,
        /// Where it is wanted, if that is known.
        wanted: Option<PathBuf>,
    },
    /// Nowhere, as it should be: a demo or a replay.
    Nowhere,
    /// Nowhere, because no directory can be written: everything is told as not saved, until the one that
    /// is wanted can be used.
    Missing {
        /// Why.
        why: SafeText,
        /// Where it is wanted, if that is known.
        wanted: Option<PathBuf>,
    },
}

impl Place {
    /// The directory, if there is one.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Self::Directory(dir) | Self::Memory { dir, .. } => Some(dir),
            Self::Nowhere | Self::Missing { .. } => None,
        }
    }
}

/// What is kept, and where.
pub struct Keeping {
    /// Where notes and the last state go.
    pub place: Place,
    /// Whether notes are taken: a collector takes none.
    pub takes_notes: bool,
    /// Whether nothing is made on the disk before [`Keeper::begin`].
    pub waits: bool,
    /// Directories in memory, for what cannot be saved at the end; what lies there is taken over.
    pub fallbacks: Vec<PathBuf>,
    /// Who writes.
    pub session: Session,
    /// What is being recorded to.
    pub recording: Option<Recording>,
}

enum Work {
    Begin,
    Note(NoteCommand),
    Happened(Vec<Transition>),
    Last(Box<LastState>),
    Record(Item),
    Flush(Sender<Option<SafeText>>),
    Close(Sender<Result<(), SafeText>>),
}

/// The way to the thread that writes. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    work: SyncSender<Work>,
    /// Events that there was no room for.
    left_out: Arc<AtomicUsize>,
    /// What is known now: a way out writes it, and may be on any thread.
    latest: Arc<Mutex<Option<Box<LastState>>>>,
}

/// Where the last state stands in the state directory.
pub fn last_state(state: &Path) -> PathBuf {
    state.join("last.json")
}

impl Keeper {
    /// Starts the thread. What is durable, and what is not, is told to `answers`.
    ///
    /// Errors when the system refuses a thread.
    pub fn start(keeping: Keeping, clock: Clock, answers: mpsc::Sender<Msg>) -> std::io::Result<Self> {
        let (work, todo) = sync_channel(QUEUE);
        let left_out = Arc::new(AtomicUsize::new(0));
        let missed = Arc::clone(&left_out);
        std::thread::Builder::new().name("midwatch-keeper".to_owned()).spawn(move || {
            if !keeping.waits || has_begun(&todo) {
                Desk::open(keeping, clock, answers, missed).work(&todo);
            }
        })?;
        Ok(Self { work, left_out, latest: Arc::default() })
    }

    /// The person goes on from the first screen: what is kept is opened now.
    pub fn begin(&self) -> bool {
        self.work.try_send(Work::Begin).is_ok()
    }

    /// Asks for something to be written; false when the disk is so far behind that there is no room.
    pub fn note(&self, command: NoteCommand) -> bool {
        self.work.try_send(Work::Note(command)).is_ok()
    }

    /// Keeps what happened; false when the disk is so far behind that there is no room.
    pub fn happened(&self, transitions: Vec<Transition>) -> bool {
        let count = transitions.len();
        let taken = self.work.try_send(Work::Happened(transitions)).is_ok();
        if !taken {
            self.left_out.fetch_add(count, Ordering::Relaxed);
        }
        taken
    }

    /// Keeps what the next start shows first. When the disk is behind, a later one will do.
    pub fn last(&self, state: LastState) {
        let _later = self.work.try_send(Work::Last(Box::new(state)));
    }

    /// Has at hand what a way out keeps; nothing is written before.
    pub fn latest(&self, state: LastState) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(state));
    }

    fn keep_latest(&self) {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(state) = latest {
            // When there is no room, what was kept a minute ago stands.
            let _full = self.work.try_send(Work::Last(state));
        }
    }

    /// Writes one item of the recording; false when it had to be left out.
    pub fn record(&self, item: Item) -> bool {
        !matches!(self.work.try_send(Work::Record(item)), Err(TrySendError::Full(_)))
    }

    /// Writes what is left and ends. The error says what is lost.
    pub fn close(&self) -> Result<(), SafeText> {
        self.keep_latest();
        let (done, wait) = channel();
        if self.work.try_send(Work::Close(done)).is_err() {
            return Err("the disk does not answer: what was typed last may be lost".into());
        }
        wait.recv_timeout(FLUSH).unwrap_or_else(|_| Err("the disk did not answer in time".into()))
    }

    /// Waits until everything asked for so far is written, a bounded time. What cannot be saved goes to
    /// a fallback: gives why, and where it is.
    pub fn flush(&self) -> Option<SafeText> {
        self.keep_latest();
        let (done, wait) = channel();
        match self.work.try_send(Work::Flush(done)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                return Some("the disk does not answer; what was typed last may be lost".into());
            }
            // All was closed already, and told.
            Err(TrySendError::Disconnected(_)) => return None,
        }
        match wait.recv_timeout(FLUSH) {
            Ok(left) => left,
            Err(RecvTimeoutError::Timeout) => {
                Some("the disk did not answer in time; what did not show as saved may be lost".into())
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}

/// Waits on the first screen, where nothing can be written; false if that was all.
fn has_begun(todo: &Receiver<Work>) -> bool {
    loop {
        match todo.recv() {
            Ok(Work::Begin) => return true,
            Ok(Work::Flush(done)) => drop(done.send(None)),
            Ok(Work::Close(done)) => {
                drop(done.send(Ok(())));
                return false;
            }
            Ok(Work::Note(_) | Work::Happened(_) | Work::Last(_) | Work::Record(_)) => {}
            Err(_) => return false,
        }
    }
}

/// The thread's own things.
struct Desk {
    notes: Option<Writer<Disk>>,
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
    held: Vec<NoteCommand>,
    /// The directory that could not be used at the start, and the one in memory that is used meanwhile.
    wanted: Option<PathBuf>,
    meanwhile: Option<PathBuf>,
    session: Session,
    takes_notes: bool,
    recording: Option<Recording>,
    clock: Clock,
    answers: mpsc::Sender<Msg>,
    unsaved: bool,
    /// What was told as not kept, and why.
    told: BTreeMap<Kept, SafeText>,
}

impl Desk {
    fn open(keeping: Keeping, clock: Clock, answers: mpsc::Sender<Msg>, missed: Arc<AtomicUsize>) -> Self {
        let directory = keeping.place.directory();
        let now = clock.now();
        let writers = directory.filter(|_| keeping.takes_notes);
        let notes = writers.map(|state| Writer::open(Disk, &state.join("notes"), &keeping.session, now));
        let (mut notes, opened) = notes.unzip();
        let lasts = matches!(keeping.place, Place::Directory(_));
        let taken = notes.as_mut().filter(|_| lasts).and_then(|notes| notes.take_in(&keeping.fallbacks, now));
        let id = &keeping.session.id;
        // A recording has a time of its own, in which nothing happens to what we have here.
        let lasting = directory.filter(|_| matches!(clock, Clock::Real));
        let history = lasting.map(|state| History::open(Disk, &state.join("history"), id, now));
        let (history, found) = history.unzip();
        let last = directory.map(last_state);
        let opened = opened.or((keeping.place == Place::Nowhere).then_some(NoteReply::Unkept));
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
            session: keeping.session,
            takes_notes: keeping.takes_notes,
            recording: keeping.recording,
            clock,
            answers,
            unsaved: false,
            told: BTreeMap::new(),
        };
        for opened in opened.into_iter().chain(taken) {
            desk.answer(opened);
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
        desk
    }

    fn work(mut self, todo: &Receiver<Work>) {
        let mut again = Instant::now() + AGAIN;
        loop {
            let is_behind = self.unsaved
                || !self.waiting.is_empty()
                || self.unkept.is_some()
                || self.wanted.is_some()
                || self.told.contains_key(&Kept::History);
            let work = if is_behind {
                todo.recv_timeout(again.saturating_duration_since(Instant::now()))
            } else {
                todo.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match work {
                Ok(Work::Note(command)) => self.note(command),
                Err(RecvTimeoutError::Timeout) | Ok(Work::Begin) => {}
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
            if !is_behind {
                again = Instant::now() + AGAIN;
            } else if Instant::now() >= again {
                again = Instant::now() + AGAIN;
                self.again();
            }
        }
    }

    /// Tries again what is not kept.
    fn again(&mut self) {
        if self.unsaved {
            self.note(NoteCommand::Rest);
        }
        self.go_home();
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
            let (mut notes, opened) = Writer::open(Disk, &home.join("notes"), &self.session, now);
            let before = self.notes.take();
            if let NoteReply::Opened { notices, .. } = opened {
                for notice in &notices {
                    self.tell(Msg::Trouble(clean(notice)));
                }
            }
            let places: Vec<_> = self.meanwhile.iter().chain(&self.fallbacks).cloned().collect();
            let replies = notes.adopt(before, &places, now);
            self.unsaved = replies.iter().any(|reply| matches!(reply, NoteReply::NotSaved(_)));
            for reply in replies {
                self.answer(reply);
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
        for command in std::mem::take(&mut self.held) {
            let way = match (&command, &mut self.notes) {
                (NoteCommand::Pad(_, text), Some(notes)) => notes.make_way(text, now),
                _ => Ok(None),
            };
            match way {
                Ok(moved) => {
                    if let Some(moved) = moved {
                        self.tell(Msg::Trouble(moved));
                    }
                    self.note(command);
                }
                // It stays not saved, as it was told, until more is typed.
                Err(error) => self.tell(Msg::Trouble(error.sentence())),
            }
        }
    }

    fn rescue(&mut self) -> Option<SafeText> {
        self.notes.as_mut()?.rescue(&self.fallbacks, self.clock.now())
    }

    fn note(&mut self, command: NoteCommand) {
        let Some(notes) = &mut self.notes else {
            if self.wanted.is_some() {
                self.hold(command.clone());
            }
            let reply = match (&self.missing, command) {
                (Some(why), _) => NoteReply::NotSaved(RawText::from(why.as_str())),
                (None, NoteCommand::Entry(entry)) => NoteReply::EntrySaved(entry.seq),
                (None, NoteCommand::Pad(number, _)) => NoteReply::PadSaved(number),
                (None, NoteCommand::Rest) => return,
                (None, NoteCommand::WriteTo(_)) => NoteReply::NotSaved("nothing is written here".into()),
            };
            self.answer(reply);
            return;
        };
        let replies = notes.handle(command, self.clock.now());
        self.unsaved = replies.iter().any(|reply| matches!(reply, NoteReply::NotSaved(_)));
        for reply in replies {
            self.answer(reply);
        }
    }

    /// Has what cannot be written anywhere at hand for the directory that is wanted.
    fn hold(&mut self, command: NoteCommand) {
        match &command {
            NoteCommand::Pad(..) => self.held.retain(|held| !matches!(held, NoteCommand::Pad(..))),
            NoteCommand::Entry(_) if self.held.len() < HELD => {}
            // More than anybody types; it was told as not saved.
            NoteCommand::Entry(_) | NoteCommand::Rest | NoteCommand::WriteTo(_) => return,
        }
        self.held.push(command);
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

    fn answer(&mut self, reply: NoteReply) {
        self.tell(Msg::Note(reply));
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
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::sync::Arc;

    use super::*;
    use crate::model::alert::Alert;
    use crate::model::note::Entry;
    use crate::model::transition::Happened;

    fn keeping(place: Place) -> Keeping {
        let now = Clock::Real.now();
        let session = Session { person: "kim".into(), host: "h".into(), id: "1-1".into(), since: now };
        Keeping { place, takes_notes: true, waits: false, fallbacks: Vec::new(), session, recording: None }
    }

    fn fired(name: &str) -> Vec<Transition> {
        let at = Clock::Real.now();
        let what = Happened::Fired(Arc::new(Alert::new(name, name, at)));
        vec![Transition::new(at, "am", what)]
    }

    /// The next word about what is kept.
    fn next(told: &mut mpsc::Receiver<Msg>) -> (Kept, Option<String>) {
        loop {
            // That it cannot be read either is a notice.
            if let Msg::Keeping(what, why) = told.blocking_recv().unwrap() {
                return (what, why.map(|why| why.as_str().to_owned()));
            }
        }
    }

    #[test]
    fn what_the_disk_refuses_is_told_until_it_is_written_and_nothing_of_it_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let in_the_way = dir.path().join("history");
        symlink("/nowhere", &in_the_way).unwrap();
        let place = Place::Directory(dir.path().to_owned());
        let (answers, mut told) = mpsc::channel(64);
        let keeper = Keeper::start(keeping(place.clone()), Clock::Real, answers).unwrap();
        let (what, why) = next(&mut told);
        assert_eq!(what, Kept::History);
        assert!(why.unwrap().contains("/history: "), "where it is");
        assert!(keeper.happened(fired("A")));
        std::fs::remove_file(&in_the_way).unwrap();
        // By itself, or with what happens next.
        assert!(keeper.happened(fired("B")));
        assert_eq!(next(&mut told), (Kept::History, None));
        keeper.close().unwrap();

        let (answers, mut told) = mpsc::channel(64);
        let keeper = Keeper::start(keeping(place), Clock::Real, answers).unwrap();
        let names = loop {
            if let Msg::History(found) = told.blocking_recv().unwrap() {
                let name = |one: Transition| match one.what {
                    Happened::Fired(alert) => alert.name.as_str().unwrap().to_owned(),
                    other => panic!("{other:?}"),
                };
                break found.into_iter().map(name).collect::<Vec<_>>();
            }
        };
        assert_eq!(names, ["A", "B"]);
        keeper.close().unwrap();
    }

    #[test]
    fn at_the_end_it_is_told_how_much_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        symlink("/nowhere", dir.path().join("history")).unwrap();
        let (answers, _told) = mpsc::channel(64);
        let keeper =
            Keeper::start(keeping(Place::Directory(dir.path().to_owned())), Clock::Real, answers).unwrap();
        assert!(keeper.happened(fired("A")));
        let why = keeper.close().unwrap_err();
        assert!(why.as_str().starts_with("the history lacks 1 event: cannot "), "{why:?}");
    }

    #[test]
    fn what_is_known_is_kept_on_the_way_out_of_a_lost_terminal() {
        let dir = tempfile::tempdir().unwrap();
        let (answers, _told) = mpsc::channel(64);
        let keeper =
            Keeper::start(keeping(Place::Directory(dir.path().to_owned())), Clock::Real, answers).unwrap();
        let json = serde_json::json!({"world": {"sources": {}}, "view": {"alerts": "disk"}});
        let state: LastState = serde_json::from_value(json).unwrap();
        keeper.latest(state.clone());
        assert!(!last_state(dir.path()).exists());
        // On this way nothing is closed: the process ends.
        keeper.flush();
        assert_eq!(last::load::<LastState>(&last_state(dir.path())).unwrap(), Some(state));
        keeper.close().unwrap();
    }

    #[test]
    fn a_place_that_does_not_last_and_none_at_all_are_told() {
        let dir = tempfile::tempdir().unwrap();
        for (place, expected) in [
            (
                Place::Memory {
                    dir: dir.path().to_owned(),
                    why: "the home is read-only".into(),
                    wanted: None,
                },
                Kept::PastReboot,
            ),
            (Place::Missing { why: "the home is read-only".into(), wanted: None }, Kept::Anything),
        ] {
            let (answers, mut told) = mpsc::channel(64);
            let keeper = Keeper::start(keeping(place), Clock::Real, answers).unwrap();
            assert_eq!(next(&mut told), (expected, Some("the home is read-only".to_owned())));
            keeper.close().unwrap();
        }
    }

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
            };
            desk.note(NoteCommand::Entry(entry.clone()));
            desk.note(NoteCommand::Pad(1, "typed".into()));
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
            let is_saved = |reply: &Msg| matches!(reply, Msg::Note(NoteReply::EntrySaved(1)));
            assert!(replies.iter().any(is_saved), "{replies:?}");
            desk.notes.take().unwrap().close(now).unwrap();
            desk.history.take().unwrap().close(now);
            assert_eq!(std::fs::read_to_string(home.join("notes/pad.md")).unwrap(), "typed");
            let names = std::fs::read_dir(home.join("notes")).unwrap().map(|entry| entry.unwrap().path());
            let beside: Vec<_> = names.filter(|path| path.to_string_lossy().contains("pad.left-")).collect();
            let texts: Vec<_> = beside.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
            assert_eq!(texts, ["of last week"]);
            let session = Session { id: "2-1".into(), ..desk.session.clone() };
            let (_, opened) = Writer::open(Disk, &home.join("notes"), &session, now);
            let NoteReply::Opened { entries, .. } = opened else { panic!("{opened:?}") };
            assert_eq!(entries, [entry]);
            let kept = history::peek(&Disk, &home.join("history")).transitions;
            assert_eq!(kept.len(), usize::from(has_memory), "without any directory nothing is kept of it");
            std::fs::remove_dir_all(&home).unwrap();
        }
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
