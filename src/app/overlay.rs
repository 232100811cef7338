//! What lies over the panes, one at a time, and the prompts in the footer.

use crate::app::App;
use crate::config::key::{Code, Key};
use crate::model::incident::Declared;
use crate::model::note::{Evidence, Folder};
use crate::model::text::{SafeText, clean};
use crate::model::told::EntryName;
use crate::pane::effect::Effect;
use crate::pane::help::Help;
use crate::pane::palette::Palette;
use crate::pane::sending::Proposal;
use crate::pane::shown::Shown;
use crate::pane::welcome::Welcome;
use crate::safe;
use crate::ui::field::Field;

use jiff::Timestamp;

/// What lies over the panes.
pub(super) enum Overlay {
    /// The keys that work here.
    Help(Help),
    /// The commands.
    Palette(Palette),
    /// Text to select with a mouse.
    Shown(Shown),
    /// The first screen without a configuration; nothing has started yet.
    Welcome(Welcome),
    /// What is about to be sent.
    Sending(Box<Proposal>),
    /// Something is not saved: leave all the same?
    Leave(SafeText),
}

impl Overlay {
    pub(super) fn shown(what: SafeText, lines: Vec<SafeText>) -> Self {
        Self::Shown(Shown::new(what, lines))
    }
}

/// What is said of a key with alt: Esc and a key at once are the same bytes.
pub(super) fn no_alt(key: Key) -> SafeText {
    safe!("{} does nothing; after Esc, wait a moment", clean(&key.to_string().into()))
}

/// What is asked in the footer.
pub(super) struct Prompt {
    pub(super) asks: Asks,
    pub(super) field: Field,
}

/// What the answer is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Asks {
    /// The filter of the focused pane.
    Filter,
    /// A one-line entry.
    Note,
    /// The severity and the title of an incident that is declared with this.
    Declare(Box<(Declared, Option<Evidence>)>),
    /// The file that something is written to.
    File,
    /// What an entry is to say; also where another one is selected meanwhile.
    Correct(Folder, EntryName),
}

impl App {
    /// Gives a key to the prompt, if there is one.
    pub(super) fn prompt_key(&mut self, key: Key, now: Timestamp) -> Vec<Effect> {
        if key.alt {
            self.say(no_alt(key), now);
            return Vec::new();
        }
        let Some(mut prompt) = self.prompt.take() else { return Vec::new() };
        match key.code {
            Code::Esc => {
                match prompt.asks {
                    Asks::Note if !prompt.field.is_empty() => {
                        self.unwritten = prompt.field.text();
                        self.say("The note was not written. ; brings it back.", now);
                    }
                    Asks::Declare(_) => self.say("No incident was declared.", now),
                    Asks::File => self.say("Nothing was written.", now),
                    Asks::Correct(..) => self.say("The entry stays as it was.", now),
                    Asks::Note | Asks::Filter => {}
                }
                Vec::new()
            }
            Code::Enter => match prompt.asks {
                Asks::Filter => self.set_filter(&prompt.field.text(), now),
                Asks::Note => self.write_note(&prompt.field.text(), now),
                Asks::Declare(declares) => {
                    let (draft, seen) = *declares;
                    self.declare(draft, seen, &prompt.field.text(), now)
                }
                Asks::File => self.write_file(prompt.field.text().trim().into(), now),
                Asks::Correct(folder, name) => self.correct(folder, name, prompt.field.text().trim(), now),
            },
            _ => {
                prompt.field.key(key);
                self.prompt = Some(prompt);
                Vec::new()
            }
        }
    }
}
