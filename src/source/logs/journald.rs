//! The `journald` source: the systemd journal through `journalctl`, resumed where it was left.

mod entry;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use self::entry::Entry;
use super::access;
use super::batch::Batch;
use super::program::{Event, Program, wait_to_restart};
use crate::logs::segment::Given;
use crate::logs::split::{Line, Splitter};
use crate::logs::stamp::Zone;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::Gives;
use crate::net::backoff::Backoff;
use crate::net::child::LastWords;
use crate::net::ids;
use crate::source::outlet::Outlet;
use crate::source::{Adapter, Source};

/// What is kept of one entry as JSON; a longer one is not shown but said.
const ENTRY_LIMIT: usize = 4 << 20;
/// It runs, and nothing was logged: it works.
const SETTLED: Duration = Duration::from_secs(1);
/// Groups whose members may read the whole journal.
const GROUPS: &[&str] = &["systemd-journal", "adm", "wheel"];

/// Keys of a `journald` source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournaldConfig {
    /// Only these units, such as `["nginx.service"]`; patterns with `*` are allowed.
    #[serde(default)]
    pub units: Vec<String>,
    /// Only entries of this priority or worse.
    pub priority: Option<Priority>,
    /// Journal files in this folder instead of the machine's own.
    pub directory: Option<String>,
    /// How many of the last entries are read at the start.
    #[serde(default = "default_backfill")]
    pub backfill: u32,
    /// The program that reads the journal.
    #[serde(default = "default_program")]
    pub program: String,
}

fn default_backfill() -> u32 {
    1000
}

fn default_program() -> String {
    "journalctl".to_owned()
}

/// A journal priority by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// 0
    Emerg,
    /// 1
    Alert,
    /// 2
    Crit,
    /// 3
    Err,
    /// 4
    Warning,
    /// 5
    Notice,
    /// 6
    Info,
    /// 7
    Debug,
}

impl Adapter for JournaldConfig {
    const KIND: &'static str = "journald";

    fn source(self) -> Arc<dyn Source> {
        Arc::new(JournaldSource(self))
    }
}

struct JournaldSource(JournaldConfig);

impl JournaldSource {
    /// `cursor` is that of the last entry seen.
    fn arguments(&self, cursor: Option<&str>) -> Vec<String> {
        let mut arguments: Vec<String> = ["--output=json", "--follow", "--all", "--quiet", "--no-pager"]
            .map(str::to_owned)
            .into_iter()
            .collect();
        arguments.push(format!("--output-fields={}", entry::FIELDS.join(",")));
        if let Some(directory) = &self.0.directory {
            arguments.push(format!("--directory={directory}"));
        }
        arguments.extend(self.0.units.iter().map(|unit| format!("--unit={unit}")));
        if let Some(priority) = self.0.priority {
            arguments.push(format!("--priority={}", priority as u8));
        }
        match cursor {
            // Following begins ten entries before the end unless told otherwise.
            Some(cursor) => arguments.extend([format!("--after-cursor={cursor}"), "--no-tail".to_owned()]),
            None => arguments.push(format!("--lines={}", self.0.backfill)),
        }
        arguments
    }

    async fn work(&self, outlet: &Outlet) {
        let mut batch = Batch::new(outlet.clone(), Zone::default());
        let mut backoff = Backoff::default();
        let mut cursor = None;
        loop {
            let started = Instant::now();
            let failure = self.run_once(outlet, &mut batch, &mut cursor).await;
            batch.seal().await;
            wait_to_restart(failure, started, &mut backoff, outlet).await;
        }
    }

    async fn run_once(&self, outlet: &Outlet, batch: &mut Batch, cursor: &mut Option<String>) -> Failure {
        let name = &self.0.program;
        let mut program = match Program::start(name, &self.arguments(cursor.as_deref())) {
            Ok(program) => program,
            Err(failure) if failure.kind == FailureKind::Missing => {
                return failure.advise("this machine may have no systemd: then remove this source");
            }
            Err(failure) => return failure,
        };
        let mut output = Splitter::with_limit(ENTRY_LIMIT);
        let mut errors = Splitter::default();
        let mut last_words = LastWords::default();
        let settled = Instant::now() + SETTLED;
        let mut alive = false;
        loop {
            tokio::select! {
                event = program.next() => match event {
                    Ok(Event::Output) => {
                        say_alive(&mut alive, || outlet.alive(self.troubles()));
                        let mut bytes = program.output();
                        while let Some(line) = output.next(&mut bytes) {
                            take(line, batch, cursor).await;
                        }
                    }
                    Ok(Event::Errors) => {
                        let mut bytes = program.errors();
                        while let Some(line) = errors.next(&mut bytes) {
                            last_words.hear(line.bytes);
                        }
                    }
                    // It asks nothing, and ends when it closes its output.
                    Ok(Event::Closed | Event::Stopped) => {}
                    Ok(Event::Ended(status)) => {
                        if let Some(line) = errors.finish() {
                            last_words.hear(line.bytes);
                        }
                        return explain(last_words.failure(name, status), &last_words);
                    }
                    Err(error) => return Failure::new(FailureKind::Io, format!("wait for {name}: {error}")),
                },
                () = batch.due() => batch.seal().await,
                () = tokio::time::sleep_until(settled), if !alive => {
                    say_alive(&mut alive, || outlet.alive(self.troubles()));
                }
                _ = outlet.asked() => {}
            }
        }
    }

    /// Without the right group `journalctl` shows one's own entries and says nothing.
    fn troubles(&self) -> Vec<Failure> {
        if self.0.directory.is_some() || access::may_all(GROUPS) {
            return Vec::new();
        }
        let what = "journal: only entries of your own are visible";
        vec![Failure::new(FailureKind::Denied, what).advise(advice())]
    }
}

fn say_alive(alive: &mut bool, say: impl FnOnce()) {
    if !*alive {
        *alive = true;
        say();
    }
}

fn advice() -> String {
    format!("add {} to group systemd-journal and log in again", ids::user())
}

fn explain(failure: Failure, last_words: &LastWords) -> Failure {
    if last_words.says(b"ermission") {
        let denied = Failure { kind: FailureKind::Denied, ..failure };
        return denied.advise(advice());
    }
    failure
}

/// Makes lines of an entry: the first says who wrote it, the others go on with it.
async fn take(line: Line<'_>, batch: &mut Batch, cursor: &mut Option<String>) {
    if line.cut > 0 {
        let size = line.cut + line.bytes.len() as u64;
        return batch.note(&format!("an entry of {size} bytes is too long to show")).await;
    }
    if line.bytes.is_empty() {
        return;
    }
    let Some(entry) = Entry::parse(line.bytes) else {
        return batch.note("an entry that is no JSON object is not shown").await;
    };
    for (index, text) in entry.text().split(|&byte| byte == b'\n').enumerate() {
        let given = Given {
            level: entry.level(),
            or_level: entry.or_level(),
            time: entry.time(),
            continues: index > 0,
            ..Given::default()
        };
        batch.push(Line::from(text.strip_suffix(b"\r").unwrap_or(text)), given).await;
    }
    *cursor = Some(entry.into_cursor());
}

impl Source for JournaldSource {
    fn gives(&self) -> &'static [Gives] {
        &[Gives::Logs]
    }

    fn reads(&self) -> Vec<RawText> {
        let words = std::iter::once(self.0.program.clone()).chain(self.arguments(None));
        vec![words.collect::<Vec<_>>().join(" ").into()]
    }

    fn run(self: Arc<Self>, outlet: Outlet) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { self.work(&outlet).await })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;
    use crate::logs::level::Level;
    use crate::source::logs::testing::{Ear, script};

    fn config(text: &str) -> Result<JournaldConfig, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    /// A `journalctl` that notes its arguments in `calls`, then runs `text`.
    struct Fake {
        dir: TempDir,
        program: PathBuf,
    }

    impl Fake {
        fn new(text: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let program = dir.path().join("journalctl");
            let calls = dir.path().join("calls");
            script(
                &program,
                &format!("echo \"$@\" >> {}\ncd {}\n{text}", calls.display(), dir.path().display()),
            );
            Self { dir, program }
        }

        fn run(&self, more: &str) -> Ear {
            Ear::new(config(&format!("program = {:?}\n{more}", self.program)).unwrap().source())
        }

        fn calls(&self) -> Vec<String> {
            let text = std::fs::read_to_string(self.dir.path().join("calls")).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        }
    }

    fn entry(cursor: &str, message: &str) -> String {
        format!(
            "{{\"__CURSOR\":\"{cursor}\",\"__REALTIME_TIMESTAMP\":\"1795316400000000\",\"PRIORITY\":\"4\",\
             \"SYSLOG_IDENTIFIER\":\"app\",\"_PID\":\"7\",\"MESSAGE\":{message}}}"
        )
    }

    #[test]
    fn keys_are_checked_and_become_arguments() {
        let text = "units = [\"nginx*\"]\npriority = \"warning\"\ndirectory = \"/j\"\nbackfill = 5";
        let source = JournaldSource(config(text).unwrap());
        let arguments = source.arguments(None).join(" ");
        assert!(
            arguments.starts_with("--output=json --follow --all --quiet --no-pager --output-fields=MESSAGE,")
        );
        assert!(arguments.ends_with("--directory=/j --unit=nginx* --priority=4 --lines=5"), "{arguments}");
        assert!(source.arguments(Some("s=1")).join(" ").ends_with("--after-cursor=s=1 --no-tail"));
        assert_eq!(config("").unwrap().program, "journalctl");
        assert!(config("priority = \"loud\"").unwrap_err().contains("unknown variant"));
        assert!(config("unit = [\"x\"]").unwrap_err().contains("unknown field"));
    }

    #[tokio::test]
    async fn it_goes_on_after_the_last_entry_seen_without_gap_or_duplicate() {
        // The first run is cut inside its third entry; the second gives it again.
        let fake = Fake::new(&format!(
            "case \"$*\" in *after-cursor=c2*) echo '{}'; echo '{}'; exec sleep 1000;; *) echo '{}'; echo '{}'; printf '{}'; exit 1;; esac",
            entry("c3", "\"three\""),
            entry("c4", "\"four\""),
            entry("c1", "\"one\""),
            entry("c2", "\"two\""),
            entry("c3", "\"three\"").split_at(40).0,
        ));
        let mut ear = fake.run("");
        ear.until(|ear| ear.lines().len() >= 4).await;
        assert_eq!(ear.lines(), ["app[7]: one", "app[7]: two", "app[7]: three", "app[7]: four"]);
        let segment = &ear.segments[0];
        assert_eq!((segment.level(0), segment.time(0).unwrap().as_second()), (Level::Warn, 1_795_316_400));
        assert_eq!(fake.calls().len(), 2);
        assert!(ear.failure().unwrap().what.as_str().unwrap().ends_with("journalctl: exit status 1"));
        ear.stop().await;
    }

    #[tokio::test]
    async fn missing_program_and_missing_permission_are_named_with_what_to_do() {
        let mut ear = Ear::new(config("program = \"/no/journalctl\"").unwrap().source());
        ear.until(|ear| ear.failure().is_some()).await;
        let failure = ear.failure().unwrap();
        assert_eq!(
            (failure.kind, &failure.what),
            (FailureKind::Missing, &"start /no/journalctl: no such program".into())
        );
        assert!(failure.advice.is_some());
        ear.stop().await;

        let fake =
            Fake::new("echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1");
        let mut ear = fake.run("");
        ear.until(|ear| ear.failure().is_some()).await;
        let failure = ear.failure().unwrap();
        assert_eq!(failure.kind, FailureKind::Denied);
        assert!(failure.what.as_str().unwrap().contains("insufficient permissions"));
        let advice = format!("add {} to group systemd-journal and log in again", ids::user());
        assert_eq!(failure.advice, Some(advice.into()));
        ear.stop().await;
    }

    #[tokio::test]
    async fn messages_of_every_shape_are_shown_or_said() {
        let fake = Fake::new(&format!(
            "printf '%s\\n' '{}' '{}' 'no json' '' '{}'; head -c 5000000 /dev/zero | tr '\\0' x; printf '\\n%s\\n' '{}'; exec sleep 1000",
            entry("c1", r#""first\n  second\nERROR third""#),
            entry("c2", "null"),
            entry("c3", "[104,105,27,255]"),
            entry("c4", "\"last\""),
        ));
        let mut ear = fake.run("directory = \"/j\"");
        ear.until(|ear| ear.lines().len() >= 6 && ear.is_alive()).await;
        assert_eq!(
            ear.lines(),
            [
                "app[7]: first",
                "  second",
                "ERROR third",
                "app[7]: (no message)",
                "app[7]: hi\u{1b}\u{fffd}",
                "app[7]: last"
            ]
        );
        let segment = &ear.segments[0];
        assert_eq!([0, 1, 2].map(|line| segment.continues(line)), [false, true, true]);
        assert_eq!([0, 1, 2].map(|line| segment.level(line)), [Level::Warn; 3]);
        assert_eq!(
            ear.notes(),
            ["an entry that is no JSON object is not shown", "an entry of 5000000 bytes is too long to show"]
        );
        ear.stop().await;
    }

    #[tokio::test]
    async fn a_quiet_journal_is_alive() {
        let fake = Fake::new("exec sleep 1000");
        let mut ear = fake.run("directory = \"/j\"");
        ear.until(Ear::is_alive).await;
        ear.stop().await;
    }
}
