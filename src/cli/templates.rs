//! Where templates come from: those beside the configuration win over those that come with midwatch.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use super::print::refuse;
use super::{Flags, WRONG};
use crate::config::origin::{ConfigError, Origin};
use crate::config::places::Places;
use crate::incident::document::Document;
use crate::incident::fill::{Lookup, Mistake, fill};
use crate::incident::templates::{Template, Templates, lines};
use crate::incident::write::{Format, write};
use crate::model::text::{RawText, SafeText};
use crate::safe;
use crate::store::error::{StoreError, path_text};
use crate::store::files::{Disk, Files as _};

/// The largest template, bytes.
const MOST: u64 = 256 * 1024;

/// What a document is written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum For {
    /// Markdown, as GitHub, GitLab and Mattermost take it
    Gfm,
    /// Slack
    Slack,
    /// Jira and Confluence
    Jira,
    /// Text
    Plain,
}

impl For {
    /// The document, to be printed.
    pub(super) fn text(self, document: &Document) -> String {
        let format = match self {
            Self::Gfm => Format::Gfm,
            Self::Slack => Format::Slack,
            Self::Jira => Format::Jira,
            Self::Plain => Format::Plain,
        };
        write(document, format).iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

/// A template's own file, if there is a place for one.
fn place(flags: &Flags, template: Template) -> Option<PathBuf> {
    let config = flags.config.clone().or_else(|| Places::of_person().user)?;
    Some(config.parent()?.join("templates").join(template.file()))
}

/// A person's own text of it.
fn own(flags: &Flags, template: Template) -> Result<Option<(PathBuf, RawText)>, (PathBuf, StoreError)> {
    let Some(path) = place(flags, template) else { return Ok(None) };
    match Disk.read(&path, MOST) {
        Ok(bytes) => Ok(Some((path, bytes.into()))),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err((path.clone(), StoreError::new("read", &path, e))),
    }
}

fn told(path: &std::path::Path, mistake: Mistake) -> ConfigError {
    let place = RawText::from(path_text(path).as_str());
    let origin = Origin { place, at: Some((mistake.line, 1)) };
    ConfigError { origin, what: mistake.what, help: None, other: None }
}

/// What is wrong with the person's own templates.
pub(super) fn mistakes(flags: &Flags) -> Vec<ConfigError> {
    let mut all = Vec::new();
    for template in Template::ALL {
        match own(flags, template) {
            Ok(None) => {}
            Ok(Some((path, text))) => {
                all.extend(template.mistakes(&text).into_iter().map(|mistake| told(&path, mistake)));
            }
            Err((path, error)) => {
                let origin = Origin::whole(RawText::from(path_text(&path).as_str()));
                all.push(ConfigError { origin, what: error.sentence(), help: None, other: None });
            }
        }
    }
    all
}

/// The person's own templates, for a console; one that cannot be read is told and not used.
pub(super) fn own_ones(flags: &Flags, notices: &mut Vec<SafeText>) -> Templates {
    let mut found = Vec::new();
    for template in Template::ALL {
        match own(flags, template) {
            Ok(text) => found.extend(text.map(|(_, text)| (template, text))),
            Err((_, error)) => notices.push(error.sentence()),
        }
    }
    Templates::new(found)
}

/// The document that a template makes of what is known. A template in which something is wrong makes none.
pub(super) fn made(flags: &Flags, template: Template, lookup: Lookup<'_>) -> Result<Document, ExitCode> {
    let own = own(flags, template).map_err(|(_, error)| refuse(WRONG, &error.sentence()))?;
    let (path, text) = own.map_or((None, template.built_in()), |(path, text)| (Some(path), text));
    let (document, mistakes) = fill(&lines(&text), lookup);
    let Some(path) = path.filter(|_| !mistakes.is_empty()) else { return Ok(document) };
    let errors: Vec<ConfigError> = mistakes.into_iter().map(|mistake| told(&path, mistake)).collect();
    for line in errors.iter().flat_map(ConfigError::lines) {
        super::print::tell(&line);
    }
    Err(refuse(WRONG, &safe!("{} is wrong; nothing was written", path_text(&path))))
}
