//! The page of one line: all that is known of it, its fields, and the line in full.

use serde_json::{Map, Value};

use crate::config::theme::Meaning;
use crate::logs::segment::Odd;
use crate::model::text::{RawText, SafeText, clean, clean_block, clean_line, raw_view};
use crate::pane::logs::line::Line;
use crate::pane::view::View;
use crate::safe;
use crate::ui::pager::Paragraph;
use crate::ui::style::of_level;

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
    page.push(Paragraph::new(safe!("came {}, within a second", came), muted));
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
    let fields = fields(line.bytes());
    if !fields.is_empty() {
        page.push(Paragraph::default());
        page.push(Paragraph::new("Fields", heading));
        page.extend(fields.into_iter().map(|field| Paragraph::new(field, text)));
    }
    page.push(Paragraph::default());
    let title = if raw { "The line, byte by byte" } else { "The line" };
    page.push(Paragraph::new(title, heading));
    let whole = if raw { raw_view(line.bytes()) } else { clean_line(line.bytes()) };
    page.push(Paragraph::new(whole, text));
    page
}

/// The fields of a line that is a JSON object, by name.
fn fields(line: &[u8]) -> Vec<SafeText> {
    let Ok(fields) = serde_json::from_slice::<Map<String, Value>>(line) else { return Vec::new() };
    let mut shown = Vec::new();
    for (name, value) in fields {
        let name = clean(&RawText::from(name));
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let lines = clean_block(&RawText::from(value));
        if let [line] = lines.as_slice() {
            shown.push(safe!("{}: {}", name, line));
        } else {
            shown.push(safe!("{}:", name));
            shown.extend(lines.iter().map(|line| safe!("  {}", line)));
        }
    }
    shown
}
