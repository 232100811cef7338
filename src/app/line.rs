//! The line at the foot of the screen: answers to the person's keys, and news, which wait for those.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::model::keeping::Kept;
use crate::model::note::NoteReply;
use crate::model::text::SafeText;
use crate::pane::effect::Msg;
use crate::safe;

/// How long a line stays.
const STAYS: SignedDuration = SignedDuration::from_secs(6);
/// So long it is there before another one takes its place.
const READ: SignedDuration = SignedDuration::from_secs(4);
/// News of one kind that wait; of more the newest.
const KEPT: usize = 8;

/// What stands at the foot of the screen, and what waits to.
#[derive(Default)]
pub(super) struct Line {
    shown: Option<Said>,
    /// What had to wait or to make way, the oldest first: news that pass, and what stands until a key is pressed.
    waiting: VecDeque<Said>,
    /// Whether what is said now answers the person.
    answers: bool,
    /// Where lines are printed nothing takes the place of anything.
    is_printed: bool,
}

struct Said {
    text: SafeText,
    /// So many news were there before it that nobody had the time to read.
    more: usize,
    /// Both, as it is shown.
    told: SafeText,
    /// Since when it stands there, if it did yet.
    since: Option<Timestamp>,
    /// Whether it stands until a key is pressed.
    lasts: bool,
    is_news: bool,
    /// What it says is kept or not.
    of: Option<Kept>,
}

impl Said {
    fn new(text: SafeText, lasts: bool, is_news: bool) -> Self {
        Self { told: text.clone(), text, more: 0, since: None, lasts, is_news, of: None }
    }

    /// Stands in the place of news that nobody had the time to read.
    fn follow(&mut self, before: &Self) {
        self.count(before.more + usize::from(before.text != self.text));
    }

    fn count(&mut self, more: usize) {
        self.more += more;
        if self.more > 0 {
            self.told = safe!("{} (and {} more before it)", self.text, self.more);
        }
    }

    fn until(&self) -> Option<Timestamp> {
        let end = |since: Timestamp| since.checked_add(STAYS).unwrap_or(Timestamp::MAX);
        self.since.filter(|_| !self.lasts).map(end)
    }

    /// Whether it may not have been read yet. A clock that went back is no reason to hold it.
    fn is_fresh(&self, now: Timestamp) -> bool {
        let is_new = |since: Timestamp| now >= since && now.duration_since(since) < READ;
        self.since.is_none_or(is_new)
    }
}

impl Line {
    /// What stands there.
    pub(super) fn text(&self) -> Option<&SafeText> {
        self.shown.as_ref().map(|said| &said.told)
    }

    /// Whether it is news that pass by.
    pub(super) fn passes(&self) -> bool {
        self.shown.as_ref().is_some_and(|said| said.is_news && !said.lasts)
    }

    /// Each is told at once: they are printed below each other.
    pub(super) fn print(&mut self) {
        self.is_printed = true;
    }

    /// Whether what is said from here on answers the person, or is news.
    pub(super) fn turn(&mut self, answers: bool) {
        self.answers = answers;
    }

    /// Says it. News wait until an answer was there for a time.
    pub(super) fn say(&mut self, text: SafeText, now: Timestamp) {
        self.pass_by(Said::new(text, false, !self.answers), now);
    }

    /// Says that something is not kept, or that it is: what was said of that before is over, read or not.
    pub(super) fn say_of(&mut self, what: Kept, text: SafeText, now: Timestamp) {
        let is_other = |said: &Said| said.of != Some(what);
        self.waiting.retain(is_other);
        if self.shown.as_ref().is_some_and(|said| !is_other(said) && said.text == text) {
            return;
        }
        self.shown = self.shown.take().filter(is_other);
        self.pass_by(Said { of: Some(what), ..Said::new(text, false, !self.answers) }, now);
    }

    fn pass_by(&mut self, said: Said, now: Timestamp) {
        let is_held = self.shown.as_ref().is_some_and(|shown| !shown.is_news && shown.is_fresh(now));
        if said.is_news && (is_held || self.has_news()) && !self.is_printed {
            self.wait(said);
        } else {
            self.put(said, now);
        }
    }

    /// Says what stands there until a key is pressed. It comes back where something takes its place before.
    pub(super) fn hold(&mut self, text: SafeText, now: Timestamp) {
        let is_there = self.shown.iter().chain(&self.waiting).any(|said| said.lasts && said.text == text);
        if is_there {
            return;
        }
        let said = Said::new(text, true, !self.answers);
        let is_held = self.shown.as_ref().is_some_and(|shown| !shown.lasts && shown.is_fresh(now));
        if is_held && said.is_news && !self.is_printed {
            self.wait(said);
        } else {
            self.put(said, now);
        }
    }

    /// What no longer is so.
    pub(super) fn withdraw(&mut self, text: &SafeText) {
        self.shown = self.shown.take().filter(|said| said.text != *text);
        while let Some(place) = self.waiting.iter().position(|said| said.text == *text) {
            let gone = self.waiting.remove(place);
            // What it counted is told with what comes behind it.
            let next = self.waiting.iter_mut().skip(place).find(|said| said.is_news);
            if let (Some(gone), Some(next)) = (gone.filter(|gone| gone.more > 0), next) {
                next.count(gone.more);
            }
        }
    }

    /// What stands there is not needed any more.
    pub(super) fn clear(&mut self) {
        self.shown = None;
    }

    /// A key was pressed: what stood there was read, but for news that have only just come.
    pub(super) fn key(&mut self, now: Timestamp) {
        if let Some(said) = self.shown.take().filter(|said| said.is_news && said.is_fresh(now)) {
            self.waiting.push_front(said);
        }
    }

    /// Lets what is over go, and what waits take its place.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.shown = self.shown.take().filter(|said| said.until().is_none_or(|until| until > now));
        let is_held = self.shown.as_ref().is_some_and(|said| said.is_fresh(now));
        if !is_held && let Some(said) = self.next(false) {
            // What was there only for a moment has its time now.
            let since = said.since.filter(|_| said.is_fresh(now));
            self.put(Said { since, ..said }, now);
        }
        if self.shown.is_none()
            && let Some(said) = self.next(true)
        {
            self.put(said, now);
        }
    }

    /// When it changes by itself next.
    pub(super) fn next_change(&self) -> Option<Timestamp> {
        let shown = self.shown.as_ref()?;
        let read = || shown.since?.checked_add(READ).ok();
        let turn = if self.has_news() { read() } else { None };
        shown.until().into_iter().chain(turn).min()
    }

    fn put(&mut self, mut said: Said, now: Timestamp) {
        said.since = said.since.or(Some(now));
        match self.shown.take() {
            Some(before) if before.lasts => self.wait(before),
            Some(before) if before.is_news && before.is_fresh(now) && !self.is_printed => {
                if said.is_news && !said.lasts {
                    said.follow(&before);
                } else {
                    self.waiting.push_front(before);
                }
            }
            _ => {}
        }
        self.shown = Some(said);
    }

    /// Whether news wait that pass by.
    fn has_news(&self) -> bool {
        self.waiting.iter().any(|said| !said.lasts)
    }

    fn next(&mut self, lasts: bool) -> Option<Said> {
        let place = self.waiting.iter().position(|said| said.lasts == lasts)?;
        self.waiting.remove(place)
    }

    /// Of more news than are kept the oldest go, and are counted. An answer, as that something may have been sent,
    /// stays: there is one at most for each thing that the person did.
    fn wait(&mut self, said: Said) {
        let lasts = said.lasts;
        let mut last = self.waiting.iter().rev().filter(|one| one.is_news && one.lasts == lasts);
        if said.is_news && last.next().is_some_and(|last| last.text == said.text) {
            return;
        }
        self.waiting.push_back(said);
        let all = (0..).zip(&self.waiting).filter(|(_, one)| one.is_news && one.lasts == lasts);
        let news: Vec<usize> = all.map(|(place, _)| place).collect();
        if news.len() > KEPT
            && let [first, second, ..] = *news.as_slice()
            && let Some(oldest) = self.waiting.remove(first)
            && let Some(next) = self.waiting.get_mut(second - 1)
        {
            next.follow(&oldest);
        }
    }
}

/// Whether what is said of it answers the person, and is no news.
pub(super) fn answers(msg: &Msg) -> bool {
    match msg {
        Msg::Note(_, reply) => matches!(reply, NoteReply::Written(_) | NoteReply::NotSaved(_)),
        Msg::Update(_)
        | Msg::Segment(_)
        | Msg::File(_)
        | Msg::Sealed(_)
        | Msg::Mined(_)
        | Msg::History(_)
        | Msg::Standings(_)
        | Msg::Keeping(..)
        | Msg::Resized(..)
        | Msg::Wake
        | Msg::Frame => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn say(line: &mut Line, text: &'static str, answers: bool, second: i64) {
        line.turn(answers);
        line.say(text.into(), at(second));
        line.turn(false);
        line.settle(at(second));
    }

    #[track_caller]
    fn shows(line: &mut Line, second: i64, text: &str) {
        line.settle(at(second));
        assert_eq!(line.text().map_or("", SafeText::as_str), text, "at {second}");
    }

    #[test]
    fn news_wait_until_an_answer_was_there_for_a_time_and_none_is_lost_silently() {
        let mut line = Line::default();
        say(&mut line, "Copied.", true, 0);
        say(&mut line, "A fires.", false, 1);
        say(&mut line, "B fires.", false, 2);
        assert_eq!(line.next_change(), Some(at(4)));
        shows(&mut line, 3, "Copied.");
        shows(&mut line, 4, "A fires.");
        assert_eq!(line.next_change(), Some(at(8)));
        shows(&mut line, 8, "B fires.");
        assert_eq!(line.next_change(), Some(at(14)));
        // With nothing to wait for they take each other's place, and it is told.
        say(&mut line, "C fires.", false, 9);
        shows(&mut line, 9, "C fires. (and 1 more before it)");
        say(&mut line, "C fires.", false, 9);
        shows(&mut line, 9, "C fires. (and 1 more before it)");
        shows(&mut line, 15, "");
        say(&mut line, "Copied.", true, 16);
        for text in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"] {
            say(&mut line, text, false, 16);
        }
        shows(&mut line, 20, "3 (and 2 more before it)");
        for second in (24..52).step_by(4) {
            line.settle(at(second));
        }
        shows(&mut line, 52, "10");
        shows(&mut line, 58, "");
        // An answer does not wait for news, which come back.
        say(&mut line, "D fires.", false, 120);
        line.key(at(121));
        say(&mut line, "Frozen.", true, 121);
        shows(&mut line, 121, "Frozen.");
        shows(&mut line, 125, "D fires.");
        shows(&mut line, 130, "D fires.");
        line.key(at(130));
        shows(&mut line, 130, "");
    }

    #[test]
    fn a_key_at_once_does_not_take_news_away_and_one_after_a_time_does() {
        let mut line = Line::default();
        say(&mut line, "A fires.", false, 0);
        line.key(at(1));
        shows(&mut line, 1, "A fires.");
        line.key(at(4));
        shows(&mut line, 4, "");
        say(&mut line, "Copied.", true, 10);
        line.key(at(10));
        shows(&mut line, 10, "");
        // Printed, nothing has to wait.
        line.print();
        say(&mut line, "Copied.", true, 20);
        say(&mut line, "B fires.", false, 20);
        shows(&mut line, 20, "B fires.");
    }

    #[test]
    fn what_was_sent_perhaps_is_not_lost_among_declarations_and_what_is_lost_is_counted() {
        let mut line = Line::default();
        line.turn(true);
        line.hold("UNKNOWN whether it was sent.".into(), at(0));
        line.turn(false);
        let declared: Vec<String> = (1..=10).map(|number| format!("ada declared {number}")).collect();
        for text in &declared {
            line.hold(crate::model::text::clean(&text.as_str().into()), at(1));
            line.settle(at(1));
        }
        say(&mut line, "Copied.", true, 2);
        let mut told = Vec::new();
        for second in (10..140).step_by(10) {
            line.settle(at(second));
            told.extend(line.text().map(|text| text.as_str().to_owned()));
            line.key(at(second));
        }
        assert_eq!(told.iter().filter(|text| text.starts_with("UNKNOWN whether")).count(), 1, "{told:?}");
        assert!(told.contains(&"ada declared 3 (and 2 more before it)".to_owned()), "{told:?}");
        assert_eq!(told.len(), 1 + 8, "{told:?}");
    }

    #[test]
    fn what_stands_until_a_key_comes_back_after_news() {
        let mut line = Line::default();
        line.turn(true);
        line.hold("Not sent: no route.".into(), at(0));
        say(&mut line, "A fires.", false, 1);
        shows(&mut line, 3, "Not sent: no route.");
        shows(&mut line, 4, "A fires.");
        line.hold("Not sent: no route.".into(), at(5));
        shows(&mut line, 5, "A fires.");
        shows(&mut line, 10, "Not sent: no route.");
        shows(&mut line, 1000, "Not sent: no route.");
        assert_eq!(line.next_change(), None);
        line.hold("ada declared SEV1".into(), at(1001));
        shows(&mut line, 1001, "ada declared SEV1");
        line.key(at(1002));
        shows(&mut line, 1002, "ada declared SEV1");
        line.key(at(1010));
        shows(&mut line, 1010, "Not sent: no route.");
        line.key(at(1011));
        shows(&mut line, 1011, "");
        line.hold("x is not seen.".into(), at(2000));
        line.withdraw(&"x is not seen.".into());
        shows(&mut line, 2000, "");
        // News that passes by, and waits.
        for (text, answers) in [("Copied.", true), ("You are asked.", false), ("D fires.", false)] {
            say(&mut line, text, answers, 2001);
        }
        line.withdraw(&"You are asked.".into());
        shows(&mut line, 2005, "D fires.");
        shows(&mut line, 2011, "");
        // The clock went back: nothing stays for hours.
        say(&mut line, "Copied.", true, 9000);
        say(&mut line, "B fires.", false, 3000);
        shows(&mut line, 3000, "B fires.");
    }
}
