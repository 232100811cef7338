//! What failed, on which path, in words for the person at the keys.

use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// A file operation that failed.
#[derive(Debug)]
pub struct StoreError {
    doing: &'static str,
    path: PathBuf,
    cause: io::Error,
}

impl StoreError {
    /// `doing` completes "cannot ...": "write", "open".
    pub fn new(doing: &'static str, path: &Path, cause: impl Into<io::Error>) -> Self {
        Self { doing, path: path.to_owned(), cause: cause.into() }
    }

    /// "cannot write /x/y: the disk is full".
    pub fn sentence(&self) -> SafeText {
        safe!("cannot {} {}: {}", SafeText::literal(self.doing), path_text(&self.path), reason(&self.cause))
    }

    /// The operating system's error.
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence().as_str())
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// A path that may be shown.
pub fn path_text(path: &Path) -> SafeText {
    clean(&RawText::from_bytes(path.as_os_str().as_bytes()))
}

/// The cause in plain words where we know it, else the system's own.
pub fn reason(cause: &io::Error) -> SafeText {
    let known = match cause.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOSPC) => "the disk is full",
        Some(Errno::FBIG) => "no file may grow further here (ulimit -f)",
        Some(Errno::DQUOT) => "the disk quota is used up",
        Some(Errno::ROFS) => "the file system is read-only",
        Some(Errno::ACCESS | Errno::PERM) => "permission denied",
        Some(Errno::IO) => "the disk reports an input/output error",
        Some(Errno::STALE) => "the network file system lost the file",
        Some(Errno::NOENT) => "it does not exist",
        Some(Errno::LOOP) => "it is a symbolic link",
        Some(Errno::EXIST) => "it exists already",
        _ => return clean(&RawText::from(cause.to_string())),
    };
    SafeText::literal(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_sentence_without_escapes() {
        let full = StoreError::new("write", Path::new("/x/y"), Errno::NOSPC);
        assert_eq!(full.to_string(), "cannot write /x/y: the disk is full");
        let hostile = StoreError::new("open", Path::new("/a\u{1b}[31mb"), io::Error::other("bad \u{1b}]0;t"));
        assert!(!hostile.to_string().contains('\u{1b}'), "{hostile}");
    }
}
