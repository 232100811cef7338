//! A chart in cells: lines over time as braille dots, or as letters where only ASCII may be drawn.
//!
//! Nothing is told by colour alone: each of several lines carries its letter, and a level, a time or a
//! mark has a glyph of its own. What a letter stands for is the caller's to say beside the chart.

mod dots;
mod scale;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;
use ratatui::style::Style;

use self::dots::Dots;
use self::scale::Scale;
use crate::model::graph::Point;
use crate::model::text::{SafeText, clean};
use crate::ui::canvas::Canvas;
use crate::ui::number::number;
use crate::ui::time::Zone;

/// The smallest area in which a chart says something.
pub const SMALLEST: (u16, u16) = (20, 5);
/// Rows below the lines: the axis, and its times.
const BELOW: u16 = 2;
/// Columns from one letter of a line to its next.
const LETTER_EVERY: usize = 24;
/// The widest label of the upright axis.
const LABEL: usize = 10;

/// One line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its points, oldest first.
    pub points: &'a [Point],
    /// How it is drawn.
    pub style: Style,
}

/// A time that is marked on the axis.
#[derive(Clone, Debug)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Its sign, one column.
    pub sign: SafeText,
    /// Whether a line goes up from it.
    pub upright: bool,
    /// How it is drawn.
    pub style: Style,
}

/// Lines over a time.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// The left edge.
    pub from: Timestamp,
    /// The right edge.
    pub to: Timestamp,
    /// Two points that are further apart are not joined.
    pub step: SignedDuration,
    /// The lines, each with the letter of its place: [`letter`].
    pub lines: Vec<Line<'a>>,
    /// A value that is drawn across, and how.
    pub level: Option<(f64, Style)>,
    /// Times that are marked. Of two in one column the later one stands to the left.
    pub marks: Vec<Mark>,
    /// How axes and their labels are drawn.
    pub axis: Style,
}

/// The letter of the line at this place: a to z, then A to Z.
pub fn letter(index: usize) -> SafeText {
    let letter = ('a'..='z').chain('A'..='Z').nth(index).unwrap_or('?');
    clean(&letter.to_string().into())
}

/// What stands in one cell.
#[derive(Clone, Debug, Default)]
struct Cell {
    glyph: Option<char>,
    style: Style,
}

impl Chart<'_> {
    /// Draws the chart; nothing where there is too little room.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, zone: &Zone) {
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 || self.to <= self.from {
            return;
        }
        let values = self.lines.iter().flat_map(|line| line.points).map(|point| point.value.get());
        let rows = area.height - BELOW;
        let scale = Scale::new(values.chain(self.level.map(|(value, _)| value)), usize::from(rows));
        let mut labels: Vec<(u16, SafeText, Style)> = Vec::new();
        if let Some((value, style)) = self.level {
            labels.push((to_row(&scale, value, rows), number(value, scale.digits().max(3)), style));
        }
        for value in scale.ticks() {
            let row = to_row(&scale, value, rows);
            if labels.iter().all(|(other, ..)| *other != row) {
                labels.push((row, number(value, scale.digits()), self.axis));
            }
        }
        let widest = labels.iter().map(|(_, text, _)| text.width()).max().unwrap_or(0).min(LABEL);
        let left = u16::try_from(widest).unwrap_or(0) + 1;
        let plot = Rect { x: area.x + left, width: area.width - left, height: rows, ..area };
        for (row, text, style) in &labels {
            canvas.text_right(plot.x - 1, area.y + row, left - 1, text, *style);
        }
        let upright = if canvas.is_ascii() { "|" } else { "│" };
        canvas.repeat(Rect { x: plot.x - 1, width: 1, ..plot }, upright, self.axis);
        self.draw_lines(&scale, plot, canvas);
        self.draw_axis(plot, zone, canvas);
    }

    fn draw_lines(&self, scale: &Scale, plot: Rect, canvas: &mut Canvas<'_>) {
        let (width, height) = (usize::from(plot.width), usize::from(plot.height));
        let ascii = canvas.is_ascii();
        let mut cells = vec![vec![Cell::default(); width]; height];
        let mut put = |x: usize, y: usize, glyph: char, style: Style| {
            if let Some(cell) = cells.get_mut(y).and_then(|row| row.get_mut(x)) {
                *cell = Cell { glyph: Some(glyph), style };
            }
        };
        for mark in self.marks.iter().filter(|mark| mark.upright) {
            let Some(x) = self.column(mark.at, width) else { continue };
            (0..height).for_each(|y| put(x, y, if ascii { ':' } else { '┆' }, mark.style));
        }
        if let Some((value, style)) = self.level {
            let y = usize::from(to_row(scale, value, plot.height));
            (0..width).for_each(|x| put(x, y, if ascii { '-' } else { '╌' }, style));
        }
        let alone = self.lines.len() == 1;
        let mut drawn: Vec<Dots> = Vec::new();
        for line in &self.lines {
            let mut dots = Dots::new(width, height, ascii);
            for two in line.points.windows(2) {
                let [one, next] = two else { continue };
                if next.at.duration_since(one.at) <= self.step.saturating_mul(3) / 2 {
                    dots.line(self.place(scale, *one), self.place(scale, *next));
                }
            }
            line.points.iter().for_each(|point| dots.dot(self.place(scale, *point)));
            drawn.push(dots);
        }
        // All dots first: letters stand on them.
        let mut together = Dots::new(width, height, ascii);
        for (index, (line, dots)) in self.lines.iter().zip(&drawn).enumerate() {
            together.add(dots);
            let own = if alone { '*' } else { first(&letter(index)) };
            for (x, y) in dots.cells() {
                put(x, y, if ascii { own } else { together.glyph(x, y) }, line.style);
            }
        }
        if !alone && !ascii {
            let apart = LETTER_EVERY / self.lines.len().clamp(1, LETTER_EVERY);
            for (index, (line, dots)) in self.lines.iter().zip(&drawn).enumerate() {
                let offset = (index * apart.max(1)) % LETTER_EVERY;
                let mut last = None;
                for (x, y) in dots.tops() {
                    if x % LETTER_EVERY == offset {
                        put(x, y, first(&letter(index)), line.style);
                    }
                    last = Some((x, y));
                }
                // At least one, also of a short line.
                if let Some((x, y)) = last {
                    put(x, y, first(&letter(index)), line.style);
                }
            }
        }
        for (y, row) in (plot.y..).zip(&cells) {
            draw_row(row, plot.x, y, canvas);
        }
    }

    fn draw_axis(&self, plot: Rect, zone: &Zone, canvas: &mut Canvas<'_>) {
        let ascii = canvas.is_ascii();
        let (corner, across, tick) = if ascii { ("+", "-", "+") } else { ("└", "─", "┴") };
        let y = plot.bottom();
        canvas.repeat(Rect { x: plot.x - 1, y, width: 1, height: 1 }, corner, self.axis);
        canvas.repeat(Rect { y, height: 1, ..plot }, across, self.axis);
        let width = usize::from(plot.width);
        let mut free = plot.x - 1;
        for (at, label) in scale::times(zone, self.from, self.to, width) {
            let Some(column) = self.column(at, width).and_then(|x| u16::try_from(x).ok()) else { continue };
            let wide = u16::try_from(label.width()).unwrap_or(0);
            let x = plot.x + column;
            let start = x.saturating_sub(wide / 2).min(plot.right().saturating_sub(wide));
            if start >= free {
                canvas.repeat(Rect { x, y, width: 1, height: 1 }, tick, self.axis);
                canvas.text(start, y + 1, wide, &label, self.axis);
                free = start + wide + 1;
            }
        }
        let mut taken = Vec::new();
        for mark in &self.marks {
            let Some(column) = self.column(mark.at, width) else { continue };
            if let Some(column) = (0..=column).rev().find(|column| !taken.contains(column)) {
                taken.push(column);
                let x = plot.x + u16::try_from(column).unwrap_or(0);
                canvas.text(x, y, 1, &mark.sign, mark.style);
            }
        }
    }

    /// The column of a time, if it is in the chart.
    fn column(&self, at: Timestamp, width: usize) -> Option<usize> {
        (self.from..=self.to).contains(&at).then(|| scale::nearest(self.share(at), width))
    }

    /// Where a time stands between the edges, 0 to 1.
    fn share(&self, at: Timestamp) -> f64 {
        at.duration_since(self.from).as_secs_f64() / self.to.duration_since(self.from).as_secs_f64()
    }

    /// Where a point stands: from the left and from the top, 0 to 1.
    fn place(&self, scale: &Scale, point: Point) -> (f64, f64) {
        (self.share(point.at), 1.0 - scale.share(point.value.get()))
    }
}

/// The row of a value, as its dots have it.
fn to_row(scale: &Scale, value: f64, rows: u16) -> u16 {
    let row = scale::nearest(1.0 - scale.share(value), usize::from(rows) * 4) / 4;
    u16::try_from(row).unwrap_or(0)
}

fn first(text: &SafeText) -> char {
    text.as_str().chars().next().unwrap_or('?')
}

/// Draws runs of cells of one style, and leaves what is empty as it is.
fn draw_row(row: &[Cell], left: u16, y: u16, canvas: &mut Canvas<'_>) {
    let mut x = left;
    for run in row.chunk_by(|a, b| a.glyph.is_some() == b.glyph.is_some() && a.style == b.style) {
        let width = u16::try_from(run.len()).unwrap_or(0);
        let text: String = run.iter().filter_map(|cell| cell.glyph).collect();
        if !text.is_empty() {
            let style = run.first().map(|cell| cell.style).unwrap_or_default();
            canvas.text(x, y, width, &clean(&text.into()), style);
        }
        x += width;
    }
}

#[cfg(test)]
mod tests;
