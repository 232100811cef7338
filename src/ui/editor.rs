//! Text of many lines that a person edits: the widget keeps the text, we clean it and draw it.

mod rows;

use ratatui::layout::Rect;
use ratatui::style::Style;
use tui_textarea::{CursorMove, Input, Key as Named, TextArea};
use unicode_segmentation::UnicodeSegmentation;

use crate::config::key::{Code, Key};
use crate::model::text::{RawText, clean_block};
use crate::ui::canvas::Canvas;
use crate::ui::editor::rows::{Place, Rows};

/// Single edits that can be taken back.
const MOST_UNDO: usize = 10_000;
/// Bytes of pasted and deleted text kept for undo; beyond that undo starts afresh.
const MOST_KEPT: usize = 4 * 1024 * 1024;

/// What a key did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Did {
    /// The text is another one.
    Changed,
    /// The cursor may have moved; the text is the same.
    Nothing,
    /// The text is as long as it may be.
    Full,
    /// The key means nothing in a text.
    Unknown,
}

/// Where one looks for something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// From the cursor on.
    Here,
    /// Behind the cursor.
    Next,
    /// Before the cursor.
    Previous,
}

/// The characters of a line at which this begins.
fn places<'a>(line: &'a str, wanted: &'a str) -> impl Iterator<Item = usize> + 'a {
    let exact = wanted.chars().any(char::is_uppercase);
    let same =
        move |one: char, other: char| one == other || !exact && one.to_lowercase().eq(other.to_lowercase());
    let begins = move |rest: &str| {
        let mut rest = rest.chars();
        wanted.chars().all(|wanted| rest.next().is_some_and(|found| same(found, wanted)))
    };
    let tails = line.char_indices().enumerate().filter_map(|(place, (at, _))| Some((place, line.get(at..)?)));
    tails.filter(move |(_, rest)| !wanted.is_empty() && begins(rest)).map(|(place, _)| place)
}

/// What the last edit was: letters of one word are taken back together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Last {
    Word,
    Space,
    Other,
}

/// A text of many lines, wrapped softly, with undo.
///
/// In a line of over 65,535 characters, and below the 65,535th line, the cursor moves less exactly;
/// no text is lost by that.
#[derive(Debug)]
pub struct Editor {
    text: TextArea<'static>,
    /// The longest text, in bytes.
    most: usize,
    bytes: usize,
    /// The first row in sight.
    top: Place,
    /// The column that moves up and down aim at.
    aim: Option<usize>,
    /// How many edits of the widget make one step back, and one step forward again.
    undo: Vec<usize>,
    redo: Vec<usize>,
    kept: usize,
    last: Last,
}

impl Editor {
    /// An empty text that may become so many bytes long.
    pub fn new(most: usize) -> Self {
        Self {
            text: area_of(""),
            most,
            bytes: 0,
            top: Place::default(),
            aim: None,
            undo: Vec::new(),
            redo: Vec::new(),
            kept: 0,
            last: Last::Other,
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        self.text.lines().join("\n")
    }

    /// Its lines.
    pub fn lines(&self) -> &[String] {
        self.text.lines()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Starts with another text; nothing can be taken back. The cursor stays where it was as far as there is text.
    pub fn load(&mut self, text: &str) {
        let (line, column) = self.cursor();
        *self = Self { text: area_of(text), bytes: text.len(), ..Self::new(self.most) };
        self.go(line, column);
    }

    /// Puts another text in the place of this one; it can be taken back. The cursor stays where it
    /// was as far as there is text.
    pub fn replace(&mut self, text: &str) {
        let (line, column) = self.cursor();
        self.step(text.len() + self.bytes, |area| {
            let cleared = usize::from(area.clear());
            cleared + usize::from(area.insert_str(text))
        });
        self.go(line, column);
    }

    /// Inserts pasted text, cleaned: what a terminal would obey becomes a visible marker. One that
    /// does not fit is not inserted at all.
    pub fn paste(&mut self, text: &RawText) -> Did {
        let cleaned = cleaned(text);
        if cleaned.is_empty() {
            return Did::Nothing;
        }
        if self.bytes + cleaned.len() > self.most {
            return Did::Full;
        }
        self.step(cleaned.len(), |area| usize::from(area.insert_str(&cleaned)));
        Did::Changed
    }

    /// Takes a key. `area` is where the text stands.
    pub fn key(&mut self, key: Key, area: Rect) -> Did {
        let aim = self.aim.take();
        let did = match (key.code, key.ctrl) {
            _ if key.alt => Did::Unknown,
            (Code::Up, false) => self.moved(-1, aim, area),
            (Code::Down, false) => self.moved(1, aim, area),
            (Code::PageUp, _) => self.moved(-page(area), aim, area),
            (Code::PageDown, _) => self.moved(page(area), aim, area),
            (Code::Home, true) => self.moves(CursorMove::Jump(0, 0)),
            (Code::End, true) => {
                self.moves(CursorMove::Bottom);
                self.moves(CursorMove::End)
            }
            (Code::Home, false) | (Code::Char('a'), true) => self.moves(CursorMove::Head),
            (Code::End, false) | (Code::Char('e'), true) => self.moves(CursorMove::End),
            (Code::Left, true) => self.moves(CursorMove::WordBack),
            (Code::Right, true) => self.moves(CursorMove::WordForward),
            (Code::Left, false) => self.left(),
            (Code::Right, false) => self.right(),
            (Code::Char('_'), true) => return self.take_back(area),
            (Code::Char('r'), true) => return self.do_again(area),
            (Code::Char('u'), true) => self.delete_to_head(),
            (Code::Char('k'), true) => self.delete_to_end(),
            (Code::Char('w'), true) => self.delete_word(),
            (Code::Backspace, _) | (Code::Char('h'), true) => self.delete_before(),
            (Code::Delete, _) => self.delete_after(),
            (Code::Enter, _) | (Code::Char('j'), true) => self.insert(Named::Enter, 1, Last::Other),
            (Code::Tab, false) => self.insert(Named::Tab, 4, Last::Space),
            _ => match key.typed() {
                Some(c) if c.is_control() => Did::Unknown,
                Some(c) => {
                    let kind = if c.is_whitespace() { Last::Space } else { Last::Word };
                    self.insert(Named::Char(c), c.len_utf8(), kind)
                }
                None => Did::Unknown,
            },
        };
        if did == Did::Nothing {
            // After a move the next letter begins a new step.
            self.last = Last::Other;
        }
        self.scroll(area);
        did
    }

    /// Moves the cursor by rows, for a reader.
    pub fn walk(&mut self, rows: isize, area: Rect) {
        self.last = Last::Other;
        let aim = self.aim.take();
        self.moved(rows, aim, area);
        self.scroll(area);
    }

    /// Moves the cursor to the first or the last line.
    pub fn go_to_end(&mut self, last: bool, area: Rect) {
        self.last = Last::Other;
        self.moves(if last { CursorMove::Bottom } else { CursorMove::Top });
        self.scroll(area);
    }

    /// Moves the cursor to where this stands next, from the cursor on or (`back`) before it, and around the end;
    /// false if it stands nowhere. Without a capital letter the case does not matter.
    pub fn find(&mut self, wanted: &str, step: Step) -> bool {
        let lines = self.lines();
        let (line, column) = self.cursor();
        let count = lines.len();
        let found = match step {
            Step::Here | Step::Next => (0..=count).find_map(|far| {
                let at = (line + far) % count.max(1);
                let from = match (far, step) {
                    (0, Step::Here) => column,
                    (0, _) => column + 1,
                    _ => 0,
                };
                places(lines.get(at)?, wanted).find(|place| *place >= from).map(|place| (at, place))
            }),
            Step::Previous => (0..=count).find_map(|far| {
                let at = (line + count - far) % count.max(1);
                let until = if far == 0 { column } else { usize::MAX };
                places(lines.get(at)?, wanted).filter(|place| *place < until).last().map(|place| (at, place))
            }),
        };
        let Some((line, column)) = found else { return false };
        self.last = Last::Other;
        self.go(line, column);
        true
    }

    /// How many lines have this.
    pub fn lines_with(&self, wanted: &str) -> usize {
        self.lines().iter().filter(|line| places(line, wanted).next().is_some()).count()
    }

    /// Draws the rows in sight; `focused` puts the terminal's cursor into the text.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, style: Style, focused: bool) {
        if area.width == 0 || area.height == 0 {
            return;
        }
        let rows = Rows::new(self.lines(), area.width, canvas.is_ascii());
        let (cursor, column) = rows.place(self.cursor());
        let top = rows.top(self.top, cursor, usize::from(area.height));
        let mut y = area.y;
        for line in top.line..self.lines().len() {
            let skip = if line == top.line { top.row } else { 0 };
            for (row, text) in rows.of(line).iter().enumerate().skip(skip) {
                if y >= area.bottom() {
                    return;
                }
                canvas.text(area.x, y, area.width, text, style);
                if focused && cursor == (Place { line, row }) {
                    let column = u16::try_from(column).unwrap_or(u16::MAX).min(area.width - 1);
                    canvas.set_cursor(area.x + column, y);
                }
                y += 1;
            }
        }
    }

    /// Line and character of the cursor.
    fn cursor(&self) -> (usize, usize) {
        let at = self.text.cursor();
        (at.0, at.1)
    }

    /// The line before the cursor, and after it.
    fn around(&self) -> (&str, &str) {
        let (line, column) = self.cursor();
        let text = self.lines().get(line).map_or("", String::as_str);
        let at = text.char_indices().nth(column).map_or(text.len(), |(at, _)| at);
        text.split_at_checked(at).unwrap_or((text, ""))
    }

    fn go(&mut self, line: usize, column: usize) {
        let short = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.moves(CursorMove::Jump(short(line), short(column)));
    }

    fn moves(&mut self, to: CursorMove) -> Did {
        self.text.move_cursor(to);
        Did::Nothing
    }

    /// Moves by rows of the screen, towards the column where the first of such moves began.
    fn moved(&mut self, by: isize, aim: Option<usize>, area: Rect) -> Did {
        let rows = Rows::new(self.text.lines(), area.width, false);
        let (here, column) = rows.place(self.cursor());
        let aim = aim.unwrap_or(column);
        let (line, column) = rows.at(rows.walk(here, by), aim);
        self.go(line, column);
        self.aim = Some(aim);
        Did::Nothing
    }

    fn left(&mut self) -> Did {
        let (line, column) = self.cursor();
        let back = self.around().0.graphemes(true).next_back().map_or(0, |g| g.chars().count());
        if let (0, Some(above)) = (back, line.checked_sub(1)) {
            self.go(above, 0);
            return self.moves(CursorMove::End);
        }
        self.go(line, column - back);
        Did::Nothing
    }

    fn right(&mut self) -> Did {
        let (line, column) = self.cursor();
        match self.around().1.graphemes(true).next() {
            Some(next) => self.go(line, column + next.chars().count()),
            None if line + 1 < self.lines().len() => self.go(line + 1, 0),
            None => {}
        }
        Did::Nothing
    }

    fn insert(&mut self, what: Named, most: usize, kind: Last) -> Did {
        if self.bytes + most > self.most {
            return Did::Full;
        }
        let joins = kind == self.last && kind != Last::Other && self.redo.is_empty();
        let before = self.undo.len();
        let input = Input { key: what, ctrl: false, alt: false, shift: false };
        self.step(most, |area| usize::from(area.input_without_shortcuts(input)));
        if joins
            && self.undo.len() > before
            && let Some(new) = self.undo.pop()
        {
            match self.undo.last_mut() {
                Some(last) => *last += new,
                None => self.undo.push(new),
            }
        }
        self.last = kind;
        Did::Changed
    }

    fn delete_before(&mut self) -> Did {
        let (before, _) = self.around();
        let letters = before.graphemes(true).next_back().map_or(1, |g| g.chars().count());
        self.step(1, |area| (0..letters).filter(|_| area.delete_char()).count())
    }

    fn delete_after(&mut self) -> Did {
        let next = self.around().1.graphemes(true).next().map(|g| g.chars().count());
        let last_line = self.cursor().0 + 1 == self.lines().len();
        match next {
            None if last_line => Did::Nothing,
            next => self.step(1, |area| usize::from(area.delete_str(next.unwrap_or(1)))),
        }
    }

    fn delete_to_head(&mut self) -> Did {
        let before = self.around().0.len();
        if before == 0 {
            return Did::Nothing;
        }
        self.step(before, |area| usize::from(area.delete_line_by_head()))
    }

    fn delete_to_end(&mut self) -> Did {
        let after = self.around().1.len();
        if after == 0 {
            return self.delete_after();
        }
        self.step(after, |area| usize::from(area.delete_line_by_end()))
    }

    /// As a shell does: back over blanks, then over what is no blank.
    fn delete_word(&mut self) -> Did {
        let (before, _) = self.around();
        if before.is_empty() {
            return self.delete_before();
        }
        let word = before.trim_end();
        let kept = word.char_indices().rev().find(|(_, c)| c.is_whitespace());
        let kept = kept.map_or(0, |(at, c)| at + c.len_utf8());
        let letters = before.get(kept..).unwrap_or_default().chars().count();
        let (size, (line, column)) = (before.len() - kept, self.cursor());
        if column > usize::from(u16::MAX) {
            return self.step(size, |area| usize::from(area.delete_word()));
        }
        self.go(line, column - letters);
        self.step(size, |area| usize::from(area.delete_str(letters)))
    }

    fn take_back(&mut self, area: Rect) -> Did {
        let Some(edits) = self.undo.pop() else { return Did::Nothing };
        let done = (0..edits).filter(|_| self.text.undo()).count();
        self.redo.push(done);
        self.turned(done, area)
    }

    fn do_again(&mut self, area: Rect) -> Did {
        let Some(edits) = self.redo.pop() else { return Did::Nothing };
        let done = (0..edits).filter(|_| self.text.redo()).count();
        self.undo.push(done);
        self.turned(done, area)
    }

    fn turned(&mut self, edits: usize, area: Rect) -> Did {
        self.last = Last::Other;
        self.count();
        self.scroll(area);
        if edits > 0 { Did::Changed } else { Did::Nothing }
    }

    /// Does edits that are taken back together; `edit` says how many the widget counts.
    fn step(&mut self, size: usize, edit: impl FnOnce(&mut TextArea<'static>) -> usize) -> Did {
        self.last = Last::Other;
        let edits = edit(&mut self.text);
        if edits == 0 {
            return Did::Nothing;
        }
        self.redo.clear();
        self.undo.push(edits);
        self.kept += size;
        if self.kept > MOST_KEPT {
            let (line, column) = self.cursor();
            self.text = area_of(&self.text());
            self.go(line, column);
            self.undo.clear();
            self.kept = 0;
        }
        let spare = self.undo.len().saturating_sub(MOST_UNDO);
        self.undo.drain(..spare);
        self.count();
        Did::Changed
    }

    fn count(&mut self) {
        let lines = self.text.lines();
        self.bytes = lines.iter().map(String::len).sum::<usize>() + lines.len() - 1;
    }

    fn scroll(&mut self, area: Rect) {
        let rows = Rows::new(self.text.lines(), area.width, false);
        let cursor = rows.place(self.cursor()).0;
        self.top = rows.top(self.top, cursor, usize::from(area.height));
    }
}

fn area_of(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_max_histories(MOST_UNDO);
    area
}

fn page(area: Rect) -> isize {
    isize::try_from(area.height.saturating_sub(1).max(1)).unwrap_or(1)
}

/// Pasted text as it may go to a file that somebody shows on a terminal: tabs and line ends stay.
fn cleaned(text: &RawText) -> String {
    let text = String::from_utf8_lossy(text.as_bytes());
    // Terminals send pasted line ends as CR.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let piece = |piece: &str| match clean_block(&piece.into()).as_slice() {
        [line] => line.as_str().to_owned(),
        _ => String::new(),
    };
    let line = |line: &str| line.split('\t').map(piece).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
