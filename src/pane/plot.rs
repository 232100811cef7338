//! A graph that is kept up to date while somebody looks at it: asked for, waited for, drawn and told.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::config::theme::Meaning;
use crate::model::expression::{Operator, threshold};
use crate::model::graph::{Finite, Graph, Series};
use crate::model::health::{Failure, Health};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::{Detail, DetailKey};
use crate::pane::effect::Effect;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::chart::{self, Chart, Line, Mark};
use crate::ui::number::number;
use crate::ui::pager::Paragraph;
use crate::ui::spark::spark;
use crate::ui::time::took;

/// Hours that are drawn, from one step to the next.
const HOURS: [i64; 4] = [1, 3, 12, 24];
/// An answer that has not come after so long is asked for again.
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);
/// A person's wish to see it anew counts once in this time, and in five times of it while the last
/// question has no answer.
const SOON: SignedDuration = SignedDuration::from_secs(2);
/// Digits of a value in words.
const DIGITS: usize = 4;
/// Columns of a line in one row, and how many values they can tell apart.
const PARTS: u16 = 60;
const HEIGHTS: u32 = 8;

/// What was asked, and when.
struct Asked {
    key: DetailKey,
    at: Timestamp,
    is_answered: bool,
    /// Whether the answer is in what is drawn: not while the screen is held still.
    is_taken: bool,
    /// Whether a person wants another answer.
    is_urgent: bool,
}

/// What was answered last.
pub(super) struct Answer {
    pub(super) graph: Arc<Graph>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// One query, drawn over the last hours.
pub(super) struct Plot {
    /// Who is asked.
    pub(super) source: RawText,
    /// As the person or the rule wrote it.
    pub(super) expression: RawText,
    /// What of it is drawn.
    query: RawText,
    /// The comparison that the expression makes.
    pub(super) threshold: Option<(Operator, Finite)>,
    /// Which of [`HOURS`].
    range: usize,
    every: SignedDuration,
    asked: Option<Asked>,
    /// What to draw, until the next answer.
    answer: Option<Answer>,
    /// Why the last question has no answer.
    failure: Option<Failure>,
}

impl Plot {
    /// A graph of an expression over the last three hours, asked for anew after so long.
    pub(super) fn new(source: RawText, expression: &RawText, every: SignedDuration) -> Self {
        let read = expression.as_str().and_then(threshold);
        let (query, threshold) = match read {
            Some(found) => (RawText::from(found.subject), Some((found.operator, found.number))),
            None => (expression.clone(), None),
        };
        let (asked, answer, failure) = (None, None, None);
        Self {
            source,
            expression: expression.clone(),
            query,
            threshold,
            range: 1,
            every,
            asked,
            answer,
            failure,
        }
    }

    /// Asks for it, when it is time to.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<Effect> {
        if self.next_due().is_some_and(|due| now < due) {
            return None;
        }
        let hours = HOURS.get(self.range).copied().unwrap_or(1);
        let from = now.checked_sub(SignedDuration::from_hours(hours)).ok()?;
        let key = DetailKey::Graph { query: self.query.clone(), from, to: now };
        self.asked =
            Some(Asked { key: key.clone(), at: now, is_answered: false, is_taken: false, is_urgent: false });
        Some(Effect::Fetch(self.source.clone(), key))
    }

    /// When it is to be asked for next; `None` before the first time.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let asked = self.asked.as_ref()?;
        let wait = match (asked.is_urgent, asked.is_answered) {
            (true, true) => SOON,
            (true, false) => SOON * 5,
            (false, true) => self.every,
            (false, false) => self.every.max(PATIENCE),
        };
        Some(asked.at.checked_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// Lets it be asked for as soon as it may be. A key that is held down is no flood of questions.
    pub(super) fn again(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.is_urgent = true;
        }
    }

    /// Draws a longer or a shorter time from now on; says which.
    pub(super) fn zoom(&mut self, longer: bool) -> SafeText {
        let next = if longer { self.range.checked_add(1) } else { self.range.checked_sub(1) };
        let Some(next) = next.filter(|next| *next < HOURS.len()) else {
            return SafeText::literal(if longer {
                "It goes no further back."
            } else {
                "It gets no shorter."
            });
        };
        self.range = next;
        self.asked = None;
        safe!("The last {} h.", self.hours())
    }

    /// Hears that there is an answer; false if it is to another question.
    pub(super) fn hear(&mut self, source: &RawText, key: &DetailKey) -> bool {
        let asked = self.asked.as_mut().filter(|asked| self.source == *source && asked.key == *key);
        asked.map(|asked| asked.is_answered = true).is_some()
    }

    /// Takes the answer into what is drawn, when it has come.
    pub(super) fn sync(&mut self, view: &View<'_>) {
        let Some(asked) = self.asked.as_mut().filter(|asked| !asked.is_taken) else { return };
        let DetailKey::Graph { from, to, .. } = asked.key else { return };
        match view.world.detail(&self.source, &asked.key) {
            Some(Ok(Detail::Graph(graph))) => {
                self.answer = Some(Answer { graph: Arc::clone(graph), from, to });
                self.failure = None;
            }
            Some(Err(failure)) => self.failure = Some(failure.clone()),
            Some(Ok(Detail::Jobs(_) | Detail::Log(_) | Detail::Groups(_))) | None => return,
        }
        (asked.is_answered, asked.is_taken) = (true, true);
    }

    /// The limit in words, if there is one.
    pub(super) fn limit(&self, view: &View<'_>) -> Option<Paragraph> {
        let (operator, limit) = self.threshold?;
        let text =
            safe!("-- the limit: {} {}", SafeText::literal(operator.sign()), number(limit.get(), DIGITS));
        Some(Paragraph::new(text, view.styles.of(Meaning::Warning)))
    }

    /// What was answered last.
    pub(super) fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// Whether there is something to draw.
    pub(super) fn has_points(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|answer| answer.graph.series.iter().any(|series| !series.points.is_empty()))
    }

    /// The time that is drawn, or will be.
    pub(super) fn hours(&self) -> i64 {
        HOURS.get(self.range).copied().unwrap_or(1)
    }

    /// From when to when the chart goes.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.answer.as_ref().map(|answer| (answer.from, answer.to))
    }

    /// Draws the chart.
    pub(super) fn draw(&self, view: &View<'_>, marks: Vec<Mark>, area: Rect, canvas: &mut Canvas<'_>) {
        let Some(answer) = &self.answer else { return };
        let lines = answer.graph.series.iter().enumerate();
        let limit = view.styles.of(Meaning::Warning);
        let chart = Chart {
            from: answer.from,
            to: answer.to,
            step: answer.graph.step,
            lines: lines
                .map(|(index, series)| Line { points: &series.points, style: hue(index, view) })
                .collect(),
            level: self.threshold.map(|(_, number)| (number.get(), limit)),
            marks,
            axis: view.styles.of(Meaning::Muted),
        };
        chart.draw(canvas, area, view.zone);
    }

    /// How it stands: that it is fetched, from when it is, why it is not there, what of it is missing.
    pub(super) fn state(&self, view: &View<'_>) -> Vec<Paragraph> {
        let of = |meaning| view.styles.of(meaning);
        let source = clean(&self.source);
        let mut lines = Vec::new();
        let mut say = |text: SafeText, meaning| lines.push(Paragraph::new(text, of(meaning)));
        let waits = self.asked.as_ref().is_none_or(|asked| !asked.is_taken);
        if let Some(answer) = &self.answer {
            let to = view.zone.moment(answer.to, view.now);
            let hours = answer.to.duration_since(answer.from).as_hours();
            // A point is the value of one moment: what came and went between two is not seen.
            let step = took(answer.graph.step);
            let mut text =
                safe!("{} h to {}, from {}; step {} may skip dips; , . zoom", hours, to, source, step);
            if waits && hours != self.hours() {
                text.push(&safe!(". Fetching {} h.", self.hours()));
            }
            say(text, Meaning::Muted);
        } else if self.asked.is_none() {
            say(
                safe!("The last {} h are fetched from {} when the screen moves.", self.hours(), source),
                Meaning::Muted,
            );
        } else if waits {
            say(safe!("Fetching the last {} h from {}.", self.hours(), source), Meaning::Muted);
        }
        if let Some(failure) = &self.failure {
            let kind = SafeText::literal(failure.kind.word());
            say(safe!("{} gives no graph ({}): {}", source, kind, clean(&failure.what)), Meaning::Critical);
            if let Some(advice) = &failure.advice {
                say(safe!("Do: {}", clean(advice)), Meaning::Text);
            }
            say(SafeText::literal("r tries again."), Meaning::Muted);
        }
        if let Some(why) = blind(&self.source, view) {
            say(why, Meaning::Warning);
        }
        let Some(answer) = &self.answer else { return lines };
        let graph = &answer.graph;
        if graph.series.is_empty() {
            say(safe!("{} has no value of this in that time.", source), Meaning::Warning);
        }
        for warning in &graph.warnings {
            say(safe!("{} says: {}", source, clean(warning)), Meaning::Warning);
        }
        if graph.more_series > 0 {
            let (shown, all) = (graph.series.len(), graph.series.len().saturating_add(graph.more_series));
            let text = safe!(
                "{} of {} series or more are drawn: sum by (...) or topk(10, ...) makes fewer.",
                shown,
                all
            );
            say(text, Meaning::Warning);
        }
        if graph.more_points > 0 {
            say(safe!("{} older points are left out.", graph.more_points), Meaning::Warning);
        }
        let undrawable =
            graph.series.iter().fold(0_usize, |sum, series| sum.saturating_add(series.undrawable));
        if undrawable > 0 {
            say(
                safe!("{} values are NaN or infinite: nothing is drawn there.", undrawable),
                Meaning::Warning,
            );
        }
        lines
    }

    /// The lines in words: each with its letter, its value now, its bounds and what tells it apart.
    pub(super) fn legend(&self, view: &View<'_>, most: usize) -> Vec<Paragraph> {
        let Some(answer) = &self.answer else { return Vec::new() };
        let graph = &answer.graph;
        let alone = graph.series.len() == 1;
        let mut lines = Vec::new();
        for (index, series) in graph.series.iter().enumerate().take(most) {
            let mut text = if alone { SafeText::default() } else { safe!("{} ", chart::letter(index)) };
            text.push(&self.value(series, answer, view));
            if let Some((low, high)) = series.bounds() {
                text.push(&safe!(", {} to {}", number(low.get(), DIGITS), number(high.get(), DIGITS)));
            }
            let name = name(series, &graph.series);
            if !name.is_empty() {
                text.push(&safe!("  {}", name));
            }
            lines.push(Paragraph::new(text, hue(index, view)));
        }
        let more = graph.series.len().saturating_sub(most);
        if more > 0 {
            lines.push(Paragraph::new(safe!("and {} more", more), view.styles.of(Meaning::Muted)));
        }
        lines
    }

    /// The lines in one row each: the highest value of each part of the time, between the bounds of the line.
    pub(super) fn pictures(&self, ascii: bool, most: usize) -> Vec<SafeText> {
        let Some(answer) = &self.answer else { return Vec::new() };
        let series = answer.graph.series.iter().take(most);
        series.map(|series| spark(&heights(series, answer), ascii)).collect()
    }

    /// The value of a series now, and whether the comparison holds for it.
    fn value(&self, series: &Series, answer: &Answer, view: &View<'_>) -> SafeText {
        let Some(value) = series.now(answer.graph.step, answer.to) else {
            return match series.points.last() {
                _ if series.ends_undrawable => SafeText::literal("now NaN or infinite"),
                Some(last) => {
                    let when = view.zone.moment(last.at, view.now);
                    safe!("no value now, {} at {}", number(last.value.get(), DIGITS), when)
                }
                None => SafeText::literal("no value"),
            };
        };
        let mut text = safe!("{} now", number(value.get(), DIGITS));
        if let Some((operator, limit)) =
            self.threshold.filter(|(operator, limit)| operator.holds(value, *limit))
        {
            let sign = SafeText::literal(operator.sign());
            text.push(&safe!(" ({} {})", sign, number(limit.get(), DIGITS)));
        }
        text
    }
}

/// From 1 for the lowest value to [`HEIGHTS`] for the highest; 0 where there is none.
fn heights(series: &Series, answer: &Answer) -> Vec<u32> {
    let mut heights = vec![0; PARTS.into()];
    let Some((low, high)) = series.bounds() else { return heights };
    let range = high.get() - low.get();
    let span = answer.to.duration_since(answer.from).as_secs_f64();
    for point in &series.points {
        let share = point.at.duration_since(answer.from).as_secs_f64() / span;
        let height = if range > 0.0 { (point.value.get() - low.get()) / range } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "both are from 0 to 1")]
        let (part, height) = (
            (share.clamp(0.0, 1.0) * f64::from(PARTS)) as usize,
            1 + (height * f64::from(HEIGHTS - 1)).round() as u32,
        );
        if let Some(part) = heights.get_mut(part.min(usize::from(PARTS) - 1)) {
            *part = height.max(*part);
        }
    }
    heights
}

/// How the line at this place is drawn: the hues that tell environments apart tell lines apart too.
fn hue(index: usize, view: &View<'_>) -> Style {
    let hues = [
        Meaning::Graph,
        Meaning::EnvironmentC,
        Meaning::EnvironmentD,
        Meaning::EnvironmentA,
        Meaning::EnvironmentB,
    ];
    let meaning = hues.iter().cycle().nth(index).copied().unwrap_or(Meaning::Graph);
    view.styles.of(meaning)
}

/// What tells a series from the others: the labels that differ; of a lone one, all.
pub(super) fn name(series: &Series, all: &[Series]) -> SafeText {
    let differs = |label: &RawText| {
        all.len() == 1 || all.iter().any(|other| other.labels.get(label) != series.labels.get(label))
    };
    let told = series.labels.iter().filter(|(label, _)| differs(label));
    let mut text = SafeText::default();
    for (index, (label, value)) in told.enumerate() {
        let before = SafeText::literal(if index > 0 { ", " } else { "" });
        text.push(&safe!("{}{}={}", before, clean(label), clean(value)));
    }
    text
}

/// That a source cannot be seen through, and why.
pub(super) fn blind(source: &RawText, view: &View<'_>) -> Option<SafeText> {
    let health = view.world.source(source)?.health(view.now);
    let name = clean(source);
    match health {
        Health::Failing(failure, since) => {
            let since = view.zone.moment(since, view.now);
            Some(safe!("{} is blind since {}: {}", name, since, clean(&failure.what)))
        }
        Health::Crashed(_) => Some(safe!("{} crashed and is started again.", name)),
        Health::Starting | Health::Live | Health::Stale(_) => None,
    }
}
