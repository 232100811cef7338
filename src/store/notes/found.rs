//! What is found of a pad in its folder: `pad.md`, and the journals of those who wrote it.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::entries::MOST_FILES;
use super::padlog::{Print, Record, in_order, print};
use super::{PAD, file_time};
use crate::model::note::MOST_PAD;
use crate::model::text::SafeText;
use crate::safe;
use crate::store::error::{StoreError, path_text};
use crate::store::files::{Files, Stamp};
use crate::store::journal;

/// The text of a file, if it is there.
pub(super) fn read_pad(files: &impl Files, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match files.read(path, MOST_PAD as u64) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::new("read", path, e)),
    }
}

/// A pad journal that we did not write.
#[derive(Debug)]
pub(super) struct OldPad {
    pub(super) path: PathBuf,
    pub(super) live: bool,
    pub(super) far: bool,
    /// The text at its end.
    pub(super) text: String,
    /// That text is in `pad.md`, or in what is recovered.
    pub(super) known: bool,
}

/// What is in the directory.
#[derive(Debug)]
pub(super) struct Found {
    /// The pad's text: the newest journal's, or `pad.md` where that is newer.
    pub(super) text: String,
    /// A text of `pad.md` that neither is nor was ours, while ours is not in it.
    pub(super) aside: Option<Vec<u8>>,
    pub(super) disk: Option<Print>,
    pub(super) journal_disk: Option<Print>,
    pub(super) stamp: Option<Stamp>,
    pub(super) journals: Vec<OldPad>,
    /// The next free number.
    pub(super) number: u64,
}

impl Found {
    pub(super) fn read(
        files: &impl Files,
        dir: &Path,
        now: Option<Timestamp>,
        notices: &mut Vec<SafeText>,
    ) -> Result<Self, StoreError> {
        let path = dir.join(PAD);
        let stamp = files.stamp(&path).map_err(|e| StoreError::new("read", &path, e))?;
        let there = read_pad(files, &path)?;
        let disk = there.as_deref().map(print);
        let names = files.list(dir, MOST_FILES).map_err(|e| StoreError::new("read", dir, e))?;
        let (paths, number) = in_order(names, notices);
        let (mut journals, mut newest) = (Vec::new(), None);
        for path in paths {
            let old = match journal::read(files, &path, now.map(file_time).as_deref()) {
                Ok(old) => old,
                Err(e) => {
                    notices.push(StoreError::new("read", &path, e).sentence());
                    continue;
                }
            };
            notices.extend(old.notices(&path));
            let (mut text, mut base, mut first, mut fits) = (String::new(), None, None, true);
            // What was typed behind a damaged place was typed into a text that nobody knows.
            let known = old.damaged.first().map_or(old.records.len(), |damage| damage.records);
            for record in old.records.iter().take(known).map(|r| serde_json::from_slice::<Record>(r)) {
                fits = record.is_ok_and(|r| r.apply(&mut text, &mut base));
                if !fits {
                    notices.push(safe!("{} is damaged; it was read up to there", path_text(&path)));
                    break;
                }
                if first.is_none() && !text.is_empty() {
                    first = Some(text.clone());
                }
            }
            // A damaged one is kept as it is: somebody may still read it by hand.
            let (live, far) = (old.live || !fits || !old.damaged.is_empty(), old.far);
            journals.push(OldPad { path, live, far, text: text.clone(), known: false });
            newest = Some((text, base, first.unwrap_or_default()));
        }
        let as_text = |bytes: &Option<Vec<u8>>| {
            String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
        };
        let on_disk = as_text(&there);
        let (text, journal_disk, first) = newest.unwrap_or_else(|| (on_disk.clone(), disk, on_disk.clone()));
        let own = Some(print(text.as_bytes()));
        let mut found = Self { text, aside: None, disk, journal_disk, stamp, journals, number };
        // pad.md is what the journal started from, or what it ends with: nobody else wrote it.
        if disk != journal_disk && disk != own {
            if journal_disk == own || (journal_disk.is_none() && found.text.is_empty()) {
                found.text.clone_from(&on_disk);
            } else {
                found.aside.clone_from(&there);
            }
        }
        // What is not UTF-8 does not survive our next snapshot: it is kept as it was.
        found.aside = found.aside.or(there.filter(|bytes| std::str::from_utf8(bytes).is_err()));
        for old in &mut found.journals {
            old.known = old.text.is_empty() || [&found.text, &on_disk, &first].contains(&&old.text);
        }
        Ok(found)
    }
}
