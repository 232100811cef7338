//! What all panes share: what is known, what is shown of it, and how it looks.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::command::keymap::Binding;
use crate::config::destinations::Destination;
use crate::config::diagnostics::Diagnostic;
use crate::config::environment::Environment;
use crate::config::runbooks::Runbooks;
use crate::incident::templates::Templates;
use crate::logs::buffer::Buffer;
use crate::model::catalog::Catalog;
use crate::model::claim::Claims;
use crate::model::credential::{CredentialInfo, Credentials};
use crate::model::drill::Drill;
use crate::model::incident::Incident;
use crate::model::keeping::Keeping;
use crate::model::text::RawText;
use crate::model::told::Told;
use crate::model::world::{Remembered, SourceInfo, World};
use crate::pane::view::View;
use crate::ui::style::Styles;
use crate::ui::time::Zone;

/// The themes to choose from, by name, and the one in force at the start.
#[derive(Clone, Debug)]
pub struct Themes {
    /// Name and styles; the first is in force.
    pub all: Vec<(RawText, Styles)>,
}

/// What a console starts with.
pub struct Setup {
    /// What is known of the sources.
    pub sources: Vec<SourceInfo>,
    /// What belongs to which service and host.
    pub catalog: Catalog,
    /// Where runbooks are.
    pub runbooks: Runbooks,
    /// What may be run to look at something.
    pub diagnostics: Vec<Diagnostic>,
    /// What documents are made from.
    pub templates: Templates,
    /// Where documents may be sent.
    pub destinations: Vec<Destination>,
    /// The credentials, as declared.
    pub credentials: Vec<CredentialInfo>,
    /// The configured environments.
    pub environments: Vec<Environment>,
    /// The environment shown at the start, or all.
    pub environment: Option<RawText>,
    /// The themes to choose from.
    pub themes: Themes,
    /// Whether only ASCII may be drawn.
    pub ascii: bool,
    /// The person's own keys.
    pub bindings: Vec<Binding>,
    /// Who is at the keys.
    pub person: RawText,
    /// Whether the person was named; otherwise it is the name of the login.
    pub is_named: bool,
    /// Names this console among all that write notes.
    pub session_name: RawText,
    /// The person's own zone, if one is known.
    pub zone: Option<TimeZone>,
    /// Bytes that log lines may take.
    pub log_budget: usize,
    /// What was known at the end of the last session.
    pub remembered: Option<Remembered>,
    /// Whether a team shares the record: what is handed over is for all of it.
    pub has_team: bool,
    /// The exercise that is taken, if what is seen is one.
    pub drill: Option<Drill>,
    /// The screen's columns and rows.
    pub size: (u16, u16),
}

/// What all panes share.
pub(super) struct State {
    pub(super) world: World,
    pub(super) logs: Buffer,
    pub(super) catalog: Catalog,
    pub(super) runbooks: Runbooks,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) templates: Templates,
    pub(super) destinations: Vec<Destination>,
    pub(super) credentials: Credentials,
    pub(super) keeping: Keeping,
    /// The incidents that are known, the oldest first.
    pub(super) incidents: Vec<Incident>,
    /// Counts how often they became others.
    pub(super) incidents_revision: u64,
    /// Who has what.
    pub(super) claims: Claims,
    /// The shifts that were handed over, in order of time.
    pub(super) hand_overs: Vec<Told>,
    pub(super) environments: Vec<Environment>,
    pub(super) environment: Option<RawText>,
    pub(super) themes: Themes,
    pub(super) theme: usize,
    pub(super) ascii: bool,
    pub(super) person: RawText,
    pub(super) has_team: bool,
    pub(super) zone: Zone,
    own_zone: Option<TimeZone>,
    /// While the screen is frozen: the moment, the world as it was, and the lines held then.
    frozen: Option<(Timestamp, World, u64)>,
}

impl State {
    pub(super) fn new(setup: Setup) -> Self {
        let mut world = World::new(setup.sources);
        if let Some(remembered) = setup.remembered {
            world.recall(remembered);
        }
        Self {
            world,
            logs: Buffer::new(setup.log_budget),
            catalog: setup.catalog,
            runbooks: setup.runbooks,
            diagnostics: setup.diagnostics,
            templates: setup.templates,
            destinations: setup.destinations,
            credentials: Credentials::new(setup.credentials),
            keeping: Keeping::default(),
            incidents: Vec::new(),
            incidents_revision: 0,
            claims: Claims::default(),
            hand_overs: Vec::new(),
            environments: setup.environments,
            environment: setup.environment,
            themes: setup.themes,
            theme: 0,
            ascii: setup.ascii,
            person: setup.person,
            has_team: setup.has_team,
            zone: Zone::Utc,
            own_zone: setup.zone,
            frozen: None,
        }
    }

    /// What a pane may look at.
    pub(super) fn view(&self, focused: bool, now: Timestamp) -> View<'_> {
        let (now, world) = match &self.frozen {
            Some((at, world, _)) => (*at, world),
            None => (now, &self.world),
        };
        View {
            world,
            logs: &self.logs,
            styles: self.styles(),
            ascii: self.ascii,
            now,
            zone: &self.zone,
            catalog: &self.catalog,
            credentials: &self.credentials,
            keeping: &self.keeping,
            incidents: &self.incidents,
            incidents_revision: self.incidents_revision,
            claims: &self.claims,
            hand_overs: &self.hand_overs,
            environments: &self.environments,
            environment: self.environment.as_ref(),
            focused,
        }
    }

    pub(super) fn styles(&self) -> &Styles {
        #[expect(clippy::indexing_slicing, reason = "there is always a first theme, and a choice is checked")]
        &self.themes.all[self.theme].1
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Holds the screen still, or lets it go; returns whether it is held now.
    pub(super) fn toggle_freeze(&mut self, now: Timestamp) -> bool {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => Some((now, self.world.clone(), self.logs.received())),
        };
        self.is_frozen()
    }

    /// While the screen is frozen: since when, and how many lines have come since.
    pub(super) fn frozen(&self) -> Option<(Timestamp, u64)> {
        self.frozen.as_ref().map(|(at, _, lines)| (*at, self.logs.received() - lines))
    }

    /// Shows times in the next way: UTC, the person's own zone if it is another, ages.
    pub(super) fn next_zone(&mut self, now: Timestamp) {
        // An own zone that is UTC would be a key that does nothing.
        let own = self.own_zone.as_ref().filter(|zone| zone.to_offset_info(now).abbreviation() != "UTC");
        self.zone = match (&self.zone, own) {
            (Zone::Utc, Some(zone)) => Zone::Own(zone.clone()),
            (Zone::Utc, None) | (Zone::Own(_), _) => Zone::Relative,
            (Zone::Relative, _) => Zone::Utc,
        };
    }
}
