//! What people on call say to each other: claims, roles that are offered, who else looks.

use midwatch::app::Setup;
use midwatch::model::alert::Severity;
use midwatch::model::incident::{Field, Incident};
use midwatch::model::note::{Entry, Folder, NoteCommand, NoteReply, What};
use midwatch::pane::effect::{Effect, Msg};

use crate::console::{Console, alert, at, setup};
use crate::documents::copied;
use crate::{NARROW, WIDE};

/// Two consoles of two people on one record.
pub(crate) struct Two {
    pub(crate) ada: Console,
    pub(crate) kim: Console,
}

impl Two {
    pub(crate) fn new(size: (u16, u16)) -> Self {
        let console = |person: &str| {
            let mut console = Console::with(Setup {
                person: person.into(),
                session_name: format!("of {person}").into(),
                ..setup(size)
            });
            console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
            console
        };
        Self { ada: console("ada"), kim: console("kim") }
    }

    /// What each wrote comes to the other.
    pub(crate) fn share(&mut self) {
        let (from_ada, from_kim) = (written(&mut self.ada), written(&mut self.kim));
        for (console, entries) in [(&mut self.kim, from_ada), (&mut self.ada, from_kim)] {
            for (folder, entry) in entries {
                console.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
            }
        }
    }
}

pub(crate) fn written(console: &mut Console) -> Vec<(Folder, Entry)> {
    let effects = std::mem::take(&mut console.effects);
    let entry = |effect| match effect {
        Effect::Note(folder, NoteCommand::Entry(entry)) => Some((folder, entry)),
        _ => None,
    };
    effects.into_iter().filter_map(entry).collect()
}

pub(crate) fn command(console: &mut Console, text: &str) {
    console.keys(":").type_text(text).keys("Enter");
}

#[test]
fn who_claims_an_alert_is_shown_on_its_row_in_both_consoles() {
    for size in [WIDE, NARROW] {
        let mut both = Two::new(size);
        command(&mut both.kim, "claim");
        both.share();
        for console in [&both.ada, &both.kim] {
            let row = console.row("HighErrorRate").unwrap();
            assert!(row.contains("@kim"), "{row}");
        }
        assert!(both.ada.screen().contains("kim claimed HighErrorRate."), "{}", both.ada.screen());
        both.ada.keys("Enter");
        assert!(both.ada.screen().contains("Claimed by kim at "), "{}", both.ada.screen());
        both.ada.keys("Esc");
        command(&mut both.ada, "claim");
        assert!(both.ada.screen().contains("kim has HighErrorRate since"), "{}", both.ada.screen());
        assert_eq!(written(&mut both.ada), [], "it is kim's");
        command(&mut both.kim, "release");
        both.share();
        let row = both.ada.row("HighErrorRate").unwrap();
        assert!(!row.contains('@'), "{row}");
        command(&mut both.ada, "release");
        assert!(both.ada.screen().contains("Nobody has HighErrorRate"), "{}", both.ada.screen());
    }
}

#[test]
fn who_had_the_alert_before_it_was_declared_stands_in_its_record() {
    let mut both = Two::new(NARROW);
    both.ada.keys("a");
    assert!(both.ada.row("HighErrorRate").unwrap().contains("@ada"), "{}", both.ada.screen());
    both.share();
    both.kim.pass(40);
    both.kim.keys("I Enter");
    let entries = written(&mut both.kim);
    let claims: Vec<_> = entries
        .iter()
        .filter(|(folder, entry)| folder.incident().is_some() && matches!(entry.what, What::Claim { .. }))
        .map(|(_, entry)| (entry.person.clone(), entry.at, entry.recorded))
        .collect();
    assert_eq!(claims, [("ada".into(), at(0), at(40))]);
    command(&mut both.kim, "document postmortem");
    both.kim.resize((100, 60));
    let row = both.kim.row("acknowledged").unwrap();
    assert!(row.contains("03:26:00Z"), "{row}");
    // It is one claim: who gives it up has it no longer.
    both.kim.keys("Esc");
    for (folder, entry) in entries {
        both.ada.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    both.ada.pass(20);
    command(&mut both.ada, "release");
    both.share();
    for console in [&both.ada, &both.kim] {
        assert!(!console.row("HighErrorRate").unwrap().contains('@'), "{}", console.screen());
    }
    // Nobody had the next one.
    both.kim.alerts(&[alert("HighErrorRate", Severity::Critical, 0)]);
    both.kim.keys("I Enter");
    let entries = written(&mut both.kim);
    assert!(!entries.iter().any(|(_, entry)| matches!(entry.what, What::Claim { .. })), "{entries:?}");
}

#[test]
fn of_two_claims_at_once_the_first_counts_and_the_other_is_told() {
    let mut both = Two::new(WIDE);
    command(&mut both.kim, "claim");
    both.ada.pass(1);
    command(&mut both.ada, "claim");
    assert!(both.ada.row("HighErrorRate").unwrap().contains("@ada"), "as far as is known there");
    both.share();
    for console in [&both.ada, &both.kim] {
        assert!(console.row("HighErrorRate").unwrap().contains("@kim"), "{}", console.screen());
    }
    // It comes behind what answered the key.
    both.ada.pass(4);
    let said = "kim claimed HighErrorRate before you: it is theirs.";
    assert!(both.ada.screen().contains(said), "{}", both.ada.screen());
    assert!(!both.kim.screen().contains("before you"), "{}", both.kim.screen());
    // When it fires again nobody has it.
    both.ada.alerts(&[alert("HighErrorRate", Severity::Critical, 1)]);
    assert!(!both.ada.row("HighErrorRate").unwrap().contains('@'), "{}", both.ada.screen());
}

#[test]
fn a_person_is_the_same_however_the_name_is_written() {
    let mut both = Two::new(WIDE);
    command(&mut both.ada, "as Kim");
    command(&mut both.kim, "claim");
    both.ada.pass(1);
    command(&mut both.ada, "claim");
    both.share();
    for second in 0..3 {
        both.ada.pass(5);
        let screen = both.ada.screen();
        assert!(!screen.contains("before you") && !screen.contains("kim claimed"), "{second}: {screen}");
    }
    command(&mut both.ada, "claim");
    assert!(both.ada.screen().contains("You have HighErrorRate already."), "{}", both.ada.screen());
    command(&mut both.ada, "release");
    assert!(both.ada.screen().contains("You gave up HighErrorRate."), "{}", both.ada.screen());
    both.share();
    // The other way round, and what was handed over.
    both.kim.pass(60);
    command(&mut both.kim, "handoff anyone");
    both.share();
    assert!(!both.ada.screen().contains("hands the shift over to you"), "{}", both.ada.screen());
}

#[test]
fn a_claim_during_an_incident_is_in_its_record_and_a_todo_has_its_owner() {
    let mut both = Two::new(WIDE);
    both.kim.keys("I Enter");
    command(&mut both.kim, "claim");
    both.kim.keys(";").type_text("t check the pool").keys("Enter");
    let entries = written(&mut both.kim);
    let claims = entries.iter().filter(|(folder, entry)| {
        folder.incident().is_some() && matches!(entry.what, What::Claim { held: true, .. })
    });
    assert_eq!(claims.count(), 1, "{entries:?}");
    for (folder, entry) in entries {
        both.ada.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    command(&mut both.ada, "incident higherror");
    both.ada.keys("4 G");
    command(&mut both.ada, "claim");
    both.share();
    both.kim.keys("4");
    for console in [&both.ada, &both.kim] {
        assert!(console.screen().contains("todo @ada: check the pool"), "{}", console.screen());
    }
    both.ada.keys("g");
    command(&mut both.ada, "claim");
    assert!(both.ada.screen().contains("Choose an alert, or a todo"), "{}", both.ada.screen());
}

#[test]
fn who_claimed_an_alert_has_it_in_every_console_also_when_the_incident_is_over() {
    for over in ["closed", "cancelled"] {
        let mut both = Two::new(WIDE);
        both.kim.keys("I Enter");
        both.kim.pass(1);
        command(&mut both.kim, "claim");
        command(&mut both.kim, &format!("status {over}"));
        let mut all = written(&mut both.kim);
        assert!(all.iter().all(|(folder, _)| folder.incident().is_some()), "{all:?}");
        let folder = all[0].0.clone();
        // A console that starts now reads it at once, and keeps of it what it was.
        let start = |all: &[(Folder, Entry)]| {
            let mut console = Two::new(WIDE).ada;
            let of = |wanted: &Folder| {
                let entries = all.iter().filter(|(folder, _)| folder == wanted);
                NoteReply::Read(entries.map(|(_, entry)| entry.clone()).collect())
            };
            for folder in [&folder, &Folder::Team] {
                console.send(Msg::Note(folder.clone(), of(folder)));
            }
            console.pass(30);
            console
        };
        let has = |console: &Console, who: &str| console.screen().contains(who);
        let mut ada = start(&all);
        for console in [&both.kim, &ada] {
            assert!(has(console, "@kim"), "{over}: {}", console.screen());
        }
        command(&mut ada, "claim");
        assert!(ada.screen().contains("kim has HighErrorRate since"), "{}", ada.screen());
        // Who gives it up does so wherever that is written.
        command(&mut ada, "release");
        all.extend(written(&mut ada));
        let again = start(&all);
        for (folder, entry) in all.iter().filter(|(folder, _)| *folder == Folder::Team) {
            both.kim.send(Msg::Note(folder.clone(), NoteReply::Read(vec![entry.clone()])));
        }
        for console in [&both.kim, &ada, &again] {
            assert!(!has(console, "@"), "{over}: {}", console.screen());
        }
    }
}

#[test]
fn what_is_to_be_done_in_an_incident_that_is_over_is_handed_over_by_who_only_heard_of_it() {
    let mut both = Two::new(WIDE);
    both.kim.keys("I Enter ;").type_text("t @ada alarm on the pool").keys("Enter");
    both.kim.pass(1).keys("4 ;").type_text("t write it down").keys("Enter");
    both.kim.pass(1).keys("4 G d");
    command(&mut both.kim, "status closed");
    let all = written(&mut both.kim);
    let folder = all[0].0.clone();
    let read = NoteReply::Read(all.into_iter().map(|(_, entry)| entry).collect());
    both.ada.send(Msg::Note(folder, read));
    command(&mut both.ada, "document handoff");
    let copied = copied(&mut both.ada);
    let todos: Vec<_> = copied.iter().filter(|line| line.contains(", which is over")).collect();
    assert!(todos.len() == 1 && todos[0].contains("[ ] alarm on the pool (owner: ada"), "{copied:#?}");
}

#[test]
fn a_role_that_is_offered_is_theirs_when_they_accept() {
    let mut both = Two::new(WIDE);
    both.kim.keys("I Enter");
    command(&mut both.kim, "set lead ada");
    let screen = both.kim.screen();
    assert!(screen.contains("ada is asked to be lead, and is it with :accept."), "{screen}");
    assert!(screen.contains("lead offered to ada"), "{screen}");
    let mut all = written(&mut both.kim);
    for (folder, entry) in all.clone() {
        both.ada.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    let screen = both.ada.screen();
    assert!(screen.contains("You are asked to be lead of INC-20261122-0326-checkout"), "{screen}");
    assert!(screen.lines().next().unwrap().contains("lead offered to you: :accept"), "{screen}");
    let id = all[0].0.incident().cloned().unwrap();
    let lead = |all: &[(Folder, Entry)]| {
        let entries: Vec<Entry> = all.iter().map(|(_, entry)| entry.clone()).collect();
        Incident::of(&id, &entries).unwrap().roles
    };
    assert_eq!(lead(&all), [(Field::Lead, "kim".into())]);
    command(&mut both.kim, "accept");
    assert!(both.kim.screen().contains("No hand-over is left for you"), "{}", both.kim.screen());
    both.ada.pass(1);
    command(&mut both.ada, "accept");
    all.extend(written(&mut both.ada));
    assert_eq!(lead(&all), [(Field::Lead, "ada".into())]);
    assert_eq!(all.last().unwrap().1.words().as_str(), "lead accepted");
    assert!(!both.ada.screen().lines().next().unwrap().contains("offered"), "{}", both.ada.screen());
}

#[test]
fn who_answers_has_the_last_word_also_where_the_clock_of_the_other_is_ahead() {
    let mut both = Two::new(WIDE);
    // Kim's is an hour ahead.
    both.kim.pass(3_600);
    command(&mut both.kim, "claim");
    both.kim.keys("I Enter");
    for (folder, entry) in written(&mut both.kim) {
        both.ada.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    }
    command(&mut both.ada, "incident higherror");
    both.ada.keys("3");
    command(&mut both.ada, "release");
    assert!(!both.ada.row("HighErrorRate").unwrap().contains('@'), "{}", both.ada.screen());
    command(&mut both.ada, "set lead lee");
    for (status, severity) in [("mitigated", "3"), ("active", "1"), ("resolved", "4")] {
        for console in [&mut both.kim, &mut both.ada] {
            command(console, &format!("status {status}"));
            command(console, &format!("severity {severity}"));
        }
        both.share();
    }
    for console in [&mut both.kim, &mut both.ada] {
        let header = console.screen().lines().next().unwrap().to_owned();
        assert!(header.contains("SEV4 resolved"), "{}", console.screen());
        command(console, "severity 2");
        assert!(console.screen().lines().next().unwrap().contains("SEV2 resolved"), "{}", console.screen());
    }
}

#[test]
fn a_clock_that_is_ahead_does_not_keep_the_first_update_from_being_due() {
    let mut both = Two::new(WIDE);
    both.kim.pass(7_200);
    both.kim.keys("I Enter");
    both.share();
    command(&mut both.ada, "incident higherror");
    let header = |console: &Console| console.screen().lines().next().unwrap().to_owned();
    assert!(header(&both.ada).contains("status update in 30m"), "{}", header(&both.ada));
    assert!(header(&both.kim).contains("status update in 30m"), "{}", header(&both.kim));
    both.ada.pass(1_860);
    assert!(header(&both.ada).contains("OVERDUE 0:01: status update"), "{}", header(&both.ada));
}

#[test]
fn who_else_looks_at_the_incident_is_named_with_it() {
    let mut both = Two::new(WIDE);
    both.kim.keys("I Enter 4");
    let folder = written(&mut both.kim)[0].0.clone();
    both.kim.send(Msg::Note(folder.clone(), NoteReply::Here(vec!["ada".into(), "l\u{1b}[31mee".into()])));
    let screen = both.kim.screen();
    assert!(screen.contains("ada, l\u{241b}[31mee here, viewing"), "{screen}");
    both.kim.send(Msg::Note(folder, NoteReply::Here(Vec::new())));
    assert!(!both.kim.screen().contains("viewing"), "{}", both.kim.screen());
}

/// What stands at the foot in so many seconds, each looked at.
fn foot(console: &mut Console, seconds: usize) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for _ in 0..seconds {
        console.pass(1);
        seen.extend(console.screen().lines().last().map(|line| line.trim().to_owned()));
    }
    seen
}

#[test]
fn that_one_is_asked_for_a_role_is_told_no_longer_when_that_is_not_so() {
    let ends: [(&str, bool); 4] =
        [("accept", true), ("set lead kim", false), ("set lead lee", false), ("status closed", false)];
    for (end, is_adas) in ends {
        let mut both = Two::new(WIDE);
        both.kim.keys("I Enter");
        both.share();
        both.ada.pass(30);
        command(&mut both.kim, "set lead ada");
        both.share();
        let asked = "You are asked to be lead of";
        assert!(both.ada.screen().contains(asked), "{}", both.ada.screen());
        // A key at once: it waits until that is over.
        both.ada.keys(":").type_text("accept");
        if is_adas {
            both.ada.keys("Enter");
            assert!(both.ada.screen().contains("You are lead of"), "{}", both.ada.screen());
        } else {
            both.ada.keys("Esc");
            both.ada.keys("3");
            command(&mut both.kim, end);
            both.share();
        }
        both.ada.keys("3");
        let seen = foot(&mut both.ada, 20);
        assert!(!seen.iter().any(|line| line.contains(asked)), "{end}: {seen:?}");
        if end == "status closed" {
            // Nobody is asked to take a role in what is over, also when a console starts.
            command(&mut both.ada, "accept");
            assert!(both.ada.screen().contains("No hand-over is left for you"), "{}", both.ada.screen());
            // In the border, that is; the timeline keeps it.
            assert!(!both.kim.screen().contains("lead offered to ada \u{2500}"), "{}", both.kim.screen());
        }
    }
}
