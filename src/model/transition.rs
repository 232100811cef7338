//! What happened between two things that a source said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::alert::{Alert, AlertState};
use crate::model::health::Failure;
use crate::model::run::Run;
use crate::model::text::RawText;

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Transition {
    /// When it was seen.
    pub at: Timestamp,
    /// Which source said it; empty where it is about the console.
    pub source: RawText,
    /// What happened.
    pub what: Happened,
}

/// What happened, with the row that it happened to: who reads it later has no other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happened {
    /// An alert began to fire.
    Fired(Arc<Alert>),
    /// An alert ended. It is told as it was before.
    Resolved(Arc<Alert>),
    /// An alert that fires is muted now.
    Silenced(Arc<Alert>),
    /// A run appeared or began.
    Began(Arc<Run>),
    /// A run ended.
    Ended(Arc<Run>),
    /// The source went blind.
    Blind(Failure),
    /// The source sees again.
    Sees,
    /// No console and no collector looked since then.
    Unwatched(Timestamp),
}

/// What happened to the alerts of a source.
pub(super) fn of_alerts(before: &[Arc<Alert>], after: &[Arc<Alert>], happened: &mut Vec<Happened>) {
    let old: BTreeMap<_, _> = before.iter().map(|alert| (&alert.id, alert)).collect();
    let mut still = BTreeSet::new();
    for alert in after.iter().filter(|alert| alert.state != AlertState::Resolved) {
        still.insert(&alert.id);
        let was = old.get(&alert.id);
        if alert.state == AlertState::Firing && was.is_none_or(|was| was.state != AlertState::Firing) {
            happened.push(Happened::Fired(Arc::clone(alert)));
        }
        if was.is_some_and(|was| was.is_loud()) && !alert.silenced_by.is_empty() {
            happened.push(Happened::Silenced(Arc::clone(alert)));
        }
    }
    for alert in before.iter().filter(|a| a.state == AlertState::Firing && !still.contains(&a.id)) {
        happened.push(Happened::Resolved(Arc::clone(alert)));
    }
}

/// What happened to the runs of a source.
pub(super) fn of_runs(before: &[Arc<Run>], after: &[Arc<Run>], happened: &mut Vec<Happened>) {
    let old: BTreeMap<_, _> = before.iter().map(|run| (&run.id, run.has_ended())).collect();
    for run in after {
        let was = old.get(&run.id).copied();
        if run.has_ended() {
            // A run that came and went between two looks has only its end to tell.
            if was.is_none_or(|over| !over) {
                happened.push(Happened::Ended(Arc::clone(run)));
            }
        } else if was.is_none_or(|over| over) {
            happened.push(Happened::Began(Arc::clone(run)));
        }
    }
}
