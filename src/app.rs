//! The app: what a key, an update or the time does to the state, and how the whole screen is drawn.

pub mod aloud;
mod commands;
mod diagnostics;
mod documents;
mod drill;
mod frame;
mod graph;
mod handover;
mod incidents;
mod join;
mod keys;
mod last_time;
pub mod layout;
mod line;
mod overlay;
mod patterns;
mod place;
mod presence;
mod recorder;
mod runbook;
mod sending;
pub mod session;
mod state;
mod sync;
mod team;

use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::app::drill::Attempt;
use crate::app::join::Sought;
use crate::app::layout::{Arrangement, Layout, layout};
use crate::app::line::{Line, answers};
use crate::app::overlay::{Overlay, Prompt};
use crate::app::place::Place;
use crate::app::presence::Presence;
use crate::app::state::State;
pub use crate::app::state::{Setup, Themes};
use crate::app::sync::{Mark, Taking};
use crate::command::keymap::Keymap;
use crate::command::table::{Id, Scope};
use crate::config::key::Key;
use crate::insight::changes::Subject;
use crate::insight::events::last_news;
use crate::logs::archive::{FileNews, FileSays};
use crate::model::alert::Severity;
use crate::model::incident::IncidentId;
use crate::model::keeping::{Kept, Turn};
use crate::model::note::{Folder, NoteReply};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::transition::{Happened, Transition};
use crate::model::update::Gives;
use crate::pane::alerts::Alerts;
use crate::pane::diagnostics::Rounds;
use crate::pane::effect::{Effect, Msg, Outcome};
use crate::pane::graph::GraphView;
use crate::pane::keeping;
use crate::pane::logs::{Logs, read_anew};
use crate::pane::notes::Notes;
use crate::pane::patterns::Mining;
use crate::pane::pipelines::Pipelines;
use crate::pane::runbook::Shelf;
use crate::pane::view::PaneId;
use crate::pane::welcome::Welcome;
use crate::safe;

/// What happened longer ago than this is no news.
const NEWS: SignedDuration = SignedDuration::from_secs(60);

/// From where the name of the person at the keys is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Named {
    /// From the configuration or a flag.
    Given,
    /// Nobody said it: it is the name of the login.
    ByLogin,
    /// The same, and it was told that entries are written under it.
    ByLoginAsTold,
    /// The person said it, here or in an earlier session.
    Said,
}

/// The whole state of the console. `update` is the only thing that changes it.
pub struct App {
    state: State,
    pipelines: Pipelines,
    logs: Logs,
    alerts: Alerts,
    notes: Notes,
    /// The view that stands in the place of the focused pane, if one does.
    place: Option<Place>,
    /// A graph, and the pane in whose place it stands.
    graph: Option<(PaneId, GraphView)>,
    /// Patterns of the logs, as far as they were mined, and whether somebody looks at them.
    mining: Mining,
    is_mining: bool,
    /// What is to be opened as soon as it is seen.
    sought: Option<Sought>,
    /// What the logs were last asked for.
    joined: Option<Subject>,
    /// The runbooks of this session.
    shelf: Shelf,
    /// The diagnostics that run, and the last ones.
    rounds: Rounds,
    /// Where something is being sent to.
    sending: Option<RawText>,
    arrangement: Arrangement,
    /// The view that had the focus before.
    previous: PaneId,
    size: (u16, u16),
    keymap: Keymap,
    /// Keys of a sequence that is not finished.
    pending: Vec<Key>,
    overlay: Option<Overlay>,
    prompt: Option<Prompt>,
    /// The note that was left with Esc: the next one begins with it.
    unwritten: String,
    line: Line,
    /// When ctrl-c was pressed last.
    cancelled: Option<Timestamp>,
    /// Whether a log worker is putting batches together: one job at a time.
    sealing: bool,
    /// What the panes last took: nothing new means nothing to do, however many lines arrive.
    synced: Option<Mark>,
    taking: Taking,
    /// Whether the person has chosen a pane: until then the alerts take the focus when one fires.
    chose_focus: bool,
    named: Named,
    presence: Presence,
    /// Until when what became due was told.
    reminded: Timestamp,
    /// What the panes see of the record is as of this.
    record_seen: u64,
    /// Open incidents that the person was not turned to at the end of the last session, until all is read.
    aside: Option<Vec<IncidentId>>,
    /// The drill that is taken, if one is.
    attempt: Option<Attempt>,
}

impl App {
    /// A console that has heard nothing yet.
    pub fn new(setup: Setup) -> Self {
        let (keymap, conflicts) = Keymap::new(&setup.bindings);
        let lost: Vec<_> = conflicts.iter().map(|conflict| conflict.loser).collect();
        let notes = Notes::new(setup.person.clone(), setup.session_name.clone());
        let named = if setup.is_named { Named::Given } else { Named::ByLogin };
        let size = setup.size;
        let attempt = setup.drill.clone().map(Attempt::new);
        let mut app = Self {
            state: State::new(setup),
            pipelines: Pipelines::default(),
            logs: Logs::default(),
            alerts: Alerts::default(),
            notes,
            place: None,
            mining: Mining::default(),
            is_mining: false,
            graph: None,
            sought: None,
            joined: None,
            shelf: Shelf::default(),
            rounds: Rounds::default(),
            sending: None,
            arrangement: Arrangement { focus: PaneId::Alerts, full_screen: false, step: 0 },
            previous: PaneId::Logs,
            size,
            keymap,
            pending: Vec::new(),
            overlay: attempt.as_ref().map(Attempt::briefing),
            prompt: None,
            unwritten: String::new(),
            line: Line::default(),
            cancelled: None,
            sealing: false,
            synced: None,
            taking: Taking::Frame,
            chose_focus: false,
            named,
            presence: Presence::default(),
            reminded: Timestamp::MAX,
            record_seen: 0,
            aside: Some(Vec::new()),
            attempt,
        };
        let gives = |what| app.state.world.sources().any(|source| source.info.gives.contains(&what));
        if !gives(Gives::Alerts) && gives(Gives::Logs) {
            // No alert can come: an empty pane is no first screen.
            (app.arrangement.focus, app.previous) = (PaneId::Logs, PaneId::Alerts);
        }
        if let Some(first) = lost.first() {
            let name = SafeText::literal(crate::command::table::command(*first).name);
            let text = match lost.len() {
                1 => safe!("Your keys take that of {}: midwatch check.", name),
                many => safe!("Your keys take those of {} and {} more: midwatch check.", name, many - 1),
            };
            app.line.hold(text, Timestamp::MIN);
        }
        app
    }

    /// Shows what was found on this machine and waits: Enter gives [`Effect::Begin`].
    pub fn welcome(&mut self, facts: Vec<SafeText>) {
        self.overlay = Some(Overlay::Welcome(Welcome::new(facts)));
    }

    /// Takes one message. The only place where state changes.
    pub fn update(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect> {
        self.line.settle(now);
        self.line.turn(answers(&msg));
        let mut effects = Vec::new();
        let rest = self.presence.pass(matches!(msg, Msg::Key(_) | Msg::Paste(_) | Msg::LongPaste), now);
        let (is_frame, is_wake) = (matches!(msg, Msg::Frame), matches!(msg, Msg::Wake));
        // At a start there may be a thousand of them, one after the other: the next frame looks at them all.
        let is_read = matches!(msg, Msg::Note(_, NoteReply::Read(_)));
        match msg {
            Msg::Key(key) => {
                self.count_key(key);
                if self.taking == Taking::Frame {
                    self.taking = Taking::AfterKey;
                }
                effects = self.key(key, now);
            }
            Msg::Paste(text) => effects = self.paste(&text, now),
            Msg::LongPaste => self.refuse_paste(now),
            Msg::Resized(columns, rows) => self.size = (columns, rows),
            Msg::Update(update) => {
                let transitions = self.state.world.apply(&update);
                self.tell(&transitions, now);
                effects.extend(self.record(&transitions, now));
                if !transitions.is_empty() {
                    effects.push(Effect::History(transitions));
                }
                effects.extend(self.hear(&update, now));
                self.look_at_alerts();
            }
            Msg::Segment(segment) => {
                self.state.logs.push(segment);
                effects.extend(self.seal());
            }
            Msg::File(news) => self.file(&news, now),
            Msg::Sealed(sealed) => {
                self.sealing = false;
                if let Some(sealed) = sealed {
                    // One that came too late, after its lines were given up, is refused.
                    self.state.logs.install(sealed);
                }
                effects.extend(self.seal());
            }
            Msg::Mined(mined) => self.mined(mined, now),
            Msg::Note(folder, reply) => effects = self.note_reply(&folder, &reply, now),
            Msg::History(happened) => {
                let ends = self.state.world.recall_history(happened);
                effects.extend(self.turn_to_own(now));
                let known: Vec<_> = self.notes.incidents().map(|one| one.id.clone()).collect();
                effects.extend(known.iter().flat_map(|id| self.record_ends(id, now)));
                if !ends.is_empty() {
                    effects.push(Effect::History(ends));
                }
            }
            Msg::Standings(standings) => self.state.credentials.stand(standings),
            Msg::LoggedIn(name, ended) => effects = self.logged_in(name, ended, now),
            Msg::Edited(folder, ended) => effects = self.edited(folder, ended, now),
            Msg::Renewed(name, found) => effects = self.renewed(&name, found, now),
            Msg::Runbook(leads, answer) => self.hear_of_runbook(&leads, answer, now),
            Msg::Diagnosed(id, heard) => effects = self.hear_of_diagnostic(id, heard, now),
            Msg::Prepared(folder, prepared) => self.propose(folder, prepared, now),
            Msg::Sent(folder, outgoing, delivery) => effects = self.sent(&folder, &outgoing, &delivery, now),
            Msg::Trouble(text) => self.say(text, now),
            Msg::Saving(percent) => self.logs.save_goes_on(percent),
            Msg::Saved(text) => {
                self.logs.save_has_ended();
                self.say(text, now);
            }
            Msg::Keeping(what, why) => self.keeping(what, why, now),
            Msg::Wake => {
                if self.taking == Taking::Now {
                    self.sync(now);
                }
                let focused = self.arrangement.focus == PaneId::Logs;
                self.logs.advance(&self.state.view(focused, now));
            }
            Msg::Frame => {
                self.see_record(now);
                self.fit(now);
                self.sync(now);
                self.paint_proposal(now);
            }
        }
        self.line.turn(false);
        effects.extend(rest);
        effects.extend(self.logs.stops_saving());
        if !self.state.is_frozen() {
            effects.extend(self.logs.asks(&self.state.view(false, now)));
            effects.extend(self.mine(now));
        }
        if is_frame {
            self.line.turn(true);
            self.find_sought(now);
            self.line.turn(false);
        }
        if is_frame || is_wake {
            self.judge(now);
        }
        if !is_read {
            self.see_record(now);
        }
        effects.extend(self.remind(now));
        effects.extend(self.notes.due(now));
        self.keeping(Kept::Notes, self.notes.lapse(), now);
        effects.extend(self.due(now));
        self.line.settle(now);
        effects
    }

    /// The sources of the pane in focus: they are asked first.
    pub fn first(&self) -> Vec<RawText> {
        let shown: &[Gives] = match self.arrangement.focus {
            PaneId::Pipelines => &[Gives::Runs],
            PaneId::Logs => &[Gives::Logs],
            PaneId::Alerts => &[Gives::Alerts],
            PaneId::Notes => &[],
        };
        let sources = self.state.world.sources();
        let of_it = sources.filter(|source| source.info.gives.iter().any(|gives| shown.contains(gives)));
        of_it.map(|source| source.info.name.clone()).collect()
    }

    /// When the next shown text changes by itself: the screen's only timer.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        let notice = self.line.next_change();
        let due = self.notes.next_due().into_iter().chain(self.notes.next_due_at(now));
        let keys = due.chain(self.drill_ends()).min();
        if self.state.is_frozen() {
            return notice.into_iter().chain(keys).chain(self.graph_wake()).min();
        }
        let minute = (now.as_second().div_euclid(60) + 1) * 60;
        let clock = Timestamp::from_second(minute).ok();
        let shown = PaneId::ALL.iter().filter(|pane| self.is_seen(**pane)).filter_map(|pane| {
            let view = self.state.view(*pane == self.arrangement.focus, now);
            match pane {
                PaneId::Pipelines => self.pipelines.next_wake(&view),
                PaneId::Logs => self.logs.next_wake(&view),
                PaneId::Alerts => self.alerts.next_wake(&view),
                PaneId::Notes => self.notes.next_wake(&view),
            }
        });
        let view = self.state.view(true, now);
        let place = self.place.as_ref().and_then(|place| place.next_wake(&view));
        // What is past waits for a frame, which no wake hastens.
        let shown = shown.chain(place).chain(self.mining_wake(now)).filter(|at| *at >= now);
        let ends = self.state.credentials.next_change(now);
        let lists = (self.taking == Taking::Now).then_some(now);
        let own = shown.chain(lists).chain(notice).chain(keys).chain(clock).chain(ends);
        own.chain(self.graph_wake()).min()
    }

    /// Draws the whole screen.
    pub fn draw(&self, frame: &mut Frame<'_>, now: Timestamp) {
        self.draw_frame(frame, now);
    }

    fn layout(&self) -> Layout {
        layout(self.size, self.arrangement)
    }

    /// Where the focused pane, or what stands in its place, is.
    fn focused_area(&self) -> Rect {
        self.layout().of(self.arrangement.focus).unwrap_or_default()
    }

    /// The scopes of the commands that work now, the narrowest first.
    fn scopes(&self) -> &'static [Scope] {
        if matches!(self.place, Some(Place::Patterns(_))) {
            return &[Scope::Patterns, Scope::List, Scope::Global];
        }
        if matches!(self.place, Some(Place::Runbook(_))) {
            return &[Scope::Runbook, Scope::List, Scope::Global];
        }
        if self.place.is_some() || self.graph_here().is_some() {
            return &[Scope::List, Scope::Global];
        }
        match self.arrangement.focus {
            PaneId::Pipelines => self.pipelines.scopes(),
            PaneId::Logs => &[Scope::Logs, Scope::List, Scope::Global],
            PaneId::Alerts => &[Scope::Alerts, Scope::List, Scope::Global],
            PaneId::Notes => &[Scope::Notes, Scope::List, Scope::Global],
        }
    }

    /// Takes a pane's answer: what it says is shown here, what it asks goes out.
    fn take(&mut self, outcome: Outcome, now: Timestamp) -> Vec<Effect> {
        if let Some(text) = outcome.notice {
            self.say(text, now);
        }
        if let Some((what, lines)) = outcome.show {
            self.overlay = Some(Overlay::shown(what, lines));
        }
        outcome.effects
    }

    /// Moves the focus to the alerts when one is loud, unless the person has chosen a pane or does
    /// something where the focus is.
    fn look_at_alerts(&mut self) {
        let is_free = !self.chose_focus
            && self.arrangement.focus != PaneId::Alerts
            && self.place.is_none()
            && self.graph.is_none()
            && self.overlay.is_none()
            && self.prompt.is_none();
        if is_free && self.state.world.alerts().any(|(_, alert)| alert.is_loud()) {
            (self.previous, self.arrangement.focus) = (self.arrangement.focus, PaneId::Alerts);
        }
    }

    /// Asks for small batches of lines to be put together, when there is something to gain.
    fn seal(&mut self) -> Option<Effect> {
        let job = if self.sealing { None } else { self.state.logs.sealable() }?;
        self.sealing = true;
        Some(Effect::Seal(job))
    }

    /// Takes what a source says of the file that it reads in pieces.
    fn file(&mut self, news: &FileNews, now: Timestamp) {
        let FileNews { stream, source, what } = news;
        match what {
            FileSays::Opened(pieces, anew) => {
                let gone = self.state.logs.open(stream, source, *pieces, anew.is_some());
                if let Some(anew) = anew {
                    self.say(read_anew(stream, *anew, gone), now);
                }
                self.mining.reopen();
            }
            FileSays::Mined(mined, pieces) => self.mining.hear_of_file(source, mined.clone(), *pieces),
            FileSays::Grown(pieces) => self.state.logs.grow(stream, *pieces),
            FileSays::Unknown(pieces) => self.state.logs.learn(stream, *pieces),
            FileSays::Piece { index, lines, asked } => {
                let part = self.state.logs.put(*index, lines, *asked);
                if let Some(part) = part {
                    self.logs.look_at(part, &self.state.view(false, now));
                }
                self.state.logs.forget_read();
            }
            FileSays::RuledOut(search, pieces) => {
                self.logs.rule_out(*search, stream, pieces, &self.state.view(false, now));
            }
            FileSays::Judged(search, piece, records) => {
                let view = self.state.view(false, now);
                self.logs.settle_cut(*search, stream, *piece, records, &view);
            }
        }
    }

    fn say(&mut self, text: impl Into<SafeText>, now: Timestamp) {
        self.line.say(text.into(), now);
    }

    /// Takes why something is not kept on the disk; tells when that begins and when it ends.
    fn keeping(&mut self, what: Kept, why: Option<SafeText>, now: Timestamp) {
        let said = why.as_ref().map(|why| keeping::said(what, why));
        match (self.state.keeping.take(what, why, now), said) {
            (Turn::Lapsed, Some(said)) => self.line.say_of(what, said, now),
            (Turn::Mended, _) => self.line.say_of(what, keeping::mended(what).into(), now),
            (Turn::Lapsed | Turn::Same, _) => {}
        }
    }

    fn note_reply(&mut self, folder: &Folder, reply: &NoteReply, now: Timestamp) -> Vec<Effect> {
        let is_new = folder.incident().is_some_and(|id| self.notes.known(id).is_none());
        let (said, asked) = self.notes.reply(folder, reply, now);
        // What was found on the disk is as it is until somebody does something: it must not pass by.
        let stays = matches!(reply, NoteReply::Opened { notices, .. } if !notices.is_empty());
        match said {
            Some(text) if matches!(reply, NoteReply::NotSaved(_)) && self.notes.lapse().is_some() => {
                self.line.say_of(Kept::Notes, text, now);
            }
            Some(text) if stays => self.line.hold(text, now),
            Some(text) => self.say(text, now),
            None => {}
        }
        if let Some(text) = is_new.then(|| self.declared_elsewhere(folder, now)).flatten() {
            // Whoever looked elsewhere for a moment has not seen it.
            self.line.hold(text, now);
        }
        let mut effects: Vec<Effect> = asked.into_iter().collect();
        if let (Some(id), NoteReply::Read(_) | NoteReply::Opened { .. }) = (folder.incident(), reply) {
            effects.extend(self.record_ends(id, now));
        }
        effects
    }

    /// Tells what the person must not miss, wherever the focus is.
    fn tell(&mut self, transitions: &[Transition], now: Timestamp) {
        // What a recording tells of the time before it began is no news.
        let is_loud = |one: &Transition| {
            let is_loud = match &one.what {
                Happened::Fired(alert) => alert.severity == Severity::Critical && alert.is_loud(),
                Happened::Unsilenced(alert) => {
                    alert.severity == Severity::Critical && alert.inhibited_by.is_empty()
                }
                _ => false,
            };
            is_loud && now.duration_since(one.at) < NEWS
        };
        let known = self.state.world.history().count();
        let loud = transitions.iter().enumerate().filter(|(_, one)| is_loud(one));
        let places = loud.filter_map(|(number, _)| (known + number).checked_sub(transitions.len()));
        // What another source told of before is none either.
        let newest = last_news(&self.state.world, &places.collect::<Vec<_>>());
        let newest = newest.and_then(|place| self.state.world.history().nth(place));
        let (alert, how) = match newest.map(|one| &one.what) {
            Some(Happened::Fired(alert)) => (alert, "fires."),
            Some(Happened::Unsilenced(alert)) => (alert, "still fires, and is silenced no more."),
            _ => return,
        };
        let (severity, how) = (SafeText::literal(alert.severity.word()), SafeText::literal(how));
        self.say(safe!("{} {} {}", severity, clean(&alert.name), how), now);
    }

    fn run_in_focus(&mut self, id: Id, now: Timestamp) -> Vec<Effect> {
        let area = self.focused_area();
        let view = self.state.view(true, now);
        let outcome = if let Some(place) = &mut self.place {
            place.run(id, &view, area)
        } else if let Some((_, graph)) =
            self.graph.as_mut().filter(|(pane, _)| *pane == self.arrangement.focus)
        {
            graph.run(id, &view, area)
        } else {
            match self.arrangement.focus {
                PaneId::Pipelines => self.pipelines.run(id, &view),
                PaneId::Logs => self.logs.run(id, &view, area),
                PaneId::Alerts => self.alerts.run(id, &view, area),
                PaneId::Notes => self.notes.run(id, &view, area),
            }
        };
        self.take(outcome, now)
    }
}
