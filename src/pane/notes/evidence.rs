//! The page of a piece of evidence.

use crate::config::theme::Meaning;
use crate::model::note::Evidence;
use crate::model::text::{clean, clean_line};
use crate::pane::view::View;
use crate::safe;
use crate::ui::pager::Paragraph;

/// What was seen, and where.
pub(super) fn paragraphs(evidence: &Evidence, view: &View<'_>) -> Vec<Paragraph> {
    let (text, muted) = (view.styles.of(Meaning::Text), view.styles.of(Meaning::Muted));
    let (from, to) = evidence.window;
    let mut of = safe!("of {}, {}", clean(&evidence.from), view.zone.precise(from, view.now));
    if to > from {
        of.push(&safe!(" to {}", view.zone.precise(to, view.now)));
    }
    if !evidence.query.is_empty() {
        of.push(&safe!(", filter {}", clean(&evidence.query)));
    }
    let mut page = vec![Paragraph::new(of, muted)];
    page.extend(evidence.link.as_ref().map(|link| Paragraph::new(clean(link), muted)));
    page.extend(
        evidence
            .patterns
            .iter()
            .map(|text| Paragraph::new(safe!("known again by its log pattern: {}", clean(text)), muted)),
    );
    page.push(Paragraph::default());
    page.extend(evidence.lines.iter().map(|line| Paragraph::new(clean_line(line.as_bytes()), text)));
    if evidence.left_out > 0 {
        page.push(Paragraph::new(safe!("and {} more that were not kept", evidence.left_out), muted));
    }
    page
}
