//! The one way out for every thread: save, give the screen back, end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use super::terminal::Terminal;
use crate::model::text::SafeText;
use crate::net::child;
use crate::safe;

/// How long the notes get to reach the disk.
const SAVE: Duration = Duration::from_secs(2);

/// How long a terminal that does not read gets to take the bytes that leave the alternate screen.
const RESTORE: Duration = Duration::from_millis(300);

/// Saves what must not be lost, and says what could not be saved and where it is; safe to call from any thread, twice, and while a panic unwinds.
pub type Save = dyn Fn() -> Option<SafeText> + Send + Sync;

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
    ///
    /// Gives what is to be said of that.
    pub fn save(&self) -> Option<SafeText> {
        let (done, wait) = mpsc::channel();
        let save = Arc::clone(&self.save);
        let thread = std::thread::Builder::new().name("midwatch-save".to_owned()).spawn(move || {
            // Nobody listens any more when the deadline was missed.
            let _late = done.send(save());
        });
        match thread {
            // When it is not done by then, the journal keeps what it has.
            Ok(_) => wait.recv_timeout(SAVE).unwrap_or_else(|_| {
                Some("the disk did not answer in time; what did not show as saved may be lost".into())
            }),
            Err(_) => (self.save)(),
        }
    }

    /// Saves and gives the screen back; the caller goes on to return from `main`.
    pub fn settle(&self) {
        let left = self.save();
        self.restore();
        if let Some(left) = left {
            say(&left);
        }
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

/// Says on standard error what was not saved. It may be closed, or a terminal that does not read.
fn say(left: &SafeText) {
    let text = safe!("midwatch: not everything was saved: {}.", left);
    let (done, wait) = mpsc::channel();
    let thread = std::thread::Builder::new().name("midwatch-say".to_owned()).spawn(move || {
        let line = format!("{}\n", text.as_str());
        let _late = done.send(rustix::io::write(rustix::stdio::stderr(), line.as_bytes()));
    });
    if thread.is_ok() {
        let _late = wait.recv_timeout(RESTORE);
    }
}
