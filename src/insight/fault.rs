//! One fault that several sources tell of: Prometheus that evaluates the rule, and Alertmanager that
//! routes it, each with labels of its own besides.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::alert::{Alert, AlertState};
use crate::model::note::Fired;
use crate::model::text::RawText;
use crate::model::world::Source;

/// Labels that tell copies of one alert apart, not faults.
const COPIES: &[&str] =
    &["replica", "prometheus_replica", "__replica__", "receiver", "prometheus", "monitor"];
/// Comparisons at most for alerts of one name: thousands that share no label but their name are not
/// put together, each is a row, and that is told.
const MOST: usize = 100_000;

/// What a source says of a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// The source.
    pub source: RawText,
    /// Its alert.
    pub alert: Arc<Alert>,
    /// Where it is wrong, if that is known.
    pub environment: Option<RawText>,
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

impl Word {
    /// What a source says of an alert of its own. A silence that has ended since a source went blind
    /// mutes nothing any more.
    pub fn of(source: &Source, alert: &Arc<Alert>, now: Timestamp) -> Self {
        // The time first: there may be thousands, of which hardly any has ended.
        let has_ended =
            |id: &RawText| source.silences.iter().any(|silence| silence.ends <= now && silence.id == *id);
        let mut alert = Arc::clone(alert);
        if alert.silenced_by.iter().any(has_ended) {
            Arc::make_mut(&mut alert).silenced_by.retain(|id| !has_ended(id));
        }
        Self {
            source: source.info.name.clone(),
            environment: alert.environment().or(source.info.environment.as_ref()).cloned(),
            is_live: source.health(now).is_live(),
            alert,
        }
    }
}

impl Fault {
    /// Where it is wrong, as far as any of them knows.
    pub fn environment(&self) -> Option<&RawText> {
        let others = self.others.iter().map(|word| &word.environment);
        std::iter::once(&self.first.environment).chain(others).flatten().next()
    }

    /// Its alert, as each source tells it: what somebody claims.
    pub fn fired(&self) -> Vec<Fired> {
        std::iter::once(&self.first).chain(&self.others).map(|word| Fired::of(&word.alert)).collect()
    }

    /// Whether a source that can be believed says that it is in another state than the first does.
    pub fn is_disputed(&self) -> bool {
        let onset = self.first.alert.onset();
        // Of another time that it was wrong: the source does not contradict what it says now.
        let is_earlier = |alert: &Alert| {
            alert.state == AlertState::Resolved && alert.ended.is_some_and(|ended| ended <= onset)
        };
        let differs = |alert: &Alert| alert.state != self.first.alert.state && !is_earlier(alert);
        self.others.iter().any(|word| word.is_live && differs(&word.alert))
    }
}

/// What was put together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Together {
    /// One for each fault.
    pub faults: Vec<Fault>,
    /// Alerts that were not compared with all others, because there were too many of one name: what
    /// they tell of may be among the faults twice.
    pub uncompared: usize,
}

/// Puts together what tells of one fault. One source never tells twice of the same.
pub fn together(words: impl IntoIterator<Item = Word>) -> Together {
    let mut named: HashMap<RawText, Vec<Word>> = HashMap::new();
    for word in words {
        named.entry(word.alert.name.clone()).or_default().push(word);
    }
    let mut uncompared = 0;
    let groups = named.into_values().flat_map(|words| of_one_name(words, &mut uncompared));
    let faults = groups.filter_map(fault).collect();
    Together { faults, uncompared }
}

fn of_one_name(words: Vec<Word>, uncompared: &mut usize) -> Vec<Vec<Word>> {
    if words.iter().all(|word| Some(&word.source) == words.first().map(|first| &first.source)) {
        return words.into_iter().map(|word| vec![word]).collect();
    }
    // Labels that all of them have are the same for one fault: what is compared stays small.
    let is_shared = |name: &&RawText| {
        !is_of_copies(name) && words.iter().all(|word| word.alert.labels.contains_key(*name))
    };
    let shared = words.first().map(|word| word.alert.labels.keys().filter(is_shared).cloned());
    let shared: Vec<RawText> = shared.into_iter().flatten().collect();
    let mut near: HashMap<Vec<Option<RawText>>, Vec<Vec<Word>>> = HashMap::new();
    let mut compared = 0;
    for word in words {
        let values = shared.iter().map(|name| word.alert.labels.get(name).cloned()).collect();
        let groups = near.entry(values).or_default();
        let (all, room) = (groups.len(), MOST.saturating_sub(compared));
        let same = groups.iter_mut().take(room).find(|group| {
            compared += 1;
            group.iter().all(|known| known.source != word.source && is_one(known, &word))
        });
        if let Some(group) = same {
            group.push(word);
        } else {
            *uncompared += usize::from(all > room);
            groups.push(vec![word]);
        }
    }
    near.into_values().flatten().collect()
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
    // What has ended began at a time of its own.
    let (is_over, onset) = (first.alert.state == AlertState::Resolved, first.alert.onset());
    let lends = |word: &&Word| {
        word.is_live && (is_over || word.alert.state != AlertState::Resolved) && word.alert.onset() < onset
    };
    let earlier = others.iter().filter(lends);
    if let Some(word) = earlier.min_by_key(|word| word.alert.onset()) {
        let (started, held) = (word.alert.started, word.alert.held);
        first.alert = Arc::new(Alert { started, held, ..Alert::clone(&first.alert) });
    }
    // Who evaluates the rule does not know who is told and what mutes it. The last word of who does
    // counts, also while that source is blind: nobody has taken the silence away.
    let routes = others.iter().map(|word| &word.alert);
    let mut routes = routes.filter(|alert| alert.state == AlertState::Firing && !alert.receivers.is_empty());
    if first.alert.receivers.is_empty()
        && first.alert.state == AlertState::Firing
        && let Some(routed) = routes.next()
    {
        let Alert { silenced_by, inhibited_by, acknowledged, receivers, .. } = Alert::clone(routed);
        let alert = Alert::clone(&first.alert);
        first.alert = Arc::new(Alert { silenced_by, inhibited_by, acknowledged, receivers, ..alert });
    }
    if let (None, Some(value)) = (&first.alert.value, others.iter().find_map(|word| word.alert.value.clone()))
    {
        first.alert = Arc::new(Alert { value: Some(value), ..Alert::clone(&first.alert) });
    }
    Some(Fault { first, others })
}

fn is_of_copies(name: &RawText) -> bool {
    COPIES.iter().any(|copy| name.as_str() == Some(copy))
}

/// Whether one label set is part of the other: a sender adds labels on the way and changes none.
/// What fires in two environments is two faults, though nothing but their sources tells them apart.
fn is_one(a: &Word, b: &Word) -> bool {
    if a.environment.is_some() && b.environment.is_some() && a.environment != b.environment {
        return false;
    }
    let (few, many) = if a.alert.labels.len() <= b.alert.labels.len() {
        (&a.alert, &b.alert)
    } else {
        (&b.alert, &a.alert)
    };
    few.labels.iter().all(|(name, value)| is_of_copies(name) || many.labels.get(name) == Some(value))
}

#[cfg(test)]
mod tests {
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
        Word { source: source.into(), alert: Arc::new(alert), environment: None, is_live: true }
    }

    fn faults(words: impl IntoIterator<Item = Word>) -> Vec<Fault> {
        let found = together(words);
        assert_eq!(found.uncompared, 0);
        found.faults
    }

    const RULE: &[(&str, &str)] = &[("alertname", "HighErrorRate"), ("service", "checkout")];
    const ROUTED: &[(&str, &str)] =
        &[("alertname", "HighErrorRate"), ("service", "checkout"), ("cluster", "eu-1"), ("replica", "a")];

    #[test]
    fn the_rule_and_what_is_routed_are_one_and_who_knows_the_receiver_speaks() {
        let prometheus = word("prom", RULE, AlertState::Firing, &[]);
        let alertmanager = word("zam", ROUTED, AlertState::Firing, &["pager"]);
        let found = faults([prometheus.clone(), alertmanager.clone()]);
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
        let [fault] = &faults([rule, word("am", ROUTED, AlertState::Firing, &["pager"])])[..] else {
            panic!()
        };
        assert_eq!(fault.first.source, "am".into());
        let before = Timestamp::UNIX_EPOCH.duration_since(fault.first.alert.onset());
        assert_eq!((before.as_mins(), fault.first.alert.value.as_ref()), (65, Some(&"0.42".into())));
    }

    #[test]
    fn what_ended_before_lends_no_onset_and_disputes_nothing() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut ended = word("am", ROUTED, AlertState::Resolved, &["team"]);
        Arc::make_mut(&mut ended.alert).ended = Some(at(120));
        let mut pends = word("prom", RULE, AlertState::Pending, &[]);
        Arc::make_mut(&mut pends.alert).started = at(430);
        let [fault] = &faults([ended.clone(), pends.clone()])[..] else { panic!() };
        assert_eq!((fault.first.alert.onset(), fault.is_disputed()), (at(430), false));
        // The end was seen after the begin of the next: that is a dispute, but no onset.
        Arc::make_mut(&mut ended.alert).ended = Some(at(440));
        let [fault] = &faults([ended, pends])[..] else { panic!() };
        assert_eq!((fault.first.alert.onset(), fault.is_disputed()), (at(430), true));
    }

    #[test]
    fn what_still_fires_or_can_be_believed_counts_and_a_dispute_is_told() {
        let ended = word("prom", RULE, AlertState::Resolved, &[]);
        let fires = word("am", ROUTED, AlertState::Firing, &["pager"]);
        let [fault] = &faults([ended.clone(), fires.clone()])[..] else { panic!() };
        assert_eq!(fault.first, fires);
        assert!(fault.is_disputed());
        let blind = Word { is_live: false, ..fires };
        let [fault] = &faults([ended.clone(), blind])[..] else { panic!() };
        assert_eq!(fault.first, ended);
        assert!(!fault.is_disputed(), "the word of a blind source is old");
    }

    #[test]
    fn a_silence_mutes_also_while_the_source_that_knows_of_it_is_blind() {
        let mut routed = word("am", ROUTED, AlertState::Firing, &["pager"]);
        Arc::make_mut(&mut routed.alert).silenced_by = vec!["s1".into()];
        routed.is_live = false;
        let rule = word("prom", RULE, AlertState::Firing, &[]);
        let [fault] = &faults([rule, routed])[..] else { panic!() };
        assert_eq!((&fault.first.source, fault.first.is_live), (&"prom".into(), true));
        assert!(!fault.first.alert.is_loud() && !fault.is_disputed());
        assert_eq!(fault.first.alert.receivers, ["pager".into()]);
    }

    #[test]
    fn other_services_other_values_and_one_source_alone_are_not_one() {
        let other = [("alertname", "HighErrorRate"), ("service", "search")];
        let cluster = [("alertname", "HighErrorRate"), ("service", "checkout"), ("cluster", "us-1")];
        let found = faults([
            word("am", ROUTED, AlertState::Firing, &[]),
            word("prom", &other, AlertState::Firing, &[]),
            word("prom us", &cluster, AlertState::Firing, &[]),
        ]);
        assert_eq!(found.len(), 3);
        let alone = [word("am", ROUTED, AlertState::Firing, &[]), word("am", RULE, AlertState::Firing, &[])];
        assert_eq!(faults(alone).len(), 2);
    }

    #[test]
    fn what_fires_in_two_environments_is_two_faults() {
        let of = |source, environment: Option<&str>| Word {
            environment: environment.map(RawText::from),
            ..word(source, RULE, AlertState::Firing, &[])
        };
        let count = |words: &[Word]| faults(words.iter().cloned()).len();
        assert_eq!(count(&[of("prom dev", Some("dev")), of("prom prod", Some("prod"))]), 2);
        assert_eq!(count(&[of("prom", Some("prod")), of("am", Some("prod"))]), 1);
        // One Alertmanager for all environments does not know which it is.
        assert_eq!(count(&[of("prom", Some("prod")), of("am", None)]), 1);
        let three = [of("prom dev", Some("dev")), of("am", None), of("prom prod", Some("prod"))];
        assert_eq!(count(&three), 2);
    }

    #[test]
    fn copies_of_a_pair_of_prometheus_are_one() {
        let copy = |replica| [("alertname", "HighErrorRate"), ("service", "checkout"), ("replica", replica)];
        let found = faults([
            word("a", &copy("a"), AlertState::Firing, &[]),
            word("b", &copy("b"), AlertState::Firing, &[]),
        ]);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn what_was_too_much_to_compare_is_counted() {
        // They have no label in common but their name, and none is another.
        let alert = |source: &str, number: usize| {
            let label = format!("{source}{number}");
            word(source, &[(label.as_str(), "x")], AlertState::Firing, &[])
        };
        let words = |most: usize| (0..most).flat_map(move |n| [alert("prom", n), alert("am", n)]);
        assert_eq!(faults(words(100)).len(), 200);
        let found = together(words(1000));
        assert_eq!(found.faults.len(), 2000, "each is a row");
        // The first 448 of them are compared with all before them.
        assert!((1500..1600).contains(&found.uncompared), "{}", found.uncompared);
    }
}
