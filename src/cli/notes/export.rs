//! `midwatch notes export`: a document of one incident.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::Record;
use crate::app::session::Session;
use crate::cli::print::{print, tell};
use crate::cli::templates::{For, made};
use crate::cli::{FAILED, Flags};
use crate::incident::document::Document;
use crate::incident::facts::Facts;
use crate::incident::lint::lint;
use crate::incident::templates::Template;
use crate::model::incident::Incident;
use crate::model::note::Folder;
use crate::model::text::SafeText;
use crate::model::told::Told;
use crate::runtime::clock::Clock;
use crate::runtime::keeper::last_state;
use crate::safe;
use crate::store::last;
use jiff::Timestamp;

/// What `midwatch notes export --help` says at its end.
pub(super) const HELP: &str = "\
Order and fixed words come from a template: postmortem.md or update.md in
templates/ beside the configuration, else midwatch's own. Markdown, with
{{title}}, {{timeline}} and so on where something of the record stands;
{{impact|not known}} says what stands there while nothing is known. midwatch
check names what is wrong with a template.

In a line: id title severity peak status service host environment alert impact
lead authors tags marks began onset detected acknowledged declared mitigated
resolved closed length doing next now date. Alone in a line: timeline times
responders hypotheses ruled_out decisions todos evidence links notes.

What is missing is told on standard error where that is a terminal.

Exit codes:
  0  it was written; with --lint, nothing is missing
  1  no incident is so named, or several are; with --lint, something is missing
  2  the configuration or the template is wrong";

/// What is asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Asked {
    /// Its id or title, or a part of them that only one has
    incident: String,
    /// Which document
    #[arg(short, long, value_enum, default_value_t = What::Postmortem)]
    document: What,
    /// What it is written for
    #[arg(short, long, value_enum, default_value_t = For::Gfm)]
    format: For,
    /// Tells what is missing instead, a line each
    #[arg(long, conflicts_with = "format")]
    lint: bool,
}

/// Which document.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum What {
    /// The draft of a postmortem
    Postmortem,
    /// How it stands, for those who wait
    Update,
}

impl What {
    pub(super) fn template(self) -> Template {
        match self {
            Self::Postmortem => Template::Postmortem,
            Self::Update => Template::Update,
        }
    }
}

/// What the template makes of what is known, and what is missing.
pub(super) fn document(
    flags: &Flags,
    record: &Record,
    (incident, entries): (&Incident, &[Told]),
    what: What,
) -> Result<(Document, Vec<SafeText>), ExitCode> {
    let pad = record.pad(&Folder::Incident(incident.id.clone()));
    let acknowledged = acknowledged(record, incident);
    let facts = Facts { incident, entries, pad: &pad, acknowledged, now: Clock::Real.now() };
    let document = made(flags, what.template(), &|name| facts.value(name))?;
    Ok((document, lint(&facts)))
}

/// Writes it.
pub(super) fn export(flags: &Flags, record: &Record, asked: &Asked) -> ExitCode {
    let (incident, entries) = match record.find(&asked.incident) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let (document, missing) = match document(flags, record, (&incident, &entries), asked.document) {
        Ok(made) => made,
        Err(code) => return code,
    };
    if asked.lint {
        if missing.is_empty() {
            tell(&"nothing is missing".into());
        }
        let text: String = missing.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        return print(&text, if missing.is_empty() { 0 } else { FAILED });
    }
    // An update goes out while much is missing.
    if asked.document == What::Postmortem && io::stderr().is_terminal() {
        missing.iter().for_each(told);
    }
    print(&asked.format.text(&document), 0)
}

fn told(missing: &SafeText) {
    tell(&safe!("missing: {}", missing));
}

/// When somebody acknowledged the alert that it was declared from, as far as that is kept.
pub(super) fn acknowledged(record: &Record, incident: &Incident) -> Option<Timestamp> {
    let wanted = incident.alert.as_ref()?;
    // A document is not refused because what was on the screen cannot be read.
    let kept = last::load::<Session>(&last_state(&record.state)).ok()??;
    let of_it = kept.world.alerts().filter(|(_, alert)| alert.name == *wanted || alert.id == *wanted);
    let acks = of_it.filter_map(|(_, alert)| alert.acknowledged.as_ref().map(|ack| ack.at));
    acks.filter(|at| *at >= incident.began()).min()
}
