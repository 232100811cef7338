//! What a person can do: one table of commands, and the keys that run them.

pub mod bindings;
pub mod keymap;
pub mod table;
