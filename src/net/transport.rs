//! Connections: one pool for each address, made when it is first used.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::model::health::{Failure, FailureKind};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Connections that are not used are given up, so that a change of DNS is seen.
const IDLE: Duration = Duration::from_secs(60);

/// Who we are, to a server.
pub(super) const AGENT: &str = concat!("midwatch/", env!("CARGO_PKG_VERSION"));

/// Makes a pool.
pub(super) fn build(socket: Option<&Path>) -> Result<reqwest::Client, Failure> {
    let broken = |error: reqwest::Error| {
        Failure::new(FailureKind::Tls, format!("TLS cannot be set up: {}", error.without_url()))
    };
    let roots = rustls_native_certs::load_native_certs();
    let mut store = rustls::RootCertStore::empty();
    store.add_parsable_certificates(roots.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| Failure::new(FailureKind::Tls, format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(store)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .http1_max_headers(100)
        .http2_max_header_list_size(64 << 10);
    if let Some(path) = socket {
        builder = builder.unix_socket(path);
    }
    builder.build().map_err(broken)
}
