//! Lengths of time and sizes as a configuration writes them: `30s`, `1h30m`, `256 MiB`.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A length of time, written `500ms`, `30s`, `5m`, `1h30m`, `2d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Period(pub Duration);

/// A number of bytes, written `4096`, `64 KiB`, `256 MiB`, `1 GiB`; `KB`, `MB`, `GB` count by 1000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Bytes(pub u64);

const PERIODS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

const SIZES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
];

/// Splits `12 ab` into 12, `ab` and what follows.
fn amount(text: &str) -> Option<(u64, &str, &str)> {
    let text = text.trim_start();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(digits)?;
    let rest = rest.trim_start();
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(letters)?;
    Some((number.parse().ok()?, unit, rest))
}

fn unit(units: &[(&str, u64)], unit: &str) -> Option<u64> {
    units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).map(|(_, size)| *size)
}

fn period(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, name, after) = amount(rest)?;
        total = total.checked_add(number.checked_mul(unit(PERIODS, name)?)?)?;
        rest = after.trim_start();
    }
    (!text.trim().is_empty()).then(|| Duration::from_millis(total))
}

fn bytes(text: &str) -> Option<u64> {
    let (number, name, rest) = amount(text)?;
    if rest.trim().is_empty() { number.checked_mul(unit(SIZES, name)?) } else { None }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time; write 30s, 5m or 1h30m");
        period(text).map(Self).ok_or_else(wrong)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let wrong = || de::Error::custom(format!("`{text}` is not a size; write 64 KiB, 256 MiB or 1 GiB"));
        bytes(&text).map(Self).ok_or_else(wrong)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time: 500ms, 30s, 5m, 1h30m, 2d.",
            "pattern": r"^\s*([0-9]+\s*(ms|s|m|h|d|w)\s*)+$",
        })
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A size: 4096, 64 KiB, 256 MiB, 1 GiB; KB, MB and GB count by 1000.",
            "pattern": r"^\s*[0-9]+\s*([KMGkmg][Ii]?)?[Bb]?\s*$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_with_their_units_and_nothing_else() {
        for (text, millis) in [
            ("500ms", 500),
            ("30s", 30_000),
            (" 5 m ", 300_000),
            ("1h30m", 5_400_000),
            ("2d", 172_800_000),
            ("0s", 0),
        ] {
            assert_eq!(period(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "30", "s", "-1s", "1.5h", "5 minutes", "99999999999999999999s", "18446744073709551615w"]
        {
            assert_eq!(period(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read_with_binary_and_decimal_units() {
        for (text, size) in [
            ("4096", 4096),
            ("256 MiB", 256 << 20),
            ("1gib", 1 << 30),
            ("10 KB", 10_000),
            ("7B", 7),
            ("2GB", 2_000_000_000),
        ] {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "MiB", "1 XB", "1 MiB 2", "-1", "99999999999 GiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
