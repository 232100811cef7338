//! A graph in the place of a pane: it stays there while the focus goes elsewhere, until it is closed.

use jiff::Timestamp;

use crate::app::App;
use crate::model::text::SafeText;
use crate::model::update::{Detail, News, Update};
use crate::pane::effect::Effect;
use crate::pane::graph::GraphView;
use crate::pane::view::PaneId;
use crate::safe;

impl App {
    /// Draws what was written behind `:graph` or `:watch` in the place of the focused pane.
    pub(super) fn show_graph(&mut self, text: &str, watched: bool, now: Timestamp) {
        match GraphView::new(text, watched, &self.state.view(true, now)) {
            Err(why) => self.say(why, now),
            Ok(graph) => {
                self.close_graph(now);
                self.place = None;
                self.graph = Some((self.arrangement.focus, graph));
            }
        }
    }

    /// The graph that has the focus.
    pub(super) fn graph_here(&self) -> Option<&GraphView> {
        let here = |(pane, _): &&(PaneId, GraphView)| *pane == self.arrangement.focus && self.place.is_none();
        self.graph.as_ref().filter(here).map(|(_, graph)| graph)
    }

    /// Gives the focus to a pane whose own rows are to be seen. A graph that stands there goes to the pane
    /// that had the focus before, which is said.
    pub(super) fn reach(&mut self, pane: PaneId) -> Option<SafeText> {
        self.focus(pane);
        let (stands, _) = self.graph.as_mut().filter(|(stands, _)| *stands == pane)?;
        *stands = self.previous;
        Some(safe!("The graph moved to {}.", u64::from(stands.number())))
    }

    /// Whether something changes in the place of a pane, be it the pane or a graph: it is shown, nothing
    /// stands before it, and the screen is not held still.
    fn moves(&self, pane: PaneId) -> bool {
        let is_covered = self.place.is_some() && pane == self.arrangement.focus;
        !self.state.is_frozen() && !is_covered && self.layout().of(pane).is_some()
    }

    /// Whether the own rows of a pane change.
    pub(super) fn is_seen(&self, pane: PaneId) -> bool {
        self.moves(pane) && self.graph.as_ref().is_none_or(|(stands, _)| *stands != pane)
    }

    /// Closes the graph; false if there is none.
    pub(super) fn close_graph(&mut self, now: Timestamp) -> bool {
        let Some((_, graph)) = self.graph.take() else { return false };
        if let Some(text) = graph.farewell() {
            self.say(text, now);
        }
        true
    }

    /// Lets a watch hear what was answered, also while the screen is held still.
    pub(super) fn hear(&mut self, update: &Update, now: Timestamp) -> Vec<Effect> {
        let (News::Detail(key, detail), Some((_, view))) = (&update.news, &mut self.graph) else {
            return Vec::new();
        };
        let answer = match detail {
            Ok(Detail::Graph(graph)) => Ok(graph.as_ref()),
            Ok(Detail::Jobs(_) | Detail::Log(_) | Detail::Groups(_)) => return Vec::new(),
            Err(failure) => Err(failure),
        };
        let outcome = view.hear(&update.source, key, answer);
        self.take(outcome, now)
    }

    /// Asks for the graphs whose time it is, and for the jobs of a run that came without them, as far as they are seen; a watch goes on all the same.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Effect> {
        let (alerts, graph) = (self.is_seen(PaneId::Alerts), self.is_kept_up());
        let alerts: Vec<Effect> = if alerts { self.alerts.due(now).collect() } else { Vec::new() };
        let runs = if self.is_seen(PaneId::Pipelines) {
            self.pipelines.due(&self.state.view(false, now))
        } else {
            None
        };
        let graph = self.graph.as_mut().filter(|_| graph).and_then(|(_, graph)| graph.due(now));
        alerts.into_iter().chain(runs).chain(graph).collect()
    }

    /// When the graph in the place of a pane is to be asked for next.
    pub(super) fn graph_wake(&self) -> Option<Timestamp> {
        self.graph.as_ref().filter(|_| self.is_kept_up())?.1.next_due()
    }

    fn is_kept_up(&self) -> bool {
        self.graph.as_ref().is_some_and(|(pane, graph)| graph.is_watch() || self.moves(*pane))
    }
}
