//! The last state: one small file, read before the first frame of the next start.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::atomic;
use super::error::{StoreError, path_text};
use super::files::{Disk, Files as _};
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;

/// The file's largest size: what is larger would be felt before the first frame.
const MOST: usize = 1024 * 1024;

/// Writes the state, atomically. A state of more than 1 MiB is an error and leaves the old file.
pub fn save<T: Serialize>(path: &Path, state: &T) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(state).map_err(|e| StoreError::new("write", path, io::Error::other(e)))?;
    if bytes.len() > MOST {
        let cause = io::Error::other(format!("the state is {} bytes, {MOST} at most", bytes.len()));
        return Err(StoreError::new("write", path, cause));
    }
    atomic::write(&Disk, path, &bytes).map(|_| ())
}

/// Reads the state of the last run. `Ok(None)`: there is none yet. The error says why an existing
/// file (of an older version, broken, unreadable) is not used; the start goes on without it.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SafeText> {
    let bytes = match Disk.read(path, MOST as u64) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => {
            let why = StoreError::new("read", path, e).sentence();
            return Err(safe!("{}; starting without the last state", why));
        }
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| {
        let why = clean(&RawText::from(e.to_string()));
        safe!(
            "{} is of another version or damaged ({}); starting without the last state",
            path_text(path),
            why
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_state_comes_back_and_a_bad_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("last.json");
        assert_eq!(load::<Vec<u8>>(&path), Ok(None));
        save(&path, &vec![1_u8, 2]).unwrap();
        assert_eq!(load(&path), Ok(Some(vec![1_u8, 2])));
        let other = load::<String>(&path).unwrap_err();
        assert!(other.as_str().contains("last.json is of another version"), "{other:?}");
        assert!(other.as_str().ends_with("starting without the last state"));
        fs::File::options().write(true).open(&path).unwrap().set_len(3).unwrap();
        assert!(load::<Vec<u8>>(&path).is_err());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(load::<Vec<u8>>(&path).unwrap_err().as_str().starts_with("cannot read"));
    }

    #[test]
    fn a_state_that_is_too_large_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("last.json");
        save(&path, &"small").unwrap();
        let text = save(&path, &"x".repeat(MOST)).unwrap_err().to_string();
        assert!(text.contains("1048578 bytes, 1048576 at most"), "{text}");
        assert_eq!(load(&path), Ok(Some("small".to_owned())));
    }
}
