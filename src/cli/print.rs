//! Printing where no screen is taken. That nobody listens any more is no fault.

use std::io::{self, Write as _};
use std::process::ExitCode;

use super::FAILED;
use crate::model::text::SafeText;
use crate::safe;
use crate::store::error::reason;

/// Prints an answer to standard output and gives its exit code, or another if it could not be
/// written. A reader that has gone, as `| head` does, has what it wanted.
pub(super) fn print(text: &str, code: u8) -> ExitCode {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            refuse(FAILED, &safe!("cannot write to standard output: {}", reason(&error)))
        }
        _ => ExitCode::from(code),
    }
}

/// Tells the person something that is not the answer itself.
pub(super) fn tell(line: &SafeText) {
    // There is no other place to say that this one does not work.
    let _unheard = writeln!(io::stderr().lock(), "{}", line.as_str());
}

/// Says why something is not done, and gives the exit code for it.
pub(super) fn refuse(code: u8, why: &SafeText) -> ExitCode {
    tell(&safe!("midwatch: {}", why));
    ExitCode::from(code)
}
