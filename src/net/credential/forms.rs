//! The forms in which secrets come back, and where a text has them: as they are, in base64, in escapes
//! of any sort that may stand in each other, and cut at the ends of the text.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::escaped::{self, Undone};

/// Shorter ones are not looked for: they are words of any text.
const SHORTEST: usize = 6;
/// Nor shorter parts of them, where a text is cut.
const PART: usize = 8;
/// By so many bytes at its beginning a form is found; the rest is compared.
const ANCHOR: usize = 64;
/// Escapes are undone so many times: of a string in a string, and once more for what the secret itself
/// has that looks like one.
const DEPTH: usize = 3;
/// So many bytes are undone at a time.
const AT_ONCE: usize = 64 << 10;
/// The longest form that is found in escapes where one piece ends and the next begins, and how much
/// longer escapes of escapes make it. No header holds a longer one.
const LONGEST: usize = 8 << 10;
const ESCAPED: usize = 36;

/// How a secret comes back once escapes are undone.
pub(super) fn of(user: Option<&str>, secret: &str) -> Vec<Arc<[u8]>> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let own = secret.as_bytes();
    // What of it looks like an escape may be undone with the others, and forms write spaces as `+`.
    let mut forms = BTreeSet::from([own.to_vec(), bare(own), secret.replace(' ', "+").into_bytes()]);
    for text in [Some(secret.to_owned()), user.map(|user| format!("{user}:{secret}"))].into_iter().flatten() {
        forms.insert(STANDARD_NO_PAD.encode(&text).into_bytes());
        forms.insert(URL_SAFE_NO_PAD.encode(&text).into_bytes());
    }
    let quoted = serde_json::to_string(secret).unwrap_or_default();
    let quoted = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(secret);
    let percent: String = url::form_urlencoded::byte_serialize(own).collect();
    let packed: BTreeSet<Vec<u8>> =
        [own, quoted.as_bytes(), percent.as_bytes(), percent.replace('+', "%20").as_bytes()]
            .into_iter()
            .flat_map(inside_base64)
            .collect();
    // Such as the login in a configuration of Docker that is a secret of Kubernetes.
    forms.extend(inside_base64(own).iter().flat_map(|text| inside_base64(text)));
    forms.extend(packed);
    forms.into_iter().filter(|form| form.len() >= SHORTEST).map(Arc::from).collect()
}

/// All escapes undone.
fn bare(secret: &[u8]) -> Vec<u8> {
    let mut bare = secret.to_vec();
    for _ in 0..DEPTH {
        let Some(undone) = Undone::of(&bare) else { break };
        bare = undone.bytes;
    }
    bare
}

/// What is fixed of a base64 text that holds the secret after any number of other bytes.
fn inside_base64(secret: &[u8]) -> Vec<Vec<u8>> {
    let packed = (0..3).flat_map(|before| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret);
        // A character is 6 bits: the first ones also hold bits of what is before, the last of what follows.
        let fixed = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
        [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
            .map(|text| text.get(fixed.clone()).unwrap_or_default().to_owned().into_bytes())
    });
    packed.filter(|fixed| fixed.len() >= SHORTEST).collect()
}

/// Whether other texts have it too, by chance.
pub(super) fn is_word(text: &[u8]) -> bool {
    const LONGEST: usize = 20;
    let letters = text.iter().all(|byte| byte.is_ascii_alphabetic() || b"-_. ".contains(byte));
    text.len() < LONGEST && (letters || text.iter().all(u8::is_ascii_digit))
}

/// Forms, in order, to look up which of them a text begins with.
struct Sorted(Box<[Arc<[u8]>]>);

impl Sorted {
    fn new(forms: impl Iterator<Item = Arc<[u8]>>) -> Self {
        Self(forms.collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// How much of the text is the beginning of a form.
    fn begins(&self, text: &[u8]) -> usize {
        let after = self.0.partition_point(|form| **form < *text);
        let common = |form: &Arc<[u8]>| form.iter().zip(text).take_while(|(one, other)| one == other).count();
        // No other has more in common with it than its neighbours.
        let nearest = [after.checked_sub(1), Some(after)].into_iter().flatten();
        nearest.filter_map(|index| self.0.get(index)).map(common).max().unwrap_or(0)
    }

    /// Where the text ends with the beginning of a form.
    fn at_end(&self, text: &[u8], longest: usize) -> Option<usize> {
        let parts = text.len().saturating_sub(longest)..(text.len() + 1).saturating_sub(PART);
        let is_part = |part: &[u8]| self.begins(part) == part.len() && !is_word(part);
        parts.into_iter().find(|&start| text.get(start..).is_some_and(is_part))
    }
}

/// Finds forms in texts.
pub(super) struct Finder {
    automaton: AhoCorasick,
    forms: Sorted,
    /// Each from its end to its beginning.
    backwards: Sorted,
    longest: usize,
}

impl Finder {
    /// Nothing where there is nothing to look for.
    pub(super) fn of<'a>(forms: impl Iterator<Item = &'a Arc<[u8]>> + Clone) -> Option<Self> {
        let longest = forms.clone().map(|form| form.len()).max()?;
        let anchors: BTreeSet<&[u8]> = forms.clone().map(|form| form.get(..ANCHOR).unwrap_or(form)).collect();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(anchors).ok()?;
        let backwards = Sorted::new(forms.clone().map(|form| form.iter().rev().copied().collect()));
        Some(Self { automaton, forms: Sorted::new(forms.cloned()), backwards, longest })
    }

    /// Where the text has any of them, in order and apart.
    ///
    /// Its cost grows as the text does: each byte is looked at a few times for each depth of escapes.
    pub(super) fn find(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.look(text, None, [true; 2], &mut found);
        let reach = self.longest.min(LONGEST) * ESCAPED;
        let at_once = AT_ONCE.max(2 * reach);
        let mut at = 0;
        while let Some(first) = text.get(at..).and_then(|rest| memchr::memchr3(b'\\', b'%', b'&', rest)) {
            // What is before the first escape matters only as the beginning of a secret.
            let start = at.max((at + first).saturating_sub(self.longest));
            let end = text.len().min(start + at_once);
            let Some(piece) = text.get(start..end) else { break };
            let before = found.len();
            let undone = self.look_deeper(piece, DEPTH, [start == 0, end == text.len()], &mut found);
            for part in found.iter_mut().skip(before) {
                *part = part.start + start..part.end + start;
            }
            if end == text.len() {
                break;
            }
            // Between no backslash and what it escapes: that would be read wrongly.
            let next = piece.len() - reach;
            at = start + undone.map_or(next, |undone| undone.boundary(next));
        }
        apart(found)
    }

    /// Looks where escapes are undone, once and again; gives what came of the first.
    fn look_deeper(
        &self,
        text: &[u8],
        depth: usize,
        ends: [bool; 2],
        found: &mut Vec<Range<usize>>,
    ) -> Option<Undone> {
        let undone = Undone::of(text)?;
        let before = found.len();
        self.look(&undone.bytes, undone.cut, ends, found);
        // Where nothing was undone there is nothing deeper.
        if depth > 1 && undone.bytes.len() < text.len() {
            self.look_deeper(&undone.bytes, depth - 1, ends, found);
        }
        for part in found.iter_mut().skip(before) {
            *part = undone.written(part);
        }
        Some(undone)
    }

    /// Looks in the text as it is, and at its ends if they are those of the whole: also where the last
    /// escape, which begins at `cut`, is not.
    fn look(&self, text: &[u8], cut: Option<usize>, ends: [bool; 2], found: &mut Vec<Range<usize>>) {
        for hit in self.automaton.find_iter(text) {
            let length = self.forms.begins(text.get(hit.start()..).unwrap_or_default());
            found.push(hit.start()..hit.end().max(hit.start() + length));
        }
        let [first, last] = ends;
        if first {
            // It may begin within an escape.
            const SKIPPED: usize = escaped::LONGEST / 2;
            let head: Vec<u8> = text.iter().take(self.longest + SKIPPED).rev().copied().collect();
            let parts = (0..SKIPPED.min(head.len())).filter_map(|skipped| {
                let end =
                    head.len() - self.backwards.at_end(head.get(..head.len() - skipped)?, self.longest)?;
                Some(skipped..end)
            });
            found.extend(parts.take(1));
        }
        for end in [Some(text.len()), cut].into_iter().flatten() {
            let tail = text.get(..end).filter(|_| last).unwrap_or_default();
            found.extend(self.forms.at_end(tail, self.longest).map(|start| start..text.len()));
        }
    }
}

/// In order, those that overlap as one.
fn apart(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_unstable_by_key(|part| (part.start, part.end));
    found.dedup_by(|next, before| {
        let overlap = next.start < before.end;
        if overlap {
            before.end = before.end.max(next.end);
        }
        overlap
    });
    found
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// Some of the bytes written as escapes, by the bits of `which`.
    fn written(text: &str, how: u8, which: u8) -> String {
        let mut written = String::new();
        for (n, byte) in text.bytes().enumerate() {
            let must = b"\\%&\"".contains(&byte) || n == 0;
            match how % 5 {
                _ if !must && which >> (n % 8) & 1 == 0 => written.push(char::from(byte)),
                0 => write!(written, "\\u{byte:04x}").unwrap(),
                1 => write!(written, "%{byte:02X}").unwrap(),
                2 => write!(written, "&#{byte};").unwrap(),
                3 => write!(written, "\\x{byte:02x}").unwrap(),
                _ => write!(written, "\\u{{{byte:x}}}").unwrap(),
            }
        }
        written
    }

    proptest! {
        #[test]
        fn no_place_is_overlooked(
            secret in "[!-~]{6,40}", hows in proptest::array::uniform2(any::<u8>()),
            whichs in proptest::array::uniform2(any::<u8>()), before in "[a-z {\"]{0,40}", fill in 0_usize..3, shift in 0_usize..60,
        ) {
            // Also where one piece ends and the next begins.
            let before = "\\u0041".repeat((AT_ONCE * fill / 6).saturating_sub(shift)) + &before;
            let [once, twice] = [0, 1].map(|n| (hows[n], whichs[n]));
            let inner = written(&secret, once.0, once.1);
            for escaped in [written(&inner, twice.0, twice.1), inner, secret.clone()] {
                let text = format!("{before}{escaped}, more");
                let forms = of(None, &secret);
                let found = Finder::of(forms.iter()).unwrap().find(text.as_bytes());
                let place = before.len()..before.len() + escaped.len();
                prop_assert!(found.iter().any(|part| part.start <= place.start && place.end <= part.end), "{escaped} {found:?}");
            }
        }
    }

    #[test]
    fn of_a_very_long_secret_all_is_found_and_little_of_it_is_kept_to_look_for() {
        let long: String = (0..3000).flat_map(|n| [n.to_string(), "-".to_owned()]).collect();
        let other = format!("{}other", long.split_at(2000).0);
        let forms: Vec<_> = [&long, &other].into_iter().flat_map(|secret| of(None, secret)).collect();
        let finder = Finder::of(forms.iter()).unwrap();
        for secret in [&long, &other] {
            let text = format!("with {secret} and \\u0020{secret}.");
            let [first, second] = [5, 5 + secret.len() + 11].map(|at| at..at + secret.len());
            assert_eq!(finder.find(text.as_bytes()), [first, second]);
        }
        assert!(finder.automaton.memory_usage() < 1 << 20, "{}", finder.automaton.memory_usage());
        // The same beginning is enough.
        let (begins, _) = long.split_at(1000);
        assert_eq!(finder.find(begins.as_bytes()).first(), Some(&(0..1000)));
    }
}
