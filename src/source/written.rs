//! Tables of a configuration as text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use url::Url;

use crate::model::text::clean;

/// A `[[source]]` table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceText {
    /// Its name, if no other source has it.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// What stands above it as comments; lines.
    pub why: Vec<String>,
    /// Its other keys; lines.
    pub keys: Vec<String>,
}

impl SourceText {
    /// A table with these other keys.
    pub fn new(name: impl Into<String>, kind: &'static str, keys: Vec<String>) -> Self {
        Self { name: name.into(), kind, why: Vec::new(), keys }
    }

    /// Says why above it.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    /// The table; its name gets a number if it is taken.
    pub fn text(&self, taken: &mut BTreeSet<String>) -> String {
        let numbered = (2..).map(|number| format!("{}-{number}", self.name));
        let mut names = std::iter::once(self.name.clone()).chain(numbered);
        let name = names.find(|name| taken.insert(name.clone())).unwrap_or_default();
        let mut text = commented(&self.why.join("\n"));
        let _infallible =
            write!(text, "[[source]]\nname = {}\nkind = {}\n", quoted(&name), quoted(self.kind));
        for key in &self.keys {
            text.push_str(key);
            text.push('\n');
        }
        text
    }
}

/// A text as TOML, in one line and safe to print whatever is in it: what a terminal would obey or not
/// show is escaped.
pub fn quoted(text: &str) -> String {
    let mut written = String::from('"');
    for c in text.chars() {
        let own = c.to_string();
        match c {
            '"' | '\\' => written.extend(['\\', c]),
            c if c.is_control() || clean(&own.as_str().into()).as_str() != own => {
                written.extend(format!("\\U{:08X}", u32::from(c)).chars());
            }
            c => written.push(c),
        }
    }
    written + "\""
}

/// `key = ["a", "b"]`
pub fn list(key: &str, items: &[String]) -> String {
    let items: Vec<_> = items.iter().map(|item| quoted(item)).collect();
    format!("{key} = [{}]", items.join(", "))
}

/// Every line as a comment, safe to print.
pub fn commented(text: &str) -> String {
    text.lines()
        .map(|line| format!("# {}", clean(&line.into()).as_str()).trim_end().to_owned() + "\n")
        .collect()
}

/// What the parts of a configuration come to.
#[derive(Default)]
pub struct Draft {
    /// `[[credential]]` tables: where a secret is to be had, never one itself.
    pub credentials: Vec<String>,
    /// `[[source]]` tables.
    pub sources: Vec<SourceText>,
    /// What is only told, as blocks of comments.
    pub hints: Vec<String>,
}

/// An address alone: without user, password, query and fragment.
pub fn bare(mut url: Url) -> Option<Url> {
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_quoted_reads_back_and_is_safe_to_print() {
        for text in [
            "plain",
            "quo\"te \\ back",
            "a\nb\tc\u{1b}[31m\u{7f}",
            "\u{202e}evil\u{200b}\u{9b}",
            "ä 中 \u{1f600}",
        ] {
            let line = format!("a = {}", quoted(text));
            let read: toml::Table = line.parse().unwrap();
            assert_eq!(read.get("a").and_then(toml::Value::as_str), Some(text), "{line}");
            assert_eq!(clean(&line.as_str().into()).as_str(), line);
            assert_eq!(commented(text).lines().count(), text.lines().count());
        }
        assert_eq!(quoted("ä 中"), "\"ä 中\"");
        assert!(!commented("x \u{202e}y").contains('\u{202e}'));
    }
}
