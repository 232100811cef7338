//! Plays a recording: each source in it speaks again, under its own name, at the time it did.

pub mod drill;
pub mod format;
mod player;
mod scenario;
mod tape;

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::config::environment::Environment;
use crate::model::catalog::Catalog;
use crate::model::health::Failure;
use crate::model::text::RawText;
use crate::model::world::SourceInfo;
use crate::source::Source;
use player::Stage;
use scenario::Scenario;
use tape::{Label, Tape};

/// Where to begin: a time of day (UTC) or so long after the start of the recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum At {
    /// `03:12`, `03:12:30`: the first such time in the recording.
    TimeOfDay(Time),
    /// `90s`, `12m`, `1h 5m`.
    After(SignedDuration),
}

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(':')
            && let Ok(time) = text.parse()
        {
            return Ok(Self::TimeOfDay(time));
        }
        match text.parse::<SignedDuration>() {
            Ok(after) if !after.is_negative() => Ok(Self::After(after)),
            _ => {
                Err(format!("`{text}` is no time; write a time of day (UTC) like 03:12 or a length like 12m"))
            }
        }
    }
}

impl At {
    fn from(self, start: Timestamp) -> Timestamp {
        let at = match self {
            Self::After(after) => start.checked_add(after).ok(),
            Self::TimeOfDay(time) => {
                let day = start.to_zoned(TimeZone::UTC).date();
                [Ok(day), day.tomorrow()].into_iter().flatten().find_map(|day| {
                    let at = day.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp();
                    (at >= start).then_some(at)
                })
            }
        };
        at.unwrap_or(start)
    }
}

/// Checks how many times as fast a recording is to be played.
pub fn speed(speed: f64) -> Result<f64, String> {
    let playable = (0.01..=10_000.0).contains(&speed);
    playable.then_some(speed).ok_or_else(|| format!("{speed} is no speed; write a number from 0.01 to 10000"))
}

/// A recording that can be played.
#[derive(Clone, Debug)]
pub struct Recording {
    tape: Tape,
    label: Label,
    start: Timestamp,
    speed: f64,
}

impl Recording {
    /// The recording in a file. Reads its first line.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        Self::new(Tape::File(path.to_owned()))
    }

    /// The outage that is built in, from shortly before it begins. The same seed plays the same;
    /// another one has other ids and lines in the same story.
    pub fn built_in(seed: u64) -> Result<Self, Failure> {
        Self::new(Tape::Story(Arc::new(Scenario::built_in()?), seed))
    }

    fn new(tape: Tape) -> Result<Self, Failure> {
        let label = tape.label()?;
        Ok(Self { tape, start: label.opens, label, speed: 1.0 })
    }

    /// From here: what was said before is said at once, with the lines of the last minutes.
    /// Fails where the end is known and is before that.
    pub fn at(self, at: At) -> Result<Self, String> {
        let first = self.label.header.start;
        let start = at.from(first);
        match self.label.ends {
            Some(last) if start > last => {
                let form = "%F %H:%M";
                let (first, last) = (first.strftime(form), last.strftime(form));
                Err(format!("there is nothing at that time; the recording goes from {first} to {last} UTC"))
            }
            _ => Ok(Self { start, ..self }),
        }
    }

    /// So many times as fast as it happened: what [`speed`] lets through.
    #[must_use]
    pub fn speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// How many times as fast as it happened it is played.
    pub fn rate(&self) -> f64 {
        self.speed
    }

    /// What a clock shows when the playing begins. It has to run at the recording's speed.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The environments of the outage that is built in. A file has none: there the person's own
    /// configuration is the map.
    pub fn environments(&self) -> &[Environment] {
        &self.label.environments
    }

    /// The services of the outage that is built in, likewise.
    pub fn catalog(&self) -> &Catalog {
        &self.label.catalog
    }

    /// The texts of its runbooks by their addresses, likewise.
    pub fn runbooks(&self) -> &BTreeMap<RawText, RawText> {
        &self.label.runbooks
    }

    /// The recorded sources. They are played together: all of them have to be run.
    pub fn sources(self) -> Vec<(SourceInfo, Arc<dyn Source>)> {
        Stage::new(self.tape, self.label.header, self.start, self.speed).actors()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    use super::format::{Header, Item};
    use super::*;
    use crate::logs::level::Level;
    use crate::model::alert::AlertState;
    use crate::model::health::{FailureKind, Health};
    use crate::model::run::RunState;
    use crate::model::transition::{Happened, Transition};
    use crate::model::update::{Detail, DetailKey, News};
    use crate::model::world::World;
    use crate::source::outlet::{Clock, Intake, Outlet, Report, Request};
    use crate::store;

    /// A console without a screen: takes what is played into a World, on a paused clock that moves
    /// only when everything waits.
    struct Console {
        intake: Intake,
        clock: Clock,
        speed: f64,
        world: World,
        lines: Vec<(RawText, Level, Vec<u8>)>,
        taken: Vec<Report>,
        tasks: Vec<(Arc<dyn Source>, Outlet, JoinHandle<()>)>,
        asks: Vec<mpsc::Sender<Request>>,
    }

    impl Console {
        fn new(recording: Recording) -> Self {
            let (start, speed, from) = (recording.start(), recording.speed, Instant::now());
            let clock: Clock =
                Arc::new(move || start + SignedDuration::try_from(from.elapsed().mul_f64(speed)).unwrap());
            let intake = Intake::default();
            let (mut infos, mut tasks, mut asks) = (Vec::new(), Vec::new(), Vec::new());
            for (info, source) in recording.sources() {
                let (outlet, ask) = intake.outlet(info.name.clone(), Arc::clone(&clock));
                let task = tokio::spawn(Arc::clone(&source).run(outlet.clone()));
                tasks.push((source, outlet, task));
                asks.push(ask);
                infos.push(info);
            }
            let world = World::new(infos);
            Self { intake, clock, speed, world, lines: Vec::new(), taken: Vec::new(), tasks, asks }
        }

        fn built_in(at: &str) -> Self {
            Self::new(Recording::built_in(1).unwrap().at(at.parse().unwrap()).unwrap())
        }

        fn take(&mut self, report: Report) {
            match &report {
                Report::Update(update) => drop(self.world.apply(update)),
                Report::Segment(segment) => self.lines.extend((0..segment.lines()).map(|line| {
                    (segment.stream().clone(), segment.level(line), segment.line(line).to_vec())
                })),
                Report::File(_) => {}
            }
            self.taken.push(report);
        }

        /// Lives until the recording's clock shows this time, and so long that all is taken.
        async fn until(&mut self, time: &str) {
            let until: Timestamp = format!("2026-11-20T{time}Z").parse().unwrap();
            let real = until.duration_since((self.clock)()).as_secs_f64().max(0.0) / self.speed;
            // A moment more: what is said at that time is to be taken.
            let deadline = Instant::now() + Duration::from_secs_f64(real) + Duration::from_millis(1);
            while let Ok(report) = tokio::time::timeout_at(deadline, self.intake.next()).await {
                self.take(report);
            }
        }

        fn firing(&self) -> Vec<&str> {
            let firing = self.world.alerts().filter(|(_, alert)| alert.is_loud());
            let mut names: Vec<_> = firing.map(|(_, alert)| alert.name.as_str().unwrap()).collect();
            names.sort_unstable();
            names
        }

        fn run(&self, id: &str) -> Option<RunState> {
            self.world.runs().find(|(_, run)| run.id == id.into()).map(|(_, run)| run.state)
        }

        fn errors(&self, stream: &str) -> usize {
            let of =
                |(s, level, _): &&(RawText, Level, Vec<u8>)| *s == stream.into() && *level >= Level::Error;
            self.lines.iter().filter(of).count()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_alive_before_any_time_has_passed() {
        let mut console = Console::built_in("03:26");
        console.until("03:26:01").await;
        let now = (console.clock)();
        for source in console.world.sources() {
            let health = source.health(now);
            let expected = source.info.name == "journal-db-7".into();
            assert_eq!(health.is_blind(), expected, "{health:?}");
            assert_eq!(health.is_live(), !expected, "{health:?}");
        }
        let streams: std::collections::BTreeSet<_> = console.lines.iter().map(|(s, ..)| s).collect();
        assert_eq!(streams.len(), 12);
        assert!(console.lines.len() > 50_000 && console.lines.len() < 200_000, "{}", console.lines.len());
        let is_it = |one: &&Transition| {
            matches!(&one.what, Happened::Fired(alert) if alert.name == "HighErrorRate".into()
                && alert.severity == crate::model::alert::Severity::Critical)
        };
        let fired = console.world.history().find(is_it).unwrap();
        assert_eq!(fired.at.to_string(), "2026-11-20T03:12:30Z");
    }

    #[tokio::test(start_paused = true)]
    async fn the_outage_goes_as_it_is_told() {
        let mut console = Console::built_in("03:09:59");
        console.until("03:10:00").await;
        assert_eq!(console.firing(), ["DiskFilling"]);
        assert_eq!(console.run("deploy-prod-812"), Some(RunState::Running));
        assert_eq!(console.run("deploy-staging-1960"), Some(RunState::Succeeded));
        assert_eq!(console.run("promote-prod-88"), Some(RunState::Waiting));
        assert_eq!(console.world.alerts().filter(|(_, alert)| !alert.silenced_by.is_empty()).count(), 2);
        let silences: usize = console.world.sources().map(|source| source.silences.len()).sum();
        assert_eq!(silences, 2);
        let quiet = console.errors("checkout-eu-1");

        console.until("03:12:20").await;
        let pending = console.world.alerts().filter(|(_, alert)| alert.state == AlertState::Pending);
        let pending: Vec<_> = pending.map(|(_, alert)| alert.name.as_str().unwrap()).collect();
        assert_eq!(pending, ["HighErrorRate", "LatencyP99"]);

        console.until("03:13:00").await;
        assert_eq!(console.firing(), ["DiskFilling", "HighErrorRate"]);
        assert_eq!(console.run("deploy-prod-812"), Some(RunState::Succeeded));
        assert_eq!(console.run("integration-eu-2293"), Some(RunState::Running));
        assert!(console.errors("checkout-eu-1") > quiet + 500);
        assert!(console.errors("checkout-us-1") < 30);

        console.until("03:16:00").await;
        assert_eq!(console.firing(), ["DiskFilling", "HighErrorRate", "LatencyP99", "PodCrashLooping"]);
        assert_eq!(console.run("integration-eu-2293"), Some(RunState::Failed));
        let latency = console.world.alerts().find(|(_, alert)| alert.name == "LatencyP99".into()).unwrap().1;
        let acknowledged = latency.acknowledged.as_ref().unwrap();
        assert_eq!(
            (acknowledged.person.as_str(), acknowledged.at.to_string().as_str()),
            (Some("kim"), "2026-11-20T03:14:00Z")
        );
        let failed = console.world.runs().find(|(_, run)| run.id == "integration-eu-2293".into()).unwrap().1;
        assert_eq!(failed.first_failure(), Some((1, Some(1))));
        assert_eq!(failed.jobs[2].state, RunState::Skipped);

        console.until("03:25:00").await;
        assert_eq!(console.firing(), ["DiskFilling", "HighErrorRate", "LatencyP99", "PodCrashLooping"]);
        assert_eq!(console.run("rollback-prod-57"), Some(RunState::Succeeded));

        console.until("03:38:00").await;
        assert_eq!(console.firing(), ["DiskFilling"]);
        let resolved: Vec<_> =
            console.world.resolved().map(|(_, alert)| alert.name.as_str().unwrap()).collect();
        assert_eq!(resolved, ["LatencyP99", "HighErrorRate", "PodCrashLooping"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_log_is_answered_with_what_was_written_until_now() {
        let mut console = Console::built_in("03:16");
        console.until("03:16:01").await;
        let key = |step: &str| DetailKey::StepLog {
            run: "integration-eu-2293".into(),
            job: "journeys".into(),
            step: step.into(),
        };
        for (step, expected) in [("place orders", Some("exit code 1")), ("refund", None)] {
            console.taken.clear();
            console.asks[0].send(Request::Fetch(key(step))).await.unwrap();
            let answer = loop {
                let report = console.intake.next().await;
                if let Report::Update(update) = &report
                    && let News::Detail(answered, detail) = &update.news
                    && *answered == key(step)
                {
                    break detail.clone();
                }
                console.take(report);
            };
            match (answer, expected) {
                (Ok(Detail::Log(lines)), Some(last)) => {
                    assert!(lines.last().unwrap().as_str().unwrap().ends_with(last), "{lines:?}");
                }
                (answer, expected) => {
                    assert_eq!((answer.unwrap_err().kind, expected), (FailureKind::Missing, None));
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_end_the_last_state_stands_and_lives() {
        let mut console = Console::built_in("04:09:50");
        console.until("05:00:00").await;
        let now = (console.clock)();
        let live = console.world.sources().filter(|source| source.health(now).is_live()).count();
        assert_eq!((live, console.world.sources().len()), (6, 7));
        assert_eq!(console.firing(), ["DiskFilling"]);
        let last = console.world.history().next_back().unwrap().at;
        assert!(last.to_string().as_str() < "2026-11-20T04:00:00Z", "{last}");
    }

    /// What was taken in, as a file.
    fn record(console: &Console, start: Timestamp, path: &Path) {
        let mut file = store::recording::Recording::create(path).unwrap();
        let infos: Vec<_> = console.world.sources().map(|source| source.info.clone()).collect();
        file.write(&Header::new(start, &infos)).unwrap();
        for report in &console.taken {
            file.write(&Item::of(report)).unwrap();
        }
        file.finish().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_recorded_while_it_is_played_plays_as_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("night.rec");
        let recording = Recording::built_in(1).unwrap().at("03:32".parse().unwrap()).unwrap();
        let start = recording.start();
        let mut first = Console::new(recording);
        first.until("03:38:00").await;
        record(&first, start, &path);
        let mut second = Console::new(Recording::open(&path).unwrap().speed(1000.0));
        second.until("03:38:00").await;
        assert!(first.lines.len() > 10_000);
        assert!(first.lines == second.lines, "lines differ");
        // How often a source said that it lives is another matter.
        let known = |console: &Console| {
            let sources: Vec<_> = console.world.sources().cloned().collect();
            let history: Vec<_> = console.world.history().cloned().collect();
            (sources, history, console.world.remember())
        };
        assert_eq!(known(&first), known(&second));
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_past_is_told_no_source_seems_to_be_late() {
        let mut console = Console::built_in("03:10");
        let (start, mut looks) = ((console.clock)(), 0);
        while let Ok(report) = tokio::time::timeout(Duration::from_millis(1), console.intake.next()).await {
            let is_said = matches!(&report, Report::Update(update) if update.at == start);
            console.take(report);
            // What is said with it was put there before anybody could draw.
            if is_said {
                looks += 1;
                let stale =
                    |source: &&crate::model::world::Source| matches!(source.health(start), Health::Stale(_));
                assert_eq!(console.world.sources().filter(stale).count(), 0);
            }
        }
        assert!(looks > 10, "{looks}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_player_that_is_started_again_goes_on_where_it_was() {
        let mut whole = Console::built_in("03:33");
        whole.until("03:35:00").await;
        let mut broken = Console::built_in("03:33");
        broken.until("03:34:00").await;
        let (source, outlet, task) = broken.tasks.remove(0);
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        let again = tokio::spawn(source.run(outlet));
        broken.until("03:35:00").await;
        assert!(whole.lines == broken.lines, "lines differ");
        assert_eq!(whole.world, broken.world);
        assert!(!again.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_in_the_file_blinds_its_sources_and_a_torn_end_is_a_trouble_of_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("night.rec");
        let recording = Recording::built_in(1).unwrap().at("02:41".parse().unwrap()).unwrap();
        let start = recording.start();
        let mut played = Console::new(recording);
        played.until("02:41:10").await;
        record(&played, start, &path);
        let text = std::fs::read_to_string(&path).unwrap();
        for (fault, ending) in [("{\n", "EOF while parsing an object"), ("{", "1 bytes left out")] {
            let path = directory.path().join(ending.replace(' ', "-"));
            let mut file = std::fs::File::create(&path).unwrap();
            file.write_all(format!("{text}{fault}").as_bytes()).unwrap();
            let file = path.display();
            let mut console = Console::new(Recording::open(&path).unwrap());
            console.until("02:42:00").await;
            let condition = |name: &str| console.world.source(&name.into()).unwrap();
            let said = match condition("ci").health((console.clock)()) {
                Health::Failing(failure, _) => failure.what,
                Health::Live => condition("ci").condition.troubles[0].what.clone(),
                other => panic!("{other:?}"),
            };
            let said = said.as_str().unwrap();
            let line = text.lines().count() + 1;
            assert!(said.starts_with(&format!("{file}:{line}:")) && said.contains(ending), "{said}");
        }
    }

    #[test]
    fn what_cannot_be_a_recording_is_refused_with_its_reason() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |path: &Path| {
            let what = Recording::open(path).unwrap_err().what;
            what.as_str().unwrap().replace(directory.path().to_str().unwrap(), "")
        };
        assert_eq!(refused(directory.path()), "open : not a file");
        assert_eq!(refused(&directory.path().join("x")), "open /x: no such file");
        let empty = directory.path().join("empty");
        std::fs::File::create(&empty).unwrap();
        assert_eq!(refused(&empty), "/empty:1: the file is empty: no recording");
    }

    #[test]
    fn the_map_of_the_built_in_outage_has_its_places() {
        let recording = Recording::built_in(1).unwrap();
        let service = recording.catalog().service_of_name(&"payments-eu-2".into());
        assert_eq!(service, Some("payments".into()));
        let mentioned =
            recording.label.header.sources.iter().filter_map(|source| source.environment.as_ref());
        for name in mentioned {
            let known = recording.environments().iter().find(|known| known.name == *name).unwrap();
            assert!(known.production, "{known:?}");
        }
    }

    #[test]
    fn a_place_to_begin_is_a_time_of_day_or_a_length() {
        let start: Timestamp = "2026-11-20T23:30:00Z".parse().unwrap();
        for (text, expected) in [
            ("23:45", "2026-11-20T23:45:00Z"),
            ("00:10:30", "2026-11-21T00:10:30Z"),
            ("12m", "2026-11-20T23:42:00Z"),
            ("1h 5m", "2026-11-21T00:35:00Z"),
        ] {
            assert_eq!(text.parse::<At>().unwrap().from(start).to_string(), expected, "{text}");
        }
        for text in ["", "soon", "25:00", "-5m", "12"] {
            assert!(text.parse::<At>().is_err(), "{text}");
        }
        let outside = Recording::built_in(1).unwrap().at("02:00".parse().unwrap());
        assert!(outside.unwrap_err().ends_with("from 2026-11-20 02:40 to 2026-11-20 04:10 UTC"));
    }
}
