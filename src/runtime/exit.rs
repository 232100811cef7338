//! The one way out for every thread: save, give the screen back, end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use super::terminal::Terminal;
use crate::net::child;

/// How long the notes get to reach the disk.
const SAVE: Duration = Duration::from_secs(2);

/// How long a terminal that does not read gets to take the bytes that leave the alternate screen.
const RESTORE: Duration = Duration::from_millis(300);

/// Saves what must not be lost; safe to call from any thread, twice, and while a panic unwinds.
pub type Save = dyn Fn() + Send + Sync;

/// Ends the process in order, once, from whichever thread is first.
pub struct Exit {
    /// None when there is no terminal to give back.
    terminal: Option<Terminal>,
    save: Arc<Save>,
    leaving: Mutex<()>,
}

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exit").finish_non_exhaustive()
    }
}

impl Exit {
    /// `save` writes what must not be lost, such as notes not yet on disk.
    pub fn new(terminal: Option<&Terminal>, save: Arc<Save>) -> Self {
        Self { terminal: terminal.cloned(), save, leaving: Mutex::new(()) }
    }

    /// Saves, on a thread of its own: a hung disk must not keep a dead session alive.
    pub fn save(&self) {
        let (done, wait) = mpsc::channel();
        let save = Arc::clone(&self.save);
        let thread = std::thread::Builder::new().name("midwatch-save".to_owned()).spawn(move || {
            save();
            // Nobody listens any more when the deadline was missed.
            let _late = done.send(());
        });
        match thread {
            // When it is not done by then, the journal keeps what it has.
            Ok(_) => drop(wait.recv_timeout(SAVE)),
            Err(_) => (self.save)(),
        }
    }

    /// Saves and gives the screen back; the caller goes on to return from `main`.
    pub fn settle(&self) {
        self.save();
        self.restore();
    }

    /// Ends the programs that we run, saves, gives the screen back and ends the process with `code`. A
    /// second thread that gets here waits for the first to end it.
    pub fn leave(&self, code: i32) -> ! {
        let _first = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        // Nothing is dropped on this way.
        child::end_all();
        self.settle();
        std::process::exit(code)
    }

    /// Gives the screen back and no more: for the panic hook, which has a message to print.
    pub fn restore(&self) {
        if let Some(terminal) = &self.terminal {
            terminal.restore(RESTORE);
        }
    }
}
