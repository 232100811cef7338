//! Finds the stretches of bytes that are no text: what a crash, a wrong writer or a wrong file left.

use std::ops::Range;

/// Bytes that are looked at together: long enough that a stretch of noise has no gap.
const WINDOW: usize = 512;
/// A piece of a line beside noise that is shorter than this belongs to the noise.
const FRAGMENT: usize = 8;

/// The stretches of `bytes` that are no text, in order, without the lines around them. `inside`
/// if what came before `bytes` was none.
pub(super) fn stretches(bytes: &[u8], inside: bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut run: Option<Range<usize>> = None;
    let mut at = 0;
    for window in bytes.chunks(WINDOW) {
        let end = at + window.len();
        // Far less than noise has: its windows differ.
        if strange(window) * 64 >= window.len() {
            run = Some(run.map_or(at, |run| run.start)..end);
        } else if let Some(run) = run.take() {
            found.extend(stretch(bytes, run, inside));
        }
        at = end;
    }
    found.extend(run.and_then(|run| stretch(bytes, run, inside)));
    found
}

/// What of a run of windows is noise.
fn stretch(bytes: &[u8], run: Range<usize>, inside: bool) -> Option<Range<usize>> {
    let windows = bytes.get(run.clone())?;
    let goes_on = inside && run.start == 0;
    if !goes_on && !is_binary(windows) {
        return None;
    }
    let first = run.start + windows.iter().position(|&byte| is_strange(byte))?;
    let last = run.start + windows.iter().rposition(|&byte| is_strange(byte))? + 1;
    let before = bytes.get(..first)?;
    let line = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let begun = bytes.get(line..first)?;
    let start = if begun.len() < FRAGMENT || !is_text(begun) { line } else { first };
    let after = bytes.get(last..)?;
    let rest = memchr::memchr(b'\n', after).map_or(after, |end| after.get(..end).unwrap_or(after));
    let end = if is_text(rest) { last } else { last + rest.len() };
    Some(start..end)
}

/// Whether this is no text: one byte in 20 is a control character that no log has. Compressed data
/// has one in 11, in whatever encoding a text is it has none, and UTF-16 is half zeros.
fn is_binary(bytes: &[u8]) -> bool {
    let count = strange(bytes);
    count >= 16 && count * 20 > bytes.len()
}

fn strange(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| is_strange(byte)).count()
}

fn is_strange(byte: u8) -> bool {
    // 0x01 and 0x1c to 0x1f part fields; the others are blanks, ends of lines, backspace, escape.
    matches!(byte, 0 | 2..=7 | 0x0b | 0x0e..=0x1a | 0x7f)
}

/// Whether these bytes beside noise, none of them strange, are text: what is cut off at the end
/// of a read may be half a character.
fn is_text(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() >= FRAGMENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        });
        noise.take(length).collect()
    }

    fn only(bytes: &[u8], inside: bool) -> Range<usize> {
        let found = stretches(bytes, inside);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn noise_is_found_to_the_byte_wherever_it_is() {
        let line = "level=info msg=\"caf\u{e9} is open\"\n";
        for lines in [0, 1, 7, 300] {
            let text = line.repeat(lines);
            for length in [100, 512, 8192, 100_000] {
                let bytes = [text.as_bytes(), &vec![0; length], text.as_bytes()].concat();
                let expected = text.len()..text.len() + length;
                assert_eq!(stretches(&bytes, false), [expected], "{lines} lines, {length} bytes");
            }
            let bytes = [text.as_bytes(), &noise(50_000), b"\n", text.as_bytes()].concat();
            let found = stretches(&bytes, false);
            assert_eq!(found.len(), 1);
            assert!(
                found[0].start.abs_diff(text.len()) < 100 && found[0].end.abs_diff(text.len() + 50_000) < 100
            );
        }
        // A line that a crash cut short is shown.
        let bytes = [line.as_bytes(), b"level=info msg=", &[0; 64], b"next\n"].concat();
        assert_eq!(only(&bytes, false), line.len() + 15..line.len() + 79);
    }

    #[test]
    fn text_has_none_and_the_end_of_noise_is_found_in_the_next_read() {
        let line = "level=info msg=started\n".repeat(100);
        assert!(stretches(line.as_bytes(), true).is_empty());
        let bytes = [&[0; 10], line.as_bytes()].concat();
        assert_eq!(only(&bytes, true), 0..10);
        assert!(stretches(&bytes, false).is_empty());
        let utf16: Vec<u8> = line.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(only(&utf16, false), 0..utf16.len());
    }
}
