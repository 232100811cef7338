//! Which lines go on with the one before them: traces of Java, Python, Go, Rust and Node, with or
//! without their indentation, and messages of several lines.
//!
//! It is settled by the line and the one before it that is not blank, so that a file can be cut
//! anywhere.

use crate::logs::level::{self, Level};

/// What the line before was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum After {
    /// Nobody knows.
    #[default]
    Unknown,
    /// There is none.
    Start,
    /// One with a header.
    Head,
    /// One without, of no trace.
    Other,
    /// The same, as far as it is known without the line before it.
    Unsure,
    /// An indented one.
    Indented,
    /// A frame of Java or Node.
    Frame,
    /// A goroutine, or where a function of Go is.
    Go,
    /// A panic of Rust whose message is on the next line.
    Panic,
    /// A frame of Python that is not indented; its code is on the next line.
    Python,
    /// What stands between two errors of Python.
    Chain,
    /// Another line of a trace.
    Trace,
    /// The first part of a line that was too long.
    Partial,
}

/// What a line without a header looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    Other,
    /// Begins whatever was before.
    Begins(After),
    /// Goes on.
    Goes(After),
    Traceback,
    /// The name of an error and what it says.
    Error,
    /// A function of Go with its arguments.
    Call,
    /// Closing brackets.
    Closing,
    /// An item of the list of Node's modules.
    Item,
}

/// Whether it is a line like any other.
pub(super) fn is_other(line: &[u8]) -> bool {
    !matches!(line.first(), None | Some(b' ' | b'\t')) && shape(line) == Shape::Other
}

/// Whether a line without a header begins a record, and what it is to the next one.
pub(super) fn after(line: &[u8], before: After, stamped: bool) -> (bool, After) {
    let text = line.trim_ascii();
    if text.is_empty() {
        return if before == After::Start { (true, After::Other) } else { (false, before) };
    }
    let shape = shape(text);
    if matches!(line.first(), Some(b' ' | b'\t')) {
        let this = match shape {
            Shape::Goes(After::Frame) => After::Frame,
            Shape::Goes(After::Go) => After::Go,
            _ if is_go_place(text) => After::Go,
            _ => After::Indented,
        };
        return (before == After::Start, this);
    }
    // What these are depends on more than one line.
    let deep = matches!(shape, Shape::Error | Shape::Call | Shape::Closing | Shape::Item);
    let known = before != After::Unknown && !(deep && before == After::Unsure);
    let (goes_on, this) = match shape {
        Shape::Begins(this) => return (true, this),
        Shape::Goes(this) => (true, this),
        Shape::Traceback => (stamped || before == After::Chain, After::Trace),
        // Python's is behind its code, which is indented; Java's and Node's are before their frames.
        Shape::Error => (stamped || matches!(before, After::Indented | After::Python), After::Trace),
        Shape::Call if matches!(before, After::Go) => (true, After::Go),
        Shape::Closing if matches!(before, After::Indented | After::Frame) => (true, before),
        Shape::Item if before == After::Trace => (true, After::Trace),
        Shape::Call | Shape::Closing | Shape::Item | Shape::Other => match before {
            After::Panic => (true, After::Trace),
            After::Python => (true, After::Indented),
            After::Partial => (true, After::Other),
            After::Unknown => (true, After::Unsure),
            After::Unsure if deep => (true, After::Unsure),
            _ => (stamped && level::of_text(text) == Level::Unknown, After::Other),
        },
    };
    (before == After::Start || (known && !goes_on), this)
}

/// What other lines of traces begin with.
const TRACE: [&[u8]; 9] = [
    b"Caused by: ",
    b"Suppressed: ",
    b"note: run with `RUST_BACKTRACE",
    b"note: Some details are omitted",
    b"stack backtrace:",
    b"[signal SIG",
    b"exit status ",
    b"Node.js v",
    b"Require stack:",
];

/// What names of errors end with.
const ENDS: [&[u8]; 6] = [b"Error", b"Exception", b"Interrupt", b"Exit", b"Failure", b"Throwable"];

fn shape(text: &[u8]) -> Shape {
    match text.first() {
        Some(b'p') if text.starts_with(b"panic: ") => return Shape::Begins(After::Trace),
        Some(b'f') if text.starts_with(b"fatal error: ") => return Shape::Begins(After::Trace),
        Some(b't') if level::is_rust_panic(text) => {
            let next = if text.ends_with(b":") { After::Panic } else { After::Trace };
            return Shape::Begins(next);
        }
        Some(b'E') if text.starts_with(b"Exception in thread \"") => return Shape::Begins(After::Trace),
        Some(b'T') if text.starts_with(b"Traceback (most recent call last)") => return Shape::Traceback,
        Some(b'D') if text.starts_with(b"During handling of the above exception, another") => {
            return Shape::Goes(After::Chain);
        }
        Some(b'T') if text.starts_with(b"The above exception was the direct cause") => {
            return Shape::Goes(After::Chain);
        }
        Some(b'a') if is_frame(text) => return Shape::Goes(After::Frame),
        Some(b'F') if text.starts_with(b"File \"") => return Shape::Goes(After::Python),
        Some(b'g') if is_goroutine(text) => return Shape::Goes(After::Go),
        Some(b'c') if text.starts_with(b"created by ") => return Shape::Goes(After::Go),
        Some(b'.')
            if text.starts_with(b"... ") && (text.ends_with(b" more") || text.ends_with(b" elided")) =>
        {
            return Shape::Goes(After::Trace);
        }
        Some(b'-') if text.starts_with(b"- ") => return Shape::Item,
        Some(b'}' | b']' | b')') if text.len() <= 3 => return Shape::Closing,
        _ => {}
    }
    if TRACE.iter().any(|front| text.starts_with(front)) {
        return Shape::Goes(After::Trace);
    }
    if is_error(text) {
        return Shape::Error;
    }
    if is_call(text) { Shape::Call } else { Shape::Other }
}

/// `at com.example.App.run(App.java:12)`, `at /app/server.js:12:9`, `at async run (/app/a.js:1:2)`.
fn is_frame(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"at ") else { return false };
    let placed = rest.ends_with(b")") && rest.contains(&b'(');
    let numbered = rest.last().is_some_and(u8::is_ascii_digit)
        && rest.iter().rposition(|b| *b == b':').is_some_and(|colon| colon > 1)
        && !rest.contains(&b' ');
    let open = rest.ends_with(b") {");
    placed || numbered || open
}

/// `goroutine 12 [running]:`
fn is_goroutine(text: &[u8]) -> bool {
    text.strip_prefix(b"goroutine ").is_some_and(|rest| {
        rest.first().is_some_and(u8::is_ascii_digit) && rest.ends_with(b"]:") && rest.contains(&b'[')
    })
}

/// `/app/main.go:12 +0x1d`
fn is_go_place(text: &[u8]) -> bool {
    memchr::memmem::find(text, b".go:").and_then(|at| text.get(at + 4)).is_some_and(u8::is_ascii_digit)
        && !text.first().is_some_and(|b| b.is_ascii_digit() || *b == b'"')
}

/// `main.(*Server).serve(0xc000010000, {0x1, 0x2})`
fn is_call(text: &[u8]) -> bool {
    let front = text.get(..memchr::memchr(b'(', text).unwrap_or_default()).unwrap_or_default();
    text.ends_with(b")") && front.contains(&b'.') && !front.contains(&b' ')
}

/// `java.lang.IllegalStateException: broke`, `ValueError: broke`, `KeyboardInterrupt`.
fn is_error(text: &[u8]) -> bool {
    let length = text
        .iter()
        .take(160)
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b':' | b' ')))
        .unwrap_or(text.len().min(160));
    let front = text.get(..length).unwrap_or_default();
    // To the first colon that a space or the end follows.
    let end = memchr::memchr_iter(b':', front)
        .find(|at| matches!(text.get(at + 1), None | Some(b' ')))
        .unwrap_or(if length == text.len() { length } else { 0 });
    let name = text.get(..end).unwrap_or_default();
    if name.contains(&b' ') || !name.first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let last = name.rsplit(|b| matches!(b, b'.' | b':' | b'$')).next().unwrap_or_default();
    last.first().is_some_and(u8::is_ascii_uppercase)
        && ENDS.iter().any(|end| last.ends_with(end))
        && (last.len() > 4 || name.len() > last.len())
}
