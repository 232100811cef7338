//! Lines that begin with a date, a time or a level: what frameworks for logging write.

use std::ops::Range;

use super::parts::{Cursor, Parts};
use super::{Format, daemon, json, pairs, syslog, web};
use crate::logs::level::Level;
use crate::logs::stamp;

/// A line that begins with a stamp, in brackets perhaps.
pub(super) fn stamped(line: &[u8], at: usize, parts: &mut Parts) -> bool {
    let mut cursor = Cursor::new(line, at);
    let bracket = cursor.eat(b"[");
    let Some((written, end)) = stamp::at(line, cursor.at) else { return false };
    let first = cursor.peek().unwrap_or_default();
    cursor.at = end;
    parts.time = Some(written);
    parts.format = Format::Dated;
    if bracket {
        in_brackets(cursor, parts);
        return true;
    }
    if first.is_ascii_alphabetic() {
        // A month.
        match syslog::bsd(&mut cursor.clone(), parts, is_host_next(cursor)) {
            Some(()) => {
                parts.wraps = parts.format == Format::Dated;
                if parts.wraps {
                    parts.format = Format::SyslogBsd;
                }
            }
            None => rest(cursor, parts),
        }
        return true;
    }
    let slashed = line.get(at + 4) == Some(&b'/');
    if daemon::cri(cursor, parts)
        || (slashed && web::nginx_error(line, end, parts))
        || daemon::mysql(cursor, parts)
        || daemon::postgres(cursor, parts)
        || windows(cursor, first_slash(line, at), parts)
    {
        return true;
    }
    if slashed {
        parts.format = Format::Go;
        go(cursor, parts);
        return true;
    }
    if line.get(at + 10) == Some(&b'T')
        && cursor.peek() == Some(b' ')
        && !starts_with_level(cursor)
        && syslog::bsd(&mut cursor.clone(), parts, false).is_some()
    {
        if parts.format == Format::Dated {
            parts.format = Format::SyslogBsd;
            parts.wraps = true;
        }
        return true;
    }
    rest(cursor, parts);
    let is_epoch = line.get(at..at + 10).is_some_and(|front| front.iter().all(u8::is_ascii_digit));
    if is_epoch && parts.format == Format::Dated {
        parts.format = Format::Epoch;
    }
    true
}

/// Whether what is next may be the name of a host.
fn is_host_next(mut cursor: Cursor<'_>) -> bool {
    let Some(word) = cursor.word() else { return false };
    let word = cursor.get(word);
    Level::parse(word).is_none()
        && word
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']'))
}

fn first_slash(line: &[u8], at: usize) -> bool {
    line.get(at..at + 3).is_some_and(|front| front.contains(&b'/'))
}

/// `, Info                  CBS    message`, or anything behind a date with the month first.
fn windows(mut cursor: Cursor<'_>, slashed: bool, parts: &mut Parts) -> bool {
    let line = cursor.line;
    if slashed {
        rest(cursor, parts);
    } else {
        if !cursor.eat(b", ") {
            return false;
        }
        let Some(level) = cursor.word().and_then(|word| Level::parse(cursor.get(word))) else { return false };
        parts.level = Some(level);
        if let Some(logger) = cursor.word() {
            parts.put("logger", line, logger);
        }
        cursor.spaces();
        parts.message = cursor.at..line.len();
    }
    parts.format = Format::Windows;
    true
}

/// What Go's package writes behind its stamp: `main.go:12: message`, `INFO message k=v`.
fn go(mut cursor: Cursor<'_>, parts: &mut Parts) {
    cursor.spaces();
    let line = cursor.line;
    let start = cursor.at;
    if let Some(word) = cursor.word()
        && let Some(place) = cursor.get(word.clone()).strip_suffix(b":")
        && let Some(colon) = memchr::memrchr(b':', place)
        && place.get(..colon).is_some_and(|file| file.ends_with(b".go"))
    {
        parts.put("file", line, word.start..word.start + colon);
        parts.put("line", line, word.start + colon + 1..word.end - 1);
        cursor.spaces();
    } else {
        cursor.at = start;
    }
    levelled(cursor, parts);
}

/// Behind a stamp that stands in brackets, with its end before us.
fn in_brackets(mut cursor: Cursor<'_>, parts: &mut Parts) {
    let line = cursor.line;
    // Celery: [stamp: INFO/MainProcess] message
    if cursor.eat(b": ")
        && let Some(inside) = cursor.until(b']')
    {
        let text = line.get(inside.clone()).unwrap_or_default();
        let slash = memchr::memchr(b'/', text).unwrap_or(text.len());
        if let Some(level) = text.get(..slash).and_then(Level::parse) {
            parts.format = Format::Python;
            parts.level = Some(level);
            parts.put("process", line, (inside.start + slash + 1).min(inside.end)..inside.end);
            cursor.spaces();
            parts.message = cursor.at..line.len();
            return;
        }
    }
    // env_logger: [stamp INFO  app::web] message
    if cursor.peek() == Some(b' ')
        && let Some(inside) = cursor.until(b']')
    {
        let mut inner = Cursor::new(line.get(..inside.end).unwrap_or_default(), inside.start);
        if let Some(level) = inner.word().and_then(|word| Level::parse(inner.get(word))) {
            parts.format = Format::Rust;
            parts.level = Some(level);
            parts.put("logger", line, inner.word().unwrap_or_default());
        }
        cursor.spaces();
        parts.message = cursor.at..line.len();
        return;
    }
    cursor.eat(b"]");
    let end = cursor.at;
    if web::apache_error(line, end, parts) {
        return;
    }
    cursor.spaces();
    // gunicorn: [stamp] [12] [INFO] message
    let mut inner = cursor;
    if let Some(pid) = inner.bracketed().filter(|pid| inner.get(pid.clone()).iter().all(u8::is_ascii_digit)) {
        inner.spaces();
        if let Some(level) = inner.bracketed().and_then(|word| Level::parse(inner.get(word))) {
            parts.format = Format::Python;
            parts.level = Some(level);
            parts.put("pid", line, pid);
            inner.spaces();
            parts.message = inner.at..line.len();
            return;
        }
    }
    // Flask: [stamp] INFO in app: message
    let mut inner = cursor;
    if let Some(level) = inner.word().and_then(|word| Level::parse(inner.get(word)))
        && inner.eat(b" in ")
        && let Some(logger) = inner.until(b':')
    {
        parts.format = Format::Python;
        parts.level = Some(level);
        parts.put("logger", line, logger);
        inner.spaces();
        parts.message = inner.at..line.len();
        return;
    }
    rest(cursor, parts);
}

fn starts_with_level(mut cursor: Cursor<'_>) -> bool {
    level_next(&mut cursor).is_some()
}

/// Goes over a level: `INFO`, `[INFO]`, `<info>`, `INFO:`, `|INFO|`, and one letter of those in brackets.
fn level_next(cursor: &mut Cursor<'_>) -> Option<Level> {
    let mut at = *cursor;
    at.spaces();
    let sign = at.peek().filter(|b| matches!(b, b'[' | b'<' | b'(' | b'|'));
    if sign.is_some() {
        at.at += 1;
        at.spaces();
    }
    let text = at.rest();
    let length = text.iter().take(12).position(|b| !b.is_ascii_alphabetic()).unwrap_or(text.len().min(12));
    let word = text.get(..length)?;
    let capitals = word.iter().all(u8::is_ascii_uppercase);
    let next = text.get(length).copied();
    let ends = matches!(next, None | Some(b' ' | b':' | b']' | b'>' | b')' | b'|' | b'\t' | b',' | b'/'));
    if !ends || !(capitals || sign.is_some() || next == Some(b':')) {
        return None;
    }
    let level = Level::parse(word)?;
    at.at += length;
    at.spaces();
    if let Some(sign) = sign {
        let close = match sign {
            b'[' => b']',
            b'<' => b'>',
            b'(' => b')',
            other => other,
        };
        if at.peek() != Some(close) {
            return None;
        }
        at.at += 1;
    }
    at.eat(b":");
    *cursor = at;
    Some(level)
}

/// Behind the level that a text begins with, if it does. One in small letters is a word of the text:
/// `Error: no such file`, `fatal: Write failed`.
pub(super) fn level_end(text: &[u8]) -> usize {
    let mut cursor = Cursor::new(text, 0);
    let is_word =
        text.iter().take(2).any(u8::is_ascii_lowercase) && text.first().is_some_and(u8::is_ascii_alphabetic);
    if is_word || level_next(&mut cursor).is_none() {
        return 0;
    }
    cursor.spaces();
    cursor.at
}

/// Behind a stamp: level, thread and logger in the orders that are in use.
pub(super) fn rest(mut cursor: Cursor<'_>, parts: &mut Parts) {
    let line = cursor.line;
    cursor.eat(b":");
    cursor.spaces();
    // 2026-11-22 03:12:01,123 - app - WARNING - message
    if cursor.eat(b"- ") || cursor.eat(b"| ") {
        dashed(cursor, parts);
        return;
    }
    let start = cursor.at;
    // logback: [main] INFO c.e.App - message
    if let Some(thread) = cursor.bracketed() {
        let mut inner = cursor;
        if Level::parse(line.get(thread.clone()).unwrap_or_default()).is_none()
            && let Some(level) = level_next(&mut inner)
        {
            parts.level = Some(level);
            parts.put("thread", line, thread);
            inner.spaces();
            if let Some(end) = logger_then(inner, b" - ", parts) {
                parts.format = Format::Log4j;
                parts.message = end..line.len();
            } else {
                parts.message = inner.at..line.len();
            }
            return;
        }
        cursor.at = start;
    }
    levelled(cursor, parts);
}

/// `name` and what separates it from the message, which begins at the end that is given.
fn logger_then(mut cursor: Cursor<'_>, separator: &[u8], parts: &mut Parts) -> Option<usize> {
    let name = cursor.word()?;
    let text = cursor.get(name.clone());
    let trimmed = text.strip_suffix(b":").unwrap_or(text);
    if !trimmed.iter().all(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'-' | b':' | b'@' | b'/' | b'[' | b']')
    }) {
        return None;
    }
    let ends = if separator == b": " {
        trimmed.len() < text.len() || {
            cursor.spaces();
            cursor.eat(b": ")
        }
    } else {
        // Spaces may fill the column of the name.
        cursor.spaces();
        cursor.eat(b"- ")
    };
    if !ends {
        return None;
    }
    parts.put("logger", cursor.line, name.start..name.start + trimmed.len());
    cursor.spaces();
    Some(cursor.at)
}

/// `app - WARNING - message`, `WARNING - message`, `INFO  [main:App@12] - message`.
fn dashed(mut cursor: Cursor<'_>, parts: &mut Parts) {
    let line = cursor.line;
    parts.message = cursor.at..line.len();
    if let Some(level) = level_next(&mut cursor) {
        parts.level = Some(level);
        cursor.spaces();
        if let Some(thread) = cursor.bracketed() {
            // ZooKeeper
            parts.format = Format::Log4j;
            parts.put("thread", line, thread);
            cursor.spaces();
        } else {
            parts.format = Format::Python;
        }
        let _ = cursor.eat(b"- ") || cursor.eat(b"| ");
        parts.message = cursor.at..line.len();
        return;
    }
    let Some(name) = cursor.word() else { return };
    cursor.spaces();
    if !(cursor.eat(b"- ") || cursor.eat(b"| ")) {
        return;
    }
    let Some(level) = level_next(&mut cursor) else { return };
    parts.format = Format::Python;
    parts.level = Some(level);
    parts.put("logger", line, name);
    cursor.spaces();
    let _ = cursor.eat(b"- ") || cursor.eat(b"| ");
    cursor.spaces();
    parts.message = cursor.at..line.len();
}

/// What begins with a level, perhaps.
fn levelled(mut cursor: Cursor<'_>, parts: &mut Parts) {
    let line = cursor.line;
    cursor.spaces();
    parts.message = cursor.at..line.len();
    let Some(level) = level_next(&mut cursor) else {
        // What is behind the stamp may be a line by itself.
        parts.wraps = json::is_object(line, cursor.at) || pairs::is_pairs(line, cursor.at);
        return;
    };
    parts.level = Some(level);
    cursor.spaces();
    parts.message = cursor.at..line.len();
    if parts.format != Format::Dated {
        return;
    }
    let start = cursor.at;
    // Spring: 12 --- [app] [main] c.e.App : message
    if cursor.digits().is_some() && cursor.eat(b" --- ") {
        let mut thread = None;
        while let Some(part) = cursor.bracketed() {
            thread = Some(part);
            cursor.spaces();
        }
        if let Some(end) = logger_then(cursor, b": ", parts) {
            parts.format = Format::Log4j;
            parts.put("thread", line, trimmed(line, thread.unwrap_or_default()));
            parts.message = end..line.len();
        }
        return;
    }
    cursor.at = start;
    if let Some(first) = cursor.bracketed() {
        cursor.spaces();
        // log4j: [main] c.e.App - message
        if let Some(end) = logger_then(cursor, b" - ", parts).or_else(|| logger_then(cursor, b": ", parts)) {
            parts.format = Format::Log4j;
            parts.put("thread", line, first);
            parts.message = end..line.len();
            return;
        }
        // WildFly: [org.jboss.as] (MSC service thread 1-2) message
        parts.format = Format::Log4j;
        let open = cursor.peek() == Some(b'(');
        if open && let Some(close) = memchr::memchr(b')', cursor.rest()) {
            parts.put("logger", line, first);
            parts.put("thread", line, cursor.at + 1..cursor.at + close);
            cursor.at += close + 1;
            cursor.spaces();
        } else if let Some(logger) = at_the_end(line) {
            // Kafka: [Broker id=1] message (kafka.server.KafkaServer)
            parts.put("logger", line, logger.clone());
            parts.message = start..logger.start - 2;
            return;
        } else {
            parts.put("thread", line, first);
        }
        parts.message = cursor.at..line.len();
        return;
    }
    rust_or_named(cursor, parts);
}

/// `app::web: message`, `span{id=1}:app::web: message`, `org.example.App: message`, `app: message`.
fn rust_or_named(cursor: Cursor<'_>, parts: &mut Parts) {
    let line = cursor.line;
    let mut at = cursor;
    let mut name = None;
    // Spans, threads and the target each end with a colon.
    for _ in 0..8 {
        at.spaces();
        let here = at.at;
        let text = at.rest();
        let plain = |b: &u8| {
            !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'.' | b'-' | b'$' | b'(' | b')' | b'/'))
        };
        let length = text.iter().position(plain).unwrap_or(text.len());
        let word = text.get(..length).unwrap_or_default();
        if text.get(length) == Some(&b'{') {
            // The fields of a span.
            let Some(close) = memchr::memchr(b'}', text) else { break };
            at.at += close + 1;
            if at.peek() != Some(b':') {
                break;
            }
            at.at += 1;
            parts.format = Format::Rust;
            continue;
        }
        if word.starts_with(b"ThreadId(")
            || (word.ends_with(b":")
                && word.get(..word.len() - 1).is_some_and(|n| n.iter().all(u8::is_ascii_digit)))
        {
            at.at += length;
            continue;
        }
        let Some(target) = word.strip_suffix(b":").filter(|target| !target.is_empty()) else { break };
        if name.is_some() && parts.format == Format::Rust {
            // The name of a span was taken for the target; the last one is.
        } else if name.is_some() {
            break;
        }
        name = Some(here..here + target.len());
        at.at += length;
        if memchr::memmem::find(target, b"::").is_some() {
            parts.format = Format::Rust;
            break;
        }
    }
    let Some(name) = name else {
        if let Some(end) = logger_then(cursor, b" - ", parts) {
            parts.format = Format::Log4j;
            parts.message = end..line.len();
        }
        return;
    };
    let target = line.get(name.clone()).unwrap_or_default();
    if parts.format == Format::Dated {
        let dotted = memchr::memrchr(b'.', target).and_then(|dot| target.get(dot + 1));
        let zulu = line.get(..40).unwrap_or(line).iter().position(|b| *b == b'Z').is_some_and(|z| z > 18);
        parts.format = match dotted {
            Some(b'A'..=b'Z') => Format::Log4j,
            None if zulu && parts.time.is_some() => Format::Rust,
            _ => Format::Python,
        };
    }
    parts.put("logger", line, name);
    at.spaces();
    parts.message = at.at..line.len();
}

/// The name in round brackets at the end of a line.
fn at_the_end(line: &[u8]) -> Option<Range<usize>> {
    let text = line.trim_ascii_end().strip_suffix(b")")?;
    let open = memchr::memrchr(b'(', text)?;
    let name = text.get(open + 1..)?;
    let fits = name.contains(&b'.')
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'));
    (fits && open > 1).then_some(open + 1..text.len())
}

fn trimmed(line: &[u8], range: Range<usize>) -> Range<usize> {
    let text = line.get(range.clone()).unwrap_or_default();
    let start = range.end - text.trim_ascii_start().len();
    start..start + text.trim_ascii().len()
}

/// A line that begins with a level: `INFO:app:message`, `ERROR 2026-11-22 03:12:01,123 app message`,
/// `[error] message`. Any other line is none of these.
pub(super) fn level_first(line: &[u8], at: usize, parts: &mut Parts) -> bool {
    let mut cursor = Cursor::new(line, at);
    let Some(level) = level_next(&mut cursor) else { return false };
    let colon = line.get(cursor.at.wrapping_sub(1)) == Some(&b':');
    let start = cursor.at;
    cursor.spaces();
    cursor.eat(b"[");
    if let Some((written, end)) = stamp::at(line, cursor.at) {
        cursor.at = end;
        cursor.eat(b"]");
        parts.format = Format::Dated;
        parts.time = Some(written);
        parts.level = Some(level);
        cursor.spaces();
        parts.message = cursor.at..line.len();
        return true;
    }
    // Python's default: no space behind the colon, and a name.
    let name = line.get(start..).and_then(|rest| memchr::memchr(b':', rest)).unwrap_or_default();
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if colon && name > 0 && line.get(start..start + name).is_some_and(|name| name.iter().all(is_name)) {
        parts.format = Format::Python;
        parts.level = Some(level);
        parts.put("logger", line, start..start + name);
        parts.message = start + name + 1..line.len();
        return true;
    }
    false
}
