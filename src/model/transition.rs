//! What happened between two things that a source said.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::alert::{Alert, AlertState, Silence};
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
    /// When the source was looked at last before it, if that it happened was not seen as it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// What its source tells of the silences of its alert.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<Arc<Silence>>,
}

impl Transition {
    /// What was seen as it happened, without silences.
    pub fn new(at: Timestamp, source: impl Into<RawText>, what: Happened) -> Self {
        Self { at, source: source.into(), what, after: None, silences: Vec::new() }
    }

    /// The time that the source itself tells: when the alert began to fire, when the run began or ended,
    /// from when the silence was.
    pub fn own(&self) -> Option<Timestamp> {
        match &self.what {
            Happened::Fired(alert) | Happened::Resolved(alert) => Some(alert.started),
            Happened::Silenced(_) | Happened::Unsilenced(_) => {
                self.silences.iter().map(|silence| silence.starts).max()
            }
            Happened::Acknowledged(alert) => alert.acknowledged.as_ref().map(|ack| ack.at),
            Happened::Began(run) => Some(run.began()),
            Happened::Ended(run) => run.finished,
            Happened::Blind(_) | Happened::Sees | Happened::Unwatched(_) => None,
        }
    }
}

/// How something was seen.
pub(super) struct Look<'a> {
    /// When.
    pub at: Timestamp,
    /// Since when nobody saw what its source tells.
    pub unseen_since: Option<Timestamp>,
    /// Whether that was in an earlier session.
    pub is_first: bool,
    /// The silences as they are told now, and as they were told before.
    pub silences: [&'a [Arc<Silence>]; 2],
}

impl Look<'_> {
    /// What happened, with its time as far as that is told, and its silences.
    pub(super) fn of(&self, source: &RawText, what: Happened) -> Transition {
        let silences = match &what {
            Happened::Fired(alert) | Happened::Silenced(alert) | Happened::Unsilenced(alert) => {
                let of_it =
                    |id: &RawText| self.silences.iter().find_map(|all| all.iter().find(|one| one.id == *id));
                alert.silenced_by.iter().filter_map(of_it).cloned().collect()
            }
            _ => Vec::new(),
        };
        let seen = Transition { silences, ..Transition::new(self.at, source.clone(), what) };
        let Some(since) = self.unseen_since else { return seen };
        let unseen = since..=self.at;
        let told = match &seen.what {
            Happened::Fired(alert) => self.is_first.then_some(alert.started),
            Happened::Began(run) => Some(run.began()),
            Happened::Ended(run) => run.finished,
            Happened::Resolved(alert) => alert.ended,
            Happened::Acknowledged(_) => seen.own(),
            Happened::Unsilenced(_) => {
                seen.silences.iter().map(|silence| silence.ends).max().filter(|ends| unseen.contains(ends))
            }
            Happened::Silenced(_) => {
                let starts = seen.silences.iter().map(|silence| silence.starts).max();
                starts.filter(|starts| unseen.contains(starts))
            }
            Happened::Blind(_) | Happened::Sees | Happened::Unwatched(_) => None,
        };
        let is_of_a_row = !matches!(
            seen.what,
            Happened::Fired(_) | Happened::Blind(_) | Happened::Sees | Happened::Unwatched(_)
        );
        let after = (told.is_none() && is_of_a_row).then_some(since);
        Transition { at: told.map_or(self.at, |told| told.max(since).min(self.at)), after, ..seen }
    }
}

/// What happened, with the row that it happened to: who reads it later has no other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happened {
    /// An alert began to fire.
    Fired(Arc<Alert>),
    /// An alert ended. It is told as it was before, with its end where the source tells that.
    Resolved(Arc<Alert>),
    /// An alert that fires is muted now.
    Silenced(Arc<Alert>),
    /// An alert that fires is muted no more. It is told as it was before.
    Unsilenced(Arc<Alert>),
    /// Somebody took an alert that fires, or somebody else did.
    Acknowledged(Arc<Alert>),
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
    /// What it happened to, with its id there, and which of the things that can happen to it.
    pub fn about(&self) -> Option<(&'static str, &[u8], u8)> {
        match self {
            Self::Fired(alert) => Some(("alert", alert.id.as_bytes(), 0)),
            Self::Resolved(alert) => Some(("alert", alert.id.as_bytes(), 1)),
            Self::Silenced(alert) => Some(("alert", alert.id.as_bytes(), 2)),
            Self::Unsilenced(alert) => Some(("alert", alert.id.as_bytes(), 3)),
            // Whatever is said of the alert besides, it is the same acknowledgement.
            Self::Acknowledged(alert) => Some(("acknowledgement", alert.id.as_bytes(), 0)),
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
    let sight = |one: &Transition, which| Sight { which, at: one.at, own: one.own() };
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
            let sight = Sight { which, at: one.at, own: one.own() };
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
    // Thousands may fire at once, and a key waits meanwhile: each is looked up, not searched.
    let old: HashMap<_, _> = before.iter().map(|alert| (&alert.id, alert)).collect();
    let mut still = HashSet::new();
    let mut ends: HashMap<_, Option<Timestamp>> = HashMap::new();
    for alert in after {
        if alert.state == AlertState::Resolved {
            // Of one that ended more than once, the last time counts.
            let ended = ends.entry(&alert.id).or_default();
            *ended = alert.ended.max(*ended);
            continue;
        }
        still.insert(&alert.id);
        let was = old.get(&alert.id).filter(|was| was.state == AlertState::Firing);
        if alert.state != AlertState::Firing {
            continue;
        }
        let taken = alert.acknowledged.is_some().then(|| Happened::Acknowledged(Arc::clone(alert)));
        let is_news = was.is_none_or(|was| was.acknowledged != alert.acknowledged);
        match was {
            None => happened.push(Happened::Fired(Arc::clone(alert))),
            Some(was) => match (was.silenced_by.is_empty(), alert.silenced_by.is_empty()) {
                (true, false) => happened.push(Happened::Silenced(Arc::clone(alert))),
                (false, true) => happened.push(Happened::Unsilenced(Arc::clone(was))),
                _ => {}
            },
        }
        happened.extend(taken.filter(|_| is_news));
    }
    for alert in before.iter().filter(|a| a.state == AlertState::Firing && !still.contains(&a.id)) {
        let mut alert = Arc::clone(alert);
        if let Some(ended) = ends.get(&alert.id).copied().flatten() {
            Arc::make_mut(&mut alert).ended = Some(ended);
        }
        happened.push(Happened::Resolved(alert));
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
