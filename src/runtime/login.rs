//! `:login`: a program of the person's gets the terminal until it ends.

use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::terminal::{Lent, Terminal};
use crate::config::argv::Argv;
use crate::config::credentials::CredentialTable;
use crate::model::text::{RawText, SafeText, clean};
use crate::net::child::describe;
use crate::pane::effect::Msg;
use crate::safe;

/// How long a terminal that does not read gets to take the bytes that leave the alternate screen.
const RESTORE: Duration = Duration::from_millis(300);

/// So many times ctrl-c ends a program that does not end by itself.
const INTERRUPTS: usize = 3;
/// A login that nobody ends: one with the terminal in raw mode takes ctrl-c as a key.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// A login that has the terminal; it gives what the app is told at the end. Dropping it gives the
/// terminal back.
pub type Away = Pin<Box<dyn Future<Output = Msg>>>;

/// What the login of each credential runs, by the credential's name.
#[derive(Clone, Debug, Default)]
pub struct Logins(BTreeMap<RawText, Argv>);

impl Logins {
    /// Those of these credentials.
    pub fn of(credentials: &[CredentialTable]) -> Self {
        let login = |table: &CredentialTable| Some((table.name.as_str().into(), table.login.clone()?));
        Self(credentials.iter().filter_map(login).collect())
    }

    /// Gives the terminal to the login of this credential. Errors say why not.
    pub(super) fn start(&self, terminal: &Terminal, name: RawText) -> Result<Away, SafeText> {
        if terminal.is_lent() {
            return Err("another login has the terminal".into());
        }
        let argv = self.0.get(&name).cloned().ok_or("it has no `login` in the configuration")?;
        let lent = terminal.lend(RESTORE);
        Ok(Box::pin(async move {
            let ended = match lent.open() {
                Ok(tty) => run(&lent, tty, &safe!("the login to {}", clean(&name)), &argv).await,
                Err(error) => Err(said(&error)),
            };
            drop(lent);
            Msg::LoggedIn(name, ended)
        }))
    }
}

/// Waits for the end of a login; for ever where there is none.
pub(super) async fn ended(away: &mut Option<Away>) -> Msg {
    let Some(login) = away else { return std::future::pending().await };
    let msg = login.await;
    *away = None;
    msg
}

pub(super) fn said(error: &io::Error) -> SafeText {
    clean(&RawText::from(error.to_string()))
}

/// Runs the program in our own process group: what is typed, ctrl-c too, is for it.
pub(super) async fn run(lent: &Lent, tty: OwnedFd, what: &SafeText, argv: &Argv) -> Result<(), SafeText> {
    let typed = clean(&RawText::from(argv.typed()));
    let refused = |error: io::Error| said(&error);
    let mut screen = std::fs::File::from(tty.try_clone().map_err(refused)?);
    let opened = || tty.try_clone().map(Stdio::from);
    let mut command = Command::new(&argv.program);
    command.args(&argv.arguments).kill_on_drop(true);
    command.stdin(opened().map_err(refused)?).stdout(opened().map_err(refused)?);
    command.stderr(opened().map_err(refused)?);
    let text = safe!(
        "midwatch: {} (ctrl-c gives up {}; {} times ends it whatever it does)",
        typed,
        what,
        INTERRUPTS
    );
    // The terminal reads: it has just been given back.
    let _gone = writeln!(screen, "{}", text.as_str());
    let program = clean(&argv.program.as_str().into());
    let mut interrupts = signal(SignalKind::interrupt()).map_err(refused)?;
    let why = match command.spawn() {
        Ok(mut child) => tokio::select! {
            ended = child.wait() => match ended {
                Ok(status) if status.success() => return Ok(()),
                Ok(status) => safe!("{}: {}", program, clean(&describe(status).into())),
                Err(error) => safe!("{}: {}", program, said(&error)),
            },
            why = given_up(&mut interrupts) => {
                // It may have died just now.
                drop(child.kill().await);
                safe!("{}: {}", program, why)
            }
        },
        Err(error) => safe!("{}: {}", program, said(&error)),
    };
    // It may have left the terminal so that Enter is no end of a line.
    lent.calm(RESTORE);
    // What it said would be gone with the next frame.
    let _gone = write!(screen, "midwatch: {}. Enter goes back. ", why.as_str());
    // A thread that still reads when the console is left ends with the process.
    let _gone = tokio::task::spawn_blocking(move || read_line(&mut screen)).await;
    Err(why)
}

/// Waits until the person has had enough of a program that does not end, or nobody is there any more.
async fn given_up(interrupts: &mut Signal) -> SafeText {
    let often = async {
        for _ in 0..INTERRUPTS {
            interrupts.recv().await;
        }
    };
    if tokio::time::timeout(LONGEST, often).await.is_ok() {
        "ended by ctrl-c".into()
    } else {
        safe!("ended after {} minutes", LONGEST.as_secs() / 60)
    }
}

fn read_line(screen: &mut std::fs::File) {
    let mut byte = [0];
    while matches!(screen.read(&mut byte), Ok(1)) && byte != *b"\n" {}
}
