//! Bytes as they come, unpacked where they begin as what gzip packed.

use std::io::{self, Write as _};

use flate2::write::MultiGzDecoder;

/// What gzip's output begins with.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Packed bytes that are unpacked at once: what comes of them is a thousand times as much at most.
const STEP: usize = 4096;

/// Bytes on their way from who writes them.
pub(super) enum Unpack {
    /// It may begin as what gzip packed: so many of its first bytes have come.
    Unsure(usize),
    Plain,
    Packed(Box<MultiGzDecoder<Vec<u8>>>),
    /// It was damaged: what comes after that says nothing.
    Lost,
}

impl Default for Unpack {
    fn default() -> Self {
        Self::Unsure(0)
    }
}

impl Unpack {
    /// Takes what comes next and gives what is in it. Errors, once, when that is damaged.
    pub(super) fn take(&mut self, bytes: &[u8], give: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        if let Self::Unsure(come) = *self {
            let front = come + bytes.len().min(GZIP.len() - come);
            let goes_on = bytes.get(..front - come) == GZIP.get(come..front);
            if goes_on && front < GZIP.len() {
                *self = Self::Unsure(front);
                return Ok(());
            }
            *self =
                if goes_on { Self::Packed(Box::new(MultiGzDecoder::new(Vec::new()))) } else { Self::Plain };
            let before = GZIP.get(..come).unwrap_or_default();
            self.take(before, give)?;
        }
        let done = match self {
            Self::Packed(decoder) => bytes.chunks(STEP).try_for_each(|bytes| {
                let done = decoder.write_all(bytes).and_then(|()| decoder.flush());
                give(&std::mem::take(decoder.get_mut()));
                done
            }),
            Self::Plain => {
                give(bytes);
                Ok(())
            }
            Self::Unsure(_) | Self::Lost => Ok(()),
        };
        if done.is_err() {
            *self = Self::Lost;
        }
        done
    }

    /// Gives what is left: no more comes of who wrote it, and what comes next begins anew. Errors when its
    /// end is missing.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        match std::mem::take(self) {
            Self::Unsure(come) => give(GZIP.get(..come).unwrap_or_default()),
            Self::Packed(mut decoder) => {
                let done = decoder.try_finish();
                give(&std::mem::take(decoder.get_mut()));
                return done;
            }
            Self::Plain | Self::Lost => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// What is given of these, and whether all of it was well.
    fn unpacked(unpack: &mut Unpack, pieces: &[&[u8]]) -> (Vec<u8>, Vec<io::ErrorKind>) {
        let (mut all, mut wrong) = (Vec::new(), Vec::new());
        let mut give = |bytes: &[u8]| all.extend_from_slice(bytes);
        let mut done: Vec<_> = pieces.iter().map(|piece| unpack.take(piece, &mut give)).collect();
        done.push(unpack.finish(&mut give));
        wrong.extend(done.into_iter().filter_map(Result::err).map(|error| error.kind()));
        (all, wrong)
    }

    #[test]
    fn what_is_packed_comes_as_soon_as_it_can_be_read_and_a_missing_end_is_told() {
        let text = b"one\ntwo\nthree\n".repeat(9000);
        let bytes = packed(&text);
        let mut unpack = Unpack::default();
        let mut come = 0;
        unpack.take(&bytes[..bytes.len() / 2], &mut |bytes| come += bytes.len()).unwrap();
        assert!(come > text.len() / 4, "{come} of {}", text.len());
        assert_eq!(unpack.finish(&mut |_| ()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        // Who writes next begins anew.
        assert_eq!(unpacked(&mut unpack, &[b"plain"]), (b"plain".to_vec(), vec![]));
        let mut damaged = bytes;
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 1;
        let (got, wrong) = unpacked(&mut unpack, &[&damaged[..], b"more", b"and more"]);
        assert!(got == text && wrong.len() == 1, "{wrong:?}");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            text in proptest::collection::vec(prop_oneof![Just(0x1f), Just(0x8b), any::<u8>()], 0..6),
            is_packed in any::<bool>(),
            members in 1_usize..3,
            cuts in proptest::collection::vec(0_usize..200, 0..8),
        ) {
            // What is not packed and begins so is damaged.
            prop_assume!(is_packed || !text.starts_with(&GZIP));
            let bytes = if is_packed { packed(&text).repeat(members) } else { text.clone() };
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let expected = if is_packed { text.repeat(members) } else { text };
            prop_assert_eq!(unpacked(&mut Unpack::default(), &pieces), (expected, vec![]));
        }
    }
}
