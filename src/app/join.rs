//! What joins the panes: what changed before this row, and its logs.

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::app::place::Place;
use crate::insight::changes::Subject;
use crate::model::health::Health;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::pane::alerts::Alerts;
use crate::pane::changes::Changes;
use crate::pane::coverage;
use crate::pane::effect::Effect;
use crate::pane::pipelines::Pipelines;
use crate::pane::view::{PaneId, View};
use crate::safe;

/// How long something is waited for before the person is told what there is to wait for.
const SOUGHT: SignedDuration = SignedDuration::from_secs(15);

/// What is to be opened as soon as it is seen.
pub(super) struct Sought {
    what: RawText,
    /// When it is said that it is not here; `None` when that has been said.
    until: Option<Timestamp>,
    /// What the sources had said when it was looked for last.
    looked: Option<u64>,
}

impl Sought {
    /// When it is said that it is not here.
    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        self.until
    }
}

/// The alert or run of this name, in which pane, and in which environment it is.
fn find(what: &RawText, view: &View<'_>) -> Option<(PaneId, (RawText, RawText), Option<RawText>)> {
    let alert = Alerts::find(what, view).map(|(key, place)| (PaneId::Alerts, key, place));
    alert.or_else(|| Pipelines::find(what, view).map(|(key, place)| (PaneId::Pipelines, key, place)))
}

impl App {
    /// Opens this alert or run as soon as it is seen, unless the person does something before.
    pub fn seek(&mut self, what: RawText, now: Timestamp) {
        self.sought = Some(Sought { what, until: now.checked_add(SOUGHT).ok(), looked: None });
    }

    /// The person does something else than to wait for what is sought.
    pub(super) fn stop_seeking(&mut self, now: Timestamp) {
        if !self.is_welcoming()
            && let Some(Sought { what, .. }) = self.sought.take()
        {
            self.say(safe!("{} is no longer waited for.", clean(&what)), now);
        }
    }

    /// Opens what is sought, if it is here now; says what is waited for when that takes long. Looks only
    /// before a frame, and at the time when something has to be said.
    pub(super) fn find_sought(&mut self, is_frame: bool, now: Timestamp) {
        let is_welcoming = self.is_welcoming();
        let Some(sought) = &mut self.sought else { return };
        if is_welcoming {
            // Nothing has been started yet.
            sought.until = now.checked_add(SOUGHT).ok();
            return;
        }
        let revision = self.state.world.revision();
        let is_due = sought.until.is_some_and(|until| until <= now);
        if !is_due && (!is_frame || sought.looked == Some(revision)) {
            return;
        }
        sought.looked = Some(revision);
        if is_due {
            sought.until = None;
        }
        let (what, is_late) = (sought.what.clone(), sought.until.is_none());
        let view = self.state.view(true, now);
        if let Some((pane, key, _)) = find(&what, &view) {
            let is_open = match pane {
                PaneId::Alerts => self.alerts.reveal(&key, &view),
                _ => self.pipelines.reveal(&key, &view),
            };
            if is_open {
                self.sought = None;
                let said = self.reach(pane);
                self.notice = said.map(|text| (text, Timestamp::MAX)).or(self.notice.take());
                self.fit(now);
                return;
            }
        }
        let said = if let Some((_, _, place)) = find(&what, &View { environment: None, ..view }) {
            self.sought = None;
            self.elsewhere(&clean(&what), place.as_ref())
        } else if !is_late {
            return;
        } else {
            let missing = coverage::unseen(&view, &[Gives::Alerts, Gives::Runs]);
            if missing.is_empty() {
                self.sought = None;
                safe!("No alert or run is called {}. / filters a pane.", clean(&what))
            } else if is_due {
                let why = coverage::listed(&missing);
                safe!("{} is not seen yet: {}. It opens when it is; a key ends that.", clean(&what), why)
            } else {
                return;
            }
        };
        // Whoever started it may look elsewhere for now: it stays until the first key.
        self.notice = Some((said, Timestamp::MAX));
    }

    /// That something is not shown because of the environment in scope.
    fn elsewhere(&self, what: &SafeText, place: Option<&RawText>) -> SafeText {
        let name = |name: Option<&RawText>| name.map_or_else(|| "no environment".into(), clean);
        let scope = name(self.state.environment.as_ref());
        safe!("{} is in {}, and only {} is shown: :env all shows it.", what, name(place), scope)
    }

    /// What the selected row is about and when it began, as far as rows are seen where the focus is.
    fn subject(&self, now: Timestamp) -> Option<(Subject, Timestamp)> {
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

    /// Opens the run that is selected among the changes.
    pub(super) fn open_change(&mut self, now: Timestamp) {
        let Some(Place::Changes(changes)) = &self.place else { return };
        let Some(change) = changes.selected() else { return };
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
        let (filter, mut said) = self.logs_of(&subject, &name, now);
        self.joined = Some(subject);
        if let Some(text) = self.reach(PaneId::Logs) {
            said = safe!("{} {}", text, said);
        }
        let effects = self.set_filter(&filter, now);
        self.say(said, now);
        effects
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
