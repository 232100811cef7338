//! The page of one line: all that is known of it, and its record with the fields, in full.

use std::ops::ControlFlow;
use std::sync::Arc;

use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::logs::level::Level;
use crate::logs::pattern::known;
use crate::logs::segment::{Odd, Segment};
use crate::logs::whole::{self, whole};
use crate::model::text::{RawText, SafeText, clean, clean_block, clean_line, raw_view};
use crate::pane::effect::Outcome;
use crate::pane::logs::Logs;
use crate::pane::logs::line::Line;
use crate::pane::past::{About, Past};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::pager::{Pager, Paragraph};
use crate::ui::style::of_level;
use crate::ui::time::Zone;

/// Fields that are shown of a record.
const FIELDS: usize = 256;
/// Columns of a line that is made a title.
const TITLE: usize = 80;
/// Lines whose patterns are looked for: of more, those of the first.
const RECORDS: usize = 200;

/// A line whose page is shown.
pub(super) struct Open {
    pub(super) line: Line,
    /// How far the page is scrolled.
    pager: Pager,
    past: Past,
}

impl Open {
    fn new(line: Line, view: &View<'_>) -> Self {
        let past = Past::new(about(&line, view), view);
        Self { line, pager: Pager::default(), past }
    }

    /// Takes what is known of incidents now.
    pub(super) fn sync(&mut self, view: &View<'_>) {
        // What the line is about stays, once it is known: until then its record may begin in a piece of a file
        // that is not here yet.
        let known = self.past.about();
        let about = if known.patterns.is_empty() { about(&self.line, view) } else { known.clone() };
        self.past.sync(about, view);
    }

    pub(super) fn draw(&self, raw: bool, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        self.pager.draw(canvas, area, &self.paragraphs(raw, view), view.focused);
    }

    fn paragraphs(&self, raw: bool, view: &View<'_>) -> Vec<Paragraph> {
        paragraphs(&self.line, &self.past, raw, view)
    }
}

impl Logs {
    /// Shows the page of the selected line.
    pub(super) fn open_selected(&mut self, view: &View<'_>) {
        self.open = self.selected().map(|row| Open::new(row.line.clone(), view));
    }

    /// Does what a command says on the page of a line; `None` if it is for the lines behind it.
    pub(super) fn run_in_page(&mut self, id: Id, view: &View<'_>, body: Rect) -> Option<Outcome> {
        let open = self.open.as_mut()?;
        let mut outcome = Outcome::default();
        match id {
            Id::Open | Id::Mark | Id::Range | Id::Left | Id::Right | Id::Wrap => {}
            Id::CopyRow => {
                let lines = texts(&open.line, self.asked.raw, view);
                let what = if lines.len() == 1 { safe!("1 line") } else { safe!("{} lines", lines.len()) };
                outcome = Outcome::copy(what, lines);
            }
            Id::NextError | Id::PreviousError | Id::NextMatch | Id::PreviousMatch => {
                outcome = match id {
                    Id::NextError | Id::PreviousError => self.error(id == Id::NextError, view),
                    _ => self.hit(id == Id::NextMatch, view),
                };
                if outcome.notice.is_none() {
                    self.open_selected(view);
                }
            }
            _ if open.pager.run(id, &open.paragraphs(self.asked.raw, view), body, view.ascii) => {}
            _ => return None,
        }
        Some(outcome)
    }
}

/// What incidents have to have in common with a line to be told on its page: only what the logs say. Those of its
/// service are on the pages of alerts.
fn about(line: &Line, view: &View<'_>) -> About {
    // A line that says no level may be anything.
    let is_routine = (Level::Trace..Level::Warn).contains(&line.level());
    About { patterns: patterns(std::slice::from_ref(line), view), is_routine, ..About::default() }
}

/// The page, paragraph by paragraph; `raw` shows escape sequences as text.
fn paragraphs(line: &Line, past: &Past, raw: bool, view: &View<'_>) -> Vec<Paragraph> {
    let (text, muted) = (view.styles.of(Meaning::Text), view.styles.of(Meaning::Muted));
    let heading = view.styles.of(Meaning::Title);
    let segment = &line.segment;
    let mut page = vec![Paragraph::new(safe!("stream {}", clean(line.stream())), heading)];
    let came = segment.arrival(line.index);
    if let Some(time) = segment.time(line.index) {
        let clock = view.zone.precise(time, view.now);
        let clock = match view.zone {
            Zone::Relative => safe!("{} ago", clock),
            zone => safe!("{} {}", clock, zone.name(time)),
        };
        page.push(Paragraph::new(safe!("written {} ({})", time, clock), text));
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
    let before = past.paragraphs(view);
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
    // Formats of named fields have names of their own for it.
    let said = said.unwrap_or_else(|| {
        let bytes = line.bytes();
        clean_line(line.segment.formats().said(bytes).of(bytes))
    });
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
