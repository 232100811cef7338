//! `[[source]]` tables: what every kind of source has, and `each`, which makes one table serve many.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use std::path::Path;

use super::endpoint::{self, Endpoint};
use super::nearest::{nearest, suggestion};
use super::origin::{ConfigError, Origin};
use super::parse;
use super::table::{Entry, Kind as Is, Table, Value};
use super::units::Period;
use crate::model::text::RawText;

/// More than this from one table is a slip.
const MOST_EACH: usize = 1000;

/// A kind of source, as its room declares it.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name, the value of `kind`.
    pub name: &'static str,
    keys: fn() -> &'static [&'static str],
    check: fn(&Table) -> Vec<ConfigError>,
    schema: fn(&mut SchemaGenerator) -> Schema,
    reach: Reach,
}

/// Whether a kind's tables have the keys of an [`Endpoint`].
#[derive(Clone, Copy, Debug)]
enum Reach {
    /// No: it is on this machine.
    Here,
    /// Yes.
    Configured,
    /// Yes, and this is the address if they say none.
    Usual(&'static str),
}

impl Kind {
    /// A kind whose own keys are the struct `T`: serde, with `deny_unknown_fields` and nothing flattened.
    pub const fn of<T: DeserializeOwned + JsonSchema>(name: &'static str) -> Self {
        Self {
            name,
            keys: parse::keys_of::<T>,
            check: |table| table.parse::<T>().err().unwrap_or_default(),
            schema: T::json_schema,
            reach: Reach::Here,
        }
    }

    /// The same, with the keys of an [`Endpoint`] beside its own.
    #[must_use]
    pub const fn networked(mut self) -> Self {
        self.reach = Reach::Configured;
        self
    }

    /// The same, for a service that has one address in the world.
    #[must_use]
    pub const fn networked_at(mut self, url: &'static str) -> Self {
        self.reach = Reach::Usual(url);
        self
    }

    pub(super) fn is_networked(&self) -> bool {
        !matches!(self.reach, Reach::Here)
    }

    fn endpoint_keys(&self) -> &'static [&'static str] {
        if self.is_networked() { parse::keys_of::<endpoint::Keys>() } else { &[] }
    }

    pub(super) fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.schema)(generator)
    }
}

/// What every source has, whatever its kind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Shared {
    /// Its name on the screen; no two sources share it.
    name: String,
    /// Which kind of source it is.
    #[serde(rename = "kind")]
    _kind: String,
    /// How often it is asked, such as `30s`.
    every: Option<Period>,
    /// The `[[environment]]` that it speaks of.
    environment: Option<String>,
    /// One source is made for each of these; `{each}` in any text of the table stands for it.
    #[serde(default, rename = "each")]
    _each: Vec<String>,
}

/// One source as configured.
#[derive(Clone, PartialEq, Debug)]
pub struct SourceTable {
    /// Its name, which no other source has.
    pub name: RawText,
    /// Its kind, one of those handed to [`Config::load`](super::Config::load).
    pub kind: &'static str,
    /// How often it is asked.
    pub every: Option<std::time::Duration>,
    /// The name of a configured environment.
    pub environment: Option<RawText>,
    /// Where it is reached, if its kind is reached over a network.
    pub endpoint: Option<Endpoint>,
    /// The kind's own keys; read them by [`Table::parse`].
    pub table: Table,
}

/// Replaces each `[[source]]` that has `each` by one table for each item.
pub(super) fn expand(layer: &mut Table, errors: &mut Vec<ConfigError>) {
    let Some(Value { kind: Is::List(list), .. }) = layer.get_mut("source") else { return };
    let written = std::mem::take(list);
    for mut value in written {
        let items = match &mut value.kind {
            Is::Table(table) => take_each(table, errors),
            _ => None,
        };
        let Some(items) = items else {
            list.push(value);
            continue;
        };
        for item in items {
            let mut copy = value.clone();
            fill(&mut copy, &item);
            list.push(copy);
        }
    }
}

fn take_each(table: &mut Table, errors: &mut Vec<ConfigError>) -> Option<Vec<String>> {
    let each = table.take("each")?;
    let words =
        each.value.as_list().map(|items| items.iter().map(Value::as_text).collect::<Option<Vec<_>>>());
    let name = table.get("name").and_then(Value::as_text).unwrap_or("{each}");
    let problem = match words {
        Some(Some(words)) if words.len() > MOST_EACH => format!("`each` has more than {MOST_EACH} items"),
        Some(Some(words)) if words.is_empty() => "`each` is empty, so this makes no source".to_owned(),
        Some(Some(_)) if !name.contains("{each}") => {
            let help = format!("write name = \"{name}-{{each}}\"");
            let what = "every source of `each` would have this same name";
            errors.push(table.error("name", what).help(help));
            return None;
        }
        Some(Some(words)) => return Some(words.into_iter().map(str::to_owned).collect()),
        _ => "`each`: a list of texts is needed, such as [\"shop\", \"cart\"]".to_owned(),
    };
    errors.push(ConfigError::new(&each.value.origin, problem));
    None
}

/// Puts `item` where a text of the value says `{each}`.
fn fill(value: &mut Value, item: &str) {
    match &mut value.kind {
        Is::Text(text) | Is::Word(text) if text.contains("{each}") => *text = text.replace("{each}", item),
        Is::List(items) => items.iter_mut().for_each(|value| fill(value, item)),
        Is::Table(table) => table.entries_mut().for_each(|entry| fill(&mut entry.value, item)),
        _ => {}
    }
}

/// Reads the `[[source]]` tables. Every mistake of every table is told, the kind's own too.
pub(super) fn read(
    tables: Vec<Table>,
    kinds: &[Kind],
    named: &Named<'_>,
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Vec<SourceTable> {
    let mut sources = Vec::new();
    for mut table in tables {
        let mut shared = Table::new(table.origin.clone());
        for key in parse::keys_of::<Shared>() {
            if let Some(entry) = table.take(key) {
                shared.set(entry);
            }
        }
        misspelt_kind(&mut table, &mut shared, errors);
        let kind = kind(&shared, kinds, errors);
        let mut reached = Table::new(table.origin.clone());
        if let Some(kind) = kind {
            for key in kind.endpoint_keys() {
                if let Some(entry) = table.take(key) {
                    reached.set(entry);
                }
            }
            check(&table, &mut reached, &mut shared, kind, errors);
        }
        named.check(&reached, errors);
        let endpoint = kind.and_then(|kind| match kind.reach {
            Reach::Here => None,
            Reach::Configured => endpoint::read(&reached, None, home, errors),
            Reach::Usual(url) => endpoint::read(&reached, Some(url), home, errors),
        });
        let origin = |key: &str| shared.get(key).map(|value| value.origin.clone()).unwrap_or_default();
        let read = match shared.parse::<Shared>() {
            Ok(read) => read,
            Err(found) => {
                errors.extend(found);
                continue;
            }
        };
        if read.name.trim().is_empty() {
            errors.push(shared.error("name", "`name` is empty"));
        }
        if read.every.is_some_and(|Period(every)| every.is_zero()) {
            errors.push(shared.error("every", "`every` is 0; a source cannot be asked without a pause"));
        }
        if let Some(name) = &read.environment {
            errors.extend(named.environments.unknown(name, &origin("environment")));
        }
        sources.extend(kind.map(|kind| SourceTable {
            name: read.name.into(),
            kind: kind.name,
            every: read.every.map(|Period(every)| every),
            environment: read.environment.map(RawText::from),
            endpoint,
            table,
        }));
    }
    sources
}

fn kind<'a>(shared: &Table, kinds: &'a [Kind], errors: &mut Vec<ConfigError>) -> Option<&'a Kind> {
    let value = shared.get("kind")?;
    let name = value.as_text()?;
    let found = kinds.iter().find(|kind| kind.name == name);
    if found.is_none() {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
        let near = suggestion(name, names.iter().copied());
        let error = ConfigError::new(&value.origin, format!("there is no kind of source `{name}`{near}"));
        errors.push(error.help(format!("kinds: {}", names.join(", "))));
    }
    found
}

/// Without its kind nothing else of a source can be checked, so its key is looked for first.
fn misspelt_kind(table: &mut Table, shared: &mut Table, errors: &mut Vec<ConfigError>) {
    let near =
        |entry: &&Entry| nearest(&entry.key, parse::keys_of::<Shared>().iter().copied()) == Some("kind");
    if shared.get("kind").is_some() {
        return;
    }
    let Some(entry) = table.entries().find(near).cloned() else { return };
    table.take(&entry.key);
    shared.set_meant(&entry, "kind");
    let what = format!("a source has no `{}` (did you mean `kind`?)", entry.key);
    errors.push(ConfigError::new(&entry.origin, what));
}

/// The kind's own errors. Unknown keys are told here, where the keys of every source are known too.
fn check(own: &Table, reached: &mut Table, shared: &mut Table, kind: &Kind, errors: &mut Vec<ConfigError>) {
    let mut own = own.clone();
    let known = (kind.keys)();
    let all = || known.iter().chain(kind.endpoint_keys()).chain(parse::keys_of::<Shared>()).copied();
    let strange: Vec<_> =
        own.entries().filter(|entry| !known.contains(&entry.key.as_str())).cloned().collect();
    for entry in strange {
        own.take(&entry.key);
        let meant = nearest(&entry.key, all());
        match meant {
            Some(key) if known.contains(&key) => own.set_meant(&entry, key),
            Some(key) if kind.endpoint_keys().contains(&key) => reached.set_meant(&entry, key),
            Some(key) => shared.set_meant(&entry, key),
            None => {}
        }
        let near = suggestion(&entry.key, all());
        let what = format!("a source of kind `{}` has no `{}`{near}", kind.name, entry.key);
        let error = ConfigError::new(&entry.origin, what);
        let listed = format!("keys here: {}", all().collect::<Vec<_>>().join(", "));
        errors.push(if meant.is_none() { error.help(listed) } else { error });
    }
    errors.extend((kind.check)(&own));
}

/// The names of other tables that a source may use.
#[derive(Default)]
pub(super) struct Named<'a> {
    pub(super) environments: Names<'a>,
    pub(super) credentials: Names<'a>,
    pub(super) tunnels: Names<'a>,
}

/// The names of one kind of table, also of those that are wrong otherwise.
#[derive(Default)]
pub(super) struct Names<'a> {
    what: &'static str,
    /// `None` where nobody can say: every name is accepted.
    known: Option<Vec<&'a str>>,
    /// What a declaration has besides its name.
    declare: &'static str,
}

impl Named<'_> {
    /// The keys of an endpoint that name something.
    pub(super) fn check(&self, reached: &Table, errors: &mut Vec<ConfigError>) {
        for (key, names) in [("credential", &self.credentials), ("via", &self.tunnels)] {
            if let Some(value) = reached.get(key)
                && let Some(name) = value.as_text()
            {
                errors.extend(names.unknown(name, &value.origin));
            }
        }
        let headers = reached.get("headers").and_then(Value::as_table);
        for value in headers.into_iter().flat_map(Table::entries).map(|entry| &entry.value) {
            if let Some(name) = value.as_text().and_then(|text| text.strip_prefix("credential:")) {
                errors.extend(self.credentials.unknown(name, &value.origin));
            }
        }
    }
}

impl<'a> Names<'a> {
    /// The names of these tables.
    pub(super) fn of(what: &'static str, tables: &'a [Table], declare: &'static str) -> Self {
        let mut known: Vec<&str> = tables.iter().filter_map(|table| table.get("name")?.as_text()).collect();
        known.dedup();
        Self { what, known: Some(known), declare }
    }

    /// The error of a name that none of them has.
    pub(super) fn unknown(&self, name: &str, origin: &Origin) -> Option<ConfigError> {
        let Self { what, known, declare } = self;
        let known = known.as_ref()?;
        if known.contains(&name) {
            return None;
        }
        let near = suggestion(name, known.iter().copied());
        let error = ConfigError::new(origin, format!("there is no {what} `{name}`{near}"));
        let help = if known.is_empty() {
            format!("declare it: [[{what}]] with name = \"{name}\"{declare}")
        } else {
            format!("{what}s: {}", known.join(", "))
        };
        Some(error.help(help))
    }
}
