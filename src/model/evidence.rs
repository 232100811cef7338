//! Evidence: what was seen when an entry was written, as it was then.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::text::{RawText, SafeText};

/// Patterns that are kept of one piece of evidence.
pub const PATTERNS: usize = 4;
/// Bytes of a pattern that is kept. A longer one is left out: the half of one is another one.
pub const PATTERN: usize = 1024;

/// What was seen, and where it is from.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Where it was seen: sources, an alert, a run.
    pub from: RawText,
    /// The filter that was in force.
    #[serde(default, skip_serializing_if = "RawText::is_empty")]
    pub query: RawText,
    /// From when to when it is.
    pub window: (Timestamp, Timestamp),
    /// Its lines, made safe.
    pub lines: Vec<RawText>,
    /// How many more there were that were not kept.
    #[serde(default)]
    pub left_out: u64,
    /// Where a browser shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<RawText>,
    /// What its lines say again and again, where they are of a log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<RawText>,
}

/// Lines of one piece of evidence, and their bytes, at most: an entry is written whole.
const MOST_EVIDENCE: (usize, usize) = (200, 32 * 1024);

impl Evidence {
    /// Lines of a time, as many as are kept; the others are counted.
    pub fn new(from: RawText, window: (Timestamp, Timestamp), lines: &[SafeText]) -> Self {
        let mut room = MOST_EVIDENCE.1;
        let fits = |line: &&SafeText| {
            let left = room.checked_sub(line.as_str().len() + 1);
            room = left.unwrap_or(0);
            left.is_some()
        };
        let kept: Vec<RawText> =
            lines.iter().take(MOST_EVIDENCE.0).take_while(fits).map(|line| line.as_str().into()).collect();
        let left_out = (lines.len() - kept.len()) as u64;
        Self { from, window, left_out, lines: kept, ..Self::default() }
    }
}
