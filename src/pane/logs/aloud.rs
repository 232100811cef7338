//! Lines told one after another, where nothing is repainted.

use crate::model::text::{SafeText, clean, clean_line};
use crate::pane::logs::Logs;
use crate::pane::logs::line::Line;
use crate::pane::view::View;
use crate::safe;

/// Bytes of a line that are told; Enter opens all of it.
const LONGEST: usize = 2048;

impl Logs {
    /// While the pane follows: the newest lines in force that came since `told` (how many lines of
    /// each stream had come then), at most `most`, in order, and how many others are left out.
    /// `None` while it stands still or looks for lines.
    pub fn since(&self, told: &[u64], most: usize, view: &View<'_>) -> Option<(Vec<SafeText>, usize)> {
        if self.paused || self.open.is_some() || self.is_searching(view) {
            return None;
        }
        let merged = self.merged(view);
        let mut fresh = merged.since(told);
        let mut newest: Vec<Line> = fresh.by_ref().take(most).map(Line::from).collect();
        newest.reverse();
        Some((newest.iter().map(|line| text(line, view)).collect(), fresh.count()))
    }
}

fn text(line: &Line, view: &View<'_>) -> SafeText {
    let bytes = line.bytes();
    let time = view.zone.moment(line.time(), view.now);
    let head = bytes.get(..LONGEST).unwrap_or(bytes);
    let mark = SafeText::literal(if line.lacks_time() { "~" } else { "" });
    let mut text = safe!("{}{} {}: {}", mark, time, clean(line.stream()), clean_line(head));
    if bytes.len() > head.len() {
        text.push(&safe!(" ({} bytes more)", bytes.len() - head.len()));
    }
    text
}
