//! Sources of runs.

pub mod buildbot;
pub mod github_actions;
pub mod gitlab_ci;
mod lines;
