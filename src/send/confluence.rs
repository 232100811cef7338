//! Confluence: new pages, of Atlassian's cloud (API v2) and of a Data Center.

use serde::Deserialize;
use serde_json::json;

use super::{Next, base, refused, unclear, with};
use crate::config::destinations::Destination;
use crate::model::health::{Failure, FailureKind};
use crate::model::outgoing::{Body, Outgoing};
use crate::net::exchange::{Request, Response, segment};

/// The longest title, characters.
const TITLE: usize = 255;

#[derive(Deserialize)]
struct Spaces {
    results: Vec<Space>,
}

#[derive(Deserialize)]
struct Space {
    id: String,
    key: String,
}

#[derive(Deserialize)]
struct Page {
    id: String,
}

pub(super) fn next(
    destination: &Destination,
    outgoing: &Outgoing,
    answers: &[Response],
) -> Result<Next, Failure> {
    let title: String = outgoing.title.as_str().chars().take(TITLE).collect();
    let value = match &outgoing.body {
        Body::Text(text) => text.as_str(),
        Body::Tree(_) => "",
    };
    if destination.data_center {
        let Some(made) = answers.first() else {
            let mut body = json!({
                "type": "page",
                "title": title,
                "space": { "key": destination.space },
                "body": { "storage": { "value": value, "representation": "storage" } },
            });
            if let Some(parent) = &destination.parent {
                body = with(body, "ancestors", json!([{ "id": parent }]));
            }
            return Ok(Next::Ask(Request::post("/rest/api/content", body).changing()));
        };
        return page(destination, "", made);
    }
    let Some(spaces) = answers.first() else {
        return Ok(Next::Ask(Request::get("/wiki/api/v2/spaces").query("keys", &destination.space)));
    };
    if let Some(made) = answers.get(1) {
        return page(destination, "/wiki", made);
    }
    let found: Spaces = spaces.json()?;
    let space = found.results.into_iter().find(|space| space.key == destination.space).ok_or_else(|| {
        let what = format!("there is no space {} that this credential may see", destination.space);
        refused(spaces, FailureKind::NotFound, &what).advise("look at `space`, and at who may see it")
    })?;
    let mut body = json!({
        "spaceId": space.id,
        "status": "current",
        "title": title,
        "body": { "representation": "storage", "value": value },
    });
    if let Some(parent) = &destination.parent {
        body = with(body, "parentId", json!(parent));
    }
    Ok(Next::Ask(Request::post("/wiki/api/v2/pages", body).changing()))
}

fn page(destination: &Destination, below: &str, made: &Response) -> Result<Next, Failure> {
    let page: Page = made.json().map_err(unclear)?;
    let (base, id) = (base(destination), segment(&page.id));
    Ok(Next::Sent(Some(format!("{base}{below}/pages/viewpage.action?pageId={id}").into())))
}
