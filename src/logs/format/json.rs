//! Lines that are JSON objects: what programs write, what Docker and the journal wrap.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

use super::parts::{Cursor, Parts, string_end};
use super::{Each, Format};
use crate::logs::level;
use crate::logs::stamp::{self, Written};

/// How far into a line level and time are looked for.
const REACH: usize = 4096;
/// How deep objects in objects have names.
const DEPTH: usize = 6;

/// What a member's value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    /// A number, `true`, `null`.
    Bare,
    Object,
    Array,
}

struct Member {
    key: Range<usize>,
    /// Of a text what stands between its quotes.
    value: Range<usize>,
    kind: Kind,
}

/// Gives the members of the object that opens before `at`, as far as it is JSON.
fn members(text: &[u8], at: usize, mut each: impl FnMut(Member) -> ControlFlow<()>) {
    let mut cursor = Cursor::new(text, at);
    loop {
        blank(&mut cursor);
        let Some(key) = cursor.quoted() else { return };
        blank(&mut cursor);
        if !cursor.eat(b":") {
            return;
        }
        blank(&mut cursor);
        let start = cursor.at;
        let (value, kind) = match cursor.peek() {
            Some(b'"') => {
                let whole = cursor.quoted();
                if whole.is_none() {
                    // Cut off: what there is.
                    cursor.at = text.len();
                }
                (whole.unwrap_or(start + 1..text.len()), Kind::Text)
            }
            Some(open @ (b'{' | b'[')) => {
                cursor.at = nested_end(text, start);
                (start..cursor.at, if open == b'{' { Kind::Object } else { Kind::Array })
            }
            Some(b'0'..=b'9' | b'a'..=b'z' | b'-') => {
                let rest = cursor.rest();
                let length = rest.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r'));
                cursor.at += length.unwrap_or(rest.len());
                (start..cursor.at, Kind::Bare)
            }
            _ => return,
        };
        if each(Member { key, value, kind }).is_break() {
            return;
        }
        blank(&mut cursor);
        if !cursor.eat(b",") {
            return;
        }
    }
}

fn blank(cursor: &mut Cursor<'_>) {
    while cursor.peek().is_some_and(|b| b.is_ascii_whitespace()) {
        cursor.at += 1;
    }
}

/// Behind the bracket that closes the one at `at`; the end of the text if none does.
fn nested_end(text: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => match string_end(text, at + 1) {
                Some(end) => at = end,
                None => return text.len(),
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Whether a line looks like an object: `{"` and a brace at the end, if it was not cut.
pub(super) fn is_object(line: &[u8], at: usize) -> bool {
    let Some(rest) = line.get(at..).and_then(|rest| rest.strip_prefix(b"{")) else { return false };
    rest.trim_ascii_start().first() == Some(&b'"')
        && (rest.trim_ascii_end().last() == Some(&b'}') || line.len() >= REACH)
}

/// How well a name says that its value is the message; 0 not at all.
fn rank(key: &[u8]) -> u8 {
    match key {
        b"msg" | b"message" | b"@message" | b"@m" | b"@mt" | b"MESSAGE" | b"Message" | b"short_message" => 3,
        b"log" | b"event" | b"body" | b"text" | b"textPayload" => 2,
        b"err" | b"error" => 1,
        _ => 0,
    }
}

fn is_level(key: &[u8]) -> bool {
    matches!(
        key,
        b"level"
            | b"severity"
            | b"lvl"
            | b"log.level"
            | b"loglevel"
            | b"levelname"
            | b"Level"
            | b"LEVEL"
            | b"LogLevel"
            | b"logLevel"
            | b"severityText"
            | b"severity_text"
            | b"PRIORITY"
            | b"@l"
    )
}

fn is_time(key: &[u8]) -> bool {
    matches!(
        key,
        b"ts"
            | b"time"
            | b"timestamp"
            | b"@timestamp"
            | b"t"
            | b"@t"
            | b"Timestamp"
            | b"Time"
            | b"timeMillis"
            | b"asctime"
            | b"datetime"
            | b"date"
            | b"eventTime"
            | b"__REALTIME_TIMESTAMP"
            | b"_SOURCE_REALTIME_TIMESTAMP"
    )
}

/// Reads level and time, and the message where the level may be in it.
pub(super) fn read(line: &[u8], at: usize, parts: &mut Parts) {
    let front = line.get(..REACH).unwrap_or(line);
    parts.format = Format::Json;
    let (mut logged, mut streamed, mut best) = (false, false, 0);
    members(front, at + 1, |member| {
        let key = front.get(member.key).unwrap_or_default();
        let value = front.get(member.value.clone()).unwrap_or_default();
        match member.kind {
            Kind::Text | Kind::Bare => {
                if parts.level.is_none() && is_level(key) {
                    parts.level = level::value(value);
                } else if parts.time.is_none() && is_time(key) {
                    parts.time = stamp::of_value(value);
                    if key.starts_with(b"__") {
                        parts.format = Format::Journal;
                    }
                }
                if member.kind == Kind::Text {
                    let rank = rank(key);
                    if rank > best {
                        best = rank;
                        parts.message = member.value;
                    }
                    logged |= key == b"log";
                    streamed |= key == b"stream";
                }
            }
            Kind::Object if key == b"log" || key == b"instant" => nested(front, member.value.start, parts),
            _ => {}
        }
        if parts.level.is_some() && parts.time.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if logged && streamed {
        if parts.level.is_none() && parts.format == Format::Json {
            parts.format = Format::Docker;
        }
        let text = front.get(parts.message.clone()).unwrap_or_default();
        parts.partial = !text.ends_with(b"\\n") && line.len() > 16 << 10;
        if let Some(text) = text.strip_suffix(b"\\n") {
            parts.message.end = parts.message.start + text.len();
        }
    }
    parts.wraps = !parts.message.is_empty();
}

/// `log.level` of ECS and `instant.epochSecond` of log4j.
fn nested(line: &[u8], at: usize, parts: &mut Parts) {
    members(line, at + 1, |member| {
        let value = line.get(member.value).unwrap_or_default();
        match line.get(member.key).unwrap_or_default() {
            b"level" if parts.level.is_none() => parts.level = level::value(value),
            b"epochSecond" if parts.time.is_none() => parts.time = stamp::of_value(value),
            b"nanoOfSecond" => {
                let nanos = std::str::from_utf8(value).ok().and_then(|text| text.parse::<u32>().ok());
                parts.time = parts.time.map(|time: Written| time.with_nanos(nanos.unwrap_or_default()));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
}

/// Where the message is, as far into the line as it may be.
pub(super) fn message(line: &[u8], at: usize) -> Option<Range<usize>> {
    let (mut best, mut found) = (0, None);
    members(line, at + 1, |member| {
        let rank = rank(line.get(member.key).unwrap_or_default());
        if member.kind == Kind::Text && rank > best && !member.value.is_empty() {
            best = rank;
            found = Some(member.value);
        }
        if best == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let found = found?;
    let text = line.get(found.clone())?;
    Some(found.start..found.start + text.strip_suffix(b"\\n").unwrap_or(text).len())
}

/// Gives every member, those of objects in it by names with dots.
pub(super) fn fields(line: &[u8], at: usize, each: Each<'_>) -> ControlFlow<()> {
    flat(line, at, 0, &mut Vec::new(), each)
}

fn flat(text: &[u8], at: usize, depth: usize, path: &mut Vec<u8>, each: Each<'_>) -> ControlFlow<()> {
    let mut flow = ControlFlow::Continue(());
    members(text, at + 1, |member| {
        let length = path.len();
        if length > 0 {
            path.push(b'.');
        }
        path.extend_from_slice(&unescaped(text.get(member.key).unwrap_or_default()));
        let value = text.get(member.value.clone()).unwrap_or_default();
        flow = match member.kind {
            Kind::Object if depth < DEPTH => flat(text, member.value.start, depth + 1, path, each),
            Kind::Text => each(path, &unescaped(value)),
            _ => each(path, value),
        };
        path.truncate(length);
        flow
    });
    flow
}

/// The text that stands for a string of JSON. What is no escape stays as it is.
pub(super) fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        let Some(&escape) = text.get(at) else {
            plain.push(byte);
            break;
        };
        at += 1;
        match escape {
            b'n' => plain.push(b'\n'),
            b't' => plain.push(b'\t'),
            b'r' => plain.push(b'\r'),
            b'b' => plain.push(8),
            b'f' => plain.push(12),
            b'u' => {
                let unit = |at: usize| {
                    let digits = std::str::from_utf8(text.get(at..at + 4)?).ok()?;
                    u16::from_str_radix(digits, 16).ok()
                };
                let Some(first) = unit(at) else {
                    plain.extend_from_slice(b"\\u");
                    continue;
                };
                at += 4;
                let low = (text.get(at..at + 2) == Some(b"\\u")).then(|| unit(at + 2)).flatten();
                let units = [first, low.unwrap_or_default()];
                let both =
                    low.and_then(|_| char::decode_utf16(units).next()?.ok().filter(|c| c.len_utf16() == 2));
                at += if both.is_some() { 6 } else { 0 };
                let found = both.or_else(|| char::from_u32(u32::from(first))).unwrap_or('\u{fffd}');
                plain.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
            }
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}
