//! The pipelines pane: runs, their jobs and steps, and a step's log.

mod log;
mod parts;
mod rows;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::{Id, Scope};
use crate::insight::changes::Subject;
use crate::model::incident::{Declared, Sev};
use crate::model::note::Evidence;
use crate::model::run::{Run, RunState};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
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
use crate::ui::time::Zone;

/// Names a run: its source and its id there.
type Key = (RawText, RawText);

/// The state of the pipelines pane.
#[derive(Default)]
pub struct Pipelines {
    list: List<Key, Row>,
    sort: Sort,
    /// The run that is open: its jobs and steps, and the log of one of them.
    open: Option<(Parts, Option<StepLog>)>,
}

impl Pipelines {
    /// Takes what the sources say now, unless the order is held.
    pub fn sync(&mut self, view: &View<'_>) {
        let mut rows = rows::collect(view);
        self.list.sift(&mut rows, |words, row| words.match_any(row.texts()));
        rows::sort(&mut rows, self.sort);
        self.list.take(rows.into_iter().map(|row| (row.key(), row)).collect(), view.now);
        if let Some((parts, log)) = &mut self.open {
            if let Some(row) = self.list.row_of(parts.run()) {
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
        let row = self.list.row_of(parts.run())?;
        let key = parts.due(&row.run, view)?;
        Some(Effect::Fetch(row.source.clone(), key))
    }

    /// Its rows.
    pub fn list(&self) -> &List<Key, impl Sized> {
        &self.list
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

    /// The scope of its commands: a step's log takes those of logs too.
    pub fn scopes(&self) -> &'static [Scope] {
        match &self.open {
            Some((_, Some(_))) => &[Scope::Pipelines, Scope::Logs, Scope::List, Scope::Global],
            _ => &[Scope::Pipelines, Scope::List, Scope::Global],
        }
    }

    /// The rows stay where they are for a moment.
    pub fn hold(&mut self, now: Timestamp) {
        self.list.hold(now);
    }

    /// Does what a command says.
    pub fn run(&mut self, id: Id, view: &View<'_>) -> Outcome {
        self.list.hold(view.now);
        match &mut self.open {
            Some((_, Some(log))) => return log.run(id, view),
            Some((parts, log)) => {
                let Some(row) = self.list.row_of(parts.run()) else { return Outcome::default() };
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
            Id::Open => self.open_selected(view),
            Id::Sort => {
                self.sort = self.sort.next();
                self.list.release();
                self.sync(view);
                return Outcome::notice(safe!("Sorted by {}.", SafeText::literal(rows::word(self.sort))));
            }
            Id::CopyRow => {
                let lines = self.list.chosen_rows().map(|row| row.line(view));
                return Outcome::copy_rows("runs", lines.collect());
            }
            Id::CopyLink | Id::ShowLink => return self.link(id),
            Id::Refresh => {
                let sources = coverage::sources(view, Gives::Runs);
                return Outcome::refresh(sources.map(|source| source.info.name.clone()));
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
        let row = self.list.row_of(key)?;
        let subject = Subject {
            name: row.run.pipeline.clone(),
            service: row.service.clone(),
            host: None,
            environment: row.environment.clone(),
        };
        Some((subject, row.run.began()))
    }

    /// Stands on the run that began last before a time; false if none did.
    pub fn stand_at(&mut self, at: jiff::Timestamp) -> bool {
        let began =
            |key: &&Key| self.list.row_of(key).map(|row| row.run.began()).filter(|began| *began <= at);
        let last = self.list.shown().iter().filter(|key| began(key).is_some()).max_by_key(|key| began(key));
        let last = last.cloned();
        last.is_some_and(|key| self.list.select(&key))
    }

    /// The run that is open or selected.
    pub fn chosen_run(&self) -> Option<&Run> {
        let key = self.open.as_ref().map(|(parts, _)| parts.run()).or(self.list.selected())?;
        self.list.row_of(key).map(|row| &*row.run)
    }

    /// What an incident of the selected run would be declared with.
    pub fn declares(&self) -> Option<Declared> {
        let key = self.open.as_ref().map(|(parts, _)| parts.run()).or(self.list.selected())?;
        let row = self.list.row_of(key)?;
        let run = &row.run;
        let title = match &row.service {
            Some(service) => [run.pipeline.as_bytes(), b" ", service.as_bytes()].concat().into(),
            None => run.pipeline.clone(),
        };
        Some(Declared {
            service: row.service.clone(),
            environment: row.environment.clone(),
            onset: Some(run.began()),
            links: run.link.iter().cloned().collect(),
            ..Declared::new(title, Sev::SECOND)
        })
    }

    /// What is pinned of the open log, the marked runs or the selected one.
    pub fn evidence(&self, view: &View<'_>) -> Option<Evidence> {
        let view = &View { zone: &Zone::Utc, ..*view };
        let open = self.open.as_ref().and_then(|(parts, log)| Some((self.list.row_of(parts.run())?, log)));
        let rows: Vec<&Row> = match open {
            Some((row, _)) => vec![row],
            None => self.list.chosen_rows().collect(),
        };
        let first = rows.first()?;
        let window = (rows.iter().map(|row| row.run.began()).min()?, first.run.finished.unwrap_or(view.now));
        let mut lines: Vec<SafeText> = rows.iter().map(|row| row.line(view)).collect();
        let mut from = match rows.as_slice() {
            [row] => safe!("run {}, source {}", clean(&row.run.pipeline), clean(&row.source)),
            many => safe!("{} runs", many.len()),
        };
        if let Some((_, Some(log))) = open {
            from.push(&safe!(", {}", log.title()));
            lines.extend(log.pinned());
        }
        let link = first.run.link.clone().filter(|_| rows.len() == 1);
        Some(Evidence { link, ..Evidence::new(from.as_str().into(), window, &lines) })
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
        self.list.release();
        self.sync(view);
        if self.list.row_of(key).is_none() {
            // Not by `filter`: while a log is open that one filters its lines.
            self.list.set_filter("");
            self.sync(view);
        }
        if !self.list.select(key) {
            return false;
        }
        self.open_selected(view);
        true
    }

    fn open_selected(&mut self, view: &View<'_>) {
        let row = self.list.selected_row();
        self.open = row.map(|row| (Parts::new(row.key(), &row.run, view.now), None));
    }

    /// Filters the rows, or the lines of an open log; an empty text shows all.
    pub fn filter(&mut self, text: &str, view: &View<'_>) {
        if let Some((_, Some(log))) = &mut self.open {
            log.filter(text);
            return;
        }
        self.list.set_filter(text);
        self.sync(view);
    }

    /// The filter in force.
    pub fn filter_text(&self) -> &str {
        match &self.open {
            Some((_, Some(log))) => log.list().filter(),
            _ => self.list.filter(),
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
            Some((_, Some(log))) => log.list().counts(),
            _ => self.list.counts(),
        }
    }

    /// Takes back one thing: a log's filter, the log, the run, the marks, the filter.
    pub fn back(&mut self, view: &View<'_>) -> bool {
        match &mut self.open {
            Some((_, Some(log))) if !log.list().filter().is_empty() => {
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
        let is_taken = self.list.back();
        self.sync(view);
        is_taken
    }

    /// When what is shown changes next by itself.
    pub fn next_wake(&self, view: &View<'_>) -> Option<jiff::Timestamp> {
        let open = self.open.as_ref().and_then(|(parts, _)| self.list.row_of(parts.run()));
        let shown = self.list.shown_rows().chain(open);
        let ages = shown.map(|row| crate::ui::time::next_change(row.since(), view.now)).min();
        ages.into_iter().chain(self.list.next_wake()).min()
    }

    /// How many runs fail now, for the tab of a narrow screen.
    pub fn failed(&self) -> usize {
        self.list.rows().filter(|row| row.is_broken()).count()
    }

    /// Draws the pane.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let body = inside(area);
        match &self.open {
            Some((parts, log)) if self.list.row_of(parts.run()).is_some() => {
                let Some(row) = self.list.row_of(parts.run()) else { return };
                let title = log.as_ref().map_or_else(|| row.title(), StepLog::title);
                let filter = log.as_ref().map_or("", |log| log.list().filter());
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
        let running = self.list.rows().filter(|row| row.run.state == RunState::Running).count();
        let mut title = SafeText::literal("1 Pipelines");
        for (number, word) in [(self.failed(), "failed"), (running, "running")] {
            if number > 0 {
                title.push(&safe!("  {} {}", number, SafeText::literal(word)));
            }
        }
        coverage::border(view, area, canvas, title, Gives::Runs, self.list.filter(), self.list.news());
        if self.list.order().is_empty() {
            let lines = coverage::nothing(view, Gives::Runs, "No runs.", self.list.filter());
            Pager::default().draw(canvas, body, &lines, view.focused);
            return;
        }
        table::draw(canvas, body, &rows::columns(view), &self.list, view.marking(), |key| {
            self.list.row_of(key).map(|row| row.cells(view)).unwrap_or_default()
        });
    }

    fn link(&self, id: Id) -> Outcome {
        let open = self.open.as_ref().map(|(parts, _)| parts.run());
        let Some(row) = open.or(self.list.selected()).and_then(|key| self.list.row_of(key)) else {
            return Outcome::notice("There is no run here.");
        };
        Outcome::link(id, row.run.link.as_ref(), "This run has no link.")
    }
}
