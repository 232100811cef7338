//! The one place that writes cells. It takes [`SafeText`] only, so nothing else reaches a screen.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::model::text::{AnsiColour, Ink, SafeText, clean};

/// A buffer to draw in, and where the terminal's cursor shall stand.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    cursor: Option<Position>,
    /// What is to be read aloud: the selected row, or a whole page.
    read: Option<Rect>,
    /// What stood in the last border that was drawn.
    heading: Vec<SafeText>,
    ascii: bool,
    /// Whether it is read and not looked at.
    aloud: bool,
    marker: Style,
}

impl<'a> Canvas<'a> {
    /// A canvas over a buffer. `ascii` replaces what an ASCII terminal cannot show; `marker` is
    /// the style of what stands for something that could not be shown.
    pub fn new(buffer: &'a mut Buffer, ascii: bool, marker: Style) -> Self {
        Self { buffer, cursor: None, read: None, heading: Vec::new(), ascii, aloud: false, marker }
    }

    /// The whole area.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// Whether only ASCII may be drawn.
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Whether it is read and not looked at: pictures say nothing then.
    pub fn is_aloud(&self) -> bool {
        self.aloud
    }

    /// Draws something of `height` rows whose first row stands `top` rows below the top of `area`, or
    /// above it. Only what lies in the area is seen.
    pub fn clipped(&mut self, area: Rect, top: isize, height: u16, work: impl FnOnce(&mut Canvas<'_>, Rect)) {
        let area = area.intersection(self.buffer.area);
        let whole = Rect::new(0, 0, area.width, height);
        let seen: Vec<(u16, u16)> = (0..height)
            .filter_map(|row| {
                let below = u16::try_from(isize::try_from(row).ok()? + top).ok()?;
                (below < area.height).then_some((row, area.y + below))
            })
            .collect();
        let mut apart = Buffer::empty(whole);
        let copy = |from: &Buffer, to: &mut Buffer, back: bool| {
            for ((row, y), x) in seen.iter().flat_map(|at| (0..area.width).map(move |x| (*at, x))) {
                let (there, here) = ((x, row), (area.x + x, y));
                let (from_at, to_at) = if back { (there, here) } else { (here, there) };
                if let (Some(from), Some(to)) = (from.cell(from_at), to.cell_mut(to_at)) {
                    to.clone_from(from);
                }
            }
        };
        copy(self.buffer, &mut apart, false);
        let mut canvas = Canvas::new(&mut apart, self.ascii, self.marker);
        canvas.aloud = self.aloud;
        work(&mut canvas, whole);
        copy(&apart, self.buffer, true);
    }

    /// Puts the terminal's cursor here: screen readers follow it.
    pub fn set_cursor(&mut self, x: u16, y: u16) {
        if self.buffer.area.contains(Position { x, y }) {
            self.cursor = Some(Position { x, y });
        }
    }

    /// Puts the terminal's cursor on an area that belongs together: a selected row, or a page.
    pub fn stand_on(&mut self, area: Rect) {
        self.set_cursor(area.x, area.y);
        self.read = Some(area);
    }

    /// Names what is drawn here, where there is no border that does.
    pub fn head(&mut self, heading: &SafeText) {
        self.heading = vec![heading.clone()];
    }

    /// Draws `text` from `x` over at most `width` columns; returns the columns used. What does not
    /// fit ends in an ellipsis; spaces at the end always fit.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &SafeText, style: Style) -> u16 {
        let ascii;
        let text = if self.ascii {
            ascii = text.ascii();
            &ascii
        } else {
            text
        };
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x >= area.right() {
            return 0;
        }
        let width = width.min(area.right() - x);
        let cut;
        // The space at which a row was wrapped may hang over: it hides no letter.
        let end = text.as_str().trim_end_matches(' ').len();
        let text = if text.columns_before(end) > usize::from(width) {
            cut = text.truncate_to(usize::from(width), &self.ellipsis());
            &cut
        } else {
            text
        };
        let (start, mut x) = (x, x);
        for (run, ink) in text.runs() {
            let left = usize::from(width - (x - start));
            x = self.buffer.set_stringn(x, y, run, left, inked(style, ink, self.marker)).0;
        }
        x - start
    }

    /// Draws `text` so that it ends before column `right`.
    pub fn text_right(&mut self, right: u16, y: u16, width: u16, text: &SafeText, style: Style) -> u16 {
        let used = u16::try_from(text.width()).unwrap_or(u16::MAX).min(width).min(right);
        self.text(right - used, y, used, text, style)
    }

    /// Wipes an area and gives it a style: nothing shines through of what was drawn there before,
    /// its attributes neither.
    pub fn fill(&mut self, area: Rect, style: Style) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
        self.buffer.set_style(area, style);
    }

    /// Gives an area a style and keeps what stands there.
    pub fn restyle(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area, style);
    }

    /// Fills an area with one single-column glyph of this program.
    pub fn repeat(&mut self, area: Rect, glyph: &'static str, style: Style) {
        let area = area.intersection(self.buffer.area);
        let line = glyph.repeat(usize::from(area.width));
        for y in area.top()..area.bottom() {
            self.buffer.set_stringn(area.x, y, &line, usize::from(area.width), style);
        }
    }

    /// Draws a border with a title at its top and a word at its bottom.
    pub fn border(&mut self, area: Rect, title: (&SafeText, Style), foot: (&SafeText, Style), style: Style) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        self.heading = vec![title.0.clone(), foot.0.clone()];
        let glyphs: [&'static str; 6] = if self.ascii {
            ["-", "|", "+", "+", "+", "+"]
        } else {
            ["─", "│", "┌", "┐", "└", "┘"]
        };
        let [across, down, top_left, top_right, bottom_left, bottom_right] = glyphs;
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        self.repeat(Rect { height: 1, ..area }, across, style);
        self.repeat(Rect { y: bottom, height: 1, ..area }, across, style);
        self.repeat(Rect { width: 1, ..area }, down, style);
        self.repeat(Rect { x: right, width: 1, ..area }, down, style);
        for (x, y, glyph) in [
            (area.x, area.y, top_left),
            (right, area.y, top_right),
            (area.x, bottom, bottom_left),
            (right, bottom, bottom_right),
        ] {
            self.repeat(Rect { x, y, width: 1, height: 1 }, glyph, style);
        }
        let room = area.width.saturating_sub(4);
        for (y, (text, text_style)) in [(area.y, title), (bottom, foot)] {
            if !text.is_empty() && room > 2 {
                let used = self.text(area.x + 2, y, room, text, text_style);
                self.fill(Rect { x: area.x + 1, y, width: 1, height: 1 }, style);
                self.fill(Rect { x: area.x + 2 + used, y, width: 1, height: 1 }, style);
            }
        }
    }

    fn ellipsis(&self) -> SafeText {
        SafeText::literal(if self.ascii { "~" } else { "…" })
    }
}

/// Draws a frame, and puts the terminal's cursor where the drawing says.
pub fn draw(frame: &mut Frame<'_>, ascii: bool, marker: Style, work: impl FnOnce(&mut Canvas<'_>)) {
    let mut canvas = Canvas::new(frame.buffer_mut(), ascii, marker);
    work(&mut canvas);
    if let Some(cursor) = canvas.cursor {
        frame.set_cursor_position(cursor);
    }
}

/// What a screen without a screen has to tell: where it stands, and what is being typed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Written {
    /// What stands in the border: title and foot.
    pub heading: Vec<SafeText>,
    /// The lines of the page or the one selected row; none when nothing is selected.
    pub lines: Vec<SafeText>,
    /// Whether the lines are a page and not a selected row.
    pub is_page: bool,
    /// The line that has the cursor, when that is another one: what is being typed.
    pub typed: Option<SafeText>,
}

/// Draws without a screen, `size` in columns and rows, and reads what the cursor stands on.
pub fn read(size: (u16, u16), ascii: bool, work: impl FnOnce(&mut Canvas<'_>)) -> Written {
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    let mut canvas = Canvas::new(&mut buffer, ascii, Style::new());
    canvas.aloud = true;
    work(&mut canvas);
    let (cursor, area, heading) = (canvas.cursor, canvas.read, std::mem::take(&mut canvas.heading));
    let row = |area: Rect, y: u16| line(&buffer, Rect { y, height: 1, ..area });
    let cursor = cursor.filter(|at| area.is_none_or(|area| area.y != at.y));
    let inner = Rect { x: 1, width: size.0.saturating_sub(2), ..buffer.area };
    let typed = cursor.map(|at| clean(&row(inner, at.y).as_str().trim_start().into()));
    let area = area.unwrap_or_default();
    let mut lines: Vec<_> = (area.top()..area.bottom()).map(|y| row(area, y)).collect();
    while lines.pop_if(|last| last.is_empty()).is_some() {}
    let is_page = area.height > 1;
    Written { heading, lines, is_page, typed }
}

/// The text of a row, each character once, without the blanks at its end.
fn line(buffer: &Buffer, area: Rect) -> SafeText {
    let (mut text, mut x) = (String::new(), area.x);
    while x < area.right() {
        let symbol = buffer.cell((x, area.y)).map_or(" ", |cell| cell.symbol());
        text.push_str(symbol);
        x += u16::try_from(symbol.width()).unwrap_or(1).max(1);
    }
    // What was drawn was safe, and stays the same.
    clean(&text.trim_end().into())
}

/// The inside of a border.
pub fn inside(area: Rect) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect { width: 0, height: 0, ..area };
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

fn inked(base: Style, ink: Ink, marker: Style) -> Style {
    if ink == Ink::default() {
        return base;
    }
    let mut style = base;
    if let Some(colour) = ink.colour {
        style = style.fg(colour_of(colour));
    }
    if let Some(colour) = ink.background {
        style = style.bg(colour_of(colour));
    }
    let attributes = [
        (ink.bold, Modifier::BOLD),
        (ink.underline, Modifier::UNDERLINED),
        (ink.reverse, Modifier::REVERSED),
    ];
    for (_, modifier) in attributes.into_iter().filter(|(wanted, _)| *wanted) {
        style = style.add_modifier(modifier);
    }
    if ink.marker { style.patch(marker) } else { style }
}

fn colour_of(colour: AnsiColour) -> Color {
    match colour {
        AnsiColour::Indexed(index) => Color::Indexed(index),
        AnsiColour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shines_through_what_is_filled() {
        let area = Rect::new(0, 0, 4, 1);
        let mut buffer = Buffer::empty(area);
        let mut canvas = Canvas::new(&mut buffer, false, Style::new());
        canvas.text(0, 0, 4, &SafeText::literal("bold"), Style::new().add_modifier(Modifier::BOLD));
        canvas.fill(area, Style::new().bg(Color::Blue));
        canvas.text(0, 0, 4, &SafeText::literal("text"), Style::new().fg(Color::Red));
        let plain = |cell: &ratatui::buffer::Cell| cell.modifier.is_empty() && cell.bg == Color::Blue;
        assert!(buffer.content().iter().all(plain), "{buffer:?}");
    }

    #[test]
    fn of_what_is_clipped_only_what_lies_in_the_area_is_seen() {
        let mut buffer = Buffer::with_lines(["....", "....", "....", "...."]);
        let mut canvas = Canvas::new(&mut buffer, false, Style::new());
        let area = Rect::new(1, 1, 2, 2);
        let work = |canvas: &mut Canvas<'_>, area: Rect| {
            assert_eq!(area, Rect::new(0, 0, 2, 3));
            for (y, text) in (0..).zip(["aa", "bb", "cc"]) {
                canvas.text(0, y, 9, &SafeText::literal(text), Style::new());
            }
        };
        canvas.clipped(area, -1, 3, work);
        assert_eq!(buffer, Buffer::with_lines(["....", ".bb.", ".cc.", "...."]));
        let mut canvas = Canvas::new(&mut buffer, false, Style::new());
        canvas.clipped(area, 1, 3, work);
        assert_eq!(buffer, Buffer::with_lines(["....", ".bb.", ".aa.", "...."]));
        let mut canvas = Canvas::new(&mut buffer, false, Style::new());
        canvas.clipped(area, -3, 3, work);
        canvas.clipped(area, 2, 3, work);
        assert_eq!(buffer, Buffer::with_lines(["....", ".bb.", ".aa.", "...."]));
    }

    #[test]
    fn a_space_that_hangs_over_hides_no_letter() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 5, 1));
        let mut canvas = Canvas::new(&mut buffer, false, Style::new());
        canvas.text(0, 0, 5, &SafeText::literal("fired "), Style::new());
        assert_eq!(buffer, Buffer::with_lines(["fired"]));
    }
}
