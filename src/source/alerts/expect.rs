//! Alerts that must always fire: the heartbeat of an alerting system (`Watchdog`, `DeadMansSwitch`).
//!
//! While one fires it is no news and has no row. When it is missing, nothing that this source says
//! can be believed, and that is the worst row there is.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::alert::{Alert, AlertState, Severity};

/// Rounds in a row in which an expected alert may be missing.
const PATIENCE: u32 = 2;

/// For how many rounds each expected alert has been missing, and since when.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Missing(BTreeMap<String, (u32, Timestamp)>);

impl Missing {
    /// Takes the alerts of one round: leaves out what is expected, adds what is missing.
    pub(super) fn judge(&mut self, expected: &[String], alerts: &mut Vec<Alert>, now: Timestamp) {
        for name in expected {
            let is_it = |alert: &Alert| alert.name.as_str() == Some(name);
            if alerts.iter().any(|alert| is_it(alert) && alert.state == AlertState::Firing) {
                self.0.remove(name);
                alerts.retain(|alert| !is_it(alert));
                continue;
            }
            let (rounds, since) = self.0.entry(name.clone()).or_insert((0, now));
            *rounds += 1;
            if *rounds >= PATIENCE {
                alerts.push(blind(name, *since));
            }
        }
    }
}

fn blind(name: &str, since: Timestamp) -> Alert {
    let summary = format!("{name} should always fire and does not: alerts that matter may be missing too");
    let what_to_do = "look whether Prometheus runs, evaluates its rules and reaches this Alertmanager";
    let annotations = [("summary", summary.as_str()), ("description", what_to_do)];
    Alert {
        severity: Severity::Critical,
        labels: BTreeMap::from([("expected".into(), name.into())]),
        annotations: annotations.into_iter().map(|(name, text)| (name.into(), text.into())).collect(),
        ..Alert::new(format!("expected {name}"), "alerting is blind", since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_no_row_and_its_absence_is_the_worst_after_two_rounds() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let watchdog = Alert { name: "Watchdog".into(), ..blind("x", at(0)) };
        let expected = ["Watchdog".to_owned()];
        let mut missing = Missing::default();
        let mut round = |second, alerts: &[&Alert]| {
            let mut alerts: Vec<Alert> = alerts.iter().copied().cloned().collect();
            missing.judge(&expected, &mut alerts, at(second));
            alerts
        };
        assert_eq!(round(0, &[&watchdog]), []);
        assert_eq!(round(15, &[]), [], "one round may be a restart");
        let [row] = &round(30, &[])[..] else { panic!() };
        assert_eq!((row.severity, row.started), (Severity::Critical, at(15)));
        assert_eq!(round(45, &[])[0].started, at(15), "since when it is missing");
        assert_eq!(round(60, &[&watchdog]), []);
        let pending = Alert { state: AlertState::Pending, ..watchdog.clone() };
        round(75, &[&pending]);
        assert_eq!(round(90, &[&pending]).len(), 2, "one that only pends does not fire");
    }
}
