//! One line of text that a person types: a prompt, a search.

use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::config::key::{Code, Key};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;
use crate::ui::canvas::Canvas;

/// The longest line taken, in bytes: what a paste by mistake may cost.
const LONGEST: usize = 4096;

/// One line of text and the place in it where the next character goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    before: String,
    after: String,
    /// Bytes that were pasted last and did not fit.
    refused: usize,
}

impl Field {
    /// A field that has a text already, the cursor behind it.
    pub fn new(text: &str) -> Self {
        Self { before: text.to_owned(), ..Self::default() }
    }

    /// The text.
    pub fn text(&self) -> String {
        [self.before.as_str(), self.after.as_str()].concat()
    }

    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Takes a key; false if it means nothing in a line of text.
    pub fn key(&mut self, key: Key) -> bool {
        self.refused = 0;
        match (key.code, key.ctrl) {
            (Code::Char('a'), true) | (Code::Home, _) => self.after = self.take_all(),
            (Code::Char('e'), true) | (Code::End, _) => self.before = self.take_all(),
            (Code::Char('u'), true) => self.before.clear(),
            (Code::Char('k'), true) => self.after.clear(),
            (Code::Char('w'), true) => {
                let kept = self.before.trim_end().rfind(char::is_whitespace).map_or(0, |space| space + 1);
                self.before.truncate(kept);
            }
            (Code::Backspace, _) | (Code::Char('h'), true) => {
                self.last_grapheme();
            }
            (Code::Delete, _) => {
                self.first_grapheme();
            }
            (Code::Left, _) => {
                let moved = self.last_grapheme();
                self.after.insert_str(0, &moved);
            }
            (Code::Right, _) => {
                let moved = self.first_grapheme();
                self.before.push_str(&moved);
            }
            _ => match key.typed() {
                Some(c) => self.insert(&c.to_string()),
                None => return false,
            },
        }
        true
    }

    /// Inserts pasted text: its line ends become spaces, it is never a key.
    pub fn paste(&mut self, text: &RawText) {
        let text = String::from_utf8_lossy(text.as_bytes());
        let line: Vec<&str> = text.split(['\n', '\r', '\t']).filter(|part| !part.is_empty()).collect();
        self.insert(&line.join(" "));
    }

    /// Draws the line and puts the cursor in it; what is left of the cursor stays in sight.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, style: Style) {
        let refused = match self.refused {
            0 => SafeText::default(),
            bytes => safe!("({} bytes do not fit and are left out) ", bytes),
        };
        let told = canvas.text(area.x, area.y, area.width, &refused, style);
        let area = Rect { x: area.x + told, width: area.width - told, ..area };
        let before = clean(&self.before.as_str().into());
        let room = usize::from(area.width.saturating_sub(1));
        let hidden = before.width().saturating_sub(room);
        let shown = before.columns(hidden, room);
        let used = canvas.text(area.x, area.y, area.width, &shown, style);
        let after: SafeText = clean(&self.after.as_str().into());
        canvas.text(area.x + used, area.y, area.width - used.min(area.width), &after, style);
        canvas.set_cursor(area.x + used, area.y);
    }

    fn insert(&mut self, text: &str) {
        if self.before.len() + self.after.len() + text.len() <= LONGEST {
            self.before.push_str(text);
        } else {
            self.refused = text.len();
        }
    }

    fn take_all(&mut self) -> String {
        let all = self.text();
        (self.before, self.after) = (String::new(), String::new());
        all
    }

    fn last_grapheme(&mut self) -> String {
        let start = self.before.grapheme_indices(true).next_back().map_or(0, |(start, _)| start);
        self.before.split_off(start)
    }

    fn first_grapheme(&mut self) -> String {
        let first = self.after.graphemes(true).next().map(str::to_owned).unwrap_or_default();
        self.after.drain(..first.len());
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> Field {
        let mut field = Field::default();
        for key in keys.split_whitespace() {
            assert!(field.key(key.parse().unwrap()), "{key}");
        }
        field
    }

    #[test]
    fn keys_edit_the_line_as_a_shell_does() {
        assert_eq!(typed("a b c Left Backspace x").text(), "axc");
        assert_eq!(typed("a b space c d ctrl-w e").text(), "ab e");
        assert_eq!(typed("a b ctrl-a x ctrl-k").text(), "x");
        assert_eq!(typed("a b Left ctrl-u").text(), "b");
        assert_eq!(typed("a b Home Delete End c").text(), "bc");
    }

    #[test]
    fn a_paste_is_text_whatever_is_in_it_and_a_huge_one_is_refused() {
        let mut field = typed("a");
        field.paste(&"y\r\nEnter\tq".into());
        assert_eq!(field.text(), "ay Enter q");
        field.paste(&"x".repeat(LONGEST).into());
        assert_eq!((field.text().as_str(), field.refused), ("ay Enter q", LONGEST));
        field.key(Key::plain(Code::Left));
        assert_eq!(field.refused, 0, "it was read");
        assert!(!field.key(Key::plain(Code::Up)));
    }

    #[test]
    fn a_letter_of_several_code_points_is_taken_back_whole() {
        let mut field = Field::new("ae\u{301}");
        field.key(Key::plain(Code::Backspace));
        assert_eq!(field.text(), "a");
    }
}
