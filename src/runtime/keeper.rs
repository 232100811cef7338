//! The way to the thread that writes: notes, the last state, a recording. Nothing else waits for the disk.

mod desk;
mod queue;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use self::desk::Desk;
use self::queue::{Asking, Refused, Todo, queue};
use super::clock::Clock;
use super::masked::Masking;
use crate::app::session::Session as LastState;
use crate::model::note::{Folder, NoteCommand};
use crate::model::text::SafeText;
use crate::model::transition::Transition;
use crate::pane::effect::Msg;
use crate::source::recording::format::Item;
use crate::store::notes::Session;
use crate::store::recording::Recording;
use crate::store::team::Team;

/// How long a way out waits for the disk.
const FLUSH: Duration = Duration::from_secs(2);

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
    /// The directory that a team shares, where one is configured.
    pub team: Option<Team>,
    /// Who writes.
    pub session: Session,
    /// What is being recorded to.
    pub recording: Option<Recording>,
    /// What takes secrets out of notes.
    pub masking: Masking,
}

enum Work {
    Begin,
    Note(Folder, NoteCommand),
    /// The text of a pad, which is beside the queue.
    Pad(Folder),
    PadFile(Folder, Sender<Option<PathBuf>>),
    Happened(Vec<Transition>),
    Last(Box<LastState>),
    Record(Item),
    Flush(Sender<Option<SafeText>>),
    Close(Sender<Result<(), SafeText>>),
}

/// The way to the thread that writes. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    work: Asking,
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
        let (work, todo) = queue();
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
        self.work.ask(Work::Begin).is_ok()
    }

    /// Asks for something to be written; false when the disk is so far behind that there is no room.
    pub fn note(&self, folder: Folder, command: NoteCommand) -> bool {
        self.work.ask_note(folder, command).is_ok()
    }

    /// Where the file of a folder's pad is, if anything is written at all; waits a bounded time.
    pub fn pad_file(&self, folder: Folder) -> Option<PathBuf> {
        let (done, wait) = channel();
        self.work.ask(Work::PadFile(folder, done)).ok()?;
        wait.recv_timeout(FLUSH).ok().flatten()
    }

    /// Keeps what happened; false when the disk is so far behind that there is no room.
    pub fn happened(&self, transitions: Vec<Transition>) -> bool {
        let count = transitions.len();
        let taken = self.work.ask(Work::Happened(transitions)).is_ok();
        if !taken {
            self.left_out.fetch_add(count, Ordering::Relaxed);
        }
        taken
    }

    /// Keeps what the next start shows first. When the disk is behind, a later one will do.
    pub fn last(&self, state: LastState) {
        let _later = self.work.ask(Work::Last(Box::new(state)));
    }

    /// Has at hand what a way out keeps; nothing is written before.
    pub fn latest(&self, state: LastState) {
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(state));
    }

    fn keep_latest(&self) {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(state) = latest {
            // When there is no room, what was kept a minute ago stands.
            let _full = self.work.ask(Work::Last(state));
        }
    }

    /// Writes one item of the recording; false when it had to be left out.
    pub fn record(&self, item: Item) -> bool {
        self.work.ask(Work::Record(item)) != Err(Refused::Full)
    }

    /// Writes what is left and ends. The error says what is lost.
    pub fn close(&self) -> Result<(), SafeText> {
        self.keep_latest();
        let (done, wait) = channel();
        if self.work.ask(Work::Close(done)).is_err() {
            return Err("the disk does not answer: what was typed last may be lost".into());
        }
        wait.recv_timeout(FLUSH).unwrap_or_else(|_| Err("the disk did not answer in time".into()))
    }

    /// Waits until everything asked for so far is written, a bounded time. What cannot be saved goes to
    /// a fallback: gives why, and where it is.
    pub fn flush(&self) -> Option<SafeText> {
        self.keep_latest();
        let (done, wait) = channel();
        // Where the thread has ended, all was closed already, and told.
        self.work.ask(Work::Flush(done)).ok()?;
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
fn has_begun(todo: &Todo) -> bool {
    loop {
        match todo.next(None) {
            Ok(Work::Begin) => return true,
            Ok(Work::Flush(done)) => drop(done.send(None)),
            Ok(Work::Close(done)) => {
                drop(done.send(Ok(())));
                return false;
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::Arc;

    use super::*;
    use crate::model::alert::Alert;
    use crate::model::keeping::Kept;
    use crate::model::transition::Happened;
    use crate::net::credential::Mask;
    use crate::store::last;

    pub(super) fn keeping(place: Place) -> Keeping {
        let now = Clock::Real.now();
        let session = Session { person: "kim".into(), host: "h".into(), id: "1-1".into(), since: now };
        let (team, fallbacks, recording) = (None, Vec::new(), None);
        let masking = Masking::new(Mask::default(), channel().1);
        Keeping { place, takes_notes: true, waits: false, fallbacks, team, session, recording, masking }
    }

    pub(super) fn fired(name: &str) -> Vec<Transition> {
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
}
