//! The page of one alert: what it says, since when, who has it, what mutes it, its graph, its labels.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::model::alert::{Alert, AlertState, Group, Silence};
use crate::model::health::FailureKind;
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::model::update::{Detail, DetailKey};
use crate::pane::alerts::graph::AlertGraph;
use crate::pane::alerts::rows::Row;
use crate::pane::past::{About, Past};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::pager::{Pager, Paragraph};
use crate::ui::style::of_severity;
use crate::ui::time::{age, took};

/// The page, and where in it the chart stands.
pub(super) struct Page {
    pub(super) paragraphs: Vec<Paragraph>,
    /// The first paragraph of the chart's room.
    chart: usize,
    /// Rows of the chart.
    rows: u16,
}

impl Page {
    /// The page in an area; without the chart where it is read aloud.
    pub(super) fn new(
        row: &Row,
        (graph, past): (&AlertGraph, &Past),
        view: &View<'_>,
        area: Rect,
        is_aloud: bool,
    ) -> Self {
        let rows = if is_aloud { 0 } else { graph.rows(area) };
        let mut paragraphs = head(row, view);
        let (lines, before) = graph.paragraphs(row, view);
        paragraphs.push(Paragraph::default());
        paragraphs.push(Paragraph::new("Graph", view.styles.of(Meaning::Title)));
        let chart = paragraphs.len() + before;
        paragraphs.extend(lines);
        let room = std::iter::repeat_n(Paragraph::default(), rows.into());
        paragraphs.splice(chart..chart, room);
        paragraphs.extend(rest(row, past, view));
        Self { paragraphs, chart, rows }
    }
}

/// What the page says but for its graph, line by line.
pub(super) fn lines(row: &Row, past: &Past, view: &View<'_>) -> Vec<SafeText> {
    let said = head(row, view).into_iter().chain(rest(row, past, view));
    said.map(|paragraph| paragraph.text).filter(|text| !text.is_empty()).collect()
}

/// Draws the page.
pub(super) fn draw(
    row: &Row,
    (graph, past): (&AlertGraph, &Past),
    pager: Pager,
    view: &View<'_>,
    area: Rect,
    canvas: &mut Canvas<'_>,
) {
    let page = Page::new(row, (graph, past), view, area, canvas.is_aloud());
    pager.draw(canvas, area, &page.paragraphs, view.focused);
    let top = pager.row_of(page.chart, &page.paragraphs, area, view.ascii);
    canvas.clipped(area, top, page.rows, |canvas, area| graph.draw(row, view, area, canvas));
}

/// What it is, since when, who has it and what mutes it.
fn head(row: &Row, view: &View<'_>) -> Vec<Paragraph> {
    let alert = &row.alert;
    let text = view.styles.of(Meaning::Text);
    let severity = view.styles.of(of_severity(alert.severity));
    let mut page = vec![
        Paragraph::new(
            safe!("{} {}", SafeText::literal(alert.severity.word()), clean(&alert.name)),
            severity,
        ),
        Paragraph::new(times(row, view), text),
    ];
    // Before the graph, which takes half of a small screen.
    page.extend(summary(row).map(|summary| Paragraph::new(clean(summary), text)));
    if let Some(ack) = &alert.acknowledged {
        let when = view.zone.moment(ack.at, view.now);
        page.push(Paragraph::new(safe!("Acknowledged by {} at {}.", clean(&ack.person), when), text));
    }
    if let Some(claim) = row.claim(view) {
        let when = view.zone.moment(claim.at, view.now);
        page.push(Paragraph::new(safe!("Claimed by {} at {}.", clean(&claim.person), when), text));
    }
    for id in &alert.silenced_by {
        page.push(Paragraph::new(silence(row, id, view), view.styles.of(Meaning::Warning)));
    }
    if !alert.receivers.is_empty() {
        let mut names = SafeText::default();
        for (index, name) in alert.receivers.iter().enumerate() {
            names.push(&safe!("{}{}", SafeText::literal(if index > 0 { ", " } else { "" }), clean(name)));
        }
        page.push(Paragraph::new(told(row, &names, view), text));
        page.extend(together(row, view));
    }
    for name in &alert.inhibited_by {
        page.push(Paragraph::new(safe!("Inhibited by {}.", clean(name)), view.styles.of(Meaning::Warning)));
    }
    page
}

/// Who is told of it, or would be if nothing muted it, and how old that knowledge is.
fn told(row: &Row, names: &SafeText, view: &View<'_>) -> SafeText {
    let mut line = if !row.alert.silenced_by.is_empty() {
        safe!("Would be told to {}, but for the silence", names)
    } else if !row.alert.inhibited_by.is_empty() {
        safe!("Would be told to {}, but for what inhibits it", names)
    } else {
        safe!("Told to {}", names)
    };
    let routes = |(name, alert): (&RawText, &Arc<Alert>)| {
        let source = view.world.source(name)?;
        let own = source.alerts.iter().find(|own| own.id == alert.id)?;
        (!own.receivers.is_empty()).then_some(source)
    };
    let blind = row.tellers().find_map(routes).filter(|source| !source.health(view.now).is_live());
    if let Some(heard) = blind.and_then(|source| source.condition.last_ok) {
        line.push(&safe!(", as of {} ago", age(view.now.duration_since(heard))));
    }
    line.push(&SafeText::literal("."));
    line
}

/// With which others the receivers are told of it, one line for each.
fn together(row: &Row, view: &View<'_>) -> Vec<Paragraph> {
    let muted = view.styles.of(Meaning::Muted);
    let key = DetailKey::Groups { alert: row.alert.id.clone() };
    match view.world.detail(&row.source, &key) {
        Some(Ok(Detail::Groups(groups))) => {
            groups.iter().map(|group| Paragraph::new(with(group, &row.alert), muted)).collect()
        }
        // Sources that put nothing together have nothing to say.
        Some(Err(failure)) if failure.kind != FailureKind::Missing => {
            let why = safe!("With which others cannot be seen: {}", clean(&failure.what));
            vec![Paragraph::new(why, view.styles.of(Meaning::Warning))]
        }
        _ => Vec::new(),
    }
}

/// `pager is told of it with 3 others (service=checkout): LatencyP99, InstanceDown x2`.
fn with(group: &Group, alert: &Alert) -> SafeText {
    const NAMED: usize = 8;
    let name = &alert.name;
    let is_muted = !alert.silenced_by.is_empty() || !alert.inhibited_by.is_empty();
    let is = SafeText::literal(if is_muted { "would be" } else { "is" });
    let all: usize = group.alerts.values().sum();
    let mut line = match all.saturating_sub(1) {
        0 => safe!("{} {} told of it alone", clean(&group.receiver), is),
        1 => safe!("{} {} told of it with 1 other", clean(&group.receiver), is),
        others => safe!("{} {} told of it with {} others", clean(&group.receiver), is, others),
    };
    for (index, (label, value)) in group.labels.iter().enumerate() {
        let before = SafeText::literal(if index > 0 { ", " } else { " (" });
        line.push(&safe!("{}{}={}", before, clean(label), clean(value)));
    }
    line.push(&SafeText::literal(if group.labels.is_empty() { "" } else { ")" }));
    // Its own name counts once less.
    let others = group.alerts.iter().map(|(other, count)| (other, count - usize::from(other == name)));
    let others: Vec<_> = others.filter(|(_, count)| *count > 0).collect();
    for (index, (name, count)) in others.iter().take(NAMED).enumerate() {
        let before = SafeText::literal(if index > 0 { ", " } else { ": " });
        line.push(&safe!("{}{}", before, clean(name)));
        if *count > 1 {
            line.push(&safe!(" x{}", count));
        }
    }
    if others.len() > NAMED {
        line.push(&safe!(" and {} more", others.len() - NAMED));
    }
    line.push(&SafeText::literal("."));
    line
}

/// What people wrote about it, its labels, and where it comes from.
fn rest(row: &Row, past: &Past, view: &View<'_>) -> Vec<Paragraph> {
    let alert = &row.alert;
    let (text, muted) = (view.styles.of(Meaning::Text), view.styles.of(Meaning::Muted));
    let heading = view.styles.of(Meaning::Title);
    let mut page = Vec::new();
    let mut section = |title: &'static str, lines: Vec<Paragraph>| {
        if !lines.is_empty() {
            page.push(Paragraph::default());
            page.push(Paragraph::new(title, heading));
            page.extend(lines);
        }
    };
    let mut annotations = Vec::new();
    let others = alert.annotations.iter().filter(|(_, value)| summary(row) != Some(*value));
    for (name, value) in others {
        let lines = clean_block(value);
        let style = if is_link(value) { view.styles.of(Meaning::Link) } else { text };
        if let [line] = lines.as_slice() {
            annotations.push(Paragraph::new(safe!("{}: {}", clean(name), line), style));
        } else {
            annotations.push(Paragraph::new(safe!("{}:", clean(name)), text));
            annotations.extend(lines.into_iter().map(|line| Paragraph::new(safe!("  {}", line), text)));
        }
    }
    section("What people wrote", annotations);
    let labels = alert.labels.iter();
    section(
        "Labels",
        labels
            .map(|(name, value)| Paragraph::new(safe!("{} = {}", clean(name), clean(value)), text))
            .collect(),
    );
    let mut origin = vec![Paragraph::new(safe!("source {}", clean(&row.source)), muted)];
    if let Some(link) = &alert.link {
        origin.push(Paragraph::new(clean(link), view.styles.of(Meaning::Link)));
    }
    for word in &row.others {
        let old = if word.is_live { "" } else { ", as far as it was last heard" };
        let value = word.alert.value.as_ref().map(|value| safe!(" at {}", clean(value))).unwrap_or_default();
        let state = SafeText::literal(match word.alert.state {
            AlertState::Pending => "pends",
            AlertState::Firing => "fires",
            AlertState::Resolved => "has ended",
        });
        let text = safe!("source {}: {}{}{}", clean(&word.source), state, value, SafeText::literal(old));
        let style = if word.alert.state == alert.state { muted } else { view.styles.of(Meaning::Warning) };
        origin.push(Paragraph::new(text, style));
    }
    section("Where it comes from", origin);
    section("What was like it", past.paragraphs(view));
    page
}

/// What incidents have to have in common with it to be told on its page.
pub(super) fn about(row: &Row, view: &View<'_>) -> About {
    let subject = Subject {
        service: row.service.clone(),
        host: view.catalog.host_of_labels(row.alert.labels.iter()),
        ..Subject::default()
    };
    let name = &row.alert.name;
    // What was pinned in an incident of it that goes on tells what its logs say.
    let own = view.incidents.iter().filter(|one| one.ended().is_none() && one.alert.as_ref() == Some(name));
    let patterns = own.flat_map(|one| &one.patterns).cloned().collect();
    About { alert: Some(name.clone()), subject, patterns, is_routine: false }
}

/// What people wrote in one line about what is wrong.
fn summary(row: &Row) -> Option<&RawText> {
    let summary = row.alert.annotations.get(&RawText::from("summary"))?;
    (!summary.is_empty() && !summary.as_bytes().contains(&b'\n')).then_some(summary)
}

fn is_link(value: &RawText) -> bool {
    value.as_bytes().starts_with(b"http://") || value.as_bytes().starts_with(b"https://")
}

fn times(row: &Row, view: &View<'_>) -> SafeText {
    let alert = &row.alert;
    let onset = view.zone.moment(alert.onset(), view.now);
    let mut line = match (alert.state, alert.ended) {
        (AlertState::Resolved, Some(ended)) => {
            let lasted = took(ended.duration_since(alert.onset()));
            let after = alert.ended_after.unwrap_or(ended);
            if let Some(between) = view.zone.between(after, ended, view.now) {
                let least = took(after.duration_since(alert.onset()));
                let lasted = if after < ended { safe!("{} to {}", least, lasted) } else { lasted };
                safe!("Resolved {}, nobody saw when. Began at {}, lasted {}.", between, onset, lasted)
            } else {
                let ended = view.zone.moment(ended, view.now);
                safe!("Resolved at {}. Began at {}, lasted {}.", ended, onset, lasted)
            }
        }
        (AlertState::Pending, _) => safe!("Pending since {}.", onset),
        _ => safe!("Began at {}, {} ago.", onset, age(view.now.duration_since(alert.onset()))),
    };
    if let Some(held) = alert.held.filter(|held| !held.is_zero()) {
        let fired = view.zone.moment(alert.started, view.now);
        line.push(&safe!(" Fires after {}: fired at {}.", took(held), fired));
    }
    line
}

fn silence(row: &Row, id: &RawText, view: &View<'_>) -> SafeText {
    let mut sources = row.tellers().filter_map(|(source, _)| view.world.source(source));
    let known = sources.find_map(|source| Some((source, source.silences.iter().find(|s| s.id == *id)?)));
    let Some((source, silence)) = known else {
        return safe!("Silenced by {}, which the source does not describe.", clean(id));
    };
    let until = view.zone.clock(silence.ends, view.now);
    let mut line = safe!("Silenced until {} by {}", until, clean(&silence.person));
    if !silence.comment.is_empty() {
        line.push(&safe!(": {}", clean(&silence.comment)));
    }
    line.push(&safe!(" ({})", matchers(silence)));
    if !source.health(view.now).is_live() {
        line.push(&safe!(", as far as {} was last heard", clean(&source.info.name)));
    }
    line
}

fn matchers(silence: &Silence) -> SafeText {
    let mut text = SafeText::default();
    for (index, matcher) in silence.matchers.iter().enumerate() {
        let separator = SafeText::literal(if index > 0 { ", " } else { "" });
        let sign = SafeText::literal(matcher.comparison.sign());
        text.push(&safe!("{}{}{}{}", separator, clean(&matcher.label), sign, clean(&matcher.value)));
    }
    text
}
