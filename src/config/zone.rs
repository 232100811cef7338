//! A time zone as a configuration writes it, and the one that this machine has.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::nearest::suggestion;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// More bytes than any file of a time zone has; the largest is below 4 kB.
const LARGEST: u64 = 1 << 20;

/// A time zone by its IANA name: `Europe/Berlin`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(pub TimeZone);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'_, str>::deserialize(deserializer)?;
        // The embedded data, so that the same configuration is right or wrong on every machine.
        let zones = TimeZoneDatabase::bundled();
        zones.get(&name).map(Self).map_err(|_| {
            let known: Vec<String> = zones.available().map(|zone| zone.as_str().to_owned()).collect();
            let near = suggestion(&name, known.iter().map(String::as_str));
            de::Error::custom(format!(
                "there is no time zone `{name}`{near}; write a name such as Europe/Berlin or UTC"
            ))
        })
    }
}

/// The time zone of `TZ`, or of this machine; none where neither says one. Errors when `TZ` says
/// something that is none.
pub fn of_system() -> Result<Option<TimeZone>, SafeText> {
    let Some(said) = std::env::var_os("TZ") else { return Ok(TimeZone::try_system().ok()) };
    let zone = if is_safe(&said) { TimeZone::try_system().ok() } else { None };
    let shown = clean(&RawText::from(said.into_encoded_bytes()));
    zone.map(Some).ok_or_else(|| {
        safe!(
            "TZ={} is no time zone, so times are shown in UTC; `timezone` in the configuration sets one",
            shown
        )
    })
}

/// Whether what `TZ` says may be looked up: a name is, and else a file, which is read whole. So it
/// has to be one with an end.
fn is_safe(said: &OsStr) -> bool {
    let text = said.to_string_lossy();
    let path = text.strip_prefix(':').unwrap_or(&text);
    let Ok(meta) = Path::new(path).metadata() else { return true };
    // The files that the kernel makes up have no length and may have no end.
    (meta.is_file() && (1..=LARGEST).contains(&meta.len())) || TimeZoneDatabase::bundled().get(path).is_ok()
}

impl JsonSchema for Zone {
    fn schema_name() -> Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_files_with_an_end_are_looked_up() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::File::create(at("large")).unwrap().set_len(LARGEST + 1).unwrap();
        std::fs::File::create(at("small")).unwrap().set_len(44).unwrap();
        for unsafe_one in ["/dev/zero", ":/dev/zero", "/dev/tty", "/proc/self/environ", "/", &at("large")] {
            assert!(!is_safe(OsStr::new(unsafe_one)), "{unsafe_one}");
        }
        let small = at("small");
        for safe_one in ["Europe/Berlin", ":Europe/Berlin", "EST5EDT,M3.2.0,M11.1.0", "nowhere", "", &small] {
            assert!(is_safe(OsStr::new(safe_one)), "{safe_one}");
        }
    }
}
