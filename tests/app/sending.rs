//! What is sent from the console: shown whole, agreed to by a letter that nobody can type before, and told in the
//! timeline.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use midwatch::app::Setup;
use midwatch::config::destinations::{Destination, Kind};
use midwatch::config::endpoint::Endpoint;
use midwatch::config::environment::{Allowed, Environment};
use midwatch::config::origin::Origin;
use midwatch::incident::paper::Paper;
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::{Entry, Folder, NoteCommand, NoteReply, What};
use midwatch::model::outgoing::{Body, Delivery, Outgoing};
use midwatch::model::text::{RawText, SafeText};
use midwatch::pane::effect::{Effect, Msg};

use crate::console::{Console, alert, setup};
use crate::{Alert, NARROW, Severity, WIDE};

/// A console with an incident of prod-eu, from where something may be sent or not.
fn console(allow: &[Allowed]) -> Console {
    let environment = Environment {
        name: "prod-eu".into(),
        colour: None,
        production: true,
        allow: allow.to_vec(),
        origin: Origin::default(),
    };
    let destination = Destination {
        name: "chat".into(),
        kind: Kind::Slack,
        environments: Vec::new(),
        endpoint: Endpoint::at("https://slack.com").unwrap(),
        channel: "#ops".to_owned(),
        project: String::new(),
        issue_type: String::new(),
        space: String::new(),
        parent: None,
        labels: Vec::new(),
        data_center: false,
        template: serde_json::Value::Null,
        hidden_address: false,
    };
    let mut console = Console::with(Setup {
        environments: vec![environment],
        destinations: vec![destination],
        ..setup(WIDE)
    });
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 15)]);
    console.keys("I Enter");
    console
}

fn entries(console: &Console) -> Vec<Entry> {
    let entry = |effect: &Effect| match effect {
        Effect::Note(_, NoteCommand::Entry(entry)) => Some(entry.clone()),
        _ => None,
    };
    console.effects.iter().filter_map(entry).collect()
}

fn sends(console: &Console) -> usize {
    console.effects.iter().filter(|effect| matches!(effect, Effect::Send(..))).count()
}

fn prepared(console: &Console) -> Option<(Folder, RawText, Paper)> {
    console.effects.iter().find_map(|effect| match effect {
        Effect::Prepare(folder, name, paper) => Some((folder.clone(), name.clone(), (**paper).clone())),
        _ => None,
    })
}

fn outgoing() -> Outgoing {
    Outgoing {
        destination: "chat".into(),
        place: "Slack #ops at https://slack.com".into(),
        document: "update",
        title: "SEV1 checkout fails".into(),
        body: Body::Text("*Impact*".to_owned()),
        shown: vec!["*Impact* <not a mention>".into()],
        remarks: vec!["1 secret was taken out".into()],
        is_kept: false,
        links: Vec::new(),
        facts: Vec::new(),
    }
}

/// Asks for an update to be sent, and lets it be prepared.
fn propose(console: &mut Console) -> Folder {
    console.keys(":").type_text("send update chat").keys("Enter");
    let (folder, name, paper) = prepared(console).unwrap();
    assert_eq!((name, paper.word), ("chat".into(), "update"));
    console.effects.clear();
    console.send(Msg::Prepared(folder.clone(), Ok(Box::new(outgoing()))));
    folder
}

fn letter(console: &Console) -> String {
    let row = console.row("sends this, Esc does not").unwrap();
    row.trim().chars().next().unwrap().to_string()
}

#[test]
fn what_is_sent_is_seen_whole_agreed_to_and_told_in_the_timeline() {
    let mut console = console(&[Allowed::Send]);
    let folder = propose(&mut console);
    for text in [
        "chat, Slack #ops at https://slack.com",
        "prod-eu",
        "1 secret was taken out",
        "*Impact* <not a mention>",
    ] {
        assert!(console.screen().contains(text), "{text}\n{}", console.screen());
    }
    let letter = letter(&console);
    // Whoever types the same at once has not read it; every other key sends nothing.
    console.keys(&letter);
    assert!(console.screen().contains("Too soon"), "{}", console.screen());
    console.pass(2).keys("y Enter j G space");
    console.send(Msg::Paste(letter.as_str().into()));
    assert_eq!(sends(&console), 0);
    // Nor does who types on agree with the next word.
    console.keys(&letter);
    assert_eq!(sends(&console), 0);
    console.pass(1).keys(&letter);
    assert_eq!(sends(&console), 1);
    let [begun] = &entries(&console)[..] else { panic!("{:?}", console.effects) };
    assert_eq!(begun.text, "sending update to chat (Slack #ops at https://slack.com)".into());
    console.keys(&letter).keys(":").type_text("send update chat").keys("Enter");
    assert_eq!(sends(&console), 1);
    assert!(console.screen().contains("is not there yet"), "{}", console.screen());
    console.effects.clear();
    let link = Some("https://x.slack.com/p1".into());
    console.send(Msg::Sent(folder, Box::new(outgoing()), Delivery::Sent(link)));
    let [entry] = &entries(&console)[..] else { panic!("{:?}", console.effects) };
    assert_eq!(entry.what, What::Update);
    assert_eq!(
        entry.text,
        "sent update to chat (Slack #ops at https://slack.com): https://x.slack.com/p1".into()
    );
}

#[test]
fn what_is_prepared_while_one_writes_takes_no_keys_and_one_is_asked_before_leaving_what_is_under_way() {
    let mut console = console(&[Allowed::Send]);
    console.keys(":").type_text("send update chat").keys("Enter");
    let (folder, ..) = prepared(&console).unwrap();
    let (entries, pad, held_by, notices) = (Vec::new(), "".into(), None, Vec::new());
    console.send(Msg::Note(folder.clone(), NoteReply::Opened { entries, pad, held_by, notices }));
    console.keys("4 . i");
    console.send(Msg::Prepared(folder, Ok(Box::new(outgoing()))));
    assert!(console.row("sends this, Esc does not").is_none(), "{}", console.screen());
    console.keys("Esc");
    propose(&mut console);
    let letter = letter(&console);
    console.pass(2).keys(&letter).effects.clear();
    console.keys("q q q");
    assert!(!console.effects.contains(&Effect::Quit), "{:?}", console.effects);
}

#[test]
fn nothing_goes_where_the_environment_does_not_allow_it_or_nobody_agrees() {
    let mut barred = console(&[Allowed::Ack]);
    barred.keys(":").type_text("send update chat").keys("Enter");
    assert!(barred.screen().contains("Not sent: nothing of prod-eu may be sent"), "{}", barred.screen());
    assert_eq!(prepared(&barred), None);
    let mut console = console(&[Allowed::Send]);
    propose(&mut console);
    let letter = letter(&console);
    console.pass(2).keys("Esc").keys(&letter);
    assert_eq!(sends(&console), 0);
    // What cannot be prepared stays said.
    console.send(Msg::Prepared(Folder::Shift, Err(SafeText::from("there is no home"))));
    console.pass(30);
    assert!(console.screen().contains("Not sent: there is no home."), "{}", console.screen());
}

#[test]
fn what_nobody_knows_stays_on_the_screen_and_in_the_timeline() {
    let mut console = console(&[Allowed::Send]);
    let folder = propose(&mut console);
    let letter = letter(&console);
    console.pass(2).keys(&letter);
    console.effects.clear();
    let failure = Failure::new(FailureKind::Unknown, "connection broken").advise("look there first");
    console.send(Msg::Sent(folder, Box::new(outgoing()), Delivery::Unknown(failure)));
    console.pass(60);
    assert!(console.screen().contains("UNKNOWN whether update was sent to chat"), "{}", console.screen());
    let [entry] = &entries(&console)[..] else { panic!("{:?}", console.effects) };
    assert_eq!(entry.what, What::Note);
    assert!(entry.text.as_str().unwrap().ends_with("connection broken; look there first"), "{entry:?}");
    assert_eq!(sends(&console), 0, "nothing is sent again by itself");
}

#[test]
fn why_it_was_not_sent_is_read_whole_on_a_narrow_screen_and_news_do_not_take_it_away() {
    let mut console = console(&[Allowed::Send]);
    let folder = propose(&mut console);
    let letter = letter(&console);
    console.pass(2).keys(&letter);
    console.resize(NARROW);
    let why = "https://slack.com/api/chat.postMessage: not_in_channel";
    let failure = Failure::new(FailureKind::Forbidden, why).advise("invite the app into the channel");
    console.send(Msg::Sent(folder, Box::new(outgoing()), Delivery::Refused(failure)));
    let foot = |console: &Console, rows: usize| {
        let screen = console.screen();
        let rows: Vec<_> = screen.lines().rev().take(rows).map(str::trim).collect();
        rows.into_iter().rev().collect::<Vec<_>>().join(" ")
    };
    let said = format!(
        "not sent: update to chat (Slack #ops at https://slack.com): {why}; invite the app into the channel"
    );
    assert_eq!(foot(&console, 3), said);
    console.pass(5);
    let now = console.now;
    console.alerts(&[
        alert("HighErrorRate", Severity::Critical, 15),
        Alert { started: now, ..alert("LatencyP99", Severity::Critical, 0) },
    ]);
    assert!(foot(&console, 1).starts_with("CRIT LatencyP99 fires."), "{}", console.screen());
    console.pass(6);
    assert_eq!(foot(&console, 3), said);
    console.keys("j");
    assert!(!console.screen().contains("not_in_channel"), "{}", console.screen());
}

#[test]
fn the_clipboard_is_always_there() {
    let mut console = console(&[]);
    console.effects.clear();
    console.keys(":").type_text("send update copy").keys("Enter");
    assert!(console.effects.iter().any(|effect| matches!(effect, Effect::Copy(_))), "{:?}", console.effects);
    assert!(console.screen().contains("sent to the clipboard"), "{}", console.screen());
}
