//! A number in large letters, to be read from the other side of a room.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::text::{SafeText, clean};
use crate::ui::canvas::Canvas;

/// Rows of a large letter.
pub const HEIGHT: u16 = 5;

/// The letters of numbers as [`number`](crate::ui::number::number) writes them, a row each.
const LETTERS: [(char, [&str; 5]); 18] = [
    ('0', ["###", "# #", "# #", "# #", "###"]),
    ('1', [" # ", "## ", " # ", " # ", "###"]),
    ('2', ["###", "  #", "###", "#  ", "###"]),
    ('3', ["###", "  #", "###", "  #", "###"]),
    ('4', ["# #", "# #", "###", "  #", "  #"]),
    ('5', ["###", "#  ", "###", "  #", "###"]),
    ('6', ["###", "#  ", "###", "# #", "###"]),
    ('7', ["###", "  #", "  #", "  #", "  #"]),
    ('8', ["###", "# #", "###", "# #", "###"]),
    ('9', ["###", "# #", "###", "  #", "###"]),
    ('.', [" ", " ", " ", " ", "#"]),
    ('-', ["   ", "   ", "###", "   ", "   "]),
    ('k', ["#  ", "# #", "## ", "## ", "# #"]),
    ('M', ["#   #", "## ##", "# # #", "#   #", "#   #"]),
    ('G', ["####", "#   ", "# ##", "#  #", "####"]),
    ('T', ["###", " # ", " # ", " # ", " # "]),
    ('P', ["###", "# #", "###", "#  ", "#  "]),
    ('e', ["   ", "###", "###", "#  ", "###"]),
];

/// Draws a number; in letters of one row where the large ones have no room. Returns the rows used.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, text: &SafeText, style: Style) -> u16 {
    let rows = rows(text, canvas.is_ascii());
    let width = rows.first().map_or(0, SafeText::width);
    if rows.is_empty() || width > usize::from(area.width) || area.height < HEIGHT || canvas.is_aloud() {
        canvas.text(area.x, area.y, area.width, text, style);
        return 1.min(area.height);
    }
    for (y, row) in (area.y..).zip(&rows) {
        canvas.text(area.x, y, area.width, row, style);
    }
    HEIGHT
}

/// The rows of a number; none when it has a letter that is not known.
fn rows(text: &SafeText, ascii: bool) -> Vec<SafeText> {
    let letter = |c: char| LETTERS.iter().find(|(known, _)| *known == c).map(|(_, rows)| rows);
    let Some(letters) = text.as_str().chars().map(letter).collect::<Option<Vec<_>>>() else {
        return Vec::new();
    };
    let row = |y: usize| {
        let parts: Vec<&str> = letters.iter().filter_map(|rows| rows.get(y).copied()).collect();
        let row = parts.join(" ");
        clean(&if ascii { row } else { row.replace('#', "█") }.into())
    };
    (0..usize::from(HEIGHT)).map(row).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;

    use super::*;

    #[test]
    fn numbers_are_large_where_there_is_room_and_never_lost() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 14, 5));
        let area = buffer.area;
        let mut canvas = Canvas::new(&mut buffer, true, Style::new());
        let text = clean(&"-0.31".into());
        assert_eq!(draw(&mut canvas, area, &text, Style::new()), 1, "too narrow by three");
        assert_eq!(
            buffer,
            Buffer::with_lines(["-0.31         ", "", "", "", ""].map(|row| format!("{row:14}")))
        );
        let mut buffer = Buffer::empty(Rect::new(0, 0, 14, 5));
        let mut canvas = Canvas::new(&mut buffer, true, Style::new());
        assert_eq!(draw(&mut canvas, area, &clean(&"0.31".into()), Style::new()), HEIGHT);
        let expected =
            ["###   ###  #  ", "# #     # ##  ", "# #   ###  #  ", "# #     #  #  ", "### # ### ### "];
        assert_eq!(buffer, Buffer::with_lines(expected));
    }

    #[test]
    fn every_letter_of_a_number_is_known_and_has_five_rows_of_one_width() {
        for value in [0.0, -1.5, 12_345.0, 6.7e6, 8.9e9, 1.2e12, 3.4e15, 5e25, -7e-9] {
            let text = crate::ui::number::number(value, 4);
            assert_eq!(rows(&text, true).len(), 5, "{}", text.as_str());
        }
        for (letter, rows) in LETTERS {
            assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{letter}");
        }
    }
}
