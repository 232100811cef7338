//! Plays rounds of a vendor against pages, without any I/O.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{Ask, Fetched, Vendor};
use crate::config::endpoint::Endpoint;
use crate::model::health::Failure;
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
            Err(failure) => troubles.push(failure),
        }
    }
    (vendor.snapshot(state, now), troubles)
}

/// Plays the fetching of a detail until it is whole or grows.
pub(crate) fn detail<V: Vendor>(
    vendor: &V,
    state: &V::State,
    key: &DetailKey,
    page: impl Fn(&Ask<V::Tag>) -> Result<Response, Failure>,
) -> Result<Detail, Failure> {
    let mut ask = vendor.detail(state, key).expect("the vendor has this detail");
    loop {
        match vendor.accept_detail(state, key, &ask, &page(&ask)?)? {
            Fetched::More(next) => ask = next,
            Fetched::Done(detail) | Fetched::Growing(detail, ..) => return Ok(detail),
        }
    }
}
