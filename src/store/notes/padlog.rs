//! What the journal of a pad is made of: its text, and each change of it. And in which order journals were begun.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;
use crate::safe;
use crate::store::error::path_text;

/// No console comes to a higher number: it takes the next one when it begins a journal.
const MOST_NUMBER: u64 = 1 << 32;
/// Where somebody has used up those, each follows another one that is there within so many: ours are still known for
/// what they are. A directory never holds enough names to come to the end of these.
const STEP: u64 = 1 << 20;

/// Tells one content of `pad.md` from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    pub(super) len: usize,
    pub(super) crc: u32,
}

pub(super) fn print(bytes: &[u8]) -> Print {
    Print { len: bytes.len(), crc: crc32c::crc32c(bytes) }
}

/// One record of the pad's journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// What `pad.md` holds from here on; `None`: there is none.
    Disk(Option<Print>),
    /// The whole text.
    Text(String),
    /// At byte `at`, `removed` gave way to `inserted`.
    Splice { at: usize, removed: String, inserted: String },
}

impl Record {
    /// The one change that makes `new` of `old`.
    pub(super) fn between(old: &str, new: &str) -> Self {
        let same = |(a, b): &(char, char)| a == b;
        let at: usize = old.chars().zip(new.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
        let (old, new) = (old.get(at..).unwrap_or_default(), new.get(at..).unwrap_or_default());
        let behind: usize =
            old.chars().rev().zip(new.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
        let front = |s: &str| s.get(..s.len() - behind).unwrap_or_default().to_owned();
        Self::Splice { at, removed: front(old), inserted: front(new) }
    }

    /// Makes the change; false where it was not made on this text.
    pub(super) fn apply(&self, text: &mut String, disk: &mut Option<Print>) -> bool {
        match self {
            Self::Disk(now) => *disk = *now,
            Self::Text(now) => text.clone_from(now),
            Self::Splice { at, removed, inserted } => {
                let end = at.saturating_add(removed.len());
                if text.get(*at..end) != Some(removed.as_str()) {
                    return false;
                }
                text.replace_range(*at..end, inserted);
            }
        }
        true
    }
}

/// The journals of a pad among these files, the oldest first, and the next free number. What no console has named so
/// is left out and told.
pub(super) fn in_order(names: Vec<PathBuf>, notices: &mut Vec<SafeText>) -> (Vec<PathBuf>, u64) {
    let journals = names.into_iter().filter(|path| path.extension().is_some_and(|e| e == "padlog"));
    let mut all: Vec<_> = journals.map(|path| (number_of(&path), path)).collect();
    all.sort();
    let (mut next, mut reach, mut found) = (0, MOST_NUMBER + STEP, Vec::new());
    for (number, path) in all {
        match number.filter(|number| *number <= reach) {
            Some(number) => {
                (next, reach) = (number + 1, reach.max(number + STEP));
                found.push(path);
            }
            None => notices
                .push(safe!("{} is no journal of the pad by its name and was not read", path_text(&path))),
        }
    }
    (found, next)
}

/// 12 of `pad.00000012.bastion.x1.padlog`.
fn number_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("pad.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(names: &[&str]) -> (Vec<String>, u64, usize) {
        let mut notices = Vec::new();
        let (found, next) = in_order(names.iter().map(PathBuf::from).collect(), &mut notices);
        (found.iter().map(|path| path.to_str().unwrap().to_owned()).collect(), next, notices.len())
    }

    #[test]
    fn journals_are_in_the_order_of_their_numbers_and_no_name_comes_to_their_end() {
        let (found, next, told) =
            ordered(&["pad.100000000.h.a.padlog", "pad.99999999.h.b.padlog", "pad.md", "pad.1.x.journal"]);
        assert_eq!(found, ["pad.99999999.h.b.padlog", "pad.100000000.h.a.padlog"]);
        assert_eq!((next, told), (100_000_001, 0));
        for name in ["18446744073709551615", "18446744073709551616", "4295000000000", "-1", "x", ""] {
            let (found, next, told) =
                ordered(&[&format!("pad.{name}.mal.1.padlog"), "pad.00000007.h.a.padlog"]);
            assert_eq!((found.len(), next, told), (1, 8, 1), "{name}");
        }
        // Whatever number somebody takes that counts, the next one counts too.
        let mut names: Vec<String> =
            (0..=5000_u64).map(|step| format!("pad.{}.mal.1.padlog", MOST_NUMBER + step * STEP)).collect();
        for count in [1, 2, 5001] {
            let names: Vec<&str> = names.iter().take(count).map(String::as_str).collect();
            let (found, next, told) = ordered(&names);
            assert_eq!((found.len(), told), (count, 0));
            let own = format!("pad.{next}.h.a.padlog");
            let (found, _, told) = ordered(&[names.as_slice(), &[&own]].concat());
            assert_eq!((found.last(), told), (Some(&own), 0));
        }
        names.clear();
        assert_eq!(ordered(&[]), (names, 0, 0));
    }
}
