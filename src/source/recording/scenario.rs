//! The outage that is built in and those of drills: told in TOML, made into the items of a recording.

mod alerts;
mod dice;
mod gauges;
mod lines;
mod moment;
mod runs;
mod template;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::config::environment::Environment;
use crate::model::catalog::Catalog;
use crate::model::health::{Failure, FailureKind};
use crate::model::run::Run;
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, Gives, News, Snapshot, Update};
use crate::source::recording::format::{Header, Item, RecordedSource};
use alerts::{AlertPlan, SilencePlan, Trouble};
use gauges::Gauge;
use lines::{Curve, TICK, Voice};
use moment::Moment;
use runs::{Pipeline, Planned, RunPlan};

/// The story, as it is shipped.
const STORY: &str = include_str!("../../../assets/demo.toml");
/// How often a stream that fails is tried again.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// What happens in an outage, told with moments instead of items.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    day: Date,
    begins: Moment,
    /// From where it is played unless somebody says.
    opens: Moment,
    ends: Moment,
    pub(super) environments: Vec<Environment>,
    sources: Vec<RecordedSource>,
    pipelines: Vec<Pipeline>,
    runs: Vec<RunPlan>,
    alerts: Vec<AlertPlan>,
    #[serde(default)]
    silences: Vec<SilencePlan>,
    #[serde(default)]
    troubles: Vec<Trouble>,
    #[serde(default)]
    gauges: Vec<Gauge>,
    curves: BTreeMap<String, Curve>,
    voices: Vec<Voice>,
    /// The texts of runbooks by their addresses, which nobody asks while the story is played.
    #[serde(default)]
    pub(super) runbooks: BTreeMap<RawText, RawText>,
}

impl Scenario {
    /// The one that is built in.
    pub(super) fn built_in() -> Result<Self, Failure> {
        Self::parse(STORY)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = |why: String| Failure::new(FailureKind::Unreadable, format!("the built-in story: {why}"));
        let scenario: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let fault = scenario.fault();
        fault.map_or(Ok(scenario), |fault| Err(wrong(fault)))
    }

    /// What in it names something that it does not declare.
    pub(super) fn fault(&self) -> Option<String> {
        let named = self.pipelines.iter().map(|p| &p.source).chain(self.alerts.iter().map(|a| &a.source));
        let named = named.chain(self.silences.iter().map(|s| &s.source));
        let named = named.chain(self.gauges.iter().map(|gauge| &gauge.source));
        for name in named.chain(self.troubles.iter().map(|t| &t.source)) {
            if !self.sources.iter().any(|source| source.name == *name) {
                return Some(format!("no source {name:?}"));
            }
        }
        let run = self.runs.iter().find(|run| self.planned(run, 0).is_none());
        run.map(|run| format!("a run of {} has no such pipeline or stops at no such step", run.pipeline))
            .or_else(|| {
                lines::missing_curve(&self.voices, &self.curves).map(|name| format!("no curve {name}"))
            })
    }

    fn planned(&self, run: &RunPlan, seed: u64) -> Option<Planned> {
        let pipeline = self.pipelines.iter().find(|pipeline| pipeline.name == run.pipeline)?;
        Planned::new(run, pipeline, self.day, seed)
    }

    /// The first line of it as a recording.
    pub(super) fn header(&self) -> Header {
        Header::of(self.begins.on(self.day), self.sources.clone())
    }

    /// From where it is played unless somebody says.
    pub(super) fn opens(&self) -> Timestamp {
        self.opens.on(self.day)
    }

    /// When it ends.
    pub(super) fn ends(&self) -> Timestamp {
        self.ends.on(self.day)
    }

    /// Its services with their log streams.
    pub(super) fn catalog(&self) -> Catalog {
        let services: Vec<_> = self.voices.iter().map(Voice::service).collect();
        Catalog::new(&services, &[])
    }

    /// What a source answers to a question that nobody asked before.
    pub(super) fn answer(&self, source: &RawText, key: &DetailKey, seed: u64) -> Option<Detail> {
        gauges::graph(&self.gauges, source, key, self.day, seed).map(Detail::Graph)
    }

    /// The source that gives the log lines of each environment.
    fn log_sources(&self) -> BTreeMap<&str, RawText> {
        let logs = self.sources.iter().filter(|source| source.gives.contains(&Gives::Logs)).rev();
        logs.filter_map(|source| Some((source.environment.as_ref()?.as_str()?, source.name.clone())))
            .collect()
    }

    /// Everything that is said, in order, and what is logged after `logged_from`. The same seed
    /// gives the same items; another one other ids, durations and lines, but the same story.
    pub(super) fn items(self, seed: u64, logged_from: Timestamp) -> Items {
        let mut said = Vec::new();
        for source in &self.sources {
            self.say(source, seed, &mut said);
        }
        // Stable: what one source says at one time stays in its order.
        said.sort_by_key(|update| update.at);
        let begins = self.begins.on(self.day);
        // Whole ticks, so that the same lines are written from wherever one looks.
        let skipped = logged_from.duration_since(begins).as_millis().max(0) / TICK.as_millis();
        Items {
            said: said.into_iter().peekable(),
            logged: Vec::new().into_iter(),
            tick: begins + TICK * i32::try_from(skipped).unwrap_or(0),
            ends: self.ends(),
            scenario: self,
            seed,
        }
    }

    /// What one source says: a state when it differs from the one before, else that it lives.
    fn say(&self, source: &RecordedSource, seed: u64, said: &mut Vec<Update>) {
        let name = &source.name;
        let (begins, ends) = (self.begins.on(self.day), self.ends());
        let runs = self.runs.iter().filter_map(|run| self.planned(run, seed));
        let mut runs: Vec<_> = runs.filter(|run| run.source == *name).map(|run| (run, None)).collect();
        let (mut before, mut logs_since, mut works) = (None, Timestamp::MIN, false);
        let mut now = begins;
        while now < ends {
            let next = now + source.every.unwrap_or(AGAIN);
            let mut say = |news| said.push(Update { source: name.clone(), at: now, news });
            let blind =
                self.troubles.iter().find_map(|t| (t.source == *name).then(|| t.at(now, self.day))?);
            if let Some(failure) = blind {
                say(News::Failed(failure.again_at(next)));
                works = false;
            } else if source.every.is_none() {
                if !works {
                    say(News::Alive { troubles: Vec::new() });
                }
                works = true;
            } else {
                let snapshot = self.snapshot(name, &mut runs, now);
                if before.as_ref() == Some(&snapshot) {
                    say(News::Alive { troubles: Vec::new() });
                } else {
                    say(News::Snapshot(Arc::new(snapshot.clone())));
                    before = Some(snapshot);
                }
                for (run, _) in &runs {
                    for (key, lines) in run.logs(logs_since, now) {
                        say(News::Detail(key, Ok(Detail::Log(lines))));
                    }
                }
                logs_since = now;
            }
            now = next;
        }
    }

    fn snapshot(
        &self,
        source: &RawText,
        runs: &mut [(Planned, Option<Arc<Run>>)],
        now: Timestamp,
    ) -> Snapshot {
        let silences: Vec<_> = self.silences.iter().filter(|silence| silence.source == *source).collect();
        let silences: Vec<_> = silences.iter().filter_map(|silence| silence.at(now, self.day)).collect();
        let alerts = self.alerts.iter().filter(|alert| alert.source == *source);
        let alerts = alerts.filter_map(|alert| alert.at(now, self.day, &silences)).map(Arc::new).collect();
        let mut seen: Vec<Arc<Run>> = Vec::new();
        for (planned, over) in runs {
            let run = over.clone().or_else(|| planned.at(now).map(Arc::new));
            if planned.is_over(now) {
                over.clone_from(&run);
            }
            seen.extend(run);
        }
        seen.sort_by_key(|run| std::cmp::Reverse(run.created));
        let silences = silences.into_iter().map(Arc::new).collect();
        Snapshot { runs: seen, alerts, silences, ..Snapshot::default() }
    }
}

/// The items of a scenario, in order; lines are made when they are asked for.
pub(super) struct Items {
    scenario: Scenario,
    seed: u64,
    said: std::iter::Peekable<std::vec::IntoIter<Update>>,
    logged: std::vec::IntoIter<super::format::Lines>,
    tick: Timestamp,
    ends: Timestamp,
}

impl Iterator for Items {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(lines) = self.logged.next() {
                return Some(Item::Lines(lines));
            }
            let end = self.tick + TICK;
            if let Some(update) = self.said.next_if(|update| update.at < end || end > self.ends) {
                return Some(Item::Update(update));
            }
            if end > self.ends {
                return None;
            }
            let Scenario { voices, curves, day, .. } = &self.scenario;
            let sources = self.scenario.log_sources();
            self.logged = lines::written(voices, curves, &sources, (*day, self.seed), end).into_iter();
            self.tick = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::expression::threshold;
    use crate::model::graph::Series;

    fn at(time: &str) -> Timestamp {
        format!("2026-11-20T{time}Z").parse().unwrap()
    }

    fn items(seed: u64, logged_from: &str) -> Items {
        Scenario::built_in().unwrap().items(seed, at(logged_from))
    }

    /// A number for all items until `until`, byte for byte.
    fn fingerprint(seed: u64, until: &str) -> u64 {
        let items = items(seed, "03:10:00").take_while(|item| item.at() < at(until));
        items.fold(0, |sum, item| dice::hash(&serde_json::to_vec(&(sum, item)).unwrap()))
    }

    /// What happens, without what chance decides: runs and alerts, each with the times that count.
    fn story(seed: u64) -> BTreeSet<String> {
        let said = items(seed, "04:10:00").filter_map(|item| match item {
            Item::Update(Update { news: News::Snapshot(snapshot), .. }) => Some(snapshot),
            _ => None,
        });
        let mut story = BTreeSet::new();
        for snapshot in said {
            story.extend(snapshot.alerts.iter().map(|alert| format!("{alert:?}")));
            for run in &snapshot.runs {
                story.insert(format!(
                    "{:?} {:?} {:?} {:?}",
                    run.id,
                    run.state.is_over(),
                    run.started,
                    run.finished
                ));
            }
        }
        story
    }

    #[test]
    fn the_same_seed_says_the_same_bytes_and_another_tells_the_same_story_in_other_words() {
        assert_eq!(fingerprint(1, "03:12:20"), fingerprint(1, "03:12:20"));
        assert_ne!(fingerprint(1, "03:12:20"), fingerprint(2, "03:12:20"));
        let story_of_one = story(1);
        assert!(story_of_one.len() > 30, "{}", story_of_one.len());
        assert_eq!(story_of_one, story(2));
    }

    #[test]
    fn the_lines_are_the_same_from_wherever_one_looks() {
        let lines = |from: &str| -> Vec<_> {
            let until = at("03:13:00");
            let items = items(1, from).filter(|item| matches!(item, Item::Lines(_)));
            items
                .skip_while(|item| item.at() <= at("03:12:00"))
                .take_while(|item| item.at() < until)
                .collect()
        };
        let late = lines("03:12:00.123");
        assert!(late.len() > 500);
        assert_eq!(lines("03:10:00"), late);
    }

    #[test]
    fn items_come_in_order_and_traffic_is_quiet_then_stormy_then_quiet() {
        let mut rates: BTreeMap<i64, usize> = BTreeMap::new();
        let mut before = Timestamp::MIN;
        for item in items(3, "03:05:00").take_while(|item| item.at() < at("03:39:00")) {
            assert!(before <= item.at());
            before = item.at();
            if let Item::Lines(lines) = item {
                *rates.entry(lines.at.duration_since(at("00:00:00")).as_mins()).or_default() +=
                    lines.lines.len();
            }
        }
        let rate = |minute: i64| rates.get(&(180 + minute)).unwrap() / 60;
        assert!((20..60).contains(&rate(6)) && (20..60).contains(&rate(38)), "{rates:?}");
        assert!((14..20).all(|minute| (250..350).contains(&rate(minute))), "{rates:?}");
        assert!(rate(23) > rate(26) && rate(26) > rate(29) && rate(29) > rate(33), "{rates:?}");
    }

    #[test]
    fn the_logs_say_what_happened_and_are_as_hostile_as_real_ones() {
        let mut all = Vec::new();
        for item in items(1, "02:58:00").take_while(|item| item.at() < at("03:25:00")) {
            all.extend(serde_json::to_vec(&item).unwrap());
            all.push(b'\n');
        }
        let all = String::from_utf8(all).unwrap();
        for text in [
            "upstream payments returned 503",
            "64 of 64 in use",
            "\\tat com.example.payments.Client.authorise",
            "revision=3f2a1c9",
            "out of memory: killed",
            "\\u001b]0;owned",
            "\"base64\"",
            "POST https://checkout.eu.example.net/orders 503",
        ] {
            assert!(all.contains(text), "{text}");
        }
        assert!(!all.contains("${"));
    }

    #[test]
    fn an_alert_holds_from_when_its_graph_is_over_its_limit() {
        let story = Scenario::built_in().unwrap();
        for seed in [1, 2, 3] {
            for plan in &story.alerts {
                let expression = plan.expression().unwrap();
                let limit = threshold(expression.as_str().unwrap()).unwrap();
                let (began, ended) = plan.held_between(story.day);
                let own = story.gauges.iter().find(|gauge| gauge.query == limit.subject).unwrap();
                let holds = |at: Timestamp| {
                    let query = limit.subject.into();
                    let key = DetailKey::Graph { query, from: at - SignedDuration::from_mins(1), to: at };
                    let Some(Detail::Graph(graph)) = story.answer(&own.source, &key, seed) else {
                        panic!("{key:?}")
                    };
                    let last = |series: &Series| series.points.last().unwrap().value;
                    graph.series.iter().any(|series| limit.operator.holds(last(series), limit.number))
                };
                assert!(!holds(began - SignedDuration::from_secs(30)), "{expression:?} before");
                assert!(holds(began + SignedDuration::from_secs(15)), "{expression:?} at its onset");
                if let Some(ended) = ended {
                    assert!(holds(ended - SignedDuration::from_secs(20)), "{expression:?} at its end");
                    assert!(!holds(ended + SignedDuration::from_secs(60)), "{expression:?} after it");
                }
            }
        }
        let key = |from, to| DetailKey::Graph { query: "checkout:errors:ratio".into(), from, to };
        let asked = |from, to, seed| story.answer(&"metrics".into(), &key(at(from), at(to)), seed).unwrap();
        assert_eq!(asked("02:00:00", "03:20:00", 1), asked("02:00:00", "03:20:00", 1));
        assert_ne!(asked("02:00:00", "03:20:00", 1), asked("02:00:00", "03:20:00", 2));
        let other = DetailKey::Graph { query: "up".into(), from: at("02:00:00"), to: at("03:00:00") };
        assert_eq!(story.answer(&"metrics".into(), &other, 1), None);
    }

    #[test]
    fn a_story_that_names_what_it_does_not_declare_is_refused_with_its_name() {
        let broken = STORY.replacen("curve = \"calm\"", "curve = \"clam\"", 1);
        assert!(format!("{:?}", Scenario::parse(&broken)).contains("no curve clam"));
        let broken = STORY.replacen("step = \"place orders\"", "step = \"order\"", 1);
        assert!(format!("{:?}", Scenario::parse(&broken)).contains("a run of integration-eu"));
        let broken = STORY.replacen("begins = \"02:40\"", "begins = \"2:70\"", 1);
        assert!(format!("{:?}", Scenario::parse(&broken)).contains("`2:70` is no time"));
    }
}
