//! What was like this before: incidents of the same alert, log pattern, service or host, and how they ended.

use crate::insight::changes::Subject;
use crate::model::incident::{Incident, Status};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// Columns of a pattern that is told.
const PATTERN: usize = 60;

/// What an incident is of, besides what its logs say; the most telling first.
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
    fn words(self) -> &'static str {
        match self {
            Self::AlertAndPlace => "the same alert there",
            Self::Alert => "the same alert elsewhere",
            Self::Service => "the same service",
            Self::Host => "the same host",
        }
    }
}

/// What is looked at now.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name of its alert.
    pub alert: Option<&'a RawText>,
    /// Its service and host.
    pub subject: &'a Subject,
    /// The patterns of its log lines.
    pub patterns: &'a [RawText],
    /// Whether these are lines of normal operation: then only an incident that was declared from such a one is
    /// known again by them.
    pub is_routine: bool,
}

/// An incident that was like it, and what both have in common: one of the two at least.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Like<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// What both are of.
    pub common: Option<Common>,
    /// What the logs said then.
    pub pattern: Option<&'a RawText>,
}

impl Like<'_> {
    /// The words for it: `the same service, the same log pattern: lost <addr>`.
    pub fn words(&self) -> SafeText {
        let common = self.common.map(|common| SafeText::literal(common.words())).unwrap_or_default();
        let Some(pattern) = self.pattern else { return common };
        let pattern = clean(pattern).truncate_to(PATTERN, &"..".into());
        let before = if common.is_empty() { common } else { safe!("{}, ", common) };
        safe!("{}the same log pattern: {}", before, pattern)
    }

    /// Less is more telling: that the logs say the same says more than that a service is the same.
    fn rank(&self) -> u8 {
        match (self.common, self.pattern) {
            (Some(Common::AlertAndPlace), Some(_)) => 0,
            (Some(Common::AlertAndPlace), None) => 1,
            (_, Some(_)) => 2,
            (Some(Common::Alert), None) => 3,
            (Some(Common::Service), None) => 4,
            (Some(Common::Host) | None, None) => 5,
        }
    }
}

/// Incidents that were like this, the most alike first and of those the newest. One that goes on is none,
/// nor one that was cancelled, nor an exercise. `is_same` tells whether two patterns are one.
pub fn similar<'a>(
    incidents: &'a [Incident],
    asked: &Asked<'_>,
    is_same: impl Fn(&RawText, &RawText) -> bool,
) -> Vec<Like<'a>> {
    let is_past = |incident: &&Incident| {
        incident.ended().is_some() && incident.status != Status::Cancelled && !incident.is_drill
    };
    let is_one = |a: Option<&RawText>, b: Option<&RawText>| a.is_some() && a == b;
    let like = |incident: &'a Incident| {
        let alert = is_one(asked.alert, incident.alert.as_ref());
        let service = is_one(asked.subject.service.as_ref(), incident.service.as_ref());
        let host = is_one(asked.subject.host.as_ref(), incident.host.as_ref());
        let common = match (alert, service, host) {
            (true, true, _) | (true, _, true) => Some(Common::AlertAndPlace),
            (true, false, false) => Some(Common::Alert),
            (false, true, _) => Some(Common::Service),
            (false, false, true) => Some(Common::Host),
            (false, false, false) => None,
        };
        let is_asked = |known: &&RawText| asked.patterns.iter().any(|pattern| is_same(pattern, known));
        let known = if asked.is_routine { &incident.declared_from } else { &incident.patterns };
        let pattern = known.iter().find(is_asked);
        (common.is_some() || pattern.is_some()).then_some(Like { incident, common, pattern })
    };
    let mut found: Vec<_> = incidents.iter().filter(is_past).filter_map(like).collect();
    found.sort_by(|one, other| {
        one.rank().cmp(&other.rank()).then(other.incident.began().cmp(&one.incident.began()))
    });
    found
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::incident::{Declared, Field, IncidentId, Sev};
    use crate::model::note::{Entry, Evidence, What};

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
        let alert = "HighErrorRate".into();
        let asked = Asked { alert: Some(&alert), subject: &subject, patterns: &[], is_routine: false };
        let found = similar(&all, &asked, |_, _| true);
        let names: Vec<_> =
            found.iter().map(|like| (like.common.unwrap(), like.incident.title.as_str().unwrap())).collect();
        let expected = [
            (Common::AlertAndPlace, "2"),
            (Common::AlertAndPlace, "1"),
            (Common::Alert, "3"),
            (Common::Service, "4"),
            (Common::Host, "8"),
        ];
        assert_eq!(names, expected);
        assert_eq!(found[0].incident.ended_by, Some("rolled back".into()));
        let nothing = Asked { alert: None, subject: &Subject::default(), patterns: &[], is_routine: false };
        assert_eq!(similar(&all, &nothing, |_, _| true), []);
    }

    #[test]
    fn a_line_of_normal_operation_is_known_only_by_what_was_declared_from_it() {
        let pattern = || vec![RawText::from("request <num> ok")];
        let pinned = Evidence { patterns: pattern(), ..Evidence::default() };
        let over = || (What::Status(Status::Resolved), "drained eu-1");
        let of_line = Declared { patterns: pattern(), ..Declared::new("it came from that", Sev::SECOND) };
        let mut all = [
            incident(1, "Other", "other", None, &[(What::Evidence(Box::new(pinned)), ""), over()]),
            incident(2, "Other", "other", None, &[over()]),
        ];
        all[1].declared_from = pattern();
        all[1].patterns = pattern();
        let (subject, patterns) = (Subject::default(), pattern());
        let told = |is_routine| {
            let asked = Asked { alert: None, subject: &subject, patterns: &patterns, is_routine };
            let found = similar(&all, &asked, |a, b| a == b);
            found.iter().map(|like| like.incident.title.as_str().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(told(false), ["2", "1"]);
        assert_eq!(told(true), ["2"]);
        let id = IncidentId::try_from("INC-3".to_owned()).unwrap();
        let first = Entry {
            at: Timestamp::UNIX_EPOCH,
            recorded: Timestamp::UNIX_EPOCH,
            person: "kim".into(),
            what: What::Declared(Box::new(of_line)),
            text: "".into(),
            session: "s".into(),
            seq: 0,
        };
        assert_eq!(Incident::of(&id, &[first]).unwrap().declared_from, pattern());
    }

    #[test]
    fn that_the_logs_said_the_same_is_more_telling_than_the_service() {
        let seen = |pattern: &str| {
            let evidence = Evidence { patterns: vec![pattern.into()], ..Evidence::default() };
            (What::Evidence(Box::new(evidence)), "")
        };
        let over = || (What::Status(Status::Resolved), "rolled back");
        let all = [
            incident(1, "Other", "other", None, &[seen("pool <*> is full"), over()]),
            incident(2, "Other", "checkout", None, &[seen("pool <*> is full"), over()]),
            incident(3, "Other", "checkout", None, &[seen("lost <addr>"), over()]),
            incident(4, "HighErrorRate", "checkout", None, &[over()]),
            incident(5, "Other", "other", None, &[seen("pool <*> is full")]),
        ];
        let subject = Subject { service: Some("checkout".into()), ..Subject::default() };
        let (alert, patterns) = ("HighErrorRate".into(), ["pool <*> is full".into()]);
        let asked = Asked { alert: Some(&alert), subject: &subject, patterns: &patterns, is_routine: false };
        let found = similar(&all, &asked, |a, b| a == b);
        let told: Vec<_> = found.iter().map(|like| like.words().as_str().to_owned()).collect();
        let expected = [
            "the same alert there",
            "the same service, the same log pattern: pool <*> is full",
            "the same log pattern: pool <*> is full",
            "the same service",
        ];
        assert_eq!(told, expected);
    }
}
