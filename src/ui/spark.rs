//! Bars in one row of text: how many, one column each.

use crate::model::text::SafeText;

/// Bars of a height that tells how many; nothing is a space.
pub fn spark(bars: &[u32], ascii: bool) -> SafeText {
    let glyphs: &[&'static str] = if ascii {
        &[" ", ".", ":", "|", "I"]
    } else {
        &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    };
    let highest = u64::from(bars.iter().copied().max().unwrap_or(0).max(1));
    let steps = (glyphs.len() - 1) as u64;
    let glyph = |bar: &u32| {
        let step = (u64::from(*bar) * steps).div_ceil(highest);
        let glyph = usize::try_from(step).ok().and_then(|step| glyphs.get(step));
        SafeText::literal(glyph.copied().unwrap_or(" "))
    };
    bars.iter().map(glyph).collect()
}

/// The same bars in at most so many columns: those that fall together are one.
pub fn narrowed(bars: &[u32], columns: u16) -> Vec<u32> {
    let each = bars.len().div_ceil(usize::from(columns.max(1))).max(1);
    let sum = |bars: &[u32]| bars.iter().fold(0_u32, |sum, bar| sum.saturating_add(*bar));
    bars.chunks(each).map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_shows_every_bar_that_is_not_empty() {
        assert_eq!(spark(&[0, 1, 500, 1000], true).as_str(), " .:I");
        assert_eq!(spark(&[0, 1, 500, 1000], false).as_str(), " ▁▄█");
        assert_eq!(spark(&[0, 0], false).as_str(), "  ");
    }

    #[test]
    fn bars_that_fall_together_are_added() {
        assert_eq!(narrowed(&[1, 2, 3, 4, 5], 2), [6, 9]);
        assert_eq!(narrowed(&[1, 2], 8), [1, 2]);
        assert!(narrowed(&[], 8).is_empty());
    }
}
