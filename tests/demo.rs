//! The outage that is built in, through the app: what a newcomer sees and what Enter opens.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "support/console.rs"]
#[expect(dead_code, reason = "other tests press more keys")]
mod console;

use std::sync::Arc;
use std::time::Duration;

use console::{Console, setup};
use jiff::SignedDuration;
use midwatch::app::Setup;
use midwatch::model::text::RawText;
use midwatch::pane::effect::{Effect, Msg};
use midwatch::source::outlet::{Clock, Intake, Report, Request};
use midwatch::source::recording::Recording;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The app, fed by the recording on a paused clock, which moves only when everything waits.
struct Demo {
    console: Console,
    intake: Intake,
    clock: Clock,
    asks: Vec<(RawText, mpsc::Sender<Request>)>,
}

impl Demo {
    /// Begins at this time and lets two seconds pass.
    async fn at(time: &str, size: (u16, u16)) -> Self {
        let recording = Recording::built_in(1).unwrap().at(time.parse().unwrap()).unwrap();
        let (start, from) = (recording.start(), Instant::now());
        let clock: Clock = Arc::new(move || start + SignedDuration::try_from(from.elapsed()).unwrap());
        let (environments, catalog) = (recording.environments().to_vec(), recording.catalog().clone());
        let intake = Intake::default();
        let (mut sources, mut asks) = (Vec::new(), Vec::new());
        for (info, source) in recording.sources() {
            let (outlet, ask) = intake.outlet(info.name.clone(), Arc::clone(&clock));
            tokio::spawn(source.run(outlet));
            asks.push((info.name.clone(), ask));
            sources.push(info);
        }
        let setup = Setup { sources, environments, catalog, log_budget: 64 << 20, ..setup(size) };
        let mut console = Console::with(setup);
        console.now = start;
        let mut demo = Self { console, intake, clock, asks };
        demo.pass(2).await;
        demo
    }

    /// Lets seconds pass.
    async fn pass(&mut self, seconds: u64) {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while let Ok(report) = tokio::time::timeout_at(deadline, self.intake.next()).await {
            self.console.now = (self.clock)();
            self.console.send(match report {
                Report::Update(update) => Msg::Update(update),
                Report::Segment(segment) => Msg::Segment(segment),
                Report::File(news) => Msg::File(news),
            });
        }
        self.console.now = (self.clock)();
        self.console.send(Msg::Wake);
    }

    /// Presses keys and asks the sources what the app wants of them.
    async fn keys(&mut self, keys: &str) {
        self.console.keys(keys);
        for effect in std::mem::take(&mut self.console.effects) {
            if let Effect::Fetch(source, key) = effect {
                let (_, ask) = self.asks.iter().find(|(name, _)| *name == source).unwrap();
                ask.try_send(Request::Fetch(key)).unwrap();
            }
        }
        self.pass(1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_pane_is_alive_within_two_seconds_and_the_failing_step_says_why() {
    let mut demo = Demo::at("03:16", (120, 40)).await;
    let screen = demo.console.screen();
    for text in [
        "ALL 3 (2 prod)",
        "7 sources, 1 blind: journalctl on db-7: permission denied",
        "03:16 UTC",
        "3 Alerts  4 firing  1 acked  2 silenced",
        "1 Pipelines  2 failed",
        // The stamp of a line of the log.
        "03:16:0",
    ] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
    demo.keys("1 g").await;
    for (row, rest) in [
        ("CRIT HighErrorRate", "checkout   prod-eu  4m"),
        ("CRIT LatencyP99", "@kim"),
        ("x integration-eu #2293", "ci"),
        ("+ deploy-prod #812", "lena"),
        ("? promote-prod #88", "ivo"),
    ] {
        let row = demo.console.row(row).unwrap_or_else(|| panic!("{row}\n{screen}"));
        assert!(row.contains(rest), "{row}");
    }

    demo.keys("Enter").await;
    demo.keys("Enter").await;
    let screen = demo.console.screen();
    assert!(screen.contains("orders: 5 of 40, 35 failed") && screen.contains("exit code 1"), "{screen}");
}

#[tokio::test(start_paused = true)]
async fn a_held_screen_stands_still_while_the_outage_goes_on() {
    for keys in ["1 p", "2 p", "3 p", "4 p", "0 p"] {
        let mut demo = Demo::at("03:12", (120, 40)).await;
        demo.keys(keys).await;
        demo.pass(7).await;
        let before = demo.console.buffer();
        demo.pass(120).await;
        let after = demo.console.buffer();
        // The header counts what comes; everything else stands.
        let moved = (1..40).find(|y| (0..120).any(|x| before[(x, *y)] != after[(x, *y)]));
        assert_eq!(moved, None, "{keys}\n{}", demo.console.screen());
        demo.keys("p").await;
        assert_ne!(demo.console.buffer(), before, "{keys}");
    }
}
