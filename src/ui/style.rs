//! A theme in the terms of the screen: every meaning's style, resolved once.

use ratatui::style::{Color, Modifier, Style};

use crate::config::theme::{Colour, Meaning, Theme};
use crate::logs::level::Level;
use crate::model::alert::Severity;
use crate::model::run::RunState;

/// The styles of a theme. Widgets ask for a meaning and never for a colour.
#[derive(Clone, Debug)]
pub struct Styles {
    styles: Vec<Style>,
}

impl Styles {
    /// Resolves a theme.
    pub fn new(theme: &Theme) -> Self {
        Self { styles: Meaning::ALL.iter().map(|meaning| resolve(theme, *meaning)).collect() }
    }

    /// How a meaning is drawn.
    pub fn of(&self, meaning: Meaning) -> Style {
        self.styles.get(meaning as usize).copied().unwrap_or_default()
    }

    /// How a meaning is drawn on the ground of another: words on the header or the footer. One that has a
    /// ground of its own keeps it, since its words might not be seen on any other.
    pub fn on(&self, ground: Meaning, meaning: Meaning) -> Style {
        let (ground, style) = (self.of(ground), self.of(meaning));
        if style.bg == self.of(Meaning::Text).bg { Style { bg: ground.bg, ..style } } else { style }
    }
}

fn resolve(theme: &Theme, meaning: Meaning) -> Style {
    let style = theme.style(meaning);
    let mut resolved = Style::new();
    resolved.fg = style.foreground.map(colour);
    resolved.bg = style.background.map(colour);
    let attributes = [
        (style.bold, Modifier::BOLD),
        (style.dim, Modifier::DIM),
        (style.underline, Modifier::UNDERLINED),
        (style.reverse, Modifier::REVERSED),
    ];
    for (_, modifier) in attributes.into_iter().filter(|(wanted, _)| *wanted) {
        resolved = resolved.add_modifier(modifier);
    }
    resolved
}

fn colour(colour: Colour) -> Color {
    match colour {
        Colour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
        Colour::Indexed(index) => Color::Indexed(index),
    }
}

/// The meaning that draws a severity.
pub fn of_severity(severity: Severity) -> Meaning {
    match severity {
        Severity::Critical => Meaning::Critical,
        Severity::Error => Meaning::LevelError,
        Severity::Warning => Meaning::Warning,
        Severity::Info => Meaning::Info,
        Severity::Unknown => Meaning::Text,
    }
}

/// The meaning that draws a run's state, and its sign: never the colour alone.
pub fn of_run(state: RunState) -> (Meaning, &'static str) {
    match state {
        RunState::Failed => (Meaning::Critical, "x"),
        RunState::Waiting => (Meaning::Warning, "?"),
        RunState::Running => (Meaning::Running, ">"),
        RunState::Queued => (Meaning::Muted, "."),
        RunState::Succeeded => (Meaning::Ok, "+"),
        RunState::Cancelled => (Meaning::Muted, "-"),
        RunState::Skipped => (Meaning::Muted, "s"),
        RunState::Unknown => (Meaning::Warning, "!"),
    }
}

/// The sign of a level.
pub fn sign_of_level(level: Level) -> &'static str {
    match level {
        Level::Fatal => "FTL",
        Level::Error => "ERR",
        Level::Warn => "WRN",
        Level::Info => "INF",
        Level::Debug => "DBG",
        Level::Trace => "TRC",
        Level::Unknown => "",
    }
}

/// The meaning that draws a log level.
pub fn of_level(level: Level) -> Meaning {
    match level {
        Level::Fatal => Meaning::LevelFatal,
        Level::Error => Meaning::LevelError,
        Level::Warn => Meaning::LevelWarning,
        Level::Info => Meaning::LevelInfo,
        Level::Debug => Meaning::LevelDebug,
        Level::Trace => Meaning::LevelTrace,
        Level::Unknown => Meaning::Text,
    }
}
