//! One open log file: what was appended since last time, and whether it was rewritten instead.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};

/// How many bytes before the offset are compared to see a file that was cut and grew again.
const OVERLAP: usize = 64;

/// Which file it is, whatever its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Id {
    device: u64,
    inode: u64,
}

impl Id {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self { device: meta.dev(), inode: meta.ino() }
    }
}

/// How far a file was read, and what was there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Position {
    pub(super) id: Id,
    offset: u64,
    overlap: Vec<u8>,
}

impl Position {
    /// Nothing of it was read.
    pub(super) fn start(id: Id) -> Self {
        Self { id, offset: 0, overlap: Vec::new() }
    }
}

/// What a read found.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// Nothing new.
    Nothing,
    /// Bytes, now in the caller's buffer; whether there are more.
    Bytes { more: bool },
    /// The file is not what it was before the offset: cut, or cut and written anew.
    Cut,
}

/// An open file and how far it was read.
#[derive(Debug)]
pub(super) struct Reader {
    file: File,
    id: Id,
    offset: u64,
    /// The bytes before `offset`, at most [`OVERLAP`].
    overlap: Vec<u8>,
    /// Change time of the file when it was last found complete.
    complete_at: Option<(i64, i64)>,
}

impl Reader {
    /// Opens a regular file at its start; anything else is an error that says what it is.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Opening a FIFO without a writer would wait for one.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other(if meta.is_dir() {
                "it is a directory"
            } else {
                "it is not a file"
            }));
        }
        Ok(Self { file, id: Id::of(&meta), offset: 0, overlap: Vec::new(), complete_at: None })
    }

    pub(super) fn id(&self) -> Id {
        self.id
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether no name leads to the file any more.
    pub(super) fn is_deleted(&self) -> bool {
        self.file.metadata().is_ok_and(|meta| meta.nlink() == 0)
    }

    /// How many bytes are not read yet.
    pub(super) fn rest(&self) -> u64 {
        self.file.metadata().map_or(0, |meta| meta.len().saturating_sub(self.offset))
    }

    /// When the file was last written to, if no name leads to it any more.
    pub(super) fn changed_if_deleted(&self) -> Option<SystemTime> {
        self.file.metadata().ok().filter(|meta| meta.nlink() == 0)?.modified().ok()
    }

    /// Begins again at the start.
    pub(super) fn rewind(&mut self) {
        self.offset = 0;
        self.overlap.clear();
        self.complete_at = None;
    }

    /// Goes to `offset` without reading what is before.
    pub(super) fn skip_to(&mut self, offset: u64) -> io::Result<()> {
        let length = offset.min(OVERLAP as u64);
        let mut overlap = vec![0; usize::try_from(length).unwrap_or(OVERLAP)];
        self.file.read_exact_at(&mut overlap, offset - length)?;
        self.offset = offset;
        self.overlap = overlap;
        Ok(())
    }

    /// How far it was read.
    pub(super) fn position(&self) -> Position {
        Position { id: self.id, offset: self.offset, overlap: self.overlap.clone() }
    }

    /// Goes to a position, of this file or of one that it is a copy of. `false`, and it is at
    /// its start, if the bytes there are others: the number of a deleted file is given to a new one.
    pub(super) fn go_on_from(&mut self, position: &Position) -> bool {
        let same = self.skip_to(position.offset).is_ok() && self.overlap == position.overlap;
        if !same {
            self.rewind();
        }
        same
    }

    /// Reads up to `limit` bytes into `buffer`, which is emptied first.
    pub(super) fn read(&mut self, buffer: &mut Vec<u8>, limit: usize) -> io::Result<Found> {
        buffer.clear();
        let meta = self.file.metadata()?;
        let changed = (meta.mtime(), meta.mtime_nsec());
        if meta.len() < self.offset {
            return Ok(Found::Cut);
        }
        if meta.len() == self.offset && self.complete_at == Some(changed) {
            return Ok(Found::Nothing);
        }
        let known = self.overlap.len();
        let fresh = usize::try_from(meta.len() - self.offset).unwrap_or(limit).min(limit);
        buffer.resize(known + fresh, 0);
        let read = self.file.read_at(buffer, self.offset - known as u64)?;
        buffer.truncate(read);
        if !buffer.starts_with(&self.overlap) {
            buffer.clear();
            return Ok(Found::Cut);
        }
        let tail = buffer.len().saturating_sub(OVERLAP);
        let overlap = buffer.get(tail..).unwrap_or_default().to_vec();
        buffer.drain(..known);
        self.overlap = overlap;
        self.offset += buffer.len() as u64;
        let more = self.offset < meta.len() && !buffer.is_empty();
        self.complete_at = (self.offset == meta.len()).then_some(changed);
        Ok(if buffer.is_empty() { Found::Nothing } else { Found::Bytes { more } })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::*;

    fn append(path: &Path, bytes: &[u8]) {
        OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    fn read(reader: &mut Reader) -> (Found, Vec<u8>) {
        let mut buffer = Vec::new();
        let found = reader.read(&mut buffer, 1000).unwrap();
        (found, buffer)
    }

    #[test]
    fn only_what_is_new_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append(&path, b"one\n");
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(read(&mut reader), (Found::Bytes { more: false }, b"one\n".to_vec()));
        assert_eq!(read(&mut reader).0, Found::Nothing);
        append(&path, &[b'x'; 1500]);
        assert_eq!(read(&mut reader), (Found::Bytes { more: true }, vec![b'x'; 1000]));
        assert_eq!(read(&mut reader), (Found::Bytes { more: false }, vec![b'x'; 500]));
    }

    #[test]
    fn a_cut_is_seen_when_shorter_and_when_it_grew_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        append(&path, b"first line\n");
        let mut reader = Reader::open(&path).unwrap();
        read(&mut reader);
        for anew in [&b"short\n"[..], b"longer than it was before\n", b"fIRST LINE\n"] {
            // As copytruncate does: same inode.
            OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
            append(&path, anew);
            let later = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000);
            File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
            assert_eq!(read(&mut reader).0, Found::Cut, "{}", anew.escape_ascii());
            reader.rewind();
            assert_eq!(read(&mut reader).1, anew);
            reader.rewind();
            OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
            append(&path, b"first line\n");
            read(&mut reader);
        }
    }

    #[test]
    fn what_is_not_a_file_is_refused_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Reader::open(dir.path()).unwrap_err().to_string().contains("directory"));
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(Reader::open(&fifo).unwrap_err().to_string().contains("not a file"));
        assert_eq!(Reader::open(&dir.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::remove_file(&fifo).unwrap();
    }

    #[test]
    fn a_copy_goes_on_where_the_original_was() {
        let dir = tempfile::tempdir().unwrap();
        let (path, copy, other) =
            (dir.path().join("log"), dir.path().join("log.1"), dir.path().join("log.2"));
        append(&path, b"one\ntwo\n");
        append(&copy, b"one\ntwo\nthree\n");
        append(&other, b"ONE\nTWO\nTHREE\n");
        let mut reader = Reader::open(&path).unwrap();
        read(&mut reader);
        let mut copied = Reader::open(&copy).unwrap();
        assert!(copied.go_on_from(&reader.position()));
        assert_eq!(read(&mut copied).1, b"three\n");
        let mut other = Reader::open(&other).unwrap();
        assert!(!other.go_on_from(&reader.position()));
        assert_eq!(read(&mut other).1, b"ONE\nTWO\nTHREE\n");
    }
}
