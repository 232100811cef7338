//! A document with what those who take it need besides its text: what it is called, and what it is of.

use jiff::Timestamp;

use super::document::Document;
use super::templates::Template;
use crate::model::incident::Incident;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// A document that may be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paper {
    /// What it is: `update`, `postmortem`, `handoff`.
    pub word: &'static str,
    /// What it is called where it needs a name.
    pub title: SafeText,
    /// Its text.
    pub document: Document,
    /// The environment of its incident.
    pub environment: Option<RawText>,
    /// The addresses that belong to its incident.
    pub links: Vec<RawText>,
    /// What may be named of it elsewhere.
    pub facts: Vec<(&'static str, SafeText)>,
    /// What the person should know before it leaves.
    pub remarks: Vec<SafeText>,
}

impl Paper {
    /// One of an incident.
    pub fn of_incident(template: Template, document: Document, incident: &Incident) -> Self {
        let id = clean(&RawText::from(incident.id.as_str()));
        let title = safe!("SEV{} {}", incident.severity.number(), clean(&incident.title));
        let title = match template {
            Template::Postmortem => safe!("Postmortem: {} ({})", title, id),
            Template::Update | Template::Handoff => safe!("{} ({})", title, id),
        };
        let optional = |text: &Option<RawText>| text.as_ref().map(clean).unwrap_or_default();
        let facts = vec![
            ("incident", id),
            ("severity", safe!("SEV{}", incident.severity.number())),
            ("status", SafeText::literal(incident.status.word())),
            ("service", optional(&incident.service)),
            ("environment", optional(&incident.environment)),
        ];
        let mut remarks = Vec::new();
        if incident.is_private {
            remarks.push("This incident is private: who reads there?".into());
        }
        if incident.is_drill {
            remarks.push("This is a drill: does the text say so?".into());
        }
        Self {
            word: template.word(),
            title,
            document: without_front(document),
            environment: incident.environment.clone(),
            links: incident.links.clone(),
            facts,
            remarks,
        }
    }

    /// The hand-over of a shift.
    pub fn of_shift(document: Document, now: Timestamp) -> Self {
        let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        Self {
            word: Template::Handoff.word(),
            title: safe!("Hand-over {}", date),
            document: without_front(document),
            environment: None,
            links: Vec::new(),
            facts: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

/// What programs read in a file is no text for people.
fn without_front(document: Document) -> Document {
    Document { front: Vec::new(), ..document }
}
