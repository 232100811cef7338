//! What a drill says to the person: the briefing at its start, and the score at its end.

use jiff::SignedDuration;

use crate::insight::drill::{ASKED, Score};
use crate::model::drill::{Culprit, Drill};
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::safe;
use crate::ui::time::took;

/// Columns of what was done.
const DONE: usize = 14;
/// Columns of how soon.
const SOON: usize = 10;

/// What stands in the header, whatever else does: in full, and where there is little room.
pub const BANNER: (&str, &str) = ("DRILL, nothing here is real", "DRILL, NOT REAL");

/// What the person is told at the start.
pub fn briefing(drill: &Drill) -> Vec<SafeText> {
    let mut lines = paragraphs(&drill.briefing);
    lines.extend(
        [
            "",
            "What counts, from the moment of the page on, and nothing before it:",
            "  acknowledge  open its alert, or work on it",
            "  declare      I on the alert",
            "  the change   :set change on the run; :set change none if it was no change",
            "  mitigate     :status mitigated and what you would do",
            "",
            "Nothing is sent, run or kept. :drill shows this again; q leaves.",
        ]
        .map(SafeText::literal),
    );
    lines
}

/// What the page of the score is called.
pub fn heading(drill: &Drill) -> SafeText {
    safe!("DRILL {}", clean(&drill.title))
}

/// What was done, how soon, and what was right.
pub fn told(drill: &Drill, score: &Score) -> Vec<SafeText> {
    let mut lines = vec![heading(drill), SafeText::default()];
    let mut row = |what: &'static str, soon: Option<SignedDuration>, how: SafeText| {
        let mut line = safe!("  {}", SafeText::literal(what));
        fill(&mut line, DONE + 2);
        line.push(&soon.map_or_else(|| "not done".into(), took));
        if !how.is_empty() {
            fill(&mut line, DONE + 2 + SOON);
            line.push(&how);
        }
        lines.push(line);
    };
    row("acknowledged", score.acknowledged, SafeText::default());
    row("declared", score.declared, SafeText::default());
    let (soon, answer) = match &score.change {
        Some(answer) => {
            let judged = if answer.is_right { "right" } else { "wrong" };
            (Some(answer.after), safe!("{}: {}", clean(&answer.said), SafeText::literal(judged)))
        }
        None => (None, SafeText::default()),
    };
    row("change", soon, answer);
    let (soon, how) = match &score.mitigated {
        Some((after, how)) if how.is_empty() => (Some(*after), "not compared".into()),
        Some((after, how)) => (Some(*after), safe!("{}: not compared", clean(how))),
        None => (None, SafeText::default()),
    };
    row("mitigated", soon, how);
    let mut keys = SafeText::literal("  keys");
    fill(&mut keys, DONE + 2);
    keys.push(&safe!("{}, without text that was typed", u64::from(score.keys)));
    lines.push(keys);
    lines.push(SafeText::default());
    let paged = time(drill.paged());
    // What a person wrote is their own words: nobody here can say whether it mitigates.
    let is_told = score.mitigated.is_some();
    let by_word = SafeText::literal(if is_told { ", the mitigation by your own word" } else { "" });
    lines.push(safe!(
        "{} of {}{}. Times are from the page at {} on, by the drill's clock.",
        score.done(),
        ASKED,
        by_word,
        paged
    ));
    lines.push(SafeText::default());
    lines.push(match &drill.change {
        Culprit::NoChange => safe!("It began at {}, and it was no change.", time(drill.onset)),
        Culprit::Run { name, .. } => {
            safe!("It began at {}, and the change was {}.", time(drill.onset), clean(name))
        }
    });
    lines.extend(paragraphs(&drill.why));
    lines.extend(first(
        if is_told { "Compare what you did with: " } else { "What mitigates it: " },
        &drill.mitigation,
    ));
    lines
}

/// Lines with words before the first.
fn first(words: &'static str, text: &RawText) -> Vec<SafeText> {
    let mut lines = paragraphs(text);
    if let Some(line) = lines.first_mut() {
        *line = safe!("{}{}", SafeText::literal(words), line.clone());
    }
    lines
}

/// What is written in lines that go on with each other is broken where the page ends, and nowhere else. What
/// begins with a blank or as a point of a list is a line of its own.
fn paragraphs(text: &RawText) -> Vec<SafeText> {
    let mut lines: Vec<SafeText> = Vec::new();
    for line in clean_block(text) {
        let word = line.as_str().split(' ').next().unwrap_or_default();
        let number = word.trim_end_matches(['.', ')']);
        let is_numbered = number.len() < word.len() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_own = is_numbered || matches!(word, "" | "-" | "*");
        match lines.last_mut().filter(|before| !is_own && !before.is_empty()) {
            Some(before) => before.push(&safe!(" {}", line)),
            None => lines.push(line),
        }
    }
    lines
}

fn fill(line: &mut SafeText, width: usize) {
    for _ in line.width()..width {
        line.push(&" ".into());
    }
}

fn time(at: jiff::Timestamp) -> SafeText {
    clean(&at.strftime("%H:%M:%S UTC").to_string().into())
}
