//! Where the items of a recording come from: a file, or a story that is told in TOML.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::environment::Environment;
use crate::model::catalog::Catalog;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey};
use crate::source::recording::format::{Header, Item, Reader};
use crate::source::recording::scenario::{Items, Scenario};

/// Items that are read at once.
const BATCH: usize = 256;

/// What is played.
#[derive(Clone, Debug)]
pub(super) enum Tape {
    File(PathBuf),
    /// With its seed.
    Story(Arc<Scenario>, u64),
}

/// A tape that is being played.
pub(super) enum Running {
    File(Reader<BufReader<File>>),
    Story(Box<Items>),
}

/// Why there are no more items.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum End {
    Over,
    /// Something at the end was left out.
    Short(Failure),
    /// What comes then cannot be read.
    Broken(Failure),
}

/// What is known of a tape before it runs.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) header: Header,
    /// From where it is played unless somebody says.
    pub(super) opens: Timestamp,
    pub(super) ends: Option<Timestamp>,
    /// What belongs together in it: for a file the person's own configuration says that.
    pub(super) environments: Vec<Environment>,
    pub(super) catalog: Catalog,
    pub(super) runbooks: BTreeMap<RawText, RawText>,
}

impl Tape {
    pub(super) fn label(&self) -> Result<Label, Failure> {
        match self {
            Self::File(path) => {
                let header = open(path)?.header().clone();
                let (opens, catalog) = (header.start, Catalog::default());
                let (environments, runbooks) = (Vec::new(), BTreeMap::new());
                Ok(Label { header, opens, ends: None, environments, catalog, runbooks })
            }
            Self::Story(story, _) => {
                let (header, catalog) = (story.header(), story.catalog());
                let (opens, ends) = (story.opens(), Some(story.ends()));
                let (environments, runbooks) = (story.environments.clone(), story.runbooks.clone());
                Ok(Label { header, opens, ends, environments, catalog, runbooks })
            }
        }
    }

    /// What a source answers where nothing of it was recorded: only a story knows.
    pub(super) fn answer(&self, source: &RawText, key: &DetailKey) -> Option<Detail> {
        match self {
            Self::File(_) => None,
            Self::Story(story, seed) => story.answer(source, key, *seed),
        }
    }

    /// From its beginning; of the lines only those that came after `logged_from`.
    pub(super) fn run(&self, logged_from: Timestamp) -> Result<Running, Failure> {
        match self {
            Self::File(path) => open(path).map(Running::File),
            Self::Story(story, seed) => {
                let items = Scenario::clone(story).items(*seed, logged_from);
                Ok(Running::Story(Box::new(items)))
            }
        }
    }
}

impl Running {
    /// The next items, and the end if that was reached. Blocks while a file is read.
    pub(super) fn batch(&mut self) -> (Vec<Item>, Option<End>) {
        let mut items = Vec::new();
        while items.len() < BATCH {
            match self.next() {
                Ok(item) => items.push(item),
                Err(end) => return (items, Some(end)),
            }
        }
        (items, None)
    }

    pub(super) fn next(&mut self) -> Result<Item, End> {
        match self {
            Self::Story(items) => items.next().ok_or(End::Over),
            Self::File(reader) => match reader.next() {
                Ok(Some(item)) => Ok(item),
                Ok(None) => Err(reader.torn().map_or(End::Over, End::Short)),
                Err(failure) => Err(End::Broken(failure)),
            },
        }
    }
}

fn open(path: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    let name = RawText::from_bytes(path.as_os_str().as_bytes());
    let refused = |kind, why: &str| {
        let what = RawText::from_bytes(&[b"open ", name.as_bytes(), b": ", why.as_bytes()].concat());
        Failure { cause: Some(what.clone()), ..Failure::new(kind, what) }
    };
    // Looked at first: opening a pipe would wait for its writer.
    let file = std::fs::metadata(path).and_then(|meta| meta.is_file().then(|| File::open(path)).transpose());
    match file {
        Ok(Some(file)) => Reader::new(name.clone(), BufReader::new(file)),
        Ok(None) => Err(refused(FailureKind::Unreadable, "not a file")),
        Err(error) => Err(match error.kind() {
            ErrorKind::NotFound => refused(FailureKind::Missing, "no such file"),
            ErrorKind::PermissionDenied => refused(FailureKind::Denied, "permission denied"),
            _ => refused(FailureKind::Io, &error.to_string()),
        }),
    }
}
