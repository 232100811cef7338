//! What of the lines goes into the record of an incident: what it is declared with, and evidence.

use crate::logs::level::Level;
use crate::model::incident::{Declared, Sev};
use crate::model::note::Evidence;
use crate::model::text::{RawText, clean_line};
use crate::pane::logs::line::Line;
use crate::pane::logs::{Logs, page};
use crate::pane::view::View;
use crate::ui::time::Zone;

impl Logs {
    /// What an incident of the selected line would be declared with.
    pub fn declares(&self, view: &View<'_>) -> Option<Declared> {
        let open = self.open.as_ref().map(|open| &open.line);
        let line = open.or_else(|| self.selected().map(|row| &row.line))?;
        let (subject, onset) = self.subject(view)?;
        let severity = if line.level() >= Level::Error { Sev::SECOND } else { Sev::THIRD };
        Some(Declared {
            service: subject.service,
            host: subject.host,
            environment: subject.environment,
            onset: Some(onset),
            patterns: page::patterns(std::slice::from_ref(line), view),
            ..Declared::new(page::message(line), severity)
        })
    }

    /// What is pinned of the line that an incident is declared from, with the marked lines if it is one of them.
    pub fn evidence_declared(&mut self, view: &View<'_>) -> Option<Evidence> {
        if self.open.is_some() {
            return self.evidence(view);
        }
        let line = self.selected().map(|row| row.line.clone())?;
        if self.marks.contains(line.key, Some(line.key)) {
            return self.evidence(view);
        }
        self.evidence_of(&line, Vec::new(), view)
    }

    /// What is pinned of the open record, the marked lines or the selected record.
    pub fn evidence(&mut self, view: &View<'_>) -> Option<Evidence> {
        let open = self.open.as_ref().map(|open| open.line.clone());
        let line = open.clone().or_else(|| self.selected().map(|row| row.line.clone()))?;
        if open.is_none() && self.marks.in_range() {
            self.toggle_range(line.key, view);
        }
        let marked: Vec<Line> = self.marks.lines().filter(|_| open.is_none()).cloned().collect();
        self.evidence_of(&line, marked, view)
    }

    fn evidence_of(&self, line: &Line, marked: Vec<Line>, view: &View<'_>) -> Option<Evidence> {
        let view = &View { zone: &Zone::Utc, ..*view };
        let (texts, lines) = if marked.is_empty() {
            (page::texts(line, self.asked.raw, view), vec![line.clone()])
        } else {
            (marked.iter().map(|line| clean_line(line.bytes())).collect(), marked)
        };
        let window = (lines.iter().map(Line::time).min()?, lines.iter().map(Line::time).max()?);
        let mut sources: Vec<&RawText> = lines.iter().map(|line| line.segment.source()).collect();
        sources.sort();
        sources.dedup();
        let from = sources.iter().map(|source| source.as_bytes()).collect::<Vec<_>>().join(&b", "[..]);
        let evidence = Evidence::new([b"logs ", from.as_slice()].concat().into(), window, &texts);
        let patterns = page::patterns(&telling(lines), view);
        Some(Evidence { query: self.text.as_str().into(), patterns, ..evidence })
    }
}

/// Of pinned lines those that tell what was wrong: of several the worst. Lines of normal operation that stand
/// beside them, or that are all there is, would be known again every day.
fn telling(lines: Vec<Line>) -> Vec<Line> {
    let worst = lines.iter().map(Line::level).max().unwrap_or_default();
    match lines.len() {
        0 | 1 => lines,
        _ if worst < Level::Warn => Vec::new(),
        _ => lines.into_iter().filter(|line| line.level() == worst).collect(),
    }
}
