//! What a pane may look at while it draws.

use jiff::Timestamp;
use ratatui::style::Style;

use crate::config::environment::Environment;
use crate::config::theme::Meaning;
use crate::logs::buffer::Buffer;
use crate::model::catalog::Catalog;
use crate::model::claim::Claims;
use crate::model::credential::Credentials;
use crate::model::incident::Incident;
use crate::model::keeping::Keeping;
use crate::model::text::RawText;
use crate::model::told::Told;
use crate::model::world::World;
use crate::ui::style::Styles;
use crate::ui::table::Marking;
use crate::ui::time::Zone;

/// The panes of the screen, in the order of their keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaneId {
    /// Runs of pipelines.
    Pipelines,
    /// Log lines.
    Logs,
    /// Alerts.
    Alerts,
    /// The notepad.
    Notes,
}

impl PaneId {
    /// All panes, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Pipelines, Self::Logs, Self::Alerts, Self::Notes];

    /// Its key, 1 to 4.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Pipelines => "Pipelines",
            Self::Logs => "Logs",
            Self::Alerts => "Alerts",
            Self::Notes => "Notes",
        }
    }
}

/// What a pane may look at: everything that is known, how it is shown, and when.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What the sources have said.
    pub world: &'a World,
    /// The lines that are held.
    pub logs: &'a Buffer,
    /// How things look.
    pub styles: &'a Styles,
    /// The time; while the screen is frozen, the time at which it was.
    pub now: Timestamp,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
    /// How times are shown.
    pub zone: &'a Zone,
    /// What belongs to which service and host.
    pub catalog: &'a Catalog,
    /// The credentials, and when they end.
    pub credentials: &'a Credentials,
    /// What should be kept on the disk and is not.
    pub keeping: &'a Keeping,
    /// The configured environments.
    pub environments: &'a [Environment],
    /// The environment shown, or all of them.
    pub environment: Option<&'a RawText>,
    /// The incidents that are known, the oldest first.
    pub incidents: &'a [Incident],
    /// Another one means that they may be others.
    pub incidents_revision: u64,
    /// Who has what.
    pub claims: &'a Claims,
    /// The shifts that were handed over, in order of time.
    pub hand_overs: &'a [Told],
    /// Whether this pane has the focus.
    pub focused: bool,
}

impl View<'_> {
    /// Whether rows of more than one environment can be in sight: then each row names its own.
    pub fn many_environments(&self) -> bool {
        self.environment.is_none() && self.environments.len() != 1
    }

    /// How the selected row and the marked ones are drawn.
    pub fn marking(&self) -> Marking {
        let of = |meaning| self.styles.of(meaning);
        Marking { selected: of(Meaning::Selection), mark: of(Meaning::Mark), focused: self.focused }
    }

    /// How the name of an environment is drawn.
    pub fn environment_style(&self, name: Option<&RawText>) -> Style {
        self.styles.of(self.environment_meaning(name))
    }

    /// The meaning that draws the name of an environment.
    pub fn environment_meaning(&self, name: Option<&RawText>) -> Meaning {
        let found = self.environments.iter().enumerate().find(|(_, known)| Some(&known.name) == name);
        found.map_or(Meaning::Muted, |(index, environment)| environment.meaning(index))
    }

    /// Whether rows of this environment are shown.
    pub fn shows(&self, environment: Option<&RawText>) -> bool {
        self.environment.is_none() || environment.is_none() || self.environment == environment
    }
}
