//! What people on call say to each other: who has what, and who takes which role.

use jiff::Timestamp;

use crate::app::{App, NEWS};
use crate::config::theme::Meaning;
use crate::model::claim::{Claim, Claims, Thing};
use crate::model::incident::{Field, Incident, is_same_person};
use crate::model::note::{Folder, Later, What};
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::effect::Effect;
use crate::pane::notes::{Draft, id_text};
use crate::pane::view::{PaneId, View};
use crate::safe;

impl App {
    /// Says that the person has the selected alert or todo, or gives it up.
    pub(super) fn claim(&mut self, held: bool, now: Timestamp) -> Vec<Effect> {
        let here = self.place.is_none() && self.graph_here().is_none();
        match self.arrangement.focus {
            PaneId::Alerts if here => {
                if let Some((name, of)) = self.alerts.fired() {
                    let thing = Thing::Alert(of.clone());
                    if !self.may_claim(&thing, &name, held, now) {
                        return Vec::new();
                    }
                    self.name_the_writer(now);
                    let folder = self.notes.incident().map(|incident| Folder::Incident(incident.id.clone()));
                    let draft = Draft::new(What::Claim { of, held }, name, now);
                    return vec![self.notes.write_to(folder.unwrap_or(Folder::Team), draft, now)];
                }
            }
            PaneId::Notes if here => {
                if let Some(todo) = self.notes.todo() {
                    let thing = Thing::Entry(todo.name());
                    let name = todo.entry.text.clone();
                    if !self.may_claim(&thing, &name, held, now) {
                        return Vec::new();
                    }
                    self.name_the_writer(now);
                    let said = |_: &_| (Later::Claimed(held), RawText::default());
                    return self.notes.say_of_selected(said, now).into_iter().collect();
                }
            }
            PaneId::Pipelines | PaneId::Logs | PaneId::Alerts | PaneId::Notes => {}
        }
        self.say("Choose an alert, or a todo in the notes, first.", now);
        Vec::new()
    }

    /// Who had the alert before an incident was declared of it stands in its record, with the time of then.
    pub(super) fn record_claim(&mut self, now: Timestamp) -> Option<Effect> {
        let alert = self.notes.incident()?.alert.clone()?;
        let (name, of) = self.alerts.fired().filter(|(name, _)| *name == alert)?;
        let claim = self.state.claims.holder(&Thing::Alert(of.clone()))?;
        let (by, at) = (Some(claim.person.clone()), claim.at);
        let draft = Draft { by, ..Draft::new(What::Claim { of, held: true }, name, at) };
        Some(self.notes.write(draft, now))
    }

    /// Whether a claim or its end would change anything; says what is so otherwise, or from now on.
    fn may_claim(&mut self, thing: &Thing, name: &RawText, held: bool, now: Timestamp) -> bool {
        let name = clean(name);
        let holder = self.state.claims.holder(thing).map(|claim| (claim.person.clone(), claim.at));
        let (may, said) = match (holder, held) {
            (None, true) => (true, safe!("You have {}. :release gives it up.", name)),
            (None, false) => (false, safe!("Nobody has {}: there is nothing to give up.", name)),
            (Some((person, _)), true) if is_same_person(&person, &self.state.person) => {
                (false, safe!("You have {} already.", name))
            }
            (Some((person, at)), true) => {
                let since = self.state.zone.moment(at, now);
                let said = safe!(
                    "{} has {} since {}. Talk first; :release takes it from them.",
                    clean(&person),
                    name,
                    since
                );
                (false, said)
            }
            (Some((person, _)), false) if is_same_person(&person, &self.state.person) => {
                (true, safe!("You gave up {}.", name))
            }
            (Some((person, _)), false) => (true, safe!("{} has {} no longer.", clean(&person), name)),
        };
        self.say(said, now);
        may
    }

    /// Takes the roles that were offered to the person: in the current incident, or in another one where any is.
    /// Nothing if none was.
    pub(super) fn take_roles(&mut self, now: Timestamp) -> Option<Vec<Effect>> {
        let person = self.state.person.clone();
        let offers = |incident: &Incident| open_offers(incident, &person).collect::<Vec<Field>>();
        let current = self.notes.incident().map(|incident| (incident.id.clone(), offers(incident)));
        let found = current.filter(|(_, roles)| !roles.is_empty()).or_else(|| {
            let mut others = self.notes.incidents().map(|one| (one.id.clone(), offers(one)));
            others.find(|(_, roles)| !roles.is_empty())
        });
        let (id, roles) = found?;
        self.name_the_writer(now);
        let mut said = SafeText::literal("You are");
        for (index, role) in roles.iter().enumerate() {
            let before = SafeText::literal(if index > 0 { ", " } else { " " });
            said.push(&safe!("{}{}", before, SafeText::literal(role.word())));
        }
        said.push(&safe!(" of {}.", id_text(&id)));
        self.say(said, now);
        let folder = Folder::Incident(id);
        let drafts = roles.into_iter().map(|role| Draft::new(What::Accepted(role), "", now));
        let mut effects: Vec<Effect> =
            drafts.map(|draft| self.notes.write_to(folder.clone(), draft, now)).collect();
        // Who has a role works on it: what is written from here on goes there.
        if *self.notes.folder() != folder {
            effects.push(self.notes.turn_to(folder));
        }
        Some(effects)
    }

    /// Lets the panes see incidents and claims as they are now, and tells what is news of others.
    pub(super) fn see_record(&mut self, now: Timestamp) {
        let revision = self.notes.revision();
        if self.record_seen == revision {
            return;
        }
        self.record_seen = revision;
        let incidents: Vec<Incident> = self.notes.incidents().cloned().collect();
        let claims = self.notes.claims();
        let hand_overs = self.notes.hand_overs();
        let handed_over = self.hear_of_hand_overs(hand_overs, now);
        self.withdraw_offers(&incidents);
        // Roles that are offered with it are told of by it.
        let offers = || self.of_offers(&incidents).filter(|_| !self.is_left_for_me(now));
        let said = handed_over.or_else(|| self.of_claims(&claims, now)).or_else(offers);
        // Most entries leave an incident as it is.
        self.state.incidents_revision += u64::from(incidents != self.state.incidents);
        (self.state.incidents, self.state.claims) = (incidents, claims);
        if let Some(said) = said {
            self.say(said, now);
        }
    }

    fn of_claims(&self, claims: &Claims, now: Timestamp) -> Option<SafeText> {
        let is_own = |claim: &&Claim| is_same_person(&claim.person, &self.state.person);
        let lost = self.state.claims.iter().filter(is_own).find_map(|claim| {
            let holder = claims.holder(&claim.thing).filter(|holder| !is_own(holder))?;
            Some(safe!("{} claimed {} before you: it is theirs.", clean(&holder.person), clean(&claim.name)))
        });
        let is_news = |at: Timestamp| now.duration_since(at).abs() < NEWS;
        let others = || claims.iter().filter(|claim| !is_own(claim) && is_news(claim.at));
        let new = || others().find(|claim| self.state.claims.holder(&claim.thing).is_none());
        lost.or_else(|| new().map(|claim| safe!("{} claimed {}.", clean(&claim.person), clean(&claim.name))))
    }

    fn of_offers(&self, incidents: &[Incident]) -> Option<SafeText> {
        let person = &self.state.person;
        let known = |incident: &Incident, role: Field| {
            let before = self.state.incidents.iter().find(|one| one.id == incident.id);
            before.is_some_and(|before| open_offers(before, person).any(|one| one == role))
        };
        incidents.iter().find_map(|incident| {
            let role = open_offers(incident, person).find(|role| !known(incident, *role))?;
            Some(asked(incident, role))
        })
    }

    /// That the person is asked waits no longer to be told where it is not so any more: it was accepted, taken back
    /// or given to somebody else, or the incident is over.
    fn withdraw_offers(&mut self, incidents: &[Incident]) {
        let person = &self.state.person;
        let is_open = |incident: &Incident, role: Field| {
            // Both are in the order of their ids.
            let now = incidents.binary_search_by(|one| one.id.cmp(&incident.id)).ok();
            let now = now.and_then(|place| incidents.get(place));
            now.is_some_and(|now| open_offers(now, person).any(|one| one == role))
        };
        for before in &self.state.incidents {
            // Also those to who else was at the keys then.
            for offer in before.offers.iter().filter(|offer| !is_open(before, offer.role)) {
                self.line.withdraw(&asked(before, offer.role));
            }
        }
    }

    /// What the person was asked to be and has not accepted, for the header.
    pub(super) fn offer_words(&self, view: &View<'_>) -> Option<(SafeText, Meaning)> {
        let mut roles = view.incidents.iter().flat_map(|incident| open_offers(incident, &self.state.person));
        let role = SafeText::literal(roles.next()?.word());
        Some((safe!("{} offered to you: :accept", role), Meaning::Warning))
    }
}

/// The roles that this person is asked to take; of what is over there is nothing to take.
fn open_offers(incident: &Incident, person: &RawText) -> impl Iterator<Item = Field> {
    let offers = incident.offers_to(person).filter(|_| !incident.status.is_over());
    offers.map(|offer| offer.role)
}

fn asked(incident: &Incident, role: Field) -> SafeText {
    let role = SafeText::literal(role.word());
    safe!("You are asked to be {} of {}: :accept takes it.", role, id_text(&incident.id))
}
