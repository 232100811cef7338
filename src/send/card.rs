//! An Adaptive Card, for Microsoft Teams. Its texts are runs, in which Markdown means nothing.
//!
//! <https://adaptivecards.io/explorer/RichTextBlock.html>, since version 1.2.

use serde_json::{Value, json};

use super::with;
use crate::incident::document::{Block, Document, Inline};
use crate::incident::write::address;
use crate::model::text::SafeText;

/// The card.
pub(super) fn card(title: &SafeText, document: &Document) -> Value {
    let mut body = Vec::new();
    if !matches!(document.blocks.first(), Some(Block::Heading(..))) {
        body.push(large(vec![run(title.as_str())], "Large"));
    }
    for block in &document.blocks {
        put(block, &mut body);
    }
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "msteams": { "width": "Full" },
    })
}

fn put(block: &Block, body: &mut Vec<Value>) {
    match block {
        Block::Heading(1, line) => body.push(large(runs(line), "Large")),
        Block::Heading(_, line) => body.push(large(runs(line), "Medium")),
        Block::Paragraph(line) => body.push(text(runs(line))),
        Block::List(items) => {
            for item in items {
                let mark = match item.done {
                    Some(true) => "\u{2022} [x] ",
                    Some(false) => "\u{2022} [ ] ",
                    None => "\u{2022} ",
                };
                body.push(close(text(std::iter::once(run(mark)).chain(runs(&item.line)).collect())));
            }
        }
        Block::Table { head, rows } => {
            let row = |cells: &[Vec<Inline>]| {
                let mut all = Vec::new();
                for (index, cell) in cells.iter().take(head.len()).enumerate() {
                    all.extend((index > 0).then(|| run(" | ")));
                    all.extend(runs(cell));
                }
                all
            };
            body.push(text(row(head).into_iter().map(bold).collect()));
            body.extend(rows.iter().map(|cells| close(text(row(cells)))));
        }
        Block::Code { lines, .. } => {
            let code = lines.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n");
            body.push(text(vec![monospace(run(&code))]));
        }
    }
}

fn text(runs: Vec<Value>) -> Value {
    // A block without a run is not drawn by all clients.
    let runs = if runs.is_empty() { vec![run(" ")] } else { runs };
    json!({ "type": "RichTextBlock", "inlines": runs })
}

fn close(block: Value) -> Value {
    with(block, "spacing", json!("None"))
}

fn large(runs: Vec<Value>, size: &str) -> Value {
    let sized = |run: Value| bold(with(run, "size", json!(size)));
    text(runs.into_iter().map(sized).collect())
}

fn run(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text })
}

fn bold(run: Value) -> Value {
    with(run, "weight", json!("Bolder"))
}

fn monospace(run: Value) -> Value {
    with(run, "fontType", json!("Monospace"))
}

fn runs(line: &[Inline]) -> Vec<Value> {
    let one = |inline: &Inline| {
        let text = run(inline.text().as_str());
        match inline {
            Inline::Text(_) => text,
            Inline::Bold(_) => bold(text),
            Inline::Code(_) => monospace(text),
            Inline::Link { to, .. } => match address(to) {
                Some(to) => with(text, "selectAction", json!({ "type": "Action.OpenUrl", "url": to })),
                None => text,
            },
        }
    };
    line.iter().filter(|inline| !inline.text().is_empty()).map(one).collect()
}
