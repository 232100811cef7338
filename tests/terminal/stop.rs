//! Suspended and continued: the shell has its terminal in between, and all is painted anew after.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::pty::{Pty, Start};
use super::{Console, MIDWATCH, alive, begin, is_painted, quiet, ready, searched};

/// An interactive shell with job control, waiting at its prompt.
fn shell() -> Console {
    let start = Start::default().env("PS1", "shell> ").env("ENV", "/dev/null");
    let pty = begin(start, &["sh", "-i"]);
    pty.wait_for("shell> ");
    pty
}

/// The shell's only child.
fn child(shell: &Pty) -> Pid {
    let path = format!("/proc/{0}/task/{0}/children", shell.pid.as_raw_nonzero());
    let children = std::fs::read_to_string(path).unwrap();
    Pid::from_raw(children.trim().parse().unwrap()).unwrap()
}

#[track_caller]
fn at_prompt(pty: &Pty) {
    pty.wait("the shell's prompt", |shown| {
        shown.left_behind().is_empty() && shown.text().trim_end().ends_with("shell>")
    });
}

fn start_in(pty: &Pty) {
    pty.send(format!("{MIDWATCH}\n").as_bytes());
    ready(pty);
    alive(pty);
}

/// Continues it and waits until what it showed is there again; how long that took.
#[track_caller]
fn back(pty: &Pty) -> Duration {
    let start = Instant::now();
    pty.send(b"fg\n");
    let seen = pty.wait("the console again", |shown| is_painted(shown) && !shown.text().contains("shell>"));
    seen.saturating_duration_since(start)
}

#[test]
fn ctrl_z_gives_the_shell_its_terminal_and_fg_paints_everything() {
    let pty = shell();
    start_in(&pty);
    pty.send(b"\x1a");
    at_prompt(&pty);
    pty.send(b"echo o''n the screen\n");
    pty.wait_for("on the screen");
    let took = back(&pty);
    assert!(took < Duration::from_secs(1), "{took:?}");
    println!("painted anew {took:?} after fg");
    assert!(!pty.look(|shown| shown.text().contains("on the screen")));
    pty.send(b"q");
    at_prompt(&pty);
}

#[test]
fn a_stop_from_elsewhere_and_a_new_size_meanwhile() {
    let pty = shell();
    start_in(&pty);
    rustix::process::kill_process(child(&pty), Signal::TSTP).unwrap();
    at_prompt(&pty);
    pty.resize(100, 30);
    back(&pty);
    // Nobody can prepare for this one; the shell takes its modes back itself.
    rustix::process::kill_process(child(&pty), Signal::STOP).unwrap();
    pty.wait("the shell", |shown| shown.text().contains("shell>"));
    back(&pty);
    pty.send(b"q");
    at_prompt(&pty);
}

#[test]
fn in_the_background_it_waits_for_the_terminal() {
    let pty = shell();
    start_in(&pty);
    pty.send(b"\x1a");
    at_prompt(&pty);
    pty.send(b"bg; echo st''ill mine\n");
    pty.wait_for("still mine");
    pty.let_pass(Duration::from_millis(300));
    assert!(!pty.look(|shown| shown.screen.screen().alternate_screen()), "the shell's screen is the shell's");
    back(&pty);
    pty.send(b"q");
    at_prompt(&pty);
}

#[test]
fn what_is_typed_before_the_console_is_there_is_not_lost() {
    let pty = shell();
    pty.send(format!("{MIDWATCH}\n?").as_bytes());
    pty.wait_for("Help");
    pty.send(b"\x1b");
    pty.wait("the end of the help", |shown| searched(shown).is_none());
    pty.send(b"\x1a");
    at_prompt(&pty);
    pty.send(b"fg\n?");
    pty.wait_for("Help");
}

#[test]
fn without_a_shell_it_says_that_it_cannot() {
    let pty = quiet();
    pty.send(b"\x1a");
    pty.wait_for("cannot suspend");
    alive(&pty);
}
