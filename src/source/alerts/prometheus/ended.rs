//! What fired lately and has ended, from the series `ALERTS` that Prometheus keeps of its rules.

use jiff::Timestamp;
use serde::Deserialize;

use super::Envelope;
use crate::model::alert::{Alert, AlertState};
use crate::model::health::Failure;
use crate::net::exchange::{Request, Response};
use crate::source::alerts::labels::{self, Labels};
use crate::source::json::{self, Items};

/// Points of one series, at most; a server refuses more than 11,000.
const POINTS: i64 = 480;

#[derive(Deserialize)]
struct Matrix<'a> {
    #[serde(borrow)]
    result: Items<'a>,
}

#[derive(Deserialize)]
struct Series {
    metric: Labels,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// The request, and the seconds between two points.
pub(super) fn request(from: Timestamp, now: Timestamp) -> (Request, i64) {
    let (from, to) = (from.as_second(), now.as_second());
    let step = ((to - from) / POINTS).max(15);
    let request = Request::get("/api/v1/query_range")
        .query("query", r#"ALERTS{alertstate="firing"}"#)
        .query("start", from.to_string())
        .query("end", to.to_string())
        .query("step", step.to_string());
    (request, step)
}

/// The alerts that had ended by `now`, as exactly as the step allows, the last one first.
///
/// Errors when the answer has another shape.
pub(super) fn read(
    response: &Response,
    step: i64,
    now: Timestamp,
) -> Result<(Vec<Alert>, Option<Failure>), Failure> {
    let answer: Envelope<Matrix<'_>> = response.json()?;
    let (series, trouble) = json::items::<Series>(response, &answer.data.result)?;
    let mut ended = Vec::new();
    for Series { metric, values } in series {
        #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970, with a fraction")]
        let seconds = values.iter().map(|(second, _)| *second as i64);
        for (first, last) in spans(seconds, step) {
            if last + 2 * step < now.as_second() {
                ended.extend(alert(&metric, first, last + step));
            }
        }
    }
    ended.sort_by_key(|alert: &Alert| std::cmp::Reverse(alert.ended));
    Ok((ended, trouble))
}

/// First and last second of each stretch without a hole.
fn spans(seconds: impl Iterator<Item = i64>, step: i64) -> Vec<(i64, i64)> {
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for second in seconds {
        match spans.last_mut() {
            Some((_, last)) if second - *last <= step + step / 2 => *last = second,
            _ => spans.push((second, second)),
        }
    }
    spans
}

fn alert(metric: &Labels, first: i64, end: i64) -> Option<Alert> {
    let mut labels = metric.clone();
    labels.retain(|name, _| name != "__name__" && name != "alertstate");
    Some(Alert {
        severity: labels::severity(&labels),
        state: AlertState::Resolved,
        labels: labels::raw(&labels),
        ended: Some(Timestamp::from_second(end).ok()?),
        ..Alert::new(labels::identity(&labels), labels::name(&labels), Timestamp::from_second(first).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::poll::testing::answer;

    /// What Prometheus 2.42.0 answered, in steps of 15 s.
    const RANGE: &str = include_str!("../../../../tests/fixtures/prometheus/alerts_range.json");

    #[test]
    fn stretches_end_at_a_hole() {
        let spans = |seconds: &[i64]| spans(seconds.iter().copied(), 60);
        assert_eq!(spans(&[60, 120, 180, 600, 660]), [(60, 180), (600, 660)]);
        assert_eq!(spans(&[]), []);
        assert_eq!(spans(&[60]), [(60, 60)]);
    }

    #[test]
    fn what_fires_no_more_is_an_ended_alert() {
        let later = "2026-11-22T07:00:00Z".parse().unwrap();
        let range = answer(&request(later, later).0, 200, &[], RANGE);
        let ended = read(&range, 15, later).unwrap().0;
        let high = ended.iter().find(|alert| alert.name == "HighErrorRate".into()).unwrap();
        assert_eq!(high.state, AlertState::Resolved);
        assert_eq!(high.label("team"), Some(&"shop".into()));
        assert!(high.label("alertstate").is_none() && high.label("__name__").is_none());
        assert!(high.ended.unwrap() > high.started);
        let while_it_fires = "2026-11-22T05:59:00Z".parse().unwrap();
        assert!(read(&range, 15, while_it_fires).unwrap().0.is_empty());
    }
}
