//! Sources of alerts.

pub mod alertmanager;
mod expect;
mod labels;
pub mod prometheus;
