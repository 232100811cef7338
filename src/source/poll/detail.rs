//! Details: what is fetched only because somebody looks at it, beside the rounds.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::round::Memory;
use super::{Fetched, Poll, Vendor};
use crate::model::health::{Failure, FailureKind};
use crate::model::update::DetailKey;
use crate::net::client::Class;
use crate::source::outlet::Outlet;

/// Requests for one detail. One that needs more is given up, and it is said.
const MOST: usize = 50;
/// How long something that grows is followed without being asked for anew.
const FOLLOWED: Duration = Duration::from_secs(15 * 60);

/// Fetches a detail and says it, also while it grows.
pub(super) async fn fetch<V: Vendor>(
    poll: Arc<Poll<V>>,
    memory: Arc<Memory<V>>,
    key: DetailKey,
    outlet: Outlet,
) {
    let until = Instant::now() + FOLLOWED;
    let Some(mut ask) = memory.with(|state| poll.vendor.detail(state, &key)) else {
        let failure = unknown(&key);
        return outlet.detail(key, Err(failure)).await;
    };
    let mut asked = 0;
    loop {
        let answer = poll.transport.send(None, &ask.request, Class::Person).await;
        let answer = answer.map_err(|failure| poll.vendor.explain(&ask, failure));
        let fetched = answer.and_then(|response| {
            let fetched = memory.with(|state| poll.vendor.accept_detail(state, &key, &ask, &response));
            fetched.map_err(|failure| response.masked(failure))
        });
        match fetched {
            Ok(Fetched::More(next)) => {
                asked += 1;
                if asked == MOST {
                    let what = format!("more than {MOST} requests for one page");
                    let failure = Failure::new(FailureKind::TooLarge, what);
                    return outlet.detail(key, Err(failure)).await;
                }
                ask = next;
            }
            Ok(Fetched::Done(detail)) => return outlet.detail(key, Ok(detail)).await,
            Ok(Fetched::Growing(detail, wait, next)) => {
                outlet.detail(key.clone(), Ok(detail)).await;
                if Instant::now() + wait >= until {
                    return;
                }
                tokio::time::sleep(wait).await;
                (ask, asked) = (next, 0);
            }
            Err(failure) => return outlet.detail(key, Err(failure)).await,
        }
    }
}

/// The failure of a detail that the source does not have, or not any more.
pub fn unknown(key: &DetailKey) -> Failure {
    let what = match key {
        DetailKey::Jobs { .. } => "the source has no jobs of this run",
        DetailKey::StepLog { .. } => "the source has no log of this step",
        DetailKey::JobLog { .. } => "the source has no log of this job",
        DetailKey::Groups { .. } => "the source puts no alerts together",
        DetailKey::Graph { .. } => "the source draws no graphs",
    };
    Failure::new(FailureKind::Missing, what)
}
