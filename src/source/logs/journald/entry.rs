//! One entry of the journal, as `journalctl --output=json` writes it.
//!
//! A field is text; `null` when it is too long for a `journalctl` without `--all`; an array of
//! byte values when it is not valid UTF-8 or has control characters; an array of any of these
//! when the entry has it several times (systemd.journal-fields(7), journal JSON format).

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::logs::level::Level;

/// The fields that are asked for; cursor and times come unasked.
pub(super) const FIELDS: &[&str] = &[
    "MESSAGE",
    "PRIORITY",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "_PID",
    "_SOURCE_REALTIME_TIMESTAMP",
    "_SYSTEMD_UNIT",
    "_TRANSPORT",
];

pub(super) struct Entry(Map<String, Value>);

impl Entry {
    /// `None` if it is no JSON object with a cursor.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(json) else { return None };
        fields.get("__CURSOR")?.as_str()?;
        Some(Self(fields))
    }

    /// Where a reader goes on after this entry.
    pub(super) fn into_cursor(mut self) -> String {
        match self.0.remove("__CURSOR") {
            Some(Value::String(cursor)) => cursor,
            _ => String::new(), // `parse` has seen it
        }
    }

    /// `unit[pid]: message`, of several lines perhaps.
    pub(super) fn text(&self) -> Vec<u8> {
        let unit =
            self.bytes("_SYSTEMD_UNIT").and_then(|unit| Some(unit.strip_suffix(b".service")?.to_vec()));
        let name = unit
            .or_else(|| self.bytes("SYSLOG_IDENTIFIER"))
            .or_else(|| self.bytes("_COMM"))
            .or_else(|| self.bytes("_TRANSPORT"));
        let mut text = name.unwrap_or_default();
        if let Some(pid) = self.bytes("_PID") {
            text.push(b'[');
            text.extend(pid);
            text.push(b']');
        }
        if !text.is_empty() {
            text.extend_from_slice(b": ");
        }
        match self.bytes("MESSAGE") {
            Some(message) => text.extend(message),
            None => text.extend_from_slice(b"(no message)"),
        }
        text
    }

    /// When it was written: by its writer's clock, else by the journal's.
    pub(super) fn time(&self) -> Option<Timestamp> {
        let micros = |field| self.number(field).and_then(|micros| Timestamp::from_microsecond(micros).ok());
        micros("_SOURCE_REALTIME_TIMESTAMP").or_else(|| micros("__REALTIME_TIMESTAMP"))
    }

    /// Its priority, where a writer has set one.
    pub(super) fn level(&self) -> Option<Level> {
        self.priority().filter(|_| !self.is_unset())
    }

    /// The level if the message does not say one.
    pub(super) fn or_level(&self) -> Option<Level> {
        self.priority()
    }

    /// What a service writes to its standard output is "info", whatever it says.
    fn is_unset(&self) -> bool {
        self.number("PRIORITY") == Some(6) && self.bytes("_TRANSPORT").as_deref() == Some(b"stdout")
    }

    fn priority(&self) -> Option<Level> {
        let priority = u8::try_from(self.number("PRIORITY")?).ok().filter(|priority| *priority <= 7)?;
        Some(Level::from_syslog(priority))
    }

    fn number(&self, field: &str) -> Option<i64> {
        std::str::from_utf8(&self.bytes(field)?).ok()?.parse().ok()
    }

    fn bytes(&self, field: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        append(self.0.get(field)?, &mut bytes).then_some(bytes)
    }
}

/// Appends the bytes of a field; several values are several lines. `false` if there is none.
fn append(value: &Value, bytes: &mut Vec<u8>) -> bool {
    match value {
        Value::String(text) => bytes.extend_from_slice(text.as_bytes()),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_u64) => {
            bytes.extend(items.iter().filter_map(|item| u8::try_from(item.as_u64()?).ok()));
        }
        Value::Array(items) => {
            let mut any = false;
            for item in items {
                let mark = bytes.len();
                if any {
                    bytes.push(b'\n');
                }
                if append(item, bytes) {
                    any = true;
                } else {
                    bytes.truncate(mark);
                }
            }
            return any;
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(json: &str) -> Entry {
        Entry::parse(json.as_bytes()).unwrap()
    }

    fn text(json: &str) -> String {
        String::from_utf8_lossy(&entry(json).text()).into_owned()
    }

    #[test]
    fn fields_become_a_line() {
        let full = r#"{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1795316400000001","_SYSTEMD_UNIT":"nginx.service",
            "SYSLOG_IDENTIFIER":"nginx","_PID":"812","PRIORITY":"3","MESSAGE":"it broke","_TRANSPORT":"syslog",
            "_SOURCE_REALTIME_TIMESTAMP":"1795316399123456"}"#;
        assert_eq!(text(full), "nginx[812]: it broke");
        assert_eq!(entry(full).level(), Some(Level::Error));
        assert_eq!(entry(full).time().unwrap().as_microsecond(), 1_795_316_399_123_456);
        assert_eq!(entry(full).into_cursor(), "s=1;i=2");
        let kernel = r#"{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1795316400000001","_TRANSPORT":"kernel","MESSAGE":"oom"}"#;
        assert_eq!(text(kernel), "kernel: oom");
        assert_eq!((entry(kernel).level(), entry(kernel).or_level()), (None, None));
        assert_eq!(entry(kernel).time().unwrap().as_microsecond(), 1_795_316_400_000_001);
        let scope =
            r#"{"__CURSOR":"c","_SYSTEMD_UNIT":"session-3.scope","SYSLOG_IDENTIFIER":"sudo","MESSAGE":"x"}"#;
        assert_eq!(text(scope), "sudo: x");
    }

    #[test]
    fn the_priority_of_standard_output_does_not_hide_what_the_message_says() {
        let stdout = r#"{"__CURSOR":"c","PRIORITY":"6","_TRANSPORT":"stdout","MESSAGE":"ERROR x"}"#;
        assert_eq!((entry(stdout).level(), entry(stdout).or_level()), (None, Some(Level::Info)));
        let prefixed = r#"{"__CURSOR":"c","PRIORITY":"4","_TRANSPORT":"stdout","MESSAGE":"x"}"#;
        assert_eq!(entry(prefixed).level(), Some(Level::Warn));
    }

    #[test]
    fn values_of_every_shape_are_read() {
        for (message, expected) in [
            (r#""text""#, "x: text"),
            ("null", "x: (no message)"),
            ("[104,105,255]", "x: hi\u{fffd}"),
            (r#"["one","two"]"#, "x: one\ntwo"),
            (r#"[[104,105],null,"two"]"#, "x: hi\ntwo"),
            ("[]", "x: (no message)"),
            ("[null]", "x: (no message)"),
        ] {
            let json = format!(r#"{{"__CURSOR":"c","SYSLOG_IDENTIFIER":"x","MESSAGE":{message}}}"#);
            assert_eq!(text(&json), expected);
        }
        for priority in [r#""9""#, "null", r#"["3","4"]"#, r#""x""#] {
            assert_eq!(entry(&format!(r#"{{"__CURSOR":"c","PRIORITY":{priority}}}"#)).level(), None);
        }
        assert_eq!(text(r#"{"__CURSOR":"c"}"#), "(no message)");
    }

    /// Any value that the format allows for a field.
    fn value() -> impl Strategy<Value = Value> {
        let simple = prop_oneof![
            "\\PC{0,9}".prop_map(Value::from),
            Just(Value::Null),
            proptest::collection::vec(any::<u8>(), 0..6).prop_map(Value::from),
        ];
        prop_oneof![simple.clone(), proptest::collection::vec(simple, 0..4).prop_map(Value::from)]
    }

    proptest! {
        #[test]
        fn any_entry_has_a_text_that_ends_with_its_message(message in value(), others in proptest::collection::vec(value(), FIELDS.len())) {
            let mut fields: Map<String, Value> = FIELDS.iter().map(|f| (*f).to_owned()).zip(others).collect();
            fields.insert("__CURSOR".into(), "c".into());
            fields.insert("MESSAGE".into(), message.clone());
            let entry = Entry::parse(&serde_json::to_vec(&fields).unwrap()).unwrap();
            let (text, _) = (entry.text(), (entry.level(), entry.or_level(), entry.time()));
            if let Some(message) = message.as_str() {
                prop_assert!(text.ends_with(message.as_bytes()));
            }
            prop_assert!(!text.is_empty() || message == "" || message.is_array());
        }
    }

    #[test]
    fn what_is_no_entry_is_none() {
        for json in ["", "{", "[]", "{}", r#"{"__CURSOR":null}"#, "-- No entries --"] {
            assert!(Entry::parse(json.as_bytes()).is_none(), "{json}");
        }
    }
}
