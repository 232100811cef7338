//! Where everything stands: a pure function of the screen's size and what has the focus.

use ratatui::layout::Rect;

use crate::pane::view::PaneId;

/// How many panes fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// Four panes.
    Wide,
    /// Two panes.
    Medium,
    /// One pane and a line of tabs.
    Narrow,
    /// Nothing but a line that says so.
    TooSmall,
}

/// The smallest screen that works.
pub const SMALLEST: (u16, u16) = (60, 20);

/// How the screen is divided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// How many panes fit.
    pub width: Width,
    /// The line at the top.
    pub header: Rect,
    /// The line of tabs of a narrow screen.
    pub tabs: Option<Rect>,
    /// The panes that are shown, and where.
    pub panes: Vec<(PaneId, Rect)>,
    /// The line at the bottom.
    pub footer: Rect,
}

impl Layout {
    /// Where a pane stands, if it is shown.
    pub fn of(&self, pane: PaneId) -> Option<Rect> {
        self.panes.iter().find(|(id, _)| *id == pane).map(|(_, area)| *area)
    }

    /// The area of all panes together.
    pub fn body(&self) -> Rect {
        let top = self.tabs.unwrap_or(self.header).bottom();
        Rect { y: top, height: self.footer.y.saturating_sub(top), ..self.header }
    }
}

/// What decides about the layout besides the size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrangement {
    /// The pane that has the focus.
    pub focus: PaneId,
    /// Whether it is shown alone.
    pub full_screen: bool,
    /// By how many steps the focused pane is larger (or smaller) than its share.
    pub step: i8,
}

/// Divides a screen.
pub fn layout(size: (u16, u16), arrangement: Arrangement) -> Layout {
    let (columns, rows) = size;
    let line = |y: u16| Rect { x: 0, y, width: columns, height: u16::from(y < rows) };
    let width = match size {
        _ if columns < SMALLEST.0 || rows < SMALLEST.1 => Width::TooSmall,
        _ if columns <= 84 || rows <= 24 => Width::Narrow,
        _ if columns >= 120 && rows >= 36 => Width::Wide,
        _ => Width::Medium,
    };
    let (header, footer) = (line(0), line(rows.saturating_sub(1)));
    if width == Width::TooSmall {
        return Layout { width, header, tabs: None, panes: Vec::new(), footer };
    }
    let tabs = (width == Width::Narrow).then(|| line(1));
    let top = tabs.unwrap_or(header).bottom();
    let body = Rect { x: 0, y: top, width: columns, height: footer.y.saturating_sub(top) };
    let focus = arrangement.focus;
    let panes = if arrangement.full_screen || width == Width::Narrow {
        vec![(focus, body)]
    } else if width == Width::Medium {
        let (left, right) = pair(focus);
        let [a, b] = halves_down(body, share(focus == left, arrangement.step));
        vec![(left, a), (right, b)]
    } else {
        let in_left = matches!(focus, PaneId::Pipelines | PaneId::Logs);
        let in_top = matches!(focus, PaneId::Pipelines | PaneId::Alerts);
        let [left, right] = halves_across(body, share(in_left, arrangement.step));
        let rows = share(in_top, arrangement.step).min(70) - 10;
        let [top_left, bottom_left] = halves_down(left, rows);
        let [top_right, bottom_right] = halves_down(right, rows);
        vec![
            (PaneId::Pipelines, top_left),
            (PaneId::Alerts, top_right),
            (PaneId::Logs, bottom_left),
            (PaneId::Notes, bottom_right),
        ]
    };
    Layout { width, header, tabs, panes, footer }
}

/// The two panes of a medium screen that has this focus.
fn pair(focus: PaneId) -> (PaneId, PaneId) {
    match focus {
        PaneId::Pipelines | PaneId::Alerts => (focus, PaneId::Logs),
        PaneId::Logs | PaneId::Notes => (PaneId::Alerts, focus),
    }
}

/// The first part's share of a hundred.
fn share(first_has_focus: bool, step: i8) -> u16 {
    let step = i16::from(step.clamp(-3, 3)) * 10;
    let share = if first_has_focus { 50 + step } else { 50 - step };
    u16::try_from(share.clamp(20, 80)).unwrap_or(50)
}

fn halves_down(area: Rect, share: u16) -> [Rect; 2] {
    let first = part(area.height, share);
    let second = Rect { y: area.y + first, height: area.height - first, ..area };
    [Rect { height: first, ..area }, second]
}

fn halves_across(area: Rect, share: u16) -> [Rect; 2] {
    let first = part(area.width, share);
    let second = Rect { x: area.x + first, width: area.width - first, ..area };
    [Rect { width: first, ..area }, second]
}

fn part(whole: u16, share: u16) -> u16 {
    u16::try_from(u32::from(whole) * u32::from(share) / 100).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(size: (u16, u16), focus: PaneId, step: i8) -> Layout {
        layout(size, Arrangement { focus, full_screen: false, step })
    }

    #[test]
    fn the_size_decides_how_many_panes_are_shown() {
        let count = |size| {
            let layout = arranged(size, PaneId::Logs, 0);
            (layout.width, layout.panes.len())
        };
        assert_eq!(count((120, 40)), (Width::Wide, 4));
        assert_eq!(count((100, 40)), (Width::Medium, 2));
        assert_eq!(count((80, 24)), (Width::Narrow, 1));
        assert_eq!(count((84, 50)), (Width::Narrow, 1));
        assert_eq!(count((200, 24)), (Width::Narrow, 1));
        assert_eq!(count((60, 20)), (Width::Narrow, 1));
        assert_eq!(count((59, 20)), (Width::TooSmall, 0));
        assert_eq!(count((1, 1)), (Width::TooSmall, 0));
        assert_eq!(count((0, 0)), (Width::TooSmall, 0));
    }

    #[test]
    fn panes_cover_the_body_exactly_at_every_size_focus_and_step() {
        for size in [(60, 20), (80, 24), (100, 40), (120, 36), (121, 41), (300, 90)] {
            for focus in PaneId::ALL {
                for step in -4..=4 {
                    let layout = arranged(size, focus, step);
                    let covered: u32 = layout.panes.iter().map(|(_, area)| area.area()).sum();
                    assert_eq!(covered, layout.body().area(), "{size:?} {focus:?} {step}");
                    assert!(layout.of(focus).is_some_and(|area| area.height >= 3 && area.width >= 20));
                }
            }
        }
    }

    #[test]
    fn the_focused_pane_grows_with_its_step() {
        let area = |step| arranged((120, 40), PaneId::Notes, step).of(PaneId::Notes).unwrap().area();
        assert!(area(1) > area(0) && area(0) > area(-1));
    }
}
