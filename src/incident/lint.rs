//! What is missing in an incident's record before it is a document. It tells, and never blocks.

use super::bounds::ROWS;
use super::facts::{Facts, time};
use super::fill::without_secrets;
use super::row::{open_todos, rows};
use crate::config::secret::STANDS;
use crate::model::text::SafeText;
use crate::safe;

/// What is missing, a sentence each.
pub fn lint(facts: &Facts<'_>) -> Vec<SafeText> {
    let mut missing = Vec::new();
    let incident = facts.incident;
    if incident.impact.is_none() {
        missing.push("the impact is empty: who felt it, how many, for how long".into());
    }
    for row in open_todos(facts.entries).take(ROWS) {
        let text = row.text();
        if row.owner.is_none() {
            missing.push(safe!("an action item has no owner: {}", text));
        }
        if row.due.is_none() {
            missing.push(safe!("an action item has no time by which it is due: {}", text));
        }
    }
    for wrong in facts.contradictions() {
        missing.push(safe!("times are out of order: {}", wrong));
    }
    for row in rows(facts.entries).take(ROWS) {
        let entry = row.entry();
        let at = time(entry.at);
        if entry.at > entry.recorded {
            missing.push(safe!(
                "times are out of order: {} was written down before it was: {}",
                at,
                row.words()
            ));
        }
        if row.source().is_empty() {
            missing.push(safe!("a row has no source: {} {}", at, row.words()));
        }
    }
    let hidden = without_secrets(facts.pad).1;
    if hidden > 0 {
        let stands = SafeText::literal(STANDS);
        missing.push(safe!(
            "what looks like a secret is in the pad ({} times); {} stands for it",
            hidden,
            stands
        ));
    }
    missing
}
