//! A query over a time, by `/api/v1/query_range` (`docs/querying/api.md`).

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Envelope;
use crate::model::graph::{Finite, Graph, POINTS, Point, SERIES, Series};
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::net::exchange::{Request, Response};
use crate::source::alerts::labels::{self, Labels};
use crate::source::json::{self, Items};

/// Points that are asked for: two for each column of a wide terminal. A server refuses more than
/// 11,000.
const COLUMNS: i64 = 360;
/// Seconds between two points, at least: more often is seldom measured.
const FINEST: i64 = 15;
/// Series that a server is asked for at most, so that their number can be told (`limit`, since 2.54;
/// older servers give all).
const ASKED: usize = 4 * SERIES;
/// What the server says of a failed query is cut after so many characters.
const WORDS: usize = 500;
/// Warnings that are kept.
const WARNINGS: usize = 5;

#[derive(Deserialize)]
struct Failed {
    #[serde(default, rename = "errorType")]
    kind: String,
    error: String,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    warnings: Option<Vec<String>>,
    /// `VictoriaMetrics`: some of its storage did not answer.
    #[serde(default, rename = "isPartial")]
    is_partial: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matrix<'a> {
    result_type: String,
    #[serde(borrow, default)]
    result: Items<'a>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    metric: Labels,
    #[serde(default)]
    values: Vec<(f64, String)>,
    /// Native histograms, which are no numbers.
    #[serde(default)]
    histograms: Vec<IgnoredAny>,
}

/// The request for a query over a time. `None` for a time that runs backward.
pub(super) fn request(query: &str, from: Timestamp, to: Timestamp) -> Option<Request> {
    let (from, to) = (from.as_second(), to.as_second());
    if from > to {
        return None;
    }
    let request = Request::get("/api/v1/query_range")
        .query("query", query)
        .query("start", from.to_string())
        .query("end", to.to_string())
        .query("step", step(from, to).to_string())
        .query("limit", ASKED.to_string());
    // Its own words are in the bodies of these.
    Some(request.also(&[400, 422, 503]))
}

/// Seconds between two points.
fn step(from: i64, to: i64) -> i64 {
    ((to - from + COLUMNS - 1) / COLUMNS).max(FINEST)
}

/// Reads the answer to a query over this time.
///
/// Errors when the server refuses the query, in its own words, and when the answer has another shape.
pub(super) fn read(response: &Response, from: Timestamp, to: Timestamp) -> Result<Graph, Failure> {
    if response.status != 200 {
        return Err(refused(response));
    }
    let answer: Envelope<Matrix<'_>> = response.json()?;
    if answer.data.result_type != "matrix" {
        let what = format!("the answer is a {:.20}, and a matrix was asked for", answer.data.result_type);
        return Err(Failure::new(FailureKind::Unreadable, what));
    }
    let told: Told = response.json()?;
    let mut warnings: Vec<RawText> = Vec::new();
    if told.is_partial {
        warnings.push("the server says that its answer is partial".into());
    }
    let said = told.warnings.into_iter().flatten().take(WARNINGS);
    warnings.extend(said.map(|text| text.chars().take(WORDS).collect::<String>().into()));
    let all = answer.data.result.count();
    let (rows, trouble) = json::items::<Row>(response, &answer.data.result.first(SERIES))?;
    warnings.extend(trouble.map(|failure| failure.what));
    let histograms = rows.iter().filter(|row| !row.histograms.is_empty()).count();
    if histograms > 0 {
        let what = format!(
            "{histograms} of these are native histograms and have no line: histogram_quantile(0.99, ...) makes one"
        );
        warnings.push(what.into());
    }
    let mut more_points = 0;
    let series = rows.into_iter().map(|row| row.series(&mut more_points)).collect();
    let step = SignedDuration::from_secs(step(from.as_second(), to.as_second()));
    Ok(Graph { step, series, more_series: all.saturating_sub(SERIES), more_points, warnings })
}

impl Row {
    /// The newest points that can be drawn. Values that cannot are left out: where one stood is a gap.
    fn series(self, more: &mut usize) -> Series {
        let read = |(second, value): &(f64, String)| {
            let at = Timestamp::from_duration(SignedDuration::try_from_secs_f64(*second).ok()?).ok()?;
            Some((at, value.parse().ok().and_then(Finite::new)))
        };
        let mut values: Vec<_> = self.values.iter().filter_map(read).collect();
        values.sort_by_key(|(at, _)| *at);
        let surplus = values.len().saturating_sub(POINTS);
        *more += surplus;
        let values = values.split_off(surplus);
        let undrawable = values.iter().filter(|(_, value)| value.is_none()).count();
        Series {
            labels: labels::raw(&self.metric),
            ends_undrawable: values.last().is_some_and(|(_, value)| value.is_none()),
            points: values.into_iter().filter_map(|(at, value)| Some(Point { at, value: value? })).collect(),
            undrawable,
        }
    }
}

/// Why the server does not answer the query.
fn refused(response: &Response) -> Failure {
    let Ok(Failed { kind, error }) = response.json() else {
        let said = response.text();
        let first: String = String::from_utf8_lossy(said.as_bytes())
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("without a word")
            .chars()
            .take(WORDS)
            .collect();
        return Failure::new(FailureKind::Server, format!("status {}: {first}", response.status));
    };
    let error: String = error.chars().take(WORDS).collect();
    let failed = |sort, what| Failure::new(sort, what);
    match kind.as_str() {
        "timeout" => {
            failed(FailureKind::TimedOut, error).advise("ask for a shorter time, or for less at once")
        }
        "unavailable" | "internal" => failed(FailureKind::Server, error),
        _ => failed(FailureKind::Unreadable, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::poll::testing;

    /// What Prometheus 2.42.0 answered: two series over three hours in steps of 30 s, one of which was
    /// not scraped for twenty minutes.
    const RANGE: &str = include_str!("../../../../tests/fixtures/prometheus/query_range.json");
    /// Divisions by zero: `+Inf`, `-Inf` and `NaN` for ten minutes of an hour, in steps of 120 s.
    const INFINITE: &str = include_str!("../../../../tests/fixtures/prometheus/query_range_infinite.json");
    /// `sum by(`, with status 400.
    const BAD: &str = include_str!("../../../../tests/fixtures/prometheus/query_range_error.json");

    fn to() -> Timestamp {
        "2026-11-22T03:26:00Z".parse().unwrap()
    }

    fn from(hours: i64) -> Timestamp {
        to().checked_sub(SignedDuration::from_hours(hours)).unwrap()
    }

    fn answered(hours: i64, status: u16, body: &str) -> Result<Graph, Failure> {
        let request = request("x", from(hours), to()).unwrap();
        read(&testing::answer(&request, status, &[], body), from(hours), to())
    }

    fn said(failure: &Failure) -> &str {
        failure.what.as_str().unwrap()
    }

    #[test]
    fn steps_suit_the_screen_and_stay_far_below_what_a_server_refuses() {
        let steps = [1, 3, 12, 24, 24 * 365].map(|hours| step(from(hours).as_second(), to().as_second()));
        assert_eq!(steps, [15, 30, 120, 240, 87_600]);
        let request = request("up{job=\"a&b\"}", from(3), to()).unwrap();
        let has = |name: &str, value: &str| request.query.contains(&(name.to_owned(), value.to_owned()));
        assert!(has("query", "up{job=\"a&b\"}") && has("start", "1795307160") && has("end", "1795317960"));
        assert!(has("step", "30"));
        assert_eq!(super::request("up", to(), from(1)), None);
    }

    #[test]
    fn a_real_answer_has_its_series_and_a_hole_where_nothing_was_measured() {
        let graph = answered(3, 200, RANGE).unwrap();
        assert_eq!((graph.series.len(), graph.more_series, graph.more_points), (2, 0, 0));
        assert_eq!(graph.warnings, Vec::<RawText>::new());
        let [first, second] = graph.series.as_slice() else { panic!() };
        assert_eq!(first.labels[&"instance".into()], "web-1".into());
        assert_eq!((first.points.len(), first.points[0].at), (361, from(3)));
        assert!(first.now(graph.step, to()).unwrap() > Finite::new(0.25).unwrap());
        let gaps = second.points.windows(2).filter(|two| two[1].at.duration_since(two[0].at) > graph.step);
        let [gap] = gaps.collect::<Vec<_>>()[..] else { panic!() };
        // A server looks back for five minutes, so the gap is shorter than the time without a scrape.
        let minutes = gap[1].at.duration_since(gap[0].at).as_mins();
        assert!((14..=16).contains(&minutes), "{minutes}");
    }

    #[test]
    fn what_is_no_number_is_a_gap_and_is_counted() {
        let graph = answered(1, 200, INFINITE).unwrap();
        assert_eq!(graph.series.len(), 3);
        for series in &graph.series {
            assert_eq!(series.undrawable, 5, "{:?}", series.labels);
            assert_eq!(series.points.len() + series.undrawable, 31);
            let widest = series.points.windows(2).map(|two| two[1].at.duration_since(two[0].at)).max();
            assert_eq!(widest, Some(SignedDuration::from_mins(12)));
        }
    }

    #[test]
    fn a_refused_query_keeps_the_servers_own_words() {
        let failure = answered(3, 400, BAD).unwrap_err();
        assert_eq!(said(&failure), "1:8: parse error: unclosed left parenthesis");
        let slow =
            r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#;
        let failure = answered(3, 503, slow).unwrap_err();
        assert_eq!(failure.kind, FailureKind::TimedOut);
        assert!(failure.advice.is_some());
        let failure = answered(3, 503, "\nno healthy upstream\n").unwrap_err();
        assert_eq!(said(&failure), "status 503: no healthy upstream");
    }

    #[test]
    fn too_much_is_cut_and_counted_and_what_is_partial_says_so() {
        let row = |n: usize| format!(r#"{{"metric":{{"n":"{n}"}},"values":[[1795307160,"1"]]}}"#);
        let rows: Vec<_> = (0..70).map(row).collect();
        let body = |rows: &str, rest: &str| {
            format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{rows}]}}{rest}}}"#)
        };
        let graph = answered(3, 200, &body(&rows.join(","), r#","warnings":["store a is down"]"#)).unwrap();
        assert_eq!((graph.series.len(), graph.more_series), (SERIES, 20));
        assert_eq!(graph.warnings, [RawText::from("store a is down")]);

        let values: Vec<_> = (0..1500).map(|n| format!(r#"[{n}.5,"{n}"]"#)).collect();
        let long = format!(r#"{{"metric":{{}},"values":[{}]}}"#, values.join(","));
        let graph = answered(3, 200, &body(&long, r#","isPartial":true"#)).unwrap();
        assert_eq!((graph.series[0].points.len(), graph.more_points), (POINTS, 500));
        assert_eq!(graph.series[0].points[0].value, Finite::new(500.0).unwrap());
        assert_eq!(graph.warnings.len(), 1);

        let histogram = r#"{"metric":{},"histograms":[[1795307160,{"count":"3","sum":"1"}]]}"#;
        let graph = answered(3, 200, &body(histogram, "")).unwrap();
        assert!(graph.warnings[0].as_str().unwrap().contains("native histograms"));
        assert!(graph.series[0].points.is_empty());
        assert!(answered(3, 200, r#"{"data":{"resultType":"vector","result":[]}}"#).is_err());
        assert!(answered(3, 200, &body("", "")).unwrap().series.is_empty());
    }
}
