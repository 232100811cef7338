//! Text that came from outside (`RawText`) and text that may be drawn (`SafeText`).

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Text from outside: remote, configured, typed or pasted. Raw bytes, cheap to clone.
///
/// It has no `Display`: the only way to a screen is [`clean`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RawText(Arc<[u8]>);

impl RawText {
    /// Takes bytes as they came, valid UTF-8 or not.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes as they came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if the bytes are valid UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for RawText {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl From<String> for RawText {
    fn from(text: String) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawText(\"{}\")", self.0.escape_ascii())
    }
}

impl Serialize for RawText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(&self.0))
    }
}

impl<'de> Deserialize<'de> for RawText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

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

/// Text that may be drawn, exported or printed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SafeText {
    text: String,
    /// Byte ranges that differ from plain, in order, not overlapping.
    inks: Vec<(std::ops::Range<usize>, Ink)>,
}

impl SafeText {
    /// Text written in this program.
    pub fn literal(text: &'static str) -> Self {
        Self { text: text.to_owned(), inks: Vec::new() }
    }

    /// The characters, without their inks.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Columns on the screen.
    pub fn width(&self) -> usize {
        unicode_width::UnicodeWidthStr::width(self.text.as_str())
    }

    /// Appends other safe text with its inks.
    pub fn push(&mut self, other: &Self) {
        let offset = self.text.len();
        self.text.push_str(&other.text);
        self.inks.extend(other.inks.iter().map(|(r, ink)| (r.start + offset..r.end + offset, *ink)));
    }

    /// The text in runs of one ink each, in order.
    pub fn runs(&self) -> Vec<(&str, Ink)> {
        let mut runs = Vec::with_capacity(self.inks.len() * 2 + 1);
        let mut done = 0;
        for (range, ink) in &self.inks {
            runs.extend(
                self.text.get(done..range.start).filter(|s| !s.is_empty()).map(|s| (s, Ink::default())),
            );
            runs.extend(self.text.get(range.clone()).map(|s| (s, *ink)));
            done = range.end;
        }
        runs.extend(self.text.get(done..).filter(|s| !s.is_empty()).map(|s| (s, Ink::default())));
        runs
    }
}

impl From<&'static str> for SafeText {
    fn from(text: &'static str) -> Self {
        Self::literal(text)
    }
}

/// Makes outside text safe to draw: names, titles, labels. Nothing is lost silently.
pub fn clean(raw: &RawText) -> SafeText {
    clean_line(raw.as_bytes())
}

/// Makes one log line safe to draw, with the colours that it asked for.
pub fn clean_line(bytes: &[u8]) -> SafeText {
    let mut safe = SafeText::default();
    for c in String::from_utf8_lossy(bytes).chars() {
        if c.is_control() {
            let start = safe.text.len();
            safe.text.push('<');
            safe.text.push_str(&u32::from(c).to_string());
            safe.text.push('>');
            safe.inks.push((start..safe.text.len(), Ink { marker: true, ..Ink::default() }));
        } else {
            safe.text.push(c);
        }
    }
    safe
}

/// What [`safe!`](crate::safe) may format.
pub trait Safe {
    /// Appends itself.
    fn append_to(&self, text: &mut SafeText);
}

impl Safe for SafeText {
    fn append_to(&self, text: &mut SafeText) {
        text.push(self);
    }
}

impl<T: Safe + ?Sized> Safe for &T {
    fn append_to(&self, text: &mut SafeText) {
        (**self).append_to(text);
    }
}

macro_rules! safe_numbers {
    ($($number:ty),*) => {$(
        impl Safe for $number {
            fn append_to(&self, text: &mut SafeText) {
                text.text.push_str(&self.to_string());
            }
        }
    )*};
}
safe_numbers!(u8, u16, u32, u64, usize, i32, i64, isize, f64);

impl Safe for str {
    /// Only `&'static str` reaches here through the macro's bound.
    fn append_to(&self, text: &mut SafeText) {
        text.push(&clean(&RawText::from(self)));
    }
}

/// Puts `parts` into the `{}` holes of `form`.
pub fn assemble(form: &'static str, parts: &[&dyn Safe]) -> SafeText {
    let mut text = SafeText::default();
    let mut parts = parts.iter();
    for (index, piece) in form.split("{}").enumerate() {
        if index > 0
            && let Some(part) = parts.next()
        {
            part.append_to(&mut text);
        }
        text.text.push_str(piece);
    }
    text
}

/// Formats safe text: `safe!("{} failed, {} running", failed, running)`. Holes are `{}` only and
/// take [`Safe`] values: other safe text, numbers and times.
#[macro_export]
macro_rules! safe {
    ($form:literal $(, $part:expr)* $(,)?) => {
        $crate::model::text::assemble($form, &[$(&$part as &dyn $crate::model::text::Safe),*])
    };
}
