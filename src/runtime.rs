//! The life of the process: terminal, input, output, signals, tasks, and the loop between them.

pub mod backend;
mod clipboard;
pub mod clock;
pub mod console;
pub mod exit;
mod fault;
pub mod follow;
pub mod input;
pub mod keeper;
pub mod keys;
pub mod login;
pub mod memory;
pub mod pace;
pub mod panic;
mod pen;
pub mod plain;
pub mod probe;
pub mod run;
mod sequence;
pub mod session;
pub mod signals;
pub mod still;
pub mod sweep;
pub mod tasks;
pub mod terminal;
pub mod watchdog;
pub mod writer;
