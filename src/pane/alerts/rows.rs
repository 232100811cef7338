//! The rows of the alerts pane: which there are, in which order, and what stands in them.

use std::sync::Arc;

use jiff::Timestamp;

use crate::config::theme::Meaning;
use crate::insight::fault::{self, Fault, Together, Word};
use crate::model::alert::{Alert, AlertState};
use crate::model::claim::{Claim, Thing};
use crate::model::note::Fired;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::DetailKey;
use crate::pane::effect::Effect;
use crate::pane::sort::Sort;
use crate::pane::view::View;
use crate::safe;
use crate::ui::style::of_severity;
use crate::ui::table::{Cell, Column};
use crate::ui::time::age;

/// How the rows are ordered, in words.
pub(super) fn word(by: Sort) -> &'static str {
    match by {
        Sort::Urgency => "urgency, the oldest onset first",
        Sort::Time => "time, the newest first",
        Sort::Name => "name",
    }
}

/// Orders the rows.
pub(super) fn sort(rows: &mut [Row], by: Sort) {
    match by {
        Sort::Urgency => rows.sort_by_cached_key(|row| (row.urgency(), row.alert.onset(), row.key())),
        Sort::Time => rows.sort_by_cached_key(|row| (std::cmp::Reverse(row.since()), row.key())),
        Sort::Name => rows.sort_by_cached_key(|row| (row.alert.name.clone(), row.key())),
    }
}

/// An alert as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) source: RawText,
    pub(super) alert: Arc<Alert>,
    pub(super) service: Option<RawText>,
    pub(super) environment: Option<RawText>,
    /// What other sources say of the same fault.
    pub(super) others: Vec<Word>,
    /// Whether they disagree.
    pub(super) disputed: bool,
    /// Whether its source cannot be believed now.
    doubtful: bool,
}

/// The rows in scope: one for each fault, whoever tells of it; and how many alerts may stand in two of
/// them, because there were too many to compare.
pub(super) fn collect(view: &View<'_>) -> (Vec<Row>, usize) {
    let firing = view.world.alerts();
    let ended = view.world.in_sight(view.now);
    let told = firing.chain(ended.filter_map(|(name, alert)| Some((view.world.source(name)?, alert))));
    let words_of = told.map(|(source, alert)| Word::of(source, alert, view.now));
    let shown = words_of.filter(|word| view.shows(word.environment.as_ref()));
    let row = |fault: Fault| {
        let disputed = fault.is_disputed();
        let environment = fault.environment().cloned();
        let Word { source, alert, is_live, .. } = fault.first;
        Row {
            doubtful: !is_live,
            service: view.catalog.service_of(alert.labels.iter()),
            environment,
            others: fault.others,
            disputed,
            source,
            alert,
        }
    };
    let Together { faults, uncompared } = fault::together(shown);
    (faults.into_iter().map(row).collect(), uncompared)
}

/// The columns: severity, name, service, environment, age, who has it, what else.
pub(super) fn columns(view: &View<'_>) -> Vec<Column> {
    vec![
        Column::fixed(4, 0),
        Column::growing(14, 0),
        Column::fixed(10, 2),
        Column::fixed(if view.many_environments() { 8 } else { 0 }, 3),
        Column::fixed(4, 0),
        Column::fixed(9, 1),
    ]
}

impl Row {
    pub(super) fn key(&self) -> (RawText, RawText) {
        (self.source.clone(), self.alert.id.clone())
    }

    /// Asks with which others people are told of it, where it is known who is told.
    pub(super) fn groups(&self) -> Option<Effect> {
        let key = DetailKey::Groups { alert: self.alert.id.clone() };
        (!self.alert.receivers.is_empty()).then(|| Effect::Fetch(self.source.clone(), key))
    }

    /// Who tells of it, and as what.
    pub(super) fn tellers(&self) -> impl Iterator<Item = (&RawText, &Arc<Alert>)> {
        let others = self.others.iter().map(|word| (&word.source, &word.alert));
        std::iter::once((&self.source, &self.alert)).chain(others)
    }

    /// The alert, as each source tells it: what somebody claims.
    pub(super) fn fired(&self) -> Vec<Fired> {
        self.tellers().map(|(_, alert)| Fired::of(alert)).collect()
    }

    /// Who said that they have it.
    pub(super) fn claim<'a>(&self, view: &View<'a>) -> Option<&'a Claim> {
        view.claims.holder(&Thing::Alert(self.fired()))
    }

    /// What its age counts from: the end of an ended one, else the onset.
    pub(super) fn since(&self) -> Timestamp {
        self.alert.ended.filter(|_| self.alert.state == AlertState::Resolved).unwrap_or(self.alert.onset())
    }

    fn urgency(&self) -> (u8, crate::model::alert::Severity) {
        let class = match self.alert.state {
            AlertState::Firing if self.alert.is_loud() => u8::from(self.alert.acknowledged.is_some()),
            AlertState::Pending => 2,
            AlertState::Firing => 3,
            AlertState::Resolved => 4,
        };
        (class, self.alert.severity)
    }

    /// What a filter looks at.
    pub(super) fn texts(&self) -> impl Iterator<Item = &RawText> {
        let labels = self.alert.labels.values();
        [&self.alert.name, &self.source]
            .into_iter()
            .chain(self.others.iter().map(|word| &word.source))
            .chain(labels)
            .chain(&self.service)
            .chain(&self.environment)
    }

    /// What stands last in the row: who has it, or why it makes no noise.
    fn owner(&self, view: &View<'_>) -> SafeText {
        match (&self.alert.state, &self.alert.acknowledged) {
            (AlertState::Resolved, _) => SafeText::literal("resolved"),
            (AlertState::Pending, _) => SafeText::literal("pending"),
            _ if !self.alert.silenced_by.is_empty() => SafeText::literal("silenced"),
            _ if !self.alert.inhibited_by.is_empty() => SafeText::literal("inhibited"),
            (_, Some(ack)) => safe!("@{}", clean(&ack.person)),
            _ if self.claim(view).is_some() => {
                self.claim(view).map(|claim| safe!("@{}", clean(&claim.person))).unwrap_or_default()
            }
            _ if self.disputed => SafeText::literal("disputed"),
            // Only sources that are blind tell of it.
            _ if self.doubtful => SafeText::literal("unsure"),
            (_, None) => SafeText::literal("-"),
        }
    }

    /// The cells of [`columns`].
    pub(super) fn cells(&self, view: &View<'_>, columns: &[Column]) -> Vec<Cell> {
        let (text, muted) = (view.styles.of(Meaning::Text), view.styles.of(Meaning::Muted));
        let quiet = self.doubtful || !self.alert.is_loud();
        let severity = if quiet { muted } else { view.styles.of(of_severity(self.alert.severity)) };
        let body = if quiet { muted } else { text };
        let optional = |text: &Option<RawText>| text.as_ref().map(clean).unwrap_or_default();
        let is_taken = self.alert.acknowledged.is_some() || self.claim(view).is_some();
        let cells = vec![
            Cell::new(self.alert.severity.word(), severity),
            Cell::new(clean(&self.alert.name), body),
            Cell::new(optional(&self.service), body),
            Cell::new(optional(&self.environment), view.environment_style(self.environment.as_ref())),
            Cell::new(age(view.now.duration_since(self.since())), muted),
            Cell::new(self.owner(view), if is_taken { body } else { muted }),
        ];
        debug_assert_eq!(cells.len(), columns.len(), "a cell for each column");
        cells
    }

    /// The row as one line of text, for the clipboard.
    pub(super) fn line(&self, view: &View<'_>) -> SafeText {
        let mut line = safe!("{} {}", SafeText::literal(self.alert.severity.word()), clean(&self.alert.name));
        for part in [&self.service, &self.environment].into_iter().flatten() {
            line.push(&safe!(" {}", clean(part)));
        }
        line.push(&safe!(" since {} {}", view.zone.moment(self.alert.onset(), view.now), self.owner(view)));
        line
    }
}
