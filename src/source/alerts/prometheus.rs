//! The `prometheus` source: the rules that fire or pend, with their values, what fired lately, and
//! graphs when they are asked for.
//!
//! HTTP API v1 as `docs/querying/api.md` says (2.42 to 3.x); Thanos, Mimir and vmalert
//! answer alike. Silences and routes are Alertmanager's.

mod ended;
mod graph;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use super::expect::Missing;
use super::labels::{self, Labels};
use crate::model::alert::{Alert, AlertState};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, Gives, Snapshot};
use crate::model::world::RESOLVED;
use crate::net::client::Auth;
use crate::net::exchange::{Request, Response};
use crate::source::Asked;
use crate::source::json::{self, Items, Rows};
use crate::source::poll::{Ask, Fetched, Took, Vendor, unknown};

/// What has ended is asked for so often before it is given up: an answer may be large.
const TRIES: u8 = 3;

/// Keys of a `prometheus` source.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrometheusConfig {
    /// Names of alerts that must always fire, such as `["Watchdog"]`. One that is missing for two
    /// rounds is a critical row: alerting is blind.
    #[serde(default)]
    pub expect: Vec<String>,
    /// Only rules of these groups.
    #[serde(default)]
    pub groups: Vec<String>,
}

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// The alerting rules and their alerts.
    Rules,
    /// What fired since a time and has ended.
    Ended {
        /// Seconds between two points.
        step: i64,
    },
    /// What a query says over a time.
    Graph,
}

/// What was said in this round, and what had ended before the first.
#[derive(Default)]
pub struct State {
    alerts: Vec<Alert>,
    /// The names of the rules of the wanted groups.
    names: BTreeSet<RawText>,
    /// Since when it is asked what has ended, and how often yet.
    past: Option<(Timestamp, u8)>,
    ended: Vec<Alert>,
    /// Alerts that had ended and are not shown.
    more_ended: usize,
    missing: Missing,
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct Groups<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    groups: Items<'a>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    name: String,
    #[serde(default)]
    rules: Rows<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(default)]
    name: String,
    #[serde(default)]
    query: String,
    /// Seconds.
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    health: String,
    #[serde(default)]
    last_error: String,
    #[serde(default)]
    alerts: Rows<RuleAlert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleAlert {
    #[serde(default, deserialize_with = "json::or_default")]
    labels: Labels,
    #[serde(default, deserialize_with = "json::or_default")]
    annotations: Labels,
    state: String,
    active_at: Timestamp,
    #[serde(default)]
    value: String,
}

impl Asked for PrometheusConfig {
    const KIND: &'static str = "prometheus";
    const AUTH: Auth = Auth::Bearer;
}

impl Vendor for PrometheusConfig {
    type State = State;
    type Tag = Tag;

    const GIVES: &'static [Gives] = &[Gives::Alerts, Gives::Metrics];
    const EVERY: Duration = Duration::from_secs(15);

    fn round(&self, state: &mut State, now: Timestamp, backfill: Option<Timestamp>) -> Vec<Ask<Tag>> {
        state.alerts.clear();
        let mut rules = Request::get("/api/v1/rules").query("type", "alert");
        for group in &self.groups {
            // Servers before 2.46 ignore it, so it is looked at again below.
            rules = rules.query("rule_group[]", group);
        }
        state.past = backfill.map(|from| (from, TRIES)).or(state.past);
        let past = state.past.as_mut().filter(|(_, tries)| *tries > 0);
        let ended = past.map(|(from, tries)| {
            *tries -= 1;
            let (request, step) = ended::request(*from, now);
            Ask::new(Tag::Ended { step }, request).part("what has ended")
        });
        [Ask::new(Tag::Rules, rules)].into_iter().chain(ended).collect()
    }

    fn accept(
        &self,
        state: &mut State,
        ask: &Ask<Tag>,
        response: &Response,
        now: Timestamp,
    ) -> Result<Took<Tag>, Failure> {
        match ask.tag {
            Tag::Rules => {
                let answer: Envelope<Groups<'_>> = response.json()?;
                let (groups, trouble) = json::items::<Group>(response, &answer.data.groups)?;
                let wanted = |group: &&Group| self.groups.is_empty() || self.groups.contains(&group.name);
                let groups: Vec<&Group> = groups.iter().filter(wanted).collect();
                let rules = || groups.iter().flat_map(|group| &group.rules.good);
                groups.iter().try_for_each(|group| group.rules.is_whole(response))?;
                rules().try_for_each(|rule| rule.alerts.is_whole(response))?;
                let alerts = |rule: &'_ Rule| {
                    rule.alerts.good.iter().map(|alert| alert.model(rule)).collect::<Vec<_>>()
                };
                state.alerts = rules().flat_map(alerts).collect();
                let broken: Vec<&Rule> = rules().filter(|rule| rule.health == "err").collect();
                let trouble =
                    trouble.or_else(|| unread(response, &groups)).or_else(|| not_evaluated(&broken));
                // The series that tell of the past do not name the group of their rule.
                state.names = rules().map(|rule| rule.name.as_str().into()).collect();
                Ok(Took { more: Vec::new(), trouble })
            }
            Tag::Ended { step } => {
                let (ended, trouble) = ended::read(response, step, now)?;
                (state.ended, state.past) = (ended, None);
                Ok(Took { more: Vec::new(), trouble })
            }
            // Not of a round.
            Tag::Graph => Ok(Took::default()),
        }
    }

    fn snapshot(&self, state: &mut State, now: Timestamp) -> Snapshot {
        let mut alerts = state.alerts.clone();
        state.missing.judge(&self.expect, &mut alerts, now);
        let expected = |alert: &Alert| self.expect.iter().any(|name| alert.name.as_str() == Some(name));
        // They are told once: the world keeps them.
        let mut ended = std::mem::take(&mut state.ended);
        ended.retain(|alert| {
            !expected(alert) && (self.groups.is_empty() || state.names.contains(&alert.name))
        });
        state.more_ended = ended.len().saturating_sub(RESOLVED);
        ended.truncate(RESOLVED);
        Snapshot { alerts: alerts.into_iter().chain(ended).map(Arc::new).collect(), ..Snapshot::default() }
    }

    fn left_out(&self, state: &State) -> Vec<Failure> {
        let what =
            format!("{} more alerts had ended and are not shown, the last {RESOLVED} are", state.more_ended);
        let told = Failure::new(FailureKind::TooLarge, what);
        (state.more_ended > 0).then_some(told).into_iter().collect()
    }

    fn detail(&self, _: &State, key: &DetailKey) -> Option<Ask<Tag>> {
        let DetailKey::Graph { query, from, to } = key else { return None };
        Some(Ask::new(Tag::Graph, graph::request(query.as_str()?, *from, *to)?))
    }

    fn accept_detail(
        &self,
        _: &mut State,
        key: &DetailKey,
        _: &Ask<Tag>,
        response: &Response,
    ) -> Result<Fetched<Tag>, Failure> {
        let DetailKey::Graph { from, to, .. } = key else { return Err(unknown(key)) };
        Ok(Fetched::Done(Detail::Graph(Arc::new(graph::read(response, *from, *to)?))))
    }
}

impl RuleAlert {
    fn model(&self, rule: &Rule) -> Alert {
        let firing = self.state == "firing";
        let held = SignedDuration::try_from_secs_f64(rule.duration).ok().filter(|_| firing);
        let started = held.and_then(|held| self.active_at.checked_add(held).ok());
        Alert {
            severity: labels::severity(&self.labels),
            state: if firing { AlertState::Firing } else { AlertState::Pending },
            labels: labels::raw(&self.labels),
            annotations: labels::raw(&self.annotations),
            // Active is since when the expression holds; it fires when it has held for the rule's `for`.
            held,
            value: value(&self.value),
            expression: (!rule.query.is_empty()).then(|| rule.query.as_str().into()),
            ..Alert::new(
                labels::identity(&self.labels),
                labels::name(&self.labels),
                started.unwrap_or(self.active_at),
            )
        }
    }
}

/// A value as people write it: the API says `3.1e-01` where the rule's text says 0.31.
fn value(text: &str) -> Option<RawText> {
    let number: f64 = text.parse().ok()?;
    Some(if number.is_finite() { format!("{number}").into() } else { text.into() })
}

/// Rules and alerts that cannot be read, of those in these groups.
fn unread(response: &Response, groups: &[&Group]) -> Option<Failure> {
    let rules = || groups.iter().map(|group| &group.rules);
    let alerts = || rules().flat_map(|rules| &rules.good).map(|rule| &rule.alerts);
    let of_rules = rules().map(json::Rows::count).sum::<usize>();
    let of_alerts = alerts().map(json::Rows::count).sum::<usize>();
    let bad = rules().map(json::Rows::bad).chain(alerts().map(json::Rows::bad));
    json::unread(response, bad, of_rules + of_alerts)
}

/// Rules that Prometheus cannot evaluate: an alert of theirs can neither fire nor end.
fn not_evaluated(broken: &[&Rule]) -> Option<Failure> {
    let first = broken.first()?;
    let others = match broken.len() - 1 {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    let what = format!("rule {}{others} is not evaluated: {}", first.name, first.last_error);
    Some(Failure::new(FailureKind::Unreadable, what).advise("mend the rule: promtool check rules"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Severity;
    use crate::source::poll::testing;

    /// What Prometheus 2.42.0 answered.
    const RULES: &str = include_str!("../../../tests/fixtures/prometheus/rules.json");
    const RANGE: &str = include_str!("../../../tests/fixtures/prometheus/alerts_range.json");

    fn now() -> Timestamp {
        "2026-11-22T05:59:00Z".parse().unwrap()
    }

    fn seen(config: &PrometheusConfig, backfill: Option<Timestamp>) -> (Snapshot, Vec<Failure>) {
        testing::round(config, &mut State::default(), now(), backfill, |ask| {
            let body = match ask.tag {
                Tag::Rules => RULES,
                Tag::Ended { .. } => RANGE,
                Tag::Graph => unreachable!("no round asks for one"),
            };
            Ok(testing::answer(&ask.request, 200, &[], body))
        })
    }

    fn seen_rules(rules: &serde_json::Value) -> (Snapshot, Vec<Failure>) {
        testing::round(&PrometheusConfig::default(), &mut State::default(), now(), None, |ask| {
            Ok(testing::answer(&ask.request, 200, &[], &rules.to_string()))
        })
    }

    #[test]
    fn rules_that_fire_or_pend_are_alerts_with_value_and_onset() {
        let (snapshot, troubles) = seen(&PrometheusConfig::default(), None);
        let named = |name: &str| snapshot.alerts.iter().find(|alert| alert.name == name.into()).unwrap();
        let high = named("HighErrorRate");
        assert_eq!((high.severity, high.state), (Severity::Critical, AlertState::Firing));
        assert_eq!(high.value, Some("0.31".into()));
        assert_eq!(high.expression, Some("checkout_error_ratio > 0.05".into()));
        assert_eq!(high.held, Some(SignedDuration::from_secs(2)));
        assert_eq!(high.started.duration_since(high.onset()), SignedDuration::from_secs(2));
        let slow = named("SlowBurn");
        assert_eq!((slow.state, slow.held), (AlertState::Pending, None));
        let [trouble] = troubles.as_slice() else { panic!("{troubles:?}") };
        let what = String::from_utf8_lossy(trouble.what.as_bytes()).into_owned();
        assert!(what.starts_with("rule ManyToMany is not evaluated: found duplicate series"), "{what}");
    }

    #[test]
    fn only_wanted_groups_and_no_heartbeat() {
        let config =
            PrometheusConfig { expect: vec!["Watchdog".to_owned()], groups: vec!["checkout".to_owned()] };
        let (snapshot, troubles) = seen(&config, None);
        assert_eq!(troubles, []);
        let names: Vec<_> = snapshot.alerts.iter().filter_map(|alert| alert.name.as_str()).collect();
        assert_eq!(names, ["HighErrorRate", "SlowBurn", "InstanceDown"]);
    }

    #[test]
    fn the_first_round_also_asks_what_has_ended() {
        let from = now().checked_sub(SignedDuration::from_hours(24)).unwrap();
        let asks = PrometheusConfig::default().round(&mut State::default(), now(), Some(from));
        assert_eq!(asks.len(), 2);
        assert_eq!(asks[1].request.path, "/api/v1/query_range");
        assert!(asks[1].part.is_some(), "the alerts of now are shown even if the past is not to be had");
        let (snapshot, _) = seen(&PrometheusConfig::default(), Some(from));
        assert!(snapshot.alerts.iter().all(|alert| alert.state != AlertState::Resolved), "they fire still");
    }

    #[test]
    fn what_cannot_be_read_of_a_group_costs_only_itself() {
        let mut rules: serde_json::Value = serde_json::from_str(RULES).unwrap();
        let of_group = |rules: &serde_json::Value| seen_rules(rules).0.alerts.len();
        let all = of_group(&rules);
        let firing = |rule: &&mut serde_json::Value| !rule["alerts"].as_array().unwrap().is_empty();
        let groups = rules["data"]["groups"].as_array_mut().unwrap();
        let mut firing =
            groups.iter_mut().flat_map(|group| group["rules"].as_array_mut().unwrap()).filter(firing);
        // As vmalert writes what is empty.
        firing.next().unwrap()["alerts"][0]["annotations"] = serde_json::Value::Null;
        firing.next().unwrap()["alerts"] = serde_json::Value::Null;
        firing.next().unwrap()["alerts"][0]["activeAt"] = "yesterday".into();
        let (snapshot, troubles) = seen_rules(&rules);
        assert_eq!(snapshot.alerts.len(), all - 2);
        let what = troubles[0].what.as_str().unwrap();
        assert!(what.starts_with("1 of ") && what.contains("items cannot be read"), "{what}");
    }

    #[test]
    fn the_past_is_asked_for_until_it_comes_and_has_the_same_groups() {
        let (now, mut state) = ("2026-11-22T07:00:00Z".parse().unwrap(), State::default());
        let config = PrometheusConfig { groups: vec!["checkout".to_owned()], ..PrometheusConfig::default() };
        let backfill = std::cell::Cell::new(Some(self::now()));
        let mut round = |comes: bool| {
            testing::round(&config, &mut state, now, backfill.take(), |ask| match ask.tag {
                Tag::Rules => Ok(testing::answer(&ask.request, 200, &[], RULES)),
                _ if comes => Ok(testing::answer(&ask.request, 200, &[], RANGE)),
                _ => Err(Failure::new(FailureKind::Server, "503")),
            })
        };
        let ended = |snapshot: Snapshot| {
            let ended = snapshot.alerts.iter().filter(|alert| alert.state == AlertState::Resolved);
            ended.map(|alert| alert.name.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
        };
        let (snapshot, troubles) = round(false);
        assert_eq!((ended(snapshot), troubles.len()), (BTreeSet::new(), 1));
        let of_group = ["HighErrorRate", "InstanceDown", "SlowBurn", "Watchdog"];
        assert_eq!(
            ended(round(true).0),
            of_group.map(str::to_owned).into(),
            "not ManyToMany, which is of another group"
        );
        assert_eq!(round(false).1, [], "it has come");
        let mut asked = 0;
        for round in 0..5 {
            let backfill = (round == 0).then_some(self::now());
            asked += config.round(&mut state, now, backfill).len() - 1;
        }
        assert_eq!(asked, usize::from(TRIES), "it may be too much for ever");
    }

    #[test]
    fn of_many_that_have_ended_the_last_are_shown_and_the_rest_is_counted() {
        let mut range: serde_json::Value = serde_json::from_str(RANGE).unwrap();
        let series = range["data"]["result"].as_array_mut().unwrap();
        let one = series[0].clone();
        series.clear();
        series.extend((0..RESOLVED + 7).map(|number| {
            let mut series = one.clone();
            series["metric"]["instance"] = number.to_string().into();
            series
        }));
        let (later, config) = ("2026-11-22T07:00:00Z".parse().unwrap(), PrometheusConfig::default());
        let (snapshot, troubles) =
            testing::round(&config, &mut State::default(), later, Some(now()), |ask| {
                let body = if ask.tag == Tag::Rules { RULES.to_owned() } else { range.to_string() };
                Ok(testing::answer(&ask.request, 200, &[], &body))
            });
        let ended = snapshot.alerts.iter().filter(|alert| alert.state == AlertState::Resolved);
        assert_eq!(ended.count(), RESOLVED);
        let what = troubles.last().unwrap().what.as_str().unwrap();
        assert!(what.contains("more alerts had ended and are not shown"), "{what}");
    }

    #[test]
    fn a_graph_is_fetched_when_somebody_looks_and_a_step_log_is_not_to_be_had() {
        let page = include_str!("../../../tests/fixtures/prometheus/query_range.json");
        let (config, mut state) = (PrometheusConfig::default(), State::default());
        let from = now().checked_sub(SignedDuration::from_hours(3)).unwrap();
        let key = DetailKey::Graph { query: "checkout_error_ratio".into(), from, to: now() };
        let detail = testing::detail(&config, &mut state, &key, |ask| {
            assert_eq!(ask.request.path, "/api/v1/query_range");
            Ok(testing::answer(&ask.request, 200, &[], page))
        });
        let Ok(Detail::Graph(graph)) = detail else { panic!("{detail:?}") };
        assert_eq!(graph.series.len(), 2);
        let log = DetailKey::StepLog { run: "1".into(), job: "1".into(), step: "1".into() };
        assert!(config.detail(&state, &log).is_none());
    }
}
