//! Names that what runs, what fires and what is logged have in common: services, for a person to judge.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::alert::Alert;
use crate::model::catalog::{Catalog, SERVICE_LABELS, ServiceEntry};
use crate::model::run::Run;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// Labels that often name a service, but also what is larger or smaller than one: they are joined on
/// only where a `[[service]]` says so.
const OTHER_LABELS: &[&str] = &["deployment", "namespace"];
/// Names that say nothing of what they belong to.
const GENERIC: &[&str] = &[
    "access",
    "app",
    "application",
    "build",
    "container",
    "daemon",
    "default",
    "deploy",
    "dev",
    "error",
    "errors",
    "kube-system",
    "kubernetes-pods",
    "log",
    "logs",
    "main",
    "messages",
    "monitoring",
    "node",
    "prod",
    "production",
    "release",
    "server",
    "service",
    "srv",
    "stage",
    "staging",
    "syslog",
    "system",
    "test",
    "tests",
    "tmp",
    "var",
];
/// Suggestions that are made; whoever has more wants to begin with these.
const MOST: usize = 50;
/// Names told in one reason.
const TOLD: usize = 3;

/// What was seen, each with the name of its source.
#[derive(Default)]
pub struct Seen<'a> {
    /// What ran.
    pub runs: Vec<(&'a RawText, &'a Run)>,
    /// What fired.
    pub alerts: Vec<(&'a RawText, &'a Alert)>,
    /// The names of log streams.
    pub streams: Vec<(&'a RawText, &'a RawText)>,
}

/// A service that may be one, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suggestion {
    /// As it would be configured.
    pub entry: ServiceEntry,
    /// Why, one reason a line.
    pub why: Vec<SafeText>,
}

/// What speaks for one name.
#[derive(Default)]
struct Evidence {
    /// Spellings of the name, and how often each was seen.
    spelt: BTreeMap<String, usize>,
    /// Label and value, and how many alerts have them.
    labels: BTreeMap<(String, String), usize>,
    /// What runs say they are for, and how many.
    runs: BTreeMap<String, usize>,
    /// Streams and their sources.
    streams: BTreeSet<(String, RawText)>,
}

impl Evidence {
    fn kinds(&self) -> usize {
        [self.labels.is_empty(), self.runs.is_empty(), self.streams.is_empty()]
            .iter()
            .filter(|none| !**none)
            .count()
    }
}

/// Names that at least two of runs, alerts and logs share and that no configured service has; the ones
/// with the most kinds of evidence first.
pub fn suggest(seen: &Seen<'_>, catalog: &Catalog) -> Vec<Suggestion> {
    let mut found: BTreeMap<Vec<String>, Evidence> = BTreeMap::new();
    for (_, alert) in &seen.alerts {
        for (label, value) in &alert.labels {
            let (Some(label), Some(value)) = (label.as_str(), value.as_str()) else { continue };
            if !SERVICE_LABELS.contains(&label) && !OTHER_LABELS.contains(&label) {
                continue;
            }
            if let Some(evidence) = named(&mut found, value) {
                *evidence.labels.entry((label.to_owned(), value.to_owned())).or_default() += 1;
            }
        }
    }
    for (_, run) in &seen.runs {
        let said = run.service.as_ref().or(run.repo.as_ref()).and_then(RawText::as_str);
        let name = Catalog::default().service_of_run(run);
        let (Some(said), Some(name)) = (said, name) else { continue };
        if let Some(evidence) = name.as_str().and_then(|name| named(&mut found, name)) {
            *evidence.runs.entry(said.to_owned()).or_default() += 1;
        }
    }
    for (source, stream) in &seen.streams {
        let Some(text) = stream.as_str() else { continue };
        // The longest name that a part of the stream's begins with: `checkout-api-7d9f` is no `checkout`.
        let parts: Vec<_> = text.split('/').map(words).collect();
        let fits = |name: &&Vec<String>| parts.iter().any(|part| part.starts_with(name));
        let longest = found.keys().filter(fits).max_by_key(|name| name.len()).cloned();
        if let Some(evidence) = longest.and_then(|name| found.get_mut(&name)) {
            evidence.streams.insert((text.to_owned(), (*source).clone()));
        }
    }
    let mut found: Vec<_> = found.into_iter().filter(|(_, evidence)| evidence.kinds() >= 2).collect();
    found.sort_by_key(|(name, evidence)| (std::cmp::Reverse(evidence.kinds()), name.clone()));
    let suggestions = found.into_iter().map(|(_, evidence)| suggestion(&evidence));
    let is_new = |one: &Suggestion| catalog.service_of_name(&one.entry.name).is_none();
    suggestions.filter(is_new).take(MOST).collect()
}

/// The evidence for what is named so, unless the name says nothing.
fn named<'a>(found: &'a mut BTreeMap<Vec<String>, Evidence>, name: &str) -> Option<&'a mut Evidence> {
    let words = words(name);
    let says_nothing =
        words.iter().all(|word| word.len() < 3 || word.bytes().all(|byte| byte.is_ascii_digit()));
    if says_nothing || GENERIC.contains(&words.join("-").as_str()) {
        return None;
    }
    let evidence = found.entry(words).or_default();
    *evidence.spelt.entry(name.to_owned()).or_default() += 1;
    Some(evidence)
}

/// The words of a name, in lower case.
fn words(name: &str) -> Vec<String> {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn suggestion(evidence: &Evidence) -> Suggestion {
    // The spelling that is seen most; of several the first.
    let most =
        evidence.spelt.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse((*name).clone())));
    let name = most.map(|(name, _)| name.clone()).unwrap_or_default();
    let is_other = |other: &&String| !other.eq_ignore_ascii_case(&name);
    let aliases = evidence.spelt.keys().filter(is_other).map(|other| other.as_str().into()).collect();
    // A service label is joined on by itself. All labels of a table have to match, so it gets one at most.
    let joined = evidence.labels.keys().any(|(label, _)| SERVICE_LABELS.contains(&label.as_str()));
    let other = evidence.labels.iter().filter(|_| !joined).max_by_key(|(_, count)| **count);
    let labels = other.map(|((label, value), _)| (label.as_str().into(), value.as_str().into()));
    let repos =
        evidence.runs.keys().filter(|said| said.contains('/')).map(|said| said.as_str().into()).collect();
    // Streams of that name are found by it; a source named here would be shown whole.
    let logs = Vec::new();

    let mut why = Vec::new();
    for ((label, value), count) in evidence.labels.iter().take(TOLD) {
        let (label, value) = (shown(label), shown(value));
        why.push(safe!("{} with {}={}", counted(*count, "alert", "alerts"), label, value));
    }
    for (said, count) in evidence.runs.iter().take(TOLD) {
        why.push(safe!("{} of {}", counted(*count, "run", "runs"), shown(said)));
    }
    for (stream, source) in evidence.streams.iter().take(TOLD) {
        why.push(safe!("log stream {} of the source {}", shown(stream), clean(source)));
    }
    let more = [evidence.labels.len(), evidence.runs.len(), evidence.streams.len()];
    let more: usize = more.iter().map(|count| count.saturating_sub(TOLD)).sum();
    if more > 0 {
        why.push(safe!("and {} more such names", more));
    }
    let entry = ServiceEntry {
        name: name.into(),
        aliases,
        labels: labels.into_iter().collect(),
        repos,
        logs,
        ..ServiceEntry::default()
    };
    Suggestion { entry, why }
}

fn counted(count: usize, one: &'static str, many: &'static str) -> SafeText {
    safe!("{} {}", count, SafeText::literal(if count == 1 { one } else { many }))
}

fn shown(text: &str) -> SafeText {
    clean(&text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-22T03:12:00Z";

    fn alert(labels: &[(&str, &str)]) -> Alert {
        let labels: BTreeMap<_, _> = labels.iter().copied().collect();
        let alert = serde_json::json!({
            "id": "1", "name": "HighErrorRate", "severity": "critical", "state": "firing",
            "labels": labels, "started": AT,
        });
        serde_json::from_value(alert).unwrap()
    }

    fn run(service: Option<&str>) -> Run {
        let run = serde_json::json!({
            "id": "1", "pipeline": "deploy", "state": "failed", "service": service, "created": AT,
        });
        serde_json::from_value(run).unwrap()
    }

    /// Suggestions as `name: reason; reason`.
    fn told(alerts: &[Alert], runs: &[Run], streams: &[&str], catalog: &Catalog) -> Vec<String> {
        let source: RawText = "here".into();
        let streams: Vec<RawText> = streams.iter().map(|name| RawText::from(*name)).collect();
        let seen = Seen {
            runs: runs.iter().map(|run| (&source, run)).collect(),
            alerts: alerts.iter().map(|alert| (&source, alert)).collect(),
            streams: streams.iter().map(|stream| (&source, stream)).collect(),
        };
        let text = |one: &Suggestion| {
            let why: Vec<_> = one.why.iter().map(SafeText::as_str).collect();
            format!("{}: {}", one.entry.name.as_str().unwrap(), why.join("; "))
        };
        suggest(&seen, catalog).iter().map(text).collect()
    }

    #[test]
    fn a_name_that_two_kinds_of_things_share_is_suggested_with_its_reasons() {
        let alerts = [
            alert(&[("service", "checkout"), ("severity", "critical"), ("namespace", "shop")]),
            alert(&[("service", "checkout")]),
            alert(&[("app", "lonely")]),
        ];
        let runs = [run(Some("shop/checkout")), run(Some("shop/other")), run(None)];
        let streams = ["checkout-7d9f", "/var/log/checkout/app.log", "checkoutish-1", "syslog"];
        assert_eq!(
            told(&alerts, &runs, &streams, &Catalog::default()),
            ["checkout: 2 alerts with service=checkout; 1 run of shop/checkout; \
              log stream /var/log/checkout/app.log of the source here; log stream checkout-7d9f of the source here"]
        );
    }

    #[test]
    fn what_is_configured_or_says_nothing_is_not_suggested() {
        let alerts =
            [alert(&[("service", "checkout"), ("app", "app"), ("job", "12"), ("namespace", "default")])];
        let runs = [run(Some("checkout")), run(Some("app")), run(Some("12")), run(Some("default"))];
        let known =
            ServiceEntry { name: "Shop".into(), aliases: vec!["checkout".into()], ..ServiceEntry::default() };
        assert_eq!(told(&alerts, &runs, &[], &Catalog::new(&[known], &[])), [""; 0]);
        assert_eq!(told(&alerts, &runs, &[], &Catalog::default()).len(), 1);
    }

    #[test]
    fn the_longest_name_takes_a_stream() {
        let alerts = [alert(&[("service", "checkout")]), alert(&[("service", "checkout-api")])];
        let told = told(&alerts, &[], &["checkout-api-7d9f"], &Catalog::default());
        assert_eq!(
            told,
            [
                "checkout-api: 1 alert with service=checkout-api; log stream checkout-api-7d9f of the source here"
            ]
        );
    }

    #[test]
    fn a_suggestion_joins_once_it_is_configured() {
        let alerts = [alert(&[("deployment", "pay_ments"), ("namespace", "x1")])];
        let runs = [run(Some("shop/pay-ments"))];
        let source = RawText::from("here");
        let seen = Seen {
            runs: runs.iter().map(|run| (&source, run)).collect(),
            alerts: alerts.iter().map(|alert| (&source, alert)).collect(),
            streams: Vec::new(),
        };
        let found = suggest(&seen, &Catalog::default());
        let [one] = found.as_slice() else { panic!("{found:?}") };
        let catalog = Catalog::new(std::slice::from_ref(&one.entry), &[]);
        let of_alert = catalog.service_of(alerts[0].labels.iter());
        assert_eq!(of_alert, Some(one.entry.name.clone()));
        assert_eq!(catalog.service_of_repo(&"shop/pay-ments".into()), Some(one.entry.name.clone()));
        assert!(suggest(&seen, &catalog).is_empty(), "it is there now");
    }
}
