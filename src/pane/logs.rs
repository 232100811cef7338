//! The logs pane: it follows the newest line, stands byte-still when paused, and shows what the
//! filter and the minimum level let through.

mod aloud;
mod bars;
mod context;
mod edge;
mod fields;
mod line;
mod marks;
mod moving;
mod page;
mod pinned;
mod reading;
mod row;
mod save;
mod strip;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::logs::choice::Choice;
use crate::logs::key::Key;
use crate::logs::level::Level;
use crate::logs::merge::Merged;
use crate::logs::mining::InForce;
use crate::logs::query::Query;
use crate::logs::search::Search;
use crate::model::text::{RawText, SafeText, clean_line, raw_view};
use crate::model::update::Gives;
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::logs::context::Context;
use crate::pane::logs::edge::{Edge, Said};
use crate::pane::logs::line::{Line, Lines};
use crate::pane::logs::marks::Marks;
use crate::pane::logs::page::Open;
use crate::pane::logs::reading::Reading;
pub use crate::pane::logs::reading::read_anew;
use crate::pane::logs::row::{Front, Look, Row, Shape};
use crate::pane::logs::save::Saving;
use crate::pane::logs::strip::Strip;
use crate::pane::logs::window::{Maker, Window};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::pager::{Pager, Paragraph};
use crate::ui::time::{Zone, next_change};

/// Lines that a search looks at between two looks at the keys: at most about 2 ms.
const SLICE: u32 = 10_000;
/// Columns of one step to the side.
const SIDE: u16 = 20;
/// Columns that can be scrolled away.
const FARTHEST: u16 = 8000;

/// The state of the logs pane.
#[derive(Default)]
pub struct Logs {
    /// The filter as written, and as read.
    text: String,
    words: Query,
    /// The lowest level shown; [`Level::Unknown`] shows all.
    minimum: Level,
    /// Streams of sources that are out of scope, and what that was found for: the environment and
    /// how many streams there were.
    hidden: BTreeSet<RawText>,
    scope: (Option<RawText>, usize),
    /// The lines of filter, level and scope; `None` when that is every line.
    search: Option<Search>,
    /// Whether the search has looked at every line once: until then the window fills.
    settled: bool,
    /// Whether the window stands still instead of following.
    paused: bool,
    /// While paused: the line that is selected, or the next one after it.
    cursor: Key,
    /// While paused: the first line of the window.
    top: Key,
    /// So many lines shall stand above the cursor, instead of beginning at `top`.
    place: Option<usize>,
    /// While paused: after the last line that was in the window.
    seen: Key,
    /// While paused: lines after that.
    below: u64,
    window: Window,
    shape: Shape,
    front: Front,
    /// Columns for names of streams; stays while paused.
    name_width: u16,
    /// The rows of the window are of another shape than asked for.
    stale: bool,
    /// What the following window was made from: parts of the buffer, and hits.
    made_of: Option<((u64, u64), usize)>,
    /// How lines shall look; width and height are the pane's.
    asked: Shape,
    marks: Marks,
    /// The line that is open.
    open: Option<Open>,
    edge: Edge,
    reading: Reading,
    strip: Strip,
    context: Context,
    /// The fields that are shown of a line.
    fields: Choice,
    /// Which hit the selected line is, if it stands still, and of how many.
    rank: Option<(Option<u64>, u64)>,
    /// Lines that are being written to a file.
    saving: Option<Saving>,
}

impl Logs {
    /// Takes what has come, and looks at one slice of the lines that a filter has to see. `area` is
    /// where the pane stands; `None` when it is not shown.
    ///
    /// The cost is that of the lines in sight, whatever came. A paused window is not touched.
    pub fn sync(&mut self, view: &View<'_>, area: Option<Rect>) {
        let Some(area) = area else {
            if !self.paused {
                (self.window, self.made_of) = (Window::default(), None);
            }
            return;
        };
        self.rescope(view);
        self.step(view);
        let done = !self.is_searching(view);
        self.edge.sync(view, &self.hidden, area.width);
        if let Some(open) = &mut self.open {
            open.sync(view);
        }
        self.reshape(view, area);
        let hits = self.search.as_ref().map_or(0, Search::len);
        let made_of = Some((view.logs.revision(), hits));
        let moved = if self.paused { !self.settled } else { self.made_of != made_of };
        if moved || self.stale || self.reading.lacking {
            self.layout(view, done);
        }
        self.made_of = made_of.filter(|_| !self.paused);
        self.settled |= done;
        self.below = self.merged(view).count_from(self.seen);
        self.look_at_bars(view);
        self.rank = self.rank(view);
    }

    /// Looks at one slice of the lines that a filter has to see: what is woken for until all are.
    pub fn advance(&mut self, view: &View<'_>) {
        self.step(view);
        if self.strip.has_more() {
            self.look_at_bars(view);
        }
    }

    fn step(&mut self, view: &View<'_>) {
        if let Some(search) = &mut self.search {
            search.step(view.logs, SLICE);
        }
        if let Some(within) = self.context.within.as_mut().filter(|within| within.can_step(view.logs)) {
            within.step(view.logs, SLICE);
            self.stale = true;
        }
    }

    /// Does what a command says. `area` is where the pane stands.
    pub fn run(&mut self, id: Id, view: &View<'_>, area: Rect) -> Outcome {
        self.reshape(view, area);
        let (body, _) = self.strip.split(inside(area));
        if self.open.is_some()
            && let Some(outcome) = self.run_in_page(id, view, body)
        {
            return outcome;
        }
        if let Some(outcome) = self.run_in_strip(id, view, area) {
            return outcome;
        }
        let screen = self.window.rows.len().max(1);
        match id {
            Id::Down => self.step_down(1, view),
            Id::Up => self.step_up(1, view),
            Id::PageDown => self.scroll_down(screen, view),
            Id::PageUp => self.scroll_up(screen, view),
            Id::HalfDown => self.scroll_down(screen.div_ceil(2), view),
            Id::HalfUp => self.scroll_up(screen.div_ceil(2), view),
            Id::Top => {
                self.pause(view);
                (self.cursor, self.top, self.place) = (Key::FIRST, Key::FIRST, None);
                self.layout(view, self.settled);
            }
            Id::Bottom | Id::Follow => self.follow(view),
            Id::Left | Id::Right if self.asked.wrap => {
                return Outcome::notice("Wrapped lines have nothing to the side; w cuts them.");
            }
            Id::Left => self.look(view, area, |look| look.left = look.left.saturating_sub(SIDE)),
            Id::Right => self.look(view, area, |look| look.left = (look.left + SIDE).min(FARTHEST)),
            Id::Wrap => self.look(view, area, |look| (look.wrap, look.left) = (!look.wrap, 0)),
            Id::RawLines => self.look(view, area, |look| look.raw = !look.raw),
            Id::MoreContext | Id::LessContext => {
                return self.change_context(id == Id::MoreContext, view);
            }
            Id::MinimumLevel => return self.next_minimum(view),
            Id::NextError | Id::PreviousError => return self.error(id == Id::NextError, view),
            Id::NextMatch | Id::PreviousMatch => return self.hit(id == Id::NextMatch, view),
            Id::Mark | Id::Range => return self.mark(id == Id::Range, view),
            Id::CopyRow => return self.copy(view),
            Id::Open => self.open_selected(view),
            Id::Refresh => {
                let sources = coverage::sources(view, Gives::Logs);
                return Outcome::refresh(sources.map(|source| source.info.name.clone()));
            }
            Id::Sort => return Outcome::notice("Lines stand in the order of their times."),
            Id::CopyLink | Id::ShowLink => return Outcome::notice("A line has no link."),
            _ => {}
        }
        Outcome::default()
    }

    /// Shows the lines that a filter sees; an empty text shows all. A filter that cannot be read
    /// becomes a notice, and the one before stays.
    pub fn filter(&mut self, text: &str, view: &View<'_>) -> Outcome {
        match Query::parse(text, view.now) {
            Ok(words) => {
                text.trim().clone_into(&mut self.text);
                self.words = words;
                self.apply(view);
                Outcome::default()
            }
            Err(error) => Outcome::notice(safe!(
                "Filter, column {}: {}. The filter before it stays.",
                error.column,
                error.what
            )),
        }
    }

    /// The filter in force, as written.
    pub fn filter_text(&self) -> &str {
        &self.text
    }

    /// Which lines are shown.
    pub fn lines_in_force(&self) -> InForce<'_> {
        InForce { written: &self.text, words: &self.words, minimum: self.minimum, hidden: &self.hidden }
    }

    /// How many records are let through so far, and how many there are.
    pub fn counts(&self, view: &View<'_>) -> (usize, usize) {
        let records = usize::try_from(view.logs.records()).unwrap_or(usize::MAX);
        (self.search.as_ref().map_or(records, Search::records), records)
    }

    /// What the selected line is about, and when it was written.
    pub fn subject(&self, view: &View<'_>) -> Option<(Subject, Timestamp)> {
        let open = self.open.as_ref().map(|open| &open.line);
        let line = open.or_else(|| self.selected().map(|row| &row.line))?;
        let source = line.segment.source();
        let subject = Subject {
            name: "this line".into(),
            service: view.catalog.service_of_logs(source),
            host: None,
            environment: view.world.source(source).and_then(|source| source.info.environment.clone()),
        };
        Some((subject, line.time()))
    }

    /// Takes back one thing: the open page, the marks, a save, the filter, the minimum level. Never the
    /// pause: what somebody reads does not jump away by Esc.
    pub fn back(&mut self, view: &View<'_>) -> bool {
        if self.open.take().is_some() || self.marks.clear() || self.strip.close() || self.stop_saving() {
            return true;
        }
        if !self.text.is_empty() {
            self.filter("", view);
            return true;
        }
        if self.minimum > Level::Unknown {
            self.minimum = Level::Unknown;
            self.apply(view);
            return true;
        }
        false
    }

    /// When what is shown changes next by itself: now, while a search is not finished.
    pub fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        let mut searches = self.search.iter().chain(&self.context.within);
        if self.strip.has_more() || searches.any(|search| search.can_step(view.logs)) {
            return Some(view.now);
        }
        let lacks = self.reading.next_wake(view.now);
        let ages = matches!(view.zone, Zone::Relative).then_some(self.window.rows.iter());
        let ages = ages.into_iter().flatten().map(|row| next_change(row.line.time(), view.now)).min();
        ages.into_iter().chain(lacks).chain(self.edge.next_wake(view)).min()
    }

    /// Draws the pane as it was when last taken: no line is looked for here.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let (body, strip) = self.strip.split(inside(area));
        let said = Said {
            minimum: self.minimum,
            filter: &self.text,
            below: self.paused.then_some(self.below),
            rank: self.rank,
            context: self.context.lines,
            fields: &self.fields,
            searching: self.is_searching(view),
            saving: self.saved_percent(),
            reading: self.reading.lacking,
            left: self.asked.left,
            raw: self.asked.raw,
        };
        self.edge.draw(view, area, &said, canvas);
        if self.draw_strip(view, (body, strip), canvas) {
            return;
        }
        if let Some(open) = &self.open {
            open.draw(self.asked.raw, view, body, canvas);
            return;
        }
        if self.window.rows.is_empty() {
            Pager::default().draw(canvas, body, &self.nothing(view), view.focused);
            return;
        }
        let selected = self.selected().map(|row| row.line.key);
        let (mut y, mut skip) = (body.y, self.window.skip);
        for row in &self.window.rows {
            let key = row.line.key;
            let is_selected = view.focused && selected == Some(key);
            let look = Look { marked: self.marks.contains(key, selected), selected: is_selected };
            let rest = Rect { y, height: body.bottom().saturating_sub(y), ..body };
            if rest.height == 0 {
                break;
            }
            let used = row.draw(view, self.front, (rest, skip), look, canvas);
            if is_selected {
                canvas.stand_on(Rect { height: used, ..rest });
            }
            y += used;
            skip = 0;
        }
    }

    fn nothing(&self, view: &View<'_>) -> Vec<Paragraph> {
        if self.is_searching(view) {
            let text = SafeText::literal("Looking for lines.");
            return vec![Paragraph::new(text, view.styles.of(Meaning::Muted))];
        }
        let (known, all) = view.logs.known_pieces();
        if self.reading.lacking || known < all {
            let text = SafeText::literal("Reading the file.");
            return vec![Paragraph::new(text, view.styles.of(Meaning::Muted))];
        }
        if self.text.is_empty() && self.minimum == Level::Unknown {
            return coverage::empty(view, Gives::Logs, "No line yet.");
        }
        let mut said = coverage::no_match(view);
        let muted = view.styles.of(Meaning::Muted);
        said.extend(self.words.hint().map(|hint| Paragraph::new(hint, muted)));
        said
    }

    fn is_searching(&self, view: &View<'_>) -> bool {
        self.search.as_ref().is_some_and(|search| !search.is_done(view.logs))
    }

    fn merged<'a>(&'a self, view: &View<'a>) -> Merged<'a> {
        Merged { buffer: view.logs, search: self.search.as_ref(), wanted: &self.reading.wanted }
    }

    fn lines<'a>(&'a self, view: &View<'a>, held: &'a [Line]) -> Lines<'a> {
        Lines { merged: self.merged(view), held, around: self.around(view) }
    }

    /// The selected line: while the window follows the last one, of lines around hits the last hit.
    fn selected(&self) -> Option<&Row> {
        let rows = &self.window.rows;
        let selected = if self.paused {
            rows.get(self.window.place_of(self.cursor))
        } else {
            rows.iter().rfind(|row| row.line.is_hit)
        };
        selected.or(rows.last()).map(AsRef::as_ref)
    }

    /// Finds again which streams are out of scope when the environment or the streams changed.
    fn rescope(&mut self, view: &View<'_>) {
        let streams = view.logs.streams().count();
        if self.scope.0.as_ref() == view.environment && self.scope.1 == streams {
            return;
        }
        self.scope = (view.environment.cloned(), streams);
        let out = view.logs.streams().filter(|stream| is_out(&stream.source, view));
        let hidden: BTreeSet<_> = out.map(|stream| stream.name.clone()).collect();
        if hidden != self.hidden {
            self.hidden = hidden;
            self.apply(view);
        }
    }

    /// Begins to look for the lines of filter, level and scope; the cursor stays where it is.
    fn apply(&mut self, view: &View<'_>) {
        let mut filter = self.words.clone();
        if self.minimum > Level::Unknown {
            filter = filter.at_least(self.minimum);
        }
        if !self.hidden.is_empty() {
            filter = filter.without(self.hidden.clone());
        }
        self.search = (!filter.is_empty()).then(|| Search::new(filter));
        self.strip.forget();
        self.context.rescope(&self.hidden);
        self.reading.begin();
        self.step(view);
        self.refill(view);
    }

    /// Fills the window anew with what is in force now; the cursor stays where it is.
    fn refill(&mut self, view: &View<'_>) {
        let done = !self.is_searching(view);
        if self.paused && self.place.is_none() {
            self.place = Some(self.window.place_of(self.cursor));
        }
        self.window = Window::default();
        self.layout(view, done);
        self.settled = done;
        self.made_of = None;
        self.look_at_bars(view);
    }

    /// Takes the place where the pane stands.
    fn reshape(&mut self, view: &View<'_>, area: Rect) {
        let (body, _) = self.strip.split(inside(area));
        if !self.paused {
            self.name_width = self.edge.name_width();
        }
        let is_around = self.context.lines > 0 && self.is_filtered();
        self.front = Front::new(body.width, view.zone, self.name_width, is_around);
        let width = body.width.saturating_sub(self.front.width());
        let shape = Shape { width, height: body.height, ascii: view.ascii, ..self.asked };
        self.stale |= shape != self.shape;
        self.shape = shape;
    }

    /// Makes the window anew. `settled`: nothing more will come in above, so that it can stand.
    fn layout(&mut self, view: &View<'_>, settled: bool) {
        let before = std::mem::take(&mut self.window);
        let held = if self.paused { before.lines() } else { Vec::new() };
        let rows = before.rows.iter().filter(|_| !self.stale).cloned();
        let known: BTreeMap<Key, Arc<Row>> = rows.map(|row| (row.line.key, row)).collect();
        self.stale = false;
        let lines = self.lines(view, &held);
        let mut top = self.top;
        if let Some(place) = self.place
            && let Some(cursor) = lines.nearest(self.cursor)
        {
            top = lines.backward(cursor.key).take(place).last().map_or(cursor.key, |line| line.key);
        }
        let filter = (!self.words.is_empty()).then_some(&self.words);
        let mut maker = Maker { lines, shape: self.shape, fields: &self.fields, filter, known };
        let window = if self.paused { maker.around(self.cursor, top) } else { maker.ending() };
        self.reading.lacking = !self.reading.wanted.is_empty();
        if self.reading.lacking && !before.rows.is_empty() {
            // Lines of a file have to be read first: until then nothing moves.
            self.window = before;
            return;
        }
        self.window = window;
        self.read_around(view);
        if !self.paused {
            return;
        }
        if settled && let Some(row) = self.selected() {
            self.cursor = row.line.key;
            self.top = self.window.top().unwrap_or(self.cursor);
            self.place = None;
        }
        self.seen = self.seen.max(self.window.last().map_or(Key::FIRST, Key::next));
    }

    /// Changes how lines look, and makes them anew.
    fn look(&mut self, view: &View<'_>, area: Rect, change: impl FnOnce(&mut Shape)) {
        change(&mut self.asked);
        self.reshape(view, area);
        self.layout(view, self.settled);
    }

    fn next_minimum(&mut self, view: &View<'_>) -> Outcome {
        let (next, said) = match self.minimum {
            Level::Unknown => (Level::Warn, "Warnings and worse."),
            Level::Warn => (Level::Error, "Errors and worse."),
            _ => (Level::Unknown, "Lines of every level."),
        };
        self.minimum = next;
        self.apply(view);
        Outcome::notice(said)
    }

    /// Marks the selected line and moves on, or begins or ends a range; the window stands still then.
    fn mark(&mut self, range: bool, view: &View<'_>) -> Outcome {
        self.pause(view);
        let Some(line) = self.selected().map(|row| row.line.clone()) else {
            return Outcome::notice("There is no line to mark.");
        };
        let fits = if range {
            self.toggle_range(line.key, view)
        } else {
            let fits = self.marks.toggle(line);
            self.step_down(1, view);
            fits
        };
        if fits { Outcome::default() } else { full() }
    }

    fn toggle_range(&mut self, cursor: Key, view: &View<'_>) -> bool {
        let held = self.window.lines();
        let mut marks = std::mem::take(&mut self.marks);
        let fits = marks.toggle_range(cursor, &self.lines(view, &held));
        self.marks = marks;
        fits
    }

    /// Copies the marked lines, or the selected one.
    fn copy(&mut self, view: &View<'_>) -> Outcome {
        let Some(selected) = self.selected().map(|row| row.line.clone()) else {
            return Outcome::notice("There is no line to copy.");
        };
        if self.marks.in_range() && !self.toggle_range(selected.key, view) {
            return full();
        }
        let text =
            |line: &Line| if self.asked.raw { raw_view(line.bytes()) } else { clean_line(line.bytes()) };
        let mut lines: Vec<_> = self.marks.lines().map(text).collect();
        if lines.is_empty() {
            lines.push(text(&selected));
        }
        let what = if lines.len() == 1 { safe!("1 line") } else { safe!("{} lines", lines.len()) };
        Outcome::copy(what, lines)
    }
}

/// What is said when no more lines can be marked.
fn full() -> Outcome {
    Outcome::notice(safe!("Only {} lines can be marked at once; Esc takes the marks away.", marks::MOST))
}

/// Whether what this source says is out of scope. A source that is not known is shown.
fn is_out(source: &RawText, view: &View<'_>) -> bool {
    view.world.source(source).is_some_and(|source| !view.shows(source.info.environment.as_ref()))
}

#[cfg(test)]
mod tests;
