//! What the services of a scenario write into their logs, moment by moment.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::dice::Dice;
use super::moment::Moment;
use super::template::{Facts, Template};
use crate::model::catalog::{Card, ServiceEntry};
use crate::model::text::RawText;
use crate::source::recording::format::{Lines, RecordedLine};

/// How often what was written is read.
pub(super) const TICK: SignedDuration = SignedDuration::from_millis(200);
/// Between the same event on two streams: instances are restarted one after the other.
const ROLLING: SignedDuration = SignedDuration::from_secs(7);

/// What changes over the outage: factors at moments, straight lines between them.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Curve(Vec<(Moment, f64)>);

impl Curve {
    pub(super) fn at(&self, now: Timestamp, day: Date) -> f64 {
        let points = self.0.iter().map(|(moment, factor)| (moment.on(day), *factor));
        let mut before: Option<(Timestamp, f64)> = None;
        for (at, factor) in points {
            if at > now {
                let Some((from, start)) = before else { return factor };
                let passed = now.duration_since(from).as_secs_f64() / at.duration_since(from).as_secs_f64();
                return start + (factor - start) * passed;
            }
            before = Some((at, factor));
        }
        before.map_or(1.0, |(_, factor)| factor)
    }
}

/// Log streams of one program, and what it writes.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Voice {
    service: String,
    #[serde(default)]
    card: CardPlan,
    streams: Vec<Stream>,
    messages: Vec<Message>,
}

/// What people should know of a service.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardPlan {
    role: Option<RawText>,
    owner: Option<RawText>,
    #[serde(default)]
    contacts: Vec<RawText>,
    /// Titles and addresses.
    #[serde(default)]
    links: BTreeMap<RawText, RawText>,
}

impl CardPlan {
    fn card(&self) -> Card {
        let Self { role, owner, contacts, links } = self.clone();
        Card { role, owner, contacts, links: links.into_iter().collect(), runbook: None }
    }
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    name: String,
    host: String,
    environment: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    text: Template,
    /// Lines a second on all streams together.
    #[serde(default)]
    rate: f64,
    /// Multiplies the rate.
    #[serde(default)]
    curve: Option<String>,
    /// Written once on each stream at these moments.
    #[serde(default)]
    at: Vec<Moment>,
    /// Only on streams of this environment.
    #[serde(default)]
    environment: Option<String>,
}

/// The first curve that a message names and nobody declares.
pub(super) fn missing_curve(voices: &[Voice], curves: &BTreeMap<String, Curve>) -> Option<String> {
    let messages = voices.iter().flat_map(|voice| &voice.messages);
    messages.filter_map(|message| message.curve.as_ref()).find(|name| !curves.contains_key(*name)).cloned()
}

/// What everybody wrote in the tick that ends at `end`; each stream at most once. `sources` names
/// the source of an environment's logs.
pub(super) fn written(
    voices: &[Voice],
    curves: &BTreeMap<String, Curve>,
    sources: &BTreeMap<&str, RawText>,
    (day, seed): (Date, u64),
    end: Timestamp,
) -> Vec<Lines> {
    let factors: BTreeMap<&str, f64> =
        curves.iter().map(|(name, curve)| (name.as_str(), curve.at(end, day))).collect();
    let mut all = Vec::new();
    for (voice_number, voice) in voices.iter().enumerate() {
        for (number, stream) in voice.streams.iter().enumerate() {
            let uses = [voice_number as u64, number as u64, end.as_millisecond().unsigned_abs()];
            let mut dice = Dice::new(seed, &uses);
            let records = voice.records(number, stream, &factors, day, end, &mut dice);
            if !records.is_empty() {
                let lines = records.iter().flat_map(|(_, text)| text.split(|b| *b == b'\n'));
                let lines = lines.map(|line| RecordedLine::Plain(RawText::from_bytes(line))).collect();
                let source = sources.get(stream.environment.as_str()).cloned().unwrap_or_default();
                all.push(Lines { at: end, source, stream: stream.name.as_str().into(), lost: 0, lines });
            }
        }
    }
    all
}

impl Voice {
    /// The service that it is of, which its streams stand for too.
    pub(super) fn service(&self) -> ServiceEntry {
        ServiceEntry {
            name: self.service.as_str().into(),
            aliases: self.streams.iter().map(|stream| stream.name.as_str().into()).collect(),
            card: self.card.card(),
            ..ServiceEntry::default()
        }
    }

    fn records(
        &self,
        number: usize,
        stream: &Stream,
        factors: &BTreeMap<&str, f64>,
        day: Date,
        end: Timestamp,
        dice: &mut Dice,
    ) -> Vec<(Timestamp, Vec<u8>)> {
        let facts = Facts {
            stream: &stream.name,
            host: &stream.host,
            service: &self.service,
            environment: &stream.environment,
            ..Facts::default()
        };
        let begin = end - TICK;
        let mut records = Vec::new();
        for message in &self.messages {
            let is_ours =
                |stream: &Stream| message.environment.as_ref().is_none_or(|e| *e == stream.environment);
            if !is_ours(stream) {
                continue;
            }
            let sharers = self.streams.iter().filter(|stream| is_ours(stream)).count();
            let factor = message.curve.as_ref().and_then(|name| factors.get(name.as_str())).unwrap_or(&1.0);
            for _ in 0..message.count(*factor, sharers, dice) {
                let at = begin + TICK.mul_f64(dice.unit());
                records.push((at, message.text.fill(at, &facts, dice)));
            }
            let offset = ROLLING * i32::try_from(number).unwrap_or(0);
            for at in message.at.iter().map(|moment| moment.on(day) + offset) {
                if (begin..end).contains(&at) {
                    records.push((at, message.text.fill(at, &facts, dice)));
                }
            }
        }
        records.sort_by_key(|(at, _)| *at);
        records
    }
}

impl Message {
    /// How often it is written in one tick on one of `sharers` streams. On average the rate;
    /// storms come in gusts, so the busy tick is twice the quiet one.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a handful of lines, never negative"
    )]
    fn count(&self, factor: f64, sharers: usize, dice: &mut Dice) -> u32 {
        let gust = 2.0 / 3.0 * (1.0 + dice.unit());
        let mean = self.rate * factor / sharers.max(1) as f64 * TICK.as_secs_f64() * gust;
        (mean + dice.unit()).floor().max(0.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_straight_between_its_points_and_level_outside() {
        let curve: Curve = serde_json::from_str(r#"[["03:00", 1.0], ["03:10", 3.0]]"#).unwrap();
        let day = jiff::civil::date(2026, 11, 20);
        let at = |text: &str| curve.at(format!("2026-11-20T{text}Z").parse().unwrap(), day);
        let expected = [("02:00:00", 1.0), ("03:00:00", 1.0), ("03:05:00", 2.0), ("03:10:00", 3.0)];
        for (text, factor) in expected.into_iter().chain([("09:00:00", 3.0)]) {
            assert!((at(text) - factor).abs() < 1e-9, "{text}: {}", at(text));
        }
    }

    #[test]
    fn the_mean_over_many_ticks_is_the_rate() {
        let message: Message = toml::from_str("text = 'x'\nrate = 7.0").unwrap();
        let mut dice = Dice::new(1, &[]);
        let total: u32 = (0..20_000).map(|_| message.count(0.5, 2, &mut dice)).sum();
        let a_second = f64::from(total) / (20_000.0 * TICK.as_secs_f64());
        assert!((a_second - 1.75).abs() < 0.05, "{a_second}");
    }
}
