//! The diagnostics of a row: which are run, and what the notes tell of them.

use jiff::Timestamp;

use crate::app::App;
use crate::app::place::Place;
use crate::config::diagnostics::{Diagnostic, Values};
use crate::insight::changes::Subject;
use crate::model::diagnostic::Heard;
use crate::model::note::What;
use crate::model::terms::Declared;
use crate::pane::diagnostics::Diagnostics;
use crate::pane::effect::Effect;
use crate::pane::notes::Draft;

impl App {
    /// Runs the diagnostics of the selected row; where they are shown, closes them.
    pub(super) fn show_diagnostics(&mut self, now: Timestamp) -> Vec<Effect> {
        if matches!(self.place, Some(Place::Diagnostics(_))) {
            self.place = None;
            return Vec::new();
        }
        let Some((subject, onset)) = self.about(now) else {
            self.say("No alert, service or host is known here: choose an alert, a run or a line.", now);
            return Vec::new();
        };
        let values = self.values(&subject);
        // What runs is looked at, and not run a second time beside it.
        let runs = self.rounds.last().filter(|round| round.is_running() && round.is_of(&values)).cloned();
        if let Some(round) = runs {
            self.place = Some(Place::Diagnostics(Box::new(Diagnostics::new(round))));
            self.fit(now);
            return Vec::new();
        }
        self.begin_round((subject, onset), values, now)
    }

    /// Runs again what is shown, if it has ended.
    pub(super) fn diagnose_again(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(Place::Diagnostics(shown)) = &self.place else { return Vec::new() };
        let round = shown.round().clone();
        if round.is_running() {
            self.say("They still run.", now);
            return Vec::new();
        }
        self.begin_round(round.about(), round.values(), now)
    }

    fn begin_round(&mut self, about: (Subject, Timestamp), values: Values, now: Timestamp) -> Vec<Effect> {
        let folder = self.notes.folder().clone();
        let errands = match self.rounds.begin(about, values, &self.state.diagnostics, folder) {
            Ok(errands) => errands,
            Err(why) => {
                self.say(why, now);
                return Vec::new();
            }
        };
        let Some(round) = self.rounds.last().cloned() else { return Vec::new() };
        self.place = Some(Place::Diagnostics(Box::new(Diagnostics::new(round))));
        self.fit(now);
        if errands.is_empty() { Vec::new() } else { vec![Effect::Diagnose(errands)] }
    }

    /// Takes what is heard of a diagnostic; the notes tell of its end, whatever is shown.
    pub(super) fn hear_of_diagnostic(&mut self, id: u64, heard: Heard, now: Timestamp) -> Vec<Effect> {
        let kept = self.rounds.hear(id, heard, now);
        if let (Some(Place::Diagnostics(shown)), Some(round)) = (&mut self.place, self.rounds.of(id))
            && shown.round().has(id)
        {
            shown.put(round);
        }
        let Some((folder, evidence, said)) = kept else { return Vec::new() };
        let what = What::Evidence(Box::new(evidence));
        // It may have taken minutes, and the person may have turned to another incident since.
        vec![self.notes.write_to(folder, Draft::new(what, said.as_str(), now), now)]
    }

    /// Runs what is configured for an incident that was just declared; the screen stays what it is.
    pub(super) fn diagnose_declared(&mut self, declared: &Declared, now: Timestamp) -> Vec<Effect> {
        if self.is_drill() {
            return Vec::new();
        }
        let Declared { title, service, host, environment, alert, .. } = declared.clone();
        let on_declare = self.state.diagnostics.iter().filter(|one| one.on_declare);
        let on_declare: Vec<Diagnostic> = on_declare.cloned().collect();
        let subject = Subject {
            name: alert.clone().unwrap_or(title),
            service: service.clone(),
            host: host.clone(),
            environment: environment.clone(),
        };
        let values = Values { host, service, alert, environment };
        let folder = self.notes.folder().clone();
        let errands = match self.rounds.begin((subject, now), values, &on_declare, folder) {
            Ok(errands) => errands,
            Err(why) => {
                // Beside what is said of the declaration.
                self.line.hold(why, now);
                return Vec::new();
            }
        };
        if errands.is_empty() { Vec::new() } else { vec![Effect::Diagnose(errands)] }
    }

    /// What stands for the placeholders.
    fn values(&self, subject: &Subject) -> Values {
        let alert = self.is_on_alert().then(|| subject.name.clone());
        Values {
            alert: alert.or_else(|| match &self.place {
                Some(Place::Runbook(runbook)) if runbook.is_of_alert() => Some(subject.name.clone()),
                _ => None,
            }),
            host: subject.host.clone(),
            service: subject.service.clone(),
            environment: subject.environment.clone(),
        }
    }
}
