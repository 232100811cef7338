//! Starting the console: from a configuration, or from a recording.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use color_eyre::eyre;

use super::load::{for_recording, load};
use super::print::{print, refuse};
use super::templates;
use super::{FAILED, Flags, WRONG, wrong};
use crate::app::{Setup, Themes};
use crate::command::bindings;
use crate::config::credentials::CredentialTable;
use crate::config::origin::Warning;
use crate::config::places::{Places, login};
use crate::config::sources::SourceTable;
use crate::config::team::TeamTable;
use crate::config::theme::Depth;
use crate::config::zone::of_system;
use crate::config::{Config, of_text};
use crate::model::credential::CredentialInfo;
use crate::model::drill::Drill;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::net::Net;
use crate::runtime::clock::Clock;
use crate::runtime::console::{self, Face, Launch, LaunchError, session_name};
use crate::runtime::keeper::Place;
use crate::runtime::login::Logins;
use crate::runtime::memory;
use crate::runtime::session::SessionError;
use crate::safe;
use crate::source::local::Local;
use crate::source::logs::archive::{ArchiveConfig, STANDARD_INPUT};
use crate::source::recording::Recording;
use crate::source::registry::{self, Built, Playback};
use crate::store::dirs;
use crate::store::team::Team;
use crate::ui::style::Styles;

/// What is wished besides a console.
#[derive(Default)]
pub(super) struct Wish {
    /// A new file that everything is recorded to.
    pub(super) record: Option<PathBuf>,
    /// What is opened as soon as it is seen.
    pub(super) goto: Option<RawText>,
    /// Only the history is kept.
    pub(super) collect: bool,
}

/// Runs the configured console, or only what keeps its history.
pub(super) fn configured(flags: &Flags, wish: Wish) -> eyre::Result<ExitCode> {
    let Wish { record, goto, collect } = wish;
    let (mut config, warnings) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let notices = said(&warnings);
    // Nothing at all is configured: what is here is offered, and nothing written.
    let found = (config.files.is_empty() && config.sources.is_empty()).then(Local::find);
    if let Some(found) = &found {
        let kinds = registry::kinds();
        let home = Places::of_person().home;
        let read = of_text(&"what was found here".into(), &found.tables(), &kinds, home.as_deref());
        (config.sources, config.credentials) = match read {
            Ok(read) => read,
            Err(errors) => return Ok(wrong(flags, &errors)),
        };
    }
    let net = Net::of(&config);
    let (mut sources, playback) = match registry::build(&config.sources, &net) {
        Ok(built) => built,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    if collect {
        // Lines of logs are not kept, and nobody would see them.
        sources.retain(|built| built.info.gives.iter().any(|gives| *gives != Gives::Logs));
        let why = if playback.is_some() {
            Some("a recording is played to a person: there is nothing to collect from it")
        } else if found.is_some() || sources.is_empty() {
            Some("there is no source of alerts or runs to collect from; midwatch add URL finds one")
        } else {
            None
        };
        if let Some(why) = why {
            return Ok(refuse(WRONG, &SafeText::literal(why)));
        }
    }
    let face = if collect { Face::Collector } else { face(flags) };
    if let Err(why) = console::ready(face) {
        return ended(Err(why));
    }
    let place = match (&found, &config.settings.state_dir) {
        // Made when the person goes on, and not before.
        (Some(_), Some(path)) => Place::Directory(path.clone()),
        _ => place(config.settings.state_dir.as_deref()),
    };
    let found = found.map(|found| found.facts());
    let (files, drill) = (None, None);
    let plan = Plan { sources, playback, place, found, record, goto, files, face, notices, net, drill };
    start(flags, &config, plan)
}

/// Runs a console on files alone, with the lines that a query sees.
pub(super) fn on_files(flags: &Flags, files: &[PathBuf], query: &str) -> eyre::Result<ExitCode> {
    let (mut config, warnings) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let sources = files.iter().map(|path| {
        let (path, name) = if path.as_os_str() == "-" {
            (PathBuf::from(STANDARD_INPUT), "standard input".into())
        } else {
            let name = RawText::from_bytes(path.as_os_str().as_encoded_bytes());
            (std::path::absolute(path).unwrap_or_else(|_| path.clone()), name)
        };
        let config = ArchiveConfig { path, timezone: None };
        registry::alone(name, config)
    });
    let sources: Vec<_> = sources.collect();
    config.sources.clear();
    let of_input = flags.plain && files.iter().any(|path| path.as_os_str() == "-");
    let face = if of_input { Face::LinesOfInput } else { face(flags) };
    let (notices, net) = (said(&warnings), Net::of(&config));
    match console::ready(face) {
        Err(_) if of_input => {
            return Ok(refuse(
                WRONG,
                &SafeText::literal(
                    "there is no terminal to take keys from, and standard input is what is shown: midwatch logs \
                     query '' - prints its lines",
                ),
            ));
        }
        Err(why) => return ended(Err(why)),
        Ok(()) => {}
    }
    let place = place(config.settings.state_dir.as_deref());
    let files = Some(query.into());
    let plan = Plan {
        sources,
        playback: None,
        place,
        found: None,
        record: None,
        goto: None,
        files,
        face,
        notices,
        net,
        drill: None,
    };
    start(flags, &config, plan)
}

/// Where notes and the last state go. Without a directory of the person's own that can be written,
/// one that does not last is better than none, and is told.
fn place(wanted: Option<&Path>) -> Place {
    let refused = match dirs::state(wanted) {
        Ok(found) => return Place::Directory(found.path),
        Err(refused) => refused,
    };
    for offer in refused.offers {
        if dirs::prepare(&offer.path).is_ok() {
            let why = safe!("{}, so notes go to {} now", refused.reason, offer.label());
            return Place::Memory { dir: offer.path, why, wanted: refused.wanted };
        }
    }
    let why = safe!("{}, and no other directory can be written", refused.reason);
    Place::Missing { why, wanted: refused.wanted }
}

/// Plays a recording, as a drill if it is one. Nothing is written.
pub(super) fn played(flags: &Flags, recording: Recording, drill: Option<Drill>) -> eyre::Result<ExitCode> {
    let (config, warnings) = match for_recording(flags, &recording) {
        Ok(loaded) => loaded,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let notices = said(&warnings);
    let playback = Playback { start: recording.start(), speed: recording.rate() };
    let sources = recording.sources().into_iter().map(|(info, source)| Built { info, source });
    let (sources, playback) = (sources.collect(), Some(playback));
    let (place, net) = (Place::Nowhere, Net::of(&config));
    let face = face(flags);
    let (found, record, goto, files) = (None, None, None, None);
    let plan = Plan { sources, playback, place, found, record, goto, files, face, notices, net, drill };
    start(flags, &config, plan)
}

fn face(flags: &Flags) -> Face {
    if flags.plain { Face::Lines } else { Face::Screen }
}

fn said(warnings: &[Warning]) -> Vec<SafeText> {
    warnings.iter().flat_map(Warning::lines).collect()
}

/// What differs between the ways to start.
struct Plan {
    sources: Vec<Built>,
    playback: Option<Playback>,
    place: Place,
    found: Option<Vec<SafeText>>,
    record: Option<PathBuf>,
    goto: Option<RawText>,
    files: Option<RawText>,
    face: Face,
    notices: Vec<SafeText>,
    net: Net,
    drill: Option<Drill>,
}

fn start(flags: &Flags, config: &Config, plan: Plan) -> eyre::Result<ExitCode> {
    let Plan { sources, playback, place, found, record, goto, files, face, mut notices, net, drill } = plan;
    let settings = &config.settings;
    if settings.allow_core {
        memory::open()?;
    }
    let bindings = match bindings::read(&config.keys) {
        Ok(bindings) => bindings,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let themes = std::iter::once(&config.theme).chain(&config.other_themes);
    let clock = playback.map_or(Clock::Real, |playing| Clock::replay(playing.start, playing.speed));
    let zone = settings.timezone.clone().or_else(|| {
        of_system().unwrap_or_else(|why| {
            notices.push(why);
            None
        })
    });
    let setup = Setup {
        sources: sources.iter().map(|built| built.info.clone()).collect(),
        catalog: config.catalog.clone(),
        runbooks: config.runbooks.clone(),
        diagnostics: config.diagnostics.clone(),
        templates: templates::own_ones(flags, &mut notices),
        destinations: config.destinations.clone(),
        credentials: credentials(config),
        environments: config.environments.clone(),
        environment: settings.scope.clone(),
        themes: Themes { all: themes.map(|theme| (theme.name.clone(), Styles::new(theme))).collect() },
        ascii: settings.ascii,
        bindings,
        is_named: settings.person.is_some() || place == Place::Nowhere,
        person: settings.person.clone().unwrap_or_else(|| stranger(&place)),
        session_name: session_name(Clock::Real.now()),
        zone: zone.filter(|zone| *zone != jiff::tz::TimeZone::UTC),
        log_budget: usize::try_from(settings.log_memory).unwrap_or(usize::MAX),
        remembered: None,
        // Of a recording nothing is written, for nobody.
        has_team: config.team.is_some() && place != Place::Nowhere,
        drill,
        size: (80, 24),
    };
    let launch = Launch {
        setup,
        sources,
        clock,
        depth: depth(),
        place,
        team: config.team.clone().map(team),
        found,
        record,
        goto,
        files,
        face,
        notices,
        net,
        bell: settings.bell,
        destinations: config.destinations.clone(),
        logins: Logins::of(&config.credentials),
        formats: config.formats.as_slice().into(),
    };
    ended(console::run(launch))
}

/// The directory that a team shares, as the store takes it.
pub(super) fn team(table: TeamTable) -> Team {
    Team { dir: table.dir, group: table.group }
}

/// The credentials, and which sources need them.
fn credentials(config: &Config) -> Vec<CredentialInfo> {
    let uses = |source: &&SourceTable, name: &str| {
        source.endpoint.as_ref().is_some_and(|endpoint| endpoint.credentials().any(|used| used == name))
    };
    let info = |table: &CredentialTable| CredentialInfo {
        name: table.name.as_str().into(),
        login: table.login.is_some(),
        sources: config
            .sources
            .iter()
            .filter(|source| uses(source, &table.name))
            .map(|source| source.name.clone())
            .collect(),
    };
    config.credentials.iter().map(info).collect()
}

fn ended(run: Result<Vec<SafeText>, LaunchError>) -> eyre::Result<ExitCode> {
    match run {
        Ok(parting) => {
            let lines: String = parting.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
            Ok(print(&lines, 0))
        }
        Err(LaunchError::Session(SessionError::Terminal(why))) => Ok(refuse(WRONG, &sentence(&why))),
        Err(why @ (LaunchError::Recording(_) | LaunchError::NotSaved(_))) => {
            Ok(refuse(FAILED, &sentence(&why)))
        }
        Err(fault) => Err(fault.into()),
    }
}

fn sentence(error: &dyn std::error::Error) -> SafeText {
    clean(&RawText::from(error.to_string()))
}

/// The colours that the terminal gets, by what the environment says of it.
fn depth() -> Depth {
    let variables = ["NO_COLOR", "TERM", "COLORTERM"].map(|name| (name, std::env::var(name).ok()));
    let said = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.and_then(|(_, value)| value.as_deref())
    };
    Depth::of(said)
}

/// Who writes notes when nobody has said: the login, unless the notes are gone at the end.
fn stranger(place: &Place) -> RawText {
    if *place == Place::Nowhere {
        return "guest".into();
    }
    login()
}
