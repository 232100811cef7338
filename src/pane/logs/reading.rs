//! What of files has to be read before it can be shown or searched.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::logs::archive::{Anew, Judged, Sought};
use crate::logs::merge::Wanted;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::effect::Effect;
use crate::pane::logs::Logs;
use crate::pane::view::View;
use crate::safe;

/// How long a piece of a file may take before it is asked for again.
const ASKED: SignedDuration = SignedDuration::from_secs(1);
/// Lines on both sides of the window that are here before somebody goes there, in windows.
const AROUND: usize = 2;

/// What was asked of files, and what is waited for.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Pieces that were looked for.
    pub(super) wanted: Wanted,
    /// Pieces that were asked for, and when.
    asked: BTreeMap<(u32, u64), Timestamp>,
    /// Whether the window waits for one.
    pub(super) lacking: bool,
    /// How many searches there were.
    searches: u64,
    /// The sources that were told of the last one.
    told: BTreeSet<RawText>,
}

impl Reading {
    /// Begins another search, or ends the last one.
    pub(super) fn begin(&mut self) {
        self.searches += 1;
        self.told.clear();
    }

    /// When what does not come is asked for again.
    pub(super) fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        self.lacking.then(|| now.checked_add(ASKED).ok()).flatten()
    }
}

/// What is said of a file that is read anew, with so many lines gone.
pub fn read_anew(stream: &RawText, why: Anew, gone: u64) -> SafeText {
    let stream = clean(stream);
    let gone =
        if gone == 1 { "the line of before is".into() } else { safe!("the {} lines of before are", gone) };
    match why {
        Anew::Replaced => {
            safe!(
                "{}: another file stands there now; {} gone from here. Its new name may be {}.1",
                stream,
                gone,
                stream
            )
        }
        Anew::Cut => safe!("{}: the file was cut and is read anew; {} gone", stream, gone),
    }
}

impl Logs {
    /// Looks at a part of a file as long as its lines are here.
    pub fn look_at(&mut self, part: u64, view: &View<'_>) {
        if let Some(search) = &mut self.search {
            search.look_at(view.logs, part);
        }
    }

    /// Takes it that these pieces of a file have nothing that this search looks for.
    pub fn rule_out(&mut self, search: u64, stream: &RawText, pieces: &[u64], view: &View<'_>) {
        if let Some(current) = self.search.as_mut().filter(|_| search == self.reading.searches) {
            current.rule_out(view.logs, stream, pieces);
        }
    }

    /// Takes what this search sees of records in which lines are cut.
    pub fn settle_cut(
        &mut self,
        search: u64,
        stream: &RawText,
        piece: u64,
        records: &[Judged],
        view: &View<'_>,
    ) {
        if let Some(current) = self.search.as_mut().filter(|_| search == self.reading.searches) {
            current.settle_cut(view.logs, stream, piece, records);
        }
    }

    /// What the pane has to ask of files: pieces that are looked at, and the search in force.
    pub fn asks(&mut self, view: &View<'_>) -> Vec<Effect> {
        let wanted = self.reading.wanted.take();
        // What does not come within a second is asked for again.
        self.reading.asked.retain(|_, at| view.now.duration_since(*at) < ASKED);
        let mut effects = Vec::new();
        for (stream, piece) in wanted {
            if let Entry::Vacant(entry) = self.reading.asked.entry((stream, piece))
                && let Some(source) = view.logs.source_of(stream)
            {
                entry.insert(view.now);
                effects.push(Effect::Piece(source.clone(), piece));
            }
        }
        if let Some(search) = &self.search {
            for source in view.logs.files().filter(|source| !self.reading.told.contains(source)) {
                let sought =
                    Sought { number: self.reading.searches, query: Arc::new(search.query().clone()) };
                effects.push(Effect::Seek(source.clone(), sought));
            }
            self.reading.told = view.logs.files().cloned().collect();
        }
        effects
    }

    /// Wants what is near the window before somebody goes there.
    pub(super) fn read_around(&self, view: &View<'_>) {
        let lines = AROUND * usize::from(self.shape.height);
        let merged = self.merged(view);
        if let (Some(first), Some(last)) = (self.window.top(), self.window.last())
            && view.logs.files().next().is_some()
        {
            merged.backward(first).take(lines).for_each(drop);
            merged.forward(last).take(lines).for_each(drop);
        }
    }
}
