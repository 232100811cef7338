//! The task of a polled source, on a paused clock and a scripted endpoint.

mod events;

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::testing::answer;
use super::*;
use crate::model::alert::Alert;
use crate::model::health::FailureKind;
use crate::model::update::News;
use crate::source::outlet::{Intake, Report, Request as Asked};

/// Asks two parts, and a log of a step that grows twice; may tell of events.
#[derive(Default)]
struct Parts {
    tells: bool,
}

impl Vendor for Parts {
    type State = Vec<String>;
    type Tag = &'static str;

    const GIVES: &'static [Gives] = &[Gives::Alerts];
    const EVERY: Duration = Duration::from_secs(10);

    fn round(
        &self,
        state: &mut Vec<String>,
        _: Timestamp,
        backfill: Option<Timestamp>,
    ) -> Vec<Ask<&'static str>> {
        state.clear();
        let past = backfill.map(|_| Ask::new("past", Request::get("/past")).part("the past"));
        let all = Ask::new("all", Request::get("/all")).of_every_peer().conditional();
        let also = Ask::new("also", Request::get("/also")).of_every_peer();
        past.into_iter().chain([Ask::new("a", Request::get("/a")).part("a"), all, also]).collect()
    }

    fn accept(
        &self,
        state: &mut Vec<String>,
        ask: &Ask<&'static str>,
        response: &Response,
        _: Timestamp,
    ) -> Result<Took<&'static str>, Failure> {
        state.push(String::from_utf8_lossy(&response.body).into_owned());
        let more = (response.body == b"more").then(|| Ask::new("a", Request::get("/a/2")).part("a"));
        let _ = ask;
        Ok(Took { more: more.into_iter().collect(), trouble: None })
    }

    fn events(&self) -> Option<Request> {
        self.tells.then(|| Request::get("/events"))
    }

    fn is_news(&self, _: &Vec<String>, event: &Event) -> bool {
        event.name != "handshake".into()
    }

    fn snapshot(&self, state: &mut Vec<String>, now: Timestamp) -> Snapshot {
        let named = state.iter().filter(|said| said.starts_with("alert"));
        let alerts = named.map(|name| Arc::new(Alert::new("1", name.as_str(), now))).collect();
        Snapshot { alerts, ..Snapshot::default() }
    }

    fn detail(&self, _: &Vec<String>, _: &DetailKey) -> Option<Ask<&'static str>> {
        Some(Ask::new("log", Request::get("/log")))
    }

    fn accept_detail(
        &self,
        _: &mut Vec<String>,
        _: &DetailKey,
        ask: &Ask<&'static str>,
        response: &Response,
    ) -> Result<Fetched<&'static str>, Failure> {
        let detail = Detail::Log(Arc::new([response.text()]));
        Ok(if response.body == b"whole" {
            Fetched::Done(detail)
        } else {
            Fetched::Growing(detail, Duration::from_secs(3), ask.clone())
        })
    }
}

/// What an endpoint does with a request of this path.
type Script = Box<dyn FnMut(&str, Option<usize>) -> Option<Result<&'static str, Failure>> + Send>;

struct Scripted {
    peers: usize,
    script: Mutex<Script>,
    streams: Mutex<VecDeque<events::Script>>,
    /// Streams that are open.
    open: Arc<()>,
    /// Path and second of each request.
    asked: Arc<Mutex<Vec<(String, u64)>>>,
    began: Instant,
    renewed: Arc<Notify>,
}

impl Transport for Scripted {
    fn peers(&self) -> usize {
        self.peers
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn send<'a>(&'a self, peer: Option<usize>, request: &'a Request, _: Class) -> Answer<'a> {
        self.asked.lock().unwrap().push((request.path.clone(), self.began.elapsed().as_secs()));
        let said = (self.script.lock().unwrap())(&request.path, peer);
        Box::pin(async move {
            match said {
                // It never answers.
                None => std::future::pending().await,
                Some(Ok("slow")) => {
                    tokio::time::sleep(Duration::from_secs(3)).await;
                    Ok(answer(request, 200, &[], ""))
                }
                Some(Ok("soon")) => {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    Ok(answer(request, 200, &[], ""))
                }
                Some(Ok("304")) => Ok(answer(request, 304, &[], "")),
                Some(said) => said.map(|body| {
                    let spoken = if peer == Some(1) { "HTTP/1.1" } else { "HTTP/2 over TLS 1.3" };
                    answer(request, 200, &[("etag", "\"1\"")], body).spoken_in(Some(spoken))
                }),
            }
        })
    }

    fn open<'a>(&'a self, request: &'a Request) -> Opening<'a> {
        self.asked.lock().unwrap().push((request.path.clone(), self.began.elapsed().as_secs()));
        let script = self.streams.lock().unwrap().pop_front();
        let open = Arc::clone(&self.open);
        Box::pin(async move {
            match script {
                // It never answers.
                None => std::future::pending().await,
                Some(script) => {
                    script.map(|steps| Box::new(events::Played::new(steps, open)) as Box<dyn Events>)
                }
            }
        })
    }

    fn renewed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.renewed.notified())
    }
}

struct Played {
    intake: Intake,
    rests: watch::Sender<bool>,
    ask: mpsc::Sender<Asked>,
    asked: Arc<Mutex<Vec<(String, u64)>>>,
    renewed: Arc<Notify>,
    began: Instant,
    open: Arc<()>,
    task: AbortHandle,
}

fn start(
    peers: usize,
    script: impl FnMut(&str, Option<usize>) -> Option<Result<&'static str, Failure>> + Send + 'static,
) -> Played {
    start_with(peers, script, Parts::EVERY, None)
}

/// A source that tells of events, if there are scripts of its streams.
fn start_with(
    peers: usize,
    script: impl FnMut(&str, Option<usize>) -> Option<Result<&'static str, Failure>> + Send + 'static,
    every: Duration,
    streams: Option<Vec<events::Script>>,
) -> Played {
    let open: Arc<()> = Arc::default();
    let parts = Parts { tells: streams.is_some() };
    let (intake, began) = (Intake::default(), Instant::now());
    let (asked, renewed) = (Arc::default(), Arc::default());
    let transport = Scripted {
        peers,
        script: Mutex::new(Box::new(script)),
        streams: Mutex::new(streams.unwrap_or_default().into()),
        open: Arc::clone(&open),
        asked: Arc::clone(&asked),
        began,
        renewed: Arc::clone(&renewed),
    };
    let clock = move || {
        let passed = i64::try_from(began.elapsed().as_millis()).unwrap();
        Timestamp::from_millisecond(1_800_000_000_000 + passed).unwrap()
    };
    let (outlet, ask) = intake.outlet("a".into(), Arc::new(clock));
    let source: Arc<dyn Source> = Arc::new(Poll::new(parts, transport, every));
    let task = tokio::spawn(source.run(outlet)).abort_handle();
    Played { rests: intake.rests(), intake, ask, asked, renewed, began, open, task }
}

impl Played {
    /// What the source says next.
    async fn news(&mut self) -> News {
        match self.intake.next().await {
            Report::Update(update) => update.news,
            Report::Segment(_) | Report::File(_) => panic!("no lines here"),
        }
    }

    async fn failure(&mut self) -> Failure {
        match self.news().await {
            News::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    /// The seconds in which this path was asked for.
    fn times(&self, path: &str) -> Vec<u64> {
        self.asked.lock().unwrap().iter().filter(|(asked, _)| asked == path).map(|(_, at)| *at).collect()
    }
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "no")
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_each_interval_and_only_the_first_round_looks_back() {
    let mut played = start(1, |_, _| Some(Ok("")));
    for _ in 0..6 {
        assert!(matches!(played.news().await, News::Snapshot(_)));
    }
    let times = played.times("/all");
    assert!(times[0] <= 5, "{times:?}");
    for pair in times.windows(2) {
        assert!((9..=11).contains(&(pair[1] - pair[0])), "{times:?}");
    }
    assert_eq!(played.times("/past").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_says_in_which_versions_its_peers_speak() {
    for (peers, expected) in [(1, "HTTP/2 over TLS 1.3"), (2, "HTTP/1.1, HTTP/2 over TLS 1.3")] {
        let News::Snapshot(snapshot) = start(peers, |_, _| Some(Ok(""))).news().await else { panic!() };
        assert_eq!(snapshot.spoken, Some(expected.into()));
    }
}

#[tokio::test(start_paused = true)]
async fn while_nobody_is_at_the_keys_it_is_asked_four_times_rarer_and_says_so() {
    let mut played = start(1, |_, _| Some(Ok("")));
    let mut every = Vec::new();
    for round in 0..8 {
        let News::Snapshot(snapshot) = played.news().await else { panic!() };
        every.push(snapshot.every.map(|every| every.as_secs()));
        if round == 1 {
            played.rests.send_replace(true);
        }
        if round == 5 {
            tokio::time::sleep(Duration::from_secs(15)).await;
            played.rests.send_replace(false);
        }
    }
    assert_eq!(every, [None, None, Some(40), Some(40), Some(40), Some(40), None, None]);
    let times = played.times("/all");
    let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let expected = [9..=11, 9..=11, 35..=45, 35..=45, 35..=45, 15..=18, 9..=11];
    assert!(gaps.iter().zip(expected).all(|(gap, expected)| expected.contains(gap)), "{gaps:?}");
    assert_eq!(played.times("/past").len(), 1, "a rest is no gap");
}

#[test]
fn a_certificate_that_ends_is_told_two_weeks_before_and_hides_nothing() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let told = |hours| super::driver::ending(now + jiff::SignedDuration::from_hours(hours), now);
    assert_eq!(told(15 * 24), None);
    let failure = told(6 * 24 + 1).unwrap();
    assert_eq!(failure.what, "its certificate ends in 6 days, at 2027-01-21 09:00 UTC".into());
    assert!(!failure.kind.hides());
    assert!(told(5).unwrap().what.as_str().unwrap().contains("in 5 hours"));
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_is_a_trouble_and_the_rest_is_shown() {
    let mut played = start(2, |path, peer| {
        Some(match (path, peer) {
            ("/a", _) => Err(failure(FailureKind::NotFound)),
            ("/all", Some(1)) => Err(failure(FailureKind::Refused)),
            _ => Ok(""),
        })
    });
    assert!(matches!(played.news().await, News::Snapshot(_)));
    let News::Alive { troubles } = played.news().await else { panic!() };
    let mut told: Vec<_> = troubles.iter().map(|t| (t.kind, t.what.as_str().unwrap().to_owned())).collect();
    told.sort_by_key(|(_, what)| what.clone());
    let expected = [(FailureKind::NotFound, "a: no".to_owned()), (FailureKind::Refused, "no".to_owned())];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn when_no_peer_works_the_source_fails_and_is_tried_again_with_growing_waits() {
    let mut played =
        start(2, |path, _| Some(if path == "/all" { Err(failure(FailureKind::Refused)) } else { Ok("") }));
    for _ in 0..8 {
        let failure = played.failure().await;
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.next_try.is_some(), "the person sees when");
    }
    let times = played.times("/past");
    assert!(times.len() >= 8 && *times.last().unwrap() > 8, "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 61), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_not_asked_more_often_than_one_that_works() {
    for _ in 0..50 {
        let mut played = start(1, |_, _| Some(Err(failure(FailureKind::Server))));
        played.failure().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let times = played.times("/all");
        assert!((3..=6).contains(&times.len()), "each 10 s for a minute: {times:?}");
    }
}

/// What an endpoint that is good, garbage and slow by turns makes of the first round, and when.
async fn first_words(
    script: impl FnMut(&str, Option<usize>) -> Option<Result<&'static str, Failure>> + Send + 'static,
) -> (Failure, Duration) {
    let mut played = start(1, script);
    let failure = played.failure().await;
    (failure, played.began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_that_fails_is_told_while_others_are_still_on_their_way() {
    for _ in 0..20 {
        let (failure, took) = first_words(|path, _| match path {
            "/past" => Some(Err(failure(FailureKind::Unreadable))),
            _ => None,
        })
        .await;
        assert_eq!((failure.kind, failure.next_try), (FailureKind::Unreadable, None));
        // Within five seconds by chance is the first round.
        assert!(took <= Duration::from_secs(6), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_starts_no_longer_than_one_answer_may_take() {
    for _ in 0..20 {
        let (failure, took) = first_words(|_, _| None).await;
        assert_eq!(failure.kind, FailureKind::TimedOut);
        let what = failure.what.as_str().unwrap();
        assert!(
            what.starts_with("asked at 0") && what.ends_with(" UTC, and not all is answered yet"),
            "{what}"
        );
        assert!(took <= Duration::from_secs(10), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_part_failed_with_is_not_told_of_a_source_that_works() {
    // "/past" fails at once; the others are good half a second later.
    let mut played = start(1, |path, _| {
        Some(if path == "/past" { Err(failure(FailureKind::Unreadable)) } else { Ok("soon") })
    });
    assert!(matches!(played.news().await, News::Snapshot(_)));
    let News::Alive { troubles } = played.news().await else { panic!() };
    assert_eq!(troubles.len(), 1);
    // When it has answered once, a slow round is late, and no failure.
    let mut rounds = 0;
    let mut played = start(1, move |path, _| {
        rounds += usize::from(path == "/all");
        (rounds <= 1).then_some(Ok(""))
    });
    assert!(matches!(played.news().await, News::Snapshot(_)));
    assert!(tokio::time::timeout(Duration::from_secs(60), played.news()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_one_question_does_not_stand_for_another() {
    let mut played =
        start(2, |path, _| Some(if path == "/all" { Err(failure(FailureKind::Server)) } else { Ok("") }));
    // A snapshot here would say that all of what "/all" tells has ended.
    assert_eq!(played.failure().await.kind, FailureKind::Server);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_log_in_waits_for_the_credential_to_change() {
    let mut played = start(1, |path, _| {
        Some(if path == "/all" { Err(failure(FailureKind::Unauthorized)) } else { Ok("") })
    });
    let failure = played.failure().await;
    let next = failure.next_try.unwrap();
    assert!(next.as_second() - 1_800_000_000 >= 300, "not before five minutes: {next}");
    let before = played.times("/all").len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(played.times("/all").len(), before, "no storm that locks the account");
    played.renewed.notify_one();
    played.failure().await;
    assert_eq!(played.times("/all").len(), before + 1);
}

/// After a login the person's request comes so soon after the look that was refused that any other
/// source would call it a storm.
#[tokio::test(start_paused = true)]
async fn who_may_not_log_in_looks_at_once_when_a_person_asks() {
    let mut played = start(1, |path, _| {
        Some(if path == "/all" { Err(failure(FailureKind::Unauthorized)) } else { Ok("") })
    });
    played.failure().await;
    let before = played.times("/all").len();
    played.ask.send(Asked::Refresh).await.unwrap();
    tokio::time::timeout(Duration::from_millis(100), played.failure()).await.unwrap();
    assert_eq!(played.times("/all").len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn the_servers_word_about_the_next_try_is_kept() {
    let mut tries = 0;
    let mut played = start(1, move |path, _| {
        if path != "/all" {
            return Some(Ok(""));
        }
        tries += 1;
        let at = Timestamp::from_second(1_800_000_000 + 200).unwrap();
        Some(if tries == 1 { Err(failure(FailureKind::Throttled).again_at(at)) } else { Ok("") })
    });
    assert_eq!(played.failure().await.kind, FailureKind::Throttled);
    assert!(matches!(played.news().await, News::Snapshot(_)));
    let times = played.times("/all");
    assert!((200..=204).contains(&times[1]), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_detail_overtakes_a_round_that_hangs_and_one_that_grows_is_followed() {
    let mut bodies = VecDeque::from(["one", "two", "whole"]);
    let mut played = start(1, move |path, _| (path == "/log").then(|| Ok(bodies.pop_front().unwrap())));
    let key = DetailKey::StepLog { run: "r".into(), job: "j".into(), step: "s".into() };
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(played.times("/all").len(), 1, "the round has begun");
    played.ask.send(Asked::Fetch(key.clone())).await.unwrap();
    for expected in ["one", "two", "whole"] {
        let news = match played.news().await {
            News::Failed(late) if late.kind == FailureKind::TimedOut => played.news().await,
            news => news,
        };
        let News::Detail(about, Ok(Detail::Log(lines))) = news else { panic!() };
        assert_eq!((about, &lines[0]), (key.clone(), &RawText::from(expected)));
    }
    assert_eq!(played.times("/log"), [6, 9, 12]);
}

#[tokio::test(start_paused = true)]
async fn opening_a_page_again_does_not_follow_it_twice() {
    let mut played = start(1, |path, _| Some(Ok(if path == "/log" { "growing" } else { "" })));
    let key = DetailKey::StepLog { run: "r".into(), job: "j".into(), step: "s".into() };
    for _ in 0..5 {
        played.ask.send(Asked::Fetch(key.clone())).await.unwrap();
        while !matches!(played.news().await, News::Detail(..)) {}
    }
    let before = played.times("/log").len();
    while played.began.elapsed() < Duration::from_secs(30) {
        played.news().await;
    }
    let after = played.times("/log").len() - before;
    assert!(after <= 11, "{after} requests in half a minute");
}

#[tokio::test(start_paused = true)]
async fn a_person_looks_now_but_not_in_a_storm() {
    let mut played = start(1, |_, _| Some(Ok("")));
    assert!(matches!(played.news().await, News::Snapshot(_)));
    for _ in 0..20 {
        played.ask.send(Asked::Refresh).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let begun = played.times("/all").len();
    assert!(begun <= 2, "{begun} rounds in two seconds");
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_too_long_is_cut_and_it_is_said() {
    static LONG: LazyLock<String> = LazyLock::new(|| format!("alert {}", "x".repeat(10 << 20)));
    let mut played = start(1, |path, _| Some(Ok(if path == "/also" { LONG.as_str() } else { "" })));
    let News::Snapshot(snapshot) = played.news().await else { panic!() };
    assert!(snapshot.alerts[0].name.as_bytes().len() < 20_000);
    let News::Alive { troubles } = played.news().await else { panic!() };
    assert_eq!(troubles[0].kind, FailureKind::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn pages_that_never_end_are_stopped_and_it_is_said() {
    let mut played =
        start(1, |path, _| Some(Ok(if path.starts_with("/a/") || path == "/a" { "more" } else { "" })));
    assert!(matches!(played.news().await, News::Snapshot(_)));
    let News::Alive { troubles } = played.news().await else { panic!() };
    assert_eq!(troubles[0].kind, FailureKind::TooLarge);
    assert!(played.asked.lock().unwrap().len() <= 502);
}
