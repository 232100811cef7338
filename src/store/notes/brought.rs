//! Pads that were brought from elsewhere and lie beside the one here, until somebody takes them away.

use std::io;
use std::path::{Path, PathBuf};

use super::entries::MOST_FILES;
use super::padlog::{Print, print};
use crate::store::files::Files;

/// How the name of such a pad begins.
const NAME: &str = "pad.from-";
/// Those that are told.
const MOST_TOLD: usize = 20;

/// Where such a text goes. It is named by what it says: it is there once, however often it comes.
pub(super) fn place(dir: &Path, text: &[u8]) -> PathBuf {
    let Print { len, crc } = print(text);
    dir.join(format!("{NAME}{len:x}-{crc:08x}.md"))
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
