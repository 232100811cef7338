//! The real program in a pseudo-terminal: what it shows, what it sends, how it ends.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal};
use rustix::pty::OpenptFlags;
use rustix::termios::{Termios, Winsize};

/// How long anything may take before a test fails. Generous: machines are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the terminal has got so far.
pub(crate) struct Shown {
    pub(crate) screen: vt100::Parser,
    pub(crate) bytes: Vec<u8>,
    /// When the last bytes came.
    pub(crate) last: Instant,
    stalled: bool,
    closed: bool,
}

impl Shown {
    pub(crate) fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// What a program must never leave behind, in words; empty when the terminal is as it was.
    pub(crate) fn left_behind(&self) -> Vec<&'static str> {
        let screen = self.screen.screen();
        let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        [
            (screen.alternate_screen(), "the alternate screen"),
            (screen.hide_cursor(), "a hidden cursor"),
            (screen.bracketed_paste(), "bracketed paste"),
            (mouse, "mouse reports"),
        ]
        .into_iter()
        .filter_map(|(left, what)| left.then_some(what))
        .collect()
    }
}

struct Shared {
    shown: Mutex<Shown>,
    changed: Condvar,
}

/// How to start a program.
pub(crate) struct Start {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    environment: BTreeMap<String, OsString>,
}

impl Default for Start {
    fn default() -> Self {
        Self { rows: 24, columns: 80, environment: BTreeMap::new() }
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
    }
}

impl Start {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.to_owned(), value.as_ref().to_owned());
        self
    }

    pub(crate) fn size(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// Starts it as the leader of a session of its own on a new terminal, in an environment that
    /// has nothing but what was given.
    pub(crate) fn run(self, argv: &[&str]) -> Pty {
        let master =
            rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        set_size(&master, self.rows, self.columns);
        let before = rustix::termios::tcgetattr(&master).unwrap();
        let name = OsString::from_vec(rustix::pty::ptsname(&master, Vec::new()).unwrap().into_bytes());
        let no_ctty = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap();
        let slave = OpenOptions::new().read(true).write(true).custom_flags(no_ctty).open(name).unwrap();
        // setsid(1) rather than a hook between fork and exec, which would be unsafe code.
        let child = Command::new("setsid")
            .arg("--ctty")
            // A job in the background of a script ignores these, and what it starts as well.
            .args(["env", "--default-signal=INT,QUIT,TERM"])
            .args(argv)
            .env_clear()
            .envs(&self.environment)
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave)
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let shown = Shown {
            screen: vt100::Parser::new(self.rows.try_into().unwrap(), self.columns.try_into().unwrap(), 0),
            bytes: Vec::new(),
            last: Instant::now(),
            stalled: false,
            closed: false,
        };
        let shared = Arc::new(Shared { shown: Mutex::new(shown), changed: Condvar::new() });
        let (stop, stopped) = rustix::pipe::pipe().unwrap();
        let master = Arc::new(master);
        let (to_thread, from) = (Arc::clone(&shared), Arc::clone(&master));
        let reader = std::thread::spawn(move || read(&to_thread, &from, &stop));
        Pty {
            pidfd: rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap(),
            child,
            pid,
            before,
            master: Some(master),
            reader: Some(reader),
            stop: Some(stopped),
            shared,
        }
    }
}

fn set_size(master: &OwnedFd, rows: u16, columns: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(master, size).unwrap();
}

fn read(shared: &Shared, master: &OwnedFd, stop: &OwnedFd) {
    let mut piece = [0; 8192];
    loop {
        let mut shown = shared.shown.lock().unwrap_or_else(PoisonError::into_inner);
        while shown.stalled && !shown.closed {
            shown = shared.changed.wait(shown).unwrap_or_else(PoisonError::into_inner);
        }
        drop(shown);
        let mut fds = [PollFd::new(master, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
        poll(&mut fds, None).unwrap();
        let read = if fds[1].revents().is_empty() { rustix::io::read(master, &mut piece) } else { Ok(0) };
        let mut shown = shared.shown.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(n) if n > 0 => {
                shown.screen.process(&piece[..n]);
                shown.bytes.extend_from_slice(&piece[..n]);
                shown.last = Instant::now();
            }
            // EIO: nobody has the terminal open any more.
            _ => shown.closed = true,
        }
        shared.changed.notify_all();
        if shown.closed {
            return;
        }
    }
}

/// A running program and its terminal. Dropping it kills it.
pub(crate) struct Pty {
    pub(crate) pid: Pid,
    /// The terminal's modes before the program touched them.
    pub(crate) before: Termios,
    child: Child,
    pidfd: OwnedFd,
    master: Option<Arc<OwnedFd>>,
    reader: Option<JoinHandle<()>>,
    stop: Option<OwnedFd>,
    shared: Arc<Shared>,
}

impl Pty {
    fn master(&self) -> &OwnedFd {
        self.master.as_ref().expect("the terminal is still there")
    }

    /// Types.
    pub(crate) fn send(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let n = rustix::io::write(self.master(), rest).unwrap();
            rest = &rest[n..];
        }
    }

    /// Waits until what is shown is as it should be; the moment at which the last bytes came.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is: impl Fn(&Shown) -> bool) -> Instant {
        let mut shown = self.shared.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + PATIENCE;
        while !is(&shown) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited for {what}; the screen is\n{}\n", shown.text());
            shown = self.shared.changed.wait_timeout(shown, left).unwrap().0;
        }
        shown.last
    }

    /// Waits until what is shown is as it should be; `false` if the program's last word was another.
    #[track_caller]
    pub(crate) fn reaches(&self, what: &str, is: impl Fn(&Shown) -> bool) -> bool {
        self.wait(what, |shown| is(shown) || shown.closed);
        self.look(is)
    }

    /// Waits until the screen has this text.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> Instant {
        self.wait(text, |shown| shown.text().contains(text))
    }

    /// Looks at what is shown now.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Shown) -> T) -> T {
        look(&self.shared.shown.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until nothing has come for so long; what is quiet is the program, not the test.
    #[track_caller]
    pub(crate) fn wait_quiet(&self, quiet: Duration) {
        let mut shown = self.shared.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = quiet.saturating_sub(shown.last.elapsed());
            if left.is_zero() {
                return;
            }
            assert!(Instant::now() < deadline, "it never is quiet; the screen is\n{}\n", shown.text());
            shown = self.shared.changed.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Lets a stretch of time pass in which nothing is waited for: for what must not happen.
    pub(crate) fn let_pass(&self, time: Duration) {
        let timeout = Timespec::try_from(time).unwrap();
        poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], Some(&timeout)).unwrap();
    }

    /// How many bytes came so far.
    pub(crate) fn count(&self) -> usize {
        self.look(|shown| shown.bytes.len())
    }

    /// Stops or goes on reading what the program writes.
    pub(crate) fn stall(&self, stalled: bool) {
        self.shared.shown.lock().unwrap_or_else(PoisonError::into_inner).stalled = stalled;
        self.shared.changed.notify_all();
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let (height, width) = (rows.try_into().unwrap(), columns.try_into().unwrap());
        self.shared
            .shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .screen
            .screen_mut()
            .set_size(height, width);
        set_size(self.master(), rows, columns);
    }

    /// Closes the terminal, as a lost ssh link does.
    pub(crate) fn hang_up(&mut self) {
        self.shared.shown.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.shared.changed.notify_all();
        drop(self.stop.take());
        self.reader.take().expect("it hangs up once").join().unwrap();
        drop(self.master.take());
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid, signal).unwrap();
    }

    /// The terminal's modes now.
    pub(crate) fn modes(&self) -> Termios {
        rustix::termios::tcgetattr(self.master()).unwrap()
    }

    /// Whether the terminal's modes are as before the start.
    pub(crate) fn is_cooked_as_before(&self) -> bool {
        let flags = |t: &Termios| (t.input_modes, t.output_modes, t.control_modes, t.local_modes);
        flags(&self.modes()) == flags(&self.before)
    }

    /// Processor time used so far; also of a program that has ended and was not yet waited for.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid.as_raw_nonzero())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        // The unit that Linux shows to programs, whatever it uses itself.
        Duration::from_millis(ticks * 10)
    }

    /// How often any of its threads has slept and woken so far.
    pub(crate) fn wakes(&self) -> u64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid.as_raw_nonzero())).unwrap();
        let wakes = |path: std::path::PathBuf| -> u64 {
            let status = std::fs::read_to_string(path.join("status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            line.unwrap().trim().parse().unwrap()
        };
        threads.map(|thread| wakes(thread.unwrap().path())).sum()
    }

    /// Waits for the end; how long it took.
    #[track_caller]
    pub(crate) fn wait_end(&self) -> Duration {
        let start = Instant::now();
        let timeout = Timespec::try_from(PATIENCE).unwrap();
        let ended = poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], Some(&timeout)).unwrap();
        assert!(ended > 0, "it does not end; the screen is\n{}\n", self.look(Shown::text));
        start.elapsed()
    }

    /// Waits for the end and gives the exit code; 1000 and the signal's number after a signal.
    #[track_caller]
    pub(crate) fn code(&mut self) -> i32 {
        self.wait_end();
        let status = self.child.wait().unwrap();
        // The last bytes may still be on their way.
        if self.master.is_some() {
            self.wait("the end of output", |shown| shown.closed);
        }
        status.code().unwrap_or_else(|| 1000 + status.signal().unwrap_or(0))
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // It may have ended and been waited for.
        let _gone = self.child.kill();
        let _gone = self.child.wait();
        if self.reader.is_some() {
            self.hang_up();
        }
    }
}
