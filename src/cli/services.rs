//! `midwatch services suggest`: `[[service]]` tables for what was seen and belongs together.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Subcommand;

use super::load::load;
use super::print::{print, refuse, tell};
use super::{FAILED, Flags, wrong};
use crate::app::session::Session;
use crate::insight::suggest::{Seen, Suggestion, suggest};
use crate::model::text::{RawText, SafeText};
use crate::model::transition::{Happened, Transition};
use crate::runtime::keeper::last_state;
use crate::safe;
use crate::source::written::{commented, list, quoted};
use crate::store::error::path_text;
use crate::store::files::Disk;
use crate::store::{history, last};

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
    let Some(state) = config.settings.state_dir.as_deref() else {
        return refuse(
            FAILED,
            &"nothing is kept: there is no home directory, and no state_dir is configured".into(),
        );
    };
    let kept = match last::load::<Session>(&last_state(state)) {
        Ok(kept) => kept,
        Err(why) => return refuse(FAILED, &why),
    };
    // Written while a console or a collector runs; the last state only from time to time.
    let history = history::peek(&Disk, &state.join("history"));
    history.notices.iter().for_each(tell);
    let (mut runs, mut alerts) = (BTreeMap::new(), BTreeMap::new());
    for Transition { source, what, .. } in &history.transitions {
        match what {
            Happened::Fired(alert)
            | Happened::Resolved(alert)
            | Happened::Silenced(alert)
            | Happened::Unsilenced(alert)
            | Happened::Acknowledged(alert) => {
                alerts.insert((source, &alert.id), &**alert);
            }
            Happened::Began(run) | Happened::Ended(run) => {
                runs.insert((source, &run.id), &**run);
            }
            Happened::Blind(_) | Happened::Sees | Happened::Unwatched(_) => {}
        }
    }
    // What was known last is newer.
    if let Some(kept) = &kept {
        runs.extend(kept.world.runs().map(|(source, run)| ((source, &run.id), run)));
        alerts.extend(kept.world.alerts().map(|(source, alert)| ((source, &alert.id), alert)));
    }
    let streams = kept.iter().flat_map(|kept| &kept.streams).map(|(source, stream)| (source, stream));
    let seen = Seen {
        runs: runs.into_iter().map(|((source, _), run)| (source, run)).collect(),
        alerts: alerts.into_iter().map(|((source, _), alert)| (source, alert)).collect(),
        streams: streams.collect(),
    };
    if seen.runs.is_empty() && seen.alerts.is_empty() && seen.streams.is_empty() {
        let why = safe!(
            "nothing is kept yet in {}: run {} until alerts, runs and lines have come. Alerts and runs are \
             kept as they come, log streams within a minute",
            path_text(state),
            flags.typed("midwatch")
        );
        return refuse(FAILED, &why);
    }
    let looked = safe!(
        "Looked at {} runs, {} alerts and {} log streams of the last time and of the history.",
        seen.runs.len(),
        seen.alerts.len(),
        seen.streams.len()
    );
    tell(&looked);
    if kept.is_none() {
        tell(&"Log streams are not kept yet: that is done within a minute of a start.".into());
    }
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
