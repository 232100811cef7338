//! The sources view: every source, whether it can be believed, why not; one cause is one line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::logs::buffer::StreamStats;
use crate::model::health::{Failure, Health};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::model::world::Source;
use crate::pane::coverage;
use crate::pane::effect::Outcome;
use crate::pane::keeping;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::list::List;
use crate::ui::pager::{self, Pager, Paragraph};
use crate::ui::table::{self, Cell, Column};
use crate::ui::time::{age, took};

/// Streams whose lines are counted on the page of a source.
const STREAMS: usize = 20;

/// The state of the sources view.
#[derive(Default)]
pub struct Sources {
    list: List<RawText>,
    open: Option<Open>,
}

/// A source whose page is shown.
struct Open {
    name: RawText,
    /// How far the page is scrolled.
    pager: Pager,
    /// What came of its streams.
    lines: Vec<SafeText>,
}

/// Sources that are blind for one cause: how many, what, since when.
pub struct Folded {
    /// How many sources.
    pub count: usize,
    /// The first source's failure.
    pub failure: Failure,
    /// Since when the first of them is blind.
    pub since: Timestamp,
}

/// Failures in scope, those with the same cause together, the widest first.
pub fn folded(view: &View<'_>) -> Vec<Folded> {
    let mut causes: BTreeMap<RawText, Folded> = BTreeMap::new();
    for source in view.world.sources().filter(|source| view.shows(source.info.environment.as_ref())) {
        if let Health::Failing(failure, since) = source.health(view.now) {
            let cause = failure.cause.clone().unwrap_or_else(|| failure.what.clone());
            let folded = causes.entry(cause).or_insert(Folded { count: 0, failure, since });
            folded.count += 1;
            folded.since = folded.since.min(since);
        }
    }
    let mut causes: Vec<_> = causes.into_values().collect();
    causes.sort_by_key(|folded| (std::cmp::Reverse(folded.count), folded.since));
    causes
}

impl Sources {
    /// Takes the sources as they are now: the blind ones first, then by name.
    pub fn sync(&mut self, view: &View<'_>) {
        let in_scope = |source: &&Source| view.shows(source.info.environment.as_ref());
        let mut shown: Vec<&Source> = view.world.sources().filter(in_scope).collect();
        self.list.sift(&mut shown, |words, source| {
            let info = &source.info;
            words.match_any([&info.name, &info.kind].into_iter().chain(&info.environment))
        });
        // They come by name.
        shown.sort_by_key(|source| rank(&source.health(view.now)));
        self.list.sync(shown.iter().map(|source| source.info.name.clone()).collect(), view.now);
        if let Some(open) = &mut self.open {
            open.lines = lines_of(&open.name, view);
        }
    }

    /// Its rows.
    pub fn list(&self) -> &List<RawText> {
        &self.list
    }

    /// Learns where it stands.
    pub fn fit(&mut self, view: &View<'_>, area: Rect) {
        let body = inside(area);
        let told = keeping::head(view, body.width, body.height);
        let above = heads(view) + pager::height(&told, body.width, view.ascii);
        let height = body.height.saturating_sub(above);
        self.list.set_height(usize::from(height));
    }

    /// Does what a command says. `area` is where the view stands.
    pub fn run(&mut self, id: Id, view: &View<'_>, area: Rect) -> Outcome {
        self.list.hold(view.now);
        let body = inside(area);
        if let Some(Open { name, pager, lines }) = &mut self.open {
            let Some(source) = view.world.source(name) else { return Outcome::default() };
            let page = page(source, lines, view);
            match id {
                Id::Refresh => return Outcome::refresh(std::iter::once(name.clone())),
                Id::CopyRow => {
                    let lines = page.into_iter().map(|paragraph| paragraph.text).collect();
                    return Outcome::copy(clean(name), lines);
                }
                _ => {
                    pager.run(id, &page, body, view.ascii);
                }
            }
            return Outcome::default();
        }
        match id {
            Id::Open => {
                self.open = self.list.selected().map(|name| Open {
                    name: name.clone(),
                    pager: Pager::default(),
                    lines: lines_of(name, view),
                });
            }
            Id::Refresh => return Outcome::refresh(self.list.chosen().into_iter().cloned()),
            Id::CopyRow => {
                let chosen = self.list.chosen().into_iter().filter_map(|name| view.world.source(name));
                return Outcome::copy_rows("sources", chosen.map(|source| line(source, view)).collect());
            }
            Id::Sort => return Outcome::notice("Blind sources stand first, then by name."),
            Id::CopyLink | Id::ShowLink => return Outcome::notice("A source here has no link."),
            _ => {
                self.list.run(id);
            }
        }
        Outcome::default()
    }

    /// Filters the rows; an empty text shows all.
    pub fn filter(&mut self, text: &str, view: &View<'_>) {
        self.list.set_filter(text);
        self.sync(view);
    }

    /// Takes back one thing: the open page, the marks, the filter.
    pub fn back(&mut self, view: &View<'_>) -> bool {
        let is_taken = self.open.take().is_some() || self.list.back();
        self.sync(view);
        is_taken
    }

    /// When what is shown changes next by itself.
    pub fn next_wake(&self, view: &View<'_>) -> Option<Timestamp> {
        let ages = view.world.sources().filter_map(|source| {
            let since = match source.health(view.now) {
                Health::Failing(_, since) => Some(since),
                Health::Stale(_) => source.condition.last_ok,
                // A stream that is live shows no age; a polled one turns stale at this time.
                Health::Live => return stale_at(source),
                Health::Starting | Health::Crashed(_) => None,
            };
            since.map(|since| crate::ui::time::next_change(since, view.now))
        });
        ages.chain(self.list.next_wake()).filter(|at| *at > view.now).min()
    }

    /// Draws the view.
    pub fn draw(&self, view: &View<'_>, who: &SafeText, area: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        let (shown, all) = self.list.counts();
        let mut title = safe!("0 Sources  {}", all);
        if shown != all {
            title = safe!("0 Sources  {} of {}  /{}", shown, all, clean(&self.list.filter().into()));
        }
        let foot = safe!("you are {}", who);
        canvas.fill(area, styles.of(Meaning::Text));
        coverage::frame(view, area, canvas, &title, (&foot, Meaning::Muted));
        let mut body = inside(area);
        if let Some((source, open)) =
            self.open.as_ref().and_then(|open| Some((view.world.source(&open.name)?, open)))
        {
            open.pager.draw(canvas, body, &page(source, &open.lines, view), view.focused);
            return;
        }
        let told = keeping::head(view, body.width, body.height);
        if !told.is_empty() {
            Pager::default().draw(canvas, body, &told, false);
            let used = pager::height(&told, body.width, view.ascii);
            body = Rect { y: body.y + used, height: body.height.saturating_sub(used), ..body };
        }
        for folded in folded(view).iter().filter(|folded| folded.count > 1).take(usize::from(heads(view))) {
            let since = view.zone.moment(folded.since, view.now);
            let what = folded.failure.cause.as_ref().unwrap_or(&folded.failure.what);
            let text = safe!("{} sources: {} since {}", folded.count, clean(what), since);
            canvas.text(body.x, body.y, body.width, &text, styles.of(Meaning::Critical));
            body = Rect { y: body.y + 1, height: body.height.saturating_sub(1), ..body };
        }
        // A failure's word is what one looks for here: it stands there in full.
        let words = view.world.sources().map(|source| state(source, view).0.width());
        let widest = u16::try_from(words.max().unwrap_or(0)).unwrap_or(u16::MAX).clamp(11, 17);
        let columns = [
            Column::growing(12, 0),
            Column::fixed(12, 3),
            Column::fixed(if view.many_environments() { 8 } else { 0 }, 2),
            Column::fixed(widest, 0),
            Column::growing(35 - widest, 1),
        ];
        table::draw(canvas, body, &columns, &self.list, view.marking(), |name| {
            let Some(source) = view.world.source(name) else { return Vec::new() };
            let (word, meaning, why) = state(source, view);
            let environment = source.info.environment.as_ref();
            let exposed = source.info.exposed.first().filter(|_| !source.health(view.now).is_blind());
            let (why, meaning) = match exposed {
                Some(exposed) => (clean(exposed), Meaning::Critical),
                None => (why, meaning),
            };
            vec![
                Cell::new(clean(name), styles.of(Meaning::Text)),
                Cell::new(clean(&source.info.kind), styles.of(Meaning::Muted)),
                Cell::new(environment.map(clean).unwrap_or_default(), view.environment_style(environment)),
                Cell::new(word, styles.of(meaning)),
                Cell::new(why, styles.of(if meaning == Meaning::Ok { Meaning::Muted } else { meaning })),
            ]
        });
    }
}

/// When a polled source that stays silent turns stale.
fn stale_at(source: &Source) -> Option<Timestamp> {
    let last = source.condition.last_ok?;
    last.checked_add(source.every()? * 2).ok()?.checked_add(jiff::SignedDuration::from_secs(1)).ok()
}

/// Lines above the list: causes that several sources share.
fn heads(view: &View<'_>) -> u16 {
    let shared = folded(view).iter().filter(|folded| folded.count > 1).count();
    u16::try_from(shared.min(3)).unwrap_or(3)
}

fn rank(health: &Health) -> u8 {
    match health {
        Health::Failing(..) | Health::Crashed(_) => 0,
        Health::Stale(_) => 1,
        Health::Starting => 2,
        Health::Live => 3,
    }
}

/// A word for the state, its meaning, and why.
fn state(source: &Source, view: &View<'_>) -> (SafeText, Meaning, SafeText) {
    match source.health(view.now) {
        Health::Starting => ("starting".into(), Meaning::Muted, "nothing heard yet".into()),
        Health::Live if source.condition.ended => {
            ("ended".into(), Meaning::Muted, "all has come that ever will".into())
        }
        Health::Live if source.condition.troubles.is_empty() => {
            ("live".into(), Meaning::Ok, SafeText::default())
        }
        Health::Live => {
            let troubles = &source.condition.troubles;
            let first = troubles.first().map(|failure| clean(&failure.what)).unwrap_or_default();
            let more = troubles.len() - 1;
            let why = if more > 0 { safe!("{} (and {} more)", first, more) } else { first };
            let word = if source.condition.is_partly_blind() { "partly" } else { "live" };
            (SafeText::literal(word), Meaning::Warning, why)
        }
        Health::Stale(old) => {
            (safe!("age {}", age(old)), Meaning::Stale, "late; what it showed is kept".into())
        }
        Health::Failing(failure, since) => {
            let mut why = clean(&failure.what);
            why.push(&safe!(", for {}", age(view.now.duration_since(since))));
            (failure.kind.word().into(), Meaning::Critical, why)
        }
        Health::Crashed(count) => {
            let why = safe!("its task crashed {} times and is started again", count);
            ("crashed".into(), Meaning::Critical, why)
        }
    }
}

fn line(source: &Source, view: &View<'_>) -> SafeText {
    let (word, _, why) = state(source, view);
    safe!("{} {} {} {}", clean(&source.info.name), clean(&source.info.kind), word, why)
}

/// The page of one source: what it gives, since when it fails, what to do.
fn page(source: &Source, lines: &[SafeText], view: &View<'_>) -> Vec<Paragraph> {
    let styles = view.styles;
    let (text, muted) = (styles.of(Meaning::Text), styles.of(Meaning::Muted));
    let (word, meaning, why) = state(source, view);
    let mut page = vec![
        Paragraph::new(
            safe!("{} ({})", clean(&source.info.name), clean(&source.info.kind)),
            styles.of(Meaning::Title),
        ),
        Paragraph::new(safe!("{} {}", word, why), styles.of(meaning)),
    ];
    let critical = styles.of(Meaning::Critical);
    page.extend(
        source.info.exposed.iter().map(|how| Paragraph::new(safe!("Not safe: {}.", clean(how)), critical)),
    );
    if let Health::Failing(failure, since) = source.health(view.now) {
        page.push(Paragraph::new(safe!("Since {}.", view.zone.moment(since, view.now)), text));
        page.extend(failure.advice.iter().map(|advice| Paragraph::new(safe!("Do: {}", clean(advice)), text)));
        let again = failure.next_try.map(|at| view.zone.precise(at, view.now));
        page.extend(again.map(|at| Paragraph::new(safe!("Tried again at {}; r tries now.", at), text)));
    }
    for trouble in &source.condition.troubles {
        page.push(Paragraph::new(clean(&trouble.what), styles.of(Meaning::Warning)));
        page.extend(trouble.advice.iter().map(|advice| Paragraph::new(safe!("Do: {}", clean(advice)), text)));
    }
    if let Some(last) = source.condition.last_ok {
        page.push(Paragraph::new(safe!("Last good answer {}.", view.zone.moment(last, view.now)), text));
    }
    if let Some(every) = source.every() {
        let mut line = safe!("Asked every {}.", took(every));
        if let Some(usual) = source.info.interval.filter(|usual| *usual < every) {
            line.push(&safe!(" It is {} while keys are pressed.", took(usual)));
        }
        page.push(Paragraph::new(line, muted));
    }
    if let Some(environment) = &source.info.environment {
        page.push(Paragraph::new(safe!("Environment {}.", clean(environment)), muted));
    }
    page.extend(source.info.reads.iter().map(|what| Paragraph::new(safe!("Reads {}", clean(what)), text)));
    page.extend(
        source.condition.spoken.iter().map(|spoken| Paragraph::new(safe!("Speaks {}.", clean(spoken)), text)),
    );
    for gives in source.info.gives {
        let has = match gives {
            Gives::Runs => safe!("{} runs", source.runs.len()),
            Gives::Alerts => safe!("{} alerts, {} silences", source.alerts.len(), source.silences.len()),
            Gives::Logs => SafeText::literal("log lines"),
            Gives::Metrics => SafeText::literal("graphs of its metrics, when they are asked for"),
        };
        page.push(Paragraph::new(safe!("Gives {}.", has), muted));
        if *gives == Gives::Logs {
            page.extend(lines.iter().map(|line| Paragraph::new(line.clone(), muted)));
        }
    }
    page
}

/// How many lines came, of the whole source and of its largest streams, and what was lost of them.
fn lines_of(source: &RawText, view: &View<'_>) -> Vec<SafeText> {
    let mut streams: Vec<&StreamStats> =
        view.logs.streams().filter(|stream| stream.source == *source).collect();
    streams.sort_by_key(|stream| (std::cmp::Reverse(stream.received), &stream.name));
    let sum = |count: fn(&StreamStats) -> u64| streams.iter().map(|stream| count(stream)).sum::<u64>();
    if streams.is_empty() {
        return vec!["No line has come.".into()];
    }
    let mut lines = vec![safe!(
        "{} lines came in {}; {} are held here.",
        sum(|stream| stream.received),
        if streams.len() == 1 { "1 stream".into() } else { safe!("{} streams", streams.len()) },
        sum(|stream| stream.held)
    )];
    for (number, what) in [
        (sum(|stream| stream.evicted), "lines were given up to stay within `log_memory`."),
        (sum(|stream| stream.gone), "lines went with a file that was replaced or cut."),
        (sum(|stream| stream.dropped), "lines were dropped before they came in."),
        (sum(|stream| stream.cut), "bytes were cut off lines that were too long."),
    ] {
        if number > 0 {
            lines.push(safe!("{} {}", number, SafeText::literal(what)));
        }
    }
    for stream in streams.iter().take(STREAMS) {
        lines.push(safe!("  {}: {}", clean(&stream.name), stream.received));
    }
    if streams.len() > STREAMS {
        lines.push(safe!("  and {} more", streams.len() - STREAMS));
    }
    lines
}
