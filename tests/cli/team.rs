//! `midwatch check` and what others wrote into the directory of a team.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use midwatch::model::note::{Entry, What};
use midwatch::model::terms::{Declared, Sev};
use midwatch::store::files::Disk;
use midwatch::store::journal::Journal;
use serde_json::Value;

use super::{Home, working};

const INCIDENT: &str = "incidents/INC-20261122-0312-db";

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A directory of our own group with one incident, as consoles make it, and a configuration that names it.
fn team(home: &Home) -> (PathBuf, String) {
    let dir = home.path().join("team");
    let group = rustix::process::getegid().as_raw();
    for below in ["", "team", "incidents", INCIDENT] {
        let made = dir.join(below);
        std::fs::create_dir(&made).unwrap();
        chown(&made, None, Some(group)).unwrap();
        mode(&made, 0o2770);
    }
    let declared = What::Declared(Box::new(Declared::new("db is slow", Sev::SECOND)));
    drop(journal(&dir.join(INCIDENT).join("kim.h.1.000.journal"), &[record(&entry(1, declared))]));
    let works = std::fs::read_to_string(working(home)).unwrap();
    let table = format!("[team]\ndir = '{}'\ngroup = '{group}'\n", dir.display());
    (dir, home.write("team.toml", &format!("{table}{works}")))
}

fn entry(seq: u64, what: What) -> Entry {
    let at = "2026-11-22T03:12:00Z".parse().unwrap();
    Entry { at, recorded: at, person: "kim".into(), what, text: "".into(), session: "1".into(), seq }
}

fn record(entry: &Entry) -> Vec<u8> {
    serde_json::to_vec(entry).unwrap()
}

/// A journal whose writer lives as long as it is held.
fn journal(path: &Path, records: &[Vec<u8>]) -> Journal {
    let journal = Journal::create(&Disk, path, records).unwrap();
    mode(path, 0o640);
    journal
}

fn append(path: &Path, bytes: &[u8]) {
    std::fs::File::options().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// What a file is: its bytes, its mode and when it was changed.
type State = (Vec<u8>, u32, (i64, i64));

/// Each file and folder below.
fn all(home: &Home) -> BTreeMap<PathBuf, State> {
    let one = |path: PathBuf| {
        let meta = std::fs::symlink_metadata(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap_or_default();
        (path, (bytes, meta.mode(), (meta.ctime(), meta.ctime_nsec())))
    };
    home.files().into_iter().map(one).collect()
}

#[test]
fn check_names_what_is_broken_in_the_directory_of_a_team_and_touches_nothing() {
    let home = Home::new();
    let (dir, config) = team(&home);
    let said = home.run(&["check", "--config", &config]);
    assert_eq!(said.code, Some(0), "{}{}", said.output, said.errors);
    assert!(!said.output.contains("warnings:"), "{}", said.output);

    let incident = dir.join(INCIDENT);
    let place = |name: &str| incident.join(name);
    home.write(&format!("team/{INCIDENT}/lee.h.2.000.journal"), "#!/bin/sh\n");
    mode(&place("lee.h.2.000.journal"), 0o640);
    let later = br#"{"version":7}"#.to_vec();
    drop(journal(&place("lee.h.3.000.journal"), &[later, record(&entry(2, What::Note))]));
    drop(journal(&place("lee.h.4.000.journal"), &[record(&entry(3, What::Note))]));
    append(&place("lee.h.4.000.journal"), b"half a rec");
    // Of somebody who may be about to write the other half.
    let _writes = journal(&dir.join("team/lee.h.5.000.journal"), &[record(&entry(4, What::Note))]);
    append(&dir.join("team/lee.h.5.000.journal"), b"half a rec");
    drop(journal(&place("lee.h.6.000.journal"), &[record(&entry(5, What::Note))]));
    mode(&place("lee.h.6.000.journal"), 0o660);
    drop(journal(&place("pad.00000001.h.7.padlog"), &[br#"{"later":1}"#.to_vec()]));
    mode(&place("pad.00000001.h.7.padlog"), 0o600);
    home.write(&format!("team/{INCIDENT}/pad.md"), "text");
    mode(&place("pad.md"), 0o644);
    std::os::unix::fs::symlink(&config, place("pad.from-1-00000000.md")).unwrap();
    std::fs::create_dir(dir.join("incidents/of last year")).unwrap();
    std::fs::create_dir(dir.join("incidents/INC-9")).unwrap();
    mode(&dir.join("incidents/INC-9"), 0o700);
    mode(&dir.join("incidents"), 0o2777);

    let before = all(&home);
    let said = home.run(&["check", "-o", "json", "--config", &config]);
    assert_eq!(said.code, Some(0), "{}{}", said.output, said.errors);
    assert!(all(&home) == before, "something was changed");
    let answer: Value = serde_json::from_str(&said.output).unwrap();
    let warnings = answer["warnings"].as_array().unwrap();
    assert!(warnings.iter().all(|one| one["place"] == config && one["line"] == 1), "{warnings:#?}");
    let told: Vec<_> = warnings.iter().map(|one| one["what"].as_str().unwrap()).collect();
    let uid = rustix::process::geteuid().as_raw();
    let (shown, incidents) = (|name: &str| place(name).display().to_string(), dir.join("incidents"));
    let incidents = incidents.display();
    let wanted = [
        format!("others than the group can use {incidents}; run: chmod 2770 {incidents}"),
        format!("{incidents}/of last year is no folder of an incident and was not read"),
        format!("cannot read {}: it is not a midwatch journal", shown("lee.h.2.000.journal")),
        format!(
            "1 entries in {} are of another version, or damaged, and are not shown",
            shown("lee.h.3.000.journal")
        ),
        format!(
            "others than its owner can write {0} of user {uid}; run: chmod 640 {0}",
            shown("lee.h.6.000.journal")
        ),
        format!("{} is damaged; it was read up to there", shown("pad.00000001.h.7.padlog")),
        format!("cannot read {}: it is a symbolic link", shown("pad.from-1-00000000.md")),
        format!("{} ends in 10 torn bytes; what is before them was read", shown("lee.h.4.000.journal")),
        format!(
            "nobody else of the group can read {0} of user {uid}; run: chmod 640 {0}",
            shown("pad.00000001.h.7.padlog")
        ),
        format!("others than the group can read {0} of user {uid}; run: chmod 640 {0}", shown("pad.md")),
        format!(
            "what is made does not get the group (no setgid bit) in {incidents}/INC-9; run: chmod 2770 \
             {incidents}/INC-9; it was not read"
        ),
    ];
    for one in &wanted {
        assert_eq!(told.iter().filter(|what| *what == one).count(), 1, "{one}\n{told:#?}");
    }
    assert_eq!(told.len(), wanted.len(), "{told:#?}");

    let said = home.run(&["check", "--config", &config]);
    let heading = said.output.lines().position(|line| line == "warnings:").unwrap();
    let first = said.output.lines().nth(heading + 1).unwrap();
    assert_eq!(first, format!("  {config}:1:1: {}", wanted[0]), "{}", said.output);
}

#[test]
fn check_names_no_more_than_twenty_broken_files_of_a_team() {
    let home = Home::new();
    let (dir, config) = team(&home);
    for number in 0..30 {
        home.write(&format!("team/{INCIDENT}/lee.h.{number}.000.journal"), "#!/bin/sh\n");
        mode(&dir.join(INCIDENT).join(format!("lee.h.{number}.000.journal")), 0o640);
    }
    let said = home.run(&["check", "-o", "json", "--config", &config]);
    let answer: Value = serde_json::from_str(&said.output).unwrap();
    let warnings = answer["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 21, "{warnings:#?}");
    assert_eq!(warnings[20]["what"], "10 more things are wrong there");
}
