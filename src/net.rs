//! The one HTTP layer: how endpoints are reached, with limits on all that a server can send.
//!
//! Whatever goes wrong is a [`Failure`](crate::model::health::Failure) that names the endpoint and
//! never a secret.

mod body;
pub mod client;
pub mod exchange;
mod failure;
pub mod secrets;
#[cfg(test)]
#[path = "../tests/support/server.rs"]
pub(crate) mod server;
mod transport;

use std::sync::Arc;

use jiff::Timestamp;

use secrets::Secrets;

/// What all clients share.
#[derive(Clone)]
pub struct Net(Arc<Shared>);

struct Shared {
    secrets: Arc<dyn Secrets>,
}

impl Net {
    /// The network of one program; credentials come from `secrets`.
    pub fn new(secrets: Arc<dyn Secrets>) -> Self {
        Self(Arc::new(Shared { secrets }))
    }

    fn secrets(&self) -> &dyn Secrets {
        &*self.0.secrets
    }
}

/// The time, to compare with a server's and to place what it says in seconds from now.
#[expect(clippy::disallowed_methods, reason = "a server's clock is compared with this machine's")]
fn now() -> Timestamp {
    Timestamp::now()
}
