//! Documents as they are written: whole ones beside what they were, and text that tries to be more than text.
//!
//! `UPDATE_DOCUMENTS=1 cargo test --test documents` writes them anew; then look at the difference.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up has failed, and what it keeps is written when asked for"
)]

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use midwatch::incident::document::{Block, Document, Inline, Item, Line, line};
use midwatch::incident::facts::{self, Facts};
use midwatch::incident::fill::fill;
use midwatch::incident::handoff::Shift;
use midwatch::incident::known::Known;
use midwatch::incident::lint::lint;
use midwatch::incident::templates::{Template, lines};
use midwatch::incident::write::{Format, write};
use midwatch::model::alert::{Alert, Comparison, Matcher, Severity, Silence};
use midwatch::model::catalog::Catalog;
use midwatch::model::claim::Claims;
use midwatch::model::health::{Failure, FailureKind};
use midwatch::model::incident::Incident;
use midwatch::model::note::{Entry, Evidence, Fired, Later, What};
use midwatch::model::run::Run;
use midwatch::model::terms::{Declared, Field, IncidentId, Sev, Status};
use midwatch::model::text::{RawText, SafeText, clean};
use midwatch::model::told::told;
use midwatch::model::transition::{Happened, Transition};
use midwatch::model::update::{Gives, News, Snapshot, Update};
use midwatch::model::world::{SourceInfo, World};
use proptest::prelude::*;

const FORMATS: [(Format, &str); 4] =
    [(Format::Gfm, "md"), (Format::Slack, "slack"), (Format::Jira, "jira"), (Format::Plain, "txt")];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn later(seq: u64, said: Later) -> What {
    What::Later { session: "a".into(), seq, recorded: None, said }
}

/// Lines of a log with a fence among them.
fn evidence() -> What {
    let lines = ["pool exhausted | 42 of 42", "```", "\u{1b}[31m{code} x"].map(|line| clean(&line.into()));
    let window = (at("2026-03-14T01:40:00Z"), at("2026-03-14T01:41:00Z"));
    let mut evidence = Evidence::new("web".into(), window, &lines);
    evidence.query = "level>=warn a|b".into();
    evidence.left_out = 12;
    evidence.link = Some("https://logs.example/?q=(pool)".into());
    What::Evidence(Box::new(evidence))
}

/// An outage, with text in it that is markup in one format or another.
fn outage() -> Vec<Entry> {
    let declared = Declared {
        service: Some("checkout".into()),
        environment: Some("prod".into()),
        onset: Some(at("2026-03-14T01:31:00Z")),
        detected: Some(at("2026-03-14T01:36:00Z")),
        alert: Some("HighErrorRate".into()),
        links: vec!["https://tickets.example/OPS-7?a=1&b=2".into()],
        ..Declared::new("checkout: errors are high", Sev::new(2).unwrap())
    };
    let todo = |owner: Option<&str>, due: Option<&str>| What::Todo {
        owner: owner.map(RawText::from),
        due: due.map(at),
    };
    let told: Vec<(i64, &str, What, &str)> = vec![
        (0, "kim", What::Declared(Box::new(declared)), ""),
        (1, "kim", What::Set(Field::Impact), "4 % of payments failed, about 1,200 people"),
        (2, "kim", What::Hypothesis, "the deploy of 01:30 broke | the pool (https://ci.example/run/41|x)"),
        (3, "lee", What::RuledOut, "*not* the database: `select 1` is _fast_, see [it](javascript:x)"),
        (4, "kim", What::Severity(Sev::new(1).unwrap()), "all payments fail"),
        (5, "kim", What::Decision, "roll back to 41 & tell <!channel>"),
        (10, "kim", What::Status(Status::Mitigated), ""),
        (12, "kim", What::Severity(Sev::new(3).unwrap()), ""),
        (13, "kim", todo(Some("lee"), Some("2026-03-16T12:00:00Z")), "alarm on the size of the pool"),
        (14, "kim", todo(None, None), "{code}write it down{code}"),
        (15, "lee", What::Set(Field::Ops), "lee"),
        (16, "kim", What::Note, "odd \u{1b}[31mred\u{202e} <b>line</b>\n# not a heading"),
        (20, "kim", What::Status(Status::Resolved), ""),
        (7, "am", What::Happened { mark: "fired:1".into(), also: Vec::new() }, "alert HighErrorRate fired"),
        (8, "kim", evidence(), "what the pool said"),
        (9, "kim", What::Note, "nobody has to read this in a document"),
        (30, "kim", later(16, Later::Hidden(true)), ""),
        (31, "kim", later(6, Later::Starred(true)), ""),
        (32, "kim", later(9, Later::Done(true)), ""),
        (33, "kim", later(4, Later::Text), "*not* the database: `select 1` is _fast_ | [it](javascript:x)"),
    ];
    let start = at("2026-03-14T01:42:10Z");
    let entry = |(seq, (minute, person, what, text)): (u64, (i64, &str, What, &str))| {
        let happened = start + SignedDuration::from_mins(minute);
        let late = if seq == 3 { SignedDuration::from_mins(30) } else { SignedDuration::ZERO };
        Entry {
            at: happened,
            recorded: happened + late,
            person: person.into(),
            what,
            text: text.into(),
            session: "a".into(),
            seq,
        }
    };
    (1..).zip(told).map(entry).collect()
}

const PAD: &str = "# Plan\nlook at the pool | then the database\n- [x] roll back\n- [ ] write to them\n\n\
                   | a | b |\n|---|---|\n| 1 | x \\| y |\n\n```sh\nkubectl get pods\n```\n";

fn incident(entries: &[Entry]) -> Incident {
    Incident::of(&IncidentId::try_from("INC-20260314-0142-checkout".to_owned()).unwrap(), entries).unwrap()
}

fn text(lines: &[SafeText]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// The document is what it was.
#[track_caller]
fn golden(name: &str, document: &Document) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    for (format, ending) in FORMATS {
        let path = folder.join(format!("{name}.{ending}"));
        let now = text(&write(document, format));
        if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let was = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(now == was, "{}: UPDATE_DOCUMENTS=1 writes this\n{now}", path.display());
    }
}

#[test]
fn documents_of_an_incident_are_what_they_were() {
    let entries = outage();
    let incident = incident(&entries);
    let (pad, now) = (PAD.into(), at("2026-03-14T09:00:00Z"));
    let acknowledged = Some(at("2026-03-14T01:38:30Z"));
    let facts = Facts { incident: &incident, entries: &told(&entries), pad: &pad, acknowledged, now };
    for (template, name) in [(Template::Postmortem, "postmortem"), (Template::Update, "update")] {
        let (document, mistakes) = fill(&lines(&template.built_in()), &|name| facts.value(name));
        assert_eq!(mistakes, []);
        golden(name, &document);
    }
    let told: Vec<_> = lint(&facts).iter().map(|line| line.as_str().to_owned()).collect();
    assert_eq!(
        told,
        [
            "an action item has no owner: {code}write it down{code}",
            "an action item has no time by which it is due: {code}write it down{code}",
        ]
    );
}

#[test]
fn an_incident_of_which_nothing_is_known_yet_says_so_and_lint_tells_what_is_missing() {
    let mut entries = outage();
    entries.truncate(1);
    let mut odd = entries[0].clone();
    (odd.what, odd.text, odd.person, odd.seq) = (What::Note, "who?".into(), "".into(), 2);
    odd.at += SignedDuration::from_mins(9);
    entries.push(odd);
    let mut early = entries[0].clone();
    (early.what, early.seq) = (What::Status(Status::Resolved), 3);
    early.at = at("2026-03-14T01:20:00Z");
    entries.push(early);
    let incident = incident(&entries);
    let (pad, now) = (RawText::default(), at("2026-03-14T01:50:00Z"));
    let facts = Facts { incident: &incident, entries: &told(&entries), pad: &pad, acknowledged: None, now };
    let (document, _) = fill(&lines(&Template::Postmortem.built_in()), &|name| facts.value(name));
    golden("early", &document);
    let told: Vec<_> = lint(&facts).iter().map(|line| line.as_str().to_owned()).collect();
    assert_eq!(
        told,
        [
            "the impact is empty: who felt it, how many, for how long",
            "times are out of order: resolved is before detected",
            "times are out of order: resolved is before declared",
            "times are out of order: 2026-03-14T01:51:10Z was written down before it was: who?",
            "a row has no source: 2026-03-14T01:51:10Z who?",
        ]
    );
}

/// What was kept of a source, and what happened since.
fn known(now: Timestamp) -> Known {
    let alert = |id: &str, name: &str, began: &str| {
        let labels = [("env".into(), "prod".into())].into();
        Arc::new(Alert { severity: Severity::Critical, labels, ..Alert::new(id, name, at(began)) })
    };
    let silence = Silence {
        id: "s".into(),
        matchers: vec![Matcher {
            label: "alertname".into(),
            comparison: Comparison::Matches,
            value: "Disk.*|Inode".into(),
        }],
        starts: at("2026-03-14T00:00:00Z"),
        ends: at("2026-03-14T12:00:00Z"),
        person: "ada".into(),
        comment: "moving | disks".into(),
    };
    let mut world = World::new([SourceInfo {
        name: "am".into(),
        kind: "alertmanager".into(),
        environment: None,
        interval: None,
        gives: &[Gives::Alerts],
        reads: Vec::new(),
        exposed: Vec::new(),
    }]);
    let alerts = vec![
        alert("1", "HighErrorRate", "2026-03-14T01:36:00Z"),
        alert("2", "DiskFull", "2026-03-14T02:00:00Z"),
    ];
    let snapshot = Snapshot { alerts, silences: vec![silence.into()], ..Snapshot::default() };
    let news = News::Snapshot(snapshot.into());
    world.apply(&Update { source: "am".into(), at: at("2026-03-14T08:50:00Z"), news });
    let run = serde_json::json!({
        "id": "7", "pipeline": "deploy", "number": 41, "state": "succeeded", "service": "checkout",
        "environment": "prod", "revision": "4f1c2d", "person": "lee", "link": "https://ci.example/run/41",
        "created": "2026-03-14T01:30:00Z", "finished": "2026-03-14T01:33:00Z",
    });
    let run = Arc::new(serde_json::from_value::<Run>(run).unwrap());
    let mut again = (*alert("4", "HighErrorRate", "2026-03-14T08:52:00Z")).clone();
    again.labels.insert("instance".into(), "web-2".into());
    let history = vec![
        Transition::new(at("2026-03-14T01:33:00Z"), "ci", Happened::Ended(run)),
        Transition::new(
            at("2026-03-14T03:00:00Z"),
            "am",
            Happened::Blind(Failure::new(FailureKind::Io, "no route to am.example")),
        ),
        Transition::new(at("2026-03-14T03:20:00Z"), "am", Happened::Sees),
        Transition::new(at("2026-03-14T08:52:00Z"), "am", Happened::Fired(again.into())),
    ];
    Known::of(
        Some(&world.remember()),
        history,
        None,
        (&Catalog::default(), []),
        at("2026-03-13T21:00:00Z"),
        now,
    )
}

fn hand_over(entries: &[Entry], shift: &[Entry], known: &Known, incoming: Option<&RawText>) -> Document {
    let incidents: Vec<_> =
        if entries.is_empty() { Vec::new() } else { vec![(incident(entries), told(entries))] };
    let of = vec![Fired { id: "2".into(), started: at("2026-03-14T02:00:00Z") }];
    let claim = |entry: &Entry| {
        let (person, what) = ("ada".into(), What::Claim { of: of.clone(), held: true });
        Entry { person, what, text: "DiskFull".into(), ..entry.clone() }
    };
    let claims: Vec<Entry> = entries.iter().take(1).map(claim).collect();
    let shift = Shift {
        outgoing: &"kim".into(),
        incoming,
        from: at("2026-03-13T21:00:00Z"),
        now: at("2026-03-14T09:00:00Z"),
        incidents: &incidents,
        entries: &told(shift),
        pad: &"look at `db-1` at noon".into(),
        known,
        claims: &Claims::of(&claims, []),
        sees: &[Gives::Alerts, Gives::Runs],
    };
    let (document, mistakes) = fill(&lines(&Template::Handoff.built_in()), &|name| shift.value(name));
    assert_eq!(mistakes, []);
    document
}

#[test]
fn a_hand_over_tells_what_the_next_one_has_to_know() {
    let entries = outage();
    let mut shift = vec![entries[8].clone(), entries[11].clone(), entries[11].clone()];
    shift[0].text = "order disks".into();
    shift[1].text = "quiet until one".into();
    shift[2].at = at("2026-03-12T00:00:00Z");
    shift[2].seq = 100;
    let known = known(at("2026-03-14T09:00:00Z"));
    golden("handoff", &hand_over(&entries, &shift, &known, Some(&"lee".into())));
}

#[test]
fn a_hand_over_of_which_nothing_is_kept_does_not_say_that_nothing_fires() {
    golden("quiet", &hand_over(&[], &[], &Known::default(), None));
}

#[test]
fn what_is_to_be_done_in_an_incident_that_was_closed_in_the_shift_is_handed_over() {
    let over = |when: &str| {
        let mut entries = outage();
        let closed = What::Status(Status::Closed);
        let recorded = at("2026-03-14T08:00:00Z");
        entries.push(Entry { at: at(when), recorded, what: closed, seq: 98, ..entries[0].clone() });
        text(&write(&hand_over(&entries, &[], &Known::default(), None), Format::Plain))
    };
    let todo = "- [ ] {code}write it down{code} (owner: nobody yet, due: not said) in INC-20260314-0142-checkout, which is over";
    let told = over("2026-03-14T04:00:00Z");
    assert!(told.contains(todo) && !told.contains("alarm on the size"), "{told}");
    // An earlier hand-over told it.
    assert!(!over("2026-03-13T20:59:59Z").contains("write it down"));
}

#[test]
fn a_private_incident_is_told_of_and_not_named() {
    let mut entries = outage();
    let mut private = entries[1].clone();
    (private.what, private.text, private.seq) = (What::Set(Field::Private), "yes".into(), 99);
    entries.push(private);
    let told = write(&hand_over(&entries, &[], &Known::default(), None), Format::Gfm);
    let told = text(&told);
    assert!(told.contains("| a private incident | SEV3 | resolved |"), "{told}");
    assert!(!told.contains("checkout") && !told.contains("the pool"), "{told}");
}

#[test]
fn nobody_is_called_by_a_document_that_is_pasted() {
    let calls = "@here (@team/ops) kim@bastion a@@b <!here> [~kim]";
    let code = "ssh @db [~kim] | x";
    let cell = |text: &'static str| vec![Inline::Code(text.into())];
    let document = Document {
        front: vec![("lead".into(), "@kim".into())],
        blocks: vec![
            Block::Heading(2, line(&calls.into())),
            Block::Paragraph(vec![Inline::Code("ssh @x".into()), Inline::Bold("@kim".into())]),
            Block::Table {
                head: vec![line(&"@a".into())],
                rows: vec![vec![cell(code)], vec![cell("ssh @y")]],
            },
            Block::Code { language: "sh".into(), lines: vec![code.into()] },
        ],
    };
    let gfm = "---\nlead: \"\\x40kim\"\n---\n\n\
               ## \u{ff20}here (\u{ff20}team/ops) kim@bastion a@\u{ff20}b \\<!here\\> \\[\\~kim\\]\n\n\
               `ssh @x`**\u{ff20}kim**\n\n\
               | \u{ff20}a |\n| --- |\n| ssh \u{ff20}db \\[\\~kim\\] \\| x |\n| `ssh @y` |\n\n\
               ```sh\nssh @db [~kim] | x\n```\n";
    assert_eq!(text(&write(&document, Format::Gfm)), gfm);
    let slack = "*\u{ff20}here (\u{ff20}team/ops) kim@bastion a@\u{ff20}b &lt;!here&gt; [~kim]*\n\n\
                 `ssh @x`*\u{ff20}kim*\n\n\
                 *\u{ff20}a*\n\u{2022} `ssh @db [~kim] \u{a6} x`\n\u{2022} `ssh @y`\n\n\
                 ```\nssh @db [~kim] | x\n```\n";
    assert_eq!(text(&write(&document, Format::Slack)), slack);
    let jira = text(&write(&document, Format::Jira));
    assert!(jira.starts_with("h2. @here (@team/ops) kim@bastion a@@b <\\!here> \\[\\~kim\\]\n"), "{jira}");
    let plain = text(&write(&document, Format::Plain));
    assert!(plain.starts_with("@here (@team/ops) kim@bastion a@@b <!here> [~kim]\n"), "{plain}");
}

#[test]
fn no_line_of_markdown_is_an_order_to_gitlab() {
    let item = |text: &'static str| Item { done: None, line: line(&text.into()) };
    let code = Block::Code { language: "sh".into(), lines: vec!["/bin/ls".into()] };
    let blank = Block::Paragraph(vec![Inline::Code(" ".into()), Inline::Text("/close".into())]);
    let blocks = vec![
        Block::Paragraph(line(&"  /assign me".into())),
        blank,
        Block::Paragraph(line(&"a /b".into())),
        Block::List(vec![item("/close")]),
        code,
    ];
    let told = text(&write(&Document { front: Vec::new(), blocks }, Format::Gfm));
    assert_eq!(told, "\\/assign me\n\n\\/close\n\na /b\n\n- \\/close\n\n```sh\n/bin/ls\n```\n");
}

#[test]
fn the_templates_that_come_with_it_name_nothing_that_there_is_not() {
    for template in Template::ALL {
        assert_eq!(template.mistakes(&template.built_in()), []);
    }
    for name in facts::names() {
        assert!(facts::known(name).is_some());
    }
    let wrong = Template::Update.mistakes(&"fine\n{{timelin}} x".into());
    assert_eq!(wrong.len(), 1);
    assert_eq!((wrong[0].line, wrong[0].what.as_str()), (2, "there is no {{timelin}}"));
}

/// Text that tries to be more: all that means something in one of the formats.
fn hostile() -> impl Strategy<Value = SafeText> {
    let piece = prop_oneof![
        Just("|".to_owned()),
        Just("\\".to_owned()),
        Just("`".to_owned()),
        Just("```".to_owned()),
        Just("{code}".to_owned()),
        Just("{noformat}".to_owned()),
        Just("<b>".to_owned()),
        Just("<!channel>".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n| a |".to_owned()),
        Just("\u{1b}[2J".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("https://a.example/x|y`z\\".to_owned()),
        Just("  ".to_owned()),
        Just("||".to_owned()),
        Just("**".to_owned()),
        Just("# ".to_owned()),
        Just("- [ ] ".to_owned()),
        "[ -~]{0,6}".prop_map(|text: String| text),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| clean(&RawText::from(pieces.concat())))
}

fn inline() -> impl Strategy<Value = Line> {
    (hostile(), 0..4_u8).prop_map(|(text, kind)| match kind {
        0 => line(&text),
        1 => vec![Inline::Bold(text)],
        2 => vec![Inline::Code(text)],
        _ => vec![Inline::Link { text: text.clone(), to: text }],
    })
}

/// The cells of a row as GitHub's own parser finds them: a sign behind a backslash is no bar.
fn gfm_cells(row: &str) -> usize {
    let (mut bars, mut letters) = (0, row.chars());
    while let Some(c) = letters.next() {
        match c {
            '\\' => drop(letters.next()),
            '|' => bars += 1,
            _ => {}
        }
    }
    bars - 1
}

/// Those of Jira: the same, but a bar in the brackets of a link is the link's.
fn jira_cells(row: &str) -> usize {
    let (mut bars, mut in_link, mut letters) = (0, false, row.chars());
    while let Some(c) = letters.next() {
        match c {
            '\\' => drop(letters.next()),
            '[' => in_link = true,
            ']' => in_link = false,
            '|' if !in_link => bars += 1,
            _ => {}
        }
    }
    bars - 1
}

/// Those of Slack are only for the eye; a bar in a link is the link's.
fn slack_cells(row: &str) -> usize {
    let (mut bars, mut in_link) = (0, false);
    for c in row.chars() {
        match c {
            '<' => in_link = true,
            '>' => in_link = false,
            '|' if !in_link => bars += 1,
            _ => {}
        }
    }
    bars + 1
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn text_in_a_cell_stays_in_its_cell(cells in proptest::collection::vec(inline(), 3), after in hostile()) {
        let head = ["a", "b", "c"].map(|title| line(&title.into())).to_vec();
        let table = Block::Table { head, rows: vec![cells.clone(), Vec::new()] };
        let document = Document { blocks: vec![table, Block::Paragraph(line(&after))], ..Document::default() };
        let gfm = write(&document, Format::Gfm);
        prop_assert_eq!(gfm.iter().take(4).map(|row| gfm_cells(row.as_str())).collect::<Vec<_>>(), [3; 4]);
        prop_assert!(gfm.len() <= 6 && gfm.get(4).is_none_or(SafeText::is_empty), "{gfm:?}");
        let jira = write(&document, Format::Jira);
        prop_assert_eq!(jira[0].as_str(), "||a||b||c||");
        prop_assert_eq!(jira_cells(jira[1].as_str()), 3, "{:?}", jira);
        let is_code = jira[1].as_str().replace("\\{", "-").contains("{code");
        prop_assert!(jira[1].as_str().starts_with('|') && !is_code, "{jira:?}");
        let slack = write(&document, Format::Slack);
        prop_assert_eq!(slack_cells(slack[1].as_str()), 3, "{:?}", slack);
        prop_assert!(!text(&slack).contains("```") && !text(&slack).contains("<!"), "{:?}", slack);
        let plain = write(&document, Format::Plain);
        let columns = plain[1].as_str().split("  ").filter(|cell| !cell.trim().is_empty()).count();
        prop_assert_eq!(columns, 3, "{:?}", plain);
    }

    #[test]
    fn text_in_a_fence_stays_in_the_fence(inside in proptest::collection::vec(hostile(), 0..5), after in hostile()) {
        let code = Block::Code { language: "x y`\\".into(), lines: inside.clone() };
        let document = Document { blocks: vec![code, Block::Paragraph(line(&after))], ..Document::default() };
        let count = inside.len();
        let gfm = write(&document, Format::Gfm);
        let ticks = gfm[0].as_str().bytes().take_while(|byte| *byte == b'`').count();
        prop_assert!(ticks >= 3 && gfm[0].as_str().ends_with("xy"));
        for line in &gfm[1..=count] {
            prop_assert!(!line.as_str().contains(&"`".repeat(ticks)), "{gfm:?}");
        }
        prop_assert_eq!(gfm[count + 1].as_str(), "`".repeat(ticks));
        prop_assert_eq!(text(&gfm[1..=count]), text(&inside), "evidence is not changed");
        let slack = text(&write(&document, Format::Slack));
        prop_assert_eq!(slack.matches("```").count(), 2, "{}", slack);
        prop_assert_eq!(slack.lines().nth(count + 1), Some("```"));
        let jira = write(&document, Format::Jira);
        let word = jira[0].as_str().trim_matches(['{', '}']).to_owned();
        let end = format!("{{{word}");
        prop_assert!(jira[1..=count].iter().all(|line| !line.as_str().contains(&end)), "{jira:?}");
        prop_assert_eq!(jira[count + 1].as_str(), jira[0].as_str());
        let plain = write(&document, Format::Plain);
        prop_assert!(plain[..count].iter().all(|line| line.is_empty() || line.as_str().starts_with("    ")));
    }

    #[test]
    fn text_begins_no_block_and_nothing_hostile_gets_out(told in hostile(), at_start in inline()) {
        use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
        let blocks = vec![
            Block::Heading(1, line(&told)),
            Block::Paragraph(at_start.clone()),
            Block::List(vec![Item { done: Some(false), line: at_start.clone() }]),
        ];
        let front = vec![("title".into(), told.clone())];
        let document = Document { front, blocks };
        for (format, name) in FORMATS {
            let lines = write(&document, format);
            let harmless = |c: char| !matches!(c.general_category(), GeneralCategory::Control | GeneralCategory::Format);
            prop_assert!(lines.iter().all(|line| line.as_str().chars().all(harmless)), "{name}: {lines:?}");
        }
        let gfm = write(&document, Format::Gfm);
        let paragraph = gfm[6].as_str();
        let begins = |mark: &str| paragraph.starts_with(mark);
        prop_assert!(!["#", "- ", "+ ", ">", "|", "    "].iter().any(|mark| begins(mark)), "{paragraph}");
        // A fence has no backtick behind it in its line.
        let opens = begins("```") && !paragraph.trim_start_matches('`').contains('`');
        prop_assert!(!opens, "{paragraph}");
        let tags = paragraph.replace("\\<", "").replace("<http", "").replace("<mailto", "");
        prop_assert!(paragraph.contains('`') || !tags.contains('<'), "{paragraph}");
        // What is quoted in the front ends where it ends.
        let value = gfm[1].as_str().strip_prefix("title: \"").unwrap().strip_suffix('"').unwrap();
        let bare = value.replace("\\\\", "").replace("\\\"", "").replace("\\x40", "");
        prop_assert!(!bare.contains('"') && !bare.contains('\\'), "{value}");
    }
}

/// What only a colleague's program writes: so many notes, each of so many characters.
fn flood(count: u64, length: usize) -> Vec<Entry> {
    let mut entries = outage();
    let last = entries.last().unwrap().clone();
    let flood = (100..100 + count).map(|seq| Entry {
        what: if seq % 2 == 0 { What::Hypothesis } else { What::Note },
        text: format!("{seq} {}", "y".repeat(length)).as_str().into(),
        seq,
        ..last.clone()
    });
    entries.extend(flood);
    entries
}

#[test]
fn a_document_takes_a_bounded_part_of_a_record_of_any_size_and_says_so() {
    let made = |entries: &[Entry]| {
        let (known, told) = (incident(entries), told(entries));
        let now = at("2026-03-14T02:30:00Z");
        let pad = "x".repeat(100_000).as_str().into();
        let facts = Facts { incident: &known, entries: &told, pad: &pad, acknowledged: None, now };
        let (document, _) = fill(&lines(&Template::Postmortem.built_in()), &|name| facts.value(name));
        (text(&write(&document, Format::Plain)), lint(&facts))
    };
    let (long, _) = made(&flood(1, 60_000));
    assert!(long.contains("100 yyy"), "it begins as it was written");
    assert!(long.contains("y... (58,004 more characters are in the record)"), "{}", long.len());
    assert!(!long.contains(&"y".repeat(2000)) && long.contains(&"y".repeat(1900)));
    assert!(long.contains(&"x".repeat(100_000)), "the pad is whole");
    let (many, _) = made(&flood(1600, 60_000));
    assert!(many.len() < 4_000_000, "{} bytes", many.len());
    let (more, missing) = made(&flood(9000, 10));
    assert!(more.contains("100 yyy") && more.contains("9099 yyy"), "its beginning and its end");
    let rest = more.lines().filter(|line| line.contains("more rows are in the record")).count();
    assert_eq!(rest, 1, "in the timeline; of hypotheses there are fewer");
    assert!(more.len() < 2_000_000 && missing.len() < 5100, "{} {}", more.len(), missing.len());
    // Lines that were pinned are text as well.
    let mut pinned = outage();
    let last = pinned.last().unwrap().clone();
    let shown: Vec<SafeText> = (0..8000).map(safe_line).collect();
    let mut evidence = Evidence::new("db".into(), (last.at, last.at), &shown);
    evidence.lines = shown.iter().map(|line| RawText::from(line.as_str())).collect();
    evidence.lines.push("z".repeat(50_000).as_str().into());
    pinned.push(Entry { what: What::Evidence(Box::new(evidence)), seq: 100, ..last });
    let (text, _) = made(&pinned);
    assert!(text.contains("row 0 of it") && text.contains("row 4900 of it"), "{}", text.len());
    assert!(!text.contains("row 5001 of it") && !text.contains(&"z".repeat(3000)));
    assert!(text.contains("more lines are in the record"), "{}", text.len());
    assert!(text.contains("pool exhausted"), "a small one beside it is whole");
}

fn safe_line(row: usize) -> SafeText {
    clean(&format!("row {row} of it").as_str().into())
}
