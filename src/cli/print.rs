//! Printing where no screen is taken. That nobody listens any more is no fault.

use std::io::{self, Write as _};
use std::process::ExitCode;

use color_eyre::eyre::{self, WrapErr as _};

use crate::model::text::SafeText;

/// Prints text to standard output. Errors when it could not be written, but not when its reader
/// has gone, as `| head` does.
pub(super) fn print(text: &str) -> eyre::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.wrap_err("cannot write to standard output"),
    }
}

/// Tells the person something that is not the answer itself.
pub(super) fn tell(line: &SafeText) {
    // There is no other place to say that this one does not work.
    let _unheard = writeln!(io::stderr().lock(), "{}", line.as_str());
}

/// Says why something is not done, and gives the exit code for it.
pub(super) fn refuse(code: u8, why: &SafeText) -> ExitCode {
    tell(&crate::safe!("midwatch: {}", why));
    ExitCode::from(code)
}
