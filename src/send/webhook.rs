//! A webhook of one's own: the JSON of a template.

use serde_json::Value;

use super::Next;
use crate::model::outgoing::{Body, Outgoing};
use crate::net::exchange::{Request, Response};

/// What a template may name.
pub(super) struct Facts<'a> {
    pub(super) outgoing: &'a Outgoing,
    /// Markdown.
    pub(super) text: String,
    /// Text without marks.
    pub(super) plain: String,
}

impl Facts<'_> {
    /// The template with what its names stand for. Only texts are filled, so that no fact can be more than a
    /// text of the JSON.
    pub(super) fn fill(&self, template: &Value) -> Value {
        match template {
            Value::String(text) => Value::String(self.filled(text)),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.fill(value))).collect()
            }
            other => other.clone(),
        }
    }

    fn filled(&self, text: &str) -> String {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("{{")
            && let Some((slot, behind)) = after.split_once("}}")
        {
            filled.push_str(before);
            filled.push_str(self.fact(slot.trim()));
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }

    fn fact(&self, name: &str) -> &str {
        match name {
            "title" => self.outgoing.title.as_str(),
            "text" => &self.text,
            "plain" => &self.plain,
            "document" => self.outgoing.document,
            _ => {
                let fact = self.outgoing.facts.iter().find(|(known, _)| *known == name);
                fact.map(|(_, fact)| fact.as_str()).unwrap_or_default()
            }
        }
    }
}

/// Any status from 200 to 299 means that it is there.
pub(super) fn next(outgoing: &Outgoing, answers: &[Response]) -> Next {
    if !answers.is_empty() {
        return Next::Sent(None);
    }
    let body = match &outgoing.body {
        Body::Tree(body) => body.clone(),
        Body::Text(text) => Value::String(text.clone()),
    };
    Next::Ask(Request::post("", body).accept("*/*").changing())
}
