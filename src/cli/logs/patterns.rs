//! `midwatch logs patterns`: what the lines of files say again and again.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Form;
use super::answer;
use super::reading::Reading;
use crate::cli::print::plain;
use crate::logs::format::own::Own;
use crate::logs::format::{Formats, Said};
use crate::logs::pattern::{Id, OTHER, Pattern, Patterns};
use crate::logs::piece::{EVERY_LINE, Piece};
use crate::logs::stamp::Zone;
use crate::model::text::RawText;
use crate::runtime::clock::Clock;
use crate::runtime::progress::Progress;

/// What `midwatch logs patterns --help` says at its end.
pub(super) const HELP: &str = "\
A pattern is what lines say again and again, with <num>, <id>, <addr>, <path>,
<str>, <time>, <size> or <*> where they differ. Headers (time, level, host,
component) are not of it, nor is what a container's runtime or syslog puts
around a line; of a line of fields it is made of the message, or of the names
of the fields if there is none; of a request in an access log, of its method
and status: GET <path> 503. All files are taken together.

The lines of one: midwatch logs query 'pattern:\"took <num> ms\"' FILE

Most lines first: their number, the id of the pattern, the pattern. At most
8192 patterns are held; the lines of those seen least, and longest ago, are
then in the row of id 0.

--assign prints one line for each line of the files, in their order: the id of
its pattern. Ids are of this run.

Exit codes:
  0  there is a line
  1  there is none
  2  a file could not be read; nothing is told of the others

-o json prints one object: lines, other (lines of no pattern), evicted
(patterns that are no longer held), and patterns, an array of id, key (the same
in every run that finds this pattern), count, first, last, pattern, example.";

/// Reads, prints and gives the exit code.
pub(super) fn patterns(
    form: Form,
    assign: bool,
    message_only: bool,
    files: &[PathBuf],
    own: &Arc<[Own]>,
) -> ExitCode {
    let now = Clock::Real.now();
    let mut found = Patterns::new(message_only);
    let mut lines = 0_u64;
    let mut column: Vec<Box<[Id]>> = Vec::new();
    for path in files {
        let file = match Reading::open(path, now) {
            Ok(file) => file,
            Err(code) => return code,
        };
        let formats = Formats::with(Arc::clone(own));
        let now = file.now.as_millisecond();
        let work = |piece: Piece<'_>| {
            let mut zone = Zone::default();
            // Each line is read here, where there are several threads; times are told with the patterns only.
            let read = lines_of(piece.bytes).map(|line| {
                if assign { (formats.said(line), None) } else { formats.said_when(line, now, &mut zone) }
            });
            (piece.bytes.to_vec(), read.collect())
        };
        let take = |(bytes, read): (Vec<u8>, Vec<(Said, Option<i64>)>), _: &mut Progress| {
            let ids = lines_of(&bytes).zip(read).map(|(line, (said, time))| {
                lines += 1;
                found.take(line, said.of(line), time)
            });
            if assign {
                column.push(ids.collect());
            } else {
                ids.for_each(drop);
            }
            ControlFlow::Continue(())
        };
        let read = file.sweep(EVERY_LINE, work, take).and_then(|cut| file.whole(cut));
        if let Err(code) = read {
            return code;
        }
    }
    if assign {
        let text = |ids: Box<[Id]>| {
            ids.iter().fold(String::new(), |text, id| text + &found.resolve(*id).to_string() + "\n")
        };
        return answer(column.into_iter().map(text), lines > 0);
    }
    match form {
        Form::Text => answer([table(&found)], lines > 0),
        Form::Json => answer([format!("{:#}\n", object(&found, lines))], lines > 0),
    }
}

/// The lines of whole lines, each without its LF.
fn lines_of(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        let line = bytes.get(..end).unwrap_or_default();
        bytes = bytes.get(end + 1..).unwrap_or_default();
        Some(line)
    })
}

fn table(found: &Patterns) -> String {
    let row = |count: u64, id: Id, text: &str| format!("{count:>9} {id:>6}  {text}\n");
    let mut text: String = found
        .top()
        .into_iter()
        .map(|pattern| row(pattern.count, pattern.id, &plain(&RawText::from(pattern.text()))))
        .collect();
    let (lines, _) = found.rest();
    if lines > 0 {
        text += &row(lines, OTHER, "lines of patterns that were too many to hold");
    }
    text
}

fn object(found: &Patterns, lines: u64) -> Value {
    let (other, evicted) = found.rest();
    let patterns: Vec<_> = found.top().into_iter().map(of_pattern).collect();
    json!({ "lines": lines, "other": other, "evicted": evicted, "patterns": patterns })
}

fn of_pattern(pattern: &Pattern) -> Value {
    let time = |millis: i64| Timestamp::from_millisecond(millis).ok();
    let example = String::from_utf8_lossy(&pattern.example).into_owned();
    json!({
        "id": pattern.id,
        "key": format!("{:016x}", pattern.key()),
        "count": pattern.count,
        "first": pattern.times.and_then(|(first, _)| time(first)),
        "last": pattern.times.and_then(|(_, last)| time(last)),
        "pattern": plain(&RawText::from(pattern.text())),
        "example": plain(&RawText::from(example)),
    })
}
