//! One folder of the record on the screen: its timeline, its pad, and what of it is durable.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::key::{Code, Key};
use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::insight::events::Event;
use crate::model::due::{Due, Dues};
use crate::model::incident::Incident;
use crate::model::keeping::Kept;
use crate::model::note::{Entry, Folder, MOST_PAD, NoteCommand, NoteReply, What};
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::model::told::Told;
use crate::pane::effect::{Effect, Outcome};
use crate::pane::notes::Draft;
use crate::pane::notes::beside::{
    Tab, brought, comparison, draw_help, full, heard, in_a_document, is_move, lossy, nothing_in_pad, others,
    put_early, read_or_not, restored,
};
use crate::pane::notes::finder::Finder;
use crate::pane::notes::saving::Saving;
use crate::pane::notes::timeline::Timeline;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::editor::{Did, Editor};
use crate::ui::pager::{Pager, Paragraph};

/// With fewer lines the pad needs them all.
const HELP_FROM: u16 = 4;

/// One folder of the record, as the pane shows it.
pub(super) struct Record {
    folder: Folder,
    /// What its entries tell, where it is an incident's.
    incident: Option<Incident>,
    /// What is due in it.
    dues: Dues,
    /// Counts how often what its entries tell was made anew.
    revision: u64,
    /// Who else looks at it.
    here: Vec<RawText>,
    /// What was told of pads that were brought from elsewhere.
    brought: Vec<SafeText>,
    person: RawText,
    session: RawText,
    tab: Tab,
    pub(super) timeline: Timeline,
    saving: Saving,
    pad: Editor,
    editing: bool,
    /// Whether the person's own editor has the pad, or had it last.
    is_in_editor: bool,
    finder: Finder,
    /// The text of another program, and how far it is scrolled.
    outside: Option<(RawText, Pager)>,
}

impl Record {
    /// A folder of which nothing is known yet; this person writes in this session.
    pub(super) fn new(folder: Folder, person: RawText, session: RawText) -> Self {
        let with_events = folder == Folder::Shift;
        Self {
            here: Vec::new(),
            brought: Vec::new(),
            incident: None,
            dues: Dues::default(),
            revision: 0,
            folder,
            tab: Tab::default(),
            timeline: Timeline::new(person.clone(), session.clone(), with_events),
            saving: Saving::default(),
            pad: Editor::new(MOST_PAD),
            editing: false,
            is_in_editor: false,
            finder: Finder::default(),
            outside: None,
            person,
            session,
        }
    }

    /// Who writes from here on.
    pub(super) fn set_person(&mut self, person: RawText) {
        self.timeline.set_person(person.clone());
        self.person = person;
    }

    /// Takes what has happened, unless the order is held.
    pub(super) fn sync(&mut self, view: &View<'_>) {
        self.timeline.sync(view);
    }

    /// Learns where it stands.
    pub(super) fn fit(&mut self, area: Rect) {
        self.timeline.fit(inside(area));
    }

    /// The rows stay where they are for a moment.
    pub(super) fn hold(&mut self, now: Timestamp) {
        self.timeline.hold(now);
    }

    /// Does what a command says. `area` is where the pane stands.
    pub(super) fn run(&mut self, id: Id, view: &View<'_>, area: Rect) -> Outcome {
        match id {
            Id::NextTab => self.turn(1),
            Id::PreviousTab => self.turn(-1),
            Id::Edit => return self.edit(),
            Id::Editor => return self.edit_outside(),
            Id::Refresh if self.saving.is_open() => {
                let said = Outcome::notice("Looked whether another program changed pad.md.");
                return Outcome { effects: vec![self.ask(NoteCommand::Rest)], ..said };
            }
            Id::Refresh => return Outcome::notice("The notes are still being opened."),
            _ => {
                return match self.tab {
                    Tab::Timeline => self.timeline.run(id, view, inside(area)),
                    Tab::Pad => self.read(id, self.pad_area(area)),
                    Tab::Outside => self.compare(id, view, inside(area)),
                };
            }
        }
        Outcome::default()
    }

    /// Whether the pad is shown.
    pub(super) fn shows_pad(&self) -> bool {
        self.tab == Tab::Pad
    }

    /// Whether the pad has the keys.
    pub(super) fn is_editing(&self) -> bool {
        self.editing
    }

    /// Whether the pad is only read here: another console has it, or nobody can read its file.
    pub(super) fn is_pad_held(&self) -> bool {
        self.saving.refusal().is_some()
    }

    fn refuse(&self) -> Outcome {
        Outcome { notice: self.saving.refusal(), ..Outcome::default() }
    }

    /// Takes a key while the pad has them; Esc leaves it.
    pub(super) fn key(&mut self, key: Key, area: Rect) -> Outcome {
        let effect = match key {
            Key { code: Code::Esc, .. } => {
                self.leave();
                return Outcome::default();
            }
            key if key == Key::ctrl('z') => Effect::Suspend,
            key if key == Key::ctrl('l') => Effect::Repaint,
            key if !is_move(key) && self.is_pad_held() => return self.refuse(),
            key => return self.did(self.pad_area(area), |pad, area| pad.key(key, area), Some(key)),
        };
        Outcome { effects: vec![effect], ..Outcome::default() }
    }

    /// Takes pasted text while the pad has the keys: it is inserted, whatever is in it.
    pub(super) fn paste(&mut self, text: &RawText) -> Outcome {
        if self.is_pad_held() {
            return self.refuse();
        }
        self.did(Rect::default(), |pad, _| pad.paste(text), None)
    }

    /// What is said of pasted text that is longer than any pad.
    pub(super) fn refuse_paste(&self) -> SafeText {
        self.saving.refusal().unwrap_or_else(full)
    }

    /// Stops editing. What was typed is saved all the same.
    pub(super) fn leave(&mut self) {
        self.editing = false;
    }

    /// What the record has to be told by now; called after every message, whatever it was.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<Effect> {
        let pad = &self.pad;
        let commands = self.saving.due(now, || pad.text().into());
        commands.into_iter().map(|command| self.ask(command)).collect()
    }

    fn ask(&self, command: NoteCommand) -> Effect {
        Effect::Note(self.folder.clone(), command)
    }

    /// Who tells of it is the person at the keys, or a source.
    fn entry(&mut self, draft: Draft, now: Timestamp) -> Entry {
        let Draft { what, text, at, by } = draft.cleared();
        let recorded = what.recorded_after(self.entries(), now);
        // Of claims the time says which was the last.
        let at = if at == now && matches!(what, What::Claim { .. }) { recorded } else { at };
        let person = by.unwrap_or_else(|| self.person.clone());
        let (session, seq) = (self.session.clone(), self.saving.next_entry(now));
        Entry { at, recorded, person, what, text, session, seq }
    }

    /// Writes an entry of what happened at a time: it is in the timeline at once, as not saved yet.
    pub(super) fn write(&mut self, draft: Draft, now: Timestamp) -> Effect {
        let entry = self.entry(draft, now);
        self.timeline.add(entry.clone(), now);
        self.understand(now);
        self.ask(NoteCommand::Entry(entry))
    }

    /// Writes what happened by itself: a storm is understood once. It waits while the order is held.
    pub(super) fn write_happened(&mut self, drafts: Vec<Draft>, now: Timestamp) -> Vec<Effect> {
        let entries: Vec<Entry> = drafts.into_iter().map(|draft| self.entry(draft, now)).collect();
        self.take(&entries, now);
        entries.into_iter().map(|entry| self.ask(NoteCommand::Entry(entry))).collect()
    }

    fn take(&mut self, entries: &[Entry], now: Timestamp) {
        if self.timeline.take(entries) {
            self.understand(now);
        }
    }

    /// Its entries.
    pub(super) fn entries(&self) -> &[Entry] {
        self.timeline.entries()
    }

    /// The entry that is selected or open.
    pub(super) fn selected(&self) -> Option<&Told> {
        if self.tab == Tab::Timeline { self.timeline.selected() } else { None }
    }

    /// What its entries say together, in order.
    pub(super) fn said(&self) -> &[Told] {
        self.timeline.said()
    }

    /// The marks of what happened and is here, on a line of its own or not.
    pub(super) fn marks(&self) -> &BTreeSet<RawText> {
        self.timeline.marks()
    }

    /// Another one means that what its entries tell may be another thing.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    fn understand(&mut self, now: Timestamp) {
        self.revision += 1;
        let told = self.timeline.said();
        self.incident = self.folder.incident().and_then(|id| Incident::of_told(id, told));
        self.dues.learn(self.incident.as_ref(), told, now);
    }

    /// What its entries say together, in order, and its pad.
    pub(super) fn told(&self) -> (&[Told], RawText) {
        (self.timeline.said(), in_a_document(&self.saving, self.pad.text()))
    }

    /// What is due in it, the soonest first.
    pub(super) fn dues(&self) -> &[Due] {
        self.dues.all()
    }

    /// What its entries tell, where it is an incident's.
    pub(super) fn incident(&self) -> Option<&Incident> {
        self.incident.as_ref()
    }

    /// Takes an answer of the record; gives what the person should hear at once.
    pub(super) fn reply(&mut self, reply: &NoteReply, now: Timestamp) -> Option<SafeText> {
        match reply {
            NoteReply::Read(entries) => {
                self.take(entries, now);
                None
            }
            NoteReply::Opened { entries, pad, held_by, notices } => {
                let is_free = self.saving.held_by().is_some() && held_by.is_none();
                let early = (!self.saving.is_open()).then(|| self.pad.text());
                self.saving.open(held_by.clone());
                self.take(entries, now);
                let text = lossy(pad);
                if !self.saving.is_pad_ahead() && self.pad.text() != text {
                    self.pad.load(&text);
                }
                if let Some(early) = early.filter(|typed| !typed.is_empty()) {
                    put_early(&early.into(), &mut self.pad, &mut self.saving, &mut self.timeline);
                }
                if is_free {
                    self.timeline.tell("the pad is free: it can be written here now".into());
                }
                let notices: Vec<SafeText> = notices.iter().map(clean).collect();
                notices.iter().cloned().for_each(|notice| self.timeline.tell(notice));
                heard(&notices).or_else(|| is_free.then(|| "The pad can be written here now.".into()))
            }
            NoteReply::Here(others) => {
                self.here.clone_from(others);
                None
            }
            NoteReply::Unheard(why) => {
                self.timeline.tell(clean(why));
                Some(safe!("{}.", clean(why)))
            }
            NoteReply::PadUnread(why) => {
                read_or_not(why.as_ref().map(clean), &mut self.saving, &mut self.timeline)
            }
            NoteReply::Beside(files) => heard(&brought(files, &mut self.brought, &mut self.timeline)),
            NoteReply::Unkept => {
                if self.saving.give_up_keeping() {
                    self.timeline.tell("nothing is written here: the notes are gone when you leave".into());
                }
                None
            }
            NoteReply::EntrySaved(number) => {
                self.saving.entry_saved(*number);
                None
            }
            NoteReply::PadSaved(number) => {
                self.saving.pad_saved(*number);
                None
            }
            NoteReply::NotSaved(why) => {
                self.saving.not_saved(clean(why)).then(|| safe!("NOT SAVED: {}", clean(why)))
            }
            NoteReply::Restored(count, dir) => {
                let told = restored(*count, dir);
                self.timeline.tell(told.clone());
                Some(told)
            }
            NoteReply::Written(path) => Some(safe!("Written to {}.", clean(path))),
            NoteReply::PadChanged(text) => Some(self.changed_outside(text)),
            NoteReply::PadKept(path) => {
                let told = safe!("pad.md was changed by another program; its text is in {}", clean(path));
                self.timeline.tell(told.clone());
                Some(safe!("{}. The pad goes on with yours.", told))
            }
        }
    }

    /// What of it is durable, and what is not.
    pub(super) fn saving(&self) -> &Saving {
        &self.saving
    }

    /// Filters the timeline, where an empty text shows all; in the pad it goes to where the text stands next.
    pub(super) fn filter(&mut self, text: &str, view: &View<'_>) {
        if self.tab == Tab::Pad {
            return self.finder.look_for(text, &mut self.pad);
        }
        if !text.is_empty() {
            self.tab = Tab::Timeline;
        }
        self.timeline.filter(text, view);
    }

    /// The filter in force.
    pub(super) fn filter_text(&self) -> &str {
        if self.tab == Tab::Pad {
            return self.finder.text();
        }
        self.timeline.list().filter()
    }

    /// How many rows the filter shows, and how many there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        if self.tab == Tab::Pad {
            return self.finder.counts(&self.pad);
        }
        self.timeline.list().counts()
    }

    /// What happened, where the selected row of the timeline is that.
    pub(super) fn event(&self) -> Option<&Event> {
        if self.tab == Tab::Timeline { self.timeline.event() } else { None }
    }

    /// What the selected row of the timeline is about, and of when it is.
    pub(super) fn subject(&self) -> Option<(Subject, Timestamp)> {
        if self.tab == Tab::Timeline { self.timeline.subject() } else { None }
    }

    /// Takes back one thing: another program's text, an open entry, the marks, the filter.
    pub(super) fn back(&mut self, view: &View<'_>) -> bool {
        match self.tab {
            Tab::Timeline => self.timeline.back(view),
            Tab::Pad => self.finder.back(),
            Tab::Outside => {
                self.outside = None;
                self.tab = Tab::Pad;
                true
            }
        }
    }

    /// When the record has to be told something. It does not depend on what is shown.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.saving.next_due()
    }

    /// When what is shown changes next by itself.
    pub(super) fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        match self.tab {
            Tab::Timeline => self.timeline.next_wake(view),
            Tab::Pad | Tab::Outside => None,
        }
    }

    /// Draws the pane.
    pub(super) fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        self.draw_border(view, area, canvas);
        let (body, styles) = (inside(area), view.styles);
        let (text, muted) = (styles.of(Meaning::Text), styles.of(Meaning::Muted));
        match (self.tab, &self.outside) {
            (Tab::Timeline, _) => self.timeline.draw(&self.saving, view, body, canvas),
            (Tab::Outside, Some((outside, pager))) => {
                pager.draw(canvas, body, &comparison(outside, view), view.focused);
            }
            _ if self.pad.is_empty() && (!self.editing || self.is_pad_held()) => {
                let line = nothing_in_pad(&self.saving);
                Pager::default().draw(canvas, body, &[Paragraph::new(line, muted)], view.focused);
            }
            _ => {
                let pad = self.pad_area(area);
                self.pad.draw(canvas, pad, text, view.focused);
                if pad.height < body.height {
                    draw_help(view, Rect { y: pad.bottom(), height: 1, ..body }, canvas);
                }
            }
        }
    }

    fn draw_border(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        let mut title = SafeText::literal("4 Notes ");
        if let Some(incident) = &self.incident {
            title.push(&safe!(" {} ", clean(&incident.id.as_str().into())));
        }
        for tab in self.tabs() {
            let name = tab.name();
            title.push(&if *tab == self.tab { safe!(" [{}]", name) } else { safe!(" {}", name) });
        }
        if self.tab == Tab::Timeline && !self.filter_text().is_empty() {
            title.push(&safe!("  /{}", clean(&self.filter_text().into())));
        }
        let lasts = view.keeping.lapses().all(|(what, _)| what != Kept::PastReboot);
        // What is cut is at the end: what others call themselves must not hide what is saved.
        let (mut foot, meaning) = self.saving.words(lasts);
        for more in [others(&self.here, self.incident.as_ref()), self.saving.holder()] {
            if !more.is_empty() {
                foot.push(&safe!("  {}", more));
            }
        }
        if self.tab == Tab::Timeline && self.timeline.list().news() > 0 {
            foot.push(&safe!("  {} new", self.timeline.list().news()));
        }
        let border = styles.of(if view.focused { Meaning::BorderFocused } else { Meaning::Border });
        canvas.border(area, (&title, styles.of(Meaning::Title)), (&foot, styles.of(meaning)), border);
    }

    fn tabs(&self) -> &'static [Tab] {
        if self.outside.is_some() {
            &[Tab::Timeline, Tab::Pad, Tab::Outside]
        } else {
            &[Tab::Timeline, Tab::Pad]
        }
    }

    fn turn(&mut self, by: isize) {
        let tabs = self.tabs();
        let here = tabs.iter().position(|tab| *tab == self.tab).unwrap_or(0);
        let next = if by > 0 { here + 1 } else { here + tabs.len() - 1 } % tabs.len();
        self.tab = tabs.get(next).copied().unwrap_or_default();
    }

    /// Where the pad's text stands: over the line of its keys, where there is room for that.
    fn pad_area(&self, area: Rect) -> Rect {
        let body = inside(area);
        let help = u16::from(self.editing && !self.is_pad_held() && body.height >= HELP_FROM);
        Rect { height: body.height - help, ..body }
    }

    fn edit(&mut self) -> Outcome {
        self.tab = Tab::Pad;
        // Also where another console has it: what is typed behind the key is meant for the pad, and is no command.
        (self.editing, self.is_in_editor) = (true, false);
        if !self.saving.is_open() {
            return Outcome::notice("The pad is still being opened: what you type goes into it then.");
        }
        if self.is_pad_held() {
            return self.refuse();
        }
        // What another program did to pad.md shows before the first letter, if it can.
        let look = !self.saving.is_pad_ahead();
        let effects = look.then(|| self.ask(NoteCommand::Rest)).into_iter().collect();
        Outcome { effects, ..Outcome::default() }
    }

    /// Gives the pad to the person's own editor: what was typed goes to its file first.
    fn edit_outside(&mut self) -> Outcome {
        let outcome = self.edit();
        if !std::mem::take(&mut self.editing) || !self.saving.is_open() || self.is_pad_held() {
            return outcome;
        }
        // What was typed last is sent whatever its time is.
        let mut effects = self.due(Timestamp::MAX);
        effects.push(self.ask(NoteCommand::Rest));
        effects.push(Effect::Editor(self.folder.clone()));
        self.is_in_editor = true;
        Outcome { effects, ..Outcome::default() }
    }

    /// A command in the pad while it is only read.
    fn read(&mut self, id: Id, area: Rect) -> Outcome {
        let page = isize::try_from(area.height).unwrap_or(1).max(1);
        match id {
            Id::Open => return self.edit(),
            Id::Down => self.pad.walk(1, area),
            Id::Up => self.pad.walk(-1, area),
            Id::PageDown => self.pad.walk(page, area),
            Id::PageUp => self.pad.walk(-page, area),
            Id::HalfDown => self.pad.walk(page / 2, area),
            Id::HalfUp => self.pad.walk(-page / 2, area),
            Id::Top => self.pad.go_to_end(false, area),
            Id::Bottom => self.pad.go_to_end(true, area),
            Id::FindNext | Id::FindPrevious => return self.finder.go(id, &mut self.pad),
            Id::CopyRow if self.pad.is_empty() => return Outcome::notice("The pad is empty."),
            Id::CopyRow => return Outcome::copy("the pad".into(), clean_block(&self.pad.text().into())),
            Id::CopyLink | Id::ShowLink => return Outcome::notice("The pad has no link."),
            Id::Mark | Id::Range | Id::Sort => return Outcome::notice("The pad has no rows; y copies it."),
            _ => {}
        }
        Outcome::default()
    }

    /// A command beside another program's text.
    fn compare(&mut self, id: Id, view: &View<'_>, area: Rect) -> Outcome {
        let Some((text, pager)) = &mut self.outside else { return Outcome::default() };
        let page = comparison(text, view);
        match id {
            Id::CopyRow => return Outcome::copy("pad.md as changed outside".into(), clean_block(text)),
            Id::Open if self.saving.refusal().is_none() => {
                let text = lossy(text);
                self.pad.replace(&text);
                self.saving.changed(self.pad.is_empty());
                self.outside = None;
                self.tab = Tab::Pad;
                return Outcome::notice("The pad has that text now; i and ctrl-_ bring yours back.");
            }
            _ => {
                pager.run(id, &page, area, view.ascii);
            }
        }
        Outcome::default()
    }

    fn did(&mut self, area: Rect, act: impl FnOnce(&mut Editor, Rect) -> Did, key: Option<Key>) -> Outcome {
        if !self.editing {
            return Outcome::default();
        }
        match (act(&mut self.pad, area), key) {
            (Did::Changed, _) => self.saving.changed(self.pad.is_empty()),
            (Did::Nothing, _) | (Did::Unknown, None) => {}
            (Did::Full, _) => return Outcome::notice(full()),
            (Did::Unknown, Some(key)) => {
                let key = clean(&key.to_string().into());
                return Outcome::notice(safe!("{} does nothing in the pad. Esc leaves it.", key));
            }
        }
        Outcome::default()
    }

    fn changed_outside(&mut self, text: &RawText) -> SafeText {
        if self.saving.is_pad_ahead() {
            // The record has their text now: ours goes to it again.
            self.saving.changed(self.pad.is_empty());
            self.outside = Some((text.clone(), Pager::default()));
            self.timeline
                .tell("pad.md was changed by another program while there was newer text here".into());
            return "Another program changed pad.md. Your text stays; theirs is in the notes' third tab."
                .into();
        }
        self.pad.replace(&lossy(text));
        self.saving.came(text);
        if std::mem::take(&mut self.is_in_editor) {
            return "The pad is as the editor left it. i and ctrl-_ bring back what was there before.".into();
        }
        self.timeline.tell("pad.md was changed by another program; the pad shows that text".into());
        "Another program changed pad.md: the pad shows that now. i and ctrl-_ bring yours back.".into()
    }
}
