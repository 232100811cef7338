//! The forms that a document is written in: lines that are safe to print, to copy and to send.

mod gfm;
mod jira;
mod plain;
mod slack;

use std::fmt::Write as _;

use super::document::{Block, Document, Inline, part};
use crate::model::text::SafeText;

/// What takes the document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Markdown as GitHub, GitLab and Mattermost take it.
    Gfm,
    /// What Slack makes bold and links of.
    Slack,
    /// The wiki markup of Jira and Confluence.
    Jira,
    /// Text.
    Plain,
}

/// How one format writes the parts of a document.
trait Markup {
    /// What stands before the text.
    fn front(&self, _front: &[(SafeText, SafeText)]) -> Vec<String> {
        Vec::new()
    }

    /// The lines of a block, none of which is empty unless the block has such lines.
    fn block(&self, block: &Block) -> Vec<String>;
}

/// The document's lines. Between its parts there is an empty one.
pub fn write(document: &Document, format: Format) -> Vec<SafeText> {
    let markup: &dyn Markup = match format {
        Format::Gfm => &gfm::Gfm,
        Format::Slack => &slack::Slack,
        Format::Jira => &jira::Jira,
        Format::Plain => &plain::Plain,
    };
    let parts = std::iter::once(markup.front(&document.front))
        .chain(document.blocks.iter().map(|block| markup.block(block)));
    let mut lines = Vec::new();
    for written in parts.filter(|lines| !lines.is_empty()) {
        if !lines.is_empty() {
            lines.push(SafeText::default());
        }
        // Whatever was put together above: nothing that a terminal obeys gets out.
        lines.extend(written.iter().map(|line| part(line)));
    }
    lines
}

/// A place that may stand in a link, with all that could end it there in the form `%7C`. Nothing for what
/// is no place of the web.
pub fn address(to: &SafeText) -> Option<String> {
    let to = to.as_str();
    let is_web = ["https://", "http://", "mailto:"].iter().any(|scheme| to.starts_with(scheme));
    is_web.then(|| {
        let mut written = String::with_capacity(to.len());
        for byte in to.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&*+,=%".contains(&byte) {
                written.push(char::from(byte));
            } else {
                // Nothing is refused by a String.
                let _written = write!(written, "%{byte:02X}");
            }
        }
        written
    })
}

/// Whether a character in the middle of a word means nothing.
fn is_within_word(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
}

/// A character of text that calls nobody: `@here` and `@kim` in an incident's text are no order to wake
/// anybody where the document is pasted or sent. The sign is the wide one, which looks alike. An address of mail
/// has its own.
fn uncalled(before: Option<char>, c: char) -> char {
    if c == '@' && !before.is_some_and(char::is_alphanumeric) { '\u{ff20}' } else { c }
}

/// As many cells as the head has.
fn cells<'a>(row: &'a [Vec<Inline>], head: &'a [Vec<Inline>]) -> impl Iterator<Item = &'a [Inline]> {
    let none: &[Inline] = &[];
    (0..head.len()).map(move |index| row.get(index).map_or(none, Vec::as_slice))
}
