//! Numbers as a person reads them: a few digits, and a letter for thousands.

use crate::model::text::{SafeText, clean};

/// Letters for thousands, millions and so on.
const LETTERS: [&str; 6] = ["", "k", "M", "G", "T", "P"];

/// A number in so many significant digits, without zeros at its end: `0.31`, `1500`, `12.5k`, `2e-7`.
pub fn number(value: f64, digits: usize) -> SafeText {
    clean(&spelt(value, digits.clamp(1, 15)).into())
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
