//! An open run: its jobs and their steps as one list, the first failure selected.

use jiff::Timestamp;
use ratatui::layout::Rect;

use crate::command::table::Id;
use crate::config::theme::Meaning;
use crate::model::run::{Job, Run, RunState, Step};
use crate::model::text::{RawText, SafeText, clean};
use crate::model::update::DetailKey;
use crate::pane::effect::Outcome;
use crate::pane::pipelines::rows::Row;
use crate::pane::view::View;
use crate::safe;
use crate::ui::canvas::Canvas;
use crate::ui::list::List;
use crate::ui::style::of_run;
use crate::ui::table::{self, Cell, Column};
use crate::ui::time::lasted;

/// Lines above the list: what the run is.
const HEAD: u16 = 2;

/// Names a part of a run: a job, or a step of a job.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Part {
    /// Where the job stands in the run; parts keep the run's own order.
    job: usize,
    step: Option<usize>,
}

impl Part {
    fn find<'a>(&self, run: &'a Run) -> Option<(&'a Job, Option<&'a Step>)> {
        let job = run.jobs.get(self.job)?;
        Some((job, self.step.and_then(|step| job.steps.get(step))))
    }

    /// Names its log: that of the step; that of the job where the vendor knows no steps.
    pub(super) fn log(&self, run: &Run) -> Option<DetailKey> {
        let (job, step) = self.find(run)?;
        let (run, id) = (run.id.clone(), job.id.clone());
        match step {
            Some(step) => Some(DetailKey::StepLog { run, job: id, step: step.id.clone() }),
            None => job.steps.is_empty().then_some(DetailKey::JobLog { run, job: id }),
        }
    }

    /// `build > compile`
    pub(super) fn title(&self, run: &Run) -> SafeText {
        match self.find(run) {
            Some((job, Some(step))) => {
                safe!("{} > {} > {}", clean(&run.pipeline), clean(&job.name), clean(&step.name))
            }
            Some((job, None)) => safe!("{} > {}", clean(&run.pipeline), clean(&job.name)),
            None => clean(&run.pipeline),
        }
    }
}

/// The jobs and steps of one run.
pub(super) struct Parts {
    run: (RawText, RawText),
    list: List<Part>,
    /// Whether its jobs were asked for, because it came without them.
    asked: bool,
}

impl Parts {
    pub(super) fn new(key: (RawText, RawText), run: &Run, now: Timestamp) -> Self {
        let mut parts = Self { run: key, list: List::default(), asked: false };
        parts.sync(run, now);
        parts
    }

    /// Names its jobs, once, if they have to be asked for and its source can be asked.
    pub(super) fn due(&mut self, run: &Run, view: &View<'_>) -> Option<DetailKey> {
        let (source, run_id) = &self.run;
        let is_live = || view.world.source(source).is_some_and(|source| source.health(view.now).is_live());
        if self.asked || !run.jobs.is_empty() || !is_live() {
            return None;
        }
        self.asked = true;
        Some(DetailKey::Jobs { run: run_id.clone() })
    }

    /// Why it has no jobs.
    fn without_jobs(&self, view: &View<'_>) -> SafeText {
        let (source, run) = &self.run;
        match view.world.detail(source, &DetailKey::Jobs { run: run.clone() }) {
            Some(Ok(_)) => SafeText::literal("It has no jobs."),
            Some(Err(failure)) => safe!("Its jobs are not known: {}", clean(&failure.what)),
            None if self.asked => safe!("Asking {} for its jobs.", clean(source)),
            None => SafeText::literal("Its jobs are not known."),
        }
    }

    pub(super) fn fit(&mut self, height: u16) {
        self.list.set_height(usize::from(height.saturating_sub(HEAD)));
    }

    /// Names the run.
    pub(super) fn run(&self) -> &(RawText, RawText) {
        &self.run
    }

    /// Takes the run's parts as they are now. Parts are never reordered, so nothing has to be held.
    pub(super) fn sync(&mut self, run: &Run, now: Timestamp) {
        let of_job = |(job, of): (usize, &Job)| {
            let steps = (0..of.steps.len()).map(move |step| Part { job, step: Some(step) });
            std::iter::once(Part { job, step: None }).chain(steps).collect::<Vec<_>>()
        };
        let is_first = self.list.order().is_empty();
        self.list.sync(run.jobs.iter().enumerate().flat_map(of_job).collect(), now);
        if let Some((job, step)) = run.first_failure().filter(|_| is_first) {
            self.list.select(&Part { job, step });
        }
    }

    /// The selected part.
    pub(super) fn selected(&self, run: &Run) -> Option<Part> {
        self.list.selected().filter(|part| part.find(run).is_some()).cloned()
    }

    /// Moves, or copies rows; `None` when the command is not for this list.
    pub(super) fn step(&mut self, id: Id, row: &Row, view: &View<'_>) -> Option<Outcome> {
        match id {
            Id::Sort => return Some(Outcome::notice("The parts of a run stand in their own order.")),
            Id::CopyRow => {
                let chosen = self.list.chosen().into_iter();
                let line = |part: &Part| {
                    let (job, step) = part.find(&row.run)?;
                    let state = step.map_or(job.state, |step| step.state);
                    Some(safe!("{} {}", part.title(&row.run), SafeText::literal(state.word())))
                };
                let lines: Vec<_> = chosen.filter_map(line).collect();
                return Some(Outcome::copy(safe!("{} parts of {}", lines.len(), row.line(view)), lines));
            }
            _ if self.list.run(id) => {}
            _ => return None,
        }
        Some(Outcome::default())
    }

    pub(super) fn draw(&self, row: &Row, view: &View<'_>, area: Rect, canvas: &mut Canvas<'_>) {
        let run = &row.run;
        let (text, muted) = (view.styles.of(Meaning::Text), view.styles.of(Meaning::Muted));
        let (meaning, sign) = of_run(run.state);
        let mut head = safe!("{} {}", SafeText::literal(sign), SafeText::literal(run.state.word()));
        head.push(&safe!(" in {}", lasted(run.took(view.now), run.state.is_over())));
        if !run.title.is_empty() {
            head.push(&safe!("  {}", clean(&run.title)));
        }
        canvas.text(area.x, area.y, area.width, &head, view.styles.of(meaning));
        canvas.text(area.x, area.y + 1, area.width, &row.line(view), muted);
        let body =
            Rect { y: area.y + HEAD.min(area.height), height: area.height.saturating_sub(HEAD), ..area };
        if run.jobs.is_empty() {
            canvas.text(body.x, body.y, body.width, &self.without_jobs(view), muted);
            return;
        }
        let columns = [Column::growing(20, 0), Column::fixed(9, 1), Column::fixed(6, 0)];
        table::draw(canvas, body, &columns, &self.list, view.marking(), |part| {
            let Some((job, step)) = part.find(run) else { return Vec::new() };
            let (state, name, duration, indent) = match step {
                Some(step) => (step.state, &step.name, step.took(view.now), "    "),
                None => (job.state, &job.name, job.took(view.now), ""),
            };
            let (meaning, sign) = of_run(state);
            let name = safe!("{}{} {}", SafeText::literal(indent), SafeText::literal(sign), clean(name));
            let style =
                if state.is_over() && meaning != Meaning::Critical { text } else { view.styles.of(meaning) };
            vec![
                Cell::new(name, style),
                Cell::new(
                    if step.is_none() && job.may_fail && state == RunState::Failed {
                        "may fail"
                    } else {
                        state.word()
                    },
                    muted,
                ),
                Cell::new(duration.map(|time| lasted(time, state.is_over())).unwrap_or_default(), muted),
            ]
        });
    }
}
