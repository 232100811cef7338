//! What a token can be, and what a word with digits or signs inside is: a number, an address, a path.

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Text that the program wrote, as far as one line can tell.
    Word,
    /// May be text or value: a name with a dot or a digit, what stands behind `=` or `user`.
    Soft,
    /// Signs.
    Sign,
    /// Values, from here on.
    Any,
    Number,
    Id,
    Address,
    Path,
    Text,
    Time,
    Size,
}

impl Kind {
    /// Whether it is a value.
    pub(super) fn is_value(self) -> bool {
        !matches!(self, Self::Word | Self::Soft | Self::Sign)
    }

    /// What is shown for a value.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "<num>",
            Self::Id => "<id>",
            Self::Address => "<addr>",
            Self::Path => "<path>",
            Self::Text => "<str>",
            Self::Time => "<time>",
            Self::Size => "<size>",
            Self::Word | Self::Soft | Self::Sign | Self::Any => "<*>",
        }
    }
}

/// Whether it names a file.
pub(super) fn is_path(core: &[u8]) -> bool {
    let slashes = core.iter().filter(|byte| matches!(byte, b'/' | b'\\')).count();
    match core.first() {
        Some(b'/') => core.len() > 1,
        Some(b'.' | b'~') if slashes > 0 => true,
        _ if core.get(1..3) == Some(b":\\") => true,
        // Path:/a/b is a name and what it names.
        _ => {
            let named = core.iter().find(|byte| matches!(byte, b'/' | b'\\' | b':'));
            slashes > 1 && named != Some(&b':')
        }
    }
}

/// The name of a month or of a day of the week.
pub(super) fn is_calendar(text: &[u8]) -> bool {
    const NAMES: [&[u8]; 19] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
        b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun",
    ];
    NAMES.contains(&text)
}

/// Whether it is an address of mail.
pub(super) fn is_mail(core: &[u8]) -> bool {
    memchr::memchr(b'@', core).is_some_and(|at| {
        at > 0 && core.get(at + 1..).is_some_and(|host| memchr::memchr(b'.', host).is_some_and(|dot| dot > 0))
    })
}

/// A constant of programs.
pub(super) fn is_constant(core: &[u8]) -> bool {
    core.len() < 6
        && [&b"true"[..], b"false", b"null", b"nil"].iter().any(|word| core.eq_ignore_ascii_case(word))
}

/// A unit of time or size.
pub(super) fn is_unit(core: &[u8]) -> bool {
    is_time_unit(core) || is_size_unit(core)
}

/// A unit of time.
pub(super) fn is_time_unit(core: &[u8]) -> bool {
    matches!(
        core,
        b"ms"
            | b"s"
            | b"us"
            | b"ns"
            | b"sec"
            | b"secs"
            | b"second"
            | b"seconds"
            | b"msec"
            | b"msecs"
            | b"min"
            | b"mins"
            | b"minute"
            | b"minutes"
            | b"hour"
            | b"hours"
            | b"h"
            | b"m"
            | b"d"
            | b"day"
            | b"days"
            | b"milliseconds"
            | b"microseconds"
    )
}

fn is_size_unit(core: &[u8]) -> bool {
    matches!(
        core,
        b"B" | b"b"
            | b"byte"
            | b"bytes"
            | b"Bytes"
            | b"k"
            | b"K"
            | b"M"
            | b"G"
            | b"kB"
            | b"KB"
            | b"MB"
            | b"GB"
            | b"TB"
            | b"KiB"
            | b"MiB"
            | b"GiB"
            | b"TiB"
            | b"kb"
            | b"mb"
            | b"gb"
    )
}

/// A number, with a unit perhaps, or a duration of several.
pub(super) fn number(core: &[u8]) -> Option<Kind> {
    let body = core.strip_prefix(b"-").or_else(|| core.strip_prefix(b"+")).unwrap_or(core);
    if !body.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    if body.len() == 10
        && body
            .iter()
            .enumerate()
            .all(|(at, b)| if at == 4 || at == 7 { *b == b'-' } else { b.is_ascii_digit() })
    {
        return Some(Kind::Time);
    }
    let digits = body.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.')).unwrap_or(body.len());
    let dots = body.iter().take(digits).filter(|byte| **byte == b'.').count();
    let unit = body.get(digits..)?;
    match unit {
        b"" if dots == 3 => Some(Kind::Address),
        b"" | b"%" => Some(Kind::Number),
        unit if is_time_unit(unit) => Some(Kind::Time),
        unit if is_size_unit(unit) => Some(Kind::Size),
        _ => None,
    }
}

/// An IPv4 address.
pub(super) fn is_ip(core: &[u8]) -> bool {
    core.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.')) && memchr::memchr_iter(b'.', core).count() == 3
}

/// A value that has colons inside: a time, an address. None where names and values are put together.
pub(super) fn with_colons(core: &[u8]) -> Option<Kind> {
    let first = memchr::memchr(b':', core)?;
    let (name, rest) = (core.get(..first)?, core.get(first + 1..)?);
    if core.iter().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.' | b'-' | b'T' | b'Z' | b'+')) {
        let is_address = memchr::memchr(b'.', name).is_some();
        return Some(if is_address { Kind::Address } else { Kind::Time });
    }
    if core.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.' | b'%'))
        && memchr::memchr_iter(b':', core).count() > 1
    {
        return Some(Kind::Address);
    }
    let is_port = !rest.is_empty() && rest.iter().all(u8::is_ascii_digit);
    if is_port && name.iter().any(|byte| matches!(byte, b'.' | b'0'..=b'9' | b'/')) {
        return Some(Kind::Address);
    }
    if name.get(1..).is_some_and(<[u8]>::is_empty) && rest.first() == Some(&b'\\') {
        return Some(Kind::Path);
    }
    name.iter().any(u8::is_ascii_digit).then_some(Kind::Id)
}

/// A word with one digit at its end, such as eth0 or IPv4, which may belong to the text.
pub(super) fn is_numbered(core: &[u8]) -> bool {
    core.split_last().is_some_and(|(last, word)| {
        last.is_ascii_digit() && word.len() > 1 && word.iter().all(u8::is_ascii_alphabetic)
    })
}
