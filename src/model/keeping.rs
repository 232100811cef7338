//! What should be kept on the disk and is not, since when and why.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::text::SafeText;

/// What is kept, the most precious first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kept {
    /// What was written and is not durable.
    Notes,
    /// Anything at all: no directory can be written.
    Anything,
    /// Anything beyond the next reboot: the directory is in memory.
    PastReboot,
    /// The record where the team can see it: it is in the person's own directory.
    Shared,
    /// What happened, for the consoles to come.
    History,
    /// The recording that was asked for.
    Recording,
    /// What the next start shows first.
    LastState,
}

/// One thing that is not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lapse {
    /// Since when.
    pub since: Timestamp,
    /// What failed and where: `cannot write /x/y: the disk is full`.
    pub why: SafeText,
}

/// All that is not kept now.
#[derive(Clone, Default, Debug)]
pub struct Keeping {
    lapses: BTreeMap<Kept, Lapse>,
}

/// What a word about something kept has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It is no longer kept.
    Lapsed,
    /// It is kept again.
    Mended,
    /// Neither.
    Same,
}

impl Keeping {
    /// Takes why something is not kept, or that it is. The time is that of the first failure in a row.
    pub fn take(&mut self, what: Kept, why: Option<SafeText>, now: Timestamp) -> Turn {
        match (why, self.lapses.get_mut(&what)) {
            (None, None) => Turn::Same,
            (None, Some(_)) => {
                self.lapses.remove(&what);
                Turn::Mended
            }
            (Some(why), Some(lapse)) => {
                lapse.why = why;
                Turn::Same
            }
            (Some(why), None) => {
                self.lapses.insert(what, Lapse { since: now, why });
                Turn::Lapsed
            }
        }
    }

    /// What is not kept, the most precious first.
    pub fn lapses(&self) -> impl ExactSizeIterator<Item = (Kept, &Lapse)> {
        self.lapses.iter().map(|(what, lapse)| (*what, lapse))
    }
}
