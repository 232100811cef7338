//! Slack: `chat.postMessage` of the Web API, and incoming webhooks.
//!
//! <https://docs.slack.dev/reference/methods/chat.postMessage>: the status is 200 also where nothing was posted.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Next, refused, unclear, with};
use crate::config::destinations::Destination;
use crate::model::health::{Failure, FailureKind};
use crate::model::outgoing::{Body, Outgoing};
use crate::net::exchange::{Request, Response};

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    needed: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    ts: Option<String>,
    #[serde(default)]
    permalink: Option<String>,
}

/// A message in a channel. Names and links in it call nobody and are not looked at.
fn text(outgoing: &Outgoing) -> Value {
    let text = match &outgoing.body {
        Body::Text(text) => text.as_str(),
        Body::Tree(_) => "",
    };
    json!({
        "text": text,
        "mrkdwn": true,
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

pub(super) fn message(
    destination: &Destination,
    outgoing: &Outgoing,
    answers: &[Response],
) -> Result<Next, Failure> {
    let Some(posted) = answers.first() else {
        let body = with(text(outgoing), "channel", json!(destination.channel));
        return Ok(Next::Ask(Request::post("/api/chat.postMessage", body).changing()));
    };
    if let Some(link) = answers.get(1) {
        let link = link.json::<Answer>().ok().and_then(|answer| answer.permalink);
        return Ok(Next::Sent(link.filter(|link| link.starts_with("https://")).map(Into::into)));
    }
    let answer: Answer = posted.json().map_err(unclear)?;
    if !answer.ok {
        return Err(refusal(posted, &answer));
    }
    let (Some(channel), Some(ts)) = (answer.channel, answer.ts) else { return Ok(Next::Sent(None)) };
    let link = Request::get("/api/chat.getPermalink").query("channel", channel).query("message_ts", ts);
    Ok(Next::Also(link))
}

fn refusal(posted: &Response, answer: &Answer) -> Failure {
    let word = answer.error.as_deref().unwrap_or("it was not posted, and Slack does not say why");
    let (kind, advice) = match word {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => (
            FailureKind::Unauthorized,
            Some("look whether the token is right and has not expired".to_owned()),
        ),
        "not_in_channel" => (FailureKind::Forbidden, Some("invite the app into the channel".to_owned())),
        "channel_not_found" => (
            FailureKind::NotFound,
            Some("look at `channel`; the app sees a private channel only when it is in it".to_owned()),
        ),
        "missing_scope" => {
            let needed = answer.needed.as_deref().unwrap_or("chat:write");
            (FailureKind::Forbidden, Some(format!("give the app the scope {needed}")))
        }
        "ratelimited" | "rate_limited" => (FailureKind::Throttled, None),
        _ => (FailureKind::Forbidden, None),
    };
    let failure = refused(posted, kind, word);
    match advice {
        Some(advice) => failure.advise(posted.brief(&advice)),
        None => failure,
    }
}

pub(super) fn webhook(outgoing: &Outgoing, answers: &[Response]) -> Result<Next, Failure> {
    let Some(answer) = answers.first() else {
        return Ok(Next::Ask(Request::post("", text(outgoing)).accept("*/*").changing()));
    };
    if answer.body.trim_ascii() == b"ok" {
        return Ok(Next::Sent(None));
    }
    let words = answer.words();
    let words = words.as_ref().and_then(|words| words.as_str()).unwrap_or("an answer that is not `ok`");
    Err(unclear(refused(answer, FailureKind::Unreadable, words)))
}
