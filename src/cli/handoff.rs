//! `midwatch handoff`: the shift, for the person who takes it over. Asks no source and writes nothing.

use std::process::ExitCode;

use clap::Args;
use jiff::SignedDuration;

use super::load::load;
use super::notes::Record;
use super::print::{print, tell};
use super::templates::{For, made};
use super::{Flags, wrong};
use crate::app::session::Session;
use crate::config::places::login;
use crate::config::units::Period;
use crate::incident::handoff::Shift;
use crate::incident::known::Known;
use crate::incident::templates::Template;
use crate::model::claim::Claims;
use crate::model::note::Folder;
use crate::model::text::RawText;
use crate::model::update::Gives;
use crate::net::Net;
use crate::runtime::clock::Clock;
use crate::runtime::keeper::last_state;
use crate::safe;
use crate::source::registry;
use crate::store::files::Disk;
use crate::store::{history, last};

/// What `midwatch handoff --help` says at its end.
pub(super) const HELP: &str = "\
It reads what consoles and midwatch collect have kept, and asks no source: the
document says how old what it tells of alerts, silences, changes and sources
is. Of a private incident it tells that there is one.

Order and fixed words come from a template: handoff.md in templates/ beside the
configuration, else midwatch's own. In a line: outgoing incoming from now
length seen. Alone in a line: open closed firing silences changes blind todos
entries notes.

Exit codes:
  0  it was written
  1  there is no directory to look into
  2  the configuration or the template is wrong";

/// What is asked.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// How long the shift was, such as 12h
    #[arg(long, value_name = "LENGTH", default_value = "12h")]
    since: Period,
    /// Who takes over
    #[arg(long, value_name = "NAME")]
    to: Option<String>,
    /// What it is written for
    #[arg(short, long, value_enum, default_value_t = For::Gfm)]
    format: For,
}

/// Writes it.
pub(super) fn handoff(flags: &Flags, asked: &Asked) -> ExitCode {
    let (config, _) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return wrong(flags, &errors),
    };
    let record = match Record::of(&config) {
        Ok(record) => record,
        Err(code) => return code,
    };
    let now = Clock::Real.now();
    let length = SignedDuration::try_from(asked.since.0).unwrap_or(SignedDuration::MAX);
    let from = now.checked_sub(length).unwrap_or(jiff::Timestamp::MIN);
    let kept = last::load::<Session>(&last_state(&record.state)).unwrap_or_else(|why| {
        tell(&safe!("{}; the hand-over is written without it", why));
        None
    });
    let dir = record.state.join("history");
    let found = history::peek(&Disk, &dir);
    found.notices.iter().for_each(tell);
    let world = kept.as_ref().map(|kept| &kept.world);
    let outgoing = config.settings.person.clone().unwrap_or_else(login);
    let incoming = asked.to.as_deref().map(RawText::from);
    let built = match registry::build(&config.sources, &Net::of(&config)) {
        Ok((built, _)) => built,
        Err(errors) => return wrong(flags, &errors),
    };
    let sources = || built.iter().map(|source| &source.info);
    let sees: Vec<Gives> = sources().flat_map(|info| info.gives.iter().copied()).collect();
    let about = (&config.catalog, sources());
    let known = Known::of(world, found.transitions, history::watched(&dir), about, from, now);
    let incidents = record.incidents();
    let (entries, pad) = (record.entries(&Folder::Shift), record.pad(&Folder::Shift));
    let of_team = record.entries(&Folder::Team);
    let told = || incidents.iter().flat_map(|(_, entries)| entries).chain(&of_team);
    let claims = Claims::of(told().map(|told| &told.entry), told());
    let shift = Shift {
        outgoing: &outgoing,
        incoming: incoming.as_ref(),
        from,
        now,
        incidents: &incidents,
        entries: &entries,
        pad: &pad,
        known: &known,
        claims: &claims,
        sees: &sees,
    };
    match made(flags, Template::Handoff, &|name| shift.value(name)) {
        Ok(document) => print(&asked.format.text(&document), 0),
        Err(code) => code,
    }
}
