//! What a text must not have when it leaves: secrets, calls of people, orders to the server.

use serde_json::Value;

use crate::config::secret::without_tokens;
use crate::incident::document::Document;
use crate::model::outgoing::{Body, Outgoing};
use crate::model::text::{RawText, SafeText, clean};
use crate::net::credential::Mask;

/// The text without known secrets and without what looks like one; counts texts that had any.
pub(super) fn clear(text: &SafeText, mask: &Mask, hidden: &mut usize) -> SafeText {
    let known = mask.text(text.as_str());
    let left = without_tokens(&known);
    if left == text.as_str() {
        return text.clone();
    }
    *hidden += 1;
    clean(&RawText::from(left.into_owned()))
}

/// Whether a secret that is known by now is in it.
pub(super) fn is_in(outgoing: &Outgoing, mask: &Mask) -> bool {
    let has = |text: &str| mask.text(text) != text;
    has(outgoing.title.as_str())
        || match &outgoing.body {
            Body::Text(text) => has(text),
            Body::Tree(tree) => any(tree, &has),
        }
}

/// Whether any text of a tree is so.
fn any(value: &Value, is_so: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_so(text),
        Value::Array(items) => items.iter().any(|item| any(item, is_so)),
        Value::Object(members) => members.values().any(|value| any(value, is_so)),
        _ => false,
    }
}

/// The document without names that GitHub, GitLab and Mattermost would call: `@here` and `@kim` in an incident's
/// text are no order to wake anybody. The sign is the wide one, which looks alike and calls nobody.
pub(super) fn without_calls(document: &Document) -> Document {
    document.mapped(&mut |text, as_it_is| {
        // In a cell of a table code with a bar is written as text.
        if as_it_is && !text.as_str().contains('|') {
            return text.clone();
        }
        let mut before = None;
        let quiet = |c: char| {
            let calls = c == '@' && !before.is_some_and(|before: char| before.is_alphanumeric());
            before = Some(c);
            if calls { '\u{ff20}' } else { c }
        };
        let quiet: String = text.as_str().chars().map(quiet).collect();
        clean(&RawText::from(quiet))
    })
}

/// Markdown without lines that GitLab would carry out, such as `/close`; in a block of code it obeys none.
pub(super) fn without_orders(markdown: &str) -> String {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for line in markdown.split('\n') {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) => {
                if line == open {
                    fence = None;
                }
                lines.push(line.to_owned());
                continue;
            }
            None if ticks >= 3 => fence = line.get(..ticks),
            None => {}
        }
        let is_order = line.trim_start().starts_with('/');
        lines.push(if is_order { line.replacen('/', "\\/", 1) } else { line.to_owned() });
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::document::{Block, Inline};

    #[test]
    fn nobody_is_called_by_a_text() {
        let line = |text: &'static str| Document {
            blocks: vec![Block::Paragraph(vec![Inline::Text(text.into()), Inline::Code("ssh @x".into())])],
            ..Document::default()
        };
        let said = |document: &Document| {
            let [Block::Paragraph(line)] = &document.blocks[..] else { panic!("{document:?}") };
            crate::incident::document::said(line).as_str().to_owned()
        };
        let quiet = without_calls(&line("@here (@team/ops) kim@bastion a@@b"));
        assert_eq!(said(&quiet), "\u{ff20}here (\u{ff20}team/ops) kim@bastion a@\u{ff20}bssh @x");
    }

    #[test]
    fn no_line_is_an_order() {
        let text =
            "/close\n  /assign me\n- /close\na /b\n```sh\n/bin/ls\n```\n/label ~x\n````\n```\n/x\n````\n/y";
        let safe = "\\/close\n  \\/assign me\n- /close\na /b\n```sh\n/bin/ls\n```\n\\/label ~x\n````\n```\n/x\n````\n\\/y";
        assert_eq!(without_orders(text), safe);
    }
}
