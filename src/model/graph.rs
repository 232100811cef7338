//! Graphs: numbers over time, as a source of metrics answers a query.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::text::RawText;

/// Series of one graph. What is more is counted: nobody tells more lines apart.
pub const SERIES: usize = 50;
/// Points of one series. The newest are kept, what is more is counted.
pub const POINTS: usize = 1000;

/// A number that can be drawn: neither NaN nor infinite, so that any two of them compare.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Finite(f64);

impl Finite {
    /// The number, if it can be drawn.
    pub fn new(number: f64) -> Option<Self> {
        // Adding 0 turns -0 into 0: they would be equal and not in one order.
        number.is_finite().then_some(Self(number + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

// Without NaN, equality is reflexive and the order is total.
impl Eq for Finite {}

impl Ord for Finite {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Finite {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<f64> for Finite {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a number is needed that is neither NaN nor infinite")
    }
}

impl From<Finite> for f64 {
    fn from(number: Finite) -> Self {
        number.0
    }
}

/// One number at one time. In JSON it is a pair: milliseconds since 1970, and the number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "(i64, Finite)", into = "(i64, Finite)")]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// What it was.
    pub value: Finite,
}

impl TryFrom<(i64, Finite)> for Point {
    type Error = jiff::Error;

    fn try_from((at, value): (i64, Finite)) -> Result<Self, Self::Error> {
        Ok(Self { at: Timestamp::from_millisecond(at)?, value })
    }
}

impl From<Point> for (i64, Finite) {
    fn from(point: Point) -> Self {
        (point.at.as_millisecond(), point.value)
    }
}

/// One line of a graph.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// What tells it from the others.
    pub labels: BTreeMap<RawText, RawText>,
    /// Its points, oldest first. Two that are further apart than the graph's step have a gap between
    /// them: there was no value, or none that can be drawn.
    pub points: Vec<Point>,
    /// Values that were NaN or infinite.
    #[serde(default)]
    pub undrawable: usize,
    /// Whether the newest value was one of those.
    #[serde(default)]
    pub ends_undrawable: bool,
}

/// Series of numbers over the same time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// The time from one point to the next.
    pub step: SignedDuration,
    /// The lines, at most [`SERIES`].
    pub series: Vec<Series>,
    /// Series that are not among them.
    #[serde(default)]
    pub more_series: usize,
    /// Points that were left out of the series that are.
    #[serde(default)]
    pub more_points: usize,
    /// What the source says of its answer: that it is partial, and why.
    #[serde(default)]
    pub warnings: Vec<RawText>,
}

impl Series {
    /// The newest value, if it can be drawn and is of the graph's last two steps before `to`:
    /// an older one is no longer so.
    pub fn now(&self, step: SignedDuration, to: Timestamp) -> Option<Finite> {
        let last = self.points.last().filter(|_| !self.ends_undrawable)?;
        let fresh = last.at.checked_add(step.saturating_mul(2)).is_ok_and(|until| until >= to);
        fresh.then_some(last.value)
    }

    /// The lowest and the highest value.
    pub fn bounds(&self) -> Option<(Finite, Finite)> {
        let values = || self.points.iter().map(|point| point.value);
        Some((values().min()?, values().max()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn series(points: &[(i64, f64)]) -> Series {
        let point =
            |(second, value): &(i64, f64)| Point { at: at(*second), value: (*value).try_into().unwrap() };
        Series {
            labels: BTreeMap::from([("job".into(), "a".into())]),
            points: points.iter().map(point).collect(),
            undrawable: 0,
            ends_undrawable: false,
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_no_number_here() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Finite::new(number), None);
        }
        assert_eq!(Finite::new(-0.0), Finite::new(0.0));
        assert_eq!(Finite::new(-0.0).cmp(&Finite::new(0.0)), std::cmp::Ordering::Equal);
        assert!(serde_json::from_str::<Finite>("1e999").is_err());
    }

    #[test]
    fn a_graph_reads_back_and_its_points_are_short() {
        let graph = Graph {
            step: SignedDuration::from_secs(30),
            series: vec![series(&[(0, 0.31), (30, -2.0)])],
            more_series: 3,
            more_points: 0,
            warnings: vec!["partial".into()],
        };
        let json = serde_json::to_string(&graph).unwrap();
        assert!(json.contains("[1800000000000,0.31]"), "{json}");
        assert_eq!(serde_json::from_str::<Graph>(&json).unwrap(), graph);
    }

    #[test]
    fn a_value_of_long_ago_is_not_the_value_of_now() {
        let step = SignedDuration::from_secs(30);
        let mut series = series(&[(0, 3.0), (30, 1.0)]);
        assert_eq!(series.now(step, at(90)), Finite::new(1.0));
        assert_eq!(series.now(step, at(91)), None);
        assert_eq!(series.bounds(), Some((Finite(1.0), Finite(3.0))));
        series.ends_undrawable = true;
        assert_eq!(series.now(step, at(31)), None);
    }
}
