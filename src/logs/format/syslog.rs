//! Syslog: RFC 5424, RFC 3164 and what daemons write into files of the same shape.

use super::parts::{Cursor, Parts};
use super::{Format, web};
use crate::logs::level::Level;
use crate::logs::stamp;

/// `<11>1 2026-11-22T03:12:01Z host app 12 ID [sd@1 a="b"] message`, or the older form behind `<11>`.
pub(super) fn with_priority(line: &[u8], at: usize, parts: &mut Parts) -> bool {
    let mut cursor = Cursor::new(line, at);
    if !cursor.eat(b"<") {
        return false;
    }
    let Some(digits) = cursor.digits().filter(|digits| digits.len() <= 3) else { return false };
    let number: Option<u8> = std::str::from_utf8(cursor.get(digits)).ok().and_then(|text| text.parse().ok());
    let Some(number) = number.filter(|number| *number <= 191) else { return false };
    if !cursor.eat(b">") {
        return false;
    }
    parts.level = Some(Level::from_syslog(number & 7));
    parts.wraps = true;
    if cursor.eat(b"1 ") && rfc5424(&mut cursor, parts).is_some() {
        parts.format = Format::Syslog;
        return true;
    }
    parts.format = Format::SyslogBsd;
    let start = cursor.at;
    match stamp::at(line, cursor.at) {
        Some((written, end)) => {
            parts.time = Some(written);
            cursor.at = end;
            if bsd(&mut cursor, parts, true).is_none() {
                parts.message = end..line.len();
            }
        }
        None => parts.message = start..line.len(),
    }
    true
}

fn rfc5424(cursor: &mut Cursor<'_>, parts: &mut Parts) -> Option<()> {
    let line = cursor.line;
    let stamp = cursor.word()?;
    if line.get(stamp.clone()) != Some(b"-") {
        parts.time = Some(stamp::at(line, stamp.start)?.0);
    }
    for name in ["host", "app", "pid", "msgid"] {
        let word = cursor.word()?;
        parts.put(name, line, word);
    }
    cursor.spaces();
    if !cursor.eat(b"-") {
        while cursor.peek() == Some(b'[') {
            structured(cursor, parts)?;
        }
    }
    cursor.spaces();
    cursor.eat(b"\xef\xbb\xbf");
    parts.message = cursor.at..line.len();
    Some(())
}

/// Goes over an element of structured data.
fn structured(cursor: &mut Cursor<'_>, parts: &mut Parts) -> Option<()> {
    let start = cursor.at;
    cursor.at += 1;
    loop {
        match cursor.peek()? {
            b']' => break,
            b'"' => cursor.at = cursor.quoted()?.end + 1,
            _ => cursor.at += 1,
        }
    }
    cursor.at += 1;
    parts.put("data", cursor.line, start + 1..cursor.at - 1);
    Some(())
}

/// `Nov 22 03:12:01 host app[12]: message`, with the stamp behind us. Without `sure`, a host and a
/// program that ends with a colon have to follow.
pub(super) fn bsd(cursor: &mut Cursor<'_>, parts: &mut Parts, sure: bool) -> Option<()> {
    let line = cursor.line;
    let host = cursor.word()?;
    let mut tag = cursor.word().unwrap_or(cursor.at..cursor.at);
    let is_tag = |tag: &std::ops::Range<usize>| {
        let text = line.get(tag.clone()).unwrap_or_default();
        let known = text.strip_suffix(b":").or_else(|| text.ends_with(b"]").then_some(text));
        known.is_some_and(|name| {
            let name = name.split(|b| *b == b'[').next().unwrap_or_default();
            name.len() > 1
                && name.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b'=' | b'"' | b'{'))
                // su(pam_unix)[12]:
                && (memchr::memchr(b'(', name).is_none() || name.ends_with(b")"))
        })
    };
    let host_text = line.get(host.clone())?;
    // The program may stand where the host is missing.
    let (host, behind) = if sure && is_tag(&host) {
        let behind = host.end;
        let empty = host.start..host.start;
        tag = host;
        (empty, behind)
    } else if is_tag(&tag) {
        (host, tag.end)
    } else if sure {
        // A program name may have spaces, as macOS has them; or there is none.
        parts.put("host", line, host.clone());
        parts.message = host.end..line.len();
        let trimmed = line.get(parts.message.clone())?.trim_ascii_start().len();
        parts.message.start = line.len() - trimmed;
        return Some(());
    } else {
        return None;
    };
    if !sure && host_text.iter().any(|b| matches!(b, b':' | b'[' | b'=' | b'(' | b'|' | b'"' | b'/')) {
        return None;
    }
    parts.put("host", line, host);
    let text = line.get(tag.clone())?;
    let name = text.iter().position(|b| matches!(b, b'[' | b':')).unwrap_or(text.len());
    parts.put("app", line, tag.start..tag.start + name);
    if text.get(name) == Some(&b'[') {
        let pid = text.get(name + 1..)?;
        let length = pid.iter().position(|b| *b == b']').unwrap_or(pid.len());
        parts.put("pid", line, tag.start + name + 1..tag.start + name + 1 + length);
    }
    let rest = line.get(behind..)?;
    let start = line.len() - rest.trim_ascii_start().len();
    parts.message = start..line.len();
    if text.starts_with(b"haproxy") {
        web::haproxy(line, start, parts);
    }
    Some(())
}
