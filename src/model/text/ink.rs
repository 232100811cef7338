//! How a run of safe text asks to be drawn.

/// A colour that a log line asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnsiColour {
    /// One of the terminal's 256 colours; 0 to 15 are the theme's own.
    Indexed(u8),
    /// 24-bit colour.
    Rgb(u8, u8, u8),
}

/// How a run of characters asks to be drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "attributes of a terminal cell, each independent of the others"
)]
pub struct Ink {
    /// Stands for something that could not be shown; data cannot set this.
    pub marker: bool,
    /// Part of a complete escape sequence that was not obeyed; draw it dim. Data sets neither
    /// colour nor attribute inside it.
    pub escape: bool,
    /// Foreground asked for by an SGR sequence.
    pub colour: Option<AnsiColour>,
    /// Background asked for by an SGR sequence.
    pub background: Option<AnsiColour>,
    /// Bold, by SGR.
    pub bold: bool,
    /// Underlined, by SGR.
    pub underline: bool,
    /// Reversed, by SGR.
    pub reverse: bool,
}

impl Ink {
    /// The same ink with a background only if text in it can be read: a line that asks for black
    /// on black would hide itself.
    pub(super) fn readable(self) -> Self {
        match (self.colour, self.background) {
            (Some(colour), Some(background)) if too_close(colour, background) => {
                Self { background: None, ..self }
            }
            _ => self,
        }
    }
}

/// Whether no channel differs enough to tell two colours apart.
fn too_close(a: AnsiColour, b: AnsiColour) -> bool {
    /// Less than this in every channel (of 255) is not seen on a poor screen.
    const SEEN: u8 = 32;
    let (a, b) = (channels(a), channels(b));
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < SEEN)
}

/// Red, green and blue. Colours 0 to 15 as xterm draws them; a theme may differ.
fn channels(colour: AnsiColour) -> [u8; 3] {
    match colour {
        AnsiColour::Rgb(r, g, b) => [r, g, b],
        AnsiColour::Indexed(7) => [229; 3],
        AnsiColour::Indexed(8) => [127; 3],
        AnsiColour::Indexed(n @ 0..=15) => {
            let level = if n < 8 { 205 } else { 255 };
            [n & 1, n >> 1 & 1, n >> 2 & 1].map(|on| on * level)
        }
        AnsiColour::Indexed(n @ 16..=231) => {
            let n = n - 16;
            [n / 36, n / 6 % 6, n % 6].map(|step| if step == 0 { 0 } else { 55 + 40 * step })
        }
        AnsiColour::Indexed(n) => [8 + 10 * (n - 232); 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_background(colour: AnsiColour, background: AnsiColour) -> Option<AnsiColour> {
        Ink { colour: Some(colour), background: Some(background), ..Ink::default() }.readable().background
    }

    #[test]
    fn a_background_like_the_foreground_is_dropped() {
        use AnsiColour::{Indexed, Rgb};
        for (colour, background) in [
            (Indexed(1), Indexed(1)),
            (Indexed(0), Indexed(16)),
            (Indexed(16), Rgb(0, 0, 0)),
            (Rgb(0, 0, 0), Rgb(1, 2, 3)),
            (Indexed(231), Indexed(15)),
            (Indexed(244), Indexed(8)),
        ] {
            assert_eq!(shown_background(colour, background), None, "{colour:?} on {background:?}");
        }
    }

    #[test]
    fn a_readable_background_stays() {
        use AnsiColour::{Indexed, Rgb};
        for (colour, background) in
            [(Indexed(15), Indexed(1)), (Indexed(0), Indexed(2)), (Rgb(255, 255, 255), Indexed(16))]
        {
            assert_eq!(shown_background(colour, background), Some(background));
        }
    }
}
