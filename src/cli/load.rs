//! The configuration that a command line asks for.

use super::Flags;
use crate::command::bindings;
use crate::config::origin::{ConfigError, Warning};
use crate::config::places::Places;
use crate::config::{Config, Flag, Inputs};
use crate::model::text::RawText;
use crate::source::recording::Recording;
use crate::source::registry;

/// Variables that name an environment of the person's own configuration.
const SCOPE: &[&str] = &["MIDWATCH_ENV", "MIDWATCH_SCOPE"];

/// Reads the configuration for a recording, which needs none: what is configured for real sources
/// does not concern it. Only flags and variables count, unless a file is named. The scope may be an
/// environment of the recording.
pub(super) fn for_recording(
    flags: &Flags,
    recording: &Recording,
) -> Result<(Config, Vec<Warning>), Vec<ConfigError>> {
    let asked = flags.env.as_deref().map(RawText::from);
    let own = asked.filter(|name| recording.environments().iter().any(|known| known.name == *name));
    let mut loaded = read(flags, false, own.is_none())?;
    let config = &mut loaded.0;
    if config.environments.is_empty() {
        // The built-in outage knows its own map; for a file there is only what is configured.
        config.environments = recording.environments().to_vec();
        config.catalog = recording.catalog().clone();
        config.runbooks.held.clone_from(recording.runbooks());
    }
    config.settings.scope = own.or(config.settings.scope.take());
    Ok(loaded)
}

/// Reads the person's configuration.
pub(super) fn load(flags: &Flags) -> Result<(Config, Vec<Warning>), Vec<ConfigError>> {
    read(flags, true, true)
}

fn read(flags: &Flags, files: bool, scope: bool) -> Result<(Config, Vec<Warning>), Vec<ConfigError>> {
    let places = Places::of_person();
    let kinds = registry::kinds();
    let here = std::env::vars_os().filter(|(name, _)| files || !SCOPE.iter().any(|scope| name == scope));
    let variables = here.map(|(name, value)| {
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
        flags: flags.given().into_iter().filter(|flag| scope || flag.key != "scope").collect(),
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
