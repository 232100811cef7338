//! The log of a job, cut into its steps.
//!
//! GitHub keeps one text for each job. Its lines begin with their times, and the API says when each
//! step began, to the second: what several steps have in one second is told apart by the lines that
//! the runner writes where a step begins.

use std::time::Duration;

use jiff::Timestamp;

use super::wire::{WorkflowJob, WorkflowStep};
use crate::model::update::Detail;
use crate::source::pipelines::lines::{self, Lines};

/// A job at work is looked at again after this.
pub(super) const AGAIN: Duration = Duration::from_secs(10);
/// A step's first line comes no later than this after the second in which it began.
const LATE: i64 = 1;

/// What can be shown of a job at work.
pub(super) fn steps_only(job: &WorkflowJob) -> Detail {
    let mut lines = Lines::default();
    lines.note(
        "GitHub gives the log of a job only when the job is over. It is fetched then; until then, its steps:",
    );
    if job.steps.is_empty() {
        lines.push(None, b"(no step has begun)");
    }
    for step in &job.steps {
        let model = step.model();
        let line = format!("{:<9} {}", model.state.word(), step.name);
        lines.push(step.completed_at.or(step.started_at), line.as_bytes());
    }
    lines.detail()
}

/// The lines of one step, or of the whole job. `cut`: the beginning of the text is missing.
pub(super) fn read(text: &[u8], cut: bool, steps: &[WorkflowStep], wanted: Option<u64>) -> Detail {
    let parsed: Vec<(Option<Timestamp>, &[u8])> = lines::split(text).map(stamped).collect();
    let mut log = Lines::default();
    let found = wanted.map(|wanted| range(&parsed, cut, steps, wanted));
    let (from, to) = match found {
        Some(Some(range)) => range,
        Some(None) => {
            log.note(
                "(where this step begins cannot be told from the log: this is the log of the whole job)",
            );
            (0, parsed.len())
        }
        None => (0, parsed.len()),
    };
    if cut && from == 0 {
        log.note("(the log is long: only its last 8 MiB were fetched)");
    }
    let mut last = None;
    for (stamp, line) in parsed.iter().take(to).skip(from) {
        // Lines of one write have one time.
        last = stamp.or(last);
        if let Some(line) = readable(line) {
            log.push(last, &line);
        }
    }
    log.detail()
}

/// The time of a line, and the line without it.
fn stamped(line: &[u8]) -> (Option<Timestamp>, &[u8]) {
    let parse = || {
        let end = line.iter().take(40).position(|byte| *byte == b' ').unwrap_or(line.len().min(40));
        let (stamp, rest) = line.split_at_checked(end)?;
        let stamp = std::str::from_utf8(stamp).ok().filter(|stamp| stamp.ends_with('Z'))?;
        Some((Some(stamp.parse().ok()?), rest.strip_prefix(b" ").unwrap_or(rest)))
    };
    parse().unwrap_or((None, line))
}

/// Where the lines of a step are: from the first to before the second; `None` if that cannot be told.
fn range(
    lines: &[(Option<Timestamp>, &[u8])],
    cut: bool,
    steps: &[WorkflowStep],
    wanted: u64,
) -> Option<(usize, usize)> {
    let mut ran: Vec<&WorkflowStep> = steps.iter().filter(|step| step.has_run()).collect();
    ran.sort_by_key(|step| step.number);
    let mut from = 0;
    let mut begins = Vec::with_capacity(ran.len());
    for (place, step) in ran.iter().enumerate() {
        // What comes before the second step belongs to the first, "Set up job".
        let at = if place == 0 && !cut { Some(0) } else { begin(lines, from, step) };
        begins.push(at);
        from = at.map_or(from, |at| at + 1);
    }
    let place = ran.iter().position(|step| step.number == wanted)?;
    let begin = (*begins.get(place)?)?;
    let end = begins.iter().skip(place + 1).flatten().next().copied().unwrap_or(lines.len());
    Some((begin, end))
}

/// The first line of a step, looked for from line `from` on.
fn begin(lines: &[(Option<Timestamp>, &[u8])], from: usize, step: &WorkflowStep) -> Option<usize> {
    let began = step.started_at?.as_second();
    let second = |place: usize| lines.get(place).and_then(|(stamp, _)| *stamp).map(Timestamp::as_second);
    let first = (from..lines.len()).find(|place| second(*place).is_some_and(|second| second >= began))?;
    // What comes after its end is not of a step that wrote nothing.
    let ended = step.completed_at.map_or(i64::MAX, |at| at.as_second().saturating_add(LATE));
    if second(first).is_some_and(|second| second > ended) {
        return None;
    }
    let near = || (first..lines.len()).take_while(|place| second(*place).is_none_or(|s| s <= began + LATE));
    let says = |place: &usize, text: &[u8]| lines.get(*place).is_some_and(|(_, line)| *line == text);
    let is_mark = |place: &usize| {
        lines.get(*place).is_some_and(|(_, line)| {
            line.starts_with(b"##[group]Run ")
                || *line == b"Post job cleanup."
                || *line == b"Cleaning up orphan processes"
        })
    };
    // A step without a name of its own is called as it begins: `Run actions/checkout@v4`.
    let named = [b"##[group]", step.name.as_bytes()].concat();
    near().find(|place| says(place, &named)).or_else(|| near().find(is_mark)).or(Some(first))
}

/// A line without the runner's own marks; `None` where there is nothing else in it.
fn readable(line: &[u8]) -> Option<Vec<u8>> {
    let line = lines::settled(line);
    let marks: [(&[u8], &[u8]); 8] = [
        (b"##[group]", b"> "),
        (b"##[section]", b"> "),
        (b"##[error]", b"error: "),
        (b"##[warning]", b"warning: "),
        (b"##[notice]", b"notice: "),
        (b"##[debug]", b"debug: "),
        (b"##[command]", b"$ "),
        (b"[command]", b"$ "),
    ];
    if line == b"##[endgroup]" {
        return None;
    }
    let meant = marks.iter().find_map(|(mark, word)| Some([*word, line.strip_prefix(*mark)?].concat()));
    Some(meant.unwrap_or(line))
}
