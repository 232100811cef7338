//! The Atlassian Document Format: a text as a tree, in which no text can be more than text.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>. A text without characters is
//! not allowed.

use serde_json::{Value, json};

use super::with;
use crate::incident::document::{Block, Document, Inline, Item};
use crate::incident::write::address;
use crate::model::text::SafeText;

/// The document.
pub(super) fn tree(document: &Document) -> Value {
    let content: Vec<Value> = document.blocks.iter().filter_map(block).collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

fn block(block: &Block) -> Option<Value> {
    Some(match block {
        Block::Heading(level, line) => {
            json!({ "type": "heading", "attrs": { "level": (*level).clamp(1, 6) }, "content": texts(line) })
        }
        Block::Paragraph(line) => paragraph(&texts(line)),
        Block::List(items) if items.is_empty() => return None,
        Block::List(items) => {
            json!({ "type": "bulletList", "content": items.iter().map(item).collect::<Vec<_>>() })
        }
        Block::Table { head, rows } => {
            let none: &[Inline] = &[];
            let row = |kind: &str, cells: &[Vec<Inline>]| {
                let cell = |index: usize| {
                    let line = cells.get(index).map_or(none, Vec::as_slice);
                    json!({ "type": kind, "attrs": {}, "content": [paragraph(&texts(line))] })
                };
                json!({ "type": "tableRow", "content": (0..head.len()).map(cell).collect::<Vec<_>>() })
            };
            let rows = std::iter::once(row("tableHeader", head))
                .chain(rows.iter().map(|cells| row("tableCell", cells)));
            json!({ "type": "table", "content": rows.collect::<Vec<_>>() })
        }
        Block::Code { language, lines } => {
            let text = lines.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n");
            let content: Vec<Value> = node(&text, &[]).into_iter().collect();
            json!({ "type": "codeBlock", "attrs": { "language": language.as_str() }, "content": content })
        }
    })
}

fn item(item: &Item) -> Value {
    let task = match item.done {
        Some(true) => node("[x] ", &[]),
        Some(false) => node("[ ] ", &[]),
        None => None,
    };
    let content: Vec<Value> = task.into_iter().chain(texts(&item.line)).collect();
    json!({ "type": "listItem", "content": [paragraph(&content)] })
}

fn paragraph(content: &[Value]) -> Value {
    json!({ "type": "paragraph", "content": content })
}

fn texts(line: &[Inline]) -> Vec<Value> {
    let one = |inline: &Inline| match inline {
        Inline::Text(text) => node(text.as_str(), &[]),
        Inline::Bold(text) => node(text.as_str(), &[json!({ "type": "strong" })]),
        Inline::Code(text) => node(text.as_str(), &[json!({ "type": "code" })]),
        Inline::Link { text, to } => {
            let mark = address(to).map(|to| json!({ "type": "link", "attrs": { "href": to } }));
            node(text.as_str(), mark.as_slice())
        }
    };
    line.iter().filter_map(one).collect()
}

fn node(text: &str, marks: &[Value]) -> Option<Value> {
    let node = json!({ "type": "text", "text": text });
    let node = if marks.is_empty() { node } else { with(node, "marks", json!(marks)) };
    (!text.is_empty()).then_some(node)
}
