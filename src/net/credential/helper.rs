//! Helpers: programs that print a secret. They get little, are given little time, and leave nothing.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until, timeout};

use super::file::LONGEST;
use crate::config::argv::Argv;
use crate::config::credentials::Format;
use crate::model::health::FailureKind;
use crate::net::child::{self, PASSED, cannot_start, describe};

use super::file::Refused;

/// How long a helper may take.
pub(super) const WITHIN: Duration = Duration::from_secs(10);
/// What it printed may still come so long after its end, where what it started keeps its output open.
const GRACE: Duration = Duration::from_millis(500);
/// What kubectl tells its plugins (client.authentication.k8s.io/v1): there is no terminal.
const EXEC_INFO: &str = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}"#;

/// What a helper printed.
pub(super) struct Printed {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// It ended, and what it started kept its standard output open.
    pub(super) open: bool,
}

/// Runs the helper; gives what it printed.
///
/// What it writes to its standard error is read by nobody: tools print secrets there too. Dropping the
/// wait kills it.
pub(super) async fn run(argv: &Argv, passed: &[String], format: Format) -> Result<Printed, Refused> {
    let name = &argv.program;
    let mut command = Command::new(name);
    command
        .args(&argv.arguments)
        .env_clear()
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    for variable in PASSED.iter().copied().chain(passed.iter().map(String::as_str)) {
        if let Some(value) = std::env::var_os(variable) {
            command.env(variable, value);
        }
    }
    if format == Format::ExecCredential {
        command.env("KUBERNETES_EXEC_INFO", EXEC_INFO);
    }
    let by_hand = || format!("run it to see why: {}", argv.typed());
    let (mut child, mut group) = child::spawn(&mut command).map_err(|error| {
        let failure = cannot_start(name, &error);
        let what = failure.what.as_str().unwrap_or_default().to_owned();
        Refused { kind: failure.kind, what, advice: by_hand() }
    })?;
    // It never grows: that would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let finished = timeout(WITHIN, listen(&mut child, &mut bytes)).await;
    let stopped = group.is_stopped();
    // It may have left something behind, also when all went well.
    group.kill();
    let refused = |kind, what: String, advice| Err(Refused { kind, what: format!("{name}: {what}"), advice });
    match finished {
        Ok(Ok(Some((status, open)))) if status.success() => Ok(Printed { bytes, open }),
        Ok(Ok(Some((status, _)))) => refused(FailureKind::Ended, describe(status), by_hand()),
        Ok(Ok(None)) => refused(FailureKind::Unreadable, "it prints more than 64 KiB".to_owned(), by_hand()),
        Ok(Err(error)) => refused(FailureKind::Io, error.to_string(), by_hand()),
        Err(_) if stopped => {
            let advice = "what asks something is for `login`, which has the terminal";
            refused(FailureKind::TimedOut, "it asks something on the terminal".to_owned(), advice.to_owned())
        }
        Err(_) => refused(FailureKind::TimedOut, format!("no answer in {} s", WITHIN.as_secs()), by_hand()),
    }
}

/// Reads what it prints until it has ended, and for a grace longer if its output is not closed then. Gives
/// how it ended and whether that was so; nothing if it prints too much: it may go on writing what nobody
/// will read.
async fn listen(child: &mut Child, bytes: &mut Vec<u8>) -> io::Result<Option<(ExitStatus, bool)>> {
    let Some(mut stdout) = child.stdout.take() else { return Ok(Some((child.wait().await?, false))) };
    let (mut ended, mut until) = (None, Instant::now());
    loop {
        tokio::select! {
            biased;
            read = stdout.read_buf(bytes) => {
                if read? == 0 {
                    let status = match ended {
                        Some(status) => status,
                        None => child.wait().await?,
                    };
                    return Ok(Some((status, false)));
                }
                if bytes.len() > LONGEST {
                    return Ok(None);
                }
            }
            status = child.wait(), if ended.is_none() => (ended, until) = (Some(status?), Instant::now() + GRACE),
            () = sleep_until(until), if ended.is_some() => return Ok(ended.map(|status| (status, true))),
        }
    }
}
