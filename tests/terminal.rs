//! The real program in a pseudo-terminal: it starts, draws, listens, and leaves nothing behind.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and may print what it measured"
)]

#[path = "terminal/canary.rs"]
mod canary;
#[path = "terminal/collect.rs"]
mod collect;
#[path = "terminal/drill.rs"]
mod drill;
#[path = "terminal/editor.rs"]
mod editor;
#[path = "terminal/end.rs"]
mod end;
#[path = "terminal/first.rs"]
mod first;
#[path = "support/gate.rs"]
mod gate;
#[path = "terminal/journey.rs"]
mod journey;
#[path = "terminal/keeping.rs"]
mod keeping;
#[path = "terminal/login.rs"]
mod login;
#[path = "terminal/plain.rs"]
mod plain;
#[path = "support/pty.rs"]
mod pty;
#[path = "terminal/screen.rs"]
mod screen;
#[path = "terminal/send.rs"]
mod send;
#[path = "terminal/stop.rs"]
mod stop;
#[path = "terminal/typing.rs"]
mod typing;

use std::ops::Deref;
use std::time::Duration;

use pty::{Pty, Shown, Start};

/// The program.
const MIDWATCH: &str = env!("CARGO_BIN_EXE_midwatch");

/// A console and the home that it lives in.
struct Console {
    pty: Pty,
    home: tempfile::TempDir,
}

impl Deref for Console {
    type Target = Pty;

    fn deref(&self) -> &Pty {
        &self.pty
    }
}

/// A console without configuration: nothing happens in it by itself.
fn quiet() -> Console {
    quiet_with(Start::default())
}

fn quiet_with(start: Start) -> Console {
    let console = begin(start, &[MIDWATCH]);
    ready(&console);
    console
}

/// Gives a home a configuration in which nothing is configured.
fn configure(home: &std::path::Path) {
    let folder = home.join(".config/midwatch");
    std::fs::create_dir_all(&folder).unwrap();
    let mut file = std::fs::File::create(folder.join("config.toml")).unwrap();
    std::io::Write::write_all(&mut file, b"person = 'kim'\n").unwrap();
}

/// Starts something in a home of its own.
fn begin(start: Start, argv: &[&str]) -> Console {
    let home = tempfile::tempdir().unwrap();
    // Without any file the console would offer what is on this machine.
    configure(home.path());
    let pty = start.env("HOME", home.path()).run(argv);
    Console { pty, home }
}

/// A console on a large terminal that reads nothing any more and has taken all that it can, and
/// how many bytes a full repaint of it has.
fn stalled() -> (Console, usize) {
    let console = quiet_with(Start::default().size(400, 120));
    console.wait_quiet(Duration::from_millis(200));
    let before = console.count();
    console.send(b"\x0c");
    console.wait("a repaint", |shown| shown.bytes.len() > before);
    console.wait_quiet(Duration::from_millis(200));
    let repaint = console.count() - before;
    // The system holds 64 KiB for the reader and little more.
    assert!(repaint > 30_000, "a repaint has only {repaint} bytes");
    console.stall(true);
    for _ in 0..6 {
        console.send(b"\x0c");
        console.let_pass(Duration::from_millis(50));
    }
    (console, repaint)
}

/// Whether the console is on the screen, from its first to its last row.
fn is_painted(shown: &Shown) -> bool {
    let screen = shown.screen.screen();
    let rows: Vec<String> = screen.rows(0, screen.size().1.get()).collect();
    let (first, last) = (rows.first().unwrap(), rows.last().unwrap());
    screen.alternate_screen() && first.contains("UTC") && last.contains("help")
}

/// Waits until the console is on the screen.
#[track_caller]
fn ready(pty: &Pty) {
    pty.wait("the console", is_painted);
}

/// Opens the help, where what is typed is seen.
#[track_caller]
fn open_help(pty: &Pty) {
    pty.send(b"?");
    pty.wait("the help", |shown| searched(shown).is_some());
}

/// What stands in the search line of the help.
fn searched(shown: &Shown) -> Option<String> {
    let text = shown.text();
    let line = text.lines().find_map(|line| line.split_once("search:").map(|(_, typed)| typed.to_owned()))?;
    Some(line.trim_matches([' ', '\u{2502}']).to_owned())
}

/// Whether it still listens and paints.
#[track_caller]
fn alive(pty: &Pty) {
    open_help(pty);
    pty.let_pass(Duration::from_millis(20));
    pty.send(b"\x1b");
    pty.wait("the end of the help", |shown| searched(shown).is_none());
}
