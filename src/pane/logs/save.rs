//! Saves the lines in force to a file: one save at a time, which Esc stops.

use std::sync::Arc;

use crate::logs::extract::Extract;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::effect::{Effect, Outcome, Save};
use crate::pane::logs::Logs;
use crate::pane::view::View;
use crate::safe;

/// Lines that are being written.
#[derive(Debug)]
pub(super) struct Saving {
    path: SafeText,
    percent: u8,
    /// The person wants no more of it, which is not said yet.
    is_unwanted: bool,
}

impl Logs {
    /// Saves every line in force, also those that are not in sight or only in a file, and what is shown
    /// around hits.
    pub fn save(&mut self, path: RawText, view: &View<'_>) -> Outcome {
        if let Some(saving) = &self.saving {
            return Outcome::notice(safe!("Lines are still being saved to {}; Esc stops that.", saving.path));
        }
        let (known, all) = view.logs.known_pieces();
        if known < all {
            return Outcome::notice(
                "The file is not all known yet: save again when the border says so no more.",
            );
        }
        if self.is_searching(view) {
            return Outcome::notice(
                "Lines are still looked for: save again when the border says so no more.",
            );
        }
        let shown = clean(&path);
        let notice = safe!("Saving to {}; Esc stops it.", shown);
        self.saving = Some(Saving { path: shown, percent: 0, is_unwanted: false });
        let extract = Extract::of(&self.merged(view), self.context.lines, &self.hidden);
        let save = Save { path, lines: Arc::new(extract) };
        Outcome { effects: vec![Effect::Save(save)], ..Outcome::notice(notice) }
    }

    /// Takes how far it is.
    pub fn save_goes_on(&mut self, percent: u8) {
        if let Some(saving) = &mut self.saving {
            saving.percent = percent;
        }
    }

    /// Takes that it has ended.
    pub fn save_has_ended(&mut self) {
        self.saving = None;
    }

    /// Stops it; false if there is none.
    pub fn stop_saving(&mut self) -> bool {
        let saving = self.saving.as_mut();
        saving.map(|saving| saving.is_unwanted = true).is_some()
    }

    /// What is to be said of it to who writes.
    pub fn stops_saving(&mut self) -> Option<Effect> {
        let saving = self.saving.as_mut()?;
        std::mem::take(&mut saving.is_unwanted).then_some(Effect::StopSaving)
    }

    /// Where lines are being saved to.
    pub fn saves_to(&self) -> Option<&SafeText> {
        self.saving.as_ref().map(|saving| &saving.path)
    }

    /// How far it is, of a hundred.
    pub(super) fn saved_percent(&self) -> Option<u8> {
        self.saving.as_ref().map(|saving| saving.percent)
    }
}
