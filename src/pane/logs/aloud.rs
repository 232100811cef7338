//! Lines told one after another, where nothing is repainted.

use crate::model::text::{SafeText, clean, clean_line};
use crate::pane::logs::Logs;
use crate::pane::logs::line::Line;
use crate::pane::view::View;
use crate::safe;

/// Bytes of a line that are told; Enter opens all of it.
const LONGEST: usize = 2048;

impl Logs {
    /// The number that the next line will have, as far as the pane has looked.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// While the pane follows: the newest lines in force from number `from` on, at most `most`,
    /// oldest first, how many before them are left out, and the number to go on with. `None` while
    /// it stands still.
    pub fn since(&self, from: u64, most: usize, view: &View<'_>) -> Option<(Vec<SafeText>, u64, u64)> {
        if self.paused || self.open.is_some() {
            return None;
        }
        let lines = self.lines(view, &[]);
        let newest = lines.backward(u64::MAX).take_while(|line| line.seq >= from).take(most);
        let mut newest: Vec<_> = newest.collect();
        newest.reverse();
        let next = newest.last().map_or(from, |line| line.seq + 1);
        let told = newest.iter().map(|line| text(line, view)).collect();
        let all = lines.count_from(from);
        Some((told, all.saturating_sub(u64::try_from(most).unwrap_or(u64::MAX)), next))
    }
}

fn text(line: &Line, view: &View<'_>) -> SafeText {
    let bytes = line.bytes();
    let time = view.zone.moment(line.time(), view.now);
    let head = bytes.get(..LONGEST).unwrap_or(bytes);
    let mut text = safe!("{} {}: {}", time, clean(line.stream()), clean_line(head));
    if bytes.len() > head.len() {
        text.push(&safe!(" ({} bytes more)", bytes.len() - head.len()));
    }
    text
}
