//! Plays rounds of a vendor against pages, without any I/O.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Ask, Fetched, Vendor};
use crate::config::endpoint::Endpoint;
use crate::model::health::{Failure, FailureKind};
use crate::model::update::{Detail, DetailKey, Snapshot};
use crate::net::exchange::{Request, Response};

/// An answer to this request, from a server at `https://vendor.example`.
pub(crate) fn answer(request: &Request, status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let endpoint = Endpoint::at("https://vendor.example").unwrap();
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Response::new(&endpoint.addresses[0].url, request, status, headers.collect(), body)
}

/// Plays one round: `page` answers every request. Returns what is seen and what is in trouble.
pub(crate) fn round<V: Vendor>(
    vendor: &V,
    state: &mut V::State,
    now: Timestamp,
    backfill: Option<Timestamp>,
    page: impl Fn(&Ask<V::Tag>) -> Result<Response, Failure>,
) -> (Snapshot, Vec<Failure>) {
    let mut waiting = VecDeque::from(vendor.round(state, now, backfill));
    let mut troubles = Vec::new();
    while let Some(ask) = waiting.pop_front() {
        match page(&ask) {
            Ok(response) if response.status == 304 => waiting.extend(vendor.unchanged(state, &ask)),
            Ok(response) => match vendor.accept(state, &ask, &response, now) {
                Ok(took) => {
                    troubles.extend(took.trouble);
                    waiting.extend(took.more);
                }
                Err(failure) => troubles.push(failure),
            },
            Err(failure) => troubles.push(vendor.explain(&ask, failure)),
        }
    }
    let snapshot = vendor.snapshot(state, now);
    troubles.extend(vendor.left_out(state));
    (snapshot, troubles)
}

/// Plays the fetching of a detail until it is whole or grows.
pub(crate) fn fetched<V: Vendor>(
    vendor: &V,
    state: &mut V::State,
    key: &DetailKey,
    page: impl Fn(&Ask<V::Tag>) -> Result<Response, Failure>,
) -> Result<Fetched<V::Tag>, Failure> {
    let mut ask = vendor.detail(state, key).expect("the vendor has this detail");
    loop {
        match vendor.accept_detail(state, key, &ask, &page(&ask)?)? {
            Fetched::More(next) => ask = next,
            fetched => return Ok(fetched),
        }
    }
}

/// The same, for who wants what is there now.
pub(crate) fn detail<V: Vendor>(
    vendor: &V,
    state: &mut V::State,
    key: &DetailKey,
    page: impl Fn(&Ask<V::Tag>) -> Result<Response, Failure>,
) -> Result<Detail, Failure> {
    match fetched(vendor, state, key, page)? {
        Fetched::Done(detail) | Fetched::Growing(detail, ..) => Ok(detail),
        Fetched::More(_) => unreachable!("it was asked"),
    }
}

/// The lines of a detail.
pub(crate) fn lines(detail: &Detail) -> Vec<&str> {
    let Detail::Log(lines) = detail else { panic!("{detail:?}") };
    lines.iter().map(|line| line.as_str().unwrap()).collect()
}

/// What was asked of a server and what it answered, as in `tests/fixtures`.
pub(crate) struct Recorded {
    base: Url,
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Exchange {
    /// With its query.
    path: String,
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A text is a body that is no JSON.
    response: Value,
}

impl Recorded {
    /// Reads the exchanges with the API at `base`.
    pub(crate) fn new(base: &str, json: &str) -> Self {
        let base = Endpoint::at(base).unwrap().addresses.remove(0).url;
        Self { base, exchanges: serde_json::from_str(json).unwrap() }
    }

    /// What was answered to this request; `None` if it was never made.
    pub(crate) fn answer(&self, request: &Request) -> Option<Result<Response, Failure>> {
        let exchange = self.find(request)?;
        if !(200..300).contains(&exchange.status) && !request.also.contains(&exchange.status) {
            let kind = match exchange.status {
                401 => FailureKind::Unauthorized,
                403 => FailureKind::Forbidden,
                404 => FailureKind::NotFound,
                _ => FailureKind::Server,
            };
            return Some(Err(Failure::new(kind, exchange.status.to_string())));
        }
        let headers = exchange.headers.clone().into_iter().collect();
        let body = exchange.response.as_str().map_or_else(|| exchange.response.to_string(), str::to_owned);
        Some(Ok(Response::new(&self.base, request, exchange.status, headers, body)))
    }

    /// That what was answered to this request is still the answer; `None` if nobody could tell.
    pub(crate) fn unchanged<T>(&self, ask: &Ask<T>) -> Option<Result<Response, Failure>> {
        let exchange = self.find(&ask.request)?;
        let known = ask.conditional && exchange.headers.contains_key("etag");
        known.then(|| Ok(Response::new(&self.base, &ask.request, 304, Vec::new(), "")))
    }

    /// What was asked.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &str> {
        self.exchanges.iter().map(|exchange| exchange.path.as_str())
    }

    fn find(&self, request: &Request) -> Option<&Exchange> {
        let line = line_of(request);
        self.exchanges.iter().find(|exchange| exchange.path == line)
    }
}

/// The path and query of a request.
pub(crate) fn line_of(request: &Request) -> String {
    let pairs: Vec<String> = request.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if pairs.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, pairs.join("&")) }
}
