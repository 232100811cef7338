//! Key scripts on graphs: who is asked, what is shown while an answer is not there, and after it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;

use crate::console::{Console, alert, at, run, setup};
use jiff::{SignedDuration, Timestamp};
use midwatch::model::alert::{Alert, Severity};
use midwatch::model::catalog::{Catalog, DeployEntry, Revision, ServiceEntry};
use midwatch::model::graph::{Finite, Graph, Point, Series};
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::note::{NoteCommand, What};
use midwatch::model::run::Run;
use midwatch::model::update::{Detail, DetailKey, Gives, News, Update};
use midwatch::model::world::SourceInfo;
use midwatch::pane::effect::{Effect, Msg};

const SIZE: (u16, u16) = (80, 50);

fn metrics(name: &str, environment: Option<&str>, url: &str) -> SourceInfo {
    SourceInfo {
        name: name.into(),
        kind: "prometheus".into(),
        environment: environment.map(Into::into),
        interval: Some(SignedDuration::from_secs(15)),
        gives: &[Gives::Alerts, Gives::Metrics],
        reads: vec![url.into()],
        exposed: Vec::new(),
    }
}

fn console(sources: Vec<SourceInfo>, alerts: &[Alert]) -> Console {
    let mut setup = setup(SIZE);
    let live: Vec<_> = sources.iter().map(|source| source.name.clone()).collect();
    setup.sources.extend(sources);
    let mut console = Console::with(setup);
    for source in live {
        let news = News::Alive { troubles: Vec::new() };
        console.send(Msg::Update(Update { source, at: at(0), news }));
    }
    console.alerts(alerts);
    console.runs(&[]);
    console.pass(10);
    console
}

/// One console with one source of metrics, and an alert whose expression it can draw.
fn watching() -> Console {
    let alerts = [alert("HighErrorRate", Severity::Critical, 14)];
    console(vec![metrics("prom", None, "http://prometheus.example:9090")], &alerts)
}

/// What was asked since the last time: the source, the query, and how long it goes back.
fn asked(console: &mut Console) -> Vec<(String, String, i64)> {
    let effects = std::mem::take(&mut console.effects);
    let text = |raw: &midwatch::model::text::RawText| raw.as_str().unwrap().to_owned();
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Fetch(source, DetailKey::Graph { query, from, to }) => {
                Some((text(source), text(query), to.duration_since(*from).as_hours()))
            }
            _ => None,
        })
        .collect()
}

/// The last question, answered.
fn answer(console: &mut Console, detail: Result<Graph, Failure>) {
    let mut effects = std::mem::take(&mut console.effects).into_iter().rev();
    let found = effects.find_map(|effect| match effect {
        Effect::Fetch(source, key @ DetailKey::Graph { .. }) => Some((source, key)),
        _ => None,
    });
    let (source, key) = found.unwrap();
    let news = News::Detail(key, detail.map(|graph| Detail::Graph(Arc::new(graph))));
    console.send(Msg::Update(Update { source, at: console.now, news }));
}

/// Series of values, the last of each at this time, a minute apart.
fn graph(to: Timestamp, series: &[(&str, &[f64])]) -> Graph {
    let step = SignedDuration::from_mins(1);
    let points = |values: &[f64]| {
        let ago = (0..).map(|minutes| to - SignedDuration::from_mins(minutes));
        let newest_first = ago.zip(values.iter().rev());
        let mut points: Vec<_> =
            newest_first.map(|(at, value)| Point { at, value: Finite::new(*value).unwrap() }).collect();
        points.reverse();
        points
    };
    let series = series.iter().map(|(name, values)| Series {
        labels: [("instance".into(), (*name).into())].into(),
        points: points(values),
        undrawable: 0,
        ends_undrawable: false,
    });
    Graph { step, series: series.collect(), more_series: 0, more_points: 0, warnings: Vec::new() }
}

fn shows(console: &Console, texts: &[&str]) {
    let screen = console.screen();
    for text in texts {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
}

#[test]
fn the_graph_of_an_open_alert_is_pinned_with_it_once_it_is_there() {
    let mut console = watching();
    console.keys("I Enter 3 Enter >");
    let pinned = |console: &Console| {
        let mut pinned = console.effects.iter().filter_map(|effect| match effect {
            Effect::Note(_, NoteCommand::Entry(entry)) => match &entry.what {
                What::Evidence(evidence) => Some(&evidence.lines),
                _ => None,
            },
            _ => None,
        });
        let lines = pinned.next_back().unwrap();
        lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(!pinned(&console).iter().any(|line| line.contains("Graph")), "it was not there yet");
    console.keys("r");
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[("web-1", &[0.01, 0.31, 0.16])])));
    let lines = pinned(console.keys(">"));
    let at = lines.iter().position(|line| line.starts_with("Graph from 00:26 to 03:26: ")).unwrap();
    assert!(lines[at].ends_with("checkout_error_ratio > 0.05"), "{lines:?}");
    // Three minutes of 180 are the last column of 60.
    assert_eq!(lines[at + 1], format!("{}█", " ".repeat(59)));
    assert!(lines[at + 2].starts_with("0.16 now (> 0.05), 0.01 to 0.31"), "{lines:?}");
    assert_eq!(lines[at + 3], "-- the limit: > 0.05");
}

#[test]
fn the_page_of_an_alert_fetches_its_graph_and_draws_it_with_limit_onset_and_changes() {
    let mut console = watching();
    let deployment = Run { environment: Some("prod-eu".into()), ..run("4", "succeeded", 17) };
    let build = run("5", "succeeded", 18);
    let other =
        Run { service: Some("search".into()), environment: Some("prod-eu".into()), ..run("6", "failed", 16) };
    console.runs(&[build, deployment, other]);
    console.keys("3 Enter");
    shows(&console, &["checkout_error_ratio > 0.05", "Fetching the last 3 h from prom."]);
    assert_eq!(asked(console.keys("j")), [("prom".into(), "checkout_error_ratio".into(), 3)]);
    // Half a minute later nothing is asked again; the first question is still open.
    console.pass(30);
    assert_eq!(asked(&mut console), []);

    console.keys("r");
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[("web-1", &[0.01, 0.31])])));
    shows(
        &console,
        &["0.31 now (> 0.05), 0.01 to 0.31", "3 h to 03:26, from prom; step ", "-- the limit: > 0.05"],
    );
    shows(&console, &["! began 03:12", "1 03:09 deploy-prod #812 succeeded 3f2a1c9 prod-eu by kim", "╌╌╌"]);
    let screen = console.screen();
    assert!(!screen.contains("2 03:"), "neither a build nor another service\n{screen}");
    let axis = console.row("└─").unwrap();
    assert!(axis.contains('1') && axis.contains('!'), "{axis}");

    // It is asked for again each minute while the page is open, and no longer.
    console.pass(60);
    assert_eq!(asked(&mut console).len(), 1);
    console.keys("Esc").pass(600);
    assert_eq!(asked(&mut console), []);
}

#[test]
fn a_longer_time_is_a_key_away_and_what_was_drawn_stays_until_it_is_there() {
    let mut console = watching();
    console.keys("3 Enter");
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[("web-1", &[0.01, 0.31])])));
    console.keys(".");
    shows(&console, &["The last 12 h.", "0.31 now", "Fetching 12 h."]);
    assert_eq!(asked(&mut console).last().unwrap().2, 12);
    console.keys(". .");
    shows(&console, &["It goes no further back."]);
    console.keys(", , ,");
    assert_eq!(asked(&mut console).last().unwrap().2, 1);
    console.keys(",");
    shows(&console, &["It gets no shorter."]);
}

#[test]
fn a_refused_query_an_empty_answer_and_a_partial_one_each_say_so() {
    let mut console = watching();
    console.keys("3 Enter");
    let refused = Failure::new(FailureKind::Unreadable, "1:6: parse error: unexpected \"by\"");
    answer(&mut console, Err(refused));
    shows(
        &console,
        &[
            "checkout_error_ratio > 0.05",
            "prom gives no graph (unreadable): 1:6: parse error: unexpected \"by\"",
        ],
    );
    shows(&console, &["r tries again."]);

    // A key that is held down asks once in two seconds.
    asked(&mut console);
    console.keys("r r r");
    assert_eq!(asked(&mut console), []);
    console.pass(2);
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[])));
    shows(&console, &["prom has no value of this in that time."]);
    assert!(!console.screen().contains("parse error"), "{}", console.screen());

    console.keys("r").pass(2);
    let mut partial = graph(now, &[("web-1", &[1.0, 2.0]), ("web-2", &[])]);
    (partial.more_series, partial.more_points) = (20, 7);
    partial.warnings = vec!["store a\u{1b}[31m is down".into()];
    partial.series[1].undrawable = 5;
    partial.series[1].ends_undrawable = true;
    answer(&mut console, Ok(partial));
    shows(
        &console,
        &[
            "prom says: store a\u{241b}[31m is down",
            "2 of 22 series or more are drawn",
            "7 older points are left out.",
        ],
    );
    shows(&console, &["5 values are NaN or infinite", "b now NaN or infinite  instance=web-2"]);

    // What was drawn stays, with its time, when the next answer is a failure.
    console.keys("r").pass(2);
    answer(&mut console, Err(Failure::new(FailureKind::TimedOut, "query timed out").advise("ask for less")));
    shows(
        &console,
        &["a 2 now", "3 h to 03:26", "prom gives no graph (timed out): query timed out", "Do: ask for less"],
    );
}

#[test]
fn what_is_deployed_is_told_as_the_configuration_says_and_what_was_not_seen_is() {
    let mut setup = setup(SIZE);
    setup.sources.push(metrics("prom", None, "http://prometheus.example:9090"));
    let rule = DeployEntry {
        workflow: Some("ship".into()),
        environment: Some("prod-eu".into()),
        revision: Revision::Branch,
        ..DeployEntry::default()
    };
    let shop = ServiceEntry {
        name: "checkout".into(),
        repos: vec!["shop/mono".into()],
        deploy: Some(rule),
        ..ServiceEntry::default()
    };
    setup.catalog = Catalog::new(&[shop], &[]);
    let mut console = Console::with(setup);
    console.alerts(&[alert("HighErrorRate", Severity::Critical, 14)]);
    let shipped = Run {
        pipeline: "ship".into(),
        repo: Some("shop/mono".into()),
        branch: Some("v42".into()),
        service: None,
        ..run("4", "succeeded", 17)
    };
    console.runs(&[shipped]);
    console.keys("3 Enter");
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[("web-1", &[0.01, 0.31])])));
    shows(&console, &["1 03:09 ship #812 succeeded v42 prod-eu by kim"]);
    assert!(!console.screen().contains("Not all runs were seen"), "{}", console.screen());

    console.runs(&[]);
    let failure = Failure::new(FailureKind::Refused, "connection refused");
    let now = console.now;
    console.send(Msg::Update(Update { source: "ci".into(), at: now, news: News::Failed(failure) }));
    console.pass(3);
    shows(
        &console,
        &["No deployment of checkout is known in this time.", "Not all runs were seen: ci blind since 03:26"],
    );

    // A graph of a day is a little older than what sources keep: that is no gap.
    console.runs(&[]);
    console.keys(". .");
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[("web-1", &[0.01])])));
    console.pass(59);
    shows(&console, &["24 h to ", "No deployment of checkout is known in this time."]);
    assert!(!console.screen().contains("Not all runs were seen"), "{}", console.screen());
}

#[test]
fn nothing_is_asked_for_what_is_covered_and_no_key_reaches_rows_below_a_graph() {
    let mut console = watching();
    console.keys("3 Enter").pass(120);
    let covered = |console: &mut Console, keys: &str| {
        console.keys(keys);
        asked(console);
        console.pass(600);
        asked(console)
    };
    assert_eq!(covered(&mut console, "W"), [], "by the page of changes");
    command(&mut console, "graph up");
    console.keys("0");
    assert_eq!(covered(&mut console, "z"), [], "both, by the sources");
    console.keys("Esc");
    let queries: Vec<_> = covered(&mut console, "z").into_iter().map(|(_, query, _)| query).collect();
    assert!(!queries.is_empty() && queries.iter().all(|query| query == "up"), "{queries:?}");
    // The alert below the graph is not what these keys are about.
    console.keys("L");
    shows(&console, &["choose an alert or a run"]);
    console.keys("W");
    shows(&console, &["Changes before now"]);
    console.keys("W Esc");
    shows(&console, &["HighErrorRate"]);
}

#[test]
fn a_graph_makes_room_for_what_a_key_leads_to() {
    let mut console = watching();
    console.runs(&[run("1", "failed", 20)]);
    console.keys("2");
    command(&mut console, "watch x > 3");
    console.keys("3 L");
    shows(&console, &["[2 Logs]", "Lines with the word checkout", "The graph moved to 3."]);
    assert!(!console.screen().contains("Watch  x > 3"), "{}", console.screen());
    console.keys("3");
    shows(&console, &["Watch  x > 3"]);
    // From the page of changes too: here it stands over the graph itself.
    console.keys("1");
    shows(&console, &["deploy-prod #812"]);
    console.keys("3 W Enter");
    shows(&console, &["[1 Runs", "roll out"]);
    command(&mut console, "graph up");
    console.keys("W Enter");
    shows(&console, &["[1 Runs", "roll out"]);
}

#[test]
fn a_blind_source_says_so_beside_its_graph() {
    let mut console = watching();
    let failure = Failure::new(FailureKind::Refused, "connection refused");
    let now = console.now;
    console.send(Msg::Update(Update { source: "prom".into(), at: now, news: News::Failed(failure) }));
    console.keys("3 Enter");
    shows(&console, &["Fetching the last 3 h from prom.", "prom is blind since 03:26: connection refused"]);
}

#[test]
fn the_source_that_draws_is_the_one_of_the_alert_and_if_that_is_unclear_it_is_said() {
    let link = |link: &str| Alert { link: Some(link.into()), ..alert("A", Severity::Critical, 14) };
    let eu = || metrics("prom-eu", Some("prod-eu"), "http://10.0.0.5:9090");
    let us = || metrics("prom-us", Some("prod-us"), "http://prometheus.us.example:9090");
    let two = || metrics("thanos", Some("prod-eu"), "https://thanos.eu.example/query");
    let drawn = |sources: Vec<SourceInfo>, alert: Alert| {
        let mut console = console(sources, &[alert]);
        console.keys("3 Enter");
        let asked = asked(&mut console);
        (asked.first().map(|(source, ..)| source.clone()), console.screen())
    };
    // The alert is of prod-eu by its label.
    assert_eq!(drawn(vec![eu(), us()], link("http://nowhere/graph")).0.as_deref(), Some("prom-eu"));
    let by_host = link("https://thanos.eu.example:443/graph?g0.expr=x");
    assert_eq!(drawn(vec![eu(), two()], by_host).0.as_deref(), Some("thanos"));
    let by_name = link("http://prom-eu:9090/graph");
    assert_eq!(drawn(vec![eu(), two()], by_name).0.as_deref(), Some("prom-eu"));
    let (none, screen) = drawn(vec![eu(), two()], link("http://nowhere/graph"));
    assert_eq!(none, None);
    assert!(screen.contains("Several sources could draw this: prom-eu, thanos."), "{screen}");
    let (none, screen) = drawn(vec![us()], link("http://nowhere/graph"));
    assert_eq!(none, None);
    assert!(screen.contains("these do elsewhere: prom-us."), "{screen}");
    let (none, screen) = drawn(Vec::new(), link("http://nowhere/graph"));
    assert_eq!(none, None);
    assert!(screen.contains("No source gives metrics"), "{screen}");
    let silent = Alert { expression: None, ..link("http://prom-eu/graph") };
    assert!(drawn(vec![eu()], silent).1.contains("does not tell the expression of its rule"));
}

#[test]
fn while_the_screen_is_held_still_no_graph_is_asked_for() {
    let mut console = watching();
    console.keys("3 p Enter");
    shows(&console, &["The last 3 h are fetched from prom when the screen moves."]);
    console.pass(300);
    assert_eq!(asked(&mut console), []);
    console.keys("p");
    assert_eq!(asked(&mut console).len(), 1);
}

/// Runs a command of the palette with what is written behind it.
fn command(console: &mut Console, text: &str) {
    console.keys(":").type_text(text).keys("Enter");
}

/// The texts that were rung with since the last time.
fn rung(console: &mut Console) -> Vec<String> {
    let ring = |effect: &Effect| match effect {
        Effect::Ring(text) => Some(text.as_str().to_owned()),
        _ => None,
    };
    let found = console.effects.iter().filter_map(ring).collect();
    console.effects.retain(|effect| !matches!(effect, Effect::Ring(_)));
    found
}

#[test]
fn a_graph_stands_in_the_place_of_a_pane_until_escape() {
    let mut console = watching();
    command(&mut console, "graph sum by (job) (rate(x[5m]))");
    shows(
        &console,
        &["Graph  sum by (job) (rate(x[5m]))", "Fetching the last 3 h from prom.", "3 h from prom"],
    );
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[("web-1", &[1.0, 2.0]), ("web-2", &[1500.0, 12_500.0])])));
    shows(&console, &["a 2 now, 1 to 2  instance=web-1", "b 12.5k now, 1500 to 12.5k  instance=web-2"]);
    console.keys("/");
    shows(&console, &["A graph has nothing to filter."]);
    console.keys(".");
    assert_eq!(asked(&mut console), [("prom".into(), "sum by (job) (rate(x[5m]))".into(), 12)]);
    console.keys("y");
    assert!(console.effects.iter().any(|effect| matches!(effect, Effect::Copy(lines) if lines.len() > 2)));
    console.keys("Esc");
    // Where it is not seen it is not asked for; it stays where it stands.
    console.keys("2").pass(300);
    asked(&mut console);
    console.pass(300);
    assert_eq!(asked(&mut console), []);
    console.keys("3");
    shows(&console, &["Graph  sum by (job) (rate(x[5m]))"]);
    assert_eq!(asked(&mut console).len(), 1, "it is seen again");
    console.keys("Esc");
    shows(&console, &["CRIT HighErrorRate"]);
    console.pass(300);
    assert_eq!(asked(&mut console), []);
}

#[test]
fn the_source_of_a_graph_is_named_before_it_or_is_the_first_in_scope() {
    let sources = || {
        vec![
            metrics("prom-eu", Some("prod-eu"), "http://10.0.0.5:9090"),
            metrics("prom-us", Some("prod-us"), "http://10.0.0.6:9090"),
        ]
    };
    let of = |text: &str| {
        let mut console = console(sources(), &[]);
        command(&mut console, text);
        let (source, query, _) = asked(&mut console).swap_remove(0);
        (source, query)
    };
    assert_eq!(of("graph up"), ("prom-eu".into(), "up".into()));
    assert_eq!(of("graph prom-us: up"), ("prom-us".into(), "up".into()));
    assert_eq!(of("graph job:up:sum"), ("prom-eu".into(), "job:up:sum".into()), "a recorded metric");
    assert_eq!(of("watch prom-us:up == 0"), ("prom-us".into(), "up".into()));

    let mut console = console(Vec::new(), &[]);
    command(&mut console, "graph up");
    shows(&console, &["No source gives metrics: add a source of kind prometheus."]);
    let mut console = watching();
    command(&mut console, "graph");
    shows(&console, &["Type a query behind it: :graph rate("]);
    assert_eq!(asked(&mut console), []);
}

#[test]
fn a_watch_looks_each_fifteen_seconds_and_rings_once_when_its_limit_is_passed() {
    let mut console = watching();
    command(&mut console, "watch x > 3");
    let value = |console: &mut Console, values: &[f64]| {
        let now = console.now;
        answer(console, Ok(graph(now, &[("web-1", values), ("web-2", &[0.5])])));
    };
    value(&mut console, &[1.0, 2.5]);
    shows(&console, &["Watch  x > 3", "███", "it is not > 3  instance=web-1", "-- the limit: > 3"]);
    console.pass(14);
    assert_eq!(asked(&mut console), []);
    console.pass(1);
    assert_eq!(console.effects.len(), 1);
    value(&mut console, &[2.5, 7.0]);
    assert_eq!(rung(&mut console), ["x > 3: it is 7 now"]);
    shows(&console, &["x > 3: it is 7 now", "it is > 3  instance=web-1"]);
    for next in [8.0, 2.0] {
        console.pass(15);
        value(&mut console, &[7.0, next]);
        assert_eq!(rung(&mut console), Vec::<String>::new());
    }
    console.pass(15);
    // Nothing is known now: nothing has changed.
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[])));
    // What watches and cannot see calls too, once.
    let mut calls = Vec::new();
    for _ in 0..2 {
        console.pass(15);
        answer(&mut console, Err(Failure::new(FailureKind::Refused, "connection refused")));
        calls.extend(rung(&mut console));
    }
    assert_eq!(calls, ["x > 3 is not seen: connection refused"]);
    // Passed again, while the person looks elsewhere and the screen is held still.
    console.keys("2 p").pass(15);
    value(&mut console, &[4.0]);
    assert_eq!(rung(&mut console), ["x > 3: it is 4 now"]);
    console.keys("p 3 Esc");
    shows(&console, &["x > 3 is no longer watched."]);
    console.pass(600);
    assert_eq!(asked(&mut console), []);
}

#[test]
fn a_watch_of_what_is_so_already_says_so_and_one_without_a_limit_how_to_give_one() {
    let mut console = watching();
    command(&mut console, "watch up == 0");
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[("web-1", &[1.0]), ("web-2", &[0.0])])));
    assert_eq!(rung(&mut console), Vec::<String>::new());
    shows(&console, &["up == 0: it is 0 now, already at the first look", "instance=web-2"]);
    command(&mut console, "watch up");
    shows(&console, &["up == 0 is no longer watched."]);
    let now = console.now;
    answer(&mut console, Ok(graph(now, &[("web-1", &[1.0])])));
    shows(&console, &["no limit: write > 3 behind it, and it calls"]);
}
