//! `RawText`: the exact bytes that came from outside.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The only key of the form in which bytes that are not UTF-8 are stored.
const BASE64: &str = "base64";

/// Text from outside: remote, configured, typed or pasted. Raw bytes, cheap to clone.
///
/// It has no `Display`: the only way to a screen is [`clean`](super::clean). In JSON and TOML it
/// is a string, or `{"base64": "..."}` when the bytes are not UTF-8; both read back the same bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RawText(Arc<[u8]>);

impl RawText {
    /// Takes bytes as they came, valid UTF-8 or not.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes as they came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if the bytes are valid UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for RawText {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl From<String> for RawText {
    fn from(text: String) -> Self {
        Self(text.into_bytes().into())
    }
}

impl From<Vec<u8>> for RawText {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawText(\"{}\")", self.0.escape_ascii())
    }
}

impl Serialize for RawText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = self.as_str() {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(BASE64, &STANDARD.encode(&self.0))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for RawText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawTextVisitor)
    }
}

struct RawTextVisitor;

impl<'de> Visitor<'de> for RawTextVisitor {
    type Value = RawText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, or {\"base64\": \"...\"} for bytes that are not UTF-8")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RawText, E> {
        Ok(RawText::from(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<RawText, E> {
        Ok(RawText::from(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawText, A::Error> {
        let Some((key, coded)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::missing_field(BASE64));
        };
        if key != BASE64 {
            return Err(de::Error::unknown_field(&key, &[BASE64]));
        }
        if let Some(extra) = map.next_key::<String>()? {
            return Err(de::Error::unknown_field(&extra, &[BASE64]));
        }
        let bytes = STANDARD.decode(coded).map_err(|error| de::Error::custom(format!("base64: {error}")))?;
        Ok(RawText::from(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn utf8_is_a_plain_string_in_json() {
        let json = serde_json::to_string(&RawText::from("caf\u{e9}\u{1b}[0m")).unwrap();
        assert_eq!(json, "\"caf\u{e9}\\u001b[0m\"");
    }

    #[test]
    fn other_bytes_are_tagged_base64() {
        let json = serde_json::to_string(&RawText::from_bytes(b"a\xff")).unwrap();
        assert_eq!(json, r#"{"base64":"Yf8="}"#);
    }

    #[test]
    fn toml_reads_a_string() {
        #[derive(Deserialize)]
        struct Config {
            name: RawText,
        }
        let config: Config = toml::from_str("name = 'web-1'").unwrap();
        assert_eq!(config.name, RawText::from("web-1"));
    }

    #[test]
    fn a_wrong_shape_is_an_error_that_says_what_is_expected() {
        for json in ["7", "{}", r#"{"base64":"!"}"#, r#"{"b":"Yf8="}"#, r#"{"base64":"Yf8=","x":"y"}"#] {
            let error = serde_json::from_str::<RawText>(json).unwrap_err().to_string();
            assert!(error.contains("base64"), "{json}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_string_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let raw = RawText::from_bytes(&bytes);
            let json = serde_json::to_string(&raw).unwrap();
            prop_assert_eq!(serde_json::from_str::<RawText>(&json).unwrap(), raw);
        }
    }
}
