//! Where the folders of the record are: in the person's own directory, or in that of their team.
//!
//! With a team the incidents are in its directory, and those of before stay where they are. While it cannot be
//! used they go to `unshared/` in the person's own, from where they are taken over as soon as it can.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::model::incident::IncidentId;
use crate::model::note::Folder;
use crate::model::text::SafeText;
use crate::safe;
use crate::store::error::{StoreError, path_text};
use crate::store::files::Files;
use crate::store::share::Share;
use crate::store::team::{Shared, Team};

/// Names looked at among the incidents.
const MOST_NAMES: usize = 50_000;
/// Where the record of a team goes in a person's own directory while theirs cannot be used.
const UNSHARED: &str = "unshared";

/// Where the record is.
#[derive(Clone, Debug)]
pub(super) struct Places<F> {
    files: F,
    /// The person's own directory.
    state: PathBuf,
    team: Option<Team>,
    /// The team's directory, or why it cannot be used.
    share: Option<Result<Share, SafeText>>,
    /// The incidents that are in the person's own directory since before there was a team.
    own: BTreeSet<IncidentId>,
}

impl<F: Files + Clone> Places<F> {
    pub(super) fn new(files: F, state: &Path, team: Option<Team>) -> Self {
        let share = team.as_ref().map(Team::open);
        let mut places = Self { files, state: state.to_owned(), team, share, own: BTreeSet::new() };
        if places.team.is_some() {
            places.own = incidents(&places.private(), state, &mut Vec::new()).into_iter().collect();
        }
        places
    }

    /// Whether there is a team, with or without its directory.
    pub(super) fn has_team(&self) -> bool {
        self.team.is_some()
    }

    /// Files of nobody else.
    pub(super) fn private(&self) -> Shared<F> {
        Shared::private(self.files.clone())
    }

    /// Whether a folder is the team's.
    pub(super) fn is_of_team(&self, folder: &Folder) -> bool {
        let is_own = match folder {
            Folder::Shift => true,
            Folder::Team => false,
            Folder::Incident(id) => self.own.contains(id),
        };
        self.has_team() && !is_own
    }

    /// The directory in which a folder is, and the files there.
    pub(super) fn of(&self, folder: &Folder) -> (PathBuf, Shared<F>) {
        match &self.share {
            Some(share) if self.is_of_team(folder) => self.in_team(share),
            _ => (self.state.clone(), self.private()),
        }
    }

    fn in_team(&self, share: &Result<Share, SafeText>) -> (PathBuf, Shared<F>) {
        match share {
            Ok(share) => (share.root().to_owned(), Shared::of(self.files.clone(), share.clone())),
            Err(_) => (self.unshared(), self.private()),
        }
    }

    /// Where the record of the team is while its directory cannot be used.
    pub(super) fn unshared(&self) -> PathBuf {
        self.state.join(UNSHARED)
    }

    /// The directories that have incidents, with their files; those of the team last.
    pub(super) fn all(&self) -> Vec<(PathBuf, Shared<F>)> {
        let own = (self.state.clone(), self.private());
        std::iter::once(own).chain(self.share.as_ref().map(|share| self.in_team(share))).collect()
    }

    /// Goes to the team's directory if it could not be used until now and can be; false if nothing came of it.
    pub(super) fn rejoin(&mut self) -> bool {
        let Some(Ok(share)) = self.team.as_ref().filter(|_| self.apart().is_some()).map(Team::open) else {
            return false;
        };
        self.share = Some(Ok(share));
        true
    }

    /// Leaves the team's directory if it was used until now and cannot be any more; false if nothing came of it.
    pub(super) fn leave(&mut self) -> bool {
        let Some(Err(why)) = self.team.as_ref().filter(|_| self.apart().is_none()).map(Team::open) else {
            return false;
        };
        self.share = Some(Err(why));
        true
    }

    /// Why the team's directory cannot be used.
    pub(super) fn apart(&self) -> Option<&SafeText> {
        self.share.as_ref().and_then(|share| share.as_ref().err())
    }

    /// All incidents that have a folder, the oldest first.
    pub(super) fn incidents(&self, notices: &mut Vec<SafeText>) -> Vec<IncidentId> {
        let all = self.all().into_iter();
        let ids: BTreeSet<_> = all.flat_map(|(dir, files)| incidents(&files, &dir, notices)).collect();
        ids.into_iter().collect()
    }
}

/// Whether a folder has more than what consoles leave that only looked at it: locks, and who is here.
pub(super) fn has_notes(files: &impl Files, dir: &Path) -> bool {
    let is_theirs = |path: &PathBuf| path.extension().is_some_and(|end| end == "lock" || end == "here");
    match files.list(dir, MOST_NAMES) {
        Ok(paths) => !paths.iter().all(is_theirs),
        // What cannot be read is told by who reads it.
        Err(e) => e.kind() != io::ErrorKind::NotFound,
    }
}

/// The incidents that have a folder below a directory, the oldest first.
pub(super) fn incidents(files: &impl Files, base: &Path, notices: &mut Vec<SafeText>) -> Vec<IncidentId> {
    let dir = base.join("incidents");
    if matches!(files.stamp(&dir), Ok(None)) {
        return Vec::new();
    }
    let paths = match files.list(&dir, MOST_NAMES) {
        Ok(paths) => paths,
        Err(e) => {
            notices.push(StoreError::new("read", &dir, e).sentence());
            return Vec::new();
        }
    };
    if paths.len() == MOST_NAMES {
        notices.push(safe!("{} holds more than {} folders; not all were read", path_text(&dir), MOST_NAMES));
    }
    let mut ids = Vec::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        match name.as_deref().and_then(|name| IncidentId::try_from(name.to_owned()).ok()) {
            Some(id) => ids.push(id),
            // One that a console that died was about to make.
            None if name.is_some_and(|name| name.starts_with('.')) => {}
            None => notices.push(safe!("{} is no folder of an incident and was not read", path_text(&path))),
        }
    }
    ids
}
