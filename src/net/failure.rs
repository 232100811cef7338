//! What went wrong, as the person reads it: a kind, the server's own words, and what to do.

use std::error::Error as _;
use std::io;

use serde_json::Value;

use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;

/// The server's own words are cut after so many characters.
const WORDS: usize = 200;

/// The failure that a status is; `None` if it is an answer.
pub(super) fn of_status(shown: &str, status: u16, reason: &str, body: &[u8]) -> Failure {
    let kind = match status {
        401 | 407 => FailureKind::Unauthorized,
        403 => FailureKind::Forbidden,
        404 | 410 => FailureKind::NotFound,
        408 => FailureKind::TimedOut,
        413 => FailureKind::TooLarge,
        429 => FailureKind::Throttled,
        500.. => FailureKind::Server,
        _ => FailureKind::Unreadable,
    };
    let kind = if status == 407 { FailureKind::Proxy } else { kind };
    let mut what = format!("{shown}: {status} {reason}").trim_end().to_owned().into_bytes();
    if let Some(words) = words(body) {
        what.extend_from_slice(b": ");
        what.extend_from_slice(words.as_bytes());
    }
    let failure = Failure::new(kind, RawText::from(what));
    match kind {
        FailureKind::Unauthorized => failure.advise("look whether the credential is right and has not expired"),
        FailureKind::Forbidden => failure.advise("ask for the permission, or use a credential that has it"),
        FailureKind::NotFound => {
            failure.advise("look at the names in the configuration; a server may also say this to hide what a credential may not see")
        }
        FailureKind::Proxy => failure.advise("look at the user and password in the proxy's address"),
        _ => failure,
    }
}

/// The failure of an exchange that got no whole answer.
pub(super) fn of_error(shown: &str, error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut deepest = error.to_string();
    let mut io = None;
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(found) = inner.downcast_ref::<io::Error>() {
            io = Some(found.kind());
        }
        deepest = inner.to_string();
        source = inner.source();
    }
    let kind = match io {
        _ if error.is_timeout() => FailureKind::TimedOut,
        _ if error.is_dns() => FailureKind::Unresolved,
        Some(io::ErrorKind::ConnectionRefused) => FailureKind::Refused,
        _ => FailureKind::Broken,
    };
    Failure::new(kind, format!("{shown}: {deepest}"))
}

/// serde's message without the value that it quotes: it may be anything, at any length.
pub(super) fn without_value(error: &serde_json::Error) -> String {
    let text: String = error.to_string().chars().take(WORDS).collect();
    text
}

/// What a server says about its refusal: the usual members of a JSON error, or the first line of text.
pub(super) fn words(body: &[u8]) -> Option<RawText> {
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(json) => said(&json)?,
        Err(_) if looks_like_html(body) => title(body)?,
        Err(_) => {
            String::from_utf8_lossy(body).lines().map(str::trim).find(|line| !line.is_empty())?.to_owned()
        }
    };
    let text: String = text.trim().chars().take(WORDS).collect();
    (!text.is_empty()).then(|| text.into())
}

fn said(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.iter().find_map(said),
        Value::Object(members) => {
            let usual = [
                "message",
                "error_description",
                "detail",
                "error",
                "errors",
                "errorMessages",
                "reason",
                "title",
            ];
            usual.iter().find_map(|name| said(members.get(*name)?))
        }
        _ => None,
    }
}

/// Whether a body is a page for a browser.
pub(super) fn looks_like_html(body: &[u8]) -> bool {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    begins(b"<!doctype html") || begins(b"<html") || begins(b"<head")
}

fn title(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    let from = lower.find("<title")?;
    let start = from + lower.get(from..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    text.get(start..end).map(str::to_owned)
}
