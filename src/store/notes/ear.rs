//! What other consoles write into a folder while this one looks at it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use super::entries::{MOST_FILES, parse};
use crate::model::note::Entry;
use crate::store::files::Files;
use crate::store::journal;

/// How far the journals of a folder were heard.
#[derive(Debug, Default)]
pub(super) struct Ear {
    sizes: BTreeMap<PathBuf, u64>,
}

/// Tells whether somebody has written into a folder since. It is small: of the many that are over, this is all that
/// is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Glance(u64);

impl Ear {
    /// Of a folder whose journals are read now: only what comes later is heard.
    pub(super) fn from_now(files: &impl Files, dir: &Path) -> Self {
        let mut ear = Self::default();
        ear.grown(files, dir, |_| false);
        ear
    }

    /// How its journals stand, as far as they were heard.
    pub(super) fn glance(&self) -> Glance {
        let mut hasher = DefaultHasher::new();
        self.sizes.hash(&mut hasher);
        Glance(hasher.finish())
    }

    /// Whether it has come upon no journal yet.
    pub(super) fn is_new(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The entries of journals that have grown since, those of before too: a journal is read whole. `own`
    /// tells the journals of this console.
    pub(super) fn hear(&mut self, files: &impl Files, dir: &Path, own: impl Fn(&Path) -> bool) -> Vec<Entry> {
        let grown = self.grown(files, dir, own);
        // One that cannot be read now is told at the next start; it is looked at again when it grows.
        let records = grown.iter().filter_map(|path| journal::peek(files, path).ok()).flatten();
        records.filter_map(|record| parse(&record)).collect()
    }

    fn grown(&mut self, files: &impl Files, dir: &Path, own: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
        let names = files.list(dir, MOST_FILES).unwrap_or_default();
        let journals =
            names.into_iter().filter(|path| path.extension().is_some_and(|e| e == "journal") && !own(path));
        let mut grown = Vec::new();
        for path in journals {
            let size = files.stamp(&path).ok().flatten().map_or(0, |stamp| stamp.size());
            if self.sizes.insert(path.clone(), size) != Some(size) {
                grown.push(path);
            }
        }
        grown
    }
}
