//! Rows that stood on the screen while things happened are those that a console shows that looks only now.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;

use jiff::SignedDuration;
use midwatch::model::alert::{Alert, AlertState, Silence};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::update::{Gives, News, Snapshot, Update};
use midwatch::model::world::SourceInfo;
use midwatch::pane::effect::Msg;
use proptest::prelude::*;

use crate::console::{Console, alert, at, run, setup};
use midwatch::model::alert::Severity;

/// Sources, and how many seconds there are between their answers.
const SOURCES: [(&str, &[Gives], i64); 3] =
    [("am", &[Gives::Alerts], 15), ("prom", &[Gives::Alerts], 40), ("ci", &[Gives::Runs], 60)];
const NAMES: [&str; 4] = ["HighErrorRate", "DiskFilling", "LatencyP99", "CertExpires"];
const SEVERITIES: [Severity; 3] = [Severity::Critical, Severity::Warning, Severity::Info];

#[derive(Clone, Debug)]
enum Step {
    /// A source tells of these names, each with the number of its severity, its state, and whether the
    /// silence mutes it that ends so many seconds after the start.
    Says(usize, Vec<(usize, usize, bool)>, i64),
    Fails(usize),
    Pass(i64),
    Press(&'static str),
}

fn step() -> impl Strategy<Value = Step> {
    let rows = prop::collection::vec((0..NAMES.len(), 0..SEVERITIES.len(), any::<bool>()), 0..5);
    prop_oneof![
        4 => (0..SOURCES.len(), rows, 0..600_i64).prop_map(|(source, rows, end)| Step::Says(source, rows, end)),
        1 => (0..SOURCES.len()).prop_map(Step::Fails),
        3 => prop_oneof![0..4_i64, 0..70_i64, 1700..1900_i64].prop_map(Step::Pass),
        2 => prop_oneof![Just("j"), Just("k"), Just("G"), Just("s")].prop_map(Step::Press),
    ]
}

fn console() -> Console {
    let mut setup = setup((120, 40));
    setup.sources = SOURCES
        .map(|(name, gives, every)| SourceInfo {
            name: name.into(),
            kind: "recording".into(),
            environment: None,
            interval: Some(SignedDuration::from_secs(every)),
            gives,
            reads: Vec::new(),
            exposed: Vec::new(),
        })
        .into();
    Console::with(setup)
}

fn snapshot(source: &str, rows: &[(usize, usize, bool)], end: i64) -> Snapshot {
    let mut names: Vec<_> = rows.to_vec();
    names.sort_by_key(|(name, ..)| *name);
    names.dedup_by_key(|(name, ..)| *name);
    if source == "ci" {
        let state = |bad: bool| if bad { "failed" } else { "succeeded" };
        let one = |(name, _, bad): &(usize, usize, bool)| Arc::new(run(NAMES[*name], state(*bad), 5));
        return Snapshot { runs: names.iter().map(one).collect(), ..Snapshot::default() };
    }
    let one = |(name, severity, is_muted): &(usize, usize, bool)| {
        // One that evaluates the rule does not know who is told and what mutes it.
        let mut one = alert(NAMES[*name], SEVERITIES[*severity], 60 + i64::try_from(*name).unwrap());
        if source == "prom" {
            one.receivers.clear();
            one.state = if *is_muted { AlertState::Pending } else { AlertState::Firing };
        } else if *is_muted {
            one.silenced_by = vec!["s1".into()];
        }
        Arc::new(Alert { id: format!("{source} {}", NAMES[*name]).as_str().into(), ..one })
    };
    let json = serde_json::json!({"id": "s1", "matchers": [], "starts": at(-60), "ends": at(end)});
    let silence: Silence = serde_json::from_value(json).unwrap();
    Snapshot {
        alerts: names.iter().map(one).collect(),
        silences: vec![Arc::new(silence)],
        ..Snapshot::default()
    }
}

/// The screen without its last line, which tells what has just happened.
fn shown(console: &mut Console) -> String {
    console.send(Msg::Wake);
    console.keys("g");
    let screen = console.screen();
    screen.rsplit_once('\n').unwrap().0.to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_is_what_a_fresh_console_shows(steps in prop::collection::vec(step(), 1..24)) {
        let (mut long, mut fresh) = (console(), console());
        long.keys("3");
        let mut sorted = 0;
        for step in &steps {
            let (source, news) = match step {
                Step::Says(source, rows, end) => {
                    let name = SOURCES[*source].0;
                    (name, News::Snapshot(Arc::new(snapshot(name, rows, *end))))
                }
                Step::Fails(source) => {
                    (SOURCES[*source].0, News::Failed(Failure::new(FailureKind::TimedOut, "late")))
                }
                Step::Pass(seconds) => {
                    long.pass(*seconds);
                    long.send(Msg::Wake);
                    continue;
                }
                Step::Press(key) => {
                    sorted += usize::from(*key == "s");
                    long.keys(key);
                    continue;
                }
            };
            let update = Update { source: source.into(), at: long.now, news };
            // The fresh one gets it too, and looks at nothing.
            fresh.app.update(Msg::Update(update.clone()), long.now);
            long.send(Msg::Update(update));
        }
        // Nothing is held for longer than that.
        long.pass(3);
        fresh.now = long.now;
        fresh.keys("3");
        for _ in 0..sorted {
            fresh.keys("s");
        }
        fresh.pass(3);
        long.pass(3);
        prop_assert_eq!(shown(&mut long), shown(&mut fresh));
    }
}

#[test]
fn an_order_that_changed_under_a_key_is_shown_as_soon_as_it_may_move() {
    let alerts = |first, second| [alert("Calm", first, 10), alert("Wild", second, 10)];
    let mut console = Console::new((120, 40));
    console.alerts(&alerts(Severity::Critical, Severity::Warning));
    let is_calm_first = |console: &Console| {
        let screen = console.screen();
        screen.find("CRIT Calm").or(screen.find("WARN Calm"))
            < screen.find("CRIT Wild").or(screen.find("WARN Wild"))
    };
    console.keys("3 j");
    console.alerts(&alerts(Severity::Warning, Severity::Critical));
    assert!(is_calm_first(&console), "held\n{}", console.screen());
    console.pass(3);
    assert!(!is_calm_first(&console), "{}", console.screen());
}

#[test]
fn a_silence_that_is_over_mutes_nothing_in_the_next_frame() {
    let mut console = console();
    console.says("am", snapshot("am", &[(0, 0, true)], 4));
    assert!(console.screen().contains("1 silenced"), "{}", console.screen());
    console.pass(5);
    console.send(Msg::Wake);
    assert!(console.screen().contains("1 firing"), "{}", console.screen());
}
