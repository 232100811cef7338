//! What the record has of what was written here, and when it is told more.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::config::theme::Meaning;
use crate::model::note::NoteCommand;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::notes::without;
use crate::safe;

/// Typed text goes to the record so long after its first letter, also while typing goes on: within
/// the second in which it has to be durable.
pub(super) const SEND: SignedDuration = SignedDuration::from_millis(400);
/// Nothing was written for so long: the record may tidy up.
pub(super) const REST: SignedDuration = SignedDuration::from_secs(10);
/// What could not be saved is tried again so often.
pub(super) const RETRY: SignedDuration = SignedDuration::from_secs(5);
/// A record that has not answered for so long is not about to.
pub(super) const LATE: SignedDuration = SignedDuration::from_secs(2);

/// So many columns of the name of who has the pad are told.
const NAME: usize = 24;

/// Whether there is a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Record {
    /// It has not told what it holds: the pad is not known.
    #[default]
    Opening,
    /// The same, and there is text for the pad that waits for it.
    Awaited,
    /// It has.
    Open,
    /// Nothing is written at all.
    Unkept,
}

/// What the record has, and has not.
#[derive(Debug, Default)]
pub(super) struct Saving {
    record: Record,
    /// Who else has the pad.
    held_by: Option<RawText>,
    /// Why the pad's file cannot be read.
    unread: Option<SafeText>,
    /// The last entry's number.
    entries: u64,
    /// Entries that are not durable.
    waiting: BTreeSet<u64>,
    /// The number of the pad's text here, of the one sent, of the one that is durable.
    typed: u64,
    sent: u64,
    saved: u64,
    /// Why the record could not save.
    failed: Option<SafeText>,
    /// When the pad's first change that was not sent was made.
    unsent: Option<Timestamp>,
    /// Since when the record has not answered.
    asked: Option<Timestamp>,
    late: bool,
    /// When the record is told to rest.
    rest: Option<Timestamp>,
    /// The record failed since the last time it was told anything.
    retry: bool,
    /// Whether what looks like a secret was left out of the pad's text that was sent.
    leaves_out: bool,
}

/// Whether one thing is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum State {
    Saved,
    Saving,
    /// It is not, and why.
    Not(SafeText),
}

impl Saving {
    /// The record says what it has.
    pub(super) fn open(&mut self, held_by: Option<RawText>) {
        self.record = Record::Open;
        self.answered();
        self.held_by = held_by;
        self.retry = self.held_by.is_some();
    }

    /// Nothing is written at all: there is nothing to wait for. True if that is news.
    pub(super) fn give_up_keeping(&mut self) -> bool {
        let before = std::mem::replace(&mut self.record, Record::Unkept);
        self.answered();
        before != Record::Unkept
    }

    /// Whether nothing is written at all, as in a demo.
    pub(super) fn is_unkept(&self) -> bool {
        self.record == Record::Unkept
    }

    pub(super) fn is_open(&self) -> bool {
        !matches!(self.record, Record::Opening | Record::Awaited)
    }

    /// Why the pad's file cannot be read, or that it can. Gives what was so until now.
    pub(super) fn take_unread(&mut self, why: Option<SafeText>) -> Option<SafeText> {
        self.retry |= why.is_some();
        std::mem::replace(&mut self.unread, why)
    }

    /// Why the pad's file cannot be read.
    pub(super) fn unread(&self) -> Option<&SafeText> {
        self.unread.as_ref()
    }

    /// Who else has the pad.
    pub(super) fn held_by(&self) -> Option<&RawText> {
        self.held_by.as_ref()
    }

    /// Why the pad cannot be written here, where another console has it or its file cannot be read.
    pub(super) fn refusal(&self) -> Option<SafeText> {
        if self.unread.is_some() {
            let why = "pad.md cannot be read: nothing is written to it. Esc, then ; writes an entry.";
            return Some(SafeText::literal(why));
        }
        let who = clean(self.held_by()?);
        // Since when they have it stands in the border; on 80 columns there is no room for it here.
        let name = who.as_str().split_once(" since ").map_or(who.as_str(), |(name, _)| name);
        let name = clean(&name.into()).truncate_to(NAME, &"...".into());
        Some(safe!("{} holds the pad: it is only read here. Esc, then ; writes an entry.", name))
    }

    /// Gives a new entry its number.
    pub(super) fn next_entry(&mut self, now: Timestamp) -> u64 {
        self.entries += 1;
        self.waiting.insert(self.entries);
        self.rest = Some(later(now, REST));
        self.entries
    }

    /// The pad has another text, or none. Before it is known what it has, that waits: in its place it would be all.
    pub(super) fn changed(&mut self, is_empty: bool) {
        if self.is_open() {
            self.typed += 1;
        } else {
            self.record = if is_empty { Record::Opening } else { Record::Awaited };
        }
    }

    /// Another program has written this text into the pad's file: a secret does not stay there.
    pub(super) fn came(&mut self, text: &RawText) {
        self.typed += u64::from(without(text).is_some());
    }

    /// Whether the record has not confirmed the pad's text here.
    pub(super) fn is_pad_ahead(&self) -> bool {
        self.typed > self.saved
    }

    pub(super) fn entry_saved(&mut self, number: u64) {
        self.waiting.remove(&number);
        self.answered();
    }

    pub(super) fn pad_saved(&mut self, number: u64) {
        self.saved = self.saved.max(number);
        self.answered();
    }

    /// Something failed; true if the person has not heard this yet.
    pub(super) fn not_saved(&mut self, why: SafeText) -> bool {
        self.answered();
        self.retry = true;
        if !self.is_waiting() {
            return true;
        }
        let known = self.failed.as_ref() == Some(&why);
        self.failed = Some(why);
        !known
    }

    fn answered(&mut self) {
        (self.asked, self.late) = (None, false);
        if !self.is_waiting() {
            self.failed = None;
        }
    }

    /// Whether the record was told something that is not durable.
    fn is_waiting(&self) -> bool {
        self.count() > 0
    }

    /// What the record has to be told by now.
    pub(super) fn due(&mut self, now: Timestamp, pad: impl FnOnce() -> RawText) -> Vec<NoteCommand> {
        let mut commands = Vec::new();
        if self.typed > self.sent && later(*self.unsent.get_or_insert(now), SEND) <= now {
            (self.sent, self.unsent) = (self.typed, None);
            self.rest = Some(later(now, REST));
            let text = pad();
            let left = without(&text);
            self.leaves_out = left.is_some();
            commands.push(NoteCommand::Pad(self.sent, left.unwrap_or(text)));
        }
        if std::mem::take(&mut self.retry) {
            let soon = later(now, RETRY);
            self.rest = Some(self.rest.map_or(soon, |rest| rest.min(soon)));
        }
        // At the end of time there is nothing left but to save.
        if now < Timestamp::MAX && commands.is_empty() && self.rest.is_some_and(|rest| rest <= now) {
            let again = match (&self.failed, &self.held_by) {
                _ if self.unread.is_some() => Some(RETRY),
                (Some(_), _) => Some(RETRY),
                (None, Some(_)) => Some(REST),
                (None, None) => None,
            };
            self.rest = again.map(|again| later(now, again));
            commands.push(NoteCommand::Rest);
        }
        if self.is_waiting() && self.failed.is_none() {
            self.late = later(*self.asked.get_or_insert(now), LATE) <= now;
        }
        commands
    }

    /// When [`Saving::due`] has something to do.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let late = self.asked.filter(|_| !self.late && self.failed.is_none()).map(|at| later(at, LATE));
        let send = self.unsent.map(|at| later(at, SEND));
        send.into_iter().chain(self.rest).chain(late).min()
    }

    /// Whether entries of this session, by their numbers, are durable.
    pub(super) fn entries(&self, numbers: impl IntoIterator<Item = u64>) -> State {
        let mut numbers = numbers.into_iter();
        if numbers.any(|number| self.waiting.contains(&number)) { self.state() } else { State::Saved }
    }

    fn state(&self) -> State {
        match &self.failed {
            Some(why) => State::Not(why.clone()),
            None if self.late => State::Not("the record does not answer".into()),
            None => State::Saving,
        }
    }

    /// Why what the record was told is not durable.
    pub(super) fn lapse(&self) -> Option<SafeText> {
        match self.state() {
            State::Not(why) if self.is_waiting() => Some(why),
            State::Not(_) | State::Saving | State::Saved => None,
        }
    }

    /// Whether the pad's text is on its way to the record, or waits for it.
    fn is_pad_waiting(&self) -> bool {
        self.sent > self.saved || self.record == Record::Awaited
    }

    /// How much was told to the record and is not durable: entries, and the pad as one.
    pub(super) fn count(&self) -> usize {
        self.waiting.len() + usize::from(self.is_pad_waiting())
    }

    /// What the record was told and has not saved: for the person who wants to leave.
    pub(super) fn unsaved(&self) -> Option<SafeText> {
        let (entries, pad) = (self.waiting.len(), self.is_pad_waiting());
        let what = match (entries, pad) {
            (0, false) => return None,
            (0, true) => SafeText::literal("The pad is"),
            (1, false) => SafeText::literal("1 entry is"),
            (1, true) => SafeText::literal("1 entry and the pad are"),
            (_, false) => safe!("{} entries are", entries),
            (_, true) => safe!("{} entries and the pad are", entries),
        };
        Some(match self.state() {
            State::Not(why) => safe!("{} not saved: {}.", what, why),
            State::Saving | State::Saved => safe!("{} not saved yet.", what),
        })
    }

    /// For the border: who else has the pad, and since when, or that it cannot be read.
    pub(super) fn holder(&self) -> SafeText {
        if self.unread.is_some() {
            return SafeText::literal("pad CANNOT be read");
        }
        let is_known = self.record == Record::Open;
        let who = self.held_by.as_ref().filter(|_| is_known);
        who.map(|who| safe!("pad held by {}, read only", clean(who))).unwrap_or_default()
    }

    /// For the border: whether all that was written is durable.
    /// `lasts`: what is on the disk is there after a reboot.
    pub(super) fn words(&self, lasts: bool) -> (SafeText, Meaning) {
        let unsent = self.typed > self.sent;
        match self.state() {
            State::Not(why) if self.is_waiting() => (safe!("NOT SAVED: {}", why), Meaning::Critical),
            _ if self.is_waiting() || unsent => ("saving".into(), Meaning::Stale),
            _ if self.record == Record::Opening => ("opening".into(), Meaning::Muted),
            _ if self.record == Record::Unkept => ("not written: gone when you leave".into(), Meaning::Stale),
            _ if lasts && self.leaves_out => ("saved, a secret left out".into(), Meaning::Stale),
            _ if lasts => ("saved".into(), Meaning::Muted),
            _ => ("lost on reboot".into(), Meaning::Critical),
        }
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
