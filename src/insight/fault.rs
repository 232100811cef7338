//! One fault that several sources tell of: Prometheus that evaluates the rule, and Alertmanager that
//! routes it, each with labels of its own besides.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::alert::{Alert, AlertState};
use crate::model::text::RawText;

/// Labels that tell copies of one alert apart, not faults.
const COPIES: &[&str] =
    &["replica", "prometheus_replica", "__replica__", "receiver", "prometheus", "monitor"];
/// Labels that, where both sources have them, are the same for one fault. They keep the groups that
/// are compared small.
const TELLING: &[&str] = &["instance", "host", "job", "namespace", "pod", "service"];

/// What a source says of a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// The source.
    pub source: RawText,
    /// Its alert.
    pub alert: Arc<Alert>,
    /// Whether the source can be believed now.
    pub is_live: bool,
}

/// One fault, as all sources that know of it tell it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Whose word counts: one that can be believed, that says the worst, that knows who is told.
    pub first: Word,
    /// What the others say.
    pub others: Vec<Word>,
}

impl Fault {
    /// Whether a source that can be believed says that it is in another state than the first does.
    pub fn is_disputed(&self) -> bool {
        self.others.iter().any(|word| word.is_live && word.alert.state != self.first.alert.state)
    }
}

/// Puts together what tells of one fault. One source never tells twice of the same.
pub fn together(words: impl IntoIterator<Item = Word>) -> Vec<Fault> {
    let mut near: HashMap<Vec<RawText>, Vec<Vec<Word>>> = HashMap::new();
    for word in words {
        let groups = near.entry(bucket(&word.alert)).or_default();
        let same = groups.iter_mut().find(|group| {
            group.iter().all(|known| known.source != word.source && is_one(&known.alert, &word.alert))
        });
        match same {
            Some(group) => group.push(word),
            None => groups.push(vec![word]),
        }
    }
    near.into_values().flatten().filter_map(fault).collect()
}

fn fault(mut words: Vec<Word>) -> Option<Fault> {
    words.sort_by_key(|word| {
        let state = match word.alert.state {
            AlertState::Firing => 0,
            AlertState::Pending => 1,
            AlertState::Resolved => 2,
        };
        (!word.is_live, state, word.alert.receivers.is_empty(), word.source.clone())
    });
    let mut words = words.into_iter();
    let (mut first, others) = (words.next()?, words.collect::<Vec<_>>());
    // Who routes an alert knows since when it fires; who evaluates the rule, since when it holds.
    let earlier = others.iter().filter(|word| word.is_live && word.alert.onset() < first.alert.onset());
    if let Some(word) = earlier.min_by_key(|word| word.alert.onset()) {
        let (started, held) = (word.alert.started, word.alert.held);
        first.alert = Arc::new(Alert { started, held, ..Alert::clone(&first.alert) });
    }
    if let (None, Some(value)) = (&first.alert.value, others.iter().find_map(|word| word.alert.value.clone()))
    {
        first.alert = Arc::new(Alert { value: Some(value), ..Alert::clone(&first.alert) });
    }
    Some(Fault { first, others })
}

fn bucket(alert: &Alert) -> Vec<RawText> {
    let telling = TELLING.iter().map(|name| alert.label(name).cloned().unwrap_or_default());
    std::iter::once(alert.name.clone()).chain(telling).collect()
}

/// Whether one label set is part of the other: a sender adds labels on the way and changes none.
fn is_one(a: &Alert, b: &Alert) -> bool {
    let (few, many) = if a.labels.len() <= b.labels.len() { (a, b) } else { (b, a) };
    few.labels.iter().all(|(name, value)| {
        COPIES.iter().any(|copy| name.as_str() == Some(copy)) || many.labels.get(name) == Some(value)
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::alert::Severity;

    fn word(source: &str, labels: &[(&str, &str)], state: AlertState, receivers: &[&str]) -> Word {
        let alert = Alert {
            severity: Severity::Critical,
            state,
            labels: labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            receivers: receivers.iter().map(|name| (*name).into()).collect(),
            ..Alert::new(source, "HighErrorRate", Timestamp::UNIX_EPOCH)
        };
        Word { source: source.into(), alert: Arc::new(alert), is_live: true }
    }

    const RULE: &[(&str, &str)] = &[("alertname", "HighErrorRate"), ("service", "checkout")];
    const ROUTED: &[(&str, &str)] =
        &[("alertname", "HighErrorRate"), ("service", "checkout"), ("cluster", "eu-1"), ("replica", "a")];

    #[test]
    fn the_rule_and_what_is_routed_are_one_and_who_knows_the_receiver_speaks() {
        let prometheus = word("prom", RULE, AlertState::Firing, &[]);
        let alertmanager = word("zam", ROUTED, AlertState::Firing, &["pager"]);
        let found = together([prometheus.clone(), alertmanager.clone()]);
        assert_eq!(found, [Fault { first: alertmanager, others: vec![prometheus] }]);
        assert!(!found[0].is_disputed());
    }

    #[test]
    fn the_rule_knows_the_onset_and_the_value() {
        let mut rule = word("prom", RULE, AlertState::Firing, &[]);
        let alert = Arc::make_mut(&mut rule.alert);
        alert.started = Timestamp::UNIX_EPOCH - jiff::SignedDuration::from_mins(5);
        alert.held = Some(jiff::SignedDuration::from_mins(60));
        alert.value = Some("0.42".into());
        let [fault] = &together([rule, word("am", ROUTED, AlertState::Firing, &["pager"])])[..] else {
            panic!()
        };
        assert_eq!(fault.first.source, "am".into());
        let before = Timestamp::UNIX_EPOCH.duration_since(fault.first.alert.onset());
        assert_eq!((before.as_mins(), fault.first.alert.value.as_ref()), (65, Some(&"0.42".into())));
    }

    #[test]
    fn what_still_fires_or_can_be_believed_counts_and_a_dispute_is_told() {
        let ended = word("prom", RULE, AlertState::Resolved, &[]);
        let fires = word("am", ROUTED, AlertState::Firing, &["pager"]);
        let [fault] = &together([ended.clone(), fires.clone()])[..] else { panic!() };
        assert_eq!(fault.first, fires);
        assert!(fault.is_disputed());
        let blind = Word { is_live: false, ..fires };
        let [fault] = &together([ended.clone(), blind])[..] else { panic!() };
        assert_eq!(fault.first, ended);
        assert!(!fault.is_disputed(), "the word of a blind source is old");
    }

    #[test]
    fn other_services_other_values_and_one_source_alone_are_not_one() {
        let other = [("alertname", "HighErrorRate"), ("service", "search")];
        let cluster = [("alertname", "HighErrorRate"), ("service", "checkout"), ("cluster", "us-1")];
        let found = together([
            word("am", ROUTED, AlertState::Firing, &[]),
            word("prom", &other, AlertState::Firing, &[]),
            word("prom us", &cluster, AlertState::Firing, &[]),
        ]);
        assert_eq!(found.len(), 3);
        let alone = [word("am", ROUTED, AlertState::Firing, &[]), word("am", RULE, AlertState::Firing, &[])];
        assert_eq!(together(alone).len(), 2);
    }

    #[test]
    fn copies_of_a_pair_of_prometheus_are_one() {
        let copy = |replica| [("alertname", "HighErrorRate"), ("service", "checkout"), ("replica", replica)];
        let found = together([
            word("a", &copy("a"), AlertState::Firing, &[]),
            word("b", &copy("b"), AlertState::Firing, &[]),
        ]);
        assert_eq!(found.len(), 1);
    }
}
