//! What joins the panes: what changed before this row, and its logs.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::app::App;
use crate::app::place::Place;
use crate::command::table::Id;
use crate::config::nearest::near;
use crate::insight::changes::Subject;
use crate::model::health::Health;
use crate::model::run::Run;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::pane::alerts::Alerts;
use crate::pane::changes::Changes;
use crate::pane::coverage;
use crate::pane::effect::Effect;
use crate::pane::pipelines::Pipelines;
use crate::pane::view::{PaneId, View};
use crate::safe;

/// Names told that may have been meant.
const NEAR: usize = 3;

/// What is to be opened as soon as it is seen.
pub(super) struct Sought {
    what: RawText,
    /// What the sources had said when it was looked for last.
    looked: Option<u64>,
    /// What was said of it last.
    told: Option<SafeText>,
}

/// The alert or run of this name, in which pane, and in which environment it is.
fn find(what: &RawText, view: &View<'_>) -> Option<(PaneId, (RawText, RawText), Option<RawText>)> {
    let alert = Alerts::find(what, view).map(|(key, place)| (PaneId::Alerts, key, place));
    alert.or_else(|| Pipelines::find(what, view).map(|(key, place)| (PaneId::Pipelines, key, place)))
}

/// What is said of something that is not here, and whether it is waited for.
fn not_seen(what: &RawText, view: &View<'_>) -> (SafeText, bool) {
    let gives = [Gives::Alerts, Gives::Runs];
    let missing = coverage::unseen(view, &gives);
    let name = clean(what);
    let is_starting = gives
        .iter()
        .flat_map(|gives| coverage::sources(view, *gives))
        .any(|source| matches!(source.health(view.now), Health::Starting));
    if is_starting {
        let why = coverage::listed(&missing);
        return (safe!("{} is not seen yet: {}. It opens when it is; a key ends that.", name, why), true);
    }
    let near = near_names(what, view);
    if missing.is_empty() {
        return (safe!("No alert or run is called {}.{} / filters a pane.", name, near), false);
    }
    let why = coverage::listed(&missing);
    (safe!("{} is not seen.{} Not all is: {}. It opens when it is; a key ends that.", name, near, why), true)
}

/// ` Near: HighErrorRate, HighErrorBudget.`, or nothing.
fn near_names(what: &RawText, view: &View<'_>) -> SafeText {
    let alerts = view.world.alerts().map(|(_, alert)| &alert.name);
    let runs = view.world.runs().map(|(_, run)| &run.pipeline);
    let known: BTreeSet<&str> = alerts.chain(runs).filter_map(RawText::as_str).collect();
    let near = near(what.as_str().unwrap_or_default(), known, NEAR);
    if near.is_empty() {
        return SafeText::default();
    }
    safe!(" Near: {}.", clean(&near.join(", ").into()))
}

impl App {
    /// Opens this alert or run as soon as it is seen, unless the person does something before.
    pub fn seek(&mut self, what: RawText) {
        self.sought = Some(Sought { what, looked: None, told: None });
    }

    /// The person does something else than to wait for what is sought.
    pub(super) fn stop_seeking(&mut self, now: Timestamp) {
        if !self.is_welcoming()
            && let Some(Sought { what, told, .. }) = self.sought.take()
        {
            if let Some(told) = told {
                self.line.withdraw(&told);
            }
            self.say(safe!("{} is no longer waited for.", clean(&what)), now);
        }
    }

    /// Opens what is sought, if it is here now; says what is waited for, and that it is not here as soon as
    /// every source that could know it has answered or failed. Looks only before a frame.
    pub(super) fn find_sought(&mut self, now: Timestamp) {
        if self.is_welcoming() {
            // Nothing has been started yet.
            return;
        }
        let revision = self.state.world.revision();
        let Some(sought) = &mut self.sought else { return };
        // Other news may have taken the footer meanwhile.
        if sought.looked == Some(revision) && self.line.text().is_some() {
            return;
        }
        sought.looked = Some(revision);
        let (what, told) = (sought.what.clone(), sought.told.take());
        let view = self.state.view(true, now);
        if let Some((pane, key, _)) = find(&what, &view) {
            let is_open = match pane {
                PaneId::Alerts => self.alerts.reveal(&key, &view),
                _ => self.pipelines.reveal(&key, &view),
            };
            if is_open {
                self.sought = None;
                let said = self.reach(pane);
                if let Some(told) = &told {
                    self.line.withdraw(told);
                }
                if let Some(said) = said {
                    self.line.hold(said, now);
                }
                self.fit(now);
                return;
            }
        }
        let (said, waits) = if let Some((_, _, place)) = find(&what, &View { environment: None, ..view }) {
            (self.elsewhere(&clean(&what), place.as_ref()), false)
        } else {
            not_seen(&what, &view)
        };
        if waits && let Some(sought) = &mut self.sought {
            sought.told = Some(said.clone());
        } else {
            self.sought = None;
        }
        // Whoever started it may look elsewhere for now: it stays until the first key.
        if let Some(told) = told.filter(|told| *told != said) {
            self.line.withdraw(&told);
        }
        self.line.hold(said, now);
    }

    /// That something is not shown because of the environment in scope.
    fn elsewhere(&self, what: &SafeText, place: Option<&RawText>) -> SafeText {
        let name = |name: Option<&RawText>| name.map_or_else(|| "no environment".into(), clean);
        let scope = name(self.state.environment.as_ref());
        safe!("{} is in {}, and only {} is shown: :env all shows it.", what, name(place), scope)
    }

    /// What the selected row is about and when it began, as far as rows are seen where the focus is.
    pub(super) fn subject(&self, now: Timestamp) -> Option<(Subject, Timestamp)> {
        match &self.place {
            Some(Place::Runbook(runbook)) => return Some(runbook.about()),
            Some(Place::Diagnostics(diagnostics)) => return Some(diagnostics.round().about()),
            _ => {}
        }
        if self.place.is_some() || self.graph_here().is_some() {
            return None;
        }
        let view = self.state.view(true, now);
        match self.arrangement.focus {
            PaneId::Pipelines => self.pipelines.subject(),
            PaneId::Logs => self.logs.subject(&view),
            PaneId::Alerts => self.alerts.subject(&view),
            PaneId::Notes => self.notes.subject(),
        }
    }

    /// Shows what changed before the selected row began.
    pub(super) fn show_changes(&mut self, now: Timestamp) {
        if matches!(self.place, Some(Place::Changes(_))) {
            self.place = None;
            return;
        }
        // Without a row it is about now.
        let (subject, onset) =
            self.subject(now).unwrap_or_else(|| (Subject { name: "now".into(), ..Subject::default() }, now));
        self.place = Some(Place::Changes(Changes::new(subject, onset)));
        self.sync_place(now);
    }

    /// Opens the selected entry, and moves the other panes to its time.
    pub(super) fn open_entry(&mut self, now: Timestamp) -> Vec<Effect> {
        let before = self.notes.subject().map(|(_, at)| at);
        let effects = self.run_in_focus(Id::Open, now);
        let Some(at) = before.filter(|at| *at <= now) else { return effects };
        let view = self.state.view(false, now);
        let logs = self.logs.stand_at(at, &view);
        let moved = [logs.is_some(), self.alerts.stand_at(at), self.pipelines.stand_at(at)];
        if moved.contains(&true) {
            let clock = self.state.view(true, now).zone.moment(at, now);
            let nothing = if logs == Some(false) { ", of which no log line is held" } else { "" };
            let nothing = SafeText::literal(nothing);
            self.say(
                safe!("The other panes stand at {}{}; F in the logs follows again.", clock, nothing),
                now,
            );
        }
        effects
    }

    /// The run that is selected or open, among the changes too.
    pub(super) fn chosen_run(&self) -> Option<&Run> {
        match &self.place {
            Some(Place::Changes(changes)) => changes.list().selected_row().map(|change| &*change.run),
            None if self.arrangement.focus == PaneId::Pipelines => self.pipelines.chosen_run(),
            Some(_) | None => None,
        }
    }

    /// Opens the run that is selected among the changes.
    pub(super) fn open_change(&mut self, now: Timestamp) {
        let Some(Place::Changes(changes)) = &self.place else { return };
        let Some(change) = changes.list().selected_row() else { return };
        let key = (change.source.clone(), change.run.id.clone());
        let view = self.state.view(true, now);
        if self.pipelines.reveal(&key, &view) {
            if let Some(text) = self.reach(PaneId::Pipelines) {
                self.say(text, now);
            }
            return;
        }
        let known =
            view.world.source(&key.0).is_some_and(|source| source.runs.iter().any(|run| run.id == key.1));
        let text = if known {
            self.elsewhere(&clean(&change.run.pipeline), change.environment.as_ref())
        } else {
            "The run is no longer known.".into()
        };
        self.say(text, now);
    }

    /// Shows the logs of the selected row's service or host. Where several sources have them, the first
    /// that can be seen; the next one each time it is asked for again.
    pub(super) fn show_logs(&mut self, now: Timestamp) -> Vec<Effect> {
        let began = self.began(now);
        let subject = match (&self.place, self.arrangement.focus) {
            (Some(place), _) => place.subject(),
            // Asked for again in the logs: the next source of the same subject.
            (None, PaneId::Logs) if self.graph_here().is_none() => self.joined.clone(),
            (None, PaneId::Alerts | PaneId::Pipelines) => self.subject(now).map(|(subject, _)| subject),
            (None, PaneId::Logs | PaneId::Notes) => None,
        };
        let Some(subject) = subject else {
            self.say("No service or host is known here: choose an alert or a run.", now);
            return Vec::new();
        };
        let Some(name) = subject.service.clone().or_else(|| subject.host.clone()) else {
            let what = clean(&subject.name);
            self.say(
                safe!("No service or host is known of {}: [[service]] says what belongs together.", what),
                now,
            );
            return Vec::new();
        };
        if let Some(onset) = began {
            self.mining.set_onset(onset, clean(&subject.name));
        }
        let (filter, mut said) = self.logs_of(&subject, &name, now);
        self.joined = Some(subject);
        if let Some(text) = self.reach(PaneId::Logs) {
            said = safe!("{} {}", text, said);
        }
        let effects = self.set_filter(&filter, now);
        self.say(said, now);
        effects
    }

    /// When what the logs are asked for began, where a row of it is chosen.
    fn began(&self, now: Timestamp) -> Option<Timestamp> {
        let is_row = matches!(self.arrangement.focus, PaneId::Alerts | PaneId::Pipelines);
        self.subject(now).filter(|_| is_row).map(|(_, onset)| onset)
    }

    /// The filter that shows the logs of a service or host, and what to say about it.
    fn logs_of(&self, subject: &Subject, name: &RawText, now: Timestamp) -> (String, SafeText) {
        let view = self.state.view(true, now);
        let sources = subject.service.as_ref().map(|name| view.catalog.logs_of(name)).unwrap_or_default();
        let is_blind = |source: &RawText| {
            view.world.source(source).is_none_or(|source| source.health(view.now).is_blind())
        };
        let written = |source: &RawText| format!("source:{}", quoted(source));
        if sources.is_empty() {
            let text = String::from_utf8_lossy(name.as_bytes()).to_lowercase();
            let in_streams = view
                .logs
                .streams()
                .any(|stream| String::from_utf8_lossy(stream.name.as_bytes()).to_lowercase().contains(&text));
            return if in_streams {
                (format!("stream:{}", quoted(name)), safe!("Streams named {}. Esc shows all.", clean(name)))
            } else {
                (
                    quoted(name),
                    safe!("Lines with the word {}; [[service]] logs = [...] names its sources.", clean(name)),
                )
            };
        }
        // The one after the one that is shown now, if it is one of them.
        let shown = sources.iter().position(|source| written(source) == self.logs.filter_text());
        let start = shown.map_or(0, |at| at + 1);
        let in_turn = || (0..sources.len()).filter_map(|step| sources.get((start + step) % sources.len()));
        let Some(chosen) = in_turn().find(|source| !is_blind(source)).or_else(|| in_turn().next()) else {
            return (String::new(), SafeText::default());
        };
        let mut said = safe!("Logs of {} from {}.", clean(name), clean(chosen));
        for source in sources.iter().filter(|source| is_blind(source)) {
            let why = match view.world.source(source).map(|source| source.health(view.now)) {
                Some(Health::Failing(failure, _)) => clean(&failure.what),
                Some(_) => SafeText::literal("crashed"),
                None => SafeText::literal("not configured"),
            };
            said.push(&safe!(" {} is blind: {}.", clean(source), why));
        }
        if sources.len() > 1 {
            said.push(&" L shows the next.".into());
        }
        (written(chosen), said)
    }
}

/// As one word of the filter.
fn quoted(text: &RawText) -> String {
    let text = String::from_utf8_lossy(text.as_bytes());
    if text.contains([' ', '"', '/', '-', '\\']) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text.into_owned()
    }
}
