//! Reading pieces of a file on threads, and the times of their lines that say none.

use std::io;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::Reader;
use crate::logs::query::Query;
use crate::logs::read::fill;
use crate::logs::record::Text;
use crate::logs::segment::{Segment, SegmentBuilder};
use crate::source::logs::opened::Positioned;

/// Bytes before a piece in which the time is looked for that its first lines go on with.
const TAIL: usize = 16 * 1024;
/// What came of some pieces.
#[derive(Default)]
pub(super) struct Read {
    /// Their lines; `None` where nothing is that is looked for, or nothing at all.
    pub(super) pieces: Vec<(u64, Option<Lines>)>,
    /// The file ended before the length that it had.
    pub(super) ended_early: bool,
}

/// The lines of a piece.
pub(super) struct Lines {
    pub(super) segment: Segment,
    /// Whether those before the first that says a time have that of what is before the piece.
    goes_on: bool,
}

impl Reader<'_> {
    /// Gives the lines of a piece without a time the first one after them, where nothing is known of what
    /// is before it, so that they stand where they are in the file.
    pub(super) fn date(&mut self, index: u64, lines: Lines, learns: bool) -> Segment {
        let Lines { segment, goes_on } = lines;
        let said = segment.first_said();
        if learns {
            match (said, self.first) {
                (Some(_), _) => self.first = said,
                (None, Some(first)) if !goes_on => drop(self.undated.insert(index, first)),
                (None, _) => {}
            }
        }
        match self.undated.get(&index).filter(|_| said.is_none() && !goes_on) {
            Some(time) => segment.dated(*time),
            None => segment,
        }
    }

    /// Lets a thread read pieces.
    pub(super) fn read(
        &self,
        pieces: impl IntoIterator<Item = u64>,
        query: Option<Arc<Query>>,
    ) -> JoinHandle<io::Result<Read>> {
        let (file, length) = (Arc::clone(&self.file), self.meta.len());
        let written = |index| self.written.range(..=index).next_back().map(|(_, at)| *at);
        let pieces: Vec<_> =
            pieces.into_iter().map(|index| (index, written(index).unwrap_or_default())).collect();
        let division = self.division;
        let (stream, zone, formats) = (self.stream.clone(), self.zone.clone(), self.formats.clone());
        tokio::task::spawn_blocking(move || {
            let (mut buffer, mut read) = (Vec::new(), Read::default());
            let begins = |before: Option<&[u8]>, line: &[u8]| formats.begins(before, line);
            for (index, modified) in pieces {
                let piece = division.read(&Positioned(&file), length, index, &begins, &mut buffer)?;
                read.ended_early |= piece.ended_early;
                let wanted = query.as_ref().is_none_or(|query| query.may_be_in(&formats, piece.bytes));
                if !wanted {
                    read.pieces.push((index, None));
                    continue;
                }
                let (offset, bytes) = (piece.offset, piece.bytes);
                let text = |bytes| Text {
                    bytes,
                    stream: stream.as_bytes(),
                    formats: &formats,
                    zone: &zone,
                    now: modified,
                    before: None,
                };
                let before = if offset == 0 || text(bytes).begins_with_time() {
                    None
                } else {
                    let mut tail = vec![0; usize::try_from(offset).map_or(TAIL, |offset| offset.min(TAIL))];
                    let from = offset - tail.len() as u64;
                    let got = fill(&Positioned(&file), &mut tail, from)?;
                    // It may begin within a line, which says nothing then.
                    let lf = memchr::memchr(b'\n', &tail).filter(|_| from > 0).map_or(0, |lf| lf + 1);
                    text(tail.get(..got).unwrap_or_default()).last_time(lf..got)
                };
                let segment =
                    SegmentBuilder::of_file_after(before, stream.clone(), &zone, &formats, bytes, modified);
                let segment = segment.map(|lines| lines.cut_more(piece.cut));
                let lines = segment.map(|segment| Lines { segment, goes_on: before.is_some() });
                read.pieces.push((index, lines));
            }
            Ok(read)
        })
    }
}
