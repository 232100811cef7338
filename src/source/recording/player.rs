//! Plays a tape: the recorded sources are actors on one stage, and the first of them reads to all.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use super::format::{Header, Item, RecordedSource};
use super::tape::{End, Running, Tape};
use crate::logs::segment::{Segment, SegmentBuilder};
use crate::logs::stamp::Zone;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::{Detail, DetailKey, Gives, News, Update};
use crate::model::world::SourceInfo;
use crate::source::Source;
use crate::source::outlet::{Outlet, Request};

/// Of the lines that came before the moment from which one plays, so many minutes are given.
const LOGGED: SignedDuration = SignedDuration::from_mins(10);
/// Details that are kept to answer with; the one told longest ago goes first.
const DETAILS: usize = 1024;

/// What the recorded sources share.
pub(super) struct Stage {
    tape: Tape,
    header: Header,
    start: Timestamp,
    speed: f64,
    outlets: Mutex<BTreeMap<RawText, Outlet>>,
    entered: Notify,
    /// Items that were played: after a crash the next ones follow.
    played: AtomicU64,
    details: Mutex<Details>,
}

type Details = VecDeque<((RawText, DetailKey), Result<Detail, Failure>)>;

/// One recorded source.
struct Actor {
    number: usize,
    gives: &'static [Gives],
    stage: Arc<Stage>,
}

impl Source for Actor {
    fn gives(&self) -> &'static [Gives] {
        self.gives
    }

    fn run(self: Arc<Self>, outlet: Outlet) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            let stage = &self.stage;
            with(&stage.outlets, |outlets| outlets.insert(outlet.source().clone(), outlet.clone()));
            stage.entered.notify_one();
            if self.number == 0 {
                tokio::join!(stage.play(outlet.clone()), stage.answer(&outlet));
            } else {
                stage.answer(&outlet).await;
            }
        })
    }
}

impl Stage {
    pub(super) fn new(tape: Tape, header: Header, start: Timestamp, speed: f64) -> Arc<Self> {
        Arc::new(Self {
            tape,
            header,
            start,
            speed,
            outlets: Mutex::default(),
            entered: Notify::new(),
            played: AtomicU64::new(0),
            details: Mutex::default(),
        })
    }

    /// The recorded sources, to be run together.
    pub(super) fn actors(self: &Arc<Self>) -> Vec<(SourceInfo, Arc<dyn Source>)> {
        let actor = |(number, source): (usize, &RecordedSource)| {
            let actor = Actor { number, gives: source.gives(), stage: Arc::clone(self) };
            (source.info(), Arc::new(actor) as Arc<dyn Source>)
        };
        self.header.sources.iter().enumerate().map(actor).collect()
    }

    /// Plays to the end, and then keeps the last state alive.
    async fn play(&self, own: Outlet) {
        let outlets = self.everybody().await;
        let mut player = Player {
            stage: self,
            own,
            outlets,
            builders: BTreeMap::new(),
            gathering: None,
            well: BTreeMap::new(),
        };
        let end = player.play().await;
        player.stay(end).await;
    }

    /// Waits until all sources run.
    async fn everybody(&self) -> BTreeMap<RawText, Outlet> {
        loop {
            let outlets = with(&self.outlets, |outlets| outlets.clone());
            if outlets.len() == self.header.sources.len() {
                return outlets;
            }
            self.entered.notified().await;
        }
    }

    /// Answers requests from what was told so far.
    async fn answer(&self, outlet: &Outlet) {
        loop {
            match outlet.asked().await {
                // There is nothing to look at but the recording, which goes on by itself.
                Request::Refresh
                | Request::Piece(_)
                | Request::Lend(..)
                | Request::Seek(_)
                | Request::Mine(_) => {}
                Request::Fetch(key) => {
                    let source = outlet.source();
                    let told = self.told(source, &key).or_else(|| self.tape.answer(source, &key).map(Ok));
                    let missing =
                        || Err(Failure::new(FailureKind::Missing, "the recording does not have it"));
                    outlet.detail(key, told.unwrap_or_else(missing)).await;
                }
            }
        }
    }

    fn told(&self, source: &RawText, key: &DetailKey) -> Option<Result<Detail, Failure>> {
        with(&self.details, |details| {
            let mut newest_first = details.iter().rev();
            newest_first.find(|((s, k), _)| s == source && key.replaces(k)).map(|(_, detail)| detail.clone())
        })
    }

    fn tell(&self, source: &RawText, key: &DetailKey, detail: &Result<Detail, Failure>) {
        with(&self.details, |details| {
            details.retain(|((s, k), _)| !(s == source && key.replaces(k)));
            details.push_back(((source.clone(), key.clone()), detail.clone()));
            if details.len() > DETAILS {
                details.pop_front();
            }
        });
    }
}

fn with<T, R>(lock: &Mutex<T>, work: impl FnOnce(&mut T) -> R) -> R {
    // Nothing under these locks can panic half-way.
    work(&mut lock.lock().unwrap_or_else(PoisonError::into_inner))
}

/// One time through the tape.
struct Player<'a> {
    stage: &'a Stage,
    /// The first source's: tells the time, and the lines go through it, which have no source.
    own: Outlet,
    outlets: BTreeMap<RawText, Outlet>,
    /// Of each stream, for lines that continue others.
    /// By source and stream.
    builders: BTreeMap<(RawText, RawText), SegmentBuilder>,
    /// Lines from before the start are handed over a second at a time: fewer and larger segments.
    gathering: Option<i64>,
    /// The sources that work, with the parts of them that do not.
    well: BTreeMap<RawText, Vec<Failure>>,
}

impl Player<'_> {
    async fn play(&mut self) -> End {
        let tape = self.stage.tape.clone();
        let logged_from = self.stage.start.checked_sub(LOGGED).unwrap_or(Timestamp::MIN);
        let mut running = match off_loop(move || tape.run(logged_from)).await {
            Ok(running) => running,
            Err(failure) => return End::Broken(failure),
        };
        let mut skip = self.stage.played.load(Ordering::Relaxed);
        loop {
            let items;
            let end;
            (running, items, end) = off_loop(move || {
                let (items, end) = Running::batch(&mut running);
                (running, items, end)
            })
            .await;
            for item in items {
                if let Some(rest) = skip.checked_sub(1) {
                    skip = rest;
                    continue;
                }
                match item {
                    Item::Lines(lines) if lines.at < logged_from => {}
                    item => self.item(item).await,
                }
                self.stage.played.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(end) = end {
                self.gathered().await;
                return end;
            }
        }
    }

    async fn item(&mut self, item: Item) {
        self.wait_for(item.at()).await;
        if self.gathering.is_some_and(|second| second != item.at().as_second()) {
            self.gathered().await;
        }
        match item {
            Item::Update(update) => self.update(update).await,
            Item::Lines(lines) => {
                let new = || SegmentBuilder::new(lines.stream.clone(), Zone::default());
                let key = (lines.source.clone(), lines.stream.clone());
                let builder = self.builders.entry(key).or_insert_with(new);
                lines.push_to(builder);
                if lines.at < self.stage.start && !builder.is_full() {
                    self.gathering = Some(lines.at.as_second());
                } else if let Some(segment) = builder.seal() {
                    self.say(&lines.source, segment).await;
                }
            }
        }
    }

    /// Gives lines under the name of the source that said them.
    async fn say(&self, source: &RawText, segment: Segment) {
        self.outlets.get(source).unwrap_or(&self.own).segment(segment).await;
    }

    /// Hands over the lines that were gathered.
    async fn gathered(&mut self) {
        self.gathering = None;
        let sealed =
            self.builders.iter_mut().filter_map(|((source, _), lines)| Some((source.clone(), lines.seal()?)));
        for (source, segment) in sealed.collect::<Vec<_>>() {
            self.say(&source, segment).await;
        }
    }

    async fn update(&mut self, Update { source, at, news }: Update) {
        match &news {
            News::Snapshot(_) => drop(self.well.insert(source.clone(), Vec::new())),
            News::Alive { troubles } => drop(self.well.insert(source.clone(), troubles.clone())),
            // What has ended never gets older.
            News::Failed(_) | News::Crashed | News::Ended => drop(self.well.remove(&source)),
            News::Detail(key, detail) => self.stage.tell(&source, key, detail),
        }
        let Some(outlet) = self.outlets.get(&source) else { return };
        let is_state = matches!(news, News::Snapshot(_) | News::Alive { .. });
        outlet.replay(at, news).await;
        // What came before the start is told in one go; meanwhile it is no old news of a source that is late.
        if at < self.stage.start
            && is_state
            && let Some(troubles) = self.well.get(&source)
        {
            outlet.replay(outlet.now(), News::Alive { troubles: troubles.clone() }).await;
        }
    }

    /// Waits until the clock shows `at`.
    async fn wait_for(&self, at: Timestamp) {
        let ahead = at.duration_since(self.own.now()).as_secs_f64() / self.stage.speed;
        if let Ok(ahead) = Duration::try_from_secs_f64(ahead)
            && !ahead.is_zero()
        {
            tokio::time::sleep(ahead).await;
        }
    }

    /// The last state stands: those that worked at the end go on saying so.
    async fn stay(&mut self, end: End) {
        match end {
            End::Over => {}
            End::Short(failure) => {
                for (source, troubles) in &mut self.well {
                    troubles.push(failure.clone());
                    if let Some(outlet) = self.outlets.get(source) {
                        outlet.alive(troubles.clone());
                    }
                }
            }
            End::Broken(failure) => {
                self.outlets.values().for_each(|outlet| outlet.failed(failure.clone()));
                self.well.clear();
            }
        }
        let every = |source: &RecordedSource| Some((source.name.clone(), source.every?));
        let sources: Vec<_> = self.stage.header.sources.iter().filter_map(every).collect();
        let Some(pulse) = sources.iter().map(|(_, every)| *every).filter(SignedDuration::is_positive).min()
        else {
            return std::future::pending().await;
        };
        loop {
            let now = self.own.now();
            self.wait_for(now.checked_add(pulse).unwrap_or(now)).await;
            for (source, _) in &sources {
                if let (Some(troubles), Some(outlet)) = (self.well.get(source), self.outlets.get(source)) {
                    outlet.alive(troubles.clone());
                }
            }
        }
    }
}

/// Does what blocks (reading a file, making many lines) where nobody waits for it.
async fn off_loop<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The program ends.
        Err(_) => std::future::pending().await,
    }
}
