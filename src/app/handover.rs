//! The hand-over of the shift: given with the roles that go with it, heard of by whom it is for, accepted by name.

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::app::place::Place;
use crate::config::theme::Meaning;
use crate::incident::write::{Format, write};
use crate::model::incident::{Field, Incident, Offer, is_same_person};
use crate::model::keeping::Kept;
use crate::model::note::{Folder, Later, What};
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::model::told::{EntryName, Told, later};
use crate::pane::document::DocumentView;
use crate::pane::effect::Effect;
use crate::pane::notes::Draft;
use crate::safe;

/// A hand-over that nobody accepted for so long is no longer shown.
const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The longest hand-over, in bytes: what the record takes as one entry.
const MOST: usize = 60 * 1024;
/// Columns of the header that a name takes.
const NAME: usize = 12;

impl App {
    /// Hands the shift over, and offers the roles that the person has to who takes over. Without a name it shows
    /// the hand-over that is left for the person.
    pub(super) fn hand_over(&mut self, to: &RawText, now: Timestamp) -> Vec<Effect> {
        if to.is_empty() {
            if self.left_for_me(now).is_some() {
                self.show_hand_over(now);
            } else {
                self.say("Type who takes over behind it, or anyone: :handoff kim", now);
            }
            return Vec::new();
        }
        self.name_the_writer(now);
        let to = Some(to).filter(|to| to.as_str() != Some("anyone"));
        // Before the document is written: it says who was asked.
        let mut effects = to.map(|to| self.offer_roles(to, now)).unwrap_or_default();
        let offered = effects.len();
        let lines = write(&self.shift(to, now).0, Format::Gfm);
        let mut text = String::new();
        for line in &lines {
            if text.len() + line.as_str().len() + 1 > MOST {
                text.push_str("The rest did not fit.\n");
                break;
            }
            text.push_str(line.as_str());
            text.push('\n');
        }
        let draft = Draft::new(What::HandOver { to: to.cloned() }, text.as_str(), now);
        effects.push(self.notes.write_to(Folder::Team, draft, now));
        let name = to.map_or_else(|| "Whoever comes next".into(), clean);
        let mut said = safe!("Handed over. {} is told until accepting it", name);
        match offered {
            0 => {}
            1 => said.push(&", with your role".into()),
            many => said.push(&safe!(", with your {} roles", many)),
        }
        let is_apart = self.state.keeping.lapses().any(|(what, _)| what == Kept::Shared);
        said.push(&match self.state.has_team {
            true if is_apart => "; NOT shared with the team yet.".into(),
            true => ".".into(),
            false => "; other accounts need a [team].".into(),
        });
        self.say(said, now);
        effects
    }

    /// Offers the roles of the person at the keys to who takes over, in all that is not over: they are theirs when
    /// they accept. Those of a private incident are handed over by who leads it.
    fn offer_roles(&mut self, to: &RawText, now: Timestamp) -> Vec<Effect> {
        let person = &self.state.person;
        if is_same_person(person, to) {
            return Vec::new();
        }
        let open = self.notes.incidents().filter(|one| !one.status.is_over() && !one.is_private);
        let roles: Vec<(Folder, Field)> = open
            .flat_map(|one| {
                let held =
                    roles_of(one, person).filter(|role| one.offers_to(to).all(|other| other.role != *role));
                held.map(|role| (Folder::Incident(one.id.clone()), role)).collect::<Vec<_>>()
            })
            .collect();
        let offer = |role| Draft::new(What::Set(role), to.clone(), now);
        roles.into_iter().map(|(folder, role)| self.notes.write_to(folder, offer(role), now)).collect()
    }

    /// The hand-over that is left for the person at the keys: the newest that nobody accepted.
    fn left_for_me(&self, now: Timestamp) -> Option<&Told> {
        self.left_among(&self.state.hand_overs, now).next()
    }

    /// Whether there is one.
    pub(super) fn is_left_for_me(&self, now: Timestamp) -> bool {
        self.left_for_me(now).is_some()
    }

    /// The newest first. Of what one person handed over to one other only the last counts.
    fn left_among<'t>(&self, all: &'t [Told], now: Timestamp) -> impl Iterator<Item = &'t Told> {
        let is_left = move |(place, told): &(usize, &'t Told)| {
            let mut later = all.iter().skip(place + 1).filter(|later| !later.is_hidden);
            self.is_left(told, now) && !later.any(|later| is_said_again(told, later))
        };
        all.iter().enumerate().rev().filter(is_left).map(|(_, told)| told)
    }

    fn is_left(&self, told: &Told, now: Timestamp) -> bool {
        let person = &self.state.person;
        match &told.entry.what {
            What::HandOver { to } => {
                let is_fresh = now.duration_since(told.entry.recorded) < STALE;
                let is_mine = is_same_person(&told.entry.person, person);
                let is_named = to.as_ref().map_or(!is_mine, |to| is_same_person(to, person));
                is_fresh && is_named && !told.is_done && !told.is_hidden
            }
            _ => false,
        }
    }

    /// The one that is accepted now: what is on the screen was read, whatever has come since.
    fn to_accept(&self, now: Timestamp) -> Option<&Told> {
        let all = &self.state.hand_overs;
        let Some(shown) = self.shown_hand_over() else { return self.left_for_me(now) };
        all.iter().find(|told| told.name() == *shown)
    }

    /// That a hand-over is left for the person at the keys, for the header.
    pub(super) fn hand_over_words(&self, now: Timestamp) -> Option<(SafeText, Meaning)> {
        let told = self.left_for_me(now)?;
        let person = clean(&told.entry.person).truncate_to(NAME, &"..".into());
        Some((safe!("hand-over by {}: :handoff", person), Meaning::Warning))
    }

    /// Takes what was handed over as it stands now; gives what of it is news for the person at the keys. What is
    /// left for them takes the screen only as long as they have not pressed a key.
    pub(super) fn hear_of_hand_overs(&mut self, after: Vec<Told>, now: Timestamp) -> Option<SafeText> {
        let before = std::mem::replace(&mut self.state.hand_overs, after);
        // What comes up because another one was accepted was told when it came.
        let is_new = |told: &&Told| self.left_among(&before, now).all(|known| known.name() != told.name());
        if let Some(told) = self.left_for_me(now).filter(is_new) {
            let person = clean(&told.entry.person);
            if self.presence.is_touched() || self.place.is_some() || self.overlay.is_some() {
                return Some(safe!("{} hands the shift over to you: :handoff shows it.", person));
            }
            self.show_hand_over(now);
            return None;
        }
        let is_waiting = |told: &Told| before.iter().any(|one| one.name() == told.name() && !one.is_done);
        let given = self
            .state
            .hand_overs
            .iter()
            .filter(|told| is_same_person(&told.entry.person, &self.state.person));
        let accepted = given.filter(|told| told.is_done && is_waiting(told));
        let by = accepted
            .filter_map(|told| told.done_by.as_ref())
            .find(|by| !is_same_person(by, &self.state.person))?;
        Some(safe!("{} has accepted your hand-over.", clean(by)))
    }

    fn show_hand_over(&mut self, now: Timestamp) {
        let Some(told) = self.left_for_me(now) else { return };
        let title = safe!("hand-over by {}", clean(&told.entry.person));
        let lines = clean_block(&told.entry.text);
        let hint = ":accept takes it over, Esc leaves it for later".into();
        self.show(DocumentView::given(told.name(), title, hint, lines), now);
    }

    /// Accepts the hand-over, by name, and with it the roles that were offered by who hands over.
    pub(super) fn accept(&mut self, now: Timestamp) -> Vec<Effect> {
        let found = self.to_accept(now);
        let Some(told) = found.filter(|told| self.is_left(told, now)) else {
            let said = match found.and_then(|told| told.done_by.as_ref()) {
                Some(by) => safe!("{} has accepted it already.", clean(by)),
                None => "No hand-over is left for you that nobody has accepted.".into(),
            };
            self.say(said, now);
            return Vec::new();
        };
        let (outgoing, name) = (told.entry.person.clone(), told.name());
        let roles = self.roles_from(&outgoing);
        self.name_the_writer(now);
        let mut said = safe!("The hand-over by {} is accepted by {}", clean(&outgoing), self.who());
        match roles.len() {
            0 => {}
            1 => said.push(&", with a role of theirs".into()),
            many => said.push(&safe!(", with {} roles of theirs", many)),
        }
        said.push(&".".into());
        self.say(said, now);
        if self.shown_hand_over().is_some() {
            self.place = None;
        }
        let taken = |role| Draft::new(What::Accepted(role), "", now);
        let mut effects: Vec<Effect> = Vec::new();
        for (folder, role) in &roles {
            effects.push(self.notes.write_to(folder.clone(), taken(*role), now));
        }
        let draft = Draft::new(later(name, Later::Done(true)), "", now);
        effects.push(self.notes.write_to(Folder::Team, draft, now));
        // Who has a role works on it: what is written from here on goes there.
        if let [(folder, _), more @ ..] = roles.as_slice()
            && more.iter().all(|(other, _)| other == folder)
            && self.notes.incident().is_none()
        {
            effects.push(self.notes.turn_to(folder.clone()));
        }
        effects
    }

    /// Whether what is to be accepted is a hand-over: it is on the screen, or roles were offered with it.
    pub(super) fn is_handed_over(&self, now: Timestamp) -> bool {
        let with_roles = |told: &Told| !self.roles_from(&told.entry.person).is_empty();
        self.shown_hand_over().is_some() || self.left_for_me(now).is_some_and(with_roles)
    }

    /// The roles that the person at the keys was asked to take and that this one has, or asked them to take.
    fn roles_from(&self, outgoing: &RawText) -> Vec<(Folder, Field)> {
        let open = self.notes.incidents().filter(|one| !one.status.is_over());
        let offers = |one: &Incident| {
            let is_theirs = |offer: &&Offer| {
                is_same_person(&offer.by, outgoing) || roles_of(one, outgoing).any(|role| role == offer.role)
            };
            let theirs = one.offers_to(&self.state.person).filter(is_theirs);
            theirs.map(|offer| (Folder::Incident(one.id.clone()), offer.role)).collect::<Vec<_>>()
        };
        open.flat_map(offers).collect()
    }

    fn shown_hand_over(&self) -> Option<&EntryName> {
        match &self.place {
            Some(Place::Document(document)) => document.hand_over(),
            _ => None,
        }
    }
}

/// The roles that this person has.
fn roles_of<'i>(incident: &'i Incident, person: &'i RawText) -> impl Iterator<Item = Field> + 'i {
    incident.roles.iter().filter(move |(_, who)| is_same_person(who, person)).map(|(role, _)| *role)
}

/// Whether the second of two hand-overs is in the place of the first: of the same person, for the same one.
fn is_said_again(told: &Told, later: &Told) -> bool {
    let (What::HandOver { to }, What::HandOver { to: again }) = (&told.entry.what, &later.entry.what) else {
        return false;
    };
    let is_for_same = match (to, again) {
        (Some(one), Some(other)) => is_same_person(one, other),
        (one, other) => one.is_none() && other.is_none(),
    };
    is_for_same && is_same_person(&told.entry.person, &later.entry.person)
}
