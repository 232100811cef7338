//! How the terminal draws at the moment, and the fewest bytes that change it.

use std::fmt::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::config::theme::{Colour, Depth};

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
    depth: Depth,
    /// Unknown until something was told.
    look: Option<Look>,
}

impl Pen {
    pub(super) fn new(depth: Depth) -> Self {
        Self { depth, look: None }
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
            ink: fit(cell.fg, self.depth),
            paper: fit(cell.bg, self.depth),
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

/// The colour as a terminal of that depth can show it.
fn fit(colour: Color, depth: Depth) -> Color {
    match (depth, colour) {
        (Depth::None, _) => Color::Reset,
        (Depth::Sixteen, Color::Rgb(r, g, b)) => sixteen(r, g, b),
        (Depth::Sixteen, Color::Indexed(index @ 16..)) => {
            let (r, g, b) = mixed(index);
            sixteen(r, g, b)
        }
        (Depth::Indexed, Color::Rgb(r, g, b)) => match Colour::Rgb(r, g, b).indexed() {
            Colour::Indexed(index) => Color::Indexed(index),
            Colour::Rgb(..) => Color::Reset,
        },
        _ => colour,
    }
}

/// What xterm mixes for the colours 16 to 255: a cube of six steps a side, then greys.
fn mixed(index: u8) -> (u8, u8, u8) {
    if let Some(grey) = index.checked_sub(232) {
        let level = 8 + 10 * grey;
        return (level, level, level);
    }
    let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    let n = index.saturating_sub(16);
    (step(n / 36), step(n / 6 % 6), step(n % 6))
}

/// The one of a terminal's own sixteen that is most like it: which of red, green and blue it has,
/// and whether it is bright.
fn sixteen(r: u8, g: u8, b: u8) -> Color {
    let most = r.max(g).max(b);
    let has = |part: u8, bit: u8| if part > 48 && part >= most / 3 * 2 { bit } else { 0 };
    let hue = has(r, 1) | has(g, 2) | has(b, 4);
    let bright = if most > 200 || (hue == 7 && (65..128).contains(&most)) { 8 } else { 0 };
    // Dark grey is bright black, and a middle grey is what is called white.
    Color::Indexed(if hue == 7 && most < 128 { bright } else { hue + bright })
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
        let mut pen = Pen::new(Depth::True);
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
        let mut pen = Pen::new(Depth::True);
        bytes(&mut pen, Style::new().fg(Color::Red).add_modifier(Modifier::BOLD), "a");
        assert_eq!(bytes(&mut pen, Style::new().fg(Color::Blue), " "), "");
        assert_eq!(bytes(&mut pen, Style::new().bg(Color::Blue), " "), "\x1b[44m");
        assert_eq!(bytes(&mut pen, Style::new().add_modifier(Modifier::REVERSED), " "), "\x1b[0;7m");
        assert_eq!(bytes(&mut pen, Style::new(), " "), "\x1b[m");
    }

    #[test]
    fn colours_beyond_the_terminal_become_its_nearest() {
        let mut pen = Pen::new(Depth::Indexed);
        assert_eq!(bytes(&mut pen, Style::new().fg(Color::Rgb(0, 95, 135)), "a"), "\x1b[0;38;5;24m");
        let mut pen = Pen::new(Depth::Sixteen);
        let mut of = |colour| bytes(&mut pen, Style::new().fg(colour), "a");
        assert_eq!(of(Color::Rgb(255, 80, 80)), "\x1b[0;91m");
        assert_eq!(of(Color::Rgb(0, 150, 0)), "\x1b[32m");
        assert_eq!(of(Color::Indexed(226)), "\x1b[93m");
        assert_eq!(of(Color::Indexed(238)), "\x1b[90m");
        assert_eq!(of(Color::Indexed(250)), "\x1b[37m");
        assert_eq!(of(Color::Indexed(232)), "\x1b[30m");
        assert_eq!(of(Color::Indexed(255)), "\x1b[97m");
        assert_eq!(of(Color::Cyan), "\x1b[36m");
    }
}
