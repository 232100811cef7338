//! From keys to commands: the defaults of the table, and the person's own bindings, which win.

use std::collections::BTreeMap;

use crate::command::table::{Id, Scope, TABLE, command};
use crate::config::key::{Key, sequence};

/// What a sequence of keys means here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// It runs this command.
    Run(Id),
    /// More keys may follow.
    Prefix,
    /// It means nothing here, but something in these scopes.
    Elsewhere(Vec<(Scope, Id)>),
    /// It means nothing anywhere.
    Nothing,
}

/// Two bindings of one sequence in one scope: the first loses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// Where.
    pub scope: Scope,
    /// Which keys.
    pub keys: Vec<Key>,
    /// Which command no longer has them.
    pub loser: Id,
    /// Which command has them.
    pub winner: Id,
}

/// A person's own binding: in this command's scope, these sequences instead of the defaults.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binding {
    /// The command.
    pub id: Id,
    /// Its sequences; none unbinds it.
    pub sequences: Vec<Vec<Key>>,
}

/// All bindings.
#[derive(Clone, Debug)]
pub struct Keymap {
    bound: BTreeMap<(Scope, Vec<Key>), Id>,
}

impl Keymap {
    /// The defaults with a person's own bindings over them, and what lost a key by that.
    pub fn new(own: &[Binding]) -> (Self, Vec<Conflict>) {
        let mut map = Self { bound: BTreeMap::new() };
        for entry in TABLE.iter().filter(|entry| own.iter().all(|binding| binding.id != entry.id)) {
            for keys in entry.keys.iter().filter_map(|text| sequence(text).ok()) {
                map.bound.insert((entry.scope, keys), entry.id);
            }
        }
        let mut conflicts = Vec::new();
        for binding in own {
            let scope = command(binding.id).scope;
            for keys in &binding.sequences {
                let lost = map.bound.insert((scope, keys.clone()), binding.id);
                let blocked = map.bound.iter().filter(|((other, longer), id)| {
                    // A shorter sequence is run before a longer one can be finished.
                    *other == scope
                        && **id != binding.id
                        && longer != keys
                        && (longer.starts_with(keys) || keys.starts_with(longer))
                });
                let blocked: Vec<_> = blocked.map(|((_, keys), id)| (keys.clone(), *id)).collect();
                for (other, loser) in blocked {
                    map.bound.remove(&(scope, other.clone()));
                    conflicts.push(Conflict { scope, keys: other, loser, winner: binding.id });
                }
                if let Some(loser) = lost.filter(|loser| *loser != binding.id) {
                    conflicts.push(Conflict { scope, keys: keys.clone(), loser, winner: binding.id });
                }
            }
        }
        (map, conflicts)
    }

    /// What `keys` mean where these scopes are active, the narrowest first.
    pub fn meaning(&self, scopes: &[Scope], keys: &[Key]) -> Meaning {
        for scope in scopes {
            if let Some(id) = self.bound.get(&(*scope, keys.to_vec())) {
                return Meaning::Run(*id);
            }
            let from = (*scope, keys.to_vec());
            let next = self.bound.range(from..).next();
            if next.is_some_and(|((found, longer), _)| found == scope && longer.starts_with(keys)) {
                return Meaning::Prefix;
            }
        }
        let elsewhere: Vec<_> = Scope::ALL
            .iter()
            .filter_map(|scope| Some((*scope, *self.bound.get(&(*scope, keys.to_vec()))?)))
            .collect();
        if elsewhere.is_empty() { Meaning::Nothing } else { Meaning::Elsewhere(elsewhere) }
    }

    /// The sequences that run a command, the default one first.
    pub fn keys_of(&self, id: Id) -> Vec<String> {
        let spell = |keys: &Vec<Key>| keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let mut found: Vec<_> =
            self.bound.iter().filter(|(_, bound)| **bound == id).map(|((_, keys), _)| spell(keys)).collect();
        let defaults = command(id).keys;
        found.sort_by_key(|text| defaults.iter().position(|default| default == text).unwrap_or(usize::MAX));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Key> {
        sequence(text).unwrap()
    }

    /// Never bound by default: the multiplexers' prefixes, flow control, aliases of Enter, Tab,
    /// Esc and Backspace, pane moves of editors, anything with Alt, function keys.
    const FORBIDDEN: &[&str] = &[
        "ctrl-a", "ctrl-b", "ctrl-s", "ctrl-q", "ctrl-h", "ctrl-j", "ctrl-k", "ctrl-i", "ctrl-m", "ctrl-[",
        "ctrl-\\",
    ];

    #[test]
    fn every_default_is_a_key_and_none_is_forbidden_or_given_twice_in_one_scope() {
        let mut seen = BTreeMap::new();
        for entry in TABLE {
            for text in entry.keys {
                let keys = keys(text);
                assert!(!FORBIDDEN.contains(text), "{text}");
                assert!(keys.iter().all(|key| !key.alt), "{text}");
                assert!(keys.iter().all(|key| !matches!(key.code, crate::config::key::Code::F(_))), "{text}");
                let twice = seen.insert((entry.scope, keys), entry.name);
                assert_eq!(twice, None, "{text} in {}", entry.scope.word());
            }
        }
    }

    #[test]
    fn the_narrow_scope_wins_and_a_key_of_elsewhere_says_where() {
        let (map, conflicts) = Keymap::new(&[]);
        assert!(conflicts.is_empty());
        let logs = [Scope::Logs, Scope::List, Scope::Global];
        assert_eq!(map.meaning(&logs, &keys("e")), Meaning::Run(Id::NextError));
        assert_eq!(map.meaning(&logs, &keys("j")), Meaning::Run(Id::Down));
        let alerts = [Scope::Alerts, Scope::List, Scope::Global];
        let elsewhere = Meaning::Elsewhere(vec![(Scope::Logs, Id::NextError)]);
        assert_eq!(map.meaning(&alerts, &keys("e")), elsewhere);
        assert_eq!(map.meaning(&alerts, &keys("Q")), Meaning::Nothing);
    }

    #[test]
    fn a_persons_binding_wins_and_the_loser_is_reported() {
        let own = [Binding { id: Id::Freeze, sequences: vec![keys("r"), keys("x p")] }];
        let (map, conflicts) = Keymap::new(&own);
        let global = [Scope::Global];
        assert_eq!(map.meaning(&global, &keys("r")), Meaning::Run(Id::Freeze));
        assert_eq!(map.meaning(&global, &keys("x")), Meaning::Prefix);
        assert_eq!(map.meaning(&global, &keys("x p")), Meaning::Run(Id::Freeze));
        assert_eq!(map.meaning(&global, &keys("p")), Meaning::Nothing);
        let lost = Conflict { scope: Scope::Global, keys: keys("r"), loser: Id::Refresh, winner: Id::Freeze };
        assert_eq!(conflicts, vec![lost]);
        assert_eq!(map.keys_of(Id::Freeze), vec!["r".to_owned(), "x p".to_owned()]);
    }

    #[test]
    fn a_shorter_sequence_takes_the_longer_ones_that_it_hides() {
        let own = [
            Binding { id: Id::Freeze, sequences: vec![keys("x p")] },
            Binding { id: Id::Zone, sequences: vec![keys("x")] },
        ];
        let (map, conflicts) = Keymap::new(&own);
        assert_eq!(map.meaning(&[Scope::Global], &keys("x")), Meaning::Run(Id::Zone));
        assert!(conflicts.iter().any(|conflict| conflict.loser == Id::Freeze));
    }
}
