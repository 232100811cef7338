//! What changed before something went wrong, the likeliest first.
//!
//! Most outages begin with a change (Google's postmortems of 2010 to 2017: pushes of binaries and of
//! configuration were 68 % of the triggers; SRE Workbook, appendix C). So a change is suspect by what
//! it touched, by what sort it is, and by how shortly before the onset it took effect.

use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::model::catalog::{Catalog, Placed};
use crate::model::run::{Run, RunState};
use crate::model::text::RawText;
use crate::model::world::{SourceInfo, World};

/// How long before the onset a change is still looked at.
pub const BEFORE: SignedDuration = SignedDuration::from_mins(60);
/// How long after the onset: clocks differ, and an onset is known to the interval of its rule.
pub const AFTER: SignedDuration = SignedDuration::from_mins(5);
/// In this time a change becomes less suspect by a factor e.
const DECAY_SECONDS: f64 = 20.0 * 60.0;

/// What went wrong, as far as it can be told apart from other things.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subject {
    /// What it is called, for people.
    pub name: RawText,
    /// The service that it is about.
    pub service: Option<RawText>,
    /// The host that it is about.
    pub host: Option<RawText>,
    /// The environment that it is in.
    pub environment: Option<RawText>,
}

/// What a change and the subject have in common.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// The same service.
    Service,
    /// Another service of the same environment, or one that is not known.
    Environment,
    /// Nothing that is known.
    Elsewhere,
}

/// A run that may have to do with it.
#[derive(Clone, Debug)]
pub struct Change {
    /// The source that tells of it.
    pub source: RawText,
    /// The run.
    pub run: Arc<Run>,
    /// The service that it is of, under its configured name.
    pub service: Option<RawText>,
    /// The environment that it went to.
    pub environment: Option<RawText>,
    /// What it put there.
    pub revision: Option<RawText>,
    /// What it has in common with the subject.
    pub reach: Reach,
    /// Whether it put something into an environment.
    pub is_deployment: bool,
    /// How long before the onset it took effect; negative after it, zero while it was at work.
    pub before: SignedDuration,
    /// How suspect it is; only for comparing.
    score: f64,
}

/// A deployment of a service.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The source that tells of it.
    pub source: RawText,
    /// The run.
    pub run: Arc<Run>,
    /// What it put where.
    pub placed: Placed,
}

/// The runs around `onset` that may have to do with the subject, the most suspect first.
pub fn before(world: &World, catalog: &Catalog, subject: &Subject, onset: Timestamp) -> Vec<Change> {
    let change = |(source, run): (&SourceInfo, &Arc<Run>)| {
        let before = distance(run, onset)?;
        let Placed { service, environment, revision } = catalog.placed(&source.name, run);
        let is_deployment = environment.is_some();
        let environment = environment.or_else(|| source.environment.clone());
        let reach = reach(subject, service.as_ref(), environment.as_ref());
        let score = score(reach, is_deployment, before);
        let (source, run) = (source.name.clone(), Arc::clone(run));
        Some(Change { source, run, service, environment, revision, reach, is_deployment, before, score })
    };
    let mut changes: Vec<Change> = begun(world).filter_map(change).collect();
    changes.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.run.id.cmp(&b.run.id)));
    changes
}

/// The deployments of a service that began in this time, the oldest first.
pub fn deployments(
    world: &World,
    catalog: &Catalog,
    service: &RawText,
    time: &RangeInclusive<Timestamp>,
) -> Vec<Deployment> {
    let deployment = |(source, run): (&SourceInfo, &Arc<Run>)| {
        let source = source.name.clone();
        let placed = catalog.placed(&source, run);
        let is_it = placed.environment.is_some() && placed.service.as_ref() == Some(service);
        is_it.then(|| Deployment { source, run: Arc::clone(run), placed })
    };
    let in_time = begun(world).filter(|(_, run)| time.contains(&run.began()));
    let mut found: Vec<Deployment> = in_time.filter_map(deployment).collect();
    found.sort_by(|a, b| (a.run.began(), &a.run.id).cmp(&(b.run.began(), &b.run.id)));
    found
}

/// The runs that have begun, with their sources: the others changed nothing yet.
fn begun(world: &World) -> impl Iterator<Item = (&SourceInfo, &Arc<Run>)> {
    let waits = |state| matches!(state, RunState::Queued | RunState::Waiting | RunState::Skipped);
    let listed = world.runs().map(|(source, run)| (&source.info, run));
    listed.chain(world.past_runs()).filter(move |(_, run)| !waits(run.state))
}

/// How long before the onset the run took effect; `None` if it is too far away.
fn distance(run: &Run, onset: Timestamp) -> Option<SignedDuration> {
    let began = onset.duration_since(run.began());
    if began < SignedDuration::ZERO {
        return (-began <= AFTER).then_some(began);
    }
    // At its end all of it is in effect; one that was still at work could have had any effect.
    let ended = run.finished.map_or(SignedDuration::ZERO, |end| onset.duration_since(end));
    let before = ended.max(SignedDuration::ZERO);
    (before <= BEFORE).then_some(before)
}

fn reach(subject: &Subject, service: Option<&RawText>, environment: Option<&RawText>) -> Reach {
    let differs = |a: Option<&RawText>, b: Option<&RawText>| matches!((a, b), (Some(a), Some(b)) if a != b);
    if differs(environment, subject.environment.as_ref()) {
        Reach::Elsewhere
    } else if service.is_some() && service == subject.service.as_ref() {
        Reach::Service
    } else {
        Reach::Environment
    }
}

fn score(reach: Reach, is_deployment: bool, before: SignedDuration) -> f64 {
    let scope = match reach {
        Reach::Service => 1.0,
        Reach::Environment => 0.2,
        Reach::Elsewhere => 0.05,
    };
    // A run that deploys nothing that is known may still push something.
    let kind = if is_deployment { 1.0 } else { 0.4 };
    scope * kind * (-before.abs().as_secs_f64() / DECAY_SECONDS).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::update::{Gives, News, Snapshot, Update};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    fn run(id: &str, service: &str, environment: Option<&str>, from: i64, to: Option<i64>) -> Run {
        let state = if to.is_some() { "succeeded" } else { "running" };
        let json = serde_json::json!({
            "id": id, "pipeline": id, "state": state, "service": service, "environment": environment,
            "created": at(from), "started": at(from), "finished": to.map(at),
        });
        serde_json::from_value(json).unwrap()
    }

    fn ranked(runs: Vec<Run>) -> Vec<(String, Reach, i64)> {
        let mut world = World::new([SourceInfo {
            name: "ci".into(),
            kind: "recording".into(),
            environment: None,
            interval: None,
            gives: &[Gives::Runs],
            reads: Vec::new(),
            exposed: Vec::new(),
        }]);
        let runs = runs.into_iter().map(Arc::new).collect();
        let news = News::Snapshot(Arc::new(Snapshot { runs, ..Snapshot::default() }));
        world.apply(&Update { source: "ci".into(), at: at(0), news });
        let subject = Subject {
            service: Some("checkout".into()),
            environment: Some("prod-eu".into()),
            ..Subject::default()
        };
        before(&world, &Catalog::default(), &subject, at(0))
            .into_iter()
            .map(|change| {
                let id = change.run.id.as_str().unwrap().to_owned();
                (id, change.reach, change.before.as_mins())
            })
            .collect()
    }

    #[test]
    fn the_same_service_shortly_before_comes_first() {
        let found = ranked(vec![
            run("other service", "search", Some("prod-eu"), -4, Some(-2)),
            run("long ago", "checkout", Some("prod-eu"), -58, Some(-55)),
            run("it", "checkout", Some("prod-eu"), -8, Some(-6)),
            run("build only", "checkout", None, -8, Some(-6)),
            run("other place", "checkout", Some("prod-us"), -3, Some(-1)),
        ]);
        let order: Vec<_> = found.iter().map(|(id, ..)| id.as_str()).collect();
        assert_eq!(order, ["it", "build only", "other service", "long ago", "other place"]);
        assert_eq!(found[0], ("it".to_owned(), Reach::Service, 6));
        assert_eq!(found[4].1, Reach::Elsewhere);
    }

    #[test]
    fn what_was_at_work_at_the_onset_is_nearest_and_what_is_too_far_is_left_out() {
        let found = ranked(vec![
            run("still at work", "checkout", Some("prod-eu"), -90, None),
            run("ended after", "checkout", Some("prod-eu"), -90, Some(3)),
            run("too early", "checkout", Some("prod-eu"), -90, Some(-61)),
            run("clocks differ", "checkout", Some("prod-eu"), 4, None),
            run("too late", "checkout", Some("prod-eu"), 6, None),
        ]);
        let order: Vec<_> = found.iter().map(|(id, _, before)| (id.as_str(), *before)).collect();
        assert_eq!(order, [("ended after", 0), ("still at work", 0), ("clocks differ", -4)]);
    }
}
