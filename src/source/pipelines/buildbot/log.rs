//! The logs of a step, read by line number and followed while they grow.

use std::sync::Arc;

use serde::Deserialize;

use super::wire::Page;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::Detail;
use crate::net::exchange::{Request, Response};
use crate::source::json;

/// Lines of one log that are kept, the last ones.
const KEPT: usize = 10_000;
/// Lines that are asked for at once.
const AT_ONCE: usize = 5000;

#[derive(Clone, Debug, Deserialize)]
struct StepLog {
    logid: u64,
    name: String,
    /// `s` stdio, `t` text, `h` HTML, `d` deleted.
    #[serde(rename = "type")]
    kind: String,
    num_lines: u64,
    complete: bool,
}

#[derive(Debug, Deserialize)]
struct Chunk {
    content: String,
    firstline: u64,
}

/// One log as far as it is read.
#[derive(Clone, Debug)]
struct Read {
    log: StepLog,
    /// Lines before the first one kept.
    before: u64,
    lines: Vec<RawText>,
}

impl Read {
    /// The line that is asked for next.
    fn next(&self) -> u64 {
        self.before + self.lines.len() as u64
    }
}

/// The logs of one step as far as they are read.
#[derive(Clone, Debug)]
pub struct Reading {
    step: u64,
    logs: Vec<Read>,
    /// The log whose lines were asked for; none while it is asked which logs there are.
    asked: Option<u64>,
}

/// How the reading goes on.
pub(super) enum Next {
    /// This is asked.
    Ask(Request),
    /// All is there.
    Done(Detail),
    /// All that there is now is there; this is asked after a while.
    Growing(Detail, Request),
}

impl Reading {
    /// Begins to read the logs of a step.
    pub(super) fn of(step: u64) -> Self {
        Self { step, logs: Vec::new(), asked: None }
    }

    /// What asks which logs there are, and how long they are.
    pub(super) fn first(&self) -> Request {
        Request::get(format!("/api/v2/steps/{}/logs", self.step))
    }

    /// Takes an answer; `is_over` is whether the step is.
    ///
    /// Errors when it cannot be read, or when the only log was deleted.
    pub(super) fn take(&mut self, response: &Response, is_over: bool) -> Result<Next, Failure> {
        let page: Page<'_> = response.json()?;
        match self.asked.take() {
            None => {
                let (logs, _) = json::items::<StepLog>(response, &page.items)?;
                self.learn(logs)?;
            }
            Some(asked) => {
                let (chunks, _) = json::items::<Chunk>(response, &page.items)?;
                if let Some(read) = self.logs.iter_mut().find(|read| read.log.logid == asked) {
                    read.take(&chunks);
                }
            }
        }
        Ok(self.go_on(is_over))
    }

    fn learn(&mut self, logs: Vec<StepLog>) -> Result<(), Failure> {
        if let [only] = logs.as_slice()
            && only.kind == "d"
        {
            let what = format!("the log {} was deleted by the master's janitor", only.name);
            return Err(Failure::new(FailureKind::Missing, what));
        }
        for log in logs {
            if log.kind == "h" {
                // A page for a browser; there is always a text with the same words.
                continue;
            }
            if let Some(read) = self.logs.iter_mut().find(|read| read.log.logid == log.logid) {
                read.log = log;
            } else {
                let before = log.num_lines.saturating_sub(KEPT as u64);
                self.logs.push(Read { log, before, lines: Vec::new() });
            }
        }
        Ok(())
    }

    fn go_on(&mut self, is_over: bool) -> Next {
        let unread = |read: &&Read| read.log.kind != "d" && read.next() < read.log.num_lines;
        if let Some(read) = self.logs.iter().find(unread) {
            self.asked = Some(read.log.logid);
            let request = Request::get(format!("/api/v2/logs/{}/contents", read.log.logid))
                .query("offset", read.next().to_string())
                .query("limit", AT_ONCE.to_string());
            return Next::Ask(request);
        }
        let detail = Detail::Log(self.lines());
        // A step may open another log until it is over, and a log may be written to a little longer.
        if is_over && self.logs.iter().all(|read| read.log.complete) {
            Next::Done(detail)
        } else {
            Next::Growing(detail, self.first())
        }
    }

    fn lines(&self) -> Arc<[RawText]> {
        let mut all = Vec::new();
        for read in &self.logs {
            if self.logs.len() > 1 {
                all.push(RawText::from(format!("== {} ==", read.log.name)));
            }
            if read.log.kind == "d" {
                all.push("(deleted by the master's janitor)".into());
            }
            if read.before > 0 {
                all.push(format!("({} lines before this one are not shown)", read.before).into());
            }
            all.extend(read.lines.iter().cloned());
        }
        all.into()
    }
}

impl Read {
    fn take(&mut self, chunks: &[Chunk]) {
        let expected = self.next();
        for chunk in chunks {
            if chunk.firstline != self.next() {
                continue;
            }
            let lines = chunk.content.split_terminator('\n');
            // Each line of a stdio log begins with the letter of its channel: o, e, h or i.
            let letters = usize::from(self.log.kind == "s");
            self.lines.extend(lines.map(|line| RawText::from(line.get(letters..).unwrap_or_default())));
        }
        if self.next() == expected {
            // It counts lines that it does not have yet: they are asked for again after a while.
            self.log.num_lines = expected;
        }
        let over = self.lines.len().saturating_sub(KEPT);
        self.lines.drain(..over);
        self.before += over as u64;
    }
}
