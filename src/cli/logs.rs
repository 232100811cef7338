//! `midwatch logs`: the log engine on files, pipes and sources, without a screen.

mod follow;
mod patterns;
mod query;
mod reading;
mod stats;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use color_eyre::eyre;

use super::load::load;
use super::print::{refuse, tell};
use super::{Flags, WRONG};
use crate::logs::format::own::Own;
use crate::safe;
use crate::store::error::reason;

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
    /// Prints the records of a configured source as they come
    #[command(after_long_help = follow::HELP)]
    Follow(follow::Asked),
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
pub(super) fn logs(flags: &Flags, what: &Logs) -> eyre::Result<ExitCode> {
    Ok(match what {
        Logs::Query(asked) => query::query(asked, &own(flags)),
        Logs::Stats { output, files } => stats::stats(*output, files, &own(flags)),
        Logs::Patterns { output, assign, message_only, files } => {
            patterns::patterns(*output, *assign, *message_only, files, &own(flags))
        }
        Logs::Follow(asked) => return follow::follow(flags, asked),
    })
}

/// Prints an answer that is known whole; 1 if it tells of nothing.
fn answer(parts: impl IntoIterator<Item = impl AsRef<[u8]>>, found: bool) -> ExitCode {
    let mut output = io::stdout().lock();
    let written = parts.into_iter().try_for_each(|part| output.write_all(part.as_ref()));
    match written.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::from(u8::from(!found)),
        Err(error) => unheard(&error),
    }
}

/// A reader that has gone, as `| head` does, has what it wanted.
fn unheard(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return ExitCode::SUCCESS;
    }
    refuse(WRONG, &safe!("cannot write to standard output: {}", reason(error)))
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
