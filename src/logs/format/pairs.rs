//! Lines of `name=value`: logfmt, slog's text, the audit log, the journal's export.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use super::parts::{Parts, string_end};
use super::{Each, Format};
use crate::logs::level;
use crate::logs::stamp;

/// How far into a line level and time are looked for.
const REACH: usize = 4096;

/// The length of a name that stands before `=`.
fn name_length(text: &[u8]) -> Option<usize> {
    let length = text
        .iter()
        .take(64)
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@' | b'/')))?;
    (length > 0 && text.get(length) == Some(&b'=')).then_some(length)
}

/// Gives name and value of each pair from `at` on, until there is something else.
fn each_pair(
    line: &[u8],
    mut at: usize,
    mut each: impl FnMut(Range<usize>, Range<usize>) -> ControlFlow<()>,
) -> usize {
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        if matches!(rest.first(), Some(b' ' | b'\t' | b',')) {
            at += 1;
            continue;
        }
        let Some(length) = name_length(rest) else { return at };
        let name = at..at + length;
        let from = at + length + 1;
        let (value, next) = if line.get(from) == Some(&b'"') {
            let end = string_end(line, from + 1).unwrap_or(line.len());
            (from + 1..end, end + 1)
        } else {
            let value = line.get(from..).unwrap_or_default();
            let end = from + memchr::memchr2(b' ', b'\t', value).unwrap_or(value.len());
            (from..end, end)
        };
        if each(name, value).is_break() {
            return next;
        }
        at = next;
    }
    at
}

/// Whether two pairs stand at `at`, or one that says what a line of a log says.
pub(super) fn is_pairs(line: &[u8], at: usize) -> bool {
    let Some(length) = line.get(at..).and_then(name_length) else { return false };
    let name = line.get(at..at + length).unwrap_or_default();
    if is_time(name) || is_level(name) || is_message(name) {
        return true;
    }
    let mut count = 0;
    each_pair(line, at, |_, _| {
        count += 1;
        if count == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    count == 2
}

fn is_time(name: &[u8]) -> bool {
    matches!(name, b"time" | b"ts" | b"t" | b"timestamp" | b"@timestamp" | b"datetime" | b"date")
}

fn is_level(name: &[u8]) -> bool {
    matches!(name, b"level" | b"lvl" | b"severity" | b"loglevel" | b"log.level" | b"LEVEL" | b"Level")
}

fn is_message(name: &[u8]) -> bool {
    matches!(name, b"msg" | b"message" | b"Message")
}

/// Reads level and time, if two pairs stand at `at` or one that says what a line of a log says.
pub(super) fn read(line: &[u8], at: usize, parts: &mut Parts) -> bool {
    let front = line.get(..REACH).unwrap_or(line);
    let (mut count, mut known) = (0, false);
    each_pair(front, at, |name, value| {
        let name = front.get(name).unwrap_or_default();
        let text = front.get(value).unwrap_or_default();
        count += 1;
        if is_time(name) {
            known |= count == 1;
            if parts.time.is_none() {
                parts.time = stamp::of_value(text);
            }
        } else if is_level(name) {
            known |= count == 1;
            if parts.level.is_none() {
                parts.level = level::value(text);
            }
        } else if is_message(name) {
            known |= count == 1;
            if parts.time.is_none()
                && let Some(stamp) = text.strip_prefix(b"audit(")
            {
                // The kernel's audit log: msg=audit(1763781121.123:42):
                let end = stamp.iter().position(|b| *b == b':').unwrap_or(stamp.len());
                parts.time = stamp.get(..end).and_then(stamp::of_value);
            }
        }
        if parts.level.is_some() && parts.time.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let found = known || count > 1;
    if found {
        parts.format = Format::Logfmt;
    } else {
        parts.clear();
    }
    found
}

/// Where the message is.
pub(super) fn message(line: &[u8], at: usize) -> Option<Range<usize>> {
    let mut found = None;
    each_pair(line, at, |name, value| {
        let name = line.get(name).unwrap_or_default();
        if is_message(name) {
            found = Some(value);
            return ControlFlow::Break(());
        }
        if found.is_none() && matches!(name, b"err" | b"error" | b"event") {
            found = Some(value);
        }
        ControlFlow::Continue(())
    });
    found
}

/// Gives the pairs that begin at `at`.
pub(super) fn fields(line: &[u8], at: usize, each: Each<'_>) -> ControlFlow<()> {
    let mut flow = ControlFlow::Continue(());
    each_pair(line, at, |name, value| {
        let value = line.get(value).unwrap_or_default();
        flow = each(line.get(name).unwrap_or_default(), &unescaped(value));
        flow
    });
    flow
}

/// Gives the pairs that stand anywhere in a text.
pub(super) fn inside(text: &[u8], each: Each<'_>) -> ControlFlow<()> {
    let mut at = 0;
    while let Some(equals) = text.get(at..).and_then(|rest| memchr::memchr(b'=', rest)) {
        let equals = at + equals;
        let name = text.get(at..equals).unwrap_or_default();
        let of_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@' | b'/');
        let start = name.iter().rposition(|b| !of_name(b)).map_or(at, |before| at + before + 1);
        if start == equals {
            at = equals + 1;
            continue;
        }
        let mut flow = ControlFlow::Continue(());
        let next = each_pair(text, start, |name, value| {
            let value = text.get(value).unwrap_or_default();
            flow = each(text.get(name).unwrap_or_default(), &unescaped(value));
            flow
        });
        flow?;
        at = next.max(equals + 1);
    }
    ControlFlow::Continue(())
}

/// A quoted value without its backslashes.
pub(super) fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&b) = rest.next() {
        match (b, rest.as_slice().first()) {
            (b'\\', Some(b'"' | b'\\')) => value.extend(rest.next()),
            (b'\\', Some(b'n')) => {
                rest.next();
                value.push(b'\n');
            }
            _ => value.push(b),
        }
    }
    Cow::Owned(value)
}

/// A line of the journal's export, where each field has its own: `PRIORITY=3`. An entry begins
/// with its cursor.
pub(super) fn read_export(line: &[u8], parts: &mut Parts) -> bool {
    let Some(length) = name_length(line).filter(|length| {
        line.iter().take(*length).all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
    }) else {
        return false;
    };
    let value = length + 1..line.len();
    let text = line.get(value.clone()).unwrap_or_default();
    parts.format = Format::Journal;
    parts.goes_on = true;
    match line.get(..length).unwrap_or_default() {
        b"__CURSOR" => parts.goes_on = false,
        b"__REALTIME_TIMESTAMP" => parts.time = stamp::of_value(text),
        b"PRIORITY" => parts.level = level::value(text),
        b"MESSAGE" => parts.message = value,
        _ => {}
    }
    true
}
