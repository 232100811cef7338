//! The terms of an incident: its id, how bad it is, how it stands, what can be set of it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::text::RawText;

/// The longest part of an id that is made of a name, bytes.
const SLUG: usize = 32;

/// Names an incident: the UTC minute of its declaration and what it is about, as in
/// `INC-20260314-0142-checkout`. It sorts by time, is unique without a server, and is the name of a
/// folder: letters, digits and `-` only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct IncidentId(String);

impl IncidentId {
    /// One for what is declared at this time, and that none of `taken` has.
    pub fn new(at: Timestamp, about: &RawText, taken: impl Fn(&Self) -> bool) -> Self {
        let mut slug = String::new();
        for byte in about.as_bytes() {
            if byte.is_ascii_alphanumeric() {
                slug.push(char::from(byte.to_ascii_lowercase()));
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == SLUG {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        let plain = format!("INC-{}-{}", at.strftime("%Y%m%d-%H%M"), slug);
        let plain = plain.trim_end_matches('-').to_owned();
        let numbered = (2_u32..).map(|number| Self(format!("{plain}-{number}")));
        let mut all = std::iter::once(Self(plain.clone())).chain(numbered);
        all.find(|id| !taken(id)).unwrap_or(Self(plain.clone()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IncidentId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if text.starts_with("INC-") && text.len() <= 80 && text.bytes().all(is_good) {
            Ok(Self(text))
        } else {
            Err("an incident is called INC- and letters, digits and -".to_owned())
        }
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How bad it is, from 1, the worst, to 5.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Sev(u8);

impl Sev {
    /// What is meant when nobody knows: people are hurt.
    pub const SECOND: Self = Self(2);
    /// Some are hurt a little, or might be.
    pub const THIRD: Self = Self(3);
    /// Nobody is hurt.
    pub const FOURTH: Self = Self(4);

    /// Of this number, if there is one.
    pub fn new(number: u8) -> Option<Self> {
        (1..=5).contains(&number).then_some(Self(number))
    }

    /// `2`, `sev2`, `SEV-2`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let number = text.strip_prefix("sev").unwrap_or(&text).trim_start_matches('-');
        number.parse().ok().and_then(Self::new)
    }

    /// 1 to 5.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Sev {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, String> {
        Self::new(number).ok_or_else(|| "a severity is a number from 1 to 5".to_owned())
    }
}

impl From<Sev> for u8 {
    fn from(sev: Sev) -> Self {
        sev.0
    }
}

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody knows yet whether it is one.
    Triage,
    /// People are hurt, and somebody is at it.
    Active,
    /// People are no longer hurt; the cause may still be there.
    Mitigated,
    /// The cause is gone.
    Resolved,
    /// What is owed afterwards is done.
    Closed,
    /// It was none.
    Cancelled,
}

impl Status {
    /// All of them, in the order in which they are gone through.
    pub const ALL: [Self; 6] =
        [Self::Triage, Self::Active, Self::Mitigated, Self::Resolved, Self::Closed, Self::Cancelled];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Triage => "triage",
            Self::Active => "active",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The one of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word().eq_ignore_ascii_case(word))
    }

    /// Whether nobody has to do anything about it any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled)
    }
}

/// What of an incident can be set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// What it is called.
    Title,
    /// The service that it is about.
    Service,
    /// The host that it is about.
    Host,
    /// The environment that it is in.
    Environment,
    /// What people feel of it.
    Impact,
    /// Which change caused it, or `none` where it was no change.
    Change,
    /// When it began.
    Onset,
    /// Who leads.
    Lead,
    /// Who operates.
    Ops,
    /// Who tells others.
    Comms,
    /// Who writes.
    Scribe,
    /// A ticket, a channel, a status page; adds one.
    Link,
    /// A word to find it by; adds one.
    Tag,
    /// How often those who wait are told: `30m`, or `none`.
    Updates,
    /// Whether only those who are in it may see it: `yes` or `no`.
    Private,
    /// Whether it is an exercise: `yes` or `no`.
    Drill,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Title,
        Self::Service,
        Self::Host,
        Self::Environment,
        Self::Impact,
        Self::Change,
        Self::Onset,
        Self::Lead,
        Self::Ops,
        Self::Comms,
        Self::Scribe,
        Self::Link,
        Self::Tag,
        Self::Updates,
        Self::Private,
        Self::Drill,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Service => "service",
            Self::Host => "host",
            Self::Environment => "environment",
            Self::Impact => "impact",
            Self::Change => "change",
            Self::Onset => "onset",
            Self::Lead => "lead",
            Self::Ops => "ops",
            Self::Comms => "comms",
            Self::Scribe => "scribe",
            Self::Link => "link",
            Self::Tag => "tag",
            Self::Updates => "updates",
            Self::Private => "private",
            Self::Drill => "drill",
        }
    }

    /// Whether it is what a person is in the incident.
    pub fn is_role(self) -> bool {
        matches!(self, Self::Lead | Self::Ops | Self::Comms | Self::Scribe)
    }

    /// The one of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.word().eq_ignore_ascii_case(word))
    }
}

/// What an incident is declared with; all of it can be set later.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// What it is called.
    pub title: RawText,
    /// How bad it is.
    pub severity: Sev,
    /// The service that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<RawText>,
    /// The host that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<RawText>,
    /// The environment that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<RawText>,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<Timestamp>,
    /// When something told of it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detected: Option<Timestamp>,
    /// The alert that it was declared from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<RawText>,
    /// Where a browser shows more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<RawText>,
    /// What the log line that it was declared from says again and again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<RawText>,
}

impl Declared {
    /// A title and a severity, and nothing else.
    pub fn new(title: impl Into<RawText>, severity: Sev) -> Self {
        Self {
            title: title.into(),
            severity,
            service: None,
            host: None,
            environment: None,
            onset: None,
            detected: None,
            alert: None,
            links: Vec::new(),
            patterns: Vec::new(),
        }
    }
}

/// `30m`, `2h`, or `none`, which is zero.
pub fn interval(text: &str) -> Option<SignedDuration> {
    if text == "none" {
        return Some(SignedDuration::ZERO);
    }
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    match unit {
        "m" => number.checked_mul(60).map(SignedDuration::from_secs),
        "h" => number.checked_mul(3600).map(SignedDuration::from_secs),
        _ => None,
    }
}

/// Whether both name the same person: names are typed, `Kim` is kim.
pub fn is_same_person(one: &RawText, other: &RawText) -> bool {
    one.as_bytes().eq_ignore_ascii_case(other.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_names_of_folders_and_unique() {
        let at = "2026-03-14T01:42:10Z".parse().unwrap();
        let id = |about: &str| IncidentId::new(at, &about.into(), |_| false).as_str().to_owned();
        assert_eq!(id("checkout"), "INC-20260314-0142-checkout");
        assert_eq!(id("../.. Disk/Full\u{1b}[31m!"), "INC-20260314-0142-disk-full-31m");
        assert_eq!(id("\u{e9}"), "INC-20260314-0142");
        let second = IncidentId::new(at, &"checkout".into(), |id| id.as_str().ends_with("checkout"));
        assert_eq!(second.as_str(), "INC-20260314-0142-checkout-2");
        for wrong in ["INC-../x", "x", "INC-a/b", "INC-\u{e9}"] {
            assert!(IncidentId::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
