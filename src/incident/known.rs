//! What a hand-over tells besides the record: what fires, what is silenced, what was changed and what nobody
//! saw, by what was kept last and by what happened since.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::insight::fault::{self, Fault, Word};
use crate::model::alert::{Alert, AlertState, Silence};
use crate::model::catalog::{Catalog, Placed};
use crate::model::run::{Run, RunState};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::transition::{Happened, Transition};
use crate::model::world::{Remembered, SourceInfo};

/// Changes that are as old as this are told.
pub const CHANGES: SignedDuration = SignedDuration::from_hours(48);

/// A run that put something into an environment.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// The run.
    pub run: Arc<Run>,
    /// What it put where.
    pub placed: Placed,
}

/// A time in which something could not be seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blind {
    /// The source; none where nobody looked at all.
    pub source: Option<RawText>,
    /// From when.
    pub from: Timestamp,
    /// Until when, if it is over.
    pub until: Option<Timestamp>,
    /// Why.
    pub why: SafeText,
}

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Until when somebody looked; none where nothing is kept.
    pub seen: Option<Timestamp>,
    /// What fires.
    pub firing: Vec<Fault>,
    /// Silences in force, those that end first before the others.
    pub silences: Vec<Arc<Silence>>,
    /// The newest first.
    pub changes: Vec<Deployed>,
    /// The oldest first.
    pub blind: Vec<Blind>,
}

impl Known {
    /// By what was kept last, and by the history in any order. `watched` is until when somebody looked;
    /// what was blind is told from `from` on. `sources` are those that are configured.
    pub fn of<'s>(
        kept: Option<&Remembered>,
        mut history: Vec<Transition>,
        watched: Option<Timestamp>,
        (catalog, sources): (&Catalog, impl IntoIterator<Item = &'s SourceInfo>),
        from: Timestamp,
        now: Timestamp,
    ) -> Self {
        history.sort_by_key(|one| one.at);
        let looked: BTreeMap<&RawText, Timestamp> = kept
            .iter()
            .flat_map(|kept| kept.looked())
            .filter_map(|(source, at)| Some((source, at?)))
            .collect();
        let told = history.last().map(|last| last.at);
        Self {
            seen: looked.values().copied().chain(told).chain(watched).max(),
            firing: firing(kept, &history, &looked, sources),
            silences: silences(kept, now),
            changes: changes(kept, &history, catalog, now),
            blind: blind(&history, from, now),
        }
    }
}

/// What fires: as the sources said last, and what began and ended since.
fn firing<'s>(
    kept: Option<&Remembered>,
    history: &[Transition],
    looked: &BTreeMap<&RawText, Timestamp>,
    sources: impl IntoIterator<Item = &'s SourceInfo>,
) -> Vec<Fault> {
    let places: BTreeMap<&RawText, &RawText> =
        sources.into_iter().filter_map(|info| Some((&info.name, info.environment.as_ref()?))).collect();
    let mut alerts: BTreeMap<(&RawText, &RawText), Arc<Alert>> = BTreeMap::new();
    for (source, alert) in kept.iter().flat_map(|kept| kept.alerts()) {
        if alert.state == AlertState::Firing {
            alerts.insert((source, &alert.id), Arc::new(alert.clone()));
        }
    }
    let is_newer = |one: &&Transition| looked.get(&one.source).is_none_or(|looked| one.at > *looked);
    for Transition { source, what, .. } in history.iter().filter(is_newer) {
        match what {
            Happened::Fired(alert) | Happened::Silenced(alert) | Happened::Acknowledged(alert) => {
                alerts.insert((source, &alert.id), Arc::clone(alert));
            }
            Happened::Unsilenced(alert) => {
                // It is told as it was before.
                let silenced_by = Vec::new();
                alerts.insert((source, &alert.id), Arc::new(Alert { silenced_by, ..Alert::clone(alert) }));
            }
            Happened::Resolved(alert) => drop(alerts.remove(&(source, &alert.id))),
            _ => {}
        }
    }
    let words = alerts.into_iter().map(|((source, _), alert)| Word {
        source: source.clone(),
        environment: alert.environment().or_else(|| places.get(source).copied()).cloned(),
        is_live: true,
        alert,
    });
    let mut faults = fault::together(words).faults;
    faults.sort_by_key(|fault| {
        let alert = &fault.first.alert;
        (alert.severity, alert.onset(), alert.name.clone())
    });
    faults
}

fn silences(kept: Option<&Remembered>, now: Timestamp) -> Vec<Arc<Silence>> {
    let all = kept.iter().flat_map(|kept| kept.silences());
    let mut in_force: Vec<Arc<Silence>> = Vec::new();
    for silence in all.filter(|silence| silence.starts <= now && silence.ends > now) {
        // Peers of one cluster tell of the same.
        if !in_force.iter().any(|known| known.id == silence.id) {
            in_force.push(Arc::clone(silence));
        }
    }
    in_force.sort_by(|a, b| (a.ends, &a.id).cmp(&(b.ends, &b.id)));
    in_force
}

/// Deployments that have begun, each as it was told of last.
fn changes(
    kept: Option<&Remembered>,
    history: &[Transition],
    catalog: &Catalog,
    now: Timestamp,
) -> Vec<Deployed> {
    let mut runs: BTreeMap<(&RawText, &RawText), Arc<Run>> = BTreeMap::new();
    for Transition { source, what, .. } in history {
        if let Happened::Began(run) | Happened::Ended(run) = what {
            runs.insert((source, &run.id), Arc::clone(run));
        }
    }
    for (source, run) in kept.iter().flat_map(|kept| kept.runs()) {
        let newer = runs.get(&(source, &run.id)).is_some_and(|told| told.has_ended() && !run.has_ended());
        if !newer {
            runs.insert((source, &run.id), Arc::new(run.clone()));
        }
    }
    let mut found: Vec<Deployed> = runs
        .into_iter()
        .filter(|(_, run)| !matches!(run.state, RunState::Queued | RunState::Waiting | RunState::Skipped))
        .filter(|(_, run)| now.duration_since(run.began()) <= CHANGES)
        .map(|((source, _), run)| Deployed { placed: catalog.placed(source, &run), run })
        .filter(|deployed| deployed.placed.environment.is_some())
        .collect();
    found.sort_by_key(|deployed| std::cmp::Reverse(deployed.run.began()));
    found
}

/// When which source could not be seen, and when nobody looked.
fn blind(history: &[Transition], from: Timestamp, now: Timestamp) -> Vec<Blind> {
    let mut open: BTreeMap<&RawText, Blind> = BTreeMap::new();
    let mut all = Vec::new();
    for Transition { at, source, what, .. } in history {
        match what {
            Happened::Blind(failure) => {
                let blind = || Blind {
                    source: Some(source.clone()),
                    from: *at,
                    until: None,
                    why: clean(&failure.what),
                };
                open.entry(source).or_insert_with(blind);
            }
            Happened::Sees => {
                if let Some(blind) = open.remove(source) {
                    all.push(Blind { until: Some(*at), ..blind });
                }
            }
            Happened::Unwatched(since) => {
                let why = "no console and no collector looked".into();
                all.push(Blind { source: None, from: *since, until: Some(*at), why });
            }
            _ => {}
        }
    }
    all.extend(open.into_values());
    all.retain(|blind| blind.until.unwrap_or(now) >= from);
    all.sort_by_key(|blind| blind.from);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::health::{Failure, FailureKind};
    use crate::model::update::{Gives, News, Snapshot, Update};
    use crate::model::world::World;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    fn alert(id: &str) -> Arc<Alert> {
        Arc::new(Alert::new(id, id, at(0)))
    }

    fn told(minute: i64, source: &str, what: Happened) -> Transition {
        Transition::new(at(minute), source, what)
    }

    /// What one source said last, in minute 10.
    fn kept(alerts: &[&str], silences: Vec<Silence>) -> Remembered {
        let mut world = World::new([SourceInfo {
            name: "am".into(),
            kind: "alertmanager".into(),
            environment: None,
            interval: None,
            gives: &[Gives::Alerts],
            reads: Vec::new(),
            exposed: Vec::new(),
        }]);
        let snapshot = Snapshot {
            alerts: alerts.iter().map(|id| alert(id)).collect(),
            silences: silences.into_iter().map(Arc::new).collect(),
            ..Snapshot::default()
        };
        world.apply(&Update { source: "am".into(), at: at(10), news: News::Snapshot(snapshot.into()) });
        world.remember()
    }

    fn known(kept: Option<&Remembered>, history: Vec<Transition>) -> Known {
        Known::of(kept, history, None, (&Catalog::default(), []), at(0), at(100))
    }

    fn names(known: &Known) -> Vec<&str> {
        known.firing.iter().filter_map(|fault| fault.first.alert.name.as_str()).collect()
    }

    #[test]
    fn what_fires_is_what_was_said_last_and_what_happened_since() {
        let kept = kept(&["old", "gone"], Vec::new());
        let history = vec![
            told(30, "am", Happened::Resolved(alert("gone"))),
            // Before the last look: that has the last word.
            told(5, "am", Happened::Fired(alert("long ago"))),
            told(20, "am", Happened::Fired(alert("new"))),
            told(7, "other", Happened::Fired(alert("elsewhere"))),
        ];
        let known = known(Some(&kept), history);
        assert_eq!(names(&known), ["elsewhere", "new", "old"]);
        assert_eq!(known.seen, Some(at(30)));
        let nothing = self::known(None, Vec::new());
        assert_eq!((nothing.seen, names(&nothing)), (None, vec![]));
    }

    #[test]
    fn silences_in_force_are_told_in_the_order_of_their_ends() {
        let silence = |id: &str, from: i64, to: i64| Silence {
            id: id.into(),
            matchers: Vec::new(),
            starts: at(from),
            ends: at(to),
            person: "ada".into(),
            comment: "x".into(),
        };
        let all = vec![
            silence("b", 0, 300),
            silence("a", 0, 200),
            silence("over", 0, 99),
            silence("later", 101, 400),
        ];
        let known = known(Some(&kept(&[], all)), Vec::new());
        assert_eq!(known.silences.iter().map(|one| one.id.as_str().unwrap()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn deployments_are_told_once_as_they_ended_and_other_runs_are_not() {
        let run = |id: &str, began: i64, state: RunState, environment: Option<&str>| {
            let json = serde_json::json!({
                "id": id, "pipeline": "deploy", "state": state, "environment": environment,
                "created": at(began), "finished": state.is_over().then_some(at(began + 5)),
            });
            Arc::new(serde_json::from_value::<Run>(json).unwrap())
        };
        let history = vec![
            told(61, "ci", Happened::Ended(run("1", 50, RunState::Failed, Some("prod")))),
            told(50, "ci", Happened::Began(run("1", 50, RunState::Running, Some("prod")))),
            told(51, "ci", Happened::Began(run("2", 51, RunState::Running, None))),
            told(52, "ci", Happened::Began(run("3", 52, RunState::Running, Some("prod")))),
            told(0, "ci", Happened::Ended(run("4", -60 * 60, RunState::Succeeded, Some("prod")))),
        ];
        let known = known(None, history);
        let told: Vec<_> =
            known.changes.iter().map(|one| (one.run.id.as_str().unwrap(), one.run.state)).collect();
        assert_eq!(told, [("3", RunState::Running), ("1", RunState::Failed)]);
    }

    #[test]
    fn what_was_blind_has_its_begin_and_its_end_and_what_is_blind_still_has_none() {
        let failure = || Happened::Blind(Failure::new(FailureKind::Io, "no route"));
        let history = vec![
            told(-50, "am", failure()),
            told(-40, "am", Happened::Sees),
            told(-10, "ci", failure()),
            told(-5, "ci", failure()),
            told(5, "ci", Happened::Sees),
            told(20, "", Happened::Unwatched(at(10))),
            told(30, "am", failure()),
        ];
        let known = known(None, history);
        let told: Vec<_> = known.blind.iter().map(|one| (one.source.as_ref(), one.from, one.until)).collect();
        let (am, ci) = (RawText::from("am"), RawText::from("ci"));
        assert_eq!(
            told,
            [(Some(&ci), at(-10), Some(at(5))), (None, at(10), Some(at(20))), (Some(&am), at(30), None),]
        );
    }
}
