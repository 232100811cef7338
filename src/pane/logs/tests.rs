//! Key scripts and screens of the logs pane.

mod context;
mod save;
mod strip;

use jiff::SignedDuration;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer as Screen;
use ratatui::layout::Position;
use ratatui::style::Modifier;

use super::*;
use crate::config::{Config, Inputs};
use crate::logs::buffer::Buffer;
use crate::logs::format::Formats;
use crate::logs::merge::Wanted;
use crate::logs::segment::{Given, SegmentBuilder};
use crate::logs::split::Line as Bytes;
use crate::logs::stamp::Zone as StampZone;
use crate::model::catalog::Catalog;
use crate::model::claim::Claims;
use crate::model::credential::Credentials;
use crate::model::keeping::Keeping;
use crate::model::update::{News, Update};
use crate::model::world::{SourceInfo, World};
use crate::pane::effect::Effect;
use crate::ui::style::Styles;

fn styles(theme: &str) -> Styles {
    let variables = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("MIDWATCH_THEME", theme)];
    let inputs = Inputs {
        system: None,
        user: None,
        file: None,
        home: None,
        state: None,
        variables: variables.map(|(name, value)| (name.to_owned(), value.into())).to_vec(),
        flags: Vec::new(),
        kinds: &[],
        keys: |_| Vec::new(),
    };
    Styles::new(&Config::load(&inputs).unwrap().0.theme)
}

/// A pane, what it looks at, and where it stands.
struct Desk {
    logs: Logs,
    buffer: Buffer,
    world: World,
    styles: Styles,
    zone: Zone,
    catalog: Catalog,
    environment: Option<RawText>,
    now: Timestamp,
    area: Rect,
    ascii: bool,
}

impl Desk {
    fn new(width: u16, height: u16) -> Self {
        let source = |name: &str, environment: &str| SourceInfo {
            name: name.into(),
            kind: "file".into(),
            environment: Some(environment.into()),
            interval: None,
            gives: &[Gives::Logs],
            reads: Vec::new(),
            exposed: Vec::new(),
        };
        let mut world = World::new([source("app", "prod"), source("lab", "test")]);
        let now: Timestamp = "2026-11-22T03:12:30Z".parse().unwrap();
        for name in ["app", "lab"] {
            let news = News::Alive { troubles: Vec::new() };
            world.apply(&Update { source: name.into(), at: now, news });
        }
        Self {
            logs: Logs::default(),
            buffer: Buffer::default(),
            world,
            ascii: false,
            styles: styles("midnight"),
            zone: Zone::Utc,
            catalog: Catalog::default(),
            environment: None,
            now,
            area: Rect::new(0, 0, width, height),
        }
    }

    /// Lets `doing` have the pane and its view.
    fn with<R>(&mut self, doing: impl FnOnce(&mut Logs, &View<'_>, Rect) -> R) -> R {
        let view = View {
            ascii: self.ascii,
            world: &self.world,
            logs: &self.buffer,
            styles: &self.styles,
            now: self.now,
            zone: &self.zone,
            catalog: &self.catalog,
            credentials: &Credentials::default(),
            keeping: &Keeping::default(),
            incidents: &[],
            incidents_revision: 0,
            claims: &Claims::default(),
            hand_overs: &[],
            environments: &[],
            environment: self.environment.as_ref(),
            focused: true,
        };
        doing(&mut self.logs, &view, self.area)
    }

    fn sync(&mut self) {
        self.with(|logs, view, area| logs.sync(view, Some(area)));
    }

    /// Lines come as one segment.
    fn come(&mut self, stream: &str, lines: &[impl AsRef<[u8]>]) {
        let mut builder = SegmentBuilder::new(stream.into(), StampZone::default());
        for line in lines {
            builder.push(Bytes::from(line.as_ref()), Given::default(), self.now);
        }
        let source = stream.split(['/', ':']).next().unwrap_or_default();
        self.buffer.push(Arc::new(builder.seal().unwrap().said_by(source.into())));
        self.sync();
    }

    fn numbered(&mut self, from: usize, to: usize) {
        let lines: Vec<_> = (from..to).map(|n| format!("line {n}")).collect();
        self.come("app", &lines);
    }

    fn key(&mut self, id: Id) -> Outcome {
        let outcome = self.with(|logs, view, area| logs.run(id, view, area));
        self.sync();
        outcome
    }

    fn keys(&mut self, ids: &[Id]) {
        for id in ids {
            self.key(*id);
        }
    }

    fn filter(&mut self, text: &str) -> Outcome {
        let outcome = self.with(|logs, view, _| logs.filter(text, view));
        self.sync();
        outcome
    }

    fn screen(&mut self, ascii: bool) -> (Screen, Position) {
        let backend = TestBackend::new(self.area.width, self.area.height);
        let mut terminal = Terminal::new(backend).unwrap();
        self.with(|logs, view, area| {
            let marker = view.styles.of(Meaning::Marker);
            let work = |canvas: &mut Canvas<'_>| logs.draw(view, area, canvas);
            terminal.draw(|frame| crate::ui::canvas::draw(frame, ascii, marker, work)).unwrap();
        });
        let cursor = terminal.get_cursor_position().unwrap();
        (terminal.backend().buffer().clone(), cursor)
    }

    /// The rows of the screen as text.
    fn rows(&mut self) -> Vec<String> {
        let (screen, _) = self.screen(false);
        let row = |y| {
            let text: String = (0..self.area.width).map(|x| screen[(x, y)].symbol()).collect();
            text.trim_end().to_owned()
        };
        (0..self.area.height).map(row).collect()
    }

    /// What each row in the border says after mark, time and sign.
    fn texts(&mut self) -> Vec<String> {
        let front = usize::from(self.logs.front.width()) + 1;
        let rows = self.rows();
        let rows = &rows[1..rows.len() - 1];
        rows.iter()
            .map(|row| row.chars().skip(front).collect::<String>().trim_end_matches(['│', ' ']).to_owned())
            .collect()
    }

    /// The selected line's text.
    fn selected(&self) -> String {
        String::from_utf8_lossy(self.logs.selected().unwrap().line.bytes()).into_owned()
    }
}

#[test]
fn it_follows_until_a_move_upward_and_again_on_asking() {
    let mut desk = Desk::new(60, 6);
    desk.numbered(0, 10);
    assert_eq!(desk.texts(), ["line 6", "line 7", "line 8", "line 9"]);
    desk.key(Id::Down);
    desk.numbered(10, 11);
    assert_eq!(desk.texts(), ["line 7", "line 8", "line 9", "line 10"]);
    for up in [Id::Up, Id::PageUp, Id::HalfUp, Id::Top, Id::Mark] {
        desk.key(up);
        let still = desk.texts();
        desk.numbered(11, 12);
        assert_eq!(desk.texts(), still, "{up:?}");
        assert!(desk.rows()[5].contains("paused, 1 new below"), "{up:?}: {}", desk.rows()[5]);
        desk.key(if up == Id::Top { Id::Bottom } else { Id::Follow });
        assert_eq!(desk.selected(), "line 11");
        assert!(desk.rows()[5].contains("follow"));
    }
}

#[test]
fn the_cursor_moves_by_lines_and_the_window_comes_along() {
    let mut desk = Desk::new(60, 6);
    desk.numbered(0, 20);
    desk.keys(&[Id::Up, Id::Up]);
    assert_eq!((desk.selected().as_str(), desk.texts()[0].as_str()), ("line 17", "line 16"));
    assert_eq!(desk.screen(false).1, Position { x: 1, y: 2 });
    desk.keys(&[Id::Up, Id::Up]);
    assert_eq!((desk.selected().as_str(), desk.texts()[0].as_str()), ("line 15", "line 15"));
    desk.key(Id::PageUp);
    assert_eq!((desk.selected().as_str(), desk.texts()[0].as_str()), ("line 11", "line 11"));
    desk.key(Id::HalfDown);
    assert_eq!((desk.selected().as_str(), desk.texts()[0].as_str()), ("line 13", "line 13"));
    desk.key(Id::Top);
    assert_eq!((desk.selected().as_str(), desk.texts()[0].as_str()), ("line 0", "line 0"));
    desk.keys(&[Id::Up; 3]);
    assert_eq!(desk.selected(), "line 0");
    desk.keys(&[Id::Down; 4]);
    assert_eq!((desk.selected().as_str(), desk.texts()[0].as_str()), ("line 4", "line 1"));
    desk.keys(&[Id::PageDown; 9]);
    assert_eq!((desk.selected().as_str(), desk.texts()[3].as_str()), ("line 19", "line 19"));
    assert!(desk.rows()[5].contains("paused"), "the end is reached, but only F, G or End follow");
    desk.numbered(20, 22);
    assert!(desk.rows()[5].contains("2 new below"));
    desk.key(Id::Down);
    assert_eq!(desk.selected(), "line 20");
    assert!(desk.rows()[5].contains("1 new below"), "{:?} what was shown is no longer new", desk.rows());
}

#[test]
fn a_paused_view_is_byte_still_while_its_lines_are_given_up() {
    let mut desk = Desk::new(60, 8);
    desk.buffer = Buffer::new(300_000);
    desk.numbered(0, 20);
    desk.keys(&[Id::Up, Id::Up, Id::Mark]);
    let body = |desk: &mut Desk| {
        let (screen, cursor) = desk.screen(false);
        let rows = (1..7).flat_map(|y| (0..60).map(move |x| (x, y)));
        (rows.map(|at| screen[at].clone()).collect::<Vec<_>>(), cursor)
    };
    let (before, selected) = (body(&mut desk), desk.selected());
    for round in 0..300 {
        desk.numbered(20 + round * 512, 20 + (round + 1) * 512);
        if let Some(job) = desk.buffer.sealable() {
            desk.buffer.install(job.run().unwrap());
        }
    }
    assert!(desk.buffer.evicted() > 20, "the lines in sight were given up");
    assert_eq!(body(&mut desk), before);
    let foot = desk.rows()[7].clone();
    assert!(foot.contains("7,168 new below") && foot.contains("146,452 lines given up"), "{foot}");
    // A move inside the window still finds them.
    desk.key(Id::Up);
    assert_ne!(desk.selected(), selected);
    assert_eq!(desk.texts(), ["line 14", "line 15", "line 16", "line 17", "line 18", "line 19"]);
    let copied = desk.key(Id::CopyRow).show.unwrap().1;
    assert_eq!(
        copied.iter().map(SafeText::as_str).collect::<Vec<_>>(),
        ["line 17"],
        "the mark holds its line"
    );
    desk.key(Id::Follow);
    assert_eq!(desk.selected(), format!("line {}", 20 + 300 * 512 - 1));
}

#[test]
fn a_filter_shows_its_hits_and_a_wrong_one_says_where_and_changes_nothing() {
    let mut desk = Desk::new(60, 6);
    desk.numbered(0, 40);
    assert_eq!(desk.filter("9").notice, None);
    assert_eq!(desk.texts(), ["line 9", "line 19", "line 29", "line 39"]);
    assert_eq!(desk.with(|logs, view, _| logs.counts(view)), (4, 40));
    let wrong = desk.filter("x /(/").notice.unwrap();
    assert!(wrong.as_str().starts_with("Filter, column 3: regular expression"), "{}", wrong.as_str());
    assert_eq!((desk.texts().len(), desk.logs.filter_text()), (4, "9"));
    desk.keys(&[Id::PreviousMatch, Id::PreviousMatch, Id::NextMatch]);
    assert_eq!(desk.selected(), "line 29");
    desk.key(Id::NextMatch);
    assert!(desk.key(Id::NextMatch).notice.is_some());
    desk.key(Id::PreviousMatch);
    // Without the filter the hit stays where it was, now among its neighbours.
    assert!(desk.with(|logs, view, _| logs.back(view)));
    assert_eq!(desk.selected(), "line 29");
    assert_eq!(desk.texts(), ["line 27", "line 28", "line 29", "line 30"]);
    assert!(desk.key(Id::NextMatch).notice.is_some());
    assert!(!desk.with(|logs, view, _| logs.back(view)), "Esc does not end a pause");
}

#[test]
fn a_large_buffer_is_searched_in_slices_newest_first() {
    let mut desk = Desk::new(60, 6);
    for batch in 0..60 {
        desk.numbered(batch * 512, (batch + 1) * 512);
    }
    desk.filter("/000$/");
    assert!(desk.rows()[5].contains("searching"));
    assert_eq!(desk.texts()[3], "line 30000");
    let mut slices = 0;
    while desk.with(|logs, view, _| logs.next_wake(view)) == Some(desk.now) {
        desk.with(|logs, view, _| logs.advance(view));
        slices += 1;
    }
    assert!((1..9).contains(&slices), "{slices}");
    desk.sync();
    assert_eq!(desk.texts(), ["line 27000", "line 28000", "line 29000", "line 30000"]);
    assert_eq!(desk.with(|logs, view, _| logs.counts(view)), (30, 30_720));
}

#[test]
fn errors_are_one_key_away_with_and_without_a_filter() {
    let mut desk = Desk::new(60, 8);
    let lines: Vec<_> = (0..60)
        .map(|n| match n % 20 {
            5 => format!("ERROR broke {n}"),
            6 => "\tat Frame".to_owned(),
            _ => format!("fine {n}"),
        })
        .collect();
    desk.come("app", &lines);
    desk.key(Id::PreviousError);
    assert_eq!(desk.selected(), "ERROR broke 45");
    assert_eq!(desk.texts()[2], "ERROR broke 45", "a third down the window");
    desk.keys(&[Id::PreviousError, Id::PreviousError]);
    assert_eq!(desk.selected(), "ERROR broke 5");
    assert!(desk.key(Id::PreviousError).notice.is_some());
    desk.key(Id::NextError);
    assert_eq!(desk.selected(), "ERROR broke 25");
    desk.filter("5 -25");
    desk.key(Id::Top);
    desk.key(Id::NextError);
    assert_eq!(desk.selected(), "ERROR broke 45");
    desk.key(Id::PreviousError);
    assert_eq!(desk.selected(), "ERROR broke 5");
}

#[test]
fn the_minimum_level_keeps_the_lines_that_go_on_with_a_record() {
    let mut desk = Desk::new(70, 8);
    desk.come("app", &["INFO a", "WARN b", "  goes on", "ERROR c", "\tat Frame", "DEBUG d"]);
    desk.key(Id::MinimumLevel);
    assert_eq!(desk.texts()[..4], ["WARN b", "  goes on", "ERROR c", "        at Frame"]);
    assert!(desk.rows()[0].contains("level>=warn"));
    assert!(desk.rows()[1].contains("WRN") && !desk.rows()[2].contains("WRN"));
    desk.key(Id::MinimumLevel);
    assert_eq!(desk.texts()[..2], ["ERROR c", "        at Frame"]);
    assert!(desk.with(|logs, view, _| logs.back(view)));
    assert!(desk.rows()[1].contains("INF"));
}

#[test]
fn long_lines_are_cut_scrolled_to_the_side_or_wrapped() {
    let mut desk = Desk::new(60, 8);
    desk.come("app", &["one".to_owned(), format!("{} end", "word ".repeat(20))]);
    assert!(desk.texts()[1].ends_with('…'));
    desk.keys(&[Id::Right; 4]);
    assert!(desk.texts()[1].starts_with("word") && desk.texts()[1].ends_with(" end"));
    assert_eq!(desk.texts()[0], "");
    desk.key(Id::Wrap);
    assert_eq!(desk.texts()[0], "one");
    assert!(desk.texts()[3].ends_with("end"), "{:?}", desk.texts());
    assert!(desk.key(Id::Left).notice.is_some());
    // A line higher than the window begins at its top.
    desk.come("app", &[format!("first {}", "word ".repeat(200))]);
    assert!(desk.texts()[0].starts_with("first"));
    desk.key(Id::Up);
    assert!(desk.selected().starts_with("word"));
}

#[test]
fn marks_and_ranges_are_copied_in_order() {
    let mut desk = Desk::new(60, 8);
    desk.numbered(0, 30);
    let copied = |outcome: Outcome| -> Vec<String> {
        outcome.show.unwrap().1.iter().map(|line| line.as_str().to_owned()).collect()
    };
    assert_eq!(copied(desk.key(Id::CopyRow)), ["line 29"]);
    desk.keys(&[Id::Up, Id::Up, Id::Range, Id::Up, Id::Up]);
    assert_eq!(desk.rows().iter().filter(|row| row.starts_with("│*")).count(), 3);
    assert_eq!(copied(desk.key(Id::CopyRow)), ["line 25", "line 26", "line 27"]);
    desk.keys(&[Id::Top, Id::Mark]);
    assert_eq!(desk.selected(), "line 1");
    assert_eq!(copied(desk.key(Id::CopyRow)), ["line 0", "line 25", "line 26", "line 27"]);
    assert!(desk.with(|logs, view, _| logs.back(view)));
    assert_eq!(copied(desk.key(Id::CopyRow)), ["line 1"]);
    assert!(matches!(desk.key(Id::CopyRow).effects[..], [Effect::Copy(_)]));
}

#[test]
fn a_line_opens_in_full() {
    let mut desk = Desk::new(70, 20);
    desk.come("app/web", &[r#"{"level":"error","msg":"two\nlines","time":"2026-11-22T03:12:01Z"}"#]);
    desk.key(Id::Open);
    let page = desk.rows().join("\n");
    for part in ["stream app/web", "written 2026-11-22T03:12:01Z", "level error", "msg:", "  two", "  lines"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    desk.come("app/web", &["later"]);
    assert!(desk.rows().join("\n").contains("stream app/web"), "it stays open");
    assert!(desk.with(|logs, view, _| logs.back(view)));
    assert_eq!(desk.selected(), "later");
    desk.area.height = 3;
    desk.sync();
    desk.key(Id::Open);
    desk.keys(&[Id::Bottom]);
    assert!(desk.rows()[1].contains("later"));
}

#[test]
fn only_streams_of_the_environment_in_scope_are_shown() {
    let mut desk = Desk::new(70, 8);
    desk.come("app/web", &["production"]);
    desk.come("lab", &["laboratory"]);
    desk.come("/var/log/syslog", &["nobody knows whose"]);
    assert_eq!(desk.texts()[..3], ["production", "laboratory", "nobody knows whose"]);
    assert!(desk.rows()[1].contains(" web "), "{:?}", desk.rows());
    desk.environment = Some("prod".into());
    desk.sync();
    assert_eq!(desk.texts()[..2], ["production", "nobody knows whose"]);
    desk.come("lab:two", &["laboratory again"]);
    desk.come("app:two", &["production again"]);
    assert_eq!(desk.texts()[..3], ["production", "nobody knows whose", "production again"]);
    desk.environment = None;
    desk.sync();
    assert_eq!(desk.texts()[1], "laboratory");
}

#[test]
fn the_border_tells_rate_and_losses_and_drops_what_matters_least() {
    let mut desk = Desk::new(120, 6);
    let started = desk.now;
    desk.come("web", &vec!["ERROR x"; 200]);
    desk.come("db", &["WARN y"]);
    desk.buffer.count_dropped(&"db".into(), 1204);
    desk.now = started.checked_add(SignedDuration::from_secs(5)).unwrap();
    desk.sync();
    let rows = desk.rows();
    assert!(rows[0].starts_with("┌ 2 Logs  web, db  40/s ─"), "{}", rows[0]);
    assert_eq!(desk.with(|logs, view, _| logs.next_wake(view)).unwrap().as_second() % 5, 0);
    desk.now = started.checked_add(SignedDuration::from_secs(15)).unwrap();
    desk.sync();
    let rows = desk.rows();
    for part in ["█", "errors ", "live", "follow", "1,204 lines dropped"] {
        assert!(rows[5].contains(part), "{part}: {}", rows[5]);
    }
    assert!(!rows[0].contains("/s"));
    // Long after, nothing moves and nothing is asked for.
    desk.now = started.checked_add(SignedDuration::from_secs(1200)).unwrap();
    desk.sync();
    assert_eq!(desk.with(|logs, view, _| logs.next_wake(view)), None);
    desk.area.width = 40;
    desk.sync();
    desk.key(Id::Up);
    let foot = desk.rows()[5].clone();
    assert!(foot.contains("paused") && foot.contains("dropped") && !foot.contains("errors"), "{foot}");
}

#[test]
fn level_hit_and_selection_have_their_styles_and_never_colour_alone() {
    for theme in ["midnight", "mono"] {
        let mut desk = Desk::new(60, 6);
        desk.styles = styles(theme);
        desk.come("app", &["WARN disk", "fine disk"]);
        desk.filter("disk");
        let (screen, _) = desk.screen(false);
        let warning = desk.styles.of(Meaning::LevelWarning);
        let sign = &screen[(15, 1)];
        assert_eq!((sign.symbol(), sign.fg), ("W", warning.fg.unwrap_or_default()), "{theme}");
        let x = 1 + desk.logs.front.width() + 5;
        let found = desk.styles.of(Meaning::Match);
        for y in [1, 2] {
            let cell = &screen[(x, y)];
            assert_eq!(cell.symbol(), "d");
            assert_eq!(cell.bg, found.bg.unwrap_or_default(), "{theme} {y}");
            assert!(theme != "mono" || cell.modifier.contains(Modifier::REVERSED));
            assert_ne!(screen[(x - 1, y)].bg == cell.bg, theme == "midnight", "only the hit");
        }
        let selection = desk.styles.of(Meaning::Selection);
        assert_eq!((screen[(1, 2)].symbol(), screen[(2, 2)].bg), (">", selection.bg.unwrap_or_default()));
    }
}

#[test]
fn what_has_ended_does_not_read_live() {
    let mut desk = Desk::new(80, 8);
    let foot = |desk: &mut Desk, name: &str, news| {
        desk.world.apply(&Update { source: name.into(), at: desk.now, news });
        desk.sync();
        desk.rows()[7].clone()
    };
    let said = foot(&mut desk, "app", News::Ended);
    assert!(said.contains("1 of 2 ended") && !said.contains("live"), "{said}");
    assert!(desk.rows().concat().contains("1 of 2 sources live, 1 ended."), "{:?}", desk.rows());
    let said = foot(&mut desk, "lab", News::Ended);
    assert!(said.contains(" ended ") && !said.contains("of 2"), "{said}");
    let said = foot(&mut desk, "lab", News::Alive { troubles: Vec::new() });
    assert!(said.contains("1 of 2 ended"), "{said}");
}

#[test]
fn a_time_that_is_not_the_lines_own_is_marked() {
    let mut desk = Desk::new(80, 8);
    let lines = [
        r#"{"ts":"2026-11-22T03:10:00Z","msg":"says it"}"#,
        r#"{"msg":"says none"}"#,
        r#"{"ts":"2026-11-22T03:10:02Z","msg":"broke"}"#,
        "  at Shop.java:1",
        r#"{"ts":"2026-11-22T03:10:03Z","msg":"last"}"#,
    ];
    let marks = |desk: &mut Desk| {
        let rows = &desk.rows()[1..6];
        rows.iter().filter_map(|row| row.chars().nth(1)).collect::<String>()
    };
    // What was seen coming has that time.
    desk.come("app", &lines);
    assert_eq!(marks(&mut desk), "    >");

    let mut desk = Desk::new(80, 8);
    desk.buffer.open(&"/f".into(), &"app".into(), 1, false);
    let modified = "2026-11-22T03:12:00Z".parse().unwrap();
    let (zone, formats) = (StampZone::default(), Formats::default());
    let text = lines.join("\n");
    let piece = SegmentBuilder::of_file("/f".into(), &zone, &formats, text.as_bytes(), modified);
    desk.buffer.put(0, &Arc::new(piece.unwrap().said_by("app".into())), true).unwrap();
    desk.sync();
    assert_eq!(marks(&mut desk), " ~  >");
    desk.keys(&[Id::Up, Id::Up, Id::Up, Id::Open]);
    let page = desk.rows().concat();
    assert!(page.contains("says no time of its own") && page.contains("last written to"), "{page}");
}

#[test]
fn hits_are_marked_where_they_are_drawn() {
    for (line, ascii, wrap, sideways) in [
        ("plain needle here", false, false, 0),
        ("wide \u{4e2d}\u{6587} needle here", false, false, 0),
        ("wide \u{4e2d}\u{6587} needle here", true, false, 0),
        ("far, far away to the right is the needle of them all", false, false, 1),
        ("a line that is too long for one row of this pane has a needle in it", false, true, 0),
    ] {
        let mut desk = Desk { ascii, ..Desk::new(60, 6) };
        desk.come("app", &[line]);
        desk.filter("needle");
        desk.logs.asked.wrap = wrap;
        desk.sync();
        desk.keys(&vec![Id::Right; sideways]);
        let (screen, _) = desk.screen(ascii);
        let found = desk.styles.of(Meaning::Match).bg.unwrap();
        let cells = screen.content().iter().filter(|cell| cell.bg == found);
        assert_eq!(cells.map(ratatui::buffer::Cell::symbol).collect::<String>(), "needle", "{line} {ascii}");
    }
}

#[test]
fn every_size_draws_and_nothing_hostile_reaches_a_cell() {
    let hostile: Vec<&[u8]> = vec![
        b"\x1b]0;title\x07\x1b[2J\x1b[999;999H ERROR x",
        b"\xff\xfe\x00\x08\x7f",
        "\u{202e}evil \u{9b}31m \u{e0041}\u{200b}".as_bytes(),
        "wide \u{4e2d}\u{6587} e\u{301}\u{301}\u{301}".as_bytes(),
        b"\x1b[31mred\x1b[0m\ttab\r",
        b"",
    ];
    for (width, height) in [(1, 1), (2, 2), (3, 3), (7, 4), (20, 5), (40, 10), (80, 24), (200, 50)] {
        for ascii in [false, true] {
            for wrap in [false, true] {
                let mut desk = Desk { ascii, ..Desk::new(width, height) };
                desk.come("app\x1b[2J/\u{202e}x", &hostile);
                desk.come("b", &hostile);
                desk.logs.asked.wrap = wrap;
                desk.filter("e");
                desk.keys(&[Id::Up, Id::Right, Id::RawLines, Id::PageUp, Id::PageDown, Id::Mark]);
                for open in [false, true] {
                    if open {
                        desk.key(Id::Open);
                    }
                    let (screen, _) = desk.screen(ascii);
                    for cell in screen.content() {
                        let bad =
                            |c: char| c.is_control() || matches!(u32::from(c), 0x202e | 0x200b | 0xe0041);
                        assert!(!cell.symbol().contains(bad), "{:?}", cell.symbol());
                        assert!(!ascii || cell.symbol().is_ascii(), "{:?}", cell.symbol());
                    }
                }
            }
        }
    }
}

#[test]
fn an_empty_pane_says_why() {
    let mut desk = Desk::new(60, 6);
    desk.sync();
    assert!(desk.rows()[1].contains("No line yet. 2 of 2 sources live."), "{:?}", desk.rows());
    desk.numbered(0, 5);
    desk.filter("absent");
    assert!(desk.rows()[1].contains("No row matches the filter."));
    desk.world = World::default();
    desk.buffer = Buffer::default();
    desk.filter("");
    assert!(desk.rows().join(" ").contains("[[source]]"));
    assert!(desk.key(Id::CopyRow).notice.is_some());
    desk.keys(&[Id::Up, Id::Down, Id::PageUp, Id::PageDown, Id::Mark, Id::Range, Id::Open, Id::NextError]);
}

#[test]
fn a_frame_costs_the_same_whatever_is_held() {
    let mut desk = Desk::new(60, 20);
    desk.numbered(0, 100);
    let first: Vec<_> = desk.logs.window.rows.iter().map(Arc::clone).collect();
    desk.numbered(100, 102);
    let known = |row: &&Arc<Row>| first.iter().any(|old| Arc::ptr_eq(old, row));
    assert_eq!(desk.logs.window.rows.iter().filter(known).count(), 16, "only new lines are made");
    // Nothing new: the window is not even looked at.
    let made_of = desk.logs.made_of;
    desk.sync();
    assert_eq!((desk.logs.made_of, desk.logs.window.rows.len()), (made_of, 18));
}

#[test]
fn a_time_is_gone_to_from_where_one_is() {
    let mut desk = Desk::new(60, 6);
    let lines: Vec<_> = (0..50).map(|n| format!("2026-11-20T23:{:02}:00Z line {n}", n + 10)).collect();
    desk.come("app", &lines);
    for (written, expected) in [
        ("23:20", 10),
        ("23:45:30", 36),
        ("-10m", 26),
        ("+3s", 27),
        ("+2m", 29),
        ("00:30", 49),
        ("2026-11-20T23:11", 1),
        ("2026-11-01", 0),
    ] {
        let told = desk.with(|logs, view, _| logs.go_to(written, view)).expect(written);
        assert_eq!(told.is_some(), matches!(written, "00:30" | "2026-11-01"), "{written}: {told:?}");
        desk.sync();
        assert!(desk.selected().ends_with(&format!(" line {expected}")), "{written}: {}", desk.selected());
    }
    assert!(desk.with(|logs, view, _| logs.go_to("HighErrorRate", view)).is_none());
    assert!(desk.rows()[5].contains("paused"));
}

/// The pieces of a file of 3000 numbered lines, 300 in each.
fn pieces() -> Vec<Arc<crate::logs::segment::Segment>> {
    let line = |n: usize| format!("2026-11-22T02:{:02}:{:02}Z {n}\n", n / 60, n % 60);
    let piece = |index: usize| {
        let text: String = (index * 300..(index + 1) * 300).map(line).collect();
        let modified = "2026-11-22T03:00:00Z".parse().unwrap();
        let (zone, formats) = (StampZone::default(), Formats::default());
        let lines = SegmentBuilder::of_file("/f".into(), &zone, &formats, text.as_bytes(), modified);
        Arc::new(lines.unwrap().said_by("app".into()))
    };
    (0..10).map(piece).collect()
}

impl Desk {
    /// Reads what the pane asks for, until it asks for nothing; returns which pieces.
    fn read(&mut self, pieces: &[Arc<crate::logs::segment::Segment>]) -> Vec<u64> {
        let mut read = Vec::new();
        loop {
            let effects = self.with(|logs, view, _| logs.asks(view));
            let asked: Vec<u64> = effects
                .iter()
                .filter_map(|effect| if let Effect::Piece(_, piece) = effect { Some(*piece) } else { None })
                .collect();
            if asked.is_empty() {
                return read;
            }
            for piece in asked {
                let part = self.buffer.put(piece, &pieces[usize::try_from(piece).unwrap()], true).unwrap();
                self.with(|logs, view, _| logs.look_at(part, view));
                self.buffer.forget_read();
                read.push(piece);
            }
            self.now = self.now.checked_add(SignedDuration::from_secs(2)).unwrap();
            self.sync();
        }
    }
}

#[test]
fn a_line_of_a_file_that_had_no_end_is_shown_with_what_came_of_it() {
    let mut desk = Desk::new(60, 6);
    desk.buffer.open(&"/f".into(), &"app".into(), 1, false);
    let piece = |text: &str| {
        let modified = "2026-11-22T03:00:00Z".parse().unwrap();
        let (zone, formats) = (StampZone::default(), Formats::default());
        let lines = SegmentBuilder::of_file("/f".into(), &zone, &formats, text.as_bytes(), modified);
        Arc::new(lines.unwrap().said_by("app".into()))
    };
    for (text, last) in [("one\nbalance=5", "balance=5"), ("one\nbalance=5500 EUR\n", "balance=5500 EUR")] {
        let part = desk.buffer.put(0, &piece(text), true).unwrap();
        desk.with(|logs, view, _| logs.look_at(part, view));
        desk.sync();
        assert!(desk.selected().ends_with(last), "{}", desk.selected());
    }
    assert_eq!(desk.buffer.open(&"/f".into(), &"app".into(), 0, true), 2);
    desk.sync();
    assert!(desk.rows()[5].contains("2 lines gone with a file before"), "{:?}", desk.rows());
    let stats = desk.buffer.streams().next().unwrap();
    assert_eq!((stats.received, stats.held, stats.evicted, stats.gone), (0, 0, 0, 2));
}

#[test]
fn a_file_is_read_where_somebody_looks() {
    let mut desk = Desk::new(60, 6);
    desk.buffer = Buffer::new(160 << 10);
    desk.buffer.open(&"/f".into(), &"app".into(), 10, false);
    let pieces = pieces();
    for (index, lines) in (0..10_u64).rev().zip(pieces.iter().rev()) {
        desk.buffer.put(index, lines, false);
        desk.buffer.forget_read();
    }
    desk.sync();
    assert!(desk.rows()[5].contains("0% of the file known"), "{:?}", desk.rows());
    desk.buffer.learn(&"/f".into(), 0);
    desk.sync();
    desk.read(&pieces);
    assert_eq!(desk.selected(), "2026-11-22T02:49:59Z 2999");
    // This test holds all of them.
    let used = desk.buffer.used() - desk.buffer.pinned();
    assert!(used < 50_000, "{used}");
    desk.key(Id::Top);
    assert_eq!(desk.texts()[3], "2026-11-22T02:49:59Z 2999", "until it is read the window stands");
    assert!(desk.rows()[5].contains("reading"), "{:?}", desk.rows());
    let read = desk.read(&pieces);
    assert!(read.starts_with(&[0]) && read.len() < 4, "{read:?}");
    assert_eq!(desk.selected(), "2026-11-22T02:00:00Z 0");
    // What is near is here before somebody goes there: each key works at once.
    for n in 1..1000 {
        desk.key(Id::Down);
        assert_eq!(desk.selected(), format!("2026-11-22T02:{:02}:{:02}Z {n}", n / 60, n % 60));
        desk.read(&pieces);
    }
    desk.filter("777");
    let seek = desk.with(|logs, view, _| logs.asks(view));
    let Some(Effect::Seek(source, sought)) = seek.iter().find(|effect| matches!(effect, Effect::Seek(..)))
    else {
        panic!("{seek:?}")
    };
    assert_eq!((source, sought.query.to_string().as_str()), (&"app".into(), "777"));
    let number = sought.number;
    for (index, lines) in (1..10_u64).rev().zip(pieces.iter().rev()) {
        if index == 1 {
            // What another search found is nothing to this one.
            desk.with(|logs, view, _| logs.rule_out(number + 1, &"/f".into(), &[0], view));
            assert!(desk.with(|logs, view, _| logs.is_searching(view)));
        }
        let part = desk.buffer.put(index, lines, false).unwrap();
        desk.with(|logs, view, _| logs.look_at(part, view));
        desk.buffer.forget_read();
    }
    desk.with(|logs, view, _| logs.rule_out(number, &"/f".into(), &[0], view));
    assert!(!desk.with(|logs, view, _| logs.is_searching(view)));
    desk.sync();
    desk.read(&pieces);
    let all = (0..3000).filter(|n| n.to_string().contains("777")).count();
    assert_eq!(desk.with(|logs, view, _| logs.counts(view)), (all, 3000));
    desk.key(Id::Follow);
    desk.read(&pieces);
    assert_eq!(desk.texts()[2], "2026-11-22T02:46:17Z 2777");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_window_is_what_a_naive_walk_over_all_lines_gives(
        batches in proptest::collection::vec((0_u8..2, proptest::collection::vec("[ab]{1,3}|ERROR [ab]|  at [ab]", 1..9)), 1..12),
        filter in "(-?[ab]{1,2}|stream:s1|level>=error)?",
        keys in proptest::collection::vec(0_usize..8, 0..14),
        height in 3_u16..9,
        context in 0_usize..4,
    ) {
        const KEYS: [Id; 8] =
            [Id::Up, Id::Down, Id::PageUp, Id::PageDown, Id::HalfUp, Id::HalfDown, Id::Top, Id::Follow];
        let mut desk = Desk::new(60, height);
        for (stream, lines) in &batches {
            desk.come(&format!("s{stream}"), lines);
        }
        desk.filter(&filter);
        let naive_filter = Query::parse(&filter, Timestamp::UNIX_EPOCH).unwrap();
        let wanted = Wanted::default();
        let merged = Merged { buffer: &desk.buffer, search: None, wanted: &wanted };
        let every: Vec<_> =
            merged.forward(Key::FIRST).map(|line| (line.key, naive_filter.matches(&line))).collect();
        let around = if filter.is_empty() { 0 } else { context };
        let near = |at: usize| {
            let from = at.saturating_sub(around);
            every[from..every.len().min(at + around + 1)].iter().any(|(_, is_hit)| *is_hit)
        };
        let shown: Vec<(Key, bool)> = (0..every.len()).filter(|at| near(*at)).map(|at| every[at]).collect();
        let all: Vec<Key> = shown.iter().map(|(key, _)| *key).collect();
        for _ in 0..context {
            desk.key(Id::MoreContext);
        }
        let rows = usize::from(height) - 2;
        // While it follows: the last hit in sight.
        let newest = (all.len().saturating_sub(rows)..all.len()).rev().find(|at| shown[*at].1);
        let newest = newest.unwrap_or(all.len().saturating_sub(1));
        let index = |key: Option<Key>| all.iter().position(|known| Some(*known) == key).unwrap_or_default();
        let mut cursor = index(desk.logs.selected().map(|row| row.line.key));
        let mut top = index(desk.logs.window.rows.first().map(|row| row.line.key));
        prop_assert!(shown.is_empty() || shown[cursor].1, "no hit is selected");
        let mut following = !desk.logs.paused;
        for key in keys {
            let stands = following && matches!(KEYS[key], Id::Down | Id::PageDown | Id::HalfDown);
            desk.key(KEYS[key]);
            following = !desk.logs.paused;
            if stands || following {
                prop_assert!(following);
                (cursor, top) = (newest, all.len().saturating_sub(rows));
                let window = desk.logs.window.rows.iter().map(|row| row.line.key);
                prop_assert_eq!(window.collect::<Vec<_>>(), &all[top..]);
                prop_assert_eq!(desk.logs.selected().map(|row| row.line.key), all.get(cursor).copied());
                continue;
            }
            // A list of the same numbers, moved by the same keys.
            let last = all.len().saturating_sub(1);
            let last_top = all.len().saturating_sub(rows);
            let shown = rows.min(all.len()).max(1);
            let half = shown.div_ceil(2);
            let (by, down) = match KEYS[key] {
                Id::Up => (1, false),
                Id::Down => (1, true),
                Id::PageUp => (shown, false),
                Id::PageDown => (shown, true),
                Id::HalfUp => (half, false),
                Id::HalfDown => (half, true),
                Id::Top => (all.len(), false),
                _ => (all.len(), true),
            };
            let scrolls = by > 1 || matches!(KEYS[key], Id::PageUp | Id::PageDown | Id::HalfUp | Id::HalfDown);
            cursor = if down { (cursor + by).min(last) } else { cursor.saturating_sub(by) };
            if scrolls {
                top = if down { top + by } else { top.saturating_sub(by) };
            }
            top = top.min(cursor).max((cursor + 1).saturating_sub(rows)).min(last_top);
            let window: Vec<Key> = desk.logs.window.rows.iter().map(|row| row.line.key).collect();
            let naive: Vec<Key> = all.iter().copied().skip(top).take(rows).collect();
            prop_assert_eq!(&window, &naive, "after {:?}", KEYS[key]);
            prop_assert_eq!(desk.logs.selected().map(|row| row.line.key), all.get(cursor).copied());
        }
    }
}
