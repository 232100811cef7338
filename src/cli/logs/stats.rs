//! `midwatch logs stats`: what files of lines come to.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Form;
use super::answer;
use super::reading::{Reading, name};
use crate::cli::print::padded;
use crate::logs::format::own::Own;
use crate::logs::format::{Format, Formats};
use crate::logs::level::Level;
use crate::logs::piece::Piece;
use crate::logs::stamp::Zone;
use crate::logs::stats::Stats;
use crate::model::text::SafeText;
use crate::runtime::clock::Clock;
use crate::safe;

/// What `midwatch logs stats --help` says at its end.
pub(super) const HELP: &str = "\
A record is a line and those that go on with it, such as a stack trace. Levels
and formats count records; plain is none that is known. Times are UTC; a stamp
without a zone is taken for UTC, one without a year for the latest that is not
after the file was last written to.

Exit codes:
  0  there is a line
  1  there is none
  2  a file could not be read; nothing is told of the others

-o json prints one object: files, an array of file, lines, records, bytes,
first, last, levels, formats.";

/// Reads, prints and gives the exit code.
pub(super) fn stats(form: Form, files: &[PathBuf], own: &Arc<[Own]>) -> ExitCode {
    let now = Clock::Real.now();
    let mut all = Vec::new();
    for path in files {
        let mut sum = Stats::default();
        let read = Reading::open(path, now).and_then(|file| {
            let formats = file.formats(own)?;
            let zone = Zone::default();
            let begins = |before: Option<&[u8]>, line: &[u8]| formats.begins(before, line);
            let work = |piece: Piece<'_>| Stats::of(&piece, &formats, &zone, file.now);
            file.sweep(&begins, work, |stats: Stats, _| {
                sum.add(&stats);
                ControlFlow::Continue(())
            })?;
            Ok(formats)
        });
        let formats = match read {
            Ok(formats) => formats,
            Err(code) => return code,
        };
        all.push((path, sum, formats));
    }
    let found = all.iter().any(|(_, stats, _)| stats.lines > 0);
    let text = match form {
        Form::Text => {
            all.iter().map(|(path, stats, own)| table(&name(path), stats, own)).collect::<Vec<_>>().join("\n")
        }
        Form::Json => {
            let files: Vec<_> =
                all.iter().map(|(path, stats, own)| object(&name(path), stats, own)).collect();
            format!("{:#}\n", json!({ "files": files }))
        }
    };
    answer([text], found)
}

fn table(name: &SafeText, stats: &Stats, named: &Formats) -> String {
    let row = |what: &'static str, value: &SafeText| {
        format!("{}{}\n", padded(SafeText::literal(what), 9).as_str(), value.as_str())
    };
    let time = |at: Option<Timestamp>| at.map_or_else(|| "unknown".into(), |at| safe!("{}", at));
    let mut text = format!("{}\n", name.as_str());
    text += &row("lines", &safe!("{}", stats.lines));
    text += &row("records", &safe!("{}", stats.records));
    text += &row("bytes", &safe!("{}", stats.bytes));
    text += &row("first", &time(stats.first()));
    text += &row("last", &time(stats.last()));
    for (level, count) in levels(stats).filter(|(_, count)| *count > 0) {
        text += &row(level.name(), &safe!("{}", count));
    }
    for (format, count) in formats(stats) {
        text += &row("format", &safe!("{} {}", named.name(format), count));
    }
    text
}

fn object(name: &SafeText, stats: &Stats, named: &Formats) -> Value {
    let levels: serde_json::Map<String, Value> =
        levels(stats).map(|(level, count)| (level.name().to_owned(), count.into())).collect();
    let formats: serde_json::Map<String, Value> = formats(stats)
        .into_iter()
        .map(|(format, count)| (named.name(format).as_str().to_owned(), count.into()))
        .collect();
    json!({
        "file": name.as_str(),
        "lines": stats.lines,
        "records": stats.records,
        "bytes": stats.bytes,
        "first": stats.first(),
        "last": stats.last(),
        "levels": levels,
        "formats": formats,
    })
}

/// Those that there are, the most frequent first.
fn formats(stats: &Stats) -> Vec<(Format, u64)> {
    let named = stats.formats.iter().enumerate().filter(|(_, count)| **count > 0);
    let mut found: Vec<_> = named.filter_map(|(index, count)| Some((Format::of(index)?, *count))).collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

/// The most severe first.
fn levels(stats: &Stats) -> impl Iterator<Item = (Level, u64)> {
    Level::ALL.into_iter().zip(stats.levels).rev()
}
