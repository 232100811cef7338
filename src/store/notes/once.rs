//! Entries of a program that writes them and ends. It looks at nothing else than the folder that they go to.

use std::path::Path;

use jiff::Timestamp;

use super::places::Places;
use super::{Session, Writer};
use crate::model::note::{Entry, Folder, NoteCommand, NoteReply};
use crate::model::text::{SafeText, clean};
use crate::store::files::Files;
use crate::store::team::Team;

/// Writes entries into a folder of the record, where consoles hear them, and leaves its pad alone. Gives what the
/// person should know of the folder; the error is a sentence.
pub fn write_down<F: Files + Clone>(
    files: F,
    (state, team): (&Path, Option<Team>),
    folder: &Folder,
    entries: Vec<Entry>,
    session: &Session,
    now: Timestamp,
) -> Result<Vec<SafeText>, SafeText> {
    let places = Places::new(files, state, team);
    let (base, files) = places.of(folder);
    let mut writer = Writer::begin(files, &base.join(folder.path()), folder.path(), session, now);
    for entry in entries {
        for reply in writer.handle(NoteCommand::Entry(entry), now) {
            if let NoteReply::NotSaved(why) = reply {
                return Err(clean(&why));
            }
        }
    }
    let mut told: Vec<SafeText> = places.apart().cloned().into_iter().collect();
    told.append(&mut writer.notices);
    writer.close(now).map_err(|error| error.sentence())?;
    Ok(told)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use super::*;
    use crate::model::note::What;
    use crate::model::terms::{Declared, Sev};
    use crate::store::files::Disk;
    use crate::store::notes::{Folders, Shelf};

    #[test]
    fn only_the_folder_is_touched_what_is_found_there_is_told_and_consoles_hear_it() {
        let state = tempfile::tempdir().unwrap();
        let now = "2026-03-14T03:12:00Z".parse().unwrap();
        let session =
            |id: &str| Session { person: "kim".into(), host: "h".into(), id: id.into(), since: now };
        let folder = Folder::Incident("INC-1".to_owned().try_into().unwrap());
        let entry = |session: &str, seq: u64| Entry {
            at: now,
            recorded: now,
            person: "kim".into(),
            what: What::Note,
            text: "sent".into(),
            session: session.into(),
            seq,
        };
        let open = |id: &str| Folders::open(Disk, state.path(), &session(id), now).0;
        let mut console = open("a");
        let declared = What::Declared(Box::new(Declared::new("db is slow", Sev::SECOND)));
        console.handle(&folder, NoteCommand::Entry(Entry { what: declared, ..entry("a", 1) }), now);
        for of in [&folder, &Folder::Shift] {
            console.handle(of, NoteCommand::Pad(1, "typed".into()), now);
        }
        drop(console);
        let mut console = open("c");
        // Changed outside meanwhile; and another console died in the middle of a record.
        let (dir, shift) = (state.path().join(folder.path()), state.path().join("notes"));
        for pad in [dir.join("pad.md"), shift.join("pad.md")] {
            std::fs::File::create(&pad).unwrap().write_all(b"of an editor").unwrap();
        }
        let torn = dir.join("lee.h.b.000.journal");
        std::fs::File::create(&torn).unwrap().write_all(b"mwjrnl1\n\x05\0\0").unwrap();
        let names = |dir: &Path| Disk.list(dir, 100).unwrap();
        let before = (names(&dir), names(&shift));
        let entries = vec![entry("m", 1), entry("m", 2)];
        let told = write_down(Disk, (state.path(), None), &folder, entries, &session("m"), now).unwrap();
        let [told] = &told[..] else { panic!("{told:?}") };
        assert!(told.as_str().contains("ended in 3 torn bytes; they are in "), "{told:?}");
        assert_eq!(names(&shift), before.1, "the pad of the shift is its console's");
        let pads = |all: Vec<PathBuf>| {
            all.into_iter().filter(|path| path.to_str().unwrap().contains("/pad.")).collect::<Vec<_>>()
        };
        assert_eq!(pads(names(&dir)), pads(before.0), "and that of the incident is whose it was");
        let heard = console.hear(now);
        let is_two = |reply: &NoteReply| matches!(reply, NoteReply::Read(entries) if entries.len() == 2);
        assert!(heard.iter().any(|(of, reply)| *of == folder && is_two(reply)), "{heard:?}");
        assert_eq!(Shelf::of(Disk, state.path()).entries(&folder, &mut Vec::new()).len(), 3);
    }
}
