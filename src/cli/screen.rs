//! `midwatch generate screen`: the picture of the built-in outage that the README shows.

use color_eyre::eyre::{self, eyre};
use jiff::civil::time;

use crate::app::{Setup, Themes};
use crate::config::runbooks::Runbooks;
use crate::config::theme::{Depth, built_ins};
use crate::incident::templates::Templates;
use crate::model::text::{RawText, SafeText, clean};
use crate::runtime::still::still;
use crate::source::recording::{At, Recording};
use crate::ui::style::Styles;

/// The moment: the alerts fire, the integration tests have failed, nobody has rolled back yet.
const MOMENT: At = At::TimeOfDay(time(3, 16, 30, 0));
const SIZE: (u16, u16) = (120, 36);
const TITLE: &str = "The console during the built-in outage at 03:16 UTC: runs, logs, alerts and notes";

/// The picture, as SVG. The default theme in full colour; nothing of this machine is in it.
pub(super) fn screen() -> eyre::Result<String> {
    let said = |what: &RawText| eyre!("{}", clean(what).as_str().to_owned());
    let recording = Recording::built_in(1).map_err(|failure| said(&failure.what))?;
    let recording = recording.at(MOMENT).map_err(|what| said(&what.into()))?;
    let themes = built_ins(Depth::True);
    let setup = Setup {
        sources: recording.clone().sources().into_iter().map(|(info, _)| info).collect(),
        catalog: recording.catalog().clone(),
        runbooks: Runbooks::default(),
        diagnostics: Vec::new(),
        templates: Templates::default(),
        destinations: Vec::new(),
        credentials: Vec::new(),
        environments: recording.environments().to_vec(),
        environment: None,
        themes: Themes { all: themes.iter().map(|theme| (theme.name.clone(), Styles::new(theme))).collect() },
        ascii: false,
        bindings: Vec::new(),
        person: "kim".into(),
        is_named: true,
        session_name: "screen".into(),
        zone: None,
        log_budget: 64 << 20,
        remembered: None,
        has_team: false,
        drill: None,
        size: SIZE,
    };
    still(setup, recording, &SafeText::literal(TITLE)).map_err(|error| eyre!(error))
}
