//! The command line of the real program: what it says, where it says it, and its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "cli/follow.rs"]
mod follow;
#[path = "cli/notes.rs"]
mod notes;
#[path = "cli/odd.rs"]
mod odd;
#[path = "cli/team.rs"]
mod team;

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home of its own, with nothing in it.
struct Home(TempDir);

/// What the program said.
struct Said {
    code: Option<i32>,
    output: String,
    errors: String,
}

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn own(&self) -> PathBuf {
        self.path().join(".config/midwatch/config.toml")
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.other(env!("CARGO_BIN_EXE_midwatch"), arguments)
    }

    /// Another program, which may run midwatch.
    fn other(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", "xterm-256color")
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        Self::said(self.command(arguments))
    }

    fn run_other(&self, program: &str, arguments: &[&str]) -> Said {
        Self::said(self.other(program, arguments))
    }

    fn said(mut command: Command) -> Said {
        let output = command.output().unwrap();
        Said {
            code: output.status.code(),
            output: String::from_utf8(output.stdout).unwrap(),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Everything below the home.
    fn files(&self) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                found.push(path);
            }
        }
        found
    }
}

const WORKS: &str = "[[source]]\nname = 'good'\nkind = 'file'\npaths = ['good.log']\n";

/// A configuration of one source that works, with the log that it reads.
fn working(home: &Home) -> String {
    let log = home.write("good.log", "2026-11-22T03:12:00Z one\n2026-11-22T03:12:01Z two\n");
    home.write("works.toml", &WORKS.replace("good.log", &log))
}

#[test]
fn check_without_a_configuration_names_init() {
    let home = Home::new();
    let said = home.run(&["check"]);
    assert_eq!(said.code, Some(0), "{}{}", said.output, said.errors);
    assert!(said.output.contains("there is no file"), "{}", said.output);
    assert!(said.output.lines().last().unwrap().starts_with("next: midwatch init"), "{}", said.output);
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[test]
fn check_of_sources_that_work_is_zero() {
    let home = Home::new();
    let config = working(&home);
    let said = home.run(&["check", "--config", &config]);
    assert_eq!(said.code, Some(0), "{}{}", said.output, said.errors);
    assert!(said.output.contains("works   good  file  2 lines\n"), "{}", said.output);
    assert_eq!(said.output.matches("next: ").count(), 1);
    assert!(
        said.output.ends_with(&format!("next: midwatch --config {config}, which starts the console\n")),
        "{}",
        said.output
    );
}

#[test]
fn check_of_a_source_that_fails_is_one_and_says_what_to_do() {
    let home = Home::new();
    let config = working(&home);
    let bad = "[[source]]\nname = 'bad'\nkind = 'command'\nargv = ['/no/such/program']\n\
               [[source]]\nname = 'ends'\nkind = 'command'\nargv = ['sh', '-c', 'echo so it is; exit 3']\n";
    let config = home.write("more.toml", &format!("{bad}{}", std::fs::read_to_string(config).unwrap()));
    let said = home.run(&["check", "--config", &config]);
    assert_eq!(said.code, Some(1), "{}{}", said.output, said.errors);
    assert!(
        said.output.contains("fails   bad   command  start /no/such/program: no such program\n"),
        "{}",
        said.output
    );
    assert!(said.output.contains("fails   ends  command  sh: exit status 3\n"), "{}", said.output);
    assert!(said.output.contains("works   good  file     2 lines\n"), "{}", said.output);
    assert_eq!(said.output.matches("next: ").count(), 1);
    let next = said.output.lines().last().unwrap();
    assert!(
        next.starts_with("next: mend the source bad (")
            && next.ends_with(&format!("then midwatch check --config {config}")),
        "{next}"
    );
}

#[test]
fn check_of_a_source_that_is_partly_blind_is_one_as_with_status_and_names_the_part() {
    let home = Home::new();
    let log = home.write("good.log", "2026-11-22T03:12:00Z one\n");
    let paths = format!("[{log:?}, \"/nowhere/*.log\"]");
    let config =
        home.write("partly.toml", &format!("[[source]]\nname = \"app\"\nkind = \"file\"\npaths = {paths}\n"));
    let said = home.run(&["check", "--config", &config]);
    assert_eq!(said.code, Some(1), "{}{}", said.output, said.errors);
    assert_eq!(home.run(&["status", "--config", &config]).code, Some(1));
    let next = said.output.lines().last().unwrap();
    assert!(next.starts_with("next: mend the source app (") && next.contains("/nowhere/*.log"), "{next}");
    let answer = home.run(&["check", "--config", &config, "-o", "json"]).output;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["result"], "failing", "{answer}");
}

/// A configuration with a source whose helper says who it is and then nothing.
fn waiting(home: &Home) -> String {
    let helper = home.write("helper", "#!/bin/sh\necho $$ > \"$HOME/pid\"\nexec sleep 1000\n");
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o700)).unwrap();
    let text = format!(
        "[[credential]]\nname = 'ci'\nargv = ['{helper}', 'login', '--secretive']\n\
         [[source]]\nname = 'am'\nkind = 'alertmanager'\nurl = 'http://127.0.0.1:9'\ncredential = 'ci'\n\
         [[source]]\nname = 'prom'\nkind = 'prometheus'\nurl = 'http://127.0.0.1:9'\ncredential = 'ci'\n"
    );
    home.write("waiting.toml", &text)
}

/// The helper of [`waiting`] has ended, or ends now.
fn assert_helper_is_gone(home: &Home) {
    let pid = std::fs::read_to_string(home.path().join("pid")).unwrap();
    let runs = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    assert!((0..100_000).any(|_| !runs()), "{pid} runs on");
}

#[test]
fn a_helper_that_does_not_answer_is_named_and_ended() {
    let tried = |arguments: &'static [&'static str]| {
        std::thread::spawn(move || {
            let home = Home::new();
            let config = waiting(&home);
            let said = home.run(&[arguments, &["--config", &config]].concat());
            assert_eq!(said.code, Some(1), "{}{}", said.output, said.errors);
            let what = format!(
                "credential ci: the helper {}/helper has not answered for 5 s",
                home.path().display()
            );
            assert_eq!(said.output.matches(&what).count().min(2), 2, "{}", said.output);
            assert!(
                !said.output.contains("secretive") && !said.output.contains("said nothing"),
                "{}",
                said.output
            );
            assert_helper_is_gone(&home);
        })
    };
    for tried in [&["check"][..], &["status", "-o", "json"]].map(tried) {
        tried.join().unwrap();
    }
}

#[test]
fn no_helper_outlives_a_check_that_is_interrupted() {
    let home = Home::new();
    let config = waiting(&home);
    let mut check = home.command(&["check", "--config", &config]).stdout(Stdio::null()).spawn().unwrap();
    while !std::fs::read_to_string(home.path().join("pid")).is_ok_and(|pid| pid.ends_with('\n')) {
        assert_eq!(check.try_wait().unwrap(), None);
        std::thread::yield_now();
    }
    let id = rustix::process::Pid::from_child(&check);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert!(!check.wait().unwrap().success());
    assert_helper_is_gone(&home);
}

#[test]
fn without_authorities_only_what_needs_them_fails() {
    let home = Home::new();
    let config = working(&home);
    let secure = "[[source]]\nname = 'secure'\nkind = 'prometheus'\nurl = 'https://127.0.0.1:9'\n";
    let config = home.write("more.toml", &format!("{secure}{}", std::fs::read_to_string(config).unwrap()));
    let none = home.write("none.pem", "");
    let mut check = home.command(&["check", "--config", &config]);
    let output = check.env("SSL_CERT_FILE", none).env("SSL_CERT_DIR", "/no/such/folder").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("works   good    file        2 lines\n"), "{said}");
    assert!(said.contains("no certificate authorities: there are none where SSL_CERT_FILE says\n"), "{said}");
    assert!(said.contains("install ca-certificates, set SSL_CERT_FILE, or name a file as `ca`"), "{said}");
}

#[test]
fn check_of_a_wrong_configuration_is_two_and_tells_every_mistake() {
    let home = Home::new();
    let config = home.write(
        "wrong.toml",
        "timezone = 'Europe/Berln'\n[[source]]\nname = 'a'\nkind = 'fiel'\n[keys.global]\nhlep = 'x'\n",
    );
    let said = home.run(&["check", "--config", &config]);
    assert_eq!(said.code, Some(2), "{}{}", said.output, said.errors);
    for text in [
        ":1:12: `timezone`: there is no time zone `Europe/Berln` (did you mean `Europe/Berlin`?)",
        ":4:8: there is no kind of source `fiel` (did you mean `file`?)",
        ":6:1: `global` has no command `hlep` (did you mean `help`?)",
    ] {
        assert!(said.output.contains(text), "{text}\n{}", said.output);
    }
    let next = format!("next: mend {config}:1:12, then midwatch check --config {config}");
    assert_eq!(said.output.lines().last(), Some(next.as_str()));
}

#[test]
fn check_for_programs_has_the_same_answer() {
    let home = Home::new();
    let config = working(&home);
    let both = format!(
        "{}\n[[source]]\nname = 'bad'\nkind = 'command'\nargv = ['/no/such/program']\n[keys.global]\nfreeze = 'r'\n",
        std::fs::read_to_string(&config).unwrap()
    );
    let config = home.write("both.toml", &both);
    let said = home.run(&["check", "-o", "json", "--config", &config]);
    assert_eq!(said.code, Some(1), "{}", said.errors);
    let answer: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!((&answer["result"], &answer["files"][0]), (&"failing".into(), &config.clone().into()));
    let state = |index: usize| {
        (answer["sources"][index]["name"].as_str(), answer["sources"][index]["state"].as_str())
    };
    assert_eq!(state(0), (Some("good"), Some("works")));
    assert_eq!(answer["sources"][0]["lines"], 2);
    assert_eq!(state(1), (Some("bad"), Some("fails")));
    assert_eq!(answer["sources"][1]["failures"][0]["kind"], "missing");
    let warning = &answer["warnings"][0];
    assert_eq!(warning["what"], "`r` runs `freeze` now and no longer `refresh`");
    assert!(warning["line"].as_u64() > Some(1), "{warning}");

    let wrong = home.write("wrong.toml", "themes = 'x'\n");
    let said = home.run(&["check", "-o", "json", "--config", &wrong]);
    assert_eq!(said.code, Some(2), "{}", said.errors);
    let answer: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!(answer["result"], "wrong");
    let error = &answer["errors"][0];
    assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(1), Some(1)));
    assert_eq!(error["place"], wrong.as_str());
    let keys: Vec<_> = answer.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["errors", "files", "midwatch", "next", "result", "sources", "warnings"]);
}

#[test]
fn what_sources_say_is_cleaned_before_it_is_printed() {
    let home = Home::new();
    let config = home.write(
        "hostile.toml",
        "[[source]]\nname = \"a\\u001b[31m\\u202eb\"\nkind = 'command'\nargv = [\"no\\u001b]0;owned\\u0007such\"]\n",
    );
    for form in ["text", "json"] {
        let said = home.run(&["check", "-o", form, "--config", &config]);
        assert_eq!(said.code, Some(1), "{}{}", said.output, said.errors);
        let strange = said.output.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(strange, None, "{:?}", said.output);
    }
}

#[test]
fn a_reader_that_goes_is_no_fault() {
    let home = Home::new();
    for arguments in [&["generate", "schema"][..], &["check"], &["init", "--stdout"]] {
        let mut child =
            home.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}: {errors}");
        assert!(!errors.contains("panick") && !errors.contains("Broken pipe"), "{errors}");
    }
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure_and_says_why() {
    let home = Home::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = home.command(&["generate", "keys"]).stdout(full).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert_eq!(errors, "midwatch: cannot write to standard output: the disk is full\n");
}

#[test]
fn init_writes_once_for_its_owner_and_what_it_writes_is_right() {
    let home = Home::new();
    let said = home.run(&["init"]);
    assert_eq!(said.code, Some(0), "{}{}", said.output, said.errors);
    let path = home.own();
    assert!(said.output.contains(&format!("Written to {}.\n", path.display())), "{}", said.output);
    assert!(said.output.starts_with("Found here:\n  this machine is "), "{}", said.output);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let written = std::fs::read_to_string(&path).unwrap();

    let again = home.run(&["init"]);
    assert_eq!(again.code, Some(1), "{}", again.output);
    assert!(again.errors.contains(&format!("{} is there already", path.display())), "{}", again.errors);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a temporary file is left");

    assert_eq!(home.run(&["init", "--stdout"]).output, written);
    let checked = home.run(&["check", "-o", "json"]);
    let answer: Value = serde_json::from_str(&checked.output).unwrap();
    assert_ne!(answer["result"], "wrong", "{}", checked.output);
    assert_eq!(answer["files"][0], path.to_str().unwrap());
}

#[test]
fn init_and_add_say_that_a_file_would_be_too_large() {
    let home = Home::new();
    let address = serving("/api/v1/status/buildinfo", BUILD);
    for arguments in ["init".to_owned(), format!("add {address}")] {
        let program = env!("CARGO_BIN_EXE_midwatch");
        let line = format!("ulimit -f 0; exec '{program}' {arguments}");
        let mut shell = Command::new("sh");
        let ended = shell.args(["-c", &line]).env_clear().env("HOME", home.path()).output().unwrap();
        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(1), "{arguments}: {:?} {errors}", ended.status);
        assert!(errors.contains("no file may grow further here"), "{arguments}: {errors}");
        assert!(!home.own().exists());
    }
}

#[test]
fn init_follows_no_link_and_prints_without_writing() {
    let home = Home::new();
    let said = home.run(&["init", "--stdout"]);
    assert_eq!(said.code, Some(0));
    assert!(said.errors.starts_with("Found here:\n"), "{}", said.errors);
    assert!(home.files().is_empty(), "{:?}", home.files());

    std::fs::create_dir_all(home.own().parent().unwrap()).unwrap();
    let elsewhere = home.path().join("elsewhere");
    std::os::unix::fs::symlink(&elsewhere, home.own()).unwrap();
    assert_eq!(home.run(&["init"]).code, Some(1));
    assert!(!elsewhere.exists());
}

/// A server that answers one path with this JSON and everything else with 404, until the test ends.
fn serving(path: &'static str, body: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head.push(byte[0]);
            }
            let asked = String::from_utf8_lossy(&head).starts_with(&format!("GET {path} "));
            let (status, body) = if asked { ("200 OK", body) } else { ("404 Not Found", "{}") };
            let length = body.len();
            let headers = "content-type: application/json\r\nconnection: close\r\n";
            let answer = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    address
}

const BUILD: &str =
    r#"{"status":"success","data":{"version":"2.53.0","revision":"4c35b","goVersion":"go1.22"}}"#;

#[test]
fn add_writes_a_source_for_what_answers_behind_what_is_there() {
    let home = Home::new();
    let address = serving("/api/v1/status/buildinfo", BUILD);
    let table = format!("[[source]]\nname = \"prometheus\"\nkind = \"prometheus\"\nurl = \"{address}\"\n");

    let said = home.run(&["add", &format!("{address}/graph?g0.expr=up"), "--dry-run"]);
    assert_eq!((said.code, said.output.as_str()), (Some(0), table.as_str()), "{}", said.errors);
    assert_eq!(said.errors, format!("Prometheus 2.53.0 answers at {address}.\n"));
    assert!(home.files().is_empty(), "{:?}", home.files());

    let said = home.run(&["add", &address]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(
        said.output.contains(&format!("Written to {}:\n  [[source]]\n", home.own().display())),
        "{}",
        said.output
    );
    assert!(said.output.ends_with("next: midwatch check\n"), "{}", said.output);
    assert_eq!(std::fs::read_to_string(home.own()).unwrap(), table);
    assert_eq!(home.own().metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let again = home.run(&["add", &address]);
    assert_eq!(again.code, Some(1), "{}", again.output);
    assert!(again.errors.contains("It is there already as the source prometheus."), "{}", again.errors);

    // What a person wrote stays as it is, with its comments, blanks and missing last line end.
    let mine = format!("# mine\t\r\n{}  # the end", WORKS.replace("good.log", "/nowhere/x.log").trim_end());
    let config = home.write("mine.toml", &mine);
    let said = home.run(&["add", &address, "--name", "prom eu", "--config", &config]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    let named = table.replace("\"prometheus\"\nkind", "\"prom eu\"\nkind");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), format!("{mine}\n\n{named}"));
    let checked = home.run(&["check", "-o", "json", "--config", &config]);
    let answer: Value = serde_json::from_str(&checked.output).unwrap();
    assert_eq!(answer["sources"][1]["name"], "prom eu", "{}", checked.output);
}

#[test]
fn add_says_what_it_cannot_do_and_repeats_no_password() {
    let home = Home::new();
    let address = serving("/", "{}");
    for (arguments, code, expected) in [
        (&["add", address.as_str()][..], 1, "is none of Alertmanager, Prometheus, GitLab, GitHub, Buildbot"),
        (&["add", "https://kim:hunter2@prom.example"], 2, "change it"),
        (&["add", "ftp://hunter2.example"], 2, "no address that can be asked"),
        (&["add", "https://prom.example", "--with", "ci"], 2, "there is no [[credential]] `ci`"),
        (&["add", "http://prom.example", "--token-env", "T"], 2, "is not sent over http"),
        (&["add", "https://github.com/shop"], 1, "OWNER/NAME"),
        (&["add", "http://127.0.0.1:1"], 1, "127.0.0.1:1"),
        (&["add", "https://127.0.0.1:1", "--ca", "/nowhere/ca.pem"], 1, "open /nowhere/ca.pem: "),
        (&["add", "http://127.0.0.1:1", "--ca", "/nowhere/ca.pem"], 2, "--ca is for https"),
    ] {
        let said = home.run(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}{}", said.output, said.errors);
        assert!(said.errors.contains(expected), "{arguments:?}: {}", said.errors);
        assert!(!said.errors.contains("hunter2"), "{}", said.errors);
    }
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[test]
fn add_asks_with_a_password_that_stands_in_a_file_or_a_variable_and_writes_only_where() {
    const WANTED: &str = "Basic a2ltOmh1bnRlcjI=";
    let home = Home::new();
    let address = guarded(WANTED);
    let command = "midwatch add {} --user NAME --password-file FILE (the secret is the first line of FILE, which nobody but you may read: chmod 600)";
    let said = home.run(&["add", &address]);
    assert_eq!(said.code, Some(1), "{}", said.output);
    assert!(said.errors.contains("401") && said.errors.contains("(HTTP Basic)"), "{}", said.errors);
    assert!(said.errors.trim_end().ends_with(&command.replace("{}", &address)), "{}", said.errors);

    let file = home.write("prom.password", "hunter2\n");
    let add = |more: &[&str]| home.run(&[&["add", &address][..], more].concat());
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = add(&["--user", "kim", "--password-file", &file]);
    assert_eq!(said.code, Some(1), "{}", said.output);
    assert!(said.errors.contains(&format!("chmod 600 {file}")), "{}", said.errors);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let said = add(&["--user", "ada", "--password-file", &file]);
    assert!(said.errors.contains("401") && said.errors.contains("the right one"), "{}", said.errors);
    for (flags, expected) in [
        (&["--user", "kim"][..], "--secret-file <FILE>"),
        (&["--password-file", "a", "--password-env", "B"], "cannot be used with"),
        (&["--with", "x", "--token-env", "B"], "cannot be used with"),
        (&["--token-env", "$B"], "the name of a variable is needed"),
        (&["--token-env", "NOT_SET_HERE"], "the variable NOT_SET_HERE is not set"),
    ] {
        let said = add(flags);
        assert!(said.code != Some(0) && said.errors.contains(expected), "{flags:?}: {}", said.errors);
    }
    assert!(!home.own().exists());

    let said = add(&["--user", "kim", "--password-file", &file]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    let table = format!(
        "[[credential]]\nname = \"127.0.0.1\"\nuser = \"kim\"\nfile = {file:?}\n\n[[source]]\nname = \"prometheus\"\nkind = \"prometheus\"\nurl = \"{address}\"\ncredential = \"127.0.0.1\"\n"
    );
    assert_eq!(std::fs::read_to_string(home.own()).unwrap(), table);
    let checked = home.run(&["check", "-o", "json"]);
    assert!(!checked.output.contains("401"), "{}", checked.output);

    // The next source with the same password has no table of its own, and another way gets another name.
    let other = guarded(WANTED);
    let said = home.run(&["add", &other, "--user", "kim", "--password-file", &file, "--dry-run"]);
    let table = format!(
        "[[source]]\nname = \"prometheus-2\"\nkind = \"prometheus\"\nurl = \"{other}\"\ncredential = \"127.0.0.1\"\n"
    );
    assert_eq!(said.output, table, "{}", said.errors);
    let mut run = home.command(&["add", &other, "--user", "kim", "--password-env", "PROM", "--dry-run"]);
    let said = run.env("PROM", "hunter2").output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(
        text.starts_with("[[credential]]\nname = \"127.0.0.1-2\"\nuser = \"kim\"\nenv = \"PROM\"\n"),
        "{text}"
    );
    assert!(!text.contains("hunter2"));
}

/// A Prometheus that answers only who shows this, until the test ends.
fn guarded(wanted: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let is_known =
                head.lines().any(|line| line.eq_ignore_ascii_case(&format!("authorization: {wanted}")));
            // As Prometheus with a web.config.file says it.
            let (status, more, body) = match head.starts_with("GET /api/v1/status/buildinfo ") {
                _ if !is_known => ("401 Unauthorized", "www-authenticate: Basic\r\n", "Unauthorized\n"),
                true => ("200 OK", "content-type: application/json\r\n", BUILD),
                false => ("404 Not Found", "", "404 page not found\n"),
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\n{more}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    address
}

#[test]
fn add_names_an_own_authority_by_a_file_wherever_one_stands() {
    let home = Home::new();
    let said = home.run(&["add", "https://github.com/shop/web", "--ca", "own.pem", "--dry-run"]);
    let path = home.path().join("own.pem");
    assert!(said.output.contains(&format!("\nca = {path:?}\n")), "{}{}", said.output, said.errors);

    // An authority that nobody knows: the flag is named, and no key of a file that is not there yet.
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let address = encrypted(&certified);
    let said = home.run(&["add", &address]);
    assert_eq!(said.code, Some(1), "{}", said.output);
    assert!(said.errors.contains("an authority that is not trusted"), "{}", said.errors);
    let advice = "; name a file with the authority's certificate by --ca FILE\n";
    assert!(said.errors.ends_with(advice), "{}", said.errors);

    let ca = home.write("own.pem", &certified.cert.pem());
    let said = home.run(&["add", &address, "--ca", &ca]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    let table = std::fs::read_to_string(home.own()).unwrap();
    assert!(table.ends_with(&format!("url = \"{address}\"\nca = {ca:?}\n")), "{table}");
}

/// A Prometheus with this certificate, until the test ends.
fn encrypted(certified: &rcgen::CertifiedKey<rcgen::KeyPair>) -> String {
    use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types};
    let key = pki_types::PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(session, stream.unwrap());
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                head.push(byte[0]);
            }
            let asked = String::from_utf8_lossy(&head).starts_with("GET /api/v1/status/buildinfo ");
            let (status, body) = if asked { ("200 OK", BUILD) } else { ("404 Not Found", "{}") };
            let headers = "content-type: application/json\r\nconnection: close\r\n";
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
            drop(stream.write_all(answer.as_bytes()));
            stream.conn.send_close_notify();
            drop(stream.flush());
        }
    });
    address
}

#[test]
fn services_are_suggested_from_what_was_seen_last_and_are_right() {
    let home = Home::new();
    let said = home.run(&["services", "suggest"]);
    assert_eq!((said.code, said.output.as_str()), (Some(1), ""));
    assert!(said.errors.contains(".local/state/midwatch: run midwatch until"), "{}", said.errors);
    assert!(said.errors.contains("nothing is kept yet in "), "{}", said.errors);

    let at = "2026-11-22T03:12:00Z";
    let alert = |id: &str, labels: Value| serde_json::json!({ "id": id, "name": "A", "severity": "critical", "state": "firing", "labels": labels, "started": at });
    let run = serde_json::json!({ "id": "1", "pipeline": "deploy", "state": "failed", "service": "shop/check-out", "created": at });
    let last = serde_json::json!({
        "world": { "sources": {
            "am": { "last_ok": at, "runs": [], "silences": [], "alerts": [
                alert("1", serde_json::json!({ "service": "check_out" })),
                alert("2", serde_json::json!({ "deployment": "pay\"ments\u{1b}[31m" })),
            ] },
            "ci": { "last_ok": at, "runs": [run], "silences": [], "alerts": [] },
        } },
        "view": {},
        "streams": [["logs", "pay-ments-31m-7d9f"], ["logs", "syslog"]],
    });
    home.write(".local/state/midwatch/last.json", &last.to_string());
    let said = home.run(&["services", "suggest"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(said.errors.contains("Looked at 1 runs, 2 alerts and 2 log streams"), "{}", said.errors);
    let checkout = "# 1 alert with service=check_out\n# 1 run of shop/check-out\n[[service]]\nname = \"check-out\"\n\
                    aliases = [\"check_out\"]\nrepos = [\"shop/check-out\"]\n";
    assert!(said.output.contains(checkout), "{}", said.output);
    assert!(
        said.output.contains("labels = { \"deployment\" = \"pay\\\"ments\\U0000001B[31m\" }"),
        "{}",
        said.output
    );
    assert!(!said.output.contains('\u{1b}'), "{:?}", said.output);

    // What is suggested is a configuration, and is then not suggested again.
    home.write(".config/midwatch/config.toml", &said.output);
    let again = home.run(&["services", "suggest"]);
    assert_eq!((again.code, again.output.as_str()), (Some(0), ""), "{}", again.errors);
}

#[test]
fn services_are_suggested_from_the_history_that_a_running_console_writes() {
    use midwatch::model::alert::Alert;
    use midwatch::model::run::Run;
    use midwatch::model::transition::{Happened, Transition};
    use midwatch::store::files::Disk;
    use midwatch::store::history::History;

    let home = Home::new();
    let dir = home.path().join(".local/state/midwatch/history");
    let now = midwatch::runtime::clock::Clock::Real.now();
    let mut alert = Alert::new("1", "HighErrorRate", now);
    alert.labels.insert("service".into(), "checkout".into());
    let run: Run = serde_json::from_value(serde_json::json!({
        "id": "7", "pipeline": "deploy", "state": "running", "service": "shop/checkout", "created": now,
    }))
    .unwrap();
    let of = |source: &str, what| Transition::new(now, source, what);
    let ran = [Happened::Began(run.clone().into()), Happened::Ended(run.into())].map(|what| of("ci", what));
    let (mut history, _) = History::open(Disk, &dir, &"1-1".into(), now);
    history.append(&ran).unwrap();
    history.append(&[of("am", Happened::Fired(alert.into()))]).unwrap();
    let before = home.files();
    let said = home.run(&["services", "suggest"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(said.errors.contains("Looked at 1 runs, 1 alerts and 0 log streams"), "{}", said.errors);
    assert!(said.errors.contains("Log streams are not kept yet"), "{}", said.errors);
    assert!(said.output.contains("[[service]]\nname = \"checkout\"\n"), "{}", said.output);
    assert_eq!(home.files(), before, "it writes nothing");
    // The writer has not been disturbed, and a start reads all of it.
    history.append(&[of("am", Happened::Sees)]).unwrap();
    drop(history);
    let (_, found) = History::open(Disk, &dir, &"2-1".into(), now);
    assert_eq!(found.transitions.len(), 4, "{:?}", found.transitions);
}

#[test]
fn without_a_screen_the_console_says_so_and_makes_nothing() {
    let home = Home::new();
    let config = working(&home);
    let before = home.files().len();
    for arguments in
        [&["--config", config.as_str()][..], &["demo"], &["--config", config.as_str(), "record", "new.rec"]]
    {
        let said = home.run(arguments);
        assert_eq!((said.code, said.output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(said.errors.contains("not a terminal") && said.errors.contains("--plain"), "{}", said.errors);
        assert_eq!(said.errors.lines().count(), 1, "{}", said.errors);
    }
    assert_eq!(home.files().len(), before, "{:?}", home.files());
}

#[test]
fn a_wrong_start_is_two_and_one_sentence() {
    let home = Home::new();
    let wrong = home.write("wrong.toml", "themes = 'x'\n");
    let text = home.write("text", "no recording\n");
    for (arguments, expected) in [
        (
            &["--config", wrong.as_str()][..],
            "wrong.toml:1:1: there is no setting `themes` (did you mean `theme`?)",
        ),
        (&["--config", "none.toml"], "none.toml: cannot be read: "),
        (
            &["replay", "none.rec"],
            "midwatch: open none.rec: no such file; midwatch record FILE makes a recording",
        ),
        (&["replay", text.as_str()], "text:1"),
        (&["demo", "--at", "23:00"], "from 2026-11-20 02:40 to 2026-11-20 04:10 UTC"),
        (&["demo", "--at", "soon"], "soon"),
        (&["frobnicate"], "frobnicate"),
        (&["--theme", "midnigth", "demo"], "(did you mean `midnight`?)"),
        (&["generate", "everything"], "everything"),
    ] {
        let said = home.run(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.errors);
        assert!(said.errors.contains(expected), "{arguments:?}: {}", said.errors);
        assert!(!said.errors.contains("Location:") && !said.errors.contains("BACKTRACE"), "{}", said.errors);
    }
}

#[test]
fn the_version_is_told() {
    let said = Home::new().run(&["--version"]);
    assert_eq!((said.code, said.output), (Some(0), format!("midwatch {}\n", env!("CARGO_PKG_VERSION"))));
}

/// The demo as a user who is not root, who owns what may be looked into. Gives the owner of its
/// environment in `/proc`, its limits and its status.
fn looked_into(allow_core: bool) -> (u32, String, String) {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65534;
    let home = Home::new();
    // Where root may run it, nobody may not: it is copied to where they may.
    let program = home.path().join("midwatch");
    std::fs::copy(env!("CARGO_BIN_EXE_midwatch"), &program).unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(&program);
    command.args(["demo", "--plain"]).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    if allow_core {
        command.env("MIDWATCH_ALLOW_CORE", "true");
    }
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = command.spawn().unwrap();
    let first = &mut [0];
    child.stdout.as_mut().unwrap().read_exact(first).unwrap();
    let proc = PathBuf::from(format!("/proc/{}", child.id()));
    let owner = std::fs::metadata(proc.join("environ")).unwrap().uid();
    let read = |name: &str| std::fs::read_to_string(proc.join(name)).unwrap();
    let found = (owner, read("limits"), read("status"));
    drop(child.stdin.take());
    std::io::copy(child.stdout.as_mut().unwrap(), &mut std::io::sink()).unwrap();
    child.wait().unwrap();
    found
}

#[test]
fn nobody_looks_into_the_memory_of_a_running_console_unless_it_is_allowed() {
    let core = |limits: &str| {
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        line.split_whitespace().nth(4).unwrap().to_owned()
    };
    let (owner, limits, status) = looked_into(false);
    // proc(5): what cannot be dumped belongs to root, and a debugger of the same user is refused.
    assert_eq!(owner, 0);
    assert_eq!(core(&limits), "0");
    assert!(status.contains("Umask:\t0077"), "{status}");
    let (owner, limits, _) = looked_into(true);
    assert_ne!(owner, 0);
    let hard = limits.lines().find(|line| line.starts_with("Max core")).unwrap();
    assert_eq!(hard.split_whitespace().nth(5).unwrap(), core(&limits), "{limits}");
}

#[test]
fn status_tells_once_what_is_seen_and_says_what_is_not() {
    let home = Home::new();
    home.write(
        ".config/midwatch/config.toml",
        "[[source]]\nname = \"drill\"\nkind = \"recording\"\nseed = 1\nat = \"03:20\"\n",
    );
    let said = home.run(&["status"]);
    assert_eq!(said.code, Some(1), "one source of the outage is blind: {}", said.errors);
    assert!(said.output.contains("fails journal-db-7"), "{}", said.output);
    assert!(said.output.starts_with("alerts: 4 firing, 6 in all"), "{}", said.output);
    assert!(said.output.contains("CRIT HighErrorRate"), "{}", said.output);
    assert!(said.output.contains("\nruns of the last day: "), "{}", said.output);
    let json: Value = serde_json::from_str(&home.run(&["status", "-o", "json"]).output).unwrap();
    assert_eq!(json["whole"], false);
    let names: Vec<_> = json["alerts"].as_array().unwrap().iter().map(|alert| &alert["name"]).collect();
    assert!(names.iter().any(|name| **name == "HighErrorRate"), "{names:?}");
    assert!(json["runs"].as_array().unwrap().iter().any(|run| run["service"] == "checkout"));

    home.write(
        ".config/midwatch/config.toml",
        "[[source]]\nname = \"am\"\nkind = \"alertmanager\"\nurl = \"http://127.0.0.1:1\"\n",
    );
    let said = home.run(&["status"]);
    assert_eq!(said.code, Some(1), "a source did not answer");
    assert!(said.output.contains("Not all could be seen"), "{}", said.output);
    assert!(said.output.contains("fails am alertmanager GET http"), "{}", said.output);

    let paths = format!("[{:?}, \"/nowhere/*.log\"]", home.write("a.log", "a line\n"));
    home.write(
        ".config/midwatch/config.toml",
        &format!("[[source]]\nname = \"app\"\nkind = \"file\"\npaths = {paths}\n"),
    );
    let said = home.run(&["status", "-o", "json"]);
    assert_eq!(said.code, Some(1), "a part is missing: {}", said.errors);
    let json: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!((&json["whole"], &json["sources"][0]["state"]), (&false.into(), &"partly".into()));

    home.write(".config/midwatch/config.toml", "[[source]]\nname = \"app\"\nkind = \"nothing\"\n");
    let said = home.run(&["status"]);
    assert_eq!(said.code, Some(2));
    assert!(said.errors.contains("Nothing was done. Mend"), "{}", said.errors);
}

#[test]
fn logs_stats_counts_files_and_pipes() {
    let home = Home::new();
    let text = "2026-11-22T03:12:02Z ERROR broke\n\tat Foo.java:1\n2026-11-22T03:12:01Z WARN slow\n";
    let log = home.write("app.log", text);
    let said = home.run(&["logs", "stats", &log]);
    let row = |name: &str| {
        said.output.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned)
    };
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    for (name, value) in
        [("lines", "3"), ("records", "2"), ("bytes", &text.len().to_string()), ("error", "1"), ("warn", "1")]
    {
        assert_eq!(row(name).as_deref(), Some(value), "{}", said.output);
    }
    assert_eq!(row("first").as_deref(), Some("2026-11-22T03:12:01Z"), "{}", said.output);
    assert_eq!(row("info"), None);

    let mut piped = home.command(&["logs", "stats", "-o", "json", "-"]);
    let mut piped = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = piped.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let file = &answer["files"][0];
    assert_eq!(
        (&file["file"], &file["lines"], &file["levels"]["error"]),
        (&"standard input".into(), &3.into(), &1.into())
    );
    assert_eq!(file["last"], "2026-11-22T03:12:02Z");
}

#[test]
fn logs_stats_of_what_cannot_be_read_is_two_and_of_nothing_is_one() {
    let home = Home::new();
    let empty = home.write("empty.log", "");
    for (arguments, code, word) in [
        (["logs", "stats", "missing.log"], 2, "does not exist"),
        (["logs", "stats", "."], 2, "directory"),
        (["logs", "stats", &empty], 1, ""),
    ] {
        let said = home.run(&arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}");
        assert!(said.errors.contains(word), "{}", said.errors);
        assert_eq!(said.errors.is_empty(), word.is_empty(), "{}", said.errors);
    }
}

#[test]
fn logs_patterns_counts_what_lines_say_and_assigns_each_line() {
    let home = Home::new();
    let mut text = String::new();
    for n in 0..40 {
        text = format!("{text}2026-11-22T03:12:{n:02}Z INFO api: served /cart/{n} in {n} ms\n");
        if n % 4 == 0 {
            text = format!("{text}2026-11-22T03:12:{n:02}Z ERROR db: lost connection to 10.0.0.{n}:5432\n");
        }
    }
    text += "2026-11-22T03:13:00Z WARN disk is nearly full";
    let log = home.write("app.log", &text);
    let said = home.run(&["logs", "patterns", &log]);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    let rows: Vec<Vec<&str>> = said.output.lines().map(|row| row.split_whitespace().collect()).collect();
    let texts: Vec<_> = rows.iter().map(|row| (row[0], row[2..].join(" "))).collect();
    let expected = [
        ("40", "served <path> in <time>".to_owned()),
        ("10", "lost connection to <addr>".to_owned()),
        ("1", "disk is nearly full".to_owned()),
    ];
    assert_eq!(texts, expected);

    let said = home.run(&["logs", "patterns", "--assign", &log]);
    let ids: Vec<_> = said.output.lines().collect();
    assert_eq!((said.code, ids.len()), (Some(0), text.lines().count()));
    assert_eq!(ids[..3], [rows[0][1], rows[1][1], rows[0][1]]);
    assert_eq!(ids.last(), Some(&rows[2][1]));

    let mut piped = home.command(&["logs", "patterns", "-o", "json", "-"]);
    let mut piped = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    piped.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = piped.wait_with_output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let top = &answer["patterns"][0];
    assert_eq!((&answer["lines"], &answer["other"], &top["count"]), (&51.into(), &0.into(), &40.into()));
    assert_eq!(
        (&top["first"], &top["last"]),
        (&"2026-11-22T03:12:00Z".into(), &"2026-11-22T03:12:39Z".into())
    );
    assert!(top["example"].as_str().unwrap().ends_with("served /cart/0 in 0 ms"), "{top}");
}

#[test]
fn logs_patterns_of_messages_alone_keeps_what_looks_like_a_header() {
    let home = Home::new();
    let log = home.write("app.log", "2026-11-22 03:12:00 INFO started\n");
    let pattern = |arguments: &[&str]| home.run(arguments).output.trim().to_owned();
    assert!(pattern(&["logs", "patterns", &log]).ends_with("1  started"));
    assert!(pattern(&["logs", "patterns", "--message-only", &log]).ends_with("<time> INFO started"));
    let empty = home.write("empty.log", "");
    for (file, code) in [("missing.log", 2), (empty.as_str(), 1)] {
        for flag in ["--assign", "--message-only"] {
            assert_eq!(home.run(&["logs", "patterns", flag, file]).code, Some(code), "{file} {flag}");
        }
    }
}

/// A log with records of several lines, and its path.
fn outage(home: &Home) -> String {
    home.write(
        "app.log",
        "2026-11-22T03:12:01Z ERROR broke status=503 took=120ms\n\tat Foo.java:1\n\
         2026-11-22T03:12:02Z INFO went on status=200 took=1.5s\n\
         {\"time\":\"2026-11-22T03:12:03Z\",\"level\":\"warn\",\"http\":{\"status\":503},\"msg\":\"slow\\u001b[2J\"}\n",
    )
}

#[test]
fn logs_query_prints_and_counts_what_it_sees() {
    let home = Home::new();
    let log = outage(&home);
    for (query, records, lines) in [
        ("", 3, 4),
        ("foo.java", 1, 1),
        ("level>=warn", 2, 3),
        ("status=503", 1, 1),
        ("http.status=503 | status=503", 2, 2),
        ("status!=503", 2, 3),
        ("took>=100ms took<1s", 1, 1),
        ("msg~/^slow/", 1, 1),
        ("from:2026-11-22T03:12:02 to:2026-11-22T03:12:03Z", 1, 1),
        ("-/./", 0, 0),
    ] {
        for (flag, count) in [("--count", records), ("--lines", lines)] {
            let said = home.run(&["logs", "query", flag, query, &log]);
            assert_eq!(said.output, format!("{count}\n"), "{query} {flag}: {}", said.errors);
            assert_eq!(said.code, Some(i32::from(count == 0)), "{query}");
        }
    }
    let said = home.run(&["logs", "query", "broke", &log]);
    assert_eq!(said.output, "2026-11-22T03:12:01Z ERROR broke status=503 took=120ms\n\tat Foo.java:1\n");
    let said = home.run(&["logs", "query", "-o", "json", "level=warn", &log]);
    let object: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!((&object["level"], &object["time"]), (&"warn".into(), &"2026-11-22T03:12:03Z".into()));
    let said = home.run(&["logs", "query", "--count", "broke", &log, &log]);
    assert_eq!(said.output, format!("{log}:1\n{log}:1\n"));
}

#[test]
fn logs_query_takes_a_record_without_a_time_for_one_of_the_time_before_it() {
    let home = Home::new();
    let none = "{\"time\":null,\"msg\":\"none\"}\n";
    let at = |second: u32| format!("{{\"time\":\"2026-11-22T03:12:{second:02}Z\",\"msg\":\"x\"}}\n");
    // Of several pieces, some of which say no time at all.
    let text = [none.repeat(30_000), at(5), none.repeat(30_000), at(7), none.repeat(2)].concat();
    let log = home.write("undated.log", &text);
    let silent = home.write("silent.log", &none.repeat(3));
    for (query, file, count) in [
        ("from:2026-11-22T03:12:05 to:2026-11-22T03:12:06 none", &log, 60_000),
        ("from:2026-11-22T03:12:06 none", &log, 2),
        ("to:2026-11-22T03:12:05 none", &log, 0),
        ("since:1h", &silent, 3),
        ("to:2026-11-22T03:12:05", &silent, 0),
    ] {
        let said = home.run(&["logs", "query", "--count", query, file]);
        assert_eq!(said.output, format!("{count}\n"), "{query}: {}", said.errors);
    }
    let said = home.run(&["logs", "query", "from:2026-11-22T03:12:05", &log]);
    assert!(said.output == text, "in the order of the file");
}

#[test]
fn logs_query_points_at_what_is_wrong() {
    let home = Home::new();
    let log = outage(&home);
    for (arguments, word) in [
        (["logs", "query", "ok /(/", &log], "column 4: regular expression"),
        (["logs", "query", "a |", &log], "column 3: | wants something on both sides"),
        (["logs", "query", "status= x", &log], "column 1: status= wants a value"),
        (["logs", "query", "since:soon", &log], "no time \"soon\""),
        (["logs", "query", "x", "missing.log"], "does not exist"),
    ] {
        let said = home.run(&arguments);
        assert_eq!((said.code, said.output.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(said.errors.contains(word), "{}", said.errors);
    }
}
