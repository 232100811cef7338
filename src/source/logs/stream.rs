//! What can only be read from front to end, such as a pipe or a packed file: taken in line by line,
//! within what the buffer may hold.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use rustix::fs::{Mode, OFlags};
use tokio::sync::mpsc;

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
/// Segments on their way from the reading thread to the task.
const QUEUE: usize = 4;

/// Where the bytes come from.
#[derive(Debug)]
pub(super) enum Stream {
    /// A pipe, which is opened when somebody writes to it, and may say nothing for long.
    Pipe(PathBuf),
    /// A file packed with gzip, from its start.
    Packed(File),
}

impl Stream {
    /// Whether nothing more can come when it has ended: a pipe with a name may be written to again.
    pub(super) fn ends(&self) -> bool {
        match self {
            Self::Pipe(path) => path == Path::new(STANDARD_INPUT),
            Self::Packed(_) => true,
        }
    }
}

/// What the reading thread tells the task.
enum Said {
    /// There is somebody at the other end.
    Begun,
    Segment(Box<Segment>),
}

/// Takes a stream in until it ends. While nobody takes its lines it waits, and with it who writes them.
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

fn read(
    stream: Stream,
    mut lines: SegmentBuilder,
    clock: &Outlet,
    say: &mpsc::Sender<Said>,
) -> io::Result<()> {
    let (mut from, written): (Box<dyn io::Read>, Option<Timestamp>) = match stream {
        Stream::Pipe(path) if path == Path::new(STANDARD_INPUT) => {
            // Who wrote to it may have gone already: opening it is not to wait for another.
            let file =
                rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?;
            rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
            (Box::new(File::from(file)), None)
        }
        Stream::Pipe(path) => (Box::new(File::open(path)?), None),
        Stream::Packed(file) => {
            // It has lain there: years and lines without a time are of when it was written.
            let at = file.metadata()?.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
            (Box::new(MultiGzDecoder::new(io::BufReader::new(file))), at)
        }
    };
    let now = || written.unwrap_or_else(|| clock.now());
    let mut splitter = Splitter::default();
    let mut buffer = vec![0; PIECE];
    // The task is gone only when the console is: then nobody is left to tell.
    let send = |segment: Option<Segment>| {
        segment.is_none_or(|segment| say.blocking_send(Said::Segment(Box::new(segment))).is_ok())
    };
    let mut goes_on = say.blocking_send(Said::Begun).is_ok();
    let mut ended = Ok(());
    while goes_on {
        let got = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                ended = Err(error);
                break;
            }
        };
        let mut rest = buffer.get(..got).unwrap_or_default();
        while let Some(line) = splitter.next(&mut rest) {
            lines.push(line, Given::default(), now());
            goes_on &= !lines.is_full() || send(lines.seal());
        }
        // What has come is shown, however long the next takes.
        goes_on &= send(lines.seal());
    }
    if let Some(line) = splitter.finish() {
        lines.push(line, Given::default(), now());
    }
    send(lines.seal());
    ended
}

/// What is said while a pipe has nobody at its other end.
fn unwritten(path: &Path) -> Failure {
    let what = format!("read {}: nobody writes to this pipe yet", path.display());
    Failure::new(FailureKind::Missing, what).advise("its lines are shown as they come")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
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
        assert!(whole.is_alive() && whole.files.is_empty());
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
    async fn a_pipe_is_waited_for_and_read_as_often_as_somebody_writes_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
            .unwrap();
        let mut ear = ear(&path);
        ear.until(|ear| ear.failure().is_some()).await;
        let said = ear.failure().unwrap().what.clone();
        assert!(said.as_str().unwrap().ends_with("pipe: nobody writes to this pipe yet"), "{said:?}");
        for (text, lines) in [("one\ntwo", 2), ("three\n", 3)] {
            let mut writer = fs::OpenOptions::new().write(true).open(&path).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
            if lines == 2 {
                // A line is shown before the writer has ended, the one without its end when it has.
                ear.until(|ear| ear.lines() == ["one"] && ear.is_alive()).await;
            }
            drop(writer);
            ear.until(|ear| ear.lines().len() == lines).await;
        }
        assert_eq!(ear.lines(), ["one", "two", "three"]);
        // The thread waits for another writer; it ends with this one, after the task.
        let last = fs::OpenOptions::new().write(true).open(&path).unwrap();
        ear.stop().await;
        drop(last);
    }
}
