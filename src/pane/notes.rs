//! The notes pane: the record of the current incident, or of the shift where none is.

mod beside;
mod evidence;
mod finder;
mod happened;
mod record;
mod saving;
mod timeline;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use happened::{happened, is_shown};

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::key::Key;
use crate::config::secret::lines_without_secrets;
use crate::insight::changes::Subject;
use crate::insight::events::Event;
use crate::model::claim::Claims;
use crate::model::due::Due;
use crate::model::incident::{Declared, Incident, IncidentId};
use crate::model::note::{Entry, Folder, Later, NoteCommand, NoteReply, What};
use crate::model::text::{RawText, SafeText};
use crate::model::told::{Told, later, told};
use crate::pane::effect::{Effect, Outcome};
use crate::pane::notes::record::Record;
use crate::pane::notes::saving::Saving;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;

/// An entry that is to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// What it is.
    pub what: What,
    /// What it says.
    pub text: RawText,
    /// When it happened.
    pub at: Timestamp,
    /// Which source tells of it; else the person at the keys does.
    pub by: Option<RawText>,
}

impl Draft {
    /// One of the person at the keys.
    pub fn new(what: What, text: impl Into<RawText>, at: Timestamp) -> Self {
        Self { what, text: text.into(), at, by: None }
    }

    /// The same without what looks like a secret: entries come into documents, and those to others.
    fn cleared(mut self) -> Self {
        let mut seen = vec![&mut self.text];
        match &mut self.what {
            What::Evidence(evidence) => {
                seen.extend([&mut evidence.from, &mut evidence.query]);
                seen.extend(evidence.lines.iter_mut().chain(&mut evidence.patterns));
                // What is left of an address leads nowhere.
                evidence.link.take_if(|link| without(link).is_some());
            }
            What::Declared(declared) => {
                seen.push(&mut declared.title);
                seen.extend(&mut declared.patterns);
                declared.links.retain(|link| without(link).is_none());
            }
            _ => {}
        }
        for text in seen {
            if let Some(left) = without(text) {
                *text = left;
            }
        }
        self
    }
}

/// What is left of a text without what looks like a secret in it; nothing where there is none.
fn without(text: &RawText) -> Option<RawText> {
    match lines_without_secrets(text.as_str()?) {
        Cow::Borrowed(_) => None,
        Cow::Owned(left) => Some(left.into()),
    }
}

/// The state of the notes pane.
pub struct Notes {
    person: RawText,
    session: RawText,
    /// The shift's and the incidents' that are not over, and those that somebody turned to.
    records: BTreeMap<Folder, Record>,
    /// What is known of the others.
    over: BTreeMap<IncidentId, Over>,
    /// Counts what came to those and went from them.
    over_revision: u64,
    current: Folder,
    /// The incident that was current at the end of the last session, until it is read.
    wanted: Option<IncidentId>,
}

/// What is known of an incident that is over and that nobody turned to.
struct Over {
    incident: Incident,
    /// What was said in it of who has an alert: it may fire longer.
    claims: Vec<Entry>,
    /// What is still to be done.
    todos: Vec<Told>,
}

impl Notes {
    /// Notes of this person in this session.
    pub fn new(person: RawText, session: RawText) -> Self {
        let shift = Record::new(Folder::Shift, person.clone(), session.clone());
        Self {
            person,
            session,
            records: BTreeMap::from([(Folder::Shift, shift)]),
            over: BTreeMap::new(),
            over_revision: 0,
            current: Folder::Shift,
            wanted: None,
        }
    }

    fn record(&self) -> &Record {
        #[expect(clippy::indexing_slicing, reason = "what is current has a record: `turn_to` makes it")]
        &self.records[&self.current]
    }

    fn record_mut(&mut self) -> &mut Record {
        let current = self.current.clone();
        self.record_of(current)
    }

    fn record_of(&mut self, folder: Folder) -> &mut Record {
        let (person, session) = (&self.person, &self.session);
        let new = |folder: &Folder| Record::new(folder.clone(), person.clone(), session.clone());
        self.records.entry(folder).or_insert_with_key(new)
    }

    /// Who writes from here on.
    pub fn set_person(&mut self, person: RawText) {
        self.records.values_mut().for_each(|record| record.set_person(person.clone()));
        self.person = person;
    }

    /// The incident that is current.
    pub fn incident(&self) -> Option<&Incident> {
        self.record().incident()
    }

    /// What is due in the current incident, the soonest first.
    pub fn dues(&self) -> &[Due] {
        self.record().dues()
    }

    /// What has become due since then, in any incident, in order of time.
    pub fn became_due(&self, since: Timestamp, now: Timestamp) -> Vec<&Due> {
        let all = self.records.values().flat_map(Record::dues);
        let mut due: Vec<&Due> = all.filter(|due| due.at > since && due.at <= now).collect();
        due.sort();
        due
    }

    /// When something is due next, in any incident.
    pub fn next_due_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.records.values().flat_map(Record::dues).map(|due| due.at).filter(|at| *at > now).min()
    }

    /// Another one means that what is known of incidents may be another thing.
    pub fn revision(&self) -> u64 {
        self.records.values().map(Record::revision).sum::<u64>() + self.over_revision
    }

    /// All incidents that are known, the oldest first.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        let mut all: Vec<_> = self.records.values().filter_map(Record::incident).collect();
        let is_new =
            |incident: &&Incident| !self.records.contains_key(&Folder::Incident(incident.id.clone()));
        all.extend(self.over.values().map(|over| &over.incident).filter(is_new));
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all.into_iter()
    }

    /// What is known of this incident.
    pub fn known(&self, id: &IncidentId) -> Option<&Incident> {
        let record = self.records.get(&Folder::Incident(id.clone()));
        record.and_then(Record::incident).or_else(|| self.over.get(id).map(|over| &over.incident))
    }

    /// All entries of what was turned to, of one record after the other.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.records.values().flat_map(Record::entries)
    }

    /// Turns to this incident as soon as it is read.
    pub fn want(&mut self, id: IncidentId) {
        self.wanted = Some(id);
    }

    /// Turns to an incident, or to the shift. What is written from here on goes there.
    pub fn turn_to(&mut self, folder: Folder) -> Effect {
        self.leave();
        self.wanted = None;
        self.current = folder.clone();
        // It has a record from here on.
        self.record_mut();
        Effect::Note(folder, NoteCommand::Open)
    }

    /// Declares an incident and turns to it.
    pub fn declare(&mut self, declared: Declared, now: Timestamp) -> Vec<Effect> {
        // Its id is made of it, too.
        let draft = Draft::new(What::Declared(Box::new(declared)), "", now).cleared();
        let What::Declared(declared) = &draft.what else { return Vec::new() };
        let about = declared.service.as_ref().or(declared.host.as_ref()).unwrap_or(&declared.title);
        let taken = |id: &IncidentId| {
            self.over.contains_key(id) || self.records.contains_key(&Folder::Incident(id.clone()))
        };
        let id = IncidentId::new(now, about, taken);
        let folder = Folder::Incident(id);
        // Its folder is never there without the entry that declares it.
        let written = self.record_of(folder.clone()).write(draft, now);
        vec![written, self.turn_to(folder)]
    }

    /// Writes an entry into the current record: it is in the timeline at once, as not saved yet.
    pub fn write(&mut self, draft: Draft, now: Timestamp) -> Effect {
        self.record_mut().write(draft, now)
    }

    /// Writes an entry into a record.
    pub fn write_to(&mut self, folder: Folder, draft: Draft, now: Timestamp) -> Effect {
        self.record_of(folder).write(draft, now)
    }

    /// Writes what happened by itself into a record.
    pub fn write_happened(&mut self, folder: Folder, drafts: Vec<Draft>, now: Timestamp) -> Vec<Effect> {
        self.record_of(folder).write_happened(drafts, now)
    }

    /// What the entries of the current record say together, in order, and its pad.
    pub fn told(&self) -> (&[Told], RawText) {
        self.record().told()
    }

    /// Of what the entries of the current record say of this, what counts as the last.
    pub fn last_said(&self, what: &What) -> Option<&Entry> {
        let all = self.record().said().iter().map(|told| &told.entry);
        all.filter(|entry| entry.what.is_about_the_same(what))
            .max_by_key(|entry| (entry.recorded, &entry.session, entry.seq))
    }

    /// What was written outside of incidents, and the pad there.
    pub fn of_shift(&self) -> (&[Told], RawText) {
        self.records.get(&Folder::Shift).map(Record::told).unwrap_or_default()
    }

    /// The hand-overs of shifts, in order of time.
    pub fn hand_overs(&self) -> Vec<Told> {
        let all = self.records.get(&Folder::Team).map(|record| record.told().0).unwrap_or_default();
        all.iter().filter(|told| matches!(told.entry.what, What::HandOver { .. })).cloned().collect()
    }

    /// All incidents that are known, the newest first, with what their entries say; of those that are over and
    /// that nobody turned to, what is still to be done.
    pub fn with_entries(&self) -> Vec<(Incident, Vec<Told>)> {
        let entries = |incident: &Incident| {
            let record = self.records.get(&Folder::Incident(incident.id.clone()));
            let todos = || self.over.get(&incident.id).map(|over| over.todos.clone());
            record.map(|record| record.told().0.to_vec()).or_else(todos).unwrap_or_default()
        };
        let mut all: Vec<_> = self.incidents().map(|one| (one.clone(), entries(one))).collect();
        all.reverse();
        all
    }

    /// Who has what, as all that is known here tells.
    pub fn claims(&self) -> Claims {
        let records = || self.records.values();
        // One that somebody turned to since is there twice: what it says twice is one claim.
        let of_over = self.over.values().flat_map(|over| &over.claims);
        Claims::of(records().flat_map(Record::entries).chain(of_over), records().flat_map(Record::said))
    }

    /// The selected entry, where it is something that is to be done.
    pub fn todo(&self) -> Option<&Told> {
        self.record().selected().filter(|told| matches!(told.entry.what, What::Todo { .. }))
    }

    /// The selected entry, and the record that it is in.
    pub fn selected(&self) -> Option<(Folder, &Told)> {
        Some((self.current.clone(), self.record().selected()?))
    }

    /// Says something of the selected entry; nothing if none is.
    pub fn say_of_selected(
        &mut self,
        say: impl FnOnce(&Told) -> (Later, RawText),
        now: Timestamp,
    ) -> Option<Effect> {
        let told = self.record().selected()?;
        let (said, text) = say(told);
        let what = later(told.name(), said);
        Some(self.write(Draft::new(what, text, now), now))
    }

    /// The marks of what happened that is in the record of an incident already.
    pub fn marks(&self, id: &IncidentId) -> Option<&BTreeSet<RawText>> {
        self.records.get(&Folder::Incident(id.clone())).map(Record::marks)
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect) {
        self.record_mut().fit(area);
    }

    /// Takes what has happened, unless the order is held.
    pub fn sync(&mut self, view: &View<'_>) {
        self.record_mut().sync(view);
    }

    /// The rows stay where they are for a moment.
    pub fn hold(&mut self, now: Timestamp) {
        self.record_mut().hold(now);
    }

    /// Does what a command says. `area` is where the pane stands.
    pub fn run(&mut self, id: Id, view: &View<'_>, area: Rect) -> Outcome {
        self.record_mut().run(id, view, area)
    }

    /// Whether the pad has the keys.
    pub fn is_editing(&self) -> bool {
        self.record().is_editing()
    }

    /// Whether another console has the pad: then what is typed there does nothing.
    pub fn is_pad_held(&self) -> bool {
        self.record().is_pad_held()
    }

    /// Whether the pad is shown.
    pub fn shows_pad(&self) -> bool {
        self.record().shows_pad()
    }

    /// Takes a key while the pad has them; Esc leaves it.
    pub fn key(&mut self, key: Key, area: Rect) -> Outcome {
        self.record_mut().key(key, area)
    }

    /// Takes pasted text while the pad has the keys: it is inserted, whatever is in it.
    pub fn paste(&mut self, text: &RawText) -> Outcome {
        self.record_mut().paste(text)
    }

    /// What is said of pasted text that is longer than any pad.
    pub fn refuse_paste(&self) -> SafeText {
        self.record().refuse_paste()
    }

    /// Stops editing. What was typed is saved all the same.
    pub fn leave(&mut self) {
        self.record_mut().leave();
    }

    /// What the record has to be told by now; called after every message, whatever it was.
    pub fn due(&mut self, now: Timestamp) -> Vec<Effect> {
        self.records.values_mut().flat_map(|record| record.due(now)).collect()
    }

    /// Where the current record is: what is written to a file is of it.
    pub fn folder(&self) -> &Folder {
        &self.current
    }

    /// Takes an answer of the record; gives what the person should hear at once, and what is asked then.
    pub fn reply(
        &mut self,
        folder: &Folder,
        reply: &NoteReply,
        now: Timestamp,
    ) -> (Option<SafeText>, Option<Effect>) {
        if let (Folder::Incident(id), NoteReply::Read(entries)) = (folder, reply)
            && !self.records.contains_key(folder)
        {
            let told = told(entries);
            let Some(incident) = Incident::of_told(id, &told) else {
                let shown =
                    safe!("{} has no entry that declares it; its folder is left as it is.", id_text(id));
                return (Some(shown), None);
            };
            self.over_revision += 1;
            if incident.status.is_over() {
                let claims = entries.iter().filter(|entry| matches!(entry.what, What::Claim { .. }));
                let claims = claims.cloned().collect();
                let todos = told.into_iter().filter(Told::is_open_todo).collect();
                self.over.insert(id.clone(), Over { incident, claims, todos });
                return (None, None);
            }
            // Somebody may have opened it again.
            self.over.remove(id);
        }
        let said = self.record_of(folder.clone()).reply(reply, now);
        let is_wanted = folder.incident().is_some() && folder.incident() == self.wanted.as_ref();
        (said, is_wanted.then(|| self.turn_to(folder.clone())))
    }

    /// What was written and is not durable: `2 entries are not saved: the disk is full.`
    pub fn unsaved(&self) -> Option<SafeText> {
        let mut all = self.kept().filter_map(Saving::unsaved);
        let mut first = all.next()?;
        let more = all.count();
        if more > 0 {
            first.push(&safe!(" The same in {} more folders.", more));
        }
        Some(first)
    }

    /// How much was written and is not durable: entries, and each pad as one.
    pub fn unsaved_count(&self) -> usize {
        self.kept().map(Saving::count).sum()
    }

    /// What is durable of each record; nothing where none is ever written, as the shift's tells in a demo or a drill.
    fn kept(&self) -> impl Iterator<Item = &Saving> {
        let is_unkept = self.records.get(&Folder::Shift).is_some_and(|shift| shift.saving().is_unkept());
        self.records.values().map(Record::saving).filter(move |_| !is_unkept)
    }

    /// Why what was written is not durable, while the record does not get it there.
    pub fn lapse(&self) -> Option<SafeText> {
        self.records.values().find_map(|record| record.saving().lapse())
    }

    /// Filters the timeline; an empty text shows all.
    pub fn filter(&mut self, text: &str, view: &View<'_>) {
        self.record_mut().filter(text, view);
    }

    /// The filter in force.
    pub fn filter_text(&self) -> &str {
        self.record().filter_text()
    }

    /// How many rows the filter shows, and how many there are.
    pub fn counts(&self) -> (usize, usize) {
        self.record().counts()
    }

    /// What happened, where the selected row of the timeline is that.
    pub fn event(&self) -> Option<&Event> {
        self.record().event()
    }

    /// What the selected row of the timeline is about, and of when it is.
    pub fn subject(&self) -> Option<(Subject, Timestamp)> {
        let (mut subject, at) = self.record().subject()?;
        if let Some(incident) = self.incident() {
            subject.service.clone_from(&incident.service);
            subject.host.clone_from(&incident.host);
            subject.environment = subject.environment.or_else(|| incident.environment.clone());
        }
        Some((subject, at))
    }

    /// Takes back one thing: another program's text, an open entry, the marks, the filter.
    pub fn back(&mut self, view: &View<'_>) -> bool {
        self.record_mut().back(view)
    }

    /// When the record has to be told something. It does not depend on what is shown.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.records.values().filter_map(Record::next_due).min()
    }

    /// When what is shown changes next by itself.
    pub fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        self.record().next_wake(view)
    }

    /// Draws the pane.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        self.record().draw(view, area, canvas);
    }
}

/// An id as text: nothing in it needs cleaning, and it goes the way of all text.
pub fn id_text(id: &IncidentId) -> SafeText {
    crate::model::text::clean(&id.as_str().into())
}

#[cfg(test)]
mod tests;
