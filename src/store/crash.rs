//! What is left of a panic for the person and the developers to read.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::atomic;
use super::dirs;
use super::error::StoreError;
use super::files::Disk;
use crate::model::text::SafeText;

/// Writes `lines` to a new file `crash-<time>.txt` in `dir`, 0600, and says which. Makes `dir`. They have no
/// secrets and no escape sequences: the caller has cleaned them.
pub fn write(dir: &Path, now: Timestamp, lines: &[SafeText]) -> Result<PathBuf, StoreError> {
    // A directory that cannot be made is reported by the write that fails.
    drop(dirs::prepare(dir));
    let path = dir.join(format!("crash-{}.txt", now.strftime("%Y%m%dT%H%M%S%3fZ")));
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    atomic::write(&Disk, &path, text.as_bytes()).map(|_| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_file_has_its_time_in_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-03-14T03:12:05.5Z".parse().unwrap();
        let lines = [SafeText::literal("source loki: index out of bounds"), SafeText::literal("at line 3")];
        let path = write(dir.path(), now, &lines).unwrap();
        assert_eq!(path, dir.path().join("crash-20260314T031205500Z.txt"));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "source loki: index out of bounds\nat line 3\n");
    }
}
