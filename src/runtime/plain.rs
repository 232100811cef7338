//! The console as lines: nothing is repainted, so a screen reader, a dumb terminal or a file can
//! follow. The same app, keys and sources as on the screen.

mod paper;
mod voice;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::fs::FileType;
use rustix::io::Errno;
use tokio::sync::{mpsc, watch};

use super::clipboard;
use super::clock::Clock;
use super::editor::Pads;
use super::exit::{Exit, Save};
use super::keys::Typed;
use super::login::{self, Away, Logins};
use super::panic::{self, Reports};
use super::run::Console;
use super::session::{Leave, SessionError};
use super::signals::{self, Screen};
use super::terminal::Terminal;
use super::{input, watchdog};
use crate::app::App;
use crate::app::aloud::SIZE;
use crate::config::key::{Code, Key};
use crate::model::update::News;
use crate::pane::effect::{Effect, Msg};
use crate::safe;
use paper::Paper;
use voice::Voice;

/// News is told at most this often: with the lines of one piece of news, the rate of a log.
const NEWS: Duration = Duration::from_millis(500);
/// The least that is slept.
const SHORT: Duration = Duration::from_millis(20);
/// The summary waits so long for sources that have not spoken.
const PATIENCE: Duration = Duration::from_secs(3);
/// Columns of a page where no terminal says how many there are.
const COLUMNS: u16 = 100;

/// A console that can be told in lines.
pub trait Spoken: Console {
    /// What there is to tell.
    fn app(&self) -> &App;

    /// It is told in lines, not shown on a screen.
    fn tell_in_lines(&mut self);
}

/// Where keys come from and lines go to. Dropping it gives the terminal back.
pub struct Lines {
    /// Keys; closed when standard input is at its end.
    typed: mpsc::Receiver<Typed>,
    /// Keeps `typed` open where nobody can ever type.
    _open: Option<mpsc::Sender<Typed>>,
    /// The terminal that the keys come from.
    keys: Option<(Terminal, watch::Receiver<Screen>)>,
    paper: Paper,
    _leave: Leave,
}

impl Lines {
    /// Takes the keys if standard input is a terminal. Otherwise its end is what ends the console;
    /// a device without an end, such as /dev/null, leaves that to the signals.
    ///
    /// Errors leave the terminal as it was.
    pub fn begin(save: Arc<Save>, crashes: Reports) -> Result<Self, SessionError> {
        let terminal = if rustix::termios::isatty(rustix::stdio::stdin()) {
            Some(Terminal::open_for_lines(std::env::var_os("TERM").as_deref())?)
        } else {
            None
        };
        let has_end = terminal.is_none()
            && rustix::fs::fstat(rustix::stdio::stdin())
                .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) != FileType::CharacterDevice);
        Self::start(terminal, has_end, save, crashes)
    }

    /// Takes the keys of the terminal, whatever standard input is.
    ///
    /// Errors where there is no terminal.
    pub fn with_keys_of_terminal(save: Arc<Save>, crashes: Reports) -> Result<Self, SessionError> {
        let terminal = Terminal::open_for_lines(std::env::var_os("TERM").as_deref())?;
        Self::start(Some(terminal), false, save, crashes)
    }

    /// Takes no keys, whatever standard input is: only a signal ends it.
    ///
    /// Errors leave the terminal as it was.
    pub fn without_keys(save: Arc<Save>, crashes: Reports) -> Result<Self, SessionError> {
        Self::start(None, false, save, crashes)
    }

    fn start(
        terminal: Option<Terminal>,
        has_end: bool,
        save: Arc<Save>,
        crashes: Reports,
    ) -> Result<Self, SessionError> {
        let refused = |what| move |cause| SessionError::Refused { what, cause };
        let exit = Arc::new(Exit::new(terminal.as_ref(), save));
        panic::install(Arc::clone(&exit), crashes);
        let leave = Leave(Arc::clone(&exit));
        let paper = Paper::start().map_err(refused("a thread"))?;
        let Some(terminal) = terminal else {
            signals::start_without_terminal(&exit).map_err(refused("its signal handlers"))?;
            let (sender, typed) = mpsc::channel(1);
            let open = if has_end {
                wait_for_end(sender).map_err(refused("a thread"))?;
                None
            } else {
                Some(sender)
            };
            return Ok(Self { typed, _open: open, keys: None, paper, _leave: leave });
        };
        let screen = signals::start(&terminal, &exit).map_err(refused("its signal handlers"))?;
        watchdog::start(&terminal, &exit).map_err(refused("a thread"))?;
        terminal.enter()?;
        let far = std::env::var_os("SSH_CONNECTION").is_some();
        let typed = input::start(&terminal, &exit, far).map_err(refused("a thread"))?;
        Ok(Self { typed, _open: None, keys: Some((terminal, screen)), paper, _leave: leave })
    }

    /// Columns of a page.
    fn width(&self) -> u16 {
        self.keys.as_ref().map_or(COLUMNS, |(terminal, _)| terminal.size().width)
    }
}

/// Closes the channel when standard input is at its end. What comes there is no key.
fn wait_for_end(sender: mpsc::Sender<Typed>) -> std::io::Result<()> {
    std::thread::Builder::new().name("midwatch-input".to_owned()).spawn(move || {
        let mut bytes = [0; 4096];
        while matches!(rustix::io::read(rustix::stdio::stdin(), &mut bytes), Ok(1..) | Err(Errno::INTR)) {}
        drop(sender);
    })?;
    Ok(())
}

/// Runs the app until it quits, standard input ends or nobody reads the lines any more.
pub async fn run(
    app: &mut impl Spoken,
    lines: &mut Lines,
    mut intake: mpsc::Receiver<Msg>,
    perform: Box<dyn FnMut(Effect)>,
    clock: Clock,
    logins: Logins,
    pads: Pads,
) {
    let (voice, quit, awaited, away) = (Voice::default(), false, None, None);
    let mut teller = Teller { voice, perform, clock, quit, awaited, logins, pads, away };
    app.tell_in_lines();
    teller.take(app, lines, Msg::Resized(SIZE.0, SIZE.1));
    if app.app().is_welcoming() {
        if lines.keys.is_some() {
            teller.tell_focus(app, lines);
        } else {
            // Nobody can say so.
            teller.take(app, lines, Msg::Key(Key::plain(Code::Enter)));
        }
    }
    let mut start = Instant::now();
    let (mut intake_open, mut summed_up, mut told) = (true, false, start);
    let (mut has_news, mut last) = (true, start);
    while !teller.quit {
        if app.app().is_welcoming() {
            // The summary is of what comes after it.
            (start, last) = (Instant::now(), Instant::now());
        }
        let late = told.elapsed();
        // Once all have spoken and the first rush of what they say is over.
        let is_quiet = last.elapsed() >= NEWS && !app.app().is_starting(teller.clock.now());
        if !summed_up && (is_quiet || start.elapsed() >= PATIENCE) {
            summed_up = true;
            teller.sum_up(app, lines);
            // What has happened before is in the summary.
            let _summed_up = app.app().news(teller.voice.heard(), teller.clock.now());
            if app.app().tells_of_drill() {
                teller.tell_focus(app, lines);
            }
            (told, has_news) = (Instant::now(), true);
            continue;
        }
        if summed_up && has_news && late >= NEWS {
            teller.news(app, lines);
            (told, has_news) = (Instant::now(), false);
            continue;
        }
        let news = match summed_up {
            false if app.app().is_welcoming() => None,
            false => Some(NEWS.saturating_sub(last.elapsed()).max(SHORT)),
            true => has_news.then(|| NEWS.saturating_sub(late).max(SHORT)),
        };
        let wake = teller.wake(app);
        tokio::select! {
            biased;
            typed = lines.typed.recv() => {
                // Standard input is at its end; terminals end otherwise.
                let Some(typed) = typed else { return };
                teller.typed(app, lines, typed);
                has_news = true;
            }
            msg = intake.recv(), if intake_open => match msg {
                Some(msg) => {
                    let (is_update, is_answer) = match &msg {
                        Msg::Update(update) => (true, matches!(update.news, News::Detail(..))),
                        _ => (false, false),
                    };
                    teller.take(app, lines, msg);
                    has_news = true;
                    if is_update {
                        last = Instant::now();
                    }
                    if is_answer && summed_up {
                        teller.tell_answer(app, lines);
                    }
                }
                None => intake_open = false,
            },
            ended = login::ended(&mut teller.away) => {
                teller.take(app, lines, ended);
                teller.sum_up(app, lines);
            }
            () = lines.paper.gone() => return,
            () = sleep(news), if news.is_some() => {}
            () = sleep(wake), if wake.is_some() => {
                teller.awaited = None;
                teller.take(app, lines, Msg::Wake);
                has_news = true;
            }
        }
    }
}

async fn sleep(wait: Option<Duration>) {
    tokio::time::sleep(wait.unwrap_or_default()).await;
}

struct Teller {
    voice: Voice,
    perform: Box<dyn FnMut(Effect)>,
    clock: Clock,
    quit: bool,
    /// When the app wants to be woken, until it was.
    awaited: Option<Timestamp>,
    logins: Logins,
    pads: Pads,
    /// The login that has the terminal.
    away: Option<Away>,
}

impl Teller {
    fn wake(&mut self, app: &impl Console) -> Option<Duration> {
        let next = app.next_wake(self.clock.now());
        self.awaited = match (self.awaited, next) {
            (Some(earlier), Some(next)) => Some(earlier.min(next)),
            (_, next) => next,
        };
        self.awaited.map(|at| self.clock.until(at))
    }

    /// Gives the app one thing, and tells what it says about it.
    fn take(&mut self, app: &mut impl Spoken, lines: &mut Lines, msg: Msg) {
        // What an update makes it say is in the news too.
        let is_told = matches!(
            msg,
            Msg::Trouble(_)
                | Msg::Saved(_)
                | Msg::Note(..)
                | Msg::Key(_)
                | Msg::Paste(_)
                | Msg::LongPaste
                | Msg::LoggedIn(..)
                | Msg::Edited(..)
                | Msg::Renewed(..)
        );
        // A key is answered with all that stands in the focus.
        let is_key = matches!(msg, Msg::Key(_) | Msg::Paste(_) | Msg::LongPaste);
        let was_told = is_key || app.app().tells_of_drill();
        let before = app.app().notice().cloned();
        let mut effects = app.update(msg, self.clock.now());
        while !effects.is_empty() {
            let answers: Vec<Msg> =
                effects.drain(..).filter_map(|effect| self.perform(app, lines, effect)).collect();
            for answer in answers {
                effects.extend(app.update(answer, self.clock.now()));
            }
        }
        let notice = app.app().notice().cloned();
        if let Some(notice) = notice.filter(|notice| is_told && before.as_ref() != Some(notice)) {
            let typed = self.voice.typed().cloned();
            lines.paper.print(&[notice]);
            lines.paper.hold(typed.as_ref());
        }
        if app.app().tells_of_drill() && !was_told {
            self.tell_focus(app, lines);
        }
    }

    fn perform(&mut self, app: &impl Spoken, lines: &mut Lines, effect: Effect) -> Option<Msg> {
        match effect {
            Effect::Quit => self.quit = true,
            Effect::Repaint => self.sum_up(app, lines),
            Effect::Suspend => {
                let (terminal, _) = lines.keys.as_ref()?;
                let signals::Orphaned = signals::suspend(terminal).err()?;
                let text =
                    safe!("cannot suspend: midwatch was started without a shell that could continue it");
                return Some(Msg::Trouble(text));
            }
            Effect::Login(name) => {
                let started = match &lines.keys {
                    Some((terminal, _)) => self.logins.start(terminal, name.clone()),
                    None => Err("there is no terminal for it".into()),
                };
                match started {
                    Ok(away) => self.away = Some(away),
                    Err(why) => return Some(Msg::LoggedIn(name, Err(why))),
                }
            }
            Effect::Editor(folder) => {
                let started = match &lines.keys {
                    Some((terminal, _)) => self.pads.start(terminal, folder.clone()),
                    None => Err("there is no terminal for it".into()),
                };
                match started {
                    Ok(away) => self.away = Some(away),
                    Err(why) => return Some(Msg::Edited(folder, Err(why))),
                }
            }
            Effect::Copy(copied) => {
                // No sequence goes out here; the lines are told, and tmux takes them by its own way.
                if std::env::var_os("TMUX").is_some() {
                    tokio::spawn(clipboard::copy_through_tmux(copied));
                }
            }
            Effect::Ring(text) => {
                let typed = self.voice.typed().cloned();
                lines.paper.print(&[text]);
                lines.paper.hold(typed.as_ref());
            }
            other => (self.perform)(other),
        }
        None
    }

    fn typed(&mut self, app: &mut impl Spoken, lines: &mut Lines, typed: Typed) {
        self.take(app, lines, typed.message());
        if !self.quit {
            self.tell_focus(app, lines);
        }
    }

    /// Tells what was waited for, if it is where the person still is.
    fn tell_answer(&mut self, app: &mut impl Spoken, lines: &mut Lines) {
        app.update(Msg::Frame, self.clock.now());
        if self.voice.is_new(&app.app().reading(lines.width(), self.clock.now())) {
            self.tell_focus(app, lines);
        }
    }

    /// Tells what the cursor stands on.
    fn tell_focus(&mut self, app: &mut impl Spoken, lines: &mut Lines) {
        app.update(Msg::Frame, self.clock.now());
        let written = app.app().reading(lines.width(), self.clock.now());
        let said = self.voice.answer(written);
        lines.paper.print(&said);
        lines.paper.hold(self.voice.typed());
    }

    fn sum_up(&mut self, app: &impl Spoken, lines: &mut Lines) {
        let mut said = app.app().summary(self.clock.now());
        if lines.keys.is_some() {
            said.push("? tells the keys, ctrl-l this summary, q leaves.".into());
        }
        lines.paper.print(&said);
        lines.paper.hold(self.voice.typed());
    }

    fn news(&mut self, app: &mut impl Spoken, lines: &mut Lines) {
        let now = self.clock.now();
        let was_told = app.app().tells_of_drill();
        app.update(Msg::Frame, now);
        let news = app.app().news(self.voice.heard(), now);
        if !news.is_empty() {
            lines.paper.print(&news);
            lines.paper.hold(self.voice.typed());
        }
        if app.app().tells_of_drill() && !was_told {
            self.tell_focus(app, lines);
        }
    }
}
