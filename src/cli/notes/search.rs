//! `midwatch notes search`: which line had these words.

use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Form, Record};
use crate::cli::FAILED;
use crate::cli::print::{count, padded, print, tell};
use crate::incident::row::whole;
use crate::model::incident::Incident;
use crate::model::note::{Entry, Folder, What};
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::model::told::Told;
use crate::safe;

/// What `midwatch notes search --help` says at its end.
pub(super) const HELP: &str = "\
A line is an entry, as the timeline tells it with who wrote it, a line that
was pinned, or a line of a pad. Of what was pinned a word may also be one of
its source or its filter. Newest first: the lines of a pad stand with the last
entry beside them, and pad is in the place of their time.

Exit codes:
  0  something was found
  1  nothing was
  2  the configuration is wrong

-o json prints one object: found, an array of incident (null in the shift's
notes), title, at (null of a pad), person, line.";

/// What was found.
struct Hit {
    folder: Folder,
    title: Option<RawText>,
    /// When it was, or when something was written beside it last.
    order: Timestamp,
    at: Option<Timestamp>,
    person: Option<RawText>,
    line: SafeText,
}

/// Looks and prints.
pub(super) fn search(record: &Record, words: &[String], form: Form) -> ExitCode {
    let words: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let mut hits = Vec::new();
    let mut look = |folder: Folder, incident: Option<&Incident>, entries: &[Told]| {
        let title = incident.map(|incident| incident.title.clone());
        let last = entries.iter().map(|told| told.entry.recorded).max().unwrap_or(Timestamp::MIN);
        let pad = record.pad_text(&folder);
        let of_entries = entries.iter().flat_map(|told| {
            let entry = &told.entry;
            let hit = |line| Hit {
                folder: folder.clone(),
                title: title.clone(),
                order: entry.at,
                at: Some(entry.at),
                person: Some(entry.person.clone()),
                line,
            };
            matching(entry, &words).into_iter().map(hit).collect::<Vec<_>>()
        });
        hits.extend(of_entries);
        let lines = if pad.is_empty() { Vec::new() } else { clean_block(&pad) };
        hits.extend(lines.into_iter().filter(|line| has_all(&words, &[line])).map(|line| Hit {
            folder: folder.clone(),
            title: title.clone(),
            order: last,
            at: None,
            person: None,
            line,
        }));
    };
    for (incident, entries) in record.incidents() {
        look(Folder::Incident(incident.id.clone()), Some(&incident), &entries);
    }
    for folder in [Folder::Shift, Folder::Team] {
        let entries = record.entries(&folder);
        look(folder, None, &entries);
    }
    hits.sort_by_key(|hit| std::cmp::Reverse(hit.order));
    if hits.is_empty() && form == Form::Text {
        tell(&"no entry, no pinned line and no line of a pad has all of these words".into());
    }
    let code = if hits.is_empty() { FAILED } else { 0 };
    let text = match form {
        Form::Text => {
            if !hits.is_empty() {
                tell(&count(hits.len(), "line", "lines"));
            }
            lines(&hits)
        }
        Form::Json => {
            let found: Vec<Value> = hits.iter().map(object).collect();
            format!("{:#}\n", json!({ "midwatch": env!("CARGO_PKG_VERSION"), "found": found }))
        }
    };
    print(&text, code)
}

/// The lines of an entry that have these words: what it says, and what was pinned with it.
fn matching(entry: &Entry, words: &[String]) -> Vec<SafeText> {
    let (said, person) = (entry.words(), clean(&entry.person));
    let What::Evidence(evidence) = &entry.what else {
        return if has_all(words, &[&said, &person]) { vec![said] } else { Vec::new() };
    };
    let from = clean(&evidence.from);
    let query = clean(&evidence.query);
    // Words of its source alone are of the whole, and not of each of its lines.
    let is_meant = |line: &SafeText| {
        let own = line.as_str().to_lowercase();
        words.iter().any(|word| own.contains(word.as_str()))
            && has_all(words, &[line, &from, &query, &person])
    };
    let lines = evidence.lines.iter().map(clean).filter(is_meant);
    let mut found: Vec<_> = lines.map(|line| safe!("pinned of {}: {}", from, line)).collect();
    if found.is_empty() && has_all(words, &[&said, &query, &person]) {
        let by = if query.is_empty() { query } else { safe!(", filter {}", query) };
        found.push(safe!("{}{}", said, by));
    }
    found
}

fn has_all(words: &[String], of: &[&SafeText]) -> bool {
    let texts: Vec<String> = of.iter().map(|text| text.as_str().to_lowercase()).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}

/// A line each, whole: it is what was looked for.
fn lines(hits: &[Hit]) -> String {
    let place = |hit: &Hit| hit.folder.incident().map_or("shift".into(), |id| clean(&id.as_str().into()));
    let widest = hits.iter().map(|hit| place(hit).width()).max().unwrap_or(0);
    let line = |hit: &Hit| {
        let at = hit.at.map_or("pad".into(), |at| safe!("{}", whole(at)));
        let person = hit.person.as_ref().map(|person| safe!("{}  ", clean(person))).unwrap_or_default();
        let line = safe!("{}  {}  {}{}", padded(at, 20), padded(place(hit), widest), person, hit.line);
        format!("{}\n", line.as_str().trim_end())
    };
    hits.iter().map(line).collect()
}

fn object(hit: &Hit) -> Value {
    json!({
        "incident": hit.folder.incident().map(|id| id.as_str().to_owned()),
        "title": hit.title.as_ref().map(|title| clean(title).as_str().to_owned()),
        "at": hit.at,
        "person": hit.person.as_ref().map(|person| clean(person).as_str().to_owned()),
        "line": hit.line.as_str(),
    })
}
