//! Lines by time and level in few slots: when the lines of a part were written, told without them.

use super::level::Level;

/// Slots of one tally, at most: 32 of them are 3/4 KiB, beside the 256 KiB of a piece of a file.
const SLOTS: usize = 32;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Each is a multiple of the one before it, so that slots of one are whole bars of those after it. The
/// longest divides all the years that there are into less than 100.
#[rustfmt::skip]
const STEPS: [i64; 29] = [
    1, 5, 10, 50, 100, 500,
    SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND,
    MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE,
    HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR,
    DAY, 5 * DAY, 10 * DAY, 50 * DAY, 100 * DAY, 500 * DAY, 1000 * DAY, 5000 * DAY, 10_000 * DAY,
    50_000 * DAY, 100_000 * DAY,
];

/// How long a bar or a slot is: one of a few round lengths, each a multiple of the shorter ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Step(u8);

impl Step {
    /// The shortest one with which both times and all between them lie in at most `most` bars.
    pub fn over((first, last): (i64, i64), most: i64) -> Self {
        let mut step = Self::default();
        while step.number(last) - step.number(first) >= most.max(1) && !step.is_longest() {
            step = step.longer();
        }
        step
    }

    /// Its length in milliseconds.
    pub fn millis(self) -> i64 {
        STEPS.get(usize::from(self.0)).copied().unwrap_or(1)
    }

    /// Which bar a time is in, counted from 1970.
    pub fn number(self, time: i64) -> i64 {
        time.div_euclid(self.millis())
    }

    /// When a bar begins.
    pub fn start(self, number: i64) -> i64 {
        number.saturating_mul(self.millis())
    }

    fn longer(self) -> Self {
        if self.is_longest() { self } else { Self(self.0 + 1) }
    }

    fn is_longest(self) -> bool {
        usize::from(self.0) + 1 >= STEPS.len()
    }
}

/// What a line counts as. A line that goes on with a record is not one more error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Grade {
    Rest,
    Warning,
    Error,
}

impl Grade {
    pub(super) fn new(level: Level, continues: bool) -> Self {
        match level {
            _ if continues => Self::Rest,
            Level::Error | Level::Fatal => Self::Error,
            Level::Warn => Self::Warning,
            _ => Self::Rest,
        }
    }
}

/// How many lines, and how many of them begin an error or a warning.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    /// Neither of the other two.
    pub(super) rest: u32,
    /// Records of level warn.
    pub warnings: u32,
    /// Records of level error or worse.
    pub errors: u32,
}

impl Count {
    /// All lines.
    pub fn lines(self) -> u64 {
        u64::from(self.rest) + u64::from(self.warnings) + u64::from(self.errors)
    }

    pub(super) fn count(&mut self, grade: Grade) {
        let count = match grade {
            Grade::Rest => &mut self.rest,
            Grade::Warning => &mut self.warnings,
            Grade::Error => &mut self.errors,
        };
        *count = count.saturating_add(1);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.rest = self.rest.saturating_add(other.rest);
        self.warnings = self.warnings.saturating_add(other.warnings);
        self.errors = self.errors.saturating_add(other.errors);
    }

    /// As many of each as lie before `done` of `whole` when they are spread evenly.
    pub(super) fn share(self, done: i64, whole: i64) -> Self {
        let share = |count: u32| {
            let part = i128::from(count) * i128::from(done.clamp(0, whole.max(0))) / i128::from(whole.max(1));
            u32::try_from(part).unwrap_or(count)
        };
        Self { rest: share(self.rest), warnings: share(self.warnings), errors: share(self.errors) }
    }

    /// What is left without `other`, which is a share of it.
    pub(super) fn without(self, other: Self) -> Self {
        Self {
            rest: self.rest.saturating_sub(other.rest),
            warnings: self.warnings.saturating_sub(other.warnings),
            errors: self.errors.saturating_sub(other.errors),
        }
    }
}

/// Lines by time: the shortest slots of which few are not empty. However lines are added, and in
/// whatever parts, the same lines give the same tally.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    step: Step,
    /// Numbers of slots that are not empty, ascending, and what is in them.
    slots: Vec<(i64, Count)>,
}

impl Tally {
    /// The tally of these lines, in as little memory as it needs.
    pub(super) fn of(lines: impl IntoIterator<Item = (i64, Grade)>) -> Self {
        let mut tally = Self::default();
        tally.extend(lines);
        tally.sealed()
    }

    /// How long its slots are.
    pub(super) fn step(&self) -> Step {
        self.step
    }

    /// The slots that are not empty, ascending: their numbers by [`Tally::step`].
    pub(super) fn slots(&self) -> &[(i64, Count)] {
        &self.slots
    }

    /// Bytes of memory beside itself.
    pub(super) fn size(&self) -> usize {
        self.slots.capacity() * size_of::<(i64, Count)>()
    }

    /// The same in as little memory as it needs.
    pub(super) fn sealed(mut self) -> Self {
        self.slots.shrink_to_fit();
        self
    }

    /// Adds lines: their times in milliseconds and what they count as.
    pub(super) fn extend(&mut self, lines: impl IntoIterator<Item = (i64, Grade)>) {
        // Most lines are of the slot of the one before.
        let (mut slot, mut from, mut to) = (0, 0, 0);
        for (time, grade) in lines {
            if !(from..to).contains(&time) {
                slot = self.slot(time);
                from = self.step.start(self.step.number(time));
                to = from.saturating_add(self.step.millis());
            }
            if let Some((_, count)) = self.slots.get_mut(slot) {
                count.count(grade);
            }
        }
    }

    /// Adds what another one has.
    pub(super) fn add(&mut self, other: &Self) {
        while self.step < other.step {
            self.coarsen();
        }
        for (number, added) in &other.slots {
            let slot = self.slot(other.step.start(*number));
            if let Some((_, count)) = self.slots.get_mut(slot) {
                count.add(*added);
            }
        }
    }

    /// The place of the slot of a time, which is made if there is none.
    fn slot(&mut self, time: i64) -> usize {
        loop {
            let number = self.step.number(time);
            match self.slots.binary_search_by_key(&number, |(number, _)| *number) {
                Ok(at) => return at,
                Err(at) if self.slots.len() < SLOTS || self.step.is_longest() => {
                    self.slots.insert(at, (number, Count::default()));
                    return at;
                }
                Err(_) => self.coarsen(),
            }
        }
    }

    fn coarsen(&mut self) {
        let longer = self.step.longer();
        let times = longer.millis() / self.step.millis();
        self.step = longer;
        for (number, _) in &mut self.slots {
            *number = number.div_euclid(times);
        }
        self.slots.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                kept.1.add(later.1);
            }
            is_same
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(lines: &[(i64, u8)]) -> Tally {
        Tally::of(lines.iter().map(|(time, grade)| (*time, grade_of(*grade))))
    }

    fn grade_of(grade: u8) -> Grade {
        [Grade::Rest, Grade::Warning, Grade::Error][usize::from(grade % 3)]
    }

    #[test]
    fn each_step_is_a_multiple_of_the_one_before() {
        for two in STEPS.windows(2) {
            assert_eq!(two[1] % two[0], 0, "{two:?}");
            assert!(two[1] <= 5 * two[0], "{two:?}");
        }
        let reach = (jiff::Timestamp::MIN.as_millisecond(), jiff::Timestamp::MAX.as_millisecond());
        assert!(Step::over(reach, 100).number(reach.1) - Step::over(reach, 100).number(reach.0) < 100);
    }

    #[test]
    fn a_step_is_the_shortest_that_fits() {
        let over = |span: i64, most| Step::over((7, 7 + span), most).millis();
        assert_eq!([over(0, 1), over(8, 10), over(60_000, 61), over(3_600_000, 100)], [1, 1, 1000, 60_000]);
        assert_eq!(over(i64::MAX - 7, 3), 100_000 * DAY, "it ends however far apart times are");
    }

    #[test]
    fn a_lone_burst_far_away_does_not_blur_the_rest() {
        let mut lines: Vec<_> = (0..1000).map(|n| (n % 20 * 1000 + n / 20 * 15, 0)).collect();
        lines.push((90 * DAY, 2));
        let tally = tally(&lines);
        assert_eq!((tally.step.millis(), tally.slots.len()), (1000, 21));
        assert_eq!(tally.slots[20].1, Count { errors: 1, ..Count::default() });
    }

    proptest! {
        #[test]
        fn it_is_the_same_however_lines_come(
            lines in proptest::collection::vec(
                (prop_oneof![0_i64..50, 0_i64..100_000, -DAY..DAY * 4000], 0_u8..3), 0..200),
            cut in 0_usize..200,
        ) {
            let whole = tally(&lines);
            prop_assert!(whole.slots.len() <= SLOTS);
            prop_assert!(whole.slots.is_sorted_by(|one, other| one.0 < other.0));
            let mut sum = Count::default();
            whole.slots.iter().for_each(|(_, count)| sum.add(*count));
            prop_assert_eq!(sum.lines(), lines.len() as u64);
            for (number, count) in &whole.slots {
                let within = |(time, _): &&(i64, u8)| whole.step.number(*time) == *number;
                let errors = lines.iter().filter(within).filter(|(_, grade)| *grade == 2).count();
                prop_assert_eq!(count.errors as usize, errors);
                prop_assert_eq!(count.lines(), lines.iter().filter(within).count() as u64);
            }
            let (one, other) = lines.split_at(cut.min(lines.len()));
            let mut joined = tally(one);
            joined.add(&tally(other));
            prop_assert_eq!(&joined, &whole);
            let backward: Vec<_> = lines.iter().rev().copied().collect();
            prop_assert_eq!(&tally(&backward), &whole);
        }
    }
}
