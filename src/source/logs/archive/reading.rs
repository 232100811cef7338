//! Reading pieces of a file on threads, and the times of their lines that say none.

use std::cmp::Ordering;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::Reader;
use crate::logs::archive::Judged;
use crate::logs::query::Query;
use crate::logs::read::fill;
use crate::logs::record::{Text, Unit};
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
    /// What the search in force sees of the records in which lines are cut.
    pub(super) judged: Vec<Judged>,
}

impl Reader<'_> {
    /// Gives the lines of a piece without a time the first one after them, where nothing is known of what
    /// is before it, so that they stand where they are in the file.
    pub(super) fn date(&mut self, index: u64, lines: Lines, learns: bool) -> Segment {
        let Lines { segment, goes_on, .. } = lines;
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
        let judge = self.judges.as_ref().map(|sought| Arc::clone(&sought.query));
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
                let text = Text {
                    bytes,
                    stream: stream.as_bytes(),
                    formats: &formats,
                    zone: &zone,
                    now: modified,
                    before: None,
                };
                let before = if offset == 0 || text.begins_with_time() {
                    None
                } else {
                    let mut tail = vec![0; usize::try_from(offset).map_or(TAIL, |offset| offset.min(TAIL))];
                    let from = offset - tail.len() as u64;
                    let got = fill(&Positioned(&file), &mut tail, from)?;
                    // It may begin within a line, which says nothing then.
                    let lf = memchr::memchr(b'\n', &tail).filter(|_| from > 0).map_or(0, |lf| lf + 1);
                    let tail = tail.get(..got).unwrap_or_default();
                    Text { bytes: tail, ..text }.last_time(lf..got)
                };
                let segment =
                    SegmentBuilder::of_file_after(before, stream.clone(), &zone, &formats, bytes, modified);
                let segment = segment.map(|lines| lines.cut_more(piece.cut));
                let lines = segment.map(|segment| {
                    let text = Text { before: before.or(segment.first_said()), ..text };
                    let judged =
                        judge.as_ref().map(|query| judged(query, &segment, &text)).unwrap_or_default();
                    Lines { segment, goes_on: before.is_some(), judged }
                });
                read.pieces.push((index, lines));
            }
            Ok(read)
        })
    }
}

/// What a query sees of the records in which lines are cut, with all that these have.
fn judged(query: &Query, segment: &Segment, text: &Text<'_>) -> Vec<Judged> {
    let mut records: Vec<Judged> = segment.cut_records().map(|lines| Judged { lines, sees: false }).collect();
    if records.is_empty() {
        return records;
    }
    // Hits come in order: the line that one begins with is counted from the one before.
    let (mut line, mut at) = (0_u32, 0);
    let mut sees = |range: Range<usize>| {
        let between = text.bytes.get(at..range.start).unwrap_or_default();
        let ends = memchr::memchr_iter(b'\n', between).count();
        line += u32::try_from(ends).unwrap_or(u32::MAX);
        at = range.start;
        let found = records.binary_search_by(|record| match line {
            _ if record.lines.end <= line => Ordering::Less,
            _ if record.lines.start > line => Ordering::Greater,
            _ => Ordering::Equal,
        });
        if let Some(record) = found.ok().and_then(|found| records.get_mut(found)) {
            record.sees = true;
        }
    };
    text.search(query, Unit::Record, |range, _| sees(range), |_| ());
    records
}
