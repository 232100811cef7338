//! Where a configured value was written, and what is wrong with it.

use crate::model::text::{RawText, SafeText, clean};

/// Where a value was written: a file, a variable of the environment or a flag.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Origin {
    /// The path, the name of the variable or the flag.
    pub place: RawText,
    /// Line and column in the file, both from 1; the column counts characters.
    pub at: Option<(u32, u32)>,
}

impl Origin {
    /// A place without lines: a variable, a flag, or a file as a whole.
    pub fn whole(place: impl Into<RawText>) -> Self {
        Self { place: place.into(), at: None }
    }

    /// `path:line:column`, or the name alone where there are no lines.
    pub fn shown(&self) -> SafeText {
        let place = clean(&self.place);
        match self.at {
            Some((line, column)) => crate::safe!("{}:{}:{}", place, line, column),
            None => place,
        }
    }
}

/// Something wrong with the configuration, for the person who has to mend it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// Where.
    pub origin: Origin,
    /// What is wrong, with the nearest right spelling where there is one.
    pub what: SafeText,
    /// What to write instead.
    pub help: Option<Box<SafeText>>,
    /// The other place that takes part, such as the first use of a name, and what it is.
    pub other: Option<Box<(Origin, SafeText)>>,
}

/// Something that does not stop the start, but that the person should know.
pub type Warning = ConfigError;

impl ConfigError {
    /// An error at a place; `what` is made safe to print.
    pub fn new(origin: &Origin, what: impl Into<RawText>) -> Self {
        Self { origin: origin.clone(), what: clean(&what.into()), help: None, other: None }
    }

    /// The same, with a line that says what to write.
    #[must_use]
    pub fn help(mut self, help: impl Into<RawText>) -> Self {
        self.help = Some(Box::new(clean(&help.into())));
        self
    }

    /// The same, with a second place.
    #[must_use]
    pub fn other(mut self, origin: &Origin, what: &'static str) -> Self {
        self.other = Some(Box::new((origin.clone(), what.into())));
        self
    }

    /// As shown: `path:line:column: what is wrong`, then what helps, then the other place.
    pub fn lines(&self) -> Vec<SafeText> {
        let mut lines = vec![crate::safe!("{}: {}", self.origin.shown(), self.what)];
        if let Some(help) = self.help.as_deref() {
            lines.push(crate::safe!("  help: {}", help));
        }
        if let Some((origin, what)) = self.other.as_deref() {
            lines.push(crate::safe!("  {}: {}", origin.shown(), what));
        }
        lines
    }
}
