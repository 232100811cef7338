//! A line as it is drawn: made safe once, cut or wrapped to the width, the filter's hits found.

use std::ops::Range;

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::config::theme::Meaning;
use crate::logs::choice::Choice;
use crate::logs::level::Level;
use crate::logs::query::Query;
use crate::model::text::{RawText, SafeText, clean, clean_line, raw_view};
use crate::pane::logs::line::Line;
use crate::pane::view::View;
use crate::ui::canvas::Canvas;
use crate::ui::style::{of_level, sign_of_level};
use crate::ui::time::Zone;

/// Bytes of a line that are looked at for each column in sight: colours and marks take more than
/// one. What is left of an even longer line is seen when it is opened.
const BYTES: usize = 4;
/// And so many more.
const SPARE: usize = 4096;
/// Columns that the text keeps before time, sign and stream get theirs.
const LEAST: u16 = 24;
/// Columns of a stream's name, at most.
const NAME: u16 = 14;

/// What decides how rows look, beside the filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Shape {
    /// Columns of the text.
    pub(super) width: u16,
    /// Rows of the pane.
    pub(super) height: u16,
    /// Columns scrolled away to the left.
    pub(super) left: u16,
    /// Whether long lines are wrapped.
    pub(super) wrap: bool,
    /// Whether escape sequences are shown as text.
    pub(super) raw: bool,
    /// Whether only ASCII may be drawn: it spells some characters with several.
    pub(super) ascii: bool,
}

/// What stands before the text of each line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Front {
    time: u16,
    sign: u16,
    stream: u16,
    /// The column that tells hits from what stands around them, if there is any.
    hit: u16,
}

impl Front {
    /// What fits before the text in `width` columns; `stream` is the width of the longest name.
    /// The stream goes first, then the time, then the sign; never what tells hits from what is around.
    pub(super) fn new(width: u16, zone: &Zone, stream: u16, is_around: bool) -> Self {
        let time = if matches!(zone, Zone::Relative) { 4 } else { 12 };
        let all = Self { time, sign: 3, stream: stream.min(NAME), hit: u16::from(is_around) };
        let fits = |front: &Self| front.width() + LEAST <= width;
        let choices = [all, Self { stream: 0, ..all }, Self { stream: 0, time: 0, ..all }];
        choices.into_iter().find(fits).unwrap_or(Self { hit: all.hit, ..Self::default() })
    }

    /// Columns before the text, the one for marks included.
    pub(super) fn width(self) -> u16 {
        let parts = [self.time, self.sign, self.stream, self.hit];
        1 + parts.iter().filter(|part| **part > 0).map(|part| part + 1).sum::<u16>()
    }
}

/// The last part of a stream's name: `app.log` of `/var/log/app.log`.
pub(super) fn short_name(stream: &RawText) -> SafeText {
    let last = stream.as_bytes().rsplit(|byte| *byte == b'/').find(|part| !part.is_empty());
    clean(&RawText::from_bytes(last.unwrap_or_default()))
}

/// One row of the screen.
#[derive(Debug)]
struct Part {
    /// One column more than there is where the text goes on: then it ends in an ellipsis.
    text: SafeText,
    /// Columns of the filter's hits.
    hits: Vec<Range<usize>>,
}

/// One line of the stream, one row of the screen or several.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: Line,
    stream: SafeText,
    parts: Vec<Part>,
}

impl Row {
    pub(super) fn new(line: Line, shape: Shape, fields: &Choice, filter: Option<&Query>) -> Self {
        let text = text(&fields.of(&line.segment, line.index), shape);
        let hits = filter.map(|filter| filter.hits(text.as_str().as_bytes())).unwrap_or_default();
        let (width, left) = (usize::from(shape.width.max(1)), usize::from(shape.left));
        let parts = if shape.wrap {
            wrapped(&text, &hits, width, usize::from(shape.height.max(1)))
        } else {
            let within = |at: usize| text.columns_before(at).clamp(left, left + width) - left;
            let hits = hits.iter().map(|hit| within(hit.start)..within(hit.end));
            vec![Part { text: text.columns(left, width + 1), hits: hits.collect() }]
        };
        Self { stream: short_name(line.stream()), line, parts }
    }

    /// Rows of the screen that it takes.
    pub(super) fn height(&self) -> usize {
        self.parts.len()
    }

    /// Draws its rows from `skip` on into `area`; returns how many were drawn.
    pub(super) fn draw(
        &self,
        view: &View<'_>,
        front: Front,
        (area, skip): (Rect, usize),
        look: Look,
        canvas: &mut Canvas<'_>,
    ) -> u16 {
        let styles = view.styles;
        let muted = styles.of(Meaning::Muted);
        let level = self.line.level();
        let style = match level {
            _ if self.line.is_note() => styles.of(Meaning::Stale),
            _ if !self.line.is_hit => muted,
            Level::Warn | Level::Error | Level::Fatal => styles.of(of_level(level)),
            _ => styles.of(Meaning::Text),
        };
        let text_x = area.x + front.width();
        let mut drawn = 0;
        for (y, (index, part)) in (area.top()..area.bottom()).zip(self.parts.iter().enumerate().skip(skip)) {
            let row = Rect { y, height: 1, ..area };
            let mut x = area.x + 1;
            // A line that goes on with a record has that one's time and level.
            if index == 0 && !self.line.continues() {
                let mut put = |width: u16, text: &SafeText, style: Style| {
                    if width > 0 {
                        canvas.text(x, y, width, text, style);
                        x += width + 1;
                    }
                };
                put(front.time, &view.zone.precise(self.line.time(), view.now), muted);
                put(front.sign, &SafeText::literal(sign_of_level(level)), styles.of(of_level(level)));
                put(front.stream, &self.stream, muted);
            }
            if front.hit > 0 && self.line.is_hit {
                canvas.text(text_x - 2, y, 1, &SafeText::literal("|"), styles.of(Meaning::Match));
            }
            let width = area.right().saturating_sub(text_x);
            canvas.text(text_x, y, width, &part.text, style);
            if look.selected {
                canvas.restyle(row, styles.of(Meaning::Selection));
            }
            for hit in &part.hits {
                let [start, end] = [hit.start, hit.end].map(|at| u16::try_from(at).unwrap_or(u16::MAX));
                let within =
                    Rect { x: text_x.saturating_add(start), width: end.saturating_sub(start), ..row };
                canvas.restyle(within.intersection(row), styles.of(Meaning::Match));
            }
            let (sign, meaning) = match look {
                Look { marked: true, .. } => ("*", Meaning::Mark),
                Look { selected: true, .. } => (">", Meaning::Mark),
                // Its time is not to be trusted, or others were read before it; its page says which.
                _ if self.line.odd().is_some() => ("!", Meaning::Warning),
                // It says none: it has that of the line before it, or of its file.
                _ if front.time > 0 && self.line.lacks_time() => ("~", Meaning::Muted),
                _ => ("", Meaning::Muted),
            };
            if index == 0 {
                canvas.text(area.x, y, 1, &SafeText::literal(sign), styles.of(meaning));
            }
            drawn += 1;
        }
        drawn
    }
}

/// How a row stands out.
#[derive(Clone, Copy, Default)]
pub(super) struct Look {
    pub(super) marked: bool,
    /// The selected row of the focused pane.
    pub(super) selected: bool,
}

fn wrapped(text: &SafeText, hits: &[Range<usize>], width: usize, most: usize) -> Vec<Part> {
    let mut start = 0;
    let part = |text: SafeText| {
        let range = start..start + text.as_str().len();
        start = range.end;
        let within = |at: usize| text.columns_before(at.clamp(range.start, range.end) - range.start);
        let hits = hits.iter().filter(|hit| hit.start < range.end && hit.end > range.start);
        Part { hits: hits.map(|hit| within(hit.start)..within(hit.end)).collect(), text }
    };
    text.wrap(width).into_iter().take(most).map(part).collect()
}

/// The text of a line, as much of it as can be in sight.
fn text(bytes: &[u8], shape: Shape) -> SafeText {
    let rows = if shape.wrap { usize::from(shape.height.max(1)) } else { 1 };
    let most = SPARE + BYTES * (usize::from(shape.width) * rows + usize::from(shape.left));
    let whole = bytes.len() <= most;
    let bytes = if whole { bytes } else { cut(bytes, most) };
    let mut text = if shape.raw { raw_view(bytes) } else { clean_line(bytes) };
    if !whole {
        text.push(&SafeText::literal("..."));
    }
    if shape.ascii { text.ascii() } else { text }
}

/// At most `most` bytes, cut neither in a character nor in an escape sequence.
fn cut(bytes: &[u8], most: usize) -> &[u8] {
    /// Sequences longer than this are no colours.
    const SEQUENCE: usize = 32;
    let mut end = most.min(bytes.len());
    while end > most.saturating_sub(4) && bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    let near = bytes.get(end.saturating_sub(SEQUENCE)..end).unwrap_or_default();
    if let Some(back) = near.iter().rev().position(|byte| *byte == 0x1b) {
        end -= back + 1;
    }
    bytes.get(..end).unwrap_or_default()
}
