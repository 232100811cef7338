//! The thread that writes: notes, the last state, a recording. Nothing else waits for the disk.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc;

use super::clock::Clock;
use crate::app::session::Session as LastState;
use crate::model::note::{NoteCommand, NoteReply};
use crate::model::text::SafeText;
use crate::model::transition::Transition;
use crate::pane::effect::Msg;
use crate::safe;
use crate::source::recording::format::Item;
use crate::store::files::Disk;
use crate::store::history::{Found, History};
use crate::store::last;
use crate::store::notes::{Session, Writer};
use crate::store::recording::Recording;

/// Work that may wait. What is typed while the disk hangs for longer is told as not saved.
const QUEUE: usize = 1024;
/// While something is not saved it is tried again this often.
const AGAIN: Duration = Duration::from_secs(3);
/// How long a way out waits for the disk.
const FLUSH: Duration = Duration::from_secs(2);

/// Where notes and the last state go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Into this directory.
    Directory(PathBuf),
    /// Nowhere, as it should be: a demo or a replay.
    Nowhere,
    /// Nowhere, because no directory can be written: everything is told as not saved.
    Missing,
}

impl Place {
    /// The directory, if there is one.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Self::Directory(path) => Some(path),
            Self::Nowhere | Self::Missing => None,
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
    Flush(Sender<()>),
    Close(Sender<Result<(), SafeText>>),
}

/// The way to the thread that writes. Cheap to clone.
#[derive(Clone)]
pub struct Keeper {
    work: SyncSender<Work>,
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
        std::thread::Builder::new().name("midwatch-keeper".to_owned()).spawn(move || {
            if !keeping.waits || has_begun(&todo) {
                Desk::open(keeping, clock, answers).work(&todo);
            }
        })?;
        Ok(Self { work })
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
        self.work.try_send(Work::Happened(transitions)).is_ok()
    }

    /// Keeps what the next start shows first. When the disk is behind, a later one will do.
    pub fn last(&self, state: LastState) {
        let _later = self.work.try_send(Work::Last(Box::new(state)));
    }

    /// Writes one item of the recording; false when it had to be left out.
    pub fn record(&self, item: Item) -> bool {
        !matches!(self.work.try_send(Work::Record(item)), Err(TrySendError::Full(_)))
    }

    /// Writes what is left and ends. The error says what is lost.
    pub fn close(&self) -> Result<(), SafeText> {
        let (done, wait) = channel();
        if self.work.try_send(Work::Close(done)).is_err() {
            return Err("the disk does not answer: what was typed last may be lost".into());
        }
        wait.recv_timeout(FLUSH).unwrap_or_else(|_| Err("the disk did not answer in time".into()))
    }

    /// Waits until everything asked for so far is written, a bounded time.
    pub fn flush(&self) {
        let (done, wait) = channel();
        if self.work.try_send(Work::Flush(done)).is_ok() {
            // When the disk hangs, the journal keeps what it has.
            let _late = wait.recv_timeout(FLUSH);
        }
    }
}

/// Waits on the first screen, where nothing can be written; false if that was all.
fn has_begun(todo: &Receiver<Work>) -> bool {
    loop {
        match todo.recv() {
            Ok(Work::Begin) => return true,
            Ok(Work::Flush(done)) => drop(done.send(())),
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
    history: Option<History<Disk>>,
    /// What the history lacks because the disk refused it.
    not_kept: usize,
    last: Option<PathBuf>,
    /// Whether it is a fault when nothing is written.
    is_kept: bool,
    recording: Option<Recording>,
    clock: Clock,
    answers: mpsc::Sender<Msg>,
    unsaved: bool,
}

impl Desk {
    fn open(keeping: Keeping, clock: Clock, answers: mpsc::Sender<Msg>) -> Self {
        let directory = keeping.place.directory();
        let now = clock.now();
        let writers = directory.filter(|_| keeping.takes_notes);
        let notes = writers.map(|state| Writer::open(Disk, &state.join("notes"), &keeping.session, now));
        let (notes, opened) = notes.unzip();
        let id = &keeping.session.id;
        // A recording has a time of its own, in which nothing happens to what we have here.
        let lasting = directory.filter(|_| matches!(clock, Clock::Real));
        let history = lasting.map(|state| History::open(Disk, &state.join("history"), id, now));
        let (history, found) = history.unzip();
        let last = directory.map(last_state);
        let opened = opened.or((keeping.place == Place::Nowhere).then_some(NoteReply::Unkept));
        let is_kept = keeping.place != Place::Nowhere;
        let recording = keeping.recording;
        let mut desk =
            Self { notes, history, not_kept: 0, last, is_kept, recording, clock, answers, unsaved: false };
        if let Some(opened) = opened {
            desk.answer(opened);
        }
        if let Some(Found { transitions, notices }) = found {
            desk.tell(Msg::History(transitions));
            for notice in notices {
                desk.tell(Msg::Trouble(notice));
            }
        }
        desk
    }

    fn work(mut self, todo: &Receiver<Work>) {
        loop {
            let work = if self.unsaved {
                todo.recv_timeout(AGAIN)
            } else {
                todo.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match work {
                Ok(Work::Note(command)) => self.note(command),
                Err(RecvTimeoutError::Timeout) => self.note(NoteCommand::Rest),
                Ok(Work::Begin) => {}
                Ok(Work::Happened(transitions)) => self.keep(&transitions),
                Ok(Work::Last(state)) => self.keep_last(&state),
                Ok(Work::Record(item)) => self.record(&item),
                Ok(Work::Flush(done)) => {
                    self.sync_recording();
                    // Nobody listens any more when the deadline was missed.
                    let _late = done.send(());
                }
                Ok(Work::Close(done)) => {
                    self.sync_recording();
                    let now = self.clock.now();
                    self.history.take().into_iter().for_each(|history| history.close(now));
                    let closed = self.notes.take().map_or(Ok(()), |notes| notes.close(self.clock.now()));
                    let _late = done.send(closed.map_err(|error| error.sentence()));
                    return;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn note(&mut self, command: NoteCommand) {
        let Some(notes) = &mut self.notes else {
            let why = || NoteReply::NotSaved("there is no directory that can be written".into());
            let reply = match command {
                _ if self.is_kept => why(),
                NoteCommand::Entry(entry) => NoteReply::EntrySaved(entry.seq),
                NoteCommand::Pad(number, _) => NoteReply::PadSaved(number),
                NoteCommand::Rest => return,
                NoteCommand::WriteTo(_) => NoteReply::NotSaved("nothing is written here".into()),
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

    fn keep(&mut self, happened: &[Transition]) {
        let Some(history) = &mut self.history else { return };
        match history.append(happened) {
            Ok(()) if self.not_kept == 0 => {}
            Ok(()) => {
                let lost = std::mem::take(&mut self.not_kept);
                self.tell(Msg::Trouble(safe!("The history is kept again; it lacks {} events.", lost)));
            }
            Err(error) => {
                // Told once; the console goes on, only the next start shows less.
                if self.not_kept == 0 {
                    self.tell(Msg::Trouble(safe!("The history is not kept: {}.", error.sentence())));
                }
                self.not_kept += happened.len();
            }
        }
    }

    fn keep_last(&mut self, state: &LastState) {
        let now = self.clock.now();
        self.history.iter_mut().for_each(|history| history.beat(now));
        let Some(path) = &self.last else { return };
        if let Err(error) = last::save(path, state) {
            // Told once; the console goes on, only the next start shows less.
            self.last = None;
            self.tell(Msg::Trouble(error.sentence()));
        }
    }

    fn record(&mut self, item: &Item) {
        let Some(recording) = &mut self.recording else { return };
        if let Err(error) = recording.write(item) {
            self.recording = None;
            self.tell(Msg::Trouble(error.sentence()));
        }
    }

    fn sync_recording(&mut self) {
        if let Some(Err(error)) = self.recording.as_mut().map(Recording::flush) {
            self.recording = None;
            self.tell(Msg::Trouble(error.sentence()));
        }
    }

    fn answer(&mut self, reply: NoteReply) {
        self.tell(Msg::Note(reply));
    }

    fn tell(&self, msg: Msg) {
        // When the loop has ended there is nobody to tell.
        let _ended = self.answers.blocking_send(msg);
    }
}
