//! Alerts, acknowledgements and silences: three things that are never mixed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::text::RawText;

/// How bad, in the order in which a person should look.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Somebody is paged.
    Critical,
    /// It is broken; nobody has to get up for it.
    Error,
    /// Somebody looks in working hours.
    Warning,
    /// For information.
    Info,
    /// The source does not say; between a warning and an information.
    Unknown,
}

impl Severity {
    /// The word shown for it, four letters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "CRIT",
            Self::Error => "ERR",
            Self::Warning => "WARN",
            Self::Info => "INFO",
            Self::Unknown => "?",
        }
    }
}

/// Whether it is wrong now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertState {
    /// The condition holds, not yet for long enough.
    Pending,
    /// It fires.
    Firing,
    /// It has ended.
    Resolved,
}

/// Who said "I have it", and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The person as the source names them.
    pub person: RawText,
    /// When.
    pub at: Timestamp,
}

/// Something that an alerting system says is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Identity: the source's fingerprint of the label set.
    pub id: RawText,
    /// Its name.
    pub name: RawText,
    /// How bad.
    pub severity: Severity,
    /// Whether it is wrong now.
    pub state: AlertState,
    /// What it is about.
    #[serde(default)]
    pub labels: BTreeMap<RawText, RawText>,
    /// What people wrote about it: summary, description, runbook.
    #[serde(default)]
    pub annotations: BTreeMap<RawText, RawText>,
    /// When the source says that it started to fire.
    pub started: Timestamp,
    /// How long the condition had to hold before it fired (the rule's `for`).
    #[serde(default)]
    pub held: Option<SignedDuration>,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// When it was last seen to fire, if it ended at a time that nobody saw, before `ended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_after: Option<Timestamp>,
    /// Ids of the silences that mute it.
    #[serde(default)]
    pub silenced_by: Vec<RawText>,
    /// Names or ids of the alerts that inhibit it.
    #[serde(default)]
    pub inhibited_by: Vec<RawText>,
    /// Who has it.
    #[serde(default)]
    pub acknowledged: Option<Acknowledgement>,
    /// Who is told: the names of the receivers that it is routed to.
    #[serde(default)]
    pub receivers: Vec<RawText>,
    /// What the expression of its rule yields, as the source writes it.
    #[serde(default)]
    pub value: Option<RawText>,
    /// The expression of its rule, where it is known.
    #[serde(default)]
    pub expression: Option<RawText>,
    /// Where a browser shows its rule or graph.
    #[serde(default)]
    pub link: Option<RawText>,
}

/// Alerts that a receiver is told of in one notification.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Group {
    /// Who is told.
    pub receiver: RawText,
    /// What its alerts have in common, by which they are put together.
    pub labels: BTreeMap<RawText, RawText>,
    /// The names of its alerts, and how many there are of each.
    pub alerts: BTreeMap<RawText, usize>,
}

impl Alert {
    /// An alert that fires since `started`, of which nothing else is known.
    pub fn new(id: impl Into<RawText>, name: impl Into<RawText>, started: Timestamp) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            severity: Severity::Unknown,
            state: AlertState::Firing,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            started,
            held: None,
            ended: None,
            ended_after: None,
            silenced_by: Vec::new(),
            inhibited_by: Vec::new(),
            acknowledged: None,
            receivers: Vec::new(),
            value: None,
            expression: None,
            link: None,
        }
    }

    /// When it began, as opposed to when it was seen: the start less the rule's `for`.
    pub fn onset(&self) -> Timestamp {
        self.started.checked_sub(self.held.unwrap_or(SignedDuration::ZERO)).unwrap_or(self.started)
    }

    /// Whether it fires and nothing mutes it.
    pub fn is_loud(&self) -> bool {
        self.state == AlertState::Firing && self.silenced_by.is_empty() && self.inhibited_by.is_empty()
    }

    /// The environment that its labels name.
    pub fn environment(&self) -> Option<&RawText> {
        self.label("environment").or_else(|| self.label("env"))
    }

    /// A label's value.
    pub fn label(&self, name: &str) -> Option<&RawText> {
        self.labels.get(&RawText::from(name))
    }
}

/// How a silence's matcher compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Comparison {
    /// `=`
    #[serde(rename = "=")]
    Equal,
    /// `!=`
    #[serde(rename = "!=")]
    NotEqual,
    /// `=~`
    #[serde(rename = "=~")]
    Matches,
    /// `!~`
    #[serde(rename = "!~")]
    NotMatches,
}

impl Comparison {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::NotMatches => "!~",
        }
    }
}

/// One condition of a silence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// The label.
    pub label: RawText,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub value: RawText,
}

/// A silence: mutes every alert that all of its matchers match, for a time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Identity within its source.
    pub id: RawText,
    /// What it mutes.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts: Timestamp,
    /// Until when.
    pub ends: Timestamp,
    /// Who made it.
    #[serde(default)]
    pub person: RawText,
    /// Why.
    #[serde(default)]
    pub comment: RawText,
}
