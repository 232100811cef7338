//! The whole screen: header, tabs, panes, overlay, footer.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::app::App;
use crate::app::layout::{Layout, SMALLEST, Width};
use crate::app::overlay::{Asks, Overlay};
use crate::app::place::Place;
use crate::command::table::{Id, Scope, TABLE, command};
use crate::config::theme::Meaning;
use crate::model::health::Health;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::drill::BANNER;
use crate::pane::keeping;
use crate::pane::sources::{Folded, folded};
use crate::pane::view::{PaneId, View};
use crate::safe;
use crate::ui::canvas::{self, Canvas};
use crate::ui::time::age;

/// Digits that the count of lines has room for while the screen is held still.
const COUNT: u16 = 7;
/// Rows that what is said may take from the panes above.
const ROWS: usize = 4;
/// Columns of a prompt that nothing takes away from the text that is written.
const TYPED: u16 = 24;

impl App {
    /// Draws the whole screen.
    pub(super) fn draw_frame(&self, frame: &mut Frame<'_>, now: Timestamp) {
        let marker = self.state.styles().of(Meaning::Marker);
        canvas::draw(frame, self.state.ascii, marker, |canvas| self.draw_on(canvas, now));
    }

    fn draw_on(&self, canvas: &mut Canvas<'_>, now: Timestamp) {
        let styles = self.state.styles();
        let area = canvas.area();
        canvas.restyle(area, styles.of(Meaning::Text));
        let layout = self.layout();
        if layout.width == Width::TooSmall {
            let text = safe!("midwatch needs {}x{}; it goes on behind this.", SMALLEST.0, SMALLEST.1);
            canvas.text(0, 0, area.width, &text, styles.of(Meaning::Text));
            return;
        }
        self.draw_header(&layout, now, canvas);
        // On the first screen they lead nowhere.
        if !self.is_welcoming() {
            self.draw_tabs(&layout, canvas);
        }
        for (pane, area) in &layout.panes {
            self.draw_pane(*pane, *area, now, canvas);
        }
        self.draw_footer(&layout, now, canvas);
        self.draw_overlay(&layout, now, canvas);
    }

    pub(super) fn draw_pane(&self, pane: PaneId, area: Rect, now: Timestamp, canvas: &mut Canvas<'_>) {
        let focused = pane == self.arrangement.focus;
        let view = self.state.view(focused, now);
        match (&self.place, pane) {
            (Some(place), _) if focused => place.draw(&view, &self.who(), area, canvas),
            _ if self.graph.as_ref().is_some_and(|(at, _)| *at == pane) => {
                if let Some((_, graph)) = &self.graph {
                    graph.draw(&view, area, canvas);
                }
            }
            (_, PaneId::Pipelines) => self.pipelines.draw(&view, area, canvas),
            (_, PaneId::Logs) => self.logs.draw(&view, area, canvas),
            (_, PaneId::Alerts) => self.alerts.draw(&view, area, canvas),
            (_, PaneId::Notes) => self.notes.draw(&view, area, canvas),
        }
    }

    fn draw_header(&self, layout: &Layout, now: Timestamp, canvas: &mut Canvas<'_>) {
        let styles = self.state.styles();
        let (line, style) = (layout.header, styles.of(Meaning::Header));
        canvas.fill(line, style);
        let view = self.state.view(true, now);
        let mut right = safe!("{} {} ", view.zone.minute(view.now), view.zone.name(view.now));
        // While the screen is held still the count grows into room of its own: nothing gives way to it.
        let mut reserved = 0;
        if let Some((_, lines)) = self.state.frozen() {
            let count = safe!("{}", lines);
            reserved = COUNT.saturating_sub(u16::try_from(count.width()).unwrap_or(COUNT));
            right = if layout.width == Width::Narrow {
                safe!("FROZEN +{}  {}", count, right)
            } else {
                safe!("FROZEN, {} new lines  {}", count, right)
            };
        }
        let used = canvas.text_right(line.right(), line.y, line.width / 2, &right, style) + reserved;
        let room = line.width.saturating_sub(used);
        let mut x = line.x + 1;
        let mut put = |text: &SafeText, most: u16, style: Style, canvas: &mut Canvas<'_>| {
            x += canvas.text(x, line.y, room.saturating_sub(x + 2).min(most), text, style) + 2;
            room.saturating_sub(x + 2)
        };
        let on_header = |meaning| match meaning {
            Meaning::Header | Meaning::Muted => style,
            meaning => styles.on(Meaning::Header, meaning),
        };
        let mut left = room.saturating_sub(line.x + 3);
        if self.is_drill() {
            let banner = if layout.width == Width::Narrow { BANNER.1 } else { BANNER.0 };
            let text = safe!(" {} ", SafeText::literal(banner));
            // A block of its own, also without colours, and not in that of production.
            let block = on_header(Meaning::Title).add_modifier(Modifier::REVERSED);
            left = put(&text, room, block, canvas);
        } else if layout.width != Width::Narrow {
            left = put(&SafeText::literal("midwatch"), room, on_header(Meaning::Title), canvas);
        }
        let (scope, meaning) = self.scope_name(&view);
        let width = |text: &SafeText| u16::try_from(text.width() + 2).unwrap_or(u16::MAX);
        // What is not kept stands there whatever else there is no room for.
        let mark = keeping::mark(&view);
        let mark = mark.map(|(full, short)| if width(&scope) + width(&full) <= left { full } else { short });
        let most = mark.as_ref().map_or(left, |mark| left.saturating_sub(width(mark)));
        left = put(&scope, most, on_header(meaning), canvas);
        if let Some(mark) = mark {
            left = put(&mark, room, on_header(Meaning::Critical), canvas);
        }
        if let Some((incident, meaning)) = self.incident_words(&view, layout.width == Width::Narrow) {
            left = put(&incident, room, on_header(meaning), canvas);
        }
        // Roles go with what is handed over: of both one is told.
        let asked = self.hand_over_words(view.now).or_else(|| self.offer_words(&view));
        let mut rest: Vec<_> = asked.into_iter().chain(self.due_words(view.now)).collect();
        let health = match self.overlay {
            Some(Overlay::Welcome(_)) => (SafeText::literal("nothing has started yet"), Meaning::Muted),
            _ => health_words(&view),
        };
        // That something is not seen stands there in few words where others take the room for more.
        let needed: u16 = rest.iter().map(|(text, _)| width(text)).sum();
        let fits = rest.is_empty() || needed + width(&health.0) <= left;
        match if fits { 0 } else { blind(&view, &folded(&view)) } {
            0 => rest.push(health),
            count => rest.insert(0, (safe!("{} blind", count), Meaning::Critical)),
        }
        for (text, meaning) in rest {
            put(&text, room, on_header(meaning), canvas);
        }
    }

    /// The environment in scope, or how many there are and how many of them are production.
    pub(super) fn scope_name(&self, view: &View<'_>) -> (SafeText, Meaning) {
        let (scope, meaning) = self.scope_words(view);
        // A drill is no production, whatever its environments are called.
        (scope, if self.is_drill() { Meaning::Header } else { meaning })
    }

    fn scope_words(&self, view: &View<'_>) -> (SafeText, Meaning) {
        let environments = &self.state.environments;
        if let Some(name) = &self.state.environment {
            return (clean(name), view.environment_meaning(Some(name)));
        }
        match environments.as_slice() {
            [] => (SafeText::literal("all"), Meaning::Header),
            [only] => (clean(&only.name), view.environment_meaning(Some(&only.name))),
            many => {
                let production = many.iter().filter(|environment| environment.production).count();
                let meaning = if production > 0 { Meaning::Production } else { Meaning::Header };
                (safe!("ALL {} ({} prod)", many.len(), production), meaning)
            }
        }
    }

    fn draw_tabs(&self, layout: &Layout, canvas: &mut Canvas<'_>) {
        let Some(line) = layout.tabs else { return };
        let styles = self.state.styles();
        canvas.fill(line, styles.of(Meaning::Text));
        let mut x = line.x + 1;
        for pane in PaneId::ALL {
            let title = if pane == PaneId::Pipelines { "Runs" } else { pane.title() };
            let (count, sign) = match pane {
                PaneId::Pipelines => (self.pipelines.failed(), "x"),
                PaneId::Alerts => (self.alerts.loud(), "!"),
                PaneId::Logs => (0, ""),
                PaneId::Notes => (self.notes.unsaved_count(), "unsaved "),
            };
            let mut text = safe!("{} {}", u64::from(pane.number()), SafeText::literal(title));
            if count > 0 {
                text.push(&safe!(" {}{}", SafeText::literal(sign), count));
            }
            let focused = pane == self.arrangement.focus;
            let style = match (focused, count > 0 && pane != PaneId::Notes) {
                (true, _) => styles.of(Meaning::Title),
                (false, true) => styles.of(Meaning::Critical),
                (false, false) => styles.of(Meaning::Muted),
            };
            let text = if focused { safe!("[{}]", text) } else { safe!(" {} ", text) };
            x += canvas.text(x, line.y, line.right().saturating_sub(x), &text, style) + 1;
        }
    }

    pub(super) fn draw_footer(&self, layout: &Layout, now: Timestamp, canvas: &mut Canvas<'_>) {
        let styles = self.state.styles();
        let (line, style) = (layout.footer, styles.of(Meaning::Footer));
        canvas.fill(line, style);
        let inner = Rect { x: line.x + 1, width: line.width.saturating_sub(2), ..line };
        if let Some(prompt) = &self.prompt {
            let word = match prompt.asks {
                Asks::Filter => "filter: ",
                Asks::Note => self.note_word(&prompt.field.text(), now),
                Asks::Declare(_) => "declare, severity 1-5 and title: ",
                Asks::File => "write to: ",
                Asks::Correct(..) => "correct: ",
            };
            let used = canvas.text(
                inner.x,
                inner.y,
                inner.width,
                &SafeText::literal(word),
                styles.on(Meaning::Footer, Meaning::Key),
            );
            // The text that is written stays in sight beside what is said.
            let room = inner.width.saturating_sub(used + TYPED);
            let said = match self.line.text() {
                // An answer that has no room beside it stands above it whole: it is what Enter depends on.
                Some(notice) if notice.width() > usize::from(room) && !self.line.passes() => {
                    self.draw_notice(notice, Rect { y: line.y.saturating_sub(1), ..line }, canvas);
                    0
                }
                Some(notice) => {
                    let style = styles.on(Meaning::Footer, Meaning::Warning);
                    canvas.text_right(inner.right(), inner.y, room, notice, style) + 1
                }
                None => 0,
            };
            let width = inner.width.saturating_sub(used + said);
            prompt.field.draw(canvas, Rect { x: inner.x + used, width, ..inner }, style);
            return;
        }
        if let Some(notice) = self.line.text() {
            self.draw_notice(notice, line, canvas);
            return;
        }
        // What lies over the panes takes every key: those of the panes would do nothing.
        let alone = match &self.overlay {
            Some(Overlay::Welcome(_)) => Some("Enter looks at what was found here  q leaves"),
            Some(Overlay::Help(_) | Overlay::Palette(_)) => Some("Up Down choose  Enter runs it  Esc closes"),
            Some(Overlay::Shown(_)) => Some("Esc closes"),
            Some(Overlay::Sending(_)) => Some("the letter above sends it  Esc does not"),
            None if self.is_editing() && self.notes.is_pad_held() => {
                Some("Esc leaves the pad, which is only read here")
            }
            None if self.is_editing() => Some("Esc leaves the pad  ctrl-_ undo  ctrl-r redo"),
            Some(Overlay::Leave(_)) | None => None,
        };
        if let Some(text) = alone {
            canvas.text(inner.x, inner.y, inner.width, &SafeText::literal(text), style);
            return;
        }
        let mut x = inner.x;
        if !self.pending.is_empty() {
            let keys = self.pending.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let text = safe!("{} ... ", clean(&keys.into()));
            x += canvas.text(x, inner.y, inner.width, &text, styles.of(Meaning::Key));
        }
        // While the screen is held still, a number that goes on would not be.
        if !self.filter_text().is_empty() && !self.state.is_frozen() {
            let (shown, all) = self.filter_counts(now);
            let text = safe!("{} of {}", shown, all);
            x += canvas.text(
                x,
                inner.y,
                inner.right().saturating_sub(x),
                &text,
                styles.on(Meaning::Footer, Meaning::Match),
            ) + 2;
        }
        for id in self.hints() {
            let Some(key) = self.keymap.keys_of(id).into_iter().next() else { continue };
            let (key, title) = (clean(&key.into()), SafeText::literal(command(id).title));
            let needed = u16::try_from(key.width() + 1 + title.width()).unwrap_or(u16::MAX);
            if x.saturating_add(needed) > inner.right() {
                break;
            }
            x += canvas.text(x, inner.y, needed, &key, styles.on(Meaning::Footer, Meaning::Key)) + 1;
            x += canvas.text(x, inner.y, needed, &title, style) + 2;
        }
    }

    /// What is said, in as many rows above the footer as an answer needs: what is cut off would be what matters.
    fn draw_notice(&self, notice: &SafeText, line: Rect, canvas: &mut Canvas<'_>) {
        let styles = self.state.styles();
        let (x, width) = (line.x + 1, line.width.saturating_sub(2));
        let spelt = canvas.is_ascii().then(|| notice.ascii());
        let mut rows = spelt.as_ref().unwrap_or(notice).wrap(usize::from(width));
        // News are elsewhere, too, and take no row from the panes; what lies over those is drawn over such rows.
        let most = if self.overlay.is_some() || self.line.passes() { 1 } else { ROWS };
        if rows.len() > most {
            let rest: SafeText = rows.drain(most - 1..).collect();
            rows.push(rest);
        }
        for (y, row) in (line.y + 1 - u16::try_from(rows.len()).unwrap_or(1)..).zip(&rows) {
            canvas.fill(Rect { y, ..line }, styles.of(Meaning::Footer));
            canvas.text(x, y, width, row, styles.on(Meaning::Footer, Meaning::Warning));
        }
    }

    /// The keys worth telling here: help and palette, the pane's own, then what every list has.
    fn hints(&self) -> impl Iterator<Item = Id> {
        let scopes = self.scopes();
        let is_graph = self.graph_here().is_some();
        let rows = if is_graph { &[Id::Refresh][..] } else { &[Id::Filter, Id::Open] };
        // Of a histogram, which is seldom open, its own key is enough.
        let is_rare = |id| {
            matches!(id, Id::NextErrorBar | Id::PreviousErrorBar | Id::Star | Id::LeaveOut)
                || matches!(id, Id::FindNext | Id::FindPrevious)
        };
        let own = TABLE.iter().filter(move |command| {
            let is_own = !matches!(command.scope, Scope::Global | Scope::List);
            is_own && scopes.contains(&command.scope) && !is_rare(command.id)
        });
        let last = [Id::Freeze, Id::Sources, Id::FullScreen, Id::CopyRow, Id::Zone, Id::Close];
        let has_rows_to_join = match &self.place {
            Some(place) => matches!(place, Place::Changes(_) | Place::Runbook(_) | Place::Diagnostics(_)),
            None => !is_graph && matches!(self.arrangement.focus, PaneId::Alerts | PaneId::Pipelines),
        };
        let join = if has_rows_to_join {
            &[Id::Changes, Id::ServiceLogs, Id::Note, Id::Runbook, Id::Diagnose][..]
        } else {
            &[Id::Note]
        };
        let has_steps = matches!(&self.place, Some(Place::Runbook(runbook)) if runbook.has_steps());
        let own = own.map(|command| command.id).filter(move |id| *id != Id::Tick || has_steps);
        let own = own.chain(join.iter().copied());
        [Id::Help, Id::Palette].into_iter().chain(rows.iter().copied()).chain(own).chain(last)
    }

    pub(super) fn draw_overlay(&self, layout: &Layout, now: Timestamp, canvas: &mut Canvas<'_>) {
        let area = layout.body();
        let view = self.state.view(true, now);
        match &self.overlay {
            Some(Overlay::Help(help)) => help.draw(&view, &self.keymap, area, canvas),
            Some(Overlay::Palette(palette)) => palette.draw(&view, &self.keymap, area, canvas),
            Some(Overlay::Shown(shown)) => shown.draw(&view, area, canvas),
            Some(Overlay::Sending(proposal)) => proposal.draw(&view, area, canvas),
            Some(Overlay::Welcome(welcome)) => welcome.draw(&view, area, canvas),
            Some(Overlay::Leave(why)) => {
                let styles = self.state.styles();
                let line = layout.footer;
                canvas.fill(line, styles.of(Meaning::Footer));
                let text = safe!("{} Leave all the same? y leaves, any other key stays.", why);
                canvas.text(
                    line.x + 1,
                    line.y,
                    line.width.saturating_sub(2),
                    &text,
                    styles.of(Meaning::Dangerous),
                );
                canvas.set_cursor(line.x + 1, line.y);
            }
            None => {}
        }
    }
}

/// How many sources do not see, of those that are shown.
fn blind(view: &View<'_>, causes: &[Folded]) -> usize {
    let sources = view.world.sources().filter(|source| view.shows(source.info.environment.as_ref()));
    let crashed = sources.filter(|source| matches!(source.health(view.now), Health::Crashed(_))).count();
    crashed + causes.iter().map(|cause| cause.count).sum::<usize>()
}

/// `14 sources, 1 blind: loki no such file`, or one cause for many.
pub(super) fn health_words(view: &View<'_>) -> (SafeText, Meaning) {
    let sources = view.world.sources().filter(|source| view.shows(source.info.environment.as_ref()));
    let (mut all, mut starting, mut exposed) = (0, 0, 0);
    for source in sources {
        all += 1;
        exposed += usize::from(!source.info.exposed.is_empty());
        starting += usize::from(matches!(source.health(view.now), Health::Starting));
    }
    let causes = folded(view);
    let blind = blind(view, &causes);
    let mut number = if all == 1 { SafeText::literal("1 source") } else { safe!("{} sources", all) };
    if exposed > 0 {
        number.push(&safe!(", {} not safe", exposed));
    }
    let ending = ending(view);
    if blind == 0 {
        let text = if starting > 0 { safe!("{}, {} starting", number, starting) } else { number };
        return match ending {
            None if exposed > 0 => (text, Meaning::Critical),
            Some(ending) => (safe!("{}; {}", text, ending), Meaning::Warning),
            None => (text, Meaning::Muted),
        };
    }
    let mut text = safe!("{}, {} blind", number, blind);
    if let Some(cause) = causes.first() {
        text.push(&safe!(": {}", clean(cause.failure.cause.as_ref().unwrap_or(&cause.failure.what))));
    }
    if let Some(ending) = ending {
        text.push(&safe!("; {}", ending));
    }
    (text, Meaning::Critical)
}

/// `sso-prod expires in 8m: :login sso-prod`. Not told where its end is the cause of what is told.
fn ending(view: &View<'_>) -> Option<SafeText> {
    let blinds = |name: &RawText| {
        folded(view).iter().any(|cause| {
            let about = cause.failure.cause.as_ref().map(RawText::as_bytes).unwrap_or_default();
            about.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b" "))
        })
    };
    let ending: Vec<_> =
        view.credentials.ending(view.now).into_iter().filter(|(info, _)| !blinds(&info.name)).collect();
    let (info, at) = ending.first()?;
    let name = clean(&info.name);
    let left = at.duration_since(view.now);
    let mut text = if left.is_positive() {
        safe!("{} expires in {}", name, age(left))
    } else {
        safe!("{} expired", name)
    };
    if info.login {
        text.push(&safe!(": :login {}", name));
    }
    if ending.len() > 1 {
        text.push(&safe!(" and {} more", ending.len() - 1));
    }
    Some(text)
}
