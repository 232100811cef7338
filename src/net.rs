//! The one HTTP layer: how endpoints are reached, with limits on all that a server can send.
//!
//! Whatever goes wrong is a [`Failure`](crate::model::health::Failure) that names the endpoint and
//! never a secret.

mod body;
pub mod child;
pub mod client;
pub mod credential;
pub mod exchange;
mod failure;
pub mod ids;
pub mod origin;
#[cfg(test)]
#[path = "../tests/support/server.rs"]
pub(crate) mod server;
mod transport;

use std::sync::Arc;

use jiff::Timestamp;

use crate::config::Config;
use credential::Vault;

/// What all clients share.
#[derive(Clone)]
pub struct Net(Arc<Shared>);

struct Shared {
    vault: Vault,
}

impl Net {
    /// The network of a configuration. Asks nobody yet.
    pub fn of(config: &Config) -> Self {
        let endpoints = config.sources.iter().filter_map(|source| source.endpoint.as_ref());
        Self::new(Vault::new(&config.credentials, endpoints, Arc::new(now)))
    }

    /// A network with these credentials.
    pub fn new(vault: Vault) -> Self {
        Self(Arc::new(Shared { vault }))
    }

    /// The credentials.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }
}

/// The time, to compare with a server's and to place what it says in seconds from now.
#[expect(clippy::disallowed_methods, reason = "a server's clock is compared with this machine's")]
fn now() -> Timestamp {
    Timestamp::now()
}
