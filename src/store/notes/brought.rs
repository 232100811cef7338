//! Pads that were brought from elsewhere and lie beside the one here, until somebody takes them away.

use std::io;
use std::path::{Path, PathBuf};

use super::entries::MOST_FILES;
use super::found::read_pad;
use super::padlog::{Print, print};
use crate::store::error::StoreError;
use crate::store::files::Files;

/// How the name of such a pad begins.
const NAME: &str = "pad.from-";
/// Texts that have one name by their checksum.
const MOST_ALIKE: usize = 100;
/// Those that are told.
const MOST_TOLD: usize = 20;

/// Where such a text goes; nothing if it is there. It is named by what it says: it is there once, however often it
/// comes. Another text may have the same name by its checksum: it keeps that.
pub(super) fn place(files: &impl Files, dir: &Path, text: &[u8]) -> Result<Option<PathBuf>, StoreError> {
    let Print { len, crc } = print(text);
    let first = dir.join(format!("{NAME}{len:x}-{crc:08x}.md"));
    let more = (2..=MOST_ALIKE).map(|number| dir.join(format!("{NAME}{len:x}-{crc:08x}-{number}.md")));
    for path in std::iter::once(first.clone()).chain(more) {
        if files.stamp(&path).map_err(|e| StoreError::new("read", &path, e))?.is_none() {
            return Ok(Some(path));
        }
        // What cannot be read may be anything.
        if read_pad(files, &path).is_ok_and(|there| there.as_deref() == Some(text)) {
            return Ok(None);
        }
    }
    Err(StoreError::new("write", &first, io::ErrorKind::AlreadyExists))
}

/// Those in a folder.
pub(super) fn all(files: &impl Files, dir: &Path) -> io::Result<impl Iterator<Item = PathBuf>> {
    let is_one = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(NAME))
    };
    Ok(files.list(dir, MOST_FILES)?.into_iter().filter(is_one))
}

/// Those in a folder, as many as are told.
pub(super) fn told(files: &impl Files, dir: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(all(files, dir)?.take(MOST_TOLD).collect())
}
