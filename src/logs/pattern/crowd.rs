//! Patterns that differ at several places at once, hardly one of which comes again: so what stands
//! there are values.

use super::slot::is_light;
use super::template::Template;
use super::token::{Token, mix};
use super::value::Kind;
use super::{Id, Map};

/// Patterns with the same signs and values at the same places that are looked at.
const LOOKED_AT: usize = 24;
/// Such places that are held.
const CROWDS: usize = 1 << 14;
/// Patterns that make a crowd.
const MANY: usize = 5;

/// Patterns that were born lately, by their signs and values.
#[derive(Debug, Default)]
pub(super) struct Crowds {
    crowds: Map<u64, Vec<Id>>,
}

impl Crowds {
    /// Those with the same signs and values at the same places, born before; notes this one.
    pub(super) fn enter(&mut self, id: Id, tokens: &[Token]) -> Vec<Id> {
        if self.crowds.len() >= CROWDS {
            self.crowds.clear();
        }
        let skeleton = tokens.iter().fold(mix(tokens.len() as u64), |sum, token| {
            mix(sum ^ if is_word(token) { 1 } else { token.hash })
        });
        let crowd = self.crowds.entry(skeleton).or_default();
        let before = crowd.clone();
        if crowd.len() >= LOOKED_AT {
            crowd.remove(0);
        }
        crowd.push(id);
        before
    }
}

fn is_word(token: &Token) -> bool {
    matches!(token.kind, Kind::Word | Kind::Soft)
}

/// Of others with the same signs and values, those that are the same as `own` but at places of values;
/// and these places. `others` are with their lines.
pub(super) fn values(own: &Template, others: &[(Id, u64, &Template)]) -> Option<(u64, Vec<Id>)> {
    let tokens = &own.tokens;
    let words = tokens.iter().filter(|token| is_word(token)).count();
    // Half of the words and two at least are the same.
    let least = (words.div_ceil(2)).max(2);
    let alike: Vec<_> = others
        .iter()
        .filter(|(_, _, other)| {
            let same =
                tokens.iter().zip(&other.tokens).filter(|(a, b)| is_word(a) && a.hash == b.hash).count();
            same >= least && other.tokens.len() == tokens.len()
        })
        .collect();
    if alike.len() < 2 {
        return None;
    }
    let mut places = 0_u64;
    let mut all_soft = true;
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| is_word(token)) {
        let mut seen = vec![token.hash];
        let mut soft = token.kind == Kind::Soft;
        for (_, _, other) in &alike {
            if let Some(token) = other.tokens.get(at)
                && !seen.contains(&token.hash)
            {
                seen.push(token.hash);
                soft &= token.kind != Kind::Word;
            }
        }
        if seen.len() >= if soft { 2 } else { 3 } {
            places |= 1 << at;
            all_soft &= soft;
        }
    }
    let changed = places.count_ones() as usize;
    if changed < 2 || words - changed < least {
        return None;
    }
    let agree = |other: &Template| {
        tokens
            .iter()
            .zip(&other.tokens)
            .enumerate()
            .all(|(at, (a, b))| places & 1 << at != 0 || a.hash == b.hash)
    };
    let crowd: Vec<_> = alike.into_iter().filter(|(_, _, other)| agree(other)).collect();
    let lines = crowd.iter().map(|(_, lines, _)| (*lines).max(1)).sum::<u64>() + 1;
    let enough =
        if all_soft { crowd.len() >= 2 } else { crowd.len() + 1 >= MANY && is_light(lines, crowd.len() + 1) };
    enough.then(|| (places, crowd.into_iter().map(|(id, _, _)| *id).collect()))
}
