//! The graph on the page of an alert: its expression over the last hours, its limit, its onset, and the
//! deployments of its service.

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;

use crate::config::theme::Meaning;
use crate::insight::changes::{self, Deployment};
use crate::model::limit::is_cut;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::Gives;
use crate::model::world::Source;
use crate::pane::alerts::rows::Row;
use crate::pane::coverage;
use crate::pane::effect::Effect;
use crate::pane::plot::Plot;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::chart::{Mark, SMALLEST};
use crate::ui::pager::Paragraph;
use crate::ui::style::of_run;

/// How often it is asked for while the page is open.
const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Lines of the legend.
const LEGEND: usize = 6;
/// Deployments that are marked: each has a digit.
const MARKED: usize = 9;

/// The graph of the alert that is open.
pub(super) struct AlertGraph {
    /// The expression that it was made for.
    expression: Option<RawText>,
    /// The graph, or why there is none.
    plot: Result<Plot, SafeText>,
    /// The newest deployments of its service in the time that is drawn, the oldest first.
    deployments: Vec<Deployment>,
    /// How many there are before those.
    older: usize,
}

impl AlertGraph {
    pub(super) fn new(row: &Row, view: &View<'_>) -> Self {
        let expression = expression(row).cloned();
        let plot = match &expression {
            None => Err(SafeText::literal(
                "The source does not tell the expression of its rule, so nothing is drawn.",
            )),
            Some(expression) if is_cut(expression) => {
                Err(SafeText::literal("The expression is too long to be kept whole, so nothing is drawn."))
            }
            Some(expression) => drawer(row, view).map(|source| Plot::new(source, expression, EVERY)),
        };
        Self { expression, plot, deployments: Vec::new(), older: 0 }
    }

    /// Takes the answer when it has come, another expression when the rule has changed, and deployments.
    pub(super) fn sync(&mut self, row: &Row, view: &View<'_>) {
        if self.expression.as_ref() != expression(row) {
            *self = Self::new(row, view);
        }
        if let Ok(plot) = &mut self.plot {
            plot.sync(view);
        }
        let span = self.plot.as_ref().ok().and_then(Plot::span);
        let found = row.service.as_ref().zip(span).map(|(service, (from, to))| {
            changes::deployments(view.world, view.catalog, service, &(from..=to))
        });
        let mut found = found.unwrap_or_default();
        self.older = found.len().saturating_sub(MARKED);
        self.deployments = found.split_off(self.older);
    }

    pub(super) fn due(&mut self, now: Timestamp) -> Option<Effect> {
        self.plot.as_mut().ok()?.due(now)
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.plot.as_ref().ok()?.next_due()
    }

    pub(super) fn again(&mut self) {
        if let Ok(plot) = &mut self.plot {
            plot.again();
        }
    }

    /// Draws a longer or a shorter time; says how long.
    pub(super) fn zoom(&mut self, longer: bool) -> SafeText {
        match &mut self.plot {
            Ok(plot) => plot.zoom(longer),
            Err(_) => SafeText::literal("There is no graph here."),
        }
    }

    /// Rows of the chart in a page of this height; none where it is too small or has nothing to draw.
    pub(super) fn rows(&self, area: Rect) -> u16 {
        let has_room = area.width >= SMALLEST.0 && area.height >= SMALLEST.1 + 2;
        match &self.plot {
            Ok(plot) if has_room && plot.has_points() => (area.height / 2).clamp(SMALLEST.1, 14),
            _ => 0,
        }
    }

    /// The lines of the section, and before which of them the chart stands.
    pub(super) fn paragraphs(&self, row: &Row, view: &View<'_>) -> (Vec<Paragraph>, usize) {
        let of = |meaning| view.styles.of(meaning);
        let mut lines = Vec::new();
        if let Some(expression) = &self.expression {
            lines.push(Paragraph::new(clean(expression), of(Meaning::Text)));
        }
        let chart = lines.len();
        let plot = match &self.plot {
            Ok(plot) => plot,
            Err(why) => {
                lines.push(Paragraph::new(why.clone(), of(Meaning::Muted)));
                return (lines, chart);
            }
        };
        lines.extend(plot.legend(view, LEGEND));
        lines.extend(plot.state(view));
        let Some((from, _)) = plot.span() else { return (lines, chart) };
        lines.extend(plot.limit(view));
        let onset = row.alert.onset();
        let when = view.zone.moment(onset, view.now);
        lines.push(Paragraph::new(
            if onset < from {
                safe!("! began {}, before what is drawn", when)
            } else {
                safe!("! began {}", when)
            },
            of(Meaning::Critical),
        ));
        lines.extend(self.told(row, view, from));
        (lines, chart)
    }

    /// What is drawn, in lines that can be kept; none while there is nothing to draw.
    pub(super) fn evidence(&self, view: &View<'_>) -> Vec<SafeText> {
        let Ok(plot) = &self.plot else { return Vec::new() };
        let Some((from, to)) = plot.span().filter(|_| plot.has_points()) else { return Vec::new() };
        let mut head =
            safe!("Graph from {} to {}", view.zone.moment(from, view.now), view.zone.moment(to, view.now));
        if let Some(expression) = &self.expression {
            head.push(&safe!(": {}", clean(expression)));
        }
        let drawn = plot.pictures(view.ascii, LEGEND).into_iter().zip(plot.legend(view, LEGEND));
        let series = drawn.flat_map(|(picture, legend)| [picture, legend.text]);
        let limit = plot.limit(view).map(|limit| limit.text);
        std::iter::once(head).chain(series).chain(limit).collect()
    }

    /// Draws the chart.
    pub(super) fn draw(&self, row: &Row, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let Ok(plot) = &self.plot else { return };
        let sign = SafeText::literal("!");
        let style = view.styles.of(Meaning::Critical);
        let onset = Mark { at: row.alert.onset(), sign, upright: true, style };
        let marks = self.deployments.iter().enumerate().rev().map(|(index, Deployment { run, .. })| Mark {
            at: run.began(),
            sign: safe!("{}", index + 1),
            upright: false,
            style: view.styles.of(of_run(run.state).0),
        });
        plot.draw(view, std::iter::once(onset).chain(marks).collect(), area, canvas);
    }

    /// The deployments in words, the newest first, and why they may not be all.
    fn told(&self, row: &Row, view: &View<'_>, from: Timestamp) -> Vec<Paragraph> {
        let muted = view.styles.of(Meaning::Muted);
        let Some(service) = row.service.as_ref().map(clean) else { return Vec::new() };
        if coverage::sources(view, Gives::Runs).next().is_none() {
            return vec![Paragraph::new(safe!("No source tells of deployments of {}.", service), muted)];
        }
        let mut lines = Vec::new();
        for (index, Deployment { source, run, placed }) in self.deployments.iter().enumerate().rev() {
            let began = view.zone.moment(run.began(), view.now);
            let mut text = safe!("{} {} {}", index + 1, began, clean(&run.pipeline));
            if let Some(number) = run.number {
                text.push(&safe!(" #{}", number));
            }
            text.push(&safe!(" {}", SafeText::literal(run.state.word())));
            for part in [&placed.revision, &placed.environment].into_iter().flatten() {
                text.push(&safe!(" {}", clean(part)));
            }
            if let Some(person) = &run.person {
                text.push(&safe!(" by {}", clean(person)));
            }
            if !view.world.source(source).is_some_and(|source| source.health(view.now).is_live()) {
                text.push(&SafeText::literal(" (as far as it was last heard)"));
            }
            lines.push(Paragraph::new(text, view.styles.of(of_run(run.state).0)));
        }
        if self.older > 0 {
            lines.push(Paragraph::new(safe!("{} older ones are not marked", self.older), muted));
        }
        let gaps = coverage::gaps(view, from);
        let none = self.deployments.is_empty();
        if none {
            let text = safe!("No deployment of {} is known in this time.", service);
            lines.push(Paragraph::new(text, muted));
        }
        if !gaps.is_empty() {
            let text = safe!("Not all runs were seen: {}", coverage::listed(&gaps));
            lines.push(Paragraph::new(text, view.styles.of(Meaning::Warning)));
        }
        lines
    }
}

/// The expression, as the first who tells of the alert knows it.
fn expression(row: &Row) -> Option<&RawText> {
    row.tellers().find_map(|(_, alert)| alert.expression.as_ref())
}

/// The source that draws an alert's expression, or why none does.
fn drawer(row: &Row, view: &View<'_>) -> Result<RawText, SafeText> {
    let all: Vec<&Source> =
        view.world.sources().filter(|source| source.info.gives.contains(&Gives::Metrics)).collect();
    let tells = |source: &&&Source| row.tellers().any(|(name, _)| *name == source.info.name);
    if let Some(own) = all.iter().find(tells) {
        return Ok(own.info.name.clone());
    }
    if all.is_empty() {
        return Err("No source gives metrics: with a `prometheus` source this is drawn.".into());
    }
    // An alert's environment may be a label that nobody configured.
    let own = view.world.source(&row.source).and_then(|source| source.info.environment.as_ref());
    let places = [own, row.environment.as_ref()];
    let is_near = |source: &&&Source| {
        let place = source.info.environment.as_ref();
        place.is_none() || places.contains(&place) || places == [None, None]
    };
    let near: Vec<&Source> = all.iter().filter(is_near).copied().collect();
    let hosts: Vec<&str> =
        row.tellers().filter_map(|(_, alert)| host(alert.link.as_ref()?.as_str()?)).collect();
    let linked: Vec<&Source> = near.iter().filter(|source| is_at(source, &hosts)).copied().collect();
    match (linked.as_slice(), near.as_slice()) {
        ([one], _) | (_, [one]) => Ok(one.info.name.clone()),
        (_, []) => {
            let text =
                safe!("No source of this environment gives metrics; these do elsewhere: {}.", names(&all));
            Err(text)
        }
        _ => Err(safe!(
            "Several sources could draw this: {}. :graph NAME: and the expression says which.",
            names(&near)
        )),
    }
}

fn names(sources: &[&Source]) -> SafeText {
    let mut text = SafeText::default();
    for (index, source) in sources.iter().enumerate() {
        let before = SafeText::literal(if index > 0 { ", " } else { "" });
        text.push(&safe!("{}{}", before, clean(&source.info.name)));
    }
    text
}

/// Whether a source is what a link leads to: by its address, or by its name.
fn is_at(source: &Source, hosts: &[&str]) -> bool {
    let addresses = || source.info.reads.iter().filter_map(|reads| host(reads.as_str()?));
    let name = source.info.name.as_str().unwrap_or_default();
    hosts.iter().any(|wanted| {
        let plain = without_port(wanted);
        addresses().any(|own| own == *wanted || without_port(own) == plain)
            || name.eq_ignore_ascii_case(plain)
            || plain.split('.').next().is_some_and(|short| name.eq_ignore_ascii_case(short))
    })
}

/// `prometheus.example:9090` of `https://kim@prometheus.example:9090/graph?...`.
fn host(link: &str) -> Option<&str> {
    let (_, rest) = link.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty()).then_some(host)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
