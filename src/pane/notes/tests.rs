//! Key scripts, screens and time in the notes pane.

use std::sync::Arc;

use jiff::SignedDuration;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::*;
use crate::config::theme::{Depth, Meaning, built_ins};
use crate::logs::buffer::Buffer;
use crate::model::alert::{Alert, Silence};
use crate::model::catalog::Catalog;
use crate::model::claim::Claims;
use crate::model::credential::Credentials;
use crate::model::health::{Failure, FailureKind};
use crate::model::keeping::Keeping;
use crate::model::note::{Entry, MOST_PAD, NoteCommand};
use crate::model::terms::Sev;
use crate::model::update::{Gives, News, Snapshot, Update};
use crate::model::world::{SourceInfo, World};
use crate::ui::style::Styles;
use crate::ui::time::Zone;

const AREA: Rect = Rect::new(0, 0, 60, 8);

/// A notes pane and the time it lives in.
struct Desk {
    notes: Notes,
    world: World,
    logs: Buffer,
    styles: Styles,
    zone: Zone,
    catalog: Catalog,
    now: Timestamp,
    sent: Vec<(SignedDuration, NoteCommand)>,
}

fn at(millisecond: i64) -> Timestamp {
    "2026-11-22T03:12:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_millis(millisecond)
}

impl Desk {
    fn closed() -> Self {
        let source = SourceInfo {
            name: "am".into(),
            kind: "recording".into(),
            environment: None,
            interval: None,
            gives: &[Gives::Alerts],
            reads: Vec::new(),
            exposed: Vec::new(),
        };
        Self {
            notes: Notes::new("kim".into(), "s1".into()),
            world: World::new([source]),
            logs: Buffer::new(1 << 20),
            styles: Styles::new(&built_ins(Depth::True)[0]),
            zone: Zone::Utc,
            catalog: Catalog::default(),
            now: at(0),
            sent: Vec::new(),
        }
    }

    fn new() -> Self {
        let mut desk = Self::closed();
        desk.opened("", None);
        desk
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Notes, &View<'_>) -> T) -> T {
        let view = View {
            ascii: false,
            world: &self.world,
            logs: &self.logs,
            styles: &self.styles,
            now: self.now,
            zone: &self.zone,
            catalog: &self.catalog,
            credentials: &Credentials::default(),
            keeping: &Keeping::default(),
            incidents: &[],
            incidents_revision: 0,
            claims: &Claims::default(),
            hand_overs: &[],
            environments: &[],
            environment: None,
            focused: true,
        };
        let done = work(&mut self.notes, &view);
        self.notes.sync(&view);
        let effects = self.notes.due(self.now);
        self.send(effects);
        done
    }

    fn send(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Note(_, command) = effect {
                self.sent.push((self.now.duration_since(at(0)), command));
            }
        }
    }

    fn run(&mut self, id: Id) -> Outcome {
        let outcome = self.with(|notes, view| notes.run(id, view, AREA));
        self.send(outcome.effects.clone());
        outcome
    }

    /// Keys while the pad has them.
    fn keys(&mut self, keys: &str) -> Outcome {
        let mut last = Outcome::default();
        for key in keys.split_whitespace() {
            assert!(self.notes.is_editing(), "{key} is not for the pad");
            last = self.with(|notes, _| notes.key(key.parse().unwrap(), AREA));
        }
        last
    }

    fn paste(&mut self, text: impl Into<RawText>) -> Outcome {
        let text = text.into();
        self.with(|notes, _| notes.paste(&text))
    }

    fn reply(&mut self, reply: impl std::borrow::Borrow<NoteReply>) -> Option<String> {
        self.with(|notes, view| notes.reply(&Folder::Shift, reply.borrow(), view.now))
            .0
            .map(|text| text.as_str().to_owned())
    }

    fn opened(&mut self, pad: &str, held_by: Option<&str>) {
        let held_by = held_by.map(RawText::from);
        self.reply(NoteReply::Opened { entries: Vec::new(), pad: pad.into(), held_by, notices: Vec::new() });
    }

    fn write(&mut self, text: &str) {
        let now = self.now;
        let effect = self.with(|notes, _| notes.write(Draft::new(What::Note, text, now), now));
        self.send(vec![effect]);
    }

    /// Lets time pass as the runtime does.
    fn pass(&mut self, milliseconds: i64) {
        let end = self.now + SignedDuration::from_millis(milliseconds);
        while let Some(wake) = self.notes.next_due().filter(|wake| *wake <= end) {
            assert!(wake > self.now, "a wake that does not move on");
            self.now = wake;
            self.with(|_, _| ());
        }
        self.now = end;
    }

    fn taken(&mut self) -> Vec<(i64, NoteCommand)> {
        let sent = std::mem::take(&mut self.sent);
        sent.into_iter()
            .map(|(after, command)| (i64::try_from(after.as_millis()).unwrap(), command))
            .collect()
    }

    fn terminal(&mut self, area: Rect, ascii: bool) -> Terminal<TestBackend> {
        let mut terminal =
            Terminal::new(TestBackend::new(area.right().max(1), area.bottom().max(1))).unwrap();
        let marker = self.styles.of(Meaning::Marker);
        self.notes.fit(area);
        self.with(|notes, view| {
            let work = |canvas: &mut Canvas<'_>| notes.draw(view, area, canvas);
            terminal.draw(|frame| crate::ui::canvas::draw(frame, ascii, marker, work)).unwrap();
        });
        terminal
    }

    fn screen(&mut self) -> Vec<String> {
        let terminal = self.terminal(AREA, false);
        let buffer = terminal.backend().buffer();
        let row = |y| (0..AREA.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..AREA.height).map(|y| row(y).trim_end().to_owned()).collect()
    }

    #[track_caller]
    fn shows(&mut self, text: &str) {
        let screen = self.screen();
        assert!(screen.iter().any(|row| row.contains(text)), "no {text:?} in\n{}", screen.join("\n"));
    }
}

fn entry(millisecond: i64, person: &str, text: &str) -> Entry {
    let (at, session) = (at(millisecond), RawText::from("s2"));
    Entry { at, recorded: at, person: person.into(), text: text.into(), session, seq: 1, what: What::Note }
}

#[test]
fn the_pad_is_sent_within_its_time_while_typing_goes_on() {
    let mut desk = Desk::new();
    desk.run(Id::Edit);
    desk.taken();
    let (mut unsent_since, mut pads) = (None, 0);
    for stroke in 0..100 {
        unsent_since.get_or_insert(desk.now);
        desk.keys(if stroke % 7 == 0 { "Enter" } else { "x" });
        desk.pass(70);
        for (after, command) in desk.taken() {
            let NoteCommand::Pad(number, _) = command else { panic!("{command:?}") };
            let waited = at(after).duration_since(unsent_since.take().unwrap());
            assert_eq!(waited, saving::SEND);
            pads += 1;
            desk.reply(NoteReply::PadSaved(number));
        }
    }
    assert!((15..=18).contains(&pads), "{pads}");
    desk.pass(400);
    let [(_, NoteCommand::Pad(100, text))] = &desk.taken()[..] else { panic!() };
    assert_eq!(text.as_bytes().len(), 100);
}

#[test]
fn after_ten_quiet_seconds_the_record_rests_once() {
    let mut desk = Desk::new();
    desk.run(Id::Edit);
    desk.taken();
    desk.keys("a");
    desk.pass(1000);
    desk.reply(NoteReply::PadSaved(1));
    desk.pass(60_000);
    assert_eq!(desk.taken(), [(400, NoteCommand::Pad(1, "a".into())), (10_400, NoteCommand::Rest)]);
    assert_eq!(desk.notes.next_due(), None, "and then nothing wakes");
}

#[test]
fn leaving_sends_what_was_typed_last() {
    let mut desk = Desk::new();
    desk.run(Id::Edit);
    desk.keys("a Esc");
    assert!(!desk.notes.is_editing());
    let effects = desk.notes.due(Timestamp::MAX);
    assert_eq!(effects, [Effect::Note(Folder::Shift, NoteCommand::Pad(1, "a".into()))]);
}

#[test]
fn saved_shows_only_when_the_text_on_the_screen_is_durable() {
    let mut desk = Desk::new();
    desk.run(Id::Edit);
    desk.shows("└ saved ─");
    desk.keys("a");
    desk.shows("└ saving ─");
    desk.pass(400);
    desk.keys("b");
    desk.reply(NoteReply::PadSaved(1));
    desk.shows("└ saving ─");
    desk.pass(400);
    desk.shows("└ saving ─");
    assert_eq!(desk.notes.unsaved().unwrap().as_str(), "The pad is not saved yet.");
    desk.reply(NoteReply::PadSaved(2));
    desk.shows("└ saved ─");
    assert_eq!(desk.notes.unsaved(), None);
}

#[test]
fn a_full_disk_is_told_once_tried_again_and_healed() {
    let mut desk = Desk::new();
    desk.write("one");
    desk.write("two");
    desk.shows("03:12 saving one");
    assert_eq!(desk.notes.unsaved().unwrap().as_str(), "2 entries are not saved yet.");
    let full = || NoteReply::NotSaved("the disk is full".into());
    assert_eq!(desk.reply(full()).as_deref(), Some("NOT SAVED: the disk is full"));
    assert_eq!(desk.reply(full()), None);
    desk.shows("└ NOT SAVED: the disk is full ─");
    desk.shows("03:12 NOT SAVED two (the disk is full)");
    assert_eq!(desk.notes.unsaved().unwrap().as_str(), "2 entries are not saved: the disk is full.");
    let red = desk.styles.of(Meaning::Critical).fg.unwrap();
    assert_ne!(red, Color::Reset);
    let terminal = desk.terminal(AREA, false);
    let cells = terminal.backend().buffer();
    assert!((8..17).all(|x| cells[(x, 1)].fg == red), "NOT SAVED is red");
    desk.taken();
    desk.pass(11_000);
    assert_eq!(desk.taken(), [(5_000, NoteCommand::Rest), (10_000, NoteCommand::Rest)]);
    desk.reply(NoteReply::EntrySaved(1));
    assert_eq!(desk.notes.unsaved().unwrap().as_str(), "1 entry is not saved: the disk is full.");
    desk.reply(NoteReply::EntrySaved(2));
    assert_eq!(desk.notes.unsaved(), None);
    desk.shows("└ saved ─");
    desk.shows("03:12 two");
    // A failure when nothing waits is told and colours nothing.
    assert!(desk.reply(NoteReply::NotSaved("write /x: it exists already".into())).is_some());
    desk.shows("└ saved ─");
}

#[test]
fn a_record_that_does_not_answer_is_not_trusted() {
    let mut desk = Desk::closed();
    desk.shows("└ opening ─");
    desk.write("one");
    desk.pass(1_999);
    desk.shows("└ saving ─");
    desk.pass(1);
    desk.shows("└ NOT SAVED: the record does not answer ─");
    assert!(desk.run(Id::Edit).notice.unwrap().as_str().contains("still being opened"));
    assert_eq!(desk.run(Id::Editor).effects, [], "what is in it is not known");
    desk.run(Id::NextTab);
    // When it opens, what it has and what was written meanwhile stand together.
    let entries = vec![entry(-60_000, "sam", "earlier")];
    desk.reply(NoteReply::Opened { entries, pad: "p".into(), held_by: None, notices: Vec::new() });
    desk.reply(NoteReply::EntrySaved(1));
    let screen = desk.screen();
    assert!(screen[1].contains("03:11 sam: earlier") && screen[2].contains("03:12 one"), "{screen:?}");
}

#[test]
fn what_is_typed_before_the_pad_is_known_is_no_command_and_goes_into_it() {
    let early = |pad: &str, held_by: Option<&str>| {
        let mut desk = Desk::closed();
        desk.run(Id::Edit);
        desk.keys("t o d o :");
        desk.paste(" ring\n");
        desk.shows("todo: ring");
        desk.keys("Esc");
        desk.pass(1_000);
        assert_eq!((desk.notes.is_editing(), desk.taken()), (false, vec![]));
        // Who leaves now hears it.
        desk.shows("└ saving ─");
        assert_eq!(desk.notes.unsaved().unwrap().as_str(), "The pad is not saved yet.");
        desk.opened(pad, held_by);
        desk
    };
    let mut desk = early("what is there", None);
    desk.shows("what is there");
    desk.pass(400);
    assert_eq!(desk.taken(), [(1_400, NoteCommand::Pad(1, "todo: ring\nwhat is there".into()))]);
    // Once: it is opened again when another directory is found.
    desk.reply(NoteReply::PadSaved(1));
    desk.opened("todo: ring\nwhat is there", None);
    desk.pass(20_000);
    assert!(!desk.taken().iter().any(|(_, command)| matches!(command, NoteCommand::Pad(..))));

    let mut desk = early("theirs", Some("sam@bastion"));
    desk.shows("theirs");
    assert_eq!(desk.notes.unsaved(), None);
    desk.run(Id::NextTab);
    desk.shows("typed, and not in the pad: todo: ring");
    desk.pass(20_000);
    assert!(!desk.taken().iter().any(|(_, command)| matches!(command, NoteCommand::Pad(..))));
}

#[test]
fn entries_and_what_happened_stand_in_the_order_of_time() {
    let mut desk = Desk::new();
    let news = |at, news| Update { source: "am".into(), at, news };
    desk.world.apply(&news(at(0), News::Snapshot(Arc::new(Snapshot::default()))));
    desk.now = at(60_000);
    desk.write("rolled back");
    desk.world.apply(&news(at(90_000), News::Failed(Failure::new(FailureKind::Missing, "am is gone"))));
    desk.now = at(120_000);
    desk.world.apply(&news(at(120_000), News::Snapshot(Arc::new(Snapshot::default()))));
    let entries = vec![entry(30_000, "sam", "who has it?")];
    desk.reply(NoteReply::Opened {
        entries,
        pad: "".into(),
        held_by: None,
        notices: vec!["a torn tail".into()],
    });
    desk.reply(NoteReply::EntrySaved(1));
    let screen = desk.screen();
    let texts: Vec<_> = screen[1..6].iter().map(|row| row.trim_matches(['│', ' ', '>'])).collect();
    assert_eq!(
        texts,
        [
            "03:12 sam: who has it?",
            "03:13 rolled back",
            "03:13 source am blind: am is gone",
            "03:14 source am sees again",
            "03:14 notes: a torn tail",
        ]
    );
    let cells = desk.terminal(AREA, false);
    let muted = desk.styles.of(Meaning::Muted).fg.unwrap();
    assert_eq!(cells.backend().buffer()[(8, 3)].fg, muted, "automatic lines are dimmed");
    // The filter goes over both; a filter that hides all says so.
    desk.with(|notes, view| notes.filter("am", view));
    assert_eq!(desk.with(|notes, _| notes.counts()), (3, 5));
    desk.shows("/am");
    desk.with(|notes, view| notes.filter("nothing", view));
    desk.shows("No row matches the filter");
    assert!(desk.with(Notes::back));
    assert!(!desk.with(Notes::back));
    // Copying and opening.
    desk.run(Id::Top);
    let copied = desk.run(Id::CopyRow).show.unwrap().1;
    assert_eq!(copied[0].as_str(), "03:12 sam: who has it?");
    desk.run(Id::Open);
    desk.shows("sam at 03:12; session s2");
    assert!(desk.with(Notes::back));
}

#[test]
fn silences_say_who_why_and_until_when_and_an_end_that_nobody_saw_stands_between_two_times() {
    let mut desk = Desk::new();
    let minute = |minute: i64| at(minute * 60_000);
    let silence = |ends| {
        let (starts, ends) = (minute(1), minute(ends));
        Arc::new(Silence {
            id: "s1".into(),
            matchers: Vec::new(),
            starts,
            ends,
            person: "ada".into(),
            comment: "database move".into(),
        })
    };
    let mut look = |at, is_silenced: bool, silences: Vec<Arc<Silence>>| {
        let silenced_by = if is_silenced { vec!["s1".into()] } else { vec![] };
        let alert = Alert { silenced_by, ..Alert::new("a", "SlowQueries", minute(0)) };
        let snapshot = Snapshot { alerts: vec![alert.into()], silences, ..Snapshot::default() };
        desk.world.apply(&Update { source: "am".into(), at, news: News::Snapshot(snapshot.into()) });
    };
    look(minute(0), false, vec![]);
    look(minute(1), true, vec![silence(5)]);
    look(minute(5), false, vec![]);
    look(minute(6), true, vec![silence(30)]);
    look(minute(7), false, vec![]);
    let news = News::Failed(Failure::new(FailureKind::Missing, "am is gone"));
    desk.world.apply(&Update { source: "am".into(), at: minute(8), news });
    let news = News::Snapshot(Snapshot::default().into());
    desk.world.apply(&Update { source: "am".into(), at: minute(20), news });
    desk.now = minute(20);
    desk.reply(NoteReply::Opened { entries: vec![], pad: "".into(), held_by: None, notices: vec![] });
    let mut texts: Vec<String> = Vec::new();
    desk.run(Id::Top);
    for _ in 0..7 {
        texts.push(desk.run(Id::CopyRow).show.unwrap().1[0].as_str().to_owned());
        desk.run(Id::Down);
    }
    assert_eq!(
        texts,
        [
            "03:13 alert SlowQueries silenced by ada until 03:17Z: database move",
            "03:17 silence of alert SlowQueries expired, it still fires (by ada until 03:17Z: database move)",
            "03:18 alert SlowQueries silenced by ada until 03:42Z: database move",
            "03:19 silence of alert SlowQueries was taken away before its end, it still fires (by ada until 03:42Z: database move)",
            "03:20 source am blind: am is gone",
            "03:32 alert SlowQueries resolved between 03:19Z and 03:32Z, nobody saw when",
            "03:32 source am sees again",
        ]
    );
}

#[test]
fn the_end_stays_in_sight_while_the_order_is_not_held() {
    let mut desk = Desk::new();
    for number in 0..9 {
        desk.write(&format!("entry {number}"));
        desk.now += SignedDuration::from_secs(10);
    }
    desk.shows("entry 8");
    desk.run(Id::Top);
    desk.shows("entry 0");
    desk.reply(NoteReply::Opened {
        entries: vec![entry(500_000, "sam", "late")],
        pad: "".into(),
        held_by: None,
        notices: Vec::new(),
    });
    desk.shows("1 new");
    assert_eq!(desk.with(|notes, view| notes.next_wake(view)), Some(desk.now + crate::ui::list::HOLD));
    desk.write("mine shows at once");
    desk.run(Id::Bottom);
    desk.shows("mine shows at once");
}

#[test]
fn keys_of_the_pad_are_text_and_esc_leaves() {
    let mut desk = Desk::new();
    assert!(desk.run(Id::NextTab) == Outcome::default());
    desk.shows("[pad]");
    desk.shows("The pad is empty. i or Enter writes");
    desk.run(Id::Open);
    desk.shows("Esc leaves  ctrl-_ undo");
    desk.keys("q ; j space x 1 Enter / ctrl-u y");
    desk.shows("q;j x1");
    assert_eq!(desk.keys("ctrl-z").effects, [Effect::Suspend]);
    assert_eq!(desk.keys("ctrl-l").effects, [Effect::Repaint]);
    assert!(desk.keys("ctrl-g").notice.unwrap().as_str().starts_with("ctrl-g does nothing in the pad"));
    desk.paste("Esc\u{1b}\rq");
    assert!(desk.notes.is_editing());
    desk.keys("Esc");
    desk.shows("yEsc\u{241b}");
    let copied = desk.run(Id::CopyRow).show.unwrap().1;
    assert_eq!(copied.iter().map(SafeText::as_str).collect::<Vec<_>>(), ["q;j x1", "yEsc\u{241b}", "q"]);
    assert_eq!(desk.paste("ignored"), Outcome::default());
    desk.run(Id::PreviousTab);
    desk.shows("[timeline]");
    desk.run(Id::PreviousTab);
    desk.shows("[pad]");
}

#[test]
fn a_pad_that_is_full_refuses_more_and_says_so() {
    let mut desk = Desk::new();
    desk.run(Id::Edit);
    desk.paste("x".repeat(MOST_PAD));
    let notice = desk.paste("y").notice.unwrap();
    assert_eq!(notice.as_str(), "The pad holds 512 KiB at most: that was not inserted.");
    desk.pass(400);
    let sent = desk.taken();
    let Some((_, NoteCommand::Pad(1, text))) = sent.last() else { panic!() };
    assert_eq!(text.as_bytes().len(), MOST_PAD);
}

#[test]
fn a_pad_of_another_console_is_read_and_taken_when_it_is_free() {
    let mut desk = Desk::closed();
    desk.opened("theirs", Some("sam@bastion"));
    desk.shows("held by sam@bastion, read only");
    let refusal = "sam@bastion holds the pad: it is only read here. Esc, then ; writes an entry.";
    assert_eq!(desk.run(Id::Edit).notice.unwrap().as_str(), refusal);
    desk.shows("theirs");
    desk.shows("sam@bastion");
    // What is typed behind it is meant for the pad: it is no command, and it changes nothing.
    assert!(desk.notes.is_editing() && desk.notes.is_pad_held());
    assert_eq!(desk.keys("p o ; q ctrl-u Enter").notice.unwrap().as_str(), refusal);
    assert_eq!(desk.paste("pasted").notice.unwrap().as_str(), refusal);
    assert_eq!(desk.keys("Down Up PageDown Home"), Outcome::default(), "it can be read");
    desk.shows("theirs");
    desk.keys("Esc");
    assert!(!desk.notes.is_editing());
    assert_eq!(desk.run(Id::Editor).effects, [], "nor does the person's own editor get it");
    assert!(!desk.notes.is_editing());
    desk.taken();
    desk.pass(20_000);
    assert_eq!(desk.taken(), [(5_000, NoteCommand::Rest), (15_000, NoteCommand::Rest)]);
    let notices = vec!["first".into(), "second".into()];
    let opened = NoteReply::Opened { entries: Vec::new(), pad: "newer".into(), held_by: None, notices };
    assert_eq!(desk.reply(opened).as_deref(), Some("first (and 1 more in the notes)"));
    desk.shows("newer");
    desk.run(Id::Edit);
    assert!(desk.notes.is_editing());
}

#[test]
fn however_many_look_and_whatever_they_are_called_what_is_saved_is_seen() {
    let mut desk = Desk::closed();
    desk.opened("", Some("lee@bastion"));
    desk.reply(NoteReply::Here(vec!["ada".into()]));
    desk.shows("\u{2514} saved  ada here, viewing  pad held by lee@bastion, re");
    let forged = |count: usize| (0..count).map(|n| format!("\u{1b}[2Jabcdefghijklmno{n}").into()).collect();
    desk.reply(NoteReply::Here(forged(3)));
    desk.shows("\u{2514} saved  \u{241b}[2Jabcde..., \u{241b}[2Jabcde..., \u{241b}[2Jabcde... here");
    desk.reply(NoteReply::Here((0..300).map(|n| format!("p{n}").into()).collect()));
    desk.shows("\u{2514} saved  p0, p1, p2 and 297 more here, viewing ");
    desk.write("one");
    desk.shows("\u{2514} saving  p0");
    desk.reply(NoteReply::NotSaved("the disk is full".into()));
    desk.shows("\u{2514} NOT SAVED: the disk is full  p0");
}

#[test]
fn who_holds_a_pad_is_named_without_since_when_and_who_waits_for_it_writes_when_it_is_free() {
    let mut desk = Desk::closed();
    desk.opened("", Some("kim@bastion.example since 03:12:00Z on 2026-03-14"));
    let told = desk.run(Id::Edit).notice.unwrap();
    assert!(told.as_str().starts_with("kim@bastion.example holds the pad: "), "{told:?}");
    desk.shows("The pad is empty. Another console has it");
    let free = NoteReply::Opened { entries: Vec::new(), pad: "".into(), held_by: None, notices: Vec::new() };
    assert_eq!(desk.reply(free).as_deref(), Some("The pad can be written here now."));
    desk.keys("a");
    desk.pass(400);
    assert!(desk.taken().contains(&(400, NoteCommand::Pad(1, "a".into()))));
}

#[test]
fn a_token_in_the_pad_is_not_written_and_the_border_says_so() {
    let mut desk = Desk::new();
    desk.run(Id::Edit);
    desk.taken();
    desk.paste("key ghp_a8Kd02mXq9RtLw4vBz7Yc1Ns5Hj3Pf6UeGo0 of kim\n");
    desk.pass(400);
    let written = desk.taken();
    assert!(written.contains(&(400, NoteCommand::Pad(1, "key [secret] of kim\n".into()))), "{written:?}");
    desk.reply(NoteReply::PadSaved(1));
    desk.shows("\u{2514} saved, a secret left out ");
    // Who takes it out has all of it saved.
    desk.keys("ctrl-_ a");
    desk.pass(400);
    desk.reply(NoteReply::PadSaved(9));
    desk.shows("\u{2514} saved \u{2500}");
    // What an editor wrote into the file does not stay there.
    desk.taken();
    desk.reply(NoteReply::PadChanged("password=hunter2-and-more".into()));
    desk.pass(400);
    let written = desk.taken();
    let is_clean = |(_, command): &(_, NoteCommand)| matches!(command, NoteCommand::Pad(_, text) if *text == "password=[secret]".into());
    assert!(written.iter().any(is_clean), "{written:?}");
}

#[test]
fn a_pad_that_cannot_be_read_says_why_takes_no_letter_and_is_written_again_when_it_can_be_read() {
    let mut desk = Desk::closed();
    desk.opened("", None);
    let why = "cannot read /s/pad.md: it is not a regular file";
    let said = desk.reply(NoteReply::PadUnread(Some(why.into()))).unwrap();
    assert_eq!(said, format!("{why}; the pad is not known, and nothing is written to it."));
    desk.shows("cannot read /s/pad.md");
    assert!(desk.run(Id::Edit).notice.unwrap().as_str().starts_with("pad.md cannot be read: "));
    desk.shows("The pad is not known: cannot read /s/pad.md: ");
    desk.shows("pad CANNOT be read");
    assert!(desk.keys("a").notice.unwrap().as_str().contains("; writes an entry"));
    assert!(desk.paste("b").notice.is_some());
    let (_, pad) = desk.notes.told();
    assert_eq!(pad.as_str().unwrap(), format!("The pad could not be read and is missing here: {why}."));
    desk.taken();
    desk.pass(12_000);
    let rests = desk.taken().into_iter().map(|(_, command)| command).collect::<Vec<_>>();
    assert_eq!(rests, [NoteCommand::Rest, NoteCommand::Rest], "it is tried again, and nothing is written");
    desk.opened("as it was", None);
    assert_eq!(desk.reply(NoteReply::PadUnread(None)).as_deref(), Some("The pad can be read again."));
    desk.shows("as it was");
    desk.shows("\u{2514} saved \u{2500}");
    desk.keys("x");
    desk.pass(400);
    let typed = desk.taken();
    assert!(matches!(&typed[..], [(_, NoteCommand::Pad(1, _))]), "{typed:?}");
    assert_eq!(desk.reply(NoteReply::PadUnread(None)), None);
}

#[test]
fn a_change_by_another_program_never_takes_what_was_typed_here() {
    let mut desk = Desk::new();
    desk.run(Id::Edit);
    assert_eq!(desk.taken(), [(0, NoteCommand::Rest)], "looks before the first letter");
    desk.keys("o u r s");
    let told = desk.reply(NoteReply::PadChanged("theirs\u{1b}[2J".into())).unwrap();
    assert!(told.contains("Your text stays"), "{told}");
    desk.shows("ours");
    desk.pass(400);
    assert_eq!(desk.taken(), [(400, NoteCommand::Pad(5, "ours".into()))], "and goes to the record again");
    desk.keys("Esc");
    desk.run(Id::NextTab);
    desk.shows("[pad.md changed outside]");
    desk.shows("theirs\u{241b}[2J");
    desk.run(Id::Open);
    desk.shows("[pad]");
    desk.shows("theirs");
    desk.run(Id::Edit);
    desk.keys("ctrl-_");
    desk.shows("ours");
    // What is put away stays away.
    desk.reply(NoteReply::PadChanged("once more".into()));
    desk.keys("Esc");
    desk.run(Id::NextTab);
    assert!(desk.with(Notes::back));
    desk.shows("ours");
    assert!(!desk.screen()[0].contains("outside"));
}

#[test]
fn what_ones_own_editor_left_is_not_called_another_programs() {
    let mut desk = Desk::closed();
    desk.opened("ours", None);
    desk.run(Id::Editor);
    assert!(desk.reply(NoteReply::PadChanged("edited".into())).unwrap().contains("as the editor left it"));
    desk.shows("edited");
    assert!(!desk.screen().concat().contains("another program"));
    // What comes later does not come from there.
    assert!(desk.reply(NoteReply::PadChanged("theirs".into())).unwrap().contains("Another program"));
}

#[test]
fn a_change_by_another_program_shows_where_nothing_was_typed() {
    let mut desk = Desk::closed();
    desk.opened("ours", None);
    assert!(desk.reply(NoteReply::PadChanged("theirs".into())).unwrap().contains("shows that now"));
    desk.run(Id::Edit);
    desk.shows("theirs");
    desk.keys("ctrl-_");
    desk.shows("ours");
    desk.pass(400);
    assert!(desk.taken().contains(&(400, NoteCommand::Pad(1, "ours".into()))));
    let told = desk.reply(NoteReply::PadKept("/notes/pad.outside.md".into())).unwrap();
    assert!(told.contains("its text is in /notes/pad.outside.md. The pad goes on with yours."), "{told}");
}

#[test]
fn that_others_write_more_than_is_heard_is_told_and_stays_in_the_timeline() {
    let mut desk = Desk::new();
    let why = "9 journals in /x were too much to read";
    assert_eq!(desk.reply(NoteReply::Unheard(why.into())), Some(format!("{why}.")));
    desk.shows(why);
}

#[test]
fn every_size_and_ascii_draw_without_leaving_the_area() {
    let mut desk = Desk::new();
    desk.write("caf\u{e9} one two three four five six seven");
    desk.run(Id::Edit);
    desk.paste("line one\n\u{4e2d}\u{6587} and a longer second line of text that wraps");
    for tab in 0..3 {
        for (width, height) in [(0, 0), (1, 1), (2, 2), (3, 3), (20, 3), (60, 20), (80, 22), (200, 60)] {
            let area = Rect::new(1, 1, width, height);
            for ascii in [false, true] {
                let terminal = desk.terminal(area, ascii);
                let buffer = terminal.backend().buffer();
                for (index, cell) in buffer.content().iter().enumerate() {
                    let place = buffer.pos_of(index);
                    assert!(area.contains(place.into()) || cell.symbol() == " ", "{area} {place:?}");
                    assert!(!ascii || cell.symbol().is_ascii());
                }
            }
        }
        desk.notes.leave();
        if tab == 0 {
            desk.run(Id::NextTab);
        }
    }
}

#[test]
fn where_nothing_is_written_that_is_told_and_nothing_is_called_saved() {
    let mut desk = Desk::closed();
    desk.reply(NoteReply::Unkept);
    desk.write("a note");
    desk.reply(NoteReply::EntrySaved(1));
    desk.shows("not written: gone when you leave");
    desk.shows("a note");
    assert_eq!(desk.notes.unsaved(), None);
}

/// A desk at an incident that kim declared in another session, with what else is written in it.
fn at_incident(more: impl IntoIterator<Item = Entry>) -> (Desk, Folder) {
    let mut desk = Desk::new();
    let id = IncidentId::try_from("INC-1".to_owned()).unwrap();
    let declared = What::Declared(Box::new(Declared::new("errors", Sev::SECOND)));
    let first = Entry { what: declared, seq: 0, ..entry(0, "kim", "") };
    let entries = std::iter::once(first).chain(more).collect();
    let folder = Folder::Incident(id);
    desk.with(|notes, view| {
        notes.reply(&folder, &NoteReply::Read(entries), view.now);
        notes.turn_to(folder.clone())
    });
    (desk, folder)
}

#[test]
fn an_answer_of_a_source_makes_the_rows_of_a_shift_anew_and_not_those_of_an_incident() {
    let rows = |desk: &mut Desk| {
        let news = News::Snapshot(Snapshot::default().into());
        desk.world.apply(&Update { source: "am".into(), at: desk.now, news });
        desk.with(|_, _| ());
        desk.notes.record().timeline.list().order().as_ptr()
    };
    let (mut desk, _) = at_incident([entry(1, "kim", "it began")]);
    rows(&mut desk);
    assert_eq!(rows(&mut desk), rows(&mut desk));
    desk.with(|notes, _| notes.turn_to(Folder::Shift));
    desk.write("what now?");
    rows(&mut desk);
    assert_ne!(rows(&mut desk), rows(&mut desk));
}

#[test]
fn what_is_known_of_an_incident_is_not_made_anew_by_what_is_there_already() {
    let (mut desk, folder) = at_incident([entry(1, "kim", "it began")]);
    let known = desk.notes.record().entries().to_vec();
    let before = desk.notes.revision();
    desk.with(|notes, view| notes.reply(&folder, &NoteReply::Read(known.clone()), view.now));
    assert_eq!(desk.notes.revision(), before);
    let news = Entry { seq: 2, ..entry(2, "ada", "and went on") };
    desk.with(|notes, view| notes.reply(&folder, &NoteReply::Read(vec![news]), view.now));
    assert_eq!(desk.notes.revision(), before + 1);
    assert_eq!(desk.notes.record().entries().len(), known.len() + 1);
}

#[test]
fn what_a_storm_writes_is_understood_once_and_has_a_row_for_each() {
    let (mut desk, folder) = at_incident([]);
    let happened = |number: i64| Draft {
        what: What::Happened { mark: format!("fired:am:{number}").as_str().into(), also: Vec::new() },
        by: Some("am".into()),
        ..Draft::new(What::Note, format!("alert {number} fired").as_str(), at(number))
    };
    let before = desk.notes.revision();
    let now = desk.now;
    let drafts = (1..=40).map(happened).collect();
    let effects = desk.with(|notes, _| notes.write_happened(folder.clone(), drafts, now));
    let written = |effect: &Effect| match effect {
        Effect::Note(_, NoteCommand::Entry(entry)) => Some(entry.seq),
        _ => None,
    };
    assert_eq!(effects.iter().filter_map(written).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    assert_eq!(desk.notes.revision(), before + 1);
    assert_eq!(desk.notes.counts(), (41, 41));
    assert_eq!(desk.with(|notes, _| notes.write_happened(folder.clone(), Vec::new(), now)), []);
    assert_eq!(desk.notes.revision(), before + 1);
}

#[test]
fn who_copies_the_number_of_an_entry_hides_it_neither_on_the_screen_nor_from_what_is_said_of_it() {
    let todo = What::Todo { owner: None, due: None };
    let own = Entry { what: todo, ..entry(5000, "kim", "look at the pool") };
    // Written down a millisecond later, or before, as the other one of the two may say.
    for aside in [1, -1] {
        let forged = Entry {
            recorded: own.recorded + SignedDuration::from_millis(aside),
            person: "mal".into(),
            text: "nothing to see".into(),
            ..own.clone()
        };
        let (mut desk, _) = at_incident([forged, own.clone()]);
        desk.shows("todo: look at the pool");
        desk.shows("mal: todo: nothing to see");
        assert_eq!(desk.notes.counts(), (3, 3));
        let is_own = |desk: &Desk| desk.notes.selected().unwrap().1.entry == own;
        desk.run(Id::Top);
        for _ in 0..3 {
            if !is_own(&desk) {
                desk.run(Id::Down);
            }
        }
        assert!(is_own(&desk));
        let now = desk.now;
        desk.with(|notes, _| notes.say_of_selected(|_| (Later::Done(true), RawText::default()), now))
            .unwrap();
        let done: Vec<_> = desk.notes.told().0.iter().filter(|told| told.is_done).collect();
        assert_eq!(done.iter().map(|told| &told.entry.person).collect::<Vec<_>>(), [&own.person]);
        // It goes to another time, and the selection goes with it.
        let said = |_: &Told| (Later::At(at(9000)), RawText::default());
        desk.with(|notes, _| notes.say_of_selected(said, now)).unwrap();
        let (_, selected) = desk.notes.selected().unwrap();
        assert_eq!((&selected.entry.text, selected.entry.at), (&own.text, at(9000)));
    }
}
