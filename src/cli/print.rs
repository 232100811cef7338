//! Printing where no screen is taken. That nobody listens any more is no fault.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value};

use super::FAILED;
use crate::model::text::{RawText, SafeText, clean, raw_view};
use crate::safe;
use crate::store::error::{path_text, reason};

/// The widest column of a table.
const WIDEST: usize = 80;

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

/// Rows with each column as wide as it has to be.
pub(super) fn columns(rows: impl Iterator<Item = Vec<SafeText>>) -> String {
    // One absurd name does not make every row as long; JSON has more of it.
    let short = |cell: SafeText| cell.truncate_to(WIDEST, &SafeText::literal(".."));
    let rows: Vec<Vec<SafeText>> = rows.map(|row| row.into_iter().map(short).collect()).collect();
    let most = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(SafeText::width).max();
    let widths: Vec<usize> = (0..most).map(|column| widest(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = SafeText::literal(" ");
        for (cell, width) in row.into_iter().zip(&widths).filter(|(_, width)| **width > 0) {
            line.push(&safe!(" {}", padded(cell, *width)));
        }
        text.push_str(line.as_str().trim_end());
        text.push('\n');
    }
    text
}

/// Text as it may be printed.
pub(super) fn plain(raw: &RawText) -> String {
    clean(raw).as_str().to_owned()
}

/// Labels as they may be printed: an item for each, also where names differ only in what cannot be shown.
pub(super) fn pairs(of: &BTreeMap<RawText, RawText>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in of {
        let spelt = || raw_view(name.as_bytes()).as_str().to_owned();
        let numbered = (2..).map(|number| format!("{} ({number})", spelt()));
        let mut names = std::iter::once(plain(name)).chain(std::iter::once_with(spelt)).chain(numbered);
        if let Some(free) = names.find(|name| !all.contains_key(name)) {
            all.insert(free, plain(value).into());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_all_printed() {
        let names = ["a\u{200b}", "a<U+200B>", "b\u{e0041}\u{e0042}", "b\u{e0043}\u{e0044}", "c"];
        let of = names.map(|name| (RawText::from(name), RawText::from(name.escape_unicode().to_string())));
        let printed = pairs(&of.clone().into());
        let names: Vec<_> = printed.keys().map(String::as_str).collect();
        assert_eq!(names, ["a<U+200B>", "a<U+200B> (2)", "b<TAGx 2>", "b<U+E0043><U+E0044>", "c"]);
        let mut values: Vec<_> = printed.values().map(|value| value.as_str().unwrap()).collect();
        values.sort_unstable();
        let mut expected: Vec<_> = of.iter().map(|(_, value)| value.as_str().unwrap()).collect();
        expected.sort_unstable();
        assert_eq!(values, expected);
    }

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
