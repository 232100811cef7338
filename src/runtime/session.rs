//! A console on a terminal from the first byte to the last: what is started, in which order.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::exit::{Exit, Save};
use super::keys::Typed;
use super::panic::{self, Reports};
use super::signals::{self, Screen};
use super::terminal::{Terminal, TerminalError};
use super::writer::Writer;
use super::{fault, input, watchdog};

/// Why the console could not start.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The terminal cannot be drawn on.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// A thread or a signal handler was refused.
    #[error("the system refused {what}: {cause}. Are there too many processes (`ulimit -u`)?")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// The system's answer.
        cause: std::io::Error,
    },
}

/// The terminal and the threads around it. Dropping it gives the screen back.
#[derive(Debug)]
pub struct Session {
    /// The terminal.
    pub terminal: Terminal,
    /// Where frames go.
    pub writer: Writer,
    /// What is typed and pasted.
    pub typed: mpsc::Receiver<Typed>,
    /// The size, and when everything must be painted anew.
    pub screen: watch::Receiver<Screen>,
    pub(super) _leave: Leave,
}

/// Saves and gives the screen back when the session ends, or fails to start.
#[derive(Debug)]
pub(super) struct Leave(pub(super) Arc<Exit>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.settle();
    }
}

impl Session {
    /// Takes the terminal. `save` keeps what must not be lost on any way out; `crashes` is the
    /// directory for crash files.
    ///
    /// Errors leave the terminal as it was.
    pub fn begin(save: Arc<Save>, crashes: Reports) -> Result<Self, SessionError> {
        let refused = |what| move |cause| SessionError::Refused { what, cause };
        let terminal = Terminal::open(std::env::var_os("TERM").as_deref())?;
        let exit = Arc::new(Exit::new(Some(&terminal), save));
        // Before the screen is taken: whatever comes then, somebody gives it back.
        panic::install(Arc::clone(&exit), crashes);
        let screen = signals::start(&terminal, &exit).map_err(refused("its signal handlers"))?;
        watchdog::start(&terminal, &exit).map_err(refused("a thread"))?;
        let leave = Leave(Arc::clone(&exit));
        terminal.enter()?;
        fault::error("start").map_err(refused("a thread"))?;
        let writer = Writer::start(&terminal).map_err(refused("a thread"))?;
        let far = std::env::var_os("SSH_CONNECTION").is_some();
        let typed = input::start(&terminal, &exit, far).map_err(refused("a thread"))?;
        Ok(Self { terminal, writer, typed, screen, _leave: leave })
    }
}
