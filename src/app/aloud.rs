//! The console without a screen: what is so, what is news, and what the cursor stands on, in lines.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::frame::health_words;
use crate::app::layout::{Layout, Width};
use crate::app::overlay::Overlay;
use crate::insight::events::events;
use crate::model::health::Health;
use crate::model::text::{SafeText, clean};
use crate::model::update::Gives;
use crate::pane::alerts::Alerts;
use crate::pane::coverage;
use crate::pane::drill::BANNER;
use crate::pane::keeping;
use crate::pane::notes::{happened, is_shown};
use crate::pane::pipelines::Pipelines;
use crate::pane::sources::folded;
use crate::pane::view::PaneId;
use crate::safe;
use crate::ui::canvas::{self, Written};

/// Columns and rows that the panes are told they have: all columns of a table fit in, and a page of
/// a list is not too long to hear.
pub const SIZE: (u16, u16) = (160, 24);
/// The longest page that is read at once.
const PAGE: u16 = 400;
/// Rows of one sort in the summary.
const MOST: usize = 10;
/// Log lines of one piece of news.
const LINES: usize = 5;

/// How far the news has been told.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    happened: usize,
    /// How many log lines of each stream had come; `None` while logs do not follow in focus.
    lines: Option<Vec<u64>>,
}

impl App {
    /// Whether sources are still to say their first word.
    pub fn is_starting(&self, now: Timestamp) -> bool {
        let view = self.state.view(true, now);
        view.world.sources().any(|source| matches!(source.health(now), Health::Starting))
    }

    /// What is so now: the header's words, what fires, what is broken, who is blind.
    pub fn summary(&self, now: Timestamp) -> Vec<SafeText> {
        let view = self.state.view(true, now);
        let (scope, _) = self.scope_name(&view);
        let (health, _) = health_words(&view);
        let (time, zone) = (view.zone.minute(view.now), view.zone.name(view.now));
        let mut lines = Vec::new();
        if self.is_drill() {
            lines.push(safe!("{}.", SafeText::literal(BANNER.0)));
        }
        lines.push(safe!("midwatch: {}, {}, {} {}.", scope, health, time, zone));
        lines.extend(keeping::sentences(&view));
        let mut list = |rows: Vec<SafeText>, none: &'static str, one: &'static str, many: &'static str| {
            lines.push(match rows.len() {
                0 => SafeText::literal(none),
                1 => SafeText::literal(one),
                count => safe!("{} {}", count, SafeText::literal(many)),
            });
            let more = rows.len().saturating_sub(MOST);
            lines.extend(rows.into_iter().take(MOST).map(|row| safe!("  {}", row)));
            if more > 0 {
                lines.push(safe!("  and {} more", more));
            }
        };
        let none = |gives, well: &'static str, blind: &'static str| {
            if coverage::sources(&view, gives).next().is_some() { well } else { blind }
        };
        let no_alerts = none(Gives::Alerts, "No alert fires that is known.", "No source gives alerts.");
        list(Alerts::firing(&view), no_alerts, "1 alert fires:", "alerts fire:");
        let no_runs =
            none(Gives::Runs, "No run that is known has failed and stands so.", "No source gives runs.");
        list(Pipelines::broken(&view), no_runs, "1 run failed:", "runs failed:");
        for cause in folded(&view) {
            let what = clean(&cause.failure.what);
            let since = view.zone.moment(cause.since, view.now);
            lines.push(safe!("{} blind since {}: {}", sources(cause.count), since, what));
        }
        self.in_glyphs(lines)
    }

    /// What has happened since it was last told, and the newest log lines when the logs have the
    /// focus and follow. Nothing while the screen is frozen.
    pub fn news(&self, heard: &mut Heard, now: Timestamp) -> Vec<SafeText> {
        let view = self.state.view(true, now);
        let world = view.world;
        let fresh = world.happened().saturating_sub(heard.happened);
        heard.happened = world.happened();
        let mut lines = Vec::new();
        let forgotten = fresh.saturating_sub(world.history().count());
        if forgotten > 0 {
            lines.push(safe!("{} things happened that are forgotten already.", forgotten));
        }
        let known = world.history().count();
        let told = if fresh > 0 { events(world) } else { Vec::new() };
        for event in told.iter().filter(|event| event.index >= known.saturating_sub(fresh)) {
            if is_shown(event, &view) {
                let told = safe!("{} {}", view.zone.moment(event.what.at, view.now), happened(event, &view));
                lines.push(self.in_drill(told));
            }
        }
        let following = self.arrangement.focus == PaneId::Logs
            && self.place.is_none()
            && self.graph_here().is_none()
            && self.overlay.is_none()
            && self.prompt.is_none();
        if self.state.is_frozen() {
            return self.in_glyphs(lines);
        }
        let told = heard.lines.take().unwrap_or_else(|| self.state.logs.ends());
        if following {
            if let Some((newest, skipped)) = self.logs.since(&told, LINES, &view) {
                if skipped > 0 {
                    lines.push(safe!("{} lines skipped", skipped));
                }
                lines.extend(newest);
                heard.lines = Some(self.state.logs.ends());
            } else {
                heard.lines = Some(told);
            }
        }
        self.in_glyphs(lines)
    }

    /// What stands in the focus: the selected row, or the page that is open, wrapped to `width`.
    pub fn reading(&self, width: u16, now: Timestamp) -> Written {
        let wide = self.read(SIZE.0, now);
        if self.prompt.is_some() {
            // What is typed is all that matters now.
            return Written { lines: Vec::new(), is_page: false, ..wide };
        }
        if wide.is_page && !matches!(self.overlay, Some(Overlay::Help(_))) {
            return self.read(width.max(20), now);
        }
        Written { lines: wide.lines.iter().map(told_row).collect(), ..wide }
    }

    /// The screen is told in lines: nothing that is said takes the place of anything.
    pub fn tell_in_lines(&mut self) {
        self.line.print();
    }

    /// The line for the person, if one is there.
    pub fn notice(&self) -> Option<&SafeText> {
        self.line.text()
    }

    fn read(&self, width: u16, now: Timestamp) -> Written {
        let whole = Rect::new(0, 0, width, PAGE);
        let line = |y| Rect { y, height: 1, ..whole };
        let body = Rect { y: 1, height: PAGE - 2, ..whole };
        let focus = self.arrangement.focus;
        let layout = Layout {
            width: Width::Narrow,
            header: line(0),
            tabs: None,
            panes: vec![(focus, body)],
            footer: line(PAGE - 1),
        };
        canvas::read((width, PAGE), self.state.ascii, |canvas| {
            if !matches!(self.overlay, None | Some(Overlay::Leave(_))) {
                self.draw_overlay(&layout, now, canvas);
                return;
            }
            self.draw_pane(focus, body, now, canvas);
            if self.prompt.is_some() {
                self.draw_footer(&layout, now, canvas);
            }
            self.draw_overlay(&layout, now, canvas);
        })
    }

    fn in_glyphs(&self, lines: Vec<SafeText>) -> Vec<SafeText> {
        if self.state.ascii { lines.iter().map(SafeText::ascii).collect() } else { lines }
    }
}

/// A row without the sign of the selection, and with less room between its columns.
fn told_row(row: &SafeText) -> SafeText {
    let text = row.as_str();
    let text = text.strip_prefix('>').unwrap_or(text);
    let mut told = String::new();
    let mut blanks = 0;
    for c in text.trim_start().chars() {
        blanks = if c == ' ' { blanks + 1 } else { 0 };
        if blanks <= 2 {
            told.push(c);
        }
    }
    clean(&told.into())
}

fn sources(count: usize) -> SafeText {
    if count == 1 { SafeText::literal("1 source") } else { safe!("{} sources", count) }
}
