//! `:editor`: the person's own editor has the terminal and the pad's file.

use std::path::PathBuf;

use super::login::write;
use super::pty::{Shown, Start};
use super::{Console, MIDWATCH, is_painted};

/// A home with an editor that shows what it got and adds what midwatch knows nothing of.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    write(&home.path().join(".config/midwatch/config.toml"), "person = 'kim'\n");
    let script = "printf 'got %s: ' \"$(cat \"$1\")\"; read word; printf '\\n## %s\\n\\n| a | b |\\n|\\t|  \\n' \"$word\" >> \"$1\"";
    write(&home.path().join("edit.sh"), script);
    home
}

fn pad(console: &Console) -> PathBuf {
    console.home.path().join(".local/state/midwatch/notes/pad.md")
}

#[test]
fn the_pad_goes_to_the_editor_and_comes_back_as_it_left_it() {
    let home = home();
    let editor = format!("/bin/sh {}", home.path().join("edit.sh").display());
    let pty = Start::default().env("HOME", home.path()).env("VISUAL", editor).run(&[MIDWATCH]);
    let mut console = Console { pty, home };
    console.wait("the screen", is_painted);
    console.send(b"4");
    console.wait("the pad to be known", |shown| shown.text().contains("saved"));
    console.send(b"i");
    console.wait("the pad", |shown| shown.text().contains("leaves the pad"));
    console.send(b"first");
    console.wait("what is typed", |shown| shown.text().contains("first"));
    console.send(b"\x1b");
    console.wait("the keys of the pane", |shown| !shown.text().contains("leaves the pad"));
    console.send(b":editor\r");
    console.wait("the editor", |shown: &Shown| {
        !shown.screen.screen().alternate_screen() && shown.text().contains("got first:")
    });
    console.send(b"Root cause\n");
    console.wait("what it left", |shown| is_painted(shown) && shown.text().contains("## Root cause"));
    let left = "first\n## Root cause\n\n| a | b |\n|\t|  \n";
    assert_eq!(std::fs::read_to_string(pad(&console)).unwrap(), left);
    console.send(b"\x03");
    console.send(b"\x03");
    assert_eq!(console.pty.code(), 0);
    assert_eq!(std::fs::read_to_string(pad(&console)).unwrap(), left);
}
