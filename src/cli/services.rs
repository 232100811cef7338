//! `midwatch services suggest`: `[[service]]` tables for what was seen and belongs together.

use std::process::ExitCode;

use clap::Subcommand;

use super::load::load;
use super::print::{print, refuse, tell};
use super::{FAILED, Flags, wrong};
use crate::app::session::Session;
use crate::insight::suggest::{Seen, Suggestion, suggest};
use crate::model::text::{RawText, SafeText};
use crate::runtime::keeper::last_state;
use crate::safe;
use crate::source::written::{commented, list, quoted};
use crate::store::last;

/// What is done about services.
#[derive(Debug, Subcommand)]
pub(super) enum Services {
    /// Prints `[[service]]` tables for names that runs, alerts and log streams share; writes nothing
    Suggest,
}

/// Suggests services from what was seen last. Asks no source.
pub(super) fn services(flags: &Flags, what: &Services) -> ExitCode {
    let Services::Suggest = what;
    let (config, _) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return wrong(flags, &errors),
    };
    let kept = config.settings.state_dir.as_deref().map(|state| last::load::<Session>(&last_state(state)));
    let kept = match kept.transpose() {
        Ok(kept) => kept.flatten(),
        Err(why) => return refuse(FAILED, &why),
    };
    let Some(kept) = kept else {
        let start = flags.typed("midwatch");
        let why = safe!(
            "nothing is kept yet: run {} until alerts, runs and lines have come, and leave it with q",
            start
        );
        return refuse(FAILED, &why);
    };
    let seen = Seen {
        runs: kept.world.runs().collect(),
        alerts: kept.world.alerts().collect(),
        streams: kept.streams.iter().map(|(source, stream)| (source, stream)).collect(),
    };
    let looked = safe!(
        "Looked at {} runs, {} alerts and {} log streams of the last time.",
        seen.runs.len(),
        seen.alerts.len(),
        seen.streams.len()
    );
    tell(&looked);
    let found = suggest(&seen, &config.catalog);
    if found.is_empty() {
        tell(&"No name that is in no [[service]] yet is shared by two of them.".into());
        return ExitCode::SUCCESS;
    }
    let next =
        safe!("next: put what is right into your configuration, then {}", flags.typed("midwatch check"));
    tell(&next);
    print(&found.iter().map(table).collect::<Vec<_>>().join("\n"), 0)
}

/// The table, its reasons above it.
fn table(one: &Suggestion) -> String {
    let entry = &one.entry;
    let text = |raw: &RawText| String::from_utf8_lossy(raw.as_bytes()).into_owned();
    let why: Vec<_> = one.why.iter().map(SafeText::as_str).collect();
    let mut table =
        format!("{}[[service]]\nname = {}\n", commented(&why.join("\n")), quoted(&text(&entry.name)));
    for (key, names) in [("aliases", &entry.aliases), ("repos", &entry.repos)] {
        if !names.is_empty() {
            table += &list(key, &names.iter().map(text).collect::<Vec<_>>());
            table.push('\n');
        }
    }
    if !entry.labels.is_empty() {
        let pair = |(label, value): &(RawText, RawText)| {
            format!("{} = {}", quoted(&text(label)), quoted(&text(value)))
        };
        let pairs: Vec<_> = entry.labels.iter().map(pair).collect();
        table += &["labels = { ", &pairs.join(", "), " }\n"].concat();
    }
    table
}
