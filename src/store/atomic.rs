//! Replaces a whole file so that there is always the old or the new one, never half of one.

use std::ffi::OsString;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::files::{Disk, Files, Stamp, write_all};

/// Writes `bytes` to `path`, 0600, durable on return. On an error the old file is as it was,
/// unless only the last step failed, the sync of the directory: then it is the new one.
pub fn write(files: &impl Files, path: &Path, bytes: &[u8]) -> Result<Stamp, StoreError> {
    let temp = beside(path);
    let failed = |e| StoreError::new("write", path, e);
    let file = files.create(&temp).map_err(failed)?;
    let written = fill(files, &file, bytes).and_then(|stamp| {
        files.rename(&temp, path)?;
        Ok(stamp)
    });
    match written {
        Ok(stamp) => {
            files.sync_dir(folder(path)).map_err(failed)?;
            Ok(stamp)
        }
        Err(e) => {
            // The first error is the one to tell; a temporary file left behind harms nothing.
            drop(files.remove(&temp));
            Err(failed(e))
        }
    }
}

/// What became of a file that should not be there yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fresh {
    /// It is there, whole.
    Made,
    /// Something has that name already and was left alone.
    Exists,
}

/// Makes a new file of `bytes`, 0600, whole and durable on return. Nothing is ever replaced.
pub fn create(path: &Path, bytes: &[u8]) -> Result<Fresh, StoreError> {
    let temp = beside(path);
    let failed = |e| StoreError::new("write", path, e);
    let file = Disk.create(&temp).map_err(failed)?;
    // Unlike a rename, a link never takes the place of what is there.
    let made = fill(&Disk, &file, bytes).and_then(|_| std::fs::hard_link(&temp, path));
    // A temporary file left behind harms nothing.
    drop(Disk.remove(&temp));
    match made {
        Ok(()) => Disk.sync_dir(folder(path)).map(|()| Fresh::Made).map_err(failed),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(Fresh::Exists),
        Err(e) => Err(failed(e)),
    }
}

fn fill(files: &impl Files, file: &File, bytes: &[u8]) -> std::io::Result<Stamp> {
    write_all(files, file, bytes)?;
    files.sync(file)?;
    Stamp::of(file)
}

/// A new hidden name in the directory of `path`. Random, because several consoles write the same
/// file and one that was killed leaves its own behind.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".tmp-{:016x}", RandomState::new().hash_one(0)));
    path.with_file_name(name)
}

/// The directory that holds `path`.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use rustix::io::Errno;

    use super::*;
    use crate::store::files::Disk;
    use crate::store::files::faulty::Faulty;

    #[test]
    fn a_file_is_replaced_whole_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pad.md");
        write(&Disk, &path, b"one").unwrap();
        let stamp = write(&Disk, &path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(Disk.stamp(&path).unwrap(), Some(stamp));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn whatever_fails_the_old_file_or_the_new_one_is_there_and_nothing_else() {
        for k in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("pad.md");
            write(&Disk, &path, b"old text").unwrap();
            let disk = Faulty::at(k, Errno::NOSPC, false);
            let done = write(&&disk, &path, b"new text, longer");
            let now = fs::read(&path).unwrap();
            if !disk.struck() {
                assert!(done.is_ok() && now == b"new text, longer" && k > 5, "{k}");
                break;
            }
            let text = done.unwrap_err().to_string();
            assert!(text.ends_with("pad.md: the disk is full"), "{k}: {text}");
            assert!(now == b"old text" || now == b"new text, longer", "{k}: {now:?}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{k}: a temporary file is left");
        }
    }
}
