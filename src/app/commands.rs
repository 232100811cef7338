//! What the commands do that are not one pane's own.

use jiff::Timestamp;

use crate::app::layout::Width;
use crate::app::overlay::{Asks, Overlay, Prompt};
use crate::app::place::Place;
use crate::app::{App, Named};
use crate::command::table::{Argument, Id, by_name};
use crate::incident::templates::Template;
use crate::model::health::Failure;
use crate::model::incident::Status;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::effect::{Effect, Outcome};
use crate::pane::help::Help;
use crate::pane::palette::{Choice, Known, Palette};
use crate::pane::sources::Sources;
use crate::pane::view::PaneId;
use crate::safe;
use crate::ui::field::Field;

/// How large a pane may become in either direction.
const LARGEST: i8 = 3;

impl App {
    /// Runs a command.
    pub(super) fn run(&mut self, id: Id, now: Timestamp) -> Vec<Effect> {
        self.turn_to_fault(id, now);
        match id {
            Id::Help => self.overlay = Some(Overlay::Help(Help::new(self.scopes()))),
            Id::Palette => self.open_palette(),
            Id::Filter if self.graph_here().is_some() => self.say("A graph has nothing to filter.", now),
            Id::Filter => {
                // In a text one looks for something else, or on with `n`; a list keeps its filter in sight.
                let is_pad =
                    self.place.is_none() && self.arrangement.focus == PaneId::Notes && self.notes.shows_pad();
                let text = if is_pad { String::new() } else { self.filter_text() };
                self.ask(Asks::Filter, &text);
            }
            Id::Note => {
                let text = std::mem::take(&mut self.unwritten);
                self.ask(Asks::Note, &text);
            }
            Id::Declare => self.ask_to_declare(now),
            Id::Evidence => return self.pin(now),
            Id::SaveNotes => self.ask_to_write(now),
            Id::Claim => return self.claim(true, now),
            Id::Release => return self.claim(false, now),
            Id::Accept => {
                let roles = if self.is_handed_over(now) { None } else { self.take_roles(now) };
                return roles.unwrap_or_else(|| self.accept(now));
            }
            Id::Star | Id::Done | Id::LeaveOut => return self.mark_entry(id, now),
            Id::Back => {
                if !self.back(now) {
                    self.say("Nothing to take back. q leaves.", now);
                }
            }
            Id::Close => return self.close(now),
            Id::Cancel => {}
            Id::Drill => self.show_drill(now),
            Id::Quit => return self.leave(),
            Id::NextPane => self.focus_by(1),
            Id::PreviousPane => self.focus_by(3),
            Id::FocusPipelines => self.focus(PaneId::Pipelines),
            Id::FocusLogs => self.focus(PaneId::Logs),
            Id::FocusAlerts => self.focus(PaneId::Alerts),
            Id::FocusNotes => self.focus(PaneId::Notes),
            Id::LastView => self.focus(self.previous),
            Id::Sources => {
                self.place = match self.place.take() {
                    Some(Place::Sources(_)) => None,
                    _ => Some(Place::Sources(Sources::default())),
                };
                self.sync_place(now);
            }
            Id::Larger => self.arrangement.step = (self.arrangement.step + 1).min(LARGEST),
            Id::Smaller => self.arrangement.step = (self.arrangement.step - 1).max(-LARGEST),
            Id::FullScreen => self.arrangement.full_screen = !self.arrangement.full_screen,
            Id::Changes => self.show_changes(now),
            Id::ServiceLogs => return self.show_logs(now),
            Id::Runbook => return self.show_runbook(now),
            Id::Tick => return self.tick(now),
            Id::Diagnose => return self.show_diagnostics(now),
            Id::Refresh if matches!(self.place, Some(Place::Diagnostics(_))) => {
                return self.diagnose_again(now);
            }
            Id::Patterns => self.show_patterns(now),
            Id::Open if matches!(self.place, Some(Place::Patterns(_))) => {
                return self.use_patterns(true, now);
            }
            Id::Open if self.place.is_none() && self.arrangement.focus == PaneId::Notes => {
                return self.open_entry(now);
            }
            Id::Exclude => return self.use_patterns(false, now),
            Id::Open if matches!(self.place, Some(Place::Changes(_))) => self.open_change(now),
            Id::Correct => return self.correct_selected("", now),
            Id::RefreshAll => {
                self.say("Asked every source to look now.", now);
                let names = self.state.world.sources().map(|source| source.info.name.clone());
                return names.map(Effect::Refresh).collect();
            }
            Id::Freeze => {
                let held = self.state.toggle_freeze(now);
                // Who lets it go wants to see all that came: that does not wait for another frame.
                self.synced = None;
                self.say(if held { "Frozen. p lets it go." } else { "The screen moves again." }, now);
            }
            Id::Zone => {
                self.state.next_zone(now);
                let zone = self.state.zone.name(now);
                self.say(safe!("Times in {}.", zone), now);
            }
            Id::Repaint => return vec![Effect::Repaint],
            Id::Suspend => return vec![Effect::Suspend],
            Id::Theme
            | Id::Environment
            | Id::SaveLines
            | Id::Fields
            | Id::Login
            | Id::Graph
            | Id::Watch
            | Id::As
            | Id::Since
            | Id::Timer
            | Id::Document
            | Id::Send
            | Id::HandOver
            | Id::EntryTime
            | Id::Incident
            | Id::Status
            | Id::Severity
            | Id::Set
            | Id::Goto => {
                self.say("This one takes a word: type it behind its name after a colon.", now);
            }
            _ => return self.run_in_focus(id, now),
        }
        Vec::new()
    }

    /// Runs what was chosen in the palette.
    pub(super) fn choose(&mut self, choice: &Choice, now: Timestamp) -> Vec<Effect> {
        let Some(command) = by_name(choice.name) else { return Vec::new() };
        let argument = RawText::from(choice.argument.as_str());
        match command.argument {
            Argument::None => return self.run_if_here(command.id, now),
            Argument::Theme => {
                let found = self.state.themes.all.iter().position(|(name, _)| *name == argument);
                match found {
                    Some(index) => self.state.theme = index,
                    None => self.say(safe!("There is no theme {}.", clean(&argument)), now),
                }
            }
            Argument::Environment => {
                let known = self.state.environments.iter().any(|known| known.name == argument);
                if choice.argument == "all" {
                    self.state.environment = None;
                } else if known {
                    self.state.environment = Some(argument);
                } else {
                    self.say(
                        safe!("There is no environment {} in the configuration.", clean(&argument)),
                        now,
                    );
                }
            }
            Argument::Credential => return self.log_in(argument, now),
            Argument::Incident => return self.turn_to_incident(&choice.argument, now),
            Argument::Status => return self.set_status(&choice.argument, now),
            Argument::Severity => return self.set_severity(&choice.argument, now),
            Argument::Field => return self.set_field(&choice.argument, now),
            Argument::Document => self.show_document(&choice.argument, now),
            Argument::Way => return self.send_document(&choice.argument, now),
            Argument::Query => self.show_graph(&choice.argument, command.id == Id::Watch, now),
            Argument::Name if command.id == Id::Goto && argument.is_empty() => {
                self.say(
                    "Type what to go to behind it: :goto HighErrorRate, or a time of the logs: :goto 03:12",
                    now,
                );
            }
            Argument::Name if command.id == Id::Goto => {
                let view = self.state.view(true, now);
                match self.logs.go_to(&choice.argument, &view) {
                    None => self.seek(argument),
                    Some(told) => {
                        self.focus(PaneId::Logs);
                        if let Some(told) = told {
                            self.say(told, now);
                        }
                    }
                }
            }
            Argument::Name if command.id == Id::Since => self.compare_since(&choice.argument, now),
            Argument::Name if command.id == Id::Fields => {
                let outcome = self.logs.show_fields(&choice.argument);
                return self.take(outcome, now);
            }
            Argument::Name if command.id == Id::HandOver => return self.hand_over(&argument, now),
            Argument::Name if command.id == Id::Timer => return self.start_timer(&choice.argument, now),
            Argument::Name if command.id == Id::EntryTime => {
                return self.move_entry(choice.argument.trim(), now);
            }
            Argument::Name if command.id == Id::Correct => {
                return self.correct_selected(choice.argument.trim(), now);
            }
            Argument::Name if argument.is_empty() => {
                self.say(safe!("You are {}. A name is typed behind it: :as NAME", self.who()), now);
            }
            Argument::Name => {
                self.set_person(argument);
                self.say(safe!("You are {} from here on.", self.who()), now);
            }
            Argument::Path if command.id == Id::SaveLines && argument.is_empty() => {
                self.say("Type a path behind it: :save /tmp/errors.log", now);
            }
            Argument::Path if command.id == Id::SaveLines => {
                let outcome = self.logs.save(argument, &self.state.view(true, now));
                return self.take(outcome, now);
            }
            Argument::Path if argument.is_empty() => self.ask_to_write(now),
            Argument::Path => return self.write_file(argument, now),
        }
        Vec::new()
    }

    /// Takes back one thing; false if there is nothing.
    fn back(&mut self, now: Timestamp) -> bool {
        if !self.pending.is_empty() {
            self.pending.clear();
            return true;
        }
        if let Some(place) = &mut self.place {
            let view = self.state.view(true, now);
            if !place.back(&view) {
                self.place = None;
            }
            return true;
        }
        if self.graph_here().is_some() {
            return self.close_graph(now);
        }
        let view = self.state.view(true, now);
        let done = match self.arrangement.focus {
            PaneId::Pipelines => self.pipelines.back(&view),
            PaneId::Logs => self.logs.back(&view),
            PaneId::Alerts => self.alerts.back(&view),
            PaneId::Notes => self.notes.back(&view),
        };
        // Where one pane is all that there is room for, nobody sees that it is full screen.
        let is_seen = self.layout().width != Width::Narrow;
        if !done && is_seen && self.arrangement.full_screen {
            self.arrangement.full_screen = false;
            return true;
        }
        done
    }

    fn close(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.back(now) { Vec::new() } else { self.leave() }
    }

    fn leave(&mut self) -> Vec<Effect> {
        let saving = || Some(safe!("Lines are still being saved to {}.", self.logs.saves_to()?));
        let sending = || Some(safe!("What goes to {} is not there yet.", clean(self.sending.as_ref()?)));
        match self.notes.unsaved().or_else(saving).or_else(sending) {
            Some(why) => {
                self.overlay = Some(Overlay::Leave(why));
                Vec::new()
            }
            None => self.quit(),
        }
    }

    /// Leaves; what was typed and not sent yet goes to the record first.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        let mut effects = self.notes.due(Timestamp::MAX);
        effects.push(Effect::Quit);
        effects
    }

    pub(super) fn focus(&mut self, pane: PaneId) {
        self.chose_focus = true;
        self.place = None;
        if pane != self.arrangement.focus {
            self.previous = self.arrangement.focus;
            self.arrangement.focus = pane;
            self.notes.leave();
        }
    }

    fn focus_by(&mut self, steps: usize) {
        let here = PaneId::ALL.iter().position(|pane| *pane == self.arrangement.focus).unwrap_or(0);
        let next = PaneId::ALL.iter().cycle().nth(here + steps);
        self.focus(next.copied().unwrap_or(PaneId::Pipelines));
    }

    fn open_palette(&mut self) {
        let text = |name: &RawText| String::from_utf8_lossy(name.as_bytes()).into_owned();
        let state = &self.state;
        let words = |argument| -> Vec<String> {
            match argument {
                Argument::Theme => state.themes.all.iter().map(|(name, _)| text(name)).collect(),
                Argument::Environment => {
                    let names = state.environments.iter().map(|environment| text(&environment.name));
                    std::iter::once("all".to_owned()).chain(names).collect()
                }
                Argument::Credential => state.credentials.logins().map(|info| text(&info.name)).collect(),
                Argument::Status => Status::ALL.iter().map(|status| status.word().to_owned()).collect(),
                Argument::Document => Template::ALL.iter().map(|one| one.word().to_owned()).collect(),
                Argument::Way => self.ways_to_send(),
                Argument::Severity => (1..=5).map(|number| number.to_string()).collect(),
                _ => Vec::new(),
            }
        };
        let known = |argument| match argument {
            Argument::Incident => self.incident_names(),
            other => words(other).into_iter().map(Known::from).collect(),
        };
        self.overlay = Some(Overlay::Palette(Palette::new(known)));
    }

    /// Asks for the login of a credential.
    fn log_in(&mut self, name: RawText, now: Timestamp) -> Vec<Effect> {
        let credentials = &self.state.credentials;
        let shown = clean(&name);
        let known = credentials.get(&name);
        if self.is_drill() {
            self.say("Nobody is logged in from a drill: nothing of it is real.", now);
            return Vec::new();
        }
        if known.is_some_and(|info| info.login) {
            return vec![Effect::Login(name)];
        }
        let text = match (known.is_some(), credentials.logins().next()) {
            (true, _) => safe!("The credential {} has no `login` in the configuration.", shown),
            (false, Some(first)) if name.is_empty() => {
                safe!("Type the name of a credential behind it: :login {}", clean(&first.name))
            }
            (false, Some(_)) => safe!("There is no credential {} in the configuration.", shown),
            (false, None) => "No credential in the configuration has a `login`.".into(),
        };
        self.say(text, now);
        Vec::new()
    }

    /// The login has ended: what it brought is looked for.
    pub(super) fn logged_in(
        &mut self,
        name: RawText,
        ended: Result<(), SafeText>,
        now: Timestamp,
    ) -> Vec<Effect> {
        match ended {
            Ok(()) => {
                self.say(safe!("Logged in; {} is looked for.", clean(&name)), now);
                vec![Effect::Renew(name)]
            }
            Err(why) => {
                self.say(safe!("The login to {} did not work: {}.", clean(&name), why), now);
                Vec::new()
            }
        }
    }

    /// The credential is there again: what needs it looks at once.
    pub(super) fn renewed(
        &mut self,
        name: &RawText,
        found: Result<(), Failure>,
        now: Timestamp,
    ) -> Vec<Effect> {
        if let Err(failure) = found {
            self.say(clean(&failure.what), now);
            return Vec::new();
        }
        let sources = self.state.credentials.get(name).map(|info| info.sources.clone()).unwrap_or_default();
        let number = match sources.len() {
            1 => SafeText::literal("its source looks"),
            many => safe!("its {} sources look", many),
        };
        self.say(safe!("{} is renewed; {} again.", clean(name), number), now);
        sources.into_iter().map(Effect::Refresh).collect()
    }

    pub(super) fn ask(&mut self, asks: Asks, text: &str) {
        self.prompt = Some(Prompt { asks, field: Field::new(text) });
    }

    /// The filter of what has the focus.
    pub(super) fn filter_text(&self) -> String {
        if self.graph_here().is_some() {
            return String::new();
        }
        let text = match (&self.place, self.arrangement.focus) {
            (Some(place), _) => place.filter_text(),
            (None, PaneId::Pipelines) => self.pipelines.filter_text(),
            (None, PaneId::Logs) => self.logs.filter_text(),
            (None, PaneId::Alerts) => self.alerts.list().filter(),
            (None, PaneId::Notes) => self.notes.filter_text(),
        };
        text.to_owned()
    }

    /// How many rows the filter shows, and how many there are.
    pub(super) fn filter_counts(&self, now: Timestamp) -> (usize, usize) {
        match (&self.place, self.arrangement.focus) {
            (Some(place), _) => place.counts(),
            (None, PaneId::Pipelines) => self.pipelines.counts(),
            (None, PaneId::Logs) => self.logs.counts(&self.state.view(true, now)),
            (None, PaneId::Alerts) => self.alerts.list().counts(),
            (None, PaneId::Notes) => self.notes.counts(),
        }
    }

    /// Filters what has the focus.
    pub(super) fn set_filter(&mut self, text: &str, now: Timestamp) -> Vec<Effect> {
        let view = self.state.view(true, now);
        let outcome = match (&mut self.place, self.arrangement.focus) {
            (Some(place), _) => {
                place.filter(text, &view);
                Outcome::default()
            }
            (None, PaneId::Pipelines) => {
                self.pipelines.filter(text, &view);
                Outcome::default()
            }
            (None, PaneId::Alerts) => {
                self.alerts.filter(text, &view);
                Outcome::default()
            }
            (None, PaneId::Notes) => {
                self.notes.filter(text, &view);
                Outcome::default()
            }
            (None, PaneId::Logs) => self.logs.filter(text, &view),
        };
        self.take(outcome, now)
    }

    /// From here on the person at the keys, as they say themselves.
    pub(super) fn set_person(&mut self, person: RawText) {
        self.notes.set_person(person.clone());
        self.state.person = person;
        self.named = Named::Said;
    }

    /// Who is at the keys, and from where that is known if nobody said it.
    pub(super) fn who(&self) -> SafeText {
        let person = clean(&self.state.person);
        if matches!(self.named, Named::Given | Named::Said) {
            person
        } else {
            safe!("{} by your login (:as NAME)", person)
        }
    }
}
