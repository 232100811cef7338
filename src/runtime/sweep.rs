//! The log workers: they read a file or a stream in pieces of whole lines, on every core that there
//! is, and give what comes of each piece in the order of the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::logs::piece::{self, Begins, Division, LONGEST, PIECE, Piece};
use crate::logs::read::{ReadAt, fill};

/// More threads than this read no faster: memory is the limit then.
const MOST_THREADS: usize = 8;
/// Results that may wait for one before them, for each thread.
const AHEAD: u64 = 4;
/// A live stream that says nothing for so long is shown as far as it has come, in nanoseconds.
const QUIET: i64 = 100_000_000;
/// So much of the beginning tells what an input is written in.
const SAMPLE: usize = 64 << 10;
/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Where lines are read from.
pub enum Input {
    /// A file that lies still: several threads read it at once.
    File {
        /// The open file.
        file: File,
        /// Its length when it was opened, in bytes.
        length: u64,
    },
    /// What can only be read from front to end.
    Stream(Mutex<Stream>),
}

/// A pipe, a terminal, a compressed file.
pub struct Stream {
    from: From,
    /// The beginning of a line that has not ended, and of a record that may go on.
    carried: Vec<u8>,
    offset: u64,
    pieces: u64,
    /// Whether the first bytes have come.
    begun: bool,
    ended: bool,
}

enum From {
    Live(File),
    /// With when it was last written to, where that is known.
    Packed(Box<dyn io::Read + Send>, Option<Timestamp>),
}

impl From {
    /// Reads what is there, waiting for it, into the end of `buffer`; gives how much, 0 at the end.
    fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let filled = buffer.len();
        buffer.resize(filled + PIECE, 0);
        let fresh = buffer.get_mut(filled..).unwrap_or_default();
        let read = loop {
            let read = match self {
                Self::Live(file) => file.read(fresh),
                Self::Packed(decoder, _) => decoder.read(fresh),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        buffer.truncate(filled + read.as_ref().copied().unwrap_or_default());
        read
    }

    /// Whether nothing comes for now.
    fn is_quiet(&self) -> bool {
        let Self::Live(file) = self else { return false };
        let mut polled = [PollFd::new(file, PollFlags::IN)];
        let timeout = Timespec { tv_sec: 0, tv_nsec: QUIET };
        matches!(rustix::event::poll(&mut polled, Some(&timeout)), Ok(0))
    }
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

impl Input {
    /// Opens a file. What is no regular file or is packed with gzip is read as a stream; a directory
    /// is an error.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        if meta.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !meta.is_file() {
            return Ok(Self::stream(From::Live(file)));
        }
        let mut front = [0; 2];
        if FileExt::read_at(&file, &mut front, 0)? == front.len() && front == GZIP {
            let at = written(&file);
            return Ok(Self::stream(From::Packed(Box::new(MultiGzDecoder::new(file)), at)));
        }
        if meta.len() == 0 {
            // Files of the kernel say that they are empty.
            return Ok(Self::stream(From::Live(file)));
        }
        Ok(Self::File { file, length: meta.len() })
    }

    /// Standard input, from where it stands.
    pub fn standard() -> io::Result<Self> {
        // Past the buffer of the library's own, which nobody could ask whether more comes.
        Ok(Self::stream(From::Live(File::from(rustix::io::dup(rustix::stdio::stdin())?))))
    }

    fn stream(from: From) -> Self {
        let stream = Stream { from, carried: Vec::new(), offset: 0, pieces: 0, begun: false, ended: false };
        Self::Stream(Mutex::new(stream))
    }

    /// What it begins with, which is still read after this. Waits until something has come.
    pub fn sample(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::File { file, .. } => {
                let mut front = vec![0; SAMPLE];
                let got = fill(file, &mut front, 0)?;
                front.truncate(got);
                Ok(front)
            }
            Self::Stream(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                if stream.carried.is_empty() && !stream.ended {
                    let mut front = Vec::new();
                    stream.ended = stream.read(&mut front)? == 0;
                    stream.carried = front;
                }
                Ok(stream.carried.get(..SAMPLE).unwrap_or(&stream.carried).to_vec())
            }
        }
    }

    /// When a file was last written to.
    pub fn written(&self) -> Option<Timestamp> {
        match self {
            Self::File { file, .. } => written(file),
            Self::Stream(stream) => match &stream.lock().unwrap_or_else(PoisonError::into_inner).from {
                From::Packed(_, at) => *at,
                From::Live(_) => None,
            },
        }
    }

    /// Its length in bytes, where it is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::File { length, .. } => Some(*length),
            Self::Stream(_) => None,
        }
    }
}

fn written(file: &File) -> Option<Timestamp> {
    Timestamp::try_from(file.metadata().ok()?.modified().ok()?).ok()
}

/// What is the same for all pieces that one worker does.
struct Round<'a, T, F> {
    input: &'a Input,
    begins: Begins<'a>,
    next: AtomicU64,
    stopped: AtomicBool,
    order: Mutex<Order<T, F>>,
    turn: Condvar,
}

struct Order<T, F> {
    next: u64,
    waiting: BTreeMap<u64, T>,
    take: F,
    error: Option<io::Error>,
}

/// Does `work` on each piece of `input`, on several threads, and gives what came of it to `take` in
/// the order of the file, until that breaks. No record is cut, as `begins` tells them. Holds a few pieces at a time, whatever the file's size.
pub fn sweep<T: Send>(
    input: &Input,
    begins: Begins<'_>,
    work: impl Fn(Piece<'_>) -> T + Sync,
    take: impl FnMut(T) -> ControlFlow<()> + Send,
) -> io::Result<()> {
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_THREADS));
    let threads = input.length().map_or(threads, |length| {
        usize::try_from(Division::default().pieces(length))
            .map_or(threads, |pieces| threads.min(pieces.max(1)))
    });
    let round = Round {
        input,
        begins,
        next: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
        order: Mutex::new(Order { next: 0, waiting: BTreeMap::new(), take, error: None }),
        turn: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| round.go(&work, threads));
        }
        round.go(&work, threads);
    });
    let order = round.order.into_inner().unwrap_or_else(PoisonError::into_inner);
    order.error.map_or(Ok(()), Err)
}

impl<T: Send, F: FnMut(T) -> ControlFlow<()> + Send> Round<'_, T, F> {
    fn go(&self, work: &(impl Fn(Piece<'_>) -> T + Sync), threads: usize) {
        let mut buffer = Vec::new();
        // A worker that panics must not leave the others waiting for its piece.
        let guard = StopOnPanic(self);
        while !self.stopped.load(Ordering::Relaxed) {
            match self.piece(&mut buffer) {
                Ok(Some((index, piece))) => {
                    let result = work(piece);
                    self.give(index, result, threads);
                }
                Ok(None) => break,
                Err(error) => {
                    self.lock().error.get_or_insert(error);
                    self.stop();
                }
            }
        }
        std::mem::forget(guard);
    }

    fn piece<'b>(&self, buffer: &'b mut Vec<u8>) -> io::Result<Option<(u64, Piece<'b>)>> {
        match self.input {
            Input::File { file, length } => {
                let index = self.next.fetch_add(1, Ordering::Relaxed);
                if index >= Division::default().pieces(*length) {
                    return Ok(None);
                }
                Division::default()
                    .read(file, *length, index, self.begins, buffer)
                    .map(|piece| Some((index, piece)))
            }
            Input::Stream(stream) => {
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                stream.piece(self.begins, buffer)
            }
        }
    }

    /// Takes what is next, in order; waits while too much waits.
    fn give(&self, index: u64, result: T, threads: usize) {
        let most = AHEAD * threads as u64;
        let mut order = self.lock();
        while index > order.next + most && !self.stopped.load(Ordering::Relaxed) {
            order = self.turn.wait(order).unwrap_or_else(PoisonError::into_inner);
        }
        order.waiting.insert(index, result);
        let Order { next, waiting, take, .. } = &mut *order;
        while !self.stopped.load(Ordering::Relaxed) {
            let Some(result) = waiting.remove(next) else { break };
            *next += 1;
            if take(result).is_break() {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
        drop(order);
        self.turn.notify_all();
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        drop(self.lock());
        self.turn.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Order<T, F>> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct StopOnPanic<'a, 'b, T: Send, F: FnMut(T) -> ControlFlow<()> + Send>(&'a Round<'b, T, F>);

impl<T: Send, F: FnMut(T) -> ControlFlow<()> + Send> Drop for StopOnPanic<'_, '_, T, F> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Stream {
    /// Reads on. What begins as what gzip packed is unpacked.
    fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let filled = buffer.len();
        let got = self.from.read(buffer)?;
        if std::mem::replace(&mut self.begun, true) {
            return Ok(got);
        }
        if let (From::Live(file), true) =
            (&self.from, buffer.get(filled..).unwrap_or_default().starts_with(&GZIP))
        {
            let whole = io::Cursor::new(buffer.split_off(filled)).chain(file.try_clone()?);
            self.from = From::Packed(Box::new(MultiGzDecoder::new(whole)), None);
            return self.from.read(buffer);
        }
        Ok(got)
    }

    /// The next whole lines or records: what has come, so that a slow writer's are not held back.
    fn piece<'b>(
        &mut self,
        begins: Begins<'_>,
        buffer: &'b mut Vec<u8>,
    ) -> io::Result<Option<(u64, Piece<'b>)>> {
        if self.ended && self.carried.is_empty() {
            return Ok(None);
        }
        buffer.clear();
        buffer.append(&mut self.carried);
        let mut cut = 0;
        // Lines that have ended, as far as they were looked at.
        let mut lines = memchr::memrchr(b'\n', buffer).map_or(0, |lf| lf + 1);
        let end = loop {
            if self.ended {
                break buffer.len();
            }
            if lines > PIECE || (lines > 0 && self.from.is_quiet()) {
                break lines;
            }
            let filled = buffer.len();
            if self.read(buffer)? == 0 {
                self.ended = true;
                break buffer.len();
            }
            let fresh = buffer.get(filled..).unwrap_or_default();
            if let Some(lf) = memchr::memrchr(b'\n', fresh) {
                lines = filled + lf + 1;
                let whole = buffer.get(..lines).unwrap_or_default();
                if let Some(last) = piece::last_beginning(whole, begins).filter(|last| *last > 0) {
                    break last;
                }
            }
            if lines == 0 && buffer.len() >= LONGEST {
                cut = self.rest_of_line()?;
                break buffer.len();
            }
        };
        if end == 0 {
            return Ok(None);
        }
        // What was skipped is already carried.
        let mut rest = buffer.get(end..).unwrap_or_default().to_vec();
        rest.append(&mut self.carried);
        self.carried = rest;
        let (index, offset) = (self.pieces, self.offset);
        self.pieces += 1;
        self.offset += end as u64 + cut;
        let bytes = buffer.get(..end).unwrap_or_default();
        Ok(Some((index, Piece { offset, bytes, cut, ended_early: false })))
    }

    /// Skips to the end of a line that is too long; gives how many bytes were skipped.
    fn rest_of_line(&mut self) -> io::Result<u64> {
        let mut buffer = Vec::new();
        let mut skipped = 0;
        loop {
            buffer.clear();
            let read = self.from.read(&mut buffer)?;
            if let Some(lf) = memchr::memchr(b'\n', &buffer) {
                self.carried.extend_from_slice(buffer.get(lf + 1..).unwrap_or_default());
                return Ok(skipped + lf as u64);
            }
            skipped += read as u64;
            if read == 0 {
                self.ended = true;
                return Ok(skipped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use crate::logs::piece::EVERY_LINE;

    use super::*;

    fn lines(input: &Input) -> Vec<u8> {
        let mut all = Vec::new();
        let take = |bytes: Vec<u8>| {
            all.extend_from_slice(&bytes);
            ControlFlow::Continue(())
        };
        sweep(input, EVERY_LINE, |piece| piece.bytes.to_vec(), take).unwrap();
        all
    }

    fn text() -> Vec<u8> {
        (0..200_000).flat_map(|i| format!("line {i} of the text\n").into_bytes()).collect()
    }

    #[test]
    fn a_file_of_the_kernel_says_that_it_is_empty_and_is_read() {
        let input = Input::open(Path::new("/proc/self/status")).unwrap();
        assert!(String::from_utf8(lines(&input)).unwrap().contains("VmRSS"));
    }

    #[test]
    fn pieces_come_in_the_order_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        File::create(&path).unwrap().write_all(&text()).unwrap();
        assert!(lines(&Input::open(&path).unwrap()) == text());
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&text()).unwrap();
        File::create(&path).unwrap().write_all(&packed.finish().unwrap()).unwrap();
        // As standard input, with and without a look at what it begins with.
        let input = || Input::stream(From::Live(File::open(&path).unwrap()));
        assert!(lines(&input()) == text());
        let looked = input();
        assert!(looked.sample().unwrap().starts_with(b"line 0 of") && lines(&looked) == text());
        assert!(lines(&Input::open(&path).unwrap()) == text());
        assert_eq!(Input::open(dir.path()).err().unwrap().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn a_stream_gives_what_has_come() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"one\ntwo\n  more\nthr").unwrap();
        let input = Input::stream(From::Live(File::from(std::os::fd::OwnedFd::from(reader))));
        let Input::Stream(stream) = &input else { unreachable!() };
        let (mut stream, mut buffer) = (stream.lock().unwrap(), Vec::new());
        let begins: Begins<'_> = &|_, line| !line.starts_with(b" ");
        let mut next = || {
            let next = stream.piece(begins, &mut buffer).unwrap();
            next.map(|(index, piece)| (index, piece.offset, String::from_utf8(piece.bytes.to_vec()).unwrap()))
        };
        // What may go on waits for what comes next, and no longer than it is quiet.
        assert_eq!(next(), Some((0, 0, "one\n".to_owned())));
        assert_eq!(next(), Some((1, 4, "two\n  more\n".to_owned())));
        writer.write_all(b"ee").unwrap();
        drop(writer);
        assert_eq!(next(), Some((2, 15, "three".to_owned())));
        assert_eq!(next(), None);
    }

    #[test]
    fn who_has_enough_stops_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        File::create(&path).unwrap().write_all(&text()).unwrap();
        let mut taken = 0;
        let take = |()| {
            taken += 1;
            if taken == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        sweep(&Input::open(&path).unwrap(), EVERY_LINE, |_| (), take).unwrap();
        assert_eq!(taken, 2);
    }
}
