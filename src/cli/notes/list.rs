//! `midwatch notes list`: the incidents, a line each.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Form, Record, name};
use crate::cli::print::{columns, plain, print, tell};
use crate::incident::row::whole;
use crate::model::incident::{Field, Incident, Offer};
use crate::model::text::{RawText, SafeText, clean};
use crate::runtime::clock::Clock;
use crate::safe;
use crate::store::error::path_text;
use crate::ui::time::{age, took};

/// What `midwatch notes list --help` says at its end.
pub(super) const HELP: &str = "\
It reads what consoles have written and writes nothing. Columns: id, severity
with the worst that it was, status, service or host, when it began (UTC), how
long it took (+ where it lasts), who leads, the title; [private] and [drill]
stand before the title.

Exit codes:
  0  all that there is was told, also if that is nothing
  1  there is no directory to look into
  2  the configuration is wrong

-o json prints one object: incidents, an array of id, title, severity, peak,
status, service, host, environment, impact, change, began, onset, detected,
declared, mitigated, resolved, closed, seconds, lead, roles, offers, people,
links, tags, private, drill. Keys are added in later versions, never renamed.
What is not known is null.";

/// Prints them.
pub(super) fn list(record: &Record, form: Form) -> ExitCode {
    let now = Clock::Real.now();
    let known = record.incidents();
    if known.is_empty() {
        tell(&safe!("no incident was declared in {}", path_text(&record.state)));
    }
    let text = match form {
        Form::Text => columns(known.iter().map(|(incident, _)| row(incident, now))),
        Form::Json => {
            let all: Vec<Value> = known.iter().map(|(incident, _)| object(incident, now)).collect();
            format!("{:#}\n", json!({ "midwatch": env!("CARGO_PKG_VERSION"), "incidents": all }))
        }
    };
    print(&text, 0)
}

fn row(incident: &Incident, now: Timestamp) -> Vec<SafeText> {
    let optional = |text: Option<&RawText>| text.map(clean).unwrap_or_default();
    let lasts = if incident.ended().is_none() { "+" } else { "" };
    let mut title = SafeText::default();
    for (is_so, mark) in [(incident.is_private, "[private] "), (incident.is_drill, "[drill] ")] {
        if is_so {
            title.push(&SafeText::literal(mark));
        }
    }
    title.push(&clean(&incident.title));
    vec![
        name(incident),
        severity(incident),
        incident.status.word().into(),
        optional(incident.service.as_ref().or(incident.host.as_ref())),
        safe!("{}", whole(incident.began())),
        safe!("{}{}", briefly(lasted(incident, now)), SafeText::literal(lasts)),
        optional(incident.role(Field::Lead)),
        title,
    ]
}

/// `SEV3`, and the worst that it was.
pub(super) fn severity(incident: &Incident) -> SafeText {
    let (now, peak) = (incident.severity.number(), incident.peak.number());
    if now == peak { safe!("SEV{}", now) } else { safe!("SEV{} (SEV{})", now, peak) }
}

/// How long it took until now or its end.
pub(super) fn lasted(incident: &Incident, now: Timestamp) -> SignedDuration {
    incident.ended().unwrap_or(now).duration_since(incident.began())
}

/// To the minute, or in days where it was long.
pub(super) fn briefly(length: SignedDuration) -> SafeText {
    if length < SignedDuration::from_hours(48) { took(length) } else { age(length) }
}

/// All that is known of it.
pub(super) fn object(incident: &Incident, now: Timestamp) -> Value {
    let optional = |text: Option<&RawText>| text.map(plain);
    let all = |of: &[RawText]| of.iter().map(plain).collect::<Vec<_>>();
    let roles: serde_json::Map<String, Value> =
        incident.roles.iter().map(|(role, person)| (role.word().to_owned(), plain(person).into())).collect();
    let offer = |offer: &Offer| (offer.role.word().to_owned(), plain(&offer.to).into());
    let offers: serde_json::Map<String, Value> = incident.offers.iter().map(offer).collect();
    json!({
        "id": incident.id.as_str(),
        "title": plain(&incident.title),
        "severity": incident.severity,
        "peak": incident.peak,
        "status": incident.status,
        "service": optional(incident.service.as_ref()),
        "host": optional(incident.host.as_ref()),
        "environment": optional(incident.environment.as_ref()),
        "impact": optional(incident.impact.as_ref()),
        "change": optional(incident.change.as_ref()),
        "began": incident.began(),
        "onset": incident.onset,
        "detected": incident.detected,
        "declared": incident.declared,
        "mitigated": incident.mitigated,
        "resolved": incident.resolved,
        "closed": incident.closed,
        "seconds": lasted(incident, now).as_secs(),
        "lead": optional(incident.role(Field::Lead)),
        "roles": roles,
        "offers": offers,
        "people": incident.people.iter().map(plain).collect::<Vec<_>>(),
        "links": all(&incident.links),
        "tags": all(&incident.tags),
        "private": incident.is_private,
        "drill": incident.is_drill,
    })
}
