//! A file of records that only grows: a record is on the disk when `append` returns, and what
//! stands before a torn end, and around a damaged place, is always readable.
//!
//! ```text
//! "mwjrnl1\n"  then for each record:  length u32 | CRC-32C u32 | payload
//! ```
//! Numbers are little-endian; the checksum is over the length's four bytes and the payload, so
//! that a run of zeros (what a file system leaves after a power loss) is not a record. A payload is a
//! JSON object: behind a damaged place reading goes on at the next whole record that has one.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::atomic::{beside, folder};
use super::error::path_text;
use super::files::{CAUTIOUS, Files, flags, write_all};
use super::lock;
use super::share::is_foreign;
use crate::model::text::SafeText;
use crate::safe;

const MAGIC: &[u8; 8] = b"mwjrnl1\n";
/// Room kept on the disk ahead of the end: some hours of typing.
const AHEAD: u64 = 256 * 1024;
/// The largest payload, bytes.
pub const MOST_PAYLOAD: usize = 4 * 1024 * 1024;
/// The largest journal that is read back, bytes.
pub const MOST_READ: u64 = 32 * 1024 * 1024;

/// A journal that this process writes. It holds a lock on it, which says that its writer lives.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    len: u64,
    reserved: u64,
    trusted: bool,
}

impl Journal {
    /// Makes a new journal with its first records. It gets its name when it is complete, so no
    /// reader meets half a head; a journal of that name must not exist.
    pub fn create(files: &impl Files, path: &Path, first: &[Vec<u8>]) -> io::Result<Self> {
        let temp = beside(path);
        let file = files.create(&temp)?;
        let mut journal = Self { file, path: path.to_owned(), len: 0, reserved: 0, trusted: true };
        // The first error is the one to tell. What has the name while ours has not is not ours to take away.
        let put = journal.begin(files, first).and_then(|()| files.rename(&temp, path));
        if let Err(e) = put {
            drop(files.remove(&temp));
            return Err(e);
        }
        if let Err(e) = files.sync_dir(folder(path)) {
            drop(files.remove(path));
            return Err(e);
        }
        Ok(journal)
    }

    fn begin(&mut self, files: &impl Files, first: &[Vec<u8>]) -> io::Result<()> {
        // Where locks do not work nobody can tell that we live; then nobody repairs the file either.
        drop(lock::lock(&self.file));
        if files.stamp(&self.path)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut bytes = MAGIC.to_vec();
        for payload in first {
            frame(payload, &mut bytes)?;
        }
        self.put(files, &bytes)
    }

    /// Appends records; when this returns `Ok` they are on the disk. After an error none of them
    /// counts, and the journal may have become untrusted, as it does when somebody took the file away.
    pub fn append(&mut self, files: &impl Files, payloads: &[Vec<u8>]) -> io::Result<()> {
        if !self.trusted {
            return Err(io::Error::other("an earlier write to it was lost"));
        }
        let mut bytes = Vec::new();
        for payload in payloads {
            frame(payload, &mut bytes)?;
        }
        self.put(files, &bytes)?;
        if !self.is_whole() {
            // Written to a file that nobody will find, or behind rubbish.
            self.trusted = false;
            return Err(io::Error::other("another program removed or changed it"));
        }
        Ok(())
    }

    /// Whether the file still has its name and its length: nobody removed, replaced, cut or extended it.
    pub fn is_whole(&self) -> bool {
        let (Ok(open), Ok(named)) = (self.file.metadata(), fs::symlink_metadata(&self.path)) else {
            return false;
        };
        (open.dev(), open.ino()) == (named.dev(), named.ino()) && open.len() == self.len
    }

    fn put(&mut self, files: &impl Files, bytes: &[u8]) -> io::Result<()> {
        let end = self.len + bytes.len() as u64;
        if end > self.reserved {
            // Only a precaution: where it is not supported, or the disk is full, the write decides.
            drop(files.reserve(&self.file, self.len, end - self.len + AHEAD));
            self.reserved = end + AHEAD;
        }
        if let Err(e) = write_all(files, &self.file, bytes) {
            // A part may be in the file: without it the next record would stand behind rubbish.
            self.trusted = files.truncate(&self.file, self.len).is_ok();
            self.reserved = self.len;
            return Err(e);
        }
        if let Err(e) = files.sync(&self.file) {
            self.trusted = false;
            return Err(e);
        }
        self.len = end;
        Ok(())
    }

    /// Whether it can take more records. Once false, write to a new journal.
    pub fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Bytes that are on the disk.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.len <= MAGIC.len() as u64
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives back the room that was kept ahead.
    pub fn close(self, files: &impl Files) {
        if self.trusted {
            // Room on the disk is all that is lost otherwise, until the next start.
            drop(files.truncate(&self.file, self.len));
        }
    }
}

pub(super) fn frame(payload: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let len = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MOST_PAYLOAD);
    let len = len.ok_or_else(|| io::Error::other("the record is too long"))?.to_le_bytes();
    out.extend_from_slice(&len);
    out.extend_from_slice(&checksum(len, payload).to_le_bytes());
    out.extend_from_slice(payload);
    Ok(())
}

fn checksum(len: [u8; 4], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&len), payload)
}

/// Bytes of a journal that are no record, with whole ones behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where they begin.
    pub at: u64,
    /// How many they are.
    pub bytes: u64,
    /// How many whole records are before them.
    pub records: usize,
}

/// What a journal held.
#[derive(Debug, PartialEq, Eq)]
pub struct Replay {
    /// The payloads of all whole records, in order.
    pub records: Vec<Vec<u8>>,
    /// What is between them and no record.
    pub damaged: Vec<Damage>,
    /// Bytes up to the end of the last whole record.
    pub valid: u64,
    /// Bytes behind it that are no record.
    pub torn: u64,
}

/// Reads the whole records of `bytes`. The error says why this is not a journal that can be read.
pub fn replay(bytes: &[u8]) -> io::Result<Replay> {
    let Walked { records, damaged, valid } = walk_whole(bytes)?;
    let records = records.into_iter().map(|(_, payload)| payload.to_vec()).collect();
    Ok(Replay { records, damaged, valid: valid as u64, torn: (bytes.len() - valid) as u64 })
}

/// The whole records of a part of a journal, each with where it ends in it: of its beginning, or from the end of a
/// record on.
pub(super) fn records(part: &[u8], is_beginning: bool) -> Vec<(usize, &[u8])> {
    let walked = if is_beginning { walk_whole(part).ok() } else { Some(walk(part, 0, false)) };
    walked.map(|walked| walked.records).unwrap_or_default()
}

/// What was found in bytes.
#[derive(Default)]
struct Walked<'a> {
    /// Each with where it ends.
    records: Vec<(usize, &'a [u8])>,
    damaged: Vec<Damage>,
    /// Where the last one ends.
    valid: usize,
}

fn walk_whole(bytes: &[u8]) -> io::Result<Walked<'_>> {
    if bytes.starts_with(MAGIC) {
        return Ok(walk(bytes, MAGIC.len(), false));
    }
    if MAGIC.starts_with(bytes) {
        return Ok(Walked::default());
    }
    if let Some(version) = newer(bytes) {
        let why = format!("it is of version {version}, and this midwatch knows 1; it is left alone");
        return Err(io::Error::other(why));
    }
    // Whoever broke its head left the records.
    let walked = walk(bytes, 0, true);
    if walked.records.is_empty() {
        return Err(io::Error::other("it is not a midwatch journal"));
    }
    Ok(walked)
}

/// The version of a journal that a later midwatch wrote.
fn newer(bytes: &[u8]) -> Option<u32> {
    const LONGEST: usize = 6;
    let digits = bytes.strip_prefix(b"mwjrnl")?;
    let end = digits.iter().take(LONGEST).position(|b| *b == b'\n')?;
    let version = std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()?;
    (version > 1).then_some(version)
}

/// Reads the records from `at` on, which is the end of one unless that `is_broken`.
fn walk(bytes: &[u8], mut at: usize, mut is_broken: bool) -> Walked<'_> {
    let mut walked = Walked { valid: at, ..Walked::default() };
    loop {
        // Once something is damaged only what is quickly told from rubbish is a record: checksums over all that may
        // be one would take as long as somebody likes.
        let here = if is_broken {
            first_object(bytes, at)
        } else {
            first_record(bytes.get(at..).unwrap_or_default())
        };
        if let Some((payload, behind)) = here {
            at = bytes.len() - behind.len();
            walked.valid = at;
            walked.records.push((at, payload));
            continue;
        }
        is_broken = true;
        let Some(next) = next_object(bytes, at + 1) else { return walked };
        let records = walked.records.len();
        walked.damaged.push(Damage { at: at as u64, bytes: (next - at) as u64, records });
        at = next;
    }
}

/// Where the next whole record begins that holds a JSON object. A record's length has a zero as its last byte, and a
/// JSON text has no control characters: what is looked at for one record is not looked at for a later one, so this
/// takes no longer than there are bytes, whatever they are.
fn next_object(bytes: &[u8], from: usize) -> Option<usize> {
    let starts = memchr::memchr_iter(0, bytes.get(from + 3..)?).map(|zero| from + zero);
    starts.into_iter().find(|at| first_object(bytes, *at).is_some())
}

fn first_object(bytes: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let rest = bytes.get(at..)?;
    let size = usize::try_from(length_of(rest)?).ok()?;
    let payload = rest.get(8..size)?;
    let is_object = payload.starts_with(b"{") && payload.ends_with(b"}");
    if is_object && payload.iter().all(|byte| *byte >= b' ') { first_record(rest) } else { None }
}

/// How long the record is that begins here, with what is before its payload, as far as that says it; nothing where no
/// record is so long.
pub(super) fn length_of(bytes: &[u8]) -> Option<u64> {
    const FRONT: u64 = 8;
    let Some((len, _)) = bytes.split_first_chunk::<4>() else { return Some(FRONT) };
    let len = u32::from_le_bytes(*len);
    (u64::from(len) <= MOST_PAYLOAD as u64).then_some(FRONT + u64::from(len))
}

pub(super) fn first_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*len)).ok().filter(|n| *n <= MOST_PAYLOAD)?;
    let (payload, behind) = rest.split_at_checked(size)?;
    (checksum(*len, payload) == u32::from_le_bytes(*sum)).then_some((payload, behind))
}

/// A journal of an earlier or another session.
#[derive(Debug)]
pub struct Old {
    /// Its whole records.
    pub records: Vec<Vec<u8>>,
    /// Its writer lives, or we cannot tell: leave the file alone.
    pub live: bool,
    /// It is on a network file system, where nobody can tell.
    pub far: bool,
    /// It ended in this many bytes that are no record, and where they are kept if they could be.
    pub torn: Option<(u64, Option<PathBuf>)>,
    /// What is no record before its end. It stays where it is.
    pub damaged: Vec<Damage>,
}

impl Old {
    /// Says what is no record in it: a torn end, and where that is kept, and damaged places.
    pub fn notices(&self, path: &Path) -> Vec<SafeText> {
        self.torn_notice(path).into_iter().chain(self.damage_notice(path)).collect()
    }

    fn torn_notice(&self, path: &Path) -> Option<SafeText> {
        let (bytes, kept) = self.torn.as_ref()?;
        let path = path_text(path);
        let Some(kept) = kept else {
            return Some(safe!("{} ends in {} torn bytes; what is before them was read", path, bytes));
        };
        Some(safe!("{} ended in {} torn bytes; they are in {}", path, bytes, path_text(kept)))
    }

    fn damage_notice(&self, path: &Path) -> Option<SafeText> {
        const NAMED: usize = 3;
        let place = |damage: &Damage| safe!("{} bytes from byte {} on", damage.bytes, damage.at);
        let mut places = self.damaged.first().map(place)?;
        self.damaged.iter().take(NAMED).skip(1).for_each(|one| places.push(&safe!(", {}", place(one))));
        if self.damaged.len() > NAMED {
            places.push(&safe!(" and {} more places", self.damaged.len() - NAMED));
        }
        // What is typed in a pad is a change of what was there before.
        let is_pad = path.extension().is_some_and(|kind| kind == "padlog");
        let read = if is_pad { "it was read up to there" } else { "what is before and behind that was read" };
        let read = SafeText::literal(read);
        Some(safe!(
            "{} is damaged: {} are no record; {}, and it stays as it is",
            path_text(path),
            places,
            read
        ))
    }

    /// It holds nothing and nobody writes it.
    pub fn is_spent(&self) -> bool {
        self.records.is_empty() && !self.live && !matches!(self.torn, Some((_, None)))
    }
}

/// What a journal holds. Nothing is changed, and its writer may go on meanwhile.
pub fn peek(files: &impl Files, path: &Path) -> io::Result<Vec<Vec<u8>>> {
    Ok(replay(&files.read(path, MOST_READ)?)?.records)
}

/// As [`read_old`]; without a time nothing is changed, and the writer is taken to live. A torn end is told all the
/// same where nobody writes it any more.
pub fn read(files: &impl Files, path: &Path, time: Option<&str>) -> io::Result<Old> {
    if let Some(time) = time {
        return read_old(files, path, time);
    }
    let Replay { records, damaged, torn, .. } = replay(&files.read(path, MOST_READ)?)?;
    let torn = (torn > 0 && is_left(files, path)).then_some((torn, None));
    Ok(Old { records, live: true, far: false, torn, damaged })
}

/// Whether nobody writes it any more, as far as anybody can tell.
fn is_left(files: &impl Files, path: &Path) -> bool {
    let file = File::options().read(true).custom_flags(flags(CAUTIOUS)).open(path);
    file.is_ok_and(|file| !files.is_far(&file) && !lock::is_held(file))
}

/// Reads a journal that this process does not write. If its writer is dead, a torn end is kept
/// beside it as `.torn-<time>` and then cut off; where it is damaged before its end it stays as it is. `time` is a
/// file-safe text.
pub fn read_old(files: &impl Files, path: &Path, time: &str) -> io::Result<Old> {
    // Opened for writing to be repaired; a journal of another user is only read, also where we could write it.
    let file = File::options().read(true).append(true).custom_flags(flags(CAUTIOUS)).open(path).ok();
    let is_own = |f: &File| f.metadata().is_ok_and(|meta| meta.is_file() && !is_foreign(&meta));
    // On a network file system a lock may be this machine's alone: its writer may live on another one.
    let far = file.as_ref().is_some_and(|f| files.is_far(f));
    let dead = file.filter(|f| !far && is_own(f) && matches!(lock::lock(f), Ok(true)));
    // Read after the lock is ours: from then on nobody appends.
    let bytes = files.read(path, MOST_READ)?;
    let Replay { records, damaged, valid, torn } = replay(&bytes)?;
    let Some(file) = dead else {
        return Ok(Old { records, live: true, far, torn: None, damaged });
    };
    let mut old = Old { records, live: false, far, torn: None, damaged };
    if torn > 0 && !old.damaged.is_empty() {
        // Somebody may still mend it by hand.
        old.torn = Some((torn, None));
    } else if torn > 0 {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".torn-{time}"));
        let aside = path.with_file_name(name);
        let tail = usize::try_from(valid).ok().and_then(|n| bytes.get(n..)).unwrap_or_default();
        let kept = super::atomic::write(files, &aside, tail).is_ok();
        old.torn = Some((torn, kept.then_some(aside)));
        // Where the lock was not seen by its writer, something may stand behind it by now.
        if kept && file.metadata().is_ok_and(|meta| meta.len() == bytes.len() as u64) {
            drop(files.truncate(&file, valid));
        }
    }
    // The room that a killed writer had kept ahead stays its own: where nothing is torn, nothing is cut.
    Ok(old)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;
    use rustix::io::Errno;

    use super::*;
    use crate::store::files::Disk;
    use crate::store::files::faulty::Faulty;

    fn some(records: &[&str]) -> Vec<Vec<u8>> {
        records.iter().map(|r| r.as_bytes().to_vec()).collect()
    }

    #[test]
    fn what_is_appended_is_read_back_and_every_cut_gives_a_prefix() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.journal");
        let mut journal = Journal::create(&Disk, &path, &some(&["first"])).unwrap();
        assert!(!journal.is_empty());
        journal.append(&Disk, &some(&["", "third"])).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, journal.len(), "room kept ahead does not show in the size");
        let all = replay(&bytes).unwrap();
        let records = some(&["first", "", "third"]);
        assert_eq!(all, Replay { records, damaged: Vec::new(), valid: journal.len(), torn: 0 });
        for end in 0..bytes.len() {
            let part = replay(&bytes[..end]).unwrap();
            assert!(all.records.starts_with(&part.records), "{end}");
            assert_eq!(part.valid + part.torn, end as u64);
            assert!(part.records.len() < 3);
        }
        assert!(replay(b"#!/bin/sh\n").unwrap_err().to_string().contains("not a midwatch journal"));
    }

    #[test]
    fn a_name_that_is_taken_is_refused_and_what_has_it_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.journal");
        let mut journal = Journal::create(&Disk, &path, &some(&["first"])).unwrap();
        let why = Journal::create(&Disk, &path, &some(&["second"])).unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::AlreadyExists);
        assert!(journal.is_whole(), "it was taken away under its writer");
        journal.append(&Disk, &some(&["third"])).unwrap();
        assert_eq!(peek(&Disk, &path).unwrap(), some(&["first", "third"]));
        assert_eq!(Disk.list(dir.path(), 10).unwrap(), [path], "nothing else is left");
    }

    #[test]
    fn an_append_to_a_file_that_was_removed_replaced_or_cut_is_an_error() {
        type Harm = (&'static str, fn(&Path));
        let harms: [Harm; 4] = [
            ("removed", |path| fs::remove_file(path).unwrap()),
            ("replaced", |path| {
                let bytes = fs::read(path).unwrap();
                fs::remove_file(path).unwrap();
                File::create(path).unwrap().write_all(&bytes).unwrap();
            }),
            ("emptied", |path| File::options().write(true).open(path).unwrap().set_len(0).unwrap()),
            ("extended", |path| {
                File::options().append(true).open(path).unwrap().write_all(b"x").unwrap();
            }),
        ];
        for (what, harm) in harms {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.journal");
            let mut journal = Journal::create(&Disk, &path, &some(&["first"])).unwrap();
            journal.append(&Disk, &some(&["second"])).unwrap();
            assert!(journal.is_whole(), "{what}");
            harm(&path);
            assert!(!journal.is_whole(), "{what}");
            let why = journal.append(&Disk, &some(&["third"])).unwrap_err();
            assert!(why.to_string().contains("another program") && !journal.is_trusted(), "{what}: {why}");
        }
    }

    #[test]
    fn a_changed_bit_ends_the_journal_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.journal");
        let journal = Journal::create(&Disk, &path, &some(&["first", "second"])).unwrap();
        let bytes = fs::read(journal.path()).unwrap();
        let all = replay(&bytes).unwrap().records;
        for bit in MAGIC.len() * 8..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let got = replay(&bad).unwrap();
            assert!(got.torn > 0 && got.records.len() < 2 && all.starts_with(&got.records), "{bit}");
        }
    }

    #[test]
    fn behind_a_changed_bit_the_next_whole_record_is_read() {
        let records = some(&[r#"{"a":1}"#, r#"{"b":"mwjrnl1"}"#, r#"{"c":{}}"#, r#"{"d":4}"#]);
        let mut bytes = MAGIC.to_vec();
        for record in &records {
            frame(record, &mut bytes).unwrap();
        }
        let ends: Vec<usize> = self::records(&bytes, true).iter().map(|(end, _)| *end).collect();
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            // What the digit of the version says is a later one.
            let Ok(got) = replay(&bad) else {
                assert_eq!(bit / 8, 6, "{bit}");
                continue;
            };
            let broken = ends.iter().position(|end| bit / 8 < *end).filter(|_| bit / 8 >= MAGIC.len());
            let left: Vec<_> = (0..4)
                .filter(|number| Some(*number) != broken)
                .map(|number| records[number].clone())
                .collect();
            assert_eq!(got.records, left, "{bit}");
            let is_last = broken == Some(3);
            assert_eq!((got.torn > 0, got.damaged.len()), (is_last, usize::from(!is_last)), "{bit}");
            let missing: u64 = got.damaged.iter().map(|damage| damage.bytes).sum::<u64>() + got.torn;
            let head = if bit / 8 < MAGIC.len() { 0 } else { MAGIC.len() };
            let whole: usize = left.iter().map(|record| record.len() + 8).sum();
            assert_eq!(missing, (bytes.len() - head - whole) as u64, "{bit}");
        }
    }

    #[test]
    fn what_may_be_a_record_at_many_places_takes_no_longer_than_it_is_long() {
        // Were each of them looked at as far as it says, this would be some thousand billion bytes.
        let claims = |size: u32, fill: u8| {
            let mut one = size.to_le_bytes().to_vec();
            one.extend([fill; 4]);
            one.extend(b"{");
            one
        };
        let mut good = Vec::new();
        frame(br#"{"a":1}"#, &mut good).unwrap();
        let most = u32::try_from(MOST_PAYLOAD).unwrap();
        let units = [
            claims(most - 9, b'x'),
            claims(most - 9, 0),
            vec![0],
            [good.clone(), claims(most - 9, b'x')].concat(),
        ];
        for unit in units {
            let mut bytes = [&MAGIC[..], &good, b"x"].concat();
            while bytes.len() < 16 * 1024 * 1024 {
                bytes.extend(&unit);
            }
            bytes.extend(&good);
            let got = replay(&bytes).unwrap();
            assert_eq!((got.records.len() > 1, got.torn), (true, 0));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(tail in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut bytes = MAGIC.to_vec();
            frame(b"good", &mut bytes).unwrap();
            bytes.extend(&tail);
            let got = replay(&bytes).unwrap();
            prop_assert_eq!(&got.records[0], b"good");
            prop_assert_eq!(got.valid + got.torn, bytes.len() as u64);
        }
    }

    #[test]
    fn a_torn_end_of_a_dead_writer_is_kept_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.journal");
        let journal = Journal::create(&Disk, &path, &some(&["first"])).unwrap();
        let valid = journal.len();
        let tear = |text: &[u8]| File::options().append(true).open(&path).unwrap().write_all(text).unwrap();
        tear(b"half a rec");
        let live = read_old(&Disk, &path, "t0").unwrap();
        assert!(live.live && live.torn.is_none() && live.records == some(&["first"]));
        drop(journal);
        let dead = read_old(&Disk, &path, "t1").unwrap();
        let aside = dir.path().join("a.journal.torn-t1");
        assert_eq!(dead.torn, Some((10, Some(aside.clone()))));
        assert_eq!(fs::read(&aside).unwrap(), b"half a rec");
        assert_eq!(fs::metadata(&path).unwrap().len(), valid);
        assert_eq!(read_old(&Disk, &path, "t2").unwrap().torn, None, "told once");
    }

    #[test]
    fn what_another_machine_appends_while_a_journal_is_read_is_not_cut_off() {
        for torn in [&b""[..], b"half a rec"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.journal");
            let journal = Journal::create(&Disk, &path, &some(&["first"])).unwrap();
            // Its lock is not seen here.
            rustix::fs::flock(&journal.file, rustix::fs::FlockOperation::Unlock).unwrap();
            File::options().append(true).open(&path).unwrap().write_all(torn).unwrap();
            let mut more = Vec::new();
            frame(b"second", &mut more).unwrap();
            let files = Faulty::default();
            files.meanwhile.replace(Some((path.clone(), more.clone())));
            let old = read_old(&&files, &path, "t0").unwrap();
            assert_eq!(old.records, some(&["first"]));
            let there = fs::read(&path).unwrap();
            assert!(there.ends_with(&more), "{} bytes are left with {torn:?}", there.len());
        }
    }

    #[test]
    fn on_a_network_file_system_a_lock_that_is_had_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.journal");
        drop(Journal::create(&Disk, &path, &some(&["first"])).unwrap());
        File::options().append(true).open(&path).unwrap().write_all(b"half a rec").unwrap();
        let before = fs::read(&path).unwrap();
        let files = Faulty::default();
        files.far.set(true);
        let old = read_old(&&files, &path, "t0").unwrap();
        assert!(old.live && old.torn.is_none() && old.records == some(&["first"]), "{old:?}");
        assert_eq!(read(&&files, &path, None).unwrap().torn, None);
        assert!(fs::read(&path).unwrap() == before);
        assert_eq!(Disk.list(dir.path(), 10).unwrap(), [path], "nothing is put beside it");
    }

    /// Appends one record after another, each tried again in a new journal when the old one is
    /// not trusted, as the callers do. Gives what was acknowledged.
    fn scenario(files: &Faulty, dir: &Path) -> Vec<Vec<u8>> {
        let mut saved = Vec::new();
        let mut journal: Option<Journal> = None;
        let mut made = 0;
        for n in 0..6 {
            let record = format!("record {n}").into_bytes();
            if let Some(j) = journal.as_mut().filter(|j| j.is_trusted()) {
                if j.append(&files, std::slice::from_ref(&record)).is_ok() {
                    saved.push(record);
                }
                continue;
            }
            made += 1;
            let path = dir.join(format!("{made}.journal"));
            journal = Journal::create(&files, &path, std::slice::from_ref(&record)).ok();
            if journal.is_some() {
                saved.push(record);
            }
        }
        saved
    }

    #[test]
    fn whatever_fails_nothing_acknowledged_is_missing() {
        for (errno, for_ever) in [(Errno::NOSPC, false), (Errno::IO, false), (Errno::NOSPC, true)] {
            for k in 0.. {
                let dir = tempfile::tempdir().unwrap();
                let files = Faulty::at(k, errno, for_ever);
                let saved = scenario(&files, dir.path());
                files.lose_power(dir.path());
                let mut found = Vec::new();
                for path in Disk.list(dir.path(), 100).unwrap() {
                    if path.extension().is_some_and(|e| e == "journal") {
                        found.extend(replay(&fs::read(&path).unwrap()).unwrap().records);
                    }
                }
                assert!(saved.iter().all(|r| found.contains(r)), "{errno:?} at {k}: {saved:?} {found:?}");
                if !files.struck() {
                    assert!(k > 15 && saved.len() == 6, "{k}");
                    break;
                }
                assert!(for_ever || saved.len() >= 5, "{k}: one fault costs one record at most");
            }
        }
    }
}
