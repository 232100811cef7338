//! The part of a record that a document takes. What others write into one has no bound that a person would
//! read, and a document is made while the screen waits for it.

use crate::model::evidence::Evidence;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// Rows of one kind in a document, and lines that were pinned, at most.
pub const ROWS: usize = 5000;
/// Characters of one text at most, and at least however many there are.
pub const LONG: usize = 2000;
const SHORT: usize = 200;
/// Bytes of all texts together, about: of so many that they would be more, each gives less.
const TOGETHER: usize = 1_000_000;

/// So many characters each of these texts, which have so many bytes, gives.
pub fn each(lengths: impl Iterator<Item = usize>) -> usize {
    let (count, together) =
        lengths.fold((0, 0_usize), |(count, sum), length| (count + 1, sum.saturating_add(length.min(LONG))));
    if together <= TOGETHER { LONG } else { (TOGETHER / count).clamp(SHORT, LONG) }
}

/// The beginning of a text, and how much more of it there is; nothing where it is whole.
pub fn shortened(raw: &RawText, most: usize) -> Option<RawText> {
    if raw.as_bytes().len() <= most {
        return None;
    }
    let text = String::from_utf8_lossy(raw.as_bytes());
    let (end, _) = text.char_indices().nth(most)?;
    let (kept, rest) = text.split_at_checked(end)?;
    let rest = grouped(rest.chars().count());
    Some(format!("{kept}... ({rest} more characters are in the record)").into())
}

/// A text, or its beginning.
pub fn short(raw: &RawText, most: usize) -> SafeText {
    shortened(raw, most).map_or_else(|| clean(raw), |shorter| clean(&shorter))
}

/// The first and the last of all rows, each as `one` makes it, and between them how many were left out.
pub fn ends<R, T>(
    rows: impl Iterator<Item = R>,
    one: impl FnMut(R) -> T,
    rest: impl FnOnce(&SafeText) -> T,
) -> Vec<T> {
    let mut first: Vec<R> = rows.collect();
    let left = first.len().saturating_sub(ROWS);
    if left == 0 {
        return first.into_iter().map(one).collect();
    }
    let behind = first.split_off(ROWS / 2).into_iter().skip(left);
    let told = rest(&safe!("... {} more rows are in the record", clean(&grouped(left).into())));
    let mut one = one;
    let mut all: Vec<T> = first.into_iter().map(&mut one).collect();
    all.push(told);
    all.extend(behind.map(one));
    all
}

/// So many lines each of these gives, so that all together are not too many: small ones are whole.
pub fn lines_each<'a>(all: impl Iterator<Item = &'a Evidence>) -> usize {
    let mut sizes: Vec<usize> = all.map(|evidence| evidence.lines.len()).collect();
    sizes.sort_unstable();
    let mut room = ROWS;
    for (before, size) in sizes.iter().enumerate() {
        let share = room / (sizes.len() - before);
        if *size > share {
            return share.max(1);
        }
        room -= size;
    }
    ROWS
}

/// A number with a comma between thousands.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let comma = |index: usize| (index > 0 && (digits.len() - index).is_multiple_of(3)).then_some(',');
    digits.char_indices().flat_map(|(index, digit)| comma(index).into_iter().chain([digit])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_says_how_much_more_there_is_and_a_short_one_is_as_it_was() {
        assert_eq!(short(&"a\u{e4}\u{e4}".into(), 3), "a\u{e4}\u{e4}".into());
        let told = "\u{e4}\u{e4}... (1,234 more characters are in the record)";
        let long = "\u{e4}".repeat(1236);
        assert_eq!(short(&long.as_str().into(), 2).as_str(), told);
    }

    #[test]
    fn of_many_texts_each_gives_less_and_never_nothing() {
        assert_eq!(each([60_000; 100].into_iter()), LONG);
        assert_eq!(each(std::iter::repeat_n(60_000, 1600)), 625);
        assert_eq!(each(std::iter::repeat_n(10, 90_000)), LONG);
        assert_eq!(each(std::iter::repeat_n(60_000, 90_000)), SHORT);
        assert_eq!(each(std::iter::empty()), LONG);
    }

    #[test]
    fn the_ends_of_many_rows_are_kept_and_a_few_are_all() {
        let made = |count: usize| ends(0..count, |row| format!("{row}"), |text| text.as_str().to_owned());
        assert_eq!(made(ROWS).len(), ROWS);
        let many = made(ROWS + 1234);
        assert_eq!(many.len(), ROWS + 1);
        assert_eq!(many.get(ROWS / 2 - 1).map(String::as_str), Some("2499"));
        assert_eq!(many.get(ROWS / 2).map(String::as_str), Some("... 1,234 more rows are in the record"));
        assert_eq!(many.get(ROWS / 2 + 1).map(String::as_str), Some("3734"));
        assert_eq!(many.last().map(String::as_str), Some("6233"));
    }
}
