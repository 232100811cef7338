//! The notes pane: the entries.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::key::Key;
use crate::config::theme::Meaning;
use crate::model::note::{Entry, NoteCommand, NoteReply};
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::effect::{Effect, Outcome};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};

/// The state of the notes pane.
pub struct Notes {
    person: RawText,
    session: RawText,
    entries: Vec<Entry>,
    waiting: BTreeSet<u64>,
    seq: u64,
}

impl Notes {
    /// Notes of this person in this session.
    pub fn new(person: RawText, session: RawText) -> Self {
        Self { person, session, entries: Vec::new(), waiting: BTreeSet::new(), seq: 0 }
    }

    /// Takes what the sources say now.
    pub fn sync(&mut self, _view: &View<'_>) {}

    /// Does what a command says.
    pub fn run(&mut self, _id: Id, _view: &View<'_>, _area: Rect) -> Outcome {
        Outcome::default()
    }

    /// Whether the pad has the keys.
    pub fn is_editing(&self) -> bool {
        false
    }

    /// Takes a key into the pad.
    pub fn key(&mut self, _key: Key, _view: &View<'_>, _area: Rect) -> Outcome {
        Outcome::default()
    }

    /// Takes pasted text into the pad.
    pub fn paste(&mut self, _text: &RawText, _view: &View<'_>) -> Outcome {
        Outcome::default()
    }

    /// Stops editing.
    pub fn leave(&mut self) {}

    /// What is due by now.
    pub fn due(&mut self, _now: Timestamp) -> Vec<Effect> {
        Vec::new()
    }

    /// Writes a one-line entry.
    pub fn write(&mut self, text: &str, now: Timestamp) -> Effect {
        self.seq += 1;
        let entry = Entry {
            at: now,
            recorded: now,
            person: self.person.clone(),
            text: text.into(),
            session: self.session.clone(),
            seq: self.seq,
        };
        self.waiting.insert(self.seq);
        self.entries.push(entry.clone());
        Effect::Note(NoteCommand::Entry(entry))
    }

    /// Takes an answer of the record.
    pub fn reply(&mut self, reply: &NoteReply) -> Option<SafeText> {
        match reply {
            NoteReply::Opened { entries, .. } => self.entries.clone_from(entries),
            NoteReply::EntrySaved(seq) => {
                self.waiting.remove(seq);
            }
            NoteReply::NotSaved(why) => return Some(safe!("NOT SAVED: {}", clean(why))),
            _ => {}
        }
        None
    }

    /// What is not saved.
    pub fn unsaved(&self) -> Option<SafeText> {
        (!self.waiting.is_empty()).then(|| safe!("{} entries are not saved.", self.waiting.len()))
    }

    /// Filters the entries.
    pub fn filter(&mut self, _text: &str, _view: &View<'_>) {}

    /// The filter in force.
    pub fn filter_text(&self) -> &'static str {
        ""
    }

    /// How many rows the filter shows, and how many there are.
    pub fn counts(&self, _view: &View<'_>) -> (usize, usize) {
        (self.entries.len(), self.entries.len())
    }

    /// Takes back one thing.
    pub fn back(&mut self, _view: &View<'_>) -> bool {
        false
    }

    /// When what is shown changes next by itself.
    pub fn next_wake(&self, _view: &View<'_>) -> Option<Timestamp> {
        None
    }

    /// Draws the pane.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        let border = if view.focused { Meaning::BorderFocused } else { Meaning::Border };
        let saved = self.unsaved().unwrap_or("saved".into());
        canvas.border(
            area,
            (&SafeText::literal("4 Notes"), styles.of(Meaning::Title)),
            (&saved, styles.of(Meaning::Muted)),
            styles.of(border),
        );
        let body = inside(area);
        for (y, entry) in (body.top()..body.bottom()).zip(self.entries.iter().rev()) {
            let line = safe!("{} {}", view.zone.moment(entry.at, view.now), clean(&entry.text));
            canvas.text(body.x, y, body.width, &line, styles.of(Meaning::Text));
        }
    }
}
