//! The one pass from outside bytes to safe text.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

use super::class::{Class, class, joiner_between, skin_tone};
use super::ink::Ink;
use super::safe::{self, SafeText};
use super::sgr::{Pen, sequence_len};

/// Bytes of one grapheme, so that one cell can never flood a slow link.
const MAX_GRAPHEME: usize = 64;

/// Marks on one base; more of them paint over other rows.
const MAX_MARKS: usize = 4;

/// Columns from one tab stop to the next.
const TAB: usize = 8;

const ESC: u8 = 0x1b;

/// What the text is, which decides what of it may be shown as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// A name on one line: every blank but U+0020 is suspicious.
    Name,
    /// A line of prose.
    Prose,
    /// A log line, with colours.
    Log,
    /// Every marker spelt.
    Raw,
}

impl View {
    fn blanks_are_spaces(self) -> bool {
        matches!(self, Self::Prose | Self::Log)
    }
}

/// Makes bytes safe to draw. Linear in time and size; never fails.
pub(super) fn write(bytes: &[u8], view: View) -> SafeText {
    let mut writer = Writer::new(view, bytes.len());
    if view == View::Log {
        writer.line(bytes);
    } else {
        writer.bytes(bytes);
    }
    writer.finish()
}

struct Writer {
    view: View,
    text: String,
    inks: Vec<(Range<usize>, Ink)>,
    pen: Pen,
    /// Ink of the text from `run_start` on.
    ink: Ink,
    run_start: usize,
    /// Inside an escape sequence that is shown, not obeyed.
    in_escape: bool,
    /// The last character, if a mark may join it; a marker or a change of ink ends that.
    before: Option<Class>,
    /// Marks on the current base.
    marks: usize,
    /// Bytes since the last certain grapheme boundary.
    cluster: usize,
    /// Marks over the cap, not yet written.
    surplus: usize,
    /// Tags not yet written.
    tags: usize,
    /// Where columns have been counted to, and how many: only tabs ask.
    counted: (usize, usize),
}

impl Writer {
    fn new(view: View, size: usize) -> Self {
        Self {
            view,
            text: String::with_capacity(size + size / 8),
            inks: Vec::new(),
            pen: Pen::default(),
            ink: Ink::default(),
            run_start: 0,
            in_escape: false,
            before: None,
            marks: 0,
            cluster: 0,
            surplus: 0,
            tags: 0,
            counted: (0, 0),
        }
    }

    fn finish(mut self) -> SafeText {
        self.flush_counts();
        self.end_run();
        SafeText::from_parts(self.text, self.inks)
    }

    fn line(&mut self, mut bytes: &[u8]) {
        while let Some(at) = memchr::memchr(ESC, bytes) {
            let Some((text, rest)) = bytes.split_at_checked(at) else { break };
            if !text.is_empty() {
                self.bytes(text);
            }
            let len = sequence_len(rest);
            let Some((sequence, after)) = rest.split_at_checked(len.unwrap_or(1)) else { break };
            if len.is_none() {
                self.control('\x1b');
            } else if self.pen.obey(sequence) {
                self.set_ink(self.pen.ink());
            } else {
                self.in_escape = true;
                self.set_ink(Ink { escape: true, ..Ink::default() });
                self.bytes(sequence);
                self.flush_counts();
                self.in_escape = false;
                self.set_ink(self.pen.ink());
            }
            bytes = after;
        }
        self.bytes(bytes);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.utf8_chunks() {
            self.text(chunk.valid());
            for byte in chunk.invalid() {
                self.byte(*byte);
            }
        }
    }

    fn text(&mut self, mut text: &str) {
        loop {
            let printable = text.bytes().take_while(|byte| matches!(byte, 0x20..=0x7e)).count();
            let Some((plain, rest)) = text.split_at_checked(printable) else { return };
            if !plain.is_empty() {
                self.flush_counts();
                self.text.push_str(plain);
                self.visible(Class::Plain, 1);
            }
            let mut chars = rest.chars();
            // Up to the next ASCII character, without asking again where the plain text ends.
            loop {
                let here = chars.as_str();
                match chars.next() {
                    None => return,
                    Some('\x20'..='\x7e') => {
                        text = here;
                        break;
                    }
                    Some(c @ ('\0'..='\x1f' | '\x7f')) => self.control(c),
                    Some(c) => self.wide(c, chars.as_str()),
                }
            }
        }
    }

    fn control(&mut self, c: char) {
        if c == '\t' && self.view.blanks_are_spaces() {
            self.tab();
            return;
        }
        let picture = if c == '\x7f' { Some('\u{2421}') } else { char::from_u32(0x2400 + u32::from(c)) };
        self.marker(|out| out.push(picture.unwrap_or('\u{2426}')));
    }

    fn tab(&mut self) {
        const SPACES: &str = "        ";
        self.flush_counts();
        let (from, columns) = self.counted;
        let columns = columns + safe::columns(self.text.get(from..).unwrap_or_default());
        let step = TAB - columns % TAB;
        self.text.push_str(SPACES.get(..step).unwrap_or(SPACES));
        self.counted = (self.text.len(), columns + step);
        self.visible(Class::Plain, 1);
    }

    /// One character above ASCII; `after` is the text that follows it.
    fn wide(&mut self, c: char, after: &str) {
        match class(c) {
            kind @ (Class::Plain | Class::Emoji) => self.keep(c, kind),
            Class::Mark => self.mark(c),
            kind @ (Class::Lead | Class::Vowel | Class::Trail) => self.hangul(c, kind),
            Class::Blank if self.view.blanks_are_spaces() => {
                self.flush_counts();
                self.text.push(' ');
                self.visible(Class::Plain, 1);
            }
            Class::Joiner if self.joiner_fits(c, after) => self.attach(c, Class::Joiner, after),
            Class::Selector if self.selector_fits(c, after) => self.attach(c, Class::Selector, after),
            Class::Tag if self.view != View::Raw => self.tag(),
            Class::Blank | Class::Joiner | Class::Selector | Class::Tag | Class::Hidden => self.code_point(c),
        }
    }

    /// A character with a cell of its own, unless a joiner or a conjunct joins it to the last.
    fn keep(&mut self, c: char, kind: Class) {
        self.flush_counts();
        let may_join = matches!(self.before, Some(Class::Mark | Class::Joiner));
        if !may_join {
            self.text.push(c);
            self.visible(kind, c.len_utf8());
        } else if self.fits(c, 0) {
            self.before = Some(kind);
            self.marks = 0;
        } else {
            self.code_point(c);
        }
    }

    fn hangul(&mut self, c: char, kind: Class) {
        let syllable = ('\u{ac00}'..='\u{d7a3}').contains(&c);
        let joins = match kind {
            _ if syllable => self.before == Some(Class::Lead),
            Class::Lead => self.before == Some(Class::Lead),
            Class::Vowel => matches!(self.before, Some(Class::Lead | Class::Vowel)),
            _ => matches!(self.before, Some(Class::Vowel | Class::Trail)),
        };
        self.flush_counts();
        if joins && self.fits(c, 0) {
            self.before = Some(kind);
            self.marks = 0;
        } else if !joins && c.width() > Some(0) {
            self.text.push(c);
            self.visible(kind, c.len_utf8());
        } else {
            // A lone vowel or trailing consonant of Hangul has no width and would vanish.
            self.code_point(c);
        }
    }

    fn mark(&mut self, c: char) {
        if self.surplus > 0 {
            self.surplus += 1;
            return;
        }
        self.flush_counts();
        if self.before.is_none() {
            self.code_point(c);
        } else if self.marks < MAX_MARKS && self.fits(c, 0) {
            self.marks += 1;
            self.before = Some(Class::Mark);
        } else if self.view == View::Raw {
            self.code_point(c);
        } else {
            self.surplus = 1;
        }
    }

    /// A joiner or selector that was found to be in its place, if what it leads to fits too.
    fn attach(&mut self, c: char, kind: Class, after: &str) {
        self.flush_counts();
        if self.fits(c, after.chars().next().map_or(0, char::len_utf8)) {
            self.before = Some(kind);
        } else {
            self.code_point(c);
        }
    }

    fn joiner_fits(&self, joiner: char, after: &str) -> bool {
        if self.surplus > 0 || self.tags > 0 {
            return false;
        }
        let (Some(last), Some(next)) = (self.last(), after.chars().next()) else { return false };
        let emoji_before = match self.before {
            Some(Class::Emoji | Class::Selector) => true,
            Some(Class::Mark) => skin_tone(last),
            _ => false,
        };
        let emoji = joiner == '\u{200d}' && emoji_before && !next.is_ascii() && class(next) == Class::Emoji;
        emoji || joiner_between(last, next)
    }

    fn selector_fits(&self, selector: char, after: &str) -> bool {
        if self.surplus > 0 || self.tags > 0 {
            return false;
        }
        // A keycap: digit, emoji presentation, enclosing key.
        let keycap = || {
            selector == '\u{fe0f}'
                && after.starts_with('\u{20e3}')
                && matches!(self.last(), Some('0'..='9' | '#' | '*'))
        };
        self.before == Some(Class::Emoji) || keycap()
    }

    /// The last character, if it was written as it came.
    fn last(&self) -> Option<char> {
        self.before.and_then(|_| self.text.chars().next_back())
    }

    fn tag(&mut self) {
        if self.tags == 0 {
            self.flush_counts();
        }
        self.tags += 1;
        self.before = None;
    }

    /// Appends a character that joins the last grapheme, unless that, with `room` bytes more,
    /// would be too long.
    ///
    /// `cluster` may count more than one grapheme (which letters form a conjunct is not known
    /// here), so a full one is measured again before anything is refused.
    fn fits(&mut self, c: char, room: usize) -> bool {
        let start = self.text.len() - self.cluster;
        self.text.push(c);
        self.cluster += c.len_utf8();
        if self.cluster + room > MAX_GRAPHEME {
            let cluster = self.text.get(start..).unwrap_or_default();
            let actual = safe::last_grapheme(cluster);
            if actual + room > MAX_GRAPHEME {
                self.text.pop();
                self.cluster -= c.len_utf8();
                return false;
            }
            self.cluster = actual;
        }
        true
    }

    /// Notes that a character with a cell of its own was written.
    fn visible(&mut self, kind: Class, bytes: usize) {
        self.before = Some(kind);
        self.marks = 0;
        self.cluster = bytes;
    }

    fn code_point(&mut self, c: char) {
        self.marker(|out| {
            let n = u32::from(c);
            out.push_str("<U+");
            let digits = if n > 0xf_ffff {
                6
            } else if n > 0xffff {
                5
            } else {
                4
            };
            hex(out, n, digits);
            out.push('>');
        });
    }

    fn byte(&mut self, byte: u8) {
        self.marker(|out| {
            out.push('<');
            hex(out, byte.into(), 2);
            out.push('>');
        });
    }

    fn marker(&mut self, put: impl FnOnce(&mut String)) {
        self.flush_counts();
        self.put_marker(put);
    }

    /// Writes the marker for the marks or tags that were counted.
    fn flush_counts(&mut self) {
        if self.surplus > 0 {
            let marks = std::mem::take(&mut self.surplus);
            self.put_marker(|out| count(out, "<+", marks));
        }
        if self.tags > 0 {
            let tags = std::mem::take(&mut self.tags);
            self.put_marker(|out| count(out, "<TAGx ", tags));
        }
    }

    fn put_marker(&mut self, put: impl FnOnce(&mut String)) {
        self.end_run();
        let start = self.run_start;
        put(&mut self.text);
        let end = self.text.len();
        let escape = self.in_escape;
        match self.inks.last_mut() {
            // Markers come in floods: only what differs between them is compared.
            Some((last, ink)) if ink.marker && ink.escape == escape && last.end == start => last.end = end,
            _ => self.inks.push((start..end, Ink { marker: true, escape, ..Ink::default() })),
        }
        self.run_start = end;
        self.before = None;
        self.marks = 0;
        self.cluster = 0;
    }

    fn set_ink(&mut self, ink: Ink) {
        if ink != self.ink {
            self.flush_counts();
            self.end_run();
            self.ink = ink;
            // A mark after this would be drawn alone.
            self.before = None;
        }
    }

    fn end_run(&mut self) {
        safe::add_ink(&mut self.inks, self.run_start..self.text.len(), self.ink);
        self.run_start = self.text.len();
    }
}

fn count(out: &mut String, what: &str, n: usize) {
    out.push_str(what);
    out.push_str(&n.to_string());
    out.push('>');
}

fn hex(out: &mut String, n: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = n >> (place * 4) & 0xf;
        let first = if digit < 10 { u32::from('0') } else { u32::from('A') - 10 };
        out.extend(char::from_u32(first + digit));
    }
}
