//! The log engine: what lines say, sealed segments of them, the buffer that holds those, query and search.
//!
//! ```text
//! bytes -> Splitter -> Line -> SegmentBuilder -> Segment      on a source's worker
//! Segment -> Buffer -> parts, Rates                           in the app
//! text -> Query -> Search over the Buffer, in slices          in the app
//! FileNews -> Buffer, which keeps of a file what it is   in the app
//! Buffer, Search -> Merged -> LineRef, by time                in the app
//! Segment -> Tally; Buffer, Search -> Histogram               in the app
//! ```

pub mod archive;
pub mod around;
pub mod buffer;
pub mod choice;
mod ends;
pub mod extract;
pub mod format;
pub mod histogram;
pub mod key;
pub mod level;
pub mod live;
pub mod merge;
pub mod mining;
mod part;
pub mod pattern;
pub mod piece;
pub mod query;
pub mod rate;
pub mod read;
pub mod record;
pub mod search;
pub mod segment;
mod sgr;
pub mod split;
pub mod stamp;
pub mod stats;
pub mod tally;
pub mod whole;
