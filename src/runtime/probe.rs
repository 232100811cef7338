//! Every source started once, side by side and for a short time: does it work here?

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use url::Url;

use super::clock::Clock;
use super::console::LaunchError;
use super::exit::Exit;
use super::signals;
use crate::model::catalog::Telling;
use crate::model::health::{Failure, FailureKind, Health};
use crate::model::update::{News, Update};
use crate::model::world::{Source, SourceInfo, World};
use crate::net::Net;
use crate::source::outlet::{Intake, Report, Request};
use crate::source::recognise::{self, Recognised, With};
use crate::source::registry::Built;

/// How long a source gets to say something.
const WITHIN: Duration = Duration::from_secs(5);
/// What it said last stands if it says nothing else for this long: a command may end at once.
const SETTLED: Duration = Duration::from_millis(700);

/// How a source did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It works.
    Works,
    /// It works, and parts of what it tells cannot be seen.
    Partly,
    /// It does not work.
    Fails,
}

impl State {
    /// The word for it, which programs read too.
    pub fn word(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Partly => "partly",
            Self::Fails => "fails",
        }
    }
}

/// A source that was tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Probed {
    /// Which.
    pub info: SourceInfo,
    /// How it did.
    pub state: State,
    /// Why it does not work, or which parts of it do not; where it works, what hides nothing, such as a
    /// clock that is off.
    pub failures: Vec<Failure>,
    /// Lines of logs that it gave in this time.
    pub lines: u64,
    /// What it said, if it said anything.
    pub source: Option<Source>,
}

/// Tries all sources, for at most five seconds. They are in the order in which they were given.
///
/// Errors when the system refuses a thread or a signal handler.
pub fn probe(
    sources: Vec<Built>,
    net: &Net,
    telling: &Telling,
    clock: Clock,
) -> Result<Vec<Probed>, LaunchError> {
    end_programs()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| LaunchError::Refused("a thread", error))?;
    let probed = runtime.block_on(async {
        // Secrets that lie here are known before logs are read; a disk that hangs is told by who needs it.
        drop(timeout(SETTLED, net.read_ahead()).await);
        let infos: Vec<_> = sources.iter().map(|built| built.info.clone()).collect();
        let ready = watch::Sender::new(true).subscribe();
        let intake = || Intake::without(net.vault().mask().clone(), ready.clone()).keeping(telling.clone());
        let tried: Vec<_> =
            sources.into_iter().map(|built| tokio::spawn(try_one(built, intake(), clock))).collect();
        let mut probed = Vec::with_capacity(tried.len());
        for (info, tried) in infos.into_iter().zip(tried) {
            probed.push(tried.await.unwrap_or_else(|_| crashed(info)));
        }
        probed
    });
    // A thread that still waits for a file ends with the process.
    runtime.shutdown_background();
    Ok(probed)
}

/// Ends the programs that we run when a signal ends us: they are in groups of their own, which ctrl-c does
/// not reach.
pub(super) fn end_programs() -> Result<(), LaunchError> {
    let exit = Arc::new(Exit::new(None, Arc::new(|| None)));
    signals::start_without_terminal(&exit).map_err(|error| LaunchError::Refused("a signal handler", error))
}

/// Asks what lies at an address. Errors when the system refuses a thread or a signal handler; in it, why
/// nobody known answers.
pub fn recognise(url: &Url, with: With<'_>, net: &Net) -> Result<Result<Recognised, Failure>, LaunchError> {
    end_programs()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| LaunchError::Refused("an event queue", error))?;
    let found = runtime.block_on(recognise::recognise(url, with, net));
    // A name that is still looked up ends with the process.
    runtime.shutdown_background();
    Ok(found)
}

async fn try_one(Built { info, source }: Built, mut intake: Intake, clock: Clock) -> Probed {
    // While there is somebody who could ask, it waits for that.
    let (outlet, ask) = intake.outlet(info.name.clone(), Arc::new(move || clock.now()));
    // Sources that are asked spread their first round over some seconds, unless somebody waits.
    drop(ask.try_send(Request::Refresh));
    let mut task = tokio::spawn(Arc::clone(&source).run(outlet));
    let mut world = World::new([info.clone()]);
    let mut lines = 0;
    let deadline = Instant::now() + WITHIN;
    let (mut until, mut ended) = (deadline, false);
    // A source that is asked says with its failure when that is done again; one without is not the last word.
    let is_last = |update: &Update| match &update.news {
        News::Failed(failure) => info.interval.is_none() || failure.next_try.is_some(),
        _ => true,
    };
    loop {
        tokio::select! {
            report = intake.next() => match report {
                Report::Update(update) => {
                    world.apply(&update);
                    until = if is_last(&update) { deadline.min(Instant::now() + SETTLED) } else { deadline };
                }
                Report::Segment(segment) => lines += u64::from(segment.lines()),
                // It is read when somebody looks.
                Report::File(_) => {}
            },
            end = &mut task, if !ended => {
                if end.is_err() {
                    return crashed(info);
                }
                ended = true;
            }
            () = tokio::time::sleep_until(until) => break,
        }
    }
    let held_up = source.held_up();
    if !ended {
        task.abort();
        // What it started ends with it, which takes until here.
        let _aborted = task.await;
    }
    let source = world.source(&info.name);
    let (state, failures) = match source.map(|source| (source.health(clock.now()), &source.condition)) {
        Some((Health::Failing(failure, _), _)) => (State::Fails, vec![failure]),
        Some((Health::Crashed(_), _)) => return crashed(info),
        Some((Health::Live | Health::Stale(_), condition)) => {
            let state = if condition.is_partly_blind() { State::Partly } else { State::Works };
            (state, condition.troubles.clone())
        }
        // It has not said that it is done with what lies there already, but it reads.
        Some((Health::Starting, _)) if lines > 0 => (State::Works, Vec::new()),
        Some((Health::Starting, _)) | None => {
            let silent =
                || Failure::new(FailureKind::Io, format!("said nothing within {} s", WITHIN.as_secs()));
            (State::Fails, vec![held_up.unwrap_or_else(silent)])
        }
    };
    Probed { state, failures, lines, source: source.cloned(), info }
}

fn crashed(info: SourceInfo) -> Probed {
    let failure = Failure::new(FailureKind::Ended, "its task crashed, which is a fault of midwatch")
        .advise("report what stands above this");
    Probed { info, state: State::Fails, failures: vec![failure], lines: 0, source: None }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::Pin;

    use super::*;
    use crate::model::text::RawText;
    use crate::model::update::{Gives, Snapshot};
    use crate::source::Source;
    use crate::source::outlet::Outlet;

    type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

    /// A source that does what the test says.
    struct Acts(fn(Outlet) -> Work);

    impl Source for Acts {
        fn gives(&self) -> &'static [Gives] {
            &[Gives::Alerts]
        }

        fn run(self: Arc<Self>, outlet: Outlet) -> Work {
            (self.0)(outlet)
        }
    }

    async fn tried(acts: fn(Outlet) -> Work) -> (State, Vec<String>, Duration) {
        tried_each(None, acts).await
    }

    /// The same of a source that is asked so often.
    async fn tried_each(
        interval: Option<jiff::SignedDuration>,
        acts: fn(Outlet) -> Work,
    ) -> (State, Vec<String>, Duration) {
        let info = SourceInfo {
            name: "a".into(),
            kind: "test".into(),
            environment: None,
            interval,
            gives: &[Gives::Alerts],
            reads: Vec::new(),
            exposed: Vec::new(),
        };
        let start = Instant::now();
        let probed =
            try_one(Built { info, source: Arc::new(Acts(acts)) }, Intake::default(), Clock::Real).await;
        let what = |failure: &Failure| failure.what.as_str().unwrap().to_owned();
        (probed.state, probed.failures.iter().map(what).collect(), start.elapsed())
    }

    fn failure(what: &'static str) -> Failure {
        Failure::new(FailureKind::Io, RawText::from(what))
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_source_says_last_counts_and_ends_the_wait() {
        let (state, failures, took) = tried(|outlet| {
            Box::pin(async move {
                outlet.failed(failure("not yet"));
                tokio::time::sleep(SETTLED / 2).await;
                outlet.snapshot(Snapshot::default());
                std::future::pending::<()>().await;
            })
        })
        .await;
        assert_eq!((state, failures), (State::Works, Vec::new()));
        assert!(took < WITHIN, "{took:?}");
        let (state, failures, _) = tried(|outlet| {
            Box::pin(async move {
                outlet.alive(Vec::new());
                tokio::time::sleep(SETTLED / 2).await;
                outlet.failed(failure("it ended"));
            })
        })
        .await;
        assert_eq!((state, failures), (State::Fails, vec!["it ended".to_owned()]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_is_still_asked_is_waited_for() {
        let acts: fn(Outlet) -> Work = |outlet| {
            Box::pin(async move {
                outlet.failed(failure("the first peer refuses"));
                tokio::time::sleep(SETTLED * 3).await;
                outlet.snapshot(Snapshot::default());
                std::future::pending::<()>().await;
            })
        };
        let interval = Some(jiff::SignedDuration::from_secs(10));
        assert_eq!(tried_each(interval, acts).await.0, State::Works);
        assert_eq!(tried_each(None, acts).await.0, State::Fails, "a stream that failed has");
    }

    #[tokio::test(start_paused = true)]
    async fn parts_that_fail_are_told() {
        let (state, failures, _) = tried(|outlet| {
            Box::pin(async move {
                outlet.alive(vec![failure("one"), failure("two")]);
                std::future::pending::<()>().await;
            })
        })
        .await;
        assert_eq!((state, failures), (State::Partly, vec!["one".to_owned(), "two".to_owned()]));
        // A clock that is off hides nothing.
        let (state, failures, _) = tried(|outlet| {
            Box::pin(async move {
                outlet.alive(vec![Failure::new(FailureKind::Clock, "its clock is off")]);
                std::future::pending::<()>().await;
            })
        })
        .await;
        assert_eq!((state, failures), (State::Works, vec!["its clock is off".to_owned()]));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_a_failure_after_five_seconds_and_so_is_a_crash_at_once() {
        let (state, failures, took) = tried(|_| Box::pin(std::future::pending())).await;
        assert_eq!((state, failures), (State::Fails, vec!["said nothing within 5 s".to_owned()]));
        assert!(took >= WITHIN && took < WITHIN + SETTLED, "{took:?}");
        let (state, failures, _) = tried(|_| Box::pin(async { panic!("on purpose") })).await;
        assert_eq!(state, State::Fails);
        assert!(failures[0].contains("crashed"), "{failures:?}");
    }
}
