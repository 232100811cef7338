//! The border of the pane: which streams and how fast; how it goes on, and what is not here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::config::theme::Meaning;
use crate::logs::choice::Choice;
use crate::logs::level::Level;
use crate::logs::rate::Counts;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::pane::coverage;
use crate::pane::logs::row::short_name;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::number::grouped;
use crate::ui::spark::spark;

/// Seconds between two looks at the rates.
const STEP: i64 = 5;
/// Seconds of one column of the picture.
const COLUMN: i64 = 10;
/// Columns of the picture, at most: five minutes.
const MOST: u16 = 30;
/// Names of streams that the title tries to show.
const NAMES: usize = 6;

/// What the border says, taken once per message.
#[derive(Debug, Default)]
pub(super) struct Edge {
    names: Vec<SafeText>,
    streams: usize,
    /// Columns of the longest short name.
    name_width: u16,
    dropped: u64,
    evicted: u64,
    gone: u64,
    cut: u64,
    unsearched: u64,
    late: u64,
    ahead: u64,
    /// Pieces of files that are known, and all.
    pieces: (u64, u64),
    /// The second for which rates were looked at, and the columns.
    looked: Option<(i64, u16)>,
    /// Lines of the last [`STEP`] seconds.
    recent: u64,
    bars: Vec<u32>,
    errors: Vec<u32>,
}

/// What the border says besides.
pub(super) struct Said<'a> {
    pub(super) minimum: Level,
    pub(super) filter: &'a str,
    /// Lines below the window while it stands still; `None`: it follows.
    pub(super) below: Option<u64>,
    /// Which hit of the filter the selected line is while it stands still, and of how many.
    pub(super) rank: Option<(Option<u64>, u64)>,
    /// What is shown of lines.
    pub(super) fields: &'a Choice,
    /// Lines on each side of a hit.
    pub(super) context: usize,
    pub(super) searching: bool,
    /// How much is written of what is being saved, of a hundred.
    pub(super) saving: Option<u8>,
    /// Whether lines of a file have to be read before the window can move.
    pub(super) reading: bool,
    /// Columns scrolled away to the left.
    pub(super) left: u16,
    pub(super) raw: bool,
}

/// A piece of the border, and when it goes: the highest first, 0 never.
pub(super) struct Piece {
    pub(super) text: SafeText,
    pub(super) style: Style,
    pub(super) goes: u8,
}

impl Edge {
    /// Takes what the buffer counts, without the streams that are out of scope.
    pub(super) fn sync(&mut self, view: &View<'_>, hidden: &BTreeSet<RawText>, width: u16) {
        let streams = || view.logs.streams().filter(|stream| !hidden.contains(&stream.name));
        (self.dropped, self.evicted, self.gone) = (0, 0, 0);
        (self.cut, self.unsearched, self.late, self.ahead) = (0, 0, 0, 0);
        self.pieces = view.logs.known_pieces();
        let mut count = 0;
        for stream in streams() {
            self.dropped += stream.dropped;
            self.evicted += stream.evicted;
            self.gone += stream.gone;
            self.cut += stream.cut;
            self.unsearched += stream.unsearched;
            self.late += stream.late;
            self.ahead += stream.ahead;
            count += 1;
        }
        if count != self.streams {
            self.streams = count;
            self.names = streams().take(NAMES).map(|stream| short_name(&stream.name)).collect();
            let widths = streams().map(|stream| short_name(&stream.name).width()).max();
            self.name_width = widths.and_then(|width| u16::try_from(width).ok()).unwrap_or(0);
        }
        // The counters do not tell streams apart: with some out of scope they would say too much.
        if hidden.is_empty() {
            self.look(view, width);
        } else {
            (self.looked, self.recent) = (None, 0);
            self.bars.clear();
        }
    }

    /// Columns for the name of a line's stream: none where there is only one.
    pub(super) fn name_width(&self) -> u16 {
        if self.streams > 1 { self.name_width } else { 0 }
    }

    /// When the picture moves next: never while all of it is empty.
    pub(super) fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        // By the lines' own times, as the picture is: lines of yesterday that arrive now do not move it.
        let newest = view.logs.rates().newest();
        let now = view.now.as_second();
        let moves = self.looked.is_some() && newest >= now - COLUMN * i64::from(MOST + 1);
        let next = (now.div_euclid(STEP) + 1) * STEP;
        moves.then(|| Timestamp::from_second(next).ok()).flatten()
    }

    fn look(&mut self, view: &View<'_>, width: u16) {
        let columns = (width / 5).clamp(1, MOST);
        let second = view.now.as_second().div_euclid(STEP) * STEP;
        let empty = self.recent == 0 && self.bars.iter().all(|bar| *bar == 0);
        if self.looked == Some((second, columns)) && !empty {
            return;
        }
        self.looked = Some((second, columns));
        let from = |level: Level, counts: &Counts| {
            counts.iter().skip(level as usize).fold(0_u32, |sum, count| sum.saturating_add(*count))
        };
        let all = |counts: &Counts| from(Level::Unknown, counts);
        let errors = |counts: &Counts| from(Level::Error, counts);
        let rates = view.logs.rates();
        let bars = |second: i64, width: i64, columns: u16| {
            let at = Timestamp::from_second(second).unwrap_or(view.now);
            rates.bars(at, u32::try_from(width).unwrap_or(1), u32::from(columns))
        };
        self.recent = bars(second, STEP, 1).iter().map(|counts| u64::from(all(counts))).sum();
        let history = bars(second.div_euclid(COLUMN) * COLUMN, COLUMN, columns);
        self.bars = history.iter().map(all).collect();
        self.errors = history.iter().map(errors).collect();
    }

    /// Draws the border.
    pub(super) fn draw(&self, view: &View<'_>, area: Rect, said: &Said<'_>, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        let border = styles.of(if view.focused { Meaning::BorderFocused } else { Meaning::Border });
        let room = usize::from(area.width.saturating_sub(4));
        let mut title = SafeText::default();
        for piece in fitting(self.title(view, said, room), room, 2) {
            if !title.is_empty() {
                title.push(&SafeText::literal("  "));
            }
            title.push(&piece.text);
        }
        let nothing = SafeText::default();
        canvas.border(area, (&title, styles.of(Meaning::Title)), (&nothing, border), border);
        if area.height < 2 || area.width < 7 {
            return;
        }
        let (mut x, y) = (area.x + 2, area.bottom() - 1);
        for piece in fitting(self.foot(view, said, canvas.is_ascii()), room, 3) {
            let left = (area.right() - 2).saturating_sub(x);
            let used = canvas.text(x, y, left, &piece.text, piece.style);
            for beside in [x - 1, x + used] {
                canvas.fill(Rect { x: beside, y, width: 1, height: 1 }, border);
            }
            x += used + 3;
        }
    }

    fn title(&self, view: &View<'_>, said: &Said<'_>, room: usize) -> Vec<Piece> {
        let style = view.styles.of(Meaning::Title);
        let piece = |text, goes| Piece { text, style, goes };
        let mut pieces = vec![piece(SafeText::literal("2 Logs"), 0)];
        let mut names = SafeText::default();
        for name in &self.names {
            if !names.is_empty() {
                names.push(&SafeText::literal(", "));
            }
            names.push(name);
        }
        if self.streams > self.names.len() || names.width() > room / 2 {
            names = safe!("{} streams", self.streams);
        }
        if self.streams > 0 {
            pieces.push(piece(names, 3));
        }
        if said.minimum > Level::Unknown {
            pieces.push(piece(safe!("level>={}", SafeText::literal(said.minimum.name())), 1));
        }
        if !said.filter.is_empty() {
            pieces.push(piece(safe!("/{}", clean(&RawText::from(said.filter))), 0));
        }
        let step = STEP.unsigned_abs();
        match self.recent {
            0 => {}
            recent if recent < step => pieces.push(piece(SafeText::literal("<1/s"), 2)),
            recent => pieces.push(piece(safe!("{}/s", recent / step), 2)),
        }
        pieces
    }

    fn foot(&self, view: &View<'_>, said: &Said<'_>, ascii: bool) -> Vec<Piece> {
        let styles = view.styles;
        let muted = styles.of(Meaning::Muted);
        let mut pieces = Vec::new();
        let mut put = |text, style, goes| pieces.push(Piece { text, style, goes });
        if self.bars.iter().any(|bar| *bar > 0) {
            put(spark(&self.bars, ascii), styles.of(Meaning::Graph), 7);
        }
        if self.errors.iter().any(|bar| *bar > 0) && !self.bars.is_empty() {
            let text = safe!("errors {}", spark(&self.errors, ascii));
            put(text, styles.of(Meaning::LevelError), 6);
        }
        let (word, meaning) = coverage::word(view, Gives::Logs);
        if !word.is_empty() {
            put(word, styles.of(meaning), if meaning == Meaning::Critical { 1 } else { 4 });
        }
        if said.searching {
            put(SafeText::literal("searching"), styles.of(Meaning::Running), 3);
        }
        if let Some(percent) = said.saving {
            put(safe!("{}% saved", percent), styles.of(Meaning::Running), 1);
        }
        match said.rank {
            None => {}
            Some((None, 1)) => put(SafeText::literal("1 hit"), muted, 4),
            Some((None, hits)) => put(safe!("{} hits", grouped(hits)), muted, 4),
            Some((Some(rank), hits)) => {
                put(safe!("hit {} of {}", grouped(rank), grouped(hits)), muted, 2);
            }
        }
        if said.rank.is_some() && said.context > 0 {
            put(safe!("{} around", said.context), muted, 4);
        }
        if !said.fields.is_all() {
            put(safe!("fields {}", clean(&RawText::from(said.fields.text()))), muted, 4);
        }
        let (known, all) = self.pieces;
        if known < all {
            put(safe!("{}% of the file known", known * 100 / all), styles.of(Meaning::Running), 3);
        } else if said.reading {
            put(SafeText::literal("reading"), styles.of(Meaning::Running), 3);
        }
        match said.below {
            None => put(SafeText::literal("follow"), muted, 5),
            Some(0) => put(SafeText::literal("paused"), styles.of(Meaning::Warning), 0),
            Some(new) => {
                put(safe!("paused, {} new below", grouped(new)), styles.of(Meaning::Warning), 0);
            }
        }
        if said.left > 0 {
            put(safe!("from column {}", said.left + 1), muted, 5);
        }
        if said.raw {
            put(SafeText::literal("raw"), muted, 5);
        }
        let warning = styles.of(Meaning::Warning);
        if self.dropped > 0 {
            put(safe!("{} lines dropped", grouped(self.dropped)), warning, 2);
        }
        if self.evicted > 0 {
            put(safe!("{} lines given up", grouped(self.evicted)), muted, 3);
        }
        if self.gone > 0 {
            put(safe!("{} lines gone with a file before", grouped(self.gone)), warning, 3);
        }
        if self.unsearched > 0 && said.rank.is_some() {
            // They may have what is looked for.
            put(safe!("{} bytes cut, not searched", grouped(self.unsearched)), warning, 2);
        } else if self.cut > 0 {
            put(safe!("{} bytes cut", grouped(self.cut)), muted, 4);
        }
        if self.late > 0 {
            put(safe!("{} late", grouped(self.late)), muted, 4);
        }
        if self.ahead > 0 {
            put(safe!("{} by wrong clocks", grouped(self.ahead)), muted, 4);
        }
        pieces
    }
}

/// The pieces that fit into `room` columns with `gap` columns between them.
pub(super) fn fitting(mut pieces: Vec<Piece>, room: usize, gap: usize) -> Vec<Piece> {
    let width = |pieces: &[Piece]| -> usize {
        pieces.iter().map(|piece| piece.text.width() + gap).sum::<usize>().saturating_sub(gap)
    };
    while width(&pieces) > room {
        let last = pieces.iter().enumerate().filter(|(_, piece)| piece.goes > 0);
        let Some((index, _)) = last.max_by_key(|(index, piece)| (piece.goes, *index)) else { break };
        pieces.remove(index);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_least_goes_first() {
        let piece = |text, goes| Piece { text: SafeText::literal(text), style: Style::new(), goes };
        let left = |room| {
            let pieces = vec![piece("aaaa", 0), piece("bb", 2), piece("cc", 1), piece("dd", 2)];
            fitting(pieces, room, 1).iter().map(|p| p.text.as_str().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(left(13), "aaaa bb cc dd");
        assert_eq!(left(12), "aaaa bb cc");
        assert_eq!(left(9), "aaaa cc");
        assert_eq!(left(1), "aaaa");
    }
}
