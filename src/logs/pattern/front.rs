//! Finds the message of what a line says: what stands behind its header.

use std::ops::Range;

use super::value::is_calendar;
#[cfg(doc)]
use crate::logs::format::Formats;
use crate::logs::format::is_method;

/// How far into a line the header is looked for.
const HEADER: usize = 400;
/// Parts of a header that are looked at.
const PARTS: usize = 16;
/// How far into a structured line its fields are looked for.
const FIELDS: usize = 4096;
/// Keys of a line without a message that make its pattern.
pub(super) const KEYS: usize = 24;

/// What is mined of what a line says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Front {
    /// A text, from here to there.
    Text(usize, usize),
    /// Method, path and status of a request.
    Request([Range<usize>; 3]),
    /// The keys of the line: it has no message.
    Json,
    /// The same of `key=value`.
    Logfmt,
}

/// Finds it in what stands in no other line any more ([`Formats::said`]).
pub(super) fn message(line: &[u8]) -> Front {
    let start = line.len() - line.trim_ascii_start().len();
    let rest = line.get(start..).unwrap_or_default();
    if rest.first() == Some(&b'{') {
        let is_object = rest.get(1..).and_then(|rest| rest.trim_ascii_start().first()) == Some(&b'"');
        return if is_object { Front::Json } else { Front::Text(start, line.len()) };
    }
    if is_logfmt(rest) {
        return Front::Logfmt;
    }
    if let Some(request) = request(line) {
        return Front::Request(request);
    }
    Front::Text(start + header(rest), line.len())
}

/// `GET /cart/12 503`, and nothing else: as access logs are taken apart, and some programs write.
fn request(line: &[u8]) -> Option<[Range<usize>; 3]> {
    let [before @ .., b' ', _, _, _] = line else { return None };
    let method = memchr::memchr(b' ', line)?;
    let path = method + 1..before.len();
    let status = before.len() + 1..line.len();
    let is_request = (is_method(line.get(..method)?) || line.starts_with(b"- - "))
        && !path.is_empty()
        && !line.get(path.clone())?.contains(&b' ')
        && line.get(status.clone())?.iter().all(u8::is_ascii_digit);
    is_request.then_some([0..method, path, status])
}

/// Gives each top-level field (key, where its value is, whether it is a string) until `take` is true.
pub(super) fn json_fields(line: &[u8], mut take: impl FnMut(&[u8], usize, usize, bool) -> bool) {
    let line = line.get(..FIELDS).unwrap_or(line);
    let mut depth = 0_u32;
    let mut at = 0;
    let mut key: Option<(usize, usize)> = None;
    let mut valued = false;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'"' => {
                let end = string_end(line, at + 1);
                if depth == 1 {
                    let to = end.unwrap_or(line.len());
                    match key {
                        None => key = Some((at + 1, to)),
                        Some((from, until)) if !valued => {
                            valued = true;
                            if take(line.get(from..until).unwrap_or_default(), at + 1, to, true) {
                                return;
                            }
                        }
                        Some(_) => {}
                    }
                }
                let Some(end) = end else { return };
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                if let (2, Some((from, until)), false) = (depth, key, valued) {
                    valued = true;
                    if take(line.get(from..until).unwrap_or_default(), at, at, false) {
                        return;
                    }
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 1 => {
                key = None;
                valued = false;
            }
            b'0'..=b'9' | b'a'..=b'z' | b'-' if depth == 1 => {
                if let (Some((from, until)), false) = (key, valued) {
                    valued = true;
                    if take(line.get(from..until).unwrap_or_default(), at, at, false) {
                        return;
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn string_end(line: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

/// The length of a key that stands before `=`.
fn key_length(text: &[u8]) -> Option<usize> {
    let length = text
        .iter()
        .take(64)
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'@')))?;
    (length > 0 && text.get(length) == Some(&b'=')).then_some(length)
}

/// Whether a line begins with two fields.
fn is_logfmt(line: &[u8]) -> bool {
    if key_length(line).is_none() {
        return false;
    }
    let mut fields = 0;
    logfmt_fields(line, |_, _, _| {
        fields += 1;
        fields == 2
    });
    fields == 2
}

/// Gives each field until `take` is true or there is something else.
pub(super) fn logfmt_fields(line: &[u8], mut take: impl FnMut(&[u8], usize, usize) -> bool) {
    let line = line.get(..FIELDS).unwrap_or(line);
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.first() == Some(&b' ') {
            at += 1;
            continue;
        }
        let Some(length) = key_length(rest) else { return };
        let key = rest.get(..length).unwrap_or_default();
        let from = at + length + 1;
        let (from, to) = if line.get(from) == Some(&b'"') {
            (from + 1, string_end(line, from + 1).unwrap_or(line.len()))
        } else {
            let value = line.get(from..).unwrap_or_default();
            (from, from + memchr::memchr(b' ', value).unwrap_or(value.len()))
        };
        if take(key, from, to) {
            return;
        }
        at = to + 1;
    }
}

/// A part of a header: without the brackets and signs around it.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a [u8],
    /// With them.
    whole: &'a [u8],
    /// Where what follows begins.
    next: usize,
}

/// The part that begins here. One in brackets goes as far as the bracket that closes it.
fn part(line: &[u8], from: usize) -> Option<Part<'_>> {
    let rest = line.get(from..)?;
    let start = from + rest.len() - rest.trim_ascii_start().len();
    let rest = line.get(start..)?;
    let rest = rest.get(..HEADER).unwrap_or(rest);
    if rest.is_empty() {
        return None;
    }
    let mut depth = 0_u32;
    let bracket = rest.first() == Some(&b'[');
    let mut length = rest.len();
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'[' if bracket => depth += 1,
            b']' if bracket => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let more =
                        rest.get(at + 1..)?.iter().take_while(|byte| matches!(byte, b':' | b',')).count();
                    length = at + 1 + more;
                    break;
                }
            }
            b' ' | b'\t' if depth == 0 => {
                length = at;
                break;
            }
            _ => {}
        }
    }
    if depth > 0 {
        length = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
    }
    let whole = rest.get(..length)?;
    let mut text = whole;
    while let Some((b'[' | b'(' | b'<' | b'"', inner)) = text.split_first() {
        text = inner;
    }
    while let Some((b']' | b')' | b'>' | b',' | b':' | b'"', inner)) = text.split_last() {
        text = inner;
    }
    Some(Part { text: text.trim_ascii(), whole, next: start + length })
}

/// What a part before the message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    /// A date or a time.
    Stamp,
    /// The name of a month, or of a day of the week.
    Calendar,
    Level,
    /// A number, or a name that has one.
    Numbered,
    /// Signs only.
    Sign,
    Other,
}

fn role(part: Part<'_>) -> Role {
    let text = part.text;
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if digits + letters == 0 {
        return Role::Sign;
    }
    if is_epoch(text) {
        return Role::Stamp;
    }
    if digits == 0 {
        return if is_calendar(text) {
            Role::Calendar
        } else if is_level(text) {
            Role::Level
        } else {
            Role::Other
        };
    }
    // A date or time begins with digits in groups; glog has its level before it; in brackets the
    // day of the week may be before it.
    let begin = text.iter().position(u8::is_ascii_digit).unwrap_or_default();
    let body = text.get(begin..).unwrap_or_default();
    let first = text.first().copied().unwrap_or_default();
    let fits = begin == 0
        || (begin == 1 && matches!(first, b'I' | b'W' | b'E' | b'F') && digits == 4 && letters == 1)
        || (begin > 3 && text.get(..3).is_some_and(is_calendar));
    if fits && (begin == 1 || is_stamp(body)) {
        return Role::Stamp;
    }
    if part.whole.first() == Some(&b'"') || part.whole.contains(&b'=') { Role::Other } else { Role::Numbered }
}

/// Seconds since 1970, with a fraction or more digits perhaps.
fn is_epoch(text: &[u8]) -> bool {
    text.first() == Some(&b'1')
        && text.len() >= 10
        && text.iter().take(10).all(u8::is_ascii_digit)
        && text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && (matches!(text.len(), 10 | 13 | 16 | 19) || text.get(10) == Some(&b'.'))
}

/// Where what follows an epoch stamp begins, which may stand behind some names.
fn behind_epoch(line: &[u8]) -> Option<usize> {
    let mut at = 0;
    for _ in 0..7 {
        let part = part(line, at)?;
        at = part.next;
        if is_epoch(part.whole) {
            return Some(at);
        }
    }
    None
}

/// Groups of digits as a date or a time has them: 12:01:01, 2026-11-22, 17/06/09, 10.30 16:49.
fn is_stamp(text: &[u8]) -> bool {
    let (mut colons, mut dashes, mut slashes, mut dots) = (0, 0, 0, 0);
    let mut digits = 0;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b':' => colons += 1,
            b'-' => dashes += 1,
            b'/' => slashes += 1,
            b'.' | b',' => dots += 1,
            b'T' | b'Z' | b'+' | b' ' | b'_' => {}
            b'|' => break,
            b'A'..=b'Z' | b'a'..=b'z' if at < 24 => {}
            _ => return false,
        }
    }
    let letters = text.iter().take_while(|b| **b != b'|').filter(|byte| byte.is_ascii_alphabetic()).count();
    let address = dots == 3 && dashes + slashes == 0;
    digits >= 4
        && !address
        && letters <= 6
        && text.len() >= 5
        && ((colons >= 1 && digits >= 5 && letters <= 4)
            || (dashes >= 1 && letters <= 2 && digits >= 4 && dots == 0)
            || slashes == 2
            || (dots == 2 && digits == 8))
}

fn is_level(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 22] = [
        b"info",
        b"warn",
        b"warning",
        b"error",
        b"debug",
        b"trace",
        b"fatal",
        b"notice",
        b"crit",
        b"critical",
        b"alert",
        b"emerg",
        b"emergency",
        b"severe",
        b"severity",
        b"verbose",
        b"err",
        b"dbg",
        b"inf",
        b"wrn",
        b"failure",
        b"panic",
    ];
    text.len() <= 9 && NAMES.iter().any(|name| text.eq_ignore_ascii_case(name))
}

/// A level of one letter, as Android has it behind two numbers.
fn is_letter_level(part: Part<'_>) -> bool {
    matches!(part.whole, b"V" | b"D" | b"I" | b"W" | b"E" | b"F" | b"A")
}

/// What may stand before the stamp: the name of a host or of a file, a mark in capitals. No word of a sentence.
fn is_label(text: &[u8]) -> bool {
    !text.iter().any(u8::is_ascii_lowercase) || text.iter().any(|byte| !byte.is_ascii_alphabetic())
}

/// Where the message begins behind a header; 0 if there is none.
fn header(line: &[u8]) -> usize {
    let mut at = 0;
    // A number alone, with no date or time in sight, may be one.
    if let Some(end) = line.first().filter(|byte| byte.is_ascii_digit()).and_then(|_| behind_epoch(line)) {
        at = end;
    }
    let mut stamped = (at > 0).then_some(at); // where what is behind the last stamp begins
    let mut calendar = false;
    let mut syslog = false;
    let mut behind = 0; // parts that stand behind the stamp
    for index in 0..PARTS {
        let Some(part) = part(line, at) else { break };
        match role(part) {
            Role::Stamp => {
                if let Some(end) = piped(line, part, at) {
                    return end;
                }
                syslog |= calendar && part.text.len() <= 15;
                stamped = Some(part.next);
                behind = 0;
            }
            Role::Calendar => calendar = true,
            Role::Numbered if calendar && part.text.len() <= 4 && stamped.is_none() => {}
            Role::Numbered | Role::Sign if stamped.is_none() || (!syslog && index < 9) => {
                if stamped.is_some() {
                    behind += 1;
                }
                // A number alone is the date or the time of some systems.
                if stamped.is_none()
                    && index < 2
                    && part.text.len() == 6
                    && part.text.iter().all(u8::is_ascii_digit)
                {
                    stamped = Some(part.next);
                }
            }
            Role::Other if stamped.is_none() && index == 0 && is_label(part.text) => {}
            Role::Level if stamped.is_none() && index == 0 => {}
            // The host of a line may be named before its stamp and again behind it.
            _ if stamped.is_none() => return 0,
            _ => break,
        }
        at = part.next;
    }
    let Some(stamped) = stamped else { return 0 };
    if syslog {
        return behind_syslog(line, stamped);
    }
    behind_stamp(line, stamped, at, behind > 1)
}

/// The end of fields between bars, the first of which is the stamp.
fn piped(line: &[u8], part: Part<'_>, from: usize) -> Option<usize> {
    let bar = memchr::memchr(b'|', part.whole)?;
    let start = from + line.get(from..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let mut at = start + bar + 1;
    for _ in 0..4 {
        let rest = line.get(at..)?;
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let length = rest.iter().take(40).take_while(is_name).count();
        if rest.get(length) != Some(&b'|') {
            break;
        }
        at += length + 1;
    }
    Some(at)
}

/// Behind host and program.
fn behind_syslog(line: &[u8], from: usize) -> usize {
    let mut at = from;
    let mut host = from;
    for index in 0..4 {
        let Some(part) = part(line, at) else { break };
        if has_process(part.whole) {
            return part.next;
        }
        match index {
            0 => host = part.next,
            1 if part.whole.ends_with(b":") => return part.next,
            _ => {}
        }
        at = part.next;
    }
    host
}

/// `sshd[123]:`
fn has_process(text: &[u8]) -> bool {
    let Some(text) = text.strip_suffix(b"]:") else { return false };
    let Some(open) = memchr::memrchr(b'[', text) else { return false };
    open > 0 && text.get(open + 1..).is_some_and(|pid| !pid.is_empty() && pid.iter().all(u8::is_ascii_digit))
}

/// Behind level, thread and component, which stand behind `from`; numbers and ids as far as `to` are
/// not of the message.
fn behind_stamp(line: &[u8], from: usize, to: usize, numbered: bool) -> usize {
    let mut at = from;
    let mut cut = to.max(from);
    let mut leveled = false;
    let mut first = true;
    for _ in 0..6 {
        let Some(part) = part(line, at) else { break };
        if has_process(part.whole) {
            return part.next;
        }
        let role = role(part);
        // Further on, an error in small letters is a word of the message.
        let plain = part.whole == part.text && part.text.iter().any(u8::is_ascii_lowercase);
        if (role == Role::Level && (first || !plain)) || (numbered && is_letter_level(part)) {
            cut = part.next;
            leveled = true;
            break;
        }
        if role == Role::Sign && matches!(part.whole, b"-" | b"|" | b"--") {
            cut = cut.max(part.next);
        }
        if first && is_zone(part.whole) {
            cut = cut.max(part.next);
        } else {
            first &= matches!(role, Role::Sign | Role::Numbered);
        }
        // file.go:12]
        if part.whole.ends_with(b"]") && part.whole.first() != Some(&b'[') && at >= to {
            return part.next;
        }
        at = part.next;
    }
    if !leveled {
        return cut;
    }
    let mut brackets = 0;
    for _ in 0..5 {
        let Some(part) = part(line, cut) else { break };
        let eaten = match role(part) {
            _ if part.whole.first() == Some(&b'[') && part.whole.ends_with(b"]") => {
                brackets += 1;
                // A name and its value are of the message.
                brackets < 3 && !part.text.contains(&b' ')
                    || brackets < 2 && !part.text.windows(2).any(|two| two == b": ")
            }
            Role::Sign => matches!(part.whole, b"-" | b"--" | b":" | b"|" | b"---"),
            _ if is_component(part.whole) => return part.next,
            Role::Numbered => part.text.iter().all(u8::is_ascii_digit) && !part.whole.ends_with(b","),
            Role::Other => is_dotted(part.whole),
            _ => false,
        };
        if !eaten || part.next >= line.len() {
            break;
        }
        cut = part.next;
    }
    cut
}

/// `UTC`, `CEST`
fn is_zone(text: &[u8]) -> bool {
    matches!(
        text,
        b"UTC"
            | b"GMT"
            | b"Z"
            | b"CET"
            | b"CEST"
            | b"EST"
            | b"EDT"
            | b"PST"
            | b"PDT"
            | b"IST"
            | b"JST"
            | b"MSK"
    )
}

/// `org.apache.Some$Thing:`
fn is_component(text: &[u8]) -> bool {
    text.strip_suffix(b":").is_some_and(|name| {
        name.len() > 1
            && name.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            && name.iter().all(|b| b.is_ascii_alphanumeric() || b"._$-/()[]#@*:".contains(b))
    })
}

/// `nova.compute.manager`
fn is_dotted(text: &[u8]) -> bool {
    text.len() > 4
        && memchr::memchr_iter(b'.', text).count() > 1
        && !text.ends_with(b".")
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$'))
}
