//! Helpers: programs that print a secret. They get little, are given little time, and leave nothing.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::file::LONGEST;
use crate::config::argv::Argv;
use crate::config::credentials::Format;
use crate::model::health::FailureKind;
use crate::net::child::{Group, cannot_start, describe};

use super::file::Refused;

/// Variables that every helper gets. None of them holds a secret by any convention.
const PASSED: &[&str] = &["HOME", "PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ"];
/// How long a helper may take.
pub(super) const WITHIN: Duration = Duration::from_secs(10);
/// What kubectl tells its plugins (client.authentication.k8s.io/v1): there is no terminal.
const EXEC_INFO: &str = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}"#;

/// Runs the helper; gives what it printed.
///
/// What it writes to its standard error is read by nobody: tools print secrets there too. Dropping the
/// wait kills it.
pub(super) async fn run(
    argv: &Argv,
    passed: &[String],
    format: Format,
) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let name = &argv.program;
    let mut command = Command::new(name);
    command
        .args(&argv.arguments)
        .env_clear()
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
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
    let mut child = command.spawn().map_err(|error| {
        let failure = cannot_start(name, &error);
        let what = failure.what.as_str().unwrap_or_default().to_owned();
        Refused { kind: failure.kind, what, advice: by_hand() }
    })?;
    let mut group = Group::of(&child);
    let mut output = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let finished = timeout(WITHIN, async {
        if let Some(stdout) = child.stdout.take() {
            stdout.take(LONGEST as u64 + 1).read_to_end(&mut output).await?;
        }
        // It may go on writing what nobody will read.
        if output.len() > LONGEST { Ok(None) } else { child.wait().await.map(Some) }
    })
    .await;
    let stopped = group.is_stopped();
    // It may have left something behind, also when all went well.
    group.kill();
    let refused = |kind, what: String, advice| Err(Refused { kind, what: format!("{name}: {what}"), advice });
    match finished {
        Ok(Ok(Some(status))) if status.success() => Ok(output),
        Ok(Ok(Some(status))) => refused(FailureKind::Ended, describe(status), by_hand()),
        Ok(Ok(None)) => refused(FailureKind::Unreadable, "it prints more than 64 KiB".to_owned(), by_hand()),
        Ok(Err(error)) => refused(FailureKind::Io, error.to_string(), by_hand()),
        Err(_) if stopped => {
            let advice = "what asks something is for `login`, which has the terminal";
            refused(FailureKind::TimedOut, "it asks something on the terminal".to_owned(), advice.to_owned())
        }
        Err(_) => refused(FailureKind::TimedOut, format!("no answer in {} s", WITHIN.as_secs()), by_hand()),
    }
}
