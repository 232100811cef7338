//! Says why a file or program cannot be reached, and what to ask for.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::net::ids;

/// The failure of `action` ("open", "read") on `path`.
pub(in crate::source) fn failure(action: &str, path: &Path, error: &io::Error) -> Failure {
    let (kind, reason) = match error.kind() {
        io::ErrorKind::NotFound => (FailureKind::Missing, "no such file".to_owned()),
        io::ErrorKind::PermissionDenied => (FailureKind::Denied, "permission denied".to_owned()),
        io::ErrorKind::Other => (FailureKind::Unreadable, error.to_string()),
        _ => (FailureKind::Io, error.to_string()),
    };
    let mut what = format!("{action} ").into_bytes();
    what.extend_from_slice(path.as_os_str().as_encoded_bytes());
    what.extend_from_slice(format!(": {reason}").as_bytes());
    let failure = Failure::new(kind, RawText::from_bytes(&what));
    match kind {
        FailureKind::Denied => failure.advise(advice(path)),
        _ => failure,
    }
}

/// Groups that are there to read logs. Any other, such as `shadow` or a database's own, may do more
/// than that, and to be in it is no advice.
const LOG_READERS: &[&str] = &["adm", "systemd-journal", "syslog", "log", "logs"];

/// What would let this user read `path`.
fn advice(path: &Path) -> String {
    // The deepest part that can be looked at is the file, or the folder that hides it.
    for part in path.ancestors().filter(|part| !part.as_os_str().is_empty()) {
        if let Ok(meta) = fs::metadata(part) {
            return advice_for(part, &meta);
        }
    }
    "ask for permission to read it".to_owned()
}

fn advice_for(path: &Path, meta: &Metadata) -> String {
    let group = ids::group_name(meta.gid());
    // A folder is passed by its execute bit.
    let (needed, may) = if meta.is_dir() { (0o010, "enter") } else { (0o040, "read") };
    let group_may = meta.mode() & needed != 0;
    if group_may && LOG_READERS.contains(&group.as_str()) {
        return format!("add {} to group {group} and log in again", ids::user());
    }
    let owner = ids::user_name(meta.uid());
    let others = if group_may && meta.gid() != 0 { format!(" and group {group}") } else { String::new() };
    let (path, mode) = (path.display(), meta.mode() & 0o777);
    format!("ask for read permission: {path} is {mode:03o} {owner} {group}, so {owner}{others} may {may} it")
}

/// Whether this user is root or in one of the groups.
pub(super) fn may_all(groups: &[&str]) -> bool {
    if rustix::process::geteuid().is_root() {
        return true;
    }
    let mine = rustix::process::getgroups().unwrap_or_default();
    let own = std::iter::once(rustix::process::getegid()).chain(mine);
    own.map(|group| ids::group_name(group.as_raw())).any(|group| groups.contains(&group.as_str()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn denied() -> io::Error {
        io::ErrorKind::PermissionDenied.into()
    }

    #[test]
    fn a_failure_names_the_file_and_the_reason() {
        let path = Path::new("/var/log/app.log");
        let missing = failure("open", path, &io::ErrorKind::NotFound.into());
        assert_eq!(missing.what, "open /var/log/app.log: no such file".into());
        assert_eq!((missing.kind, missing.advice), (FailureKind::Missing, None));
        let odd = failure("open", path, &io::Error::other("it is a directory"));
        assert_eq!(
            (odd.kind, odd.what),
            (FailureKind::Unreadable, "open /var/log/app.log: it is a directory".into())
        );
    }

    #[test]
    fn advice_names_the_group_or_the_mode_that_is_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        fs::File::create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let said = failure("open", &path, &denied()).advice.unwrap();
        assert!(said.as_str().unwrap().contains("log is 600 "), "{said:?}");
        let hidden = failure("open", &path.join("deeper"), &denied()).advice.unwrap();
        assert!(hidden.as_str().unwrap().contains("log is 600 "), "{hidden:?}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let own = ids::group_name(fs::metadata(&path).unwrap().gid());
        let said = failure("open", &path, &denied()).advice.unwrap();
        assert_eq!(
            said.as_str().unwrap().starts_with("add "),
            LOG_READERS.contains(&own.as_str()),
            "{said:?}"
        );
        // /etc/shadow is root:shadow 0640 where the group exists: nobody is to join that.
        if fs::metadata("/etc/shadow").is_ok_and(|meta| meta.gid() != 0 && meta.mode() & 0o040 != 0) {
            let said = failure("open", Path::new("/etc/shadow"), &denied()).advice.unwrap();
            let expected = "is 640 root shadow, so root and group shadow may read it";
            assert!(said.as_str().unwrap().ends_with(expected), "{said:?}");
        }
    }
}
