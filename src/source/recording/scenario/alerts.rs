//! The alerts, silences and blind sources of a scenario.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::dice;
use super::moment::Moment;
use crate::model::alert::{Acknowledgement, Alert, AlertState, Matcher, Severity, Silence};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::source::alerts::alertmanager::expression_in;

/// For how long an alert that has ended is still told of, as Prometheus does.
const LINGERS: SignedDuration = SignedDuration::from_mins(5);

/// One alert, once.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertPlan {
    pub(super) source: RawText,
    name: RawText,
    severity: Severity,
    fires: Moment,
    ends: Option<Moment>,
    /// How long it pends before.
    held: SignedDuration,
    labels: BTreeMap<RawText, RawText>,
    annotations: BTreeMap<RawText, RawText>,
    #[serde(default)]
    silenced_by: Vec<RawText>,
    acknowledged: Option<Acknowledged>,
    link: Option<RawText>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledged {
    person: RawText,
    at: Moment,
}

impl AlertPlan {
    /// What is told of it at `now`, if anything.
    pub(super) fn at(&self, now: Timestamp, day: Date, silences: &[Silence]) -> Option<Alert> {
        let started = self.fires.on(day);
        let ended = self.ends.map(|moment| moment.on(day)).filter(|end| *end <= now);
        if now < started - self.held || ended.is_some_and(|end| now >= end + LINGERS) {
            return None;
        }
        let mut alert = Alert {
            severity: self.severity,
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            held: Some(self.held),
            ended,
            expression: self.expression(),
            link: self.link.clone(),
            ..Alert::new(format!("{:016x}", self.fingerprint()), self.name.clone(), started)
        };
        alert.labels.insert("alertname".into(), self.name.clone());
        if now < started {
            (alert.state, alert.started, alert.held) = (AlertState::Pending, started - self.held, None);
            return Some(alert);
        }
        if ended.is_some() {
            alert.state = AlertState::Resolved;
        }
        let is_in_force = |id: &&RawText| silences.iter().any(|silence| silence.id == **id);
        alert.silenced_by = self.silenced_by.iter().filter(is_in_force).cloned().collect();
        let acknowledged = self.acknowledged.as_ref().map(|ack| (ack.person.clone(), ack.at.on(day)));
        alert.acknowledged =
            acknowledged.filter(|(_, at)| *at <= now).map(|(person, at)| Acknowledgement { person, at });
        Some(alert)
    }

    /// From when to when its rule holds.
    #[cfg(test)]
    pub(super) fn held_between(&self, day: Date) -> (Timestamp, Option<Timestamp>) {
        (self.fires.on(day) - self.held, self.ends.map(|end| end.on(day)))
    }

    /// The expression of its rule, which its link has, as an Alertmanager's does.
    pub(super) fn expression(&self) -> Option<RawText> {
        expression_in(self.link.as_ref()?.as_str()?)
    }

    fn fingerprint(&self) -> u64 {
        let mut bytes = self.name.as_bytes().to_vec();
        for (name, value) in &self.labels {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(0xff);
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(0xff);
        }
        dice::hash(&bytes)
    }
}

/// One silence.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SilencePlan {
    pub(super) source: RawText,
    id: RawText,
    matchers: Vec<Matcher>,
    starts: Moment,
    ends: Moment,
    person: RawText,
    comment: RawText,
}

impl SilencePlan {
    /// It, if it is in force at `now`.
    pub(super) fn at(&self, now: Timestamp, day: Date) -> Option<Silence> {
        let (starts, ends) = (self.starts.on(day), self.ends.on(day));
        (starts <= now && now < ends).then(|| Silence {
            id: self.id.clone(),
            matchers: self.matchers.clone(),
            starts,
            ends,
            person: self.person.clone(),
            comment: self.comment.clone(),
        })
    }
}

/// A time in which a source is blind.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trouble {
    pub(super) source: RawText,
    from: Moment,
    until: Option<Moment>,
    kind: FailureKind,
    what: RawText,
    advice: Option<RawText>,
}

impl Trouble {
    /// Why the source is blind at `now`, if it is.
    pub(super) fn at(&self, now: Timestamp, day: Date) -> Option<Failure> {
        let is_now = self.from.on(day) <= now && self.until.is_none_or(|until| now < until.on(day));
        let failure = Failure::new(self.kind, self.what.clone());
        is_now.then(|| Failure { advice: self.advice.clone(), ..failure })
    }
}
