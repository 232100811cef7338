//! The alerts pane: what is wrong now, the worst and oldest first, and what mutes it.

mod detail;
mod graph;
mod rows;

use std::collections::HashMap;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::insight::changes::Subject;
use crate::model::alert::Severity;
use crate::model::alert::{Alert, AlertState};
use crate::model::incident::{Declared, Sev};
use crate::model::note::{Evidence, Fired};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::pane::alerts::graph::AlertGraph;
use crate::pane::alerts::rows::Row;
use crate::pane::coverage;
use crate::pane::effect::{Effect, Outcome};
use crate::pane::past::Past;
use crate::pane::sort::Sort;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::list::List;
use crate::ui::pager::Pager;
use crate::ui::table;
use crate::ui::time::Zone;

/// Names an alert: its source and its id there.
type Key = (RawText, RawText);

/// The state of the alerts pane.
#[derive(Default)]
pub struct Alerts {
    list: List<Key, Row>,
    sort: Sort,
    counts: Counts,
    /// The alert that is open.
    open: Option<Open>,
}

/// How many there are, whatever the filter hides.
#[derive(Clone, Copy, Default)]
struct Counts {
    loud: usize,
    acked: usize,
    silenced: usize,
    /// Alerts that may stand in two rows.
    uncompared: usize,
}

impl Counts {
    fn of(rows: &[Row]) -> Self {
        let count = |test: fn(&Alert) -> bool| rows.iter().filter(|row| test(&row.alert)).count();
        Self {
            loud: count(Alert::is_loud),
            acked: count(|a| a.state == AlertState::Firing && a.acknowledged.is_some()),
            silenced: count(|a| a.state == AlertState::Firing && !a.is_loud()),
            uncompared: 0,
        }
    }
}

/// An alert whose page is shown.
struct Open {
    key: Key,
    /// How far the page is scrolled.
    pager: Pager,
    /// What is to be asked for besides the graph.
    wanted: Option<Effect>,
    graph: AlertGraph,
    past: Past,
}

impl Alerts {
    /// Takes what the sources say now, unless the order is held.
    pub fn sync(&mut self, view: &View<'_>) {
        let (mut rows, uncompared) = rows::collect(view);
        self.counts = Counts { uncompared, ..Counts::of(&rows) };
        self.list.sift(&mut rows, |words, row| words.match_any(row.texts()));
        rows::sort(&mut rows, self.sort);
        self.follow(&rows);
        self.list.take(rows.into_iter().map(|row| (row.key(), row)).collect(), view.now);
        match self.open.as_mut().map(|open| (self.list.row_of(&open.key), open)) {
            Some((Some(row), open)) => {
                open.graph.sync(row, view);
                open.past.sync(detail::about(row, view), view);
            }
            Some((None, _)) => self.open = None,
            None => {}
        }
    }

    /// A fault goes by the name that its first source has for it, and another may have become the
    /// first: what is open, selected or marked stays so.
    fn follow(&mut self, rows: &[Row]) {
        let mut now: HashMap<Key, Key> = HashMap::new();
        for row in rows {
            for other in &row.others {
                let told = (other.source.clone(), other.alert.id.clone());
                if self.list.row_of(&told).is_some() {
                    now.insert(told, row.key());
                }
            }
        }
        // One whose own name is still that of another row stays what it is.
        now.retain(|_, new| self.list.row_of(new).is_none());
        if now.is_empty() {
            return;
        }
        self.list.rename(|key| now.get(key).cloned());
        if let Some(open) = &mut self.open
            && let Some(new) = now.remove(&open.key)
        {
            open.key = new;
        }
    }

    /// Asks for what the page that is open shows besides its row, when it is time to.
    pub fn due(&mut self, now: jiff::Timestamp) -> impl Iterator<Item = Effect> {
        let open = self.open.as_mut();
        open.into_iter().flat_map(move |open| open.wanted.take().into_iter().chain(open.graph.due(now)))
    }

    /// Its rows.
    pub fn list(&self) -> &List<Key, impl Sized> {
        &self.list
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect) {
        self.list.set_height(usize::from(body(area).height));
    }

    /// The rows stay where they are for a moment.
    pub fn hold(&mut self, now: Timestamp) {
        self.list.hold(now);
    }

    /// Does what a command says. `area` is where the pane stands.
    pub fn run(&mut self, id: Id, view: &View<'_>, area: Rect) -> Outcome {
        self.list.hold(view.now);
        let inside = body(area);
        if let Some(outcome) = self.page(id, view, inside) {
            return outcome;
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
                return Outcome::copy_rows("alerts", lines.collect());
            }
            Id::CopyLink | Id::ShowLink => return self.link(id),
            Id::Refresh => {
                let sources = coverage::sources(view, Gives::Alerts);
                return Outcome::refresh(sources.map(|source| source.info.name.clone()));
            }
            _ => {
                self.list.run(id);
            }
        }
        Outcome::default()
    }

    /// The most urgent alert of this id or name, and its environment.
    pub fn find(what: &RawText, view: &View<'_>) -> Option<(Key, Option<RawText>)> {
        let (mut rows, _) = rows::collect(view);
        rows::sort(&mut rows, Sort::Urgency);
        let is_it = |row: &Row| row.alert.id == *what || same(&row.alert.name, what);
        rows.into_iter().find(is_it).map(|row| (row.key(), row.environment))
    }

    /// Selects and opens an alert, whatever the filter; false if it is not known or out of scope.
    pub fn reveal(&mut self, key: &Key, view: &View<'_>) -> bool {
        self.filter("", view);
        if !self.list.select(key) {
            return false;
        }
        self.open_selected(view);
        true
    }

    fn open_selected(&mut self, view: &View<'_>) {
        self.open = self.list.selected_row().map(|row| Open {
            key: row.key(),
            pager: Pager::default(),
            wanted: row.groups(),
            graph: AlertGraph::new(row, view),
            past: Past::new(detail::about(row, view), view),
        });
    }

    /// What the selected alert is about, and when it began.
    pub fn subject(&self, view: &View<'_>) -> Option<(Subject, jiff::Timestamp)> {
        let key = self.open.as_ref().map(|open| &open.key).or(self.list.selected())?;
        let row = self.list.row_of(key)?;
        let subject = Subject {
            name: row.alert.name.clone(),
            service: row.service.clone(),
            host: view.catalog.host_of_labels(row.alert.labels.iter()),
            environment: row.environment.clone(),
        };
        Some((subject, row.alert.onset()))
    }

    /// Stands on the alert that began last before a time; false if none did.
    pub fn stand_at(&mut self, at: jiff::Timestamp) -> bool {
        let began =
            |key: &&Key| self.list.row_of(key).map(|row| row.alert.onset()).filter(|onset| *onset <= at);
        let last = self.list.shown().iter().filter(|key| began(key).is_some()).max_by_key(|key| began(key));
        let last = last.cloned();
        last.is_some_and(|key| self.list.select(&key))
    }

    /// What is claimed with the alert that is open or selected, and its name.
    pub fn fired(&self) -> Option<(RawText, Vec<Fired>)> {
        let key = self.open.as_ref().map(|open| &open.key).or(self.list.selected())?;
        self.list.row_of(key).map(|row| (row.alert.name.clone(), row.fired()))
    }

    /// The alert that is open or selected.
    pub fn alert(&self) -> Option<&Alert> {
        let key = self.open.as_ref().map(|open| &open.key).or(self.list.selected())?;
        self.list.row_of(key).map(|row| &*row.alert)
    }

    /// What an incident of the selected alert would be declared with.
    pub fn declares(&self, view: &View<'_>) -> Option<Declared> {
        let key = self.open.as_ref().map(|open| &open.key).or(self.list.selected())?;
        let row = self.list.row_of(key)?;
        let alert = &row.alert;
        let host = view.catalog.host_of_labels(alert.labels.iter());
        // What is not known to be harmless is taken to be bad: one argues later.
        let severity = match alert.severity {
            Severity::Critical | Severity::Error | Severity::Unknown => Sev::SECOND,
            Severity::Warning => Sev::THIRD,
            Severity::Info => Sev::FOURTH,
        };
        let title = match row.service.as_ref().or(host.as_ref()) {
            Some(about) => [alert.name.as_bytes(), b" ", about.as_bytes()].concat().into(),
            None => alert.name.clone(),
        };
        Some(Declared {
            service: row.service.clone(),
            host,
            environment: row.environment.clone(),
            onset: Some(alert.onset()),
            detected: Some(alert.started),
            alert: Some(alert.name.clone()),
            links: alert.link.iter().cloned().collect(),
            ..Declared::new(title, severity)
        })
    }

    /// What is pinned of the open alert, the marked ones or the selected one.
    pub fn evidence(&self, view: &View<'_>) -> Option<Evidence> {
        let view = &View { zone: &Zone::Utc, ..*view };
        let open = self.open.as_ref().and_then(|open| self.list.row_of(&open.key));
        let rows: Vec<&Row> = open.map_or_else(|| self.list.chosen_rows().collect(), |row| vec![row]);
        let window = (rows.iter().map(|row| row.alert.onset()).min()?, view.now);
        let [row] = rows.as_slice() else {
            let from = safe!("{} alerts", rows.len());
            let lines: Vec<_> = rows.iter().map(|row| row.line(view)).collect();
            return Some(Evidence::new(from.as_str().into(), window, &lines));
        };
        let from = safe!("alert {}, source {}", clean(&row.alert.name), clean(&row.source));
        let mut lines = detail::lines(row, &Past::new(detail::about(row, view), view), view);
        lines.extend(self.open.iter().flat_map(|open| open.graph.evidence(view)));
        let evidence = Evidence::new(from.as_str().into(), window, &lines);
        Some(Evidence { link: row.alert.link.clone(), ..evidence })
    }

    /// Filters the rows; an empty text shows all.
    pub fn filter(&mut self, text: &str, view: &View<'_>) {
        self.list.set_filter(text);
        self.sync(view);
    }

    /// Takes back one thing: the open page, then the marks, then the filter.
    pub fn back(&mut self, view: &View<'_>) -> bool {
        let is_taken = self.open.take().is_some() || self.list.back();
        self.sync(view);
        is_taken
    }

    /// When what is shown changes next by itself.
    pub fn next_wake(&self, view: &View<'_>) -> Option<jiff::Timestamp> {
        let open = self.open.as_ref().and_then(|open| self.list.row_of(&open.key));
        let shown = self.list.shown_rows().chain(open);
        let ages = shown.map(|row| crate::ui::time::next_change(row.since(), view.now)).min();
        let graph = self.open.as_ref().and_then(|open| open.graph.next_due());
        ages.into_iter().chain(self.list.next_wake()).chain(graph).min()
    }

    /// Draws the pane.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let inside = body(area);
        self.draw_border(view, area, canvas);
        let open = self.open.as_ref();
        if let Some((row, open)) = open.and_then(|open| Some((self.list.row_of(&open.key)?, open))) {
            detail::draw(row, (&open.graph, &open.past), open.pager, view, inside, canvas);
        } else if self.list.order().is_empty() {
            let lines = coverage::nothing(view, Gives::Alerts, "Nothing fires.", self.list.filter());
            Pager::default().draw(canvas, inside, &lines, view.focused);
        } else {
            let columns = rows::columns(view);
            table::draw(canvas, inside, &columns, &self.list, view.marking(), |key| {
                self.list.row_of(key).map(|row| row.cells(view, &columns)).unwrap_or_default()
            });
        }
    }

    /// What fires and nothing mutes, the worst and oldest first, whatever the filter hides.
    pub fn firing(view: &View<'_>) -> Vec<SafeText> {
        let (mut rows, _) = rows::collect(view);
        rows::sort(&mut rows, Sort::Urgency);
        rows.iter().filter(|row| row.alert.is_loud()).map(|row| row.line(view)).collect()
    }

    /// The counts of the narrow screen's tab: loud alerts.
    pub fn loud(&self) -> usize {
        self.counts.loud
    }

    fn draw_border(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let mut title = SafeText::literal("3 Alerts");
        let Counts { loud, acked, silenced, uncompared } = self.counts;
        let words = ["firing", "acked", "silenced", "may stand twice"];
        for (number, word) in [loud, acked, silenced, uncompared].into_iter().zip(words) {
            if number > 0 {
                title.push(&safe!("  {} {}", number, SafeText::literal(word)));
            }
        }
        coverage::border(view, area, canvas, title, Gives::Alerts, self.list.filter(), self.list.news());
    }

    /// Does what a command says on the page of an alert; `None` where it is for the list all the same.
    fn page(&mut self, id: Id, view: &View<'_>, inside: Rect) -> Option<Outcome> {
        let open = self.open.as_mut()?;
        let row = self.list.row_of(&open.key)?;
        match id {
            Id::Open | Id::Mark | Id::Range | Id::Sort => Some(Outcome::default()),
            Id::PreviousTab | Id::NextTab => Some(Outcome::notice(open.graph.zoom(id == Id::NextTab))),
            Id::Refresh => {
                // The sources look too.
                open.graph.again();
                open.wanted = row.groups();
                None
            }
            _ => {
                let page = detail::Page::new(row, (&open.graph, &open.past), view, inside, false);
                open.pager.run(id, &page.paragraphs, inside, view.ascii).then(Outcome::default)
            }
        }
    }

    fn link(&self, id: Id) -> Outcome {
        let Some(row) = self.list.selected_row() else {
            return Outcome::notice("There is no alert here.");
        };
        Outcome::link(id, row.alert.link.as_ref(), "This alert has no link.")
    }
}

/// Whether both are the same but for case.
fn same(a: &RawText, b: &RawText) -> bool {
    a.as_bytes().eq_ignore_ascii_case(b.as_bytes())
}

fn body(area: Rect) -> Rect {
    crate::ui::canvas::inside(area)
}
