//! `SafeText`: characters that may reach a terminal, and the inks they ask for.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::class::{Class, class};
use super::ink::Ink;

/// Text that may be drawn, exported or printed.
///
/// Holds no control, invisible or reordering character; no run begins with a character that joins
/// the one before, and no grapheme of a run is over 64 bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SafeText {
    text: Cow<'static, str>,
    /// Byte ranges that differ from plain, in order, not overlapping, none empty; neighbours of
    /// one ink are one range.
    inks: Vec<(Range<usize>, Ink)>,
}

impl SafeText {
    /// Text written in this program: without control characters.
    pub fn literal(text: &'static str) -> Self {
        debug_assert!(!text.contains(char::is_control), "control character in a literal");
        Self { text: Cow::Borrowed(text), inks: Vec::new() }
    }

    /// The characters, without their inks.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Columns on the screen: what ratatui's `Buffer::set_stringn` takes for each run.
    pub fn width(&self) -> usize {
        columns(&self.text)
    }

    /// Columns before byte `at` of [`as_str`](Self::as_str); a byte inside a character is at that
    /// character's start.
    pub fn columns_before(&self, at: usize) -> usize {
        let at = (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at));
        columns(self.text.get(..at.unwrap_or(0)).unwrap_or_default())
    }

    /// Appends other safe text with its inks.
    pub fn push(&mut self, other: &Self) {
        if self.text.is_empty() {
            self.clone_from(other);
            return;
        }
        let offset = self.text.len();
        self.append(&other.text);
        for (range, ink) in &other.inks {
            add_ink(&mut self.inks, range.start + offset..range.end + offset, *ink);
        }
    }

    /// The same in this ink where it has none of its own: markers stay what they are.
    #[must_use]
    pub fn inked(&self, ink: Ink) -> Self {
        let (mut inks, mut at) = (Vec::new(), 0);
        for (run, own) in self.runs() {
            let ink = if own == Ink::default() { ink } else { own };
            add_ink(&mut inks, at..at + run.len(), ink);
            at += run.len();
        }
        Self { text: self.text.clone(), inks }
    }

    /// The text in runs of one ink each, in order.
    pub fn runs(&self) -> Vec<(&str, Ink)> {
        let mut runs = Vec::with_capacity(self.inks.len() * 2 + 1);
        let mut done = 0;
        let mut run = |range: Range<usize>, ink| {
            runs.extend(self.text.get(range).filter(|text| !text.is_empty()).map(|text| (text, ink)));
        };
        for (range, ink) in &self.inks {
            run(done..range.start, Ink::default());
            run(range.clone(), *ink);
            done = range.end;
        }
        run(done..self.text.len(), Ink::default());
        runs
    }

    /// The text if it fits into `width` columns; otherwise its beginning with `ellipsis` after it.
    ///
    /// Cuts between graphemes. An ellipsis wider than `width` is left out.
    #[must_use]
    pub fn truncate_to(&self, width: usize, ellipsis: &Self) -> Self {
        if prefix(&self.text, width).0 == self.text.len() {
            return self.clone();
        }
        match width.checked_sub(ellipsis.width()) {
            Some(room) => {
                let mut text = self.slice(0..prefix(&self.text, room).0);
                text.push(ellipsis);
                text
            }
            None => self.slice(0..prefix(&self.text, width).0),
        }
    }

    /// At most `width` columns from column `start` on, for scrolling sideways.
    ///
    /// A wide character cut by the left edge leaves a space, so that rows stay aligned; one cut by
    /// the right edge is left out.
    #[must_use]
    pub fn columns(&self, start: usize, width: usize) -> Self {
        let (mut from, mut skipped) = prefix(&self.text, start);
        let mut text = Self::default();
        if skipped < start
            && let Some(cut) = self.text.get(from..).and_then(|rest| rest.graphemes(true).next())
        {
            from += cut.len();
            skipped += columns(cut);
            text = Self { text: " ".repeat((skipped - start).min(width)).into(), inks: Vec::new() };
        }
        let rest = self.text.get(from..).unwrap_or_default();
        let len = prefix(rest, width.saturating_sub(skipped.saturating_sub(start))).0;
        text.push(&self.slice(from..from + len));
        text
    }

    /// The text in rows of at most `width` columns, broken after a space where there is one.
    ///
    /// Rows joined again are the text. The one space at which a row is broken may hang over its
    /// end; a character wider than `width` has a row of its own. No text is one empty row.
    pub fn wrap(&self, width: usize) -> Vec<Self> {
        let width = width.max(1);
        let mut rows = Vec::new();
        let mut row = 0;
        let mut column = 0;
        // After the last space of this row: byte and column.
        let mut space = None;
        for (at, grapheme) in self.text.grapheme_indices(true) {
            let cells = columns(grapheme);
            if column + cells > width && at > row {
                let (end, end_column) = match space {
                    _ if grapheme == " " => (at + 1, column + cells),
                    Some(space) => space,
                    None => (at, column),
                };
                rows.push(self.slice(row..end));
                row = end;
                column -= end_column.min(column);
                space = None;
                if end > at {
                    continue;
                }
                // What follows the space may itself be too long to take this character.
                if column + cells > width && at > row {
                    rows.push(self.slice(row..at));
                    row = at;
                    column = 0;
                }
            }
            column += cells;
            if grapheme == " " {
                space = Some((at + 1, column));
            }
        }
        if row < self.text.len() || rows.is_empty() {
            rows.push(self.slice(row..self.text.len()));
        }
        rows
    }

    /// The same in printable ASCII, for a terminal that is not UTF-8 and for dialogs in which a
    /// name has to be told from its look-alikes.
    ///
    /// A control picture becomes a caret form (`^[`), any other character above ASCII becomes
    /// `\u{e9}`, both as markers: nothing is lost.
    #[must_use]
    pub fn ascii(&self) -> Self {
        if self.text.is_ascii() {
            return self.clone();
        }
        let mut ascii = String::with_capacity(self.text.len() * 2);
        let mut inks = Vec::new();
        for (run, ink) in self.runs() {
            let marker = Ink { marker: true, escape: ink.escape, ..Ink::default() };
            let mut rest = run;
            while !rest.is_empty() {
                let plain = rest.bytes().take_while(u8::is_ascii).count();
                let Some((plain, after)) = rest.split_at_checked(plain) else { break };
                let start = ascii.len();
                ascii.push_str(plain);
                add_ink(&mut inks, start..ascii.len(), ink);
                let mut chars = after.chars();
                if let Some(c) = chars.next() {
                    let start = ascii.len();
                    match u32::from(c) {
                        n @ 0x2400..=0x2421 if ink.marker => ascii.push_str(caret(n)),
                        _ => ascii.extend(c.escape_unicode()),
                    }
                    add_ink(&mut inks, start..ascii.len(), marker);
                }
                rest = chars.as_str();
            }
        }
        Self::from_parts(ascii, inks)
    }

    pub(super) fn append(&mut self, text: &str) {
        self.text.to_mut().push_str(text);
    }

    /// Text that [`writer`](super::writer) has made safe, with its inks in order.
    pub(super) fn from_parts(text: String, inks: Vec<(Range<usize>, Ink)>) -> Self {
        Self { text: text.into(), inks }
    }

    fn slice(&self, range: Range<usize>) -> Self {
        let text = self.text.get(range.clone()).unwrap_or_default();
        let first = self.inks.partition_point(|(ink, _)| ink.end <= range.start);
        let inks = self.inks.iter().skip(first).take_while(|(ink, _)| ink.start < range.end);
        let within = |at: usize| at.clamp(range.start, range.end) - range.start;
        Self {
            text: text.to_owned().into(),
            inks: inks.map(|(at, ink)| (within(at.start)..within(at.end), *ink)).collect(),
        }
    }
}

impl From<&'static str> for SafeText {
    fn from(text: &'static str) -> Self {
        Self::literal(text)
    }
}

impl FromIterator<SafeText> for SafeText {
    fn from_iter<I: IntoIterator<Item = SafeText>>(parts: I) -> Self {
        let mut text = Self::default();
        for part in parts {
            text.push(&part);
        }
        text
    }
}

/// Gives a range after all others an ink.
pub(super) fn add_ink(inks: &mut Vec<(Range<usize>, Ink)>, range: Range<usize>, ink: Ink) {
    if range.is_empty() || ink == Ink::default() {
        return;
    }
    match inks.last_mut() {
        Some((last, same)) if last.end == range.start && *same == ink => last.end = range.end,
        _ => inks.push((range, ink)),
    }
}

/// The caret form of a control picture.
fn caret(picture: u32) -> &'static str {
    const CARETS: [&str; 0x22] = [
        "^@", "^A", "^B", "^C", "^D", "^E", "^F", "^G", "^H", "^I", "^J", "^K", "^L", "^M", "^N", "^O", "^P",
        "^Q", "^R", "^S", "^T", "^U", "^V", "^W", "^X", "^Y", "^Z", "^[", "^\\", "^]", "^^", "^_", "^`",
        "^?",
    ];
    picture.checked_sub(0x2400).and_then(|n| CARETS.get(n as usize)).copied().unwrap_or("^?")
}

/// Columns that ratatui's buffer gives to a text without control characters.
///
/// The sum over graphemes, not the width of the whole: unicode-width knows ligatures across
/// graphemes that a terminal's cells do not have.
pub(super) fn columns(mut text: &str) -> usize {
    let mut columns = 0;
    loop {
        if text.is_ascii() {
            return columns + text.len();
        }
        // Finding graphemes is slow, and needed only around characters that may join.
        let ascii = text.bytes().take_while(u8::is_ascii).count();
        let alone = ascii.saturating_sub(1);
        let rest = text.get(alone..).unwrap_or_default();
        let next_ascii =
            rest.bytes().skip(1).position(|byte| byte.is_ascii()).map_or(rest.len(), |at| at + 1);
        let (mixed, after) = rest.split_at_checked(next_ascii).unwrap_or((rest, ""));
        columns += alone;
        columns += match mixed.chars().map(lone_columns).sum::<Option<usize>>() {
            Some(sum) => sum,
            None => mixed.graphemes(true).map(grapheme_columns).sum(),
        };
        text = after;
    }
}

/// Columns of a character that no neighbour changes.
fn lone_columns(c: char) -> Option<usize> {
    if c.is_ascii() {
        return Some(1);
    }
    matches!(class(c), Class::Plain | Class::Emoji).then(|| c.width().unwrap_or(0))
}

/// As ratatui counts: a halfwidth sound mark has a cell although Unicode joins it.
fn grapheme_columns(grapheme: &str) -> usize {
    if grapheme.len() == 1 {
        return 1;
    }
    grapheme.width() + grapheme.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count()
}

/// Bytes and columns of the longest beginning that fits into `width` columns.
fn prefix(text: &str, width: usize) -> (usize, usize) {
    let ascii = text.bytes().take(width.saturating_add(1)).take_while(u8::is_ascii).count();
    if ascii > width || ascii == text.len() {
        return (ascii.min(width), ascii.min(width));
    }
    // The last of them may be the base of a mark.
    let alone = ascii.saturating_sub(1);
    let mut used = alone;
    for (at, grapheme) in text.get(alone..).unwrap_or_default().grapheme_indices(true) {
        let cells = grapheme_columns(grapheme);
        if used + cells > width {
            return (alone + at, used);
        }
        used += cells;
    }
    (text.len(), used)
}

/// Bytes of the last grapheme.
pub(super) fn last_grapheme(text: &str) -> usize {
    text.graphemes(true).next_back().map_or(0, str::len)
}
