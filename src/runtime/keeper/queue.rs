//! What waits for the thread that writes: notes have more room than the rest, and of a pad only the last text waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::Work;
use crate::model::note::{Folder, NoteCommand};
use crate::model::text::RawText;

/// Work of any kind that may wait before the recording, the history and the last state find no room.
const MOST: usize = 1024;
/// And before notes find none: more than anybody types while a disk hangs, and what a storm tells in minutes.
const MOST_NOTES: usize = 10_000;

/// The text of each pad that waits, with its number.
type Pads = Arc<Mutex<HashMap<Folder, (u64, RawText)>>>;

/// The end of those who ask. Cheap to clone.
#[derive(Clone)]
pub(super) struct Asking {
    work: Sender<Work>,
    waiting: Arc<AtomicUsize>,
    pads: Pads,
}

/// The end of the thread that writes.
pub(super) struct Todo {
    work: Receiver<Work>,
    waiting: Arc<AtomicUsize>,
    pads: Pads,
}

/// Why something was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// The disk is so far behind that there is no room.
    Full,
    /// The thread has ended.
    Ended,
}

pub(super) fn queue() -> (Asking, Todo) {
    let (work, todo) = channel();
    let (waiting, pads) = (Arc::new(AtomicUsize::new(0)), Pads::default());
    (
        Asking { work, waiting: Arc::clone(&waiting), pads: Arc::clone(&pads) },
        Todo { work: todo, waiting, pads },
    )
}

impl Asking {
    /// Never waits.
    pub(super) fn ask(&self, work: Work) -> Result<(), Refused> {
        let most = match &work {
            Work::Happened(_) | Work::Last(_) | Work::Record(_) => MOST,
            Work::Note(..) | Work::Pad(_) => MOST_NOTES,
            // Of these there are never many, and without them nothing ends.
            Work::Begin | Work::PadFile(..) | Work::Flush(_) | Work::Close(_) => usize::MAX,
        };
        let is_room = |waiting: usize| (waiting < most).then_some(waiting + 1);
        if self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_room).is_err() {
            return Err(Refused::Full);
        }
        self.work.send(work).map_err(|_| Refused::Ended)
    }

    /// The same for notes: a pad that waits already gets the newer text.
    pub(super) fn ask_note(&self, folder: Folder, command: NoteCommand) -> Result<(), Refused> {
        let NoteCommand::Pad(number, text) = command else { return self.ask(Work::Note(folder, command)) };
        let mut pads = self.pads.lock().unwrap_or_else(PoisonError::into_inner);
        if !pads.contains_key(&folder) {
            self.ask(Work::Pad(folder.clone()))?;
        }
        pads.insert(folder, (number, text));
        Ok(())
    }
}

impl Todo {
    /// The next thing to do; waits for it, to this moment if there is one.
    pub(super) fn next(&self, until: Option<Instant>) -> Result<Work, RecvTimeoutError> {
        let work = match until {
            Some(until) => self.work.recv_timeout(until.saturating_duration_since(Instant::now()))?,
            None => self.work.recv().map_err(|_| RecvTimeoutError::Disconnected)?,
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let Work::Pad(folder) = work else { return Ok(work) };
        let text = self.pads.lock().unwrap_or_else(PoisonError::into_inner).remove(&folder);
        let command = text.map_or(NoteCommand::Rest, |(number, text)| NoteCommand::Pad(number, text));
        Ok(Work::Note(folder, command))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::recording::format::{Item, Lines};

    fn item() -> Work {
        let lines = r#"{"at":"2026-03-14T03:12:00Z","stream":"app","lines":[]}"#;
        Work::Record(Item::Lines(serde_json::from_str::<Lines>(lines).unwrap()))
    }

    #[test]
    fn while_the_disk_hangs_a_recording_takes_no_room_of_notes_and_of_a_pad_the_last_text_waits() {
        let (asking, todo) = queue();
        let taken = std::iter::repeat_with(|| asking.ask(item())).take_while(Result::is_ok).count();
        assert_eq!(taken, MOST);
        let pad = |number| NoteCommand::Pad(number, format!("text {number}").as_str().into());
        for number in 1..=3 {
            assert_eq!(asking.ask_note(Folder::Shift, pad(number)), Ok(()));
        }
        assert_eq!(asking.ask_note(Folder::Team, pad(7)), Ok(()));
        let rests = || asking.ask_note(Folder::Shift, NoteCommand::Rest);
        let taken = std::iter::repeat_with(rests).take_while(Result::is_ok).count();
        assert_eq!((taken, rests()), (MOST_NOTES - MOST - 2, Err(Refused::Full)));
        // Nor does what ends it wait for room.
        let (done, _wait) = channel();
        assert_eq!(asking.ask(Work::Close(done)), Ok(()));

        let all: Vec<Work> =
            std::iter::from_fn(|| todo.next(Some(Instant::now() + Duration::ZERO)).ok()).collect();
        let pads: Vec<_> = all
            .iter()
            .filter_map(|work| match work {
                Work::Note(folder, NoteCommand::Pad(number, text)) => {
                    Some((folder, *number, text.as_bytes()))
                }
                _ => None,
            })
            .collect();
        let expected: [(&Folder, u64, &[u8]); 2] =
            [(&Folder::Shift, 3, b"text 3"), (&Folder::Team, 7, b"text 7")];
        assert_eq!(pads, expected);
        assert!(matches!(all.last(), Some(Work::Close(_))));
        assert_eq!(all.len(), MOST_NOTES + 1);
        // What is done has made room.
        assert_eq!((asking.ask(item()), asking.ask_note(Folder::Shift, pad(4))), (Ok(()), Ok(())));
        drop(todo);
        assert_eq!(asking.ask(item()), Err(Refused::Ended));
    }
}
