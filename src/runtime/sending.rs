//! Sends documents on the command line, where somebody waits for it.

use tokio::runtime::Runtime;

use super::console::LaunchError;
use super::probe::end_programs;
use crate::action::confirm::Confirmed;
use crate::config::destinations::Destination;
use crate::model::outgoing::{Delivery, Outgoing};
use crate::net::Net;
use crate::send;

/// Where the command line waits for what it sends.
pub struct Sending {
    runtime: Runtime,
    net: Net,
}

impl Sending {
    /// Looks for the credentials of a destination, and for those that lie on this machine: none of them may be
    /// in a text that is shown.
    ///
    /// Errors when the system refuses a thread or a signal handler.
    pub fn to(net: &Net, destination: &Destination) -> Result<Self, LaunchError> {
        end_programs()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| LaunchError::Refused("a thread", error))?;
        runtime.block_on(async {
            net.read_ahead().await;
            net.read_for(&destination.endpoint).await;
        });
        Ok(Self { runtime, net: net.clone() })
    }

    /// Sends what a person has agreed to, once.
    pub fn deliver(self, destination: &Destination, agreed: &Confirmed<Outgoing>) -> Delivery {
        let delivery = self.runtime.block_on(send::deliver(&self.net, destination, agreed));
        // A thread that still waits for a file ends with the process.
        self.runtime.shutdown_background();
        delivery
    }
}
