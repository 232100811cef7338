//! Charts as a person sees them, as text.

use ratatui::buffer::Buffer;

use super::*;
use crate::model::graph::Finite;

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2026-11-22T00:26:00Z".parse().unwrap();
    start.checked_add(SignedDuration::from_mins(minute)).unwrap()
}

fn points(values: impl IntoIterator<Item = (i64, f64)>) -> Vec<Point> {
    let point = |(minute, value)| Point { at: at(minute), value: Finite::new(value).unwrap() };
    values.into_iter().map(point).collect()
}

fn chart<'a>(lines: &[&'a [Point]]) -> Chart<'a> {
    let line = |points: &&'a [Point]| Line { points, style: Style::new() };
    Chart {
        from: at(0),
        to: at(180),
        step: SignedDuration::from_mins(1),
        lines: lines.iter().map(line).collect(),
        level: None,
        marks: Vec::new(),
        axis: Style::new(),
    }
}

fn mark(minute: i64, sign: &'static str, upright: bool) -> Mark {
    Mark { at: at(minute), sign: SafeText::literal(sign), upright, style: Style::new() }
}

fn shown(chart: &Chart<'_>, size: (u16, u16), ascii: bool) -> Vec<String> {
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    chart.draw(&mut Canvas::new(&mut buffer, ascii, Style::new()), area, &Zone::Utc);
    let row = |y| (0..size.0).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..size.1).map(|y| row(y).trim_end().to_owned()).collect()
}

/// 0.01 for two and a half hours, then up to 0.31 within four minutes.
fn ratio() -> Vec<Point> {
    points((0..=180).map(|minute| {
        (
            minute,
            if minute < 164 {
                0.01
            } else {
                0.01 + 0.075 * f64::from(i32::try_from((minute - 164).min(4)).unwrap())
            },
        )
    }))
}

/// Two that cross, one of them with a hole of half an hour, and a short one.
fn waves() -> (Vec<Point>, Vec<Point>, Vec<Point>) {
    let wave = |minute: i64, period: f64| (f64::from(i32::try_from(minute).unwrap()) / period).sin();
    (
        points((0..=180).map(|minute| (minute, 3.0 + wave(minute, 20.0)))),
        points((0..=180).filter(|m| !(60..90).contains(m)).map(|m| (m, 2.5 + wave(m + 47, 30.0)))),
        points((0..=30).map(|minute| (minute, 1.0))),
    )
}

#[test]
fn a_line_its_level_its_onset_and_its_changes() {
    let ratio = ratio();
    let mut chart = chart(&[&ratio]);
    chart.level = Some((0.05, Style::new()));
    // The change of the onset's own column stands beside it.
    chart.marks =
        vec![mark(165, "!", true), mark(165, "1", false), mark(20, "2", false), mark(200, "3", false)];
    let expected = [
        "    │                                    ┆⡏⠉⠉",
        "    │                                    ⢸",
        " 0.2│                                    ⢸",
        "    │                                    ⢸",
        "    │                                    ⡎",
        "0.05│╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌⡇╌╌╌",
        "   0│⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠇",
        "    └────2──┴────────────┴────────────┴─1!───",
        "          01:00        02:00        03:00",
    ];
    assert_eq!(shown(&chart, (45, 9), false), expected);
    let expected = [
        "    |             **",
        " 0.2|             *",
        "0.05|**************-",
        "    +--2----+----1!-",
        "          02:00",
    ];
    assert_eq!(shown(&chart, (20, 5), true), expected, "the smallest");
}

#[test]
fn several_lines_have_letters_and_a_hole_stays_one() {
    let (one, two, three) = waves();
    let chart = chart(&[&one, &two, &three]);
    let expected = [
        " │⣀⡀⢀⡠⠔⠚⠉⠉⠉⠑⠒⠤⣀                   ⣀⡤⠖⠊⠉⠉⠉⠒⠢⢄a",
        " │a⠚⠉⠉⠑⠒⠤⢄b   ⠈⠑⠦⣀             ⢀⠴⠊⠁   ⢀⣠⠤⠒⠚⠉b",
        " │        ⠈⠑⠲⢤⣀  ⠈⠑⢦⣀       ⣀⠤⠚⠁  b⡤⠖⠋⠁",
        "2│             ⠉⠂   ⠈⠉⠒⠒⠒⠒a⠋⠁⣀⣠⠴⠒⠉⠁",
        " │                     ⠐⠒⠒⠒⠉⠉",
        " │⠉⠉⠉⠉⠉⠉⠉c",
        "0│",
        " └────────┴─────────────┴─────────────┴──────",
        "        01:00         02:00         03:00",
    ];
    assert_eq!(shown(&chart, (45, 9), false), expected);
    let expected = [
        " |bb aaaaaaaaaa                   aaaaaaaaaaa",
        " |abbbbbbbb   aaaa             aaaa   bbbbbbb",
        " |        bbbbb  aaaa       aaaa  bbbbb",
        "2|             bb   aaaaaaaaabbbbbb",
        " |                     bbbbbb",
        " |cccccccc",
        "0|",
        " +--------+-------------+-------------+------",
        "        01:00         02:00         03:00",
    ];
    assert_eq!(shown(&chart, (45, 9), true), expected);
    assert_eq!(
        [letter(0), letter(25), letter(26), letter(99)].map(|l| l.as_str().to_owned()),
        ["a", "z", "A", "?"]
    );
}

#[test]
fn any_size_any_number_and_any_time_can_be_drawn() {
    let wild = points([(0, f64::MAX), (1, f64::MIN), (2, f64::MIN_POSITIVE), (500, 3.0), (-500, 2.0)]);
    for ascii in [false, true] {
        for (width, height) in (0..40).flat_map(|width| (0..12).map(move |height| (width, height))) {
            let mut chart = chart(&[&wild, &[], &wild]);
            chart.level = Some((f64::MAX, Style::new()));
            chart.marks = (0..30).map(|_| mark(90, "1", true)).collect();
            let rows = shown(&chart, (width, height), ascii);
            let is_empty = rows.iter().all(String::is_empty);
            assert_eq!(is_empty, (width, height).0 < SMALLEST.0 || height < SMALLEST.1, "{width}x{height}");
            assert!(!ascii || rows.iter().all(|row| row.is_ascii()), "{rows:?}");
            chart.to = chart.from;
            assert!(shown(&chart, (width, height), ascii).iter().all(String::is_empty));
        }
    }
}
