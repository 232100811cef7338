//! `midwatch status`: what fires, what runs and what cannot be seen, once, for people and programs.

use std::process::ExitCode;

use clap::ValueEnum;
use color_eyre::eyre;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::load::load;
use super::print::{columns, count, pairs, plain, print, refuse};
use super::{FAILED, Flags, WRONG, wrong};
use crate::config::Config;
use crate::insight::fault::{self, Fault, Together, Word};
use crate::model::alert::AlertState;
use crate::model::run::{KNOWN_FOR, Run, RunState};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::world::Source;
use crate::net::Net;
use crate::runtime::clock::Clock;
use crate::runtime::probe::{Probed, State, probe};
use crate::safe;
use crate::source::registry;
use crate::ui::time::age;

/// How the answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Form {
    /// For people
    Table,
    /// For programs
    Json,
}

/// What `midwatch status --help` says at its end: the shape of the JSON is a promise.
pub(super) const HELP: &str = "\
Every source is asked once and gets 5 s. --env NAME shows one environment.

Exit codes:
  0  every source answered in full, also if alerts fire
  1  a source did not, or not in full: what is not in the answer may exist
  2  the configuration is wrong; nothing was asked

-o json prints one object:
  midwatch   the version
  at         when
  whole      whether every source answered in full
  alerts     one for each fault: name, severity, state (firing, pending),
             since, service, environment, muted, acknowledged_by, labels,
             sources
  runs       those that are not over or ended in the last day: pipeline,
             number, attempt, state, branch, revision, service, environment,
             person, began, finished, link, source
  sources    name, kind, environment, state (works, partly, fails), failures:
             kind, what, advice
Names of labels that look alike are told apart by their code points, then by a
number. Keys are added in later versions, never renamed. What is not known is
null.";

/// What was seen.
struct Seen<'a> {
    config: &'a Config,
    sources: Vec<Probed>,
    now: Timestamp,
}

/// Asks, prints and gives the exit code.
pub(super) fn status(flags: &Flags, form: Form) -> eyre::Result<ExitCode> {
    let (config, _) = match load(flags) {
        Ok(loaded) => loaded,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    let net = Net::of(&config);
    let (built, playback) = match registry::build(&config.sources, &net) {
        Ok(built) => built,
        Err(errors) => return Ok(wrong(flags, &errors)),
    };
    if built.is_empty() {
        // Nothing seen because nothing is looked at would read as all clear.
        let why =
            "there is no source to ask: midwatch init writes a configuration, midwatch add URL adds a source";
        return Ok(refuse(WRONG, &SafeText::literal(why)));
    }
    let clock = playback.map_or(Clock::Real, |playing| Clock::replay(playing.start, playing.speed));
    let scope = config.settings.scope.as_ref();
    let in_scope = |name: Option<&RawText>| scope.is_none() || name.is_none() || name == scope;
    let built: Vec<_> = built.into_iter().filter(|built| in_scope(built.info.environment.as_ref())).collect();
    let sources = probe(built, &net, &config.catalog.telling(), clock)?;
    let seen = Seen { config: &config, sources, now: clock.now() };
    let text = match form {
        Form::Table => seen.table(),
        Form::Json => format!("{:#}\n", seen.json()),
    };
    Ok(print(&text, if seen.is_whole() { 0 } else { FAILED }))
}

impl Seen<'_> {
    fn is_whole(&self) -> bool {
        self.sources.iter().all(|source| source.state == State::Works)
    }

    fn answered(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter_map(|probed| probed.source.as_ref())
    }

    /// The faults, the worst and oldest first.
    fn faults(&self) -> Together {
        let words = self.answered().flat_map(|source| {
            source.alerts.iter().map(|alert| Word::of(source, alert, self.now)).collect::<Vec<_>>()
        });
        let mut found = fault::together(words);
        found.faults.sort_by_key(|fault| {
            let alert = &fault.first.alert;
            (!alert.is_loud(), alert.severity, alert.onset(), alert.name.clone())
        });
        found
    }

    /// The runs with their sources, the most urgent first.
    fn runs(&self) -> Vec<(&Source, &Run)> {
        let recent = |run: &Run| run.finished.is_none_or(|end| self.now.duration_since(end) <= KNOWN_FOR);
        let mut runs: Vec<(&Source, &Run)> = self
            .answered()
            .flat_map(|source| source.runs.iter().map(move |run| (source, &**run)))
            .filter(|(_, run)| recent(run))
            .collect();
        runs.sort_by_key(|(source, run)| {
            (run.state.urgency(), std::cmp::Reverse(run.began()), source.info.name.clone(), run.id.clone())
        });
        runs
    }

    fn table(&self) -> String {
        let ago = |at: Timestamp| age(self.now.duration_since(at));
        let optional = |text: Option<&RawText>| text.map(clean).unwrap_or_default();
        let Together { faults, uncompared } = self.faults();
        let loud = faults.iter().filter(|fault| fault.first.alert.is_loud()).count();
        let mut text = String::new();
        let head = |text: &mut String, line: &SafeText| {
            text.push_str(line.as_str());
            text.push('\n');
        };
        head(&mut text, &safe!("alerts: {} firing, {} in all", loud, faults.len()));
        text.push_str(&columns(faults.iter().map(|fault| {
            let alert = &fault.first.alert;
            let owner = match (&alert.acknowledged, alert.state) {
                (_, AlertState::Pending) => "pending".into(),
                (Some(ack), _) => safe!("@{}", clean(&ack.person)),
                (None, _) if alert.is_loud() => "-".into(),
                (None, _) => "muted".into(),
            };
            vec![
                alert.severity.word().into(),
                clean(&alert.name),
                optional(self.config.catalog.service_of(alert.labels.iter()).as_ref()),
                optional(fault.environment()),
                ago(alert.onset()),
                owner,
            ]
        })));
        if uncompared > 0 {
            let many = safe!("  {} of them may stand twice: too many of one name to compare", uncompared);
            head(&mut text, &many);
        }
        let runs = self.runs();
        let failed = runs.iter().filter(|(_, run)| run.state == RunState::Failed).count();
        head(&mut text, &safe!("runs of the last day: {} failed, {} in all", failed, runs.len()));
        text.push_str(&columns(runs.iter().map(|(_, run)| {
            let number = run.number.map(|number| safe!(" #{}", number)).unwrap_or_default();
            vec![
                run.state.word().into(),
                safe!("{}{}", clean(&run.pipeline), number),
                optional(run.branch.as_ref()),
                optional(run.service.as_ref()),
                optional(run.environment.as_ref()),
                ago(run.finished.unwrap_or(run.began())),
                optional(run.person.as_ref()),
            ]
        })));
        let all = count(self.sources.len(), "source", "sources");
        head(&mut text, &safe!("{}:", all));
        text.push_str(&columns(self.sources.iter().map(|probed| {
            let why = probed.failures.first().map(|failure| clean(&failure.what)).unwrap_or_default();
            vec![probed.state.word().into(), clean(&probed.info.name), clean(&probed.info.kind), why]
        })));
        if !self.is_whole() {
            text.push_str("Not all could be seen: what is missing here may exist.\n");
        }
        text
    }

    fn json(&self) -> Value {
        let optional = |text: Option<&RawText>| text.map(plain);
        let alert = |fault: &Fault| {
            let alert = &fault.first.alert;
            let sources = std::iter::once(&fault.first).chain(&fault.others);
            json!({
                "name": plain(&alert.name),
                "severity": alert.severity,
                "state": alert.state,
                "since": alert.onset(),
                "service": optional(self.config.catalog.service_of(alert.labels.iter()).as_ref()),
                "environment": optional(fault.environment()),
                "muted": !alert.silenced_by.is_empty() || !alert.inhibited_by.is_empty(),
                "acknowledged_by": optional(alert.acknowledged.as_ref().map(|ack| &ack.person)),
                "labels": pairs(&alert.labels),
                "sources": sources.map(|word| plain(&word.source)).collect::<Vec<_>>(),
            })
        };
        let run = |(source, run): &(&Source, &Run)| {
            json!({
                "pipeline": plain(&run.pipeline),
                "number": run.number,
                "attempt": run.attempt,
                "state": run.state,
                "branch": optional(run.branch.as_ref()),
                "revision": optional(run.revision.as_ref()),
                "service": optional(run.service.as_ref()),
                "environment": optional(run.environment.as_ref()),
                "person": optional(run.person.as_ref()),
                "began": run.began(),
                "finished": run.finished,
                "link": optional(run.link.as_ref()),
                "source": plain(&source.info.name),
            })
        };
        let found = self.faults();
        json!({
            "midwatch": env!("CARGO_PKG_VERSION"),
            "at": self.now,
            "whole": self.is_whole(),
            "alerts": found.faults.iter().map(alert).collect::<Vec<_>>(),
            "uncompared_alerts": found.uncompared,
            "runs": self.runs().iter().map(run).collect::<Vec<_>>(),
            "sources": self.sources.iter().map(source).collect::<Vec<_>>(),
        })
    }
}

fn source(probed: &Probed) -> Value {
    let failure = |failure: &crate::model::health::Failure| {
        json!({
            "kind": failure.kind,
            "what": plain(&failure.what),
            "advice": failure.advice.as_ref().map(plain),
        })
    };
    json!({
        "name": plain(&probed.info.name),
        "kind": plain(&probed.info.kind),
        "environment": probed.info.environment.as_ref().map(plain),
        "state": probed.state.word(),
        "failures": probed.failures.iter().map(failure).collect::<Vec<_>>(),
    })
}
