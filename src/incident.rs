//! What is made of an incident's record afterwards: documents as trees, the templates that say what stands in
//! them, and the forms that they are written in. Pure: it reads no file and no clock.

pub mod bounds;
pub mod document;
pub mod facts;
pub mod fill;
pub mod handoff;
pub mod known;
pub mod lint;
pub mod paper;
pub mod row;
pub mod templates;
pub mod write;
