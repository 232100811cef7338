//! What is written: the right size, nothing while nothing changes, nothing the terminal must answer.

use std::time::Duration;

use super::pty::{Shown, Start};
use super::{MIDWATCH, begin, is_painted, quiet, quiet_with, searched, stalled};

#[test]
fn a_new_size_is_painted_in_full() {
    let pty = quiet();
    for (columns, rows) in [(120, 40), (60, 20), (80, 24), (1, 1), (200, 60)] {
        pty.resize(columns, rows);
        if columns > 1 {
            pty.wait("a full screen", |shown| {
                is_painted(shown)
                    && shown.screen.screen().size() == (rows.try_into().unwrap(), columns.try_into().unwrap())
            });
        }
    }
}

#[test]
fn idle_costs_not_one_byte() {
    let pty = quiet();
    pty.wait_quiet(Duration::from_millis(500));
    // When the clock on the screen goes on meanwhile, that is a reason to write: look again.
    for _ in 0..3 {
        let text = pty.look(Shown::text);
        let (bytes, cpu, wakes) = (pty.count(), pty.cpu(), pty.wakes());
        pty.let_pass(Duration::from_secs(3));
        let now = (pty.count(), pty.wakes());
        if pty.look(Shown::text) == text {
            assert_eq!(now, (bytes, wakes), "bytes written, and times that a thread woke");
            let used = pty.cpu().saturating_sub(cpu);
            assert!(used <= Duration::from_millis(10), "{used:?}");
            return;
        }
    }
    panic!("the screen changes all the time");
}

#[test]
fn without_colour_there_are_attributes_and_no_colour() {
    let pty = quiet_with(Start::default().env("NO_COLOR", "1"));
    pty.send(b"?");
    pty.wait_quiet(Duration::from_millis(300));
    let bytes = pty.look(|shown| String::from_utf8_lossy(&shown.bytes).into_owned());
    let mut bold = 0;
    for sequence in bytes.split("\x1b[").filter_map(|rest| rest.split_once('m')).map(|(codes, _)| codes) {
        if sequence.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') {
            let codes: Vec<&str> = sequence.split(';').collect();
            assert!(codes.iter().all(|code| code.len() < 2 || code.starts_with('2')), "a colour: {sequence}");
            bold += usize::from(codes.contains(&"1"));
        }
    }
    assert!(bold > 0, "what mattered is no longer bold");
}

#[test]
fn nothing_is_asked_of_the_terminal_and_only_known_modes_are_set() {
    let pty = quiet_with(Start::default().size(120, 40));
    pty.send(b"?j\x1b:\x1b\x0c");
    pty.resize(80, 24);
    pty.wait_quiet(Duration::from_millis(300));
    let bytes = pty.look(|shown| shown.bytes.clone());
    let mut modes = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some(start) = rest.iter().position(|byte| *byte == 0x1b) {
        rest = &rest[start + 1..];
        let end = rest.iter().position(|byte| (0x40..=0x7e).contains(byte) && *byte != b'[').unwrap();
        let (sequence, last) = (&rest[..end], rest[end]);
        let shown = rest[..=end].escape_ascii().to_string();
        assert_eq!(sequence.first(), Some(&b'['), "only CSI: {shown}");
        match last {
            b'A'..=b'H' | b'J' | b'K' | b'm' => {
                assert!(sequence[1..].iter().all(|byte| byte.is_ascii_digit() || *byte == b';'), "{shown}");
            }
            b'h' | b'l' => modes.push(shown),
            _ => panic!("not one of ours: {shown}"),
        }
        rest = &rest[end + 1..];
    }
    modes.retain(|mode| !["[?25h", "[?25l", "[?1049h", "[?2004h"].contains(&mode.as_str()));
    assert_eq!(modes, Vec::<String>::new());
    assert!(!bytes.iter().any(|byte| *byte < 0x20 && *byte != 0x1b), "no other control character");
}

#[test]
fn a_terminal_that_stops_reading_stops_nothing_and_gets_one_repaint() {
    stalled_for(Duration::from_secs(3));
}

#[test]
#[ignore = "takes a minute; tests/long/run"]
fn a_terminal_that_stops_reading_for_a_minute() {
    stalled_for(Duration::from_secs(60));
}

fn stalled_for(time: Duration) {
    let (pty, repaint) = stalled();
    let cpu = pty.cpu();
    pty.let_pass(time);
    assert!(
        pty.cpu().saturating_sub(cpu) < Duration::from_millis(500) + time / 100,
        "it computes while it waits"
    );
    let before = pty.count();
    pty.send(b"?");
    // All of this happens now; none of it can be shown.
    for _ in 0..50 {
        pty.send(b"\x0c");
        pty.let_pass(Duration::from_millis(5));
    }
    pty.stall(false);
    pty.wait("the help", |shown| searched(shown).is_some());
    pty.wait_quiet(Duration::from_millis(300));
    // What the system held, the frame that was being written, and one more; not fifty.
    let bytes = pty.count() - before;
    assert!(bytes < 3 * repaint + 80_000, "{bytes} bytes after the stall, {repaint} in a repaint");
}

#[test]
fn what_a_source_runs_writes_nothing_on_the_terminal_also_where_that_is_ignored() {
    // As under tmux, which starts a command with these two ignored.
    let source = "[[source]]\nname = 'tail'\nkind = 'command'\n\
         argv = ['sh', '-c', 'echo it began; printf \"\\\\124YPED\" > /dev/tty; sleep 60']\n";
    let script = format!(
        "trap '' TTIN TTOU; cat >> \"$HOME/.config/midwatch/config.toml\" <<'END'\n{source}END\nexec {MIDWATCH}"
    );
    let pty = begin(Start::default(), &["sh", "-c", &script]);
    pty.send(b"2");
    pty.wait_for("it began");
    pty.let_pass(Duration::from_millis(500));
    let bytes = pty.look(|shown| String::from_utf8_lossy(&shown.bytes).into_owned());
    assert!(!bytes.contains("TYPED"), "it wrote on the screen");
}
