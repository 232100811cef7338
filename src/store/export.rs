//! Writes lines to a new file where the person says: whole or not at all, and never over another.

use std::fs::File;
use std::io;
use std::path::Path;

use super::atomic::{beside, folder};
use super::error::StoreError;
use super::files::{Disk, Files as _, write_all};

/// Bytes that are held back at most before they go to the file.
const HELD: usize = 256 << 10;

/// Takes lines, and holds back what is not worth a call yet.
#[derive(Debug)]
pub struct Lines<'a> {
    file: &'a File,
    held: Vec<u8>,
}

impl Lines<'_> {
    /// Adds a line.
    pub fn put(&mut self, line: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(line);
        self.held.push(b'\n');
        if self.held.len() < HELD { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        write_all(&Disk, self.file, &self.held)?;
        self.held.clear();
        Ok(())
    }
}

/// Makes a new file, 0600, of what `put` puts there; whole and durable on return, with what `put`
/// gives. On an error there is no file of that name that was not there before.
pub fn write<T>(path: &Path, put: impl FnOnce(&mut Lines<'_>) -> io::Result<T>) -> Result<T, StoreError> {
    let failed = |e: io::Error| StoreError::new("save to", path, e);
    // What takes long to write is not begun in vain.
    if path.symlink_metadata().is_ok() {
        return Err(failed(rustix::io::Errno::EXIST.into()));
    }
    let temp = beside(path);
    let file = Disk.create(&temp).map_err(failed)?;
    let mut lines = Lines { file: &file, held: Vec::with_capacity(HELD) };
    let made = put(&mut lines).and_then(|given| {
        lines.flush()?;
        Disk.sync(&file)?;
        // Unlike a rename, a link never takes the place of what is there.
        std::fs::hard_link(&temp, path)?;
        Ok(given)
    });
    // A temporary file left behind harms nothing.
    drop(Disk.remove(&temp));
    let given = made.map_err(failed)?;
    Disk.sync_dir(folder(path)).map_err(failed)?;
    Ok(given)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_new_file_is_private_and_whole_and_one_that_is_there_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("night.log");
        let count = write(&path, |lines| {
            lines.put(b"one \xff")?;
            lines.put(&vec![b'x'; HELD])?;
            lines.put(b"")?;
            Ok(3)
        });
        assert_eq!(count.unwrap(), 3);
        let expected = [b"one \xff\n".to_vec(), vec![b'x'; HELD], b"\n\n".to_vec()].concat();
        assert!(fs::read(&path).unwrap() == expected);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = write(&path, |lines| lines.put(b"two")).unwrap_err();
        assert!(again.to_string().ends_with("night.log: it exists already"), "{again}");
        assert!(fs::read(&path).unwrap() == expected);
        assert_eq!(names(dir.path()), ["night.log"]);
    }

    #[test]
    fn one_that_appears_meanwhile_is_left_alone_too_and_a_failure_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("night.log");
        let failed = write(&path, |lines| {
            lines.put(b"one")?;
            fs::File::create(&path)?;
            Ok(())
        });
        assert!(failed.unwrap_err().to_string().ends_with("it exists already"));
        assert_eq!(fs::read(&path).unwrap(), b"");
        let other = dir.path().join("other.log");
        let failed = write(&other, |lines| {
            lines.put(b"one")?;
            Err::<(), _>(rustix::io::Errno::NOSPC.into())
        });
        assert!(failed.unwrap_err().to_string().ends_with("the disk is full"));
        assert_eq!(names(dir.path()), ["night.log"]);
    }
}
