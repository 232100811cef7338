//! Sources: tasks that pull from configured endpoints and report what they see.

pub mod outlet;
pub mod recording;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::model::update::Gives;
use crate::source::outlet::Outlet;

/// A source that is configured and can be started, again and again if its task crashes.
pub trait Source: Send + Sync {
    /// What it gives.
    fn gives(&self) -> &'static [Gives];

    /// Works until its task is cancelled (dropped). Says everything through `outlet`; a failure is
    /// said there too, and tried again here. What it started outside (a child process) ends with it.
    fn run(self: Arc<Self>, outlet: Outlet) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
