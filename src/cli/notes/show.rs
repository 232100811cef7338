//! `midwatch notes show`: one incident, whole.

use std::process::ExitCode;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::export::acknowledged;
use super::list::{briefly, lasted, object, severity};
use super::{Form, Record, name};
use crate::cli::print::{padded, plain, print};
use crate::incident::facts::Facts;
use crate::incident::row::{Row, whole};
use crate::model::note::Folder;
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::model::told::Told;
use crate::runtime::clock::Clock;
use crate::safe;

/// What `midwatch notes show --help` says at its end.
pub(super) const HELP: &str = "\
Times are UTC: when it happened, and when it was written down where that is
more than a minute later.

Exit codes:
  0  it was told
  1  no incident is so named, or several are: then they are told
  2  the configuration is wrong

-o json prints one object: what midwatch notes list prints of it, and
contradictions, pad, and entries: at, recorded, person, kind, text, words (as
in the timeline), owner, due, source, link, lines (of evidence), corrected,
starred, hidden (left out of documents), done.";

/// What was written down so much later tells so.
const LATE: SignedDuration = SignedDuration::from_secs(60);
/// What stands behind names is in one column, unless a name is longer than this.
const WIDEST: usize = 24;

/// Prints it.
pub(super) fn show(record: &Record, wanted: &str, form: Form) -> ExitCode {
    let now = Clock::Real.now();
    let (incident, entries) = match record.find(wanted) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let pad = record.pad(&Folder::Incident(incident.id.clone()));
    let acknowledged = acknowledged(record, &incident);
    let facts = Facts { incident: &incident, entries: &entries, pad: &pad, acknowledged, now };
    let text = match form {
        Form::Text => told(&facts),
        Form::Json => {
            let mut value = object(&incident, now);
            if let Value::Object(fields) = &mut value {
                let contradictions = facts.contradictions();
                let contradictions: Vec<&str> = contradictions.iter().map(SafeText::as_str).collect();
                fields.insert("contradictions".to_owned(), json!(contradictions));
                fields.insert("pad".to_owned(), json!(plain_block(&pad)));
                let entries: Vec<Value> = entries.iter().map(|entry| entry_object(&Row::of(entry))).collect();
                fields.insert("entries".to_owned(), entries.into());
            }
            format!("{value:#}\n")
        }
    };
    print(&text, 0)
}

fn plain_block(text: &RawText) -> String {
    clean_block(text).iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n")
}

pub(super) fn entry_object(row: &Row<'_>) -> Value {
    let entry = row.entry();
    json!({
        "at": entry.at,
        "recorded": entry.recorded,
        "person": plain(&entry.person),
        "kind": row.kind,
        "text": plain(&entry.text),
        "words": row.words().as_str(),
        "owner": row.owner.map(plain),
        "due": row.due,
        "source": row.source().as_str(),
        "link": row.link().map(plain),
        "lines": row.evidence.map(|evidence| evidence.lines.iter().map(plain).collect::<Vec<_>>()),
        "corrected": row.told.was.is_some(),
        "starred": row.told.is_starred,
        "hidden": row.told.is_hidden,
        "done": row.told.is_done,
    })
}

fn told(facts: &Facts<'_>) -> String {
    let Facts { incident, entries, pad, now, .. } = *facts;
    let mut text = String::new();
    let mut put = |line: &SafeText| {
        text.push_str(line.as_str().trim_end());
        text.push('\n');
    };
    put(&safe!("{}  {}", name(incident), clean(&incident.title)));
    let mut rows: Vec<(SafeText, SafeText)> = Vec::new();
    let mut row = |what: &'static str, value: SafeText| rows.push((what.into(), value));
    row("severity", severity(incident));
    row("status", incident.status.word().into());
    for (what, value) in [
        ("service", &incident.service),
        ("host", &incident.host),
        ("environment", &incident.environment),
        ("alert", &incident.alert),
        ("impact", &incident.impact),
        ("change", &incident.change),
    ] {
        if let Some(value) = value {
            row(what, clean(value));
        }
    }
    for (what, at) in [
        ("onset", incident.onset),
        ("detected", incident.detected),
        ("declared", Some(incident.declared)),
        ("mitigated", incident.mitigated),
        ("resolved", incident.resolved),
        ("closed", incident.closed),
    ] {
        if let Some(at) = at {
            row(what, safe!("{}", whole(at)));
        }
    }
    let until = if incident.ended().is_some() { "" } else { " until now" };
    row("took", safe!("{}{}", briefly(lasted(incident, now)), SafeText::literal(until)));
    for (role, person) in &incident.roles {
        row(role.word(), clean(person));
    }
    for offer in &incident.offers {
        row("offered", safe!("{} to {}", SafeText::literal(offer.role.word()), clean(&offer.to)));
    }
    incident.links.iter().for_each(|link| row("link", clean(link)));
    incident.tags.iter().for_each(|tag| row("tag", clean(tag)));
    for (is_so, what) in [(incident.is_private, "private"), (incident.is_drill, "drill")] {
        if is_so {
            row(what, "yes".into());
        }
    }
    let widest = rows.iter().map(|(what, _)| what.width()).max().unwrap_or(0);
    for (what, value) in rows {
        put(&safe!("  {}  {}", padded(what, widest), value));
    }
    facts.contradictions().iter().for_each(|wrong| put(&safe!("  these times cannot be: {}", wrong)));
    put(&SafeText::default());
    put(&"timeline (UTC)".into());
    let widest = entries.iter().map(|told| clean(&told.entry.person).width()).max().unwrap_or(0).min(WIDEST);
    for told in entries {
        put(&line(told, widest));
        for one in Row::of(told).evidence.iter().flat_map(|evidence| &evidence.lines) {
            put(&safe!("    | {}", clean_block(one).into_iter().collect::<SafeText>()));
        }
    }
    if !pad.is_empty() {
        put(&SafeText::default());
        put(&"pad".into());
        for line in clean_block(pad) {
            put(&safe!("  {}", line));
        }
    }
    text
}

/// A line of the timeline, whole.
fn line(told: &Told, widest: usize) -> SafeText {
    let entry = &told.entry;
    let mut line = safe!(
        "  {}  {}  {}",
        whole(entry.at),
        padded(clean(&entry.person), widest),
        entry.words_beside_source()
    );
    if told.was.is_some() {
        line.push(&" (corrected)".into());
    } else if entry.recorded.duration_since(entry.at) > LATE {
        line.push(&safe!(" (written down {})", whole(entry.recorded)));
    }
    for (is_so, mark) in [
        (told.is_done, " (done)"),
        (told.is_starred, " (starred)"),
        (told.is_hidden, " (left out of documents)"),
    ] {
        if is_so {
            line.push(&SafeText::literal(mark));
        }
    }
    line
}
