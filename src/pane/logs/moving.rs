//! Moves in the logs: by lines and windows, to errors and to hits, and back to following.

use jiff::Timestamp;

use crate::logs::histogram::Histogram;
use crate::logs::key::Key;
use crate::logs::level::Level;
use crate::logs::merge::Merged;
use crate::logs::query::moment::among;
use crate::model::text::SafeText;
use crate::pane::effect::Outcome;
use crate::pane::logs::Logs;
use crate::pane::logs::line::{Line, Lines};
use crate::pane::view::View;
use crate::safe;

impl Logs {
    /// Stands still from here on.
    pub(super) fn pause(&mut self, view: &View<'_>) {
        if !self.paused {
            let selected = self.selected().map(|row| row.line.key);
            self.paused = true;
            // Of all lines, not only of those in force: what a filter hides is not new.
            let all = Merged { search: None, ..self.merged(view) };
            let last = all.backward(Key::END).next().map(|line| line.key.next());
            self.seen = last.unwrap_or_else(|| all.end());
            self.cursor = selected.unwrap_or(self.seen);
            self.top = self.window.top().unwrap_or(self.cursor);
            self.place = None;
        }
    }

    pub(super) fn follow(&mut self, view: &View<'_>) {
        (self.paused, self.open, self.place) = (false, None, None);
        self.layout(view, self.settled);
        self.made_of = None;
    }

    /// Goes to the first line of the moment that is written: a date, a time of day (UTC) near what is
    /// selected, or a length of time before or behind it such as `-15m` and `+3s`. `None` if it is no moment, else what is to be
    /// told, if anything is.
    pub fn go_to(&mut self, written: &str, view: &View<'_>) -> Option<Option<SafeText>> {
        let here = self.selected().map_or(view.now, |row| row.line.time());
        let known = Histogram::reach(view.logs, |_| true);
        let time = among(written, here, known.unwrap_or((i64::MIN, i64::MAX)), &view.zone.zone())?;
        self.go(Key::at(time), view);
        let Some((first, last)) = known else {
            return Some(Some("There are no log lines to go to a time in.".into()));
        };
        let clock = |at| view.zone.moment(Timestamp::from_millisecond(at).unwrap_or_default(), view.now);
        Some(if time > last {
            Some(safe!("No line is of {} or later: the last is of {}.", clock(time), clock(last)))
        } else if time < first {
            Some(safe!("No line is of before {}.", clock(first)))
        } else {
            None
        })
    }

    /// Stands at the line of a time, or at the first one where all are later: says whether one of then is held.
    /// `None` where it goes on as it was: there is no line, or all are of before.
    pub fn stand_at(&mut self, at: Timestamp, view: &View<'_>) -> Option<bool> {
        let time = at.as_millisecond();
        let (first, last) = Histogram::reach(view.logs, |_| true)?;
        (time <= last).then(|| {
            self.go(Key::at(time), view);
            first <= time
        })
    }

    /// Selects a line and shows it, a third down the window if it was not in sight.
    pub(super) fn go(&mut self, key: Key, view: &View<'_>) {
        self.pause(view);
        let in_sight = self.window.top().is_some_and(|top| top <= key)
            && self.window.last().is_some_and(|last| key <= last);
        self.place = (!in_sight).then_some(usize::from(self.shape.height) / 3);
        self.cursor = key;
        self.layout(view, self.settled);
    }

    /// The line that is `lines` further down, or the last; `None` if there is none.
    pub(super) fn further(&self, from: Key, lines: usize, view: &View<'_>) -> Option<Key> {
        let held = self.window.lines();
        self.lines(view, &held).forward(from.next()).take(lines).last().map(|line| line.key)
    }

    /// The line that is `lines` further up, or the first; `None` if there is none.
    pub(super) fn before(&self, from: Key, lines: usize, view: &View<'_>) -> Option<Key> {
        let held = self.window.lines();
        self.lines(view, &held).backward(from).take(lines).last().map(|line| line.key)
    }

    pub(super) fn step_down(&mut self, lines: usize, view: &View<'_>) {
        let from = self.selected().map(|row| row.line.key).filter(|_| self.paused);
        if let Some(from) = from {
            self.select(self.further(from, lines, view).unwrap_or(from), view);
        }
    }

    pub(super) fn step_up(&mut self, lines: usize, view: &View<'_>) {
        self.pause(view);
        if let Some(from) = self.selected().map(|row| row.line.key) {
            self.select(self.before(from, lines, view).unwrap_or(from), view);
        }
    }

    pub(super) fn select(&mut self, key: Key, view: &View<'_>) {
        (self.cursor, self.place) = (key, None);
        self.layout(view, self.settled);
    }

    /// Moves window and cursor down together.
    pub(super) fn scroll_down(&mut self, lines: usize, view: &View<'_>) {
        if self.paused {
            self.top = self.further(self.top, lines, view).unwrap_or(self.top);
            self.step_down(lines, view);
        }
    }

    /// Moves window and cursor up together.
    pub(super) fn scroll_up(&mut self, lines: usize, view: &View<'_>) {
        self.pause(view);
        self.top = self.before(self.top, lines, view).unwrap_or(self.top);
        self.step_up(lines, view);
    }

    pub(super) fn error(&mut self, next: bool, view: &View<'_>) -> Outcome {
        let Some(from) = self.selected().map(|row| row.line.key) else {
            return Outcome::notice("There is no line here.");
        };
        let lines = self.merged(view);
        let below = lines.next_at_least(Level::Error, from).map(|line| line.key);
        let above = lines.previous_at_least(Level::Error, from).map(|line| line.key);
        match (if next { below } else { above }, next) {
            (Some(key), _) => {
                self.go(key, view);
                Outcome::default()
            }
            (None, _) if !self.reading.wanted.is_empty() => {
                Outcome::notice("That part of the file is being read; press again.")
            }
            (None, true) if above.is_some() => {
                Outcome::notice("No error below this line; there are errors above it.")
            }
            (None, false) if below.is_some() => {
                Outcome::notice("No error above this line; there are errors below it.")
            }
            (None, true) => Outcome::notice("No error below this line."),
            (None, false) => Outcome::notice("No error above this line."),
        }
    }

    pub(super) fn hit(&mut self, next: bool, view: &View<'_>) -> Outcome {
        if self.words.is_empty() {
            return Outcome::notice("No filter, so no hits to move by: / sets one.");
        }
        let from = self.selected().map(|row| row.line.key);
        let mut held = self.window.lines();
        held.retain(|line| line.is_hit);
        let hits = Lines { around: None, ..self.lines(view, &held) };
        // A record is one hit.
        let begins = |line: &Line| !line.continues();
        let found = from.and_then(|from| {
            if next { hits.forward(from.next()).find(begins) } else { hits.backward(from).find(begins) }
        });
        let found = found.map(|line| line.key);
        match (found, next) {
            (Some(key), _) => {
                self.go(key, view);
                Outcome::default()
            }
            (None, _) if !self.reading.wanted.is_empty() => {
                Outcome::notice("That part of the file is being read; press again.")
            }
            (None, true) => Outcome::notice("No hit below this line."),
            (None, false) => Outcome::notice("No hit above this line."),
        }
    }
}
