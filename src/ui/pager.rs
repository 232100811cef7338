//! Text of many lines in a pane: wrapped to the width, scrolled by lines.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::command::table::Id;
use crate::model::text::SafeText;
use crate::ui::canvas::Canvas;

/// A paragraph of one style.
#[derive(Clone, Debug, Default)]
pub struct Paragraph {
    /// The text, without line ends.
    pub text: SafeText,
    /// How it is drawn.
    pub style: Style,
}

impl Paragraph {
    /// A paragraph.
    pub fn new(text: impl Into<SafeText>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

/// How far a text is scrolled. Which lines there are is known only with the width, so a move is
/// limited when the text is next laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pager {
    top: usize,
}

impl Pager {
    /// Scrolls as a command says; false if the command is not for a text.
    pub fn run(&mut self, id: Id, paragraphs: &[Paragraph], area: Rect, ascii: bool) -> bool {
        let screen = isize::try_from(area.height).unwrap_or(1);
        match id {
            Id::Down => self.step(1, paragraphs, area, ascii),
            Id::Up => self.step(-1, paragraphs, area, ascii),
            Id::PageDown => self.step(screen, paragraphs, area, ascii),
            Id::PageUp => self.step(-screen, paragraphs, area, ascii),
            Id::HalfDown => self.step(screen / 2, paragraphs, area, ascii),
            Id::HalfUp => self.step(-screen / 2, paragraphs, area, ascii),
            Id::Top => self.go(false, paragraphs, area, ascii),
            Id::Bottom => self.go(true, paragraphs, area, ascii),
            _ => return false,
        }
        true
    }

    /// Scrolls by lines in a text of these paragraphs shown in this area.
    fn step(&mut self, lines: isize, paragraphs: &[Paragraph], area: Rect, ascii: bool) {
        let last = laid_out(paragraphs, area.width, ascii).len().saturating_sub(usize::from(area.height));
        self.top = self.top.saturating_add_signed(lines).min(last);
    }

    /// Scrolls to the first or the last line.
    fn go(&mut self, to_end: bool, paragraphs: &[Paragraph], area: Rect, ascii: bool) {
        self.top = 0;
        if to_end {
            self.step(isize::MAX, paragraphs, area, ascii);
        }
    }

    /// Where the first line of this paragraph stands: so many rows below the top of the area, or above.
    pub fn row_of(self, index: usize, paragraphs: &[Paragraph], area: Rect, ascii: bool) -> isize {
        let before = paragraphs.get(..index.min(paragraphs.len())).unwrap_or_default();
        let row = laid_out(before, area.width, ascii).len();
        let top = self.shown_from(laid_out(paragraphs, area.width, ascii).len(), area);
        isize::try_from(row).unwrap_or(isize::MAX) - isize::try_from(top).unwrap_or(0)
    }

    fn shown_from(self, lines: usize, area: Rect) -> usize {
        self.top.min(lines.saturating_sub(usize::from(area.height)))
    }

    /// Draws what is in sight, the cursor on its first line.
    pub fn draw(self, canvas: &mut Canvas<'_>, area: Rect, paragraphs: &[Paragraph], focused: bool) {
        let lines = laid_out(paragraphs, area.width, canvas.is_ascii());
        let top = self.shown_from(lines.len(), area);
        for (y, (line, style)) in (area.top()..area.bottom()).zip(lines.iter().skip(top)) {
            canvas.text(area.x, y, area.width, line, *style);
        }
        if focused {
            canvas.stand_on(area);
        }
    }
}

/// So many rows text of this width has.
pub fn height(paragraphs: &[Paragraph], width: u16, ascii: bool) -> u16 {
    u16::try_from(laid_out(paragraphs, width, ascii).len()).unwrap_or(u16::MAX)
}

/// Wraps the text as it will be drawn: ASCII spells some characters with several.
fn laid_out(paragraphs: &[Paragraph], width: u16, ascii: bool) -> Vec<(SafeText, Style)> {
    let wrap = |paragraph: &Paragraph| {
        let style = paragraph.style;
        let spelt = ascii.then(|| paragraph.text.ascii());
        let lines = spelt.as_ref().unwrap_or(&paragraph.text).wrap(usize::from(width.max(1)));
        lines.into_iter().map(move |line| (line, style)).collect::<Vec<_>>()
    };
    paragraphs.iter().flat_map(wrap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrolling_stops_where_the_last_line_stands_at_the_bottom() {
        let text = vec![Paragraph::new("one two three four", Style::new()); 3];
        let area = Rect::new(0, 0, 10, 4);
        let mut pager = Pager::default();
        pager.step(100, &text, area, false);
        assert_eq!(pager.top, laid_out(&text, 10, false).len() - 4);
        pager.step(-1, &text, area, false);
        assert_eq!(pager.row_of(1, &text, area, false), 2 - isize::try_from(pager.top).unwrap());
        pager.go(false, &text, area, false);
        assert_eq!(pager, Pager::default());
        assert_eq!(pager.row_of(1, &text, area, false), 2);
    }
}
