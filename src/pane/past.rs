//! What was like it before, on the page of an alert or of a log line.

use crate::config::theme::Meaning;
use crate::insight::similar::{Asked, Like, similar};
use crate::logs::pattern::known::is_same;
use crate::model::text::clean;
use crate::pane::view::View;
use crate::safe;
use crate::ui::pager::Paragraph;
use crate::ui::time::{age, took};

/// Incidents that are told.
const TOLD: usize = 3;

/// Incidents that were like what is asked for, how long they took and what helped.
pub(super) fn paragraphs(asked: &Asked<'_>, view: &View<'_>) -> Vec<Paragraph> {
    let style = view.styles.of(Meaning::Text);
    let line = |like: &Like<'_>| {
        let incident = like.incident;
        let ended = incident.ended()?;
        let how = match &incident.ended_by {
            Some(text) => safe!(": {}", clean(text)),
            None => ", and nobody wrote what helped".into(),
        };
        let text = safe!(
            "{} SEV{}, {} ago, {}, took {}{}",
            clean(&incident.id.as_str().into()),
            incident.peak.number(),
            age(view.now.duration_since(incident.began())),
            like.words(),
            took(ended.duration_since(incident.began())),
            how
        );
        Some(Paragraph::new(text, style))
    };
    similar(view.incidents, asked, is_same).iter().take(TOLD).filter_map(line).collect()
}
