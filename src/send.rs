//! Sends documents to where other people read: chat, tickets, wiki, webhooks.
//!
//! A document is put into the form of its destination first ([`outgoing`]), so that a person sees exactly what
//! would be sent; only what was agreed to is delivered, and nothing is ever sent twice by itself.

mod adf;
mod card;
mod confluence;
mod forge;
mod jira;
mod mattermost;
mod size;
mod slack;
mod storage;
mod teams;
mod text;
mod webhook;

use serde_json::Value;

use crate::action::confirm::Confirmed;
use crate::config::destinations::{Destination, Kind};
use crate::incident::document::Document;
use crate::incident::paper::Paper;
use crate::incident::write::{Format, write};
use crate::model::health::{Failure, FailureKind};
use crate::model::outgoing::{Body, Delivery, Outgoing};
use crate::model::text::{RawText, SafeText, clean};
use crate::net::Net;
use crate::net::client::{Auth, Class, Client};
use crate::net::credential::Mask;
use crate::net::exchange::{Request, Response};
use crate::safe;

const LOOK: &str = "look there whether it arrived before you send it again";

/// What is done next on the way.
enum Next {
    /// This is asked.
    Ask(Request),
    /// It is there, and this tells where; if not, it is there all the same.
    Also(Request),
    /// It is there, and a browser shows it here.
    Sent(Option<RawText>),
}

/// Puts a document into the form that a destination takes, without any secret.
///
/// Errors when it cannot be sent there.
pub fn outgoing(destination: &Destination, paper: &Paper, mask: &Mask) -> Result<Outgoing, SafeText> {
    let mut remarks = paper.remarks.clone();
    let mut hidden = 0_usize;
    let mut clear = |text: &SafeText, _| text::clear(text, mask, &mut hidden);
    let document = paper.document.mapped(&mut clear);
    let title = clear(&paper.title, false);
    let facts = paper.facts.iter().map(|(name, fact)| (*name, clear(fact, false))).collect();
    if hidden > 0 {
        let places = if hidden == 1 { "1 place".into() } else { safe!("{} places", hidden) };
        remarks.push(safe!("What looked like a secret was taken out in {}.", places));
    }
    let mut outgoing = Outgoing {
        destination: destination.name.clone(),
        place: destination.place(),
        document: paper.word,
        title,
        body: Body::Text(String::new()),
        shown: Vec::new(),
        remarks,
        is_kept: matches!(destination.kind, Kind::Jira | Kind::Confluence | Kind::Github | Kind::Gitlab),
        links: paper.links.clone(),
        facts,
    };
    if destination.kind == Kind::JiraComment {
        let issue = jira::issue(destination, &outgoing).ok_or_else(|| {
            safe!(
                "{} comments on an issue, and none of {} is among the incident's links: \
                 set link https://.../browse/KEY-1",
                clean(&destination.name),
                destination.place()
            )
        })?;
        outgoing.place = safe!("{} {}", destination.place(), clean(&issue.into()));
    }
    let form = |document: &Document| body(destination, &outgoing, document);
    let (document, cut) = size::fitting(&document, |document| size::fits(destination.kind, &form(document)))
        .ok_or_else(|| safe!("{} takes no text as short as this", destination.place()))?;
    let body = form(&document);
    outgoing.remarks.extend(cut);
    outgoing.shown = match &body {
        Body::Text(text) => text.lines().map(|line| clean(&line.into())).collect(),
        Body::Tree(tree) if destination.kind == Kind::Webhook => {
            format!("{tree:#}").lines().map(|line| clean(&line.into())).collect()
        }
        Body::Tree(_) => write(&document, Format::Plain),
    };
    outgoing.body = body;
    Ok(outgoing)
}

/// A document in the form of a destination.
fn body(destination: &Destination, outgoing: &Outgoing, document: &Document) -> Body {
    let lines = |document: &Document, format| {
        let lines = write(document, format);
        lines.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n")
    };
    let markdown = || lines(document, Format::Gfm);
    match destination.kind {
        Kind::Slack | Kind::SlackWebhook => Body::Text(lines(document, Format::Slack)),
        Kind::Teams => Body::Tree(card::card(&outgoing.title, document)),
        Kind::Mattermost | Kind::MattermostWebhook | Kind::Github | Kind::Gitlab => Body::Text(markdown()),
        Kind::Jira | Kind::JiraComment if destination.data_center => {
            Body::Text(lines(document, Format::Jira))
        }
        Kind::Jira | Kind::JiraComment => Body::Tree(adf::tree(document)),
        Kind::Confluence => Body::Text(storage::storage(document)),
        Kind::Webhook => {
            let facts = webhook::Facts { outgoing, text: markdown(), plain: lines(document, Format::Plain) };
            Body::Tree(facts.fill(&destination.template))
        }
    }
}

/// Sends what a person has agreed to, once.
pub async fn deliver(net: &Net, destination: &Destination, agreed: &Confirmed<Outgoing>) -> Delivery {
    let outgoing = agreed.of();
    // What is sent is what was seen: a secret that became known since then must not be in it.
    net.read_for(&destination.endpoint).await;
    let mask = net.vault().mask();
    if text::is_in(outgoing, mask) {
        let what = "a secret that is known by now stands in the text; look at it again";
        return Delivery::Refused(Failure::new(FailureKind::Forbidden, what));
    }
    let client = Client::new(destination.endpoint.clone(), auth(destination), net);
    let mut answers = Vec::new();
    loop {
        let step = next(destination, outgoing, &answers).map_err(|failure| mask.failure(failure));
        let (request, is_there) = match step {
            Ok(Next::Sent(link)) => return Delivery::Sent(link),
            Ok(Next::Ask(request)) => (request, false),
            Ok(Next::Also(request)) => (request, true),
            Err(failure) => return undelivered(failure),
        };
        match client.send(&request, Class::Person).await {
            Ok(answer) => answers.push(answer),
            Err(_) if is_there => return Delivery::Sent(None),
            Err(failure) => return undelivered(failure),
        }
    }
}

fn undelivered(failure: Failure) -> Delivery {
    match failure.kind {
        FailureKind::Unknown => Delivery::Unknown(failure),
        _ => Delivery::Refused(failure),
    }
}

/// How a destination is shown its credential.
fn auth(destination: &Destination) -> Auth {
    match destination.kind {
        _ if destination.hidden_address => Auth::Address,
        Kind::Gitlab => Auth::Header("private-token"),
        _ => Auth::Bearer,
    }
}

/// What is done after these answers.
fn next(destination: &Destination, outgoing: &Outgoing, answers: &[Response]) -> Result<Next, Failure> {
    match destination.kind {
        Kind::Slack => slack::message(destination, outgoing, answers),
        Kind::SlackWebhook => slack::webhook(outgoing, answers),
        Kind::Teams => teams::next(outgoing, answers),
        Kind::Mattermost => mattermost::post(destination, outgoing, answers),
        Kind::MattermostWebhook => mattermost::webhook(destination, outgoing, answers),
        Kind::Jira => jira::create(destination, outgoing, answers),
        Kind::JiraComment => jira::comment(destination, outgoing, answers),
        Kind::Confluence => confluence::next(destination, outgoing, answers),
        Kind::Github => forge::github(destination, outgoing, answers),
        Kind::Gitlab => forge::gitlab(destination, outgoing, answers),
        Kind::Webhook => Ok(webhook::next(outgoing, answers)),
    }
}

/// The server took it, and what it says of it cannot be understood.
fn unclear(failure: Failure) -> Failure {
    Failure { kind: FailureKind::Unknown, ..failure }.advise(LOOK)
}

/// A refusal in the vendor's words, which came as an answer.
fn refused(answer: &Response, kind: FailureKind, words: &str) -> Failure {
    let words = answer.brief(words);
    Failure::new(kind, RawText::from(format!("{}: {words}", answer.shown())))
}

/// An object with one more member.
fn with(mut object: Value, name: &str, member: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert(name.to_owned(), member);
    }
    object
}

/// A member of an object; nothing where there is none.
fn member<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

/// The first address of a destination, without a slash at its end.
fn base(destination: &Destination) -> String {
    let address = destination.endpoint.addresses.first();
    address.map(|address| address.url.as_str().trim_end_matches('/').to_owned()).unwrap_or_default()
}
