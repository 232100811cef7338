//! Environments: where things run, which of them is production, and what may be done there.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use super::origin::{ConfigError, Origin};
use super::table::{Table, Value};
use super::theme::Meaning;
use crate::model::text::RawText;

/// What may be done to an environment's endpoints.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Allowed {
    /// Acknowledge an alert.
    Ack,
    /// Make, change or end a silence.
    Silence,
    /// Run a pipeline or job again, or cancel it.
    Rerun,
    /// Deploy, or approve a deployment.
    Deploy,
    /// Go back to an earlier revision.
    Rollback,
    /// Change how many of something run, or restart them.
    Scale,
    /// Run a configured command.
    Command,
    /// Send a message, ticket or document.
    Send,
}

/// One `[[environment]]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Its name, as sources use it.
    #[schemars(with = "String")]
    pub name: RawText,
    /// The meaning of the theme that draws its name. Without one, production has its own and the others
    /// take turns.
    pub colour: Option<Meaning>,
    /// Whether people are hurt when it breaks.
    #[serde(default)]
    pub production: bool,
    /// What may be done there. Nothing, unless said.
    #[serde(default)]
    pub allow: Vec<Allowed>,
    /// Where it was written.
    #[serde(skip)]
    pub origin: Origin,
}

impl Environment {
    /// The meaning that draws its name; `index` is its place among the environments.
    pub fn meaning(&self, index: usize) -> Meaning {
        let turns =
            [Meaning::EnvironmentA, Meaning::EnvironmentB, Meaning::EnvironmentC, Meaning::EnvironmentD];
        let turn = turns.get(index % turns.len()).copied().unwrap_or(Meaning::EnvironmentA);
        self.colour.unwrap_or(if self.production { Meaning::Production } else { turn })
    }
}

impl<'de> Deserialize<'de> for Meaning {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'_, str>::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::unknown_variant(&name, Meaning::NAMES))
    }
}

impl JsonSchema for Meaning {
    fn schema_name() -> Cow<'static, str> {
        "Meaning".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "enum": Meaning::NAMES })
    }
}

/// Reads the `[[environment]]` tables.
pub(super) fn read(tables: &[Table], errors: &mut Vec<ConfigError>) -> Vec<Environment> {
    let mut read = Vec::new();
    for table in tables {
        match table.parse::<Environment>() {
            Ok(environment) => read.push(Environment { origin: place(table), ..environment }),
            Err(found) => errors.extend(found),
        }
    }
    read
}

fn place(table: &Table) -> Origin {
    table.get("name").map_or(&table.origin, |name: &Value| &name.origin).clone()
}
