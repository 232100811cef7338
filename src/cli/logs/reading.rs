//! A file that is read in pieces for a command, and what is said when that does not work.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use jiff::Timestamp;

use crate::cli::WRONG;
use crate::cli::print::refuse;
use crate::logs::format::Formats;
use crate::logs::format::own::Own;
use crate::logs::piece::{Begins, Piece};
use crate::model::text::SafeText;
use crate::runtime::progress::Progress;
use crate::runtime::sweep::{Input, sweep};
use crate::safe;
use crate::store::error::{path_text, reason};

/// An open file.
pub(super) struct Reading {
    input: Input,
    /// What a person calls it.
    pub(super) name: SafeText,
    /// The latest that its lines can be of: a stamp without a year is not of a time at which nobody wrote to
    /// the file any more.
    pub(super) now: Timestamp,
}

/// What a person calls a file.
pub(super) fn name(path: &Path) -> SafeText {
    if path.as_os_str() == "-" { SafeText::literal("standard input") } else { path_text(path) }
}

impl Reading {
    /// Opens a file, or says why it cannot be.
    pub(super) fn open(path: &Path, now: Timestamp) -> Result<Self, ExitCode> {
        let name = name(path);
        let opened = if path.as_os_str() == "-" { Input::standard() } else { Input::open(path) };
        let input =
            opened.map_err(|error| refuse(WRONG, &safe!("cannot open {}: {}", name, reason(&error))))?;
        let now = input.written().map_or(now, |at| at.min(now));
        Ok(Self { input, name, now })
    }

    /// What the lines are written in, by the first of them. Waits until something has come.
    pub(super) fn formats(&self, own: &Arc<[Own]>) -> Result<Formats, ExitCode> {
        let sample = self.input.sample().map_err(|error| self.cannot(&error))?;
        Ok(Formats::detect(&sample, own))
    }

    /// Does `work` on each piece, on every core, and gives what came of it to `take` in the order of the
    /// file, until that breaks; says what went wrong, and on a terminal how far it is. Gives how many bytes
    /// of lines above 128 MiB were not looked at.
    pub(super) fn sweep<T: Send>(
        &self,
        begins: Begins<'_>,
        work: impl Fn(Piece<'_>) -> T + Sync,
        mut take: impl FnMut(T, &mut Progress) -> ControlFlow<()> + Send,
    ) -> Result<u64, ExitCode> {
        let mut progress = Progress::new(self.name.clone(), self.input.length());
        let (mut ended_early, mut cut) = (false, 0);
        let work = |piece: Piece<'_>| {
            let read = (piece.bytes.len() as u64 + piece.cut, piece.ended_early, piece.cut);
            (work(piece), read)
        };
        let take = |(done, (bytes, early, left_out)): (T, (u64, bool, u64))| {
            ended_early |= early;
            cut += left_out;
            progress.add(bytes);
            take(done, &mut progress)
        };
        let read = sweep(&self.input, begins, work, take);
        drop(progress);
        read.map_err(|error| self.cannot(&error))?;
        if ended_early {
            return Err(self.refuse(&safe!("{} became shorter while it was read: run it again", self.name)));
        }
        Ok(cut)
    }

    /// Says that not all of it was looked at, if so.
    pub(super) fn whole(&self, cut: u64) -> Result<(), ExitCode> {
        if cut == 0 {
            return Ok(());
        }
        let name = &self.name;
        Err(self.refuse(&safe!("{} has lines above 128 MiB: {} bytes were not looked at", name, cut)))
    }

    fn cannot(&self, error: &std::io::Error) -> ExitCode {
        self.refuse(&safe!("cannot read {}: {}", self.name, reason(error)))
    }

    #[expect(clippy::unused_self, reason = "the file is what it is about")]
    fn refuse(&self, why: &SafeText) -> ExitCode {
        refuse(WRONG, why)
    }
}
