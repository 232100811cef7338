//! Sources: tasks that pull from configured endpoints and report what they see.

pub mod alerts;
pub mod json;
pub mod local;
pub mod logs;
pub mod outlet;
pub mod pipelines;
pub mod poll;
pub mod recognise;
pub mod recording;
pub mod registry;
pub mod written;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use url::Url;

use crate::model::health::Failure;
use crate::model::text::RawText;
use crate::model::update::Gives;
use crate::net::client::Auth;
use crate::source::outlet::Outlet;
use crate::source::poll::Vendor;

/// A source that is configured and can be started, again and again if its task crashes.
pub trait Source: Send + Sync {
    /// What it gives.
    fn gives(&self) -> &'static [Gives];

    /// What it reads, a line each, besides the addresses of its endpoint. Never a secret.
    fn reads(&self) -> Vec<RawText> {
        Vec::new()
    }

    /// Why it says nothing, where that is known.
    fn held_up(&self) -> Option<Failure> {
        None
    }

    /// Works until its task is cancelled (dropped). Says everything through `outlet`; a failure is
    /// said there too, and tried again here. What it started outside (a child process) ends with it.
    fn run(self: Arc<Self>, outlet: Outlet) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The keys of one kind of source that an endpoint is asked for, again and again.
pub trait Asked: Vendor + DeserializeOwned + JsonSchema {
    /// The value of `kind`.
    const KIND: &'static str;
    /// How the vendor wants a credential.
    const AUTH: Auth;
    /// Where it is asked if the configuration does not say.
    const URL: Option<&'static str> = None;

    /// The key that is wrong, and why, where each alone may be right.
    fn wrong(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    /// Turns the address that people know it by into that of its API.
    fn api(_url: &mut Url) {}
}

/// The keys of one kind of source, as a struct (serde, with `deny_unknown_fields`).
pub trait Adapter: DeserializeOwned + JsonSchema {
    /// The value of `kind`.
    const KIND: &'static str;

    /// The source that these keys describe.
    fn source(self) -> Arc<dyn Source>;
}
