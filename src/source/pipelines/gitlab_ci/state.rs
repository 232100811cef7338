//! What is known of each project between rounds, and what still has to be asked about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::wire::{Deployment, Pipeline, PipelineJob};
use crate::model::run::Run;
use crate::model::text::RawText;

/// Pipelines that ended are shown for so long, deployments too.
const SHOWN: SignedDuration = SignedDuration::from_hours(24);
/// What is not over, and the last pipeline of a project, are shown for so long.
const LAST_SHOWN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So many pipelines of a project are asked about in one round; the others in the next.
const PIPELINES: usize = 20;

/// What is known of all projects.
#[derive(Default)]
pub struct State {
    pub(super) projects: BTreeMap<RawText, Project>,
    pub(super) groups: BTreeMap<RawText, Group>,
    /// Whether this round looks back: then only what failed or is at work is asked about.
    pub(super) looks_back: bool,
    /// Projects whose pipelines this round asks for.
    pub(super) asked: BTreeSet<RawText>,
}

/// What is known of a group.
#[derive(Default)]
pub(super) struct Group {
    /// Its projects, the one in which something happened last in front.
    pub(super) projects: Vec<RawText>,
    pub(super) asked: Option<Timestamp>,
    /// Whether it has more.
    pub(super) is_cut: bool,
}

/// What is known of one project.
#[derive(Default)]
pub(super) struct Project {
    pipelines: BTreeMap<u64, Known>,
    deployments: BTreeMap<u64, Deployment>,
    /// Whether the pages of the list have not all been read: the next round begins anew.
    pub(super) unread: bool,
    /// Whether there was more to list than is read.
    pub(super) is_cut: bool,
    /// Whether its last pipeline, of whatever age, was asked for.
    pub(super) looked: bool,
}

struct Known {
    pipeline: Pipeline,
    jobs: Vec<PipelineJob>,
    /// Whether who, when and the jobs are not known as they are in the end.
    is_open: bool,
}

impl Project {
    /// Takes a pipeline as a list gives it, or as it is given alone.
    pub(super) fn take(&mut self, mut pipeline: Pipeline, looks_back: bool) {
        let settled = pipeline.is_settled();
        if let Some(known) = self.pipelines.get_mut(&pipeline.id) {
            known.is_open |= !settled || pipeline.changed() != known.pipeline.changed();
            if settled == known.pipeline.is_settled() {
                pipeline.keep_from(&known.pipeline);
            }
            known.pipeline = pipeline;
        } else {
            let is_open = !settled || !looks_back || !pipeline.is_over() || pipeline.has_failed();
            self.pipelines.insert(pipeline.id, Known { pipeline, jobs: Vec::new(), is_open });
        }
    }

    /// Whether this pipeline is known as it is now.
    pub(super) fn knows(&self, pipeline: &Pipeline) -> bool {
        let known = self.pipelines.get(&pipeline.id);
        known.is_some_and(|known| known.pipeline.changed() == pipeline.changed())
    }

    /// Forgets a pipeline that was deleted.
    pub(super) fn forget(&mut self, id: u64) {
        self.pipelines.remove(&id);
    }

    /// Takes the first or a further page of a pipeline's jobs.
    pub(super) fn take_jobs(&mut self, id: u64, jobs: Vec<PipelineJob>, is_first: bool) {
        if let Some(known) = self.pipelines.get_mut(&id) {
            if is_first {
                known.jobs.clear();
            }
            known.jobs.extend(jobs);
            // Stages are in the order of the first of their jobs.
            known.jobs.sort_by_key(|job| job.id);
        }
        self.jobs_are_current(id);
    }

    /// The jobs of a pipeline are as they were.
    pub(super) fn jobs_are_current(&mut self, id: u64) {
        if let Some(known) = self.pipelines.get_mut(&id) {
            known.is_open = !known.pipeline.is_settled();
        }
    }

    /// Takes the newest deployments.
    pub(super) fn take_deployments(&mut self, deployments: Vec<Deployment>) {
        self.deployments = deployments.into_iter().map(|deployment| (deployment.id, deployment)).collect();
    }

    /// The pipelines that have to be asked about, the newest first, and how many jobs of each are known.
    pub(super) fn wanted(&self) -> Vec<(u64, usize)> {
        let open = self.pipelines.iter().rev().filter(|(_, known)| known.is_open);
        open.map(|(id, known)| (*id, known.jobs.len())).take(PIPELINES).collect()
    }

    /// Forgets pipelines that are shown no more.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let last = self.pipelines.last_key_value().map(|(id, _)| *id);
        self.pipelines.retain(|id, Known { pipeline, .. }| {
            let long = pipeline.is_pending() || last == Some(*id);
            let shown = if long { LAST_SHOWN } else { SHOWN };
            now.duration_since(pipeline.changed()) <= shown
        });
    }

    /// Those of the last day, and the last one into each environment.
    fn shown_deployments(&self, now: Timestamp) -> Vec<&Deployment> {
        let mut seen = BTreeSet::new();
        let newest_first = self.deployments.values().rev();
        let shown = newest_first.filter(|deployment| {
            let is_last = seen.insert(deployment.environment());
            is_last || now.duration_since(deployment.created_at) <= SHOWN
        });
        shown.collect()
    }

    /// What is shown of this project. A pipeline that deploys to one place is that deployment; one
    /// that deploys to several has a row for each.
    pub(super) fn runs(&self, name: &RawText, now: Timestamp) -> Vec<Arc<Run>> {
        let deployments = self.shown_deployments(now);
        let mut places: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
        for deployment in &deployments {
            if let Some(pipeline) = deployment.pipeline() {
                places.entry(pipeline).or_default().insert(deployment.environment());
            }
        }
        let place = |id: u64| places.get(&id).filter(|places| places.len() == 1)?.first().copied();
        let of_pipeline = |(id, known): (&u64, &Known)| {
            let jobs = known.jobs.iter().map(PipelineJob::model).collect();
            Arc::new(known.pipeline.model(name, place(*id).map(RawText::from), jobs))
        };
        let is_told = |deployment: &&&Deployment| {
            let pipeline = deployment.pipeline();
            pipeline.is_some_and(|id| place(id).is_some() && self.pipelines.contains_key(&id))
        };
        let own = deployments.iter().filter(|deployment| !is_told(deployment));
        let own = own.map(|deployment| Arc::new(deployment.model(name)));
        self.pipelines.iter().rev().map(of_pipeline).chain(own).collect()
    }
}

impl State {
    /// The project of this name.
    pub(super) fn project(&mut self, name: &RawText) -> &mut Project {
        self.projects.entry(name.clone()).or_default()
    }

    /// The job with these ids, as they stand in a [`Run`], and the project that it is of.
    pub(super) fn job(&self, run: &RawText, job: &RawText) -> Option<(&RawText, &PipelineJob)> {
        let id: u64 = run.as_str()?.parse().ok()?;
        let job: u64 = job.as_str()?.parse().ok()?;
        self.projects.iter().find_map(|(name, project)| {
            let known = project.pipelines.get(&id)?;
            Some((name, known.jobs.iter().find(|known| known.id == job)?))
        })
    }
}
