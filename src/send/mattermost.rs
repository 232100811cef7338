//! Mattermost: posts of the API v4, and incoming webhooks.

use serde::Deserialize;
use serde_json::json;

use super::{Next, base, refused, unclear, with};
use crate::config::destinations::Destination;
use crate::model::health::{Failure, FailureKind};
use crate::model::outgoing::{Body, Outgoing};
use crate::net::exchange::{Request, Response, segment};

#[derive(Deserialize)]
struct Named {
    id: String,
}

fn text(outgoing: &Outgoing) -> &str {
    match &outgoing.body {
        Body::Text(text) => text,
        Body::Tree(_) => "",
    }
}

pub(super) fn post(
    destination: &Destination,
    outgoing: &Outgoing,
    answers: &[Response],
) -> Result<Next, Failure> {
    let by_name = destination.channel.split_once('/');
    let (channel, answers) = match (by_name, answers) {
        (None, answers) => (destination.channel.clone(), answers),
        (Some((team, channel)), []) => {
            let path = format!("/api/v4/teams/name/{}/channels/name/{}", segment(team), segment(channel));
            return Ok(Next::Ask(Request::get(path)));
        }
        (Some(_), [found, rest @ ..]) => (found.json::<Named>()?.id, rest),
    };
    let Some(posted) = answers.first() else {
        let body = json!({ "channel_id": channel, "message": text(outgoing) });
        return Ok(Next::Ask(Request::post("/api/v4/posts", body).changing()));
    };
    let post: Named = posted.json().map_err(unclear)?;
    Ok(Next::Sent(Some(format!("{}/_redirect/pl/{}", base(destination), segment(&post.id)).into())))
}

pub(super) fn webhook(
    destination: &Destination,
    outgoing: &Outgoing,
    answers: &[Response],
) -> Result<Next, Failure> {
    let Some(answer) = answers.first() else {
        let mut body = json!({ "text": text(outgoing) });
        if !destination.channel.is_empty() {
            body = with(body, "channel", json!(destination.channel));
        }
        return Ok(Next::Ask(Request::post("", body).accept("*/*").changing()));
    };
    if answer.body.trim_ascii() == b"ok" {
        return Ok(Next::Sent(None));
    }
    let words = answer.words();
    let words = words.as_ref().and_then(|words| words.as_str()).unwrap_or("an answer that is not `ok`");
    Err(unclear(refused(answer, FailureKind::Unreadable, words)))
}
