//! The log of a job, as people read it: the last lines, without what only a terminal needs.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::model::text::RawText;
use crate::model::update::Detail;

/// Lines of one log that are shown: the last ones.
pub(super) const MOST: usize = 5000;

/// The last lines of a log.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    kept: VecDeque<Vec<u8>>,
    /// How many there were before those.
    left_out: u64,
    /// What has to be said before the first line.
    notes: Vec<RawText>,
}

impl Lines {
    /// Begins after so many lines, which are not read.
    pub(super) fn after(left_out: u64) -> Self {
        Self { left_out, ..Self::default() }
    }

    /// How many lines there have been.
    pub(super) fn count(&self) -> u64 {
        self.left_out + self.kept.len() as u64
    }

    /// Says something above the log.
    pub(super) fn note(&mut self, note: impl Into<RawText>) {
        self.notes.push(note.into());
    }

    /// Takes the next line, with the time that it was written at.
    pub(super) fn push(&mut self, stamp: Option<Timestamp>, line: &[u8]) {
        let mut text = match stamp {
            Some(stamp) => stamp.strftime("%H:%M:%SZ ").to_string().into_bytes(),
            None => Vec::new(),
        };
        text.extend_from_slice(line);
        self.kept.push_back(text);
        if self.kept.len() > MOST {
            self.kept.pop_front();
            self.left_out += 1;
        }
    }

    /// Goes on with the last line.
    pub(super) fn join(&mut self, more: &[u8]) {
        match self.kept.back_mut() {
            Some(last) => last.extend_from_slice(more),
            None => self.push(None, more),
        }
    }

    /// The lines, under what has to be said about them.
    pub(super) fn texts(mut self) -> impl Iterator<Item = RawText> {
        if self.left_out > 0 {
            self.note(format!("({} lines before these are left out)", self.left_out));
        }
        self.notes.into_iter().chain(self.kept.into_iter().map(RawText::from))
    }

    /// The same as a detail.
    pub(super) fn detail(self) -> Detail {
        Detail::Log(self.texts().collect())
    }
}

/// The lines of a text, without their ends. The one after the last line end is none.
pub(super) fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.skip(usize::from(text.is_empty()))
}

/// What a terminal shows of a line in the end: what came after the last carriage return, without the
/// sequences that erase.
pub(super) fn settled(line: &[u8]) -> Vec<u8> {
    states(line).rfind(|text| !text.is_empty()).unwrap_or_default()
}

/// What a line was, one after the other, where it was written over.
pub(super) fn states(line: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> {
    line.split(|byte| *byte == b'\r').map(without_erasing)
}

/// Without `ESC [ K` and its kin.
fn without_erasing(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let erases = [&b"\x1b[K"[..], b"\x1b[0K", b"\x1b[1K", b"\x1b[2K"];
        if let Some(after) = erases.iter().find_map(|sequence| rest.strip_prefix(*sequence)) {
            rest = after;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(detail: Detail) -> Vec<String> {
        let Detail::Log(lines) = detail else { panic!("{detail:?}") };
        lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn only_the_last_lines_are_kept_and_it_is_said() {
        let mut lines = Lines::default();
        lines.note("said first");
        for number in 0..MOST + 7 {
            lines.push(None, number.to_string().as_bytes());
        }
        let shown = texts(lines.detail());
        assert_eq!(shown[..3], ["said first", "(7 lines before these are left out)", "7"]);
        assert_eq!(shown.len(), MOST + 2);
    }

    #[test]
    fn a_line_of_many_pieces_is_joined_without_being_copied_each_time() {
        let mut lines = Lines::default();
        // Copied at each piece, this would be 300 GB.
        for _ in 0..250_000 {
            lines.join(b"0123456789");
        }
        assert_eq!((lines.count(), texts(lines.detail())[0].len()), (1, 2_500_000));
    }

    #[test]
    fn a_line_has_the_time_it_was_written_at() {
        let mut lines = Lines::default();
        lines.push(Some("2026-03-01T03:04:05.678Z".parse().unwrap()), b"made");
        assert_eq!(texts(lines.detail()), ["03:04:05Z made"]);
    }

    #[test]
    fn a_text_is_split_without_its_mark_and_its_ends() {
        let split = |text| split(text).collect::<Vec<_>>();
        assert_eq!(split(b"\xef\xbb\xbfa\r\nb\n\nc\n"), [&b"a"[..], b"b", b"", b"c"]);
        assert_eq!(split(b"a\nb"), [b"a", b"b"]);
        assert!(split(b"").is_empty() && split(b"\xef\xbb\xbf").is_empty());
        assert_eq!(split(b"\n"), Vec::<&[u8]>::new());
    }

    #[test]
    fn of_a_line_that_was_written_over_the_last_state_stays() {
        for (line, seen) in [
            (&b" 10%\r 50%\r100% done"[..], "100% done"),
            (b"100%\r", "100%"),
            (b"50%\r\x1b[K", "50%"),
            (b"\x1b[0Kplain \x1b[32mgreen\x1b[0m\x1b[2K", "plain \u{1b}[32mgreen\u{1b}[0m"),
            (b"\x1b[", "\u{1b}["),
            (b"", ""),
        ] {
            assert_eq!(String::from_utf8(settled(line)).unwrap(), seen);
        }
    }
}
