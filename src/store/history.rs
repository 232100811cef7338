//! What happened while a console or a collector looked, kept for the consoles to come.
//!
//! ```text
//! lock                  held by the one process that writes; its age says until when one looked
//! <session>.<n>.journal what it saw, a transition a record
//! ```
//! Several consoles of one person see the same: one of them writes, and the next takes over.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::dirs;
use super::error::StoreError;
use super::files::{Files, Stamp};
use super::journal::{self, Journal};
use super::lock::{self, Lock, Taken};
use super::notes::file_time;
use crate::model::alert::Alert;
use crate::model::run::Run;
use crate::model::text::{RawText, SafeText};
use crate::model::transition::{Happened, Transition};

/// What is older than this is not shown at the start.
pub const SHOWN: SignedDuration = SignedDuration::from_hours(24);
/// What is older than this goes.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A journal is followed by another from here on.
const JOURNAL: u64 = 8 * 1024 * 1024;
/// Bytes of all journals; the oldest go first.
const MOST: u64 = 64 * 1024 * 1024;
/// The most bytes of a transition that is kept whole.
const RECORD: usize = 64 * 1024;
/// The most bytes of a name in one that is not kept whole.
const LONGEST: usize = 1024;
/// Names looked at in the directory.
const NAMES: usize = 10_000;
/// A pause between two that look is a gap from here on.
const GAP: SignedDuration = SignedDuration::from_secs(150);

/// The history, and this process' part in writing it.
#[derive(Debug)]
pub struct History<F> {
    files: F,
    dir: PathBuf,
    session: RawText,
    number: u32,
    /// Ours if this process writes.
    place: Place,
    journal: Option<Journal>,
    /// Whether the directory is one to write in.
    is_usable: bool,
}

#[derive(Debug)]
enum Place {
    /// This process writes.
    Mine(Option<Lock>),
    /// Another does.
    Others,
}

/// What is there already.
#[derive(Debug, Default)]
pub struct Found {
    /// What happened in the last day, oldest first.
    pub transitions: Vec<Transition>,
    /// What could not be read, and what went to make room.
    pub notices: Vec<SafeText>,
    /// Why nothing can be kept, if so.
    pub refused: Option<SafeText>,
}

impl<F: Files> History<F> {
    /// Opens the history in `dir` and makes it where it is missing. `session` is this process' own
    /// name. If nobody looked before this, that is the last transition.
    pub fn open(files: F, dir: &Path, session: &RawText, now: Timestamp) -> (Self, Found) {
        let mut found = Found { refused: dirs::prepare(dir).err(), ..Found::default() };
        let mut history = Self {
            files,
            dir: dir.to_owned(),
            session: session.clone(),
            number: 0,
            place: Place::Others,
            journal: None,
            is_usable: found.refused.is_none(),
        };
        let watched = watched_until(&history.lock_file());
        history.read(now, &mut found);
        history.beat(now);
        if history.is_usable && history.take_over() {
            let gap = watched.filter(|until| now.duration_since(*until) >= GAP);
            if let Some(until) = gap {
                let what = Happened::Unwatched(until);
                let gap = Transition::new(now, "", what);
                found.refused = history.append(std::slice::from_ref(&gap)).err();
                found.transitions.push(gap);
            }
        }
        (history, found)
    }

    /// Keeps what happened, unless another process does. On return it is on the disk. The error is one
    /// sentence.
    pub fn append(&mut self, happened: &[Transition]) -> Result<(), SafeText> {
        if !self.is_usable {
            // The directory may have come back, or be private now.
            dirs::prepare(&self.dir)?;
            self.is_usable = true;
        }
        self.put(happened).map_err(|error| {
            // It may be gone as a whole: then it is made again.
            self.is_usable = self.dir.is_dir();
            error.sentence()
        })
    }

    fn put(&mut self, happened: &[Transition]) -> Result<(), StoreError> {
        if happened.is_empty() || !self.take_over() {
            return Ok(());
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        for transition in happened {
            let record = record(transition)
                .map_err(|error| StoreError::new("write", &self.dir, io::Error::from(error)))?;
            bytes += record.len() as u64;
            batch.push(record);
            if bytes >= JOURNAL / 2 {
                self.write(&std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
        if batch.is_empty() { Ok(()) } else { self.write(&batch) }
    }

    fn write(&mut self, payloads: &[Vec<u8>]) -> Result<(), StoreError> {
        if let Some(journal) = self.journal.as_mut().filter(|j| j.is_trusted() && j.len() < JOURNAL) {
            match journal.append(&self.files, payloads) {
                Ok(()) => return Ok(()),
                // A full disk stays full; a journal that lost a write is given up for a new one.
                Err(e) if journal.is_trusted() => return Err(StoreError::new("write", journal.path(), e)),
                Err(_) => {}
            }
        }
        self.renew(payloads)
    }

    /// Somebody looks at this moment: the process that writes says so each minute.
    pub fn beat(&mut self, now: Timestamp) {
        if !self.is_usable {
            return;
        }
        self.take_over();
        if let Place::Mine(Some(lock)) = &self.place {
            lock.beat(now);
        }
    }

    /// Gives back the room that was kept ahead.
    pub fn close(mut self, now: Timestamp) {
        self.beat(now);
        if let Some(journal) = self.journal {
            journal.close(&self.files);
        }
    }

    fn lock_file(&self) -> PathBuf {
        self.dir.join("lock")
    }

    /// Whether this process writes; it does as soon as nobody else does.
    fn take_over(&mut self) -> bool {
        if let Place::Others = self.place {
            self.place = match lock::take(&self.lock_file(), &self.session) {
                Taken::Mine(lock) => Place::Mine(Some(lock)),
                Taken::Held(_) => Place::Others,
                // Twice is better than not at all: what is the same is shown once.
                Taken::Unsure(_) => Place::Mine(None),
            };
        }
        matches!(self.place, Place::Mine(_))
    }

    fn renew(&mut self, payloads: &[Vec<u8>]) -> Result<(), StoreError> {
        if let Some(full) = self.journal.take() {
            full.close(&self.files);
        }
        // Room for this one. What cannot be taken away is told at the next start.
        self.prune(Timestamp::MIN, MOST - 2 * JOURNAL, &mut Vec::new());
        let session = String::from_utf8_lossy(self.session.as_bytes()).replace('/', "_");
        loop {
            let path = self.dir.join(format!("{session}.{:06}.journal", self.number));
            self.number += 1;
            match Journal::create(&self.files, &path, payloads) {
                Ok(journal) => {
                    self.journal = Some(journal);
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(StoreError::new("write", &path, e)),
            }
        }
    }

    /// Takes away what is older than `before`, and the oldest of what is more than `most` bytes. Returns
    /// what stays.
    fn prune(&self, before: Timestamp, most: u64, notices: &mut Vec<SafeText>) -> Vec<(PathBuf, Stamp)> {
        let journals = match journals(&self.files, &self.dir) {
            Ok(journals) => journals,
            Err(e) => {
                notices.push(StoreError::new("read", &self.dir, e).sentence());
                return Vec::new();
            }
        };
        let mut bytes = 0;
        let (stays, goes) = journals.into_iter().partition(|(_, stamp)| {
            bytes += stamp.size();
            bytes <= most && stamp.modified().is_none_or(|at| at >= before)
        });
        for (path, _) in goes as Vec<(PathBuf, Stamp)> {
            if let Err(e) = self.files.remove(&path) {
                notices.push(StoreError::new("remove", &path, e).sentence());
            }
        }
        stays
    }

    /// Reads the newest journals as far back as is shown, and takes away what is too old or too much.
    fn read(&self, now: Timestamp, found: &mut Found) {
        let ago = |length| now.checked_sub(length).unwrap_or(Timestamp::MIN);
        let since = ago(SHOWN);
        let mut all: Vec<Transition> = Vec::new();
        for (path, stamp) in self.prune(ago(KEPT), MOST, &mut found.notices) {
            if stamp.modified().is_some_and(|at| at < since) {
                continue;
            }
            match journal::read_old(&self.files, &path, &file_time(now)) {
                Ok(old) => {
                    found.notices.extend(old.notices(&path));
                    // One of another version says what this one cannot.
                    let known = old.records.iter().filter_map(|one| serde_json::from_slice(one).ok());
                    all.extend(known.filter(|one: &Transition| one.at >= since));
                }
                Err(e) => found.notices.push(StoreError::new("read", &path, e).sentence()),
            }
        }
        all.sort_by(|a, b| (a.at, &a.source).cmp(&(b.at, &b.source)));
        all.dedup();
        found.transitions = all;
    }
}

/// What the history in `dir` holds, up to 14 days of it. Nothing is changed: a console may write it meanwhile.
pub fn peek(files: &impl Files, dir: &Path) -> Found {
    let mut found = Found::default();
    let all = match journals(files, dir) {
        Ok(all) => all,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => {
            found.notices.push(StoreError::new("read", dir, e).sentence());
            Vec::new()
        }
    };
    for (path, _) in all {
        match journal::read(files, &path, None) {
            // One of another version says what this one cannot.
            Ok(old) => {
                found.notices.extend(old.notices(&path));
                let known = old.records.iter().filter_map(|one| serde_json::from_slice(one).ok());
                found.transitions.extend(known);
            }
            Err(e) => found.notices.push(StoreError::new("read", &path, e).sentence()),
        }
    }
    found
}

/// The journals, the newest first.
fn journals(files: &impl Files, dir: &Path) -> io::Result<Vec<(PathBuf, Stamp)>> {
    let names = files.list(dir, NAMES)?;
    let journals = names.into_iter().filter(|path| path.extension().is_some_and(|end| end == "journal"));
    let mut journals: Vec<_> =
        journals.filter_map(|path| Some((files.stamp(&path).ok()??, path))).map(|(s, p)| (p, s)).collect();
    journals.sort_by(|(a, of_a), (b, of_b)| (of_b.modified(), b).cmp(&(of_a.modified(), a)));
    Ok(journals)
}

/// A transition as it is kept. A row that is larger than any honest one goes without what it says.
fn record(transition: &Transition) -> serde_json::Result<Vec<u8>> {
    let whole = serde_json::to_vec(transition)?;
    if whole.len() <= RECORD {
        return Ok(whole);
    }
    let bare = |alert: &Alert| {
        let (id, name) = (RawText::from_bytes(cut(&alert.id)), RawText::from_bytes(cut(&alert.name)));
        let acknowledged = alert.acknowledged.clone().filter(|ack| ack.person.as_bytes().len() <= LONGEST);
        let (severity, state) = (alert.severity, alert.state);
        Alert { severity, state, acknowledged, ..Alert::new(id, name, alert.started) }
    };
    // Without what people wrote about it, if that is enough: its labels say which fault it is.
    let bare = |alert: &Arc<Alert>| {
        let brief =
            Alert { annotations: BTreeMap::new(), expression: None, link: None, ..Alert::clone(alert) };
        let is_small = serde_json::to_vec(&brief).is_ok_and(|bytes| bytes.len() <= RECORD);
        Arc::new(if is_small { brief } else { bare(alert) })
    };
    let what = match &transition.what {
        Happened::Fired(alert) => Happened::Fired(bare(alert)),
        Happened::Resolved(alert) => Happened::Resolved(bare(alert)),
        Happened::Silenced(alert) => Happened::Silenced(bare(alert)),
        Happened::Unsilenced(alert) => Happened::Unsilenced(bare(alert)),
        Happened::Acknowledged(alert) => Happened::Acknowledged(bare(alert)),
        Happened::Began(run) => Happened::Began(Arc::new(Run { jobs: Vec::new(), ..Run::clone(run) })),
        Happened::Ended(run) => Happened::Ended(Arc::new(Run { jobs: Vec::new(), ..Run::clone(run) })),
        other => other.clone(),
    };
    // Who silenced it is told whole or not at all.
    let mut brief = Transition { what, ..transition.clone() };
    if serde_json::to_vec(&brief.silences)?.len() > RECORD / 2 {
        brief.silences.clear();
    }
    serde_json::to_vec(&brief)
}

fn cut(text: &RawText) -> &[u8] {
    text.as_bytes().get(..LONGEST).unwrap_or(text.as_bytes())
}

/// Until when somebody looked, by what is in `dir`.
pub fn watched(dir: &Path) -> Option<Timestamp> {
    watched_until(&dir.join("lock"))
}

/// When the process that wrote last was last seen alive.
fn watched_until(lock: &Path) -> Option<Timestamp> {
    let modified = std::fs::symlink_metadata(lock).ok()?.modified().ok()?;
    Timestamp::try_from(modified).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::LazyLock;

    use rustix::io::Errno;

    use super::*;
    use crate::store::files::Disk;
    use crate::store::files::faulty::Faulty;

    /// Files have the time of the disk, so everything happens around it.
    fn at(second: i64) -> Timestamp {
        static START: LazyLock<i64> = LazyLock::new(|| {
            let fresh = tempfile::tempfile().unwrap().metadata().unwrap().modified().unwrap();
            Timestamp::try_from(fresh).unwrap().as_second()
        });
        Timestamp::from_second(*START + second).unwrap()
    }

    fn fired(second: i64) -> Transition {
        let alert = Alert::new("a", "HighErrorRate", at(second - 5));
        Transition::new(at(second), "am", Happened::Fired(Arc::new(alert)))
    }

    fn open(dir: &Path, session: &str, second: i64) -> (History<Disk>, Found) {
        let (history, found) = History::open(Disk, dir, &session.into(), at(second));
        assert_eq!(found.notices, []);
        (history, found)
    }

    #[test]
    fn what_happened_is_there_at_the_next_start_and_after_a_kill() {
        let dir = tempfile::tempdir().unwrap();
        let (mut history, found) = open(dir.path(), "1-1", 0);
        assert_eq!(found.transitions, []);
        history.append(&[fired(10), fired(20)]).unwrap();
        history.beat(at(60));
        // Nothing is closed: it was killed.
        drop(history);
        let (_, found) = open(dir.path(), "2-1", 100);
        assert_eq!(found.transitions, [fired(10), fired(20)]);
        let (_, found) = open(dir.path(), "3-1", 30 * 3600);
        let [gap] = &found.transitions[..] else { panic!("a day later: {:?}", found.transitions) };
        assert_eq!(gap.what, Happened::Unwatched(at(100)));
    }

    #[test]
    fn what_was_kept_before_there_were_spans_and_silences_reads_back() {
        let old = format!(
            r#"{{"at":"{}","source":"am","what":{{"silenced":{{"id":"a","name":"HighErrorRate","severity":"critical","state":"firing","started":"{}","silenced_by":["s1"]}}}}}}"#,
            at(10),
            at(5)
        );
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("0-1.000000.journal");
        drop(Journal::create(&Disk, &path, &[old.into_bytes()]).unwrap());
        let (mut history, found) = open(dir.path(), "1-1", 20);
        let [silenced] = &found.transitions[..] else { panic!("{:?}", found.transitions) };
        assert!(matches!(&silenced.what, Happened::Silenced(alert) if alert.silenced_by.len() == 1));
        let ended = Transition { at: at(19), after: Some(at(11)), ..silenced.clone() };
        history.append(std::slice::from_ref(&ended)).unwrap();
        drop(history);
        assert_eq!(open(dir.path(), "2-1", 30).1.transitions, [silenced.clone(), ended]);
    }

    #[test]
    fn one_of_several_writes_and_the_next_takes_over() {
        let dir = tempfile::tempdir().unwrap();
        let (mut first, _) = open(dir.path(), "1-1", 0);
        let (mut second, _) = open(dir.path(), "2-1", 10);
        first.append(&[fired(20)]).unwrap();
        second.append(&[fired(20)]).unwrap();
        first.close(at(25));
        second.append(&[fired(30)]).unwrap();
        let (_, found) = open(dir.path(), "3-1", 40);
        assert_eq!(found.transitions, [fired(20), fired(30)]);
    }

    #[test]
    fn it_is_bounded_and_the_oldest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let (mut history, _) = open(dir.path(), "5-1", 0);
        history.append(&[fired(1)]).unwrap();
        history.close(at(2));
        let ours = dir.path().join("5-1.000000.journal");
        let now = fs::metadata(&ours).unwrap().modified().unwrap();
        let with = |name: &str, size: u64, modified| {
            let file = fs::File::create(dir.path().join(name)).unwrap();
            file.set_len(size).unwrap();
            file.set_modified(modified).unwrap();
        };
        let day = std::time::Duration::from_secs(86_400);
        with("4-1.000000.journal", MOST / 2, now - 3 * day);
        with("3-1.000000.journal", MOST / 2, now - 4 * day);
        with("6-1.000000.journal", 8, now - 20 * day);
        let now = Timestamp::try_from(now).unwrap();
        let (_, found) = History::open(Disk, dir.path(), &"7-1".into(), now);
        assert_eq!(found.notices, []);
        let left = Disk.list(dir.path(), 10).unwrap();
        let left: Vec<_> = left.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(left, ["4-1.000000.journal", "5-1.000000.journal", "lock"]);
    }

    #[test]
    fn a_flood_stays_within_its_room_while_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let (mut history, _) = open(dir.path(), "1-1", 0);
        let annotations = [("text".into(), "x".repeat(50_000).as_str().into())].into();
        let alert = Alert { annotations, ..Alert::new("a", "Floods", at(0)) };
        let large = Transition::new(at(1), "am", Happened::Fired(Arc::new(alert)));
        let flood = vec![large; 400];
        for _ in 0..5 {
            history.append(&flood).unwrap();
            let size: u64 = journals(&Disk, dir.path()).unwrap().iter().map(|(_, stamp)| stamp.size()).sum();
            assert!(size <= MOST, "{size}");
        }
        drop(history);
        assert!(!open(dir.path(), "2-1", 10).1.transitions.is_empty(), "what is there can be read");
        // One that is larger than any honest one is kept without what it says.
        let annotations = [("text".into(), "x".repeat(5_000_000).as_str().into())].into();
        let labels = [("service".into(), "checkout".into())].into();
        let alert = Alert { labels, annotations, ..Alert::new("b", "Huge", at(0)) };
        let huge = Transition::new(at(20), "am", Happened::Fired(Arc::new(alert)));
        let (mut history, _) = open(dir.path(), "3-1", 20);
        history.append(&[huge]).unwrap();
        let (_, found) = open(dir.path(), "4-1", 30);
        let Some(Happened::Fired(alert)) = found.transitions.last().map(|last| &last.what) else { panic!() };
        assert_eq!((&alert.name, alert.annotations.len()), (&"Huge".into(), 0));
        assert_eq!(alert.label("service"), Some(&"checkout".into()), "which fault it is");
    }

    #[test]
    fn a_disk_that_refuses_is_an_error_and_what_comes_later_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        for step in 0..12 {
            let path = dir.path().join(step.to_string());
            let files = Faulty::at(step, Errno::NOSPC, false);
            let (mut history, _) = History::open(&files, &path, &"1-1".into(), at(0));
            let first = history.append(&[fired(10)]);
            let second = history.append(&[fired(20)]);
            assert!(first.is_ok() || second.is_ok(), "{step}");
            history.close(at(30));
            let (_, found) = open(&path, "2-1", 40);
            let expected: Vec<_> = [(first, 10), (second, 20)]
                .into_iter()
                .filter_map(|(done, at)| done.is_ok().then(|| fired(at)))
                .collect();
            assert_eq!(found.transitions, expected, "{step}");
        }
    }
}
