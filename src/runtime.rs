//! The life of the process: terminal, input, output, signals, tasks, and the loop between them.

pub mod backend;
pub mod clock;
pub mod exit;
pub mod input;
pub mod keys;
pub mod panic;
pub mod pen;
mod sequence;
pub mod signals;
pub mod tasks;
pub mod terminal;
pub mod watchdog;
pub mod writer;
