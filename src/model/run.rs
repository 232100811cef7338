//! Pipelines: runs, their jobs and their steps.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::text::RawText;

/// Sources keep runs for so long; of those that ended earlier nothing is known.
pub const KNOWN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How far a run, job or step is, in one vocabulary for all vendors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Accepted, not started.
    Queued,
    /// Held by a gate: an approval, a manual step, a window.
    Waiting,
    /// At work.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Stopped by somebody or by a newer run.
    Cancelled,
    /// Not run, by a condition.
    Skipped,
    /// The vendor says a word that this version does not know.
    Unknown,
}

impl RunState {
    /// Whether nothing more will happen to it. Of an unknown state only `finished` tells.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::Skipped)
    }

    /// Where it stands in a list by urgency; lower comes first.
    pub fn urgency(self) -> u8 {
        match self {
            Self::Failed => 0,
            Self::Waiting => 1,
            // It may be any of them: a person has to look.
            Self::Unknown => 2,
            Self::Running => 3,
            Self::Queued => 4,
            Self::Cancelled => 5,
            Self::Succeeded => 6,
            Self::Skipped => 7,
        }
    }

    /// The word shown for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
        }
    }
}

/// One execution of a pipeline. Each retry is its own attempt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Identity within its source; attempts of one run differ here.
    pub id: RawText,
    /// The pipeline's name.
    pub pipeline: RawText,
    /// What it is about: a commit subject, a release.
    #[serde(default)]
    pub title: RawText,
    /// The number that people say, if the vendor counts.
    #[serde(default)]
    pub number: Option<u64>,
    /// 1 for the first.
    #[serde(default = "first_attempt")]
    pub attempt: u32,
    /// How far it is.
    pub state: RunState,
    /// Branch or tag.
    #[serde(default)]
    pub branch: Option<RawText>,
    /// Commit or version.
    #[serde(default)]
    pub revision: Option<RawText>,
    /// Who started it.
    #[serde(default)]
    pub person: Option<RawText>,
    /// What it builds or deploys, as the vendor names it.
    #[serde(default)]
    pub service: Option<RawText>,
    /// The repository that it belongs to, as `owner/name`.
    #[serde(default)]
    pub repo: Option<RawText>,
    /// Where it deploys to, if it is a deployment.
    #[serde(default)]
    pub environment: Option<RawText>,
    /// Where a browser shows it.
    #[serde(default)]
    pub link: Option<RawText>,
    /// When it was accepted.
    pub created: Timestamp,
    /// When it began to work.
    #[serde(default)]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub finished: Option<Timestamp>,
    /// Its parts, in order.
    #[serde(default)]
    pub jobs: Vec<Job>,
}

fn first_attempt() -> u32 {
    1
}

impl Run {
    /// Whether it is over, also where nobody knows how it ended.
    pub fn has_ended(&self) -> bool {
        self.state.is_over() || (self.state == RunState::Unknown && self.finished.is_some())
    }

    /// What people call it: its pipeline, and its number or else its id.
    pub fn name(&self) -> RawText {
        let number = self.number.map(|number| format!(" #{number}"));
        let which = number.map_or_else(|| [b" ", self.id.as_bytes()].concat(), String::into_bytes);
        [self.pipeline.as_bytes(), &which].concat().into()
    }

    /// When it began, as far as is known.
    pub fn began(&self) -> Timestamp {
        self.started.unwrap_or(self.created)
    }

    /// How long it took, or has taken until `now`. Never negative.
    pub fn took(&self, now: Timestamp) -> SignedDuration {
        took(Some(self.began()), self.finished, now).unwrap_or(SignedDuration::ZERO)
    }

    /// The first part that failed, for "what went wrong": job and step indices.
    pub fn first_failure(&self) -> Option<(usize, Option<usize>)> {
        let failed = |job: &Job| job.state == RunState::Failed;
        let cause = self.jobs.iter().position(|job| failed(job) && !job.may_fail);
        let job = cause.or_else(|| self.jobs.iter().position(failed))?;
        let step = self.jobs.get(job)?.steps.iter().position(|step| step.state == RunState::Failed);
        Some((job, step))
    }
}

/// A part of a run that works on one machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Identity within its run.
    pub id: RawText,
    /// Its name.
    pub name: RawText,
    /// How far it is.
    pub state: RunState,
    /// Whether the run can end well although this does not.
    #[serde(default)]
    pub may_fail: bool,
    /// When it began.
    #[serde(default)]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub finished: Option<Timestamp>,
    /// Its parts, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
}

impl Job {
    /// How long it took, or has taken until `now`.
    pub fn took(&self, now: Timestamp) -> Option<SignedDuration> {
        took(self.started, self.finished, now)
    }
}

/// One command of a job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Identity within its job.
    pub id: RawText,
    /// Its name.
    pub name: RawText,
    /// How far it is.
    pub state: RunState,
    /// When it began.
    #[serde(default)]
    pub started: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub finished: Option<Timestamp>,
}

impl Step {
    /// How long it took, or has taken until `now`.
    pub fn took(&self, now: Timestamp) -> Option<SignedDuration> {
        took(self.started, self.finished, now)
    }
}

fn took(started: Option<Timestamp>, finished: Option<Timestamp>, now: Timestamp) -> Option<SignedDuration> {
    started.map(|from| finished.unwrap_or(now).duration_since(from).max(SignedDuration::ZERO))
}
