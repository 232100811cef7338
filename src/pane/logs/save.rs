//! Saves the lines in force to a file.

use std::sync::Arc;

use crate::logs::extract::Extract;
use crate::model::text::RawText;
use crate::pane::effect::{Effect, Outcome, Save};
use crate::pane::logs::Logs;
use crate::pane::view::View;
use crate::safe;

impl Logs {
    /// Saves every line in force, also those that are not in sight, and what is shown around hits.
    pub fn save(&self, path: RawText, view: &View<'_>) -> Outcome {
        if self.is_searching(view) {
            return Outcome::notice(
                "Lines are still looked for: save again when the border says so no more.",
            );
        }
        let extract = Extract::of(&self.merged(view), self.context.lines, &self.hidden);
        let (known, all) = view.logs.known_pieces();
        let lacks = match (extract.missing(), known < all) {
            (_, true) => {
                Some("Not all of the file was known yet; midwatch logs query reads all of it.".into())
            }
            (0, false) => None,
            (lines, false) => Some(safe!(
                "{} lines are only in the file and not in memory; midwatch logs query writes them too.",
                lines
            )),
        };
        let save = Save { path, lines: Arc::new(extract), lacks };
        Outcome { effects: vec![Effect::Save(save)], ..Outcome::default() }
    }
}
