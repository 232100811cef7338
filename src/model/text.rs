//! Text that came from outside (`RawText`) and text that may be drawn (`SafeText`).
//!
//! All outside text is hostile: logs, names and errors can carry escape sequences, invisible
//! characters and reordering. It stays `RawText` (its exact bytes) until it is shown; the only
//! ways to [`SafeText`] are [`clean`] and its sisters, [`SafeText::literal`] and
//! [`safe!`](crate::safe). What cannot be shown as it is becomes a visible marker that says what
//! stood there:
//!
//! ```text
//! U+0000-001F, U+007F   control picture, U+2400 + n (ASCII form: ^X)
//! any other code point  <U+202E>
//! a byte not in UTF-8   <FF>
//! a run of n tags       <TAGx n>
//! n marks over the cap  <+N>
//! ```

mod class;
mod form;
mod ink;
mod raw;
mod safe;
mod sgr;
mod writer;

pub use form::{Safe, assemble, holes};
pub use ink::{AnsiColour, Ink};
pub use raw::RawText;
pub use safe::SafeText;

use writer::{View, write};

/// Makes a name, title, label or other short text safe to draw, in one line.
///
/// Line ends, tabs and look-alike blanks are markers, escape sequences are not obeyed.
pub fn clean(raw: &RawText) -> SafeText {
    write(raw.as_bytes(), View::Name)
}

/// Makes text of several lines safe to draw: descriptions, annotations, error bodies.
///
/// One item for each line (LF or CRLF). Tabs go to stops of 8 and look-alike blanks are spaces;
/// escape sequences are not obeyed.
pub fn clean_block(raw: &RawText) -> Vec<SafeText> {
    let mut lines: Vec<&[u8]> = raw.as_bytes().split(|byte| *byte == b'\n').collect();
    let after_last_end = lines.pop_if(|last| last.is_empty());
    let ended = lines.len() - usize::from(after_last_end.is_none());
    let ends = std::iter::repeat_n(true, ended).chain(std::iter::once(false));
    lines
        .into_iter()
        .zip(ends)
        .map(|(line, ended)| line.strip_suffix(b"\r").filter(|_| ended).unwrap_or(line))
        .map(|line| write(line, View::Prose))
        .collect()
}

/// Makes one log line, without its line end, safe to draw with the colours that it asked for.
///
/// Tabs go to stops of 8, look-alike blanks are spaces, SGR sequences become [`Ink`] (colours,
/// bold, underline, reverse; the rest is ignored). Any other escape sequence that is complete is
/// shown whole, in a run with [`Ink::escape`]; an incomplete one is a marker for its ESC and then
/// text. No state is kept between lines.
pub fn clean_line(bytes: &[u8]) -> SafeText {
    write(bytes, View::Log)
}

/// Shows bytes as they are: no sequence is obeyed, no tab expanded, no run of tags or marks
/// counted instead of spelt. Different bytes always look different.
pub fn raw_view(bytes: &[u8]) -> SafeText {
    write(bytes, View::Raw)
}
