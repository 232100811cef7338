//! What the person configured: keys so far.

pub mod key;
