//! The pipelines pane: runs, their jobs and steps, and a step's log.

mod log;
mod parts;
mod rows;

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use crate::command::table::{Id, Scope};
use crate::insight::changes::Subject;
use crate::model::run::RunState;
use crate::model::text::{RawText, SafeText};
use crate::model::update::Gives;
use crate::model::words::Words;
use crate::pane::coverage;
use crate::pane::effect::{Effect, Outcome};
use crate::pane::pipelines::log::StepLog;
use crate::pane::pipelines::parts::Parts;
use crate::pane::pipelines::rows::Row;
use crate::pane::sort::Sort;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::list::List;
use crate::ui::pager::Pager;
use crate::ui::table;

/// Names a run: its source and its id there.
type Key = (RawText, RawText);

/// The state of the pipelines pane.
#[derive(Default)]
pub struct Pipelines {
    list: List<Key>,
    rows: BTreeMap<Key, Row>,
    /// How many rows there are without the filter.
    all: usize,
    sort: Sort,
    filter: String,
    /// The run that is open: its jobs and steps, and the log of one of them.
    open: Option<(Parts, Option<StepLog>)>,
}

impl Pipelines {
    /// Takes what the sources say now, unless the order is held.
    pub fn sync(&mut self, view: &View<'_>) {
        let words = Words::new(&self.filter);
        let mut rows = rows::collect(view);
        self.all = rows.len();
        rows.retain(|row| words.match_any(row.texts()));
        rows::sort(&mut rows, self.sort);
        let order = rows.iter().map(Row::key).collect();
        if self.list.sync(order, view.now) {
            self.rows = rows.into_iter().map(|row| (row.key(), row)).collect();
        } else {
            let current: Vec<_> = rows.into_iter().filter(|row| self.rows.contains_key(&row.key())).collect();
            self.rows.extend(current.into_iter().map(|row| (row.key(), row)));
        }
        if let Some((parts, log)) = &mut self.open {
            if let Some(row) = self.rows.get(parts.run()) {
                parts.sync(&row.run, view.now);
            }
            if let Some(log) = log {
                log.sync(view);
            }
        }
    }

    /// Asks for the jobs of the open run, if it came without them.
    pub fn due(&mut self, view: &View<'_>) -> Option<Effect> {
        let (parts, _) = self.open.as_mut()?;
        let row = self.rows.get(parts.run())?;
        let key = parts.due(&row.run, view)?;
        Some(Effect::Fetch(row.source.clone(), key))
    }

    /// Whether another order has waited and need not wait any longer.
    pub fn is_due(&self, now: jiff::Timestamp) -> bool {
        self.list.is_due(now)
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect) {
        let height = inside(area).height;
        self.list.set_height(usize::from(height));
        if let Some((parts, log)) = &mut self.open {
            parts.fit(height);
            if let Some(log) = log {
                log.fit(height);
            }
        }
    }

    /// A key was pressed here: the order stays for a moment.
    pub fn hold(&mut self, view: &View<'_>) {
        self.list.hold(view.now);
    }

    /// The scope of its commands: a step's log takes those of logs too.
    pub fn scopes(&self) -> &'static [Scope] {
        match &self.open {
            Some((_, Some(_))) => &[Scope::Pipelines, Scope::Logs, Scope::List, Scope::Global],
            _ => &[Scope::Pipelines, Scope::List, Scope::Global],
        }
    }

    /// Does what a command says.
    pub fn run(&mut self, id: Id, view: &View<'_>) -> Outcome {
        match &mut self.open {
            Some((_, Some(log))) => return log.run(id, view),
            Some((parts, log)) => {
                let Some(row) = self.rows.get(parts.run()) else { return Outcome::default() };
                if id == Id::Open {
                    let Some(part) = parts.selected(&row.run) else { return Outcome::default() };
                    let Some(key) = part.log(&row.run) else {
                        return Outcome::notice(
                            "The log of this job is that of its steps; open one of them.",
                        );
                    };
                    *log = Some(StepLog::new(row.source.clone(), key.clone(), part.title(&row.run)));
                    let effects = vec![Effect::Fetch(row.source.clone(), key)];
                    return Outcome { effects, ..Outcome::default() };
                }
                if let Some(outcome) = parts.step(id, row, view) {
                    return outcome;
                }
            }
            None => {}
        }
        match id {
            Id::Open => {
                let row = self.list.selected().and_then(|key| self.rows.get(key));
                self.open = row.map(|row| (Parts::new(row.key(), &row.run, view.now), None));
            }
            Id::Sort => {
                self.sort = self.sort.next();
                self.sync_now(view);
                return Outcome::notice(safe!("Sorted by {}.", SafeText::literal(rows::word(self.sort))));
            }
            Id::CopyRow => {
                let rows = self.list.chosen().into_iter().filter_map(|key| self.rows.get(key));
                let lines: Vec<_> = rows.map(|row| row.line(view)).collect();
                if lines.is_empty() {
                    return Outcome::notice("There is no row to copy.");
                }
                return Outcome::copy(safe!("{} runs", lines.len()), lines);
            }
            Id::CopyLink | Id::ShowLink => return self.link(id),
            Id::Refresh => {
                let sources = coverage::sources(view, Gives::Runs);
                let effects: Vec<_> = sources.map(|s| Effect::Refresh(s.info.name.clone())).collect();
                return Outcome { effects, ..Outcome::default() };
            }
            _ => {
                self.list.run(id);
            }
        }
        Outcome::default()
    }

    /// What the selected run is about, and when it began.
    pub fn subject(&self) -> Option<(Subject, jiff::Timestamp)> {
        let key = self.open.as_ref().map(|(parts, _)| parts.run()).or(self.list.selected())?;
        let row = self.rows.get(key)?;
        let subject = Subject {
            name: row.run.pipeline.clone(),
            service: row.service.clone(),
            host: None,
            environment: row.environment.clone(),
        };
        Some((subject, row.run.began()))
    }

    /// The newest run of this id, number or pipeline, and its environment.
    pub fn find(what: &RawText, view: &View<'_>) -> Option<(Key, Option<RawText>)> {
        let text = what.as_str().unwrap_or_default();
        let number = text.trim_start_matches('#').parse::<u64>().ok();
        let is_it = |row: &Row| {
            let run = &row.run;
            run.id == *what
                || (number.is_some() && run.number == number)
                || run.pipeline.as_bytes().eq_ignore_ascii_case(what.as_bytes())
        };
        let found = rows::collect(view).into_iter().filter(is_it);
        found.max_by_key(|row| row.run.began()).map(|row| (row.key(), row.environment))
    }

    /// Selects and opens a run, whatever the filter; false if it is not known or out of scope.
    pub fn reveal(&mut self, key: &Key, view: &View<'_>) -> bool {
        self.sync_now(view);
        if !self.rows.contains_key(key) {
            // Not by `filter`: while a log is open that one filters its lines.
            self.filter.clear();
            self.sync(view);
        }
        if !self.list.select(key) {
            return false;
        }
        self.open = None;
        self.run(Id::Open, view);
        true
    }

    /// Filters the rows, or the lines of an open log; an empty text shows all.
    pub fn filter(&mut self, text: &str, view: &View<'_>) {
        if let Some((_, Some(log))) = &mut self.open {
            log.filter(text);
            return;
        }
        text.clone_into(&mut self.filter);
        self.sync_now(view);
    }

    /// The filter in force.
    pub fn filter_text(&self) -> &str {
        match &self.open {
            Some((_, Some(log))) => log.filter_text(),
            _ => &self.filter,
        }
    }

    /// Failures that nothing has put right, the newest first, whatever the filter hides.
    pub fn broken(view: &View<'_>) -> Vec<SafeText> {
        let mut rows = rows::collect(view);
        rows::sort(&mut rows, Sort::Urgency);
        rows.iter().filter(|row| row.is_broken()).map(|row| row.line(view)).collect()
    }

    /// How many rows the filter shows, and how many there are.
    pub fn counts(&self) -> (usize, usize) {
        match &self.open {
            Some((_, Some(log))) => log.counts(),
            _ => (self.list.order().len(), self.all),
        }
    }

    /// Takes back one thing: a log's filter, the log, the run, the marks, the filter.
    pub fn back(&mut self, view: &View<'_>) -> bool {
        match &mut self.open {
            Some((_, Some(log))) if !log.filter_text().is_empty() => {
                log.filter("");
                return true;
            }
            Some((_, log @ Some(_))) => {
                *log = None;
                return true;
            }
            Some((_, None)) => {
                self.open = None;
                return true;
            }
            None => {}
        }
        if self.list.clear_marks() {
            return true;
        }
        if self.filter.is_empty() {
            return false;
        }
        self.filter("", view);
        true
    }

    /// When what is shown changes next by itself.
    pub fn next_wake(&self, view: &View<'_>) -> Option<jiff::Timestamp> {
        let open = self.open.as_ref().map(|(parts, _)| parts.run());
        let shown = self.list.shown().iter().chain(open).filter_map(|key| self.rows.get(key));
        let ages = shown.map(|row| crate::ui::time::next_change(row.since(), view.now)).min();
        ages.into_iter().chain(self.list.next_wake()).min()
    }

    /// How many runs fail now, for the tab of a narrow screen.
    pub fn failed(&self) -> usize {
        self.rows.values().filter(|row| row.is_broken()).count()
    }

    /// Draws the pane.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let body = inside(area);
        match &self.open {
            Some((parts, log)) if self.rows.contains_key(parts.run()) => {
                let Some(row) = self.rows.get(parts.run()) else { return };
                let title = log.as_ref().map_or_else(|| row.title(), StepLog::title);
                let filter = log.as_ref().map_or("", StepLog::filter_text);
                coverage::border(view, area, canvas, safe!("1 {}", title), Gives::Runs, filter, 0);
                match log {
                    Some(log) => log.draw(view, body, canvas),
                    None => parts.draw(row, view, body, canvas),
                }
            }
            _ => self.draw_list(view, area, body, canvas),
        }
    }

    fn draw_list(&self, view: &View<'_>, area: Rect, body: Rect, canvas: &mut Canvas<'_>) {
        let running = self.rows.values().filter(|row| row.run.state == RunState::Running).count();
        let mut title = SafeText::literal("1 Pipelines");
        for (number, word) in [(self.failed(), "failed"), (running, "running")] {
            if number > 0 {
                title.push(&safe!("  {} {}", number, SafeText::literal(word)));
            }
        }
        coverage::border(view, area, canvas, title, Gives::Runs, &self.filter, self.list.news());
        if self.list.order().is_empty() {
            let lines = if self.filter.is_empty() {
                coverage::empty(view, Gives::Runs, "No runs.")
            } else {
                coverage::no_match(view)
            };
            Pager::default().draw(canvas, body, &lines, view.focused);
            return;
        }
        table::draw(canvas, body, &rows::columns(view), &self.list, view.marking(), |key| {
            self.rows.get(key).map(|row| row.cells(view)).unwrap_or_default()
        });
    }

    fn sync_now(&mut self, view: &View<'_>) {
        self.list.release();
        self.sync(view);
    }

    fn link(&self, id: Id) -> Outcome {
        let open = self.open.as_ref().map(|(parts, _)| parts.run());
        let Some(row) = open.or(self.list.selected()).and_then(|key| self.rows.get(key)) else {
            return Outcome::notice("There is no run here.");
        };
        Outcome::link(id, row.run.link.as_ref(), "This run has no link.")
    }
}
