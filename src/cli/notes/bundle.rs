//! `midwatch notes bundle` and `midwatch notes merge`: incidents carried from one machine to another.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Record;
use crate::cli::FAILED;
use crate::cli::console::team;
use crate::cli::print::{count, print, refuse, tell};
use crate::config::Config;
use crate::config::places::login;
use crate::model::text::{SafeText, clean};
use crate::runtime::clock::Clock;
use crate::runtime::console::{host, session_name};
use crate::safe;
use crate::store::error::path_text;
use crate::store::files::Disk;
use crate::store::notes::{Bundle, Merged, Session};

/// What `midwatch notes bundle --help` says at its end.
pub(super) const HELP: &str = "\
The file has all entries and pads of the incidents; what of them could not be
read, and so is not in it, is told. It has 1000 incidents, 200,000 entries and
64 MiB at most: with more nothing is written, and you name fewer incidents.
What was starred when it was written stays so. Only you can read it. midwatch
notes merge on another machine takes it into the record there.

Exit codes:
  0  it was written
  1  no incident is so named, several are, there are too many of them, or the
     file is there already or cannot be written
  2  the configuration is wrong";

/// What `midwatch notes merge --help` says at its end.
pub(super) const MERGE_HELP: &str = "\
What comes of it is the same in whichever order files are merged, and merging
one again changes nothing: an entry that is here stays as it is, a pad that
differs is put beside the one here. All files are checked to their last byte
before anything is written. What one that was killed left half made an hour
ago or longer is removed, and that is told. Running consoles see what is new
within a second. Who wrote an entry is what the file says: merge what comes
from people you trust.

Exit codes:
  0  all of it is in the record
  1  a file is damaged or is no bundle, or something cannot be written: what
     and why is told
  2  the configuration is wrong";

/// What is asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Asked {
    /// The file to write; without it a new one here, named like the time
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Their ids or titles, or parts of them that only one has; without any all that are not private
    incidents: Vec<String>,
}

/// Writes it.
pub(super) fn bundle(record: &Record, asked: &Asked) -> ExitCode {
    let mut ids = Vec::new();
    for wanted in &asked.incidents {
        match record.find(wanted) {
            Ok((incident, _)) => ids.push(incident.id),
            Err(code) => return code,
        }
    }
    if asked.incidents.is_empty() {
        let (private, open): (Vec<_>, Vec<_>) =
            record.incidents().into_iter().map(|(incident, _)| incident).partition(|one| one.is_private);
        if !private.is_empty() {
            let left = count(private.len(), "private incident", "private incidents");
            tell(&safe!("{} left out: such a one is written when it is named", left));
        }
        ids.extend(open.into_iter().map(|incident| incident.id));
    }
    if ids.is_empty() {
        return refuse(FAILED, &"there is no incident to write".into());
    }
    let time = Clock::Real.now().strftime("%Y%m%dT%H%M%SZ");
    let path = asked.output.clone().unwrap_or_else(|| format!("midwatch-{time}.bundle").into());
    let mut notices = Vec::new();
    let bundle = Bundle::of(&record.shelf, &ids, &mut notices);
    notices.iter().for_each(tell);
    if let Err(why) = bundle.save(&path) {
        return refuse(FAILED, &why);
    }
    let (incidents, entries, pads) = bundle.counts();
    let said = safe!(
        "{}, {} and {} are in {}",
        count(incidents, "incident", "incidents"),
        count(entries, "entry", "entries"),
        count(pads, "pad", "pads"),
        path_text(&path)
    );
    print(&format!("{}\n", said.as_str()), 0)
}

/// Takes files into the record.
pub(super) fn merge(record: &Record, config: &Config, files: &[PathBuf]) -> ExitCode {
    let mut all = Bundle::default();
    for path in files {
        match Bundle::load(&Disk, path) {
            Ok(one) => all.add(one),
            Err(why) => return refuse(FAILED, &why),
        }
    }
    let now = Clock::Real.now();
    let person = config.settings.person.clone().unwrap_or_else(login);
    let session = Session { person, host: host(), id: session_name(now), since: now };
    let team = config.team.clone().map(team);
    let swept = all.sweep(Disk, &record.state, team.clone(), now);
    if swept > 0 {
        let left = count(swept, "half-made file or folder", "half-made files and folders");
        tell(&safe!("{} of one that was killed removed", left));
    }
    match all.merge(Disk, &record.state, team, &session, now) {
        Ok(merged) => print(&merged.iter().map(line).collect::<String>(), 0),
        Err(why) => refuse(FAILED, &why),
    }
}

fn line(merged: &Merged) -> String {
    let Merged { id, new, of, other, pads } = merged;
    let mut line =
        safe!("{}  {} of {} new", clean(&id.as_str().into()), *new, count(*of, "entry", "entries"));
    if *other > 0 {
        line.push(&safe!("; {} here with other words, which stay", *other));
    }
    for path in pads {
        line.push(&safe!("; a pad in {}", path_text(path)));
    }
    line.push(&SafeText::literal("."));
    format!("{}\n", line.as_str())
}
