//! Where a key goes: the overlay, the prompt, the pad, or a command; and why it does nothing.

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::app::overlay::{Overlay, no_alt};
use crate::command::keymap::Meaning;
use crate::command::table::{Id, command};
use crate::config::key::{Code, Key};
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::effect::Effect;
use crate::pane::view::PaneId;
use crate::safe;

/// Two ctrl-c within this time leave.
const TWICE: SignedDuration = SignedDuration::from_secs(1);

impl App {
    /// Takes one key press.
    pub(super) fn key(&mut self, key: Key, now: Timestamp) -> Vec<Effect> {
        self.line.key(now);
        self.stop_seeking(now);
        if key == Key::ctrl('c') {
            return self.cancel(now);
        }
        if self.overlay.is_some() {
            self.overlay_key(key, now)
        } else if self.prompt.is_some() {
            self.prompt_key(key, now)
        } else if self.is_editing() {
            let area = self.focused_area();
            let outcome = self.notes.key(key, area);
            self.take(outcome, now)
        } else {
            self.command_key(key, now)
        }
    }

    /// Takes pasted text: it is inserted where text is written, and is never a key.
    pub(super) fn paste(&mut self, text: &RawText, now: Timestamp) -> Vec<Effect> {
        self.stop_seeking(now);
        let editing = self.is_editing();
        match (&mut self.overlay, &mut self.prompt) {
            (Some(Overlay::Help(help)), _) => help.paste(text),
            (Some(Overlay::Palette(palette)), _) => palette.paste(text),
            (None, Some(prompt)) => prompt.field.paste(text),
            (None, None) if editing => {
                let outcome = self.notes.paste(text);
                return self.take(outcome, now);
            }
            _ => self.say("Pasted text goes only where text is written: / or ; or the pad.", now),
        }
        Vec::new()
    }

    /// Text was pasted that fits nowhere.
    pub(super) fn refuse_paste(&mut self, now: Timestamp) {
        self.stop_seeking(now);
        let is_for_pad = self.overlay.is_none() && self.prompt.is_none() && self.is_editing();
        let why = if is_for_pad {
            self.notes.refuse_paste()
        } else {
            "That was more than 1 MiB: it was not inserted.".into()
        };
        self.say(why, now);
    }

    pub(super) fn is_editing(&self) -> bool {
        self.arrangement.focus == PaneId::Notes
            && self.place.is_none()
            && self.graph_here().is_none()
            && self.notes.is_editing()
    }

    /// Whether the first screen waits for an answer. It is no layer to take back: nothing is below it.
    pub fn is_welcoming(&self) -> bool {
        matches!(self.overlay, Some(Overlay::Welcome(_)))
    }

    /// ctrl-c takes back what is open; twice within a second it leaves, with the notes saved.
    fn cancel(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.cancelled.is_some_and(|before| now.duration_since(before) <= TWICE) {
            return self.quit();
        }
        self.cancelled = Some(now);
        self.pending.clear();
        if self.is_welcoming() {
            self.say("ctrl-c again within a second leaves.", now);
            return Vec::new();
        }
        if self.overlay.take().is_none() && self.prompt.take().is_none() {
            if self.is_editing() {
                self.notes.leave();
            }
            self.logs.stop_saving();
        }
        self.say("Cancelled. ctrl-c again within a second leaves; the notes are saved.", now);
        Vec::new()
    }

    fn overlay_key(&mut self, key: Key, now: Timestamp) -> Vec<Effect> {
        let area = self.layout().body();
        if key.alt && !matches!(self.overlay, Some(Overlay::Leave(_))) {
            self.say(no_alt(key), now);
            return Vec::new();
        }
        if matches!(self.overlay, Some(Overlay::Sending(_))) {
            return self.proposal_key(key, area, now);
        }
        if key.code == Code::Esc && !self.is_welcoming() {
            self.overlay = None;
            return Vec::new();
        }
        match &mut self.overlay {
            Some(Overlay::Help(help)) => {
                if let Some(chosen) = help.key(key, area) {
                    self.overlay = None;
                    return self.run_if_here(chosen.id, now);
                }
            }
            Some(Overlay::Palette(palette)) => {
                if let Some(choice) = palette.key(key, area) {
                    self.overlay = None;
                    return self.choose(&choice, now);
                }
            }
            Some(Overlay::Shown(shown)) => {
                let view = self.state.view(true, now);
                match self.keymap.meaning(&[crate::command::table::Scope::List], &[key]) {
                    Meaning::Run(id) => shown.run(id, &view, area),
                    _ if key.code == Code::Char('q') => self.overlay = None,
                    _ => {}
                }
            }
            Some(Overlay::Welcome(welcome)) => match key.code {
                Code::Enter => {
                    self.overlay = None;
                    return vec![Effect::Begin];
                }
                Code::Char('q') => return self.quit(),
                _ => {
                    let view = self.state.view(true, now);
                    match self.keymap.meaning(&[crate::command::table::Scope::List], &[key]) {
                        Meaning::Run(id) => welcome.run(id, &view, area, self.state.ascii),
                        _ => self.say("Enter looks at what was found here; q leaves.", now),
                    }
                }
            },
            Some(Overlay::Leave(_)) => {
                self.overlay = None;
                if key == Key::char('y') {
                    return self.quit();
                }
            }
            Some(Overlay::Sending(_)) | None => {}
        }
        Vec::new()
    }

    fn command_key(&mut self, key: Key, now: Timestamp) -> Vec<Effect> {
        self.pending.push(key);
        match self.keymap.meaning(self.scopes(), &self.pending) {
            Meaning::Run(id) => {
                self.pending.clear();
                self.run(id, now)
            }
            Meaning::Prefix => Vec::new(),
            Meaning::Elsewhere(places) => {
                let keys = self.take_pending();
                let mut text = safe!("{} does nothing here: ", keys);
                for (index, (scope, id)) in places.iter().enumerate() {
                    let separator = SafeText::literal(if index > 0 { ", " } else { "" });
                    let (title, scope) = (command(*id).title, scope.word());
                    text.push(&safe!(
                        "{}{} in {}",
                        separator,
                        SafeText::literal(title),
                        SafeText::literal(scope)
                    ));
                }
                self.say(text, now);
                Vec::new()
            }
            Meaning::Nothing => {
                let keys = self.take_pending();
                if key.alt {
                    self.say(no_alt(key), now);
                } else {
                    self.say(safe!("{} does nothing. ? shows the keys that work here.", keys), now);
                }
                Vec::new()
            }
        }
    }

    /// Runs a command that the help or the palette found, if it works where the focus is.
    pub(super) fn run_if_here(&mut self, id: Id, now: Timestamp) -> Vec<Effect> {
        let scope = command(id).scope;
        if self.scopes().contains(&scope) {
            return self.run(id, now);
        }
        let (title, scope) = (SafeText::literal(command(id).title), SafeText::literal(scope.word()));
        self.say(safe!("{} works in {}: move the focus there first.", title, scope), now);
        Vec::new()
    }

    fn take_pending(&mut self) -> SafeText {
        let keys = std::mem::take(&mut self.pending);
        let text = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        clean(&text.into())
    }
}
