//! Text laid over the panes without side borders, so that a mouse can select it.

use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::model::text::SafeText;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::pager::{Pager, Paragraph};

/// What was copied, or a link to open elsewhere.
pub struct Shown {
    what: SafeText,
    lines: Vec<SafeText>,
    pager: Pager,
}

impl Shown {
    /// Lines to show, and what they are.
    pub fn new(what: SafeText, lines: Vec<SafeText>) -> Self {
        Self { what, lines, pager: Pager::default() }
    }

    /// Scrolls; other commands mean nothing here.
    pub fn run(&mut self, id: Id, view: &View<'_>, area: Rect) {
        let page = self.paragraphs(view);
        self.pager.run(id, &page, body(area), view.ascii);
    }

    /// Draws it over `area`.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.fill(area, view.styles.of(Meaning::Overlay));
        let heading = safe!("{}  (Esc closes)", self.what);
        canvas.text(area.x, area.y, area.width, &heading, view.styles.of(Meaning::Title));
        canvas.head(&heading);
        self.pager.draw(canvas, body(area), &self.paragraphs(view), true);
    }

    fn paragraphs(&self, view: &View<'_>) -> Vec<Paragraph> {
        let style = view.styles.of(Meaning::Overlay);
        self.lines.iter().map(|line| Paragraph::new(line.clone(), style)).collect()
    }
}

fn body(area: Rect) -> Rect {
    Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
}
