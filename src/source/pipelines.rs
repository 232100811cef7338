//! Sources of runs.

pub mod buildbot;
