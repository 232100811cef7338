//! A table of one line per item: columns that share the width, the selected row, marks.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::text::SafeText;
use crate::ui::canvas::Canvas;
use crate::ui::list::List;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its width; the least one if it grows.
    pub width: u16,
    /// Whether it takes a share of the width that is left.
    pub grows: bool,
    /// When the width is short, columns with the highest number go first; 0 never goes.
    pub goes: u8,
}

impl Column {
    /// A column of one width.
    pub const fn fixed(width: u16, goes: u8) -> Self {
        Self { width, grows: false, goes }
    }

    /// A column that takes what is left.
    pub const fn growing(least: u16, goes: u8) -> Self {
        Self { width: least, grows: true, goes }
    }
}

/// What stands in one column of one row.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// The text.
    pub text: SafeText,
    /// How it is drawn.
    pub style: Style,
}

impl Cell {
    /// A cell.
    pub fn new(text: impl Into<SafeText>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

/// How a table marks rows.
#[derive(Clone, Copy, Debug)]
pub struct Marking {
    /// The selected row of the focused pane.
    pub selected: Style,
    /// The sign of a marked row.
    pub mark: Style,
    /// Whether the pane has the focus.
    pub focused: bool,
}

/// The columns' widths where `width` is there: `None` for those that have to go.
pub fn fit(columns: &[Column], width: u16) -> Vec<Option<u16>> {
    let mut shown: Vec<bool> = vec![true; columns.len()];
    let needed = |shown: &[bool]| -> u32 {
        let widths =
            columns.iter().zip(shown).filter(|(_, shown)| **shown).map(|(c, _)| u32::from(c.width) + 1);
        widths.sum::<u32>().saturating_sub(1)
    };
    while needed(&shown) > u32::from(width) {
        let candidates =
            columns.iter().zip(&shown).enumerate().filter(|(_, (column, shown))| **shown && column.goes > 0);
        let Some((index, _)) = candidates.max_by_key(|(index, (column, _))| (column.goes, *index)) else {
            break;
        };
        if let Some(flag) = shown.get_mut(index) {
            *flag = false;
        }
    }
    let spare = u32::from(width).saturating_sub(needed(&shown));
    let growing = columns.iter().zip(&shown).filter(|(c, shown)| c.grows && **shown).count();
    let growing = u32::try_from(growing).unwrap_or(0);
    let mut given = 0;
    columns
        .iter()
        .zip(&shown)
        .map(|(column, shown)| {
            if !shown {
                return None;
            }
            let mut own = u32::from(column.width);
            if column.grows && growing > 0 {
                given += 1;
                // The last one takes the remainder of the division.
                own += spare / growing + if given == growing { spare % growing } else { 0 };
            }
            u16::try_from(own).ok()
        })
        .collect()
}

/// Draws the rows of a list that are in sight. `row` gives the cells of an item, one per column.
pub fn draw<Id: Clone + Ord, Row>(
    canvas: &mut Canvas<'_>,
    area: Rect,
    columns: &[Column],
    list: &List<Id, Row>,
    marking: Marking,
    mut row: impl FnMut(&Id) -> Vec<Cell>,
) {
    let widths = fit(columns, area.width.saturating_sub(1));
    let rows = list.order().iter().skip(list.top()).take(usize::from(area.height));
    for (y, id) in (area.y..).zip(rows) {
        let selected = list.selected() == Some(id);
        if list.is_marked(id) {
            canvas.text(area.x, y, 1, &SafeText::literal("*"), marking.mark);
        } else if selected && marking.focused {
            canvas.text(area.x, y, 1, &SafeText::literal(">"), marking.mark);
        }
        let mut x = area.x + 1;
        for (cell, width) in row(id).iter().zip(&widths) {
            if let Some(width) = width {
                canvas.text(x, y, *width, &cell.text, cell.style);
                x += width + 1;
            }
        }
        if selected && marking.focused {
            canvas.restyle(Rect { y, height: 1, ..area }, marking.selected);
            canvas.stand_on(Rect { y, height: 1, ..area });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] =
        [Column::fixed(4, 0), Column::growing(10, 0), Column::fixed(8, 2), Column::fixed(4, 1)];

    #[test]
    fn the_least_wanted_column_goes_first_and_what_is_left_is_shared() {
        assert_eq!(fit(&COLUMNS, 40), [Some(4), Some(21), Some(8), Some(4)]);
        assert_eq!(fit(&COLUMNS, 29), [Some(4), Some(10), Some(8), Some(4)]);
        assert_eq!(fit(&COLUMNS, 28), [Some(4), Some(18), None, Some(4)]);
        assert_eq!(fit(&COLUMNS, 16), [Some(4), Some(11), None, None]);
        assert_eq!(fit(&COLUMNS, 3), [Some(4), Some(10), None, None]);
    }
}
