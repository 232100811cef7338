//! What is looked for in the pad.

use crate::command::table::Id;
use crate::pane::effect::Outcome;
use crate::ui::editor::{Editor, Step};

/// The text that `/` asked for last.
#[derive(Debug, Default)]
pub(super) struct Finder {
    wanted: String,
}

impl Finder {
    /// Goes to where this stands next.
    pub(super) fn look_for(&mut self, text: &str, pad: &mut Editor) {
        text.clone_into(&mut self.wanted);
        pad.find(text, Step::Here);
    }

    /// What is looked for; empty if nothing is.
    pub(super) fn text(&self) -> &str {
        &self.wanted
    }

    /// How many lines have it, and how many there are.
    pub(super) fn counts(&self, pad: &Editor) -> (usize, usize) {
        (pad.lines_with(&self.wanted), pad.lines().len())
    }

    /// Goes on, or back.
    pub(super) fn go(&self, id: Id, pad: &mut Editor) -> Outcome {
        if self.wanted.is_empty() {
            return Outcome::notice("Type what to look for: / and the text.");
        }
        let step = if id == Id::FindNext { Step::Next } else { Step::Previous };
        if pad.find(&self.wanted, step) {
            Outcome::default()
        } else {
            Outcome::notice("It stands nowhere in the pad.")
        }
    }

    /// Looks for nothing any more; false if it did not.
    pub(super) fn back(&mut self) -> bool {
        !std::mem::take(&mut self.wanted).is_empty()
    }
}
