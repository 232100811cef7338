//! Everything that the sources have said, and what changed when they said it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::alert::{Alert, AlertState, Silence};
use crate::model::health::{Condition, Failure, Health};
use crate::model::run::Run;
use crate::model::text::RawText;
use crate::model::transition::{self, Happened, Look, Transition};
use crate::model::update::{Detail, DetailKey, Gives, News, Update};

/// Transitions kept for the notes pane; older ones are forgotten.
const HISTORY: usize = 1000;
/// Ended alerts kept on screen; older ones are forgotten.
pub const RESOLVED: usize = 100;
/// Ended alerts stay in sight for this long.
const RESOLVED_FOR: SignedDuration = SignedDuration::from_mins(30);
/// Step logs, graphs and other details kept; the one fetched longest ago goes first.
const DETAILS: usize = 32;

/// What is known of a source before it says anything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceInfo {
    /// Its name in the configuration.
    pub name: RawText,
    /// Its kind; of a recorded source, what the recording says.
    pub kind: RawText,
    /// The environment it belongs to.
    pub environment: Option<RawText>,
    /// How often it should answer; `None` for a stream.
    pub interval: Option<SignedDuration>,
    /// What it gives.
    pub gives: &'static [Gives],
    /// What it reads, a line each: patterns, a program and its words, addresses. Never a secret.
    pub reads: Vec<RawText>,
    /// What others on the way could do, because the configuration allows it.
    pub exposed: Vec<RawText>,
}

/// A source and what it last said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// What was declared about it.
    pub info: SourceInfo,
    /// What is stored about its condition.
    pub condition: Condition,
    /// Its runs.
    pub runs: Vec<Arc<Run>>,
    /// Its alerts.
    pub alerts: Vec<Arc<Alert>>,
    /// Its silences.
    pub silences: Vec<Arc<Silence>>,
}

impl Source {
    /// Whether it can be believed at `now`.
    pub fn health(&self, now: Timestamp) -> Health {
        self.condition.health(self.info.interval, now)
    }

    /// How often it is looked at now; `None` for a stream.
    pub fn every(&self) -> Option<SignedDuration> {
        self.condition.every.or(self.info.interval)
    }
}

/// What each source said last; kept over a restart.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Remembered {
    sources: BTreeMap<RawText, RememberedSource>,
    #[serde(default)]
    resolved: VecDeque<(RawText, Arc<Alert>)>,
}

impl Remembered {
    /// The runs, each with its source.
    pub fn runs(&self) -> impl Iterator<Item = (&RawText, &Run)> {
        let sources = self.sources.iter();
        sources.flat_map(|(name, source)| source.runs.iter().map(move |run| (name, &**run)))
    }

    /// The alerts, also those that have ended, each with its source.
    pub fn alerts(&self) -> impl Iterator<Item = (&RawText, &Alert)> {
        let current = self.sources.iter();
        let current =
            current.flat_map(|(name, source)| source.alerts.iter().map(move |alert| (name, &**alert)));
        current.chain(self.resolved.iter().map(|(name, alert)| (name, &**alert)))
    }

    /// The silences of all sources.
    pub fn silences(&self) -> impl Iterator<Item = &Arc<Silence>> {
        self.sources.values().flat_map(|source| &source.silences)
    }

    /// When each source was seen last.
    pub fn looked(&self) -> impl Iterator<Item = (&RawText, Option<Timestamp>)> {
        self.sources.iter().map(|(name, source)| (name, source.last_ok))
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct RememberedSource {
    last_ok: Option<Timestamp>,
    runs: Vec<Arc<Run>>,
    alerts: Vec<Arc<Alert>>,
    silences: Vec<Arc<Silence>>,
}

/// Everything that the sources have said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct World {
    sources: BTreeMap<RawText, Source>,
    resolved: VecDeque<(RawText, Arc<Alert>)>,
    history: VecDeque<Transition>,
    /// How many transitions there have been.
    happened: usize,
    details: VecDeque<(RawText, DetailKey, Result<Detail, Failure>)>,
    /// Counts what was taken in.
    revision: u64,
}

impl World {
    /// A world of sources that have said nothing yet.
    pub fn new(sources: impl IntoIterator<Item = SourceInfo>) -> Self {
        let empty = |info: SourceInfo| Source {
            info,
            condition: Condition::default(),
            runs: Vec::new(),
            alerts: Vec::new(),
            silences: Vec::new(),
        };
        let sources = sources.into_iter().map(|info| (info.name.clone(), empty(info))).collect();
        Self { sources, ..Self::default() }
    }

    /// Takes what one source says; returns what happened by it. A source that is not configured
    /// (an old recording) is ignored.
    pub fn apply(&mut self, update: &Update) -> Vec<Transition> {
        let Some(source) = self.sources.get_mut(&update.source) else { return Vec::new() };
        self.revision += 1;
        let mut happened = Vec::new();
        let is_first = source.condition.recalled;
        let comes_in = is_first || source.condition.last_ok.is_none();
        let unseen_since = source.condition.last_ok.filter(|_| !source.health(update.at).is_live());
        let mut silences = Vec::new();
        match &update.news {
            News::Snapshot(snapshot) => {
                // The first snapshot after a start is where we come in: it is not news.
                if source.condition.last_ok.is_some() {
                    transition::of_alerts(&source.alerts, &snapshot.alerts, &mut happened);
                    transition::of_runs(&source.runs, &snapshot.runs, &mut happened);
                }
                for what in &happened {
                    if let Happened::Resolved(gone) = what {
                        let (ended, after) = match gone.ended {
                            Some(ended) => (ended, None),
                            None => (update.at, unseen_since),
                        };
                        self.resolved.push_front((update.source.clone(), Arc::new(over(gone, ended, after))));
                    }
                }
                for ended in snapshot.alerts.iter().filter(|alert| alert.state == AlertState::Resolved) {
                    // The end that was seen and the end that the source tells of are seldom the same second.
                    let is_known = |(name, known): &(RawText, Arc<Alert>)| {
                        *name == update.source && known.id == ended.id && known.ended >= Some(ended.started)
                    };
                    if !self.resolved.iter().any(is_known) {
                        self.resolved.push_front((update.source.clone(), Arc::clone(ended)));
                    }
                }
                self.resolved.make_contiguous().sort_by_key(|(_, alert)| std::cmp::Reverse(alert.ended));
                let lasts = snapshot.alerts.iter().filter(|alert| alert.state != AlertState::Resolved);
                let lasts: HashSet<_> = lasts.map(|alert| &alert.id).collect();
                self.resolved.retain(|(name, alert)| *name != update.source || !lasts.contains(&alert.id));
                self.resolved.truncate(RESOLVED);
                source.runs.clone_from(&snapshot.runs);
                source.alerts =
                    snapshot.alerts.iter().filter(|a| a.state != AlertState::Resolved).cloned().collect();
                silences = std::mem::replace(&mut source.silences, snapshot.silences.clone());
                source.condition.every = snapshot.every;
                source.condition.spoken.clone_from(&snapshot.spoken);
                worked(&mut source.condition, update.at, &mut happened);
            }
            News::Alive { troubles } => {
                worked(&mut source.condition, update.at, &mut happened);
                source.condition.troubles.clone_from(troubles);
            }
            News::Ended => {
                worked(&mut source.condition, update.at, &mut happened);
                source.condition.ended = true;
            }
            News::Failed(failure) => {
                if source.condition.failing.is_none() {
                    happened.push(Happened::Blind(failure.clone()));
                }
                let since = source.condition.failing.take().map_or(update.at, |(_, since)| since);
                source.condition.failing = Some((failure.clone(), since));
                source.condition.crashed = false;
            }
            News::Crashed => {
                source.condition.crashes += 1;
                source.condition.crashed = true;
            }
            News::Detail(key, detail) => {
                if let (DetailKey::Jobs { run: id }, Ok(Detail::Jobs(jobs))) = (key, detail) {
                    let mut runs = source.runs.iter_mut();
                    if let Some(run) = runs.find(|run| run.id == *id && run.jobs.is_empty()) {
                        Arc::make_mut(run).jobs.clone_from(jobs);
                    }
                }
                self.details.retain(|(name, known, _)| !(name == &update.source && key.replaces(known)));
                self.details.push_back((update.source.clone(), key.clone(), detail.clone()));
                if self.details.len() > DETAILS {
                    self.details.pop_front();
                }
            }
        }
        let silences = [&source.silences[..], &silences[..]];
        let look = Look { at: update.at, unseen_since, is_first, silences };
        let happened = happened.into_iter().map(|what| look.of(&update.source, what));
        let mut transitions: Vec<_> = happened.collect();
        if unseen_since.is_some() {
            // Another session may have seen it, and told of it already.
            transitions.retain(|one| !transition::is_known(self.history.iter(), one));
            self.date_ends();
        }
        self.add(&transitions);
        if comes_in && matches!(update.news, News::Snapshot(_)) {
            let ends = self.unseen_ends();
            self.add(&ends);
            transitions.extend(ends);
        }
        transitions
    }

    fn add(&mut self, transitions: &[Transition]) {
        self.history.extend(transitions.iter().cloned());
        self.happened += transitions.len();
        self.history.drain(..self.history.len().saturating_sub(HISTORY));
    }

    /// The ends that neither this session nor the state of the last one tells of: the last that happened to an
    /// alert is that it fired, and its source, which was looked at since then, does not tell of it.
    fn unseen_ends(&mut self) -> Vec<Transition> {
        let mut fires: BTreeMap<(&RawText, &RawText), (&Transition, &Arc<Alert>)> = BTreeMap::new();
        let mut gaps: Vec<Timestamp> = Vec::new();
        for one in &self.history {
            match &one.what {
                Happened::Fired(alert)
                | Happened::Silenced(alert)
                | Happened::Unsilenced(alert)
                | Happened::Acknowledged(alert) => {
                    fires.insert((&one.source, &alert.id), (one, alert));
                }
                Happened::Resolved(alert) => {
                    fires.remove(&(&one.source, &alert.id));
                }
                Happened::Unwatched(since) => gaps.push(*since),
                Happened::Began(_) | Happened::Ended(_) | Happened::Blind(_) | Happened::Sees => {}
            }
        }
        let lasts: HashSet<_> = self.alerts().map(|(source, alert)| (&source.info.name, &alert.id)).collect();
        fires.retain(|which, _| !lasts.contains(which));
        let end = |((name, _), (known, alert)): ((&RawText, &RawText), (&Transition, &Arc<Alert>))| {
            let condition = &self.sources.get(name)?.condition;
            // Another process may have seen it fire after the look of this one.
            let looked = condition.last_ok.filter(|at| !condition.recalled && *at > known.at)?;
            let is_it = |(source, ended): &&(RawText, Arc<Alert>)| {
                source == name && ended.id == alert.id && ended.ended >= Some(alert.started)
            };
            let (at, after) = if let Some((_, told)) = self.resolved.iter().find(is_it) {
                (told.ended.unwrap_or(looked), told.ended_after)
            } else {
                // Until the first time that nobody looked any more its end would have been seen.
                let is_gap = |since: &&Timestamp| **since >= known.at && **since < looked;
                let since = gaps.iter().filter(is_gap).min();
                (looked, Some(since.copied().unwrap_or(known.at)))
            };
            let what = Happened::Resolved(Arc::clone(alert));
            Some(Transition { after, ..Transition::new(at.min(looked), name.clone(), what) })
        };
        let ends: Vec<Transition> = fires.into_iter().filter_map(end).collect();
        for one in &ends {
            let Happened::Resolved(alert) = &one.what else { continue };
            let is_it = |(source, ended): &(RawText, Arc<Alert>)| {
                *source == one.source && ended.id == alert.id && ended.ended >= Some(alert.started)
            };
            if !self.resolved.iter().any(is_it) {
                self.resolved.push_front((one.source.clone(), Arc::new(over(alert, one.at, one.after))));
            }
        }
        self.order_resolved();
        ends
    }

    /// The ended alerts, the last one first, as many as are kept.
    fn order_resolved(&mut self) {
        self.resolved.make_contiguous().sort_by_key(|(_, alert)| std::cmp::Reverse(alert.ended));
        self.resolved.truncate(RESOLVED);
    }

    /// Changes with everything that is taken in: equal numbers mean that nothing is new.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Counts what time alone has changed of what the sources said: sources that are late, silences that
    /// are over, ended alerts that are out of sight.
    pub fn turned(&self, now: Timestamp) -> usize {
        let late = self.sources.values().filter(|source| !source.health(now).is_live());
        let silences = self.sources.values().flat_map(|source| &source.silences);
        let over = silences.filter(|silence| silence.ends <= now);
        late.count() + over.count() + self.resolved.len() - self.in_sight(now).count()
    }

    /// The sources, by name.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &Source> {
        self.sources.values()
    }

    /// A source by its name.
    pub fn source(&self, name: &RawText) -> Option<&Source> {
        self.sources.get(name)
    }

    /// All runs with their sources.
    pub fn runs(&self) -> impl Iterator<Item = (&Source, &Arc<Run>)> {
        self.sources.values().flat_map(|source| source.runs.iter().map(move |run| (source, run)))
    }

    /// All alerts that pend or fire, with their sources.
    pub fn alerts(&self) -> impl Iterator<Item = (&Source, &Arc<Alert>)> {
        self.sources.values().flat_map(|source| source.alerts.iter().map(move |alert| (source, alert)))
    }

    /// Alerts that have ended, the last one first, with their sources' names.
    pub fn resolved(&self) -> impl Iterator<Item = (&RawText, &Arc<Alert>)> {
        self.resolved.iter().map(|(source, alert)| (source, alert))
    }

    /// Those of them that ended so short ago that they are still shown.
    pub fn in_sight(&self, now: Timestamp) -> impl Iterator<Item = (&RawText, &Arc<Alert>)> {
        let is_new = move |ended| now.duration_since(ended) < RESOLVED_FOR;
        self.resolved().filter(move |(_, alert)| alert.ended.is_none_or(is_new))
    }

    /// How many things have happened; the history has the newest of them.
    pub fn happened(&self) -> usize {
        self.happened
    }

    /// What has happened, oldest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Transition> {
        self.history.iter()
    }

    /// Takes what was kept of the last day; what this session saw of it is told once. Returns what happened as
    /// only both together tell: alerts that fired by what was kept and do not by what was seen.
    pub fn recall_history(&mut self, kept: Vec<Transition>) -> Vec<Transition> {
        let (kept, seen) = (transition::merge(kept), self.history.len());
        let before = kept.len();
        let mut all = transition::merge(kept.into_iter().chain(self.history.drain(..)).collect());
        self.happened = self.happened.saturating_sub((before + seen).saturating_sub(all.len()));
        all.drain(..all.len().saturating_sub(HISTORY));
        self.history = all.into();
        let ends = self.unseen_ends();
        self.add(&ends);
        self.date_ends();
        self.revision += 1;
        ends
    }

    /// Gives alerts that ended the time at which their end was seen first: the look of a later session
    /// is no end.
    fn date_ends(&mut self) {
        let mut seen: HashMap<_, &Transition> = HashMap::new();
        for one in &self.history {
            if let Happened::Resolved(alert) = &one.what {
                let first = seen.entry((&one.source, &alert.id, alert.started)).or_insert(one);
                if one.at < first.at {
                    *first = one;
                }
            }
        }
        for (source, alert) in &mut self.resolved {
            let first = seen.get(&(&*source, &alert.id, alert.started)).copied();
            if let Some(first) = first.filter(|first| alert.ended.is_some_and(|ended| first.at < ended)) {
                let alert = Arc::make_mut(alert);
                (alert.ended, alert.ended_after) = (Some(first.at), first.after);
            }
        }
        self.resolved.make_contiguous().sort_by_key(|(_, alert)| std::cmp::Reverse(alert.ended));
    }

    /// Runs that ended and that no source lists any more, each once and as it ended last, with what is
    /// declared about their sources.
    pub fn past_runs(&self) -> impl Iterator<Item = (&SourceInfo, &Arc<Run>)> {
        let mut known: HashSet<_> = self.runs().map(|(source, run)| (&source.info.name, &run.id)).collect();
        self.history.iter().rev().filter_map(move |transition| {
            let Happened::Ended(run) = &transition.what else { return None };
            let source = self.sources.get(&transition.source)?;
            known.insert((&transition.source, &run.id)).then_some((&source.info, run))
        })
    }

    /// A detail that was fetched, or why it could not be.
    pub fn detail(&self, source: &RawText, key: &DetailKey) -> Option<&Result<Detail, Failure>> {
        self.details.iter().find(|(name, known, _)| name == source && known == key).map(|(_, _, d)| d)
    }

    /// What to keep for the next start.
    pub fn remember(&self) -> Remembered {
        let keep = |source: &Source| RememberedSource {
            last_ok: source.condition.last_ok,
            runs: source.runs.clone(),
            alerts: source.alerts.clone(),
            silences: source.silences.clone(),
        };
        Remembered {
            sources: self.sources.iter().map(|(name, source)| (name.clone(), keep(source))).collect(),
            resolved: self.resolved.clone(),
        }
    }

    /// Shows what was known at the end of the last session, with its age, until the source speaks.
    pub fn recall(&mut self, remembered: Remembered) {
        for (name, old) in remembered.sources {
            if let Some(source) = self.sources.get_mut(&name) {
                source.condition.last_ok = old.last_ok;
                source.condition.recalled = old.last_ok.is_some();
                source.runs = old.runs;
                source.alerts = old.alerts;
                source.silences = old.silences;
            }
        }
        self.resolved = remembered.resolved;
    }
}

/// An alert that has ended.
fn over(alert: &Alert, ended: Timestamp, after: Option<Timestamp>) -> Alert {
    Alert { state: AlertState::Resolved, ended: Some(ended), ended_after: after, ..alert.clone() }
}

fn worked(condition: &mut Condition, at: Timestamp, happened: &mut Vec<Happened>) {
    if condition.failing.take().is_some() {
        happened.push(Happened::Sees);
    }
    condition.last_ok = Some(at);
    (condition.crashed, condition.ended, condition.recalled) = (false, false, false);
    condition.troubles.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::{Acknowledgement, Severity};
    use crate::model::health::FailureKind;
    use crate::model::run::RunState;
    use crate::model::update::Snapshot;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn world() -> World {
        World::new([SourceInfo {
            name: "am".into(),
            kind: "recording".into(),
            environment: None,
            interval: None,
            gives: &[Gives::Alerts],
            reads: Vec::new(),
            exposed: Vec::new(),
        }])
    }

    fn alert(id: &str, state: AlertState) -> Alert {
        Alert { severity: Severity::Critical, state, ..Alert::new(id, id, at(0)) }
    }

    fn run(id: &str, state: RunState) -> Run {
        let json = serde_json::json!({"id": id, "pipeline": "deploy", "state": "queued", "created": at(0)});
        Run { state, ..serde_json::from_value(json).unwrap() }
    }

    fn say(world: &mut World, second: i64, alerts: Vec<Alert>, runs: Vec<Run>) -> Vec<Happened> {
        let snapshot = Arc::new(Snapshot {
            alerts: alerts.into_iter().map(Arc::new).collect(),
            runs: runs.into_iter().map(Arc::new).collect(),
            ..Snapshot::default()
        });
        let update = Update { source: "am".into(), at: at(second), news: News::Snapshot(snapshot) };
        world.apply(&update).into_iter().map(|t| t.what).collect()
    }

    #[test]
    fn jobs_that_were_asked_for_are_those_of_their_run() {
        let mut world = world();
        say(&mut world, 0, vec![], vec![run("1", RunState::Succeeded), run("2", RunState::Succeeded)]);
        let job = serde_json::json!({"id": "7", "name": "test", "state": "succeeded"});
        let jobs = vec![serde_json::from_value(job).unwrap()];
        let news = News::Detail(DetailKey::Jobs { run: "2".into() }, Ok(Detail::Jobs(jobs.clone())));
        world.apply(&Update { source: "am".into(), at: at(1), news });
        let known: Vec<_> = world.runs().map(|(_, run)| run.jobs.clone()).collect();
        assert_eq!(known, [vec![], jobs]);
    }

    #[test]
    fn one_that_fires_again_is_no_ended_one_in_whatever_order_it_is_told() {
        for flipped in [false, true] {
            let mut world = world();
            say(&mut world, 0, vec![alert("a", AlertState::Firing)], vec![]);
            let mut both = vec![
                Alert { ended: Some(at(-60)), ..alert("a", AlertState::Resolved) },
                alert("a", AlertState::Firing),
            ];
            if flipped {
                both.reverse();
            }
            assert_eq!(say(&mut world, 15, both, vec![]), vec![]);
            assert_eq!((world.alerts().count(), world.resolved().count()), (1, 0));
        }
    }

    #[test]
    fn the_first_snapshot_is_not_news_and_later_ones_tell_what_changed() {
        let mut world = world();
        assert_eq!(say(&mut world, 0, vec![alert("a", AlertState::Firing)], vec![]), vec![]);
        let both = vec![alert("a", AlertState::Firing), alert("b", AlertState::Firing)];
        let fires = |id| Arc::new(alert(id, AlertState::Firing));
        assert_eq!(say(&mut world, 1, both, vec![]), vec![Happened::Fired(fires("b"))]);
        let gone = say(&mut world, 2, vec![alert("b", AlertState::Firing)], vec![]);
        assert_eq!(gone, vec![Happened::Resolved(fires("a"))]);
        let (_, resolved) = world.resolved().next().unwrap();
        assert_eq!((resolved.state, resolved.ended), (AlertState::Resolved, Some(at(2))));
    }

    #[test]
    fn who_acknowledges_an_alert_is_told_once_and_again_when_it_is_somebody_else() {
        let taken = |person: &str, second| {
            let acknowledged = Some(Acknowledgement { person: person.into(), at: at(second) });
            Alert { acknowledged, ..alert("a", AlertState::Firing) }
        };
        let mut world = world();
        say(&mut world, 0, vec![alert("a", AlertState::Firing)], vec![]);
        let told = say(&mut world, 30, vec![taken("ada", 20)], vec![]);
        assert_eq!(told, [Happened::Acknowledged(taken("ada", 20).into())]);
        assert_eq!(say(&mut world, 40, vec![taken("ada", 20)], vec![]), []);
        let told = say(&mut world, 50, vec![taken("lee", 45)], vec![]);
        assert_eq!(told, [Happened::Acknowledged(taken("lee", 45).into())]);
        say(&mut world, 60, vec![], vec![]);
        let before = world.remember();
        let told = say(&mut world, 70, vec![taken("kim", 65)], vec![]);
        let kim = || Arc::new(taken("kim", 65));
        assert_eq!(told, [Happened::Fired(kim()), Happened::Acknowledged(kim())]);
        // The next session knows both, and tells neither anew.
        let told: Vec<Transition> = world.history().cloned().collect();
        let mut next = self::world();
        next.recall(before);
        next.recall_history(serde_json::from_str(&serde_json::to_string(&told).unwrap()).unwrap());
        assert_eq!(say(&mut next, 80, vec![taken("kim", 65)], vec![]), []);
    }

    #[test]
    fn an_end_that_was_seen_and_is_told_of_again_after_a_start_is_one_and_the_last_end_counts() {
        let mut world = world();
        let ended = |started, end| Alert {
            started: at(started),
            ended: Some(at(end)),
            ..alert("a", AlertState::Resolved)
        };
        say(&mut world, 0, vec![alert("a", AlertState::Firing)], vec![]);
        // It ended twice since the last look.
        say(&mut world, 60, vec![ended(40, 50), ended(0, 20)], vec![]);
        let ends = |world: &World| world.resolved().map(|(_, alert)| alert.ended).collect::<Vec<_>>();
        assert_eq!(ends(&world), [Some(at(50))]);
        let mut next = self::world();
        next.recall(world.remember());
        say(&mut next, 90, vec![ended(40, 55), ended(0, 20)], vec![]);
        assert_eq!(ends(&next), [Some(at(50))]);
        say(&mut next, 120, vec![ended(100, 110)], vec![]);
        assert_eq!(ends(&next), [Some(at(110)), Some(at(50))]);
    }

    #[test]
    fn an_alert_that_fires_again_is_no_longer_among_the_ended() {
        let mut world = world();
        say(&mut world, 0, vec![alert("a", AlertState::Firing)], vec![]);
        say(&mut world, 1, vec![], vec![]);
        say(&mut world, 2, vec![alert("a", AlertState::Firing)], vec![]);
        assert_eq!(world.resolved().count(), 0);
        assert_eq!(world.alerts().count(), 1);
    }

    #[test]
    fn runs_begin_and_end_once_even_when_only_the_end_was_seen() {
        let mut world = world();
        say(&mut world, 0, vec![], vec![]);
        let began = say(&mut world, 1, vec![], vec![run("1", RunState::Running)]);
        let one = |id, state| Arc::new(run(id, state));
        assert_eq!(began, vec![Happened::Began(one("1", RunState::Running))]);
        let after =
            say(&mut world, 2, vec![], vec![run("2", RunState::Failed), run("1", RunState::Succeeded)]);
        let ended = |id, state| Happened::Ended(one(id, state));
        assert_eq!(after, vec![ended("2", RunState::Failed), ended("1", RunState::Succeeded)]);
        let again = vec![run("2", RunState::Failed), run("1", RunState::Succeeded)];
        assert_eq!(say(&mut world, 3, vec![], again), vec![]);
    }

    #[test]
    fn a_failure_keeps_the_rows_and_the_time_it_began() {
        let mut world = world();
        say(&mut world, 0, vec![alert("a", AlertState::Firing)], vec![]);
        let fail = |second| Update {
            source: "am".into(),
            at: at(second),
            news: News::Failed(Failure::new(FailureKind::Missing, "gone")),
        };
        assert!(matches!(world.apply(&fail(5))[0].what, Happened::Blind(_)));
        assert!(world.apply(&fail(9)).is_empty());
        let source = world.source(&"am".into()).unwrap();
        assert!(matches!(source.health(at(10)), Health::Failing(_, since) if since == at(5)));
        assert_eq!(world.alerts().count(), 1);
        assert_eq!(say(&mut world, 11, vec![alert("a", AlertState::Firing)], vec![]), vec![Happened::Sees]);
    }

    #[test]
    fn what_is_remembered_reads_back_as_the_same_rows_with_their_age() {
        let mut world = world();
        say(&mut world, 7, vec![alert("a", AlertState::Firing)], vec![run("1", RunState::Running)]);
        let json = serde_json::to_string(&world.remember()).unwrap();
        let mut next = self::world();
        next.recall(serde_json::from_str(&json).unwrap());
        assert_eq!(next.alerts().count(), 1);
        assert_eq!(next.runs().count(), 1);
        assert_eq!(next.source(&"am".into()).unwrap().condition.last_ok, Some(at(7)));
        // It is shown with its age until the source speaks, also where a stream would be live.
        let age = SignedDuration::from_secs(3);
        assert_eq!(next.source(&"am".into()).unwrap().health(at(10)), Health::Stale(age));
        say(&mut next, 11, vec![], vec![]);
        assert_eq!(next.source(&"am".into()).unwrap().health(at(12)), Health::Live);
    }

    #[test]
    fn a_graph_takes_the_place_of_the_one_before_it_and_of_no_other() {
        let mut world = world();
        let key =
            |query: &str, from, to| DetailKey::Graph { query: query.into(), from: at(from), to: at(to) };
        let mut say = |key: &DetailKey| {
            let news = News::Detail(key.clone(), Err(Failure::new(FailureKind::TimedOut, "late")));
            world.apply(&Update { source: "am".into(), at: at(0), news });
        };
        let (old, new) = (key("up", 0, 3600), key("up", 60, 3660));
        let (shorter, other) = (key("up", 1800, 3600), key("down", 0, 3600));
        [&old, &shorter, &other, &new].into_iter().for_each(&mut say);
        let known = [&old, &shorter, &other, &new].map(|key| world.detail(&"am".into(), key).is_some());
        assert_eq!(known, [false, true, true, true]);
    }

    #[test]
    fn an_end_that_an_earlier_session_saw_is_not_told_anew_at_each_start() {
        // The session that saw it ended without keeping its state, but what it saw is in the history.
        let mut before = world();
        say(&mut before, 0, vec![alert("a", AlertState::Firing)], vec![]);
        let kept = before.remember();
        let mut second = self::world();
        second.recall(kept.clone());
        assert_eq!(say(&mut second, 900, vec![], vec![]).len(), 1);
        let history: Vec<_> = second.history().cloned().collect();
        // The history may be read before or after the source speaks.
        for is_late in [false, true] {
            let mut third = self::world();
            third.recall(kept.clone());
            if is_late {
                say(&mut third, 1100, vec![], vec![]);
                third.recall_history(history.clone());
            } else {
                third.recall_history(history.clone());
                assert_eq!(say(&mut third, 1100, vec![], vec![]), vec![]);
            }
            let times: Vec<_> = third.history().map(|one| one.at).collect();
            let ends: Vec<_> = third.resolved().map(|(_, alert)| alert.ended).collect();
            assert_eq!((times, ends), (vec![at(900)], vec![Some(at(900))]), "{is_late}");
            // The next time that it fires and ends is another.
            let again = Alert { started: at(1200), ..alert("a", AlertState::Firing) };
            assert_eq!(say(&mut third, 1210, vec![again], vec![]).len(), 1);
            assert_eq!(say(&mut third, 1300, vec![], vec![]).len(), 1);
        }
    }

    #[test]
    fn an_alert_that_fired_after_the_state_was_kept_ends_with_the_first_look_that_does_not_have_it() {
        let since = |second| Arc::new(Alert { started: at(second), ..alert("a", AlertState::Firing) });
        let fired = Transition::new(at(20), "am", Happened::Fired(since(10)));
        let gap = Transition::new(at(890), "", Happened::Unwatched(at(30)));
        let mut before = world();
        say(&mut before, 0, vec![], vec![]);
        // Killed: what was kept is older than the alert, but the history has it.
        for (kept, history, after) in [
            (Some(before.remember()), vec![fired.clone(), gap.clone()], at(30)),
            (None, vec![fired.clone()], at(20)),
        ] {
            for is_late in [false, true] {
                let mut next = self::world();
                next.recall(kept.clone().unwrap_or_default());
                let mut ends = Vec::new();
                if !is_late {
                    ends.extend(next.recall_history(history.clone()));
                    let late = Failure::new(FailureKind::TimedOut, "late");
                    let blind = Update { source: "am".into(), at: at(895), news: News::Failed(late) };
                    next.apply(&blind);
                    assert_eq!(next.resolved().count(), 0, "no answer is no end");
                }
                let snapshot = News::Snapshot(Arc::default());
                ends.extend(next.apply(&Update { source: "am".into(), at: at(900), news: snapshot }));
                if is_late {
                    ends.extend(next.recall_history(history.clone()));
                }
                ends.retain(|one| one.source == RawText::from("am") && !matches!(one.what, Happened::Sees));
                let what = Happened::Resolved(since(10));
                let end = Transition { after: Some(after), ..Transition::new(at(900), "am", what) };
                assert_eq!(ends, [end], "{is_late}");
                let (_, over) = next.resolved().next().unwrap();
                assert_eq!((over.ended, over.ended_after), (Some(at(900)), Some(after)));
                assert_eq!(next.history().filter(|one| **one == ends[0]).count(), 1);
                assert_eq!(say(&mut next, 915, vec![], vec![]), vec![], "told once");
            }
        }
        // It still fires; or another process saw it begin after the look of this one.
        let mut next = self::world();
        say(&mut next, 900, vec![Alert::clone(&since(10))], vec![]);
        assert_eq!(next.recall_history(vec![fired]), []);
        let mut next = self::world();
        say(&mut next, 900, vec![], vec![]);
        assert_eq!(
            next.recall_history(vec![Transition::new(at(901), "am", Happened::Fired(since(900)))]),
            []
        );
        // Its source says itself when it ended.
        let mut next = self::world();
        next.recall_history(vec![Transition::new(at(20), "am", Happened::Fired(since(10)))]);
        let told = Alert { started: at(10), ended: Some(at(500)), ..alert("a", AlertState::Resolved) };
        say(&mut next, 900, vec![told], vec![]);
        let end = next.history().next_back().unwrap();
        assert_eq!((end.at, end.after, next.resolved().count()), (at(500), None, 1));
    }

    #[test]
    fn a_silence_begins_and_ends_with_who_made_it_and_an_end_that_nobody_saw_has_two_times() {
        let silence = |ends| {
            let json = serde_json::json!({"id": "s1", "matchers": [], "starts": at(10), "ends": at(ends)});
            Arc::new(Silence { person: "ada".into(), ..serde_json::from_value(json).unwrap() })
        };
        let firing = |is_silenced: bool| Alert {
            silenced_by: if is_silenced { vec!["s1".into()] } else { vec![] },
            ..alert("a", AlertState::Firing)
        };
        let look = |world: &mut World, second, alerts: Vec<Alert>, silences: Vec<Arc<Silence>>| {
            let alerts = alerts.into_iter().map(Arc::new).collect();
            let snapshot = Arc::new(Snapshot { alerts, silences, ..Snapshot::default() });
            let news = News::Snapshot(snapshot);
            world.apply(&Update { source: "am".into(), at: at(second), news })
        };
        let known = |second, what, ends| Transition {
            silences: vec![silence(ends)],
            ..Transition::new(at(second), "am", what)
        };
        let (silenced, over) =
            (Happened::Silenced(firing(true).into()), Happened::Unsilenced(firing(true).into()));
        let mut world = world();
        look(&mut world, 0, vec![firing(false)], vec![]);
        let told = look(&mut world, 15, vec![firing(true)], vec![silence(600)]);
        assert_eq!(told, [known(15, silenced, 600)]);
        let kept = world.remember();
        let told = look(&mut world, 30, vec![firing(false)], vec![]);
        assert_eq!(told, [known(30, over.clone(), 600)], "before its end");
        // Nobody looked: one that has come to its end ended then, one that was taken away did somewhen.
        let after = Some(at(15));
        for (second, expected) in [
            (900, known(600, over.clone(), 600)),
            (300, Transition { after, ..known(300, over.clone(), 600) }),
        ] {
            let mut next = self::world();
            next.recall(kept.clone());
            let told = look(&mut next, second, vec![firing(false)], vec![]);
            assert_eq!(told, [expected]);
            // The next that has the older state and reads this does not tell it anew.
            let mut third = self::world();
            third.recall(kept.clone());
            third.recall_history(serde_json::from_str(&serde_json::to_string(&told).unwrap()).unwrap());
            assert_eq!(look(&mut third, second + 1000, vec![firing(false)], vec![]), []);
        }
        // Blind, and it is gone at the next look; with what its source says itself, it is known when.
        for told in [None, Some(at(700))] {
            let mut next = self::world();
            look(&mut next, 15, vec![firing(false)], vec![]);
            let news = News::Failed(Failure::new(FailureKind::TimedOut, "late"));
            next.apply(&Update { source: "am".into(), at: at(30), news });
            let ended = told.map(|end| Alert { ended: Some(end), ..alert("a", AlertState::Resolved) });
            let end = look(&mut next, 900, ended.into_iter().collect(), vec![]).remove(0);
            let expected = if told.is_some() { (at(700), None) } else { (at(900), after) };
            assert_eq!((end.at, end.after), expected);
            let (_, alert) = next.resolved().next().unwrap();
            assert_eq!((alert.ended, alert.ended_after), (Some(expected.0), expected.1));
        }
    }

    #[test]
    fn what_happened_between_two_sessions_has_its_own_time() {
        let mut before = world();
        say(&mut before, 0, vec![], vec![]);
        let mut next = self::world();
        next.recall(before.remember());
        let fired = Alert { started: at(300), ..alert("a", AlertState::Firing) };
        let old = Alert { started: at(-300), ..alert("b", AlertState::Firing) };
        say(&mut next, 900, vec![fired, old], vec![]);
        let times: Vec<_> = next.history().map(|one| one.at).collect();
        assert_eq!(times, [at(300), at(0)]);
        let again = Alert { started: at(950), ..alert("c", AlertState::Firing) };
        say(&mut next, 960, vec![again], vec![]);
        assert_eq!(next.history().next_back().map(|one| one.at), Some(at(960)), "seen as it came");
    }

    #[test]
    fn what_two_consoles_saw_at_different_times_is_told_once() {
        let seen = |second, what| Transition::new(at(second), "am", what);
        let ended = |end| {
            let run = Run { finished: Some(at(end)), ..run("1", RunState::Succeeded) };
            Happened::Ended(Arc::new(run))
        };
        let fires = |start| Arc::new(Alert { started: at(start), ..alert("a", AlertState::Firing) });
        let mut world = world();
        // The second of them looked four times rarer.
        world.recall_history(vec![
            seen(-900, Happened::Fired(fires(-910))),
            seen(-700, Happened::Fired(fires(-910))),
            seen(-600, ended(-610)),
            seen(-500, Happened::Resolved(fires(-910))),
            seen(-350, ended(-610)),
            seen(-300, Happened::Resolved(fires(-910))),
            seen(-100, Happened::Fired(fires(-110))),
        ]);
        let times: Vec<_> = world.history().map(|one| one.at).collect();
        assert_eq!(times, [at(-900), at(-600), at(-500), at(-100)]);
        assert_eq!(world.past_runs().count(), 1);
        // Started again under the same id, and how it began was not seen.
        world.recall_history(vec![seen(-600, ended(-610)), seen(-10, ended(-20))]);
        let past: Vec<_> = world.past_runs().map(|(_, run)| run.finished).collect();
        assert_eq!(past, [Some(at(-20))], "as it ended last");
    }

    #[test]
    fn what_happened_before_the_start_stands_before_what_was_seen_and_its_runs_are_not_lost() {
        let mut world = world();
        say(&mut world, 0, vec![], vec![run("2", RunState::Running)]);
        say(&mut world, 10, vec![], vec![run("2", RunState::Succeeded)]);
        let before = |second, what| Transition::new(at(second), "am", what);
        let ended = |id| Happened::Ended(Arc::new(run(id, RunState::Succeeded)));
        world.recall_history(vec![before(-600, ended("1")), before(8, ended("2")), before(-600, ended("1"))]);
        let times: Vec<_> = world.history().map(|one| one.at).collect();
        assert_eq!(times, [at(-600), at(8)], "what another saw too is told once");
        assert_eq!(world.happened(), 0, "it is no news");
        let past: Vec<_> = world.past_runs().map(|(_, run)| run.id.clone()).collect();
        assert_eq!(past, ["1".into()], "the other is listed");
    }
}
