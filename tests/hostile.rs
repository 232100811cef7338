//! Hostile text in every field, pane, overlay and prompt: what reaches the terminal is only what the
//! renderer itself says.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

#[path = "support/console.rs"]
#[expect(dead_code, reason = "other tests press more keys")]
mod console;
#[path = "support/hostile.rs"]
mod hostile;

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use console::{Console, alert, at, run, setup};
use jiff::{SignedDuration, Timestamp};
use midwatch::app::aloud::Heard;
use midwatch::config::environment::Environment;
use midwatch::config::origin::Origin;
use midwatch::config::theme::Depth;
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::Line;
use midwatch::logs::stamp::Zone;
use midwatch::model::alert::{Acknowledgement, Alert, Comparison, Matcher, Severity, Silence};
use midwatch::model::graph::{Finite, Graph, Point, SERIES, Series};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::{Entry, Folder, NoteReply, What};
use midwatch::model::run::{Job, Run, Step};
use midwatch::model::text::{RawText, SafeText, clean};
use midwatch::model::update::{Detail, DetailKey, Gives, News, Snapshot, Update};
use midwatch::model::world::SourceInfo;
use midwatch::net::exchange::Response;
use midwatch::pane::effect::{Effect, Msg};
use midwatch::runtime::backend::FrameBackend;
use midwatch::source::alerts::prometheus::{PrometheusConfig, State};
use midwatch::source::poll::{Fetched, Vendor as _};
use ratatui::Terminal;
use ratatui::layout::Size;

/// Strings of one world; each stands in many fields of it.
const BATCH: usize = 200;
const SIZES: [(u16, u16); 3] = [(60, 20), (80, 24), (120, 40)];

/// What a person presses to get everywhere; `<` pastes hostile text, `=` such as is drawn as it is typed.
const SCRIPTS: &[&str] = &[
    "3",
    "PageDown",
    "PageDown",
    "PageDown",
    "g Enter",
    "PageDown",
    "PageDown",
    "G",
    "Esc o",
    "Esc Y",
    "Esc space y",
    "Esc Esc g W",
    "j y",
    "Esc Esc L",
    "Esc Esc 1",
    "PageDown",
    "PageDown",
    "PageDown",
    "g Enter",
    "j Enter",
    "Esc Esc Esc 2",
    "PageUp",
    "PageUp",
    "PageUp",
    "k k Enter",
    "Esc v k k k y",
    "Esc F 4",
    "PageUp",
    "PageUp",
    "k k Enter",
    "Esc k y",
    "Esc .",
    "i <",
    "Esc , 0",
    "j Enter",
    "Esc 0 3 / <",
    "Enter",
    "Esc ; <",
    "Esc : <",
    "Esc ? <",
    "Esc 3 g Enter . r",
    "PageDown",
    "Esc : g r a p h space = Enter",
    ". y",
    "Esc Esc Esc 3 : w a t c h space x > 3 Enter",
    "PageDown",
    "2 Esc : w a t c h space = Enter",
    "Esc Esc Esc p",
    "p t",
];

/// Reads what goes to the terminal and keeps what must not be there.
struct Gate {
    forbidden: HashSet<char>,
    wrong: Vec<String>,
}

impl vte::Perform for Gate {
    fn print(&mut self, c: char) {
        // The backend's last gate prints this: something got as far as that.
        if c == '\u{fffd}' || self.forbidden.contains(&c) {
            self.wrong.push(format!("{c:?}"));
        }
    }

    fn execute(&mut self, byte: u8) {
        self.wrong.push(format!("control {byte:#04x}"));
    }

    fn hook(&mut self, _: &vte::Params, _: &[u8], _: bool, action: char) {
        self.wrong.push(format!("DCS {action}"));
    }

    fn osc_dispatch(&mut self, parts: &[&[u8]], _: bool) {
        self.wrong.push(format!("OSC {parts:?}"));
    }

    fn esc_dispatch(&mut self, _: &[u8], _: bool, byte: u8) {
        self.wrong.push(format!("ESC {byte:#04x}"));
    }

    fn csi_dispatch(&mut self, params: &vte::Params, intermediates: &[u8], ignored: bool, action: char) {
        let first = params.iter().next().map_or(0, |param| param[0]);
        let known = match (intermediates, action) {
            ([], 'H' | 'G' | 'C' | 'B' | 'J' | 'K') => true,
            // Never blinking or hidden.
            ([], 'm') => !params.iter().any(|param| matches!(param[0], 5 | 6 | 8) && params.len() == 1),
            ([b'?'], 'h' | 'l') => matches!(first, 25 | 1049 | 2004 | 2026),
            _ => false,
        };
        if !known || ignored {
            self.wrong.push(format!("CSI {intermediates:?} {params:?} {action}"));
        }
    }
}

impl Gate {
    fn new() -> Self {
        Self { forbidden: hostile::forbidden().into_iter().collect(), wrong: Vec::new() }
    }

    #[track_caller]
    fn pass(&mut self, bytes: &[u8], what: &dyn std::fmt::Display) {
        let mut parser = vte::Parser::new();
        for byte in bytes {
            parser.advance(self, &[*byte]);
        }
        // What is left open at the end of a frame would swallow the next one.
        parser.advance(self, b"~");
        assert!(self.wrong.is_empty(), "{what}: {:?}", &self.wrong[..self.wrong.len().min(8)]);
    }

    #[track_caller]
    fn pass_lines(&mut self, lines: &[SafeText], what: &dyn std::fmt::Display) {
        for line in lines {
            self.pass(line.as_str().as_bytes(), what);
        }
    }
}

fn text(batch: &[RawText], index: usize) -> RawText {
    batch[index % batch.len()].clone()
}

/// As Unicode: what is none is read with the sign that the backend has for what came too far.
fn valid(text: &RawText) -> String {
    String::from_utf8_lossy(text.as_bytes()).replace('\u{fffd}', "?")
}

/// The name of a thing: hostile, and another for each.
fn name(batch: &[RawText], index: usize) -> RawText {
    let raw = text(batch, index);
    let head = &raw.as_bytes()[..raw.as_bytes().len().min(300)];
    RawText::from_bytes(&[head, format!(" {index}").as_bytes()].concat())
}

fn alerts(batch: &[RawText]) -> Vec<Arc<Alert>> {
    let severities = [Severity::Critical, Severity::Error, Severity::Info, Severity::Unknown];
    let one = |index: usize| {
        let pair = |shift: usize| (name(batch, index + shift), text(batch, index + shift + 1));
        let labels =
            [("service".into(), text(batch, index)), ("environment".into(), name(batch, 0)), pair(1)];
        let mut alert = Alert {
            id: name(batch, index),
            name: text(batch, index),
            labels: BTreeMap::from(labels),
            annotations: BTreeMap::from([pair(2)]),
            value: Some(text(batch, index + 2)),
            expression: Some(text(batch, index + 3)),
            receivers: vec![text(batch, index + 4), name(batch, index)],
            link: Some(text(batch, index)),
            ..alert("x", severities[index % 4], 5)
        };
        match index % 5 {
            0 => alert.acknowledged = Some(Acknowledgement { person: text(batch, index + 3), at: at(-9) }),
            1 => alert.silenced_by = vec![name(batch, 0), text(batch, index + 1)],
            2 => alert.inhibited_by = vec![text(batch, index + 2)],
            _ => {}
        }
        alert
    };
    let mut all: Vec<_> = (1..batch.len()).map(one).collect();
    // The first in the list has all of them, each as a label and in what people wrote.
    let mut first = Alert { name: text(batch, 0), ..alert("0", Severity::Critical, 900) };
    first.labels = (0..batch.len()).map(|i| (name(batch, i), text(batch, i + 1))).collect();
    first.annotations = (0..batch.len()).map(|i| (name(batch, i), text(batch, i))).collect();
    first.silenced_by.clear();
    all.push(first);
    all.into_iter().map(Arc::new).collect()
}

fn silences(batch: &[RawText]) -> Vec<Arc<Silence>> {
    let matcher = |index: usize| Matcher {
        label: text(batch, index),
        comparison: Comparison::Matches,
        value: text(batch, index + 1),
    };
    let silence = Silence {
        id: name(batch, 0),
        matchers: (0..8).map(matcher).collect(),
        starts: at(-60),
        ends: at(600),
        person: text(batch, 1),
        comment: text(batch, 2),
    };
    vec![Arc::new(silence)]
}

fn runs(batch: &[RawText]) -> Vec<Arc<Run>> {
    let step = |index: usize| Step {
        id: name(batch, index),
        name: text(batch, index),
        state: midwatch::model::run::RunState::Failed,
        started: Some(at(-50)),
        finished: Some(at(-40)),
    };
    let job = |index: usize| Job {
        id: name(batch, index),
        name: text(batch, index),
        state: midwatch::model::run::RunState::Failed,
        may_fail: false,
        started: Some(at(-60)),
        finished: None,
        steps: vec![step(index), step(index + 1)],
    };
    let one = |index: usize| Run {
        id: name(batch, index),
        pipeline: text(batch, index),
        title: text(batch, index + 1),
        branch: Some(text(batch, index + 2)),
        revision: Some(text(batch, index + 3)),
        person: Some(text(batch, index + 4)),
        service: Some(text(batch, index + 5)),
        repo: Some(text(batch, index + 6)),
        environment: Some(name(batch, 0)),
        link: Some(text(batch, index)),
        jobs: (0..20).map(|shift| job(index + shift)).collect(),
        ..run("x", ["failed", "running", "waiting"][index % 3], 3)
    };
    (0..batch.len()).map(one).map(Arc::new).collect()
}

fn failure(batch: &[RawText], index: usize) -> Failure {
    let mut failure = Failure::new(FailureKind::Denied, text(batch, index)).advise(text(batch, index + 1));
    failure.cause = Some(text(batch, index + 2));
    failure
}

/// A console in which everything that can be named is hostile, at one of its sizes.
fn world(batch: &[RawText], size: (u16, u16), ascii: bool) -> Console {
    let mut setup = setup(size);
    let gives: [&'static [Gives]; 4] =
        [&[Gives::Alerts, Gives::Metrics], &[Gives::Runs], &[Gives::Logs], &[Gives::Logs]];
    setup.sources = (0..8)
        .map(|index| SourceInfo {
            name: name(batch, index),
            kind: text(batch, index),
            environment: (index % 2 == 0).then(|| name(batch, 0)),
            interval: None,
            gives: gives[index % 4],
            reads: vec![text(batch, index), name(batch, index)],
            exposed: vec![text(batch, index)],
        })
        .collect();
    let environment = |index: usize| Environment {
        name: name(batch, index),
        colour: None,
        production: index == 0,
        allow: Vec::new(),
        origin: Origin::default(),
    };
    setup.environments = (0..3).map(environment).collect();
    setup.person = text(batch, 5);
    setup.session_name = text(batch, 6);
    setup.ascii = ascii;
    for (index, theme) in setup.themes.all.iter_mut().enumerate() {
        theme.0 = name(batch, index);
    }
    let mut console = Console::with(setup);
    let says = |console: &mut Console, index: usize, news: News| {
        console.send(Msg::Update(Update { source: name(batch, index), at: console.now, news }));
    };
    let snapshot = |alerts, runs, silences| {
        News::Snapshot(Arc::new(Snapshot { runs, alerts, silences, ..Snapshot::default() }))
    };
    says(&mut console, 0, snapshot(Vec::new(), Vec::new(), Vec::new()));
    says(&mut console, 1, snapshot(Vec::new(), Vec::new(), Vec::new()));
    says(&mut console, 0, snapshot(alerts(batch), Vec::new(), silences(batch)));
    says(&mut console, 1, snapshot(Vec::new(), runs(batch), Vec::new()));
    for index in 4..7 {
        says(&mut console, index, News::Failed(failure(batch, index)));
    }
    says(&mut console, 7, News::Alive { troubles: (0..5).map(|index| failure(batch, index)).collect() });
    for stream in 0..3 {
        let mut builder = SegmentBuilder::new(name(batch, stream), Zone::default());
        for line in batch {
            for bytes in line.as_bytes().split(|byte| *byte == b'\n') {
                builder.push(Line::from(bytes), Given::default(), at(0));
            }
        }
        console.send(Msg::Segment(Arc::new(builder.seal().unwrap())));
    }
    let entry = |index: usize| Entry {
        at: at(-600 + i64::try_from(index).unwrap()),
        recorded: at(0),
        person: text(batch, index),
        text: text(batch, index + 1),
        session: name(batch, index),
        seq: 1,
        what: What::Note,
    };
    let pad = batch.iter().flat_map(|text| [text.as_bytes(), b"\n"].concat()).collect::<Vec<_>>();
    console.send(Msg::Note(
        Folder::Shift,
        NoteReply::Opened {
            entries: (0..batch.len()).map(entry).collect(),
            pad: RawText::from_bytes(&pad[..pad.len().min(100_000)]),
            held_by: None,
            notices: vec![text(batch, 3)],
        },
    ));
    console
}

/// A graph of everything that a source or somebody's recording may hold: of numbers what can be drawn at
/// all, of times any.
fn graph(batch: &[RawText], index: usize, (from, to): (Timestamp, Timestamp)) -> Graph {
    let numbers = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, -0.0, 1e300, 0.1 + 0.2, -1.0];
    let number = |at: usize| Finite::new(numbers[at % numbers.len()]).unwrap();
    let middle = from + to.duration_since(from) / 2;
    let times = [Timestamp::MIN, from, middle, middle + SignedDuration::from_secs(1), to, Timestamp::MAX];
    let step = [
        SignedDuration::from_secs(15),
        SignedDuration::ZERO,
        SignedDuration::MAX,
        SignedDuration::MIN,
        SignedDuration::from_nanos(1),
    ];
    let series = |line: usize| Series {
        labels: (0..4).map(|label| (name(batch, line + label), text(batch, line + label))).collect(),
        points: times
            .iter()
            .take((line + index) % 7)
            .enumerate()
            .map(|(place, at)| Point { at: *at, value: number(place + line + index) })
            .collect(),
        undrawable: [0, usize::MAX][line % 2],
        ends_undrawable: line.is_multiple_of(3),
    };
    let lines = [1, 0, 2, SERIES, 3 * SERIES][index % 5];
    Graph {
        step: step[index % 5],
        series: (0..lines).map(series).collect(),
        more_series: [0, 7, usize::MAX][index % 3],
        more_points: [0, 7, usize::MAX][index % 3],
        warnings: vec![text(batch, index), text(batch, index + 1)],
    }
}

/// What Prometheus may answer: the strings stand in the labels, beside each sort of number.
fn page(batch: &[RawText], index: usize, to: Timestamp) -> String {
    let said = |index: usize| valid(&text(batch, index));
    let numbers = ["NaN", "+Inf", "-Inf", "1e309", "-1e309", "5e-324", "0x10", "", "12", "1e308", "-0"];
    let row = |line: usize| {
        let second = |place: usize| to.as_second() - 15 * i64::try_from(numbers.len() - place).unwrap();
        let value = |place: usize| numbers[(place + line + index) % numbers.len()];
        let values: Vec<_> =
            (0..numbers.len()).map(|place| serde_json::json!([second(place), value(place)])).collect();
        serde_json::json!({"metric": {said(line): said(line + 1), "job": said(line + 2)}, "values": values})
    };
    let result: Vec<_> = (0..[1, 2, 60][index % 3]).map(row).collect();
    serde_json::json!({
        "status": "success", "warnings": [said(index)],
        "data": {"resultType": "matrix", "result": result},
    })
    .to_string()
}

/// Answers what the app asks of a source with hostile logs, graphs and refusals.
fn answer(console: &mut Console, batch: &[RawText]) {
    for (index, effect) in std::mem::take(&mut console.effects).into_iter().enumerate() {
        let Effect::Fetch(source, key) = effect else { continue };
        let index = index + which(&key);
        let detail = match &key {
            DetailKey::Graph { to, .. } if index.is_multiple_of(2) => {
                let (config, mut state) = (PrometheusConfig::default(), State::default());
                let ask = config.detail(&state, &key).unwrap();
                let base = "http://prometheus.example".parse().unwrap();
                let page = Response::new(&base, &ask.request, 200, Vec::new(), page(batch, index, *to));
                match config.accept_detail(&mut state, &key, &ask, &page) {
                    Ok(Fetched::Done(detail)) => Ok(detail),
                    Ok(_) => unreachable!("a graph is one page"),
                    Err(failure) => Err(failure),
                }
            }
            DetailKey::Graph { from, to, .. } if !index.is_multiple_of(5) => {
                Ok(Detail::Graph(Arc::new(graph(batch, index, (*from, *to)))))
            }
            DetailKey::Graph { .. } => Err(failure(batch, index)),
            _ => Ok(Detail::Log(batch.into())),
        };
        let news = News::Detail(key, detail);
        console.send(Msg::Update(Update { source, at: console.now, news }));
    }
}

/// Tells one question from the next, so that each gets another answer.
fn which(key: &DetailKey) -> usize {
    let mut hasher = DefaultHasher::new();
    format!("{key:?}").hash(&mut hasher);
    usize::try_from(hasher.finish() % 1000).unwrap()
}

fn drawn(console: &Console, size: (u16, u16)) -> Vec<u8> {
    let backend = FrameBackend::new(Size { width: size.0, height: size.1 }, Depth::True);
    let mut terminal = Terminal::new(backend).unwrap();
    terminal.draw(|frame| console.app.draw(frame, console.now)).unwrap();
    terminal.backend_mut().take()
}

/// Takes one batch everywhere.
fn everywhere(batch: &[RawText], round: usize) {
    let size = SIZES[round % 3];
    let mut console = world(batch, size, round % 7 == 6);
    let mut gate = Gate::new();
    let mut heard = Heard::default();
    for (step, script) in SCRIPTS.iter().enumerate() {
        for word in script.split_whitespace() {
            if word == "<" {
                console.send(Msg::Paste(text(batch, step)));
            } else if word == "=" {
                console.send(Msg::Paste(valid(&text(batch, step)).as_str().into()));
            } else {
                console.keys(word);
            }
        }
        answer(&mut console, batch);
        let what = format!("batch {round} after {script:?} at {size:?}");
        gate.pass(&drawn(&console, size), &what);
        if round.is_multiple_of(4) {
            gate.pass_lines(&console.app.reading(80, console.now).lines, &what);
        }
    }
    console.keys("Esc Esc Esc Esc 2");
    gate.pass_lines(&console.app.summary(console.now), &"the summary");
    gate.pass_lines(&console.app.news(&mut heard, console.now), &"the news");
    for step in 0..batch.len().min(12) {
        let reply = match step % 6 {
            0 => NoteReply::NotSaved(text(batch, step)),
            1 => NoteReply::Written(text(batch, step)),
            2 => NoteReply::PadKept(text(batch, step)),
            3 => NoteReply::PadChanged(text(batch, step)),
            4 => NoteReply::Beside(vec![text(batch, step), text(batch, step + 1)]),
            _ => NoteReply::Opened {
                entries: Vec::new(),
                pad: text(batch, step),
                held_by: Some(text(batch, step + 1)),
                notices: vec![text(batch, step + 2)],
            },
        };
        console.send(Msg::Note(Folder::Shift, reply));
        gate.pass(&drawn(&console, size), &"what the record says");
        console.send(Msg::Trouble(clean(&text(batch, step))));
        gate.pass(&drawn(&console, size), &"a notice");
    }
}

#[test]
fn no_field_of_anything_reaches_the_terminal_as_it_is() {
    let corpus: Vec<RawText> = hostile::corpus().iter().map(|bytes| RawText::from_bytes(bytes)).collect();
    assert!(corpus.len() > 5_000, "{}", corpus.len());
    // Neighbours are alike: every batch has some of all sorts.
    let batches = corpus.len().div_ceil(BATCH);
    let batch = |round: usize| corpus.iter().skip(round).step_by(batches).cloned().collect::<Vec<_>>();
    let half =
        |first: usize| move || (first..batches).step_by(2).for_each(|round| everywhere(&batch(round), round));
    std::thread::scope(|scope| {
        let other = scope.spawn(half(1));
        half(0)();
        other.join().unwrap();
    });
}

#[test]
fn a_graph_of_whatever_comes_is_drawn_at_every_size() {
    let batch: Vec<RawText> =
        hostile::corpus().iter().step_by(400).map(|bytes| RawText::from_bytes(bytes)).collect();
    let sizes = [(60, 20), (61, 21), (84, 25), (85, 25), (120, 36), (60, 90), (300, 21), (1, 1), (59, 20)];
    for (round, size) in sizes.into_iter().enumerate() {
        for index in (round % 2..10).step_by(2) {
            let mut console = world(&batch, size, index % 2 == 0);
            let mut gate = Gate::new();
            for keys in
                ["3 g Enter", "Esc : g r a p h space u p Enter", "Esc : w a t c h space u p > 3 Enter"]
            {
                console.keys(keys);
                for effect in std::mem::take(&mut console.effects) {
                    let Effect::Fetch(source, key @ DetailKey::Graph { from, to, .. }) = effect else {
                        continue;
                    };
                    let told = graph(&batch, index, (from, to));
                    let news = News::Detail(key, Ok(Detail::Graph(Arc::new(told))));
                    console.send(Msg::Update(Update { source, at: console.now, news }));
                }
                let screen = console.screen();
                let is_drawn = size.0 < 60 || screen.contains("Graph") || screen.contains("Watch");
                assert!(is_drawn, "{screen}");
                for keys in ["G", "g", "y", "Esc", "f"] {
                    console.keys(keys);
                    gate.pass(&drawn(&console, size), &format!("round {round} of {size:?}, graph {index}"));
                }
                if index < 2 {
                    gate.pass_lines(&console.app.reading(80, console.now).lines, &"read aloud");
                }
                console.resize((7, 3));
                gate.pass(&drawn(&console, (7, 3)), &"a tiny window");
                console.resize(size);
            }
        }
    }
}

#[test]
fn the_gate_sees_what_must_not_pass() {
    for bytes in [
        &b"\x1b]0;x\x07"[..],
        b"\x1bP1q\x1b\\",
        b"\x1b[6n",
        b"\x1bc",
        b"\r",
        b"\x9b2J",
        "\u{202e}".as_bytes(),
        "\u{fffd}".as_bytes(),
        b"\x1b[8m",
        b"\x1b[?1000h",
    ] {
        let mut gate = Gate::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| gate.pass(bytes, &"x")));
        assert!(found.is_err(), "{bytes:?}");
    }
}
