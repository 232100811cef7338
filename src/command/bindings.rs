//! Reads a person's own keys: `[keys.list]` with `open = "ctrl-o"`.

use crate::command::keymap::{Binding, Conflict, Keymap};
use crate::command::table::{self, Command, Scope, TABLE};
use crate::config::key::sequence;
use crate::config::nearest::suggestion;
use crate::config::origin::{ConfigError, Warning};
use crate::config::table::{Entry, Table, Value};

/// Reads the `[keys]` table: for each scope, commands by name with their keys: a text, a list of
/// texts, or an empty list that takes the keys away.
///
/// Errors are all there are, each at its place.
pub fn read(keys: &Table) -> Result<Vec<Binding>, Vec<ConfigError>> {
    let (mut bindings, mut errors) = (Vec::new(), Vec::new());
    for entry in keys.entries() {
        let words = Scope::ALL.iter().map(|scope| scope.word());
        let Some(scope) = Scope::ALL.iter().find(|scope| scope.word() == entry.key) else {
            let near = suggestion(&entry.key, words.clone());
            let error =
                ConfigError::new(&entry.origin, format!("there are no keys of `{}`{near}", entry.key));
            errors.push(error.help(format!("keys belong to: {}", words.collect::<Vec<_>>().join(", "))));
            continue;
        };
        let Some(table) = entry.value.as_table() else {
            let error = ConfigError::new(&entry.value.origin, format!("`{}`: a table is needed", entry.key));
            errors.push(error.help(format!("write [keys.{}]", entry.key)));
            continue;
        };
        for entry in table.entries() {
            match command(*scope, entry) {
                Ok(command) => match sequences(entry) {
                    Ok(sequences) => bindings.push(Binding { id: command.id, sequences }),
                    Err(found) => errors.extend(found),
                },
                Err(error) => errors.push(error),
            }
        }
    }
    if errors.is_empty() { Ok(bindings) } else { Err(errors) }
}

/// What is wrong in the `[keys]` table, for [`Inputs`](crate::config::Inputs).
pub fn check(keys: &Table) -> Vec<ConfigError> {
    read(keys).err().unwrap_or_default()
}

/// The keys that a person's own bindings take from other commands, each at its place.
pub fn conflicts(keys: &Table) -> Vec<Warning> {
    let bindings = read(keys).unwrap_or_default();
    let (map, conflicts) = Keymap::new(&bindings);
    let warn = |conflict: &Conflict| {
        let (winner, loser) = (table::command(conflict.winner), table::command(conflict.loser));
        let scope = keys.get(conflict.scope.word()).and_then(Value::as_table);
        let origin = scope.and_then(|scope| Some(&scope.get(winner.name)?.origin)).unwrap_or(&keys.origin);
        let taken = conflict.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let what = format!("`{taken}` runs `{}` now and no longer `{}`", winner.name, loser.name);
        let left = map.keys_of(conflict.loser);
        let help = if left.is_empty() {
            format!("give it another key under [keys.{}]: {} = \"...\"", loser.scope.word(), loser.name)
        } else {
            format!("`{}` is still on {}", loser.name, left.join(", "))
        };
        ConfigError::new(origin, what).help(help)
    };
    conflicts.iter().map(warn).collect()
}

fn command(scope: Scope, entry: &Entry) -> Result<&'static Command, ConfigError> {
    let called = |command: &&Command| command.name == entry.key;
    let here = || TABLE.iter().filter(|command| command.scope == scope);
    if let Some(command) = here().find(called) {
        return Ok(command);
    }
    let near = suggestion(&entry.key, here().map(|command| command.name));
    let help = match TABLE.iter().find(called) {
        Some(command) => format!("it is a command of `{0}`: write it under [keys.{0}]", command.scope.word()),
        None => "`:` in the console lists every command by its name, `midwatch generate keys` too".to_owned(),
    };
    let what = format!("`{}` has no command `{}`{near}", scope.word(), entry.key);
    Err(ConfigError::new(&entry.origin, what).help(help))
}

fn sequences(entry: &Entry) -> Result<Vec<Vec<crate::config::key::Key>>, Vec<ConfigError>> {
    let values = entry.value.as_list().unwrap_or(std::slice::from_ref(&entry.value));
    let (mut read, mut errors) = (Vec::new(), Vec::new());
    for value in values {
        let wrong = |what: String| ConfigError::new(&value.origin, format!("`{}`: {what}", entry.key));
        match Value::as_text(value).map(|text| (text, sequence(text))) {
            Some((_, Ok(keys))) => read.push(keys),
            Some((text, Err(why))) => errors.push(wrong(format!("`{text}`: {why}"))),
            None => errors.push(wrong("keys are a text, such as \"g g\", or a list of texts".to_owned())),
        }
    }
    if errors.is_empty() { Ok(read) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Inputs};

    fn load(text: &str) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
        let inputs = Inputs {
            system: None,
            user: None,
            file: Some(path),
            home: None,
            state: None,
            variables: Vec::new(),
            flags: Vec::new(),
            kinds: &[],
            keys: check,
        };
        let lines = |errors: Vec<ConfigError>| -> Vec<String> {
            let place = format!("{}/", folder.path().display());
            errors.iter().flat_map(ConfigError::lines).map(|line| line.as_str().replace(&place, "")).collect()
        };
        Config::load(&inputs).map(|(config, _)| config).map_err(lines)
    }

    /// A command of the list, by the table itself.
    fn of_list() -> &'static Command {
        TABLE.iter().find(|command| command.scope == Scope::List).unwrap()
    }

    #[test]
    fn a_persons_keys_are_read() {
        let name = of_list().name;
        let config =
            load(&format!("[keys.list]\n{name} = ['ctrl-o', 'g x']\n[keys.global]\nhelp = []\n")).unwrap();
        let bindings = read(&config.keys).unwrap();
        assert_eq!(bindings[0].id, of_list().id);
        assert_eq!(bindings[0].sequences, [sequence("ctrl-o").unwrap(), sequence("g x").unwrap()]);
        assert!(bindings[1].sequences.is_empty());
    }

    #[test]
    fn every_mistake_has_its_place() {
        let name = of_list().name;
        let text = format!(
            "[keys]\nlsit = {{}}\nlogs = 1\n[keys.global]\nhlep = 'x'\n{name} = 'x'\nhelp = ['Entre', 3]\n"
        );
        let lines = load(&text).unwrap_err();
        let wanted = [
            "c.toml:2:1: there are no keys of `lsit` (did you mean `list`?)".to_owned(),
            "c.toml:3:8: `logs`: a table is needed".to_owned(),
            "c.toml:5:1: `global` has no command `hlep` (did you mean `help`?)".to_owned(),
            format!("c.toml:6:1: `global` has no command `{name}`"),
            "  help: it is a command of `list`: write it under [keys.list]".to_owned(),
            "c.toml:7:18: `help`: keys are a text, such as \"g g\", or a list of texts".to_owned(),
        ];
        for line in wanted {
            assert!(lines.contains(&line), "{line}\n{lines:#?}");
        }
        assert!(
            lines.iter().any(|line| line.starts_with("c.toml:7:9: `help`: `Entre`: no such key")),
            "{lines:#?}"
        );
    }
}
