//! Themes: how each meaning is drawn. Panes ask for meanings and never for colours.

mod style;

use std::path::{Path, PathBuf};

pub use style::{Colour, Style};

use super::nearest::suggestion;
use super::origin::{ConfigError, Origin, Warning};
use super::table::{Entry, Table};
use crate::model::text::RawText;

macro_rules! meanings {
    ($($variant:ident $name:literal $doc:literal,)*) => {
        /// What something that is drawn means.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Meaning {$(#[doc = $doc] $variant),*}

        impl Meaning {
            /// Every meaning, in the order of the themes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// Their names, as a theme writes them.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Its name, as a theme writes it.
            pub const fn name(self) -> &'static str {
                match self {$(Self::$variant => $name),*}
            }

            /// What it is for, as the list of meanings says it.
            pub const fn help(self) -> &'static str {
                match self {$(Self::$variant => $doc),*}
            }

            /// The meaning of a name.
            pub fn named(name: &str) -> Option<Self> {
                match name {$($name => Some(Self::$variant),)* _ => None}
            }
        }
    };
}

meanings! {
    Text "text" "Ordinary text, and the background of the screen.",
    Muted "muted" "What may be overlooked: ages, units, what is greyed because its source is down.",
    Border "border" "The border of a pane.",
    BorderFocused "border-focused" "The border of the pane that has the keys.",
    Title "title" "The title of a pane or a column.",
    Selection "selection" "The selected row.",
    Mark "mark" "A marked row.",
    Header "header" "The line at the top of the screen.",
    Footer "footer" "The line at the bottom of the screen.",
    Key "key" "A key in the footer or in the help.",
    Dangerous "dangerous" "A key or a command that changes something.",
    Critical "critical" "Critical: an alert of that severity, a failed run.",
    Warning "warning" "A warning.",
    Info "info" "For information.",
    Ok "ok" "Well: a passed run, a live source, a resolved alert.",
    Running "running" "Under way.",
    Stale "stale" "Late, or not known.",
    Production "production" "The name of a production environment.",
    EnvironmentA "environment-a" "The first other environment.",
    EnvironmentB "environment-b" "The second other environment.",
    EnvironmentC "environment-c" "The third other environment.",
    EnvironmentD "environment-d" "The fourth other environment.",
    Link "link" "A link.",
    Match "match" "What the filter or the search found.",
    Marker "marker" "Stands for characters that cannot be shown.",
    LevelTrace "level-trace" "A log level: trace.",
    LevelDebug "level-debug" "A log level: debug.",
    LevelInfo "level-info" "A log level: info.",
    LevelWarning "level-warning" "A log level: warning.",
    LevelError "level-error" "A log level: error.",
    LevelFatal "level-fatal" "A log level: fatal and above.",
    Graph "graph" "The bars and lines of a graph.",
    Overlay "overlay" "The ground of a dialog over the panes.",
}

/// The built-in themes: name and text.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("midnight", include_str!("../../themes/midnight.toml")),
    ("daylight", include_str!("../../themes/daylight.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
    ("terminal", include_str!("../../themes/terminal.toml")),
];

/// The theme of a screen for which nothing is configured.
pub const DEFAULT: &str = "midnight";

/// How many themes may inherit from one another.
const DEEPEST: usize = 8;

/// How each meaning is drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Theme {
    /// Its name.
    pub name: RawText,
    styles: Vec<Style>,
}

/// How many colours the terminal has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// None, or the person asked for none.
    None,
    /// Its own sixteen.
    Sixteen,
    /// 256.
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// What the environment says: `NO_COLOR` (no-color.org), `TERM` and `COLORTERM`.
    pub fn of<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let term = variable("TERM").unwrap_or_default();
        let direct = variable("COLORTERM").is_some_and(|value| matches!(value, "truecolor" | "24bit"));
        let known = ["direct", "kitty", "alacritty", "foot", "ghostty", "wezterm"];
        if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || matches!(term, "" | "dumb") {
            Self::None
        } else if direct || known.iter().any(|name| term.contains(name)) {
            Self::True
        } else if term.contains("256color") {
            Self::Indexed
        } else if term.starts_with("vt") {
            Self::None
        } else {
            Self::Sixteen
        }
    }
}

impl Theme {
    /// How a meaning is drawn. What it does not set is as in [`Meaning::Text`].
    pub fn style(&self, meaning: Meaning) -> Style {
        self.styles.get(meaning as usize).copied().unwrap_or_default()
    }

    /// The theme as a terminal of that depth can draw it. Sixteen colours take the theme `terminal` and
    /// none takes `mono`, unless this one needs no more by itself.
    #[must_use]
    pub fn at(self, depth: Depth) -> Self {
        let colours = || self.styles.iter().flat_map(|style| [style.foreground, style.background]).flatten();
        let own = colours().all(|colour| matches!(colour, Colour::Indexed(0..=15)));
        match depth {
            Depth::None if colours().next().is_some() => built_in("mono").unwrap_or(self),
            Depth::Sixteen if !own => built_in("terminal").unwrap_or(self),
            Depth::None | Depth::Sixteen | Depth::True => self,
            Depth::Indexed => {
                let mut theme = self;
                for style in &mut theme.styles {
                    style.foreground = style.foreground.map(Colour::indexed);
                    style.background = style.background.map(Colour::indexed);
                }
                theme
            }
        }
    }
}

/// The built-in themes, as a terminal of that depth can draw them.
pub fn built_ins(depth: Depth) -> Vec<Theme> {
    BUILT_IN.iter().filter_map(|(name, _)| built_in(name)).map(|theme| theme.at(depth)).collect()
}

/// A built-in theme.
fn built_in(name: &str) -> Option<Theme> {
    let themes = Themes { folders: &[], read: &|_| None };
    themes.load(name, &Origin::default(), None).ok()
}

/// A table read from a file, if the file is there.
pub(super) type MaybeTable = Option<Result<Table, Vec<ConfigError>>>;

/// Where themes are looked for.
pub(super) struct Themes<'a> {
    /// Folders with a person's own, the first wins.
    pub folders: &'a [PathBuf],
    /// Reads a file; none where there is none.
    pub read: &'a dyn Fn(&Path) -> MaybeTable,
}

impl Themes<'_> {
    /// Loads a theme with those it inherits from; `over` is `[theme.override]`. `asked` is where the name
    /// was written.
    pub(super) fn load(
        &self,
        name: &str,
        asked: &Origin,
        over: Option<&Table>,
    ) -> Result<Theme, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let mut layers = Vec::new();
        let mut next = Some((name.to_owned(), asked.clone()));
        // A person's theme may carry the name of the built-in one that it inherits from.
        let mut own_names: Vec<String> = Vec::new();
        while let Some((name, origin)) = next.take() {
            let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
            let plain =
                !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
            let own = if plain && !own_names.contains(&name) { self.own(&name) } else { None };
            let from_file = own.is_some();
            let Some(read) = own.or_else(|| text_of(&name)) else {
                let near = suggestion(&name, known.iter().copied());
                let again =
                    if own_names.contains(&name) { "it inherits from itself" } else { "no such theme" };
                let help = format!(
                    "themes: {}; or a file themes/NAME.toml beside the configuration",
                    known.join(", ")
                );
                errors.push(ConfigError::new(&origin, format!("theme `{name}`: {again}{near}")).help(help));
                break;
            };
            if from_file {
                own_names.push(name.clone());
            }
            match read {
                Ok(mut table) => {
                    next = inherits(&mut table, &mut errors);
                    layers.push(table);
                }
                Err(found) => errors.extend(found),
            }
            if next.is_some() && layers.len() >= DEEPEST {
                errors.push(ConfigError::new(&origin, "themes inherit from one another without end"));
                break;
            }
        }
        let mut styles = vec![Style::default(); Meaning::ALL.len()];
        for table in layers.iter().rev().chain(over) {
            lay(&mut styles, table, &mut errors);
        }
        let ground = styles.first().copied().unwrap_or_default();
        for style in &mut styles {
            style.foreground = style.foreground.or(ground.foreground);
            style.background = style.background.or(ground.background);
        }
        if errors.is_empty() { Ok(Theme { name: name.into(), styles }) } else { Err(errors) }
    }

    /// The built-in themes and those of `own` names, without `chosen`. One that is wrong is a warning:
    /// nobody asked for it yet.
    pub(super) fn others(
        &self,
        chosen: &Theme,
        own: &[String],
        depth: Depth,
        warnings: &mut Vec<Warning>,
    ) -> Vec<Theme> {
        let mut themes: Vec<Theme> = Vec::new();
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        for name in built_in.chain(own.iter().map(String::as_str)) {
            match self.load(name, &Origin::default(), None) {
                Ok(theme) => {
                    let theme = theme.at(depth);
                    // On a terminal of few colours several themes are the same one.
                    let known = themes.iter().chain([chosen]).any(|known| known.name == theme.name);
                    themes.extend((!known).then_some(theme));
                }
                Err(found) => warnings.extend(found),
            }
        }
        themes
    }

    fn own(&self, name: &str) -> Option<Result<Table, Vec<ConfigError>>> {
        self.folders.iter().find_map(|folder| (self.read)(&folder.join(format!("{name}.toml"))))
    }
}

fn text_of(name: &str) -> Option<Result<Table, Vec<ConfigError>>> {
    let (name, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(super::table::read(&format!("theme {name}").into(), text))
}

fn inherits(table: &mut Table, errors: &mut Vec<ConfigError>) -> Option<(String, Origin)> {
    let Entry { value, .. } = table.take("inherits")?;
    let name = value.as_text().map(|name| (name.to_owned(), value.origin.clone()));
    if name.is_none() {
        errors.push(ConfigError::new(&value.origin, "`inherits`: the name of a theme in quotes is needed"));
    }
    name
}

fn lay(styles: &mut [Style], table: &Table, errors: &mut Vec<ConfigError>) {
    for entry in table.entries() {
        let Some(slot) = Meaning::named(&entry.key).and_then(|meaning| styles.get_mut(meaning as usize))
        else {
            let near = suggestion(&entry.key, Meaning::NAMES.iter().copied());
            let error = ConfigError::new(&entry.origin, format!("a theme has no `{}`{near}", entry.key));
            errors.push(error.help(format!("meanings: {}", Meaning::NAMES.join(", "))));
            continue;
        };
        match entry.value.as_text().map(str::parse) {
            Some(Ok(style)) => *slot = style,
            Some(Err(error)) => {
                errors.push(ConfigError::new(&entry.value.origin, format!("`{}`: {error}", entry.key)));
            }
            None => errors.push(ConfigError::new(
                &entry.value.origin,
                format!("`{}`: a style in quotes is needed, such as \"bold red\"", entry.key),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
