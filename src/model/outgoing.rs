//! What is sent to others: what exactly, where to, and what came of it.

use serde_json::Value;

use crate::model::health::Failure;
use crate::model::note::What;
use crate::model::terms::Field;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// A document on its way out, exactly as it is sent. Who decides whether it may go has seen all of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    /// The name of its destination.
    pub destination: RawText,
    /// Where that is.
    pub place: SafeText,
    /// What it is, such as `update`.
    pub document: &'static str,
    /// What it is called there.
    pub title: SafeText,
    /// Its text in the form that the destination takes.
    pub body: Body,
    /// The same for a person to read, line by line.
    pub shown: Vec<SafeText>,
    /// What the person should know before it goes.
    pub remarks: Vec<SafeText>,
    /// It becomes something that is there for good, such as a ticket, and not one message of many.
    pub is_kept: bool,
    /// The addresses that belong to its incident.
    pub links: Vec<RawText>,
    /// What a webhook's template may name beside title and text.
    pub facts: Vec<(&'static str, SafeText)>,
}

/// A text in the form of a vendor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// Markup.
    Text(String),
    /// A tree.
    Tree(Value),
}

impl Outgoing {
    /// What the timeline gets before it goes out: what comes of it is an entry of its own.
    pub fn begun(&self) -> SafeText {
        let to = clean(&self.destination);
        safe!("sending {} to {} ({})", SafeText::literal(self.document), to, self.place)
    }
}

/// What came of sending something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// It arrived; where a browser shows it.
    Sent(Option<RawText>),
    /// It did not arrive, and why.
    Refused(Failure),
    /// It may have arrived or not, and why nobody knows.
    Unknown(Failure),
}

impl Delivery {
    /// What the timeline gets of it. Where those who wait were told how it stands, that is an update; what has
    /// an address of its own is a link of the incident from here on.
    pub fn entries(&self, outgoing: &Outgoing) -> Vec<(What, RawText)> {
        let raw = |text: SafeText| RawText::from(text.as_str());
        let said = match self {
            Self::Sent(_) if outgoing.document == "update" => (What::Update, raw(self.words(outgoing))),
            _ => (What::Note, raw(self.words(outgoing))),
        };
        let link = match self {
            Self::Sent(Some(link)) if outgoing.is_kept => Some((What::Set(Field::Link), link.clone())),
            _ => None,
        };
        std::iter::once(said).chain(link).collect()
    }

    /// What is told of it: `sent update to chat (Slack #ops): https://...`.
    pub fn words(&self, outgoing: &Outgoing) -> SafeText {
        let what = SafeText::literal(outgoing.document);
        let (to, place) = (clean(&outgoing.destination), &outgoing.place);
        match self {
            Self::Sent(None) => safe!("sent {} to {} ({})", what, to, place),
            Self::Sent(Some(link)) => safe!("sent {} to {} ({}): {}", what, to, place, clean(link)),
            Self::Refused(failure) => {
                safe!("not sent: {} to {} ({}): {}", what, to, place, why(failure))
            }
            Self::Unknown(failure) => {
                safe!("UNKNOWN whether {} was sent to {} ({}): {}", what, to, place, why(failure))
            }
        }
    }
}

fn why(failure: &Failure) -> SafeText {
    let mut said = clean(&failure.what);
    if let Some(at) = failure.next_try {
        let at = RawText::from(at.strftime("%H:%M:%SZ").to_string());
        said.push(&safe!("; not before {}", clean(&at)));
    }
    if let Some(advice) = &failure.advice {
        said.push(&safe!("; {}", clean(advice)));
    }
    said
}
