//! What joins the panes: what changed before this row, and its logs.

use jiff::Timestamp;

use crate::app::App;
use crate::app::place::Place;
use crate::insight::changes::Subject;
use crate::model::health::Health;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::changes::Changes;
use crate::pane::effect::Effect;
use crate::pane::view::PaneId;
use crate::safe;

/// How long something is waited for that is to be opened.
const SOUGHT: jiff::SignedDuration = jiff::SignedDuration::from_secs(15);

impl App {
    /// Opens this alert or run as soon as it is seen.
    pub fn seek(&mut self, what: RawText, now: Timestamp) {
        self.sought = Some((what, now.checked_add(SOUGHT).unwrap_or(Timestamp::MAX)));
    }

    /// Opens what is sought, if it is here now; gives up after a while.
    pub(super) fn find_sought(&mut self, now: Timestamp) {
        let Some((what, until)) = self.sought.clone() else { return };
        let view = self.state.view(true, now);
        let pane = if self.alerts.seek(&what, &view) {
            PaneId::Alerts
        } else if self.pipelines.seek(&what, &view) {
            PaneId::Pipelines
        } else {
            if now >= until {
                self.sought = None;
                self.say(safe!("No alert or run is called {}. / filters a pane.", clean(&what)), now);
            }
            return;
        };
        self.sought = None;
        self.focus(pane);
        self.fit(now);
    }

    /// Shows what changed before the selected row began.
    pub(super) fn show_changes(&mut self, now: Timestamp) {
        let view = self.state.view(true, now);
        let found = match (&self.place, self.arrangement.focus) {
            (None, PaneId::Alerts) => self.alerts.subject(&view),
            (None, PaneId::Pipelines) => self.pipelines.subject(),
            (Some(_), _) | (None, PaneId::Logs | PaneId::Notes) => None,
        };
        if matches!(self.place, Some(Place::Changes(_))) {
            self.place = None;
            return;
        }
        // Without a row it is about now.
        let now_itself = || (Subject { name: "now".into(), ..Subject::default() }, view.now);
        let (subject, onset) = found.unwrap_or_else(now_itself);
        self.place = Some(Place::Changes(Box::new(Changes::new(subject, onset))));
        self.synced = None;
        self.sync_place(now);
    }

    /// Opens the run that is selected among the changes.
    pub(super) fn open_change(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(Place::Changes(changes)) = &self.place else { return Vec::new() };
        let Some(key) = changes.selected().cloned() else { return Vec::new() };
        self.focus(PaneId::Pipelines);
        let view = self.state.view(true, now);
        if !self.pipelines.reveal(&key, &view) {
            self.say("The run is no longer known.", now);
        }
        Vec::new()
    }

    /// Shows the logs of the selected row's service or host. Where several sources have them, the first
    /// that can be seen; the next one each time it is asked for again.
    pub(super) fn show_logs(&mut self, now: Timestamp) -> Vec<Effect> {
        let view = self.state.view(true, now);
        let subject = match (&self.place, self.arrangement.focus) {
            (Some(place), _) => place.subject(),
            (None, PaneId::Alerts) => self.alerts.subject(&view).map(|(subject, _)| subject),
            (None, PaneId::Pipelines) => self.pipelines.subject().map(|(subject, _)| subject),
            // Asked for again in the logs: the next source of the same subject.
            (None, PaneId::Logs) => self.joined.clone(),
            (None, PaneId::Notes) => None,
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
        let (filter, said) = self.logs_of(&subject, &name, now);
        self.joined = Some(subject);
        self.focus(PaneId::Logs);
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
