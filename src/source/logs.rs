//! Sources of log lines.

mod access;
mod batch;
pub mod command;
pub mod file;
pub mod journald;
pub mod local;
mod program;
#[cfg(test)]
mod testing;
