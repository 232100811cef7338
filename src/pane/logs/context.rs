//! Lines around the hits of a filter: how many, and which hit of how many is selected.

use std::collections::BTreeSet;

use crate::logs::merge::Merged;
use crate::logs::query::Query;
use crate::logs::search::Search;
use crate::model::text::RawText;
use crate::pane::effect::Outcome;
use crate::pane::logs::Logs;
use crate::pane::view::View;
use crate::safe;

/// How many lines are shown on each side of a hit.
const STEPS: &[usize] = &[0, 1, 2, 3, 5, 10, 20, 50];

/// How much is shown around hits.
#[derive(Debug, Default)]
pub(super) struct Context {
    /// Lines on each side.
    pub(super) lines: usize,
    /// The lines that may stand there, where some streams are out of scope.
    pub(super) within: Option<Search>,
}

impl Context {
    /// Takes which streams are out of scope.
    pub(super) fn rescope(&mut self, hidden: &BTreeSet<RawText>) {
        let some = self.lines > 0 && !hidden.is_empty();
        self.within = some.then(|| Search::new(Query::default().without(hidden.clone())));
    }
}

impl Logs {
    /// Shows more or less around hits.
    pub(super) fn change_context(&mut self, more: bool, view: &View<'_>) -> Outcome {
        if !self.is_filtered() {
            return Outcome::notice("There is no filter, so every line is shown; / sets one.");
        }
        let hit = self.selected().filter(|row| row.line.is_hit && !self.paused).map(|row| row.line.key);
        let here = STEPS.iter().position(|step| *step == self.context.lines).unwrap_or(0);
        let next = if more { here + 1 } else { here.saturating_sub(1) };
        self.context.lines = STEPS.get(next).copied().unwrap_or(self.context.lines);
        self.context.rescope(&self.hidden);
        self.refill(view);
        // So many lines came below the hit that it is out of sight where the newest is.
        if let Some(hit) = hit.filter(|hit| self.selected().is_some_and(|row| row.line.key != *hit)) {
            self.go(hit, view);
        }
        Outcome::notice(match self.context.lines {
            0 => safe!("Only hits; z shows the lines around them."),
            1 => safe!("1 line on each side of a hit."),
            lines => safe!("{} lines on each side of a hit.", lines),
        })
    }

    /// Every line that could stand around a hit, and how many do; `None` where none shall.
    pub(super) fn around<'a>(&'a self, view: &View<'a>) -> Option<(Merged<'a>, usize)> {
        let all = Merged { search: self.context.within.as_ref(), ..self.merged(view) };
        (self.context.lines > 0 && self.is_filtered()).then_some((all, self.context.lines))
    }

    /// Which hit the selected line is of, or the last one above it, and of how many; while it follows, only
    /// how many. A record is one hit.
    pub(super) fn rank(&self, view: &View<'_>) -> Option<(Option<u64>, u64)> {
        let (count, below) = self.merged(view).records_from(self.cursor.next())?;
        self.is_filtered().then(|| (self.paused.then_some(count - below), count))
    }
}
