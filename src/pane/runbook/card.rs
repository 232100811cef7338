//! The card of a service or host: what is configured of it, and what is known of it now.

use crate::insight::changes::Subject;
use crate::model::alert::AlertState;
use crate::model::catalog::Card;
use crate::model::health::Health;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::view::View;
use crate::safe;
use crate::ui::document::{Block, Document, Kind, named};
use crate::ui::time::age;

/// Alerts that are told one by one.
const MOST_ALERTS: usize = 8;

/// The card of what this is about.
pub(super) fn of(subject: &Subject, view: &View<'_>) -> Document {
    let mut document = Document::default();
    if let Some(service) = &subject.service {
        of_service(service, subject, view, &mut document);
    }
    if let Some(host) = &subject.host {
        of_host(host, &mut document, view);
    }
    document
}

fn of_service(name: &RawText, subject: &Subject, view: &View<'_>, document: &mut Document) {
    document.heading(1, safe!("Service {}", clean(name)));
    let entry = view.catalog.service(name);
    match entry.map(|entry| &entry.card) {
        Some(card) => said(card, document),
        None => missing("service", name, document),
    }
    document.heading(2, "What is known of it");
    if let Some(environment) = &subject.environment {
        put(document, "environment", &clean(environment));
    }
    if let Some(entry) = entry {
        list(document, "also called", &entry.aliases);
        list(document, "repositories", &entry.repos);
        let labels: Vec<SafeText> =
            entry.labels.iter().map(|(label, value)| safe!("{}={}", clean(label), clean(value))).collect();
        texts(document, "labels", &labels);
        for source in &entry.logs {
            put(document, "logs", &logs(source, view));
        }
        if let Some(source) = entry.deploy.as_ref().and_then(|deploy| deploy.source.as_ref()) {
            put(document, "deployed by", &clean(source));
        }
    }
    let is_of_it = |alert: &crate::model::alert::Alert| {
        alert.state == AlertState::Firing
            && view.catalog.service_of(alert.labels.iter()).as_ref() == Some(name)
    };
    let mut firing: Vec<_> = view.world.alerts().map(|(_, alert)| alert).filter(|a| is_of_it(a)).collect();
    firing.sort_by_key(|alert| (alert.severity, alert.started));
    firing.dedup_by(|a, b| a.name == b.name && a.labels == b.labels);
    for alert in firing.iter().take(MOST_ALERTS) {
        let since = age(view.now.duration_since(alert.started));
        let severity = SafeText::literal(alert.severity.word());
        put(document, "fires", &safe!("{} {} for {}", severity, clean(&alert.name), since));
    }
    if firing.len() > MOST_ALERTS {
        put(document, "fires", &safe!("and {} more", firing.len() - MOST_ALERTS));
    }
    let runs = view.world.runs().filter(|(_, run)| view.catalog.service_of_run(run).as_ref() == Some(name));
    if let Some((_, run)) = runs.max_by_key(|(_, run)| run.created) {
        let ago = age(view.now.duration_since(run.began()));
        let state = SafeText::literal(run.state.word());
        put(document, "last run", &safe!("{} {}, {} ago", clean(&run.pipeline), state, ago));
    }
}

fn of_host(name: &RawText, document: &mut Document, view: &View<'_>) {
    document.heading(1, safe!("Host {}", clean(name)));
    match view.catalog.host(name) {
        Some(entry) => {
            said(&entry.card, document);
            list(document, "also called", &entry.names);
        }
        None => missing("host", name, document),
    }
}

/// What is configured for people.
fn said(card: &Card, document: &mut Document) {
    for (name, text) in [("role", &card.role), ("owner", &card.owner)] {
        if let Some(text) = text {
            put(document, name, &clean(text));
        }
    }
    for contact in &card.contacts {
        put(document, "contact", &clean(contact));
    }
    for (title, url) in &card.links {
        let (title, url) = (clean(title), clean(url));
        document.push(Block::new(Kind::Text, named("link", &safe!("{} ({})", title, url))).leading(url));
    }
    if let Some(place) = &card.runbook {
        put(document, "runbook", &clean(place));
    }
    if *card == Card::default() {
        let text = "Nobody has said whose it is: role, owner, contacts and links belong into its table.";
        document.push(Block::new(Kind::Aside, text));
    }
}

/// What to write where nothing is configured.
fn missing(what: &'static str, name: &RawText, document: &mut Document) {
    let text = "It is in no table of the configuration. Add one, for example:";
    document.push(Block::new(Kind::Text, text));
    document.push(Block::new(Kind::Gap, ""));
    let shown = clean(name);
    let is_plain = !shown.as_str().contains(['"', '\\']) && shown.as_str() == shown.ascii().as_str();
    let shown = if is_plain { shown } else { what.into() };
    for line in [
        safe!("[[{}]]", SafeText::literal(what)),
        safe!("name = \"{}\"   owner = \"team shop\"   contacts = [\"#shop-oncall\"]", shown),
        "links = [{ title = \"dashboard\", url = \"https://grafana.example/d/1\" }]".into(),
    ] {
        document.push(Block::new(Kind::Code(0), line));
    }
}

/// A source of logs, and whether it can be seen.
fn logs(source: &RawText, view: &View<'_>) -> SafeText {
    let name = clean(source);
    match view.world.source(source).map(|source| source.health(view.now)) {
        None => safe!("{} (not configured)", name),
        Some(Health::Live) => name,
        Some(Health::Starting) => safe!("{} (still loading)", name),
        Some(Health::Stale(old)) => safe!("{} ({} old)", name, age(old)),
        Some(Health::Failing(failure, _)) => safe!("{} (blind: {})", name, clean(&failure.what)),
        Some(Health::Crashed(_)) => safe!("{} (crashed)", name),
    }
}

fn put(document: &mut Document, name: &'static str, text: &SafeText) {
    document.push(Block::new(Kind::Text, named(name, text)));
}

fn list(document: &mut Document, name: &'static str, all: &[RawText]) {
    texts(document, name, &all.iter().map(clean).collect::<Vec<_>>());
}

fn texts(document: &mut Document, name: &'static str, all: &[SafeText]) {
    if !all.is_empty() {
        let mut line = SafeText::default();
        for (index, text) in all.iter().enumerate() {
            line.push(&safe!("{}{}", SafeText::literal(if index > 0 { ", " } else { "" }), text));
        }
        put(document, name, &line);
    }
}
