//! Rounds and logs against pages written after GitLab's own documents of its API; `tests/specs.rs`
//! compares them with a description made of those.

use std::cell::RefCell;
use std::sync::Arc;

use super::*;
use crate::model::run::{Run, RunState};
use crate::source::poll::testing::{self, Recorded, line_of};

/// A first look at `shop/checkout` with two pages, at the group `shop`, and at one that may not be seen.
const FIRST: &str = include_str!("../../../../tests/fixtures/gitlab/first-round.json");
/// What is said besides where the pipeline 505 has started one of its own and one of another project.
const CHILD: &str = include_str!("../../../../tests/fixtures/gitlab/child-pipeline.json");
const GROWING: &str = include_str!("../../../../tests/fixtures/gitlab/trace-growing.json");
const WHOLE: &str = include_str!("../../../../tests/fixtures/gitlab/trace-whole.json");

fn recorded(json: &str) -> Recorded {
    Recorded::new("https://git.shop.example/api/v4", json)
}

fn config(projects: &[&str], groups: &[&str]) -> GitLabCiConfig {
    let paths = |names: &[&str]| names.iter().map(|name| Path::new(name).unwrap()).collect();
    GitLabCiConfig { projects: paths(projects), groups: paths(groups), deployments: true }
}

fn at(time: &str) -> Timestamp {
    format!("2026-03-01T{time}Z").parse().unwrap()
}

fn first(vendor: &GitLabCiConfig, state: &mut State) -> (Snapshot, Vec<Failure>, Vec<String>) {
    let (recorded, asked) = (recorded(FIRST), RefCell::new(Vec::new()));
    let now = at("03:30:00");
    let (snapshot, troubles) = testing::round(vendor, state, now, Some(now - BACK), |ask| {
        asked.borrow_mut().push(line_of(&ask.request));
        recorded.answer(&ask.request).unwrap_or_else(|| panic!("no page for {}", line_of(&ask.request)))
    });
    (snapshot, troubles, asked.into_inner())
}

fn run<'a>(snapshot: &'a Snapshot, id: &str) -> &'a Arc<Run> {
    snapshot.runs.iter().find(|run| run.id == id.into()).unwrap_or_else(|| panic!("no run {id}"))
}

#[test]
fn a_first_round_reads_both_pages_and_asks_about_what_matters() {
    let vendor = config(&["shop/checkout"], &[]);
    let (snapshot, troubles, asked) = first(&vendor, &mut State::default());
    assert_eq!(troubles, []);
    let about = |id: &str| asked.iter().filter(|line| line.contains(&format!("/pipelines/{id}"))).count();
    assert_eq!((about("506"), about("505"), about("503"), about("502")), (3, 4, 0, 0));

    let failed = run(&snapshot, "505");
    assert_eq!((failed.state, failed.person.as_ref()), (RunState::Failed, Some(&"kim".into())));
    assert_eq!((failed.started, failed.finished), (Some(at("02:40:06")), Some(at("03:12:09"))));
    assert_eq!(failed.repo, Some("shop/checkout".into()));
    let names: Vec<_> = failed.jobs.iter().map(|job| job.name.as_str().unwrap()).collect();
    assert_eq!(names, ["build / compile", "test / audit", "test / unit", "deploy / deploy:prod"]);
    assert_eq!(failed.first_failure(), Some((2, None)), "a job that may fail is not why");

    let running = run(&snapshot, "506");
    assert_eq!((running.pipeline.as_str(), running.state), (Some("Release checkout"), RunState::Running));
    assert_eq!((running.jobs[1].state, running.jobs[2].state), (RunState::Running, RunState::Queued));
    assert_eq!(run(&snapshot, "502").branch, Some("!12".into()));
    assert_eq!(run(&snapshot, "501").pipeline, "schedule".into());
}

#[test]
fn a_word_that_is_not_known_spoils_nothing() {
    let (vendor, mut state) = (config(&["shop/checkout"], &[]), State::default());
    let newer = recorded(&FIRST.replace("canceled", "quarantined"));
    let (snapshot, troubles) =
        testing::round(&vendor, &mut state, at("03:30:00"), Some(at("03:30:00")), |ask| {
            // What is asked about it besides does not come.
            newer.answer(&ask.request).unwrap_or_else(|| Err(Failure::new(FailureKind::Server, "502")))
        });
    assert_eq!(run(&snapshot, "502").state, RunState::Unknown);
    assert_eq!((snapshot.runs.len(), troubles.len()), (7, 3));
}

#[test]
fn a_pipeline_that_waits_for_its_deployment_is_one_row() {
    let (snapshot, ..) = first(&config(&["shop/checkout"], &[]), &mut State::default());
    let waiting = run(&snapshot, "504");
    assert_eq!(
        (waiting.state, waiting.environment.as_ref()),
        (RunState::Waiting, Some(&"production".into()))
    );
    assert_eq!(waiting.jobs[1].state, RunState::Waiting);
    assert_eq!(run(&snapshot, "503").environment, Some("production".into()));
    // Its pipeline is not shown any more, what it deployed is still there.
    let last = run(&snapshot, "deployment/640");
    assert_eq!((last.environment.as_ref(), last.state), (Some(&"staging".into()), RunState::Succeeded));
    assert_eq!((last.pipeline.as_str(), last.person.as_ref()), (Some("deploy:staging"), Some(&"ada".into())));
    assert!(snapshot.runs.iter().all(|run| run.id != "deployment/642".into()));
}

#[test]
fn a_pipeline_started_by_another_is_a_part_of_it_and_a_job_started_anew_no_longer_counts() {
    let (vendor, mut state) = (config(&["shop/checkout"], &[]), State::default());
    let (child, early) = (recorded(CHILD), recorded(FIRST));
    let now = at("03:30:00");
    let (snapshot, troubles) = testing::round(&vendor, &mut state, now, Some(now), |ask| {
        let answer = child.answer(&ask.request).or_else(|| early.answer(&ask.request));
        answer.unwrap_or_else(|| panic!("no page for {}", line_of(&ask.request)))
    });
    assert_eq!(troubles, []);
    assert!(snapshot.runs.iter().all(|run| run.id != "507".into()), "no row of its own");
    let failed = run(&snapshot, "505");
    let jobs: Vec<_> =
        failed.jobs.iter().map(|job| (job.name.as_str().unwrap(), job.state, job.may_fail)).collect();
    let expected = [
        ("build / compile", RunState::Succeeded, false),
        ("test / audit", RunState::Failed, true),
        ("test / unit", RunState::Failed, false),
        ("deploy / deploy:prod", RunState::Skipped, false),
        ("test / charts", RunState::Failed, false),
        ("test / charts > check / lint (retried)", RunState::Failed, true),
        ("test / charts > check / lint", RunState::Succeeded, false),
        ("test / charts > deploy / render", RunState::Failed, false),
        // Of another project: it is a row there.
        ("test / storefront", RunState::Succeeded, false),
    ];
    assert_eq!(jobs, expected);
    // The log of such a job is to be had, a bridge has none.
    let log = |job: &str| vendor.detail(&state, &DetailKey::JobLog { run: "505".into(), job: job.into() });
    assert_eq!(log("9072").unwrap().request.path, "/projects/shop%2Fcheckout/jobs/9072/trace");
    assert!(log("9055").is_none());
    // It goes with the one that started it.
    let (snapshot, _) = testing::round(&vendor, &mut state, at("03:30:00") + BACK * 31, None, |ask| {
        Ok(testing::answer(&ask.request, 200, &[], "[]"))
    });
    assert_eq!(snapshot.runs, []);
    assert!(state.job(&"507".into(), &"9072".into()).is_none());
}

#[test]
fn the_jobs_of_a_pipeline_that_had_ended_before_come_when_somebody_opens_it() {
    let (vendor, mut state) = (config(&["shop/checkout"], &[]), State::default());
    let (before, ..) = first(&vendor, &mut state);
    assert!(run(&before, "503").jobs.is_empty());
    // Pages of another pipeline; what is in them does not matter here.
    let like = |ask: &Ask<Tag>| {
        let path = ask.request.path.replace("/503", "/505");
        recorded(FIRST).answer(&Request { path, ..ask.request.clone() }).unwrap()
    };
    let key = DetailKey::Jobs { run: "503".into() };
    let fetched = testing::fetched(&vendor, &mut state, &key, like);
    let Ok(Fetched::Done(Detail::Jobs(jobs))) = fetched else { panic!() };
    assert_eq!(jobs.len(), 4, "both pages");
    let asked = RefCell::new(Vec::new());
    let (after, _) = testing::round(&vendor, &mut state, at("03:30:30"), None, |ask| {
        asked.borrow_mut().push(ask.tag.about);
        like(ask)
    });
    assert_eq!(run(&after, "503").jobs, jobs, "and they stay");
    let of_it = |about: &&About| {
        matches!(
            about,
            About::Pipeline(503) | About::Jobs { pipeline: 503, .. } | About::Bridges { pipeline: 503, .. }
        )
    };
    let of_it: Vec<About> = asked.borrow().iter().filter(of_it).copied().collect();
    assert_eq!(of_it, [About::Pipeline(503), About::Bridges { pipeline: 503, page: 1, is_over: true }]);
}

#[test]
fn a_group_gives_its_projects_each_of_them_once() {
    let vendor = config(&["shop/checkout"], &["shop"]);
    let (snapshot, troubles, asked) = first(&vendor, &mut State::default());
    assert_eq!(troubles, []);
    let lists = asked.iter().filter(|line| line.contains("checkout/pipelines?updated_after"));
    assert_eq!(lists.filter(|line| !line.contains("&page=")).count(), 1);
    // Nothing for two days: the last one shows how it stands.
    let front = run(&snapshot, "420");
    assert_eq!((front.repo.as_ref(), front.state), (Some(&"shop/web/front".into()), RunState::Succeeded));
}

#[test]
fn a_project_that_may_not_be_seen_is_a_trouble_and_the_others_show() {
    let vendor = config(&["shop/secret", "shop/checkout"], &[]);
    let (snapshot, troubles, _) = first(&vendor, &mut State::default());
    assert!(snapshot.runs.len() > 5);
    let advice = troubles[0].advice.as_ref().and_then(RawText::as_str).unwrap();
    assert!(troubles[0].kind == FailureKind::NotFound && advice.contains("`read_api`"), "{advice}");
}

#[test]
fn a_later_round_asks_about_what_is_at_work_alone_and_groups_rarely() {
    let vendor = config(&["shop/checkout"], &["shop"]);
    let mut state = State::default();
    let (before, ..) = first(&vendor, &mut state);
    let (early, asked) = (recorded(FIRST), RefCell::new(Vec::new()));
    let (snapshot, troubles) = testing::round(&vendor, &mut state, at("03:30:30"), None, |ask| {
        asked.borrow_mut().push(ask.tag.about);
        // That there still is no bridge is said by the list itself.
        let empty = || early.answer(&ask.request).filter(|_| matches!(ask.tag.about, About::Bridges { .. }));
        let answer = early.unchanged(ask).or_else(empty);
        answer.unwrap_or_else(|| panic!("asked again without need: {}", line_of(&ask.request)))
    });
    assert_eq!((&snapshot, troubles), (&before, vec![]));
    let list = About::Pipelines { page: 1, whole: false };
    let jobs = About::Jobs { pipeline: 506, page: 1, is_over: false };
    let bridges = About::Bridges { pipeline: 506, page: 1, is_over: false };
    let expected = [list, list, About::Pipeline(506), jobs, bridges, About::Deployments, About::Deployments];
    assert_eq!(*asked.borrow(), expected);
}

#[test]
fn what_did_not_come_is_asked_for_again_until_it_does() {
    let (vendor, mut state) = (config(&["shop/checkout"], &[]), State::default());
    let page = |ask: &Ask<Tag>| recorded(FIRST).answer(&ask.request).unwrap();
    let down = || Err(Failure::new(FailureKind::Server, "502"));
    let is_lost = |about| {
        matches!(
            about,
            About::Pipelines { page: 2, .. }
                | About::Jobs { pipeline: 505, page: 2, .. }
                | About::Pipeline(505)
        )
    };
    let now = at("03:30:00");
    let (_, troubles) = testing::round(&vendor, &mut state, now, Some(now), |ask| {
        if is_lost(ask.tag.about) { down() } else { page(ask) }
    });
    assert_eq!(troubles.len(), 1, "what is asked after the list waits for it");
    // Not even the first page comes: the second is still to be read.
    let (_, troubles) = testing::round(&vendor, &mut state, at("03:30:15"), None, |_| down());
    assert_eq!(troubles.len(), 1);
    let (snapshot, troubles) = testing::round(&vendor, &mut state, at("03:30:30"), None, |ask| {
        let list = matches!(ask.tag.about, About::Pipelines { .. });
        assert!(!(list && ask.conditional), "whether the first page changed says nothing of the second");
        if is_lost(ask.tag.about) && !list { down() } else { page(ask) }
    });
    assert_eq!((snapshot.runs.len(), troubles.len()), (7, 2));
    assert_eq!((run(&snapshot, "505").jobs.len(), run(&snapshot, "505").person.as_ref()), (2, None));
    let (snapshot, troubles) = testing::round(&vendor, &mut state, at("03:31:00"), None, page);
    assert_eq!(troubles, []);
    assert_eq!(
        (run(&snapshot, "505").jobs.len(), run(&snapshot, "505").person.as_ref()),
        (4, Some(&"kim".into()))
    );
}

#[test]
fn pages_at_another_address_are_told_of_as_long_as_they_are_not_read() {
    let (vendor, mut state) = (config(&["shop/checkout"], &[]), State::default());
    let elsewhere = FIRST.replace("<https://git.shop.example/", "<http://gitlab.internal/");
    let told = |troubles: Vec<Failure>| {
        let told: Vec<_> = troubles.iter().map(|trouble| trouble.what.as_str().unwrap().to_owned()).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].starts_with("shop/checkout: GET https://git.shop.example/api/v4/projects"),
            "{told:?}"
        );
        assert!(
            told[0].contains("more pages are at another address (http://gitlab.internal/api/v4/"),
            "{told:?}"
        );
        assert!(told[1].starts_with("shop/checkout: pipeline 505: "), "{told:?}");
    };
    let page = |ask: &Ask<Tag>| recorded(&elsewhere).answer(&ask.request).unwrap();
    let now = at("03:30:00");
    let (snapshot, troubles) = testing::round(&vendor, &mut state, now, Some(now), page);
    assert_eq!(run(&snapshot, "505").jobs.len(), 2);
    told(troubles);
    // Nothing has changed, also not this.
    let empty = |ask: &Ask<Tag>| recorded(&elsewhere).answer(&ask.request).unwrap();
    let unchanged = |ask: &Ask<Tag>| recorded(&elsewhere).unchanged(ask).unwrap_or_else(|| empty(ask));
    told(testing::round(&vendor, &mut state, at("03:30:30"), None, unchanged).1);
}

#[test]
fn a_project_that_left_its_group_goes_and_one_that_cannot_be_read_stays() {
    let (vendor, mut state) = (config(&[], &["shop"]), State::default());
    let has_front = |snapshot: &Snapshot| snapshot.runs.iter().any(|run| run.id == "420".into());
    assert!(has_front(&first(&vendor, &mut state).0));
    // The group is asked for again; what is asked about its projects meanwhile is answered after it.
    let mut round = |time, group: fn(&mut Vec<serde_json::Value>)| {
        testing::round(&vendor, &mut state, at(time), None, |ask| {
            let mut response = recorded(FIRST).answer(&ask.request).unwrap()?;
            if ask.tag.about == About::Group {
                let mut projects = serde_json::from_slice(&response.body).unwrap();
                group(&mut projects);
                response.body = serde_json::to_vec(&projects).unwrap();
            }
            Ok(response)
        })
    };
    let (snapshot, troubles) = round("03:41:00", |projects| projects[1]["path_with_namespace"] = 7.into());
    assert!(has_front(&snapshot) && troubles.len() == 1, "{troubles:?}");
    let (snapshot, troubles) = round("03:52:00", |projects| projects.truncate(1));
    assert!(!has_front(&snapshot) && !snapshot.runs.is_empty());
    assert_eq!(troubles, []);
}

#[test]
fn a_log_is_followed_while_it_grows_and_once_more_after_its_end() {
    let vendor = config(&["shop/checkout"], &[]);
    let mut state = State::default();
    first(&vendor, &mut state);
    let key = DetailKey::JobLog { run: "506".into(), job: "9062".into() };
    let fetched =
        testing::fetched(&vendor, &mut state, &key, |ask| recorded(GROWING).answer(&ask.request).unwrap());
    let Fetched::Growing(detail, _, mut again) = fetched.unwrap() else { panic!("it is at work") };
    let expected = [
        "Running with gitlab-runner 16.11.0 (91a27b2a)\u{1b}[0;m",
        "> \u{1b}[36;1mPreparing the \"docker\" executor\u{1b}[0;m",
        "Using Docker executor with image golang:1.24 ...",
        "> \u{1b}[36;1mExecuting \"step_script\" stage of the job script\u{1b}[0;m",
        "\u{1b}[32;1m$ make test\u{1b}[0;m",
        "fetch 100%",
    ];
    assert_eq!(testing::lines(&detail), expected);
    assert_eq!(again.tag.about, About::Trace { is_over: false });
    again.tag.about = About::Trace { is_over: true };
    let whole = recorded(WHOLE).answer(&again.request).unwrap().unwrap();
    let Fetched::Done(detail) = vendor.accept_detail(&mut state, &key, &again, &whole).unwrap() else {
        panic!()
    };
    assert_eq!(testing::lines(&detail)[7], "\u{1b}[31;1mERROR: Job failed: exit code 2");
}

#[test]
fn the_address_of_the_service_leads_to_its_api() {
    for (written, api) in [
        ("https://gitlab.com", "https://gitlab.com/api/v4"),
        ("https://git.shop.example/gitlab/", "https://git.shop.example/gitlab/api/v4"),
        ("https://git.shop.example/api/v4", "https://git.shop.example/api/v4"),
    ] {
        let mut url = Url::parse(written).unwrap();
        GitLabCiConfig::api(&mut url);
        assert_eq!(url.as_str(), api, "{written}");
    }
}

#[test]
fn paths_are_looked_at_before_anything_is_asked() {
    for wrong in ["", "a//b", "../x", "https://git.shop.example/shop/checkout"] {
        assert!(Path::new(wrong).is_err(), "{wrong}");
    }
    assert!(config(&[], &[]).wrong().is_some() && config(&[], &["shop"]).wrong().is_none());
    assert_eq!(get(&"a b/c?d".into(), "/x").path, "/projects/a%20b%2Fc%3Fd/x");
}
