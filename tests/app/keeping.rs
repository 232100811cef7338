//! What is not kept on the disk: a mark for as long as it lasts, and in `0` all that is to be known of it.

use midwatch::app::Setup;
use midwatch::config::environment::Environment;
use midwatch::config::origin::Origin;
use midwatch::model::alert::Severity;
use midwatch::model::keeping::Kept;
use midwatch::model::note::{Folder, NoteReply};
use midwatch::pane::effect::Msg;

use crate::console::{Console, alert, setup};

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 60)];
const FULL: &str = "cannot write /home/kim/notes/kim.7.journal: the disk is full; entries only in memory: 1";

fn header(console: &Console) -> String {
    console.screen().lines().next().unwrap_or_default().to_owned()
}

/// The words of the screen, however they are wrapped.
fn words(console: &Console) -> String {
    let screen = console.screen().replace(['\u{2502}', '\n'], " ");
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An entry that the record could not save.
fn unsaved(mut console: Console) -> Console {
    console.alerts(&[]);
    console.keys(";").type_text("it began").keys("Enter");
    console.send(Msg::Note(Folder::Shift, NoteReply::NotSaved(FULL.into())));
    console
}

#[test]
fn while_notes_are_not_saved_a_mark_stands_whatever_else_is_news() {
    for size in SIZES {
        let mut console = unsaved(Console::new(size));
        assert!(console.screen().contains("NOT SAVED: cannot write"), "{}", console.screen());
        console.alerts(&[alert("HighErrorRate", Severity::Critical, 0)]);
        console.pass(600);
        assert!(header(&console).contains("notes NOT saved since 03:26"), "{}", console.screen());
        console.keys("p").pass(60);
        assert!(header(&console).contains("notes NOT saved"), "{}", console.screen());
        console.keys("p 0").pass(7);
        let told = words(&console);
        let all = format!(
            "notes NOT saved since 03:26: {FULL}. They are in memory here and tried again every few seconds. \
             Do: make room there, or mend the disk; :write PATH keeps a copy elsewhere."
        );
        assert!(told.contains(&all), "{}", console.screen());
        assert!(told.contains("alerts") && told.contains(" live"), "{}", console.screen());

        console.send(Msg::Note(Folder::Shift, NoteReply::EntrySaved(1)));
        let screen = console.screen();
        assert!(!screen.contains("NOT saved") && screen.contains("The notes are saved again"), "{screen}");
        assert!(header(&console).contains("3 sources"), "{screen}");
    }
}

#[test]
fn what_is_said_at_the_foot_of_something_not_kept_goes_as_soon_as_it_is_kept() {
    for size in SIZES {
        // As where the directory of a team failed under an entry, and came back.
        let mut console = unsaved(Console::new(size));
        console.pass(3).send(Msg::Note(Folder::Shift, NoteReply::EntrySaved(1)));
        console.send(Msg::Keeping(Kept::Shared, Some("/srv/ops is not a directory".into())));
        let mut is_told = false;
        for _ in 0..12 {
            let screen = console.screen();
            assert!(!screen.contains("NOT SAVED"), "{screen}");
            is_told |= screen.contains("Incidents are NOT shared: /srv/ops is not a directory.");
            console.pass(1);
        }
        assert!(is_told);
        console.send(Msg::Keeping(Kept::Shared, None));
        console.send(Msg::Keeping(Kept::Shared, Some("/srv/ops is not a directory".into())));
        console.send(Msg::Keeping(Kept::Shared, None));
        assert!(
            console.screen().contains("Incidents are shared with the team again"),
            "{}",
            console.screen()
        );
        for _ in 0..12 {
            assert!(!console.screen().contains("NOT shared"), "{}", console.screen());
            console.pass(1);
        }
    }
}

#[test]
fn the_mark_has_its_room_beside_a_long_name_and_a_held_screen() {
    let name = "production-europe-west-frankfurt-blue-and-green-one";
    let environment = Environment {
        name: name.into(),
        colour: None,
        production: true,
        allow: Vec::new(),
        origin: Origin::default(),
    };
    for size in SIZES {
        let environments = vec![environment.clone()];
        let mut console = unsaved(Console::with(Setup { environments, ..setup(size) }));
        for _ in 0..2 {
            let header = header(&console);
            assert!(header.contains("notes NOT saved") && header.contains(" prod"), "{size:?}: {header}");
            console.keys("p");
        }
    }
}

#[test]
fn a_record_that_does_not_answer_keeps_nothing_either() {
    let mut console = Console::new((80, 24));
    console.keys(";").type_text("it began").keys("Enter");
    console.pass(1);
    assert!(!console.screen().contains("NOT saved"), "{}", console.screen());
    console.pass(2);
    assert!(header(&console).contains("notes NOT saved since 03:26"), "{}", console.screen());
    console.keys("0");
    assert!(words(&console).contains("the record does not answer"), "{}", console.screen());
}

#[test]
fn of_several_the_notes_come_first_and_all_are_told() {
    for size in SIZES {
        let mut console = Console::new(size);
        console.alerts(&[]);
        let why = "cannot write /s/history/7.journal: the disk quota is used up";
        console.send(Msg::Keeping(Kept::History, Some(why.into())));
        assert!(console.screen().contains("The history is not kept: cannot write"), "{}", console.screen());
        console.pass(120);
        assert!(header(&console).contains("history not kept since 03:26"), "{}", console.screen());
        let mut console = unsaved(console);
        assert!(header(&console).contains("notes NOT saved since 03:28, 1 more"), "{}", console.screen());
        console.keys("0").pass(7);
        let told = words(&console);
        let [notes, history] =
            ["notes NOT saved since 03:28: ", "history not kept since 03:26: cannot write /s/"]
                .map(|text| told.find(text).unwrap_or_else(|| panic!("{text}\n{}", console.screen())));
        assert!(notes < history);
        // Another error is no new beginning.
        console.send(Msg::Keeping(Kept::History, Some("cannot write /s/x: permission denied".into())));
        console.send(Msg::Note(Folder::Shift, NoteReply::EntrySaved(1)));
        assert!(header(&console).contains("history not kept since 03:26"), "{}", console.screen());
        assert!(words(&console).contains("permission denied"), "{}", console.screen());
        console.send(Msg::Keeping(Kept::History, None));
        let screen = console.screen();
        assert!(screen.contains("The history is kept again.") && !screen.contains("not kept"), "{screen}");
    }
}

#[test]
fn a_directory_in_memory_is_marked_as_long_as_it_is_used() {
    let mut console = Console::new((60, 20));
    let why = "cannot write in /home/kim/.local/state/midwatch: the file system is read-only, so notes go to \
               /dev/shm/midwatch-1000 (lost on reboot) now";
    console.send(Msg::Keeping(Kept::PastReboot, Some(why.into())));
    console.pass(3600);
    assert!(header(&console).contains("notes lost on reboot since 03:26"), "{}", console.screen());
    console.keys("0");
    let told = words(&console);
    assert!(told.contains(why) && told.contains("state_dir or MIDWATCH_STATE_DIR"), "{}", console.screen());
    let said = console.app.summary(console.now);
    assert!(said.iter().any(|line| line.as_str().contains("notes lost on reboot since 03:26")), "{said:?}");
}

#[test]
fn what_was_found_on_the_disk_at_the_start_stands_at_the_foot_until_a_key_is_pressed() {
    let mut console = Console::new((120, 40));
    let told = "/n/kim.a.000.journal is damaged: 40 bytes from byte 8 on are no record";
    let notices = vec![told.into()];
    let opened = NoteReply::Opened { entries: Vec::new(), pad: "".into(), held_by: None, notices };
    console.send(Msg::Note(Folder::Shift, opened));
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 0)]);
    console.pass(600);
    let foot = |console: &Console| console.screen().lines().last().unwrap_or_default().trim().to_owned();
    assert_eq!(foot(&console), told);
    console.keys("j");
    assert_ne!(foot(&console), told);
}

#[test]
fn the_notes_say_of_what_is_written_the_same_as_the_header() {
    let mut console = Console::new((80, 24));
    console.send(Msg::Note(
        Folder::Shift,
        NoteReply::Opened { entries: Vec::new(), pad: "".into(), held_by: None, notices: Vec::new() },
    ));
    console.keys("4");
    let foot = |console: &Console, word: &str| {
        console.screen().lines().any(|line| line.contains(&format!("\u{2514} {word} \u{2500}")))
    };
    assert!(foot(&console, "saved"), "{}", console.screen());
    let why = "cannot write in /home/kim: the file system is read-only, so notes go to /dev/shm/m now";
    console.send(Msg::Keeping(Kept::PastReboot, Some(why.into())));
    assert!(foot(&console, "lost on reboot") && !foot(&console, "saved"), "{}", console.screen());
    console.send(Msg::Keeping(Kept::PastReboot, None));
    assert!(foot(&console, "saved"), "{}", console.screen());

    let mut console = Console::new((60, 20));
    for text in ["one", "two"] {
        console.keys(";").type_text(text).keys("Enter");
    }
    console.send(Msg::Note(
        Folder::Shift,
        NoteReply::NotSaved("the disk is full; entries only in memory: 2".into()),
    ));
    assert!(console.screen().contains("unsaved 2"), "{}", console.screen());
}
