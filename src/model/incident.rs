//! An incident: what is known of it, as its entries tell.
//!
//! Nothing of it is stored but its entries: severity, status and the rest are what the last entry
//! that says so says. So several consoles can write at once, and what they wrote is one record.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::model::evidence::{PATTERN, PATTERNS};
use crate::model::note::{Entry, What};
pub use crate::model::terms::{Declared, Field, IncidentId, Sev, Status, interval, is_same_person};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::told::{Told, told};
use crate::safe;

/// Patterns of log lines by which one incident is known again.
const MOST_PATTERNS: usize = 16;

/// A role that somebody is asked to take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Which.
    pub role: Field,
    /// Who is asked.
    pub to: RawText,
    /// Who asks.
    pub by: RawText,
}

/// What is known of an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// What it is called.
    pub title: RawText,
    /// How bad it is, and how bad it was at worst.
    pub severity: Sev,
    /// The worst that it was.
    pub peak: Sev,
    /// How it stands.
    pub status: Status,
    /// The service that it is about.
    pub service: Option<RawText>,
    /// The host that it is about.
    pub host: Option<RawText>,
    /// The environment that it is in.
    pub environment: Option<RawText>,
    /// The alert that it was declared from.
    pub alert: Option<RawText>,
    /// What people feel of it.
    pub impact: Option<RawText>,
    /// Which change caused it, as people say; `none` where it was no change.
    pub change: Option<RawText>,
    /// When it began, as far as that is known.
    pub onset: Option<Timestamp>,
    /// When something told of it first.
    pub detected: Option<Timestamp>,
    /// When it was declared.
    pub declared: Timestamp,
    /// When people were no longer hurt.
    pub mitigated: Option<Timestamp>,
    /// When its cause was gone.
    pub resolved: Option<Timestamp>,
    /// What was said of how it was mitigated or resolved, last.
    pub ended_by: Option<RawText>,
    /// When it was closed or cancelled.
    pub closed: Option<Timestamp>,
    /// Who leads, operates, tells others and writes.
    pub roles: Vec<(Field, RawText)>,
    /// The roles that somebody was asked to take and has not accepted yet.
    pub offers: Vec<Offer>,
    /// Who wrote anything.
    pub people: BTreeSet<RawText>,
    /// Tickets, channels, status pages.
    pub links: Vec<RawText>,
    /// Words to find it by.
    pub tags: Vec<RawText>,
    /// Patterns of the log lines that it was declared from or that were pinned. A pattern is known by its text:
    /// all else of it is made of that.
    pub patterns: Vec<RawText>,
    /// Those of them that it was declared from.
    pub declared_from: Vec<RawText>,
    /// How often those who wait are told, where that was said; zero: not at all.
    pub updates: Option<SignedDuration>,
    /// Whether only those who are in it may see it.
    pub is_private: bool,
    /// Whether it is an exercise.
    pub is_drill: bool,
}

impl Incident {
    /// What these entries tell, whatever their order; nothing where none of them declares it. What was
    /// written down last counts.
    pub fn of(id: &IncidentId, entries: &[Entry]) -> Option<Self> {
        Self::of_told(id, &told(entries))
    }

    /// The same, of what the entries say together.
    pub fn of_told(id: &IncidentId, told: &[Told]) -> Option<Self> {
        let mut told: Vec<&Entry> = told.iter().map(|told| &told.entry).collect();
        told.sort_by(|a, b| (a.recorded, &a.session, a.seq).cmp(&(b.recorded, &b.session, b.seq)));
        let (first, declared) = told.iter().find_map(|entry| match &entry.what {
            What::Declared(declared) => Some((*entry, declared)),
            _ => None,
        })?;
        let mut incident = Self {
            id: id.clone(),
            title: declared.title.clone(),
            severity: declared.severity,
            peak: declared.severity,
            status: Status::Active,
            service: declared.service.clone(),
            host: declared.host.clone(),
            environment: declared.environment.clone(),
            alert: declared.alert.clone(),
            impact: None,
            change: None,
            onset: declared.onset,
            detected: declared.detected,
            declared: first.at,
            mitigated: None,
            resolved: None,
            ended_by: None,
            closed: None,
            roles: vec![(Field::Lead, first.person.clone())],
            offers: Vec::new(),
            people: told
                .iter()
                .filter(|entry| !entry.is_automatic())
                .map(|entry| entry.person.clone())
                .collect(),
            links: declared.links.clone(),
            tags: Vec::new(),
            patterns: Vec::new(),
            declared_from: Vec::new(),
            updates: None,
            is_private: false,
            is_drill: false,
        };
        for entry in told {
            incident.take(entry);
        }
        Some(incident)
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.what {
            What::Severity(severity) => {
                self.severity = *severity;
                self.peak = self.peak.min(*severity);
            }
            What::Status(status) => {
                self.status = *status;
                if matches!(status, Status::Mitigated | Status::Resolved) && !entry.text.is_empty() {
                    // What mitigated it helped, and more than that it was seen to be over.
                    let before = self.ended_by.take().filter(|_| *status == Status::Resolved);
                    let is_first = self.mitigated.is_some() && self.resolved.is_none();
                    let before = before.filter(|before| *before != entry.text && is_first);
                    let both =
                        |before: RawText| [before.as_bytes(), b"; ", entry.text.as_bytes()].concat().into();
                    self.ended_by = Some(before.map_or_else(|| entry.text.clone(), both));
                }
                match status {
                    Status::Triage | Status::Active => {
                        (self.mitigated, self.resolved, self.closed) = (None, None, None);
                        // What did not last did not help.
                        self.ended_by = None;
                    }
                    Status::Mitigated => {
                        self.mitigated = Some(entry.at);
                        (self.resolved, self.closed) = (None, None);
                    }
                    Status::Resolved => {
                        self.resolved = Some(entry.at);
                        self.closed = None;
                    }
                    Status::Closed | Status::Cancelled => self.closed = Some(entry.at),
                }
            }
            What::Set(field) => {
                self.offers.retain(|offer| offer.role != *field);
                if entry.is_offer() {
                    let (to, by) = (entry.text.clone(), entry.person.clone());
                    self.offers.push(Offer { role: *field, to, by });
                } else {
                    self.set(*field, &entry.text);
                }
            }
            What::Accepted(field) => {
                let offered = self.offers_to(&entry.person).any(|offer| offer.role == *field);
                if offered {
                    self.offers.retain(|offer| offer.role != *field);
                    self.set(*field, &entry.person);
                }
            }
            What::Declared(declared) => {
                self.know_again(&declared.patterns);
                let known = |pattern: &&RawText| self.patterns.contains(pattern);
                self.declared_from.extend(declared.patterns.iter().take(PATTERNS).filter(known).cloned());
                self.declared_from.truncate(MOST_PATTERNS);
            }
            What::Evidence(evidence) => self.know_again(&evidence.patterns),
            What::Note
            | What::Hypothesis
            | What::RuledOut
            | What::Decision
            | What::Todo { .. }
            | What::Update
            | What::HandOver { .. }
            | What::Timer { .. }
            | What::Happened { .. }
            | What::Claim { .. }
            | What::Later { .. } => {}
        }
    }

    fn know_again(&mut self, patterns: &[RawText]) {
        for pattern in patterns.iter().take(PATTERNS) {
            let is_new = pattern.as_bytes().len() <= PATTERN && !self.patterns.contains(pattern);
            if is_new && self.patterns.len() < MOST_PATTERNS {
                self.patterns.push(pattern.clone());
            }
        }
    }

    fn set(&mut self, field: Field, text: &RawText) {
        let said = (!text.is_empty()).then(|| text.clone());
        let yes = text.as_str().is_some_and(|text| text.eq_ignore_ascii_case("yes"));
        match field {
            Field::Title => self.title = text.clone(),
            Field::Service => self.service = said,
            Field::Host => self.host = said,
            Field::Environment => self.environment = said,
            Field::Impact => self.impact = said,
            Field::Change => self.change = said,
            Field::Onset => self.onset = text.as_str().and_then(|text| text.parse().ok()),
            Field::Lead | Field::Ops | Field::Comms | Field::Scribe => {
                self.roles.retain(|(role, _)| *role != field);
                self.roles.extend(said.map(|person| (field, person)));
                self.roles.sort();
            }
            Field::Link => self.links.extend(said.filter(|link| !self.links.contains(link))),
            Field::Tag => self.tags.extend(said.filter(|tag| !self.tags.contains(tag))),
            Field::Updates => self.updates = text.as_str().and_then(interval),
            Field::Private => self.is_private = yes,
            Field::Drill => self.is_drill = yes,
        }
    }

    /// Who has this role.
    pub fn role(&self, wanted: Field) -> Option<&RawText> {
        self.roles.iter().find(|(role, _)| *role == wanted).map(|(_, person)| person)
    }

    /// The roles that this person was asked to take.
    pub fn offers_to(&self, person: &RawText) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(move |offer| is_same_person(&offer.to, person))
    }

    /// From when its clock runs.
    pub fn began(&self) -> Timestamp {
        self.onset.or(self.detected).unwrap_or(self.declared)
    }

    /// When its clock stopped, if it has.
    pub fn ended(&self) -> Option<Timestamp> {
        self.resolved.or(self.closed)
    }

    /// Times that cannot be so: nothing is refused for it, and it is told. When somebody first had its alert is not
    /// told by the incident alone.
    pub fn contradictions(&self, acknowledged: Option<Timestamp>) -> Vec<SafeText> {
        type Step = (&'static str, Timestamp);
        let known = |steps: &[(&'static str, Option<Timestamp>)]| -> Vec<Step> {
            steps.iter().filter_map(|(name, at)| Some((*name, (*at)?))).collect()
        };
        let began = known(&[("onset", self.onset), ("detected", self.detected)]);
        let acknowledged = known(&[("acknowledged", acknowledged)]);
        let ended =
            known(&[("mitigated", self.mitigated), ("resolved", self.resolved), ("closed", self.closed)]);
        let all: Vec<&Step> = began.iter().chain(&ended).collect();
        let declared = ("declared", self.declared);
        let mut pairs: Vec<(&Step, &Step)> = all.iter().copied().zip(all.iter().copied().skip(1)).collect();
        pairs.extend(began.last().zip(acknowledged.first()));
        pairs.extend(ended.first().map(|first| (&declared, first)));
        let wrong = pairs.into_iter().filter(|((_, first), (_, second))| first > second);
        let before = |(first, second): (&Step, &Step)| {
            safe!("{} is before {}", SafeText::literal(second.0), SafeText::literal(first.0))
        };
        wrong.map(before).collect()
    }

    /// `SEV2 active checkout: errors are high`.
    pub fn summary(&self) -> SafeText {
        safe!(
            "SEV{} {} {}",
            self.severity.number(),
            SafeText::literal(self.status.word()),
            clean(&self.title)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sev(number: u8) -> Sev {
        Sev::new(number).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn entry(second: i64, what: What, text: &str) -> Entry {
        Entry {
            at: at(second),
            recorded: at(second),
            person: "kim".into(),
            what,
            text: text.into(),
            session: "s".into(),
            seq: u64::try_from(second).unwrap(),
        }
    }

    fn declared(severity: u8) -> What {
        let (service, onset) = (Some("checkout".into()), Some(at(50)));
        let declared = Declared::new("errors", Sev::new(severity).unwrap());
        What::Declared(Box::new(Declared { service, onset, ..declared }))
    }

    #[test]
    fn the_last_word_counts_and_the_worst_severity_stays_known() {
        let id = IncidentId::try_from("INC-1".to_owned()).unwrap();
        let entries = vec![
            entry(400, What::Status(Status::Resolved), ""),
            entry(100, declared(3), ""),
            entry(200, What::Severity(sev(1)), ""),
            entry(300, What::Severity(sev(4)), ""),
            entry(310, What::Status(Status::Mitigated), ""),
            Entry { person: "ada".into(), ..entry(320, What::Set(Field::Lead), "ada") },
            entry(330, What::Set(Field::Tag), "db"),
            entry(331, What::Set(Field::Tag), "db"),
        ];
        let known = Incident::of(&id, &entries).unwrap();
        assert_eq!((known.severity, known.peak, known.status), (sev(4), sev(1), Status::Resolved));
        assert_eq!((known.began(), known.mitigated, known.ended()), (at(50), Some(at(310)), Some(at(400))));
        assert_eq!(known.roles, [(Field::Lead, "ada".into())]);
        assert_eq!(known.tags, [RawText::from("db")]);
        assert_eq!(known.contradictions(None), []);
        assert_eq!(known.contradictions(Some(at(50))), []);
        let told = known.contradictions(Some(at(49)));
        assert_eq!(told, [SafeText::literal("acknowledged is before onset")]);
        assert_eq!(Incident::of(&id, &entries[2..]), None, "nothing declares it");
    }

    #[test]
    fn a_role_is_theirs_who_accept_it_and_nobody_elses() {
        let id = IncidentId::try_from("INC-1".to_owned()).unwrap();
        let by = |person: &str, entry: Entry| Entry { person: person.into(), ..entry };
        let mut entries = vec![entry(100, declared(2), ""), entry(110, What::Set(Field::Lead), "ada")];
        let now = |entries: &[Entry]| {
            let known = Incident::of(&id, entries).unwrap();
            let offers: Vec<_> = known.offers.into_iter().map(|offer| (offer.role, offer.to)).collect();
            (known.roles, offers)
        };
        let kim = vec![(Field::Lead, RawText::from("kim"))];
        let ada = vec![(Field::Lead, RawText::from("ada"))];
        assert_eq!(now(&entries), (kim.clone(), ada.clone()));
        assert_eq!(entries[1].words(), SafeText::literal("lead offered to ada"));
        entries.push(by("lee", entry(120, What::Accepted(Field::Lead), "")));
        assert_eq!(now(&entries), (kim.clone(), ada.clone()), "it was not offered to lee");
        entries.push(by("Ada", entry(130, What::Accepted(Field::Lead), "")));
        assert_eq!(now(&entries), (vec![(Field::Lead, "Ada".into())], Vec::new()));
        // Whoever takes a role needs nobody's word, and gives up what was offered to others.
        entries.push(entry(140, What::Set(Field::Lead), "lee"));
        entries.push(entry(150, What::Set(Field::Lead), "kim"));
        assert_eq!(now(&entries), (kim.clone(), Vec::new()));
        entries.push(by("lee", entry(160, What::Accepted(Field::Lead), "")));
        assert_eq!(now(&entries), (kim, Vec::new()), "too late");
    }

    #[test]
    fn what_ended_it_is_what_mitigated_it_and_was_first_seen_to_be_over_and_nothing_once_it_is_back() {
        let id = IncidentId::try_from("INC-1".to_owned()).unwrap();
        let ended_by = |said: &[(Status, &str)]| {
            let said = (200..).zip(said).map(|(at, (status, text))| entry(at, What::Status(*status), text));
            let entries: Vec<Entry> = std::iter::once(entry(100, declared(2), "")).chain(said).collect();
            let ended_by = Incident::of(&id, &entries).unwrap().ended_by;
            ended_by.map(|text| text.as_str().unwrap().to_owned())
        };
        let drained = (Status::Mitigated, "drained eu-1");
        let fixed = (Status::Resolved, "fixed in 813");
        assert_eq!(ended_by(&[drained, fixed]).as_deref(), Some("drained eu-1; fixed in 813"));
        assert_eq!(ended_by(&[drained, (Status::Resolved, "")]).as_deref(), Some("drained eu-1"));
        assert_eq!(ended_by(&[drained, (Status::Resolved, "drained eu-1")]).as_deref(), Some("drained eu-1"));
        let again =
            [drained, fixed, (Status::Resolved, "it was the pool"), (Status::Resolved, "and the proxy")];
        assert_eq!(ended_by(&again).as_deref(), Some("and the proxy"), "it does not grow with each word");
        let anew = [drained, fixed, (Status::Mitigated, "drained us-1"), (Status::Resolved, "rolled back")];
        assert_eq!(ended_by(&anew).as_deref(), Some("drained us-1; rolled back"));
        for back in [Status::Active, Status::Triage] {
            assert_eq!(ended_by(&[drained, (back, "it is back"), (Status::Resolved, "")]), None);
            let at_last = [drained, (back, ""), (Status::Resolved, "rolled back")];
            assert_eq!(ended_by(&at_last).as_deref(), Some("rolled back"));
        }
    }

    #[test]
    fn what_is_active_again_is_not_resolved_and_a_wrong_order_is_told() {
        let id = IncidentId::try_from("INC-1".to_owned()).unwrap();
        let mut entries = vec![
            entry(100, declared(2), ""),
            entry(200, What::Status(Status::Resolved), ""),
            entry(300, What::Status(Status::Active), ""),
        ];
        let known = Incident::of(&id, &entries).unwrap();
        assert_eq!((known.status, known.ended()), (Status::Active, None));
        let mut early = entry(400, What::Status(Status::Mitigated), "");
        early.at = at(20);
        entries.push(early);
        let told = |entries: &[Entry]| Incident::of(&id, entries).unwrap().contradictions(None);
        let [onset, declared] = ["mitigated is before onset", "mitigated is before declared"];
        assert_eq!(told(&entries), [onset, declared].map(SafeText::literal));
        let mut early = entry(410, What::Status(Status::Resolved), "");
        early.at = at(90);
        entries.push(early);
        entries[3].at = at(95);
        assert_eq!(told(&entries), ["resolved is before mitigated", declared].map(SafeText::literal));
    }
}
