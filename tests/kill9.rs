//! SIGKILL while somebody types: what had been shown as saved is there at the next start.
//!
//! The test runs itself as a child that writes notes and prints what was acknowledged, kills it at
//! a seeded moment, and starts the next child in the same directory. `MIDWATCH_KILL9_ROUNDS` asks
//! for more rounds, `MIDWATCH_KILL9_SEED` for other moments.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic, helpers included")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use midwatch::model::incident::IncidentId;
use midwatch::model::note::{Entry, Folder, NoteCommand, NoteReply, What};
use midwatch::store::files::Disk;
use midwatch::store::notes::{Folders, Session};
use midwatch::store::team::Team;

const CHILD: &str = "MIDWATCH_KILL9_CHILD";

fn now() -> Timestamp {
    "2026-03-14T03:12:00Z".parse().unwrap()
}

/// A console with the notes of the shift, or with those of an incident of a team.
fn open(dir: &Path, id: &str) -> (Folders<Disk>, Folder, Vec<Entry>, String) {
    let session = Session { person: "kim".into(), host: "bastion".into(), id: id.into(), since: now() };
    let team = team_of(dir);
    let folder = if team.is_some() { incident() } else { Folder::Shift };
    let (mut folders, _) = Folders::open_shared(Disk, &dir.join("home"), team, &session, now());
    assert_eq!(folders.apart(), None);
    let mut replies = folders.handle(&folder, NoteCommand::Open, now());
    let Some(NoteReply::Opened { entries, pad, held_by, notices }) = replies.pop() else {
        panic!("{replies:?}")
    };
    assert_eq!(held_by, None, "a killed console holds nothing");
    for notice in notices {
        // A torn end is what SIGKILL may leave; anything else would be a fault.
        assert!(notice.as_str().unwrap().contains("torn bytes"), "{notice:?}");
    }
    (folders, folder, entries, pad.as_str().unwrap().to_owned())
}

/// The directory of the team, where the test has made one.
fn team_of(dir: &Path) -> Option<Team> {
    let dir = dir.join("team");
    let group = std::fs::metadata(&dir).ok()?.gid();
    Some(Team { dir, group: group.to_string().into() })
}

fn make_team(dir: &Path, group: u32) {
    let team = dir.join("team");
    std::fs::create_dir(&team).unwrap();
    chown(&team, None, Some(group)).unwrap();
    std::fs::set_permissions(&team, Permissions::from_mode(0o2770)).unwrap();
}

/// The pad after `n` edits: one line longer each time, and its first line counts them, so that a
/// splice falls at both ends.
fn pad(n: u64) -> String {
    let lines = usize::try_from(n % 50).unwrap();
    format!("{n} edits\n{}", "a line\n".repeat(lines))
}

fn edits(pad: &str) -> u64 {
    pad.split_once(' ').map_or(0, |(n, _)| n.parse().unwrap())
}

/// What the child does until it is killed. Under another name than the parent's test, so that a
/// plain run of the tests passes it by.
#[test]
fn child() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let id = std::env::var("MIDWATCH_KILL9_ROUND").unwrap();
    let (mut folders, folder, _, text) = open(Path::new(&dir), &id);
    let first = edits(&text);
    let mut out = std::io::stdout();
    writeln!(out, "opened pad {first}").unwrap();
    for n in 1..100_000_u64 {
        let entry = Entry {
            at: now(),
            recorded: now(),
            person: "kim".into(),
            text: format!("entry {n} of {id}").into(),
            session: id.as_str().into(),
            seq: n,
            what: What::Note,
        };
        let mut replies = folders.handle(&folder, NoteCommand::Entry(entry), now());
        replies.extend(folders.handle(&folder, NoteCommand::Pad(first + n, pad(first + n).into()), now()));
        for reply in replies {
            let line = match reply {
                NoteReply::EntrySaved(seq) => format!("entry {seq}"),
                NoteReply::PadSaved(number) => format!("pad {number}"),
                other => panic!("{other:?}"),
            };
            writeln!(out, "saved {line}").unwrap();
            out.flush().unwrap();
        }
        if n % 7 == 0 {
            assert_eq!(folders.handle(&folder, NoteCommand::Rest, now()), []);
        }
    }
}

/// xorshift64: the same moments for the same seed.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn nothing_shown_as_saved_is_missing_after_sigkill() {
    die_and_start(&tempfile::tempdir().unwrap());
}

#[test]
fn nothing_shown_as_saved_is_missing_after_sigkill_in_an_incident_of_a_team() {
    let dir = tempfile::tempdir().unwrap();
    make_team(dir.path(), std::fs::metadata(dir.path()).unwrap().gid());
    die_and_start(&dir);
}

fn die_and_start(dir: &tempfile::TempDir) {
    let rounds = number("MIDWATCH_KILL9_ROUNDS", 30);
    let seed = number("MIDWATCH_KILL9_SEED", 20_260_314);
    let mut moments = Seeded(seed.max(1));
    let notes = dir.path();
    let mut shown: BTreeSet<(String, u64)> = BTreeSet::new();
    let mut last_pad = 0;
    for round in 1..=rounds {
        let id = format!("round{round:05}");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--quiet"])
            .env(CHILD, notes)
            .env("MIDWATCH_KILL9_ROUND", &id)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The moment: after some acknowledgements, and a little later, inside the next write.
        let (mut acknowledged, later) = (moments.below(40) + 1, moments.below(200_000));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut read = |line: &str| {
            if let Some(n) = line.strip_prefix("opened pad ") {
                let n: u64 = n.parse().unwrap();
                assert!(n >= last_pad, "seed {seed}: the pad went back from {last_pad} to {n}");
                last_pad = n;
            }
            let Some(what) = line.strip_prefix("saved ") else { return false };
            let (kind, n) = what.split_once(' ').unwrap();
            let n: u64 = n.parse().unwrap();
            match kind {
                "entry" => drop(shown.insert((id.clone(), n))),
                _ => last_pad = n,
            }
            true
        };
        while acknowledged > 0 {
            let line = lines.next().unwrap_or_else(|| panic!("round {round}, seed {seed}: the child ended"));
            acknowledged -= u64::from(read(&line));
        }
        for n in 0..later {
            std::hint::black_box(n);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it still said before it died was shown too.
        for line in lines {
            read(&line);
        }

        if round % 10 == 0 || round == rounds {
            check(notes, &format!("check{round}"), &shown, last_pad, seed);
        }
    }
}

fn check(notes: &Path, id: &str, shown: &BTreeSet<(String, u64)>, last_pad: u64, seed: u64) {
    let (_, _, entries, text) = open(notes, id);
    let found: BTreeSet<(String, u64)> =
        entries.iter().map(|e| (e.session.as_str().unwrap().to_owned(), e.seq)).collect();
    let missing: Vec<_> = shown.difference(&found).collect();
    assert!(missing.is_empty(), "seed {seed}: shown as saved and gone: {missing:?}");
    for (session, seq) in &found {
        let whole = *seq == 1 || found.contains(&(session.clone(), seq - 1));
        assert!(whole, "seed {seed}: {session} lacks {} and has {seq}", seq - 1);
    }
    for entry in &entries {
        let text = format!("entry {} of {}", entry.seq, entry.session.as_str().unwrap());
        assert_eq!(entry.text.as_str(), Some(text.as_str()), "seed {seed}");
    }
    let state = edits(&text);
    assert!(state >= last_pad, "seed {seed}: the pad went back from {last_pad} to {state}");
    assert!(state <= last_pad + 1, "seed {seed}: the pad is {state}, and only {last_pad} was typed");
    assert!(state == 0 || text == pad(state), "seed {seed}: no such text was typed: {text}");
}

/// The incident that two consoles write.
fn incident() -> Folder {
    Folder::Incident(IncidentId::try_from("INC-20260314-0312-db".to_owned()).unwrap())
}

/// One of two consoles on one incident: writes, and tells what it hears of the other.
#[test]
fn one_of_two() {
    let Ok(dir) = std::env::var(CHILD) else { return };
    let Ok(id) = std::env::var("MIDWATCH_KILL9_CONSOLE") else { return };
    let session =
        Session { person: id.as_str().into(), host: "bastion".into(), id: id.as_str().into(), since: now() };
    let (home, team) = (Path::new(&dir).join(&id), team_of(Path::new(&dir)));
    let (mut folders, _) = Folders::open_shared(Disk, &home, team, &session, now());
    assert_eq!(folders.apart(), None);
    let mut out = std::io::stdout();
    for n in 1..1_000_000_u64 {
        let entry = Entry {
            at: now(),
            recorded: now(),
            person: id.as_str().into(),
            text: format!("entry {n} of {id}").into(),
            session: id.as_str().into(),
            seq: n,
            what: What::Note,
        };
        for reply in folders.handle(&incident(), NoteCommand::Entry(entry), now()) {
            match reply {
                NoteReply::EntrySaved(seq) => writeln!(out, "saved {seq}").unwrap(),
                NoteReply::Read(_) => {}
                other => panic!("{other:?}"),
            }
        }
        if n % 20 == 0 {
            for (_, reply) in folders.hear(now()) {
                let NoteReply::Read(entries) = reply else { continue };
                let others = entries.iter().filter(|entry| entry.person.as_str() != Some(&id)).count();
                writeln!(out, "heard {others}").unwrap();
            }
        }
        out.flush().unwrap();
    }
}

/// Users that no machine has.
const USERS: [(&str, u32); 2] = [("ada", 45_671), ("kim", 45_672)];
const GROUP: u32 = 45_600;

/// As root each console is another user's, with a home of its own; elsewhere both are ours.
#[test]
fn what_two_people_write_into_one_incident_is_there_whichever_is_killed() {
    let entries = number("MIDWATCH_TWO_ENTRIES", 400);
    let seed = number("MIDWATCH_KILL9_SEED", 20_260_314);
    let dir = tempfile::tempdir().unwrap();
    let own = std::fs::metadata(dir.path()).unwrap().gid();
    let are_two = chown(dir.path(), None, Some(GROUP)).is_ok();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    make_team(dir.path(), if are_two { GROUP } else { own });
    let start = |id: &str, user: u32| {
        let home = dir.path().join(id);
        std::fs::create_dir(&home).unwrap();
        std::fs::set_permissions(&home, Permissions::from_mode(0o700)).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        if are_two {
            chown(&home, Some(user), Some(GROUP)).unwrap();
            command.uid(user).gid(GROUP);
        }
        command.args(["--exact", "one_of_two", "--nocapture", "--quiet"]);
        command.env(CHILD, dir.path()).env("MIDWATCH_KILL9_CONSOLE", id).current_dir("/");
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut consoles: Vec<(String, Child)> = USERS.map(|(id, user)| (id.to_owned(), start(id, user))).into();
    if seed.is_multiple_of(2) {
        consoles.reverse();
    }
    let mut shown: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut last = 0;
    for (id, mut child) in consoles {
        // The first dies while the other writes; that one goes on for a while and dies too.
        last += entries / 2;
        let (mut saved, mut heard) = (0, 0);
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap) {
            match line.split_once(' ') {
                Some(("saved", n)) => saved = n.parse().unwrap(),
                Some(("heard", n)) => heard += n.parse::<u64>().unwrap(),
                _ => {}
            }
            if saved == last {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(saved >= last, "seed {seed}: {id} ended by itself at {saved}");
        shown.insert(id, (saved, heard));
    }
    let session = Session { person: "eve".into(), host: "bastion".into(), id: "check".into(), since: now() };
    let team = team_of(dir.path());
    let (_, told) = Folders::open_shared(Disk, &dir.path().join("eve"), team, &session, now());
    let read = |(folder, reply): &(Folder, NoteReply)| match reply {
        NoteReply::Read(entries) if *folder == incident() => Some(entries.clone()),
        _ => None,
    };
    let found = told.iter().find_map(read).unwrap_or_else(|| panic!("{told:?}"));
    for (id, (saved, heard)) in &shown {
        let own: BTreeSet<u64> =
            found.iter().filter(|e| e.session.as_str() == Some(id)).map(|e| e.seq).collect();
        let all: BTreeSet<u64> = (1..=*saved).collect();
        assert!(
            own.is_superset(&all),
            "seed {seed}: {id} had {saved} shown as saved, {} are there",
            own.len()
        );
        assert!(*heard > 0, "seed {seed}: {id} heard nothing of the other");
    }
    let folder = dir.path().join("team").join(incident().path());
    for file in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap()) {
        let mode = file.metadata().unwrap().mode() & 0o7777;
        assert_eq!(mode, 0o640, "{:?}", file.file_name());
    }
}
