//! `[[format]]` tables: lines of logs whose format is not built in.

use schemars::JsonSchema;
use serde::Deserialize;

use super::origin::ConfigError;
use super::table::Table;
use crate::logs::format::Format;
use crate::logs::format::own::{MOST, Own};

/// The keys as written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// The name that `midwatch logs stats` tells.
    name: String,
    /// A regular expression that fits a line from its beginning; write it in single quotes. Its named
    /// groups are what the line says: `(?<time>...)`, `(?<level>...)`, `(?<message>...)`, and fields of any
    /// other name.
    pattern: String,
    /// How the time is written: `auto` for the forms that are known, or as strptime has it, such as
    /// `%d.%m.%Y %H:%M:%S%.f`.
    #[serde(default = "auto")]
    time: String,
    /// Lines of this format, one at least. `midwatch check` says of each where it does not fit.
    samples: Vec<String>,
}

fn auto() -> String {
    "auto".to_owned()
}

/// Reads the `[[format]]` tables.
pub(super) fn read(tables: &[Table], errors: &mut Vec<ConfigError>) -> Vec<Own> {
    if let Some(table) = tables.get(MOST) {
        errors.push(table.error("name", format!("there can be {MOST} formats, and this is one more")));
    }
    tables.iter().take(MOST).filter_map(|table| one(table, errors)).collect()
}

fn one(table: &Table, errors: &mut Vec<ConfigError>) -> Option<Own> {
    let Written { name, pattern, time, samples } =
        table.parse::<Written>().map_err(|found| errors.extend(found)).ok()?;
    if name.trim().is_empty() {
        errors.push(table.error("name", "`name` is empty"));
    } else if Format::ALL.iter().any(|known| known.name() == name) {
        errors
            .push(table.error("name", format!("`name`: `{name}` is built in")).help("give it another name"));
    }
    if samples.is_empty() {
        let what = "`samples`: one line of this format at least is needed";
        errors.push(table.error("samples", what).help("write samples = ['...'] with a line of the log"));
    }
    let own = Own::new(&name, &pattern, &time)
        .map_err(|wrong| {
            let what = format!("`{}`: {}", wrong.key, wrong.what.as_str());
            errors.push(table.error(wrong.key, what));
        })
        .ok()?;
    let items = table.get("samples").and_then(|value| value.as_list()).unwrap_or_default();
    for (sample, item) in samples.iter().zip(items) {
        if let Err(what) = own.check(sample) {
            errors.push(ConfigError::new(&item.origin, format!("`samples`: {}", what.as_str())));
        }
    }
    Some(own)
}
