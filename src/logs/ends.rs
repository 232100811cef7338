//! Lines that end in CR LF as they are read: without the CR, which is of the end and not of the line.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

/// Lines, each with its LF, without the CR before it.
pub(super) struct Ends<'a> {
    /// The lines.
    pub(super) bytes: Cow<'a, [u8]>,
    /// Where a CR was: before this place in `bytes`.
    taken: Vec<usize>,
}

impl<'a> Ends<'a> {
    /// Takes them away, and one at the very end. Where none is, nothing is copied.
    pub(super) fn of(text: &'a [u8]) -> Self {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let Some(first) = memmem::find(text, b"\r\n") else {
            return Self { bytes: text.into(), taken: Vec::new() };
        };
        let mut bytes = Vec::with_capacity(text.len());
        let mut taken = Vec::new();
        let mut kept = 0;
        let rest = text.get(first..).unwrap_or_default();
        for at in memmem::find_iter(rest, b"\r\n").map(|at| first + at) {
            bytes.extend_from_slice(text.get(kept..at).unwrap_or_default());
            taken.push(bytes.len());
            kept = at + 1;
        }
        bytes.extend_from_slice(text.get(kept..).unwrap_or_default());
        Self { bytes: bytes.into(), taken }
    }

    /// Where what is at `range` stood; at its end no CR that was taken away.
    pub(super) fn stood(&self, range: Range<usize>) -> Range<usize> {
        let place = |at: usize| at + self.taken.partition_point(|taken| *taken < at);
        place(range.start)..place(range.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_are_those_between_lf_without_one_cr_and_stood_where_they_are(
            text in "[ab\r\n]{0,40}",
        ) {
            let ends = Ends::of(text.as_bytes());
            let plain = text.strip_suffix('\r').unwrap_or(&text).replace("\r\n", "\n");
            prop_assert_eq!(&*ends.bytes, plain.as_bytes());
            let mut at = 0;
            for line in plain.split('\n') {
                let stood = ends.stood(at..at + line.len());
                prop_assert_eq!(text.get(stood), Some(line));
                at += line.len() + 1;
            }
        }
    }
}
