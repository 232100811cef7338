//! What happened between two things that a source said.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
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

/// Two consoles that look at one source see the same within this time.
const SAME: SignedDuration = SignedDuration::from_mins(2);

impl Happened {
    /// When it happened, as far as that is told, of something that was seen at `now` and not yet at
    /// `before`.
    pub(super) fn at(&self, before: Timestamp, now: Timestamp) -> Timestamp {
        let told = match self {
            Self::Fired(alert) => Some(alert.started),
            Self::Began(run) => Some(run.began()),
            Self::Ended(run) => run.finished,
            Self::Resolved(_) | Self::Silenced(_) | Self::Blind(_) | Self::Sees | Self::Unwatched(_) => None,
        };
        told.map_or(now, |told| told.max(before).min(now))
    }

    /// The time that the source itself tells: when the alert began to fire, when the run began or ended.
    fn own(&self) -> Option<Timestamp> {
        match self {
            Self::Fired(alert) | Self::Resolved(alert) => Some(alert.started),
            Self::Began(run) => Some(run.began()),
            Self::Ended(run) => run.finished,
            Self::Silenced(_) | Self::Blind(_) | Self::Sees | Self::Unwatched(_) => None,
        }
    }

    /// What it happened to, and which of the things that can happen to it.
    fn about(&self) -> Option<(&'static str, &[u8], u8)> {
        match self {
            Self::Fired(alert) => Some(("alert", alert.id.as_bytes(), 0)),
            Self::Resolved(alert) => Some(("alert", alert.id.as_bytes(), 1)),
            Self::Silenced(alert) => Some(("alert", alert.id.as_bytes(), 2)),
            Self::Began(run) => Some(("run", run.id.as_bytes(), 0)),
            Self::Ended(run) => Some(("run", run.id.as_bytes(), 1)),
            Self::Blind(_) => Some(("source", b"", 0)),
            Self::Sees => Some(("source", b"", 1)),
            Self::Unwatched(_) => None,
        }
    }
}

/// What several processes saw of one thing, one of them later than the others.
#[derive(PartialEq)]
struct Sight {
    which: u8,
    at: Timestamp,
    /// The time of the thing itself.
    own: Option<Timestamp>,
}

impl Sight {
    fn is_of(&self, other: &Self) -> bool {
        self.which == other.which
            && (self.at.duration_since(other.at) <= SAME || (self.own.is_some() && self.own == other.own))
    }
}

/// Whether the last that was told of that alert, run or source is this very thing.
pub(super) fn is_known<'a>(
    mut told: impl DoubleEndedIterator<Item = &'a Transition>,
    one: &Transition,
) -> bool {
    let Some((what, id, which)) = one.what.about() else { return false };
    let is_of_it = |before: &&Transition| {
        before.source == one.source
            && before.what.about().is_some_and(|(kind, other, _)| (kind, other) == (what, id))
    };
    let sight = |one: &Transition, which| Sight { which, at: one.at, own: one.what.own() };
    told.rfind(is_of_it).is_some_and(|before| {
        let before_which = before.what.about().map_or(which, |(_, _, which)| which);
        sight(one, which).is_of(&sight(before, before_which))
    })
}

/// Puts in order what several processes saw, each thing once.
pub(super) fn merge(mut all: Vec<Transition>) -> Vec<Transition> {
    all.sort_by_key(|one| one.at);
    let mut last: HashMap<(RawText, &str, RawText), Sight> = HashMap::new();
    let mut merged = Vec::with_capacity(all.len());
    for one in all {
        let known = one.what.about().is_some_and(|(what, id, which)| {
            let key = (one.source.clone(), what, RawText::from_bytes(id));
            let sight = Sight { which, at: one.at, own: one.what.own() };
            let is_known = last.get(&key).is_some_and(|before| sight.is_of(before));
            last.insert(key, sight);
            is_known
        });
        if !known {
            merged.push(one);
        }
    }
    merged
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
