//! Issues on GitHub and GitLab.

use serde_json::{Value, json};

use super::{Next, member, refused, unclear, with};
use crate::config::destinations::Destination;
use crate::model::health::{Failure, FailureKind};
use crate::model::outgoing::{Body, Outgoing};
use crate::net::exchange::{Request, Response, segment};

/// The longest title that both take, characters.
const TITLE: usize = 255;

fn text(outgoing: &Outgoing) -> &str {
    match &outgoing.body {
        Body::Text(text) => text,
        Body::Tree(_) => "",
    }
}

fn title(outgoing: &Outgoing) -> String {
    outgoing.title.as_str().chars().take(TITLE).collect()
}

pub(super) fn github(
    destination: &Destination,
    outgoing: &Outgoing,
    answers: &[Response],
) -> Result<Next, Failure> {
    let Some(answer) = answers.first() else {
        let (owner, repository) = destination.project.split_once('/').unwrap_or_default();
        let path = format!("/repos/{}/{}/issues", segment(owner), segment(repository));
        let body = json!({ "title": title(outgoing), "body": text(outgoing), "labels": destination.labels });
        let request = Request::post(path, body).accept("application/vnd.github+json");
        let request = request.header("X-GitHub-Api-Version", "2022-11-28").also(&[422]).changing();
        return Ok(Next::Ask(request));
    };
    made(answer, "html_url", 422)
}

pub(super) fn gitlab(
    destination: &Destination,
    outgoing: &Outgoing,
    answers: &[Response],
) -> Result<Next, Failure> {
    let Some(answer) = answers.first() else {
        let path = format!("/api/v4/projects/{}/issues", segment(&destination.project));
        let mut body = json!({ "title": title(outgoing), "description": text(outgoing) });
        if !destination.labels.is_empty() {
            body = with(body, "labels", json!(destination.labels.join(",")));
        }
        return Ok(Next::Ask(Request::post(path, body).also(&[400]).changing()));
    };
    made(answer, "web_url", 400)
}

/// The address, or what is wrong with what was asked.
fn made(answer: &Response, link: &str, wrong: u16) -> Result<Next, Failure> {
    if answer.status == wrong {
        let said: Value = answer.json().unwrap_or_default();
        return Err(refused(answer, FailureKind::Forbidden, &words(&said, wrong)));
    }
    let made: Value = answer.json().map_err(unclear)?;
    let link = member(&made, link)
        .as_str()
        .filter(|link| link.starts_with("https://") || link.starts_with("http://"));
    match link {
        Some(link) => Ok(Next::Sent(Some(link.into()))),
        None => Err(unclear(answer.unreadable("it names no issue"))),
    }
}

/// GitHub: `{"message", "errors": [{"field", "code", "message"}]}`; GitLab: `{"message": {field: [text]}}` or
/// `{"error": text}`.
fn words(said: &Value, status: u16) -> String {
    let mut all: Vec<String> = Vec::new();
    all.extend(["message", "error"].iter().filter_map(|name| member(said, name).as_str()).map(str::to_owned));
    for (field, what) in member(said, "message").as_object().into_iter().flatten() {
        let texts = what.as_array().into_iter().flatten().filter_map(Value::as_str);
        all.extend(texts.map(|text| format!("{field} {text}")));
    }
    for error in member(said, "errors").as_array().into_iter().flatten() {
        let parts = ["field", "code", "message"].iter().filter_map(|name| member(error, name).as_str());
        all.extend(Some(parts.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty()));
    }
    if all.is_empty() { format!("status {status}") } else { all.join("; ") }
}
