//! Pure answers over the model: what may have caused what, and what is the same.

pub mod changes;
pub mod concern;
pub mod drill;
pub mod events;
pub mod fault;
pub mod similar;
pub mod suggest;
