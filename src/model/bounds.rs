//! How long a text of a row may be: longer ones are cut, and that is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::alert::{Alert, Silence};
use super::health::{Failure, FailureKind};
use super::run::Run;
use super::text::RawText;
use super::update::Snapshot;

/// The most bytes of one text. A page of a runbook is less.
const LONGEST: usize = 16 << 10;
const ELLIPSIS: &str = "\u{2026}";

impl Snapshot {
    /// Cuts texts that are too long to be kept, drawn and stored; says so if there are any. Ids stay.
    pub fn cut(&mut self) -> Option<Failure> {
        let mut cuts = Cuts::default();
        self.runs.iter_mut().for_each(|run| of_run(Arc::make_mut(run), &mut cuts));
        self.alerts.iter_mut().for_each(|alert| of_alert(Arc::make_mut(alert), &mut cuts));
        self.silences.iter_mut().for_each(|silence| of_silence(Arc::make_mut(silence), &mut cuts));
        let Cuts { count, longest } = cuts;
        (count > 0).then(|| {
            let most = LONGEST >> 10;
            let what =
                format!("texts of more than {most} KiB are cut ({count}; the longest has {longest} bytes)");
            Failure::new(FailureKind::TooLarge, what).advise("shorten it where it is written")
        })
    }
}

/// What was cut.
#[derive(Default)]
struct Cuts {
    count: usize,
    longest: usize,
}

impl Cuts {
    fn cut(&mut self, text: &mut RawText) {
        let bytes = text.as_bytes();
        if bytes.len() <= LONGEST {
            return;
        }
        self.count += 1;
        self.longest = self.longest.max(bytes.len());
        let room = LONGEST - ELLIPSIS.len();
        let mut kept: Vec<u8> = bytes.iter().copied().take(room).collect();
        // Not in the midst of a character.
        while kept.len() + 4 > room && std::str::from_utf8(&kept).is_err() {
            kept.pop();
        }
        kept.extend_from_slice(ELLIPSIS.as_bytes());
        *text = kept.into();
    }

    fn each<'a>(&mut self, texts: impl IntoIterator<Item = &'a mut RawText>) {
        texts.into_iter().for_each(|text| self.cut(text));
    }

    fn labels(&mut self, labels: &mut BTreeMap<RawText, RawText>) {
        if labels.keys().all(|name| name.as_bytes().len() <= LONGEST) {
            return self.each(labels.values_mut());
        }
        for (mut name, mut value) in std::mem::take(labels) {
            self.each([&mut name, &mut value]);
            labels.insert(name, value);
        }
    }
}

fn of_run(run: &mut Run, cuts: &mut Cuts) {
    let Run { pipeline, title, branch, revision, person, service, repo, environment, link, jobs, .. } = run;
    cuts.each([pipeline, title]);
    cuts.each([branch, revision, person, service, repo, environment, link].into_iter().flatten());
    for job in jobs {
        cuts.cut(&mut job.name);
        cuts.each(job.steps.iter_mut().map(|step| &mut step.name));
    }
}

fn of_alert(alert: &mut Alert, cuts: &mut Cuts) {
    let Alert { name, labels, annotations, inhibited_by, acknowledged, receivers, .. } = alert;
    cuts.cut(name);
    cuts.labels(labels);
    cuts.labels(annotations);
    cuts.each(inhibited_by);
    cuts.each(receivers);
    cuts.each(acknowledged.iter_mut().map(|acknowledged| &mut acknowledged.person));
    cuts.each([&mut alert.value, &mut alert.expression, &mut alert.link].into_iter().flatten());
}

fn of_silence(silence: &mut Silence, cuts: &mut Cuts) {
    cuts.each([&mut silence.person, &mut silence.comment]);
    for matcher in &mut silence.matchers {
        cuts.each([&mut matcher.label, &mut matcher.value]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> Snapshot {
        let started = "2026-11-22T03:12:00Z".parse().unwrap();
        let mut alert = Alert::new("a1", text, started);
        alert.labels = [(text.into(), text.into()), ("job".into(), "checkout".into())].into();
        Snapshot { alerts: vec![Arc::new(alert)], ..Snapshot::default() }
    }

    #[test]
    fn a_text_that_fits_stays_as_it_is() {
        let text = "x".repeat(LONGEST);
        let mut short = snapshot(&text);
        assert_eq!(short.cut(), None);
        assert_eq!(short, snapshot(&text));
    }

    #[test]
    fn longer_ones_are_cut_at_a_character_and_told() {
        let mut long = snapshot(&"\u{e9}".repeat(5 << 20));
        let told = long.cut().unwrap();
        assert_eq!(told.kind, FailureKind::TooLarge);
        assert_eq!(
            told.what.as_str(),
            Some("texts of more than 16 KiB are cut (3; the longest has 10485760 bytes)")
        );
        let alert = &long.alerts[0];
        let name = alert.name.as_str().unwrap();
        assert!(name.len() <= LONGEST && name.ends_with("\u{e9}\u{2026}"), "{}", name.len());
        assert_eq!(alert.labels.len(), 2);
        assert!(
            alert.labels.iter().all(|(name, value)| name.as_bytes().len() + value.as_bytes().len() < 40_000)
        );
        assert_eq!(long.cut(), None, "cut once");
    }

    #[test]
    fn bytes_that_are_no_text_are_cut_too() {
        let mut text = RawText::from(vec![0xff; LONGEST + 1]);
        Cuts::default().cut(&mut text);
        assert!(text.as_bytes().len() <= LONGEST);
    }
}
