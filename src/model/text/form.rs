//! `safe!`: sentences put together from safe parts only.

use super::safe::SafeText;

/// What [`safe!`](crate::safe) may format.
///
/// Not implemented for text of any other lifetime than `'static`, nor for `RawText`:
///
/// ```compile_fail,E0277
/// # use midwatch::model::text::RawText;
/// midwatch::safe!("run {}", RawText::from("main"));
/// ```
/// ```compile_fail,E0597
/// let name = String::from("main");
/// midwatch::safe!("run {}", name.as_str());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` may not be drawn as it is",
    note = "outside text goes through `clean` first"
)]
pub trait Safe {
    /// Appends itself.
    fn append_to(&self, text: &mut SafeText);
}

impl Safe for SafeText {
    fn append_to(&self, text: &mut SafeText) {
        text.push(self);
    }
}

/// Text of this program.
impl Safe for &'static str {
    fn append_to(&self, text: &mut SafeText) {
        text.push(&SafeText::literal(self));
    }
}

impl<T: Safe + ?Sized> Safe for &T {
    fn append_to(&self, text: &mut SafeText) {
        (**self).append_to(text);
    }
}

/// Types whose `Display` is digits, signs and letters of ours.
macro_rules! safe_by_display {
    ($($kind:ty),*) => {$(
        impl Safe for $kind {
            fn append_to(&self, text: &mut SafeText) {
                text.append(&self.to_string());
            }
        }
    )*};
}
safe_by_display!(u8, u16, u32, u64, usize, i32, i64, isize, f64);
safe_by_display!(jiff::Timestamp, jiff::civil::Date, jiff::civil::Time, jiff::civil::DateTime);

/// Puts `parts` into the `{}` holes of `form`. Called by [`safe!`](crate::safe), which has counted.
pub fn assemble(form: &'static str, parts: &[&dyn Safe]) -> SafeText {
    let mut text = SafeText::default();
    let mut parts = parts.iter();
    for (index, piece) in form.split("{}").enumerate() {
        if index > 0
            && let Some(part) = parts.next()
        {
            part.append_to(&mut text);
        }
        text.push(&SafeText::literal(piece));
    }
    text
}

/// Counts the `{}` holes of a form at compile time. `None`: it has a lone brace or a control
/// character.
pub const fn holes(form: &str) -> Option<usize> {
    let mut rest = form.as_bytes();
    let mut holes = 0;
    loop {
        match rest {
            [] => return Some(holes),
            [b'{', b'}', after @ ..] => {
                holes += 1;
                rest = after;
            }
            [b'{' | b'}' | 0..=0x1f | 0x7f, ..] => return None,
            [_, after @ ..] => rest = after,
        }
    }
}

/// Formats safe text: `safe!("{} failed, {} running", failed, running)`. Holes are `{}` only and
/// take [`Safe`] values: other safe text, literals, numbers and times.
///
/// ```compile_fail,E0080
/// midwatch::safe!("{} of {}", 1);
/// ```
#[macro_export]
macro_rules! safe {
    ($form:literal $(, $part:expr)* $(,)?) => {{
        const _: () = {
            let parts = <[&str]>::len(&[$(stringify!($part)),*]);
            assert!(
                matches!($crate::model::text::holes($form), Some(holes) if holes == parts),
                "safe!: as many holes as values, no lone brace, no control character"
            );
        };
        $crate::model::text::assemble($form, &[$(&$part as &dyn $crate::model::text::Safe),*])
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::{RawText, clean};

    #[test]
    fn parts_take_their_holes_in_order() {
        let name = clean(&RawText::from("web-1"));
        let at: jiff::Timestamp = "2026-03-01T02:03:04Z".parse().unwrap();
        let text = crate::safe!("{}: {} of {} {} since {}", name, 3, 4_u64, "up", at);
        assert_eq!(text.as_str(), "web-1: 3 of 4 up since 2026-03-01T02:03:04Z");
    }

    #[test]
    fn braces_in_a_part_are_no_holes() {
        let name = clean(&RawText::from("{}\u{1b}{}"));
        let text = crate::safe!("[{}] {}", name, 1);
        assert_eq!(text.as_str(), "[{}\u{241b}{}] 1");
        assert_eq!(text.runs().iter().filter(|(_, ink)| ink.marker).count(), 1);
    }

    #[test]
    fn holes_are_counted_and_stray_braces_refused() {
        assert_eq!(holes("no hole"), Some(0));
        assert_eq!(holes("{}a{}"), Some(2));
        for form in ["{", "}", "{0}", "{:>3}", "{{}}", "a\nb", "\u{7f}"] {
            assert_eq!(holes(form), None, "{form:?}");
        }
    }
}
