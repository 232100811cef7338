//! Texts of the pad that are kept beside it: what another program wrote, and what consoles that have ended left
//! elsewhere.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::entries::MOST_FILES;
use super::found::{Found, read_pad};
use super::padlog::print;
use super::{PAD, file_time};
use crate::model::text::{RawText, SafeText};
use crate::safe;
use crate::store::atomic;
use crate::store::error::{StoreError, path_text};
use crate::store::files::Files;
use crate::store::lock::{self, Taken};

/// Writes a text of the pad beside it.
pub(super) fn aside(
    files: &impl Files,
    dir: &Path,
    bytes: &[u8],
    what: &str,
    now: Timestamp,
) -> Result<PathBuf, StoreError> {
    let (time, crc) = (file_time(now), print(bytes).crc);
    let path = dir.join(format!("pad.{what}-{time}-{crc:08x}.md"));
    atomic::write(files, &path, bytes).map(|_| path)
}

/// Keeps here, beside a pad with this text, what consoles that have ended left of it in another directory, and
/// removes that there.
pub(super) fn take_in(
    files: &impl Files,
    dir: &Path,
    (here, own): (&Path, &str),
    holder: &RawText,
    now: Timestamp,
    notices: &mut Vec<SafeText>,
) -> Result<(), StoreError> {
    let failed = |e| StoreError::new("read", dir, e);
    let is_pad = |path: &&PathBuf| {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        name.starts_with("pad.")
    };
    let names = files.list(dir, MOST_FILES).map_err(failed)?;
    if !names.iter().any(|path| is_pad(&path)) {
        return Ok(());
    }
    // Another console that lives may write it.
    let Taken::Mine(_lock) = lock::take(&dir.join("pad.lock"), holder) else { return Ok(()) };
    let found = Found::read(files, dir, Some(now), notices)?;
    // Where nobody can tell who lives all stays there, and what was taken over before is here.
    let is_far = found.journals.iter().any(|old| old.far);
    let dead = || found.journals.iter().filter(|old| !old.live || old.far);
    let kept = files.list(here, MOST_FILES).map_err(failed)?;
    let is_here = |text: &[u8]| {
        let end = format!("-{:08x}.md", print(text).crc);
        let name = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        is_far
            && kept.iter().filter_map(name).any(|name| name.starts_with("pad.left-") && name.ends_with(&end))
    };
    let mut texts = vec![found.text.clone().into_bytes()];
    texts.extend(found.aside.clone());
    texts.extend(dead().filter(|old| !old.known).map(|old| old.text.clone().into_bytes()));
    let mut done: Vec<PathBuf> = dead().map(|old| old.path.clone()).collect();
    for path in names.iter().filter(is_pad).filter(|p| p.extension().is_some_and(|e| e == "md")) {
        if !path.ends_with(PAD) {
            texts.extend(read_pad(files, path)?);
        }
        done.push(path.clone());
    }
    texts.retain(|text| !text.is_empty() && text.as_slice() != own.as_bytes() && !is_here(text));
    for text in &texts {
        let path = aside(files, here, text, "left", now)?;
        notices.push(safe!("a pad that was in {} is in {} now", path_text(dir), path_text(&path)));
    }
    for path in done.into_iter().filter(|_| !is_far) {
        // One that stays is kept once more at the next start.
        drop(files.remove(&path));
    }
    Ok(())
}
