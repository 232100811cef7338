//! Documents in the console: of the current incident, and of the shift.

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::app::overlay::Asks;
use crate::app::place::Place;
use crate::incident::document::Document;
use crate::incident::facts::Facts;
use crate::incident::fill::Mistake;
use crate::incident::handoff::Shift;
use crate::incident::known::Known;
use crate::incident::lint::lint;
use crate::incident::templates::Template;
use crate::model::note::NoteCommand;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::pane::document::DocumentView;
use crate::pane::effect::Effect;
use crate::safe;

/// How long the shift was that is handed over.
const SHIFT: SignedDuration = SignedDuration::from_hours(12);

impl App {
    /// Shows a document of the current incident or of the shift.
    pub(super) fn show_document(&mut self, name: &str, now: Timestamp) {
        let known = Template::ALL.into_iter().find(|one| one.word().eq_ignore_ascii_case(name.trim()));
        let made = match known {
            None => {
                self.say("Type which behind it: :document postmortem, update or handoff", now);
                return;
            }
            Some(Template::Handoff) => {
                let (document, mistakes) = self.shift(None, now);
                let title = "hand-over of the shift".into();
                Some(DocumentView::new(Template::Handoff, title, hint(&mistakes), &document, Vec::new()))
            }
            Some(template) => self.incident_document(template, now),
        };
        match made {
            Some(document) => self.show(document, now),
            None => self.say("No incident is current. I declares one, :incident turns to one.", now),
        }
    }

    /// The text of the document that is shown.
    pub(super) fn shown_document(&self) -> Option<RawText> {
        match &self.place {
            Some(Place::Document(document)) => Some(document.text()),
            _ => None,
        }
    }

    /// Asks which file is written: that of the shown document, or of the entries and the pad. A name is proposed.
    pub(super) fn ask_to_write(&mut self, now: Timestamp) {
        let (what, of_shift, ending) = match &self.place {
            Some(Place::Document(document)) => {
                let template = document.template();
                (template.word(), template == Template::Handoff, document.ending())
            }
            _ => ("notes", false, "md"),
        };
        let text = match self.notes.incident().filter(|_| !of_shift) {
            Some(incident) => format!("{}-{what}.{ending}", incident.id.as_str()),
            None => format!("{what}-{}.{ending}", now.strftime("%Y%m%d-%H%M")),
        };
        self.ask(Asks::File, &text);
    }

    /// Writes the shown document, or the entries and the pad, to a new file.
    pub(super) fn write_file(&mut self, path: RawText, now: Timestamp) -> Vec<Effect> {
        if path.is_empty() {
            self.say("Nothing was written: a file needs a name.", now);
            return Vec::new();
        }
        // What was typed last belongs into that file too.
        let mut effects = self.notes.due(Timestamp::MAX);
        let command = NoteCommand::WriteTo(path, self.shown_document());
        effects.push(Effect::Note(self.notes.folder().clone(), command));
        effects
    }

    pub(super) fn show(&mut self, document: DocumentView, now: Timestamp) {
        self.place = Some(Place::Document(Box::new(document)));
        self.fit(now);
        self.sync_place(now);
    }

    fn incident_document(&self, template: Template, now: Timestamp) -> Option<DocumentView> {
        let incident = self.notes.incident()?;
        let (document, mistakes, missing) = self.made(template, now)?;
        let title = safe!("{} of {}", SafeText::literal(template.word()), clean(&incident.title));
        Some(DocumentView::new(template, title, hint(&mistakes), &document, missing))
    }

    /// A document of the current incident, what is wrong with its template, and what is missing in it.
    pub(super) fn made(
        &self,
        template: Template,
        now: Timestamp,
    ) -> Option<(Document, Vec<Mistake>, Vec<SafeText>)> {
        self.of_facts(now, |facts| {
            let (document, mistakes) = self.state.templates.made(template, &|name| facts.value(name));
            // An update goes out while much is missing.
            let missing = if template == Template::Postmortem { lint(facts) } else { Vec::new() };
            (document, mistakes, missing)
        })
    }

    /// Times of the current incident that cannot be so.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is of one lifetime only")]
    pub(super) fn contradictions(&self, now: Timestamp) -> Vec<SafeText> {
        self.of_facts(now, |facts| facts.contradictions()).unwrap_or_default()
    }

    /// What is made of all that is known of the current incident.
    fn of_facts<T>(&self, now: Timestamp, make: impl FnOnce(&Facts<'_>) -> T) -> Option<T> {
        let incident = self.notes.incident()?;
        let (entries, pad) = self.notes.told();
        let wanted = incident.alert.as_ref();
        let alerts = self.state.world.alerts().map(|(_, alert)| alert);
        let of_it =
            alerts.filter(|alert| wanted.is_some_and(|name| alert.name == *name || alert.id == *name));
        let acks = of_it.filter_map(|alert| alert.acknowledged.as_ref().map(|ack| ack.at));
        let acknowledged = acks.filter(|at| *at >= incident.began()).min();
        Some(make(&Facts { incident, entries, pad: &pad, acknowledged, now }))
    }

    pub(super) fn shift(&self, to: Option<&RawText>, now: Timestamp) -> (Document, Vec<Mistake>) {
        let from = now.checked_sub(SHIFT).unwrap_or(Timestamp::MIN);
        let world = &self.state.world;
        let history = world.history().cloned().collect();
        let remembered = world.remember();
        let about = (&self.state.catalog, world.sources().map(|source| &source.info));
        let known = Known::of(Some(&remembered), history, None, about, from, now);
        let incidents = self.notes.with_entries();
        let (entries, pad) = self.notes.of_shift();
        let sees: Vec<Gives> = world.sources().flat_map(|source| source.info.gives.iter().copied()).collect();
        let shift = Shift {
            outgoing: &self.state.person,
            incoming: to,
            from,
            now,
            incidents: &incidents,
            entries,
            pad: &pad,
            known: &known,
            claims: &self.state.claims,
            sees: &sees,
        };
        self.state.templates.made(Template::Handoff, &|name| shift.value(name))
    }
}

fn hint(mistakes: &[Mistake]) -> SafeText {
    match mistakes.first() {
        None => "w writes a file  y copies".into(),
        Some(first) => {
            safe!("your template is wrong (line {}: {}), so this is midwatch's own", first.line, first.what)
        }
    }
}
