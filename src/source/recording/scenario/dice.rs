//! Chance that is the same in each run: splitmix64.

/// A stream of numbers that its seed decides.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// Dice for one use: what is thrown here does not depend on what is thrown elsewhere.
    pub(super) fn new(seed: u64, uses: &[u64]) -> Self {
        Self(uses.iter().fold(seed, |state, part| scramble(state ^ scramble(*part))))
    }

    /// Any number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From 0 up to, not including, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a f64 holds exactly")]
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` to `high`, both included; `low` when they are the wrong way round.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = high.saturating_sub(low).saturating_add(1);
        // The bias of the remainder is far below what anybody sees in a log.
        low.saturating_add(self.next() % span)
    }

    /// One of these.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let last = from.len().checked_sub(1)?;
        from.get(usize::try_from(self.between(0, last as u64)).ok()?)
    }

    /// Hexadecimal digits, as of an id.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        std::iter::repeat_with(|| char::from_digit((self.next() >> 60) as u32, 16).unwrap_or('0'))
            .take(digits)
            .collect()
    }
}

/// A number for a name or an identity: FNV-1a, which is the same everywhere and always.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The output function of splitmix64 (Steele, Lea, Flood 2014; the constants are Vigna's).
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

fn scramble(state: u64) -> u64 {
    mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // The first outputs for seed 1234567 of Vigna's splitmix64.c.
        let mut dice = Dice(1_234_567);
        assert_eq!(dice.next(), 6_457_827_717_110_365_317);
        assert_eq!(dice.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn throws_stay_in_their_range_and_differ_by_seed_and_use() {
        let mut dice = Dice::new(1, &[2]);
        for _ in 0..1000 {
            assert!((3..=9).contains(&dice.between(3, 9)));
            assert!((0.0..1.0).contains(&dice.unit()));
        }
        assert_eq!((dice.between(7, 3), dice.between(0, u64::MAX) > 0), (7, true));
        assert_eq!(dice.pick::<u8>(&[]), None);
        let first = |seed, uses: &[u64]| Dice::new(seed, uses).next();
        assert_eq!(first(1, &[2]), first(1, &[2]));
        assert!(first(1, &[2]) != first(1, &[3]) && first(1, &[2]) != first(2, &[2]));
        assert!(first(1, &[2, 3]) != first(1, &[3, 2]));
    }
}
