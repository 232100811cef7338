//! Faults on purpose, to see that the way out holds. Only debug builds have any.
//!
//! `MIDWATCH_FAULT` names one of the places that call in here: `start`, `loop`, `task`, `input`,
//! `writer`. A release build does not look at it.

/// Panics if this place is the one named.
pub(super) fn panic(place: &str) {
    assert!(!named(place), "a fault on purpose in {place}: \u{1b}]0;title\u{7}\u{202e}hostile");
}

/// Fails if this place is the one named.
pub(super) fn error(place: &str) -> std::io::Result<()> {
    if named(place) { Err(std::io::Error::other("a fault on purpose")) } else { Ok(()) }
}

fn named(place: &str) -> bool {
    cfg!(debug_assertions) && std::env::var_os("MIDWATCH_FAULT").is_some_and(|named| named == place)
}
