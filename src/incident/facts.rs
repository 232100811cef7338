//! What the templates of one incident may name, and what it is. Times and lengths are computed here, so that
//! nobody types them again.

use jiff::{SignedDuration, Timestamp};

use super::bounds::{LONG, each, ends, grouped, lines_each, short, shortened};
use super::document::{Block, Inline, Item, Line, line};
use super::fill::{Value, free};
use super::row::{Part, Row, open_todos, rows, whole};
use crate::model::incident::Incident;
use crate::model::note::Evidence;
use crate::model::terms::Field;
use crate::model::text::{RawText, SafeText, clean, clean_block};
use crate::model::told::Told;
use crate::safe;

/// Headings of a pad stand below that of the section they are in.
const PAD_LEVEL: u8 = 2;

/// An incident and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The incident.
    pub incident: &'a Incident,
    /// Its entries, in order.
    pub entries: &'a [Told],
    /// Its pad.
    pub pad: &'a RawText,
    /// When somebody acknowledged its alert, where its source tells that.
    pub acknowledged: Option<Timestamp>,
    /// The time of the document.
    pub now: Timestamp,
}

type MakeLine = fn(&Facts<'_>) -> Line;
type MakeBlocks = fn(&Facts<'_>) -> Vec<Block>;

/// Names that stand within a line.
const LINES: &[(&str, MakeLine)] = &[
    ("id", |facts| of(facts.incident.id.as_str())),
    ("title", |facts| raw(&facts.incident.title)),
    ("severity", |facts| line(&safe!("SEV{}", facts.incident.severity.number()))),
    ("peak", |facts| line(&safe!("SEV{}", facts.incident.peak.number()))),
    ("status", |facts| line(&facts.incident.status.word().into())),
    ("service", |facts| optional(facts.incident.service.as_ref())),
    ("host", |facts| optional(facts.incident.host.as_ref())),
    ("environment", |facts| optional(facts.incident.environment.as_ref())),
    ("alert", |facts| optional(facts.incident.alert.as_ref())),
    ("impact", |facts| optional(facts.incident.impact.as_ref())),
    ("change", |facts| optional(facts.incident.change.as_ref())),
    ("lead", |facts| optional(facts.incident.role(Field::Lead))),
    ("authors", |facts| line(&joined(facts.incident.people.iter()))),
    ("tags", |facts| line(&joined(facts.incident.tags.iter()))),
    ("marks", |facts| line(&marks(facts.incident))),
    ("began", |facts| line(&time(facts.incident.began()))),
    ("onset", |facts| moment(facts.incident.onset)),
    ("detected", |facts| moment(facts.incident.detected)),
    ("acknowledged", |facts| moment(facts.taken())),
    ("declared", |facts| moment(Some(facts.incident.declared))),
    ("mitigated", |facts| moment(facts.incident.mitigated)),
    ("resolved", |facts| moment(facts.incident.resolved)),
    ("closed", |facts| moment(facts.incident.closed)),
    ("length", |facts| line(&facts.length())),
    ("doing", |facts| facts.doing()),
    ("next", |facts| next(facts.entries)),
    ("now", |facts| line(&time(facts.now))),
    ("date", |facts| line(&safe!("{}", facts.now.to_zoned(jiff::tz::TimeZone::UTC).date()))),
];

/// Names that stand for lines of their own.
const BLOCKS: &[(&str, MakeBlocks)] = &[
    ("timeline", |facts| facts.timeline()),
    ("times", |facts| facts.times()),
    ("responders", |facts| facts.responders()),
    ("hypotheses", |facts| facts.told(Part::Hypothesis)),
    ("ruled_out", |facts| facts.told(Part::RuledOut)),
    ("decisions", |facts| facts.told(Part::Decision)),
    ("todos", |facts| facts.todos()),
    ("evidence", |facts| facts.evidence()),
    ("links", |facts| {
        let item = |link| Item { done: None, line: raw(link) };
        list(ends(facts.incident.links.iter(), item, plain))
    }),
    ("notes", |facts| free(facts.pad, PAD_LEVEL)),
];

/// Whether such a name stands for a line or for lines of its own; nothing for another name.
pub fn known(name: &str) -> Option<Value> {
    let is_line = LINES.iter().any(|(known, _)| *known == name);
    let is_block = BLOCKS.iter().any(|(known, _)| *known == name);
    let blocks = || Value::Blocks(vec![Block::List(Vec::new())]);
    let line = || Value::Line(vec![Inline::Text("known".into())]);
    is_line.then(line).or_else(|| is_block.then(blocks))
}

/// All names, for who writes a template.
pub fn names() -> impl Iterator<Item = &'static str> {
    LINES.iter().map(|(name, _)| *name).chain(BLOCKS.iter().map(|(name, _)| *name))
}

impl Facts<'_> {
    /// What a name stands for.
    pub fn value(&self, name: &str) -> Option<Value> {
        let made = LINES.iter().find(|(known, _)| *known == name).map(|(_, make)| Value::Line(make(self)));
        made.or_else(|| {
            BLOCKS.iter().find(|(known, _)| *known == name).map(|(_, make)| Value::Blocks(make(self)))
        })
    }

    /// Times of it that cannot be so.
    pub fn contradictions(&self) -> Vec<SafeText> {
        self.incident.contradictions(self.taken())
    }

    /// When somebody first had its alert: as its source tells, or as people told each other.
    fn taken(&self) -> Option<Timestamp> {
        let alert = self.incident.alert.as_ref();
        let is_it = |row: &Row<'_>| row.part == Part::Taken && alert == Some(&row.entry().text);
        let taken = rows(self.entries).filter(is_it).map(|row| row.entry().at);
        taken.chain(self.acknowledged).min()
    }

    fn length(&self) -> SafeText {
        let incident = self.incident;
        let until = if incident.ended().is_some() { "" } else { " until now" };
        let end = incident.ended().unwrap_or(self.now);
        safe!("{}{}", length(end.duration_since(incident.began())), SafeText::literal(until))
    }

    /// What was decided last, or else suspected, or else written.
    fn doing(&self) -> Line {
        let last = |part: Part| rows(self.entries).rfind(|row| row.part == part);
        let row = last(Part::Decision).or_else(|| last(Part::Hypothesis)).or_else(|| last(Part::Note));
        row.map(|row| line(&safe!("{} ({})", row.words(), time(row.entry().at)))).unwrap_or_default()
    }

    /// Every entry: when, what, and how that is known.
    fn timeline(&self) -> Vec<Block> {
        let row = |row: Row<'_>| {
            let words = row.words();
            let words = if row.told.is_starred { vec![Inline::Bold(words)] } else { line(&words) };
            let source = match row.link() {
                Some(link) => vec![Inline::Link { text: row.source(), to: clean(link) }],
                None => line(&row.source()),
            };
            vec![line(&time(row.entry().at)), words, source]
        };
        let rest = |text: &SafeText| vec![Line::new(), line(text), Line::new()];
        table(&["Time (UTC)", "Event", "Source"], ends(rows(self.entries), row, rest))
    }

    /// The steps that are known or should be, with how long each took.
    fn times(&self) -> Vec<Block> {
        let known = self.incident;
        let steps = [
            ("onset", known.onset),
            ("detected", known.detected),
            ("acknowledged", self.taken()),
            ("declared", Some(known.declared)),
            ("mitigated", known.mitigated),
            ("resolved", known.resolved),
        ];
        let began = known.began();
        let mut before = None;
        let mut rows = Vec::new();
        for (step, at) in steps {
            let cell = |text: &SafeText| line(text);
            let Some(at) = at else {
                rows.push(vec![cell(&step.into()), cell(&"not known".into()), Line::new(), Line::new()]);
                continue;
            };
            let after = |since: Timestamp| match at.duration_since(since) {
                by if by.is_negative() => safe!("{} before", length(by.abs())),
                by => length(by),
            };
            let since = before.map(after).unwrap_or_default();
            rows.push(vec![cell(&step.into()), cell(&time(at)), cell(&after(began)), cell(&since)]);
            before = Some(at);
        }
        table(&["Step", "Time (UTC)", "After the start", "After the step before"], rows)
    }

    /// Who had which role, and who wrote anything.
    fn responders(&self) -> Vec<Block> {
        let roles = &self.incident.roles;
        let others =
            self.incident.people.iter().filter(|person| !roles.iter().any(|(_, known)| known == *person));
        let rows = roles.iter().map(|(role, person)| (role.word(), person));
        let rows = rows.chain(others.map(|person| ("responder", person)));
        let rows: Vec<_> = rows.map(|(role, person)| vec![line(&role.into()), raw(person)]).collect();
        if rows.is_empty() { Vec::new() } else { table(&["Role", "Person"], rows) }
    }

    /// What is to be done, and what is done.
    fn todos(&self) -> Vec<Block> {
        let todos = rows(self.entries).filter(|row| row.part == Part::Todo);
        list(ends(todos, |row| task(&row), plain))
    }

    /// The lines that were pinned, with where they are from.
    fn evidence(&self) -> Vec<Block> {
        let all = || rows(self.entries).filter_map(|row| row.evidence.map(|evidence| (row, evidence)));
        let lines = lines_each(all().map(|(_, evidence)| evidence));
        let of_all = all().flat_map(|(_, evidence)| evidence.lines.iter().take(lines));
        let most = each(of_all.map(|line| line.as_bytes().len()));
        let shown = |(row, evidence): (Row<'_>, _)| pinned(&row, evidence, (lines, most));
        let shown = ends(all(), shown, |text| vec![Block::Paragraph(line(text))]);
        shown.into_iter().flatten().collect()
    }

    /// What was said of this kind, with when and by whom.
    fn told(&self, part: Part) -> Vec<Block> {
        let rows = rows(self.entries).filter(|row| row.part == part);
        let item = |row: Row<'_>| {
            let entry = row.entry();
            let told = safe!("{} ({}, {})", row.text(), row.short(&entry.person), time(entry.at));
            Item { done: None, line: line(&told) }
        };
        list(ends(rows, item, plain))
    }
}

/// Lines with what they are, and how many were left out.
fn pinned(row: &Row<'_>, evidence: &Evidence, (most_lines, most): (usize, usize)) -> Vec<Block> {
    let (from, to) = evidence.window;
    let text = row.text();
    let of = safe!(" ({}, {} to {}", row.source(), time(from), time(to));
    let mut said = vec![Inline::Bold(time(row.entry().at))];
    if !text.is_empty() {
        said.push(Inline::Text(safe!(" {}", text)));
    }
    said.push(Inline::Text(of));
    if !evidence.query.is_empty() {
        said.push(Inline::Text(", query ".into()));
        said.push(Inline::Code(row.short(&evidence.query)));
    }
    if evidence.left_out > 0 {
        said.push(Inline::Text(safe!(", {} more lines were not kept", evidence.left_out)));
    }
    if let Some(link) = row.link() {
        said.push(Inline::Text(", ".into()));
        said.push(Inline::Link { text: clean(link), to: clean(link) });
    }
    said.push(Inline::Text(")".into()));
    // They were made safe for a line of a log when they were pinned: their blanks are blanks.
    let cut =
        |line: &RawText| shortened(line, most).map_or_else(|| clean_block(line), |line| clean_block(&line));
    let mut lines: Vec<SafeText> = evidence.lines.iter().take(most_lines).flat_map(cut).collect();
    let more = evidence.lines.len().saturating_sub(most_lines);
    if more > 0 {
        lines.push(safe!("... ({} more lines are in the record)", clean(&grouped(more).into())));
    }
    vec![Block::Paragraph(said), Block::Code { language: "text".into(), lines }]
}

/// A task with who does it and by when.
pub(super) fn task(row: &Row<'_>) -> Item {
    let mut said = line(&row.text());
    let mut add = |text: SafeText| said.push(Inline::Text(text));
    match row.owner {
        Some(owner) => add(safe!(" (owner: {}", row.short(owner))),
        None => add(" (owner: nobody yet".into()),
    }
    match row.due {
        Some(due) => add(safe!(", due: {})", time(due))),
        None => add(", due: not said)".into()),
    }
    Item { done: Some(row.told.is_done), line: said }
}

/// The first thing that is to be done.
pub(super) fn next(told: &[Told]) -> Line {
    // What is due first; of those without a time the oldest.
    let first = open_todos(told).min_by_key(|row| (row.due.is_none(), row.due));
    first.map(|row| task(&row).line).unwrap_or_default()
}

fn marks(incident: &Incident) -> SafeText {
    match (incident.is_private, incident.is_drill) {
        (true, true) => "private, drill".into(),
        (true, false) => "private".into(),
        (false, true) => "drill".into(),
        (false, false) => SafeText::default(),
    }
}

pub(super) fn table(head: &[&'static str], rows: Vec<Vec<Line>>) -> Vec<Block> {
    if rows.is_empty() {
        return Vec::new();
    }
    vec![Block::Table { head: head.iter().map(|title| line(&SafeText::literal(title))).collect(), rows }]
}

pub(super) fn list(items: Vec<Item>) -> Vec<Block> {
    if items.is_empty() { Vec::new() } else { vec![Block::List(items)] }
}

pub(super) fn raw(text: &RawText) -> Line {
    line(&short(text, LONG))
}

/// A row of a list that says something else.
pub(super) fn plain(text: &SafeText) -> Item {
    Item { done: None, line: line(text) }
}

fn of(text: &str) -> Line {
    raw(&RawText::from(text))
}

fn optional(text: Option<&RawText>) -> Line {
    text.map(raw).unwrap_or_default()
}

fn moment(at: Option<Timestamp>) -> Line {
    at.map(|at| line(&time(at))).unwrap_or_default()
}

fn joined<'a>(all: impl Iterator<Item = &'a RawText>) -> SafeText {
    let mut text = SafeText::default();
    for one in all {
        if !text.is_empty() {
            text.push(&", ".into());
        }
        text.push(&short(one, LONG));
    }
    text
}

/// A time as documents have it: UTC, to the second.
pub(super) fn time(at: Timestamp) -> SafeText {
    safe!("{}", whole(at))
}

/// A length of time in two units at most: `40 s`, `18 min`, `2 h 05 min`, `3 d 4 h`.
pub fn length(length: SignedDuration) -> SafeText {
    let seconds = length.as_secs().max(0);
    let two = |number: i64| {
        if number < 10 { safe!("0{}", number) } else { safe!("{}", number) }
    };
    match seconds {
        0..60 => safe!("{} s", seconds),
        60..3600 => safe!("{} min", seconds / 60),
        3600..86_400 => safe!("{} h {} min", seconds / 3600, two(seconds % 3600 / 60)),
        _ => safe!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}
