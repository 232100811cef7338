//! Files that rotation left beside a log: finding them, and reading their last lines.

use std::cmp::Reverse;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::reader::Id;

/// What is unpacked of one archive at most: its end is what is wanted, and it can only be
/// unpacked from its start.
const UNPACKED: u64 = 256 << 20;

/// A file that a log was rotated to.
#[derive(Debug)]
pub(super) struct Rotated {
    pub(super) path: PathBuf,
    pub(super) id: Id,
    pub(super) packed: bool,
    pub(super) length: u64,
    pub(super) changed: SystemTime,
}

/// The name of the log that a rotated file's name belongs to, and whether the file is packed:
/// `app.log.1`, `app.log.2.gz`, `app.log-20261122.gz`, `app.log.2026-11-22`.
pub(in crate::source) fn base_of(name: &str) -> Option<(&str, bool)> {
    let unpacked = [".gz", ".zst", ".xz", ".bz2"].iter().find_map(|end| name.strip_suffix(end));
    let stem = unpacked.unwrap_or(name);
    let digits = stem.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_');
    let mark = stem.get(digits.len()..)?;
    let numbered = digits.strip_suffix('.').filter(|_| mark.starts_with(|c: char| c.is_ascii_digit()));
    let dated = mark.starts_with('-') && mark.bytes().filter(u8::is_ascii_digit).count() >= 8;
    let base = match numbered {
        Some(base) => base,
        None if dated => digits,
        None => unpacked?,
    };
    (!base.is_empty()).then_some((base, unpacked.is_some()))
}

/// Files that `log` was rotated to, newest first.
pub(super) fn siblings(log: &Path) -> Vec<Rotated> {
    let (Some(folder), Some(name)) = (log.parent(), log.file_name().and_then(|n| n.to_str())) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<Rotated> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let file_name = entry.file_name();
            let (base, packed) = base_of(file_name.to_str()?)?;
            let meta =
                (base == name).then(|| entry.metadata().ok()).flatten().filter(fs::Metadata::is_file)?;
            Some(Rotated {
                path: entry.path(),
                id: Id::of(&meta),
                packed,
                length: meta.len(),
                changed: meta.modified().ok()?,
            })
        })
        .collect();
    found.sort_by_cached_key(|rotated| (Reverse(rotated.changed), rotated.path.clone()));
    found
}

/// The last whole lines of a file that is not packed: at most `lines` lines and `bytes` bytes,
/// and where in the file they end.
pub(super) fn last_lines(file: &File, lines: usize, bytes: u64) -> io::Result<(Vec<u8>, u64)> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(bytes);
    let mut text = vec![0; usize::try_from(length - start).map_err(io::Error::other)?];
    let mut read = 0;
    // The file may shrink while it is read.
    while let Some(rest) = text.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, start + read as u64)? {
            0 => break,
            more => read += more,
        }
    }
    text.truncate(read);
    let end = start + read as u64;
    keep_last(&mut text, lines, start == 0);
    Ok((text, end))
}

/// The last lines of a rotated file, within the same bounds.
pub(super) fn last_lines_of(rotated: &Rotated, lines: usize, bytes: u64) -> io::Result<Vec<u8>> {
    let file = File::open(&rotated.path)?;
    if !rotated.packed {
        return Ok(last_lines(&file, lines, bytes)?.0);
    }
    if rotated.path.extension().is_none_or(|end| end != "gz") {
        return Err(io::Error::other("only .gz archives are read"));
    }
    let mut unpacked = flate2::read::MultiGzDecoder::new(io::BufReader::new(file)).take(UNPACKED);
    let keep = usize::try_from(bytes).map_err(io::Error::other)?;
    let mut text = Vec::new();
    let mut whole = true;
    loop {
        // Twice what is kept at most, so that the front is cut off seldom.
        let step = keep.max(64 * 1024) as u64;
        if unpacked.by_ref().take(step).read_to_end(&mut text)? == 0 {
            break;
        }
        if text.len() > keep {
            text.drain(..text.len() - keep);
            whole = false;
        }
    }
    if unpacked.limit() == 0 {
        return Err(io::Error::other("the archive unpacks to more than 256 MiB"));
    }
    keep_last(&mut text, lines, whole);
    Ok(text)
}

/// Keeps the last `lines` lines; a first line that is not `whole` goes.
fn keep_last(text: &mut Vec<u8>, lines: usize, whole: bool) {
    let body = text.strip_suffix(b"\n").unwrap_or(text);
    let by_count = match lines.checked_sub(1) {
        None => text.len(),
        Some(before) => memchr::memrchr_iter(b'\n', body).nth(before).map_or(0, |at| at + 1),
    };
    let by_bytes = if whole { 0 } else { memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1) };
    text.drain(..by_count.max(by_bytes));
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn names_of_rotated_files_are_known() {
        for (name, expected) in [
            ("app.log.1", Some(("app.log", false))),
            ("app.log.12.gz", Some(("app.log", true))),
            ("app.log-20261122", Some(("app.log", false))),
            ("app.log-20261122-0312.gz", Some(("app.log", true))),
            ("app.log.2026-11-22", Some(("app.log", false))),
            ("app.log.gz", Some(("app.log", true))),
            ("syslog.3.zst", Some(("syslog", true))),
            ("app.log", None),
            ("app-2.log", None),
            ("node-7", None),
            ("20261122", None),
            (".1", None),
        ] {
            assert_eq!(base_of(name), expected, "{name}");
        }
    }

    fn pack(path: &Path, members: &[&str]) {
        let mut file = File::create(path).unwrap();
        for member in members {
            let mut encoder = GzEncoder::new(&mut file, Compression::fast());
            encoder.write_all(member.as_bytes()).unwrap();
            encoder.finish().unwrap();
        }
    }

    #[test]
    fn siblings_come_newest_first_and_give_their_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("app.log");
        let (first, second) = (dir.path().join("app.log.1"), dir.path().join("app.log.2.gz"));
        File::create(&log).unwrap();
        File::create(dir.path().join("other.log.1")).unwrap();
        pack(&second, &["1\n2\n", "3\n4\n"]);
        File::create(&first).unwrap().write_all(b"5\n6\n7").unwrap();
        let at = |s| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(s);
        File::options().write(true).open(&first).unwrap().set_modified(at(20)).unwrap();
        File::options().write(true).open(&second).unwrap().set_modified(at(10)).unwrap();
        let found = siblings(&log);
        assert_eq!(found.iter().map(|r| r.path.clone()).collect::<Vec<_>>(), [first, second]);
        assert_eq!(last_lines_of(&found[0], 2, 1000).unwrap(), b"6\n7");
        assert_eq!(last_lines_of(&found[0], 9, 4).unwrap(), b"6\n7", "4 bytes begin inside a line");
        assert_eq!(last_lines_of(&found[1], 3, 1000).unwrap(), b"2\n3\n4\n");
        assert_eq!(last_lines_of(&found[1], 9, 5).unwrap(), b"3\n4\n");
        assert_eq!(last_lines_of(&found[1], 0, 5).unwrap(), b"");
    }

    #[test]
    fn an_archive_is_unpacked_within_bounds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log.1.gz");
        let mut encoder = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
        let line = format!("{}\n", "x".repeat(1023));
        for _ in 0..4096 {
            encoder.write_all(line.as_bytes()).unwrap();
        }
        encoder.finish().unwrap();
        let found = siblings(&dir.path().join("app.log"));
        let text = last_lines_of(&found[0], 10_000, 1 << 20).unwrap();
        assert_eq!((text.len(), text.capacity() <= 4 << 20), (1024 * 1023, true));
        File::create(&path).unwrap().write_all(b"not gzip").unwrap();
        assert!(last_lines_of(&siblings(&dir.path().join("app.log"))[0], 1, 100).is_err());
    }
}
