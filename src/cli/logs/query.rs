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
  level>=warn      that level or above; level=unknown: no level is said
  status=503       a field: of the line's format (status, remote, logger,
                   thread, app, pid, ...), of JSON, or name=value anywhere;
                   also != and took>=100ms, path~/^.api/
  stream:nginx     the file's name has it
  pattern:\"took <num> ms\"   the line's pattern is this one, as midwatch logs
                            patterns prints it
  since:15m  from:03:12  to:2026-11-22T03:20   UTC; from then on, before that
  -x               not x              a b | c           both a and b, or c

A record is a line and those that go on with it; it is seen as one. Times of
stamps without a zone are taken for UTC. A record without a time is of the time
of the one before it. Lines may end in CR LF; --lines counts as grep does, to
which the CR is of the line: /x\\r?$/ is the same everywhere.

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
    /// Where the time is asked for: records before the first that says one, and where they stand.
    undated: Vec<(u64, Vec<u8>)>,
    /// The first and the last time that is said.
    times: (Option<i64>, Option<i64>),
}

/// Records that wait for a time may take so many bytes; then they are of when the file was written.
const WAITING: usize = 64 << 20;

/// Records without a time, of which the one before is in another piece.
#[derive(Default)]
struct Undated {
    waiting: Vec<(u64, Vec<u8>)>,
    /// The time of what was before.
    before: Option<i64>,
}

impl Undated {
    /// Takes what a piece gave, in the order of the file, and gives the records whose time is known now.
    fn take(&mut self, seen: &mut Seen, written: i64) -> (i64, Vec<(u64, Vec<u8>)>) {
        self.waiting.append(&mut seen.undated);
        // The first ones of a file have the first time after them.
        let known = self.before.or(seen.times.0);
        self.before = seen.times.1.or(known);
        let bytes: usize = self.waiting.iter().map(|(_, bytes)| bytes.len()).sum();
        let settled = known.is_some() || bytes > WAITING;
        (known.unwrap_or(written), if settled { std::mem::take(&mut self.waiting) } else { Vec::new() })
    }
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
    match query.hint() {
        Some(hint) if total == 0 => refuse(1, &hint),
        _ => ExitCode::from(u8::from(total == 0)),
    }
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
        let look = |bytes: &[u8], offset: u64, before: Option<i64>| {
            let stream = name.as_str().as_bytes();
            let text = Text { bytes, stream, formats: &formats, zone: &zone, now: file.now, before };
            let mut seen = Seen::default();
            if before.is_none() && query.asks_of_time() {
                seen.times = (text.first_time(), text.last_time(0..bytes.len()));
            }
            let Seen { count, printed, undated, .. } = &mut seen;
            text.search(
                query,
                unit,
                |range, found| {
                    *count += 1;
                    if !self.count && !self.lines {
                        shows.show(printed, name, offset + range.start as u64, found);
                    }
                },
                |range| {
                    let at = offset + range.start as u64;
                    undated.push((at, bytes.get(range).unwrap_or_default().to_vec()));
                },
            );
            seen
        };
        let work = |piece: Piece<'_>| look(piece.bytes, piece.offset, None);
        let (mut count, mut undated) = (0, Undated::default());
        let written = file.now.as_millisecond();
        let mut broken = None;
        let take = |mut seen: Seen, progress: &mut Progress| {
            let (time, records) = undated.take(&mut seen, written);
            let mut printed = Vec::new();
            for (offset, bytes) in records {
                let dated = look(&bytes, offset, Some(time));
                count += dated.count;
                printed.extend(dated.printed);
            }
            count += seen.count;
            printed.append(&mut seen.printed);
            if !printed.is_empty() {
                progress.clear();
            }
            broken = output.write_all(&printed).and_then(|()| output.flush()).err();
            if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let begins = |before: Option<&[u8]>, line: &[u8]| formats.begins(before, line);
        let read = file.sweep(if of_lines { EVERY_LINE } else { &begins }, work, take);
        if let Some(error) = broken {
            return Err(Stop::Output(error));
        }
        // No line says a time.
        for (offset, bytes) in undated.waiting {
            let dated = look(&bytes, offset, Some(written));
            count += dated.count;
            output.write_all(&dated.printed).map_err(Stop::Output)?;
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
