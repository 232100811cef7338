//! The view of what changed before something began, with what could not be seen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::insight::changes::{self, BEFORE, Change, Reach, Subject};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::model::words::Words;
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::list::List;
use crate::ui::style::of_run;
use crate::ui::table::{self, Cell, Column};
use crate::ui::time::age;

/// Names a run: its source and its id there.
type Key = (RawText, RawText);

/// The state of the view.
pub struct Changes {
    subject: Subject,
    onset: Timestamp,
    list: List<Key>,
    rows: BTreeMap<Key, Change>,
    /// How many rows there are without the filter.
    all: usize,
    filter: String,
}

impl Changes {
    /// What changed before this began.
    pub fn new(subject: Subject, onset: Timestamp) -> Self {
        let (list, rows) = (List::default(), BTreeMap::new());
        Self { subject, onset, list, rows, all: 0, filter: String::new() }
    }

    /// Takes what the sources say now, unless the order is held.
    pub fn sync(&mut self, view: &View<'_>) {
        let words = Words::new(&self.filter);
        let mut rows = changes::before(view.world, view.catalog, &self.subject, self.onset);
        self.all = rows.len();
        rows.retain(|change| words.match_any(texts(change)));
        let is_taken = self.list.sync(rows.iter().map(key).collect(), view.now);
        // Held rows stay where they are, but what they say is current.
        if is_taken {
            self.rows.clear();
        } else {
            rows.retain(|change| self.rows.contains_key(&key(change)));
        }
        self.rows.extend(rows.into_iter().map(|change| (key(&change), change)));
    }

    /// Whether another order has waited and need not wait any longer.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.list.is_due(now)
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect) {
        self.list.set_height(usize::from(inside(area).height.saturating_sub(HEAD)));
    }

    /// A key was pressed here: the order stays for a moment.
    pub fn hold(&mut self, view: &View<'_>) {
        self.list.hold(view.now);
    }

    /// The run that is selected.
    pub fn selected(&self) -> Option<&Change> {
        self.rows.get(self.list.selected()?)
    }

    /// What the selected row is about.
    pub fn subject(&self) -> Subject {
        self.selected().map_or_else(
            || self.subject.clone(),
            |change| Subject {
                name: change.run.pipeline.clone(),
                service: change.service.clone(),
                host: None,
                environment: change.environment.clone(),
            },
        )
    }

    /// Does what a command says.
    pub fn run(&mut self, id: Id, view: &View<'_>) -> Outcome {
        match id {
            Id::CopyRow => {
                let chosen = self.list.chosen().into_iter().filter_map(|key| self.rows.get(key));
                let lines: Vec<_> = chosen.map(|change| self.line(change, view)).collect();
                return Outcome::copy(safe!("{} changes", lines.len()), lines);
            }
            Id::CopyLink | Id::ShowLink => {
                let link = self.selected().and_then(|change| change.run.link.as_ref());
                return Outcome::link(id, link, "This run has no link.");
            }
            Id::Sort => return Outcome::notice("The likeliest stands first: same service, then nearness."),
            _ => {
                self.list.run(id);
            }
        }
        Outcome::default()
    }

    /// Filters the rows; an empty text shows all.
    pub fn filter(&mut self, text: &str, view: &View<'_>) {
        text.clone_into(&mut self.filter);
        self.list.release();
        self.sync(view);
    }

    /// The filter in force.
    pub fn filter_text(&self) -> &str {
        &self.filter
    }

    /// How many rows the filter shows, and how many there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.list.order().len(), self.all)
    }

    /// Takes back one thing: the marks, the filter.
    pub fn back(&mut self, view: &View<'_>) -> bool {
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
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.list.next_wake()
    }

    /// Draws the view.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        let heading = safe!("Changes before {}", clean(&self.subject.name));
        let from = self.onset.checked_sub(BEFORE).unwrap_or(self.onset);
        let (sources, gaps) = (coverage::sources(view, Gives::Runs).count(), coverage::gaps(view, from));
        let whole = gaps.is_empty();
        let foot = match sources {
            _ if !whole => SafeText::default(),
            0 => SafeText::default(),
            1 => SafeText::literal("the source of runs was seen"),
            all => safe!("all {} sources of runs were seen", all),
        };
        canvas.fill(area, styles.of(Meaning::Text));
        coverage::frame(view, area, canvas, &heading, (&foot, Meaning::Muted));
        let mut body = inside(area);
        let mut head = |text: &SafeText, meaning| {
            canvas.text(body.x, body.y, body.width, text, styles.of(meaning));
            body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        };
        head(&self.scope(view), Meaning::Muted);
        if whole {
            head(&SafeText::default(), Meaning::Muted);
        } else {
            head(&safe!("Not all was seen: {}", coverage::listed(&gaps)), Meaning::Warning);
        }
        if self.list.order().is_empty() {
            let text = match (whole, self.all == 0) {
                (_, false) => SafeText::literal("No row matches the filter. Esc shows all."),
                (_, true) if sources == 0 => {
                    SafeText::literal("No source gives runs, so nothing is known of changes.")
                }
                (true, true) => {
                    safe!("No run in the {} min before, and all sources were seen.", BEFORE.as_mins())
                }
                (false, true) => SafeText::literal("No run is known of; what was not seen may hide one."),
            };
            canvas.text(body.x, body.y, body.width, &text, styles.of(Meaning::Text));
            return;
        }
        let columns = [
            Column::fixed(1, 0),
            Column::fixed(11, 0),
            Column::growing(20, 0),
            Column::fixed(10, 2),
            Column::fixed(if view.many_environments() { 8 } else { 0 }, 3),
            Column::fixed(7, 4),
            Column::fixed(6, 5),
            Column::fixed(17, 1),
        ];
        table::draw(canvas, body, &columns, &self.list, view.marking(), |selected| {
            let Some(change) = self.rows.get(selected) else { return Vec::new() };
            let run = &change.run;
            let near = change.reach == Reach::Service;
            let body = styles.of(if near { Meaning::Text } else { Meaning::Muted });
            let (meaning, sign) = of_run(run.state);
            let optional = |text: Option<&RawText>| text.map(clean).unwrap_or_default();
            vec![
                Cell::new(sign, styles.of(meaning)),
                Cell::new(distance(change), body),
                Cell::new(title(change), body),
                Cell::new(optional(change.service.as_ref()), body),
                Cell::new(
                    optional(change.environment.as_ref()),
                    view.environment_style(change.environment.as_ref()),
                ),
                Cell::new(optional(change.revision.as_ref()), styles.of(Meaning::Muted)),
                Cell::new(optional(run.person.as_ref()), styles.of(Meaning::Muted)),
                Cell::new(self.why(change), styles.of(Meaning::Muted)),
            ]
        });
    }

    /// Which time and which things are looked at.
    fn scope(&self, view: &View<'_>) -> SafeText {
        let onset = view.zone.moment(self.onset, view.now);
        let mut text = safe!("Runs of the {} min before {}.", BEFORE.as_mins(), onset);
        match (&self.subject.service, &self.subject.host) {
            (Some(service), _) => text.push(&safe!(" Service {}.", clean(service))),
            (None, Some(host)) => text.push(&safe!(" Host {}.", clean(host))),
            (None, None) => text.push(&" No service is known of it: see [[service]].".into()),
        }
        text
    }

    /// Why a row stands where it stands.
    fn why(&self, change: &Change) -> SafeText {
        let scope = match change.reach {
            Reach::Service => "same service",
            Reach::Elsewhere => "elsewhere",
            Reach::Environment if self.subject.service.is_none() => "",
            Reach::Environment if change.service.is_none() => "no service",
            Reach::Environment => "other service",
        };
        // Most suspects are deployments, so it is the others that are told apart.
        SafeText::literal(match (scope, change.is_deployment) {
            ("", true) => "deployment",
            ("", false) => "run",
            (scope, true) => scope,
            (scope, false) => return safe!("{} run", SafeText::literal(scope)),
        })
    }

    fn line(&self, change: &Change, view: &View<'_>) -> SafeText {
        let began = view.zone.moment(change.run.began(), view.now);
        let mut line = safe!("{} {} ({}): {}", began, title(change), distance(change), self.why(change));
        for part in [&change.service, &change.environment, &change.revision, &change.run.person] {
            line.push(&part.as_ref().map(|part| safe!(" {}", clean(part))).unwrap_or_default());
        }
        line
    }
}

/// Lines above the rows.
const HEAD: u16 = 2;

fn key(change: &Change) -> Key {
    (change.source.clone(), change.run.id.clone())
}

fn texts(change: &Change) -> Vec<&RawText> {
    let run = &change.run;
    let optional = [&change.service, &change.environment, &change.revision, &run.person, &run.branch];
    [&run.pipeline, &run.title, &change.source].into_iter().chain(optional.into_iter().flatten()).collect()
}

/// `6m before`, or that it was at work.
fn distance(change: &Change) -> SafeText {
    if change.before.is_negative() {
        safe!("{} after", age(-change.before))
    } else if change.before.is_zero() {
        SafeText::literal("at work")
    } else {
        safe!("{} before", age(change.before))
    }
}

fn title(change: &Change) -> SafeText {
    let mut title = clean(&change.run.pipeline);
    if let Some(number) = change.run.number {
        title.push(&safe!(" #{}", number));
    }
    title
}
