//! What Buildbot's REST API says, as far as it is read, and what it means here.
//!
//! API v2 as `spec/api.raml` and `process/results.py` of Buildbot 4.3 say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::model::run::{Job, Run, RunState, Step};
use crate::model::text::RawText;
use crate::source::json::Items;

/// Properties of a build that are asked for.
pub(super) const PROPERTIES: &[&str] = &[
    "branch",
    "revision",
    "got_revision",
    "owner",
    "owners",
    "reason",
    "project",
    "repository",
    "workername",
];

/// Any list that it sends: the member's name is that of what was asked for.
#[derive(Deserialize)]
pub(super) struct Page<'a> {
    #[serde(
        borrow,
        alias = "builders",
        alias = "builds",
        alias = "buildrequests",
        alias = "steps",
        alias = "changes",
        alias = "logs",
        alias = "logchunks"
    )]
    pub(super) items: Items<'a>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Builder {
    pub(super) builderid: u64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) tags: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Build {
    pub(super) buildid: u64,
    pub(super) number: u64,
    pub(super) builderid: u64,
    #[serde(default)]
    pub(super) buildrequestid: Option<u64>,
    pub(super) started_at: i64,
    #[serde(default)]
    pub(super) complete_at: Option<i64>,
    #[serde(default)]
    pub(super) complete: bool,
    #[serde(default)]
    results: Option<i64>,
    #[serde(default)]
    properties: Option<Properties>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct BuildRequest {
    pub(super) buildrequestid: u64,
    pub(super) builderid: u64,
    pub(super) submitted_at: i64,
    #[serde(default)]
    properties: Option<Properties>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct BuildStep {
    pub(super) stepid: u64,
    name: String,
    #[serde(default)]
    number: u64,
    #[serde(default)]
    started_at: Option<i64>,
    #[serde(default)]
    complete_at: Option<i64>,
    #[serde(default)]
    pub(super) complete: bool,
    #[serde(default)]
    results: Option<i64>,
    #[serde(default)]
    hidden: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Change {
    #[serde(default)]
    pub(super) revision: Option<String>,
    #[serde(default)]
    pub(super) comments: String,
}

/// What it tells by itself: `{"key": ["builds", "7", "new"], "message": {...}}`.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    key: (String, String, String),
    pub(super) message: Message,
}

/// What happened to something, as far as it says whose it is.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) builderid: Option<u64>,
    #[serde(default)]
    pub(super) buildid: Option<u64>,
}

impl Event {
    /// What sort of thing it is about, such as `builds`.
    pub(super) fn about(&self) -> &str {
        &self.key.0
    }

    /// What happened to it, such as `finished`.
    pub(super) fn happened(&self) -> &str {
        &self.key.2
    }
}

/// Values with where each comes from: `{"branch": ["main", "Build"]}`.
type Properties = BTreeMap<String, Vec<Value>>;

/// `RETRY`: the worker was lost, and the same request is built again.
const RETRY: i64 = 5;

/// How far something is, by its result code.
fn state(begun: bool, over: bool, results: Option<i64>) -> RunState {
    match results {
        _ if !begun => RunState::Queued,
        _ if !over => RunState::Running,
        // Warnings are a success that says more.
        Some(0 | 1) => RunState::Succeeded,
        Some(3) => RunState::Skipped,
        // A build that is tried again is no failure: the next attempt decides.
        Some(RETRY | 6) => RunState::Cancelled,
        // Failure and exception, and what is not known: a false alarm is better than none.
        _ => RunState::Failed,
    }
}

pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A property that says something. With several codebases a value is a table with one for each.
fn property(properties: Option<&Properties>, name: &str) -> Option<RawText> {
    fn text(value: &Value) -> Option<&str> {
        match value {
            Value::String(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            Value::Array(values) => values.iter().find_map(text),
            Value::Object(values) => values.values().find_map(text),
            _ => None,
        }
    }
    properties?.get(name)?.first().and_then(text).map(RawText::from)
}

fn service(properties: Option<&Properties>) -> Option<RawText> {
    property(properties, "repository").or_else(|| property(properties, "project"))
}

/// Who it is for, without the address: `Kim Moss <kim@shop.example>`.
fn person(properties: Option<&Properties>) -> Option<RawText> {
    let person = property(properties, "owner").or_else(|| property(properties, "owners"))?;
    let name = person.as_str().and_then(|text| text.split_once(" <")).map(|(name, _)| RawText::from(name));
    Some(name.filter(|name| !name.is_empty()).unwrap_or(person))
}

impl Build {
    pub(super) fn state(&self) -> RunState {
        state(true, self.complete, self.results)
    }

    /// Whether it is one of several attempts at one request, and not the last.
    pub(super) fn is_tried_again(&self) -> bool {
        self.complete && self.results == Some(RETRY)
    }

    pub(super) fn revision(&self) -> Option<RawText> {
        let properties = self.properties.as_ref();
        property(properties, "got_revision").or_else(|| property(properties, "revision"))
    }

    /// The run as it is known without its steps.
    pub(super) fn model(&self, builder: RawText, subject: Option<&RawText>, steps: &[BuildStep]) -> Run {
        let properties = self.properties.as_ref();
        let finished = self.complete_at.filter(|_| self.complete).map(time);
        let name = property(properties, "workername").unwrap_or_else(|| builder.clone());
        let started = Some(time(self.started_at));
        let job = || Job {
            id: self.buildid.to_string().into(),
            name,
            state: self.state(),
            may_fail: false,
            started,
            finished,
            steps: steps.iter().filter(|step| step.is_shown()).map(BuildStep::model).collect(),
        };
        Run {
            repo: None,
            id: self.id(),
            pipeline: builder,
            title: subject.cloned().or_else(|| property(properties, "reason")).unwrap_or_default(),
            number: Some(self.number),
            attempt: 1,
            state: self.state(),
            branch: property(properties, "branch"),
            revision: self.revision(),
            person: person(properties),
            service: service(properties),
            environment: None,
            link: None,
            created: time(self.started_at),
            started,
            finished,
            jobs: if steps.is_empty() { Vec::new() } else { vec![job()] },
        }
    }

    /// A request keeps its identity when its build begins. Of several attempts only the last has it:
    /// while that one waits for a worker, it is the request that is shown.
    pub(super) fn id(&self) -> RawText {
        match self.buildrequestid {
            Some(request) if !self.is_tried_again() => request_id(request),
            _ => format!("build {}", self.buildid).into(),
        }
    }
}

fn request_id(request: u64) -> RawText {
    format!("request {request}").into()
}

impl BuildRequest {
    pub(super) fn model(&self, builder: RawText) -> Run {
        let properties = self.properties.as_ref();
        Run {
            repo: None,
            id: request_id(self.buildrequestid),
            pipeline: builder,
            title: property(properties, "reason").unwrap_or_default(),
            number: None,
            attempt: 1,
            state: RunState::Queued,
            branch: property(properties, "branch"),
            revision: property(properties, "revision"),
            person: person(properties),
            service: service(properties),
            environment: None,
            link: None,
            created: time(self.submitted_at),
            started: None,
            finished: None,
            jobs: Vec::new(),
        }
    }
}

impl BuildStep {
    fn state(&self) -> RunState {
        state(self.started_at.is_some(), self.complete, self.results)
    }

    /// The master says which steps are not worth a look; one that failed is.
    fn is_shown(&self) -> bool {
        !self.hidden || self.state() == RunState::Failed
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    fn model(&self) -> Step {
        Step {
            id: self.stepid.to_string().into(),
            name: self.name.as_str().into(),
            state: self.state(),
            started: self.started_at.map(time),
            finished: self.complete_at.map(time),
        }
    }
}
