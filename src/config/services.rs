//! `[[service]]` and `[[host]]` tables: the person's own map of what belongs together.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::nearest::suggestion;
use super::origin::{ConfigError, Origin};
use super::runbooks::Place;
use super::table::{Kind as Is, Table, Value};
use crate::model::catalog::{Card, Catalog, DeployEntry, HostEntry, Revision, ServiceEntry};
use crate::model::text::RawText;

/// One `[[service]]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    /// The name shown and joined on.
    name: String,
    /// Other names of the same service.
    #[serde(default)]
    aliases: Vec<String>,
    /// Labels of alerts, logs and workloads; all have to match.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Repositories whose runs belong to it, as `owner/name`.
    #[serde(default)]
    repos: Vec<String>,
    /// Sources of its logs, the one to look at first in front; the next one is taken while that is blind.
    #[serde(default)]
    logs: Vec<String>,
    /// Which runs deploy it, such as `{ source = "ci", workflow = "Deploy", environment = "prod" }`.
    deploy: Option<Deploy>,
    /// What it is for, in a few words.
    role: Option<String>,
    /// The team or person whose it is.
    owner: Option<String>,
    /// Whom to ask and how, such as `#shop-oncall` or `+49 30 1234`.
    #[serde(default)]
    contacts: Vec<String>,
    /// Where more is to be had, such as `{ title = "dashboard", url = "https://..." }`.
    #[serde(default)]
    links: Vec<Link>,
    /// Its runbook: a file, by `/path` or `~/path`, or a URL.
    runbook: Option<Place>,
}

/// A link on a card.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Link {
    /// What it leads to.
    title: String,
    /// Its address.
    url: String,
}

/// What a card says, as written.
struct Said {
    role: Option<String>,
    owner: Option<String>,
    contacts: Vec<String>,
    links: Vec<Link>,
    runbook: Option<Place>,
}

impl Said {
    fn card(self, home: Option<&Path>) -> Card {
        let text = |text: Option<String>| text.filter(|text| !text.is_empty()).map(RawText::from);
        Card {
            role: text(self.role),
            owner: text(self.owner),
            contacts: self.contacts.into_iter().map(RawText::from).collect(),
            links: self.links.into_iter().map(|link| (link.title.into(), link.url.into())).collect(),
            runbook: self.runbook.and_then(|place| place.text(home)),
        }
    }
}

/// Which runs deploy a service: all that is given has to fit, and of a service with `repos` the run
/// has to be of one of those.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Deploy {
    /// The source that gives the runs.
    source: String,
    /// The name of the pipeline or workflow.
    workflow: Option<String>,
    /// The name of a job that the run has.
    job: Option<String>,
    /// Where they deploy to. A run that names its environment itself has to name this one.
    environment: Option<String>,
    /// What of a run says which revision is deployed; its commit if not said.
    revision: Option<RevisionKey>,
}

/// What of a run says which revision it deploys.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RevisionKey {
    /// Its commit.
    Commit,
    /// Its branch or tag.
    Branch,
    /// Its title, such as a release's name.
    Title,
}

impl From<Deploy> for DeployEntry {
    fn from(deploy: Deploy) -> Self {
        Self {
            source: Some(deploy.source.into()),
            workflow: deploy.workflow.map(RawText::from),
            job: deploy.job.map(RawText::from),
            environment: deploy.environment.map(RawText::from),
            revision: match deploy.revision {
                None | Some(RevisionKey::Commit) => Revision::Commit,
                Some(RevisionKey::Branch) => Revision::Branch,
                Some(RevisionKey::Title) => Revision::Title,
            },
        }
    }
}

/// One `[[host]]`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Host {
    /// The name shown and joined on.
    name: String,
    /// Other names of the same host: full name, short name, addresses.
    #[serde(default, alias = "aliases")]
    names: Vec<String>,
    /// What it is for, in a few words.
    role: Option<String>,
    /// The team or person whose it is.
    owner: Option<String>,
    /// Whom to ask and how, such as `#shop-oncall` or `+49 30 1234`.
    #[serde(default)]
    contacts: Vec<String>,
    /// Where more is to be had, such as `{ title = "console", url = "https://..." }`.
    #[serde(default)]
    links: Vec<Link>,
    /// Its runbook: a file, by `/path` or `~/path`, or a URL.
    runbook: Option<Place>,
}

/// Reads the `[[service]]` and `[[host]]` tables into a catalog.
pub(super) fn read(
    services: &[Table],
    hosts: &[Table],
    sources: &[&str],
    home: Option<&Path>,
    errors: &mut Vec<ConfigError>,
) -> Catalog {
    let logs = services.iter().filter_map(|table| table.get("logs")?.as_list()).flatten();
    let deploys = services.iter().filter_map(|table| match &table.get("deploy")?.kind {
        Is::Table(deploy) => deploy.get("source"),
        _ => None,
    });
    for value in logs.chain(deploys) {
        if let Some(name) = value.as_text().filter(|name| !sources.contains(name)) {
            let near = suggestion(name, sources.iter().copied());
            errors.push(ConfigError::new(&value.origin, format!("there is no source `{name}`{near}")));
        }
    }
    shared("service", services, &["aliases"], errors);
    shared("host", hosts, &["names", "aliases"], errors);
    let texts = |list: Vec<String>| list.into_iter().map(RawText::from).collect();
    let mut mapped_services = Vec::new();
    for table in services {
        match table.parse::<Service>() {
            Ok(Service {
                name,
                aliases,
                labels,
                repos,
                logs,
                deploy,
                role,
                owner,
                contacts,
                links,
                runbook,
            }) => {
                mapped_services.push(ServiceEntry {
                    name: name.into(),
                    aliases: texts(aliases),
                    labels: labels.into_iter().map(|(label, value)| (label.into(), value.into())).collect(),
                    repos: texts(repos),
                    logs: texts(logs),
                    deploy: deploy.map(DeployEntry::from),
                    card: Said { role, owner, contacts, links, runbook }.card(home),
                });
            }
            Err(found) => errors.extend(found),
        }
    }
    let mut mapped_hosts = Vec::new();
    for table in hosts {
        match table.parse::<Host>() {
            Ok(Host { name, names, role, owner, contacts, links, runbook }) => {
                let card = Said { role, owner, contacts, links, runbook }.card(home);
                mapped_hosts.push(HostEntry { name: name.into(), names: texts(names), card });
            }
            Err(found) => errors.extend(found),
        }
    }
    Catalog::new(&mapped_services, &mapped_hosts)
}

/// Reports other names that two tables claim: what has that name would belong to either.
fn shared(what: &str, tables: &[Table], keys: &[&str], errors: &mut Vec<ConfigError>) {
    let mut seen: Vec<(String, usize, &Origin)> = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        let lists = keys.iter().filter_map(|key| table.get(key)?.as_list()).flatten();
        for value in table.get("name").into_iter().chain(lists) {
            let Some(name) = value.as_text().map(str::to_lowercase) else { continue };
            let is_name =
                |origin: &Origin| tables.iter().any(|t| t.get("name").map(|v| &v.origin) == Some(origin));
            match seen.iter().find(|(known, ..)| *known == name) {
                // Two of one name are told by whoever checks the names of tables.
                Some((_, _, first)) if is_name(first) && is_name(&value.origin) => {}
                Some((_, other, first)) if *other != index => errors.push(
                    ConfigError::new(
                        &value.origin,
                        format!("another {what} has the name `{}` too", shown(value)),
                    )
                    .other(first, "the first of that name"),
                ),
                Some(_) => {}
                None => seen.push((name, index, &value.origin)),
            }
        }
    }
}

fn shown(value: &Value) -> &str {
    value.as_text().unwrap_or_default()
}
