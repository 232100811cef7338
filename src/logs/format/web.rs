//! What web servers and proxies write: access logs and error logs.

use std::ops::Range;

use super::Format;
use super::parts::{Cursor, Parts};
use crate::logs::level::Level;
use crate::logs::stamp;

/// How far into a line the stamp of an access log may stand.
const REACH: usize = 256;

/// The level of an answer.
fn of_status(status: &[u8]) -> Option<Level> {
    Some(match status {
        [b'5', _, _] => Level::Error,
        [b'4', _, _] => Level::Warn,
        [b'1'..=b'3', _, _] => Level::Info,
        _ => return None,
    })
}

/// Method, path and protocol of what stands between the quotes.
fn request(line: &[u8], request: Range<usize>, parts: &mut Parts) {
    let mut cursor = Cursor::new(line.get(..request.end).unwrap_or_default(), request.start);
    let Some(method) = cursor.word() else { return };
    let Some(path) = cursor.word() else { return };
    parts.put("method", line, method);
    parts.put("path", line, path);
    if let Some(protocol) = cursor.word() {
        parts.put("protocol", line, protocol);
    }
}

/// `10.0.0.1 - user [22/Nov/2026:03:12:01 +0000] "GET / HTTP/1.1" 200 12 "referrer" "agent"`, the name
/// of the server before it perhaps.
pub(super) fn access(line: &[u8], at: usize, parts: &mut Parts) -> bool {
    let front = line.get(..at + REACH).unwrap_or(line);
    let Some(open) = memchr::memchr(b'[', front.get(at..).unwrap_or_default()).map(|open| at + open) else {
        return false;
    };
    let Some((written, end)) = stamp::at(line, open + 1) else { return false };
    let mut cursor = Cursor::new(line, end);
    if !cursor.eat(b"]") {
        return false;
    }
    let mut before = Cursor::new(front.get(..open).unwrap_or_default(), at);
    let words = [before.word(), before.word(), before.word(), before.word()];
    let [Some(first), second, third, fourth] = words else { return false };
    let Some(second) = second else {
        return written_by_haproxy(line, first, cursor.at, parts) && {
            parts.time = Some(written);
            true
        };
    };
    let Some(third) = third else { return false };
    cursor.spaces();
    let Some(asked) = cursor.quoted() else { return false };
    let Some(status) = cursor.word() else { return false };
    let Some(level) = of_status(cursor.get(status.clone())) else { return false };
    parts.format = Format::Access;
    parts.time = Some(written);
    parts.level = Some(level);
    parts.message = open_quote(&asked)..line.len();
    // The server's name is before the address: four words.
    let (host, remote, user) = match fourth {
        Some(fourth) if line.get(third.clone()) == Some(b"-") => (Some(first), second, fourth),
        _ => (None, first, third),
    };
    if let Some(host) = host {
        parts.put("host", line, host);
    }
    parts.put("remote", line, remote);
    parts.put("user", line, user);
    request(line, asked, parts);
    parts.put("status", line, status);
    if let Some(bytes) = cursor.word() {
        parts.put("bytes", line, bytes);
    }
    for name in ["referrer", "agent"] {
        cursor.spaces();
        let Some(value) = cursor.quoted() else { break };
        parts.put(name, line, value);
    }
    true
}

fn open_quote(inside: &Range<usize>) -> usize {
    inside.start.saturating_sub(1)
}

/// `10.0.0.1:33317 [22/Nov/2026:03:12:01.655] front back/server 10/0/30/69/109 200 2750 - - ----
/// 1/1/1/1/0 0/0 "GET / HTTP/1.1"`, as the message of syslog.
pub(super) fn haproxy(line: &[u8], at: usize, parts: &mut Parts) {
    let mut cursor = Cursor::new(line, at);
    let Some(client) = cursor.word() else { return };
    cursor.spaces();
    if !cursor.eat(b"[") {
        return;
    }
    let Some((_, end)) = stamp::at(line, cursor.at) else { return };
    written_by_haproxy(line, client, end + 1, parts);
}

fn written_by_haproxy(line: &[u8], client: Range<usize>, at: usize, parts: &mut Parts) -> bool {
    let mut cursor = Cursor::new(line, at);
    let words = [cursor.word(), cursor.word(), cursor.word(), cursor.word(), cursor.word()];
    let [Some(frontend), Some(server), Some(timers), Some(fourth), Some(fifth)] = words else { return false };
    let slash = line.get(server.clone()).and_then(|text| memchr::memchr(b'/', text));
    let Some(slash) = slash.map(|slash| server.start + slash) else { return false };
    let timed = |b: &u8| b.is_ascii_digit() || matches!(b, b'/' | b'-' | b'+');
    if !line.get(timers.clone()).is_some_and(|text| text.contains(&b'/') && text.iter().all(timed)) {
        return false;
    }
    parts.format = Format::Haproxy;
    parts.wraps = false;
    parts.message = client.start..line.len();
    let colon = line.get(client.clone()).and_then(|text| memchr::memrchr(b':', text));
    parts.put("remote", line, client.start..colon.map_or(client.end, |colon| client.start + colon));
    parts.put("frontend", line, frontend);
    parts.put("backend", line, server.start..slash);
    parts.put("server", line, slash + 1..server.end);
    parts.put("timers", line, timers);
    // Of HTTP, and not of TCP, there is a status.
    if let Some(level) = line.get(fourth.clone()).and_then(of_status)
        && line.get(fifth.clone()).is_some_and(|bytes| bytes.iter().all(|b| b.is_ascii_digit() || *b == b'+'))
    {
        parts.level = Some(level);
        parts.put("status", line, fourth);
        parts.put("bytes", line, fifth);
    } else {
        parts.put("bytes", line, fourth);
    }
    if let Some(quote) =
        memchr::memrchr(b'"', line.trim_ascii_end().split_last().map_or(&[], |(_, rest)| rest))
    {
        let inside = Cursor::new(line, quote).quoted();
        if let Some(inside) = inside.filter(|inside| inside.start > cursor.at) {
            request(line, inside, parts);
        }
    }
    true
}

/// nginx, behind `2026/11/22 03:12:01`: ` [error] 12#7: *1 message, client: 10.0.0.1, server: x, ...`.
pub(super) fn nginx_error(line: &[u8], at: usize, parts: &mut Parts) -> bool {
    let mut cursor = Cursor::new(line, at);
    if !cursor.eat(b" [") {
        return false;
    }
    let Some(level) = cursor.until(b']').and_then(|word| Level::parse(cursor.get(word))) else {
        return false;
    };
    cursor.spaces();
    let Some(pid) = cursor.digits().filter(|_| cursor.peek() == Some(b'#')) else { return false };
    cursor.at += 1;
    let thread = cursor.digits();
    if !cursor.eat(b": ") {
        return false;
    }
    parts.format = Format::Nginx;
    parts.level = Some(level);
    parts.put("pid", line, pid);
    parts.put("thread", line, thread.unwrap_or_default());
    if cursor.eat(b"*")
        && let Some(connection) = cursor.digits()
    {
        parts.put("connection", line, connection);
        cursor.spaces();
    }
    parts.message = cursor.at..line.len();
    let mut rest = cursor.at;
    while let Some(comma) = memchr::memmem::find(line.get(rest..).unwrap_or_default(), b", ") {
        let comma = rest + comma;
        let mut field = Cursor::new(line, comma + 2);
        rest = field.at;
        let name = match field.rest() {
            text if text.starts_with(b"client: ") => "remote",
            text if text.starts_with(b"server: ") => "server",
            text if text.starts_with(b"request: ") => "request",
            text if text.starts_with(b"upstream: ") => "upstream",
            text if text.starts_with(b"host: ") => "host",
            text if text.starts_with(b"referrer: ") => "referrer",
            _ => continue,
        };
        parts.message.end = parts.message.end.min(comma);
        field.until(b' ');
        let value = field.quoted().unwrap_or_else(|| {
            let text = field.rest();
            field.at..field.at + memchr::memchr(b',', text).unwrap_or(text.len())
        });
        if name == "request" {
            request(line, value, parts);
        } else {
            parts.put(name, line, value);
        }
    }
    true
}

/// Apache, behind `[Sun Nov 22 03:12:01.123456 2026]`: ` [core:error] [pid 1:tid 2] [client 10.0.0.1:5] AH1: ...`.
pub(super) fn apache_error(line: &[u8], at: usize, parts: &mut Parts) -> bool {
    let mut cursor = Cursor::new(line, at);
    cursor.spaces();
    let Some(first) = cursor.bracketed() else { return false };
    let text = cursor.get(first.clone());
    let colon = memchr::memchr(b':', text);
    // Its finest levels are trace1 to trace8.
    let word = text.get(colon.map_or(0, |colon| colon + 1)..).unwrap_or_default();
    let word = if word.starts_with(b"trace") { &b"trace"[..] } else { word };
    let Some(level) = Level::parse(word) else { return false };
    parts.format = Format::Apache;
    parts.level = Some(level);
    parts.put("logger", line, first.start..first.start + colon.unwrap_or_default());
    loop {
        cursor.spaces();
        let Some(part) = cursor.bracketed() else { break };
        let text = cursor.get(part.clone());
        if text.starts_with(b"pid ") {
            let colon = memchr::memchr(b':', text).unwrap_or(text.len());
            parts.put("pid", line, part.start + 4..part.start + colon);
            if text.get(colon..).is_some_and(|rest| rest.starts_with(b":tid ")) {
                parts.put("thread", line, part.start + colon + 5..part.end);
            }
        } else if text.starts_with(b"client ") || text.starts_with(b"remote ") {
            let colon = text
                .iter()
                .rposition(|b| *b == b':')
                .filter(|at| text.get(..*at).is_some_and(|t| !t.contains(&b':') || t.ends_with(b"]")));
            parts.put("remote", line, part.start + 7..colon.map_or(part.end, |colon| part.start + colon));
        }
    }
    parts.message = cursor.at..line.len();
    true
}
