//! What can only be read from front to end, such as a pipe or a packed file: taken in line by line,
//! within what the buffer may hold.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use tokio::sync::mpsc;

use super::slot::Slot;
use super::unpack::Unpack;
use crate::logs::segment::{Given, Segment, SegmentBuilder};
use crate::logs::split::Splitter;
use crate::logs::stamp::Zone;
use crate::model::health::{Failure, FailureKind};
use crate::model::text::RawText;
use crate::source::outlet::Outlet;

/// Bytes taken at once: what Linux holds in a pipe.
const PIECE: usize = 64 * 1024;
/// Standard input as a path: of a process that has it open, whatever it is.
pub const STANDARD_INPUT: &str = "/dev/stdin";
/// Somebody who writes to a pipe is waited for so long before that is told.
const PATIENCE: Duration = Duration::from_secs(1);
/// Time between two looks whether somebody writes to a pipe from which nothing comes.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
/// Segments on their way from the reading thread to the task.
const QUEUE: usize = 4;

/// Where the bytes come from.
#[derive(Debug)]
pub(super) enum Stream {
    /// A pipe as standard input, which ends when nobody can write to it any more.
    Input,
    /// A pipe with a name. When who wrote to it has ended, somebody else may.
    Pipe(PathBuf),
    /// A file packed with gzip or one of the kernel, from its start.
    File(File, Slot),
}

impl Stream {
    /// Whether nothing more can come when it has ended.
    pub(super) fn ends(&self) -> bool {
        !matches!(self, Self::Pipe(_))
    }
}

/// What the reading thread tells the task.
enum Said {
    /// There is somebody at the other end.
    Begun,
    /// There is nobody any more, but there may be.
    Left,
    Segment(Box<Segment>),
}

/// Takes a stream in until it ends, unpacked if it is packed. While nobody takes its lines it waits, and with it who writes them.
pub(super) async fn take_in(stream: Stream, path: &Path, zone: &Zone, outlet: &Outlet) -> io::Result<()> {
    let name = RawText::from_bytes(path.as_os_str().as_encoded_bytes());
    let builder = SegmentBuilder::new(name, zone.clone()).knowing(outlet.formats());
    let (say, mut said) = mpsc::channel(QUEUE);
    let clock = outlet.clone();
    let thread = tokio::task::spawn_blocking(move || read(stream, builder, &clock, &say));
    let mut waits = true;
    loop {
        tokio::select! {
            said = said.recv() => match said {
                Some(Said::Begun) => {
                    waits = false;
                    outlet.alive(Vec::new());
                }
                Some(Said::Left) => waits = true,
                Some(Said::Segment(segment)) => outlet.segment(*segment).await,
                None => break,
            },
            // It is read as fast as it comes already.
            _ = outlet.asked() => {}
            () = tokio::time::sleep(PATIENCE), if waits => {
                waits = false;
                outlet.failed(unwritten(path));
            }
        }
    }
    thread.await.unwrap_or_else(|panic| Err(io::Error::other(panic)))
}

/// Lines on their way to the task.
struct Lines<'a> {
    unpack: Unpack,
    splitter: Splitter,
    built: SegmentBuilder,
    say: &'a mpsc::Sender<Said>,
    /// When the bytes that come were written.
    now: &'a dyn Fn() -> Timestamp,
}

impl Lines<'_> {
    /// The task is gone only when the console is: then nobody is left to tell.
    fn say(&self, said: Said) {
        self.say.blocking_send(said).ok();
    }

    fn seal(&mut self) {
        if let Some(segment) = self.built.seal() {
            self.say(Said::Segment(Box::new(segment)));
        }
    }

    /// What has come is shown, however long the next takes. Errors when it is packed and damaged.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut unpack = std::mem::take(&mut self.unpack);
        let done = unpack.take(bytes, &mut |bytes| self.split(bytes));
        self.unpack = unpack;
        self.seal();
        done
    }

    fn split(&mut self, mut bytes: &[u8]) {
        while let Some(line) = self.splitter.next(&mut bytes) {
            self.built.push(line, Given::default(), (self.now)());
            if self.built.is_full() {
                self.seal();
            }
        }
    }

    /// What has no end is a line as well. Errors when the end of what is packed is missing.
    fn finish(&mut self) -> io::Result<()> {
        let mut unpack = std::mem::take(&mut self.unpack);
        let done = unpack.finish(&mut |bytes| self.split(bytes));
        self.unpack = unpack;
        if let Some(line) = self.splitter.finish() {
            self.built.push(line, Given::default(), (self.now)());
        }
        self.seal();
        done
    }

    /// Says among the lines that what somebody writes is damaged: somebody else may write what is not.
    fn say_damaged(&mut self, done: io::Result<()>) {
        if let Err(why) = done {
            let note =
                format!("what came here is packed with gzip and damaged ({why}): the rest of it is left out");
            self.built.note(&note, (self.now)());
            self.seal();
        }
    }
}

fn read(stream: Stream, built: SegmentBuilder, clock: &Outlet, say: &mpsc::Sender<Said>) -> io::Result<()> {
    let written = match &stream {
        // It has lain there: years and lines without a time are of when it was written.
        Stream::File(file, _) => file.metadata()?.modified().ok().and_then(|at| Timestamp::try_from(at).ok()),
        Stream::Input | Stream::Pipe(_) => None,
    };
    let built = if written.is_some() { built.lain() } else { built };
    let now = || written.unwrap_or_else(|| clock.now());
    let (unpack, splitter) = (Unpack::default(), Splitter::default());
    let mut lines = Lines { unpack, splitter, built, say, now: &now };
    let ended = match stream {
        Stream::Input => rustix::io::dup(rustix::stdio::stdin())
            .map_err(io::Error::from)
            .and_then(|input| read_whole(&mut Input(input), &mut lines)),
        Stream::Pipe(path) => read_pipe(&path, &mut lines),
        Stream::File(mut file, _slot) => read_whole(&mut file, &mut lines),
    };
    let finished = lines.finish();
    ended.and(finished)
}

/// What stands at the other end of a pipe.
enum Other {
    /// Nobody has it open for writing.
    Nobody,
    /// So many bytes came of somebody; none if he says nothing.
    Somebody(usize),
}

/// Opens a pipe for reading, whether somebody writes to it or not.
fn open_pipe(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Reads a pipe with a name until nobody listens or another thing stands at its path.
fn read_pipe(path: &Path, lines: &mut Lines<'_>) -> io::Result<()> {
    let mut from = open_pipe(path)?;
    let opened = from.metadata()?;
    let is_there =
        || fs::metadata(path).is_ok_and(|now| (now.dev(), now.ino()) == (opened.dev(), opened.ino()));
    let mut buffer = vec![0; PIECE];
    let mut told = false;
    while !lines.say.is_closed() {
        let other = match from.read(&mut buffer) {
            Ok(0) => Other::Nobody,
            Ok(got) => Other::Somebody(got),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Other::Somebody(0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match other {
            Other::Nobody if !is_there() => break,
            Other::Nobody => {
                if told {
                    told = false;
                    // A descriptor that was hung up wakes us until somebody writes: another one waits. It is
                    // opened before this one is closed, or what is written in between would be lost.
                    from = open_pipe(path)?;
                    let finished = lines.finish();
                    lines.say_damaged(finished);
                    lines.say(Said::Left);
                }
                wait(&from)?;
            }
            Other::Somebody(got) => {
                if !told {
                    told = true;
                    lines.say(Said::Begun);
                }
                let taken = lines.take(buffer.get(..got).unwrap_or_default());
                lines.say_damaged(taken);
                if got == 0 {
                    wait(&from)?;
                }
            }
        }
    }
    Ok(())
}

/// Waits until something comes, or until it is time to look again.
fn wait(pipe: &impl AsFd) -> io::Result<bool> {
    match poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&LOOK)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Reads until the end, or until nobody listens.
fn read_whole(from: &mut dyn io::Read, lines: &mut Lines<'_>) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    lines.say(Said::Begun);
    while !lines.say.is_closed() {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(got) => lines.take(buffer.get(..got).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Standard input. It was opened for us: to open it again could be forbidden, as behind `sudo -u`.
struct Input(OwnedFd);

impl io::Read for Input {
    /// An interruption when nothing has come for a while: who asks may want to end.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if wait(&self.0)? {
            Ok(rustix::io::read(&self.0, buffer)?)
        } else {
            Err(io::ErrorKind::Interrupted.into())
        }
    }
}

/// What is said while a pipe has nobody at its other end.
fn unwritten(path: &Path) -> Failure {
    let what = format!("read {}: nobody writes to this pipe yet", path.display());
    Failure::new(FailureKind::Missing, what).advise("its lines are shown as they come")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::model::update::News;
    use crate::source::Adapter as _;
    use crate::source::logs::archive::ArchiveConfig;
    use crate::source::logs::testing::Ear;

    fn ear(path: &Path) -> Ear {
        Ear::new(ArchiveConfig { path: path.to_owned(), timezone: None }.source())
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_packed_file_is_taken_in_whole_and_a_damaged_one_as_far_as_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log.1.gz");
        let lines: Vec<_> = (0..20_000).map(|n| format!("2026-11-22T03:12:00Z line {n}")).collect();
        let long = "x".repeat(70_000);
        let text = format!("{}\r\n{long}\nno end", lines.join("\r\n"));
        // Two members in one file, as log rotation appends them.
        let (front, rest) = text.split_at(100_000);
        fs::File::create(&path)
            .unwrap()
            .write_all(&[packed(front.as_bytes()), packed(rest.as_bytes())].concat())
            .unwrap();
        let mut whole = ear(&path);
        whole.until(|ear| ear.lines().len() == 20_002).await;
        assert_eq!(whole.lines()[..20_000], lines);
        assert_eq!(whole.lines()[20_001], "no end");
        let cut: u64 = whole.segments.iter().map(|segment| segment.cut()).sum();
        assert_eq!(cut, 70_000 - 65_536);
        whole.until(|ear| matches!(ear.news.last(), Some(News::Ended))).await;
        assert!(whole.files.is_empty());
        whole.stop().await;
        let bytes = packed(text.as_bytes());
        fs::File::create(&path).unwrap().write_all(&bytes[..bytes.len() / 2]).unwrap();
        let mut half = ear(&path);
        half.until(|ear| ear.failure().is_some()).await;
        let said = half.failure().unwrap().what.clone();
        assert!(said.as_str().unwrap().contains("app.log.1.gz: "), "{said:?}");
        half.until(|ear| !ear.lines().is_empty()).await;
        half.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_packed_is_unpacked_out_of_a_pipe_and_what_is_damaged_is_told_among_the_lines() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        make_pipe(&path);
        let mut ear = ear(&path);
        ear.until(|ear| ear.failure().is_some()).await;
        let bytes = packed(b"one\ntwo\n");
        for (bytes, lines) in [(&bytes[..], 2), (&bytes[..bytes.len() - 3], 4)] {
            writer(&path).write_all(bytes).unwrap();
            ear.until(|ear| ear.lines().len() == lines).await;
        }
        // Its end is missing once nobody writes any more, and who writes then begins anew.
        ear.until(|ear| ear.notes().iter().any(|note| note.contains("damaged"))).await;
        writer(&path).write_all(b"plain\n").unwrap();
        ear.until(|ear| ear.lines().len() == 5).await;
        assert_eq!(ear.lines(), ["one", "two", "one", "two", "plain"]);
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_of_the_kernel_is_read_though_it_says_that_it_is_empty() {
        let mut ear = ear(Path::new("/proc/self/status"));
        ear.until(|ear| ear.lines().iter().any(|line| line.starts_with("VmRSS:"))).await;
        ear.until(|ear| matches!(ear.news.last(), Some(News::Ended))).await;
        assert!(ear.files.is_empty());
        ear.stop().await;
    }

    fn make_pipe(path: &Path) {
        rustix::fs::mkfifoat(rustix::fs::CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
    }

    /// Opens a pipe as a writer does; fails where nobody reads, rather than to wait for one.
    fn writer(path: &Path) -> File {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        File::from(rustix::fs::open(path, flags, Mode::empty()).expect("somebody reads"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_pipe_is_waited_for_and_read_as_often_as_somebody_writes_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        make_pipe(&path);
        let mut ear = ear(&path);
        ear.until(|ear| ear.failure().is_some()).await;
        let said = ear.failure().unwrap().what.clone();
        assert!(said.as_str().unwrap().ends_with("pipe: nobody writes to this pipe yet"), "{said:?}");
        for (text, lines) in [("one\ntwo", 2), ("three\n", 3)] {
            let mut writer = writer(&path);
            writer.write_all(text.as_bytes()).unwrap();
            if lines == 2 {
                // A line is shown before the writer has ended, the one without its end when it has.
                ear.until(|ear| ear.lines() == ["one"] && ear.is_alive()).await;
            }
            drop(writer);
            ear.until(|ear| ear.lines().len() == lines).await;
        }
        assert_eq!(ear.lines(), ["one", "two", "three"]);
        ear.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_writers_that_come_one_after_another_no_line_is_lost_and_another_pipe_is_read_then() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        make_pipe(&path);
        let mut ear = ear(&path);
        let fails =
            |ear: &Ear, how| ear.failure().is_some_and(|why| why.what.as_str().unwrap().contains(how));
        // Somebody says nothing: he is there.
        ear.until(|ear| ear.failure().is_some()).await;
        let silent = writer(&path);
        ear.until(Ear::is_alive).await;
        drop(silent);
        for n in 0..500 {
            writer(&path).write_all(format!("{n}\n").as_bytes()).unwrap();
        }
        ear.until(|ear| ear.lines().len() == 500).await;
        assert_eq!(ear.lines(), (0..500).map(|n| n.to_string()).collect::<Vec<_>>());
        fs::remove_file(&path).unwrap();
        ear.until(|ear| fails(ear, "open ")).await;
        make_pipe(&path);
        ear.until(|ear| fails(ear, "nobody writes")).await;
        writer(&path).write_all(b"another\n").unwrap();
        ear.until(|ear| ear.lines().len() == 501).await;
        ear.stop().await;
    }
}
