//! The page of one line: all that is known of it, and its record with the fields, in full.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::insight::similar::Asked;
use crate::logs::pattern::known;
use crate::logs::segment::{Odd, Segment};
use crate::logs::whole::{self, whole};
use crate::model::text::{RawText, SafeText, clean, clean_block, clean_line, raw_view};
use crate::pane::logs::line::Line;
use crate::pane::past;
use crate::pane::view::View;
use crate::safe;
use crate::ui::pager::Paragraph;
use crate::ui::style::of_level;

/// Fields that are shown of a record.
const FIELDS: usize = 256;
/// Columns of a line that is made a title.
const TITLE: usize = 80;
/// Lines whose patterns are looked for: of more, those of the first.
const RECORDS: usize = 200;

/// The page, paragraph by paragraph; `raw` shows escape sequences as text.
pub(super) fn paragraphs(line: &Line, raw: bool, view: &View<'_>) -> Vec<Paragraph> {
    let (text, muted) = (view.styles.of(Meaning::Text), view.styles.of(Meaning::Muted));
    let heading = view.styles.of(Meaning::Title);
    let segment = &line.segment;
    let mut page = vec![Paragraph::new(safe!("stream {}", clean(line.stream())), heading)];
    let came = segment.arrival(line.index);
    if let Some(time) = segment.time(line.index) {
        let clock = view.zone.precise(time, view.now);
        page.push(Paragraph::new(safe!("written {} ({} {})", time, clock, view.zone.name(time)), text));
    } else {
        let place = safe!("The line says no time of its own; it stands at {}.", line.time());
        page.push(Paragraph::new(place, muted));
    }
    let warning = view.styles.of(Meaning::Warning);
    match line.odd() {
        Some(Odd::Ahead(_)) => {
            let place =
                safe!("That is later than it came: its clock is wrong. It stands at {}.", line.time());
            page.push(Paragraph::new(place, warning));
        }
        Some(Odd::Late(millis)) => {
            let late = safe!("It is late: lines written {} ms after it came before it.", millis);
            page.push(Paragraph::new(late, warning));
        }
        None => {}
    }
    page.push(if segment.has_lain() {
        Paragraph::new(safe!("its file was last written to {}", came), muted)
    } else {
        Paragraph::new(safe!("came {}, within a second", came), muted)
    });
    if line.is_note() {
        page.push(Paragraph::new("midwatch wrote this about the stream.", view.styles.of(Meaning::Stale)));
    }
    let level = SafeText::literal(line.level().name());
    page.push(Paragraph::new(safe!("level {}", level), view.styles.of(of_level(line.level()))));
    if line.continues() {
        page.push(Paragraph::new("It goes on with the record before it and has that one's level.", muted));
    }
    if segment.is_stderr(line.index) {
        page.push(Paragraph::new("It came from the standard error.", muted));
    }
    let cut = segment.cut_of(line.index);
    if cut > 0 {
        let lost = safe!("{} bytes were cut off its end: a line keeps 64 KiB.", cut);
        page.push(Paragraph::new(lost, warning));
    }
    let record = whole(view.logs, line.key, segment, line.index);
    let fields = record.lines.first().map_or_else(Vec::new, |(segment, line)| fields(segment, *line));
    if !fields.is_empty() {
        page.push(Paragraph::default());
        page.push(Paragraph::new("Fields", heading));
        page.extend(fields.into_iter().map(|field| Paragraph::new(field, text)));
    }
    // Only what the logs say: incidents of its service are on the pages of alerts.
    let patterns = patterns(std::slice::from_ref(line), view);
    let asked = Asked { alert: None, subject: &Subject::default(), patterns: &patterns };
    let before = past::paragraphs(&asked, view);
    if !before.is_empty() {
        page.push(Paragraph::default());
        page.push(Paragraph::new("What was like it", heading));
        page.extend(before);
    }
    page.push(Paragraph::default());
    let mut title = match record.lines.len() {
        1 => SafeText::literal("The line"),
        lines => safe!("The record of {} lines", lines),
    };
    if raw {
        title.push(&safe!(", byte by byte"));
    }
    page.push(Paragraph::new(title, heading));
    if record.is_cut {
        page.push(Paragraph::new("Not all of its lines are here.", warning));
    }
    page.extend(texts(line, raw, view).into_iter().map(|line| Paragraph::new(line, text)));
    page
}

/// The record of a line, line by line.
pub(super) fn texts(line: &Line, raw: bool, view: &View<'_>) -> Vec<SafeText> {
    let record = whole(view.logs, line.key, &line.segment, line.index);
    let lines = record.lines.iter().map(|(segment, line)| segment.line(*line));
    lines.map(|line| if raw { raw_view(line) } else { clean_line(line) }).collect()
}

/// The patterns of the records that these lines are of, by which they are known again.
pub(super) fn patterns(lines: &[Line], view: &View<'_>) -> Vec<RawText> {
    let first = |line: &Line| {
        // A record is known by its first line.
        if !line.continues() {
            return Some((Arc::clone(&line.segment), line.index));
        }
        whole(view.logs, line.key, &line.segment, line.index).lines.into_iter().next()
    };
    let records: Vec<_> = lines.iter().take(RECORDS).filter_map(first).collect();
    known::patterns(records.iter().map(|(segment, line)| (&**segment, *line)))
}

/// What a line says, where its format tells that from the rest, in one line that fits a title.
pub(super) fn message(line: &Line) -> RawText {
    let mut said = None;
    let _ = whole::fields(&line.segment, line.index, &mut |name, value| {
        if name != b"message" {
            return ControlFlow::Continue(());
        }
        said = Some(clean_line(value));
        ControlFlow::Break(())
    });
    let said = said.unwrap_or_else(|| clean_line(line.segment.line(line.index)));
    said.truncate_to(TITLE, &"...".into()).as_str().trim().into()
}

/// The fields of a record, which its first line names or its format knows; none where that is only the
/// message.
fn fields(segment: &Segment, line: u32) -> Vec<SafeText> {
    let mut shown = Vec::new();
    let (mut count, mut some) = (0_usize, false);
    let _ = whole::fields(segment, line, &mut |name, value| {
        some |= name != b"message";
        count += 1;
        if count > FIELDS {
            return ControlFlow::Continue(());
        }
        let name = clean(&RawText::from_bytes(name));
        let lines = clean_block(&RawText::from_bytes(value));
        if let [line] = lines.as_slice() {
            shown.push(safe!("{}: {}", name, line));
        } else {
            shown.push(safe!("{}:", name));
            shown.extend(lines.iter().map(|line| safe!("  {}", line)));
        }
        ControlFlow::Continue(())
    });
    if !some {
        return Vec::new();
    }
    if let Some(more @ 1..) = count.checked_sub(FIELDS) {
        shown.push(safe!("and {} more", more));
    }
    shown
}
