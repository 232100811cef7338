//! `midwatch add URL`: a source for what answers at an address, written at the end of the configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre;
use url::Url;

use super::load::load;
use super::print::{print, refuse, shell_word, tell};
use super::{FAILED, Flags, WRONG, wrong};
use crate::config::credentials::CredentialTable;
use crate::config::endpoint::Address;
use crate::config::origin::ConfigError;
use crate::config::places::Places;
use crate::config::sources::SourceTable;
use crate::config::{Config, of_text};
use crate::model::health::Failure;
use crate::model::text::{RawText, SafeText, clean};
use crate::net::{AS_CA, AS_CREDENTIAL, AS_USER, Net};
use crate::runtime::console::LaunchError;
use crate::runtime::probe;
use crate::safe;
use crate::source::recognise::{self, Recognised, With, endpoint, is_open};
use crate::source::registry;
use crate::source::written::quoted;
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
    /// The user of HTTP Basic; the secret is then the password
    #[arg(long, value_name = "NAME", requires = "secret")]
    user: Option<String>,
    /// The file whose first line is the password or token; nobody but you may read it
    #[arg(long, value_name = "FILE", group = "secret", conflicts_with = "with")]
    #[arg(visible_aliases = ["password-file", "token-file"])]
    secret_file: Option<PathBuf>,
    /// The variable that holds the password or token whenever midwatch runs
    #[arg(long, value_name = "VARIABLE", group = "secret", conflicts_with = "with")]
    #[arg(visible_aliases = ["password-env", "token-env"])]
    secret_env: Option<String>,
    /// A file of certificates (PEM) of authorities to trust beside those of this machine
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Prints the table and writes nothing
    #[arg(long)]
    dry_run: bool,
}

/// Finds out what answers, and writes the table for it.
pub(super) fn add(flags: &Flags, asked: &Addition) -> eyre::Result<ExitCode> {
    let (mut config, _) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let read = address(asked, &config).and_then(|url| {
        let ca = asked.ca.as_deref().map(whole).transpose()?;
        Ok((credential(asked, &url, &mut config)?, url, ca))
    });
    let (credential, url, ca) = match read {
        Ok(read) => read,
        Err(why) => return Ok(refuse(WRONG, &why)),
    };
    let (name, credentials) = credential.unzip();
    let is_token = name.as_ref().is_some_and(|name| {
        config.credentials.iter().any(|table| table.name == *name && table.user.is_none())
    });
    let with = With { credential: name.as_deref(), ca: ca.as_deref(), is_token };
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
                let advice = advice
                    .replace(AS_USER, again(flags, asked, "--user NAME --password-file FILE").as_str())
                    .replace(AS_CREDENTIAL, again(flags, asked, "--token-file FILE").as_str());
                why.push(&safe!("; {}", clean(&advice.into())));
            }
            return Ok(refuse(FAILED, &why));
        }
    };
    let credentials = credentials.unwrap_or_default();
    Ok(write(flags, asked, with, &credentials, &config, &found).unwrap_or_else(|why| refuse(FAILED, &why)))
}

/// The command line to type again, with a file for the secret.
fn again(flags: &Flags, asked: &Addition, with: &'static str) -> SafeText {
    // What is behind a question mark may be a secret.
    let url = asked.url.split(['?', '#']).next().unwrap_or_default();
    let url = shell_word(Path::new(url));
    let command = flags.typed(safe!("midwatch add {} {}", url, SafeText::literal(with)));
    safe!("{} (the secret is the first line of FILE, which nobody but you may read: chmod 600)", command)
}

/// The name of the credential that the flags name or describe, and its table as text if it is a new one,
/// which `config` has then too.
fn credential(
    asked: &Addition,
    url: &Url,
    config: &mut Config,
) -> Result<Option<(String, String)>, SafeText> {
    if let Some(name) = &asked.with {
        if config.credentials.iter().all(|known| known.name != *name) {
            return Err(safe!("there is no [[credential]] `{}`", clean(&name.as_str().into())));
        }
        return Ok(Some((name.clone(), String::new())));
    }
    let place = match (&asked.secret_file, &asked.secret_env) {
        (Some(path), _) => format!("file = {}", quoted(&whole(path)?)),
        (None, Some(name)) => format!("env = {}", quoted(name)),
        (None, None) => return Ok(None),
    };
    let host = url.host_str().unwrap_or_default().replace(':', "-");
    let numbered = (2..).map(|number| format!("{host}-{number}"));
    let is_free = |name: &String| config.credentials.iter().all(|known| known.name != *name);
    let name = std::iter::once(host.clone()).chain(numbered).find(is_free).unwrap_or_default();
    let user = asked.user.as_ref().map(|user| format!("user = {}\n", quoted(user))).unwrap_or_default();
    let text = format!("[[credential]]\nname = {}\n{user}{place}\n\n", quoted(&name));
    let read = of_text(&"the command line".into(), &text, &registry::kinds(), None);
    let what = |errors: Vec<ConfigError>| errors.first().map(|error| error.what.clone()).unwrap_or_default();
    let (_, tables) = read.map_err(what)?;
    for table in tables {
        let is_same = |known: &&CredentialTable| known.source == table.source && known.user == table.user;
        if let Some(known) = config.credentials.iter().find(is_same) {
            return Ok(Some((known.name.clone(), String::new())));
        }
        config.credentials.push(table);
    }
    Ok(Some((name, text)))
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
                    and give --user NAME --password-file FILE"
            .into());
    }
    if is_open(&url) && (asked.with.is_some() || asked.secret_file.is_some() || asked.secret_env.is_some()) {
        return Err("a credential is not sent over http, which everybody on the way can read".into());
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

/// The path of a file as the configuration has it: from any folder the same.
fn whole(path: &Path) -> Result<String, SafeText> {
    let whole = std::path::absolute(path).ok().and_then(|path| path.to_str().map(str::to_owned));
    whole.ok_or_else(|| safe!("{}: this path cannot stand in a configuration", path_text(path)))
}

fn write(
    flags: &Flags,
    asked: &Addition,
    with: With<'_>,
    credentials: &str,
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
    let table = format!("{credentials}{}", source.text(&mut taken));
    let read = of_text(&"the new table".into(), &table, &registry::kinds(), None);
    let (read, _) = read.map_err(|errors| match errors.first() {
        Some(error) => safe!("the table for it would be wrong: {}", error.what),
        None => "the table for it would be wrong".into(),
    })?;
    let known = config.sources.iter().find(|known| read.iter().any(|new| is_same(known, new)));
    if let Some(known) = known {
        let mut why = safe!("{} It is there already as the source {}.", answers, clean(&known.name));
        let named = known.endpoint.as_ref().and_then(|endpoint| endpoint.credential.as_deref());
        if let Some(name) = with.credential.filter(|name| named != Some(name)) {
            let key = clean(&format!("credential = {}", quoted(name)).into());
            why.push(&safe!(" It stays as it is: write {} there", key));
            let table = credentials.trim_end().replace('\n', " / ");
            if !table.is_empty() {
                why.push(&safe!(", and below it {}", clean(&table.into())));
            }
        }
        return Err(why);
    }
    let scope = found.product.scope().filter(|_| with.credential.is_none()).map(SafeText::literal);
    let scope = scope.map(|scope| {
        let again = again(flags, asked, "--token-file FILE");
        safe!("It wants {}: with one, take this table out again and type {}.", scope, again)
    });
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
