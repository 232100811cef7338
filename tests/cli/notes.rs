//! `midwatch notes`: what consoles wrote, read beside them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use midwatch::model::note::{Entry, Evidence, Folder, NoteCommand, What};
use midwatch::model::terms::{Declared, Field, IncidentId, Sev, Status};
use midwatch::model::text::RawText;
use midwatch::store::files::Disk;
use midwatch::store::notes::{Folders, Session};
use serde_json::Value;

use crate::Home;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A console that writes below a home.
pub(crate) struct Writing {
    folders: Folders<Disk>,
    pub(crate) now: Timestamp,
    seq: u64,
}

impl Writing {
    pub(crate) fn new(home: &Home) -> Self {
        let now = at("2026-03-14T01:42:10Z");
        let session = Session { person: "kim".into(), host: "bastion".into(), id: "a".into(), since: now };
        let (folders, _) = Folders::open(Disk, &state(home), &session, now);
        Self { folders, now, seq: 0 }
    }

    /// So many minutes later somebody writes this.
    pub(crate) fn entry(&mut self, folder: &Folder, minutes: i64, person: &str, what: What, text: &str) {
        self.now += SignedDuration::from_mins(minutes);
        self.seq += 1;
        let entry = Entry {
            at: self.now,
            recorded: self.now,
            person: person.into(),
            what,
            text: text.into(),
            session: "a".into(),
            seq: self.seq,
        };
        self.folders.handle(folder, NoteCommand::Entry(entry), self.now);
    }

    pub(crate) fn pad(&mut self, folder: &Folder, text: &str) {
        self.seq += 1;
        self.folders.handle(folder, NoteCommand::Pad(self.seq, text.into()), self.now);
    }
}

pub(crate) fn state(home: &Home) -> PathBuf {
    home.path().join(".local/state/midwatch")
}

pub(crate) fn folder(id: &str) -> Folder {
    Folder::Incident(IncidentId::try_from(id.to_owned()).unwrap())
}

pub(crate) fn declared(title: &str, severity: u8) -> Declared {
    Declared::new(title, Sev::new(severity).unwrap())
}

/// An outage from its declaration to its end, one that is only about a host, and a quiet shift.
pub(crate) fn outage(home: &Home) -> Writing {
    let mut console = Writing::new(home);
    let checkout = folder("INC-20260314-0142-checkout");
    let onset = Some(at("2026-03-14T01:31:00Z"));
    let declared = Declared {
        service: Some("checkout".into()),
        onset,
        detected: Some(at("2026-03-14T01:36:00Z")),
        alert: Some("HighErrorRate".into()),
        links: vec!["https://tickets.example/OPS-7".into()],
        ..declared("checkout: errors are high", 2)
    };
    console.entry(&checkout, 0, "kim", What::Declared(Box::new(declared)), "");
    console.entry(&checkout, 2, "kim", What::Hypothesis, "the deploy of 01:30 broke | the pool");
    console.entry(&checkout, 1, "lee", What::RuledOut, "the database is fine");
    console.entry(&checkout, 1, "kim", What::Severity(Sev::new(1).unwrap()), "all payments fail");
    console.entry(&checkout, 1, "kim", What::Decision, "roll back to 41");
    console.entry(&checkout, 5, "kim", What::Status(Status::Mitigated), "");
    console.entry(&checkout, 0, "kim", What::Severity(Sev::new(3).unwrap()), "");
    let todo = What::Todo { owner: Some("lee".into()), due: Some(at("2026-03-16T12:00:00Z")) };
    console.entry(&checkout, 3, "kim", todo, "alarm on the size of the pool");
    console.entry(&checkout, 1, "kim", What::Note, "odd \u{1b}[31mred\u{202e} <b>line</b>");
    console.entry(&checkout, 4, "kim", What::Status(Status::Resolved), "");
    console.pad(&checkout, "Graph: https://graphs.example/d/1\nThe POOL was too small\n");
    let disk = folder("INC-20260314-0200-db-1-disk");
    let declared = Declared { host: Some("db-1".into()), ..self::declared("db-1: disk is full", 3) };
    console.entry(&disk, 1, "kim", What::Declared(Box::new(declared)), "");
    console.entry(&disk, 1, "kim", What::Set(Field::Private), "yes");
    console.entry(&disk, 0, "kim", What::Set(Field::Drill), "yes");
    console.entry(&Folder::Shift, 10, "kim", What::Note, "the pool again, on staging");
    console
}

/// Every file with its bytes and when it was written.
pub(crate) fn untouched(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.metadata().unwrap();
            let bytes = if meta.is_dir() { Vec::new() } else { std::fs::read(&path).unwrap() };
            if meta.is_dir() {
                folders.push(path.clone());
            }
            found.insert(path, (bytes, meta.modified().unwrap()));
        }
    }
    found
}

#[test]
fn incidents_are_listed_shown_and_found_beside_a_running_console() {
    let home = Home::new();
    let mut console = outage(&home);
    let before = untouched(home.path());
    let said = home.run(&["notes", "list"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    let lines: Vec<&str> = said.output.lines().collect();
    assert_eq!(lines.len(), 2, "{}", said.output);
    let disk = "INC-20260314-0200-db-1-disk SEV3        active   db-1     2026-03-14T02:01:10Z ";
    assert!(lines[0].trim_start().starts_with(disk), "{}", said.output);
    assert!(lines[0].ends_with("kim [private] [drill] db-1: disk is full"), "{}", said.output);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        words(lines[1]),
        "INC-20260314-0142-checkout SEV3 (SEV1) resolved checkout 2026-03-14T01:31:00Z 29m10s kim \
         checkout: errors are high"
    );

    let said = home.run(&["notes", "show", "Errors ARE"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    for line in [
        "INC-20260314-0142-checkout  checkout: errors are high",
        "  onset      2026-03-14T01:31:00Z",
        "  took       29m10s",
        "  link       https://tickets.example/OPS-7",
        "  2026-03-14T01:45:10Z  lee  ruled out: the database is fine",
        "  2026-03-14T01:56:10Z  kim  odd \u{241b}[31mred<U+202E> <b>line</b>",
        "  The POOL was too small",
    ] {
        assert!(said.output.lines().any(|one| one == line), "{line}\n{}", said.output);
    }
    let said = home.run(&["notes", "show", "checkout", "-o", "json"]);
    let value: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!(value["peak"], 1);
    assert_eq!(value["seconds"], 29 * 60 + 10);
    assert_eq!(value["entries"][7]["kind"], "todo");
    assert_eq!(value["entries"][7]["owner"], "lee");
    assert!(value["pad"].as_str().unwrap().ends_with("too small"));

    let said = home.run(&["notes", "search", "POOL"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    let found: Vec<&str> = said.output.lines().collect();
    assert_eq!(found.len(), 4, "{}", said.output);
    assert!(found[0].contains("  shift  ") && found[0].ends_with("on staging"), "{}", said.output);
    assert!(found[1].starts_with("pad  ") && found[1].ends_with("The POOL was too small"), "{}", said.output);
    assert!(found[3].contains("the deploy of 01:30 broke | the pool"), "{}", said.output);
    let said = home.run(&["notes", "search", "pool", "lee", "-o", "json"]);
    let value: Value = serde_json::from_str(&said.output).unwrap();
    assert_eq!(value["found"].as_array().unwrap().len(), 1, "{}", said.output);
    assert_eq!(value["found"][0]["line"], "todo @lee by Mar 16 12:00Z: alarm on the size of the pool");
    let said = home.run(&["notes", "search", "pool", "nowhere"]);
    assert_eq!((said.code, said.output.as_str()), (Some(1), ""), "{}", said.errors);

    assert!(untouched(home.path()) == before, "something was made or written");
    console.entry(&Folder::Shift, 1, "kim", What::Note, "still writing");
    assert!(home.run(&["notes", "search", "still"]).output.contains("still writing"));
}

#[test]
fn what_was_pinned_is_found_by_its_lines_its_source_and_its_filter() {
    let home = Home::new();
    let mut console = outage(&home);
    let now = console.now;
    let lines =
        ["ERROR pool exhausted, order 4711", "ERROR lost 10.0.0.7:5432", "INFO odd \u{202e}order 4712"];
    let evidence = Evidence {
        from: "logs checkout-blue".into(),
        query: "level>=warn".into(),
        window: (now, now),
        lines: lines.iter().map(|line| RawText::from(*line)).collect(),
        ..Evidence::default()
    };
    let what = What::Evidence(Box::new(evidence));
    console.entry(&folder("INC-20260314-0142-checkout"), 1, "lee", what, "");
    let found = |words: &[&str]| {
        let said = home.run(&[&["notes", "search"], words].concat());
        said.output.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let lost = found(&["LOST", "5432"]);
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert!(lost[0].ends_with("lee  pinned of logs checkout-blue: ERROR lost 10.0.0.7:5432"), "{lost:?}");
    let orders = found(&["order"]);
    assert_eq!(orders.len(), 2, "in the order of the lines: {orders:?}");
    assert!(orders[0].ends_with("order 4711") && orders[1].ends_with("odd <U+202E>order 4712"), "{orders:?}");
    // Words of its source and of one of its lines.
    let both = found(&["checkout-blue", "exhausted"]);
    assert!(both.len() == 1 && both[0].ends_with("pool exhausted, order 4711"), "{both:?}");
    for words in [["evidence:", "checkout-blue"], ["level>=warn", "lee"]] {
        let whole = found(&words);
        assert_eq!(whole.len(), 1, "{whole:?}");
        assert!(
            whole[0].ends_with("evidence: 3 lines of logs checkout-blue, filter level>=warn"),
            "{whole:?}"
        );
    }
    assert_eq!(found(&["order", "lost"]), Vec::<String>::new(), "no line has both");
}

#[test]
fn an_incident_that_is_not_one_is_told_with_those_that_it_may_be() {
    let home = Home::new();
    let said = home.run(&["notes", "list"]);
    assert_eq!((said.code, said.output.as_str()), (Some(0), ""));
    assert!(said.errors.contains("no incident was declared in"), "{}", said.errors);
    assert!(home.files().is_empty(), "{:?}", home.files());
    let _console = outage(&home);
    let said = home.run(&["notes", "show", "INC-2026"]);
    assert_eq!((said.code, said.output.as_str()), (Some(1), ""));
    assert!(said.errors.contains("2 incidents are so named"), "{}", said.errors);
    assert!(said.errors.contains("INC-20260314-0200-db-1-disk  db-1: disk is full"), "{}", said.errors);
    let said = home.run(&["notes", "show", "n\u{1b}o"]);
    assert_eq!((said.code, said.output.as_str()), (Some(1), ""));
    assert!(said.errors.contains("no incident is named n\u{241b}o"), "{}", said.errors);
    let said = home.run(&["notes", "show", "db", "--config", "/no/such/file"]);
    assert_eq!(said.code, Some(2), "{}", said.errors);
}

#[test]
fn a_damaged_record_is_named_and_the_rest_is_told() {
    let home = Home::new();
    let _console = outage(&home);
    let dir = state(&home).join("incidents/INC-20260314-0142-checkout");
    std::fs::File::create(dir.join("x.y.z.000.journal")).unwrap().write_all(b"#!/bin/sh\n").unwrap();
    let said = home.run(&["notes", "list"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(said.errors.contains("x.y.z.000.journal: it is not a midwatch journal"), "{}", said.errors);
    assert_eq!(said.output.lines().count(), 2, "{}", said.output);
}

#[test]
fn each_command_names_a_damaged_place_and_tells_what_is_behind_it() {
    let home = Home::new();
    drop(outage(&home));
    let dir = state(&home).join("incidents/INC-20260314-0142-checkout");
    let files: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path()).collect();
    let path = files.iter().find(|path| path.extension().is_some_and(|kind| kind == "journal")).unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let place = bytes.windows(5).position(|part| part == b"fine\"").unwrap();
    bytes[place] ^= 0x20;
    std::fs::File::create(path).unwrap().write_all(&bytes).unwrap();
    let before = untouched(&state(&home));
    let bundle = home.path().join("b.bundle").display().to_string();
    let all: [&[&str]; 5] = [
        &["notes", "show", "checkout"],
        &["notes", "export", "checkout"],
        &["notes", "search", "pool"],
        &["notes", "list"],
        &["notes", "bundle", "-o", &bundle, "checkout"],
    ];
    for args in all {
        let said = home.run(args);
        assert_eq!(said.code, Some(0), "{args:?}: {}", said.errors);
        let told = format!("{} is damaged: ", path.display());
        assert!(said.errors.contains(&told), "{args:?}: {}", said.errors);
        if args.contains(&"show") {
            assert!(said.output.contains("roll back to 41"), "{}", said.output);
        }
        if args.contains(&"bundle") {
            assert!(said.output.contains("9 entries"), "{}", said.output);
            assert!(
                said.errors.contains("INC-20260314-0142-checkout is not whole in the bundle"),
                "{}",
                said.errors
            );
        }
    }
    // Without a team too.
    let config = crate::working(&home);
    let said = home.run(&["check", "-o", "json", "--config", &config]);
    assert_eq!(said.code, Some(0), "{}{}", said.output, said.errors);
    let answer: Value = serde_json::from_str(&said.output).unwrap();
    let warnings = answer["warnings"].as_array().unwrap();
    let is_it =
        |one: &&Value| one["what"].as_str().unwrap().contains(&format!("{} is damaged: ", path.display()));
    assert_eq!(warnings.iter().filter(is_it).count(), 1, "{warnings:#?}");
    // One whose console was killed while it wrote is told too.
    bytes[place] ^= 0x20;
    bytes.pop();
    std::fs::File::create(path).unwrap().write_all(&bytes).unwrap();
    let said = home.run(&["notes", "show", "checkout"]);
    assert!(said.errors.contains("torn bytes; what is before them was read"), "{}", said.errors);
    bytes.push(b'}');
    std::fs::File::create(path).unwrap().write_all(&bytes).unwrap();
    assert_eq!(home.run(&["notes", "show", "checkout"]).errors, "");
    assert_eq!(untouched(&state(&home)).len(), before.len(), "something was made or taken away");
}

#[test]
fn a_postmortem_and_an_update_are_written_from_the_record_and_say_what_is_missing() {
    let home = Home::new();
    let _console = outage(&home);
    let before = untouched(home.path());
    let said = home.run(&["notes", "export", "checkout"]);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    for line in [
        "id: \"INC-20260314-0142-checkout\"",
        "# checkout: errors are high",
        "| mitigated | 2026-03-14T01:52:10Z | 21 min | 10 min |",
        "| 2026-03-14T01:44:10Z | hypothesis: the deploy of 01:30 broke \\| the pool | observed by kim |",
        "- the database is fine (lee, 2026-03-14T01:45:10Z)",
        "- [ ] alarm on the size of the pool (owner: lee, due: 2026-03-16T12:00:00Z)",
        "Graph: <https://graphs.example/d/1>",
    ] {
        assert!(said.output.lines().any(|one| one == line), "{line}\n{}", said.output);
    }
    assert!(!said.output.contains(['\u{1b}', '\u{202e}']) && !said.output.contains("<b>"), "{}", said.output);
    let said = home.run(&["notes", "export", "checkout", "-d", "update", "--format", "slack"]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(said.output.starts_with("*SEV3 resolved: checkout: errors are high* (INC"), "{}", said.output);
    assert!(
        said.output.contains("*Doing:* decision: roll back to 41 (2026-03-14T01:47:10Z)\n"),
        "{}",
        said.output
    );
    let said = home.run(&["notes", "export", "checkout", "--lint"]);
    assert_eq!(said.code, Some(1), "{}", said.errors);
    assert_eq!(said.output, "the impact is empty: who felt it, how many, for how long\n");
    assert!(!said.errors.contains("nothing is missing"), "{}", said.errors);
    assert_eq!(home.run(&["notes", "export", "nothing"]).code, Some(1));
    assert!(untouched(home.path()) == before, "something was made or written");
}

#[test]
fn where_nothing_is_missing_lint_says_so() {
    let home = Home::new();
    let mut console = outage(&home);
    let checkout = folder("INC-20260314-0142-checkout");
    console.entry(&checkout, 1, "kim", What::Set(Field::Impact), "all who paid, for 20 minutes");
    let said = home.run(&["notes", "export", "checkout", "--lint"]);
    assert_eq!((said.code, said.output.as_str()), (Some(0), ""), "{}", said.errors);
    assert_eq!(said.errors, "nothing is missing\n");
}

#[test]
fn a_template_beside_the_configuration_wins_and_check_names_what_is_wrong_with_it() {
    let home = Home::new();
    let _console = outage(&home);
    let own =
        home.write(".config/midwatch/templates/update.md", "# {{title}}\n\n{{todos}}\n\n{{host|no host}}\n");
    let said = home.run(&["notes", "export", "checkout", "-d", "update", "-f", "plain"]);
    let wanted = "checkout: errors are high\n=========================\n\n\
                  - [ ] alarm on the size of the pool (owner: lee, due: 2026-03-16T12:00:00Z)\n\nno host\n";
    assert_eq!((said.code, said.output.as_str()), (Some(0), wanted), "{}", said.errors);
    assert_eq!(home.run(&["check"]).code, Some(0));
    home.write(".config/midwatch/templates/update.md", "fine\n\n{{tilte}} and {{todos}}\n");
    for arguments in [&["check"][..], &["notes", "export", "checkout", "-d", "update"]] {
        let said = home.run(arguments);
        let told = format!("{}{}", said.output, said.errors);
        assert_eq!(said.code, Some(2), "{told}");
        assert!(told.contains(&format!("{own}:3:1: there is no {{{{tilte}}}}")), "{told}");
        assert!(told.contains(":3:1: {{todos}} has lines of its own"), "{told}");
    }
    // The others are as they were.
    assert_eq!(home.run(&["notes", "export", "checkout"]).code, Some(0));
}

#[test]
fn a_shift_is_handed_over_from_what_was_kept_and_says_how_old_that_is() {
    use midwatch::model::alert::Alert;
    use midwatch::model::transition::{Happened, Transition};
    use midwatch::store::history::History;

    let home = Home::new();
    let said = home.run(&["handoff", "--as", "kim"]);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    assert!(said.output.contains("**From:** kim **To:** nobody named yet"), "{}", said.output);
    assert!(said.output.contains("sources was seen never."), "{}", said.output);
    assert_eq!(said.output.matches("not known: no console and no collector").count(), 4, "{}", said.output);
    assert!(home.files().is_empty(), "{:?}", home.files());

    let _console = outage(&home);
    let dir = state(&home).join("history");
    let now = midwatch::runtime::clock::Clock::Real.now();
    let (mut history, _) = History::open(Disk, &dir, &"1-1".into(), now);
    let fired =
        |id: &str| Transition::new(now, "am", Happened::Fired(Alert::new(id, "DiskFull", now).into()));
    history.append(&[fired("1"), fired("2")]).unwrap();
    let before = untouched(home.path());
    let said = home.run(&["handoff", "--since", "2d", "--to", "l\u{1b}ee", "--format", "plain"]);
    assert_eq!((said.code, said.errors.as_str()), (Some(0), ""));
    assert!(said.output.contains("To: l\u{241b}ee\n"), "{}", said.output);
    let has = |begin: &str, part: &str| {
        assert!(
            said.output.lines().any(|line| line.starts_with(begin) && line.contains(part)),
            "{begin} {part}\n{}",
            said.output
        );
    };
    has("?  ", "DiskFull  2");
    has("INC-20260314-0142-checkout checkout: errors are high", "alarm on the size of the pool (owner: lee");
    has("a private incident", "ask who leads");
    let none = "not known: no source of alerts is configured here";
    let silences = format!("Silences in force\n-----------------\n\n{none}\n");
    assert!(said.output.contains(&silences), "{}", said.output);
    let own = "[[environment]]\nname = 'staging'\n\n[[source]]\nname = 'am'\nkind = 'alertmanager'\n\
               url = 'https://am.example'\nenvironment = 'staging'\n";
    let own = home.write("alerts.toml", own);
    let seen = home.run(&["handoff", "--since", "2d", "--format", "plain", "--config", &own]);
    let silences = "Silences in force\n-----------------\n\nnone\n";
    assert!(seen.output.contains(silences), "{}{}", seen.output, seen.errors);
    // The alerts say nothing of it, and their source does.
    let row = seen.output.lines().find(|line| line.contains("DiskFull")).unwrap();
    assert!(row.contains("DiskFull  2      staging"), "{}", seen.output);
    std::fs::remove_file(&own).unwrap();
    assert_eq!(home.run(&["handoff", "--since", "soon"]).code, Some(2));
    assert!(untouched(home.path()) == before, "something was made or written");
}

#[test]
fn a_search_of_a_thousand_incidents_finds_its_lines() {
    let home = Home::new();
    for number in 0..1_000 {
        let folder = folder(&format!("INC-20260314-{number:04}-s{number}"));
        let dir = state(&home).join(folder.path());
        std::fs::create_dir_all(&dir).unwrap();
        let entries = (0..100_u64).map(|seq| {
            let what = match seq {
                0 => What::Declared(Box::new(declared(&format!("service {number} is slow"), 2))),
                _ => What::Note,
            };
            let at = at("2026-03-14T01:42:10Z") + SignedDuration::from_secs(i64::try_from(seq).unwrap());
            let text = format!("looked at replica {seq} of service {number}: nothing to be seen");
            let (person, session) = ("kim".into(), "a".into());
            let entry =
                Entry { at, recorded: at, person, what, text: RawText::from(text), session, seq: seq + 1 };
            serde_json::to_vec(&entry).unwrap()
        });
        let entries: Vec<_> = entries.collect();
        let path = dir.join("kim.bastion.a.000.journal");
        midwatch::store::journal::Journal::create(&Disk, &path, &entries).unwrap().close(&Disk);
    }
    let said = home.run(&["notes", "search", "replica 42 ", "service 777"]);
    assert_eq!(said.output.lines().count(), 1, "{}", said.output);
    assert!(said.output.contains("INC-20260314-0777-s777"), "{}", said.output);
}

#[test]
fn incidents_are_carried_to_another_machine_and_merging_them_again_changes_nothing() {
    let (home, other) = (Home::new(), Home::new());
    let _console = outage(&home);
    let path = home.path().join("night.bundle");
    let file = path.to_str().unwrap();
    let said = home.run(&["notes", "bundle", "-o", file]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(said.output.starts_with("1 incident, 10 entries and 1 pad are in "), "{}", said.output);
    assert!(said.errors.contains("1 private incident left out"), "{}", said.errors);
    let said = home.run(&["notes", "bundle", "-o", file]);
    assert_eq!(said.code, Some(1));
    assert!(said.errors.contains("it exists already"), "{}", said.errors);

    let said = other.run(&["notes", "merge", file]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(said.output.starts_with("INC-20260314-0142-checkout  10 of 10 entries new"), "{}", said.output);
    let show = |home: &Home| home.run(&["notes", "show", "checkout", "-o", "json"]).output;
    assert_eq!(show(&home), show(&other));
    let files = |home: &Home| {
        let all = untouched(&state(home)).into_iter();
        all.filter(|(path, _)| path.is_file()).map(|(path, (bytes, _))| (path, bytes)).collect::<Vec<_>>()
    };
    let before = files(&other);
    let said = other.run(&["notes", "merge", file, file]);
    assert!(said.output.contains("  0 of 10 entries new."), "{}", said.output);
    assert!(files(&other) == before, "something was written");

    // What was cut off on the way is refused as a whole, and named.
    let bytes = std::fs::read(&path).unwrap();
    std::fs::File::create(&path).unwrap().write_all(&bytes[..bytes.len() - 9]).unwrap();
    let third = Home::new();
    let said = third.run(&["notes", "merge", file]);
    assert_eq!(said.code, Some(1));
    assert!(said.errors.contains("night.bundle was not merged: it is damaged or cut off"), "{}", said.errors);
    assert!(!state(&third).join("incidents").exists());
}

#[test]
fn a_pad_that_cannot_be_read_is_named_in_its_place() {
    let home = Home::new();
    drop(outage(&home));
    let dir = state(&home).join("incidents/INC-20260314-0142-checkout");
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("/pad.") {
            std::fs::remove_file(path).unwrap();
        }
    }
    std::fs::create_dir(dir.join("pad.md")).unwrap();
    let why = "/pad.md: it is not a regular file";
    for words in [
        &["notes", "show", "0142"][..],
        &["notes", "export", "0142"],
        &["notes", "show", "0142", "-o", "json"],
    ] {
        let said = home.run(words);
        let told = said.output.contains("The pad could not be read and is missing here: cannot read ");
        assert!(told && said.output.contains(why), "{words:?}: {}", said.output);
        assert!(said.errors.contains(why), "{words:?}: {}", said.errors);
    }
    let said = home.run(&["notes", "search", "missing"]);
    assert!(!said.output.contains("missing") && said.errors.contains(why), "{} {}", said.output, said.errors);
}

#[test]
fn what_a_killed_merge_left_half_made_is_removed_by_the_next_one_when_it_is_old() {
    let (home, other) = (Home::new(), Home::new());
    let _console = outage(&home);
    let path = home.path().join("night.bundle");
    let file = path.to_str().unwrap();
    home.run(&["notes", "bundle", "-o", file]);
    assert_eq!(other.run(&["notes", "merge", file]).code, Some(0));
    let incidents = state(&other).join("incidents");
    let (old, new) =
        (".INC-20260315-0142-web.tmp-0123456789abcdef", ".INC-20260315-0142-web.tmp-fedcba9876543210");
    let half = "INC-20260314-0142-checkout/.pad.md.tmp-0123456789abcdef";
    for name in [old, new] {
        std::fs::create_dir(incidents.join(name)).unwrap();
    }
    std::fs::File::create(incidents.join(half)).unwrap();
    for name in [old, half] {
        let made = std::fs::File::open(incidents.join(name)).unwrap();
        let two_hours_ago =
            made.metadata().unwrap().modified().unwrap() - std::time::Duration::from_secs(7200);
        made.set_modified(two_hours_ago).unwrap();
    }
    let said = other.run(&["notes", "merge", file]);
    assert_eq!(said.code, Some(0), "{}", said.errors);
    assert!(
        said.errors.contains("2 half-made files and folders of one that was killed removed"),
        "{}",
        said.errors
    );
    assert!(!incidents.join(old).exists() && !incidents.join(half).exists());
    assert!(incidents.join(new).exists(), "one that runs may be at it");
    let said = other.run(&["notes", "merge", file]);
    assert_eq!(said.errors, "");
}
