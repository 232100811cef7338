//! Turns what changed on the screen into few bytes, collected as one frame.
//!
//! It sends cursor moves, SGR, `ED` and `EL`, and asks the terminal nothing.

use std::convert::Infallible;

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::pen::Pen;
use crate::config::theme::Depth;

/// The shortest run of blanks up to the right edge that `EL` is used for.
const ERASE_FROM: usize = 4;

/// A ratatui backend that writes into memory.
#[derive(Debug)]
pub struct FrameBackend {
    out: Vec<u8>,
    size: Size,
    pen: Pen,
    /// Where the terminal's cursor is, when that is certain.
    at: Option<Position>,
    /// Where the cursor was last asked to be.
    wanted: Position,
    /// Whether the cursor shows, when that is certain.
    shown: Option<bool>,
}

impl FrameBackend {
    /// For a blank screen of this size with a hidden cursor, as the terminal guard leaves it.
    pub fn new(size: Size, depth: Depth) -> Self {
        Self {
            out: Vec::new(),
            size,
            pen: Pen::new(depth),
            at: None,
            wanted: Position::ORIGIN,
            shown: Some(false),
        }
    }

    /// The size that the next frame is drawn for.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
    }

    /// Forgets what the terminal was told, for when it may show something else.
    pub fn forget(&mut self) {
        self.pen.forget();
        self.at = None;
        self.shown = None;
    }

    /// Takes the bytes of the frame; empty when nothing changed.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Puts bytes that are no cells, such as a copy to the clipboard, in front of the next frame.
    pub fn append(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn number(&mut self, n: u16) {
        self.out.extend_from_slice(n.to_string().as_bytes());
    }

    /// Moves the cursor by the shortest of the forms that are certain to arrive there.
    fn move_to(&mut self, to: Position) {
        if self.at == Some(to) {
            return;
        }
        self.out.extend_from_slice(b"\x1b[");
        match self.at {
            Some(at) if at.y == to.y && to.x > at.x && digits(to.x - at.x) <= digits(to.x + 1) => {
                if to.x - at.x > 1 {
                    self.number(to.x - at.x);
                }
                self.out.push(b'C');
            }
            Some(at) if at.y == to.y => {
                if to.x > 0 {
                    self.number(to.x + 1);
                }
                self.out.push(b'G');
            }
            Some(at) if at.x == to.x && to.y > at.y => {
                if to.y - at.y > 1 {
                    self.number(to.y - at.y);
                }
                self.out.push(b'B');
            }
            _ => {
                if to.y > 0 || to.x > 0 {
                    self.number(to.y + 1);
                }
                if to.x > 0 {
                    self.out.push(b';');
                    self.number(to.x + 1);
                }
                self.out.push(b'H');
            }
        }
        self.at = Some(to);
    }

    fn print(&mut self, to: Position, cell: &Cell) {
        let symbol = cell.symbol();
        // Only neutralised text gets here; this is the last gate before the terminal all the same.
        let symbol = if symbol.chars().any(char::is_control) { "\u{fffd}" } else { symbol };
        self.out.extend_from_slice(symbol.as_bytes());
        // Terminals differ about the width of anything that is not one ordinary character, and about
        // the cursor after the last column: after those the next move names the place in full.
        let mut chars = symbol.chars();
        let ordinary = match (chars.next(), chars.next()) {
            (Some(c), None) => unicode_width::UnicodeWidthChar::width(c) == Some(1),
            _ => false,
        };
        self.at = (ordinary && to.x + 1 < self.size.width).then(|| Position::new(to.x + 1, to.y));
    }

    /// Puts the cursor where it was asked to be.
    fn settle(&mut self) {
        if self.shown == Some(true) {
            self.move_to(self.wanted);
        }
    }
}

/// The bytes that a parameter takes; 1 is the default and is left out.
fn digits(n: u16) -> u16 {
    n.checked_ilog10().map_or(0, |log| u16::try_from(log).unwrap_or(4)) + u16::from(n != 1)
}

/// For each cell the number of blanks from it on, if they reach the right edge of the screen; else 0.
fn blanks_to_edge(cells: &[(u16, u16, &Cell)], width: u16) -> Vec<usize> {
    let (mut blanks, mut next) = (vec![0; cells.len()], None);
    for (blank, &(x, y, cell)) in blanks.iter_mut().zip(cells).rev() {
        if cell.symbol() == " " && Pen::erases(cell) {
            *blank = match next {
                _ if x + 1 == width => 1,
                Some((nx, ny, count)) if (nx, ny) == (x + 1, y) && count > 0 => count + 1,
                _ => 0,
            };
        }
        next = Some((x, y, *blank));
    }
    blanks
}

impl Backend for FrameBackend {
    type Error = Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Infallible>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<_> = content.collect();
        let blanks = blanks_to_edge(&cells, self.size.width);
        let mut erased = 0;
        for (&(x, y, cell), blanks) in cells.iter().zip(blanks) {
            if erased > 0 {
                erased -= 1;
                continue;
            }
            self.move_to(Position::new(x, y));
            self.pen.set(cell, &mut self.out);
            if blanks >= ERASE_FROM {
                self.out.extend_from_slice(b"\x1b[K");
                erased = blanks - 1;
            } else {
                self.print(Position::new(x, y), cell);
            }
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        if self.shown.replace(false) != Some(false) {
            self.out.extend_from_slice(b"\x1b[?25l");
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        if self.shown.replace(true) != Some(true) {
            self.out.extend_from_slice(b"\x1b[?25h");
        }
        Ok(())
    }

    /// What was last asked for: the terminal is never asked.
    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        Ok(self.wanted)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.wanted = position.into();
        Ok(())
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Infallible> {
        self.pen.reset(&mut self.out);
        if clear_type != ClearType::All {
            self.move_to(self.wanted);
        }
        self.out.extend_from_slice(match clear_type {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        });
        Ok(())
    }

    fn size(&self) -> Result<Size, Infallible> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        Ok(WindowSize { columns_rows: self.size, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.settle();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::Terminal;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Modifier, Style};

    fn screen(width: u16, height: u16, depth: Depth) -> Terminal<FrameBackend> {
        Terminal::new(FrameBackend::new(Size { width, height }, depth)).unwrap()
    }

    fn emulator(rows: u16, columns: u16) -> vt100::Parser {
        vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0)
    }

    fn draw(terminal: &mut Terminal<FrameBackend>, paint: impl FnOnce(&mut Buffer)) -> String {
        terminal.draw(|frame| paint(frame.buffer_mut())).unwrap();
        String::from_utf8(terminal.backend_mut().take()).unwrap()
    }

    #[test]
    fn an_unchanged_screen_costs_nothing() {
        let mut terminal = screen(20, 3, Depth::True);
        let red = Style::new().fg(Color::Red);
        assert_ne!(draw(&mut terminal, |b| b.set_style(b.area, red)), "");
        draw(&mut terminal, |b| b.set_string(1, 1, "checkout", red));
        assert_eq!(draw(&mut terminal, |b| b.set_string(1, 1, "checkout", red)), "");
    }

    #[test]
    fn neighbours_cost_no_move_and_gaps_the_shortest_one() {
        let mut terminal = screen(120, 40, Depth::True);
        let plain = Style::new();
        let got = draw(&mut terminal, |b| {
            b.set_string(0, 0, "ab", plain);
            b.set_string(3, 0, "c", plain);
            b.set_string(110, 0, "d", plain);
            b.set_string(111, 1, "e", plain);
            b.set_string(4, 20, "f", plain);
            b.set_string(0, 21, "g", plain);
        });
        assert_eq!(got, "\x1b[H\x1b[mab\x1b[Cc\x1b[106Cd\x1b[Be\x1b[21;5Hf\x1b[22Hg");
    }

    #[test]
    fn a_cleared_end_of_line_is_erased_but_a_coloured_one_is_painted() {
        let mut terminal = screen(30, 2, Depth::True);
        draw(&mut terminal, |b| b.set_string(0, 0, "x".repeat(30), Style::new()));
        let got = draw(&mut terminal, |b| b.set_string(0, 0, "ok", Style::new()));
        assert_eq!(got, "\x1b[Hok\x1b[K");
        let got = draw(&mut terminal, |b| b.set_style(b.area, Style::new().bg(Color::Blue)));
        assert!(got.matches(' ').count() >= 30 && !got.contains("\x1b[K"), "{got:?}");
    }

    #[test]
    fn mono_keeps_attributes_and_sends_no_colour() {
        let mut terminal = screen(20, 1, Depth::None);
        let alert = Style::new()
            .fg(Color::Rgb(255, 0, 0))
            .bg(Color::Indexed(3))
            .add_modifier(Modifier::BOLD | Modifier::REVERSED);
        let got = draw(&mut terminal, |b| b.set_string(0, 0, "ALERT", alert));
        assert_eq!(got, "\x1b[H\x1b[0;1;7mALERT");
        let mut parser = emulator(1, 20);
        parser.process(got.as_bytes());
        let cell = parser.screen().cell(0, 0).unwrap();
        assert!(cell.bold() && cell.inverse());
        assert_eq!(cell.fgcolor(), vt100::Color::Default);
    }

    #[test]
    fn the_cursor_stands_where_it_was_asked_to_and_is_told_once() {
        let mut terminal = screen(20, 3, Depth::True);
        let put = |terminal: &mut Terminal<FrameBackend>, x, y| {
            terminal.draw(|f| f.set_cursor_position((x, y))).unwrap();
            String::from_utf8(terminal.backend_mut().take()).unwrap()
        };
        assert_eq!(put(&mut terminal, 4, 1), "\x1b[?25h\x1b[2;5H");
        assert_eq!(put(&mut terminal, 4, 1), "");
        assert_eq!(put(&mut terminal, 4, 2), "\x1b[B");
        assert_eq!(draw(&mut terminal, |_| ()), "\x1b[?25l");
    }

    #[test]
    fn after_a_wide_character_the_next_place_is_named_in_full() {
        let mut terminal = screen(12, 1, Depth::True);
        let got = draw(&mut terminal, |b| b.set_string(0, 0, "\u{4e2d}x", Style::new()));
        assert_eq!(got, "\x1b[H\x1b[m\u{4e2d}\x1b[1;3Hx");
        let got = draw(&mut terminal, |b| b.set_string(0, 0, "abc", Style::new()));
        assert_eq!(got, "\x1b[Gabc");
    }

    #[test]
    fn a_control_character_in_a_cell_does_not_reach_the_terminal() {
        let mut backend = FrameBackend::new(Size { width: 10, height: 1 }, Depth::True);
        for hostile in ["\u{1b}]0;x\u{7}", "\u{9b}2J", "\r"] {
            let cell = Cell::new(hostile);
            backend.draw([(0, 0, &cell)].into_iter()).unwrap();
        }
        let got = String::from_utf8(backend.take()).unwrap();
        assert_eq!(got.matches('\u{fffd}').count(), 3);
        assert!(!got.contains(['\u{7}', '\u{9b}', '\r', ']']), "{got:?}");
    }

    #[test]
    fn after_forgetting_a_full_repaint_needs_nothing_from_before() {
        let mut terminal = screen(20, 2, Depth::True);
        let bold = Style::new().add_modifier(Modifier::BOLD);
        let paint = |b: &mut Buffer| b.set_string(2, 1, "prod", bold);
        draw(&mut terminal, paint);
        terminal.backend_mut().forget();
        terminal.clear().unwrap();
        let got = draw(&mut terminal, paint);
        let mut parser = emulator(2, 20);
        parser.process(b"\x1b[31;7mthe shell was here\r\nand here");
        parser.process(got.as_bytes());
        assert_eq!(parser.screen().contents().trim(), "prod");
        assert_eq!(parser.screen().cell(1, 2).unwrap().fgcolor(), vt100::Color::Default);
        assert!(!parser.screen().cell(1, 2).unwrap().inverse());
    }

    fn any_style() -> impl Strategy<Value = Style> {
        let colour = prop_oneof![
            Just(Color::Reset),
            Just(Color::Red),
            Just(Color::LightCyan),
            any::<u8>().prop_map(Color::Indexed),
            any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Color::Rgb(r, g, b)),
        ];
        let modifiers = any::<u16>().prop_map(|bits| {
            // Not dim: terminals do not agree on bold and dim together.
            let ours = Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::REVERSED;
            Modifier::from_bits_truncate(bits) & ours
        });
        (colour.clone(), colour, modifiers).prop_map(|(f, b, m)| Style::new().fg(f).bg(b).add_modifier(m))
    }

    proptest! {
        /// Frame after frame of cheap bytes shows what painting the last frame alone would show.
        #[test]
        fn what_the_terminal_shows_is_what_was_drawn(
            frames in prop::collection::vec(
                prop::collection::vec((0u16..24, 0u16..6, "[a-c ]{1,12}|[\u{2500}e\u{301}]{1,4}| {24}", any_style()), 0..12),
                1..5,
            ),
        ) {
            let area = Rect::new(0, 0, 24, 6);
            let mut terminal = screen(24, 6, Depth::True);
            let mut shown = emulator(6, 24);
            for frame in &frames {
                let bytes = draw(&mut terminal, |buffer| {
                    for (x, y, text, style) in frame {
                        buffer.set_string(*x, *y, text, *style);
                    }
                });
                shown.process(bytes.as_bytes());
            }
            let mut whole = Terminal::new(FrameBackend::new(area.as_size(), Depth::True)).unwrap();
            let bytes = draw(&mut whole, |buffer| {
                for (x, y, text, style) in frames.last().unwrap() {
                    buffer.set_string(*x, *y, text, *style);
                }
            });
            let mut expected = emulator(6, 24);
            expected.process(bytes.as_bytes());
            for (y, x) in (0..6).flat_map(|y| (0..24).map(move |x| (y, x))) {
                let (got, want) = (shown.screen().cell(y, x).unwrap(), expected.screen().cell(y, x).unwrap());
                prop_assert_eq!(got.contents().trim(), want.contents().trim());
                prop_assert_eq!(got.bgcolor(), want.bgcolor());
                prop_assert_eq!((got.inverse(), got.underline()), (want.inverse(), want.underline()));
                if got.has_contents() && got.contents() != " " {
                    prop_assert_eq!((got.fgcolor(), got.bold(), got.italic()), (want.fgcolor(), want.bold(), want.italic()));
                }
            }
        }
    }
}
