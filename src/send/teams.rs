//! Microsoft Teams: the webhook of a workflow ("When a Teams webhook request is received").
//!
//! The workflow answers 202. The connectors that it replaces say errors in a text with status 200.

use serde_json::json;

use super::{Next, refused};
use crate::model::health::{Failure, FailureKind};
use crate::model::outgoing::{Body, Outgoing};
use crate::net::exchange::{Request, Response};

pub(super) fn next(outgoing: &Outgoing, answers: &[Response]) -> Result<Next, Failure> {
    let Some(answer) = answers.first() else {
        let card = match &outgoing.body {
            Body::Tree(card) => card.clone(),
            Body::Text(_) => json!(null),
        };
        let body = json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": card,
            }],
        });
        return Ok(Next::Ask(Request::post("", body).accept("*/*").changing()));
    };
    let words = answer.words();
    let words = words.as_ref().and_then(|words| words.as_str()).unwrap_or_default();
    let lower = words.to_ascii_lowercase();
    if answer.status == 200 && ["error", "failed", "invalid"].iter().any(|word| lower.contains(word)) {
        return Err(refused(answer, FailureKind::Forbidden, words));
    }
    Ok(Next::Sent(None))
}
