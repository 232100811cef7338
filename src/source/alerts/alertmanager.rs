//! The `alertmanager` source: the alerts, silences and inhibitions of Prometheus Alertmanager.
//!
//! API v2 as its `api/v2/openapi.yaml` says (0.25 to 0.34). Every one of `urls` is asked: peers
//! share silences, but which alerts each has may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::expect::Missing;
use super::labels::{self, Labels};
use crate::model::alert::{Alert, Comparison, Group, Matcher, Silence};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, Gives, Snapshot};
use crate::net::client::Auth;
use crate::net::exchange::{Request, Response};
use crate::source::Asked;
use crate::source::json;
use crate::source::poll::{Ask, Fetched, Took, Vendor, unknown};

/// So long after its start an Alertmanager may not have heard of an alert that fires: Prometheus sends
/// each minute (`--rules.alert.resend-delay`), other senders more rarely.
const HEARD: SignedDuration = SignedDuration::from_mins(3);

/// Keys of an `alertmanager` source.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerConfig {
    /// Only alerts that all of these match, such as `["team=\"shop\"", "severity!=\"none\""]`.
    #[serde(default)]
    pub filter: Vec<String>,
    /// Only alerts that go to a receiver of this pattern.
    pub receiver: Option<String>,
    /// Names of alerts that must always fire, such as `["Watchdog"]`. One that is missing for two
    /// rounds is a critical row: alerting is blind.
    #[serde(default)]
    pub expect: Vec<String>,
}

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// The alerts.
    Alerts,
    /// The silences.
    Silences,
    /// Which alerts are told together.
    Groups,
    /// Since when it runs.
    Status,
}

/// What the peers said in this round.
#[derive(Default)]
pub struct State {
    alerts: BTreeMap<String, GettableAlert>,
    /// What was listed in the last round that came to its end.
    last: BTreeMap<String, GettableAlert>,
    /// Whether a round has begun and not come to its end.
    is_open: bool,
    /// Whether it was asked in this round since when it runs.
    asked_status: bool,
    /// When that was.
    last_at: Option<Timestamp>,
    /// What a peer that was started since then has not heard of again, and until when that is unsure.
    unheard: BTreeMap<String, GettableAlert>,
    young_until: Option<Timestamp>,
    silences: BTreeMap<String, GettableSilence>,
    /// Whether a peer has told of them in this round: until then those of the last round stand.
    has_silences: bool,
    missing: Missing,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GettableAlert {
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
    starts_at: Timestamp,
    #[serde(default)]
    updated_at: Option<Timestamp>,
    fingerprint: String,
    #[serde(default, rename = "generatorURL")]
    generator_url: String,
    #[serde(default)]
    receivers: Vec<Receiver>,
    #[serde(default)]
    status: AlertStatus,
}

/// One notification; its alerts come whole, and only this is looked at.
#[derive(Clone, Debug, Deserialize)]
struct AlertGroup {
    #[serde(default)]
    labels: Labels,
    receiver: Receiver,
    alerts: Vec<Member>,
}

#[derive(Clone, Debug, Deserialize)]
struct Status {
    /// When it was started.
    uptime: Timestamp,
}

#[derive(Clone, Debug, Deserialize)]
struct Member {
    fingerprint: String,
    #[serde(default)]
    labels: Labels,
}

#[derive(Clone, Debug, Deserialize)]
struct Receiver {
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
struct AlertStatus {
    #[serde(default)]
    silenced_by: Vec<String>,
    #[serde(default)]
    inhibited_by: Vec<String>,
    /// Names of time intervals; since 0.28.
    #[serde(default)]
    muted_by: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GettableSilence {
    id: String,
    status: SilenceStatus,
    matchers: Vec<GettableMatcher>,
    starts_at: Timestamp,
    #[serde(deserialize_with = "end")]
    ends_at: Timestamp,
    #[serde(default)]
    updated_at: Option<Timestamp>,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Clone, Debug, Deserialize)]
struct SilenceStatus {
    state: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GettableMatcher {
    name: String,
    value: String,
    is_regex: bool,
    /// Missing before 0.22: equal.
    #[serde(default = "yes")]
    is_equal: bool,
}

/// Who silences for ever writes 9999-12-31, which is a day later than all that can be counted with here.
fn end<'de, D: Deserializer<'de>>(value: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(value)?;
    let is_for_ever = text.starts_with("9999-12-3");
    text.parse().or_else(|e| if is_for_ever { Ok(Timestamp::MAX) } else { Err(D::Error::custom(e)) })
}

fn yes() -> bool {
    true
}

impl Asked for AlertmanagerConfig {
    const KIND: &'static str = "alertmanager";
    const AUTH: Auth = Auth::Basic;
}

impl Vendor for AlertmanagerConfig {
    type State = State;
    type Tag = Tag;

    const GIVES: &'static [Gives] = &[Gives::Alerts];
    const EVERY: Duration = Duration::from_secs(15);

    fn round(&self, state: &mut State, _: Timestamp, _: Option<Timestamp>) -> Vec<Ask<Tag>> {
        // A peer that does not answer this time has no say: what the others see is current.
        let listed = std::mem::take(&mut state.alerts);
        if !std::mem::replace(&mut state.is_open, true) {
            state.last = listed;
        }
        state.asked_status = false;
        state.has_silences = false;
        let alerts = self.asking("/api/v2/alerts");
        // What mutes an alert is said of the alert, too: it is seen without them.
        let silences = Ask::new(Tag::Silences, Request::get("/api/v2/silences")).part("its silences");
        vec![Ask::new(Tag::Alerts, alerts).of_every_peer(), silences.of_every_peer()]
    }

    fn accept(
        &self,
        state: &mut State,
        ask: &Ask<Tag>,
        response: &Response,
        now: Timestamp,
    ) -> Result<Took<Tag>, Failure> {
        let mut took = Took::default();
        match ask.tag {
            Tag::Alerts => {
                let (alerts, trouble) = json::list::<GettableAlert>(response)?;
                took.trouble = trouble;
                // It lists no alert that has ended. `endsAt` is not looked at: it is of a clock that is
                // neither ours nor, behind a proxy, that of the `Date` header.
                let listed: BTreeSet<String> = alerts.iter().map(|alert| alert.fingerprint.clone()).collect();
                // After a start it knows nothing until all who send to it have done so again.
                if state.last.keys().any(|known| !listed.contains(known)) && !state.asked_status {
                    state.asked_status = true;
                    let status = Request::get("/api/v2/status");
                    took.more.push(Ask::new(Tag::Status, status).part("its start").of_every_peer());
                }
                for alert in alerts {
                    newest(&mut state.alerts, alert.fingerprint.clone(), alert, |alert| alert.updated_at);
                }
            }
            Tag::Silences => {
                let (silences, trouble) = json::list::<GettableSilence>(response)?;
                took.trouble = trouble;
                if !std::mem::replace(&mut state.has_silences, true) {
                    state.silences.clear();
                }
                for silence in silences {
                    newest(&mut state.silences, silence.id.clone(), silence, |silence| silence.updated_at);
                }
            }
            Tag::Status => {
                let ahead = response.clock_ahead().unwrap_or_default();
                let started = response.json::<Status>()?.uptime.checked_sub(ahead).unwrap_or(now);
                let until = started.checked_add(HEARD).ok().filter(|until| *until > now);
                // What was listed since its start and is not any more has ended.
                if until.is_some() && state.last_at.is_some_and(|at| at <= started) {
                    state.young_until = state.young_until.max(until);
                    state.unheard.clone_from(&state.last);
                }
            }
            Tag::Groups => {}
        }
        Ok(took)
    }

    fn detail(&self, state: &State, key: &DetailKey) -> Option<Ask<Tag>> {
        let DetailKey::Groups { alert } = key else { return None };
        state
            .alerts
            .contains_key(alert.as_str()?)
            .then(|| Ask::new(Tag::Groups, self.asking("/api/v2/alerts/groups")))
    }

    fn accept_detail(
        &self,
        _: &mut State,
        key: &DetailKey,
        _: &Ask<Tag>,
        response: &Response,
    ) -> Result<Fetched<Tag>, Failure> {
        let DetailKey::Groups { alert } = key else { return Err(unknown(key)) };
        let groups: Vec<AlertGroup> = response.json()?;
        let of_it = groups
            .into_iter()
            .filter(|group| group.alerts.iter().any(|one| Some(one.fingerprint.as_str()) == alert.as_str()));
        Ok(Fetched::Done(Detail::Groups(of_it.map(AlertGroup::model).collect())))
    }

    fn left_out(&self, state: &State) -> Vec<Failure> {
        let young = state.young_until.map(|until| {
            let what = format!(
                "it has just been started and may not know of all that fires until {} UTC; what it listed before is kept",
                until.strftime("%H:%M:%S")
            );
            Failure::new(FailureKind::Missing, what)
        });
        young.into_iter().collect()
    }

    fn snapshot(&self, state: &mut State, now: Timestamp) -> Snapshot {
        state.is_open = false;
        state.last_at = Some(now);
        state.last.clear();
        state.young_until = state.young_until.filter(|until| *until > now);
        if state.young_until.is_none() {
            state.unheard.clear();
        }
        state.unheard.retain(|fingerprint, _| !state.alerts.contains_key(fingerprint));
        for (fingerprint, alert) in &state.unheard {
            state.alerts.insert(fingerprint.clone(), alert.clone());
        }
        let named = |fingerprint: &String| match state.alerts.get(fingerprint) {
            Some(source) => labels::name(&source.labels),
            None => fingerprint.as_str().into(),
        };
        let mut alerts: Vec<Alert> = state.alerts.values().map(|alert| alert.model(named)).collect();
        state.missing.judge(&self.expect, &mut alerts, now);
        // The silences are asked for after the alerts: one that ended between the two still has its alerts.
        let muting: BTreeSet<_> = alerts.iter().flat_map(|alert| &alert.silenced_by).collect();
        let in_force = state.silences.values().filter(|silence| {
            silence.status.state == "active" || muting.contains(&RawText::from(silence.id.as_str()))
        });
        let silences = in_force.map(|silence| silence.model().into()).collect();
        let alerts = alerts.into_iter().map(Arc::new).collect();
        Snapshot { alerts, silences, ..Snapshot::default() }
    }
}

impl AlertmanagerConfig {
    /// A request for the alerts that are wanted.
    fn asking(&self, path: &str) -> Request {
        let filters = self.filter.iter().map(|filter| ("filter", filter));
        let receiver = self.receiver.iter().map(|receiver| ("receiver", receiver));
        filters.chain(receiver).fold(Request::get(path), |request, (key, value)| request.query(key, value))
    }
}

impl AlertGroup {
    fn model(self) -> Group {
        let mut alerts = BTreeMap::new();
        for alert in &self.alerts {
            *alerts.entry(labels::name(&alert.labels)).or_default() += 1;
        }
        Group { receiver: self.receiver.name.into(), labels: labels::raw(&self.labels), alerts }
    }
}

/// Keeps, of what several peers say of one thing, what was said last.
fn newest<T>(known: &mut BTreeMap<String, T>, key: String, said: T, updated: fn(&T) -> Option<Timestamp>) {
    if known.get(&key).is_none_or(|old| updated(old) < updated(&said)) {
        known.insert(key, said);
    }
}

impl GettableAlert {
    fn model(&self, named: impl Fn(&String) -> RawText) -> Alert {
        let intervals = self.status.muted_by.iter().map(|name| format!("time interval {name}").into());
        Alert {
            severity: labels::severity(&self.labels),
            labels: labels::raw(&self.labels),
            annotations: labels::raw(&self.annotations),
            silenced_by: self.status.silenced_by.iter().map(|id| id.as_str().into()).collect(),
            inhibited_by: self.status.inhibited_by.iter().map(named).chain(intervals).collect(),
            receivers: self.receivers.iter().map(|receiver| receiver.name.as_str().into()).collect(),
            expression: expression_in(&self.generator_url),
            link: (!self.generator_url.is_empty()).then(|| self.generator_url.as_str().into()),
            ..Alert::new(self.fingerprint.as_str(), labels::name(&self.labels), self.starts_at)
        }
    }
}

/// The expression in the link to Prometheus' own graph: `.../graph?g0.expr=up+%3D%3D+0&g0.tab=1`.
pub(in crate::source) fn expression_in(link: &str) -> Option<RawText> {
    let (_, query) = link.split_once('?')?;
    let (_, expression) = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "g0.expr")?;
    Some(expression.as_ref().into())
}

impl GettableSilence {
    fn model(&self) -> Silence {
        Silence {
            id: self.id.as_str().into(),
            matchers: self.matchers.iter().map(GettableMatcher::model).collect(),
            starts: self.starts_at,
            ends: self.ends_at,
            person: self.created_by.as_str().into(),
            comment: self.comment.as_str().into(),
        }
    }
}

impl GettableMatcher {
    fn model(&self) -> Matcher {
        let comparison = match (self.is_regex, self.is_equal) {
            (false, true) => Comparison::Equal,
            (false, false) => Comparison::NotEqual,
            (true, true) => Comparison::Matches,
            (true, false) => Comparison::NotMatches,
        };
        Matcher { label: self.name.as_str().into(), comparison, value: self.value.as_str().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::{AlertState, Severity};
    use crate::source::poll::testing;

    /// What Alertmanager 0.25.0 answered: two alerts posted to it, the others sent by Prometheus.
    const ALERTS: &str = include_str!("../../../tests/fixtures/alertmanager/alerts.json");
    /// What 0.25.0 answered with two receivers and `group_by: [service]`.
    const GROUPS: &str = include_str!("../../../tests/fixtures/alertmanager/groups.json");
    const SILENCES: &str = include_str!("../../../tests/fixtures/alertmanager/silences.json");

    fn now() -> Timestamp {
        "2026-11-22T05:57:20Z".parse().unwrap()
    }

    fn seen(config: &AlertmanagerConfig, alerts: &str, silences: &str) -> (Snapshot, Vec<Failure>) {
        testing::round(config, &mut State::default(), now(), None, |ask| {
            let body = match ask.tag {
                Tag::Alerts => alerts,
                Tag::Silences => silences,
                Tag::Groups | Tag::Status => "[]",
            };
            Ok(testing::answer(&ask.request, 200, &[], body))
        })
    }

    fn named<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Alert {
        snapshot.alerts.iter().find(|alert| alert.name == name.into()).unwrap()
    }

    #[test]
    fn what_a_real_server_said_is_read() {
        let (snapshot, troubles) = seen(&AlertmanagerConfig::default(), ALERTS, SILENCES);
        assert_eq!(troubles, []);
        assert_eq!(snapshot.alerts.len(), 6);
        let high = named(&snapshot, "HighErrorRate");
        assert_eq!(high.id, "cfde758a87f80f24".into());
        assert_eq!((high.severity, high.state), (Severity::Critical, AlertState::Firing));
        assert_eq!(high.started, "2026-11-22T05:57:18.273Z".parse().unwrap());
        assert_eq!(high.label("service"), Some(&"checkout".into()));
        assert_eq!(high.annotations[&"summary".into()], "5xx of checkout at 0.31".into());
        assert_eq!(high.receivers, [RawText::from("pager")]);
        assert!(high.link.is_some() && high.is_loud());
        assert_eq!(high.expression, Some("checkout_error_ratio > 0.05".into()));

        let down = named(&snapshot, "InstanceDown");
        let [silence] = snapshot.silences.as_slice() else { panic!("{:?}", snapshot.silences) };
        assert_eq!(down.silenced_by, std::slice::from_ref(&silence.id));
        assert_eq!((&silence.person, &silence.comment), (&"kim".into(), &"replacing the node".into()));
        let comparisons: Vec<_> = silence.matchers.iter().map(|matcher| matcher.comparison).collect();
        assert_eq!(comparisons, [Comparison::Equal, Comparison::Matches]);

        assert_eq!(named(&snapshot, "NodeSlow").inhibited_by, [RawText::from("ClusterDown")]);
    }

    #[test]
    fn peers_are_merged_by_fingerprint_and_the_newest_word_counts() {
        let config = AlertmanagerConfig::default();
        let mut state = State::default();
        let older = ALERTS.replace(r#""updatedAt":"2026"#, r#""updatedAt":"2025"#).replace("0.31", "0.01");
        let ask = |tag, peer| Ask { peer, ..Ask::new(tag, Request::get("/")) };
        for (tag, peer, body) in
            [(Tag::Alerts, 0, ALERTS), (Tag::Alerts, 1, older.as_str()), (Tag::Alerts, 2, "[]")]
        {
            let ask = ask(tag, peer);
            let response = testing::answer(&ask.request, 200, &[], body);
            config.accept(&mut state, &ask, &response, now()).unwrap();
        }
        let snapshot = config.snapshot(&mut state, now());
        assert_eq!(snapshot.alerts.len(), 6);
        let high = named(&snapshot, "HighErrorRate");
        assert_eq!(high.annotations[&"summary".into()], "5xx of checkout at 0.31".into());
    }

    #[test]
    fn what_has_expired_is_left_out_and_a_bad_item_is_told() {
        let expired = SILENCES.replace("active", "expired");
        // One that ended between the two answers: the alerts were still muted by it.
        let (snapshot, _) = seen(&AlertmanagerConfig::default(), ALERTS, &expired);
        assert_eq!(snapshot.silences.len(), 1);
        let others = expired.replace("532b17c8", "99999999");
        let (snapshot, _) = seen(&AlertmanagerConfig::default(), ALERTS, &others);
        assert!(snapshot.silences.is_empty());
        // For ever, as it is usually written, and what no silence can be read of.
        let long = SILENCES.replace(r#""endsAt":"2026-"#, r#""endsAt":"9999-12-31T23:59:59Z","x":"2026-"#);
        assert_ne!(long, SILENCES);
        let (snapshot, troubles) = seen(&AlertmanagerConfig::default(), ALERTS, &long);
        assert_eq!((snapshot.silences.len(), troubles.len()), (1, 0));
        assert_eq!(snapshot.silences[0].ends, Timestamp::MAX);
        let (snapshot, troubles) = seen(&AlertmanagerConfig::default(), ALERTS, r#"[{"id":"x"}]"#);
        assert_eq!((snapshot.alerts.len(), snapshot.silences.len(), troubles.len()), (6, 0, 1));
        let spoilt = ALERTS.replace(r#""fingerprint":"cfde758a87f80f24""#, r#""fingerprint":7"#);
        let (snapshot, troubles) = seen(&AlertmanagerConfig::default(), &spoilt, "[]");
        assert_eq!(snapshot.alerts.len(), 5);
        assert_eq!(troubles.len(), 1);
        assert_eq!(troubles[0].kind, FailureKind::Unreadable);
    }

    #[test]
    fn after_a_start_what_it_has_not_heard_again_is_no_recovery() {
        let config = AlertmanagerConfig::default();
        let mut state = State::default();
        let mut look = |second: i64, alerts: &str, uptime: &str| {
            let now = now() + SignedDuration::from_secs(second);
            let status = format!(r#"{{"cluster":{{"status":"disabled"}},"uptime":"{uptime}"}}"#);
            let (snapshot, troubles) = testing::round(&config, &mut state, now, None, |ask| {
                let body = match ask.tag {
                    Tag::Alerts => alerts,
                    Tag::Silences => SILENCES,
                    Tag::Status => &status,
                    Tag::Groups => "[]",
                };
                Ok(testing::answer(&ask.request, 200, &[], body))
            });
            (snapshot.alerts.len(), troubles.len())
        };
        let (long_ago, just_now) = ("2026-11-01T00:00:00Z", "2026-11-22T05:58:10Z");
        assert_eq!(look(0, ALERTS, long_ago), (6, 0));
        assert_eq!(look(60, "[]", just_now), (6, 1), "it was started ten seconds ago");
        assert_eq!(look(75, "[]", just_now), (6, 1));
        assert_eq!(look(240, "[]", just_now), (0, 0), "now it has heard of all");
        assert_eq!(look(255, ALERTS, just_now), (6, 0));
        assert_eq!(look(270, "[]", long_ago), (0, 0), "they have ended");
        let again = "2026-11-22T06:02:00Z";
        assert_eq!(look(285, ALERTS, again), (6, 0));
        assert_eq!(look(300, "[]", again), (0, 0), "it listed them since its start: they have ended");
    }

    #[test]
    fn no_clock_ends_an_alert_that_is_listed() {
        let day = jiff::SignedDuration::from_hours(24);
        for (ours, date) in [
            (now() + day, "Sun, 22 Nov 2026 05:57:20 GMT"),
            (now(), "Mon, 23 Nov 2026 05:57:20 GMT"),
            (now(), "Sat, 22 Nov 2110 05:57:20 GMT"),
        ] {
            let config = AlertmanagerConfig::default();
            let (snapshot, _) = testing::round(&config, &mut State::default(), ours, None, |ask| {
                let body = if ask.tag == Tag::Alerts { ALERTS } else { SILENCES };
                Ok(testing::answer(&ask.request, 200, &[("date", date)], body).received(ours))
            });
            assert_eq!(snapshot.alerts.len(), 6, "{date}");
        }
    }

    #[test]
    fn who_is_told_of_an_alert_together_with_what_is_known() {
        let config =
            AlertmanagerConfig { receiver: Some("pager|chat".to_owned()), ..AlertmanagerConfig::default() };
        let mut state = State::default();
        testing::round(&config, &mut state, now(), None, |ask| {
            let body = if ask.tag == Tag::Alerts { ALERTS } else { SILENCES };
            Ok(testing::answer(&ask.request, 200, &[], body))
        });
        let mut groups = |id: &str| {
            let key = DetailKey::Groups { alert: id.into() };
            let detail = testing::detail(&config, &mut state, &key, |ask| {
                assert_eq!(ask.request.path, "/api/v2/alerts/groups");
                assert_eq!(ask.request.query, [("receiver".to_owned(), "pager|chat".to_owned())]);
                Ok(testing::answer(&ask.request, 200, &[], GROUPS))
            });
            let Ok(Detail::Groups(groups)) = detail else { panic!("{detail:?}") };
            groups
        };
        let [chat, pager] = &groups("cfde758a87f80f24")[..] else { panic!() };
        assert_eq!((&chat.receiver, &pager.receiver), (&"chat".into(), &"pager".into()));
        assert_eq!(pager.labels, BTreeMap::from([("service".into(), "checkout".into())]));
        let names: Vec<_> =
            pager.alerts.iter().map(|(name, count)| (name.as_str().unwrap(), *count)).collect();
        assert_eq!(names, [("HighErrorRate", 1), ("LatencyP99", 1)]);
    }

    #[test]
    fn filters_go_into_the_request() {
        let config = AlertmanagerConfig {
            filter: vec![r#"team="shop""#.to_owned()],
            receiver: Some("pager".to_owned()),
            ..AlertmanagerConfig::default()
        };
        let asks = config.round(&mut State::default(), now(), None);
        let query = &asks[0].request.query;
        assert_eq!(query[0], ("filter".to_owned(), r#"team="shop""#.to_owned()));
        assert_eq!(query[1], ("receiver".to_owned(), "pager".to_owned()));
        assert!(asks.iter().all(|ask| ask.every_peer));
    }
}
