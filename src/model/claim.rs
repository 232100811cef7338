//! Who has what: an alert or something that is to be done. People say so to each other, whatever a vendor knows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::note::{Entry, Fired, What};
use crate::model::text::RawText;
use crate::model::told::{EntryName, Told};

/// What somebody has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Thing {
    /// An alert, as each source tells it that was known to who claimed it.
    Alert(Vec<Fired>),
    /// An entry of a record.
    Entry(EntryName),
}

/// Somebody has something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// What.
    pub thing: Thing,
    /// What it is called.
    pub name: RawText,
    /// Who.
    pub person: RawText,
    /// Since when.
    pub at: Timestamp,
}

/// Who has what now.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Claims {
    all: Vec<Claim>,
    /// Where each alert's is, as any source tells it: the incidents of years hold thousands.
    of_alerts: BTreeMap<Fired, usize>,
}

impl Claims {
    /// What these entries tell, whatever their order. Of two people who claimed one thing the first has it.
    pub fn of<'a>(
        entries: impl IntoIterator<Item = &'a Entry>,
        told: impl IntoIterator<Item = &'a Told>,
    ) -> Self {
        let mut said: Vec<(&Entry, &Vec<Fired>, bool)> = entries
            .into_iter()
            .filter_map(|entry| match &entry.what {
                What::Claim { of, held } => Some((entry, of, *held)),
                _ => None,
            })
            .collect();
        // By when it was said: an incident that is declared later has what was said of its alert before.
        said.sort_by_key(|(entry, ..)| (entry.at, &entry.session, entry.seq));
        let mut holds: BTreeMap<usize, (&Entry, &Vec<Fired>)> = BTreeMap::new();
        let mut of_alerts: BTreeMap<&Fired, usize> = BTreeMap::new();
        for (place, (entry, of, held)) in said.into_iter().enumerate() {
            let known = of.iter().filter_map(|fired| of_alerts.get(fired).copied()).min();
            match (known, held) {
                (None, true) => {
                    of_alerts.extend(of.iter().map(|fired| (fired, place)));
                    holds.insert(place, (entry, of));
                }
                (Some(known), false) => {
                    let gone = holds.remove(&known).into_iter().flat_map(|(_, of)| of);
                    for fired in gone {
                        of_alerts.remove(fired);
                    }
                }
                (Some(_), true) | (None, false) => {}
            }
        }
        let mut all: Vec<Claim> = Vec::with_capacity(holds.len());
        let mut of_alerts = BTreeMap::new();
        for (entry, of) in holds.into_values() {
            of_alerts.extend(of.iter().map(|fired| (fired.clone(), all.len())));
            let (person, name) = (entry.person.clone(), entry.text.clone());
            all.push(Claim { thing: Thing::Alert(of.clone()), name, person, at: entry.at });
        }
        all.extend(told.into_iter().filter_map(|told| {
            let (person, at) = told.claimed.clone()?;
            Some(Claim { thing: Thing::Entry(told.name()), name: told.entry.text.clone(), person, at })
        }));
        Self { all, of_alerts }
    }

    /// Who has this.
    pub fn holder(&self, thing: &Thing) -> Option<&Claim> {
        match thing {
            Thing::Alert(of) => {
                let place = of.iter().filter_map(|fired| self.of_alerts.get(fired)).min()?;
                self.all.get(*place)
            }
            Thing::Entry(_) => self.all.iter().find(|claim| claim.thing == *thing),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Claim> {
        self.all.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn fired(id: &str, started: i64) -> Fired {
        Fired { id: id.into(), started: at(started) }
    }

    fn said(person: &str, second: i64, of: &[Fired], held: bool) -> Entry {
        let (what, session) = (What::Claim { of: of.to_vec(), held }, person.into());
        let (seq, text) = (u64::try_from(second).unwrap(), "Slow".into());
        Entry { at: at(second), recorded: at(second), person: person.into(), what, text, session, seq }
    }

    fn holder(entries: &[Entry], of: &[Fired]) -> Option<String> {
        let claims = Claims::of(entries, []);
        claims.holder(&Thing::Alert(of.to_vec())).map(|claim| claim.person.as_str().unwrap().to_owned())
    }

    #[test]
    fn the_first_has_it_until_it_is_given_up_and_nobody_when_it_fires_anew() {
        let (slow, rule) = (fired("am:1", 50), fired("prom:7", 45));
        let both = [slow.clone(), rule.clone()];
        let mut entries =
            vec![said("lee", 101, std::slice::from_ref(&rule), true), said("kim", 100, &both, true)];
        assert_eq!(holder(&entries, std::slice::from_ref(&slow)), Some("kim".to_owned()));
        assert_eq!(holder(&entries, &[rule]), Some("kim".to_owned()), "another source tells of it");
        assert_eq!(holder(&entries, &[fired("am:1", 300)]), None);
        assert_eq!(holder(&entries, &[fired("am:2", 50)]), None);
        entries.push(said("kim", 110, &both, false));
        assert_eq!(holder(&entries, &both), None, "who was late asks again");
        entries.push(said("lee", 120, &[slow], true));
        assert_eq!(holder(&entries, &both), Some("lee".to_owned()));
    }
}
