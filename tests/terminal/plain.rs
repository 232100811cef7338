//! `--plain`: lines only, on any terminal and on none.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal};

use super::pty::{Pty, Start};
use super::{Console, MIDWATCH, begin};

const DEMO: [&str; 7] = [MIDWATCH, "demo", "--at", "03:14", "--plain", "--as", "kim"];

fn said(pty: &Pty) -> String {
    pty.look(|shown| String::from_utf8(shown.bytes.clone()).unwrap())
}

/// Presses keys and waits until this is said after them.
#[track_caller]
fn ask(pty: &Pty, keys: &[u8], answer: &str) {
    let before = pty.count();
    pty.send(keys);
    pty.wait(answer, |shown| {
        String::from_utf8_lossy(&shown.bytes[before..]).replace("\r\n", "\n").contains(answer)
    });
}

fn started(term: &str) -> Console {
    let console = begin(Start::default().env("TERM", term), &DEMO);
    console.wait("the summary", |shown| String::from_utf8_lossy(&shown.bytes).contains("q leaves."));
    console
}

#[test]
fn a_dumb_terminal_gets_lines_and_answers_keys_and_is_left_as_it_was() {
    let mut console = started("dumb");
    assert!(said(&console).contains("4 alerts fire:"), "{}", said(&console));
    ask(&console, b"3", "CRIT HighErrorRate  checkout");
    ask(&console, b"j", "WARN DiskFilling");
    ask(&console, b"k\r", "What people wrote");
    ask(&console, b";", "note (h x d t u):");
    ask(&console, b"rolled", " rolled");
    // Taken back: said anew, for nothing is painted over.
    ask(&console, b"\x7f", "\nnote: rolle");
    ask(&console, b"\x03", "Cancelled");
    ask(&console, b"?", "Holds the whole screen still");
    ask(&console, b"freez", "search: freez");
    console.send(b"\x03");
    console.send(b"\x03");
    assert_eq!(console.pty.code(), 0);
    assert!(console.is_cooked_as_before());
    let all = said(&console);
    assert!(all.chars().all(|c| matches!(c, '\r' | '\n') || !c.is_control()), "{all:?}");
    assert!(all.ends_with('\n'), "the shell's prompt begins on a line of its own");
}

#[test]
fn what_comes_through_a_pipe_is_told_and_the_keys_are_those_of_the_terminal() {
    let script = format!("printf 'one\\ntwo lines\\nthree\\n' | {MIDWATCH} --plain open -");
    let mut console = begin(Start::default(), &["sh", "-c", &script]);
    console.wait("the summary", |shown| String::from_utf8_lossy(&shown.bytes).contains("q leaves."));
    ask(&console, b"/two\r", "two lines");
    // The filter first.
    console.send(b"qq");
    assert_eq!(console.pty.code(), 0);
    assert!(console.is_cooked_as_before());
}

#[test]
fn other_terminals_are_told_to_bracket_pastes_and_nothing_else() {
    let mut console = started("xterm-256color");
    ask(&console, b"\x1b[200~q\r;note\r\x1b[201~", "Pasted text goes only where");
    ask(&console, b"2", "lines skipped");
    ask(&console, b"/", "filter:");
    console.send(b"\x1b[200~a\x1b[31mb\x1b[201~");
    console.wait("the paste", |shown| String::from_utf8_lossy(&shown.bytes).contains("[31mb"));
    console.send(b"\x03");
    console.send(b"\x03");
    assert_eq!(console.pty.code(), 0);
    let left = console.look(super::Shown::left_behind);
    assert!(left.is_empty(), "left behind: {left:?}");
    let all = said(&console);
    let rest = all.replacen("\x1b[?2004h", "", 1).replacen("\x1b[?2004l", "", 1);
    assert!(!rest.contains('\x1b'), "{rest:?}");
}

/// The console in pipes, and its lines.
fn piped(stdin: Stdio) -> (std::process::Child, BufReader<ChildStdout>) {
    let [program, arguments @ ..] = DEMO;
    let mut child = Command::new(program)
        .args(arguments)
        .args(["--speed", "10", "--ascii"])
        .env_clear()
        .env("HOME", std::env::temp_dir())
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    (child, lines)
}

/// Reads up to the line that has this text.
#[track_caller]
fn read_to(lines: &mut BufReader<ChildStdout>, text: &str) -> String {
    let mut all = String::new();
    while lines.read_line(&mut all).unwrap() > 0 {
        if all.lines().last().is_some_and(|line| line.contains(text)) {
            return all;
        }
    }
    unreachable!("ended without {text:?} after {all}")
}

#[test]
fn without_a_terminal_it_tells_the_news_until_its_input_ends() {
    let (mut child, mut lines) = piped(Stdio::piped());
    let summary = read_to(&mut lines, "blind since");
    assert!(summary.starts_with("midwatch: ALL 3 (2 prod), 7 sources"), "{summary}");
    assert!(summary.is_ascii() && !summary.contains(['\x1b', '\r']) && !summary.contains("q leaves"));
    let mut stdin = child.stdin.take().unwrap();
    // What comes in is no key.
    stdin.write_all(b"qqq\x03\x03").unwrap();
    read_to(&mut lines, "run integration-eu #2293 failed");
    drop(stdin);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest}");
}

#[test]
fn a_device_without_an_end_leaves_the_end_to_the_signals() {
    let (mut child, mut lines) = piped(Stdio::null());
    read_to(&mut lines, "run integration-eu #2293 failed");
    rustix::process::kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
}

#[test]
fn it_ends_when_nobody_reads_its_lines_any_more() {
    let (mut child, mut lines) = piped(Stdio::null());
    read_to(&mut lines, "midwatch: ");
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
