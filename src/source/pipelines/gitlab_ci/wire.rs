//! What GitLab sends, and how it is said in this program's words.

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::run::{Job, Run, RunState};
use crate::model::text::RawText;

/// A project of a group.
#[derive(Deserialize)]
pub(super) struct Project {
    pub(super) path_with_namespace: String,
}

/// A pipeline, as a list gives it or, with who and when, as it is given alone.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Pipeline {
    pub(super) id: u64,
    pub(super) status: String,
    #[serde(default)]
    sha: String,
    #[serde(default, rename = "ref")]
    reference: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    web_url: String,
    pub(super) created_at: Timestamp,
    #[serde(default)]
    pub(super) updated_at: Option<Timestamp>,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    finished_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    #[serde(default)]
    username: String,
}

/// A job of a pipeline, or a bridge: a job that starts another pipeline.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PipelineJob {
    pub(super) id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    stage: String,
    pub(super) status: String,
    #[serde(default)]
    allow_failure: bool,
    /// What a bridge has started.
    #[serde(default)]
    pub(super) downstream_pipeline: Option<Pipeline>,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    finished_at: Option<Timestamp>,
}

/// A deployment into an environment.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    status: String,
    #[serde(default)]
    sha: String,
    #[serde(default, rename = "ref")]
    reference: String,
    pub(super) created_at: Timestamp,
    #[serde(default)]
    updated_at: Option<Timestamp>,
    #[serde(default)]
    environment: Option<Environment>,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    deployable: Option<Deployable>,
}

#[derive(Clone, Debug, Deserialize)]
struct Environment {
    #[serde(default)]
    name: String,
}

/// The job that deploys.
#[derive(Clone, Debug, Deserialize)]
struct Deployable {
    #[serde(default)]
    name: String,
    #[serde(default)]
    web_url: String,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    finished_at: Option<Timestamp>,
    #[serde(default)]
    pipeline: Option<Of>,
}

#[derive(Clone, Debug, Deserialize)]
struct Of {
    id: u64,
}

/// The state that the status of a pipeline, job or deployment means.
pub(super) fn state(status: &str) -> RunState {
    match status {
        "created"
        | "waiting_for_resource"
        | "preparing"
        | "pending"
        | "waiting_for_callback"
        | "scheduled" => RunState::Queued,
        "running" | "canceling" => RunState::Running,
        // A deployment that somebody has to approve is blocked.
        "manual" | "blocked" => RunState::Waiting,
        "success" => RunState::Succeeded,
        "failed" => RunState::Failed,
        "canceled" => RunState::Cancelled,
        "skipped" => RunState::Skipped,
        _ => RunState::Unknown,
    }
}

fn text(text: &str) -> Option<RawText> {
    (!text.is_empty()).then(|| text.into())
}

fn person(user: Option<&User>) -> Option<RawText> {
    user.and_then(|user| text(&user.username))
}

/// A branch or tag; of a merge request its number.
fn branch(reference: &str) -> Option<RawText> {
    let request = reference.strip_prefix("refs/merge-requests/").and_then(|rest| rest.split('/').next());
    request.map_or_else(|| text(reference), |number| Some(format!("!{number}").into()))
}

impl Pipeline {
    /// Whether nothing happens to it unless somebody does something.
    pub(super) fn is_settled(&self) -> bool {
        !matches!(state(&self.status), RunState::Queued | RunState::Running)
    }

    /// Whether something may still come of it, after however long.
    pub(super) fn is_pending(&self) -> bool {
        !self.is_settled() || state(&self.status) == RunState::Waiting
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        state(&self.status).is_over()
    }

    /// Whether it ended badly.
    pub(super) fn has_failed(&self) -> bool {
        state(&self.status) == RunState::Failed
    }

    /// When something last happened to it.
    pub(super) fn changed(&self) -> Timestamp {
        self.updated_at.unwrap_or(self.created_at)
    }

    /// Whether another pipeline is of the same project, by their addresses: `.../-/pipelines/47`.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        let project =
            |pipeline: &Self| pipeline.web_url.rsplit_once('/').map(|(project, _)| project.to_owned());
        project(self).is_some_and(|here| project(other).is_some_and(|there| here == there))
    }

    /// Whether what only the pipeline alone tells is known.
    pub(super) fn has_facts(&self) -> bool {
        self.user.is_some() || self.started_at.is_some()
    }

    /// Takes what only the pipeline alone tells from what is known of it.
    pub(super) fn keep_from(&mut self, known: &Self) {
        self.user = self.user.take().or_else(|| known.user.clone());
        self.started_at = self.started_at.or(known.started_at);
        self.finished_at = self.finished_at.or(known.finished_at);
    }

    /// As this program says it.
    pub(super) fn model(&self, project: &RawText, environment: Option<RawText>, jobs: Vec<Job>) -> Run {
        let usual = if self.source == "schedule" { "schedule" } else { "pipeline" };
        Run {
            id: self.id.to_string().into(),
            pipeline: self.name.as_deref().and_then(text).unwrap_or_else(|| usual.into()),
            title: self.source.as_str().into(),
            number: Some(self.id),
            attempt: 1,
            state: state(&self.status),
            branch: branch(&self.reference),
            revision: text(&self.sha),
            person: person(self.user.as_ref()),
            service: None,
            repo: Some(project.clone()),
            environment,
            link: text(&self.web_url),
            created: self.created_at,
            started: self.started_at,
            finished: self.is_over().then(|| self.finished_at.unwrap_or(self.changed())),
            jobs,
        }
    }
}

impl PipelineJob {
    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        state(&self.status).is_over()
    }

    /// Its stage and name.
    pub(super) fn title(&self) -> String {
        if self.stage.is_empty() { self.name.clone() } else { format!("{} / {}", self.stage, self.name) }
    }

    /// As this program says it, with what goes before its name. GitLab knows no steps. `is_last`: it was
    /// not started anew; what came of it before that no longer counts.
    pub(super) fn model(&self, before: &str, is_last: bool) -> Job {
        let retried = if is_last { "" } else { " (retried)" };
        Job {
            id: self.id.to_string().into(),
            name: format!("{before}{}{retried}", self.title()).into(),
            state: state(&self.status),
            may_fail: self.allow_failure || !is_last,
            started: self.started_at,
            finished: self.finished_at,
            steps: Vec::new(),
        }
    }
}

impl Deployment {
    /// Where it goes.
    pub(super) fn environment(&self) -> &str {
        self.environment.as_ref().map_or("", |environment| &environment.name)
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        state(&self.status).is_over()
    }

    /// The pipeline that deploys.
    pub(super) fn pipeline(&self) -> Option<u64> {
        self.deployable.as_ref()?.pipeline.as_ref().map(|pipeline| pipeline.id)
    }

    /// As this program says it.
    pub(super) fn model(&self, project: &RawText) -> Run {
        let job = self.deployable.as_ref();
        let finished = job.and_then(|job| job.finished_at).or(self.updated_at).unwrap_or(self.created_at);
        Run {
            id: format!("deployment/{}", self.id).into(),
            pipeline: job.and_then(|job| text(&job.name)).unwrap_or_else(|| "deploy".into()),
            title: RawText::default(),
            number: None,
            attempt: 1,
            state: state(&self.status),
            branch: branch(&self.reference),
            revision: text(&self.sha),
            person: person(self.user.as_ref()),
            service: None,
            repo: Some(project.clone()),
            environment: text(self.environment()),
            link: job.and_then(|job| text(&job.web_url)),
            created: self.created_at,
            started: job.and_then(|job| job.started_at),
            finished: self.is_over().then_some(finished),
            jobs: Vec::new(),
        }
    }
}
