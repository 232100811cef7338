//! The layers of a configuration, lowest first: the system's file, the person's, variables, flags.

use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use super::origin::{ConfigError, Origin, Warning};
use super::table::{self, Entry, Kind, Table, Value};
use super::{Inputs, nearest, secret, sources};
use crate::model::text::RawText;

/// A configuration file larger than this is something else.
const LARGEST_FILE: u64 = 1 << 20;
/// More files than this are a pattern gone wrong.
const MOST_FILES: usize = 256;
/// Directory entries looked at for one pattern.
const MOST_ENTRIES: usize = 10_000;

/// Variables that are not named after their key.
const VARIABLES: &[(&str, &str)] = &[("MIDWATCH_USER", "person"), ("MIDWATCH_ENV", "scope")];
/// The variable that stands for `--config`.
const CONFIG_VARIABLE: &str = "MIDWATCH_CONFIG";

/// What all layers say together.
pub(super) struct Layers {
    pub(super) table: Table,
    /// The files read, in order.
    pub(super) files: Vec<RawText>,
    /// Folders of the person's and the system's themes.
    pub(super) themes: Vec<PathBuf>,
    pub(super) warnings: Vec<Warning>,
    /// What is wrong but leaves the rest readable.
    pub(super) errors: Vec<ConfigError>,
}

/// Reads and merges every layer. `keys` are the keys that variables may set.
///
/// Errors when a file cannot be read or is not TOML: what it would have said is not known, so nothing
/// else is checked.
pub(super) fn gather(inputs: &Inputs<'_>, keys: &[&str]) -> Result<Layers, Vec<ConfigError>> {
    let mut reading = Reading::default();
    let (chosen, asked) = match (&inputs.file, inputs.variable(CONFIG_VARIABLE)) {
        (Some(file), _) => (Some(file.clone()), Origin::whole("--config")),
        (None, Some(file)) if !file.is_empty() => (Some(PathBuf::from(file)), Origin::whole(CONFIG_VARIABLE)),
        _ => (None, Origin::default()),
    };
    let layers = [
        inputs.system.as_deref().and_then(|path| reading.layer(path, None)),
        match &chosen {
            Some(path) => reading.layer(path, Some(&asked)),
            None => inputs.user.as_deref().and_then(|path| reading.layer(path, None)),
        },
        Some(variables(inputs, keys, &mut reading.warnings)),
        Some(flags(inputs)),
    ];
    if !reading.broken.is_empty() {
        return Err(reading.broken.into_iter().chain(reading.errors).collect());
    }
    let mut merged = Table::default();
    for mut layer in layers.into_iter().flatten() {
        secret::refuse(&mut layer, &mut reading.errors);
        normalise_theme(&mut layer);
        sources::expand(&mut layer, &mut reading.errors);
        merged.overlay(layer, Some(&mut reading.warnings));
    }
    let folder = |path: &Path| path.parent().map(|folder| folder.join("themes"));
    let person = chosen.as_deref().or(inputs.user.as_deref());
    Ok(Layers {
        table: merged,
        files: reading.files,
        themes: [person, inputs.system.as_deref()].into_iter().flatten().filter_map(folder).collect(),
        warnings: reading.warnings,
        errors: reading.errors,
    })
}

/// `theme = "x"` and `[theme] name = "x"` say the same; the second form can be merged.
fn normalise_theme(layer: &mut Table) {
    let Some(value) = layer.get_mut("theme").filter(|value| value.as_text().is_some()) else { return };
    let mut table = Table::new(value.origin.clone());
    table.set(Entry { key: "name".to_owned(), origin: value.origin.clone(), value: value.clone() });
    value.kind = Kind::Table(table);
}

fn word(key: &str, place: &str, word: &str) -> Entry {
    let origin = Origin::whole(place);
    let value = Value { origin: origin.clone(), kind: Kind::Word(word.to_owned()) };
    Entry { key: key.to_owned(), origin, value }
}

fn variables(inputs: &Inputs<'_>, keys: &[&str], warnings: &mut Vec<Warning>) -> Table {
    let mut table = Table::default();
    let own = keys.iter().map(|key| (format!("MIDWATCH_{}", key.to_uppercase()), *key));
    let renamed = VARIABLES.iter().map(|(name, key)| ((*name).to_owned(), *key));
    let known: Vec<(String, &str)> = own.chain(renamed).collect();
    for (name, value) in &inputs.variables {
        if !name.starts_with("MIDWATCH_") || name == CONFIG_VARIABLE {
            continue;
        }
        let Some((_, key)) = known.iter().find(|(known, _)| known == name) else {
            let names = known.iter().map(|(name, _)| name.as_str()).chain([CONFIG_VARIABLE]);
            let near = nearest::suggestion(name, names);
            warnings.push(ConfigError::new(
                &Origin::whole(name.as_str()),
                format!("no setting has this name{near}"),
            ));
            continue;
        };
        match value.as_str() {
            Some("") => {}
            Some(value) => table.set(word(key, name, value)),
            None => warnings
                .push(ConfigError::new(&Origin::whole(name.as_str()), "is not UTF-8, so it is not used")),
        }
    }
    table
}

fn flags(inputs: &Inputs<'_>) -> Table {
    let mut table = Table::default();
    for flag in &inputs.flags {
        // A flag's bytes come through clap's own check of UTF-8; what is left of others is shown as wrong.
        let value = String::from_utf8_lossy(flag.value.as_bytes());
        table.set(word(flag.key, flag.flag, &value));
    }
    table
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    files: Vec<RawText>,
    /// Files that are being read, outermost first, and files that were, by their real path.
    open: Vec<PathBuf>,
    done: Vec<PathBuf>,
    warnings: Vec<Warning>,
    errors: Vec<ConfigError>,
    broken: Vec<ConfigError>,
}

fn shown(path: &Path) -> RawText {
    RawText::from_bytes(path.as_os_str().as_bytes())
}

impl Reading {
    /// Reads a file and what it includes. A file that is not there is an error only where `asked` for.
    fn layer(&mut self, path: &Path, asked: Option<&Origin>) -> Option<Table> {
        let place = shown(path);
        // A pipe of the shell's `<(...)` has no real path of its own.
        let real = fs::canonicalize(path)
            .or_else(|error| fs::metadata(path).map(|_| path.to_owned()).map_err(|_| error));
        let real = match real {
            Ok(real) => real,
            Err(error) if is_missing(&error) && asked.is_none() => return None,
            Err(error) => return self.cannot_read(&place, asked, &error.to_string()),
        };
        if self.open.contains(&real) {
            let what = format!("includes itself, by way of {} files", self.open.len());
            let error = ConfigError::new(asked.unwrap_or(&Origin::whole(place)), what);
            self.broken.push(error);
            return None;
        }
        if self.done.contains(&real) {
            return None;
        }
        if self.files.len() >= MOST_FILES {
            return self.cannot_read(&place, asked, "more than 256 files are included");
        }
        let text = match read_text(path, asked.is_some() && self.open.is_empty()) {
            Ok(text) => text,
            Err(why) => return self.cannot_read(&place, asked, &why),
        };
        self.files.push(place.clone());
        let mut table = match text
            .map_err(|origin| vec![not_utf8(&place, origin)])
            .and_then(|text| table::read(&place, &text))
        {
            Ok(table) => table,
            Err(errors) => {
                self.broken.extend(errors);
                return None;
            }
        };
        normalise_theme(&mut table);
        self.open.push(real.clone());
        for (path, origin) in self.included(path, &mut table) {
            if let Some(included) = self.layer(&path, Some(&origin)) {
                table.overlay(included, None);
            }
        }
        self.open.pop();
        self.done.push(real);
        Some(table)
    }

    fn cannot_read(&mut self, place: &RawText, asked: Option<&Origin>, why: &str) -> Option<Table> {
        let error = ConfigError::new(&Origin::whole(place.clone()), format!("cannot be read: {why}"));
        self.broken.push(match asked {
            Some(origin) => error.other(origin, "asks for it"),
            None => error,
        });
        None
    }

    /// The files that `include` names, in order, with the place of each pattern.
    fn included(&mut self, file: &Path, table: &mut Table) -> Vec<(PathBuf, Origin)> {
        let Some(Entry { value, .. }) = table.take("include") else { return Vec::new() };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let Some(patterns) = value.as_list() else {
            self.errors.push(
                ConfigError::new(&value.origin, "`include`: a list in [ ] is needed")
                    .help("write include = [\"conf.d/*.toml\"]"),
            );
            return Vec::new();
        };
        let mut found = Vec::new();
        for pattern in patterns {
            let Some(text) = pattern.as_text() else {
                self.errors.push(ConfigError::new(&pattern.origin, "`include`: text in quotes is needed"));
                continue;
            };
            match matches(folder, text) {
                Ok(paths) => found.extend(paths.into_iter().map(|path| (path, pattern.origin.clone()))),
                Err(why) => self.broken.push(ConfigError::new(&pattern.origin, format!("`include`: {why}"))),
            }
        }
        found
    }
}

/// Whether there is no such file, for want of a folder too: a HOME may be no folder.
fn is_missing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

fn not_utf8(place: &RawText, (line, column): (u32, u32)) -> ConfigError {
    let origin = Origin { place: place.clone(), at: Some((line, column)) };
    ConfigError::new(&origin, "is not UTF-8 from here on; a configuration is UTF-8")
}

/// The text of a file, or where it stops being UTF-8; or why it cannot be read.
///
/// Only the file of `--config` may be something else than a regular file, such as a pipe:
/// opening one waits for its other end.
fn read_text(path: &Path, asked: bool) -> Result<Result<String, (u32, u32)>, String> {
    let kind = fs::metadata(path).map_err(|error| error.to_string())?;
    if kind.is_dir() || (!asked && !kind.is_file()) {
        return Err("it is not a regular file".to_owned());
    }
    // Whoever may write it may have commands run in the reader's name.
    if kind.is_file() && kind.mode() & 0o002 != 0 {
        return Err(format!("everybody may write it; run `chmod o-w {}`", path.display()));
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err("it is larger than 1 MiB".to_owned());
    }
    Ok(String::from_utf8(bytes).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let number = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
        let last = good.rsplit('\n').next().unwrap_or_default();
        (number(good.matches('\n').count()), number(last.chars().count()))
    }))
}

/// The files that a pattern means, sorted. A name without wildcards means itself, there or not.
/// Hidden files match only patterns that name their dot.
fn matches(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let wild = |part: &str| part.contains(['*', '?', '[', '{']);
    let parts: Vec<&str> = pattern.split('/').collect();
    let fixed = parts.iter().position(|part| wild(part)).unwrap_or(parts.len());
    let (before, after) = parts.split_at_checked(fixed).unwrap_or((&parts, &[]));
    let base = match (before, after) {
        (_, []) => return Ok(vec![folder.join(pattern)]),
        // What is left of `/*.toml` is the root, and joining an empty path changes nothing.
        ([""], _) => PathBuf::from("/"),
        _ => folder.join(before.join("/")),
    };
    let glob = GlobBuilder::new(&after.join("/")).literal_separator(true).build();
    let glob =
        glob.map_err(|error| format!("`{pattern}` is not a pattern: {}", error.kind()))?.compile_matcher();
    let deepest = if after.contains(&"**") { 8 } else { after.len() };
    let mut found = Vec::new();
    let mut looked_at = 0;
    let mut folders = vec![(base.clone(), 1)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // A folder for later files need not be there yet.
            Err(error) if is_missing(&error) => continue,
            Err(error) => return Err(format!("{}: {error}", folder.display())),
        };
        for entry in entries {
            let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
            looked_at += 1;
            if looked_at > MOST_ENTRIES {
                return Err(format!("`{pattern}` looks at more than {MOST_ENTRIES} files"));
            }
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.as_bytes().starts_with(b".") && !after.iter().any(|part| part.starts_with('.'));
            if hidden {
                continue;
            }
            if path.is_dir() {
                if depth < deepest {
                    folders.push((path, depth + 1));
                }
            } else if path.strip_prefix(&base).is_ok_and(|relative| glob.is_match(relative)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads one file that need not be there, such as a theme.
pub(super) fn read_if_there(path: &Path) -> Option<Result<Table, Vec<ConfigError>>> {
    if let Err(error) = fs::metadata(path)
        && is_missing(&error)
    {
        return None;
    }
    let place = shown(path);
    let text = match read_text(path, false) {
        Ok(text) => text,
        Err(why) => {
            return Some(Err(vec![ConfigError::new(
                &Origin::whole(place),
                format!("cannot be read: {why}"),
            )]));
        }
    };
    Some(text.map_err(|at| vec![not_utf8(&place, at)]).and_then(|text| table::read(&place, &text)))
}

/// The names of the themes in these folders.
pub(super) fn theme_names(folders: &[PathBuf]) -> Vec<String> {
    // A folder that is not there or cannot be read has none: a theme that is asked for says why.
    let files = folders.iter().filter_map(|folder| matches(folder, "*.toml").ok()).flatten();
    let mut names: Vec<String> =
        files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names.dedup();
    names
}
