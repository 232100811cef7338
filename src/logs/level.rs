//! How severe a line is, read from the forms that programs commonly write.

use serde::{Deserialize, Serialize};

/// Severity of a line. `Unknown` is below all others: it passes no `level>=`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The line does not say.
    #[default]
    Unknown,
    /// Finer than debug.
    Trace,
    /// For developers.
    Debug,
    /// Normal operation; syslog's notice too.
    Info,
    /// Something to look at.
    Warn,
    /// Something failed.
    Error,
    /// Syslog's critical, alert and emergency; panics.
    Fatal,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The level's name in lower case, as a filter takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// The level that a word names, in any case: `warn`, `WARNING`, `wrn`, `crit`...
    pub fn parse(word: &[u8]) -> Option<Self> {
        if word.len() > 8 {
            const LONG: [(&[u8], Level); 2] = [(b"information", Level::Info), (b"emergency", Level::Fatal)];
            return LONG.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, level)| *level);
        }
        if !word.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        let word = packed(word);
        NAMES.iter().find(|(name, _)| *name == word).map(|(_, level)| *level)
    }

    /// The level of a syslog or journald severity, 0 (emergency) to 7 (debug).
    pub fn from_syslog(severity: u8) -> Self {
        match severity {
            0..=2 => Self::Fatal,
            3 => Self::Error,
            4 => Self::Warn,
            5 | 6 => Self::Info,
            7 => Self::Debug,
            _ => Self::Unknown,
        }
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        Self::ALL.get(usize::from(bits)).copied().unwrap_or_default()
    }
}

/// Words of up to eight letters that name a level, the most frequent first.
const NAMES: [(u64, Level); 26] = [
    (packed(b"info"), Level::Info),
    (packed(b"error"), Level::Error),
    (packed(b"warn"), Level::Warn),
    (packed(b"debug"), Level::Debug),
    (packed(b"warning"), Level::Warn),
    (packed(b"notice"), Level::Info),
    (packed(b"trace"), Level::Trace),
    (packed(b"fatal"), Level::Fatal),
    (packed(b"critical"), Level::Fatal),
    (packed(b"err"), Level::Error),
    (packed(b"crit"), Level::Fatal),
    (packed(b"note"), Level::Info),
    (packed(b"inf"), Level::Info),
    (packed(b"wrn"), Level::Warn),
    (packed(b"dbg"), Level::Debug),
    (packed(b"trc"), Level::Trace),
    (packed(b"ftl"), Level::Fatal),
    (packed(b"severe"), Level::Error),
    (packed(b"alert"), Level::Fatal),
    (packed(b"emerg"), Level::Fatal),
    (packed(b"panic"), Level::Fatal),
    (packed(b"dpanic"), Level::Fatal),
    (packed(b"verbose"), Level::Trace),
    (packed(b"fine"), Level::Debug),
    (packed(b"finer"), Level::Trace),
    (packed(b"finest"), Level::Trace),
];

/// Up to eight letters as a number, in small letters.
const fn packed(word: &[u8]) -> u64 {
    let mut rest = word;
    let mut number = 0;
    while let [letter, more @ ..] = rest {
        number = number << 8 | (*letter | 0x20) as u64;
        rest = more;
    }
    number
}

/// How far into a line a bare word counts: later ones are part of the message.
const WORDS: usize = 128;
/// How far into a line `level=` is looked for.
const KEYS: usize = 512;

/// The level that the words near the start of a text or a `level=` in it tell, [`Level::Unknown`] when
/// none does.
pub(super) fn of_text(line: &[u8]) -> Level {
    if is_rust_panic(line) {
        return Level::Error;
    }
    words(line).or_else(|| key(line)).unwrap_or_default()
}

/// `thread 'main' panicked at src/main.rs:2:5:`, with an id behind the name perhaps.
pub(super) fn is_rust_panic(text: &[u8]) -> bool {
    text.starts_with(b"thread '")
        && (memchr::memmem::find(text, b"' panicked at ").is_some()
            || memchr::memmem::find(text, b") panicked at ").is_some())
}

/// A level as the value of a field: a word or a number.
pub(super) fn value(value: &[u8]) -> Option<Level> {
    // Go's slog: `INFO+2`.
    let word = value.split(|b| matches!(b, b'+' | b'-')).next().unwrap_or_default();
    if let Some(level) = Level::parse(word) {
        return Some(level);
    }
    let number: u8 = std::str::from_utf8(value).ok()?.parse().ok()?;
    Some(match number {
        0..=7 => Level::from_syslog(number),
        // pino, bunyan: tens.
        10..20 => Level::Trace,
        20..30 => Level::Debug,
        30..40 => Level::Info,
        40..50 => Level::Warn,
        50..60 => Level::Error,
        60 => Level::Fatal,
        _ => return None,
    })
}

/// The first word near the start that stands as a level: in capitals, in brackets, before a
/// colon, or as the value of `level=`.
fn words(line: &[u8]) -> Option<Level> {
    let head = line.get(..WORDS).unwrap_or(line);
    let mut at = 0;
    while let Some(skip) = head.get(at..)?.iter().position(u8::is_ascii_alphabetic) {
        let start = at + skip;
        let rest = head.get(start..)?;
        let length = rest.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(rest.len());
        at = start + length;
        let word = rest.get(..length)?;
        let after = line.get(at).copied().unwrap_or(b' ');
        if (after == b'=' || after == b':') && is_key(word) {
            if let Some(level) = key_value(line.get(at + 1..)?) {
                return Some(level);
            }
            continue;
        }
        if !(3..=11).contains(&length) {
            continue;
        }
        let before = if start == 0 { b' ' } else { head.get(start - 1).copied().unwrap_or(b' ') };
        // Part of a longer name: `ERROR_COUNT`, `x-error:`, `log.info:`.
        if matches!(before, b'_' | b'-' | b'.' | b'/' | b'=' | b'0'..=b'9')
            || matches!(after, b'_' | b'-' | b'/' | b'=' | b'0'..=b'9')
        {
            continue;
        }
        let capitals = word.iter().all(u8::is_ascii_uppercase);
        let bracketed = matches!(before, b'[' | b'(' | b'<' | b':') && matches!(after, b']' | b')' | b'>');
        let labelled = after == b':' && before == b' ';
        if capitals && after == b':' && word == b"LOG" {
            return Some(Level::Info); // PostgreSQL
        }
        if (capitals || bracketed || labelled)
            && let Some(level) = Level::parse(word)
        {
            return Some(level);
        }
        if word == b"Traceback" && rest.starts_with(b"Traceback (most recent call last)") {
            return Some(Level::Error);
        }
    }
    None
}

/// `level=` further on in a long line.
fn key(line: &[u8]) -> Option<Level> {
    let head = line.get(..KEYS).unwrap_or(line);
    memchr::memchr_iter(b'=', head).find_map(|equals| {
        let name = head.get(..equals)?;
        let start = name.iter().rposition(|b| !b.is_ascii_alphabetic()).map_or(0, |p| p + 1);
        is_key(name.get(start..)?).then_some(())?;
        key_value(line.get(equals + 1..)?)
    })
}

fn is_key(word: &[u8]) -> bool {
    [b"level".as_slice(), b"lvl", b"severity", b"loglevel"].iter().any(|key| word.eq_ignore_ascii_case(key))
}

fn key_value(rest: &[u8]) -> Option<Level> {
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let length = rest.iter().take(12).position(|b| !b.is_ascii_alphanumeric());
    value(rest.get(..length.unwrap_or(rest.len().min(12)))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::format::Formats;
    use crate::logs::stamp::Zone;

    fn level(line: &str) -> Level {
        Formats::default().head(line.as_bytes(), 0, &mut Zone::default()).level
    }

    #[test]
    fn common_forms_are_read() {
        for (line, expected) in [
            ("thread 'main' panicked at src/main.rs:2:5:", Level::Error),
            ("thread 'tokio-runtime-worker' (41) panicked at src/debug.rs:9:1:", Level::Error),
            ("2026-11-22T03:12:01Z thread 'main' panicked at 'no: INFO', src/main.rs:2:5", Level::Error),
            ("thread 'main' has started", Level::Unknown),
            ("time=2026-11-22T03:12:01Z level=warn msg=\"slow\"", Level::Warn),
            ("ts=1 caller=main.go:12 lvl=\"eror\" lvl=error", Level::Error),
            (r#"{"ts":1763781121.1,"level":"error","msg":"info"}"#, Level::Error),
            (r#"{"msg":"level","nested":{"level":"debug"},"severity":"CRITICAL"}"#, Level::Fatal),
            (r#"{"level":40,"time":1763781121123}"#, Level::Warn),
            (r#"{"level":3,"short_message":"gelf"}"#, Level::Error),
            (r#"{"log":"2026-11-22 ERROR it broke\n","stream":"stderr"}"#, Level::Error),
            ("2026/11/22 03:12:01 [error] 12#0: *1 upstream timed out", Level::Error),
            ("[Sun Nov 22 03:12:01.123456 2026] [core:warn] [pid 1] AH00098", Level::Warn),
            ("<11>1 2026-11-22T03:12:01Z host app - - - it broke", Level::Error),
            ("<191>Nov 22 03:12:01 host app: fine", Level::Debug),
            ("E1122 03:12:01.123456   12 server.go:1] lost lease", Level::Error),
            ("I1122 03:12:01.123456   12 server.go:1] ERROR is only a word", Level::Info),
            ("2026-11-22 03:12:01,123 ERROR [main] c.e.App - it broke", Level::Error),
            ("2026-11-22 03:12:01,123 - app - WARNING - slow", Level::Warn),
            ("2026-11-22T03:12:01.1Z  INFO app::web: started", Level::Info),
            ("2026-11-22 03:12:01.123 UTC [12] LOG:  checkpoint starting", Level::Info),
            ("2026-11-22 03:12:01.123 UTC [12] FATAL:  no such role", Level::Fatal),
            ("Nov 22 03:12:01 host sshd[1]: error: bind: address in use", Level::Error),
            ("warning: unused variable", Level::Warn),
            ("panic: runtime error: index out of range", Level::Fatal),
            ("Traceback (most recent call last):", Level::Error),
            ("2026-11-22T03:12:01Z 0 [Warning] [MY-010068] [Server] CA", Level::Warn),
            ("0 errors, 1 Error in the message", Level::Unknown),
            ("ERROR_COUNT=0 x-error: no", Level::Unknown),
            ("GET /error HTTP/1.1 200", Level::Unknown),
            ("", Level::Unknown),
            ("<999>x", Level::Unknown),
            ("<", Level::Unknown),
            ("{", Level::Unknown),
        ] {
            assert_eq!(level(line), expected, "{line}");
        }
    }

    #[test]
    fn a_late_key_is_found_and_a_late_word_is_not() {
        let long = format!("{} level=error", "x".repeat(300));
        assert_eq!(level(&long), Level::Error);
        let long = format!("{} ERROR", "x".repeat(300));
        assert_eq!(level(&long), Level::Unknown);
    }

    #[test]
    fn names_parse_back() {
        for level in Level::ALL.into_iter().skip(1) {
            assert_eq!(Level::parse(level.name().as_bytes()), Some(level));
            assert_eq!(Level::from_bits(level as u8), level);
        }
        assert_eq!(Level::parse(b"unknown"), None);
        assert_eq!(Level::parse(b"a word longer than any"), None);
    }
}
