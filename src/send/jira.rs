//! Jira: new issues and comments, of Atlassian's cloud (API 3, text as a tree) and of a Data Center (API 2, wiki
//! markup).

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Next, base, member, refused, unclear};
use crate::config::destinations::Destination;
use crate::model::health::{Failure, FailureKind};
use crate::model::outgoing::{Body, Outgoing};
use crate::model::text::RawText;
use crate::net::exchange::{Request, Response, segment};

/// The longest summary, characters.
const SUMMARY: usize = 255;

#[derive(Deserialize)]
struct Created {
    key: String,
}

#[derive(Deserialize)]
struct Comment {
    id: String,
}

fn api(destination: &Destination) -> &'static str {
    if destination.data_center { "/rest/api/2" } else { "/rest/api/3" }
}

fn text(outgoing: &Outgoing) -> Value {
    match &outgoing.body {
        Body::Text(text) => json!(text),
        Body::Tree(tree) => tree.clone(),
    }
}

pub(super) fn create(
    destination: &Destination,
    outgoing: &Outgoing,
    answers: &[Response],
) -> Result<Next, Failure> {
    let Some(answer) = answers.first() else {
        let summary: String = outgoing.title.as_str().chars().take(SUMMARY).collect();
        // By the incident's name it is found again, also where nobody knows whether it was made.
        let incident = outgoing.facts.iter().filter(|(name, _)| *name == "incident");
        let incident = incident.map(|(_, id)| id.as_str());
        let labels: Vec<&str> = destination.labels.iter().map(String::as_str).chain(incident).collect();
        let body = json!({ "fields": {
            "project": { "key": destination.project },
            "issuetype": { "name": destination.issue_type },
            "summary": summary,
            "description": text(outgoing),
            "labels": labels,
        }});
        let request = Request::post(format!("{}/issue", api(destination)), body).also(&[400]).changing();
        return Ok(Next::Ask(request));
    };
    accepted(answer)?;
    let created: Created = answer.json().map_err(unclear)?;
    Ok(Next::Sent(browse(destination, &created.key)))
}

pub(super) fn comment(
    destination: &Destination,
    outgoing: &Outgoing,
    answers: &[Response],
) -> Result<Next, Failure> {
    let Some(key) = issue(destination, outgoing) else {
        let what = "no issue is among the incident's links";
        return Err(Failure::new(FailureKind::Missing, what));
    };
    let Some(answer) = answers.first() else {
        let path = format!("{}/issue/{}/comment", api(destination), segment(&key));
        let body = json!({ "body": text(outgoing) });
        return Ok(Next::Ask(Request::post(path, body).also(&[400]).changing()));
    };
    accepted(answer)?;
    let comment: Comment = answer.json().map_err(unclear)?;
    let link = browse(destination, &key).and_then(|link| {
        Some(format!("{}?focusedCommentId={}", link.as_str()?, segment(&comment.id)).into())
    });
    Ok(Next::Sent(link))
}

/// The issue of this Jira among the links of the incident, the last one.
pub(super) fn issue(destination: &Destination, outgoing: &Outgoing) -> Option<String> {
    let before = format!("{}/browse/", base(destination));
    let key = |link: &RawText| {
        let rest = link.as_str()?.strip_prefix(&before)?;
        let key = rest.split(['?', '#', '/']).next()?;
        let (project, number) = key.rsplit_once('-')?;
        let is_key = project.starts_with(|c: char| c.is_ascii_uppercase())
            && project.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit());
        is_key.then(|| key.to_owned())
    };
    outgoing.links.iter().rev().find_map(key)
}

/// Where a browser shows an issue; the common address of Atlassian's API shows none.
fn browse(destination: &Destination, key: &str) -> Option<RawText> {
    let base = base(destination);
    let is_api = base.starts_with("https://api.atlassian.com/");
    (!is_api).then(|| format!("{base}/browse/{}", segment(key)).into())
}

/// That nothing is wrong with the fields, or what is.
fn accepted(answer: &Response) -> Result<(), Failure> {
    if answer.status != 400 {
        return Ok(());
    }
    let said: Value = answer.json().unwrap_or_default();
    let general = member(&said, "errorMessages").as_array().into_iter().flatten().filter_map(Value::as_str);
    let general = general.map(str::to_owned);
    let fields = member(&said, "errors").as_object().into_iter().flatten();
    let fields = fields.map(|(field, what)| format!("{field}: {}", what.as_str().unwrap_or_default()));
    let all: Vec<String> = general.chain(fields).collect();
    let words = if all.is_empty() { "400 Bad Request".to_owned() } else { all.join("; ") };
    Err(refused(answer, FailureKind::Forbidden, &words))
}
