//! midwatch: a terminal operations console for the engineer on call.
//!
//! The rooms, bottom to top. A file may use only rooms of a lower number; rooms of one number
//! are strangers. `tests/architecture.rs` reads this list and keeps it.
//!
//! ```text
//! 0 model
//! 1 insight
//! 1 logs
//! 2 config
//! 3 command
//! 3 net
//! 3 store
//! 4 action
//! 4 incident
//! 4 ui
//! 5 send
//! 5 source
//! 6 pane
//! 7 app
//! 8 runtime
//! 9 cli
//! 10 main
//! ```

pub mod action;
pub mod app;
pub mod cli;
pub mod command;
pub mod config;
pub mod incident;
pub mod insight;
pub mod logs;
pub mod model;
pub mod net;
pub mod pane;
pub mod runtime;
pub mod send;
pub mod source;
pub mod store;
pub mod ui;
