//! A confirmation: something is proposed, painted, and only then can a key agree to it.
//!
//! The key is a letter that is shown with the proposal and that nobody can know before: what was typed ahead, a
//! key that repeats or one that was meant for something else agrees to nothing, however slow the link is.

use jiff::{SignedDuration, Timestamp};

/// The letters that may be asked for. None of them moves in a list, leaves, says yes elsewhere, takes an
/// alert or asks for a file.
const LETTERS: [char; 10] = ['c', 'd', 'e', 'h', 'm', 'p', 'r', 's', 'u', 'x'];
/// A key that comes sooner after the first painting, or after another key, was not meant for it.
const SEEN: SignedDuration = SignedDuration::from_millis(1000);

/// Something that waits for a person to agree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirm<T> {
    proposed: T,
    letter: char,
    painted: Option<Timestamp>,
}

/// Something that a person has agreed to. Only [`Confirm::key`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Confirmed<T>(T);

/// What came of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer<T> {
    /// The person agrees.
    Yes(Confirmed<T>),
    /// It was the right key, and it came before anybody can have read what it is for.
    TooSoon(Confirm<T>),
    /// Another key.
    Other(Confirm<T>),
}

impl<T> Confirm<T> {
    /// Proposes something. `chance` is a number that nobody can know before.
    pub fn new(proposed: T, chance: u64) -> Self {
        let index = usize::try_from(chance % LETTERS.len() as u64).unwrap_or(0);
        Self { proposed, letter: LETTERS.get(index).copied().unwrap_or('c'), painted: None }
    }

    /// What is proposed.
    pub fn proposed(&self) -> &T {
        &self.proposed
    }

    /// The key that agrees.
    pub fn letter(&self) -> char {
        self.letter
    }

    /// It is painted now.
    pub fn painted(&mut self, now: Timestamp) {
        self.painted.get_or_insert(now);
    }

    /// Takes a key.
    pub fn key(self, key: char, now: Timestamp) -> Answer<T> {
        // Who types goes on typing: the time begins again with each key.
        let again = self.painted.map(|_| now);
        if key != self.letter {
            return Answer::Other(Self { painted: again, ..self });
        }
        match self.painted {
            Some(painted) if now.duration_since(painted) >= SEEN => Answer::Yes(Confirmed(self.proposed)),
            _ => Answer::TooSoon(Self { painted: again, ..self }),
        }
    }
}

impl<T> Confirmed<T> {
    /// What was agreed to.
    pub fn of(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_773_450_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn only_the_letter_agrees_and_only_after_it_was_painted() {
        for chance in 0..100 {
            let mut confirm = Confirm::new("roll back", chance);
            let letter = confirm.letter();
            assert!(matches!(confirm.clone().key(letter, at(9000)), Answer::TooSoon(_)), "never painted");
            confirm.painted(at(1000));
            confirm.painted(at(1400));
            assert!(matches!(confirm.clone().key(letter, at(1999)), Answer::TooSoon(_)));
            for other in ('a'..='z').chain("\n\u{1b} yY".chars()).filter(|key| *key != letter) {
                assert!(matches!(confirm.clone().key(other, at(9000)), Answer::Other(_)), "{other}");
            }
            let upper = letter.to_ascii_uppercase();
            assert!(matches!(confirm.clone().key(upper, at(9000)), Answer::Other(_)));
            let Answer::Yes(confirmed) = confirm.key(letter, at(2000)) else { panic!("{letter}") };
            assert_eq!(*confirmed.of(), "roll back");
        }
    }

    #[test]
    fn who_types_on_agrees_to_nothing() {
        let mut confirm = Confirm::new((), 0);
        let letter = confirm.letter();
        confirm.painted(at(0));
        let Answer::Other(confirm) = confirm.key('z', at(1500)) else { panic!() };
        let Answer::TooSoon(confirm) = confirm.key(letter, at(2000)) else { panic!() };
        let Answer::TooSoon(confirm) = confirm.key(letter, at(2900)) else { panic!() };
        assert!(matches!(confirm.key(letter, at(3900)), Answer::Yes(_)));
    }

    #[test]
    fn a_clock_that_is_set_back_agrees_to_nothing() {
        let mut confirm = Confirm::new((), 0);
        let letter = confirm.letter();
        confirm.painted(at(5000));
        assert!(matches!(confirm.key(letter, at(0)), Answer::TooSoon(_)));
    }

    #[test]
    fn every_letter_is_asked_for_and_none_that_moves_or_says_yes() {
        let asked: std::collections::BTreeSet<char> =
            (0..LETTERS.len() as u64).map(|chance| Confirm::new((), chance).letter()).collect();
        assert_eq!(asked.len(), LETTERS.len());
        assert!("jkgGbvyYoqn".chars().all(|c| !asked.contains(&c)));
    }
}
