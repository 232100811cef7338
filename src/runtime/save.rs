//! Lines that are saved to a file, on a thread where nobody waits for the disk.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::model::text::{RawText, SafeText};
use crate::pane::effect::Save;
use crate::safe;
use crate::store::error::path_text;
use crate::store::export;

/// Writes lines to a new file, and says how many and where, or why not.
pub(super) fn save(save: &Save) -> SafeText {
    let path = place(&save.path, std::env::var_os("HOME").as_deref());
    match export::write(&path, |to| save.lines.write(|line| to.put(line))) {
        Ok(count) => {
            let lines = SafeText::literal(if count == 1 { "line" } else { "lines" });
            let mut said = safe!("{} {} saved to {}.", count, lines, path_text(&path));
            if let Some(lacks) = &save.lacks {
                said.push(&safe!(" {}", lacks));
            }
            said
        }
        Err(error) => safe!("Nothing was saved: {}.", error.sentence()),
    }
}

/// The path as a shell would take it: `~/` is the home folder.
fn place(typed: &RawText, home: Option<&OsStr>) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(typed.as_bytes()));
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => Path::new(home).join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::logs::buffer::Buffer;
    use crate::logs::extract::Extract;
    use crate::logs::merge::{Merged, Wanted};
    use crate::logs::segment::{Given, SegmentBuilder};
    use crate::logs::split::Line;
    use crate::logs::stamp::Zone;

    #[test]
    fn lines_are_counted_and_what_is_not_among_them_is_said() {
        let mut buffer = Buffer::default();
        let mut builder = SegmentBuilder::new("a".into(), Zone::default());
        for line in [&b"one"[..], b"\x1b[31mtwo\xff"] {
            builder.push(Line::from(line), Given::default(), Timestamp::UNIX_EPOCH);
        }
        buffer.push(Arc::new(builder.seal().unwrap()));
        let wanted = Wanted::default();
        let merged = Merged { buffer: &buffer, search: None, wanted: &wanted };
        let lines = Arc::new(Extract::of(&merged, 0, &BTreeSet::new()));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.log");
        let typed = RawText::from_bytes(path.as_os_str().as_bytes());
        let asked = Save { path: typed, lines, lacks: Some("More is elsewhere.".into()) };
        let said = save(&asked);
        let shown = path.display();
        assert_eq!(said.as_str(), format!("2 lines saved to {shown}. More is elsewhere."));
        assert_eq!(std::fs::read(&path).unwrap(), b"one\n\x1b[31mtwo\xff\n");
        let again = save(&asked);
        let expected = format!("Nothing was saved: cannot save to {shown}: it exists already.");
        assert_eq!(again.as_str(), expected);
    }

    #[test]
    fn a_tilde_is_the_home_folder() {
        let of = |typed: &'static str| place(&typed.into(), Some(OsStr::new("/home/kim")));
        assert_eq!(of("~/a b.log"), Path::new("/home/kim/a b.log"));
        assert_eq!(of("a~/b.log"), Path::new("a~/b.log"));
    }
}
