//! A graph that a person asked for, in the place of a pane: the last hours of a query; and a watch, which
//! also shows the value of now in large letters and calls when a limit is passed.

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::model::expression::Operator;
use crate::model::graph::{Finite, Graph, Series};
use crate::model::health::Failure;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::{DetailKey, Gives};
use crate::pane::coverage;
use crate::pane::effect::{Effect, Outcome};
use crate::pane::plot::{Answer, Plot, name};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::chart::SMALLEST;
use crate::ui::large;
use crate::ui::number::number;
use crate::ui::pager::{Pager, Paragraph};

/// How often a graph is asked for.
const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How often a watch looks.
const WATCHES: SignedDuration = SignedDuration::from_secs(15);
/// Lines of the legend.
const LEGEND: usize = 50;

/// A graph in the place of a pane.
pub struct GraphView {
    plot: Plot,
    pager: Pager,
    /// Whether it is watched: and what was so at the last look.
    watch: Option<Watch>,
}

/// What was so when a watch last looked.
#[derive(Default)]
struct Watch {
    /// Whether the limit was passed; `None` before the first look.
    passed: Option<bool>,
    /// Whether the last look failed.
    is_blind: bool,
}

impl GraphView {
    /// What is written behind `:graph` or `:watch`: a query, or `name:` of a source and a query.
    ///
    /// Errors say what is missing.
    pub fn new(text: &str, watched: bool, view: &View<'_>) -> Result<Self, SafeText> {
        let metrics = || view.world.sources().filter(|source| source.info.gives.contains(&Gives::Metrics));
        // Names of recorded metrics have colons too: only a known source's name is one here.
        let named = text.split_once(':').and_then(|(name, query)| {
            let source = metrics().find(|source| source.info.name.as_str() == Some(name.trim()))?;
            Some((source, query.trim()))
        });
        let first = || metrics().find(|source| view.shows(source.info.environment.as_ref()));
        let Some((source, query)) = named.or_else(|| Some((first()?, text.trim()))) else {
            return Err(if metrics().next().is_some() {
                "No source of this environment gives metrics. :env all shows the others.".into()
            } else {
                "No source gives metrics: add a source of kind prometheus.".into()
            });
        };
        if query.is_empty() {
            return Err(if watched {
                "Type a query behind it: :watch errors_ratio > 0.05".into()
            } else {
                "Type a query behind it: :graph rate(http_requests_total[5m])".into()
            });
        }
        let every = if watched { WATCHES } else { EVERY };
        let plot = Plot::new(source.info.name.clone(), &query.into(), every);
        Ok(Self { plot, pager: Pager::default(), watch: watched.then(Watch::default) })
    }

    /// Whether it goes on when nobody looks.
    pub fn is_watch(&self) -> bool {
        self.watch.is_some()
    }

    /// Asks for it, when it is time to.
    pub fn due(&mut self, now: Timestamp) -> Option<Effect> {
        self.plot.due(now)
    }

    /// When it is to be asked for next.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.plot.next_due()
    }

    /// Takes the answer into what is shown.
    pub fn sync(&mut self, view: &View<'_>) {
        self.plot.sync(view);
    }

    /// Hears an answer, also while the screen is held still. A watch says and calls when its limit has
    /// been passed since the last look, and says when it can see no more.
    pub fn hear(&mut self, source: &RawText, key: &DetailKey, answer: Result<&Graph, &Failure>) -> Outcome {
        if !self.plot.hear(source, key) {
            return Outcome::default();
        }
        let (Some(watch), DetailKey::Graph { to, .. }) = (&mut self.watch, key) else {
            return Outcome::default();
        };
        let was_blind = std::mem::replace(&mut watch.is_blind, answer.is_err());
        let graph = match answer {
            Ok(graph) => graph,
            Err(_) if was_blind => return Outcome::default(),
            Err(failure) => {
                let (what, why) = (clean(&self.plot.expression), clean(&failure.what));
                let text = safe!("{} is not seen: {}", what, why);
                return Outcome { effects: vec![Effect::Ring(text.clone())], ..Outcome::notice(text) };
            }
        };
        let Some((operator, limit)) = self.plot.threshold else { return Outcome::default() };
        // Where nothing is known now, nothing has changed.
        let Some((value, _)) = foremost(graph, *to, self.plot.threshold) else { return Outcome::default() };
        let before = watch.passed.replace(operator.holds(value, limit));
        let text = safe!("{}: it is {} now", clean(&self.plot.expression), number(value.get(), 4));
        match (before, watch.passed) {
            (Some(false), Some(true)) => {
                Outcome { effects: vec![Effect::Ring(text.clone())], ..Outcome::notice(text) }
            }
            (None, Some(true)) => Outcome::notice(safe!("{}, already at the first look", text)),
            _ => Outcome::default(),
        }
    }

    /// Does what a command says. `area` is where it stands.
    pub fn run(&mut self, id: Id, view: &View<'_>, area: Rect) -> Outcome {
        match id {
            Id::PreviousTab | Id::NextTab => {
                return Outcome::notice(self.plot.zoom(id == Id::NextTab));
            }
            Id::Refresh => self.plot.again(),
            Id::CopyRow => {
                let text = self.text(view);
                let lines = std::iter::once(clean(&self.plot.expression));
                let lines = lines.chain(text.into_iter().map(|paragraph| paragraph.text)).collect();
                return Outcome::copy("graph".into(), lines);
            }
            Id::CopyLink | Id::ShowLink => return Outcome::notice("A graph here has no link."),
            Id::Open | Id::Mark | Id::Range | Id::Sort => {}
            _ => {
                let page = Page::new(self, view, inside(area), false);
                self.pager.run(id, &page.paragraphs, inside(area), view.ascii);
            }
        }
        Outcome::default()
    }

    /// What is said when it is closed.
    pub fn farewell(&self) -> Option<SafeText> {
        self.watch.as_ref().map(|_| safe!("{} is no longer watched.", clean(&self.plot.expression)))
    }

    /// Draws it.
    pub fn draw(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let word = SafeText::literal(if self.is_watch() { "Watch" } else { "Graph" });
        let title = safe!("{}  {}", word, clean(&self.plot.expression));
        let often = SafeText::literal(if self.is_watch() { "15 s" } else { "minute" });
        let foot = safe!("{} is asked each {}", clean(&self.plot.source), often);
        canvas.fill(area, view.styles.of(Meaning::Text));
        coverage::frame(view, area, canvas, &title, (&foot, Meaning::Muted));
        let area = inside(area);
        let page = Page::new(self, view, area, canvas.is_aloud());
        self.pager.draw(canvas, area, &page.paragraphs, view.focused);
        let top = self.pager.row_of(0, &page.paragraphs, area, view.ascii);
        canvas.clipped(area, top, page.figure, |canvas, area| self.draw_figure(view, area, canvas));
        let top = self.pager.row_of(usize::from(page.figure), &page.paragraphs, area, view.ascii);
        canvas.clipped(area, top, page.chart, |canvas, area| self.plot.draw(view, Vec::new(), area, canvas));
    }

    /// The value of now in large letters, and beside it what it is of.
    fn draw_figure(&self, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let Some((value, series, answer)) = self.now() else { return };
        let passed = self.plot.threshold.is_some_and(|(operator, limit)| operator.holds(value, limit));
        let meaning = if passed { Meaning::Critical } else { Meaning::Title };
        let text = number(value.get(), 4);
        let rows = large::draw(canvas, area, &text, view.styles.of(meaning));
        let mut beside = match self.plot.threshold {
            Some((operator, limit)) => {
                let is = SafeText::literal(if passed { "it is" } else { "it is not" });
                safe!("{} {} {}", is, SafeText::literal(operator.sign()), number(limit.get(), 4))
            }
            None => SafeText::literal("no limit: write > 3 behind it, and it calls"),
        };
        if answer.graph.series.len() > 1 {
            beside.push(&safe!("  {}", name(series, &answer.graph.series)));
        }
        let y = area.y + rows;
        canvas.text(area.x, y, area.width, &beside, view.styles.of(meaning));
    }

    /// The value that matters now, and the series that has it.
    fn now(&self) -> Option<(Finite, &Series, &Answer)> {
        let answer = self.plot.answer()?;
        let (value, series) = foremost(&answer.graph, answer.to, self.plot.threshold)?;
        Some((value, series, answer))
    }

    /// Everything in words.
    fn text(&self, view: &View<'_>) -> Vec<Paragraph> {
        let mut lines = self.plot.state(view);
        lines.extend(self.plot.legend(view, LEGEND));
        lines.extend(self.plot.limit(view));
        lines
    }
}

/// The value of now that passes a limit or is the nearest to it, and the series that has it.
fn foremost(graph: &Graph, to: Timestamp, limit: Option<(Operator, Finite)>) -> Option<(Finite, &Series)> {
    let mut now = graph.series.iter().filter_map(|series| Some((series.now(graph.step, to)?, series)));
    match limit {
        Some((Operator::Below | Operator::AtMost, _)) => now.min_by_key(|(value, _)| *value),
        Some((Operator::Above | Operator::AtLeast, _)) => now.max_by_key(|(value, _)| *value),
        Some((operator, number)) => now.max_by_key(|(value, _)| operator.holds(*value, number)),
        None => now.next(),
    }
}

/// The view as lines, with room for what is drawn into it.
struct Page {
    paragraphs: Vec<Paragraph>,
    /// Rows of the large value, at the top.
    figure: u16,
    /// Rows of the chart, below it.
    chart: u16,
}

impl Page {
    fn new(of: &GraphView, view: &View<'_>, area: Rect, is_aloud: bool) -> Self {
        let text = of.text(view);
        let figure = match of.now() {
            Some(_) if of.is_watch() && (is_aloud || area.height < 16) => 2,
            Some(_) if of.is_watch() => large::HEIGHT + 1,
            _ => 0,
        };
        let has_room = area.width >= SMALLEST.0 && area.height > figure + SMALLEST.1;
        let chart = if is_aloud || !has_room || !of.plot.has_points() {
            0
        } else {
            let below = u16::try_from(text.len()).unwrap_or(u16::MAX).min(area.height / 3);
            (area.height - figure).saturating_sub(below).max(SMALLEST.1)
        };
        let room = std::iter::repeat_n(Paragraph::default(), usize::from(figure + chart));
        Self { paragraphs: room.chain(text).collect(), figure, chart }
    }
}
