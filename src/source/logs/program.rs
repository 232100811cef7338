//! A program that a source runs: without a shell, in its own process group, never outliving the
//! source.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::signal::unix::{Signal as Arrivals, SignalKind, signal};
use tokio::time::Instant;

use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::source::backoff::Backoff;
use crate::source::outlet::Outlet;

/// One that ran this long worked: the next wait is a short one.
const STEADY: Duration = Duration::from_secs(60);
/// Bytes taken from a pipe at once: what Linux holds in one.
const PIECE: usize = 64 * 1024;
/// How long output may still come after the program's end, from one that left its group.
const REST: Duration = Duration::from_secs(2);

/// What a program did.
#[derive(Debug)]
pub(super) enum Event {
    /// It wrote to its standard output: [`Program::output`].
    Output,
    /// It wrote to its standard error: [`Program::errors`].
    Errors,
    /// It runs on, but has closed its output: no line can come.
    Closed,
    /// The terminal stopped it: it asked something there, such as a password.
    Stopped,
    /// It ended, and all that it wrote has been read.
    Ended(ExitStatus),
}

/// Kills the group when dropped.
struct Group(Option<Pid>);

impl Group {
    fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // It may be gone already: that is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Group {
    /// Whether its leader is stopped. Leaves the rest of its state for whoever waits for it.
    fn is_stopped(&self) -> bool {
        let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
        self.0.is_some_and(|leader| matches!(waitid(WaitId::Pid(leader), options), Ok(Some(_))))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A running program. Dropping it kills it and what it started.
pub(super) struct Program {
    // Before the child: the group must be killed while its leader's number is still taken.
    group: Group,
    child: Child,
    output: Option<ChildStdout>,
    errors: Option<ChildStderr>,
    output_bytes: Vec<u8>,
    error_bytes: Vec<u8>,
    ended: Option<(ExitStatus, Instant)>,
    /// When its output was closed, until that is told.
    closed: Option<Instant>,
    /// Children that stopped or ended, this one among them.
    changes: Arrivals,
}

impl Program {
    /// Starts `name` with arguments; its standard input is empty.
    pub(super) fn start(name: &str, arguments: &[String]) -> Result<Self, Failure> {
        let changes = signal(SignalKind::child()).map_err(|error| cannot_start(name, &error))?;
        let mut child = Command::new(name)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| cannot_start(name, &error))?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Self {
            group: Group(group),
            output: child.stdout.take(),
            errors: child.stderr.take(),
            child,
            output_bytes: Vec::with_capacity(PIECE),
            error_bytes: Vec::with_capacity(PIECE),
            ended: None,
            closed: None,
            changes,
        })
    }

    /// What the last [`Event::Output`] was about.
    pub(super) fn output(&self) -> &[u8] {
        &self.output_bytes
    }

    /// What the last [`Event::Errors`] was about.
    pub(super) fn errors(&self) -> &[u8] {
        &self.error_bytes
    }

    /// Waits for what it does next. Dropping the wait loses nothing.
    pub(super) async fn next(&mut self) -> io::Result<Event> {
        let Self { group, child, output, errors, output_bytes, error_bytes, ended, closed, changes } = self;
        loop {
            if let Some((status, since)) = *ended
                && ((output.is_none() && errors.is_none()) || since.elapsed() >= REST)
            {
                return Ok(Event::Ended(status));
            }
            tokio::select! {
                read = read(output, output_bytes) => {
                    if read {
                        return Ok(Event::Output);
                    }
                    *closed = errors.is_none().then(Instant::now);
                }
                read = read(errors, error_bytes) => {
                    if read {
                        return Ok(Event::Errors);
                    }
                    *closed = output.is_none().then(Instant::now);
                }
                status = child.wait(), if ended.is_none() => {
                    *ended = Some((status?, Instant::now()));
                    // Whatever it left behind would hold the pipes open.
                    group.kill();
                }
                () = rest(ended.map(|(_, since)| since)) => {}
                // Before it ends, a program closes its output for a moment.
                () = rest(*closed), if ended.is_none() => {
                    *closed = None;
                    return Ok(Event::Closed);
                }
                _ = changes.recv(), if ended.is_none() => {
                    if group.is_stopped() {
                        return Ok(Event::Stopped);
                    }
                }
            }
        }
    }
}

/// Reads a piece. `false`, and the pipe is closed, at its end.
async fn read<R: tokio::io::AsyncRead + Unpin>(pipe: &mut Option<R>, bytes: &mut Vec<u8>) -> bool {
    let Some(open) = pipe else { return std::future::pending().await };
    bytes.clear();
    bytes.reserve(PIECE);
    if matches!(open.read_buf(bytes).await, Ok(1..)) {
        return true;
    }
    *pipe = None;
    false
}

async fn rest(since: Option<Instant>) {
    match since {
        Some(since) => tokio::time::sleep_until(since + REST).await,
        None => std::future::pending().await,
    }
}

/// Says why a program that ran since `started` does not run any more, and waits until it is time
/// to start it again, or until the person asks for it.
pub(super) async fn wait_to_restart(
    failure: Failure,
    started: Instant,
    backoff: &mut Backoff,
    outlet: &Outlet,
) {
    if started.elapsed() >= STEADY {
        backoff.reset();
    }
    let wait = backoff.wait();
    let now = outlet.now();
    outlet.failed(failure.again_at(now.checked_add(wait).unwrap_or(now)));
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        _ = outlet.asked() => {}
    }
}

fn cannot_start(name: &str, error: &io::Error) -> Failure {
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
pub(super) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// The last line that a program wrote to its standard error: what its failure is told with.
#[derive(Default)]
pub(super) struct LastWords {
    line: Vec<u8>,
}

impl LastWords {
    /// Takes a line; an empty one says nothing.
    pub(super) fn hear(&mut self, line: &[u8]) {
        const KEPT: usize = 300;
        if !line.trim_ascii().is_empty() {
            self.line.clear();
            self.line.extend_from_slice(line.get(..KEPT).unwrap_or(line));
        }
    }

    /// The failure of `name` that ended so.
    pub(super) fn failure(&self, name: &str, status: ExitStatus) -> Failure {
        let mut what = format!("{name}: {}", describe(status)).into_bytes();
        if !self.line.is_empty() {
            what.extend_from_slice(b": ");
            what.extend_from_slice(&self.line);
        }
        Failure::new(FailureKind::Ended, RawText::from_bytes(&what))
    }

    pub(super) fn says(&self, words: &[u8]) -> bool {
        memchr::memmem::find(&self.line, words).is_some()
    }
}
