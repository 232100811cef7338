//! Places at which patterns differ while all else of them is the same.
//!
//! A sum of tokens is the sum of a term for each: so what a sum would be with another token at one
//! place is known without a look at the rest.

use super::token::{Token, WILD, mix};
use super::value::Kind;
use super::{Id, Map, OTHER};

/// Different words at one place that are counted.
const MEMBERS: usize = 14;
/// Places that are held.
const PLACES: usize = 1 << 17;

/// What a token adds to the sum at its place.
pub(super) fn term(at: usize, hash: u64) -> u64 {
    mix(hash ^ (at as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93))
}

/// The sum of tokens.
pub(super) fn sum_of(tokens: &[Token]) -> u64 {
    tokens
        .iter()
        .enumerate()
        .fold(mix(tokens.len() as u64), |sum, (at, token)| sum.wrapping_add(term(at, token.hash)))
}

/// The sum with another token at one place.
pub(super) fn swap(sum: u64, at: usize, old: u64, new: u64) -> u64 {
    sum.wrapping_sub(term(at, old)).wrapping_add(term(at, new))
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    ids: [Id; MEMBERS],
    count: u8,
    soft: bool,
}

/// Places, by the sum with a value there.
#[derive(Debug, Default)]
pub(super) struct Slots {
    places: Map<u64, Slot>,
}

impl Slots {
    /// Those that have a name, that may be a value, where the one with this sum has a value.
    pub(super) fn soft_members(&self, sum: u64) -> Vec<Id> {
        let slot = self.places.get(&sum).filter(|slot| slot.soft);
        slot.map_or_else(Vec::new, |slot| slot.ids.iter().take(usize::from(slot.count)).copied().collect())
    }

    /// Notes a pattern at each of its places. Gives one at which there are enough, and who they are.
    pub(super) fn offer(
        &mut self,
        id: Id,
        sum: u64,
        tokens: &[Token],
        aliases: &[Id],
        count: &dyn Fn(Id) -> u64,
    ) -> Option<(usize, Vec<Id>)> {
        if self.places.len() >= PLACES {
            self.places.clear();
        }
        let words = tokens.iter().filter(|token| matches!(token.kind, Kind::Word | Kind::Soft)).count();
        let mut best: Option<(usize, Vec<Id>)> = None;
        for (at, token) in tokens.iter().enumerate() {
            if !matches!(token.kind, Kind::Word | Kind::Soft) {
                continue;
            }
            let slot = self.places.entry(swap(sum, at, token.hash, WILD)).or_insert(Slot {
                ids: [OTHER; MEMBERS],
                count: 0,
                soft: token.kind == Kind::Soft,
            });
            slot.soft &= token.kind == Kind::Soft;
            let kind = if slot.soft { Kind::Soft } else { Kind::Word };
            let mut members: Vec<Id> = Vec::with_capacity(MEMBERS);
            let held = slot.ids.iter().take(usize::from(slot.count)).copied();
            for member in held.chain([id]).map(|id| resolve(aliases, id)) {
                if member != OTHER && !members.contains(&member) {
                    members.push(member);
                }
            }
            slot.count = 0;
            for (to, from) in slot.ids.iter_mut().zip(&members) {
                *to = *from;
                slot.count += 1;
            }
            let lines: u64 = members.iter().map(|id| count(*id).max(1)).sum();
            let enough = enough(kind, words - 1, is_light(lines, members.len()));
            if enough.is_some_and(|enough| members.len() >= enough)
                && best.as_ref().is_none_or(|(_, best)| best.len() < members.len())
            {
                best = Some((at, members));
            }
        }
        best
    }
}

/// Whether hardly a line of these was like another: values rather than a few words that come again.
pub(super) fn is_light(lines: u64, patterns: usize) -> bool {
    2 * lines <= 3 * patterns as u64
}

fn resolve(aliases: &[Id], mut id: Id) -> Id {
    while let Some(next) = aliases.get(id as usize).copied().filter(|next| *next != id) {
        id = next;
    }
    id
}

/// How many different words at a place make it a value, with so many words beside it.
fn enough(kind: Kind, words: usize, light: bool) -> Option<usize> {
    let enough = match (kind, light) {
        (Kind::Soft, _) => 2,
        (_, true) => 5,
        (_, false) => 8,
    };
    match words {
        0 => None,
        1 => Some((enough * 3).min(MEMBERS)),
        2 => Some(enough + 2),
        _ => Some(enough),
    }
}
