//! The terminal guard: takes the screen, and gives it back from any thread and on any way out.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossterm::Command as _;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::ResetColor;
use crossterm::terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, QueueSelector, Termios};

/// Alternate screen, bracketed paste, no cursor, blank. Never mouse, focus reports or a query.
///
/// The blanking is for terminals without an alternate screen, such as the Linux console.
static ENTER: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    // Writing into memory cannot fail.
    let _ = EnterAlternateScreen.write_ansi(&mut text);
    let _ = EnableBracketedPaste.write_ansi(&mut text);
    let _ = Hide.write_ansi(&mut text);
    let _ = MoveTo(0, 0).write_ansi(&mut text);
    let _ = Clear(ClearType::All).write_ansi(&mut text);
    text
});

/// Undoes [`ENTER`] and any colour. The ESC in front also ends a sequence that was cut short.
static LEAVE: LazyLock<String> = LazyLock::new(|| {
    let mut text = String::new();
    let _ = ResetColor.write_ansi(&mut text);
    let _ = DisableBracketedPaste.write_ansi(&mut text);
    let _ = LeaveAlternateScreen.write_ansi(&mut text);
    let _ = Show.write_ansi(&mut text);
    text
});

/// Sets back what another program may have left on, before [`ENTER`] is sent again: the alternate screen,
/// reports of mouse and focus, pastes, ways to send keys, colours, character sets. A terminal ignores what
/// it does not know.
const HEAL: &[u8] = b"\x1b[?47l\
    \x1b[?9l\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l\
    \x1b[?2004l\x1b[?2026l\x1b[?1l\x1b>\x1b[=0u\x1b[>4;0m\
    \x1b[?5l\x1b[?7h\x1b[4l\x1b[20l\x0f\x1b(B\x1b[0m";
/// The rest of it, on our own screen: margins, which move the cursor, and the keys of kitty's protocol, which
/// each screen has for itself.
const HEAL_SCREEN: &[u8] = b"\x1b[=0u\x1b[?6l\x1b[?69l\x1b[r\x1b[H";

/// For lines without a screen only the paste is bracketed, which is no part of what is shown.
const ENTER_LINES: &[u8] = b"\x1b[?2004h";
const LEAVE_LINES: &[u8] = b"\x1b[?2004l";

/// What the terminal is taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Use {
    /// A screen.
    Screen,
    /// Keys, and lines that are written elsewhere.
    Lines,
    /// The same on a terminal that understands no sequence at all.
    Dumb,
}

impl Use {
    fn enter(self) -> &'static [u8] {
        match self {
            Self::Screen => ENTER.as_bytes(),
            Self::Lines => ENTER_LINES,
            Self::Dumb => b"",
        }
    }

    /// What is sent when another program had the terminal.
    fn enter_again(self) -> Vec<u8> {
        match self {
            Self::Screen => [HEAL, self.enter(), HEAL_SCREEN].concat(),
            Self::Lines => [HEAL, self.enter()].concat(),
            Self::Dumb => Vec::new(),
        }
    }

    fn leave(self) -> &'static [u8] {
        match self {
            Self::Screen => LEAVE.as_bytes(),
            Self::Lines => LEAVE_LINES,
            Self::Dumb => b"",
        }
    }
}

/// The size that is assumed of a terminal that says it is 0 by 0.
const USUAL: Size = Size { width: 80, height: 24 };
/// A larger window is drawn in part: no screen is so large, and every cell costs memory.
const WIDEST: u16 = 1000;

/// Why there is no screen to draw on.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Standard output goes to a file or a pipe.
    #[error(
        "standard output is not a terminal, so there is no screen to draw on. \
         Start midwatch in a terminal, or use `midwatch --plain` for lines without a screen"
    )]
    NotATerminal,
    /// `TERM` is `dumb`, empty or missing.
    #[error(
        "this terminal cannot be drawn on (TERM is `dumb` or not set). If it can, set TERM to what it is, \
         for example `TERM=xterm-256color`; otherwise use `midwatch --plain`"
    )]
    Dumb,
    /// The process has no controlling terminal.
    #[error(
        "/dev/tty cannot be opened ({0}): this process has no controlling terminal. \
         Over ssh, `ssh -t` asks for one; otherwise use `midwatch --plain`"
    )]
    NoControllingTerminal(Errno),
    /// The terminal refused its modes, most likely because it is gone.
    #[error("the terminal did not accept its settings ({0}); it may be closed already")]
    Modes(Errno),
}

/// How a write to the terminal went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrote {
    /// So many bytes were taken, at least one.
    Bytes(usize),
    /// None: the terminal does not read at the moment.
    Full,
    /// None: the screen was given back since this frame was made, so it means nothing now.
    Stale,
    /// None, and never again: the terminal is gone.
    Gone,
}

/// The terminal. Clones are the same terminal.
#[derive(Clone, Debug)]
pub struct Terminal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Our own open file, so that `O_NONBLOCK` does not leak to the shell that shares descriptor 1.
    tty: OwnedFd,
    saved: Termios,
    /// Where it was opened.
    path: PathBuf,
    taken_for: Use,
    state: Mutex<State>,
    /// Whether another program has the terminal: what is typed is its.
    lent: Mutex<bool>,
    returned: Condvar,
}

/// While this is kept, another program has the terminal.
#[derive(Debug)]
pub struct Lent(Terminal);

impl Lent {
    /// The terminal, opened anew: without `O_NONBLOCK`, which programs do not expect.
    ///
    /// Errors when it is gone.
    pub fn open(&self) -> std::io::Result<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(rustix::fs::open(&self.0.shared.path, flags, Mode::empty())?)
    }

    /// Lines can be written and read again, whatever the program left behind. Waits at most `within` for a
    /// terminal that does not read.
    pub fn calm(&self, within: Duration) {
        let Self(terminal) = self;
        // A terminal that is gone refuses; there is nobody to read then.
        let _gone = terminal.set_modes(&terminal.shared.saved);
        if terminal.shared.taken_for != Use::Dumb {
            terminal.push(HEAL, within);
            terminal.push(b"\x1b[?25h", within);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.0.lent() = false;
        self.0.shared.returned.notify_all();
        // Refused only when the terminal is gone, which the watchdog sees as well.
        let _gone = self.0.enter();
    }
}

#[derive(Debug, Default)]
struct State {
    up: bool,
    /// Counts the times the screen was taken or given back: a frame belongs to one of them.
    generation: u64,
    /// What is left of [`ENTER`], sent before the next frame.
    unsent: Vec<u8>,
}

impl Terminal {
    /// Opens the controlling terminal and remembers its settings; changes nothing yet.
    ///
    /// `term` is the value of `TERM`. Errors when there is no terminal to draw on.
    pub fn open(term: Option<&OsStr>) -> Result<Self, TerminalError> {
        if !rustix::termios::isatty(rustix::stdio::stdout()) {
            return Err(TerminalError::NotATerminal);
        }
        if is_dumb(term) {
            return Err(TerminalError::Dumb);
        }
        Self::at(Path::new("/dev/tty"))
    }

    /// Opens the controlling terminal for its keys only: the lines go to standard output.
    ///
    /// Errors when there is none.
    pub fn open_for_lines(term: Option<&OsStr>) -> Result<Self, TerminalError> {
        Self::open_at(Path::new("/dev/tty"), if is_dumb(term) { Use::Dumb } else { Use::Lines })
    }

    /// Opens the terminal at a path.
    pub(super) fn at(path: &Path) -> Result<Self, TerminalError> {
        Self::open_at(path, Use::Screen)
    }

    fn open_at(path: &Path, taken_for: Use) -> Result<Self, TerminalError> {
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let tty =
            rustix::fs::open(path, flags, Mode::empty()).map_err(TerminalError::NoControllingTerminal)?;
        let saved = rustix::termios::tcgetattr(&tty).map_err(TerminalError::Modes)?;
        let (path, state) = (path.to_owned(), Mutex::default());
        let (lent, returned) = (Mutex::default(), Condvar::new());
        Ok(Self { shared: Arc::new(Shared { tty, saved, path, taken_for, state, lent, returned }) })
    }

    fn lent(&self) -> MutexGuard<'_, bool> {
        self.shared.lent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the screen back and lets another program have the terminal, until what this returns is
    /// dropped. Waits at most about `within`.
    pub fn lend(&self, within: Duration) -> Lent {
        *self.lent() = true;
        self.restore(within);
        Lent(self.clone())
    }

    /// Whether another program has the terminal.
    pub fn is_lent(&self) -> bool {
        *self.lent()
    }

    /// Reads what was typed, without waiting for it. While another program has the terminal, waits until
    /// that has ended.
    pub fn read(&self, bytes: &mut [u8]) -> Result<usize, Errno> {
        let lent = self.shared.returned.wait_while(self.lent(), |lent| *lent);
        // Kept while it is read: nothing that is typed for a program is taken from it.
        let _lent = lent.unwrap_or_else(PoisonError::into_inner);
        rustix::io::read(self, bytes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the screen: raw mode, alternate screen, bracketed paste. Again after a suspension.
    ///
    /// Never waits for a terminal that does not read: what it does not take now goes out before the
    /// next frame. Errors when the terminal refuses raw mode.
    pub fn enter(&self) -> Result<(), TerminalError> {
        let mut state = self.state();
        let mut raw = self.shared.saved.clone();
        raw.make_raw();
        if self.shared.taken_for != Use::Screen {
            // Lines end as they do for any program.
            raw.output_modes = self.shared.saved.output_modes;
        }
        // A program that a source runs must not write over the screen by way of /dev/tty.
        raw.local_modes.insert(rustix::termios::LocalModes::TOSTOP);
        // TCSANOW: the other two wait until the output is read, for ever if nobody reads.
        self.set_modes(&raw).map_err(TerminalError::Modes)?;
        let is_first = state.generation == 0;
        state.up = true;
        state.generation += 1;
        let taken_for = self.shared.taken_for;
        state.unsent = if is_first { taken_for.enter().to_vec() } else { taken_for.enter_again() };
        self.send_unsent(&mut state);
        Ok(())
    }

    /// Gives the screen back. Does nothing when it was not taken; may be called from any thread.
    ///
    /// Takes at most about `within`, also when nobody reads: then what is queued is thrown away so
    /// that the last bytes the terminal will ever read are those that leave the alternate screen.
    pub fn restore(&self, within: Duration) {
        let mut state = self.state();
        if !state.up {
            return;
        }
        state.up = false;
        state.generation += 1;
        state.unsent.clear();
        let leave = self.shared.taken_for.leave();
        let rest = self.push(leave, within);
        if !rest.is_empty() && rustix::termios::tcflush(self, QueueSelector::OFlush).is_ok() {
            self.push(leave, Duration::ZERO);
        }
        // A terminal that is gone refuses with EIO; there is nothing left to restore then.
        let _gone = self.set_modes(&self.shared.saved);
    }

    fn set_modes(&self, modes: &Termios) -> Result<(), Errno> {
        loop {
            match rustix::termios::tcsetattr(self, OptionalActions::Now, modes) {
                Err(Errno::INTR) => {}
                done => return done,
            }
        }
    }

    /// Writes what the terminal takes before the deadline; returns what it did not.
    fn push<'b>(&self, mut bytes: &'b [u8], within: Duration) -> &'b [u8] {
        let start = Instant::now();
        while !bytes.is_empty() {
            match self.raw_write(bytes) {
                Wrote::Bytes(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Wrote::Full => {
                    let left = within.saturating_sub(start.elapsed());
                    if left.is_zero() || !self.wait_writable(Some(left)) {
                        return bytes;
                    }
                }
                Wrote::Stale | Wrote::Gone => return &[],
            }
        }
        bytes
    }

    fn send_unsent(&self, state: &mut State) -> Wrote {
        while !state.unsent.is_empty() {
            match self.raw_write(&state.unsent) {
                Wrote::Bytes(n) => drop(state.unsent.drain(..n)),
                stopped => return stopped,
            }
        }
        Wrote::Bytes(0)
    }

    fn raw_write(&self, bytes: &[u8]) -> Wrote {
        loop {
            match rustix::io::write(self, bytes) {
                Ok(0) | Err(Errno::AGAIN) => return Wrote::Full,
                Ok(n) => return Wrote::Bytes(n),
                Err(Errno::INTR) => {}
                Err(_) => return Wrote::Gone,
            }
        }
    }

    /// Which taking of the screen a frame made now belongs to.
    pub fn generation(&self) -> u64 {
        self.state().generation
    }

    /// Writes part of a frame, without ever waiting.
    pub fn write(&self, bytes: &[u8], generation: u64) -> Wrote {
        // The lock is held across the write so that nothing of a frame can follow `LEAVE`.
        let mut state = self.state();
        if !state.up || state.generation != generation {
            return Wrote::Stale;
        }
        match self.send_unsent(&mut state) {
            Wrote::Bytes(_) => self.raw_write(bytes),
            stopped => stopped,
        }
    }

    /// Waits until the terminal takes bytes or is gone; false when the time is over first.
    pub fn wait_writable(&self, within: Option<Duration>) -> bool {
        let timeout = within.and_then(|within| Timespec::try_from(within).ok());
        let mut fds = [PollFd::new(self, PollFlags::OUT)];
        !matches!(poll(&mut fds, timeout.as_ref()), Ok(0))
    }

    /// Columns and rows now.
    pub fn size(&self) -> Size {
        match rustix::termios::tcgetwinsize(self) {
            Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
                Size { width: size.ws_col.min(WIDEST), height: size.ws_row.min(WIDEST) }
            }
            _ => USUAL,
        }
    }
}

impl AsFd for Terminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.tty.as_fd()
    }
}

fn is_dumb(term: Option<&OsStr>) -> bool {
    term.is_none_or(|term| term.is_empty() || term == "dumb")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    /// A terminal and the other end of it, which reads only when told to.
    pub(in crate::runtime) fn pair() -> (Terminal, OwnedFd) {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = OsString::from_vec(ptsname(&master, Vec::new()).unwrap().into_bytes());
        (Terminal::at(Path::new(&name)).unwrap(), master)
    }

    pub(in crate::runtime) fn read(master: &OwnedFd) -> Vec<u8> {
        let (mut all, mut piece) = (Vec::new(), [0; 4096]);
        let now = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        loop {
            match poll(&mut [PollFd::new(master, PollFlags::IN)], Some(&now)) {
                // A child of another test may end meanwhile.
                Err(rustix::io::Errno::INTR) => continue,
                ready => {
                    if ready.unwrap() == 0 {
                        break;
                    }
                }
            }
            // EIO: all of it was read and the other end is closed.
            let Ok(n) = rustix::io::read(master, &mut piece) else { break };
            all.extend_from_slice(&piece[..n]);
        }
        all
    }

    /// Writes until not even one byte more is taken.
    fn fill(terminal: &Terminal) {
        loop {
            for size in [4096, 64, 1] {
                while let Ok(1..) = rustix::io::write(terminal, &vec![b'x'; size]) {}
            }
            // The system moves bytes on to the reader's side for a moment.
            if !terminal.wait_writable(Some(Duration::from_millis(50))) {
                return;
            }
        }
    }

    fn cooked(modes: &Termios) -> bool {
        modes.local_modes.contains(rustix::termios::LocalModes::ICANON)
    }

    #[test]
    fn it_enters_and_leaves_once_and_the_modes_are_as_before() {
        let (terminal, master) = pair();
        terminal.restore(Duration::ZERO);
        assert_eq!(read(&master), b"", "nothing was taken, nothing is given back");
        terminal.enter().unwrap();
        assert_eq!(read(&master), ENTER.as_bytes());
        assert!(!cooked(&rustix::termios::tcgetattr(&terminal).unwrap()));
        terminal.restore(Duration::from_secs(1));
        terminal.restore(Duration::from_secs(1));
        assert_eq!(read(&master), LEAVE.as_bytes());
        assert!(cooked(&rustix::termios::tcgetattr(&terminal).unwrap()));
        assert_eq!(terminal.write(b"late", terminal.generation()), Wrote::Stale);
        assert_eq!(read(&master), b"");
    }

    #[test]
    fn a_terminal_that_nobody_reads_is_left_within_the_deadline() {
        let (terminal, master) = pair();
        terminal.enter().unwrap();
        fill(&terminal);
        let start = Instant::now();
        terminal.restore(Duration::from_millis(50));
        assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
        assert!(cooked(&rustix::termios::tcgetattr(&terminal).unwrap()));
        assert!(
            read(&master).ends_with(LEAVE.as_bytes()),
            "whoever reads again is out of the alternate screen"
        );
    }

    #[test]
    fn entering_a_terminal_that_nobody_reads_does_not_wait_and_is_made_up_for() {
        let (terminal, master) = pair();
        // Raw first: the system counts the room of a cooked terminal differently.
        terminal.enter().unwrap();
        fill(&terminal);
        terminal.enter().unwrap();
        assert_eq!(terminal.write(b"frame", terminal.generation()), Wrote::Full);
        read(&master);
        assert_eq!(terminal.write(b"frame", terminal.generation()), Wrote::Bytes(5));
        let got = read(&master);
        assert!(
            got.ends_with(b"frame") && got.windows(ENTER.len()).any(|w| w == ENTER.as_bytes()),
            "{got:?}"
        );
    }

    #[test]
    fn a_closed_terminal_is_gone_at_once() {
        let (terminal, master) = pair();
        terminal.enter().unwrap();
        drop(master);
        assert_eq!(terminal.write(b"frame", terminal.generation()), Wrote::Gone);
        terminal.restore(Duration::from_secs(60));
    }

    #[test]
    fn a_frame_of_before_a_suspension_is_not_written_after_it() {
        let (terminal, master) = pair();
        terminal.enter().unwrap();
        let before = terminal.generation();
        terminal.restore(Duration::from_secs(1));
        terminal.enter().unwrap();
        read(&master);
        assert_eq!(terminal.write(b"old", before), Wrote::Stale);
        assert_eq!(terminal.write(b"new", terminal.generation()), Wrote::Bytes(3));
    }

    #[test]
    fn a_dumb_terminal_and_a_pipe_are_refused_with_what_to_do() {
        for error in [TerminalError::Dumb, TerminalError::NotATerminal] {
            assert!(error.to_string().contains("--plain"), "{error}");
        }
    }
}
