//! What is typed does what it says, once; what a terminal sends by itself does nothing.

use std::time::{Duration, Instant};

use super::pty::{Pty, Shown};
use super::{alive, open_help, quiet, searched};

const GAP: Duration = Duration::from_millis(150);

/// Waits until the search line of the help says this and nothing else.
#[track_caller]
fn wait_searched(pty: &Pty, text: &str) -> Instant {
    pty.wait(text, |shown| searched(shown).is_some_and(|typed| typed.ends_with(text)));
    assert_eq!(pty.look(searched).unwrap(), text);
    pty.look(|shown| shown.last)
}

#[test]
fn a_key_is_painted_at_once() {
    let pty = quiet();
    open_help(&pty);
    let (mut times, mut typed) = (Vec::new(), String::new());
    for _ in 0..20 {
        typed.push('x');
        let start = Instant::now();
        pty.send(b"x");
        times.push(wait_searched(&pty, &typed).saturating_duration_since(start));
    }
    times.sort();
    println!("key to paint: median {:?}, slowest {:?}", times[10], times[19]);
    assert!(times[10] < Duration::from_millis(50), "median {:?}", times[10]);
}

#[test]
fn a_sequence_split_anywhere_runs_nothing_by_mistake() {
    for sequence in ["\x1b[A", "\x1bOD", "\x1b[3~", "\x1b[1;5C", "\x1b[<0;3;3M", "\x1b]11;rgb:1e/1e\x07"] {
        let pty = quiet();
        for cut in 1..sequence.len() {
            open_help(&pty);
            pty.send(&sequence.as_bytes()[..cut]);
            pty.let_pass(GAP);
            if cut == 1 {
                // ESC alone for so long is the Esc key: the help is closed, and the rest comes to
                // where each of its letters could be a command.
                pty.wait("the end of the help", |shown| searched(shown).is_none());
            }
            pty.send(&sequence.as_bytes()[cut..]);
            pty.let_pass(GAP);
            if cut == 1 {
                open_help(&pty);
            }
            pty.send(b"zz");
            wait_searched(&pty, "zz");
            let all = pty.look(|shown| String::from_utf8_lossy(&shown.bytes).into_owned());
            assert!(!all.contains("nothing"), "a part of {sequence:?} cut at {cut} was taken for a key");
            pty.send(b"\x1b");
            pty.wait("the end of the help", |shown| searched(shown).is_none());
        }
    }
}

#[test]
fn late_replies_of_the_terminal_are_no_keys() {
    let pty = quiet();
    open_help(&pty);
    pty.let_pass(Duration::from_millis(300));
    pty.send(b"\x1b[?62;1;6;22c\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1b[24;80R\x1b[I\x1b[<0;3;3M");
    pty.send(b"zz");
    wait_searched(&pty, "zz");
}

#[test]
fn pasted_text_is_text() {
    let pty = quiet();
    let before = pty.look(Shown::text);
    pty.send(b"\x1b[200~q\ry\x1b[201~q\x1b[201~");
    pty.let_pass(GAP);
    assert_eq!(pty.look(Shown::text).lines().nth(3), before.lines().nth(3));
    alive(&pty);
    open_help(&pty);
    pty.send(b"\x1b[200~zz\x1b[201~");
    wait_searched(&pty, "zz");
}
