//! The whole record that a line is of, as far as its lines are here.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::buffer::Buffer;
use super::format::Each;
use super::key::Key;
use super::segment::Segment;
use super::sgr;

/// Lines before a line, and behind it, that are looked at.
const MOST: usize = 1000;

/// The lines of a record, in order.
#[derive(Debug)]
pub struct Whole {
    /// Each as the segment that it is in, and its place there.
    pub lines: Vec<(Arc<Segment>, u32)>,
    /// Whether there are more: too many, or no longer here.
    pub is_cut: bool,
}

/// The record of a line, which is at `key`. Its own segment is in hand even when the buffer has given it up.
pub fn whole(buffer: &Buffer, key: Key, segment: &Arc<Segment>, index: u32) -> Whole {
    let first = key.seq.saturating_sub(u64::from(index));
    let reach = key.seq.saturating_sub(MOST as u64)..key.seq.saturating_add(MOST as u64);
    let near: Vec<_> = buffer
        .parts()
        .filter(|part| part.stream == key.stream && part.first <= reach.end && part.end() >= reach.start)
        .collect();
    let at = |number: u64| {
        let own = number.checked_sub(first).and_then(|at| u32::try_from(at).ok());
        if let Some(line) = own.filter(|line| *line < segment.lines()) {
            return Some((Arc::clone(segment), line));
        }
        let part = near.iter().find(|part| (part.first..part.end()).contains(&number))?;
        Some((Arc::clone(part.segment.as_ref()?), u32::try_from(number - part.first).ok()?))
    };
    let goes_on = |(segment, line): &(Arc<Segment>, u32)| segment.continues(*line) && !segment.is_note(*line);
    let mut lines = vec![(Arc::clone(segment), index)];
    let (mut is_cut, mut number) = (false, key.seq);
    while lines.last().is_some_and(goes_on) {
        let before = number.checked_sub(1).filter(|_| lines.len() <= MOST).and_then(&at);
        let Some(before) = before else {
            is_cut = number > 0;
            break;
        };
        if before.0.is_note(before.1) {
            break;
        }
        lines.push(before);
        number -= 1;
    }
    lines.reverse();
    if !segment.is_note(index) {
        let behind = (key.seq.saturating_add(1)..).map_while(at).take_while(goes_on);
        lines.extend(behind.take(MOST));
        is_cut |= lines.len() >= MOST;
    }
    Whole { lines, is_cut }
}

/// Gives the fields of a line that begins a record.
pub fn fields(segment: &Segment, line: u32, each: Each<'_>) -> ControlFlow<()> {
    segment.formats().fields(&sgr::strip(segment.line(line)), each)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    #[test]
    fn a_record_is_whole_across_segments_and_whichever_line_of_it_is_asked_for() {
        let mut builder = SegmentBuilder::new("a".into(), Zone::default());
        let mut buffer = Buffer::default();
        for batch in [
            &["2026-11-22T03:12:00Z INFO one"][..],
            &["2026-11-22T03:12:01Z ERROR two", "  at a(A.java:1)"],
            &["  at b(B.java:2)", "2026-11-22T03:12:02Z INFO three"],
        ] {
            for line in batch {
                builder.push(Line::from(line.as_bytes()), Given::default(), Timestamp::UNIX_EPOCH);
            }
            buffer.push(Arc::new(builder.seal().unwrap()));
        }
        let text = |number: u64| {
            let part = buffer.parts().find(|part| (part.first..part.end()).contains(&number)).unwrap();
            let (segment, line) =
                (part.segment.as_ref().unwrap(), u32::try_from(number - part.first).unwrap());
            let key = Key { time: segment.effective(line), stream: 0, seq: number };
            let found = whole(&buffer, key, segment, line);
            assert!(!found.is_cut);
            let lines =
                found.lines.iter().map(|(segment, line)| String::from_utf8_lossy(segment.line(*line)));
            lines.collect::<Vec<_>>().join("|")
        };
        assert_eq!(text(0), "2026-11-22T03:12:00Z INFO one");
        for line in 1..4 {
            assert_eq!(text(line), "2026-11-22T03:12:01Z ERROR two|  at a(A.java:1)|  at b(B.java:2)");
        }
        assert_eq!(text(4), "2026-11-22T03:12:02Z INFO three");
    }
}
