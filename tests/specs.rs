//! Our requests and our fixtures against the interface descriptions of the vendors, where those are
//! at hand: in `../shared/specs` beside the repository, or where `MIDWATCH_SPECS` says.

#![expect(clippy::panic, reason = "a test that cannot be set up has failed")]
#![expect(clippy::indexing_slicing, reason = "what a JSON value does not have is null")]
#![expect(clippy::print_stdout, reason = "what was not compared has to be told")]

#[path = "specs/schema.rs"]
#[expect(dead_code, reason = "what is sent is compared in tests/send.rs")]
mod schema;

use std::path::{Path, PathBuf};

use midwatch::net::exchange::Request;
use midwatch::source::alerts::alertmanager::{self, AlertmanagerConfig};
use midwatch::source::alerts::prometheus::{self, PrometheusConfig};
use midwatch::source::poll::Vendor;
use serde_json::Value;

use schema::Spec;

/// Descriptions with the folder of the exchanges that were written after them, and what stands before
/// the paths of our requests in the description.
const EXCHANGES: &[(&str, &str, &str)] = &[
    ("github/github-rest-trimmed.json", "github", ""),
    ("gitlab/gitlab-handwritten.json", "gitlab", "/api/v4"),
];

/// Bodies that were captured alone, and the path that they are the answer of.
const BODIES: &[(&str, &str, &str)] = &[
    ("alertmanager/openapi-v2.json", "alertmanager/alerts.json", "/alerts"),
    ("alertmanager/openapi-v2.json", "alertmanager/silences.json", "/silences"),
    ("alertmanager/openapi-v2.json", "alertmanager/groups.json", "/alerts/groups"),
    ("prometheus/api-v1.json", "prometheus/rules.json", "/rules"),
    ("prometheus/api-v1.json", "prometheus/alerts_range.json", "/query_range"),
    ("prometheus/api-v1.json", "prometheus/query_range.json", "/query_range"),
];

/// What we ask although the description at hand does not have it, and where it is described.
const ELSEWHERE: &[(&str, &str)] = &[
    ("/api/v4/groups/", "GitLab's doc/api/groups.md, List a group's projects"),
    ("/bridges?", "GitLab's doc/api/jobs.md, List pipeline bridges"),
];

fn specs() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/specs");
    let folder = std::env::var_os("MIDWATCH_SPECS").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let count = EXCHANGES.len() + BODIES.len();
    println!("skipped: {count} comparisons, there is no folder {}", folder.display());
    None
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn told(problems: &[String]) {
    assert!(problems.is_empty(), "{} differences:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn exchanges_are_as_their_vendor_describes_them() {
    let Some(folder) = specs() else { return };
    let (mut problems, mut compared) = (Vec::new(), 0);
    for (file, exchanges, prefix) in EXCHANGES {
        let spec = Spec::new(read(&folder.join(file)));
        for entry in std::fs::read_dir(fixtures().join(exchanges)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            for exchange in read(&path).as_array().unwrap() {
                let line = exchange["path"].as_str().unwrap();
                let asked = format!("{prefix}{}", by_name(line));
                if ELSEWHERE.iter().any(|(part, _)| asked.contains(part)) {
                    continue;
                }
                compared += 1;
                let mut say = |what: String| problems.push(format!("{exchanges}/{name}: {line}: {what}"));
                let (path, query) = asked.split_once('?').unwrap_or((&asked, ""));
                let Some(operation) = spec.operation(path, "get") else {
                    say("no such path".to_owned());
                    continue;
                };
                // A further page is asked for as the server's own link says.
                if !line.contains("&page=") {
                    spec.check_query(operation, query).into_iter().for_each(&mut say);
                }
                let status = exchange["status"].as_u64().unwrap();
                spec.check_answer(operation, status, &exchange["response"]).into_iter().for_each(&mut say);
            }
        }
    }
    told(&problems);
    assert!(compared >= 40, "only {compared} exchanges were compared");
}

/// GitHub's links name a repository by its number.
fn by_name(line: &str) -> String {
    match line.strip_prefix("/repositories/").and_then(|rest| rest.split_once('/')) {
        Some((number, rest)) => format!("/repos/by-number/{number}/{rest}"),
        None => line.to_owned(),
    }
}

#[test]
fn captured_bodies_are_as_their_vendor_describes_them() {
    let Some(folder) = specs() else { return };
    let mut problems = Vec::new();
    for (file, captured, path) in BODIES {
        let spec = Spec::new(read(&folder.join(file)));
        let operation = spec.operation(path, "get").unwrap();
        let found = spec.check_answer(operation, 200, &read(&fixtures().join(captured)));
        problems.extend(found.into_iter().map(|what| format!("{captured}: {what}")));
    }
    told(&problems);
}

#[test]
fn requests_of_the_alerting_sources_are_as_their_vendor_describes_them() {
    let Some(folder) = specs() else { return };
    let now = "2026-03-01T03:30:00Z".parse().unwrap();
    let back = "2026-02-28T03:30:00Z".parse().unwrap();
    let alerting = AlertmanagerConfig {
        filter: vec!["team=\"shop\"".to_owned()],
        receiver: Some("pager".to_owned()),
        ..AlertmanagerConfig::default()
    };
    let rules = PrometheusConfig { groups: vec!["shop".to_owned()], ..PrometheusConfig::default() };
    let asked = |requests: Vec<Request>, file: &str, prefix: &str| {
        let spec = Spec::new(read(&folder.join(file)));
        assert!(!requests.is_empty());
        let mut problems = Vec::new();
        for request in requests {
            let path = request.path.strip_prefix(prefix).unwrap();
            let Some(operation) = spec.operation(path, &request.method.name().to_lowercase()) else {
                problems.push(format!("{path}: no such path"));
                continue;
            };
            let query: Vec<_> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
            problems.extend(spec.check_query(operation, &query.join("&")));
        }
        told(&problems);
    };
    let round = alerting.round(&mut alertmanager::State::default(), now, Some(back));
    asked(round.into_iter().map(|ask| ask.request).collect(), "alertmanager/openapi-v2.json", "/api/v2");
    let round = rules.round(&mut prometheus::State::default(), now, Some(back));
    asked(round.into_iter().map(|ask| ask.request).collect(), "prometheus/api-v1.json", "/api/v1");
}
