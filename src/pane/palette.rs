//! The palette: a command found by a few of its letters, with its key beside it.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::Rect;

use crate::command::keymap::Keymap;
use crate::command::table::{Argument, Command, TABLE, by_name};
use crate::config::key::{Code, Key};
use crate::config::theme::Meaning;
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::{Canvas, inside};
use crate::ui::field::Field;
use crate::ui::list::List;
use crate::ui::table::{self, Cell, Column, Marking};

/// Columns of a command's name, and with arguments that are told apart by what they are.
const NAME: u16 = 20;
const NAMED: u16 = 38;

/// What a person chose: a command, and what they wrote behind its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// The command's name.
    pub name: &'static str,
    /// What follows the name; empty if nothing.
    pub argument: String,
}

/// A word that may stand behind a command.
#[derive(Clone, Debug)]
pub struct Known {
    /// The word.
    pub word: String,
    /// What it is, where the word alone does not tell.
    pub what: Option<SafeText>,
}

impl From<String> for Known {
    fn from(word: String) -> Self {
        Self { word, what: None }
    }
}

/// One line of the palette: a command, or a command with one of its arguments.
#[derive(Clone, Debug)]
struct Line {
    command: &'static Command,
    argument: Option<String>,
    /// What the argument is.
    what: Option<SafeText>,
}

/// The open palette.
pub struct Palette {
    lines: Vec<Line>,
    /// A command with the argument that the person writes, which is no line of its own.
    written: Option<Line>,
    typed: Field,
    list: List<usize>,
    /// Whether the person moved to the line that is selected.
    chosen: bool,
}

impl Palette {
    /// The palette, where `known` gives what an argument may be, as far as that is known.
    pub fn new(known: impl Fn(Argument) -> Vec<Known>) -> Self {
        let lines = TABLE.iter().flat_map(|command| {
            let arguments = known(command.argument);
            let alone = arguments.is_empty().then_some(Line { command, argument: None, what: None });
            let with = |known: Known| Line { command, argument: Some(known.word), what: known.what };
            let with = arguments.into_iter().map(with);
            alone.into_iter().chain(with).collect::<Vec<_>>()
        });
        let (typed, list) = (Field::default(), List::default());
        let mut palette = Self { lines: lines.collect(), written: None, typed, list, chosen: false };
        palette.show();
        palette
    }

    /// Takes a key: arrows move, Enter chooses, everything else is the search.
    pub fn key(&mut self, key: Key, area: Rect) -> Option<Choice> {
        self.list.set_height(usize::from(body(area).height));
        self.chosen |= matches!(key.code, Code::Up | Code::Down | Code::Tab | Code::PageUp | Code::PageDown);
        match key.code {
            Code::Up => self.list.step(-1),
            Code::Down | Code::Tab => self.list.step(1),
            Code::PageUp => self.list.page(-2),
            Code::PageDown => self.list.page(2),
            Code::Enter => return self.choice(),
            _ => {
                if self.typed.key(key) {
                    self.show();
                }
            }
        }
        None
    }

    /// Takes pasted text into the search.
    pub fn paste(&mut self, text: &RawText) {
        self.typed.paste(text);
        self.show();
    }

    /// Whether what is typed now stands behind the name of a command.
    pub fn has_argument(&self) -> bool {
        self.typed.text().contains(' ')
    }

    /// Draws it over `area`.
    pub fn draw(&self, view: &View<'_>, keymap: &Keymap, area: Rect, canvas: &mut Canvas<'_>) {
        let styles = view.styles;
        canvas.fill(area, styles.of(Meaning::Overlay));
        canvas.border(
            area,
            (&SafeText::literal("Commands"), styles.of(Meaning::Title)),
            (&SafeText::literal("type a few letters, Enter runs it, Esc closes"), styles.of(Meaning::Muted)),
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
        let first = list.order().first().and_then(|index| self.line(*index));
        // What tells two arguments apart is their end.
        let name = if first.is_some_and(|line| line.what.is_some()) { NAMED } else { NAME };
        let columns = [Column::fixed(name, 0), Column::fixed(9, 1), Column::growing(10, 2)];
        table::draw(canvas, body, &columns, &list, marking, |index| {
            let Some(line) = self.line(*index) else { return Vec::new() };
            let name = clean(&line.text().into());
            let keys = keymap.keys_of(line.command.id).join(" ");
            vec![
                Cell::new(name, styles.of(Meaning::Overlay)),
                Cell::new(clean(&keys.into()), styles.of(Meaning::Key)),
                Cell::new(line.help(), styles.of(Meaning::Muted)),
            ]
        });
        let line = Rect { x: area.x + 2, y: area.y + 1, width: area.width.saturating_sub(4), height: 1 };
        let used = canvas.text(line.x, line.y, line.width, &safe!(":"), styles.of(Meaning::Key));
        let field = Rect { x: line.x + used, width: line.width - used, ..line };
        self.typed.draw(canvas, field, styles.of(Meaning::Overlay));
    }

    /// What Enter runs is what is selected: nothing else is shown to be meant.
    fn choice(&self) -> Option<Choice> {
        let line = self.line(*self.list.selected()?)?;
        let typed = self.typed.text();
        let part = typed.trim().split_once(' ').map(|(_, part)| part.trim()).filter(|part| !part.is_empty());
        // To turn to another incident than was meant puts notes where nobody looks for them.
        if let Some(part) = part
            && line.command.argument == Argument::Incident
            && !self.chosen
            && self.list.order().len() > 1
        {
            return Some(Choice { name: line.command.name, argument: part.to_owned() });
        }
        Some(Choice { name: line.command.name, argument: line.argument.clone().unwrap_or_default() })
    }

    /// The line of this number; the one behind the last is what the person writes.
    fn line(&self, index: usize) -> Option<&Line> {
        self.lines.get(index).or(self.written.as_ref().filter(|_| index == self.lines.len()))
    }

    fn show(&mut self) {
        let text = self.typed.text();
        // `q` is what everybody types.
        let text = if text.trim() == "q" { "quit" } else { text.trim() };
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut score = |line: &Line| {
            let what = line.what.as_ref().map_or("", SafeText::as_str);
            let searched = [line.text().as_str(), line.command.title, what].join(" ");
            pattern.score(Utf32Str::new(&searched, &mut buffer), &mut matcher)
        };
        let mut found: Vec<_> =
            self.lines.iter().enumerate().filter_map(|(index, line)| Some((score(line)?, index))).collect();
        // What is typed out in full stands first, then what begins with it: `theme` has a line for each.
        let rank = |index: usize| {
            let line = self.lines.get(index).map(Line::text).unwrap_or_default();
            let command = self.lines.get(index).map_or("", |line| line.command.name);
            u8::from(line != text) + u8::from(line != text && command != text)
        };
        found.sort_by_key(|(score, index)| (rank(*index), std::cmp::Reverse(*score), *index));
        let mut found: Vec<_> = found.into_iter().map(|(_, index)| index).collect();
        self.written = None;
        let named = text.split_once(' ').and_then(|(name, argument)| Some((by_name(name)?, argument.trim())));
        if let Some((command, argument)) = named.filter(|(command, _)| command.argument != Argument::None) {
            // Behind a whole name stands its argument: letters that some other word has too are not meant.
            let word = argument.to_lowercase();
            let has_it = |index: &usize| {
                let line = self.lines.get(*index).filter(|line| line.command.id == command.id);
                let words = line.into_iter().flat_map(|line| {
                    [line.argument.as_deref(), line.what.as_ref().map(SafeText::as_str)].into_iter().flatten()
                });
                words.map(str::to_lowercase).any(|known| known.contains(&word))
            };
            found = (0..self.lines.len()).filter(has_it).collect();
            // Words that are known are chosen from, as long as one of them matches.
            if found.is_empty() {
                self.written = Some(Line { command, argument: Some(argument.to_owned()), what: None });
            }
        }
        if self.written.is_some() {
            found.push(self.lines.len());
        }
        self.list.sync(found, jiff::Timestamp::UNIX_EPOCH);
        self.list.go(0);
        self.chosen = false;
    }
}

impl Line {
    fn help(&self) -> SafeText {
        self.what.clone().unwrap_or_else(|| SafeText::literal(self.command.help))
    }

    fn text(&self) -> String {
        match &self.argument {
            Some(argument) => format!("{} {argument}", self.command.name),
            None => self.command.name.to_owned(),
        }
    }
}

fn body(area: Rect) -> Rect {
    let inside = inside(area);
    Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn palette() -> Palette {
        Palette::new(|argument| {
            let known: &[&str] = match argument {
                Argument::Theme => &["midnight", "daylight"],
                Argument::Environment => &["all"],
                Argument::Credential => &["sso"],
                Argument::Status => &["active", "mitigated"],
                _ => &[],
            };
            known.iter().map(|word| (*word).to_owned().into()).collect()
        })
    }

    fn choose(typed: &str) -> Option<Choice> {
        let mut palette = palette();
        let area = Rect::new(0, 0, 80, 20);
        for c in typed.chars() {
            palette.key(Key::char(c), area);
        }
        palette.key(Key::plain(Code::Enter), area)
    }

    #[test]
    fn a_few_letters_find_a_command_and_a_full_name_is_taken_as_typed() {
        let chosen = |name: &'static str, argument: &str| Some(Choice { name, argument: argument.into() });
        assert_eq!(choose("frz"), chosen("freeze", ""));
        assert_eq!(choose("q"), chosen("quit", ""));
        assert_eq!(choose("thday"), chosen("theme", "daylight"));
        assert_eq!(choose("theme"), chosen("theme", "midnight"));
        assert_eq!(choose("write"), chosen("write", ""));
        assert_eq!(choose("env prod-eu"), chosen("env", "prod-eu"));
        assert_eq!(choose("login"), chosen("login", "sso"), "there is one");
        assert_eq!(choose("write notes.md"), chosen("write", "notes.md"));
        assert_eq!(choose("theme day"), chosen("theme", "daylight"), "the one that is shown");
        assert_eq!(choose("status done"), chosen("status", "done"), "not one that has these letters too");
        assert_eq!(choose("status mit"), chosen("status", "mitigated"));
        assert_eq!(choose("status mitigated 03:40 drained"), chosen("status", "mitigated 03:40 drained"));
        assert_eq!(choose("notes"), chosen("notes", ""), "not what else has these letters");
        assert_eq!(choose("zzzzzz"), None);
        assert_eq!(choose("freeze now"), None);
    }

    #[test]
    fn a_command_is_shown_with_the_argument_that_is_written() {
        let shown = |text: &str| {
            let mut palette = palette();
            palette.paste(&text.into());
            let lines: Vec<_> =
                palette.list.order().iter().filter_map(|index| palette.line(*index)).collect();
            lines.into_iter().map(Line::text).collect::<Vec<_>>()
        };
        assert_eq!(shown("write /tmp/x y"), ["write /tmp/x y"]);
        assert_eq!(shown("write n"), ["write n"], "not beside the command without it");
        assert_eq!(shown("env nowhere"), ["env nowhere"]);
        assert_eq!(shown("env all"), ["env all"]);
    }
}
