//! The logs of this machine: its journal, and the files below `/var/log` that are text and may be read.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::machine::Machine;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;
use crate::source::logs::access;
use crate::source::logs::file::rotated;
use crate::source::written::{Draft, SourceText, list, quoted};

/// Where logs lie.
const LOGS: &str = "/var/log";
/// Any of these is there where a journal is kept.
const JOURNALS: &[&str] = &["/run/systemd/journal/socket", "/var/log/journal", "/run/log/journal"];
/// Entries looked at in one folder.
const ENTRIES: usize = 1000;
/// Folders of logs used; the rest is counted.
const FOLDERS: usize = 24;
/// Files of one folder used; the rest is counted.
const FILES: usize = 50;
/// Records of logins, which are no text: also where they may not be read.
const RECORDS: &[&str] = &["btmp", "faillog", "lastlog", "tallylog", "wtmp"];
/// What is looked at of a file to tell text from anything else.
const LOOK: u64 = 1024;

/// The logs that were found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Logs {
    journal: bool,
    folders: Vec<Folder>,
    /// Log files that this user may not read, and what to do about the first of them.
    denied: usize,
    advice: Option<RawText>,
    left_out: usize,
}

/// Logs of one folder.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Folder {
    /// The name of its source.
    name: String,
    /// Paths and patterns.
    paths: Vec<String>,
    files: usize,
}

/// Logs of one folder as they were found.
#[derive(Default)]
struct Seen {
    logs: Vec<String>,
    denied: Vec<(PathBuf, io::Error)>,
    folders: Vec<PathBuf>,
    left_out: usize,
}

impl Logs {
    /// Looks around. Reads the first bytes of the files below `/var/log`.
    pub(super) fn find(machine: &impl Machine) -> Self {
        let journal =
            machine.program("journalctl").is_some() && JOURNALS.iter().any(|path| Path::new(path).exists());
        let mut found = Self { journal, ..Self::default() };
        found.look_at(Path::new(LOGS));
        found
    }

    /// Those of these folders, one file in each.
    #[cfg(test)]
    pub(super) fn of(folders: &[&str], journal: bool) -> Self {
        let folder = |name: &&str| Folder {
            name: (*name).to_owned(),
            paths: vec![format!("/var/log/{name}/a'b # no.log")],
            files: 1,
        };
        Self { journal, folders: folders.iter().map(folder).collect(), ..Self::default() }
    }

    /// Adds the logs in a folder and in the folders directly below it.
    fn look_at(&mut self, root: &Path) {
        let top = look(root);
        let below = top.folders.clone();
        self.add("system", root, top);
        for folder in below {
            let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { continue };
            let name =
                if matches!(name, "journal" | "system") { format!("{name}-files") } else { name.to_owned() };
            self.add(&name, &folder, look(&folder));
        }
    }

    fn add(&mut self, name: &str, folder: &Path, mut seen: Seen) {
        self.left_out += seen.left_out;
        self.denied += seen.denied.len();
        if let (None, Some((path, error))) = (&self.advice, seen.denied.first()) {
            self.advice = access::failure("open", path, error).advice;
        }
        let Some(folder) = folder.to_str().filter(|folder| !seen.logs.is_empty() && is_plain(folder)) else {
            return;
        };
        if self.folders.len() >= FOLDERS {
            self.left_out += seen.logs.len();
            return;
        }
        let files = seen.logs.len();
        let mut paths = Vec::new();
        // A pattern follows the logs of tomorrow too, but a file that may not be read is a trouble in it.
        if !seen.denied.iter().any(|(path, _)| ends_as_log(path)) && seen.logs.iter().any(ends_as_log) {
            seen.logs.retain(|name| !ends_as_log(name));
            paths.push(format!("{folder}/*.log"));
        }
        self.left_out += seen.logs.len().saturating_sub(FILES);
        paths.extend(seen.logs.iter().take(FILES).map(|name| format!("{folder}/{name}")));
        self.folders.push(Folder { name: name.to_owned(), paths, files });
    }

    /// What was found, one fact a line.
    pub(super) fn facts(&self) -> Vec<SafeText> {
        let text = |text: &str| clean(&RawText::from(text));
        let journal = if self.journal { "it keeps a systemd journal" } else { "it keeps no systemd journal" };
        let mut facts = vec![journal.into()];
        for folder in &self.folders {
            let files = if folder.files == 1 { "log file" } else { "log files" };
            let paths = text(&folder.paths.join(", "));
            facts.push(safe!("{} {} to read: {}", folder.files, SafeText::literal(files), paths));
        }
        if self.folders.is_empty() {
            facts.push(safe!("there is no log file below {} that you may read", SafeText::literal(LOGS)));
        }
        if self.denied > 0 {
            let mut fact = safe!("{} more that you may not read", self.denied);
            if let Some(advice) = &self.advice {
                fact.push(&safe!(": {}", clean(advice)));
            }
            facts.push(fact);
        }
        if self.left_out > 0 {
            facts.push(safe!("{} more that are left out: too many", self.left_out));
        }
        facts
    }

    /// Writes a source for the journal and one for each folder; `zone` is that of times that name none.
    pub(super) fn write(&self, zone: Option<&str>, draft: &mut Draft) {
        if self.journal {
            let units = "# units = [\"nginx.service\"]      # only these".to_owned();
            draft.sources.push(SourceText::new("journal", "journald", vec![units]));
        }
        let zone = zone.map(|zone| {
            format!("timezone = {}      # of times in the lines that name no zone", quoted(zone))
        });
        for folder in &self.folders {
            let keys = std::iter::once(list("paths", &folder.paths)).chain(zone.clone()).collect();
            draft.sources.push(SourceText::new(&*folder.name, "file", keys));
        }
    }
}

fn ends_as_log(name: impl AsRef<Path>) -> bool {
    name.as_ref().extension().is_some_and(|end| end == "log")
}

/// Whether a path means itself as a pattern and may stand in a comment or message as it is.
fn is_plain(path: &str) -> bool {
    !path.contains(|c: char| matches!(c, '*' | '?' | '[' | '{' | '\\') || c.is_control())
}

/// The logs in a folder, by name.
fn look(folder: &Path) -> Seen {
    let mut seen = Seen::default();
    // A folder that is not there or that may not be read has nothing for this user.
    let Ok(entries) = fs::read_dir(folder) else { return seen };
    let mut paths: Vec<_> = entries.take(ENTRIES).filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| is_plain(name)) else {
            continue;
        };
        // A link leads elsewhere: to a manual, or back up.
        if name.starts_with('.') || (path.is_symlink() && !(ends_as_log(name) && path.is_file())) {
            continue;
        }
        if path.is_dir() {
            seen.folders.push(path);
        } else if path.is_file() && rotated::base_of(name).is_none() && !RECORDS.contains(&name) {
            match first_bytes(&path) {
                // An empty file may be one that was just rotated, or one that is no log at all.
                Ok(bytes) if bytes.is_empty() && !ends_as_log(name) => {}
                Ok(bytes) if bytes.contains(&0) => {}
                Ok(_) => seen.logs.push(name.to_owned()),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    seen.denied.push((path, error));
                }
                Err(_) => {}
            }
        }
    }
    seen
}

fn first_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LOOK).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {

    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn put(folder: &Path, name: &str, bytes: &[u8]) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap().write_all(bytes).unwrap();
    }

    fn here(folder: &Path) -> Logs {
        let mut logs = Logs::default();
        logs.look_at(folder);
        logs
    }

    #[test]
    fn logs_are_told_from_what_lies_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["app.log", "syslog", "nginx/access.log", "nginx/error.log", "journal/x.log"] {
            put(root, name, b"2026-11-22T03:12:00Z a line\n");
        }
        put(root, "fresh.log", b"");
        for (name, bytes) in [
            ("wtmp", b"\x00\x01" as &[u8]),
            ("faillog", b""),
            ("app.log.1", b"old\n"),
            ("syslog.2.gz", b"\x1f\x8b"),
            (".hidden.log", b"x\n"),
            ("odd[1].log", b"x\n"),
            ("nginx/deeper/x.log", b"x\n"),
        ] {
            put(root, name, bytes);
        }
        std::os::unix::fs::symlink(root, root.join("nginx/up.log")).unwrap();
        let local = here(root);
        let shown = root.display();
        let folders: Vec<_> =
            local.folders.iter().map(|f| (f.name.as_str(), f.paths.join(" "), f.files)).collect();
        assert_eq!(
            folders,
            [
                ("system", format!("{shown}/*.log {shown}/syslog"), 3),
                ("journal-files", format!("{shown}/journal/*.log"), 1),
                ("nginx", format!("{shown}/nginx/*.log"), 2),
            ]
        );
    }

    #[test]
    fn what_may_not_be_read_is_counted_and_never_in_a_pattern() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        put(root, "app.log", b"x\n");
        put(root, "secret.log", b"x\n");
        fs::set_permissions(root.join("secret.log"), fs::Permissions::from_mode(0o000)).unwrap();
        let local = here(root);
        if rustix::process::geteuid().is_root() {
            assert_eq!((local.denied, local.folders[0].files), (0, 2));
            return;
        }
        assert_eq!(local.folders[0].paths, [format!("{}/app.log", root.display())]);
        let facts: Vec<_> = local.facts().iter().map(|fact| fact.as_str().to_owned()).collect();
        assert!(facts.iter().any(|fact| fact.starts_with("1 more that you may not read: ")), "{facts:?}");
    }

    #[test]
    fn too_many_are_left_out_and_said() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..30 {
            put(folder.path(), &format!("app{number:02}/x.log"), b"x\n");
        }
        let local = here(folder.path());
        assert_eq!((local.folders.len(), local.left_out), (FOLDERS, 6));
        assert!(local.facts().iter().any(|fact| fact.as_str() == "6 more that are left out: too many"));
    }
}
