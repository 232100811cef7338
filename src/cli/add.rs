//! `midwatch add URL`: a source for what answers at an address, written at the end of the configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre;
use url::Url;

use super::load::load;
use super::print::{print, refuse, tell};
use super::{FAILED, Flags, WRONG, wrong};
use crate::config::endpoint::Address;
use crate::config::places::Places;
use crate::config::sources::SourceTable;
use crate::config::{Config, of_text};
use crate::model::health::Failure;
use crate::model::text::{RawText, SafeText, clean};
use crate::net::{AS_CA, Net};
use crate::runtime::console::LaunchError;
use crate::runtime::probe;
use crate::safe;
use crate::source::recognise::{self, Recognised, With, endpoint, is_open};
use crate::source::registry;
use crate::store::atomic::{self, Fresh};
use crate::store::dirs;
use crate::store::error::path_text;

/// What `midwatch add` takes.
#[derive(Debug, Args)]
pub(super) struct Addition {
    /// The address at which a browser shows it
    url: String,
    /// The name of the source
    #[arg(long)]
    name: Option<String>,
    /// The `[[credential]]` to ask it with
    #[arg(long, value_name = "NAME")]
    with: Option<String>,
    /// A file of certificates (PEM) of authorities to trust beside those of this machine
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Prints the table and writes nothing
    #[arg(long)]
    dry_run: bool,
}

/// Finds out what answers, and writes the table for it.
pub(super) fn add(flags: &Flags, asked: &Addition) -> eyre::Result<ExitCode> {
    let (config, _) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let (url, ca) = match address(asked, &config).and_then(|url| Ok((url, authorities(asked)?))) {
        Ok(asked) => asked,
        Err(why) => return Ok(refuse(WRONG, &why)),
    };
    let with = With { credential: asked.with.as_deref(), ca: ca.as_deref() };
    let named = recognise::by_name(&url).map(Ok);
    let found = named.map_or_else(|| ask(&url, with, &config), Ok)?;
    let found = match found {
        Ok(found) => found,
        Err(failure) => {
            let mut why = clean(&failure.what);
            if let Some(advice) = &failure.advice {
                let advice = clean(advice);
                // Here there is no configuration yet to name it in.
                let advice = advice.as_str().replace(AS_CA, "by --ca FILE");
                why.push(&safe!("; {}", clean(&advice.into())));
            }
            return Ok(refuse(FAILED, &why));
        }
    };
    Ok(write(flags, asked, with, &config, &found).unwrap_or_else(|why| refuse(FAILED, &why)))
}

/// Asks who answers.
fn ask(url: &Url, with: With<'_>, config: &Config) -> Result<Result<Recognised, Failure>, LaunchError> {
    let place = recognise::places(url).into_iter().next();
    let endpoint = place.and_then(|place| endpoint(&place, with));
    let net = endpoint.map_or_else(|| Net::of(config), |endpoint| Net::for_another(config, &endpoint));
    probe::recognise(url, with, &net)
}

/// The address, unless it cannot be asked. What is refused is not repeated: it may be a secret.
fn address(asked: &Addition, config: &Config) -> Result<Url, SafeText> {
    let with_scheme =
        if asked.url.contains("://") { asked.url.clone() } else { format!("https://{}", asked.url) };
    let url = Url::parse(&with_scheme)
        .ok()
        .filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    let Some(url) = url else {
        return Err("this is no address that can be asked; write https://host/path".into());
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user or password in an address is seen by everybody on this machine: change it, \
                    and name a [[credential]] by --with"
            .into());
    }
    if let Some(name) = &asked.with {
        if config.credentials.iter().all(|known| known.name != *name) {
            return Err(safe!("there is no [[credential]] `{}`", clean(&name.as_str().into())));
        }
        if is_open(&url) {
            return Err("a credential is not sent over http, which everybody on the way can read".into());
        }
    }
    if asked.ca.is_some() && url.scheme() == "http" {
        return Err("--ca is for https: over http no server shows a certificate".into());
    }
    if asked
        .name
        .as_ref()
        .is_some_and(|name| config.sources.iter().any(|known| known.name == name.as_str().into()))
    {
        return Err("there is a source of this name already".into());
    }
    Ok(url)
}

/// The file of authorities as the configuration has it: from any folder the same.
fn authorities(asked: &Addition) -> Result<Option<String>, SafeText> {
    let Some(path) = &asked.ca else { return Ok(None) };
    let whole = std::path::absolute(path).ok().and_then(|path| path.to_str().map(str::to_owned));
    whole.map(Some).ok_or_else(|| safe!("{}: this path cannot stand in a configuration", path_text(path)))
}

fn write(
    flags: &Flags,
    asked: &Addition,
    with: With<'_>,
    config: &Config,
    found: &Recognised,
) -> Result<ExitCode, SafeText> {
    let product = SafeText::literal(found.product.name());
    let mut answers = product.clone();
    if let Some(version) = &found.version {
        answers.push(&safe!(" {}", clean(version)));
    }
    let base = found.base.as_ref().map(|base| clean(&base.as_str().trim_end_matches('/').into()));
    let answers = base.map_or_else(
        || safe!("{} is known by its name.", answers),
        |base| safe!("{} answers at {}.", answers, base),
    );
    let mut source = found.source(with)?;
    source.name = asked.name.clone().unwrap_or(source.name);
    let mut taken: BTreeSet<String> = config
        .sources
        .iter()
        .map(|known| String::from_utf8_lossy(known.name.as_bytes()).into_owned())
        .collect();
    let table = source.text(&mut taken);
    let read = of_text(&"the new table".into(), &table, &registry::kinds(), None);
    let (read, _) = read.map_err(|errors| match errors.first() {
        Some(error) => safe!("the table for it would be wrong: {}", error.what),
        None => "the table for it would be wrong".into(),
    })?;
    let known = config.sources.iter().find(|known| read.iter().any(|new| is_same(known, new)));
    if let Some(known) = known {
        return Err(safe!("{} It is there already as the source {}.", answers, clean(&known.name)));
    }
    let scope = found.product.scope().filter(|_| asked.with.is_none()).map(SafeText::literal);
    let scope = scope.map(|scope| safe!("It wants {}: add a [[credential]], and `credential` here.", scope));
    if asked.dry_run {
        std::iter::once(&answers).chain(&scope).for_each(tell);
        return Ok(print(&table, 0));
    }
    let path = flags.config.clone().or_else(|| Places::of_person().user).ok_or(
        "there is no home directory, so no place for a configuration; name one: midwatch add URL --config FILE",
    )?;
    put(&path, &table)?;
    let mut text = String::new();
    let written = safe!("Written to {}:", path_text(&path));
    let table: Vec<SafeText> = table.lines().map(|line| safe!("  {}", clean(&line.into()))).collect();
    let next = safe!("next: {}", flags.typed("midwatch check"));
    for line in [&answers, &written].into_iter().chain(&table).chain(&scope).chain([&next]) {
        text.push_str(line.as_str());
        text.push('\n');
    }
    Ok(print(&text, 0))
}

/// Whether two tables ask the same thing: of one kind, at one address, and no other list in the new one.
fn is_same(known: &SourceTable, new: &SourceTable) -> bool {
    let addresses = |table: &SourceTable| {
        let addresses = table.endpoint.iter().flat_map(|endpoint| &endpoint.addresses);
        addresses.map(Address::shown).collect::<BTreeSet<_>>()
    };
    let listed = |table: &SourceTable, key| {
        let list = table.table.get(key).and_then(|value| value.as_list());
        list.unwrap_or_default()
            .iter()
            .filter_map(|item| item.as_text().map(str::to_owned))
            .collect::<BTreeSet<_>>()
    };
    known.kind == new.kind
        && addresses(new).is_subset(&addresses(known))
        && ["repos", "projects"].iter().all(|key| listed(new, key).is_subset(&listed(known, key)))
}

/// Puts the table at the end of the configuration, or into a new one.
fn put(path: &Path, table: &str) -> Result<(), SafeText> {
    let path = std::path::absolute(path).unwrap_or(path.to_owned());
    let before = match atomic::read(&path) {
        Ok(before) => before,
        Err(error) if error.cause().kind() == std::io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                dirs::prepare(folder)?;
            }
            return match atomic::create(&path, table.as_bytes()) {
                Ok(Fresh::Made) => Ok(()),
                // A link that leads nowhere, too.
                Ok(Fresh::Exists) => Err(safe!("cannot write {}: something is there", path_text(&path))),
                Err(error) => Err(error.sentence()),
            };
        }
        Err(error) => return Err(error.sentence()),
    };
    let apart = match before.as_str() {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let more = format!("{apart}{table}");
    // As `source = []` it could not be added to.
    let place = RawText::from(path.to_string_lossy().into_owned());
    if let Err(errors) = crate::config::table::check(&place, &[before.as_str(), &more].concat()) {
        let what = errors.first().map(|error| error.what.clone()).unwrap_or_default();
        return Err(safe!(
            "the table cannot stand at the end of {}: {}; --dry-run prints it",
            path_text(&path),
            what
        ));
    }
    atomic::extend(&path, &before, &more)
        .map_err(|error| safe!("{}; --dry-run prints the table", error.sentence()))
}
