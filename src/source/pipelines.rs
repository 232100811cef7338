//! Sources of runs.

pub mod buildbot;
mod deployments;
pub mod github_actions;
pub mod gitlab_ci;
mod lines;
mod pages;

use std::sync::Arc;

use crate::model::run::Run;
use crate::model::update::Snapshot;

/// What a source of runs says, the run that began last first.
fn newest_first(mut runs: Vec<Arc<Run>>) -> Snapshot {
    runs.sort_by_key(|run| std::cmp::Reverse(run.began()));
    Snapshot { runs, ..Snapshot::default() }
}
