//! The timeline: what people wrote and what happened between it, in one order of time.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::insight::events::{Event, events};
use crate::model::note::{Entry, Later, What, merge};
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::model::told::{EntryName, Told, told};
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::notes::evidence;
use crate::pane::notes::happened::{happened, is_shown, names, places, said};
use crate::pane::notes::saving::{Saving, State};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::list::List;
use crate::ui::pager::{Pager, Paragraph};
use crate::ui::table::{self, Cell, Column};

/// What the record told that is kept in sight.
const MOST_TOLD: usize = 50;

/// Names a row, and orders it: by time; in one moment, what happened, what was told, what was
/// written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Name {
    /// The source, and which of the things that it said in this moment.
    Event(RawText, usize),
    /// Counts what the record told.
    Told(u64),
    Entry(EntryName),
    /// One of a shift that was handed over: it lies elsewhere, and nothing is said of it here.
    HandOver(EntryName),
}

type Key = (Timestamp, Name);

/// What stands between the entries.
#[derive(Debug)]
enum Between {
    Event(Event, Option<RawText>),
    Told(SafeText),
    HandOver(Told),
}

/// One row.
#[derive(Clone, Copy)]
enum Row<'a> {
    Event(&'a Event, Option<&'a RawText>),
    Told(&'a SafeText),
    Entry(&'a Told),
    HandOver(&'a Told),
}

/// What was said, the environment in scope, and what was said of hand-overs: while they are the same, the rows of
/// what happened are. What happened does not say it all: that another source told of a fault before may be known by
/// its first answer only.
type Seen = (u64, Option<RawText>, usize);

/// Entries, what happened between them, and which of it is shown.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Who is at the keys: their own entries do not name them.
    session: RawText,
    person: RawText,
    /// Whether what happened stands between the entries: an incident's own are all that it is.
    with_events: bool,
    entries: Vec<Entry>,
    /// The marks of what happened and is among them, on a line of its own or not.
    marks: BTreeSet<RawText>,
    /// What they say together.
    said: Arc<Vec<Told>>,
    told: Vec<(u64, Option<Timestamp>, SafeText)>,
    list: List<Key>,
    /// What the rows say: what was said when the list took its order, and what stands between that.
    shown: Arc<Vec<Told>>,
    between: BTreeMap<Key, Between>,
    open: Option<(Key, Pager)>,
    /// What the rows were made of; `None` when they have to be made again.
    seen: Option<Seen>,
}

impl Timeline {
    pub(super) fn new(person: RawText, session: RawText, with_events: bool) -> Self {
        Self {
            session,
            person,
            with_events,
            entries: Vec::new(),
            marks: BTreeSet::new(),
            said: Arc::default(),
            told: Vec::new(),
            list: List::default(),
            shown: Arc::default(),
            between: BTreeMap::new(),
            open: None,
            seen: None,
        }
    }

    /// Whose entries are shown without a name from here on.
    pub(super) fn set_person(&mut self, person: RawText) {
        self.person = person;
    }

    /// Takes entries of the record, or what happened by itself: it waits while the order is held. False where all
    /// of them were here already.
    pub(super) fn take(&mut self, entries: &[Entry]) -> bool {
        let mut news = merge(entries.to_vec());
        let mut keys: HashSet<_> = news.iter().map(Entry::key).collect();
        for known in &self.entries {
            keys.remove(&known.key());
        }
        news.retain(|entry| keys.contains(&entry.key()));
        let is_news = !news.is_empty();
        if is_news {
            self.put_in(news);
        }
        is_news
    }

    fn put_in(&mut self, news: Vec<Entry>) {
        for entry in &news {
            if let What::Happened { mark, also } = &entry.what {
                self.marks.extend(std::iter::once(mark).chain(also).cloned());
            }
        }
        self.entries.extend(news);
        self.entries.sort_by(|a, b| a.place().cmp(&b.place()));
        self.said = Arc::new(told(&self.entries));
        self.seen = None;
    }

    /// The marks of what happened and is here, on a line of its own or not.
    pub(super) fn marks(&self) -> &BTreeSet<RawText> {
        &self.marks
    }

    /// All entries, in order.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What they say together, in order.
    pub(super) fn said(&self) -> &[Told] {
        &self.said
    }

    /// Adds what the record told.
    pub(super) fn tell(&mut self, text: SafeText) {
        let number = self.told.last().map_or(0, |(number, ..)| number + 1);
        self.told.push((number, None, text));
        self.told.drain(..self.told.len().saturating_sub(MOST_TOLD));
        self.seen = None;
    }

    /// Takes back what the record told and what holds no longer.
    pub(super) fn take_back(&mut self, text: &SafeText) {
        self.told.retain(|(.., told)| told != text);
        self.seen = None;
    }

    /// Adds an entry of ours and shows it at once, whatever is held; or what it says of another one.
    pub(super) fn add(&mut self, entry: Entry, now: Timestamp) {
        // Who says when an entry happened goes on with that one, wherever it stands then.
        let moved = match &entry.what {
            What::Later { session, seq, recorded: Some(recorded), said: Later::At(_) } => {
                Some((session.clone(), *seq, *recorded))
            }
            _ => None,
        };
        let shown = |(_, name): &Key| if let Name::Entry(name) = name { Some(name.clone()) } else { None };
        let mut names: HashSet<_> = self.list.order().iter().filter_map(shown).collect();
        names.insert(entry.key());
        self.put_in(vec![entry]);
        let between = self.list.order().iter().filter(|(_, name)| !matches!(name, Name::Entry(_))).cloned();
        let said = self.said.iter().filter(|told| names.contains(&told.name())).map(key_of);
        let mut order: Vec<Key> = between.chain(said).collect();
        order.sort();
        self.shown = Arc::clone(&self.said);
        self.list.release();
        self.put(order, now);
        let moved = moved.and_then(|name| self.said.iter().find(|told| told.name() == name).map(key_of));
        if let Some(key) = moved {
            self.list.select(&key);
            if let Some((open, _)) = &mut self.open {
                *open = key;
            }
        }
    }

    /// The entry that is selected or open, as it stands.
    pub(super) fn selected(&self) -> Option<&Told> {
        match self.row(self.here()?)? {
            Row::Entry(told) => Some(told),
            Row::Event(..) | Row::Told(_) | Row::HandOver(_) => None,
        }
    }

    /// The row that is open or selected.
    fn here(&self) -> Option<&Key> {
        self.open.as_ref().map(|(key, _)| key).or(self.list.selected())
    }

    fn row(&self, key: &Key) -> Option<Row<'_>> {
        row_of(key, &self.shown, &self.between)
    }

    /// Takes what has happened, unless the order is held.
    pub(super) fn sync(&mut self, view: &View<'_>) {
        let seen = if self.with_events {
            let of_hand_overs = view.hand_overs.iter().map(|told| told.by.len()).sum();
            (view.world.revision(), view.environment.cloned(), of_hand_overs)
        } else {
            Seen::default()
        };
        if self.seen.as_ref() == Some(&seen) && !self.list.is_due(view.now) {
            return;
        }
        for (_, at, _) in &mut self.told {
            at.get_or_insert(view.now);
        }
        let between = self.between(view);
        let mut order: Vec<Key> = between.keys().cloned().chain(self.said.iter().map(key_of)).collect();
        order.sort();
        let (person, said) = (&self.person, &self.said);
        let texts = |key: &Key| row_of(key, said, &between).map(|row| texts(row, person, view));
        self.list.sift(&mut order, |words, key| texts(key).is_some_and(|texts| words.match_any(&texts)));
        self.seen = Some(seen);
        if self.put(order, view.now) {
            self.shown = Arc::clone(&self.said);
            self.between = between;
        }
    }

    /// Gives the list its rows; who stood at the end stays there. False while the order is held.
    fn put(&mut self, order: Vec<Key>, now: Timestamp) -> bool {
        let at_end = self.list.row() + 1 >= self.list.order().len() && self.list.marked() == 0;
        let taken = self.list.sync(order, now);
        if taken && at_end {
            self.list.go(usize::MAX);
        }
        taken
    }

    /// Learns where it stands.
    pub(super) fn fit(&mut self, inside: Rect) {
        self.list.set_height(usize::from(inside.height));
    }

    /// The rows stay where they are for a moment.
    pub(super) fn hold(&mut self, now: Timestamp) {
        self.list.hold(now);
    }

    fn between(&self, view: &View<'_>) -> BTreeMap<Key, Between> {
        let mut rows = BTreeMap::new();
        // Of what a source said in one moment: in a storm it says hundreds of things at once.
        let mut numbers: BTreeMap<(Timestamp, RawText), usize> = BTreeMap::new();
        for event in self.with_events.then(|| events(view.world)).into_iter().flatten() {
            if !is_shown(&event, view) {
                continue;
            }
            let environment = places(&event, view).flatten().next().cloned();
            let (at, source) = (event.what.at, event.what.source.clone());
            let number = numbers.entry((at, source.clone())).or_default();
            rows.insert((at, Name::Event(source, *number)), Between::Event(event, environment));
            *number += 1;
        }
        for (number, at, text) in &self.told {
            if let Some(at) = at {
                rows.insert((*at, Name::Told(*number)), Between::Told(text.clone()));
            }
        }
        for told in self.with_events.then_some(view.hand_overs).into_iter().flatten() {
            rows.insert((told.entry.at, Name::HandOver(told.name())), Between::HandOver(told.clone()));
        }
        rows
    }

    pub(super) fn run(&mut self, id: Id, view: &View<'_>, inside: Rect) -> Outcome {
        if let Some((key, pager)) = &mut self.open
            && let Some(row) = row_of(key, &self.shown, &self.between)
        {
            let page = page(row, view);
            match id {
                Id::CopyRow => return self.copy(view),
                _ => {
                    pager.run(id, &page, inside, view.ascii);
                }
            }
            return Outcome::default();
        }
        self.list.hold(view.now);
        self.fit(inside);
        match id {
            Id::Open => {
                self.open = self.list.selected().map(|key| (key.clone(), Pager::default()));
                if self.open.is_none() {
                    return Outcome::notice("Nothing is written yet. ; writes a note, i the pad.");
                }
            }
            Id::CopyRow => return self.copy(view),
            Id::CopyLink | Id::ShowLink => return Outcome::notice("A note has no link."),
            Id::Sort => return Outcome::notice("The timeline stands in the order of time."),
            _ => {
                self.list.run(id);
            }
        }
        Outcome::default()
    }

    fn copy(&self, view: &View<'_>) -> Outcome {
        let line = |key: &Key| {
            let text = match self.row(key)? {
                Row::Entry(told) => safe!("{}: {}", clean(&told.entry.person), told.entry.words()),
                row => text(row, &self.person, view),
            };
            Some(safe!("{} {}", view.zone.moment(key.0, view.now), text))
        };
        let lines: Vec<_> = self.list.chosen().into_iter().filter_map(line).collect();
        match lines.len() {
            1 => Outcome::copy("1 line".into(), lines),
            _ => Outcome::copy_rows("lines", lines),
        }
    }

    pub(super) fn filter(&mut self, text: &str, view: &View<'_>) {
        self.list.set_filter(text);
        self.seen = None;
        self.sync(view);
    }

    pub(super) fn list(&self) -> &List<Key> {
        &self.list
    }

    pub(super) fn subject(&self) -> Option<(Subject, Timestamp)> {
        let key = self.here()?;
        let environment = match self.row(key)? {
            Row::Event(_, environment) => environment.cloned(),
            Row::Told(_) | Row::Entry(_) | Row::HandOver(_) => None,
        };
        Some((Subject { name: "this entry".into(), environment, ..Subject::default() }, key.0))
    }

    /// What happened, where the selected row is that.
    pub(super) fn event(&self) -> Option<&Event> {
        match self.row(self.here()?)? {
            Row::Event(event, _) => Some(event),
            Row::Told(_) | Row::Entry(_) | Row::HandOver(_) => None,
        }
    }

    /// Takes back one thing: the open page, the marks, the filter.
    pub(super) fn back(&mut self, view: &View<'_>) -> bool {
        let is_taken = self.open.take().is_some() || self.list.back();
        self.seen = None;
        self.sync(view);
        is_taken
    }

    pub(super) fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        let newest =
            self.list.order().last().filter(|_| matches!(view.zone, crate::ui::time::Zone::Relative));
        let age = newest.map(|(at, _)| crate::ui::time::next_change(*at, view.now));
        age.into_iter().chain(self.list.next_wake()).min()
    }

    pub(super) fn draw(&self, saving: &Saving, view: &View<'_>, inside: Rect, canvas: &mut Canvas<'_>) {
        let muted = view.styles.of(Meaning::Muted);
        if let Some((row, pager)) = self.open.as_ref().and_then(|(key, pager)| Some((self.row(key)?, pager)))
        {
            pager.draw(canvas, inside, &page(row, view), view.focused);
            return;
        }
        if self.list.order().is_empty() {
            let lines = if self.list.filter().is_empty() {
                vec![
                    Paragraph::new("Nothing is written yet.", muted),
                    Paragraph::new("; writes a one-line note from anywhere, i writes the pad.", muted),
                    Paragraph::new("What happens from now on is added by itself.", muted),
                ]
            } else {
                coverage::no_match(view)
            };
            Pager::default().draw(canvas, inside, &lines, view.focused);
            return;
        }
        // Each row is put into words once: a frame in a storm has no time for three.
        let rows = self.list.order().iter().skip(self.list.top()).take(usize::from(inside.height));
        let mut cells: HashMap<&Key, Vec<Cell>> =
            rows.map(|key| (key, self.cells(key, saving, view))).collect();
        let widest = |column: usize| {
            let widths = cells.values().map(|row| row.get(column).map_or(0, |cell| cell.text.width()));
            u16::try_from(widths.max().unwrap_or(0)).unwrap_or(u16::MAX)
        };
        let mut columns =
            vec![Column::fixed(widest(0), 1), Column::fixed(widest(1), 0), Column::growing(4, 0)];
        // Where all is saved there is no column to say so.
        if widest(1) == 0 {
            columns.remove(1);
            for row in cells.values_mut().filter(|row| row.len() > 1) {
                row.remove(1);
            }
        }
        table::draw(canvas, inside, &columns, &self.list, view.marking(), |key| {
            cells.remove(key).unwrap_or_default()
        });
    }

    /// Time, whether it is saved if it is not, and text.
    fn cells(&self, key: &Key, saving: &Saving, view: &View<'_>) -> Vec<Cell> {
        let Some(row) = self.row(key) else { return Vec::new() };
        let styles = view.styles;
        let (text, muted, critical) =
            (styles.of(Meaning::Text), styles.of(Meaning::Muted), styles.of(Meaning::Critical));
        let state = match row {
            Row::Entry(told) => {
                let own = told.by.iter().filter(|(session, ..)| *session == self.session);
                saving.entries(own.map(|(_, seq, _)| *seq))
            }
            Row::Event(..) | Row::Told(_) | Row::HandOver(_) => State::Saved,
        };
        let mut said = self::text(row, &self.person, view);
        if let Row::Event(_, Some(environment)) = row
            && view.many_environments()
        {
            said.push(&safe!(" ({})", clean(environment)));
        }
        let (sign, style) = match state {
            State::Saved => (Cell::default(), text),
            State::Saving => (Cell::new("saving", styles.of(Meaning::Stale)), text),
            State::Not(why) => {
                said.push(&safe!(" ({})", why));
                (Cell::new("NOT SAVED", critical), critical)
            }
        };
        let style = match row {
            Row::Event(..) => muted,
            Row::Told(_) => styles.of(Meaning::Warning),
            Row::Entry(told) if told.is_starred => styles.of(Meaning::Title),
            Row::Entry(told) if told.is_done || told.is_hidden || told.entry.is_automatic() => muted,
            Row::HandOver(told) if told.is_done => muted,
            Row::Entry(_) | Row::HandOver(_) => style,
        };
        vec![Cell::new(view.zone.moment(key.0, view.now), muted), sign, Cell::new(said, style)]
    }
}

/// What a filter looks at.
fn texts(row: Row<'_>, person: &RawText, view: &View<'_>) -> Vec<RawText> {
    match row {
        Row::Entry(told) => {
            let evidence = match &told.entry.what {
                What::Evidence(evidence) => evidence.lines.clone(),
                _ => Vec::new(),
            };
            let entry = &told.entry;
            [entry.person.clone(), entry.words().as_str().into()].into_iter().chain(evidence).collect()
        }
        row => vec![text(row, person, view).as_str().into()],
    }
}

/// What a row says, in one line without its time, to this person.
fn text(row: Row<'_>, person: &RawText, view: &View<'_>) -> SafeText {
    match row {
        Row::Entry(told) => {
            let entry = &told.entry;
            let mut text = SafeText::default();
            if told.is_starred {
                text.push(&"* ".into());
            }
            if told.is_done {
                text.push(&"(done) ".into());
            }
            if told.is_hidden {
                text.push(&"(left out) ".into());
            }
            if entry.person != *person && !entry.is_automatic() {
                text.push(&safe!("{}: ", clean(&entry.person)));
            }
            text.push(&entry.words());
            text
        }
        Row::HandOver(told) => {
            let mut text = safe!("{}: {}", clean(&told.entry.person), told.entry.words());
            if let Some(by) = &told.done_by {
                text.push(&safe!(", accepted by {}", clean(by)));
            }
            text
        }
        Row::Told(text) => safe!("notes: {}", text),
        Row::Event(event, _) => happened(event, view),
    }
}

fn row_of<'a>(key: &Key, said: &'a [Told], between: &'a BTreeMap<Key, Between>) -> Option<Row<'a>> {
    if let Name::Entry((session, seq, recorded)) = &key.1 {
        let place = (key.0, session, *seq, *recorded);
        let found = said.binary_search_by(|told| told.entry.place().cmp(&place)).ok()?;
        return said.get(found).map(Row::Entry);
    }
    Some(match between.get(key)? {
        Between::Event(event, environment) => Row::Event(event, environment.as_ref()),
        Between::Told(text) => Row::Told(text),
        Between::HandOver(told) => Row::HandOver(told),
    })
}

fn key_of(told: &Told) -> Key {
    (told.entry.at, Name::Entry(told.name()))
}

/// One row, whole.
fn page(row: Row<'_>, view: &View<'_>) -> Vec<Paragraph> {
    let (text, muted) = (view.styles.of(Meaning::Text), view.styles.of(Meaning::Muted));
    match row {
        Row::Entry(told) => {
            let entry = &told.entry;
            let mut from = safe!("{} at {}", clean(&entry.person), view.zone.moment(entry.at, view.now));
            if entry.recorded != entry.at {
                from.push(&safe!(", written down at {}", view.zone.moment(entry.recorded, view.now)));
            }
            from.push(&safe!("; session {}", clean(&entry.session)));
            let mut page = vec![Paragraph::new(entry.words(), text), Paragraph::new(from, muted)];
            if let Some((at, before)) = &told.was {
                let before = safe!("It was {}, {}", view.zone.moment(*at, view.now), clean(before));
                page.push(Paragraph::new(before, muted));
            }
            if let What::Evidence(evidence) = &entry.what {
                page.extend(evidence::paragraphs(evidence, view));
            }
            page
        }
        Row::HandOver(told) => {
            let entry = &told.entry;
            let at = view.zone.moment(entry.at, view.now);
            let mut from = safe!("{} at {}", clean(&entry.person), at);
            if let Some(by) = &told.done_by {
                from.push(&safe!(", accepted by {}", clean(by)));
            }
            let said = [Paragraph::new(entry.words(), text), Paragraph::new(from, muted)];
            let lines = clean_block(&entry.text).into_iter().map(|line| Paragraph::new(line, text));
            said.into_iter().chain(lines).collect()
        }
        Row::Told(told) => vec![Paragraph::new(told.clone(), view.styles.of(Meaning::Warning))],
        Row::Event(event, environment) => {
            let when = view.zone.precise(event.what.at, view.now);
            let source = SafeText::literal(if event.sources.len() > 1 { "sources" } else { "source" });
            let mut from = safe!("seen at {}; {} {}", when, source, names(&event.sources));
            if let Some(environment) = environment {
                from.push(&safe!("; environment {}", clean(environment)));
            }
            vec![Paragraph::new(said(&event.what, view), text), Paragraph::new(from, muted)]
        }
    }
}
