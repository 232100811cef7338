//! A directory that people of one group share, as its files see it. Whether it may be used is decided
//! elsewhere.

use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::model::text::SafeText;

/// What a file there is: its owner writes it, the group reads it.
pub(super) const FILE: u32 = 0o640;

/// A shared directory that may be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    pub(super) root: PathBuf,
    pub(super) group: u32,
    /// The group as it is written in advice.
    pub(super) name: SafeText,
}

/// Whether a file is another user's: then it is read, and never changed.
pub(super) fn is_foreign(meta: &Metadata) -> bool {
    !is_own(meta.uid())
}

/// Whether a file is ours.
pub(super) fn is_own(user: u32) -> bool {
    user == rustix::process::geteuid().as_raw()
}

impl Share {
    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Gives a new file or directory to the group, where the directory has not.
    pub(super) fn give(&self, file: &File) -> io::Result<()> {
        if file.metadata()?.gid() == self.group { Ok(()) } else { fchown(file, None, Some(self.group)) }
    }

    /// Lets the group read a new file.
    pub(super) fn open_up(&self, file: &File) -> io::Result<()> {
        self.give(file)?;
        file.set_permissions(Permissions::from_mode(FILE))
    }
}
