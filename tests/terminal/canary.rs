//! Twelve secrets, from everywhere where one can be had, sent to a server that quotes them in every
//! way of failing: they are in nothing that the program writes, prints or draws.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::gate::Gate;
use super::pty::{Pty, Start};
use super::{MIDWATCH, is_painted};

/// Every secret begins so, and what follows has to be escaped in URLs, JSON and HTML.
const MARK: &str = "cAnary0";

fn canary(number: usize) -> String {
    format!("{MARK}{number:02}/\"<x>&+ z9")
}

/// The twelve as a server gets them, each under a word that no other header has.
fn home(gate: &Gate) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let private = |name: &str, mode: u32, text: &str| {
        let path = at(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = std::fs::File::options().create_new(true).write(true).mode(mode).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    private("held/file", 0o600, &canary(1));
    private("held/systemd", 0o400, &canary(2));
    private("held/header", 0o600, &canary(3));
    let quoted = |number| serde_json::to_string(&canary(number)).unwrap();
    let printed = [
        ("line", canary(4)),
        ("json", format!(r#"{{"token":{},"expires_in":3600}}"#, quoted(5))),
        (
            "exec-credential",
            format!(
                r#"{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":{}}}}}"#,
                quoted(6)
            ),
        ),
        (
            "aws-process",
            format!(
                r#"{{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":{},"SessionToken":{}}}"#,
                quoted(7),
                quoted(8)
            ),
        ),
    ];
    let mut text = "person = 'kim'\n".to_owned();
    for (format, output) in printed {
        private(&format!("held/{format}.out"), 0o600, &output);
        // It also tells how it was called, and complains in its own words.
        let script = format!(
            "#!/bin/sh\ntr '\\0' ' ' < /proc/$PPID/cmdline >> \"$HOME/argv\"\ntr '\\0' ' ' < /proc/$$/cmdline >> \"$HOME/argv\"\n\
             cat \"$HOME/held/{format}.out\" >&2\ncat \"$HOME/held/{format}.out\"\n"
        );
        private(&format!("held/{format}"), 0o700, &script);
        write!(
            text,
            "[[credential]]\nname = '{format}'\nargv = ['{}']\nformat = '{format}'\n",
            at("held").join(format).display()
        )
        .unwrap();
    }
    write!(text, "[[credential]]\nname = 'file'\nfile = '{}'\nuser = 'kim'\n[[credential]]\nname = 'systemd'\nsystemd = 'systemd'\n\
         [[credential]]\nname = 'variable'\nenv = 'TOKEN'\n",
        at("held/file").display()
    ).unwrap();
    let url = gate.url();
    let mut source = |name: &str, kind: &str, mode: &str, keys: &str| {
        write!(
            text,
            "[[source]]\nname = '{name}'\nkind = '{kind}'\nevery = '1s'\nurl = '{url}/{mode}'\n{keys}\n"
        )
        .unwrap();
    };
    source("file", "alertmanager", "good", "credential = 'file'");
    source("systemd", "prometheus", "401", "credential = 'systemd'");
    source("variable", "gitlab-ci", "500", "credential = 'variable'\nprojects = ['shop/checkout']");
    source("line", "github-actions", "html", "credential = 'line'\nrepos = ['shop/checkout']");
    source("json", "alertmanager", "torn", "credential = 'json'\nauth = 'bearer'");
    source("exec", "prometheus", "403", "credential = 'exec-credential'");
    source("aws", "buildbot", "deep", "credential = 'aws-process'\nauth = 'bearer'");
    let header =
        format!("headers = {{ X-Api-Key = 'file:{}', X-Other = 'env:OTHER' }}", at("held/header").display());
    source("headers", "alertmanager", "plain", &header);
    let bearer = "credential = 'variable'\nauth = 'bearer'";
    for (form, _) in escaped("") {
        source(&format!("as-{form}"), "alertmanager", &format!("escaped-{form}"), bearer);
    }
    source("cut", "alertmanager", "cut", bearer);
    let more = "headers = { X-Third = 'env:THIRD' }\ncredential = 'file'";
    source("third", "alertmanager", "good", more);
    text += "[[source]]\nname = 'proxied'\nkind = 'alertmanager'\nevery = '1s'\nurl = 'http://canary.invalid/plain'\n\
             allow_plaintext = true\n";
    write!(text, "[[source]]\nname = 'log'\nkind = 'file'\npaths = ['{}']\n", at("web.log").display())
        .unwrap();
    private("web.log", 0o600, "2026-11-22T03:12:00Z starting\n");
    private(".config/midwatch/config.toml", 0o600, &text);
    home
}

fn environment(gate: &Gate, home: &Path) -> BTreeMap<&'static str, String> {
    let password: String = url::form_urlencoded::byte_serialize(canary(12).as_bytes()).collect();
    BTreeMap::from([
        ("HOME", home.display().to_string()),
        ("CREDENTIALS_DIRECTORY", home.join("held").display().to_string()),
        ("TOKEN", canary(9)),
        ("OTHER", canary(10)),
        ("THIRD", canary(11)),
        ("HTTP_PROXY", format!("http://kim:{}@127.0.0.1:{}", password.replace('+', "%20"), gate.port)),
        ("RUST_BACKTRACE", "1".to_owned()),
        ("RUST_LOG", "trace".to_owned()),
    ])
}

/// The twelve as they are sent, in ways to write them that need no character of theirs.
fn escaped(head: &str) -> [(&'static str, String); 7] {
    let of = |write: &dyn Fn(u8) -> String| -> String {
        let sent = head.lines().filter_map(|line| line.find(MARK).and_then(|at| line.get(at..)));
        sent.map(|secret| secret.bytes().map(write).collect::<String>() + " | ").collect()
    };
    [
        ("json", of(&|byte| format!("\\u{byte:04x}"))),
        ("json-json", of(&|byte| format!("\\\\u{byte:04X}"))),
        ("percent", of(&|byte| format!("%{byte:02x}"))),
        ("percent-percent", of(&|byte| format!("%25{byte:02X}"))),
        ("percent-json", of(&|byte| format!("\\u0025{byte:02X}"))),
        ("html", of(&|byte| format!("&#x{byte:x};"))),
        ("logged", of(&|byte| format!("\\x{byte:02X}"))),
    ]
}

/// Says all that it heard, in every way of failing, and once in an answer that is good.
fn quotes(head: &str) -> (&'static str, String) {
    let said: Vec<&str> = head.lines().filter(|line| line.contains(": ")).collect();
    let said = said.join(" | ");
    let quoted = serde_json::to_string(&said).unwrap();
    let good = || {
        if head.contains("/silences") {
            return "[]".to_owned();
        }
        format!(
            r#"[{{"labels":{{"alertname":"Quotes","severity":"critical"}},"annotations":{{"summary":{quoted}}},
            "startsAt":"2026-11-22T03:12:00Z","endsAt":"2099-01-01T00:00:00Z","updatedAt":"2026-11-22T03:12:00Z",
            "fingerprint":"cfde758a87f80f24","receivers":[],"status":{{"inhibitedBy":[],"silencedBy":[],"state":"active"}}}}]"#
        )
    };
    let path = head.split(' ').nth(1).unwrap_or_default();
    let is = |mode: &str| path.contains(&format!("/{mode}/"));
    // The beginning of a page that is torn where a secret is quoted.
    let cut = || said.find(MARK).and_then(|at| said.get(..at + MARK.len() + 3)).unwrap_or(&said).to_owned();
    let text = escaped(head).into_iter().find(|(form, _)| path.contains(&format!("/escaped-{form}/")));
    if let Some((_, text)) = text {
        return ("400 Bad Request", format!("not allowed: {text}"));
    }
    match () {
        () if is("cut") => ("400 Bad Request", cut().split_off(cut().len().saturating_sub(60))),
        () if is("good") => ("200 OK", good()),
        () if is("401") => ("401 Unauthorized", format!(r#"{{"error":{quoted}}}"#)),
        () if is("403") => ("403 Forbidden", STANDARD.encode(&said)),
        () if is("500") => ("500 Internal Server Error", format!(r#"{{"message":{quoted}}}"#)),
        () if is("html") => ("200 OK", format!("<!doctype html><title>{said}</title><p>{said}")),
        () if is("torn") => ("200 OK", format!(r#"[{{"labels":{quoted}, "#)),
        () if is("deep") => ("200 OK", format!(r#"{{"builders":[{quoted}],"meta":{{}}}}"#)),
        () => ("400 Bad Request", said),
    }
}

/// In what of all this any of them is, in any form.
fn leaks(texts: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut needles = vec![MARK.as_bytes().to_vec()];
    for before in 0..3 {
        // What of its base64 does not depend on what stands around it.
        let text = STANDARD.encode([vec![0; before], MARK.as_bytes().to_vec()].concat());
        let first = (before * 8).div_ceil(6);
        needles.push(text.as_bytes()[first..(before + MARK.len()) * 8 / 6].to_vec());
    }
    // The mark as escapes, however many backslashes are before each.
    let escapes: [fn(u8) -> String; 6] = [
        |byte| format!("u{byte:04x}"),
        |byte| format!("%{byte:02x}"),
        |byte| format!("%25{byte:02x}"),
        |byte| format!("u0025{byte:02x}"),
        |byte| format!("&#x{byte:x};"),
        |byte| format!("x{byte:02x}"),
    ];
    let escapes: Vec<Vec<u8>> = escapes
        .iter()
        .map(|write| MARK.bytes().flat_map(|byte| write(byte).into_bytes()).collect())
        .collect();
    let has = |text: &[u8], needle: &Vec<u8>| text.windows(needle.len()).position(|part| part == needle);
    let mut found = Vec::new();
    for (name, text) in texts {
        for at in needles.iter().filter_map(|needle| has(text, needle)) {
            let around = &text[at.saturating_sub(60)..text.len().min(at + 60)];
            found.push(format!("{name}: {}", String::from_utf8_lossy(around)));
        }
        let bare: Vec<u8> = text.iter().filter(|byte| **byte != b'\\').map(u8::to_ascii_lowercase).collect();
        for at in escapes.iter().filter_map(|needle| has(&bare, needle)) {
            found.push(format!("{name}: {}", String::from_utf8_lossy(&bare[at..bare.len().min(at + 60)])));
        }
    }
    found
}

fn files(home: &Path, texts: &mut BTreeMap<String, Vec<u8>>) {
    let mut folders: Vec<PathBuf> = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.starts_with(home.join("held")) && path != home.join("web.log") {
                texts.insert(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
}

fn run(gate: &Gate, home: &Path, arguments: &[&str], texts: &mut BTreeMap<String, Vec<u8>>) {
    let mut command = Command::new("timeout");
    command.args(["--signal=TERM", "6", MIDWATCH]).args(arguments).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).envs(environment(gate, home)).stdin(Stdio::null());
    let said = command.output().unwrap();
    assert!(!said.stdout.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
    texts.insert(format!("{arguments:?} output"), said.stdout);
    texts.insert(format!("{arguments:?} errors"), said.stderr);
}

fn console(gate: &Gate, home: &Path, fault: &str, argv: &[&str]) -> Pty {
    let mut start = Start::default().size(160, 50);
    for (name, value) in environment(gate, home) {
        start = start.env(name, value);
    }
    start.env("MIDWATCH_FAULT", fault).run(argv)
}

#[test]
fn none_of_twelve_secrets_is_in_anything_that_is_written_printed_or_drawn() {
    let gate = Gate::start(|head| Some(quotes(head)));
    let home = home(&gate);
    let mut texts = BTreeMap::new();

    let record = home.path().join("night.jsonl");
    let shown = console(&gate, home.path(), "", &[MIDWATCH, "record", record.to_str().unwrap()]);
    shown.wait("the first frame", is_painted);
    let heard = |number: usize| {
        let sent = gate.heard().join("\n");
        let basic = STANDARD.encode(format!("kim:{}", canary(number)));
        sent.contains(&canary(number)) || sent.contains(&basic)
    };
    // What is never sent proves nothing. A session token is of the requests that AWS signs.
    let unsent = || (1..=12).filter(|number| ![7, 8].contains(number) && !heard(*number)).collect::<Vec<_>>();
    for _ in 0..80 {
        if unsent().is_empty() {
            break;
        }
        shown.let_pass(Duration::from_millis(250));
    }
    assert_eq!(unsent(), Vec::<usize>::new(), "{:#?}", gate.heard());
    let mut log = std::fs::File::options().append(true).open(home.path().join("web.log")).unwrap();
    log.write_all(format!("2026-11-22T03:12:09Z error calling with {}\n", canary(1)).as_bytes()).unwrap();
    shown.wait_for("error calling with");
    shown.wait_for("Quotes");
    for keys in [
        &b"3\r"[..],
        b"\x1b",
        b"0",
        b"\r",
        b"\x1bj\r",
        b"\x1bj\r",
        b"\x1bj\r",
        b"\x1bj\r",
        b"\x1bj\r",
        b"\x1bj\r",
    ] {
        shown.send(keys);
        shown.let_pass(Duration::from_millis(250));
    }
    shown.send(b"\x1b");
    shown.let_pass(Duration::from_millis(600));
    shown.send(b"\x1b");
    shown.let_pass(Duration::from_millis(600));
    shown.send(b":quit\r");
    shown.wait_end();
    texts.insert("the screen".to_owned(), shown.look(|shown| shown.bytes.clone()));
    assert!(String::from_utf8_lossy(&texts["the screen"]).contains("****"), "the quoted ones were drawn");

    let crashing = console(&gate, home.path(), "task", &[MIDWATCH]);
    crashing.wait("the crash", |shown| is_painted(shown) && shown.text().contains("crashed"));
    crashing.send(b":quit\r");
    crashing.wait_end();
    texts.insert("the crashing screen".to_owned(), crashing.look(|shown| shown.bytes.clone()));

    // Somebody pastes one. What they type they see.
    let typing = console(&gate, home.path(), "", &[MIDWATCH]);
    typing.wait("the first frame", is_painted);
    typing.wait_for("Quotes");
    typing.send(format!(";it is {}\r", canary(1)).as_bytes());
    typing.wait_for("it is ");
    typing.send(b"4i");
    typing.let_pass(Duration::from_millis(600));
    typing.send(format!("to all: {}", canary(1)).as_bytes());
    typing.wait_for("to all: ");
    typing.send(b"\x1b");
    typing.let_pass(Duration::from_millis(600));
    for (command, file) in [("", "all.md"), (":handoff lee\r", "handoff.md")] {
        typing.send(command.as_bytes());
        typing.let_pass(Duration::from_millis(600));
        typing.send(format!(":write {}\r", home.path().join(file).display()).as_bytes());
        typing.wait_for("Written to");
        let written = std::fs::read_to_string(home.path().join(file)).unwrap();
        assert!(written.contains("it is ****") && written.contains("to all: ****"), "{file}: {written}");
    }
    typing.send(b":quit\r");
    typing.wait_end();

    for arguments in [
        &["check"][..],
        &["check", "-o", "json"],
        &["status"],
        &["status", "-o", "json"],
        &["collect"],
        &["--plain"],
    ] {
        run(&gate, home.path(), arguments, &mut texts);
    }
    files(home.path(), &mut texts);
    let written: Vec<&String> = texts.keys().collect();
    for expected in ["night.jsonl", "last.json", "/crash/crash-", "/history/", "argv"] {
        assert!(written.iter().any(|name| name.contains(expected)), "{expected}: {written:#?}");
    }
    assert_eq!(leaks(&texts), Vec::<String>::new());
    // That this finds something where there is something.
    let sent = gate.heard().join("\n");
    for (form, text) in escaped(&sent) {
        let quoted = serde_json::to_string(&text).unwrap().into_bytes();
        assert_ne!(leaks(&BTreeMap::from([(form.to_owned(), quoted)])), Vec::<String>::new(), "{form}");
    }
    let heard = BTreeMap::from([("heard".to_owned(), gate.heard().join("\n").into_bytes())]);
    assert!(leaks(&heard).len() >= 2, "as it is, and as Basic packs it");
}
