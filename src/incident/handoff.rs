//! What the template of a hand-over may name, and what it is: a shift, for the person who takes it over.

use jiff::{SignedDuration, Timestamp};

use super::bounds::ends;
use super::document::{Block, Inline, Item, Line, line};
use super::facts::{length, list, next, plain, raw, table, task, time};
use super::fill::{Value, free};
use super::known::{Blind, Deployed, Known};
use super::row::{Row, open_todos, rows};
use crate::insight::fault::Fault;
use crate::model::alert::Silence;
use crate::model::claim::{Claims, Thing};
use crate::model::incident::Incident;
use crate::model::terms::Field;
use crate::model::text::{RawText, SafeText, clean};
use crate::model::told::Told;
use crate::model::update::Gives;
use crate::safe;

/// A shift that ends.
#[derive(Clone, Copy, Debug)]
pub struct Shift<'a> {
    /// Who hands over.
    pub outgoing: &'a RawText,
    /// Who takes over, if that is said.
    pub incoming: Option<&'a RawText>,
    /// When it began.
    pub from: Timestamp,
    /// When it ends.
    pub now: Timestamp,
    /// All incidents with their entries, the newest first.
    pub incidents: &'a [(Incident, Vec<Told>)],
    /// What was written outside of incidents.
    pub entries: &'a [Told],
    /// The pad of the shift.
    pub pad: &'a RawText,
    /// What was kept of the endpoints.
    pub known: &'a Known,
    /// Who has which alert.
    pub claims: &'a Claims,
    /// What the sources tell of: where none tells of alerts, that none fires says nothing, and so for runs.
    pub sees: &'a [Gives],
}

type MakeLine = fn(&Shift<'_>) -> Line;
type MakeBlocks = fn(&Shift<'_>) -> Vec<Block>;

const LINES: &[(&str, MakeLine)] = &[
    ("outgoing", |shift| raw(shift.outgoing)),
    ("incoming", |shift| shift.incoming.map(raw).unwrap_or_default()),
    ("from", |shift| line(&time(shift.from))),
    ("now", |shift| line(&time(shift.now))),
    ("length", |shift| line(&length(shift.now.duration_since(shift.from)))),
    ("seen", |shift| shift.seen()),
];

const BLOCKS: &[(&str, MakeBlocks)] = &[
    ("open", |shift| shift.open()),
    ("closed", |shift| shift.closed()),
    ("firing", |shift| shift.of_those(Gives::Alerts, |known| firing(&known.firing, shift.claims, shift.now))),
    ("silences", |shift| shift.of_those(Gives::Alerts, |known| silences(known, shift.now))),
    ("changes", |shift| shift.of_those(Gives::Runs, |known| changes(&known.changes))),
    ("blind", |shift| shift.of_sources(|known| blind(&known.blind, shift.now))),
    ("todos", |shift| shift.todos()),
    ("entries", |shift| shift.written()),
    ("notes", |shift| free(shift.pad, 2)),
];

/// Whether such a name stands for a line or for lines of its own; nothing for another name.
pub fn known(name: &str) -> Option<Value> {
    let is_line = LINES.iter().any(|(known, _)| *known == name);
    let is_block = BLOCKS.iter().any(|(known, _)| *known == name);
    let blocks = || Value::Blocks(vec![Block::List(Vec::new())]);
    let line = || Value::Line(vec![Inline::Text("known".into())]);
    is_line.then(line).or_else(|| is_block.then(blocks))
}

impl Shift<'_> {
    /// What a name stands for.
    pub fn value(&self, name: &str) -> Option<Value> {
        let made = LINES.iter().find(|(known, _)| *known == name).map(|(_, make)| Value::Line(make(self)));
        made.or_else(|| {
            BLOCKS.iter().find(|(known, _)| *known == name).map(|(_, make)| Value::Blocks(make(self)))
        })
    }

    /// How old what is told of the endpoints is.
    fn seen(&self) -> Line {
        let Some(seen) = self.known.seen else { return Line::new() };
        let age = self.now.duration_since(seen);
        let age = if age >= SignedDuration::from_mins(1) {
            safe!(" ({} ago)", length(age))
        } else {
            SafeText::default()
        };
        line(&safe!("{}{}", time(seen), age))
    }

    /// "None" would be wrong where nobody looked.
    fn of_sources(&self, tell: impl Fn(&Known) -> Vec<Block>) -> Vec<Block> {
        if self.known.seen.is_none() {
            let why = "not known: no console and no collector has kept anything here";
            return vec![Block::Paragraph(line(&why.into()))];
        }
        tell(self.known)
    }

    /// The same where no source would tell.
    fn of_those(&self, gives: Gives, tell: impl Fn(&Known) -> Vec<Block>) -> Vec<Block> {
        let told = self.of_sources(tell);
        if told.is_empty() && !self.sees.contains(&gives) {
            let what = if gives == Gives::Alerts { "alerts" } else { "pipelines" };
            let why = safe!("not known: no source of {} is configured here", SafeText::literal(what));
            return vec![Block::Paragraph(line(&why))];
        }
        told
    }

    fn open(&self) -> Vec<Block> {
        let row = |(incident, entries): &(Incident, Vec<Told>)| {
            let mut next = next(entries);
            if incident.is_private {
                next = line(&"ask who leads".into());
            } else if next.is_empty() {
                next = line(&"none".into());
            }
            vec![
                called(incident),
                line(&safe!("SEV{}", incident.severity.number())),
                line(&incident.status.word().into()),
                line(&length(self.now.duration_since(incident.began()))),
                lead(incident),
                next,
            ]
        };
        let open = self.incidents.iter().filter(|(incident, _)| !incident.status.is_over());
        let head = ["Incident", "Severity", "Status", "Age", "Lead", "Next action"];
        table(&head, open.map(row).collect())
    }

    fn closed(&self) -> Vec<Block> {
        let row = |(incident, _): &(Incident, Vec<Told>)| {
            let took = incident.ended().map(|ended| length(ended.duration_since(incident.began())));
            vec![
                called(incident),
                line(&safe!("SEV{}", incident.peak.number())),
                line(&incident.status.word().into()),
                incident.closed.map(|at| line(&time(at))).unwrap_or_default(),
                took.map(|took| line(&took)).unwrap_or_default(),
            ]
        };
        let closed = self.incidents.iter().filter(|(incident, _)| self.has_closed(incident));
        table(&["Incident", "Severity", "Status", "Since", "Took"], closed.map(row).collect())
    }

    fn has_closed(&self, incident: &Incident) -> bool {
        incident.status.is_over() && incident.closed.is_some_and(|closed| closed >= self.from)
    }

    /// What is to be done in all that is not over or was closed in the shift, and what the shift wrote down for itself.
    fn todos(&self) -> Vec<Block> {
        let is_told =
            |known: &Incident| !known.is_private && (!known.status.is_over() || self.has_closed(known));
        let told = self.incidents.iter().filter(|(known, _)| is_told(known));
        let of_incidents = told.flat_map(|(incident, entries)| {
            open_todos(entries).map(move |row| (Some(incident), row)).collect::<Vec<_>>()
        });
        // Whenever it was written: what is not done is handed on.
        let own = open_todos(self.entries).map(|row| (None, row));
        let item = |(incident, row): (Option<&Incident>, Row<'_>)| {
            let mut item = task(&row);
            if let Some(incident) = incident {
                let over = SafeText::literal(if incident.status.is_over() { ", which is over" } else { "" });
                let id = clean(&incident.id.as_str().into());
                item.line.push(Inline::Text(safe!(" in {}{}", id, over)));
            }
            item
        };
        list(ends(of_incidents.chain(own), item, plain))
    }

    /// What was written in the shift outside of incidents.
    fn written(&self) -> Vec<Block> {
        let item = |row: Row<'_>| {
            let entry = row.entry();
            let told = safe!("{} {}: {}", time(entry.at), row.short(&entry.person), row.words());
            Item { done: None, line: line(&told) }
        };
        list(ends(rows(self.entries).filter(|row| row.entry().at >= self.from), item, plain))
    }
}

/// Who leads, and who is asked to.
fn lead(incident: &Incident) -> Line {
    let mut lead = incident.role(Field::Lead).map(raw).unwrap_or_default();
    if let Some(offer) = incident.offers.iter().find(|offer| offer.role == Field::Lead) {
        lead.push(Inline::Text(safe!(" (offered to {})", clean(&offer.to))));
    }
    lead
}

/// Its id and its title; of a private one neither.
fn called(incident: &Incident) -> Line {
    if incident.is_private {
        return line(&"a private incident".into());
    }
    let drill = if incident.is_drill { " (drill)" } else { "" };
    let id = clean(&incident.id.as_str().into());
    line(&safe!("{} {}{}", id, clean(&incident.title), SafeText::literal(drill)))
}

/// One row for all faults of one name in one environment.
fn firing(faults: &[Fault], claims: &Claims, now: Timestamp) -> Vec<Block> {
    let mut groups: Vec<Vec<&Fault>> = Vec::new();
    for fault in faults {
        let is_same = |group: &&mut Vec<&Fault>| {
            group.first().is_some_and(|first| {
                first.first.alert.name == fault.first.alert.name && first.environment() == fault.environment()
            })
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(fault),
            None => groups.push(vec![fault]),
        }
    }
    let row = |group: &Vec<&Fault>| {
        let alerts = || group.iter().map(|fault| &fault.first.alert);
        let since = alerts().map(|alert| alert.onset()).min().unwrap_or(now);
        let muted = alerts().filter(|alert| !alert.is_loud()).count();
        let mut owner = SafeText::default();
        if let Some(ack) = alerts().find_map(|alert| alert.acknowledged.as_ref()) {
            owner = clean(&ack.person);
        } else if let Some(claim) = group.iter().find_map(|one| claims.holder(&Thing::Alert(one.fired()))) {
            owner = safe!("claimed by {}", clean(&claim.person));
        } else if muted == group.len() {
            owner = "muted".into();
        } else if muted > 0 {
            owner = safe!("{} muted", muted);
        }
        let first = group.first();
        let severity = alerts().map(|alert| alert.severity).min().map_or("?", |severity| severity.word());
        vec![
            line(&severity.into()),
            first.map(|fault| raw(&fault.first.alert.name)).unwrap_or_default(),
            line(&safe!("{}", group.len())),
            first.and_then(|fault| fault.environment()).map(raw).unwrap_or_default(),
            line(&safe!("{} ({})", time(since), length(now.duration_since(since)))),
            line(&owner),
        ]
    };
    let head = ["Severity", "Alert", "Count", "Environment", "Since", "Acknowledged"];
    table(&head, groups.iter().map(row).collect())
}

fn silences(known: &Known, now: Timestamp) -> Vec<Block> {
    let row = |silence: &std::sync::Arc<Silence>| {
        let mut mutes = SafeText::default();
        for matcher in &silence.matchers {
            let comma = if mutes.is_empty() { "" } else { ", " };
            let sign = SafeText::literal(matcher.comparison.sign());
            let condition = safe!("{}{}{}", clean(&matcher.label), sign, clean(&matcher.value));
            mutes.push(&safe!("{}{}", SafeText::literal(comma), condition));
        }
        vec![
            line(&mutes),
            line(&safe!("{} (in {})", time(silence.ends), length(silence.ends.duration_since(now)))),
            raw(&silence.person),
            raw(&silence.comment),
        ]
    };
    table(&["Mutes", "Expires", "By", "Why"], known.silences.iter().map(row).collect())
}

fn changes(changes: &[Deployed]) -> Vec<Block> {
    let row = |change: &Deployed| {
        let (run, placed) = (&change.run, &change.placed);
        let optional = |text: &Option<RawText>| text.as_ref().map(raw).unwrap_or_default();
        let number = run.number.map(|number| safe!(" #{}", number)).unwrap_or_default();
        let called = safe!("{}{}", clean(&run.pipeline), number);
        let what = match &run.link {
            Some(link) => vec![Inline::Link { text: called, to: clean(link) }],
            None => line(&called),
        };
        vec![
            line(&time(run.began())),
            optional(&placed.service),
            optional(&placed.environment),
            optional(&placed.revision),
            line(&run.state.word().into()),
            what,
            optional(&run.person),
        ]
    };
    let head = ["Began (UTC)", "Service", "Environment", "Revision", "State", "Run", "By"];
    table(&head, changes.iter().map(row).collect())
}

fn blind(blind: &[Blind], now: Timestamp) -> Vec<Block> {
    let row = |one: &Blind| {
        let until = one.until.map_or("still".into(), time);
        vec![
            one.source.as_ref().map_or_else(|| line(&"all".into()), raw),
            line(&time(one.from)),
            line(&until),
            line(&length(one.until.unwrap_or(now).duration_since(one.from))),
            line(&one.why),
        ]
    };
    table(&["Source", "From (UTC)", "Until", "For", "Why"], blind.iter().map(row).collect())
}
