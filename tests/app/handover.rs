//! The shift that is handed over: to whom it is shown, and what is theirs when they accept.

use midwatch::app::Setup;
use midwatch::model::alert::Severity;
use midwatch::model::incident::{Field, Incident};
use midwatch::model::note::{Entry, Folder, Later, NoteReply, What};
use midwatch::model::told::later;
use midwatch::pane::effect::Msg;

use crate::console::{Console, alert, setup};
use crate::team::{Two, command, written};
use crate::{NARROW, WIDE};

/// A console that starts and reads what a team told each other.
fn start(person: &str, entries: &[Entry]) -> Console {
    let mut console = Console::with(Setup {
        person: person.into(),
        session_name: format!("{person} again").into(),
        ..setup(WIDE)
    });
    console.send(Msg::Note(Folder::Team, NoteReply::Read(entries.to_vec())));
    console
}

/// A console of one of several people who share a record.
fn of(person: &str, size: (u16, u16)) -> Console {
    let (person, session_name) = (person.into(), format!("of {person}").into());
    let mut console = Console::with(Setup { person, session_name, ..setup(size) });
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    console
}

/// What one wrote comes to another.
fn tell(from: &mut Console, to: &mut Console) -> Vec<(Folder, Entry)> {
    let all = written(from);
    for (folder, entry) in all.clone() {
        to.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    all
}

fn header(console: &Console) -> String {
    console.screen().lines().next().map(str::to_owned).unwrap_or_default()
}

#[test]
fn a_shift_is_handed_over_with_its_roles_and_accepted_by_name() {
    let mut both = Two::new(WIDE);
    both.kim.keys("I Enter ;").type_text("t @ada look at the pool").keys("Enter");
    command(&mut both.kim, "handoff");
    assert!(both.kim.screen().contains("Type who takes over"), "{}", both.kim.screen());
    command(&mut both.kim, "handoff Ada");
    let screen = both.kim.screen();
    let said = "Handed over. Ada is told until accepting it, with your role; other accounts need a [team].";
    assert!(screen.contains(said), "{screen}");
    let mut all = written(&mut both.kim);
    let id = all[0].0.incident().cloned().unwrap();
    let (folder, given) = all.last().cloned().unwrap();
    assert_eq!((folder, &given.what), (Folder::Team, &What::HandOver { to: Some("Ada".into()) }));
    let text = given.text.as_str().unwrap();
    let row = text.lines().find(|line| line.contains("HighErrorRate checkout")).unwrap();
    assert!(row.contains("kim (offered to Ada)") && row.contains("look at the pool"), "{text}");

    for (folder, entry) in all.clone() {
        both.ada.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    // Nobody has touched a key there: it is what one begins with.
    let screen = both.ada.screen();
    assert!(screen.contains("hand-over by kim") && screen.contains(":accept takes it over"), "{screen}");
    assert!(screen.contains("Open incidents") && header(&both.ada).contains("hand-over by kim"), "{screen}");
    command(&mut both.ada, "accept");
    let screen = both.ada.screen();
    assert!(screen.contains("The hand-over by kim is accepted by ada, with a role of theirs."), "{screen}");
    assert!(
        !screen.contains(":accept takes it over") && !header(&both.ada).contains("hand-over"),
        "{screen}"
    );
    let accepted = written(&mut both.ada);
    let said = later(given.key(), Later::Done(true));
    assert_eq!(accepted.last().map(|(folder, entry)| (folder, &entry.what)), Some((&Folder::Team, &said)));
    for (folder, entry) in accepted.clone() {
        both.kim.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    // The answer to one's own key stands first.
    both.kim.pass(5);
    assert!(both.kim.screen().contains("ada has accepted your hand-over."), "{}", both.kim.screen());
    all.extend(accepted);
    let of_incident = all.iter().filter(|(folder, _)| folder.incident() == Some(&id));
    let of_incident: Vec<Entry> = of_incident.map(|(_, entry)| entry.clone()).collect();
    assert_eq!(Incident::of(&id, &of_incident).unwrap().roles, [(Field::Lead, "ada".into())]);

    // It stays in the timeline of the shift, to be read again.
    command(&mut both.kim, "incident none");
    both.kim.keys("4 f /").type_text("handed over").keys("Enter");
    let screen = both.kim.screen();
    assert!(screen.contains("the shift is handed over to Ada, accepted by ada"), "{screen}");
    both.kim.keys("g Enter");
    assert!(both.kim.screen().contains("# Hand-over of the shift"), "{}", both.kim.screen());
    both.kim.keys("Esc");
    command(&mut both.kim, "star");
    assert_eq!(written(&mut both.kim), [], "what lies elsewhere is not starred here");

    let of_team: Vec<Entry> =
        all.into_iter().filter(|(folder, _)| *folder == Folder::Team).map(|(_, entry)| entry).collect();
    assert!(start("ada", &of_team[..1]).screen().contains("hand-over by kim"));
    assert!(!start("ada", &of_team).screen().contains("hand-over by kim"), "it is accepted");
    assert!(!start("lee", &of_team[..1]).screen().contains("hand-over by kim"), "it is for ada");
    assert!(!start("kim", &of_team[..1]).screen().contains("hand-over by kim"), "they gave it");
}

#[test]
fn who_is_at_the_keys_is_told_of_a_hand_over_and_keeps_their_screen() {
    let mut both = Two::new(NARROW);
    both.ada.keys("3");
    command(&mut both.kim, "handoff anyone");
    let said = "Handed over. Whoever comes next is told until accepting it; other accounts";
    assert!(both.kim.screen().contains(said), "{}", both.kim.screen());
    both.share();
    let screen = both.ada.screen();
    assert!(screen.contains("kim hands the shift over to you: :handoff shows it."), "{screen}");
    assert!(header(&both.ada).contains("hand-over by kim: :handoff"), "{screen}");
    assert!(screen.contains("HighErrorRate") && !screen.contains(":accept takes it over"), "{screen}");
    command(&mut both.ada, "handoff");
    assert!(both.ada.screen().contains(":accept takes it over"), "{}", both.ada.screen());
    both.ada.keys("Esc");
    assert!(header(&both.ada).contains("hand-over by kim: :handoff"), "{}", both.ada.screen());
    command(&mut both.kim, "accept");
    assert!(both.kim.screen().contains("No hand-over is left for you"), "{}", both.kim.screen());
    command(&mut both.ada, "accept");
    assert!(!header(&both.ada).contains("hand-over"), "{}", both.ada.screen());
    both.share();
    // The answer to one's own key stands first.
    both.kim.pass(5);
    assert!(both.kim.screen().contains("ada has accepted your hand-over."), "{}", both.kim.screen());
}

#[test]
fn one_accept_takes_the_hand_over_and_all_roles_also_where_its_page_is_not_shown() {
    let mut both = Two::new(NARROW);
    both.ada.keys("3");
    both.kim.keys("I Enter");
    command(&mut both.kim, "set comms ada");
    command(&mut both.kim, "handoff ada");
    both.share();
    let screen = both.ada.screen();
    assert!(header(&both.ada).contains("hand-over by kim: :handoff"), "{screen}");
    assert!(screen.contains("kim hands the shift over to you: :handoff shows it."), "{screen}");
    command(&mut both.ada, "incident higherror");
    command(&mut both.ada, "accept");
    let screen = both.ada.screen();
    assert!(screen.contains("The hand-over by kim is accepted by ada, with 2 roles of theirs."), "{screen}");
    assert!(!header(&both.ada).contains(":accept") && !header(&both.ada).contains(":handoff"), "{screen}");
    both.share();
    // The answer to one's own key stands first.
    both.kim.pass(5);
    assert!(both.kim.screen().contains("ada has accepted your hand-over."), "{}", both.kim.screen());
}

#[test]
fn a_hand_over_that_nobody_accepted_for_a_week_is_no_longer_shown() {
    let mut both = Two::new(WIDE);
    command(&mut both.kim, "handoff ada");
    let mut given = written(&mut both.kim).pop().unwrap().1;
    let days = |days: i64| jiff::SignedDuration::from_hours(24 * days);
    given.recorded = given.recorded.checked_sub(days(6)).unwrap();
    assert!(start("ada", std::slice::from_ref(&given)).screen().contains("hand-over by kim"));
    given.recorded = given.recorded.checked_sub(days(2)).unwrap();
    let late = start("ada", &[given]);
    assert!(!late.screen().contains("hand-over by kim"), "{}", late.screen());
}

#[test]
fn what_is_accepted_is_the_hand_over_that_is_on_the_screen() {
    for size in [WIDE, NARROW] {
        let [mut ada, mut lee, mut kim] = ["ada", "lee", "kim"].map(|person| of(person, size));
        command(&mut ada, "handoff kim");
        let given = tell(&mut ada, &mut kim).pop().unwrap().1;
        assert!(kim.screen().contains(":accept takes it over"), "{}", kim.screen());
        for console in [&mut lee, &mut kim] {
            console.pass(60);
        }
        command(&mut lee, "handoff kim");
        tell(&mut lee, &mut kim);
        assert!(kim.screen().contains("hand-over by ada"), "{}", kim.screen());
        command(&mut kim, "accept");
        assert!(kim.screen().contains("The hand-over by ada is accepted by kim"), "{}", kim.screen());
        let said = What::Later {
            session: given.session,
            seq: given.seq,
            recorded: Some(given.recorded),
            said: Later::Done(true),
        };
        assert_eq!(written(&mut kim).pop().map(|(_, entry)| entry.what), Some(said));
        assert!(!kim.screen().contains(":accept takes it over"), "{}", kim.screen());
        assert!(header(&kim).contains("hand-over by lee: :handoff"), "{}", kim.screen());
    }
}

#[test]
fn a_hand_over_that_somebody_else_accepted_while_it_was_read_is_not_accepted_again() {
    let [mut ada, mut lee, mut kim] = ["ada", "lee", "kim"].map(|person| of(person, WIDE));
    command(&mut ada, "handoff anyone");
    for (folder, entry) in tell(&mut ada, &mut kim) {
        lee.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    command(&mut lee, "accept");
    tell(&mut lee, &mut kim);
    command(&mut kim, "accept");
    assert!(kim.screen().contains("lee has accepted it already."), "{}", kim.screen());
    assert_eq!(written(&mut kim), []);
}

#[test]
fn who_hands_over_again_has_said_it_once_and_what_was_known_before_is_no_news() {
    let [mut ada, mut lee, mut kim] = ["ada", "lee", "kim"].map(|person| of(person, WIDE));
    kim.keys("3");
    // Lee's was there before, and is still there after the one of ada is accepted.
    command(&mut lee, "handoff anyone");
    tell(&mut lee, &mut kim);
    for to in ["kim", "Kim"] {
        for console in [&mut ada, &mut kim] {
            console.pass(3_600);
        }
        command(&mut ada, &format!("handoff {to}"));
        tell(&mut ada, &mut kim);
        kim.pass(5);
        let said = "ada hands the shift over to you: :handoff shows it.";
        assert!(kim.screen().contains(said), "{}", kim.screen());
    }
    kim.pass(60);
    command(&mut kim, "accept");
    assert!(header(&kim).contains("hand-over by lee: :handoff"), "{}", kim.screen());
    for _ in 0..4 {
        kim.pass(4);
        assert!(!kim.screen().contains("hands the shift over to you"), "{}", kim.screen());
    }
    command(&mut kim, "accept");
    assert!(!header(&kim).contains("hand-over"), "{}", kim.screen());
    command(&mut kim, "accept");
    assert!(kim.screen().contains("No hand-over is left for you"), "{}", kim.screen());
}

#[test]
fn a_hand_over_gives_the_roles_of_who_hands_over_and_not_those_that_others_offered() {
    let [mut ada, mut lee, mut kim] = ["ada", "lee", "kim"].map(|person| of(person, WIDE));
    ada.keys("I Enter");
    for (folder, entry) in tell(&mut ada, &mut lee) {
        kim.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    command(&mut lee, "incident higherror");
    command(&mut lee, "set ops lee");
    command(&mut lee, "set ops kim");
    for (folder, entry) in tell(&mut lee, &mut ada) {
        kim.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    command(&mut ada, "handoff kim");
    tell(&mut ada, &mut kim);
    command(&mut kim, "accept");
    let screen = kim.screen();
    assert!(screen.contains("The hand-over by ada is accepted by kim, with a role of theirs."), "{screen}");
    let taken: Vec<What> = written(&mut kim).into_iter().map(|(_, entry)| entry.what).collect();
    assert!(taken.contains(&What::Accepted(Field::Lead)), "{taken:?}");
    assert!(!taken.contains(&What::Accepted(Field::Ops)), "{taken:?}");
    assert!(header(&kim).contains("ops offered to you: :accept"), "{screen}");
}
