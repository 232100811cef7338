//! Whole screens of a fixed outage at five sizes, kept as text; how they look is checked beside it.
//!
//! `UPDATE_SCREENS=1 cargo test --test screens` writes them anew.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up has failed, and what it keeps is written when asked for"
)]

#[path = "support/console.rs"]
#[expect(dead_code, reason = "other tests press more keys")]
mod console;

use std::path::PathBuf;
use std::sync::Arc;

use console::{Console, alert, at, run, setup};
use midwatch::config::key::{Code, Key};
use midwatch::config::theme::{Depth, Meaning, built_ins};
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::Line;
use midwatch::logs::stamp::Zone;
use midwatch::model::alert::Severity;
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::{Folder, NoteReply};
use midwatch::model::update::{DetailKey, Gives, News, Update};
use midwatch::model::world::SourceInfo;
use midwatch::net::exchange::Response;
use midwatch::pane::effect::{Effect, Msg};
use midwatch::runtime::backend::FrameBackend;
use midwatch::source::alerts::prometheus::{PrometheusConfig, State};
use midwatch::source::poll::{Fetched, Vendor as _};
use midwatch::ui::style::Styles;
use ratatui::Terminal;
use ratatui::layout::Size;
use ratatui::style::Color;

const SIZES: [(u16, u16); 5] = [(60, 20), (80, 24), (100, 30), (120, 40), (200, 60)];

/// What is pressed from the root, and the name of the screen that it leads to.
const VIEWS: &[(&str, &str)] = &[
    ("root", "3"),
    ("alert", "3 Enter"),
    ("alert-end", "3 Enter G"),
    ("graph", "3 : g r a p h space x Enter"),
    ("watch", "3 : w a t c h space x > 0 . 0 5 Enter"),
    ("run", "1 Enter"),
    ("logs", "2"),
    ("line", "2 k k Enter"),
    ("notes", "4"),
    ("sources", "0"),
    ("source", "0 Enter"),
    ("changes", "3 W"),
    ("filter", "3 / l a t"),
    ("help", "?"),
    ("palette", ": t h e m e"),
];

fn logs(console: &mut Console, from: i64, lines: i64) {
    let mut builder = SegmentBuilder::new("checkout-7d9f".into(), Zone::default());
    for n in from..from + lines {
        let line = match n % 6 {
            0 => format!(
                "level=error msg=\"payment refused\" order={} took={}ms",
                4000 + n * 7,
                90 + n * 13 % 900
            ),
            3 => format!("level=warn msg=\"retry\" attempt={}", n % 4),
            _ => format!("level=info msg=\"order placed\" order={}", 4000 + n * 7),
        };
        builder.push(Line::from(line.as_bytes()), Given::default(), at(n - 60));
    }
    console.send(Msg::Segment(Arc::new(builder.seal().unwrap())));
}

/// Answers what was asked of the source of metrics with what Prometheus 2.42.0 answered.
fn draw_graphs(console: &mut Console) {
    const PAGE: &str = include_str!("fixtures/prometheus/query_range.json");
    for effect in std::mem::take(&mut console.effects) {
        let Effect::Fetch(source, key @ DetailKey::Graph { .. }) = effect else { continue };
        let (config, mut state) = (PrometheusConfig::default(), State::default());
        let ask = config.detail(&state, &key).unwrap();
        let base = "http://prometheus.example".parse().unwrap();
        let page = Response::new(&base, &ask.request, 200, Vec::new(), PAGE);
        let fetched = config.accept_detail(&mut state, &key, &ask, &page).unwrap();
        let Fetched::Done(detail) = fetched else { unreachable!("a graph is one page") };
        let news = News::Detail(key, Ok(detail));
        console.send(Msg::Update(Update { source, at: console.now, news }));
    }
}

/// Presses keys, with all the time that an answer needs between them.
fn press(console: &mut Console, keys: &str) {
    for key in keys.split(' ') {
        console.keys(key);
        draw_graphs(console);
    }
}

fn outage_in(mut setup: midwatch::app::Setup) -> Console {
    setup.sources.push(SourceInfo {
        name: "prom".into(),
        kind: "prometheus".into(),
        environment: None,
        interval: None,
        gives: &[Gives::Metrics],
        reads: vec!["https://prometheus.example".into()],
        exposed: Vec::new(),
    });
    let mut console = Console::with(setup);
    console.alerts(&[]);
    console.runs(&[]);
    let mut acked = alert("LatencyP99", Severity::Critical, 13);
    acked.acknowledged = Some(midwatch::model::alert::Acknowledgement { person: "kim".into(), at: at(-300) });
    let mut silenced = alert("ReplicaLag", Severity::Info, 240);
    silenced.silenced_by = vec!["s1".into()];
    console.alerts(&[
        alert("HighErrorRate", Severity::Critical, 14),
        alert("DiskFilling", Severity::Warning, 120),
        acked,
        silenced,
    ]);
    let mut deployment = run("4", "succeeded", 17);
    (deployment.number, deployment.environment) = (Some(811), Some("prod-eu".into()));
    console.runs(&[run("1", "failed", 12), run("2", "running", 1), deployment, run("3", "succeeded", 300)]);
    logs(&mut console, 0, 60);
    console.send(Msg::Note(
        Folder::Shift,
        NoteReply::Opened {
            entries: Vec::new(),
            pad: "rollback: make rollback REV=b71\n".into(),
            held_by: None,
            notices: Vec::new(),
        },
    ));
    let failure = Failure::new(FailureKind::Denied, "open /var/log/app.log: permission denied")
        .advise("add ops to group adm");
    let news = News::Failed(failure);
    console.send(Msg::Update(Update { source: "logs".into(), at: at(0), news }));
    let news = News::Alive { troubles: Vec::new() };
    console.send(Msg::Update(Update { source: "prom".into(), at: at(0), news }));
    // What was only said for a moment is gone.
    console.pass(30);
    console
}

fn outage(size: (u16, u16)) -> Console {
    outage_in(setup(size))
}

fn kept(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens").join(format!("{name}.txt"))
}

#[test]
fn screens_are_as_they_were() {
    let update = std::env::var_os("UPDATE_SCREENS").is_some();
    let mut wrong = Vec::new();
    for size in SIZES {
        let mut all = String::new();
        for (name, keys) in VIEWS {
            let mut console = outage(size);
            press(&mut console, keys);
            let screen = console.screen();
            all.extend(["==== ", name, ": ", keys, "\n", &screen, "\n"]);
        }
        let path = kept(&format!("{}x{}", size.0, size.1));
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, all).unwrap();
            continue;
        }
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = before.lines().zip(all.lines()).position(|(before, now)| before != now);
        if before != all {
            let line = differs.unwrap_or(before.lines().count().min(all.lines().count()));
            let at = |text: &str| text.lines().nth(line).unwrap_or("(nothing)").to_owned();
            wrong.push(format!("{}:{}\n  was {}\n  is  {}", path.display(), line + 1, at(&before), at(&all)));
        }
    }
    let advice = "look at them, then UPDATE_SCREENS=1 cargo test --test screens";
    assert!(wrong.is_empty(), "{}\n{advice}", wrong.join("\n"));
}

#[test]
fn what_is_critical_is_seen_and_said_in_every_theme() {
    for (index, theme) in built_ins(Depth::True).iter().enumerate() {
        let mut own = setup((120, 40));
        own.themes.all.rotate_left(index);
        let styles = Styles::new(theme);
        let mut console = outage_in(own);
        // The selection goes elsewhere: it has a look of its own.
        console.keys("3 j");
        let (screen, buffer) = (console.screen(), console.buffer());
        let y = screen.lines().position(|line| line.contains("CRIT HighErrorRate")).unwrap();
        let x = screen.lines().nth(y).unwrap().split("CRIT").next().unwrap().chars().count();
        let cell = &buffer[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())];
        let critical = styles.of(Meaning::Critical);
        let name = &theme.name;
        assert_eq!(Some(cell.fg), critical.fg.or(Some(cell.fg)), "{name:?}");
        assert!(cell.modifier.contains(critical.add_modifier), "{name:?}");
        assert_ne!(
            (cell.fg, cell.modifier),
            {
                let text = styles.of(Meaning::Text);
                (text.fg.unwrap_or_default(), text.add_modifier)
            },
            "{name:?}: critical looks like any text"
        );
    }
}

#[test]
fn selection_and_focus_are_seen_in_every_theme() {
    for index in 0..built_ins(Depth::True).len() {
        let mut own = setup((120, 40));
        own.themes.all.rotate_left(index);
        let mut console = outage_in(own);
        console.keys("3");
        let (screen, on_alerts) = (console.screen(), console.buffer());
        let row = |text: &str| screen.lines().position(|line| line.contains(text)).unwrap();
        let looks = |y: usize| {
            let cell = &on_alerts[(100, u16::try_from(y).unwrap())];
            (cell.fg, cell.bg, cell.modifier)
        };
        assert_ne!(looks(row(">CRIT HighErrorRate")), looks(row("WARN DiskFilling")), "theme {index}");
        console.keys("1");
        let on_runs = console.buffer();
        let corner = |buffer: &ratatui::buffer::Buffer, x| {
            let cell = &buffer[(x, 1)];
            (cell.fg, cell.bg, cell.modifier)
        };
        assert_ne!(corner(&on_alerts, 0), corner(&on_runs, 0), "theme {index}");
        assert_ne!(corner(&on_alerts, 119), corner(&on_runs, 119), "theme {index}");
    }
}

/// What else is drawn with words: a filter in force, a question, a prompt that something is said beside, a
/// held screen, marked rows, the pad.
const MOMENTS: &[(&str, &str)] = &[
    ("filtered", "3 / l a t Enter"),
    ("search", "2 / r e f Enter k"),
    ("marked", "3 space j space"),
    ("frozen", "3 p"),
    ("said", "3 Q"),
    ("said beside", "; x alt-Enter"),
    ("pending", "g"),
    ("pad", "4 . i x"),
    ("leaving", "; x Enter q"),
    ("shown", "3 y"),
];

/// The light of a colour that is the same on every terminal.
fn light(colour: Color) -> Option<f64> {
    let parts = match colour {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(index @ 16..=231) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(level)
        }
        Color::Indexed(index @ 232..) => [8 + 10 * (index - 232); 3],
        _ => return None,
    };
    let [red, green, blue] = parts.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue)
}

/// Whether two colours are so far apart, after WCAG 2.2.
fn stand_out(fg: Color, bg: Color, least: f64) -> bool {
    match (light(fg), light(bg)) {
        (Some(fg), Some(bg)) => (fg.max(bg) + 0.05) / (fg.min(bg) + 0.05) >= least,
        // Nobody knows the ground of the terminal: black or white words need one of their own.
        (None, _) if bg == Color::Reset => !matches!(fg, Color::Indexed(0 | 7 | 15)),
        _ => fg != bg,
    }
}

/// 4.5 to 1 for words, 3 to 1 for the lines of borders.
fn is_legible(cell: &ratatui::buffer::Cell) -> bool {
    let is_line =
        ["\u{2500}", "\u{2502}", "\u{250c}", "\u{2510}", "\u{2514}", "\u{2518}"].contains(&cell.symbol());
    stand_out(cell.fg, cell.bg, if is_line { 3.0 } else { 4.5 })
}

#[test]
fn every_meaning_stands_out_on_the_header_the_footer_and_a_dialog() {
    for theme in &built_ins(Depth::True) {
        let styles = Styles::new(theme);
        for ground in [Meaning::Header, Meaning::Footer, Meaning::Overlay] {
            for meaning in Meaning::ALL.iter().filter(|meaning| **meaning != Meaning::Border) {
                let style = styles.on(ground, *meaning);
                let (fg, bg) = (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
                let (theme, on) = (&theme.name, ground.name());
                assert!(stand_out(fg, bg, 4.5), "{theme:?}: {} on {on}: {fg:?} on {bg:?}", meaning.name());
            }
        }
    }
}

#[test]
fn every_word_stands_out_from_its_ground_in_every_theme() {
    let environments = ["prod-eu", "staging"].map(|name| midwatch::config::environment::Environment {
        name: name.into(),
        colour: None,
        production: name == "prod-eu",
        allow: Vec::new(),
        origin: midwatch::config::origin::Origin::default(),
    });
    for depth in [Depth::True, Depth::Indexed] {
        let themes = built_ins(depth);
        for index in 0..themes.len() {
            for environment in [None, Some("prod-eu".into()), Some("staging".into())] {
                for (name, keys) in VIEWS.iter().chain(MOMENTS) {
                    let mut own = setup((120, 40));
                    own.themes.all =
                        themes.iter().map(|theme| (theme.name.clone(), Styles::new(theme))).collect();
                    own.themes.all.rotate_left(index);
                    (own.environments, own.environment) = (environments.to_vec(), environment.clone());
                    let theme = own.themes.all[0].0.clone();
                    let mut console = outage_in(own);
                    press(&mut console, keys);
                    let buffer = console.buffer();
                    let wrong =
                        buffer.content().iter().position(|cell| cell.symbol() != " " && !is_legible(cell));
                    if let Some(at) = wrong {
                        let (x, y) = buffer.pos_of(at);
                        let cell = &buffer[(x, y)];
                        let colours = format!("{:?} on {:?}", cell.fg, cell.bg);
                        panic!("{theme:?}, {depth:?}, {name} at {x},{y}: {colours}\n{}", console.screen());
                    }
                }
            }
        }
    }
}

#[test]
fn the_mono_theme_has_no_colour_at_all() {
    let mut own = setup((120, 40));
    let mono = own.themes.all.iter().position(|(name, _)| *name == "mono".into()).unwrap();
    own.themes.all.swap(0, mono);
    let mut console = outage_in(own);
    for (name, keys) in VIEWS {
        console.keys("Esc Esc Esc Esc");
        press(&mut console, keys);
        for cell in console.buffer().content() {
            assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset), "{name}: {:?}", cell.symbol());
        }
    }
}

#[test]
fn without_colour_no_colour_is_sent_whatever_the_theme() {
    let mut console = outage((120, 40));
    for (name, keys) in VIEWS {
        console.keys("Esc Esc Esc Esc");
        press(&mut console, keys);
        let backend = FrameBackend::new(Size { width: 120, height: 40 }, Depth::None);
        let mut terminal = Terminal::new(backend).unwrap();
        terminal.draw(|frame| console.app.draw(frame, console.now)).unwrap();
        let bytes = String::from_utf8(terminal.backend_mut().take()).unwrap();
        for sequence in bytes.split("\x1b[").skip(1) {
            let (codes, end) = sequence.split_at(sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap());
            if end.starts_with('m') {
                for code in codes.split(';').filter(|code| !code.is_empty()) {
                    assert!(code.parse::<u8>().unwrap() < 30, "{name}: {codes:?}m");
                }
            }
        }
    }
}

#[test]
fn an_ascii_screen_is_ascii() {
    for size in SIZES {
        let mut own = setup(size);
        own.ascii = true;
        let mut console = outage_in(own);
        for (name, keys) in VIEWS {
            console.keys("Esc Esc Esc Esc");
            press(&mut console, keys);
            let screen = console.screen();
            let other = screen.chars().find(|c| !c.is_ascii());
            assert_eq!(other, None, "{name} at {size:?}\n{screen}");
        }
    }
}

/// A small generator, so that a failure is found again by its number.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(most).unwrap()).unwrap()
    }
}

#[test]
fn random_keys_never_break_it_and_escape_leads_home() {
    const CODES: [Code; 18] = [
        Code::Enter,
        Code::Esc,
        Code::Tab,
        Code::Up,
        Code::Down,
        Code::Left,
        Code::Right,
        Code::PageUp,
        Code::PageDown,
        Code::Home,
        Code::End,
        Code::Backspace,
        Code::Delete,
        Code::Enter,
        Code::Esc,
        Code::Down,
        Code::Up,
        Code::Enter,
    ];
    for seed in 1..=10_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut console = outage(SIZES[dice.below(5)]);
        let root = |screen: &str| screen.contains("UTC") || screen.contains("ages");
        for press in 0..2_000_i64 {
            let key = match dice.below(10) {
                0..5 => Key::char(char::from(b' ' + u8::try_from(dice.below(95)).unwrap())),
                5 => Key::ctrl(char::from(b'a' + u8::try_from(dice.below(26)).unwrap())),
                _ => Key::plain(CODES[dice.below(CODES.len())]),
            };
            console.send(Msg::Key(key));
            match dice.below(60) {
                0 => console.resize(SIZES[dice.below(5)]),
                1 => console
                    .resize((u16::try_from(dice.below(90)).unwrap(), u16::try_from(dice.below(30)).unwrap())),
                2 => console.send(Msg::Paste("q\r\u{1b}[201~y".into())),
                3 => logs(&mut console, press, 20),
                4 => console.alerts(&[alert("Other", Severity::Critical, 1)]),
                _ => {}
            }
            if press % 20 == 0 {
                console.buffer();
            }
            for effect in std::mem::take(&mut console.effects) {
                // Nothing here acts on anything but the person's own screen, notes and clipboard.
                if let Effect::Refresh(source) | Effect::Fetch(source, _) = &effect {
                    assert!(
                        ["alerts", "ci", "logs", "prom"].map(Into::into).contains(source),
                        "seed {seed}: {source:?}"
                    );
                }
            }
        }
        console.resize((120, 40));
        console.keys("Esc Esc Esc Esc Esc Esc Esc Esc Esc Esc");
        let screen = console.screen();
        assert!(root(&screen) && screen.contains("Nothing to take back. q leaves."), "seed {seed}\n{screen}");
    }
}

/// The header without the count of lines that came while the screen was held, which is meant to grow.
fn head(console: &Console) -> String {
    let screen = console.screen();
    let (left, right) = screen.lines().next().unwrap().split_once("FROZEN").unwrap();
    let time = right.rsplit_once("  ").unwrap().1;
    format!("{} {time}", left.trim_end())
}

#[test]
fn a_frozen_screen_does_not_move_in_any_view_whatever_comes() {
    let still = |name: &&(&str, &str)| !matches!(name.0, "filter" | "help" | "palette");
    for (size, (name, keys)) in
        SIZES[..4].iter().flat_map(|size| VIEWS.iter().filter(still).map(move |v| (size, v)))
    {
        let mut console = outage(*size);
        press(&mut console, keys);
        // News that waited behind the answer to the key are gone, too.
        console.keys("p").pass(20);
        let (before, header) = (console.buffer(), head(&console));
        for minute in 0..12 {
            logs(&mut console, minute, 300);
            console.alerts(&[alert("Other", Severity::Critical, 1)]);
            console.runs(&[run("9", "failed", 0)]);
            let failure = Failure::new(FailureKind::Missing, "gone");
            let news = News::Failed(failure);
            console.send(Msg::Update(Update { source: "ci".into(), at: console.now, news }));
            console.pass(61);
        }
        console.pass(7200);
        let after = console.buffer();
        let moved = (1..size.1).find(|y| (0..size.0).any(|x| before[(x, *y)] != after[(x, *y)]));
        assert_eq!(moved, None, "{name} at {size:?}: this row moved\n{}", console.screen());
        assert_eq!(head(&console), header, "{name} at {size:?}");
    }
}

#[test]
fn a_paste_is_never_a_command_wherever_it_comes() {
    let paste = "q\r\u{1b}[201~y\u{3}\u{3}:quit\r;x\r1\ry";
    for (name, keys) in
        VIEWS.iter().chain(&[("note", ";"), ("pad", "4 . i"), ("prefix", "g"), ("copy", "3 y")])
    {
        let mut console = outage((120, 40));
        console.keys(keys);
        console.effects.clear();
        for _ in 0..3 {
            console.send(Msg::Paste(paste.into()));
        }
        let acts = |effect: &&Effect| !matches!(effect, Effect::Note(..));
        assert_eq!(console.effects.iter().find(acts), None, "{name}");
        if *name != "pad" {
            assert_eq!(console.effects.len(), 0, "{name}: {:?}", console.effects);
        }
    }
    // In front of the question whether to leave, too.
    let mut console = outage((120, 40));
    console.keys("; x Enter q");
    assert!(console.screen().contains("Leave all the same?"), "{}", console.screen());
    console.effects.clear();
    console.send(Msg::Paste("y".into()));
    assert_eq!(console.effects, vec![]);
}
