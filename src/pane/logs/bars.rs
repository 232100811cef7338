//! The histogram as it is drawn: a lane of bars for lines, warnings and errors, their times, and what the
//! bar of the selected line has.

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::config::theme::Meaning;
use crate::logs::histogram::Bar;
use crate::logs::tally::Count;
use crate::model::text::SafeText;
use crate::pane::logs::Logs;
use crate::pane::logs::edge::{Piece, fitting};
use crate::pane::logs::strip::{BELOW, Over, SIDES, Strip, columns};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::number::grouped;
use crate::ui::number::number;

/// Rows in which all bars are told, at most.
const TOLD: usize = 30;

/// Bars of one kind.
struct Lane {
    name: &'static str,
    rows: u16,
    style: Style,
    heights: Vec<u64>,
}

impl Logs {
    /// Draws it into `area`. Where it is read aloud it is named instead, or told bar by bar if somebody has
    /// just asked for it: `true` then, and nothing else is told.
    pub(super) fn draw_strip(
        &self,
        view: &View<'_>,
        (lines, area): (Rect, Rect),
        canvas: &mut Canvas<'_>,
    ) -> bool {
        if self.strip.over.is_none() || area.height == 0 {
            return false;
        }
        if canvas.is_aloud() {
            return self.tell_bars(view, lines.union(area), canvas);
        }
        let muted = view.styles.of(Meaning::Muted);
        if !Strip::has_room(area) {
            let text = SafeText::literal("No room for the histogram: f shows this pane alone.");
            canvas.text(area.x, area.y, area.width, &text, view.styles.of(Meaning::Warning));
            return false;
        }
        let bars = self.strip.histogram.bars();
        if bars.is_empty() {
            canvas.text(area.x, area.y, area.width, &SafeText::literal("No line to count."), muted);
            return false;
        }
        let (left, width) = columns(area.width);
        let plot = Rect { x: area.x + left, width, ..area };
        // Few bars are so many columns wide.
        let each = (usize::from(width) / bars.len()).max(1);
        let at = |bar: usize| u16::try_from(bar * each).map_or(plot.right(), |x| plot.x.saturating_add(x));
        let mut y = area.y;
        for lane in self.lanes(view, area.height - BELOW) {
            let highest = lane.heights.iter().copied().max().unwrap_or(0);
            canvas.text(area.x, y + lane.rows - 1, left - 1, &SafeText::literal(lane.name), muted);
            if plot.right() < area.right() {
                let text = safe!(" max {}", number(f64::from(u32::try_from(highest).unwrap_or(u32::MAX)), 2));
                canvas.text(plot.right(), y + lane.rows - 1, SIDES, &text, muted);
            }
            for (bar, height) in lane.heights.iter().enumerate() {
                for row in 0..lane.rows {
                    let glyph = glyph(*height, highest, lane.rows, lane.rows - 1 - row, canvas.is_ascii());
                    let cells = Rect { x: at(bar), y: y + row, width: each_width(each), height: 1 };
                    canvas.repeat(cells.intersection(plot), glyph, lane.style);
                }
            }
            y += lane.rows;
        }
        let marked = self.marked_bar().filter(|_| !self.is_astray());
        if let Some(bar) = marked {
            let cells = Rect { x: at(bar), y: area.y, width: each_width(each), height: y - area.y };
            // Never reversed: a full bar would look empty, and an empty one full.
            canvas.restyle(cells.intersection(plot), view.styles.of(Meaning::Title));
        }
        let mark = marked.map(|bar| (at(bar) + each_width(each - 1) / 2).min(plot.right() - 1));
        let end = at(bars.len()).min(plot.right());
        self.draw_axis(view, Rect { y, height: 1, ..area }, (plot.x, end), mark, canvas);
        let mut x = area.x;
        for piece in fitting(self.words(view), usize::from(area.width), 2) {
            let rest = area.right().saturating_sub(x);
            x += canvas.text(x, y + 1, rest, &piece.text, piece.style) + 2;
        }
        false
    }

    /// The lanes that have room in so many rows, from the top.
    fn lanes(&self, view: &View<'_>, rows: u16) -> Vec<Lane> {
        let styles = view.styles;
        let lane = |name, rows, meaning, of: &dyn Fn(&Bar) -> u64| Lane {
            name,
            rows,
            style: styles.of(meaning),
            heights: self.strip.histogram.bars().iter().map(of).collect(),
        };
        let filtered = self.is_filtered();
        let mut lanes = Vec::new();
        if filtered && rows > 2 {
            lanes.push(lane("all", 1, Meaning::Muted, &|bar| bar.all.lines()));
        }
        let name = if filtered { "shown" } else { "lines" };
        let high = if rows > 3 && !filtered { 2 } else { 1 };
        lanes.push(lane(name, high, Meaning::Graph, &|bar| self.in_force(bar).lines()));
        let warnings = |bar: &Bar| u64::from(self.in_force(bar).warnings);
        if rows > if filtered { 3 } else { 2 } {
            lanes.push(lane("warnings", 1, Meaning::LevelWarning, &warnings));
        }
        lanes.push(lane("errors", 1, Meaning::LevelError, &|bar| u64::from(self.in_force(bar).errors)));
        lanes
    }

    /// The first and the last time, and where between them the selected line is.
    fn draw_axis(
        &self,
        view: &View<'_>,
        area: Rect,
        plot: (u16, u16),
        mark: Option<u16>,
        canvas: &mut Canvas<'_>,
    ) {
        let style = view.styles.of(Meaning::Muted);
        let glyphs = if canvas.is_ascii() { ["-", "^"] } else { ["─", "▲"] };
        let line = Rect { x: plot.0, width: plot.1.saturating_sub(plot.0), ..area };
        canvas.repeat(line, glyphs[0], style);
        let (first, last) = self.strip.ends;
        let step = self.strip.histogram.grid().step.millis();
        let label = |at: i64, near: i64| {
            let [at, near] = [at, near].map(|time| Timestamp::from_millisecond(time).unwrap_or_default());
            let text = view.zone.stepped(at, step, near, view.now);
            (u16::try_from(text.width()).unwrap_or(u16::MAX), text)
        };
        let (width, text) = label(first, last);
        if mark.is_none_or(|mark| mark > area.x + width) {
            canvas.text(area.x, area.y, area.width, &safe!("{} ", text), style);
        }
        let (width, text) = label(last, first);
        // Where nothing stands to the right of the bars it stands on the end of the line.
        let x = (plot.1 + 1).min(area.right().saturating_sub(width));
        if mark.is_none_or(|mark| mark + 1 < x) && x > area.x + width {
            canvas.text(x - 1, area.y, width + 1, &safe!(" {}", text), style);
        }
        if let Some(mark) = mark {
            canvas.text(mark, area.y, 1, &SafeText::literal(glyphs[1]), view.styles.of(Meaning::Mark));
        }
    }

    /// What the marked bar has, and what a bar is.
    fn words(&self, view: &View<'_>) -> Vec<Piece> {
        let styles = view.styles;
        let piece = |text, meaning, goes| Piece { text, style: styles.of(meaning), goes };
        let mut pieces = Vec::new();
        if self.is_astray() {
            pieces.push(piece("the selected line is far from these".into(), Meaning::Warning, 0));
        } else if let Some(bar) = self.marked_bar() {
            pieces.push(piece(self.told_bar(bar, view), Meaning::Text, 0));
            if let Some(warnings) = self.warnings_of(&self.bar(bar)) {
                pieces.push(piece(warnings, Meaning::Text, 2));
            }
        }
        pieces.push(piece(safe!("1 bar = {}", self.bar_length()), Meaning::Muted, 1));
        let over = if self.strip.over == Some(Over::Near) { "around these lines" } else { "all lines" };
        let outside = self.strip.histogram.outside();
        if self.strip.over == Some(Over::All) && outside > 0 {
            pieces.push(piece(safe!("{} far away", many(outside, "line", "lines")), Meaning::Warning, 2));
        }
        pieces.push(piece(SafeText::literal(over), Meaning::Muted, 4));
        if self.strip.histogram.bars().iter().any(|bar| bar.is_estimate) {
            pieces.push(piece(SafeText::literal("partly estimated: not all is read"), Meaning::Stale, 3));
        }
        pieces
    }

    /// `03:12:30: 31 of about 1,204 lines, 2 errors`
    fn told_bar(&self, bar: usize, view: &View<'_>) -> SafeText {
        self.told(bar, &self.bar(bar), view)
    }

    fn bar(&self, bar: usize) -> Bar {
        self.strip.histogram.bars().get(bar).copied().unwrap_or_default()
    }

    /// The same of what several bars have together, from this one on.
    fn told(&self, first: usize, bar: &Bar, view: &View<'_>) -> SafeText {
        let grid = self.strip.histogram.grid();
        let start = Timestamp::from_millisecond(grid.start(first)).unwrap_or_default();
        let mut text = safe!("{}: ", view.zone.stepped(start, grid.step.millis(), view.now, view.now));
        let Count { errors, .. } = self.in_force(bar);
        if bar.is_estimate {
            text.push(&SafeText::literal("about "));
        }
        if self.is_filtered() {
            text.push(&safe!("{} of ", grouped(bar.found.lines())));
        }
        text.push(&many(bar.all.lines(), "line", "lines"));
        text.push(&safe!(", {}", many(u64::from(errors), "error", "errors")));
        if self.is_filtered() && self.is_searching(view) {
            text.push(&SafeText::literal(" so far"));
        }
        text
    }

    /// `12 warnings`, if it has any.
    fn warnings_of(&self, bar: &Bar) -> Option<SafeText> {
        let warnings = self.in_force(bar).warnings;
        (warnings > 0).then(|| many(u64::from(warnings), "warning", "warnings"))
    }

    /// `30 s`
    fn bar_length(&self) -> SafeText {
        let millis = self.strip.histogram.grid().step.millis();
        match millis {
            _ if millis < 1000 => safe!("{} ms", millis),
            _ if millis < 60_000 => safe!("{} s", millis / 1000),
            _ if millis < 3_600_000 => safe!("{} min", millis / 60_000),
            _ if millis < 86_400_000 => safe!("{} h", millis / 3_600_000),
            _ => safe!("{} d", millis / 86_400_000),
        }
    }

    /// Names the marked bar, or tells all that have lines, several at a time where there are many.
    fn tell_bars(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) -> bool {
        let near = self.strip.over == Some(Over::Near);
        let over = if near { "the time around these lines" } else { "all lines" };
        let over = safe!("histogram of {}, 1 bar = {}", SafeText::literal(over), self.bar_length());
        let marked = self.marked_bar();
        if !self.strip.fresh {
            if let Some(bar) = marked.filter(|_| !self.is_astray()) {
                canvas.head(&safe!("2 Logs, {}; bar {}", over, self.told_bar(bar, view)));
            }
            return false;
        }
        let bars = self.strip.histogram.bars();
        let each = bars.len().div_ceil(TOLD).max(1);
        let mut heading = safe!("2 Logs, {}", over);
        if each > 1 {
            heading.push(&safe!(", told {} bars at a time", each));
        }
        canvas.head(&heading);
        let style = view.styles.of(Meaning::Text);
        let mut y = area.y;
        for (index, bars) in bars.chunks(each).enumerate() {
            let mut all = Bar::default();
            for bar in bars {
                all.add(bar);
            }
            if all.all.lines() == 0 || y >= area.bottom() {
                continue;
            }
            let mut text = self.told(index * each, &all, view);
            if let Some(warnings) = self.warnings_of(&all) {
                text.push(&safe!(", {}", warnings));
            }
            if marked.is_some_and(|marked| marked / each == index) {
                text.push(&SafeText::literal(" (the selected line)"));
            }
            canvas.text(area.x, y, area.width, &text, style);
            y += 1;
        }
        canvas.stand_on(Rect { height: y - area.y, ..area });
        true
    }
}

/// `1,204 lines`
fn many(count: u64, one: &'static str, many: &'static str) -> SafeText {
    safe!("{} {}", grouped(count), SafeText::literal(if count == 1 { one } else { many }))
}

fn each_width(each: usize) -> u16 {
    u16::try_from(each).unwrap_or(u16::MAX)
}

/// What stands in one row of a bar; `row` counts from its foot.
fn glyph(height: u64, highest: u64, rows: u16, row: u16, ascii: bool) -> &'static str {
    let glyphs: &[&'static str] = if ascii {
        &[" ", ".", ":", "|", "I"]
    } else {
        &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    };
    let steps = glyphs.len() as u64 - 1;
    let filled = height.saturating_mul(steps * u64::from(rows)).div_ceil(highest.max(1));
    let here = filled.saturating_sub(steps * u64::from(row)).min(steps);
    usize::try_from(here).ok().and_then(|here| glyphs.get(here)).copied().unwrap_or(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_that_is_not_empty_shows_and_the_highest_is_full() {
        let bar = |height, rows| {
            let glyphs = (0..rows).map(|row| glyph(height, 1000, rows, row, true));
            glyphs.collect::<String>()
        };
        assert_eq!([bar(0, 1), bar(1, 1), bar(500, 1), bar(1000, 1)], [" ", ".", ":", "I"]);
        assert_eq!([bar(1, 2), bar(500, 2), bar(501, 2), bar(1000, 2)], [". ", "I ", "I.", "II"]);
        assert_eq!(glyph(0, 0, 1, 0, false), " ");
    }
}
