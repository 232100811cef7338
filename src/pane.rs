//! The panes: each its own state, update and drawing. A pane never reads another.

pub mod alerts;
pub mod changes;
pub mod coverage;
pub mod diagnostics;
pub mod document;
pub mod drill;
pub mod effect;
pub mod graph;
pub mod help;
pub mod keeping;
pub mod logs;
pub mod notes;
pub mod palette;
pub mod past;
pub mod patterns;
pub mod pipelines;
mod plot;
pub mod runbook;
pub mod sending;
pub mod shown;
mod sort;
pub mod sources;
pub mod view;
pub mod welcome;
