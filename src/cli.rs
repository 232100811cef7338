//! The command line: what is asked, and the exit code of the answer.

mod console;
mod screen;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use color_eyre::eyre::{self, eyre};

use crate::config::origin::ConfigError;
use crate::model::text::{RawText, clean};
use crate::source::recording::{At, Recording};

/// Exit code of a wrong configuration or command line.
const WRONG: u8 = 2;

/// A terminal operations console for the engineer on call.
#[derive(Debug, Parser)]
#[command(name = "midwatch", version, about, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every way of starting takes.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Reads this configuration instead of your own
    #[arg(long, value_name = "FILE", global = true, env = "MIDWATCH_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Shows this environment at the start
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) env: Option<String>,
    /// Who is at the keys
    #[arg(long = "as", value_name = "NAME", global = true)]
    pub(crate) person: Option<String>,
    /// The theme
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) theme: Option<String>,
    /// Draws ASCII only
    #[arg(long, global = true)]
    pub(crate) ascii: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays a built-in outage: no network, no configuration, no files left behind
    Demo {
        /// Another seed has other ids and lines in the same story
        #[arg(long, default_value_t = 1)]
        seed: u64,
        #[command(flatten)]
        playing: Playing,
    },
    /// Plays a recording
    Replay {
        /// What `midwatch record` wrote
        file: PathBuf,
        #[command(flatten)]
        playing: Playing,
    },
    /// Runs the console and records what it sees to a new file
    Record {
        /// The file to make
        file: PathBuf,
    },
    /// Prints what is made from the program itself
    #[command(hide = true)]
    Generate {
        /// What to print
        what: Generated,
    },
}

/// What `midwatch generate` prints.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Generated {
    /// The picture in the README
    Screen,
}

/// How a recording is played.
#[derive(Debug, Args)]
struct Playing {
    /// So many times as fast as it happened
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Where to begin: a time of day (UTC) such as 03:12, or a length such as 12m
    #[arg(long)]
    at: Option<At>,
}

impl Cli {
    /// Does what was asked.
    ///
    /// Errors are reports for the person; the exit code of an answer that is none is in it.
    pub fn run(self) -> eyre::Result<ExitCode> {
        match self.command {
            None => console::configured(&self.flags, None),
            Some(Command::Record { file }) => console::configured(&self.flags, Some(file)),
            Some(Command::Generate { what: Generated::Screen }) => {
                std::io::stdout().write_all(screen::screen()?.as_bytes())?;
                Ok(ExitCode::SUCCESS)
            }
            Some(Command::Demo { seed, playing }) => {
                let recording = Recording::built_in(seed).map_err(|failure| said(&failure.what))?;
                console::played(&self.flags, playing.of(recording)?)
            }
            Some(Command::Replay { file, playing }) => {
                let recording = Recording::open(&file).map_err(|failure| said(&failure.what))?;
                console::played(&self.flags, playing.of(recording)?)
            }
        }
    }
}

impl Playing {
    fn of(&self, recording: Recording) -> eyre::Result<Recording> {
        let recording = match self.at {
            Some(at) => recording.at(at).map_err(|what| said(&what.into()))?,
            None => recording,
        };
        Ok(recording.speed(self.speed))
    }
}

/// A report of outside text, made safe to print.
fn said(what: &RawText) -> eyre::Report {
    eyre!("{}", clean(what).as_str().to_owned())
}

/// Prints what is wrong with a configuration, all of it.
#[expect(clippy::print_stderr, reason = "the screen is not taken")]
fn wrong(errors: &[ConfigError]) -> ExitCode {
    for line in errors.iter().flat_map(ConfigError::lines) {
        eprintln!("{}", line.as_str());
    }
    eprintln!("Nothing was started. Mend the lines above; midwatch check tells whether all is right.");
    ExitCode::from(WRONG)
}
