//! What is asked of this machine while looking around. Tests have a machine of their own.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The longest file that is read: a table of sockets may have some thousand lines.
const LONGEST: u64 = 4 << 20;
/// Processes looked at.
const PROCESSES: usize = 20_000;

/// A machine and the person's place on it. Nothing is run and nobody is asked.
pub(super) trait Machine {
    /// A variable of the environment; none if it is empty.
    fn variable(&self, name: &str) -> Option<String>;
    /// Where the person stands.
    fn folder(&self) -> Option<PathBuf>;
    /// A plain file of text that is not too long.
    fn text(&self, path: &Path) -> io::Result<String>;
    /// Where a program is found, by its absolute path.
    fn program(&self, name: &str) -> Option<PathBuf>;
    /// The names of the processes.
    fn processes(&self) -> BTreeSet<String>;
}

/// This machine.
pub(super) struct Here;

impl Machine for Here {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn folder(&self) -> Option<PathBuf> {
        std::env::current_dir().ok()
    }

    fn text(&self, path: &Path) -> io::Result<String> {
        // A pipe may wait for ever and a device may have no end.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is no plain file"));
        }
        let mut text = String::new();
        let read = File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
        if read as u64 > LONGEST { Err(io::Error::other("it is too long")) } else { Ok(text) }
    }

    fn program(&self, name: &str) -> Option<PathBuf> {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&folders).map(|folder| folder.join(name));
        found.filter(|path| path.is_absolute()).find(|path| path.is_file())
    }

    fn processes(&self) -> BTreeSet<String> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten().take(PROCESSES);
        let is_number = |entry: &fs::DirEntry| {
            entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit())
        };
        let name = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("comm")).ok();
        entries.filter(is_number).filter_map(name).map(|name| name.trim_end().to_owned()).collect()
    }
}

#[cfg(test)]
pub(super) mod testing {
    use std::collections::BTreeMap;

    use super::*;

    /// A machine of files, variables, programs and processes.
    #[derive(Default)]
    pub(in super::super) struct Fake {
        pub(in super::super) variables: BTreeMap<&'static str, String>,
        pub(in super::super) files: BTreeMap<&'static str, &'static str>,
        pub(in super::super) denied: Vec<&'static str>,
        pub(in super::super) programs: Vec<&'static str>,
        pub(in super::super) processes: Vec<&'static str>,
    }

    impl Machine for Fake {
        fn variable(&self, name: &str) -> Option<String> {
            self.variables.get(name).cloned()
        }

        fn folder(&self) -> Option<PathBuf> {
            Some("/srv/shop/web".into())
        }

        fn text(&self, path: &Path) -> io::Result<String> {
            let path = path.to_str().unwrap();
            if self.denied.contains(&path) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            self.files.get(path).map(|text| (*text).to_owned()).ok_or(io::ErrorKind::NotFound.into())
        }

        fn program(&self, name: &str) -> Option<PathBuf> {
            self.programs.contains(&name).then(|| Path::new("/usr/bin").join(name))
        }

        fn processes(&self) -> BTreeSet<String> {
            self.processes.iter().map(|name| (*name).to_owned()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn only_plain_files_of_text_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        File::create(&path).unwrap().write_all(b"so it is\n").unwrap();
        assert_eq!(Here.text(&path).unwrap(), "so it is\n");
        File::create(&path).unwrap().write_all(b"\xff\xfe").unwrap();
        for path in [path.as_path(), Path::new("/dev/zero"), folder.path(), Path::new("/nowhere")] {
            assert!(Here.text(path).is_err(), "{}", path.display());
        }
    }

    #[test]
    fn programs_are_found_in_the_path_and_processes_have_names() {
        let shell = Here.program("sh").unwrap();
        assert!(shell.is_absolute() && shell.ends_with("sh"));
        assert_eq!(Here.program("no-such-program"), None);
        assert!(Here.processes().iter().all(|name| !name.is_empty() && !name.contains('\n')));
        assert!(!Here.processes().is_empty());
    }
}
