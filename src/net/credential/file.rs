//! Files that hold secrets, and programs that print them: who else could read or change them.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, fstat, open};
use rustix::io::Errno;
use secrecy::zeroize::Zeroizing;

use crate::model::health::FailureKind;
use crate::net::ids;

/// No secret is longer.
pub(super) const LONGEST: usize = 64 << 10;

/// Why a file is not used, and what to do about it.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) kind: FailureKind,
    pub(super) what: String,
    pub(super) advice: String,
}

fn refused(what: impl Into<String>, advice: impl Into<String>) -> Refused {
    Refused { kind: FailureKind::Denied, what: what.into(), advice: advice.into() }
}

fn of_system(path: &Path, error: &io::Error) -> Refused {
    let path = path.display();
    let (kind, why) = match error.kind() {
        io::ErrorKind::NotFound => (FailureKind::Missing, "no such file".to_owned()),
        io::ErrorKind::PermissionDenied => (FailureKind::Denied, "permission denied".to_owned()),
        _ => (FailureKind::Io, error.to_string()),
    };
    Refused { kind, what: format!("{path}: {why}"), advice: format!("look at it: ls -ld {path}") }
}

/// Reads a file that holds a secret, as OpenSSH reads a private key: what is checked is the open file.
///
/// Waits for the disk. Errors when anybody else could read or replace it.
pub(super) fn read(path: &Path, trusted: &[String]) -> Result<Zeroizing<Vec<u8>>, Refused> {
    read_with(path, |found| judge(path, found, trusted))?.checked(|| folders(path, trusted))
}

/// Reads a credential that systemd laid down. The unit's user reads it by an ACL, whose mask stands
/// where a group's bits stand otherwise; nobody else may pass the folder.
pub(super) fn read_systemd(path: &Path) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let judge = |found: &Found| {
        let Found { mode, .. } = found;
        if mode & 0o027 == 0 {
            return Ok(());
        }
        let path = path.display();
        Err(refused(format!("{path}: mode {mode:04o} opens it to others"), format!("chmod 400 {path}")))
    };
    read_with(path, judge)?.checked(|| Ok(()))
}

struct Contents(Zeroizing<Vec<u8>>);

impl Contents {
    fn checked(self, check: impl FnOnce() -> Result<(), Refused>) -> Result<Zeroizing<Vec<u8>>, Refused> {
        check().map(|()| self.0)
    }
}

fn read_with(path: &Path, judge: impl FnOnce(&Found) -> Result<(), Refused>) -> Result<Contents, Refused> {
    // Without NONBLOCK, opening a pipe would wait for its other end.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::LOOP => {
            let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            refused(
                format!("{}: it is a link", path.display()),
                format!("name the file itself: {}", real.display()),
            )
        }
        error => of_system(path, &error.into()),
    })?;
    let stat = fstat(&file).map_err(|error| of_system(path, &error.into()))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(refused(format!("{}: it is not a regular file", path.display()), "name a regular file"));
    }
    judge(&Found { mode: stat.st_mode & 0o7777, owner: stat.st_uid, group: stat.st_gid })?;
    // One allocation, so that no copy is left behind when it grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    let mut limited = File::from(file).take(LONGEST as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(|error| of_system(path, &error))?;
    if bytes.len() > LONGEST {
        return Err(Refused {
            kind: FailureKind::Unreadable,
            what: format!("{}: it is larger than 64 KiB", path.display()),
            advice: "name a file that holds the secret alone".to_owned(),
        });
    }
    Ok(Contents(bytes))
}

/// What the system says of a file.
#[derive(Clone, Copy, Debug)]
struct Found {
    mode: u32,
    owner: u32,
    group: u32,
}

impl Found {
    fn of(meta: &fs::Metadata) -> Self {
        Self { mode: meta.mode() & 0o7777, owner: meta.uid(), group: meta.gid() }
    }

    fn is_ours(self) -> bool {
        self.owner == 0 || self.owner == rustix::process::geteuid().as_raw()
    }

    fn has_trusted_group(self, trusted: &[String]) -> bool {
        let number = self.group.to_string();
        let name = ids::group_name(self.group);
        trusted.iter().any(|group| *group == name || *group == number)
    }
}

/// Whether a file that holds a secret is closed to everybody else.
fn judge(path: &Path, found: &Found, trusted: &[String]) -> Result<(), Refused> {
    let path = path.display();
    let &Found { mode, owner, group } = found;
    if !found.is_ours() {
        let owner = ids::user_name(owner);
        return Err(refused(
            format!("{path}: it belongs to {owner}, who can change it"),
            format!("chown {} {path}", ids::user()),
        ));
    }
    let open = Mode::from_raw_mode(mode) & (Mode::RWXG | Mode::RWXO);
    // Root's file for a service is read by the service's group.
    let by_group = owner == 0 && open == Mode::RGRP;
    if open.is_empty() || (by_group && found.has_trusted_group(trusted)) {
        return Ok(());
    }
    let group = ids::group_name(group);
    let chmod = format!("chmod 600 {path}");
    let advice = if by_group { format!("{chmod}, or trusted_groups = [\"{group}\"]") } else { chmod };
    Err(refused(format!("{path}: mode {mode:04o} opens it to others"), advice))
}

/// Whether nobody else can put another file in its place: every folder up to the root is closed.
fn folders(path: &Path, trusted: &[String]) -> Result<(), Refused> {
    let folder = path.parent().unwrap_or(path);
    let folder = fs::canonicalize(folder).map_err(|error| of_system(folder, &error))?;
    for part in folder.ancestors() {
        let found = Found::of(&fs::metadata(part).map_err(|error| of_system(part, &error))?);
        let shown = part.display();
        if !found.is_ours() {
            let owner = ids::user_name(found.owner);
            return Err(refused(
                format!("{}: its folder {shown} belongs to {owner}", path.display()),
                "keep it in a folder of your own",
            ));
        }
        // In a sticky folder, such as /tmp, only the owner replaces a file.
        if found.mode & 0o1000 == 0 {
            closed(part, found, trusted).map_err(|refused| Refused {
                what: format!("{}: {}", path.display(), refused.what),
                ..refused
            })?;
        }
    }
    Ok(())
}

/// Whether only its owner can write it, or a trusted group.
fn closed(path: &Path, found: Found, trusted: &[String]) -> Result<(), Refused> {
    let path = path.display();
    let group = found.mode & 0o020 != 0 && found.group != 0 && !found.has_trusted_group(trusted);
    if found.mode & 0o002 != 0 {
        let what = format!("everybody may write {path} (mode {:04o})", found.mode);
        return Err(refused(what, format!("chmod o-w {path}")));
    }
    if group {
        let name = ids::group_name(found.group);
        let what = format!("the group {name} may write {path} (mode {:04o})", found.mode);
        return Err(refused(what, format!("chmod g-w {path}, or trusted_groups = [\"{name}\"]")));
    }
    Ok(())
}

/// Whether a helper is what its owner, root or we, put there. Links are followed, as installers make
/// them; the folders on both ways are looked at.
///
/// Waits for the disk.
pub(super) fn check_helper(program: &Path, trusted: &[String]) -> Result<(), Refused> {
    let real: PathBuf = fs::canonicalize(program).map_err(|error| of_system(program, &error))?;
    let meta = fs::metadata(&real).map_err(|error| of_system(&real, &error))?;
    if !meta.is_file() {
        return Err(refused(format!("{}: it is not a program", program.display()), "name the helper's file"));
    }
    let found = Found::of(&meta);
    if !found.is_ours() {
        let owner = ids::user_name(found.owner);
        return Err(refused(
            format!("{}: it belongs to {owner}, who can change what it does", real.display()),
            "install it as root, or as yourself",
        ));
    }
    closed(&real, found, trusted)?;
    folders(program, trusted)?;
    folders(&real, trusted)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes its sample files directly")]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn file(folder: &Path, mode: u32) -> PathBuf {
        let path = folder.join("token");
        fs::write(&path, "hunter2\n").unwrap();
        chmod(&path, mode);
        path
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[track_caller]
    fn refusal(path: &Path) -> (String, String) {
        let refused = read(path, &[]).unwrap_err();
        assert!(!refused.what.contains("hunter2"), "{refused:?}");
        (refused.what, refused.advice)
    }

    #[test]
    fn a_file_that_only_we_can_read_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o600, 0o400] {
            let path = file(folder.path(), mode);
            assert_eq!(read(&path, &[]).unwrap().as_slice(), b"hunter2\n");
            chmod(&path, 0o600);
        }
    }

    #[test]
    fn a_file_that_others_can_read_or_replace_is_refused_with_what_to_type() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o640, 0o604, 0o644, 0o660, 0o601] {
            let path = file(folder.path(), mode);
            let (what, advice) = refusal(&path);
            assert_eq!(what, format!("{}: mode {mode:04o} opens it to others", path.display()));
            assert!(advice.starts_with(&format!("chmod 600 {}", path.display())), "{advice}");
        }
        let path = file(folder.path(), 0o600);
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        let (what, advice) = refusal(&link);
        assert!(what.ends_with("it is a link") && advice.contains(path.to_str().unwrap()), "{what} {advice}");
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        assert!(refusal(&pipe).0.ends_with("not a regular file"));
        assert!(refusal(folder.path()).0.ends_with("not a regular file"));
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        chmod(&open, 0o777);
        let inside = file(&open, 0o600);
        let (what, advice) = refusal(&inside);
        assert!(what.contains("everybody may write"), "{what}");
        assert_eq!(advice, format!("chmod o-w {}", fs::canonicalize(&open).unwrap().display()));
        // As /tmp: only its owner can replace a file there.
        chmod(&open, 0o1777);
        assert!(read(&inside, &[]).is_ok());
        let missing = read(&folder.path().join("none"), &[]).unwrap_err();
        assert_eq!(missing.kind, FailureKind::Missing);
        fs::write(&path, vec![b'x'; LONGEST + 1]).unwrap();
        assert!(refusal(&path).0.ends_with("larger than 64 KiB"));
    }

    #[test]
    fn another_owner_is_refused_and_a_trusted_group_may_read_a_file_of_roots() {
        let path = Path::new("/run/token");
        let judged = |mode, owner, trusted: &[&str]| {
            let trusted: Vec<String> = trusted.iter().map(|group| (*group).to_owned()).collect();
            judge(path, &Found { mode, owner, group: 4_000_000_001 }, &trusted)
                .map_err(|refused| refused.advice)
        };
        let me = rustix::process::geteuid().as_raw();
        assert_eq!(judged(0o600, 4_000_000_000, &[]), Err(format!("chown {} /run/token", ids::user())));
        assert_eq!(judged(0o600, me, &[]), Ok(()));
        assert_eq!(judged(0o640, 0, &["4000000001"]), Ok(()));
        let advice = judged(0o640, 0, &["adm"]).unwrap_err();
        assert_eq!(advice, "chmod 600 /run/token, or trusted_groups = [\"4000000001\"]");
        assert_eq!(judged(0o660, 0, &["4000000001"]), Err("chmod 600 /run/token".to_owned()));
        assert_eq!(judged(0o644, 0, &["4000000001"]), Err("chmod 600 /run/token".to_owned()));
    }

    #[test]
    fn a_helper_that_others_can_change_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let helper = file(folder.path(), 0o755);
        assert!(check_helper(&helper, &[]).is_ok());
        let link = folder.path().join("link");
        symlink(&helper, &link).unwrap();
        assert!(check_helper(&link, &[]).is_ok(), "installers make links");
        chmod(&helper, 0o757);
        let refused = check_helper(&link, &[]).unwrap_err();
        let real = fs::canonicalize(&helper).unwrap();
        assert_eq!(refused.advice, format!("chmod o-w {}", real.display()));
        let found = Found { mode: 0o775, owner: 0, group: 4_000_000_001 };
        assert!(closed(&helper, found, &[]).is_err());
        assert!(closed(&helper, found, &["4000000001".to_owned()]).is_ok());
        assert!(check_helper(folder.path(), &[]).is_err());
    }

    #[test]
    fn a_credential_of_systemd_may_have_the_mask_of_an_acl() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_systemd(&file(folder.path(), 0o440)).is_ok());
        chmod(&folder.path().join("token"), 0o600);
        assert!(read_systemd(&file(folder.path(), 0o444)).is_err());
    }
}
