//! What a source says: a whole state, that it lives, that it failed, or a detail asked for.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::alert::{Alert, Group, Silence};
use crate::model::graph::Graph;
use crate::model::health::Failure;
use crate::model::run::{Job, Run};
use crate::model::text::RawText;

/// One message of one source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The source's name in the configuration.
    pub source: RawText,
    /// When the source learned it.
    pub at: Timestamp,
    /// What it says.
    pub news: News,
}

/// What an update says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum News {
    /// Everything that the source sees now; replaces what it said before.
    Snapshot(Arc<Snapshot>),
    /// The source works; these parts of it do not.
    Alive {
        /// Parts that fail while the rest works.
        #[serde(default)]
        troubles: Vec<Failure>,
    },
    /// All has come: what the source read has ended.
    Ended,
    /// The source does not work. What it said before is kept and shown with the reason.
    Failed(Failure),
    /// The source's task ended by a fault of ours and is started again.
    Crashed,
    /// The answer to [`DetailKey`].
    Detail(DetailKey, Result<Detail, Failure>),
}

/// The whole state of a source.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Runs, newest first.
    #[serde(default)]
    pub runs: Vec<Arc<Run>>,
    /// Alerts that pend or fire.
    #[serde(default)]
    pub alerts: Vec<Arc<Alert>>,
    /// Silences in force.
    #[serde(default)]
    pub silences: Vec<Arc<Silence>>,
    /// When it is looked at again, if not after the interval that was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<SignedDuration>,
    /// In which versions its server speaks, such as `HTTP/2 over TLS 1.3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spoken: Option<RawText>,
}

impl Snapshot {
    /// Moves all times of a server whose clock is `ahead` of this machine's to this machine's.
    pub fn correct(&mut self, ahead: SignedDuration) {
        let right = |time: &mut Timestamp| *time = time.checked_sub(ahead).unwrap_or(*time);
        let maybe = |time: &mut Option<Timestamp>| time.iter_mut().for_each(right);
        for run in &mut self.runs {
            let run = Arc::make_mut(run);
            right(&mut run.created);
            maybe(&mut run.started);
            maybe(&mut run.finished);
            for job in &mut run.jobs {
                maybe(&mut job.started);
                maybe(&mut job.finished);
                for step in &mut job.steps {
                    maybe(&mut step.started);
                    maybe(&mut step.finished);
                }
            }
        }
        for alert in &mut self.alerts {
            let alert = Arc::make_mut(alert);
            right(&mut alert.started);
            maybe(&mut alert.ended);
            maybe(&mut alert.ended_after);
            alert.acknowledged.iter_mut().for_each(|ack| right(&mut ack.at));
        }
        for silence in &mut self.silences {
            let silence = Arc::make_mut(silence);
            right(&mut silence.starts);
            right(&mut silence.ends);
        }
    }
}

/// Names a detail that is fetched only when somebody looks at it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetailKey {
    /// The jobs of a run that came without them.
    Jobs {
        /// The run's id.
        run: RawText,
    },
    /// The log of one step.
    StepLog {
        /// The run's id.
        run: RawText,
        /// The job's id.
        job: RawText,
        /// The step's id.
        step: RawText,
    },
    /// The log of a whole job.
    JobLog {
        /// The run's id.
        run: RawText,
        /// The job's id.
        job: RawText,
    },
    /// With which others people are told of an alert.
    Groups {
        /// The alert's id.
        alert: RawText,
    },
    /// What a query of metrics says over a time.
    Graph {
        /// The query, in the source's own language.
        query: RawText,
        /// From when.
        from: Timestamp,
        /// Until when.
        to: Timestamp,
    },
}

impl DetailKey {
    /// The ids of the run, the job and, if it is only of one, the step whose log this names.
    pub fn log(&self) -> Option<(&RawText, &RawText, Option<&RawText>)> {
        match self {
            Self::StepLog { run, job, step } => Some((run, job, Some(step))),
            Self::JobLog { run, job } => Some((run, job, None)),
            Self::Jobs { .. } | Self::Groups { .. } | Self::Graph { .. } => None,
        }
    }

    /// Whether an answer to the one takes the place of an answer to the other: the same thing, or the
    /// same query over as long a time.
    pub fn replaces(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Graph { query, from, to },
                Self::Graph { query: other, from: other_from, to: other_to },
            ) => query == other && to.duration_since(*from) == other_to.duration_since(*other_from),
            _ => self == other,
        }
    }
}

/// A detail that was fetched.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detail {
    /// The jobs of a run.
    Jobs(Vec<Job>),
    /// Lines of a log, oldest first.
    Log(Arc<[RawText]>),
    /// The groups of an alert, one for each receiver that is told.
    Groups(Arc<[Group]>),
    /// Numbers over time.
    Graph(Arc<Graph>),
}

/// What a source gives, declared once when it is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gives {
    /// Runs of pipelines.
    Runs,
    /// Alerts and silences.
    Alerts,
    /// Log lines.
    Logs,
    /// Graphs of metrics, when they are asked for.
    Metrics,
}
