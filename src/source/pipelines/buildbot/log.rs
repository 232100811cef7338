//! The logs of a step, read by line number and followed while they grow.

use serde::Deserialize;

use super::wire::Page;
use crate::model::health::{Failure, FailureKind};
use crate::model::update::Detail;
use crate::net::exchange::{Request, Response};
use crate::source::json;
use crate::source::pipelines::lines::{Lines, MOST};

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
    lines: Lines,
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
                let lines = Lines::after(log.num_lines.saturating_sub(MOST as u64));
                self.logs.push(Read { log, lines });
            }
        }
        Ok(())
    }

    fn go_on(&mut self, is_over: bool) -> Next {
        let unread = |read: &&Read| read.log.kind != "d" && read.lines.count() < read.log.num_lines;
        if let Some(read) = self.logs.iter().find(unread) {
            self.asked = Some(read.log.logid);
            let request = Request::get(format!("/api/v2/logs/{}/contents", read.log.logid))
                .query("offset", read.lines.count().to_string())
                .query("limit", MOST.to_string());
            return Next::Ask(request);
        }
        let detail = self.detail();
        // A step may open another log until it is over, and a log may be written to a little longer.
        if is_over && self.logs.iter().all(|read| read.log.complete) {
            Next::Done(detail)
        } else {
            Next::Growing(detail, self.first())
        }
    }

    fn detail(&self) -> Detail {
        let texts = |read: &Read| {
            let mut lines = read.lines.clone();
            if self.logs.len() > 1 {
                lines.note(format!("== {} ==", read.log.name));
            }
            if read.log.kind == "d" {
                lines.note("(deleted by the master's janitor)");
            }
            lines.texts()
        };
        Detail::Log(self.logs.iter().flat_map(texts).collect())
    }
}

impl Read {
    fn take(&mut self, chunks: &[Chunk]) {
        let expected = self.lines.count();
        for chunk in chunks {
            if chunk.firstline != self.lines.count() {
                continue;
            }
            // Each line of a stdio log begins with the letter of its channel: o, e, h or i.
            let letters = usize::from(self.log.kind == "s");
            for line in chunk.content.split_terminator('\n') {
                self.lines.push(None, line.as_bytes().get(letters..).unwrap_or_default());
            }
        }
        if self.lines.count() == expected {
            // It counts lines that it does not have yet: they are asked for again after a while.
            self.log.num_lines = expected;
        }
    }
}
