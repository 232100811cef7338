//! The log of one step: fetched when somebody opens it, filtered by words, errors one key away.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::logs::format::Formats;
use crate::logs::level::Level;
use crate::logs::stamp::Zone;
use crate::model::text::{RawText, SafeText, clean, clean_line};
use crate::model::update::{Detail, DetailKey};
use crate::pane::effect::{Effect, Outcome};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::list::List;
use crate::ui::pager::{Pager, Paragraph};

/// Lines before the selected one that are pinned with it.
const PINNED: usize = 60;

/// The log of one step.
pub(super) struct StepLog {
    source: RawText,
    key: DetailKey,
    title: SafeText,
    lines: Option<Vec<(RawText, Level)>>,
    /// What `lines` was made of.
    from: Option<Arc<[RawText]>>,
    failure: Option<SafeText>,
    list: List<usize>,
    left: u16,
}

impl StepLog {
    pub(super) fn new(source: RawText, key: DetailKey, title: SafeText) -> Self {
        Self { source, key, title, lines: None, from: None, failure: None, list: List::default(), left: 0 }
    }

    pub(super) fn title(&self) -> SafeText {
        self.title.clone()
    }

    /// Takes the log when it has arrived, and grows with it; the first error is selected.
    pub(super) fn sync(&mut self, view: &View<'_>) {
        match view.world.detail(&self.source, &self.key) {
            Some(Ok(Detail::Log(lines))) => {
                self.failure = None;
                let first_time = self.lines.is_none();
                if self.from.as_ref().is_none_or(|known| !Arc::ptr_eq(known, lines)) {
                    // Who stands at the end stays there, and so follows it.
                    let at_end = self.list.row() + 1 >= self.list.order().len();
                    self.take(lines);
                    self.from = Some(Arc::clone(lines));
                    self.show();
                    if at_end {
                        self.list.go(usize::MAX);
                    }
                }
                if first_time {
                    let errors = |(_, level): &(RawText, Level)| *level >= Level::Error;
                    let first = self.lines.iter().flatten().position(errors);
                    self.list.go(first.unwrap_or(usize::MAX));
                }
            }
            Some(Err(failure)) => self.failure = Some(clean(&failure.what)),
            Some(Ok(Detail::Jobs(_) | Detail::Graph(_) | Detail::Groups(_))) | None => {}
        }
    }

    /// Reads the levels of lines that were not there before.
    fn take(&mut self, lines: &[RawText]) {
        let mut known = self.lines.take().unwrap_or_default();
        let same = known.iter().zip(lines).take_while(|((known, _), line)| known == *line).count();
        known.truncate(same);
        known.extend(lines.iter().skip(same).map(|line| (line.clone(), level(line.as_bytes()))));
        self.lines = Some(known);
    }

    /// The lines to keep of it: those marked, else those that lead to the selected one.
    pub(super) fn pinned(&self) -> Vec<SafeText> {
        let text =
            |place: &usize| self.lines.as_ref()?.get(*place).map(|(line, _)| clean_line(line.as_bytes()));
        if self.list.marked() > 0 {
            return self.list.chosen().into_iter().filter_map(text).collect();
        }
        let end = self.list.row() + 1;
        let order = self.list.order();
        order.iter().take(end).skip(end.saturating_sub(PINNED)).filter_map(text).collect()
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.list.set_filter(text);
        self.show();
    }

    pub(super) fn list(&self) -> &List<usize> {
        &self.list
    }

    pub(super) fn fit(&mut self, height: u16) {
        self.list.set_height(usize::from(height));
    }

    pub(super) fn run(&mut self, id: Id, view: &View<'_>) -> Outcome {
        match id {
            Id::Follow => self.list.go(usize::MAX),
            Id::Left => self.left = self.left.saturating_sub(20),
            Id::Right => self.left = self.left.saturating_add(20).min(2000),
            Id::NextError | Id::PreviousError => return self.error(id == Id::NextError),
            Id::Refresh => {
                let effects = vec![Effect::Fetch(self.source.clone(), self.key.clone())];
                return Outcome { effects, ..Outcome::default() };
            }
            Id::CopyRow => {
                let line = |row: &usize| Some(clean_line(self.lines.as_ref()?.get(*row)?.0.as_bytes()));
                let lines: Vec<_> = self.list.chosen().into_iter().filter_map(line).collect();
                return Outcome::copy(safe!("{} lines of {}", lines.len(), self.title), lines);
            }
            Id::Open | Id::Sort => {}
            _ if self.list.run(id) => {}
            _ => return Outcome::notice(safe!("Not in the log of a step. {}", unused(view))),
        }
        Outcome::default()
    }

    pub(super) fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let said = |text: SafeText, meaning| vec![Paragraph::new(text, view.styles.of(meaning))];
        let message = match (&self.failure, &self.lines) {
            (Some(why), _) => {
                said(safe!("The log could not be fetched: {}. r tries again.", why), Meaning::Critical)
            }
            (None, None) => said(safe!("Fetching the log from {}.", clean(&self.source)), Meaning::Muted),
            (None, Some(_)) if self.list.order().is_empty() => {
                said(SafeText::literal("No line matches, or the log is empty."), Meaning::Muted)
            }
            _ => Vec::new(),
        };
        if !message.is_empty() {
            Pager::default().draw(canvas, area, &message, view.focused);
            return;
        }
        let list = &self.list;
        let rows = list.order().iter().skip(list.top()).take(usize::from(area.height));
        for (y, row) in (area.y..).zip(rows) {
            let Some((line, level)) = self.lines.as_ref().and_then(|lines| lines.get(*row)) else { continue };
            let style = view.styles.of(crate::ui::style::of_level(*level));
            let text = clean_line(line.as_bytes());
            let text = if self.left > 0 { text.columns(self.left.into(), area.width.into()) } else { text };
            if list.is_marked(row) {
                canvas.text(area.x, y, 1, &SafeText::literal("*"), view.styles.of(Meaning::Mark));
            }
            canvas.text(area.x + 1, y, area.width.saturating_sub(1), &text, style);
            if list.selected() == Some(row) && view.focused {
                canvas.restyle(Rect { y, height: 1, ..area }, view.styles.of(Meaning::Selection));
                canvas.stand_on(Rect { y, height: 1, ..area });
            }
        }
    }

    fn show(&mut self) {
        let mut lines: Vec<_> = self.lines.iter().flatten().enumerate().collect();
        self.list.sift(&mut lines, |words, (_, (line, _))| words.match_any([line]));
        self.list.sync(lines.into_iter().map(|(row, _)| row).collect(), jiff::Timestamp::UNIX_EPOCH);
    }

    fn error(&mut self, forward: bool) -> Outcome {
        let lines = self.lines.as_deref().unwrap_or_default();
        let is_error = |row: &usize| lines.get(*row).is_some_and(|(_, level)| *level >= Level::Error);
        let here = self.list.row();
        let order = self.list.order();
        let found = if forward {
            order.iter().enumerate().skip(here + 1).find(|(_, row)| is_error(row))
        } else {
            order.iter().enumerate().take(here).rev().find(|(_, row)| is_error(row))
        };
        match found.map(|(row, _)| row) {
            Some(row) => self.list.go(row),
            None => return Outcome::notice(if forward { "No error below." } else { "No error above." }),
        }
        Outcome::default()
    }
}

/// The level of a line, whatever its colours.
fn level(line: &[u8]) -> Level {
    Formats::default().head(clean_line(line).as_str().as_bytes(), 0, &mut Zone::default()).level
}

fn unused(view: &View<'_>) -> SafeText {
    SafeText::literal(if view.focused { "Esc goes back to the run." } else { "" })
}
