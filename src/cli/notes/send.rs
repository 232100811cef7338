//! `midwatch notes send`: a document of one incident, to where others read it.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use clap::Args;

use super::export::{What, document};
use super::{Record, name};
use crate::action::confirm::{Answer, Confirm, Confirmed};
use crate::cli::console::team;
use crate::cli::print::{print, refuse, tell};
use crate::cli::{FAILED, Flags, WRONG};
use crate::config::Config;
use crate::config::destinations::Destination;
use crate::config::nearest::suggestion;
use crate::config::places::login;
use crate::incident::paper::Paper;
use crate::model::incident::Incident;
use crate::model::note::{Entry, Folder, NoteCommand, What as Kind};
use crate::model::outgoing::{Delivery, Outgoing};
use crate::model::text::{RawText, SafeText, clean};
use crate::net::Net;
use crate::runtime::clock::Clock;
use crate::runtime::console::{host, session_name};
use crate::runtime::masked::masked;
use crate::runtime::sending::Sending;
use crate::safe;
use crate::send::outgoing;
use crate::store::files::Disk;
use crate::store::notes::{Session, write_down as write_down_in};

/// The exit code where nobody knows whether it was sent.
const UNKNOWN: u8 = 3;

/// What `midwatch notes send --help` says at its end.
pub(super) const HELP: &str = "\
What would be sent is shown first, without secrets, and a letter is asked for:
nothing is sent without it. Where it goes is a [[destination]] of the
configuration, and the incident's [[environment]] has to allow it: allow =
[\"send\"]. What came of it is written into the incident's timeline.

Nothing is sent twice by itself. Where the connection broke after it had gone
out, or the server answered that it failed itself (a status of 500 or more),
nobody knows whether it arrived: that is said, and you look there before you
send it again. A redirect is not followed; a 303 counts as not known too.

Exit codes:
  0  it was sent
  1  it was not sent
  2  the configuration or the template is wrong
  3  whether it was sent is not known";

/// What is asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Asked {
    /// Its id or title, or a part of them that only one has
    incident: String,
    /// The destination, by its name
    #[arg(short, long, value_name = "NAME")]
    to: String,
    /// Which document
    #[arg(short, long, value_enum, default_value_t = What::Update)]
    document: What,
    /// Shows what would be sent, and sends nothing
    #[arg(long)]
    dry_run: bool,
}

/// Sends it.
pub(super) fn send(flags: &Flags, config: &Config, record: &Record, asked: &Asked) -> ExitCode {
    let (incident, entries) = match record.find(&asked.incident) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let destination = match find(config, &asked.to, &incident) {
        Ok(destination) => destination,
        Err(code) => return code,
    };
    let text = match document(flags, record, (&incident, &entries), asked.document) {
        Ok((text, _)) => text,
        Err(code) => return code,
    };
    let net = Net::of(config);
    let sending = match Sending::to(&net, destination) {
        Ok(sending) => sending,
        Err(error) => return refuse(FAILED, &clean(&RawText::from(error.to_string()))),
    };
    let paper = Paper::of_incident(asked.document.template(), text, &incident);
    let outgoing = match outgoing(destination, &paper, net.vault().mask()) {
        Ok(outgoing) => outgoing,
        Err(why) => return refuse(FAILED, &why),
    };
    let shown: String = preview(&outgoing, &incident).iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    if asked.dry_run {
        return print(&shown, 0);
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let why =
            "a person has to see what is sent and to agree, so this needs a terminal; --dry-run shows it";
        return refuse(FAILED, &why.into());
    }
    print(&shown, 0);
    let Some(agreed) = agreed(outgoing.clone()) else {
        return refuse(FAILED, &"nothing was sent".into());
    };
    let begun = vec![(Kind::Note, RawText::from(outgoing.begun().as_str()))];
    if let Err(why) = write_down(config, record, &incident, begun, &net) {
        return refuse(FAILED, &safe!("nothing was sent: the timeline cannot have it: {}", why));
    }
    let delivery = sending.deliver(destination, &agreed);
    let said = delivery.words(&outgoing);
    if let Err(why) = write_down(config, record, &incident, delivery.entries(&outgoing), &net) {
        tell(&safe!("the timeline does not have it: {}", why));
    }
    match delivery {
        Delivery::Sent(_) => print(&format!("{}\n", said.as_str()), 0),
        Delivery::Refused(_) => refuse(FAILED, &said),
        Delivery::Unknown(_) => refuse(UNKNOWN, &said),
    }
}

/// The destination of this name, if something of this incident may be sent there.
fn find<'a>(config: &'a Config, wanted: &str, incident: &Incident) -> Result<&'a Destination, ExitCode> {
    let found = config.destinations.iter().find(|known| known.name.as_str() == Some(wanted));
    let Some(destination) = found else {
        let wanted_shown = clean(&RawText::from(wanted));
        let names = || config.destinations.iter().filter_map(|known| known.name.as_str());
        let near = clean(&RawText::from(suggestion(wanted, names())));
        let why = if config.destinations.is_empty() {
            "no [[destination]] is configured".into()
        } else {
            let names = clean(&RawText::from(names().collect::<Vec<_>>().join(", ")));
            safe!("there is no destination {}{}; there are: {}", wanted_shown, near, names)
        };
        return Err(refuse(WRONG, &why));
    };
    match destination.refusal(&config.environments, incident.environment.as_ref()) {
        Some(why) => Err(refuse(FAILED, &why)),
        None => Ok(destination),
    }
}

/// All that is sent, and where to.
fn preview(outgoing: &Outgoing, incident: &Incident) -> Vec<SafeText> {
    let environment = incident.environment.as_ref().map_or_else(|| "not said".into(), clean);
    let mut lines = vec![
        safe!("to           {}, {}", clean(&outgoing.destination), outgoing.place),
        safe!("incident     {}, environment {}", name(incident), environment),
        safe!("title        {}", outgoing.title),
    ];
    lines.extend(outgoing.remarks.iter().map(|remark| safe!("note         {}", remark)));
    lines.push(SafeText::default());
    lines.extend(outgoing.shown.iter().map(|line| safe!("  {}", line)));
    lines
}

/// Asks for the letter that agrees.
fn agreed(outgoing: Outgoing) -> Option<Confirmed<Outgoing>> {
    let now = Clock::Real.now();
    let chance = now.as_nanosecond().unsigned_abs() / 1000;
    let mut confirm = Confirm::new(outgoing, u64::try_from(chance % 1_000_003).unwrap_or(0));
    tell(&SafeText::default());
    tell(&safe!(
        "Send it? Type {} and Enter; anything else sends nothing.",
        clean(&RawText::from(confirm.letter().to_string()))
    ));
    confirm.painted(Clock::Real.now());
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).ok()?;
    let mut typed = line.trim().chars();
    let (Some(key), None) = (typed.next(), typed.next()) else { return None };
    match confirm.key(key, Clock::Real.now()) {
        Answer::Yes(agreed) => Some(agreed),
        Answer::TooSoon(_) | Answer::Other(_) => None,
    }
}

/// Writes what came of it into the timeline.
fn write_down(
    config: &Config,
    record: &Record,
    incident: &Incident,
    entries: Vec<(Kind, RawText)>,
    net: &Net,
) -> Result<(), SafeText> {
    let now = Clock::Real.now();
    let person = config.settings.person.clone().unwrap_or_else(login);
    let session = Session { person, host: host(), id: session_name(now), since: now };
    let folder = Folder::Incident(incident.id.clone());
    // An incident of the team is written where the team reads it.
    let team = config.team.clone().map(team);
    let mut written = Vec::new();
    for (index, (what, text)) in entries.into_iter().enumerate() {
        let entry = Entry {
            at: now,
            recorded: now,
            person: session.person.clone(),
            what,
            text,
            session: session.id.clone(),
            seq: index as u64 + 1,
        };
        if let NoteCommand::Entry(entry) = masked(NoteCommand::Entry(entry), net.vault().mask()) {
            written.push(entry);
        }
    }
    // What is found to be wrong there is told once, so here.
    write_down_in(Disk, (&record.state, team), &folder, written, &session, now)?.iter().for_each(tell);
    Ok(())
}
