//! A time zone as a configuration writes it.

use std::borrow::Cow;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::nearest::suggestion;

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

impl JsonSchema for Zone {
    fn schema_name() -> Cow<'static, str> {
        "Zone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}
