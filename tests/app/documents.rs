//! Documents of the console.

use std::collections::BTreeMap;

use midwatch::model::alert::{Alert, Severity};
use midwatch::model::note::NoteCommand;
use midwatch::pane::effect::Effect;

use crate::console::{Console, alert, setup};
use crate::{NARROW, WIDE, outage};

/// What `y` copies of what is shown.
pub(crate) fn copied(console: &mut Console) -> Vec<String> {
    console.effects.clear();
    console.keys("y");
    let copied = console.effects.iter().find_map(|effect| match effect {
        Effect::Copy(lines) => Some(lines.iter().map(|line| line.as_str().to_owned()).collect()),
        _ => None,
    });
    copied.unwrap_or_default()
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
    let copied = copied(&mut console);
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
fn a_hand_over_has_the_environment_of_an_alert_by_its_labels_or_by_its_source() {
    let mut setup = setup(WIDE);
    setup.sources[0].environment = Some("staging".into());
    let mut console = Console::with(setup);
    let unplaced = Alert { labels: BTreeMap::new(), ..alert("DiskFull", Severity::Warning, 5) };
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14), unplaced]);
    console.keys(":").type_text("document handoff").keys("Enter");
    let copied = copied(&mut console);
    for (name, environment) in [("HighErrorRate", "prod-eu"), ("DiskFull", "staging")] {
        let row = format!("| {name} | 1 | {environment} |");
        assert!(copied.iter().any(|line| line.contains(&row)), "{row}: {copied:#?}");
    }
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
