//! The runbook of an alert in a pane's place, and behind it the card of its service or host.

mod card;
mod said;

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::model::runbook::{Answer, Found, Lead};
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::coverage;
use crate::pane::effect::{Effect, Outcome};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::document::Document;
use crate::ui::list::List;
use crate::ui::markdown;
use crate::ui::reader::Reader;
use crate::ui::time::{age, next_change};

/// Runbooks that are kept, each of half a megabyte at most.
const MOST_BOOKS: usize = 32;

/// A tick is of the step at this place with this text: in another version of the text it may be another one.
type Ticked = (usize, RawText);

/// What was found for the places where a runbook may be.
#[derive(Clone)]
struct Book {
    answer: Answer,
    /// What it says, where it is a text.
    document: Document,
    at: Timestamp,
}

/// The runbooks of this session, and what was ticked in them.
#[derive(Default)]
pub struct Shelf {
    books: BTreeMap<Vec<Lead>, Book>,
    ticks: BTreeMap<Vec<Lead>, BTreeMap<Ticked, bool>>,
}

impl Shelf {
    /// Takes what came of looking there.
    pub fn take(&mut self, leads: &[Lead], answer: Answer, now: Timestamp) {
        let document = match &answer {
            Answer::Text { text, .. } => markdown::parse(text),
            _ => Document::default(),
        };
        self.books.insert(leads.to_vec(), Book { answer, document, at: now });
        while self.books.len() > MOST_BOOKS {
            let oldest = self.books.iter().min_by_key(|(_, book)| book.at).map(|(leads, _)| leads.clone());
            self.books.remove(&oldest.unwrap_or_default());
        }
    }
}

/// What is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tab {
    Runbook,
    Card,
}

/// What is done with the step under the cursor.
pub enum Ticking {
    /// It is written into the notes.
    Write(SafeText),
    /// There is none; this is said.
    None(SafeText),
}

/// The state of the view.
pub struct RunbookView {
    subject: Subject,
    onset: Timestamp,
    is_alert: bool,
    leads: Vec<Lead>,
    tab: Tab,
    /// The person has chosen what is shown.
    has_turned: bool,
    /// It is being looked for.
    is_asked: bool,
    book: Option<Book>,
    ticks: BTreeMap<Ticked, bool>,
    text: Reader,
    card: Reader,
}

impl RunbookView {
    /// The runbook of what this is about, in one of these places; and what is asked for it.
    pub fn new(
        (subject, onset): (Subject, Timestamp),
        is_alert: bool,
        leads: Vec<Lead>,
        shelf: &Shelf,
    ) -> (Self, Option<Effect>) {
        let mut view = Self {
            subject,
            onset,
            is_alert,
            tab: Tab::Runbook,
            has_turned: false,
            is_asked: false,
            book: None,
            ticks: shelf.ticks.get(&leads).cloned().unwrap_or_default(),
            leads,
            text: Reader::default(),
            card: Reader::default(),
        };
        let known = shelf.books.get(&view.leads).cloned();
        let asks = match known {
            // One that could not be had may be there by now.
            Some(book) if !matches!(book.answer, Answer::Failed(..)) => {
                view.show(book);
                None
            }
            _ if view.leads.is_empty() => {
                view.show(Book { answer: Answer::Nowhere, document: Document::default(), at: onset });
                None
            }
            _ => view.ask(),
        };
        (view, asks)
    }

    /// Takes what came of looking for it.
    pub fn hear(&mut self, leads: &[Lead], kept: &Shelf) {
        if self.leads == leads
            && let Some(book) = kept.books.get(leads)
        {
            self.show(book.clone());
        }
    }

    fn show(&mut self, book: Book) {
        self.is_asked = false;
        if book.answer == Answer::Nowhere && self.has_card() && !self.has_turned {
            self.tab = Tab::Card;
        }
        self.book = Some(book);
    }

    fn ask(&mut self) -> Option<Effect> {
        if self.leads.is_empty() {
            return None;
        }
        self.is_asked = true;
        self.write();
        Some(Effect::Runbook(self.leads.clone()))
    }

    /// Makes anew what is said of what is known.
    pub fn sync(&mut self, view: &View<'_>) {
        self.write();
        self.card.put(card::of(&self.subject, view));
    }

    fn write(&mut self) {
        let document = match &self.book {
            Some(Book { answer: Answer::Text { .. }, document, .. }) => document.clone(),
            book => {
                let answer = book.as_ref().map(|book| &book.answer).filter(|_| !self.is_asked);
                said::of(&self.subject, &self.leads, answer)
            }
        };
        self.text.put(document);
    }

    /// What it is about, and when that began.
    pub fn about(&self) -> (Subject, Timestamp) {
        (self.subject.clone(), self.onset)
    }

    /// Whether it is of an alert.
    pub fn is_of_alert(&self) -> bool {
        self.is_alert
    }

    /// Its rows.
    pub fn list(&self) -> &List<(usize, usize), impl Sized> {
        self.reader().list()
    }

    /// Learns where it stands.
    pub fn fit(&mut self, area: Rect, ascii: bool) {
        self.text.fit(inside(area), ascii);
        self.card.fit(inside(area), ascii);
    }

    /// Filters the rows; an empty text shows all.
    pub fn filter(&mut self, text: &str) {
        self.reader_mut().filter(text);
    }

    /// Takes the filter back; false if there is none.
    pub fn back(&mut self) -> bool {
        self.reader_mut().back()
    }

    /// Does what a command says.
    pub fn run(&mut self, id: Id) -> Outcome {
        match id {
            Id::NextTab | Id::PreviousTab | Id::Runbook => return self.turn(),
            Id::Refresh => {
                return match self.ask() {
                    Some(effect) => Outcome { effects: vec![effect], ..Outcome::default() },
                    None => Outcome::notice("There is no place to look at: see [runbooks]."),
                };
            }
            Id::CopyRow => {
                let (what, lines) = self.reader().copied();
                if lines.iter().all(SafeText::is_empty) {
                    return Outcome::notice("Nothing stands here that could be copied.");
                }
                return Outcome::copy(safe!("{} of the {}", SafeText::literal(what), self.word()), lines);
            }
            Id::CopyLink | Id::ShowLink | Id::Open => return self.link(id),
            _ => {
                self.reader_mut().run(id);
            }
        }
        Outcome::default()
    }

    /// Whether what is shown has steps that can be ticked.
    pub fn has_steps(&self) -> bool {
        self.tab == Tab::Runbook && !self.text.document().steps.is_empty()
    }

    /// Ticks the step under the cursor, or takes its tick back; gives what is to be written.
    pub fn tick(&mut self, kept: &mut Shelf) -> Ticking {
        let Some(number) = self.text.step().filter(|_| self.tab == Tab::Runbook) else {
            return Ticking::None(
                "No step is here: items of ordered and of task lists can be ticked.".into(),
            );
        };
        let is_done = !self.is_done(number);
        let Some(key) = self.key(number) else { return Ticking::None(SafeText::default()) };
        let what = clean(&key.1);
        self.ticks.insert(key, is_done);
        kept.ticks.insert(self.leads.clone(), self.ticks.clone());
        let done = SafeText::literal(if is_done { "done" } else { "not done after all" });
        Ticking::Write(safe!("runbook {}: {}: {}", clean(&self.subject.name), done, what))
    }

    /// When what is shown changes next by itself.
    pub fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        let book = self.book.as_ref().filter(|book| book.answer != Answer::Nowhere);
        book.map(|book| next_change(book.at, view.now))
    }

    /// Draws the view.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        canvas.fill(area, view.styles.of(Meaning::Text));
        let mut title = safe!("{} of {}", self.title(), clean(&self.about_name()));
        if self.has_card() {
            let other = if self.tab == Tab::Runbook { "card" } else { "runbook" };
            title.push(&safe!("  K: {}", SafeText::literal(other)));
        }
        title.push(&coverage::filtered(self.list().filter()));
        let foot = self.foot(view);
        coverage::frame(view, area, canvas, &title, (&foot.0, foot.1));
        self.reader().draw(canvas, inside(area), view.styles, view.marking(), |step| {
            self.tab == Tab::Runbook && self.is_done(step)
        });
    }

    fn foot(&self, view: &View<'_>) -> (SafeText, Meaning) {
        if self.tab == Tab::Card {
            return (SafeText::literal("from the configuration"), Meaning::Muted);
        }
        if self.is_asked {
            return (SafeText::literal("looking"), Meaning::Muted);
        }
        match &self.book {
            Some(Book { answer: Answer::Text { found, is_cut, .. }, at, document }) => {
                let old = age(view.now.duration_since(*at));
                let mut foot = safe!("read {} ago  {}", old, clean(found.place()));
                let steps = document.steps.len();
                if steps > 0 {
                    let done = (0..steps).filter(|step| self.is_done(*step)).count();
                    foot = safe!("{} of {} steps done  {}", done, steps, foot);
                }
                if *is_cut {
                    foot.push(&"  its end is left out".into());
                }
                (foot, Meaning::Muted)
            }
            Some(Book { answer: Answer::Failed(..), .. }) => {
                (SafeText::literal("cannot be read"), Meaning::Critical)
            }
            _ => (SafeText::default(), Meaning::Muted),
        }
    }

    fn title(&self) -> SafeText {
        SafeText::literal(if self.tab == Tab::Runbook { "Runbook" } else { "Card" })
    }

    fn word(&self) -> SafeText {
        SafeText::literal(if self.tab == Tab::Runbook { "runbook" } else { "card" })
    }

    fn about_name(&self) -> RawText {
        let Subject { name, service, host, .. } = &self.subject;
        let on_card = service.as_ref().or(host.as_ref()).filter(|_| self.tab == Tab::Card);
        on_card.unwrap_or(name).clone()
    }

    fn has_card(&self) -> bool {
        self.subject.service.is_some() || self.subject.host.is_some()
    }

    fn turn(&mut self) -> Outcome {
        if !self.has_card() {
            let what = clean(&self.subject.name);
            return Outcome::notice(safe!("No service or host is known of {}, so it has no card.", what));
        }
        self.has_turned = true;
        self.tab = if self.tab == Tab::Runbook { Tab::Card } else { Tab::Runbook };
        Outcome::default()
    }

    /// The links of the part under the cursor, or the runbook's own.
    fn link(&self, id: Id) -> Outcome {
        let here = self.reader().block().map(|block| block.links.as_slice()).unwrap_or_default();
        let own = self.book.as_ref().filter(|_| self.tab == Tab::Runbook);
        let own = own.and_then(|book| match &book.answer {
            Answer::Text { found, .. } | Answer::Page(found) | Answer::Failed(found, _) => found.url(),
            Answer::Nowhere => None,
        });
        match here {
            [] => Outcome::link(id, own, "No link stands here."),
            links if id == Id::CopyLink => Outcome::copy(SafeText::literal("link"), links.to_vec()),
            links => {
                let show = Some((SafeText::literal("link, to open in a browser"), links.to_vec()));
                Outcome { show, ..Outcome::default() }
            }
        }
    }

    fn key(&self, step: usize) -> Option<Ticked> {
        let step_of = |step: usize| self.text.document().steps.get(step);
        Some((step, step_of(step)?.text.as_str().into()))
    }

    fn is_done(&self, step: usize) -> bool {
        let says = self.text.document().steps.get(step).is_some_and(|step| step.is_done);
        self.key(step).and_then(|key| self.ticks.get(&key).copied()).unwrap_or(says)
    }

    fn reader(&self) -> &Reader {
        if self.tab == Tab::Runbook { &self.text } else { &self.card }
    }

    fn reader_mut(&mut self) -> &mut Reader {
        if self.tab == Tab::Runbook { &mut self.text } else { &mut self.card }
    }
}

/// A place as it is told.
fn shown(found: &Found) -> SafeText {
    clean(found.place())
}
