//! The directory that several people write in: whether it may be used, and what is made in it.
//!
//! Directories there are 2770 and files 0640, all of one group: each person writes files of their own and reads
//! those of the others. What another user wrote is never changed or mended.

use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::atomic::{beside, folder};
use super::dirs;
use super::error::{StoreError, path_text};
use super::files::{Disk, Files, Stamp};
use super::share::{FILE, Share, is_foreign, is_own};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// What a directory has to be.
const DIRECTORY: u32 = 0o2770;
/// The sticky bit: nobody can replace what is another's, not even the pad of who has left.
const STICKY: u32 = 0o1000;

/// A directory that people of one group share, as it is configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Team {
    /// The directory.
    pub dir: PathBuf,
    /// The group: a name that `/etc/group` has, or a number.
    pub group: RawText,
}

impl Team {
    /// Looks at the directory and at who we are. Errors are a sentence: what is wrong, with what to do.
    pub fn open(&self) -> Result<Share, SafeText> {
        let name = clean(&self.group);
        let known = fs::read_to_string("/etc/group").unwrap_or_default();
        let group = number(&self.group, &known).ok_or_else(|| {
            safe!(
                "the group {} of [team] is not in /etc/group; write its number: getent group {}",
                name,
                name
            )
        })?;
        let share = Share { root: self.dir.clone(), group, name };
        share.check_root()?;
        Ok(share)
    }
}

/// The number of a group by its name or its number.
fn number(group: &RawText, known: &str) -> Option<u32> {
    let group = group.as_str()?;
    let named = known.lines().find_map(|line| {
        let mut parts = line.split(':');
        (parts.next() == Some(group)).then(|| parts.nth(1)?.parse().ok())?
    });
    named.or_else(|| group.parse().ok())
}

impl Share {
    fn check_root(&self) -> Result<(), SafeText> {
        let (path, shown) = (&self.root, path_text(&self.root));
        let look = |e: io::Error| match e.kind() {
            io::ErrorKind::NotFound => {
                safe!(
                    "{} of [team] does not exist; run: install -d -m 2770 -g {} {}",
                    shown,
                    self.name,
                    shown
                )
            }
            _ => StoreError::new("look at", path, e).sentence(),
        };
        let real = path.canonicalize().map_err(look)?;
        for parent in real.ancestors().skip(1) {
            let mode = fs::metadata(parent).map_err(look)?.mode();
            if mode & 0o002 != 0 && mode & STICKY == 0 {
                let parent = path_text(parent);
                return Err(safe!(
                    "anybody can put another directory in the place of {}; run: chmod o-w {}",
                    shown,
                    parent
                ));
            }
        }
        let link = fs::symlink_metadata(path).map_err(look)?;
        if link.is_symlink() && link.uid() != 0 && is_foreign(&link) {
            return Err(safe!(
                "{} is a symbolic link of user {}; name the directory itself",
                shown,
                link.uid()
            ));
        }
        self.check(path, &fs::metadata(path).map_err(look)?)?;
        // The directory is the group's: who cannot write there is not in it.
        access(path, Access::WRITE_OK | Access::EXEC_OK).map_err(|_| {
            safe!(
                "you are not in the group {} of {}; root can run: gpasswd -a USER {}, then log in again",
                self.name,
                shown,
                self.name
            )
        })
    }

    /// Whether a directory is as it has to be.
    fn check(&self, path: &Path, dir: &Metadata) -> Result<(), SafeText> {
        let (shown, mode) = (path_text(path), dir.mode() & 0o7777);
        if !dir.is_dir() {
            return Err(safe!("{} is no directory", shown));
        }
        let whose = if is_foreign(dir) { safe!("user {} or root can run", dir.uid()) } else { "run".into() };
        if dir.gid() != self.group {
            return Err(safe!(
                "{} has the group {}, not {}; {}: chgrp {} {}",
                shown,
                dir.gid(),
                self.name,
                whose,
                self.name,
                shown
            ));
        }
        let wrong = if mode & 0o007 != 0 {
            "others than the group can use"
        } else if mode & STICKY != 0 {
            "the sticky bit keeps people from replacing a pad in"
        } else if mode & 0o2000 == 0 {
            "what is made does not get the group (no setgid bit) in"
        } else if mode & 0o770 != 0o770 {
            "not all of the group can write in"
        } else {
            return Ok(());
        };
        Err(safe!("{} {}; {}: chmod 2770 {}", SafeText::literal(wrong), shown, whose, shown))
    }

    /// Makes a directory below the shared one, or checks the one that is there; then tries to write in it.
    fn prepare(&self, path: &Path) -> Result<(), SafeText> {
        let failed = |doing, e| StoreError::new(doing, path, e).sentence();
        self.check_root()?;
        if path == self.root {
            return Ok(());
        }
        match fs::symlink_metadata(path) {
            Ok(dir) => self.check(path, &dir)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                self.prepare(folder(path))?;
                self.make(path).map_err(|e| failed("make", e))?;
                self.check(path, &fs::symlink_metadata(path).map_err(|e| failed("look at", e))?)?;
            }
            Err(e) => return Err(failed("look at", e)),
        }
        let probe = beside(&path.join("probe"));
        Disk.create(&probe).and_then(|_| Disk.remove(&probe)).map_err(|e| failed("write in", e))
    }

    /// A directory gets its name when it is as it has to be, so that nobody meets half of one.
    fn make(&self, path: &Path) -> io::Result<()> {
        let temp = beside(path);
        DirBuilder::new().mode(0o700).create(&temp)?;
        let dir = File::open(&temp)?;
        let made = self
            .give(&dir)
            .and_then(|()| dir.set_permissions(Permissions::from_mode(DIRECTORY)))
            // Another console may have made it meanwhile: an empty one is replaced, and one in use wins.
            .and_then(|()| fs::rename(&temp, path));
        match made {
            Ok(()) => Disk.sync_dir(folder(path)),
            Err(e) => {
                drop(fs::remove_dir(&temp));
                if path.symlink_metadata().is_ok() { Ok(()) } else { Err(e) }
            }
        }
    }

    /// Whether a file is ours, and the group can read it and nobody else.
    pub(super) fn is_right(&self, stamp: &Stamp) -> bool {
        is_own(stamp.user()) && stamp.group() == self.group && stamp.mode() == FILE
    }

    /// Whether a folder is a directory of the group and no link that leads elsewhere; else what is wrong.
    pub(super) fn check_folder(&self, path: &Path) -> Result<(), SafeText> {
        let look = |e| StoreError::new("look at", path, e).sentence();
        self.check(path, &fs::symlink_metadata(path).map_err(look)?)
    }

    /// Whether directories lead to a file below the shared one, and no link that somebody put in the place of one.
    pub(super) fn check_way(&self, path: &Path) -> io::Result<()> {
        let Ok(below) = folder(path).strip_prefix(&self.root) else { return Ok(()) };
        let mut at = self.root.clone();
        for part in below.components() {
            at.push(part);
            if !fs::symlink_metadata(&at)?.is_dir() {
                return Err(io::Error::other(format!("{} is no directory", path_text(&at).as_str())));
            }
        }
        Ok(())
    }

    /// Who may do with a file what they must not, or cannot read it: that is told, with what to do.
    pub(super) fn wrong_with(&self, path: &Path, stamp: &Stamp) -> Option<SafeText> {
        let shown = path_text(path);
        let what = if stamp.mode() & 0o022 != 0 {
            "others than its owner can write"
        } else if stamp.mode() & 0o004 != 0 {
            "others than the group can read"
        } else if stamp.mode() & 0o040 == 0 {
            "nobody else of the group can read"
        } else if stamp.group() != self.group {
            let (name, user) = (&self.name, stamp.user());
            return Some(safe!(
                "{} of user {} has the group {}, not {}; run: chgrp {} {}",
                shown,
                user,
                stamp.group(),
                name,
                name,
                shown
            ));
        } else {
            return None;
        };
        let what = SafeText::literal(what);
        Some(safe!("{} {} of user {}; run: chmod 640 {}", what, shown, stamp.user(), shown))
    }
}

/// Makes or checks the directory that these files are in: a private one, or one that is shared.
pub(super) fn prepare(files: &impl Files, dir: &Path) -> Result<(), SafeText> {
    files.share().map_or_else(|| dirs::prepare(dir), |share| share.prepare(dir))
}

/// Files that are private, or those of a shared directory.
#[derive(Clone, Debug)]
pub struct Shared<F> {
    files: F,
    share: Option<Share>,
}

impl<F: Files> Shared<F> {
    /// Files that are private.
    pub fn private(files: F) -> Self {
        Self { files, share: None }
    }

    /// Files in a shared directory.
    pub fn of(files: F, share: Share) -> Self {
        Self { files, share: Some(share) }
    }
}

impl<F: Files> Files for Shared<F> {
    fn create(&self, path: &Path) -> io::Result<File> {
        if let Some(share) = &self.share {
            share.check_way(path)?;
        }
        let file = self.files.create(path)?;
        if let Some(Err(e)) = self.share.as_ref().map(|share| share.open_up(&file)) {
            drop(self.files.remove(path));
            return Err(e);
        }
        Ok(file)
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
        self.files.write(file, bytes)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.files.truncate(file, len)
    }

    fn reserve(&self, file: &File, from: u64, len: u64) -> io::Result<()> {
        self.files.reserve(file, from, len)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.files.sync(file)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.files.sync_dir(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.remove(path)
    }

    fn read_from(&self, path: &Path, from: u64, most: u64) -> io::Result<Vec<u8>> {
        self.files.read_from(path, from, most)
    }

    fn is_far(&self, file: &File) -> bool {
        self.files.is_far(file)
    }

    fn list(&self, dir: &Path, most: usize) -> io::Result<Vec<PathBuf>> {
        self.files.list(dir, most)
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        self.files.stamp(path)
    }

    fn share(&self) -> Option<&Share> {
        self.share.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A shared directory of our own group, and what is above it.
    pub(crate) fn team(top: &Path) -> Team {
        let group = rustix::process::getegid().as_raw();
        let dir = top.join("team");
        DirBuilder::new().create(&dir).unwrap();
        chown(&dir, None, Some(group)).unwrap();
        mode(&dir, DIRECTORY);
        Team { dir, group: group.to_string().into() }
    }

    #[test]
    fn what_is_made_is_of_the_group_whatever_the_umask_is() {
        let top = tempfile::tempdir().unwrap();
        let team = team(top.path());
        let files = Shared::of(Disk, team.open().unwrap());
        let dir = team.dir.join("incidents/INC-1");
        prepare(&files, &dir).unwrap();
        prepare(&files, &dir).unwrap();
        for made in [team.dir.join("incidents"), dir.clone()] {
            assert_eq!(fs::metadata(&made).unwrap().mode() & 0o7777, DIRECTORY, "{made:?}");
            let names = fs::read_dir(&made).unwrap().map(|entry| entry.unwrap().file_name());
            assert!(names.into_iter().all(|name| name == "INC-1"), "something is left in {made:?}");
        }
        files.create(&dir.join("x")).unwrap();
        let stamp = files.stamp(&dir.join("x")).unwrap().unwrap();
        assert!(files.share().unwrap().is_right(&stamp), "{stamp:?}");
        assert_eq!(files.share().unwrap().wrong_with(&dir.join("x"), &stamp), None);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        let top = tempfile::tempdir().unwrap();
        let team = team(top.path());
        let (group, dir) = (team.group.as_str().unwrap().to_owned(), team.dir.display().to_string());
        let said = |team: &Team| team.open().unwrap_err().as_str().to_owned();
        for (wrong, part) in [
            (0o2777, "others than the group can use"),
            (0o3770, "the sticky bit keeps"),
            (0o0770, "no setgid bit"),
            (0o2750, "not all of the group can write"),
        ] {
            mode(&team.dir, wrong);
            let said = said(&team);
            assert!(said.contains(part) && said.ends_with(&format!("run: chmod 2770 {dir}")), "{said}");
        }
        mode(&team.dir, DIRECTORY);
        assert_eq!(team.open().unwrap().root(), team.dir);

        let none = Team { dir: top.path().join("none"), ..team.clone() };
        let none_dir = none.dir.display();
        assert_eq!(
            said(&none),
            format!("{none_dir} of [team] does not exist; run: install -d -m 2770 -g {group} {none_dir}")
        );
        assert!(!none.dir.exists(), "nobody makes it by a slip of the keys");
        let unknown = Team { group: "no such group".into(), ..team.clone() };
        assert!(said(&unknown).contains("is not in /etc/group; write its number: getent group"));
        let file = Team { dir: top.path().join("file"), ..team.clone() };
        File::create(&file.dir).unwrap();
        assert!(said(&file).ends_with("file is no directory"), "{}", said(&file));

        let open = top.path().join("open");
        DirBuilder::new().create(&open).unwrap();
        let below = self::team(&open);
        mode(&open, 0o777);
        assert!(
            said(&below).contains("anybody can put another directory in the place of"),
            "{}",
            said(&below)
        );
    }

    #[test]
    fn a_folder_that_is_a_link_leads_nowhere() {
        let top = tempfile::tempdir().unwrap();
        let team = team(top.path());
        let (share, elsewhere) = (team.open().unwrap(), top.path().join("elsewhere"));
        DirBuilder::new().create(&elsewhere).unwrap();
        mode(&elsewhere, DIRECTORY);
        symlink(&elsewhere, team.dir.join("INC-1")).unwrap();
        let files = Shared::of(Disk, share.clone());
        let why = prepare(&files, &team.dir.join("INC-1")).unwrap_err();
        assert!(why.as_str().ends_with("INC-1 is no directory"), "{why:?}");
        assert!(share.check_folder(&team.dir.join("INC-1")).is_err());
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_that_another_user_made_wrong_names_that_user() {
        let top = tempfile::tempdir().unwrap();
        let team = team(top.path());
        let made = team.dir.join("incidents");
        DirBuilder::new().create(&made).unwrap();
        if chown(&made, Some(12_345), None).is_err() {
            // Only root can give a file away; elsewhere there is nothing to try.
            return;
        }
        mode(&made, 0o2700);
        let files = Shared::of(Disk, team.open().unwrap());
        let why = prepare(&files, &made.join("INC-1")).unwrap_err();
        assert!(why.as_str().contains("user 12345 or root can run: chmod 2770"), "{why:?}");
    }

    #[test]
    fn groups_are_found_by_name_or_number() {
        let known = "root:x:0:\noncall:x:4001:kim,lee\n";
        assert_eq!(number(&"oncall".into(), known), Some(4001));
        assert_eq!(number(&"4002".into(), known), Some(4002));
        assert_eq!(number(&"on".into(), known), None);
    }
}
