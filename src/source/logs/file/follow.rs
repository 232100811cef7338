//! Follows all files of one source: finds them, gives each its turn, says what is wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::expand::{Expanded, FILES, Pattern};
use super::feed::Sink;
use super::reader::{Id, Position};
use super::rotated;
use super::tail::{Begin, Past, Tail};
use super::watch::Watch;
use crate::logs::format::own::Own;
use crate::logs::stamp::Zone;
use crate::model::health::{Failure, FailureKind};
use crate::source::logs::access;

/// Between looks at a file that grows.
const BUSY: Duration = Duration::from_millis(100);
/// Between looks at one that was quiet for a few seconds.
const CALM: Duration = Duration::from_millis(500);
const CALM_AFTER: SignedDuration = SignedDuration::from_secs(5);
/// Between looks at one that was quiet for a minute, or is not there.
const QUIET: Duration = Duration::from_secs(1);
const QUIET_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Between looks at one of which the kernel tells that it changed. It tells neither that a folder above was
/// renamed nor what is written through a mapping.
const WATCHED: Duration = Duration::from_secs(10);
/// What a look may cost of the time until the next, when there are many files.
const PER_FILE: Duration = Duration::from_millis(2);
/// Between searches for new files; longer when one takes long.
const SEARCH: Duration = Duration::from_secs(2);
/// A search takes at most this part of the time.
const SEARCH_PART: u32 = 1000;
/// Shared by all files of the source for their past, in bytes.
const PAST: u64 = 64 << 20;
/// Files that were closed and are remembered, so that a renamed one is not read again.
const REMEMBERED: usize = 4096;

#[derive(Debug)]
struct Followed {
    tail: Tail,
    /// Named without a wildcard: that it is missing is a trouble.
    named: bool,
    due: Timestamp,
    active: Timestamp,
    /// The kernel tells when this file changes: its number there.
    watched: Option<(Id, i32)>,
}

impl Followed {
    /// How long until it needs a look, if nothing tells of a change before. A look takes `most` of it at most.
    fn pause(&mut self, path: &Path, now: Timestamp, most: Duration, watch: &mut Watch) -> Duration {
        let quiet = now.duration_since(self.active);
        let alone = self.tail.alone().filter(|_| quiet >= CALM_AFTER);
        if let Some((_, number)) = self.watched.take_if(|(id, _)| alone.is_none_or(|file| file.id() != *id)) {
            watch.remove(number);
        }
        match (alone, self.watched) {
            (Some(_), Some(_)) => return WATCHED.max(most),
            (Some(file), None) => self.watched = watch.add(path, file).map(|number| (file.id(), number)),
            (None, _) => {}
        }
        if quiet < CALM_AFTER || self.watched.is_some() {
            BUSY // once more: it may have changed before it was watched
        } else if quiet < QUIET_AFTER && self.tail.is_reading() {
            CALM.max(most)
        } else {
            QUIET.max(most)
        }
    }
}

/// The files of one source.
#[derive(Debug)]
pub(super) struct Follower {
    patterns: Vec<Pattern>,
    zone: Zone,
    formats: Arc<[Own]>,
    past: Past,
    tails: BTreeMap<PathBuf, Followed>,
    closed: VecDeque<Position>,
    /// When to search again; `None` before the first search.
    search: Option<Timestamp>,
    found: Vec<Failure>,
    buffer: Vec<u8>,
    /// The last turn's time, to see a clock that was set back.
    last: Timestamp,
}

impl Follower {
    /// Will follow what `patterns` mean and show `lines` lines of the past of each file.
    pub(super) fn new(patterns: Vec<Pattern>, zone: Zone, lines: usize) -> Self {
        // 256 bytes are a long line; a megabyte holds 10,000 common ones.
        let past = Past { lines, bytes: (lines as u64 * 256).max(1 << 20) };
        Self {
            patterns,
            zone,
            formats: Arc::default(),
            past,
            tails: BTreeMap::new(),
            closed: VecDeque::new(),
            search: None,
            found: Vec::new(),
            buffer: Vec::new(),
            last: Timestamp::MIN,
        }
    }

    /// The same with the formats of lines that the person describes.
    pub(super) fn knowing(self, formats: Arc<[Own]>) -> Self {
        Self { formats, ..self }
    }

    /// Looks at everything at once on the next turn.
    pub(super) fn refresh(&mut self) {
        if self.search.is_some() {
            self.search = Some(Timestamp::UNIX_EPOCH);
        }
        for followed in self.tails.values_mut() {
            followed.due = Timestamp::UNIX_EPOCH;
        }
    }

    /// Looks at these files on the next turn: they are not watched any more.
    pub(super) fn changed(&mut self, paths: &[PathBuf]) {
        for path in paths {
            if let Some(followed) = self.tails.get_mut(path) {
                (followed.due, followed.watched) = (Timestamp::UNIX_EPOCH, None);
            }
        }
    }

    /// Reads what is new in the files whose turn it is. Returns how long nothing needs to be done unless
    /// `watch` tells of a change.
    pub(super) fn turn(
        &mut self,
        now: Timestamp,
        watch: &mut Watch,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<(), Duration> {
        if now < self.last {
            self.refresh();
        }
        self.last = now;
        if self.search.is_none_or(|at| at <= now) {
            let started = Instant::now();
            self.search_files(now, watch);
            let pause = SEARCH.max(started.elapsed() * SEARCH_PART);
            // Files that are named are looked at where they are: there is nothing to find.
            let named = self.patterns.iter().all(|pattern| pattern.only().is_some());
            self.search = Some(if named { Timestamp::MAX } else { later(now, pause) });
        }
        let most = PER_FILE * u32::try_from(self.tails.len()).unwrap_or(u32::MAX);
        // Files that are due soon come along, so that the thread wakes seldom.
        let soon = later(now, BUSY / 2);
        for (path, followed) in self.tails.iter_mut().filter(|(_, followed)| followed.due <= soon) {
            let turn = followed.tail.turn(&mut self.buffer, now, sink)?;
            if turn.active {
                followed.active = now;
            }
            let pause = if turn.more { Duration::ZERO } else { followed.pause(path, now, most, watch) };
            followed.due = later(now, pause);
        }
        let due = self.tails.values().map(|followed| followed.due).chain(self.search).min();
        let wait = due.map_or(SEARCH, |due| {
            Duration::try_from(due.duration_since(now)).unwrap_or_default() // negative: at once
        });
        ControlFlow::Continue(wait)
    }

    /// What is wrong now: with patterns, folders and files.
    pub(super) fn troubles(&self) -> Vec<Failure> {
        let files = self.tails.values().filter_map(|followed| {
            followed.tail.trouble().filter(|t| followed.named || t.kind != FailureKind::Missing)
        });
        self.found.iter().cloned().chain(files).collect()
    }

    /// Whether any file is open.
    pub(super) fn is_reading(&self) -> bool {
        self.tails.values().any(|followed| followed.tail.is_reading())
    }

    fn search_files(&mut self, now: Timestamp, watch: &mut Watch) {
        let mut expanded = Expanded::default();
        self.found.clear();
        let mut named = BTreeSet::new();
        for pattern in &self.patterns {
            let before = expanded.files.len() + expanded.failed.len();
            pattern.expand(&mut expanded);
            if let Some(path) = pattern.only() {
                named.insert(path.to_owned());
            } else if before == expanded.files.len() + expanded.failed.len() && !expanded.more {
                let what = format!("no file matches {}", pattern.text());
                self.found.push(Failure::new(FailureKind::Missing, what));
            }
        }
        if expanded.more {
            let what = format!("more than {FILES} files match, not all are followed");
            self.found.push(Failure::new(FailureKind::Unreadable, what).advise("give a narrower pattern"));
        }
        for (folder, error) in &expanded.failed {
            self.found.push(access::failure("read folder", folder, error));
        }
        let over: Vec<PathBuf> = self
            .tails
            .iter()
            .filter(|(_, followed)| !followed.named && followed.tail.is_over())
            .map(|(path, _)| path.clone())
            .collect();
        for followed in over.iter().filter_map(|path| self.tails.remove(path)) {
            if let Some((_, number)) = followed.watched {
                watch.remove(number);
            }
            self.closed.extend(followed.tail.closed().cloned());
        }
        self.closed.drain(..self.closed.len().saturating_sub(REMEMBERED));
        let files: BTreeSet<PathBuf> = expanded.files.into_iter().collect();
        let first = self.search.is_none();
        let fresh: Vec<&PathBuf> = files
            .iter()
            .filter(|path| !self.tails.contains_key(*path))
            .filter(|path| named.contains(*path) || !is_rotated(path, &files))
            .collect();
        let share = PAST / (fresh.len().max(1) as u64);
        for path in fresh {
            let begin = if first {
                Begin::Past(Past { bytes: self.past.bytes.min(share), ..self.past })
            } else {
                let id = std::fs::metadata(path).ok().map(|meta| Id::of(&meta));
                // Followed under another name: a link, or being rotated.
                if self.tails.values().any(|f| id.is_some_and(|id| f.tail.has_open(id))) {
                    continue;
                }
                let closed = self.tails.values().flat_map(|f| f.tail.closed()).chain(&self.closed);
                let left = closed.filter(|position| Some(position.id) == id).last();
                left.map_or(Begin::Start, |position| Begin::After(position.clone()))
            };
            let tail = Tail::new(path.clone(), self.zone.clone(), Arc::clone(&self.formats), begin);
            let named = named.contains(path);
            self.tails.insert(path.clone(), Followed { tail, named, due: now, active: now, watched: None });
        }
    }
}

/// Whether a file is what rotation left of another that is followed, or packed.
fn is_rotated(path: &Path, files: &BTreeSet<PathBuf>) -> bool {
    let Some((base, packed)) = path.file_name().and_then(|n| n.to_str()).and_then(rotated::base_of) else {
        return false;
    };
    packed || files.contains(&path.with_file_name(base))
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| now.checked_add(by).ok()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, OpenOptions};
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;
    use crate::logs::segment::Segment;
    use crate::source::logs::file::watch::{Wake, Woken, watch};

    /// A folder, a follower of files in it, and what it said. Time passes when told to.
    struct Desk {
        dir: TempDir,
        follower: Follower,
        watch: Watch,
        _wake: Wake,
        now: Timestamp,
        segments: Vec<Segment>,
    }

    impl Desk {
        fn new(patterns: &[&str], lines: usize, prepare: impl FnOnce(&Path)) -> Self {
            let dir = tempfile::tempdir().unwrap();
            prepare(dir.path());
            let patterns = patterns
                .iter()
                .map(|p| Pattern::parse(&format!("{}/{p}", dir.path().display()), None).unwrap())
                .collect();
            let follower = Follower::new(patterns, Zone::default(), lines);
            let now = "2026-11-22T03:12:00Z".parse().unwrap();
            let (wake, watch) = watch().unwrap();
            let mut desk = Self { dir, follower, watch, _wake: wake, now, segments: Vec::new() };
            desk.pass(0);
            desk
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn append(&self, name: &str, bytes: &[u8]) {
            append(&self.path(name), bytes);
        }

        fn rename(&self, from: &str, to: &str) {
            fs::rename(self.path(from), self.path(to)).unwrap();
        }

        /// Lets seconds pass, and whatever is due happen.
        fn pass(&mut self, seconds: i64) {
            let end = self.now + SignedDuration::from_secs(seconds);
            loop {
                let wait = self.turn();
                if wait.is_zero() {
                    continue;
                }
                if later(self.now, wait) > end {
                    break;
                }
                self.now = later(self.now, wait);
            }
            self.now = end;
        }

        fn turn(&mut self) -> Duration {
            let segments = &mut self.segments;
            let mut sink = |segment| {
                segments.push(segment);
                ControlFlow::Continue(())
            };
            if let Woken::Changed(paths) = self.watch.wait(Duration::ZERO) {
                self.follower.changed(&paths);
            }
            let turn = self.follower.turn(self.now, &mut self.watch, &mut sink);
            let ControlFlow::Continue(wait) = turn else { panic!() };
            wait
        }

        fn all(&self, notes: bool) -> Vec<String> {
            let lines = self.segments.iter().flat_map(|s| (0..s.lines()).map(move |line| (s, line)));
            lines
                .filter(|(s, line)| s.is_note(*line) == notes)
                .map(|(s, line)| String::from_utf8_lossy(s.line(line)).into_owned())
                .collect()
        }

        fn lines(&self) -> Vec<String> {
            self.all(false)
        }

        fn notes(&self) -> String {
            self.all(true).join("|")
        }

        fn open_files(&self) -> usize {
            self.follower.tails.values().map(|followed| followed.tail.open_files()).sum()
        }

        fn troubles(&self) -> String {
            let what = |t: Failure| String::from_utf8_lossy(t.what.as_bytes()).into_owned();
            let root = format!("{}/", self.dir.path().display());
            self.follower.troubles().into_iter().map(what).collect::<Vec<_>>().join("|").replace(&root, "")
        }
    }

    fn append(path: &Path, bytes: &[u8]) {
        OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    fn pack(path: &Path, text: &str) {
        let mut encoder = GzEncoder::new(File::create(path).unwrap(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }

    #[test]
    fn a_file_grows_and_a_line_waits_for_its_end() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"old\nha"));
        assert_eq!(desk.lines(), ["old"]);
        desk.append("app.log", b"lf\r\ncaf\xe9");
        desk.pass(1);
        assert_eq!(desk.lines(), ["old", "half"]);
        desk.pass(3);
        assert_eq!(
            desk.lines(),
            ["old", "half", "caf\u{fffd}"],
            "an end that does not come is not waited for"
        );
        desk.append("app.log", b" more\n");
        desk.pass(1);
        assert_eq!(desk.lines()[3], " more");
        assert!(desk.follower.is_reading());
        assert_eq!((desk.troubles(), desk.notes()), (String::new(), String::new()));
        assert_eq!(desk.segments[0].stream().as_str().unwrap(), desk.path("app.log").to_str().unwrap());
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "what was not tried has to be told")]
    fn a_quiet_file_is_not_looked_at_and_yet_read_at_once() {
        let mut desk = Desk::new(&["app.log", "missing.log"], 10, |dir| append(&dir.join("app.log"), b"1\n"));
        desk.pass(6);
        let path = desk.path("app.log");
        let Some(due) = desk.follower.tails.get(&path).filter(|f| f.watched.is_some()).map(|f| f.due) else {
            let folder = std::env::temp_dir();
            println!("skipped: 1 comparison, {} is on no file system that can be watched", folder.display());
            return;
        };
        assert!(due > later(desk.now, Duration::from_secs(5)), "it is looked at");
        desk.append("app.log", b"2\n");
        desk.pass(0);
        assert_eq!(desk.lines(), ["1", "2"]);
        desk.pass(6);
        desk.rename("app.log", "app.log.1");
        desk.append("app.log", b"3\n");
        desk.pass(0);
        assert_eq!(desk.lines(), ["1", "2", "3"]);
        // The rotated file is read on for a while; then the new one is watched as the old one was.
        desk.append("app.log.1", b"late\n");
        desk.pass(20);
        desk.append("app.log", b"4\n");
        desk.pass(0);
        assert_eq!(desk.lines(), ["1", "2", "3", "late", "4"]);
        desk.pass(6);
        desk.append("missing.log", b"new\n");
        desk.pass(1);
        assert_eq!(desk.lines()[5], "new");
        fs::remove_file(desk.path("app.log")).unwrap();
        desk.pass(0);
        assert!(desk.troubles().contains("app.log: no such file"), "{}", desk.troubles());
    }

    #[test]
    fn rotation_by_rename_loses_nothing_not_even_what_is_written_late() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"1\n"));
        let mut writer = OpenOptions::new().append(true).open(desk.path("app.log")).unwrap();
        writer.write_all(b"2\n").unwrap();
        desk.rename("app.log", "app.log.1");
        writer.write_all(b"3\n").unwrap();
        desk.pass(1);
        desk.append("app.log", b"4\n");
        desk.pass(1);
        writer.write_all(b"5\n").unwrap();
        desk.pass(3);
        assert_eq!(desk.lines(), ["1", "2", "3", "4", "5"]);
        desk.pass(20);
        assert_eq!(desk.lines().len(), 5);
        assert_eq!(desk.troubles(), "");
    }

    #[test]
    fn files_that_came_and_went_between_two_looks_are_read() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"1\n"));
        for (text, changed) in [(&b"2\n"[..], 10), (b"3\n", 20), (b"4\n", 30)] {
            for (from, to) in
                [("app.log.2", "app.log.3"), ("app.log.1", "app.log.2"), ("app.log", "app.log.1")]
            {
                if desk.path(from).exists() {
                    desk.rename(from, to);
                }
            }
            let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
            File::options().write(true).open(desk.path("app.log.1")).unwrap().set_modified(at).unwrap();
            desk.append("app.log", text);
        }
        desk.pass(1);
        assert_eq!(desk.lines(), ["1", "2", "3", "4"]);
    }

    /// Renames `app.log` to `app.log.1` and what is there before it one further, `keep` at most.
    fn rotate(desk: &Desk, keep: usize, changed: u64) {
        for number in (1..keep).rev() {
            let from = desk.path(&format!("app.log.{number}"));
            if from.exists() {
                fs::rename(from, desk.path(&format!("app.log.{}", number + 1))).unwrap();
            }
        }
        desk.rename("app.log", "app.log.1");
        let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(changed);
        File::options().write(true).open(desk.path("app.log.1")).unwrap().set_modified(at).unwrap();
    }

    /// A turn each 7 seconds: whoever takes the lines is slow.
    fn turns_of_a_slow_reader(desk: &mut Desk, turns: usize) {
        for _ in 0..turns {
            desk.turn();
            desk.now = later(desk.now, Duration::from_secs(7));
        }
    }

    fn numbered(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|n| format!("{n} {}", "x".repeat(1000))).collect()
    }

    #[test]
    fn rotated_files_are_read_to_their_end_however_slow_the_reader_is() {
        for files in [3, 20] {
            let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b""));
            for file in 0..files {
                // Five pieces each.
                let text = numbered(file * 1200..(file + 1) * 1200).join("\n");
                desk.append("app.log", format!("{text}\n").as_bytes());
                turns_of_a_slow_reader(&mut desk, 1);
                rotate(&desk, 40, file as u64);
                desk.append("app.log", b"");
                turns_of_a_slow_reader(&mut desk, 1);
                assert!(desk.open_files() <= 9, "{} files are open", desk.open_files());
            }
            turns_of_a_slow_reader(&mut desk, files * 5);
            assert!(
                desk.lines() == numbered(0..files * 1200),
                "{} lines of {files} files",
                desk.lines().len()
            );
            assert_eq!((desk.notes(), desk.open_files()), (String::new(), 1));
        }
    }

    #[test]
    fn any_number_of_files_that_came_and_went_between_two_looks_is_read_in_order() {
        // With `keep` of 20 the file that was open is still there, with 14 it is deleted.
        for keep in [20, 14] {
            let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"0\n"));
            for number in 1..=14 {
                rotate(&desk, keep, number);
                desk.append("app.log", format!("{number}\n").as_bytes());
            }
            if keep == 14 {
                rotate(&desk, keep, 15);
                desk.append("app.log", b"15\n");
            }
            desk.pass(1);
            let expected: Vec<String> = (0..desk.lines().len()).map(|n| n.to_string()).collect();
            assert_eq!(desk.lines(), expected);
            assert_eq!((expected.len(), desk.notes()), (if keep == 14 { 16 } else { 15 }, String::new()));
            desk.pass(20);
            assert_eq!((desk.lines().len(), desk.open_files()), (expected.len(), 1));
        }
    }

    #[test]
    fn files_that_are_deleted_before_their_turn_are_counted() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"0\n"));
        for number in 1..=14 {
            rotate(&desk, 20, number);
            // The oldest are long, so that the others wait.
            let text = numbered(0..if number == 1 { 600 } else { 1 }).join("\n");
            desk.append("app.log", format!("{text}\n").as_bytes());
        }
        desk.now = later(desk.now, BUSY);
        desk.turn();
        // What is open can be read although it has no name any more.
        for number in 1..=14 {
            fs::remove_file(desk.path(&format!("app.log.{number}"))).unwrap();
        }
        desk.pass(10);
        let bytes = numbered(0..1)[0].len() + 1;
        let notes = desk.notes();
        let lost = 1 + 600 + 13 - desk.lines().len();
        assert!((2..=6).contains(&lost), "{lost}");
        assert_eq!(
            notes,
            format!("rotated files gone before their turn: {lost}, {} bytes not shown", lost * bytes)
        );
    }

    #[test]
    fn rotation_by_truncation_finds_the_rest_in_the_copy() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"1\n"));
        desk.append("app.log", b"2 not read ye");
        desk.pass(1);
        desk.append("app.log", b"t\n3\n");
        fs::copy(desk.path("app.log"), desk.path("app.log.1")).unwrap();
        File::options().write(true).open(desk.path("app.log")).unwrap().set_len(0).unwrap();
        desk.append("app.log", b"4\n");
        desk.pass(1);
        assert_eq!(desk.lines(), ["1", "2 not read yet", "3", "4"]);
        assert_eq!(desk.notes(), "");
        desk.pass(20);
        assert_eq!(desk.lines().len(), 4);
    }

    #[test]
    fn a_cut_without_a_copy_is_said() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"1\n2\n"));
        File::options().write(true).open(desk.path("app.log")).unwrap().set_len(0).unwrap();
        desk.append("app.log", b"3\n");
        desk.pass(1);
        assert_eq!(desk.lines(), ["1", "2", "3"]);
        assert!(desk.notes().contains("was cut"), "{}", desk.notes());
    }

    #[test]
    fn the_past_is_read_from_rotated_files_too_within_bounds() {
        let prepare = |dir: &Path| {
            pack(&dir.join("app.log.2.gz"), "1\n2\n3\n");
            append(&dir.join("app.log.1"), b"4\n5\n");
            append(&dir.join("app.log"), b"6\n7\n");
            for (name, at) in [("app.log.2.gz", 10), ("app.log.1", 20)] {
                let at = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(at);
                File::options().write(true).open(dir.join(name)).unwrap().set_modified(at).unwrap();
            }
        };
        for (lines, expected) in [
            (100, &["1", "2", "3", "4", "5", "6", "7"][..]),
            (5, &["3", "4", "5", "6", "7"]),
            (1, &["7"]),
            (0, &[]),
        ] {
            let mut desk = Desk::new(&["app.log*"], lines, prepare);
            assert_eq!(desk.lines(), expected);
            desk.append("app.log", b"8\n");
            desk.pass(1);
            assert_eq!(desk.lines().last().unwrap(), "8");
            assert_eq!(desk.lines().len(), expected.len() + 1);
        }
        let desk = Desk::new(&["app.log"], 100, |dir| {
            append(&dir.join("app.log"), b"2\n");
            append(&dir.join("app.log.1.zst"), b"x");
        });
        assert!(desk.notes().contains("only .gz"), "{}", desk.notes());
    }

    #[test]
    fn new_files_appear_and_renamed_ones_are_not_read_again() {
        let mut desk = Desk::new(&["*.log*"], 10, |dir| append(&dir.join("a.log"), b"a1\n"));
        desk.append("b.log", b"b1\nb2\n");
        desk.pass(3);
        assert_eq!(desk.lines(), ["a1", "b1", "b2"]);
        desk.rename("a.log", "a.log.old");
        desk.append("a.log", b"a2\n");
        desk.pass(30);
        fs::remove_file(desk.path("b.log")).unwrap();
        desk.pass(30);
        assert_eq!(desk.lines(), ["a1", "b1", "b2", "a2"]);
        // Whoever still writes to the renamed file is followed under its new name.
        desk.append("a.log.old", b"late\n");
        desk.pass(3);
        assert_eq!(desk.lines(), ["a1", "b1", "b2", "a2", "late"]);
        assert_eq!((desk.follower.tails.len(), desk.troubles()), (2, String::new()));
    }

    #[test]
    fn what_is_missing_is_named_until_it_comes() {
        let mut desk =
            Desk::new(&["app.log", "*.txt", "folder"], 10, |dir| fs::create_dir(dir.join("folder")).unwrap());
        assert_eq!(
            desk.troubles(),
            "no file matches *.txt|open app.log: no such file|open folder: it is a directory"
        );
        assert!(!desk.follower.is_reading());
        desk.append("app.log", b"1\n");
        desk.append("a.txt", b"2\n");
        fs::remove_dir(desk.path("folder")).unwrap();
        desk.append("folder", b"3\n");
        desk.pass(5);
        let mut lines = desk.lines();
        lines.sort();
        assert_eq!((lines, desk.troubles()), (vec!["1".into(), "2".into(), "3".into()], String::new()));
        fs::remove_file(desk.path("app.log")).unwrap();
        desk.pass(1);
        assert_eq!(desk.troubles(), "open app.log: no such file");
        desk.pass(20);
        assert_eq!(
            desk.follower.tails.values().filter(|f| f.tail.is_over()).count(),
            1,
            "a deleted file is closed"
        );
        desk.append("app.log", b"4\n");
        desk.pass(3);
        assert_eq!((desk.lines().len(), desk.troubles()), (4, String::new()));
    }

    #[test]
    fn a_file_that_is_moved_away_is_read_on_and_not_again_when_it_comes_back() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"1\n"));
        desk.rename("app.log", "elsewhere");
        desk.pass(60);
        desk.append("elsewhere", b"2\n");
        desk.pass(60);
        assert_eq!(desk.lines(), ["1", "2"]);
        desk.rename("elsewhere", "app.log");
        desk.append("app.log", b"3\n");
        desk.pass(60);
        assert_eq!(desk.lines(), ["1", "2", "3"]);
    }

    #[test]
    fn binary_data_is_named_and_counted_and_text_after_it_is_read() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"text\n"));
        desk.append("app.log", &[0; 5000]);
        desk.pass(1);
        assert_eq!(desk.troubles(), "app.log: binary data, 5000 bytes not shown");
        desk.append("app.log", b"\ntext again\n");
        desk.pass(1);
        assert_eq!(desk.lines(), ["text", "", "text again"]);
        assert!(desk.notes().contains("5000 bytes"), "{}", desk.notes());
        assert_eq!(desk.troubles(), "");
        // What a writer without O_APPEND leaves after copytruncate.
        File::options().write(true).open(desk.path("app.log")).unwrap().set_len(0).unwrap();
        desk.append("app.log", &[&[0; 4000][..], b"after the hole\n"].concat());
        desk.pass(1);
        assert_eq!(desk.lines().last().unwrap(), "after the hole");
        assert!(desk.notes().contains("4000 NUL"), "{}", desk.notes());
        let desk = Desk::new(&["utf16"], 10, |dir| {
            append(
                &dir.join("utf16"),
                &"some text\n".repeat(9).encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
            );
        });
        assert!(desk.troubles().contains("binary"), "{}", desk.troubles());
    }

    #[test]
    fn the_lines_around_binary_data_are_shown() {
        let lines = numbered(0..40);
        let (before, after) = lines.split_at(20);
        let text = |lines: &[String]| format!("{}\n", lines.join("\n"));
        let all = [text(before).as_bytes(), &[0; 8192], text(after).as_bytes()].concat();
        let started = Desk::new(&["app.log"], 100, |dir| append(&dir.join("app.log"), &all));
        let mut followed = Desk::new(&["app.log"], 100, |dir| append(&dir.join("app.log"), b""));
        followed.append("app.log", &all);
        followed.pass(1);
        for desk in [started, followed] {
            assert!(desk.lines() == lines, "{} lines", desk.lines().len());
            assert_eq!(
                desk.notes(),
                format!(
                    "binary data from byte {} on, not shown|text again; 8192 bytes of binary data were not shown",
                    text(before).len()
                )
            );
            assert_eq!(desk.troubles(), "");
        }
    }

    #[test]
    fn compressed_data_is_binary_and_other_encodings_and_separators_are_not() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"text\n"));
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        });
        let noise: Vec<u8> = noise.take(50_000).collect();
        desk.append("app.log", &noise);
        desk.pass(1);
        assert_eq!(desk.troubles(), "app.log: binary data, 50000 bytes not shown");
        let texts: [&[u8]; 3] = [
            &b"8=FIX.4.4\x019=65\x0135=A\x0149=BUY\n".repeat(9),
            &b"\xef\xd4\xcb\xc1\xda \xd3\xc5\xd4\xc9\n".repeat(9),
            &b"\x1b[31mred\x1b[0m\x08\x0c\n".repeat(9),
        ];
        for text in texts {
            let desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), text));
            assert_eq!((desk.lines().len(), desk.troubles()), (9, String::new()));
        }
    }

    #[test]
    fn a_file_of_a_pattern_that_is_deleted_says_so_in_its_stream() {
        let mut desk = Desk::new(&["*.log"], 10, |dir| {
            append(&dir.join("a.log"), b"1\n");
            append(&dir.join("b.log"), b"2\n");
        });
        fs::remove_file(desk.path("a.log")).unwrap();
        desk.pass(60);
        assert_eq!(desk.notes(), "the file is gone; this is the last of it");
        append(&desk.path("a.log"), b"3\n");
        desk.pass(60);
        assert_eq!(desk.lines(), ["1", "2", "3"]);
    }

    #[test]
    fn a_long_line_and_a_flood_do_not_keep_others_waiting() {
        let mut desk = Desk::new(&["*.log"], 10, |dir| {
            append(&dir.join("a.log"), b"a\n");
            append(&dir.join("b.log"), b"b\n");
        });
        desk.append("a.log", &[&vec![b'x'; 10_000_000][..], b"\nend\n"].concat());
        desk.append("b.log", b"quick\n");
        desk.now = later(desk.now, BUSY);
        desk.turn();
        assert_eq!(desk.lines(), ["a", "b", "quick"]);
        desk.pass(1);
        let lines = desk.lines();
        assert_eq!((lines[3].len(), lines[4].as_str()), (64 * 1024, "end"));
        let cut: u64 = desk.segments.iter().map(Segment::cut).sum();
        assert_eq!(cut, 10_000_000 - 64 * 1024);
    }

    #[test]
    fn a_quiet_file_is_looked_at_seldom() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"1\n"));
        desk.pass(120);
        let mut turns = 0;
        let end = desk.now + SignedDuration::from_secs(60);
        while desk.now < end {
            let wait = desk.turn();
            desk.now = later(desk.now, wait);
            turns += 1;
        }
        assert!(turns <= 62, "{turns} turns a minute");
        desk.append("app.log", b"2\n");
        desk.pass(1);
        desk.pass(1);
        assert_eq!(desk.lines(), ["1", "2"]);
        desk.append("app.log", b"3\n");
        desk.follower.refresh();
        desk.turn();
        assert_eq!(desk.lines().len(), 3);
        // A clock that is set back stops nothing.
        desk.append("app.log", b"4\n");
        desk.now -= SignedDuration::from_hours(1);
        desk.turn();
        assert_eq!(desk.lines().len(), 4);
    }

    #[test]
    fn it_ends_when_nobody_listens() {
        let mut desk = Desk::new(&["app.log"], 10, |dir| append(&dir.join("app.log"), b"1\n"));
        desk.append("app.log", b"2\n");
        desk.now = later(desk.now, BUSY);
        assert!(desk.follower.turn(desk.now, &mut desk.watch, &mut |_| ControlFlow::Break(())).is_break());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Append(usize),
        Rename,
        CopyTruncate,
        Pass,
    }

    fn shift(desk: &Desk) {
        for number in (1..9).rev() {
            let from = desk.path(&format!("app.log.{number}"));
            if from.exists() {
                fs::rename(from, desk.path(&format!("app.log.{}", number + 1))).unwrap();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_rotated_each_line_comes_once_and_in_order(
            steps in proptest::collection::vec(prop_oneof![
                4 => (1_usize..40).prop_map(Step::Append),
                1 => Just(Step::Rename),
                1 => Just(Step::CopyTruncate),
                3 => Just(Step::Pass),
            ], 1..30),
        ) {
            let mut desk = Desk::new(&["app.log*"], 10, |dir| append(&dir.join("app.log"), b"line 0\n"));
            let mut written = vec!["line 0".to_owned()];
            // One rotation between two looks: more need modification times that a fast test
            // does not have. And a file of which nothing was read cannot be told from its copy.
            let mut rotated = false;
            let mut fresh = false;
            for step in steps {
                match step {
                    Step::Append(bytes) => {
                        let line = format!("line {} {}", written.len(), "x".repeat(bytes));
                        desk.append("app.log", format!("{line}\n").as_bytes());
                        written.push(line);
                        fresh = true;
                    }
                    Step::Rename if !rotated => {
                        shift(&desk);
                        desk.rename("app.log", "app.log.1");
                        desk.append("app.log", b"");
                        (rotated, fresh) = (true, false);
                    }
                    Step::CopyTruncate if !rotated => {
                        shift(&desk);
                        fs::copy(desk.path("app.log"), desk.path("app.log.1")).unwrap();
                        File::options().write(true).open(desk.path("app.log")).unwrap().set_len(0).unwrap();
                        (rotated, fresh) = (true, false);
                    }
                    Step::Pass => {
                        desk.pass(1);
                        rotated &= !fresh;
                    }
                    _ => {}
                }
            }
            desk.pass(3);
            prop_assert_eq!(desk.lines(), written);
        }
    }
}
