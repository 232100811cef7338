//! Undoes escapes, of whichever sort: `\u0063`, `\x63` and `\/` of strings, `%63` of URLs, `&amp;` and
//! `&#x63;` of pages for a browser.

use std::ops::Range;

use memchr::{memchr, memchr3};

/// The longest escape: two UTF-16 units.
pub(super) const LONGEST: usize = 12;

/// A text with its escapes undone, and where what it says was written.
#[derive(Default)]
pub(super) struct Undone {
    pub(super) bytes: Vec<u8>,
    /// Where an escape begins at the end of the text and is not whole.
    pub(super) cut: Option<usize>,
    runs: Vec<Run>,
    written: usize,
}

/// Bytes that were written together.
#[derive(Clone, Copy)]
struct Run {
    at: usize,
    written: usize,
    /// All of it is one escape.
    escape: bool,
}

impl Undone {
    /// Nothing where there is nothing to undo.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let mut undone = Self { written: text.len(), ..Self::default() };
        let (mut taken, mut from) = (0, 0);
        while let Some(found) = text.get(from..).and_then(|rest| memchr3(b'\\', b'%', b'&', rest)) {
            let here = from + found;
            let rest = text.get(here..).unwrap_or_default();
            if let Some(escape) = Escape::of(rest) {
                undone.take(text, taken..here);
                undone.runs.push(Run { at: undone.bytes.len(), written: here, escape: true });
                undone.bytes.extend(escape.says.iter().take(escape.says_bytes));
                (taken, from) = (here + escape.length, here + escape.length);
            } else {
                if undone.cut.is_none() && is_cut(rest) {
                    undone.cut = Some(undone.bytes.len() + here - taken);
                }
                from = here + 1;
            }
        }
        if taken == 0 && undone.cut.is_none() {
            return None;
        }
        undone.take(text, taken..text.len());
        Some(undone)
    }

    fn take(&mut self, text: &[u8], range: Range<usize>) {
        if !range.is_empty() {
            self.runs.push(Run { at: self.bytes.len(), written: range.start, escape: false });
            self.bytes.extend_from_slice(text.get(range).unwrap_or_default());
        }
    }

    /// Where this part of it was written.
    pub(super) fn written(&self, part: &Range<usize>) -> Range<usize> {
        let start = self.runs.partition_point(|run| run.at <= part.start).checked_sub(1);
        let end = self.runs.partition_point(|run| run.at < part.end);
        let place = |run: &Run, at: usize| if run.escape { run.written } else { run.written + (at - run.at) };
        let last = end.checked_sub(1).and_then(|last| self.runs.get(last));
        let after = self.runs.get(end).map_or(self.written, |run| run.written);
        let start = start.and_then(|run| self.runs.get(run)).map_or(0, |run| place(run, part.start));
        let end = last.map_or(0, |run| if run.escape { after } else { place(run, part.end) });
        start..end
    }

    /// A place at or before this one in what was written that is within no escape.
    pub(super) fn boundary(&self, written: usize) -> usize {
        let run = self.runs.partition_point(|run| run.written <= written).checked_sub(1);
        let run = run.and_then(|run| self.runs.get(run));
        run.map_or(0, |run| if run.escape { run.written } else { written })
    }
}

/// What an escape says, and how long it is.
struct Escape {
    says: [u8; 4],
    says_bytes: usize,
    length: usize,
}

impl Escape {
    /// The escape that the text begins with.
    fn of(text: &[u8]) -> Option<Self> {
        match text {
            [b'%', high, low, ..] | [b'\\', b'x', high, low, ..] => {
                let byte = u8::try_from(hex(&[*high, *low])?).ok()?;
                let length = if text.starts_with(b"%") { 3 } else { 4 };
                Some(Self { says: [byte, 0, 0, 0], says_bytes: 1, length })
            }
            [b'\\', b'u', b'{', rest @ ..] => {
                let digits = rest.get(..memchr(b'}', rest.get(..7).unwrap_or(rest))?)?;
                Some(Self::char(char::from_u32(hex(digits)?)?, digits.len() + 4))
            }
            [b'\\', b'u', ..] => {
                let unit = |at: usize| hex(text.get(at..)?.strip_prefix(b"\\u")?.get(..4)?);
                let high = unit(0)?;
                let pair = || {
                    let units = [high, unit(6)?].map(|unit| u16::try_from(unit).unwrap_or_default());
                    Some(Self::char(char::decode_utf16(units).next()?.ok()?, 12))
                };
                char::from_u32(high).map_or_else(pair, |c| Some(Self::char(c, 6)))
            }
            [b'\\', c, ..] => {
                let says = match c {
                    b'"' | b'\\' | b'/' | b'\'' => *c,
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'f' => 12,
                    _ => return None,
                };
                Some(Self { says: [says, 0, 0, 0], says_bytes: 1, length: 2 })
            }
            [b'&', rest @ ..] => {
                let name = rest.get(..memchr(b';', rest.get(..LONGEST - 1).unwrap_or(rest))?)?;
                let c = match name {
                    [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
                    [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
                    b"amp" => '&',
                    b"lt" => '<',
                    b"gt" => '>',
                    b"quot" => '"',
                    b"apos" => '\'',
                    _ => return None,
                };
                Some(Self::char(c, name.len() + 2))
            }
            _ => None,
        }
    }

    fn char(c: char, length: usize) -> Self {
        let mut says = [0; 4];
        let says_bytes = c.encode_utf8(&mut says).len();
        Self { says, says_bytes, length }
    }
}

/// The number that these digits are, at most six.
fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
}

/// Whether an escape may begin so, of which the rest is missing.
fn is_cut(rest: &[u8]) -> bool {
    let inner = rest.get(1..).unwrap_or_default();
    rest.len() < LONGEST && inner.iter().all(|byte| byte.is_ascii_alphanumeric() || b"#{\\".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(text: &str) -> String {
        Undone::of(text.as_bytes())
            .map_or_else(|| text.to_owned(), |undone| String::from_utf8(undone.bytes).unwrap())
    }

    #[test]
    fn every_sort_of_escape_is_undone_once_and_nothing_else_is() {
        for (text, says) in [
            (r"\u0063anary\u002D1", "canary-1"),
            (r#"\"\\\/\'\n\t\r"#, "\"\\/'\n\t\r"),
            (r"\\u0063", r"\u0063"),
            (r"\ud83d\udd12", "\u{1f512}"),
            (r"\u{63}\u{1f512}\x2d", "c\u{1f512}-"),
            ("%63%2d%2D%c3%a9", "c--\u{e9}"),
            ("%2563", "%63"),
            ("&amp;&lt;&gt;&quot;&apos;&#39;&#x27;&#X63;&#128274;", "&<>\"'''c\u{1f512}"),
            ("&amp;amp;", "&amp;"),
        ] {
            assert_eq!(undone(text), says, "{text}");
        }
        for text in [
            r"\q",
            r"\u00zz",
            r"\ud83d",
            "%zz",
            "100% of it",
            "a & b",
            "&nbsp;",
            "&#;",
            r"\u{}",
            "&#xffffffff;",
        ] {
            assert_eq!(undone(text), text);
        }
    }

    #[test]
    fn an_escape_that_is_not_whole_at_the_end_is_told() {
        let cut = |text: &str| Undone::of(text.as_bytes()).and_then(|undone| undone.cut);
        for end in [
            "\\",
            r"\u",
            r"\u006",
            r"\ud83d",
            r"\ud83d\ud",
            r"\u{6",
            r"\x6",
            "%",
            "%6",
            "&",
            "&#",
            "&#x6",
            "&am",
        ] {
            assert_eq!(cut(&format!("%61b{end}")), Some(2), "{end}");
        }
        for text in ["%61b", "%61b%6 ", "a & b", r"\u0063"] {
            assert_eq!(cut(text), None, "{text}");
        }
    }

    #[test]
    fn every_part_is_placed_where_it_was_written() {
        let undone = Undone::of(br"ab\u0063de%66&amp;g").unwrap();
        assert_eq!(undone.bytes, b"abcdef&g");
        for (part, written) in
            [(0..2, 0..2), (1..3, 1..8), (2..3, 2..8), (3..6, 8..13), (6..8, 13..19), (0..8, 0..19)]
        {
            assert_eq!(undone.written(&part), written, "{part:?}");
        }
        for (written, boundary) in [(0, 0), (1, 1), (2, 2), (5, 2), (8, 8), (9, 9), (12, 10), (18, 18)] {
            assert_eq!(undone.boundary(written), boundary);
        }
    }
}
