//! What was like an incident before, in one line.

use jiff::Timestamp;

use crate::insight::changes::Subject;
use crate::insight::similar::Asked;
use crate::model::incident::Incident;
use crate::model::text::SafeText;
use crate::pane::past::Before;
use crate::safe;

/// What an incident is about.
pub(super) fn subject(incident: &Incident) -> Subject {
    Subject {
        name: incident.alert.clone().unwrap_or_default(),
        service: incident.service.clone(),
        host: incident.host.clone(),
        environment: incident.environment.clone(),
    }
}

/// What was like this incident before, and what helped:
/// `Last time: rolled back 812 (3d ago, took 42m, the same service).`
pub(super) fn last_time(incident: &Incident, all: &[Incident], now: Timestamp) -> Option<SafeText> {
    let subject = subject(incident);
    told(&Asked { alert: incident.alert.as_ref(), ..of_logs(incident, &subject) }, all, now)
}

/// The same of incidents in which the logs said the same, whatever else they were of.
pub(super) fn last_time_of_logs(incident: &Incident, all: &[Incident], now: Timestamp) -> Option<SafeText> {
    let subject = Subject::default();
    told(&of_logs(incident, &subject), all, now)
}

fn of_logs<'a>(incident: &'a Incident, subject: &'a Subject) -> Asked<'a> {
    Asked { alert: None, subject, patterns: &incident.patterns, is_routine: false }
}

fn told(asked: &Asked<'_>, all: &[Incident], now: Timestamp) -> Option<SafeText> {
    Some(safe!("Last time: {}.", Before::all(all, asked).next()?.told(now)))
}
