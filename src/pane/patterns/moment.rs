//! Which moment patterns are compared with: an onset, when the person last looked, one that was
//! chosen, or a while ago.

use jiff::{SignedDuration, Timestamp};

use crate::logs::pattern::book::Found;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::patterns::mining::Mining;
use crate::pane::view::View;
use crate::safe;

/// Whiles ago that can be chosen, in minutes.
const WHILES: [i64; 5] = [1, 5, 15, 60, 360];

/// An alert begins when somebody looks and a rate has risen: what it is about began before.
const LEAD: SignedDuration = SignedDuration::from_mins(5);

/// Which moment is meant: one of a while ago moves on with the time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Which {
    Chosen,
    /// A while before the onset.
    Before,
    Onset,
    Looked,
    /// So many minutes ago.
    Ago(i64),
}

/// A moment, and what to call it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Moment {
    pub(super) which: Which,
    pub(super) at: Timestamp,
    pub(super) name: SafeText,
}

/// The moments that can be compared with, the one that is meant first if nobody chooses. Whiles ago
/// are counted back from now, or from the `newest` record of files that lie still, and only those of which
/// something before is known.
pub(super) fn moments(
    mining: &Mining,
    found: &Found,
    newest: Option<Timestamp>,
    view: &View<'_>,
) -> Vec<Moment> {
    let end = newest.unwrap_or(view.now);
    let clock = |at: Timestamp| view.zone.clock(at, view.now);
    let mut moments = Vec::new();
    let mut put = |which, at, name| moments.push(Moment { which, at, name });
    if let Some((at, length)) = mining.chosen(newest) {
        let since = safe!("Since {}", clock(at));
        let name = match (newest, length) {
            (Some(newest), Some(length)) => {
                let length = clean(&RawText::from(length));
                safe!("{}, {} before the newest record ({})", since, length, clock(newest))
            }
            (Some(newest), None) if at > newest => {
                safe!("{}, which is after the newest record ({})", since, clock(newest))
            }
            _ => since,
        };
        put(Which::Chosen, at, name);
    }
    if let Some((at, what)) = mining.onset() {
        if let Ok(before) = at.checked_sub(LEAD) {
            let minutes = LEAD.as_mins();
            let name = safe!("Since {}, {} min before {} began", clock(before), minutes, what);
            put(Which::Before, before, name);
        }
        put(Which::Onset, *at, safe!("Since {}, when {} began", clock(*at), what));
    }
    // Of files that lie still nothing is new since then: the look before it counts no less.
    if let Some(at) = mining.looked().filter(|at| newest.is_none_or(|newest| *at < newest)) {
        put(Which::Looked, at, safe!("Since {}, when you looked last", clock(at)));
    }
    let begin = found.times.map_or(end.as_millisecond(), |(first, _)| first);
    let span = SignedDuration::from_millis(end.as_millisecond().saturating_sub(begin));
    let of = |minutes: &i64| SignedDuration::from_mins(*minutes);
    // The longest that leaves at least as much before it, then the others.
    let best = WHILES.iter().rposition(|while_| of(while_) + of(while_) <= span).unwrap_or_default();
    let (shorter, rest) = WHILES.split_at_checked(best).unwrap_or((&WHILES, &[]));
    for minutes in rest.iter().filter(|minutes| **minutes == WHILES[0] || of(minutes) < span).chain(shorter) {
        let Ok(at) = end.checked_sub(of(minutes)) else { continue };
        let length = if *minutes >= 60 { safe!("{} h", minutes / 60) } else { safe!("{} min", minutes) };
        let name = if let Some(newest) = newest {
            safe!("In the {} before the newest record ({})", length, clock(newest))
        } else {
            safe!("In the last {}", length)
        };
        put(Which::Ago(*minutes), at, name);
    }
    moments
}
