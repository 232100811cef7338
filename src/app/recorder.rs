//! What is written into the records of incidents by itself: what happens to their service or host.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::app::last_time::{last_time_of_logs, subject};
use crate::app::overlay::Asks;
use crate::app::place::Place;
use crate::command::table::Id;
use crate::insight::changes::{BEFORE, Subject};
use crate::insight::concern::concerns;
use crate::insight::events::Event;
use crate::logs::query::moment;
use crate::model::alert::AlertState;
use crate::model::incident::{IncidentId, is_same_person};
use crate::model::note::{Evidence, Folder, Later, What};
use crate::model::run::RunState;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::told::{EntryName, later};
use crate::model::transition::{Happened, Transition};
use crate::model::world::World;
use crate::pane::effect::Effect;
use crate::pane::notes::{Draft, happened};
use crate::pane::view::{PaneId, View};
use crate::safe;
use crate::ui::time::Zone;

/// So much of what one look tells is written line by line; in a storm the rest is one line.
const MOST: usize = 30;
/// Things that one line stands for: in a larger storm there are more such lines.
const FOLDED: usize = 500;
/// Columns of an entry's text that say which one was meant.
const BRIEF: usize = 48;
/// Two consoles look at a source that is blind at different times: within this it is one thing.
const LOOK: i64 = 300;

/// The same for every console that sees it: what, of which source, of which row, at which time of its own.
fn mark(one: &Transition) -> RawText {
    mark_as(one, one.what.about().map_or(0, |(_, _, which)| which))
}

/// The mark of the beginning of what has ended.
fn mark_of_begin(one: &Transition) -> Option<RawText> {
    matches!(one.what, Happened::Resolved(_)).then(|| mark_as(one, FIRED))
}

/// Which of the things that can happen to an alert is that it fires.
const FIRED: u8 = 0;

fn mark_as(one: &Transition, which: u8) -> RawText {
    let (what, id, _) = one.what.about().unwrap_or(("watch", b"", 0));
    let time = one.own().map_or_else(|| one.at.as_second().div_euclid(LOOK), Timestamp::as_second);
    let end = format!(":{which}:{time}");
    [what.as_bytes(), b":", one.source.as_bytes(), b":", id, end.as_bytes()].concat().into()
}

/// The start of the marks of what happened to a run.
fn marks_of_run(one: &Transition) -> Option<RawText> {
    let Happened::Began(run) = &one.what else { return None };
    Some([b"run:", one.source.as_bytes(), b":", run.id.as_bytes(), b":"].concat().into())
}

/// The marks of what is in a record already, and of what is to be written into it now.
struct Marks<'a> {
    known: Option<&'a BTreeSet<RawText>>,
    new: BTreeSet<RawText>,
}

impl Marks<'_> {
    fn has(&self, mark: &RawText) -> bool {
        self.known.is_some_and(|known| known.contains(mark)) || self.new.contains(mark)
    }

    /// False if it is there already.
    fn add(&mut self, mark: RawText) -> bool {
        !self.has(&mark) && self.new.insert(mark)
    }

    fn that_start_with(&self, start: &RawText) -> impl Iterator<Item = &RawText> {
        let is_meant = |mark: &&RawText| mark.as_bytes().starts_with(start.as_bytes());
        let sets = self.known.into_iter().chain([&self.new]);
        sets.flat_map(move |marks| marks.range(start..).take_while(is_meant))
    }
}

/// Whether the begin of this run is told already: sources say of one that waits when it was made, and later when it
/// began to work. Under the same id it begins anew only after it has ended.
fn has_begun(one: &Transition, marks: &Marks<'_>) -> bool {
    let (Some(about), Some(at)) = (marks_of_run(one), one.own()) else { return false };
    let (mut begins, mut ends) = (Vec::new(), Vec::new());
    for mark in marks.that_start_with(&about) {
        let rest = mark.as_bytes().strip_prefix(about.as_bytes()).and_then(|rest| str::from_utf8(rest).ok());
        let Some((which, time)) = rest.and_then(|rest| rest.split_once(':')) else { continue };
        match (which, time.parse::<i64>()) {
            ("0", Ok(time)) => begins.push(time),
            ("1", Ok(time)) => ends.push(time),
            _ => {}
        }
    }
    let at = at.as_second();
    let is_between = |begin: i64, end: i64| begin.min(at) < end && end <= begin.max(at);
    begins.into_iter().any(|begin| !ends.iter().any(|end| is_between(begin, *end)))
}

impl App {
    /// Writes what has happened into the incidents that it concerns.
    pub(super) fn record(&mut self, transitions: &[Transition], now: Timestamp) -> Vec<Effect> {
        // Sources say something all the time, and seldom that anything happened.
        if transitions.is_empty() {
            return Vec::new();
        }
        let open: Vec<(IncidentId, Subject)> = self
            .notes
            .incidents()
            .filter(|incident| !incident.status.is_over())
            .map(|incident| (incident.id.clone(), subject(incident)))
            .collect();
        let mut effects = Vec::new();
        for (id, subject) in open {
            effects.extend(self.record_into(&id, &subject, transitions, now));
        }
        effects
    }

    /// Writes the end of alerts into an open incident that has their beginning: nobody may have looked when they
    /// ended, or their source may have told of it before the incident was read.
    pub(super) fn record_ends(&mut self, id: &IncidentId, now: Timestamp) -> Vec<Effect> {
        let Some(incident) = self.notes.known(id).filter(|one| !one.status.is_over()) else {
            return Vec::new();
        };
        let subject = subject(incident);
        let marks = self.notes.marks(id);
        let is_there = |begin| marks.is_some_and(|marks| marks.contains(&begin));
        let has_begun = |one: &&Transition| mark_of_begin(one).is_some_and(is_there);
        let ends: Vec<_> = self.state.world.history().filter(has_begun).cloned().collect();
        self.record_into(id, &subject, &ends, now)
    }

    /// Writes what happened before an incident was declared, from an hour before its onset on.
    pub(super) fn record_before(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(incident) = self.notes.incident() else { return Vec::new() };
        let (id, subject) = (incident.id.clone(), subject(incident));
        let from = incident.began().checked_sub(BEFORE).unwrap_or(Timestamp::MIN);
        let mut before: Vec<Transition> =
            known(&self.state.world).into_iter().filter(|one| one.at >= from && one.at <= now).collect();
        before.sort_by_key(|one| one.at);
        self.record_into(&id, &subject, &before, now)
    }

    fn record_into(
        &mut self,
        id: &IncidentId,
        subject: &Subject,
        transitions: &[Transition],
        now: Timestamp,
    ) -> Vec<Effect> {
        let world = &self.state.world;
        let mut marks = Marks { known: self.notes.marks(id), new: BTreeSet::new() };
        let is_new = |one: &&Transition| {
            let is_known = mark_of_begin(one).is_some_and(|begin| marks.has(&begin));
            (is_known || concerns(one, subject, world, &self.state.catalog))
                && !has_begun(one, &marks)
                && marks.add(mark(one))
        };
        let all: Vec<&Transition> = transitions.iter().filter(is_new).collect();
        // The newest matter most; of the others it is told how many there were.
        let (rest, told) = all.split_at(all.len().saturating_sub(MOST));
        let view = View { zone: &Zone::Utc, ..self.state.view(false, now) };
        let said = |one: &Transition| {
            let event = Event { what: one.clone(), index: 0, sources: vec![one.source.clone()] };
            happened(&event, &view)
        };
        let draft = |one: &Transition, more: &[&Transition]| Draft {
            what: What::Happened { mark: mark(one), also: more.iter().map(|one| mark(one)).collect() },
            text: said(one).as_str().into(),
            at: time_of(one),
            by: Some(one.source.clone()),
        };
        let storms = rest.chunks(FOLDED).filter_map(|all| all.split_first());
        let mut drafts: Vec<Draft> = storms.map(|(first, more)| draft(first, more)).collect();
        drafts.extend(told.iter().map(|one| draft(one, &[])));
        if drafts.is_empty() {
            return Vec::new();
        }
        self.notes.write_happened(Folder::Incident(id.clone()), drafts, now)
    }

    /// Puts what is selected into the timeline as it is now.
    pub(super) fn pin(&mut self, now: Timestamp) -> Vec<Effect> {
        let view = self.state.view(true, now);
        let found: Option<Evidence> = match (&self.place, self.arrangement.focus) {
            (Some(Place::Changes(changes)), _) => changes.evidence(&view),
            (None, _) if self.graph_here().is_some() => None,
            (None, PaneId::Pipelines) => self.pipelines.evidence(&view),
            (None, PaneId::Logs) => self.logs.evidence(&view),
            (None, PaneId::Alerts) => self.alerts.evidence(&view),
            (Some(_), _) | (None, PaneId::Notes) => None,
        };
        let Some(evidence) = found else {
            self.say("There is nothing to pin here: choose an alert, a run, a change or a log line.", now);
            return Vec::new();
        };
        self.name_the_writer(now);
        // Where what is seen has a length, it is complete at its end.
        let at = evidence.window.1.min(now);
        let known = self.notes.incident().map(|one| one.patterns.len());
        let draft = Draft::new(What::Evidence(Box::new(evidence)), "", at);
        let effect = self.notes.write(draft, now);
        if self.line.text().is_none() {
            // What the logs say now may be what they said before.
            let incident = self.notes.incident().filter(|one| Some(one.patterns.len()) != known);
            let before = incident.and_then(|one| last_time_of_logs(one, &self.state.incidents, now));
            let before = before.map(|text| safe!(" {}", text)).unwrap_or_default();
            self.say(safe!("Pinned to the timeline.{}", before), now);
        }
        vec![effect]
    }

    /// Stars the selected entry, says that it is done, or leaves it out of documents; or takes that back.
    pub(super) fn mark_entry(&mut self, id: Id, now: Timestamp) -> Vec<Effect> {
        let mut answer = SafeText::default();
        let person = self.state.person.clone();
        let said = self.notes.say_of_selected(
            |told| {
                let (said, done) = match id {
                    Id::Star if told.is_starred => (Later::Starred(false), "No longer starred"),
                    Id::Star => (Later::Starred(true), "Starred"),
                    Id::Done if told.is_done => (Later::Done(false), "It is not done"),
                    Id::Done => (Later::Done(true), "It is done"),
                    _ if told.is_hidden => (Later::Hidden(false), "In documents again"),
                    _ => (Later::Hidden(true), "Left out of documents"),
                };
                let author = &told.entry.person;
                let whose = if author.is_empty() || is_same_person(author, &person) {
                    SafeText::default()
                } else {
                    safe!(", what {} wrote", clean(author))
                };
                answer = safe!("{}{}: {}", SafeText::literal(done), whose, brief(&told.entry.text));
                (said, RawText::default())
            },
            now,
        );
        if said.is_some() {
            self.say(answer, now);
        }
        self.amended(said, now)
    }

    /// Gives the selected entry another time.
    pub(super) fn move_entry(&mut self, argument: &str, now: Timestamp) -> Vec<Effect> {
        let at = moment::before(argument, now, &self.state.zone.zone())
            .and_then(|at| Timestamp::from_millisecond(at).ok());
        let Some(at) = at else {
            self.say("Type a time behind it: :at 03:12, :at -15m", now);
            return Vec::new();
        };
        let said = safe!("{}It stands at {} now.", self.taken_as(argument, at, now), self.with_its_day(at));
        let effect = self.notes.say_of_selected(|_| (Later::At(at), RawText::default()), now);
        if effect.is_some() {
            self.say(said, now);
        }
        self.amended(effect, now)
    }

    /// Gives the selected entry this text; without one its old text is offered in the prompt.
    pub(super) fn correct_selected(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        let Some((folder, told)) = self.notes.selected() else { return self.amended(None, now) };
        let (name, old) = (told.name(), told.entry.text.clone());
        if !told.entry.what.has_free_text() {
            self.say("What was said by a command is said anew by it, as :set title; ; adds a note.", now);
        } else if text.is_empty() {
            self.ask(Asks::Correct(folder, name), &String::from_utf8_lossy(old.as_bytes()));
        } else {
            return self.correct(folder, name, text, now);
        }
        Vec::new()
    }

    /// Gives an entry another text.
    pub(super) fn correct(
        &mut self,
        folder: Folder,
        name: EntryName,
        text: &str,
        now: Timestamp,
    ) -> Vec<Effect> {
        if text.is_empty() {
            self.say("The entry stays as it was: an empty text corrects nothing.", now);
            return Vec::new();
        }
        self.say(safe!("It says now: {}", brief(&text.into())), now);
        vec![self.notes.write_to(folder, Draft::new(later(name, Later::Text), text, now), now)]
    }

    fn amended(&mut self, effect: Option<Effect>, now: Timestamp) -> Vec<Effect> {
        if effect.is_none() {
            self.say("Choose an entry in the timeline of the notes first.", now);
        }
        effect.into_iter().collect()
    }
}

/// As much of an entry's text as tells which one it is.
fn brief(text: &RawText) -> SafeText {
    clean(text).truncate_to(BRIEF, &"..".into())
}

/// What has happened as far as it is known: what was seen, and of what is there now what its source tells,
/// since who starts in the middle has seen nothing.
fn known(world: &World) -> Vec<Transition> {
    let mut all: Vec<Transition> = world.history().cloned().collect();
    for (source, alert) in world.alerts().filter(|(_, alert)| alert.state == AlertState::Firing) {
        let (name, fired) = (&source.info.name, Happened::Fired(Arc::clone(alert)));
        all.push(Transition::new(alert.started, name.clone(), fired));
        if let Some(ack) = &alert.acknowledged {
            let taken = Happened::Acknowledged(Arc::clone(alert));
            all.push(Transition::new(ack.at, name.clone(), taken));
        }
    }
    for (source, run) in world.runs() {
        let name = &source.info.name;
        let waits = matches!(run.state, RunState::Queued | RunState::Waiting | RunState::Skipped);
        if !waits {
            all.push(Transition::new(run.began(), name.clone(), Happened::Began(Arc::clone(run))));
        }
        if let Some(at) = run.finished.filter(|_| run.has_ended()) {
            all.push(Transition::new(at, name.clone(), Happened::Ended(Arc::clone(run))));
        }
    }
    all
}

/// When it happened: as the source tells, where that is known and not after it was seen.
fn time_of(one: &Transition) -> Timestamp {
    let near =
        |own: &Timestamp| *own <= one.at && one.at.duration_since(*own) < SignedDuration::from_hours(24);
    match &one.what {
        Happened::Fired(_) | Happened::Acknowledged(_) | Happened::Began(_) | Happened::Ended(_) => {
            one.own().filter(near).unwrap_or(one.at)
        }
        _ => one.at,
    }
}
