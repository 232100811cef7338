//! What a record's entries say together: each thing once, and with what was said of it later.
//!
//! Entries are only ever added. What is corrected, starred or done later is an entry of its own that names
//! the one it is about, so that consoles that write at once lose nothing of each other.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::model::note::{Entry, Later, What};
use crate::model::text::RawText;

/// Names an entry: its session, its number there, and when it was written down (see [`Entry::key`]).
pub type EntryName = (RawText, u64, Timestamp);

/// Something said of the entry of this name.
pub fn later((session, seq, recorded): EntryName, said: Later) -> What {
    What::Later { session, seq, recorded: Some(recorded), said }
}

/// An entry as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The entry, with the time and the text that were said last.
    pub entry: Entry,
    /// What it was first, if it was corrected: its time and its text.
    pub was: Option<(Timestamp, RawText)>,
    /// The entries that said something of it, itself the first.
    pub by: Vec<EntryName>,
    /// Whether it matters most.
    pub is_starred: bool,
    /// Whether it stays out of documents.
    pub is_hidden: bool,
    /// Whether what is to be done is done.
    pub is_done: bool,
    /// Who said that last; of a hand-over who accepted it.
    pub done_by: Option<RawText>,
    /// Who said first that they do it, and when; then they are its owner.
    pub claimed: Option<(RawText, Timestamp)>,
}

impl Told {
    /// Names the entry.
    pub fn name(&self) -> EntryName {
        self.entry.key()
    }

    /// Whether it is something that is still to be done.
    pub fn is_open_todo(&self) -> bool {
        matches!(self.entry.what, What::Todo { .. }) && !self.is_done
    }
}

/// Puts together what was said, in the order of (time, session, seq). What several consoles saw happen and
/// wrote down with one mark is there once, also where one of them put it into one line with others of a storm;
/// what is about an entry that is not here waits for it.
pub fn told(entries: &[Entry]) -> Vec<Told> {
    let mut by_record: Vec<&Entry> = entries.iter().collect();
    by_record.sort_by_key(|entry| (entry.recorded, &entry.session, entry.seq));
    let mut marks: HashSet<&RawText> = HashSet::new();
    // Of few is anything said later.
    let named = by_record.iter().filter_map(|entry| match &entry.what {
        What::Later { session, seq, .. } => Some((session, *seq)),
        _ => None,
    });
    let named: HashSet<(&RawText, u64)> = named.collect();
    let mut places: HashMap<(&RawText, u64, Option<Timestamp>), usize> = HashMap::new();
    let mut all: Vec<Told> = Vec::new();
    for entry in &by_record {
        let news = match &entry.what {
            What::Later { .. } => continue,
            What::Happened { mark, also } => {
                let mark = if marks.insert(mark) { mark.clone() } else { RawText::default() };
                let also: Vec<RawText> = also.iter().filter(|mark| marks.insert(mark)).cloned().collect();
                if mark.is_empty() && also.is_empty() {
                    continue;
                }
                Some(What::Happened { mark, also })
            }
            _ => None,
        };
        // One that came twice stands beside itself.
        if all.last().is_none_or(|last| last.entry.key() != entry.key()) {
            let number = (&entry.session, entry.seq);
            if named.contains(&number) {
                places.insert((number.0, number.1, Some(entry.recorded)), all.len());
                // Where it is not said which of them is meant it is the one that was there first.
                places.entry((number.0, number.1, None)).or_insert(all.len());
            }
            let by = vec![entry.key()];
            let mut entry = (*entry).clone();
            entry.what = news.unwrap_or(entry.what);
            all.push(Told {
                entry,
                was: None,
                by,
                is_starred: false,
                is_hidden: false,
                is_done: false,
                done_by: None,
                claimed: None,
            });
        }
    }
    for entry in by_record {
        let What::Later { session, seq, recorded, said } = &entry.what else { continue };
        if let Some(told) = places.get(&(session, *seq, *recorded)).and_then(|place| all.get_mut(*place)) {
            told.take(said, entry);
        }
    }
    for told in &mut all {
        if let (What::Todo { owner, .. }, Some((person, _))) = (&mut told.entry.what, &told.claimed) {
            *owner = Some(person.clone());
        }
    }
    all.sort_by(|a, b| a.entry.place().cmp(&b.entry.place()));
    all
}

impl Told {
    fn take(&mut self, said: &Later, entry: &Entry) {
        self.by.push(entry.key());
        let first = || (self.entry.at, self.entry.text.clone());
        match said {
            Later::At(at) => {
                self.was.get_or_insert_with(first);
                self.entry.at = *at;
            }
            Later::Text => {
                self.was.get_or_insert_with(first);
                self.entry.text = entry.text.clone();
            }
            Later::Starred(is_it) => self.is_starred = *is_it,
            Later::Hidden(is_it) => self.is_hidden = *is_it,
            Later::Done(is_it) => {
                self.is_done = *is_it;
                self.done_by = is_it.then(|| entry.person.clone());
            }
            Later::Claimed(true) => {
                self.claimed.get_or_insert_with(|| (entry.person.clone(), entry.recorded));
            }
            Later::Claimed(false) => self.claimed = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn entry(session: &str, seq: u64, second: i64, what: What, text: &str) -> Entry {
        let (at, recorded) = (at(second), at(second));
        Entry { at, recorded, person: "kim".into(), what, text: text.into(), session: session.into(), seq }
    }

    fn later(seq: u64, second: i64, of: u64, said: Later, text: &str) -> Entry {
        entry("b", seq, second, What::Later { session: "a".into(), seq: of, recorded: None, said }, text)
    }

    fn words(told: &[Told]) -> Vec<(i64, String)> {
        told.iter().map(|one| (one.entry.at.as_second(), one.entry.words().as_str().to_owned())).collect()
    }

    #[test]
    fn the_last_word_about_an_entry_counts_and_the_first_stays_known() {
        let entries = [
            entry("a", 1, 100, What::Note, "it began"),
            entry("a", 2, 110, What::Note, "we looked"),
            later(1, 120, 1, Later::At(at(50)), ""),
            later(2, 130, 1, Later::Text, "it really began"),
            later(3, 140, 2, Later::Starred(true), ""),
            later(4, 150, 2, Later::Starred(false), ""),
            later(5, 160, 2, Later::Hidden(true), ""),
            later(6, 170, 9, Later::Done(true), ""),
        ];
        let told = told(&entries);
        assert_eq!(words(&told), [(50, "it really began".to_owned()), (110, "we looked".to_owned())]);
        assert_eq!(told[0].was, Some((at(100), "it began".into())));
        assert_eq!((told[1].is_starred, told[1].is_hidden, told[1].is_done), (false, true, false));
    }

    #[test]
    fn what_two_consoles_saw_happen_is_there_once() {
        let happened = |mark: &str| What::Happened { mark: mark.into(), also: Vec::new() };
        let entries = [
            entry("b", 1, 101, happened("fired:am:1:100"), "alert A fired"),
            entry("a", 1, 100, happened("fired:am:1:100"), "alert A fired"),
            entry("a", 2, 102, happened("resolved:am:1:100"), "alert A resolved"),
        ];
        let told = told(&entries);
        assert_eq!(
            told.iter().map(Told::name).collect::<Vec<_>>(),
            [("a".into(), 1, at(100)), ("a".into(), 2, at(102))]
        );
    }

    #[test]
    fn who_claims_a_todo_first_is_its_owner_until_it_is_released() {
        let todo = entry("a", 1, 100, What::Todo { owner: Some("lee".into()), due: None }, "check");
        let claim = |person: &str, seq, second, held| Entry {
            person: person.into(),
            ..later(seq, second, 1, Later::Claimed(held), "")
        };
        let mut entries = vec![claim("eve", 2, 131, true), claim("ada", 1, 130, true), todo];
        let owner = |entries: &[Entry]| match &told(entries)[0].entry.what {
            What::Todo { owner, .. } => owner.clone().unwrap(),
            other => panic!("{other:?}"),
        };
        assert_eq!(owner(&entries), "ada".into());
        entries.push(claim("ada", 3, 140, false));
        assert_eq!(owner(&entries), "lee".into());
    }

    proptest! {
        #[test]
        fn the_order_in_which_entries_came_does_not_matter(order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle()) {
            let entries = [
                entry("a", 1, 100, What::Note, "x"),
                entry("a", 2, 100, What::Happened { mark: "m".into(), also: Vec::new() }, "y"),
                entry("b", 1, 90, What::Happened { mark: "m".into(), also: vec!["n".into()] }, "y"),
                later(2, 130, 1, Later::Text, "z"),
                later(3, 130, 1, Later::Text, "w"),
                later(4, 95, 1, Later::At(at(7)), ""),
            ];
            let shuffled: Vec<Entry> = order.iter().map(|place| entries[*place].clone()).collect();
            prop_assert_eq!(told(&shuffled), told(&entries));
        }
    }
}
