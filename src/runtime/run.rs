//! The loop: everything that reaches the app, in order, and everything that it draws.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;

use super::backend::FrameBackend;
use super::clipboard;
use super::clock::Clock;
use super::editor::Pads;
use super::fault;
use super::keys::Typed;
use super::login::{self, Away, Logins};
use super::pace::Pace;
use super::session::Session;
use super::signals;
use crate::config::theme::Depth;
use crate::model::text::SafeText;
use crate::pane::effect::{Effect, Msg};
use crate::safe;

/// How long news may keep the loop from looking at the keys.
const NEWS_TURN: Duration = Duration::from_millis(4);

/// What the loop runs: the app, seen from here. All it knows comes through `update`.
pub trait Console {
    /// Takes one thing in, and says what to do about it.
    fn update(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect>;
    /// Draws the whole screen.
    fn draw(&self, frame: &mut Frame<'_>, now: Timestamp);
    /// When what is shown changes by itself next.
    fn next_wake(&self, now: Timestamp) -> Option<Timestamp>;
}

/// What the loop stands between.
pub struct Wiring {
    /// What the sources, the record and the log workers say.
    pub intake: mpsc::Receiver<Msg>,
    /// Does what the loop does not do itself. Must not wait for anything.
    pub perform: Box<dyn FnMut(Effect)>,
    /// The time that the app lives in.
    pub clock: Clock,
    /// The colours that the terminal gets.
    pub depth: Depth,
    /// Whether the terminal's bell rings.
    pub bell: bool,
    /// What the login of each credential runs.
    pub logins: Logins,
    /// What opens the pads in the person's editor.
    pub pads: Pads,
}

/// Runs the app until it quits.
pub async fn run(app: &mut impl Console, session: &mut Session, wiring: Wiring) {
    let Wiring { mut intake, perform, clock, depth, bell, logins, pads } = wiring;
    let size = session.screen.borrow_and_update().size;
    let mut face = Face {
        drawing: match Terminal::new(FrameBackend::new(size, depth)) {
            Ok(drawing) => drawing,
            Err(impossible) => match impossible {},
        },
        clock,
        pace: Pace::default(),
        perform,
        start: Instant::now(),
        quit: false,
        awaited: None,
        bell,
        logins,
        pads,
        away: None,
    };
    face.tell(app, session, Msg::Resized(size.width, size.height));
    let mut intake_open = true;
    while !face.quit {
        // While a login has the terminal nothing is drawn; news is taken in.
        let free = session.writer.is_free() && face.away.is_none();
        let now = face.start.elapsed();
        let due = face.pace.due();
        if free && due.is_some_and(|due| due <= now) {
            face.draw(app, session);
            continue;
        }
        // While the slot is full the screen's timer is the writer: nothing could be drawn sooner.
        let frame = due.filter(|_| free).map(|due| due.saturating_sub(now));
        let wake = face.wake(app);
        tokio::select! {
            biased;
            changed = session.screen.changed() => match changed {
                Ok(()) => face.screen_changed(app, session),
                Err(_) => return,
            },
            typed = session.typed.recv() => {
                let Some(typed) = typed else { return };
                face.typed(app, session, typed);
                while let Ok(typed) = session.typed.try_recv() {
                    face.typed(app, session, typed);
                }
            }
            msg = intake.recv(), if intake_open => match msg {
                Some(msg) => face.news(app, session, &mut intake, msg),
                None => intake_open = false,
            },
            () = session.writer.freed(), if !free && face.away.is_none() => {}
            ended = login::ended(&mut face.away) => {
                face.tell(app, session, ended);
                face.repaint();
            }
            () = sleep(frame), if frame.is_some() => {}
            () = sleep(wake), if wake.is_some() => {
                face.awaited = None;
                face.tell(app, session, Msg::Wake);
                face.pace.news();
            }
        }
    }
}

async fn sleep(wait: Option<Duration>) {
    tokio::time::sleep(wait.unwrap_or_default()).await;
}

/// The loop's own state.
struct Face {
    drawing: Terminal<FrameBackend>,
    clock: Clock,
    pace: Pace,
    perform: Box<dyn FnMut(Effect)>,
    start: Instant,
    quit: bool,
    /// When the app wants to be woken, until it was.
    awaited: Option<Timestamp>,
    bell: bool,
    logins: Logins,
    pads: Pads,
    /// The login that has the terminal.
    away: Option<Away>,
}

impl Face {
    /// How long until the app's next shown text changes.
    fn wake(&mut self, app: &impl Console) -> Option<Duration> {
        // Kept until it fires: asked again at a later time the app would name a later one.
        let next = app.next_wake(self.clock.now());
        let at = match (self.awaited, next) {
            (Some(earlier), Some(next)) => Some(earlier.min(next)),
            (_, next) => next,
        };
        self.awaited = at;
        at.map(|at| self.clock.until(at))
    }

    fn tell(&mut self, app: &mut impl Console, session: &Session, msg: Msg) {
        let mut effects = app.update(msg, self.clock.now());
        // What an effect answers at once is told at once, and may have effects again.
        while !effects.is_empty() {
            let answers: Vec<Msg> =
                effects.drain(..).filter_map(|effect| self.perform(session, effect)).collect();
            for answer in answers {
                effects.extend(app.update(answer, self.clock.now()));
            }
        }
    }

    fn perform(&mut self, session: &Session, effect: Effect) -> Option<Msg> {
        match effect {
            Effect::Quit => self.quit = true,
            Effect::Repaint => self.repaint(),
            Effect::Suspend => {
                let signals::Orphaned = signals::suspend(&session.terminal).err()?;
                let text =
                    safe!("cannot suspend: midwatch was started without a shell that could continue it");
                return Some(Msg::Trouble(text));
            }
            Effect::Login(name) => match self.logins.start(&session.terminal, name.clone()) {
                Ok(away) => self.away = Some(away),
                Err(why) => return Some(Msg::LoggedIn(name, Err(why))),
            },
            Effect::Editor(folder) => match self.pads.start(&session.terminal, folder.clone()) {
                Ok(away) => self.away = Some(away),
                Err(why) => return Some(Msg::Edited(folder, Err(why))),
            },
            Effect::Copy(lines) => {
                match clipboard::copy(&lines) {
                    Some(bytes) => self.drawing.backend_mut().append(&bytes),
                    None => return Some(Msg::Trouble(too_long(lines.len()))),
                }
                if std::env::var_os("TMUX").is_some() {
                    tokio::spawn(clipboard::copy_through_tmux(lines));
                }
            }
            // In the next frame: a bell on a cell that is being written would be lost or printed.
            Effect::Ring(_) if !self.bell => {}
            Effect::Ring(_) => self.drawing.backend_mut().append(b"\x07"),
            other => (self.perform)(other),
        }
        None
    }

    /// Makes the next frame say every cell again.
    fn repaint(&mut self) {
        self.drawing.backend_mut().forget();
        match self.drawing.clear() {
            Ok(()) => self.pace.key(),
            Err(impossible) => match impossible {},
        }
    }

    fn screen_changed(&mut self, app: &mut impl Console, session: &mut Session) {
        let screen = *session.screen.borrow_and_update();
        self.drawing.backend_mut().resize(screen.size);
        self.tell(app, session, Msg::Resized(screen.size.width, screen.size.height));
        // After a resize too: terminals move what was on the screen in ways of their own.
        self.repaint();
    }

    fn typed(&mut self, app: &mut impl Console, session: &Session, typed: Typed) {
        fault::panic("loop");
        self.tell(app, session, typed.message());
        self.pace.key();
    }

    fn news(
        &mut self,
        app: &mut impl Console,
        session: &Session,
        intake: &mut mpsc::Receiver<Msg>,
        first: Msg,
    ) {
        let start = Instant::now();
        let mut awaited = first.is_awaited();
        self.tell(app, session, first);
        while start.elapsed() < NEWS_TURN
            && let Ok(msg) = intake.try_recv()
        {
            awaited |= msg.is_awaited();
            self.tell(app, session, msg);
        }
        if awaited {
            self.pace.key();
        } else {
            self.pace.news();
        }
    }

    fn draw(&mut self, app: &mut impl Console, session: &Session) {
        self.tell(app, session, Msg::Frame);
        let now = self.clock.now();
        match self.drawing.draw(|frame| app.draw(frame, now)) {
            Ok(_) => {}
            Err(impossible) => match impossible {},
        }
        let frame = self.drawing.backend_mut().take();
        self.pace.drawn(frame.len(), self.start.elapsed(), session.writer.is_slow());
        if !frame.is_empty() {
            session.writer.hand_over(frame);
        }
    }
}

fn too_long(lines: usize) -> SafeText {
    safe!("{} lines are too much for the clipboard of a terminal (55 kB); they are shown instead", lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::argv::Argv;
    use crate::config::credentials::{CredentialTable, Format, Source};
    use crate::config::key::Key;
    use crate::runtime::exit::Exit;
    use crate::runtime::session::Leave;
    use crate::runtime::signals::Screen;
    use crate::runtime::terminal::tests::{pair, read};
    use crate::runtime::writer::Writer;
    use ratatui::layout::Size;
    use std::sync::Arc;
    use tokio::sync::watch;

    /// A console of a few lines: it shows what it was told last and when it wakes.
    #[derive(Default)]
    struct Small {
        lines: Vec<SafeText>,
        keys: usize,
        /// Lines that were known at the last key.
        before_key: usize,
        wakes: Vec<Timestamp>,
        wake_at: Option<Timestamp>,
    }

    impl Console for Small {
        fn update(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect> {
            match msg {
                Msg::Key(key) if key == Key::char('q') => return vec![Effect::Quit],
                Msg::Key(key) if key == Key::char('L') => return vec![Effect::Login("sso".into())],
                Msg::LoggedIn(name, ended) => {
                    let ended = ended.err().unwrap_or("well".into());
                    self.lines.push(safe!("{}: {}", crate::model::text::clean(&name), ended));
                }
                Msg::Key(_) => (self.keys, self.before_key) = (self.keys + 1, self.lines.len()),
                Msg::Trouble(text) => self.lines.push(text),
                Msg::Wake => {
                    self.wakes.push(now);
                    self.wake_at = None;
                }
                _ => {}
            }
            Vec::new()
        }

        fn draw(&self, frame: &mut Frame<'_>, _now: Timestamp) {
            let rows = usize::from(frame.area().height);
            let last = self.lines.iter().rev().take(rows - 1).rev();
            let buffer = frame.buffer_mut();
            buffer.set_string(0, 0, format!("keys {}", self.keys), ratatui::style::Style::new());
            for (y, line) in (1..).zip(last) {
                buffer.set_string(0, y, line.as_str(), ratatui::style::Style::new());
            }
        }

        fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
            self.wake_at.filter(|at| *at > now)
        }
    }

    /// Wants a word, and fails unless it is the right one.
    const LOGIN: &str = "printf 'word? '; read word; echo \"<$word>\"; test \"$word\" = sesame";

    struct Bench {
        master: std::os::fd::OwnedFd,
        typed: mpsc::Sender<Typed>,
        news: mpsc::Sender<Msg>,
    }

    /// Runs a console on a terminal of 60 by 20 while `act` plays the world around it; gives back
    /// the console and what the terminal got.
    fn run_with<F>(mut console: Small, act: impl FnOnce(Bench) -> F) -> (Small, Vec<u8>)
    where
        F: Future<Output = Bench>,
    {
        let (terminal, master) = pair();
        terminal.enter().unwrap();
        let (typed, from_keys) = mpsc::channel(256);
        let (news, intake) = mpsc::channel(64);
        let size = Size { width: 60, height: 20 };
        let (screen, from_screen) = watch::channel(Screen { size, taken: 0 });
        let mut session = Session {
            writer: Writer::start(&terminal).unwrap(),
            _leave: Leave(Arc::new(Exit::new(Some(&terminal), Arc::new(|| None)))),
            terminal,
            typed: from_keys,
            screen: from_screen,
        };
        let wiring = Wiring {
            intake,
            perform: Box::new(|_| ()),
            clock: Clock::Real,
            depth: Depth::Indexed,
            bell: true,
            logins: Logins::of(&[CredentialTable {
                name: "sso".to_owned(),
                source: Source::Variable("TOKEN".to_owned()),
                format: Format::Line,
                user: None,
                login: Some(Argv {
                    program: "/bin/sh".to_owned(),
                    arguments: vec!["-c".to_owned(), LOGIN.to_owned()],
                }),
                trusted_groups: Vec::new(),
            }]),
            pads: Pads::default(),
        };
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bench = tokio.block_on(async {
            let world = async {
                let bench = act(Bench { master, typed, news }).await;
                bench.typed.send(Typed::Key(Key::char('q'))).await.unwrap();
                bench
            };
            let ((), bench) = tokio::join!(run(&mut console, &mut session, wiring), world);
            bench
        });
        drop((session, screen));
        let bytes = read(&bench.master);
        (console, bytes)
    }

    fn shown(bytes: &[u8]) -> String {
        // Up to where the screen was given back.
        let end = bytes.windows(8).rposition(|w| w == b"\x1b[?1049l").unwrap();
        let mut parser = vt100::Parser::new(20.try_into().unwrap(), 60.try_into().unwrap(), 0);
        parser.process(&bytes[..end]);
        parser.screen().contents()
    }

    fn line(n: usize) -> Msg {
        Msg::Trouble(safe!("line {} refused by payments after {} ms", n, n * 7919 % 997))
    }

    #[test]
    fn a_flood_of_news_costs_few_bytes_and_ends_with_the_newest() {
        let start = Instant::now();
        let (console, bytes) = run_with(Small::default(), async |bench: Bench| {
            let mut n = 0;
            while start.elapsed() < Duration::from_secs(2) {
                bench.news.send(line(n)).await.unwrap();
                n += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            bench
        });
        assert!(console.lines.len() > 500, "{} lines in two seconds", console.lines.len());
        // Three seconds at the long-run rate, what may be ahead, and one frame.
        assert!(bytes.len() < 3 * 8_000 + 4_000 + 1_500, "{} bytes", bytes.len());
        let newest = console.lines.last().unwrap().as_str();
        assert!(shown(&bytes).contains(newest), "{newest} is not in\n{}", shown(&bytes));
    }

    /// Reads what the terminal gets until this is in it. A frame moves over blanks instead of writing
    /// them.
    async fn read_to(bench: &Bench, text: &str) -> Vec<u8> {
        let mut all = Vec::new();
        while !String::from_utf8_lossy(&all).contains(text) {
            all.extend(read(&bench.master));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        all
    }

    #[test]
    fn a_login_has_the_terminal_until_it_ends_and_news_goes_on() {
        let (console, bytes) = run_with(Small::default(), async |bench: Bench| {
            bench.typed.send(Typed::Key(Key::char('L'))).await.unwrap();
            let before = read_to(&bench, "word? ").await;
            assert!(before.windows(8).any(|w| w == b"\x1b[?1049l"), "the screen is given back");
            for n in 0..100 {
                bench.news.send(line(n)).await.unwrap();
            }
            rustix::io::write(&bench.master, b"sesame\n").unwrap();
            let after = read_to(&bench, "line\u{1b}[C99").await;
            let after = String::from_utf8_lossy(&after);
            let (said, screen) = after.split_once("\x1b[?1049h").unwrap();
            assert!(said.contains("<sesame>") && !said.contains("line"), "{said}");
            assert!(screen.contains("line"), "{screen}");
            bench
        });
        let lines: Vec<_> = console.lines.iter().map(SafeText::as_str).collect();
        assert_eq!((lines.len(), lines.contains(&"sso: well")), (101, true), "{lines:?}");
        assert!(bytes.ends_with(b"\x1b[?25h"), "the screen is given back at the end, too");
    }

    #[test]
    fn what_a_failed_login_said_stays_until_it_was_read() {
        let (console, _) = run_with(Small::default(), async |bench: Bench| {
            bench.typed.send(Typed::Key(Key::char('L'))).await.unwrap();
            read_to(&bench, "word? ").await;
            rustix::io::write(&bench.master, b"open\n").unwrap();
            let said = read_to(&bench, "Enter goes back.").await;
            assert!(!said.windows(8).any(|w| w == b"\x1b[?1049h"), "the screen was taken again");
            rustix::io::write(&bench.master, b"\n").unwrap();
            read_to(&bench, "sso:").await;
            bench
        });
        let lines: Vec<_> = console.lines.iter().map(SafeText::as_str).collect();
        assert_eq!(lines, ["sso: /bin/sh: exit status 1"]);
    }

    #[test]
    fn a_key_is_handled_before_the_news_that_waits() {
        let (console, _) = run_with(Small::default(), async |bench: Bench| {
            for n in 0..60 {
                bench.news.send(line(n)).await.unwrap();
            }
            for _ in 0..5 {
                bench.typed.send(Typed::Key(Key::char('j'))).await.unwrap();
            }
            bench
        });
        assert_eq!((console.keys, console.before_key), (5, 0));
    }

    #[test]
    fn it_wakes_when_the_app_asked_to_and_not_again() {
        let at = Clock::Real.now() + jiff::SignedDuration::from_millis(120);
        let console = Small { wake_at: Some(at), ..Small::default() };
        let (console, _) = run_with(console, async |bench: Bench| {
            tokio::time::sleep(Duration::from_millis(400)).await;
            bench
        });
        let [woken] = console.wakes[..] else { panic!("{:?}", console.wakes) };
        assert!(woken >= at, "{woken} is before {at}");
    }
}
