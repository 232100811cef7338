//! What was like this before: incidents of the same alert, service or host, and how they ended.

use crate::insight::changes::Subject;
use crate::model::incident::{Incident, Status};
use crate::model::text::RawText;

/// What an incident has in common with what is looked at now, the most telling first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Common {
    /// The alert, and the service or host.
    AlertAndPlace,
    /// The alert.
    Alert,
    /// The service.
    Service,
    /// The host.
    Host,
}

impl Common {
    /// The words for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::AlertAndPlace => "the same alert there",
            Self::Alert => "the same alert elsewhere",
            Self::Service => "the same service",
            Self::Host => "the same host",
        }
    }
}

/// Incidents that were like this, the most alike first and of those the newest. One that goes on is none,
/// nor one that was cancelled, nor an exercise.
pub fn similar<'a>(
    incidents: &'a [Incident],
    alert: Option<&RawText>,
    subject: &Subject,
) -> Vec<(Common, &'a Incident)> {
    let is_past = |incident: &&Incident| {
        incident.ended().is_some() && incident.status != Status::Cancelled && !incident.is_drill
    };
    let is_same = |a: Option<&RawText>, b: Option<&RawText>| a.is_some() && a == b;
    let common = |incident: &'a Incident| {
        let alert = is_same(alert, incident.alert.as_ref());
        let service = is_same(subject.service.as_ref(), incident.service.as_ref());
        let host = is_same(subject.host.as_ref(), incident.host.as_ref());
        let common = match (alert, service, host) {
            (true, true, _) | (true, _, true) => Common::AlertAndPlace,
            (true, false, false) => Common::Alert,
            (false, true, _) => Common::Service,
            (false, false, true) => Common::Host,
            (false, false, false) => return None,
        };
        Some((common, incident))
    };
    let mut found: Vec<_> = incidents.iter().filter(is_past).filter_map(common).collect();
    found.sort_by(|(a, one), (b, other)| a.cmp(b).then(other.began().cmp(&one.began())));
    found
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::incident::{Declared, Field, IncidentId, Sev};
    use crate::model::note::{Entry, What};

    fn incident(day: i64, alert: &str, service: &str, host: Option<&str>, end: &[(What, &str)]) -> Incident {
        let at = Timestamp::from_second(day * 86_400).unwrap();
        let declared = Declared {
            alert: Some(alert.into()),
            service: Some(service.into()),
            host: host.map(RawText::from),
            ..Declared::new(format!("{day}"), Sev::SECOND)
        };
        let first = (What::Declared(Box::new(declared)), "");
        let all = std::iter::once(&first).chain(end);
        let entry = |(place, (what, text)): (usize, &(What, &str))| Entry {
            at,
            recorded: at,
            person: "kim".into(),
            what: what.clone(),
            text: (*text).into(),
            session: "s".into(),
            seq: place as u64,
        };
        let entries: Vec<Entry> = all.enumerate().map(entry).collect();
        Incident::of(&IncidentId::try_from(format!("INC-{day}")).unwrap(), &entries).unwrap()
    }

    #[test]
    fn the_most_alike_come_first_and_what_goes_on_or_was_none_does_not() {
        let over = || (What::Status(Status::Resolved), "rolled back");
        let all = [
            incident(1, "HighErrorRate", "checkout", None, &[over()]),
            incident(2, "HighErrorRate", "checkout", None, &[over()]),
            incident(3, "HighErrorRate", "cart", None, &[over()]),
            incident(4, "DiskFull", "checkout", None, &[over()]),
            incident(5, "HighErrorRate", "checkout", None, &[]),
            incident(6, "HighErrorRate", "checkout", None, &[(What::Status(Status::Cancelled), "")]),
            incident(7, "HighErrorRate", "checkout", None, &[over(), (What::Set(Field::Drill), "yes")]),
            incident(8, "Other", "other", Some("db-7"), &[over()]),
            incident(9, "Other", "other", None, &[over()]),
        ];
        let subject =
            Subject { service: Some("checkout".into()), host: Some("db-7".into()), ..Subject::default() };
        let found = similar(&all, Some(&"HighErrorRate".into()), &subject);
        let names: Vec<_> =
            found.iter().map(|(common, one)| (*common, one.title.as_str().unwrap())).collect();
        let expected = [
            (Common::AlertAndPlace, "2"),
            (Common::AlertAndPlace, "1"),
            (Common::Alert, "3"),
            (Common::Service, "4"),
            (Common::Host, "8"),
        ];
        assert_eq!(names, expected);
        assert_eq!(found[0].1.ended_by, Some("rolled back".into()));
        assert_eq!(similar(&all, None, &Subject::default()), []);
    }
}
