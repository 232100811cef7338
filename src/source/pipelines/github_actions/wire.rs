//! What GitHub sends, and how it is said in this program's words.

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::run::{Job, Run, RunState, Step};
use crate::model::text::RawText;
use crate::source::json::Items;

/// One page of runs.
#[derive(Deserialize)]
pub(super) struct Runs<'a> {
    #[serde(borrow)]
    pub(super) workflow_runs: Items<'a>,
}

/// One page of the jobs of a run.
#[derive(Deserialize)]
pub(super) struct Jobs<'a> {
    #[serde(borrow)]
    pub(super) jobs: Items<'a>,
}

/// One attempt of a run.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WorkflowRun {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) path: String,
    #[serde(default)]
    pub(super) display_title: String,
    #[serde(default)]
    pub(super) run_number: Option<u64>,
    #[serde(default = "first")]
    pub(super) run_attempt: u32,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) conclusion: Option<String>,
    #[serde(default)]
    pub(super) head_branch: Option<String>,
    #[serde(default)]
    pub(super) head_sha: String,
    #[serde(default)]
    pub(super) html_url: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// Of this attempt.
    #[serde(default)]
    pub(super) run_started_at: Option<Timestamp>,
    #[serde(default)]
    actor: Option<User>,
    #[serde(default)]
    triggering_actor: Option<User>,
    pub(super) workflow_id: u64,
}

fn first() -> u32 {
    1
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub(super) login: String,
}

/// One job of an attempt.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WorkflowJob {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) conclusion: Option<String>,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    completed_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) steps: Vec<WorkflowStep>,
}

/// One step of a job.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct WorkflowStep {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default)]
    pub(super) started_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) completed_at: Option<Timestamp>,
}

/// An environment that a run waits to get into.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct PendingDeployment {
    pub(super) environment: PendingEnvironment,
    /// Minutes.
    #[serde(default)]
    wait_timer: u64,
    #[serde(default)]
    wait_timer_started_at: Option<Timestamp>,
    #[serde(default)]
    current_user_can_approve: bool,
    #[serde(default)]
    reviewers: Vec<Reviewer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct PendingEnvironment {
    #[serde(default)]
    id: u64,
    #[serde(default)]
    pub(super) name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Reviewer {
    #[serde(default)]
    reviewer: Option<Somebody>,
}

/// A user has a login, a team a name.
#[derive(Clone, Debug, Deserialize)]
struct Somebody {
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// A deployment; how far it is stands in its statuses.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    #[serde(default)]
    sha: String,
    #[serde(default, rename = "ref")]
    reference: String,
    #[serde(default)]
    task: String,
    #[serde(default)]
    pub(super) environment: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    creator: Option<User>,
    /// Made for one branch, and gone with it.
    #[serde(default)]
    pub(super) transient_environment: bool,
    pub(super) created_at: Timestamp,
}

/// How far a deployment is.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct DeploymentStatus {
    pub(super) id: u64,
    pub(super) state: String,
    #[serde(default)]
    target_url: Option<String>,
    #[serde(default)]
    log_url: Option<String>,
    pub(super) created_at: Timestamp,
}

/// The state that a status and, once it is `completed`, a conclusion mean.
pub(super) fn state(status: Option<&str>, conclusion: Option<&str>) -> RunState {
    match (status.unwrap_or_default(), conclusion.unwrap_or_default()) {
        ("queued" | "requested" | "pending", _) => RunState::Queued,
        ("in_progress", _) => RunState::Running,
        // Not approved yet: the pull request of somebody new.
        ("waiting", _) | ("completed", "action_required") => RunState::Waiting,
        ("completed", "success" | "neutral") => RunState::Succeeded,
        ("completed", "failure" | "timed_out" | "startup_failure") => RunState::Failed,
        ("completed", "cancelled") => RunState::Cancelled,
        ("completed", "skipped" | "stale") => RunState::Skipped,
        _ => RunState::Unknown,
    }
}

/// The state that the newest status of a deployment means.
fn deployed(state: &str) -> RunState {
    match state {
        "queued" | "pending" => RunState::Queued,
        "waiting" => RunState::Waiting,
        "in_progress" => RunState::Running,
        // Inactive: it was there until another one came.
        "success" | "inactive" => RunState::Succeeded,
        "failure" | "error" => RunState::Failed,
        _ => RunState::Unknown,
    }
}

fn text(text: &str) -> Option<RawText> {
    (!text.is_empty()).then(|| text.into())
}

impl WorkflowRun {
    /// Whether GitHub has done with it, whatever came out.
    pub(super) fn is_completed(&self) -> bool {
        self.status.as_deref() == Some("completed")
    }

    /// Whether it ended badly.
    pub(super) fn has_failed(&self) -> bool {
        self.state() == RunState::Failed
    }

    fn state(&self) -> RunState {
        state(self.status.as_deref(), self.conclusion.as_deref())
    }

    /// When it began.
    pub(super) fn began(&self) -> Timestamp {
        self.run_started_at.unwrap_or(self.created_at)
    }

    /// What people call it: `CI #1042`.
    pub(super) fn title(&self) -> RawText {
        let number = self.run_number.map(|number| format!(" #{number}")).unwrap_or_default();
        format!("{}{number}", self.pipeline()).into()
    }

    fn pipeline(&self) -> &str {
        self.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.path)
    }

    /// The identity of an attempt.
    pub(super) fn name_of(id: u64, attempt: u32) -> RawText {
        format!("{id}/{attempt}").into()
    }

    /// As this program says it.
    pub(super) fn model(&self, repo: &RawText, environment: Option<RawText>, jobs: Vec<Job>) -> Run {
        let person = self.triggering_actor.as_ref().or(self.actor.as_ref());
        Run {
            id: Self::name_of(self.id, self.run_attempt),
            pipeline: self.pipeline().into(),
            title: self.display_title.as_str().into(),
            number: self.run_number,
            attempt: self.run_attempt,
            state: self.state(),
            branch: self.head_branch.as_deref().and_then(text),
            revision: text(&self.head_sha),
            person: person.map(|user| user.login.as_str().into()),
            service: None,
            repo: Some(repo.clone()),
            environment,
            link: text(&self.html_url),
            created: self.created_at,
            started: self.run_started_at,
            // There is no time of the end; nothing happens to a run after it.
            finished: self.is_completed().then_some(self.updated_at),
            jobs,
        }
    }
}

impl WorkflowJob {
    /// Whether GitHub has done with it.
    pub(super) fn is_completed(&self) -> bool {
        self.status.as_deref() == Some("completed")
    }

    /// As this program says it.
    pub(super) fn model(&self) -> Job {
        let state = state(self.status.as_deref(), self.conclusion.as_deref());
        // GitHub gives a job that has not begun the time at which it was made.
        let has_begun = !matches!(state, RunState::Queued | RunState::Skipped | RunState::Waiting);
        Job {
            id: self.id.to_string().into(),
            name: self.name.as_str().into(),
            state,
            may_fail: false,
            started: self.started_at.filter(|_| has_begun),
            finished: self.completed_at.filter(|_| has_begun),
            steps: self.steps.iter().map(WorkflowStep::model).collect(),
        }
    }
}

impl WorkflowStep {
    /// As this program says it.
    pub(super) fn model(&self) -> Step {
        Step {
            id: self.number.to_string().into(),
            name: self.name.as_str().into(),
            state: state(self.status.as_deref(), self.conclusion.as_deref()),
            started: self.started_at,
            finished: self.completed_at,
        }
    }

    /// Whether it did anything.
    pub(super) fn has_run(&self) -> bool {
        self.started_at.is_some() && self.conclusion.as_deref() != Some("skipped")
    }
}

impl PendingDeployment {
    /// As a job that waits: who may let it through.
    pub(super) fn model(&self) -> Job {
        let somebody = |who: &Reviewer| {
            let Somebody { login, name } = who.reviewer.as_ref()?;
            login.clone().or_else(|| name.clone())
        };
        let mut who: Vec<String> = self.reviewers.iter().filter_map(somebody).collect();
        if self.wait_timer > 0 {
            who.push(format!("{} min", self.wait_timer));
        }
        let you = if self.current_user_can_approve { ", and you may approve" } else { "" };
        let waits = match who.as_slice() {
            [] => "waits".to_owned(),
            who => format!("waits for {}", who.join(", ")),
        };
        Job {
            id: format!("gate/{}", self.environment.id).into(),
            name: format!("gate of {}: {waits}{you}", self.environment.name).into(),
            state: RunState::Waiting,
            may_fail: false,
            started: self.wait_timer_started_at,
            finished: None,
            steps: Vec::new(),
        }
    }
}

impl DeploymentStatus {
    /// Whether nothing more is to be expected.
    pub(super) fn is_last(&self) -> bool {
        deployed(&self.state).is_over()
    }

    /// The run that deploys, where a workflow does it: `.../actions/runs/123/job/456`.
    pub(super) fn run(&self) -> Option<u64> {
        [&self.log_url, &self.target_url].into_iter().flatten().find_map(|link| {
            let (_, after) = link.split_once("/actions/runs/")?;
            after.split(['/', '?', '#']).next()?.parse().ok()
        })
    }
}

impl Deployment {
    /// As this program says it.
    pub(super) fn model(&self, repo: &RawText, status: Option<&DeploymentStatus>) -> Run {
        // Without a status yet it is pending.
        let state = status.map_or(RunState::Queued, |status| deployed(&status.state));
        let link = status.and_then(|status| {
            [&status.log_url, &status.target_url].into_iter().flatten().find_map(|link| text(link))
        });
        let task = if self.task.is_empty() { "deploy" } else { &self.task };
        Run {
            id: format!("deployment/{}", self.id).into(),
            pipeline: task.into(),
            title: self.description.as_deref().unwrap_or_default().into(),
            number: None,
            attempt: 1,
            state,
            branch: text(&self.reference).filter(|_| self.reference != self.sha),
            revision: text(&self.sha),
            person: self.creator.as_ref().map(|user| user.login.as_str().into()),
            service: None,
            repo: Some(repo.clone()),
            environment: text(&self.environment),
            link,
            created: self.created_at,
            started: None,
            finished: status.filter(|status| status.is_last()).map(|status| status.created_at),
            jobs: Vec::new(),
        }
    }
}
