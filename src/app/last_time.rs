//! What was like an incident before, in one line.

use jiff::Timestamp;

use crate::insight::changes::Subject;
use crate::insight::similar::{Asked, Like, similar};
use crate::logs::pattern::known::is_same;
use crate::model::incident::Incident;
use crate::model::text::{SafeText, clean};
use crate::safe;
use crate::ui::time::{age, took};

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
/// `Last time (the same service), 3d ago, it took 42m: rolled back 812.`
pub(super) fn last_time(incident: &Incident, all: &[Incident], now: Timestamp) -> Option<SafeText> {
    let subject = subject(incident);
    let asked = Asked { alert: incident.alert.as_ref(), subject: &subject, patterns: &incident.patterns };
    told(similar(all, &asked, is_same).first()?, now)
}

/// The same of incidents in which the logs said the same, whatever else they were of.
pub(super) fn last_time_of_logs(incident: &Incident, all: &[Incident], now: Timestamp) -> Option<SafeText> {
    let asked = Asked { alert: None, subject: &Subject::default(), patterns: &incident.patterns };
    told(similar(all, &asked, is_same).first()?, now)
}

fn told(like: &Like<'_>, now: Timestamp) -> Option<SafeText> {
    let last = like.incident;
    let ended = last.ended()?;
    let how = last.ended_by.as_ref().map(|text| safe!(": {}", clean(text))).unwrap_or_default();
    let ago = age(now.duration_since(last.began()));
    let length = took(ended.duration_since(last.began()));
    Some(safe!("Last time ({}), {} ago, it took {}{}.", like.words(), ago, length, how))
}
