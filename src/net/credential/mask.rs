//! Takes known secrets out of text, in the forms in which they come back.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::forms::{self, Finder};
use crate::model::health::Failure;
use crate::model::text::RawText;

/// Stands where a secret was.
const MASKED: &str = "[secret]";
/// Values that are remembered, and bytes of their forms; a credential that is renewed each hour has many
/// in a week.
const MOST: usize = 512;
const BYTES: usize = 8 << 20;

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
    /// The forms of each value, the oldest first, and whether it is a word.
    values: VecDeque<(Vec<Arc<[u8]>>, bool)>,
    finder: Option<Arc<Finder>>,
    /// Only of those that are no word of an ordinary text.
    telling: Option<Arc<Finder>>,
}

impl Mask {
    /// Learns a secret, and the user that Basic puts before it.
    pub(in crate::net) fn learn(&self, user: Option<&str>, secret: &str) {
        let forms = forms::of(user, secret);
        if forms.is_empty() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.values.iter().any(|(value, _)| *value == forms) {
            return;
        }
        known.values.push_back((forms, forms::is_word(secret.as_bytes())));
        let size = |(forms, _): &(Vec<Arc<[u8]>>, bool)| forms.iter().map(|form| form.len()).sum::<usize>();
        let mut bytes: usize = known.values.iter().map(size).sum();
        while known.values.len() > MOST || (bytes > BYTES && known.values.len() > 1) {
            bytes -= known.values.pop_front().as_ref().map_or(0, size);
        }
        // Only too many forms are refused, which `MOST` keeps far away; then the old ones stay.
        let all = known.values.iter().flat_map(|(forms, _)| forms);
        let Some(all) = Finder::of(all).map(Arc::new) else { return };
        let telling = known.values.iter().filter(|(_, is_word)| !is_word);
        let telling = match telling.clone().count() {
            0 => None,
            many if many == known.values.len() => Some(Arc::clone(&all)),
            _ => Finder::of(telling.flat_map(|(forms, _)| forms)).map(Arc::new),
        };
        (known.finder, known.telling) = (Some(all), telling);
    }

    /// Writes stars over them in what somebody else wrote: an answer, lines of a log. Its length stays.
    /// A password that is a word is left alone: stars in every text that has the word would tell it.
    pub fn blot(&self, content: &mut [u8]) {
        let telling = self.0.read().unwrap_or_else(PoisonError::into_inner).telling.clone();
        let Some(telling) = telling else { return };
        for place in telling.find(content) {
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
    pub fn failure(&self, failure: Failure) -> Failure {
        let hide = |text: RawText| match self.hide(text.as_bytes()) {
            Cow::Borrowed(_) => text,
            Cow::Owned(bytes) => RawText::from(bytes),
        };
        let Failure { what, advice, cause, .. } = failure;
        Failure { what: hide(what), advice: advice.map(hide), cause: cause.map(hide), ..failure }
    }

    /// The bytes without them.
    fn hide<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let finder = self.0.read().unwrap_or_else(PoisonError::into_inner).finder.clone();
        let found = finder.map(|finder| finder.find(text)).unwrap_or_default();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut hidden = Vec::new();
        let mut from = 0;
        for place in found {
            hidden.extend_from_slice(text.get(from..place.start).unwrap_or_default());
            hidden.extend_from_slice(MASKED.as_bytes());
            from = place.end;
        }
        hidden.extend_from_slice(text.get(from..).unwrap_or_default());
        Cow::Owned(hidden)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
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

    /// The parts of a text in which its secrets are found.
    fn blotted(mask: &Mask, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        mask.blot(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    fn each(text: &str, write: impl Fn(u8) -> String) -> String {
        text.bytes().map(write).collect()
    }

    type Write<'a> = &'a dyn Fn(&str) -> String;

    #[test]
    fn escapes_hide_no_secret_however_they_are_nested() {
        const SECRET: &str = "s3cret/\"<x>&+ z9";
        let mask = Mask::default();
        mask.learn(Some("kim"), SECRET);
        let json = |text: &str| {
            let quoted = serde_json::to_string(text).unwrap();
            quoted.strip_prefix('"').unwrap().strip_suffix('"').unwrap().to_owned()
        };
        let units = |text: &str| each(text, |byte| format!("\\u{byte:04x}"));
        let percent = |text: &str| each(text, |byte| format!("%{byte:02X}"));
        let some = |text: &str| {
            each(text, |byte| {
                if byte % 3 == 0 || byte == b'%' {
                    format!("%{byte:02x}")
                } else {
                    char::from(byte).to_string()
                }
            })
        };
        let numbers = |text: &str| each(text, |byte| format!("&#{byte};"));
        let hex = |text: &str| each(text, |byte| format!("&#x{byte:X};"));
        let nginx = |text: &str| {
            each(text, |byte| {
                if b"\"\\".contains(&byte) { format!("\\x{byte:02X}") } else { char::from(byte).to_string() }
            })
        };
        let form = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let debug = |text: &str| text.escape_debug().to_string();
        let of_rust = |text: &str| text.escape_unicode().to_string();
        let base64 = |text: &str| STANDARD.encode(text);
        let url_safe = |text: &str| URL_SAFE.encode(text);
        let ways: [(&str, Write<'_>); 13] = [
            ("plain", &str::to_owned),
            ("json", &json),
            ("units", &units),
            ("percent", &percent),
            ("some", &some),
            ("numbers", &numbers),
            ("hex", &hex),
            ("nginx", &nginx),
            ("form", &form),
            ("debug", &debug),
            ("rust", &of_rust),
            ("base64", &base64),
            ("url-safe", &url_safe),
        ];
        let packs = ["base64", "url-safe"];
        let packed = ["plain", "json", "form", "base64", "url-safe"];
        let mut left = Vec::new();
        for (first, inner) in ways {
            for (second, outer) in ways {
                // What is packed is not unpacked: its forms are those that are usual in it.
                if packs.contains(&second) && !packed.contains(&first) {
                    continue;
                }
                let written = outer(&inner(SECRET));
                let text = format!("not [{written}] allowed");
                let (shown, stars) = (hidden(&mask, &text), blotted(&mask, &text));
                // Of base64 an end may stay, which holds bits of what is around.
                let most = if packs.contains(&first) || packs.contains(&second) { 24 } else { 0 };
                let rest =
                    shown.strip_prefix("not [[secret]").and_then(|rest| rest.strip_suffix("] allowed"));
                if rest.is_none_or(|rest| rest.len() > most)
                    || stars.len() != text.len()
                    || !stars.starts_with("not [******")
                {
                    left.push(format!("{first} in {second}: {text} -> {shown}"));
                }
            }
        }
        assert!(left.is_empty(), "{}: {left:#?}", left.len());
    }

    #[test]
    fn what_a_cut_leaves_of_a_secret_is_hidden_too() {
        const SECRET: &str = "glpat-Zq3hR9sWmX2tLk7vB4nY";
        let mask = Mask::default();
        mask.learn(None, SECRET);
        let units = each(SECRET, |byte| format!("\\\\u{byte:04x}"));
        for (written, one) in [(SECRET.to_owned(), 1), (units, 7)] {
            // Eight of them could be a word.
            for at in one * 9..written.len() {
                let (head, tail) = written.split_at(at);
                let shown = hidden(&mask, &format!("said: {head}"));
                let rest = shown.strip_prefix("said: [secret]");
                assert!(rest.is_some_and(|rest| rest.len() < 7), "{shown}");
                if tail.len() >= one * 8 + 6 {
                    let shown = hidden(&mask, &format!("{tail} was said"));
                    let rest = shown.strip_suffix("[secret] was said");
                    assert!(rest.is_some_and(|rest| rest.len() < one), "{shown}");
                    assert!(
                        blotted(&mask, &format!("{tail} was said")).ends_with("******** was said"),
                        "{tail}"
                    );
                }
            }
        }
        for text in ["it has to begin with glpat-", "glpat-Zq", "tLk7vB4 is short", "4nY"] {
            assert_eq!(hidden(&mask, text), text);
        }
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
