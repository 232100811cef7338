//! What is known of each project between rounds, and what still has to be asked about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::wire::{Deployment, Pipeline, PipelineJob};
use crate::model::health::Failure;
use crate::model::run::Run;
use crate::model::text::RawText;
use crate::source::pipelines::deployments::{Deployments, Deploys};
use crate::source::pipelines::pages::{BACK, Jobs, Listing};
use crate::source::poll::of_part;

/// What is not over, and the last pipeline of a project, are shown for so long.
const LAST_SHOWN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So many pipelines of a project are asked about in one round; the others in the next.
const PIPELINES: usize = 20;

/// What is known of all projects.
#[derive(Default)]
pub struct State {
    pub(super) projects: BTreeMap<RawText, Project>,
    pub(super) groups: BTreeMap<RawText, Group>,
    /// When this round began.
    pub(super) now: Timestamp,
    /// When we came in, or back after a gap. Of what had ended before that, only what failed is asked
    /// about.
    pub(super) entered: Timestamp,
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
    pub(super) listing: Listing,
    /// Whether its last pipeline, of whatever age, was asked for.
    pub(super) looked: bool,
}

struct Known {
    pipeline: Pipeline,
    jobs: Jobs<PipelineJob>,
    /// Whether who and when, which only the pipeline alone tells, are not known as they are in the end.
    wants_facts: bool,
}

/// What still has to be asked about a pipeline. Conditional: what an unchanged answer stands for is
/// known here.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    /// Who and when.
    Facts { id: u64, conditional: bool },
    /// Its jobs.
    Jobs { pipeline: u64, is_over: bool, conditional: bool },
}

impl Project {
    /// Takes a pipeline as a list gives it.
    pub(super) fn take(&mut self, pipeline: Pipeline, entered: Timestamp) {
        if self.pipelines.contains_key(&pipeline.id) {
            return self.take_known(pipeline);
        }
        let wants_facts = pipeline.changed() > entered || !pipeline.is_over() || pipeline.has_failed();
        let jobs = Jobs::new(wants_facts);
        self.pipelines.insert(pipeline.id, Known { pipeline, jobs, wants_facts });
    }

    fn take_known(&mut self, mut pipeline: Pipeline) {
        let Some(known) = self.pipelines.get_mut(&pipeline.id) else { return };
        let settled = pipeline.is_settled();
        if !settled || pipeline.changed() != known.pipeline.changed() {
            (known.wants_facts, known.jobs.are_wanted) = (true, true);
        }
        if settled == known.pipeline.is_settled() {
            pipeline.keep_from(&known.pipeline);
        }
        known.pipeline = pipeline;
    }

    /// Takes a pipeline as it is given alone.
    pub(super) fn take_facts(&mut self, pipeline: Pipeline) {
        let id = pipeline.id;
        self.take_known(pipeline);
        self.facts_are_current(id);
    }

    /// Who and when are as they were.
    pub(super) fn facts_are_current(&mut self, id: u64) {
        if let Some(known) = self.pipelines.get_mut(&id) {
            known.wants_facts = !known.pipeline.is_settled();
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

    /// The jobs of a pipeline.
    pub(super) fn jobs(&mut self, id: u64) -> Option<&mut Jobs<PipelineJob>> {
        self.pipelines.get_mut(&id).map(|known| &mut known.jobs)
    }

    /// Takes the newest deployments.
    pub(super) fn take_deployments(&mut self, deployments: Vec<Deployment>) {
        self.deployments = deployments.into_iter().map(|deployment| (deployment.id, deployment)).collect();
    }

    /// What has to be asked about the pipelines, the newest first.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let is_open = |(_, known): &(&u64, &Known)| known.wants_facts || known.jobs.are_wanted;
        let open = self.pipelines.iter().rev().filter(is_open).take(PIPELINES);
        let of_pipeline = |(id, known): (&u64, &Known)| {
            let Known { pipeline, jobs, wants_facts } = known;
            let (id, is_over) = (*id, pipeline.is_settled());
            let facts = Wanted::Facts { id, conditional: pipeline.has_facts() };
            let of_jobs = Wanted::Jobs { pipeline: id, is_over, conditional: jobs.are_on_one_page() };
            wants_facts.then_some(facts).into_iter().chain(jobs.are_wanted.then_some(of_jobs))
        };
        open.flat_map(of_pipeline).collect()
    }

    /// What is not shown of this project, and why.
    pub(super) fn left_out(&self, now: Timestamp) -> Vec<Failure> {
        let of_pipeline = |(id, known): (&u64, &Known)| {
            Some(of_part(&format!("pipeline {id}").into(), known.jobs.left_out()?.clone()))
        };
        self.listing.left_out(now).into_iter().chain(self.pipelines.iter().filter_map(of_pipeline)).collect()
    }

    /// Forgets pipelines that are shown no more.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let last = self.pipelines.last_key_value().map(|(id, _)| *id);
        self.pipelines.retain(|id, Known { pipeline, .. }| {
            let long = pipeline.is_pending() || last == Some(*id);
            let shown = if long { LAST_SHOWN } else { BACK };
            now.duration_since(pipeline.changed()) <= shown
        });
    }

    /// What is shown of this project.
    pub(super) fn runs(&self, name: &RawText, now: Timestamp) -> Vec<Arc<Run>> {
        let deployments = Deployments::new(self.deployments.values().rev(), now);
        let of_pipeline = |(id, known): (&u64, &Known)| {
            let mut jobs: Vec<&PipelineJob> = known.jobs.rows().iter().collect();
            // Stages are in the order of the first of their jobs.
            jobs.sort_by_key(|job| job.id);
            let jobs = jobs.into_iter().map(PipelineJob::model).collect();
            Arc::new(known.pipeline.model(name, deployments.place(*id), jobs))
        };
        let own = deployments.own(|id| self.pipelines.contains_key(&id));
        let own = own.map(|deployment| Arc::new(deployment.model(name)));
        self.pipelines.iter().rev().map(of_pipeline).chain(own).collect()
    }
}

impl Deploys for Deployment {
    fn environment(&self) -> &str {
        self.environment()
    }

    fn created(&self) -> Timestamp {
        self.created_at
    }

    fn run(&self) -> Option<u64> {
        self.pipeline()
    }
}

impl State {
    /// The job with these ids, as they stand in a [`Run`], and the project that it is of.
    pub(super) fn job(&self, run: &RawText, job: &RawText) -> Option<(&RawText, &PipelineJob)> {
        let id: u64 = run.as_str()?.parse().ok()?;
        let job: u64 = job.as_str()?.parse().ok()?;
        self.projects.iter().find_map(|(name, project)| {
            let known = project.pipelines.get(&id)?;
            Some((name, known.jobs.rows().iter().find(|known| known.id == job)?))
        })
    }
}
