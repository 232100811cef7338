//! What daemons write: containers' runtimes, databases, and those of Kubernetes (klog).

use super::Format;
use super::parts::{Cursor, Parts};
use crate::logs::level::Level;
use crate::logs::stamp::{self, Written};

/// ` stdout F message`: what Kubernetes' runtimes write.
pub(super) fn cri(mut cursor: Cursor<'_>, parts: &mut Parts) -> bool {
    let line = cursor.line;
    let stream = cursor.at + 1..cursor.at + 7;
    if !(cursor.eat(b" stdout ") || cursor.eat(b" stderr ")) {
        return false;
    }
    parts.partial = match line.get(cursor.at..cursor.at + 2) {
        Some(b"F ") => false,
        Some(b"P ") => true,
        _ if cursor.rest() == b"F" => false,
        _ => return false,
    };
    parts.format = Format::Cri;
    parts.wraps = true;
    parts.put("stream", line, stream);
    parts.message = (cursor.at + 2).min(line.len())..line.len();
    true
}

/// ` 0 [Warning] [MY-010068] [Server] message`.
pub(super) fn mysql(mut cursor: Cursor<'_>, parts: &mut Parts) -> bool {
    let line = cursor.line;
    cursor.spaces();
    let Some(thread) = cursor.digits().filter(|_| cursor.eat(b" [")) else { return false };
    let Some(word) = cursor.until(b']') else { return false };
    let level = match cursor.get(word) {
        b"System" => Level::Info,
        word => match Level::parse(word) {
            Some(level) => level,
            None => return false,
        },
    };
    parts.format = Format::Mysql;
    parts.level = Some(level);
    parts.put("thread", line, thread);
    for name in ["code", "logger"] {
        cursor.spaces();
        let Some(value) = cursor.bracketed() else { break };
        parts.put(name, line, value);
    }
    cursor.spaces();
    parts.message = cursor.at..line.len();
    true
}

/// ` UTC [12] app@shop LOG:  message`.
pub(super) fn postgres(mut cursor: Cursor<'_>, parts: &mut Parts) -> bool {
    let line = cursor.line;
    cursor.spaces();
    // The name of a zone that says nothing by itself.
    if cursor.peek().is_some_and(|b| b.is_ascii_uppercase()) {
        let zone = cursor.word().unwrap_or_default();
        if zone.len() > 5 {
            return false;
        }
        cursor.spaces();
    }
    let Some(pid) = cursor.bracketed() else { return false };
    let text = cursor.get(pid.clone());
    let digits = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    if digits == 0 || text.get(digits).is_some_and(|b| *b != b'-') {
        return false;
    }
    cursor.eat(b":");
    let mut from = None;
    let mut look = cursor;
    for _ in 0..5 {
        let Some(word) = look.word() else { return false };
        let Some(label) = look.get(word.clone()).strip_suffix(b":") else {
            from = from.or(Some(word));
            continue;
        };
        let (level, goes_on) = match label {
            b"LOG" | b"INFO" | b"NOTICE" => (Level::Info, false),
            b"WARNING" => (Level::Warn, false),
            b"ERROR" => (Level::Error, false),
            b"FATAL" | b"PANIC" => (Level::Fatal, false),
            b"DEBUG1" | b"DEBUG2" | b"DEBUG3" | b"DEBUG4" | b"DEBUG5" | b"DEBUG" => (Level::Debug, false),
            b"DETAIL" | b"HINT" | b"STATEMENT" | b"CONTEXT" | b"QUERY" | b"LOCATION" => {
                (Level::Unknown, true)
            }
            _ => {
                from = from.or(Some(word));
                continue;
            }
        };
        parts.format = Format::Postgres;
        parts.level = Some(level);
        parts.goes_on = goes_on;
        parts.put("pid", line, pid.start..pid.start + digits);
        if let Some(who) = from
            && let Some(at) = line.get(who.clone()).and_then(|text| memchr::memchr(b'@', text))
        {
            parts.put("user", line, who.start..who.start + at);
            parts.put("database", line, who.start + at + 1..who.end);
        }
        look.spaces();
        parts.message = look.at..line.len();
        return true;
    }
    false
}

/// klog and glog: `E1122 03:12:01.123456   12 server.go:1] message`.
pub(super) fn klog(line: &[u8], at: usize, parts: &mut Parts) -> bool {
    let level = match line.get(at) {
        Some(b'D') => Level::Debug,
        Some(b'I') => Level::Info,
        Some(b'W') => Level::Warn,
        Some(b'E') => Level::Error,
        Some(b'F') => Level::Fatal,
        _ => return false,
    };
    let Some((written, end)): Option<(Written, usize)> = stamp::klog(line, at + 1) else { return false };
    parts.format = Format::Klog;
    parts.level = Some(level);
    parts.time = Some(written);
    let mut cursor = Cursor::new(line, end);
    cursor.spaces();
    let thread = cursor.digits();
    parts.put("thread", line, thread.unwrap_or_default());
    cursor.spaces();
    if let Some(place) = cursor.until(b']') {
        let colon = line
            .get(place.clone())
            .and_then(|text| memchr::memrchr(b':', text))
            .map(|colon| place.start + colon);
        parts.put("file", line, place.start..colon.unwrap_or(place.end));
        parts.put("line", line, colon.map_or(place.end, |colon| colon + 1)..place.end);
        cursor.spaces();
    } else {
        cursor.at = end;
    }
    parts.message = cursor.at..line.len();
    true
}
