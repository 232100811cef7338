//! What was like it before, on the page of an alert or of a log line.

use jiff::{SignedDuration, Timestamp};

use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::insight::similar::{Asked, Like, similar};
use crate::logs::pattern::known::is_same;
use crate::model::incident::{IncidentId, Sev};
use crate::model::text::{RawText, SafeText, clean};
use crate::pane::view::View;
use crate::safe;
use crate::ui::pager::Paragraph;
use crate::ui::time::{age, took};

/// Incidents that are told.
const TOLD: usize = 3;

/// What a page is about, as far as incidents can be like it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct About {
    pub(super) alert: Option<RawText>,
    pub(super) subject: Subject,
    pub(super) patterns: Vec<RawText>,
}

/// What was like what a page shows. It is looked for when the page opens, and again only when the page or the
/// incidents have become others: to compare all of them takes longer than a frame may.
pub(super) struct Past {
    about: About,
    /// As of when the incidents are compared.
    revision: u64,
    found: Vec<Before>,
}

/// An incident that is over, as it is told.
struct Before {
    id: IncidentId,
    peak: Sev,
    began: Timestamp,
    length: SignedDuration,
    /// What it has in common with what is shown.
    like: SafeText,
    /// What helped, if somebody wrote it.
    how: Option<RawText>,
}

impl Past {
    pub(super) fn new(about: About, view: &View<'_>) -> Self {
        let asked = Asked { alert: about.alert.as_ref(), subject: &about.subject, patterns: &about.patterns };
        let found =
            similar(view.incidents, &asked, is_same).iter().take(TOLD).filter_map(Before::of).collect();
        Self { about, revision: view.incidents_revision, found }
    }

    /// What was looked for.
    pub(super) fn about(&self) -> &About {
        &self.about
    }

    /// Looks again, if the page is about something else now or other incidents are known.
    pub(super) fn sync(&mut self, about: About, view: &View<'_>) {
        if self.revision != view.incidents_revision || self.about != about {
            *self = Self::new(about, view);
        }
    }

    /// The incidents, how long they took and what helped.
    pub(super) fn paragraphs(&self, view: &View<'_>) -> Vec<Paragraph> {
        let style = view.styles.of(Meaning::Text);
        self.found.iter().map(|before| Paragraph::new(before.told(view.now), style)).collect()
    }
}

impl Before {
    fn of(like: &Like<'_>) -> Option<Self> {
        let incident = like.incident;
        let began = incident.began();
        Some(Self {
            id: incident.id.clone(),
            peak: incident.peak,
            began,
            length: incident.ended()?.duration_since(began),
            like: like.words(),
            how: incident.ended_by.clone(),
        })
    }

    fn told(&self, now: Timestamp) -> SafeText {
        let how = match &self.how {
            Some(text) => safe!(": {}", clean(text)),
            None => ", and nobody wrote what helped".into(),
        };
        safe!(
            "{} SEV{}, {} ago, {}, took {}{}",
            clean(&self.id.as_str().into()),
            self.peak.number(),
            age(now.duration_since(self.began)),
            self.like,
            took(self.length),
            how
        )
    }
}
