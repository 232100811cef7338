//! An entry as documents tell it. What kinds of entries there are is known here and nowhere else in this
//! room.

use jiff::{SignedDuration, Timestamp};

use super::bounds::{each, shortened};
use crate::model::note::{Entry, Evidence, What};
use crate::model::text::{RawText, SafeText};
use crate::model::told::Told;
use crate::safe;

/// What was written down so much later tells so.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// Which part of a document an entry belongs to, besides the timeline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// No other.
    None,
    /// What somebody saw or thought.
    Note,
    /// What may be the cause.
    Hypothesis,
    /// What is not the cause.
    RuledOut,
    /// What was decided.
    Decision,
    /// What is to be done.
    Todo,
    /// Who has an alert, from then on.
    Taken,
}

/// An entry, as documents tell it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row<'a> {
    /// The entry, with what was said of it later.
    pub told: &'a Told,
    /// The word for its kind.
    pub kind: &'static str,
    /// Where it stands besides the timeline.
    pub part: Part,
    /// Who is to do it.
    pub owner: Option<&'a RawText>,
    /// By when.
    pub due: Option<Timestamp>,
    /// The lines that it shows.
    pub evidence: Option<&'a Evidence>,
    /// What shows that it was so, in words that stand before a name: that of who wrote it, or this one.
    proof: (&'static str, Option<&'a RawText>),
    /// So many characters of a text a document takes.
    most: usize,
}

impl<'a> Row<'a> {
    /// Of an entry, whole.
    pub fn of(told: &'a Told) -> Self {
        let most = usize::MAX;
        let proof = ("observed by", None);
        let plain =
            |kind, part| Self { told, kind, part, owner: None, due: None, evidence: None, proof, most };
        match &told.entry.what {
            What::Note => plain("note", Part::Note),
            What::Hypothesis => plain("hypothesis", Part::Hypothesis),
            What::RuledOut => plain("ruled-out", Part::RuledOut),
            What::Decision => plain("decision", Part::Decision),
            What::Todo { owner, due } => {
                Self { owner: owner.as_ref(), due: *due, ..plain("todo", Part::Todo) }
            }
            What::Update => Self { proof: ("told by", None), ..plain("update", Part::None) },
            What::HandOver { .. } => plain("hand-over", Part::None),
            What::Timer { due } => Self { due: Some(*due), ..plain("timer", Part::None) },
            What::Declared(declared) => {
                let alert = declared.alert.as_ref().map(|alert| ("alert", Some(alert)));
                Self { proof: alert.unwrap_or(proof), ..plain("declared", Part::None) }
            }
            What::Severity(_) => plain("severity", Part::None),
            What::Status(_) => plain("status", Part::None),
            What::Set(_) => plain("set", Part::None),
            What::Accepted(_) => plain("accepted", Part::None),
            What::Claim { held: true, .. } => plain("claim", Part::Taken),
            What::Claim { .. } => plain("claim", Part::None),
            What::Happened { .. } => Self { proof: ("told by", None), ..plain("happened", Part::None) },
            What::Evidence(evidence) => Self {
                evidence: Some(evidence),
                proof: ("lines of", Some(&evidence.from)),
                ..plain("evidence", Part::None)
            },
            What::Later { .. } => plain("later", Part::None),
        }
    }

    /// The entry.
    pub fn entry(&self) -> &'a Entry {
        &self.told.entry
    }

    /// What it says, in one line; its source is told apart.
    pub fn words(&self) -> SafeText {
        let entry = self.entry();
        match shortened(&entry.text, self.most) {
            Some(text) => Entry { text, ..entry.clone() }.words_beside_source(),
            None => entry.words_beside_source(),
        }
    }

    /// Its text alone.
    pub fn text(&self) -> SafeText {
        self.short(&self.entry().text)
    }

    /// A text of it, or as much of that as a document takes.
    pub fn short(&self, text: &RawText) -> SafeText {
        super::bounds::short(text, self.most)
    }

    /// What shows that it was so; nothing where nobody and nothing does.
    pub fn source(&self) -> SafeText {
        let entry = self.entry();
        let name = self.proof.1.unwrap_or(&entry.person);
        if name.is_empty() {
            return SafeText::default();
        }
        let mut text = safe!("{} {}", SafeText::literal(self.proof.0), self.short(name));
        if entry.recorded.duration_since(entry.at) > LATE && self.told.was.is_none() {
            text.push(&safe!(", written down {}", whole(entry.recorded)));
        }
        if self.told.was.is_some() {
            text.push(&", corrected".into());
        }
        text
    }

    /// Where a browser shows what it is of.
    pub fn link(&self) -> Option<&'a RawText> {
        self.evidence.and_then(|evidence| evidence.link.as_ref())
    }
}

/// What documents tell, in order: all that is not left out of them.
pub fn rows(told: &[Told]) -> impl DoubleEndedIterator<Item = Row<'_>> {
    let shown = |told: &&Told| !told.is_hidden;
    // What is left out of the middle does not make the rest shorter: it is not known here what that is.
    let most = each(told.iter().filter(shown).map(|told| told.entry.text.as_bytes().len()));
    told.iter().filter(shown).map(move |told| Row { most, ..Row::of(told) })
}

/// What is to be done and is not done.
pub fn open_todos(told: &[Told]) -> impl Iterator<Item = Row<'_>> {
    rows(told).filter(|row| row.told.is_open_todo())
}

/// To the second.
pub fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
