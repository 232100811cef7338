//! Pure answers over the model: what may have caused what.

pub mod changes;
