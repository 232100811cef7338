//! Incidents in one file, to be carried from one machine to another. What comes of it is a union: nothing that is
//! here already is changed or written twice.
//!
//! ```text
//! "mwbndl1\n"  then records framed as those of a journal, each a JSON value:
//! head, then for each incident its name, its entries and its pads, then the end with what was counted
//! ```
//! A file is checked to its last byte before anything of it is used. Nothing in it names a path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entries::MOST_RECORD;
use super::places::Places;
use super::{Session, Shelf, Writer, stray};
use crate::model::incident::Incident;
use crate::model::note::{Entry, Folder, MOST_PAD, merge};
use crate::model::terms::IncidentId;
use crate::model::text::{RawText, SafeText, clean};
use crate::safe;
use crate::store::atomic::{self, Fresh};
use crate::store::error::{StoreError, path_text};
use crate::store::files::Files;
use crate::store::journal::{first_record, frame};
use crate::store::team::{Shared, Team};

const MAGIC: &[u8; 8] = b"mwbndl1\n";
const VERSION: u32 = 1;
/// The largest file that is read or written, bytes.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// Incidents, entries and pads in it.
const MOST_INCIDENTS: usize = 1_000;
const MOST_ENTRIES: usize = 200_000;
const MOST_PADS: usize = 10;
/// An entry with what says that it is one.
const MOST_PART: usize = MOST_RECORD + r#"{"entry":}"#.len();

/// One record.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Part {
    /// The first: in which version it is written.
    Head(u32),
    /// What follows is of this incident.
    Incident(IncidentId),
    Entry(Box<Entry>),
    Pad(RawText),
    /// The last: how many records were before it.
    End(u64),
}

/// What is carried of one incident.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Carried {
    entries: Vec<Entry>,
    pads: BTreeSet<RawText>,
}

/// Incidents that are carried.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Bundle {
    incidents: BTreeMap<IncidentId, Carried>,
}

/// What became of one incident of a bundle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Merged {
    /// Which.
    pub id: IncidentId,
    /// How many of its entries are new here, of how many.
    pub new: usize,
    /// How many there were.
    pub of: usize,
    /// How many are here with other words: those here stay.
    pub other: usize,
    /// Where its pads are, as far as they are new here.
    pub pads: Vec<PathBuf>,
}

impl Bundle {
    /// These incidents, as they are on a shelf.
    pub fn of<F: Files + Clone>(shelf: &Shelf<F>, ids: &[IncidentId], notices: &mut Vec<SafeText>) -> Self {
        let mut bundle = Self::default();
        for id in ids {
            let folder = Folder::Incident(id.clone());
            let (before, shown) = (notices.len(), clean(&id.as_str().into()));
            let entries = shelf.entries(&folder, notices);
            let mut pads: BTreeSet<RawText> = shelf.pads(&folder, notices).into_iter().collect();
            if notices.len() > before {
                notices
                    .push(safe!("{} is not whole in the bundle: what was not read is missing there", shown));
            }
            let all = pads.len();
            pads.retain(|pad| pad.as_bytes().len() <= MOST_PAD);
            while pads.len() > MOST_PADS {
                pads.pop_last();
            }
            if pads.len() < all {
                notices.push(safe!(
                    "{} pads of {} are not in the bundle: it has {} of an incident at most, of {} bytes each",
                    all - pads.len(),
                    shown,
                    MOST_PADS,
                    MOST_PAD
                ));
            }
            bundle.incidents.insert(id.clone(), Carried { entries, pads });
        }
        bundle
    }

    /// How many incidents, entries and pads there are.
    pub fn counts(&self) -> (usize, usize, usize) {
        let all = || self.incidents.values();
        (all().count(), all().map(|one| one.entries.len()).sum(), all().map(|one| one.pads.len()).sum())
    }

    /// Writes it to a new file, 0600. Errors are a sentence.
    pub fn save(&self, path: &Path) -> Result<(), SafeText> {
        let bytes = self.bytes().map_err(|why| safe!("cannot write {}: {}", path_text(path), why))?;
        match atomic::create(path, &bytes) {
            Ok(Fresh::Made) => Ok(()),
            Ok(Fresh::Exists) => Err(safe!("cannot write {}: it exists already", path_text(path))),
            Err(error) => Err(error.sentence()),
        }
    }

    /// Reads a file and checks all of it. Errors are a sentence.
    pub fn load(files: &impl Files, path: &Path) -> Result<Self, SafeText> {
        let bytes = files.read(path, MOST_BYTES).map_err(|e| StoreError::new("read", path, e).sentence())?;
        Self::read(&bytes).map_err(|why| safe!("{} was not merged: {}", path_text(path), why))
    }

    fn bytes(&self) -> Result<Vec<u8>, SafeText> {
        // What is read is bounded: more than that would be written for nobody.
        let (incidents, entries, pads) = self.counts();
        let less = SafeText::literal(if incidents > 1 {
            "name fewer incidents"
        } else {
            "copy its folder instead, below incidents/"
        });
        for (what, count, most) in
            [("incidents", incidents, MOST_INCIDENTS), ("entries", entries, MOST_ENTRIES)]
        {
            if count > most {
                let what = SafeText::literal(what);
                return Err(safe!(
                    "a bundle has {} {} at most, and these are {}; {}",
                    most,
                    what,
                    count,
                    less
                ));
            }
        }
        let mut bytes = MAGIC.to_vec();
        let mut put = |part: &Part| {
            let payload = serde_json::to_vec(part).map_err(|_| SafeText::literal("it cannot be written"))?;
            let is_long = matches!(part, Part::Entry(_)) && payload.len() > MOST_PART;
            let framed = frame(&payload, &mut bytes);
            if is_long || framed.is_err() {
                return Err("an entry of it is too long".into());
            }
            let fits = bytes.len() as u64 <= MOST_BYTES;
            if fits { Ok(()) } else { Err(safe!("a bundle has {} MiB at most; {}", MOST_BYTES >> 20, less)) }
        };
        put(&Part::Head(VERSION))?;
        for (id, carried) in &self.incidents {
            put(&Part::Incident(id.clone()))?;
            for entry in &carried.entries {
                put(&Part::Entry(Box::new(entry.clone())))?;
            }
            for pad in &carried.pads {
                put(&Part::Pad(pad.clone()))?;
            }
        }
        put(&Part::End((1 + incidents + entries + pads) as u64))?;
        Ok(bytes)
    }

    fn read(bytes: &[u8]) -> Result<Self, SafeText> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or("it is no bundle of midwatch")?;
        let mut bundle = Self::default();
        let mut current: Option<IncidentId> = None;
        let mut entries = 0;
        for number in 0_u64.. {
            let place = bytes.len() - rest.len();
            let (payload, behind) = first_record(rest)
                .ok_or_else(|| safe!("it is damaged or cut off at byte {}: its checksum is wrong", place))?;
            rest = behind;
            // The head is read before anything that a later version may have changed.
            let part = serde_json::from_slice(payload)
                .map_err(|_| safe!("what is at byte {} is nothing that this version knows", place))?;
            if matches!(part, Part::Head(_)) != (number == 0) {
                return Err("its head is not where it belongs".into());
            }
            let number_of = bundle.incidents.len();
            let carried = current.as_ref().and_then(|id| bundle.incidents.get_mut(id));
            match (part, carried) {
                (Part::Head(VERSION), _) => {}
                (Part::Head(other), _) => {
                    return Err(safe!("it is of version {}; this midwatch knows {}", other, VERSION));
                }
                (Part::Incident(id), _) if number_of < MOST_INCIDENTS => {
                    if bundle.incidents.insert(id.clone(), Carried::default()).is_some() {
                        return Err("it has an incident twice".into());
                    }
                    current = Some(id);
                }
                (Part::Entry(entry), Some(carried))
                    if entries < MOST_ENTRIES && payload.len() <= MOST_PART =>
                {
                    entries += 1;
                    carried.entries.push(*entry);
                }
                (Part::Pad(pad), Some(carried))
                    if carried.pads.len() < MOST_PADS && pad.as_bytes().len() <= MOST_PAD =>
                {
                    carried.pads.insert(pad);
                }
                (Part::Entry(_) | Part::Pad(_), None) => {
                    return Err(safe!("what is at byte {} is of no incident", place));
                }
                (Part::Incident(_) | Part::Entry(_) | Part::Pad(_), _) => {
                    return Err(safe!("what is at byte {} is more than is taken at once", place));
                }
                (Part::End(count), _) if count == number && rest.is_empty() => return bundle.checked(),
                (Part::End(_), _) => return Err("something is missing in it or behind it".into()),
            }
        }
        Err("it has no end".into())
    }

    /// Whether each incident is one.
    fn checked(self) -> Result<Self, SafeText> {
        let undeclared = self.incidents.iter().find(|(id, one)| Incident::of(id, &one.entries).is_none());
        match undeclared {
            Some((id, _)) => Err(safe!("nothing in it declares {}", clean(&id.as_str().into()))),
            None => Ok(self),
        }
    }

    /// Puts another one beside it: what both have once.
    pub fn add(&mut self, other: Self) {
        for (id, carried) in other.incidents {
            let own = self.incidents.entry(id).or_default();
            own.entries =
                merge(std::mem::take(&mut own.entries).into_iter().chain(carried.entries).collect());
            own.pads.extend(carried.pads);
        }
    }

    /// Removes what a merge or a console that was killed left half made where this goes, if it is this user's and older
    /// than an hour: nobody is at it any more. Says how much that was.
    pub fn sweep<F: Files + Clone>(
        &self,
        files: F,
        state: &Path,
        team: Option<Team>,
        now: Timestamp,
    ) -> usize {
        let places = Places::new(files, state, team);
        let all = places.all().into_iter();
        let mut dirs: Vec<_> = all.map(|(base, files)| (base.join("incidents"), files)).collect();
        dirs.extend(self.incidents.keys().map(|id| {
            let folder = Folder::Incident(id.clone());
            let (base, files) = places.of(&folder);
            (base.join(folder.path()), files)
        }));
        let is_there = |(dir, files): &(PathBuf, _)| {
            Shared::<F>::share(files).is_none_or(|share| share.check_folder(dir).is_ok())
        };
        dirs.iter().filter(|one| is_there(one)).map(|(dir, files)| stray::sweep(files, dir, now)).sum()
    }

    /// Takes it into the record below a state directory, or into that of a team. Errors are a sentence; what was
    /// merged until then stays, and merging again does the rest.
    pub fn merge<F: Files + Clone>(
        self,
        files: F,
        state: &Path,
        team: Option<Team>,
        session: &Session,
        now: Timestamp,
    ) -> Result<Vec<Merged>, SafeText> {
        let places = Places::new(files, state, team);
        if let Some(why) = places.apart() {
            return Err(why.clone());
        }
        let mut all = Vec::new();
        for (id, carried) in self.incidents {
            let below = Folder::Incident(id.clone()).path();
            let (base, files) = places.of(&Folder::Incident(id.clone()));
            let mut writer = Writer::begin(files, &base.join(&below), below, session, now);
            if let Some(why) = writer.notices.first().filter(|_| writer.entries.is_homeless()) {
                return Err(why.clone());
            }
            let of = carried.entries.len();
            let (new, other) = writer.merge(carried.entries).map_err(|error| error.sentence())?;
            let mut pads = Vec::new();
            for pad in carried.pads {
                let kept = writer.pad.merge(&writer.files, &pad, now);
                pads.extend(kept.map_err(|error| error.sentence())?);
            }
            writer.close(now).map_err(|error| error.sentence())?;
            all.push(Merged { id, new, of, other, pads });
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::note::{NoteCommand, NoteReply, What};
    use crate::model::terms::{Declared, Sev};
    use crate::store::files::Disk;
    use crate::store::files::faulty::Faulty;
    use crate::store::notes::Folders;

    fn now() -> Timestamp {
        "2026-03-14T03:12:00Z".parse().unwrap()
    }

    fn session(id: &str) -> Session {
        Session { person: "kim".into(), host: "bastion".into(), id: id.into(), since: now() }
    }

    fn id() -> IncidentId {
        IncidentId::try_from("INC-20260314-0312-db".to_owned()).unwrap()
    }

    /// The entry of this number; the first declares the incident.
    fn entry(seq: u64) -> Entry {
        let what = match seq {
            0 => What::Declared(Box::new(Declared::new("db is slow", Sev::SECOND))),
            _ => What::Note,
        };
        let (session, text) = (format!("s{}", seq % 3).into(), format!("entry {seq}").into());
        Entry { at: now(), recorded: now(), person: "kim".into(), what, text, session, seq }
    }

    fn bundle(seqs: &[u64], pads: &[&str]) -> Bundle {
        let entries = std::iter::once(0).chain(seqs.iter().copied()).map(entry).collect();
        let pads = pads.iter().map(|pad| RawText::from(*pad)).collect();
        Bundle { incidents: BTreeMap::from([(id(), Carried { entries: merge(entries), pads })]) }
    }

    fn whole(state: &Path) -> Bundle {
        let mut notices = Vec::new();
        let found = Bundle::of(&Shelf::of(Disk, state), &[id()], &mut notices);
        assert_eq!(notices, []);
        found
    }

    #[test]
    fn what_is_written_is_read_and_what_was_changed_or_cut_on_the_way_is_refused() {
        let whole = bundle(&[1, 2], &["a pad", "another"]);
        let bytes = whole.bytes().unwrap();
        assert_eq!(Bundle::read(&bytes), Ok(whole));
        for end in 0..bytes.len() {
            assert!(Bundle::read(&bytes[..end]).is_err(), "{end}");
        }
        for place in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[place] ^= 1 << (place % 8);
            assert!(Bundle::read(&bad).is_err(), "{place}");
        }
        let longer = [bytes.as_slice(), b"x"].concat();
        assert_eq!(Bundle::read(&longer), Err("something is missing in it or behind it".into()));
    }

    #[test]
    fn what_is_made_to_do_harm_is_refused_by_name() {
        let made = |parts: &[&str]| {
            let mut bytes = MAGIC.to_vec();
            for part in parts {
                frame(part.as_bytes(), &mut bytes).unwrap();
            }
            Bundle::read(&bytes).unwrap_err().as_str().to_owned()
        };
        let head = r#"{"head":1}"#;
        let one = serde_json::to_string(&Part::Entry(Box::new(entry(1)))).unwrap();
        let last = one.replace(r#""recorded":"2026"#, r#""recorded":"9000"#);
        for (parts, why) in [
            (&[r#"{"head":2}"#][..], "it is of version 2; this midwatch knows 1"),
            (&[head, r#"{"incident":"INC-/../../etc"}"#], "nothing that this version knows"),
            (&[head, r#"{"incident":"../../x"}"#], "nothing that this version knows"),
            (&[head, r#"{"file":"/etc/passwd"}"#], "nothing that this version knows"),
            (&[head, &one], "is of no incident"),
            (&[head, r#"{"incident":"INC-1"}"#, &last], "nothing that this version knows"),
            (&[head, r#"{"incident":"INC-1"}"#, r#"{"incident":"INC-1"}"#], "an incident twice"),
            (&[head, r#"{"incident":"INC-1"}"#, &one, r#"{"end":3}"#], "nothing in it declares INC-1"),
            (&[head, head], "its head is not where it belongs"),
            (&[r#"{"end":0}"#], "its head is not where it belongs"),
            (&[head, r#"{"end":7}"#], "something is missing"),
            (&[head], "damaged or cut off at byte 26"),
        ] {
            let said = made(parts);
            assert!(said.contains(why), "{parts:?}: {said}");
        }
        let long = serde_json::to_string(&Part::Pad("x".repeat(MOST_PAD + 1).as_str().into())).unwrap();
        assert!(made(&[head, r#"{"incident":"INC-1"}"#, &long]).contains("more than is taken at once"));
        assert_eq!(Bundle::read(b"PK\x03\x04"), Err("it is no bundle of midwatch".into()));
    }

    #[test]
    fn a_bundle_is_private_and_takes_the_place_of_nothing() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.mwb");
        let whole = bundle(&[1], &[]);
        whole.save(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(whole.save(&path).unwrap_err().as_str().ends_with("it exists already"));
        assert_eq!(Bundle::load(&Disk, &path), Ok(whole));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(Bundle::load(&Disk, &link).unwrap_err().as_str().ends_with("it is a symbolic link"));
    }

    #[test]
    fn a_running_console_hears_what_is_merged_and_its_pad_stays_its_own() {
        let state = tempfile::tempdir().unwrap();
        let (mut console, _) = Folders::open(Disk, state.path(), &session("a"), now());
        let folder = Folder::Incident(id());
        console.handle(&folder, NoteCommand::Entry(entry(0)), now());
        console.handle(&folder, NoteCommand::Pad(1, "ours".into()), now());
        let carried = bundle(&[1, 2], &["theirs"]);
        let merged = carried.merge(Disk, state.path(), None, &session("m"), now()).unwrap();
        let [one] = merged.as_slice() else { panic!("{merged:?}") };
        assert_eq!((one.new, one.of, one.other, one.pads.len()), (2, 3, 0, 1));
        assert_eq!(std::fs::read_to_string(&one.pads[0]).unwrap(), "theirs");
        let heard = console.hear(now());
        let beside = |paths: &[PathBuf]| {
            NoteReply::Beside(paths.iter().map(|path| path.to_str().unwrap().into()).collect())
        };
        let [(_, NoteReply::Read(new)), (_, told)] = &heard[..] else { panic!("{heard:?}") };
        assert_eq!((new.len(), told), (2, &beside(&one.pads)));
        assert_eq!(console.hear(now()), [], "once");
        // Who turns to it later is told too, once, and no longer when it is gone.
        let (mut later, _) = Folders::open(Disk, state.path(), &session("b"), now());
        let opened = later.handle(&folder, NoteCommand::Open, now());
        let [NoteReply::Opened { .. }, told] = &opened[..] else { panic!("{opened:?}") };
        assert_eq!(*told, beside(&one.pads));
        let opened = later.handle(&folder, NoteCommand::Open, now());
        assert!(matches!(&opened[..], [NoteReply::Opened { .. }]), "{opened:?}");
        std::fs::remove_file(&one.pads[0]).unwrap();
        for console in [&mut console, &mut later] {
            let heard: Vec<_> = console.hear(now()).into_iter().map(|(_, reply)| reply).collect();
            assert!(heard.contains(&beside(&[])), "{heard:?}");
            let heard = console.hear(now());
            assert!(!heard.iter().any(|(_, reply)| matches!(reply, NoteReply::Beside(_))), "{heard:?}");
        }
        let (mut last, _) = Folders::open(Disk, state.path(), &session("c"), now());
        let opened = last.handle(&folder, NoteCommand::Open, now());
        assert!(matches!(&opened[..], [NoteReply::Opened { .. }]), "{opened:?}");
        assert_eq!(Shelf::of(Disk, state.path()).pad(&folder, &mut Vec::new()), "ours".into());
        // Another text under the same name is not taken.
        let mut forged = bundle(&[1], &[]);
        forged.incidents.get_mut(&id()).unwrap().entries.iter_mut().for_each(|entry| {
            if entry.seq == 1 {
                entry.text = "forged".into();
            }
        });
        let merged = forged.merge(Disk, state.path(), None, &session("n"), now()).unwrap();
        assert_eq!((merged[0].new, merged[0].other), (0, 1));
        console.close(now()).unwrap();
    }

    #[test]
    fn pads_that_differ_are_all_kept_whatever_their_checksums_are() {
        // Two texts of one length and one CRC-32C: whoever knows one finds another.
        let mut known = std::collections::HashMap::new();
        let text = |number: u64| format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (one, other) = (0..)
            .find_map(|number| {
                let before = known.insert(crc32c::crc32c(text(number).as_bytes()), number)?;
                Some((text(before), text(number)))
            })
            .unwrap();
        let state = tempfile::tempdir().unwrap();
        let (mut console, _) = Folders::open(Disk, state.path(), &session("a"), now());
        console.handle(&Folder::Incident(id()), NoteCommand::Pad(1, "ours".into()), now());
        for (pad, new) in [(&one, 1), (&other, 1), (&one, 0), (&other, 0)] {
            let merged = bundle(&[1], &[pad]).merge(Disk, state.path(), None, &session("m"), now()).unwrap();
            assert_eq!(merged[0].pads.len(), new, "{pad}");
            let pads = Shelf::of(Disk, state.path()).pads(&Folder::Incident(id()), &mut Vec::new());
            assert!(pads.contains(&pad.as_str().into()), "{pads:?}");
        }
        console.close(now()).unwrap();
    }

    #[test]
    fn what_would_not_be_merged_is_not_written_and_what_to_do_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.mwb");
        let refused = |bundle: &Bundle, why: &str| {
            let said = bundle.save(&path).unwrap_err();
            assert!(said.as_str().contains(why) && !path.exists(), "{said:?}");
        };
        let mut many = Bundle::default();
        for number in 0..=MOST_INCIDENTS {
            let id = IncidentId::try_from(format!("INC-{number}")).unwrap();
            many.incidents.insert(id, Carried { entries: vec![entry(0)], pads: BTreeSet::new() });
        }
        refused(&many, "a bundle has 1000 incidents at most, and these are 1001; name fewer");
        many.incidents.pop_first();
        assert_eq!(Bundle::read(&many.bytes().unwrap()), Ok(many.clone()));
        let all: Vec<u64> = (1..=MOST_ENTRIES as u64).collect();
        let long = bundle(&all, &[]);
        refused(&long, "a bundle has 200000 entries at most, and these are 200001; copy its folder instead");
        many.incidents.pop_first();
        many.add(long);
        refused(&many, "a bundle has 200000 entries at most, and these are 201000; name fewer incidents");
        // The longest entry that a record takes is taken by both.
        let mut longest = bundle(&[1], &[]);
        let one = &mut longest.incidents.get_mut(&id()).unwrap().entries[1];
        let room = MOST_RECORD - serde_json::to_vec(one).unwrap().len();
        one.text = "x".repeat(room + one.text.as_bytes().len()).as_str().into();
        assert_eq!(serde_json::to_vec(one).unwrap().len(), MOST_RECORD);
        assert_eq!(Bundle::read(&longest.bytes().unwrap()), Ok(longest));
    }

    #[test]
    fn what_is_left_out_of_a_bundle_is_told() {
        let state = tempfile::tempdir().unwrap();
        let pads: Vec<String> = (0..MOST_PADS).map(|number| format!("pad {number}")).collect();
        let pads: Vec<&str> = pads.iter().map(String::as_str).collect();
        bundle(&[1], &pads).merge(Disk, state.path(), None, &session("m"), now()).unwrap();
        let found = |told: &[&str]| {
            let mut notices = Vec::new();
            let found = Bundle::of(&Shelf::of(Disk, state.path()), &[id()], &mut notices);
            assert_eq!(notices.len(), told.len(), "{notices:?}");
            for (notice, told) in notices.iter().zip(told) {
                assert!(notice.as_str().contains(told), "{told}: {notices:?}");
            }
            assert_eq!(Bundle::read(&found.bytes().unwrap()), Ok(found.clone()));
            found.counts()
        };
        assert_eq!(found(&[]), (1, 2, MOST_PADS));
        bundle(&[1], &["one more", "and one more"])
            .merge(Disk, state.path(), None, &session("n"), now())
            .unwrap();
        let left = "2 pads of INC-20260314-0312-db are not in the bundle: it has 10 of an incident at most";
        assert_eq!(found(&[left]), (1, 2, MOST_PADS));
        let folder = state.path().join(Folder::Incident(id()).path());
        let huge = std::fs::File::create(folder.join("lee.b.s7.000.journal")).unwrap();
        huge.set_len(crate::store::journal::MOST_READ + 1).unwrap();
        let cut = "INC-20260314-0312-db is not whole in the bundle: what was not read is missing there";
        assert_eq!(found(&["larger than", cut, left]), (1, 2, MOST_PADS));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn merging_is_a_union_whatever_the_order_and_however_often(
            parts in prop::collection::vec(
                (prop::collection::vec(1_u64..12, 0..6), prop::collection::vec(0_usize..3, 0..2)),
                1..4,
            ),
        ) {
            let texts = ["one pad", "another pad", "a third pad"];
            let bundles: Vec<Bundle> = parts
                .iter()
                .map(|(seqs, pads)| bundle(seqs, &pads.iter().map(|pad| texts[*pad]).collect::<Vec<_>>()))
                .collect();
            let merged = |order: &mut dyn Iterator<Item = &Bundle>| {
                let state = tempfile::tempdir().unwrap();
                let disk = Faulty::default();
                for (number, part) in order.enumerate() {
                    let session = session(&format!("m{number}"));
                    part.clone().merge(&disk, state.path(), None, &session, now()).unwrap();
                }
                whole(state.path())
            };
            let mut all = Bundle::default();
            for part in &bundles { all.add(part.clone()); }
            prop_assert_eq!(&merged(&mut bundles.iter()), &all);
            prop_assert_eq!(&merged(&mut bundles.iter().rev()), &all);
            prop_assert_eq!(&merged(&mut bundles.iter().chain(&bundles)), &all);
            prop_assert_eq!(&merged(&mut std::iter::once(&all)), &all);
        }
    }
}
