//! For tests: runs a source and hears what it says.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::logs::archive::FileSays;
use crate::logs::segment::Segment;
use crate::model::health::Failure;
use crate::model::update::News;
use crate::source::Source;
use crate::source::outlet::{Intake, Report, Request};

/// A running source and what it has said so far.
pub(super) struct Ear {
    intake: Intake,
    pub(super) ask: tokio::sync::mpsc::Sender<Request>,
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) news: Vec<News>,
    pub(super) files: Vec<FileSays>,
    task: JoinHandle<()>,
}

impl Ear {
    pub(super) fn new(source: Arc<dyn Source>) -> Self {
        let intake = Intake::default();
        let now = "2026-11-22T03:12:00Z".parse().unwrap();
        let (outlet, ask) = intake.outlet("app".into(), Arc::new(move || now));
        let task = tokio::spawn(source.run(outlet));
        Self { intake, ask, segments: Vec::new(), news: Vec::new(), files: Vec::new(), task }
    }

    /// Listens until `enough` is said.
    pub(super) async fn until(&mut self, enough: impl Fn(&Self) -> bool) {
        let listen = async {
            while !enough(self) {
                match self.intake.next().await {
                    Report::Segment(segment) => self.segments.push(segment),
                    Report::Update(update) => self.news.push(update.news),
                    Report::File(news) => self.files.push(news.what),
                }
            }
        };
        let heard = tokio::time::timeout(Duration::from_secs(30), listen).await;
        assert!(heard.is_ok(), "only this was said: {:?} {:?} {:?}", self.lines(), self.notes(), self.news);
    }

    fn all(&self, wanted: impl Fn(&Segment, u32) -> bool) -> Vec<String> {
        let lines = self.segments.iter().flat_map(|s| (0..s.lines()).map(move |line| (s, line)));
        lines
            .filter(|(s, line)| wanted(s, *line))
            .map(|(s, line)| String::from_utf8_lossy(s.line(line)).into_owned())
            .collect()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.all(|s, line| !s.is_note(line))
    }

    pub(super) fn stderr(&self) -> Vec<String> {
        self.all(Segment::is_stderr)
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.all(Segment::is_note)
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        self.news.iter().rev().find_map(|news| match news {
            News::Failed(failure) => Some(failure),
            _ => None,
        })
    }

    pub(super) fn is_alive(&self) -> bool {
        matches!(self.news.last(), Some(News::Alive { .. }))
    }

    /// Stops the source as the console does.
    pub(super) async fn stop(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled(), "it ended by itself");
    }
}

/// Writes a program. Another process writes it: a file that is open for writing here could be
/// inherited by a child of another test, and then nothing could run it.
pub(super) fn script(path: &Path, text: &str) {
    let mut shell = Command::new("sh")
        .args(["-c", "cat > \"$1\" && chmod +x \"$1\"", "sh"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    shell.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{text}").as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success());
}

/// Waits until a process does not run any more.
pub(super) async fn gone(pid: &str) {
    let stat = format!("/proc/{}/stat", pid.trim());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    // One that nobody has reaped yet is a zombie.
    while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(tokio::time::Instant::now() < deadline, "{pid} still runs");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
