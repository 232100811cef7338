//! Round numbers and round times for the axes of a chart.

use jiff::Timestamp;

use crate::model::text::SafeText;
use crate::ui::time::Zone;

/// Larger numbers are drawn at this height: the difference of two of them is still a number.
const LARGEST: f64 = 1e300;
/// Columns of a time and the room beside it.
const TIME: usize = 9;
/// Seconds from one time on the axis to the next.
const STEPS: [i64; 16] = [
    60,
    2 * 60,
    5 * 60,
    10 * 60,
    15 * 60,
    30 * 60,
    3600,
    2 * 3600,
    3 * 3600,
    6 * 3600,
    12 * 3600,
    86_400,
    2 * 86_400,
    7 * 86_400,
    30 * 86_400,
    365 * 86_400,
];

/// Which of `count` places in a row is the nearest to a share of it, 0 to 1.
pub(super) fn nearest(share: f64, count: usize) -> usize {
    let last = count.saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a count of dots is small, the product is between 0 and it, and a cast of NaN is 0"
    )]
    let place = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
    place.min(last)
}

/// The upright axis: from the lowest to the highest value, with round numbers on it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    /// The scale for these values in so many rows. It begins at 0 unless all values are far from it.
    pub(super) fn new(values: impl Iterator<Item = f64>, rows: usize) -> Self {
        let values = values.map(|value| value.clamp(-LARGEST, LARGEST));
        let (mut low, mut high) = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // A curve that only trembles is shown as what it is, beside 0, if it is not far from 0.
        if low > 0.0 && (low < high / 2.0 || low >= high) {
            low = 0.0;
        } else if high < 0.0 && (high > low / 2.0 || high <= low) {
            high = 0.0;
        }
        if low >= high {
            high = low + 1.0;
        }
        let wanted = u32::try_from((rows / 2).clamp(2, 8)).unwrap_or(2);
        // Two round numbers at least: one alone says nothing of what lies beside it.
        let steps = (wanted..=wanted + 8).map(|intervals| round_up((high - low) / f64::from(intervals)));
        let mut scale = Self { low, high, step: high - low };
        for step in steps {
            scale.step = step;
            if scale.ticks().nth(1).is_some() {
                break;
            }
        }
        scale
    }

    /// How far up a value stands, 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value.clamp(-LARGEST, LARGEST) - self.low) / (self.high - self.low)
    }

    /// The round numbers on it, from the lowest on.
    pub(super) fn ticks(self) -> impl Iterator<Item = f64> {
        let first = (self.low / self.step - 1e-6).ceil() * self.step;
        let on = move |number: u32| first + f64::from(number) * self.step;
        (0..20).map(on).take_while(move |value| *value <= self.high + self.step * 1e-6).map(move |value| {
            // The sum of steps misses 0 by a little.
            if value.abs() < self.step / 1e6 { 0.0 } else { value }
        })
    }

    /// Digits that tell one round number from the next.
    pub(super) fn digits(&self) -> usize {
        let largest = self.low.abs().max(self.high.abs());
        let needed = (largest / self.step).log10().ceil().clamp(0.0, 13.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 13")]
        let needed = needed as usize;
        needed + 2
    }
}

/// The next of 1, 2 and 5 with some zeros.
fn round_up(number: f64) -> f64 {
    let power = 10_f64.powf(number.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    // One that is a rounding error larger is round already.
    round.into_iter().find(|round| *round >= number * (1.0 - 1e-9)).unwrap_or(number)
}

/// The round times on an axis of this width, with their labels.
pub(super) fn times(zone: &Zone, from: Timestamp, to: Timestamp, width: usize) -> Vec<(Timestamp, SafeText)> {
    let fit = i64::try_from((width / TIME).max(1)).unwrap_or(1);
    let seconds = to.duration_since(from).as_secs();
    let step = STEPS.into_iter().find(|step| seconds / step <= fit).unwrap_or(i64::MAX / 4);
    zone.round_times(from, to, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(values: &[f64], rows: usize) -> (Vec<f64>, usize) {
        let scale = Scale::new(values.iter().copied(), rows);
        (scale.ticks().collect(), scale.digits())
    }

    #[test]
    fn scales_are_round_and_hold_all_values() {
        assert_eq!(scale(&[0.01, 0.31], 7), (vec![0.0, 0.2], 3));
        assert_eq!(scale(&[3.0, 12.0], 7).0, [0.0, 5.0, 10.0]);
        assert_eq!(scale(&[-3.0, 4.0], 7).0, [-2.0, 0.0, 2.0, 4.0]);
        assert_eq!(scale(&[7.0], 3).0, [0.0, 5.0]);
        assert_eq!(scale(&[-7.0], 3).0, [-5.0, 0.0]);
        assert_eq!(scale(&[0.0], 3).0, [0.0, 0.5, 1.0]);
        assert_eq!(scale(&[], 3).0, [0.0, 0.5, 1.0]);
        let (far, digits) = scale(&[1_000_001.0, 1_000_002.5], 4);
        assert_eq!((far, digits), (vec![1_000_001.0, 1_000_002.0], 9));
        for values in [&[f64::MAX, f64::MIN][..], &[1e-300, 3e-300], &[f64::MAX], &[f64::MIN_POSITIVE]] {
            let scale = Scale::new(values.iter().copied(), 9);
            for value in values {
                assert!((0.0..=1.0).contains(&scale.share(*value)), "{values:?}: {scale:?}");
            }
            assert!(scale.ticks().count() >= 2, "{values:?}: {scale:?}");
        }
    }

    #[test]
    fn places_are_within_the_row() {
        assert_eq!([nearest(0.0, 10), nearest(0.5, 11), nearest(1.0, 10)], [0, 5, 9]);
        assert_eq!(
            [nearest(-3.0, 10), nearest(7.0, 10), nearest(f64::NAN, 10), nearest(1.0, 0)],
            [0, 9, 0, 0]
        );
    }
}
