//! Connections: one pool for each address, made when it is first used.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use url::Url;

use super::address::Resolver;
use super::disk::{self, Lost};
use super::proxy;
use super::tls::{self, SHARE, Terms};
use crate::model::health::{Failure, FailureKind};

/// How long connecting may take, from the name to the end of the TLS handshake.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// Connections that are not used are given up, so that a change of DNS is seen.
const IDLE: Duration = Duration::from_secs(60);
/// What was sent has arrived by then, or the connection is dead.
const DEAD: Duration = Duration::from_secs(20);
/// How often files of certificates are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// Who we are, to a server.
const AGENT: &str = concat!("midwatch/", env!("CARGO_PKG_VERSION"));

/// What a pool is made of.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) socket: Option<PathBuf>,
    pub(super) proxy: Option<Url>,
    /// `None` where nothing is encrypted.
    pub(super) terms: Option<Terms>,
    pub(super) resolver: Resolver,
}

/// A pool of connections, made again when the files of its certificates change.
pub(super) struct Transport {
    plan: Plan,
    made: Mutex<Option<Made>>,
}

#[derive(Clone)]
struct Made {
    client: reqwest::Client,
    built: Instant,
    files: Vec<Stamp>,
    looked: Instant,
}

/// What shows that a file was changed.
type Stamp = Option<(SystemTime, u64)>;

impl Transport {
    pub(super) fn new(plan: Plan) -> Self {
        Self { plan, made: Mutex::new(None) }
    }

    /// The proxy.
    pub(super) fn through(&self) -> Option<&Url> {
        self.plan.proxy.as_ref()
    }

    /// The proxy, for messages.
    pub(super) fn proxy(&self) -> Option<String> {
        self.through().map(proxy::shown)
    }

    /// TLS failed: what it was set up with is read again, if it is not new.
    pub(super) fn doubt(&self) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.take_if(|made| made.built.elapsed() >= SHARE);
    }

    /// The pool.
    pub(super) async fn client(&self) -> Result<reqwest::Client, Failure> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(made) = &made
            && (made.files.is_empty() || made.looked.elapsed() < LOOK)
        {
            return Ok(made.client.clone());
        }
        // First and by themselves, so that a disk that hangs with the file of one endpoint stops no other.
        if made.is_none() && self.plan.terms.as_ref().is_some_and(Terms::trusts_machine) {
            let place = [PathBuf::from(tls::MACHINE)];
            disk::read(place.clone(), tls::know_machine).await.map_err(|lost| not_read(&place, lost))?;
        }
        let (plan, files) = (self.plan.clone(), self.plan.files());
        // Files are read here, and a machine may have hundreds of certificates.
        let work = move || {
            let (files, looked) = (plan.stamps(), Instant::now());
            match made {
                Some(made) if made.files == files => Ok(Made { looked, ..made }),
                _ => Ok(Made { client: plan.build()?, built: looked, files, looked }),
            }
        };
        let made: Made = disk::read(files.clone(), work).await.map_err(|lost| not_read(&files, lost))??;
        let client = made.client.clone();
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(client)
    }
}

/// Why there can be no connections.
fn not_read(files: &[PathBuf], lost: Lost) -> Failure {
    match lost {
        Lost::Crashed => {
            Failure::new(FailureKind::Tls, "setting up TLS crashed, which is a fault of midwatch")
        }
        Lost::Hangs => {
            let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
            let what = format!("{}: no answer from the disk", names.join(", "));
            Failure::new(FailureKind::Tls, what.clone())
                .advise("look whether the file system hangs")
                .because(what)
        }
    }
}

impl Plan {
    fn stamps(&self) -> Vec<Stamp> {
        let stamp = |path: &PathBuf| {
            let about = std::fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        };
        self.files().iter().map(stamp).collect()
    }

    /// What it is read from.
    fn files(&self) -> Vec<PathBuf> {
        self.terms.as_ref().map(Terms::files).unwrap_or_default()
    }

    fn build(&self) -> Result<reqwest::Client, Failure> {
        let tls = match &self.terms {
            Some(terms) => terms.config()?,
            None => Terms::nothing()?,
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .tls_info(true)
            .user_agent(AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(8)
            // A connection that died without a word is found out while a request waits on it, and
            // is not used for the next one.
            .tcp_keepalive(DEAD)
            .tcp_user_timeout(DEAD)
            .http2_keep_alive_interval(CONNECT)
            .http2_keep_alive_timeout(CONNECT)
            .http1_max_headers(100)
            .http2_max_header_list_size(64 << 10)
            .dns_resolver(Arc::new(self.resolver.clone()));
        let cannot = |error: reqwest::Error| {
            Failure::new(FailureKind::Io, format!("connections cannot be set up: {}", error.without_url()))
        };
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(cannot)?);
        }
        if let Some(path) = &self.socket {
            builder = builder.unix_socket(path.as_path());
        }
        builder.build().map_err(cannot)
    }
}
