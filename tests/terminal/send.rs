//! `midwatch notes send`: what is sent was seen and agreed to, once; what came of it is in the timeline.

use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use midwatch::model::note::{Entry, Folder, NoteCommand, What};
use midwatch::model::terms::{Declared, IncidentId, Sev};
use midwatch::store::files::Disk;
use midwatch::store::notes::{Folders, Session};

use super::MIDWATCH;
use super::gate::Gate;
use super::login::write;
use super::pty::{Pty, Start};

/// A home with an incident, and a webhook that leads to the gate.
fn home(gate: &Gate, allow: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let now: Timestamp = "2026-03-14T01:42:10Z".parse().unwrap();
    let session = Session { person: "kim".into(), host: "bastion".into(), id: "a".into(), since: now };
    let (mut folders, _) = Folders::open(Disk, &home.path().join(".local/state/midwatch"), &session, now);
    let declared = Declared {
        environment: Some("prod".into()),
        ..Declared::new("checkout <!channel> fails", Sev::new(2).unwrap())
    };
    let entry = Entry {
        at: now,
        recorded: now,
        person: "kim".into(),
        what: What::Declared(Box::new(declared)),
        text: "".into(),
        session: "a".into(),
        seq: 1,
    };
    let id = IncidentId::try_from("INC-20260314-0142-checkout".to_owned()).unwrap();
    folders.handle(&Folder::Incident(id), NoteCommand::Entry(entry), now);
    folders.close(now).unwrap();
    write(&home.path().join("hook"), &format!("{}/services/T/B/canary-hook-4711", gate.url()));
    let text = format!(
        "person = 'kim'\n[[environment]]\nname = 'prod'\nallow = [{allow}]\n\
         [[destination]]\nname = 'chat'\nkind = 'slack-webhook'\nurl = '{}'\ncredential = 'hook'\ntimeout = '400ms'\n\
         [[credential]]\nname = 'hook'\nfile = '~/hook'\n",
        gate.url()
    );
    write(&home.path().join(".config/midwatch/config.toml"), &text);
    home
}

const SEND: [&str; 6] = [MIDWATCH, "notes", "send", "checkout", "--to", "chat"];

fn run(home: &tempfile::TempDir) -> Pty {
    Start::default().size(120, 40).env("HOME", home.path()).run(&SEND)
}

/// The letter that is asked for.
fn letter(pty: &Pty) -> String {
    pty.wait_for("anything else sends nothing.");
    pty.look(|shown| {
        let text = shown.text();
        let (_, rest) = text.split_once("Type ").unwrap();
        rest.split(' ').next().unwrap().to_owned()
    })
}

/// What the timeline says, without times.
fn timeline(home: &tempfile::TempDir) -> String {
    let output = Command::new(MIDWATCH)
        .args(["notes", "show", "checkout"])
        .env_clear()
        .env("HOME", home.path())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_document_is_sent_when_the_letter_that_is_shown_was_typed() {
    let gate = Gate::start(|_| Some(("200 OK", "ok".to_owned())));
    let home = home(&gate, "'send'");
    let mut pty = run(&home);
    let letter = letter(&pty);
    let text = pty.look(super::pty::Shown::text);
    for line in [
        "to           chat, Slack at http://127.0.0.1",
        "incident     INC-20260314-0142-checkout, environment prod",
        "*SEV2 active: checkout &lt;!channel&gt; fails*",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("canary-hook"), "{text}");
    assert_eq!(gate.heard().len(), 0, "nothing went out yet");
    // Half a second after it was shown.
    pty.let_pass(Duration::from_millis(1200));
    pty.send(format!("{letter}\n").as_bytes());
    pty.wait_for("sent update to chat");
    assert_eq!(pty.code(), 0);
    let heard = gate.heard();
    assert_eq!(heard.len(), 1);
    assert!(heard[0].starts_with("POST /services/T/B/canary-hook-4711 "), "{heard:?}");
    let told = timeline(&home);
    assert!(told.contains("kim  update: sent update to chat (Slack at http://127.0.0.1"), "{told}");
}

#[test]
fn what_was_typed_ahead_or_too_soon_or_is_another_key_sends_nothing() {
    let gate = Gate::start(|_| Some(("200 OK", "ok".to_owned())));
    let home = home(&gate, "'send'");
    for typed in ["y\n", "yes\n", "\n", "k\n", "cdehmprsux\n"] {
        let mut pty = run(&home);
        pty.send(typed.as_bytes());
        pty.wait_for("nothing was sent");
        assert_eq!(pty.code(), 1, "{typed}");
    }
    assert_eq!(gate.heard().len(), 0);
    assert!(!timeline(&home).contains("sent update"));
}

#[test]
fn an_answer_that_never_comes_is_unknown_and_stands_in_the_timeline() {
    let gate = Gate::start(|_| None);
    let home = home(&gate, "'send'");
    let mut pty = run(&home);
    let letter = letter(&pty);
    pty.let_pass(Duration::from_millis(1200));
    pty.send(format!("{letter}\n").as_bytes());
    pty.wait_for("UNKNOWN whether update was sent to chat");
    assert_eq!(pty.code(), 3);
    assert_eq!(gate.heard().len(), 1, "it was sent once");
    let told = timeline(&home);
    assert!(told.contains("UNKNOWN whether update was sent to chat"), "{told}");
    assert!(told.contains("look there whether it arrived before you send it again"), "{told}");
}

#[test]
fn without_leave_or_a_terminal_nothing_goes_out() {
    let gate = Gate::start(|_| Some(("200 OK", "ok".to_owned())));
    let said = |home: &tempfile::TempDir, more: &[&str]| {
        let mut command = Command::new(MIDWATCH);
        command.args(&SEND[1..]).args(more).env_clear().env("HOME", home.path());
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let barred = home(&gate, "'ack'");
    let (code, text) = said(&barred, &["--dry-run"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("nothing of prod may be sent: its [[environment]] would need allow"), "{text}");
    let open = home(&gate, "'send'");
    let (code, text) = said(&open, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("so this needs a terminal; --dry-run shows it"), "{text}");
    let (code, text) = said(&open, &["--dry-run", "--document", "postmortem"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("Postmortem: SEV2 checkout <!channel> fails"),
        "the title is a person's to read\n{text}"
    );
    assert_eq!(gate.heard().len(), 0);
}
