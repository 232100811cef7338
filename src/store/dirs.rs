//! Where midwatch keeps its own files, and whether a directory is private enough to be used.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::error::{StoreError, path_text};
use super::files::{Disk, Files};
use crate::model::text::SafeText;
use crate::safe;

/// Where state could be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory.
    pub path: PathBuf,
    /// False: in memory, lost on reboot.
    pub lasts: bool,
}

impl Place {
    /// "/dev/shm/midwatch-1000 (lost on reboot)".
    pub fn label(&self) -> SafeText {
        let lasts = if self.lasts { "" } else { " (lost on reboot)" };
        safe!("{}{}", path_text(&self.path), SafeText::literal(lasts))
    }
}

/// There is no directory for state: why, and what could be used instead if the person says so.
#[derive(Debug)]
pub struct NoState {
    /// One sentence.
    pub reason: SafeText,
    /// The directory that cannot be used, if one is known.
    pub wanted: Option<PathBuf>,
    /// Best first; each was tried and can be written.
    pub offers: Vec<Place>,
}

/// The state directory, made and checked: `wanted` (`MIDWATCH_STATE_DIR`, a flag) or else the
/// user's own by the XDG rules.
pub fn state(wanted: Option<&Path>) -> Result<Place, NoState> {
    let own = directories::ProjectDirs::from("", "", "midwatch")
        .and_then(|dirs| dirs.state_dir().map(Path::to_owned));
    let runtime = directories::BaseDirs::new().and_then(|dirs| dirs.runtime_dir().map(Path::to_owned));
    choose(wanted.map(Path::to_owned).or(own), runtime.as_deref(), Path::new("/dev/shm"))
}

fn choose(wanted: Option<PathBuf>, runtime: Option<&Path>, memory: &Path) -> Result<Place, NoState> {
    let reason = match &wanted {
        Some(path) => match prepare(path) {
            Ok(()) => return Ok(Place { path: path.clone(), lasts: true }),
            Err(refused) => refused,
        },
        None => SafeText::literal("there is no home directory to keep state in"),
    };
    let offers = in_memory(runtime, memory).into_iter().filter(|path| offerable(path));
    Err(NoState { reason, wanted, offers: offers.map(|path| Place { path, lasts: false }).collect() })
}

/// Where state goes while no directory that lasts can be written, the best first. Nothing is made.
pub fn fallbacks() -> Vec<PathBuf> {
    let runtime = directories::BaseDirs::new().and_then(|dirs| dirs.runtime_dir().map(Path::to_owned));
    in_memory(runtime.as_deref(), Path::new("/dev/shm"))
}

fn in_memory(runtime: Option<&Path>, memory: &Path) -> Vec<PathBuf> {
    let uid = rustix::process::getuid().as_raw();
    let own = runtime.map(|dir| dir.join("midwatch"));
    own.into_iter().chain([memory.join(format!("midwatch-{uid}"))]).collect()
}

/// Whether the directory is there and only its own user can have put anything into it.
pub fn is_own(path: &Path) -> bool {
    inspect(path).is_ok()
}

/// Whether a directory could be used, without making it: its parent decides when it is missing.
fn offerable(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    if path.symlink_metadata().is_ok() {
        return inspect(path).is_ok() && access(path, Access::WRITE_OK).is_ok();
    }
    path.parent().is_some_and(|parent| parent.is_dir() && access(parent, Access::WRITE_OK).is_ok())
}

/// Makes the directory, 0700, or checks the one that is there; then tries to write in it. The
/// error is one sentence.
pub fn prepare(path: &Path) -> Result<(), SafeText> {
    let failed = |doing, e| StoreError::new(doing, path, e).sentence();
    if !path.is_absolute() {
        return Err(safe!("the directory {} is not an absolute path", path_text(path)));
    }
    let missing: Vec<_> = path.ancestors().take_while(|path| path.symlink_metadata().is_err()).collect();
    if !missing.is_empty() {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| failed("make", e))?;
        // A power loss must not take a folder with what is durable in it.
        for parent in missing.iter().filter_map(|made| made.parent()) {
            Disk.sync_dir(parent).map_err(|e| failed("make", e))?;
        }
    }
    inspect(path)?;
    let probe = super::atomic::beside(&path.join("probe"));
    Disk.create(&probe).and_then(|_| Disk.remove(&probe)).map_err(|e| failed("write in", e))
}

fn inspect(path: &Path) -> Result<(), SafeText> {
    let uid = rustix::process::getuid().as_raw();
    let shown = || path_text(path);
    let look = |e: io::Error| StoreError::new("look at", path, e).sentence();
    let link = fs::symlink_metadata(path).map_err(look)?;
    if link.is_symlink() && link.uid() != uid {
        return Err(safe!("{} is a symbolic link of user {}; it must be your own", shown(), link.uid()));
    }
    let dir = fs::metadata(path).map_err(look)?;
    if !dir.is_dir() {
        return Err(StoreError::new("use", path, Errno::NOTDIR).sentence());
    }
    if dir.uid() != uid {
        return Err(safe!("{} belongs to user {}; it must be your own", shown(), dir.uid()));
    }
    if dir.mode() & 0o002 != 0 {
        return Err(safe!("anybody can write in {}; run: chmod 700 {}", shown(), shown()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_missing_directory_is_made_private_and_reused() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("state/midwatch");
        prepare(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        prepare(&path).unwrap();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 0, "the probe is gone");
    }

    #[test]
    fn what_is_not_ours_alone_is_refused_with_a_sentence() {
        let top = tempfile::tempdir().unwrap();
        let open = top.path().join("open");
        DirBuilder::new().create(&open).unwrap();
        mode(&open, 0o777);
        let text = prepare(&open).unwrap_err();
        assert!(text.as_str().contains("anybody can write in") && text.as_str().contains("chmod 700"));

        // Our own link to our own directory is a choice; to an open one it is not safer.
        let good = top.path().join("good");
        DirBuilder::new().create(&good).unwrap();
        symlink(&good, top.path().join("mine")).unwrap();
        prepare(&top.path().join("mine")).unwrap();
        symlink(&open, top.path().join("trap")).unwrap();
        assert!(prepare(&top.path().join("trap")).is_err());

        fs::File::create(top.path().join("file")).unwrap();
        assert!(prepare(&top.path().join("file")).is_err());
        assert!(prepare(Path::new("relative/dir")).unwrap_err().as_str().contains("absolute"));
    }

    #[test]
    fn another_users_directory_or_link_is_refused() {
        let top = tempfile::tempdir().unwrap();
        let (theirs, target) = (top.path().join("theirs"), top.path().join("target"));
        DirBuilder::new().create(&theirs).unwrap();
        DirBuilder::new().create(&target).unwrap();
        let link = top.path().join("link");
        symlink(&target, &link).unwrap();
        if std::os::unix::fs::chown(&theirs, Some(12_345), None).is_err() {
            // Only root can give a file away; elsewhere there is nothing to try.
            return;
        }
        std::os::unix::fs::lchown(&link, Some(12_345), None).unwrap();
        assert!(prepare(&theirs).unwrap_err().as_str().contains("belongs to user 12345"));
        assert!(prepare(&link).unwrap_err().as_str().contains("symbolic link of user 12345"));
    }

    #[test]
    fn without_a_home_places_in_memory_are_offered_as_such() {
        let top = tempfile::tempdir().unwrap();
        let run = top.path().join("run");
        DirBuilder::new().create(&run).unwrap();
        let file = top.path().join("file");
        fs::File::create(&file).unwrap();
        let no = choose(None, Some(&run), &file).unwrap_err();
        assert!(no.reason.as_str().contains("no home directory"));
        assert_eq!(no.offers, [Place { path: run.join("midwatch"), lasts: false }]);
        assert!(no.offers[0].label().as_str().ends_with("/run/midwatch (lost on reboot)"));
        assert!(!run.join("midwatch").exists(), "nothing is made before the person says so");

        let no = choose(Some(file.join("below-a-file")), None, top.path()).unwrap_err();
        assert!(no.reason.as_str().starts_with("cannot make "), "{:?}", no.reason);
        assert_eq!(no.offers.len(), 1);
        let yes = choose(Some(top.path().join("state")), None, top.path()).unwrap();
        assert!(yes.lasts && yes.path.is_dir());
    }
}
