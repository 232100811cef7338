//! Takes known secrets out of text, in the forms in which they come back.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::escaped;
use crate::model::health::Failure;
use crate::model::text::RawText;

/// Stands where a secret was.
const MASKED: &str = "[secret]";
/// Shorter ones are not looked for: they are words of any text.
const SHORTEST: usize = 6;
/// Values that are remembered; a credential that is renewed each hour has many in a week.
const MOST: usize = 512;

/// The secrets that have been held since the start. Clones share them.
#[derive(Clone, Default)]
pub struct Mask(Arc<RwLock<Known>>);

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

#[derive(Default)]
struct Known {
    /// The forms of each value, the oldest first.
    values: VecDeque<(Vec<String>, bool)>,
    automaton: Option<Arc<AhoCorasick>>,
    /// Only of those that are no word of an ordinary text.
    telling: Option<Arc<AhoCorasick>>,
}

impl Mask {
    /// Learns a secret, and the user that Basic puts before it.
    pub(in crate::net) fn learn(&self, user: Option<&str>, secret: &str) {
        let forms = forms(user, secret);
        if forms.is_empty() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.values.iter().any(|(value, _)| *value == forms) {
            return;
        }
        known.values.push_back((forms, is_word(secret)));
        if known.values.len() > MOST {
            known.values.pop_front();
        }
        // Only too many patterns are refused, which `MOST` keeps far away; then the old ones stay.
        if let Some(built) = automaton(known.values.iter().flat_map(|(forms, _)| forms)) {
            known.automaton = Some(built);
        }
        let telling = known.values.iter().filter(|(_, is_word)| !is_word);
        if let Some(built) = automaton(telling.flat_map(|(forms, _)| forms)) {
            known.telling = Some(built);
        }
    }

    /// Writes stars over them in what somebody else wrote: an answer, lines of a log. Its length stays.
    /// A password that is a word is left alone: stars in every text that has the word would tell it.
    pub fn blot(&self, content: &mut [u8]) {
        let telling = self.0.read().unwrap_or_else(PoisonError::into_inner).telling.clone();
        let Some(telling) = telling else { return };
        let mut found: Vec<_> = telling.find_iter(&*content).map(|found| found.range()).collect();
        found.extend(escaped::find(&telling, content));
        for place in found {
            content.get_mut(place).into_iter().flatten().for_each(|byte| *byte = b'*');
        }
    }

    /// The text without them.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.hide(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    /// The failure without them.
    pub(in crate::net) fn failure(&self, failure: Failure) -> Failure {
        let hide = |text: RawText| match self.hide(text.as_bytes()) {
            Cow::Borrowed(_) => text,
            Cow::Owned(bytes) => RawText::from(bytes),
        };
        let Failure { what, advice, cause, .. } = failure;
        Failure { what: hide(what), advice: advice.map(hide), cause: cause.map(hide), ..failure }
    }

    /// The bytes without them.
    fn hide<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let automaton = self.0.read().unwrap_or_else(PoisonError::into_inner).automaton.clone();
        let Some(automaton) = automaton else { return Cow::Borrowed(text) };
        let mut hidden = Vec::new();
        let mut from = 0;
        for found in automaton.find_iter(text) {
            hidden.extend_from_slice(text.get(from..found.start()).unwrap_or_default());
            hidden.extend_from_slice(MASKED.as_bytes());
            from = found.end();
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        hidden.extend_from_slice(text.get(from..).unwrap_or_default());
        Cow::Owned(hidden)
    }
}

fn automaton<'a>(forms: impl Iterator<Item = &'a String>) -> Option<Arc<AhoCorasick>> {
    let mut forms = forms.peekable();
    forms.peek()?;
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms).ok().map(Arc::new)
}

/// Whether other texts have it too, by chance.
fn is_word(secret: &str) -> bool {
    const LONGEST: usize = 20;
    let letters = secret.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_. ".contains(&byte));
    secret.len() < LONGEST && (letters || secret.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How a secret looks in a header, in a URL, in JSON, and inside base64 of something longer.
fn forms(user: Option<&str>, secret: &str) -> Vec<String> {
    if secret.len() < SHORTEST {
        return Vec::new();
    }
    let mut forms = BTreeSet::from([secret.to_owned()]);
    let basic = user.map(|user| format!("{user}:{secret}"));
    for text in [Some(secret), basic.as_deref()].into_iter().flatten() {
        forms.insert(STANDARD_NO_PAD.encode(text));
        forms.insert(URL_SAFE_NO_PAD.encode(text));
    }
    for before in 0..3 {
        forms.extend(inside_base64(secret, before));
    }
    forms.extend(percent(secret));
    forms.extend(json(secret));
    forms.insert(html(secret));
    forms.into_iter().collect()
}

/// What is fixed of a base64 text that holds the secret after `before` other bytes (modulo 3).
fn inside_base64(secret: &str, before: usize) -> Vec<String> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    // A character is 6 bits: the first ones also hold bits of what is before, the last of what follows.
    let first = (before * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    let fixed = |text: &str| text.get(first..end).filter(|fixed| fixed.len() >= SHORTEST).map(str::to_owned);
    [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
        .iter()
        .filter_map(|text| fixed(text))
        .collect()
}

/// RFC 3986: what is not unreserved as `%XX`, by upper or lower case digits, and as forms write spaces.
fn percent(secret: &str) -> [String; 3] {
    let encode = |lower: bool| -> String {
        let encoded = secret.bytes().map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else if lower {
                format!("%{byte:02x}")
            } else {
                format!("%{byte:02X}")
            }
        });
        encoded.collect()
    };
    let upper = encode(false);
    let form = upper.replace("%20", "+");
    [upper, encode(true), form]
}

/// As a page for a browser holds it.
fn html(secret: &str) -> String {
    let mut escaped = String::new();
    for c in secret.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// As a JSON string holds it: with as few escapes as possible, as PHP does (`/`), and as Go does
/// (`<`, `>`, `&`); non-ASCII also by its UTF-16 units.
fn json(secret: &str) -> Vec<String> {
    let Ok(quoted) = serde_json::to_string(secret) else { return Vec::new() };
    let plain = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    let go = plain.replace('<', r"\u003c").replace('>', r"\u003e").replace('&', r"\u0026");
    let mut ascii = String::new();
    for c in plain.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            let mut units = [0; 2];
            ascii.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    vec![plain.replace('/', r"\/"), go, ascii, plain]
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    fn hidden(mask: &Mask, text: &str) -> String {
        String::from_utf8(mask.hide(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn known_secrets_are_hidden_and_nothing_else_is() {
        let mask = Mask::default();
        assert_eq!(hidden(&mask, "hunter2"), "hunter2");
        mask.learn(None, "hunter2");
        mask.learn(None, "s\"e/c<r>e t");
        assert_eq!(hidden(&mask, "a hunter2, hunter2"), "a [secret], [secret]");
        assert_eq!(hidden(&mask, "hunter3"), "hunter3");
        for form in [
            r#"s\"e/c<r>e t"#,
            r#"s\"e\/c<r>e t"#,
            r#"s\"e/c\u003cr\u003ee t"#,
            "s%22e%2Fc%3Cr%3Ee%20t",
            "s%22e%2fc%3cr%3ee%20t",
            "s%22e%2Fc%3Cr%3Ee+t",
            "s&quot;e/c&lt;r&gt;e t",
        ] {
            assert_eq!(hidden(&mask, &format!("<{form}>")), "<[secret]>", "{form}");
        }
    }

    #[test]
    fn content_keeps_its_length_and_its_words() {
        let mask = Mask::default();
        let blotted = |mask: &Mask, text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            mask.blot(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(blotted(&mask, "hunter2"), "hunter2");
        mask.learn(Some("kim"), "prometheus");
        assert_eq!(blotted(&mask, "job=prometheus"), "job=prometheus");
        assert_eq!(hidden(&mask, "for prometheus"), "for [secret]");
        mask.learn(Some("kim"), "hunter2");
        assert_eq!(blotted(&mask, r#"{"said":"hunter2 and hunter2"}"#), r#"{"said":"******* and *******"}"#);
        let escaped = r#"{"said":"\u0068unter2, \u0070rometheus","é":"h\u0075nter2"}"#;
        let told = blotted(&mask, escaped);
        assert_eq!(told, r#"{"said":"************, \u0070rometheus","é":"************"}"#);
        let basic = STANDARD.encode("kim:hunter2");
        assert!(blotted(&mask, &basic).starts_with("****"), "{basic}");
    }

    #[test]
    fn a_word_that_is_too_short_hides_nothing() {
        let mask = Mask::default();
        mask.learn(None, "admin");
        assert_eq!(hidden(&mask, "the admin page"), "the admin page");
    }

    #[test]
    fn values_are_forgotten_only_when_there_are_very_many() {
        let mask = Mask::default();
        for n in 0..=MOST {
            mask.learn(None, &format!("value-{n:04}"));
        }
        assert_eq!(hidden(&mask, "value-0000 value-0001"), "value-0000 [secret]");
    }

    proptest! {
        #[test]
        fn no_form_of_a_secret_is_left(
            secret in "[ -~\u{e9}\u{1f512}]{8,60}", before in "[ -~]{0,7}", after in "[ -~]{0,7}", user in "[a-z]{0,8}",
        ) {
            let mask = Mask::default();
            mask.learn(Some(&user), &secret);
            let longer = format!("{before}{secret}{after}");
            let json = serde_json::to_string(&longer).unwrap();
            for text in [&longer, &json] {
                prop_assert!(!hidden(&mask, text).contains(&secret));
            }
            for text in [STANDARD.encode(&longer), URL_SAFE.encode(&longer), STANDARD.encode(format!("{user}:{secret}"))] {
                let left = hidden(&mask, &text);
                prop_assert!(left.contains(MASKED), "{} {}", text, left);
            }
        }
    }
}
