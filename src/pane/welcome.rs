//! The first screen of a console that has no configuration: what was found here, and what to do with it.

use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::model::text::SafeText;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::pager::{Pager, Paragraph};

/// What was found on this machine.
pub struct Welcome {
    facts: Vec<SafeText>,
    pager: Pager,
}

impl Welcome {
    /// Facts, one a line.
    pub fn new(facts: Vec<SafeText>) -> Self {
        Self { facts, pager: Pager::default() }
    }

    /// Scrolls; other commands mean nothing here.
    pub fn run(&mut self, id: Id, view: &View<'_>, area: Rect, ascii: bool) {
        let page = self.page(view);
        self.pager.run(id, &page, inside(area), ascii);
    }

    /// Draws it over `area`.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.fill(area, view.styles.of(Meaning::Overlay));
        self.pager.draw(canvas, inside(area), &self.page(view), true);
    }

    /// What to do stands first: on a small screen the facts are below it.
    fn page(&self, view: &View<'_>) -> Vec<Paragraph> {
        let (text, title, key) =
            (view.styles.of(Meaning::Overlay), view.styles.of(Meaning::Title), view.styles.of(Meaning::Key));
        let line = |text: &'static str, style| Paragraph::new(SafeText::literal(text), style);
        let mut page = vec![
            line("There is no configuration yet.", title),
            line("", text),
            line("Enter  looks at what was found here, for this session;", key),
            line("       no configuration is written", text),
            line("q      leaves", key),
            line("", text),
            line("midwatch init  writes a configuration of it, to keep and to change", text),
            line("midwatch demo  plays an outage that is built in", text),
            line("", text),
            line("Found here:", title),
        ];
        page.extend(self.facts.iter().map(|fact| Paragraph::new(safe!("  {}", fact), text)));
        page
    }
}

fn inside(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}
