//! `[[service]]` and `[[host]]` tables: the person's own map of what belongs together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::origin::ConfigError;
use super::table::Table;
use crate::model::catalog::{Catalog, HostEntry, ServiceEntry};
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
}

/// Reads the `[[service]]` and `[[host]]` tables into a catalog.
pub(super) fn read(services: &[Table], hosts: &[Table], errors: &mut Vec<ConfigError>) -> Catalog {
    let texts = |list: Vec<String>| list.into_iter().map(RawText::from).collect();
    let mut mapped_services = Vec::new();
    for table in services {
        match table.parse::<Service>() {
            Ok(Service { name, aliases, labels, repos }) => mapped_services.push(ServiceEntry {
                name: name.into(),
                aliases: texts(aliases),
                labels: labels.into_iter().map(|(label, value)| (label.into(), value.into())).collect(),
                repos: texts(repos),
            }),
            Err(found) => errors.extend(found),
        }
    }
    let mut mapped_hosts = Vec::new();
    for table in hosts {
        match table.parse::<Host>() {
            Ok(Host { name, names }) => {
                mapped_hosts.push(HostEntry { name: name.into(), names: texts(names) });
            }
            Err(found) => errors.extend(found),
        }
    }
    Catalog::new(&mapped_services, &mapped_hosts)
}
