//! One round: what a vendor asks, a few at a time, until nothing more is asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Ask, Poll, Took, Vendor};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::net::client::Class;
use crate::net::exchange::{Request, Response};

/// Requests of one source that are under way at a time.
const AT_ONCE: usize = 4;
/// Requests of one round. A vendor that asks for more pages than this is stopped, and it is said.
const MOST: usize = 500;
/// Validators that are kept. Of more than these, the one that was of no use for longest goes.
const VALIDATORS: usize = 1000;

/// What lasts from round to round, and is looked into while details are fetched.
pub(super) struct Memory<V: Vendor> {
    state: Mutex<V::State>,
    validators: Mutex<Validators>,
}

/// `ETag`s by what was asked.
#[derive(Default)]
struct Validators {
    /// Each with a number that grows with each use.
    known: BTreeMap<String, (String, u64)>,
    uses: u64,
}

impl Validators {
    fn of(&mut self, request: &Request) -> Option<String> {
        self.uses += 1;
        let (tag, used) = self.known.get_mut(&key_of(request))?;
        *used = self.uses;
        Some(tag.clone())
    }

    fn keep(&mut self, request: &Request, tag: &str) {
        self.uses += 1;
        self.known.insert(key_of(request), (tag.to_owned(), self.uses));
        if self.known.len() > VALIDATORS {
            let oldest = self.known.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.known.remove(&key));
        }
    }
}

impl<V: Vendor> Default for Memory<V> {
    fn default() -> Self {
        Self { state: Mutex::default(), validators: Mutex::default() }
    }
}

impl<V: Vendor> Memory<V> {
    /// Works on the state. Nothing waits in here.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut V::State) -> T) -> T {
        // A panic in a vendor's code crashes the source, which starts anew with an empty state.
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn validators<T>(&self, work: impl FnOnce(&mut Validators) -> T) -> T {
        work(&mut self.validators.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How a round went.
pub(super) struct Went {
    /// Parts that failed while others worked.
    pub(super) troubles: Vec<Failure>,
    /// How far the server's clock is ahead of this machine's, if it said.
    pub(super) ahead: Option<SignedDuration>,
    /// In which versions its addresses speak.
    pub(super) spoken: BTreeSet<&'static str>,
    /// When the first certificate of its addresses ends.
    pub(super) ends: Option<Timestamp>,
}

/// Asks until nothing more is to be asked. `odd` holds the first failure as long as nothing else is known.
///
/// Errors when the source as a whole does not work.
pub(super) async fn round<V: Vendor>(
    poll: &Arc<Poll<V>>,
    memory: &Arc<Memory<V>>,
    now: Timestamp,
    backfill: Option<Timestamp>,
    odd: &watch::Sender<Option<Failure>>,
) -> Result<Went, Failure> {
    let mut waiting: VecDeque<Ask<V::Tag>> =
        memory.with(|state| poll.vendor.round(state, now, backfill)).into();
    spread(&mut waiting, poll.transport.peers());
    let mut under_way = JoinSet::new();
    let mut went = Went { troubles: Vec::new(), ahead: None, spoken: BTreeSet::new(), ends: None };
    let mut peers: BTreeMap<String, Peers> = BTreeMap::new();
    let (mut asked, mut worked) = (0, false);
    loop {
        while under_way.len() < AT_ONCE
            && let Some(mut ask) = waiting.pop_front()
        {
            asked += 1;
            if ask.conditional {
                ask.request.validator = memory.validators(|known| known.of(&ask.request));
            }
            let poll = Arc::clone(poll);
            under_way.spawn(async move {
                let peer = ask.every_peer.then_some(ask.peer);
                let answer = poll.transport.send(peer, &ask.request, Class::Poll).await;
                let answer = answer.map_err(|failure| poll.vendor.explain(&ask, failure));
                (ask, answer)
            });
        }
        let Some(done) = under_way.join_next().await else { break };
        let (ask, answer) = done.unwrap_or_else(|end| std::panic::resume_unwind(end.into_panic()));
        let answer = answer.and_then(|response| {
            went.ahead = went.ahead.or_else(|| response.clock_ahead());
            went.spoken.extend(response.spoken());
            went.ends = went.ends.into_iter().chain(response.certificate_ends()).min();
            take(poll, memory, &ask, &response, now)
        });
        match &answer {
            Ok(_) => odd.send_if_modified(|odd| odd.take().is_some()),
            Err(failure) if !worked => odd.send_if_modified(|odd| {
                let is_first = odd.is_none();
                if is_first {
                    *odd = Some(failure.clone());
                }
                is_first
            }),
            Err(_) => false,
        };
        match answer {
            Ok(Took { more, trouble }) => {
                let part = |failure| match &ask.part {
                    Some(part) => of_part(part, failure),
                    None => failure,
                };
                went.troubles.extend(trouble.map(part));
                worked = true;
                if ask.every_peer {
                    peers.entry(key_of(&ask.request)).or_default().worked = true;
                }
                let mut more = VecDeque::from(more);
                spread(&mut more, poll.transport.peers());
                let room = MOST.saturating_sub(asked + waiting.len());
                if more.len() > room {
                    more.truncate(room);
                    went.troubles.push(too_many());
                }
                waiting.extend(more);
            }
            Err(failure) if ask.every_peer => {
                let peers = peers.entry(key_of(&ask.request)).or_default();
                peers.part.clone_from(&ask.part);
                peers.failed.push(failure);
            }
            // Who is not let in for one part is not for another; to go on could lock the account.
            Err(failure) if is_locked_out(&failure) => return Err(failure),
            Err(failure) => match ask.part {
                Some(part) => went.troubles.push(of_part(&part, failure)),
                None => return Err(failure),
            },
        }
    }
    for Peers { worked, part, mut failed } in peers.into_values() {
        if !worked && part.is_none() && !failed.is_empty() {
            return Err(failed.swap_remove(0));
        }
        went.troubles.extend(failed.into_iter().map(|failure| match &part {
            Some(part) => of_part(part, failure),
            None => failure,
        }));
    }
    if !worked && !went.troubles.is_empty() {
        return Err(went.troubles.swap_remove(0));
    }
    Ok(went)
}

/// How one question to every peer went. An answer to another question does not stand for it: what
/// nobody answered is not known, and must not read as nothing.
#[derive(Default)]
struct Peers {
    worked: bool,
    part: Option<RawText>,
    failed: Vec<Failure>,
}

/// Whether nothing can be asked before somebody has put the login right.
pub(super) fn is_locked_out(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Unauthorized | FailureKind::Login)
}

/// Makes one request for each peer of those that go to every one.
fn spread<T: Clone>(asks: &mut VecDeque<Ask<T>>, peers: usize) {
    let once = std::mem::take(asks);
    for ask in once {
        if ask.every_peer && ask.peer == 0 {
            asks.extend((0..peers).map(|peer| Ask { peer, ..ask.clone() }));
        } else {
            asks.push_back(ask);
        }
    }
}

fn take<V: Vendor>(
    poll: &Arc<Poll<V>>,
    memory: &Memory<V>,
    ask: &Ask<V::Tag>,
    response: &Response,
    now: Timestamp,
) -> Result<Took<V::Tag>, Failure> {
    if response.status == 304 {
        let more = memory.with(|state| poll.vendor.unchanged(state, ask));
        return Ok(Took { more, trouble: None });
    }
    let took = memory.with(|state| poll.vendor.accept(state, ask, response, now));
    let mut took = took.map_err(|failure| response.masked(failure))?;
    took.trouble = took.trouble.map(|failure| response.masked(failure));
    // What could not be read has to be sent again.
    if ask.conditional
        && took.trouble.is_none()
        && let Some(tag) = response.header("etag")
    {
        memory.validators(|known| known.keep(&ask.request, tag));
    }
    Ok(took)
}

/// What tells one request from another, for its validator.
fn key_of(request: &Request) -> String {
    let mut key = request.path.clone();
    for (name, value) in &request.query {
        key.extend(["&", name, "=", value]);
    }
    key
}

/// The failure of one part of a source.
pub(in crate::source) fn of_part(part: &RawText, failure: Failure) -> Failure {
    let mut what = part.as_bytes().to_vec();
    what.extend_from_slice(b": ");
    what.extend_from_slice(failure.what.as_bytes());
    Failure { what: RawText::from(what), ..failure }
}

fn too_many() -> Failure {
    let what = format!("more than {MOST} requests in one round: the rest is not shown");
    Failure::new(FailureKind::TooLarge, what).advise("name fewer parts in this source, or split it in two")
}
