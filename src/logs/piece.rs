//! Cuts a file into pieces of whole lines or records, so that several threads can work on it.
//!
//! Piece `i` has what begins in the bytes from `i` to `i + 1` times the size of a piece. So who reads a
//! piece needs to know nothing of the others, and each line or record is in exactly one. A whole piece in which no
//! record begins is cut off the record that it goes on with: so none is longer than two pieces
//! and a line.

use std::io;
use std::ops::Range;

use super::read::{ReadAt, fill};

/// Bytes in which what is in one piece begins. Small enough for a core's cache, large enough that
/// the system call does not count.
pub const PIECE: usize = 256 * 1024;
/// Pieces of a file of which something is kept: at 1 KiB each these are 32 MiB.
const KEPT: u64 = 32 * 1024;
/// What is read beyond in the hope that the last line ends there.
const SLACK: usize = 4 * 1024;
/// What is kept of one line; the rest of a longer one is counted and not looked at.
pub const LONGEST: usize = 128 * 1024 * 1024;

/// Some whole lines or records of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece<'a> {
    /// Where it begins in the file.
    pub offset: u64,
    /// The lines, each with its LF; only the last of a file may have none.
    pub bytes: &'a [u8],
    /// Bytes of the last line that were not kept because it is too long.
    pub cut: u64,
    /// The file ended before the length that it had when it was opened.
    pub ended_early: bool,
}

/// Whether a line begins what shall not be cut. It is given the line before that is not blank too,
/// where that is at hand.
pub type Begins<'a> = &'a (dyn Fn(Option<&[u8]>, &[u8]) -> bool + Sync);

/// For pieces of lines: each one begins.
pub const EVERY_LINE: Begins<'static> = &|_, _| true;

/// How long the pieces of a file are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Division {
    size: usize,
}

impl Default for Division {
    /// For who keeps nothing of a piece.
    fn default() -> Self {
        Self { size: PIECE }
    }
}

impl Division {
    /// For who keeps something of each piece: those of a file of over 8 GiB are longer.
    pub fn kept(length: u64) -> Self {
        let mut division = Self::default();
        while division.pieces(length) > KEPT && division.size < LONGEST {
            division.size *= 2;
        }
        division
    }

    /// Whether a file that has grown to `length` bytes should be divided anew.
    pub fn is_outgrown(self, length: u64) -> bool {
        self.pieces(length) > 2 * KEPT && Self::kept(length) != self
    }

    /// How many pieces a file of `length` bytes has.
    pub fn pieces(self, length: u64) -> u64 {
        length.div_ceil(self.size as u64)
    }

    /// How many pieces are `bytes`; at least one.
    pub fn of_bytes(self, bytes: usize) -> u64 {
        (bytes / self.size).max(1) as u64
    }

    /// Reads piece `index` of a file of `length` bytes into `buffer`.
    pub fn read<'a>(
        self,
        file: &(impl ReadAt + ?Sized),
        length: u64,
        index: u64,
        begins: Begins<'_>,
        buffer: &'a mut Vec<u8>,
    ) -> io::Result<Piece<'a>> {
        let begin = index * self.size as u64;
        // The byte before says whether a line begins here.
        let from = begin.saturating_sub(1);
        let own = usize::try_from(begin - from).unwrap_or_default();
        let mut window = Window { file, from, length, buffer, filled: 0, ended_early: false };
        window.reach(own + self.size + SLACK)?;
        let nothing = |early| Piece { offset: begin, bytes: &[], cut: 0, ended_early: early };
        // What the file begins with goes on with nothing.
        let first_begins = if index == 0 { EVERY_LINE } else { begins };
        let mut start = window.first(own, own + self.size, first_begins)?;
        // What is behind a line that was cut is in no piece before.
        if let Some(line) = window.line(own, own + self.size)?.filter(|line| start != Some(*line))
            && self.is_cut_before(file, from + line as u64)?
        {
            start = Some(line);
        }
        let Some(start) = start else { return Ok(nothing(window.ended_early)) };
        let (stop, cut) = match window.line(own + self.size, LONGEST)? {
            // It is in a later piece, which has what begins there, or all if nothing does.
            Some(next) => {
                let later = (next - own) / self.size + 1;
                (window.first(next, own + later * self.size, begins)?.unwrap_or(window.filled), 0)
            }
            None => (window.filled, window.rest_of_line()?),
        };
        let Window { buffer, ended_early, .. } = window;
        let bytes = buffer.get(start..stop).unwrap_or_default();
        Ok(Piece { offset: from + start as u64, bytes, cut, ended_early })
    }
}

impl Division {
    /// Whether the line that ends right before `end` is cut by the piece that it begins in.
    fn is_cut_before(self, file: &(impl ReadAt + ?Sized), end: u64) -> io::Result<bool> {
        let is_cut = |start: u64| {
            let piece = start / self.size as u64 * self.size as u64;
            end - piece.saturating_sub(1) >= LONGEST as u64
        };
        let mut buffer = Vec::new();
        // Before its LF.
        let mut at = end.saturating_sub(1);
        while at > 0 {
            let step = if buffer.is_empty() { SLACK } else { PIECE };
            let from = at.saturating_sub(step as u64);
            buffer.resize(usize::try_from(at - from).unwrap_or(step), 0);
            let got = fill(file, &mut buffer, from)?;
            if let Some(lf) = memchr::memrchr(b'\n', buffer.get(..got).unwrap_or_default()) {
                return Ok(is_cut(from + lf as u64 + 1));
            }
            if is_cut(from) {
                return Ok(true);
            }
            at = from;
        }
        Ok(false)
    }
}

/// The bytes of a file from a place on, as far as they were asked for.
struct Window<'a, 'b, F: ?Sized> {
    file: &'a F,
    from: u64,
    length: u64,
    /// Longer than what was read: what it had before is written over, not cleared first.
    buffer: &'b mut Vec<u8>,
    filled: usize,
    ended_early: bool,
}

impl<F: ReadAt + ?Sized> Window<'_, '_, F> {
    /// Reads as far as `to`, or to the end of the file.
    fn reach(&mut self, to: usize) -> io::Result<()> {
        let filled = self.filled;
        let rest = usize::try_from(self.length.saturating_sub(self.from)).unwrap_or(usize::MAX);
        let to = to.min(rest);
        if filled >= to || self.ended_early {
            return Ok(());
        }
        if self.buffer.len() < to {
            self.buffer.resize(to, 0);
        }
        let fresh = self.buffer.get_mut(filled..to).unwrap_or_default();
        let got = fill(self.file, fresh, self.from + filled as u64)?;
        self.filled = filled + got;
        self.ended_early = filled + got < to;
        Ok(())
    }

    /// Whether there is nothing behind what was read.
    fn is_whole(&self) -> bool {
        self.ended_early || self.from + self.filled as u64 >= self.length
    }

    /// Where the first line begins that begins in `at..to`.
    fn line(&mut self, at: usize, to: usize) -> io::Result<Option<usize>> {
        if at == 0 {
            return Ok((self.filled > 0 && to > 0).then_some(0));
        }
        let mut from = at - 1;
        loop {
            let filled = self.filled;
            let looked = self.buffer.get(from..filled.min(to - 1)).unwrap_or_default();
            if let Some(lf) = memchr::memchr(b'\n', looked) {
                let start = from + lf + 1;
                self.reach(start + 1)?;
                return Ok((start < self.filled).then_some(start));
            }
            if filled >= to || self.is_whole() {
                return Ok(None);
            }
            from = from.max(filled);
            self.reach(to.min(2 * filled.max(PIECE)))?;
        }
    }

    /// Where what shall not be cut first begins in `at..to`. The first line if nothing does, unless
    /// the file ends before `to`.
    fn first(&mut self, at: usize, to: usize, begins: Begins<'_>) -> io::Result<Option<usize>> {
        let first = self.line(at, to)?;
        let mut next = first;
        let mut before = None;
        while let Some(start) = next.filter(|start| *start < to) {
            next = self.line(start + 1, LONGEST)?;
            let end = next.unwrap_or(self.filled);
            let get = |range| without_end(self.buffer.get(range).unwrap_or_default());
            let line = get(start..end);
            if begins(before.clone().map(get), line) {
                return Ok(Some(start));
            }
            if !line.trim_ascii().is_empty() {
                before = Some(start..end);
            }
        }
        Ok(first.filter(|_| self.from + to as u64 <= self.length))
    }

    /// Bytes from the end of what was read to the end of the line, without its LF.
    fn rest_of_line(&self) -> io::Result<u64> {
        let offset = self.from + self.filled as u64;
        let mut buffer = Vec::new();
        let mut at = offset;
        while at < self.length && !self.ended_early {
            buffer.resize(PIECE, 0);
            let got = fill(self.file, &mut buffer, at)?;
            let read = buffer.get(..got).unwrap_or_default();
            if let Some(lf) = memchr::memchr(b'\n', read) {
                return Ok(at + lf as u64 - offset);
            }
            if got == 0 {
                break;
            }
            at += got as u64;
        }
        Ok(at.min(self.length).max(offset) - offset)
    }
}

/// Where in these whole lines the last one begins that shall not be cut off what is before it.
pub fn last_beginning(lines: &[u8], begins: Begins<'_>) -> Option<usize> {
    let mut end = lines.len();
    while end > 0 {
        let start = line_start(lines, end - 1);
        let before =
            line_before(lines, start).map(|before| without_end(lines.get(before).unwrap_or_default()));
        if begins(before, without_end(lines.get(start..end).unwrap_or_default())) {
            return Some(start);
        }
        end = start;
    }
    None
}

/// Where the line begins that the byte at `at` ends or is in.
fn line_start(lines: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', lines.get(..at).unwrap_or_default()).map_or(0, |lf| lf + 1)
}

/// The line before the one at `start` that is not blank.
pub(super) fn line_before(lines: &[u8], start: usize) -> Option<Range<usize>> {
    let mut end = start;
    while end > 0 {
        let start = line_start(lines, end - 1);
        if !lines.get(start..end)?.trim_ascii().is_empty() {
            return Some(start..end);
        }
        end = start;
    }
    None
}

/// A line without its LF or CR LF.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8]) -> Vec<(u64, Vec<u8>)> {
        all_that(text, EVERY_LINE)
    }

    fn all_that(text: &[u8], begins: Begins<'_>) -> Vec<(u64, Vec<u8>)> {
        let mut buffer = Vec::new();
        let length = text.len() as u64;
        let division = Division::default();
        let pieces = (0..division.pieces(length)).map(|index| {
            let piece = division.read(text, length, index, begins, &mut buffer).unwrap();
            assert_eq!((piece.cut, piece.ended_early), (0, false));
            (piece.offset, piece.bytes.to_vec())
        });
        pieces.filter(|(_, bytes)| !bytes.is_empty()).collect()
    }

    #[test]
    fn a_long_file_has_longer_pieces_so_that_few_are_kept() {
        let gib = 1 << 30;
        assert_eq!(Division::kept(0), Division::default());
        assert_eq!(Division::kept(8 * gib).pieces(8 * gib), KEPT);
        assert_eq!(Division::kept(8 * gib + 1).pieces(8 * gib + 1), KEPT / 2 + 1);
        assert!((KEPT / 2..=KEPT).contains(&Division::kept(1000 * gib).pieces(1000 * gib)));
        let grows = Division::kept(gib);
        assert!(!grows.is_outgrown(16 * gib) && grows.is_outgrown(16 * gib + 1));
        assert!(!Division::kept(u64::MAX).is_outgrown(u64::MAX), "the longest pieces that there are");
        assert_eq!((grows.of_bytes(4 * PIECE), Division::kept(100 * gib).of_bytes(PIECE)), (4, 1));
    }

    #[test]
    fn a_line_is_whole_in_the_piece_in_which_it_begins() {
        let long = "x".repeat(3 * PIECE);
        let text = format!("one\n{long}\ntwo\nthree");
        let pieces = all(text.as_bytes());
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0].1.len(), 4 + long.len() + 1);
        assert_eq!(pieces[1], (5 + long.len() as u64, b"two\nthree".to_vec()));
    }

    #[test]
    fn a_file_that_was_cut_says_so() {
        let text = b"one\ntwo";
        let mut buffer = Vec::new();
        let piece = Division::default().read(&text[..], 100, 0, EVERY_LINE, &mut buffer).unwrap();
        assert_eq!((piece.bytes, piece.ended_early), (&text[..], true));
        let gone = Division::default().read(&text[..], 2 * PIECE as u64, 1, EVERY_LINE, &mut buffer).unwrap();
        assert_eq!((gone.bytes, gone.ended_early), (&[][..], true));
    }

    #[test]
    fn of_a_line_that_is_too_long_the_rest_is_counted() {
        struct Endless;
        impl ReadAt for Endless {
            fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
                buffer.fill(b'x');
                let lf = 3 * LONGEST as u64;
                if let Some(at) =
                    lf.checked_sub(offset).and_then(|at| buffer.get_mut(usize::try_from(at).unwrap()))
                {
                    *at = b'\n';
                }
                Ok(buffer.len())
            }
        }
        let mut buffer = Vec::new();
        let piece =
            Division::default().read(&Endless, 4 * LONGEST as u64, 0, EVERY_LINE, &mut buffer).unwrap();
        assert!(piece.bytes.len() >= LONGEST);
        assert_eq!(piece.bytes.len() as u64 + piece.cut, 3 * LONGEST as u64);
    }

    #[test]
    fn what_is_behind_a_line_that_is_too_long_is_in_a_piece() {
        /// Zeros, and an end.
        struct Long(&'static [u8]);
        const END: u64 = LONGEST as u64 + 5000;
        impl ReadAt for Long {
            fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
                let length = (END + self.0.len() as u64).saturating_sub(offset);
                let got = buffer.len().min(usize::try_from(length).unwrap());
                let (got, _) = buffer.split_at_mut(got);
                got.fill(0);
                if offset + (got.len() as u64) <= END {
                    return Ok(got.len());
                }
                for (byte, at) in got.iter_mut().zip(offset..) {
                    if let Some(at) = at.checked_sub(END) {
                        *byte = self.0[usize::try_from(at).unwrap()];
                    }
                }
                Ok(got.len())
            }
        }
        let begins: Begins<'_> = &|_, line| line.starts_with(b"*");
        let division = Division::default();
        let mut buffer = Vec::new();
        for (end, found) in [
            (&b"\n  goes on\n"[..], &b"  goes on\n"[..]),
            (b"\n  goes on\n* one\n", b"  goes on\n* one\n"),
            (b"\n", b""),
        ] {
            let file = Long(end);
            let last = division.pieces(END) - 1;
            let piece = division.read(&file, END + end.len() as u64, last, begins, &mut buffer).unwrap();
            assert_eq!(piece.bytes, found);
        }
        // What goes on with a line that was not cut is in its piece.
        let lines = [&vec![b'x'; PIECE][..], b"\n  goes on\n"].concat();
        let piece = division.read(&lines[..], lines.len() as u64, 1, begins, &mut buffer).unwrap();
        assert_eq!(piece.bytes, b"");
    }

    #[test]
    fn a_record_is_whole_unless_it_is_longer_than_a_piece() {
        let record = format!("* one\n{}", "  goes on\n".repeat(PIECE / 20));
        let pieces = all_that(record.repeat(20).as_bytes(), &|_, line| line.starts_with(b"*"));
        let fronts: Vec<_> = pieces
            .iter()
            .map(|(at, bytes)| (*at, String::from_utf8_lossy(&bytes[..6]).into_owned(), bytes.len()))
            .collect();
        assert!(fronts.iter().all(|(_, front, _)| front == "* one\n"), "{fronts:?}");
        let endless = format!("* one\n{}", "  goes on\n".repeat(PIECE));
        let pieces = all_that(endless.as_bytes(), &|_, line| line.starts_with(b"*"));
        assert!(pieces.len() > 5);
    }

    proptest! {
        #[test]
        fn every_byte_is_in_one_piece(
            lengths in proptest::collection::vec(prop_oneof![0_usize..50, 10_000_usize..90_000, PIECE - 3..PIECE + 3], 0..20),
            ends in any::<bool>(),
            begin in 1_usize..9,
        ) {
            let mut text: Vec<u8> = Vec::new();
            for (letter, length) in (b'a'..=b'z').cycle().zip(&lengths) {
                text.extend(std::iter::repeat_n(letter, *length));
                text.push(b'\n');
            }
            if !ends {
                text.pop();
            }
            let pieces = all_that(&text, &|_, line| line.len() % begin == 0);
            let mut at = 0;
            for (offset, bytes) in &pieces {
                prop_assert_eq!(*offset, at);
                at += bytes.len() as u64;
                prop_assert!(bytes.ends_with(b"\n") || at == text.len() as u64);
            }
            let joined: Vec<u8> = pieces.into_iter().flat_map(|(_, bytes)| bytes).collect();
            prop_assert!(joined == text);
        }
    }
}
