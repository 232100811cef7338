//! What stands at a path: a file that lies still, or what can only be read from front to end.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt as _};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::slot::Slot;
use super::stream::{STANDARD_INPUT, Stream};
use super::unpack::GZIP;
use crate::logs::format::Formats;
use crate::logs::format::own::Own;
use crate::logs::read::{ReadAt, fill};

/// How much of a file tells what it is written in.
const SAMPLE: usize = 64 * 1024;
/// What of the beginning of a file tells whether it was cut and has grown again.
pub(super) const FRONT: usize = 512;

/// An open file, and what it was when last looked at.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) meta: Metadata,
    pub(super) formats: Formats,
    /// What it begins with.
    pub(super) front: Vec<u8>,
    pub(super) slot: Slot,
}

/// What stands at a path.
pub(super) enum Found {
    /// A file that lies still.
    Still(Box<Opened>),
    /// What can only be read from front to end.
    Stream(Stream),
}

impl Found {
    /// Opens what is there, and looks at its beginning.
    pub(super) fn open(path: &Path, own: &Arc<[Own]>) -> io::Result<Self> {
        let kind = std::fs::metadata(path)?;
        if kind.is_dir() {
            return Err(io::Error::other("it is a directory"));
        }
        if kind.file_type().is_fifo() {
            // Opening it would wait for somebody who writes.
            let is_input = path == Path::new(STANDARD_INPUT);
            return Ok(Self::Stream(if is_input { Stream::Input } else { Stream::Pipe(path.to_owned()) }));
        }
        if !kind.is_file() {
            return Err(io::Error::other("it is a device or a socket, not a file or a pipe"));
        }
        let slot = Slot::take()?;
        let file = File::open(path)?;
        let mut front = vec![0; SAMPLE];
        let got = fill(&Positioned(&file), &mut front, 0)?;
        front.truncate(got);
        let meta = file.metadata()?;
        // One of the kernel is as long as it says neither before nor after it was read; one that grows or
        // is cut says another length then.
        let says = |meta: &Metadata| meta.len() == kind.len();
        let is_made = got < SAMPLE && got as u64 != kind.len() && says(&meta);
        if front.starts_with(&GZIP) || is_made {
            return Ok(Self::Stream(Stream::File(file, slot)));
        }
        let formats = Formats::detect(&front, own);
        front.truncate(FRONT);
        let opened = Opened { file, meta, formats, front, slot };
        Ok(Self::Still(Box::new(opened)))
    }
}

impl Opened {
    /// When it was last written to.
    pub(super) fn modified(&self) -> Timestamp {
        let at = self.meta.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
        at.unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A file that is read at places of one's own.
pub(super) struct Positioned<'a>(pub(super) &'a File);

impl ReadAt for Positioned<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self.0, buffer, offset)
    }
}
