//! The rows of the pipelines pane: which runs there are, in which order, and what stands in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::config::theme::Meaning;
use crate::model::run::{Run, RunState};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::world::Source;
use crate::pane::sort::Sort;
use crate::pane::view::View;
use crate::safe;
use crate::ui::style::of_run;
use crate::ui::table::{Cell, Column};
use crate::ui::time::age;

/// How the rows are ordered, in words.
pub(super) fn word(by: Sort) -> &'static str {
    match by {
        Sort::Urgency => "urgency, failures that still stand first",
        Sort::Time => "time, the newest first",
        Sort::Name => "pipeline",
    }
}

/// Orders the rows.
pub(super) fn sort(rows: &mut [Row], by: Sort) {
    let newest = |row: &Row| std::cmp::Reverse(row.run.began());
    match by {
        Sort::Urgency => rows.sort_by_cached_key(|row| (row.urgency(), newest(row), row.key())),
        Sort::Time => rows.sort_by_cached_key(|row| (newest(row), row.key())),
        Sort::Name => rows.sort_by_cached_key(|row| (row.run.pipeline.clone(), newest(row), row.key())),
    }
}

/// A run as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) source: RawText,
    pub(super) run: Arc<Run>,
    pub(super) service: Option<RawText>,
    pub(super) environment: Option<RawText>,
    revision: Option<RawText>,
    /// Whether a later run of the same thing has ended: an older failure is history.
    superseded: bool,
    /// Whether its source cannot be believed now.
    doubtful: bool,
}

/// The runs in scope.
pub(super) fn collect(view: &View<'_>) -> Vec<Row> {
    let mut last_end: BTreeMap<_, Timestamp> = BTreeMap::new();
    for (source, run) in view.world.runs() {
        let decided = matches!(run.state, RunState::Failed | RunState::Succeeded);
        if decided {
            let began = last_end.entry(same_thing(source, run)).or_insert(run.began());
            *began = run.began().max(*began);
        }
    }
    view.world
        .runs()
        .filter_map(|(source, run)| {
            let placed = view.catalog.placed(&source.info.name, run);
            let environment = placed.environment.or_else(|| source.info.environment.clone());
            let last = last_end.get(&same_thing(source, run));
            view.shows(environment.as_ref()).then(|| Row {
                source: source.info.name.clone(),
                service: placed.service,
                environment,
                revision: placed.revision,
                superseded: run.has_ended() && last.is_some_and(|last| *last > run.began()),
                doubtful: !source.health(view.now).is_live(),
                run: Arc::clone(run),
            })
        })
        .collect()
}

/// Runs that do the same thing: a later one that ended well puts an earlier one right.
fn same_thing<'a>(source: &'a Source, run: &'a Run) -> impl Ord + use<'a> {
    (&source.info.name, &run.repo, &run.pipeline, &run.branch, &run.environment)
}

/// The columns: sign, pipeline, branch, revision, service, environment, age, person.
pub(super) fn columns(view: &View<'_>) -> [Column; 8] {
    [
        Column::fixed(1, 0),
        Column::growing(16, 0),
        Column::fixed(8, 5),
        Column::fixed(7, 4),
        Column::fixed(10, 2),
        Column::fixed(if view.many_environments() { 8 } else { 0 }, 3),
        Column::fixed(4, 0),
        Column::fixed(6, 1),
    ]
}

impl Row {
    pub(super) fn key(&self) -> (RawText, RawText) {
        (self.source.clone(), self.run.id.clone())
    }

    /// What its age counts from: its end, or its beginning.
    pub(super) fn since(&self) -> Timestamp {
        self.run.finished.unwrap_or(self.run.began())
    }

    /// Whether it failed and nothing later has put it right.
    pub(super) fn is_broken(&self) -> bool {
        self.run.state == RunState::Failed && !self.superseded
    }

    fn urgency(&self) -> u8 {
        let settled = self.superseded || (self.run.state.is_over() && !self.is_broken());
        if settled { u8::MAX } else { self.run.state.urgency() }
    }

    /// What a filter looks at.
    pub(super) fn texts(&self) -> impl Iterator<Item = &RawText> {
        let run = &self.run;
        let optional =
            [&run.branch, &self.revision, &run.person, &run.repo, &self.service, &self.environment];
        [&run.pipeline, &run.title, &self.source].into_iter().chain(optional.into_iter().flatten())
    }

    /// The pipeline and the number, if there is one.
    pub(super) fn title(&self) -> SafeText {
        let mut title = clean(&self.run.pipeline);
        if let Some(number) = self.run.number {
            title.push(&safe!(" #{}", number));
        }
        if self.run.attempt > 1 {
            title.push(&safe!(" attempt {}", self.run.attempt));
        }
        title
    }

    /// The cells of [`columns`].
    pub(super) fn cells(&self, view: &View<'_>) -> Vec<Cell> {
        let (text, muted) = (view.styles.of(Meaning::Text), view.styles.of(Meaning::Muted));
        let (meaning, sign) = of_run(self.run.state);
        let quiet = self.doubtful || self.superseded;
        let body = if quiet { muted } else { text };
        let optional = |text: Option<&RawText>| text.map(clean).unwrap_or_default();
        vec![
            Cell::new(sign, if quiet { muted } else { view.styles.of(meaning) }),
            Cell::new(self.title(), body),
            Cell::new(optional(self.run.branch.as_ref()), muted),
            Cell::new(self.revision.as_ref().map(short).unwrap_or_default(), muted),
            Cell::new(optional(self.service.as_ref()), body),
            Cell::new(optional(self.environment.as_ref()), view.environment_style(self.environment.as_ref())),
            Cell::new(age(view.now.duration_since(self.since())), muted),
            Cell::new(optional(self.run.person.as_ref()), muted),
        ]
    }

    /// The row as one line of text, for the clipboard.
    pub(super) fn line(&self, view: &View<'_>) -> SafeText {
        let mut line = safe!("{} {}", self.title(), SafeText::literal(self.run.state.word()));
        let parts = [&self.run.branch, &self.revision, &self.service, &self.environment, &self.run.person];
        for part in parts.into_iter().flatten() {
            line.push(&safe!(" {}", clean(part)));
        }
        line.push(&safe!(" {}", view.zone.moment(self.since(), view.now)));
        line
    }
}

/// A revision as people say it: of a commit's hash the first digits.
fn short(revision: &RawText) -> SafeText {
    let text = clean(revision);
    let is_hash = text.as_str().len() >= 40 && text.as_str().bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { text.columns(0, 7) } else { text }
}
