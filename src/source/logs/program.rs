//! A program that a source runs: without a shell, in its own process group, never outliving the
//! source.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::signal::unix::{Signal as Arrivals, SignalKind, signal};
use tokio::time::Instant;

use crate::model::health::Failure;
use crate::net::backoff::Backoff;
use crate::net::child::{self, Group, cannot_start};
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
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, group) =
            child::spawn(command.kill_on_drop(true)).map_err(|error| cannot_start(name, &error))?;
        Ok(Self {
            group,
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
