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
    fn until(&mut self, text: &str) {
        let mut said = Vec::new();
        while said.last().is_none_or(|line: &String| !line.contains(text)) {
            let line = self.1.recv_timeout(PATIENCE);
            assert!(line.is_ok(), "it has not said {text}:\n{said:#?}");
            said.extend(line);
        }
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
