//! What happens on a panic: a crash file always, the screen given back only when the console ends.

use std::fmt::Write as _;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::Exit;
use crate::model::text::{RawText, clean};

/// The exit code after a panic of the console itself.
const CODE: i32 = 101;

/// Writes a crash file into a directory and says where. Given, since only `store` writes files.
pub type WriteCrash = dyn Fn(&str) -> std::io::Result<PathBuf> + Send + Sync;

/// Installs the hook.
///
/// On the main thread or one of midwatch's own: saves, gives the screen back, prints a cleaned
/// message and ends with code 101. In a task: only the crash file; its supervisor starts it again.
/// Message and file are cleaned: a panic may quote whatever it was working on.
pub fn install(exit: Arc<Exit>, write_crash: Box<WriteCrash>) {
    std::panic::set_hook(Box::new(move |info| {
        let (name, vital) = thread();
        let trace = std::backtrace::Backtrace::force_capture().to_string();
        let what = headline(&name, info);
        let file = write_crash(&report(&what, &trace));
        if vital {
            exit.restore();
            say(&what, file.as_deref().ok());
            exit.leave(CODE);
        }
    }));
}

/// The thread's name, and whether the console cannot go on without it.
fn thread() -> (String, bool) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed");
    (name.to_owned(), name == "main" || name.starts_with("midwatch-"))
}

fn headline(thread: &str, info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    let line = format!("midwatch {} stopped in {thread} at {at}: {said}", env!("CARGO_PKG_VERSION"));
    clean(&RawText::from(line)).as_str().to_owned()
}

/// One cleaned line each, so that a line break in a message cannot pass for a line of ours.
fn report(what: &str, trace: &str) -> String {
    let mut text = format!("{what}\n");
    for line in trace.lines() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", clean(&RawText::from(line)).as_str());
    }
    text
}

fn say(what: &str, file: Option<&Path>) {
    let mut text = format!("{what}\nNotes that had been shown as saved are saved.\n");
    if let Some(file) = file {
        let path = clean(&RawText::from(file.to_string_lossy().into_owned()));
        let _ = writeln!(text, "Details, for a bug report: {}", path.as_str());
    }
    // Standard error may be closed.
    let _closed = rustix::io::write(rustix::stdio::stderr(), text.as_bytes());
}
