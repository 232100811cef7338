//! The view of patterns: what it is opened with, what is mined for it, and what a row does to the logs.

use jiff::Timestamp;

use crate::app::App;
use crate::app::place::Place;
use crate::logs::mining::Mined;
use crate::logs::query::Query;
use crate::model::text::SafeText;
use crate::pane::effect::Effect;
use crate::pane::patterns::Patterns;
use crate::pane::view::PaneId;
use crate::safe;

impl App {
    /// Opens the view.
    pub(super) fn show_patterns(&mut self, now: Timestamp) {
        self.place = Some(Place::Patterns(Patterns::new(&self.mining)));
        self.fit(now);
        self.sync_patterns(now);
    }

    /// What is to be mined while the view is open.
    pub(super) fn mine(&mut self, now: Timestamp) -> Vec<Effect> {
        if !matches!(self.place, Some(Place::Patterns(_))) {
            if self.is_mining {
                self.is_mining = false;
                self.mining.close(now);
            }
            return Vec::new();
        }
        self.is_mining = true;
        self.mining.asks(&self.logs.lines_in_force(), &self.state.view(true, now))
    }

    /// When there is more to mine.
    pub(super) fn mining_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let is_open = matches!(self.place, Some(Place::Patterns(_)));
        is_open.then(|| self.mining.next_wake(&self.state.view(true, now))).flatten()
    }

    /// Lets the view take what was mined.
    pub(super) fn sync_patterns(&mut self, now: Timestamp) {
        if let Some(Place::Patterns(patterns)) = &mut self.place {
            let view = self.state.view(true, now);
            patterns.sync(&mut self.mining, self.logs.lines_in_force().words, &view);
        }
    }

    /// A worker has mined.
    pub(super) fn mined(&mut self, mined: Option<Mined>, now: Timestamp) {
        self.mining.hear(mined, now);
    }

    /// Filters the logs by the chosen patterns, or takes their lines out.
    pub(super) fn use_patterns(&mut self, wanted: bool, now: Timestamp) -> Vec<Effect> {
        let Some(Place::Patterns(patterns)) = &self.place else { return Vec::new() };
        let texts = patterns.chosen();
        let terms: Vec<_> = texts.iter().filter(|text| !text.is_empty()).map(|text| written(text)).collect();
        if terms.is_empty() {
            self.say("There is no pattern with a text to look for.", now);
            return Vec::new();
        }
        let words = self.logs.lines_in_force().words;
        let (filter, said) = if wanted {
            let base = words.without_patterns();
            let each: Vec<_> = terms.iter().map(|term| base.narrowed(term)).collect();
            (
                each.join(" | "),
                SafeText::literal("The lines of the pattern. P shows the patterns, Esc all lines."),
            )
        } else {
            let mut filter = words.to_string();
            for term in &terms {
                let words = Query::parse(&filter, now).unwrap_or_default();
                filter = words.narrowed(&format!("-{term}"));
            }
            (filter, safe!("{} excluded. Esc goes to the lines, and Esc there shows all.", terms.len()))
        };
        let view = self.state.view(true, now);
        let outcome = self.logs.filter(&filter, &view);
        let is_good = outcome.notice.is_none();
        let effects = self.take(outcome, now);
        if is_good {
            if wanted {
                self.focus(PaneId::Logs);
            }
            self.say(said, now);
        }
        self.sync_patterns(now);
        effects
    }

    /// Compares patterns with what was before a time that a person wrote.
    pub(super) fn compare_since(&mut self, text: &str, now: Timestamp) {
        if !self.mining.set_chosen(text.trim(), now, self.state.zone.zone()) {
            self.say("Type a time behind it: :since 03:12, :since -15m, :since 2026-11-22T03:12", now);
            return;
        }
        if !matches!(self.place, Some(Place::Patterns(_))) {
            self.focus(PaneId::Logs);
            self.show_patterns(now);
        }
        if let Some(Place::Patterns(patterns)) = &mut self.place {
            patterns.choose();
        }
        self.sync_patterns(now);
    }
}

/// A pattern as a term of the query.
fn written(text: &str) -> String {
    format!("pattern:\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
