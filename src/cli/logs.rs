//! `midwatch logs`: the log engine on files and pipes, without a screen.

mod patterns;
mod query;
mod stats;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};

use super::load::load;
use super::print::{refuse, tell};
use super::{Flags, WRONG};
use crate::logs::format::own::Own;
use crate::model::text::SafeText;
use crate::runtime::sweep::Input;
use crate::safe;
use crate::store::error::{path_text, reason};

/// What is done with lines.
#[derive(Debug, Subcommand)]
pub(super) enum Logs {
    /// Prints the records that a query sees, or how many there are
    #[command(after_long_help = query::HELP)]
    Query(query::Asked),
    /// Counts lines, records and levels, and tells from when to when they are
    #[command(after_long_help = stats::HELP)]
    Stats {
        /// How the answer is written
        #[arg(short, long, value_enum, default_value_t = Form::Text)]
        output: Form,
        /// The files; - is standard input, .gz is unpacked
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Tells what lines say again and again, with the values taken out
    #[command(after_long_help = patterns::HELP)]
    Patterns {
        /// How the answer is written
        #[arg(short, long, value_enum, default_value_t = Form::Text)]
        output: Form,
        /// Print the id of the pattern of each line instead
        #[arg(long, conflicts_with = "output")]
        assign: bool,
        /// The lines have no header: no time, level or component before the message
        #[arg(long)]
        message_only: bool,
        /// The files; - is standard input, .gz is unpacked
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
pub(super) fn logs(flags: &Flags, what: &Logs) -> ExitCode {
    let own = own(flags);
    match what {
        Logs::Query(asked) => query::query(asked, &own),
        Logs::Stats { output, files } => stats::stats(*output, files, &own),
        Logs::Patterns { output, assign, message_only, files } => {
            patterns::patterns(*output, *assign, *message_only, files, &own)
        }
    }
}

/// The formats that the person describes. A configuration in which something is wrong is told, and files are
/// read without it.
fn own(flags: &Flags) -> Arc<[Own]> {
    match load(flags) {
        Ok((config, _)) => config.formats.into(),
        Err(errors) => {
            if let Some(line) = errors.first().and_then(|error| error.lines().into_iter().next()) {
                tell(&safe!("your own formats are not read, since the configuration is wrong: {}", line));
            }
            Arc::default()
        }
    }
}

/// What a person calls a file.
fn name(path: &Path) -> SafeText {
    if path.as_os_str() == "-" { SafeText::literal("standard input") } else { path_text(path) }
}

/// Opens a file to be read in pieces, or says why it cannot be.
fn open(path: &Path) -> Result<Input, ExitCode> {
    let opened = if path.as_os_str() == "-" { Input::standard() } else { Input::open(path) };
    opened.map_err(|error| refuse(WRONG, &safe!("cannot open {}: {}", name(path), reason(&error))))
}
