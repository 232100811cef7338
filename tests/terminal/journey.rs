//! The journey of an outage on a small terminal, by keys alone: taken, declared, the change and the logs
//! pinned, resolved, both documents written. And the same journey killed at random moments.
//!
//! A step counts as shown as saved when the screen shows what it did while nothing on it says that something
//! is not saved. `MIDWATCH_JOURNEY_ROUNDS` asks for more deaths, `MIDWATCH_JOURNEY_SEED` for other moments.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;
use serde_json::Value;

use super::pty::{Shown, Start};
use super::{Console, MIDWATCH};

/// What a person presses and waits for, and what must be on the disk from then on.
struct Step {
    keys: &'static str,
    shows: fn(&str) -> bool,
    keeps: fn(&Kept) -> bool,
}

const STEPS: [Step; 15] = [
    Step { keys: "t", shows: shows_local_time, keeps: Kept::as_before },
    Step { keys: "a", shows: is_taken, keeps: Kept::is_taken },
    Step { keys: "I", shows: |screen| screen.contains("declare, severity"), keeps: Kept::as_before },
    Step { keys: "\r", shows: |screen| screen.contains(" is declared."), keeps: Kept::is_declared },
    Step { keys: "W", shows: change_is_first, keeps: Kept::as_before },
    Step { keys: ">", shows: is_pinned, keeps: |kept| kept.pinned("deploy-prod #812").is_some() },
    Step { keys: "L", shows: |screen| screen.contains("Streams named checkout"), keeps: Kept::as_before },
    Step { keys: ">", shows: is_pinned, keeps: |kept| kept.pinned("logs logs-eu").is_some() },
    Step { keys: ":res\r", shows: |screen| screen.contains("SEV2 resolved"), keeps: Kept::is_resolved },
    Step { keys: ":po\r", shows: |screen| screen.contains("postmortem of High"), keeps: Kept::as_before },
    Step { keys: "w", shows: |screen| screen.contains("write to: INC-"), keeps: Kept::as_before },
    Step { keys: "\r", shows: |screen| screen.contains("Written to INC-"), keeps: Kept::has_postmortem },
    Step { keys: ":ha\r", shows: |screen| screen.contains("hand-over of the shift"), keeps: Kept::as_before },
    Step { keys: "w", shows: |screen| screen.contains("write to: handoff-"), keeps: Kept::as_before },
    Step { keys: "\r", shows: |screen| screen.contains("Written to handoff-"), keeps: Kept::has_hand_over },
];

fn is_taken(screen: &str) -> bool {
    screen.lines().any(|line| line.contains("HighErrorRate") && line.contains("@kim"))
}

/// The clock of the home, nine hours ahead: what is written down from here on has to be turned into UTC.
fn shows_local_time(screen: &str) -> bool {
    screen.lines().next().is_some_and(|line| line.contains(" 12:1") && line.contains(" JST"))
}

fn is_pinned(screen: &str) -> bool {
    screen.contains("Pinned to the timeline.")
}

fn change_is_first(screen: &str) -> bool {
    screen.contains("Changes before HighErrorRate")
        && screen.lines().any(|line| line.contains('>') && line.contains("deploy-prod #812"))
}

fn is_saved(screen: &str) -> bool {
    !screen.contains("unsaved") && !screen.contains("NOT saved")
}

/// When the recording begins to play.
fn start() -> Timestamp {
    "2026-11-20T03:13:30Z".parse().unwrap()
}

/// A console on the outage, in a home whose clock is nine hours ahead of UTC.
fn outage(home: tempfile::TempDir, at: &str) -> Console {
    let folder = home.path().join(".config/midwatch");
    std::fs::create_dir_all(&folder).unwrap();
    let config = format!(
        "person = 'kim'\ntimezone = 'Asia/Tokyo'\nstate_dir = '{}'\n\
         [[source]]\nname = 'outage'\nkind = 'recording'\nseed = 1\nat = '{at}'\n",
        home.path().join("state").display()
    );
    let mut file = std::fs::File::create(folder.join("config.toml")).unwrap();
    std::io::Write::write_all(&mut file, config.as_bytes()).unwrap();
    let script = format!("cd; exec {MIDWATCH}");
    let pty = Start::default().env("HOME", home.path()).run(&["sh", "-c", &script]);
    pty.wait("the page", |shown| {
        shown.text().contains(">CRIT HighErrorRate") && shown.text().contains("3 firing")
    });
    Console { pty, home }
}

/// Files of a home that must not lose anything, with what they hold.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// All that is written down there: journals, pads and documents.
fn written(home: &Path) -> Files {
    let (mut found, mut folders) = (Files::new(), vec![home.join("state")]);
    let is_kept = |path: &Path| {
        let is = |kind: &str| path.extension().is_some_and(|it| it == kind);
        // One that begins with a dot has no name yet.
        (is("journal") || is("md")) && !path.file_name().unwrap().as_bytes().starts_with(b".")
    };
    let mut take = |path: PathBuf| match std::fs::read(&path) {
        Ok(bytes) => drop(found.insert(path, bytes)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{}", path.display()),
    };
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if is_kept(&path) {
                take(path);
            }
        }
    }
    let beside = std::fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    beside.filter(|path| is_kept(path)).for_each(take);
    found
}

/// What is on the disk.
struct Kept {
    home: PathBuf,
    /// What was there before the step that is looked at.
    before: Files,
    /// The incident as `midwatch notes show` tells it, if there is one.
    incident: Option<Value>,
}

impl Kept {
    fn of(home: &Path) -> Self {
        let output = Command::new(MIDWATCH)
            .args(["notes", "show", "-o", "json", "HighErrorRate"])
            .env("HOME", home)
            .output()
            .unwrap();
        let incident = output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap());
        Self { home: home.to_owned(), before: Files::new(), incident }
    }

    fn entries(&self) -> &[Value] {
        let entries = self.incident.as_ref().and_then(|incident| incident["entries"].as_array());
        entries.map_or(&[], Vec::as_slice)
    }

    fn entry(&self, kind: &str, words: &str) -> Option<&Value> {
        let has = |entry: &&Value| entry["kind"] == kind && entry["words"].as_str().unwrap().contains(words);
        self.entries().iter().find(has)
    }

    fn pinned(&self, words: &str) -> Option<&Value> {
        self.entry("evidence", words).filter(|entry| !entry["lines"].as_array().unwrap().is_empty())
    }

    /// Nothing of what was there before the step is lost: a journal may have grown, a document stays as it is.
    fn as_before(&self) -> bool {
        let now = written(&self.home);
        self.before.iter().all(|(path, before)| {
            let is_journal = path.extension().is_some_and(|kind| kind == "journal");
            now.get(path).is_some_and(|now| now == before || (is_journal && now.starts_with(before)))
        })
    }

    fn is_taken(&self) -> bool {
        let claims = std::fs::read_dir(self.home.join("state/team")).into_iter().flatten();
        let mut texts = claims.map(|file| std::fs::read(file.unwrap().path()).unwrap());
        texts.any(|bytes| String::from_utf8_lossy(&bytes).contains("HighErrorRate"))
    }

    fn is_declared(&self) -> bool {
        self.entry("declared", "SEV2: HighErrorRate checkout").is_some()
            && self.entry("claim", "claimed alert HighErrorRate").is_some()
    }

    fn is_resolved(&self) -> bool {
        self.incident.as_ref().is_some_and(|incident| incident["status"] == "resolved")
    }

    /// The whole text of the file whose name has these two ends.
    fn file(&self, start: &str, end: &str) -> Option<String> {
        let mut names = std::fs::read_dir(&self.home).unwrap().map(|file| file.unwrap());
        let file = names.find(|file| {
            let name = file.file_name().into_string().unwrap();
            name.starts_with(start) && name.ends_with(end)
        })?;
        Some(std::fs::read_to_string(file.path()).unwrap())
    }

    /// It is what the record says.
    fn has_postmortem(&self) -> bool {
        let output = Command::new(MIDWATCH)
            .args(["notes", "export", "HighErrorRate"])
            .env("HOME", &self.home)
            .output()
            .unwrap();
        // The draft has the day on which it was written.
        let without_day = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with("date: ")).map(str::to_owned).collect()
        };
        let exported = String::from_utf8(output.stdout).unwrap();
        self.file("INC-20261120-", "-checkout-postmortem.md")
            .is_some_and(|text| without_day(&text) == without_day(&exported) && text.ends_with('\n'))
    }

    fn has_hand_over(&self) -> bool {
        let text = self.file("handoff-20261120-", ".md");
        text.is_some_and(|text| text.starts_with("# Hand-over of the shift") && text.ends_with('\n'))
    }
}

/// A step that was shown as saved.
struct Done {
    /// What was on the disk before it.
    before: Files,
    pressed: Instant,
    seen: Instant,
}

/// Goes the way until it is at its end or the console is dead.
fn walk(console: &Console) -> Vec<Done> {
    let (pty, home) = (&console.pty, console.home.path());
    let mut done = Vec::new();
    for step in &STEPS {
        let before = written(home);
        let pressed = Instant::now();
        for key in step.keys.chars() {
            pty.send(key.to_string().as_bytes());
        }
        let is_done = |shown: &Shown| (step.shows)(&shown.text()) && is_saved(&shown.text());
        if !pty.reaches(step.keys, is_done) {
            break;
        }
        done.push(Done { before, pressed, seen: Instant::now() });
    }
    done
}

fn since(from: Instant, to: Instant) -> SignedDuration {
    SignedDuration::try_from(to.duration_since(from)).unwrap()
}

#[test]
fn an_outage_from_the_page_to_both_documents_takes_25_keys_on_a_small_terminal() {
    let keys: usize = STEPS.iter().map(|step| step.keys.chars().count()).sum();
    assert!(keys <= 25, "{keys} keys");
    let before = Instant::now();
    let console = outage(tempfile::tempdir().unwrap(), "03:13:30");
    let ready = Instant::now();
    let done = walk(&console);
    assert_eq!(done.len(), STEPS.len());
    let Console { mut pty, home } = console;
    pty.signal(Signal::KILL);
    assert_eq!(pty.code(), 1009);
    let mut kept = Kept::of(home.path());
    for (step, done) in STEPS.iter().zip(&done) {
        kept.before.clone_from(&done.before);
        assert!((step.keeps)(&kept), "{:?}\n{:#?}", step.keys, kept.incident);
        assert!(kept.as_before(), "{:?} lost something", step.keys);
    }
    // The journals of the shift, the claim and the incident, its pad and the postmortem are in that.
    assert!(kept.before.len() >= 4, "{:?}", kept.before.keys());
    kept.before.insert(home.path().join("gone.md"), Vec::new());
    assert!(!kept.as_before(), "what is gone is missed");
    // Each at the time it was done, by the clock of the recording, in UTC.
    let recorded = |entry: Option<&Value>, field: &str| -> Timestamp {
        entry.unwrap()[field].as_str().unwrap().parse().unwrap()
    };
    for (step, at) in [
        (1, recorded(kept.entry("claim", "HighErrorRate"), "at")),
        (3, recorded(kept.entry("declared", ""), "at")),
        (5, recorded(kept.pinned("deploy-prod #812"), "recorded")),
        (7, recorded(kept.pinned("logs logs-eu"), "recorded")),
        (8, recorded(kept.entry("status", "resolved"), "at")),
    ] {
        let Done { pressed, seen, .. } = done[step];
        // The clock began between the start of the program and its first screen; `I` opens a prompt.
        let earliest = start() + since(ready, pressed);
        let latest = start() + since(before, seen);
        assert!((earliest..=latest).contains(&at), "{step}: {at} is not in {earliest}..{latest}");
    }
    let told = [
        ("run deploy-prod #812 succeeded", "2026-11-20T03:11:00Z"),
        ("alert HighErrorRate fired", "2026-11-20T03:12:30Z"),
    ];
    let postmortem = kept.file("INC-", "-postmortem.md").unwrap();
    for (words, at) in told {
        assert_eq!(recorded(kept.entry("happened", words), "at"), at.parse().unwrap());
        assert!(postmortem.contains(at), "{at} in\n{postmortem}");
    }
    assert_eq!(kept.incident.as_ref().unwrap()["onset"], "2026-11-20T03:11:45Z");
    // The next start knows of it.
    let console = outage(home, "03:14:30");
    console.wait("the incident", |shown| {
        let text = shown.text();
        // Killed before it kept which one it had turned to.
        let is_known = text.contains("INC HighErrorR") || text.contains("1 open incident");
        is_known && is_taken(&text)
    });
}

#[test]
fn nothing_shown_as_saved_is_missing_after_the_journey_is_killed() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let rounds = number("MIDWATCH_JOURNEY_ROUNDS", 6);
    let mut seed = number("MIDWATCH_JOURNEY_SEED", 20_261_120);
    println!("{rounds} rounds, seed {seed}");
    let console = outage(tempfile::tempdir().unwrap(), "03:13:30");
    let began = Instant::now();
    assert_eq!(walk(&console).len(), STEPS.len());
    let whole = u64::try_from(began.elapsed().as_micros()).unwrap();
    let mut reached = [0; STEPS.len() + 1];
    for round in 0..rounds {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let moment = Duration::from_micros(seed % whole);
        let console = outage(tempfile::tempdir().unwrap(), "03:13:30");
        let done = std::thread::scope(|scope| {
            scope.spawn(|| {
                console.let_pass(moment);
                console.signal(Signal::KILL);
            });
            walk(&console)
        });
        let mut kept = Kept::of(console.home.path());
        for (step, done) in STEPS.iter().zip(&done) {
            kept.before.clone_from(&done.before);
            let what = format!("round {round}, killed after {moment:?}: {:?} was shown as saved", step.keys);
            assert!((step.keeps)(&kept) && kept.as_before(), "{what}\n{:#?}", kept.incident);
        }
        reached[done.len()] += 1;
    }
    println!("rounds by the number of steps that were shown as saved: {reached:?}");
}
