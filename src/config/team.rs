//! `[team]`: the directory in which several people write one record.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::origin::{ConfigError, Origin};
use super::settings::Place;
use super::table::Value;
use crate::model::text::RawText;

/// Where a team's record is, and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TeamTable {
    /// The directory.
    pub dir: PathBuf,
    /// The group of all who may see it, by its name or its number.
    pub group: RawText,
    /// Where it was written.
    pub origin: Origin,
}

/// The keys as written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// The directory that all of them share: it is there already, of that group and with the mode 2770. The
    /// incidents are in it.
    dir: Place,
    /// The group of all who may read and write the incidents: its name in `/etc/group`, or its number.
    group: String,
}

/// Reads the `[team]` table.
pub(super) fn read(
    value: Option<&Value>,
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Option<TeamTable> {
    let value = value?;
    let Some(table) = value.as_table() else {
        let error = ConfigError::new(&value.origin, "`team`: a table is needed");
        errors.push(error.help("write [team] with dir = \"/srv/midwatch\" and group = \"oncall\""));
        return None;
    };
    let written = match table.parse::<Written>() {
        Ok(written) => written,
        Err(found) => {
            errors.extend(found);
            return None;
        }
    };
    if written.group.trim().is_empty() {
        errors.push(table.error("group", "`group`: the name or the number of a group is needed"));
    }
    let Some(dir) = written.dir.under(home) else {
        errors.push(table.error("dir", "`dir`: the home directory is not known"));
        return None;
    };
    Some(TeamTable { dir, group: written.group.trim().into(), origin: value.origin.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::table;

    fn read(text: &str) -> Result<Option<TeamTable>, Vec<String>> {
        let mut top = table::read(&"c".into(), text).unwrap();
        let team = top.take("team").map(|entry| entry.value);
        let mut errors = Vec::new();
        let read = super::read(team.as_ref(), Some(Path::new("/home/kim")), &mut errors);
        let lines: Vec<_> =
            errors.iter().flat_map(ConfigError::lines).map(|line| line.as_str().to_owned()).collect();
        if lines.is_empty() { Ok(read) } else { Err(lines) }
    }

    #[test]
    fn directory_and_group_are_read_and_mistakes_have_their_place() {
        let read_one = read("[team]\ndir = '/srv/midwatch'\ngroup = 'oncall'").unwrap().unwrap();
        assert_eq!((read_one.dir, read_one.group), (PathBuf::from("/srv/midwatch"), "oncall".into()));
        assert_eq!(read("").unwrap(), None);
        for (text, line) in [
            ("team = 3", "c:1:8: `team`: a table is needed"),
            (
                "[team]\ndir = 'srv'\ngroup = 'x'",
                "c:2:7: `dir`: `srv` is not an absolute path; write /path or ~/path",
            ),
            (
                "[team]\ndir = '/srv'\ngroup = ' '",
                "c:3:9: `group`: the name or the number of a group is needed",
            ),
        ] {
            assert!(read(text).unwrap_err().iter().any(|known| known == line), "{:?}", read(text));
        }
        assert!(read("[team]\ndir = '/srv'").is_err());
    }
}
