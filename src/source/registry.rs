//! Every kind of source, declared once: its name, its keys, how it is built.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::alerts::{alertmanager::AlertmanagerConfig, prometheus::PrometheusConfig};
use super::logs::{
    archive::ArchiveConfig, command::CommandConfig, file::FileConfig, journald::JournaldConfig,
};
use super::pipelines::buildbot::BuildbotConfig;
use super::pipelines::{github_actions::GitHubActionsConfig, gitlab_ci::GitLabCiConfig};
use super::poll::Poll;
use super::recording::{Recording, speed};
use super::{Adapter, Asked, Source};
use crate::config::endpoint::Endpoint;
use crate::config::origin::ConfigError;
use crate::config::sources::{Kind, SourceTable};
use crate::model::text::{RawText, clean};
use crate::model::world::SourceInfo;
use crate::net::Net;
use crate::net::client::Client;

/// A kind of source.
pub struct Entry {
    /// Its name and keys, for the configuration.
    pub kind: Kind,
    /// What it is, in one line, for the documents.
    pub about: &'static str,
    /// Its own keys in an example.
    pub example: &'static str,
    build: fn(&SourceTable, &Net) -> Result<Made, Vec<ConfigError>>,
}

/// All kinds, in the order of the documents.
pub const ENTRIES: &[Entry] = &[
    adapter::<FileConfig>(
        "log files by patterns, followed through rotation, with their .gz history",
        "paths = [\"/var/log/app/*.log\"]",
    ),
    adapter::<ArchiveConfig>(
        "one file of any size, read where somebody looks; what was added is seen within a second",
        "path = \"/var/log/app/big.log\"",
    ),
    adapter::<CommandConfig>(
        "the lines that a command prints, started again when it ends",
        "argv = [\"kubectl\", \"logs\", \"-f\", \"deploy/checkout\"]",
    ),
    adapter::<JournaldConfig>(
        "the journal of this machine, resumed where it was",
        "units = [\"nginx.service\"]",
    ),
    asked::<AlertmanagerConfig>(
        "alerts, silences and what inhibits what, from every peer of a cluster",
        "url = \"https://alertmanager.example\"",
    ),
    asked::<PrometheusConfig>(
        "rules that fire or pend, with values, and what fired in the last day",
        "url = \"https://prometheus.example\"",
    ),
    asked::<BuildbotConfig>(
        "builds and their steps, what queues, logs that grow while one looks",
        "url = \"https://buildbot.example\"",
    ),
    asked::<GitHubActionsConfig>(
        "runs of GitHub Actions with jobs, steps, logs and gates, and deployments",
        "repos = [\"shop/checkout\"]",
    ),
    asked::<GitLabCiConfig>(
        "pipelines of GitLab with jobs and growing logs, by project or group, and deployments",
        "projects = [\"shop/checkout\"]",
    ),
    Entry {
        kind: Kind::of::<RecordingKeys>("recording"),
        about: "what `midwatch record` wrote, played under the recorded names",
        example: "path = \"/srv/drills/outage.jsonl\"",
        build: recording,
    },
];

const fn adapter<A: Adapter>(about: &'static str, example: &'static str) -> Entry {
    let build = |source: &SourceTable, _: &Net| {
        let every = source.every;
        Ok(Made::One(source.table.parse::<A>()?.source(), every))
    };
    Entry { kind: Kind::of::<A>(A::KIND), about, example, build }
}

const fn asked<A: Asked>(about: &'static str, example: &'static str) -> Entry {
    let build = |source: &SourceTable, net: &Net| {
        let vendor = source.table.parse::<A>()?;
        if let Some((key, what)) = vendor.wrong() {
            return Err(vec![source.table.error(key, what)]);
        }
        let what = "`url` is missing: where is it to be asked?";
        let Some(mut endpoint) = source.endpoint.clone() else {
            return Err(vec![source.table.error("url", what)]);
        };
        endpoint.addresses.iter_mut().for_each(|address| A::api(&mut address.url));
        let every = source.every.unwrap_or(A::EVERY);
        let poll = Poll::new(vendor, Client::new(endpoint, A::AUTH, net), every);
        Ok(Made::One(Arc::new(poll), Some(every)))
    };
    let kind = Kind::of::<A>(A::KIND);
    let kind = match A::URL {
        Some(url) => kind.networked_at(url),
        None => kind.networked(),
    };
    Entry { kind, about, example, build }
}

/// The kinds as the configuration needs them.
pub fn kinds() -> Vec<Kind> {
    ENTRIES.iter().map(|entry| entry.kind).collect()
}

/// What a table makes.
enum Made {
    /// One source, and how often it is asked.
    One(Arc<dyn Source>, Option<Duration>),
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
pub fn build(tables: &[SourceTable], net: &Net) -> Result<(Vec<Built>, Option<Playback>), Vec<ConfigError>> {
    let (mut built, mut playback, mut errors) = (Vec::new(), None, Vec::new());
    for table in tables {
        let Some(entry) = ENTRIES.iter().find(|entry| entry.kind.name == table.kind) else { continue };
        match (entry.build)(table, net) {
            Ok(Made::One(source, every)) => {
                let addresses = table.endpoint.iter().flat_map(|endpoint| &endpoint.addresses);
                let addresses = addresses.map(|address| address.shown().into());
                let ways = table.endpoint.iter().flat_map(|endpoint| net.ways(endpoint)).map(RawText::from);
                let exposed = table.endpoint.iter().flat_map(Endpoint::exposed);
                let interval = every.and_then(|every| SignedDuration::try_from(every).ok());
                let info = SourceInfo {
                    name: table.name.clone(),
                    kind: table.kind.into(),
                    environment: table.environment.clone(),
                    interval,
                    gives: source.gives(),
                    reads: source.reads().into_iter().chain(addresses).chain(ways).collect(),
                    exposed: exposed.map(RawText::from).collect(),
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

/// A source of this name that no configuration describes.
pub fn alone<A: Adapter>(name: RawText, keys: A) -> Built {
    let source = keys.source();
    let info = SourceInfo {
        name,
        kind: A::KIND.into(),
        environment: None,
        interval: None,
        gives: source.gives(),
        reads: source.reads(),
        exposed: Vec::new(),
    };
    Built { info, source }
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

fn recording(source: &SourceTable, _: &Net) -> Result<Made, Vec<ConfigError>> {
    let table = &source.table;
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
            schemars::schema_for!(AlertmanagerConfig),
            schemars::schema_for!(PrometheusConfig),
            schemars::schema_for!(BuildbotConfig),
            schemars::schema_for!(GitHubActionsConfig),
            schemars::schema_for!(GitLabCiConfig),
        ] {
            for (key, property) in schema.get("properties").unwrap().as_object().unwrap() {
                assert!(property.get("description").is_some(), "{key}");
            }
        }
    }
}
