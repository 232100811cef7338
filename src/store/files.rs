//! The file operations that durability rests on, behind a trait so that each can be made to fail.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FallocateFlags, OFlags};

use super::share::Share;

/// Operations on files. [`Disk`] is the real one; tests have one that fails at the nth call.
pub trait Files {
    /// Makes a new file, 0600, open for appending. An existing file or link of that name is an error.
    fn create(&self, path: &Path) -> io::Result<File>;
    /// Writes at the file's end; may write less than asked.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file to `len` bytes.
    fn truncate(&self, file: &File, len: u64) -> io::Result<()>;
    /// Reserves room on the disk from `from` on without changing the file's size, so that appends
    /// succeed on a disk that has become full.
    fn reserve(&self, file: &File, from: u64, len: u64) -> io::Result<()>;
    /// Returns when the file's data and size are on the disk. After an error the descriptor must
    /// not be trusted again: the kernel may report success for lost data the second time.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Returns when the names in a directory are on the disk.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Gives a file another name in one step, replacing what has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a file away.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Reads a regular file that is not a link; more than `most` bytes is an error.
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        self.read_from(path, 0, most)
    }
    /// As [`Files::read`], from this byte on.
    fn read_from(&self, path: &Path, from: u64, most: u64) -> io::Result<Vec<u8>>;
    /// The names in a directory, sorted; only the first `most`.
    fn list(&self, dir: &Path, most: usize) -> io::Result<Vec<PathBuf>>;
    /// What tells one state of a file from another without reading it; `None` if there is none.
    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>>;
    /// Whether other machines may write where a file is: then a lock that is had says nothing of theirs.
    fn is_far(&self, file: &File) -> bool {
        rustix::fs::fstatfs(file).map_or(true, |system| {
            #[expect(clippy::useless_conversion, reason = "its type is not the same on every machine")]
            let kind = i64::from(system.f_type) & 0xffff_ffff;
            FAR.contains(&kind)
        })
    }
    /// The shared directory that they are in; nothing where they are private.
    fn share(&self) -> Option<&Share> {
        None
    }
}

/// File systems of a network, or of a program that may lead to one: `f_type` of statfs(2) for NFS, SMB (three of them),
/// FUSE, 9P, Ceph, AFS (two), Coda, Lustre, GPFS, GFS2, OCFS2, and the folders of a virtual machine.
const FAR: [i64; 15] = [
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x6573_5546,
    0x0102_1997,
    0x00c3_6400,
    0x5346_414f,
    0x6b41_4653,
    0x7375_7245,
    0x0bd0_0bd0,
    0x4750_4653,
    0x0116_1970,
    0x7461_636f,
    0x786f_4256,
];

/// A file's identity and state: a different stamp means that somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    /// Nothing where the file system does not keep it.
    made: Option<Timestamp>,
    user: u32,
    group: u32,
    mode: u32,
    is_file: bool,
}

impl Stamp {
    /// Of an open file.
    pub fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|m| Self::from(&m))
    }
}

impl Stamp {
    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whose it is.
    pub fn user(&self) -> u32 {
        self.user
    }

    /// Of which group.
    pub fn group(&self) -> u32 {
        self.group
    }

    /// Who may do what with it.
    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// Whether it is a regular file, and no link or directory.
    pub fn is_file(&self) -> bool {
        self.is_file
    }

    /// When it was made, which nobody can set.
    pub fn made(&self) -> Option<Timestamp> {
        self.made
    }

    /// When it was written last.
    pub fn modified(&self) -> Option<Timestamp> {
        Timestamp::new(self.modified.0, i32::try_from(self.modified.1).ok()?).ok()
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(m: &fs::Metadata) -> Self {
        Self {
            inode: m.ino(),
            size: m.size(),
            modified: (m.mtime(), m.mtime_nsec()),
            made: m.created().ok().and_then(|made| Timestamp::try_from(made).ok()),
            user: m.uid(),
            group: m.gid(),
            mode: m.mode() & 0o7777,
            is_file: m.is_file(),
        }
    }
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

/// Neither follows a link nor waits for what is at the other end of a pipe.
pub(super) const CAUTIOUS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);

pub(super) fn flags(flags: OFlags) -> i32 {
    i32::try_from(flags.bits()).unwrap_or(0)
}

impl Files for Disk {
    fn create(&self, path: &Path) -> io::Result<File> {
        File::options()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(flags(OFlags::NOFOLLOW))
            .open(path)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)
    }

    fn reserve(&self, file: &File, from: u64, len: u64) -> io::Result<()> {
        Ok(rustix::fs::fallocate(file, FallocateFlags::KEEP_SIZE, from, len)?)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn read_from(&self, path: &Path, from: u64, most: u64) -> io::Result<Vec<u8>> {
        // Not blocking: opening a FIFO for reading would wait for a writer.
        let mut file = File::options().read(true).custom_flags(flags(CAUTIOUS)).open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if from > 0 {
            file.seek(SeekFrom::Start(from))?;
        }
        let length = meta.len().saturating_sub(from);
        let mut bytes = Vec::with_capacity(usize::try_from(length.min(most)).unwrap_or(0));
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(io::Error::other(format!("it is larger than {most} bytes")));
        }
        Ok(bytes)
    }

    fn list(&self, dir: &Path, most: usize) -> io::Result<Vec<PathBuf>> {
        let mut paths = fs::read_dir(dir)?
            .take(most)
            .map(|entry| entry.map(|e| e.path()))
            .collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        match fs::symlink_metadata(path) {
            Ok(meta) => Ok(Some(Stamp::from(&meta))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// Writes all of `bytes` at the file's end.
pub fn write_all(files: &impl Files, file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match files.write(file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod faulty {
    //! A disk that fails at the nth operation, loses what was not synced when a sync fails, and
    //! can lose its power.

    use std::cell::{Cell, OnceCell, RefCell};
    use std::collections::HashMap;

    use rustix::io::Errno;

    use super::*;

    /// How the chosen operation fails, and whether all later ones fail too.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Fault {
        pub(crate) at: usize,
        pub(crate) errno: Errno,
        pub(crate) for_ever: bool,
    }

    #[derive(Debug, Default)]
    pub(crate) struct Faulty {
        pub(crate) fault: Cell<Option<Fault>>,
        pub(crate) operations: Cell<usize>,
        /// Bytes of each file (by inode) that a sync confirmed.
        synced: RefCell<HashMap<u64, u64>>,
        /// Names given since the last sync of the directory, with a link to what had each before.
        renamed: RefCell<Vec<(PathBuf, Option<PathBuf>)>>,
        /// Where those links are.
        spare: OnceCell<tempfile::TempDir>,
        /// Bytes that were read.
        pub(crate) bytes: Cell<usize>,
        /// What another machine appends to a file while it is read the next time.
        pub(crate) meanwhile: RefCell<Option<(PathBuf, Vec<u8>)>>,
        /// Whether it is a network file system.
        pub(crate) far: Cell<bool>,
    }

    impl Faulty {
        pub(crate) fn at(at: usize, errno: Errno, for_ever: bool) -> Self {
            Self { fault: Cell::new(Some(Fault { at, errno, for_ever })), ..Self::default() }
        }

        /// Whether the fault happened.
        pub(crate) fn struck(&self) -> bool {
            self.fault.get().is_some_and(|f| self.operations.get() > f.at)
        }

        /// Leaves what a power loss may leave: no name and no byte that was not synced.
        pub(crate) fn lose_power(&self, dir: &Path) {
            for (name, before) in self.renamed.take().into_iter().rev() {
                match before {
                    Some(before) => fs::rename(before, name).unwrap(),
                    // It may have been removed since.
                    None => drop(fs::remove_file(name)),
                }
            }
            for path in Disk.list(dir, 1000).unwrap() {
                let Ok(file) = File::options().write(true).open(&path) else { continue };
                let meta = file.metadata().unwrap();
                let kept = self.synced.borrow().get(&meta.ino()).copied().unwrap_or(0);
                file.set_len(kept.min(meta.len())).unwrap();
            }
        }

        fn step(&self) -> io::Result<()> {
            let n = self.operations.replace(self.operations.get() + 1);
            match self.fault.get() {
                Some(f) if n == f.at || (f.for_ever && n > f.at) => Err(f.errno.into()),
                _ => Ok(()),
            }
        }
    }

    impl Files for &Faulty {
        fn create(&self, path: &Path) -> io::Result<File> {
            self.step()?;
            Disk.create(path)
        }
        fn write(&self, file: &File, bytes: &[u8]) -> io::Result<usize> {
            if let Err(e) = self.step() {
                // A disk that fills up takes a part first.
                Disk.write(file, &bytes[..bytes.len() / 2])?;
                return Err(e);
            }
            // Short writes are normal.
            Disk.write(file, &bytes[..bytes.len().div_ceil(2)])
        }
        fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
            self.step()?;
            Disk.truncate(file, len)
        }
        fn reserve(&self, _: &File, _: u64, _: u64) -> io::Result<()> {
            self.step()
        }
        fn sync(&self, file: &File) -> io::Result<()> {
            let meta = file.metadata()?;
            if let Err(e) = self.step() {
                // What the kernel may do: the pages are dropped, the size stays, and later syncs
                // succeed.
                let kept = self.synced.borrow().get(&meta.ino()).copied().unwrap_or(0);
                file.set_len(kept.min(meta.len()))?;
                file.set_len(meta.len())?;
                return Err(e);
            }
            self.synced.borrow_mut().insert(meta.ino(), meta.len());
            Ok(())
        }
        fn sync_dir(&self, _: &Path) -> io::Result<()> {
            self.step()?;
            for (_, before) in self.renamed.take() {
                before.map_or(Ok(()), fs::remove_file)?;
            }
            Ok(())
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.step()?;
            let spare = self.spare.get_or_init(|| tempfile::tempdir().unwrap());
            let aside = spare.path().join(self.operations.get().to_string());
            let before = fs::hard_link(to, &aside).ok().map(|()| aside);
            self.renamed.borrow_mut().push((to.to_owned(), before));
            Disk.rename(from, to)
        }
        fn remove(&self, path: &Path) -> io::Result<()> {
            self.step()?;
            Disk.remove(path)
        }
        fn is_far(&self, _: &File) -> bool {
            self.far.get()
        }
        fn read_from(&self, path: &Path, from: u64, most: u64) -> io::Result<Vec<u8>> {
            self.step()?;
            let bytes = Disk.read_from(path, from, most)?;
            self.bytes.set(self.bytes.get() + bytes.len());
            if let Some((path, more)) = self.meanwhile.take() {
                File::options().append(true).open(path)?.write_all(&more)?;
            }
            Ok(bytes)
        }
        fn list(&self, dir: &Path, most: usize) -> io::Result<Vec<PathBuf>> {
            self.step()?;
            Disk.list(dir, most)
        }
        fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
            self.step()?;
            Disk.stamp(path)
        }
    }
}
