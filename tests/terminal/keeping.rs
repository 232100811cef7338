//! A disk that refuses: the mark in the header, and that nothing is missing when it works again.

use std::process::Command;

use super::pty::{Shown, Start};
use super::{MIDWATCH, begin, ready};

fn header(shown: &Shown) -> String {
    shown.text().lines().next().unwrap_or_default().to_owned()
}

/// The words of the screen, however they are wrapped.
fn words(shown: &Shown) -> String {
    let text = shown.text().replace(['\u{2502}', '\n'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_disk_refuses_is_marked_until_it_is_written() {
    // No file may grow, as on a disk that is full.
    let script = format!("ulimit -S -f 0; exec {MIDWATCH}");
    let mut console = begin(Start::default().size(60, 20), &["sh", "-c", &script]);
    ready(&console);
    console.send(b";it began\r");
    console.wait("the mark", |shown| header(shown).contains("notes NOT saved since "));
    console.send(b"0");
    console.wait("what is to be known", |shown| {
        let words = words(shown);
        words.contains(".journal: no file may grow further here")
            && words.contains(":write PATH keeps a copy elsewhere.")
    });
    console.send(b"0");
    let pid = console.pid.as_raw_nonzero().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:unlimited"]).status();
    assert!(lifted.unwrap().success());
    console.wait("the mark to go", |shown| {
        !header(shown).contains("NOT saved") && header(shown).contains("UTC")
    });
    console.wait_for("The notes are saved again");
    console.send(b"\x03");
    console.send(b"\x03");
    assert_eq!(console.pty.code(), 0);
    let notes = console.home.path().join(".local/state/midwatch/notes");
    let kept =
        std::fs::read_dir(notes).unwrap().filter_map(|entry| std::fs::read(entry.unwrap().path()).ok());
    assert!(kept.into_iter().any(|bytes| String::from_utf8_lossy(&bytes).contains("it began")));
}

#[test]
fn a_signal_says_what_could_not_be_saved() {
    let script = format!("ulimit -S -f 0; exec {MIDWATCH}");
    let mut console = begin(Start::default().size(60, 20), &["sh", "-c", &script]);
    ready(&console);
    console.send(b";it began\r");
    console.wait("the mark", |shown| header(shown).contains("notes NOT saved since "));
    rustix::process::kill_process(console.pid, rustix::process::Signal::TERM).unwrap();
    // The limit holds for every directory.
    console.wait("what is lost", |shown| {
        let words = words(shown);
        words.contains("not everything was saved: ") && words.contains("1 note is lost")
    });
    assert_eq!(console.pty.code(), 143);
}

#[test]
fn who_is_killed_comes_back_to_the_incident_that_was_current() {
    let console = begin(Start::default().size(120, 20), &[MIDWATCH]);
    ready(&console);
    console.send(b"4");
    let is_saved = |shown: &Shown, title: &str| {
        let text = shown.text();
        header(shown).contains(&format!("INC {title}"))
            && text.contains("[timeline]")
            && text.contains(" saved ")
    };
    for (declares, title) in [(&b"Ifirst\r"[..], "first"), (b"Isecond\r", "second")] {
        console.send(declares);
        console.wait(title, |shown| is_saved(shown, title));
    }
    console.send(b":incident first\r");
    console.wait("the first", |shown| is_saved(shown, "first"));
    let kept = console.home.path().join(".local/state/midwatch/last.json");
    let is_kept = || {
        let text = std::fs::read_to_string(&kept).unwrap_or_default();
        let last: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        last["view"]["incident"].as_str().is_some_and(|id| id.ends_with("-first"))
    };
    // The thread that writes does so at once, and nothing on the screen says it.
    let begun = std::time::Instant::now();
    while !is_kept() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "it was not kept");
        console.let_pass(std::time::Duration::from_millis(20));
    }
    console.signal(rustix::process::Signal::KILL);
    console.wait_end();
    let next = Start::default().size(120, 20).env("HOME", console.home.path()).run(&[MIDWATCH]);
    next.wait("the first", |shown| header(shown).contains("INC first"));
}
