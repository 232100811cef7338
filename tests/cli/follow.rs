//! `midwatch logs follow`: sources without a screen, until nobody reads or a signal comes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::{Home, working};

/// A running `logs follow` on the source `good`.
struct Following(Child, BufReader<ChildStdout>);

impl Following {
    fn start(home: &Home, config: &str, arguments: &[&str]) -> Self {
        let arguments = [&["--config", config, "logs", "follow"], arguments].concat();
        let mut command = home.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self(child, output)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line
    }

    /// The exit code, and what it said on standard error.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.1);
        let mut errors = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.0.wait().unwrap().code(), errors)
    }
}

fn append(path: &str, bytes: &[u8]) {
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_growing_file_is_printed_record_by_record_as_it_came() {
    let home = Home::new();
    let config = working(&home);
    let log = home.path().join("good.log");
    let log = log.to_str().unwrap();
    let mut following = Following::start(&home, &config, &["good", "-/one/"]);
    assert_eq!(following.line(), "2026-11-22T03:12:01Z two\n");
    append(log, b"2026-11-22T03:12:02Z ERROR \x1b[31mthree\x1b[0m \xff\n\tat Foo.java:1\n");
    let mut bytes = Vec::new();
    following.1.read_until(b'\n', &mut bytes).unwrap();
    assert_eq!(bytes, b"2026-11-22T03:12:02Z ERROR \x1b[31mthree\x1b[0m \xff\n", "a pipe gets the bytes");
    assert_eq!(following.line(), "\tat Foo.java:1\n", "with its record, although it says nothing of it");
    // The source's trouble is told and it goes on.
    std::fs::remove_file(log).unwrap();
    let mut told = BufReader::new(following.0.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert!(
        line.starts_with("midwatch: good: ") && line.contains("good.log") && line.contains(" UTC; "),
        "{line}"
    );
    home.write("good.log", "back again\n");
    assert_eq!(following.line(), "back again\n");
    let pid = following.0.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(following.0.wait().unwrap().code(), Some(130));
    told.read_to_string(&mut line).unwrap();
    assert!(line.contains("midwatch: good: works again since "), "{line}");
}

#[test]
fn a_reader_that_goes_ends_it_quietly_although_nothing_more_comes() {
    let home = Home::new();
    let config = working(&home);
    let mut following = Following::start(&home, &config, &["good"]);
    assert_eq!(following.line(), "2026-11-22T03:12:00Z one\n");
    assert_eq!(following.end(), (Some(0), String::new()));
    let following = Following::start(&home, &config, &["good", "nothing-has-this"]);
    assert_eq!(following.end(), (Some(1), String::new()));
}

#[test]
fn json_has_what_is_known_of_a_record() {
    let home = Home::new();
    let config = working(&home);
    let mut following = Following::start(&home, &config, &["-o", "json", "good", "two"]);
    let object: Value = serde_json::from_str(&following.line()).unwrap();
    assert_eq!(object["source"], "good");
    assert!(object["stream"].as_str().unwrap().ends_with("/good.log"), "{object}");
    assert_eq!(object["time"], "2026-11-22T03:12:01Z");
    assert_eq!(object["text"], "2026-11-22T03:12:01Z two");
    assert!(object["level"].is_string() && object["came"].is_string(), "{object}");
    assert_eq!(following.end().0, Some(0));
}

#[test]
fn lines_that_are_too_long_are_counted_and_a_stream_can_be_named() {
    let home = Home::new();
    let config = home.write(
        "command.toml",
        "[[source]]\nname = 'good'\nkind = 'command'\nargv = ['sh', '-c', 'head -c 70000 /dev/zero | tr \"\\0\" x; echo; echo two; exec cat /dev/zero >/dev/null']\n",
    );
    let mut following = Following::start(&home, &config, &["--streams", "good"]);
    assert!(following.line().starts_with("good:xxx"));
    assert_eq!(following.line(), "good:two\n");
    let (code, errors) = following.end();
    assert_eq!(code, Some(0));
    assert!(errors.contains("lines above 64 KiB are cut: 4464 bytes"), "{errors}");
}

#[test]
fn what_cannot_be_followed_is_two_with_the_reason() {
    let home = Home::new();
    let log = home.write("good.log", "one\n");
    let config = home.write(
        "more.toml",
        &format!(
            "[[source]]\nname = 'good'\nkind = 'file'\npaths = ['{log}']\n\
             [[source]]\nname = 'old'\nkind = 'archive'\npath = '{log}'\n\
             [[source]]\nname = 'am'\nkind = 'alertmanager'\nurl = 'https://am.example'\n"
        ),
    );
    for (arguments, word) in [
        (["godo", ""], "there is no source godo (did you mean `good`?): those that give logs are good, old"),
        (["am", ""], "the source am gives no logs: those that give logs are good, old"),
        (["old", ""], "midwatch logs query reads all of"),
        (["good", "one /(/"], "the query, column 5: regular expression"),
    ] {
        let said = home.run(&[&["--config", &config, "logs", "follow"][..], &arguments].concat());
        assert_eq!((said.code, said.output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(said.errors.contains(word), "{}", said.errors);
    }
    let said = home.run(&["logs", "follow", "good"]);
    assert_eq!(said.code, Some(2));
    assert!(said.errors.contains("no source of the configuration gives logs"), "{}", said.errors);
}
