//! Views that stand in the place of the focused pane.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::insight::changes::Subject;
use crate::model::text::SafeText;
use crate::pane::changes::Changes;
use crate::pane::diagnostics::Diagnostics;
use crate::pane::document::DocumentView;
use crate::pane::effect::Outcome;
use crate::pane::patterns::Patterns;
use crate::pane::runbook::RunbookView;
use crate::pane::sources::Sources;
use crate::pane::view::View;
use crate::ui::canvas::Canvas;

/// A view in the place of the focused pane.
pub(super) enum Place {
    /// Every source, and whether it can be believed.
    Sources(Sources),
    /// What changed before something began.
    Changes(Changes),
    /// What the lines say again and again.
    Patterns(Patterns),
    /// A runbook, or the card of a service or host.
    Runbook(Box<RunbookView>),
    /// What diagnostics say.
    Diagnostics(Box<Diagnostics>),
    /// A document of an incident or of the shift.
    Document(Box<DocumentView>),
}

impl Place {
    pub(super) fn sync(&mut self, view: &View<'_>) {
        match self {
            Self::Sources(sources) => sources.sync(view),
            Self::Changes(changes) => changes.sync(view),
            // They are given what was mined, or heard: see `App::sync_patterns` and `App::hear_of_diagnostic`.
            Self::Patterns(_) | Self::Diagnostics(_) | Self::Document(_) => {}
            Self::Runbook(runbook) => runbook.sync(view),
        }
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        match self {
            Self::Sources(sources) => sources.list().is_due(now),
            Self::Changes(changes) => changes.list().is_due(now),
            Self::Patterns(patterns) => patterns.list().is_due(now),
            Self::Runbook(_) | Self::Diagnostics(_) | Self::Document(_) => false,
        }
    }

    pub(super) fn fit(&mut self, view: &View<'_>, area: Rect) {
        match self {
            Self::Sources(sources) => sources.fit(view, area),
            Self::Changes(changes) => changes.fit(area),
            Self::Patterns(patterns) => patterns.fit(area),
            Self::Runbook(runbook) => runbook.fit(area, view.ascii),
            Self::Diagnostics(diagnostics) => diagnostics.fit(area, view.ascii),
            Self::Document(document) => document.fit(area, view.ascii),
        }
    }

    pub(super) fn run(&mut self, id: Id, view: &View<'_>, area: Rect) -> Outcome {
        match self {
            Self::Sources(sources) => sources.run(id, view, area),
            Self::Changes(changes) => changes.run(id, view),
            Self::Patterns(patterns) => patterns.run(id, view),
            Self::Runbook(runbook) => runbook.run(id),
            Self::Diagnostics(diagnostics) => diagnostics.run(id),
            Self::Document(document) => document.run(id),
        }
    }

    pub(super) fn filter(&mut self, text: &str, view: &View<'_>) {
        match self {
            Self::Sources(sources) => sources.filter(text, view),
            Self::Changes(changes) => changes.filter(text, view),
            Self::Patterns(patterns) => patterns.filter(text, view),
            Self::Runbook(runbook) => runbook.filter(text),
            Self::Diagnostics(diagnostics) => diagnostics.filter(text),
            Self::Document(document) => document.filter(text),
        }
    }

    pub(super) fn filter_text(&self) -> &str {
        match self {
            Self::Sources(sources) => sources.list().filter(),
            Self::Changes(changes) => changes.list().filter(),
            Self::Patterns(patterns) => patterns.list().filter(),
            Self::Runbook(runbook) => runbook.list().filter(),
            Self::Diagnostics(diagnostics) => diagnostics.list().filter(),
            Self::Document(document) => document.list().filter(),
        }
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        match self {
            Self::Sources(sources) => sources.list().counts(),
            Self::Changes(changes) => changes.list().counts(),
            Self::Patterns(patterns) => patterns.list().counts(),
            Self::Runbook(runbook) => runbook.list().counts(),
            Self::Diagnostics(diagnostics) => diagnostics.list().counts(),
            Self::Document(document) => document.list().counts(),
        }
    }

    /// Takes back one thing; false if the view itself is next.
    pub(super) fn back(&mut self, view: &View<'_>) -> bool {
        match self {
            Self::Sources(sources) => sources.back(view),
            Self::Changes(changes) => changes.back(view),
            Self::Patterns(patterns) => patterns.back(view),
            Self::Runbook(runbook) => runbook.back(),
            Self::Diagnostics(diagnostics) => diagnostics.back(),
            Self::Document(document) => document.back(),
        }
    }

    pub(super) fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        match self {
            Self::Sources(sources) => sources.next_wake(view),
            Self::Changes(changes) => changes.list().next_wake(),
            Self::Patterns(patterns) => patterns.list().next_wake(),
            Self::Runbook(runbook) => runbook.next_wake(view),
            Self::Diagnostics(_) | Self::Document(_) => None,
        }
    }

    /// What the selected row is about.
    pub(super) fn subject(&self) -> Option<Subject> {
        match self {
            Self::Sources(_) | Self::Patterns(_) | Self::Document(_) => None,
            Self::Changes(changes) => Some(changes.subject()),
            Self::Runbook(runbook) => Some(runbook.about().0),
            Self::Diagnostics(diagnostics) => Some(diagnostics.round().about().0),
        }
    }

    pub(super) fn draw(&self, view: &View<'_>, who: &SafeText, area: Rect, canvas: &mut Canvas<'_>) {
        match self {
            Self::Sources(sources) => sources.draw(view, who, area, canvas),
            Self::Changes(changes) => changes.draw(view, area, canvas),
            Self::Patterns(patterns) => patterns.draw(view, area, canvas),
            Self::Runbook(runbook) => runbook.draw(view, area, canvas),
            Self::Diagnostics(diagnostics) => diagnostics.draw(view, area, canvas),
            Self::Document(document) => document.draw(view, area, canvas),
        }
    }
}
