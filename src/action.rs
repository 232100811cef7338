//! What a person has to have seen and said before something outside is changed.

pub mod confirm;
