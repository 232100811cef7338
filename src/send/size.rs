//! How much each destination takes, and what is left out of what is longer.

use crate::config::destinations::Kind;
use crate::incident::document::{Block, Document, Inline};
use crate::model::outgoing::Body;
use crate::model::text::SafeText;
use crate::safe;

/// Whether a destination takes a text of this length. Longer ones are cut there without a word, or refused.
pub(super) fn fits(kind: Kind, body: &Body) -> bool {
    let characters = || match body {
        Body::Text(text) => text.chars().count(),
        Body::Tree(tree) => tree.to_string().chars().count(),
    };
    let bytes = || match body {
        Body::Text(text) => text.len(),
        Body::Tree(tree) => tree.to_string().len(),
    };
    match kind {
        // `text` is cut at 40,000; what Slack escapes counts longer.
        Kind::Slack | Kind::SlackWebhook => characters() <= 38_000,
        // 28 KB with what is around the card.
        Kind::Teams => bytes() <= 26 * 1024,
        Kind::Mattermost | Kind::MattermostWebhook => characters() <= 16_383,
        Kind::Jira | Kind::JiraComment => characters() <= 32_767,
        Kind::Confluence => bytes() <= 5_000_000,
        Kind::Github => characters() <= 65_536,
        Kind::Gitlab => characters() <= 1_000_000,
        Kind::Webhook => bytes() <= 1 << 20,
    }
}

/// As much of a document as fits, and what is to be said if that is not all; `None` if nothing does.
pub(super) fn fitting(
    document: &Document,
    fits: impl Fn(&Document) -> bool,
) -> Option<(Document, Option<SafeText>)> {
    if fits(document) {
        return Some((document.clone(), None));
    }
    let all = parts(document);
    // The most parts that fit with the word about the rest: more never fit where fewer do not.
    let (mut least, mut most) = (0, all);
    while least < most {
        let middle = (least + most).div_ceil(2);
        if fits(&first(document, middle, all - middle)) { least = middle } else { most = middle - 1 }
    }
    let cut = first(document, least, all - least);
    let said = safe!("It is too long for there: {} of its {} lines are left out.", all - least, all);
    fits(&cut).then_some((cut, Some(said)))
}

/// Lines of which a document is made.
fn parts(document: &Document) -> usize {
    document.blocks.iter().map(of).sum()
}

fn of(block: &Block) -> usize {
    match block {
        Block::Heading(..) | Block::Paragraph(_) => 1,
        Block::List(items) => items.len(),
        Block::Table { rows, .. } => rows.len() + 1,
        Block::Code { lines, .. } => lines.len(),
    }
}

/// The first parts of a document, and a word about the others.
fn first(document: &Document, keep: usize, left: usize) -> Document {
    let (mut room, mut blocks) = (keep, Vec::new());
    for block in &document.blocks {
        let size = of(block);
        let mut block = block.clone();
        if size > room {
            match &mut block {
                Block::List(items) => items.truncate(room),
                Block::Table { rows, .. } => rows.truncate(room.saturating_sub(1)),
                Block::Code { lines, .. } => lines.truncate(room),
                Block::Heading(..) | Block::Paragraph(_) => {}
            }
            if room > 0 && !matches!(block, Block::Heading(..) | Block::Paragraph(_)) {
                blocks.push(block);
            }
            break;
        }
        room -= size;
        blocks.push(block);
    }
    let rest = safe!("(Cut here: {} more lines are in the incident's record.)", left);
    blocks.push(Block::Paragraph(vec![Inline::Text(rest)]));
    Document { front: document.front.clone(), blocks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::document::Item;

    fn line(text: &'static str) -> Vec<Inline> {
        vec![Inline::Text(text.into())]
    }

    fn document() -> Document {
        let item = || Item { done: None, line: line("item") };
        let table = Block::Table { head: vec![line("head")], rows: vec![vec![line("row")]; 3] };
        let blocks = vec![
            Block::Heading(1, line("title")),
            Block::List(vec![item(), item()]),
            table,
            Block::Code { language: "text".into(), lines: vec!["code".into(); 2] },
            Block::Paragraph(line("end")),
        ];
        Document { front: Vec::new(), blocks }
    }

    #[test]
    fn a_document_is_cut_at_a_line_and_says_so() {
        let whole = document();
        assert_eq!(parts(&whole), 10);
        assert_eq!(fitting(&whole, |_| true), Some((whole.clone(), None)));
        for most in 1..10 {
            let (cut, said) = fitting(&whole, |document| parts(document) <= most).unwrap();
            assert_eq!(parts(&cut), most, "the word about the rest is one of them");
            let left = 10 - (most - 1);
            let text = format!("It is too long for there: {left} of its 10 lines are left out.");
            assert_eq!(said.unwrap().as_str(), text);
            let Some(Block::Paragraph(last)) = cut.blocks.last() else { panic!("{cut:?}") };
            assert_eq!(
                crate::incident::document::said(last).as_str(),
                format!("(Cut here: {left} more lines are in the incident's record.)")
            );
        }
        assert_eq!(fitting(&whole, |_| false), None);
    }

    #[test]
    fn each_destination_has_its_bound() {
        let text = |length: usize| Body::Text("\u{e9}".repeat(length));
        for (kind, most) in [
            (Kind::Slack, 38_000),
            (Kind::Mattermost, 16_383),
            (Kind::Jira, 32_767),
            (Kind::Github, 65_536),
            (Kind::Teams, 13 * 1024),
        ] {
            assert!(fits(kind, &text(most)) && !fits(kind, &text(most + 1)), "{kind:?}");
        }
    }
}
