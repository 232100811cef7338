//! The only room that writes files: private directories, atomic writes, framed journals, locks.
//!
//! Nothing here reads a clock or an environment variable of midwatch: both are arguments.

pub mod atomic;
pub mod crash;
pub mod dirs;
pub mod error;
pub mod export;
pub mod files;
pub mod history;
pub mod journal;
pub mod last;
pub mod lock;
pub mod notes;
pub mod recording;
pub mod share;
pub mod team;
