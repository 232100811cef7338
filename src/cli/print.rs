//! Printing where no screen is taken. That nobody listens any more is no fault.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use super::FAILED;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;
use crate::store::error::{path_text, reason};

/// Prints an answer to standard output and gives its exit code, or another if it could not be
/// written. A reader that has gone, as `| head` does, has what it wanted.
pub(super) fn print(text: &str, code: u8) -> ExitCode {
    print_parts([text], code)
}

/// The same of an answer that is too long to be made before it is printed.
pub(super) fn print_parts(parts: impl IntoIterator<Item = impl AsRef<[u8]>>, code: u8) -> ExitCode {
    let mut output = io::stdout().lock();
    let written = parts.into_iter().try_for_each(|part| output.write_all(part.as_ref()));
    match written.and_then(|()| output.flush()) {
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

/// A path as a shell takes it for one word.
pub(super) fn shell_word(path: &Path) -> SafeText {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return path_text(path);
    }
    clean(&RawText::from(format!("'{}'", text.replace('\'', r"'\''"))))
}

/// Says why something is not done, and gives the exit code for it.
pub(super) fn refuse(code: u8, why: &SafeText) -> ExitCode {
    tell(&safe!("midwatch: {}", why));
    ExitCode::from(code)
}

/// `1 run`, `2 runs`.
pub(super) fn count(number: usize, one: &'static str, many: &'static str) -> SafeText {
    safe!("{} {}", number, SafeText::literal(if number == 1 { one } else { many }))
}

/// With spaces behind it up to this width.
pub(super) fn padded(mut text: SafeText, width: usize) -> SafeText {
    let space = SafeText::literal(" ");
    for _ in text.width()..width {
        text.push(&space);
    }
    text
}

/// Text as it may be printed.
pub(super) fn plain(raw: &RawText) -> String {
    clean(raw).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in [
            ("/etc/midwatch/config.toml", "/etc/midwatch/config.toml"),
            ("my config.toml", "'my config.toml'"),
            ("it's $(here)", r"'it'\''s $(here)'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(Path::new(path)).as_str(), word);
        }
    }
}
