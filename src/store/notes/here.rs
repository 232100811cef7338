//! Who looks at an incident: each console that does has a small file in its folder and touches it now and then.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::entries::MOST_FILES;
use super::{Session, safe_name};
use crate::model::note::Folder;
use crate::model::text::RawText;
use crate::store::files::Files;
use crate::store::lock::touch;
use crate::store::share::is_own;

/// How often a console says that somebody still looks.
const BEAT: SignedDuration = SignedDuration::from_secs(15);
/// Who has not said so for this long is gone.
const GONE: SignedDuration = SignedDuration::from_secs(50);
/// What a console that died left is taken away after this.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24 * 14);
/// What is read of a name, bytes; and names that are told.
const MOST_NAME: u64 = 200;
const MOST_NAMED: usize = 20;

/// A file that a console touches.
#[derive(Debug)]
struct Mark {
    path: PathBuf,
    file: File,
    beaten: Timestamp,
}

/// What one console says and sees.
#[derive(Debug)]
pub(super) struct Here {
    person: RawText,
    /// The name of our file.
    own: String,
    /// What somebody turned to.
    folder: Option<Folder>,
    /// Where we were before, until its mark is taken away.
    mark: Option<Mark>,
    /// When each mark was touched last by its own clock, and by ours.
    seen: HashMap<PathBuf, (Timestamp, Timestamp)>,
    told: Vec<RawText>,
}

impl Here {
    pub(super) fn new(session: &Session) -> Self {
        let parts = [&session.person, &session.host, &session.id].map(safe_name);
        Self {
            person: session.person.clone(),
            own: format!("{}.here", parts.join(".")),
            folder: None,
            mark: None,
            seen: HashMap::new(),
            told: Vec::new(),
        }
    }

    /// What somebody turned to.
    pub(super) fn folder(&self) -> Option<&Folder> {
        self.folder.as_ref()
    }

    /// Somebody turns to another folder, or to none.
    pub(super) fn turn(&mut self, folder: Option<Folder>) {
        if self.folder != folder {
            self.folder = folder;
            self.seen.clear();
            // What is known there now is told in any case.
            self.told = vec![RawText::default()];
        }
    }

    /// Says in this directory that somebody looks, and who else does where that is news.
    pub(super) fn look(&mut self, files: &impl Files, dir: &Path, now: Timestamp) -> Option<Vec<RawText>> {
        self.say(files, dir, now);
        let names = files.list(dir, MOST_FILES).unwrap_or_default();
        let mut others = BTreeSet::new();
        let is_mark = |path: &PathBuf| path.extension().is_some_and(|e| e == "here");
        for path in names.into_iter().filter(is_mark) {
            let stamp = files.stamp(&path).ok().flatten().filter(|_| !path.ends_with(&self.own));
            let Some((stamp, touched)) = stamp.and_then(|stamp| Some((stamp, stamp.modified()?))) else {
                continue;
            };
            if now.duration_since(touched) > FORGOTTEN && is_own(stamp.user()) {
                // Of a console of ours that died.
                drop(files.remove(&path));
                continue;
            }
            // Where the clock of another machine is off, that it moves tells that somebody is there.
            let first = (touched, if is_near(touched, now) { now } else { Timestamp::MIN });
            let (last, at) = self.seen.entry(path.clone()).or_insert(first);
            if *last != touched {
                (*last, *at) = (touched, now);
            }
            if is_near(*at, now) && others.len() < MOST_NAMED {
                others.extend(files.read(&path, MOST_NAME).ok().map(|name| RawText::from_bytes(&name)));
            }
        }
        others.remove(&self.person);
        let others: Vec<RawText> = others.into_iter().collect();
        (self.told != others).then(|| {
            self.told.clone_from(&others);
            others
        })
    }

    fn say(&mut self, files: &impl Files, dir: &Path, now: Timestamp) {
        let path = dir.join(&self.own);
        if self.mark.as_ref().is_some_and(|mark| mark.path != path) {
            self.leave(files);
        }
        match &mut self.mark {
            Some(mark) if mark.beaten.duration_since(now).abs() < BEAT => return,
            Some(mark) if matches!(files.stamp(&path), Ok(Some(_))) => {
                touch(&mark.file, now);
                mark.beaten = now;
                return;
            }
            Some(_) | None => {}
        }
        // A directory that cannot be written is told by what is written there; this is a courtesy.
        let made = files.create(&path).and_then(|file| {
            files.write(&file, self.person.as_bytes())?;
            touch(&file, now);
            Ok(file)
        });
        self.mark = made.ok().map(|file| Mark { path, file, beaten: now });
    }

    /// Nobody looks here any more.
    pub(super) fn leave(&mut self, files: &impl Files) {
        if let Some(mark) = self.mark.take() {
            // One that stays is old soon.
            drop(files.remove(&mark.path));
        }
    }
}

fn is_near(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < GONE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::incident::IncidentId;
    use crate::store::files::Disk;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn here(person: &str, id: &str) -> Here {
        let (host, id) = ("bastion".into(), id.into());
        let mut here = Here::new(&Session { person: person.into(), host, id, since: at(0) });
        here.turn(Some(Folder::Incident(IncidentId::try_from("INC-1".to_owned()).unwrap())));
        here
    }

    #[test]
    fn who_looks_is_seen_until_they_leave_or_die() {
        let dir = tempfile::tempdir().unwrap();
        let (mut ada, mut kim) = (here("ada", "a"), here("kim", "k"));
        let kims = Some(vec![RawText::from("kim")]);
        assert_eq!(ada.look(&Disk, dir.path(), at(0)), Some(Vec::new()));
        assert_eq!(kim.look(&Disk, dir.path(), at(0)), Some(vec!["ada".into()]));
        assert_eq!(ada.look(&Disk, dir.path(), at(1)), kims);
        assert_eq!(ada.look(&Disk, dir.path(), at(2)), None, "it is no news");
        for second in (10..200).step_by(10) {
            kim.look(&Disk, dir.path(), at(second));
            assert_eq!(ada.look(&Disk, dir.path(), at(second)), None, "{second}");
        }
        // It dies: nothing is said of that.
        drop(kim);
        assert_eq!(ada.look(&Disk, dir.path(), at(220)), None);
        assert_eq!(ada.look(&Disk, dir.path(), at(250)), Some(Vec::new()));
        let mut late = here("kim", "l");
        late.look(&Disk, dir.path(), at(300));
        assert_eq!(ada.look(&Disk, dir.path(), at(301)), kims, "in another session");
        late.leave(&Disk);
        assert_eq!(ada.look(&Disk, dir.path(), at(302)), Some(Vec::new()));
        ada.leave(&Disk);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "that of who died");
    }

    #[test]
    fn a_mark_of_last_week_is_nobody_and_one_by_another_clock_is_somebody_when_it_moves() {
        let dir = tempfile::tempdir().unwrap();
        let (mut ada, mut kim) = (here("ada", "a"), here("kim", "k"));
        kim.look(&Disk, dir.path(), at(-700_000));
        assert_eq!(ada.look(&Disk, dir.path(), at(0)), Some(Vec::new()));
        kim.look(&Disk, dir.path(), at(-699_980));
        assert_eq!(ada.look(&Disk, dir.path(), at(10)), Some(vec!["kim".into()]));
    }

    #[test]
    fn what_others_put_there_is_read_with_care() {
        let dir = tempfile::tempdir().unwrap();
        let mut ada = here("ada", "a");
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("x.here")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            dir.path().join("pipe.here"),
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        let long = dir.path().join("long.here");
        crate::store::atomic::write(&Disk, &long, &[b'x'; 5000]).unwrap();
        let now = Disk.stamp(&long).unwrap().unwrap().modified().unwrap();
        assert_eq!(ada.look(&Disk, dir.path(), now), Some(Vec::new()));
    }
}
