//! The configuration that a command line asks for.

use super::Flags;
use crate::command::bindings;
use crate::config::origin::{ConfigError, Warning};
use crate::config::places::Places;
use crate::config::{Config, Flag, Inputs};
use crate::model::text::RawText;
use crate::source::registry;

/// Reads the configuration; a recording needs none, and what is configured for real sources does
/// not concern it: then only flags and variables count, unless a file is named.
pub(super) fn load(flags: &Flags, files: bool) -> Result<(Config, Vec<Warning>), Vec<ConfigError>> {
    let places = Places::of_person();
    let kinds = registry::kinds();
    let variables = std::env::vars_os().map(|(name, value)| {
        let value = RawText::from(value.into_encoded_bytes());
        (name.to_string_lossy().into_owned(), value)
    });
    let inputs = Inputs {
        system: files.then_some(places.system),
        user: places.user.filter(|_| files),
        file: flags.config.clone(),
        home: places.home,
        state: places.state,
        variables: variables.collect(),
        flags: flags.given(),
        kinds: &kinds,
        keys: bindings::check,
    };
    Config::load(&inputs)
}

impl Flags {
    fn given(&self) -> Vec<Flag> {
        let texts = [
            ("--env", "scope", &self.env),
            ("--as", "person", &self.person),
            ("--theme", "theme", &self.theme),
        ];
        let flag = |(flag, key, value): (&'static str, &'static str, &Option<String>)| {
            value.as_ref().map(|value| Flag { flag, key, value: value.as_str().into() })
        };
        let ascii = self.ascii.then(|| Flag { flag: "--ascii", key: "glyphs", value: "ascii".into() });
        texts.into_iter().filter_map(flag).chain(ascii).collect()
    }
}
