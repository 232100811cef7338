//! What midwatch knows, in its own words. No I/O and no screen.

pub mod text;
