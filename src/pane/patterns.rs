//! The view of patterns: what the lines in force say again and again, and what of it is new, surges or
//! has gone quiet since a moment.

mod mining;
mod moment;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;

pub use self::mining::Mining;
use self::moment::{Moment, Which, moments};
use crate::command::table::Id as Command;
use crate::config::theme::Meaning;
use crate::logs::level::Level;
use crate::logs::pattern::Id;
use crate::logs::pattern::book::{Found, Row};
use crate::logs::pattern::change::{Change, change};
use crate::logs::pattern::written::Written;
use crate::logs::query::Query;
use crate::model::text::{RawText, SafeText, clean, clean_line};
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::list::List;
use crate::ui::number::number;
use crate::ui::spark::{narrowed, spark};
use crate::ui::style::{of_level, sign_of_level};
use crate::ui::table::{self, Cell, Column};
use crate::ui::time::{Zone, age};

/// Lines above the rows; the last of them goes where there is little room.
const HEAD: u16 = 3;
/// Columns of the picture of when lines came.
const PICTURE: u16 = 18;
/// From so many rows on there is room for an example.
const TALL: u16 = 12;
/// Rows of the example, with the one above it.
const EXAMPLE: u16 = 3;

/// Which patterns are shown, and in which order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
enum Tab {
    /// All, most lines first.
    #[default]
    Top,
    New,
    Surging,
    Quiet,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Top, Self::New, Self::Surging, Self::Quiet];

    fn name(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::New => "new",
            Self::Surging => "surging",
            Self::Quiet => "quiet",
        }
    }

    fn shows(self, change: Option<Change>) -> bool {
        match self {
            Self::Top => true,
            Self::New => change == Some(Change::New),
            Self::Surging => matches!(change, Some(Change::Surging(_))),
            Self::Quiet => matches!(change, Some(Change::Quiet(_))),
        }
    }
}

/// The state of the view.
pub struct Patterns {
    tab: Tab,
    is_tab_chosen: bool,
    /// The moment that is compared with, as chosen with a key.
    which: Option<Which>,
    moments: Vec<Moment>,
    list: List<Id>,
    found: Arc<Found>,
    changes: BTreeMap<Id, Option<Change>>,
    /// How many there are for each tab.
    counts: [usize; 4],
    /// What the rows were made of: the numbers of what was found, and the second.
    made_of: Option<(u64, i64)>,
    /// How many lines or pieces were looked at, of how many; nothing once all were.
    share: Option<(u64, u64)>,
    /// Lines that were given up before they were looked at, and whether a worker broke.
    lapses: (u64, bool),
    /// Patterns whose lines the filter of the logs takes out.
    excluded: Vec<Written>,
}

impl Patterns {
    /// The view; what is new first where something that began is known.
    pub fn new(mining: &Mining) -> Self {
        Self {
            tab: if mining.onset().is_some() { Tab::New } else { Tab::Top },
            is_tab_chosen: false,
            which: None,
            moments: Vec::new(),
            list: List::default(),
            found: Arc::default(),
            changes: BTreeMap::new(),
            counts: [0; 4],
            made_of: None,
            share: None,
            lapses: (0, false),
            excluded: Vec::new(),
        }
    }

    /// Takes what was mined, unless the order is held.
    pub fn sync(&mut self, mining: &mut Mining, words: &Query, view: &View<'_>) {
        self.share = mining.share(view);
        self.lapses = mining.lapses();
        self.excluded = words.excluded_patterns().cloned().collect();
        let found = Arc::clone(mining.found());
        let newest = newest(&found, view);
        let end = newest.unwrap_or(view.now);
        // What was seen has to reach back a while before a moment in it says something.
        self.moments = moments(mining, &found, newest, view);
        let merged: BTreeMap<Id, Id> = mining.merged().into_iter().collect();
        if !merged.is_empty() {
            self.list.rename(|id| merged.get(id).copied());
        }
        let made_of = (found.lines, end.as_second() / 10);
        let is_new = !Arc::ptr_eq(&found, &self.found) || self.made_of != Some(made_of);
        if !is_new && !self.list.is_due(view.now) {
            return;
        }
        (self.found, self.made_of) = (found, Some(made_of));
        if !self.is_tab_chosen && !self.found.rows.is_empty() && self.knows_nothing_before() {
            self.tab = Tab::Top;
        }
        self.compare(view);
    }

    /// Compares with the moment, and orders the rows.
    fn compare(&mut self, view: &View<'_>) {
        let now = newest(&self.found, view).unwrap_or(view.now).as_millisecond();
        let at = self.moment().map(|moment| moment.at.as_millisecond());
        let of = |row: &Row| at.and_then(|at| change(row, &self.found, at, now));
        self.changes = self.found.rows.iter().map(|row| (row.id, of(row))).collect();
        for (count, tab) in self.counts.iter_mut().zip(Tab::ALL) {
            *count = self.changes.values().filter(|change| tab.shows(**change)).count();
        }
        let mut rows: Vec<&Row> =
            self.found.rows.iter().filter(|row| self.tab.shows(self.change(row.id))).collect();
        self.list.sift(&mut rows, |words, row| {
            words.match_any(&[RawText::from(row.text.to_string()), RawText::from_bytes(&row.example)])
        });
        // What is bad stands before what is much.
        let severity = |row: &Row| if row.level >= Level::Warn { row.level } else { Level::Unknown };
        match self.tab {
            Tab::Top => rows.sort_by_key(|row| (Reverse(row.count), row.id)),
            Tab::New => rows.sort_by_key(|row| (Reverse(severity(row)), Reverse(row.count), row.id)),
            Tab::Surging => rows.sort_by_key(|row| {
                let times = match self.change(row.id) {
                    Some(Change::Surging(times)) => times,
                    _ => 0,
                };
                (Reverse(severity(row)), Reverse(times), row.id)
            }),
            Tab::Quiet => rows.sort_by_key(|row| (Reverse(row.times.1), row.id)),
        }
        let order = rows.iter().map(|row| row.id).collect();
        self.list.sync(order, view.now);
    }

    fn change(&self, id: Id) -> Option<Change> {
        self.changes.get(&id).copied().flatten()
    }

    fn row(&self, id: Id) -> Option<&Row> {
        let at = self.found.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        self.found.rows.get(at)
    }

    fn moment(&self) -> Option<&Moment> {
        let chosen = self.moments.iter().find(|moment| Some(moment.which) == self.which);
        chosen.or(self.moments.first())
    }

    /// Its rows.
    pub fn list(&self) -> &List<Id> {
        &self.list
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect) {
        self.list.set_height(usize::from(parts(area).1.height));
    }

    /// The texts of the marked patterns, or of the selected one; empty where there is none.
    pub fn chosen(&self) -> Vec<Arc<str>> {
        self.chosen_rows().map(|row| Arc::clone(&row.text)).collect()
    }

    fn chosen_rows(&self) -> impl Iterator<Item = &Row> {
        self.list.chosen().into_iter().filter_map(|id| self.row(*id))
    }

    /// Does what a command says.
    pub fn run(&mut self, id: Command, view: &View<'_>) -> Outcome {
        self.list.hold(view.now);
        match id {
            Command::NextTab | Command::PreviousTab => {
                let steps = if id == Command::NextTab { 1 } else { Tab::ALL.len() - 1 };
                self.is_tab_chosen = true;
                self.tab = Tab::ALL.into_iter().cycle().nth(self.tab as usize + steps).unwrap_or_default();
                self.list.release();
                self.compare(view);
            }
            Command::NextMoment => {
                let here = self.moment().map(|moment| moment.which);
                let at =
                    self.moments.iter().position(|moment| Some(moment.which) == here).unwrap_or_default();
                let next = self.moments.get(at + 1).or(self.moments.first());
                self.which = next.map(|moment| moment.which);
                self.list.release();
                self.compare(view);
                let name = self.moment().map(|moment| moment.name.clone()).unwrap_or_default();
                return Outcome::notice(safe!("{}. :since 03:12 takes any time.", name));
            }
            Command::CopyRow => {
                let lines = self.chosen_rows().flat_map(|row| told(row, view)).collect();
                return Outcome::copy(safe!("{} patterns", self.chosen_rows().count()), lines);
            }
            Command::CopyLink | Command::ShowLink => return Outcome::notice("A pattern has no link."),
            Command::Sort => return Outcome::notice("Each view has its order: ] shows the next one."),
            Command::Refresh => return Outcome::notice("What comes is looked at as it comes."),
            _ => {
                self.list.run(id);
            }
        }
        Outcome::default()
    }

    /// Compares with a moment that a person wrote.
    pub fn choose(&mut self) {
        self.which = Some(Which::Chosen);
        if self.tab == Tab::Top {
            self.tab = Tab::New;
        }
        self.is_tab_chosen = true;
        self.made_of = None;
        self.list.release();
    }

    /// Filters the rows; an empty text shows all.
    pub fn filter(&mut self, text: &str, view: &View<'_>) {
        self.list.set_filter(text);
        self.compare(view);
    }

    /// Takes back one thing: the marks, the filter.
    pub fn back(&mut self, view: &View<'_>) -> bool {
        let is_taken = self.list.back();
        self.compare(view);
        is_taken
    }

    /// Draws the view.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        canvas.fill(area, styles.of(Meaning::Text));
        let mut title = safe!("2 Logs  patterns: {}", SafeText::literal(self.tab.name()));
        title.push(&coverage::filtered(self.list.filter()));
        let (foot, meaning) = self.foot();
        coverage::frame(view, area, canvas, &title, (&foot, meaning));
        let (head, body, below) = parts(area);
        self.draw_tabs(view, head, canvas);
        let name = self.moment().map(|moment| moment.name.clone()).unwrap_or_default();
        canvas.head(&safe!("{}. {}", title, name));
        for (line, (text, meaning)) in
            (1..head.height).zip([(name, Meaning::Text), (self.scope(view), Meaning::Muted)])
        {
            canvas.text(head.x, head.y + line, head.width, &text, styles.of(meaning));
        }
        if self.list.order().is_empty() {
            canvas.text(body.x, body.y, body.width, &self.nothing(), styles.of(Meaning::Muted));
            canvas.stand_on(Rect { height: body.height.min(1), ..body });
            return;
        }
        let columns = [
            Column::fixed(3, 0),
            Column::fixed(6, 0),
            Column::fixed(PICTURE, 2),
            Column::fixed(10, 1),
            Column::fixed(6, 4),
            Column::fixed(6, 3),
            Column::growing(24, 0),
        ];
        table::draw(canvas, body, &columns, &self.list, view.marking(), |id| {
            self.row(*id).map(|row| self.cells(row, view)).unwrap_or_default()
        });
        self.draw_example(view, below, canvas);
    }

    fn cells(&self, row: &Row, view: &View<'_>) -> Vec<Cell> {
        let styles = view.styles;
        let muted = styles.of(Meaning::Muted);
        let is_out = self.excluded.iter().any(|out| *out == Written::new(&row.text));
        let text = match row.level {
            _ if is_out => muted,
            Level::Warn | Level::Error | Level::Fatal => styles.of(of_level(row.level)),
            _ => styles.of(Meaning::Text),
        };
        let (change, meaning) = match self.change(row.id) {
            _ if is_out => (SafeText::literal("excluded"), Meaning::Muted),
            Some(Change::New) => (SafeText::literal("new"), Meaning::Warning),
            Some(Change::Surging(times)) => (safe!("x{}", shortly(times)), Meaning::Warning),
            Some(Change::Quiet(millis)) => {
                (safe!("quiet {}", age(SignedDuration::from_millis(millis))), Meaning::Stale)
            }
            Some(Change::Same) | None => (SafeText::default(), Meaning::Muted),
        };
        let [first, last] = [row.times.0, row.times.1].map(|millis| {
            let at = Timestamp::from_millisecond(millis).unwrap_or(view.now);
            short_moment(at, newest(&self.found, view).unwrap_or(view.now), view)
        });
        vec![
            Cell::new(SafeText::literal(sign_of_level(row.level)), styles.of(of_level(row.level))),
            Cell::new(right(&shortly(row.count), 6), styles.of(Meaning::Text)),
            Cell::new(spark(&narrowed(&row.bars, PICTURE), view.ascii), styles.of(Meaning::Graph)),
            Cell::new(change, styles.of(meaning)),
            Cell::new(first, muted),
            Cell::new(last, muted),
            Cell::new(text_of(row), text),
        ]
    }

    fn draw_tabs(&self, view: &View<'_>, line: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        let mut x = line.x;
        for (tab, count) in Tab::ALL.into_iter().zip(self.counts) {
            let text = safe!("{} {}", SafeText::literal(tab.name()), count);
            let (text, style) = if tab == self.tab {
                (safe!("[{}]", text), styles.of(Meaning::Title))
            } else {
                (safe!(" {} ", text), styles.of(Meaning::Muted))
            };
            x += canvas.text(x, line.y, line.right().saturating_sub(x), &text, style) + 1;
        }
    }

    /// Of how many records and from when on: a line with those that go on with it is one.
    fn scope(&self, view: &View<'_>) -> SafeText {
        let found = &self.found;
        let mut text = safe!("{} patterns of {} records", found.rows.len(), shortly(found.lines));
        let begin = found.times.and_then(|(first, _)| Timestamp::from_millisecond(first).ok());
        if let Some(begin) = begin {
            text.push(&safe!(" seen since {}", view.zone.clock(begin, view.now)));
        }
        if self.knows_nothing_before() {
            text.push(&"; nothing is known before, so none is called new".into());
        }
        text
    }

    /// Whether all lines were written after the moment.
    fn knows_nothing_before(&self) -> bool {
        let begin = self.found.times.map(|(first, _)| first);
        self.moment().zip(begin).is_some_and(|(moment, begin)| moment.at.as_millisecond() <= begin)
    }

    /// What is not all here, and how far the mining is.
    fn foot(&self) -> (SafeText, Meaning) {
        let (missed, is_broken) = self.lapses;
        if is_broken {
            return ("mining broke down; a crash report says why".into(), Meaning::Critical);
        }
        let mut text = SafeText::default();
        let mut meaning = Meaning::Muted;
        if let Some((done, all)) = self.share {
            let share = u64::try_from(u128::from(done) * 100 / u128::from(all.max(1))).unwrap_or_default();
            text = safe!("mined {}%", share);
            meaning = Meaning::Running;
        }
        let mut put = |more: SafeText| {
            if !text.is_empty() {
                text.push(&", ".into());
            }
            text.push(&more);
        };
        if missed > 0 {
            put(safe!("{} lines were given up before they were looked at", shortly(missed)));
        }
        if self.found.evicted > 0 {
            let (patterns, lines) = (shortly(self.found.evicted), shortly(self.found.other));
            put(safe!("{} rare patterns of {} records are no longer held", patterns, lines));
        }
        (text, meaning)
    }

    fn nothing(&self) -> SafeText {
        let has_found = !self.found.rows.is_empty();
        match self.tab {
            _ if self.share.is_some() && !has_found => "Looking at the lines.".into(),
            _ if !has_found => "No line yet that is shown.".into(),
            _ if !self.list.filter().is_empty() => "No row matches the filter. Esc shows all.".into(),
            Tab::Top => "No pattern.".into(),
            _ if self.knows_nothing_before() => {
                "Nothing is known of the time before: s takes another.".into()
            }
            Tab::New => "No pattern is new since then.".into(),
            Tab::Surging => "No pattern comes three times as often as before.".into(),
            Tab::Quiet => "No pattern that came again and again has gone quiet.".into(),
        }
    }

    /// The selected pattern's first line.
    fn draw_example(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let Some(row) = self.list.selected().and_then(|id| self.row(*id)) else { return };
        let (muted, text) = (view.styles.of(Meaning::Muted), view.styles.of(Meaning::Text));
        let Some(lines) = told(row, view).into_iter().nth(1) else { return };
        let wrapped = lines.wrap(usize::from(area.width.max(1)));
        let heading = safe!("pattern {}, for example:", u64::from(row.id));
        if area.height > 0 {
            canvas.text(area.x, area.y, area.width, &heading, muted);
        }
        for (y, line) in (area.y + 1..area.bottom()).zip(&wrapped) {
            canvas.text(area.x, y, area.width, line, text);
        }
    }
}

/// Head, rows and what stands below them.
fn parts(area: Rect) -> (Rect, Rect, Rect) {
    let body = inside(area);
    let (above, below) = if body.height >= TALL { (HEAD, EXAMPLE) } else { (HEAD - 1, 0) };
    let head = Rect { height: above.min(body.height), ..body };
    let rows = body.height.saturating_sub(above + below);
    let rows = Rect { y: body.y + head.height, height: rows, ..body };
    (head, rows, Rect { y: rows.bottom(), height: below, ..body })
}

/// When the last record was written, where files are read that lie still: they end then, and not now.
fn newest(found: &Found, view: &View<'_>) -> Option<Timestamp> {
    let is_file = view.logs.files().next().is_some();
    let last = found.times.and_then(|(_, last)| Timestamp::from_millisecond(last).ok());
    last.filter(|_| is_file)
}

fn text_of(row: &Row) -> SafeText {
    if row.text.is_empty() {
        return "(no message)".into();
    }
    clean(&RawText::from(row.text.to_string()))
}

/// What is known of a pattern: its counts and text, and an example.
fn told(row: &Row, view: &View<'_>) -> Vec<SafeText> {
    let [first, last] = [row.times.0, row.times.1].map(|millis| {
        let at = Timestamp::from_millisecond(millis).unwrap_or(view.now);
        view.zone.clock(at, view.now)
    });
    let times = safe!("{} records, first {}, last {}: {}", row.count, first, last, text_of(row));
    vec![times, clean_line(&row.example)]
}

/// The time of day on the last day that lines are of, the day of others, or the age.
fn short_moment(at: Timestamp, end: Timestamp, view: &View<'_>) -> SafeText {
    let now = if matches!(view.zone, Zone::Relative) { view.now } else { end };
    let text = view.zone.moment(at, now);
    // `Nov 22` of `Nov 22 03:26`.
    if text.width() > 6 { text.columns(0, 6) } else { text }
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with four digits")]
fn shortly(count: u64) -> SafeText {
    number(count as f64, 4)
}

fn right(text: &SafeText, width: usize) -> SafeText {
    let blanks = width.saturating_sub(text.width());
    let mut line: SafeText = std::iter::repeat_n(SafeText::literal(" "), blanks).collect();
    line.push(text);
    line
}

#[cfg(test)]
mod tests;
