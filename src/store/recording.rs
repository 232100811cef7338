//! Writes a recording: one JSON value a line, in a new file that is its writer's alone.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::StoreError;
use super::files::{Disk, Files as _, write_all};

/// Bytes that are held back at most before they go to the file.
const HELD: usize = 64 * 1024;

/// A recording being written. What was not flushed is flushed when it is dropped, errors aside:
/// call [`Recording::finish`] to learn of them.
#[derive(Debug)]
pub struct Recording {
    file: File,
    path: PathBuf,
    held: Vec<u8>,
    failed: bool,
}

impl Recording {
    /// Makes the file, 0600; one that exists is never overwritten.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        let file = Disk.create(path).map_err(|e| StoreError::new("record to", path, e))?;
        Ok(Self { file, path: path.to_owned(), held: Vec::with_capacity(HELD), failed: false })
    }

    /// Adds one item. After the first failure nothing more is written, so that the file ends
    /// cleanly where it ends; each later call fails too, and the caller counts them.
    pub fn write<T: Serialize>(&mut self, item: &T) -> Result<(), StoreError> {
        let start = self.held.len();
        if let Err(e) = serde_json::to_writer(&mut self.held, item) {
            self.held.truncate(start);
            return Err(self.error(e.into()));
        }
        self.held.push(b'\n');
        if self.held.len() < HELD { Ok(()) } else { self.flush() }
    }

    /// Hands what is held to the operating system. The caller does so once a second or so.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        if self.failed {
            self.held.clear();
            return Err(self.error(io::Error::other("an earlier write failed")));
        }
        let done = write_all(&Disk, &self.file, &self.held);
        self.held.clear();
        self.failed = done.is_err();
        done.map_err(|e| self.error(e))
    }

    /// Writes the rest; on return it is on the disk.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.flush()?;
        Disk.sync(&self.file).map_err(|e| self.error(e))
    }

    fn error(&self, cause: io::Error) -> StoreError {
        StoreError::new("record to", &self.path, cause)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Nobody is left to tell.
        drop(self.flush());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_recording_is_private_lines_and_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("night.jsonl");
        let mut recording = Recording::create(&path).unwrap();
        recording.write(&("a\nb", 1)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"", "held back");
        recording.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[\"a\\nb\",1]\n");
        recording.write(&2).unwrap();
        recording.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[\"a\\nb\",1]\n2\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = Recording::create(&path).unwrap_err().to_string();
        assert!(text.starts_with("cannot record to") && text.ends_with("it exists already"), "{text}");
    }

    #[test]
    fn what_is_held_back_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("night.jsonl");
        let mut recording = Recording::create(&path).unwrap();
        for _ in 0..=HELD / 100 {
            recording.write(&"x".repeat(100)).unwrap();
        }
        assert!(fs::metadata(&path).unwrap().len() >= HELD as u64);
    }

    #[test]
    fn a_full_disk_is_told_and_ends_the_recording() {
        let full = Path::new("/dev/full");
        let file = File::options().append(true).open(full).unwrap();
        let mut recording = Recording { file, path: full.to_owned(), held: Vec::new(), failed: false };
        recording.write(&1).unwrap();
        assert!(recording.flush().unwrap_err().to_string().ends_with("the disk is full"));
        recording.write(&2).unwrap();
        assert!(recording.flush().is_err());
    }
}
