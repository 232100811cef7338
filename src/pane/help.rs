//! The help: every command that works where the focus is, with its keys; typing searches it.

use ratatui::layout::Rect;

use crate::command::keymap::Keymap;
use crate::command::table::{Command, Scope, TABLE};
use crate::config::key::{Code, Key};
use crate::config::theme::Meaning;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::words::Words;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::field::Field;
use crate::ui::list::List;
use crate::ui::table::{self, Cell, Column, Marking};

/// The open help.
pub struct Help {
    scopes: &'static [Scope],
    search: Field,
    list: List<usize>,
}

impl Help {
    /// The help for a focus that has these scopes.
    pub fn new(scopes: &'static [Scope]) -> Self {
        let mut help = Self { scopes, search: Field::default(), list: List::default() };
        help.show();
        help
    }

    /// Takes a key: arrows move, everything else is the search. Returns the command that Enter chose.
    pub fn key(&mut self, key: Key, area: Rect) -> Option<&'static Command> {
        self.list.set_height(usize::from(body(area).height));
        match key.code {
            Code::Up => self.list.step(-1),
            Code::Down => self.list.step(1),
            Code::PageUp => self.list.page(-2),
            Code::PageDown => self.list.page(2),
            Code::Enter => return self.list.selected().and_then(|index| TABLE.get(*index)),
            _ => {
                if self.search.key(key) {
                    self.show();
                }
            }
        }
        None
    }

    /// Takes pasted text into the search.
    pub fn paste(&mut self, text: &RawText) {
        self.search.paste(text);
        self.show();
    }

    /// Draws it over `area`.
    pub fn draw(&self, view: &View<'_>, keymap: &Keymap, area: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        canvas.fill(area, styles.of(Meaning::Overlay));
        let scope = self.scopes.first().map_or("", |scope| scope.word());
        let title = safe!("Help: keys in {}", SafeText::literal(scope));
        let foot =
            SafeText::literal("type to search, Enter runs it, Esc closes; ctrl-c twice leaves midwatch");
        canvas.border(
            area,
            (&title, styles.of(Meaning::Title)),
            (&foot, styles.of(Meaning::Muted)),
            styles.of(Meaning::BorderFocused),
        );
        let body = body(area);
        let mut list = self.list.clone();
        list.set_height(usize::from(body.height));
        let marking = Marking {
            selected: styles.of(Meaning::Selection),
            mark: styles.of(Meaning::Mark),
            focused: true,
        };
        let columns = [Column::fixed(10, 0), Column::fixed(9, 2), Column::growing(50, 0)];
        table::draw(canvas, body, &columns, &list, marking, |index| {
            let Some(command) = TABLE.get(*index) else { return Vec::new() };
            // What no key runs is typed.
            let mut keys = keymap.keys_of(command.id).join(" ");
            if keys.is_empty() {
                keys = format!(":{}", command.name);
            }
            let here = self.scopes.contains(&command.scope);
            let key = if here { Meaning::Key } else { Meaning::Muted };
            vec![
                Cell::new(clean(&keys.into()), styles.of(key)),
                Cell::new(command.scope.word(), styles.of(Meaning::Muted)),
                Cell::new(command.help, styles.of(Meaning::Overlay)),
            ]
        });
        if self.search.is_empty() && self.list.row() == 0 {
            // Who hears the screen has asked for all of it.
            canvas.stand_on(body);
        }
        let line = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(4), height: 1 };
        let used = canvas.text(
            line.x,
            line.y,
            line.width,
            &SafeText::literal("search: "),
            styles.of(Meaning::Muted),
        );
        let field = Rect { x: line.x + used, width: line.width - used, ..line };
        self.search.draw(canvas, field, styles.of(Meaning::Overlay));
    }

    /// What works here comes first, then what works elsewhere.
    fn show(&mut self) {
        let text = self.search.text();
        let words = Words::new(&text);
        let matching = |command: &&Command| {
            words.match_any(&[command.name.into(), command.help.into(), command.scope.word().into()])
                || (!text.is_empty() && command.keys.contains(&text.trim()))
        };
        let mut rows: Vec<_> = TABLE.iter().enumerate().filter(|(_, command)| matching(command)).collect();
        let place = |scope: Scope| self.scopes.iter().position(|known| *known == scope).unwrap_or(usize::MAX);
        rows.sort_by_key(|(index, command)| (place(command.scope), *index));
        self.list.sync(rows.into_iter().map(|(index, _)| index).collect(), jiff::Timestamp::UNIX_EPOCH);
        self.list.go(0);
    }
}

fn body(area: Rect) -> Rect {
    let inside = inside(area);
    Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside }
}
