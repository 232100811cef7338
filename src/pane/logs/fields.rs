//! Which fields of a line are shown.

use crate::logs::choice::Choice;
use crate::model::text::{RawText, clean};
use crate::pane::effect::Outcome;
use crate::pane::logs::Logs;
use crate::safe;

impl Logs {
    /// Shows only the fields that are written, or all but those behind a `-`; all without a word.
    pub fn show_fields(&mut self, written: &str) -> Outcome {
        let choice = Choice::parse(written);
        self.stale |= choice != self.fields;
        self.fields = choice;
        if self.fields.is_all() {
            return Outcome::notice(
                "Lines are shown as they are. :fields level,msg shows only those fields, :fields -trace_id all but that.",
            );
        }
        let text = clean(&RawText::from(self.fields.text()));
        Outcome::notice(safe!("Fields of lines: {}. :fields shows lines as they are; Enter opens one.", text))
    }
}
