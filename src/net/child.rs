//! Programs that we run: each in its own process group, so that nothing that it starts outlives us.

use std::io;
use std::process::ExitStatus;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, Command};

use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;

/// Variables that every program gets whose environment is not ours. None of them holds a secret by any convention.
pub const PASSED: &[&str] = &["HOME", "PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ"];
/// How long the end waits for programs that are being started: a file system may hang.
const STARTING: Duration = Duration::from_millis(500);

/// The groups that run. On most ways out of the process nothing is dropped.
struct Running {
    groups: Vec<Pid>,
    /// How many are being started and are not among them yet.
    starting: usize,
    /// The process is on its way out: nothing new lives.
    ended: bool,
}

static RUNNING: Mutex<Running> = Mutex::new(Running { groups: Vec::new(), starting: 0, ended: false });
/// Told when one that was being started is among them.
static STARTED: Condvar = Condvar::new();

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Running {
    fn kill(&mut self) {
        for group in self.groups.drain(..) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Kills everything that runs or is being started, and whatever is started from here on: the process ends.
pub fn end_all() {
    let mut running = running();
    running.ended = true;
    running.kill();
    let waited = STARTED.wait_timeout_while(running, STARTING, |running| running.starting > 0);
    waited.unwrap_or_else(PoisonError::into_inner).0.kill();
}

/// Whether everything has been killed, so that the end of a program says nothing about it.
pub fn are_ended() -> bool {
    running().ended
}

/// The process group that a child leads. Killed when dropped: drop it before the child, while the
/// child's number is still taken.
#[derive(Debug)]
pub struct Group(Option<Pid>);

/// Starts a program in a group of its own. The process does not end between its start and the moment at which
/// its group is known: it would live on.
pub fn spawn(command: &mut Command) -> io::Result<(Child, Group)> {
    running().starting += 1;
    let started = command.process_group(0).spawn();
    let leader = started.as_ref().ok().and_then(Child::id).and_then(|id| Pid::from_raw(id.cast_signed()));
    let mut running = running();
    running.starting -= 1;
    running.groups.extend(leader);
    if running.ended {
        running.kill();
    }
    drop(running);
    STARTED.notify_all();
    Ok((started?, Group(leader)))
}

impl Group {
    /// Kills all of it.
    pub fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            let mut running = running();
            // Not there: everything has been ended, and the number may be another's by now.
            if let Some(index) = running.groups.iter().position(|known| *known == group) {
                running.groups.swap_remove(index);
                // It may be gone already: that is what is wanted.
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
    }

    /// Whether its leader is stopped. Leaves the rest of its state for whoever waits for it.
    pub fn is_stopped(&self) -> bool {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        self.0.is_some_and(|leader| matches!(waitid(WaitId::Pid(leader), options), Ok(Some(_))))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Why a program could not be started.
pub fn cannot_start(name: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound if name.contains('/') => {
            Failure::new(FailureKind::Missing, format!("start {name}: no such program"))
        }
        io::ErrorKind::NotFound => {
            Failure::new(FailureKind::Missing, format!("start {name}: no such program in PATH"))
        }
        io::ErrorKind::PermissionDenied => {
            Failure::new(FailureKind::Denied, format!("start {name}: permission denied"))
        }
        _ => Failure::new(FailureKind::Io, format!("start {name}: {error}")),
    }
}

/// `exit status 1`, `killed by signal 9`.
pub fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// The last line that a program wrote to its standard error: what its failure is told with.
#[derive(Default, Debug)]
pub struct LastWords {
    line: Vec<u8>,
}

impl LastWords {
    /// Takes a line; an empty one says nothing.
    pub fn hear(&mut self, line: &[u8]) {
        const KEPT: usize = 300;
        if !line.trim_ascii().is_empty() {
            self.line.clear();
            self.line.extend_from_slice(line.get(..KEPT).unwrap_or(line));
        }
    }

    /// The failure of `name` that ended so.
    pub fn failure(&self, name: &str, status: ExitStatus) -> Failure {
        let mut what = format!("{name}: {}", describe(status)).into_bytes();
        if !self.line.is_empty() {
            what.extend_from_slice(b": ");
            what.extend_from_slice(&self.line);
        }
        Failure::new(FailureKind::Ended, RawText::from_bytes(&what))
    }

    /// Whether these words are in it.
    pub fn says(&self, words: &[u8]) -> bool {
        memchr::memmem::find(&self.line, words).is_some()
    }
}
