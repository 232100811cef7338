//! What is known of each repository between rounds, and what still has to be asked about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::wire::{Deployment, DeploymentStatus, PendingDeployment, WorkflowJob, WorkflowRun, WorkflowStep};
use crate::model::health::Failure;
use crate::model::run::{Job, Run};
use crate::model::text::RawText;
use crate::source::pipelines::deployments::{Deployments, Deploys};
use crate::source::pipelines::pages::{BACK, Jobs, Listing};
use crate::source::poll::of_part;

/// The last run of a workflow is shown for so long, so that a quiet repository shows how it stands.
const LAST_SHOWN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// GitHub ends what has run for so long; one that is older and not over never will be.
const LONGEST: SignedDuration = SignedDuration::from_hours(35 * 24);
/// Jobs of so many runs of a repository are asked for in one round; the others in the next.
const JOBS: usize = 30;
/// So many attempts before the last one are asked for.
const ATTEMPTS: u32 = 3;

/// What is known of all repositories.
#[derive(Default)]
pub struct State {
    pub(super) repos: BTreeMap<RawText, Repo>,
    /// When this round began.
    pub(super) now: Timestamp,
    /// When we came in, or back after a gap. Of what had ended before that, only what failed is asked
    /// about.
    pub(super) entered: Timestamp,
}

/// What is known of one repository.
#[derive(Default)]
pub(super) struct Repo {
    runs: BTreeMap<(u64, u32), Known>,
    /// Attempts that GitHub does not have any more.
    gone: BTreeSet<(u64, u32)>,
    /// Runs of the last lists: they need not be asked for one by one.
    pub(super) listed: BTreeSet<u64>,
    deployments: BTreeMap<u64, (Deployment, Option<DeploymentStatus>)>,
    pub(super) listing: Listing,
    /// Whether the first page of the list reaches back less than a day: then an older run that was
    /// started anew is not on it.
    pub(super) is_busy: bool,
}

/// One attempt of a run.
struct Known {
    run: WorkflowRun,
    jobs: Jobs<WorkflowJob>,
    gates: Vec<PendingDeployment>,
}

/// What still has to be asked about a repository. Conditional: what an unchanged answer stands for is
/// known here.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// The run with its newest attempt.
    Run(u64),
    /// An earlier attempt.
    Attempt(u64, u32),
    /// The jobs of an attempt.
    Jobs { run: u64, attempt: u32, is_over: bool, conditional: bool },
    /// What a run waits for.
    Gates { run: u64, attempt: u32, conditional: bool },
    /// How far a deployment is.
    Status { id: u64, conditional: bool },
}

impl Repo {
    /// Takes attempts as they are now.
    pub(super) fn take_runs(&mut self, runs: Vec<WorkflowRun>, entered: Timestamp) {
        for run in runs {
            self.take_run(run, entered);
        }
    }

    /// Takes an attempt as it is now.
    pub(super) fn take_run(&mut self, run: WorkflowRun, entered: Timestamp) {
        let key = (run.id, run.run_attempt);
        if let Some(known) = self.runs.get_mut(&key) {
            known.jobs.are_wanted |= run.updated_at != known.run.updated_at || !run.is_completed();
            known.run = run;
        } else {
            let jobs = Jobs::new(!run.is_completed() || run.updated_at > entered || run.has_failed());
            self.runs.insert(key, Known { run, jobs, gates: Vec::new() });
        }
    }

    /// Whether this attempt is known as it is now.
    pub(super) fn knows(&self, run: &WorkflowRun) -> bool {
        let known = self.runs.get(&(run.id, run.run_attempt));
        known.is_some_and(|known| known.run.updated_at == run.updated_at)
    }

    /// Forgets a run that was deleted, or an attempt that is not kept.
    pub(super) fn forget(&mut self, id: u64, attempt: Option<u32>) {
        self.runs.retain(|(known, of), _| *known != id || attempt.is_some_and(|attempt| attempt != *of));
        self.gone.extend(attempt.map(|attempt| (id, attempt)));
    }

    /// The jobs of an attempt.
    pub(super) fn jobs(&mut self, key: (u64, u32)) -> Option<&mut Jobs<WorkflowJob>> {
        self.runs.get_mut(&key).map(|known| &mut known.jobs)
    }

    /// Takes what a run waits for.
    pub(super) fn take_gates(&mut self, key: (u64, u32), gates: Vec<PendingDeployment>) {
        if let Some(known) = self.runs.get_mut(&key) {
            known.gates = gates;
        }
    }

    /// Takes the newest deployments.
    pub(super) fn take_deployments(&mut self, deployments: Vec<Deployment>) {
        let mut old = std::mem::take(&mut self.deployments);
        for deployment in deployments {
            let status = old.remove(&deployment.id).and_then(|(_, status)| status);
            self.deployments.insert(deployment.id, (deployment, status));
        }
    }

    /// Takes how far a deployment is; its statuses come in any order.
    pub(super) fn take_statuses(&mut self, id: u64, statuses: Vec<DeploymentStatus>) {
        if let Some((_, status)) = self.deployments.get_mut(&id) {
            *status = statuses.into_iter().max_by_key(|status| (status.created_at, status.id));
        }
    }

    /// What has to be asked about the runs, the newest first.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let mut jobs = 0;
        for (key @ (id, attempt), known) in self.runs.iter().rev() {
            let newest = self.newest_attempt(*id);
            if *attempt == newest {
                if !known.run.is_completed() && !self.listed.contains(id) {
                    wanted.push(Wanted::Run(*id));
                }
                let earlier = newest.saturating_sub(ATTEMPTS).max(1)..newest;
                let is_open = |attempt: &u32| {
                    let known = self.runs.get(&(*id, *attempt));
                    known.is_none_or(|known| !known.run.is_completed())
                        && !self.gone.contains(&(*id, *attempt))
                };
                wanted.extend(earlier.filter(is_open).map(|attempt| Wanted::Attempt(*id, attempt)));
                if known.run.status.as_deref() == Some("waiting") {
                    let conditional = !known.gates.is_empty();
                    wanted.push(Wanted::Gates { run: *id, attempt: *attempt, conditional });
                }
            }
            if let Some(of_this) = self.wanted_jobs(*key).filter(|_| jobs < JOBS) {
                jobs += 1;
                wanted.push(of_this);
            }
        }
        wanted
    }

    /// The jobs of an attempt, if they have to be asked for.
    pub(super) fn wanted_jobs(&self, key: (u64, u32)) -> Option<Wanted> {
        self.runs.get(&key).filter(|known| known.jobs.are_wanted)?;
        self.jobs_of(key)
    }

    /// The jobs of an attempt.
    pub(super) fn jobs_of(&self, key: (u64, u32)) -> Option<Wanted> {
        let Known { run, jobs, .. } = self.runs.get(&key)?;
        let (is_over, conditional) = (run.is_completed(), jobs.are_on_one_page());
        Some(Wanted::Jobs { run: key.0, attempt: key.1, is_over, conditional })
    }

    /// What has to be asked about the deployments.
    pub(super) fn wanted_statuses(&self, now: Timestamp) -> Vec<Wanted> {
        let is_open = |(_, status): &&&(Deployment, Option<DeploymentStatus>)| {
            status.as_ref().is_none_or(|status| !status.is_last())
        };
        let status = |(deployment, status): &(Deployment, Option<DeploymentStatus>)| Wanted::Status {
            id: deployment.id,
            conditional: status.is_some(),
        };
        let shown = self.shown_deployments(now).shown;
        shown.iter().filter(is_open).copied().map(status).collect()
    }

    fn newest_attempt(&self, id: u64) -> u32 {
        self.runs.range((id, 0)..=(id, u32::MAX)).next_back().map_or(1, |((_, attempt), _)| *attempt)
    }

    fn shown_deployments(&self, now: Timestamp) -> Deployments<'_, (Deployment, Option<DeploymentStatus>)> {
        Deployments::new(self.deployments.values().rev(), now)
    }

    /// Forgets runs that are shown no more.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let mut newest: BTreeMap<u64, (Timestamp, u64)> = BTreeMap::new();
        for known in self.runs.values() {
            let (run, of) = (&known.run, newest.entry(known.run.workflow_id).or_default());
            *of = (*of).max((run.created_at, run.id));
        }
        let is_shown = |run: &WorkflowRun| {
            let age = |since: Timestamp| now.duration_since(since);
            let is_last = newest.get(&run.workflow_id).is_some_and(|(_, newest)| *newest == run.id);
            if !run.is_completed() {
                age(run.began()) <= LONGEST
            } else if is_last {
                age(run.updated_at) <= LAST_SHOWN
            } else {
                age(run.updated_at) <= BACK
            }
        };
        // Earlier attempts stay with the last one.
        let shown: BTreeSet<u64> = self
            .runs
            .values()
            .map(|known| &known.run)
            .filter(|run| is_shown(run))
            .map(|run| run.id)
            .collect();
        self.runs.retain(|(id, _), _| shown.contains(id));
        self.gone.retain(|(id, _)| shown.contains(id));
    }

    /// What is shown of this repository.
    pub(super) fn runs(&self, name: &RawText, now: Timestamp) -> Vec<Arc<Run>> {
        let deployments = self.shown_deployments(now);
        let of_run = |known: &Known| {
            let gate = match known.gates.as_slice() {
                [gate] if known.run.status.as_deref() == Some("waiting") => {
                    Some(RawText::from(gate.environment.name.as_str()))
                }
                _ => None,
            };
            let is_newest = known.run.run_attempt == self.newest_attempt(known.run.id);
            let environment = deployments.place(known.run.id).or(gate).filter(|_| is_newest);
            Arc::new(known.run.model(name, environment, known.all_jobs()))
        };
        let own = deployments.own(|run| self.knows_id(run));
        let own = own.map(|(deployment, status)| Arc::new(deployment.model(name, status.as_ref())));
        self.runs.values().rev().map(of_run).chain(own).collect()
    }

    /// What is not shown of this repository, and why.
    pub(super) fn left_out(&self, now: Timestamp) -> Vec<Failure> {
        let of_run = |known: &Known| Some(of_part(&known.run.title(), known.jobs.left_out()?.clone()));
        self.listing.left_out(now).into_iter().chain(self.runs.values().filter_map(of_run)).collect()
    }

    fn knows_id(&self, id: u64) -> bool {
        self.runs.range((id, 0)..=(id, u32::MAX)).next().is_some()
    }

    /// The jobs of an attempt, as they are shown.
    pub(super) fn shown_jobs(&self, key: (u64, u32)) -> Vec<Job> {
        self.runs.get(&key).map(Known::all_jobs).unwrap_or_default()
    }

    /// A job and what is known of its steps.
    fn job(&self, key: (u64, u32), job: u64) -> Option<&WorkflowJob> {
        self.runs.get(&key)?.jobs.rows().iter().find(|known| known.id == job)
    }
}

impl Deploys for (Deployment, Option<DeploymentStatus>) {
    fn environment(&self) -> &str {
        &self.0.environment
    }

    fn is_lasting(&self) -> bool {
        !self.0.transient_environment
    }

    fn created(&self) -> Timestamp {
        self.0.created_at
    }

    fn run(&self) -> Option<u64> {
        self.1.as_ref().and_then(DeploymentStatus::run)
    }
}

impl Known {
    fn all_jobs(&self) -> Vec<Job> {
        let waits = self.run.status.as_deref() == Some("waiting");
        let gates = self.gates.iter().filter(|_| waits).map(PendingDeployment::model);
        self.jobs.rows().iter().map(WorkflowJob::model).chain(gates).collect()
    }
}

impl State {
    /// The repository of this name.
    pub(super) fn repo(&mut self, name: &RawText) -> &mut Repo {
        self.repos.entry(name.clone()).or_default()
    }

    /// The attempt with this id, as it stands in a [`Run`], and the repository that it is of.
    pub(super) fn attempt(&self, run: &RawText) -> Option<(&RawText, (u64, u32))> {
        let (id, attempt) = run.as_str()?.split_once('/')?;
        let key = (id.parse().ok()?, attempt.parse().ok()?);
        self.repos.iter().find_map(|(name, repo)| repo.runs.contains_key(&key).then_some((name, key)))
    }

    /// The job with these ids, as they stand in a [`Run`], and the repository that it is of.
    pub(super) fn job(&self, run: &RawText, job: &RawText) -> Option<(&RawText, &WorkflowJob)> {
        let (name, key) = self.attempt(run)?;
        Some((name, self.repos.get(name)?.job(key, job.as_str()?.parse().ok()?)?))
    }

    /// The steps of this job.
    pub(super) fn steps(&self, run: &RawText, job: &RawText) -> &[WorkflowStep] {
        self.job(run, job).map_or(&[], |(_, job)| &job.steps)
    }
}
