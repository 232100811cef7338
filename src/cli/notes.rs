//! `midwatch notes`: what was written down, without a screen. Consoles may write meanwhile. Nothing is made,
//! locked or mended where it lies; only `send` writes down what it did, into a journal of its own, and `merge`
//! adds what another machine has.

mod bundle;
mod export;
mod list;
mod search;
mod send;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::console::team;
use super::load::load;
use super::print::{refuse, tell};
use super::{FAILED, Flags, wrong};
use crate::config::Config;
use crate::model::incident::Incident;
use crate::model::note::{Folder, pad_unread};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::told::{Told, told};
use crate::safe;
use crate::store::files::Disk;
use crate::store::notes::Shelf;

/// What is done with notes.
#[derive(Debug, Subcommand)]
pub(super) enum Notes {
    /// Lists the incidents, the newest first
    #[command(after_long_help = list::HELP)]
    List {
        /// How the answer is written
        #[arg(short, long, value_enum, default_value_t = Form::Text)]
        output: Form,
    },
    /// Prints what is known of an incident, its timeline and its pad
    #[command(after_long_help = show::HELP)]
    Show {
        /// Its id or title, or a part of them that only one has
        incident: String,
        /// How the answer is written
        #[arg(short, long, value_enum, default_value_t = Form::Text)]
        output: Form,
    },
    /// Writes a document of an incident: the draft of a postmortem, or a status update
    #[command(after_long_help = export::HELP)]
    Export(export::Asked),
    /// Sends a document of an incident to a configured destination, when you have seen it and agree
    #[command(after_long_help = send::HELP)]
    Send(send::Asked),
    /// Finds entries, pinned lines and lines of pads, in all incidents and in the shift's notes
    #[command(after_long_help = search::HELP)]
    Search {
        /// How the answer is written
        #[arg(short, long, value_enum, default_value_t = Form::Text)]
        output: Form,
        /// Words that all stand in one line, in any case
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Writes incidents into one file, to carry them to another machine
    #[command(after_long_help = bundle::HELP)]
    Bundle(bundle::Asked),
    /// Takes the incidents of such files into the record: what is here stays, what is new is added
    #[command(after_long_help = bundle::MERGE_HELP)]
    Merge {
        /// What midwatch notes bundle wrote
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Does it and gives the exit code.
pub(super) fn notes(flags: &Flags, what: &Notes) -> ExitCode {
    let (config, _) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return wrong(flags, &errors),
    };
    let record = match Record::of(&config) {
        Ok(record) => record,
        Err(code) => return code,
    };
    match what {
        Notes::List { output } => list::list(&record, *output),
        Notes::Show { incident, output } => show::show(&record, incident, *output),
        Notes::Export(asked) => export::export(flags, &record, asked),
        Notes::Send(asked) => send::send(flags, &config, &record, asked),
        Notes::Search { output, words } => search::search(&record, words, *output),
        Notes::Bundle(asked) => bundle::bundle(&record, asked),
        Notes::Merge { files } => bundle::merge(&record, &config, files),
    }
}

/// What is kept.
pub(super) struct Record {
    pub(super) state: PathBuf,
    shelf: Shelf<Disk>,
}

impl Record {
    /// Where this configuration says.
    pub(super) fn of(config: &Config) -> Result<Self, ExitCode> {
        let state = config.settings.state_dir.clone().ok_or_else(|| {
            let why = "nothing is kept: there is no home directory, and no state_dir is configured";
            refuse(FAILED, &SafeText::literal(why))
        })?;
        let shelf = Shelf::shared(Disk, &state, config.team.clone().map(team));
        if let Some(why) = shelf.apart() {
            tell(&safe!("what the team wrote is not told: {}", why));
        }
        Ok(Self { state, shelf })
    }

    /// All incidents with what was written in them, the newest first. What cannot be read is told.
    pub(super) fn incidents(&self) -> Vec<(Incident, Vec<Told>)> {
        let mut notices = Vec::new();
        let known =
            self.shelf.incidents(&mut notices).map(|(known, entries)| (known, told(&entries))).collect();
        notices.iter().for_each(tell);
        known
    }

    /// What was written in a folder.
    pub(super) fn entries(&self, folder: &Folder) -> Vec<Told> {
        let mut notices = Vec::new();
        let entries = self.shelf.entries(folder, &mut notices);
        notices.iter().for_each(tell);
        told(&entries)
    }

    /// The pad of a folder, for a document: where it cannot be read that stands in its place.
    pub(super) fn pad(&self, folder: &Folder) -> RawText {
        let mut notices = Vec::new();
        let pad = self.shelf.pad_or_why(folder, &mut notices);
        notices.extend(pad.as_ref().err().cloned());
        notices.iter().for_each(tell);
        pad.unwrap_or_else(|why| pad_unread(&why))
    }

    /// The text of a folder's pad.
    pub(super) fn pad_text(&self, folder: &Folder) -> RawText {
        let mut notices = Vec::new();
        let pad = self.shelf.pad(folder, &mut notices);
        notices.iter().for_each(tell);
        pad
    }

    /// The one that is meant: by its id, its title, or a part that no other has.
    fn find(&self, wanted: &str) -> Result<(Incident, Vec<Told>), ExitCode> {
        let mut all = self.incidents();
        let lower = |text: &str| text.to_lowercase();
        let title = |incident: &Incident| lower(&String::from_utf8_lossy(incident.title.as_bytes()));
        let wanted = lower(wanted);
        let is_it = |incident: &Incident| lower(incident.id.as_str()) == wanted || title(incident) == wanted;
        let has_it = |incident: &Incident| {
            lower(incident.id.as_str()).contains(&wanted) || title(incident).contains(&wanted)
        };
        let whole = all.iter().filter(|(incident, _)| is_it(incident)).count() == 1;
        all.retain(|(incident, _)| if whole { is_it(incident) } else { has_it(incident) });
        if all.len() > 1 {
            const MOST: usize = 10;
            for (incident, _) in all.iter().take(MOST) {
                tell(&safe!("  {}  {}", name(incident), clean(&incident.title)));
            }
            let more = all.len().saturating_sub(MOST);
            if more > 0 {
                tell(&safe!("  and {} more", more));
            }
            let many = safe!("{} incidents are so named; write more of the one that you mean", all.len());
            return Err(refuse(FAILED, &many));
        }
        all.pop().ok_or_else(|| {
            let wanted = clean(&RawText::from(wanted));
            refuse(FAILED, &safe!("no incident is named {}; midwatch notes list tells what there is", wanted))
        })
    }
}

/// An incident's id as it is printed.
pub(super) fn name(incident: &Incident) -> SafeText {
    clean(&RawText::from(incident.id.as_str()))
}
