//! `:login`: a program has the terminal, and what needed the credential works after it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::gate::Gate;
use super::pty::{Shown, Start};
use super::{Console, MIDWATCH, alive, is_painted};

/// A Prometheus that lets nobody in but with the new token.
fn guarded() -> Gate {
    Gate::start(|head| {
        let known = head.lines().any(|line| line.eq_ignore_ascii_case("authorization: Bearer new-token"));
        Some(if known {
            ("200 OK", r#"{"status":"success","data":{"groups":[]}}"#.to_owned())
        } else {
            ("401 Unauthorized", r#"{"error":"invalid token"}"#.to_owned())
        })
    })
}

pub(super) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::File::options().create_new(true).write(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// A home with an old token, and a login that asks for a new one.
fn home(gate: &Gate) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name);
    write(&path("token"), "old-token");
    let script = "printf 'Password: '; read word; printf %s \"$word\" > \"$HOME/token\"";
    write(&path("login.sh"), script);
    let text = format!(
        "person = 'kim'\n[[source]]\nname = 'prom'\nkind = 'prometheus'\nurl = '{}'\ncredential = 'sso'\n\
         [[credential]]\nname = 'sso'\nfile = '~/token'\nlogin = ['/bin/sh', '{}']\n",
        gate.url(),
        path("login.sh").display(),
    );
    write(&path(".config/midwatch/config.toml"), &text);
    home
}

fn is_refused(shown: &Shown) -> bool {
    is_painted(shown) && shown.text().contains("1 blind: sso refused by the server: :login sso")
}

fn asks(shown: &Shown) -> bool {
    !shown.screen.screen().alternate_screen() && shown.text().trim_end().ends_with("Password:")
}

/// A notice stands in the place of the keys in the last row.
fn says(shown: &Shown, text: &str) -> bool {
    shown.screen.screen().alternate_screen() && shown.text().contains(text)
}

fn has_worked(shown: &Shown) -> bool {
    let text = shown.text();
    let header = text.lines().next().unwrap_or_default();
    is_painted(shown) && header.contains("1 source") && !header.contains("blind")
}

#[test]
fn after_a_login_on_the_terminal_the_source_that_was_refused_works() {
    let gate = guarded();
    let home = home(&gate);
    let pty = Start::default().env("HOME", home.path()).run(&[MIDWATCH]);
    let mut console = Console { pty, home };
    console.wait("the refusal", is_refused);
    console.send(b":login sso\r");
    console.wait("the question", asks);
    // ctrl-c is for the program; the console lives.
    console.send(b"\x03");
    console.wait("its end", |shown| shown.text().contains("killed by signal 2. Enter goes back."));
    console.send(b"\n");
    console.wait("why", |shown| says(shown, "The login to sso did not work"));
    alive(&console);
    console.send(b":login sso\r");
    console.wait("the question", asks);
    let before = gate.heard().len();
    console.send(b"new-token\n");
    console.wait("the renewal", |shown| says(shown, "sso is renewed"));
    console.wait("the source", has_worked);
    let after: Vec<_> = gate.heard().into_iter().skip(before).collect();
    assert!(after.iter().all(|head| head.contains("Bearer new-token")), "{after:?}");
    assert!(!console.look(Shown::text).contains("new-token"));
    console.send(b"\x03");
    console.send(b"\x03");
    assert_eq!(console.pty.code(), 0);
}

#[test]
fn a_login_can_be_suspended_with_the_console_and_continued() {
    let gate = guarded();
    let home = home(&gate);
    let start = Start::default().env("PS1", "shell> ").env("ENV", "/dev/null").env("HOME", home.path());
    let console = Console { pty: start.run(&["sh", "-i"]), home };
    console.wait_for("shell> ");
    console.send(format!("{MIDWATCH}\n").as_bytes());
    console.wait("the refusal", is_refused);
    console.send(b":login sso\r");
    console.wait("the question", asks);
    console.send(b"\x1a");
    console.wait("the shell's prompt", |shown| shown.text().trim_end().ends_with("shell>"));
    console.send(b"fg\n");
    console.wait("the shell to continue it", |shown| !shown.text().trim_end().ends_with("fg"));
    console.send(b"new-token\n");
    console.wait("the renewal", |shown| says(shown, "sso is renewed"));
    alive(&console);
}

#[test]
fn a_login_that_ends_by_nothing_is_ended_by_the_third_interrupt() {
    let gate = guarded();
    let home = home(&gate);
    let script = "trap '' INT; printf 'Password: '; while :; do sleep 1; done";
    std::fs::remove_file(home.path().join("login.sh")).unwrap();
    write(&home.path().join("login.sh"), script);
    let pty = Start::default().env("HOME", home.path()).run(&[MIDWATCH]);
    let console = Console { pty, home };
    console.wait("the refusal", is_refused);
    console.send(b":login sso\r");
    console.wait("the question", asks);
    for _ in 0..3 {
        console.send(b"\x03");
        console.let_pass(std::time::Duration::from_millis(100));
    }
    console.wait("its end", |shown| shown.text().contains("ended by ctrl-c. Enter goes back."));
    console.send(b"\n");
    console.wait("why", |shown| says(shown, "The login to sso did not work"));
}

/// Turns on what a program can turn on and forgets to turn it off: reports of the mouse, the alternate screen,
/// margins, the keypad, and a terminal without lines.
const UNTIDY: &str = "stty raw -echo; printf '\\033[?1049h\\033[?1000h\\033[?1003h\\033[?1006h\\033[?1004h\\033[?2004l\
                      \\033[?1h\\033=\\033[?6h\\033[5;9r\\033[4h\\033(0\\033[7m\\033[>1u\\033[?25l'; ";

#[test]
fn what_a_login_leaves_of_the_terminal_is_set_back() {
    for (ends, said) in
        [("printf new-token > \"$HOME/token\"", None), ("exit 3", Some("exit status 3. Enter"))]
    {
        let gate = guarded();
        let home = home(&gate);
        std::fs::remove_file(home.path().join("login.sh")).unwrap();
        write(&home.path().join("login.sh"), &format!("{UNTIDY}{ends}"));
        let pty = Start::default().env("HOME", home.path()).run(&[MIDWATCH]);
        let mut console = Console { pty, home };
        console.wait("the refusal", is_refused);
        console.send(b":login sso\r");
        if let Some(said) = said {
            console.wait("its end", |shown| shown.text().contains(said));
            console.send(b"\r");
            console.wait("why", |shown| says(shown, "The login to sso did not work"));
        } else {
            console.wait("the renewal", |shown| says(shown, "sso is renewed"));
        }
        console.look(|shown| {
            let screen = shown.screen.screen();
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "{ends}");
            assert!(screen.alternate_screen() && screen.bracketed_paste(), "{ends}");
            assert!(!screen.application_cursor() && !screen.application_keypad(), "{ends}");
            // What the emulator of this test does not know.
            let bytes = String::from_utf8_lossy(&shown.bytes);
            let (_, after) = bytes.split_once("\x1b[>1u\x1b[?25l").unwrap();
            for mode in ["[?1003l", "[?1004l", "[4l", "(B", "[=0u", "[?6l", "[r"] {
                assert!(after.contains(mode), "{ends}: {mode} is not in {after:?}");
            }
        });
        // Typed keys are keys, and the first row is where it was.
        alive(&console);
        console.send(b"\x03");
        console.send(b"\x03");
        assert_eq!(console.pty.code(), 0);
        assert!(console.is_cooked_as_before());
        let left = console.look(Shown::left_behind);
        assert!(left.is_empty(), "{ends}: {left:?}");
    }
}
