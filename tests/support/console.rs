//! A console without a terminal: keys and updates in, screen and effects out.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use midwatch::app::{App, Setup, Themes};
use midwatch::config::key::{Key, sequence};
use midwatch::config::runbooks::Runbooks;
use midwatch::config::theme::{Depth, built_ins};
use midwatch::incident::templates::Templates;
use midwatch::model::alert::{Alert, Severity};
use midwatch::model::catalog::Catalog;
use midwatch::model::run::Run;
use midwatch::model::update::{Gives, News, Snapshot, Update};
use midwatch::model::world::SourceInfo;
use midwatch::pane::effect::{Effect, Msg};
use midwatch::ui::style::Styles;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

/// The app and the time it lives in.
pub(crate) struct Console {
    pub(crate) app: App,
    pub(crate) now: Timestamp,
    pub(crate) effects: Vec<Effect>,
    size: (u16, u16),
}

/// 2026-11-22T03:26:00Z and so many seconds.
pub(crate) fn at(second: i64) -> Timestamp {
    "2026-11-22T03:26:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

pub(crate) fn setup(size: (u16, u16)) -> Setup {
    let source = |name: &str, gives: &'static [Gives]| SourceInfo {
        name: name.into(),
        kind: "recording".into(),
        environment: None,
        interval: None,
        gives,
        reads: Vec::new(),
        exposed: Vec::new(),
    };
    let themes = built_ins(Depth::True);
    Setup {
        sources: vec![
            source("alerts", &[Gives::Alerts]),
            source("ci", &[Gives::Runs]),
            source("logs", &[Gives::Logs]),
        ],
        catalog: Catalog::default(),
        runbooks: Runbooks::default(),
        diagnostics: Vec::new(),
        templates: Templates::default(),
        destinations: Vec::new(),
        credentials: Vec::new(),
        environments: Vec::new(),
        environment: None,
        themes: Themes { all: themes.iter().map(|theme| (theme.name.clone(), Styles::new(theme))).collect() },
        ascii: false,
        bindings: Vec::new(),
        person: "kim".into(),
        is_named: true,
        session_name: "test".into(),
        zone: None,
        log_budget: 8 << 20,
        remembered: None,
        has_team: false,
        drill: None,
        size,
    }
}

impl Console {
    pub(crate) fn new(size: (u16, u16)) -> Self {
        Self::with(setup(size))
    }

    pub(crate) fn with(setup: Setup) -> Self {
        Self::begun(setup, at(0))
    }

    /// One that begins at another time.
    pub(crate) fn begun(setup: Setup, now: Timestamp) -> Self {
        let size = setup.size;
        let mut console = Self { app: App::new(setup), now, effects: Vec::new(), size };
        console.send(Msg::Wake);
        console
    }

    pub(crate) fn send(&mut self, msg: Msg) {
        for msg in [msg, Msg::Frame] {
            let effects = self.app.update(msg, self.now);
            self.effects.extend(effects);
        }
    }

    /// Presses keys, written as in a configuration, separated by spaces.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        for key in sequence(keys).unwrap() {
            self.send(Msg::Key(key));
        }
        self
    }

    /// Types text, character by character.
    pub(crate) fn type_text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.send(Msg::Key(Key::char(c)));
        }
        self
    }

    /// Lets time pass, as the runtime does: a wake at each time that was asked for.
    pub(crate) fn pass(&mut self, seconds: i64) -> &mut Self {
        let end = self.now + SignedDuration::from_secs(seconds);
        let mut still = 0;
        while let Some(wake) = self.app.next_wake(self.now).filter(|wake| *wake <= end) {
            // At once is asked for after a key, and once.
            still = if wake > self.now { 0 } else { still + 1 };
            assert!(still < 2, "a wake that does not move on: {wake}");
            self.now = wake;
            self.send(Msg::Wake);
        }
        self.now = end;
        self
    }

    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.send(Msg::Resized(size.0, size.1));
    }

    pub(crate) fn says(&mut self, source: &str, snapshot: Snapshot) {
        let news = News::Snapshot(Arc::new(snapshot));
        self.send(Msg::Update(Update { source: source.into(), at: self.now, news }));
    }

    pub(crate) fn alerts(&mut self, alerts: &[Alert]) {
        let alerts = alerts.iter().cloned().map(Arc::new).collect();
        self.says("alerts", Snapshot { alerts, ..Snapshot::default() });
    }

    pub(crate) fn runs(&mut self, runs: &[Run]) {
        let runs = runs.iter().cloned().map(Arc::new).collect();
        self.says("ci", Snapshot { runs, ..Snapshot::default() });
    }

    /// The cells as they are drawn now.
    pub(crate) fn buffer(&self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        terminal.draw(|frame| self.app.draw(frame, self.now)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text, a line per row.
    pub(crate) fn screen(&self) -> String {
        let buffer = self.buffer();
        let row = |y: u16| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..buffer.area.height).map(|y| row(y).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// The row of the screen that has this text.
    pub(crate) fn row(&self, text: &str) -> Option<String> {
        self.screen().lines().find(|line| line.contains(text)).map(str::to_owned)
    }
}

pub(crate) fn alert(name: &str, severity: Severity, minutes_ago: i64) -> Alert {
    let labels = [("service", "checkout"), ("environment", "prod-eu")];
    let labels = labels.map(|(name, value)| (name.into(), value.into()));
    Alert {
        severity,
        labels: BTreeMap::from(labels),
        annotations: BTreeMap::from([("summary".into(), "5xx over 5 %".into())]),
        receivers: vec!["pager".into()],
        value: Some("0.31".into()),
        expression: Some("checkout_error_ratio > 0.05".into()),
        link: Some("https://prometheus.example/graph".into()),
        ..Alert::new(name, name, at(-60 * minutes_ago))
    }
}

pub(crate) fn run(id: &str, state: &str, minutes_ago: i64) -> Run {
    let json = serde_json::json!({
        "id": id, "pipeline": "deploy-prod", "number": 812, "state": state, "branch": "main",
        "revision": "3f2a1c9", "person": "kim", "service": "checkout", "created": at(-60 * minutes_ago),
        "jobs": [
            {"id": "j1", "name": "build", "state": "succeeded", "steps": [
                {"id": "s1", "name": "compile", "state": "succeeded"}]},
            {"id": "j2", "name": "roll out", "state": state, "steps": [
                {"id": "s1", "name": "apply", "state": state}]},
        ],
    });
    serde_json::from_value(json).unwrap()
}
