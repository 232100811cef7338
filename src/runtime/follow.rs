//! One source that is listened to without a screen, for as long as somebody reads what comes of it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::Clock;
use super::console::LaunchError;
use super::exit::Exit;
use super::signals;
use super::tasks::Tasks;
use crate::logs::format::own::Own;
use crate::model::catalog::Telling;
use crate::net::Net;
use crate::source::outlet::{Intake, Report, Request};
use crate::source::registry::Built;

/// When nothing came for so long, nothing more of a record seems to come.
const QUIET: Duration = Duration::from_millis(250);
/// How often it is looked whether anybody still reads.
const READER: Duration = Duration::from_millis(500);
/// How long the source gets to end.
const STOP: Duration = Duration::from_millis(500);

/// What is heard.
#[derive(Debug)]
pub enum Heard {
    /// What the source says.
    Report(Report),
    /// Nothing has come for a quarter of a second.
    Quiet,
}

/// What a source is listened to with.
pub struct With<'a> {
    /// The credentials.
    pub net: &'a Net,
    /// The labels that stay where there are too many.
    pub telling: Telling,
    /// The formats of lines that the person describes.
    pub formats: Arc<[Own]>,
    /// The time that the source lives in.
    pub clock: Clock,
}

/// Gives what the source says to `take`, until that breaks, the source is at its end, or nobody reads
/// standard output any more. While `take` waits, so does the source. A signal ends the process.
///
/// Errors when the system refuses a thread or a signal handler.
pub fn follow(
    built: Built,
    with: With<'_>,
    take: impl FnMut(Heard) -> ControlFlow<()>,
) -> Result<(), LaunchError> {
    // Programs that we run are in groups of their own, which ctrl-c does not reach.
    let exit = Arc::new(Exit::new(None, Arc::new(|| None)));
    signals::start_without_terminal(&exit)
        .map_err(|error| LaunchError::Refused("a signal handler", error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| LaunchError::Refused("a thread", error))?;
    runtime.block_on(listen(built, with, take, is_unread));
    // A thread that still waits for a file ends with the process.
    runtime.shutdown_background();
    Ok(())
}

async fn listen(
    Built { info, source }: Built,
    With { net, telling, formats, clock }: With<'_>,
    mut take: impl FnMut(Heard) -> ControlFlow<()>,
    is_unread: impl Fn() -> bool,
) {
    let (known, ready) = watch::channel(false);
    let secrets = net.clone();
    tokio::spawn(async move {
        secrets.read_ahead().await;
        known.send_replace(true);
    });
    let mut intake = Intake::without(net.vault().mask().clone(), ready).keeping(telling).knowing(formats);
    let (outlet, ask) = intake.outlet(info.name.clone(), Arc::new(move || clock.now()));
    // Somebody waits for it.
    drop(ask.try_send(Request::Refresh));
    let (crashes, mut deaths) = mpsc::channel(1);
    let tasks = Tasks::new(crashes);
    let (ended, mut end) = mpsc::channel::<()>(1);
    let speaker = outlet.clone();
    tasks.keep("source", move |_| {
        let (run, ended) = (Arc::clone(&source).run(speaker.clone()), ended.clone());
        async move {
            run.await;
            let _gone = ended.send(()).await;
        }
    });
    let mut quiet_at = Some(Instant::now() + QUIET);
    let mut is_over = false;
    loop {
        let quiet = async move {
            match quiet_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let heard = tokio::select! {
            biased;
            report = intake.next() => {
                quiet_at = Some(Instant::now() + QUIET);
                Heard::Report(report)
            }
            Some(()) = end.recv(), if !is_over => {
                is_over = true;
                continue;
            }
            Some(_) = deaths.recv() => {
                outlet.crashed();
                continue;
            }
            () = quiet => {
                quiet_at = None;
                Heard::Quiet
            }
            () = sleep(READER), if !is_over => {
                if is_unread() {
                    break;
                }
                continue;
            }
        };
        let is_last = is_over && matches!(heard, Heard::Quiet);
        if take(heard).is_break() || is_last {
            break;
        }
    }
    tasks.stop(STOP).await;
}

/// Whether standard output is a pipe or a socket that nobody reads any more.
fn is_unread() -> bool {
    let stdout = rustix::stdio::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(poll(&mut polled, Some(&at_once)), Ok(1))
        && polled
            .iter()
            .any(|polled| polled.revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL))
}
