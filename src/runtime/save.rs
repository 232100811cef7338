//! Lines that are saved to a file, on a thread where nobody waits for the disk. Those of files that are not in
//! memory are asked of the file's source, some pieces ahead: what is held does not grow with the file.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::future::Future;
use std::io;
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::logs::extract::{Extract, Unread, Written};
use crate::logs::segment::Segment;
use crate::model::text::{RawText, SafeText};
use crate::pane::effect::{Msg, Save};
use crate::safe;
use crate::source::outlet::{Request, Taker};
use crate::store::error::path_text;
use crate::store::export;
use crate::ui::number::{grouped, size};

/// Bytes of lines that are asked for before they are needed: two turns of a source on a machine with two cores.
const AHEAD: usize = 4 << 20;
/// How often it is told how far it is.
const TOLD: Duration = Duration::from_millis(250);
/// Lines between two looks at whether they are still wanted.
const LOOK: u64 = 1000;

/// Where sources are asked, by their names.
type Sources = Arc<HashMap<RawText, mpsc::Sender<Request>>>;

/// Has lines saved, and stops that.
pub(super) struct Saves {
    sources: Sources,
    answers: mpsc::Sender<Msg>,
    /// Of the last save; without its sender nobody wants it.
    unwanted: Option<watch::Sender<bool>>,
    /// Held by who saves.
    busy: mpsc::Sender<()>,
}

impl Saves {
    /// Of lines that may have to be had from these sources. What comes with it ends when this is gone and
    /// nothing is being written any more.
    pub(super) fn new(sources: Sources, answers: mpsc::Sender<Msg>) -> (Self, impl Future<Output = ()>) {
        let (busy, mut idle) = mpsc::channel(1);
        (
            Self { sources, answers, unwanted: None, busy },
            async move { idle.recv().await.unwrap_or_default() },
        )
    }

    /// Begins to save; what came of it is told.
    pub(super) fn begin(&mut self, save: Save) {
        let (unwanted, is_unwanted) = watch::channel(false);
        self.unwanted = Some(unwanted);
        let (answers, busy) = (self.answers.clone(), self.busy.clone());
        let desk = Desk {
            sources: Arc::clone(&self.sources),
            answers: answers.clone(),
            unwanted: is_unwanted,
            waits: Handle::current(),
        };
        tokio::spawn(async move {
            let saved = tokio::task::spawn_blocking(move || {
                let said = desk.save(&save);
                drop(busy);
                said
            });
            let said = saved.await.unwrap_or_else(|_| "Nothing was saved: midwatch failed.".into());
            drop(answers.send(Msg::Saved(said)).await);
        });
    }

    /// Stops it.
    pub(super) fn stop(&self) {
        if let Some(unwanted) = &self.unwanted {
            unwanted.send_replace(true);
        }
    }
}

/// Who saves, and tells how far it is.
struct Desk {
    sources: Sources,
    answers: mpsc::Sender<Msg>,
    /// Whether it is not wanted any more. One whose sender is gone is not either.
    unwanted: watch::Receiver<bool>,
    waits: Handle,
}

impl Desk {
    /// Writes lines to a new file, and says how many and where, or why not.
    fn save(self, save: &Save) -> SafeText {
        let path = place(&save.path, std::env::var_os("HOME").as_deref());
        let unwanted = self.unwanted.clone();
        let mut reader = Reader::new(self, &save.lines);
        let mut lines = 0;
        let written = export::write(&path, |to| {
            save.lines.write(
                |part| reader.get(part),
                |line| {
                    lines += 1;
                    if lines % LOOK == 0 && is_unwanted(&unwanted) {
                        return Err(unwanted_error());
                    }
                    to.put(line)
                },
            )
        });
        match written {
            Ok(written) => said(&written, &path),
            Err(_) if is_unwanted(&unwanted) => safe!("Stopped: nothing was saved to {}.", path_text(&path)),
            Err(error) => safe!("Nothing was saved: {}.", error.sentence()),
        }
    }
}

/// What is said of what was written.
fn said(written: &Written, path: &Path) -> SafeText {
    let lines =
        |count| safe!("{} {}", grouped(count), SafeText::literal(if count == 1 { "line" } else { "lines" }));
    let mut said = safe!("Saved {} ({}) to {}.", lines(written.lines), size(written.bytes), path_text(path));
    if written.missing > 0 {
        said.push(&safe!(" {} more could not be read again: the file has changed.", lines(written.missing)));
    } else if written.pieces > 0 {
        said.push(&" Some lines around hits could not be read again: the file has changed.".into());
    }
    if written.cut > 0 {
        said.push(&safe!(" {} of lines above 64 KiB are not in it.", size(written.cut)));
    }
    said
}

fn is_unwanted(unwanted: &watch::Receiver<bool>) -> bool {
    *unwanted.borrow() || unwanted.has_changed().is_err()
}

fn unwanted_error() -> io::Error {
    io::Error::other("stopped")
}

/// Has lines of files read.
struct Reader<'a> {
    desk: Desk,
    parts: usize,
    /// The parts that are not here.
    unread: BTreeMap<usize, Unread<'a>>,
    /// Those of them that were not asked for yet come after this one.
    planned: Option<usize>,
    asked: BTreeMap<usize, mpsc::Receiver<Arc<Segment>>>,
    told: Instant,
}

impl<'a> Reader<'a> {
    fn new(desk: Desk, lines: &'a Extract) -> Self {
        let unread = lines.unread().map(|unread| (unread.part, unread));
        Self {
            desk,
            parts: lines.parts(),
            unread: unread.collect(),
            planned: None,
            asked: BTreeMap::new(),
            told: Instant::now(),
        }
    }

    /// The lines of a part; `None` where they cannot be had.
    fn get(&mut self, part: usize) -> io::Result<Option<Arc<Segment>>> {
        self.tell(part);
        if !self.asked.contains_key(&part) {
            self.ask(part)?;
        }
        while self.asked.keys().filter_map(|part| Some(self.unread.get(part)?.bytes)).sum::<usize>() < AHEAD
            && let Some((next, _)) = self
                .unread
                .range((self.planned.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
                .next()
        {
            self.ask(*next)?;
        }
        for is_again in [false, true] {
            if is_again {
                // A file that was cut is opened anew, and what is left of it can still be had.
                self.ask(part)?;
            }
            let Some(mut answer) = self.asked.remove(&part) else { break };
            if let Some(lines) = self.desk.wait(answer.recv())? {
                return Ok(Some(lines));
            }
        }
        Ok(None)
    }

    fn ask(&mut self, part: usize) -> io::Result<()> {
        self.planned = self.planned.max(Some(part));
        let Some(Unread { source, piece, .. }) = self.unread.get(&part) else { return Ok(()) };
        let Some(source) = self.desk.sources.get(*source).cloned() else { return Ok(()) };
        let (taker, answer) = Taker::new();
        // A source that is gone drops the taker.
        drop(self.desk.wait(source.send(Request::Lend(*piece, taker)))?);
        self.asked.insert(part, answer);
        Ok(())
    }

    fn tell(&mut self, part: usize) {
        if self.told.elapsed() >= TOLD {
            self.told = Instant::now();
            let percent = u8::try_from((part * 100).checked_div(self.parts).unwrap_or(0)).unwrap_or(100);
            // A loop that has much to do is told again.
            drop(self.desk.answers.try_send(Msg::Saving(percent)));
        }
    }
}

impl Desk {
    /// Waits as long as the lines are wanted.
    fn wait<T>(&mut self, work: impl Future<Output = T>) -> io::Result<T> {
        let Self { waits, unwanted, .. } = self;
        waits.block_on(async {
            tokio::select! {
                biased;
                _ = unwanted.wait_for(|unwanted| *unwanted) => Err(unwanted_error()),
                done = work => Ok(done),
            }
        })
    }
}

/// The path as a shell would take it: `~/` is the home folder.
fn place(typed: &RawText, home: Option<&OsStr>) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(typed.as_bytes()));
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => Path::new(home).join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::fs;
    use std::io::Write as _;
    use std::ops::ControlFlow;

    use jiff::Timestamp;

    use super::*;
    use crate::logs::archive::FileSays;
    use crate::logs::buffer::Buffer;
    use crate::logs::format::Formats;
    use crate::logs::merge::{Merged, Wanted};
    use crate::logs::piece::{EVERY_LINE, PIECE};
    use crate::logs::query::Query;
    use crate::logs::record::{self, Text, Unit};
    use crate::logs::search::Search;
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;
    use crate::runtime::sweep::{Input, sweep};
    use crate::source::Adapter as _;
    use crate::source::logs::archive::ArchiveConfig;
    use crate::source::outlet::{Intake, Report};

    fn now() -> Timestamp {
        Timestamp::from_second(1_796_000_000).unwrap()
    }

    /// Files that are known, with little room for their lines.
    struct Files {
        dir: tempfile::TempDir,
        sources: Sources,
        buffer: Buffer,
        search: Option<Search>,
    }

    /// Writes a file of this many pieces whose lines are of every second second, from `from` on.
    fn file(path: &Path, pieces: usize, from: i64) {
        let mut text = String::new();
        let mut second = from;
        while text.len() < pieces * PIECE - 100 {
            let at = Timestamp::from_second(1_795_000_000 + second).unwrap();
            let word = if second % 7 == 0 { "deadlock" } else { "commit" };
            writeln!(text, "{at} INFO {word} {second:.<40}").unwrap();
            second += 2;
        }
        fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    impl Files {
        async fn of(names: &[&str], query: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (from, name) in (0..).zip(names) {
                file(&dir.path().join(name), 8, from);
            }
            let mut intake = Intake::default();
            let mut sources = HashMap::new();
            for name in names {
                let config = ArchiveConfig { path: dir.path().join(name), timezone: None };
                let (outlet, ask) = intake.outlet((*name).into(), Arc::new(now));
                tokio::spawn(config.source().run(outlet));
                sources.insert((*name).into(), ask);
            }
            let query = Query::parse(query, now()).unwrap();
            let mut search = (!query.is_empty()).then(|| Search::new(query));
            let mut buffer = Buffer::new(4 << 20);
            let mut left = names.len();
            while left > 0 {
                let Report::File(news) = intake.next().await else { continue };
                match news.what {
                    FileSays::Opened(pieces, _) => {
                        buffer.open(&news.stream, &news.source, pieces, false);
                    }
                    FileSays::Piece { index, lines, .. } => {
                        let part = buffer.put(index, &lines, false).unwrap();
                        if let Some(search) = &mut search {
                            search.look_at(&buffer, part);
                        }
                        buffer.forget_read();
                    }
                    FileSays::Unknown(0) => left -= 1,
                    _ => {}
                }
            }
            // The loop goes on taking what they say.
            tokio::spawn(async move {
                loop {
                    intake.next().await;
                }
            });
            Self { dir, sources: Arc::new(sources), buffer, search }
        }

        fn extract(&self, around: usize) -> Extract {
            let wanted = Wanted::default();
            let merged = Merged { buffer: &self.buffer, search: self.search.as_ref(), wanted: &wanted };
            Extract::of(&merged, around, &BTreeSet::new())
        }

        /// Saves, and gives what is said and what was written.
        async fn save(&self, lines: Extract) -> (String, Vec<u8>) {
            let path = self.dir.path().join("out");
            let (answers, mut told) = mpsc::channel(64);
            let (mut saves, _) = Saves::new(Arc::clone(&self.sources), answers);
            let typed = RawText::from_bytes(path.as_os_str().as_bytes());
            saves.begin(Save { path: typed, lines: Arc::new(lines) });
            let said = saved(&mut told).await.replace(path.to_str().unwrap(), "OUT");
            let written = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            (said, written)
        }

        /// What `midwatch logs query` prints of a file.
        fn found(&self, name: &str, query: &str) -> Vec<u8> {
            let query = Query::parse(query, now()).unwrap();
            let (formats, zone) = (Formats::default(), Zone::default());
            let work = |piece: crate::logs::piece::Piece<'_>| {
                let mut found = Vec::new();
                let (stream, now) = (name.as_bytes(), now());
                let text =
                    Text { bytes: piece.bytes, stream, formats: &formats, zone: &zone, now, before: None };
                let each = |_, record: &record::Found<'_>| {
                    found.extend_from_slice(record.bytes());
                    found.push(b'\n');
                };
                text.search(&query, Unit::Record, each, |_| {});
                found
            };
            let mut all = Vec::new();
            let take = |found: Vec<u8>| {
                all.extend_from_slice(&found);
                ControlFlow::Continue(())
            };
            sweep(&Input::open(&self.dir.path().join(name)).unwrap(), EVERY_LINE, work, take).unwrap();
            all
        }
    }

    /// What is said at the end.
    async fn saved(told: &mut mpsc::Receiver<Msg>) -> String {
        loop {
            match tokio::time::timeout(Duration::from_secs(60), told.recv()).await.unwrap().unwrap() {
                Msg::Saved(said) => return said.as_str().to_owned(),
                Msg::Saving(percent) => assert!(percent <= 100),
                other => panic!("{other:?}"),
            }
        }
    }

    fn lines(text: &[u8]) -> Vec<&[u8]> {
        text.split_inclusive(|byte| *byte == b'\n').collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_of_a_file_is_saved_as_it_is_and_memory_is_not_needed_for_it() {
        let files = Files::of(&["a.log"], "").await;
        let extract = files.extract(0);
        assert!(extract.unread().count() >= 5, "{}", extract.unread().count());
        let (said, written) = files.save(extract).await;
        let whole = fs::read(files.dir.path().join("a.log")).unwrap();
        assert!(written == whole);
        let count = grouped(lines(&whole).len() as u64);
        assert_eq!(said, format!("Saved {} lines (2.0 MB) to OUT.", count.as_str()));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_filter_sees_in_two_files_is_saved_by_time_and_is_what_the_command_prints() {
        for query in ["deadlock", "level>=info -deadlock"] {
            let files = Files::of(&["a.log", "b.log"], query).await;
            let (said, written) = files.save(files.extract(0)).await;
            let (a, b) = (files.found("a.log", query), files.found("b.log", query));
            // A line begins with its time.
            let mut expected: Vec<_> = lines(&a).into_iter().chain(lines(&b)).collect();
            expected.sort_unstable();
            assert!(lines(&written) == expected, "{query}");
            assert!(expected.len() > 5000 && said.ends_with("to OUT."), "{said}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_around_hits_is_saved_too() {
        let files = Files::of(&["a.log", "b.log"], "/deadlock 7.0*$/").await;
        let (_, none) = files.save(files.extract(0)).await;
        assert_eq!(none, b"");
        let files = Files::of(&["a.log", "b.log"], "/ deadlock .*21021[.]/ | /42[.]/").await;
        let (_, hits) = files.save(files.extract(0)).await;
        let (_, around) = files.save(files.extract(1)).await;
        let (a, b) = (files.found("a.log", ""), files.found("b.log", ""));
        let mut all: Vec<_> = lines(&a).into_iter().chain(lines(&b)).collect();
        all.sort_unstable();
        let hits: BTreeSet<_> = lines(&hits).into_iter().collect();
        assert!(!hits.is_empty());
        let near = |at: usize| (at.saturating_sub(1)..all.len().min(at + 2)).any(|at| hits.contains(all[at]));
        let expected: Vec<_> = (0..all.len()).filter(|at| near(*at)).map(|at| all[at]).collect();
        assert!(lines(&around) == expected);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_left_of_a_file_that_was_cut_is_saved_and_the_rest_counted() {
        let files = Files::of(&["a.log"], "").await;
        let extract = files.extract(0);
        let path = files.dir.path().join("a.log");
        let whole = fs::read(&path).unwrap();
        let unread: Vec<_> = extract.unread().map(|unread| unread.piece).collect();
        assert!([2, 3, 4].iter().all(|piece| unread.contains(piece)), "{unread:?}");
        fs::File::options().write(true).open(&path).unwrap().set_len(3 * PIECE as u64).unwrap();
        let (said, written) = files.save(extract).await;
        assert!(written.starts_with(&whole[..2 * PIECE]), "what can be had");
        let missing = lines(&whole).len() - lines(&written).len();
        assert!(missing > 0);
        let expected = format!("{} lines more could not", grouped(missing as u64).as_str());
        assert!(said.contains(&expected), "{expected}: {said}");
        let there: BTreeSet<_> = lines(&whole).into_iter().collect();
        assert!(lines(&written).iter().all(|line| there.contains(line)), "no half of a line");
    }

    fn in_memory() -> Extract {
        let mut buffer = Buffer::default();
        let mut builder = SegmentBuilder::new("a".into(), Zone::default());
        for line in [&b"one"[..], b"\x1b[31mtwo\xff", &b"x".repeat(70_000)] {
            builder.push(Line::from(line), Given::default(), Timestamp::UNIX_EPOCH);
        }
        buffer.push(Arc::new(builder.seal().unwrap()));
        let wanted = Wanted::default();
        Extract::of(&Merged { buffer: &buffer, search: None, wanted: &wanted }, 0, &BTreeSet::new())
    }

    #[tokio::test]
    async fn lines_are_counted_and_what_was_cut_off_and_what_is_there_already_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.log");
        let (answers, mut told) = mpsc::channel(4);
        let (mut saves, _) = Saves::new(Sources::default(), answers);
        let typed = RawText::from_bytes(path.as_os_str().as_bytes());
        let save = Save { path: typed, lines: Arc::new(in_memory()) };
        saves.begin(save.clone());
        let shown = path.display();
        let said = format!("Saved 3 lines (65.5 kB) to {shown}. 4.4 kB of lines above 64 KiB are not in it.");
        assert_eq!(saved(&mut told).await, said);
        assert!(fs::read(&path).unwrap().starts_with(b"one\n\x1b[31mtwo\xff\nxxx"));
        saves.begin(save);
        let expected = format!("Nothing was saved: cannot save to {shown}: it exists already.");
        assert_eq!(saved(&mut told).await, expected);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_stops_it_or_leaves_finds_nothing_behind() {
        let files = Files::of(&["a.log"], "").await;
        let dir = tempfile::tempdir().unwrap();
        let typed = RawText::from_bytes(dir.path().join("out").as_os_str().as_bytes());
        for leaves in [false, true] {
            let (answers, mut told) = mpsc::channel(4);
            // A source that is asked and says nothing.
            let (ask, mut asked) = mpsc::channel(64);
            let sources = Sources::new([("a.log".into(), ask)].into());
            let (mut saves, ended) = Saves::new(sources, answers);
            saves.begin(Save { path: typed.clone(), lines: Arc::new(files.extract(0)) });
            assert!(matches!(asked.recv().await, Some(Request::Lend(0, _))));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "it has begun");
            if leaves {
                drop(saves);
                ended.await;
            } else {
                saves.stop();
                let said = saved(&mut told).await;
                assert!(said.starts_with("Stopped: nothing was saved to "), "{said}");
            }
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_tilde_is_the_home_folder() {
        let of = |typed: &'static str| place(&typed.into(), Some(OsStr::new("/home/kim")));
        assert_eq!(of("~/a b.log"), Path::new("/home/kim/a b.log"));
        assert_eq!(of("a~/b.log"), Path::new("a~/b.log"));
    }
}
