//! Text with holes: `${time} level=info order=${hex:8} took=${int:20:90}ms`.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

use super::dice::Dice;

/// Text with holes that are filled from the moment, from what is known and by chance.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, PartialEq, Debug)]
enum Piece {
    Text(String),
    Known(Known),
    Time(Form),
    Hex(usize),
    Whole(u64, u64),
    /// A number with three decimals, from thousandths.
    Part(u64, u64),
    Pick(Vec<String>),
    Address,
    /// A byte that a text file cannot hold.
    Byte(u8),
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Known {
    Stream,
    Host,
    Service,
    Revision,
    Number,
    Environment,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    /// RFC 3339 with milliseconds.
    Rfc3339,
    /// As log4j: a blank, and a comma before the milliseconds.
    Comma,
    /// Seconds since 1970 with milliseconds.
    Epoch,
    /// As syslog of old: no year.
    Syslog,
    /// As nginx writes its error log.
    Slashes,
    /// As the access logs of web servers.
    Access,
}

/// What is known where a template is filled.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Facts<'a> {
    pub(super) stream: &'a str,
    pub(super) host: &'a str,
    pub(super) service: &'a str,
    pub(super) revision: &'a str,
    pub(super) number: &'a str,
    pub(super) environment: &'a str,
}

impl Template {
    fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (hole, after) = after.split_once('}').ok_or_else(|| format!("`${{{after}` has no end"))?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::parse(hole).ok_or_else(|| format!("`${{{hole}}}` means nothing"))?);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Whether it begins with a blank, as what goes on with the line before it.
    pub(super) fn is_indented(&self) -> bool {
        matches!(self.0.first(), Some(Piece::Text(text)) if text.starts_with([' ', '\t']))
    }

    /// The text, filled.
    pub(super) fn fill(&self, at: Timestamp, facts: &Facts<'_>, dice: &mut Dice) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        for piece in &self.0 {
            piece.fill(at, facts, dice, &mut out);
        }
        out
    }
}

impl Piece {
    fn parse(hole: &str) -> Option<Self> {
        let (name, rest) = hole.split_once(':').unwrap_or((hole, ""));
        let range = || {
            let (low, high) = rest.split_once(':')?;
            Some((low.parse().ok()?, high.parse().ok()?)).filter(|(low, high): &(u64, u64)| low <= high)
        };
        Some(match (name, rest) {
            ("stream", "") => Self::Known(Known::Stream),
            ("host", "") => Self::Known(Known::Host),
            ("service", "") => Self::Known(Known::Service),
            ("revision", "") => Self::Known(Known::Revision),
            ("number", "") => Self::Known(Known::Number),
            ("environment", "") => Self::Known(Known::Environment),
            ("time", "") => Self::Time(Form::Rfc3339),
            ("time", "comma") => Self::Time(Form::Comma),
            ("time", "epoch") => Self::Time(Form::Epoch),
            ("time", "syslog") => Self::Time(Form::Syslog),
            ("time", "slashes") => Self::Time(Form::Slashes),
            ("time", "access") => Self::Time(Form::Access),
            ("hex", digits) => Self::Hex(digits.parse().ok()?),
            ("int", _) => range().map(|(low, high)| Self::Whole(low, high))?,
            ("float", _) => range().map(|(low, high)| Self::Part(low, high))?,
            ("pick", _) => Self::Pick(rest.split('|').map(str::to_owned).collect()),
            ("address", "") => Self::Address,
            ("byte", digits) => Self::Byte(u8::from_str_radix(digits, 16).ok()?),
            _ => return None,
        })
    }

    fn fill(&self, at: Timestamp, facts: &Facts<'_>, dice: &mut Dice, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Known(known) => out.extend_from_slice(known.of(facts).as_bytes()),
            Self::Time(form) => out.extend_from_slice(form.of(at).as_bytes()),
            Self::Hex(digits) => out.extend_from_slice(dice.hex(*digits).as_bytes()),
            Self::Whole(low, high) => {
                out.extend_from_slice(dice.between(*low, *high).to_string().as_bytes());
            }
            Self::Part(low, high) => {
                let thousandths = dice.between(*low, *high);
                let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
                out.extend_from_slice(text.as_bytes());
            }
            Self::Pick(from) => {
                out.extend_from_slice(dice.pick(from).map(String::as_bytes).unwrap_or_default());
            }
            // A network set aside for documents (RFC 5737).
            Self::Address => {
                out.extend_from_slice(format!("203.0.113.{}", dice.between(1, 254)).as_bytes());
            }
            Self::Byte(byte) => out.push(*byte),
        }
    }
}

impl Known {
    fn of<'a>(self, facts: &Facts<'a>) -> &'a str {
        match self {
            Self::Stream => facts.stream,
            Self::Host => facts.host,
            Self::Service => facts.service,
            Self::Revision => facts.revision,
            Self::Number => facts.number,
            Self::Environment => facts.environment,
        }
    }
}

impl Form {
    fn of(self, at: Timestamp) -> String {
        let form = match self {
            Self::Rfc3339 => "%Y-%m-%dT%H:%M:%S.%3fZ",
            Self::Comma => "%Y-%m-%d %H:%M:%S,%3f",
            Self::Epoch => "%s.%3f",
            Self::Syslog => "%b %e %H:%M:%S",
            Self::Slashes => "%Y/%m/%d %H:%M:%S",
            Self::Access => "%d/%b/%Y:%H:%M:%S +0000",
        };
        at.strftime(form).to_string()
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Vec<u8> {
        let facts = Facts { host: "app-1", revision: "3f2a1c9", ..Facts::default() };
        let at: Timestamp = "2026-11-20T03:04:05.678Z".parse().unwrap();
        Template::parse(text).unwrap().fill(at, &facts, &mut Dice::new(1, &[]))
    }

    #[test]
    fn times_and_facts_are_written_in_their_forms() {
        for (text, expected) in [
            ("${time} ${host}", "2026-11-20T03:04:05.678Z app-1"),
            ("${time:comma}", "2026-11-20 03:04:05,678"),
            ("${time:epoch}", "1795143845.678"),
            ("${time:syslog} $5 {}", "Nov 20 03:04:05 $5 {}"),
            ("${time:slashes}", "2026/11/20 03:04:05"),
            ("[${time:access}] ${revision}", "[20/Nov/2026:03:04:05 +0000] 3f2a1c9"),
            ("${int:7:7}${pick:a}${float:1050:1050}", "7a1.050"),
        ] {
            assert_eq!(String::from_utf8(filled(text)).unwrap(), expected, "{text}");
        }
        assert_eq!(filled("a${byte:ff}"), b"a\xff");
        assert_eq!(filled("${hex:12}").len(), 12);
    }

    #[test]
    fn a_hole_that_means_nothing_is_an_error() {
        for text in ["${", "${nothing}", "${int:9:3}", "${hex:x}", "${time:mars}", "${byte:100}", "${host:x}"]
        {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
