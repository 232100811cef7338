//! What the view shows and does, by lines that come and time that goes on.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::config::theme::{Depth, built_ins};
use crate::logs::buffer::Buffer;
use crate::logs::mining::{InForce, Mined};
use crate::logs::segment::{Given, Segment, SegmentBuilder};
use crate::logs::split::Line;
use crate::logs::stamp::Zone as StampZone;
use crate::model::catalog::Catalog;
use crate::model::claim::Claims;
use crate::model::credential::Credentials;
use crate::model::keeping::Keeping;
use crate::model::world::World;
use crate::pane::effect::Effect;
use crate::ui::canvas;
use crate::ui::style::Styles;
use crate::ui::time::Zone;

/// The view, what it looks at, and a worker that is always quick.
struct Desk {
    mining: Mining,
    patterns: Patterns,
    buffer: Buffer,
    world: World,
    filter: String,
    ascii: bool,
    now: Timestamp,
    area: Rect,
    jobs: usize,
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-22T{text}Z").parse().unwrap()
}

impl Desk {
    fn new(width: u16, height: u16) -> Self {
        let mining = Mining::default();
        Self {
            patterns: Patterns::new(&mining),
            mining,
            buffer: Buffer::default(),
            world: World::new([]),
            filter: String::new(),
            ascii: true,
            now: at("03:30:00"),
            area: Rect::new(0, 0, width, height),
            jobs: 0,
        }
    }

    fn with<R>(&mut self, doing: impl FnOnce(&mut Patterns, &mut Mining, &InForce<'_>, &View<'_>) -> R) -> R {
        let view = View {
            ascii: self.ascii,
            world: &self.world,
            logs: &self.buffer,
            styles: &Styles::new(&built_ins(Depth::True)[0]),
            now: self.now,
            zone: &Zone::Utc,
            catalog: &Catalog::default(),
            credentials: &Credentials::default(),
            keeping: &Keeping::default(),
            incidents: &[],
            incidents_revision: 0,
            claims: &Claims::default(),
            hand_overs: &[],
            environments: &[],
            environment: None,
            focused: true,
        };
        let words = Query::parse(&self.filter, self.now).unwrap();
        let hidden = BTreeSet::new();
        let force =
            InForce { written: &self.filter, words: &words, minimum: Level::Unknown, hidden: &hidden };
        doing(&mut self.patterns, &mut self.mining, &force, &view)
    }

    /// Lines come: seconds after 03:00, and what they say.
    fn come(&mut self, lines: impl IntoIterator<Item = (i64, String)>) {
        let segment = self.segment(lines);
        self.buffer.push(segment);
    }

    /// A file lies there with these lines, and its source has mined them.
    fn read(&mut self, lines: impl IntoIterator<Item = (i64, String)>) {
        let segment = self.segment(lines);
        self.buffer.open(&"app".into(), &"app".into(), 1, false);
        let effects = self.with(|_, mining, force, view| mining.asks(force, view));
        for effect in effects {
            if let Effect::MineFile(source, order) = effect {
                order.take(&segment, 0..segment.lines());
                let mined = Mined { number: order.number, found: order.found() };
                self.mining.hear_of_file(&source, mined, (1, 1));
            }
        }
        self.sync();
    }

    fn segment(&self, lines: impl IntoIterator<Item = (i64, String)>) -> Arc<Segment> {
        let mut builder = SegmentBuilder::new("app".into(), StampZone::default());
        for (second, text) in lines {
            let time = at("03:00:00") + SignedDuration::from_secs(second);
            builder.push(Line::from(format!("{time} {text}").as_bytes()), Given::default(), self.now);
        }
        Arc::new(builder.seal().unwrap())
    }

    /// Everything is mined, and the view takes it.
    fn mine(&mut self) {
        loop {
            let effects = self.with(|_, mining, force, view| mining.asks(force, view));
            let jobs: Vec<_> = effects
                .into_iter()
                .filter_map(|effect| match effect {
                    Effect::Mine(job) => Some(job),
                    _ => None,
                })
                .collect();
            if jobs.is_empty() {
                break;
            }
            for job in jobs {
                self.jobs += 1;
                let (mined, now) = (job.run(), self.now);
                self.mining.hear(Some(mined), now);
            }
        }
        self.sync();
    }

    fn sync(&mut self) {
        let area = self.area;
        self.with(|patterns, mining, force, view| {
            patterns.fit(area);
            patterns.sync(mining, force.words, view);
        });
    }

    fn run(&mut self, id: Command) -> Outcome {
        self.with(|patterns, _, _, view| patterns.run(id, view))
    }

    fn screen(&mut self) -> String {
        let (area, ascii) = (self.area, self.ascii);
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        self.with(|patterns, _, _, view| {
            terminal
                .draw(|frame| {
                    canvas::draw(frame, ascii, ratatui::style::Style::new(), |canvas| {
                        patterns.draw(view, area, canvas);
                    });
                })
                .unwrap();
        });
        let buffer = terminal.backend().buffer();
        let row = |y: u16| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..area.height).map(|y| row(y).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    fn rows(&self) -> Vec<&str> {
        self.patterns.list.order().iter().map(|id| &*self.patterns.row(*id).unwrap().text).collect()
    }
}

/// Half an hour: one thing all the time, one that ends at 03:20, one that begins there, one that surges.
fn half_an_hour() -> Vec<(i64, String)> {
    let mut lines = Vec::new();
    for second in 0..1800 {
        lines.push((second, format!("INFO order {second} placed")));
        if second < 1200 && second % 10 == 0 {
            lines.push((second, format!("INFO rates cached for {second} s")));
        }
        if second >= 1200 && second % 5 == 0 {
            lines.push((second, format!("ERROR pool exhausted after {second} ms")));
        }
        if second % 60 == 0 || (second >= 1200 && second % 4 == 0) {
            lines.push((second, format!("WARN slow answer {second}")));
        }
    }
    lines
}

#[test]
fn what_is_new_surges_or_went_quiet_since_the_onset_stands_in_its_view() {
    let mut desk = Desk::new(100, 20);
    desk.mining.set_onset(at("03:20:00"), "HighErrorRate".into());
    desk.patterns = Patterns::new(&desk.mining);
    desk.come(half_an_hour());
    desk.mine();
    assert_eq!(desk.rows(), ["pool exhausted after <time>"]);
    let screen = desk.screen();
    assert!(screen.contains("[new 1]  surging 1   quiet 1"), "{screen}");
    assert!(screen.contains("|Since 03:15, 5 min before HighErrorRate began"), "{screen}");
    assert!(screen.contains("ERR    120") && screen.contains("pool exhausted after <time>"), "{screen}");
    assert!(screen.contains("4 patterns of 2210 records seen since 03:00"), "{screen}");
    assert!(screen.contains("2026-11-22T03:20:00Z ERROR pool exhausted after 1200 ms"), "{screen}");
    desk.run(Command::NextTab);
    assert_eq!(desk.rows(), ["slow answer <num>"]);
    assert!(desk.screen().contains("x10 "), "{}", desk.screen());
    desk.run(Command::NextTab);
    assert_eq!(desk.rows(), ["rates cached for <time>"]);
    assert!(desk.screen().contains("quiet 10m"), "{}", desk.screen());
    desk.run(Command::NextTab);
    assert_eq!(desk.rows()[0], "order <num> placed");
    assert_eq!(desk.rows().len(), 4);
}

#[test]
fn another_moment_is_a_key_away_and_a_time_can_be_written() {
    let mut desk = Desk::new(100, 20);
    desk.come(half_an_hour());
    desk.mine();
    let screen = desk.screen();
    assert!(screen.contains("[top 4]  new 1   surging 1   quiet 1"), "{screen}");
    assert!(screen.contains("In the last 15 min"), "{screen}");
    let said = desk.run(Command::NextMoment).notice.unwrap();
    assert!(said.as_str().contains("In the last 1 min"), "{said:?}");
    assert!(
        !desk.mining.set_chosen("soon", desk.now, TimeZone::UTC)
            && desk.mining.set_chosen("03:15", desk.now, TimeZone::UTC)
    );
    desk.patterns.choose();
    desk.sync();
    assert!(desk.screen().contains("Since 03:15"), "{}", desk.screen());
    desk.mining.close(at("03:25:00"));
    desk.sync();
    desk.run(Command::NextMoment);
    assert!(desk.screen().contains("Since 03:25, when you looked last"), "{}", desk.screen());
}

#[test]
fn of_files_that_lie_still_time_is_counted_from_the_newest_record() {
    let mut desk = Desk::new(100, 20);
    desk.now = at("05:10:00");
    let last = (1800, "INFO order 1800 placed".to_owned());
    desk.read(half_an_hour().into_iter().chain([last]));
    assert!(desk.screen().contains("new 1 "), "{}", desk.screen());
    desk.mining.close(at("05:05:00"));
    desk.patterns = Patterns::new(&desk.mining);
    desk.sync();
    let screen = desk.screen();
    assert!(screen.contains("new 1 ") && !screen.contains("looked last"), "{screen}");
    assert!(screen.contains("In the 15 min before the newest record (03:30)"), "{screen}");
    for (written, name, new) in [
        ("-15m", "Since 03:15, 15m before the newest record (03:30)", 1),
        ("03:15", "Since 03:15", 1),
        ("05:00", "Since 05:00, which is after the newest record (03:30)", 0),
    ] {
        assert!(desk.mining.set_chosen(written, desk.now, TimeZone::UTC));
        desk.patterns.choose();
        desk.sync();
        assert!(desk.screen().contains(name), "{}", desk.screen());
        assert_eq!(desk.rows().len(), new, "{written}");
    }
    // A look before the newest record counts.
    desk.mining.close(at("03:25:00"));
    desk.sync();
    desk.run(Command::NextMoment);
    assert!(desk.screen().contains("Since 03:25, when you looked last"), "{}", desk.screen());
}

#[test]
fn of_a_time_before_all_lines_nothing_is_said() {
    let mut desk = Desk::new(100, 20);
    desk.mining.set_onset(at("02:50:00"), "HighErrorRate".into());
    desk.patterns = Patterns::new(&desk.mining);
    desk.come(half_an_hour());
    desk.mine();
    let screen = desk.screen();
    assert!(screen.contains("[top 4]  new 0 ") && screen.contains("so none is called new"), "{screen}");
    desk.run(Command::NextTab);
    assert!(
        desk.screen().contains("Nothing is known of the time before: s takes another."),
        "{}",
        desk.screen()
    );
}

#[test]
fn a_pattern_that_is_chosen_stays_in_the_list_and_another_filter_begins_anew() {
    let mut desk = Desk::new(100, 20);
    desk.come(half_an_hour());
    desk.mine();
    let jobs = desk.jobs;
    desk.filter = "pattern:\"slow answer <num>\" -pattern:\"order <num> placed\"".to_owned();
    desk.mine();
    assert_eq!((desk.jobs, desk.rows().len()), (jobs, 4), "nothing was mined again");
    assert!(desk.screen().contains("excluded"), "{}", desk.screen());
    desk.filter = "level>=warn".to_owned();
    desk.mine();
    assert_eq!(desk.rows(), ["slow answer <num>", "pool exhausted after <time>"]);
}

#[test]
fn what_comes_is_mined_four_times_a_second_and_nothing_wakes_while_nothing_comes() {
    let mut desk = Desk::new(100, 20);
    desk.come(half_an_hour());
    desk.mine();
    let wake = |desk: &mut Desk| desk.with(|_, mining, _, view| mining.next_wake(view));
    assert_eq!(wake(&mut desk), None);
    desk.come([(1801, "INFO order 7 placed".to_owned())]);
    let next = wake(&mut desk).unwrap();
    assert_eq!(next, desk.now + SignedDuration::from_millis(250));
    assert!(desk.with(|_, mining, force, view| mining.asks(force, view)).is_empty(), "it waits");
    desk.now = next;
    desk.mine();
    assert_eq!(wake(&mut desk), None);
    assert!(desk.screen().contains("4 patterns of 2211 records"), "{}", desk.screen());
}

#[test]
fn a_worker_that_breaks_is_told_and_a_late_answer_to_another_order_is_not_taken() {
    let mut desk = Desk::new(100, 20);
    desk.come(half_an_hour());
    let effects = desk.with(|_, mining, force, view| mining.asks(force, view));
    let [Effect::Mine(job)] = &effects[..] else { panic!("{effects:?}") };
    let late = job.clone().run();
    desk.filter = "level>=error".to_owned();
    assert!(desk.with(|_, mining, force, view| mining.asks(force, view)).is_empty(), "one at a time");
    let now = desk.now;
    desk.mining.hear(Some(late), now);
    desk.mine();
    assert_eq!(desk.rows(), ["pool exhausted after <time>"]);
    desk.mining.hear(None, now);
    desk.sync();
    assert!(desk.screen().contains("mining broke down"), "{}", desk.screen());
}

#[test]
fn rows_hold_still_under_a_finger_and_a_row_is_copied_with_its_example() {
    let mut desk = Desk::new(80, 12);
    desk.come(half_an_hour());
    desk.mine();
    desk.run(Command::Down);
    let order = desk.patterns.list.order().to_vec();
    desk.come((0..5000).map(|second| (1801, format!("INFO another kind of line {second}"))));
    desk.now += SignedDuration::from_millis(500);
    desk.mine();
    assert_eq!(desk.patterns.list.order(), order);
    let shown = desk.run(Command::CopyRow).show.unwrap();
    let lines: Vec<_> = shown.1.iter().map(SafeText::as_str).collect();
    assert_eq!(lines[0], "170 records, first 03:00, last 03:29: slow answer <num>");
    assert_eq!(lines[1], "2026-11-22T03:00:00Z WARN slow answer 0");
    desk.now += SignedDuration::from_secs(3);
    desk.mine();
    assert_eq!(desk.rows()[0], "another kind of line <num>");
}

#[test]
fn it_fits_into_small_screens() {
    for (width, height) in [(60, 20), (40, 8), (20, 5), (3, 3), (1, 1)] {
        let mut desk = Desk::new(width, height);
        desk.come(half_an_hour());
        desk.mine();
        let screen = desk.screen();
        assert!(width < 40 || screen.contains("order <num> placed"), "{screen}");
        for tab in 0..4 {
            desk.run(if tab < 2 { Command::NextTab } else { Command::PreviousTab });
            desk.screen();
        }
    }
}
