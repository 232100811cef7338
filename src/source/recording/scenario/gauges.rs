//! What a source of metrics answers in a scenario: series of numbers that follow curves.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::dice::{self, Dice};
use super::lines::Curve;
use crate::model::graph::{Finite, Graph, POINTS, Point, Series};
use crate::model::text::RawText;
use crate::model::update::DetailKey;

/// Seconds between two points at least, and points of a graph at most, as a Prometheus is asked.
const FINEST: i64 = 15;
const COLUMNS: i64 = 360;

/// One series: a query may have several.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gauge {
    pub(super) source: RawText,
    /// What is asked for.
    pub(super) query: String,
    #[serde(default)]
    labels: BTreeMap<RawText, RawText>,
    curve: Curve,
    /// By which part of it chance moves a value, up or down.
    #[serde(default)]
    noise: f64,
}

impl Gauge {
    /// Its value: what it is at a time does not depend on who asks, or from when.
    fn at(&self, at: Timestamp, day: Date, seed: u64) -> f64 {
        let own = self.labels.iter().fold(dice::hash(self.query.as_bytes()), |sum, (name, value)| {
            dice::hash(&[&sum.to_be_bytes(), name.as_bytes(), value.as_bytes()].concat())
        });
        let slot = at.as_second().div_euclid(FINEST).unsigned_abs();
        let chance = Dice::new(seed, &[own, slot]).unit();
        self.curve.at(at, day) * (1.0 + self.noise * (2.0 * chance - 1.0))
    }
}

/// The answer to a query over a time, if some series are of it.
pub(super) fn graph(
    gauges: &[Gauge],
    source: &RawText,
    key: &DetailKey,
    day: Date,
    seed: u64,
) -> Option<Arc<Graph>> {
    let DetailKey::Graph { query, from, to } = key else { return None };
    let asked: Vec<_> = gauges
        .iter()
        .filter(|gauge| gauge.source == *source && query == &gauge.query.as_str().into())
        .collect();
    let seconds = to.as_second().checked_sub(from.as_second()).filter(|seconds| *seconds >= 0)?;
    let step = SignedDuration::from_secs((seconds + COLUMNS - 1).div_euclid(COLUMNS).max(FINEST));
    // A server begins at the whole second that it was asked for.
    let begin = Timestamp::from_second(from.as_second()).ok()?;
    let times: Vec<_> = std::iter::successors(Some(begin), |at| at.checked_add(step).ok())
        .take_while(|at| at <= to)
        .take(POINTS)
        .collect();
    let series = |gauge: &Gauge| {
        let point = |at: &Timestamp| Some(Point { at: *at, value: Finite::new(gauge.at(*at, day, seed))? });
        Series {
            labels: gauge.labels.clone(),
            points: times.iter().filter_map(point).collect(),
            undrawable: 0,
            ends_undrawable: false,
        }
    };
    let series: Vec<_> = asked.into_iter().map(series).collect();
    let graph = Graph { step, series, more_series: 0, more_points: 0, warnings: Vec::new() };
    (!graph.series.is_empty()).then(|| Arc::new(graph))
}
