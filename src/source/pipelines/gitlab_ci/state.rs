//! What is known of each project between rounds, and what still has to be asked about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::wire::{Deployment, Pipeline, PipelineJob};
use crate::model::health::Failure;
use crate::model::run::{Job, Run};
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
    /// Its jobs that start other pipelines.
    bridges: Jobs<PipelineJob>,
    /// The pipeline that started it, of which its jobs are shown as parts.
    parent: Option<u64>,
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
    /// Its jobs that start other pipelines.
    Bridges { pipeline: u64, is_over: bool, conditional: bool },
}

impl Known {
    fn new(pipeline: Pipeline, parent: Option<u64>, entered: Timestamp) -> Self {
        let wanted = pipeline.changed() > entered || !pipeline.is_over() || pipeline.has_failed();
        Self { pipeline, jobs: Jobs::new(wanted), bridges: Jobs::new(wanted), parent, wants_facts: wanted }
    }

    fn take(&mut self, mut pipeline: Pipeline) {
        let settled = pipeline.is_settled();
        if !settled || pipeline.changed() != self.pipeline.changed() {
            (self.wants_facts, self.jobs.are_wanted, self.bridges.are_wanted) = (true, true, true);
        }
        if settled == self.pipeline.is_settled() {
            pipeline.keep_from(&self.pipeline);
        }
        self.pipeline = pipeline;
    }

    fn wanted(&self, id: u64) -> Vec<Wanted> {
        let is_over = self.pipeline.is_settled();
        let facts = Wanted::Facts { id, conditional: self.pipeline.has_facts() };
        let jobs = Wanted::Jobs { pipeline: id, is_over, conditional: self.jobs.are_on_one_page() };
        let bridges = Wanted::Bridges { pipeline: id, is_over, conditional: self.bridges.are_on_one_page() };
        let all =
            [(self.wants_facts, facts), (self.jobs.are_wanted, jobs), (self.bridges.are_wanted, bridges)];
        all.into_iter().filter_map(|(is_wanted, ask)| is_wanted.then_some(ask)).collect()
    }
}

impl Project {
    /// Takes a pipeline as a list gives it, or as what its parent has started.
    pub(super) fn take(&mut self, pipeline: Pipeline, parent: Option<u64>, entered: Timestamp) {
        match self.pipelines.get_mut(&pipeline.id) {
            Some(known) => known.take(pipeline),
            None => drop(self.pipelines.insert(pipeline.id, Known::new(pipeline, parent, entered))),
        }
    }

    /// Takes a pipeline as it is given alone.
    pub(super) fn take_facts(&mut self, pipeline: Pipeline) {
        let id = pipeline.id;
        if let Some(known) = self.pipelines.get_mut(&id) {
            known.take(pipeline);
        }
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

    /// The jobs of a pipeline that start other pipelines.
    pub(super) fn bridges(&mut self, id: u64) -> Option<&mut Jobs<PipelineJob>> {
        self.pipelines.get_mut(&id).map(|known| &mut known.bridges)
    }

    /// Takes the pipelines of this project that a pipeline has started. One of another project is in
    /// that project's list; these are in none. Returns what has to be asked about those that are new:
    /// all, since bridges are asked for only where somebody wants to know.
    pub(super) fn take_children(&mut self, id: u64, bridges: &[PipelineJob]) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for child in bridges.iter().filter_map(|bridge| bridge.downstream_pipeline.clone()) {
            if !self.pipelines.get(&id).is_some_and(|known| known.pipeline.is_beside(&child)) {
                continue;
            }
            let (started, is_new) = (child.id, !self.pipelines.contains_key(&child.id));
            self.take(child, Some(id), Timestamp::MIN);
            let known = self.pipelines.get(&started).filter(|_| is_new);
            wanted.extend(known.into_iter().flat_map(|known| known.wanted(started)));
        }
        wanted
    }

    /// Takes the newest deployments.
    pub(super) fn take_deployments(&mut self, deployments: Vec<Deployment>) {
        self.deployments = deployments.into_iter().map(|deployment| (deployment.id, deployment)).collect();
    }

    /// What has to be asked about the pipelines, the newest first.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let is_open = |(_, known): &(&u64, &Known)| {
            known.wants_facts || known.jobs.are_wanted || known.bridges.are_wanted
        };
        let open = self.pipelines.iter().rev().filter(is_open).take(PIPELINES);
        open.flat_map(|(id, known)| known.wanted(*id)).collect()
    }

    /// The jobs of a pipeline.
    pub(super) fn jobs_of(&self, id: u64) -> Option<Wanted> {
        let Known { pipeline, jobs, .. } = self.pipelines.get(&id)?;
        let (is_over, conditional) = (pipeline.is_settled(), jobs.are_on_one_page());
        Some(Wanted::Jobs { pipeline: id, is_over, conditional })
    }

    /// Somebody looks at a pipeline: what there is besides its jobs is wanted too.
    pub(super) fn want(&mut self, id: u64, jobs_too: bool) {
        if let Some(known) = self.pipelines.get_mut(&id) {
            (known.wants_facts, known.bridges.are_wanted) = (true, true);
            known.jobs.are_wanted |= jobs_too;
        }
    }

    /// What is not shown of this project, and why.
    pub(super) fn left_out(&self, now: Timestamp) -> Vec<Failure> {
        let of_pipeline = |(id, known): (&u64, &Known)| {
            let why = known.jobs.left_out().or(known.bridges.left_out())?;
            Some(of_part(&format!("pipeline {id}").into(), why.clone()))
        };
        self.listing.left_out(now).into_iter().chain(self.pipelines.iter().filter_map(of_pipeline)).collect()
    }

    /// Forgets pipelines that are shown no more.
    pub(super) fn prune(&mut self, now: Timestamp) {
        let last = self.pipelines.iter().rfind(|(_, known)| known.parent.is_none()).map(|(id, _)| *id);
        let mut kept = BTreeSet::new();
        self.pipelines.retain(|id, Known { pipeline, parent, .. }| {
            let long = pipeline.is_pending() || last == Some(*id);
            let shown = if long { LAST_SHOWN } else { BACK };
            let stays = match parent {
                // It came after the one that started it.
                Some(parent) => kept.contains(parent),
                None => now.duration_since(pipeline.changed()) <= shown,
            };
            stays && kept.insert(*id)
        });
    }

    /// What is shown of this project.
    pub(super) fn runs(&self, name: &RawText, now: Timestamp) -> Vec<Arc<Run>> {
        let deployments = Deployments::new(self.deployments.values().rev(), now);
        let of_pipeline = |(id, known): (&u64, &Known)| {
            Arc::new(known.pipeline.model(name, deployments.place(*id), self.shown_jobs(*id)))
        };
        let is_row = |known: &Known| known.parent.is_none();
        let own = deployments.own(|id| self.pipelines.get(&id).is_some_and(is_row));
        let own = own.map(|deployment| Arc::new(deployment.model(name)));
        let rows = self.pipelines.iter().rev().filter(|(_, known)| is_row(known));
        rows.map(of_pipeline).chain(own).collect()
    }

    /// The jobs of a pipeline, as they are shown.
    pub(super) fn shown_jobs(&self, id: u64) -> Vec<Job> {
        let mut jobs = Vec::new();
        if let Some(known) = self.pipelines.get(&id) {
            self.add_jobs(id, known, "", &mut jobs);
        }
        jobs
    }

    /// The jobs of a pipeline; those of a pipeline that one of them started follow it.
    fn add_jobs(&self, id: u64, known: &Known, before: &str, jobs: &mut Vec<Job>) {
        let mut all: Vec<&PipelineJob> = known.jobs.rows().iter().chain(known.bridges.rows()).collect();
        // A job that was started anew has the same name and a new number.
        let (mut first, mut last) = (BTreeMap::new(), BTreeMap::new());
        all.sort_by_key(|job| job.id);
        for job in &all {
            first.entry(job.title()).or_insert(job.id);
            last.insert(job.title(), job.id);
        }
        // Stages are in the order of the first of their jobs.
        all.sort_by_key(|job| (first.get(&job.title()).copied(), job.id));
        let mut told = BTreeSet::new();
        for job in all {
            jobs.push(job.model(before, last.get(&job.title()) == Some(&job.id)));
            let started = job.downstream_pipeline.as_ref().map_or(0, |started| started.id);
            let child = self.pipelines.get(&started).filter(|child| child.parent == Some(id));
            if let Some(child) = child.filter(|_| told.insert(started)) {
                self.add_jobs(started, child, &format!("{before}{} > ", job.title()), jobs);
            }
        }
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
    /// The pipeline with this id, as it stands in a [`Run`], and the project that it is of.
    pub(super) fn pipeline(&self, run: &RawText) -> Option<(&RawText, u64)> {
        let id = run.as_str()?.parse().ok()?;
        let of = |(name, project): (_, &Project)| project.pipelines.contains_key(&id).then_some((name, id));
        self.projects.iter().find_map(of)
    }

    /// The job with these ids, as they stand in a [`Run`], and the project that it is of.
    pub(super) fn job(&self, run: &RawText, job: &RawText) -> Option<(&RawText, &PipelineJob)> {
        let (name, _) = self.pipeline(run)?;
        let job: u64 = job.as_str()?.parse().ok()?;
        // It may be of a pipeline that this one started.
        let mut jobs = self.projects.get(name)?.pipelines.values().flat_map(|known| known.jobs.rows());
        Some((name, jobs.find(|known| known.id == job)?))
    }
}
