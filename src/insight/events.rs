//! What happened, as people count it: a fault begins once and ends once, however many sources tell of it.
//!
//! The world and the journals keep what each source told. Here it is put together, so that what was read
//! back from other sessions and what this one saw are told alike.

use std::collections::{HashMap, HashSet};
use std::mem::discriminant;
use std::sync::Arc;

use crate::insight::fault::{self, Word};
use crate::model::alert::{Alert, AlertState};
use crate::model::text::RawText;
use crate::model::transition::{Happened, Transition};
use crate::model::world::World;

/// Something that happened, once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What was told of it first; of an end, last.
    pub what: Transition,
    /// Where that stands in the world's history.
    pub index: usize,
    /// Who told of it, in this order.
    pub sources: Vec<RawText>,
}

/// What happened, oldest first. A fault that another source still tells of has not ended; the last word
/// of a source that went blind counts as long as it has no other.
pub fn events(world: &World) -> Vec<Event> {
    events_of(world, &Faults::of(world, |_| true), |_| true)
}

/// The last of these places of the history that is told as an event, and is not the word of one more
/// source about a fault that is known. Of alerts this looks at those of the same names only.
pub fn last_news(world: &World, places: &[usize]) -> Option<usize> {
    let mut told: HashMap<&RawText, HashSet<usize>> = HashMap::new();
    let history: Vec<&Transition> = world.history().collect();
    places.iter().rev().copied().find(|place| {
        let Some(one) = history.get(*place) else { return false };
        let Some((alert, _)) = about(&one.what) else { return true };
        let events = told.entry(&alert.name).or_insert_with_key(|name| {
            let is_of_it = |what: &Happened| about(what).is_some_and(|(alert, _)| alert.name == **name);
            let faults = Faults::of(world, |asked| asked == *name);
            events_of(world, &faults, is_of_it).iter().map(|event| event.index).collect()
        });
        events.contains(place)
    })
}

fn events_of(world: &World, faults: &Faults, is_asked: impl Fn(&Happened) -> bool) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut lasting: HashMap<usize, Lasting> = HashMap::new();
    for (index, what) in world.history().enumerate().filter(|(_, one)| is_asked(&one.what)) {
        let source = &what.source;
        let event = |sources| Event { what: what.clone(), index, sources };
        let Some((fault, others_tell)) = faults.around(index) else {
            events.push(event(vec![source.clone()]));
            continue;
        };
        let known = lasting.entry(fault).or_default();
        match &what.what {
            Happened::Fired(_) if !others_tell => {
                *known = Lasting { fired: Some(events.len()), told: vec![source.clone()], muted: None };
                events.push(event(known.told.clone()));
            }
            Happened::Fired(_) => {
                add(&mut known.told, source);
                let fired = known.fired.and_then(|fired| events.get_mut(fired));
                if let Some(fired) = fired {
                    add(&mut fired.sources, source);
                }
            }
            Happened::Resolved(_) => {
                add(&mut known.told, source);
                if !others_tell {
                    events.push(event(std::mem::take(known).told));
                }
            }
            _ => {
                let muted = known.muted.and_then(|muted| events.get_mut(muted));
                let is_same = |muted: &&mut Event| {
                    discriminant(&muted.what.what) == discriminant(&what.what)
                        && !muted.sources.contains(source)
                };
                if let Some(muted) = muted.filter(is_same) {
                    add(&mut muted.sources, source);
                } else {
                    known.muted = Some(events.len());
                    events.push(event(vec![source.clone()]));
                }
            }
        }
    }
    events
}

/// What is known of a fault since it began.
#[derive(Default)]
struct Lasting {
    /// Where in the events its begin stands, and the last time that it was muted or that this ended.
    fired: Option<usize>,
    muted: Option<usize>,
    /// Who has told of it.
    told: Vec<RawText>,
}

fn add(sources: &mut Vec<RawText>, source: &RawText) {
    if !sources.contains(source) {
        sources.push(source.clone());
    }
}

/// Which alerts are one fault, and when each was told of. An alert goes by a number here: in a storm
/// there are thousands.
struct Faults {
    /// The alert that something is told of, by its place in the history.
    alert_at: Vec<Option<usize>>,
    /// The fault that an alert is of, and the alerts of a fault.
    fault_of: Vec<Option<usize>>,
    alerts_of: Vec<Vec<usize>>,
    /// Of each alert: where in the history something is told of it, and whether it fires before that.
    told: Vec<Vec<(usize, bool)>>,
    /// Of each alert: whether it fires by the last word of its source.
    fires: Vec<bool>,
}

impl Faults {
    /// Of alerts that go by such names.
    fn of(world: &World, is_asked: impl Fn(&RawText) -> bool) -> Self {
        let mut numbers: HashMap<(&RawText, &RawText), usize> = HashMap::new();
        let mut told: Vec<Vec<(usize, bool)>> = Vec::new();
        let mut words: Vec<Word> = Vec::new();
        let mut names: HashSet<&RawText> = HashSet::new();
        let mut alert_at = Vec::new();
        let said = |source: &RawText, alert: &Arc<Alert>| {
            let place = world.source(source).and_then(|source| source.info.environment.as_ref());
            let environment = alert.environment().or(place).cloned();
            Word { source: source.clone(), alert: Arc::clone(alert), environment, is_live: true }
        };
        for (index, one) in world.history().enumerate() {
            let asked = about(&one.what).filter(|(alert, _)| is_asked(&alert.name));
            let Some((alert, fires_before)) = asked else {
                alert_at.push(None);
                continue;
            };
            let number = *numbers.entry((&one.source, &alert.id)).or_insert(told.len());
            if number == told.len() {
                words.push(said(&one.source, alert));
                names.insert(&alert.name);
                told.push(Vec::new());
            }
            if let Some(times) = told.get_mut(number) {
                times.push((index, fires_before));
            }
            alert_at.push(Some(number));
        }
        let mut fires = vec![false; told.len()];
        for (source, alert) in world.alerts() {
            if alert.state == AlertState::Firing && names.contains(&alert.name) {
                let number = *numbers.entry((&source.info.name, &alert.id)).or_insert(told.len());
                if number == told.len() {
                    words.push(said(&source.info.name, alert));
                    told.push(Vec::new());
                    fires.push(false);
                }
                if let Some(fires) = fires.get_mut(number) {
                    *fires = true;
                }
            }
        }
        let mut fault_of = vec![None; told.len()];
        let mut alerts_of = Vec::new();
        for (fault, of_it) in fault::together(words).faults.iter().enumerate() {
            let words = std::iter::once(&of_it.first).chain(&of_it.others);
            let alerts = words.filter_map(|word| numbers.get(&(&word.source, &word.alert.id)).copied());
            let alerts: Vec<usize> = alerts.collect();
            for alert in &alerts {
                if let Some(of) = fault_of.get_mut(*alert) {
                    *of = Some(fault);
                }
            }
            alerts_of.push(alerts);
        }
        Self { alert_at, fault_of, alerts_of, told, fires }
    }

    /// The fault that this is about, and whether another source tells of it at that time: by what it
    /// tells next, or by its last word.
    fn around(&self, index: usize) -> Option<(usize, bool)> {
        let own = (*self.alert_at.get(index)?)?;
        let fault = (*self.fault_of.get(own)?)?;
        let tells = |alert: usize| {
            let next = self.told.get(alert).and_then(|times| {
                let after = times.partition_point(|(at, _)| *at <= index);
                times.get(after)
            });
            next.map_or_else(|| self.fires.get(alert) == Some(&true), |(_, fires_before)| *fires_before)
        };
        let alerts = self.alerts_of.get(fault)?;
        Some((fault, alerts.iter().any(|alert| *alert != own && tells(*alert))))
    }
}

/// The alert, and whether it fires before this happens.
fn about(what: &Happened) -> Option<(&Arc<Alert>, bool)> {
    match what {
        Happened::Fired(alert) => Some((alert, false)),
        Happened::Resolved(alert)
        | Happened::Silenced(alert)
        | Happened::Unsilenced(alert)
        | Happened::Acknowledged(alert) => Some((alert, true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::health::{Failure, FailureKind};
    use crate::model::text::clean;
    use crate::model::update::{Gives, News, Snapshot, Update};
    use crate::model::world::SourceInfo;
    use jiff::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// The rule as Prometheus has it, and as Alertmanager has it: with a label of the sender.
    fn world() -> World {
        let source = |name: &str| SourceInfo {
            name: name.into(),
            kind: "recording".into(),
            environment: None,
            interval: None,
            gives: &[Gives::Alerts],
            reads: Vec::new(),
            exposed: Vec::new(),
        };
        let mut world = World::new(["prom", "am", "am2"].map(source));
        for source in ["prom", "am", "am2"] {
            says(&mut world, source, 0, &[]);
        }
        world
    }

    fn says(world: &mut World, source: &str, second: i64, services: &[&str]) -> usize {
        let alert = |service: &&str| {
            let id = format!("{source} {service}");
            let mut alert = Alert::new(id.as_str(), "HighErrorRate", at(0));
            alert.labels.insert("service".into(), (*service).into());
            if source != "prom" {
                alert.labels.insert("cluster".into(), "eu-1".into());
            }
            Arc::new(alert)
        };
        let snapshot = Snapshot { alerts: services.iter().map(alert).collect(), ..Snapshot::default() };
        let news = News::Snapshot(Arc::new(snapshot));
        world.apply(&Update { source: source.into(), at: at(second), news }).len()
    }

    fn told(world: &World) -> Vec<String> {
        let news: Vec<_> =
            (0..world.history().count()).filter(|index| last_news(world, &[*index]).is_some()).collect();
        let mut indexes: Vec<_> = events(world).iter().map(|event| event.index).collect();
        indexes.sort_unstable();
        assert_eq!(news, indexes, "one by one as all at once");
        let all: Vec<_> = (0..world.history().count()).collect();
        for end in 0..=all.len() {
            let last = indexes.iter().rfind(|index| **index < end).copied();
            assert_eq!(last_news(world, &all[..end]), last, "of the first {end}");
        }
        let words = |event: &Event| {
            let what = match &event.what.what {
                Happened::Fired(_) => "fired",
                Happened::Resolved(_) => "resolved",
                Happened::Silenced(_) => "silenced",
                Happened::Unsilenced(_) => "loud",
                _ => "other",
            };
            let sources: Vec<_> = event.sources.iter().map(|name| clean(name).as_str().to_owned()).collect();
            let second = event.what.at.duration_since(at(0)).as_secs();
            format!("{second} {what} {}", sources.join("+"))
        };
        events(world).iter().map(words).collect()
    }

    #[test]
    fn a_fault_begins_when_the_first_tells_of_it_and_ends_when_the_last_does_not() {
        let mut world = world();
        says(&mut world, "prom", 10, &["checkout"]);
        assert_eq!(told(&world), ["10 fired prom"]);
        says(&mut world, "am", 20, &["checkout"]);
        assert_eq!(told(&world), ["10 fired prom+am"]);
        says(&mut world, "prom", 30, &[]);
        assert_eq!(told(&world), ["10 fired prom+am"], "the Alertmanager still tells of it");
        says(&mut world, "am", 330, &[]);
        assert_eq!(told(&world), ["10 fired prom+am", "330 resolved prom+am"]);
        says(&mut world, "am", 400, &["checkout"]);
        says(&mut world, "am", 410, &[]);
        assert_eq!(told(&world)[2..], ["400 fired am", "410 resolved am"]);
    }

    #[test]
    fn one_that_fires_again_while_another_tells_of_it_all_the_time_has_neither_ended_nor_begun() {
        let mut world = world();
        for (source, second, fires) in
            [("prom", 10, true), ("am", 20, true), ("prom", 30, false), ("prom", 60, true)]
        {
            says(&mut world, source, second, if fires { &["checkout"] } else { &[] });
        }
        says(&mut world, "am", 300, &[]);
        assert_eq!(told(&world), ["10 fired prom+am"]);
        says(&mut world, "prom", 310, &[]);
        assert_eq!(told(&world)[1..], ["310 resolved prom+am"]);
    }

    #[test]
    fn a_source_that_is_blind_has_not_said_that_it_ended() {
        let mut world = world();
        says(&mut world, "prom", 10, &["checkout"]);
        says(&mut world, "am", 10, &["checkout"]);
        let news = News::Failed(Failure::new(FailureKind::TimedOut, "late"));
        world.apply(&Update { source: "am".into(), at: at(20), news });
        says(&mut world, "prom", 30, &[]);
        assert_eq!(told(&world), ["10 fired prom+am", "20 other am"]);
        says(&mut world, "am", 600, &[]);
        assert_eq!(told(&world)[2..], ["600 resolved prom+am", "600 other am"]);
    }

    #[test]
    fn other_services_and_what_one_source_tells_alone_stay_events_of_their_own() {
        let mut world = world();
        says(&mut world, "prom", 10, &["checkout", "search"]);
        says(&mut world, "am", 20, &["search"]);
        assert_eq!(told(&world), ["10 fired prom", "10 fired prom+am"]);
        says(&mut world, "prom", 30, &["search"]);
        assert_eq!(told(&world)[2..], ["30 resolved prom"]);
    }

    #[test]
    fn what_fired_before_all_that_is_known_ends_once_and_names_who_told_of_it() {
        let mut world = world();
        says(&mut world, "prom", 10, &["checkout"]);
        says(&mut world, "am", 10, &["checkout"]);
        let mut next = self::world();
        next.recall(world.remember());
        next.recall_history(Vec::new());
        says(&mut next, "am", 100, &[]);
        assert_eq!(told(&next), Vec::<String>::new());
        says(&mut next, "prom", 110, &[]);
        assert_eq!(told(&next), ["110 resolved am+prom"]);
    }

    #[test]
    fn what_was_kept_by_another_session_reads_back_as_one() {
        let mut before = world();
        for (source, second) in [("prom", 10), ("am", 20)] {
            says(&mut before, source, second, &["checkout"]);
        }
        for (source, second) in [("prom", 30), ("am", 330)] {
            says(&mut before, source, second, &[]);
        }
        let kept: Vec<_> = before.history().cloned().collect();
        assert_eq!(kept.len(), 4, "what each source told");
        let mut next = self::world();
        next.recall_history(kept);
        assert_eq!(told(&next), ["10 fired prom+am", "330 resolved prom+am"]);
    }

    #[test]
    fn a_silence_that_two_alertmanagers_tell_of_is_one() {
        let mut world = world();
        for source in ["am", "am2"] {
            says(&mut world, source, 10, &["checkout"]);
        }
        for (source, second, by) in
            [("am", 20, Some("s1")), ("am2", 25, Some("s1")), ("am2", 60, None), ("am", 65, None)]
        {
            let (_, alert) = world.alerts().find(|(of, _)| of.info.name == source.into()).unwrap();
            let silenced_by = by.into_iter().map(RawText::from).collect();
            let alert = Alert { silenced_by, ..Alert::clone(alert) };
            let snapshot = Snapshot { alerts: vec![Arc::new(alert)], ..Snapshot::default() };
            let news = News::Snapshot(Arc::new(snapshot));
            world.apply(&Update { source: source.into(), at: at(second), news });
        }
        assert_eq!(told(&world), ["10 fired am+am2", "20 silenced am+am2", "60 loud am2+am"]);
    }
}
