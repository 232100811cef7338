//! Takes colours out of a line, so that what is searched is what is read.

use std::borrow::Cow;

/// The line without its SGR sequences (`ESC [ digits m`); other sequences stay.
pub(super) fn strip(line: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let mut kept = 0; // everything before is in `out`
    for escape in memchr::memchr_iter(0x1b, line) {
        let Some(length) = line.get(escape..).and_then(sequence) else { continue };
        out.extend_from_slice(line.get(kept..escape).unwrap_or_default());
        kept = escape + length;
    }
    if kept == 0 {
        return Cow::Borrowed(line);
    }
    out.extend_from_slice(line.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// Length of the SGR sequence that `bytes` begins with.
fn sequence(bytes: &[u8]) -> Option<usize> {
    let parameters = bytes.strip_prefix(b"\x1b[")?;
    let end = parameters.iter().position(|b| !matches!(b, b'0'..=b'9' | b';' | b':'))?;
    (parameters.get(end) == Some(&b'm')).then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_the_rest_stays() {
        assert_eq!(&*strip(b"\x1b[1;31mERR\x1b[0mOR\x1b[m"), b"ERROR");
        assert_eq!(&*strip(b"\x1b[38:2:1:2:3mx"), b"x");
        for other in
            [&b"a\x1b[2Jb"[..], b"\x1b]0;t\x07", b"\x1b", b"\x1b[", b"\x1b[1;", b"\x1b[1;\x1bm", b"plain"]
        {
            assert_eq!(&*strip(other), other);
        }
        assert_eq!(&*strip(b"\x1b[1\x1b[0mx"), b"\x1b[1x");
    }
}
