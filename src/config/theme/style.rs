//! One style of a theme, and how a theme writes it: `bold #ff8800 on #101010`.

use std::fmt;
use std::str::FromStr;

/// A colour of a theme.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Colour {
    /// 24-bit colour.
    Rgb(u8, u8, u8),
    /// One of the terminal's 256; 0 to 15 are the terminal's own.
    Indexed(u8),
}

/// How something is drawn. What is not set stays as the terminal has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "attributes of a terminal cell, each independent of the others"
)]
pub struct Style {
    /// The colour of the characters.
    pub foreground: Option<Colour>,
    /// The colour behind them.
    pub background: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Underlined.
    pub underline: bool,
    /// Foreground and background exchanged.
    pub reverse: bool,
}

/// The terminal's own sixteen colours, in its order.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// A style that a theme wrote wrong: what is wrong with it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct StyleError(String);

impl FromStr for Style {
    type Err = StyleError;

    fn from_str(text: &str) -> Result<Self, StyleError> {
        let mut style = Self::default();
        let mut words = text.split_whitespace();
        let mut coloured = false;
        while let Some(word) = words.next() {
            match word {
                "bold" => style.bold = true,
                "dim" => style.dim = true,
                "underline" => style.underline = true,
                "reverse" => style.reverse = true,
                "on" => {
                    let name =
                        words.next().ok_or_else(|| StyleError("a colour is missing after `on`".into()))?;
                    style.background = colour(name)?;
                }
                _ if coloured => return Err(StyleError(format!("`{word}` is one colour too many"))),
                _ => {
                    style.foreground = colour(word)?;
                    coloured = true;
                }
            }
        }
        Ok(style)
    }
}

/// Reads a colour; `default` is the terminal's own, which is none.
fn colour(word: &str) -> Result<Option<Colour>, StyleError> {
    if word == "default" {
        return Ok(None);
    }
    if let Some(digits) = word.strip_prefix('#') {
        let hex = |range: std::ops::Range<usize>| {
            digits.get(range).filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        let part = |at: usize| hex(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        return match (digits.len(), part(0), part(2), part(4)) {
            (6, Some(red), Some(green), Some(blue)) => Ok(Some(Colour::Rgb(red, green, blue))),
            _ => Err(StyleError(format!("`{word}` is not a colour; write six hexadecimal digits, #ff8800"))),
        };
    }
    if let Ok(number) = word.parse() {
        return Ok(Some(Colour::Indexed(number)));
    }
    let folded = word.to_ascii_lowercase().replace('_', "-");
    if let Some(index) = NAMES.iter().position(|name| *name == folded) {
        return Ok(u8::try_from(index).ok().map(Colour::Indexed));
    }
    let known = NAMES.iter().copied().chain(["default", "bold", "dim", "underline", "reverse", "on"]);
    let near = super::super::nearest::suggestion(word, known);
    Err(StyleError(format!(
        "`{word}` is not a colour{near}; write #rrggbb, a name such as bright-red, 0 to 255, or default"
    )))
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rgb(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
            Self::Indexed(index) => match NAMES.get(usize::from(*index)) {
                Some(name) => f.write_str(name),
                None => write!(f, "{index}"),
            },
        }
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = Vec::new();
        for (is, word) in
            [(self.bold, "bold"), (self.dim, "dim"), (self.underline, "underline"), (self.reverse, "reverse")]
        {
            words.extend(is.then(|| word.to_owned()));
        }
        words.extend(self.foreground.map(|colour| colour.to_string()));
        words.extend(self.background.map(|colour| format!("on {colour}")));
        if words.is_empty() { f.write_str("default") } else { f.write_str(&words.join(" ")) }
    }
}

/// The levels of one part of the 6x6x6 cube of colours 16 to 231.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Colour {
    /// The nearest of the terminal's 256 colours, for terminals without 24-bit colour. The first
    /// sixteen are not used: every terminal has its own idea of them.
    #[must_use]
    pub fn indexed(self) -> Self {
        let Self::Rgb(red, green, blue) = self else { return self };
        let far = |a: (u8, u8, u8)| {
            let part = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
            part(a.0, red) + part(a.1, green) + part(a.2, blue)
        };
        let step = |part: u8| {
            let near = (0_u8..).zip(CUBE).min_by_key(|(_, level)| level.abs_diff(part));
            near.unwrap_or_default()
        };
        let ((r, red_level), (g, green_level), (b, blue_level)) = (step(red), step(green), step(blue));
        let cube = (16 + 36 * r + 6 * g + b, far((red_level, green_level, blue_level)));
        let grey = (0_u8..24)
            .map(|n| (232 + n, far((8 + 10 * n, 8 + 10 * n, 8 + 10 * n))))
            .min_by_key(|(_, far)| *far);
        Self::Indexed(grey.filter(|grey| grey.1 < cube.1).unwrap_or(cube).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_the_same_style() {
        for text in [
            "default",
            "#ff8800",
            "bold red",
            "bold dim underline reverse",
            "bright-black on 236",
            "on #000000",
            "17",
        ] {
            let style: Style = text.parse().unwrap();
            assert_eq!(style.to_string(), text);
        }
        assert_eq!("default on default".parse::<Style>().unwrap(), Style::default());
        assert_eq!("1".parse::<Style>().unwrap().to_string(), "red");
    }

    #[test]
    fn what_is_not_a_style_says_what_is_wrong() {
        for (text, part) in [
            ("rde", "did you mean `red`"),
            ("#12345", "six hexadecimal"),
            ("#+1+1+1", "six hexadecimal"),
            ("256", "0 to 255"),
            ("red blue", "`blue` is one colour too many"),
            ("red on", "missing after `on`"),
        ] {
            let error = text.parse::<Style>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_nearest_of_256_colours_is_found() {
        for (colour, index) in [
            ((255, 0, 0), 196),
            ((0, 0, 0), 16),
            ((255, 255, 255), 231),
            ((8, 8, 8), 232),
            ((95, 135, 175), 67),
        ] {
            assert_eq!(
                Colour::Rgb(colour.0, colour.1, colour.2).indexed(),
                Colour::Indexed(index),
                "{colour:?}"
            );
        }
        assert_eq!(Colour::Indexed(3).indexed(), Colour::Indexed(3));
    }
}
