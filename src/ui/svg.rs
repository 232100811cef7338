//! A drawn screen as a picture for documents: text stays text, in SVG.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use crate::model::text::SafeText;

/// A cell in pixels. Common monospaced fonts are 0.6 em wide: 8 pixels at this size.
const WIDTH: usize = 8;
const HEIGHT: usize = 17;
const FONT: &str = "13.33px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
/// From the top of a cell to the line that its text stands on.
const BASE: usize = 13;

type Rgb = (u8, u8, u8);

/// How one cell looks, with nothing left to a terminal's own colours.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    ink: Rgb,
    ground: Rgb,
    bold: bool,
    dim: bool,
    underline: bool,
}

/// A piece of a row whose cells look the same.
struct Piece {
    x: usize,
    look: Look,
    /// The symbol of each cell; a wide one is followed by an empty one.
    symbols: Vec<String>,
}

/// The picture of a screen. `ground` is the style that a cell has which says nothing; `title` is
/// what a screen reader says.
pub fn picture(buffer: &Buffer, ground: Style, title: &SafeText) -> String {
    let plain = look(&Cell::default(), ground);
    let (width, height) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let mut looks: Vec<Look> = Vec::new();
    let mut body = String::new();
    for y in 0..height {
        let cells = (0..width).filter_map(|x| buffer.content.get(y * width + x));
        for piece in pieces(cells, ground) {
            let class = looks.iter().position(|known| *known == piece.look).unwrap_or_else(|| {
                looks.push(piece.look);
                looks.len() - 1
            });
            draw(&mut body, &piece, class, y, plain.ground);
        }
    }
    let mut out = String::new();
    let (across, down) = (width * WIDTH, height * HEIGHT);
    let title = escaped(title.as_str());
    let ground = hex(plain.ground);
    let _infallible = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{across}\" height=\"{down}\" \
         viewBox=\"0 0 {across} {down}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n\
         <style>\ntext{{font:{FONT};white-space:pre}}\n"
    );
    for (class, look) in looks.iter().enumerate() {
        let ink = hex(look.ink);
        let _infallible = write!(out, ".s{class}{{fill:{ink}");
        for (wanted, says) in [
            (look.bold, ";font-weight:bold"),
            (look.dim, ";opacity:.6"),
            (look.underline, ";text-decoration:underline"),
        ] {
            out.push_str(if wanted { says } else { "" });
        }
        let _infallible = writeln!(out, "}}path.s{class}{{fill:none;stroke:{ink}}}");
    }
    let _infallible = write!(
        out,
        "</style>\n<rect width=\"{across}\" height=\"{down}\" fill=\"{ground}\"/>\n{body}</svg>\n"
    );
    out
}

fn pieces<'a>(cells: impl Iterator<Item = &'a Cell>, ground: Style) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut covered = 0;
    for (x, cell) in cells.enumerate() {
        let symbol = if covered > 0 { "" } else { cell.symbol() };
        covered = if covered > 0 { covered - 1 } else { symbol.width().saturating_sub(1) };
        let look = look(cell, ground);
        match pieces.last_mut() {
            Some(piece) if piece.look == look => piece.symbols.push(symbol.to_owned()),
            _ => pieces.push(Piece { x, look, symbols: vec![symbol.to_owned()] }),
        }
    }
    pieces
}

/// Draws a piece: its ground, its lines and bars as shapes, for fonts leave gaps between them, and
/// its words as text, each with the width that it has on a terminal.
fn draw(out: &mut String, piece: &Piece, class: usize, row: usize, plain: Rgb) {
    let (left, top) = (piece.x * WIDTH, row * HEIGHT);
    let width = piece.symbols.len() * WIDTH;
    if piece.look.ground != plain {
        let ground = hex(piece.look.ground);
        let _infallible = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{ground}\"/>"
        );
    }
    let (mut lines, mut bars) = (String::new(), String::new());
    let mut words: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut blanks = usize::MAX;
    for (n, symbol) in piece.symbols.iter().enumerate() {
        let x = left + n * WIDTH;
        if line(&mut lines, symbol, x, top) || bar(&mut bars, symbol, x, top) {
            blanks = usize::MAX;
            continue;
        }
        if symbol == " " {
            blanks = blanks.saturating_add(1);
            continue;
        }
        match words.last_mut() {
            // One blank belongs to a text; more is a gap between two.
            Some((_, word)) if blanks <= 1 => {
                word.extend(std::iter::repeat_n(" ", blanks));
                word.push(symbol);
            }
            _ => words.push((x, vec![symbol])),
        }
        blanks = 0;
    }
    if !lines.is_empty() {
        let _infallible = writeln!(out, "<path class=\"s{class}\" d=\"{lines}\"/>");
    }
    if !bars.is_empty() {
        let ink = hex(piece.look.ink);
        let _infallible = writeln!(out, "<path style=\"fill:{ink}\" d=\"{bars}\"/>");
    }
    for (x, word) in words {
        let width = word.len() * WIDTH;
        let text = escaped(&word.concat());
        let y = top + BASE;
        let _infallible = writeln!(
            out,
            "<text class=\"s{class}\" x=\"{x}\" y=\"{y}\" textLength=\"{width}\" \
             lengthAdjust=\"spacingAndGlyphs\">{text}</text>"
        );
    }
}

/// A line of a border, as strokes from the middle of its cell.
fn line(path: &mut String, symbol: &str, x: usize, y: usize) -> bool {
    // Left, right, up, down.
    let [left, right, up, down] = match symbol {
        "─" => [true, true, false, false],
        "│" => [false, false, true, true],
        "┌" => [false, true, false, true],
        "┐" => [true, false, false, true],
        "└" => [false, true, true, false],
        "┘" => [true, false, true, false],
        _ => return false,
    };
    let (half, middle) = (WIDTH / 2, HEIGHT / 2);
    let (from_x, to_x) = (if left { x } else { x + half }, if right { x + WIDTH } else { x + half });
    let (from_y, to_y) = (if up { y } else { y + middle }, if down { y + HEIGHT } else { y + middle });
    if left || right {
        let _infallible = write!(path, "M{from_x} {}.5H{to_x}", y + middle);
    }
    if up || down {
        let _infallible = write!(path, "M{}.5 {from_y}V{to_y}", x + half);
    }
    true
}

/// A bar of a graph, in eighths of its cell.
fn bar(path: &mut String, symbol: &str, x: usize, y: usize) -> bool {
    let eighths = match symbol.chars().next().map(u32::from) {
        Some(c @ 0x2581..=0x2588) => c - 0x2580,
        _ => return false,
    };
    let height = f64::from(eighths) * 17.0 / 8.0;
    let _infallible = write!(path, "M{x} {}h{WIDTH}v-{height}h-{WIDTH}z", y + HEIGHT);
    true
}

fn look(cell: &Cell, ground: Style) -> Look {
    let of = |colour: Color, otherwise: Option<Color>, last: Rgb| {
        rgb(colour).or_else(|| otherwise.and_then(rgb)).unwrap_or(last)
    };
    let mut ink = of(cell.fg, ground.fg, (229, 229, 229));
    let mut back = of(cell.bg, ground.bg, (0, 0, 0));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut back);
    }
    Look {
        ink,
        ground: back,
        bold: cell.modifier.contains(Modifier::BOLD),
        dim: cell.modifier.contains(Modifier::DIM),
        underline: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

/// A colour, unless it is the terminal's own. The first sixteen are xterm's.
fn rgb(colour: Color) -> Option<Rgb> {
    const FIRST: [Rgb; 16] = [
        (0, 0, 0),
        (205, 0, 0),
        (0, 205, 0),
        (205, 205, 0),
        (0, 0, 238),
        (205, 0, 205),
        (0, 205, 205),
        (229, 229, 229),
        (127, 127, 127),
        (255, 0, 0),
        (0, 255, 0),
        (255, 255, 0),
        (92, 92, 255),
        (255, 0, 255),
        (0, 255, 255),
        (255, 255, 255),
    ];
    let index = match colour {
        Color::Rgb(red, green, blue) => return Some((red, green, blue)),
        Color::Indexed(index) => index,
        _ => return None,
    };
    Some(match index {
        0..=15 => *FIRST.get(usize::from(index))?,
        16..=231 => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = index - 16;
            (step(n / 36), step(n / 6 % 6), step(n % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    })
}

fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    fn drawn(width: u16, paint: impl FnOnce(&mut Buffer)) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        paint(&mut buffer);
        let ground = Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Rgb(4, 5, 6));
        picture(&buffer, ground, &SafeText::literal("a <screen> & \"more\""))
    }

    #[test]
    fn text_keeps_its_columns_and_its_style() {
        let alert = Style::new().fg(Color::Indexed(196)).bg(Color::Indexed(240)).add_modifier(Modifier::BOLD);
        let svg = drawn(20, |b| {
            b.set_string(1, 0, "a b  c", Style::new());
            b.set_string(10, 0, "<&>", alert);
        });
        for part in [
            "width=\"160\" height=\"17\"",
            "<title>a &lt;screen&gt; &amp; &quot;more&quot;</title>",
            ".s0{fill:#010203}",
            ".s1{fill:#ff0000;font-weight:bold}",
            "fill=\"#040506\"",
            "<text class=\"s0\" x=\"8\" y=\"13\" textLength=\"24\" lengthAdjust=\"spacingAndGlyphs\">a b</text>",
            "<text class=\"s0\" x=\"48\" y=\"13\" textLength=\"8\" lengthAdjust=\"spacingAndGlyphs\">c</text>",
            "<rect x=\"80\" y=\"0\" width=\"24\" height=\"17\" fill=\"#585858\"/>",
            ">&lt;&amp;&gt;</text>",
        ] {
            assert!(svg.contains(part), "{part}\n{svg}");
        }
    }

    #[test]
    fn a_wide_character_takes_two_columns() {
        let svg = drawn(6, |b| {
            b.set_string(0, 0, "\u{4e2d}x", Style::new());
        });
        assert!(svg.contains("textLength=\"24\""), "{svg}");
        assert!(svg.contains(">\u{4e2d}x</text>"), "{svg}");
    }

    #[test]
    fn lines_and_bars_are_shapes_and_reverse_is_reversed() {
        let svg = drawn(6, |b| {
            b.set_string(0, 0, "┌─", Style::new());
            b.set_string(2, 0, "▄", Style::new().fg(Color::Rgb(9, 9, 9)));
            b.set_string(3, 0, "R", Style::new().add_modifier(Modifier::REVERSED));
        });
        for part in [
            "M4 8.5H8M4.5 8V17M8 8.5H16",
            "<path style=\"fill:#090909\" d=\"M16 17h8v-8.5h-8z\"/>",
            "<rect x=\"24\" y=\"0\" width=\"8\" height=\"17\" fill=\"#010203\"/>",
        ] {
            assert!(svg.contains(part), "{part}\n{svg}");
        }
        assert!(!svg.contains('┌') && !svg.contains('▄'), "{svg}");
    }
}
