//! Key scripts of the view of patterns.

use std::sync::Arc;

use crate::console::{Console, alert, at, setup};
use jiff::SignedDuration;
use midwatch::app::Setup;
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::Line;
use midwatch::logs::stamp::Zone;
use midwatch::model::alert::Severity;
use midwatch::model::catalog::{Catalog, ServiceEntry};
use midwatch::model::incident::{Declared, IncidentId, Sev, Status};
use midwatch::model::note::{Entry, Folder, NoteCommand, NoteReply, What};
use midwatch::pane::effect::{Effect, Msg};

/// Half an hour of lines before 03:26; one of them begins 14 minutes before, when the alert does.
#[expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
fn lines(console: &mut Console) {
    let mut builder = SegmentBuilder::new("app.log".into(), Zone::default());
    for second in -1800..0 {
        let mut push = |text: String| {
            let line = format!("{} {text}", at(second));
            builder.push(Line::from(line.as_bytes()), Given::default(), at(0));
        };
        push(format!("INFO order {second} placed in {} ms", -second));
        if second >= -14 * 60 && second % 10 == 0 {
            push(format!("ERROR pool \"main\" exhausted after {} ms", -second));
        }
        if second % 30 == 0 {
            push(format!("WARN slow answer of {} ms", -second));
        }
    }
    let segment = builder.seal().unwrap().said_by("logs".into());
    console.send(Msg::Segment(Arc::new(segment)));
}

/// Lets the worker do what it was asked to.
fn work(console: &mut Console) -> usize {
    let mut jobs = 0;
    loop {
        let job = console.effects.extract_if(.., |effect| matches!(effect, Effect::Mine(_))).next();
        let Some(Effect::Mine(job)) = job else { return jobs };
        jobs += 1;
        console.send(Msg::Mined(Some(job.run())));
        console.now += SignedDuration::from_millis(300);
        console.send(Msg::Wake);
    }
}

fn outage() -> Console {
    let checkout =
        ServiceEntry { name: "checkout".into(), logs: vec!["logs".into()], ..ServiceEntry::default() };
    let mut console = Console::with(Setup { catalog: Catalog::new(&[checkout], &[]), ..setup((120, 40)) });
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    lines(&mut console);
    console
}

#[test]
fn nothing_is_mined_before_somebody_asks_and_then_once() {
    let mut console = outage();
    console.keys("2").pass(60);
    assert_eq!(work(&mut console), 0);
    console.keys("P");
    assert!(console.screen().contains("Looking at the lines."), "{}", console.screen());
    assert_eq!(work(&mut console), 1);
    let screen = console.screen();
    assert!(screen.contains("[top 3]") && screen.contains("order <num> placed in <time>"), "{screen}");
    console.keys("Esc").pass(60);
    console.keys("P");
    assert_eq!(work(&mut console), 0, "it is kept");
    assert!(console.screen().contains("when you looked last"), "{}", console.screen());
}

#[test]
fn enter_shows_the_lines_of_a_pattern_and_another_key_takes_them_out() {
    let mut console = outage();
    console.keys("2 P");
    work(&mut console);
    console.keys("j Enter");
    let screen = console.screen();
    assert!(screen.contains("/pattern:\"pool <str> exhausted after <time>\""), "{screen}");
    assert!(screen.contains("P shows the patterns, Esc all lines."), "{screen}");
    console.pass(10);
    let screen = console.screen();
    assert!(screen.contains("84 of 1944") && !screen.contains("placed"), "{screen}");
    console.keys("P j !").pass(10);
    let screen = console.screen();
    assert!(screen.contains("[top 3]") && screen.contains("excluded"), "{screen}");
    console.keys("Esc");
    let screen = console.screen();
    assert!(screen.contains("0 of 1944"), "of the pattern, and not of it: {screen}");
    console.keys("Esc").pass(1);
    console.keys("P g space space !").pass(10);
    console.keys("Esc").pass(1);
    console.keys("Esc").pass(1);
    let screen = console.screen();
    assert!(screen.contains("60 of 1944") && screen.contains("slow answer"), "{screen}");
    assert_eq!(work(&mut console), 0);
}

#[test]
fn after_the_logs_of_an_alert_what_is_new_since_its_onset_comes_first() {
    let mut console = outage();
    console.keys("3 L P");
    work(&mut console);
    let screen = console.screen();
    assert!(
        screen.contains("[new 1]") && screen.contains("Since 03:07, 5 min before HighErrorRate"),
        "{screen}"
    );
    assert!(screen.contains("pool <str> exhausted after <time>") && !screen.contains("placed"), "{screen}");
    console.keys(": s i n c e space 0 3 : 0 0 Enter");
    let screen = console.screen();
    assert!(screen.contains("Since 03:00"), "{screen}");
}

#[test]
fn while_the_screen_is_frozen_nothing_is_mined_and_nothing_changes() {
    let mut console = outage();
    console.keys("2 P");
    work(&mut console);
    console.keys("p").pass(10);
    let before = console.screen();
    lines(&mut console);
    console.pass(10);
    assert_eq!(work(&mut console), 0);
    assert!(before.contains("[top 3]") && console.screen().contains("3 patterns of 1944 records"));
    console.keys("p").pass(10);
    assert_eq!(work(&mut console), 1);
    assert!(console.screen().contains("3 patterns of 3888 records"), "{}", console.screen());
}

#[test]
fn what_helped_when_the_logs_said_the_same_is_told() {
    let mut console = outage();
    let newest = |console: &mut Console, filter: &str| {
        console.keys("2 Esc /").type_text(filter).keys("Enter G");
    };
    newest(&mut console, "exhausted");
    console.keys("I Enter :").type_text("status resolved made the pool larger").keys("Enter :");
    console.type_text("status closed").keys("Enter :").type_text("incident none").keys("Enter");
    // Another line of the same pattern, with other values.
    console.keys("2 k Enter");
    let screen = console.screen();
    assert!(screen.contains("What was like it") && screen.contains("the pool larger"), "{screen}");
    assert!(screen.contains("the same log pattern: pool <str> exhausted"), "{screen}");
    // One that was declared from something else hears it when such a line is pinned, and only once.
    console.keys("Esc 4 I").type_text("all is slow").keys("Enter");
    assert!(!console.screen().contains("Last time"), "{}", console.screen());
    newest(&mut console, "slow");
    console.keys(">");
    assert!(console.screen().contains("Pinned to the timeline."), "{}", console.screen());
    assert!(!console.screen().contains("Last time"), "nothing said that before: {}", console.screen());
    newest(&mut console, "exhausted");
    console.keys(">");
    let said =
        "Pinned to the timeline. Last time: made the pool larger (10s ago, took 10s, the same log pattern: ";
    assert!(console.screen().contains(said), "{}", console.screen());
    console.pass(60);
    console.keys(">");
    assert!(!console.screen().contains("Last time"), "{}", console.screen());
}

#[test]
fn a_page_that_stays_open_hears_of_an_incident_that_was_resolved_meanwhile() {
    let over = |name: &str, declared: Declared| {
        let told =
            [(What::Declared(Box::new(declared)), ""), (What::Status(Status::Resolved), "drained db-7")];
        let entry = |(place, (what, text)): (usize, (What, &str))| Entry {
            at: at(-3600),
            recorded: at(-3600),
            person: "ada".into(),
            what,
            text: text.into(),
            session: "other".into(),
            seq: place as u64,
        };
        let entries = told.into_iter().enumerate().map(entry).collect();
        let folder = Folder::Incident(IncidentId::try_from(name.to_owned()).unwrap());
        Msg::Note(folder, NoteReply::Read(entries))
    };
    let mut console = outage();
    console.keys("2 /").type_text("exhausted").keys("Enter G Enter");
    assert!(!console.screen().contains("What was like it"), "{}", console.screen());
    let patterns = vec!["pool <str> exhausted after <time>".into()];
    console.send(over("INC-1", Declared { patterns, ..Declared::new("one", Sev::SECOND) }));
    let screen = console.screen();
    assert!(screen.contains("What was like it") && screen.contains("drained db-7"), "{screen}");
    console.keys("Esc 3 Enter G");
    assert!(!console.screen().contains("What was like it"), "{}", console.screen());
    let alert = Some("HighErrorRate".into());
    console.send(over("INC-2", Declared { alert, ..Declared::new("two", Sev::SECOND) }));
    console.keys("G");
    let screen = console.screen();
    assert!(screen.contains("What was like it") && screen.contains("INC-2 SEV2"), "{screen}");
}

/// The current incident is over by this, and closed, and none is current.
fn over(console: &mut Console, how: &str) {
    console.keys(":").type_text(&format!("status resolved {how}")).keys("Enter :");
    console.type_text("status closed").keys("Enter :").type_text("incident none").keys("Enter");
}

#[test]
fn routine_lines_that_were_pinned_beside_an_error_tell_nothing() {
    let mut console = outage();
    console.keys("4 I").type_text("all is slow").keys("Enter 2 Esc G v");
    // Nine lines of orders, and the error before them.
    for _ in 0..9 {
        console.keys("k");
    }
    console.keys("> Esc Esc G >");
    over(&mut console, "drained eu-1");
    console.keys("2 Esc Esc G k Enter");
    let screen = console.screen();
    assert!(screen.contains("placed in"), "{screen}");
    assert!(!screen.contains("drained eu-1"), "an order was placed, as always: {screen}");
    console.keys("Esc /").type_text("exhausted").keys("Enter G k Enter");
    let screen = console.screen();
    assert!(screen.contains("the same log pattern: pool <str> exhausted"), "{screen}");
    assert!(screen.contains("drained eu-1"), "{screen}");
    console.keys("Esc Esc");
    // An incident that was declared from such a line is about it.
    console.keys("/").type_text("placed").keys("Enter G I Enter");
    over(&mut console, "opened the shop again");
    console.keys("2 k Enter");
    let screen = console.screen();
    assert!(screen.contains("opened the shop again") && !screen.contains("drained eu-1"), "{screen}");
}

#[test]
fn the_line_that_an_incident_is_declared_from_is_its_first_evidence() {
    let mut console = outage();
    // What is marked elsewhere is another matter.
    console.keys("2 Esc G space /").type_text("exhausted").keys("Enter G I Enter");
    let entries = console.effects.iter().filter_map(|effect| match effect {
        Effect::Note(folder, NoteCommand::Entry(entry)) => Some((folder.clone(), entry.clone())),
        _ => None,
    });
    let evidence: Vec<_> = entries
        .filter_map(|(folder, entry)| match entry.what {
            What::Evidence(evidence) => Some((folder, entry.at, evidence)),
            _ => None,
        })
        .collect();
    let [(folder, when, pinned)] = &evidence[..] else { panic!("{evidence:?}") };
    assert!(folder.incident().is_some());
    assert_eq!((*when, pinned.window), (at(-10), (at(-10), at(-10))));
    let lines: Vec<_> = pinned.lines.iter().filter_map(|line| line.as_str()).collect();
    assert_eq!(lines, [format!("{} ERROR pool \"main\" exhausted after 10 ms", at(-10))]);
    assert_eq!((pinned.from.as_str(), pinned.query.as_str()), (Some("logs logs"), Some("exhausted")));
    // One that is declared from an alert has no line.
    console.effects.clear();
    console.keys("3 I Enter");
    let is_evidence = |effect: &Effect| matches!(effect, Effect::Note(_, NoteCommand::Entry(entry)) if matches!(entry.what, What::Evidence(_)));
    assert!(!console.effects.iter().any(is_evidence), "{:?}", console.effects);
}
