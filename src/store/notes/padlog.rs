//! What the journal of a pad is made of: its text, and each change of it.

use serde::{Deserialize, Serialize};

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
