//! The command line: what is asked, and the exit code of the answer.

mod add;
mod check;
mod console;
mod drill;
mod generate;
mod handoff;
mod init;
mod load;
mod logs;
mod notes;
mod print;
mod screen;
mod services;
mod status;
mod templates;

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use color_eyre::eyre;

use self::add::Addition;
use self::check::Form;
use self::console::Wish;
use self::generate::Document;
use self::logs::Logs;
use self::notes::Notes;
use self::print::{refuse, shell_word, tell};
use self::services::Services;
use crate::config::origin::ConfigError;
use crate::logs::query::Query;
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::net::child;
use crate::runtime::clock::Clock;
use crate::runtime::{limits, memory, signals};
use crate::safe;
use crate::source::logs::archive;
use crate::source::recording::{At, Recording, speed};

/// Exit code of something that was tried and did not work.
const FAILED: u8 = 1;
/// Exit code of a wrong configuration or command line.
const WRONG: u8 = 2;

const OPEN: &str = "\
A file may be of any size: its lines are read where you look, and those that
are added are seen within a second. What is no file is the query: midwatch open
app.log web.log 'level>=warn timeout'. Pipes, - (standard input) and .gz files
are taken in from front to end: what is over log_memory (256 MiB) is given up,
the oldest lines first, and the border tells how many.";

const COLLECT: &str = "\
It asks the sources of alerts and runs as a console does, tells each event in a
line, and keeps the last 14 days (64 MiB at most) in the state directory. It
ends with ctrl-c or a signal. It runs beside consoles: one of them writes. As a
unit of yours, ~/.config/systemd/user/midwatch.service:

  [Service]
  ExecStart=%h/bin/midwatch collect
  Restart=on-failure
  SuccessExitStatus=143
  [Install]
  WantedBy=default.target";

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
    #[arg(long, value_name = "FILE", global = true, env = "MIDWATCH_CONFIG", hide_env_values = true)]
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
    /// Tells everything in lines and repaints nothing: for screen readers, dumb terminals and pipes
    #[arg(long, global = true)]
    pub(crate) plain: bool,
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
    /// Plays an outage as an exercise: nothing in it is real, and a score comes at the end
    #[command(after_long_help = drill::HELP)]
    Drill(drill::Asked),
    /// Runs the console and records what it sees to a new file
    Record {
        /// The file to make
        file: PathBuf,
    },
    /// Looks without a screen and keeps what happens, so that the next console begins with it
    #[command(after_long_help = COLLECT)]
    Collect,
    /// Tells whether the configuration is right and every source works, and what to do next
    #[command(after_long_help = check::HELP)]
    Check {
        /// How the answer is written
        #[arg(short, long, value_enum, default_value_t = Form::Text)]
        output: Form,
    },
    /// Runs the console and opens this alert or run as soon as it is seen
    Goto {
        /// An alert's name or id, or a run's pipeline, number (#812) or id
        what: String,
    },
    /// Runs the console on files alone
    #[command(after_long_help = OPEN)]
    Open {
        /// Files, and behind them a query if one is wanted
        #[arg(required = true, value_name = "FILE|QUERY")]
        what: Vec<OsString>,
    },
    /// Asks every source once and tells what fires, what runs and what cannot be seen
    #[command(after_long_help = status::HELP)]
    Status {
        /// How the answer is written
        #[arg(short, long, value_enum, default_value_t = status::Form::Table)]
        output: status::Form,
    },
    /// Writes a commented configuration from what this machine has; never over another
    Init {
        /// Prints it and writes nothing
        #[arg(long)]
        stdout: bool,
    },
    /// Finds out what answers at an address, and writes a source for it to your configuration
    Add(Addition),
    /// Services: what belongs together under one name
    Services {
        #[command(subcommand)]
        what: Services,
    },
    /// The log engine on files, pipes and sources, for scripts
    Logs {
        #[command(subcommand)]
        what: Logs,
    },
    /// What was written down: incidents, their timelines and the shift's notes
    Notes {
        #[command(subcommand)]
        what: Notes,
    },
    /// Writes what the next person on call has to know
    #[command(after_long_help = handoff::HELP)]
    Handoff(handoff::Asked),
    /// Prints a document that is made from the program itself
    Generate {
        #[command(subcommand)]
        what: Document,
    },
}

/// How a recording is played.
#[derive(Debug, Args)]
struct Playing {
    /// So many times as fast as it happened
    #[arg(long, default_value_t = 1.0, value_parser = speed_of, allow_negative_numbers = true)]
    speed: f64,
    /// Where to begin: a time of day (UTC) such as 03:12, or a length such as 12m
    #[arg(long)]
    at: Option<At>,
}

fn speed_of(text: &str) -> Result<f64, String> {
    let number = text.parse().map_err(|_| "write a number, such as 5 or 0.5".to_owned());
    number.and_then(speed)
}

impl Cli {
    /// Does what was asked. What did not work is said in a sentence; with `RUST_BACKTRACE` where it
    /// came from, too.
    pub fn run(self) -> ExitCode {
        // Where the system has no handler to give, a file that is too large ends the process as before.
        drop(signals::outlive_large_files());
        let code = self.answer().unwrap_or_else(|report| {
            if std::env::var_os("RUST_BACKTRACE").is_some_and(|wanted| wanted != "0") {
                clean_block(&RawText::from(format!("{report:?}"))).iter().for_each(tell);
            }
            refuse(FAILED, &clean(&RawText::from(format!("{report:#}"))))
        });
        // A task that is dropped ends its program; one that was still busy did not come to that.
        child::end_all();
        code
    }

    fn answer(self) -> eyre::Result<ExitCode> {
        if let Err(error) = memory::close() {
            let why = clean(&RawText::from(error.to_string()));
            tell(&safe!("midwatch: a crash may leave secrets in a core file: {}", why));
        }
        // Where it is refused, a file that is one too many says so.
        drop(limits::raise());
        match self.command {
            None => console::configured(&self.flags, Wish::default()),
            Some(Command::Record { file }) => {
                console::configured(&self.flags, Wish { record: Some(file), ..Wish::default() })
            }
            Some(Command::Goto { what }) => {
                console::configured(&self.flags, Wish { goto: Some(what.into()), ..Wish::default() })
            }
            Some(Command::Collect) => {
                console::configured(&self.flags, Wish { collect: true, ..Wish::default() })
            }
            Some(Command::Open { what }) => open(&self.flags, what),
            Some(Command::Check { output }) => check::check(&self.flags, output),
            Some(Command::Status { output }) => status::status(&self.flags, output),
            Some(Command::Init { stdout }) => Ok(init::init(&self.flags, stdout)),
            Some(Command::Add(asked)) => add::add(&self.flags, &asked),
            Some(Command::Services { what }) => Ok(services::services(&self.flags, &what)),
            Some(Command::Logs { what }) => logs::logs(&self.flags, &what),
            Some(Command::Notes { what }) => Ok(notes::notes(&self.flags, &what)),
            Some(Command::Handoff(asked)) => Ok(handoff::handoff(&self.flags, &asked)),
            Some(Command::Drill(asked)) => drill::drill(&self.flags, &asked),
            Some(Command::Generate { what }) => {
                let text = what.text()?;
                Ok(print::print(&text, 0))
            }
            Some(Command::Demo { seed, playing }) => {
                let recording = Recording::built_in(seed).map_err(|failure| failure.what);
                playing.play(&self.flags, recording)
            }
            Some(Command::Replay { file, playing }) => {
                let recording = Recording::open(&file).map_err(|failure| failure.what);
                playing.play(&self.flags, recording)
            }
        }
    }
}

/// Runs the console on the files that are named, with the last word as the query if it is no file.
fn open(flags: &Flags, mut what: Vec<OsString>) -> eyre::Result<ExitCode> {
    // What ends like the other files is one that is missing.
    let ending = |path: &OsString| Path::new(path).extension().map(OsStr::to_owned);
    let endings: Vec<_> = what.iter().rev().skip(1).filter_map(ending).collect();
    let is_query = |last: &OsString| {
        if last == "-" {
            return false;
        }
        let text = last.to_string_lossy();
        // An expression ends in a slash; else it is a file that is missing, which its source says.
        let is_path = ["/", "./", "../"].iter().any(|begin| text.starts_with(begin)) && !text.ends_with('/');
        let is_one_more = !text.contains(char::is_whitespace)
            && ending(last).is_some_and(|ending| endings.contains(&ending));
        !is_path && !is_one_more && !archive::is_there(Path::new(last))
    };
    let query = what.pop_if(|last| is_query(last)).unwrap_or_default();
    if what.is_empty() {
        let text = RawText::from(query.into_encoded_bytes());
        return Ok(refuse(WRONG, &safe!("{}: no such file", clean(&text))));
    }
    let query = query.to_string_lossy();
    if let Err(error) = Query::parse(&query, Clock::Real.now()) {
        return Ok(refuse(WRONG, &safe!("query, column {}: {}; nor is it a file", error.column, error.what)));
    }
    let files: Vec<PathBuf> = what.into_iter().map(PathBuf::from).collect();
    if files.iter().any(|path| path.as_os_str() == "-") && io::stdin().is_terminal() {
        let why = "standard input is the terminal: pipe something into it, as in kubectl logs web-1 | midwatch open -";
        return Ok(refuse(WRONG, &SafeText::literal(why)));
    }
    console::on_files(flags, &files, &query)
}

impl Playing {
    fn play(&self, flags: &Flags, recording: Result<Recording, RawText>) -> eyre::Result<ExitCode> {
        let placed = recording.and_then(|recording| match self.at {
            Some(at) => recording.at(at).map_err(RawText::from),
            None => Ok(recording),
        });
        match placed {
            Ok(recording) => console::played(flags, recording.speed(self.speed), None),
            Err(why) => Ok(refuse(WRONG, &safe!("{}; midwatch record FILE makes a recording", clean(&why)))),
        }
    }
}

impl Flags {
    /// A command line of midwatch, as the person would type it about the same configuration.
    fn typed(&self, command: impl Into<SafeText>) -> SafeText {
        let command = command.into();
        match &self.config {
            Some(path) => safe!("{} --config {}", command, shell_word(path)),
            None => command,
        }
    }
}

/// Tells what is wrong with a configuration, all of it.
fn wrong(flags: &Flags, errors: &[ConfigError]) -> ExitCode {
    errors.iter().flat_map(ConfigError::lines).for_each(|line| tell(&line));
    let check = flags.typed("midwatch check");
    tell(&safe!("Nothing was done. Mend the lines above; {} tells whether all is right.", check));
    ExitCode::from(WRONG)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Every flag of a command and of those below it, with the command that has it.
    fn flags(command: &clap::Command) -> Vec<(String, String)> {
        let own =
            command.get_arguments().map(|arg| (command.get_name().to_owned(), arg.get_id().to_string()));
        own.chain(command.get_subcommands().flat_map(flags)).collect()
    }

    #[test]
    fn no_flag_takes_a_secret() {
        // What is on a command line is in the list of processes and in the shell's history.
        const SECRET: &[&str] =
            &["secret", "token", "password", "passwd", "pass", "credential", "key", "auth"];
        let all = flags(&Cli::command());
        assert!(all.len() > 10, "{all:?}");
        let taken: Vec<_> = all
            .iter()
            .filter(|(_, flag)| flag.split(['-', '_']).any(|word| SECRET.contains(&word)))
            // They say where it is to be had.
            .filter(|(_, flag)| !flag.ends_with("_file") && !flag.ends_with("_env"))
            .collect();
        assert!(taken.is_empty(), "{taken:?}");
    }

    #[test]
    fn what_help_says_at_its_end_fits_a_narrow_terminal() {
        fn look(command: &clap::Command, wide: &mut Vec<String>) {
            let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            wide.extend(text.lines().filter(|line| line.chars().count() > 79).map(str::to_owned));
            command.get_subcommands().for_each(|command| look(command, wide));
        }
        let mut wide = Vec::new();
        look(&Cli::command(), &mut wide);
        assert_eq!(wide, [""; 0], "it would be broken twice");
    }

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }
}
