//! Where the items of a recording come from: a file, or the outage that is built in.

use std::fs::File;
use std::io::BufReader;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::source::recording::format::{Header, Item, Reader};
use crate::source::recording::scenario::{Items, Scenario};

/// Items that are read at once.
const BATCH: usize = 256;

/// What is played.
#[derive(Clone, Debug)]
pub(super) enum Tape {
    File(PathBuf),
    /// With its seed.
    BuiltIn(u64),
}

/// A tape that is being played.
pub(super) enum Running {
    File(Reader<BufReader<File>>),
    BuiltIn(Box<Items>),
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

impl Tape {
    pub(super) fn header(&self) -> Result<Header, Failure> {
        match self {
            Self::File(path) => Ok(open(path)?.header().clone()),
            Self::BuiltIn(_) => Ok(Scenario::built_in()?.header()),
        }
    }

    /// From where it is played unless somebody says, and where it ends if that is known.
    pub(super) fn marks(&self) -> Result<(Timestamp, Option<Timestamp>), Failure> {
        match self {
            Self::File(path) => Ok((open(path)?.header().start, None)),
            Self::BuiltIn(_) => Scenario::built_in().map(|story| (story.opens(), Some(story.ends()))),
        }
    }

    /// From its beginning; of the lines only those that came after `logged_from`.
    pub(super) fn run(&self, logged_from: Timestamp) -> Result<Running, Failure> {
        match self {
            Self::File(path) => open(path).map(Running::File),
            Self::BuiltIn(seed) => {
                let items = Scenario::built_in()?.items(*seed, logged_from);
                Ok(Running::BuiltIn(Box::new(items)))
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

    fn next(&mut self) -> Result<Item, End> {
        match self {
            Self::BuiltIn(items) => items.next().ok_or(End::Over),
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
    match File::open(path) {
        Ok(file) => Reader::new(name, BufReader::new(file)),
        Err(error) => {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => FailureKind::Missing,
                std::io::ErrorKind::PermissionDenied => FailureKind::Denied,
                _ => FailureKind::Io,
            };
            let what = [b"open ", name.as_bytes(), b": ", error.to_string().as_bytes()].concat();
            Err(Failure::new(kind, RawText::from_bytes(&what)))
        }
    }
}
