//! A console from its configuration to its end: sources, record and loop put together.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use tokio::sync::{mpsc, watch};

use super::clock::Clock;
use super::courier::Courier;
use super::diagnose::Runner;
use super::editor::Pads;
use super::exit::Save;
use super::keeper::{self, Keeper, Keeping, Place};
use super::login::Logins;
use super::masked::{Masking, masked_effect};
use super::panic::Reports;
use super::plain::{self, Lines};
use super::run::{self, Wiring};
use super::runbook::Library;
use super::save::Saves;
use super::session::{Session, SessionError};
use super::tasks::{Crashed, Tasks};
use super::terminal::Terminal;
use crate::app::session::Session as LastState;
use crate::app::{App, Setup};
use crate::config::destinations::Destination;
use crate::config::theme::Depth;
use crate::logs::format::own::Own;
use crate::model::keeping::Kept;
use crate::model::note::{Folder, NoteReply};
use crate::model::text::{RawText, SafeText};
use crate::net::Net;
use crate::net::credential::Mask;
use crate::pane::effect::{Effect, Msg};
use crate::safe;
use crate::source::outlet::{Intake, Report, Request};
use crate::source::recording::format::{Header, Item};
use crate::source::registry::Built;
use crate::store::recording::Recording;
use crate::store::team::Team;
use crate::store::{dirs, last, notes};

/// Messages that may wait for the loop.
const QUEUE: usize = 64;
/// How often what is known is kept for the next start, and how soon the first time.
const KEEP: SignedDuration = SignedDuration::from_secs(60);
const KEEP_FIRST: SignedDuration = SignedDuration::from_secs(10);
/// How long tasks get to end.
const STOP: Duration = Duration::from_millis(500);

/// How the person is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Face {
    /// On a screen.
    Screen,
    /// In lines, and keys are taken from standard input.
    Lines,
    /// In lines, and keys are taken from the terminal: standard input is what is shown.
    LinesOfInput,
    /// In lines. Nobody is there: nothing is typed, and sources never rest.
    Collector,
}

/// What a console is made of.
pub struct Launch {
    /// What the app starts with.
    pub setup: Setup,
    /// The sources.
    pub sources: Vec<Built>,
    /// The time that the console lives in.
    pub clock: Clock,
    /// The colours that the terminal gets.
    pub depth: Depth,
    /// Where state is kept.
    pub place: Place,
    /// The directory that a team shares, where one is configured.
    pub team: Option<Team>,
    /// What was found here, if that is all there is: it is shown first, and neither the sources nor
    /// what is kept begin before the person says so.
    pub found: Option<Vec<SafeText>>,
    /// An alert or a run to open as soon as it is seen.
    pub goto: Option<RawText>,
    /// The console is on files alone, and this query is for their lines; neither is what the next
    /// console begins with.
    pub files: Option<RawText>,
    /// A new file that everything the app sees is recorded to.
    pub record: Option<PathBuf>,
    /// How the person is told.
    pub face: Face,
    /// What the person should know at the start.
    pub notices: Vec<SafeText>,
    /// The credentials.
    pub net: Net,
    /// Whether the terminal's bell rings.
    pub bell: bool,
    /// Where documents may be sent.
    pub destinations: Vec<Destination>,
    /// What the login of each credential runs.
    pub logins: Logins,
    /// The formats of lines that the person describes.
    pub formats: Arc<[Own]>,
}

/// Why a console could not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The terminal or the system refused.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The recording cannot be written.
    #[error("{}", .0.as_str())]
    Recording(SafeText),
    /// At the end something could not be written.
    #[error("not everything was saved: {}", .0.as_str())]
    NotSaved(SafeText),
    /// No thread or no event queue.
    #[error("the system refused {0}: {1}")]
    Refused(&'static str, std::io::Error),
}

/// Whether there is a screen to draw on or a terminal to take keys from, asked before anything is made on
/// the disk. Lines can be told anywhere.
pub fn ready(face: Face) -> Result<(), LaunchError> {
    let term = std::env::var_os("TERM");
    let terminal = match face {
        Face::Screen => Terminal::open(term.as_deref()),
        Face::LinesOfInput => Terminal::open_for_lines(term.as_deref()),
        Face::Lines | Face::Collector => return Ok(()),
    };
    terminal.map(drop).map_err(|why| SessionError::from(why).into())
}

/// Runs a console until the person leaves it, and gives what is said to them then.
///
/// Errors leave the terminal as it was.
pub fn run(launch: Launch) -> Result<Vec<SafeText>, LaunchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| LaunchError::Refused("a thread", error))?;
    let ended = runtime.block_on(live(launch));
    // A worker that still reads a file ends with the process.
    runtime.shutdown_background();
    ended
}

async fn live(mut launch: Launch) -> Result<Vec<SafeText>, LaunchError> {
    let clock = launch.clock;
    let (messages, intake) = mpsc::channel(QUEUE);
    let recording = launch.record.as_ref().map(|path| record(path, &launch)).transpose()?;
    let is_recorded = recording.is_some();
    let state = launch.place.directory().filter(|_| launch.files.is_none());
    let remembered = state.map(|state| last::load::<LastState>(&keeper::last_state(state)));
    let remembered = match remembered.transpose() {
        Ok(found) => found.flatten(),
        Err(why) => {
            launch.notices.push(why);
            None
        }
    };
    let (known, view) = remembered.map(|last| (last.world, last.view)).unzip();
    launch.setup.remembered = known;

    let mask = launch.net.vault().mask().clone();
    let (ready, read) = read_secrets(launch.net.clone());

    let session_name = launch.setup.session_name.clone();
    let keeping = Keeping {
        place: launch.place.clone(),
        takes_notes: launch.face != Face::Collector,
        waits: launch.found.is_some(),
        fallbacks: fallbacks(&launch.place),
        team: launch.team.clone(),
        session: notes::Session {
            person: launch.setup.person.clone(),
            host: host(),
            id: session_name,
            since: clock.now(),
        },
        recording,
        masking: Masking::new(mask.clone(), read),
    };
    let keeper = Keeper::start(keeping, clock, messages.clone())
        .map_err(|error| LaunchError::Refused("a thread", error))?;
    let dir = launch.place.directory().map(|state| state.join("crash"));
    let crashes = Reports { dir, mask: mask.clone() };
    let flush = keeper.clone();
    let save: Arc<Save> = Arc::new(move || flush.flush());
    let mut shown = match launch.face {
        Face::Screen => Shown::Screen(Session::begin(save, crashes)?),
        Face::Lines => Shown::Lines(Lines::begin(save, crashes)?),
        Face::LinesOfInput => Shown::Lines(Lines::with_keys_of_terminal(save, crashes)?),
        Face::Collector => Shown::Lines(Lines::without_keys(save, crashes)?),
    };

    let telling = launch.setup.catalog.telling();
    let is_played = launch.place == Place::Nowhere;
    let library = Library::new(launch.setup.runbooks.clone(), launch.net.clone(), is_played);
    let mut app = App::new(launch.setup);
    if let Some(view) = view {
        app.restore(&view, clock.now());
    }
    if let Some(what) = launch.goto {
        app.seek(what);
    }
    let is_kept = launch.files.is_none();
    if let Some(query) = launch.files {
        app.look_into_files(&query, clock.now());
    }
    let (begin, gate) = watch::channel(launch.found.is_none());
    if let Some(facts) = launch.found {
        app.welcome(facts);
    }
    let (crashes, deaths) = mpsc::channel(8);
    let tasks = Tasks::new(crashes);
    let said = Intake::without(mask.clone(), ready).keeping(telling).knowing(launch.formats);
    let resting = said.rests();
    let requests = start(launch.sources, &said, clock, &gate, &tasks, deaths);
    hand_on(said, messages.clone(), is_recorded.then(|| keeper.clone()));
    // What is looked at is asked at once, the others within some seconds.
    for name in app.first() {
        if let Some(source) = requests.get(&name) {
            let _full = source.try_send(Request::Refresh);
        }
    }
    for notice in launch.notices {
        // Room for all of them is not needed: the footer shows one.
        let _full = messages.try_send(Msg::Trouble(notice));
    }

    let mut standings = launch.net.vault().standings();
    let told = messages.clone();
    tokio::spawn(async move {
        while standings.changed().await.is_ok() {
            let now = standings.borrow_and_update().clone();
            if told.send(Msg::Standings(now)).await.is_err() {
                return;
            }
        }
    });

    // A collector never rests.
    let resting = (launch.face != Face::Collector).then_some(resting);
    let requests = Arc::new(requests);
    let (saves, all_ended) = Saves::new(Arc::clone(&requests), messages.clone());
    let runner = Runner::new(messages.clone(), mask.clone(), is_played);
    let destinations = std::mem::take(&mut launch.destinations);
    let courier = Courier::new(launch.net.clone(), destinations, messages.clone(), is_played);
    let hands = Hands { net: launch.net, saves, library, runner, courier };
    let perform = Box::new(perform(requests, begin, keeper.clone(), messages, resting, hands));
    let mut console = Keeps::new(app, mask, keeper.clone(), clock.now(), is_kept);
    let pads = launch.place.directory().map(|_| Pads::new(&keeper)).unwrap_or_default();
    match &mut shown {
        Shown::Screen(session) => {
            let Launch { depth, bell, logins, .. } = launch;
            run::run(&mut console, session, Wiring { intake, perform, clock, depth, bell, logins, pads })
                .await;
        }
        Shown::Lines(lines) => {
            plain::run(&mut console, lines, intake, perform, clock, launch.logins, pads).await;
        }
    }
    let parting = console.app.parting();
    drop(console);
    let kept = keeper.close();
    drop(shown);
    // What is being saved takes away what it has begun.
    drop(tokio::time::timeout(STOP, all_ended).await);
    tasks.stop(STOP).await;
    kept.map(|()| parting).map_err(LaunchError::NotSaved)
}

enum Shown {
    Screen(Session),
    Lines(Lines),
}

/// Directories in memory besides the one where everything goes.
fn fallbacks(place: &Place) -> Vec<PathBuf> {
    dirs::fallbacks().into_iter().filter(|path| Some(path.as_path()) != place.directory()).collect()
}

/// The name of this machine.
pub fn host() -> RawText {
    RawText::from_bytes(rustix::system::uname().nodename().to_bytes())
}

fn record(path: &std::path::Path, launch: &Launch) -> Result<Recording, LaunchError> {
    let mut recording = Recording::create(path).map_err(|error| LaunchError::Recording(error.sentence()))?;
    let header = Header::new(launch.clock.now(), launch.sources.iter().map(|built| &built.info));
    recording.write(&header).map_err(|error| LaunchError::Recording(error.sentence()))?;
    Ok(recording)
}

/// Reads the secrets that lie on this machine. Returns what tells tasks, and what tells the thread that writes, that
/// they are known: the first turns true, the second ends.
fn read_secrets(net: Net) -> (watch::Receiver<bool>, std::sync::mpsc::Receiver<()>) {
    let (known, ready) = watch::channel(false);
    let (reading, read) = std::sync::mpsc::channel();
    tokio::spawn(async move {
        net.read_ahead().await;
        known.send_replace(true);
        drop(reading);
    });
    (ready, read)
}

/// Starts the sources. Returns where to ask them.
fn start(
    sources: Vec<Built>,
    intake: &Intake,
    clock: Clock,
    gate: &watch::Receiver<bool>,
    tasks: &Tasks,
    mut deaths: mpsc::Receiver<Crashed>,
) -> HashMap<RawText, mpsc::Sender<Request>> {
    let (mut requests, mut outlets) = (HashMap::new(), HashMap::new());
    for Built { info, source } in sources {
        let (outlet, ask) = intake.outlet(info.name.clone(), Arc::new(move || clock.now()));
        requests.insert(info.name.clone(), ask);
        let name = String::from_utf8_lossy(info.name.as_bytes()).into_owned();
        outlets.insert(name.clone(), outlet.clone());
        let gate = gate.clone();
        tasks.keep(&name, move |_| {
            let (mut gate, run) = (gate.clone(), Arc::clone(&source).run(outlet.clone()));
            async move {
                // The gate is gone only when the console is.
                if gate.wait_for(|open| *open).await.is_ok() {
                    run.await;
                }
            }
        });
    }
    tokio::spawn(async move {
        while let Some(crash) = deaths.recv().await {
            if let Some(outlet) = outlets.get(&crash.task) {
                outlet.crashed();
            }
        }
    });
    requests
}

/// Hands what the sources say to the loop, in the order in which it is taken.
fn hand_on(mut intake: Intake, messages: mpsc::Sender<Msg>, record: Option<Keeper>) {
    tokio::spawn(async move {
        let mut left_out = false;
        loop {
            let report = intake.next().await;
            // The recording is tapped here: what the app sees, in that order.
            // An item is a copy: it is made only for a recording.
            let recorded =
                record.as_ref().is_none_or(|keeper| Item::of(&report).is_none_or(|item| keeper.record(item)));
            if !recorded && !left_out {
                left_out = true;
                let text = "The disk is too slow: the recording has a gap from here.".into();
                drop(messages.send(Msg::Trouble(text)).await);
            }
            let msg = match report {
                Report::Update(update) => Msg::Update(update),
                Report::Segment(segment) => Msg::Segment(segment),
                Report::File(news) => Msg::File(news),
            };
            if messages.send(msg).await.is_err() {
                return;
            }
        }
    });
}

/// Who does what takes a while.
struct Hands {
    net: Net,
    saves: Saves,
    library: Library,
    runner: Runner,
    courier: Courier,
}

/// Does what the app asks. Waits for nothing: a queue that is full is told.
fn perform(
    requests: Arc<HashMap<RawText, mpsc::Sender<Request>>>,
    begin: watch::Sender<bool>,
    keeper: Keeper,
    answers: mpsc::Sender<Msg>,
    resting: Option<watch::Sender<bool>>,
    hands: Hands,
) -> impl FnMut(Effect) {
    let Hands { net, mut saves, library, runner, courier } = hands;
    let ask = move |source: &RawText, request: Request| match requests.get(source) {
        Some(sender) => sender.try_send(request).is_ok(),
        None => false,
    };
    move |effect| {
        let (done, trouble) = match effect {
            Effect::Refresh(source) => {
                // A second request that waits already is as good as this one.
                ask(&source, Request::Refresh);
                return;
            }
            Effect::Fetch(source, key) => {
                let text = Msg::Trouble("The source is busy; r asks again.".into());
                (ask(&source, Request::Fetch(key)), text)
            }
            Effect::Piece(source, index) => {
                // The pane asks again for what does not come.
                ask(&source, Request::Piece(index));
                return;
            }
            Effect::Seek(source, sought) => {
                let text = Msg::Trouble("The file is busy: the search does not see all of it.".into());
                (ask(&source, Request::Seek(sought)), text)
            }
            Effect::MineFile(source, order) => {
                // The pane asks again as long as there is something to mine.
                ask(&source, Request::Mine(order));
                return;
            }
            Effect::Mine(job) => {
                let answers = answers.clone();
                tokio::spawn(async move {
                    let mined = tokio::task::spawn_blocking(|| job.run()).await;
                    drop(answers.send(Msg::Mined(mined.ok())).await);
                });
                return;
            }
            Effect::Rest(rests) => {
                if let Some(resting) = &resting {
                    resting.send_replace(rests);
                }
                return;
            }
            Effect::Begin => {
                begin.send_replace(true);
                (keeper.begin(), Msg::Trouble("The disk does not answer: notes are not saved.".into()))
            }
            Effect::Seal(job) => {
                let answers = answers.clone();
                tokio::spawn(async move {
                    let sealed = tokio::task::spawn_blocking(|| job.run()).await;
                    // A worker that failed leaves the batches as they are.
                    drop(answers.send(Msg::Sealed(sealed.ok().flatten())).await);
                });
                return;
            }
            Effect::Runbook(leads) => {
                let (answers, library) = (answers.clone(), library.clone());
                tokio::spawn(async move {
                    let answer = library.look(&leads).await;
                    drop(answers.send(Msg::Runbook(leads, answer)).await);
                });
                return;
            }
            Effect::Diagnose(errands) => {
                runner.run(errands);
                return;
            }
            Effect::Prepare(folder, name, paper) => {
                courier.prepare(folder, &name, paper);
                return;
            }
            Effect::Send(folder, agreed) => {
                courier.send(folder, agreed);
                return;
            }
            Effect::Save(save) => {
                saves.begin(save);
                return;
            }
            Effect::StopSaving => {
                saves.stop();
                return;
            }
            Effect::Renew(name) => {
                let (answers, net) = (answers.clone(), net.clone());
                tokio::spawn(async move {
                    let found = net.vault().renew(&String::from_utf8_lossy(name.as_bytes())).await;
                    drop(answers.send(Msg::Renewed(name, found)).await);
                });
                return;
            }
            Effect::History(happened) => {
                let why = "the disk does not answer, and no more can wait for it".into();
                (keeper.happened(happened), Msg::Keeping(Kept::History, Some(why)))
            }
            Effect::Note(folder, command) => {
                let reason = NoteReply::NotSaved("the disk does not answer".into());
                (keeper.note(folder.clone(), command), Msg::Note(folder, reason))
            }
            Effect::Quit
            | Effect::Suspend
            | Effect::Login(_)
            | Effect::Editor(_)
            | Effect::Repaint
            | Effect::Copy(_)
            | Effect::Ring(_) => return,
        };
        if !done {
            let _full = answers.try_send(trouble);
        }
    }
}

/// The app, with what it knows kept for the next start every minute and on every way out.
struct Keeps {
    app: App,
    mask: Mask,
    keeper: Keeper,
    keep_at: Timestamp,
    /// Where notes went when it was kept last: who is killed goes on there.
    folder: Folder,
    /// Whether it is what the next console begins with.
    is_kept: bool,
}

impl Keeps {
    fn new(app: App, mask: Mask, keeper: Keeper, now: Timestamp, is_kept: bool) -> Self {
        let folder = app.folder().clone();
        Self { app, mask, keeper, keep_at: later(now, KEEP_FIRST), folder, is_kept }
    }
}

impl run::Console for Keeps {
    fn update(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect> {
        let changes = matches!(msg, Msg::Update(_) | Msg::Key(_));
        let effects =
            self.app.update(msg, now).into_iter().map(|effect| masked_effect(effect, &self.mask)).collect();
        if !self.is_kept {
            return effects;
        }
        let has_turned = *self.app.folder() != self.folder;
        if effects.contains(&Effect::Quit) || self.keep_at <= now || has_turned {
            self.folder.clone_from(self.app.folder());
            self.keep_at = later(now, KEEP);
            self.keeper.last(self.app.session());
        } else if changes {
            self.keeper.latest(self.app.session());
        }
        effects
    }

    fn draw(&self, frame: &mut Frame<'_>, now: Timestamp) {
        self.app.draw(frame, now);
    }

    fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        self.app.next_wake(now)
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl plain::Spoken for Keeps {
    fn app(&self) -> &App {
        &self.app
    }

    fn tell_in_lines(&mut self) {
        self.app.tell_in_lines();
    }
}

/// A name that no other console has: host time, process and a counter would do on one machine, but
/// the notes may lie on a shared disk.
pub fn session_name(now: Timestamp) -> RawText {
    let process = rustix::process::getpid().as_raw_nonzero();
    RawText::from(safe!("{}-{}", now.as_millisecond(), process.get()).as_str().to_owned())
}
