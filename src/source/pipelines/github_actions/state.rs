//! What is known of each repository between rounds, and what still has to be asked about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::wire::{Deployment, DeploymentStatus, PendingDeployment, WorkflowJob, WorkflowRun, WorkflowStep};
use crate::model::run::{Job, Run};
use crate::model::text::RawText;

/// Runs that ended are shown for so long.
const SHOWN: SignedDuration = SignedDuration::from_hours(24);
/// The last run of a workflow is shown for so long, so that a quiet repository shows how it stands.
const LAST_SHOWN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// GitHub ends what has run for so long; one that is older and not over never will be.
const LONGEST: SignedDuration = SignedDuration::from_hours(35 * 24);
/// Jobs of so many runs of a repository are asked for in one round; the others in the next.
const JOBS: usize = 30;
/// So many attempts before the last one are asked for.
const ATTEMPTS: u32 = 3;
/// A run with more jobs than this has several pages of them.
pub(super) const PAGE_OF_JOBS: usize = 100;

/// What is known of all repositories.
#[derive(Default)]
pub struct State {
    pub(super) repos: BTreeMap<RawText, Repo>,
    /// When this round began.
    pub(super) now: Timestamp,
    /// Whether this round looks back: then only the jobs of what failed are of interest.
    pub(super) looks_back: bool,
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
    /// Whether the pages of the list have not all been read: the next round begins anew.
    pub(super) unread: bool,
    /// Whether the first page of the list reaches back less than a day: then an older run that was
    /// started anew is not on it.
    pub(super) is_busy: bool,
    /// Whether there was more to list than is read.
    pub(super) is_cut: bool,
}

/// One attempt of a run.
struct Known {
    run: WorkflowRun,
    jobs: Vec<WorkflowJob>,
    gates: Vec<PendingDeployment>,
    /// Whether its jobs are not known as they are in the end.
    wants_jobs: bool,
}

/// What still has to be asked about a repository.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// The run with its newest attempt.
    Run(u64),
    /// An earlier attempt.
    Attempt(u64, u32),
    /// The jobs of an attempt; whether an answer that did not change says nothing new.
    Jobs(u64, u32, bool),
    /// What a run waits for.
    Gates(u64, u32),
    /// How far a deployment is.
    Status(u64),
}

impl Repo {
    /// Takes attempts as they are now.
    pub(super) fn take_runs(&mut self, runs: Vec<WorkflowRun>, looks_back: bool) {
        for run in runs {
            self.take_run(run, looks_back);
        }
    }

    /// Takes an attempt as it is now.
    pub(super) fn take_run(&mut self, run: WorkflowRun, looks_back: bool) {
        let key = (run.id, run.run_attempt);
        if let Some(known) = self.runs.get_mut(&key) {
            known.wants_jobs |= run.updated_at != known.run.updated_at || !run.is_completed();
            known.run = run;
        } else {
            let wants_jobs = !run.is_completed() || !looks_back || run.has_failed();
            self.runs.insert(key, Known { run, jobs: Vec::new(), gates: Vec::new(), wants_jobs });
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

    /// Takes the first or a further page of an attempt's jobs.
    pub(super) fn take_jobs(&mut self, key: (u64, u32), jobs: Vec<WorkflowJob>, is_first: bool) {
        if let Some(known) = self.runs.get_mut(&key) {
            if is_first {
                known.jobs.clear();
            }
            known.jobs.extend(jobs);
        }
        self.jobs_are_current(key);
    }

    /// The jobs of an attempt are as they were.
    pub(super) fn jobs_are_current(&mut self, key: (u64, u32)) {
        if let Some(known) = self.runs.get_mut(&key) {
            known.wants_jobs = !known.run.is_completed();
        }
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
                    wanted.push(Wanted::Gates(*id, *attempt));
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
        let known = self.runs.get(&key).filter(|known| known.wants_jobs)?;
        Some(Wanted::Jobs(key.0, key.1, known.jobs.len() < PAGE_OF_JOBS))
    }

    /// What has to be asked about the deployments.
    pub(super) fn wanted_statuses(&self, now: Timestamp) -> Vec<Wanted> {
        let is_open =
            |status: &Option<DeploymentStatus>| status.as_ref().is_none_or(|status| !status.is_last());
        let shown = self.shown_deployments(now).into_iter().filter(|(_, status)| is_open(status));
        shown.map(|(deployment, _)| Wanted::Status(deployment.id)).collect()
    }

    fn newest_attempt(&self, id: u64) -> u32 {
        self.runs.range((id, 0)..=(id, u32::MAX)).next_back().map_or(1, |((_, attempt), _)| *attempt)
    }

    /// Those of the last day, and the last one into each environment.
    fn shown_deployments(&self, now: Timestamp) -> Vec<&(Deployment, Option<DeploymentStatus>)> {
        let mut seen = BTreeSet::new();
        let newest_first = self.deployments.values().rev();
        let shown = newest_first.filter(|(deployment, _)| {
            let is_last = !deployment.transient_environment && seen.insert(&deployment.environment);
            is_last || now.duration_since(deployment.created_at) <= SHOWN
        });
        shown.collect()
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
                age(run.updated_at) <= SHOWN
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
        // A run that deploys to one place is that deployment; one that deploys to several has a row
        // for each.
        let mut by_run: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
        for (deployment, status) in &deployments {
            if let Some(run) = status.as_ref().and_then(DeploymentStatus::run) {
                by_run.entry(run).or_default().insert(&deployment.environment);
            }
        }
        let place = |id: u64| {
            let only = by_run.get(&id).filter(|environments| environments.len() == 1)?;
            only.first().map(|environment| RawText::from(*environment))
        };
        let of_run = |known: &Known| {
            let gate = match known.gates.as_slice() {
                [gate] if known.run.status.as_deref() == Some("waiting") => {
                    Some(RawText::from(gate.environment.name.as_str()))
                }
                _ => None,
            };
            let is_newest = known.run.run_attempt == self.newest_attempt(known.run.id);
            let environment = place(known.run.id).or(gate).filter(|_| is_newest);
            Arc::new(known.run.model(name, environment, known.all_jobs()))
        };
        let is_told_by_run = |status: &Option<DeploymentStatus>| {
            let run = status.as_ref().and_then(DeploymentStatus::run);
            run.is_some_and(|run| place(run).is_some() && self.knows_id(run))
        };
        let own = deployments.iter().filter(|(_, status)| !is_told_by_run(status));
        let own = own.map(|(deployment, status)| Arc::new(deployment.model(name, status.as_ref())));
        self.runs.values().rev().map(of_run).chain(own).collect()
    }

    fn knows_id(&self, id: u64) -> bool {
        self.runs.range((id, 0)..=(id, u32::MAX)).next().is_some()
    }

    /// A job and what is known of its steps.
    fn job(&self, key: (u64, u32), job: u64) -> Option<&WorkflowJob> {
        self.runs.get(&key)?.jobs.iter().find(|known| known.id == job)
    }
}

impl Known {
    fn all_jobs(&self) -> Vec<Job> {
        let waits = self.run.status.as_deref() == Some("waiting");
        let gates = self.gates.iter().filter(|_| waits).map(PendingDeployment::model);
        self.jobs.iter().map(WorkflowJob::model).chain(gates).collect()
    }
}

impl State {
    /// The repository of this name.
    pub(super) fn repo(&mut self, name: &RawText) -> &mut Repo {
        self.repos.entry(name.clone()).or_default()
    }

    /// The job with these ids, as they stand in a [`Run`], and the repository that it is of.
    pub(super) fn job(&self, run: &RawText, job: &RawText) -> Option<(&RawText, &WorkflowJob)> {
        let (id, attempt) = run.as_str()?.split_once('/')?;
        let key = (id.parse().ok()?, attempt.parse().ok()?);
        let job = job.as_str()?.parse().ok()?;
        self.repos.iter().find_map(|(name, repo)| Some((name, repo.job(key, job)?)))
    }

    /// The steps of this job.
    pub(super) fn steps(&self, run: &RawText, job: &RawText) -> &[WorkflowStep] {
        self.job(run, job).map_or(&[], |(_, job)| &job.steps)
    }
}
