//! What the person sends: chosen, looked at, agreed to, and what came of it.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::overlay::Overlay;
use crate::command::keymap::Meaning;
use crate::command::table::Scope;
use crate::config::key::{Code, Key};
use crate::incident::paper::Paper;
use crate::incident::templates::Template;
use crate::incident::write::{Format, write};
use crate::model::note::{Folder, What};
use crate::model::outgoing::{Delivery, Outgoing};
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::effect::{Effect, Outcome};
use crate::pane::notes::Draft;
use crate::pane::sending::{Proposal, Said};
use crate::safe;

/// The clipboard, which is always there.
const COPY: &str = "copy";

impl App {
    /// What may be sent where, as it is typed.
    pub(super) fn ways_to_send(&self) -> Vec<String> {
        let names = || self.state.destinations.iter().filter_map(|one| one.name.as_str()).chain([COPY]);
        let of = |template: &Template| names().map(|name| format!("{} {name}", template.word())).collect();
        let first = [Template::Update, Template::Postmortem, Template::Handoff];
        first.iter().flat_map(|template| -> Vec<String> { of(template) }).collect()
    }

    /// Prepares what is to be sent: `update chat`.
    pub(super) fn send_document(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        let (word, name) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let name = name.trim();
        let template = Template::ALL.into_iter().find(|one| one.word().eq_ignore_ascii_case(word));
        let (Some(template), false) = (template, name.is_empty()) else {
            self.say("Type which document and where to: :send update chat, or :send update copy", now);
            return Vec::new();
        };
        let Some((folder, paper)) = self.paper(template, now) else {
            self.say("No incident is current. I declares one, :incident turns to one.", now);
            return Vec::new();
        };
        if name == COPY {
            let lines = write(&paper.document, Format::Gfm);
            return self.take(Outcome::copy(SafeText::literal(paper.word), lines), now);
        }
        let wanted = RawText::from(name);
        let Some(destination) = self.state.destinations.iter().find(|one| one.name == wanted) else {
            self.say(
                safe!("There is no [[destination]] {}. :send lists what there is.", clean(&wanted)),
                now,
            );
            return Vec::new();
        };
        if let Some(why) = destination.refusal(&self.state.environments, paper.environment.as_ref()) {
            self.say(safe!("Not sent: {}.", why), now);
            return Vec::new();
        }
        if let Some(name) = &self.sending {
            self.say(safe!("What goes to {} is not there yet: wait for what comes of it.", clean(name)), now);
            return Vec::new();
        }
        self.say(safe!("Preparing what goes to {}.", clean(&wanted)), now);
        vec![Effect::Prepare(folder, wanted, Box::new(paper))]
    }

    fn paper(&self, template: Template, now: Timestamp) -> Option<(Folder, Paper)> {
        if template == Template::Handoff {
            return Some((Folder::Shift, Paper::of_shift(self.shift(None, now).0, now)));
        }
        let (document, ..) = self.made(template, now)?;
        let incident = self.notes.incident()?;
        Some((Folder::Incident(incident.id.clone()), Paper::of_incident(template, document, incident)))
    }

    /// Shows what would be sent, and asks.
    pub(super) fn propose(
        &mut self,
        folder: Folder,
        prepared: Result<Box<Outgoing>, SafeText>,
        now: Timestamp,
    ) {
        let outgoing = match prepared {
            Ok(outgoing) => *outgoing,
            Err(why) => {
                self.line.hold(safe!("Not sent: {}.", why), now);
                return;
            }
        };
        if self.overlay.is_some() || self.prompt.is_some() || self.is_editing() {
            self.say("What you wanted to send is prepared, but something else is open: :send it again.", now);
            return;
        }
        let known = self.state.incidents.iter().find(|one| folder.incident() == Some(&one.id));
        let environment = known.and_then(|incident| incident.environment.clone());
        let chance = u64::try_from((now.as_nanosecond() / 1000).rem_euclid(1_000_003)).unwrap_or(0);
        self.line.clear();
        let proposal = Proposal::new(outgoing, folder, environment, chance);
        self.overlay = Some(Overlay::Sending(Box::new(proposal)));
    }

    /// What is proposed stands on the screen from now on.
    pub(super) fn paint_proposal(&mut self, now: Timestamp) {
        if let Some(Overlay::Sending(proposal)) = &mut self.overlay {
            proposal.painted(now);
        }
    }

    /// Gives a key to what is proposed.
    pub(super) fn proposal_key(&mut self, key: Key, area: Rect, now: Timestamp) -> Vec<Effect> {
        let Some(Overlay::Sending(mut proposal)) = self.overlay.take() else { return Vec::new() };
        if key.code == Code::Esc {
            self.say("Nothing was sent.", now);
            return Vec::new();
        }
        let typed = match key.code {
            Code::Char(c) if key == Key::char(c) => Some(c),
            _ => None,
        };
        if let Some(typed) = typed {
            proposal = match proposal.key(typed, now) {
                Said::Agreed(folder, agreed) => {
                    let to = clean(&agreed.of().destination);
                    self.sending = Some(agreed.of().destination.clone());
                    self.say(safe!("Sending to {}.", to), now);
                    // Whoever reads on after this console was killed has to know that it may have gone.
                    let begun = Draft::new(What::Note, agreed.of().begun().as_str(), now);
                    let noted = self.notes.write_to(folder.clone(), begun, now);
                    return vec![noted, Effect::Send(folder, agreed)];
                }
                Said::TooSoon(proposal) => {
                    self.say("Too soon: read it first.", now);
                    proposal
                }
                Said::Other(proposal) => proposal,
            };
        }
        if let Meaning::Run(id) = self.keymap.meaning(&[Scope::List], &[key]) {
            proposal.run(id, &self.state.view(true, now), area);
        }
        self.overlay = Some(Overlay::Sending(proposal));
        Vec::new()
    }

    /// Takes what came of it: the timeline has it, and what did not go well stays on the screen.
    pub(super) fn sent(
        &mut self,
        folder: &Folder,
        outgoing: &Outgoing,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Vec<Effect> {
        self.sending = None;
        let said = delivery.words(outgoing);
        match delivery {
            Delivery::Sent(_) => self.say(said, now),
            Delivery::Refused(_) | Delivery::Unknown(_) => self.line.hold(said, now),
        }
        let entries = delivery.entries(outgoing);
        let write = |(what, text): (_, RawText)| {
            let draft = Draft { what, text, at: now, by: None };
            self.notes.write_to(folder.clone(), draft, now)
        };
        entries.into_iter().map(write).collect()
    }
}
