//! What midwatch knows, in its own words. No I/O and no screen.

pub mod alert;
pub mod catalog;
pub mod claim;
pub mod credential;
pub mod diagnostic;
pub mod drill;
pub mod due;
pub mod evidence;
pub mod expression;
pub mod graph;
pub mod health;
pub mod incident;
pub mod keeping;
pub mod limit;
pub mod note;
pub mod outgoing;
pub mod run;
pub mod runbook;
pub mod terms;
pub mod text;
pub mod told;
pub mod transition;
pub mod update;
pub mod words;
pub mod world;
