//! Waits for a change of quiet files: the kernel tells it, so that nobody has to look.

use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use super::reader::Reader;

/// Everything that makes a file worth a look: written, cut, renamed, a name taken away.
const CHANGES: WatchFlags =
    WatchFlags::MODIFY.union(WatchFlags::ATTRIB).union(WatchFlags::MOVE_SELF).union(WatchFlags::DELETE_SELF);
/// File systems on which nobody else can write: `f_type` of statfs(2) for ext2 to 4, XFS, Btrfs, tmpfs, ZFS,
/// F2FS, bcachefs. On a network file system the kernel knows only of what is written on this machine, and on
/// an overlay a file may be copied up behind the watch's back.
const LOCAL: [i64; 7] =
    [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x2fc1_2fc1, 0xf2f5_2010, 0xca45_1a4e];

/// Wakes the reading thread; once it is dropped, the thread ends.
#[derive(Debug)]
pub(super) struct Wake(OwnedFd);

impl Wake {
    /// Somebody asks for a look at everything.
    pub(super) fn ask(&self) {
        // Full: it is awake already.
        let _full = rustix::io::write(&self.0, &[0]);
    }
}

/// Why a wait ended.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Woken {
    /// Nothing happened for as long as was given.
    Time,
    /// Somebody asked for a look at everything.
    Asked,
    /// These files changed. None of them is watched any more.
    Changed(Vec<PathBuf>),
    /// Nobody wants to know any more.
    Over,
}

/// What the reading thread waits with.
#[derive(Debug)]
pub(super) struct Watch {
    asked: OwnedFd,
    /// `None` where the kernel gives no more of them (`fs.inotify.max_user_instances`).
    inotify: Option<OwnedFd>,
    watched: BTreeMap<i32, PathBuf>,
}

/// The two ends.
pub(super) fn watch() -> io::Result<(Wake, Watch)> {
    let (asked, wake) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
    Ok((Wake(wake), Watch { asked, inotify, watched: BTreeMap::new() }))
}

impl Watch {
    /// Will say once that the file at `path` changed, which is open as `reader`. `None` if it cannot.
    ///
    /// What happened before is not told: look at the file after this.
    pub(super) fn add(&mut self, path: &Path, reader: &Reader) -> Option<i32> {
        let inotify = self.inotify.as_ref()?;
        let kind = rustix::fs::fstatfs(reader.file()).ok()?.f_type;
        #[expect(clippy::useless_conversion, reason = "its type is not the same on every machine")]
        if !LOCAL.contains(&i64::from(kind)) {
            return None;
        }
        let number = inotify::add_watch(inotify, path, CHANGES | WatchFlags::ONESHOT).ok()?;
        // Another path leads to the same file: one of the two is looked at as before.
        if self.watched.get(&number).is_some_and(|known| known != path) {
            return None;
        }
        self.watched.insert(number, path.to_owned());
        Some(number)
    }

    /// Forgets what [`Watch::add`] gave this number.
    pub(super) fn remove(&mut self, number: i32) {
        if self.watched.remove(&number).is_some()
            && let Some(inotify) = &self.inotify
        {
            // The file is gone, and the watch with it.
            let _gone = inotify::remove_watch(inotify, number);
        }
    }

    /// Waits until something happens, at most this long.
    pub(super) fn wait(&mut self, wait: Duration) -> Woken {
        let wait = Timespec::try_from(wait).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        let mut fds = vec![PollFd::new(&self.asked, PollFlags::IN)];
        fds.extend(self.inotify.as_ref().map(|inotify| PollFd::new(inotify, PollFlags::IN)));
        if poll(&mut fds, Some(&wait)).is_err() {
            return Woken::Time; // a signal
        }
        let ready: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
        drop(fds);
        match ready.first() {
            Some(asked) if asked.contains(PollFlags::IN) => {
                let mut buffer = [0; 64];
                while rustix::io::read(&self.asked, &mut buffer).is_ok_and(|read| read == buffer.len()) {}
                Woken::Asked
            }
            Some(asked) if !asked.is_empty() => Woken::Over,
            _ if ready.get(1).is_some_and(|changed| !changed.is_empty()) => self.changed(),
            _ => Woken::Time,
        }
    }

    fn changed(&mut self) -> Woken {
        let Some(inotify) = &self.inotify else { return Woken::Time };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(inotify, &mut buffer);
        let mut changed = Vec::new();
        loop {
            match events.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                    changed.extend(std::mem::take(&mut self.watched).into_values());
                }
                Ok(event) => changed.extend(self.watched.remove(&event.wd())),
                Err(Errno::INTR) => {}
                Err(_) => return Woken::Changed(changed),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn append(path: &Path, bytes: &[u8]) {
        OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    /// What wakes for `path`. `None` where nothing can be watched.
    fn woken_by(change: impl FnOnce(&Path)) -> Option<Woken> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        append(&path, b"one\n");
        let reader = Reader::open(&path).unwrap();
        let (_wake, mut watch) = watch().unwrap();
        watch.add(&path, &reader)?;
        assert_eq!(watch.wait(Duration::ZERO), Woken::Time);
        change(&path);
        let woken = watch.wait(LONG);
        // Once is enough, until it is watched anew.
        assert!(watch.watched.is_empty());
        append(&path, b"again\n");
        assert_eq!(watch.wait(Duration::ZERO), Woken::Time);
        let reader = Reader::open(&path).unwrap();
        assert!(watch.add(&path, &reader).is_some());
        append(&path, b"and again\n");
        assert_eq!(watch.wait(LONG), Woken::Changed(vec![path]));
        Some(match woken {
            Woken::Changed(paths) => Woken::Changed(
                paths.iter().map(|path| path.strip_prefix(dir.path()).unwrap().to_owned()).collect(),
            ),
            other => other,
        })
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "what was not tried has to be told")]
    fn whatever_happens_to_a_file_that_is_watched_wakes() {
        let changes: [&dyn Fn(&Path); 4] = [
            &|path| append(path, b"two\n"),
            &|path| fs::rename(path, path.with_extension("1")).unwrap(),
            &|path| fs::remove_file(path).unwrap(),
            &|path| OpenOptions::new().write(true).open(path).unwrap().set_len(0).unwrap(),
        ];
        let mut skipped = 0;
        for change in changes {
            match woken_by(change) {
                Some(woken) => assert_eq!(woken, Woken::Changed(vec!["app.log".into()])),
                None => skipped += 1,
            }
        }
        if skipped > 0 {
            let folder = std::env::temp_dir();
            println!(
                "skipped: {skipped} changes, {} is on no file system that can be watched",
                folder.display()
            );
        }
    }

    #[test]
    fn who_asks_wakes_and_who_leaves_ends_it() {
        let (wake, mut watch) = watch().unwrap();
        assert_eq!(watch.wait(Duration::ZERO), Woken::Time);
        for _ in 0..1000 {
            wake.ask();
        }
        assert_eq!(watch.wait(LONG), Woken::Asked);
        assert_eq!(watch.wait(Duration::ZERO), Woken::Time);
        drop(wake);
        assert_eq!(watch.wait(LONG), Woken::Over);
    }
}
