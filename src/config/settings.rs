//! The settings at the top of a configuration.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::origin::{ConfigError, Warning};
use super::table::Table;
use super::units::Bytes;
use super::zone::Zone;
use crate::model::text::RawText;

/// The settings, each with its value or its default.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Who is at the keys, where it is configured.
    pub person: Option<RawText>,
    /// The zone of the times shown, where it is configured; else UTC and the machine's.
    pub timezone: Option<TimeZone>,
    /// Whether only ASCII is drawn.
    pub ascii: bool,
    /// How many bytes of log lines are kept in memory.
    pub log_memory: u64,
    /// Where notes, records and the last state are kept, where it is configured or known.
    pub state_dir: Option<PathBuf>,
    /// The environment shown at the start; all, where none is configured.
    pub scope: Option<RawText>,
    /// Whether the terminal's bell rings.
    pub bell: bool,
    /// Whether a crash may leave an image of this process's memory, and its owner may look into it.
    pub allow_core: bool,
}

/// Which glyphs are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Glyphs {
    /// Unicode where the locale is UTF-8.
    #[default]
    Auto,
    /// Unicode, whatever the locale says.
    Unicode,
    /// ASCII only.
    Ascii,
}

/// The settings as written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// Who is at the keys: a name, or `env:NAME` for a variable that holds it.
    person: Option<String>,
    /// The zone of the times shown, by its IANA name, such as `Europe/Berlin`.
    timezone: Option<Zone>,
    /// Which glyphs are drawn: `auto` (Unicode where the locale is UTF-8), `unicode` or `ascii`.
    #[serde(default)]
    glyphs: Glyphs,
    /// How much memory the log lines may take.
    log_memory: Option<Bytes>,
    /// Where notes, records and the last state are kept.
    state_dir: Option<Place>,
    /// The environment shown at the start.
    scope: Option<String>,
    /// Whether the terminal's bell rings when something is due or a watched limit is passed.
    #[serde(default = "yes")]
    bell: bool,
    /// Lets the kernel write an image of this process's memory when it crashes, and lets a debugger
    /// look into it. There are secrets in it.
    #[serde(default)]
    allow_core: bool,
}

fn yes() -> bool {
    true
}

/// A path that does not depend on where midwatch is started.
pub(super) enum Place {
    Absolute(PathBuf),
    InHome(PathBuf),
}

impl Place {
    /// The path; `None` where it is in a home that is not known.
    pub(super) fn under(&self, home: Option<&Path>) -> Option<PathBuf> {
        match self {
            Self::Absolute(path) => Some(path.clone()),
            Self::InHome(path) => Some(home?.join(path)),
        }
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = Cow::<'_, str>::deserialize(deserializer)?;
        match path.strip_prefix("~/") {
            Some(rest) => Ok(Self::InHome(rest.into())),
            None if path.starts_with('/') => Ok(Self::Absolute(path.as_ref().into())),
            None => {
                Err(de::Error::custom(format!("`{path}` is not an absolute path; write /path or ~/path")))
            }
        }
    }
}

impl JsonSchema for Place {
    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(/|~/)" })
    }
}

/// Log lines in memory where nothing is configured.
const LOG_MEMORY: u64 = 256 << 20;

/// Less than this cannot hold one segment of each of a few sources.
const LEAST_LOG_MEMORY: u64 = 8 << 20;

/// Reads the settings: what is left of the top table when its parts are taken out.
pub(super) fn read<'a>(
    table: &Table,
    variable: impl Fn(&str) -> Option<&'a str>,
    home: Option<&Path>,
    state: Option<&Path>,
    errors: &mut Vec<ConfigError>,
    warnings: &mut Vec<Warning>,
) -> Option<Settings> {
    let written = match table.parse::<Written>() {
        Ok(written) => written,
        Err(found) => {
            errors.extend(found);
            return None;
        }
    };
    let log_memory = written.log_memory.map_or(LOG_MEMORY, |Bytes(bytes)| bytes);
    if log_memory < LEAST_LOG_MEMORY {
        errors.push(table.error("log_memory", "`log_memory` is less than 8 MiB"));
    }
    let state_dir = match written.state_dir {
        None => state.map(Path::to_owned),
        Some(place) => {
            let path = place.under(home);
            if path.is_none() {
                errors.push(table.error("state_dir", "`state_dir`: the home directory is not known"));
            }
            path
        }
    };
    let person = match written.person.as_deref().map(|person| (person, person.strip_prefix("env:"))) {
        Some((_, Some(name))) => {
            let found = variable(name).map(str::trim).filter(|person| !person.is_empty());
            if found.is_none() {
                let what = format!(
                    "`person`: the variable `{name}` is not set, so notes have the name of the login"
                );
                warnings.push(table.error("person", what));
            }
            found
        }
        Some((person, None)) => Some(person.trim()).filter(|person| !person.is_empty()),
        None => None,
    };
    Some(Settings {
        person: person.map(RawText::from),
        timezone: written.timezone.map(|Zone(zone)| zone),
        ascii: match written.glyphs {
            Glyphs::Ascii => true,
            Glyphs::Unicode => false,
            Glyphs::Auto => !locale_is_utf8(variable),
        },
        log_memory,
        state_dir,
        scope: written.scope.filter(|scope| !scope.is_empty()).map(RawText::from),
        bell: written.bell,
        allow_core: written.allow_core,
    })
}

/// POSIX: the first that is set and not empty of `LC_ALL`, `LC_CTYPE`, `LANG` names the character set.
fn locale_is_utf8<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> bool {
    let set =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
    let folded = set.unwrap_or_default().to_ascii_lowercase().replace('-', "");
    folded.contains("utf8")
}
