//! What a person finds again at the next start: the view, the filters, and what was known.

use serde::{Deserialize, Serialize};

use crate::app::{App, Named};
use crate::logs::buffer::StreamStats;
use crate::model::incident::IncidentId;
use crate::model::note::Folder;
use crate::model::text::{RawText, clean};
use crate::model::world::Remembered;
use crate::pane::view::PaneId;
use crate::safe;
use crate::ui::time::Zone;

use jiff::Timestamp;

/// What is kept between two sessions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// What each source said last.
    pub world: Remembered,
    /// How the screen was arranged.
    pub view: SavedView,
    /// Which log streams there were, each with its source; `midwatch services suggest` looks at them.
    #[serde(default)]
    pub streams: Vec<(RawText, RawText)>,
}

/// The most names of streams that are kept, and the most bytes of one.
const STREAMS: (usize, usize) = (300, 200);

/// How the screen was arranged.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedView {
    focus: Option<PaneId>,
    full_screen: bool,
    step: i8,
    relative: bool,
    environment: Option<RawText>,
    /// Who was at the keys, where they said so with `:as`.
    person: Option<RawText>,
    pipelines: String,
    logs: String,
    alerts: String,
    notes: String,
    /// The incident that was current.
    incident: Option<IncidentId>,
    /// Open ones that were not.
    aside: Vec<IncidentId>,
}

impl App {
    /// What to keep for the next start.
    pub fn session(&self) -> Session {
        let view = SavedView {
            focus: self.chose_focus.then_some(self.arrangement.focus),
            full_screen: self.arrangement.full_screen,
            step: self.arrangement.step,
            relative: matches!(self.state.zone, Zone::Relative),
            environment: self.state.environment.clone(),
            person: (self.named == Named::Said).then(|| self.state.person.clone()),
            pipelines: self.pipelines.filter_text().to_owned(),
            logs: self.logs.filter_text().to_owned(),
            alerts: self.alerts.list().filter().to_owned(),
            notes: self.notes.filter_text().to_owned(),
            incident: self.notes.folder().incident().cloned(),
            aside: self.aside(),
        };
        // One without a line here has ended; of many, such as pods that came and went, the newest tell most.
        let kept = |stream: &&StreamStats| stream.held > 0 && stream.name.as_bytes().len() <= STREAMS.1;
        let mut streams: Vec<_> = self.state.logs.streams().filter(kept).collect();
        streams.drain(..streams.len().saturating_sub(STREAMS.0));
        let streams = streams.into_iter().map(|stream| (stream.source.clone(), stream.name.clone()));
        Session { world: self.state.world.remember(), view, streams: streams.collect() }
    }

    /// Where notes go now.
    pub fn folder(&self) -> &Folder {
        self.notes.folder()
    }

    /// Shows files and nothing else, and of them the lines of this query; one that cannot be read is
    /// told.
    pub fn look_into_files(&mut self, query: &RawText, now: Timestamp) {
        self.focus(PaneId::Logs);
        self.arrangement.full_screen = true;
        let view = self.state.view(true, now);
        let outcome = self.logs.filter(&String::from_utf8_lossy(query.as_bytes()), &view);
        self.take(outcome, now);
    }

    /// Arranges the screen as it was left. An environment that is no longer configured is dropped.
    pub fn restore(&mut self, saved: &SavedView, now: Timestamp) {
        if let Some(focus) = saved.focus {
            self.focus(focus);
        }
        self.arrangement.full_screen = saved.full_screen;
        self.arrangement.step = saved.step.clamp(-3, 3);
        if saved.relative {
            self.state.zone = Zone::Relative;
        }
        if self.state.environment.is_none() {
            let known = |name: &&RawText| self.state.environments.iter().any(|one| one.name == **name);
            self.state.environment = saved.environment.as_ref().filter(known).cloned();
        }
        // Said once: what is configured or said by a flag is known already and wins.
        if let Some(person) = saved.person.as_ref().filter(|_| self.named != Named::Given) {
            self.set_person(person.clone());
            let text =
                safe!("You are {}, as last time; :as NAME says that you are somebody else.", clean(person));
            self.say(text, now);
        }
        let view = self.state.view(true, now);
        self.pipelines.filter(&saved.pipelines, &view);
        self.alerts.filter(&saved.alerts, &view);
        self.notes.filter(&saved.notes, &view);
        if let Some(incident) = &saved.incident {
            self.notes.want(incident.clone());
        }
        self.aside = Some(saved.aside.clone());
        // A log filter that no longer parses is left out; it was accepted when it was typed.
        self.logs.filter(&saved.logs, &view);
    }
}
