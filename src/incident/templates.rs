//! The templates that there are: their text, and what may be named in them.

use super::facts;
use super::fill::{Mistake, Value, fill};
use super::handoff;
use crate::model::text::{RawText, SafeText, clean_block};

/// A document that a template says how to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Template {
    /// What was and what is to be learnt of it.
    Postmortem,
    /// How it stands, for those who wait.
    Update,
    /// A shift, for the person who takes it over.
    Handoff,
}

impl Template {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Postmortem, Self::Update, Self::Handoff];

    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Postmortem => "postmortem.md",
            Self::Update => "update.md",
            Self::Handoff => "handoff.md",
        }
    }

    /// The one that comes with midwatch.
    pub fn built_in(self) -> RawText {
        RawText::from(match self {
            Self::Postmortem => include_str!("../../assets/templates/postmortem.md"),
            Self::Update => include_str!("../../assets/templates/update.md"),
            Self::Handoff => include_str!("../../assets/templates/handoff.md"),
        })
    }

    /// What a name that may stand in it stands for: a line or lines of its own.
    pub fn known(self, name: &str) -> Option<Value> {
        match self {
            Self::Postmortem | Self::Update => facts::known(name),
            Self::Handoff => handoff::known(name),
        }
    }

    /// What is wrong with a text for it.
    pub fn mistakes(self, text: &RawText) -> Vec<Mistake> {
        fill(&lines(text), &|name| self.known(name)).1
    }
}

/// A template's lines.
pub fn lines(text: &RawText) -> Vec<SafeText> {
    clean_block(text)
}
