//! The kinds of source that there are: one line each.

use std::sync::Arc;

use super::logs::{command::CommandConfig, file::FileConfig, journald::JournaldConfig};
use super::{Adapter, Source};
use crate::config::origin::ConfigError;
use crate::config::sources::{Kind, SourceTable};

/// A source, or what is wrong with its keys.
pub type Built = Result<Arc<dyn Source>, Vec<ConfigError>>;

/// A kind of source and how one is made.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// For [`Config::load`](crate::config::Config::load).
    pub kind: Kind,
    /// Makes the source of a table of this kind.
    pub build: fn(&SourceTable) -> Built,
}

const fn adapter<A: Adapter>() -> Registered {
    Registered { kind: Kind::of::<A>(A::KIND), build: |table| Ok(table.table.parse::<A>()?.source()) }
}

/// Every kind of source.
pub const ADAPTERS: &[Registered] =
    &[adapter::<FileConfig>(), adapter::<CommandConfig>(), adapter::<JournaldConfig>()];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_names_of_their_own_and_keys_with_help() {
        let mut names: Vec<&str> = ADAPTERS.iter().map(|adapter| adapter.kind.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ADAPTERS.len());
        for schema in [
            schemars::schema_for!(FileConfig),
            schemars::schema_for!(CommandConfig),
            schemars::schema_for!(JournaldConfig),
        ] {
            for (key, property) in schema.get("properties").unwrap().as_object().unwrap() {
                assert!(property.get("description").is_some(), "{key}");
            }
        }
    }
}
