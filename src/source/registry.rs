//! Every kind of source, declared once: its name, its keys, how it is built.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::logs::{command::CommandConfig, file::FileConfig, journald::JournaldConfig};
use super::recording::{Recording, speed};
use super::{Adapter, Source};
use crate::config::origin::ConfigError;
use crate::config::sources::{Kind, SourceTable};
use crate::config::table::Table;
use crate::model::text::clean;
use crate::model::world::SourceInfo;

/// A kind of source.
pub struct Entry {
    /// Its name and keys, for the configuration.
    pub kind: Kind,
    /// What it is, in one line, for the documents.
    pub about: &'static str,
    /// Its own keys in an example.
    pub example: &'static str,
    build: fn(&Table) -> Result<Made, Vec<ConfigError>>,
}

/// All kinds, in the order of the documents.
pub const ENTRIES: &[Entry] = &[
    adapter::<FileConfig>(
        "log files by patterns, followed through rotation, with their .gz history",
        "paths = [\"/var/log/app/*.log\"]",
    ),
    adapter::<CommandConfig>(
        "the lines that a command prints, started again when it ends",
        "argv = [\"kubectl\", \"logs\", \"-f\", \"deploy/checkout\"]",
    ),
    adapter::<JournaldConfig>(
        "the journal of this machine, resumed where it was",
        "units = [\"nginx.service\"]",
    ),
    Entry {
        kind: Kind::of::<RecordingKeys>("recording"),
        about: "what `midwatch record` wrote, played under the recorded names",
        example: "path = \"/srv/drills/outage.jsonl\"",
        build: recording,
    },
];

const fn adapter<A: Adapter>(about: &'static str, example: &'static str) -> Entry {
    let build = |table: &Table| Ok(Made::One(table.parse::<A>()?.source()));
    Entry { kind: Kind::of::<A>(A::KIND), about, example, build }
}

/// The kinds as the configuration needs them.
pub fn kinds() -> Vec<Kind> {
    ENTRIES.iter().map(|entry| entry.kind).collect()
}

/// What a table makes.
enum Made {
    /// One source.
    One(Arc<dyn Source>),
    /// All sources of a recording.
    Recorded(Box<Recording>),
}

/// A source that can be started.
pub struct Built {
    /// What is known of it.
    pub info: SourceInfo,
    /// The source.
    pub source: Arc<dyn Source>,
}

/// The time that a recording is played in.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Playback {
    /// What the clock shows at the start.
    pub start: Timestamp,
    /// So many times as fast as it happened.
    pub speed: f64,
}

/// Builds the configured sources, and the time of a recording if there is one.
///
/// Errors are all that is wrong with the kinds' own keys.
pub fn build(tables: &[SourceTable]) -> Result<(Vec<Built>, Option<Playback>), Vec<ConfigError>> {
    let (mut built, mut playback, mut errors) = (Vec::new(), None, Vec::new());
    for table in tables {
        let Some(entry) = ENTRIES.iter().find(|entry| entry.kind.name == table.kind) else { continue };
        match (entry.build)(&table.table) {
            Ok(Made::One(source)) => {
                let addresses = table.endpoint.iter().flat_map(|endpoint| &endpoint.addresses);
                let addresses = addresses.map(|address| address.shown().into());
                let interval = table.every.and_then(|every| SignedDuration::try_from(every).ok());
                let info = SourceInfo {
                    name: table.name.clone(),
                    kind: table.kind.into(),
                    environment: table.environment.clone(),
                    interval,
                    gives: source.gives(),
                    reads: source.reads().into_iter().chain(addresses).collect(),
                };
                built.push(Built { info, source });
            }
            Ok(Made::Recorded(recording)) => {
                playback = Some(Playback { start: recording.start(), speed: recording.rate() });
                built.extend(recording.sources().into_iter().map(|(info, source)| Built { info, source }));
            }
            Err(wrong) => errors.extend(wrong),
        }
    }
    if errors.is_empty() { Ok((built, playback)) } else { Err(errors) }
}

/// The keys of a `recording` source.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RecordingKeys {
    /// The file that `midwatch record` wrote.
    path: Option<PathBuf>,
    /// Plays the built-in outage of this seed instead of a file.
    seed: Option<u64>,
    /// So many times as fast as it happened.
    #[serde(default = "as_it_happened")]
    speed: f64,
    /// Where to begin: a time of day such as `03:12`, or a length such as `90s`.
    at: Option<String>,
}

fn as_it_happened() -> f64 {
    1.0
}

fn recording(table: &Table) -> Result<Made, Vec<ConfigError>> {
    let keys: RecordingKeys = table.parse()?;
    let said = |what: &crate::model::health::Failure| clean(&what.what).as_str().to_owned();
    let (key, recording) = match (&keys.path, keys.seed) {
        (Some(path), None) => ("path", Recording::open(path).map_err(|failure| said(&failure))),
        (None, Some(seed)) => ("seed", Recording::built_in(seed).map_err(|failure| said(&failure))),
        _ => ("kind", Err("a recording needs either `path` or `seed`".to_owned())),
    };
    let mut recording = recording.map_err(|what| vec![table.error(key, what)])?;
    if let Some(at) = &keys.at {
        let placed = at.parse().and_then(|at| recording.at(at));
        recording = placed.map_err(|what| vec![table.error("at", what)])?;
    }
    let speed = speed(keys.speed).map_err(|what| vec![table.error("speed", what)])?;
    Ok(Made::Recorded(Box::new(recording.speed(speed))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_of_their_own_and_keys_with_help() {
        let mut names: Vec<&str> = ENTRIES.iter().map(|entry| entry.kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ENTRIES.len());
        for schema in [
            schemars::schema_for!(FileConfig),
            schemars::schema_for!(CommandConfig),
            schemars::schema_for!(JournaldConfig),
            schemars::schema_for!(RecordingKeys),
        ] {
            for (key, property) in schema.get("properties").unwrap().as_object().unwrap() {
                assert!(property.get("description").is_some(), "{key}");
            }
        }
    }
}
