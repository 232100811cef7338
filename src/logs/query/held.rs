//! A record in segments, as a query looks at it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use super::Subject;
use crate::logs::format::Formats;
use crate::logs::level::Level;
use crate::logs::segment::Segment;
use crate::logs::sgr;

/// Lines of a segment.
type Lines<'a> = (&'a Segment, Range<u32>);

/// A line with those that go on with it.
pub(in crate::logs) struct Held<'a> {
    first: Lines<'a>,
    /// What is of it in the segments after that.
    rest: &'a [Lines<'a>],
    plain: OnceCell<Cow<'a, [u8]>>,
}

impl<'a> Held<'a> {
    pub(in crate::logs) fn new(first: Lines<'a>, rest: &'a [Lines<'a>]) -> Self {
        Self { first, rest, plain: OnceCell::new() }
    }

    fn parts(&self) -> impl DoubleEndedIterator<Item = &Lines<'a>> {
        std::iter::once(&self.first).chain(self.rest)
    }

    fn plain(&self) -> Cow<'a, [u8]> {
        let text = |(segment, lines): &Lines<'a>| segment.span(lines.start, lines.end);
        let whole: Cow<'a, [u8]> = if self.rest.is_empty() {
            without_end(text(&self.first)).into()
        } else {
            without_end(&self.parts().map(text).collect::<Vec<_>>().concat()).to_vec().into()
        };
        if !self.parts().any(|(segment, _)| segment.has_escapes()) {
            return whole;
        }
        match whole {
            Cow::Borrowed(text) => sgr::strip(text),
            Cow::Owned(text) => sgr::strip(&text).into_owned().into(),
        }
    }
}

fn without_end(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\n").unwrap_or(text)
}

impl Subject for Held<'_> {
    fn text(&self) -> &[u8] {
        self.plain.get_or_init(|| self.plain())
    }

    /// Of its last line, which knows what those before it say.
    fn level(&self) -> Level {
        let (segment, lines) = self.rest.last().unwrap_or(&self.first);
        segment.level(lines.end.saturating_sub(1))
    }

    /// Of its first line that says one: the journal's export has a line for each field.
    fn time(&self) -> Option<i64> {
        let mut lines =
            self.parts().flat_map(|(segment, lines)| lines.clone().map(move |line| (*segment, line)));
        let said = lines.find(|(segment, line)| segment.is_timed(*line));
        let (segment, line) = said.unwrap_or((self.first.0, self.first.1.start));
        Some(segment.effective(line))
    }

    fn formats(&self) -> &Formats {
        self.first.0.formats()
    }

    fn stream(&self) -> &[u8] {
        self.first.0.stream().as_bytes()
    }

    fn source(&self) -> &[u8] {
        self.first.0.source().as_bytes()
    }
}
