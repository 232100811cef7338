//! What is mined while the view is open, and how far: lines of streams by a worker, files by their
//! sources. Nothing is mined before somebody looks, and nothing while nobody does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::logs::level::Level;
use crate::logs::mining::{InForce, Mined, Order, Progress};
use crate::logs::pattern::Id;
use crate::logs::pattern::book::Found;
use crate::logs::query::moment::near;
use crate::model::text::{RawText, SafeText};
use crate::pane::effect::Effect;
use crate::pane::view::View;

/// Time between two jobs once all lines were looked at.
const REST: SignedDuration = SignedDuration::from_millis(250);
/// Time between two requests to the sources of files.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// Patterns of the lines in force, kept while the view is closed.
#[derive(Default)]
pub struct Mining {
    number: u64,
    order: Option<Order>,
    of: Option<Of>,
    progress: Progress,
    /// Whether all lines that are here were looked at once.
    is_caught_up: bool,
    /// Whether a worker is at it: one job at a time.
    is_busy: bool,
    rest: Option<Timestamp>,
    /// When files were asked to be mined, and how many lines were known then.
    asked: Option<(Timestamp, u64)>,
    files: BTreeMap<RawText, (u64, u64)>,
    found: Arc<Found>,
    merged: Vec<(Id, Id)>,
    is_broken: bool,
    /// When the view was closed last.
    looked: Option<Timestamp>,
    /// When what the logs were last asked for began, and what that is.
    onset: Option<(Timestamp, SafeText)>,
    /// The moment that a person chose, as it was written, and when.
    chosen: Option<(String, Timestamp, TimeZone)>,
}

/// Which lines are mined.
struct Of {
    filter: String,
    /// The same without what it says of patterns: those that were chosen go on standing in the list.
    without: String,
    minimum: Level,
    hidden: BTreeSet<RawText>,
}

impl Mining {
    /// What is to be mined now.
    pub fn asks(&mut self, lines: &InForce<'_>, view: &View<'_>) -> Vec<Effect> {
        self.choose(lines);
        let Some(order) = &self.order else { return Vec::new() };
        let mut effects = Vec::new();
        let rests = self.rest.is_some_and(|until| view.now < until);
        if !self.is_busy && !self.is_broken && !rests && self.progress.has_more(view.logs) {
            let job = self.progress.job(order, view.logs);
            self.is_busy = job.is_some();
            effects.extend(job.map(Effect::Mine));
        }
        let received = view.logs.received();
        let is_due = self.asks_again(view).is_none_or(|at| at <= view.now);
        if is_due {
            self.asked = Some((view.now, received));
            let ask = |source: &RawText| Effect::MineFile(source.clone(), order.clone());
            effects.extend(view.logs.files().map(ask));
        }
        effects
    }

    /// Begins anew where other lines are in force.
    fn choose(&mut self, lines: &InForce<'_>) {
        let InForce { written, words, minimum, hidden } = *lines;
        let same_rest = |of: &Of| of.minimum == minimum && of.hidden == *hidden;
        if self.of.as_ref().is_some_and(|of| of.filter == written && same_rest(of)) {
            return;
        }
        let words = words.without_patterns();
        let without = words.to_string();
        let is_same = self.of.as_ref().is_some_and(|of| of.without == without && same_rest(of));
        self.of = Some(Of { filter: written.to_owned(), without, minimum, hidden: hidden.clone() });
        if !is_same {
            let words = if minimum > Level::Unknown { words.at_least(minimum) } else { words };
            let words = if hidden.is_empty() { words } else { words.without(hidden.clone()) };
            self.begin();
            self.order = Some(Order::new(self.number, words));
        }
    }

    fn begin(&mut self) {
        self.number += 1;
        (self.order, self.progress, self.rest, self.asked) = (None, Progress::default(), None, None);
        (self.found, self.merged, self.files) = (Arc::default(), Vec::new(), BTreeMap::new());
        (self.is_broken, self.is_caught_up) = (false, false);
    }

    /// A file is another now: what was mined is of the one before.
    pub fn reopen(&mut self) {
        if self.order.is_some() {
            self.begin();
            self.of = None;
        }
    }

    /// A worker has answered; with nothing if it broke.
    pub fn hear(&mut self, mined: Option<Mined>, now: Timestamp) {
        self.is_busy = false;
        // The answer may be to an order before.
        self.is_caught_up |=
            mined.as_ref().is_some_and(|mined| mined.number == self.number) && self.progress.is_done();
        self.rest = now.checked_add(REST).ok().filter(|_| self.is_caught_up);
        match mined {
            Some(mined) => self.take(mined),
            None => self.is_broken = true,
        }
    }

    /// A source has mined some of its file.
    pub fn hear_of_file(&mut self, source: &RawText, mined: Mined, pieces: (u64, u64)) {
        if mined.number == self.number {
            self.files.insert(source.clone(), pieces);
        }
        self.take(mined);
    }

    fn take(&mut self, mined: Mined) {
        if mined.number == self.number {
            self.merged.extend_from_slice(&mined.found.merged);
            self.found = mined.found;
        }
    }

    /// When there is more to do.
    pub fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        let job = self.rest.filter(|_| !self.is_busy && self.progress.has_more(view.logs));
        let file = self.asks_again(view).filter(|at| *at < Timestamp::MAX);
        job.into_iter().chain(file).filter(|at| *at > view.now).min()
    }

    /// When files are asked to be mined again: never, once all of them are; at once, if they never were.
    fn asks_again(&self, view: &View<'_>) -> Option<Timestamp> {
        let (at, known) = self.asked?;
        let (done, all) = self.pieces(view);
        let is_done = known == view.logs.received() && done >= all;
        // A busy source does not take every request.
        let next = at.checked_add(AGAIN).ok().filter(|_| all > 0 && !is_done);
        Some(next.unwrap_or(Timestamp::MAX))
    }

    /// How many pieces of files were looked at, and of how many.
    fn pieces(&self, view: &View<'_>) -> (u64, u64) {
        let files = self.files.values().fold((0, 0), |sum, file| (sum.0 + file.0, sum.1 + file.1));
        let (_, pieces) = view.logs.known_pieces();
        (files.0, files.1.max(pieces))
    }

    /// What was found.
    pub(super) fn found(&self) -> &Arc<Found> {
        &self.found
    }

    /// Ids that became others since this was last asked.
    pub(super) fn merged(&mut self) -> Vec<(Id, Id)> {
        std::mem::take(&mut self.merged)
    }

    /// How many lines or pieces were looked at, and of how many, until all were once.
    pub(super) fn share(&self, view: &View<'_>) -> Option<(u64, u64)> {
        let files = self.pieces(view);
        if files.0 < files.1 {
            return Some(files);
        }
        (!self.is_caught_up && view.logs.files().next().is_none()).then(|| self.progress.share(view.logs))
    }

    /// Lines that were given up before they were looked at, and whether a worker broke.
    pub(super) fn lapses(&self) -> (u64, bool) {
        (self.progress.missed(), self.is_broken)
    }

    /// The view is closed.
    pub fn close(&mut self, now: Timestamp) {
        self.looked = Some(now);
    }

    /// The logs were asked for because of something that began then.
    pub fn set_onset(&mut self, onset: Timestamp, what: SafeText) {
        self.onset = Some((onset, what));
    }

    /// A person writes what to compare with; whether that is a time.
    pub fn set_chosen(&mut self, written: &str, now: Timestamp, zone: TimeZone) -> bool {
        let is_time = near(written, now, &zone).is_some();
        if is_time {
            self.chosen = Some((written.to_owned(), now, zone));
        }
        is_time
    }

    pub(super) fn looked(&self) -> Option<Timestamp> {
        self.looked
    }

    pub(super) fn onset(&self) -> Option<&(Timestamp, SafeText)> {
        self.onset.as_ref()
    }

    /// The moment that a person chose; and how long that is before `newest`, the last record of files that
    /// lie still, if it was written so: their time is the only one that there is.
    pub(super) fn chosen(&self, newest: Option<Timestamp>) -> Option<(Timestamp, Option<&str>)> {
        let (written, now, zone) = self.chosen.as_ref()?;
        let at = near(written, newest.unwrap_or(*now), zone)?;
        let length = written.strip_prefix('-').filter(|_| newest.is_some());
        Some((Timestamp::from_millisecond(at).ok()?, length))
    }
}
