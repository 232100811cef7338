//! Events beside the rounds.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::sleep;

use super::*;

/// What opening a stream leads to: a failure, or what it gives, each after so many seconds. After that
/// it is silent.
pub(super) type Script = Result<Vec<(u64, Step)>, Failure>;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// An event of this name.
    Event(&'static str),
    /// The server ends it.
    End,
    /// It breaks, or nothing came for long.
    Fail(FailureKind),
}

/// An open stream.
pub(super) struct Played {
    steps: VecDeque<(u64, Step)>,
    /// Since when the next one is waited for: a wait that was dropped goes on.
    since: Instant,
    _open: Arc<()>,
}

impl Played {
    pub(super) fn new(steps: Vec<(u64, Step)>, open: Arc<()>) -> Self {
        Self { steps: steps.into(), since: Instant::now(), _open: open }
    }
}

impl Events for Played {
    fn next(&mut self) -> NextEvent<'_> {
        Box::pin(async move {
            let Some((wait, _)) = self.steps.front() else { return std::future::pending().await };
            tokio::time::sleep_until(self.since + Duration::from_secs(*wait)).await;
            self.since = Instant::now();
            match self.steps.pop_front().unwrap().1 {
                Step::Event(name) => {
                    Ok(Some(Event { name: name.into(), data: "".into(), id: "".into(), cut: 0 }))
                }
                Step::End => Ok(None),
                Step::Fail(kind) => Err(failure(kind)),
            }
        })
    }
}

const HELLO: (u64, Step) = (0, Step::Event("handshake"));

fn tells(wait: u64) -> (u64, Step) {
    (wait, Step::Event("event"))
}

/// All works, and its streams are these.
fn listening(every: u64, streams: Vec<Script>) -> super::Played {
    start_with(1, |_, _| Some(Ok("")), Duration::from_secs(every), Some(streams))
}

impl super::Played {
    /// How many streams are open.
    fn open(&self) -> usize {
        // One is held here, and one by the transport as long as the source lives.
        Arc::strong_count(&self.open).saturating_sub(2)
    }

    async fn until(&self, second: u64) {
        tokio::time::sleep_until(self.began + Duration::from_secs(second)).await;
    }

    /// What is in trouble since the last snapshot.
    fn troubles(&mut self) -> Vec<String> {
        let mut troubles = Vec::new();
        while let Some(Report::Update(update)) = self.intake.take() {
            match update.news {
                News::Snapshot(_) => troubles.clear(),
                News::Alive { troubles: told } => troubles = told,
                other => panic!("{other:?}"),
            }
        }
        troubles.iter().map(|trouble| trouble.what.as_str().unwrap().to_owned()).collect()
    }

    /// The seconds of rounds since the first one.
    fn rounds(&self) -> Vec<u64> {
        let times = self.times("/all");
        times.iter().map(|at| at - times[0]).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_leads_to_a_look_and_without_one_rounds_are_rarer() {
    let mut played = listening(10, vec![Ok(vec![HELLO, tells(20), tells(400)])]);
    let mut every = Vec::new();
    for _ in 0..4 {
        let News::Snapshot(snapshot) = played.news().await else { panic!() };
        every.push(snapshot.every.map(|every| every.as_secs()));
    }
    assert_eq!(every, [None, Some(60), Some(60), Some(60)]);
    let rounds = played.rounds();
    // The first round, the look after the opening, the event 20 s after that, and then the interval.
    assert!(matches!(rounds[..], [0, 2, 21 | 22, 75..=88]), "{rounds:?}");
    assert_eq!(played.times("/past").len(), 1, "what is asked rarer has no gap");
}

#[tokio::test(start_paused = true)]
async fn many_events_are_one_look_in_two_seconds() {
    let storm = (0..1000).map(|n| tells(u64::from(n % 100 == 0))).collect();
    let mut played = listening(10, vec![Ok(storm)]);
    played.until(30).await;
    played.troubles();
    let rounds = played.rounds();
    assert!((6..=9).contains(&rounds.len()), "{rounds:?}");
    assert!(rounds.windows(2).take(6).all(|pair| pair[1] - pair[0] >= 2), "{rounds:?}");
}

#[tokio::test(start_paused = true)]
async fn a_round_that_takes_long_is_followed_by_a_longer_pause() {
    let script = |path: &str, _| Some(Ok(if path == "/also" { "slow" } else { "" }));
    let storm = (0..200).map(|_| tells(1)).collect();
    let played = start_with(1, script, Duration::from_secs(300), Some(vec![Ok(storm)]));
    played.until(120).await;
    let rounds = played.rounds();
    // A round takes 3 s, and 15 s are between its end and the next one.
    assert!(rounds.windows(2).all(|pair| (17..=19).contains(&(pair[1] - pair[0]))), "{rounds:?}");
    assert!(rounds.len() >= 6, "{rounds:?}");
}

#[tokio::test(start_paused = true)]
async fn an_event_during_a_round_leads_to_another_one() {
    let script = |path: &str, _| Some(Ok(if path == "/also" { "slow" } else { "" }));
    // The look after the opening goes on from second 15 to 18 after the first round's end.
    let streams = vec![Ok(vec![HELLO, tells(16)])];
    let played = start_with(1, script, Duration::from_secs(300), Some(streams));
    played.until(100).await;
    let rounds = played.rounds();
    assert!(matches!(rounds[..], [0, 18, 36]), "{rounds:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_is_opened_again_at_once_with_one_look_and_no_word() {
    let quiet = || Ok(vec![HELLO, (300, Step::Fail(FailureKind::TimedOut))]);
    let mut played = listening(600, vec![quiet(), quiet(), quiet()]);
    played.until(5 + 950).await;
    let opened = played.times("/events");
    assert_eq!(opened.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>(), [300, 300, 300]);
    // The first, one for each opening that worked, and by the interval of ten minutes.
    let looks = played.rounds();
    assert!(matches!(looks[..], [0, 2, 301 | 302, 601 | 602]), "{looks:?}");
    assert_eq!(played.troubles(), <[String; 0]>::default());
}

#[tokio::test(start_paused = true)]
async fn what_breaks_is_opened_again_soon_and_meanwhile_rounds_are_as_usual() {
    let broken = vec![HELLO, (100, Step::Fail(FailureKind::Broken))];
    let mut played = listening(10, vec![Ok(broken), Err(failure(FailureKind::Refused))]);
    let mut seen = 0;
    while seen < 4 {
        if let News::Snapshot(_) = played.news().await {
            seen += 1;
        }
    }
    let opened = played.times("/events");
    // It stays open for 100 s; the next try is within a second, and is refused.
    assert!(matches!(opened[1] - opened[0], 100..=101), "{opened:?}");
    played.until(opened[1] + 40).await;
    assert_eq!(played.troubles(), ["events: no: asked every 10 s instead"]);
    let rounds = played.times("/all");
    let after: Vec<_> = rounds.iter().filter(|at| **at > opened[1] + 3).collect();
    assert!(after.len() >= 3 && after.windows(2).all(|pair| pair[1] - pair[0] <= 11), "{rounds:?}");
    // The server has never answered the third try, which came within two seconds.
    assert!(matches!(played.times("/events")[2] - opened[1], 0..=2), "{:?}", played.times("/events"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_opened_is_a_trouble_of_a_part_and_tried_each_five_minutes() {
    let missing = || Err(failure(FailureKind::NotFound));
    let mut played = listening(600, vec![missing(), missing(), Ok(vec![HELLO])]);
    played.until(12).await;
    assert_eq!(played.troubles(), ["events: no: asked every 10 min instead"]);
    played.until(500).await;
    // One round told of it; that it still does not work is not news.
    assert_eq!(played.rounds(), [0, 2]);
    played.until(800).await;
    let opened = played.times("/events");
    let waits: Vec<_> = opened.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(matches!(waits[..], [300, 300]), "{opened:?}");
    assert_eq!(played.troubles(), <[String; 0]>::default(), "it works again");
    assert_eq!(played.open(), 1);
}

#[tokio::test(start_paused = true)]
async fn streams_that_end_at_once_are_told_and_become_rare() {
    let ends = |_| Ok(vec![HELLO, (1, Step::End)]);
    let mut played = listening(10, (0..20).map(ends).collect());
    played.until(590).await;
    let opened = played.times("/events");
    // Five tries that follow each other soon, and then each five minutes.
    assert!((5..=7).contains(&opened.len()), "{opened:?}");
    assert_eq!(
        played.troubles(),
        ["events: the server ended them as soon as they began: asked every 10 s instead"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_held_back_by_a_proxy_changes_nothing() {
    let mut played = listening(10, vec![Ok(vec![])]);
    for _ in 0..6 {
        let News::Snapshot(snapshot) = played.news().await else { panic!() };
        assert_eq!(snapshot.every, None);
    }
    assert_eq!(played.open(), 1);
    assert!(*played.rounds().last().unwrap() < 55, "{:?}", played.rounds());
}

#[tokio::test(start_paused = true)]
async fn while_nobody_is_at_the_keys_the_stream_stays_and_rounds_are_rare() {
    let storm = [HELLO].into_iter().chain((0..400).map(|_| tells(1))).collect();
    let mut played = listening(10, vec![Ok(storm)]);
    played.until(30).await;
    played.rests.send_replace(true);
    played.until(40).await;
    let before = played.rounds().len();
    played.until(240).await;
    let rounds = played.rounds();
    assert!((4..=6).contains(&(rounds.len() - before)), "one in 40 s: {rounds:?}");
    assert_eq!((played.open(), played.times("/events").len()), (1, 1));
    played.troubles();
    played.rests.send_replace(false);
    played.until(250).await;
    assert!(played.rounds().len() >= rounds.len() + 3, "{:?}", played.rounds());
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_has_no_stream_and_one_that_works_again_opens_one() {
    let works = Arc::new(AtomicBool::new(true));
    let known = Arc::clone(&works);
    let script = move |path: &str, _| {
        let is_down = path == "/all" && !known.load(Ordering::Relaxed);
        Some(if is_down { Err(failure(FailureKind::Unauthorized)) } else { Ok("") })
    };
    let streams = vec![Ok(vec![HELLO, tells(20)]), Ok(vec![HELLO])];
    let mut played = start_with(1, script, Parts::EVERY, Some(streams));
    played.until(10).await;
    assert_eq!(played.open(), 1);
    works.store(false, Ordering::Relaxed);
    played.until(60).await;
    assert_eq!((played.open(), played.times("/events").len()), (0, 1));
    works.store(true, Ordering::Relaxed);
    played.renewed.notify_one();
    played.until(65).await;
    assert_eq!((played.open(), played.times("/events").len()), (1, 2));
    // What a source holds ends with it.
    played.task.abort();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(Arc::strong_count(&played.open), 1);
    played.intake.take();
}

#[tokio::test(start_paused = true)]
async fn who_asks_only_once_opens_no_stream() {
    let mut played = listening(10, vec![Ok(vec![HELLO])]);
    played.ask.send(Asked::Refresh).await.unwrap();
    assert!(matches!(played.news().await, News::Snapshot(_)));
    sleep(Duration::from_millis(900)).await;
    played.task.abort();
    sleep(Duration::from_secs(10)).await;
    assert!(played.times("/events").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_answered_holds_up_nothing() {
    let mut played = listening(10, vec![]);
    for _ in 0..5 {
        assert!(matches!(played.news().await, News::Snapshot(_)));
    }
    let key = DetailKey::StepLog { run: "r".into(), job: "j".into(), step: "s".into() };
    played.ask.send(Asked::Fetch(key)).await.unwrap();
    assert!(matches!(played.news().await, News::Detail(..)));
    assert_eq!(played.times("/events").len(), 1);
}
