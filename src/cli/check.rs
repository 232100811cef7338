//! `midwatch check`: is the configuration right, does every source work here, and what is next.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use color_eyre::eyre;
use serde_json::{Value, json};

use super::console::team;
use super::load::load;
use super::print::{count, padded, plain, print};
use super::{FAILED, Flags, WRONG, templates};
use crate::command::bindings;
use crate::config::Config;
use crate::config::origin::{ConfigError, Origin, Warning};
use crate::config::team::TeamTable;
use crate::model::health::Failure;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::world::Source;
use crate::net::Net;
use crate::runtime::clock::Clock;
use crate::runtime::probe::{Probed, State, probe};
use crate::safe;
use crate::source::registry;
use crate::store::files::Disk;
use crate::store::history;
use crate::store::notes::Shelf;

/// How the answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

/// What `midwatch check --help` says at its end: the shape of the JSON is a promise.
pub(super) const HELP: &str = "\
Exit codes:
  0  the configuration is right and every source works in full
  1  a source fails, or a part of one cannot be seen, as with `midwatch status`
  2  the configuration is wrong; no source was tried

-o json prints one object:
  midwatch   the version
  result     ok, failing or wrong: as the exit code
  files      the files read, in order
  errors     what is wrong: place, line, column, what, help, other {place,
             line, column, what}
  warnings   the same shape; they change no exit code
  sources    name, kind, environment, state (works, partly, fails), lines,
             runs, alerts, and failures: kind, what, advice
  next       the one next step
Keys are added in later versions, never renamed. What is not known is null.";

/// What is wrong in the directory of a team, or in one's own, as much as is told.
const MOST_WRONG: usize = 20;

/// What was found out.
struct Checked {
    /// What to type to check again, to start, and to make a configuration.
    again: SafeText,
    start: SafeText,
    init: SafeText,
    config: Result<Config, Vec<ConfigError>>,
    warnings: Vec<Warning>,
    sources: Vec<Probed>,
}

/// Checks, prints and gives the exit code.
pub(super) fn check(flags: &Flags, form: Form) -> eyre::Result<ExitCode> {
    let checked = Checked::of(flags)?;
    let code = match (&checked.config, checked.is_whole()) {
        (Err(_), _) => WRONG,
        (Ok(_), false) => FAILED,
        (Ok(_), true) => 0,
    };
    let text = match form {
        Form::Text => checked.text(),
        Form::Json => format!("{:#}\n", checked.json()),
    };
    Ok(print(&text, code))
}

impl Checked {
    fn of(flags: &Flags) -> eyre::Result<Self> {
        let of = |config, warnings, sources| Self {
            again: flags.typed("midwatch check"),
            start: flags.typed("midwatch"),
            init: flags.typed("midwatch init"),
            config,
            warnings,
            sources,
        };
        let wrong = |errors| of(Err(errors), Vec::new(), Vec::new());
        let (config, mut warnings) = match load(flags) {
            Ok(loaded) => loaded,
            Err(errors) => return Ok(wrong(errors)),
        };
        warnings.extend(bindings::conflicts(&config.keys));
        let path = std::env::var_os("PATH");
        warnings.extend(config.diagnostics.iter().filter_map(|one| one.warning(path.as_deref())));
        warnings.extend(config.settings.state_dir.iter().flat_map(|state| of_own(state)));
        warnings.extend(config.team.clone().into_iter().flat_map(of_team));
        let mistakes = templates::mistakes(flags);
        if !mistakes.is_empty() {
            return Ok(wrong(mistakes));
        }
        let net = Net::of(&config);
        let (built, playback) = match registry::build(&config.sources, &net) {
            Ok(built) => built,
            Err(errors) => return Ok(wrong(errors)),
        };
        let clock = playback.map_or(Clock::Real, |playing| Clock::replay(playing.start, playing.speed));
        let probed = probe(built, &net, &config.catalog.telling(), clock)?;
        Ok(of(Ok(config), warnings, probed))
    }

    fn is_whole(&self) -> bool {
        self.sources.iter().all(|source| source.state == State::Works)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut put = |line: &SafeText| {
            text.push_str(line.as_str());
            text.push('\n');
        };
        match &self.config {
            Err(errors) => {
                put(&safe!("{}:", count(errors.len(), "mistake", "mistakes")));
                errors.iter().flat_map(ConfigError::lines).for_each(|line| put(&safe!("  {}", line)));
                put(&"No source was tried.".into());
            }
            Ok(config) => {
                put(&"configuration: right".into());
                for file in &config.files {
                    put(&safe!("  {}", clean(file)));
                }
                if config.files.is_empty() {
                    put(&"  there is no file".into());
                }
                if !self.warnings.is_empty() {
                    put(&"warnings:".into());
                }
                self.warnings.iter().flat_map(Warning::lines).for_each(|line| put(&safe!("  {}", line)));
                put(&"sources:".into());
                if self.sources.is_empty() {
                    put(&"  none".into());
                }
                self.sources.iter().flat_map(|source| self.lines_of(source)).for_each(|line| put(&line));
            }
        }
        put(&safe!("next: {}", self.next()));
        text
    }

    fn lines_of(&self, source: &Probed) -> Vec<SafeText> {
        let widest = |text: fn(&Probed) -> &RawText| {
            self.sources.iter().map(|source| clean(text(source)).width()).max().unwrap_or(0).min(40)
        };
        let name = padded(clean(&source.info.name), widest(|source| &source.info.name));
        let kind = padded(clean(&source.info.kind), widest(|source| &source.info.kind));
        let start = safe!("  {}  {}  {}", padded(source.state.word().into(), 6), name, kind);
        let indent = padded(SafeText::default(), start.width());
        let mut lines = Vec::new();
        let mut put = |text: &SafeText| {
            lines.push(safe!("{}  {}", if lines.is_empty() { start.clone() } else { indent.clone() }, text));
        };
        let given = [
            (source.lines, "line", "lines"),
            (of(source, |known| known.runs.len()), "run", "runs"),
            (of(source, |known| known.alerts.len()), "alert", "alerts"),
        ];
        let given: Vec<_> = given.into_iter().filter(|(number, ..)| *number > 0).collect();
        if source.state != State::Fails {
            let mut told = SafeText::default();
            for (number, one, many) in &given {
                let separator = if told.is_empty() { "" } else { ", " };
                let number = usize::try_from(*number).unwrap_or(usize::MAX);
                told.push(&safe!("{}{}", SafeText::literal(separator), count(number, one, many)));
            }
            put(&if given.is_empty() { "nothing new".into() } else { told });
        }
        for failure in &source.failures {
            put(&clean(&failure.what));
            if let Some(advice) = &failure.advice {
                put(&safe!("do: {}", clean(advice)));
            }
        }
        lines
    }

    /// The one thing to do next.
    fn next(&self) -> SafeText {
        let config = match &self.config {
            Err(errors) => {
                let place = errors.first().map(|error| error.origin.shown()).unwrap_or_default();
                return safe!("mend {}, then {}", place, self.again);
            }
            Ok(config) => config,
        };
        let source = [State::Fails, State::Partly]
            .into_iter()
            .find_map(|state| self.sources.iter().find(|source| source.state == state));
        let hides = |source: &Probed| source.failures.iter().find(|failure| failure.kind.hides()).cloned();
        let failure = source.and_then(|source| Some((source, hides(source)?)));
        match (failure, self.sources.is_empty(), config.files.last()) {
            (Some((source, failure)), ..) => {
                let mut mend =
                    safe!("mend the source {} ({})", clean(&source.info.name), clean(&failure.what));
                if let Some(advice) = &failure.advice {
                    mend.push(&safe!(": {}", clean(advice)));
                }
                safe!("{}, then {}", mend, self.again)
            }
            (None, true, None) => {
                safe!("{}, which writes a configuration from what is found here", self.init)
            }
            (None, true, Some(file)) => {
                safe!(
                    "add a [[source]] to {}; midwatch init --stdout shows those of this machine",
                    clean(file)
                )
            }
            (None, false, _) => safe!("{}, which starts the console", self.start),
        }
    }

    fn json(&self) -> Value {
        let (files, errors) = match &self.config {
            Ok(config) => (config.files.as_slice(), &[] as &[ConfigError]),
            Err(errors) => (&[] as &[RawText], errors.as_slice()),
        };
        let result = match (&self.config, self.is_whole()) {
            (Err(_), _) => "wrong",
            (Ok(_), false) => "failing",
            (Ok(_), true) => "ok",
        };
        json!({
            "midwatch": env!("CARGO_PKG_VERSION"),
            "result": result,
            "files": files.iter().map(plain).collect::<Vec<_>>(),
            "errors": errors.iter().map(problem).collect::<Vec<_>>(),
            "warnings": self.warnings.iter().map(problem).collect::<Vec<_>>(),
            "sources": self.sources.iter().map(source).collect::<Vec<_>>(),
            "next": self.next().as_str(),
        })
    }
}

/// What is wrong with the directory of a team, or with what is written in it. Nothing is changed there.
fn of_team(table: TeamTable) -> Vec<Warning> {
    let origin = table.origin.clone();
    let share = match team(table).open() {
        Ok(share) => share,
        Err(why) => {
            let help = "incidents go to your own directory until then";
            return vec![ConfigError::new(&origin, why.as_str()).help(help)];
        }
    };
    told(&origin, &Shelf::of_team(Disk, share).wrong())
}

/// What is damaged in the person's own record and history. Nothing is changed there.
fn of_own(state: &Path) -> Vec<Warning> {
    let mut wrong = Shelf::of(Disk, state).wrong();
    wrong.extend(history::peek(&Disk, &state.join("history")).notices);
    told(&Origin::whole(RawText::from_bytes(state.as_os_str().as_bytes())), &wrong)
}

/// As much of what is wrong as is told.
fn told(origin: &Origin, wrong: &[SafeText]) -> Vec<Warning> {
    let left_out = wrong.len().saturating_sub(MOST_WRONG);
    let more = (left_out > 0).then(|| safe!("{} more things are wrong there", left_out));
    let told = wrong.iter().take(MOST_WRONG).chain(&more);
    told.map(|what| ConfigError::new(origin, what.as_str())).collect()
}

/// How many things a source told of.
fn of(source: &Probed, count: fn(&Source) -> usize) -> u64 {
    source.source.as_ref().map_or(0, |known| count(known) as u64)
}

fn place(origin: &Origin, what: &SafeText) -> Value {
    let (line, column) = origin.at.unzip();
    json!({ "place": plain(&origin.place), "line": line, "column": column, "what": what.as_str() })
}

fn problem(error: &ConfigError) -> Value {
    let mut value = place(&error.origin, &error.what);
    let other = error.other.as_deref().map(|(origin, what)| place(origin, what));
    if let Value::Object(fields) = &mut value {
        fields.insert("help".to_owned(), json!(error.help.as_deref().map(SafeText::as_str)));
        fields.insert("other".to_owned(), json!(other));
    }
    value
}

fn source(source: &Probed) -> Value {
    let failure = |failure: &Failure| {
        json!({
            "kind": failure.kind,
            "what": plain(&failure.what),
            "advice": failure.advice.as_ref().map(plain),
        })
    };
    json!({
        "name": plain(&source.info.name),
        "kind": plain(&source.info.kind),
        "environment": source.info.environment.as_ref().map(plain),
        "state": source.state.word(),
        "lines": source.lines,
        "runs": of(source, |known| known.runs.len()),
        "alerts": of(source, |known| known.alerts.len()),
        "failures": source.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}
