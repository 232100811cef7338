//! Reads bodies within bounds, packed and unpacked.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

use super::failure::Trip;
use crate::model::health::{Failure, FailureKind};

/// The most bytes of a body as it comes over the wire.
pub(super) const WIRE: u64 = 16 << 20;
/// The most bytes of a body, unpacked.
pub(super) const DECODED: usize = 32 << 20;
/// Unpacking may make so many bytes of one, after the first MiB.
const RATIO: u64 = 200;
const FREE: u64 = 1 << 20;

/// Takes a body in, in pieces.
pub(super) struct Body {
    wire: u64,
    most_wire: u64,
    form: Form,
}

enum Form {
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
}

/// Where unpacked bytes go.
struct Sink {
    bytes: Vec<u8>,
    total: u64,
    /// More is an error.
    most: u64,
    /// What may be there by now, by the ratio.
    allowed: u64,
    /// Only the last so many are kept.
    tail: Option<usize>,
    over: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.total = self.total.saturating_add(bytes.len() as u64);
        if self.total > self.most.min(self.allowed) {
            self.over = true;
            // What fits is kept, for those who want a beginning.
            let room = usize::try_from(self.most).unwrap_or(usize::MAX).saturating_sub(self.bytes.len());
            self.bytes.extend(bytes.iter().take(room));
            return Err(io::Error::other("too large"));
        }
        self.bytes.extend_from_slice(bytes);
        if let Some(tail) = self.tail
            && self.bytes.len() > tail.saturating_mul(2).max(1 << 16)
        {
            self.bytes.drain(..self.bytes.len() - tail);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Body {
    /// A body with this `Content-Encoding`, of which at most `most` bytes are unpacked, and the last
    /// `tail` kept.
    pub(super) fn new(
        trip: &Trip,
        encoding: Option<&str>,
        most: Option<usize>,
        tail: Option<usize>,
    ) -> Result<Self, Failure> {
        let most = most.unwrap_or(DECODED) as u64;
        // Where only the end is kept the rest costs time alone, which has its own bound.
        let (most, most_wire) = if tail.is_some() { (u64::MAX, u64::MAX) } else { (most, most.max(WIRE)) };
        let sink = Sink { bytes: Vec::new(), total: 0, most, allowed: u64::MAX, tail, over: false };
        let form = match encoding.map(|encoding| encoding.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Form::Plain(sink),
            Some("gzip" | "x-gzip") => Form::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Some(_) => {
                let what = "the answer is packed in a way that was not asked for";
                return Err(trip.failure(FailureKind::Unreadable, what));
            }
        };
        Ok(Self { wire: 0, most_wire, form })
    }

    /// Takes the next piece in.
    pub(super) fn push(&mut self, trip: &Trip, piece: &[u8]) -> Result<(), Failure> {
        self.wire = self.wire.saturating_add(piece.len() as u64);
        if self.wire > self.most_wire {
            return Err(too_large(trip, &format!("more than {} MiB", self.most_wire >> 20)));
        }
        let allowed = FREE.max(self.wire.saturating_mul(RATIO));
        let (result, sink) = match &mut self.form {
            Form::Plain(sink) => (sink.write_all(piece), sink),
            Form::Gzip(decoder) => {
                decoder.get_mut().allowed = allowed;
                let result = decoder.write_all(piece);
                (result, decoder.get_mut())
            }
        };
        result.map_err(|error| {
            if !sink.over {
                trip.failure(FailureKind::Unreadable, format!("the answer cannot be unpacked: {error}"))
            } else if sink.total > sink.most {
                too_large(trip, &format!("more than {} MiB", sink.most >> 20))
            } else {
                too_large(trip, &format!("one byte unpacks to more than {RATIO}"))
            }
        })
    }

    /// What was unpacked so far.
    pub(super) fn so_far(mut self) -> Vec<u8> {
        let sink = match &mut self.form {
            Form::Plain(sink) => sink,
            Form::Gzip(decoder) => {
                // The rest that it holds back; an error keeps what there is.
                drop(decoder.try_finish());
                decoder.get_mut()
            }
        };
        std::mem::take(&mut sink.bytes)
    }

    /// The body, and where it begins in the whole.
    pub(super) fn finish(self, trip: &Trip) -> Result<(Vec<u8>, u64), Failure> {
        let mut sink = match self.form {
            Form::Plain(sink) => sink,
            // Nothing came: 204, 304, or an empty file.
            Form::Gzip(mut decoder) if self.wire == 0 => std::mem::replace(decoder.get_mut(), Sink::empty()),
            Form::Gzip(decoder) => decoder.finish().map_err(|error| {
                trip.failure(FailureKind::Broken, format!("the packed answer is cut off: {error}"))
            })?,
        };
        if let Some(tail) = sink.tail {
            let over = sink.bytes.len().saturating_sub(tail);
            sink.bytes.drain(..over);
        }
        let from = sink.total.saturating_sub(sink.bytes.len() as u64);
        Ok((sink.bytes, from))
    }
}

impl Sink {
    fn empty() -> Self {
        Self { bytes: Vec::new(), total: 0, most: 0, allowed: 0, tail: None, over: false }
    }
}

fn too_large(trip: &Trip, how: &str) -> Failure {
    let what = format!("the answer is too large: {how}");
    trip.failure(FailureKind::TooLarge, what).advise("ask for less: name fewer things, or a shorter time")
}
