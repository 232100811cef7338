//! How much is kept of what a source says in one place, so that nothing that a server sends makes each
//! key slow: texts of so many bytes, lists of so many items, so much in all for one alert or run.
//!
//! What is left out is told where it stood: a text ends in `… (+1048064 bytes, 3f2a9c015e6f7081)`, a
//! list in one more item, `(+37 left out, ...)`. The last part is a digest of the whole: what differs
//! only after the cut still differs, so nothing is taken for another thing because of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use crate::model::alert::{Alert, Comparison, Group, Matcher, Silence};
use crate::model::catalog::Telling;
use crate::model::graph::Graph;
use crate::model::health::{Failure, FailureKind};
use crate::model::run::{Job, Run, RunState, Step};
use crate::model::text::RawText;
use crate::model::update::{Detail, News, Snapshot};

/// Bytes of a name, an id, a label's value.
const NAME: usize = 1 << 10;
/// Bytes of what people write: annotations, expressions, links, reasons.
const TEXT: usize = 16 << 10;
/// Bytes of one line of a log that is fetched.
const LINE: usize = 64 << 10;
/// Bytes of all texts of one alert, silence or group. Beyond it each keeps [`LEAST`].
const ITEM: usize = 64 << 10;
/// Bytes of all texts of one run.
const RUN: usize = 1 << 20;
/// Bytes of a text that are kept in any case.
const LEAST: usize = 128;
/// Labels, annotations, matchers, names of receivers and the like of one item.
const LIST: usize = 128;
/// Jobs of one run.
const JOBS: usize = 1000;
/// Steps of all jobs of one run. Beyond it each job keeps [`FEW`].
const STEPS: usize = 10_000;
/// Steps of a job that are kept in any case.
const FEW: usize = 10;

/// What stands between a text that is cut and the count of what was left out.
const CUT: &str = "\u{2026} (+";
/// Bytes that are kept free for that count.
const MARK: usize = 64;
/// What a list goes on with that has too many items.
const MORE: &str = "\u{2026}";

/// Whether a text is only the beginning of one that was too long: it cannot be asked for or opened.
pub fn is_cut(text: &RawText) -> bool {
    let bytes = text.as_bytes();
    let tail = bytes.get(bytes.len().saturating_sub(MARK)..).unwrap_or_default();
    tail.ends_with(b")") && tail.windows(CUT.len()).any(|window| window == CUT.as_bytes())
}

impl News {
    /// Keeps of everything only as much as one item may have.
    #[must_use]
    pub fn limited(mut self, telling: &Telling) -> Self {
        match &mut self {
            Self::Snapshot(snapshot) => {
                // What is to be told of it, the driver of the source has told.
                Arc::make_mut(snapshot).limit(telling);
            }
            Self::Alive { troubles } => troubles.iter_mut().for_each(failure),
            Self::Failed(why) | Self::Detail(_, Err(why)) => failure(why),
            Self::Detail(_, Ok(what)) => detail(what, telling),
            Self::Ended | Self::Crashed => {}
        }
        self
    }
}

impl Snapshot {
    /// Keeps of everything only as much as one item may have. Says so if a text was longer than any may be.
    pub fn limit(&mut self, telling: &Telling) -> Option<Failure> {
        let mut room = Room { telling: Some(telling), ..Room::default() };
        self.alerts.iter_mut().for_each(|one| alert(Arc::make_mut(one), &mut room));
        self.silences.iter_mut().for_each(|one| silence(Arc::make_mut(one), &mut room));
        self.runs.iter_mut().for_each(|one| run(Arc::make_mut(one), &mut room));
        self.spoken.iter_mut().for_each(|spoken| shorten(spoken, NAME));
        let Room { huge, longest, .. } = room;
        (huge > 0).then(|| {
            let most = TEXT >> 10;
            let what =
                format!("texts of more than {most} KiB are cut ({huge}; the longest has {longest} bytes)");
            Failure::new(FailureKind::TooLarge, what).advise("shorten it where it is written")
        })
    }
}

/// Room for the texts of one item.
#[derive(Default)]
struct Room<'a> {
    left: usize,
    telling: Option<&'a Telling>,
    /// How many texts of all items were longer than any may be, and how long the longest was.
    huge: usize,
    longest: usize,
}

impl Room<'_> {
    fn of(left: usize) -> Self {
        Self { left, ..Self::default() }
    }

    fn text(&mut self, text: &mut RawText, most: usize) {
        let length = text.as_bytes().len();
        if length > TEXT {
            self.huge += 1;
            self.longest = self.longest.max(length);
        }
        shorten(text, most.min(self.left.max(LEAST)));
        self.left = self.left.saturating_sub(text.as_bytes().len());
    }

    fn names<'a>(&mut self, texts: impl IntoIterator<Item = &'a mut RawText>) {
        texts.into_iter().for_each(|text| self.text(text, NAME));
    }

    fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a mut RawText>) {
        texts.into_iter().for_each(|text| self.text(text, TEXT));
    }

    fn list(&mut self, list: &mut Vec<RawText>) {
        if let Some(rest) = beyond(list, LIST) {
            list.push(left_out(rest.len(), &rest));
        }
        self.names(list);
    }

    fn pairs(&mut self, pairs: &mut BTreeMap<RawText, RawText>, most: usize) {
        let mut all: Vec<_> = std::mem::take(pairs).into_iter().collect();
        let kept = if all.len() > LIST { LIST - 1 } else { LIST };
        if let Some(telling) = self.telling {
            all.sort_by_key(|(name, _)| !telling.has(name));
        }
        for (mut name, mut value) in all.iter().take(kept).cloned() {
            self.text(&mut name, NAME);
            self.text(&mut value, most);
            pairs.insert(name, value);
        }
        if pairs.len() < all.len() {
            pairs.remove(&MORE.into());
            let texts = all.iter().flat_map(|(name, value)| [name, value]);
            pairs.insert(MORE.into(), left_out(all.len() - pairs.len(), texts));
        }
    }
}

/// Takes away what a list has too much; room is left for one item that tells of it.
fn beyond<T>(list: &mut Vec<T>, most: usize) -> Option<Vec<T>> {
    (list.len() > most).then(|| list.split_off(most.saturating_sub(1)))
}

/// `(+37 left out, 3f2a9c015e6f7081)`
fn left_out<'a>(count: usize, texts: impl IntoIterator<Item = &'a RawText>) -> RawText {
    format!("(+{count} left out, {})", digest(texts)).into()
}

/// Cuts a text that has more bytes than this, not within a character.
fn shorten(text: &mut RawText, most: usize) {
    let bytes = text.as_bytes();
    if bytes.len() <= most {
        return;
    }
    let wanted = most.saturating_sub(MARK);
    let is_inside = |at: usize| bytes.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    // A character has four bytes at most; what is none may be cut anywhere.
    let kept = (wanted.saturating_sub(3)..=wanted).rev().find(|at| !is_inside(*at)).unwrap_or(wanted);
    let mut short = bytes.get(..kept).unwrap_or_default().to_vec();
    let mark = format!("{CUT}{} bytes, {})", bytes.len() - kept, digest([&*text]));
    short.extend_from_slice(mark.as_bytes());
    *text = short.into();
}

/// The first eight bytes of a SHA-256, in hexadecimal: what is different has different ones.
fn digest<'a>(texts: impl IntoIterator<Item = &'a RawText>) -> String {
    let mut context = Context::new(&SHA256);
    for text in texts {
        context.update(&text.as_bytes().len().to_le_bytes());
        context.update(text.as_bytes());
    }
    let digest = context.finish();
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(first))
}

fn alert(alert: &mut Alert, room: &mut Room<'_>) {
    let Alert {
        id,
        name,
        severity: _,
        state: _,
        labels,
        annotations,
        started: _,
        held: _,
        ended: _,
        ended_after: _,
        silenced_by,
        inhibited_by,
        acknowledged,
        receivers,
        value,
        expression,
        link,
    } = alert;
    room.left = ITEM;
    room.names([id, name]);
    room.names(acknowledged.iter_mut().map(|by| &mut by.person).chain(value));
    for list in [receivers, silenced_by, inhibited_by] {
        room.list(list);
    }
    room.pairs(labels, NAME);
    room.texts(expression.iter_mut().chain(link));
    room.pairs(annotations, TEXT);
}

fn silence(silence: &mut Silence, room: &mut Room<'_>) {
    let Silence { id, matchers, starts: _, ends: _, person, comment } = silence;
    room.left = ITEM;
    room.names([id, person]);
    if let Some(rest) = beyond(matchers, LIST) {
        let value = left_out(rest.len(), rest.iter().flat_map(|one| [&one.label, &one.value]));
        matchers.push(Matcher { label: MORE.into(), comparison: Comparison::Equal, value });
    }
    room.names(matchers.iter_mut().flat_map(|one| [&mut one.label, &mut one.value]));
    room.texts([comment]);
}

fn run(run: &mut Run, room: &mut Room<'_>) {
    let Run {
        id,
        pipeline,
        title,
        number: _,
        attempt: _,
        state: _,
        branch,
        revision,
        person,
        service,
        repo,
        environment,
        link,
        created: _,
        started: _,
        finished: _,
        jobs: parts,
    } = run;
    room.left = RUN;
    room.names([id, pipeline, title]);
    room.names([branch, revision, person, service, repo, environment].into_iter().flatten());
    room.texts(link);
    jobs(parts, room);
}

fn jobs(jobs: &mut Vec<Job>, room: &mut Room<'_>) {
    if let Some(rest) = beyond(jobs, JOBS) {
        jobs.push(Job {
            id: MORE.into(),
            name: left_out(rest.len(), rest.iter().flat_map(|job| [&job.id, &job.name])),
            state: RunState::Unknown,
            may_fail: true,
            started: None,
            finished: None,
            steps: Vec::new(),
        });
    }
    let mut left = STEPS;
    for job in jobs {
        if let Some(rest) = beyond(&mut job.steps, left.max(FEW)) {
            job.steps.push(Step {
                id: MORE.into(),
                name: left_out(rest.len(), rest.iter().flat_map(|step| [&step.id, &step.name])),
                state: RunState::Unknown,
                started: None,
                finished: None,
            });
        }
        left = left.saturating_sub(job.steps.len());
        room.names([&mut job.id, &mut job.name]);
        room.names(job.steps.iter_mut().flat_map(|step| [&mut step.id, &mut step.name]));
    }
}

fn detail(detail: &mut Detail, telling: &Telling) {
    match detail {
        Detail::Jobs(of_run) => jobs(of_run, &mut Room::of(RUN)),
        Detail::Log(lines) => {
            if lines.iter().any(|line| line.as_bytes().len() > LINE) {
                for line in Arc::make_mut(lines) {
                    shorten(line, LINE);
                }
            }
        }
        Detail::Groups(groups) => {
            let mut all = groups.to_vec();
            if let Some(rest) = beyond(&mut all, LIST) {
                let receiver = left_out(rest.len(), rest.iter().map(|group| &group.receiver));
                all.push(Group { receiver, labels: BTreeMap::new(), alerts: BTreeMap::new() });
            }
            for one in &mut all {
                group(one, telling);
            }
            *groups = all.into();
        }
        Detail::Graph(graph) => self::graph(Arc::make_mut(graph), telling),
    }
}

fn group(group: &mut Group, telling: &Telling) {
    let Group { receiver, labels, alerts } = group;
    let mut room = Room { telling: Some(telling), ..Room::of(ITEM) };
    room.names([receiver]);
    room.pairs(labels, NAME);
    let mut all: Vec<_> = std::mem::take(alerts).into_iter().collect();
    if let Some(rest) = beyond(&mut all, LIST) {
        let names = left_out(rest.len(), rest.iter().map(|(name, _)| name));
        all.push((names, rest.iter().map(|(_, count)| count).sum()));
    }
    for (mut name, count) in all {
        room.text(&mut name, NAME);
        *alerts.entry(name).or_default() += count;
    }
}

fn graph(graph: &mut Graph, telling: &Telling) {
    let Graph { step: _, series, more_series: _, more_points: _, warnings } = graph;
    let mut room = Room { telling: Some(telling), ..Room::of(ITEM) };
    room.list(warnings);
    for line in series {
        room.pairs(&mut line.labels, NAME);
    }
}

fn failure(failure: &mut Failure) {
    let Failure { kind: _, what, advice, next_try: _, cause } = failure;
    Room::of(ITEM).texts([what].into_iter().chain(advice).chain(cause));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::update::DetailKey;

    const HUGE: usize = 70 << 10;
    const MANY: usize = 150;

    fn long(with: &str) -> RawText {
        format!("{}{with}", "x".repeat(HUGE)).into()
    }

    /// An alert of which each text is long and each list has too many items.
    fn huge_alert() -> Alert {
        let pairs = || (0..MANY).map(|n| (long(&format!("{n:03}")), long("value"))).collect();
        let names = || (0..MANY).map(|n| long(&n.to_string())).collect::<Vec<_>>();
        Alert {
            labels: pairs(),
            annotations: pairs(),
            silenced_by: names(),
            inhibited_by: names(),
            acknowledged: Some(crate::model::alert::Acknowledgement {
                person: long("kim"),
                at: jiff::Timestamp::UNIX_EPOCH,
            }),
            receivers: names(),
            value: Some(long("value")),
            expression: Some(long("expression")),
            link: Some(long("link")),
            ..Alert::new(long("id"), long("name"), jiff::Timestamp::UNIX_EPOCH)
        }
    }

    fn huge_run() -> Run {
        let part = |of: &str, n: usize| serde_json::json!({"id": format!("{of}{n}"), "name": long(of), "state": "failed"});
        let job = |n: usize| {
            let mut job = part("job", n);
            let steps = if n < 9 { 2000 } else { 11 };
            job["steps"] = (0..steps)
                .map(|step| serde_json::json!({"id": step.to_string(), "name": "step", "state": "failed"}))
                .collect();
            job
        };
        let text = long("text");
        serde_json::from_value(serde_json::json!({
            "id": text, "pipeline": text, "title": text, "state": "failed", "branch": text, "revision": text,
            "person": text, "service": text, "repo": text, "environment": text, "link": text,
            "created": jiff::Timestamp::UNIX_EPOCH, "jobs": (0..12).map(job).collect::<Vec<_>>(),
        }))
        .unwrap()
    }

    fn huge_silence() -> Silence {
        let matcher = |n: usize| Matcher {
            label: long(&n.to_string()),
            comparison: Comparison::Equal,
            value: long("value"),
        };
        Silence {
            id: long("id"),
            matchers: (0..MANY).map(matcher).collect(),
            starts: jiff::Timestamp::UNIX_EPOCH,
            ends: jiff::Timestamp::UNIX_EPOCH,
            person: long("kim"),
            comment: long("comment"),
        }
    }

    fn huge_group() -> Group {
        Group {
            receiver: long("receiver"),
            labels: huge_alert().labels,
            alerts: (0..MANY).map(|n| (long(&n.to_string()), 2)).collect(),
        }
    }

    fn failed() -> Failure {
        Failure::new(FailureKind::Server, long("what")).advise(long("advice")).because(long("cause"))
    }

    fn all() -> Vec<News> {
        let of = |detail| News::Detail(DetailKey::Groups { alert: "a".into() }, detail);
        let graph = serde_json::json!({
            "step": "PT30S", "series": [{"labels": {}, "points": []}], "warnings": vec![long("warning"); MANY],
        });
        let small = Group { receiver: "pager".into(), labels: BTreeMap::new(), alerts: BTreeMap::new() };
        let mut groups = vec![small; MANY];
        groups[0] = huge_group();
        let mut graph: Graph = serde_json::from_value(graph).unwrap();
        graph.series[0].labels = huge_alert().labels;
        vec![
            News::Snapshot(Arc::new(Snapshot {
                alerts: vec![Arc::new(huge_alert())],
                silences: vec![Arc::new(huge_silence())],
                runs: vec![Arc::new(huge_run())],
                every: None,
                spoken: Some(long("HTTP/2")),
            })),
            News::Alive { troubles: vec![failed()] },
            News::Failed(failed()),
            of(Err(failed())),
            of(Ok(Detail::Jobs(huge_run().jobs))),
            of(Ok(Detail::Log(Arc::new([long("line"), "short".into()])))),
            of(Ok(Detail::Groups(groups.into()))),
            of(Ok(Detail::Graph(Arc::new(graph)))),
        ]
    }

    /// The longest text and the longest list that stand anywhere in it, and the bytes of all texts.
    fn sizes(value: &serde_json::Value) -> (usize, usize, usize) {
        use serde_json::Value;
        let join =
            |a: (usize, usize, usize), b: (usize, usize, usize)| (a.0.max(b.0), a.1.max(b.1), a.2 + b.2);
        match value {
            Value::String(text) => (text.len(), 0, text.len()),
            Value::Array(items) => items.iter().map(sizes).fold((0, items.len(), 0), join),
            Value::Object(items) => {
                let names = items.keys().map(|name| (name.len(), 0, name.len()));
                names.chain(items.values().map(sizes)).fold((0, items.len(), 0), join)
            }
            _ => (0, 0, 0),
        }
    }

    #[test]
    fn whatever_is_said_is_small_afterwards_and_stays_the_same_when_it_is_said_again() {
        for news in all() {
            let before = sizes(&serde_json::to_value(&news).unwrap());
            assert!(before.0 >= HUGE, "{before:?}");
            let limited = news.limited(&Telling::default());
            let after = sizes(&serde_json::to_value(&limited).unwrap());
            assert!(after.0 <= LINE && after.1 <= STEPS, "{after:?}");
            assert_eq!(
                limited.clone().limited(&Telling::default()),
                limited,
                "as a recording does that is played"
            );
        }
        let size = |news: News| sizes(&serde_json::to_value(news.limited(&Telling::default())).unwrap());
        let one = |alert| {
            News::Snapshot(Arc::new(Snapshot { alerts: vec![Arc::new(alert)], ..Snapshot::default() }))
        };
        let (text, list, sum) = size(one(huge_alert()));
        assert!(text <= NAME && list <= LIST, "{text} {list}: others of its texts took the room");
        assert!(sum <= ITEM + 8 * LIST * LEAST, "{sum}");
        assert!(size(News::Failed(failed())).0 <= TEXT);
    }

    #[test]
    fn a_text_that_is_longer_than_any_may_be_is_told_once() {
        let mut one = Alert::new("id", "x".repeat(TEXT).as_str(), jiff::Timestamp::UNIX_EPOCH);
        one.annotations = [("description".into(), long("")), ("summary".into(), long("more"))].into();
        let mut snapshot = Snapshot { alerts: vec![Arc::new(one)], ..Snapshot::default() };
        let told = snapshot.limit(&Telling::default()).unwrap();
        assert_eq!(told.kind, FailureKind::TooLarge);
        let words = "texts of more than 16 KiB are cut (2; the longest has 71684 bytes)";
        assert_eq!(told.what.as_str(), Some(words));
        assert_eq!(snapshot.limit(&Telling::default()), None);
    }

    #[test]
    fn what_is_usual_stays_as_it_is() {
        let mut usual = Alert::new("id", "HighErrorRate", jiff::Timestamp::UNIX_EPOCH);
        usual.labels = (0..LIST).map(|n| (format!("label{n}").into(), "v".repeat(200).into())).collect();
        usual.annotations = [("description".into(), "d".repeat(TEXT).into())].into();
        let mut kept = usual.clone();
        alert(&mut kept, &mut Room::default());
        assert_eq!(kept, usual);
    }

    #[test]
    fn a_cut_is_told_with_its_size_and_not_within_a_character() {
        let mut text = RawText::from(format!("a{}", "\u{1f525}".repeat(1000)));
        shorten(&mut text, NAME);
        let shown = text.as_str().unwrap();
        let (kept, told) = shown.split_once("\u{2026} (+").unwrap();
        let (bytes, digest) = told.split_once(" bytes, ").unwrap();
        assert_eq!(kept.len() + bytes.parse::<usize>().unwrap(), 4001);
        assert_eq!(digest.len(), 17);
        assert!(shown.len() <= NAME && kept.len() > NAME - MARK - 4);
        assert!(is_cut(&text) && !is_cut(&"sum(rate(x[5m]))".into()));
        let mut bytes = RawText::from(vec![0xbf; 4000]);
        shorten(&mut bytes, NAME);
        assert!(bytes.as_bytes().len() <= NAME && is_cut(&bytes));
    }

    #[test]
    fn what_differs_only_after_the_cut_still_differs() {
        let of = |tail: &str| {
            let mut one = Alert::new(long(tail), long(tail), jiff::Timestamp::UNIX_EPOCH);
            one.labels = (0..300).map(|n| (format!("label{n}").into(), "v".into())).collect();
            one.labels.insert("zone".into(), tail.into());
            alert(&mut one, &mut Room::default());
            one
        };
        let (a, b) = (of("a"), of("b"));
        assert!(a.id != b.id && a.name != b.name && a.labels != b.labels);
        assert_eq!(a, of("a"));
        let names: BTreeMap<RawText, RawText> = (0..3).map(|n| (long(&n.to_string()), "v".into())).collect();
        let mut kept = names;
        Room::of(ITEM).pairs(&mut kept, NAME);
        assert_eq!(kept.len(), 3, "names of labels too");
    }

    #[test]
    fn what_is_joined_on_and_read_first_stays_whatever_else_there_is() {
        let mut one = Alert::new("id", "HighErrorRate", jiff::Timestamp::UNIX_EPOCH);
        one.labels = (0..400).map(|n| (format!("a{n:03}").into(), "v".into())).collect();
        one.annotations = one.labels.clone();
        for name in ["alertname", "severity", "service", "instance", "Squad"] {
            one.labels.insert(name.into(), "kept".into());
        }
        one.annotations.insert("summary".into(), "kept".into());
        let telling = crate::model::catalog::Catalog::new(
            &[crate::model::catalog::ServiceEntry {
                labels: vec![("squad".into(), "cart".into())],
                ..Default::default()
            }],
            &[],
        );
        let mut snapshot = Snapshot { alerts: vec![Arc::new(one)], ..Snapshot::default() };
        snapshot.limit(&telling.telling());
        let [kept] = &snapshot.alerts[..] else { panic!() };
        assert_eq!((kept.labels.len(), kept.annotations.len()), (LIST, LIST));
        let values = |pairs: &BTreeMap<RawText, RawText>| {
            pairs.values().filter(|value| **value == "kept".into()).count()
        };
        assert_eq!((values(&kept.labels), values(&kept.annotations)), (5, 1));
        assert!(kept.labels[&MORE.into()].as_str().unwrap().starts_with("(+278 left out, "));
    }

    #[test]
    fn a_list_tells_how_many_are_left_out() {
        let mut one = huge_alert();
        one.labels = (0..400).map(|n| (format!("label{n}").into(), "v".into())).collect();
        one.labels.insert(MORE.into(), "a label of that name is counted too".into());
        alert(&mut one, &mut Room::default());
        assert_eq!(one.labels.len(), LIST);
        assert!(
            one.labels[&MORE.into()].as_str().unwrap().starts_with("(+274 left out, "),
            "{:?}",
            one.labels
        );
        assert!(one.receivers[LIST - 1].as_str().unwrap().starts_with("(+23 left out, "));
        let mut group = huge_group();
        super::group(&mut group, &Telling::default());
        assert_eq!(
            group.alerts.values().sum::<usize>(),
            2 * MANY,
            "who is told with how many others stays right"
        );
        let mut kept = huge_run();
        run(&mut kept, &mut Room::default());
        let steps: Vec<_> = kept.jobs.iter().map(|job| job.steps.len()).collect();
        assert_eq!(steps, [2000, 2000, 2000, 2000, 2000, 10, 10, 10, 10, 10, 10, 10]);
        let last = kept.jobs[11].steps[9].name.as_str().unwrap();
        assert!(last.starts_with("(+2 left out, "), "{last}");
        kept.jobs = vec![kept.jobs[11].clone(); 1200];
        run(&mut kept, &mut Room::default());
        assert_eq!(kept.jobs.len(), JOBS);
        assert!(kept.jobs[JOBS - 1].name.as_str().unwrap().starts_with("(+201 left out, "));
    }
}
