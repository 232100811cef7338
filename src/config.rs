//! What the person configured. Files are read here and never written.
//!
//! Layers are merged as tables in which every value knows where it was written. Each part of the
//! program reads its own part of them by [`Table::parse`], so that every mistake has its line.

pub mod argv;
pub mod credentials;
pub mod destinations;
pub mod diagnostics;
pub mod endpoint;
pub mod environment;
mod formats;
pub mod key;
mod layers;
pub mod nearest;
pub mod origin;
mod parse;
pub mod places;
pub mod runbooks;
pub mod schema;
pub mod secret;
mod services;
pub mod settings;
pub mod sources;
pub mod table;
pub mod team;
pub mod theme;
pub mod tunnels;
pub mod units;
pub mod zone;

use std::path::{Path, PathBuf};

use crate::logs::format::own::Own;
use crate::model::catalog::Catalog;
use crate::model::text::RawText;
use credentials::CredentialTable;
use destinations::Destination;
use diagnostics::Diagnostic;
use environment::Environment;
use origin::{ConfigError, Origin, Warning};
use runbooks::Runbooks;
use settings::Settings;
use sources::{Kind, Named, Names, SourceTable};
use table::{Table, Value};
use team::TeamTable;
use theme::{Depth, Theme, Themes};
use tunnels::TunnelTable;

/// A flag that sets a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flag {
    /// The flag, as messages name it: `--theme`.
    pub flag: &'static str,
    /// The key that it sets.
    pub key: &'static str,
    /// What it was given.
    pub value: RawText,
}

/// Everything that a configuration is made of. Nothing else of the process is looked at.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// The system's file, read if it is there.
    pub system: Option<PathBuf>,
    /// The person's file, read if it is there.
    pub user: Option<PathBuf>,
    /// `--config`: read instead of the person's file, and has to be there.
    pub file: Option<PathBuf>,
    /// The home directory, for paths that begin with `~/`.
    pub home: Option<PathBuf>,
    /// Where state is kept if nothing is configured.
    pub state: Option<PathBuf>,
    /// The environment's variables, all of them.
    pub variables: Vec<(String, RawText)>,
    /// The flags that set keys.
    pub flags: Vec<Flag>,
    /// The kinds of source that there are.
    pub kinds: &'a [Kind],
    /// What is wrong in the `[keys]` table.
    pub keys: fn(&Table) -> Vec<ConfigError>,
}

impl Inputs<'_> {
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_str())
    }
}

/// A configuration in which nothing is wrong.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// The settings at the top.
    pub settings: Settings,
    /// The environments, in the order in which they were written.
    pub environments: Vec<Environment>,
    /// The sources, in the order in which they were written.
    pub sources: Vec<SourceTable>,
    /// The credentials, in the order in which they were written.
    pub credentials: Vec<CredentialTable>,
    /// The tunnels, in the order in which they were written.
    pub tunnels: Vec<TunnelTable>,
    /// The formats of lines that the person describes, in the order in which they were written.
    pub formats: Vec<Own>,
    /// The services and hosts.
    pub catalog: Catalog,
    /// Where runbooks are.
    pub runbooks: Runbooks,
    /// What may be run to look at something, in the order in which it was written.
    pub diagnostics: Vec<Diagnostic>,
    /// Where updates and documents may be sent, in the order in which it was written.
    pub destinations: Vec<Destination>,
    /// The directory that a team shares.
    pub team: Option<TeamTable>,
    /// The theme, as the terminal can draw it.
    pub theme: Theme,
    /// The other themes that may be chosen, built-in and the person's own.
    pub other_themes: Vec<Theme>,
    /// `[keys]`: for each context a table of command and keys.
    pub keys: Table,
    /// The files read, in order, as `check` shows them.
    pub files: Vec<RawText>,
}

/// The parts of the top table that are not settings.
const PARTS: &[&str] = &[
    "include",
    "theme",
    "keys",
    "source",
    "environment",
    "credential",
    "tunnel",
    "format",
    "service",
    "host",
    "runbooks",
    "diagnostic",
    "destination",
    "team",
];

impl Config {
    /// Reads and checks a configuration.
    ///
    /// Errors are all that can be found, in the order of the files. A wrong configuration is never read
    /// in part.
    pub fn load(inputs: &Inputs<'_>) -> Result<(Self, Vec<Warning>), Vec<ConfigError>> {
        let settings_keys = parse::keys_of::<settings::Written>();
        let variables: Vec<&str> = settings_keys.iter().copied().chain(["theme"]).collect();
        let layers = layers::gather(inputs, &variables)?;
        let (mut top, mut errors, mut warnings) = (layers.table, layers.errors, layers.warnings);
        let names = [
            "source",
            "environment",
            "credential",
            "tunnel",
            "format",
            "service",
            "host",
            "diagnostic",
            "destination",
        ];
        let written = names.map(|name| {
            let tables = tables(&mut top, name, &mut errors);
            twice(name, &tables, &mut errors);
            tables
        });
        let [source, environment, credential, tunnel, format, service, host, diagnostic, destination] =
            written;
        let theme = top.take("theme").map(|entry| entry.value);
        let runbooks = top.take("runbooks").map(|entry| entry.value);
        let team = top.take("team").map(|entry| entry.value);
        let home = inputs.home.as_deref();
        let keys = match top.take("keys").map(|entry| entry.value) {
            Some(value) if value.as_table().is_none() => {
                errors.push(
                    ConfigError::new(&value.origin, "`keys`: a table is needed").help("write [keys.CONTEXT]"),
                );
                Table::default()
            }
            value => value.as_ref().and_then(Value::as_table).cloned().unwrap_or_default(),
        };
        errors.extend((inputs.keys)(&keys));
        unknown(&mut top, settings_keys, &mut errors);

        let declared = Named {
            environments: Names::of("environment", &environment, ", and production = true where it is"),
            credentials: Names::of("credential", &credential, " and where it is to be had"),
            tunnels: Names::of("tunnel", &tunnel, ", argv and ready"),
        };
        let environments = environment::read(&environment, &mut errors);
        let settings = settings::read(
            &top,
            |name| inputs.variable(name),
            home,
            inputs.state.as_deref(),
            &mut errors,
            &mut warnings,
        );
        if let Some(value) = top.get("scope")
            && let Some(name) = value.as_text().filter(|name| !name.is_empty())
        {
            errors.extend(declared.environments.unknown(name, &value.origin));
        }
        let sources = sources::read(source, inputs.kinds, &declared, home, &mut errors);
        let credentials = credentials::read(&credential, home, &mut errors);
        let tunnels = tunnels::read(&tunnel, home, &mut errors);
        let formats = formats::read(&format, &mut errors);
        let source_names: Vec<&str> = sources.iter().filter_map(|source| source.name.as_str()).collect();
        let catalog = services::read(&service, &host, &source_names, home, &mut errors);
        let diagnostics = diagnostics::read(&diagnostic, &mut errors);
        let destinations = destinations::read(destination, &declared, home, &mut errors);
        let runbooks = runbooks::read(runbooks.as_ref(), &declared, home, &mut errors);
        let team = team::read(team.as_ref(), home, &mut errors);
        let themes = Themes { folders: &layers.themes, read: &|path: &Path| layers::read_if_there(path) };
        let depth = Depth::of(|name| inputs.variable(name));
        let theme = load_theme(theme.as_ref(), &themes, &mut errors).map(|theme| theme.at(depth));

        match (settings, theme) {
            (Some(settings), Some(theme)) if errors.is_empty() => {
                let names = layers::theme_names(&layers.themes);
                let other_themes = themes.others(&theme, &names, depth, &mut warnings);
                let files = layers.files;
                Ok((
                    Self {
                        settings,
                        environments,
                        sources,
                        credentials,
                        tunnels,
                        formats,
                        catalog,
                        runbooks,
                        diagnostics,
                        destinations,
                        team,
                        theme,
                        other_themes,
                        keys,
                        files,
                    },
                    warnings,
                ))
            }
            _ => Err(in_order(errors, &layers.files)),
        }
    }
}

/// The sources and credentials of a text that is no file; `place` names it in errors. What sources
/// name may be declared elsewhere.
pub fn of_text(
    place: &RawText,
    text: &str,
    kinds: &[Kind],
    home: Option<&Path>,
) -> Result<(Vec<SourceTable>, Vec<CredentialTable>), Vec<ConfigError>> {
    let mut top = table::read(place, text)?;
    let mut errors = Vec::new();
    let mut tables = |name| tables(&mut top, name, &mut errors);
    let [source, credential] = ["source", "credential"].map(&mut tables);
    let sources = sources::read(source, kinds, &sources::Named::default(), home, &mut errors);
    let credentials = credentials::read(&credential, home, &mut errors);
    if errors.is_empty() { Ok((sources, credentials)) } else { Err(errors) }
}

/// Takes an array of tables out.
fn tables(top: &mut Table, name: &str, errors: &mut Vec<ConfigError>) -> Vec<Table> {
    let Some(entry) = top.take(name) else { return Vec::new() };
    let Some(items) = entry.value.as_list() else {
        let what = format!("`{name}` can be there many times, so it is a list of tables");
        errors.push(
            ConfigError::new(&entry.value.origin, what).help(format!("write [[{name}]] with two brackets")),
        );
        return Vec::new();
    };
    let mut tables = Vec::new();
    for item in items {
        match item.as_table() {
            Some(table) => tables.push(table.clone()),
            None => errors.push(ConfigError::new(&item.origin, format!("`{name}`: a table is needed"))),
        }
    }
    tables
}

/// Reports names that are used twice in one layer, or twice after `each`.
fn twice(what: &str, tables: &[Table], errors: &mut Vec<ConfigError>) {
    let mut seen: Vec<(&str, &Origin)> = Vec::new();
    for table in tables {
        let Some(value) = table.get("name") else { continue };
        let Some(name) = value.as_text() else { continue };
        match seen.iter().find(|(known, _)| *known == name) {
            Some((_, first)) => errors.push(
                ConfigError::new(&value.origin, format!("another {what} has the name `{name}`"))
                    .other(first, "the first of that name"),
            ),
            None => seen.push((name, &value.origin)),
        }
    }
}

/// Takes out and reports the keys of the top table that nothing reads.
fn unknown(top: &mut Table, settings: &[&str], errors: &mut Vec<ConfigError>) {
    let known = || settings.iter().chain(PARTS).copied();
    let strange: Vec<_> =
        top.entries().filter(|entry| !settings.contains(&entry.key.as_str())).cloned().collect();
    for entry in strange {
        top.take(&entry.key);
        let near = nearest::suggestion(&entry.key, known());
        let error = ConfigError::new(&entry.origin, format!("there is no setting `{}`{near}", entry.key));
        let listed = format!("at the top there are: {}", known().collect::<Vec<_>>().join(", "));
        errors.push(if near.is_empty() { error.help(listed) } else { error });
    }
}

/// `[theme]` as written.
fn load_theme(value: Option<&Value>, themes: &Themes<'_>, errors: &mut Vec<ConfigError>) -> Option<Theme> {
    let table = value.map(Value::as_table);
    if let (Some(None), Some(value)) = (table, value) {
        errors.push(ConfigError::new(&value.origin, "`theme`: the name of a theme in quotes is needed"));
        return None;
    }
    let mut own = table.flatten().cloned().unwrap_or_default();
    let name = own.take("name").map(|entry| entry.value);
    let over = own.take("override").map(|entry| entry.value);
    for entry in own.entries() {
        let near = nearest::suggestion(&entry.key, ["name", "override"]);
        let error = ConfigError::new(&entry.origin, format!("`theme` has no `{}`{near}", entry.key));
        errors.push(error.help("write name = \"...\", and the styles that differ under [theme.override]"));
    }
    let wrong = |value: &Value, what| ConfigError::new(&value.origin, what);
    let asked = match &name {
        None => Some((theme::DEFAULT, Origin::default())),
        Some(value) => value.as_text().map(|text| (text, value.origin.clone())),
    };
    if let (None, Some(value)) = (&asked, &name) {
        errors.push(wrong(value, "`name`: the name of a theme in quotes is needed"));
    }
    let over_table = over.as_ref().and_then(Value::as_table);
    if let (None, Some(value)) = (over_table, &over) {
        errors.push(wrong(value, "`override`: a table of styles is needed"));
    }
    let (name, origin) = asked?;
    themes.load(name, &origin, over_table).map_err(|found| errors.extend(found)).ok()
}

/// Files in the order in which they were read, then what is no file; each error once.
fn in_order(errors: Vec<ConfigError>, files: &[RawText]) -> Vec<ConfigError> {
    let rank = |error: &ConfigError| {
        files.iter().position(|file| *file == error.origin.place).unwrap_or(files.len())
    };
    let mut ordered: Vec<ConfigError> = Vec::with_capacity(errors.len());
    for error in errors {
        // `each` repeats the mistakes of its table.
        if !ordered.contains(&error) {
            ordered.push(error);
        }
    }
    ordered.sort_by_key(|error| (rank(error), error.origin.at));
    ordered
}
