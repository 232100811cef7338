//! Replaces a whole file so that there is always the old or the new one, never half of one.

use std::ffi::OsString;
use std::fs::File;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::fs::MetadataExt as _;
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

/// A file that is edited by people too has grown past this: a mistake.
const EDITED: u64 = 16 << 20;

/// Reads a file of text, through links.
pub fn read(path: &Path) -> Result<String, StoreError> {
    let failed = |e| StoreError::new("read", path, e);
    let real = path.canonicalize().map_err(failed)?;
    let bytes = Disk.read(&real, EDITED).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| failed(std::io::Error::other("it is not UTF-8")))
}

/// Gives a file of text more at its end, 0600, whole and durable on return; what is there stays as
/// it is. A link stays one. Errors when the file is no longer `before`, or another user's, who could
/// not read it any more.
pub fn extend(path: &Path, before: &str, more: &str) -> Result<(), StoreError> {
    let failed = |why: &str| StoreError::new("write", path, std::io::Error::other(why));
    let real = path.canonicalize().map_err(|e| StoreError::new("write", path, e))?;
    let owner = std::fs::metadata(&real).map_err(|e| StoreError::new("write", path, e))?.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(failed("it belongs to another user"));
    }
    // Somebody may have an editor open.
    if read(&real)? != before {
        return Err(failed("somebody else has just changed it"));
    }
    write(&Disk, &real, [before, more].concat().as_bytes()).map(drop)
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
    fn a_file_grows_behind_its_link_and_only_if_nobody_else_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("dotfiles"), dir.path().join("config.toml"));
        write(&Disk, &file, b"a = 1 # mine\r\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let before = read(&link).unwrap();
        extend(&link, &before, "b = 2\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "a = 1 # mine\r\nb = 2\n");
        assert!(link.is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let why = extend(&link, &before, "c = 3\n").unwrap_err().to_string();
        assert!(why.ends_with("config.toml: somebody else has just changed it"), "{why}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "a = 1 # mine\r\nb = 2\n");
        assert!(read(&dir.path().join("none")).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "a temporary file is left");
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
