//! Incidents: declared from a row, told of by commands, and found again at the next start.

use std::sync::Arc;

use jiff::Timestamp;
use midwatch::app::Setup;
use midwatch::app::session::SavedView;
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::Line;
use midwatch::logs::stamp::Zone;
use midwatch::model::alert::{Acknowledgement, Alert, Severity};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::incident::{Incident, IncidentId, Sev, Status};
use midwatch::model::keeping::Kept;
use midwatch::model::note::{Entry, Folder, NoteCommand, NoteReply, What};
use midwatch::model::run::Run;
use midwatch::model::told::told;
use midwatch::model::update::{News, Update};
use midwatch::pane::effect::{Effect, Msg};
use midwatch::store::files::Disk;
use midwatch::store::notes::{Bundle, Folders, Session, Shelf};

use crate::console::{Console, alert, at, run, setup};
use crate::{NARROW, WIDE, outage};

/// The entries that were to be written, with their folder.
fn written(console: &Console) -> Vec<(Folder, Entry)> {
    let entry = |effect: &Effect| match effect {
        Effect::Note(folder, NoteCommand::Entry(entry)) => Some((folder.clone(), entry.clone())),
        _ => None,
    };
    console.effects.iter().filter_map(entry).collect()
}

/// The record has what was written.
fn save(console: &mut Console) {
    for (folder, entry) in written(console) {
        console.send(Msg::Note(folder, NoteReply::EntrySaved(entry.seq)));
    }
}

#[expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
fn only_incident(console: &Console) -> (IncidentId, Incident) {
    let entries = written(console);
    let id = entries.iter().find_map(|(folder, _)| folder.incident().cloned()).unwrap();
    let own = entries.into_iter().filter(|(folder, _)| folder.incident() == Some(&id));
    let entries: Vec<Entry> = own.map(|(_, entry)| entry).collect();
    let known = Incident::of(&id, &entries).unwrap();
    (id, known)
}

#[test]
fn two_keys_declare_an_incident_from_an_alert_and_the_header_shows_its_clock() {
    for size in [WIDE, NARROW] {
        let mut console = outage(size);
        console.keys("I");
        assert!(console.screen().contains("title: 2 HighErrorRate"), "{}", console.screen());
        console.keys("Enter");
        let (id, incident) = only_incident(&console);
        assert_eq!(id.as_str(), "INC-20261122-0326-checkout");
        assert_eq!((incident.severity, incident.status), (Sev::SECOND, Status::Active));
        assert_eq!((incident.began(), incident.declared), (at(-14 * 60), at(0)));
        assert_eq!(incident.alert, Some("HighErrorRate".into()));
        let header = console.screen().lines().next().unwrap().to_owned();
        assert!(header.contains("INC HighErrorR") && header.contains("SEV2 0:14"), "{header}");
        console.pass(60);
        assert!(console.screen().lines().next().unwrap().contains("SEV2 0:15"));
    }
}

#[test]
fn a_severity_and_a_title_are_all_that_is_asked() {
    let mut console = Console::new(WIDE);
    console.keys("I ctrl-u").type_text("  1  checkout is down ").keys("Enter");
    let (id, incident) = only_incident(&console);
    assert_eq!(id.as_str(), "INC-20261122-0326-checkout-is-down");
    assert_eq!((incident.severity.number(), incident.title.as_str()), (1, Some("checkout is down")));
    console.effects.clear();
    console.keys("I ctrl-u Enter");
    assert!(console.screen().contains("needs a title"), "{}", console.screen());
    console.keys("I Esc");
    assert!(console.screen().contains("No incident was declared."));
    assert_eq!(written(&console), [], "neither an empty one nor one that was given up");
    // The severity that stands there is not glued to what is typed behind it.
    console.keys("I").type_text("it fails").keys("Enter");
    let (_, incident) = only_incident(&console);
    assert_eq!((incident.severity.number(), incident.title.as_str()), (2, Some("it fails")));
}

#[test]
fn what_is_written_goes_to_the_current_incident_with_its_kind() {
    let mut console = outage(WIDE);
    console.keys(";").type_text("before").keys("Enter I Enter ;").type_text("h pool is full").keys("Enter");
    console.keys(":").type_text("status mitigated 03:20 rolled back 812").keys("Enter");
    console.keys(":").type_text("severity 1 all regions").keys("Enter");
    console.keys(":").type_text("set impact 5 % of checkouts fail").keys("Enter");
    console.keys(":").type_text("incident none").keys("Enter ;").type_text("behind").keys("Enter");
    let said: Vec<_> = written(&console)
        .into_iter()
        .filter(|(_, entry)| !entry.is_automatic())
        .map(|(folder, entry)| (folder == Folder::Shift, entry.words().as_str().to_owned()))
        .collect();
    let expected = [
        (true, "before"),
        (false, "declared SEV2: HighErrorRate checkout"),
        (false, "hypothesis: pool is full"),
        (false, "status mitigated: rolled back 812"),
        (false, "severity SEV1: all regions"),
        (false, "impact: 5 % of checkouts fail"),
        (true, "behind"),
    ];
    assert_eq!(said, expected.map(|(shift, text)| (shift, text.to_owned())));
    let (_, incident) = only_incident(&console);
    assert_eq!((incident.mitigated, incident.peak), (Some(at(-6 * 60)), Sev::new(1).unwrap()));
    assert!(!console.screen().contains("INC "), "none is current: {}", console.screen());
    // Its timeline is its own: it has neither the shift's notes nor what happened elsewhere.
    console.keys(":").type_text("incident higherror").keys("Enter 4");
    let screen = console.screen();
    assert!(screen.contains("INC-20261122-0326-checkout") && screen.contains("pool is full"), "{screen}");
    assert!(!screen.contains("behind"), "{screen}");
}

#[test]
fn enter_on_an_entry_moves_the_other_panes_to_its_time() {
    let mut console = outage(WIDE);
    console.runs(&[run("old", "failed", 60), run("late", "failed", 2)]);
    console.keys("I Enter 4 ;").type_text("it began").keys("Enter G :").type_text("at 03:00").keys("Enter");
    console.keys("g Enter");
    let screen = console.screen();
    assert!(screen.contains("The other panes stand at"), "{screen}");
    console.keys("Esc 1 Enter");
    assert!(
        console.screen().contains("failed in 1h00m"),
        "the run that began last before then: {}",
        console.screen()
    );
}

#[test]
fn where_the_logs_have_nothing_of_the_time_of_an_entry_they_stand_and_that_is_said() {
    let mut console = outage(WIDE);
    console.runs(&[run("old", "failed", 60)]);
    let mut builder = SegmentBuilder::new("app.log".into(), Zone::default());
    for line in ["2026-11-22T03:25:58Z INFO one", "2026-11-22T03:25:59Z INFO two"] {
        builder.push(Line::from(line.as_bytes()), Given::default(), at(0));
    }
    console.send(Msg::Segment(Arc::new(builder.seal().unwrap().said_by("logs".into()))));
    console.keys("I Enter 4 ;").type_text("it began").keys("Enter G :").type_text("at 03:00").keys("Enter");
    console.keys("g Enter");
    let screen = console.screen();
    let said = "The other panes stand at 02:26, of which no log line is held; F in the logs follows again.";
    assert!(screen.contains(said), "{screen}");
    assert!(screen.contains("paused") && !screen.contains("follow \u{2500}"), "{screen}");
    assert!(screen.contains("INFO one"), "what came first is what is shown: {screen}");
}

#[test]
fn private_and_drill_are_yes_or_no() {
    let mut console = outage(WIDE);
    console.keys("I Enter");
    written(&console);
    console.effects.clear();
    for (typed, field) in [("private", "private"), ("private maybe", "private"), ("drill y", "drill")] {
        console.keys(":").type_text(&format!("set {typed}")).keys("Enter");
        let said = format!("Say yes or no: set {field} yes.");
        assert!(console.screen().contains(&said), "{typed}: {}", console.screen());
        assert_eq!(written(&console), [], "{typed}");
    }
    console.keys(":").type_text("set private YES").keys("Enter");
    assert!(console.screen().contains("private: yes."), "{}", console.screen());
    console.keys(":").type_text("set private no").keys("Enter");
    let said: Vec<_> = written(&console).iter().map(|(_, entry)| entry.words().as_str().to_owned()).collect();
    assert_eq!(said, ["private: yes", "private: no"]);
}

#[test]
fn a_word_that_is_no_time_is_told_and_an_open_incident_is_not_forgotten() {
    let mut console = outage(WIDE);
    console.keys("I Enter ;").type_text("t @kim 25:99 call").keys("Enter");
    assert!(console.screen().contains("25:99 is no time"), "{}", console.screen());
    console.keys(":").type_text("incident none").keys("Enter");
    let header = console.screen().lines().next().unwrap().to_owned();
    assert!(header.contains("1 open incident"), "{header}");
}

#[test]
fn what_looks_like_a_token_is_taken_out_of_an_entry() {
    let mut console = outage(WIDE);
    let token = ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].concat();
    console.keys("I Enter ;").type_text(&format!("login with {token} failed")).keys("Enter");
    assert_eq!(written(&console).last().unwrap().1.text, "login with [secret] failed".into());
    assert!(!console.screen().contains(&token), "{}", console.screen());
}

#[test]
fn the_pad_is_searched() {
    let mut console = outage(WIDE);
    let (entries, pad, held_by, notices) = (Vec::new(), "".into(), None, Vec::new());
    console.send(Msg::Note(Folder::Shift, NoteReply::Opened { entries, pad, held_by, notices }));
    console.keys("4 . i").type_text("the pool is full").keys("Enter").type_text("second pool").keys("Esc");
    console.keys("g /").type_text("pool").keys("Enter");
    assert!(console.screen().contains("second pool"), "{}", console.screen());
    console.keys("n n N /").type_text("zzz").keys("Enter n");
    assert!(console.screen().contains("It stands nowhere in the pad."), "{}", console.screen());
}

#[test]
fn times_that_cannot_be_so_are_told_and_taken() {
    let mut console = outage(WIDE);
    console.keys("I Enter :").type_text("status mitigated 03:05").keys("Enter");
    assert!(console.screen().contains("mitigated is before detected: is that so?"), "{}", console.screen());
    assert_eq!(only_incident(&console).1.mitigated, Some(at(-21 * 60)));
    console.keys(":").type_text("status mitigated 03:20").keys("Enter");
    let said = "mitigated is before declared: is that so?";
    assert!(console.screen().contains(said), "{}", console.screen());
    console.pass(60).keys("3 a 4 G :").type_text("at 03:05").keys("Enter");
    console.keys(":").type_text("status mitigated").keys("Enter");
    let screen = console.screen();
    assert!(screen.contains("acknowledged is before detected: is that so?"), "{screen}");
    assert!(!screen.contains(said), "{screen}");
    console.keys(":").type_text("document postmortem").keys("Enter");
    let screen = console.screen();
    assert!(screen.contains("times are out of order: acknowledged is before detected"), "{screen}");
    console.keys("Esc :").type_text("status resolved 99:99 it is over").keys("Enter");
    assert!(console.screen().contains("99:99 is no time: nothing was said."), "{}", console.screen());
    assert_eq!(only_incident(&console).1.resolved, None);
    console.keys(":").type_text("status done").keys("Enter");
    assert!(console.screen().contains("done is no status"), "{}", console.screen());
    console.keys(":").type_text("set colour red").keys("Enter");
    assert!(console.screen().contains("What can be set: title, service"), "{}", console.screen());
}

#[test]
fn the_change_that_did_it_is_the_selected_run_or_what_is_typed() {
    let mut console = outage(WIDE);
    let change = |console: &Console| only_incident(console).1.change;
    console.keys("I Enter :").type_text("set change").keys("Enter");
    assert!(console.screen().contains("Choose a run, or type it"), "{}", console.screen());
    assert_eq!(change(&console), None);
    console.keys("W :").type_text("set change").keys("Enter");
    let named = change(&console).map(|run| String::from_utf8_lossy(run.as_bytes()).into_owned());
    assert!(named.as_ref().is_some_and(|run| run.starts_with("deploy-prod #")), "{named:?}");
    console.keys("1 :").type_text("set change").keys("Enter");
    assert!(change(&console).is_some());
    console.keys(":").type_text("set change none").keys("Enter");
    assert_eq!(change(&console), Some("none".into()), "it was no change, and that was said");
    let doubt = |console: &Console| console.screen().contains("No run here is called");
    assert!(!doubt(&console), "{}", console.screen());
    console.keys(":").type_text("set change nonsense #1").keys("Enter");
    let told = "No run here is called nonsense #1: it is written down all the same.";
    assert!(console.screen().contains(told), "{}", console.screen());
    assert_eq!(change(&console), Some("nonsense #1".into()));
    console.pass(9).keys(":").type_text("set change DEPLOY-prod 812").keys("Enter");
    assert!(!doubt(&console), "{}", console.screen());
}

#[test]
fn without_an_incident_its_commands_say_what_to_do() {
    let mut console = outage(WIDE);
    for command in ["status resolved", "severity 2", "set impact all"] {
        console.keys(":").type_text(command).keys("Enter");
        assert!(console.screen().contains("No incident is current: I declares one"), "{}", console.screen());
    }
    assert_eq!(written(&console), []);
}

#[test]
fn an_incident_of_the_last_session_is_current_again_and_one_that_is_over_is_not_opened() {
    let mut console = outage(WIDE);
    console.keys("I Enter");
    let (id, _) = only_incident(&console);
    let entries: Vec<Entry> = written(&console).into_iter().map(|(_, entry)| entry).collect();
    let saved = console.app.session();

    let mut console = Console::new(WIDE);
    console.app.restore(&saved.view, at(0));
    let mut over = entries.clone();
    over.push(Entry { what: What::Status(Status::Closed), seq: 2, recorded: at(9), ..entries[0].clone() });
    let other = IncidentId::try_from("INC-20261101-0000-disk".to_owned()).unwrap();
    console.send(Msg::Note(Folder::Incident(other.clone()), NoteReply::Read(over)));
    assert_eq!(console.effects, []);
    console.send(Msg::Note(Folder::Incident(id.clone()), NoteReply::Read(entries)));
    assert_eq!(console.effects, [Effect::Note(Folder::Incident(id), NoteCommand::Open)]);
    assert!(console.screen().contains("INC HighErrorRate checkout SEV2"), "{}", console.screen());
    // One that is over can be looked at all the same.
    console.effects.clear();
    console.keys(":").type_text("incident INC-20261101-0000-disk").keys("Enter");
    assert_eq!(console.effects, [Effect::Note(Folder::Incident(other), NoteCommand::Open)]);
}

#[test]
fn an_incident_that_was_over_is_open_here_when_somebody_else_opens_it_again() {
    for size in [WIDE, NARROW] {
        let mut kim = outage(size);
        kim.keys("I Enter");
        let (id, _) = only_incident(&kim);
        let mut entries: Vec<Entry> = written(&kim).into_iter().map(|(_, entry)| entry).collect();
        let status = |seq: u64, status| Entry {
            what: What::Status(status),
            seq,
            recorded: at(i64::try_from(seq).unwrap()),
            ..entries[0].clone()
        };
        let (closed, again) = (status(101, Status::Closed), status(102, Status::Active));
        let mut console = Console::with(Setup { person: "ada".into(), ..setup(size) });
        let header = |console: &Console| console.screen().lines().next().unwrap().to_owned();
        entries.push(closed);
        console.send(Msg::Note(Folder::Incident(id.clone()), NoteReply::Read(entries.clone())));
        assert!(!header(&console).contains("open incident"), "{}", console.screen());
        entries.push(again);
        console.send(Msg::Note(Folder::Incident(id.clone()), NoteReply::Read(entries.clone())));
        assert!(header(&console).contains("1 open incident"), "{}", console.screen());
        console.keys(":").type_text("incident ");
        let row = console.row("0326-checkout").unwrap();
        assert!(row.contains("SEV2 HighErrorRate") && !row.contains("closed"), "{}", console.screen());
        console.type_text("HighError").keys("Enter");
        assert!(header(&console).contains("INC HighErrorR"), "{}", console.screen());
    }
}

#[test]
fn whoever_does_not_have_the_last_word_is_told_who_has() {
    for size in [WIDE, NARROW] {
        let mut console = outage(size);
        console.keys("I Enter");
        let (id, _) = only_incident(&console);
        let entry = written(&console)[0].1.clone();
        let last = Entry {
            person: "mal".into(),
            session: "zzz".into(),
            what: What::Status(Status::Closed),
            recorded: "8999-12-31T23:59:59.999999999Z".parse().unwrap(),
            ..entry
        };
        console.send(Msg::Note(Folder::Incident(id), NoteReply::Read(vec![last.clone()])));
        console.keys(":").type_text("status active").keys("Enter");
        let said = "NOT SO: what mal wrote at 8999-12-31T23:59:59Z counts as last";
        assert!(console.screen().contains(said), "{}", console.screen());
        let (_, own) = written(&console).pop().unwrap();
        assert_eq!((own.what, own.recorded), (What::Status(Status::Active), last.recorded));
        console.keys(":").type_text("severity 1").keys("Enter");
        assert!(!console.screen().contains("NOT SO"), "{}", console.screen());
    }
}

#[test]
fn whoever_was_killed_after_declaring_is_turned_to_it_and_whoever_left_it_is_not() {
    let mut console = outage(WIDE);
    let before = console.app.session();
    console.keys("I Enter");
    let (id, _) = only_incident(&console);
    let folder = Folder::Incident(id);
    let entries: Vec<Entry> = written(&console).into_iter().map(|(_, entry)| entry).collect();
    console.keys(":").type_text("incident none").keys("Enter");
    let left = console.app.session();
    let start = |view: &SavedView, person: &str, all: &[(Folder, Vec<Entry>)]| {
        let mut next = Console::with(Setup { person: person.into(), ..setup(WIDE) });
        next.app.restore(view, at(60));
        for (folder, entries) in all {
            next.send(Msg::Note(folder.clone(), NoteReply::Read(entries.clone())));
        }
        assert_eq!(next.effects, [], "not before all is read");
        next.send(Msg::History(Vec::new()));
        next
    };
    let one = [(folder.clone(), entries.clone())];
    let mut next = start(&before.view, "kim", &one);
    assert!(next.effects.contains(&Effect::Note(folder.clone(), NoteCommand::Open)), "{:?}", next.effects);
    let screen = next.screen();
    assert!(screen.contains("INC HighErrorRate checkout SEV2") && screen.contains("you lead it"), "{screen}");
    next.pass(10);
    assert!(!next.screen().contains("kim declared"), "{}", next.screen());
    let mut next = start(&before.view, "Kim", &one);
    assert!(next.screen().contains("you lead it"), "{}", next.screen());
    next.pass(10);
    assert!(!next.screen().contains("kim declared"), "{}", next.screen());
    let other = Folder::Incident(IncidentId::try_from("INC-20261122-0300-disk".to_owned()).unwrap());
    let two = [one[0].clone(), (other, entries)];
    for (view, person, all) in
        [(&left.view, "kim", &one[..]), (&before.view, "ada", &one), (&before.view, "kim", &two)]
    {
        let next = start(view, person, all);
        assert_eq!(next.effects, [], "{person}");
        assert!(next.screen().contains("open incident"), "{}", next.screen());
    }
}

#[test]
fn an_incident_that_somebody_else_declared_stands_there_until_a_key_is_pressed() {
    let mut console = outage(WIDE);
    console.keys("I Enter");
    let (id, _) = only_incident(&console);
    let entries: Vec<Entry> = written(&console).into_iter().map(|(_, entry)| entry).collect();
    let mut ada = Console::with(Setup { person: "ada".into(), ..setup(WIDE) });
    ada.keys("Q");
    ada.send(Msg::Note(Folder::Incident(id), NoteReply::Read(entries)));
    let said = "kim declared SEV2 HighErrorRate checkout: :incident INC-20261122-0326-checkout";
    // It lasts longer than what answers a key, and than other news.
    ada.pass(3600);
    ada.send(Msg::Keeping(Kept::History, Some("the disk is full".into())));
    ada.pass(60);
    assert!(ada.screen().lines().last().unwrap().contains(said), "{}", ada.screen());
    ada.keys("j");
    assert!(!ada.screen().contains(said), "{}", ada.screen());
    assert!(ada.screen().lines().next().unwrap().contains("1 open incident"), "{}", ada.screen());
}

#[test]
fn incidents_are_chosen_by_their_titles_too() {
    for size in [WIDE, NARROW] {
        let mut console = outage(size);
        console
            .keys("I ctrl-u")
            .type_text("2 disk is full")
            .keys("Enter I ctrl-u")
            .type_text("1 payments fail");
        console.keys("Enter :").type_text("status resolved").keys("Enter :").type_text("incident ");
        let screen = console.screen();
        let row = |text: &str| screen.lines().find(|line| line.contains(text)).unwrap_or_default().to_owned();
        assert!(row("0326-checkout ").contains("SEV2 disk is full"), "{screen}");
        assert!(row("0326-checkout-2 ").contains("SEV1 payments fail, resolved"), "{screen}");
        assert!(row("incident none").contains("notes go to the shift"), "{screen}");
        console.type_text("is full").keys("Enter");
        assert!(console.screen().contains("INC disk is full"), "{}", console.screen());
    }
}

#[test]
fn what_is_unsure_is_taken_to_be_worse() {
    for (severity, number) in [
        (Severity::Critical, 2),
        (Severity::Error, 2),
        (Severity::Unknown, 2),
        (Severity::Warning, 3),
        (Severity::Info, 4),
    ] {
        let mut console = Console::new(WIDE);
        console.alerts(&[alert("A", severity, 1)]);
        console.keys("I Enter");
        assert_eq!(only_incident(&console).1.severity.number(), number, "{severity:?}");
    }
}

#[test]
fn what_happens_to_the_service_is_written_by_itself_and_once() {
    let mut console = Console::new(WIDE);
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14), alert("Other", Severity::Warning, 5)]);
    console.runs(&[run("1", "failed", 30), run("2", "succeeded", 300)]);
    console.keys("I Enter");
    let said = |console: &Console| {
        let automatic = written(console).into_iter().filter(|(_, entry)| entry.is_automatic());
        automatic.map(|(_, entry)| (entry.at, entry.words().as_str().to_owned())).collect::<Vec<_>>()
    };
    let before = said(&console);
    assert!(before.contains(&(at(-14 * 60), "alert HighErrorRate fired, CRIT".to_owned())), "{before:?}");
    assert!(before.iter().any(|(_, text)| text.starts_with("run deploy-prod #812")), "{before:?}");
    console.effects.clear();
    // The same again is no news; an end is.
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14), alert("Other", Severity::Warning, 5)]);
    assert_eq!(said(&console), []);
    console.pass(60);
    let acknowledged = Some(Acknowledgement { person: "ada".into(), at: at(50) });
    let taken = Alert { acknowledged, ..alert("HighErrorRate", Severity::Critical, 14) };
    console.alerts(&[taken, alert("Other", Severity::Warning, 5)]);
    assert_eq!(said(&console), [(at(50), "alert HighErrorRate acknowledged by ada".to_owned())]);
    console.effects.clear();
    console.alerts(&[alert("Other", Severity::Warning, 5)]);
    let ended = said(&console);
    assert!(ended.iter().any(|(_, text)| text == "alert HighErrorRate resolved"), "{ended:?}");
    console.effects.clear();
    console.keys(":").type_text("status closed").keys("Enter");
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 0)]);
    assert_eq!(said(&console), [], "it is over");
}

#[test]
fn a_run_that_waited_begins_once_and_anew_only_after_it_has_ended() {
    let begins = |console: &Console| {
        let of_run = |(_, entry): &(Folder, Entry)| entry.words().as_str() == "run deploy-prod #812 began";
        written(console).into_iter().filter(of_run).map(|(_, entry)| entry.at).collect::<Vec<_>>()
    };
    for is_declared_first in [false, true] {
        let mut console = Console::new(WIDE);
        console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
        console.runs(&[]);
        if is_declared_first {
            console.keys("I Enter");
        }
        let queued = Run { created: at(0), ..run("1", "queued", 0) };
        console.runs(std::slice::from_ref(&queued));
        console.pass(4);
        let works = Run { started: Some(at(2)), ..Run { created: at(0), ..run("1", "running", 0) } };
        console.runs(std::slice::from_ref(&works));
        if !is_declared_first {
            console.keys("3 I Enter");
        }
        assert_eq!(begins(&console), [at(0)], "{is_declared_first}");
        console.pass(56);
        let ended = Run { started: Some(at(2)), finished: Some(at(50)), ..run("1", "failed", 0) };
        console.runs(&[Run { created: at(0), ..ended }]);
        console.pass(30);
        console.runs(&[Run { started: Some(at(80)), ..works }]);
        assert_eq!(begins(&console), [at(0), at(80)], "a new attempt under the same id: {is_declared_first}");
    }
}

/// What is written by itself of what happened.
fn automatic(console: &Console) -> Vec<String> {
    let all = written(console).into_iter().filter(|(_, entry)| entry.is_automatic());
    all.map(|(_, entry)| entry.words().as_str().to_owned()).collect()
}

#[test]
fn the_end_of_an_alert_that_nobody_watched_is_in_the_record_once_and_a_blind_source_tells_none() {
    let mut console = Console::new(WIDE);
    console.alerts(&[]);
    let saved = console.app.session().world;
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    console.keys("I Enter");
    let (id, _) = only_incident(&console);
    let folder = Folder::Incident(id);
    let entries: Vec<Entry> = written(&console).into_iter().map(|(_, entry)| entry).collect();
    let kept = console.effects.iter().filter_map(|effect| match effect {
        Effect::History(happened) => Some(happened.clone()),
        _ => None,
    });
    let history: Vec<_> = kept.flatten().collect();
    let left = console.app.session().world;
    // One that ended as it should, and one that was killed: its state is older than the alert.
    for remembered in [Some(left), Some(saved), None] {
        // The source may be heard before the record and the history are read, between them, or after them.
        for order in 0..3 {
            let setup = Setup { session_name: "next".into(), remembered: remembered.clone(), ..setup(WIDE) };
            let mut next = Console::begun(setup, at(1800));
            let read = Msg::Note(folder.clone(), NoteReply::Read(entries.clone()));
            let before = Msg::History(history.clone());
            let looks = |next: &mut Console| {
                next.now = at(1830);
                next.alerts(&[]);
                next.now = at(1845);
                next.alerts(&[]);
            };
            match order {
                0 => {
                    looks(&mut next);
                    next.send(read);
                    next.send(before);
                }
                1 => {
                    next.send(read);
                    looks(&mut next);
                    next.send(before);
                }
                _ => {
                    next.send(read);
                    next.send(before);
                    let news = News::Failed(Failure::new(FailureKind::TimedOut, "no answer"));
                    next.send(Msg::Update(Update { source: "alerts".into(), at: at(1810), news }));
                    let ends = |told: &[String]| told.iter().any(|text| text.contains("resolved"));
                    assert!(!ends(&automatic(&next)), "no answer is no end: {:?}", automatic(&next));
                    looks(&mut next);
                }
            }
            let told = automatic(&next);
            let ends: Vec<_> = told.iter().filter(|text| text.contains("HighErrorRate resolved")).collect();
            let [end] = &ends[..] else { panic!("order {order}: {told:?}") };
            let looked = if end.contains("03:56Z") { "03:56Z" } else { "" };
            assert_eq!(
                **end,
                format!("alert HighErrorRate resolved between 03:26Z and {looked}, nobody saw when")
            );
            // Another console that starts now has it from the record.
            let mut both = entries.clone();
            both.extend(written(&next).into_iter().map(|(_, entry)| entry));
            let setup =
                Setup { session_name: "third".into(), remembered: remembered.clone(), ..self::setup(WIDE) };
            let mut third = Console::begun(setup, at(2400));
            third.alerts(&[]);
            third.send(Msg::Note(folder.clone(), NoteReply::Read(both)));
            third.send(Msg::History(history.clone()));
            assert!(
                !automatic(&third).iter().any(|text| text.contains("resolved")),
                "{:?}",
                automatic(&third)
            );
        }
    }
}

#[test]
fn a_storm_is_told_in_few_lines() {
    let mut console = outage(WIDE);
    console.keys("I Enter");
    console.effects.clear();
    let storm: Vec<_> =
        (0..500).map(|number| alert(&format!("A{number:03}"), Severity::Critical, 1)).collect();
    console.alerts(&storm);
    let said: Vec<_> = written(&console).iter().map(|(_, entry)| entry.words().as_str().to_owned()).collect();
    assert_eq!(said.len(), 31, "{said:?}");
    assert!(said[0].contains("more things like it"), "{said:?}");
}

#[test]
fn consoles_that_see_a_storm_in_other_portions_tell_each_thing_once() {
    let storm: Vec<_> =
        (0..200).map(|number| alert(&format!("A{number:03}"), Severity::Critical, 1)).collect();
    let see = |portions: &[usize], session: &str| {
        let mut console = Console::with(Setup { session_name: session.into(), ..setup(WIDE) });
        console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
        console.keys("I Enter");
        console.effects.clear();
        for portion in portions {
            console.pass(1);
            console.alerts(&storm[..*portion]);
        }
        written(&console).into_iter().map(|(_, entry)| entry).collect::<Vec<_>>()
    };
    let (one, other) = (see(&[200], "a"), see(&[60, 150, 200], "b"));
    for entries in [[one.clone(), other.clone()], [other, one]] {
        let told = told(&entries.concat());
        let marks = told.iter().filter_map(|told| match &told.entry.what {
            What::Happened { mark, also } => Some(usize::from(!mark.is_empty()) + also.len()),
            _ => None,
        });
        // One fired before, and has ended with the first look at the storm.
        assert_eq!(marks.sum::<usize>(), 201, "{told:?}");
    }
}

#[test]
fn evidence_is_pinned_with_its_source_and_its_time() {
    let mut console = outage(WIDE);
    console.keys("I Enter > 1 >");
    let pinned: Vec<_> = written(&console)
        .into_iter()
        .filter_map(|(_, entry)| match entry.what {
            What::Evidence(evidence) => Some((entry.at, *evidence)),
            _ => None,
        })
        .collect();
    let [(at_alert, of_alert), (at_run, of_run)] = &pinned[..] else { panic!("{pinned:?}") };
    assert_eq!((*at_alert, of_alert.from.as_str()), (at(0), Some("alert HighErrorRate, source alerts")));
    assert!(of_alert.lines.iter().any(|line| line.as_str().unwrap().contains("checkout")), "{of_alert:?}");
    assert_eq!(of_alert.window, (at(-14 * 60), at(0)));
    assert_eq!((of_run.window.0, of_run.from.as_str()), (at(-12 * 60), Some("run deploy-prod, source ci")));
    assert_eq!(*at_run, of_run.window.1);
    console.keys("4 >");
    assert!(console.screen().contains("nothing to pin here"), "{}", console.screen());
}

#[test]
fn a_change_is_pinned_with_what_speaks_for_it() {
    let mut console = outage(WIDE);
    console.keys("I Enter W");
    assert!(console.screen().contains(">x 2m after    deploy-prod #812"), "{}", console.screen());
    console.effects.clear();
    console.keys(">");
    assert!(console.screen().contains("Pinned to the timeline."), "{}", console.screen());
    let entries = written(&console);
    let [(folder, entry)] = &entries[..] else { panic!("{entries:?}") };
    assert!(folder.incident().is_some());
    let What::Evidence(pinned) = &entry.what else { panic!("{entry:?}") };
    let from = "deploy-prod #812, source ci, before HighErrorRate";
    assert_eq!((pinned.from.as_str(), pinned.window.0), (Some(from), at(-12 * 60)));
    let lines: Vec<_> = pinned.lines.iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(lines, ["03:14 deploy-prod #812 (2m after): same service run checkout 3f2a1c9 kim"]);
}

#[test]
fn an_entry_is_corrected_starred_and_done_without_being_lost() {
    let mut console = outage(WIDE);
    console.keys("I Enter ;").type_text("t check the pool").keys("Enter");
    save(&mut console);
    console.keys("4 G d s");
    save(&mut console);
    let screen = console.screen();
    assert!(screen.contains("* (done) todo: check the pool"), "{screen}");
    console.keys(":").type_text("correct check the pool of db-7").keys("Enter");
    console.keys(":").type_text("at 03:20").keys("Enter");
    let screen = console.screen();
    assert!(screen.contains("03:20 saving * (done) todo: check the pool of db-7"), "{screen}");
    assert_eq!(screen.matches("todo: check the pool").count(), 1, "{screen}");
    // Without a text the old one is offered, and it stays the one that is corrected.
    console.keys(":").type_text("correct").keys("Enter");
    let footer = |console: &Console| console.screen().lines().last().unwrap().to_owned();
    assert!(footer(&console).contains("correct: check the pool of db-7"), "{}", footer(&console));
    console.keys("Esc");
    assert!(footer(&console).contains("The entry stays as it was."), "{}", footer(&console));
    console.keys(":").type_text("correct").keys("Enter").type_text(" again").keys("Enter");
    let screen = console.screen();
    assert!(screen.contains("todo: check the pool of db-7 again"), "{screen}");
    // What a command said has no text that could be another one.
    console.keys("4 G :").type_text("correct it is over").keys("Enter");
    assert!(footer(&console).contains("is said anew by it, as :set title"), "{}", footer(&console));
    console.keys("1 s");
    assert!(console.screen().contains("s does nothing here"), "{}", console.screen());
}

#[test]
fn a_command_is_for_the_row_that_was_selected_when_it_was_begun() {
    let mut console = outage(WIDE);
    console.keys("I Enter ;").type_text("check the pool").keys("Enter");
    save(&mut console);
    console.keys("4 G").pass(10).keys(":").type_text("correct check");
    // Who stands at the end stays there, but not while a command is typed for what stood there.
    console
        .pass(10)
        .alerts(&[alert("HighErrorRate", Severity::Critical, 14), alert("Late", Severity::Critical, -1)]);
    console.pass(10).type_text(" the pool of db-7").keys("Enter");
    let screen = console.screen();
    assert_eq!(screen.matches("check the pool").count(), 2, "in its row and in the answer: {screen}");
    assert!(screen.contains("check the pool of db-7") && screen.contains("LatencyP99 resolved"), "{screen}");
}

#[test]
fn a_note_that_was_left_half_written_is_there_again() {
    let mut console = outage(WIDE);
    let footer = |console: &Console| console.screen().lines().last().unwrap().to_owned();
    console.keys(";").type_text("the pool is").keys("Esc");
    assert!(footer(&console).contains("The note was not written. ; brings it back."), "{}", footer(&console));
    console.keys(";");
    assert!(footer(&console).contains("the pool is"), "{}", footer(&console));
    console.type_text(" full").keys("Enter");
    assert!(console.screen().contains("the pool is full"), "{}", console.screen());
    console.keys(";");
    assert!(!footer(&console).contains("pool"), "{}", footer(&console));
}

#[test]
fn what_is_due_nags_in_the_header_and_rings_once() {
    let mut console = outage(WIDE);
    let header = |console: &Console| console.screen().lines().next().unwrap().to_owned();
    console.keys("I Enter");
    assert!(header(&console).contains("status update in 30m"), "{}", header(&console));
    console.keys(":").type_text("timer 3m kim checks db").keys("Enter");
    save(&mut console);
    assert!(header(&console).contains("kim checks db in 3m"), "{}", header(&console));
    console.effects.clear();
    console.pass(180);
    let rings = |console: &Console| console.effects.iter().filter(|e| matches!(e, Effect::Ring(_))).count();
    assert_eq!(rings(&console), 1, "{:?}", console.effects);
    assert!(console.screen().contains("Due now: kim checks db."), "{}", console.screen());
    console.pass(120);
    assert_eq!(rings(&console), 1);
    assert!(header(&console).contains("OVERDUE 0:02: kim checks db"), "{}", header(&console));
    console.keys("4 G d");
    assert!(header(&console).contains("status update in 25m"), "{}", header(&console));
    console.keys(";").type_text("u we roll back, next in 30 minutes").keys("Enter");
    assert!(header(&console).contains("status update in 30m"), "{}", header(&console));
    console.keys(":").type_text("timer soon").keys("Enter");
    assert!(console.screen().contains("Type how long and what"), "{}", console.screen());
}

#[test]
fn an_update_from_the_future_counts_as_of_when_it_is_heard_and_stops_no_nagging() {
    let mut console = outage(WIDE);
    let header = |console: &Console| console.screen().lines().next().unwrap().to_owned();
    console.keys("I Enter");
    save(&mut console);
    let (folder, _) = written(&console).remove(0);
    let mut updates = 0;
    let mut hears = |console: &mut Console, recorded: Timestamp| {
        updates += 1;
        let (session, seq, what) = ("of ada".into(), updates, What::Update);
        let (at, person) = (recorded, "ada".into());
        let entry = Entry { at, recorded, person, session, seq, what, text: "we look".into() };
        console.send(Msg::Note(folder.clone(), NoteReply::Read(vec![entry])));
    };
    console.pass(600);
    // Her clock is two hours ahead; later one is at the end of time.
    hears(&mut console, at(600 + 7_200));
    assert!(header(&console).contains("status update in 30m"), "{}", header(&console));
    console.pass(600);
    hears(&mut console, at(900));
    assert!(header(&console).contains("status update in 25m"), "{}", header(&console));
    console.pass(1_560);
    assert!(header(&console).contains("OVERDUE 0:01: status update"), "{}", header(&console));
    hears(&mut console, "8999-12-31T23:59:59Z".parse().unwrap());
    assert!(header(&console).contains("status update in 30m"), "{}", header(&console));
    // When her clock's time has come it was not told anew.
    console.pass(7_200);
    assert!(header(&console).contains("OVERDUE 1:30: status update"), "{}", header(&console));
    console.keys(";").type_text("u we roll back").keys("Enter");
    assert!(header(&console).contains("status update in 30m"), "{}", header(&console));
}

#[test]
fn all_that_became_due_while_nobody_looked_is_told() {
    let mut console = outage(WIDE);
    console.keys("I Enter");
    for timer in ["3m kim checks db", "4m ada calls", "5m lee reads logs", "6m pool", "7m disk", "8m proxy"] {
        console.keys(":").type_text(&format!("timer {timer}")).keys("Enter");
    }
    save(&mut console);
    console.effects.clear();
    // The machine was stopped.
    console.now = at(600);
    console.send(Msg::Wake);
    let screen = console.screen();
    assert!(
        screen.contains("6 are due now: kim checks db; ada calls; lee reads logs; pool; 2 more."),
        "{screen}"
    );
    let rings = console.effects.iter().filter(|effect| matches!(effect, Effect::Ring(_))).count();
    assert_eq!(rings, 1, "{:?}", console.effects);
}

#[test]
fn what_helped_last_time_is_told_on_the_alert_and_when_it_is_declared() {
    let mut console = outage(WIDE);
    console.keys("I Enter :").type_text("status resolved rolled back 812").keys("Enter");
    console.keys(":").type_text("status closed").keys("Enter");
    console.keys("Esc 3 Enter G");
    let screen = console.screen();
    assert!(screen.contains("What was like it") && screen.contains("rolled back 812 (14m ago"), "{screen}");
    console.keys("Esc I Enter");
    assert!(
        console.screen().contains("Declared. Last time: rolled back 812 (14m ago, took 14m00s, the same"),
        "{}",
        console.screen()
    );
    assert!(console.screen().contains("INC-20261122-0326-checkout-2"), "{}", console.screen());
}

/// What the console asks of the record is done in this one, and its answers come back.
fn kept(console: &mut Console, folders: &mut Folders<Disk>) {
    for effect in std::mem::take(&mut console.effects) {
        if let Effect::Note(folder, command) = effect {
            for reply in folders.handle(&folder, command, console.now) {
                console.send(Msg::Note(folder.clone(), reply));
            }
        }
    }
}

#[test]
fn a_pad_that_was_merged_is_told_once_with_what_to_do_and_no_longer_when_it_is_gone() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let session = |id: &str| Session { person: "ada".into(), host: "h".into(), id: id.into(), since: at(0) };
    // The session of the consoles here, so that what they write is acknowledged to them.
    let (mut folders, _) = Folders::open(Disk, here.path(), &session("test"), at(0));
    let mut console = outage(WIDE);
    console.keys("I Enter");
    let (folder, declared) = written(&console).remove(0);
    kept(&mut console, &mut folders);
    console.keys("4 i").type_text("ours").keys("Esc").pass(1);
    kept(&mut console, &mut folders);

    // On another machine the pad says something else.
    let (mut theirs, _) = Folders::open(Disk, there.path(), &session("b"), at(0));
    for command in [NoteCommand::Open, NoteCommand::Entry(declared), NoteCommand::Pad(1, "theirs".into())] {
        theirs.handle(&folder, command, at(0));
    }
    theirs.close(at(0)).unwrap();
    let id = folder.incident().unwrap().clone();
    let bundle = Bundle::of(&Shelf::of(Disk, there.path()), &[id], &mut Vec::new());
    let merged = bundle.merge(Disk, here.path(), None, &session("m"), at(0)).unwrap();
    let [path] = merged[0].pads.as_slice() else { panic!("{merged:?}") };

    let name = path.file_name().unwrap().to_str().unwrap();
    let said = format!("{name}, from a merge: take what you need into the pad, then remove /");
    let told = |console: &Console| console.screen().matches(name).count();
    let hear = |console: &mut Console, folders: &mut Folders<Disk>| {
        for (folder, reply) in folders.hear(at(0)) {
            console.send(Msg::Note(folder, reply));
        }
    };
    // In the console that runs: in its footer, and in a row of the notes.
    console.keys("[");
    assert_eq!(told(&console), 0, "{}", console.screen());
    hear(&mut console, &mut folders);
    assert_eq!(told(&console), 2, "{}", console.screen());
    assert!(console.screen().contains(&said), "{}", console.screen());
    console.pass(60).keys("G Enter").resize((200, 60));
    assert!(console.screen().contains(path.to_str().unwrap()), "the row has all of it: {}", console.screen());
    console.keys("Esc").resize(WIDE);
    assert_eq!(told(&console), 1, "the row stays: {}", console.screen());
    hear(&mut console, &mut folders);
    console.keys("; t w o Enter");
    kept(&mut console, &mut folders);
    assert_eq!(told(&console), 1, "it is told once: {}", console.screen());
    // In one that turns to the incident later.
    let mut later = outage(WIDE);
    let (mut others, opened) = Folders::open(Disk, here.path(), &session("c"), at(0));
    for (folder, reply) in opened {
        later.send(Msg::Note(folder, reply));
    }
    assert_eq!(told(&later), 0, "{}", later.screen());
    later.keys("4 :").type_text("incident HighErrorRate").keys("Enter");
    kept(&mut later, &mut others);
    // It comes behind what answered the key.
    later.pass(5);
    assert_eq!(told(&later), 2, "{}", later.screen());
    // It is taken away.
    std::fs::remove_file(path).unwrap();
    for (console, folders) in [(&mut console, &mut folders), (&mut later, &mut others)] {
        hear(console, folders);
        console.pass(60).keys("j");
        assert_eq!(told(console), 0, "{}", console.screen());
    }
}

#[test]
fn one_that_is_declared_from_a_log_line_is_called_what_the_line_says() {
    for (line, title) in [
        (r#"time=2026-11-22T03:25:59Z level=error msg="pool exhausted" waiting=7"#, "pool exhausted"),
        (r#"{"ts":"2026-11-22T03:25:59Z","level":"warn","msg":"pool exhausted"}"#, "pool exhausted"),
        ("2026-11-22T03:25:59Z ERROR pool exhausted", "pool exhausted"),
        ("pool exhausted", "pool exhausted"),
    ] {
        let mut console = Console::new(NARROW);
        let mut builder = SegmentBuilder::new("app.log".into(), Zone::default());
        builder.push(Line::from(line.as_bytes()), Given::default(), at(0));
        let segment = builder.seal().unwrap().said_by("logs".into());
        console.send(Msg::Segment(Arc::new(segment)));
        console.keys("2 I Enter");
        assert_eq!(only_incident(&console).1.title, title.into(), "{line}");
    }
}

/// The last row.
fn foot(console: &Console) -> String {
    console.screen().trim_end().lines().last().unwrap_or_default().to_owned()
}

fn command(console: &mut Console, text: &str) {
    console.keys(":").type_text(text).keys("Enter");
}

#[test]
fn a_time_that_is_still_to_come_is_said_to_be_taken_as_yesterdays() {
    let mut console = outage(NARROW);
    console.keys("I Enter");
    command(&mut console, "set onset 04:30");
    let said = "04:30 is still to come, so it was taken as Nov 21 04:30 UTC";
    assert!(console.screen().contains(said), "{}", console.screen());
    command(&mut console, "status mitigated 04:30 drained");
    assert!(console.screen().contains(said), "{}", console.screen());
    command(&mut console, "set onset 03:10");
    assert!(!console.screen().contains("still to come"), "{}", console.screen());
    // What says its day, or how long ago, is what it says.
    command(&mut console, "set onset 2026-11-21T23:00");
    assert!(!console.screen().contains("still to come"), "{}", console.screen());
    console.keys(";").type_text("it began").keys("Enter 4 G");
    command(&mut console, "at 23:00");
    let said = "23:00 is still to come, so it was taken as Nov 21 23:00 UTC";
    assert!(console.screen().contains(said), "{}", console.screen());
}

#[test]
fn what_is_said_of_an_entry_is_answered() {
    let mut console = outage(WIDE);
    console.keys("I Enter ;").type_text("t check the pool").keys("Enter 4 G");
    for (keys, said) in [
        ("d", "It is done: check the pool"),
        ("d", "It is not done: check the pool"),
        ("s", "Starred: check the pool"),
        ("s", "No longer starred: check the pool"),
        ("h", "Left out of documents: check the pool"),
        ("h", "In documents again: check the pool"),
    ] {
        console.keys(keys);
        assert!(foot(&console).contains(said), "{keys}: {}", foot(&console));
    }
    command(&mut console, "correct check the pool of db");
    assert!(foot(&console).contains("It says now: check the pool of db"), "{}", foot(&console));
    command(&mut console, "at 03:00");
    assert!(foot(&console).contains("It stands at Nov 22 03:00 UTC now"), "{}", foot(&console));
    // Whose word it was is said where it was another's.
    let (folder, _) = written(&console).into_iter().find(|(folder, _)| folder.incident().is_some()).unwrap();
    let entry = Entry {
        at: at(5),
        recorded: at(5),
        person: "ada".into(),
        session: "of ada".into(),
        seq: 1,
        what: What::Note,
        text: "disk is full".into(),
    };
    console.send(Msg::Note(folder, NoteReply::Read(vec![entry])));
    console.keys("G s");
    assert!(foot(&console).contains("Starred, what ada wrote: disk is full"), "{}", foot(&console));
}

#[test]
fn who_declares_what_is_open_already_is_told_before_enter() {
    for size in [WIDE, NARROW] {
        let mut console = outage(size);
        console.keys("I");
        assert!(!console.screen().contains("is open for it already"), "{}", console.screen());
        console.keys("Enter");
        save(&mut console);
        console.keys("I");
        // On a narrow screen it stands in more rows than one.
        let screen = console.screen().split_whitespace().collect::<Vec<_>>().join(" ");
        let said = "INC-20261122-0326-checkout (HighErrorRate checkout) is open for it already";
        assert!(screen.contains(said), "{screen}");
        assert!(screen.contains(":incident turns to it, Esc leaves this"), "{screen}");
        assert!(screen.contains("title: 2 High"), "what is typed is seen: {screen}");
        console.keys("Esc");
        // What is over is no reason.
        command(&mut console, "status resolved");
        command(&mut console, "status closed");
        console.keys("I");
        assert!(!console.screen().contains("is open for it already"), "{}", console.screen());
    }
}

#[test]
fn a_name_that_several_incidents_have_turns_to_none_and_says_which() {
    let mut console = Console::new(WIDE);
    for title in ["db is slow", "db is down", "queue is long"] {
        console.keys("I ctrl-u").type_text("2 ").type_text(title).keys("Enter");
        save(&mut console);
    }
    command(&mut console, "incident none");
    command(&mut console, "incident db");
    let screen = console.screen();
    assert!(!screen.lines().next().unwrap().contains("INC "), "none is taken: {screen}");
    assert!(screen.contains("2 incidents have db in their names"), "{screen}");
    assert!(screen.contains("INC-20261122-0326-db-is-slow"), "{screen}");
    assert!(screen.contains("INC-20261122-0326-db-is-down"), "{screen}");
    command(&mut console, "incident nothere");
    assert!(console.screen().contains("There is no incident nothere. :incident lists them."));
    // Who chose with the arrows has chosen, and a part that one alone has is enough.
    console.keys(":").type_text("incident db").keys("Down Enter");
    assert!(console.screen().lines().next().unwrap().contains("INC db is down"), "{}", console.screen());
    command(&mut console, "incident queue");
    assert!(console.screen().lines().next().unwrap().contains("INC queue is"), "{}", console.screen());
}

#[test]
fn of_several_overdue_things_the_header_counts_the_others() {
    let mut console = outage(WIDE);
    let header = |console: &Console| console.screen().lines().next().unwrap().to_owned();
    console.keys("I Enter");
    for text in ["timer 1m one", "timer 2m two", "timer 3m three", "timer 20m four"] {
        command(&mut console, text);
    }
    save(&mut console);
    console.pass(61);
    assert!(header(&console).contains("OVERDUE 0:00: one"), "{}", header(&console));
    assert!(!header(&console).contains('+'), "{}", header(&console));
    console.pass(240);
    assert!(header(&console).contains("OVERDUE 0:04: one +2"), "{}", header(&console));
}
