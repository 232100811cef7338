//! The runs of a scenario: how far each is at a moment, and what its steps have written.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::dice::{self, Dice};
use super::moment::Moment;
use super::template::{Facts, Template};
use crate::model::run::{Job, Run, RunState, Step};
use crate::model::text::RawText;
use crate::model::update::DetailKey;

/// The shape of a pipeline's runs.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pipeline {
    pub(super) name: String,
    pub(super) source: RawText,
    link: Option<Template>,
    jobs: Vec<JobShape>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobShape {
    name: String,
    /// It waits for a person.
    #[serde(default)]
    gate: bool,
    steps: Vec<StepShape>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepShape {
    name: String,
    /// Its part of the run's time, next to that of the other steps.
    #[serde(default = "one")]
    weight: f64,
    log: Vec<Template>,
}

fn one() -> f64 {
    1.0
}

/// One run.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunPlan {
    pub(super) pipeline: String,
    number: u64,
    begins: Moment,
    ends: Moment,
    #[serde(default = "soon")]
    queued: SignedDuration,
    title: RawText,
    branch: Option<RawText>,
    /// By chance if absent.
    revision: Option<String>,
    person: Option<RawText>,
    service: Option<String>,
    environment: Option<String>,
    #[serde(default)]
    pub(super) stops: Option<Stop>,
}

fn soon() -> SignedDuration {
    SignedDuration::from_secs(4)
}

/// Where and how a run ends early.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stop {
    state: RunState,
    job: String,
    step: String,
    /// What the step wrote, instead of its usual log.
    log: Vec<Template>,
}

/// A run with all that will happen to it.
pub(super) struct Planned {
    pub(super) source: RawText,
    /// As it was accepted: everything queued.
    run: Run,
    started: Timestamp,
    ends: Timestamp,
    outcome: RunState,
    steps: Vec<PlannedStep>,
}

struct PlannedStep {
    job: usize,
    step: usize,
    key: DetailKey,
    from: Timestamp,
    to: Timestamp,
    working: RunState,
    outcome: RunState,
    log: Vec<(Timestamp, RawText)>,
}

impl Planned {
    /// The run of `plan` in the shape of `pipeline`; lengths of steps and what is not said are
    /// decided by `seed`, but not when the run begins and ends. `None` if it stops at a step that
    /// does not exist.
    pub(super) fn new(plan: &RunPlan, pipeline: &Pipeline, day: Date, seed: u64) -> Option<Self> {
        let mut dice = Dice::new(seed, &[dice::hash(plan.pipeline.as_bytes()), plan.number]);
        let revision = plan.revision.clone().unwrap_or_else(|| dice.hex(7));
        let number = plan.number.to_string();
        let facts = Facts {
            service: plan.service.as_deref().unwrap_or_default(),
            revision: &revision,
            number: &number,
            environment: plan.environment.as_deref().unwrap_or_default(),
            ..Facts::default()
        };
        let begins = plan.begins.on(day);
        let (started, ends) = (begins + plan.queued, plan.ends.on(day));
        let text = |template: &Template, at, dice: &mut Dice| template.fill(at, &facts, dice);
        let link = pipeline.link.as_ref().map(|link| RawText::from_bytes(&text(link, begins, &mut dice)));
        let run = Run {
            id: format!("{}-{number}", plan.pipeline).into(),
            pipeline: plan.pipeline.as_str().into(),
            title: plan.title.clone(),
            number: Some(plan.number),
            attempt: 1,
            state: RunState::Queued,
            branch: plan.branch.clone(),
            revision: Some(revision.as_str().into()),
            person: plan.person.clone(),
            service: plan.service.as_deref().map(RawText::from),
            repo: None,
            environment: plan.environment.as_deref().map(RawText::from),
            link,
            created: begins,
            started: None,
            finished: None,
            jobs: pipeline.jobs.iter().map(JobShape::queued).collect(),
        };
        let shapes: Vec<_> = (0..)
            .zip(&pipeline.jobs)
            .flat_map(|(j, job)| (0..).zip(&job.steps).map(move |(s, step)| (j, job, s, step)))
            .collect();
        let stops_at = |job: &JobShape, step: &StepShape| {
            plan.stops.as_ref().filter(|stop| stop.job == job.name && stop.step == step.name)
        };
        let last = match &plan.stops {
            Some(_) => shapes.iter().position(|(_, job, _, step)| stops_at(job, step).is_some())?,
            None => shapes.len().checked_sub(1)?,
        };
        let weights: Vec<f64> =
            shapes.iter().take(last + 1).map(|(.., step)| step.weight * (0.8 + 0.4 * dice.unit())).collect();
        let (whole, total) = (ends.duration_since(started).as_secs_f64(), weights.iter().sum::<f64>());
        let (mut steps, mut done, mut from) = (Vec::new(), 0.0, started);
        for ((job_number, job, step_number, step), weight) in shapes.into_iter().zip(&weights) {
            done += weight;
            let to = if steps.len() == last { ends } else { started + seconds(whole * done / total) };
            let stop = stops_at(job, step);
            let log = stop.map_or(&step.log, |stop| &stop.log);
            let records = log.iter().filter(|template| !template.is_indented()).count();
            let pause = to.duration_since(from) / i32::try_from(records + 1).unwrap_or(i32::MAX);
            let mut at = from;
            let mut write = |template: &Template| {
                if !template.is_indented() {
                    at = at.saturating_add(pause).unwrap_or(at);
                }
                let mut written = at.strftime("%H:%M:%S ").to_string().into_bytes();
                written.extend(text(template, at, &mut dice));
                (at, RawText::from_bytes(&written))
            };
            steps.push(PlannedStep {
                job: job_number,
                step: step_number,
                key: DetailKey::StepLog {
                    run: run.id.clone(),
                    job: job.name.as_str().into(),
                    step: step.name.as_str().into(),
                },
                from,
                to,
                working: if job.gate { RunState::Waiting } else { RunState::Running },
                outcome: stop.map_or(RunState::Succeeded, |stop| stop.state),
                log: log.iter().map(&mut write).collect(),
            });
            from = to;
        }
        let outcome = plan.stops.as_ref().map_or(RunState::Succeeded, |stop| stop.state);
        Some(Self { source: pipeline.source.clone(), run, started, ends, outcome, steps })
    }

    /// How far it is at `now`, if it has been accepted.
    pub(super) fn at(&self, now: Timestamp) -> Option<Run> {
        if now < self.run.created {
            return None;
        }
        let mut run = self.run.clone();
        let is_over = now >= self.ends;
        if now >= self.started {
            run.started = Some(self.started);
            run.state = RunState::Running;
        }
        for planned in &self.steps {
            let Some(step) = run.jobs.get_mut(planned.job).and_then(|job| job.steps.get_mut(planned.step))
            else {
                continue;
            };
            if now >= planned.from {
                step.started = Some(planned.from);
                step.state = planned.working;
            }
            if now >= planned.to {
                step.finished = Some(planned.to);
                step.state = planned.outcome;
            } else if now >= planned.from {
                run.state = planned.working;
            }
        }
        for job in &mut run.jobs {
            for step in job.steps.iter_mut().filter(|step| is_over && step.state == RunState::Queued) {
                step.state = RunState::Skipped;
            }
            job.started = job.steps.iter().find_map(|step| step.started);
            job.state = sum(&job.steps);
            let finished = job.steps.iter().filter_map(|step| step.finished).next_back();
            job.finished = finished.filter(|_| job.state.is_over());
        }
        if is_over {
            (run.state, run.finished) = (self.outcome, Some(self.ends));
        }
        Some(run)
    }

    /// Whether nothing happens to it after `now`.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.ends
    }

    /// The logs to which something was added after `since` until `now`, as they are then.
    pub(super) fn logs(&self, since: Timestamp, now: Timestamp) -> Vec<(DetailKey, Arc<[RawText]>)> {
        let until = |end| move |(at, _): &&(Timestamp, RawText)| *at <= end;
        let told = |step: &PlannedStep| {
            let (before, after) =
                (step.log.iter().filter(until(since)).count(), step.log.iter().filter(until(now)).count());
            (before < after).then(|| {
                let lines = step.log.iter().take(after).map(|(_, line)| line.clone()).collect();
                (step.key.clone(), lines)
            })
        };
        self.steps.iter().filter_map(told).collect()
    }
}

impl JobShape {
    fn queued(&self) -> Job {
        Job {
            id: self.name.as_str().into(),
            name: self.name.as_str().into(),
            state: RunState::Queued,
            may_fail: false,
            started: None,
            finished: None,
            steps: self.steps.iter().map(StepShape::queued).collect(),
        }
    }
}

impl StepShape {
    fn queued(&self) -> Step {
        Step {
            id: self.name.as_str().into(),
            name: self.name.as_str().into(),
            state: RunState::Queued,
            started: None,
            finished: None,
        }
    }
}

/// How far a job is, by its steps, which run one after the other.
fn sum(steps: &[Step]) -> RunState {
    use RunState::{Cancelled, Failed, Queued, Running, Skipped, Succeeded, Waiting};
    let any = |state| steps.iter().any(|step| step.state == state);
    let all = |state| steps.iter().all(|step| step.state == state);
    let ends_early = [Failed, Cancelled, Running, Waiting].into_iter().find(|state| any(*state));
    ends_early.unwrap_or(match (all(Queued), all(Skipped), any(Queued)) {
        (true, ..) => Queued,
        (_, true, _) => Skipped,
        (.., true) => Running,
        _ => Succeeded,
    })
}

fn seconds(seconds: f64) -> SignedDuration {
    let seconds = (seconds * 1000.0).round() / 1000.0;
    SignedDuration::try_from_secs_f64(seconds).unwrap_or(SignedDuration::ZERO)
}
