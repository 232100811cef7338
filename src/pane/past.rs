//! What was like it before: on the page of an alert or of a log line, and in one line.

use jiff::{SignedDuration, Timestamp};

use crate::config::theme::Meaning;
use crate::insight::changes::Subject;
use crate::insight::similar::{Asked, Like, similar};
use crate::logs::pattern::known::is_same;
use crate::model::incident::{Incident, IncidentId, Sev};
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
    /// Whether they are of a line of normal operation.
    pub(super) is_routine: bool,
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
pub struct Before {
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
        let asked = Asked {
            alert: about.alert.as_ref(),
            subject: &about.subject,
            patterns: &about.patterns,
            is_routine: about.is_routine,
        };
        let found = Before::all(view.incidents, &asked).take(TOLD).collect();
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
        let line = |before: &Before| {
            let id = clean(&before.id.as_str().into());
            let text = safe!("{} SEV{}: {}", id, before.peak.number(), before.told(view.now));
            Paragraph::new(text, style)
        };
        self.found.iter().map(line).collect()
    }
}

impl Before {
    /// All that were like what is asked for, the most alike first.
    pub fn all(incidents: &[Incident], asked: &Asked<'_>) -> impl Iterator<Item = Self> {
        let found = similar(incidents, asked, is_same);
        found.into_iter().filter_map(|like| Self::of(&like))
    }

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

    /// `rolled back 812 (3d ago, took 42m, the same service)`: what helped comes first, so that it is seen where
    /// only a part of it has room.
    pub fn told(&self, now: Timestamp) -> SafeText {
        let how = self.how.as_ref().map_or_else(|| "nobody wrote what helped".into(), clean);
        let ago = age(now.duration_since(self.began));
        safe!("{} ({} ago, took {}, {})", how, ago, took(self.length), self.like)
    }
}
