//! One open file of a log: its bytes become lines.

use std::io;
use std::ops::{ControlFlow, Range};

use jiff::{SignedDuration, Timestamp};

use super::noise;
use super::reader::{Found, Reader};
use crate::logs::segment::{Given, Segment, SegmentBuilder};
use crate::logs::split::Splitter;

/// Bytes read from one file before another has its turn.
const PIECE: usize = 256 * 1024;
/// How long a line may wait for its end.
const HOLD: SignedDuration = SignedDuration::from_secs(2);

/// Takes finished segments; breaks when nobody wants them any more.
pub(super) type Sink<'a> = dyn FnMut(Segment) -> ControlFlow<()> + 'a;

/// What is left of a file to read, as far as the last turn saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Left {
    /// More, or it was not looked at.
    More,
    Nothing,
    /// It could not be read.
    Unreadable(io::ErrorKind),
}

/// One open file and the line that it is in.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) reader: Reader,
    pub(super) splitter: Splitter,
    /// When bytes last came.
    pub(super) fed: Timestamp,
    pub(super) left: Left,
    /// Bytes not shown since the file turned binary.
    pub(super) binary: Option<u64>,
}

impl Feed {
    pub(super) fn new(reader: Reader, now: Timestamp) -> Self {
        Self { reader, splitter: Splitter::default(), fed: now, left: Left::More, binary: None }
    }

    /// Reads a piece.
    pub(super) fn pump(
        &mut self,
        builder: &mut SegmentBuilder,
        buffer: &mut Vec<u8>,
        now: Timestamp,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<(), io::Result<Found>> {
        let at_start = self.reader.offset() == 0;
        let found = match self.reader.read(buffer, PIECE) {
            Ok(found) => found,
            Err(error) => {
                self.left = Left::Unreadable(error.kind());
                return ControlFlow::Continue(Err(error));
            }
        };
        let ended = matches!(found, Found::Nothing | Found::Bytes { more: false });
        self.left = if ended { Left::Nothing } else { Left::More };
        if let Found::Bytes { .. } = found {
            self.fed = now;
            self.take(buffer, at_start, builder, now, sink)?;
        }
        ControlFlow::Continue(Ok(found))
    }

    /// Makes lines of bytes, unless they are no text.
    pub(super) fn take(
        &mut self,
        mut bytes: &[u8],
        at_start: bool,
        builder: &mut SegmentBuilder,
        now: Timestamp,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        if at_start {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            // A writer that does not append leaves a hole in front when the file is cut under it.
            let hole = bytes.iter().take_while(|&&b| b == 0).count();
            if hole > 0 {
                builder.note(&format!("{hole} NUL bytes at the start of the file are not shown"), now);
                bytes = bytes.get(hole..).unwrap_or_default();
            }
        }
        let start = self.reader.offset() - bytes.len() as u64;
        let mut at = 0;
        for noise in noise::stretches(bytes, self.binary.is_some()) {
            self.show(bytes.get(at..noise.start).unwrap_or_default(), builder, now, sink)?;
            // One that ends with its line may reach into the next.
            self.withhold(start, at.max(noise.start)..noise.end, builder, now);
            at = at.max(noise.end);
        }
        self.show(bytes.get(at..).unwrap_or_default(), builder, now, sink)
    }

    /// Leaves out the bytes of `noise`, which are counted from `start` on.
    fn withhold(&mut self, start: u64, noise: Range<usize>, builder: &mut SegmentBuilder, now: Timestamp) {
        if self.binary.is_none() {
            self.finish(builder, now);
            let at = start + noise.start as u64;
            builder.note(&format!("binary data from byte {at} on, not shown"), now);
        }
        *self.binary.get_or_insert(0) += noise.len() as u64;
    }

    /// Makes lines of text.
    fn show(
        &mut self,
        mut bytes: &[u8],
        builder: &mut SegmentBuilder,
        now: Timestamp,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        if bytes.is_empty() {
            return ControlFlow::Continue(());
        }
        if let Some(skipped) = self.binary.take() {
            builder.note(&format!("text again; {skipped} bytes of binary data were not shown"), now);
        }
        while let Some(line) = self.splitter.next(&mut bytes) {
            builder.push(line, Given::default(), now);
            if builder.is_full() {
                seal(builder, sink)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Lets go of a line whose end has not come for long.
    pub(super) fn flush(&mut self, builder: &mut SegmentBuilder, now: Timestamp) {
        if self.splitter.is_pending() && now.duration_since(self.fed) >= HOLD {
            self.finish(builder, now);
        }
    }

    pub(super) fn finish(&mut self, builder: &mut SegmentBuilder, now: Timestamp) {
        if let Some(line) = self.splitter.finish() {
            builder.push(line, Given::default(), now);
        }
    }
}

pub(super) fn seal(builder: &mut SegmentBuilder, sink: &mut Sink<'_>) -> ControlFlow<()> {
    builder.seal().map_or(ControlFlow::Continue(()), sink)
}
