//! The view of what changed before something began, with what could not be seen.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::insight::changes::{self, BEFORE, Change, Reach, Subject};
use crate::model::note::Evidence;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::list::List;
use crate::ui::style::of_run;
use crate::ui::table::{self, Cell, Column};
use crate::ui::time::{Zone, age};

/// Names a run: its source and its id there.
type Key = (RawText, RawText);

/// The state of the view.
pub struct Changes {
    subject: Subject,
    onset: Timestamp,
    list: List<Key, Change>,
}

impl Changes {
    /// What changed before this began.
    pub fn new(subject: Subject, onset: Timestamp) -> Self {
        Self { subject, onset, list: List::default() }
    }

    /// Takes what the sources say now, unless the order is held.
    pub fn sync(&mut self, view: &View<'_>) {
        let mut rows = changes::before(view.world, view.catalog, &self.subject, self.onset);
        self.list.sift(&mut rows, |words, change| words.match_any(texts(change)));
        self.list.take(rows.into_iter().map(|change| (key(&change), change)).collect(), view.now);
    }

    /// Its rows.
    pub fn list(&self) -> &List<Key, Change> {
        &self.list
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect) {
        self.list.set_height(usize::from(inside(area).height.saturating_sub(HEAD)));
    }

    /// What the selected row is about.
    pub fn subject(&self) -> Subject {
        self.list.selected_row().map_or_else(
            || self.subject.clone(),
            |change| Subject {
                name: change.run.pipeline.clone(),
                service: change.service.clone(),
                host: None,
                environment: change.environment.clone(),
            },
        )
    }

    /// What is pinned of the marked changes or the selected one: with what speaks for them.
    pub fn evidence(&self, view: &View<'_>) -> Option<Evidence> {
        let view = &View { zone: &Zone::Utc, ..*view };
        let rows: Vec<&Change> = self.list.chosen_rows().collect();
        let first = rows.first()?;
        let window = (rows.iter().map(|row| row.run.began()).min()?, first.run.finished.unwrap_or(view.now));
        let lines: Vec<SafeText> = rows.iter().map(|change| self.line(change, view)).collect();
        let what = match rows.as_slice() {
            [change] => safe!("{}, source {}", title(change), clean(&change.source)),
            many => safe!("{} changes", many.len()),
        };
        let from = safe!("{}, before {}", what, clean(&self.subject.name));
        let link = first.run.link.clone().filter(|_| rows.len() == 1);
        Some(Evidence { link, ..Evidence::new(from.as_str().into(), window, &lines) })
    }

    /// Does what a command says.
    pub fn run(&mut self, id: Id, view: &View<'_>) -> Outcome {
        self.list.hold(view.now);
        match id {
            Id::CopyRow => {
                let lines = self.list.chosen_rows().map(|change| self.line(change, view));
                return Outcome::copy_rows("changes", lines.collect());
            }
            Id::CopyLink | Id::ShowLink => {
                let link = self.list.selected_row().and_then(|change| change.run.link.as_ref());
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
        self.list.set_filter(text);
        self.sync(view);
    }

    /// Takes back one thing: the marks, the filter.
    pub fn back(&mut self, view: &View<'_>) -> bool {
        let is_taken = self.list.back();
        self.sync(view);
        is_taken
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
            let text = match (whole, self.list.counts().1 == 0) {
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
            let Some(change) = self.list.row_of(selected) else { return Vec::new() };
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
