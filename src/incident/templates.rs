//! The templates that there are: their text, and what may be named in them.

use std::collections::BTreeMap;

use super::document::Document;
use super::facts;
use super::fill::{Lookup, Mistake, Value, fill};
use super::handoff;
use crate::model::text::{RawText, SafeText, clean_block};

/// A document that a template says how to write.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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

    /// The word for it in commands.
    pub fn word(self) -> &'static str {
        match self {
            Self::Postmortem => "postmortem",
            Self::Update => "update",
            Self::Handoff => "handoff",
        }
    }

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

/// Templates of the person's own, beside those that come with midwatch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Templates(BTreeMap<Template, RawText>);

impl Templates {
    /// Takes these instead of midwatch's own.
    pub fn new(own: impl IntoIterator<Item = (Template, RawText)>) -> Self {
        Self(own.into_iter().collect())
    }

    /// The document that a template makes of what is known. One in which something is wrong makes none: then
    /// midwatch's own is used, and what is wrong is told.
    pub fn made(&self, template: Template, lookup: Lookup<'_>) -> (Document, Vec<Mistake>) {
        let mut mistakes = Vec::new();
        if let Some(text) = self.0.get(&template) {
            let (document, found) = fill(&lines(text), lookup);
            if found.is_empty() {
                return (document, found);
            }
            mistakes = found;
        }
        (fill(&lines(&template.built_in()), lookup).0, mistakes)
    }
}
