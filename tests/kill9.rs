//! SIGKILL while somebody types: what had been shown as saved is there at the next start.
//!
//! The test runs itself as a child that writes notes and prints what was acknowledged, kills it at
//! a seeded moment, and starts the next child in the same directory. `MIDWATCH_KILL9_ROUNDS` asks
//! for more rounds, `MIDWATCH_KILL9_SEED` for other moments.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic, helpers included")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use midwatch::model::note::{Entry, NoteCommand, NoteReply};
use midwatch::store::files::Disk;
use midwatch::store::notes::{Session, Writer};

const CHILD: &str = "MIDWATCH_KILL9_CHILD";

fn now() -> Timestamp {
    "2026-03-14T03:12:00Z".parse().unwrap()
}

fn open(dir: &Path, id: &str) -> (Writer<Disk>, Vec<Entry>, String) {
    let session = Session { person: "kim".into(), host: "bastion".into(), id: id.into(), since: now() };
    let (writer, reply) = Writer::open(Disk, dir, &session, now());
    let NoteReply::Opened { entries, pad, held_by, notices } = reply else { panic!("{reply:?}") };
    assert_eq!(held_by, None, "a killed console holds nothing");
    for notice in notices {
        // A torn end is what SIGKILL may leave; anything else would be a fault.
        assert!(notice.as_str().unwrap().contains("torn bytes"), "{notice:?}");
    }
    (writer, entries, pad.as_str().unwrap().to_owned())
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
    let (mut writer, _, text) = open(Path::new(&dir), &id);
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
        };
        let mut replies = writer.handle(NoteCommand::Entry(entry), now());
        replies.extend(writer.handle(NoteCommand::Pad(first + n, pad(first + n).into()), now()));
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
            assert_eq!(writer.handle(NoteCommand::Rest, now()), []);
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
    let rounds = number("MIDWATCH_KILL9_ROUNDS", 50);
    let seed = number("MIDWATCH_KILL9_SEED", 20_260_314);
    let mut moments = Seeded(seed.max(1));
    let dir = tempfile::tempdir().unwrap();
    let notes = dir.path().join("notes");
    let mut shown: BTreeSet<(String, u64)> = BTreeSet::new();
    let mut last_pad = 0;
    for round in 1..=rounds {
        let id = format!("round{round:05}");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--quiet"])
            .env(CHILD, &notes)
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
            check(&notes, &format!("check{round}"), &shown, last_pad, seed);
        }
    }
}

fn check(notes: &Path, id: &str, shown: &BTreeSet<(String, u64)>, last_pad: u64, seed: u64) {
    let (_, entries, text) = open(notes, id);
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
