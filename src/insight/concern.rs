//! Which of what happens concerns an incident: what is written into its record by itself.

use crate::insight::changes::Subject;
use crate::model::alert::Alert;
use crate::model::catalog::Catalog;
use crate::model::run::Run;
use crate::model::text::RawText;
use crate::model::transition::{Happened, Transition};
use crate::model::world::World;

/// Whether something that happened concerns a subject: by its service, else by its host; where it has
/// neither, by the alert of its name. In another environment nothing does.
pub fn concerns(one: &Transition, subject: &Subject, world: &World, catalog: &Catalog) -> bool {
    let place = world.source(&one.source).and_then(|source| source.info.environment.as_ref());
    match &one.what {
        Happened::Fired(alert)
        | Happened::Resolved(alert)
        | Happened::Silenced(alert)
        | Happened::Unsilenced(alert)
        | Happened::Acknowledged(alert) => {
            is_of(subject, alert, catalog) && is_near(subject, alert.environment().or(place))
        }
        Happened::Began(run) | Happened::Ended(run) => of_run(subject, run, &one.source, place, catalog),
        Happened::Blind(_) | Happened::Sees => {
            // Who is blind may have seen what it is about.
            let logs = subject.service.as_ref().map(|service| catalog.logs_of(service)).unwrap_or_default();
            logs.contains(&one.source) || (place.is_some() && place == subject.environment.as_ref())
        }
        Happened::Unwatched(_) => true,
    }
}

fn is_of(subject: &Subject, alert: &Alert, catalog: &Catalog) -> bool {
    let service = catalog.service_of(alert.labels.iter());
    let host = catalog.host_of_labels(alert.labels.iter());
    let is_same = |a: &Option<RawText>, b: &Option<RawText>| a.is_some() && a == b;
    if subject.service.is_none() && subject.host.is_none() {
        return !subject.name.is_empty() && alert.name == subject.name;
    }
    is_same(&subject.service, &service) || is_same(&subject.host, &host)
}

fn of_run(
    subject: &Subject,
    run: &Run,
    source: &RawText,
    place: Option<&RawText>,
    catalog: &Catalog,
) -> bool {
    let placed = catalog.placed(source, run);
    let environment = placed.environment.as_ref().or(place);
    subject.service.is_some() && subject.service == placed.service && is_near(subject, environment)
}

/// Whether it is in the subject's environment, as far as both are known.
fn is_near(subject: &Subject, environment: Option<&RawText>) -> bool {
    match (&subject.environment, environment) {
        (Some(own), Some(other)) => own == other,
        _ => true,
    }
}
