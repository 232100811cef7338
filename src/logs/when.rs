//! The time of a line, for those who need nothing else of its head.

use jiff::Timestamp;

use super::head;
use super::stamp::Zone;

/// When a line says that it was written, in milliseconds since 1970. A stamp without a zone is of
/// `zone`; `now` settles the year of one that has none.
pub fn time(line: &[u8], zone: &mut Zone, now: Timestamp) -> Option<i64> {
    head::read(line, now.as_millisecond(), zone).time
}
