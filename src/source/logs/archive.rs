//! The `archive` source: one file that is not taken in but looked at, piece by piece, as far as
//! somebody reads or searches it. What it holds is learnt from its end to its beginning. A pipe and a
//! packed file are taken in as a stream.

mod mining;
mod reading;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, Metadata};
use std::future::Future;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::task::JoinHandle;

use self::mining::Mine;
use super::access::failure;
use super::opened::{FRONT, Found, Opened, Positioned};
use super::slot::Slot;
use super::stream;
pub use super::stream::STANDARD_INPUT;
use crate::config::zone::Zone;
use crate::logs::archive::{Anew, FileSays, Sought};
use crate::logs::format::Formats;
use crate::logs::piece::Division;
use crate::logs::read::fill;
use crate::logs::stamp;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::model::update::Gives;
use crate::source::outlet::{Outlet, Request, Taker};
use crate::source::{Adapter, Source};

/// How often a file is looked at for what was done to it.
const LOOK: Duration = Duration::from_secs(1);
/// A file system that says nothing for so long is told of.
const HANGS: Duration = Duration::from_secs(10);
/// Bytes that one worker reads before it looks up.
const TURN: usize = 1024 * 1024;

/// Keys of an `archive` source.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveConfig {
    /// The file. It may be of any size: its lines are read where somebody looks, and what was added
    /// to it within a second. A pipe and what is packed with gzip are taken in from front to end, as
    /// far as `log_memory` holds them.
    pub path: PathBuf,
    /// The zone of times in the lines that name none, such as `Europe/Berlin`; UTC if not given.
    pub timezone: Option<Zone>,
}

/// Whether something is at this path, be it to be read or not.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

impl Adapter for ArchiveConfig {
    const KIND: &'static str = "archive";

    fn source(self) -> Arc<dyn Source> {
        Arc::new(ArchiveSource(self))
    }
}

struct ArchiveSource(ArchiveConfig);

impl Source for ArchiveSource {
    fn gives(&self) -> &'static [Gives] {
        &[Gives::Logs]
    }

    fn reads(&self) -> Vec<RawText> {
        vec![RawText::from_bytes(self.0.path.as_os_str().as_encoded_bytes())]
    }

    fn run(self: Arc<Self>, outlet: Outlet) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move { self.work(&outlet).await })
    }
}

impl ArchiveSource {
    async fn work(&self, outlet: &Outlet) {
        let path = &self.0.path;
        let mut anew = None;
        loop {
            let (opening, own) = (path.clone(), outlet.formats());
            let opening = tokio::task::spawn_blocking(move || Found::open(&opening, &own));
            let zone = self.0.timezone.as_ref().map(|Zone(zone)| stamp::Zone::new(zone.clone()));
            let mut is_there = true;
            match watched(opening, path, outlet).await {
                Ok(Found::Still(opened)) => {
                    let mut reader = Reader::new(path, *opened, zone.unwrap_or_default(), outlet);
                    outlet.alive(Vec::new());
                    anew = reader.work(anew).await;
                }
                Ok(Found::Stream(stream)) => {
                    let is_over = stream.ends();
                    match stream::take_in(stream, path, &zone.unwrap_or_default(), outlet).await {
                        Ok(()) if is_over => {
                            outlet.ended();
                            return std::future::pending().await;
                        }
                        Ok(()) => {}
                        Err(why) => {
                            // What came before stays; the same would come again.
                            outlet.failed(failure("read", path, &why));
                            return std::future::pending().await;
                        }
                    }
                }
                Err(why) => {
                    is_there = false;
                    outlet.failed(failure("open", path, &why));
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = refuse(outlet), if !is_there => {}
            }
        }
    }
}

/// Takes what is asked of a file that is not there.
async fn refuse(outlet: &Outlet) {
    loop {
        drop(outlet.asked().await);
    }
}

/// Waits for a thread that reads; says so when that takes long.
async fn watched<T>(mut work: JoinHandle<io::Result<T>>, path: &Path, outlet: &Outlet) -> io::Result<T> {
    let mut told = false;
    loop {
        match tokio::time::timeout(HANGS, &mut work).await {
            Ok(done) => {
                if told {
                    outlet.alive(Vec::new());
                }
                return done.unwrap_or_else(|panic| Err(io::Error::other(panic)));
            }
            Err(_) if !told => {
                told = true;
                let shown = path.display();
                let what = format!("read {shown}: nothing came for 10 s; the file system may hang");
                outlet.failed(Failure::new(FailureKind::Io, what));
            }
            Err(_) => {}
        }
    }
}

fn cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64)
}

/// Reads one opened file until it is another.
struct Reader<'a> {
    path: &'a Path,
    outlet: &'a Outlet,
    stream: RawText,
    zone: stamp::Zone,
    file: Arc<File>,
    _slot: Slot,
    formats: Formats,
    front: Vec<u8>,
    meta: Metadata,
    /// When the file was written to that has these pieces and those after them: a line without a time of its
    /// own keeps the one that it had when more is added.
    written: BTreeMap<u64, Timestamp>,
    /// Pieces that somebody looks for, the last asked first.
    asked: Vec<u64>,
    /// Pieces that somebody writes elsewhere, the first asked first.
    lent: VecDeque<(u64, Taker)>,
    /// What is looked for, and the piece before which it was not yet. What is not known is looked at
    /// when it is learnt.
    sought: Option<(Sought, u64)>,
    /// The search in force, which also lines that are read later are judged by.
    judges: Option<Sought>,
    /// What is mined.
    mine: Option<Mine>,
    /// Pieces without a time, and the first time after them; without one, when the file was written.
    undated: BTreeMap<u64, i64>,
    /// The first time in what is known.
    first: Option<i64>,
    division: Division,
    /// Pieces that are not known: from, to.
    unknown: (u64, u64),
    told_gone: bool,
    /// Why the file has to be read anew.
    anew: Option<Anew>,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, opened: Opened, zone: stamp::Zone, outlet: &'a Outlet) -> Self {
        let written = BTreeMap::from([(0, opened.modified())]);
        let Opened { file, meta, formats, front, slot } = opened;
        let division = Division::kept(meta.len());
        Self {
            path,
            outlet,
            stream: RawText::from_bytes(path.as_os_str().as_encoded_bytes()),
            zone,
            file: Arc::new(file),
            _slot: slot,
            formats,
            front,
            unknown: (0, division.pieces(meta.len())),
            division,
            meta,
            written,
            asked: Vec::new(),
            lent: VecDeque::new(),
            sought: None,
            judges: None,
            mine: None,
            undated: BTreeMap::new(),
            first: None,
            told_gone: false,
            anew: None,
        }
    }

    /// Pieces of the file as it was when last looked at.
    fn pieces(&self) -> u64 {
        self.division.pieces(self.meta.len())
    }

    /// Pieces that all cores read in one turn.
    fn portion(&self) -> u64 {
        self.division.of_bytes(TURN) * cores()
    }

    /// Reads until the file has to be opened again, and says why if its lines are others then.
    async fn work(&mut self, anew: Option<Anew>) -> Option<Anew> {
        self.outlet.file(&self.stream, FileSays::Opened(self.unknown.1, anew)).await;
        loop {
            let mines = self.mine.as_ref().is_some_and(|mine| !mine.todo.is_empty());
            let knows = self.unknown.0 >= self.unknown.1;
            let awaits = !self.asked.is_empty() || self.sought.is_some();
            let busy = awaits || !self.lent.is_empty() || !knows || mines;
            tokio::select! {
                biased;
                request = self.outlet.asked() => {
                    self.take(request);
                    continue;
                }
                () = std::future::ready(()), if busy => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            let done = if !awaits && !self.lent.is_empty() {
                self.lend().await
            } else if mines && knows && !awaits {
                self.dig().await
            } else if busy {
                self.turn().await
            } else {
                self.look().await
            };
            match done {
                Ok(true) => {}
                Ok(false) => return self.anew,
                Err(why) => {
                    self.outlet.failed(failure("read", self.path, &why));
                    return None;
                }
            }
        }
    }

    fn take(&mut self, request: Request) {
        match request {
            Request::Piece(index) => self.asked.push(index),
            Request::Lend(index, taker) => self.lent.push_back((index, taker)),
            Request::Seek(sought) => {
                self.judges = Some(sought.clone());
                self.sought = Some((sought, self.pieces()));
            }
            Request::Mine(order) => self.mine(order),
            Request::Refresh | Request::Fetch(_) => {}
        }
    }

    /// Reads some pieces, what somebody waits for first; false when the file is another.
    async fn turn(&mut self) -> io::Result<bool> {
        let (all, portion) = (self.pieces(), self.portion());
        // The end of a file, and the first hits of a search, are waited for too.
        let (pieces, sought, asked, awaited) = if let Some(index) = self.asked.pop() {
            (index..index + 1, None, true, true)
        } else if let Some((sought, left)) = &mut self.sought {
            let from = left.saturating_sub(portion).max(self.unknown.1);
            let range = from..*left;
            let is_first = *left == all;
            *left = from;
            (range, Some(sought.clone()), false, is_first)
        } else {
            let from = self.unknown.1.saturating_sub(portion).max(self.unknown.0);
            let range = from..self.unknown.1;
            let is_first = self.unknown.1 == all;
            self.unknown.1 = from;
            (range, None, false, is_first)
        };
        if self.sought.as_ref().is_some_and(|(_, left)| *left <= self.unknown.1) {
            self.sought = None;
        }
        let each = (pieces.end - pieces.start).div_ceil(cores()).max(1);
        let workers: Vec<_> = (0..cores())
            .map(|worker| {
                let from = pieces.start + worker * each;
                let query = sought.as_ref().map(|sought| Arc::clone(&sought.query));
                self.read(from.min(pieces.end)..(from + each).min(pieces.end), query)
            })
            .collect();
        let learns = !asked && sought.is_none();
        let mut ruled_out = Vec::new();
        let mut whole = true;
        for worker in workers.into_iter().rev() {
            let read = watched(worker, self.path, self.outlet).await?;
            whole &= !read.ended_early;
            for (index, lines) in read.pieces.into_iter().rev() {
                match lines {
                    Some(mut lines) => {
                        let judged = std::mem::take(&mut lines.judged);
                        let lines = self.date(index, lines, learns);
                        self.outlet.piece(index, lines, awaited).await;
                        if let Some(search) = self.judges.as_ref().filter(|_| !judged.is_empty()) {
                            let says = FileSays::Judged(search.number, index, judged);
                            self.outlet.file(&self.stream, says).await;
                        }
                    }
                    None => ruled_out.push(index),
                }
            }
        }
        if let Some(sought) = sought {
            self.outlet.file(&self.stream, FileSays::RuledOut(sought.number, ruled_out)).await;
        } else if learns {
            let unknown = self.unknown.1 - self.unknown.0;
            self.outlet.file(&self.stream, FileSays::Unknown(unknown)).await;
        }
        if !whole {
            self.anew = Some(Anew::Cut);
        }
        Ok(whole)
    }

    /// Reads some pieces for who writes them elsewhere; false when the file is another.
    async fn lend(&mut self) -> io::Result<bool> {
        self.lent.retain(|(_, taker)| !taker.is_gone());
        let most = usize::try_from(self.portion()).map_or(self.lent.len(), |most| most.min(self.lent.len()));
        let lent: Vec<_> = self.lent.drain(..most).collect();
        let each = lent.len().div_ceil(usize::try_from(cores()).unwrap_or(1)).max(1);
        let pieces: Vec<u64> = lent.iter().map(|(index, _)| *index).collect();
        let workers: Vec<_> = pieces.chunks(each).map(|pieces| self.read(pieces.to_vec(), None)).collect();
        let mut takers = lent.into_iter();
        let mut whole = true;
        for worker in workers {
            let read = watched(worker, self.path, self.outlet).await?;
            whole &= !read.ended_early;
            for ((index, lines), (_, taker)) in read.pieces.into_iter().zip(&mut takers) {
                if let Some(lines) = lines {
                    let lines = self.date(index, lines, false);
                    taker.give(self.outlet.blotted(lines).await);
                }
            }
        }
        if !whole {
            self.anew = Some(Anew::Cut);
        }
        Ok(whole)
    }

    /// Whether what was written to the file since was written behind what it had: it could have been cut
    /// and have grown beyond that.
    async fn begins_as_before(&mut self, now: &Metadata) -> io::Result<bool> {
        if now.modified().ok() == self.meta.modified().ok() {
            return Ok(true);
        }
        let file = Arc::clone(&self.file);
        let reading = tokio::task::spawn_blocking(move || {
            let mut front = vec![0; FRONT];
            let got = fill(&Positioned(&file), &mut front, 0)?;
            front.truncate(got);
            Ok(front)
        });
        let front = watched(reading, self.path, self.outlet).await?;
        let same = front.starts_with(&self.front);
        self.front = front;
        Ok(same)
    }

    /// Looks what was done to the file; false when it is another now.
    async fn look(&mut self) -> io::Result<bool> {
        let path = self.path.to_owned();
        let looking = tokio::task::spawn_blocking(move || std::fs::metadata(path));
        let now = match watched(looking, self.path, self.outlet).await {
            Ok(now) => now,
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                if !self.told_gone {
                    self.told_gone = true;
                    let shown = self.path.display();
                    let what = format!("read {shown}: the file was removed; what it held can still be read");
                    self.outlet.failed(Failure::new(FailureKind::Missing, what));
                }
                return Ok(true);
            }
            Err(why) => return Err(why),
        };
        if (now.dev(), now.ino()) != (self.meta.dev(), self.meta.ino()) {
            self.anew = Some(Anew::Replaced);
            return Ok(false);
        }
        if now.len() < self.meta.len() || !self.begins_as_before(&now).await? {
            self.anew = Some(Anew::Cut);
            return Ok(false);
        }
        if self.division.is_outgrown(now.len()) {
            return Ok(false);
        }
        if std::mem::take(&mut self.told_gone) {
            self.outlet.alive(Vec::new());
        }
        if now.len() > self.meta.len() {
            // The last piece has more lines now.
            let last = self.pieces().saturating_sub(1);
            let pieces = self.division.pieces(now.len());
            self.unknown = (last, pieces);
            self.first = None;
            self.meta = now;
            self.written.insert(last, self.outlet.now());
            self.outlet.file(&self.stream, FileSays::Grown(pieces)).await;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Seek as _, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;

    use super::*;
    use crate::logs::mining::Order;
    use crate::logs::piece::{LONGEST, PIECE};
    use crate::logs::query::Query;
    use crate::logs::split::LINE_LIMIT;
    use crate::source::logs::testing::Ear;

    fn ear(path: &Path) -> Ear {
        Ear::new(ArchiveConfig { path: path.to_owned(), timezone: None }.source())
    }

    /// A line of 64 bytes with its LF, of a second of its own.
    fn line(n: usize) -> String {
        let (minute, second) = (n / 60 % 60, n % 60);
        let line = format!("2026-11-22T03:{minute:02}:{second:02}Z INFO line {n} ");
        format!("{line:.<63}\n")
    }

    fn write(path: &Path, lines: std::ops::Range<usize>) {
        let mut file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).unwrap();
        file.write_all(lines.map(line).collect::<String>().as_bytes()).unwrap();
    }

    fn pieces(ear: &Ear) -> Vec<(u64, u32, bool)> {
        let piece = |says: &FileSays| match says {
            FileSays::Piece { index, lines, asked } => Some((*index, lines.lines(), *asked)),
            _ => None,
        };
        ear.files.iter().filter_map(piece).collect()
    }

    const EACH: usize = PIECE / 64;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_is_learnt_from_its_end_and_what_somebody_wants_comes_when_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        write(&path, 0..3 * EACH + 10);
        let mut ear = ear(&path);
        ear.until(|ear| pieces(ear).len() == 4).await;
        assert!(matches!(ear.files[0], FileSays::Opened(4, None)));
        let each = u32::try_from(EACH).unwrap();
        assert_eq!(pieces(&ear), [(3, 10, true), (2, each, true), (1, each, true), (0, each, true)]);
        ear.ask.send(Request::Piece(1)).await.unwrap();
        ear.until(|ear| pieces(ear).len() == 5).await;
        assert_eq!(pieces(&ear)[4], (1, each, true));
        let FileSays::Piece { lines, .. } = ear.files.last().unwrap() else { panic!() };
        assert_eq!(lines.line(0), line(EACH).trim_end().as_bytes());
        assert!(ear.is_alive());
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_search_for_the_end_of_a_line_reads_pieces_whose_lines_end_in_cr_lf() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        let text = (0..2 * EACH).map(|n| line(n).replace('\n', "\r\n")).collect::<String>();
        fs::File::create(&path).unwrap().write_all(format!("{text}the end\r\n").as_bytes()).unwrap();
        let mut ear = ear(&path);
        ear.until(|ear| pieces(ear).len() == 3).await;
        ear.files.clear();
        let query = Arc::new(Query::parse("/the end$/", Timestamp::UNIX_EPOCH).unwrap());
        ear.ask.send(Request::Seek(Sought { number: 7, query })).await.unwrap();
        ear.until(|ear| ear.files.iter().any(|says| matches!(says, FileSays::RuledOut(..)))).await;
        assert_eq!(pieces(&ear).iter().map(|(index, ..)| *index).collect::<Vec<_>>(), [2]);
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_search_reads_only_pieces_that_may_have_what_is_looked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        write(&path, 0..40 * EACH);
        let mut ear = ear(&path);
        ear.until(|ear| pieces(ear).len() == 40).await;
        ear.files.clear();
        let words = format!("\"line {} \"", 17 * EACH + 5);
        let query = Arc::new(Query::parse(&words, Timestamp::UNIX_EPOCH).unwrap());
        ear.ask.send(Request::Seek(Sought { number: 7, query })).await.unwrap();
        let ruled_out = |ear: &Ear| {
            let out = |says: &FileSays| match says {
                FileSays::RuledOut(7, pieces) => pieces.clone(),
                _ => Vec::new(),
            };
            ear.files.iter().flat_map(out).collect::<Vec<u64>>()
        };
        ear.until(|ear| ruled_out(ear).len() == 39).await;
        assert_eq!(pieces(&ear).iter().map(|(index, ..)| *index).collect::<Vec<_>>(), [17]);
        let mut out = ruled_out(&ear);
        assert_eq!(out[0], 39, "the latest first");
        out.sort_unstable();
        assert!(out.into_iter().eq((0..40).filter(|index| *index != 17)));
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_search_looks_at_what_is_cut_off_a_line_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        let long = |end: &str| format!("2026-11-22T03:10:00Z INFO {}{end}\n", "x".repeat(LINE_LIMIT));
        let text = [line(1), long("needle"), line(2), long("hay"), line(3)].concat();
        fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        let mut ear = ear(&path);
        ear.until(|ear| pieces(ear).len() == 1).await;
        let judged = |ear: &Ear, search: u64| {
            let of = |says: &FileSays| match says {
                FileSays::Judged(number, 0, records) if *number == search => {
                    Some(records.iter().map(|record| (record.lines.start, record.sees)).collect::<Vec<_>>())
                }
                _ => None,
            };
            ear.files.iter().rev().find_map(of)
        };
        for (number, words, expected) in [
            (7, "needle", [(1, true), (3, false)]),
            (8, "-needle level=info", [(1, false), (3, true)]),
            (9, "/x$/ | line", [(1, false), (3, false)]),
        ] {
            let query = Arc::new(Query::parse(words, Timestamp::UNIX_EPOCH).unwrap());
            ear.ask.send(Request::Seek(Sought { number, query })).await.unwrap();
            ear.until(|ear| judged(ear, number).is_some()).await;
            assert_eq!(judged(&ear, number).unwrap(), expected, "{words}");
        }
        // What is written later is judged by the search in force.
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(long("x").as_bytes()).unwrap();
        ear.until(|ear| judged(ear, 9).is_some_and(|records| records == [(1, false), (3, false), (5, true)]))
            .await;
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pieces_are_lent_beside_what_is_shown_until_the_file_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        write(&path, 0..20 * EACH);
        let mut ear = ear(&path);
        ear.until(|ear| pieces(ear).len() == 20).await;
        let mut lent = Vec::new();
        for piece in [3, 0, 19, 20] {
            let (taker, lines) = Taker::new();
            ear.ask.send(Request::Lend(piece, taker)).await.unwrap();
            lent.push((piece, lines));
        }
        for (piece, mut lines) in lent {
            let lines = lines.recv().await;
            let first = lines.map(|lines| String::from_utf8(lines.line(0).to_vec()).unwrap());
            let expected = line(usize::try_from(piece).unwrap() * EACH).trim_end().to_owned();
            assert_eq!(first, (piece < 20).then_some(expected), "{piece}");
        }
        assert_eq!(pieces(&ear).len(), 20);
        fs::remove_file(&path).unwrap();
        let (taker, mut lines) = Taker::new();
        ear.ask.send(Request::Lend(5, taker)).await.unwrap();
        assert!(lines.recv().await.is_some(), "what it held can still be read");
        fs::create_dir(&path).unwrap();
        ear.until(|ear| ear.failure().is_some_and(is_directory)).await;
        let (taker, mut lines) = Taker::new();
        ear.ask.send(Request::Lend(5, taker)).await.unwrap();
        assert!(lines.recv().await.is_none(), "nobody waits for ever");
        ear.stop().await;
    }

    fn is_directory(why: &Failure) -> bool {
        why.what.as_str().unwrap().contains("directory")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn lines_without_a_time_stay_where_they_are_when_the_file_grows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        let add = |pieces: usize| {
            let mut file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path).unwrap();
            file.write_all("no time at all\n".repeat(pieces * PIECE / 15).as_bytes()).unwrap();
        };
        add(3);
        let past = "2026-11-20T00:00:00Z".parse::<Timestamp>().unwrap();
        fs::File::open(&path).unwrap().set_modified(past.into()).unwrap();
        let mut ear = ear(&path);
        ear.until(|ear| matches!(ear.files.last(), Some(FileSays::Unknown(0)))).await;
        add(1);
        ear.until(|ear| matches!(ear.files.last(), Some(FileSays::Unknown(0))) && pieces(ear).len() > 4)
            .await;
        let time = async |piece| {
            let (taker, mut lines) = Taker::new();
            ear.ask.send(Request::Lend(piece, taker)).await.unwrap();
            lines.recv().await.unwrap().effective(0)
        };
        assert_eq!((time(0).await, time(1).await), (past.as_millisecond(), past.as_millisecond()));
        assert!(time(3).await > past.as_millisecond());
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_record_without_a_time_has_that_of_the_one_before_it_in_the_piece_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        let undated = "{\"msg\":\"none\"}\n";
        let mut text: String = (0..EACH).map(line).collect();
        // One piece begins with one without a time, and one has no other.
        text.push_str(undated);
        text.extend((EACH..2 * EACH).map(line));
        text.push_str(&undated.repeat(PIECE / undated.len()));
        text.extend((2 * EACH..3 * EACH).map(line));
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        // After all that it says, whatever this machine's clock shows.
        file.set_modified("2026-11-23T00:00:00Z".parse::<Timestamp>().unwrap().into()).unwrap();
        let mut ear = ear(&path);
        ear.until(|ear| matches!(ear.files.last(), Some(FileSays::Unknown(0)))).await;
        let starts = |index: u64| {
            let of = |says: &FileSays| match says {
                FileSays::Piece { index: found, lines, .. } if *found == index => Some(lines.effective(0)),
                _ => None,
            };
            ear.files.iter().find_map(of).unwrap()
        };
        let time = |n: usize| line(n).get(..20).unwrap().parse::<Timestamp>().unwrap().as_millisecond();
        assert_eq!((starts(1), starts(2)), (time(EACH - 1), time(2 * EACH - 1)));
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn bytes_of_a_line_that_is_too_long_to_be_read_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        let file = fs::File::create(&path).unwrap();
        // Nothing of it takes room on the disk.
        let length = LONGEST as u64 + 5000;
        file.set_len(length).unwrap();
        (&file).seek(io::SeekFrom::Start(length)).unwrap();
        (&file).write_all(b"\nlast\n").unwrap();
        let mut ear = ear(&path);
        ear.until(|ear| matches!(ear.files.last(), Some(FileSays::Unknown(0)))).await;
        let cut = |says: &FileSays| match says {
            FileSays::Piece { lines, .. } => lines.cut(),
            _ => 0,
        };
        assert_eq!(ear.files.iter().map(cut).sum::<u64>(), length - LINE_LIMIT as u64);
        assert_eq!(pieces(&ear).iter().map(|(_, lines, _)| lines).sum::<u32>(), 2);
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_is_mined_whole_and_then_what_it_has_grown_by() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        write(&path, 0..9 * EACH + 10);
        let mut ear = ear(&path);
        let order = Order::new(3, Query::default());
        // Asked for before anything is known, and once more than need be.
        ear.ask.send(Request::Mine(order.clone())).await.unwrap();
        ear.ask.send(Request::Mine(order.clone())).await.unwrap();
        let mined = |ear: &Ear, pieces: u64| {
            let whole =
                |says: &FileSays| matches!(says, FileSays::Mined(_, share) if *share == (pieces, pieces));
            ear.files.iter().any(whole)
        };
        ear.until(|ear| mined(ear, 10)).await;
        assert_eq!(order.found().lines, 9 * EACH as u64 + 10);
        write(&path, 9 * EACH + 10..19 * EACH + 3);
        ear.until(|ear| matches!(ear.files.last(), Some(FileSays::Unknown(0))) && pieces(ear).len() > 20)
            .await;
        ear.ask.send(Request::Mine(order.clone())).await.unwrap();
        ear.until(|ear| mined(ear, 20)).await;
        assert_eq!(order.found().lines, 19 * EACH as u64 + 3);
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_added_comes_and_another_file_is_opened_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        write(&path, 0..5);
        let mut ear = ear(&path);
        ear.until(|ear| pieces(ear) == [(0, 5, true)]).await;
        write(&path, 5..EACH + 3);
        let each = u32::try_from(EACH).unwrap();
        ear.until(|ear| pieces(ear)[1..] == [(1, 3, true), (0, each, true)]).await;
        assert!(ear.files.iter().any(|says| matches!(says, FileSays::Grown(2))));
        for (how, lines) in [("truncated", 1), ("replaced", 2), ("removed", 3), ("outgrown", 9)] {
            ear.files.clear();
            match how {
                // Cut and longer than before when it is looked at again.
                "outgrown" => {
                    let mut file = fs::File::create(&path).unwrap();
                    file.write_all(b"2026-11-22T03:13:00Z another\n").unwrap();
                }
                "truncated" => fs::File::create(&path).unwrap().set_len(0).unwrap(),
                "replaced" => fs::rename(&path, dir.path().join("app.log.1")).unwrap(),
                _ => {
                    fs::remove_file(&path).unwrap();
                    ear.until(|ear| ear.failure().is_some()).await;
                    let said = ear.failure().unwrap().what.clone();
                    assert!(said.as_str().unwrap().contains("was removed"), "{said:?}");
                }
            }
            write(&path, 0..lines);
            let lines = u32::try_from(lines).unwrap() + u32::from(how == "outgrown");
            ear.until(|ear| pieces(ear).last() == Some(&(0, lines, true))).await;
            let why = if matches!(how, "truncated" | "outgrown") { Anew::Cut } else { Anew::Replaced };
            let said = |says: &FileSays| matches!(says, FileSays::Opened(_, Some(said)) if *said == why);
            assert!(ear.files.iter().any(said), "{how}: {:?}", ear.files);
        }
        ear.until(Ear::is_alive).await;
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_trace_of_several_pieces_stands_where_it_is_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        write(&path, 0..10);
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        let frame = format!("    at com.example.Frame{}\n", "x".repeat(40));
        file.write_all(frame.repeat(3 * PIECE / frame.len()).as_bytes()).unwrap();
        write(&path, 20..30);
        let mut ear = ear(&path);
        ear.until(|ear| matches!(ear.files.last(), Some(FileSays::Unknown(0)))).await;
        ear.ask.send(Request::Piece(1)).await.unwrap();
        let count = pieces(&ear).len();
        ear.until(|ear| pieces(ear).len() > count).await;
        let mut last: std::collections::BTreeMap<u64, (i64, i64)> = std::collections::BTreeMap::new();
        for says in &ear.files {
            if let FileSays::Piece { index, lines, .. } = says {
                let reach = (lines.effective(0), lines.effective(lines.lines() - 1));
                assert!(last.insert(*index, reach).is_none_or(|before| before == reach), "{index} moved");
            }
        }
        let times: Vec<i64> = last.values().flat_map(|(first, last)| [*first, *last]).collect();
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(last.len(), 4);
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_line_that_fills_pieces_leaves_none_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(line(1).as_bytes()).unwrap();
        file.write_all(&vec![b'x'; 3 * PIECE]).unwrap();
        let mut ear = ear(&path);
        ear.until(|ear| matches!(ear.files.last(), Some(FileSays::Unknown(0)))).await;
        assert!(matches!(ear.files[0], FileSays::Opened(4, None)));
        assert_eq!(pieces(&ear), [(0, 2, true)]);
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn odd_files_are_shown_as_they_are_and_counted_right() {
        let binary: Vec<u8> = (0..=255_u8).cycle().take(5000).collect();
        let backwards = (0..100).rev().map(line).collect::<String>();
        for (what, bytes) in [
            ("binary", binary),
            ("NUL bytes", b"one\0two\n\0\0\0\nthree\n".to_vec()),
            ("invalid UTF-8", b"caf\xe9 \xff\xfe\nok\n".to_vec()),
            ("no final newline", b"one\ntwo".to_vec()),
            ("CR LF", b"one\r\ntwo\r\n\r\n".to_vec()),
            ("only newlines", b"\n\n\n".to_vec()),
            ("time going backwards", backwards.into_bytes()),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("app.log");
            fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
            let mut ear = ear(&path);
            ear.until(|ear| !pieces(ear).is_empty()).await;
            let FileSays::Piece { lines, .. } =
                ear.files.iter().find(|says| matches!(says, FileSays::Piece { .. })).unwrap()
            else {
                panic!()
            };
            let whole = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
            let expected: Vec<_> =
                whole.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
            let shown: Vec<_> = (0..lines.lines()).map(|at| lines.line(at)).collect();
            assert_eq!(shown, expected, "{what}");
            assert!(ear.is_alive(), "{what}");
            ear.stop().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_empty_file_has_no_piece_and_works() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        fs::File::create(&path).unwrap();
        let mut ear = ear(&path);
        ear.until(|ear| !ear.files.is_empty()).await;
        assert!(matches!(ear.files[0], FileSays::Opened(0, None)), "{:?}", ear.files);
        assert!(ear.is_alive());
        write(&path, 0..2);
        ear.until(|ear| pieces(ear) == [(0, 2, true)]).await;
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_read_so_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing.log");
        for (path, why) in
            [(dir.path(), "directory"), (Path::new("/dev/null"), "device"), (&missing, "no such file")]
        {
            let mut ear = ear(path);
            ear.until(|ear| ear.failure().is_some()).await;
            let said = ear.failure().unwrap().what.clone();
            assert!(said.as_str().unwrap().contains(why), "{said:?}");
            ear.stop().await;
        }
    }
}
