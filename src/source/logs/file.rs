//! The `file` source: log files named by patterns, followed through rotation.

mod expand;
mod feed;
mod follow;
mod noise;
mod reader;
pub(in crate::source) mod rotated;
mod tail;
mod watch;

use std::borrow::Cow;
use std::future::Future;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::expand::Pattern;
use self::follow::Follower;
use self::watch::{Wake, Watch, Woken, watch};
use crate::config::zone::Zone;
use crate::logs::format::own::Own;
use crate::logs::segment::Segment;
use crate::logs::stamp;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::Gives;
use crate::source::outlet::Outlet;
use crate::source::{Adapter, Source};

/// Segments on their way from the reading thread to the task.
const QUEUE: usize = 4;
/// A turn of all files that takes this long hangs; it is looked for as often.
const STUCK: Duration = Duration::from_secs(10);

/// Keys of a `file` source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// Log files: paths or patterns with `*`, `?`, `[a-z]`, `{a,b}`, and `**` for folders of any
    /// depth; `~/` is the home folder. Each file is a stream of its own. Rotated and packed files are no streams.
    pub paths: Paths,
    /// How many of the last lines of each file are read at the start; rotated files, `.gz` too,
    /// give what the file itself has not.
    #[serde(default = "default_backfill")]
    pub backfill: u32,
    /// The zone of times in the lines that name none, such as `Europe/Berlin`; UTC if not given.
    pub timezone: Option<Zone>,
}

fn default_backfill() -> u32 {
    10_000
}

/// At least one path or pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paths(Vec<String>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let paths = Vec::<String>::deserialize(deserializer)?;
        if paths.is_empty() {
            return Err(de::Error::custom("`paths` is empty; write paths = [\"/var/log/syslog\"]"));
        }
        for path in &paths {
            // Which folder is home does not matter for whether it can be one.
            Pattern::parse(path, Some(Path::new("/"))).map_err(de::Error::custom)?;
        }
        Ok(Self(paths))
    }
}

impl JsonSchema for Paths {
    fn schema_name() -> Cow<'static, str> {
        "Paths".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string" }, "minItems": 1 })
    }
}

impl Adapter for FileConfig {
    const KIND: &'static str = "file";

    fn source(self) -> Arc<dyn Source> {
        Arc::new(FileSource(self))
    }
}

struct FileSource(FileConfig);

/// What the reading thread tells the task.
enum Said {
    Segment(Box<Segment>),
    /// What is wrong changed. Whether any file can be read at all comes with it.
    State {
        reading: bool,
        troubles: Vec<Failure>,
    },
}

impl FileSource {
    fn follower(&self, formats: Arc<[Own]>) -> Result<Follower, Failure> {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let patterns: Result<Vec<_>, _> =
            self.0.paths.0.iter().map(|path| Pattern::parse(path, home.as_deref())).collect();
        let patterns = patterns.map_err(|why| Failure::new(FailureKind::Missing, why))?;
        let zone = self.0.timezone.as_ref().map(|Zone(zone)| stamp::Zone::new(zone.clone()));
        Ok(Follower::new(patterns, zone.unwrap_or_default(), self.0.backfill as usize).knowing(formats))
    }

    async fn work(&self, outlet: &Outlet) {
        let follower = match self.follower(outlet.formats()) {
            Ok(follower) => follower,
            Err(failure) => {
                outlet.failed(failure);
                return std::future::pending().await;
            }
        };
        let (say, mut said) = mpsc::channel(QUEUE);
        // Dropped with this task: then the thread ends.
        let (wake, watch) = match watch() {
            Ok(ends) => ends,
            Err(error) => {
                let what = format!("no pipe to wait with: {error}");
                outlet.failed(Failure::new(FailureKind::Io, what).advise("raise the limit of open files"));
                return std::future::pending().await;
            }
        };
        let pulse = Arc::new(Pulse::default());
        let thread = {
            let (clock, pulse) = (outlet.clone(), Arc::clone(&pulse));
            tokio::task::spawn_blocking(move || read(follower, watch, &clock, &pulse, &say))
        };
        attend(outlet, &pulse, &mut said, &wake).await;
        if let Err(error) = thread.await
            && let Ok(panic) = error.try_into_panic()
        {
            // Caught where this task was started, as a panic of its own.
            std::panic::resume_unwind(panic);
        }
    }
}

impl Source for FileSource {
    fn gives(&self) -> &'static [Gives] {
        &[Gives::Logs]
    }

    fn reads(&self) -> Vec<RawText> {
        self.0.paths.0.iter().map(|path| path.as_str().into()).collect()
    }

    fn run(self: Arc<Self>, outlet: Outlet) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { self.work(&outlet).await })
    }
}

/// When the reading thread began what it does now, unless it waits for something to do.
#[derive(Default)]
struct Pulse(Mutex<Option<Instant>>);

impl Pulse {
    fn set(&self, busy_since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = busy_since;
    }

    fn is_stuck(&self) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() >= STUCK)
    }
}

/// Passes on what the reading thread says, and says so if it hangs, until the thread ends.
async fn attend(outlet: &Outlet, pulse: &Pulse, said: &mut mpsc::Receiver<Said>, wake: &Wake) {
    let mut look = tokio::time::interval(STUCK);
    let mut last = (true, Vec::new());
    let mut stuck = false;
    loop {
        tokio::select! {
            said = said.recv() => match said {
                Some(Said::Segment(segment)) => outlet.segment(*segment).await,
                Some(Said::State { reading, troubles }) => {
                    last = (reading, troubles);
                    tell(outlet, &last);
                }
                None => return,
            },
            _ = outlet.asked() => wake.ask(),
            _ = look.tick() => {
                let was = std::mem::replace(&mut stuck, pulse.is_stuck());
                if stuck && !was {
                    let what = "reading hangs: a file system does not answer";
                    outlet.failed(Failure::new(FailureKind::Io, what).advise("look at the network mounts"));
                } else if was && !stuck {
                    tell(outlet, &last);
                }
            }
        }
    }
}

/// Reads until the task is gone. On a thread of its own: a file system may keep it waiting.
fn read(mut follower: Follower, mut watch: Watch, clock: &Outlet, pulse: &Pulse, say: &mpsc::Sender<Said>) {
    let mut told = None;
    loop {
        let sink = &mut |segment: Segment| {
            pulse.set(None); // waiting for the loop is no fault of a file
            let sent = say.blocking_send(Said::Segment(Box::new(segment)));
            pulse.set(Some(Instant::now()));
            if sent.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        pulse.set(Some(Instant::now()));
        let ControlFlow::Continue(wait) = follower.turn(clock.now(), &mut watch, sink) else { return };
        let state = (follower.is_reading(), follower.troubles());
        if told.as_ref() != Some(&state) {
            let (reading, troubles) = state.clone();
            pulse.set(None);
            if say.blocking_send(Said::State { reading, troubles }).is_err() {
                return;
            }
            told = Some(state);
        }
        pulse.set(None);
        match watch.wait(wait) {
            Woken::Asked => follower.refresh(),
            Woken::Changed(paths) => follower.changed(&paths),
            Woken::Time => {}
            Woken::Over => return,
        }
    }
}

/// Says whether any file can be read, and what is wrong.
fn tell(outlet: &Outlet, (reading, troubles): &(bool, Vec<Failure>)) {
    let Some(first) = troubles.first().filter(|_| !reading) else {
        return outlet.alive(troubles.clone());
    };
    let mut failure = first.clone();
    if let more @ 1.. = troubles.len() - 1 {
        let mut what = failure.what.as_bytes().to_vec();
        what.extend_from_slice(format!(" (and {more} more)").as_bytes());
        failure.what = RawText::from_bytes(&what);
    }
    outlet.failed(failure);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;
    use crate::model::update::News;
    use crate::source::outlet::{Intake, Report};

    fn config(text: &str) -> Result<FileConfig, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn keys_are_checked() {
        let read =
            config("paths = [\"/var/log/*.log\", \"~/app.log\"]\ntimezone = \"Europe/Berlin\"").unwrap();
        assert_eq!(read.backfill, 10_000);
        for (text, why) in [
            ("", "missing field `paths`"),
            ("paths = []", "`paths` is empty"),
            ("paths = [\"/a/[\"]", "unclosed"),
            ("paths = [\"/a\"]\nfolow = true", "unknown field `folow`"),
            ("paths = [\"/a\"]\ntimezone = \"Europe/Berln\"", "no time zone"),
        ] {
            let error = config(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn lines_and_troubles_come_through_and_the_thread_ends_with_the_task() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("app.log");
        let text = format!("paths = [{log:?}, \"{}/missing.log\"]", dir.path().display());
        fs::File::create(&log).unwrap().write_all(b"one\n").unwrap();
        let mut intake = Intake::default();
        let now = "2026-11-22T03:12:00Z".parse().unwrap();
        let (outlet, ask) = intake.outlet("app".into(), Arc::new(move || now));
        let task = tokio::spawn(config(&text).unwrap().source().run(outlet));
        let mut lines = Vec::new();
        let mut troubles = None;
        tokio::time::timeout(Duration::from_secs(20), async {
            while lines.len() < 2 || troubles.is_none() {
                match intake.next().await {
                    Report::Segment(segment) => {
                        lines.extend((0..segment.lines()).map(|line| segment.line(line).to_vec()));
                        if lines.len() == 1 {
                            fs::OpenOptions::new()
                                .append(true)
                                .open(&log)
                                .unwrap()
                                .write_all(b"two\n")
                                .unwrap();
                            ask.send(crate::source::outlet::Request::Refresh).await.unwrap();
                        }
                    }
                    Report::Update(update) => match update.news {
                        News::Alive { troubles: found } => troubles = Some(found),
                        other => panic!("{other:?}"),
                    },
                    Report::File(_) => panic!(),
                }
            }
        })
        .await
        .unwrap();
        assert_eq!(lines, [b"one", b"two"]);
        assert!(troubles.unwrap()[0].what.as_str().unwrap().ends_with("missing.log: no such file"));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_system_that_hangs_is_named_until_it_answers() {
        let mut intake = Intake::default();
        let (outlet, _ask) = intake.outlet("app".into(), Arc::new(|| jiff::Timestamp::UNIX_EPOCH));
        let (say, mut said) = mpsc::channel(QUEUE);
        let (wake, _watch) = watch().unwrap();
        let pulse = Arc::new(Pulse::default());
        let seen = Arc::clone(&pulse);
        tokio::spawn(async move { attend(&outlet, &seen, &mut said, &wake).await });
        say.send(Said::State { reading: true, troubles: Vec::new() }).await.unwrap();
        let mut news = async || match intake.next().await {
            Report::Update(update) => update.news,
            Report::Segment(_) | Report::File(_) => panic!(),
        };
        assert!(matches!(news().await, News::Alive { .. }));
        pulse.set(Some(Instant::now()));
        let News::Failed(failure) = news().await else { panic!() };
        assert!(failure.what.as_str().unwrap().contains("hangs"));
        pulse.set(None);
        assert!(matches!(news().await, News::Alive { .. }));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_source_that_can_read_nothing_has_failed() {
        let mut intake = Intake::default();
        let (outlet, _ask) = intake.outlet("app".into(), Arc::new(|| jiff::Timestamp::UNIX_EPOCH));
        let source = config("paths = [\"/nowhere/a.log\", \"/nowhere/b*\"]").unwrap().source();
        assert_eq!(source.gives(), [Gives::Logs]);
        let task = tokio::spawn(source.run(outlet));
        let report = tokio::time::timeout(Duration::from_secs(20), intake.next()).await.unwrap();
        let Report::Update(update) = report else { panic!() };
        let News::Failed(failure) = update.news else { panic!() };
        assert_eq!(failure.what, "no file matches /nowhere/b* (and 1 more)".into());
        task.abort();
    }
}
