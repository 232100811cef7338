//! How the terminal draws at the moment, and the fewest bytes that change it.

use std::fmt::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// The colours that the terminal gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Palette {
    /// None at all; bold, reverse and underline stay (`NO_COLOR`).
    Mono,
    /// The 256 indexed ones; others become the nearest of them.
    Indexed,
    /// 24-bit colours.
    True,
}

impl Palette {
    /// What the terminal can do, by the values of `NO_COLOR`, `COLORTERM` and `TERM`.
    ///
    /// `NO_COLOR` counts when it is not empty (no-color.org). Terminals older than colour are named
    /// `vt` and a number; anything else is taken to know the 256 colours, as even the Linux console
    /// does.
    pub fn of_terminal(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        let old = term.strip_prefix("vt").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if no_color.is_some_and(|value| !value.is_empty()) || old || term.ends_with("-mono") {
            Self::Mono
        } else if matches!(colorterm, Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            Self::True
        } else {
            Self::Indexed
        }
    }
}

/// Attributes that are sent. Blinking and hidden text never are.
const SENT: [(Modifier, &str, &str); 6] = [
    (Modifier::BOLD, "1", "22"),
    (Modifier::DIM, "2", "22"),
    (Modifier::ITALIC, "3", "23"),
    (Modifier::UNDERLINED, "4", "24"),
    (Modifier::REVERSED, "7", "27"),
    (Modifier::CROSSED_OUT, "9", "29"),
];

/// Attributes that show on a blank.
const ON_BLANK: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Look {
    ink: Color,
    paper: Color,
    modifiers: Modifier,
}

const PLAIN: Look = Look { ink: Color::Reset, paper: Color::Reset, modifiers: Modifier::empty() };

/// What the terminal was last told about colours and attributes.
#[derive(Debug)]
pub(super) struct Pen {
    palette: Palette,
    /// Unknown until something was told.
    look: Option<Look>,
}

impl Pen {
    pub(super) fn new(palette: Palette) -> Self {
        Self { palette, look: None }
    }

    pub(super) fn forget(&mut self) {
        self.look = None;
    }

    /// Whether erasing shows the same as printing this blank. Terminals without `bce` erase with
    /// the default background whatever the current one is.
    pub(super) fn erases(cell: &Cell) -> bool {
        cell.bg == Color::Reset && !cell.modifier.intersects(ON_BLANK)
    }

    /// Back to plain.
    pub(super) fn reset(&mut self, out: &mut Vec<u8>) {
        self.become_look(PLAIN, out);
    }

    /// Makes the terminal draw as this cell wants.
    pub(super) fn set(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        let sent = SENT.iter().fold(Modifier::empty(), |all, (modifier, ..)| all | *modifier);
        let mut want = Look {
            ink: fit(cell.fg, self.palette),
            paper: fit(cell.bg, self.palette),
            modifiers: cell.modifier & sent,
        };
        if cell.symbol() == " "
            && let Some(now) = self.look
            && !want.modifiers.intersects(ON_BLANK)
        {
            want.ink = now.ink;
            want.modifiers = now.modifiers.difference(ON_BLANK);
        }
        self.become_look(want, out);
    }

    fn become_look(&mut self, want: Look, out: &mut Vec<u8>) {
        if self.look == Some(want) {
            return;
        }
        let fresh = from_plain(want);
        let codes = match self.look {
            Some(now) => {
                let step = step(now, want);
                if step.len() <= fresh.len() { step } else { fresh }
            }
            None => fresh,
        };
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(codes.as_bytes());
        out.push(b'm');
        self.look = Some(want);
    }
}

/// Parameters that lead to a look from any other.
fn from_plain(want: Look) -> String {
    if want == PLAIN {
        return String::new();
    }
    format!("0;{}", step(PLAIN, want))
}

/// Parameters that lead from one look to another, naming only what differs.
fn step(now: Look, want: Look) -> String {
    let mut codes = String::new();
    let mut add = |code: &str| {
        if !codes.is_empty() {
            codes.push(';');
        }
        codes.push_str(code);
    };
    let off = now.modifiers.difference(want.modifiers);
    let mut kept = now.modifiers & want.modifiers;
    // One code ends both bold and dim.
    let weight = Modifier::BOLD | Modifier::DIM;
    if off.intersects(weight) {
        add("22");
        kept.remove(weight);
    }
    for (modifier, _, code) in SENT {
        if off.difference(weight).contains(modifier) {
            add(code);
        }
    }
    for (modifier, code, _) in SENT {
        if want.modifiers.difference(kept).contains(modifier) {
            add(code);
        }
    }
    if now.ink != want.ink {
        add(&colour(want.ink, 30));
    }
    if now.paper != want.paper {
        add(&colour(want.paper, 40));
    }
    codes
}

/// The parameter of a colour; `base` is 30 for ink and 40 for paper.
fn colour(colour: Color, base: u8) -> String {
    let mut code = String::new();
    let written = match colour {
        Color::Reset => write!(code, "{}", base + 9),
        Color::Rgb(r, g, b) => write!(code, "{};2;{r};{g};{b}", base + 8),
        other => match index(other) {
            i @ 0..=7 => write!(code, "{}", base + i),
            i @ 8..=15 => write!(code, "{}", base + 60 + i - 8),
            i => write!(code, "{};5;{i}", base + 8),
        },
    };
    written.map_or_else(|_| String::new(), |()| code)
}

fn index(colour: Color) -> u8 {
    match colour {
        Color::Indexed(i) => i,
        Color::Reset | Color::Rgb(..) | Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    }
}

fn fit(colour: Color, palette: Palette) -> Color {
    match (palette, colour) {
        (Palette::Mono, _) => Color::Reset,
        (Palette::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(nearest(r, g, b)),
        _ => colour,
    }
}

/// The nearest of the 6x6x6 cube (16 to 231) and the greys (232 to 255), as xterm defines them.
fn nearest(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let side = |v: u8| {
        let near = STEPS.iter().zip(0u8..).min_by_key(|(step, _)| step.abs_diff(v));
        near.map_or((0, 0), |(step, i)| (*step, i))
    };
    let ((cr, ri), (cg, gi), (cb, bi)) = (side(r), side(g), side(b));
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = u8::try_from(mean.saturating_sub(3) / 10).unwrap_or(23).min(23);
    let level = 8 + 10 * grey;
    let far = |x: u8, y: u8, z: u8| {
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        square(x, r) + square(y, g) + square(z, b)
    };
    if far(level, level, level) < far(cr, cg, cb) { 232 + grey } else { 16 + 36 * ri + 6 * gi + bi }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn bytes(pen: &mut Pen, style: Style, symbol: &'static str) -> String {
        let mut cell = Cell::new(symbol);
        cell.set_style(style);
        let mut out = Vec::new();
        pen.set(&cell, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_differs_is_sent_and_a_reset_when_that_is_shorter() {
        let mut pen = Pen::new(Palette::True);
        let bold = Style::new().add_modifier(Modifier::BOLD);
        assert_eq!(bytes(&mut pen, bold.fg(Color::Red), "a"), "\x1b[0;1;31m");
        assert_eq!(bytes(&mut pen, bold.fg(Color::Red), "a"), "");
        assert_eq!(bytes(&mut pen, bold.fg(Color::LightRed), "a"), "\x1b[91m");
        assert_eq!(bytes(&mut pen, bold.add_modifier(Modifier::DIM), "a"), "\x1b[2;39m");
        assert_eq!(bytes(&mut pen, bold, "a"), "\x1b[0;1m", "shorter than 22;1");
        assert_eq!(bytes(&mut pen, Style::new().bg(Color::Indexed(200)), "a"), "\x1b[0;48;5;200m");
        assert_eq!(bytes(&mut pen, Style::new(), "a"), "\x1b[m");
    }

    #[test]
    fn a_blank_does_not_care_for_ink() {
        let mut pen = Pen::new(Palette::True);
        bytes(&mut pen, Style::new().fg(Color::Red).add_modifier(Modifier::BOLD), "a");
        assert_eq!(bytes(&mut pen, Style::new().fg(Color::Blue), " "), "");
        assert_eq!(bytes(&mut pen, Style::new().bg(Color::Blue), " "), "\x1b[44m");
        assert_eq!(bytes(&mut pen, Style::new().add_modifier(Modifier::REVERSED), " "), "\x1b[0;7m");
        assert_eq!(bytes(&mut pen, Style::new(), " "), "\x1b[m");
    }

    #[test]
    fn the_environment_says_what_the_terminal_can_do() {
        let of = Palette::of_terminal;
        assert_eq!(of(None, None, Some("xterm-256color")), Palette::Indexed);
        assert_eq!(of(None, Some("truecolor"), Some("xterm-256color")), Palette::True);
        assert_eq!(of(Some("1"), Some("truecolor"), Some("xterm-256color")), Palette::Mono);
        assert_eq!(of(Some(""), None, Some("tmux-256color")), Palette::Indexed);
        assert_eq!(of(None, None, Some("vt220")), Palette::Mono);
        assert_eq!(of(None, None, Some("vte-256color")), Palette::Indexed);
        assert_eq!(of(None, None, Some("xterm-direct")), Palette::True);
    }

    #[test]
    fn a_terminal_of_256_colours_gets_the_nearest() {
        assert_eq!(nearest(255, 0, 0), 196);
        assert_eq!(nearest(0, 0, 0), 16);
        assert_eq!(nearest(128, 128, 128), 244);
        assert_eq!(nearest(255, 255, 255), 231);
        let mut pen = Pen::new(Palette::Indexed);
        assert_eq!(bytes(&mut pen, Style::new().fg(Color::Rgb(0, 95, 135)), "a"), "\x1b[0;38;5;24m");
    }
}
