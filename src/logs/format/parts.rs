//! What a line is taken apart with, and into.

use std::ops::Range;

use super::Format;
use crate::logs::level::Level;
use crate::logs::stamp::Written;

/// Fields that a line without names of its own can have.
const MOST: usize = 16;

/// What a line says, by places in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) format: Format,
    pub(super) time: Option<Written>,
    pub(super) level: Option<Level>,
    pub(super) message: Range<usize>,
    /// The message is a line of its own, as a container's runtime or syslog hands it on.
    pub(super) wraps: bool,
    /// The next line is the rest of this one.
    pub(super) partial: bool,
    /// It belongs to the line before although it has a header of its own.
    pub(super) goes_on: bool,
    fields: [(&'static str, usize, usize); MOST],
    count: usize,
}

impl Parts {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        // What is behind the number of fields is never looked at.
        let Self { format, time, level, message, wraps, partial, goes_on, fields: _, count } = self;
        (*format, *time, *level, *message) = Default::default();
        (*wraps, *partial, *goes_on, *count) = Default::default();
    }

    /// Adds a field, unless it is empty or `-`, which stands for nothing.
    pub(super) fn put(&mut self, name: &'static str, line: &[u8], at: Range<usize>) {
        let value = line.get(at.clone()).unwrap_or_default();
        if !matches!(value, b"" | b"-")
            && let Some(slot) = self.fields.get_mut(self.count)
        {
            *slot = (name, at.start, at.end);
            self.count += 1;
        }
    }

    /// Whether the message has the escapes of JSON.
    pub(super) fn is_json(&self) -> bool {
        matches!(self.format, Format::Json | Format::Docker | Format::Journal)
    }

    /// Names and places of the fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, Range<usize>)> {
        self.fields.iter().take(self.count).map(|(name, from, to)| (*name, *from..*to))
    }
}

/// A place in a line, moved on part by part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) line: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a [u8], at: usize) -> Self {
        Self { line, at }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    pub(super) fn get(&self, range: Range<usize>) -> &'a [u8] {
        self.line.get(range).unwrap_or_default()
    }

    pub(super) fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Goes over `text` if it stands here.
    pub(super) fn eat(&mut self, text: &[u8]) -> bool {
        let here = self.rest().starts_with(text);
        if here {
            self.at += text.len();
        }
        here
    }

    /// As far as the next space, which may be the end; not empty.
    pub(super) fn word(&mut self) -> Option<Range<usize>> {
        self.spaces();
        let rest = self.rest();
        let length = rest.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(rest.len());
        self.take(length)
    }

    /// As far as `stop`, which is gone over.
    pub(super) fn until(&mut self, stop: u8) -> Option<Range<usize>> {
        let length = memchr::memchr(stop, self.rest())?;
        let found = self.at..self.at + length;
        self.at += length + 1;
        Some(found)
    }

    /// What stands between `[` and the `]` that closes it.
    pub(super) fn bracketed(&mut self) -> Option<Range<usize>> {
        if self.peek() != Some(b'[') {
            return None;
        }
        let mut depth = 0_usize;
        let length = self.rest().iter().take(512).position(|b| {
            match b {
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        let found = self.at + 1..self.at + length;
        self.at += length + 1;
        Some(found)
    }

    /// What stands between quotes; a backslash takes the meaning from the next byte.
    pub(super) fn quoted(&mut self) -> Option<Range<usize>> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let end = string_end(self.line, self.at + 1)?;
        let found = self.at + 1..end;
        self.at = end + 1;
        Some(found)
    }

    /// Digits; not empty.
    pub(super) fn digits(&mut self) -> Option<Range<usize>> {
        let rest = self.rest();
        let length = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let found = self.at..self.at + length;
        self.at += length;
        (length > 0).then_some(found)
    }
}

/// Where the quote that closes a string is.
pub(super) fn string_end(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}
