//! Rounds and logs against pages written after GitHub's own description of its API, which
//! `tests/specs.rs` compares them with.

use std::cell::RefCell;
use std::sync::Arc;

use super::*;
use crate::model::run::{Run, RunState};
use crate::model::update::Detail;
use crate::source::poll::testing::{self, Recorded, line_of};

/// A first look at `shop/checkout` with two pages, at one that may not be seen, and at one without runs.
const FIRST: &str = include_str!("../../../../tests/fixtures/github/first-round.json");
/// Half a minute later.
const SECOND: &str = include_str!("../../../../tests/fixtures/github/second-round.json");
const AT_WORK: &str = include_str!("../../../../tests/fixtures/github/job-at-work.json");
const OVER: &str = include_str!("../../../../tests/fixtures/github/job-over.json");
const LOG: &str = include_str!("../../../../tests/fixtures/github/job-log.json");

fn recorded(json: &str) -> Recorded {
    Recorded::new("https://api.github.com", json)
}

/// The log of a job that failed.
fn text() -> String {
    let exchanges: Vec<serde_json::Value> = serde_json::from_str(LOG).unwrap();
    exchanges[0]["response"].as_str().unwrap().to_owned()
}

fn config(repos: &[&str]) -> GitHubActionsConfig {
    let repos = Repos::new(repos.iter().map(|name| (*name).to_owned()).collect()).unwrap();
    GitHubActionsConfig { repos, deployments: true }
}

fn at(time: &str) -> Timestamp {
    format!("2026-03-01T{time}Z").parse().unwrap()
}

/// Plays the first round; says what was asked.
fn first(repos: &[&str], state: &mut State) -> (Snapshot, Vec<Failure>, Vec<String>) {
    let (recorded, asked) = (recorded(FIRST), RefCell::new(Vec::new()));
    let now = at("03:30:00");
    let (snapshot, troubles) = testing::round(&config(repos), state, now, Some(now - BACK), |ask| {
        asked.borrow_mut().push(line_of(&ask.request));
        recorded.answer(&ask.request).unwrap_or_else(|| panic!("no page for {}", line_of(&ask.request)))
    });
    (snapshot, troubles, asked.into_inner())
}

fn run<'a>(snapshot: &'a Snapshot, id: &str) -> &'a Arc<Run> {
    snapshot.runs.iter().find(|run| run.id == id.into()).unwrap_or_else(|| panic!("no run {id}"))
}

#[test]
fn a_first_round_reads_both_pages_and_the_jobs_that_matter() {
    let (snapshot, troubles, asked) = first(&["shop/checkout"], &mut State::default());
    assert_eq!(troubles, []);
    let mut all: Vec<String> = recorded(FIRST).asked().map(str::to_owned).collect();
    all.retain(|path| !path.contains("/shop/cart/") && !path.contains("/shop/secret/"));
    let mut made = asked.clone();
    made.sort_unstable();
    all.sort_unstable();
    assert_eq!(made, all, "each page once, and jobs of what failed or is at work only");

    let ids: Vec<_> = snapshot.runs.iter().map(|run| run.id.as_str().unwrap()).collect();
    let expected = [
        "9105/1",
        "9030/2",
        "9106/1",
        "9104/2",
        "9104/1",
        "9103/1",
        "9102/1",
        "9101/1",
        "9100/1",
        "deployment/3301",
        "9050/1",
    ];
    assert_eq!(ids, expected, "two days old stays only as the last run of its workflow");

    let failed = run(&snapshot, "9104/2");
    assert_eq!((failed.pipeline.as_str(), failed.number, failed.attempt), (Some("CI"), Some(1042), 2));
    assert_eq!((failed.state, failed.person.as_ref()), (RunState::Failed, Some(&"ada".into())));
    assert_eq!((failed.started, failed.finished), (Some(at("03:05:30")), Some(at("03:12:09"))));
    assert_eq!(
        (failed.repo.as_ref(), failed.branch.as_ref()),
        (Some(&"shop/checkout".into()), Some(&"main".into()))
    );
    let (job, step) = failed.first_failure().unwrap();
    assert_eq!(failed.jobs[job].name, "test (1.24)".into());
    assert_eq!(failed.jobs[job].steps[step.unwrap()].name, "Test".into());
    assert_eq!(failed.jobs[2].state, RunState::Skipped);
    assert_eq!(failed.jobs[2].started, None, "what never ran took no time");

    let earlier = run(&snapshot, "9104/1");
    assert_eq!((earlier.attempt, earlier.started), (1, Some(at("02:40:00"))));
    assert_eq!(earlier.jobs.len(), 1);
    assert_eq!(run(&snapshot, "9100/1").state, RunState::Unknown);
    assert!(run(&snapshot, "9100/1").has_ended());
}

#[test]
fn a_gate_tells_what_it_is_for_and_who_may_open_it() {
    let (snapshot, ..) = first(&["shop/checkout"], &mut State::default());
    let waiting = run(&snapshot, "9106/1");
    assert_eq!(
        (waiting.state, waiting.environment.as_ref()),
        (RunState::Waiting, Some(&"production".into()))
    );
    let names: Vec<_> = waiting.jobs.iter().map(|job| (job.name.as_str().unwrap(), job.state)).collect();
    assert_eq!(names[1], ("production", RunState::Waiting));
    assert_eq!(names[2], ("gate of production: waits for ada, Operations, 10 min", RunState::Waiting));
}

#[test]
fn a_deployment_is_its_run_or_a_row_of_its_own() {
    let (snapshot, ..) = first(&["shop/checkout"], &mut State::default());
    let deployed = run(&snapshot, "9102/1");
    assert_eq!(
        (deployed.environment.as_ref(), deployed.state),
        (Some(&"production".into()), RunState::Succeeded)
    );
    assert!(snapshot.runs.iter().all(|run| run.id != "deployment/3302".into()));
    // Somebody else's tool did it.
    let own = run(&snapshot, "deployment/3301");
    assert_eq!((own.environment.as_ref(), own.state), (Some(&"staging".into()), RunState::Failed));
    assert_eq!(
        (own.pipeline.as_str(), own.title.as_str()),
        (Some("deploy:migrations"), Some("Release v214"))
    );
    assert_eq!(own.link, Some("https://deploys.shop.example/214".into()));
    assert_eq!(own.finished, Some("2026-02-28T20:04:00Z".parse().unwrap()));
}

#[test]
fn a_repository_that_may_not_be_seen_is_a_trouble_and_the_others_show() {
    let (snapshot, troubles, _) =
        first(&["shop/secret", "shop/cart", "shop/checkout"], &mut State::default());
    let [trouble] = troubles.as_slice() else { panic!("{troubles:?}") };
    assert_eq!(trouble.kind, FailureKind::NotFound);
    let advice = trouble.advice.as_ref().and_then(RawText::as_str).unwrap();
    assert!(advice.contains("`repo`") && advice.contains("actions:read"), "{advice}");
    assert_eq!(snapshot.runs.len(), 11);
}

#[test]
fn a_later_round_asks_for_what_is_at_work_or_has_just_ended_alone() {
    let mut state = State::default();
    let (before, ..) = first(&["shop/checkout"], &mut state);
    let (early, late) = (recorded(FIRST), recorded(SECOND));
    let asked = RefCell::new(Vec::new());
    let vendor = config(&["shop/checkout"]);
    let (snapshot, troubles) = testing::round(&vendor, &mut state, at("03:30:30"), None, |ask| {
        let line = line_of(&ask.request);
        asked.borrow_mut().push(line.clone());
        let answer = late.answer(&ask.request).or_else(|| early.unchanged(ask));
        answer.unwrap_or_else(|| panic!("asked again without need: {line}"))
    });
    assert_eq!(troubles, []);
    let jobs: Vec<_> = asked.borrow().iter().filter(|line| line.contains("/jobs")).cloned().collect();
    let of = |run| format!("/repos/shop/checkout/actions/runs/{run}/attempts/1/jobs?per_page=100");
    let again = "/repos/shop/checkout/actions/runs/9030/attempts/2/jobs?per_page=100".to_owned();
    assert_eq!(jobs, [of(9107), of(9106), of(9105), again]);
    assert_eq!(run(&snapshot, "9105/1").state, RunState::Succeeded);
    assert_eq!(run(&snapshot, "9105/1").jobs[0].steps[3].state, RunState::Succeeded);
    assert_eq!(run(&snapshot, "9107/1").jobs[0].state, RunState::Queued);
    // What did not change is as it was, jobs, gates and deployments too.
    for id in ["9106/1", "9104/2", "9104/1", "deployment/3301"] {
        assert_eq!(run(&snapshot, id), run(&before, id), "{id}");
    }

    // An old run that somebody started anew is on no page, and its first attempt is not kept.
    assert_eq!(run(&snapshot, "9030/2").jobs.len(), 1);
    assert!(snapshot.runs.iter().all(|run| run.id != "9030/1".into()));

    // Then nothing changes: lists, and what is at work or waits.
    asked.borrow_mut().clear();
    testing::round(&vendor, &mut state, at("03:31:00"), None, |ask| {
        asked.borrow_mut().push(line_of(&ask.request));
        assert!(ask.conditional);
        late.unchanged(ask).or_else(|| early.unchanged(ask)).unwrap()
    });
    let root = "/repos/shop/checkout";
    let expected = [
        "/actions/runs?per_page=50&exclude_pull_requests=true",
        "/actions/runs/9107/attempts/1/jobs?per_page=100",
        "/actions/runs/9106/pending_deployments",
        "/actions/runs/9106/attempts/1/jobs?per_page=100",
        "/actions/runs/9030?exclude_pull_requests=true",
        "/actions/runs/9030/attempts/2/jobs?per_page=100",
        "/actions/runs?per_page=50&exclude_pull_requests=true&status=in_progress",
        "/deployments?per_page=30",
        "/deployments/3303/statuses?per_page=10",
    ];
    assert_eq!(*asked.borrow(), expected.map(|path| format!("{root}{path}")));
}

#[test]
fn a_page_that_did_not_come_is_asked_for_in_the_next_round() {
    let mut state = State::default();
    let (vendor, recorded) = (config(&["shop/checkout"]), recorded(FIRST));
    let fails = |ask: &Ask<Tag>| match ask.tag.about {
        About::Runs { page: 2, .. } => Err(Failure::new(FailureKind::Server, "502")),
        _ => recorded.answer(&ask.request).unwrap(),
    };
    let now = at("03:30:00");
    let (snapshot, troubles) = testing::round(&vendor, &mut state, now, Some(now), fails);
    assert_eq!((snapshot.runs.len(), troubles.len()), (4, 1));
    // Not even the first page comes: the second is still to be read.
    let down = |_: &Ask<Tag>| Err(Failure::new(FailureKind::Server, "502"));
    let (_, troubles) = testing::round(&vendor, &mut state, at("03:30:15"), None, down);
    assert_eq!(troubles.len(), 1);
    // It may not be asked whether the first page has changed: it has not.
    let works = |ask: &Ask<Tag>| {
        assert!(!(ask.conditional && matches!(ask.tag.about, About::Runs { .. })));
        recorded.answer(&ask.request).unwrap_or_else(|| panic!("{}", line_of(&ask.request)))
    };
    let (snapshot, troubles) = testing::round(&vendor, &mut state, at("03:30:30"), None, works);
    assert_eq!(troubles, []);
    assert!(snapshot.runs.iter().any(|run| run.id == "9101/1".into()));
}

#[test]
fn what_is_at_work_and_no_longer_listed_is_asked_for_by_itself_until_it_is_gone() {
    let mut repo = Repo::default();
    let page: Vec<serde_json::Value> = serde_json::from_str(FIRST).unwrap();
    let at_work = page[0]["response"]["workflow_runs"][1].clone();
    repo.take_run(serde_json::from_value(at_work).unwrap(), at("03:30:00"));
    repo.listed.insert(9105);
    // No job is known yet: that they did not change would say nothing.
    let jobs = || Wanted::Jobs { run: 9105, attempt: 1, is_over: false, conditional: false };
    assert_eq!(repo.wanted(), [jobs()]);
    repo.listed.clear();
    assert_eq!(repo.wanted(), [Wanted::Run(9105), jobs()]);
    repo.forget(9105, None);
    assert_eq!(repo.wanted(), []);
}

#[test]
fn the_jobs_of_a_run_that_had_ended_before_come_when_somebody_opens_it() {
    let mut state = State::default();
    let (vendor, (before, ..)) = (config(&["shop/checkout"]), first(&["shop/checkout"], &mut state));
    assert!(run(&before, "9102/1").jobs.is_empty());
    // The answer is that of another run; what is in it does not matter here.
    let jobs = |ask: &Ask<Tag>| {
        assert_eq!(
            line_of(&ask.request),
            "/repos/shop/checkout/actions/runs/9102/attempts/1/jobs?per_page=100"
        );
        let like =
            Request::get("/repos/shop/checkout/actions/runs/9104/attempts/2/jobs").query("per_page", "100");
        recorded(FIRST).answer(&like).unwrap()
    };
    let key = DetailKey::Jobs { run: "9102/1".into() };
    let Ok(Fetched::Done(Detail::Jobs(jobs))) = testing::fetched(&vendor, &mut state, &key, jobs) else {
        panic!()
    };
    assert_eq!(jobs.len(), 3);
    let after = vendor.snapshot(&mut state, at("03:30:10"));
    assert_eq!(run(&after, "9102/1").jobs, jobs, "and they stay");
    let (job, step) = (jobs[1].id.clone(), jobs[1].steps[0].id.clone());
    assert!(vendor.detail(&state, &DetailKey::StepLog { run: "9102/1".into(), job, step }).is_some());
    assert!(vendor.detail(&state, &DetailKey::Jobs { run: "deployment/3301".into() }).is_none());
}

fn key(job: &str, step: &str) -> DetailKey {
    DetailKey::StepLog { run: "9104/2".into(), job: job.into(), step: step.into() }
}

fn log(key: &DetailKey, body: &str) -> Result<Vec<String>, Failure> {
    let mut state = State::default();
    first(&["shop/checkout"], &mut state);
    let fetched = testing::fetched(&config(&["shop/checkout"]), &mut state, key, |ask| {
        assert_eq!(ask.request.path, "/repos/shop/checkout/actions/jobs/77202/logs");
        assert!(ask.request.may_leave);
        let status = if body.is_empty() { 404 } else { 200 };
        Ok(testing::answer(&ask.request, status, &[], body))
    });
    let Fetched::Done(detail) = fetched? else { panic!("it is whole") };
    Ok(testing::lines(&detail).into_iter().map(str::to_owned).collect())
}

#[test]
fn the_log_of_a_job_is_cut_to_a_step() {
    let test = log(&key("77202", "4"), &text()).unwrap();
    let expected = [
        "03:07:10Z > Run make test",
        "03:07:10Z \u{1b}[36;1mmake test\u{1b}[0m",
        "03:11:50Z --- FAIL: TestRetryOnce (2.01s)",
        "03:11:50Z     pay_test.go:88: charged twice",
        "03:11:57Z make: *** [Makefile:14: test] Error 1",
        "03:11:58Z error: Process completed with exit code 2.",
    ];
    assert_eq!(test, expected);
    let first_and_last = |step| {
        let lines = log(&key("77202", step), &text()).unwrap();
        (lines.first().cloned().unwrap(), lines.last().cloned().unwrap())
    };
    let said = |first: &str, last: &str| (first.to_owned(), last.to_owned());
    assert_eq!(
        first_and_last("1"),
        said("03:05:41Z Current runner version: '2.329.0'", "03:05:42Z Complete job name: test (1.24)")
    );
    assert_eq!(first_and_last("3"), said("03:05:44Z > Run make build", "03:07:10Z built checkout"));
    assert_eq!(first_and_last("9"), said("03:11:58Z Post job cleanup.", "03:11:58Z $ /usr/bin/git version"));
    assert_eq!(first_and_last("10").0, "03:11:59Z Cleaning up orphan processes");
    // One that was skipped has no lines: then all are better than none, and it is said.
    assert!(first_and_last("5").0.starts_with("(where this step begins cannot be told"));
    let whole = log(&DetailKey::JobLog { run: "9104/2".into(), job: "77202".into() }, &text()).unwrap();
    assert_eq!(whole.len(), text().lines().count() - text().matches("##[endgroup]").count());
}

#[test]
fn a_log_that_is_not_there_is_said_plainly() {
    let failure = log(&key("77202", "4"), "").unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(failure.advice.is_some());
}

#[test]
fn while_a_job_works_its_steps_stand_for_its_log() {
    let mut state = State::default();
    first(&["shop/checkout"], &mut state);
    let vendor = config(&["shop/checkout"]);
    let key = DetailKey::StepLog { run: "9105/1".into(), job: "77301".into(), step: "3".into() };
    let at_work =
        testing::fetched(&vendor, &mut state, &key, |ask| recorded(AT_WORK).answer(&ask.request).unwrap());
    let Fetched::Growing(detail, _, again) = at_work.unwrap() else { panic!("it is at work") };
    let lines = testing::lines(&detail);
    assert!(lines[0].contains("only when the job is over"), "{lines:?}");
    assert_eq!(lines[3], "03:27:13Z running   Build");
    assert_eq!(lines[4], "queued    Test");
    // Over: the log is next.
    let over = recorded(OVER).answer(&again.request).unwrap().unwrap();
    let Fetched::More(next) = vendor.accept_detail(&mut state, &key, &again, &over).unwrap() else {
        panic!()
    };
    assert_eq!(next.request.path, "/repos/shop/checkout/actions/jobs/77301/logs");
    let body = text().replace("03:0", "03:2");
    let response = testing::answer(&next.request, 200, &[], &body);
    assert!(matches!(
        vendor.accept_detail(&mut state, &key, &next, &response),
        Ok(Fetched::Done(Detail::Log(_)))
    ));
}

#[test]
fn the_address_of_the_service_leads_to_its_api() {
    for (written, api) in [
        ("https://api.github.com", "https://api.github.com/"),
        ("https://github.com/shop", "https://api.github.com/"),
        ("https://git.shop.example", "https://git.shop.example/api/v3"),
        ("https://git.shop.example/api/v3/", "https://git.shop.example/api/v3/"),
        ("https://api.shop.ghe.com", "https://api.shop.ghe.com/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v3"),
    ] {
        let mut url = Url::parse(written).unwrap();
        GitHubActionsConfig::api(&mut url);
        assert_eq!(url.as_str(), api, "{written}");
    }
}

#[test]
fn names_of_repositories_are_looked_at_before_anything_is_asked() {
    for names in [&[][..], &["checkout"], &["a/b/c"], &["a/"], &["/b"], &["../x"], &["a/.."]] {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert!(Repos::new(names.clone()).is_err(), "{names:?}");
    }
    let request = get(&"a b/c?d".into(), "/x");
    assert_eq!(request.path, "/repos/a%20b/c%3Fd/x");
}
