//! Secrets whose letters are written as escapes (`\u0063`): what a reader of JSON would make of a text is
//! searched, a piece at a time.

use std::ops::Range;

use aho_corasick::AhoCorasick;
use memchr::memmem;

/// So many bytes are undone at a time.
const AT_ONCE: usize = 64 << 10;

/// Where `content` has what `known` finds once escapes are undone; nothing where there are none.
pub(super) fn find(known: &AhoCorasick, content: &[u8]) -> Vec<Range<usize>> {
    let Some(first) = memmem::find(content, b"\\u") else { return Vec::new() };
    let longest = known.max_pattern_len();
    // What is before the first escape matters only as the beginning of a secret. To begin between a
    // backslash and what it escapes could be to read on wrongly, so all of them are taken in.
    let mut at = first.saturating_sub(longest);
    while at > 0 && content.get(at - 1) == Some(&b'\\') {
        at -= 1;
    }
    // Undone bytes, and where each of them was.
    let (mut plain, mut places) = (Vec::new(), Vec::new());
    let mut found = Vec::new();
    while at < content.len() {
        while plain.len() < AT_ONCE + longest
            && let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty())
        {
            let mut utf8 = [0; 4];
            let (bytes, length) = undone(rest, &mut utf8);
            plain.extend_from_slice(bytes);
            places.resize(plain.len(), at);
            at += length;
        }
        let place = |index: usize| places.get(index).copied().unwrap_or(at);
        found.extend(known.find_iter(&plain).map(|hit| place(hit.start())..place(hit.end())));
        let done = plain.len().saturating_sub(longest);
        plain.drain(..done);
        places.drain(..done);
    }
    found
}

/// The first character or byte with its escape undone (RFC 8259, 7), and how many bytes it was.
fn undone<'a>(rest: &'a [u8], utf8: &'a mut [u8; 4]) -> (&'a [u8], usize) {
    let own = rest.get(..1).unwrap_or_default();
    if own != b"\\" {
        return (own, 1);
    }
    let short: &[u8] = match rest.get(1) {
        Some(b'u') => {
            let unit = unit(rest);
            let pair = unit.and_then(|high| Some([high, unit_at(rest, 6)?]));
            let mut both = char::decode_utf16(pair.into_iter().flatten());
            return match (both.next(), unit.and_then(|unit| char::from_u32(unit.into()))) {
                (_, Some(c)) => (c.encode_utf8(utf8).as_bytes(), 6),
                (Some(Ok(c)), None) => (c.encode_utf8(utf8).as_bytes(), 12),
                _ => (own, 1),
            };
        }
        Some(b'"') => b"\"",
        Some(b'\\') => b"\\",
        Some(b'/') => b"/",
        Some(b'n') => b"\n",
        Some(b't') => b"\t",
        Some(b'r') => b"\r",
        Some(b'b') => b"\x08",
        Some(b'f') => b"\x0c",
        _ => return (own, 1),
    };
    (short, 2)
}

/// The number of `\uXXXX`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16).and_then(|digit| u16::try_from(digit).ok())?;
        Some(unit << 4 | digit)
    })
}

fn unit_at(text: &[u8], at: usize) -> Option<u16> {
    unit(text.get(at..)?)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn known(secret: &str) -> AhoCorasick {
        AhoCorasick::new([secret]).unwrap()
    }

    fn found(secret: &str, text: &str) -> Vec<String> {
        find(&known(secret), text.as_bytes())
            .into_iter()
            .map(|place| text.get(place).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn escaped_letters_are_found_and_nothing_is_where_none_are() {
        for form in [
            r"\u0063anary-1",
            r"canary\u002d1",
            r"\u0063\u0061\u006E\u0061\u0072\u0079\u002D\u0031",
            r"\\\u0063anary-1",
        ] {
            let text = format!(r#"{{"a":"x {form} y \u00e9"}}"#);
            assert_eq!(found("canary-1", &text), [form.trim_start_matches(r"\\")], "{text}");
        }
        assert_eq!(
            found("p\u{1f512}ss\"/w", r#""p\ud83d\udd12\u0073s\"\/w""#),
            [r#"p\ud83d\udd12\u0073s\"\/w"#]
        );
        // A backslash of its own, and letters.
        for text in
            [r"\\u0063anary-1", r"\u0063anary-2", r"\u006", r"\ud83d", r"\ud83d\u0041", r"\u00zz canar\"]
        {
            assert_eq!(found("canary-1", text), [""; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_place_is_overlooked(
            before in "[a-z\\\\\"\u{e9}]{0,40}", fill in 0_usize..3, which in 0_u8..=255, secret in "[!-~\u{1f512}]{6,20}",
        ) {
            // Also where one piece ends and the next begins.
            let before = before + &"\\u0041".repeat(fill * (AT_ONCE - 8));
            let mut escaped = String::new();
            for (n, c) in secret.chars().enumerate() {
                if n == 0 || which >> (n % 8) & 1 == 1 {
                    c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write!(escaped, "\\u{unit:04x}").unwrap());
                } else {
                    let quoted = serde_json::to_string(&c).unwrap();
                    escaped += quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap();
                }
            }
            // A backslash before it would escape the backslash of its first escape.
            let before = before.replace('\\', "\\\\").replace("\\\\u0041", "\\u0041");
            let text = format!("{before}{escaped}, more");
            let places = find(&known(&secret), text.as_bytes());
            prop_assert!(places.contains(&(before.len()..before.len() + escaped.len())), "{:?}", places);
        }
    }
}
