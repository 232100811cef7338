//! What is due in an incident: updates for those who wait, countdowns, todos with a time.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::incident::{Incident, Sev, Status};
use crate::model::note::What;
use crate::model::text::{SafeText, clean};
use crate::model::told::{EntryName, Told};
use crate::safe;

/// People who wait are told each half hour, unless the incident says otherwise (as the incident response documentation
/// of `PagerDuty` advises).
const UPDATES: SignedDuration = SignedDuration::from_mins(30);

/// Something that is due.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Due {
    /// By when.
    pub at: Timestamp,
    /// What.
    pub what: String,
}

impl Due {
    /// `in 3m: kim checks db`, or that it is overdue.
    pub fn name(&self) -> SafeText {
        clean(&self.what.as_str().into())
    }
}

/// What is due in a record.
#[derive(Default)]
pub struct Dues {
    all: Vec<Due>,
    /// What people were told in the future, and when that was heard of: a clock that is ahead must not stop the nagging.
    ahead: HashMap<EntryName, Timestamp>,
}

impl Dues {
    /// All of it, the soonest first; nothing once the incident is resolved.
    pub fn all(&self) -> &[Due] {
        &self.all
    }

    /// Takes what the entries of an incident tell now.
    pub fn learn(&mut self, incident: Option<&Incident>, told: &[Told], now: Timestamp) {
        self.all.clear();
        let is_open = |incident: &&Incident| {
            matches!(incident.status, Status::Triage | Status::Active | Status::Mitigated)
        };
        let Some(incident) = incident.filter(is_open) else { return };
        self.all.extend(told.iter().filter_map(named));
        // Who declares it has told of it.
        let all = told.iter().filter(|one| matches!(one.entry.what, What::Update | What::Declared(_)));
        let last = all.map(|one| self.updated(one, now)).max();
        if let (Some(last), Some(every)) = (last, updates(incident)) {
            let at = last.checked_add(every).unwrap_or(Timestamp::MAX);
            self.all.push(Due { at, what: "status update".to_owned() });
        }
        self.all.sort();
    }

    /// When people were told: not later than when that was heard of first.
    fn updated(&mut self, update: &Told, now: Timestamp) -> Timestamp {
        let at = update.entry.at;
        match self.ahead.get(&update.name()) {
            Some(heard) => at.min(*heard),
            None if at <= now => at,
            None => *self.ahead.entry(update.name()).or_insert(now),
        }
    }
}

/// A countdown, or a todo with a time, that is not done.
fn named(one: &Told) -> Option<Due> {
    let (owner, at) = match &one.entry.what {
        What::Todo { owner, due } => (owner.as_ref(), (*due)?),
        What::Timer { due } => (None, *due),
        _ => return None,
    };
    let text = clean(&one.entry.text);
    let what = owner.map_or_else(|| text.clone(), |owner| safe!("@{} {}", clean(owner), text));
    (!one.is_done).then(|| Due { at, what: what.as_str().to_owned() })
}

/// How often people who wait are told, if at all.
fn updates(incident: &Incident) -> Option<SignedDuration> {
    match incident.updates {
        Some(every) => (!every.is_zero()).then_some(every),
        None => (incident.severity <= Sev::SECOND && incident.status != Status::Mitigated).then_some(UPDATES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::incident::{Declared, Field, IncidentId};
    use crate::model::note::{Entry, Later};
    use crate::model::told::told;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn due_of(told_of: &[(i64, What, &str)]) -> Vec<(i64, String)> {
        let declared = What::Declared(Box::new(Declared::new("x", Sev::SECOND)));
        let entry = |seq: usize, minute: i64, what: What, text: &str| Entry {
            at: at(minute),
            recorded: at(minute),
            person: "kim".into(),
            what,
            text: text.into(),
            session: "s".into(),
            seq: seq as u64,
        };
        let mut entries = vec![entry(0, 100, declared, "")];
        let rest = told_of.iter().enumerate();
        entries
            .extend(rest.map(|(place, (minute, what, text))| entry(place + 1, *minute, what.clone(), text)));
        let id = IncidentId::try_from("INC-1".to_owned()).unwrap();
        let incident = Incident::of(&id, &entries).unwrap();
        let mut dues = Dues::default();
        dues.learn(Some(&incident), &told(&entries), at(1_000));
        dues.all().iter().map(|due| (due.at.as_second() / 60, due.what.clone())).collect()
    }

    #[test]
    fn updates_are_due_each_half_hour_until_people_are_no_longer_hurt() {
        let update = |minute: i64| (minute, "status update".to_owned());
        assert_eq!(due_of(&[]), [update(130)]);
        assert_eq!(due_of(&[(120, What::Update, "we roll back")]), [update(150)]);
        assert_eq!(due_of(&[(101, What::Set(Field::Updates), "15m")]), [update(115)]);
        assert_eq!(due_of(&[(101, What::Set(Field::Updates), "none")]), []);
        assert_eq!(due_of(&[(101, What::Severity(Sev::THIRD), "")]), []);
        assert_eq!(due_of(&[(101, What::Status(Status::Mitigated), "")]), []);
    }

    #[test]
    fn countdowns_and_todos_are_due_until_they_are_done() {
        let timer = What::Timer { due: at(103) };
        let todo = What::Todo { owner: Some("ada".into()), due: Some(at(102)) };
        let off = (100, What::Set(Field::Updates), "none");
        let told = [
            off.clone(),
            (101, timer.clone(), "kim checks db"),
            (101, todo, "restart"),
            (101, What::Todo { owner: None, due: None }, "later"),
        ];
        assert_eq!(due_of(&told), [(102, "@ada restart".to_owned()), (103, "kim checks db".to_owned())]);
        let done = What::Later { session: "s".into(), seq: 2, recorded: None, said: Later::Done(true) };
        assert_eq!(due_of(&[off.clone(), (101, timer.clone(), "kim checks db"), (102, done, "")]), []);
        assert_eq!(due_of(&[off, (101, timer, "kim"), (102, What::Status(Status::Resolved), "")]), []);
    }
}
