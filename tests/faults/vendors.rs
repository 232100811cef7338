//! Every fault through every vendor: a named state of the source, its last good rows kept, and all of it
//! in little time and memory.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use midwatch::model::health::Health;
use midwatch::model::text::RawText;
use midwatch::model::update::{DetailKey, Gives, Snapshot};
use midwatch::model::world::{self, SourceInfo, World};
use midwatch::source::alerts::alertmanager::AlertmanagerConfig;
use midwatch::source::alerts::prometheus::PrometheusConfig;
use midwatch::source::outlet::{Intake, Report};
use midwatch::source::pipelines::buildbot::BuildbotConfig;
use midwatch::source::pipelines::github_actions::GitHubActionsConfig;
use midwatch::source::pipelines::gitlab_ci::GitLabCiConfig;
use midwatch::source::poll::{Answer, Ask, Fetched, Opening, Poll, Took, Transport, Vendor};
use midwatch::source::{Asked, Source as _};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

use super::faults::{Fault, Good};
use super::server::{Heard, Server, answer, json};
use super::*;

const SUITE: &str = "vendors::the_suite";
/// What the whole suite may take, servers and all.
const MOST: u64 = 64 << 20;
/// Cases at a time.
const AT_ONCE: u32 = 16;

/// A vendor, its keys, and a server of it that is well.
#[derive(Clone)]
struct Setup {
    kind: &'static str,
    /// Starts its source.
    start: fn(&Setup, Endpoint, Endpoint, usize) -> Running,
    keys: Value,
    now: &'static str,
    good: Good,
}

fn pages(json: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(json).unwrap()
}

/// A request as the fixtures write it: its query decoded.
fn target(heard: &Heard) -> String {
    let line = heard.line();
    let url = Url::parse(&format!("http://x{}", line.split_once(' ').unwrap().1)).unwrap();
    let pairs: Vec<String> = url.query_pairs().map(|(key, value)| format!("{key}={value}")).collect();
    if pairs.is_empty() { url.path().to_owned() } else { format!("{}?{}", url.path(), pairs.join("&")) }
}

/// The server of exchanges as they are recorded.
fn recorded(text: &str) -> Good {
    let exchanges: Vec<Value> = serde_json::from_str(text).unwrap();
    Arc::new(move |heard| {
        let target = target(heard);
        let found = exchanges.iter().find(|exchange| target.ends_with(exchange["path"].as_str().unwrap()));
        found.map(|exchange| exchange["response"].to_string().into_bytes())
    })
}

fn setup<V: Asked>(keys: Value, now: &'static str, good: Good) -> Setup {
    Setup { kind: V::KIND, start: Running::start::<V>, keys, now, good }
}

fn setups() -> Vec<Setup> {
    let alertmanager = |heard: &Heard| {
        let body = match target(heard).as_str() {
            "/api/v2/alerts" => include_str!("../fixtures/alertmanager/alerts.json"),
            "/api/v2/silences" => include_str!("../fixtures/alertmanager/silences.json"),
            _ => return None,
        };
        Some(body.into())
    };
    let prometheus = |heard: &Heard| {
        let target = target(heard);
        let body = match target.split_once('?')?.0 {
            "/api/v1/rules" => include_str!("../fixtures/prometheus/rules.json"),
            "/api/v1/query_range" => include_str!("../fixtures/prometheus/alerts_range.json"),
            _ => return None,
        };
        Some(body.into())
    };
    let buildbot = pages(include_str!("../fixtures/buildbot/pages.json"));
    let buildbot = move |heard: &Heard| {
        let target = target(heard);
        let path = target.strip_prefix("/api/v2")?;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let complete = query.split('&').find(|pair| path == "/builds" && pair.starts_with("complete="));
        let key = complete.map_or_else(|| path.to_owned(), |complete| format!("{path}?{complete}"));
        buildbot.get(&key).map(|page| page.to_string().into_bytes())
    };
    vec![
        setup::<AlertmanagerConfig>(json!({}), "2026-11-22T05:50:00Z", Arc::new(alertmanager)),
        setup::<PrometheusConfig>(json!({}), "2026-11-22T05:59:00Z", Arc::new(prometheus)),
        setup::<BuildbotConfig>(json!({}), "2026-11-22T06:26:30Z", Arc::new(buildbot)),
        setup::<GitHubActionsConfig>(
            json!({"repos": ["shop/checkout"]}),
            "2026-03-01T03:30:00Z",
            recorded(include_str!("../fixtures/github/first-round.json")),
        ),
        setup::<GitLabCiConfig>(
            json!({"projects": ["shop/checkout"]}),
            "2026-03-01T03:30:00Z",
            recorded(include_str!("../fixtures/gitlab/first-round.json")),
        ),
    ]
}

/// A vendor that counts its rounds.
struct Counted<V>(V, Arc<AtomicUsize>);

impl<V: Vendor> Vendor for Counted<V> {
    type State = V::State;
    type Tag = V::Tag;

    const GIVES: &'static [Gives] = V::GIVES;
    const EVERY: Duration = V::EVERY;

    fn round(&self, state: &mut V::State, now: Timestamp, backfill: Option<Timestamp>) -> Vec<Ask<V::Tag>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.round(state, now, backfill)
    }

    fn accept(
        &self,
        state: &mut V::State,
        ask: &Ask<V::Tag>,
        response: &Response,
        now: Timestamp,
    ) -> Result<Took<V::Tag>, Failure> {
        self.0.accept(state, ask, response, now)
    }

    fn unchanged(&self, state: &mut V::State, ask: &Ask<V::Tag>) -> Vec<Ask<V::Tag>> {
        self.0.unchanged(state, ask)
    }

    fn explain(&self, ask: &Ask<V::Tag>, failure: Failure) -> Failure {
        self.0.explain(ask, failure)
    }

    fn left_out(&self, state: &V::State) -> Vec<Failure> {
        self.0.left_out(state)
    }

    fn snapshot(&self, state: &mut V::State, now: Timestamp) -> Snapshot {
        self.0.snapshot(state, now)
    }

    fn detail(&self, state: &V::State, key: &DetailKey) -> Option<Ask<V::Tag>> {
        self.0.detail(state, key)
    }

    fn accept_detail(
        &self,
        state: &mut V::State,
        key: &DetailKey,
        ask: &Ask<V::Tag>,
        response: &Response,
    ) -> Result<Fetched<V::Tag>, Failure> {
        self.0.accept_detail(state, key, ask, response)
    }
}

/// The way to a server that is well in the first rounds, and to one that is not afterwards.
struct Turning {
    well: Client,
    then: Client,
    rounds: Arc<AtomicUsize>,
    good: usize,
}

impl Turning {
    fn now(&self) -> &Client {
        if self.rounds.load(Ordering::Relaxed) <= self.good { &self.well } else { &self.then }
    }
}

impl Transport for Turning {
    fn peers(&self) -> usize {
        self.now().peers()
    }

    fn patience(&self) -> Duration {
        Transport::patience(self.now())
    }

    fn send<'a>(&'a self, peer: Option<usize>, request: &'a Request, class: Class) -> Answer<'a> {
        Transport::send(self.now(), peer, request, class)
    }

    fn open<'a>(&'a self, request: &'a Request) -> Opening<'a> {
        Transport::open(self.now(), request)
    }

    fn renewed(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Transport::renewed(self.now())
    }
}

/// A source that runs, and what is known of it.
struct Running {
    intake: Intake,
    world: World,
    task: tokio::task::JoinHandle<()>,
    now: Timestamp,
    _secrets: [NamedTempFile; 2],
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Running {
    /// Starts the source: so many rounds go to `well`, the next ones to `then`.
    fn start<V: Asked>(setup: &Setup, well: Endpoint, then: Endpoint, good: usize) -> Self {
        let now: Timestamp = setup.now.parse().unwrap();
        let rounds = Arc::new(AtomicUsize::new(0));
        let vendor: V = serde_json::from_value(setup.keys.clone()).unwrap();
        let client = |mut endpoint: Endpoint| {
            endpoint.addresses.iter_mut().for_each(|address| V::api(&mut address.url));
            with_secret(endpoint, V::AUTH, Proxies::default())
        };
        let ((well, first), (then, second)) = (client(well), client(then));
        let transport = Turning { well, then, rounds: Arc::clone(&rounds), good };
        let poll = Poll::new(Counted(vendor, rounds), transport, Duration::from_millis(20));
        let info = SourceInfo {
            name: setup.kind.into(),
            kind: setup.kind.into(),
            environment: None,
            interval: None,
            gives: V::GIVES,
            reads: Vec::new(),
            exposed: Vec::new(),
        };
        let intake = Intake::default();
        let (outlet, _) = intake.outlet(setup.kind.into(), Arc::new(move || now));
        let task = tokio::spawn(Arc::new(poll).run(outlet));
        Self { intake, world: World::new([info]), task, now, _secrets: [first, second] }
    }

    fn source(&self) -> &world::Source {
        self.world.sources().next().unwrap()
    }

    /// What is in its rows.
    fn rows(&self) -> Vec<RawText> {
        let source = self.source();
        let runs = source.runs.iter().map(|run| run.id.clone());
        runs.chain(source.alerts.iter().map(|alert| alert.name.clone())).collect()
    }

    fn health(&self) -> Health {
        self.source().health(self.now)
    }

    /// Waits until it says so.
    async fn until(&mut self, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            if let Report::Update(update) = self.intake.next().await {
                self.world.apply(&update);
            }
        }
    }
}

async fn well(setup: &Setup) -> (Server, Endpoint) {
    let good = Arc::clone(&setup.good);
    let server = Server::start(move |heard| match good(heard) {
        Some(body) => json(body),
        None => answer("404 Not Found", &[], ""),
    })
    .await;
    let endpoint = Endpoint::at(&server.url()).unwrap();
    (server, endpoint)
}

/// What is wrong with how the vendor meets the fault.
async fn meets(setup: &Setup, fault: &Fault, rows: &[RawText]) -> Result<(), String> {
    let (_server, well) = well(setup).await;
    let stage = fault.stage(Arc::clone(&setup.good)).await;
    let (endpoint, elsewhere) = (stage.endpoint.clone(), &stage.elsewhere);
    let Some(kind) = fault.kind else {
        let mut running = (setup.start)(setup, endpoint.clone(), endpoint, 1);
        running.until(|running| running.health() != Health::Starting).await;
        if running.health() == Health::Live && running.rows() == rows {
            return Ok(());
        }
        return Err(format!("{:?} with {:?}", running.health(), running.rows()));
    };
    let mut running = (setup.start)(setup, well, endpoint, 1);
    running.until(|running| !running.rows().is_empty()).await;
    running.until(|running| running.health().is_blind()).await;
    let Health::Failing(failure, _) = running.health() else { return Err("it crashed".to_owned()) };
    let said = text(&failure);
    if failure.kind != kind || !said.contains("GET http") || said.len() > 600 || failure.next_try.is_none() {
        return Err(format!("{failure:?}"));
    }
    let reached = elsewhere
        .as_ref()
        .is_some_and(|server| server.heard().iter().any(|heard| heard.head.contains(CANARY)));
    if format!("{failure:?}").contains(CANARY) || reached {
        return Err(format!("the secret got out: {failure:?}"));
    }
    if running.rows() == rows { Ok(()) } else { Err(format!("the rows are now {:?}", running.rows())) }
}

/// A value of `/proc/self/status` in bytes.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test below, in a process of its own"]
async fn the_suite() {
    let (turns, mut cases, mut wrong) =
        (Arc::new(Semaphore::new(AT_ONCE as usize)), JoinSet::new(), Vec::new());
    let mut known = Vec::new();
    for setup in setups() {
        let (_server, well) = well(&setup).await;
        let mut running = (setup.start)(&setup, well.clone(), well, 1);
        running.until(|running| running.health() != Health::Starting).await;
        assert!(
            running.rows().len() > 1 && running.health() == Health::Live,
            "{}: {:?}",
            setup.kind,
            running.source().condition
        );
        known.push((setup, running.rows()));
    }
    let before = memory("VmHWM");
    // What is large comes alone: it is one source that is looked at.
    let is_large = |fault: &Fault| fault.kind == Some(FailureKind::TooLarge) || fault.name.contains("10 MB");
    for large in [false, true] {
        for (setup, rows) in &known {
            for fault in faults::all().into_iter().filter(|fault| is_large(fault) == large) {
                let (turns, setup, rows) = (Arc::clone(&turns), setup.clone(), rows.clone());
                cases.spawn(async move {
                    let _turn = turns.acquire_many_owned(if large { AT_ONCE } else { 1 }).await;
                    let met =
                        tokio::time::timeout(Duration::from_secs(15), meets(&setup, &fault, &rows)).await;
                    let why = met.map_err(|_| "nothing in 15 s".to_owned()).and_then(|met| met).err()?;
                    Some(format!("{}: {}: {why}", setup.kind, fault.name))
                });
            }
        }
    }
    while let Some(case) = cases.join_next().await {
        wrong.extend(case.unwrap());
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let grown = memory("VmHWM").saturating_sub(before);
    writeln!(std::io::stdout(), "grown by {} MiB", grown >> 20).unwrap();
    assert!(grown <= MOST, "{} MiB", grown >> 20);
}

#[test]
fn every_vendor_meets_every_fault_in_little_memory() {
    let tests = std::env::current_exe().unwrap();
    let ran = Command::new(tests).args(["--exact", SUITE, "--ignored", "--nocapture"]).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}
