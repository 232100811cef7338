//! Who holds a thing, by `flock`: free at once when its holder dies, however it dies.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::atomic;
use super::files::{CAUTIOUS, Files, flags};
use super::share::is_foreign;
use crate::model::text::RawText;

/// A lock that is held until this is dropped or the process is gone.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Shows that its holder lives at this time: the file's own time of change.
    pub fn beat(&self, now: Timestamp) {
        // It is told by nothing else: the next holder will think that we ended earlier.
        touch(&self.file, now);
    }
}

/// Shows by a file that somebody lives at this time.
pub(super) fn touch(file: &File, now: Timestamp) {
    drop(file.set_modified(now.into()));
}

/// What came of asking for a lock.
#[derive(Debug)]
pub enum Taken {
    /// It is ours.
    Mine(Lock),
    /// Another process has it; the text is what that process wrote about itself, for display only.
    Held(RawText),
    /// The file system cannot say (some network file systems). The caller goes on without a lock
    /// and must not depend on being alone.
    Unsure(io::Error),
}

/// What is read of who holds it.
const MOST: u64 = 256;

/// Asks for the lock file at `path` without waiting; `holder` says who we are.
pub fn take(path: &Path, holder: &RawText) -> Taken {
    let open = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0))
        .open(path);
    let mut file = match open {
        Ok(file) => file,
        Err(e) => return Taken::Unsure(e),
    };
    match lock(&file) {
        Ok(true) => {
            // The text is a courtesy: the lock holds without it, on a full disk too.
            drop(file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())));
            Taken::Mine(Lock { file })
        }
        Ok(false) => {
            let mut text = Vec::new();
            // As above: who holds it is unknown then, that it is held is certain.
            drop(file.take(MOST).read_to_end(&mut text));
            Taken::Held(RawText::from_bytes(&text))
        }
        Err(e) => Taken::Unsure(e),
    }
}

/// As [`take`] in a directory that several users write in. The lock file is its first user's, and who holds it
/// stands in another file beside it, which each holder puts there anew.
pub fn take_shared(files: &impl Files, path: &Path, holder: &RawText) -> Taken {
    let Some(share) = files.share() else { return take(path, holder) };
    if let Err(e) = share.check_way(path) {
        return Taken::Unsure(e);
    }
    let beside = path.with_extension("holder");
    let open = |write: bool| {
        let mut options = File::options();
        options.read(true).write(write).create(write).truncate(false).mode(0o600);
        options.custom_flags(flags(CAUTIOUS)).open(path)
    };
    let opened = match open(true) {
        // To hold a lock it is enough to read the file.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => open(false),
        opened => opened,
    };
    let file = match opened.and_then(|file| Ok((file.metadata()?, file))) {
        Ok((meta, file)) if meta.is_file() => {
            if !is_foreign(&meta)
                && let Err(e) = share.open_up(&file)
            {
                return Taken::Unsure(e);
            }
            file
        }
        Ok(_) => return Taken::Unsure(io::Error::other("it is not a regular file")),
        Err(e) => return Taken::Unsure(e),
    };
    match lock(&file) {
        Ok(true) => {
            // As above, a courtesy.
            drop(atomic::write(files, &beside, holder.as_bytes()));
            Taken::Mine(Lock { file })
        }
        Ok(false) => {
            let text = files.read(&beside, MOST).unwrap_or_default();
            Taken::Held(RawText::from_bytes(&text))
        }
        Err(e) => Taken::Unsure(e),
    }
}

/// Whether another process has locked a file; also where that cannot be told. Nobody is kept from it.
pub(super) fn is_held(file: File) -> bool {
    let is_held = flock(&file, FlockOperation::NonBlockingLockShared).is_err();
    // With it goes what we hold.
    drop(file);
    is_held
}

/// Locks an open file: false if another process has it.
pub(super) fn lock(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_and_the_other_learns_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pad.lock");
        let Taken::Mine(first) = take(&path, &"kim@bastion since 03:12".into()) else { panic!("not ours") };
        let Taken::Held(who) = take(&path, &"lee".into()) else { panic!("not held") };
        assert_eq!(who, "kim@bastion since 03:12".into());
        drop(first);
        assert!(matches!(take(&path, &"lee".into()), Taken::Mine(_)));
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("victim");
        std::fs::File::create(&target).unwrap().write_all(b"keep").unwrap();
        let path = dir.path().join("pad.lock");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(matches!(take(&path, &"kim".into()), Taken::Unsure(_)));
        assert_eq!(std::fs::read(&target).unwrap(), b"keep");
    }
}
