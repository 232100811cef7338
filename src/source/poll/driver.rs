//! The task of a source that is asked again and again: when, and what after a failure.

use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::listen::{Listener, Said};
use super::round::{Memory, Went, is_locked_out, round};
use super::{Poll, Vendor, detail};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::DetailKey;
use crate::net::backoff::Backoff;
use crate::source::outlet::{Outlet, Request};

/// How far back the first round looks.
const BACKFILL: SignedDuration = SignedDuration::from_hours(24);
/// The first round begins within this time, by chance: many consoles may start at one moment.
const FIRST_WITHIN: Duration = Duration::from_secs(5);
/// A person's wish to look now counts once in this time.
const BY_HAND: Duration = Duration::from_secs(5);
/// A source that nobody can log in to is not asked before its credential changes; without a
/// credential to wait for, it is asked this rarely.
const LOCKED_OUT: Duration = Duration::from_secs(300);
/// A certificate that ends within this time is told of.
const RENEW: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A clock that differs by less is not worth a word.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// Times are not moved by more.
const ABSURD: SignedDuration = SignedDuration::from_hours(24);
/// So many times rarer is it asked while nobody is at the keys.
const RESTING: u32 = 4;
/// When somebody is there again, all is looked at within this time.
const AWAKE_WITHIN: Duration = Duration::from_secs(2);
/// While events are heard, rounds only look for what no event told of.
const HEARD: Duration = Duration::from_secs(60);
/// Events often come in a burst: a build ends, and the next one begins. They are looked at together.
const BURST: Duration = Duration::from_millis(200);
/// From the end of a round to one that events cause it is at least this long,
const APART: Duration = Duration::from_secs(2);
/// and so many times as long as the round took, up to the interval: a busy server is not asked all the
/// time.
const SHARE: u32 = 5;
/// A first answer that fails is told after this, if nothing else is known by then.
const GRACE: Duration = Duration::from_secs(1);
/// Details of one source that are fetched at a time.
const DETAILS: usize = 4;

/// A round that is under way.
type Round = Pin<Box<dyn Future<Output = Result<Went, Failure>> + Send>>;

/// Runs a source until its task is dropped.
pub(super) async fn drive<V: Vendor>(poll: Arc<Poll<V>>, outlet: Outlet) {
    let memory: Arc<Memory<V>> = Arc::default();
    let mut details = JoinSet::new();
    let mut following = Vec::new();
    let mut backoff = Backoff::at_interval(poll.every);
    let mut last_ok: Option<Timestamp> = None;
    let mut looked: Option<Instant> = None;
    let mut began = outlet.now();
    let mut next = Instant::now() + by_chance(poll.every.min(FIRST_WITHIN));
    // What was said of the next round with the last one.
    let (mut every, mut rests) = (poll.every, false);
    let mut locked_out = false;
    let mut under_way: Option<Round> = None;
    let request = poll.vendor.events();
    let mut listener: Option<Listener<'_>> = None;
    // The earliest moment for a round that events cause, and whether they want one.
    let (mut earliest, mut wanted) = (Instant::now(), false);
    // What is wrong with the first round so far, and until when nothing is said of it.
    let (odd, mut first) = watch::channel(None);
    let odd = Arc::new(odd);
    let latest = Instant::now() + poll.transport.patience().max(FIRST_WITHIN * 2);
    let mut silent_until = Some(latest);
    loop {
        tokio::select! {
            biased;
            request = outlet.asked() => match request {
                Request::Refresh => {
                    // After a login it comes so soon that the wait for another credential may be cut short by it; what
                    // was refused is not sent again whoever asks.
                    if locked_out || looked.is_none_or(|at| at.elapsed() >= BY_HAND) {
                        next = Instant::now();
                    }
                }
                Request::Fetch(key) => start(&poll, &memory, key, &outlet, &mut details, &mut following),
                Request::Piece(_) | Request::Lend(..) | Request::Seek(_) | Request::Mine(_) => {}
            },
            went = async { match under_way.as_mut() { Some(round) => round.await, None => std::future::pending().await } } => {
                (under_way, silent_until) = (None, None);
                let now = outlet.now();
                locked_out = false;
                match went {
                    Ok(mut went) => {
                        backoff.reset();
                        last_ok = Some(now);
                        rests = outlet.is_resting();
                        every = pace(poll.every, rests, listener.as_ref().is_some_and(Listener::is_heard));
                        if let Some(request) = &request {
                            let listener = listener.get_or_insert_with(|| Listener::new(poll.transport.as_ref(), request));
                            went.troubles.extend(listener.trouble(poll.every));
                        }
                        say(&poll, &memory, &outlet, went, now, every);
                        earliest = Instant::now() + apart(looked, poll.every, rests);
                        next = Instant::now() + about(every);
                        if wanted {
                            next = next.min(earliest);
                        }
                    }
                    Err(failure) => {
                        // What is heard of a source that cannot be looked at is of no use.
                        listener = None;
                        locked_out = is_locked_out(&failure);
                        let wait = after(&failure, &mut backoff, now, poll.every, locked_out);
                        next = Instant::now() + wait;
                        let at = SignedDuration::try_from(wait).ok().and_then(|wait| now.checked_add(wait).ok());
                        outlet.failed(Failure { next_try: at.or(failure.next_try), ..failure });
                    }
                }
            }
            () = tokio::time::sleep_until(next), if under_way.is_none() => {
                looked = Some(Instant::now());
                wanted = false;
                let now = outlet.now();
                let backfill = from(last_ok, now, every);
                began = now;
                let (poll, memory, odd) = (Arc::clone(&poll), Arc::clone(&memory), Arc::clone(&odd));
                under_way = Some(Box::pin(async move { round(&poll, &memory, now, backfill, &odd).await }));
            }
            Ok(()) = first.changed(), if silent_until.is_some() => {
                let is_odd = first.borrow_and_update().is_some();
                silent_until = Some(if is_odd { latest.min(Instant::now() + GRACE) } else { latest });
            }
            () = at(silent_until) => {
                silent_until = None;
                let failure = first.borrow().clone();
                let failure = failure.or_else(|| poll.transport.held_up());
                outlet.failed(failure.unwrap_or_else(|| unanswered(began)));
            }
            () = outlet.awake(), if rests => {
                rests = false;
                next = next.min(Instant::now() + by_chance(poll.every.min(AWAKE_WITHIN)));
            }
            () = poll.transport.renewed(), if locked_out => {
                locked_out = false;
                next = Instant::now();
            }
            Some(done) = details.join_next(), if !details.is_empty() => {
                if let Err(end) = done && end.is_panic() {
                    std::panic::resume_unwind(end.into_panic());
                }
            }
            // The last one: a flood of events holds up nothing else.
            said = async { match listener.as_mut() { Some(listener) => listener.next().await, None => std::future::pending().await } } => {
                let look = match said {
                    Said::Look => true,
                    Said::Event(event) => memory.with(|state| poll.vendor.is_news(state, &event)),
                    Said::Ended => {
                        next = next.min(Instant::now() + about(pace(poll.every, rests, false)));
                        false
                    }
                };
                if look {
                    wanted = true;
                    next = next.min(earliest.max(Instant::now() + BURST));
                }
            }
        }
    }
}

/// Waits until then; for ever if there is no such time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// The first round takes longer than one answer may. It goes on.
fn unanswered(began: Timestamp) -> Failure {
    let what = format!("asked at {} UTC, and not all is answered yet", began.strftime("%T"));
    Failure::new(FailureKind::TimedOut, what)
        .advise("wait: it is still asked; `timeout` says how long an answer may take")
}

/// How often rounds are.
fn pace(every: Duration, rests: bool, heard: bool) -> Duration {
    let every = if rests { every * RESTING } else { every };
    if heard { every.max(HEARD) } else { every }
}

/// How long after a round that has just ended events may cause the next one.
fn apart(began: Option<Instant>, every: Duration, rests: bool) -> Duration {
    if rests {
        return pace(every, rests, false);
    }
    let took = began.map(|began| began.elapsed()).unwrap_or_default();
    took.saturating_mul(SHARE).min(every).max(APART)
}

/// Since when a round has to look: the first looks back, and one after a gap closes it.
fn from(last_ok: Option<Timestamp>, now: Timestamp, every: Duration) -> Option<Timestamp> {
    let earliest = now.checked_sub(BACKFILL).unwrap_or(Timestamp::MIN);
    let Some(last) = last_ok else { return Some(earliest) };
    let gap = SignedDuration::try_from(every.saturating_mul(3)).unwrap_or(SignedDuration::MAX);
    (now.duration_since(last) > gap).then_some(last.max(earliest))
}

/// How long to wait after a failure.
fn after(
    failure: &Failure,
    backoff: &mut Backoff,
    now: Timestamp,
    every: Duration,
    locked_out: bool,
) -> Duration {
    let wait = backoff.wait();
    if locked_out {
        return LOCKED_OUT.max(wait);
    }
    match failure.next_try {
        // The server said when. A little later, so that not all that it told this come back at once.
        Some(at) => {
            let wanted = Duration::try_from(at.duration_since(now)).unwrap_or_default();
            wanted + by_chance(wanted.min(every) / 10 + Duration::from_secs(1))
        }
        None => wait,
    }
}

/// Says what a round found.
fn say<V: Vendor>(
    poll: &Poll<V>,
    memory: &Memory<V>,
    outlet: &Outlet,
    mut went: Went,
    now: Timestamp,
    every: Duration,
) {
    let mut snapshot = memory.with(|state| poll.vendor.snapshot(state, now));
    let spoken: Vec<_> = went.spoken.iter().copied().collect();
    snapshot.spoken = Some(spoken.join(", ")).filter(|spoken| !spoken.is_empty()).map(RawText::from);
    snapshot.every = SignedDuration::try_from(every).ok().filter(|_| every != poll.every);
    went.troubles.extend(memory.with(|state| poll.vendor.left_out(state)));
    if let Some(ahead) = went.ahead.filter(|ahead| ahead.abs() > SKEW) {
        // A clock that is off by more is none: the times of what it tells are another's.
        if ahead.abs() <= ABSURD {
            snapshot.correct(ahead);
        }
        went.troubles.push(skewed(ahead));
    }
    went.troubles.extend(went.ends.and_then(|at| ending(at, now)));
    went.troubles.extend(snapshot.limit(outlet.telling()));
    outlet.snapshot(snapshot);
    if !went.troubles.is_empty() {
        outlet.alive(went.troubles);
    }
}

/// The certificate of the server ends at this time: told while there is time to have it renewed.
pub(super) fn ending(at: Timestamp, now: Timestamp) -> Option<Failure> {
    let left = at.duration_since(now);
    (left < RENEW).then(|| {
        let when = if left.as_hours() < 48 {
            format!("in {} hours", left.as_hours())
        } else {
            format!("in {} days", left.as_hours() / 24)
        };
        let what = format!("its certificate ends {when}, at {} UTC", at.strftime("%F %H:%M"));
        Failure::new(FailureKind::Ending, what)
            .advise("ask whoever runs it to renew it: nothing of this source is seen after that")
    })
}

fn skewed(ahead: SignedDuration) -> Failure {
    let seconds = ahead.abs().as_secs();
    let size = match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    };
    let which = if ahead.is_positive() { "ahead of" } else { "behind" };
    let times = if ahead.abs() <= ABSURD { "shown by this machine's" } else { "shown as it tells them" };
    let what = format!("its clock is {size} {which} this machine's; times are {times}");
    Failure::new(FailureKind::Clock, what)
        .advise("compare both with a time server: timedatectl, chronyc tracking")
}

/// Fetches a detail beside the rounds.
fn start<V: Vendor>(
    poll: &Arc<Poll<V>>,
    memory: &Arc<Memory<V>>,
    key: DetailKey,
    outlet: &Outlet,
    details: &mut JoinSet<()>,
    following: &mut Vec<(DetailKey, AbortHandle)>,
) {
    following.retain(|(known, task)| {
        let stays = *known != key && !task.is_finished();
        if !stays {
            task.abort();
        }
        stays
    });
    // Whoever opens this many pages no longer looks at the first of them.
    if following.len() >= DETAILS {
        following.drain(..).for_each(|(_, task)| task.abort());
    }
    let fetch = detail::fetch(Arc::clone(poll), Arc::clone(memory), key.clone(), outlet.clone());
    following.push((key, details.spawn(fetch)));
}

/// Anything up to `most`.
fn by_chance(most: Duration) -> Duration {
    // The standard library's hash keys are random; a number more needs no crate.
    let chance = RandomState::new().hash_one(0);
    let millis = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(chance % millis.saturating_add(1).max(1))
}

/// This long, give or take a tenth: what started together drifts apart.
fn about(every: Duration) -> Duration {
    every.mul_f64(0.9) + by_chance(every / 5)
}
