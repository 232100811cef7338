//! The `command` source: what a program writes, line by line; started again when it ends.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::batch::Batch;
use super::program::{Event, Program, wait_to_restart};
use crate::config::argv::Argv;
use crate::config::secret::shown_words;
use crate::config::zone::Zone;
use crate::logs::segment::Given;
use crate::logs::split::Splitter;
use crate::logs::stamp;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::Gives;
use crate::net::backoff::Backoff;
use crate::net::child::{LastWords, describe};
use crate::source::outlet::Outlet;
use crate::source::{Adapter, Source};

/// How long a line may wait for its end.
const HOLD: Duration = Duration::from_secs(2);

/// Keys of a `command` source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandConfig {
    /// The program and its arguments, such as `["kubectl", "logs", "-f", "deploy/shop"]`. No shell
    /// looks at them. Its standard output and standard error are lines of the log.
    pub argv: Argv,
    /// The zone of times in the lines that name none, such as `Europe/Berlin`; UTC if not given.
    pub timezone: Option<Zone>,
}

impl Adapter for CommandConfig {
    const KIND: &'static str = "command";

    fn source(self) -> Arc<dyn Source> {
        Arc::new(CommandSource(self))
    }
}

struct CommandSource(CommandConfig);

impl CommandSource {
    async fn work(&self, outlet: &Outlet) {
        let zone = self.0.timezone.as_ref().map(|Zone(zone)| stamp::Zone::new(zone.clone()));
        let mut batch = Batch::new(outlet.clone(), zone.unwrap_or_default());
        let mut backoff = Backoff::default();
        loop {
            let started = Instant::now();
            let failure = self.run_once(outlet, &mut batch).await;
            wait_to_restart(failure, started, &mut backoff, outlet).await;
        }
    }

    /// Runs the program once; returns why it does not run any more.
    async fn run_once(&self, outlet: &Outlet, batch: &mut Batch) -> Failure {
        let Argv { program: name, arguments } = &self.0.argv;
        let mut program = match Program::start(name, arguments) {
            Ok(program) => program,
            Err(failure) => return failure,
        };
        let mut run = Run::new(outlet);
        match run.follow(name, &mut program, batch).await {
            Ok(status) => {
                batch.note(&format!("{name} ended: {}", describe(status))).await;
                batch.seal().await;
                run.last_words.failure(name, status)
            }
            Err(failure) => failure,
        }
    }
}

impl Source for CommandSource {
    fn gives(&self) -> &'static [Gives] {
        &[Gives::Logs]
    }

    fn reads(&self) -> Vec<RawText> {
        let Argv { program, arguments } = &self.0.argv;
        let words = std::iter::once(program).chain(arguments);
        vec![shown_words(words.map(String::as_str)).into()]
    }

    fn run(self: Arc<Self>, outlet: Outlet) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { self.work(&outlet).await })
    }
}

/// One run of the program.
struct Run<'a> {
    outlet: &'a Outlet,
    output: Splitter,
    errors: Splitter,
    last_words: LastWords,
    /// Whether it was said that the source works.
    alive: bool,
}

impl<'a> Run<'a> {
    fn new(outlet: &'a Outlet) -> Self {
        Self {
            outlet,
            output: Splitter::default(),
            errors: Splitter::default(),
            last_words: LastWords::default(),
            alive: false,
        }
    }

    async fn follow(
        &mut self,
        name: &str,
        program: &mut Program,
        batch: &mut Batch,
    ) -> Result<ExitStatus, Failure> {
        let settled = Instant::now() + HOLD;
        let mut heard = Instant::now();
        loop {
            let pending = self.output.is_pending() || self.errors.is_pending();
            tokio::select! {
                event = program.next() => {
                    heard = Instant::now();
                    let event =
                        event.map_err(|error| Failure::new(FailureKind::Io, format!("wait for {name}: {error}")));
                    match event? {
                        Event::Output => {
                            self.say_alive();
                            self.take(program.output(), false, batch).await;
                        }
                        Event::Errors => self.take(program.errors(), true, batch).await,
                        Event::Closed => {
                            self.finish(batch).await;
                            self.alive = true;
                            self.outlet.failed(closed(name));
                        }
                        Event::Stopped => {
                            self.finish(batch).await;
                            batch.note(&format!("{name} asked something at the terminal and was ended")).await;
                            batch.seal().await;
                            return Err(stopped(name));
                        }
                        Event::Ended(status) => {
                            self.finish(batch).await;
                            return Ok(status);
                        }
                    }
                }
                () = batch.due() => batch.seal().await,
                () = tokio::time::sleep_until(heard + HOLD), if pending => {
                    // It asks something.
                    self.finish(batch).await;
                }
                // It runs, and says nothing, or nothing but errors.
                () = tokio::time::sleep_until(settled), if !self.alive => self.say_alive(),
                // It is running: there is nothing to refresh.
                _ = self.outlet.asked() => {}
            }
        }
    }

    async fn take(&mut self, mut bytes: &[u8], stderr: bool, batch: &mut Batch) {
        let given = Given { stderr, ..Given::default() };
        let splitter = if stderr { &mut self.errors } else { &mut self.output };
        while let Some(line) = splitter.next(&mut bytes) {
            if stderr {
                self.last_words.hear(line.bytes);
            }
            batch.push(line, given).await;
        }
    }

    async fn finish(&mut self, batch: &mut Batch) {
        if let Some(line) = self.output.finish() {
            batch.push(line, Given::default()).await;
        }
        if let Some(line) = self.errors.finish() {
            self.last_words.hear(line.bytes);
            batch.push(line, Given { stderr: true, ..Given::default() }).await;
        }
    }

    fn say_alive(&mut self) {
        if !self.alive {
            self.alive = true;
            self.outlet.alive(Vec::new());
        }
    }
}

fn closed(name: &str) -> Failure {
    Failure::new(FailureKind::Ended, format!("{name}: runs on, but closed its output: no line can come"))
}

fn stopped(name: &str) -> Failure {
    Failure::new(FailureKind::Ended, format!("{name}: asked something at the terminal, such as a password"))
        .advise("nobody can answer it there: give it what it needs beforehand, such as a key or a login")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::logs::testing::{Ear, gone, script};
    use crate::source::outlet::Request;

    fn config(text: &str) -> Result<CommandConfig, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    fn run(argv: &[&str]) -> Ear {
        let argv: Vec<String> = argv.iter().map(|word| format!("{word:?}")).collect();
        Ear::new(config(&format!("argv = [{}]", argv.join(", "))).unwrap().source())
    }

    #[test]
    fn keys_are_checked() {
        for (text, why) in [
            ("argv = []", "no program is named"),
            ("argv = [\"\"]", "no program is named"),
            ("argv = [\"dmesg -w\"]", "write [\"dmesg\", \"-w\"]"),
            ("argv = \"dmesg\"", "invalid type"),
            ("argv = [\"dmesg\"]\nshell = true", "unknown field"),
        ] {
            let error = config(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn both_outputs_are_lines_and_an_end_is_told_and_tried_again() {
        let mut ear =
            run(&["sh", "-c", "echo out; echo WARN >&2; printf 'no end'; printf 'it broke' >&2; exit 3"]);
        ear.until(|ear| ear.lines().len() >= 8 && ear.failure().is_some()).await;
        let mut lines = ear.lines()[..4].to_vec();
        lines.sort();
        assert_eq!(lines, ["WARN", "it broke", "no end", "out"]);
        assert_eq!(ear.stderr()[..2], ["WARN", "it broke"]);
        let failure = ear.failure().unwrap();
        assert_eq!(failure.kind, FailureKind::Ended);
        assert_eq!(failure.what, "sh: exit status 3: it broke".into());
        assert!(failure.next_try.is_some());
        assert_eq!(ear.notes()[0], "sh ended: exit status 3");
        ear.stop().await;
    }

    #[tokio::test]
    async fn a_program_that_cannot_be_started_is_named() {
        for (argv, kind, what) in [
            (
                "no-such-program-here",
                FailureKind::Missing,
                "start no-such-program-here: no such program in PATH",
            ),
            ("/no/such", FailureKind::Missing, "start /no/such: no such program"),
            ("/etc/passwd", FailureKind::Denied, "start /etc/passwd: permission denied"),
        ] {
            let mut ear = run(&[argv]);
            ear.until(|ear| ear.failure().is_some()).await;
            assert_eq!((ear.failure().unwrap().kind, &ear.failure().unwrap().what), (kind, &what.into()));
            ear.stop().await;
        }
    }

    #[tokio::test]
    async fn nothing_is_done_by_a_shell() {
        let mut ear = run(&["printf", "%s\\n", "$HOME; echo x", "*"]);
        ear.until(|ear| ear.lines().len() >= 2).await;
        assert_eq!(ear.lines()[..2], ["$HOME; echo x", "*"]);
        ear.stop().await;
    }

    #[tokio::test]
    async fn at_the_stop_the_whole_group_is_killed_even_if_it_hangs() {
        let mut ear = run(&["sh", "-c", "trap '' TERM HUP INT; sleep 1000 & echo $!; echo $$; wait"]);
        ear.until(|ear| ear.lines().len() == 2 && ear.is_alive()).await;
        let pids = ear.lines();
        ear.stop().await;
        for pid in pids {
            gone(&pid).await;
        }
    }

    #[tokio::test]
    async fn what_a_program_leaves_behind_does_not_hold_its_end_back() {
        let mut ear = run(&["sh", "-c", "sleep 1000 & echo $!"]);
        // State overtakes lines.
        ear.until(|ear| ear.failure().is_some() && !ear.notes().is_empty()).await;
        assert_eq!(ear.failure().unwrap().what, "sh: exit status 0".into());
        gone(&ear.lines()[0]).await;
        ear.stop().await;
    }

    #[tokio::test]
    async fn a_flood_waits_for_the_loop_and_loses_nothing() {
        let mut ear = run(&["seq", "1", "300000"]);
        ear.until(|ear| !ear.notes().is_empty()).await;
        let expected: Vec<String> = (1..=300_000).map(|number| number.to_string()).collect();
        assert!(ear.lines() == expected, "{} lines", ear.lines().len());
        ear.stop().await;
    }

    #[tokio::test]
    async fn a_question_without_an_end_of_line_is_shown() {
        let mut ear = run(&["sh", "-c", "printf 'Password: '; exec sleep 1000"]);
        ear.until(|ear| ear.lines() == ["Password: "]).await;
        ear.stop().await;
    }

    #[tokio::test]
    async fn a_program_that_writes_only_errors_is_alive() {
        let mut ear = run(&["sh", "-c", "while :; do echo retry >&2; sleep 0.2; done"]);
        ear.until(Ear::is_alive).await;
        assert_eq!(ear.stderr().first().unwrap(), "retry");
        ear.stop().await;
    }

    #[tokio::test]
    async fn a_program_that_closes_its_output_and_runs_on_is_no_live_source() {
        let mut ear = run(&["sh", "-c", "echo x; exec sleep 1000 >&- 2>&-"]);
        ear.until(|ear| ear.failure().is_some()).await;
        assert_eq!(
            ear.failure().unwrap().what,
            "sh: runs on, but closed its output: no line can come".into()
        );
        assert_eq!(ear.lines(), ["x"]);
        ear.stop().await;
    }

    #[tokio::test]
    async fn a_program_that_the_terminal_stops_is_ended_and_told() {
        let mut ear = run(&["sh", "-c", "echo $$; kill -TTIN 0; echo never"]);
        // What is told of the state may overtake the lines.
        ear.until(|ear| ear.failure().is_some() && !ear.notes().is_empty() && !ear.lines().is_empty()).await;
        assert_eq!(
            ear.failure().unwrap().what,
            "sh: asked something at the terminal, such as a password".into()
        );
        gone(&ear.lines()[0]).await;
        ear.stop().await;
    }

    #[tokio::test]
    async fn a_silent_program_is_alive_and_a_refresh_does_not_start_another() {
        let dir = tempfile::tempdir().unwrap();
        let (program, count) = (dir.path().join("quiet"), dir.path().join("count"));
        script(&program, &format!("echo x >> {}; exec sleep 1000", count.display()));
        let mut ear = run(&[program.to_str().unwrap()]);
        ear.ask.send(Request::Refresh).await.unwrap();
        ear.until(Ear::is_alive).await;
        assert_eq!(std::fs::read_to_string(&count).unwrap(), "x\n");
        ear.stop().await;
    }
}
