//! Whether somebody is at the keys.

use jiff::{SignedDuration, Timestamp};

use crate::pane::effect::Effect;

/// Nobody is there when no key was pressed for this long.
const AWAY: SignedDuration = SignedDuration::from_mins(15);

/// When a key was pressed last, and whether the sources rest since.
#[derive(Default)]
pub(super) struct Presence {
    last: Option<Timestamp>,
    rests: bool,
    is_touched: bool,
}

impl Presence {
    /// Whether any key was pressed yet.
    pub(super) fn is_touched(&self) -> bool {
        self.is_touched
    }

    /// Lets the sources rest when nobody has been there for long, and wakes them with a key.
    pub(super) fn pass(&mut self, is_key: bool, now: Timestamp) -> Option<Effect> {
        self.is_touched |= is_key;
        let last = if is_key { now } else { self.last.unwrap_or(now) };
        self.last = Some(last);
        let rests = now.duration_since(last) >= AWAY;
        let changed = rests != std::mem::replace(&mut self.rests, rests);
        changed.then_some(Effect::Rest(rests))
    }
}
