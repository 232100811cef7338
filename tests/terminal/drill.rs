//! `midwatch drill`: its banner on the screen and in lines, and its score when one leaves.

use std::process::Command;

use super::pty::{Pty, Shown, Start};
use super::{Console, MIDWATCH, begin};

fn said(pty: &Pty) -> String {
    pty.look(|shown| String::from_utf8_lossy(&shown.bytes).replace("\r\n", "\n"))
}

/// Waits for the end, and gives what is left on the terminal. Nothing was written.
#[track_caller]
fn left(mut console: Console) -> String {
    assert_eq!(console.pty.code(), 0);
    assert!(console.is_cooked_as_before());
    let files = std::fs::read_dir(console.home.path()).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, [".config"], "only what the test put there");
    said(&console)
}

#[test]
fn a_drill_says_that_it_is_one_and_prints_its_score_when_one_leaves() {
    let console = begin(Start::default().size(80, 24), &[MIDWATCH, "drill", "bad-deploy"]);
    console.wait("the briefing", |shown| {
        shown.text().contains("It is Wednesday afternoon") && shown.text().contains("DRILL, NOT REAL")
    });
    console.send(b"q");
    console.wait("the panes", |shown| {
        shown.text().contains(">INFO CertExpiresSoon") && !shown.text().contains("Wednesday")
    });
    assert!(console.look(Shown::text).contains("DRILL, NOT REAL"));
    console.send(b"I");
    console.wait("the prompt", |shown| shown.text().contains("declare, severity"));
    console.send(b"\r");
    console.wait("the incident", |shown| shown.text().contains("DRILL") && shown.text().contains("SEV"));
    console.wait("that it is too early", |shown| shown.text().contains("You are not paged yet"));
    console.send(b":set change none\r");
    console.wait("the answer", |shown| {
        shown.text().contains("SEV4 active CertExpiresSoon") && !shown.text().contains("unsaved")
    });
    console.send(b"q");
    let said = left(console);
    // It was done before the page, and does not count.
    assert!(said.contains("0 of 4.") && said.matches("not done").count() == 4, "{said}");
    assert!(said.contains("the change was deploy-production #2207"), "{said}");
}

#[test]
fn in_lines_it_says_so_too() {
    let console = begin(Start::default(), &[MIDWATCH, "drill", "--plain", "--speed", "100", "full-disk"]);
    console.wait("the summary", |shown| String::from_utf8_lossy(&shown.bytes).contains("q leaves."));
    assert!(said(&console).contains("DRILL, nothing here is real."), "{}", said(&console));
    console.wait("the briefing", |shown| String::from_utf8_lossy(&shown.bytes).contains("It is Sunday"));
    // What happens is told as what does not really happen.
    console.wait("an alert", |shown| String::from_utf8_lossy(&shown.bytes).contains("DRILL: "));
    console.send(b"q");
    console.wait("its end", |shown| String::from_utf8_lossy(&shown.bytes).contains("0 of 4."));
    console.send(b"\x03\x03");
    let said = left(console);
    assert_eq!(said.matches("0 of 4. Times are from the page").count(), 2, "shown and printed: {said}");
}

#[test]
fn without_a_name_the_drills_are_listed_and_what_is_no_drill_is_refused() {
    let run = |arguments: &[&str]| {
        let home = tempfile::tempdir().unwrap();
        let output = Command::new(MIDWATCH).args(arguments).env("HOME", home.path()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, listed, _) = run(&["drill"]);
    assert_eq!(code, Some(0));
    for name in ["bad-deploy", "full-disk", "expired-certificate"] {
        assert!(listed.contains(name), "{listed}");
    }
    let (code, _, refused) = run(&["drill", "./nowhere.toml"]);
    assert_eq!(code, Some(2));
    assert!(refused.starts_with("./nowhere.toml: no such file"), "{refused}");
}
