//! The one HTTP layer: how endpoints are reached, with limits on all that a server can send.
//!
//! Whatever goes wrong is a [`Failure`](crate::model::health::Failure) that names the endpoint and
//! never a secret.

mod address;
mod allowance;
#[cfg(test)]
#[path = "../tests/support/authority.rs"]
#[expect(dead_code, reason = "tests of the whole do more with it")]
pub(crate) mod authority;
pub mod backoff;
mod body;
mod budget;
mod certificate;
pub mod child;
pub mod client;
pub mod credential;
mod disk;
pub mod events;
pub mod exchange;
mod failure;
pub mod ids;
mod link;
pub mod origin;
pub mod page;
pub mod proxy;
mod redirect;
#[cfg(test)]
#[path = "../tests/support/server.rs"]
#[expect(dead_code, reason = "tests of the whole do more with it")]
pub(crate) mod server;
mod shown;
pub mod stream;
mod tls;
mod transport;
pub mod tunnel;
mod ways;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::config::endpoint::Endpoint;
use budget::Budgets;
use credential::Vault;
use proxy::Proxies;
use tunnel::Tunnels;

/// How advice names the setting for authorities. Who has a flag for it says that instead.
pub const AS_CA: &str = "as `ca`";

/// How an advice tells how to say who asks: where no configuration is at hand, another way stands for it.
pub const AS_CREDENTIAL: &str = "name a [[credential]] as `credential`";

/// The same where HTTP Basic is wanted.
pub const AS_USER: &str = "name a [[credential]] with `user` as `credential`";

/// What all clients share.
#[derive(Clone)]
pub struct Net(Arc<Shared>);

struct Shared {
    vault: Vault,
    proxies: Proxies,
    budgets: Budgets,
    tunnels: Tunnels,
}

impl Net {
    /// The network of a configuration. Asks nobody yet.
    pub fn of(config: &Config) -> Self {
        let endpoints = config.sources.iter().filter_map(|source| source.endpoint.as_ref());
        let endpoints = endpoints.chain(&config.runbooks.sites);
        let endpoints = endpoints.chain(config.destinations.iter().map(|destination| &destination.endpoint));
        let vault = Vault::new(&config.credentials, endpoints, Arc::new(now));
        Self::with(vault, Proxies::of(|name| std::env::var(name).ok()), Tunnels::new(&config.tunnels))
    }

    /// The network of a configuration, to ask an endpoint that is not in it yet.
    pub fn for_another(config: &Config, endpoint: &Endpoint) -> Self {
        let endpoints = config.sources.iter().filter_map(|source| source.endpoint.as_ref());
        Self::new(Vault::new(&config.credentials, endpoints.chain([endpoint]), Arc::new(now)))
    }

    /// A network with these credentials, no tunnels, and the proxies that the environment names.
    pub fn new(vault: Vault) -> Self {
        Self::with_proxies(vault, Proxies::of(|name| std::env::var(name).ok()))
    }

    /// A network with these credentials and proxies, and no tunnels.
    pub fn with_proxies(vault: Vault, proxies: Proxies) -> Self {
        Self::with(vault, proxies, Tunnels::new(&[]))
    }

    fn with(vault: Vault, proxies: Proxies, tunnels: Tunnels) -> Self {
        for (user, password) in proxies.logins() {
            vault.mask().learn(Some(&user), &password);
        }
        Self(Arc::new(Shared { vault, proxies, tunnels, budgets: Budgets::default() }))
    }

    /// Reads the secrets that lie on this machine, so that they are known before anybody else writes of
    /// them, such as into a log. A disk that hangs has its usual time.
    pub async fn read_ahead(&self) {
        let mut looks = JoinSet::new();
        for name in self.vault().readable() {
            let (net, name) = (self.clone(), name.to_owned());
            looks.spawn(async move { net.vault().look_ahead(&name).await });
        }
        while looks.join_next().await.is_some() {}
    }

    /// Looks for the credentials of an endpoint, so that they are known before something is said to it.
    pub async fn read_for(&self, endpoint: &Endpoint) {
        for name in shown::names(endpoint) {
            self.vault().look_ahead(&name).await;
        }
    }

    /// The credentials.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// What is not as usual on the way to an endpoint, a line each.
    pub fn ways(&self, endpoint: &Endpoint) -> Vec<String> {
        ways::of(endpoint, self.proxies())
    }

    fn proxies(&self) -> &Proxies {
        &self.0.proxies
    }

    fn budgets(&self) -> &Budgets {
        &self.0.budgets
    }

    fn tunnels(&self) -> &Tunnels {
        &self.0.tunnels
    }
}

/// The time, to compare with a server's and to place what it says in seconds from now.
#[expect(clippy::disallowed_methods, reason = "a server's clock is compared with this machine's")]
fn now() -> Timestamp {
    Timestamp::now()
}
