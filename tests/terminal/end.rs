//! Every way out leaves the terminal as it was, and a lost terminal ends the program.

use std::time::Duration;

use rustix::process::Signal;

use super::pty::{Shown, Start};
use super::{Console, MIDWATCH, alive, begin, quiet, ready, stalled};

/// Waits for the end and looks at what is left of the terminal.
#[track_caller]
fn ends(mut console: Console, code: i32) -> String {
    assert_eq!(console.pty.code(), code);
    let (pty, left) = (&console.pty, console.look(Shown::left_behind));
    assert!(left.is_empty(), "left behind: {left:?}");
    assert!(pty.is_cooked_as_before(), "modes {:?}, before {:?}", pty.modes(), pty.before);
    pty.look(Shown::text)
}

#[test]
fn leaving_by_a_key() {
    let pty = quiet();
    assert!(!pty.is_cooked_as_before(), "the console is raw");
    pty.send(b"q");
    ends(pty, 0);
}

#[test]
fn leaving_by_ctrl_c_twice() {
    let pty = quiet();
    pty.send(b"\x03");
    pty.send(b"\x03");
    ends(pty, 0);
}

#[test]
fn signals_that_end_a_program_end_this_one_in_order() {
    for (signal, number) in [(Signal::TERM, 15), (Signal::HUP, 1), (Signal::INT, 2), (Signal::QUIT, 3)] {
        let pty = quiet();
        pty.signal(signal);
        ends(pty, 128 + number);
    }
}

/// Programs that are ended with the console have not failed: the next one would tell it of the last.
#[test]
fn what_ends_with_it_is_not_told_as_a_failure() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/midwatch");
    std::fs::create_dir_all(&folder).unwrap();
    let programs = "[[source]]\nname = 'bad'\nkind = 'command'\nargv = ['false']\n\
        [[source]]\nname = 'of-{each}'\nkind = 'command'\nargv = ['sleep', '{each}00']\n\
        each = ['10', '11', '12', '13', '14', '15', '16', '17']\n";
    std::io::Write::write_all(
        &mut std::fs::File::create(folder.join("config.toml")).unwrap(),
        programs.as_bytes(),
    )
    .unwrap();
    let mut console = Console { pty: Start::default().env("HOME", home.path()).run(&[MIDWATCH]), home };
    console.wait("a failure", |shown| shown.text().contains("1 blind"));
    console.signal(Signal::HUP);
    let history = console.home.path().join(".local/state/midwatch/history");
    assert_eq!(console.pty.code(), 129);
    let kept = std::fs::read_dir(history).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let kept = String::from_utf8_lossy(&kept.collect::<Vec<_>>().concat()).into_owned();
    assert!(kept.contains("exit status 1") && !kept.contains("killed"), "{kept}");
}

/// What is still alive and still computing after the terminal is gone.
#[track_caller]
fn hangs_up(mut console: Console) -> (Duration, Duration) {
    let pty = &mut console.pty;
    let before = pty.cpu();
    pty.hang_up();
    let gone_after = pty.wait_end();
    assert!(gone_after <= Duration::from_secs(3), "gone after {gone_after:?}");
    let used = pty.cpu().saturating_sub(before);
    assert!(used <= Duration::from_millis(100), "computed for {used:?} after the end of the terminal");
    assert_eq!(pty.code(), 128 + 1);
    (gone_after, used)
}

#[test]
fn a_lost_terminal_ends_it() {
    hangs_up(quiet());
}

#[test]
fn a_lost_terminal_ends_it_when_the_parent_ignores_hang_ups() {
    let pty = begin(Start::default(), &["sh", "-c", "trap '' HUP; exec \"$0\"", MIDWATCH]);
    ready(&pty);
    pty.signal(Signal::HUP);
    alive(&pty);
    hangs_up(pty);
}

#[test]
fn a_lost_terminal_ends_it_while_nobody_reads() {
    hangs_up(stalled().0);
}

#[test]
fn a_terminal_that_nobody_reads_does_not_keep_it() {
    let (mut console, _) = stalled();
    let pty = &mut console.pty;
    pty.signal(Signal::TERM);
    assert!(pty.wait_end() < Duration::from_secs(4));
    pty.stall(false);
    assert_eq!(pty.code(), 128 + 15);
    let left = pty.look(Shown::left_behind);
    assert!(left.is_empty(), "who reads again is left with {left:?}");
    assert!(pty.is_cooked_as_before());
}

#[test]
fn without_a_terminal_it_says_what_to_use_instead() {
    for term in ["dumb", ""] {
        let text = ends(begin(Start::default().size(200, 24).env("TERM", term), &[MIDWATCH]), 2);
        assert!(text.contains("--plain") && text.contains("TERM"), "{text}");
    }
    let text =
        ends(begin(Start::default().size(200, 24), &["sh", "-c", "\"$0\" | cat; exit 1", MIDWATCH]), 1);
    assert!(text.contains("--plain"), "{text}");
}

#[cfg(debug_assertions)]
mod faults {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn an_error_while_starting_gives_the_screen_back() {
        let text = ends(begin(Start::default().env("MIDWATCH_FAULT", "start"), &[MIDWATCH]), 1);
        assert!(text.contains("midwatch: the system refused a thread: a fault on purpose."), "{text}");
        assert!(!text.contains("Error:") && !text.contains("Location:"), "{text}");
    }

    #[test]
    fn a_panic_of_the_console_gives_the_screen_back_and_says_so_in_clean_text() {
        for place in ["loop", "input", "writer"] {
            let start = Start::default().size(200, 24).env("MIDWATCH_FAULT", place);
            let pty = begin(start, &[MIDWATCH]);
            let crashes = pty.home.path().join(".local/state/midwatch/crash");
            pty.wait("raw mode", |shown| !shown.bytes.is_empty());
            pty.send(b"j");
            let title = pty.look(|shown| shown.bytes.windows(3).any(|three| three == b"\x1b]0"));
            assert!(!title, "the message is not obeyed");
            pty.wait_end();
            let file = std::fs::read_dir(crashes).unwrap().next().unwrap().unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            let said = std::fs::read_to_string(file.path()).unwrap();
            assert!(said.contains(place) && !said.contains(['\x1b', '\u{202e}']), "{said}");
            let text = ends(pty, 101);
            assert!(
                text.contains(&format!(
                    "a fault on purpose in {place}: \u{241b}]0;title\u{2407}<U+202E>hostile"
                )),
                "{text}"
            );
        }
    }

    #[test]
    fn a_panic_of_a_task_leaves_the_screen_alone() {
        let start = Start::default().env("MIDWATCH_FAULT", "task");
        let pty = begin(start, &[MIDWATCH, "demo"]);
        ready(&pty);
        pty.wait_for("7 blind");
        alive(&pty);
        pty.wait("the console as before", crate::is_painted);
        pty.send(b"q");
        ends(pty, 0);
    }
}

/// Run by `tests/long/run`: as many times as a week of lost links.
#[test]
#[ignore = "takes minutes; tests/long/run"]
fn two_hundred_lost_terminals() {
    let mut worst = (Duration::ZERO, Duration::ZERO);
    for round in 0..200_u64 {
        let trap = if round % 2 == 0 { "exec \"$0\"" } else { "trap '' HUP; exec \"$0\"" };
        let pty = begin(Start::default(), &["sh", "-c", trap, MIDWATCH]);
        // Any moment of the start and after it.
        pty.let_pass(Duration::from_millis(round * 7 % 400));
        if pty.look(|shown| shown.bytes.is_empty()) {
            ready(&pty);
        }
        pty.send(b"jjj");
        let (gone_after, used) = hangs_up(pty);
        worst = (worst.0.max(gone_after), worst.1.max(used));
    }
    println!("200 lost terminals: gone after at most {:?}, at most {:?} of processor time", worst.0, worst.1);
}
