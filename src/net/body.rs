//! Reads bodies within bounds, packed and unpacked.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

use super::failure::Trip;
use crate::model::health::{Failure, FailureKind};

/// The most bytes of a body as it comes over the wire.
const WIRE: u64 = 16 << 20;
/// The most bytes of a body, unpacked.
const DECODED: u64 = 32 << 20;
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

/// So much is held of a body of which only the last `tail` bytes are kept.
fn held(tail: usize) -> usize {
    tail.saturating_mul(2).max(1 << 16)
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
            && self.bytes.len() > held(tail)
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
        let (most, most_wire) = match (most, tail) {
            // Where only the end is kept the rest costs time alone, which has its own bound.
            (_, Some(_)) => (u64::MAX, u64::MAX),
            (Some(most), None) => (most as u64, WIRE.max(most as u64)),
            (None, None) => (DECODED, WIRE),
        };
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
            return Err(too_large(trip, &format!("more than {}", size(self.most_wire))));
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
                too_large(trip, &format!("more than {}", size(sink.most)))
            } else {
                too_large(trip, &format!("one byte unpacks to more than {RATIO}"))
            }
        })
    }

    /// Whether it is one of those that are read one after the other.
    pub(super) fn is_large(&self) -> bool {
        self.sink().bytes.len() as u64 > FREE
    }

    /// Makes room for all that may come, if the answer says its length so much, so that nothing is copied
    /// while it grows. The system gives the memory only when something is written there.
    pub(super) fn make_room(&mut self, length: Option<u64>) {
        let (sink, most) = match &mut self.form {
            Form::Plain(sink) => (sink, length.unwrap_or(self.most_wire)),
            Form::Gzip(decoder) => (decoder.get_mut(), u64::MAX),
        };
        let most = usize::try_from(most.min(sink.most).min(DECODED)).unwrap_or_default();
        let most = sink.tail.map_or(most, |tail| most.min(held(tail)));
        sink.bytes.reserve_exact(most.saturating_sub(sink.bytes.len()));
    }

    fn sink(&self) -> &Sink {
        match &self.form {
            Form::Plain(sink) => sink,
            Form::Gzip(decoder) => decoder.get_ref(),
        }
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

/// A bound in words, exactly.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

fn too_large(trip: &Trip, how: &str) -> Failure {
    let what = format!("the answer is too large: {how}");
    trip.failure(FailureKind::TooLarge, what).advise("ask for less: name fewer things, or a shorter time")
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::net::credential::Mask;

    fn trip() -> Trip {
        Trip {
            shown: "GET http://x/".to_owned(),
            host: "x:80".to_owned(),
            proxy: None,
            mask: Mask::default(),
        }
    }

    fn packed(chunk: &[u8], times: usize) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..times {
            packer.write_all(chunk).unwrap();
        }
        packer.finish().unwrap()
    }

    /// What comes of a body that arrives in pieces, and the most bytes that were held meanwhile.
    fn take(
        bytes: &[u8],
        encoding: Option<&str>,
        most: Option<usize>,
        tail: Option<usize>,
    ) -> (Result<(Vec<u8>, u64), Failure>, usize) {
        let mut body = Body::new(&trip(), encoding, most, tail).unwrap();
        let mut held = 0;
        for piece in bytes.chunks(8192) {
            let pushed = body.push(&trip(), piece);
            held = held.max(body.sink().bytes.capacity());
            if let Err(failure) = pushed {
                return (Err(failure), held);
            }
        }
        (body.finish(&trip()), held)
    }

    #[test]
    fn a_bomb_is_stopped_long_before_it_is_unpacked() {
        let bomb = packed(&vec![0; 1 << 20], 1024);
        assert!(bomb.len() < 2 << 20, "a GiB in a MiB");
        let (result, held) = take(&bomb, Some("gzip"), None, None);
        let failure = result.unwrap_err();
        assert_eq!(failure.kind, FailureKind::TooLarge);
        assert!(failure.what.as_str().unwrap().contains("unpacks to more than 200"), "{failure:?}");
        assert!(held < 8 << 20, "{held} bytes");
        // Also where only the end is wanted.
        let (result, held) = take(&bomb, Some("gzip"), None, Some(100));
        assert_eq!(result.unwrap_err().kind, FailureKind::TooLarge);
        assert!(held < 8 << 20, "{held} bytes");
    }

    #[test]
    fn honest_packing_is_unpacked_up_to_the_bound() {
        let noise: Vec<u8> =
            (0_u32..1 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        let (result, _) = take(&packed(&noise, 4), Some("gzip"), None, None);
        assert_eq!(result.unwrap(), (noise.repeat(4), 0));
        let (result, _) = take(&packed(b"{}", 1), Some("X-Gzip"), None, None);
        assert_eq!(result.unwrap().0, b"{}");
        // Two members, as `cat a.gz b.gz` makes.
        let two = [packed(b"a", 1), packed(b"b", 1)].concat();
        assert_eq!(take(&two, Some("gzip"), None, None).0.unwrap().0, b"ab");
        assert_eq!(take(b"", Some("gzip"), None, None).0.unwrap().0, b"");
        assert_eq!(
            take(&vec![b'x'; 1001], None, Some(1000), None).0.unwrap_err().kind,
            FailureKind::TooLarge
        );
        assert_eq!(take(&vec![b'x'; 1000], None, Some(1000), None).0.unwrap().0.len(), 1000);
        for (most, words) in [(1000, "1000 bytes"), (512 << 10, "512 KiB"), (2 << 20, "2 MiB")] {
            let failure = take(&vec![b'x'; most + 1], None, Some(most), None).0.unwrap_err();
            let what = failure.what.as_str().unwrap().to_owned();
            assert!(what.ends_with(&format!("too large: more than {words}")), "{what}");
        }
    }

    #[test]
    fn room_is_made_once_and_within_the_bounds() {
        let piece: Vec<u8> =
            (0_u32..1 << 19).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        let room = |encoding, most, tail, length| {
            let mut body = Body::new(&trip(), encoding, most, tail).unwrap();
            let sent = if encoding.is_some() { packed(&piece, 1) } else { piece.clone() };
            body.push(&trip(), &sent).unwrap();
            let is_large = body.is_large();
            body.make_room(length);
            (is_large, body.sink().bytes.capacity())
        };
        assert_eq!(room(None, None, None, Some(5 << 20)), (true, 5 << 20));
        assert_eq!(room(None, None, None, None), (true, 16 << 20));
        assert_eq!(room(None, None, None, Some(u64::MAX)), (true, 32 << 20));
        assert_eq!(room(None, Some(2 << 20), None, Some(u64::MAX)), (true, 2 << 20));
        assert_eq!(room(Some("gzip"), None, None, Some(1000)), (true, 32 << 20));
        // Where only the end is kept, that is the bound, whatever length there is.
        assert_eq!(room(None, None, Some(4 << 20), Some(u64::MAX)), (true, 8 << 20));
    }

    #[test]
    fn the_end_of_a_large_body_is_kept_in_little_memory() {
        let large: Vec<u8> =
            (0..40_usize << 20).map(|n| b'a' + u8::try_from(n / 999 % 26).unwrap()).collect();
        let (result, held) = take(&large, None, None, Some(5000));
        let (bytes, from) = result.unwrap();
        assert_eq!(from, (large.len() - 5000) as u64);
        assert_eq!(bytes, large[large.len() - 5000..]);
        assert!(held < 1 << 20, "{held} bytes");
        let (result, held) = take(&large, None, None, Some(2 << 20));
        assert_eq!(result.unwrap().0.len(), 2 << 20);
        assert!(held <= 8 << 20, "{held} bytes");
    }
}
