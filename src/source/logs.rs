//! Sources of log lines.

pub(super) mod access;
pub mod archive;
mod batch;
pub mod command;
pub mod file;
pub mod journald;
mod opened;
mod program;
mod slot;
mod stream;
#[cfg(test)]
mod testing;
mod unpack;
