//! The vendor on pages captured from Buildbot 4.3.0.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::model::run::RunState;
use crate::model::update::Detail;
use crate::source::poll::testing::{self, answer};

/// What Buildbot 4.3.0 answered, by what it was asked: builds that a change and people started, one
/// whose worker was lost and that was built again, one that runs, one that waits for a worker.
const PAGES: &str = include_str!("../../../../tests/fixtures/buildbot/pages.json");

/// The pages of a master, which a test may change.
struct Master {
    pages: BTreeMap<String, Value>,
    asked: RefCell<Vec<Request>>,
}

impl Master {
    fn captured() -> Self {
        Self { pages: serde_json::from_str(PAGES).unwrap(), asked: RefCell::default() }
    }

    /// What it answers; a list is cut as the request says.
    fn page(&self, request: &Request) -> Response {
        self.asked.borrow_mut().push(request.clone());
        let path = request.path.strip_prefix("/api/v2").unwrap();
        let of = |key: &str| request.query.iter().find(|(name, _)| name == key).map(|(_, v)| v.as_str());
        let key = match (path, of("complete"), of("offset")) {
            ("/builds", Some(complete), _) => format!("/builds?complete={complete}"),
            (path, _, Some(offset)) if path.ends_with("/contents") => format!("{path}?offset={offset}"),
            _ => path.to_owned(),
        };
        let mut page = self.pages.get(&key).unwrap_or_else(|| panic!("{key} was not captured")).clone();
        for (name, rows) in page.as_object_mut().unwrap() {
            if matches!(name.as_str(), "builds" | "buildrequests") {
                let rows = rows.as_array_mut().unwrap();
                let count = |key| of(key).unwrap().parse::<usize>().unwrap();
                *rows = rows.iter().skip(count("offset")).take(count("limit")).cloned().collect();
            }
        }
        answer(request, 200, &[], &page.to_string())
    }

    fn rows(&mut self, key: &str, list: &str) -> &mut Vec<Value> {
        self.pages.get_mut(key).unwrap()[list].as_array_mut().unwrap()
    }

    fn look(&self, config: &BuildbotConfig, state: &mut State) -> (Snapshot, Vec<Failure>) {
        testing::round(config, state, now(), Some(yesterday()), |ask| Ok(self.page(&ask.request)))
    }

    fn read(&self, state: &mut State, step: &str) -> Vec<String> {
        let key = DetailKey::StepLog { run: "r".into(), job: "j".into(), step: step.into() };
        let config = BuildbotConfig::default();
        let read = testing::detail(&config, state, &key, |ask| Ok(self.page(&ask.request))).unwrap();
        let Detail::Log(lines) = read else { panic!("{read:?}") };
        lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }
}

fn now() -> Timestamp {
    "2026-11-22T06:26:30Z".parse().unwrap()
}

fn yesterday() -> Timestamp {
    now() - SignedDuration::from_hours(24)
}

fn seen() -> (Snapshot, State) {
    let mut state = State::default();
    let (snapshot, troubles) = Master::captured().look(&BuildbotConfig::default(), &mut state);
    assert_eq!(troubles, []);
    (snapshot, state)
}

fn run<'a>(snapshot: &'a Snapshot, pipeline: &str, number: Option<u64>) -> &'a Run {
    let is_it = |run: &&Arc<Run>| run.pipeline == pipeline.into() && run.number == number;
    snapshot.runs.iter().find(is_it).unwrap()
}

#[test]
fn what_a_real_master_said_is_read() {
    let (snapshot, _) = seen();
    assert_eq!(snapshot.runs.len(), 13);
    let failed = run(&snapshot, "checkout-test", Some(2));
    assert_eq!((failed.state, failed.id.clone()), (RunState::Failed, "request 9".into()));
    assert_eq!(failed.title, "Retry the gateway once".into(), "the commit's subject");
    assert_eq!(failed.branch, Some("main".into()));
    assert_eq!(failed.revision, Some("c41d77aa02".into()));
    assert_eq!(failed.person, Some("Ada Byron".into()));
    assert_eq!(failed.service, Some("https://git.example/shop/checkout".into()));
    assert_eq!(failed.link, Some("https://vendor.example/#/builders/6/builds/2".into()));
    assert_eq!(failed.started, Some("2026-11-22T06:24:20Z".parse().unwrap()));
    assert_eq!(failed.took(now()), SignedDuration::from_secs(3));

    let job = &failed.jobs[0];
    assert_eq!((&job.name, job.state), (&"runner-1".into(), RunState::Failed));
    let steps: Vec<_> = job.steps.iter().map(|step| (step.name.as_str().unwrap(), step.state)).collect();
    let expected = [
        ("worker_preparation", RunState::Succeeded),
        ("compile", RunState::Succeeded),
        // SetProperty is hidden by the master.
        ("unit tests", RunState::Failed),
        ("upload coverage", RunState::Succeeded),
    ];
    assert_eq!(steps, expected);
    assert_eq!(failed.first_failure(), Some((0, Some(2))));

    let forced = run(&snapshot, "checkout-package", Some(3));
    assert_eq!((forced.state, &forced.title), (RunState::Succeeded, &"release 4.2.2".into()), "warnings");
    assert_eq!(forced.person, Some("Kim Moss".into()));
    assert_eq!(run(&snapshot, "checkout-publish", Some(1)).state, RunState::Failed, "an exception");
    let running = run(&snapshot, "checkout-slow", Some(4));
    assert_eq!((running.state, running.finished), (RunState::Running, None));
    assert_eq!(running.jobs[0].steps[1].state, RunState::Running);
}

#[test]
fn what_waits_for_a_worker_is_a_run_and_keeps_its_name_when_it_begins() {
    let (snapshot, mut state) = seen();
    let queued = run(&snapshot, "macos-test", None);
    assert_eq!((queued.state, &queued.title), (RunState::Queued, &"nightly".into()));
    assert_eq!(queued.created, "2026-11-22T06:25:08Z".parse().unwrap());
    let id = queued.id.clone();
    let mut master = Master::captured();
    let request = master.rows("/buildrequests", "buildrequests").remove(0);
    let mut build = master.rows("/builds?complete=false", "builds")[0].clone();
    build["buildid"] = 13.into();
    build["number"] = 1.into();
    build["builderid"] = request["builderid"].clone();
    build["buildrequestid"] = request["buildrequestid"].clone();
    master.rows("/builds?complete=false", "builds").push(build);
    let steps = master.pages["/builds/12/steps"].clone();
    master.pages.insert("/builds/13/steps".to_owned(), steps);
    let (snapshot, _) = master.look(&BuildbotConfig::default(), &mut state);
    assert_eq!(snapshot.runs.len(), 13);
    assert_eq!(run(&snapshot, "macos-test", Some(1)).id, id);
}

#[test]
fn a_lost_worker_is_no_failure_and_its_request_is_the_next_attempt() {
    let (snapshot, _) = seen();
    let (lost, again) =
        (run(&snapshot, "checkout-again", Some(1)), run(&snapshot, "checkout-again", Some(2)));
    assert_eq!((lost.state, lost.attempt), (RunState::Cancelled, 1));
    // In the capture a person built it again; here the master does.
    let mut master = Master::captured();
    for build in master.rows("/builds?complete=true", "builds") {
        if build["builderid"] == 3 {
            build["buildrequestid"] = 4.into();
        }
    }
    let (snapshot, _) = master.look(&BuildbotConfig::default(), &mut State::default());
    let second = run(&snapshot, "checkout-again", Some(2));
    assert_eq!((second.state, second.attempt), (RunState::Succeeded, 2));
    assert_eq!(again.attempt, 1);
    let ids: BTreeSet<_> = snapshot.runs.iter().map(|run| &run.id).collect();
    assert_eq!(ids.len(), snapshot.runs.len(), "each has an id of its own");
}

#[test]
fn a_build_that_ends_between_two_looks_is_seen_to_end_and_one_that_was_deleted_goes() {
    let (_, mut state) = seen();
    let mut master = Master::captured();
    let mut ended = master.rows("/builds?complete=false", "builds").remove(0);
    ended["complete"] = true.into();
    ended["complete_at"] = 1_795_328_804_i64.into();
    ended["results"] = 2.into();
    // The second look asks for what ended since the last end that it knows.
    let since = "1795328684".to_owned();
    *master.rows("/builds?complete=true", "builds") = vec![ended];
    let (snapshot, _) = master.look(&BuildbotConfig::default(), &mut state);
    let asked = master.asked.borrow();
    assert!(asked.iter().all(|request| request.path != "/api/v2/builders"), "they are known");
    assert!(
        asked.iter().any(|request| request.query.contains(&("complete_at__ge".to_owned(), since.clone())))
    );
    let steps: Vec<_> = asked.iter().filter(|request| request.path.ends_with("/steps")).collect();
    assert_eq!(steps.len(), 1, "steps of what was over do not change");
    assert_eq!(snapshot.runs.len(), 13);
    let ended = run(&snapshot, "checkout-slow", Some(4));
    assert_eq!((ended.state, ended.took(now())), (RunState::Failed, SignedDuration::from_secs(60)));

    let (_, mut state) = seen();
    let mut master = Master::captured();
    master.rows("/builds?complete=false", "builds").clear();
    let (snapshot, _) = master.look(&BuildbotConfig::default(), &mut state);
    assert_eq!(snapshot.runs.len(), 12);
}

#[test]
fn a_day_of_builds_comes_in_pages_and_their_steps_in_rounds() {
    let mut master = Master::captured();
    let build = master.rows("/builds?complete=true", "builds")[0].clone();
    let many = (0..250).map(|n| {
        let mut build = build.clone();
        (build["buildid"], build["buildrequestid"]) = ((1250 - n).into(), (1250 - n).into());
        build
    });
    *master.rows("/builds?complete=true", "builds") = many.collect();
    let steps = master.pages["/builds/11/steps"].clone();
    master.pages.extend((1001..=9000).map(|id| (format!("/builds/{id}/steps"), steps.clone())));
    let mut state = State::default();
    for round in 1..=3 {
        let (snapshot, troubles) = master.look(&BuildbotConfig::default(), &mut state);
        assert_eq!((snapshot.runs.len(), troubles), (252, Vec::new()));
        let known = snapshot.runs.iter().filter(|run| !run.jobs.is_empty()).count();
        assert_eq!(known, round * STEPS_AT_ONCE + 1, "and the one that runs");
    }
    // Those of a later round come when somebody opens the build.
    let key = DetailKey::Jobs { run: "request 1001".into() };
    let page = |ask: &Ask<Tag>| Ok(master.page(&ask.request));
    let opened = testing::detail(&BuildbotConfig::default(), &mut state, &key, page).unwrap();
    let Detail::Jobs(jobs) = opened else { panic!("{opened:?}") };
    assert_eq!((jobs.len(), jobs[0].steps.is_empty()), (1, false));
    let request = master.pages["/buildrequests"]["buildrequests"][0]["buildrequestid"].as_u64().unwrap();
    let queued = DetailKey::Jobs { run: format!("request {request}").into() };
    assert!(BuildbotConfig::default().detail(&state, &queued).is_none(), "it has not begun");
    *master.rows("/builds?complete=true", "builds") = (0..2500)
        .map(|n| {
            let mut build = build.clone();
            build["buildid"] = (9000 - n).into();
            build
        })
        .collect();
    let is_told = |troubles: &[Failure]| {
        let [trouble] = troubles else { panic!("{troubles:?}") };
        trouble.kind == FailureKind::TooLarge
            && trouble.what.as_str().unwrap().contains("more than 2000 builds ended")
    };
    assert!(is_told(&master.look(&BuildbotConfig::default(), &mut state).1));
    // Later rounds ask for less, and the same builds are missing.
    master.rows("/builds?complete=true", "builds").truncate(50);
    assert!(is_told(&master.look(&BuildbotConfig::default(), &mut state).1));
}

#[test]
fn a_row_that_cannot_be_read_does_not_end_the_pages_and_these_have_a_bound() {
    let mut master = Master::captured();
    let build = master.rows("/builds?complete=true", "builds")[0].clone();
    let many = |count: u64, complete: bool| {
        let row = |n: u64| {
            let mut build = build.clone();
            (build["buildid"], build["buildrequestid"]) = ((9000 - n).into(), (9000 - n).into());
            build["complete"] = complete.into();
            build
        };
        (0..count).map(row).collect::<Vec<_>>()
    };
    *master.rows("/builds?complete=true", "builds") = many(150, true);
    master.rows("/builds?complete=true", "builds")[7]["buildid"] = "seven".into();
    master.rows("/builds?complete=false", "builds").clear();
    let steps = master.pages["/builds/11/steps"].clone();
    master.pages.extend((1001..=9000).map(|id| (format!("/builds/{id}/steps"), steps.clone())));
    let (snapshot, troubles) = master.look(&BuildbotConfig::default(), &mut State::default());
    assert_eq!((snapshot.runs.len(), troubles.len()), (150, 1), "149 builds and one that waits");

    *master.rows("/builds?complete=false", "builds") = many(2100, false);
    master.asked.take();
    let (_, troubles) = master.look(&BuildbotConfig::default(), &mut State::default());
    let asked = master.asked.take();
    let pages =
        asked.iter().filter(|request| request.query.contains(&("complete".to_owned(), "false".to_owned())));
    assert_eq!(pages.count(), 20 + 1, "and the queue");
    assert!(
        troubles.iter().any(|trouble| trouble.what.as_str().unwrap().contains("more than 2000 builds run"))
    );
}

#[test]
fn a_request_that_begins_while_it_is_looked_at_is_one_run() {
    let mut master = Master::captured();
    let request = master.rows("/buildrequests", "buildrequests")[0]["buildrequestid"].clone();
    master.rows("/builds?complete=false", "builds")[0]["buildrequestid"] = request;
    let (snapshot, _) = master.look(&BuildbotConfig::default(), &mut State::default());
    let ids: BTreeSet<_> = snapshot.runs.iter().map(|run| &run.id).collect();
    assert_eq!((ids.len(), snapshot.runs.len()), (12, 12));
}

#[test]
fn only_configured_builders_are_asked_for_and_a_name_that_is_none_is_told() {
    let config = BuildbotConfig { tags: vec!["checkout".to_owned()], ..BuildbotConfig::default() };
    let master = Master::captured();
    let (snapshot, troubles) = master.look(&config, &mut State::default());
    assert_eq!(troubles, []);
    let pipelines: BTreeSet<_> = snapshot.runs.iter().map(|run| run.pipeline.as_str().unwrap()).collect();
    assert_eq!(pipelines, BTreeSet::from(["checkout-package", "checkout-test"]));
    let asked = master.asked.take();
    let builds = asked.iter().find(|request| request.path == "/api/v2/builds").unwrap();
    let ids: Vec<_> = builds.query.iter().filter(|(k, _)| k == "builderid").map(|(_, id)| id).collect();
    assert_eq!(ids, ["2", "6"]);

    let config = BuildbotConfig { builders: vec!["chekcout".to_owned()], ..BuildbotConfig::default() };
    let mut state = State::default();
    assert_eq!(master.look(&config, &mut state).1.len(), 1);
    let (_, troubles) = master.look(&config, &mut state);
    assert_eq!(troubles[0].kind, FailureKind::NotFound, "as long as it is so");
    assert!(troubles[0].what.as_str().unwrap().contains("checkout-publish, checkout-package"));
}

#[test]
fn a_step_shows_all_its_logs_without_the_letters_of_channels() {
    let (_, mut state) = seen();
    let master = Master::captured();
    let lines = master.read(&mut state, "28");
    assert_eq!(lines[0], "== stdio ==");
    assert!(lines.contains(&"test pays_once ... FAILED".to_owned()), "{lines:#?}");
    assert!(lines.contains(&"thread main panicked at src/pay.rs:41: timed out after 30 s".to_owned()));
    assert!(lines.contains(&"program finished with exit code 2".to_owned()));
    assert_eq!(lines[lines.len() - 2..], ["== report ==", "pays_once: expected 200, got 504"]);
    // An exception: a text, and the same as a page for a browser.
    let lines = master.read(&mut state, "10");
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0], "Traceback (most recent call last):", "a text has no letters");
}

#[test]
fn a_log_is_followed_by_its_lines_while_it_grows() {
    let (_, mut state) = seen();
    let mut master = Master::captured();
    let config = BuildbotConfig::default();
    let key = DetailKey::StepLog { run: "r".into(), job: "j".into(), step: "39".into() };
    let first = config.detail(&state, &key).unwrap();
    let mut go_on = |master: &Master, mut ask: Ask<Tag>| loop {
        let response = master.page(&ask.request);
        match config.accept_detail(&mut state, &key, &ask, &response).unwrap() {
            Fetched::More(next) => ask = next,
            other => return other,
        }
    };
    let Fetched::Growing(Detail::Log(lines), GROWS, next) = go_on(&master, first) else { panic!() };
    assert_eq!((lines.len(), &lines[29]), (30, &"row batch 25 of 60".into()));
    // Nothing new: it is not asked for lines.
    let Fetched::Growing(Detail::Log(lines), _, next) = go_on(&master, next) else { panic!() };
    assert_eq!(lines.len(), 30);
    let later = master.pages.remove("/steps/39/logs later").unwrap();
    master.pages.insert("/steps/39/logs".to_owned(), later);
    let Fetched::Growing(Detail::Log(lines), _, next) = go_on(&master, next) else { panic!() };
    assert_eq!((lines.len(), &lines[34]), (35, &"row batch 30 of 60".into()));
    // It counts a line that it does not give yet, and then the log is over, but the step is not.
    let log = &mut master.pages.get_mut("/steps/39/logs").unwrap()["logs"][0];
    (log["num_lines"], log["complete"]) = (36.into(), true.into());
    let nothing = json!({ "logchunks": [{ "content": "", "firstline": 35, "logid": 26 }], "meta": {} });
    master.pages.insert("/logs/26/contents?offset=35".to_owned(), nothing);
    let Fetched::Growing(Detail::Log(lines), _, next) = go_on(&master, next) else { panic!() };
    assert_eq!(lines.len(), 35);
    let last = json!({ "logchunks": [{ "content": "hkilled\n", "firstline": 35, "logid": 26 }], "meta": {} });
    master.pages.insert("/logs/26/contents?offset=35".to_owned(), last);
    let response = go_on(&master, next);
    let Fetched::Growing(Detail::Log(lines), _, next) = response else { panic!() };
    assert_eq!((lines.len(), &lines[35]), (36, &"killed".into()));
    let mut over = State::default();
    let response = master.page(&next.request);
    let done = config.accept_detail(&mut over, &key, &next, &response).unwrap();
    assert!(matches!(done, Fetched::Done(_)), "the step is over");
}

#[test]
fn of_a_log_without_end_the_last_lines_are_kept_and_the_rest_is_counted() {
    let (_, mut state) = seen();
    let mut master = Master::captured();
    let log = &mut master.pages.get_mut("/steps/39/logs").unwrap()["logs"][0];
    log["num_lines"] = 1_000_000.into();
    let lines: Vec<_> = (995_000..1_000_000).map(|n| format!("oline {n}")).collect();
    let content = lines.join("\n") + "\n";
    let chunk = json!({ "logchunks": [{ "content": content, "firstline": 995_000, "logid": 26 }] });
    master.pages.insert("/logs/26/contents?offset=995000".to_owned(), chunk);
    let lines = master.read(&mut state, "39");
    assert_eq!(lines.len(), 5001);
    assert_eq!(lines[..2], ["(995000 lines before these are left out)", "line 995000"]);
    assert_eq!(lines[5000], "line 999999");

    master.pages.get_mut("/steps/39/logs").unwrap()["logs"][0]["type"] = "d".into();
    let key = DetailKey::StepLog { run: "r".into(), job: "j".into(), step: "39".into() };
    let config = BuildbotConfig::default();
    let failed = testing::detail(&config, &mut state, &key, |ask| Ok(master.page(&ask.request))).unwrap_err();
    assert_eq!(failed.kind, FailureKind::Missing);
}

/// What a master of 4.3.0 told while a build was forced and failed.
const EVENTS: &str = include_str!("../../../../tests/fixtures/buildbot/events.txt");

/// Each event of the capture that leads to a look, as `builds new`.
fn news(config: &BuildbotConfig, state: &State) -> Vec<String> {
    let events = EVENTS.split("\n\n").filter_map(|event| {
        let (name, data) = event.split_once('\n')?;
        let (name, data) = (name.strip_prefix("event: ")?, data.strip_prefix("data: ")?);
        Some(Event { name: name.into(), data: data.into(), id: "".into(), cut: 0 })
    });
    let told: Vec<_> = events.collect();
    assert_eq!(told.len(), 42);
    let told = told.iter().filter(|event| config.is_news(state, event));
    told.map(|event| {
        let data: Value = serde_json::from_slice(event.data.as_bytes()).unwrap();
        format!("{} {}", data["key"][0].as_str().unwrap(), data["key"][2].as_str().unwrap())
    })
    .collect()
}

#[test]
fn what_changes_a_row_leads_to_a_look_and_nothing_else_does() {
    let mut state = State::default();
    let of_requests_and_builds = [
        "buildrequests new",
        "buildrequests claimed",
        "builds new",
        "builds finished",
        "buildrequests complete",
    ];
    assert_eq!(
        news(&BuildbotConfig::default(), &state),
        of_requests_and_builds,
        "steps of nothing that is shown"
    );

    // The captured build is number 2, of builder 1.
    let build = json!({ "buildid": 2, "number": 2, "builderid": 1, "started_at": 1_795_341_802 });
    let build =
        Known { build: serde_json::from_value(build).unwrap(), steps: Vec::new(), steps_final: false };
    state.builds.insert(2, build);
    let all = news(&BuildbotConfig::default(), &state);
    assert_eq!(all.iter().filter(|what| what.starts_with("steps ")).count(), 9, "new, started and finished");
    assert_eq!(all.len(), 9 + of_requests_and_builds.len());

    // Another builder's are nothing to look at.
    let builder =
        |id: u64, name: &str| (id, Builder { builderid: id, name: name.to_owned(), tags: Vec::new() });
    state.builders = BTreeMap::from([builder(1, "checkout-test"), builder(2, "checkout-deploy")]);
    state.builds.clear();
    let chosen = |name: &str| BuildbotConfig { builders: vec![name.to_owned()], ..BuildbotConfig::default() };
    assert_eq!(news(&chosen("checkout-test"), &state), of_requests_and_builds);
    assert_eq!(news(&chosen("checkout-deploy"), &state), <[String; 0]>::default());
}

#[test]
fn an_event_that_cannot_be_read_leads_to_a_look() {
    let event = |data: &str| Event { name: "event".into(), data: data.into(), id: "".into(), cut: 0 };
    for (data, expected) in [
        (r#"{"key": ["builds", "7", "new"], "message": {"builderid": 1, "properties": {"a": "..."#, true),
        (r#"{"key": ["builds", "7", "deleted"], "message": {}}"#, true),
        (r#"{"key": ["workers", "1", "connected"], "message": {"workerid": 1}}"#, false),
    ] {
        assert_eq!(BuildbotConfig::default().is_news(&State::default(), &event(data)), expected, "{data}");
    }
}
