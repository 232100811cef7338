//! A drill's file: what the exercise is about, and the recording or the story that is played.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use super::scenario::Scenario;
use super::tape::{End, Tape};
use super::{At, Recording};
use crate::config::origin::{ConfigError, Origin};
use crate::config::table::{self, Table};
use crate::model::alert::AlertState;
use crate::model::drill::{Culprit, Drill, NONE};
use crate::model::health::Failure;
use crate::model::run::Run;
use crate::model::text::RawText;
use crate::model::update::News;
use crate::source::recording::format::Item;

/// The drills that are built in: the name and the file of each.
const SHIPPED: &[(&str, &str)] = &[
    ("bad-deploy", include_str!("../../../assets/drills/bad-deploy.toml")),
    ("full-disk", include_str!("../../../assets/drills/full-disk.toml")),
    ("expired-certificate", include_str!("../../../assets/drills/expired-certificate.toml")),
];

/// The chance in the stories of drills: everybody who takes one has the same.
const SEED: u64 = 1;

/// The keys of `[drill]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    title: RawText,
    briefing: RawText,
    /// What `midwatch record` wrote; else the file tells the story itself.
    recording: Option<PathBuf>,
    /// From where it is played, unless from its beginning.
    opens: Option<String>,
    onset: String,
    alerts: Vec<RawText>,
    change: RawText,
    why: RawText,
    mitigation: RawText,
}

/// A drill that can be played.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// What it is about.
    pub drill: Drill,
    /// What is played.
    pub recording: Recording,
}

impl Exercise {
    /// The names of those that are built in.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }

    /// The one of this name that is built in, if there is one.
    ///
    /// Errors are all that is wrong with it, each with its place.
    pub fn shipped(name: &str) -> Option<Result<Self, Vec<ConfigError>>> {
        let (name, text) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        Some(Self::read(&format!("drill {name}").into(), text, Path::new("")))
    }

    /// The one that this file tells.
    ///
    /// Errors are all that is wrong with it, each with its place.
    pub fn open(path: &Path) -> Result<Self, Vec<ConfigError>> {
        let place = RawText::from_bytes(path.as_os_str().as_bytes());
        let refuse = |what: &str| {
            let error = ConfigError::new(&Origin::whole(place.clone()), what);
            vec![error.help("midwatch drill lists those that are built in")]
        };
        // Looked at first: reading a pipe would wait for its writer.
        let read =
            std::fs::metadata(path).and_then(|meta| meta.is_file().then(|| std::fs::read(path)).transpose());
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(refuse("not a file")),
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(refuse("no such file")),
            Err(error) => return Err(refuse(&error.to_string())),
        };
        let text = String::from_utf8(bytes).map_err(|_| refuse("the file is not UTF-8"))?;
        Self::read(&place, &text, path.parent().unwrap_or(Path::new("")))
    }

    /// The one that a file's text tells. `place` names the file in errors, and a recording's path begins in
    /// `folder`. Reads the whole recording, to see that what is asked for is in it.
    ///
    /// Errors are all that is wrong with it, each with its place.
    pub fn read(place: &RawText, text: &str, folder: &Path) -> Result<Self, Vec<ConfigError>> {
        let mut file = table::read(place, text)?;
        let Some(head) = file.take("drill") else {
            let help = "a drill's file begins with [drill]; midwatch drill --help shows one";
            let what = "there is no table [drill] in it";
            return Err(vec![ConfigError::new(&Origin::whole(place.clone()), what).help(help)]);
        };
        let Some(table) = head.value.as_table() else {
            return Err(vec![ConfigError::new(&head.value.origin, "`drill`: a table is needed")]);
        };
        let keys: Keys = table.parse()?;
        let recording = match &keys.recording {
            Some(path) => recorded(&file, &folder.join(path)).map_err(|what| match what {
                Wrong::File(failure) => vec![table.error("recording", failure.what)],
                Wrong::Keys(errors) => errors,
            }),
            None => told(&file, place),
        }?;
        Self::of(table, &keys, recording)
    }

    fn of(table: &Table, keys: &Keys, recording: Recording) -> Result<Self, Vec<ConfigError>> {
        let wrong = |key: &str, what: String| vec![table.error(key, what)];
        let seen = Seen::of(&recording, &keys.alerts)
            .map_err(|failure| vec![table.error("recording", failure.what)])?;
        let first = recording.label.header.start;
        let recording = match &keys.opens {
            None => recording,
            Some(opens) => {
                let at: At = opens.parse().map_err(|what| wrong("opens", what))?;
                recording.at(at).map_err(|what| wrong("opens", what))?
            }
        };
        let mut errors = Vec::new();
        let mut refuse = |key: &str, what: String| errors.extend(wrong(key, what));
        let onset = match keys.onset.parse::<At>() {
            Ok(at) => at.from(first),
            Err(what) => {
                refuse("onset", what);
                first
            }
        };
        if onset > seen.ends {
            refuse("onset", format!("the recording ends before that, at {}", seen.ends.strftime("%F %H:%M")));
        }
        if recording.start() >= seen.ends {
            refuse("opens", format!("the recording ends before that, at {}", seen.ends.strftime("%F %H:%M")));
        }
        let fires = seen.fires.unwrap_or_else(|| {
            refuse("alerts", "none of them fires in the recording".to_owned());
            first
        });
        let change = seen.culprit(&keys.change).unwrap_or_else(|what| {
            refuse("change", what);
            Culprit::NoChange
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        let Keys { title, briefing, alerts, why, mitigation, .. } = keys;
        let drill = Drill {
            title: title.clone(),
            briefing: briefing.clone(),
            begins: recording.start(),
            ends: seen.ends,
            onset,
            alerts: alerts.clone(),
            fires,
            change,
            why: why.clone(),
            mitigation: mitigation.clone(),
        };
        Ok(Self { drill, recording })
    }
}

enum Wrong {
    File(Failure),
    Keys(Vec<ConfigError>),
}

/// The recording that a drill names: then its file tells no story.
fn recorded(file: &Table, path: &Path) -> Result<Recording, Wrong> {
    let beside = file.entries().map(|entry| {
        let what = format!("`{}` is of a story, and [drill] names a recording", entry.key);
        ConfigError::new(&entry.origin, what)
    });
    let beside: Vec<_> = beside.collect();
    if beside.is_empty() { Recording::open(path).map_err(Wrong::File) } else { Err(Wrong::Keys(beside)) }
}

/// The story that a drill's file tells itself.
fn told(file: &Table, place: &RawText) -> Result<Recording, Vec<ConfigError>> {
    let whole = |what: RawText| vec![ConfigError::new(&Origin::whole(place.clone()), what)];
    if file.is_empty() {
        let what = "it names no recording and tells no story".into();
        return Err(whole(what)
            .into_iter()
            .map(|error| error.help("write recording = \"FILE\" in [drill]"))
            .collect());
    }
    let story: Scenario = file.parse()?;
    if let Some(fault) = story.fault() {
        return Err(whole(fault.into()));
    }
    Recording::new(Tape::Story(Arc::new(story), SEED)).map_err(|failure| whole(failure.what))
}

/// What a recording has, from its beginning to its end.
struct Seen {
    ends: Timestamp,
    /// When one of the alerts fires first.
    fires: Option<Timestamp>,
    runs: Vec<Run>,
}

impl Seen {
    fn of(recording: &Recording, alerts: &[RawText]) -> Result<Self, Failure> {
        let start = recording.label.header.start;
        let mut seen = Self { ends: start, fires: None, runs: Vec::new() };
        let mut known = BTreeSet::new();
        // No line of a story is made: none of them tells what is looked for here.
        let mut running = recording.tape.run(recording.label.ends.unwrap_or(Timestamp::MAX))?;
        loop {
            let item = match running.next() {
                Ok(item) => item,
                Err(End::Over | End::Short(_)) => break,
                Err(End::Broken(failure)) => return Err(failure),
            };
            seen.ends = seen.ends.max(item.at());
            let Item::Update(update) = item else { continue };
            let News::Snapshot(snapshot) = update.news else { continue };
            let fires = |state, name: &RawText| state == AlertState::Firing && alerts.contains(name);
            if seen.fires.is_none() && snapshot.alerts.iter().any(|alert| fires(alert.state, &alert.name)) {
                seen.fires = Some(update.at);
            }
            for run in &snapshot.runs {
                if known.insert((update.source.clone(), run.id.clone())) {
                    seen.runs.push(Run::clone(run));
                }
            }
        }
        seen.ends = recording.label.ends.unwrap_or(seen.ends);
        Ok(seen)
    }

    /// The run of this name, or none.
    fn culprit(&self, name: &RawText) -> Result<Culprit, String> {
        if Culprit::NoChange.is_meant_by(name) {
            return Ok(Culprit::NoChange);
        }
        let named = self.runs.iter().map(Culprit::run).filter(|culprit| culprit.is_meant_by(name));
        match named.collect::<Vec<_>>().as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(format!(
                "no run of the recording is called so; write its pipeline and number, its id, or \"{NONE}\""
            )),
            many => Err(format!("{} runs of the recording are called so; write the id of one", many.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    const HEAD: &str = "[drill]\ntitle = 't'\nbriefing = 'b'\nrecording = 'night.jsonl'\nonset = '02:41'\n\
        alerts = ['DiskFilling']\nchange = 'none'\nwhy = 'w'\nmitigation = 'm'\n";

    /// A recording of some minutes of the built-in outage beside which a drill's file can stand.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut file = store::recording::Recording::create(&folder.path().join("night.jsonl")).unwrap();
        let story = Scenario::built_in().unwrap();
        file.write(&story.header()).unwrap();
        let end: Timestamp = "2026-11-20T03:14:00Z".parse().unwrap();
        let items = story.items(1, "2026-11-20T03:13:50Z".parse().unwrap());
        for item in items.take_while(|item| item.at() < end) {
            file.write(&item).unwrap();
        }
        file.finish().unwrap();
        folder
    }

    fn read(folder: &Path, text: &str) -> Result<Exercise, Vec<String>> {
        let told = |errors: Vec<ConfigError>| {
            errors.iter().flat_map(ConfigError::lines).map(|line| line.as_str().to_owned()).collect()
        };
        Exercise::read(&"d.toml".into(), text, folder).map_err(told)
    }

    #[test]
    fn those_that_are_built_in_are_whole_and_what_is_asked_for_is_in_them() {
        for name in Exercise::names() {
            let told =
                |errors: Vec<ConfigError>| errors.iter().flat_map(ConfigError::lines).collect::<Vec<_>>();
            let Exercise { drill, recording } = Exercise::shipped(name).unwrap().map_err(told).unwrap();
            // The page comes while it is played.
            assert!(drill.begins < drill.fires && drill.fires < drill.ends, "{drill:?}");
            assert!(drill.onset < drill.fires, "{drill:?}");
            let minutes = drill.ends.duration_since(drill.begins).as_mins();
            assert!((15..=30).contains(&minutes), "{name} takes {minutes} minutes");
            assert!(recording.catalog().service_of_name(&"none".into()).is_none());
            let rules = recording.runbooks().len();
            assert!(rules > 0, "{name} has no runbook");
        }
        assert_eq!(Exercise::names().count(), 3);
        assert!(Exercise::shipped("good-deploy").is_none());
    }

    #[test]
    fn nearness_misleads_in_the_bad_deploy_and_no_other_was_a_change() {
        let drill = |name| Exercise::shipped(name).unwrap().unwrap().drill;
        let bad = drill("bad-deploy");
        assert_eq!(bad.change.name(), "deploy-production #2207".into());
        for (answer, expected) in [("#2207", true), ("a41f9be", true), ("2209", false), ("none", false)] {
            assert_eq!(bad.change.is_meant_by(&answer.into()), expected, "{answer}");
        }
        for name in ["full-disk", "expired-certificate"] {
            assert_eq!(drill(name).change, Culprit::NoChange);
        }
        let full = Exercise::shipped("full-disk").unwrap().unwrap().recording;
        let seen = Seen::of(&full, &[]).unwrap();
        assert!(
            !seen.runs.is_empty() && seen.runs.iter().all(|run| run.environment.is_none()),
            "no deployment"
        );
        let expired = Exercise::shipped("expired-certificate").unwrap().unwrap();
        let gateway = expired.recording.catalog().service(&"bank-gateway".into()).unwrap();
        assert!(!gateway.card.contacts.is_empty());
    }

    #[test]
    fn a_file_beside_a_recording_is_a_drill_and_a_run_has_many_names() {
        let folder = folder();
        let Exercise { drill, recording } = read(folder.path(), HEAD).unwrap();
        assert_eq!(drill.onset.to_string(), "2026-11-20T02:41:00Z");
        assert_eq!(drill.fires, drill.begins, "it fires from the beginning on");
        assert!(drill.ends.to_string().starts_with("2026-11-20T03:13:"), "{}", drill.ends);
        assert_eq!(recording.start(), drill.begins);
        for name in ["deploy-prod #812", "deploy-prod-812", "#812"] {
            let text = HEAD.replace("'none'", &format!("'{name}'\nopens = '03:05'"));
            let drill = read(folder.path(), &text).unwrap().drill;
            assert_eq!(drill.change.name(), "deploy-prod #812".into());
            assert_eq!(drill.begins.to_string(), "2026-11-20T03:05:00Z");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_place() {
        let folder = folder();
        let wrong = |from: &str, to: &str| {
            let text = HEAD.replacen(from, to, 1);
            assert_ne!(text, HEAD, "{from}");
            read(folder.path(), &text).unwrap_err().join("\n")
        };
        for (from, to, place, told) in [
            ("title", "tittle", "d.toml:2:1: ", "there is no key `tittle` here (did you mean `title`?)"),
            ("why = 'w'\n", "", "d.toml:1:", "`why` is missing"),
            ("'02:41'", "'soon'", "d.toml:5:9: ", "`soon` is no time"),
            ("'02:41'", "'02:00'", "d.toml:5:9: ", "the recording ends before that"),
            ("DiskFilling", "DiskFul", "d.toml:6:10: ", "none of them fires in the recording"),
            ("'none'", "'deploy-prod #999'", "d.toml:7:10: ", "no run of the recording is called so"),
            ("night", "day", "d.toml:4:13: ", "no such file"),
            ("[drill]", "[drills]", "d.toml: ", "there is no table [drill] in it"),
            ("[drill]", "day = 1\n[drill]", "d.toml:1:1: ", "`day` is of a story"),
            ("recording = 'night.jsonl'\n", "", "d.toml: ", "it names no recording and tells no story"),
            ("'t'", "", "d.toml:2:", "not TOML"),
        ] {
            let found = wrong(from, to);
            assert!(found.starts_with(place) && found.contains(told), "{from} {to}: {found}");
        }
    }
}
