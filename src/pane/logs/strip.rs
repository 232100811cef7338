//! The histogram under the lines: over all of them or around those in sight, and moves by its bars.

use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::logs::histogram::{Bar, Grid, Histogram};
use crate::logs::key::Key;
use crate::logs::level::Level;
use crate::logs::tally::{Count, Step};
use crate::pane::effect::Outcome;
use crate::pane::logs::Logs;
use crate::pane::view::View;

/// Rows of a pane in which there is room for bars beside lines.
const LEAST: u16 = 8;
/// Columns in which they say something.
const NARROWEST: u16 = 28;
/// Rows that are not bars: the axis, and the words.
pub(super) const BELOW: u16 = 2;
/// Columns of what stands to the left and to the right of the bars.
pub(super) const SIDES: u16 = 9;
/// In fewer columns nothing stands to the right.
const WIDE: u16 = 50;

/// What it is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Over {
    /// All lines that are known.
    All,
    /// The lines in sight, and what is around them.
    Near,
}

/// The histogram of the pane.
#[derive(Debug, Default)]
pub(super) struct Strip {
    /// `None`: it is not shown.
    pub(super) over: Option<Over>,
    pub(super) histogram: Histogram,
    /// What its axis begins and ends with.
    pub(super) ends: (i64, i64),
    /// Lines have to be counted one by one, and were not yet.
    more: bool,
    /// Whether somebody has just asked for it: where it is read aloud, all bars are told then.
    pub(super) fresh: bool,
}

impl Strip {
    /// The rows of the lines, and those of the histogram.
    pub(super) fn split(&self, inner: Rect) -> (Rect, Rect) {
        let rows = match inner.height {
            _ if self.over.is_none() => 0,
            // One row says that there is no room.
            0..3 => 0,
            _ if inner.width < NARROWEST => 1,
            3..LEAST => 1,
            height => BELOW + (height / 4).min(4),
        };
        let lines = Rect { height: inner.height - rows, ..inner };
        (lines, Rect { y: lines.bottom(), height: rows, ..inner })
    }

    /// Whether bars are shown in so many rows.
    pub(super) fn has_room(strip: Rect) -> bool {
        strip.height > BELOW
    }

    /// Whether lines have to be counted that are here.
    pub(super) fn has_more(&self) -> bool {
        self.more
    }

    /// What is counted is something else now.
    pub(super) fn forget(&mut self) {
        self.histogram.forget();
    }

    /// Takes it away; false if it was not there.
    pub(super) fn close(&mut self) -> bool {
        let was_open = self.over.is_some();
        *self = Self::default();
        was_open
    }
}

/// Columns to the left of the bars, and of the bars.
pub(super) fn columns(width: u16) -> (u16, u16) {
    let right = if width < WIDE { 0 } else { SIDES };
    (SIDES, width.saturating_sub(SIDES + right))
}

impl Logs {
    /// Whether anything but the scope hides lines.
    pub(super) fn is_filtered(&self) -> bool {
        !self.words.is_empty() || self.minimum > Level::Unknown
    }

    /// Brings the bars up to date, if they are shown.
    pub(super) fn look_at_bars(&mut self, view: &View<'_>) {
        let Some(over) = self.strip.over else { return };
        let (_, width) = columns(self.front.width() + self.shape.width);
        let width = usize::from(width).max(1);
        let hidden: Vec<bool> =
            view.logs.streams().map(|stream| self.hidden.contains(&stream.name)).collect();
        let in_scope = |stream: u32| !hidden.get(stream as usize).copied().unwrap_or(false);
        let Some(reach) = Histogram::reach(view.logs, in_scope) else {
            self.strip.forget();
            return;
        };
        let grid = match over {
            Over::All => self.strip.histogram.over_all(view.logs, in_scope, width).unwrap_or_default(),
            Over::Near => self.near(reach, width),
        };
        self.strip.ends = (grid.start(0).max(reach.0), grid.start(grid.bars).min(reach.1));
        let search = self.search.as_ref().filter(|_| self.is_filtered());
        self.strip.more = self.strip.histogram.look(view.logs, search, in_scope, grid);
    }

    /// Bars around the lines in sight, which take about a tenth of them. They stay where they are as
    /// long as those lines are among them.
    fn near(&self, reach: (i64, i64), width: usize) -> Grid {
        let here = self.here().unwrap_or(reach.1).clamp(reach.0, reach.1);
        let edges = (self.window.top(), self.window.last());
        let sight = match edges {
            (Some(top), Some(last)) if (top.time..=last.time).contains(&here) => (top.time, last.time),
            _ => (here, here),
        };
        let before = self.strip.histogram.grid();
        let bars = i64::try_from(width).unwrap_or(i64::MAX);
        let spanned = before.step.number(sight.1) - before.step.number(sight.0) + 1;
        let fits = before.bars == width && before.bar(sight.0).is_some() && before.bar(sight.1).is_some();
        if fits && (bars / 48..=bars / 2).contains(&spanned) {
            return before;
        }
        let step = Step::over(sight, (bars / 10).max(1));
        let (first, last) = (step.number(reach.0), step.number(reach.1));
        let middle = i64::midpoint(step.number(sight.0), step.number(sight.1));
        let from = (middle - bars / 2).min(last + 1 - bars).max(first);
        let bars = usize::try_from((last + 1 - from).min(bars)).unwrap_or(1);
        Grid { step, first: from, bars }
    }

    /// The time of the selected line, or of the one that is gone to while it is read.
    pub(super) fn here(&self) -> Option<i64> {
        let selected = self.selected().map(|row| row.line.key.time);
        if self.paused && self.reading.lacking { Some(self.cursor.time) } else { selected }
    }

    /// The bar of the selected line.
    pub(super) fn marked_bar(&self) -> Option<usize> {
        let grid = self.strip.histogram.grid();
        // Nothing was counted yet, or there is nothing.
        if grid.bars == 0 {
            return None;
        }
        let time = self.here()?.clamp(grid.start(0), grid.start(grid.bars).saturating_sub(1));
        grid.bar(time)
    }

    /// Whether the selected line is in no bar: one of the few that are far from all others.
    pub(super) fn is_astray(&self) -> bool {
        let grid = self.strip.histogram.grid();
        self.here().is_some_and(|time| time > i64::MIN && grid.bar(time).is_none())
    }

    /// What of a bar is in force.
    pub(super) fn in_force(&self, bar: &Bar) -> Count {
        if self.is_filtered() { bar.found } else { bar.all }
    }

    /// Does what a command says, if it is the histogram's.
    pub(super) fn run_in_strip(&mut self, id: Id, view: &View<'_>, area: Rect) -> Option<Outcome> {
        let (_, strip) = self.strip.split(crate::ui::canvas::inside(area));
        self.strip.fresh = false;
        match id {
            Id::Histogram => Some(self.next_strip(view, area)),
            Id::NextErrorBar | Id::PreviousErrorBar => {
                if !Strip::has_room(strip) {
                    return Some(Outcome::notice("The histogram is not open, or has no room."));
                }
                let outcome = self.go_to_errors(id == Id::NextErrorBar, view);
                if self.open.is_some() && outcome.notice.is_none() {
                    self.open_selected(view);
                }
                Some(outcome)
            }
            Id::Left | Id::Right if Strip::has_room(strip) => Some(self.go_by_bar(id == Id::Right, view)),
            _ => None,
        }
    }

    /// Shows it over all lines, then around those in sight, then not.
    fn next_strip(&mut self, view: &View<'_>, area: Rect) -> Outcome {
        let (next, said) = match self.strip.over {
            None => (Some(Over::All), "Histogram of all lines; Left and Right move by bars."),
            Some(Over::All) => (Some(Over::Near), "Histogram of the time around the lines in sight."),
            Some(Over::Near) => (None, "No histogram."),
        };
        self.strip.close();
        self.strip.over = next;
        self.strip.fresh = true;
        self.reshape(view, area);
        self.layout(view, self.settled);
        self.look_at_bars(view);
        Outcome::notice(said)
    }

    /// The number of the selected line's bar, also where that is not shown, and how bars are counted.
    fn bar_here(&self) -> Option<(i64, Grid)> {
        let grid = self.strip.histogram.grid();
        let time = self.here().filter(|_| grid.bars > 0)?;
        Some((grid.step.number(time), grid))
    }

    /// Goes to the first line in force of the bar after this one that has any, or of the one before it.
    fn go_by_bar(&mut self, next: bool, view: &View<'_>) -> Outcome {
        let Some((bar, Grid { step, .. })) = self.bar_here() else {
            return Outcome::notice("There is no line here.");
        };
        let lines = self.merged(view);
        let found = if next {
            lines.forward(Key::at(step.start(bar + 1))).next().map(|line| line.key)
        } else {
            let last = lines.backward(Key::at(step.start(bar))).next();
            last.map(|line| Key::at(step.start(step.number(line.key.time))))
        };
        let none = if next { "No line after this bar." } else { "No line before this bar." };
        self.arrive(found, next, |count| count.lines() > 0, none, view)
    }

    /// Goes to the first error of the bar after this one that has any, or of the one before it.
    fn go_to_errors(&mut self, next: bool, view: &View<'_>) -> Outcome {
        let Some((bar, Grid { step, .. })) = self.bar_here() else {
            return Outcome::notice("There is no line here.");
        };
        let lines = self.merged(view);
        // All that is of an earlier time stands before it.
        let before = |bar: i64| Key { time: step.start(bar).saturating_sub(1), ..Key::END };
        let found = if next {
            lines.next_at_least(Level::Error, before(bar + 1)).map(|line| line.key)
        } else {
            let last = lines.previous_at_least(Level::Error, Key::at(step.start(bar)));
            last.map(|last| {
                let first = lines.next_at_least(Level::Error, before(step.number(last.key.time)));
                first.map_or(last.key, |line| line.key)
            })
        };
        let none = if next { "No error after this bar." } else { "No error before this bar." };
        self.arrive(found, next, |count| count.errors > 0, none, view)
    }

    /// Goes where a walk has come. If it could not, because lines of a file are not here, then to the
    /// beginning of the nearest bar that is known to have such lines: they are read there.
    fn arrive(
        &mut self,
        found: Option<Key>,
        next: bool,
        has: impl Fn(Count) -> bool,
        none: &'static str,
        view: &View<'_>,
    ) -> Outcome {
        let is_lacking = !self.reading.wanted.is_empty();
        let known = || {
            let (here, grid) = self.bar_here()?;
            let bars = (grid.first..).zip(self.strip.histogram.bars());
            let mut others = bars.filter(|(_, bar)| has(self.in_force(bar))).map(|(number, _)| number);
            let other =
                if next { others.find(|bar| *bar > here) } else { others.filter(|bar| *bar < here).last() };
            other.map(|other| Key::at(grid.step.start(other)))
        };
        match found.or_else(|| is_lacking.then(known).flatten()) {
            Some(key) => self.go(key, view),
            None if is_lacking => {
                return Outcome::notice("That part of the file is being read; press again.");
            }
            None => return Outcome::notice(none),
        }
        Outcome::default()
    }
}
