//! The runbook or card of a row: where it may be, and the ticks that go into the notes.

use jiff::Timestamp;

use crate::app::App;
use crate::app::place::Place;
use crate::insight::changes::Subject;
use crate::model::alert::Alert;
use crate::model::runbook::{Answer, Lead};
use crate::model::text::{RawText, clean};
use crate::model::transition::Happened;
use crate::pane::effect::Effect;
use crate::pane::runbook::{RunbookView, Ticking};
use crate::pane::view::PaneId;
use crate::safe;

/// The annotations that lead to a runbook, as the rules of most people and of the mixins write them.
const ANNOTATIONS: [&str; 2] = ["runbook_url", "runbook"];

impl App {
    /// Shows the runbook of the selected row; where one is shown, the card beside it.
    pub(super) fn show_runbook(&mut self, now: Timestamp) -> Vec<Effect> {
        if let Some(Place::Runbook(runbook)) = &mut self.place {
            let outcome = runbook.run(crate::command::table::Id::Runbook);
            return self.take(outcome, now);
        }
        let Some((subject, onset)) = self.about(now) else {
            self.say("No alert, service or host is known here: choose an alert, a run or a line.", now);
            return Vec::new();
        };
        let leads = self.leads(&subject);
        if leads.is_empty() && subject.service.is_none() && subject.host.is_none() && !self.is_on_alert() {
            let what = clean(&subject.name);
            let rest = "[[service]] says what belongs together";
            self.say(safe!("No service or host is known of {}: {}.", what, rest), now);
            return Vec::new();
        }
        let (runbook, asks) = RunbookView::new((subject, onset), self.is_on_alert(), leads, &self.shelf);
        self.place = Some(Place::Runbook(Box::new(runbook)));
        self.fit(now);
        self.sync_place(now);
        asks.into_iter().collect()
    }

    /// Takes what came of looking for a runbook.
    pub(super) fn hear_of_runbook(&mut self, leads: &[Lead], answer: Answer, now: Timestamp) {
        self.shelf.take(leads, answer, now);
        if let Some(Place::Runbook(runbook)) = &mut self.place {
            runbook.hear(leads, &self.shelf);
        }
        self.sync_place(now);
    }

    /// Ticks the step under the cursor; the notes tell it.
    pub(super) fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(Place::Runbook(runbook)) = &mut self.place else { return Vec::new() };
        match runbook.tick(&mut self.shelf) {
            Ticking::Write(text) => self.write_note(text.as_str(), now),
            Ticking::None(why) => {
                self.say(why, now);
                Vec::new()
            }
        }
    }

    /// Where the runbook of this may be, in the order in which it is looked for.
    fn leads(&self, subject: &Subject) -> Vec<Lead> {
        let runbooks = &self.state.runbooks;
        let catalog = &self.state.catalog;
        let has_dirs = !runbooks.dirs.is_empty();
        let mapped = |name: &RawText| runbooks.mapped(name).cloned().map(Lead::Configured);
        let named = |name: &RawText| has_dirs.then(|| Lead::Named(name.clone()));
        let mut leads = Vec::new();
        if is_named(subject) {
            leads.extend([mapped(&subject.name), named(&subject.name)].into_iter().flatten());
        }
        let alert = self.alert_here();
        let annotated = |name: &&str| alert?.annotations.get(&RawText::from(*name));
        leads.extend(ANNOTATIONS.iter().find_map(annotated).cloned().map(Lead::Annotated));
        if let Some(name) = &subject.service {
            let card = catalog.service(name).and_then(|entry| entry.card.runbook.clone());
            leads.extend([card.map(Lead::Configured), mapped(name), named(name)].into_iter().flatten());
        }
        if let Some(name) = &subject.host {
            let card = catalog.host(name).and_then(|entry| entry.card.runbook.clone());
            leads.extend([card.map(Lead::Configured), mapped(name), named(name)].into_iter().flatten());
        }
        let mut seen = std::collections::BTreeSet::new();
        leads.retain(|lead| seen.insert(lead.clone()));
        leads
    }

    /// What the selected row is about, and when that began. What happened is about what it happened to; a line and
    /// an entry have no name of their own.
    pub(super) fn about(&self, now: Timestamp) -> Option<(Subject, Timestamp)> {
        let about = self.subject(now).or_else(|| Some((self.place.as_ref()?.subject()?, now)));
        let (mut subject, onset) = about?;
        let catalog = &self.state.catalog;
        if let Some(alert) = self.alert_here().filter(|_| !is_named(&subject)) {
            subject.name = alert.name.clone();
            subject.service = catalog.service_of(alert.labels.iter());
            subject.host = catalog.host_of_labels(alert.labels.iter());
        } else if let Some(Happened::Began(run) | Happened::Ended(run)) = self.happened_here() {
            subject.name = run.pipeline.clone();
            subject.service = catalog.service_of_run(run);
        }
        if !is_named(&subject) {
            subject.name = subject.service.clone().or(subject.host.clone()).unwrap_or(subject.name);
        }
        Some((subject, onset))
    }

    /// The alert of the selected row.
    fn alert_here(&self) -> Option<&Alert> {
        let is_pane = self.place.is_none() && self.graph_here().is_none();
        if is_pane && self.arrangement.focus == PaneId::Alerts {
            return self.alerts.alert();
        }
        match self.happened_here()? {
            Happened::Fired(alert)
            | Happened::Resolved(alert)
            | Happened::Silenced(alert)
            | Happened::Unsilenced(alert)
            | Happened::Acknowledged(alert) => Some(alert),
            _ => None,
        }
    }

    /// What the selected row of the timeline tells of.
    fn happened_here(&self) -> Option<&Happened> {
        let is_pane = self.place.is_none() && self.graph_here().is_none();
        let event = self.notes.event().filter(|_| is_pane && self.arrangement.focus == PaneId::Notes);
        event.map(|event| &event.what.what)
    }

    /// Whether the selected row is of an alert.
    pub(super) fn is_on_alert(&self) -> bool {
        self.alert_here().is_some()
    }
}

/// Whether what a row is about has a name of its own, such as an alert or a pipeline.
fn is_named(subject: &Subject) -> bool {
    !matches!(subject.name.as_bytes(), b"this line" | b"this entry" | b"now")
}
