//! The storage format of Confluence: XHTML with macros of its own, none of which a text can begin.

use crate::incident::document::{Block, Document, Inline, Item};
use crate::incident::write::address;
use crate::model::text::SafeText;

/// The page.
pub(super) fn storage(document: &Document) -> String {
    document.blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(level, text) => {
            let level = (*level).clamp(1, 6);
            format!("<h{level}>{}</h{level}>", line(text))
        }
        Block::Paragraph(text) => format!("<p>{}</p>", line(text)),
        Block::List(items) => {
            let items: Vec<String> = items.iter().map(item).collect();
            format!("<ul>\n{}\n</ul>", items.join("\n"))
        }
        Block::Table { head, rows } => {
            let none: &[Inline] = &[];
            let row = |tag: &str, cells: &[Vec<Inline>]| {
                let cell = |index: usize| {
                    let text = line(cells.get(index).map_or(none, Vec::as_slice));
                    format!("<{tag}>{text}</{tag}>")
                };
                format!("<tr>{}</tr>", (0..head.len()).map(cell).collect::<String>())
            };
            let rows = std::iter::once(row("th", head)).chain(rows.iter().map(|cells| row("td", cells)));
            format!("<table><tbody>\n{}\n</tbody></table>", rows.collect::<Vec<_>>().join("\n"))
        }
        Block::Code { lines, .. } => {
            let text = lines.iter().map(SafeText::as_str).collect::<Vec<_>>().join("\n");
            // What would end it is in two parts.
            let text = text.replace("]]>", "]]]]><![CDATA[>");
            format!(
                "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[{text}]]></ac:plain-text-body></ac:structured-macro>"
            )
        }
    }
}

fn item(item: &Item) -> String {
    let task = match item.done {
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
        None => "",
    };
    format!("<li>{task}{}</li>", line(&item.line))
}

fn line(line: &[Inline]) -> String {
    let one = |inline: &Inline| {
        let text = escaped(inline.text().as_str());
        match inline {
            Inline::Text(_) => text,
            Inline::Bold(_) => format!("<strong>{text}</strong>"),
            Inline::Code(_) => format!("<code>{text}</code>"),
            Inline::Link { to, .. } => match address(to) {
                Some(to) => format!("<a href=\"{}\">{text}</a>", escaped(&to)),
                None => text,
            },
        }
    };
    line.iter().map(one).collect()
}

/// Text that means nothing but itself.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
