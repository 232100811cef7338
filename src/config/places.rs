//! Where configuration and state are kept on this machine.

use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use crate::model::text::RawText;

/// The system's and the person's own places, by the XDG base directory specification.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// The system's file.
    pub system: PathBuf,
    /// The person's file. None without a home.
    pub user: Option<PathBuf>,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// Where state is kept.
    pub state: Option<PathBuf>,
}

impl Places {
    /// Those of the person who runs this process.
    pub fn of_person() -> Self {
        let own = directories::ProjectDirs::from("", "", "midwatch");
        let state =
            |own: &directories::ProjectDirs| own.state_dir().unwrap_or(own.data_local_dir()).to_owned();
        Self {
            system: PathBuf::from("/etc/midwatch/config.toml"),
            user: own.as_ref().map(|own| own.config_dir().join("config.toml")),
            home: directories::BaseDirs::new().map(|base| base.home_dir().to_owned()),
            state: own.as_ref().map(state),
        }
    }
}

/// The name of the login.
pub fn login() -> RawText {
    let variables = ["USER", "LOGNAME"].iter().filter_map(std::env::var_os);
    let login = variables.map(|name| RawText::from(name.into_vec())).find(|name| !name.is_empty());
    login.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()).into())
}
