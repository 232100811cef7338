//! An exercise: what is played, and what whoever takes it should find out.

use jiff::Timestamp;

use crate::model::run::Run;
use crate::model::text::RawText;

/// What a person says where it was no change.
pub const NONE: &str = "none";

/// A drill: a recording, and what is right about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drill {
    /// What it is called.
    pub title: RawText,
    /// What the person is told at the start.
    pub briefing: RawText,
    /// From when it is played.
    pub begins: Timestamp,
    /// When nothing comes any more.
    pub ends: Timestamp,
    /// When the fault began.
    pub onset: Timestamp,
    /// The alerts that tell of the fault.
    pub alerts: Vec<RawText>,
    /// When the first of them fires.
    pub fires: Timestamp,
    /// Which change did it.
    pub change: Culprit,
    /// Why it was that.
    pub why: RawText,
    /// What mitigates it.
    pub mitigation: RawText,
}

/// Which change did it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Culprit {
    /// None.
    NoChange,
    /// This run.
    Run {
        /// What it is called when it is told.
        name: RawText,
        /// All that a person may call it.
        known_as: Vec<RawText>,
    },
}

impl Culprit {
    /// A run, by each of its names.
    pub fn run(run: &Run) -> Self {
        let name = run.name();
        let number = run.number.map(|number| RawText::from(number.to_string()));
        let known_as = [Some(name.clone()), Some(run.id.clone()), number, run.revision.clone()];
        Self::Run { name, known_as: known_as.into_iter().flatten().collect() }
    }

    /// What it is called.
    pub fn name(&self) -> RawText {
        match self {
            Self::NoChange => NONE.into(),
            Self::Run { name, .. } => name.clone(),
        }
    }

    /// Whether an answer means it: letters count, and neither case nor blanks nor `#` do.
    pub fn is_meant_by(&self, answer: &RawText) -> bool {
        let answer = plain(answer);
        match self {
            Self::NoChange => answer == NONE,
            Self::Run { known_as, .. } => known_as.iter().any(|name| plain(name) == answer),
        }
    }
}

fn plain(name: &RawText) -> String {
    let text = String::from_utf8_lossy(name.as_bytes());
    text.chars().filter(|c| !c.is_whitespace() && *c != '#').flat_map(char::to_lowercase).collect()
}

impl Drill {
    /// From when a person's times are counted: when the alert fires, or where it does already, the start.
    pub fn paged(&self) -> Timestamp {
        self.fires.max(self.begins)
    }
}
