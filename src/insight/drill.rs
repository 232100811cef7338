//! What a person did in a drill, and how soon.

use jiff::{SignedDuration, Timestamp};

use crate::model::drill::Drill;
use crate::model::incident::{Declared, Field, Status};
use crate::model::note::{Entry, What};
use crate::model::text::RawText;

/// What a drill asks for.
pub const ASKED: usize = 4;

/// What the entries do not tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// When the person turned to the alert of the fault.
    pub acknowledged: Option<Timestamp>,
    /// Keys that were pressed, without text that was typed.
    pub keys: u32,
    /// When the drill was over: what was said after that does not count.
    pub over: Option<Timestamp>,
}

/// What was done. Times are from the page on, by the drill's clock, and by when something was written down:
/// a time that is said in it changes nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Score {
    /// How soon the person turned to the alert.
    pub acknowledged: Option<SignedDuration>,
    /// How soon an incident was declared.
    pub declared: Option<SignedDuration>,
    /// Which change it was, as the person says.
    pub change: Option<Answer>,
    /// How soon it was mitigated, and what was said of that.
    pub mitigated: Option<(SignedDuration, RawText)>,
    /// Keys that were pressed, without text that was typed.
    pub keys: u32,
}

/// Which change it was, as a person says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What was said last.
    pub said: RawText,
    /// Whether it was that one.
    pub is_right: bool,
    /// How soon it was said, and not taken back any more.
    pub after: SignedDuration,
}

impl Score {
    /// How many of the things that are asked for were done, the change only where it is the right one.
    pub fn done(&self) -> usize {
        let is_right = self.change.as_ref().is_some_and(|answer| answer.is_right);
        let done = [self.acknowledged.is_some(), self.declared.is_some(), is_right, self.mitigated.is_some()];
        done.into_iter().filter(|done| *done).count()
    }

    /// Whether nothing is left to be done: it is mitigated, and a change was named.
    pub fn is_whole(&self) -> bool {
        self.mitigated.is_some() && self.change.is_some()
    }
}

/// Whether an entry says one of the things that are asked for.
pub fn is_asked_for(what: &What) -> bool {
    matches!(
        what,
        What::Declared(_) | What::Set(Field::Change) | What::Status(Status::Mitigated | Status::Resolved)
    )
}

/// What was done in a drill: `entries` are all that were written in it, in any order.
pub fn score<'a>(drill: &Drill, taken: &Taken, entries: impl IntoIterator<Item = &'a Entry>) -> Score {
    let paged = drill.paged();
    let after = |at: Timestamp| at.duration_since(paged);
    // Who has not been paged has nothing to answer yet.
    let is_in_time = |at: Timestamp| at >= paged && taken.over.is_none_or(|over| at <= over);
    let counts = |entry: &&Entry| is_in_time(entry.recorded);
    let mut said: Vec<&Entry> = entries.into_iter().filter(counts).collect();
    said.sort_by(|a, b| (a.recorded, &a.session, a.seq).cmp(&(b.recorded, &b.session, b.seq)));
    // One of another alert is of something else.
    let is_of_it =
        |declared: &Declared| declared.alert.as_ref().is_none_or(|alert| drill.alerts.contains(alert));
    let mut score =
        Score { acknowledged: None, declared: None, change: None, mitigated: None, keys: taken.keys };
    for entry in said {
        let soon = after(entry.recorded);
        match &entry.what {
            What::Declared(declared) if score.declared.is_none() && is_of_it(declared) => {
                score.declared = Some(soon);
            }
            What::Set(Field::Change) if entry.text.is_empty() => score.change = None,
            What::Set(Field::Change) => {
                let is_right = drill.change.is_meant_by(&entry.text);
                // Said once more, it is not said later.
                let first = score.change.take().filter(|before| before.is_right && is_right);
                let after = first.map_or(soon, |before| before.after);
                score.change = Some(Answer { said: entry.text.clone(), is_right, after });
            }
            What::Status(Status::Mitigated | Status::Resolved) => {
                let first = score.mitigated.take();
                let how = |before: &RawText| if entry.text.is_empty() { before } else { &entry.text }.clone();
                score.mitigated = Some(match first {
                    Some((at, before)) => (at, how(&before)),
                    None => (soon, entry.text.clone()),
                });
            }
            What::Status(Status::Triage | Status::Active | Status::Cancelled) => score.mitigated = None,
            _ => {}
        }
    }
    let turned = taken.acknowledged.filter(|at| is_in_time(*at)).map(after);
    // Who declares it has taken it.
    score.acknowledged = turned.into_iter().chain(score.declared).min();
    score
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drill::Culprit;
    use crate::model::incident::Sev;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn drill(change: Culprit) -> Drill {
        Drill {
            title: "checkout fails".into(),
            briefing: "You are on call.".into(),
            begins: at(1000),
            ends: at(9000),
            onset: at(1040),
            alerts: vec!["HighErrorRate".into()],
            fires: at(1060),
            change,
            why: "it retries without a delay".into(),
            mitigation: "roll back".into(),
        }
    }

    fn culprit() -> Culprit {
        let known_as = ["deploy-prod #812", "run-812", "812"].map(RawText::from).to_vec();
        Culprit::Run { name: "deploy-prod #812".into(), known_as }
    }

    /// An entry written down so many seconds after the page; it says that it was so at another time.
    fn entry(seconds: i64, what: What, text: &str) -> Entry {
        Entry {
            at: at(1000),
            recorded: at(1060 + seconds),
            person: "kim".into(),
            what,
            text: text.into(),
            session: "s".into(),
            seq: u64::try_from(seconds + 100).unwrap(),
        }
    }

    fn declared() -> What {
        What::Declared(Box::new(Declared::new("checkout", Sev::SECOND)))
    }

    fn seconds(length: Option<SignedDuration>) -> Option<i64> {
        length.map(|length| length.as_secs())
    }

    #[test]
    fn each_thing_has_the_time_at_which_it_was_written_down() {
        let entries = [
            entry(300, What::Status(Status::Mitigated), "rolled back"),
            entry(40, declared(), ""),
            entry(90, What::Set(Field::Change), "deploy-prod 812"),
            entry(91, What::Note, "812"),
        ];
        let taken = Taken { acknowledged: Some(at(1072)), keys: 19, over: None };
        let found = score(&drill(culprit()), &taken, &entries);
        assert_eq!((seconds(found.acknowledged), seconds(found.declared)), (Some(12), Some(40)));
        let answer = found.change.clone().unwrap();
        assert_eq!((answer.is_right, answer.after.as_secs()), (true, 90));
        assert_eq!(found.mitigated, Some((SignedDuration::from_secs(300), "rolled back".into())));
        assert_eq!((found.done(), found.keys, found.is_whole()), (ASKED, 19, true));
    }

    #[test]
    fn the_last_answer_counts_and_a_right_one_since_it_was_first_said() {
        let named = |second, text: &str| entry(second, What::Set(Field::Change), text);
        let of = |entries: &[Entry]| score(&drill(culprit()), &Taken::default(), entries).change;
        let told = |entries: &[Entry]| of(entries).map(|answer| (answer.is_right, answer.after.as_secs()));
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[named(10, "none")]), Some((false, 10)));
        assert_eq!(told(&[named(10, "none"), named(20, "#812"), named(30, "RUN-812")]), Some((true, 20)));
        assert_eq!(told(&[named(20, "812"), named(30, "deploy-prod #813")]), Some((false, 30)));
        assert_eq!(told(&[named(20, "812"), named(30, "813"), named(40, "812")]), Some((true, 40)));
        assert_eq!(told(&[named(20, "812"), named(30, "")]), None, "taken back");
        assert_eq!(told(&[named(20, "812 or 813")]), Some((false, 20)), "a list is no answer");
    }

    #[test]
    fn where_it_was_no_change_that_is_the_answer() {
        let of = |text: &str| {
            let entries = [entry(10, What::Set(Field::Change), text)];
            score(&drill(Culprit::NoChange), &Taken::default(), &entries).done()
        };
        assert_eq!((of("none"), of("None "), of("deploy-prod #812")), (1, 1, 0));
    }

    #[test]
    fn what_came_before_the_page_or_after_the_end_does_not_count() {
        let early = [
            entry(-30, declared(), ""),
            entry(-20, What::Set(Field::Change), "812"),
            entry(-10, What::Status(Status::Mitigated), "rolled back"),
        ];
        let taken = Taken { acknowledged: Some(at(1060 - 5)), ..Taken::default() };
        let found = score(&drill(culprit()), &taken, &early);
        assert_eq!((found.done(), found.is_whole(), found.acknowledged), (0, false, None), "{found:?}");
        let late = [
            entry(0, declared(), ""),
            entry(50, What::Status(Status::Resolved), ""),
            entry(70, What::Set(Field::Change), "812"),
        ];
        let taken = Taken { over: Some(at(1060 + 60)), ..Taken::default() };
        let found = score(&drill(culprit()), &taken, early.iter().chain(&late));
        assert_eq!((seconds(found.acknowledged), seconds(found.declared)), (Some(0), Some(0)));
        assert_eq!(seconds(found.mitigated.clone().map(|(after, _)| after)), Some(50));
        assert_eq!((found.change.clone(), found.done()), (None, 3));
        assert!(!found.is_whole());
    }

    #[test]
    fn an_incident_of_another_alert_is_not_the_one_that_is_asked_for() {
        let of = |alert: Option<&str>| {
            let alert = alert.map(RawText::from);
            let declared = Declared { alert, ..Declared::new("x", Sev::SECOND) };
            let entries = [entry(10, What::Declared(Box::new(declared)), "")];
            score(&drill(culprit()), &Taken::default(), &entries).done()
        };
        assert_eq!((of(Some("HighErrorRate")), of(None), of(Some("CertExpiresSoon"))), (2, 2, 0));
    }

    #[test]
    fn what_is_active_again_is_not_mitigated() {
        let status = |second, status, text: &str| entry(second, What::Status(status), text);
        let of = |entries: &[Entry]| {
            let mitigated = score(&drill(culprit()), &Taken::default(), entries).mitigated;
            mitigated.map(|(after, how)| (after.as_secs(), how.as_str().unwrap().to_owned()))
        };
        let first = status(10, Status::Mitigated, "restarted");
        let again = status(20, Status::Active, "it is back");
        let last = status(30, Status::Mitigated, "rolled back");
        let over = status(40, Status::Resolved, "");
        assert_eq!(of(&[first.clone(), again.clone()]), None);
        assert_eq!(of(&[first.clone(), again, last, over.clone()]), Some((30, "rolled back".to_owned())));
        assert_eq!(of(&[first, over]), Some((10, "restarted".to_owned())));
    }

    #[test]
    fn where_the_alert_fires_already_times_are_from_the_start() {
        let mut late = drill(culprit());
        late.begins = at(2000);
        let found = score(&late, &Taken::default(), &[entry(1000, declared(), "")]);
        assert_eq!(seconds(found.declared), Some(60));
    }
}
