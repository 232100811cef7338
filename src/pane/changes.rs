//! The view of what changed before something began, with what could not be seen.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::insight::changes::{self, BEFORE, Change, Reach, Subject};
use crate::model::health::Health;
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
use crate::ui::table::{self, Cell, Column, Marking};
use crate::ui::time::age;

/// Names a run: its source and its id there.
type Key = (RawText, RawText);

/// The state of the view.
pub struct Changes {
    subject: Subject,
    onset: Timestamp,
    list: List<Key>,
    rows: Vec<Change>,
    filter: String,
}

impl Changes {
    /// What changed before this began.
    pub fn new(subject: Subject, onset: Timestamp) -> Self {
        Self { subject, onset, list: List::default(), rows: Vec::new(), filter: String::new() }
    }

    /// Takes what the sources say now.
    pub fn sync(&mut self, view: &View<'_>) {
        let words = Words::new(&self.filter);
        let all = changes::before(view.world, view.catalog, &self.subject, self.onset);
        self.rows = all.into_iter().filter(|change| words.match_any(texts(change))).collect();
        self.list.sync(self.rows.iter().map(key).collect(), view.now);
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
    pub fn selected(&self) -> Option<&Key> {
        self.list.selected()
    }

    /// What the selected row is about.
    pub fn subject(&self) -> Subject {
        let chosen = self.list.selected().and_then(|selected| self.rows.iter().find(|c| key(c) == *selected));
        chosen.map_or_else(
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
                let chosen = self.list.chosen();
                let lines = self.rows.iter().filter(|change| chosen.contains(&&key(change)));
                let lines: Vec<_> = lines.map(|change| line(change, view)).collect();
                return Outcome::copy(safe!("{} changes", lines.len()), lines);
            }
            Id::CopyLink | Id::ShowLink => {
                let selected = self.list.selected();
                let change = self.rows.iter().find(|change| Some(&key(change)) == selected);
                return match change.and_then(|change| change.run.link.as_ref()) {
                    Some(link) => Outcome::copy("The link".into(), vec![clean(link)]),
                    None => Outcome::notice("This run has no link."),
                };
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
    pub fn counts(&self, view: &View<'_>) -> (usize, usize) {
        let all = changes::before(view.world, view.catalog, &self.subject, self.onset);
        (self.rows.len(), all.len())
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
    pub fn next_wake(&self, _: &View<'_>) -> Option<Timestamp> {
        self.list.next_wake()
    }

    /// Draws the view.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        let heading = safe!("Changes before {}", clean(&self.subject.name));
        let (gaps, whole) = gaps(view);
        let foot = if whole && !gaps.is_empty() {
            safe!("all {} sources of runs were seen", gaps.len())
        } else {
            SafeText::default()
        };
        let border = if view.focused { Meaning::BorderFocused } else { Meaning::Border };
        canvas.fill(area, styles.of(Meaning::Text));
        let (title_style, foot_style) = (styles.of(Meaning::Title), styles.of(Meaning::Muted));
        canvas.border(area, (&heading, title_style), (&foot, foot_style), styles.of(border));
        let mut body = inside(area);
        let mut head = |text: &SafeText, meaning| {
            canvas.text(body.x, body.y, body.width, text, styles.of(meaning));
            body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        };
        head(&self.scope(view), Meaning::Muted);
        if whole {
            head(&SafeText::default(), Meaning::Muted);
        } else {
            let mut text = SafeText::literal("Not all was seen: ");
            for (index, gap) in gaps.iter().flatten().enumerate() {
                text.push(&safe!("{}{}", SafeText::literal(if index > 0 { "; " } else { "" }), gap));
            }
            head(&text, Meaning::Warning);
        }
        if self.rows.is_empty() {
            let text = match (whole, self.filter.is_empty()) {
                (_, false) => SafeText::literal("No row matches the filter. Esc shows all."),
                (true, true) if gaps.is_empty() => {
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
        let marking = Marking {
            selected: styles.of(Meaning::Selection),
            mark: styles.of(Meaning::Mark),
            focused: view.focused,
        };
        let columns = [
            Column::fixed(1, 0),
            Column::fixed(11, 0),
            Column::growing(14, 0),
            Column::fixed(10, 1),
            Column::fixed(if view.many_environments() { 8 } else { 0 }, 3),
            Column::fixed(7, 4),
            Column::fixed(6, 5),
            Column::fixed(18, 2),
        ];
        table::draw(canvas, body, &columns, &self.list, marking, |selected| {
            let Some(change) = self.rows.iter().find(|change| key(change) == *selected) else {
                return Vec::new();
            };
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
                Cell::new(optional(run.revision.as_ref()), styles.of(Meaning::Muted)),
                Cell::new(optional(run.person.as_ref()), styles.of(Meaning::Muted)),
                Cell::new(why(change), styles.of(Meaning::Muted)),
            ]
        });
    }

    /// Which time and which things are looked at.
    fn scope(&self, view: &View<'_>) -> SafeText {
        let onset = view.zone.precise(self.onset, view.now);
        let mut text = safe!("Began at {}; runs of the {} min before.", onset, BEFORE.as_mins());
        match (&self.subject.service, &self.subject.host) {
            (Some(service), _) => text.push(&safe!(" Service {}.", clean(service))),
            (None, Some(host)) => text.push(&safe!(" Host {}.", clean(host))),
            (None, None) => {
                text.push(&" No service is known of it: [[service]] says what belongs together.".into());
            }
        }
        text
    }
}

/// Lines above the rows.
const HEAD: u16 = 2;

fn key(change: &Change) -> Key {
    (change.source.clone(), change.run.id.clone())
}

fn texts(change: &Change) -> Vec<&RawText> {
    let run = &change.run;
    let optional = [&change.service, &change.environment, &run.revision, &run.person, &run.branch];
    [&run.pipeline, &run.title, &change.source].into_iter().chain(optional.into_iter().flatten()).collect()
}

/// For each source of runs, why what it shows may not be all; `true` if there is no reason.
fn gaps(view: &View<'_>) -> (Vec<Option<SafeText>>, bool) {
    let gap = |source: &crate::model::world::Source| {
        let name = clean(&source.info.name);
        match source.health(view.now) {
            Health::Live if source.condition.troubles.is_empty() => None,
            Health::Live => Some(safe!("{} in part", name)),
            Health::Starting => Some(safe!("{} still loading", name)),
            Health::Stale(old) => Some(safe!("{} {} old", name, age(old))),
            Health::Failing(_, since) => Some(safe!("{} blind since {}", name, view.zone.minute(since))),
            Health::Crashed(_) => Some(safe!("{} crashed", name)),
        }
    };
    let gaps: Vec<_> = coverage::sources(view, Gives::Runs).map(gap).collect();
    let whole = gaps.iter().all(Option::is_none);
    (gaps, whole)
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

/// Why it stands where it stands.
fn why(change: &Change) -> SafeText {
    let scope = match change.reach {
        Reach::Service => "same service",
        Reach::Environment => "other service",
        Reach::Elsewhere => "other environment",
    };
    // Most suspects are deployments, so it is the others that are told apart.
    let kind = if change.is_deployment { "" } else { ", run" };
    safe!("{}{}", SafeText::literal(scope), SafeText::literal(kind))
}

fn line(change: &Change, view: &View<'_>) -> SafeText {
    let began = view.zone.precise(change.run.began(), view.now);
    let mut line = safe!("{} {} ({}): {}", began, title(change), distance(change), why(change));
    for part in [&change.service, &change.environment, &change.run.revision, &change.run.person] {
        line.push(&part.as_ref().map(|part| safe!(" {}", clean(part))).unwrap_or_default());
    }
    line
}
