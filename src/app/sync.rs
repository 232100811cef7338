//! What was said and what time has turned reaches the panes here, between a message and its frame.

use jiff::Timestamp;

use crate::app::App;
use crate::app::overlay::Overlay;
use crate::model::text::RawText;
use crate::pane::view::PaneId;

/// Tells two moments apart at which the panes would show different rows: what was said, what of it has
/// turned by itself, the ten seconds, the environment in scope, the incidents.
pub(super) type Mark = (u64, usize, i64, Option<RawText>, u64);

/// When the lists take what was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taking {
    /// In the next frame.
    Frame,
    /// After it: what a key did is shown first, as thousands of alerts take longer than a frame may.
    AfterKey,
    /// At once, or in the next frame, if keys come one after the other.
    Now,
}

impl App {
    /// Lets the panes know where they stand, also while the screen is frozen.
    pub(super) fn fit(&mut self, now: Timestamp) {
        let layout = self.layout();
        if let Some(area) = layout.of(PaneId::Pipelines) {
            self.pipelines.fit(area);
        }
        if let Some(area) = layout.of(PaneId::Alerts) {
            self.alerts.fit(area);
        }
        if let Some(area) = layout.of(PaneId::Notes) {
            self.notes.fit(area);
        }
        if let (Some(place), Some(area)) = (&mut self.place, layout.of(self.arrangement.focus)) {
            place.fit(&self.state.view(true, now), area);
        }
    }

    /// Lets the panes take what has changed, unless the screen is frozen.
    pub(super) fn sync(&mut self, now: Timestamp) {
        if self.state.is_frozen() {
            return;
        }
        // A command is typed for the row that is selected: another one does not slide under it meanwhile.
        if matches!(self.overlay, Some(Overlay::Palette(_))) {
            self.pipelines.hold(now);
            self.alerts.hold(now);
            self.notes.hold(now);
        }
        self.sync_patterns(now);
        let layout = self.layout();
        let focus = self.arrangement.focus;
        let view = |pane| self.state.view(focus == pane, now);
        self.logs.sync(&view(PaneId::Logs), layout.of(PaneId::Logs));
        let world = &self.state.world;
        let is_news = self.synced.as_ref().is_some_and(|(seen, ..)| *seen != world.revision());
        if std::mem::replace(&mut self.taking, Taking::Frame) == Taking::AfterKey && is_news {
            self.taking = Taking::Now;
            return;
        }
        self.notes.sync(&view(PaneId::Notes));
        let (tens, environment) = (now.as_second() / 10, self.state.environment.clone());
        let mark = (world.revision(), world.turned(now), tens, environment, self.state.incidents_revision);
        let is_due = self.pipelines.list().is_due(now)
            || self.alerts.list().is_due(now)
            || self.place.as_ref().is_some_and(|place| place.is_due(now));
        if self.synced.as_ref() == Some(&mark) && !is_due {
            return;
        }
        self.synced = Some(mark);
        self.pipelines.sync(&view(PaneId::Pipelines));
        self.alerts.sync(&view(PaneId::Alerts));
        if let Some((pane, graph)) = &mut self.graph {
            graph.sync(&self.state.view(focus == *pane, now));
        }
        self.sync_place(now);
    }

    /// Lets the view in the place of the focused pane take what has changed.
    pub(super) fn sync_place(&mut self, now: Timestamp) {
        if let Some(place) = &mut self.place {
            place.sync(&self.state.view(true, now));
        }
    }
}
