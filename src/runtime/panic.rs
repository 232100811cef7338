//! What happens on a panic: a crash file always, the screen given back only when the console ends.

use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::clock::Clock;
use super::exit::Exit;
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::net::credential::Mask;
use crate::safe;
use crate::store::crash;

/// The exit code after a panic of the console itself.
const CODE: i32 = 101;

/// Where crash files go, and what they may not hold.
#[derive(Clone, Default)]
pub struct Reports {
    /// A private directory, if there is one.
    pub dir: Option<PathBuf>,
    /// The secrets that are known.
    pub mask: Mask,
}

/// Installs the hook.
///
/// On the main thread or one of midwatch's own: saves, gives the screen back, prints a cleaned
/// message and ends with code 101. In a task: only the crash file; its supervisor starts it again.
/// Message and file are cleaned: a panic may quote whatever it was working on.
pub fn install(exit: Arc<Exit>, reports: Reports) {
    let Reports { dir, mask } = reports;
    std::panic::set_hook(Box::new(move |info| {
        let (name, vital) = thread();
        let trace = std::backtrace::Backtrace::force_capture().to_string();
        let what = headline(&name, info, &mask);
        let mut report = vec![what.clone()];
        report.extend(clean_block(&RawText::from(trace)));
        let file = dir.as_deref().and_then(|dir| crash::write(dir, Clock::Real.now(), &report).ok());
        if vital {
            exit.restore();
            say(&what, file.as_deref());
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

fn headline(thread: &str, info: &PanicHookInfo<'_>, mask: &Mask) -> SafeText {
    let payload = info.payload();
    let said = payload.downcast_ref::<&str>().copied();
    let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    let line = format!("midwatch {} stopped in {thread} at {at}: {said}", env!("CARGO_PKG_VERSION"));
    clean(&RawText::from(mask.text(&line).into_owned()))
}

fn say(what: &SafeText, file: Option<&Path>) {
    let mut text = format!("{}\nNotes that had been shown as saved are saved.\n", what.as_str());
    if let Some(file) = file {
        let path = clean(&RawText::from(file.to_string_lossy().into_owned()));
        text.push_str(safe!("Details, for a bug report: {}", path).as_str());
        text.push('\n');
    }
    // Standard error may be closed.
    let _closed = rustix::io::write(rustix::stdio::stderr(), text.as_bytes());
}
