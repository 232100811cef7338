//! `midwatch collect`: what happened while nobody had a console is there when one is opened.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::gate::Gate;
use super::pty::Start;
use super::{Console, MIDWATCH, is_painted};

const ALERT: &str = r#"[{"labels":{"alertname":"HighErrorRate","severity":"critical","service":"checkout"},
    "annotations":{},"startsAt":"2026-11-22T03:12:00Z","endsAt":"2099-01-01T00:00:00Z",
    "updatedAt":"2026-11-22T03:12:00Z","fingerprint":"cfde758a87f80f24","receivers":[{"name":"pager"}],
    "status":{"inhibitedBy":[],"silencedBy":[],"state":"active"}}]"#;

/// How long a line is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

struct Collector(Child, Receiver<String>);

impl Collector {
    fn start(home: &std::path::Path) -> Self {
        let mut child = Command::new(MIDWATCH)
            .arg("collect")
            .env_clear()
            .env("HOME", home)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self(child, lines)
    }

    /// Reads until a line says so.
    #[track_caller]
    fn until(&mut self, text: &str) -> Vec<String> {
        let mut said = Vec::new();
        while said.last().is_none_or(|line: &String| !line.contains(text)) {
            let line = self.1.recv_timeout(PATIENCE);
            assert!(line.is_ok(), "it has not said {text}:\n{said:#?}");
            said.extend(line);
        }
        said
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn what_was_collected_stands_in_the_next_console() {
    let fires = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&fires);
    let gate = Gate::start(move |head| {
        let body = match head.split(' ').nth(1) {
            Some("/api/v2/alerts") if seen.load(Ordering::SeqCst) => ALERT,
            _ => "[]",
        };
        Some(("200 OK", body.to_owned()))
    });
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join(".config/midwatch/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    let log = home.path().join("a.log");
    std::fs::File::create(&log).unwrap().write_all(b"one\n").unwrap();
    let text = format!(
        "person = 'kim'\n[[source]]\nname = 'am'\nkind = 'alertmanager'\nurl = '{}'\nevery = '1s'\n\
         [[source]]\nname = 'web'\nkind = 'file'\npaths = ['{}']\n",
        gate.url(),
        log.display(),
    );
    let mut file = std::fs::File::options().create_new(true).write(true).mode(0o600).open(config).unwrap();
    file.write_all(text.as_bytes()).unwrap();

    let mut collector = Collector::start(home.path());
    collector.until("No alert fires");
    fires.store(true, Ordering::SeqCst);
    collector.until("alert HighErrorRate fired, CRIT");
    fires.store(false, Ordering::SeqCst);
    collector.until("alert HighErrorRate resolved");
    let pid = Pid::from_child(&collector.0);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(collector.0.wait().unwrap().code(), Some(143), "as the unit in its help expects");

    let pty = Start::default().env("HOME", home.path()).run(&[MIDWATCH]);
    let console = Console { pty, home };
    console.wait("the first frame", is_painted);
    console.send(b"4");
    console.wait("what happened", |shown| {
        let text = shown.text();
        is_painted(shown)
            && text.contains("alert HighErrorRate fired, CRIT")
            && text.contains("alert HighErrorRate resolved")
    });
}

/// What Prometheus says of the rule behind that alert while it fires; `docs/querying/api.md`.
const RULE: &str = r#"{"status":"success","data":{"groups":[{"name":"checkout","file":"rules.yml","interval":15,
    "rules":[{"name":"HighErrorRate","query":"x > 1","duration":0,"labels":{"severity":"critical"},
    "annotations":{},"alerts":[{"labels":{"alertname":"HighErrorRate","severity":"critical","service":"checkout"},
    "annotations":{},"state":"firing","activeAt":"2026-11-22T03:12:00Z","value":"2e+00"}],
    "health":"ok","type":"alerting"}]}]}}"#;
const NO_RULE: &str = r#"{"status":"success","data":{"groups":[]}}"#;
const NO_SERIES: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;

#[test]
fn a_fault_that_two_sources_tell_of_is_told_once_and_ends_with_the_last() {
    // Whether each tells of it, and its answers.
    let tells: Arc<[AtomicBool; 2]> = Arc::default();
    let seen = Arc::clone(&tells);
    let (of_rule, rules) = channel();
    let (of_alert, alerts) = channel();
    let gate = Gate::start(move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let answer = |of: usize, fires: &'static str, none: &'static str| {
            let body = if seen[of].load(Ordering::SeqCst) { fires } else { none };
            let _late = [&of_rule, &of_alert][of].send(());
            body
        };
        let body = if path.starts_with("/api/v1/rules") {
            answer(0, RULE, NO_RULE)
        } else if path.starts_with("/api/v1/query_range") {
            NO_SERIES
        } else if path == "/api/v2/alerts" {
            answer(1, ALERT, "[]")
        } else {
            "[]"
        };
        Some(("200 OK", body.to_owned()))
    });
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join(".config/midwatch/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    let of = |name: &str, kind: &str| {
        format!("[[source]]\nname = '{name}'\nkind = '{kind}'\nurl = '{}'\nevery = '1s'\n", gate.url())
    };
    let text = format!("person = 'kim'\n{}{}", of("prom", "prometheus"), of("am", "alertmanager"));
    let mut file = std::fs::File::options().create_new(true).write(true).mode(0o600).open(config).unwrap();
    file.write_all(text.as_bytes()).unwrap();

    // One answer may be on its way; when the third is given, the second has been taken.
    let say = |of: usize, fires: bool| {
        tells[of].store(fires, Ordering::SeqCst);
        let answers = [&rules, &alerts][of];
        answers.try_iter().for_each(drop);
        for _ in 0..3 {
            answers.recv_timeout(PATIENCE).unwrap();
        }
    };
    let mut collector = Collector::start(home.path());
    collector.until("No alert fires");
    say(0, true);
    say(1, true);
    say(0, false);
    say(1, false);
    let said = collector.until("alert HighErrorRate resolved (told by prom, am)");
    let fired = said.iter().filter(|line| line.contains("fired")).count();
    let resolved = said.iter().filter(|line| line.contains("resolved")).count();
    assert_eq!((fired, resolved), (1, 1), "{said:#?}");
    let pid = Pid::from_child(&collector.0);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    collector.0.wait().unwrap();

    let pty = Start::default().env("HOME", home.path()).run(&[MIDWATCH]);
    let console = Console { pty, home };
    console.wait("the first frame", is_painted);
    console.send(b"4");
    console.wait("what happened, once", |shown| {
        let text = shown.text();
        is_painted(shown)
            && text.matches("alert HighErrorRate fired, CRIT (told by prom, am)").count() == 1
            && text.matches("alert HighErrorRate resolved (told by prom, am)").count() == 1
    });
}
