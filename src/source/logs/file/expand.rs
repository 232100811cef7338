//! Which files the patterns of the configuration mean, now.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// Files followed by one source at most.
pub(super) const FILES: usize = 1000;
/// How deep `**` goes.
const DEPTH: usize = 16;
/// Folder entries looked at in one go.
const ENTRIES: usize = 100_000;

/// One `paths` entry, ready to be looked up again and again.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    /// The folders in front that hold no wildcard.
    root: PathBuf,
    rest: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Name(String),
    Glob { matcher: GlobMatcher, hidden: bool },
    AnyDepth,
}

/// What the patterns found.
#[derive(Default, Debug)]
pub(super) struct Expanded {
    pub(super) files: Vec<PathBuf>,
    /// Folders that could not be read.
    pub(super) failed: Vec<(PathBuf, io::Error)>,
    /// Whether there was more than may be followed.
    pub(super) more: bool,
    entries: usize,
}

impl Pattern {
    /// Reads a pattern: `/var/log/*.log`, `/srv/**/app.log`. `~/` is the home folder.
    pub(super) fn parse(text: &str, home: Option<&Path>) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("an empty path".to_owned());
        }
        let full = match (text.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            (Some(_), None) => return Err(format!("{text}: HOME is not set, so ~ means nothing")),
            (None, _) => PathBuf::from(text),
        };
        let full = full.to_str().ok_or("HOME is not valid UTF-8")?.to_owned();
        let mut root = PathBuf::from(if full.starts_with('/') { "/" } else { "" });
        let mut rest = Vec::new();
        for name in full.split('/').filter(|name| !name.is_empty()) {
            if name == "**" {
                rest.push(Part::AnyDepth);
            } else if name.contains(['*', '?', '[', '{']) {
                let glob = GlobBuilder::new(name).literal_separator(true).build();
                let matcher = glob.map_err(|error| format!("{text}: {}", error.kind()))?.compile_matcher();
                rest.push(Part::Glob { matcher, hidden: name.starts_with('.') });
            } else if rest.is_empty() {
                root.push(name);
            } else {
                rest.push(Part::Name(name.to_owned()));
            }
        }
        if matches!(rest.last(), Some(Part::AnyDepth)) {
            return Err(format!("{text}: a pattern ends with a file name, such as **/*.log"));
        }
        Ok(Self { text: text.to_owned(), root, rest })
    }

    /// The pattern as written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The one file that it can mean, if it has no wildcard.
    pub(super) fn only(&self) -> Option<&Path> {
        self.rest.is_empty().then_some(&self.root)
    }

    /// Adds the files that it means now.
    pub(super) fn expand(&self, found: &mut Expanded) {
        walk(&self.root, &self.rest, 0, found);
    }
}

fn walk(at: &Path, rest: &[Part], depth: usize, found: &mut Expanded) {
    let Some((part, after)) = rest.split_first() else {
        if found.files.len() >= FILES {
            found.more = true;
        } else {
            found.files.push(at.to_owned());
        }
        return;
    };
    if let Part::Name(name) = part {
        let next = at.join(name);
        if next.exists() {
            walk(&next, after, depth, found);
        }
        return;
    }
    if matches!(part, Part::AnyDepth) {
        walk(at, after, depth, found);
    }
    let folder = if at.as_os_str().is_empty() { Path::new(".") } else { at };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            // That there is no such folder (yet) or that it is a file is no fault of a pattern.
            if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                found.failed.push((at.to_owned(), error));
            }
            return;
        }
    };
    let left = ENTRIES.saturating_sub(found.entries);
    let mut names: Vec<_> = entries.filter_map(Result::ok).take(left).collect();
    found.entries += names.len();
    found.more |= names.len() == left;
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let name = entry.file_name();
        let dotted = name.as_encoded_bytes().starts_with(b".");
        match part {
            Part::Glob { matcher, hidden } if (*hidden || !dotted) && matcher.is_match(&name) => {
                let next = at.join(&name);
                if !after.is_empty() || !next.is_dir() {
                    walk(&next, after, depth, found);
                }
            }
            // A link to a folder may lead back up.
            Part::AnyDepth if !dotted && depth < DEPTH && entry.file_type().is_ok_and(|t| t.is_dir()) => {
                walk(&at.join(&name), rest, depth + 1, found);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(root: &Path, pattern: &str) -> Vec<String> {
        let pattern = Pattern::parse(&format!("{}/{pattern}", root.display()), None).unwrap();
        let mut found = Expanded::default();
        pattern.expand(&mut found);
        assert!(found.failed.is_empty());
        found.files.iter().map(|p| p.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn patterns_mean_what_a_shell_would() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["a.log", "b.log", ".hidden.log", "sub/c.log", "sub/deep/a.log", "sub/x.txt"] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::File::create(path).unwrap();
        }
        std::os::unix::fs::symlink(dir.path(), dir.path().join("sub/loop")).unwrap();
        for (pattern, expected) in [
            ("*.log", &["a.log", "b.log"][..]),
            (".*.log", &[".hidden.log"]),
            ("[a-b].log", &["a.log", "b.log"]),
            ("{a,z}.log", &["a.log"]),
            ("*/?.log", &["sub/c.log"]),
            ("**/a.log", &["a.log", "sub/deep/a.log"]),
            ("sub/**/*.log", &["sub/c.log", "sub/deep/a.log"]),
            ("*/deep/a.log", &["sub/deep/a.log"]),
            ("missing/*.log", &[]),
            ("a.log/*", &[]),
            ("*", &["a.log", "b.log"]),
            ("a.log", &["a.log"]),
            ("not there", &["not there"]),
        ] {
            assert_eq!(expanded(dir.path(), pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn what_cannot_be_a_pattern_says_why() {
        for (text, why) in
            [("", "empty"), ("/a/[", "unclosed"), ("/a/**", "ends with a file name"), ("~/a", "HOME")]
        {
            let error = Pattern::parse(text, None).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        let pattern = Pattern::parse("~/a.log", Some(Path::new("/home/kim"))).unwrap();
        assert_eq!(pattern.only(), Some(Path::new("/home/kim/a.log")));
        assert_eq!(pattern.text(), "~/a.log");
        assert_eq!(Pattern::parse("/a/*", None).unwrap().only(), None);
    }

    #[test]
    fn the_number_of_files_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        for file in 0..=FILES {
            fs::File::create(dir.path().join(format!("{file}.log"))).unwrap();
        }
        let mut found = Expanded::default();
        Pattern::parse(&format!("{}/*.log", dir.path().display()), None).unwrap().expand(&mut found);
        assert_eq!((found.files.len(), found.more), (FILES, true));
    }
}
