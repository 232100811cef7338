//! Hostile text in the notes pane: in entries, names, the pad, notices and reasons.

#[path = "support/console.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod console;
#[path = "support/hostile.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod hostile;

use console::{Console, at};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::{Entry, Folder, NoteReply, What};
use midwatch::model::text::RawText;
use midwatch::model::update::{News, Update};
use midwatch::pane::effect::Msg;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// No cell holds anything that a terminal obeys or does not show.
fn harmless(console: &Console, raw: &RawText) {
    use GeneralCategory::{Control, Format, PrivateUse, Unassigned};
    for cell in console.buffer().content() {
        let bad = |c: &char| {
            matches!(c.general_category(), Control | Format | PrivateUse | Unassigned)
                && !matches!(c, '\u{200c}' | '\u{200d}')
        };
        assert_eq!(cell.symbol().chars().find(bad), None, "{raw:?}");
    }
}

#[test]
fn nothing_hostile_reaches_a_cell_in_any_tab_title_or_notice() {
    for bytes in hostile::attacks().into_iter().chain(hostile::deceptions()) {
        // A flood is a flood at this length too.
        let raw = RawText::from_bytes(bytes.get(..512).unwrap_or(&bytes));
        let mut console = Console::new((80, 24));
        let news = News::Failed(Failure::new(FailureKind::Io, raw.clone()));
        console.send(Msg::Update(Update { source: "ci".into(), at: at(0), news }));
        console.send(Msg::Note(
            Folder::Shift,
            NoteReply::Opened {
                entries: vec![Entry {
                    at: at(0),
                    recorded: at(1),
                    person: raw.clone(),
                    text: raw.clone(),
                    session: raw.clone(),
                    seq: 1,
                    what: What::Note,
                }],
                pad: raw.clone(),
                held_by: None,
                notices: vec![raw.clone()],
            },
        ));
        harmless(&console, &raw);
        console.keys("4 g Enter");
        harmless(&console, &raw);
        console.keys("Esc /");
        console.send(Msg::Paste(raw.clone()));
        console.keys("Enter");
        harmless(&console, &raw);
        console.keys("Esc i");
        console.send(Msg::Paste(raw.clone()));
        harmless(&console, &raw);
        for reply in [NoteReply::PadChanged, NoteReply::PadKept, NoteReply::NotSaved, NoteReply::Written] {
            console.send(Msg::Note(Folder::Shift, reply(raw.clone())));
            harmless(&console, &raw);
        }
        console.keys("Esc ]");
        assert!(console.screen().contains("[pad.md changed outside]"), "{}", console.screen());
        harmless(&console, &raw);
        console.send(Msg::Note(
            Folder::Shift,
            NoteReply::Opened {
                entries: Vec::new(),
                pad: raw.clone(),
                held_by: Some(raw.clone()),
                notices: Vec::new(),
            },
        ));
        console.keys("i");
        harmless(&console, &raw);
    }
}
