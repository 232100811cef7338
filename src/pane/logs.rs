//! The logs pane: the newest lines of all streams.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::model::text::{SafeText, clean_line};
use crate::model::update::Gives;
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::view::View;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::pager::Pager;
use crate::ui::style::of_level;

/// The state of the logs pane.
#[derive(Default)]
pub struct Logs {
    shown: Vec<(SafeText, crate::logs::level::Level)>,
}

impl Logs {
    /// Takes the newest lines.
    pub fn sync(&mut self, view: &View<'_>, area: Option<Rect>) {
        let height = area.map_or(0, |area| usize::from(inside(area).height));
        let newest = view.logs.backward(u64::MAX).take(height);
        self.shown = newest.map(|line| (clean_line(line.bytes()), line.level())).collect();
        self.shown.reverse();
    }

    /// Does what a command says.
    pub fn run(&mut self, _id: Id, _view: &View<'_>, _area: Rect) -> Outcome {
        Outcome::default()
    }

    /// Filters the lines.
    pub fn filter(&mut self, _text: &str, _view: &View<'_>) -> Outcome {
        Outcome::default()
    }

    /// The filter in force.
    pub fn filter_text(&self) -> &'static str {
        ""
    }

    /// How many lines the filter shows, and how many there are.
    pub fn counts(&self, view: &View<'_>) -> (usize, usize) {
        (self.shown.len(), usize::try_from(view.logs.lines()).unwrap_or(usize::MAX))
    }

    /// Takes back one thing.
    pub fn back(&mut self, _view: &View<'_>) -> bool {
        false
    }

    /// When what is shown changes next by itself.
    pub fn next_wake(&self, _view: &View<'_>) -> Option<Timestamp> {
        None
    }

    /// Draws the pane.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        coverage::border(view, area, canvas, SafeText::literal("2 Logs"), Gives::Logs, "", 0);
        let body = inside(area);
        if self.shown.is_empty() {
            Pager::default().draw(
                canvas,
                body,
                &coverage::empty(view, Gives::Logs, "No lines yet."),
                view.focused,
            );
        }
        for (y, (line, level)) in (body.top()..body.bottom()).zip(&self.shown) {
            canvas.text(body.x, y, body.width, line, view.styles.of(of_level(*level)));
        }
    }
}
