//! The histogram of the pane: what it shows, and that moves in it move the log.

use super::*;
use crate::logs::histogram::Histogram;

/// A quarter of an hour from 03:00 on, a line each second, each hundredth an error; nothing from 03:05 to
/// 03:08.
fn quarter() -> Vec<String> {
    (0..900)
        .filter(|second| !(300..480).contains(second))
        .map(|second| {
            let level = if second % 100 == 75 { "ERROR" } else { "INFO" };
            format!("2026-11-22T03:{:02}:{:02}Z {level} n{second}", second / 60, second % 60)
        })
        .collect()
}

fn desk(width: u16, height: u16) -> Desk {
    let mut desk = Desk::new(width, height);
    desk.now = "2026-11-22T03:15:00Z".parse().unwrap();
    desk.ascii = true;
    desk.come("app", &quarter());
    desk.key(Id::Histogram);
    desk
}

impl Desk {
    /// The last word of the selected line: its second.
    fn second(&self) -> i64 {
        self.selected().rsplit(" n").next().unwrap().parse().unwrap()
    }

    /// The rows of the histogram without the border, in ASCII.
    fn strip(&mut self) -> Vec<String> {
        let (screen, _) = self.screen(true);
        let (_, strip) = self.logs.strip.split(inside(self.area));
        let row = |y| (strip.x..strip.right()).map(|x| screen[(x, y)].symbol()).collect::<String>();
        (strip.top()..strip.bottom()).map(|y| row(y).trim_end().to_owned()).collect()
    }

    /// The columns of the bar that stands out, in the rows of the bars.
    fn marked_columns(&mut self) -> Vec<u16> {
        let (screen, _) = self.screen(true);
        let (_, strip) = self.logs.strip.split(inside(self.area));
        let title = self.styles.of(Meaning::Title).fg;
        let is_marked = |x: &u16| (strip.y..strip.bottom() - 2).all(|y| screen[(*x, y)].style().fg == title);
        (strip.left()..strip.right()).filter(is_marked).collect()
    }
}

#[test]
fn it_shows_lines_errors_times_and_what_the_marked_bar_has() {
    let mut desk = desk(100, 20);
    let strip = desk.strip();
    assert_eq!(strip.len(), 6, "{strip:#?}");
    // 30 bars in 80 columns: each is two columns wide.
    assert!(strip[0].starts_with("         IIIIIIIIIIIIIIIIIIII            IIII"), "{strip:#?}");
    assert!(strip[1].starts_with("lines    IIII") && strip[1].ends_with("max 30"), "{strip:#?}");
    assert!(strip[2].starts_with("warnings  ") && strip[2].ends_with("max 0"), "{strip:#?}");
    assert!(strip[3].starts_with("errors       II  ") && strip[3].ends_with("max 1"), "{strip:#?}");
    assert!(strip[4].starts_with("03:00:00 ---") && strip[4].contains('^'), "{strip:#?}");
    assert!(strip[4].ends_with("03:14:59"), "{strip:#?}");
    assert_eq!(strip[5], "03:14:30: 30 lines, 1 error  1 bar = 30 s  all lines");
    // Nothing of it is told by colour alone: the mark is a sign below the bar that stands out.
    let mark = strip[4].find('^').unwrap();
    assert!(desk.marked_columns().contains(&u16::try_from(mark + 1).unwrap()), "{strip:#?}");
}

#[test]
fn moving_in_it_moves_the_log_and_moving_the_log_moves_its_mark() {
    let mut desk = desk(100, 20);
    assert!(!desk.logs.paused);
    desk.key(Id::Left);
    assert_eq!((desk.second(), desk.logs.paused), (840, true));
    desk.keys(&[Id::Left; 13]);
    assert_eq!(desk.second(), 270, "over the minutes without a line");
    assert!(desk.strip()[5].starts_with("03:04:30: 30 lines, 1 error"));
    desk.key(Id::Right);
    assert_eq!(desk.second(), 480);
    desk.keys(&[Id::Down, Id::Down]);
    let before = desk.marked_columns();
    desk.keys(&[Id::Down; 28]);
    assert_eq!(desk.second(), 510);
    assert_eq!(desk.marked_columns()[0], before[0] + 2);
    desk.key(Id::Top);
    assert!(desk.strip()[5].starts_with("03:00:00: 30 lines, 0 errors"));
    assert_eq!(desk.key(Id::Left).notice.unwrap().as_str(), "No line before this bar.");
    desk.key(Id::NextErrorBar);
    assert_eq!(desk.second(), 75);
    desk.keys(&[Id::NextErrorBar, Id::NextErrorBar, Id::NextErrorBar]);
    assert_eq!(desk.second(), 575);
    desk.keys(&[Id::Down, Id::PreviousErrorBar]);
    assert_eq!(desk.second(), 275);
    desk.key(Id::Bottom);
    assert!(!desk.logs.paused, "the end follows");
    assert_eq!(desk.key(Id::Right).notice.unwrap().as_str(), "No line after this bar.");
    assert_eq!(desk.key(Id::NextErrorBar).notice.unwrap().as_str(), "No error after this bar.");
    assert!(!desk.logs.paused, "what goes nowhere changes nothing");
}

#[test]
fn it_goes_to_what_is_around_the_window_then_away_and_by_esc() {
    let mut desk = desk(100, 20);
    desk.key(Id::Left);
    desk.key(Id::Histogram);
    let strip = desk.strip();
    assert!(strip[5].contains("1 bar = 5 s  around these lines"), "{strip:#?}");
    let grid = desk.logs.strip.histogram.grid();
    desk.keys(&[Id::Up; 9]);
    assert_eq!(desk.logs.strip.histogram.grid(), grid, "it stands while the lines are in it");
    desk.keys(&[Id::Left; 80]);
    let grid = desk.logs.strip.histogram.grid();
    let here = desk.logs.here().unwrap();
    assert!(grid.bar(here).is_some(), "and comes along");
    let stood = desk.second();
    assert!(stood < 300 && stood * 1000 % grid.step.millis() == 0, "{stood}");
    assert_eq!(desk.key(Id::Histogram).notice.unwrap().as_str(), "No histogram.");
    assert!(desk.strip().is_empty());
    desk.key(Id::Left);
    assert_eq!(desk.second(), stood, "without it Left is for the columns");
    let closed = desk.key(Id::NextErrorBar).notice.unwrap();
    assert!(closed.as_str().starts_with("The histogram is not open"));
    desk.key(Id::Histogram);
    desk.filter("n7");
    assert!(desk.with(|logs, view, _| logs.back(view)) && desk.strip().is_empty(), "Esc takes it away");
    assert_eq!(desk.logs.filter_text(), "n7", "before the filter");
}

#[test]
fn with_a_filter_it_tells_what_that_lets_through_of_how_many() {
    let mut desk = desk(100, 20);
    desk.filter("/n[0-9]*0$/");
    let strip = desk.strip();
    assert!(strip[0].starts_with("all      IIII") && strip[0].ends_with("max 30"), "{strip:#?}");
    assert!(strip[1].starts_with("shown    IIII") && strip[1].ends_with("max 3"), "{strip:#?}");
    assert!(strip[5].starts_with("03:14:30: 3 of 30 lines, 0 errors "), "{strip:#?}");
    desk.key(Id::Left);
    assert_eq!(desk.second(), 840);
    desk.filter("");
    desk.keys(&[Id::MinimumLevel, Id::MinimumLevel, Id::Bottom, Id::Left]);
    assert_eq!(desk.second(), 775, "only bars that have a line in force");
    assert!(desk.strip()[5].starts_with("03:12:30: 1 of 30 lines, 1 error "));
}

#[test]
fn lines_that_come_late_and_streams_out_of_scope() {
    let mut desk = desk(100, 20);
    desk.key(Id::Up);
    desk.come("lab", &["2026-11-22T03:14:35Z ERROR of the lab", "2026-11-22T03:14:36Z of the lab"]);
    assert!(desk.strip()[5].starts_with("03:14:30: 32 lines, 2 errors"), "{:#?}", desk.strip());
    desk.environment = Some("prod".into());
    desk.sync();
    assert!(desk.strip()[5].starts_with("03:14:30: 30 lines, 1 error "), "{:#?}", desk.strip());
    assert!(!desk.strip()[5].contains(" of "), "the scope is no filter");
}

#[test]
fn a_line_of_another_year_does_not_spoil_the_picture_and_can_be_gone_to() {
    let mut desk = desk(100, 20);
    desk.come("app", &["1996-01-01T00:00:00Z INFO n1"]);
    let strip = desk.strip();
    assert!(strip[5].contains("1 bar = 30 s  1 line far away"), "{strip:#?}");
    assert!(strip[4].starts_with("03:00:00"), "{strip:#?}");
    desk.keys(&[Id::Top]);
    assert_eq!(desk.second(), 1);
    assert!(desk.strip()[5].starts_with("the selected line is far from these"), "{:#?}", desk.strip());
    assert!(desk.marked_columns().is_empty());
    desk.key(Id::Right);
    assert_eq!(desk.second(), 0);
    desk.key(Id::Left);
    assert_eq!(desk.second(), 1);
}

#[test]
fn where_there_is_no_room_it_says_so_and_keys_are_those_of_the_lines() {
    for (width, height) in [(100, 9), (28, 20), (60, 5)] {
        let mut desk = desk(width, height);
        assert!(desk.strip()[0].starts_with("No room for the"), "{width}x{height}: {:?}", desk.strip());
        desk.key(Id::Right);
        assert_eq!(desk.logs.asked.left, 20);
    }
    let mut desk = desk(60, 10);
    let strip = desk.strip();
    assert_eq!(strip.len(), 4);
    assert_eq!(strip[3], "03:14:30: 30 lines, 1 error  1 bar = 30 s  all lines");
}

#[test]
fn a_file_is_counted_without_its_lines_and_read_where_a_bar_is_gone_to() {
    let mut desk = Desk::new(100, 20);
    desk.now = "2026-11-22T03:15:00Z".parse().unwrap();
    desk.buffer = Buffer::new(160 << 10);
    desk.buffer.open(&"/f".into(), &"app".into(), 10, false);
    let pieces = pieces();
    for (index, lines) in (0..10_u64).rev().zip(pieces.iter().rev()) {
        desk.buffer.put(index, lines, false);
        desk.buffer.forget_read();
    }
    desk.buffer.learn(&"/f".into(), 0);
    desk.sync();
    desk.read(&pieces);
    desk.key(Id::Histogram);
    assert!(desk.strip()[5].starts_with("02:49: 60 lines, 0 errors  1 bar = 1 min"), "{:#?}", desk.strip());
    let total: u64 = desk.logs.strip.histogram.bars().iter().map(|bar| bar.all.lines()).sum();
    assert_eq!(total, 3000);
    desk.keys(&[Id::Left]);
    desk.read(&pieces);
    assert_eq!(desk.selected(), "2026-11-22T02:48:00Z 2880");
    for minute in (20..48).rev() {
        desk.key(Id::Left);
        assert!(desk.strip()[5].starts_with(&format!("02:{minute}:")), "the mark is there before its lines");
        desk.read(&pieces);
        assert_eq!(desk.selected(), format!("2026-11-22T02:{minute:02}:00Z {}", minute * 60));
    }
    assert_eq!(desk.logs.strip.histogram.grid().step.millis(), 60_000);
}

#[test]
fn lines_are_counted_one_by_one_only_where_bars_are_short_and_then_once() {
    let mut desk = desk(100, 20);
    desk.key(Id::Left);
    for second in 0..50 {
        desk.come("app", &[format!("2026-11-22T03:15:{second:02}Z INFO n{}", 900 + second)]);
    }
    assert_eq!(desk.logs.strip.histogram.counted_lines(), 0, "tallies tell all");
    desk.key(Id::Histogram);
    desk.keys(&[Id::Up, Id::Down, Id::Left]);
    assert_eq!(desk.logs.strip.histogram.counted_lines(), 720, "shorter bars: one part, once");
}

#[test]
fn it_is_told_bar_by_bar_where_nothing_is_drawn() {
    let mut desk = desk(160, 24);
    let read = |desk: &mut Desk| {
        desk.with(|logs, view, _| {
            crate::ui::canvas::read((160, 400), false, |canvas| {
                logs.draw(view, Rect::new(0, 0, 160, 400), canvas);
            })
        })
    };
    let told = read(&mut desk);
    assert!(told.is_page);
    assert_eq!(
        told.heading[0].as_str(),
        "2 Logs, histogram of all lines, 1 bar = 10 s, told 3 bars at a time"
    );
    assert_eq!(told.lines.len(), 24, "bars without a line are not told");
    assert_eq!(told.lines[2].as_str(), "03:01:00: 30 lines, 1 error");
    assert_eq!(told.lines[23].as_str(), "03:14:30: 30 lines, 1 error (the selected line)");
    desk.key(Id::Left);
    let told = read(&mut desk);
    assert!(!told.is_page && told.lines[0].as_str().ends_with("INFO n880"), "{told:?}");
    let heading = "2 Logs, histogram of all lines, 1 bar = 10 s; bar 03:14:40: 10 lines, 0 errors";
    assert_eq!(told.heading[0].as_str(), heading);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn each_move_ends_where_counting_every_line_says(
        seconds in proptest::collection::vec((0_i64..3000, 0_u8..8), 1..80),
        filter in proptest::option::of("n1|level>=error|-n2"),
        keys in proptest::collection::vec(0_usize..5, 1..12),
        near in any::<bool>(),
    ) {
        const KEYS: [Id; 5] = [Id::Left, Id::Right, Id::NextErrorBar, Id::PreviousErrorBar, Id::Up];
        let mut desk = Desk::new(80, 16);
        desk.now = "2026-11-22T03:55:00Z".parse().unwrap();
        let mut lines: Vec<_> = seconds
            .iter()
            .map(|(second, kind)| {
                let level = if *kind == 0 { "ERROR" } else { "INFO" };
                (*second, format!("2026-11-22T03:{:02}:{:02}Z {level} n{second}", second / 60, second % 60))
            })
            .collect();
        let texts: Vec<_> = lines.iter().map(|(_, text)| text.clone()).collect();
        let (one, other) = texts.split_at(texts.len() / 2);
        if !one.is_empty() {
            desk.come("app", one);
        }
        desk.come("app", other);
        // Lines of one stream and second stand as they came.
        lines.sort_by_key(|(second, _)| *second);
        if let Some(filter) = &filter {
            desk.filter(filter);
            let passes = |text: &str| match filter.as_str() {
                "n1" => text.contains("n1"),
                "-n2" => !text.contains("n2"),
                _ => text.contains("ERROR"),
            };
            lines.retain(|(_, text)| passes(text));
        }
        desk.key(Id::Histogram);
        if near {
            desk.key(Id::Histogram);
        }
        let midnight = "2026-11-22T03:00:00Z".parse::<Timestamp>().unwrap().as_millisecond();
        for key in keys {
            let Some(before) = desk.logs.here() else { break };
            let step = desk.logs.strip.histogram.grid().step;
            let bar = step.number(before);
            let of = |second: i64| step.number(midnight + second * 1000);
            let is_error = |line: &&(i64, String)| line.1.contains("ERROR");
            let mut later = lines.iter().filter(|line| of(line.0) > bar);
            let mut earlier = lines.iter().rev().filter(|line| of(line.0) < bar);
            let first = |found: &(i64, String), errors: bool| {
                lines.iter().find(|line| of(line.0) == of(found.0) && (!errors || is_error(line))).unwrap().1.clone()
            };
            let wanted = match KEYS[key] {
                Id::Right => later.next().map(|line| line.1.clone()),
                Id::NextErrorBar => later.find(is_error).map(|line| line.1.clone()),
                Id::Left => earlier.next().map(|line| first(line, false)),
                Id::PreviousErrorBar => earlier.find(is_error).map(|line| first(line, true)),
                _ => None,
            };
            let stood = desk.selected();
            desk.key(KEYS[key]);
            if KEYS[key] != Id::Up {
                prop_assert_eq!(desk.selected(), wanted.unwrap_or(stood), "{:?}", KEYS[key]);
            }
            let here = desk.logs.here().unwrap();
            prop_assert_eq!(desk.logs.marked_bar(), desk.logs.strip.histogram.grid().bar(here));
            prop_assert!(desk.logs.marked_bar().is_some());
        }
        if !near {
            let bars = desk.logs.strip.histogram.bars();
            let shown: u64 = bars.iter().map(|bar| desk.logs.in_force(bar).lines()).sum();
            prop_assert_eq!(shown, lines.len() as u64);
            prop_assert_eq!(Histogram::reach(&desk.buffer, |_| true).map(|_| ()), Some(()));
        }
    }
}
