//! Numbers as a person reads them: a few digits, and a letter for thousands.

use crate::model::text::{SafeText, clean};
use crate::safe;

/// Letters for thousands, millions and so on.
const LETTERS: [&str; 6] = ["", "k", "M", "G", "T", "P"];

/// A number in so many significant digits, without zeros at its end: `0.31`, `1500`, `12.5k`, `2e-7`.
pub fn number(value: f64, digits: usize) -> SafeText {
    clean(&spelt(value, digits.clamp(1, 15)).into())
}

/// A number with a comma between thousands.
pub fn grouped(number: u64) -> SafeText {
    if number < 1000 {
        return safe!("{}", number);
    }
    let rest = number % 1000;
    let zeros = if rest < 10 {
        "00"
    } else if rest < 100 {
        "0"
    } else {
        ""
    };
    safe!("{},{}{}", grouped(number / 1000), SafeText::literal(zeros), rest)
}

/// So many bytes, in thousands of thousands: `512 bytes`, `5.6 MB`.
pub fn size(bytes: u64) -> SafeText {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    if let Some((unit, name)) = units.into_iter().find(|(unit, _)| bytes >= *unit) {
        return safe!("{}.{} {}", grouped(bytes / unit), bytes % unit * 10 / unit, SafeText::literal(name));
    }
    safe!("{} {}", bytes, SafeText::literal(if bytes == 1 { "byte" } else { "bytes" }))
}

fn spelt(value: f64, digits: usize) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let scientific = format!("{value:.*e}", digits - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Four digits are read faster than a letter.
    let group = if exponent >= 4 { exponent / 3 } else { 0 };
    match usize::try_from(group).ok().and_then(|group| LETTERS.get(group)) {
        Some(letter) if exponent >= -4 => {
            let shown = exponent - 3 * group;
            let decimals = usize::try_from(i32::try_from(digits).unwrap_or(15) - 1 - shown).unwrap_or(0);
            let scaled = value / 1000_f64.powi(group);
            format!("{}{letter}", without_zeros(&format!("{scaled:.decimals$}")))
        }
        _ => format!("{}e{exponent}", without_zeros(mantissa)),
    }
}

/// Without zeros behind a decimal point that say nothing.
fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let text = |number| grouped(number).as_str().to_owned();
        assert_eq!([text(0), text(999), text(1000)], ["0", "999", "1,000"]);
        assert_eq!([text(12_031), text(1_000_204_099)], ["12,031", "1,000,204,099"]);
    }

    #[test]
    fn sizes_have_a_unit_and_are_never_rounded_up() {
        let text = |bytes| size(bytes).as_str().to_owned();
        assert_eq!([text(0), text(1), text(999)], ["0 bytes", "1 byte", "999 bytes"]);
        assert_eq!([text(1000), text(5_699_999), text(999_999_999)], ["1.0 kB", "5.6 MB", "999.9 MB"]);
        assert_eq!(text(1_234_000_000_000), "1,234.0 GB");
    }

    #[test]
    fn numbers_are_short_and_keep_what_matters() {
        let short = |value| number(value, 4).as_str().to_owned();
        assert_eq!([short(0.31), short(0.1 + 0.2), short(-0.05)], ["0.31", "0.3", "-0.05"]);
        assert_eq!([short(0.0), short(-0.0), short(7.0)], ["0", "0", "7"]);
        assert_eq!([short(1500.0), short(9999.0), short(12_500.0)], ["1500", "9999", "12.5k"]);
        assert_eq!([short(1_234_567.0), short(3.2e9), short(1e21)], ["1.235M", "3.2G", "1e21"]);
        assert_eq!([short(0.000_25), short(0.000_02), short(-4e-9)], ["0.00025", "2e-5", "-4e-9"]);
        assert_eq!([short(f64::MAX), short(f64::MIN_POSITIVE)], ["1.798e308", "2.225e-308"]);
        assert_eq!(number(1_000_002.0, 7).as_str(), "1.000002M");
    }
}
