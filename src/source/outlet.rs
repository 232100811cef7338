//! The only way from a source to the loop: state where the latest wins, and bounded queues. What goes
//! through is no larger than one screen can use (`model/limit.rs`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};

use crate::logs::archive::{FileNews, FileSays, Sought};
use crate::logs::format::own::Own;
use crate::logs::mining::Order;
use crate::logs::segment::Segment;
use crate::model::catalog::Telling;
use crate::model::health::Failure;
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, News, Snapshot, Update};
use crate::net::child;
use crate::net::credential::Mask;

/// Segments and details that may wait for the loop. A source that finds no room waits.
const QUEUE: usize = 64;
/// Requests that may wait for one source. One more is dropped: the person can press again.
const REQUESTS: usize = 8;

/// One thing that the loop takes in.
#[derive(Clone, Debug)]
pub enum Report {
    /// What a source says.
    Update(Update),
    /// Lines of a log stream.
    Segment(Arc<Segment>),
    /// What is known of a file that is read in pieces.
    File(FileNews),
}

/// What the loop asks of one source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// Look now.
    Refresh,
    /// Fetch what somebody looks at; overtakes polling.
    Fetch(DetailKey),
    /// Read this piece of the file.
    Piece(u64),
    /// Read this piece of the file for somebody who needs its lines but once.
    Lend(u64, Taker),
    /// Look for this in the whole file.
    Seek(Sought),
    /// Mine the patterns of the whole file, or of what it has grown by.
    Mine(Order),
}

/// Takes the lines of a piece. One that is dropped says that they cannot be had.
#[derive(Clone, Debug)]
pub struct Taker(mpsc::Sender<Arc<Segment>>);

impl Taker {
    /// One, and where the lines come out.
    pub fn new() -> (Self, mpsc::Receiver<Arc<Segment>>) {
        let (sender, receiver) = mpsc::channel(1);
        (Self(sender), receiver)
    }

    /// Whether nobody waits for them any more.
    pub fn is_gone(&self) -> bool {
        self.0.is_closed()
    }

    /// Hands them over.
    pub fn give(self, lines: Segment) {
        // Who has gone needs none.
        drop(self.0.try_send(Arc::new(lines)));
    }
}

impl PartialEq for Taker {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }
}

impl Eq for Taker {}

/// Tells the time that the console lives in: the real one, or a recording's.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

#[derive(Default)]
struct Slot {
    snapshot: Option<Update>,
    condition: Option<Update>,
}

#[derive(Default)]
struct Slots {
    waiting: Mutex<BTreeMap<RawText, Slot>>,
    filled: Notify,
    emptied: Notify,
}

impl Slots {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<RawText, Slot>) -> T) -> T {
        // A panic while this lock was held left a whole map behind: nothing is done in between.
        work(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The loop's end: everything that the sources say, in the order in which it is taken.
pub struct Intake {
    slots: Arc<Slots>,
    queue: mpsc::Receiver<Report>,
    sender: mpsc::Sender<Report>,
    rests: watch::Sender<bool>,
    mask: Mask,
    ready: watch::Receiver<bool>,
    telling: Telling,
    formats: Arc<[Own]>,
}

impl Default for Intake {
    fn default() -> Self {
        Self::without(Mask::default(), watch::Sender::new(true).subscribe())
    }
}

impl Intake {
    /// Takes in what the sources say, without these secrets in lines of logs and in failures: answers of
    /// servers have lost theirs already. No line comes before they are known, which `ready` says.
    pub fn without(mask: Mask, ready: watch::Receiver<bool>) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        Self {
            slots: Arc::default(),
            queue,
            sender,
            rests: watch::Sender::default(),
            mask,
            ready,
            telling: Telling::default(),
            formats: Arc::default(),
        }
    }

    /// Keeps these labels where there are too many.
    #[must_use]
    pub fn keeping(self, telling: Telling) -> Self {
        Self { telling, ..self }
    }

    /// The same with the formats of lines that the person describes.
    #[must_use]
    pub fn knowing(self, formats: Arc<[Own]>) -> Self {
        Self { formats, ..self }
    }

    /// An outlet for the source of this name, and the sender of requests to it.
    pub fn outlet(&self, source: RawText, clock: Clock) -> (Outlet, mpsc::Sender<Request>) {
        let (ask, asked) = mpsc::channel(REQUESTS);
        let slots = Arc::clone(&self.slots);
        let outlet = Outlet {
            source,
            clock,
            slots,
            queue: self.sender.clone(),
            asked: Arc::new(tokio::sync::Mutex::new(asked)),
            rests: self.rests.subscribe(),
            mask: self.mask.clone(),
            ready: self.ready.clone(),
            telling: self.telling.clone(),
            formats: Arc::clone(&self.formats),
        };
        (outlet, ask)
    }

    /// Tells the sources whether anybody is at the keys.
    pub fn rests(&self) -> watch::Sender<bool> {
        self.rests.clone()
    }

    /// What waits now, if anything does.
    pub fn take(&mut self) -> Option<Report> {
        let slotted = self.slots.with(|waiting| {
            let mut entry = waiting.first_entry()?;
            let slot = entry.get_mut();
            let update = slot.snapshot.take().or_else(|| slot.condition.take());
            if slot.snapshot.is_none() && slot.condition.is_none() {
                entry.remove();
            }
            update
        });
        if let Some(update) = slotted {
            self.slots.emptied.notify_waiters();
            return Some(Report::Update(update));
        }
        self.queue.try_recv().ok()
    }

    /// Waits for the next report. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Report {
        loop {
            if let Some(report) = self.take() {
                return report;
            }
            tokio::select! {
                biased;
                () = self.slots.filled.notified() => {}
                Some(report) = self.queue.recv() => return report,
            }
        }
    }
}

/// A source's end. Cheap to clone; all clones speak for the same source.
#[derive(Clone)]
pub struct Outlet {
    source: RawText,
    clock: Clock,
    slots: Arc<Slots>,
    queue: mpsc::Sender<Report>,
    asked: Arc<tokio::sync::Mutex<mpsc::Receiver<Request>>>,
    rests: watch::Receiver<bool>,
    mask: Mask,
    ready: watch::Receiver<bool>,
    telling: Telling,
    formats: Arc<[Own]>,
}

impl Outlet {
    /// The formats of lines that the person describes.
    pub fn formats(&self) -> Arc<[Own]> {
        Arc::clone(&self.formats)
    }

    /// The source's name.
    pub fn source(&self) -> &RawText {
        &self.source
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Says the whole state. One that was not taken yet is replaced: the latest wins.
    pub fn snapshot(&self, snapshot: Snapshot) {
        self.put(self.now(), News::Snapshot(Arc::new(snapshot)));
    }

    /// Says that the source works, and which parts of it do not.
    pub fn alive(&self, troubles: Vec<Failure>) {
        let troubles = troubles.into_iter().map(|trouble| self.mask.failure(trouble)).collect();
        self.put(self.now(), News::Alive { troubles });
    }

    /// Says that all has come that ever will.
    pub fn ended(&self) {
        self.put(self.now(), News::Ended);
    }

    /// Says that the source does not work, and why. What fails because we end is not the source's fault:
    /// the history would tell it at the next start.
    pub fn failed(&self, failure: Failure) {
        if child::are_ended() {
            return;
        }
        self.put(self.now(), News::Failed(self.mask.failure(failure)));
    }

    /// Says that the source's task crashed and is started again.
    pub fn crashed(&self) {
        self.put(self.now(), News::Crashed);
    }

    /// Says what was recorded, under this source's name, as of `at`. Returns when the loop has
    /// taken it, so that what is replayed is seen whole and in its order, over all sources.
    pub async fn replay(&self, at: Timestamp, news: News) {
        match news {
            News::Detail(key, detail) => self.answer(at, key, detail).await,
            state => self.put(at, state),
        }
        self.settled().await;
    }

    /// Waits until the loop has taken all state of this source.
    async fn settled(&self) {
        loop {
            let emptied = self.slots.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if !self.slots.with(|waiting| waiting.contains_key(&self.source)) {
                return;
            }
            emptied.await;
        }
    }

    /// Gives lines. Waits while the loop is behind, so that nothing is dropped.
    pub async fn segment(&self, segment: Segment) {
        let segment = Arc::new(self.blotted(segment).await);
        // The loop is gone only when the program ends: then there is nobody to tell.
        drop(self.queue.send(Report::Segment(segment)).await);
    }

    /// Says something of the file that a stream is. Waits as [`Outlet::segment`] does.
    pub async fn file(&self, stream: &RawText, what: FileSays) {
        let news = FileNews { stream: stream.clone(), source: self.source.clone(), what };
        drop(self.queue.send(Report::File(news)).await);
    }

    /// Gives the lines of a piece of a file.
    pub async fn piece(&self, index: u64, lines: Segment, asked: bool) {
        let lines = Arc::new(self.blotted(lines).await);
        let stream = lines.stream().clone();
        self.file(&stream, FileSays::Piece { index, lines, asked }).await;
    }

    /// The same lines with stars in the place of secrets.
    pub async fn blotted(&self, segment: Segment) -> Segment {
        // Nobody who could say so is left only when the program ends.
        drop(self.ready.clone().wait_for(|ready| *ready).await);
        segment.blotted(|lines| self.mask.blot(lines)).said_by(self.source.clone())
    }

    /// Answers a request for a detail.
    pub async fn detail(&self, key: DetailKey, detail: Result<Detail, Failure>) {
        let detail = detail.map_err(|failure| self.mask.failure(failure));
        self.answer(self.now(), key, detail).await;
    }

    async fn answer(&self, at: Timestamp, key: DetailKey, detail: Result<Detail, Failure>) {
        let news = News::Detail(key, detail).limited(&self.telling);
        let update = Update { source: self.source.clone(), at, news };
        drop(self.queue.send(Report::Update(update)).await);
    }

    /// Waits for the next thing that the loop asks of this source.
    pub async fn asked(&self) -> Request {
        match self.asked.lock().await.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }

    /// The labels that stay where there are too many.
    pub fn telling(&self) -> &Telling {
        &self.telling
    }

    /// Whether nobody has been at the keys for long: what is asked again and again can wait.
    pub fn is_resting(&self) -> bool {
        *self.rests.borrow()
    }

    /// Waits until somebody is at the keys.
    pub async fn awake(&self) {
        // Without a console there is nobody who could rest.
        let mut rests = self.rests.clone();
        drop(rests.wait_for(|rests| !rests).await);
    }

    fn put(&self, at: Timestamp, news: News) {
        let update = Update { source: self.source.clone(), at, news: news.limited(&self.telling) };
        self.slots.with(|waiting| {
            let slot = waiting.entry(self.source.clone()).or_default();
            if matches!(update.news, News::Snapshot(_)) {
                // It works now, so an older trouble must not be told after this.
                (slot.snapshot, slot.condition) = (Some(update), None);
            } else {
                slot.condition = Some(update);
            }
        });
        self.slots.filled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::task::Poll;

    use super::*;
    use crate::config::endpoint::{Endpoint, HeaderValue};
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::{LINE_LIMIT, Line};
    use crate::logs::stamp::Zone;
    use crate::model::alert::Alert;
    use crate::model::health::FailureKind;
    use crate::net::Net;
    use crate::net::credential::Vault;

    fn outlet(intake: &Intake) -> Outlet {
        intake.outlet("a".into(), Arc::new(|| Timestamp::UNIX_EPOCH)).0
    }

    fn news(report: Option<Report>) -> Option<News> {
        match report? {
            Report::Update(update) => Some(update.news),
            Report::Segment(_) | Report::File(_) => None,
        }
    }

    #[tokio::test]
    async fn no_line_comes_before_the_secrets_that_lie_here_are_known() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"c4nary-token-1").unwrap();
        let mut endpoint = Endpoint::at("https://ci.example").unwrap();
        endpoint.headers = vec![("X-Api-Key".to_owned(), HeaderValue::File(file.path().to_owned()))];
        let net = Net::new(Vault::new(&[], [&endpoint], Arc::new(|| Timestamp::UNIX_EPOCH)));
        let (tell, ready) = watch::channel(false);
        let mut intake = Intake::without(net.vault().mask().clone(), ready);
        let outlet = outlet(&intake);
        let mut lines = SegmentBuilder::new("app.log".into(), Zone::default());
        lines.note("calling with c4nary-token-1", Timestamp::UNIX_EPOCH);
        let segment = lines.seal().unwrap();
        let given = outlet.segment(segment);
        tokio::pin!(given);
        assert!(std::future::poll_fn(|context| Poll::Ready(given.as_mut().poll(context))).await.is_pending());
        net.read_ahead().await;
        tell.send_replace(true);
        given.await;
        let Some(Report::Segment(segment)) = intake.take() else { panic!() };
        assert!(segment.line(0).ends_with(b"calling with **************"), "{segment:?}");
        let long = format!("{}c4nary-token-1", "x".repeat(LINE_LIMIT - 10));
        let mut lines = SegmentBuilder::new("app.log".into(), Zone::default());
        lines.push(Line::from(long.as_bytes()), Given::default(), Timestamp::UNIX_EPOCH);
        outlet.segment(lines.seal().unwrap()).await;
        let Some(Report::Segment(segment)) = intake.take() else { panic!() };
        assert!(segment.line(0).ends_with(b"xx**********"), "what the cut left of it");
        // A program's last words.
        outlet.failed(Failure::new(FailureKind::Ended, r"kubectl: exit status 1: no \u00634nary-token-1"));
        let Some(News::Failed(failure)) = news(intake.take()) else { panic!() };
        assert_eq!(failure.what, "kubectl: exit status 1: no [secret]".into());
    }

    #[tokio::test]
    async fn the_latest_state_wins_and_a_failure_after_it_is_told_after_it() {
        let mut intake = Intake::default();
        let outlet = outlet(&intake);
        outlet.failed(Failure::new(FailureKind::Missing, "first"));
        outlet.snapshot(Snapshot::default());
        outlet.snapshot(Snapshot::default());
        outlet.failed(Failure::new(FailureKind::Missing, "second"));
        assert!(matches!(news(Some(intake.next().await)), Some(News::Snapshot(_))));
        let Some(News::Failed(failure)) = news(intake.take()) else { panic!() };
        assert_eq!(failure.what, "second".into());
        assert!(intake.take().is_none());
    }

    #[tokio::test]
    async fn a_replay_waits_for_the_loop_so_that_each_state_is_seen() {
        let mut intake = Intake::default();
        let outlet = outlet(&intake);
        let task = tokio::spawn(async move {
            for _ in 0..100 {
                outlet.replay(Timestamp::UNIX_EPOCH, News::Snapshot(Arc::default())).await;
            }
        });
        for _ in 0..100 {
            assert!(matches!(news(Some(intake.next().await)), Some(News::Snapshot(_))));
        }
        task.await.unwrap();
        assert!(intake.take().is_none());
    }

    #[tokio::test]
    async fn what_is_too_long_is_cut_whichever_way_it_comes() {
        let mut intake = Intake::default();
        let outlet = outlet(&intake);
        let long: RawText = "x".repeat(1 << 20).into();
        let alert = Alert::new("1", long.clone(), Timestamp::UNIX_EPOCH);
        let snapshot = Snapshot { alerts: vec![Arc::new(alert)], ..Snapshot::default() };
        let trouble = Failure::new(FailureKind::Missing, long.clone());
        let key = DetailKey::Jobs { run: "1".into() };
        outlet.snapshot(snapshot.clone());
        let played = intake.outlet("b".into(), Arc::new(|| Timestamp::UNIX_EPOCH)).0;
        let task = tokio::spawn(async move {
            played.replay(Timestamp::UNIX_EPOCH, News::Snapshot(Arc::new(snapshot))).await;
            played.failed(trouble.clone());
            played.detail(key.clone(), Err(trouble)).await;
            played.replay(Timestamp::UNIX_EPOCH, News::Detail(key, Ok(Detail::Log([long].into())))).await;
        });
        for _ in 0..5 {
            let news = news(Some(intake.next().await)).unwrap();
            let told = serde_json::to_string(&news).unwrap();
            assert!(told.len() < 70_000 && told.contains(" bytes, "), "{told:.300}");
        }
        task.await.unwrap();
    }

    #[tokio::test]
    async fn a_full_queue_makes_the_source_wait_and_loses_nothing() {
        let mut intake = Intake::default();
        let outlet = outlet(&intake);
        let key =
            |n: usize| DetailKey::StepLog { run: n.to_string().into(), job: "j".into(), step: "s".into() };
        let task = tokio::spawn(async move {
            for n in 0..QUEUE * 3 {
                outlet.detail(key(n), Ok(Detail::Log(Arc::new([])))).await;
            }
        });
        for n in 0..QUEUE * 3 {
            let Some(News::Detail(got, _)) = news(Some(intake.next().await)) else { panic!() };
            assert_eq!(got, key(n));
        }
        task.await.unwrap();
    }
}
