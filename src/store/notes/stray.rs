//! What one that was killed left on its way to a name: an empty folder, a file that was not whole yet.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::store::files::Files;
use crate::store::share::is_own;

/// Names looked at in one directory.
const MOST: usize = 50_000;
/// Nobody is on the way for so long: what is younger may be that of one that runs.
const OLD: SignedDuration = SignedDuration::from_hours(1);
/// Behind the name that it was to have, before so many hexadecimal digits.
const MARK: &str = ".tmp-";
const DIGITS: usize = 16;

/// Removes it from a directory where it is this user's and old. Says how much that was.
pub(super) fn sweep(files: &impl Files, dir: &Path, now: Timestamp) -> usize {
    let names = files.list(dir, MOST).unwrap_or_default();
    names.into_iter().filter(|path| is_named_so(path) && remove(files, path, now)).count()
}

fn is_named_so(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let parts = name.and_then(|name| name.strip_prefix('.')?.rsplit_once(MARK));
    parts.is_some_and(|(_, end)| end.len() == DIGITS && end.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn remove(files: &impl Files, path: &Path, now: Timestamp) -> bool {
    let Ok(Some(stamp)) = files.stamp(path) else { return false };
    let is_old = |at: Timestamp| now.duration_since(at) > OLD;
    if !is_own(stamp.user()) || !stamp.modified().is_some_and(is_old) {
        return false;
    }
    // A folder gets its name before anything is put into it: one in which something is, is another thing and stays.
    if stamp.is_file() { files.remove(path).is_ok() } else { std::fs::remove_dir(path).is_ok() }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::store::files::Disk;

    #[test]
    fn only_what_is_old_empty_and_named_so_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let (folder, file) = (".INC-1.tmp-0123456789abcdef", ".pad.md.tmp-fedcba9876543210");
        let (full, other) = (".INC-2.tmp-0123456789abcdef", ".INC-3.tmp-of-mine");
        for name in [folder, full, other] {
            std::fs::create_dir(path(name)).unwrap();
        }
        for name in [file, "pad.md", ".INC-2.tmp-0123456789abcdef/typed"] {
            File::create(path(name)).unwrap();
        }
        std::os::unix::fs::symlink("/nowhere", path(".x.tmp-0123456789abcdef")).unwrap();
        let made = Disk.stamp(&path(folder)).unwrap().unwrap().modified().unwrap();
        let later = |minutes| made + SignedDuration::from_mins(minutes);
        assert_eq!(sweep(&Disk, dir.path(), later(59)), 0, "it may be that of one that runs");
        assert_eq!(sweep(&Disk, dir.path(), made - SignedDuration::from_hours(9)), 0);
        assert_eq!(sweep(&Disk, dir.path(), later(61)), 2);
        assert!(!path(folder).exists() && !path(file).exists());
        for name in [full, other, "pad.md", ".INC-2.tmp-0123456789abcdef/typed"] {
            assert!(path(name).exists(), "{name}");
        }
        assert!(path(".x.tmp-0123456789abcdef").symlink_metadata().is_ok());
        assert_eq!(sweep(&Disk, &path("none"), later(61)), 0);
    }
}
