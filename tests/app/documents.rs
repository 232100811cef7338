//! Documents of the console, and the shift that is handed over and accepted.

use midwatch::app::Setup;
use midwatch::model::note::{Entry, Folder, Later, NoteCommand, NoteReply, What};
use midwatch::model::text::RawText;
use midwatch::pane::effect::{Effect, Msg};

use crate::console::{Console, setup};
use crate::{NARROW, WIDE, outage};

fn entries(console: &Console) -> Vec<(Folder, Entry)> {
    let entry = |effect: &Effect| match effect {
        Effect::Note(folder, NoteCommand::Entry(entry)) => Some((folder.clone(), entry.clone())),
        _ => None,
    };
    console.effects.iter().filter_map(entry).collect()
}

fn opened(entries: Vec<Entry>) -> Msg {
    let (pad, held_by, notices) = (RawText::default(), None, Vec::new());
    Msg::Note(Folder::Shift, NoteReply::Opened { entries, pad, held_by, notices })
}

#[test]
fn a_document_of_the_current_incident_is_read_turned_copied_and_written() {
    let mut console = outage(WIDE);
    console.keys(":").type_text("document postmortem").keys("Enter");
    assert!(console.screen().contains("No incident is current"), "{}", console.screen());
    console.keys("I Enter ;").type_text("h pool is full").keys("Enter");
    console.keys(":").type_text("document postmortem").keys("Enter");
    let screen = console.screen();
    assert!(screen.contains("postmortem of HighErrorRate checkout  for GitHub"), "{screen}");
    assert!(
        screen.contains("Missing before it goes out") && screen.contains("the impact is empty"),
        "{screen}"
    );
    console.keys(",");
    assert!(console.screen().contains("for plain text"), "{}", console.screen());
    console.keys(". .");
    assert!(console.screen().contains("for Slack"), "{}", console.screen());
    console.effects.clear();
    console.keys("y");
    let copied = console.effects.iter().find_map(|effect| match effect {
        Effect::Copy(lines) => Some(lines.iter().map(|line| line.as_str().to_owned()).collect::<Vec<_>>()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(copied.iter().any(|line| line.contains("pool is full")), "{copied:?}");
    console.keys("Esc :").type_text("document postmortem").keys("Enter");
    console.keys(":").type_text("write /tmp/p.md").keys("Enter");
    let written = console.effects.iter().find_map(|effect| match effect {
        Effect::Note(_, NoteCommand::WriteTo(path, text)) => Some((path.clone(), text.clone())),
        _ => None,
    });
    let (path, text) = written.unwrap();
    assert_eq!(path, "/tmp/p.md".into());
    let text = text.unwrap();
    let text = text.as_str().unwrap();
    assert!(text.starts_with("---\n") || text.contains("# "), "{text}");
    assert!(text.contains("pool is full") && !text.contains("Missing before"), "{text}");
}

#[test]
fn an_update_is_shown_without_what_is_missing() {
    let mut console = outage(WIDE);
    console.keys("I Enter :").type_text("document update").keys("Enter");
    let screen = console.screen();
    assert!(screen.contains("update of HighErrorRate") && !screen.contains("Missing"), "{screen}");
}

#[test]
fn a_shift_is_handed_over_and_shown_until_it_is_accepted_by_name() {
    let mut console = outage(WIDE);
    console.keys("I Enter ;").type_text("t @lea look at the pool").keys("Enter :");
    console.type_text("handoff").keys("Enter");
    assert!(console.screen().contains("Type who takes over"), "{}", console.screen());
    console.keys(":").type_text("handoff lea").keys("Enter");
    assert!(console.screen().contains("lea sees it at the next start"), "{}", console.screen());
    let (folder, given) = entries(&console).pop().unwrap();
    assert_eq!((folder, &given.what), (Folder::Shift, &What::HandOver { to: Some("lea".into()) }));
    let text = given.text.as_str().unwrap();
    assert!(text.contains("HighErrorRate") && text.contains("lea"), "{text}");

    let start = |person: &str, entries: Vec<Entry>| {
        let mut console = Console::with(Setup {
            person: person.into(),
            session_name: format!("{person}-1").as_str().into(),
            ..setup(WIDE)
        });
        console.send(opened(entries));
        console
    };
    let mut kim = start("kim", vec![given.clone()]);
    assert!(!kim.screen().contains("hand-over by"), "it is for lea: {}", kim.screen());
    kim.keys(":").type_text("accept").keys("Enter");
    assert!(kim.screen().contains("No hand-over is left for you"), "{}", kim.screen());

    let mut lea = start("lea", vec![given.clone()]);
    let screen = lea.screen();
    assert!(screen.contains("hand-over by") && screen.contains(":accept takes it over"), "{screen}");
    assert!(screen.contains("Open incidents"), "{screen}");
    lea.keys("Esc");
    assert!(!lea.screen().contains(":accept takes it over"), "{}", lea.screen());
    lea.keys(":").type_text("accept").keys("Enter");
    let (folder, accepted) = entries(&lea).pop().unwrap();
    let said = What::Later { session: given.session.clone(), seq: given.seq, said: Later::Done(true) };
    assert_eq!((folder, &accepted.what, &accepted.person), (Folder::Shift, &said, &"lea".into()));
    lea.keys("4 f");
    assert!(lea.screen().contains("accepted by lea"), "{}", lea.screen());

    let again = start("lea", vec![given, accepted]);
    assert!(!again.screen().contains("hand-over by"), "{}", again.screen());
}

/// What was written to which file since it was asked last.
fn files(console: &mut Console) -> Vec<(String, bool)> {
    let effects = std::mem::take(&mut console.effects);
    let file = |effect| match effect {
        Effect::Note(_, NoteCommand::WriteTo(path, text)) => {
            Some((String::from_utf8_lossy(path.as_bytes()).into_owned(), text.is_some()))
        }
        _ => None,
    };
    effects.into_iter().filter_map(file).collect()
}

#[test]
fn the_file_to_write_to_is_asked_for_with_a_name_proposed() {
    let mut console = outage(NARROW);
    console.keys("w");
    assert!(console.screen().contains("write to: notes-20261122-0326.md"), "{}", console.screen());
    console.keys("Esc");
    assert!(console.screen().contains("Nothing was written."), "{}", console.screen());
    console.keys("I Enter :").type_text("write").keys("Enter Enter");
    assert_eq!(files(&mut console), [("INC-20261122-0326-checkout-notes.md".to_owned(), false)]);
    console.keys(":").type_text("document postmortem").keys("Enter");
    assert!(console.screen().contains("w writes a file"), "{}", console.screen());
    console.keys("w Enter");
    assert_eq!(files(&mut console), [("INC-20261122-0326-checkout-postmortem.md".to_owned(), true)]);
    console.keys(". w");
    assert!(console.screen().contains("checkout-postmortem.txt"), "it is for Slack: {}", console.screen());
    console.keys("ctrl-u Enter");
    assert!(console.screen().contains("a file needs a name"), "{}", console.screen());
    console.keys(":").type_text("document handoff").keys("Enter w").type_text(".old").keys("Enter");
    assert_eq!(files(&mut console), [("handoff-20261122-0326.md.old".to_owned(), true)]);
    // In the logs it is another key.
    console.keys("2 w");
    assert!(!console.screen().contains("write to:"), "{}", console.screen());
}
