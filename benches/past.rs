//! What 1,000 past incidents cost whoever looks at what was like it before: `cargo bench --bench past`.
//!
//! Each incident has four patterns of log lines. Counted are the start, the drawing of the pages of a log line
//! and of an alert, the frame before it, and the keys that open a page, pin and declare. Figures are of one core.
//! Then one current incident of 100,000 entries: what it costs that a source answers and nothing happened, that a
//! note is written, and that a storm of alerts is recorded; beside it the same with one of 100 entries.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench prints figures and may stop"
)]

#[path = "../tests/support/console.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod console;

use std::sync::Arc;
use std::time::{Duration, Instant};

use console::{Console, alert, at};
use jiff::SignedDuration;
use midwatch::logs::segment::{Given, SegmentBuilder};
use midwatch::logs::split::Line;
use midwatch::logs::stamp::Zone;
use midwatch::model::alert::Severity;
use midwatch::model::incident::{Declared, IncidentId, Sev, Status};
use midwatch::model::note::{Entry, Folder, NoteReply, What};
use midwatch::pane::effect::Msg;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const INCIDENTS: u16 = 1000;
const SIZE: (u16, u16) = (120, 40);

/// Four patterns that programs write when something is wrong; few of them are of many incidents.
fn patterns(number: u16) -> [String; 4] {
    let thing = ["pool", "queue", "cache", "shard", "lease", "bucket", "socket"][usize::from(number % 7)];
    let place = ["checkout", "cart", "search", "billing", "mail"][usize::from(number % 5)];
    [
        format!("{thing} <str> of {place} exhausted after <time>"),
        format!("upstream {place}-{} returned <num> after <num> retries: connection refused", number % 97),
        format!("slow query took <time>: SELECT * FROM {place}_orders WHERE id = <num> and shard = <num>"),
        format!("panic in worker {}: {thing} <hex> is not of <addr>, giving up after <time>", number % 211),
    ]
}

/// One that is over, as the keeper reads it.
fn past(number: u16) -> Msg {
    let began = at(-86_400 * i64::from(INCIDENTS + 1 - number));
    let declared = Declared {
        service: Some(format!("service-{}", number % 50).as_str().into()),
        alert: number.is_multiple_of(3).then(|| format!("Alert{}", number % 80).as_str().into()),
        onset: Some(began),
        patterns: patterns(number).iter().map(|pattern| pattern.as_str().into()).collect(),
        ..Declared::new(format!("incident {number}"), Sev::SECOND)
    };
    let told = [
        (0, What::Declared(Box::new(declared)), String::new()),
        (20, What::Note, "looks like the pool".into()),
        (42, What::Status(Status::Resolved), format!("rolled back {number}")),
        (50, What::Status(Status::Closed), String::new()),
    ];
    let entry = |(place, (minute, what, text)): (usize, (i64, What, String))| {
        let at = began + SignedDuration::from_mins(minute);
        let text = text.as_str().into();
        Entry { at, recorded: at, person: "ada".into(), what, text, session: "old".into(), seq: place as u64 }
    };
    let entries = told.into_iter().enumerate().map(entry).collect();
    let id = IncidentId::try_from(format!("INC-{number:04}")).unwrap();
    Msg::Note(Folder::Incident(id), NoteReply::Read(entries))
}

fn lines(console: &mut Console) {
    let mut builder = SegmentBuilder::new("app.log".into(), Zone::default());
    for second in -600..0 {
        let line = format!("{} ERROR pool \"main\" of cart exhausted after {} ms", at(second), -second);
        builder.push(Line::from(line.as_bytes()), Given::default(), at(0));
    }
    let segment = builder.seal().unwrap().said_by("logs".into());
    console.send(Msg::Segment(Arc::new(segment)));
}

fn say(what: &str, took: Duration, times: u32) {
    println!("{what:<62} {:>10.3} ms", took.as_secs_f64() * 1000.0 / f64::from(times));
}

/// What drawing costs now, and the frame that goes before it.
fn drawing(what: &str, console: &mut Console) {
    const TIMES: u32 = 20;
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    let mut draw = |console: &Console| {
        terminal.draw(|frame| console.app.draw(frame, console.now)).unwrap();
    };
    draw(console);
    let started = Instant::now();
    (0..TIMES).for_each(|_| draw(console));
    say(&format!("{what}: drawn"), started.elapsed(), TIMES);
    let started = Instant::now();
    for _ in 0..TIMES {
        console.now += SignedDuration::from_secs(10);
        console.app.update(Msg::Frame, console.now);
    }
    say(&format!("{what}: made ready for a frame"), started.elapsed(), TIMES);
}

fn pressed(what: &str, keys: &str, console: &mut Console) {
    let started = Instant::now();
    console.keys(keys);
    say(what, started.elapsed(), 1);
}

/// What a long incident costs while it is current.
fn long(entries: i64) {
    const TIMES: u32 = 20;
    let id = IncidentId::try_from("INC-LONG".to_owned()).unwrap();
    let declared = Declared { service: Some("pool".into()), ..Declared::new("long", Sev::SECOND) };
    let entry = |seq: i64, what: What, text: &str| {
        let at = at(-7200) + SignedDuration::from_millis(seq * 60);
        let (text, session) = (text.into(), "old".into());
        Entry { at, recorded: at, person: "ada".into(), what, text, session, seq: seq.unsigned_abs() }
    };
    let mut all = vec![entry(0, What::Declared(Box::new(declared)), "")];
    all.extend((1..entries).map(|seq| entry(seq, What::Note, &format!("entry {seq} about the pool"))));
    let mut console = Console::new(SIZE);
    console.alerts(&[]);
    console.app.update(Msg::Note(Folder::Incident(id), NoteReply::Read(all)), console.now);
    console.keys(":").type_text("incident INC-LONG").keys("Enter 4 G");
    drawing(&format!("an incident of {entries} entries"), &mut console);
    let mut went = Duration::ZERO;
    for _ in 0..TIMES {
        console.now += SignedDuration::from_secs(10);
        let started = Instant::now();
        console.alerts(&[]);
        went += started.elapsed();
    }
    say(&format!("an incident of {entries} entries: a source answers"), went, TIMES);
    pressed(&format!("an incident of {entries} entries: a note is written"), "; x Enter", &mut console);
    let storm = (0..40).map(|number| {
        let mut alert = alert(&format!("Slow{number}"), Severity::Warning, 1);
        alert.labels.insert("service".into(), "pool".into());
        alert
    });
    let storm: Vec<_> = storm.collect();
    console.now += SignedDuration::from_secs(10);
    let started = Instant::now();
    console.alerts(&storm);
    say(&format!("an incident of {entries} entries: a storm of 40 alerts"), started.elapsed(), 1);
    assert!(console.screen().contains("alert Slow39 fired"), "{}", console.screen());
}

fn main() {
    let mut console = Console::new(SIZE);
    console.alerts(&[alert("Alert3", Severity::Critical, 14)]);
    lines(&mut console);
    let started = Instant::now();
    for number in 0..INCIDENTS {
        console.app.update(past(number), console.now);
    }
    say(&format!("{INCIDENTS} past incidents are heard of, in all"), started.elapsed(), 1);

    console.keys("2");
    drawing("the lines", &mut console);
    pressed("the page of a line is opened", "Enter", &mut console);
    assert!(console.screen().contains("What was like it"), "{}", console.screen());
    drawing("the page of a line", &mut console);
    pressed("its page is scrolled", "j", &mut console);
    console.keys("Esc 3");
    drawing("the alerts", &mut console);
    pressed("the page of an alert is opened", "Enter", &mut console);
    drawing("the page of an alert", &mut console);
    console.keys("Esc I");
    pressed("an incident is declared from an alert", "Enter", &mut console);
    console.keys("2");
    pressed("a line is pinned", ">", &mut console);
    console.keys("3 Enter");
    drawing("the page of an alert whose incident has the pattern", &mut console);
    console.keys("G");
    assert!(console.screen().contains("What was like it"), "{}", console.screen());
    console.keys("Esc Esc :").type_text("incident none").keys("Enter 2 I");
    pressed("an incident is declared from a line", "Enter", &mut console);
    pressed("a note is written", "; x Enter", &mut console);
    long(100);
    long(100_000);
}
