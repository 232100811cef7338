//! What is said of a file that is read in pieces, as somebody looks at them.

use std::ops::Range;
use std::sync::Arc;

use super::mining::Mined;
use super::query::Query;
use super::segment::Segment;
use crate::model::text::RawText;

/// What a source says of its file.
#[derive(Clone, Debug)]
pub struct FileNews {
    /// The stream that the file is.
    pub stream: RawText,
    /// The source that reads it.
    pub source: RawText,
    /// What it says.
    pub what: FileSays,
}

/// What is said of a file.
#[derive(Clone, Debug)]
pub enum FileSays {
    /// It is opened, or read anew, and has so many pieces. None of them is known.
    Opened(u64, Option<Anew>),
    /// It has grown to so many pieces.
    Grown(u64),
    /// So many pieces are not known yet.
    Unknown(u64),
    /// The lines of a piece.
    Piece {
        /// Which piece.
        index: u64,
        /// Its lines.
        lines: Arc<Segment>,
        /// Whether somebody waits for them.
        asked: bool,
    },
    /// What was mined, also of other files, and how many pieces of this one are done, of all.
    Mined(Mined, (u64, u64)),
    /// The search of this number finds nothing in these pieces.
    RuledOut(u64, Vec<u64>),
    /// What the search of this number sees of a piece's records with lines that are cut when they are shown.
    Judged(u64, u64, Vec<Judged>),
}

/// A record that was looked at with all that its lines have, also what is cut off them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// Its lines in the piece.
    pub lines: Range<u32>,
    /// Whether it is a hit.
    pub sees: bool,
}

/// Why a file is read anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anew {
    /// Another one stands at its path, as after a rotation.
    Replaced,
    /// It was cut, and may have grown since.
    Cut,
}

/// What is looked for in a file.
#[derive(Clone, Debug)]
pub struct Sought {
    /// A later search has a higher one, and ends this.
    pub number: u64,
    /// Which lines.
    pub query: Arc<Query>,
}

impl PartialEq for Sought {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number && Arc::ptr_eq(&self.query, &other.query)
    }
}

impl Eq for Sought {}
