//! `midwatch drill`: an outage played as an exercise.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use color_eyre::eyre;

use super::console;
use super::print::{columns, print, tell};
use super::{Flags, WRONG, speed_of};
use crate::config::origin::ConfigError;
use crate::incident::facts::length;
use crate::model::drill::Drill;
use crate::model::text::{SafeText, clean};
use crate::source::recording::drill::Exercise;

pub(super) const HELP: &str = "\
Without a name it lists the drills that are built in. Nothing is sent, run or
kept, and no drill is in any record, list or count of incidents. The score
tells how soon the alert was acknowledged, an incident declared, the right
change named (:set change on the run; :set change none where it was no change)
and the outage mitigated (:status mitigated and what you would do), and how
many keys that took.

A drill of your own is a file beside what midwatch record wrote of an incident:

  [drill]
  title = \"checkout fails\"
  briefing = \"You are on call. It is a quiet night.\"
  recording = \"outage.jsonl\"
  opens = \"03:05\"                # where to begin; else at the beginning
  onset = \"03:11:40\"             # times of day are UTC
  alerts = [\"HighErrorRate\"]     # of the fault; the first to fire is the page
  change = \"deploy-prod #812\"    # or the id of the run; or \"none\"
  why = \"It retried without a delay.\"
  mitigation = \"Roll checkout back.\"";

/// Which drill, and how it is played.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// A drill that is built in, or a file
    #[arg(value_name = "NAME|FILE")]
    which: Option<PathBuf>,
    /// So many times as fast as it happened
    #[arg(long, default_value_t = 1.0, value_parser = speed_of, allow_negative_numbers = true)]
    speed: f64,
}

/// Plays a drill, or lists those that are built in.
pub(super) fn drill(flags: &Flags, asked: &Asked) -> eyre::Result<ExitCode> {
    let Some(which) = &asked.which else { return Ok(list()) };
    let found = match which.to_str().and_then(Exercise::shipped) {
        Some(shipped) => shipped,
        None => Exercise::open(which),
    };
    match found {
        Ok(Exercise { drill, recording }) => {
            console::played(flags, recording.speed(asked.speed), Some(drill))
        }
        Err(errors) => {
            errors.iter().flat_map(ConfigError::lines).for_each(|line| tell(&line));
            Ok(ExitCode::from(WRONG))
        }
    }
}

fn list() -> ExitCode {
    let known = Exercise::names().filter_map(|name| Some((name, Exercise::shipped(name)?.ok()?.drill)));
    let row = |(name, drill): (&'static str, Drill)| {
        let lasts = length(drill.ends.duration_since(drill.begins));
        vec![SafeText::literal(name), lasts, clean(&drill.title)]
    };
    let mut text = columns(known.map(row));
    text.push_str(
        "\nmidwatch drill NAME plays one; midwatch drill --help tells how to make one of your own.\n",
    );
    print(&text, 0)
}
