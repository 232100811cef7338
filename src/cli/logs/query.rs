//! `midwatch logs query`: the records of files that a query sees, or how many.

use std::io::{self, IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::reading::Reading;
use super::{Form, unheard};
use crate::cli::WRONG;
use crate::cli::print::refuse;
use crate::logs::format::Formats;
use crate::logs::format::own::Own;
use crate::logs::piece::{EVERY_LINE, Piece};
use crate::logs::query::Query;
use crate::logs::record::{self, Text, Unit};
use crate::logs::stamp::Zone;
use crate::model::text::{SafeText, clean_line};
use crate::runtime::clock::Clock;
use crate::runtime::progress::Progress;
use crate::safe;

/// What `midwatch logs query --help` says at its end.
pub(super) const HELP: &str = "\
The query is what / takes in the logs pane:
  timeout db       both words, in any case unless one has a capital
  \"no route\"       a phrase          /5\\d\\d$/         a regular expression
  level>=warn      that level or above
  status=503       a field: of the line's format (status, remote, logger, thread, app, pid, ...), of JSON,
                   or name=value anywhere; also != and took>=100ms, path~/^.api/
  stream:nginx     the file's name has it
  pattern:\"took <num> ms\"   the line's pattern is this one, as midwatch logs patterns prints it
  since:15m  from:03:12  to:2026-11-22T03:20       UTC
  -x               not x              a b | c           both a and b, or c

A record is a line and those that go on with it; it is seen as one. Times of stamps without a zone are
taken for UTC.

Exit codes:
  0  something was found
  1  nothing was
  2  the query is wrong, or a file could not be read

-o json prints one object a line: file, offset (bytes), time, level, text.";

/// What is asked.
#[derive(Debug, Args)]
pub(in crate::cli) struct Asked {
    /// Prints how many records are seen
    #[arg(long, conflicts_with = "output")]
    count: bool,
    /// Prints how many lines are seen, each looked at by itself, as grep counts
    #[arg(long, conflicts_with_all = ["output", "count"])]
    lines: bool,
    /// How records are written
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
    /// What to look for; an empty one sees all
    #[arg(allow_hyphen_values = true)]
    query: String,
    /// The files; - is standard input, .gz is unpacked
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What one piece gave.
#[derive(Default)]
struct Seen {
    count: u64,
    printed: Vec<u8>,
}

/// Searches, prints and gives the exit code.
pub(super) fn query(asked: &Asked, own: &Arc<[Own]>) -> ExitCode {
    let now = Clock::Real.now();
    let query = match Query::parse(&asked.query, now) {
        Ok(query) => query,
        Err(error) => return refuse(WRONG, &safe!("the query, column {}: {}", error.column, error.what)),
    };
    let mut total = 0;
    for path in &asked.files {
        match asked.search(&query, path, now, own) {
            Ok(count) => total += count,
            Err(Stop::Told(code)) => return code,
            Err(Stop::Output(error)) => return unheard(&error),
        }
    }
    ExitCode::from(u8::from(total == 0))
}

/// Why no more is searched.
enum Stop {
    /// The person has been told, and this is the exit code.
    Told(ExitCode),
    /// Nothing can be printed.
    Output(io::Error),
}

impl Asked {
    /// Searches one file and prints; gives how many were seen.
    fn search(&self, query: &Query, path: &Path, now: Timestamp, own: &Arc<[Own]>) -> Result<u64, Stop> {
        let file = Reading::open(path, now).map_err(Stop::Told)?;
        let name = &file.name;
        let unit = if self.lines { Unit::Line } else { Unit::Record };
        let mut output = io::stdout();
        let shows = Shows { form: self.output, cleans: output.is_terminal(), named: self.files.len() > 1 };
        let of_lines = record::is_of_lines(query, unit);
        let formats =
            if of_lines { Formats::detect(&[], own) } else { file.formats(own).map_err(Stop::Told)? };
        let zone = Zone::default();
        let work = |piece: Piece<'_>| {
            let mut seen = Seen::default();
            let text = Text {
                bytes: piece.bytes,
                stream: name.as_str().as_bytes(),
                formats: &formats,
                zone: &zone,
                now: file.now,
            };
            text.search(query, unit, |range, found| {
                seen.count += 1;
                if !self.count && !self.lines {
                    shows.show(&mut seen.printed, name, piece.offset + range.start as u64, found);
                }
            });
            seen
        };
        let mut count = 0;
        let mut broken = None;
        let take = |seen: Seen, progress: &mut Progress| {
            count += seen.count;
            if !seen.printed.is_empty() {
                progress.clear();
            }
            broken = output.write_all(&seen.printed).and_then(|()| output.flush()).err();
            if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let begins = |before: Option<&[u8]>, line: &[u8]| formats.begins(before, line);
        let read = file.sweep(if of_lines { EVERY_LINE } else { &begins }, work, take);
        if let Some(error) = broken {
            return Err(Stop::Output(error));
        }
        read.and_then(|cut| file.whole(cut)).map_err(Stop::Told)?;
        if self.count || self.lines {
            let front = if shows.named { format!("{}:", name.as_str()) } else { String::new() };
            writeln!(output, "{front}{count}").map_err(Stop::Output)?;
        }
        Ok(count)
    }
}

/// How records are printed.
struct Shows {
    form: Form,
    /// A terminal is on the other side: it gets no byte that could steer it.
    cleans: bool,
    /// Several files: each line begins with the name of its own.
    named: bool,
}

impl Shows {
    fn show(&self, to: &mut Vec<u8>, name: &SafeText, offset: u64, found: &record::Found<'_>) {
        if self.form == Form::Json {
            let object = json!({
                "file": name.as_str(),
                "offset": offset,
                "time": found.time(),
                "level": found.level().name(),
                "text": String::from_utf8_lossy(found.bytes()),
            });
            to.extend_from_slice(object.to_string().as_bytes());
            to.push(b'\n');
            return;
        }
        for line in found.bytes().split(|b| *b == b'\n') {
            if self.named {
                to.extend_from_slice(name.as_str().as_bytes());
                to.push(b':');
            }
            if self.cleans {
                to.extend_from_slice(clean_line(line).as_str().as_bytes());
            } else {
                to.extend_from_slice(line);
            }
            to.push(b'\n');
        }
    }
}
