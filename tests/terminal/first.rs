//! The first start, without a configuration: what is here is offered, and nothing written before it is taken.

use std::path::{Path, PathBuf};

use super::{MIDWATCH, is_painted};
use crate::pty::{Pty, Start};

/// A console in a home with nothing in it.
fn first(home: &Path) -> Pty {
    let pty = Start::default().size(100, 30).env("USER", "deploy").env("HOME", home).run(&[MIDWATCH]);
    pty.wait("the first screen", |shown| shown.text().contains("There is no configuration yet."));
    pty
}

fn files(home: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![home.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn who_leaves_at_once_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = first(home.path());
    // The footer is drawn last.
    pty.wait("the footer", |shown| shown.text().contains("q leaves"));
    let text = pty.look(crate::pty::Shown::text);
    for expected in ["Found here:", "this account is", "midwatch init", "midwatch demo"] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    // Esc takes back one layer, and below this one there is nothing.
    pty.send(b"\x1b");
    pty.wait("what it waits for", |shown| {
        shown.text().contains("Enter looks at what was found here; q leaves.")
    });
    pty.send(b"q");
    pty.wait_end();
    assert_eq!(pty.code(), 0);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "{:?}", files(home.path()));
}

#[test]
fn enter_looks_at_what_was_found_and_a_note_is_kept_under_the_login_or_the_name_that_was_said() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = first(home.path());
    pty.send(b"\r");
    pty.wait("the console", |shown| {
        is_painted(shown) && !shown.text().contains("There is no configuration yet.")
    });
    // Typed at once, as by somebody in a hurry.
    pty.send(b";checkout is down\r");
    let notes = home.path().join(".local/state/midwatch/notes");
    let is_kept = |person: &str, note: &str| {
        let person = format!("\"person\":\"{person}\"");
        std::fs::read_dir(&notes).into_iter().flatten().any(|entry| {
            let text = std::fs::read(entry.unwrap().path()).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            text.contains(note) && text.contains(&person)
        })
    };
    pty.wait("the note on the disk", |_| is_kept("deploy", "checkout is down"));
    pty.wait("how to say a name", |shown| {
        shown.text().contains("Written as deploy, the name of your login.")
    });
    pty.send(b":as ana\r;rolled back\r");
    pty.wait("the second note", |_| is_kept("ana", "rolled back"));
    // It may not have heard yet that the entry is saved: q would ask.
    pty.send(b"\x03\x03");
    pty.wait_end();
    assert_eq!(pty.code(), 0);
    assert!(!home.path().join(".config").exists(), "{:?}", files(home.path()));

    // It is said once.
    let pty = first(home.path());
    pty.wait("the name", |shown| shown.text().contains("You are ana, as last time"));
}
