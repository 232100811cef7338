//! Looks for runbooks: in the configured folders, in files, and at URLs.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::config::runbooks::Runbooks;
use crate::model::health::{Failure, FailureKind};
use crate::model::runbook::{Answer, Found, Lead, MOST, raw_form};
use crate::model::text::RawText;
use crate::net::Net;
use crate::net::page::{self, Author};
use crate::store::error::path_text;

/// How long a disk may take.
const WITHIN: Duration = Duration::from_secs(10);
/// Entries of folders that are looked at.
const MOST_ENTRIES: usize = 20_000;
/// Folders in each other that are looked into.
const DEEPEST: usize = 6;

/// Has runbooks, or knows where to get them.
#[derive(Clone)]
pub(super) struct Library {
    runbooks: Arc<Runbooks>,
    net: Net,
    /// Nothing is asked over the network: what is played is no real outage.
    is_played: bool,
}

impl Library {
    pub(super) fn new(runbooks: Runbooks, net: Net, is_played: bool) -> Self {
        Self { runbooks: Arc::new(runbooks), net, is_played }
    }

    /// Looks in these places, one after the other, until one has a runbook or should have and does not.
    pub(super) async fn look(&self, leads: &[Lead]) -> Answer {
        for lead in leads {
            let answer = match lead {
                Lead::Named(name) => self.named(name.clone()).await,
                Lead::Configured(place) => Some(self.at(place, Author::Person).await),
                Lead::Annotated(url) => Some(self.at(url, Author::Stranger).await),
            };
            if let Some(answer) = answer {
                return answer;
            }
        }
        Answer::Nowhere
    }

    /// What is at a path or URL.
    async fn at(&self, place: &RawText, author: Author) -> Answer {
        let url = place.as_str().filter(|text| author == Author::Stranger || text.contains("://"));
        match url {
            Some(url) => self.fetch(url, author).await,
            None if author == Author::Person => self.file(path_of(place)).await,
            None => {
                let failure = Failure::new(FailureKind::Unreadable, "its address is not UTF-8");
                Answer::Failed(Found::Url(place.clone()), failure)
            }
        }
    }

    async fn fetch(&self, url: &str, author: Author) -> Answer {
        let found = Found::Url(url.into());
        if let Some(text) = self.runbooks.held.get(found.place()).cloned() {
            return Answer::Text { found, text, is_cut: false };
        }
        if self.is_played {
            let failure = Failure::new(FailureKind::Forbidden, "a recording is played: nothing is asked");
            return Answer::Failed(found, failure.advise("open it in a browser: o shows the link"));
        }
        let raw = raw_form(url);
        let asked = raw.as_deref().unwrap_or(url);
        match page::read(&self.net, &self.runbooks.sites, asked, author, MOST).await {
            Ok(page) if page.is_html => Answer::Page(found),
            Ok(page) => Answer::Text { found, text: page.text.into(), is_cut: false },
            Err(failure) => Answer::Failed(found, failure),
        }
    }

    async fn file(&self, path: PathBuf) -> Answer {
        let found = Found::File(RawText::from_bytes(path.as_os_str().as_encoded_bytes()));
        let work = move || read(&path);
        match on_disk(work).await {
            Ok((bytes, is_cut)) => Answer::Text { found, text: self.masked(bytes), is_cut },
            Err(failure) => Answer::Failed(found, failure),
        }
    }

    /// A file of this name in the configured folders.
    async fn named(&self, name: RawText) -> Option<Answer> {
        let runbooks = Arc::clone(&self.runbooks);
        match on_disk(move || find(&runbooks.dirs, &name)).await {
            Ok(path) => Some(self.file(path?).await),
            Err(failure) => {
                let dirs = self.runbooks.dirs.first();
                let place = dirs.map(|dir| dir.as_os_str().as_encoded_bytes()).unwrap_or_default();
                Some(Answer::Failed(Found::File(RawText::from_bytes(place)), failure))
            }
        }
    }

    fn masked(&self, mut bytes: Vec<u8>) -> RawText {
        self.net.vault().mask().blot(&mut bytes);
        bytes.into()
    }
}

fn path_of(place: &RawText) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(place.as_bytes()))
}

/// Does work that waits for a disk, which may hang.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match timeout(WITHIN, spawn_blocking(work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Failure::new(FailureKind::Io, "midwatch failed while it read the disk")),
        Err(_) => {
            let what = format!("the disk does not answer in {} s", WITHIN.as_secs());
            Err(Failure::new(FailureKind::TimedOut, what))
        }
    }
}

/// A file's bytes, as many as are read, and whether there are more.
fn read(path: &Path) -> Result<(Vec<u8>, bool), Failure> {
    let shown = path_text(path);
    let refused =
        |kind, what: &str| Err(Failure::new(kind, format!("{}: {what}", shown.as_str().to_owned())));
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => refused(FailureKind::Missing, "there is no such file"),
        std::io::ErrorKind::PermissionDenied => refused(FailureKind::Denied, "you may not read it"),
        _ => refused(FailureKind::Io, &error.to_string()),
    };
    match fs::metadata(path) {
        Err(error) => return failed(error),
        // Opening a pipe would wait for its other end.
        Ok(meta) if !meta.is_file() => return refused(FailureKind::Unreadable, "it is no regular file"),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let most = MOST as u64;
    if let Err(error) = fs::File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)) {
        return failed(error);
    }
    let is_cut = bytes.len() > MOST;
    bytes.truncate(MOST);
    Ok((bytes, is_cut))
}

/// How much a file's name is like a name: 0 the same, 1 but for case, 2 but for signs between words.
fn likeness(file: &str, name: &str) -> Option<u8> {
    let bare = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    if file == name {
        Some(0)
    } else if file.eq_ignore_ascii_case(name) {
        Some(1)
    } else {
        (!bare(name).is_empty() && bare(file) == bare(name)).then_some(2)
    }
}

/// The Markdown file of this name in the first of these folders that has one. The name is only compared: what an
/// alert is called leads nowhere else.
fn find(dirs: &[PathBuf], name: &RawText) -> Result<Option<PathBuf>, Failure> {
    let Some(name) = name.as_str() else { return Ok(None) };
    let mut looked_at = 0;
    for dir in dirs {
        let mut best: Option<(u8, PathBuf)> = None;
        let mut folders = vec![(dir.clone(), 1)];
        while let Some((folder, depth)) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if depth == 1 => {
                    let what = format!("{}: {error}", path_text(&folder).as_str());
                    return Err(Failure::new(FailureKind::Missing, what)
                        .advise("look at `dirs` in [runbooks] of the configuration"));
                }
                // What others keep to themselves has no runbook for us.
                Err(_) => continue,
            };
            for entry in entries.flatten() {
                looked_at += 1;
                if looked_at > MOST_ENTRIES {
                    let what = format!("the folders of runbooks hold more than {MOST_ENTRIES} files");
                    return Err(Failure::new(FailureKind::TooLarge, what)
                        .advise("name the folders of the runbooks themselves in `dirs`"));
                }
                let (path, file) = (entry.path(), entry.file_name());
                if file.as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    if depth < DEEPEST {
                        folders.push((path, depth + 1));
                    }
                    continue;
                }
                let is_markdown = path.extension().is_some_and(|end| end == "md" || end == "markdown");
                let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| is_markdown);
                let Some(likeness) = stem.and_then(|stem| likeness(stem, name)) else { continue };
                // Of two that are alike the one that sorts first, so that it is always the same.
                if best.as_ref().is_none_or(|best| (likeness, &path) < (best.0, &best.1)) {
                    best = Some((likeness, path));
                }
            }
        }
        if let Some((_, path)) = best {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test writes its sample files directly")]

    use super::*;
    use crate::net::credential::Vault;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("# {file}")).unwrap();
        }
        dir
    }

    fn library(dirs: &[&Path], is_played: bool) -> Library {
        let dirs = dirs.iter().map(|dir| (*dir).to_owned()).collect();
        let clock = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
        Library::new(
            Runbooks { dirs, ..Runbooks::default() },
            Net::new(Vault::new(&[], [], clock)),
            is_played,
        )
    }

    fn text(answer: Answer) -> String {
        match answer {
            Answer::Text { text, .. } => text.as_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn the_file_that_is_named_most_like_the_alert_is_found_wherever_it_lies() {
        let one =
            folder(&["node/high-error-rate.md", "old/HIGHERRORRATE.md", "a/DiskFull.markdown", "x.txt"]);
        let two = folder(&["HighErrorRate.md", "Certs.md"]);
        let library = library(&[one.path(), two.path()], false);
        let named = async |name: &str| library.look(&[Lead::Named(name.into())]).await;
        assert_eq!(text(named("HighErrorRate").await), "# old/HIGHERRORRATE.md", "the first folder wins");
        assert_eq!(text(named("DiskFull").await), "# a/DiskFull.markdown");
        assert_eq!(text(named("Certs").await), "# Certs.md");
        assert_eq!(named("x").await, Answer::Nowhere);
    }

    #[tokio::test]
    async fn the_name_of_an_alert_leads_to_no_other_file() {
        let dir = folder(&["books/a.md", "secret.md", "books/.hidden.md"]);
        let library = library(&[&dir.path().join("books")], false);
        for name in ["../secret", "/etc/passwd", "..", "", ".hidden", "---", "a.md.md"] {
            assert_eq!(library.look(&[Lead::Named(name.into())]).await, Answer::Nowhere, "{name:?}");
        }
    }

    #[tokio::test]
    async fn the_next_place_is_looked_at_where_one_has_none_and_a_place_that_is_wrong_is_told() {
        let dir = folder(&["a.md", "b.md"]);
        let library = library(&[dir.path()], false);
        let place = |file: &str| Lead::Configured(dir.path().join(file).to_str().unwrap().into());
        let leads = [Lead::Named("Missing".into()), place("b.md"), place("a.md")];
        assert_eq!(text(library.look(&leads).await), "# b.md");
        let Answer::Failed(found, failure) = library.look(&[place("gone.md"), place("a.md")]).await else {
            panic!("it is told")
        };
        assert!(found.place().as_str().unwrap().ends_with("gone.md"));
        assert!(failure.what.as_str().unwrap().contains("there is no such file"));
        let none = Library::new(
            Runbooks { dirs: vec!["/no/such/dir".into()], ..Runbooks::default() },
            library.net.clone(),
            false,
        );
        let Answer::Failed(_, failure) = none.look(&[Lead::Named("a".into())]).await else { panic!() };
        assert!(failure.what.as_str().unwrap().contains("/no/such/dir"), "{failure:?}");
    }

    #[tokio::test]
    async fn long_files_are_cut_and_pipes_are_not_opened() {
        let dir = folder(&[]);
        let path = dir.path().join("long.md");
        fs::write(&path, vec![b'x'; MOST + 1]).unwrap();
        let library = library(&[dir.path()], false);
        let answer = library.look(&[Lead::Named("long".into())]).await;
        let Answer::Text { text, is_cut, .. } = answer else { panic!("{answer:?}") };
        assert!(is_cut && text.as_bytes().len() == MOST);
        let pipe = dir.path().join("pipe.md");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let answer = library.look(&[Lead::Named("pipe".into())]).await;
        assert!(matches!(answer, Answer::Failed(..)), "{answer:?}");
    }

    #[tokio::test]
    async fn in_a_recording_nothing_is_asked_and_the_link_is_told() {
        let dir = folder(&[]);
        let lead = Lead::Annotated("https://wiki.example/x".into());
        let answer = library(&[dir.path()], true).look(&[lead]).await;
        let Answer::Failed(found, failure) = answer else { panic!("{answer:?}") };
        assert_eq!(found.url(), Some(&"https://wiki.example/x".into()));
        assert!(failure.what.as_str().unwrap().contains("a recording is played"));
    }
}
