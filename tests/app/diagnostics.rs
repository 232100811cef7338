//! Key scripts of the diagnostics of a row.

use std::time::Duration;

use crate::console::{Console, alert, at, setup};
use midwatch::app::Setup;
use midwatch::config::argv::Argv;
use midwatch::config::diagnostics::Diagnostic;
use midwatch::config::origin::Origin;
use midwatch::model::alert::{Alert, Severity};
use midwatch::model::diagnostic::{End, Errand, Heard};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::{Evidence, Folder, NoteCommand, What};
use midwatch::pane::effect::{Effect, Msg};

const WIDE: (u16, u16) = (160, 40);

fn diagnostic(name: &str, argv: &[&str]) -> Diagnostic {
    let mut words = argv.iter().map(|word| (*word).to_owned());
    Diagnostic {
        name: name.into(),
        argv: Argv { program: words.next().unwrap_or_default(), arguments: words.collect() },
        services: Vec::new(),
        hosts: Vec::new(),
        alerts: Vec::new(),
        within: Duration::from_secs(10),
        on_declare: false,
        env: vec!["SSH_AUTH_SOCK".to_owned()],
        origin: Origin::default(),
    }
}

/// An alert about this host.
fn about(host: &str) -> Alert {
    let labels = [("service", "checkout"), ("host", host)].map(|(name, value)| (name.into(), value.into()));
    Alert { labels: labels.into(), ..alert("DiskFull", Severity::Critical, 14) }
}

fn console(host: &str) -> Console {
    let other = Diagnostic { hosts: vec!["db-9".into()], ..diagnostic("other", &["true"]) };
    let diagnostics = vec![
        diagnostic("disk", &["ssh", "--", "{host}", "df"]),
        diagnostic("who", &["/bin/look", "{alert}", "{service}"]),
        other,
    ];
    let mut console = Console::with(Setup { diagnostics, ..setup(WIDE) });
    console.alerts(&[about(host)]);
    console
}

fn errands(console: &Console) -> Vec<Errand> {
    let errands = |effect: &Effect| match effect {
        Effect::Diagnose(errands) => Some(errands.clone()),
        _ => None,
    };
    console.effects.iter().filter_map(errands).flatten().collect()
}

fn notes(console: &Console) -> Vec<String> {
    let text = |effect: &Effect| match effect {
        Effect::Note(_, NoteCommand::Entry(entry)) => Some(entry.words().as_str().to_owned()),
        _ => None,
    };
    console.effects.iter().filter_map(text).collect()
}

/// Where it was written, in order.
fn folders(console: &Console) -> Vec<Folder> {
    let folder = |effect: &Effect| match effect {
        Effect::Note(folder, NoteCommand::Entry(_)) => Some(folder.clone()),
        _ => None,
    };
    console.effects.iter().filter_map(folder).collect()
}

#[expect(clippy::expect_used, reason = "a test that finds none has failed")]
fn evidence(console: &Console) -> Evidence {
    let kept = console.effects.iter().find_map(|effect| match effect {
        Effect::Note(_, NoteCommand::Entry(entry)) => match &entry.what {
            What::Evidence(kept) => Some((**kept).clone()),
            _ => None,
        },
        _ => None,
    });
    kept.expect("something is kept")
}

#[test]
fn what_is_meant_for_it_runs_when_an_incident_is_declared_and_is_its_evidence() {
    let begins = Diagnostic { on_declare: true, ..diagnostic("disk", &["df", "{host}"]) };
    let other = diagnostic("who", &["who", "{host}"]);
    let mut console = Console::with(Setup { diagnostics: vec![begins, other], ..setup(WIDE) });
    console.alerts(&[about("db-7")]);
    console.keys("I Enter");
    let asked = errands(&console);
    assert_eq!(asked.iter().map(|one| one.program.as_str()).collect::<Vec<_>>(), ["df"]);
    assert!(console.screen().contains("3 Alerts"), "the screen stays what it is: {}", console.screen());
    console.effects.clear();
    console.send(Msg::Diagnosed(asked[0].id, Heard::Output("98%\n".into())));
    console.send(Msg::Diagnosed(asked[0].id, Heard::Ended(End::Code(0), Duration::ZERO)));
    assert_eq!(evidence(&console).lines, ["98%".into()]);
    let folder = console.effects.iter().find_map(|effect| match effect {
        Effect::Note(folder, _) => Some(folder.clone()),
        _ => None,
    });
    assert!(folder.is_some_and(|folder| folder.incident().is_some()));
}

#[test]
fn what_a_diagnostic_says_stands_in_the_record_in_which_it_was_begun() {
    let begins = Diagnostic { on_declare: true, ..diagnostic("disk", &["df", "{host}"]) };
    let mut console = Console::with(Setup { diagnostics: vec![begins], ..setup(WIDE) });
    console.alerts(&[about("db-7")]);
    console.keys("D Esc I Enter");
    let first = folders(&console);
    console.keys(":").type_text("incident none").keys("Enter I ctrl-u").type_text("2 other").keys("Enter");
    let asked = errands(&console);
    assert_eq!(asked.len(), 3, "{asked:?}");
    for (errand, folder) in asked.iter().zip([&Folder::Shift, &first[0]]) {
        console.effects.clear();
        console.send(Msg::Diagnosed(errand.id, Heard::Ended(End::Code(0), Duration::ZERO)));
        assert_eq!(folders(&console), std::slice::from_ref(folder));
    }
}

#[test]
fn what_runs_for_a_declaration_does_not_take_the_place_of_what_is_shown() {
    let begins = Diagnostic { on_declare: true, ..diagnostic("uptime", &["uptime"]) };
    let disk = Diagnostic { hosts: vec!["db-7".into()], ..diagnostic("disk", &["df", "{host}"]) };
    let mut console = Console::with(Setup { diagnostics: vec![begins, disk], ..setup(WIDE) });
    console.alerts(&[about("db-7")]);
    console.keys("D I ctrl-u").type_text("2 other").keys("Enter");
    let asked = errands(&console);
    assert_eq!(asked.iter().map(|one| one.program.as_str()).collect::<Vec<_>>(), ["uptime", "df", "uptime"]);
    console.send(Msg::Diagnosed(asked[2].id, Heard::Output("up 3 days\n".into())));
    console.send(Msg::Diagnosed(asked[1].id, Heard::Output("98%\n".into())));
    let screen = console.screen();
    assert!(screen.contains("Diagnostics of DiskFull") && screen.contains("0 of 2 done"), "{screen}");
    assert!(screen.contains("98%") && !screen.contains("up 3 days"), "{screen}");
}

#[test]
fn while_eight_rounds_run_a_ninth_is_refused_and_no_evidence_is_lost() {
    let begins = Diagnostic { on_declare: true, ..diagnostic("disk", &["df", "{host}"]) };
    let mut console = Console::with(Setup { diagnostics: vec![begins], ..setup(WIDE) });
    for round in 0..8 {
        console.alerts(&[about(&format!("db-{round}"))]);
        console.keys("D Esc");
    }
    let asked = errands(&console);
    assert_eq!(asked.len(), 8, "{asked:?}");
    console.alerts(&[about("db-8")]);
    console.keys("D");
    let screen = console.screen();
    assert!(
        screen.contains("8 rounds of diagnostics still run: no other begins before one has ended."),
        "{screen}"
    );
    assert!(screen.contains("3 Alerts"), "nothing takes the place of the pane: {screen}");
    console.keys("I Enter");
    let screen = console.screen();
    assert!(
        screen.contains("8 rounds of diagnostics still run: no other begins before one has ended."),
        "{screen}"
    );
    assert_eq!(errands(&console).len(), 8);
    console.effects.clear();
    console.send(Msg::Diagnosed(asked[0].id, Heard::Output("98%\n".into())));
    console.send(Msg::Diagnosed(asked[0].id, Heard::Ended(End::Code(0), Duration::ZERO)));
    assert_eq!(evidence(&console).lines, ["98%".into()]);
    console.keys("3 D");
    assert_eq!(errands(&console).len(), 1, "{}", console.screen());
}

#[test]
fn what_is_for_the_row_is_run_at_once_and_shown_as_it_comes() {
    let mut console = console("db-7");
    console.keys("D");
    let asked = errands(&console);
    let words: Vec<_> =
        asked.iter().map(|errand| format!("{} {}", errand.program, errand.arguments.join(" "))).collect();
    assert_eq!(words, ["ssh -- db-7 df", "/bin/look DiskFull checkout"]);
    assert_eq!(asked[0].env, ["SSH_AUTH_SOCK"]);
    let screen = console.screen();
    assert!(screen.contains("Diagnostics of DiskFull") && screen.contains("0 of 2 done"), "{screen}");
    assert!(screen.contains("waits for the others"), "{screen}");
    let (disk, who) = (asked[0].id, asked[1].id);
    console.send(Msg::Diagnosed(disk, Heard::Started));
    console.send(Msg::Diagnosed(disk, Heard::Output("/dev/sda1  98%\n\u{1b}]52;c;AA\u{7}evil\n".into())));
    let screen = console.screen();
    assert!(screen.contains("/dev/sda1  98%") && screen.contains("]52;c;AA"), "{screen}");
    assert!(!screen.contains('\u{1b}'), "{screen:?}");
    assert_eq!(notes(&console), [""; 0], "nothing has ended");
    console.send(Msg::Diagnosed(disk, Heard::Ended(End::Code(0), Duration::from_millis(240))));
    let screen = console.screen();
    assert!(screen.contains("exit status 0 in 0.2 s") && screen.contains("1 of 2 done"), "{screen}");
    assert_eq!(notes(&console).len(), 1);
    assert_eq!(notes(&console)[0], "evidence: 2 lines of diagnostic disk: exit status 0 in 0.2 s");
    let kept = evidence(&console);
    assert_eq!((kept.query, kept.window.1), ("ssh -- db-7 df".into(), at(0)));
    assert_eq!(kept.lines[0], "/dev/sda1  98%".into());
    assert!(!kept.lines[1].as_bytes().contains(&0x1b), "{:?}", kept.lines);
    // The view is closed; what ends is told all the same.
    console.keys("Esc");
    assert!(console.screen().contains("3 Alerts"), "{}", console.screen());
    console.send(Msg::Diagnosed(who, Heard::Ended(End::TimedOut, Duration::from_secs(10))));
    assert_eq!(notes(&console)[1], "evidence: 0 lines of diagnostic who: no end in 10.0 s: it was ended");
}

#[test]
fn a_round_that_runs_is_looked_at_and_not_begun_twice_and_r_runs_it_again_at_its_end() {
    let mut console = console("db-7");
    console.keys("D r");
    assert!(console.screen().contains("They still run"), "{}", console.screen());
    console.keys("D");
    assert!(console.screen().contains("3 Alerts"), "{}", console.screen());
    console.keys("D");
    assert_eq!(errands(&console).len(), 2);
    for errand in errands(&console) {
        console.send(Msg::Diagnosed(errand.id, Heard::Ended(End::Code(0), Duration::ZERO)));
    }
    assert!(console.screen().contains("all 2 done  r runs again"), "{}", console.screen());
    console.keys("r");
    let all = errands(&console);
    assert_eq!(all.len(), 4);
    assert!(all[2].id > all[1].id, "a late word of the first round is not of the second");
    console.keys("y");
    assert!(console.effects.iter().any(|effect| matches!(effect, Effect::Copy(_))));
}

#[test]
fn a_value_that_a_program_or_a_shell_could_obey_is_refused_and_told() {
    for (host, why) in [
        ("-oProxyCommand=reboot", "begins with -"),
        ("x;reboot", "characters that a shell elsewhere could obey"),
    ] {
        let mut console = console(host);
        console.keys("D");
        let asked = errands(&console);
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(asked[0].program, "/bin/look");
        let screen = console.screen();
        assert!(screen.contains("not run: the host") && screen.contains(why), "{screen}");
    }
}

#[test]
fn where_there_is_nothing_to_run_it_is_said() {
    let mut console = Console::new(WIDE);
    console.alerts(&[about("db-7")]);
    console.keys("D");
    let screen = console.screen();
    assert!(screen.contains("No diagnostic is configured") && screen.contains("[[diagnostic]]"), "{screen}");
    let other = Diagnostic { hosts: vec!["db-9".into()], ..diagnostic("other", &["true"]) };
    let mut console = Console::with(Setup { diagnostics: vec![other], ..setup(WIDE) });
    console.alerts(&[about("db-7")]);
    console.keys("D");
    assert!(
        console.screen().contains("None of the 1 configured diagnostics is for DiskFull"),
        "{}",
        console.screen()
    );
    assert_eq!(errands(&console), []);
}

#[test]
fn from_a_runbook_they_are_those_of_its_alert_and_one_that_could_not_be_run_is_no_note() {
    let mut console = console("db-7");
    console.keys("K D");
    let asked = errands(&console);
    assert_eq!(asked[1].arguments, ["DiskFull", "checkout"]);
    let failure = Failure::new(FailureKind::Missing, "start ssh: no such program in PATH");
    console.send(Msg::Diagnosed(asked[0].id, Heard::Ended(End::NotRun(failure), Duration::ZERO)));
    let screen = console.screen();
    assert!(screen.contains("not run: start ssh: no such program in PATH"), "{screen}");
    assert_eq!(notes(&console), [""; 0]);
}
