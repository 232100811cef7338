//! Cuts a stream of bytes into lines, whatever pieces it comes in.

/// What is kept of a line; the rest is counted. 64 KiB (trust D6).
pub const LINE_LIMIT: usize = 64 * 1024;

/// One line as read, without its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line<'a> {
    /// At most as many bytes as are kept of a line.
    pub bytes: &'a [u8],
    /// Bytes that were not kept.
    pub cut: u64,
}

impl<'a> From<&'a [u8]> for Line<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::cut_at(bytes, LINE_LIMIT)
    }
}

impl<'a> Line<'a> {
    fn cut_at(bytes: &'a [u8], limit: usize) -> Self {
        match bytes.split_at_checked(limit) {
            Some((kept, rest)) => Self { bytes: kept, cut: rest.len() as u64 },
            None => Self { bytes, cut: 0 },
        }
    }
}

/// Cuts bytes into lines at LF or CR LF. Holds at most one unfinished line.
#[derive(Debug)]
pub struct Splitter {
    limit: usize,
    partial: Vec<u8>,
    cut: u64,
    /// `partial` was handed out whole: it is over.
    given: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::with_limit(LINE_LIMIT)
    }
}

impl Splitter {
    /// Keeps `limit` bytes of each line: more than a line of a log for what wraps one.
    pub fn with_limit(limit: usize) -> Self {
        Self { limit, partial: Vec::new(), cut: 0, given: false }
    }

    /// Takes one line off the front of `rest`. `None` when no line ends in it: then it is taken
    /// whole and waits for the next piece.
    pub fn next<'a, 'b: 'a>(&'a mut self, rest: &mut &'b [u8]) -> Option<Line<'a>> {
        self.forget_given();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            self.keep(rest);
            *rest = &[];
            return None;
        };
        let (line, tail) = rest.split_at_checked(end)?;
        *rest = tail.get(1..).unwrap_or_default();
        if !self.is_pending() {
            return Some(Line::cut_at(line.strip_suffix(b"\r").unwrap_or(line), self.limit));
        }
        self.keep(line);
        if self.cut == 0 && self.partial.last() == Some(&b'\r') {
            self.partial.pop();
        }
        Some(self.give())
    }

    /// The line that has not ended, as if it had: at the end of a file, or after waiting enough.
    pub fn finish(&mut self) -> Option<Line<'_>> {
        self.forget_given();
        self.is_pending().then(|| self.give())
    }

    /// Whether a line has begun and not ended.
    pub fn is_pending(&self) -> bool {
        !self.given && (!self.partial.is_empty() || self.cut > 0)
    }

    /// Forgets the unfinished line; returns how many bytes it had.
    pub fn discard(&mut self) -> u64 {
        self.forget_given();
        let lost = self.partial.len() as u64 + self.cut;
        self.given = true;
        lost
    }

    fn give(&mut self) -> Line<'_> {
        self.given = true;
        Line { bytes: &self.partial, cut: self.cut }
    }

    fn forget_given(&mut self) {
        if self.given {
            self.partial.clear();
            self.partial.shrink_to(4096);
            self.cut = 0;
            self.given = false;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.partial.len());
        let kept = bytes.get(..room).unwrap_or(bytes);
        self.partial.extend_from_slice(kept);
        self.cut += (bytes.len() - kept.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<(Vec<u8>, u64)> {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while let Some(line) = splitter.next(&mut rest) {
                lines.push((line.bytes.to_vec(), line.cut));
            }
            assert!(rest.is_empty());
        }
        lines.extend(splitter.finish().map(|line| (line.bytes.to_vec(), line.cut)));
        assert!(!splitter.is_pending());
        lines
    }

    #[test]
    fn ends_of_both_kinds_and_a_last_line_without_one() {
        assert_eq!(
            split(&[b"a\nb\r", b"\n\n", b"c"]),
            [(b"a".to_vec(), 0), (b"b".to_vec(), 0), (Vec::new(), 0), (b"c".to_vec(), 0)]
        );
    }

    #[test]
    fn a_long_line_keeps_its_front_and_counts_the_rest() {
        let long = vec![b'x'; 10_000_000];
        for pieces in [vec![&long[..], b"\nnext\n"], long.chunks(70_001).chain([&b"\nnext\n"[..]]).collect()]
        {
            let lines = split(&pieces);
            assert_eq!(lines.len(), 2);
            assert_eq!((lines[0].0.len(), lines[0].1), (LINE_LIMIT, 10_000_000 - LINE_LIMIT as u64));
            assert_eq!(lines[1].0, b"next");
        }
        let whole = [&long[..], b"\n"].concat();
        assert_eq!(split(&[&whole])[0].1, 10_000_000 - LINE_LIMIT as u64);
    }

    #[test]
    fn what_is_discarded_is_counted() {
        let mut splitter = Splitter::default();
        let mut rest = &b"half"[..];
        assert_eq!(splitter.next(&mut rest), None);
        assert_eq!(splitter.discard(), 4);
        assert_eq!(splitter.discard(), 0);
        assert_eq!(splitter.finish(), None);
    }

    proptest! {
        #[test]
        fn the_pieces_do_not_matter(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..300),
            cuts in proptest::collection::vec(0_usize..300, 0..8),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            pieces.push(&bytes[from..]);
            prop_assert_eq!(split(&pieces), split(&[&bytes]));
            // And against the plain definition.
            let mut naive: Vec<Vec<u8>> = bytes.split(|&b| b == b'\n').map(<[u8]>::to_vec).collect();
            let last = naive.pop().unwrap();
            for line in &mut naive {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
            }
            if !last.is_empty() {
                naive.push(last);
            }
            prop_assert_eq!(split(&[&bytes]).into_iter().map(|l| l.0).collect::<Vec<_>>(), naive);
        }
    }
}
